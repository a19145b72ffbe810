/**
 * Functions of pg_catalog whose answers are in its relations: defined in SQL, and bound like those that CREATE FUNCTION makes. (Some of them PostgreSQL itself defines so,
 * others in C.) Signatures are the registry's.
 */
import type { FunctionArgument, UserFunction } from '../../catalog/user-function.js';
import type { FunctionEntry } from '../../functions/function.js';
import { functionByOid } from '../../functions/registry.js';

const ofClass = 'classoid = (SELECT oid FROM pg_catalog.pg_class WHERE relname = $2 AND relnamespace = 11)';

/** The part of an index column's option bits; NULL for what is no key column. */
const ofKey = (test: string): string => `CASE WHEN $2 <= i.indnkeyatts THEN ${test} END`;

/** (An OID without statistics has counted nothing.) */
const tableCount = (column: string): string => `SELECT coalesce((SELECT ${column} FROM pg_catalog.pg_stat_all_tables WHERE relid = $1), 0)`;
const tableTime = (column: string): string => `SELECT ${column} FROM pg_catalog.pg_stat_all_tables WHERE relid = $1`;
const databaseCount = (column: string): string => `SELECT coalesce((SELECT ${column} FROM pg_catalog.pg_stat_database WHERE datid = $1), 0)`;

const size = (column: string): string => `SELECT ${column} FROM shoal.relation_sizes WHERE oid = $1`;

/** Names of objects as messages have them, by the OID of their catalog. */
const description = `SELECT CASE $1
  WHEN 1259 THEN (SELECT CASE WHEN $3 > 0 THEN (SELECT 'column ' || attname || ' of ' FROM pg_catalog.pg_attribute WHERE attrelid = $2 AND attnum = $3) ELSE '' END
      || CASE relkind WHEN 'i' THEN 'index ' WHEN 'S' THEN 'sequence ' WHEN 'v' THEN 'view ' WHEN 'm' THEN 'materialized view ' WHEN 'c' THEN 'composite type '
         WHEN 'I' THEN 'index ' ELSE 'table ' END || $2::pg_catalog.regclass::text
    FROM pg_catalog.pg_class WHERE oid = $2)
  WHEN 1247 THEN (SELECT 'type ' || pg_catalog.format_type(oid, NULL) FROM pg_catalog.pg_type WHERE oid = $2)
  WHEN 1255 THEN (SELECT CASE prokind WHEN 'p' THEN 'procedure ' ELSE 'function ' END || oid::pg_catalog.regprocedure::text FROM pg_catalog.pg_proc WHERE oid = $2)
  WHEN 2615 THEN (SELECT 'schema ' || nspname FROM pg_catalog.pg_namespace WHERE oid = $2)
  WHEN 2606 THEN (SELECT 'constraint ' || conname || CASE WHEN conrelid <> 0 THEN ' on table ' || conrelid::pg_catalog.regclass::text ELSE '' END
    FROM pg_catalog.pg_constraint WHERE oid = $2)
  WHEN 2604 THEN (SELECT 'default value for column ' || a.attname || ' of table ' || a.attrelid::pg_catalog.regclass::text
    FROM pg_catalog.pg_attrdef d JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum WHERE d.oid = $2)
  WHEN 1260 THEN (SELECT 'role ' || rolname FROM pg_catalog.pg_roles WHERE oid = $2)
  WHEN 1262 THEN (SELECT 'database ' || datname FROM pg_catalog.pg_database WHERE oid = $2)
  WHEN 3456 THEN (SELECT 'collation ' || collname FROM pg_catalog.pg_collation WHERE oid = $2)
  WHEN 2617 THEN (SELECT 'operator ' || oid::pg_catalog.regoperator::text FROM pg_catalog.pg_operator WHERE oid = $2)
  WHEN 2612 THEN (SELECT 'language ' || lanname FROM pg_catalog.pg_language WHERE oid = $2)
END`;

