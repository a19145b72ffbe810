/**
 * System information, administration and catalog functions (PostgreSQL 15, chapters 9.26 and 9.27). What the session layer must compute is marked `bySession`,
 * what needs a catalog asks `context.catalog`.
 */
import { mayNotExamine, seesAllSettings, settingsOfFew } from '../catalog/settings-of-few.js';
import { toSql } from '../values.js';
import { placementHash32 } from '../../types/hash.js';
import { notSupported, PgError } from '../../common/errors.js';
import {
  bigintToNumeric,
  compareNumeric,
  finite,
  formatNumeric,
  type Numeric,
  multiplyNumeric,
  parseNumeric,
  roundNumeric,
  truncNumeric,
} from '../../types/numeric.js';
import { unixEpochMicros } from '../../types/datetime.js';
import { formatType, requireType } from '../../types/registry.js';
import { formatArray, vector } from '../array-value.js';
import { quoteIdentifier } from '../text/quoting.js';
import { encodingNamed, encodings } from '../text/encodings.js';
import type { CatalogLookup, EvaluationContext, Kernel } from '../function.js';
import { pure, type ScalarImplementation, type ScalarImplementations } from '../implementation.js';

const implementations: Record<string, ScalarImplementation> = {};

const no: ScalarImplementation = pure(() => false);
const nothing: ScalarImplementation = pure(() => null);
/** Statistics that are not kept need no reset. */
const done: ScalarImplementation = pure(() => '');
/** The session carries out the calls whose arguments need no rows; what is left of them fails where a row reaches it. */
const session: ScalarImplementation = {
  bySession: true,
  kernel: () => {
    throw notSupported('an argument of this function that is not a constant');
  },
};

for (const kind of [
  'table',
  'type',
  'function',
  'operator',
  'opclass',
  'opfamily',
  'conversion',
  'collation',
  'statistics_obj',
  'ts_parser',
  'ts_dict',
  'ts_config',
  'ts_template',
]) {
  implementations[`pg_${kind}_is_visible`] = {
    kernel: (context, oid) => (context.catalog === undefined ? true : context.catalog.isVisible(kind, oid as number)),
  };
}

for (const name of [
  'clear_snapshot',
  'force_next_flush',
  'reset',
  'reset_shared',
  'reset_single_table_counters',
  'reset_single_function_counters',
  'reset_slru',
])
  implementations[`pg_stat_${name}`] = done;

for (const shared of ['', '_shared']) {
  for (const width of ['int8', 'int4']) {
    implementations[`pg_advisory_lock${shared}_${width}`] = session;
    implementations[`pg_try_advisory_lock${shared}_${width}`] = session;
    implementations[`pg_advisory_unlock${shared}_${width}`] = session;
    implementations[`pg_advisory_xact_lock${shared}_${width}`] = session;
    implementations[`pg_try_advisory_xact_lock${shared}_${width}`] = session;
  }
}
for (const name of [
  'pg_advisory_unlock_all',
  'pg_current_xact_id',
  'pg_current_xact_id_if_assigned',
  'pg_current_snapshot',
  'pg_xact_status',
  'pg_sleep',
  'pg_sleep_for_3935',
  'pg_sleep_until_3936',
  'pg_cancel_backend',
  'pg_terminate_backend',
  'pg_notify',
  'pg_reload_conf',
  'current_query',
  'set_config_by_name',
  'lastval',
  'currval_oid',
  'pg_is_wal_replay_paused',
  'pg_current_wal_lsn',
  'pg_current_wal_insert_lsn',
  'pg_current_wal_flush_lsn',
  'pg_export_snapshot',
  'be_lo_create',
  'be_lo_import',
  'be_lo_export',
  'be_lo_import_with_oid',
  'be_lo_open',
  'be_lo_close',
  'be_loread',
  'be_lowrite',
  'be_lo_lseek',
  'be_lo_creat',
  'be_lo_tell',
  'be_lo_unlink',
  'be_lo_truncate',
  'be_lo_lseek64',
  'be_lo_tell64',
  'be_lo_truncate64',
  'be_lo_from_bytea',
  'be_lo_get',
  'be_lo_get_fragment',
  'be_lo_put',
]) {
  implementations[name] = session;
}
/** PostgreSQL keeps these times only when it is told to (track_commit_timestamp). */
for (const name of ['pg_xact_commit_timestamp', 'pg_xact_commit_timestamp_origin', 'pg_last_committed_xact'])
  implementations[name] = {
    kernel: () => {
      throw new PgError('55000', 'could not get commit timestamp data', {
        hint: 'Make sure the configuration parameter "track_commit_timestamp" is set.',
      });
    },
  };
