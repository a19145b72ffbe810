/**
 * Large objects: bytes under an OID, in pages of 2 KB of which those that were never written are not there, and the descriptors under which a transaction has them open.
 * Source: inv_api.c and be-fsstubs.c of PostgreSQL 15. Called by large-object-calls.
 */
import { randomInt } from 'node:crypto';
import { privilegeBits } from '../../catalog/acl.js';
import { privilegesOn, securableLargeObject } from '../../catalog/privileges.js';
import { largeObjectPages, largeObjects } from '../../catalog/system-table.js';
import { PgError } from '../../common/errors.js';
import { ActionList } from '../../planner/ddl/ddl.js';
import { Oid } from '../../types/oid.js';
import { runActions } from './run-ddl.js';
import type { ShoalSession } from './shoal-session.js';
import { hasSystemTable, systemRows, writeSystemRows } from './system-rows.js';
import { requireSystemTable } from './system-tables.js';

export const pageBytes = 2048;
const bytesMax = BigInt(2 ** 31 - 1) * BigInt(pageBytes);
/** lo_get answers at most what a bytea holds. */
const readMax = 2 ** 30 - 5;
/** Pages of one statement. */
const batch = 64;
const firstUserOid = 16384;

/** A large object as a transaction has it open. */
export interface LargeObjectDescriptor {
  readonly oid: number;
  readonly reads: boolean;
  readonly writes: boolean;
  position: bigint;
  /** How many savepoints there were. */
  readonly depth: number;
}

interface Page {
  readonly number: number;
  readonly data: Uint8Array;
}

const missing = (oid: number): PgError => new PgError('42704', `large object ${String(oid)} does not exist`);
const oidArgument = (oid: number): { readonly value: number; readonly type: number } => ({ value: oid, type: Oid.oid });
const pageArgument = (page: number): { readonly value: number; readonly type: number } => ({ value: page, type: Oid.int4 });
const pageOf = (position: bigint): number => Number(position / BigInt(pageBytes));

/** OID of the owner; 42704 where there is no such object. */
async function ownerOf({ core }: ShoalSession, oid: number): Promise<number> {
  const [row] = hasSystemTable(core, largeObjects) ? await systemRows(core, 'SELECT owner FROM shoal.large_objects WHERE oid = $1', [oidArgument(oid)]) : [];
  if (row === undefined) throw missing(oid);
  return Number(row[0]);
}

/** 42501 unless the session's role has the privilege. */
async function requirePrivilege(session: ShoalSession, oid: number, privilege: 'select' | 'update'): Promise<void> {
  const { core } = session;
  const owner = await ownerOf(session, oid);
  const role = core.catalog.role(core.user);
  if (core.settings.get('lo_compat_privileges') === 'on' || role === undefined) return;
  if (privilegesOn(core.catalog, role.oid, securableLargeObject(oid, owner), privilegeBits[privilege]) === 0)
    throw new PgError('42501', `permission denied for large object ${String(oid)}`);
}

/** Makes a large object. 0: under an OID that is free. */
export async function createLargeObject(session: ShoalSession, wanted: number): Promise<number> {
  const { core } = session;
  await requireSystemTable(session, largeObjects);
  await requireSystemTable(session, largeObjectPages);
  const owner = oidArgument(core.catalog.role(core.user)?.oid ?? 0);
  const insert = async (oid: number): Promise<boolean> =>
    (await writeSystemRows(core, 'INSERT INTO shoal.large_objects (oid, owner) VALUES ($1, $2) ON CONFLICT DO NOTHING', [oidArgument(oid), owner])) > 0;
  if (wanted !== 0) {
    if (await insert(wanted)) return wanted;
    throw new PgError('23505', 'duplicate key value violates unique constraint "pg_largeobject_metadata_oid_index"', {
      detail: `Key (oid)=(${String(wanted)}) already exists.`,
      schema: 'pg_catalog',
      table: 'pg_largeobject_metadata',
      constraint: 'pg_largeobject_metadata_oid_index',
    });
  }
  for (;;) {
    // (By chance, so that transactions do not wait for each other's.)
    const oid = randomInt(firstUserOid, 2 ** 31);
    if (await insert(oid)) return oid;
  }
}