/** OID of the function, its body. */
const texts: readonly (readonly [oid: number, text: string])[] = [
  // Comments.
  [1215, `SELECT description FROM pg_catalog.pg_description WHERE objoid = $1 AND ${ofClass} AND objsubid = 0`],
  [1348, 'SELECT description FROM pg_catalog.pg_description WHERE objoid = $1 AND objsubid = 0'],
  [1216, 'SELECT description FROM pg_catalog.pg_description WHERE objoid = $1 AND classoid = 1259 AND objsubid = $2'],
  [1993, `SELECT description FROM pg_catalog.pg_shdescription WHERE objoid = $1 AND ${ofClass}`],
  [3537, description],
  // Indexes and access methods.
  [
    638,
    `SELECT CASE pg_catalog.lower($3)
       WHEN 'asc' THEN ${ofKey('i.indoption[$2 - 1] & 1 = 0')}
       WHEN 'desc' THEN ${ofKey('i.indoption[$2 - 1] & 1 = 1')}
       WHEN 'nulls_first' THEN ${ofKey('i.indoption[$2 - 1] & 2 = 2')}
       WHEN 'nulls_last' THEN ${ofKey('i.indoption[$2 - 1] & 2 = 0')}
       WHEN 'orderable' THEN $2 <= i.indnkeyatts
       WHEN 'distance_orderable' THEN false
       WHEN 'returnable' THEN true
       WHEN 'search_array' THEN ${ofKey('true')}
       WHEN 'search_nulls' THEN ${ofKey('true')}
     END FROM pg_catalog.pg_index i WHERE i.indexrelid = $1 AND $2 BETWEEN 1 AND i.indnatts`,
  ],
  [
    637,
    `SELECT CASE WHEN pg_catalog.lower($2) IN ('clusterable', 'index_scan', 'bitmap_scan', 'backward_scan') THEN true END
     FROM pg_catalog.pg_index WHERE indexrelid = $1`,
  ],
  [
    636,
    `SELECT CASE pg_catalog.lower($2)
       WHEN 'can_order' THEN amname = 'btree'
       WHEN 'can_unique' THEN amname = 'btree'
       WHEN 'can_multi_col' THEN amname NOT IN ('hash', 'spgist')
       WHEN 'can_exclude' THEN amname NOT IN ('brin', 'gin')
       WHEN 'can_include' THEN amname IN ('btree', 'gist', 'spgist')
     END FROM pg_catalog.pg_am WHERE oid = $1 AND amtype = 'i'`,
  ],
  // What views show.
  [1065, 'SELECT transaction, gid, prepared, 0::pg_catalog.oid, 0::pg_catalog.oid FROM pg_catalog.pg_prepared_xacts'],
  [3082, 'SELECT name, default_version, comment FROM pg_catalog.pg_available_extensions'],
  [2856, 'SELECT name, abbrev, utc_offset, is_dst FROM pg_catalog.pg_timezone_names'],
  [2599, 'SELECT abbrev, utc_offset, is_dst FROM pg_catalog.pg_timezone_abbrevs'],
  [
    2084,
    `SELECT name, setting, unit, category, short_desc, extra_desc, context, vartype, source, min_val, max_val, enumvals, boot_val, reset_val, sourcefile, sourceline,
       pending_restart FROM pg_catalog.pg_settings`,
  ],
  [
    1371,
    `SELECT locktype, database, relation, page, tuple, virtualxid, transactionid, classid, objid, objsubid, virtualtransaction, pid, mode, granted, fastpath, waitstart
     FROM pg_catalog.pg_locks`,
  ],
  [2511, 'SELECT name, statement, is_holdable, is_binary, is_scrollable, creation_time FROM pg_catalog.pg_cursors'],
  [
    3842,
    `SELECT CASE WHEN c.relkind IN ('r', 'p') THEN 28
       WHEN c.relkind = 'v' AND v.is_updatable = 'YES' THEN CASE WHEN v.is_insertable_into = 'YES' THEN 28 ELSE 20 END ELSE 0 END
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
       LEFT JOIN information_schema.views v ON v.table_schema = n.nspname AND v.table_name = c.relname WHERE c.oid = $1`,
  ],
  [
    1349,
    "SELECT pg_catalog.array_to_string(ARRAY(SELECT pg_catalog.format_type(u.t, NULL) FROM pg_catalog.unnest($1::pg_catalog.oid[]) WITH ORDINALITY u(t, n) ORDER BY u.n), ', ')",
  ],
  // What an event trigger is told.
  [
    4568,
    `SELECT classid, objid, objsubid, command_tag, object_type, schema_name, object_identity, in_extension, NULL::pg_catalog.pg_ddl_command
     FROM shoal.event_commands`,
  ],
  [
    3566,
    `SELECT classid, objid, objsubid, original, normal, is_temporary, object_type, schema_name, object_name, object_identity, address_names, address_args
     FROM shoal.dropped_objects`,
  ],
  // Extended statistics.
  [3415, 'SELECT definition FROM shoal.statistics_definitions WHERE oid = $1'],
  [6174, 'SELECT columns FROM shoal.statistics_definitions WHERE oid = $1'],
  [6173, 'SELECT expressions FROM shoal.statistics_definitions WHERE oid = $1'],
  // Sizes, and who waits for whom: what the front end knows.
  [2325, size('main_bytes')],
  [2997, size('main_bytes')],
  [2286, size('total_bytes')],
  [2998, size('index_bytes')],
  [2324, 'SELECT bytes FROM shoal.database_sizes WHERE oid = $1'],
  // (Asking for a privilege tells whether there is such a database.)
  [2168, "SELECT CASE WHEN pg_catalog.has_database_privilege($1, 'CONNECT') IS NOT NULL THEN (SELECT bytes FROM shoal.database_sizes WHERE name = $1) END"],
  [2561, "SELECT coalesce((SELECT pids FROM shoal.blocking WHERE pid = $1), '{}')"],
  // Statistics.
  [1928, tableCount('seq_scan')],
  [1929, tableCount('seq_tup_read')],
  [1930, tableCount('idx_tup_fetch')],
  [1931, tableCount('n_tup_ins')],
  [1932, tableCount('n_tup_upd')],
  [1933, tableCount('n_tup_del')],
  [1972, tableCount('n_tup_hot_upd')],
  [2878, tableCount('n_live_tup')],
  [2879, tableCount('n_dead_tup')],
  [3177, tableCount('n_mod_since_analyze')],
  [5053, tableCount('n_ins_since_vacuum')],
  [2781, tableTime('last_vacuum')],
  [2782, tableTime('last_autovacuum')],
  [2783, tableTime('last_analyze')],
  [2784, tableTime('last_autoanalyze')],
  [3054, tableCount('vacuum_count')],
  [3055, tableCount('autovacuum_count')],
  [3056, tableCount('analyze_count')],
  [3057, tableCount('autoanalyze_count')],
  [1941, databaseCount('numbackends')],
  [1942, databaseCount('xact_commit')],
  [1943, databaseCount('xact_rollback')],
  // Clocks and the like.
  [274, "SELECT pg_catalog.to_char(pg_catalog.clock_timestamp(), 'Dy Mon DD HH24:MI:SS.US YYYY TZ')"],
  // There are no transaction numbers that could wrap around, no standby, and no log collector.
  [1181, 'SELECT 0'],
  [3939, 'SELECT 0'],
  [3820, 'SELECT NULL::pg_catalog.pg_lsn'],
  [3821, 'SELECT NULL::pg_catalog.pg_lsn'],
  [3830, 'SELECT NULL::pg_catalog.timestamptz'],
  [3800, 'SELECT NULL::pg_catalog.text'],
];

function outputs(entry: FunctionEntry): readonly FunctionArgument[] {
  if (entry.kind !== 'set') return [];
  return entry.columns.map(({ name, type }) => ({ name, mode: 'table', typeOid: type }));
}

function definition(oid: number, text: string): UserFunction {
  const entry = functionByOid(oid);
  if (entry === undefined || (entry.kind !== 'scalar' && entry.kind !== 'set')) throw new Error(`assertion failed: function ${String(oid)} is in the registry`);
  return {
    oid,
    schema: 'pg_catalog',
    name: entry.name,
    owner: '',
    kind: 'function',
    args: [...entry.args.map((typeOid): FunctionArgument => ({ name: '', mode: 'in', typeOid })), ...outputs(entry)],
    result: entry.result,
    returnsSet: entry.kind === 'set',
    volatility: entry.volatility,
    strict: entry.strict,
    securityDefiner: false,
    leakproof: false,
    parallel: 'safe',
    searchPath: [],
    body: { kind: 'string', text },
  };
}

/** By OID. */
export const sqlFunctions: ReadonlyMap<number, UserFunction> = new Map(texts.map(([oid, text]) => [oid, definition(oid, text)]));
