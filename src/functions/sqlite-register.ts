/**
 * Puts the registry on an SQLite connection: kernels as functions, accumulators as (window) aggregates, set functions as table-valued functions, and the
 * helpers that the SQLite writer spells (`shoal_*`). Called once per connection by storage; costs about 3 ms.
 *
 * Names, as the writer uses them:
 * - `sqliteFunctionName(entry)(args...)`; for a `typed` entry the first argument is the text of `callSignature(call)`.
 * - aggregates also as `<name>_distinct` (drops repeated argument lists by their types' equality) and, without an inverse, as `<name>_frame`
 *   (window use over frames that move); see `aggregateSqliteName`.
 * - set functions: `FROM <name>(args...)` with columns c1, c2, ... and ordinality. An argument of a set function that is not strict is spelled
 *   `ifnull(x, ${nullArgument})`, since SQLite drops the rows of table-valued functions whose argument is NULL.
 *
 * Integers leave and enter as bigint where SQLite must see INTEGER: a JavaScript number becomes REAL.
 */
import type { Database } from 'better-sqlite3';
import { PgError } from '../common/errors.js';
import { decimalToNumericText, numericTextToDecimal } from '../types/numeric-codec.js';
import { placementHash32 } from '../types/hash.js';
import { allTypes, Oid, requireType, typeByOid } from '../types/registry.js';
import type { SqlValue } from '../types/value.js';
import { buildArray, elementCodec, elementsOf, formatArray, joinArrays, parseArray, quantified, sliceArray, subscriptArray, vector } from './array-value.js';
import type { Accumulator, AggregateFunction, EvaluationContext, Kernel, KernelValue, ResolvedCall, ScalarFunction, SetFunction } from './function.js';
import { rowJson } from './json/build.js';
import { compositeOf, compositeValues, type CompositeField, recordOf, recordValue } from '../types/composite.js';
import { registerWriterFunctions } from './sqlite-writer-functions.js';
import { accumulatorOf, allFunctions, allOperators, isImplemented, kernelOf, parseCallSignature, rowSourceOf, sqliteFunctionName } from './registry.js';
import { kernelReader, toSql } from './values.js';

/** What evaluates on a connection sees; the holder is set before each task. */
export interface ContextHolder {
  current: EvaluationContext;
}

export interface RegisterOptions {
  /** Called by shoal_tick(), which the writer puts into long scans: checks for cancellation. */
  readonly tick?: () => void;
}

/** SQL text of the value that stands for NULL among the arguments of a set function that is not strict. */
export const nullArgument = "x'004e554c4c'";
const nullArgumentBytes = [0, 0x4e, 0x55, 0x4c, 0x4c];

function isNullArgument(value: SqlValue): boolean {
  return value instanceof Uint8Array && value.length === 5 && nullArgumentBytes.every((byte, at) => value[at] === byte);
}

/** The registered name of an aggregate for its use: DISTINCT, or as a window function over frames whose start moves. */
export function aggregateSqliteName(entry: AggregateFunction, use: { readonly distinct?: boolean; readonly movingFrame?: boolean } = {}): string {
  const name = sqliteFunctionName(entry);
  if (use.distinct === true) return `${name}_distinct`;
  if (use.movingFrame === true && (entry.typed === true || entry.accumulate.inverse === undefined)) return `${name}_frame`;
  return name;
}

type Reader = (value: SqlValue) => KernelValue;
type ToSqlite = (value: KernelValue) => SqlValue;

const writeBoolean: ToSqlite = (value) => (value === null ? null : value === true || value === 1 ? 1n : 0n);
const writeInteger: ToSqlite = (value) => (typeof value === 'number' ? BigInt(value) : value === undefined ? null : (value as SqlValue));
const writeFloat: ToSqlite = (value) => (value !== value ? 'NaN' : (value as SqlValue));
const writeOther: ToSqlite = (value) => (typeof value === 'boolean' ? (value ? 1n : 0n) : value);

/** A kernel's result as SQLite must get it. */
function sqliteWriter(oid: number): ToSqlite {
  switch (typeByOid(oid)?.physical) {
    case 'boolean':
      return writeBoolean;
    case 'integer':
      return writeInteger;
    case 'float':
      return writeFloat;
    default:
      return oid === Oid.date || oid === Oid.timestamp || oid === Oid.timestamptz || oid === Oid.time ? writeInteger : writeOther;
  }
}

