/**
 * One process per database directory. The lock is SQLite's own exclusive (fcntl) lock on a file `lock`, so the kernel drops it with the process:
 * nothing stale stays after kill -9. `lock.pid` beside it serves the message, and, where it is left, tells that the database was not closed in order.
 */
import Database from 'better-sqlite3';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { PgError } from '../../common/errors.js';
import { isDiskFull } from '../disk-errors.js';
import type { DatabaseLayout } from './layout.js';

export class DirectoryLock {
  private constructor(
    private readonly db: Database.Database,
    private readonly pidFile: string,
  ) {}

  /** F0001 when another process (or another part of this one) holds the directory. */
  static acquire(layout: DatabaseLayout): DirectoryLock {
    const pidFile = layout.lockHolder;
    const db = new Database(layout.lock, { timeout: 0 });
    try {
      db.pragma('locking_mode = EXCLUSIVE');
      db.pragma('journal_mode = MEMORY');
      db.exec('BEGIN EXCLUSIVE');
    } catch (error) {
      db.close();
      if ((error as { readonly code?: string }).code?.startsWith('SQLITE_BUSY') !== true) throw error;
      const holder = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').trim() : 'unknown';
      throw new PgError('F0001', `the database directory "${layout.directory}" is in use by another process`, {
        severity: 'FATAL',
        hint: `Is another Shoal server (PID ${holder}) running in this directory?`,
      });
    }
    try {
      writeFileSync(pidFile, `${String(process.pid)}\n`);
    } catch (error) {
      // It only serves a message: a full disk must not keep the server from starting.
      if (!isDiskFull(error)) throw error;
    }
    return new DirectoryLock(db, pidFile);
  }

  release(): void {
    if (!this.db.open) return;
    rmSync(this.pidFile, { force: true });
    this.db.exec('ROLLBACK');
    this.db.close();
  }
}
