/** count, sum, min, max, bool_and/or, bit_and/or/xor and string_agg. */
import { PgError } from '../../common/errors.js';
import { addIntervals, intervalFromText, intervalText, subtractIntervals, type Interval } from '../../types/interval.js';
import { finite, formatNumeric, numericInfinity, numericNaN, numericNegativeInfinity, parseNumeric, rescale, type Numeric } from '../../types/numeric.js';
import { Oid } from '../../types/registry.js';
import type { Accumulator, KernelValue } from '../function.js';
import type { AggregateImplementation, AggregateImplementations, OwnAggregate } from '../implementation.js';
import { bitOperations, combineBits } from '../scalar/bit.js';
import { checkInt8 } from '../scalar/integer.js';
import { comparatorOf } from '../values.js';

/** Splits into itself: partial results are combined by the same aggregate. */
function selfMerging(name: string, type: number): NonNullable<AggregateImplementation['split']> {
  return { partial: [{ aggregate: name, type }], merge: [name] };
}

interface Count {
  count: number;
}

export const counting: Accumulator = {
  start: (): Count => ({ count: 0 }),
  step: (state) => {
    (state as Count).count++;
    return state;
  },
  inverse: (state) => {
    (state as Count).count--;
    return state;
  },
  result: (state) => BigInt((state as Count).count),
};

interface IntegerSum {
  sum: bigint;
  count: number;
}

/** Exact sum of integers; `output` makes the result of it. */
export function integerSum(output: (sum: bigint) => KernelValue, map: (value: bigint) => bigint = (value) => value): Accumulator {
  return {
    start: (): IntegerSum => ({ sum: 0n, count: 0 }),
    step: (state, _, value) => {
      const sum = state as IntegerSum;
      sum.sum += map(BigInt(value as number | bigint));
      sum.count++;
      return sum;
    },
    inverse: (state, _, value) => {
      const sum = state as IntegerSum;
      sum.sum -= map(BigInt(value as number | bigint));
      sum.count--;
      return sum;
    },
    result: (state) => ((state as IntegerSum).count === 0 ? null : output((state as IntegerSum).sum)),
  };
}

/** The exact sum of numerics, with what NaN and the infinities make of it, and the largest display scale. Values can be taken back. */
export class NumericSum {
  coefficient = 0n;
  scale = 0;
  count = 0;
  #nan = 0;
  #positive = 0;
  #negative = 0;
  /** How many values have each display scale. */
  readonly #scales: number[] = [];

  add(value: Numeric, sign: 1 | -1): void {
    this.count += sign;
    switch (value.kind) {
      case 'nan':
        this.#nan += sign;
        return;
      case 'inf':
        this.#positive += sign;
        return;
      case '-inf':
        this.#negative += sign;
        return;
      case 'finite':
        break;
    }
    if (value.scale > this.scale) {
      this.coefficient = rescale(this.coefficient, this.scale, value.scale);
      this.scale = value.scale;
    }
    const aligned = value.scale === this.scale ? value.coefficient : rescale(value.coefficient, value.scale, this.scale);
    this.coefficient += sign === 1 ? aligned : -aligned;
    this.#scales[value.scale] = (this.#scales[value.scale] ?? 0) + sign;
  }

  get finite(): boolean {
    return this.#nan === 0 && this.#positive === 0 && this.#negative === 0;
  }

