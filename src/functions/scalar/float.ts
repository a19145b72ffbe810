/**
 * float4 and float8 arithmetic, the float casts, and the mathematical functions over float8. C's results with PostgreSQL's errors: 22003 for overflow and underflow,
 * 22012 for division by zero, 2201E/2201F for logarithms and powers outside their domain.
 */
import { PgError } from '../../common/errors.js';
import type { Kernel, SpelledArgument } from '../function.js';
import { pure, type ScalarImplementation, type ScalarImplementations } from '../implementation.js';
import * as libm from '../libm.js';
import { bigintOutOfRange, divisionByZeroError, integerOutOfRange, smallintOutOfRange } from './integer.js';

function overflow(): PgError {
  return new PgError('22003', 'value out of range: overflow');
}
function underflow(): PgError {
  return new PgError('22003', 'value out of range: underflow');
}
function outOfRange(): PgError {
  return new PgError('22003', 'input is out of range');
}

const isInfinite = (value: number): boolean => value === Infinity || value === -Infinity;

export type Operation = 'pl' | 'mi' | 'mul' | 'div';

export function operate(operation: Operation, single: boolean): (a: number, b: number) => number {
  const cut = single ? Math.fround : (value: number): number => value;
  switch (operation) {
    case 'pl':
      return (a, b) => {
        const value = cut(a + b);
        if (isInfinite(value) && !isInfinite(a) && !isInfinite(b)) throw overflow();
        return value;
      };
    case 'mi':
      return (a, b) => {
        const value = cut(a - b);
        if (isInfinite(value) && !isInfinite(a) && !isInfinite(b)) throw overflow();
        return value;
      };
    case 'mul':
      return (a, b) => {
        const value = cut(a * b);
        if (isInfinite(value) && !isInfinite(a) && !isInfinite(b)) throw overflow();
        if (value === 0 && a !== 0 && b !== 0) throw underflow();
        return value;
      };
    case 'div':
      return (a, b) => {
        if (b === 0 && a === a) throw divisionByZeroError();
        const value = cut(a / b);
        if (isInfinite(value) && !isInfinite(a)) throw overflow();
        if (value === 0 && a !== 0 && !isInfinite(b)) throw underflow();
        return value;
      };
  }
}

const finiteRange = 'BETWEEN -1.7976931348623157e308 AND 1.7976931348623157e308';
const signs: Readonly<Record<Operation, string>> = { pl: '+', mi: '-', mul: '*', div: '/' };

/** Finite operands and a finite (for * and /: not zero) result are native; NaN (TEXT), infinities and errors go to the kernel. */
function spell(operation: Operation): NonNullable<ScalarImplementation['sqlite']> {
  const sign = signs[operation];
  return ([left, right]: readonly SpelledArgument[], kernel) => {
    if (left?.simple !== true || right?.simple !== true) return undefined;
    const value = `${left.text} ${sign} ${right.text}`;
    const call = `${kernel}(${left.text}, ${right.text})`;
    const notZero = operation === 'pl' || operation === 'mi' ? '' : ` AND ${value} <> 0`;
    return `(CASE WHEN ${left.text} ${finiteRange} AND ${right.text} ${finiteRange} AND ${value} ${finiteRange}${notZero} THEN ${value} ELSE ${call} END)`;
  };
}

const implementations: Record<string, ScalarImplementation> = {};
for (const operation of ['pl', 'mi', 'mul', 'div'] as const) {
  for (const pair of ['4', '8', '48', '84']) {
    const compute = operate(operation, pair === '4');
    implementations[`float${pair}${operation}`] = {
      kernel: (_, a, b) => compute(a as number, b as number),
      ...(pair === '4' ? {} : { sqlite: spell(operation) }),
    };
  }
}

/** A float as an integer type: rounded half to even, 22003 outside. */
function toInteger(min: number, max: number, error: () => PgError): Kernel {
  return (_, a) => {
    const rounded = roundEven(a as number);
    if (!(rounded >= min && rounded <= max)) throw error();
    return rounded + 0;
  };
}

