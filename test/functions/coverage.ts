/**
 * What PostgreSQL 15 offers its users that Shoal's registry does not carry out: functions, operators, aggregates and casts with their signatures, by topic:
 * `npm run coverage:functions [-- --topic json]`. SHOAL_TEST_ORACLE is the URL of the PostgreSQL. Left out are the functions that only PostgreSQL itself
 * calls: input and output of types, and what takes or gives pseudo-types like internal.
 */
import pg from 'pg';
import { allOperators, castBetween, functionByOid, isImplemented } from '../../src/functions/registry.js';

const client = new pg.Client({ connectionString: process.env['SHOAL_TEST_ORACLE'] ?? 'postgres://postgres@localhost:5432/postgres' });
await client.connect();

const internal = `('internal','cstring','trigger','event_trigger','language_handler','fdw_handler','index_am_handler','tsm_handler','table_am_handler','pg_ddl_command')`;

interface Row {
  readonly oid: number;
  readonly signature: string;
  readonly name: string;
  readonly kind: string;
  readonly argument: string;
}

/** Functions that are not the code behind an operator, a cast, an aggregate, a type or an index. */
const functions = await client.query<Row>(`
  SELECT p.oid::int AS oid, p.oid::regprocedure::text || ' -> ' || format_type(p.prorettype, NULL) AS signature, p.proname AS name, p.prokind AS kind,
         coalesce((SELECT t.typname FROM pg_type t WHERE t.oid = p.proargtypes[0]), '') AS argument
  FROM pg_proc p
  WHERE p.pronamespace = 'pg_catalog'::regnamespace AND p.prokind IN ('f', 'a')
    AND p.prorettype::regtype::text NOT IN ${internal}
    AND NOT EXISTS (SELECT FROM unnest(p.proargtypes) a WHERE a::regtype::text IN ${internal})
    AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid OR o.oprrest = p.oid OR o.oprjoin = p.oid)
    AND NOT EXISTS (SELECT FROM pg_aggregate g WHERE p.oid IN (g.aggtransfn, g.aggfinalfn, g.aggcombinefn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn))
    AND NOT EXISTS (SELECT FROM pg_type t WHERE p.oid IN (t.typinput, t.typoutput, t.typreceive, t.typsend, t.typmodin, t.typmodout))
    AND NOT EXISTS (SELECT FROM pg_amproc m WHERE m.amproc = p.oid)
  ORDER BY p.proname, p.oid`);

const topicOf = ({ name, argument }: Row): string => {
  if (/^(point|lseg|path|box|polygon|line|circle)$/.test(argument) || /^(point|lseg|path|box|polygon|line|circle)$/.test(name)) return 'geometry (9.11)';
  if (/xml|xpath/.test(name) || argument === 'xml') return 'xml (9.15)';
  if (/^ts|tsquery|tsvector/.test(name) || /^ts(query|vector)|regconfig/.test(argument)) return 'text search (9.13)';
  if (/^json/.test(name) || /^json/.test(argument)) return 'json (9.16)';
  if (/range/.test(name) || /range/.test(argument)) return 'ranges (9.20)';
  if (/enum/.test(name) || argument === 'anyenum') return 'enums (9.10)';
  if (/^(inet|cidr|macaddr8?)$/.test(argument)) return 'network (9.12)';
  if (/^(date|time|timetz|timestamp|timestamptz|interval)$/.test(argument)) return 'dates and times (9.9)';
  if (/^pg_stat|^pg_statio/.test(name)) return 'statistics of the server (28.2)';
  if (/^lo_|^lo(read|write)$/.test(name)) return 'large objects (35.4)';
  if (/^pg_(logical|replication|wal|switch|backup|create|drop|promote|rotate|reload|ls|read|current_wal|last|get_wal|get_repl)/.test(name))
    return 'administration (9.27)';
  if (/^pg_|^has_|^txid|^row_security|^current|^inet_/.test(name)) return 'system information (9.26)';
  if (/^binary_upgrade/.test(name)) return 'pg_upgrade';
  return 'other';
};

const missing = new Map<string, string[]>();
const note = (topic: string, text: string): void => {
  const list = missing.get(topic) ?? [];
  list.push(text);
  missing.set(topic, list);
};

let known = 0;
for (const row of functions.rows) {
  const entry = functionByOid(row.oid);
  if (entry !== undefined && isImplemented(entry)) known++;
  else note(row.kind === 'a' ? 'aggregates (9.21)' : topicOf(row), row.signature + (entry === undefined ? ' (unknown)' : ''));
}

const operators = await client.query<{ oid: number; signature: string; left: string }>(`
  SELECT o.oid::int AS oid, o.oid::regoperator::text AS signature, o.oprleft::regtype::text AS left
  FROM pg_operator o WHERE o.oprnamespace = 'pg_catalog'::regnamespace ORDER BY 2`);
const byOid = new Map(allOperators().map((entry) => [entry.oid, entry]));
let knownOperators = 0;
for (const { oid, signature } of operators.rows) {
  const entry = byOid.get(oid);
  if (entry !== undefined && isImplemented(entry.function)) knownOperators++;
  else note('operators', signature);
}

const casts = await client.query<{ source: number; target: number; text: string }>(`
  SELECT castsource::int AS source, casttarget::int AS target, format_type(castsource, NULL) || ' -> ' || format_type(casttarget, NULL) AS text
  FROM pg_cast ORDER BY 3`);
let knownCasts = 0;
for (const { source, target, text } of casts.rows) {
  const cast = castBetween(source, target);
  if (cast !== undefined && (cast.method.kind !== 'function' || isImplemented(cast.method.function))) knownCasts++;
  else note('casts', text);
}
await client.end();

const topicAt = process.argv.indexOf('--topic');
const wanted = topicAt < 0 ? '' : (process.argv[topicAt + 1] as string);
for (const [topic, list] of [...missing].sort(([a], [b]) => (a < b ? -1 : 1))) {
  if (!topic.includes(wanted)) continue;
  console.log(`\n${topic}: ${list.length} missing`);
  for (const text of list) console.log(`  ${text}`);
}
console.log(
  `\n${known} of ${functions.rows.length} functions, ${knownOperators} of ${operators.rows.length} operators, ${knownCasts} of ${casts.rows.length} casts`,
);
