/**
 * Shoal's approximate aggregates. `approx_count_distinct(any type)`: HyperLogLog with 16,384 registers (standard error 0.8 %), estimated as by O. Ertl, "New
 * cardinality estimation algorithms for HyperLogLog sketches" (2017). `approx_percentile(value, fraction)`: a merging t-digest (T. Dunning, O. Ertl, 2019).
 * Both are sketches that merge, so that they split over shards: the partial results are the sketches as bytea.
 */
import { PgError } from '../../common/errors.js';
import { placementHash } from '../../types/hash.js';
import { Oid } from '../../types/registry.js';
import type { Accumulator, AggregateFunction, KernelValue, ResolvedCall } from '../function.js';
import type { OwnAggregate, OwnScalar } from '../implementation.js';
import { toSql } from '../values.js';

const precision = 14;
const registerCount = 1 << precision;
const maxRank = 64 - precision + 1;

interface Registers {
  registers: Uint8Array | null;
}

function addHash(registers: Uint8Array, hash: bigint): void {
  const bits = BigInt.asUintN(64, hash);
  const index = Number(bits >> BigInt(64 - precision));
  const rest = BigInt.asUintN(64 - precision, bits);
  const rank = rest === 0n ? maxRank : 64 - precision - rest.toString(2).length + 1;
  if (rank > (registers[index] as number)) registers[index] = rank;
}

function sigma(x: number): number {
  if (x === 1) return Infinity;
  let y = 1;
  let z = x;
  let power = x;
  for (;;) {
    power *= power;
    const before = z;
    z += power * y;
    y += y;
    if (z === before) return z;
  }
}

function tau(x: number): number {
  if (x === 0 || x === 1) return 0;
  let y = 1;
  let z = 1 - x;
  let root = x;
  for (;;) {
    root = Math.sqrt(root);
    const before = z;
    y *= 0.5;
    z -= (1 - root) ** 2 * y;
    if (z === before) return z / 3;
  }
}

function estimate(registers: Uint8Array): bigint {
  const counts = new Array<number>(maxRank + 1).fill(0);
  for (const rank of registers) counts[rank] = (counts[rank] as number) + 1;
  const m = registerCount;
  let z = m * tau(1 - (counts[maxRank] as number) / m);
  for (let rank = maxRank - 1; rank >= 1; rank--) z = 0.5 * (z + (counts[rank] as number));
  z += m * sigma((counts[0] as number) / m);
  return BigInt(Math.round(((m / (2 * Math.LN2)) * m) / z));
}

function counting(call: ResolvedCall, output: (registers: Uint8Array | null) => KernelValue): Accumulator {
  const oid = call.args[0] as number;
  return {
    start: (): Registers => ({ registers: null }),
    step(state, _, value) {
      const sketch = state as Registers;
      addHash((sketch.registers ??= new Uint8Array(registerCount)), placementHash([toSql(value ?? null)], [oid]));
      return sketch;
    },
    result: (state) => output((state as Registers).registers),
  };
}

const mergingRegisters: Accumulator = {
  start: (): Registers => ({ registers: null }),
  step(state, _, value) {
    const sketch = state as Registers;
    const other = value as Uint8Array;
    const registers = (sketch.registers ??= new Uint8Array(registerCount));
    for (let n = 0; n < registerCount; n++) if ((other[n] as number) > (registers[n] as number)) registers[n] = other[n] as number;
    return sketch;
  },
  result: (state) => (state as Registers).registers,
};

const compression = 200;
const bufferLimit = 2000;

/** Centroids in order of their means, and values that wait to be merged in. */
interface Digest {
  fraction: number | null;
  means: number[];
  weights: number[];
  waiting: { mean: number; weight: number }[];
  min: number;
  max: number;
}

const newDigest = (): Digest => ({ fraction: null, means: [], weights: [], waiting: [], min: Infinity, max: -Infinity });

const scale = (q: number): number => (compression / (2 * Math.PI)) * Math.asin(2 * q - 1);

/** NaN is above everything, as PostgreSQL orders it. */
const order = (a: number, b: number): number => (a !== a ? (b !== b ? 0 : 1) : b !== b ? -1 : a - b || 0);

function compress(digest: Digest): void {
  if (digest.waiting.length === 0) return;
  const all = digest.means.map((mean, n) => ({ mean, weight: digest.weights[n] as number }));
  all.push(...digest.waiting);
  digest.waiting = [];
  all.sort((a, b) => (a.mean === b.mean ? 0 : order(a.mean, b.mean)));
  const total = all.reduce((sum, { weight }) => sum + weight, 0);
  const means: number[] = [];
  const weights: number[] = [];
  let before = 0;
  let limit = scale(0) + 1;
  for (const { mean, weight } of all) {
    const last = means.length - 1;
    const merged = last >= 0 ? (weights[last] as number) + weight : 0;
    if (last >= 0 && scale(Math.min(1, (before + merged) / total)) <= limit && Number.isFinite(mean) && Number.isFinite(means[last])) {
      means[last] = (means[last] as number) + (mean - (means[last] as number)) * (weight / merged);
      weights[last] = merged;
    } else {
      if (last >= 0) before += weights[last] as number;
      limit = scale(before / total) + 1;
      means.push(mean);
      weights.push(weight);
    }
  }
  digest.means = means;
  digest.weights = weights;
}

function addValue(digest: Digest, mean: number, weight: number): void {
  digest.waiting.push({ mean, weight });
  if (order(mean, digest.min) < 0) digest.min = mean;
  if (order(mean, digest.max) > 0) digest.max = mean;
  if (digest.waiting.length >= bufferLimit) compress(digest);
}

