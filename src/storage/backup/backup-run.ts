/**
 * One backup: the log since the last one, or a new base and the log from it on. Runs beside a server that goes on writing (backup-thread), or over a directory that
 * nobody else has open (the command `shoal backup --data-dir`).
 *
 * Whatever happens in the middle, what was in the backup before stays as it was: objects are only added, and a base counts from its manifest on.
 */
import { randomBytes } from 'node:crypto';
import { PgError } from '../../common/errors.js';
import type { RegisterFunctions } from '../files/connection.js';
import type { DatabaseLayout } from '../files/layout.js';
import { readManifest } from '../files/manifest.js';
import { batchesOf } from '../log/log-reader.js';
import type { LogPosition } from '../log/node-log.js';
import { type Archive, type ArchiveListing, archiveFormat, chainFrom, lastArchivedLsn } from './archive.js';
import { copyBase } from './base-copy.js';
import type { LogArchiver } from './log-archiver.js';
import { formatLsn, formatTime } from './point.js';

/** The database that is backed up. */
export interface BackupSource {
  readonly layout: DatabaseLayout;
  readonly register: RegisterFunctions;
  /** Where the durable log ends. */
  position(): Promise<LogPosition>;
  /** The log must keep its records from `lsn` on; Infinity: it need not. */
  retain(lsn: number): Promise<void>;
}

export interface BackupOptions {
  /** A base in any case. */
  readonly full: boolean;
  readonly report: (line: string) => void;
  readonly checkCancelled: () => void;
}

export interface BackupResult {
  /** Everything committed until then is in the backup. */
  readonly reached: LogPosition;
}

export async function runBackup(source: BackupSource, archive: Archive, archiver: LogArchiver, options: BackupOptions): Promise<BackupResult> {
  const { report, checkCancelled } = options;
  const manifest = readManifest(source.layout);
  const listing = await archive.list();
  await archive.claim(manifest.history, listing);
  checkCancelled();
  await source.retain(lastArchivedLsn(listing));
  const before = await source.position();
  const continues = await archiver.resume(listing, before);
  const pieces = { count: 0, bytes: 0 };
  const archiveLog = async (to: number): Promise<void> => {
    await archiver.catchUp(to, (piece) => {
      pieces.count++;
      pieces.bytes += piece.bytes;
      checkCancelled();
    });
  };
  if (!continues || options.full || !(await hasUsableBase(archive, listing))) {
    report(
      options.full
        ? 'making a full copy'
        : listing.bases.length === 0
          ? 'making the first full copy'
          : 'the log does not go on from the last backup: making a full copy',
    );
    for (const name of listing.unfinished) await archive.store.delete(archive.key(name));
    const startLsn = firstLsnOfLastBatch(archiver, before.lsn);
    if (!continues) archiver.archivedLsn = startLsn - 1;
    await source.retain(Math.min(archiver.archivedLsn, startLsn - 1));
    // (Of a cluster, a primary that has been taken for dead may still be making one.)
    const id = `${String(startLsn).padStart(16, '0')}-${String(before.hlc).padStart(16, '0')}-${randomBytes(4).toString('hex')}`;
    let bytes = 0;
    const files = await copyBase({
      layout: source.layout,
      register: source.register,
      store: archive.store,
      key: (name) => archive.key(`base/${id}/${name}`),
      onFile: (file, done, total) => {
        bytes += file.bytes;
        report(`copied ${file.key}, ${String(done)} of ${String(total)} files, ${megabytes(bytes)}`);
      },
      checkCancelled,
    });
    const end = await source.position();
    await archiveLog(end.lsn);
    checkCancelled();
    // (Another node of a cluster that writes the database now takes what has no manifest for left over.)
    const there = new Set((await archive.list()).unfinished);
    if (!files.every((file) => there.has(`base/${id}/${file.key}`)))
      throw new PgError('55000', `the full copy in "${archive.store.location}" was taken away while it was made`, { hint: 'Try again.' });
    await archive.putBaseManifest(id, { format: archiveFormat, database: archive.database, databaseId: manifest.id, startLsn, end, files });
  }
  const reached = await source.position();
  await archiveLog(reached.lsn);
  await archive.putPoint(reached);
  report(
    `archived ${megabytes(pieces.bytes)} of log in ${String(pieces.count)} ${pieces.count === 1 ? 'piece' : 'pieces'}; the backup reaches until ${formatLsn(reached.lsn)}, ${formatTime(reached.hlc)}`,
  );
  return { reached };
}

/** Whether the log of the archive leads from some base to its end. */
async function hasUsableBase(archive: Archive, listing: ArchiveListing): Promise<boolean> {
  const end = lastArchivedLsn(listing);
  for (const id of [...listing.bases].reverse()) {
    const base = await archive.base(id);
    if (chainFrom(listing.pieces, base.startLsn).lastLsn >= end) return true;
  }
  return false;
}

/** The base's log begins with the batch that is the last now, if the log still has it, so that there is one to tell another course by. */
function firstLsnOfLastBatch(archiver: LogArchiver, lsn: number): number {
  const bytes = archiver.reader.batchEndingWith(lsn);
  if (bytes === undefined) return lsn + 1;
  for (const { batch } of batchesOf(bytes, undefined)) return batch.entries[0]?.lsn ?? lsn + 1;
  throw new PgError('XX001', `the log is damaged at record ${String(lsn)}`);
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
