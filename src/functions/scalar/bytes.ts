/** bytea functions (PostgreSQL 15, chapter 9.5), digests, encode and decode, and gen_random_uuid. */
import { createHash, randomFillSync } from 'node:crypto';
import { PgError } from '../../common/errors.js';
import { decodeText, encodeText } from '../../types/binary.js';
import { pure, type ScalarImplementations } from '../implementation.js';
import { likeMatcher } from '../text/pattern.js';
import { convertBytes, lengthIn } from '../text/encodings.js';

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts.map(bufferOf)));
}

function substring(bytes: Uint8Array, start: number, length: number | undefined): Uint8Array {
  if (length !== undefined && length < 0) throw new PgError('22011', 'negative substring length not allowed');
  const from = Math.max(start, 1);
  const end = length === undefined ? Infinity : start + length;
  return end <= from ? new Uint8Array(0) : bytes.slice(from - 1, end === Infinity ? undefined : end - 1);
}

function overlay(bytes: Uint8Array, replacement: Uint8Array, start: number, length: number): Uint8Array {
  if (start <= 0) throw new PgError('22011', 'negative substring length not allowed');
  if (start + length > 2147483647) throw new PgError('22003', 'integer out of range');
  return concat(substring(bytes, 1, start - 1), replacement, substring(bytes, start + length, undefined));
}

function checkIndex(index: number | bigint, length: number): number {
  if (index < 0 || index >= length) throw new PgError('2202E', `index ${index} out of valid range, 0..${length - 1}`);
  return Number(index);
}

function trim(bytes: Uint8Array, set: Uint8Array, atLeft: boolean, atRight: boolean): Uint8Array {
  const members = new Set(set);
  let from = 0;
  let to = bytes.length;
  if (atLeft) while (from < to && members.has(bytes[from] as number)) from++;
  if (atRight) while (to > from && members.has(bytes[to - 1] as number)) to--;
  return bytes.slice(from, to);
}

function encode(bytes: Uint8Array, format: string): string {
  switch (format.toLowerCase()) {
    case 'hex':
      return bufferOf(bytes).toString('hex');
    case 'base64':
      return bufferOf(bytes)
        .toString('base64')
        .replace(/(.{76})(?=.)/g, '$1\n');
    case 'escape': {
      let text = '';
      for (const byte of bytes) {
        if (byte === 0 || byte >= 128) text += `\\${byte.toString(8).padStart(3, '0')}`;
        else if (byte === 92) text += '\\\\';
        else text += String.fromCharCode(byte);
      }
      return text;
    }
    default:
      throw new PgError('22023', `unrecognized encoding: "${format}"`);
  }
}

function decodeHex(text: string): Uint8Array {
  const digits: number[] = [];
  for (const character of text) {
    if (character === ' ' || character === '\n' || character === '\t' || character === '\r') continue;
    const digit = /^[0-9A-Fa-f]$/.test(character) ? parseInt(character, 16) : -1;
    if (digit < 0) throw new PgError('22023', `invalid hexadecimal digit: "${character}"`);
    digits.push(digit);
  }
  if (digits.length % 2 !== 0) throw new PgError('22023', 'invalid hexadecimal data: odd number of digits');
  const bytes = new Uint8Array(digits.length / 2);
  for (let n = 0; n < bytes.length; n++) bytes[n] = (digits[2 * n] as number) * 16 + (digits[2 * n + 1] as number);
  return bytes;
}

const base64Digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

function decodeBase64(text: string): Uint8Array {
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  let end = 0;
  for (const character of text) {
    if (character === ' ' || character === '\t' || character === '\n' || character === '\r') continue;
    let digit: number;
    if (character === '=') {
      if (end === 0) {
        if (count === 2) end = 1;
        else if (count === 3) end = 2;
        else throw new PgError('22023', 'unexpected "=" while decoding base64 sequence');
      }
      digit = 0;
    } else {
      digit = base64Digits.indexOf(character);
      if (digit < 0) throw new PgError('22023', `invalid symbol "${character}" found while decoding base64 sequence`);
    }
    bits = (bits << 6) | digit;
    if (++count === 4) {
      bytes.push((bits >> 16) & 255);
      if (end === 0 || end > 1) bytes.push((bits >> 8) & 255);
      if (end === 0 || end > 2) bytes.push(bits & 255);
      bits = 0;
      count = 0;
    }
  }
  if (count !== 0)
    throw new PgError('22023', 'invalid base64 end sequence', { hint: 'Input data is missing padding, is truncated, or is otherwise corrupted.' });
  return Uint8Array.from(bytes);
}

function decodeEscape(text: string): Uint8Array {
  const source = encodeText(text);
  const bytes: number[] = [];
  for (let at = 0; at < source.length; ) {
    const byte = source[at] as number;
    if (byte !== 92) {
      bytes.push(byte);
      at++;
    } else if (source[at + 1] === 92) {
      bytes.push(92);
      at += 2;
    } else {
      const digits = String.fromCharCode(...source.slice(at + 1, at + 4));
      if (!/^[0-3][0-7]{2}$/.test(digits)) throw new PgError('22P02', 'invalid input syntax for type bytea');
      bytes.push(parseInt(digits, 8));
      at += 4;
    }
  }
  return Uint8Array.from(bytes);
}