/** True when arguments of the type must be read as bigint. */
function isWide(oid: number): boolean {
  const type = typeByOid(oid);
  return type === undefined || type.kind === 'p' || type.wide || oid === Oid.time || oid === Oid.timestamp || oid === Oid.timestamptz;
}

type Values = readonly SqlValue[];

/** A kernel over physical values, for a known call. */
function bound(entry: ScalarFunction, call: ResolvedCall, holder: ContextHolder): (values: Values) => SqlValue {
  const kernel = kernelOf(entry, call) as Kernel;
  const readers = call.args.map(kernelReader);
  const write = sqliteWriter(call.result);
  const strict = entry.strict;
  return (values) => {
    const args: KernelValue[] = new Array<KernelValue>(values.length);
    for (let n = 0; n < values.length; n++) {
      const value = values[n] as SqlValue;
      if (value === null) {
        if (strict) return null;
        args[n] = null;
      } else {
        args[n] = (readers[n] as Reader)(value);
      }
    }
    return write(kernel(holder.current, ...args));
  };
}

/** What registering a scalar function needs, computed once per process. */
interface ScalarPlan {
  readonly entry: ScalarFunction;
  readonly name: string;
  readonly kernel: Kernel | undefined;
  readonly strict: boolean;
  readonly options: { readonly deterministic: boolean; readonly safeIntegers: boolean };
  readonly readers: readonly Reader[];
  readonly write: ToSqlite;
}

function planScalar(entry: ScalarFunction): ScalarPlan {
  return {
    entry,
    name: sqliteFunctionName(entry),
    kernel: entry.typedKernel === undefined ? entry.kernel : undefined,
    strict: entry.strict,
    options: { deterministic: entry.volatility !== 'volatile', safeIntegers: entry.typedKernel !== undefined || entry.args.some(isWide) },
    readers: entry.args.map(kernelReader),
    write: sqliteWriter(entry.result),
  };
}

function registerScalar(db: Database, plan: ScalarPlan, holder: ContextHolder): void {
  const { entry, name, kernel, options, readers, write, strict } = plan;
  if (kernel === undefined) {
    const calls = new Map<string, (values: Values) => SqlValue>();
    const dispatch = (signature: string, ...values: SqlValue[]): SqlValue => {
      let call = calls.get(signature);
      if (call === undefined) {
        if (calls.size > 1000) calls.clear();
        calls.set(signature, (call = bound(entry, parseCallSignature(signature), holder)));
      }
      return call(values);
    };
    db.function(name, { ...options, varargs: true }, dispatch as (...params: unknown[]) => unknown);
    return;
  }
  switch (readers.length) {
    case 0:
      db.function(name, options, () => write(kernel(holder.current)));
      return;
    case 1: {
      const first = readers[0] as Reader;
      db.function(name, options, (a: SqlValue) => (a === null && strict ? null : write(kernel(holder.current, a === null ? null : first(a)))));
      return;
    }
    case 2: {
      const first = readers[0] as Reader;
      const second = readers[1] as Reader;
      db.function(name, options, (a: SqlValue, b: SqlValue) =>
        strict && (a === null || b === null) ? null : write(kernel(holder.current, a === null ? null : first(a), b === null ? null : second(b))),
      );
      return;
    }
    case 3: {
      const first = readers[0] as Reader;
      const second = readers[1] as Reader;
      const third = readers[2] as Reader;
      db.function(name, options, (a: SqlValue, b: SqlValue, c: SqlValue) =>
        strict && (a === null || b === null || c === null)
          ? null
          : write(kernel(holder.current, a === null ? null : first(a), b === null ? null : second(b), c === null ? null : third(c))),
      );
      return;
    }
    default: {
      const call = bound(entry, { args: entry.args, result: entry.result, variadicArray: false }, holder);
      db.function(name, { ...options, varargs: true }, ((...values: SqlValue[]) => call(values)) as (...params: unknown[]) => unknown);
    }
  }
}