  value(): Numeric {
    if (this.#nan > 0 || (this.#positive > 0 && this.#negative > 0)) return numericNaN;
    if (this.#positive > 0) return numericInfinity;
    if (this.#negative > 0) return numericNegativeInfinity;
    let shown = this.scale;
    while (shown > 0 && (this.#scales[shown] ?? 0) === 0) shown--;
    return shown === this.scale ? finite(this.coefficient, this.scale) : finite(rescale(this.coefficient, this.scale, shown), shown);
  }
}

/** A sum of numerics (text), with `output` over the finished sum. */
export function numericSum(output: (sum: NumericSum) => KernelValue, map: (value: Numeric) => Numeric = (value) => value): Accumulator {
  return {
    start: () => new NumericSum(),
    step: (state, _, value) => {
      (state as NumericSum).add(map(parseNumeric(value as string)), 1);
      return state;
    },
    inverse: (state, _, value) => {
      (state as NumericSum).add(map(parseNumeric(value as string)), -1);
      return state;
    },
    result: (state) => ((state as NumericSum).count === 0 ? null : output(state as NumericSum)),
  };
}

interface FloatSum {
  sum: number;
  empty: boolean;
}

/** PostgreSQL's plain addition, in arrival order; it has no inverse there either. */
function floatSum(cut: (value: number) => number): Accumulator {
  return {
    start: (): FloatSum => ({ sum: 0, empty: true }),
    step: (state, _, value) => {
      const sum = state as FloatSum;
      const before = sum.sum;
      const added = value as number;
      sum.sum = sum.empty ? added : cut(before + added);
      sum.empty = false;
      if ((sum.sum === Infinity || sum.sum === -Infinity) && Number.isFinite(before) && Number.isFinite(added)) {
        throw new PgError('22003', 'value out of range: overflow');
      }
      return sum;
    },
    result: (state) => ((state as FloatSum).empty ? null : (state as FloatSum).sum),
  };
}

export interface IntervalSum {
  sum: Interval;
  count: number;
}

export function intervalSum(output: (state: IntervalSum) => KernelValue): Accumulator {
  return {
    start: (): IntervalSum => ({ sum: intervalFromText('0 0 0'), count: 0 }),
    step: (state, _, value) => {
      const sum = state as IntervalSum;
      sum.sum = addIntervals(sum.sum, intervalFromText(value as string));
      sum.count++;
      return sum;
    },
    inverse: (state, _, value) => {
      const sum = state as IntervalSum;
      sum.sum = subtractIntervals(sum.sum, intervalFromText(value as string));
      sum.count--;
      return sum;
    },
    result: (state) => ((state as IntervalSum).count === 0 ? null : output(state as IntervalSum)),
  };
}

interface Best {
  value: KernelValue;
}

/** Of equal values the last one stays, as with PostgreSQL's larger and smaller functions (bpchar: the first). */
function extreme(sign: 1 | -1, compare: (a: KernelValue, b: KernelValue) => number, keepFirst = false): Accumulator {
  return {
    start: (): Best => ({ value: null }),
    step: (state, _, value) => {
      const best = state as Best;
      const order = best.value === null ? 1 : compare(value, best.value) * sign;
      if (order > 0 || (order === 0 && !keepFirst)) best.value = value;
      return best;
    },
    result: (state) => (state as Best).value,
  };
}

/** Types of min and max, by pg_type.typname as in the symbols, and whether SQLite's own order serves. */
const ordered: readonly (readonly [name: string, oid: number, native: boolean])[] = [
  ['int8', Oid.int8, true],
  ['int4', Oid.int4, true],
  ['int2', Oid.int2, true],
  ['oid', Oid.oid, true],
  ['float4', Oid.float4, true],
  ['float8', Oid.float8, true],
  ['date', Oid.date, true],
  ['time', Oid.time, true],
  ['timetz', Oid.timetz, false],
  ['timestamp', Oid.timestamp, true],
  ['timestamptz', Oid.timestamptz, true],
  ['interval', Oid.interval, false],
  ['text', Oid.text, true],
  ['numeric', Oid.numeric, false],
  ['bpchar', Oid.bpchar, false],
  ['money', Oid.money, true],
  ['inet', Oid.inet, false],
  ['xid8', Oid.xid8, true],
  ['tid', Oid.tid, false],
  ['pg_lsn', Oid.pgLsn, false],
];

const implementations: Record<string, AggregateImplementation> = {};

for (const [name, oid, native] of ordered) {
  let comparator: ((a: KernelValue, b: KernelValue) => number) | undefined;
  const compare = (a: KernelValue, b: KernelValue): number => (comparator ??= comparatorOf(oid))(a, b);
  for (const which of ['min', 'max'] as const) {
    implementations[`${which}(${name})`] = {
      accumulate: extreme(which === 'max' ? 1 : -1, compare, name === 'bpchar'),
      skipsNull: true,
      split: selfMerging(which, oid),
      ...(native ? { sqlite: ([value]) => (value === undefined ? undefined : `${which}(${value.text})`) } : {}),
    };
  }
}
for (const which of ['min', 'max'] as const) {
  const sign = which === 'max' ? 1 : -1;
  implementations[`${which}(anyarray)`] = {
    typedAccumulator: (call) => extreme(sign, comparatorOf(call.args[0] as number)),
    skipsNull: true,
    split: selfMerging(which, Oid.anyarray),
  };
  implementations[`${which}(anyenum)`] = {
    typedAccumulator: (call) => extreme(sign, comparatorOf(call.args[0] as number)),
    skipsNull: true,
    split: selfMerging(which, Oid.anyenum),
    sqlite: ([value]) => (value === undefined ? undefined : `${which}(${value.text})`),
  };
}

type BitOperation = (a: bigint, b: bigint) => bigint;

function bitwise(operate: BitOperation, wide: boolean, inverse?: BitOperation): Accumulator {
  interface Bits {
    bits: bigint;
    count: number;
  }
  const accumulator: Accumulator = {
    start: (): Bits => ({ bits: 0n, count: 0 }),
    step: (state, _, value) => {
      const bits = state as Bits;
      const next = BigInt(value as number | bigint);
      bits.bits = bits.count === 0 ? next : operate(bits.bits, next);
      bits.count++;
      return bits;
    },
    result: (state) => {
      const { bits, count } = state as Bits;
      return count === 0 ? null : wide ? bits : Number(bits);
    },
  };
  if (inverse === undefined) return accumulator;
  return {
    ...accumulator,
    inverse: (state, _, value) => {
      const bits = state as Bits;
      bits.bits = inverse(bits.bits, BigInt(value as number | bigint));
      bits.count--;
      return bits;
    },
  };
}

for (const [name, oid] of [
  ['int2', Oid.int2],
  ['int4', Oid.int4],
  ['int8', Oid.int8],
] as const) {
  const wide = name === 'int8';
  implementations[`bit_and(${name})`] = { accumulate: bitwise((a, b) => a & b, wide), skipsNull: true, split: selfMerging('bit_and', oid) };
  implementations[`bit_or(${name})`] = { accumulate: bitwise((a, b) => a | b, wide), skipsNull: true, split: selfMerging('bit_or', oid) };
  implementations[`bit_xor(${name})`] = {
    accumulate: bitwise(
      (a, b) => a ^ b,
      wide,
      (a, b) => a ^ b,
    ),
    skipsNull: true,
    split: selfMerging('bit_xor', oid),
  };
}

interface BitString {
  bits: string | null;
}

for (const [which, name] of [
  ['and', 'AND'],
  ['or', 'OR'],
  ['xor', 'XOR'],
] as const) {
  implementations[`bit_${which}(bit)`] = {
    accumulate: {
      start: (): BitString => ({ bits: null }),
      step: (state, _, value) => {
        const string = state as BitString;
        string.bits = string.bits === null ? (value as string) : combineBits(name, bitOperations[which], string.bits, value as string);
        return string;
      },
      result: (state) => (state as BitString).bits,
    },
    skipsNull: true,
    split: selfMerging(`bit_${which}`, Oid.bit),
  };
}

interface Truth {
  yes: number;
  no: number;
}

function truth(output: (state: Truth) => boolean): Accumulator {
  const move = (state: unknown, value: KernelValue | undefined, by: number): Truth => {
    const counts = state as Truth;
    if (value === true) counts.yes += by;
    else counts.no += by;
    return counts;
  };
  return {
    start: (): Truth => ({ yes: 0, no: 0 }),
    step: (state, _, value) => move(state, value, 1),
    inverse: (state, _, value) => move(state, value, -1),
    result: (state) => ((state as Truth).yes + (state as Truth).no === 0 ? null : output(state as Truth)),
  };
}

const allTrue: Omit<AggregateImplementation, 'split'> = {
  accumulate: truth((counts) => counts.no === 0),
  skipsNull: true,
  sqlite: ([value]) => (value === undefined ? undefined : `min(${value.text})`),
};
const anyTrue: Omit<AggregateImplementation, 'split'> = {
  accumulate: truth((counts) => counts.yes > 0),
  skipsNull: true,
  sqlite: ([value]) => (value === undefined ? undefined : `max(${value.text})`),
};

interface Pieces {
  pieces: string[];
  separators: (string | null)[];
}

const stringAgg: Accumulator = {
  start: (): Pieces => ({ pieces: [], separators: [] }),
  step: (state, _, value, separator) => {
    const text = state as Pieces;
    text.pieces.push(value as string);
    text.separators.push((separator ?? null) as string | null);
    return text;
  },
  inverse: (state) => {
    (state as Pieces).pieces.shift();
    (state as Pieces).separators.shift();
    return state;
  },
  result: (state) => {
    const { pieces, separators } = state as Pieces;
    if (pieces.length === 0) return null;
    let result = pieces[0] as string;
    for (let n = 1; n < pieces.length; n++) result += (separators[n] ?? '') + (pieces[n] as string);
    return result;
  },
};

const byteaAgg: Accumulator = {
  start: () => [],
  step: (state, _, value, separator) => {
    const parts = state as Uint8Array[];
    if (parts.length > 0 && separator !== null && separator !== undefined) parts.push(separator as Uint8Array);
    else if (parts.length > 0) parts.push(new Uint8Array(0));
    parts.push(value as Uint8Array);
    return parts;
  },
  result: (state) => ((state as Uint8Array[]).length === 0 ? null : new Uint8Array(Buffer.concat(state as Uint8Array[]))),
};

const sumInt: Pick<AggregateImplementation, 'accumulate' | 'skipsNull' | 'split' | 'sqlite'> = {
  accumulate: integerSum((sum) => sum),
  skipsNull: true,
  sqlite: ([value]) => (value === undefined ? undefined : `sum(${value.text})`),
  split: { partial: [{ aggregate: 'sum', type: Oid.int8 }], merge: ['shoal_sum_int8'] },
};

export const basicAggregates: AggregateImplementations = {
  ...implementations,
  'count()': {
    accumulate: counting,
    skipsNull: false,
    empty: 0n,
    sqlite: () => 'count(*)',
    split: { partial: [{ aggregate: 'count', type: Oid.int8 }], merge: ['shoal_count_merge'] },
  },
  'count(any)': {
    accumulate: counting,
    skipsNull: true,
    empty: 0n,
    sqlite: ([value]) => (value === undefined ? undefined : `count(${value.text})`),
    split: { partial: [{ aggregate: 'count', type: Oid.int8 }], merge: ['shoal_count_merge'] },
  },
  'sum(int2)': sumInt,
  'sum(int4)': sumInt,
  'sum(int8)': {
    accumulate: integerSum((sum) => sum.toString()),
    skipsNull: true,
    split: { partial: [{ aggregate: 'sum', type: Oid.numeric }], merge: ['sum'] },
  },
  'sum(money)': { accumulate: integerSum((sum) => BigInt.asIntN(64, sum)), skipsNull: true, split: selfMerging('sum', Oid.money) },
  'sum(numeric)': { accumulate: numericSum((sum) => formatNumeric(sum.value())), skipsNull: true, split: selfMerging('sum', Oid.numeric) },
  'sum(float8)': { accumulate: floatSum((value) => value), skipsNull: true, split: selfMerging('sum', Oid.float8) },
  'sum(float4)': { accumulate: floatSum(Math.fround), skipsNull: true, split: selfMerging('sum', Oid.float4) },
  'sum(interval)': { accumulate: intervalSum((state) => intervalText(state.sum)), skipsNull: true, split: selfMerging('sum', Oid.interval) },
  'bool_and(bool)': { ...allTrue, split: selfMerging('bool_and', Oid.bool) },
  'every(bool)': { ...allTrue, split: selfMerging('every', Oid.bool) },
  'bool_or(bool)': { ...anyTrue, split: selfMerging('bool_or', Oid.bool) },
  'string_agg(text,text)': {
    accumulate: stringAgg,
    skipsNull: true,
    orderSensitive: true,
    sqlite: ([value, separator]) => (value === undefined || separator === undefined ? undefined : `group_concat(${value.text}, ${separator.text})`),
  },
  'string_agg(bytea,bytea)': { accumulate: byteaAgg, skipsNull: true, orderSensitive: true },
};

/** Merges of partial results. */
export const basicOwnAggregates: readonly OwnAggregate[] = [
  { name: 'shoal_sum_int8', args: [Oid.int8], result: Oid.int8, accumulate: integerSum(checkInt8), skipsNull: true },
  { name: 'shoal_count_merge', args: [Oid.int8], result: Oid.int8, accumulate: integerSum((sum) => sum), skipsNull: true, empty: 0n },
];
