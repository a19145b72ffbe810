/**
 * Small JSON objects of a backup with their own SHA-256, written in one way only, so that any changed byte is noticed.
 */
import { createHash } from 'node:crypto';
import { PgError } from '../../common/errors.js';

export function sha256(bytes: Uint8Array | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

export function sealJson(value: object): Buffer {
  const body = JSON.stringify(value, undefined, 2);
  return Buffer.from(`${sha256(body)}\n${body}\n`);
}

/** name: of the object, for the error. XX001 when a byte of it has changed. */
export function openSealedJson<T extends object>(bytes: Buffer, name: string): T {
  const end = bytes.indexOf(10);
  try {
    const value = JSON.parse(bytes.subarray(end + 1).toString('utf8')) as T;
    if (sealJson(value).equals(bytes)) return value;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw damaged(name, 'its content does not match its checksum');
}

export function damaged(name: string, reason: string): PgError {
  return new PgError('XX001', `the backup is damaged: ${name}: ${reason}`);
}