/** An aggregate's accumulator under known types, over physical values. */
interface BoundAccumulator {
  readonly accumulator: Accumulator;
  readonly readers: readonly Reader[];
  readonly write: ToSqlite;
  readonly skipsNull: boolean;
  /** One text per argument list that is equal by the types' equality. */
  readonly identity: (values: Values) => string;
}

function identityPart(value: SqlValue): string {
  if (value === null) return 'n';
  if (typeof value === 'string') return `t${value.length}:${value}`;
  if (value instanceof Uint8Array) return `b${value.length}:${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('latin1')}`;
  return `i${value};`;
}

function bindAccumulator(entry: AggregateFunction, call: ResolvedCall): BoundAccumulator {
  const keys = call.args.map((oid) => {
    const type = typeByOid(oid);
    return type?.key === undefined ? undefined : type.key.bind(type);
  });
  return {
    accumulator: accumulatorOf(entry, call),
    readers: call.args.map(kernelReader),
    write: sqliteWriter(call.result),
    skipsNull: entry.skipsNull,
    identity: (values) => {
      let text = '';
      for (let n = 0; n < values.length; n++) {
        const value = values[n] as SqlValue;
        const key = keys[n];
        text += identityPart(key === undefined || value === null ? value : key(value));
      }
      return text;
    },
  };
}

/** What SQLite holds for one group or partition. */
interface Slot {
  bound: BoundAccumulator | undefined;
  state: unknown;
  seen: Set<string> | undefined;
  /** The rows in the frame, for aggregates without an inverse. */
  rows: (readonly KernelValue[])[] | undefined;
}

type Mode = 'plain' | 'distinct' | 'frame';

function registerAggregate(db: Database, entry: AggregateFunction, holder: ContextHolder, mode: Mode): void {
  const typed = entry.typedAccumulator !== undefined;
  const fixed = typed ? undefined : bindAccumulator(entry, { args: entry.args, result: entry.result, variadicArray: false });
  const calls = new Map<string, BoundAccumulator>();
  const name = sqliteFunctionName(entry) + (mode === 'plain' ? '' : `_${mode}`);
  const empty = toSql(entry.empty ?? null);
  const emptyValue = typeof empty === 'number' && Number.isInteger(empty) && entry.result !== Oid.float8 ? BigInt(empty) : empty;

  const bind = (slot: Slot, signature: SqlValue): BoundAccumulator => {
    let boundTo = fixed ?? calls.get(signature as string);
    if (boundTo === undefined) {
      if (calls.size > 1000) calls.clear();
      calls.set(signature as string, (boundTo = bindAccumulator(entry, parseCallSignature(signature as string))));
    }
    slot.bound = boundTo;
    slot.state = boundTo.accumulator.start();
    return boundTo;
  };
  const skip = (values: Values, first: number): boolean => {
    if (!entry.skipsNull) return false;
    for (let n = first; n < values.length; n++) {
      if (values[n] === null) return true;
      if (entry.args.length !== 2 || entry.args[0] !== Oid.float8) break;
    }
    return false;
  };
  const read = (boundTo: BoundAccumulator, values: Values, first: number): KernelValue[] => {
    const args: KernelValue[] = new Array<KernelValue>(values.length - first);
    for (let n = first; n < values.length; n++) {
      const value = values[n] as SqlValue;
      args[n - first] = value === null ? null : (boundTo.readers[n - first] as Reader)(value);
    }
    return args;
  };
  const from = typed ? 1 : 0;
  const start = (): Slot => ({
    bound: undefined,
    state: undefined,
    seen: mode === 'distinct' ? new Set() : undefined,
    rows: mode === 'frame' ? [] : undefined,
  });
  const step = (slot: Slot, ...values: SqlValue[]): void => {
    if (skip(values, from)) return;
    const boundTo = slot.bound ?? bind(slot, values[0] as SqlValue);
    if (slot.seen !== undefined) {
      const identity = boundTo.identity(from === 0 ? values : values.slice(1));
      if (slot.seen.has(identity)) return;
      slot.seen.add(identity);
    }
    const args = read(boundTo, values, from);
    if (slot.rows !== undefined) slot.rows.push(args);
    else slot.state = boundTo.accumulator.step(slot.state, holder.current, ...args);
  };
  const result = (slot: Slot): SqlValue => {
    const boundTo = slot.bound;
    if (boundTo === undefined) return emptyValue;
    if (slot.rows === undefined) return boundTo.write(boundTo.accumulator.result(slot.state, holder.current));
    if (slot.rows.length === 0) return emptyValue;
    let state = boundTo.accumulator.start();
    for (const args of slot.rows) state = boundTo.accumulator.step(state, holder.current, ...args);
    return boundTo.write(boundTo.accumulator.result(state, holder.current));
  };
  const inverse = (slot: Slot, ...values: SqlValue[]): void => {
    if (skip(values, from)) return;
    const boundTo = slot.bound ?? bind(slot, values[0] as SqlValue);
    if (slot.rows !== undefined) {
      slot.rows.shift();
      return;
    }
    const undo = boundTo.accumulator.inverse;
    if (undo === undefined) throw new Error(`${name} was used over a moving frame: its name there is ${sqliteFunctionName(entry)}_frame`);
    slot.state = undo(slot.state, holder.current, ...read(boundTo, values, from));
  };
  const windowed = mode !== 'distinct';
  const options = {
    start,
    step,
    result,
    ...(windowed ? { inverse } : {}),
    varargs: true,
    deterministic: true,
    safeIntegers: typed || entry.args.some(isWide),
  };
  db.aggregate(name, options as unknown as Parameters<Database['aggregate']>[1]);
}

