/**
 * Run-time parameters (SET, SHOW, RESET): what each accepts, its default, whether clients are told of changes. One entry a parameter.
 * Source: PostgreSQL 15, chapter 20.
 */
import { defaultQueryScaleFactor } from '../../cluster/scaler/demand.js';
import { defaultReplicationFactor, replicationFactorMax, replicationFactorSetting } from '../../cluster/placement/replication-factor.js';
import { notSupported, PgError } from '../../common/errors.js';
import { clipName } from '../../common/names.js';
import type * as ast from '../../sql/ast.js';
import type { LongName } from '../../sql/long-names.js';
import { parseInterval } from '../../types/interval-parse.js';
import { textSearchConfigurations } from '../../types/text-search.js';
import { findTimeZone } from '../../types/time-zone.js';
import { zoneNames } from '../../types/zone-names.js';
import { canonicalContext } from '../../types/value.js';
import { postgresVersion } from '../reported-parameters.js';
import type { SettingFacts } from '../../catalog/pg-catalog/pg-settings.js';
import { settingFacts } from './setting-facts.js';
import { clientEncodingName } from '../wire/client-encoding.js';

export interface SettingDefinition {
  /** As SHOW spells it. */
  readonly name: string;
  readonly initial: string;
  readonly description: string;
  /** Sent as ParameterStatus when it changes. */
  readonly reported?: boolean;
  /** Cannot be changed by anybody. */
  readonly fixed?: boolean;
  /** Only superusers may SET it. */
  readonly superuser?: boolean;
  /** When it can be changed, as pg_settings.context; absent: any time. */
  readonly context?: 'postmaster' | 'sighup' | 'backend';
  /** Its values are names: cut when they are too long. */
  readonly isName?: boolean;
  /** What PostgreSQL's pg_settings says of it. */
  readonly facts?: SettingFacts;
  /** The canonical form of a new value; throws 22023. `current` is the value so far. */
  readonly check: (value: string, name: string, current: string) => string;
}

function invalid(name: string, value: string, hint?: string): PgError {
  return new PgError('22023', `invalid value for parameter "${name}": "${value}"`, hint === undefined ? {} : { hint });
}

const anyText = (value: string): string => value;

const fileMode: SettingDefinition['check'] = (value, name) => {
  if (!/^0?[0-7]{3}$/.test(value)) throw new PgError('22023', `invalid value for parameter "${name}": "${value}"`);
  return value.padStart(4, '0');
};

/** Bytes that are not printable ASCII become question marks (pg_clean_ascii): names are shown to everybody, whatever the encoding. */
const cleanText = (value: string): string =>
  Buffer.from(value)
    .toString('latin1')
    .replaceAll(/[^\x20-\x7e]/g, '?');

function oneOf(...values: readonly string[]): SettingDefinition['check'] {
  return (value, name) => {
    const found = values.find((candidate) => candidate === value.toLowerCase());
    if (found === undefined) throw invalid(name, value, `Available values: ${values.join(', ')}.`);
    return found;
  };
}

export function parseBoolean(value: string): boolean | undefined {
  const text = value.toLowerCase();
  if (text === '') return undefined;
  if ('true'.startsWith(text) || 'yes'.startsWith(text) || text === 'on' || text === '1') return true;
  if ('false'.startsWith(text) || 'no'.startsWith(text) || text === 'off' || text === 'of' || text === '0') return false;
  return undefined;
}

const boolean: SettingDefinition['check'] = (value, name) => {
  const parsed = parseBoolean(value);
  if (parsed === undefined) throw new PgError('22023', `parameter "${name}" requires a Boolean value`);
  return parsed ? 'on' : 'off';
};

/** Backslashes in '...' are always literal: the old way of reading strings is refused rather than ignored. */
const conformingStrings: SettingDefinition['check'] = (value, name) => {
  const parsed = parseBoolean(value);
  if (parsed === undefined) throw new PgError('22023', `parameter "${name}" requires a Boolean value`);
  if (!parsed) throw notSupported('standard_conforming_strings = off');
  return 'on';
};

function integer(low: number, high: number): SettingDefinition['check'] {
  return (value, name) => {
    const number = /^\s*[-+]?\d+\s*$/.test(value) ? Number(value) : Number.NaN;
    if (!Number.isFinite(number)) throw invalid(name, value);
    if (number < low || number > high)
      throw new PgError('22023', `${String(number)} is outside the valid range for parameter "${name}" (${String(low)} .. ${String(high)})`);
    return String(number);
  };
}

function real(low: number, high: number): SettingDefinition['check'] {
  return (value, name) => {
    const number = Number(value);
    if (value.trim() === '' || !Number.isFinite(number)) throw invalid(name, value);
    if (number < low || number > high)
      throw new PgError('22023', `${String(number)} is outside the valid range for parameter "${name}" (${String(low)} .. ${String(high)})`);
    return String(number);
  };
}

