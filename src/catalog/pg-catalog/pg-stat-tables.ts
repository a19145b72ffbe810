/**
 * The statistics views about tables, indexes and sequences: live rows as far as known. Shoal keeps no count of scans and blocks; they are 0, as in PostgreSQL when nothing
 * has been counted.
 */
import { sequencesOf } from './objects.js';
import { listedIndexes } from '../partition-parts.js';
import { type CatalogEnvironment, type CatalogRelation, type CatalogRow, relation } from './relation.js';
import { systemRelationNamed } from './system-relations.js';

/** 0 for each count (int8, float8) of a relation's columns. */
export function zeros(schema: string, name: string): CatalogRow {
  const columns = systemRelationNamed(schema, name)?.columns ?? [];
  return Object.fromEntries(columns.filter(({ typeOid }) => typeOid === 20 || typeOid === 701).map((column) => [column.name, 0]));
}

type Rows = (environment: CatalogEnvironment) => Iterable<CatalogRow>;

/** Of each table how many rows are there, and 0 where PostgreSQL counts what it does with indexes; NULL where there are none. */
function* tables({ catalog, services }: CatalogEnvironment): Generator<CatalogRow> {
  const indexed = new Set([...listedIndexes(catalog)].map(({ table }) => table.oid));
  const withoutIndexes = { idx_scan: null, idx_tup_fetch: null, idx_blks_read: null, idx_blks_hit: null };
  for (const table of catalog.data.relations) {
    if (table.kind !== 'table' && table.kind !== 'partition') continue;
    // The rows of a partitioned table are its partitions', which are not counted apart.
    const rows = table.partitioning === undefined ? (services?.tableRows.get(table.oid) ?? 0) : 0;
    const common = { relid: table.oid, schemaname: table.schema, relname: table.name, n_live_tup: rows };
    yield indexed.has(table.oid) ? common : { ...common, ...withoutIndexes };
  }
}

function* indexes({ catalog }: CatalogEnvironment): Generator<CatalogRow> {
  for (const { table, index, isPartitioned } of listedIndexes(catalog))
    if (!isPartitioned) yield { relid: table.oid, indexrelid: index.oid, schemaname: table.schema, relname: table.name, indexrelname: index.name };
}

function* sequences({ catalog }: CatalogEnvironment): Generator<CatalogRow> {
  for (const { oid, schema, name } of sequencesOf(catalog)) yield { relid: oid, schemaname: schema, relname: name };
}

const none: Rows = () => [];

function view(name: string, rows: Rows): CatalogRelation {
  const counts = zeros('pg_catalog', name);
  return relation(
    `pg_catalog.${name}`,
    function* (environment) {
      for (const row of rows(environment)) yield { ...counts, ...row };
    },
    'statistics',
  );
}

/** System relations are images made for each statement: nothing is counted for them. */
export const statisticsViews: readonly CatalogRelation[] = (
  [
    ['tables', tables],
    ['indexes', indexes],
    ['sequences', sequences],
  ] as const
).flatMap(([objects, rows]) =>
  (['stat', 'stat_xact', 'statio'] as const).flatMap((kind) =>
    (['all', 'user', 'sys'] as const).flatMap((which) => {
      const name = kind === 'stat_xact' ? `pg_stat_xact_${which}_${objects}` : `pg_${kind}_${which}_${objects}`;
      return systemRelationNamed('pg_catalog', name) === undefined ? [] : [view(name, which === 'sys' ? none : rows)];
    }),
  ),
);