function registerSet(db: Database, entry: SetFunction, holder: ContextHolder): void {
  const typed = entry.typedRows !== undefined;
  const width = entry.columns.length;
  const columns = [...entry.columns.map((_, n) => `c${n + 1}`), 'ordinality'];
  const parameters = [...(typed ? ['signature'] : []), ...entry.args.map((_, n) => `a${n + 1}`)];
  const fixedWriters = entry.columns.map((column) => sqliteWriter(column.type));
  const rows = function* (...given: SqlValue[]): Generator<SqlValue[]> {
    const call = typed ? parseCallSignature(given[0] as string) : { args: entry.args, result: entry.result, variadicArray: false };
    const first = typed ? 1 : 0;
    const args: KernelValue[] = [];
    for (let n = 0; n < call.args.length; n++) {
      const value = given[first + n];
      if (value === undefined || value === null || isNullArgument(value)) {
        if (entry.strict) return;
        args.push(null);
      } else {
        args.push(kernelReader(call.args[n] as number)(value));
      }
    }
    const writers = typed && width === 1 ? [sqliteWriter(call.result)] : fixedWriters;
    let ordinality = 0n;
    for (const row of rowSourceOf(entry, call)(holder.current, ...args)) {
      const out: SqlValue[] = new Array<SqlValue>(width + 1);
      for (let n = 0; n < width; n++) out[n] = (writers[n] as ToSqlite)(row[n] ?? null);
      out[width] = ++ordinality;
      yield out;
    }
  };
  db.table(sqliteFunctionName(entry), { columns, parameters, safeIntegers: true, rows: rows as unknown as () => Generator<unknown[]> });
}

const oidLists = new Map<string, readonly number[]>();

function oidList(text: string): readonly number[] {
  let list = oidLists.get(text);
  if (list === undefined) {
    if (oidLists.size > 10_000) oidLists.clear();
    oidLists.set(text, (list = text.split(',').map(Number)));
  }
  return list;
}

const nameLists = new Map<string, readonly string[]>();

function nameList(text: string): readonly string[] {
  let list = nameLists.get(text);
  if (list === undefined) {
    if (nameLists.size > 10_000) nameLists.clear();
    nameLists.set(text, (list = JSON.parse(text) as string[]));
  }
  return list;
}

let operatorKernels: Map<number, Kernel> | undefined;

/** The kernel of an operator over its own (or, for polymorphic ones, the given) operand types. */
function operatorKernel(oid: number, left: number, right: number): Kernel {
  operatorKernels ??= new Map();
  const key = oid * 4096 * 4096 + left * 4096 + right;
  let kernel = operatorKernels.get(key);
  if (kernel === undefined) {
    const operator = allOperators().find((entry) => entry.oid === oid);
    kernel = operator === undefined ? undefined : kernelOf(operator.function, { args: [left, right], result: operator.result, variadicArray: false });
    if (operator === undefined || kernel === undefined) throw new PgError('0A000', `operator ${operator?.name ?? oid} over arrays is not supported`);
    operatorKernels.set(key, kernel);
  }
  return kernel;
}

