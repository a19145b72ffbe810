/**
 * Relations of pg_catalog over the system's own tables (catalog/system-table): queries, bound in their place like views that belong to the first superuser. Source of the
 * views: PostgreSQL 15's system_views.sql.
 */
const slots = [1, 2, 3, 4, 5];

/** The values or numbers of the slot of that kind (pg_statistic.h). */
const slot = (part: 'values' | 'numbers', kind: number): string =>
  `CASE ${slots.map((n) => `WHEN s.stakind${String(n)} = ${String(kind)} THEN s.sta${part}${String(n)}`).join(' ')} END`;

const columnsOfStatistics = [
  ...['starelid', 'staattnum', 'stainherit', 'stanullfrac', 'stawidth', 'stadistinct'],
  ...['stakind', 'staop', 'stacoll', 'stanumbers', 'stavalues'].flatMap((name) => slots.map((n) => `${name}${String(n)}`)),
];

const texts: readonly (readonly [name: string, query: string])[] = [
  ['pg_largeobject', 'SELECT loid, pageno, data FROM shoal.large_object_pages'],
  ['pg_largeobject_metadata', 'SELECT o.oid, o.owner, a.acl FROM shoal.large_objects o LEFT JOIN shoal.large_object_acls a ON a.oid = o.oid'],
  [
    'pg_statistic',
    `SELECT ${columnsOfStatistics.map((name) => `s.${name}`).join(', ')} FROM shoal.column_statistics s JOIN pg_catalog.pg_attribute a
       ON a.attrelid = s.starelid AND a.attnum = s.staattnum AND NOT a.attisdropped`,
  ],
  [
    'pg_stats',
    `SELECT n.nspname, c.relname, a.attname, s.stainherit, s.stanullfrac, s.stawidth, s.stadistinct,
       ${slot('values', 1)}, ${slot('numbers', 1)}, ${slot('values', 2)}, (${slot('numbers', 3)})[1], ${slot('values', 4)}, ${slot('numbers', 4)}, ${slot('numbers', 5)}
     FROM shoal.column_statistics s JOIN pg_catalog.pg_class c ON c.oid = s.starelid
       JOIN pg_catalog.pg_attribute a ON c.oid = a.attrelid AND a.attnum = s.staattnum
       LEFT JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
     WHERE NOT a.attisdropped AND pg_catalog.has_column_privilege(c.oid, a.attnum, 'select')
       AND (c.relrowsecurity = false OR NOT pg_catalog.row_security_active(c.oid))`,
  ],
];

const byName: ReadonlyMap<string, string> = new Map(texts.map(([name, query]) => [`pg_catalog.${name}`, query]));

/** The query of a relation (`schema.name`) that is one; undefined for all others. */
export function systemViewQuery(qualified: string): string | undefined {
  return byName.get(qualified);
}
