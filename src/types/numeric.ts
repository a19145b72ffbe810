/**
 * Exact decimal arithmetic with PostgreSQL's result scales and roundings. Used by the numeric codec, the function kernels and constant folding.
 * A value is a coefficient and a display scale, as numeric.c's NumericVar. sqrt, exp, ln, log and power are in numeric-transcendental.ts.
 */
import { PgError } from '../common/errors.js';
import { invalidInput, trimSpace } from './binary.js';
import { toSignificant } from './float.js';

/** An immutable numeric: for `finite` the value is coefficient / 10^scale; `scale` is the number of digits shown after the point. */
export interface Numeric {
  readonly kind: 'finite' | 'nan' | 'inf' | '-inf';
  readonly coefficient: bigint;
  readonly scale: number;
}

export const numericNaN: Numeric = { kind: 'nan', coefficient: 0n, scale: 0 };
export const numericInfinity: Numeric = { kind: 'inf', coefficient: 0n, scale: 0 };
export const numericNegativeInfinity: Numeric = { kind: '-inf', coefficient: 0n, scale: 0 };

/** Digits after the point that a result may have at all, and that division and the transcendental functions choose at most and at least. */
const maxScale = 16_383;
export const maxDisplayScale = 1000;
export const minSignificantDigits = 16;
const maxResultScale = 2000;
/** Digits before the point (numeric.c's weight limit, 0x7fff groups of four). */
const maxIntegerDigits = 131_072;

const powers: bigint[] = [];
for (let n = 0; n < 40; n++) powers.push(10n ** BigInt(n));

export function powerOfTen(exponent: number): bigint {
  return powers[exponent] ?? 10n ** BigInt(exponent);
}

export function finite(coefficient: bigint, scale: number): Numeric {
  return { kind: 'finite', coefficient, scale };
}

export const numericZero: Numeric = finite(0n, 0);
export const numericOne: Numeric = finite(1n, 0);

export function numericOverflow(): PgError {
  return new PgError('22003', 'value overflows numeric format');
}

export function divisionByZero(): PgError {
  return new PgError('22012', 'division by zero');
}

/** Number of decimal digits of a coefficient without sign; 0 has none. */
export function digitCount(coefficient: bigint): number {
  if (coefficient === 0n) return 0;
  return (coefficient < 0n ? -coefficient : coefficient).toString().length;
}

/** Checked against the format's limits. */
export function limited(coefficient: bigint, scale: number): Numeric {
  if (scale > maxScale) return limited(rescale(coefficient, scale, maxScale), maxScale);
  // 2^435411 < 10^131072: only very long coefficients are counted.
  if (coefficient > longCoefficient || coefficient < longNegativeCoefficient) {
    if (digitCount(coefficient) - scale > maxIntegerDigits) throw numericOverflow();
  }
  return finite(coefficient, scale);
}
const longCoefficient = 1n << 400_000n;
/** (Negated once: that takes as long as a hundred ordinary operations.) */
const longNegativeCoefficient = -longCoefficient;

/** The coefficient for another scale, rounded half away from zero. */
export function rescale(coefficient: bigint, from: number, to: number): bigint {
  if (to >= from) return to === from ? coefficient : coefficient * powerOfTen(to - from);
  return divideRounded(coefficient, powerOfTen(from - to));
}

/** Quotient rounded half away from zero; the divisor is positive. */
export function divideRounded(dividend: bigint, divisor: bigint): bigint {
  const half = divisor / 2n;
  // An odd divisor has no exact half, and dividend + floor(half) is still right.
  return dividend < 0n ? -((-dividend + half) / divisor) : (dividend + half) / divisor;
}

/** Text input (numeric_in without typmod): 22P02 in PostgreSQL's words. */
export function parseNumeric(text: string): Numeric {
  const length = text.length;
  // The common case: up to 15 digits with at most one point.
  if (length > 0 && length <= 16) {
    const negative = text.charCodeAt(0) === 45;
    let value = 0;
    let point = -1;
    let at = negative ? 1 : 0;
    const from = at;
    for (; at < length; at++) {
      const code = text.charCodeAt(at);
      if (code >= 48 && code <= 57) value = value * 10 + (code - 48);
      else if (code === 46 && point < 0) point = at;
      else break;
    }
    if (at === length && value <= 9007199254740991 && length - from > (point < 0 ? 0 : 1)) {
      return finite(BigInt(negative ? 0 - value : value), point < 0 ? 0 : length - point - 1);
    }
  }
  return parseSlowly(text);
}