/** `shoal_any(left, array, operator OID, left type, array type)` and shoal_all. */
function compareWithArray(quantifier: 'any' | 'all', holder: ContextHolder) {
  return (left: SqlValue, array: SqlValue, operator: bigint, leftType: bigint, arrayType: bigint): SqlValue => {
    if (array === null) return null;
    const elements = elementsOf(Number(arrayType));
    const values = parseArray(array as string, elements.delimiter).elements;
    if (values.length > 0 && left === null) return null;
    const kernel = operatorKernel(Number(operator), Number(leftType), elements.oid);
    const value = left === null ? null : kernelReader(Number(leftType))(left);
    const answer = quantified(quantifier, values, (element) => (element === null ? null : kernel(holder.current, value, elements.value(element))));
    return answer === null ? null : answer ? 1n : 0n;
  };
}

function registerHelpers(db: Database, holder: ContextHolder, options: RegisterOptions): void {
  const pure = { deterministic: true };
  const wide = { deterministic: true, safeIntegers: true };
  type Callback = (...params: unknown[]) => unknown;
  const define = (
    name: string,
    settings: { deterministic?: boolean; safeIntegers?: boolean; varargs?: boolean },
    callback: (...params: never[]) => SqlValue,
  ): void => {
    db.function(name, settings, callback as unknown as Callback);
  };

  for (const type of allTypes()) {
    const key = type.key?.bind(type);
    if (key === undefined) continue;
    define(`shoal_key_${type.name}`, wide, (value: SqlValue) => {
      const result = value === null ? null : key(value);
      return typeof result === 'number' && Number.isInteger(result) ? BigInt(result) : result;
    });
  }
  define('shoal_error', { deterministic: false }, (code: string, message: string) => {
    throw new PgError(code, message);
  });
  const tick = options.tick;
  define('shoal_error_for', pure, (_row: SqlValue, code: string, message: string) => {
    throw new PgError(code, message);
  });
  define('shoal_tick', { deterministic: false }, () => {
    tick?.();
    return 1n;
  });
  define('shoal_hash32', { ...wide, varargs: true }, (oids: string, ...values: SqlValue[]) => BigInt(placementHash32(values, oidList(oids))));
  define('shoal_decimal_text', wide, (value: SqlValue, scale: bigint) =>
    value === null ? null : decimalToNumericText(value as bigint | string, Number(scale)),
  );
  define('shoal_text_decimal', pure, (value: SqlValue, scale: number) => {
    if (value === null) return null;
    const scaled = numericTextToDecimal(String(value), scale);
    return typeof scaled === 'number' ? BigInt(scaled) : scaled;
  });
  define('shoal_io', wide, (value: SqlValue, source: bigint, target: bigint, typmod: bigint) => {
    if (value === null) return null;
    const targetOid = Number(target);
    const text = requireType(Number(source)).format(value, -1, holder.current);
    return sqliteWriter(targetOid)(requireType(targetOid).parse(text, Number(typmod), holder.current));
  });
  define('shoal_typmod', wide, (value: SqlValue, oid: bigint, typmod: bigint, explicit: bigint) => {
    const type = requireType(Number(oid));
    if (value === null || type.coerceTypmod === undefined) return value;
    return sqliteWriter(type.oid)(type.coerceTypmod(value, Number(typmod), explicit !== 0n));
  });
  define('shoal_domain', { safeIntegers: true }, (value: SqlValue, domain: bigint) => {
    requireType(Number(domain)).check?.(value);
    return value;
  });
  // shoal_key(type OID, value): the key of a user-defined type, whose functions no connection could have by name.
  define('shoal_key', wide, (oid: bigint, value: SqlValue) => {
    // (Recovery may meet rows of a table that a later record drops, with a type that is gone already: its indexes go, too.)
    const result = value === null ? null : (typeByOid(Number(oid))?.key?.(value) ?? value);
    return typeof result === 'number' && Number.isInteger(result) ? BigInt(result) : result;
  });
  define('shoal_array', { ...wide, varargs: true }, (elementOid: bigint, ...values: SqlValue[]) => {
    const read = kernelReader(Number(elementOid));
    return buildArray(
      Number(elementOid),
      values.map((value) => (value === null ? null : read(value))),
    );
  });
  // One array of several: the parts of a long ARRAY[...].
  define('shoal_array_chain', { ...wide, varargs: true }, (elementOid: bigint, ...parts: SqlValue[]) => {
    const { delimiter } = elementCodec(Number(elementOid));
    return formatArray(vector(parts.flatMap((part) => parseArray(String(part), delimiter).elements)), delimiter);
  });
  define('shoal_array_nested', { ...wide, varargs: true }, (arrayOid: bigint, ...values: SqlValue[]) =>
    joinArrays(values as (string | null)[], elementsOf(Number(arrayOid)).delimiter),
  );
  define('shoal_subscript', { ...wide, varargs: true }, (array: SqlValue, arrayOid: bigint, ...subscripts: SqlValue[]) => {
    if (array === null) return null;
    const element = elementsOf(Number(arrayOid));
    const text = subscriptArray(
      parseArray(array as string, element.delimiter),
      subscripts.map((subscript) => (subscript === null ? null : Number(subscript))),
    );
    return sqliteWriter(element.oid)(element.value(text));
  });
  // shoal_slice(array, array type, lower1, upper1, ...): a missing bound is the text ''; a NULL bound makes NULL.
  define('shoal_slice', { ...wide, varargs: true }, (array: SqlValue, arrayOid: bigint, ...bounds: SqlValue[]) => {
    if (array === null || bounds.includes(null)) return null;
    const element = elementsOf(Number(arrayOid));
    const limit = (bound: SqlValue | undefined): number | undefined => (bound === undefined || bound === '' ? undefined : Number(bound));
    const slices: { lower: number | undefined; upper: number | undefined }[] = [];
    for (let n = 0; n < bounds.length; n += 2) slices.push({ lower: limit(bounds[n]), upper: limit(bounds[n + 1]) });
    return formatArray(sliceArray(parseArray(array as string, element.delimiter), slices), element.delimiter);
  });
  define('shoal_any', wide, compareWithArray('any', holder));
  define('shoal_all', wide, compareWithArray('all', holder));
  // shoal_array_cast(array, source array type, target array type, function OID or 0 for I/O, typmod, explicit): element by element.
  define('shoal_array_cast', wide, (array: SqlValue, source: bigint, target: bigint, functionOid: bigint, typmod: bigint, explicit: bigint) =>
    array === null ? null : castArray(array as string, Number(source), Number(target), Number(functionOid), Number(typmod), explicit !== 0n, holder.current),
  );
  // shoal_row_json(types, names as a JSON array, values...): a row for the functions that make JSON of records.
  define('shoal_row_json', { ...wide, varargs: true }, (oids: string, names: string, ...values: SqlValue[]) =>
    rowJson(nameList(names), oidList(oids), values, holder.current),
  );
  // shoal_row(types, names as a JSON array or NULL, values...): a record.
  define('shoal_row', { ...wide, varargs: true }, (oids: string, names: string | null, ...values: SqlValue[]) =>
    recordOf(oids === '' ? [] : oidList(oids), names === null ? undefined : nameList(names), values, requireType),
  );
  // shoal_composite(type, values of its fields...)
  define('shoal_composite', { ...wide, varargs: true }, (oid: bigint, ...values: SqlValue[]) => compositeOf(values, compositeFields(Number(oid)), requireType));
  // shoal_as_record(composite, type)
  define('shoal_as_record', wide, (value: SqlValue, oid: bigint) => {
    if (value === null) return null;
    const fields = compositeFields(Number(oid));
    return recordOf(
      fields.map((field) => field.typeOid),
      fields.map((field) => field.name),
      compositeValues(value, fields, requireType),
      requireType,
    );
  });
  // shoal_row_nulls(value, type): 0 when no field is NULL, 2 when all are (or the value is), else 1.
  define('shoal_row_nulls', wide, (value: SqlValue, oid: bigint) => {
    if (value === null) return 2n;
    const values = Number(oid) === Oid.record ? recordValue(value, requireType).values : compositeValues(value, compositeFields(Number(oid)), requireType);
    return values.every((item) => item === null) ? (values.length === 0 ? 3n : 2n) : values.includes(null) ? 1n : 0n;
  });
}