const timeUnits = new Map([
  ['us', 0.001],
  ['ms', 1],
  ['s', 1000],
  ['min', 60_000],
  ['h', 3_600_000],
  ['d', 86_400_000],
]);

/** Milliseconds of '5s', '100', '1min'. */
export function parseMilliseconds(value: string): number | undefined {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(value);
  const unit = match?.[2] === '' ? 1 : timeUnits.get(match?.[2] ?? '?');
  return match === null || unit === undefined ? undefined : Math.round(Number(match[1]) * unit);
}

function showMilliseconds(ms: number): string {
  if (ms === 0) return '0';
  for (const unit of ['d', 'h', 'min', 's']) {
    const size = timeUnits.get(unit) as number;
    if (ms % size === 0) return `${String(ms / size)}${unit}`;
  }
  return `${String(ms)}ms`;
}

const duration: SettingDefinition['check'] = (value, name) => {
  const ms = parseMilliseconds(value);
  if (ms === undefined)
    throw invalid(name, value, /^\s*[\d.]/.test(value) ? 'Valid units for this parameter are "us", "ms", "s", "min", "h", and "d".' : undefined);
  if (ms < 0 || ms > 2147483647) throw new PgError('22023', `${String(ms)} ms is outside the valid range for parameter "${name}" (0 .. 2147483647)`);
  return showMilliseconds(ms);
};

/** A duration whose unit is the second. */
function seconds(low: number, high: number): SettingDefinition['check'] {
  return (value, name, current) => {
    const ms = parseMilliseconds(/^\s*\d+\s*$/.test(value) ? `${value.trim()}s` : value);
    if (ms !== undefined && (ms < low * 1000 || ms > high * 1000))
      throw new PgError('22023', `${String(ms / 1000)} s is outside the valid range for parameter "${name}" (${String(low)} .. ${String(high)})`);
    return ms === undefined ? duration(value, name, current) : showMilliseconds(ms);
  };
}

const memoryUnits = new Map([
  ['b', 1],
  ['kb', 1024],
  ['mb', 1024 ** 2],
  ['gb', 1024 ** 3],
  ['tb', 1024 ** 4],
]);

const memory: SettingDefinition['check'] = (value, name) => {
  const match = /^\s*(\d+)\s*([a-zA-Z]*)\s*$/.exec(value);
  const unit = match?.[2] === '' ? 1024 : memoryUnits.get(match?.[2]?.toLowerCase() ?? '?');
  if (match === null || unit === undefined)
    throw invalid(name, value, /^\s*[\d.]/.test(value) ? 'Valid units for this parameter are "B", "kB", "MB", "GB", and "TB".' : undefined);
  let bytes = Number(match[1]) * unit;
  for (const shown of ['kB', 'MB', 'GB']) {
    bytes /= 1024;
    if (bytes % 1024 !== 0 || shown === 'GB') return `${String(bytes)}${shown}`;
  }
  return value;
};

/** Bytes of a setting's value as `memory` shows it. */
export function memoryBytes(value: string): number {
  const [, amount = '0', unit = ''] = /^(\d+)([a-zA-Z]*)$/.exec(value) ?? [];
  return Number(amount) * (memoryUnits.get(unit.toLowerCase()) ?? 1024);
}

/** 'ISO, DMY' and its parts in any order; what is not said stays as it is (check_datestyle of PostgreSQL). */
const dateStyle: SettingDefinition['check'] = (value, name, current) => {
  const failed = (detail: string): PgError => new PgError('22023', `invalid value for parameter "${name}": "${value}"`, { detail });
  const [currentStyle = 'ISO', currentOrder = 'MDY'] = current.split(', ');
  let style: string | undefined;
  let order: string | undefined;
  /** An order that German implies gives way to one that is said. */
  let implied: string | undefined;
  const words = value
    .split(',')
    .map((item) => item.trim().toLowerCase())
    .filter((word, _, all) => word !== '' || all.length > 1);
  for (const word of words) {
    const newStyle = word === 'iso' ? 'ISO' : word === 'sql' ? 'SQL' : word.startsWith('postgres') ? 'Postgres' : word === 'german' ? 'German' : undefined;
    const newOrder =
      word === 'ymd'
        ? 'YMD'
        : word === 'dmy' || word.startsWith('euro')
          ? 'DMY'
          : word === 'mdy' || word === 'us' || word.startsWith('noneuro')
            ? 'MDY'
            : undefined;
    if (newStyle !== undefined) {
      if (style !== undefined && style !== newStyle) throw failed('Conflicting "datestyle" specifications.');
      style = newStyle;
      if (newStyle === 'German') implied = 'DMY';
    } else if (newOrder !== undefined) {
      if (order !== undefined && order !== newOrder) throw failed('Conflicting "datestyle" specifications.');
      order = newOrder;
    } else if (word === 'default') {
      style ??= 'ISO';
      implied ??= 'MDY';
    } else throw failed(`Unrecognized key word: "${word}".`);
  }
  return `${style ?? currentStyle}, ${order ?? implied ?? currentOrder}`;
};

