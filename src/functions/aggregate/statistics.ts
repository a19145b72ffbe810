/**
 * avg, the variances and standard deviations, and the regression aggregates: exact sums for integers and numeric, the Youngs-Cramer updates for floats, as PostgreSQL
 * computes them. Partial states of floats travel as texts `N Sx Sxx ...`.
 */
import { PgError } from '../../common/errors.js';
import { divideInterval, intervalFromText, intervalText } from '../../types/interval.js';
import {
  bigintToNumeric,
  compareNumeric,
  divideNumeric,
  finite,
  formatNumeric,
  multiplyNumeric,
  type Numeric,
  numericNaN,
  numericZero,
  parseNumeric,
  powerOfTen,
  subtractNumeric,
} from '../../types/numeric.js';
import { Oid } from '../../types/registry.js';
import type { Accumulator, KernelValue } from '../function.js';
import type { AggregateImplementation, AggregateImplementations, OwnAggregate, OwnScalar } from '../implementation.js';
import { integerSum, intervalSum, numericSum, NumericSum } from './basic.js';

/** The floor of a square root. */
function integerSquareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let guess = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (guess + value / guess) >> 1n;
    if (next >= guess) return guess;
    guess = next;
  }
}

/** The square root with a given display scale, rounded. */
function squareRootToScale(value: Numeric, scale: number): Numeric {
  const digits = scale + 1;
  const shift = 2 * digits - value.scale;
  const scaled = shift >= 0 ? value.coefficient * powerOfTen(shift) : value.coefficient / powerOfTen(-shift);
  const root = integerSquareRoot(scaled);
  const rounded = root / 10n + (root % 10n >= 5n ? 1n : 0n);
  return finite(rounded, scale);
}

type Spread = 'var_pop' | 'var_samp' | 'stddev_pop' | 'stddev_samp';

/** numeric variance or standard deviation from the count, the sum and the sum of squares. */
function numericSpread(which: Spread, count: bigint, sum: Numeric, squares: Numeric): string | null {
  const sample = which.endsWith('samp');
  if (count <= (sample ? 1n : 0n)) return null;
  if (sum.kind !== 'finite' || squares.kind !== 'finite') return formatNumeric(numericNaN);
  const n = bigintToNumeric(count);
  const top = subtractNumeric(multiplyNumeric(n, squares), multiplyNumeric(sum, sum));
  if (compareNumeric(top, numericZero) <= 0) return '0';
  const variance = divideNumeric(top, bigintToNumeric(sample ? count * (count - 1n) : count * count));
  return formatNumeric(which.startsWith('var') ? variance : squareRootToScale(variance, variance.scale));
}

interface Spreading {
  count: number;
  sum: NumericSum;
  squares: NumericSum;
}

/** The accumulator of a spread over integers or numerics. */
function exactSpread(which: Spread, read: (value: KernelValue) => Numeric): Accumulator {
  const move = (state: unknown, value: KernelValue | undefined, sign: 1 | -1): Spreading => {
    const spreading = state as Spreading;
    const numeric = read(value as KernelValue);
    spreading.count += sign;
    spreading.sum.add(numeric, sign);
    spreading.squares.add(multiplyNumeric(numeric, numeric), sign);
    return spreading;
  };
  return {
    start: (): Spreading => ({ count: 0, sum: new NumericSum(), squares: new NumericSum() }),
    step: (state, _, value) => move(state, value, 1),
    inverse: (state, _, value) => move(state, value, -1),
    result: (state) => {
      const { count, sum, squares } = state as Spreading;
      return numericSpread(which, BigInt(count), sum.value(), squares.value());
    },
  };
}

export interface FloatState {
  n: number;
  sx: number;
  sxx: number;
}

function overflow(): PgError {
  return new PgError('22003', 'value out of range: overflow');
}

const infinite = (value: number): boolean => value === Infinity || value === -Infinity;

export function floatStep(state: FloatState, value: number): FloatState {
  const before = state.sx;
  state.n += 1;
  state.sx += value;
  if (state.n > 1) {
    const difference = value * state.n - state.sx;
    state.sxx += (difference * difference) / (state.n * (state.n - 1));
    if (infinite(state.sx) || infinite(state.sxx)) {
      if (!infinite(before) && !infinite(value)) throw overflow();
      state.sxx = NaN;
    }
  } else if (!Number.isFinite(value)) {
    state.sxx = NaN;
  }
  return state;
}

export function floatCombine(left: FloatState, right: FloatState): FloatState {
  if (left.n === 0) return right;
  if (right.n === 0) return left;
  const n = left.n + right.n;
  const sx = left.sx + right.sx;
  if (infinite(sx) && !infinite(left.sx) && !infinite(right.sx)) throw overflow();
  const difference = left.sx / left.n - right.sx / right.n;
  const sxx = left.sxx + right.sxx + (left.n * right.n * difference * difference) / n;
  if (infinite(sxx) && !infinite(left.sxx) && !infinite(right.sxx)) throw overflow();
  return { n, sx, sxx };
}

