/**
 * sqrt, exp, ln, log and power of numeric, with the result scales that numeric.c chooses. They are computed in binary fixed point with guard
 * digits and rounded once, so the last digit is right (PostgreSQL's own may be off by one there in rare cases).
 */
import { PgError } from '../common/errors.js';
import {
  limited,
  absNumeric,
  compareNumeric,
  digitCount,
  divideRounded,
  divideToScale,
  divisionByZero,
  finite,
  infinityOf,
  leadingGroup,
  maxDisplayScale,
  minSignificantDigits,
  multiplyNumeric,
  negateNumeric,
  type Numeric,
  numericInfinity,
  numericNaN,
  numericOne,
  numericOverflow,
  numericSignum,
  numericToNumber,
  numericZero,
  powerOfTen,
  rescale,
  roundNumeric,
  subtractNumeric,
} from './numeric.js';

const maxResultScale = 2000;
const log10e = 0.434294481903252;
/** Significant digits of the logarithm from which a power's weight is estimated (power_var of numeric.c). */
const lnDigits = 8;

function displayScale(...scales: readonly number[]): number {
  return Math.min(Math.max(0, ...scales), maxDisplayScale);
}

/** Floor of the square root (Newton). */
function integerSqrt(value: bigint): bigint {
  if (value < 2n) return value;
  if (value < 4503599627370496n) return BigInt(Math.floor(Math.sqrt(Number(value))));
  let root = 1n << BigInt((value.toString(16).length * 4 + 2) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

export function sqrtNumeric(value: Numeric): Numeric {
  if (value.kind === 'nan' || value.kind === 'inf') return value;
  if (numericSignum(value) < 0) throw new PgError('2201F', 'cannot take square root of a negative number');
  const { weight } = leadingGroup(value);
  const scale = displayScale(minSignificantDigits - (weight * 2 + 1), value.scale);
  // One digit more than is kept: the truncated root decides the rounding, as no root of a decimal ends in an exact half unless it is exact.
  const shift = 2 * (scale + 1) - value.scale;
  const scaled = shift >= 0 ? value.coefficient * powerOfTen(shift) : value.coefficient / powerOfTen(-shift);
  return finite(divideRounded(integerSqrt(scaled), 10n), scale);
}

/** 2 * atanh(1/n) in fixed point. */
function twiceArctanhReciprocal(n: bigint, bits: bigint): bigint {
  let power = (2n << bits) / n;
  const square = n * n;
  let sum = 0n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += power / k;
    power /= square;
  }
  return sum;
}

const constants = new Map<bigint, { readonly ln2: bigint; readonly ln10: bigint }>();

/** ln 2 and ln 10 in fixed point; precisions are rounded up, so that few are ever made. */
function logarithms(bits: bigint): { readonly ln2: bigint; readonly ln10: bigint } {
  let made = constants.get(bits);
  if (made === undefined) {
    const ln2 = twiceArctanhReciprocal(3n, bits);
    made = { ln2, ln10: 3n * ln2 + twiceArctanhReciprocal(9n, bits) };
    if (constants.size > 16) constants.clear();
    constants.set(bits, made);
  }
  return made;
}

/** Bits for so many decimal digits, rounded up to a multiple of 256. */
function bitsFor(digits: number): bigint {
  return BigInt(Math.ceil((Math.max(digits, 1) * 3.33 + 32) / 256) * 256);
}

/** ln of a positive fixed-point number. */
function lnFixed(value: bigint, bits: bigint): bigint {
  const { ln2 } = logarithms(bits);
  const length = BigInt(value.toString(2).length);
  const exponent = length - 1n - bits;
  // y in [1, 2), then eight square roots bring it near to 1, where the series is fast.
  let y = exponent >= 0n ? value >> exponent : value << -exponent;
  const roots = 8n;
  for (let n = 0n; n < roots; n++) y = integerSqrt(y << bits);
  const one = 1n << bits;
  const t = ((y - one) << bits) / (y + one);
  const square = (t * t) >> bits;
  let power = t;
  let sum = 0n;
  for (let k = 1n; power !== 0n; k += 2n) {
    sum += power / k;
    power = (power * square) >> bits;
  }
  return (sum << (roots + 1n)) + exponent * ln2;
}

/** ln(value) in fixed point with `bits` fraction bits; value finite and positive. */
function lnToFixed(value: Numeric, bits: bigint): bigint {
  const guard = 64n;
  const wide = bits + guard;
  const digits = digitCount(value.coefficient);
  // value = m * 10^e with m in [1, 10): extreme exponents lose no precision.
  const exponent = digits - 1 - value.scale;
  const mantissa = (value.coefficient << wide) / powerOfTen(digits - 1);
  return (lnFixed(mantissa, wide) + BigInt(exponent) * logarithms(wide).ln10) >> guard;
}

/** numeric.c's estimate_ln_dweight: about the decimal weight of ln(value). */
function lnWeight(value: Numeric): number {
  if (numericSignum(value) <= 0) return 0;
  if (compareNumeric(value, finite(9n, 1)) >= 0 && compareNumeric(value, finite(11n, 1)) <= 0) {
    const group = leadingGroup(subtractNumeric(value, numericOne));
    return group.first === 0 ? 0 : group.weight * 4 + Math.trunc(Math.log10(group.first));
  }
  const { weight, digits } = leadingGroup(value);
  const exponent = digits.length - value.scale - 1;
  const width = exponent - weight * 4 + 1;
  const two = Number(digits.slice(0, width + 4).padEnd(width + 4, '0'));
  const ln = Math.log(two) + (weight - 1) * 4 * Math.LN10;
  return Math.trunc(Math.log10(Math.abs(ln)));
}

function requireLogarithm(value: Numeric): void {
  const sign = numericSignum(value);
  if (sign === 0) throw new PgError('2201E', 'cannot take logarithm of zero');
  if (sign < 0) throw new PgError('2201E', 'cannot take logarithm of a negative number');
}

function fixedToNumeric(value: bigint, bits: bigint, scale: number): Numeric {
  return finite(divideRounded(value * powerOfTen(scale), 1n << bits), scale);
}

export function lnNumeric(value: Numeric): Numeric {
  if (value.kind === 'nan') return value;
  requireLogarithm(value);
  if (value.kind === 'inf') return value;
  const scale = displayScale(minSignificantDigits - lnWeight(value), value.scale);
  const bits = bitsFor(scale + 20);
  return fixedToNumeric(lnToFixed(value, bits), bits, scale);
}

/** log(base, value). */
export function logNumeric(base: Numeric, value: Numeric): Numeric {
  if (base.kind === 'nan' || value.kind === 'nan') return numericNaN;
  requireLogarithm(base);
  requireLogarithm(value);
  if (base.kind === 'inf') return value.kind === 'inf' ? numericNaN : numericZero;
  if (value.kind === 'inf') {
    // log of infinity to a base below 1 is still infinity, as PostgreSQL has it.
    return numericInfinity;
  }
  const scale = displayScale(minSignificantDigits - (lnWeight(value) - lnWeight(base)), base.scale, value.scale);
  const bits = bitsFor(scale * 2 + 40);
  const divisor = lnToFixed(base, bits);
  if (divisor === 0n) throw divisionByZero();
  return divideToScale(finite(lnToFixed(value, bits), 0), finite(divisor, 0), scale);
}

/** exp of a fixed-point number, to `scale` decimal digits. `weight` is about the decimal weight of the result. */
function expToNumeric(exponentFixed: bigint, bits: bigint, scale: number): Numeric {
  const { ln10 } = logarithms(bits);
  // exp(x) = 10^k * exp(r), 0 <= r < ln 10; r is halved ten times for the series and squared back.
  let k = exponentFixed / ln10;
  let rest = exponentFixed - k * ln10;
  if (rest < 0n) {
    rest += ln10;
    k -= 1n;
  }
  const halvings = 10;
  const one = 1n << bits;
  rest >>= BigInt(halvings);
  let sum = one;
  let term = one;
  for (let n = 1n; term !== 0n; n++) {
    term = ((term * rest) >> bits) / n;
    sum += term;
  }
  for (let n = 0; n < halvings; n++) sum = (sum * sum) >> bits;
  const shift = scale + Number(k);
  if (shift >= 0) return finite(divideRounded(sum * powerOfTen(shift), one), scale);
  return finite(divideRounded(sum, one * powerOfTen(-shift)), scale);
}

export function expNumeric(value: Numeric): Numeric {
  if (value.kind === 'nan' || value.kind === 'inf') return value;
  if (value.kind === '-inf') return numericZero;
  const estimate = numericToNumber(value) * log10e;
  const weight = Math.trunc(Math.max(Math.min(estimate, maxResultScale), -maxResultScale));
  const scale = displayScale(minSignificantDigits - weight, value.scale);
  // The limit of numeric.c's exp_var.
  if (Math.abs(numericToNumber(value)) >= maxResultScale * 3) {
    if (numericSignum(value) > 0) throw numericOverflow();
    return finite(0n, scale);
  }
  const bits = bitsFor(scale + Math.max(0, weight) + 30);
  const fixed = divideRounded(value.coefficient << bits, powerOfTen(value.scale));
  return expToNumeric(fixed, bits, scale);
}

/** True for a finite value without a fraction. */
function isIntegral(value: Numeric): boolean {
  return value.kind === 'finite' && (value.scale === 0 || value.coefficient % powerOfTen(value.scale) === 0n);
}

function integralPart(value: Numeric): bigint {
  return value.coefficient / powerOfTen(value.scale);
}

/** base ^ exponent for an exponent within int4. */
function powerInteger(base: Numeric, exponent: number, scale: number): Numeric {
  switch (exponent) {
    case 0:
      return finite(powerOfTen(scale), scale);
    case 1:
      return roundNumeric(base, scale);
    case -1:
      if (base.coefficient === 0n) throw divisionByZero();
      return divideToScale(numericOne, base, scale);
    case 2:
      return roundNumeric(multiplyNumeric(base, base), scale);
  }
  if (base.coefficient === 0n) {
    if (exponent < 0) throw divisionByZero();
    return finite(0n, scale);
  }
  const digits = (base.coefficient < 0n ? -base.coefficient : base.coefficient).toString();
  const weight = exponent * (Math.log10(Number(`0.${digits.slice(0, 17)}`)) + digits.length - base.scale);
  if (weight > 32_768 * 4) throw numericOverflow();
  if (weight + 1 < -scale || weight + 1 < -maxDisplayScale) return finite(0n, scale);
  const magnitude = Math.abs(exponent);
  // Significant digits that the powers need to keep so that the result is right to `scale`.
  const kept = Math.max(0, Math.ceil(scale + Math.max(weight, -weight))) + 20 + Math.ceil(Math.log10(magnitude)) * 2;
  let result = 1n;
  let resultScale = 0;
  let factor = base.coefficient;
  let factorScale = base.scale;
  for (let rest = magnitude; ; ) {
    if (rest % 2 === 1) {
      result *= factor;
      resultScale += factorScale;
      [result, resultScale] = shortened(result, resultScale, kept);
    }
    rest = Math.floor(rest / 2);
    if (rest === 0) break;
    factor *= factor;
    factorScale *= 2;
    [factor, factorScale] = shortened(factor, factorScale, kept);
  }
  if (exponent > 0) {
    return resultScale >= 0 ? finite(rescale(result, resultScale, scale), scale) : finite(result * powerOfTen(scale - resultScale), scale);
  }
  return resultScale >= 0
    ? divideToScale(numericOne, finite(result, resultScale), scale)
    : divideToScale(numericOne, finite(result * powerOfTen(-resultScale), 0), scale);
}

/** Drops digits beyond `kept`; the scale may become negative. */
function shortened(coefficient: bigint, scale: number, kept: number): [bigint, number] {
  const excess = digitCount(coefficient) - kept;
  return excess <= 0 ? [coefficient, scale] : [divideRounded(coefficient, powerOfTen(excess)), scale - excess];
}

/** 22003 for a result with more digits than numerics have. */
export function powerNumeric(base: Numeric, exponent: Numeric): Numeric {
  const result = unlimitedPower(base, exponent);
  return result.kind === 'finite' ? limited(result.coefficient, result.scale) : result;
}

function unlimitedPower(base: Numeric, exponent: Numeric): Numeric {
  if (base.kind !== 'finite' || exponent.kind !== 'finite') return powerSpecial(base, exponent);
  const baseSign = numericSignum(base);
  const integral = isIntegral(exponent);
  if (baseSign === 0 && numericSignum(exponent) < 0) throw new PgError('2201F', 'zero raised to a negative power is undefined');
  if (baseSign < 0 && !integral) throw new PgError('2201F', 'a negative number raised to a non-integer power yields a complex result');
  if (integral) {
    const whole = integralPart(exponent);
    if (whole >= -2147483648n && whole <= 2147483647n) {
      return powerInteger(base, Number(whole), displayScale(minSignificantDigits, base.scale));
    }
  }
  if (baseSign === 0) return finite(0n, minSignificantDigits);
  const magnitude = absNumeric(base);
  const lnEstimate = numericToNumber({ ...magnitude, coefficient: lnToFixed(magnitude, 128n), scale: 0 }) / 2 ** 128;
  // The weight of the result is estimated from a rounded logarithm, as power_var does: powers of ten hang on it.
  const lnScale = Math.max(0, lnDigits - (lnEstimate === 0 ? 0 : Math.trunc(Math.log10(Math.abs(lnEstimate)))));
  const lnRounded = finite(divideRounded(lnToFixed(magnitude, 128n) * powerOfTen(lnScale), 1n << 128n), lnScale);
  const value = numericToNumber(roundNumeric(multiplyNumeric(lnRounded, exponent), lnScale));
  if (Math.abs(value) > maxResultScale * 3.01) {
    if (value > 0) throw numericOverflow();
    return finite(0n, maxDisplayScale);
  }
  const weight = Math.trunc(value * log10e);
  const scale = displayScale(minSignificantDigits - weight, base.scale, exponent.scale);
  const bits = bitsFor(scale + Math.max(0, weight) + digitCount(exponent.coefficient) + 40);
  const fixed = divideRounded(lnToFixed(magnitude, bits) * exponent.coefficient, powerOfTen(exponent.scale));
  const result = expToNumeric(fixed, bits, scale);
  return baseSign < 0 && integralPart(exponent) % 2n !== 0n ? negateNumeric(result) : result;
}

/** The POSIX rules of pow() for NaN and infinities. */
function powerSpecial(base: Numeric, exponent: Numeric): Numeric {
  const one = numericOne;
  if (base.kind === 'nan') return exponent.kind === 'finite' && exponent.coefficient === 0n ? one : numericNaN;
  if (exponent.kind === 'nan') return base.kind === 'finite' && compareNumeric(base, one) === 0 ? one : numericNaN;
  const baseSign = numericSignum(base);
  const exponentSign = numericSignum(exponent);
  if (baseSign === 0 && exponentSign < 0) throw new PgError('2201F', 'zero raised to a negative power is undefined');
  if (baseSign < 0 && exponent.kind === 'finite' && !isIntegral(exponent)) {
    throw new PgError('2201F', 'a negative number raised to a non-integer power yields a complex result');
  }
  if (exponent.kind !== 'finite') {
    if (base.kind === 'finite' && compareNumeric(base, one) === 0) return one;
    const comparison = base.kind === 'finite' ? compareNumeric(absNumeric(base), one) : 1;
    // (-1)^inf is 1 as in POSIX.
    if (comparison === 0) return one;
    return comparison > 0 === exponentSign > 0 ? numericInfinity : numericZero;
  }
  if (exponentSign === 0) return one;
  if (exponentSign < 0) return numericZero;
  return infinityOf(baseSign < 0 && integralPart(exponent) % 2n !== 0n ? -1 : 1);
}
