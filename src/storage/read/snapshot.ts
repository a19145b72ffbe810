/**
 * A read snapshot: one connection inside a read transaction that has touched every file it needs, all between two commits of the lane.
 */
import { PgError } from '../../common/errors.js';
import type { Client } from '../../common/rpc.js';
import type { Connection } from '../files/connection.js';
import { globalSchema, quoteName } from '../files/layout.js';
import type { CacheService, LandingTable } from '../ports.js';
import type { CommitObserver, Cut } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';

export class Snapshot {
  readonly cursors = new Set<number>();
  readonly landings = new Map<string, LandingTable>();
  /** What it holds of its node's cache. */
  readonly queries = new Map<string, Client<CacheService>>();

  private constructor(
    readonly connection: Connection,
    readonly cut: Cut,
  ) {}

  /** Opens a snapshot on an idle connection. SH001 when the catalog has another version by now. */
  static open(connection: Connection, observer: CommitObserver, schemas: readonly string[], catalogVersion: number): Snapshot {
    const shards = schemas.filter((schema) => schema !== globalSchema);
    try {
      connection.attachAll([globalSchema, ...shards]);
      const version = connection.prepare('PRAGMA global.user_version', false);
      const touch =
        shards.length === 0 ? undefined : connection.prepare(shards.map((schema) => `SELECT lsn FROM ${quoteName(schema)}._shoal`).join(' UNION ALL '), false);
      let seen: unknown;
      const cut = observer.consistently(
        () => {
          connection.control('BEGIN');
          seen = version.get()?.[0];
          touch?.all();
        },
        () => connection.control('ROLLBACK'),
      );
      if (seen !== catalogVersion) throw new PgError('SH001', 'the plan was made for another version of the catalog');
      return new Snapshot(connection, cut);
    } catch (error) {
      if (connection.db.inTransaction) connection.control('ROLLBACK');
      throw toPgError(error);
    }
  }

  /** Ends the transaction; landing tables go with it. Cursors must be closed before. */
  close(): void {
    if (this.connection.db.inTransaction) this.connection.control('ROLLBACK');
  }
}