const writeState = (...numbers: readonly number[]): string => numbers.join(' ');
const readState = (text: string): number[] => text.split(' ').map(Number);

type FloatResult = 'avg' | Spread;

export function floatFinal(which: FloatResult, { n, sx, sxx }: FloatState): number | null {
  if (n === 0) return null;
  switch (which) {
    case 'avg':
      return sx / n;
    case 'var_pop':
      return sxx / n;
    case 'stddev_pop':
      return Math.sqrt(sxx / n);
    case 'var_samp':
      return n <= 1 ? null : sxx / (n - 1);
    case 'stddev_samp':
      return n <= 1 ? null : Math.sqrt(sxx / (n - 1));
  }
}

const floatStart = (): FloatState => ({ n: 0, sx: 0, sxx: 0 });

function floatAccumulator(output: (state: FloatState) => KernelValue): Accumulator {
  return {
    start: floatStart,
    step: (state, _, value) => floatStep(state as FloatState, value as number),
    result: (state) => output(state as FloatState),
  };
}

export interface Regression {
  n: number;
  sx: number;
  sxx: number;
  sy: number;
  syy: number;
  sxy: number;
}

export function regressionStep(state: Regression, y: number, x: number): Regression {
  const beforeX = state.sx;
  const beforeY = state.sy;
  state.n += 1;
  state.sx += x;
  state.sy += y;
  if (state.n > 1) {
    const dx = x * state.n - state.sx;
    const dy = y * state.n - state.sy;
    const scale = 1 / (state.n * (state.n - 1));
    state.sxx += dx * dx * scale;
    state.syy += dy * dy * scale;
    state.sxy += dx * dy * scale;
    if (infinite(state.sx) || infinite(state.sxx) || infinite(state.sy) || infinite(state.syy) || infinite(state.sxy)) {
      const fromX = infinite(beforeX) || infinite(x);
      const fromY = infinite(beforeY) || infinite(y);
      if (
        ((infinite(state.sx) || infinite(state.sxx)) && !fromX) ||
        ((infinite(state.sy) || infinite(state.syy)) && !fromY) ||
        (infinite(state.sxy) && !fromX && !fromY)
      ) {
        throw overflow();
      }
      if (infinite(state.sxx)) state.sxx = NaN;
      if (infinite(state.syy)) state.syy = NaN;
      if (infinite(state.sxy)) state.sxy = NaN;
    }
  } else {
    if (!Number.isFinite(x)) state.sxx = state.sxy = NaN;
    if (!Number.isFinite(y)) state.syy = state.sxy = NaN;
  }
  return state;
}

export function regressionCombine(left: Regression, right: Regression): Regression {
  if (left.n === 0) return right;
  if (right.n === 0) return left;
  const n = left.n + right.n;
  const dx = left.sx / left.n - right.sx / right.n;
  const dy = left.sy / left.n - right.sy / right.n;
  const weight = (left.n * right.n) / n;
  return {
    n,
    sx: left.sx + right.sx,
    sxx: left.sxx + right.sxx + weight * dx * dx,
    sy: left.sy + right.sy,
    syy: left.syy + right.syy + weight * dy * dy,
    sxy: left.sxy + right.sxy + weight * dx * dy,
  };
}

const regressionStart = (): Regression => ({ n: 0, sx: 0, sxx: 0, sy: 0, syy: 0, sxy: 0 });

function regressionAccumulator(output: (state: Regression) => KernelValue): Accumulator {
  return {
    start: regressionStart,
    step: (state, _, y, x) => regressionStep(state as Regression, y as number, x as number),
    result: (state) => output(state as Regression),
  };
}

export const regressionResults: ReadonlyMap<string, (state: Regression) => number | null> = new Map<string, (state: Regression) => number | null>([
  ['regr_sxx', (s) => (s.n < 1 ? null : s.sxx)],
  ['regr_syy', (s) => (s.n < 1 ? null : s.syy)],
  ['regr_sxy', (s) => (s.n < 1 ? null : s.sxy)],
  ['regr_avgx', (s) => (s.n < 1 ? null : s.sx / s.n)],
  ['regr_avgy', (s) => (s.n < 1 ? null : s.sy / s.n)],
  ['covar_pop', (s) => (s.n < 1 ? null : s.sxy / s.n)],
  ['covar_samp', (s) => (s.n < 2 ? null : s.sxy / (s.n - 1))],
  ['corr', (s) => (s.n < 1 || s.sxx === 0 || s.syy === 0 ? null : s.sxy / Math.sqrt(s.sxx * s.syy))],
  ['regr_r2', (s) => (s.n < 1 || s.sxx === 0 ? null : s.syy === 0 ? 1 : (s.sxy * s.sxy) / (s.sxx * s.syy))],
  ['regr_slope', (s) => (s.n < 1 || s.sxx === 0 ? null : s.sxy / s.sxx)],
  ['regr_intercept', (s) => (s.n < 1 || s.sxx === 0 ? null : (s.sy - (s.sx * s.sxy) / s.sxx) / s.n)],
]);