function compositeFields(oid: number): readonly CompositeField[] {
  const definition = requireType(oid).definition;
  if (definition?.kind !== 'composite') throw new PgError('42809', `type ${requireType(oid).displayName} is not composite`);
  return definition.fields;
}

let functionsByOid: Map<number, ScalarFunction> | undefined;

/** Casts an array by its elements. */
function castArray(text: string, source: number, target: number, functionOid: number, typmod: number, explicit: boolean, context: EvaluationContext): string {
  const from = elementsOf(source);
  const to = elementsOf(target);
  const targetType = requireType(to.oid);
  const sourceType = requireType(from.oid);
  const array = parseArray(text, from.delimiter);
  let convert: (element: string) => string | null;
  if (functionOid === 0) {
    convert = (element) => {
      const value = toSql(from.value(element));
      return to.text(kernelReader(to.oid)(targetType.parse(sourceType.format(value, -1, context), -1, context)));
    };
  } else {
    functionsByOid ??= new Map(allFunctions().flatMap((entry) => (entry.kind === 'scalar' ? [[entry.oid as number, entry] as const] : [])));
    const entry = functionsByOid.get(functionOid) as ScalarFunction;
    const kernel = kernelOf(entry, { args: [from.oid], result: to.oid, variadicArray: false });
    if (kernel === undefined) throw new PgError('0A000', `cast from ${sourceType.displayName} to ${targetType.displayName} is not supported`);
    const extra = [BigInt(-1), explicit].slice(0, Math.max(entry.args.length - 1, 0));
    const base = targetType.definition?.kind === 'domain' ? requireType(targetType.definition.baseOid) : undefined;
    convert = (element) => {
      const value = kernel(context, from.value(element), ...extra);
      if (base === undefined || value === null) return to.text(value);
      return to.text(kernelReader(to.oid)(targetType.parse(base.format(toSql(value), -1, context), -1, context)));
    };
  }
  const elements = array.elements.map((element) => {
    const converted = element === null ? null : convert(element);
    if (converted === null || typmod < 0 || targetType.coerceTypmod === undefined) return converted;
    return to.text(kernelReader(to.oid)(targetType.coerceTypmod(toSql(to.value(converted)), typmod, explicit)));
  });
  return formatArray({ ...array, elements }, to.delimiter);
}

