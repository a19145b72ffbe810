/**
 * The steps and finals of aggregates as functions over their state, which is an array: float8_accum, float8_combine, float8_regr_*, int4_avg_accum. CREATE AGGREGATE
 * names them.
 */
import { PgError } from '../../common/errors.js';
import { divideNumeric, formatNumeric, parseNumeric } from '../../types/numeric.js';
import { Oid } from '../../types/registry.js';
import {
  type FloatState,
  floatCombine,
  floatFinal,
  floatStep,
  type Regression,
  regressionCombine,
  regressionResults,
  regressionStep,
} from '../aggregate/statistics.js';
import { buildArray, parseArray } from '../array-value.js';

import type { KernelValue } from '../function.js';
import { pure, type ScalarImplementation, type ScalarImplementations } from '../implementation.js';
import { checkInt8 } from './integer.js';

function read(text: string, length: number, name: string): number[] {
  const { elements, dimensions } = parseArray(text);
  if (dimensions.length !== 1 || elements.length !== length || elements.includes(null))
    throw new PgError('XX000', `${name}: expected ${String(length)}-element float8 array`);
  return elements.map(Number);
}

const write = (...numbers: readonly number[]): string => buildArray(Oid.float8, numbers);

function floatState(text: string, name: string): FloatState {
  const [n, sx, sxx] = read(text, 3, name) as [number, number, number];
  return { n, sx, sxx };
}

function regressionState(text: string, name: string): Regression {
  const [n, sx, sxx, sy, syy, sxy] = read(text, 6, name) as [number, number, number, number, number, number];
  return { n, sx, sxx, sy, syy, sxy };
}

const writeFloats = ({ n, sx, sxx }: FloatState): string => write(n, sx, sxx);
const writeRegression = ({ n, sx, sxx, sy, syy, sxy }: Regression): string => write(n, sx, sxx, sy, syy, sxy);

/** State of averages and moving sums of integers: how many, and their sum. */
function integerState(text: string): readonly [bigint, bigint] {
  const { elements, dimensions } = parseArray(text);
  if (dimensions.length !== 1 || elements.length !== 2 || elements.includes(null)) throw new PgError('XX000', 'expected 2-element int8 array');
  return [BigInt(elements[0] ?? 0), BigInt(elements[1] ?? 0)];
}

const writeIntegers = (count: bigint, sum: bigint): string => buildArray(Oid.int8, [count, sum]);

/** One more value, or (`by` -1) one that leaves. */
function integerStep(text: string, value: number, by: bigint): string {
  const [count, sum] = integerState(text);
  return writeIntegers(count + by, sum + by * BigInt(value));
}

function integerCombine(left: string, right: string): string {
  const [a, b] = [integerState(left), integerState(right)];
  return writeIntegers(a[0] + b[0], a[1] + b[1]);
}

/** Not strict: the first value is the state. */
function integerSum(state: bigint | null, value: number | null): bigint | null {
  if (state === null) return value === null ? null : BigInt(value);
  return value === null ? state : checkInt8(state + BigInt(value));
}

function integerAverage(state: string): KernelValue {
  const [count, sum] = integerState(state);
  return count === 0n ? null : formatNumeric(divideNumeric(parseNumeric(String(sum)), parseNumeric(String(count))));
}

const implementations: Record<string, ScalarImplementation> = {
  int2_sum: pure(integerSum),
  int4_sum: pure(integerSum),
  int2_avg_accum: pure((state: string, value: number) => integerStep(state, value, 1n)),
  int4_avg_accum: pure((state: string, value: number) => integerStep(state, value, 1n)),
  int2_avg_accum_inv: pure((state: string, value: number) => integerStep(state, value, -1n)),
  int4_avg_accum_inv: pure((state: string, value: number) => integerStep(state, value, -1n)),
  int4_avg_combine: pure(integerCombine),
  int8_avg: pure(integerAverage),
  int2int4_sum: pure((state: string): KernelValue => {
    const [count, sum] = integerState(state);
    return count === 0n ? null : sum;
  }),
  float4_accum: pure((state: string, value: number) => writeFloats(floatStep(floatState(state, 'float4_accum'), value))),
  float8_accum: pure((state: string, value: number) => writeFloats(floatStep(floatState(state, 'float8_accum'), value))),
  float8_combine: pure((a: string, b: string) => writeFloats(floatCombine(floatState(a, 'float8_combine'), floatState(b, 'float8_combine')))),
  float8_regr_accum: pure((state: string, y: number, x: number) => writeRegression(regressionStep(regressionState(state, 'float8_regr_accum'), y, x))),
  float8_regr_combine: pure((a: string, b: string) =>
    writeRegression(regressionCombine(regressionState(a, 'float8_regr_combine'), regressionState(b, 'float8_regr_combine'))),
  ),
};
for (const which of ['avg', 'var_pop', 'var_samp', 'stddev_pop', 'stddev_samp'] as const) {
  const name = `float8_${which}`;
  implementations[name] = pure((state: string): KernelValue => floatFinal(which, floatState(state, name)));
}
for (const [which, result] of regressionResults) {
  const name = `float8_${which}`;
  implementations[name] = pure((state: string): KernelValue => result(regressionState(state, name)));
}

export const transitionFunctions: ScalarImplementations = implementations;