const pad = (value: number): string => String(value).padStart(2, '0');

/** The zone that is always so many seconds east of Greenwich, as SHOW spells it: <+05:30>-05:30. */
function zoneOfOffset(seconds: number): string {
  const magnitude = Math.abs(seconds);
  const minutes = Math.floor(magnitude / 60) % 60;
  const rest = magnitude % 60;
  const digits = `${pad(Math.floor(magnitude / 3600))}${minutes === 0 && rest === 0 ? '' : `:${pad(minutes)}`}${rest === 0 ? '' : `:${pad(rest)}`}`;
  return seconds < 0 ? `<-${digits}>+${digits}` : `<+${digits}>-${digits}`;
}

/** A number is hours east of Greenwich, INTERVAL '...' an offset; else a zone by its name. */
const timeZone: SettingDefinition['check'] = (value, name) => {
  const interval = /^interval\s*'([^']*)'\s*$/i.exec(value);
  let offset: number | undefined;
  if (interval !== null) {
    const { months, days, micros } = parseInterval(interval[1] as string, -1, canonicalContext);
    const shown = `invalid value for parameter "${name}": "${value}"`;
    if (months !== 0) throw new PgError('22023', shown, { detail: 'Cannot specify months in time zone interval.' });
    if (days !== 0) throw new PgError('22023', shown, { detail: 'Cannot specify days in time zone interval.' });
    offset = Number(micros / 1_000_000n);
  } else if (/^\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(value)) offset = Math.trunc(Number(value) * 3600);
  if (offset === undefined) {
    const zone = findTimeZone(value);
    if (zone === undefined) throw invalid(name, value);
    // POSIX forms are kept in capitals.
    return zone.name === value ? (zoneNames.has(value.toLowerCase()) || value.includes('/') ? value : value.toUpperCase()) : zone.name;
  }
  if (Math.abs(offset) > 168 * 3600)
    throw new PgError('22023', `invalid value for parameter "${name}": "${value}"`, { detail: 'UTC timezone offset is out of range.' });
  return zoneOfOffset(offset);
};

const clientEncoding: SettingDefinition['check'] = (value, name) => {
  const known = clientEncodingName(value);
  if (known === undefined) throw invalid(name, value);
  return known;
};

const levels = ['debug5', 'debug4', 'debug3', 'debug2', 'debug1', 'debug', 'log', 'notice', 'warning', 'error', 'fatal', 'panic', 'info'];

function define(
  name: string,
  initial: string,
  check: SettingDefinition['check'],
  description: string,
  extra: Partial<SettingDefinition> = {},
): SettingDefinition {
  return { name, initial, check, description, ...extra };
}

const textSearchConfiguration: SettingDefinition['check'] = (value, name) => {
  const plain = value.replace(/^pg_catalog\./, '').toLowerCase();
  if (!textSearchConfigurations.has(plain)) throw invalid(name, value);
  return `pg_catalog.${plain}`;
};