/** C's rint. */
export function roundEven(value: number): number {
  if (!Number.isFinite(value) || Math.abs(value) >= 4503599627370496) return value;
  const floor = Math.floor(value);
  const difference = value - floor;
  if (difference < 0.5) return floor === 0 && value < 0 ? -0 : floor;
  if (difference > 0.5) return floor === -1 ? -0 : floor + 1;
  const even = floor % 2 === 0 ? floor : floor + 1;
  return even === 0 && value < 0 ? -0 : even;
}

const toBigint: Kernel = (_, a) => {
  const rounded = roundEven(a as number);
  if (!(rounded >= -9223372036854775808 && rounded < 9223372036854775808)) throw bigintOutOfRange();
  return BigInt(rounded);
};

function toSingle(value: number): number {
  const single = Math.fround(value);
  if (isInfinite(single) && !isInfinite(value)) throw overflow();
  if (single === 0 && value !== 0) throw underflow();
  return single;
}

/** A function of one float8 with overflow check of its result. */
function checked(compute: (value: number) => number): { readonly kernel: Kernel } {
  return pure((value: number) => {
    const result = compute(value);
    if (isInfinite(result) && !isInfinite(value)) throw overflow();
    return result;
  });
}

function logarithm(compute: (value: number) => number): { readonly kernel: Kernel } {
  return pure((value: number) => {
    if (value === 0) throw new PgError('2201E', 'cannot take logarithm of zero');
    if (value < 0) throw new PgError('2201E', 'cannot take logarithm of a negative number');
    return Number.isFinite(value) ? compute(value) : value;
  });
}

/** Squares and the like are exact either way; infinities are left to JavaScript, which has C99's cases. */
function powerWithLibrary(base: number, exponent: number): number {
  if (exponent === 2) return base * base;
  if (exponent === 1 || exponent === 0 || !Number.isFinite(base)) return Math.pow(base, exponent);
  return libm.power(base, exponent);
}

/** float8 power with SQL's and C99's special cases. */
function powerOfFloats(base: number, exponent: number): number {
  if (base !== base) return exponent === 0 ? 1 : NaN;
  if (exponent !== exponent) return base === 1 ? 1 : NaN;
  if (base === 0 && exponent < 0) throw new PgError('2201F', 'zero raised to a negative power is undefined');
  if (base < 0 && Math.floor(exponent) !== exponent) {
    throw new PgError('2201F', 'a negative number raised to a non-integer power yields a complex result');
  }
  if (isInfinite(exponent)) {
    const size = Math.abs(base);
    if (size === 1) return 1;
    if (exponent > 0) return size > 1 ? Infinity : 0;
    return size > 1 ? 0 : Infinity;
  }
  const result = powerWithLibrary(base, exponent);
  if (isInfinite(base)) return result;
  if (isInfinite(result)) throw overflow();
  if (result === 0 && base !== 0) throw underflow();
  return result;
}

function trigonometric(compute: (value: number) => number): { readonly kernel: Kernel } {
  return pure((value: number) => {
    if (value !== value) return NaN;
    if (isInfinite(value)) throw outOfRange();
    return compute(value);
  });
}

function inverse(compute: (value: number) => number): { readonly kernel: Kernel } {
  return pure((value: number) => {
    if (value !== value) return NaN;
    if (value < -1 || value > 1) throw outOfRange();
    return compute(value);
  });
}

function hyperbolic(compute: (value: number) => number, special: (value: number) => number): { readonly kernel: Kernel } {
  return pure((value: number) => (Number.isFinite(value) ? compute(value) : special(value)));
}

// Degree functions: exact at the multiples of 30 and 45 degrees, as PostgreSQL's are, by scaling with the library's own values there.
const radiansPerDegree = 0.017453292519943295;
const sinThirty = Math.sin(30 * radiansPerDegree);
const oneMinusCosSixty = 1 - Math.cos(60 * radiansPerDegree);
const asinHalf = Math.asin(0.5);
const acosHalf = Math.acos(0.5);
const atanOne = Math.atan(1);
const sindFirst = (x: number): number => Math.sin(x * radiansPerDegree) / sinThirty / 2;
const cosdFirst = (x: number): number => 1 - (1 - Math.cos(x * radiansPerDegree)) / oneMinusCosSixty / 2;
const sindQuadrant = (x: number): number => (x <= 30 ? sindFirst(x) : cosdFirst(90 - x));
const cosdQuadrant = (x: number): number => (x <= 60 ? cosdFirst(x) : sindFirst(90 - x));
const tanFortyFive = sindQuadrant(45) / cosdQuadrant(45);
const cotFortyFive = cosdQuadrant(45) / sindQuadrant(45);

