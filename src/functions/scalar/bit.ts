/** Functions of bit strings (PostgreSQL 15, chapter 9.6). A value is TEXT of 0s and 1s. */
import { PgError } from '../../common/errors.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { pure } from '../implementation.js';

function combine(name: string, operate: (a: boolean, b: boolean) => boolean): ScalarImplementation {
  return pure((a: string, b: string) => combineBits(name, operate, a, b));
}

export function combineBits(name: string, operate: (a: boolean, b: boolean) => boolean, a: string, b: string): string {
  if (a.length !== b.length) throw new PgError('22026', `cannot ${name} bit strings of different sizes`);
  let bits = '';
  for (let at = 0; at < a.length; at++) bits += operate(a.charCodeAt(at) === 49, b.charCodeAt(at) === 49) ? '1' : '0';
  return bits;
}

export const bitOperations = {
  and: (a: boolean, b: boolean): boolean => a && b,
  or: (a: boolean, b: boolean): boolean => a || b,
  xor: (a: boolean, b: boolean): boolean => a !== b,
};

/** By `by` places to the left (negative: to the right), zeros coming in. */
function shift(bits: string, by: number): string {
  const { length } = bits;
  if (by >= length || -by >= length) return '0'.repeat(length);
  return by >= 0 ? bits.slice(by) + '0'.repeat(by) : '0'.repeat(-by) + bits.slice(0, length + by);
}

const int4Max = 2147483647;
const maxLength = int4Max - 7;

function substring(bits: string, start: number, length: number | undefined): string {
  if (length !== undefined && length < 0) throw new PgError('22011', 'negative substring length not allowed');
  const from = Math.max(start, 1);
  const end = length === undefined ? Infinity : start + length;
  if (end <= from) return '';
  return bits.slice(from - 1, end === Infinity ? undefined : end - 1);
}

function overlay(bits: string, replacement: string, start: number, length: number): string {
  if (start <= 0) throw new PgError('22011', 'negative substring length not allowed');
  const after = start + length;
  if (after > int4Max) throw new PgError('22003', 'integer out of range');
  return substring(bits, 1, start - 1) + replacement + substring(bits, after, undefined);
}

function checkIndex(index: number, length: number): void {
  if (index < 0 || index >= length) throw new PgError('2202E', `bit index ${index} out of valid range (0..${length - 1})`);
}

/** The low bits of a number, the sign carried on to the left. */
function fromInteger(value: bigint, typmod: number): string {
  const length = typmod <= 0 || typmod > maxLength ? 1 : typmod;
  return BigInt.asUintN(length, value).toString(2).padStart(length, '0');
}

function toInteger(bits: string, size: 32 | 64, message: string): bigint {
  if (bits.length > size) throw new PgError('22003', message);
  return bits === '' ? 0n : BigInt.asIntN(size, BigInt(`0b${bits}`));
}

const countOnes = (bits: string): number => bits.replaceAll('0', '').length;

export const bitFunctions: ScalarImplementations = {
  bit_and: combine('AND', bitOperations.and),
  bit_or: combine('OR', bitOperations.or),
  bitxor: combine('XOR', bitOperations.xor),
  bitnot: pure((bits: string) => bits.replace(/[01]/g, (bit) => (bit === '0' ? '1' : '0'))),
  bitshiftleft: pure((bits: string, by: number) => shift(bits, by)),
  bitshiftright: pure((bits: string, by: number) => shift(bits, -by)),
  bitcat: pure((a: string, b: string) => a + b),
  bitsubstr: pure((bits: string, start: number, length: number) => substring(bits, start, length)),
  bitsubstr_no_len: pure((bits: string, start: number) => substring(bits, start, undefined)),
  bitoverlay: pure((bits: string, replacement: string, start: number, length: number) => overlay(bits, replacement, start, length)),
  bitoverlay_no_len: pure((bits: string, replacement: string, start: number) => overlay(bits, replacement, start, replacement.length)),
  bitlength: pure((bits: string) => bits.length),
  bit_length_1812: pure((bits: string) => bits.length),
  bitoctetlength: pure((bits: string) => Math.ceil(bits.length / 8)),
  bitposition: pure((bits: string, wanted: string) => (bits === '' || wanted.length > bits.length ? 0 : bits.indexOf(wanted) + 1)),
  bitgetbit: pure((bits: string, index: number) => {
    checkIndex(index, bits.length);
    return bits.charCodeAt(index) - 48;
  }),
  bitsetbit: pure((bits: string, index: number, value: number) => {
    checkIndex(index, bits.length);
    if (value !== 0 && value !== 1) throw new PgError('22023', 'new bit must be 0 or 1');
    return bits.slice(0, index) + String(value) + bits.slice(index + 1);
  }),
  bit_bit_count: pure((bits: string) => BigInt(countOnes(bits))),
  bitfromint4: pure((value: number, typmod: number) => fromInteger(BigInt(value), typmod)),
  bitfromint8: pure((value: bigint, typmod: number) => fromInteger(value, typmod)),
  bittoint4: pure((bits: string) => Number(toInteger(bits, 32, 'integer out of range'))),
  bittoint8: pure((bits: string) => toInteger(bits, 64, 'bigint out of range')),
  bit: pure((bits: string, typmod: number, explicit: boolean) => {
    if (typmod <= 0 || typmod > maxLength || bits.length === typmod) return bits;
    if (!explicit) throw new PgError('22026', `bit string length ${bits.length} does not match type bit(${typmod})`);
    return bits.slice(0, typmod).padEnd(typmod, '0');
  }),
  varbit: pure((bits: string, typmod: number, explicit: boolean) => {
    if (typmod <= 0 || bits.length <= typmod) return bits;
    if (!explicit) throw new PgError('22001', `bit string too long for type bit varying(${typmod})`);
    return bits.slice(0, typmod);
  }),
};
