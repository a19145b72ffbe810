/**
 * The function registry: every function, operator and cast of PostgreSQL 15 by its exact signature, joined with Shoal's implementations.
 * The binder resolves names here, the SQLite writer spells calls by `sqliteFunctionName`, connections register the kernels (sqlite-register.ts),
 * pg_proc, pg_operator and pg_cast are read from `allFunctions`, `allOperators` and `allCasts`.
 */
import { notSupported } from '../common/errors.js';
import { Oid, typeByOid } from '../types/registry.js';
import { aggregateImplementations, ownAggregates } from './aggregate/all.js';
import { approximateAggregates } from './aggregate/approximate.js';
import { castRows } from './catalog/cast-rows.js';
import { functionRows } from './catalog/function-rows.js';
import { operatorRows } from './catalog/operator-rows.js';
import type {
  Accumulator,
  AggregateFunction,
  CastEntry,
  FunctionEntry,
  KernelValue,
  Kernel,
  OperatorEntry,
  ResolvedCall,
  RowSource,
  ScalarFunction,
  SetFunction,
  SpelledArgument,
  Volatility,
} from './function.js';
import { ownScalars, scalarImplementations } from './scalar/all.js';
import { setImplementations } from './set/all.js';
import { functionDefaults } from './scalar/defaults.js';
import { backupFunctions } from './scalar/backup.js';
import { cryptoFunctions } from './scalar/crypto.js';
import { distributionFunctions } from './scalar/distribution.js';
import { sequenceState } from './scalar/sequence.js';
import { systemColumnFunctions } from './scalar/system-column.js';
import { integrityFunctions } from './scalar/integrity.js';

const byName = new Map<string, FunctionEntry[]>();
const hiddenByName = new Map<string, FunctionEntry[]>();
const byOid = new Map<number, FunctionEntry>();
const entries: FunctionEntry[] = [];

function listed<V>(map: Map<string, V[]>, key: string): V[] {
  let list = map.get(key);
  if (list === undefined) map.set(key, (list = []));
  return list;
}

function unsupportedAccumulator(name: string): Accumulator {
  return {
    start: () => {
      throw notSupported(`aggregate function ${name}`);
    },
    step: (state) => state,
    result: () => null,
  };
}

function oids(text: string): number[] {
  return text === '-' ? [] : text.split(',').map(Number);
}

const volatilities: Readonly<Record<string, Volatility>> = { i: 'immutable', s: 'stable', v: 'volatile' };

/** An entry of catalog/function-rows with its implementation; undefined for procedures and trigger functions, which cannot be called. */
function entryOfRow(line: string): FunctionEntry | undefined {
  const [oidText, name, flags, resultText, argsText, symbol, argNames, outputs] = line.split(' ') as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const oid = Number(oidText);
  const result = Number(resultText);
  const args = oids(argsText);
  const strict = flags.charAt(1) === 's';
  const volatility = volatilities[flags.charAt(2)] as Volatility;
  const base = {
    name,
    args,
    result,
    oid,
    ...(argNames === '-' ? {} : { argNames: argNames.split(',') }),
    ...(flags.charAt(3) === 'v' ? { variadic: true } : {}),
  };
  const kind = flags.charAt(0);
  switch (kind) {
    case 'f': {
      const { typedKernel, sqlite, ...implementation } = scalarImplementations.get(symbol) ?? {};
      const defaultCount = Number(flags.slice(4));
      return {
        ...base,
        kind: 'scalar',
        strict,
        volatility,
        ...(defaultCount === 0 ? {} : { defaults: functionDefaults(name, defaultCount) }),
        ...implementation,
        ...(sqlite === undefined ? {} : { sqlite: (spelled) => sqlite(spelled, `pg_${name}_${oid}`) }),
        ...(typedKernel === undefined ? {} : { typedKernel, typed: true }),
      };
    }
    case 's': {
      const implementation = setImplementations.get(symbol);
      const columns =
        outputs === '-'
          ? [{ name: implementation?.columnName ?? name, type: result }]
          : outputs.split(',').map((output) => {
              const colon = output.lastIndexOf(':');
              return { name: output.slice(0, colon), type: Number(output.slice(colon + 1)) };
            });
      const unsupported: RowSource = () => {
        throw notSupported(`function ${name}`);
      };
      const defaultCount = Number(flags.slice(4));
      return {
        ...base,
        kind: 'set',
        strict,
        volatility,
        columns,
        ...(defaultCount === 0 ? {} : { defaults: functionDefaults(name, defaultCount) }),
        rows: implementation?.rows ?? unsupported,
        ...(implementation?.typedRows === undefined ? {} : { typedRows: implementation.typedRows, typed: true }),
      };
    }
    case 'a': {
      const ordered = /^([oh])(\d+):(.*)$/.exec(symbol);
      const implementation = aggregateImplementations.get(ordered?.[3] ?? symbol) ?? { skipsNull: false };
      const { typedAccumulator, accumulate, ...rest } = implementation;
      const entry: AggregateFunction = {
        ...base,
        kind: 'aggregate',
        ...rest,
        accumulate: accumulate ?? unsupportedAccumulator(name),
        ...(typedAccumulator === undefined ? {} : { typedAccumulator, typed: true }),
        ...(ordered === null ? {} : { orderedSet: ordered[1] === 'o' ? ('ordered' as const) : ('hypothetical' as const), directArgs: Number(ordered[2]) }),
      };
      return entry;
    }
    case 'w':
      return { ...base, kind: 'window', sqliteName: name };
    default:
      return undefined;
  }
}