function sind(value: number): number {
  let angle = value % 360;
  let sign = 1;
  if (angle < 0) {
    angle = -angle;
    sign = -sign;
  }
  if (angle > 180) {
    angle = 360 - angle;
    sign = -sign;
  }
  if (angle > 90) angle = 180 - angle;
  return sign * sindQuadrant(angle);
}
function cosd(value: number): number {
  let angle = Math.abs(value % 360);
  let sign = 1;
  if (angle > 180) angle = 360 - angle;
  if (angle > 90) {
    angle = 180 - angle;
    sign = -sign;
  }
  return sign * cosdQuadrant(angle);
}
/** Folds an angle into the first quadrant for tangent-like functions. */
function folded(value: number): { angle: number; sign: number } {
  let angle = value % 360;
  let sign = 1;
  if (angle < 0) {
    angle = -angle;
    sign = -sign;
  }
  if (angle > 180) {
    angle = 360 - angle;
    sign = -sign;
  }
  if (angle > 90) {
    angle = 180 - angle;
    sign = -sign;
  }
  return { angle, sign };
}
function tand(value: number): number {
  const { angle, sign } = folded(value);
  const ratio = sindQuadrant(angle) / cosdQuadrant(angle);
  const result = sign * (ratio / tanFortyFive);
  return result === 0 ? 0 : result;
}
function cotd(value: number): number {
  const { angle, sign } = folded(value);
  const ratio = cosdQuadrant(angle) / sindQuadrant(angle);
  const result = sign * (ratio / cotFortyFive);
  return result === 0 ? 0 : result;
}
const asindQuadrant = (x: number): number => (x <= 0.5 ? (Math.asin(x) / asinHalf) * 30 : 90 - (Math.acos(x) / acosHalf) * 60);
const acosdQuadrant = (x: number): number => (x <= 0.5 ? 90 - (Math.asin(x) / asinHalf) * 30 : (Math.acos(x) / acosHalf) * 60);

/** The bucket of an operand in equal parts between two bounds. */
function widthBucket(operand: number, low: number, high: number, count: number): number {
  if (count <= 0) throw new PgError('2201G', 'count must be greater than zero');
  if (operand !== operand || low !== low || high !== high) throw new PgError('2201G', 'operand, lower bound, and upper bound cannot be NaN');
  if (isInfinite(low) || isInfinite(high)) throw new PgError('2201G', 'lower and upper bounds must be finite');
  let result: number;
  if (low < high) {
    if (operand < low) return 0;
    if (operand >= high) result = count + 1;
    else if (!isInfinite(high - low)) result = Math.trunc(count * ((operand - low) / (high - low)));
    else result = Math.trunc(count * ((operand / 2 - low / 2) / (high / 2 - low / 2)));
    if (operand < high) result = Math.min(result, count - 1) + 1;
  } else if (low > high) {
    if (operand > low) return 0;
    if (operand <= high) result = count + 1;
    else if (!isInfinite(low - high)) result = Math.trunc(count * ((low - operand) / (low - high)));
    else result = Math.trunc(count * ((low / 2 - operand / 2) / (low / 2 - high / 2)));
    if (operand > high) result = Math.min(result, count - 1) + 1;
  } else {
    throw new PgError('2201G', 'lower bound cannot equal upper bound');
  }
  if (result > 2147483647) throw integerOutOfRange();
  return result;
}

