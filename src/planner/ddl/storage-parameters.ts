/**
 * WITH (...) of tables and indexes, TABLESPACE and USING: checked as PostgreSQL checks them, kept as pg_class shows them, and without effect on how rows are stored.
 * Source of names, bounds and messages: reloptions.c of PostgreSQL 15.
 */
import type { Table } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';

type Owner = 'heap' | 'btree' | 'hash' | 'gin' | 'gist' | 'spgist' | 'brin';

type Parameter =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'integer' | 'float'; readonly least: number; readonly most: number }
  | { readonly kind: 'enum'; readonly values: readonly string[]; readonly valid: string };

const int32Max = 2147483647;
const boolean: Parameter = { kind: 'boolean' };
const integer = (least: number, most = int32Max): Parameter => ({ kind: 'integer', least, most });
const float = (least: number, most: number): Parameter => ({ kind: 'float', least, most });

const autovacuum: readonly (readonly [string, Parameter])[] = [
  ['autovacuum_enabled', boolean],
  ['autovacuum_vacuum_threshold', integer(0)],
  ['autovacuum_vacuum_insert_threshold', integer(-1)],
  ['autovacuum_vacuum_cost_limit', integer(1, 10_000)],
  ['autovacuum_freeze_min_age', integer(0, 1_000_000_000)],
  ['autovacuum_multixact_freeze_min_age', integer(0, 1_000_000_000)],
  ['autovacuum_freeze_max_age', integer(100_000, 2_000_000_000)],
  ['autovacuum_multixact_freeze_max_age', integer(10_000, 2_000_000_000)],
  ['autovacuum_freeze_table_age', integer(0, 2_000_000_000)],
  ['autovacuum_multixact_freeze_table_age', integer(0, 2_000_000_000)],
  ['log_autovacuum_min_duration', integer(-1)],
  ['autovacuum_vacuum_cost_delay', float(0, 100)],
  ['autovacuum_vacuum_scale_factor', float(0, 100)],
  ['autovacuum_vacuum_insert_scale_factor', float(0, 100)],
  [
    'vacuum_index_cleanup',
    { kind: 'enum', values: ['auto', 'on', 'off', 'true', 'false', 'yes', 'no', '1', '0'], valid: 'Valid values are "on", "off", and "auto".' },
  ],
  ['vacuum_truncate', boolean],
];

const toast: ReadonlyMap<string, Parameter> = new Map(autovacuum);

const parameters: Record<Owner, ReadonlyMap<string, Parameter>> = {
  heap: new Map([
    ...autovacuum,
    ['fillfactor', integer(10, 100)],
    ['toast_tuple_target', integer(128, 8160)],
    ['parallel_workers', integer(0, 1024)],
    ['autovacuum_analyze_threshold', integer(0)],
    ['autovacuum_analyze_scale_factor', float(0, 100)],
    ['user_catalog_table', boolean],
  ]),
  btree: new Map([
    ['fillfactor', integer(10, 100)],
    ['deduplicate_items', boolean],
    ['vacuum_cleanup_index_scale_factor', float(0, 1e10)],
  ]),
  hash: new Map([['fillfactor', integer(10, 100)]]),
  gist: new Map<string, Parameter>([
    ['fillfactor', integer(10, 100)],
    ['buffering', { kind: 'enum', values: ['auto', 'on', 'off'], valid: 'Valid values are "on", "off", and "auto".' }],
  ]),
  spgist: new Map([['fillfactor', integer(10, 100)]]),
  gin: new Map([
    ['fastupdate', boolean],
    ['gin_pending_list_limit', integer(64)],
  ]),
  brin: new Map([
    ['pages_per_range', integer(1, 131_072)],
    ['autosummarize', boolean],
  ]),
};

/** The text of an option's value, 'true' without one. */
export function optionText(option: ast.Option): string {
  switch (option.value?.kind) {
    case undefined:
      return 'true';
    case 'integer':
    case 'boolean':
    case 'string':
      return String(option.value.value);
    case 'numeric':
      return option.value.text;
    case 'type':
      return option.value.type.names.at(-1) ?? '';
    default:
      throw notSupported(`this value of the option "${option.name}"`);
  }
}

function check(name: string, parameter: Parameter, text: string): void {
  switch (parameter.kind) {
    case 'boolean':
      if (!isBoolean(text)) throw new PgError('22023', `invalid value for boolean option "${name}": ${text}`);
      return;
    case 'integer':
    case 'float': {
      const isInteger = parameter.kind === 'integer';
      const value = text.trim() === '' ? NaN : Number(text);
      if (Number.isNaN(value) || (isInteger && Math.abs(value) > int32Max))
        throw new PgError('22023', `invalid value for ${isInteger ? 'integer' : 'floating point'} option "${name}": ${text}`);
      const rounded = isInteger ? Math.round(value) : value;
      if (rounded >= parameter.least && rounded <= parameter.most) return;
      const shown = (bound: number): string => (isInteger ? String(bound) : bound.toFixed(6));
      throw new PgError('22023', `value ${text} out of bounds for option "${name}"`, {
        detail: `Valid values are between "${shown(parameter.least)}" and "${shown(parameter.most)}".`,
      });
    }
    case 'enum':
      if (!parameter.values.includes(text.toLowerCase()))
        throw new PgError('22023', `invalid value for enum option "${name}": ${text}`, { detail: parameter.valid });
  }
}

