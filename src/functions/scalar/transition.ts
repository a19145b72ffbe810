/** The steps and finals of the statistical aggregates over float8 as functions over their state, which is an array: float8_accum, float8_combine, float8_regr_*. */
import { PgError } from '../../common/errors.js';
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

const implementations: Record<string, ScalarImplementation> = {
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