const definitions: readonly SettingDefinition[] = [
  define('application_name', '', cleanText, 'Sets the application name to be reported in statistics and logs.', { reported: true, isName: true }),
  define('authentication_timeout', '1min', seconds(1, 600), 'Sets the maximum allowed time to complete client authentication.', { context: 'sighup' }),
  define('backslash_quote', 'safe_encoding', oneOf('safe_encoding', 'on', 'off'), 'Sets whether "\\\'" is allowed in string literals.'),
  define('bytea_output', 'hex', oneOf('hex', 'escape'), 'Sets the output format for bytea.'),
  define('check_function_bodies', 'on', boolean, 'Check routine bodies during CREATE FUNCTION and CREATE PROCEDURE.'),
  define('client_encoding', 'UTF8', clientEncoding, "Sets the client's character set encoding.", { reported: true }),
  define('client_min_messages', 'notice', oneOf(...levels), 'Sets the message levels that are sent to the client.'),
  define('commit_delay', '0', integer(0, 100_000), 'Sets the delay in microseconds between transaction commit and flushing WAL to disk.'),
  define('constraint_exclusion', 'partition', oneOf('partition', 'on', 'off'), 'Enables the planner to use constraints to optimize queries.'),
  define('cpu_index_tuple_cost', '0.005', real(0, 1e300), "Sets the planner's estimate of the cost of processing each index entry during an index scan."),
  define('cpu_operator_cost', '0.0025', real(0, 1e300), "Sets the planner's estimate of the cost of processing each operator or function call."),
  define('cpu_tuple_cost', '0.01', real(0, 1e300), "Sets the planner's estimate of the cost of processing each tuple (row)."),
  define('cursor_tuple_fraction', '0.1', real(0, 1), "Sets the planner's estimate of the fraction of a cursor's rows that will be retrieved."),
  define('DateStyle', 'ISO, MDY', dateStyle, 'Sets the display format for date and time values.', { reported: true }),
  define('data_directory', '', anyText, "Sets the server's data directory.", { context: 'postmaster' }),
  define('debug_print_plan', 'off', boolean, "Logs each query's execution plan."),
  define('deadlock_timeout', '1s', duration, 'Sets the time to wait on a lock before checking for deadlock.'),
  define('default_statistics_target', '100', integer(1, 10_000), 'Sets the default statistics target.'),
  define('default_table_access_method', 'heap', anyText, 'Sets the default table access method for new tables.'),
  define('default_text_search_config', 'pg_catalog.english', textSearchConfiguration, 'Sets default text search configuration.'),
  define('default_tablespace', '', anyText, 'Sets the default tablespace to create tables and indexes in.'),
  define('default_toast_compression', 'pglz', oneOf('pglz', 'lz4'), 'Sets the default compression method for compressible values.'),
  define('default_transaction_deferrable', 'off', boolean, 'Sets the default deferrable status of new transactions.'),
  define(
    'default_transaction_isolation',
    'read committed',
    oneOf('serializable', 'repeatable read', 'read committed', 'read uncommitted'),
    'Sets the transaction isolation level of each new transaction.',
  ),
  define('default_transaction_read_only', 'off', boolean, 'Sets the default read-only status of new transactions.', { reported: true }),
  define('effective_cache_size', '4GB', memory, "Sets the planner's assumption about the total size of the data caches."),
  ...[
    'bitmapscan',
    'hashagg',
    'hashjoin',
    'indexonlyscan',
    'indexscan',
    'material',
    'memoize',
    'mergejoin',
    'nestloop',
    'parallel_append',
    'parallel_hash',
    'partition_pruning',
    'seqscan',
    'sort',
    'tidscan',
    'incremental_sort',
    'gathermerge',
    'partitionwise_join',
    'partitionwise_aggregate',
  ].map((what) =>
    define(
      `enable_${what}`,
      what.startsWith('partitionwise') ? 'off' : 'on',
      boolean,
      `Enables the planner's use of ${what.replaceAll('_', ' ')} plans. Accepted and without effect.`,
    ),
  ),
  define('escape_string_warning', 'on', boolean, 'Warn about backslash escapes in ordinary string literals.'),
  define('extra_float_digits', '1', integer(-15, 3), 'Sets the number of digits displayed for floating-point values.'),
  define('from_collapse_limit', '8', integer(1, 2147483647), 'Sets the FROM-list size beyond which subqueries are not collapsed.'),
  define('geqo', 'on', boolean, 'Enables genetic query optimization. Accepted and without effect.'),
  define('gin_fuzzy_search_limit', '0', integer(0, 2147483647), 'Sets the maximum allowed result for exact search by GIN.'),
  define('config_file', '', anyText, "Sets the server's main configuration file.", { context: 'postmaster' }),
  define('unix_socket_directories', '', anyText, 'Sets the directories where Unix-domain sockets will be created.', { context: 'postmaster' }),
  define('unix_socket_permissions', '0777', fileMode, 'Sets the access permissions of the Unix-domain socket.', { context: 'postmaster' }),
  define('ident_file', '', anyText, 'Sets the file with the maps of user names.', { context: 'postmaster' }),
  define('hba_file', '', anyText, 'Sets the file with the rules about who may come in.', { context: 'postmaster' }),
  define('idle_in_transaction_session_timeout', '0', duration, 'Sets the maximum allowed idle time between queries, when in a transaction.'),
  define('idle_session_timeout', '0', duration, 'Sets the maximum allowed idle time between queries, when not in a transaction.'),
  define('in_hot_standby', 'off', boolean, 'Shows whether hot standby is currently active.', { fixed: true, reported: true }),
  define('integer_datetimes', 'on', boolean, 'Shows whether datetimes are integer based.', { fixed: true, reported: true }),
  define('IntervalStyle', 'postgres', oneOf('postgres', 'postgres_verbose', 'sql_standard', 'iso_8601'), 'Sets the display format for interval values.', {
    reported: true,
  }),
  define('is_superuser', 'on', boolean, 'Shows whether the current user is a superuser.', { fixed: true, reported: true }),
  define('jit', 'off', boolean, 'Allow JIT compilation. Accepted and without effect.'),
  define('join_collapse_limit', '8', integer(1, 2147483647), 'Sets the FROM-list size beyond which JOIN constructs are not flattened.'),
  define('lc_collate', 'C', anyText, 'Shows the collation order locale.', { fixed: true }),
  define('lc_ctype', 'C.UTF-8', anyText, 'Shows the character classification and case conversion locale.', { fixed: true }),
  define('lc_messages', 'C', anyText, 'Sets the language in which messages are displayed.'),
  define('lc_monetary', 'C', anyText, 'Sets the locale for formatting monetary amounts.'),
  define('lc_numeric', 'C', anyText, 'Sets the locale for formatting numbers.'),
  define('lc_time', 'C', anyText, 'Sets the locale for formatting date and time values.'),
  define('listen_addresses', 'localhost', anyText, 'Sets the host name or IP address(es) to listen to.', { context: 'postmaster' }),
  define('lo_compat_privileges', 'off', boolean, 'Enables backward compatibility mode for privilege checks on large objects.'),
  define('lock_timeout', '0', duration, 'Sets the maximum allowed duration of any wait for a lock.'),
  define('log_statement', 'none', oneOf('none', 'ddl', 'mod', 'all'), 'Sets the type of statements logged.'),
  define('log_min_duration_statement', '-1', anyText, 'Sets the minimum execution time above which statements are logged.'),
  define('log_min_messages', 'warning', oneOf(...levels), 'Sets the message levels that are logged.'),
  define('maintenance_work_mem', '64MB', memory, 'Sets the maximum memory to be used for maintenance operations.'),
  define('max_connections', '100', integer(1, 262_143), 'Sets the maximum number of concurrent connections.', { context: 'postmaster' }),
  define('max_identifier_length', '63', integer(63, 63), 'Shows the maximum identifier length.', { fixed: true }),
  define('max_index_keys', '32', integer(32, 32), 'Shows the maximum number of index keys.', { fixed: true }),
  define(
    'max_parallel_workers_per_gather',
    '2',
    integer(0, 1024),
    'Sets the maximum number of parallel processes per executor node. Accepted and without effect.',
  ),
  define('max_parallel_workers', '8', integer(0, 1024), 'Sets the maximum number of parallel workers that can be active at one time.'),
  define('min_parallel_table_scan_size', '8MB', memory, 'Sets the minimum amount of table data for a parallel scan.'),
  define('parallel_setup_cost', '1000', real(0, 1e300), "Sets the planner's estimate of the cost of starting up worker processes."),
  define('parallel_tuple_cost', '0.1', real(0, 1e300), "Sets the planner's estimate of the cost of passing each tuple from worker to leader."),
  define('password_encryption', 'scram-sha-256', oneOf('scram-sha-256', 'md5'), 'Chooses the algorithm for encrypting passwords.'),
  define('plan_cache_mode', 'auto', oneOf('auto', 'force_generic_plan', 'force_custom_plan'), "Controls the planner's selection of custom or generic plan."),
  define('port', '5432', integer(1, 65_535), 'Sets the TCP port the server listens on.', { context: 'postmaster' }),
  define('quote_all_identifiers', 'off', boolean, 'When generating SQL fragments, quote all identifiers.'),
  define('random_page_cost', '4', real(0, 1e300), "Sets the planner's estimate of the cost of a nonsequentially fetched disk page."),
  define('role', 'none', anyText, 'Sets the current role.', { isName: true }),
  define('row_security', 'on', boolean, 'Enable row security.'),
  define('search_path', '"$user", public', anyText, 'Sets the schema search order for names that are not schema-qualified.'),
  define('seq_page_cost', '1', real(0, 1e300), "Sets the planner's estimate of the cost of a sequentially fetched disk page."),
  define('server_encoding', 'UTF8', anyText, 'Shows the server (database) character set encoding.', { fixed: true, reported: true }),
  define('server_version', postgresVersion, anyText, 'Shows the server version.', { fixed: true, reported: true }),
  define('server_version_num', String(150_000 + Number(postgresVersion.split('.')[1] ?? '0')), anyText, 'Shows the server version as an integer.', {
    fixed: true,
  }),
  define('session_authorization', 'postgres', anyText, 'Sets the session user name.', { reported: true }),
  define('session_replication_role', 'origin', oneOf('origin', 'replica', 'local'), "Sets the session's behavior for triggers and rewrite rules."),
  define('shared_buffers', '128MB', memory, 'Sets the number of shared memory buffers used by the server.', { fixed: true }),
  define('shoal.cache_memory', '256MB', memory, 'Memory of a node for the distributed cache; beyond it there are files.', { context: 'sighup' }),
  // (Of a database, not of a session: ALTER SYSTEM, ALTER DATABASE.)
  define(
    replicationFactorSetting,
    String(defaultReplicationFactor),
    integer(1, replicationFactorMax),
    'Copies of a database on the nodes of a cluster, if there are so many nodes.',
    { context: 'backend' },
  ),
  define('shoal.max_parallel_nodes', '1024', integer(1, 1024), 'Nodes that one statement may read on; 1 = on the one that writes the database alone.'),
  define(
    'shoal.max_staleness',
    '0',
    duration,
    "How old what a read-only transaction reads on this node's own copy may be; 0 = it reads where the database is written.",
  ),
  define('shoal.min_parallel_nodes_size', '32MB', memory, 'Sets the minimum amount of data under a query for it to read on several nodes.'),
  define('shoal.shard_count', '8', integer(1, 120), 'Shards of a new distributed table when the statement does not say.'),
  define('shoal.qsf', String(defaultQueryScaleFactor), integer(1, 1_000_000), 'Query scale factor: megabytes under query per node.'),
  define('ssl', 'off', boolean, 'Enables SSL connections.', { context: 'sighup' }),
  define('ssl_ca_file', '', anyText, 'Location of the SSL certificate authority file.', { context: 'sighup' }),
  define('ssl_cert_file', 'server.crt', anyText, 'Location of the SSL server certificate file.', { context: 'sighup' }),
  define('ssl_crl_file', '', anyText, 'Location of the SSL certificate revocation list file.', { context: 'sighup' }),
  define('ssl_key_file', 'server.key', anyText, 'Location of the SSL server private key file.', { context: 'sighup' }),
  define('standard_conforming_strings', 'on', conformingStrings, "Causes '...' strings to treat backslashes literally.", { reported: true }),
  define('statement_timeout', '0', duration, 'Sets the maximum allowed duration of any statement.'),
  define('superuser_reserved_connections', '3', integer(0, 262_143), 'Sets the number of connection slots reserved for superusers.', {
    context: 'postmaster',
  }),
  define('synchronize_seqscans', 'on', boolean, 'Enable synchronized sequential scans.'),
  define('synchronous_commit', 'on', oneOf('on', 'off', 'local', 'remote_write', 'remote_apply'), "Sets the current transaction's synchronization level."),
  define('temp_buffers', '8MB', memory, 'Sets the maximum number of temporary buffers used by each session.'),
  define('TimeZone', 'UTC', timeZone, 'Sets the time zone for displaying and interpreting time stamps.', { reported: true }),
  define('transaction_deferrable', 'off', boolean, 'Whether to defer a read-only serializable transaction.'),
  define(
    'transaction_isolation',
    'read committed',
    oneOf('serializable', 'repeatable read', 'read committed', 'read uncommitted'),
    "Sets the current transaction's isolation level.",
  ),
  define('transaction_read_only', 'off', boolean, "Sets the current transaction's read-only status."),
  define('transform_null_equals', 'off', boolean, 'Treats "expr=NULL" as "expr IS NULL".'),
  define('vacuum_freeze_min_age', '50000000', integer(0, 1_000_000_000), 'Minimum age at which VACUUM should freeze a table row.'),
  define('work_mem', '4MB', memory, 'Sets the maximum memory to be used for query workspaces.'),
  define('xmlbinary', 'base64', oneOf('base64', 'hex'), 'Sets how binary values are to be encoded in XML.'),
  define('xmloption', 'content', oneOf('content', 'document'), 'Sets whether XML data is to be considered as documents or content fragments.'),
];

