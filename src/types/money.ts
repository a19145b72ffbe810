/** The codec of money: INTEGER cents, written as in the locale C. */
import { PgError } from '../common/errors.js';
import { invalidInput, trimSpace } from './binary.js';
import { int8Codec } from './integer.js';
import type { TypeCodec } from './pg-type.js';

const int8Max = 2n ** 63n - 1n;

function outOfRange(text: string): PgError {
  return new PgError('22003', `value "${text}" is out of range for type money`);
}

/** cash_in: blanks, a sign or parentheses, the currency sign, thousands separators; beyond cents it rounds. */
function parseMoney(text: string): bigint {
  let rest = trimSpace(text).replace(/^\$/, '');
  let negative = false;
  if (rest.startsWith('-')) {
    negative = true;
    rest = rest.slice(1);
  } else if (rest.startsWith('(')) {
    negative = true;
    rest = rest.slice(1);
  } else if (rest.startsWith('+')) {
    rest = rest.slice(1);
  }
  rest = trimSpace(rest).replace(/^\$/, '');
  rest = trimSpace(rest);
  const match = /^([\d,]*)(?:\.(\d*))?([\s)\-+$]*)$/.exec(rest);
  if (match === null) throw invalidInput('money', text);
  const [, whole = '', fraction = '', tail = ''] = match;
  if (tail.includes('-')) negative = true;
  let cents = BigInt(`0${whole.replaceAll(',', '')}`) * 100n + BigInt(fraction.slice(0, 2).padEnd(2, '0'));
  if (fraction.length > 2 && fraction.charCodeAt(2) >= 53) cents++;
  if (cents > int8Max + (negative ? 1n : 0n)) throw outOfRange(text);
  return negative ? -cents : cents;
}

function formatMoney(cents: bigint): string {
  const magnitude = (cents < 0n ? -cents : cents).toString().padStart(3, '0');
  const whole = magnitude.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ',');
  return `${cents < 0n ? '-' : ''}$${whole}.${magnitude.slice(-2)}`;
}

export const moneyCodec: TypeCodec = {
  ...int8Codec,
  parse: (text) => parseMoney(text),
  format: (value) => formatMoney(BigInt(value as number | bigint)),
};
