/**
 * Run-time parameters (SET, SHOW, RESET): what each accepts, its default, whether clients are told of changes. One entry a parameter.
 * Source: PostgreSQL 15, chapter 20.
 */
import { defaultReplicationFactor, replicationFactorMax, replicationFactorSetting } from '../../cluster/placement/replication-factor.js';
import { defaultQueryScaleFactor } from '../../cluster/scaler/demand.js';
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
import { type Counted, parseCounted, parseMilliseconds, showCounted } from './setting-numbers.js';
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
  /** What pg_settings says of it. */
  readonly facts: SettingFacts;
  /** Not in pg_settings, nor shown by SHOW ALL. */
  readonly hidden?: boolean;
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

/** Words that stand for another choice and are not offered. */
const hiddenChoices: ReadonlyMap<string, string> = new Map([
  ['debug', 'debug2'],
  ['true', 'on'],
  ['yes', 'on'],
  ['1', 'on'],
  ['false', 'off'],
  ['no', 'off'],
  ['0', 'off'],
  ['info', 'info'],
]);

function oneOf(...values: readonly string[]): SettingDefinition['check'] {
  const messageLevels = values.includes('notice');
  return (value, name) => {
    const word = value.toLowerCase();
    const other = hiddenChoices.get(word);
    const found = values.find((candidate) => candidate === word) ?? (other !== undefined && (values.includes(other) || messageLevels) ? other : undefined);
    if (found === undefined || (messageLevels && (found === 'on' || found === 'off'))) throw invalid(name, value, `Available values: ${values.join(', ')}.`);
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

/** A number with its unit, within its limits. */
function counted(facts: Counted): SettingDefinition['check'] {
  return (value, name) => showCounted(parseCounted(value, name, facts), facts);
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

/** A parameter's own part: what differs from PostgreSQL's description of it (setting-facts.ts), which one of Shoal's own has in `facts`. */
type Own = Partial<Omit<SettingDefinition, 'name'>> & { readonly name: string };

const textSearchConfiguration: SettingDefinition['check'] = (value, name) => {
  const plain = value.replace(/^pg_catalog\./, '').toLowerCase();
  if (!textSearchConfigurations.has(plain)) throw invalid(name, value);
  return `pg_catalog.${plain}`;
};

/** Names of locales as operating systems have them: messages, money and dates are always those of C. */
const locale: SettingDefinition['check'] = (value, name) => {
  if (!/^(?:|C|POSIX|C\.utf-?8|[a-z]{2,3}_[A-Z]{2}(?:\.[\w-]+)?(?:@\w+)?)$/i.test(value)) throw invalid(name, value);
  return value;
};

const tablespace: SettingDefinition['check'] = (value, name) => {
  if (!['', 'pg_default', 'pg_global'].includes(value))
    throw new PgError('22023', `invalid value for parameter "${name}": "${value}"`, { detail: `Tablespace "${value}" does not exist.` });
  return value;
};

const temporaryTablespaces: SettingDefinition['check'] = (value) => {
  for (const space of value.split(',').map((one) => one.trim()))
    if (!['', 'pg_default'].includes(space)) throw new PgError('42704', `tablespace "${space}" does not exist`);
  return value;
};

const indexMethods: ReadonlySet<string> = new Set(['btree', 'hash', 'gist', 'gin', 'spgist', 'brin']);

const tableMethod: SettingDefinition['check'] = (value, name) => {
  if (indexMethods.has(value)) throw new PgError('55000', `access method "${value}" is not of type TABLE`);
  if (value === '') throw new PgError('22023', `invalid value for parameter "${name}": "${value}"`, { detail: `${name} cannot be empty.` });
  if (value !== 'heap')
    throw new PgError('22023', `invalid value for parameter "${name}": "${value}"`, { detail: `Table access method "${value}" does not exist.` });
  return value;
};

const withoutOids: SettingDefinition['check'] = (value, name) => {
  if (boolean(value, name, '') === 'on') throw new PgError('0A000', 'tables declared WITH OIDS are not supported');
  return 'off';
};

const customized = { category: 'Customized Options', context: 'user', low: undefined, high: undefined, unit: undefined, choices: [] } as const;
const customText: SettingFacts = { ...customized, type: 'string' };

const isolationLevels = oneOf('serializable', 'repeatable read', 'read committed', 'read uncommitted');

/** Parameters that mean something here, are told to clients, or begin otherwise than in PostgreSQL; and Shoal's own. */
const own: readonly Own[] = [
  { name: 'application_name', check: cleanText, reported: true, isName: true },
  { name: 'archive_command', initial: '(disabled)' },
  { name: 'array_nulls', check: onlyAs('on') },
  { name: 'client_encoding', initial: 'UTF8', check: clientEncoding, reported: true },
  { name: 'data_directory_mode', initial: '0700', check: fileMode },
  { name: 'DateStyle', check: dateStyle, reported: true },
  { name: 'default_table_access_method', check: tableMethod },
  { name: 'default_tablespace', check: tablespace },
  { name: 'default_text_search_config', initial: 'pg_catalog.english', check: textSearchConfiguration },
  { name: 'default_transaction_isolation', check: isolationLevels },
  { name: 'default_transaction_read_only', reported: true },
  { name: 'default_with_oids', initial: 'off', check: withoutOids, hidden: true, facts: { ...customText, type: 'bool' } },
  { name: 'in_hot_standby', reported: true },
  { name: 'integer_datetimes', reported: true },
  { name: 'IntervalStyle', reported: true },
  { name: 'is_superuser', initial: 'on', fixed: true, reported: true, hidden: true, facts: { ...customText, type: 'bool', context: 'internal' } },
  { name: 'jit', initial: 'off' },
  { name: 'lc_collate', initial: 'C' },
  { name: 'lc_ctype', initial: 'C.UTF-8' },
  { name: 'lc_messages', initial: 'C', check: locale },
  { name: 'lc_monetary', check: locale },
  { name: 'lc_numeric', check: locale },
  { name: 'lc_time', check: locale },
  { name: 'log_file_mode', initial: '0600', check: fileMode },
  { name: 'max_stack_depth', initial: '2MB' },
  { name: 'role', initial: 'none', check: anyText, isName: true, hidden: true, facts: customText },
  {
    name: 'seed',
    initial: 'unavailable',
    check: (value, name) => {
      parseCounted(value, name, { type: 'real', unit: undefined, low: '-1', high: '1' });
      throw notSupported('SET seed');
    },
    hidden: true,
    facts: { ...customText, type: 'real', low: '-1', high: '1' },
  },
  { name: 'server_encoding', initial: 'UTF8', reported: true },
  { name: 'server_version', initial: postgresVersion, reported: true },
  { name: 'server_version_num', initial: String(150_000 + Number(postgresVersion.split('.')[1] ?? '0')) },
  { name: 'session_authorization', initial: 'postgres', check: anyText, reported: true, hidden: true, facts: customText },
  {
    name: 'shoal.cache_memory',
    initial: '256MB',
    description: 'Memory of a node for the distributed cache; beyond it there are files.',
    facts: { ...customized, type: 'integer', unit: 'kB', low: '0', high: '2147483647', context: 'sighup' },
  },
  {
    name: 'shoal.max_parallel_nodes',
    initial: '1024',
    description: 'Nodes that one statement may read on; 1 = on the one that writes the database alone.',
    facts: { ...customized, type: 'integer', low: '1', high: '1024' },
  },
  {
    name: 'shoal.max_staleness',
    initial: '0',
    description: "How old what a read-only transaction reads on this node's own copy may be; 0 = it reads where the database is written.",
    facts: { ...customized, type: 'integer', unit: 'ms', low: '0', high: '2147483647' },
  },
  {
    name: 'shoal.min_parallel_nodes_size',
    initial: '32MB',
    description: 'Sets the minimum amount of data under a query for it to read on several nodes.',
    facts: { ...customized, type: 'integer', unit: 'kB', low: '0', high: '2147483647' },
  },
  {
    name: 'shoal.qsf',
    initial: String(defaultQueryScaleFactor),
    description: 'Query scale factor: megabytes under query per node.',
    facts: { ...customized, type: 'integer', low: '1', high: '1000000' },
  },
  // (Of a database, not of a session: ALTER SYSTEM, ALTER DATABASE.)
  {
    name: replicationFactorSetting,
    initial: String(defaultReplicationFactor),
    description: 'Copies of a database on the nodes of a cluster, if there are so many nodes.',
    facts: { ...customized, type: 'integer', low: '1', high: String(replicationFactorMax), context: 'backend' },
  },
  {
    name: 'shoal.shard_count',
    initial: '8',
    description: 'Shards of a new distributed table when the statement does not say.',
    facts: { ...customized, type: 'integer', low: '1', high: '120' },
  },
  { name: 'ssl_cert_file', initial: 'server.crt' },
  { name: 'ssl_key_file', initial: 'server.key' },
  { name: 'standard_conforming_strings', check: conformingStrings, reported: true },
  { name: 'tcp_keepalives_count', initial: '9' },
  { name: 'tcp_keepalives_idle', initial: '7200' },
  { name: 'tcp_keepalives_interval', initial: '75' },
  { name: 'temp_tablespaces', check: temporaryTablespaces },
  { name: 'TimeZone', initial: 'UTC', check: timeZone, reported: true },
  { name: 'timezone_abbreviations', initial: 'Default', check: onlyAs('Default') },
  { name: 'transaction_isolation', check: isolationLevels },
  { name: 'unix_socket_permissions', initial: '0777', check: fileMode },
  { name: 'wal_buffers', initial: '2MB' },
];

/** Old names. */
const aliases: ReadonlyMap<string, string> = new Map([
  ['sort_mem', 'work_mem'],
  ['vacuum_mem', 'maintenance_work_mem'],
]);

function checkFor(facts: SettingFacts): SettingDefinition['check'] {
  switch (facts.type) {
    case 'bool':
      return boolean;
    case 'integer':
    case 'real':
      return counted({ ...facts, type: facts.type });
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

const contexts: Readonly<Record<string, Partial<SettingDefinition>>> = {
  internal: { fixed: true },
  postmaster: { context: 'postmaster' },
  sighup: { context: 'sighup' },
  backend: { context: 'backend' },
  'superuser-backend': { context: 'backend' },
  superuser: { superuser: true },
};

const ownByName = new Map(own.map((one) => [one.name, one]));

function definitionOf(name: string): SettingDefinition {
  const known = settingFacts.get(name);
  const mine = ownByName.get(name);
  const facts = mine?.facts ?? known ?? customText;
  return {
    initial: known?.initial ?? '',
    description: known?.description ?? '',
    check: checkFor(facts),
    ...contexts[facts.context],
    ...mine,
    name,
    facts,
  };
}

const byName: ReadonlyMap<string, SettingDefinition> = new Map(
  [...new Set([...settingFacts.keys(), ...ownByName.keys()])].map((name) => [name.toLowerCase(), definitionOf(name)]),
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
  const key = name.toLowerCase();
  return byName.get(aliases.get(key) ?? key);
}

/** A parameter with a prefix, which any extension might define. */
function isCustomSetting(name: string): boolean {
  return /^[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*(\.[a-z_\u0080-\uffff][a-z0-9_$\u0080-\uffff]*)+$/i.test(name);
}

function unrecognized(name: string): PgError {
  return new PgError('42704', `unrecognized configuration parameter "${name}"`);
}

/** A name that SET may give a value: known, or one that an extension might define. */
export function requireSettableName(name: string): void {
  if (settingDefinition(name) !== undefined || isCustomSetting(name)) return;
  if (!name.includes('.')) throw unrecognized(name);
  throw new PgError('42602', `invalid configuration parameter name "${name}"`, {
    detail: 'Custom parameter names must be two or more simple identifiers separated by dots.',
  });
}

/** The key under which sessions keep a value. */
function keyOf(name: string): string {
  const key = name.toLowerCase();
  return aliases.get(key) ?? key;
}

/** Parameters that are the open transaction's. */
const ofTransactions: ReadonlySet<string> = new Set(['transaction_isolation', 'transaction_read_only', 'transaction_deferrable']);

/** 55P02 for what SET cannot change. */
export function requireChangeable({ name, fixed, context }: SettingDefinition): void {
  if (fixed === true) throw new PgError('55P02', `parameter "${name}" cannot be changed`);
  if (context === 'postmaster') throw new PgError('55P02', `parameter "${name}" cannot be changed without restarting the server`);
  if (context === 'sighup') throw new PgError('55P02', `parameter "${name}" cannot be changed now`);
  if (context === 'backend') throw new PgError('55P02', `parameter "${name}" cannot be set after connection start`);
}

/** Values of parameters as they were before. */
type Saved = Map<string, { readonly value: string | undefined; local: boolean }>;

/** The parameters of one session, with what a transaction must restore when it ends. */
export class SessionSettings {
  readonly #values = new Map<string, string>();
  readonly #defaults = new Map<string, string>();
  /** Where the defaults come from, as pg_settings.source. */
  readonly #sources = new Map<string, string>();
  /** Per nesting (transaction, then savepoints), what it has changed. */
  #undo: (Saved | undefined)[] = [];
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

  /** From the start-up packet, or kept for the role or database: becomes the session's default too. */
  setDefault(name: string, value: string, source: string): void {
    this.#touch();
    const definition = settingDefinition(name);
    this.#sources.set(keyOf(name), source);
    if (definition === undefined) {
      requireSettableName(name);
      this.#defaults.set(keyOf(name), value);
      return;
    }
    if (definition.name !== 'is_superuser' && definition.context !== 'backend') requireChangeable(definition);
    this.#defaults.set(keyOf(name), this.#accepted(definition, value));
  }

  /** Where the value comes from, and what RESET would make of it, for pg_settings. */
  origin(name: string): { readonly source: string; readonly reset: string } {
    const key = keyOf(name);
    const definition = settingDefinition(key);
    const reset = this.#defaults.get(key) ?? (definition === undefined ? '' : initialValue(definition));
    if (ofTransactions.has(key)) return { source: 'override', reset };
    if (this.#values.has(key)) return { source: 'session', reset };
    return { source: this.#sources.get(key) ?? (configured.has(key) ? 'configuration file' : 'default'), reset };
  }

  get(name: string): string | undefined {
    const key = keyOf(name);
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
    const key = keyOf(name);
    const definition = settingDefinition(key);
    if (definition === undefined && value === undefined && this.get(key) === undefined && !isCustomSetting(name)) throw unrecognized(name);
    requireSettableName(name);
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
    const { length } = this.#undo;
    if (length === 0) return;
    const undo = (this.#undo[length - 1] ??= new Map() as Saved);
    const saved = undo.get(key);
    if (saved === undefined) undo.set(key, { value: this.#values.get(key), local });
    else if (!local) saved.local = false;
  }

  /** What the session itself knows better than anybody (is_superuser). */
  provide(name: string, value: string): void {
    const definition = settingDefinition(name);
    if (definition === undefined || this.get(name) === value) return;
    this.#touch();
    this.#defaults.set(keyOf(name), value);
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
    // A parameter of no extension has no default: once it was set, it stays, empty.
    if (value === undefined && settingDefinition(key) === undefined && this.#values.has(key) && !this.#defaults.has(key)) this.#values.set(key, '');
    else if (value === undefined) this.#values.delete(key);
    else this.#values.set(key, value);
    const after = this.get(key);
    const definition = settingDefinition(key);
    if (definition !== undefined && after !== undefined && after !== before) this.changed(definition, after);
  }

  /** The node's configuration is another one: what the session has not set itself follows it. */
  reconfigured(before: ReadonlyMap<string, string>): void {
    this.#touch();
    for (const definition of byName.values()) {
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
    this.#undo.push(undefined);
  }

  get nestings(): number {
    return this.#undo.length;
  }

  /** Ends the innermost nesting. On commit only SET LOCAL is undone, at the outermost end; on rollback everything. */
  pop(committed: boolean): void {
    const undo = this.#undo.pop();
    if (undo === undefined) return;
    const { length } = this.#undo;
    for (const [key, saved] of undo) {
      if (!committed || (saved.local && length === 0)) this.#assign(key, saved.value);
      else if (length > 0) {
        const outer = (this.#undo[length - 1] ??= new Map());
        if (!outer.has(key)) outer.set(key, saved);
      }
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

/** Parameters that take a list of values. */
const lists: ReadonlySet<string> = new Set([
  'datestyle',
  'listen_addresses',
  'local_preload_libraries',
  'log_destination',
  'search_path',
  'session_preload_libraries',
  'shared_preload_libraries',
  'synchronous_standby_names',
  'temp_tablespaces',
  'unix_socket_directories',
  'wal_consistency_checking',
]);

/** The text of a SET's values. */
export function settingText(name: string, values: readonly ast.SettingValue[]): string {
  if (values.length > 1 && !lists.has(name.toLowerCase()) && settingDefinition(name) !== undefined)
    throw new PgError('22023', `SET ${name} takes only one argument`);
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
