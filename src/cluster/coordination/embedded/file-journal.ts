/**
 * What makes an embedded store durable: a SQLite file of its own, synced before a write is acknowledged. Also readable with the sqlite3 shell. One process at a time.
 * Revisions and lease ids go on after a restart where they were; leases have their whole time again, as in etcd.
 */
import Database from 'better-sqlite3';
import type { Clock } from '../../../common/clock.js';
import type { LeaseGrant } from '../backend.js';
import { type Change, type Entry, type LeaseId, type Revision, StoreError } from '../store.js';
import { EngineBackend } from './engine-backend.js';
import { type Journal, type KeptState, StoreEngine } from './store-engine.js';

const schema = `
CREATE TABLE IF NOT EXISTS entries (
  key TEXT PRIMARY KEY, value TEXT NOT NULL, create_revision INTEGER NOT NULL, mod_revision INTEGER NOT NULL, lease INTEGER
) WITHOUT ROWID;
-- AUTOINCREMENT: an id is never given twice, not even after its lease has ended.
CREATE TABLE IF NOT EXISTS leases (id INTEGER PRIMARY KEY AUTOINCREMENT, ttl_ms INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS state (only INTEGER PRIMARY KEY CHECK (only = 1), revision INTEGER NOT NULL);
INSERT OR IGNORE INTO state VALUES (1, 0);
`;

interface EntryRow {
  readonly key: string;
  readonly value: string;
  readonly create_revision: bigint;
  readonly mod_revision: bigint;
  readonly lease: bigint | null;
}

export class FileJournal implements Journal {
  readonly #database: Database.Database;

  /** StoreError 'unavailable' when the file cannot be used (another process has it, no permission, damage). */
  constructor(private readonly path: string) {
    this.#database = this.#guard(() => new Database(path, { timeout: 0 }));
    this.#guard(() => {
      this.#database.defaultSafeIntegers(true);
      // Exclusive: a second process fails instead of both believing that they are the store.
      for (const pragma of ['locking_mode = EXCLUSIVE', 'journal_mode = WAL', 'synchronous = FULL']) this.#database.pragma(pragma);
      this.#database.exec(schema);
    });
  }

  load(): KeptState {
    return this.#guard(() => {
      const { revision } = this.#database.prepare('SELECT revision FROM state').get() as { readonly revision: bigint };
      const rows = this.#database.prepare('SELECT * FROM entries ORDER BY key').all() as EntryRow[];
      const leases = this.#database.prepare('SELECT id, ttl_ms FROM leases').all() as { readonly id: bigint; readonly ttl_ms: bigint }[];
      const last = this.#database.prepare("SELECT seq FROM sqlite_sequence WHERE name = 'leases'").get() as { readonly seq: bigint } | undefined;
      return {
        revision,
        entries: rows.map(
          ({ key, value, create_revision, mod_revision, lease }): Entry => ({
            key,
            value,
            createRevision: create_revision,
            modRevision: mod_revision,
            lease: lease === null ? undefined : (String(lease) as LeaseId),
          }),
        ),
        leases: leases.map(({ id, ttl_ms }): LeaseGrant => ({ id: String(id) as LeaseId, ttlMs: Number(ttl_ms) })),
        lastLease: last?.seq ?? 0n,
      };
    });
  }

  commit(revision: Revision, changes: readonly Change[], endedLease?: LeaseId): void {
    this.#atomically(() => {
      const put = this.#database.prepare('INSERT OR REPLACE INTO entries VALUES (?, ?, ?, ?, ?)');
      const remove = this.#database.prepare('DELETE FROM entries WHERE key = ?');
      for (const change of changes) {
        if (change.kind === 'delete') {
          remove.run(change.key);
          continue;
        }
        const { key, value, createRevision, modRevision, lease } = change.entry;
        put.run(key, value, createRevision, modRevision, lease === undefined ? null : BigInt(lease));
      }
      if (endedLease !== undefined) this.#database.prepare('DELETE FROM leases WHERE id = ?').run(BigInt(endedLease));
      this.#database.prepare('UPDATE state SET revision = ?').run(revision);
    });
  }

  keepLease({ id, ttlMs }: LeaseGrant): void {
    this.#atomically(() => {
      this.#database.prepare('INSERT INTO leases VALUES (?, ?)').run(BigInt(id), ttlMs);
    });
  }

  close(): void {
    this.#database.close();
  }

  #atomically(change: () => void): void {
    this.#guard(() => {
      this.#database.transaction(change)();
    });
  }

  #guard<T>(use: () => T): T {
    try {
      return use();
    } catch (error) {
      throw new StoreError('unavailable', `cannot use the coordination store in "${this.path}": ${(error as Error).message}`, { cause: error });
    }
  }
}

/** The store of a single node, in the file. */
export function openFileStore(path: string, clock: Clock): EngineBackend {
  const journal = new FileJournal(path);
  const engine = new StoreEngine({ clock, journal });
  return new EngineBackend(engine, clock, `the coordination store in "${path}"`, () => {
    engine.close();
    journal.close();
  });
}
