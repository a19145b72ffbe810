/**
 * The functions about large objects (chapter 35.4 of PostgreSQL's manual), which the session carries out. Source: be-fsstubs.c of PostgreSQL 15. Called by session-calls.
 */
import { closeSync, openSync, readSync, writeSync } from 'node:fs';
import { PgError } from '../../common/errors.js';
import type { SqlValue } from '../../types/value.js';
import { fileError } from './copy-file.js';
import {
  createLargeObject,
  descriptorOf,
  dropLargeObject,
  getLargeObject,
  openLargeObject,
  putLargeObject,
  readLargeObject,
  seekLargeObject,
  truncateLargeObject,
  writableDescriptor,
  writeLargeObject,
} from './large-objects.js';
import type { ShoalSession } from './shoal-session.js';

type Carrier = (session: ShoalSession, args: readonly SqlValue[]) => Promise<SqlValue>;

const int4Max = 2n ** 31n - 1n;
const chunkBytes = 128 * 1024;

const whole = (value: SqlValue | undefined): number => Number(value ?? 0);
const wide = (value: SqlValue | undefined): bigint => BigInt((value ?? 0) as number | bigint);
const bytesOf = (value: SqlValue | undefined): Uint8Array => value as Uint8Array;

/** The narrow functions know positions of four bytes only. */
function narrow(position: bigint, name: string, descriptor: number): SqlValue {
  if (position > int4Max) throw new PgError('22003', `${name} result out of range for large-object descriptor ${String(descriptor)}`);
  return Number(position);
}

async function importFile(session: ShoalSession, path: string, oid: number): Promise<SqlValue> {
  let file: number;
  try {
    file = openSync(path, 'r');
  } catch (error) {
    throw fileError(error, `open server file "${path}"`);
  }
  try {
    const made = await createLargeObject(session, oid);
    for (let position = 0n; ; ) {
      const buffer = Buffer.allocUnsafe(chunkBytes);
      let bytes: number;
      try {
        bytes = readSync(file, buffer);
      } catch (error) {
        throw fileError(error, `read server file "${path}"`);
      }
      if (bytes === 0) return made;
      await writeLargeObject(session, made, position, buffer.subarray(0, bytes));
      position += BigInt(bytes);
      session.core.checkCancel();
    }
  } finally {
    closeSync(file);
  }
}

async function exportFile(session: ShoalSession, oid: number, path: string): Promise<SqlValue> {
  const first = await getLargeObject(session, oid, 0n, chunkBytes);
  let file: number;
  try {
    file = openSync(path, 'w', 0o644);
  } catch (error) {
    throw fileError(error, `create server file "${path}"`);
  }
  try {
    let position = 0n;
    for (let chunk = first; chunk.byteLength > 0; chunk = await readLargeObject(session, oid, position, chunkBytes)) {
      try {
        for (let done = 0; done < chunk.byteLength; ) done += writeSync(file, chunk, done);
      } catch (error) {
        throw fileError(error, `write server file "${path}"`);
      }
      position += BigInt(chunk.byteLength);
      session.core.checkCancel();
    }
    return 1;
  } finally {
    closeSync(file);
  }
}

export const largeObjectCalls: readonly (readonly [name: string, carrier: Carrier])[] = [
  ['lo_creat', async (session) => await createLargeObject(session, 0)],
  ['lo_create', async (session, [oid]) => await createLargeObject(session, whole(oid))],
  [
    'lo_unlink',
    async (session, [oid]) => {
      await dropLargeObject(session, whole(oid));
      return 1;
    },
  ],
  ['lo_open', async (session, [oid, mode]) => await openLargeObject(session, whole(oid), whole(mode))],
  [
    'lo_close',
    async (session, [descriptor]) => {
      descriptorOf(session, whole(descriptor));
      session.core.transaction.largeObjects.delete(whole(descriptor));
      return Promise.resolve(0);
    },
  ],
  [
    'loread',
    async (session, [descriptor, length]) => {
      const open = descriptorOf(session, whole(descriptor));
      const bytes = await readLargeObject(session, open.oid, open.position, Math.max(0, whole(length)));
      open.position += BigInt(bytes.byteLength);
      return bytes;
    },
  ],
  [
    'lowrite',
    async (session, [descriptor, data]) => {
      const open = writableDescriptor(session, whole(descriptor));
      const bytes = bytesOf(data);
      await writeLargeObject(session, open.oid, open.position, bytes);
      open.position += BigInt(bytes.byteLength);
      return bytes.byteLength;
    },
  ],
  [
    'lo_lseek',
    async (session, [descriptor, offset, whence]) =>
      narrow(await seekLargeObject(session, whole(descriptor), wide(offset), whole(whence)), 'lo_lseek', whole(descriptor)),
  ],
  ['lo_lseek64', async (session, [descriptor, offset, whence]) => await seekLargeObject(session, whole(descriptor), wide(offset), whole(whence))],
  ['lo_tell', async (session, [descriptor]) => Promise.resolve(narrow(descriptorOf(session, whole(descriptor)).position, 'lo_tell', whole(descriptor)))],
  ['lo_tell64', async (session, [descriptor]) => Promise.resolve(descriptorOf(session, whole(descriptor)).position)],
  ...['lo_truncate', 'lo_truncate64'].map((name): readonly [string, Carrier] => [
    name,
    async (session, [descriptor, length]) => {
      await truncateLargeObject(session, writableDescriptor(session, whole(descriptor)).oid, wide(length));
      return 0;
    },
  ]),
  ['lo_import', async (session, [path, oid]) => await importFile(session, String(path), whole(oid))],
  ['lo_export', async (session, [oid, path]) => await exportFile(session, whole(oid), String(path))],
  [
    'lo_from_bytea',
    async (session, [wanted, data]) => {
      const oid = await createLargeObject(session, whole(wanted));
      await writeLargeObject(session, oid, 0n, bytesOf(data));
      return oid;
    },
  ],
  [
    'lo_get',
    async (session, [oid, position, length]) => {
      if (length !== undefined && whole(length) < 0) throw new PgError('22023', 'requested length cannot be negative');
      return await getLargeObject(session, whole(oid), wide(position), length === undefined ? undefined : whole(length));
    },
  ],
  [
    'lo_put',
    async (session, [oid, position, data]) => {
      await putLargeObject(session, whole(oid), wide(position), bytesOf(data));
      return '';
    },
  ],
];