interface RegistrationPlan {
  readonly scalars: readonly ScalarPlan[];
  readonly aggregates: readonly { readonly entry: AggregateFunction; readonly modes: readonly Mode[] }[];
  readonly sets: readonly SetFunction[];
}

let plan: RegistrationPlan | undefined;

function makePlan(): RegistrationPlan {
  const scalars: ScalarPlan[] = [];
  const aggregates: { entry: AggregateFunction; modes: readonly Mode[] }[] = [];
  const sets: SetFunction[] = [];
  for (const entry of allFunctions()) {
    switch (entry.kind) {
      case 'scalar':
        if (entry.kernel !== undefined || entry.typedKernel !== undefined) scalars.push(planScalar(entry));
        break;
      case 'aggregate': {
        if (!isImplemented(entry)) break;
        const modes: Mode[] = ['plain'];
        if (entry.hidden !== true) {
          modes.push('distinct');
          if (entry.typed === true || entry.accumulate.inverse === undefined) modes.push('frame');
        }
        aggregates.push({ entry, modes });
        break;
      }
      case 'set':
        if (isImplemented(entry)) sets.push(entry);
        break;
      case 'window':
        break;
    }
  }
  return { scalars, aggregates, sets };
}

/** Registers everything on a connection. `holder.current` must be set before a statement runs. */
export function registerFunctions(db: Database, holder: ContextHolder, options: RegisterOptions = {}): void {
  plan ??= makePlan();
  // The native spelling of LIKE counts on it.
  db.pragma('case_sensitive_like = ON');
  registerHelpers(db, holder, options);
  registerWriterFunctions(db);
  for (const scalar of plan.scalars) registerScalar(db, scalar, holder);
  for (const { entry, modes } of plan.aggregates) for (const mode of modes) registerAggregate(db, entry, holder, mode);
  for (const set of plan.sets) registerSet(db, set, holder);
}