/** The session's random sequence after setseed(): xorshift128+ over 64-bit words. One per thread and seed, since SQL functions have no other home for state. */
let seeded: [bigint, bigint] | undefined;
const mask = (1n << 64n) - 1n;
function nextRandom(): number {
  if (seeded === undefined) return Math.random();
  let [a, b] = seeded;
  a ^= (a << 23n) & mask;
  a = a ^ b ^ (a >> 17n) ^ (b >> 26n);
  seeded = [b, a];
  b = (a + b) & mask;
  return Number(b >> 11n) / 9007199254740992;
}

/** A C function of SQLite for arguments between two bounds; NaN (TEXT) and the others go to the kernel. */
function nativeBetween(name: string, low: string, high: string): NonNullable<ScalarImplementation['sqlite']> {
  return ([value], kernel) =>
    value?.simple === true ? `(CASE WHEN ${value.text} BETWEEN ${low} AND ${high} THEN ${name}(${value.text}) ELSE ${kernel}(${value.text}) END)` : undefined;
}
const greatest = '1.7976931348623157e308';

/** Positive bases with a result well within the range. */
const nativePower: NonNullable<ScalarImplementation['sqlite']> = ([base, exponent], kernel) => {
  if (base?.simple !== true || exponent?.simple !== true) return undefined;
  const call = `(${base.text}, ${exponent.text})`;
  return `(CASE WHEN ${base.text} BETWEEN 1e-300 AND ${greatest} AND ${exponent.text} BETWEEN -1e300 AND 1e300 AND pow${call} BETWEEN 1e-300 AND 1e300 THEN pow${call} ELSE ${kernel}${call} END)`;
};

const real: NonNullable<ScalarImplementation['sqlite']> = ([value]) => (value === undefined ? undefined : `CAST(${value.text} AS REAL)`);
const same: NonNullable<ScalarImplementation['sqlite']> = ([value]) => value?.text;