export async function dropLargeObject(session: ShoalSession, oid: number): Promise<void> {
  const { core } = session;
  const owner = await ownerOf(session, oid);
  const role = core.catalog.role(core.user);
  if (core.settings.get('lo_compat_privileges') !== 'on' && role !== undefined && !core.catalog.roles.hasPrivilegesOf(role.oid, owner))
    throw new PgError('42501', `must be owner of large object ${String(oid)}`);
  for (const [number, descriptor] of core.transaction.largeObjects) if (descriptor.oid === oid) core.transaction.largeObjects.delete(number);
  await writeSystemRows(core, 'DELETE FROM shoal.large_object_pages WHERE loid = $1', [oidArgument(oid)]);
  await writeSystemRows(core, 'DELETE FROM shoal.large_objects WHERE oid = $1', [oidArgument(oid)]);
  await forgetLargeObject(session, oid);
}

// ------------------------------------------------------------------------------------------------------------------------ bytes

async function pagesBetween({ core }: ShoalSession, oid: number, first: number, last: number): Promise<readonly Page[]> {
  const rows = await systemRows(core, 'SELECT pageno, data FROM shoal.large_object_pages WHERE loid = $1 AND pageno BETWEEN $2 AND $3 ORDER BY pageno', [
    oidArgument(oid),
    pageArgument(first),
    pageArgument(last),
  ]);
  return rows.map(([number, data]) => ({ number: Number(number), data: data as Uint8Array }));
}

async function writePages({ core }: ShoalSession, oid: number, pages: readonly Page[]): Promise<void> {
  for (let at = 0; at < pages.length; at += batch) {
    const some = pages.slice(at, at + batch);
    const values = some.map((_, i) => `($1, $${String(2 * i + 2)}, $${String(2 * i + 3)})`).join(', ');
    await writeSystemRows(
      core,
      `INSERT INTO shoal.large_object_pages (loid, pageno, data) VALUES ${values} ON CONFLICT (loid, pageno) DO UPDATE SET data = excluded.data`,
      [oidArgument(oid), ...some.flatMap(({ number, data }) => [pageArgument(number), { value: data, type: Oid.bytea }])],
    );
  }
}

export async function largeObjectSize(session: ShoalSession, oid: number): Promise<bigint> {
  const [row] = await systemRows(
    session.core,
    'SELECT pageno, pg_catalog.octet_length(data) FROM shoal.large_object_pages WHERE loid = $1 ORDER BY pageno DESC LIMIT 1',
    [oidArgument(oid)],
  );
  return row === undefined ? 0n : BigInt(row[0] as number) * BigInt(pageBytes) + BigInt(row[1] as number);
}

/** The bytes from `position` on, at most `length` of them; zeros where nothing was ever written. */
export async function readLargeObject(session: ShoalSession, oid: number, position: bigint, length: number): Promise<Uint8Array> {
  const size = await largeObjectSize(session, oid);
  const wanted = Math.min(length, Math.max(0, Number(size - position)));
  const bytes = new Uint8Array(wanted);
  if (wanted === 0) return bytes;
  const last = pageOf(position + BigInt(wanted) - 1n);
  for (let first = pageOf(position); first <= last; first += batch) {
    for (const { number, data } of await pagesBetween(session, oid, first, Math.min(last, first + batch - 1))) {
      const start = Number(BigInt(number) * BigInt(pageBytes) - position);
      const skipped = Math.max(0, -start);
      if (skipped < data.byteLength) bytes.set(data.subarray(skipped, Math.min(data.byteLength, wanted - start)), start + skipped);
    }
  }
  return bytes;
}

export async function writeLargeObject(session: ShoalSession, oid: number, position: bigint, bytes: Uint8Array): Promise<void> {
  if (bytes.byteLength === 0) return;
  if (position + BigInt(bytes.byteLength) > bytesMax) throw new PgError('22023', `invalid large object write request size: ${String(bytes.byteLength)}`);
  const [first, last] = [pageOf(position), pageOf(position + BigInt(bytes.byteLength) - 1n)];
  // Of the pages at both ends a part may stay.
  const old = new Map<number, Uint8Array>();
  for (const number of new Set([first, last])) for (const page of await pagesBetween(session, oid, number, number)) old.set(number, page.data);
  const pages: Page[] = [];
  for (let number = first; number <= last; number++) {
    const start = Number(BigInt(number) * BigInt(pageBytes) - position);
    const from = Math.max(0, start);
    const part = bytes.subarray(from, Math.min(bytes.byteLength, start + pageBytes));
    const offset = from - start;
    const before = old.get(number);
    const data = new Uint8Array(Math.max(before?.byteLength ?? 0, offset + part.byteLength));
    if (before !== undefined) data.set(before);
    data.set(part, offset);
    pages.push({ number, data });
  }
  await writePages(session, oid, pages);
}