function decode(text: string, format: string): Uint8Array {
  switch (format.toLowerCase()) {
    case 'hex':
      return decodeHex(text);
    case 'base64':
      return decodeBase64(text);
    case 'escape':
      return decodeEscape(text);
    default:
      throw new PgError('22023', `unrecognized encoding: "${format}"`);
  }
}

function digest(algorithm: string, bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash(algorithm).update(bytes).digest());
}

const pool = new Uint8Array(4096);
let poolAt = pool.length;

/** A version 4 UUID, from a pool of random bytes. */
function randomUuid(): Uint8Array {
  if (poolAt >= pool.length) {
    randomFillSync(pool);
    poolAt = 0;
  }
  const bytes = pool.slice(poolAt, poolAt + 16);
  poolAt += 16;
  bytes[6] = ((bytes[6] as number) & 0x0f) | 0x40;
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes;
}

const latin = (bytes: Uint8Array): string => bufferOf(bytes).toString('latin1');

export const bytesFunctions: ScalarImplementations = {
  byteaoctetlen: { ...pure((bytes: Uint8Array) => bytes.length), sqlite: ([value]) => (value === undefined ? undefined : `length(${value.text})`) },
  byteacat: pure((a: Uint8Array, b: Uint8Array) => concat(a, b)),
  bytea_substr: pure((bytes: Uint8Array, start: number, length: number) => substring(bytes, start, length)),
  bytea_substr_no_len: pure((bytes: Uint8Array, start: number) => substring(bytes, start, undefined)),
  byteaoverlay: pure((bytes: Uint8Array, replacement: Uint8Array, start: number, length: number) => overlay(bytes, replacement, start, length)),
  byteaoverlay_no_len: pure((bytes: Uint8Array, replacement: Uint8Array, start: number) => overlay(bytes, replacement, start, replacement.length)),
  byteapos: pure((bytes: Uint8Array, part: Uint8Array) => bufferOf(bytes).indexOf(bufferOf(part)) + 1),
  byteatrim: pure((bytes: Uint8Array, set: Uint8Array) => trim(bytes, set, true, true)),
  bytealtrim: pure((bytes: Uint8Array, set: Uint8Array) => trim(bytes, set, true, false)),
  byteartrim: pure((bytes: Uint8Array, set: Uint8Array) => trim(bytes, set, false, true)),
  byteaGetByte: pure((bytes: Uint8Array, index: number) => bytes[checkIndex(index, bytes.length)] as number),
  byteaSetByte: pure((bytes: Uint8Array, index: number, value: number) => {
    const copy = bytes.slice();
    copy[checkIndex(index, bytes.length)] = value & 255;
    return copy;
  }),
  byteaGetBit: pure((bytes: Uint8Array, index: bigint) => {
    const at = checkIndex(index, bytes.length * 8);
    return ((bytes[at >> 3] as number) >> (at & 7)) & 1;
  }),
  byteaSetBit: pure((bytes: Uint8Array, index: bigint, value: number) => {
    const at = checkIndex(index, bytes.length * 8);
    if (value !== 0 && value !== 1) throw new PgError('22023', 'new bit must be 0 or 1');
    const copy = bytes.slice();
    const mask = 1 << (at & 7);
    copy[at >> 3] = value === 1 ? (copy[at >> 3] as number) | mask : (copy[at >> 3] as number) & ~mask;
    return copy;
  }),
  bytea_bit_count: pure((bytes: Uint8Array) => {
    let count = 0;
    for (const byte of bytes) for (let left = byte; left !== 0; left &= left - 1) count++;
    return BigInt(count);
  }),
  bytealike: pure((bytes: Uint8Array, pattern: Uint8Array) => likeMatcher(latin(pattern))(latin(bytes))),
  byteanlike: pure((bytes: Uint8Array, pattern: Uint8Array) => !likeMatcher(latin(pattern))(latin(bytes))),
  binary_encode: pure(encode),
  binary_decode: pure(decode),
  md5_text: pure((text: string) => createHash('md5').update(text).digest('hex')),
  md5_bytea: pure((bytes: Uint8Array) => createHash('md5').update(bytes).digest('hex')),
  sha224_bytea: pure((bytes: Uint8Array) => digest('sha224', bytes)),
  sha256_bytea: pure((bytes: Uint8Array) => digest('sha256', bytes)),
  sha384_bytea: pure((bytes: Uint8Array) => digest('sha384', bytes)),
  sha512_bytea: pure((bytes: Uint8Array) => digest('sha512', bytes)),
  pg_convert_from: pure((bytes: Uint8Array, encoding: string) => decodeText(convertBytes(bytes, encoding, 'UTF8'))),
  pg_convert: pure(convertBytes),
  length_in_encoding: pure(lengthIn),
  gen_random_uuid: pure(() => randomUuid()),
};
