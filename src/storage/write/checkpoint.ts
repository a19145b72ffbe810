/**
 * Checkpoints: moves WAL pages into the database files and makes what is left of the WALs durable, so that the log's old segments can go.
 * A file's lsn is durable once its -wal is synced (or once SQLite has reset it, which syncs the main file first). Run by the lane between transactions.
 */
import { closeSync, fdatasyncSync, openSync, statSync } from 'node:fs';
import { isDiskFull, isSyncFailure } from '../disk-errors.js';
import type { Connection } from '../files/connection.js';
import { fsyncPath } from '../files/durable.js';
import { type DatabaseLayout, quoteName } from '../files/layout.js';
import { writeCheckpoint } from '../integrity/bounds.js';
import { readLsn } from '../log/file-lsn.js';
import type { NodeLog } from '../log/node-log.js';
import type { CommitPublisher } from '../shared.js';
import { isDamage, toPgError } from '../sqlite-errors.js';
import { panic } from '../panic.js';

const walBytesMax = 8 * 1024 * 1024;
const walPageBytes = 4096;

export class Checkpointer {
  /** Files written since they were last made durable. */
  private readonly dirty = new Set<string>();
  private damaged = false;

  constructor(
    private readonly connection: Connection,
    private readonly layout: DatabaseLayout,
    private readonly log: Pick<NodeLog, 'lastLsn'>,
    private readonly publisher: Pick<CommitPublisher, 'walMoved'>,
  ) {}

  /** Whether the log may be trimmed: not once a WAL was found damaged, since recovery then needs the log to make up for it. */
  get healthy(): boolean {
    return !this.damaged;
  }

  written(schema: string): void {
    this.dirty.add(schema);
  }

  forget(schema: string): void {
    this.dirty.delete(schema);
  }

  /** Keeps one file's WAL short: pages that no reader needs any more are moved. Outside of transactions. */
  trimWal(schema: string): void {
    // (The file stays as long as it once was: only SQLite knows how much of it is in use, and how much of that has been moved.)
    if ((statSync(`${this.layout.file(schema)}-wal`, { throwIfNoEntry: false })?.size ?? 0) < walBytesMax) return;
    if (this.damaged) return;
    const [state] = this.connection.db.pragma(`${quoteName(schema)}.wal_checkpoint(NOOP)`) as readonly {
      readonly log: number;
      readonly checkpointed: number;
    }[];
    if (state === undefined || (state.log - state.checkpointed) * walPageBytes >= walBytesMax) this.moveWal(schema);
  }

  /** Moves what can be moved and makes every file durable up to now. Outside of transactions. */
  run(): void {
    for (const schema of this.dirty) if (this.connection.isAttached(schema)) this.moveWal(schema);
    this.sync();
  }

  /** Makes every file durable up to the last commit, and notes how far that is: a file that is older one day has lost something. */
  sync(): void {
    try {
      this.syncWals();
      this.record();
    } catch (error) {
      panic('could not make a database file durable', error, 'Check the disk and the system log, then start the server again: its log has everything.');
    }
  }

  private record(): void {
    const lsns = this.fileLsns();
    if (this.damaged) return;
    try {
      writeCheckpoint(this.layout, this.log.lastLsn, lsns);
    } catch (error) {
      // The last one stays: a lower bound than could be.
      if (!isDiskFull(error)) throw error;
    }
  }

  private fileLsns(): ReadonlyMap<string, number> {
    const lsns = new Map<string, number>();
    try {
      for (const schema of this.connection.schemas) lsns.set(schema, readLsn(this.connection, schema));
    } catch (error) {
      this.noteDamage(error);
    }
    return lsns;
  }

  /** Statements are told of damage; here it only keeps the log. */
  private noteDamage(error: unknown): void {
    if (!isDamage(error)) throw error;
    toPgError(error);
    this.damaged = true;
  }

  private syncWals(): void {
    const directories = new Set<string>();
    for (const schema of this.dirty) {
      if (!this.connection.isAttached(schema)) continue;
      const wal = `${this.layout.file(schema)}-wal`;
      // Only -wal: closing a descriptor of the main file would drop SQLite's locks on it.
      if (statSync(wal, { throwIfNoEntry: false }) !== undefined) {
        const descriptor = openSync(wal, 'r+');
        try {
          fdatasyncSync(descriptor);
        } finally {
          closeSync(descriptor);
        }
      }
      directories.add(wal.slice(0, wal.lastIndexOf('/')));
    }
    for (const directory of directories) fsyncPath(directory);
    this.dirty.clear();
  }

  private moveWal(schema: string): void {
    try {
      this.connection.db.pragma(`${quoteName(schema)}.wal_checkpoint(PASSIVE)`);
      this.publisher.walMoved();
    } catch (error) {
      if (isSyncFailure(error)) {
        panic('could not make a database file durable', error, 'Check the disk and the system log, then start the server again: its log has everything.');
      }
      // Without space for the pages they stay in the WAL.
      if (!isDiskFull(error)) this.noteDamage(error);
    }
  }
}