function parseSlowly(text: string): Numeric {
  const trimmed = trimSpace(text);
  const match = /^([+-]?)(?:(\d+)(?:\.(\d*))?|\.(\d+))(?:[eE]([+-]?\d+))?$/.exec(trimmed);
  if (match === null) {
    switch (trimmed.toLowerCase()) {
      case 'nan':
        return numericNaN;
      case 'infinity':
      case 'inf':
      case '+infinity':
      case '+inf':
        return numericInfinity;
      case '-infinity':
      case '-inf':
        return numericNegativeInfinity;
      default:
        throw invalidInput('numeric', text);
    }
  }
  const integer = match[2] ?? '';
  const fraction = match[3] ?? match[4] ?? '';
  const exponent = match[5] === undefined ? 0 : Number(match[5]);
  if (Math.abs(exponent) > 1_000_000) throw numericOverflow();
  let coefficient = BigInt(integer + fraction);
  let scale = fraction.length - exponent;
  if (integer.length + exponent > maxIntegerDigits + 16_383 && coefficient !== 0n) throw numericOverflow();
  if (scale < 0) {
    coefficient *= powerOfTen(-scale);
    scale = 0;
  }
  if (scale > maxScale) throw numericOverflow();
  return limited(match[1] === '-' ? -coefficient : coefficient, scale);
}

/** Text output: exactly PostgreSQL's. */
export function formatNumeric(value: Numeric): string {
  switch (value.kind) {
    case 'nan':
      return 'NaN';
    case 'inf':
      return 'Infinity';
    case '-inf':
      return '-Infinity';
    case 'finite':
      return pointed(value.coefficient.toString(), value.scale);
  }
}

/** Puts a decimal point into an integer's text, `scale` digits from its end. */
export function pointed(integer: string, scale: number): string {
  if (scale === 0) return integer;
  const negative = integer.charCodeAt(0) === 45;
  const digits = negative ? integer.slice(1) : integer;
  const sign = negative ? '-' : '';
  if (digits.length > scale) return `${sign}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`;
  return `${sign}0.${'0'.repeat(scale - digits.length)}${digits}`;
}

export function isFiniteNumeric(value: Numeric): boolean {
  return value.kind === 'finite';
}

/** -1, 0 or 1; NaN counts as 1 for callers that ask only about negative values. */
export function numericSignum(value: Numeric): -1 | 0 | 1 {
  switch (value.kind) {
    case 'finite':
      return value.coefficient === 0n ? 0 : value.coefficient < 0n ? -1 : 1;
    case '-inf':
      return -1;
    default:
      return 1;
  }
}

export function infinityOf(sign: number): Numeric {
  return sign < 0 ? numericNegativeInfinity : numericInfinity;
}

export function negateNumeric(value: Numeric): Numeric {
  switch (value.kind) {
    case 'finite':
      return finite(-value.coefficient, value.scale);
    case 'inf':
      return numericNegativeInfinity;
    case '-inf':
      return numericInfinity;
    case 'nan':
      return value;
  }
}

export function absNumeric(value: Numeric): Numeric {
  return value.kind === '-inf' || value.coefficient < 0n ? negateNumeric(value) : value;
}

/** sign(numeric). */
export function signNumeric(value: Numeric): Numeric {
  return value.kind === 'nan' ? value : finite(BigInt(numericSignum(value)), 0);
}

export function addNumeric(left: Numeric, right: Numeric): Numeric {
  if (left.kind !== 'finite' || right.kind !== 'finite') {
    if (left.kind === 'nan' || right.kind === 'nan') return numericNaN;
    if (left.kind === 'finite') return right;
    return right.kind === 'finite' || left.kind === right.kind ? left : numericNaN;
  }
  if (left.scale === right.scale) return limited(left.coefficient + right.coefficient, left.scale);
  return left.scale > right.scale
    ? limited(left.coefficient + right.coefficient * powerOfTen(left.scale - right.scale), left.scale)
    : limited(left.coefficient * powerOfTen(right.scale - left.scale) + right.coefficient, right.scale);
}