const spreads: readonly (readonly [name: string, which: Spread])[] = [
  ['variance', 'var_samp'],
  ['var_samp', 'var_samp'],
  ['var_pop', 'var_pop'],
  ['stddev', 'stddev_samp'],
  ['stddev_samp', 'stddev_samp'],
  ['stddev_pop', 'stddev_pop'],
];

const fromInteger = (value: KernelValue): Numeric => bigintToNumeric(value as number | bigint);
const fromText = (value: KernelValue): Numeric => parseNumeric(value as string);

const exactTypes: readonly (readonly [name: string, oid: number])[] = [
  ['int2', Oid.int2],
  ['int4', Oid.int4],
  ['int8', Oid.int8],
  ['numeric', Oid.numeric],
];

function average(sum: Numeric, count: number | bigint): string {
  return formatNumeric(divideNumeric(sum, bigintToNumeric(count)));
}

const aggregates: Record<string, AggregateImplementation> = {};

for (const [type, oid] of exactTypes) {
  for (const [name, which] of spreads) {
    aggregates[`${name}(${type})`] = {
      accumulate: exactSpread(which, type === 'numeric' ? fromText : fromInteger),
      skipsNull: true,
      split: {
        partial: [
          { aggregate: 'count', type: Oid.int8 },
          { aggregate: 'shoal_sum_numeric', type: Oid.numeric },
          { aggregate: 'shoal_sum_squares', type: Oid.numeric },
        ],
        merge: ['shoal_count_merge', 'sum', 'sum'],
        final: `shoal_${which}`,
      },
    };
  }
  const small = oid === Oid.int2 || oid === Oid.int4;
  aggregates[`avg(${type})`] = {
    accumulate: averageAccumulator(oid),
    skipsNull: true,
    split: {
      partial: [
        { aggregate: 'sum', type: small ? Oid.int8 : Oid.numeric },
        { aggregate: 'count', type: Oid.int8 },
      ],
      merge: [small ? 'shoal_sum_int8' : 'sum', 'shoal_count_merge'],
      final: small ? 'shoal_avg_int8' : 'shoal_avg_numeric',
    },
  };
}

function averageAccumulator(oid: number): Accumulator {
  if (oid === Oid.numeric) return numericSum((sum) => average(sum.value(), sum.count));
  interface IntegerAverage {
    sum: bigint;
    count: number;
  }
  const summing = integerSum((sum) => sum);
  return {
    ...summing,
    result: (state) =>
      (state as IntegerAverage).count === 0 ? null : average(bigintToNumeric((state as IntegerAverage).sum), (state as IntegerAverage).count),
  };
}

for (const type of ['float4', 'float8']) {
  for (const [name, which] of [...spreads, ['avg', 'avg'] as const]) {
    aggregates[`${name}(${type})`] = {
      accumulate: floatAccumulator((state) => floatFinal(which, state)),
      skipsNull: true,
      split: { partial: [{ aggregate: 'shoal_float8_accum', type: Oid.text }], merge: ['shoal_float8_combine'], final: `shoal_float8_${which}` },
    };
  }
}

for (const [name, output] of regressionResults) {
  aggregates[`${name}(float8,float8)`] = {
    accumulate: regressionAccumulator(output),
    skipsNull: true,
    split: { partial: [{ aggregate: 'shoal_regr_accum', type: Oid.text }], merge: ['shoal_regr_combine'], final: `shoal_${name}` },
  };
}

export const statisticsAggregates: AggregateImplementations = {
  ...aggregates,
  'regr_count(float8,float8)': {
    accumulate: regressionAccumulator((state) => BigInt(state.n)),
    skipsNull: true,
    empty: 0n,
    split: { partial: [{ aggregate: 'regr_count', type: Oid.int8 }], merge: ['shoal_count_merge'] },
  },
  'avg(interval)': {
    accumulate: intervalSum((state) => intervalText(divideInterval(state.sum, state.count))),
    skipsNull: true,
    split: {
      partial: [
        { aggregate: 'sum', type: Oid.interval },
        { aggregate: 'count', type: Oid.int8 },
      ],
      merge: ['sum', 'shoal_count_merge'],
      final: 'shoal_avg_interval',
    },
  },
};