for (const name of ['nextval_oid', 'setval_oid', 'setval3_oid']) implementations[name] = { needsWriter: true, bySession: true };

function catalogOf(context: EvaluationContext, name: string): CatalogLookup {
  if (context.catalog === undefined) throw notSupported(`function ${name} in this place`);
  return context.catalog;
}

type DefinitionKind = Parameters<CatalogLookup['definition']>[0];

function definition(name: string, kind: DefinitionKind): Kernel {
  return (context, oid, ...rest) => catalogOf(context, name).definition(kind, oid as number, 0, rest[0] === true);
}

for (const [name, kind] of [
  ['pg_get_constraintdef', 'constraint'],
  ['pg_get_viewdef', 'view'],
  ['pg_get_ruledef', 'rule'],
  ['pg_get_triggerdef', 'trigger'],
  ['pg_get_functiondef', 'function'],
] as const) {
  implementations[name] = { kernel: definition(name, kind) };
  implementations[`${name}_ext`] = { kernel: definition(name, kind) };
}
const viewByName: Kernel = (context, name, pretty) => {
  const catalog = catalogOf(context, 'pg_get_viewdef');
  const oid = catalog.resolve('class', name as string);
  if (oid === null) throw new PgError('42P01', `relation "${name as string}" does not exist`);
  return catalog.definition('view', oid, 0, pretty === true);
};

for (const [name, kind] of [
  ['to_regclass', 'class'],
  ['to_regtype', 'type'],
  ['to_regproc', 'procedure'],
  ['to_regprocedure', 'procedure'],
  ['to_regnamespace', 'namespace'],
  ['to_regrole', 'role'],
  ['to_regcollation', 'collation'],
  ['to_regoper', 'operator'],
  ['to_regoperator', 'operator'],
] as const) {
  implementations[name] = { kernel: (context, text) => catalogOf(context, name).resolve(kind, text as string) };
}

// pg_size_pretty: a unit is used below 10240 (20480 half units) of it; halves round away from zero.
const sizeUnits: readonly (readonly [name: string, limit: bigint, round: boolean, bits: number])[] = [
  ['bytes', 10_240n, false, 0],
  ['kB', 20_479n, true, 10],
  ['MB', 20_479n, true, 20],
  ['GB', 20_479n, true, 30],
  ['TB', 20_479n, true, 40],
  ['PB', 20_479n, true, 50],
];

const half = (value: bigint): bigint => (value + (value < 0n ? -1n : 1n)) / 2n;

function sizePretty(size: bigint): string {
  let left = size;
  for (let n = 0; n < sizeUnits.length; n++) {
    const [name, limit, round, bits] = sizeUnits[n] as (typeof sizeUnits)[number];
    const next = sizeUnits[n + 1];
    if (next === undefined || (left < 0n ? -left : left) < limit) return `${round ? half(left) : left} ${name}`;
    const shift = BigInt(next[3] - bits - (next[2] ? 1 : 0) + (round ? 1 : 0));
    left /= 1n << shift;
  }
  return '';
}

function sizePrettyNumeric(text: string): string {
  let value = parseNumeric(text);
  for (let n = 0; n < sizeUnits.length; n++) {
    const [name, limit, round, bits] = sizeUnits[n] as (typeof sizeUnits)[number];
    const next = sizeUnits[n + 1];
    const magnitude = compareNumeric(value, finite(0n, 0)) < 0 ? multiplyNumeric(value, finite(-1n, 0)) : value;
    if (next === undefined || compareNumeric(magnitude, finite(limit, 0)) < 0) {
      return `${formatNumeric(round ? halfNumeric(value) : value)} ${name}`;
    }
    value = shifted(value, next[3] - bits - (next[2] ? 1 : 0) + (round ? 1 : 0));
  }
  return '';
}

function halfNumeric(value: Numeric): Numeric {
  return finite(half(truncNumeric(value, 0).coefficient), 0);
}

function shifted(value: Numeric, bits: number): Numeric {
  const whole = truncNumeric(value, 0);
  return finite(whole.coefficient / (1n << BigInt(bits)), 0);
}

