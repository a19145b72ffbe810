/**
 * Point-in-time restore: the files of a base, then the log up to exactly the point asked for, into a directory that did not exist before. Everything that is read is
 * held against its checksum first; the database appears under its name only when it is complete. Called by the command `shoal restore`.
 */
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CatalogEditor } from '../../catalog/edit.js';
import { bootstrapRoleOid } from '../../catalog/role.js';
import { type DatabaseEntry, initialDatabases, serverCatalogData, serverDatabaseOid } from '../../catalog/server-catalog.js';
import { PgError } from '../../common/errors.js';
import type { ObjectStore } from '../../object-store/object-store.js';
import { Connection, internalContext, type RegisterFunctions } from '../files/connection.js';
import { fsyncPath } from '../files/durable.js';
import { DatabaseLayout, globalSchema, quoteName, serverDirectory } from '../files/layout.js';
import { newManifest, writeManifest } from '../files/manifest.js';
import { decodeBatch } from '../log/batch.js';
import type { LogPosition } from '../log/node-log.js';
import { Replay } from '../log/recovery.js';
import { CancelWords, createSharedBuffers } from '../shared.js';
import { WriterLane } from '../write/writer-lane.js';
import { Archive, type ArchiveListing, archiveTitle, type Base, type BaseFile, type LogPiece, serverArchive } from './archive.js';
import { formatLsn, formatTime } from './point.js';
import { type BaseRange, baseRanges, chooseBase, type RestoreTarget } from './restorable.js';
import { damaged } from './sealed-json.js';

const restoringSuffix = '.restoring';

export interface RestoreOptions {
  readonly store: ObjectStore;
  /** undefined: the only one that is there. */
  readonly database: string | undefined;
  readonly target: RestoreTarget;
  /** The new server's data directory: must not exist, or be empty. */
  readonly dataDirectory: string;
  readonly register: RegisterFunctions;
  readonly report: (line: string) => void;
}

export interface Restored {
  readonly database: string;
  /** The last transaction that is in it. */
  readonly reached: LogPosition;
}

/** The archive of a database, or of the only one. 58P01 when there is none, 22023 when the database must be named. */
export async function findArchive(store: ObjectStore, database: string | undefined): Promise<Archive> {
  const databases = await Archive.databases(store);
  if (databases.length === 0) throw new PgError('58P01', `there is no backup in "${store.location}"`);
  if (database === undefined && databases.length > 1) {
    throw new PgError('22023', `"${store.location}" has backups of several databases: ${databases.join(', ')}`, { hint: 'Name one with --database.' });
  }
  const name = database ?? databases[0];
  if (name === undefined || !databases.includes(name)) {
    throw new PgError('58P01', `there is no backup of database "${name ?? ''}" in "${store.location}"`, { hint: `There are: ${databases.join(', ')}.` });
  }
  return new Archive(store, name);
}

/** Restores the database, and what the backup has of roles and the list of databases as they were then: the other databases are taken off that list. */
export async function restore(options: RestoreOptions): Promise<Restored> {
  const { dataDirectory, register } = options;
  const archive = await findArchive(options.store, options.database);
  requireEmpty(dataDirectory);
  const databaseDirectory = join(dataDirectory, `database${restoringSuffix}`);
  const serverArchived = new Archive(options.store, serverArchive);
  const serverRestoring = join(dataDirectory, `${serverDirectory}${restoringSuffix}`);
  try {
    const reached = await restoreFiles(archive, options, options.target, databaseDirectory);
    const listing = await serverArchived.list();
    const hasServer = listing.identity !== undefined;
    if (!hasServer && listing.bases.length + listing.pieces.length + listing.points.length > 0)
      throw damaged(serverArchived.nameOf('identity.json'), 'it is missing');
    if (hasServer) await restoreFiles(serverArchived, options, await serverTarget(serverArchived, listing, options.target, reached), serverRestoring);
    const entry = hasServer ? await keepOnly(serverRestoring, archive.database, register) : undefined;
    renameSync(databaseDirectory, join(dataDirectory, entry?.own.directory ?? archive.database));
    for (const other of entry?.others ?? []) await makeEmpty(dataDirectory, other, register);
    // (Last: a start takes a directory without it for one that has been restored without roles.)
    if (hasServer) renameSync(serverRestoring, join(dataDirectory, serverDirectory));
    fsyncPath(dataDirectory);
    return { database: archive.database, reached };
  } catch (error) {
    for (const directory of [databaseDirectory, serverRestoring]) rmSync(directory, { recursive: true, force: true });
    throw error;
  }
}

