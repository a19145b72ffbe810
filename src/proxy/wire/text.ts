/**
 * UTF-8 between the wire and JavaScript: checked decoding with PostgreSQL's error (22021). Called for statement texts, names and text parameters.
 */
import { isUtf8 } from 'node:buffer';
import { PgError } from '../../common/errors.js';

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

/** Decodes UTF-8 text of PostgreSQL (which holds no NUL). 22021 when it is ill-formed. */
export function decodeText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(buffer) || buffer.includes(0)) throw invalidEncoding(bytes);
  return buffer.toString('utf8');
}
