/** Arithmetic and casts of money: cents as int8 (PostgreSQL 15, cash.c). */
import { PgError } from '../../common/errors.js';
import { divisionByZero, finite, formatNumeric, multiplyNumeric, numericToBigInt, parseNumeric, roundNumeric } from '../../types/numeric.js';
import type { KernelValue } from '../function.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { pure } from '../implementation.js';

function checked(cents: bigint): bigint {
  if (BigInt.asIntN(64, cents) !== cents) throw new PgError('22003', 'money out of range');
  return cents;
}

/** Rounds half to even, as rint does. */
function rint(value: number): bigint {
  const floor = Math.floor(value);
  const difference = value - floor;
  const rounded = difference < 0.5 ? floor : difference > 0.5 ? floor + 1 : floor % 2 === 0 ? floor : floor + 1;
  if (!(rounded >= -9223372036854775808 && rounded < 9223372036854775808)) throw new PgError('22003', 'money out of range');
  return BigInt(rounded);
}

const timesFloat = (cents: bigint, by: number): bigint => rint(Number(cents) * by);
const timesInteger = (cents: bigint, by: number | bigint): bigint => checked(cents * BigInt(by));

function overFloat(cents: bigint, by: number): bigint {
  if (by === 0) throw divisionByZero();
  return rint(Number(cents) / by);
}

function overInteger(cents: bigint, by: number | bigint): bigint {
  const divisor = BigInt(by);
  if (divisor === 0n) throw divisionByZero();
  return checked(cents / divisor);
}

const swapped = (compute: (cents: bigint, by: number) => KernelValue): ScalarImplementation => pure((by: number, cents: bigint) => compute(cents, by));

function fromInteger(value: number | bigint): bigint {
  const cents = BigInt(value) * 100n;
  if (BigInt.asIntN(64, cents) !== cents) throw new PgError('22003', 'bigint out of range');
  return cents;
}

function fromNumeric(text: string): bigint {
  const value = parseNumeric(text);
  if (value.kind === 'nan') throw new PgError('0A000', 'cannot convert NaN to bigint');
  if (value.kind !== 'finite') throw new PgError('0A000', 'cannot convert infinity to bigint');
  const cents = numericToBigInt(roundNumeric(multiplyNumeric(value, finite(100n, 0)), 0));
  if (cents === undefined || BigInt.asIntN(64, cents) !== cents) throw new PgError('22003', 'bigint out of range');
  return cents;
}

const small = [
  'zero',
  'one',
  'two',
  'three',
  'four',
  'five',
  'six',
  'seven',
  'eight',
  'nine',
  'ten',
  'eleven',
  'twelve',
  'thirteen',
  'fourteen',
  'fifteen',
  'sixteen',
  'seventeen',
  'eighteen',
  'nineteen',
];
const tens = ['twenty', 'thirty', 'forty', 'fifty', 'sixty', 'seventy', 'eighty', 'ninety'];

/** A number below 1000 in words, in cash_words' manner. */
function wordsOf(value: number): string {
  const rest = value % 100;
  const below = (number: number): string => small[number] as string;
  const ten = (number: number): string => tens[Math.floor(number / 10) - 2] as string;
  if (value <= 20) return value === 20 ? 'twenty' : below(value);
  if (rest === 0) return `${below(Math.floor(value / 100))} hundred`;
  const hundred = value > 99 ? `${below(Math.floor(value / 100))} hundred ` : '';
  if (value > 99) {
    if (value % 10 === 0 && rest > 10) return `${hundred}${ten(rest)}`;
    if (rest < 20) return `${hundred}and ${below(rest)}`;
    return `${hundred}${ten(rest)} ${below(rest % 10)}`;
  }
  if (value % 10 === 0) return ten(value);
  return `${ten(value)} ${below(value % 10)}`;
}

function moneyWords(cents: bigint): string {
  const magnitude = cents < 0n ? -cents : cents;
  const dollars = magnitude / 100n;
  let text = cents < 0n ? 'minus ' : '';
  for (const [unit, name] of [
    [10n ** 15n, 'quadrillion'],
    [10n ** 12n, 'trillion'],
    [10n ** 9n, 'billion'],
    [10n ** 6n, 'million'],
    [10n ** 3n, 'thousand'],
  ] as const) {
    const part = Number((dollars / unit) % 1000n);
    if (part > 0) text += `${wordsOf(part)} ${name} `;
  }
  const last = Number(dollars % 1000n);
  if (last > 0) text += wordsOf(last);
  if (dollars === 0n) text += 'zero';
  const rest = Number(magnitude % 100n);
  text += dollars === 1n ? ' dollar and ' : ' dollars and ';
  text += `${wordsOf(rest)}${rest === 1 ? ' cent' : ' cents'}`;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

export const moneyFunctions: ScalarImplementations = {
  cash_pl: pure((a: bigint, b: bigint) => checked(a + b)),
  cash_mi: pure((a: bigint, b: bigint) => checked(a - b)),
  cash_mul_flt4: pure(timesFloat),
  cash_mul_flt8: pure(timesFloat),
  flt4_mul_cash: swapped(timesFloat),
  flt8_mul_cash: swapped(timesFloat),
  cash_div_flt4: pure(overFloat),
  cash_div_flt8: pure(overFloat),
  cash_mul_int2: pure(timesInteger),
  cash_mul_int4: pure(timesInteger),
  cash_mul_int8: pure(timesInteger),
  int2_mul_cash: swapped(timesInteger),
  int4_mul_cash: swapped(timesInteger),
  int8_mul_cash: swapped(timesInteger),
  cash_div_int2: pure(overInteger),
  cash_div_int4: pure(overInteger),
  cash_div_int8: pure(overInteger),
  cash_div_cash: pure((a: bigint, b: bigint) => {
    if (b === 0n) throw divisionByZero();
    return Number(a) / Number(b);
  }),
  cash_numeric: pure((cents: bigint) => formatNumeric(finite(cents, 2))),
  numeric_cash: pure(fromNumeric),
  int4_cash: pure(fromInteger),
  int8_cash: pure(fromInteger),
  cash_words: pure(moneyWords),
};