/** The whole number of a value with a unit, within the limits that its parameter has; as it is where none is written. */
function sized({ unit, low, high }: SettingFacts): SettingDefinition['check'] {
  return (value, name, current) => {
    if (/^\s*-?\d+\s*$/.test(value) || unit === undefined) return integer(Number(low ?? '-2147483648'), Number(high ?? '2147483647'))(value, name, current);
    return unit.endsWith('B') ? memory(value, name, current) : duration(value, name, current);
  };
}

function checkFor(facts: SettingFacts): SettingDefinition['check'] {
  switch (facts.type) {
    case 'bool':
      return boolean;
    case 'integer':
      return sized(facts);
    case 'real':
      return real(Number(facts.low ?? '-1e300'), Number(facts.high ?? '1e300'));
    case 'enum':
      return oneOf(...facts.choices);
    case 'string':
      return anyText;
  }
}

/** Any other value than the built-in one would mean something. */
function onlyAs(initial: string): SettingDefinition['check'] {
  return (value, name) => {
    if ((parseBoolean(value) === undefined ? value : parseBoolean(value) ? 'on' : 'off').toLowerCase() !== initial.toLowerCase())
      throw notSupported(`${name} = ${value}`);
    return initial;
  };
}

const meaningful = ['array_nulls', 'timezone_abbreviations', 'default_with_oids', 'temp_tablespaces'];