function sizeBytes(text: string): bigint {
  const trimmed = text.trim();
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*(.*)$/s.exec(trimmed);
  if (match === null) throw new PgError('22023', `invalid size: "${text}"`);
  const unit = (match[2] as string).trim().toLowerCase();
  const bits = unit === '' || unit === 'bytes' ? 0 : ['kb', 'mb', 'gb', 'tb', 'pb'].indexOf(unit) * 10 + 10;
  if (bits === 0 && unit !== '' && unit !== 'bytes') {
    throw new PgError('22023', `invalid size: "${text}"`, {
      detail: `Invalid size unit: "${match[2] as string}".`,
      hint: 'Valid units are "bytes", "kB", "MB", "GB", "TB", and "PB".',
    });
  }
  const bytes = roundNumeric(multiplyNumeric(parseNumeric(match[1] as string), bigintToNumeric(1n << BigInt(bits))), 0).coefficient;
  if (BigInt.asIntN(64, bytes) !== bytes) throw new PgError('22003', 'bigint out of range');
  return bytes;
}

/** Values of the parameters that no session has changed, lower-case names; given once a thread. */
let initialSettings: ReadonlyMap<string, string> = new Map();

export function provideInitialSettings(settings: ReadonlyMap<string, string>): void {
  initialSettings = settings;
}

function setting(context: EvaluationContext, name: string, missingOk: boolean): string | null {
  const key = name.toLowerCase();
  if (settingsOfFew.has(key) && !context.settings.has(seesAllSettings)) throw mayNotExamine(key);
  const value = context.settings.get(key) ?? context.settings.get(name) ?? initialSettings.get(key);
  if (value === undefined && !missingOk) throw new PgError('42704', `unrecognized configuration parameter "${name}"`);
  return value ?? null;
}

const processStart = BigInt(Math.round(performance.timeOrigin * 1000)) + unixEpochMicros;

const version: Kernel = (context) =>
  `PostgreSQL ${context.settings.get('server_version') ?? initialSettings.get('server_version') ?? '15.0'} (Shoal 0.1.0) on ${process.platform}, node ${process.versions.node}`;

/** What the session tells of its connection (proxy/session/session-core.ts). */
function address(whose: 'client' | 'server'): ScalarImplementation {
  return { kernel: (context) => context.settings.get(`#${whose}_address`) ?? null };
}

function port(whose: 'client' | 'server'): ScalarImplementation {
  return {
    kernel: (context) => {
      const known = context.settings.get(`#${whose}_port`);
      return known === undefined ? null : Number(known);
    },
  };
}

/** The schemas of the search path that there are. */
function searchedSchemas({ searchPath, catalog }: EvaluationContext): readonly string[] {
  return catalog === undefined ? searchPath : searchPath.filter((name) => catalog.resolve('namespace', quoteIdentifier(name)) !== null);
}