function add(entry: FunctionEntry): void {
  entries.push(entry);
  listed(entry.hidden === true ? hiddenByName : byName, entry.name).push(entry);
  if (entry.oid !== undefined) byOid.set(entry.oid, entry);
}

for (const line of functionRows.trim().split('\n')) {
  const entry = entryOfRow(line);
  if (entry !== undefined) add(entry);
}

for (const entry of [...distributionFunctions, ...systemColumnFunctions, ...integrityFunctions, sequenceState, ...approximateAggregates]) add(entry);
for (const entry of [...backupFunctions, ...cryptoFunctions]) add(entry);

/** Shoal's own entries have OIDs from here on, in the order of their declaration. */
let nextOwnOid = 9_000_000;
for (const own of ownScalars) {
  const { typedKernel, sqlite, ...rest } = own;
  const oid = nextOwnOid++;
  const spelling = sqlite === undefined ? {} : { sqlite: (spelled: readonly SpelledArgument[]) => sqlite(spelled, `${own.name}_${oid}`) };
  add({ kind: 'scalar', volatility: 'immutable', hidden: true, oid, ...rest, ...spelling, ...(typedKernel === undefined ? {} : { typedKernel, typed: true }) });
}
for (const own of ownAggregates) {
  const { typedAccumulator, accumulate, ...rest } = own;
  add({
    kind: 'aggregate',
    hidden: true,
    oid: nextOwnOid++,
    ...rest,
    accumulate: accumulate ?? unsupportedAccumulator(own.name),
    ...(typedAccumulator === undefined ? {} : { typedAccumulator, typed: true }),
  });
}

const none: readonly never[] = [];

/** Every function, aggregate and window function with the name (folded, without schema), in order of OID. */
export function functionsNamed(name: string): readonly FunctionEntry[] {
  return byName.get(name) ?? none;
}

export function functionByOid(oid: number): FunctionEntry | undefined {
  return byOid.get(oid);
}

function sameTypes(left: readonly number[], right: readonly number[]): boolean {
  return left.length === right.length && left.every((oid, at) => oid === right[at]);
}

/** The scalar function with exactly these declared argument types, Shoal's own included (final kernels of split aggregates). */
export function scalarNamed(name: string, args: readonly number[]): ScalarFunction {
  for (const entry of byName.get(name) ?? hiddenByName.get(name) ?? none) if (entry.kind === 'scalar' && sameTypes(entry.args, args)) return entry;
  throw new Error(`no function ${name}(${args.join(',')})`);
}

/**
 * The aggregate with exactly these declared argument types, Shoal's own included. An own aggregate that is declared over "any" or anyelement fits every argument:
 * this is how `split` names its parts.
 */
export function aggregateNamed(name: string, args: readonly number[]): AggregateFunction {
  const candidates = byName.get(name) ?? hiddenByName.get(name) ?? none;
  for (const entry of candidates) if (entry.kind === 'aggregate' && sameTypes(entry.args, args)) return entry;
  for (const entry of candidates) {
    if (entry.kind !== 'aggregate' || entry.args.length !== args.length) continue;
    if (entry.args.every((oid, at) => oid === args[at] || isPolymorphic(oid))) return entry;
  }
  throw new Error(`no aggregate ${name}(${args.join(',')})`);
}

/** The parts of a split aggregate as entries. */
export interface SplitAggregate {
  readonly partial: readonly { readonly function: AggregateFunction; readonly type: number }[];
  readonly merge: readonly AggregateFunction[];
  /** Takes the merged values in order; undefined: the one merged value is the result. */
  readonly final: ScalarFunction | undefined;
}

