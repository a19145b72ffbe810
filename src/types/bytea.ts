/** The codecs of bytea and uuid: BLOBs. */
import { PgError } from '../common/errors.js';
import { encodeText, incorrectBinary, insufficientData, invalidInput } from './binary.js';
import type { TypeCodec } from './pg-type.js';
import type { SqlValue } from './value.js';

/** The value of a hexadecimal digit's character code, or -1. */
function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  return code >= 65 && code <= 70 ? code - 55 : -1;
}

/** Hexadecimal text from a position on, blanks between the bytes allowed. */
function parseHex(text: string, from: number): Uint8Array {
  const bytes = new Uint8Array((text.length - from) >> 1);
  let length = 0;
  for (let at = from; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === 32 || code === 9 || code === 10 || code === 13) {
      at++;
      continue;
    }
    const upper = hexDigit(code);
    if (upper < 0) throw invalidHex(text, at);
    if (at + 1 >= text.length) throw new PgError('22023', 'invalid hexadecimal data: odd number of digits');
    const lower = hexDigit(text.charCodeAt(at + 1));
    if (lower < 0) throw invalidHex(text, at + 1);
    bytes[length++] = upper * 16 + lower;
    at += 2;
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

function invalidHex(text: string, at: number): PgError {
  return new PgError('22023', `invalid hexadecimal digit: "${String.fromCodePoint(text.codePointAt(at) as number)}"`);
}

function formatHex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex');
}

/** The traditional form: `\\` and `\ooo` (octal), all else as it is. */
function parseEscape(text: string): Uint8Array {
  if (!text.includes('\\')) return encodeText(text);
  const source = encodeText(text);
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let at = 0; at < source.length; ) {
    const byte = source[at] as number;
    if (byte !== 92) {
      bytes[length++] = byte;
      at++;
    } else if (source[at + 1] === 92) {
      bytes[length++] = 92;
      at += 2;
    } else {
      const digits = [source[at + 1], source[at + 2], source[at + 3]].map((digit) => (digit === undefined ? -1 : digit - 48));
      const [a, b, c] = digits as [number, number, number];
      if (!(a >= 0 && a <= 3 && b >= 0 && b <= 7 && c >= 0 && c <= 7)) throw new PgError('22P02', 'invalid input syntax for type bytea');
      bytes[length++] = a * 64 + b * 8 + c;
      at += 4;
    }
  }
  return bytes.slice(0, length);
}

function formatEscape(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) {
    if (byte === 92) text += '\\\\';
    else if (byte < 32 || byte > 126) text += `\\${byte.toString(8).padStart(3, '0')}`;
    else text += String.fromCharCode(byte);
  }
  return text;
}

export const byteaCodec: TypeCodec = {
  physical: 'blob',
  wide: false,
  parse: (text) => (text.startsWith('\\x') ? parseHex(text, 2) : parseEscape(text)),
  format: (value, _typmod, context) => (context.byteaOutput === 'hex' ? `\\x${formatHex(value as Uint8Array)}` : formatEscape(value as Uint8Array)),
  decodeBinary: (bytes) => bytes,
  encodeBinary: (value) => value as Uint8Array,
};

function parseUuid(text: string): Uint8Array {
  const bytes = new Uint8Array(16);
  const braces = text.charCodeAt(0) === 123;
  let at = braces ? 1 : 0;
  for (let n = 0; n < 16; n++) {
    const upper = hexDigit(text.charCodeAt(at));
    const lower = hexDigit(text.charCodeAt(at + 1));
    if (upper < 0 || lower < 0) throw invalidInput('uuid', text);
    bytes[n] = upper * 16 + lower;
    at += 2;
    if (n % 2 === 1 && n < 15 && text.charCodeAt(at) === 45) at++;
  }
  if (braces && text.charCodeAt(at++) !== 125) throw invalidInput('uuid', text);
  if (at !== text.length) throw invalidInput('uuid', text);
  return bytes;
}

function formatUuid(bytes: Uint8Array): string {
  const hex = formatHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export const uuidCodec: TypeCodec = {
  physical: 'blob',
  wide: false,
  parse: (text) => parseUuid(text),
  format: (value: SqlValue) => formatUuid(value as Uint8Array),
  decodeBinary(bytes) {
    if (bytes.byteLength < 16) throw insufficientData();
    if (bytes.byteLength > 16) throw incorrectBinary();
    return bytes;
  },
  encodeBinary: (value) => value as Uint8Array,
};