export const systemFunctions: ScalarImplementations = {
  ...implementations,
  pgsql_version: { kernel: version },
  current_database: { kernel: (context) => context.database },
  current_user: { kernel: (context) => context.currentUser },
  session_user: { kernel: (context) => context.sessionUser },
  current_schema: { kernel: (context) => searchedSchemas(context).find((name) => !name.startsWith('pg_temp_')) ?? null },
  current_schemas: {
    kernel: (context, implicit) => {
      const all = searchedSchemas(context);
      if (implicit !== true) return formatArray(vector(all.filter((name) => !name.startsWith('pg_temp_'))));
      const temporary = all.filter((name) => name.startsWith('pg_temp_'));
      const named = all.filter((name) => !name.startsWith('pg_temp_'));
      return formatArray(vector([...temporary, ...(all.includes('pg_catalog') ? [] : ['pg_catalog']), ...named]));
    },
  },
  pg_backend_pid: { kernel: (context) => context.backendPid },
  pg_postmaster_start_time: pure(() => processStart),
  pg_conf_load_time: { kernel: (context) => BigInt(context.settings.get('#configuration_loaded') ?? processStart) },
  // NOTIFY hands over at once: nothing waits.
  pg_notification_queue_usage: pure(() => 0),
  pg_is_in_recovery: no,
  pg_jit_available: no,
  pg_trigger_depth: pure(() => 0),
  pg_my_temp_schema: pure(() => 0),
  pg_is_other_temp_schema: no,
  pg_relation_is_publishable: no,
  pg_safe_snapshot_blocking_pids: pure(() => '{}'),
  pg_client_encoding: { kernel: (context) => context.settings.get('client_encoding') ?? 'UTF8' },
  getdatabaseencoding: pure(() => 'UTF8'),
  PG_encoding_to_char: pure((encoding: number) => encodings[encoding]?.name ?? ''),
  PG_char_to_encoding: pure((name: string) => encodingNamed(name)?.number ?? -1),
  pg_encoding_max_length_sql: pure((encoding: number) => encodings[encoding]?.widest ?? null),
  inet_client_addr: address('client'),
  inet_client_port: port('client'),
  inet_server_addr: address('server'),
  inet_server_port: port('server'),
  format_type: {
    kernel: (_, oid, typmod) => (oid === null ? null : typmod === null ? formatType(oid as number) : formatType(oid as number, typmod as number)),
  },
  pg_typeof: { typedKernel: (call) => () => call.args[0] as number },
  pg_collation_for: {
    typedKernel: (call) => {
      const collation = requireType(call.args[0] as number).collationOid;
      return () => {
        if (collation === 0) throw new PgError('42804', 'collations are not supported by type ' + formatType(call.args[0] as number));
        return collation === 950 ? '"C"' : '"default"';
      };
    },
  },
  pg_get_userbyid: { kernel: (context, oid) => context.catalog?.nameOf('role', oid as number) ?? `unknown (OID=${oid as number})` },
  pg_get_expr: { kernel: (context, text) => context.catalog?.expression(text as string, false) ?? text },
  pg_get_expr_ext: { kernel: (context, text, _, pretty) => context.catalog?.expression(text as string, pretty === true) ?? text },
  pg_get_indexdef: { kernel: (context, oid) => catalogOf(context, 'pg_get_indexdef').definition('index', oid as number, 0, false) },
  pg_get_indexdef_ext: {
    kernel: (context, oid, column, pretty) => catalogOf(context, 'pg_get_indexdef').definition('index', oid as number, column as number, pretty as boolean),
  },
  pg_get_viewdef_wrap: { kernel: (context, oid) => catalogOf(context, 'pg_get_viewdef').definition('view', oid as number, 0, true) },
  pg_get_viewdef_name: { kernel: viewByName },
  pg_get_viewdef_name_ext: { kernel: viewByName },
  pg_get_serial_sequence: {
    kernel: (context, table, column) => catalogOf(context, 'pg_get_serial_sequence').serialSequence(table as string, column as string),
  },
  pg_get_function_arguments: { kernel: (context, oid) => catalogOf(context, 'pg_get_function_arguments').functionSignature(oid as number, 'arguments') },
  pg_get_function_identity_arguments: {
    kernel: (context, oid) => catalogOf(context, 'pg_get_function_identity_arguments').functionSignature(oid as number, 'identity'),
  },
  pg_get_function_result: { kernel: (context, oid) => catalogOf(context, 'pg_get_function_result').functionSignature(oid as number, 'result') },
  pg_partition_root: nothing,
  pg_get_partkeydef: { kernel: (context, oid) => catalogOf(context, 'pg_get_partkeydef').definition('partitionKey', oid as number, 0, false) },
  pg_get_partition_constraintdef: {
    kernel: (context, oid) => catalogOf(context, 'pg_get_partition_constraintdef').definition('partitionConstraint', oid as number, 0, false),
  },
  // PostgreSQL's own hash functions are not Shoal's: which rows a partition gets differs, that each row has one does not.
  satisfies_hash_partition: {
    typedKernel: (call) => {
      const oids = call.args.slice(3);
      return (_, root, modulus, remainder, ...keys) =>
        root === null || modulus === null || remainder === null
          ? null
          : placementHash32(
              keys.map((key) => toSql(key ?? null)),
              oids,
            ) %
              (modulus as number) ===
            remainder;
    },
  },
  pg_get_statisticsobjdef_columns: nothing,
  pg_get_function_sqlbody: { kernel: definition('pg_get_function_sqlbody', 'functionBody') },
  pg_get_replica_identity_index: nothing,
  pg_tablespace_location: pure(() => ''),
  pg_column_is_updatable: pure(() => true),
  obj_description_1215: nothing,
  obj_description_1348: nothing,
  col_description_1216: nothing,
  shobj_description_1993: nothing,
  text_regclass: {
    kernel: (context, text) => {
      const oid = catalogOf(context, 'regclass').resolve('class', text as string);
      if (oid === null) throw new PgError('42P01', `relation "${text as string}" does not exist`);
      return oid;
    },
  },
  show_config_by_name: { kernel: (context, name) => setting(context, name as string, false) },
  show_config_by_name_missing_ok: { kernel: (context, name, missingOk) => setting(context, name as string, missingOk === true) },
  pg_size_pretty: pure(sizePretty),
  pg_size_pretty_numeric: pure(sizePrettyNumeric),
  pg_size_bytes: pure(sizeBytes),
};