const contexts: Readonly<Record<string, Partial<SettingDefinition>>> = {
  internal: { fixed: true },
  postmaster: { context: 'postmaster' },
  sighup: { context: 'sighup' },
  backend: { context: 'backend' },
  'superuser-backend': { context: 'backend' },
};

/** PostgreSQL's other parameters: clients read and set them. */
const accepted = [...settingFacts]
  .filter(([name]) => !definitions.some((one) => one.name.toLowerCase() === name.toLowerCase()))
  .map(([name, facts]) =>
    define(
      name,
      facts.initial,
      meaningful.includes(name) ? onlyAs(facts.initial) : checkFor(facts),
      'Accepted and without effect.',
      contexts[facts.context] ?? {},
    ),
  );

const byName: ReadonlyMap<string, SettingDefinition> = new Map(
  [...definitions, ...accepted].map((definition) => {
    const facts = settingFacts.get(definition.name);
    const described = facts === undefined ? definition : { ...definition, facts };
    return [definition.name.toLowerCase(), facts?.context === 'superuser' ? { ...described, superuser: true } : described];
  }),
);

/** What the node's configuration says in place of built-in values, by lower-case name: the same on every thread, and another after a reload. */
let configured: ReadonlyMap<string, string> = new Map();

export function provideConfiguredSettings(values: ReadonlyMap<string, string>): void {
  configured = values;
}

