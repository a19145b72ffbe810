/** numeric arithmetic, mathematics and casts: kernels over general numeric text; the arithmetic itself is types/numeric. */
import { PgError } from '../../common/errors.js';
import {
  absNumeric,
  addNumeric,
  bigintToNumeric,
  ceilNumeric,
  compareNumeric,
  divideNumeric,
  divideTruncNumeric,
  finite,
  floorNumeric,
  formatNumeric,
  isFiniteNumeric,
  moduloNumeric,
  multiplyNumeric,
  negateNumeric,
  type Numeric,
  numberToNumeric,
  numericNaN,
  numericToNumber,
  parseNumeric,
  rescale,
  roundNumeric,
  signNumeric,
  subtractNumeric,
  trimScaleNumeric,
  truncNumeric,
} from '../../types/numeric.js';
import { expNumeric, lnNumeric, logNumeric, powerNumeric, sqrtNumeric } from '../../types/numeric-transcendental.js';
import type { Kernel } from '../function.js';
import { pure, type ScalarImplementation, type ScalarImplementations } from '../implementation.js';
import { bigintOutOfRange, integerOutOfRange, smallintOutOfRange } from './integer.js';

const unary = (compute: (value: Numeric) => Numeric): ScalarImplementation => ({ kernel: (_, a) => formatNumeric(compute(parseNumeric(a as string))) });

const binary = (compute: (left: Numeric, right: Numeric) => Numeric): ScalarImplementation => ({
  kernel: (_, a, b) => formatNumeric(compute(parseNumeric(a as string), parseNumeric(b as string))),
});

const same: Kernel = (_, a) => a;

/** numeric to an integer type: rounded half away from zero; `typeName` is for NaN and infinity. */
function toInteger(typeName: string, min: bigint, max: bigint, error: () => PgError): (text: string) => bigint {
  return (text) => {
    const value = parseNumeric(text);
    if (value.kind === 'nan') throw new PgError('0A000', `cannot convert NaN to ${typeName}`);
    if (!isFiniteNumeric(value)) throw new PgError('0A000', `cannot convert infinity to ${typeName}`);
    const rounded = roundNumeric(value, 0).coefficient;
    if (rounded < min || rounded > max) throw error();
    return rounded;
  };
}

const toInt2 = toInteger('smallint', -32768n, 32767n, smallintOutOfRange);
const toInt4 = toInteger('integer', -2147483648n, 2147483647n, integerOutOfRange);
const toInt8 = toInteger('bigint', -(2n ** 63n), 2n ** 63n - 1n, bigintOutOfRange);

/** numeric to float4 through its text, as PostgreSQL does. */
/** A numeric as a float, read from its text: what overflows, and what is not zero but would be, is 22003. */
function toFloat(text: string, typeName: string, round: (value: number) => number): number {
  const parsed = parseNumeric(text);
  const value = round(numericToNumber(parsed));
  if (parsed.kind === 'finite' && (!Number.isFinite(value) || (value === 0 && parsed.coefficient !== 0n)))
    throw new PgError('22003', `"${text}" is out of range for type ${typeName}`);
  return value;
}

const toFloat4 = (text: string): number => toFloat(text, 'real', Math.fround);
const toFloat8 = (text: string): number => toFloat(text, 'double precision', (value) => value);

function gcd(left: Numeric, right: Numeric): Numeric {
  if (left.kind === 'nan' || right.kind === 'nan' || !isFiniteNumeric(left) || !isFiniteNumeric(right)) return numericNaN;
  const scale = Math.max(left.scale, right.scale);
  let a = rescale(left.coefficient, left.scale, scale);
  let b = rescale(right.coefficient, right.scale, scale);
  if (a < 0n) a = -a;
  if (b < 0n) b = -b;
  while (b !== 0n) [a, b] = [b, a % b];
  return finite(a, scale);
}

function lcm(left: Numeric, right: Numeric): Numeric {
  const divisor = gcd(left, right);
  if (divisor.kind === 'nan') return divisor;
  if (divisor.coefficient === 0n || left.coefficient === 0n || right.coefficient === 0n) return finite(0n, divisor.scale);
  const scale = divisor.scale;
  const a = rescale(left.coefficient, left.scale, scale);
  const b = rescale(right.coefficient, right.scale, scale);
  const value = (a / divisor.coefficient) * b;
  return finite(value < 0n ? -value : value, scale);
}

function factorial(count: bigint): string {
  if (count < 0n) throw new PgError('22003', 'factorial of a negative number is undefined');
  if (count > 32177n) throw new PgError('22003', 'value overflows numeric format');
  let product = 1n;
  for (let factor = 2n; factor <= count; factor++) product *= factor;
  return product.toString();
}

