/** Damages a database file as a disk does: bytes of a page are others than were written. */
import { closeSync, openSync, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { pageBytes, requirePageGuard } from '../../src/storage/integrity/page-guard.js';

/** The page at which a table begins, which everybody must read who wants something of it. Whoever has the file open may go on; nobody writes it meanwhile. */
export async function damageTable(path: string, table: string): Promise<void> {
  requirePageGuard();
  const file = new Database(path);
  try {
    // (What is in the WAL is not read from the file.)
    for (;;) {
      const [state] = file.pragma('wal_checkpoint(TRUNCATE)') as readonly { readonly busy: number }[];
      if (state?.busy === 0) break;
      await sleep(20);
    }
    damagePage(path, file.prepare('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(table) as number);
  } finally {
    file.close();
  }
}

/** Pages are numbered from 1 on. */
export function damagePage(path: string, page: number): void {
  const descriptor = openSync(path, 'r+');
  writeSync(descriptor, Buffer.from('damaged'), 0, 7, (page - 1) * pageBytes + 100);
  closeSync(descriptor);
}