/**
 * How a call with these actual argument types splits over fragments; undefined when it does not. A partial of a polymorphic type has the call's result type.
 */
export function splitAggregate(entry: AggregateFunction, args: readonly number[], result: number): SplitAggregate | undefined {
  const { split } = entry;
  if (split === undefined) return undefined;
  const partial = split.partial.map((part) => ({
    function: aggregateNamed(part.aggregate, part.aggregate === entry.name ? entry.args : args),
    type: isPolymorphic(part.type) ? result : part.type,
  }));
  return {
    partial,
    merge: split.merge.map((name, at) => aggregateNamed(name, [partial[at]?.type ?? result])),
    final: split.final === undefined ? undefined : finalNamed(split.final),
  };
}

function finalNamed(name: string): ScalarFunction {
  const [entry] = hiddenByName.get(name) ?? none;
  if (entry?.kind !== 'scalar') throw new Error(`no final function ${name}`);
  return entry;
}

/** Every entry, Shoal's own (`hidden`) ones last. */
export function allFunctions(): readonly FunctionEntry[] {
  return entries;
}

const polymorphic: ReadonlySet<number> = new Set([
  Oid.any,
  Oid.anyelement,
  Oid.anyarray,
  Oid.anynonarray,
  Oid.anyenum,
  Oid.anyrange,
  Oid.anymultirange,
  Oid.anycompatible,
  Oid.anycompatiblearray,
  Oid.anycompatiblenonarray,
  Oid.anycompatiblerange,
  Oid.anycompatiblemultirange,
]);

/** True for "any" and the any* pseudo-types. */
export function isPolymorphic(oid: number): boolean {
  return polymorphic.has(oid);
}

const recordReaders: ReadonlySet<string> = new Set([
  'row_to_json',
  'to_json',
  'to_jsonb',
  'json_build_array',
  'json_build_object',
  'jsonb_build_array',
  'jsonb_build_object',
  'json_agg',
  'jsonb_agg',
  'json_object_agg',
  'jsonb_object_agg',
]);

/** True when a record argument is passed as the JSON object of it: `shoal_row_json(types, names, values...)` instead of shoal_row. */
export function takesRecordsAsJson(entry: FunctionEntry): boolean {
  return recordReaders.has(entry.name) && entry.hidden !== true;
}

/** True when something carries the entry out; otherwise the user gets 0A000. */
export function isImplemented(entry: FunctionEntry): boolean {
  switch (entry.kind) {
    case 'scalar':
      return entry.kernel !== undefined || entry.typedKernel !== undefined || entry.sqlite !== undefined || entry.bySession === true;
    case 'aggregate':
      return entry.typed === true || entry.sqlite !== undefined || aggregateImplementations.has(signatureText(entry)) || entry.hidden === true;
    case 'set':
      return implementedSets.has(entry.oid as number);
    case 'window':
      return true;
  }
}

function signatureText(entry: FunctionEntry): string {
  return `${entry.name}(${entry.args.map((oid) => typeByOid(oid)?.name ?? oid).join(',')})`;
}

const implementedSets = new Set<number>();
for (const line of functionRows.trim().split('\n')) {
  const fields = line.split(' ');
  if (fields[2]?.startsWith('s') === true && setImplementations.has(fields[5] as string)) implementedSets.add(Number(fields[0]));
}

/** The name under which an entry's code is registered on SQLite connections: `pg_lower_870`; window functions: SQLite's own. */
export function sqliteFunctionName(entry: FunctionEntry): string {
  if (entry.kind === 'window') return entry.sqliteName;
  return entry.hidden === true ? `${entry.name}_${entry.oid}` : `pg_${entry.name}_${entry.oid}`;
}

/** The text that a `typed` entry's SQLite function takes as its first argument. */
export function callSignature(call: ResolvedCall): string {
  return `${call.args.join(',')}>${call.result}${call.variadicArray ? 'v' : ''}`;
}

const parsedSignatures = new Map<string, ResolvedCall>();

/** The inverse of callSignature. */
export function parseCallSignature(text: string): ResolvedCall {
  let call = parsedSignatures.get(text);
  if (call === undefined) {
    const arrow = text.indexOf('>');
    const variadicArray = text.endsWith('v');
    call = {
      args: arrow === 0 ? [] : text.slice(0, arrow).split(',').map(Number),
      result: Number(variadicArray ? text.slice(arrow + 1, -1) : text.slice(arrow + 1)),
      variadicArray,
    };
    if (parsedSignatures.size > 10_000) parsedSignatures.clear();
    parsedSignatures.set(text, call);
  }
  return call;
}

const kernelCache = new WeakMap<ScalarFunction, Map<string, Kernel>>();