/** The files of one archive's database as of the target; answers the last transaction that is in them. */
async function restoreFiles(archive: Archive, options: RestoreOptions, target: RestoreTarget, directory: string): Promise<LogPosition> {
  const { report } = options;
  const listing = await archive.list();
  const range = await chooseBase(archive, listing, target);
  await checkLastPoint(archive, listing, range);
  report(`${archiveTitle(archive.database)}: from the full copy of ${formatTime(range.base.end.hlc)}, ${String(range.base.files.length)} files`);
  const layout = new DatabaseLayout(directory);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeManifest(layout, newManifest(archive.database === serverArchive ? serverDirectory : archive.database, range.base.databaseId));
  await fetchFiles(archive, range.base, directory, report);
  const reached = await rollForward(archive, range, { ...options, target }, layout);
  mkdirSync(layout.log, { recursive: true });
  for (const schema of [globalSchema, ...layout.shardSchemasOnDisk()]) fsyncPath(layout.file(schema));
  for (const { name } of readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory())) fsyncPath(join(directory, name));
  fsyncPath(directory);
  return reached;
}

/** Roles as of the same time; where the backup does not reach back to it, the earliest that it has. */
async function serverTarget(archive: Archive, listing: ArchiveListing, target: RestoreTarget, reached: LogPosition): Promise<RestoreTarget> {
  if (target.kind === 'latest') return target;
  const [first] = await baseRanges(archive, listing);
  return first !== undefined && first.first.hlc > reached.hlc ? { kind: 'lsn', lsn: first.first.lsn } : { kind: 'time', micros: reached.hlc };
}

/** Takes every database off the restored server's list but the one that has been restored and those that every server has. Answers their entries. */
async function keepOnly(
  directory: string,
  database: string,
  register: RegisterFunctions,
): Promise<{ readonly own: DatabaseEntry; readonly others: readonly DatabaseEntry[] }> {
  const layout = new DatabaseLayout(directory, serverDatabaseOid);
  const lane = WriterLane.open({ layout, database: serverDirectory, register, shared: createSharedBuffers(), onCatalog: () => undefined });
  try {
    const editor = new CatalogEditor(lane.catalog);
    let own = editor.snapshot.databaseNamed(database);
    if (own === undefined) {
      const oid = editor.freshServerOid();
      const owner = editor.snapshot.roles.byOid(bootstrapRoleOid)?.name ?? 'postgres';
      own = { oid, name: database, directory: String(oid), owner, isTemplate: false, allowsConnections: true, connectionLimit: -1 };
      editor.putDatabase(own);
    }
    const everybodys = new Set(initialDatabases.map((entry) => entry.oid));
    for (const entry of editor.snapshot.databases) if (entry.oid !== own.oid && !everybodys.has(entry.oid)) editor.removeDatabase(entry.oid);
    const { data } = editor;
    const { transaction } = await lane.begin({ isolation: 'read committed', readOnly: false, context: internalContext });
    const catalog = serverCatalogData(data.server);
    await lane.ddl({ transaction, context: internalContext, baseVersion: lane.catalog.version, catalog, steps: [], lockTimeoutMs: 0 });
    await lane.commit({ transaction, synchronousCommit: true });
    const { oid } = own;
    return { own, others: data.server.databases.filter((entry) => entry.oid !== oid) };
  } finally {
    await lane.shutdown();
  }
}

async function makeEmpty(dataDirectory: string, { oid, name, directory }: DatabaseEntry, register: RegisterFunctions): Promise<void> {
  const layout = new DatabaseLayout(join(dataDirectory, directory), oid);
  await WriterLane.open({ layout, database: name, register, shared: createSharedBuffers(), onCatalog: () => undefined }).shutdown();
}

/** 55000 unless nothing is there, or only what a restore that was cut off has left. */
function requireEmpty(directory: string): void {
  if (!existsSync(directory)) return;
  if (!statSync(directory).isDirectory())
    throw new PgError('55000', `"${directory}" is not a directory`, { hint: 'A backup is restored into a new directory.' });
  const names = readdirSync(directory);
  if (names.some((name) => !name.endsWith(restoringSuffix))) {
    throw new PgError('55000', `the directory "${directory}" is not empty`, { hint: 'A backup is restored into a new directory.' });
  }
  for (const name of names) rmSync(join(directory, name), { recursive: true, force: true });
}