/** The value of a session that has set nothing. */
function initialValue(definition: SettingDefinition): string {
  return configured.get(definition.name.toLowerCase()) ?? definition.initial;
}

/** The canonical form of a value from the node's configuration. 22023 when it is none. */
export function checkedSetting(name: string, value: string): string {
  const definition = settingDefinition(name);
  return definition === undefined ? value : definition.check(value, definition.name, definition.initial);
}

export function allSettings(): readonly SettingDefinition[] {
  return [...byName.values()];
}

/** Built-in values by lower-case name, for threads that know only what sessions have changed. */
export function initialSettings(): ReadonlyMap<string, string> {
  return new Map(allSettings().map((definition) => [definition.name.toLowerCase(), initialValue(definition)]));
}

export function settingDefinition(name: string): SettingDefinition | undefined {
  return byName.get(name.toLowerCase());
}

/** A parameter with a prefix, which any extension might define. */
export function isCustomSetting(name: string): boolean {
  return /^[a-z_][a-z0-9_$]*(\.[a-z_][a-z0-9_$]*)+$/i.test(name);
}

function unrecognized(name: string): PgError {
  return new PgError('42704', `unrecognized configuration parameter "${name}"`);
}

/** 55P02 for what SET cannot change. */
function requireChangeable({ name, fixed, context }: SettingDefinition): void {
  if (fixed === true) throw new PgError('55P02', `parameter "${name}" cannot be changed`);
  if (context === 'postmaster') throw new PgError('55P02', `parameter "${name}" cannot be changed without restarting the server`);
  if (context === 'sighup') throw new PgError('55P02', `parameter "${name}" cannot be changed now`);
  if (context === 'backend') throw new PgError('55P02', `parameter "${name}" cannot be set after connection start`);
}

/** The parameters of one session, with what a transaction must restore when it ends. */
export class SessionSettings {
  readonly #values = new Map<string, string>();
  readonly #defaults = new Map<string, string>();
  /** Per nesting (transaction, then savepoints): values as they were before. */
  #undo: Map<string, { readonly value: string | undefined; local: boolean }>[] = [];
  #snapshot: ReadonlyMap<string, string> | undefined;
  /** Grows with every change. */
  revision = 0;

  constructor(
    private readonly changed: (definition: SettingDefinition, value: string) => void,
    /** Throws when the session's role may not set it so; undefined: back to the default. */
    private readonly guard: (key: string, value: string | undefined, definition: SettingDefinition | undefined) => void = () => undefined,
    /** A value that is a name has been cut. */
    private readonly clipped: (name: LongName) => void = () => undefined,
  ) {}

  /** From the start-up packet: becomes the session's default too. */
  setDefault(name: string, value: string): void {
    this.#touch();
    const definition = settingDefinition(name);
    if (definition === undefined) {
      if (!isCustomSetting(name)) throw unrecognized(name);
      this.#defaults.set(name.toLowerCase(), value);
      return;
    }
    if (definition.name !== 'is_superuser' && definition.context !== 'backend') requireChangeable(definition);
    this.#defaults.set(name.toLowerCase(), this.#accepted(definition, value));
  }

  get(name: string): string | undefined {
    const key = name.toLowerCase();
    const own = this.#values.get(key) ?? this.#defaults.get(key);
    if (own !== undefined) return own;
    const definition = settingDefinition(key);
    return definition === undefined ? configured.get(key) : initialValue(definition);
  }

  /** Throws 42704 for a name that nobody knows. */
  show(name: string): string {
    const value = this.get(name);
    if (value === undefined) throw unrecognized(name);
    return value;
  }

  /** A value as `set` would take it. */
  checked(name: string, value: string): string {
    const definition = settingDefinition(name);
    return definition === undefined ? value : this.#accepted(definition, value);
  }