/** The kernel of a call with these actual types; undefined when there is none (bySession, SQLite spelling only, not supported). */
export function kernelOf(entry: ScalarFunction, call: ResolvedCall): Kernel | undefined {
  if (entry.typedKernel === undefined) return entry.kernel;
  let cache = kernelCache.get(entry);
  if (cache === undefined) kernelCache.set(entry, (cache = new Map<string, Kernel>()));
  const key = callSignature(call);
  let kernel = cache.get(key);
  if (kernel === undefined) {
    if (cache.size > 1000) cache.clear();
    cache.set(key, (kernel = entry.typedKernel(call)));
  }
  return kernel;
}

export function accumulatorOf(entry: AggregateFunction, call: ResolvedCall): Accumulator {
  return entry.typedAccumulator === undefined ? entry.accumulate : entry.typedAccumulator(call);
}

export function rowSourceOf(entry: SetFunction, call: ResolvedCall): RowSource {
  return entry.typedRows === undefined ? entry.rows : entry.typedRows(call);
}

const operators = new Map<string, OperatorEntry[]>();
const operatorList: OperatorEntry[] = [];

for (const line of operatorRows.trim().split('\n')) {
  const [oid, name, left, right, result, code, commutator, negator, comparison] = line.split(' ') as [
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const implementing = byOid.get(Number(code));
  if (implementing?.kind !== 'scalar') continue;
  const entry: OperatorEntry = {
    name,
    left: Number(left),
    right: Number(right),
    result: Number(result),
    function: implementing,
    oid: Number(oid),
    ...(commutator === '-' ? {} : { commutator }),
    ...(negator === '-' ? {} : { negator }),
    ...(comparison === '-' ? {} : { comparison: comparison as NonNullable<OperatorEntry['comparison']> }),
  };
  operatorList.push(entry);
  listed(operators, name).push(entry);
}

/** Every operator with the name; `!=` is `<>`. */
export function operatorsNamed(name: string): readonly OperatorEntry[] {
  return operators.get(name === '!=' ? '<>' : name) ?? none;
}

/** The operator with exactly these operand types (left 0: prefix). */
export function operatorFor(name: string, left: number, right: number): OperatorEntry | undefined {
  for (const entry of operatorsNamed(name)) if (entry.left === left && entry.right === right) return entry;
  return undefined;
}

export function allOperators(): readonly OperatorEntry[] {
  return operatorList;
}

const castList: CastEntry[] = [];
const castMap = new Map<number, Map<number, CastEntry>>();
const contexts: Readonly<Record<string, CastEntry['context']>> = { i: 'implicit', a: 'assignment', e: 'explicit' };

for (const line of castRows.trim().split('\n')) {
  const [source, target, context, method, code] = line.split(' ') as [string, string, string, string, string];
  const implementing = byOid.get(Number(code));
  const entry: CastEntry = {
    source: Number(source),
    target: Number(target),
    context: contexts[context] as CastEntry['context'],
    method:
      method === 'b' ? { kind: 'binary' } : method === 'i' || implementing?.kind !== 'scalar' ? { kind: 'io' } : { kind: 'function', function: implementing },
  };
  castList.push(entry);
  let targets = castMap.get(entry.source);
  if (targets === undefined) castMap.set(entry.source, (targets = new Map<number, CastEntry>()));
  targets.set(entry.target, entry);
}

const ioCasts = new Map<string, CastEntry>();

/**
 * The cast from one type to another: pg_cast's, else the automatic I/O conversion that every type has to (assignment) and from (explicit) the string types.
 * undefined: there is none. Casts of a type to itself are length coercions, which types' `coerceTypmod` does. Casts between array types are the binder's.
 */
export function castBetween(source: number, target: number): CastEntry | undefined {
  const declared = castMap.get(source)?.get(target);
  if (declared !== undefined) return declared;
  const from = typeByOid(source);
  const to = typeByOid(target);
  if (source === target || from === undefined || to === undefined) return undefined;
  const toString = to.category === 'S';
  const fromString = from.category === 'S' || source === Oid.unknown;
  if (!toString && !fromString) return undefined;
  if ((from.kind === 'p' && source !== Oid.record && source !== Oid.unknown) || to.kind === 'p') return undefined;
  const key = `${source} ${target}`;
  let cast = ioCasts.get(key);
  if (cast === undefined) ioCasts.set(key, (cast = { source, target, context: toString ? 'assignment' : 'explicit', method: { kind: 'io' } }));
  return cast;
}

export function allCasts(): readonly CastEntry[] {
  return castList;
}

export type { KernelValue };
