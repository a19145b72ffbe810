/**
 * Reading and writing of the fixed-width parts of binary values (network byte order), shared by the codecs.
 */
import { isUtf8 } from 'node:buffer';
import { PgError } from '../common/errors.js';

/** The bytes as a DataView, of exactly `length` bytes: 08P01 when short, 22P03 when long, as pq_getmsg and the Bind message report it. */
export function exactView(bytes: Uint8Array, length: number): DataView {
  if (bytes.byteLength < length) throw insufficientData();
  if (bytes.byteLength > length) throw incorrectBinary();
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

export function insufficientData(): PgError {
  return new PgError('08P01', 'insufficient data left in message');
}

export function incorrectBinary(): PgError {
  return new PgError('22P03', 'incorrect binary data format');
}

export function int16Bytes(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 255, value & 255);
}

export function int32Bytes(value: number): Uint8Array {
  return Uint8Array.of((value >> 24) & 255, (value >> 16) & 255, (value >> 8) & 255, value & 255);
}

export function int64Bytes(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  viewOf(bytes).setBigInt64(0, value);
  return bytes;
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();

/** How many bytes a sequence that begins with `lead` claims to have, as pg_utf_mblen. */
function claimedLength(lead: number): number {
  if ((lead & 0x80) === 0) return 1;
  if ((lead & 0xe0) === 0xc0) return 2;
  if ((lead & 0xf0) === 0xe0) return 3;
  if ((lead & 0xf8) === 0xf0) return 4;
  return 1;
}

/** The error for the first ill-formed (or NUL) sequence of `bytes`. */
export function invalidEncoding(bytes: Uint8Array): PgError {
  let offset = 0;
  while (offset < bytes.length) {
    const lead = bytes[offset] ?? 0;
    const length = claimedLength(lead);
    if (lead === 0 || offset + length > bytes.length || !isUtf8(bytes.subarray(offset, offset + length))) break;
    offset += length;
  }
  const length = Math.min(claimedLength(bytes[offset] ?? 0), bytes.length - offset);
  const shown = Array.from(bytes.subarray(offset, offset + length), (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  return new PgError('22021', `invalid byte sequence for encoding "UTF8": ${shown}`);
}

/** UTF-8 text of a binary parameter; 22021 as PostgreSQL words it. */
export function decodeText(bytes: Uint8Array): string {
  let text: string;
  try {
    text = decoder.decode(bytes);
  } catch {
    throw invalidEncoding(bytes);
  }
  if (text.includes('\0')) throw new PgError('22021', 'invalid byte sequence for encoding "UTF8": 0x00');
  return text;
}

export function encodeText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** A character that C's isspace() takes for white space. */
export function isSpace(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

/** The text without white space (C's isspace) at both ends. */
export function trimSpace(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isSpace(text.charCodeAt(start))) start++;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  return start === 0 && end === text.length ? text : text.slice(start, end);
}

/** 22P02 in PostgreSQL's words. */
export function invalidInput(typeName: string, text: string): PgError {
  return new PgError('22P02', `invalid input syntax for type ${typeName}: "${text}"`);
}