export function subtractNumeric(left: Numeric, right: Numeric): Numeric {
  return addNumeric(left, negateNumeric(right));
}

export function multiplyNumeric(left: Numeric, right: Numeric): Numeric {
  if (left.kind !== 'finite' || right.kind !== 'finite') {
    if (left.kind === 'nan' || right.kind === 'nan') return numericNaN;
    const sign = numericSignum(left) * numericSignum(right);
    return sign === 0 ? numericNaN : infinityOf(sign);
  }
  return limited(left.coefficient * right.coefficient, left.scale + right.scale);
}

/** numeric.c's idea of a value's size: the position of its first group of four digits, and that group. */
export function leadingGroup(value: Numeric): { readonly weight: number; readonly first: number; readonly digits: string } {
  const digits = (value.coefficient < 0n ? -value.coefficient : value.coefficient).toString();
  if (digits === '0') return { weight: 0, first: 0, digits: '' };
  const exponent = digits.length - value.scale - 1;
  const weight = Math.floor(exponent / 4);
  const width = exponent - weight * 4 + 1;
  return { weight, first: Number(digits.slice(0, width).padEnd(width, '0')), digits };
}

/** numeric.c's select_div_scale: at least 16 significant digits. */
function divisionScale(left: Numeric, right: Numeric): number {
  const a = leadingGroup(left);
  const b = leadingGroup(right);
  let weight = a.weight - b.weight;
  if (a.first <= b.first) weight--;
  return Math.min(Math.max(minSignificantDigits - weight * 4, left.scale, right.scale, 0), maxDisplayScale);
}

/** left / right to `scale` digits, rounded half away from zero; both finite, right not zero. */
export function divideToScale(left: Numeric, right: Numeric, scale: number): Numeric {
  const shift = scale + right.scale - left.scale;
  let dividend = left.coefficient;
  let divisor = right.coefficient;
  if (shift >= 0) dividend *= powerOfTen(shift);
  else divisor *= powerOfTen(-shift);
  if (divisor < 0n) {
    dividend = -dividend;
    divisor = -divisor;
  }
  return limited(divideRounded(dividend, divisor), scale);
}

export function divideNumeric(left: Numeric, right: Numeric): Numeric {
  if (left.kind !== 'finite' || right.kind !== 'finite') {
    if (left.kind === 'nan' || right.kind === 'nan') return numericNaN;
    if (left.kind === 'finite') return numericZero;
    if (right.kind !== 'finite') return numericNaN;
    if (right.coefficient === 0n) throw divisionByZero();
    return infinityOf(numericSignum(left) * numericSignum(right));
  }
  if (right.coefficient === 0n) throw divisionByZero();
  return divideToScale(left, right, divisionScale(left, right));
}

/** div(): the quotient truncated to an integer. */
export function divideTruncNumeric(left: Numeric, right: Numeric): Numeric {
  if (left.kind !== 'finite' || right.kind !== 'finite') return divideNumeric(left, right);
  if (right.coefficient === 0n) throw divisionByZero();
  const scale = Math.max(left.scale, right.scale);
  return finite(rescale(left.coefficient, left.scale, scale) / rescale(right.coefficient, right.scale, scale), 0);
}

/** %: the sign is the dividend's. */
export function moduloNumeric(left: Numeric, right: Numeric): Numeric {
  if (left.kind === 'nan' || right.kind === 'nan') return numericNaN;
  if (right.kind === 'finite' && right.coefficient === 0n) throw divisionByZero();
  if (left.kind !== 'finite') return numericNaN;
  if (right.kind !== 'finite') return left;
  const scale = Math.max(left.scale, right.scale);
  return finite(rescale(left.coefficient, left.scale, scale) % rescale(right.coefficient, right.scale, scale), scale);
}