  #accepted(definition: SettingDefinition, value: string): string {
    const cut = definition.isName === true ? clipName(value) : value;
    if (cut !== value) this.clipped({ name: value, cut });
    return definition.check(cut, definition.name, this.show(definition.name));
  }

  set(name: string, value: string | undefined, local: boolean): void {
    const key = name.toLowerCase();
    const definition = settingDefinition(key);
    if (definition === undefined && !isCustomSetting(name)) throw unrecognized(name);
    if (definition !== undefined) requireChangeable(definition);
    const next = value === undefined ? undefined : definition === undefined ? value : this.#accepted(definition, value);
    this.guard(key, next, definition);
    this.#save(key, local);
    this.#assign(key, next);
    // Another session user begins without a role.
    if (key === 'session_authorization' && this.#values.has('role')) {
      this.#save('role', local);
      this.#assign('role', undefined);
    }
  }

  #save(key: string, local: boolean): void {
    const undo = this.#undo[this.#undo.length - 1];
    if (undo === undefined) return;
    const saved = undo.get(key);
    if (saved === undefined) undo.set(key, { value: this.#values.get(key), local });
    else if (!local) saved.local = false;
  }

  /** What the session itself knows better than anybody (is_superuser). */
  provide(name: string, value: string): void {
    const definition = settingDefinition(name);
    if (definition === undefined || this.get(name) === value) return;
    this.#touch();
    this.#defaults.set(name.toLowerCase(), value);
    this.changed(definition, value);
  }

  /** Something else that statements know of the session has changed. */
  touch(): void {
    this.#touch();
  }

  #touch(): void {
    this.revision++;
    this.#snapshot = undefined;
  }

  #assign(key: string, value: string | undefined): void {
    this.#touch();
    const before = this.get(key);
    if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
    const after = this.get(key);
    const definition = settingDefinition(key);
    if (definition !== undefined && after !== undefined && after !== before) this.changed(definition, after);
  }

  /** The node's configuration is another one: what the session has not set itself follows it. */
  reconfigured(before: ReadonlyMap<string, string>): void {
    this.#touch();
    for (const definition of definitions) {
      const key = definition.name.toLowerCase();
      const now = this.get(key);
      const old = this.#values.get(key) ?? this.#defaults.get(key) ?? before.get(key) ?? definition.initial;
      if (now !== undefined && now !== old) this.changed(definition, now);
    }
  }

  resetAll(): void {
    // (Source: GUC_NO_RESET_ALL.)
    for (const key of [...this.#values.keys()]) if (key !== 'role' && key !== 'session_authorization') this.set(key, undefined, false);
  }

  /** A transaction (or savepoint) begins. */
  push(): void {
    this.#undo.push(new Map());
  }

  get nestings(): number {
    return this.#undo.length;
  }

  /** Ends the innermost nesting. On commit only SET LOCAL is undone, at the outermost end; on rollback everything. */
  pop(committed: boolean): void {
    const undo = this.#undo.pop();
    if (undo === undefined) return;
    const outer = this.#undo[this.#undo.length - 1];
    for (const [key, saved] of undo) {
      if (!committed || (saved.local && outer === undefined)) this.#assign(key, saved.value);
      else if (outer !== undefined && !outer.has(key)) outer.set(key, saved);
    }
  }

  /** Everything that differs from the built-in defaults, for current_setting() in worker threads. */
  snapshot(): ReadonlyMap<string, string> {
    this.#snapshot ??= new Map([...configured, ...this.#defaults, ...this.#values]);
    return this.#snapshot;
  }

  milliseconds(name: string): number {
    return parseMilliseconds(this.get(name) ?? '0') ?? 0;
  }
}

/** The text of a SET's values. */
export function settingText(name: string, values: readonly ast.SettingValue[]): string {
  const texts = values.map((value) => {
    switch (value.kind) {
      case 'interval':
        return `INTERVAL '${value.value}'`;
      case 'string':
        return name.toLowerCase() === 'search_path' && !/^[a-z_][a-z0-9_$]*$/.test(value.value) ? `"${value.value.replaceAll('"', '""')}"` : value.value;
      case 'integer':
        return String(value.value);
      case 'numeric':
        return value.text;
    }
  });
  return texts.join(', ');
}

/** `"$user", public` as schema names; $user stays as '$user'. */
export function parseSearchPath(text: string): readonly string[] {
  const names: string[] = [];
  const pattern = /\s*(?:"((?:[^"]|"")*)"|([^,]*?))\s*(?:,|$)/gy;
  while (pattern.lastIndex < text.length) {
    const match = pattern.exec(text);
    if (match === null) break;
    const name = match[1] === undefined ? (match[2] ?? '').trim().toLowerCase() : match[1].replaceAll('""', '"');
    if (name !== '') names.push(name);
  }
  return names;
}