function quantile(digest: Digest): number | null {
  compress(digest);
  const { means, weights, fraction } = digest;
  if (means.length === 0 || fraction === null) return null;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  // Position among the values, the first at 0: as percentile_cont counts.
  const target = fraction * (total - 1) + 0.5;
  let before = 0;
  let previousAt = 0.5;
  let previous = digest.min;
  for (let n = 0; n < means.length; n++) {
    const weight = weights[n] as number;
    const at = before + weight / 2;
    const mean = means[n] as number;
    if (target <= at) return between(previous, mean, previousAt, at, target);
    previousAt = at;
    previous = mean;
    before += weight;
  }
  return between(previous, digest.max, previousAt, total - 0.5, target);
}

function between(low: number, high: number, from: number, to: number, target: number): number {
  if (to <= from || low === high || target >= to) return target >= to ? high : low;
  return target <= from ? low : low + ((target - from) / (to - from)) * (high - low);
}

function checkFraction(fraction: number): number {
  if (!(fraction >= 0 && fraction <= 1)) throw new PgError('22003', `percentile value ${fraction} is not between 0 and 1`);
  return fraction;
}

function digesting(output: (digest: Digest) => KernelValue): Accumulator {
  return {
    start: newDigest,
    step(state, _, value, fraction) {
      const digest = state as Digest;
      if (fraction !== null && fraction !== undefined) digest.fraction ??= checkFraction(fraction as number);
      addValue(digest, value as number, 1);
      return digest;
    },
    result: (state) => output(state as Digest),
  };
}

/** Float64s: fraction (NaN: none), min, max, then mean and weight of each centroid. */
function digestBytes(digest: Digest): Uint8Array | null {
  compress(digest);
  if (digest.means.length === 0) return null;
  const numbers = [digest.fraction ?? Number.NaN, digest.min, digest.max];
  digest.means.forEach((mean, n) => numbers.push(mean, digest.weights[n] as number));
  return new Uint8Array(Float64Array.from(numbers).buffer);
}

function numbersOf(bytes: Uint8Array): Float64Array {
  return new Float64Array(bytes.slice().buffer);
}

function absorb(digest: Digest, bytes: Uint8Array): void {
  const numbers = numbersOf(bytes);
  const [fraction, min, max] = numbers as unknown as [number, number, number];
  if (fraction === fraction) digest.fraction ??= fraction;
  for (let n = 3; n < numbers.length; n += 2) addValue(digest, numbers[n] as number, numbers[n + 1] as number);
  if (order(min, digest.min) < 0) digest.min = min;
  if (order(max, digest.max) > 0) digest.max = max;
}

const mergingDigests: Accumulator = {
  start: newDigest,
  step(state, _, value) {
    absorb(state as Digest, value as Uint8Array);
    return state;
  },
  result: (state) => digestBytes(state as Digest),
};

/** Under names of users. */
export const approximateAggregates: readonly AggregateFunction[] = [
  {
    kind: 'aggregate',
    name: 'approx_count_distinct',
    oid: 9_100_201,
    args: [Oid.anyelement],
    result: Oid.int8,
    typed: true,
    typedAccumulator: (call) => counting(call, (registers) => (registers === null ? 0n : estimate(registers))),
    accumulate: mergingRegisters,
    skipsNull: true,
    empty: 0n,
    split: { partial: [{ aggregate: 'shoal_hll', type: Oid.bytea }], merge: ['shoal_hll_merge'], final: 'shoal_hll_count' },
  },
  {
    kind: 'aggregate',
    name: 'approx_percentile',
    oid: 9_100_202,
    args: [Oid.float8, Oid.float8],
    argNames: ['value', 'fraction'],
    result: Oid.float8,
    typed: true,
    typedAccumulator: () => digesting(quantile),
    accumulate: digesting(quantile),
    skipsNull: true,
    split: { partial: [{ aggregate: 'shoal_tdigest', type: Oid.bytea }], merge: ['shoal_tdigest_merge'], final: 'shoal_tdigest_quantile' },
  },
];

/** The parts of the split forms. */
export const approximateOwnAggregates: readonly OwnAggregate[] = [
  { name: 'shoal_hll', args: [Oid.anyelement], result: Oid.bytea, skipsNull: true, typedAccumulator: (call) => counting(call, (registers) => registers) },
  { name: 'shoal_hll_merge', args: [Oid.bytea], result: Oid.bytea, skipsNull: true, accumulate: mergingRegisters },
  { name: 'shoal_tdigest', args: [Oid.float8, Oid.float8], result: Oid.bytea, skipsNull: true, accumulate: digesting(digestBytes) },
  { name: 'shoal_tdigest_merge', args: [Oid.bytea], result: Oid.bytea, skipsNull: true, accumulate: mergingDigests },
];

export const approximateFinals: readonly OwnScalar[] = [
  {
    name: 'shoal_hll_count',
    args: [Oid.bytea],
    result: Oid.int8,
    strict: false,
    kernel: (_, registers) => (registers === null || registers === undefined ? 0n : estimate(registers as Uint8Array)),
  },
  {
    name: 'shoal_tdigest_quantile',
    args: [Oid.bytea],
    result: Oid.float8,
    strict: true,
    kernel: (_, bytes) => {
      const digest = newDigest();
      absorb(digest, bytes as Uint8Array);
      return quantile(digest);
    },
  },
];