/** round(value, scale); a negative scale rounds before the point. */
export function roundNumeric(value: Numeric, scale = 0): Numeric {
  if (value.kind !== 'finite') return value;
  const target = Math.min(Math.max(scale, -maxResultScale), maxResultScale);
  if (target >= 0) return finite(rescale(value.coefficient, value.scale, target), target);
  return finite(rescale(value.coefficient, value.scale, target) * powerOfTen(-target), 0);
}

/** trunc(value, scale). */
export function truncNumeric(value: Numeric, scale = 0): Numeric {
  if (value.kind !== 'finite') return value;
  const target = Math.min(Math.max(scale, -maxResultScale), maxResultScale);
  if (target >= value.scale) return finite(rescale(value.coefficient, value.scale, target), target);
  const cut = value.coefficient / powerOfTen(value.scale - target);
  return target >= 0 ? finite(cut, target) : finite(cut * powerOfTen(-target), 0);
}

export function ceilNumeric(value: Numeric): Numeric {
  if (value.kind !== 'finite') return value;
  const unit = powerOfTen(value.scale);
  const cut = value.coefficient / unit;
  return finite(value.coefficient > 0n && cut * unit !== value.coefficient ? cut + 1n : cut, 0);
}

export function floorNumeric(value: Numeric): Numeric {
  if (value.kind !== 'finite') return value;
  const unit = powerOfTen(value.scale);
  const cut = value.coefficient / unit;
  return finite(value.coefficient < 0n && cut * unit !== value.coefficient ? cut - 1n : cut, 0);
}

/** Without trailing zeros after the point. */
export function trimScaleNumeric(value: Numeric): Numeric {
  let { coefficient, scale } = value;
  while (scale > 0 && coefficient % 10n === 0n) {
    coefficient /= 10n;
    scale--;
  }
  return scale === value.scale ? value : finite(coefficient, scale);
}

/** Order: -Infinity, finite, Infinity, NaN; values that differ in scale only are equal. */
export function compareNumeric(left: Numeric, right: Numeric): -1 | 0 | 1 {
  if (left.kind !== 'finite' || right.kind !== 'finite') {
    const difference = kindRank[left.kind] - kindRank[right.kind];
    return difference < 0 ? -1 : difference > 0 ? 1 : 0;
  }
  let a = left.coefficient;
  let b = right.coefficient;
  if (left.scale < right.scale) a *= powerOfTen(right.scale - left.scale);
  else if (right.scale < left.scale) b *= powerOfTen(left.scale - right.scale);
  return a < b ? -1 : a > b ? 1 : 0;
}
const kindRank = { '-inf': 0, finite: 1, inf: 2, nan: 3 } as const;

/** The nearest float64. */
export function numericToNumber(value: Numeric): number {
  switch (value.kind) {
    case 'nan':
      return NaN;
    case 'inf':
      return Infinity;
    case '-inf':
      return -Infinity;
    case 'finite':
      if (value.scale === 0) return Number(value.coefficient);
      return Number(`${value.coefficient}e-${value.scale}`);
  }
}

/** float8 -> numeric keeps 15 significant digits, float4 -> numeric 6, as PostgreSQL's casts do. */
export function numberToNumeric(value: number, significantDigits: 6 | 15 = 15): Numeric {
  if (value !== value) return numericNaN;
  if (value === Infinity || value === -Infinity) return infinityOf(value);
  if (Number.isSafeInteger(value) && Math.abs(value) < 10 ** significantDigits) return finite(BigInt(value), 0);
  const [mantissa, exponent] = toSignificant(value, significantDigits).split('e') as [string, string?];
  const trimmed = mantissa.includes('.') ? mantissa.replace(/\.?0+$/, '') : mantissa;
  return parseNumeric(exponent === undefined ? trimmed : `${trimmed}e${exponent}`);
}

export function bigintToNumeric(value: bigint | number): Numeric {
  return finite(BigInt(value), 0);
}

/** Rounded half away from zero to an integer, for the casts to integers; undefined for NaN and infinities. */
export function numericToBigInt(value: Numeric): bigint | undefined {
  return value.kind === 'finite' ? rescale(value.coefficient, value.scale, 0) : undefined;
}