/** Cuts the object, or makes it longer with zeros. */
export async function truncateLargeObject(session: ShoalSession, oid: number, length: bigint): Promise<void> {
  if (length < 0n || length > bytesMax) throw new PgError('22023', `invalid large object truncation target: ${String(length)}`);
  const number = pageOf(length);
  const rest = Number(length % BigInt(pageBytes));
  await writeSystemRows(session.core, 'DELETE FROM shoal.large_object_pages WHERE loid = $1 AND pageno > $2', [oidArgument(oid), pageArgument(number)]);
  if (rest === 0) {
    await writeSystemRows(session.core, 'DELETE FROM shoal.large_object_pages WHERE loid = $1 AND pageno = $2', [oidArgument(oid), pageArgument(number)]);
    // (A length at a page's end is kept by that page.)
    if (number > 0) await extend(session, oid, number - 1, pageBytes, false);
  } else await extend(session, oid, number, rest, true);
}

async function extend(session: ShoalSession, oid: number, number: number, length: number, cuts: boolean): Promise<void> {
  const [page] = await pagesBetween(session, oid, number, number);
  const have = page?.data.byteLength ?? 0;
  if (have === length || (have > length && !cuts)) return;
  const data = new Uint8Array(length);
  if (page !== undefined) data.set(page.data.subarray(0, length));
  await writePages(session, oid, [{ number, data }]);
}

/** lo_get: all of it, or `length` bytes from `position` on. */
export async function getLargeObject(session: ShoalSession, oid: number, position: bigint, length: number | undefined): Promise<Uint8Array> {
  await requirePrivilege(session, oid, 'select');
  if (position < 0n || position > bytesMax) throw new PgError('22023', `invalid large object seek target: ${String(position)}`);
  const rest = (await largeObjectSize(session, oid)) - position;
  const wanted = length === undefined || BigInt(length) > rest ? rest : BigInt(length);
  if (wanted > BigInt(readMax)) throw new PgError('54000', 'large object read request is too large');
  return readLargeObject(session, oid, position, Math.max(0, Number(wanted)));
}

/** lo_put. */
export async function putLargeObject(session: ShoalSession, oid: number, position: bigint, bytes: Uint8Array): Promise<void> {
  await requirePrivilege(session, oid, 'select');
  await requirePrivilege(session, oid, 'update');
  if (position < 0n || position > bytesMax) throw new PgError('22023', `invalid large object seek target: ${String(position)}`);
  await writeLargeObject(session, oid, position, bytes);
}

// ------------------------------------------------------------------------------------------------------------------ descriptors

const [openToWrite, openToRead] = [0x20000, 0x40000];

export async function openLargeObject(session: ShoalSession, oid: number, mode: number): Promise<number> {
  const writes = (mode & openToWrite) !== 0;
  if (!writes && (mode & openToRead) === 0) throw new PgError('22023', `invalid flags for opening a large object: ${String(mode)}`);
  await requirePrivilege(session, oid, 'select');
  if (writes) await requirePrivilege(session, oid, 'update');
  const { largeObjects: open, savepoints } = session.core.transaction;
  let number = 0;
  while (open.has(number)) number++;
  open.set(number, { oid, reads: true, writes, position: 0n, depth: savepoints.length });
  return number;
}

export function descriptorOf({ core }: ShoalSession, number: number): LargeObjectDescriptor {
  const found = core.transaction.largeObjects.get(number);
  if (found === undefined) throw new PgError('42704', `invalid large-object descriptor: ${String(number)}`);
  return found;
}

export function writableDescriptor(session: ShoalSession, number: number): LargeObjectDescriptor {
  const found = descriptorOf(session, number);
  if (!found.writes) throw new PgError('55000', `large object descriptor ${String(number)} was not opened for writing`);
  return found;
}

export async function seekLargeObject(session: ShoalSession, number: number, offset: bigint, whence: number): Promise<bigint> {
  const descriptor = descriptorOf(session, number);
  let base: bigint;
  if (whence === 0) base = 0n;
  else if (whence === 1) base = descriptor.position;
  else if (whence === 2) base = await largeObjectSize(session, descriptor.oid);
  else throw new PgError('22023', `invalid whence setting: ${String(whence)}`);
  const target = base + offset;
  if (target < 0n || target > bytesMax) throw new PgError('22023', `invalid large object seek target: ${String(target)}`);
  descriptor.position = target;
  return target;
}

/** What is left of a large object that is gone: its privileges and its comment. */
async function forgetLargeObject(session: ShoalSession, oid: number): Promise<void> {
  if (session.core.catalog.aclOf('largeObject', oid) === undefined) return;
  await runActions(session, ({ editor }) => {
    const list = new ActionList(editor);
    editor.forgetLargeObject(oid);
    list.flush();
    return list.actions;
  });
}
