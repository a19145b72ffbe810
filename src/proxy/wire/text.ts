/**
 * UTF-8 between the wire and JavaScript: checked decoding with PostgreSQL's error (22021). Called for statement texts, names and text parameters.
 */
import { isUtf8 } from 'node:buffer';
import { invalidEncoding } from '../../types/binary.js';

/** Decodes UTF-8 text of PostgreSQL (which holds no NUL). 22021 when it is ill-formed. */
export function decodeText(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isUtf8(buffer) || buffer.includes(0)) throw invalidEncoding(bytes);
  return buffer.toString('utf8');
}