/** As parse_bool of PostgreSQL: a beginning of a word that tells which it is. */
function isBoolean(text: string): boolean {
  const word = text.toLowerCase();
  if (word === '1' || word === '0') return true;
  if (word === '') return false;
  return ['true', 'false', 'yes', 'no'].some((one) => one.startsWith(word)) || word === 'on' || (word.length > 1 && 'off'.startsWith(word));
}

/** The options in the form of pg_class.reloptions. */
function checked(owner: Owner, options: readonly ast.Option[], reset: boolean): readonly string[] {
  const seen = new Set<string>();
  const texts: string[] = [];
  for (const option of options) {
    const { name, namespace } = option;
    if (namespace !== undefined && (namespace !== 'toast' || owner !== 'heap')) throw new PgError('22023', `unrecognized parameter namespace "${namespace}"`);
    if (reset) {
      if (option.value !== undefined) throw new PgError('42601', 'RESET must not include values for parameters');
      texts.push(`${namespace === undefined ? '' : 'toast.'}${name}`);
      continue;
    }
    const full = namespace === undefined ? name : `toast.${name}`;
    if (owner === 'heap' && full === 'oids') {
      if (isBoolean(optionText(option)) && !/^(?:f|n|of|0)/i.test(optionText(option)))
        throw new PgError('0A000', 'tables declared WITH OIDS are not supported');
      continue;
    }
    const parameter = (namespace === undefined ? parameters[owner] : toast).get(name);
    if (parameter === undefined) throw new PgError('22023', `unrecognized parameter "${name}"`);
    if (seen.has(full)) throw new PgError('22023', `parameter "${name}" specified more than once`);
    seen.add(full);
    const text = optionText(option);
    check(name, parameter, text);
    // What belongs to the TOAST table, which does not exist here, is not shown.
    if (namespace === undefined) texts.push(`${name}=${text}`);
  }
  return texts;
}

/** Options of Shoal's own among those of a table. */
const ownOptions: ReadonlySet<string> = new Set(['shards', 'colocate_with', 'distribution_column']);

function isOwner(method: string): method is Owner {
  return Object.hasOwn(parameters, method);
}

/** The part of a new table or index that WITH makes. */
export function storageOptions(method: string, options: readonly ast.Option[]): { readonly options?: readonly string[] } {
  const own = options.filter((option) => method !== 'heap' || !ownOptions.has(option.name));
  const texts = isOwner(method) ? checked(method, own, false) : [];
  return texts.length === 0 ? {} : { options: texts };
}

/** SET (...) and RESET (...) of a table or an index. */
export function alteredOptions<T extends { readonly options?: readonly string[] }>(of: T, method: string, options: readonly ast.Option[], reset: boolean): T {
  const { options: before = [] } = of;
  const own = options.filter((option) => method !== 'heap' || !ownOptions.has(option.name));
  const texts = isOwner(method) ? checked(method, own, reset) : [];
  const names = new Set(texts.map((text) => text.split('=')[0]));
  const after = [...before.filter((text) => !names.has(text.split('=')[0])), ...(reset ? [] : texts)];
  const { options: _options, ...rest } = of;
  return (after.length === 0 ? rest : { ...rest, options: after }) as T;
}

/** There is one tablespace: the data directory. */
export function requireTablespace(name: string | undefined): void {
  if (name === undefined || name === 'pg_default') return;
  if (name === 'pg_global') throw new PgError('22023', 'only shared relations can be placed in pg_global tablespace');
  throw new PgError('42704', `tablespace "${name}" does not exist`);
}

/** USING of a table. */
export function requireTableMethod(name: string | undefined): void {
  if (name === undefined || name === 'heap') return;
  if (isOwner(name)) throw new PgError('42809', `access method "${name}" is not of type TABLE`);
  throw new PgError('42704', `access method "${name}" does not exist`);
}

/** What WITH, TABLESPACE and USING of CREATE TABLE and CREATE TABLE AS give the table. */
export function storageOf(statement: Pick<ast.CreateTable, 'options' | 'tablespace' | 'accessMethod'>, isPartitioned = false): Pick<Table, 'options'> {
  requireTableMethod(statement.accessMethod);
  requireTablespace(statement.tablespace);
  const options = storageOptions('heap', statement.options);
  const [first] = options.options ?? [];
  if (isPartitioned && first !== undefined) throw new PgError('22023', `unrecognized parameter "${first.split('=')[0] ?? ''}"`);
  return options;
}