export const floatFunctions: ScalarImplementations = {
  ...implementations,
  float4um: pure((a: number) => -a),
  float8um: pure((a: number) => -a),
  float4up: { kernel: (_, a) => a, sqlite: same },
  float8up: { kernel: (_, a) => a, sqlite: same },
  float4abs: pure((a: number) => Math.abs(a)),
  float8abs: { ...pure((a: number) => Math.abs(a)), sqlite: nativeBetween('abs', `-${greatest}`, greatest) },
  ftod: { kernel: (_, a) => a, sqlite: same },
  dtof: pure(toSingle),
  i2tod: { kernel: (_, a) => a, sqlite: real },
  i4tod: { kernel: (_, a) => a, sqlite: real },
  i8tod: { kernel: (_, a) => Number(a), sqlite: real },
  i2tof: { kernel: (_, a) => a, sqlite: real },
  i4tof: { kernel: (_, a) => Math.fround(a as number) },
  i8tof: { kernel: (_, a) => bigintToSingle(a as bigint) },
  dtoi2: { kernel: toInteger(-32768, 32767, smallintOutOfRange) },
  ftoi2: { kernel: toInteger(-32768, 32767, smallintOutOfRange) },
  dtoi4: { kernel: toInteger(-2147483648, 2147483647, integerOutOfRange) },
  ftoi4: { kernel: toInteger(-2147483648, 2147483647, integerOutOfRange) },
  dtoi8: { kernel: toBigint },
  ftoi8: { kernel: toBigint },
  dround: pure(roundEven),
  dtrunc: { ...pure((a: number) => Math.trunc(a)), sqlite: nativeBetween('trunc', `-${greatest}`, greatest) },
  dceil: { ...pure((a: number) => Math.ceil(a)), sqlite: nativeBetween('ceil', `-${greatest}`, greatest) },
  dfloor: { ...pure((a: number) => Math.floor(a)), sqlite: nativeBetween('floor', `-${greatest}`, greatest) },
  dsign: pure((a: number) => (a > 0 ? 1 : a < 0 ? -1 : 0)),
  dsqrt: {
    ...pure((a: number) => {
      if (a < 0) throw new PgError('2201F', 'cannot take square root of a negative number');
      return Math.sqrt(a);
    }),
    sqlite: nativeBetween('sqrt', '0', greatest),
  },
  dcbrt: pure((a: number) => Math.cbrt(a)),
  dpow: { ...pure(powerOfFloats), sqlite: nativePower },
  dexp: {
    ...pure((a: number) => {
      const result = Number.isFinite(a) ? libm.exponential(a) : Math.exp(a);
      if (isInfinite(result) && !isInfinite(a)) throw overflow();
      if (result === 0 && !isInfinite(a)) throw underflow();
      return result;
    }),
    sqlite: nativeBetween('exp', '-700', '700'),
  },
  dlog1: { ...logarithm(libm.naturalLogarithm), sqlite: nativeBetween('ln', '1e-307', greatest) },
  dlog10: { ...logarithm(libm.decimalLogarithm), sqlite: nativeBetween('log10', '1e-307', greatest) },
  dpi: pure(() => Math.PI),
  degrees: checked((a) => a / radiansPerDegree),
  radians: checked((a) => a * radiansPerDegree),
  dsin: trigonometric(libm.sine),
  dcos: trigonometric(libm.cosine),
  dtan: trigonometric(libm.tangent),
  dcot: trigonometric((a) => 1 / libm.tangent(a)),
  dasin: inverse(libm.arcSine),
  dacos: inverse(libm.arcCosine),
  datan: pure((a: number) => (a !== a ? NaN : libm.arcTangent(a))),
  datan2: pure((a: number, b: number) => Math.atan2(a, b)),
  dsinh: hyperbolic(libm.hyperbolicSine, Math.sinh),
  dcosh: hyperbolic(libm.hyperbolicCosine, Math.cosh),
  dtanh: hyperbolic(libm.hyperbolicTangent, Math.tanh),
  dasinh: hyperbolic(libm.areaSine, Math.asinh),
  dacosh: pure((a: number) => {
    if (a < 1) throw outOfRange();
    return Number.isFinite(a) ? libm.areaCosine(a) : a;
  }),
  datanh: pure((a: number) => {
    if (a < -1 || a > 1) throw outOfRange();
    return Number.isFinite(a) && Math.abs(a) !== 1 ? libm.areaTangent(a) : Math.atanh(a);
  }),
  dsind: trigonometric(sind),
  dcosd: trigonometric(cosd),
  dtand: trigonometric(tand),
  dcotd: trigonometric(cotd),
  dasind: inverse((a) => (a >= 0 ? asindQuadrant(a) : -asindQuadrant(-a))),
  dacosd: inverse((a) => (a >= 0 ? acosdQuadrant(a) : 90 + asindQuadrant(-a))),
  datand: pure((a: number) => (Math.atan(a) / atanOne) * 45),
  datan2d: pure((a: number, b: number) => (Math.atan2(a, b) / atanOne) * 45),
  width_bucket_float8: pure(widthBucket),
  drandom: pure(() => nextRandom()),
  setseed: pure((seed: number) => {
    if (!(seed >= -1 && seed <= 1)) throw new PgError('22023', `setseed parameter ${String(seed)} is out of allowed range [-1,1]`);
    const view = new DataView(new ArrayBuffer(8));
    view.setFloat64(0, seed);
    const bits = view.getBigUint64(0);
    seeded = [(bits * 0x9e3779b97f4a7c15n + 0x632be59bd9b4e019n) & mask, ((bits ^ 0xd1342543de82ef95n) * 0xda942042e4dd58b5n + 1n) & mask];
    return '';
  }),
};

/** int8 to float4 with one rounding. */
function bigintToSingle(value: bigint): number {
  const double = Number(value);
  const single = Math.fround(double);
  if (BigInt(double) === value) return single;
  // The first rounding went to a tie between two singles: decide by the discarded part.
  const exact = BigInt(single);
  const other = Math.fround(single + (value > exact ? 1 : -1) * Math.abs(single) * 1.1920929e-7);
  const otherExact = BigInt(other);
  const distance = (x: bigint): bigint => (x > value ? x - value : value - x);
  return distance(otherExact) < distance(exact) ? other : single;
}

/** float8's arithmetic with its errors, for computation with coordinates. */
export const floatSum = operate('pl', false);
export const floatDifference = operate('mi', false);
export const floatProduct = operate('mul', false);
export const floatQuotient = operate('div', false);