const own: OwnAggregate[] = [];
for (const [type, oid] of exactTypes) {
  const numeric = type === 'numeric';
  own.push(
    {
      name: 'shoal_sum_numeric',
      args: [oid],
      result: Oid.numeric,
      accumulate: numeric ? numericSum((sum) => formatNumeric(sum.value())) : integerSum((sum) => sum.toString()),
      skipsNull: true,
    },
    {
      name: 'shoal_sum_squares',
      args: [oid],
      result: Oid.numeric,
      accumulate: numeric
        ? numericSum(
            (sum) => formatNumeric(sum.value()),
            (value) => multiplyNumeric(value, value),
          )
        : integerSum(
            (sum) => sum.toString(),
            (value) => value * value,
          ),
      skipsNull: true,
    },
  );
}
for (const oid of [Oid.float4, Oid.float8]) {
  own.push({ name: 'shoal_float8_accum', args: [oid], result: Oid.text, accumulate: floatAccumulator((s) => writeState(s.n, s.sx, s.sxx)), skipsNull: true });
}
own.push(
  {
    name: 'shoal_float8_combine',
    args: [Oid.text],
    result: Oid.text,
    skipsNull: true,
    accumulate: {
      start: floatStart,
      step: (state, _, value) => {
        const [n, sx, sxx] = readState(value as string) as [number, number, number];
        return floatCombine(state as FloatState, { n, sx, sxx });
      },
      result: (state) => writeState((state as FloatState).n, (state as FloatState).sx, (state as FloatState).sxx),
    },
  },
  {
    name: 'shoal_regr_accum',
    args: [Oid.float8, Oid.float8],
    result: Oid.text,
    skipsNull: true,
    accumulate: regressionAccumulator((s) => writeState(s.n, s.sx, s.sxx, s.sy, s.syy, s.sxy)),
  },
  {
    name: 'shoal_regr_combine',
    args: [Oid.text],
    result: Oid.text,
    skipsNull: true,
    accumulate: {
      start: regressionStart,
      step: (state, _, value) => {
        const [n, sx, sxx, sy, syy, sxy] = readState(value as string) as [number, number, number, number, number, number];
        return regressionCombine(state as Regression, { n, sx, sxx, sy, syy, sxy });
      },
      result: (state) => {
        const s = state as Regression;
        return writeState(s.n, s.sx, s.sxx, s.sy, s.syy, s.sxy);
      },
    },
  },
);

export const statisticsOwnAggregates: readonly OwnAggregate[] = own;

/** Final kernels of the split forms. A merged count or state may be NULL when there was no row. */
const finals: OwnScalar[] = [
  {
    name: 'shoal_avg_int8',
    args: [Oid.int8, Oid.int8],
    result: Oid.numeric,
    strict: true,
    kernel: (_, sum, count) => (count === 0n ? null : average(bigintToNumeric(sum as bigint), count as bigint)),
  },
  {
    name: 'shoal_avg_numeric',
    args: [Oid.numeric, Oid.int8],
    result: Oid.numeric,
    strict: true,
    kernel: (_, sum, count) => (count === 0n ? null : average(parseNumeric(sum as string), count as bigint)),
  },
  {
    name: 'shoal_avg_interval',
    args: [Oid.interval, Oid.int8],
    result: Oid.interval,
    strict: true,
    kernel: (_, sum, count) => (count === 0n ? null : intervalText(divideInterval(intervalFromText(sum as string), Number(count)))),
  },
];
for (const which of ['var_pop', 'var_samp', 'stddev_pop', 'stddev_samp'] as const) {
  finals.push({
    name: `shoal_${which}`,
    args: [Oid.int8, Oid.numeric, Oid.numeric],
    result: Oid.numeric,
    strict: true,
    kernel: (_, count, sum, squares) => numericSpread(which, count as bigint, parseNumeric(sum as string), parseNumeric(squares as string)),
  });
}
for (const which of ['avg', 'var_pop', 'var_samp', 'stddev_pop', 'stddev_samp'] as const) {
  finals.push({
    name: `shoal_float8_${which}`,
    args: [Oid.text],
    result: Oid.float8,
    strict: true,
    kernel: (_, text) => {
      const [n, sx, sxx] = readState(text as string) as [number, number, number];
      return floatFinal(which, { n, sx, sxx });
    },
  });
}
for (const [name, output] of regressionResults) {
  finals.push({
    name: `shoal_${name}`,
    args: [Oid.text],
    result: Oid.float8,
    strict: true,
    kernel: (_, text) => {
      const [n, sx, sxx, sy, syy, sxy] = readState(text as string) as [number, number, number, number, number, number];
      return output({ n, sx, sxx, sy, syy, sxy });
    },
  });
}

export const statisticsFinals: readonly OwnScalar[] = finals;