function minScale(text: string): number | null {
  const value = parseNumeric(text);
  return isFiniteNumeric(value) ? trimScaleNumeric(value).scale : null;
}

function widthBucket(operandText: string, lowText: string, highText: string, count: number): number {
  if (count <= 0) throw new PgError('2201G', 'count must be greater than zero');
  const operand = parseNumeric(operandText);
  const low = parseNumeric(lowText);
  const high = parseNumeric(highText);
  if (operand.kind === 'nan' || low.kind === 'nan' || high.kind === 'nan') throw new PgError('2201G', 'operand, lower bound, and upper bound cannot be NaN');
  if (!isFiniteNumeric(low) || !isFiniteNumeric(high)) throw new PgError('2201G', 'lower and upper bounds must be finite');
  const order = compareNumeric(low, high);
  if (order === 0) throw new PgError('2201G', 'lower bound cannot equal upper bound');
  const inside = order < 0 ? compareNumeric(operand, low) >= 0 : compareNumeric(operand, low) <= 0;
  if (!inside) return 0;
  const beyond = order < 0 ? compareNumeric(operand, high) >= 0 : compareNumeric(operand, high) <= 0;
  if (beyond) {
    if (count === 2147483647) throw integerOutOfRange();
    return count + 1;
  }
  const scale = Math.max(operand.scale, low.scale, high.scale);
  const distance = rescale(operand.coefficient, operand.scale, scale) - rescale(low.coefficient, low.scale, scale);
  const width = rescale(high.coefficient, high.scale, scale) - rescale(low.coefficient, low.scale, scale);
  return Number((distance * BigInt(count)) / width) + 1;
}

const roundTo: Kernel = (_, a, b) => formatNumeric(roundNumeric(parseNumeric(a as string), Math.max(-2000, Math.min(2000, b as number))));

/** Floats whose logarithm or square root is asked for as numeric are casts first: numeric_ln and so on see numeric only. */
export const numericFunctions: ScalarImplementations = {
  numeric_add: binary(addNumeric),
  numeric_sub: binary(subtractNumeric),
  numeric_mul: binary(multiplyNumeric),
  numeric_div: binary(divideNumeric),
  numeric_div_trunc: binary(divideTruncNumeric),
  numeric_mod: binary(moduloNumeric),
  numeric_uminus: unary(negateNumeric),
  numeric_uplus: { kernel: same, sqlite: ([value]) => value?.text },
  numeric_abs: unary(absNumeric),
  numeric_sign: unary(signNumeric),
  numeric_ceil: unary(ceilNumeric),
  numeric_floor: unary(floorNumeric),
  numeric_sqrt: unary(sqrtNumeric),
  numeric_exp: unary(expNumeric),
  numeric_ln: unary(lnNumeric),
  numeric_log: binary(logNumeric),
  numeric_power: binary(powerNumeric),
  log_1741: unary((value) => logNumeric(bigintToNumeric(10), value)),
  log10_1481: unary((value) => logNumeric(bigintToNumeric(10), value)),
  numeric_round: { kernel: roundTo },
  round_1708: unary((value) => roundNumeric(value, 0)),
  numeric_trunc: { kernel: (_, a, b) => formatNumeric(truncNumeric(parseNumeric(a as string), Math.max(-2000, Math.min(2000, b as number)))) },
  trunc_1710: unary((value) => truncNumeric(value, 0)),
  numeric_inc: unary((value) => addNumeric(value, bigintToNumeric(1))),
  numeric_gcd: binary(gcd),
  numeric_lcm: binary(lcm),
  numeric_fac: pure((count: bigint) => factorial(count)),
  numeric_scale: pure((text: string) => {
    const value = parseNumeric(text);
    return isFiniteNumeric(value) ? value.scale : null;
  }),
  numeric_min_scale: pure(minScale),
  numeric_trim_scale: unary(trimScaleNumeric),
  width_bucket_numeric: pure(widthBucket),
  numeric_int2: pure((text: string) => Number(toInt2(text))),
  numeric_int4: pure((text: string) => Number(toInt4(text))),
  numeric_int8: pure(toInt8),
  numeric_float4: pure(toFloat4),
  numeric_float8: pure(toFloat8),
  int2_numeric: pure((value: number) => String(value)),
  int4_numeric: pure((value: number) => String(value)),
  int8_numeric: pure((value: bigint) => value.toString()),
  float4_numeric: pure((value: number) => formatNumeric(numberToNumeric(value, 6))),
  float8_numeric: pure((value: number) => formatNumeric(numberToNumeric(value, 15))),
  numeric_larger: binary((left, right) => (compareNumeric(left, right) > 0 ? left : right)),
  numeric_smaller: binary((left, right) => (compareNumeric(left, right) < 0 ? left : right)),
};