/** The point that says how far the log is known is part of the answer. */
async function checkLastPoint(archive: Archive, listing: ArchiveListing, { last }: BaseRange): Promise<void> {
  const points = listing.points.filter(({ lsn }) => lsn <= last.lsn).sort((a, b) => a.lsn - b.lsn || a.hlc - b.hlc);
  const point = points.at(-1);
  if (point !== undefined) await archive.checkPoint(point);
}

async function fetchFiles(archive: Archive, base: Base, directory: string, report: (line: string) => void): Promise<void> {
  let bytes = 0;
  for (const [at, file] of base.files.entries()) {
    await fetchFile(archive, base, file, join(directory, file.key));
    bytes += file.bytes;
    report(`restored ${file.key}, ${String(at + 1)} of ${String(base.files.length)} files, ${(bytes / 1e6).toFixed(1)} MB`);
  }
}

async function fetchFile(archive: Archive, base: Base, file: BaseFile, path: string): Promise<void> {
  const name = `base/${base.id}/${file.key}`;
  mkdirSync(dirname(path), { recursive: true });
  const hash = createHash('sha256');
  const target = await open(path, 'wx');
  try {
    for await (const chunk of archive.store.read(archive.key(name))) {
      hash.update(chunk);
      await target.writeFile(chunk);
    }
  } finally {
    await target.close();
  }
  if (hash.digest('hex') !== file.sha256) throw damaged(archive.nameOf(name), 'its content does not match its checksum');
}

/** Replays the log from the base's files on, up to the target. */
async function rollForward(archive: Archive, { base, chain }: BaseRange, options: RestoreOptions, layout: DatabaseLayout): Promise<LogPosition> {
  const { target, report } = options;
  const isWanted = (lsn: number, hlc: number): boolean => target.kind === 'latest' || (target.kind === 'time' ? hlc <= target.micros : lsn <= target.lsn);
  const connection = new Connection({ layout, register: options.register, cancel: new CancelWords(new SharedArrayBuffer(4)) });
  try {
    connection.attach(globalSchema);
    const replay = new Replay(layout, connection);
    // Without any log to replay, the base's own end is the point.
    let reached: LogPosition = { lsn: base.startLsn - 1, hlc: 0 };
    let isOver = false;
    const wanted = chain.pieces.filter((piece) => isWanted(piece.firstLsn, piece.firstHlc));
    let next = wanted[0] === undefined ? undefined : archive.getPiece(wanted[0]);
    for (const [at, piece] of wanted.entries()) {
      const bytes = (await next) ?? Buffer.alloc(0);
      const following = wanted[at + 1];
      // The next piece is on its way while this one is replayed; its failure is met when it is awaited.
      next = following === undefined ? undefined : archive.getPiece(following);
      next?.catch(() => undefined);
      for (const { lsn, hlc, entry } of entriesOf(archive, piece, bytes)) {
        if (lsn <= reached.lsn) continue;
        if (!isWanted(lsn, hlc)) {
          isOver = true;
          break;
        }
        replay.entry({ lsn, bytes: entry });
        reached = { lsn, hlc };
      }
      if (isOver) break;
      report(`replayed the log until ${formatLsn(reached.lsn)}, ${formatTime(reached.hlc)}`);
    }
    replay.finish();
    for (const schema of [globalSchema, ...layout.shardSchemasOnDisk()]) {
      connection.attach(schema);
      connection.db.pragma(`${quoteName(schema)}.wal_checkpoint(TRUNCATE)`);
    }
    return reached.hlc === 0 ? base.end : reached;
  } finally {
    connection.close();
  }
}

function* entriesOf(archive: Archive, piece: LogPiece, bytes: Buffer): Iterable<{ readonly lsn: number; readonly hlc: number; readonly entry: Uint8Array }> {
  let offset = 0;
  let last = 0;
  while (offset < bytes.length) {
    const batch = decodeBatch(bytes, offset);
    if (batch === undefined) throw damaged(archive.nameOf(piece.key), `there is no whole batch at byte ${String(offset)}`);
    for (const entry of batch.entries) yield { lsn: (last = entry.lsn), hlc: batch.hlc, entry: entry.bytes };
    offset = batch.end;
  }
  if (last !== piece.lastLsn) throw damaged(archive.nameOf(piece.key), `it ends with record ${String(last)}`);
}
