/**
 * What the lane does for its files between transactions: keeps WALs short, checkpoints when the log has grown, removes the files of groups that are gone.
 */
import type { CatalogData } from '../../catalog/snapshot.js';
import { dropGroupFiles } from '../files/bootstrap.js';
import { isDiskFull } from '../disk-errors.js';
import type { Connection } from '../files/connection.js';
import { type DatabaseLayout, globalSchema, shardSchema } from '../files/layout.js';
import type { NodeLog } from '../log/node-log.js';
import { isDamage, toPgError } from '../sqlite-errors.js';
import type { Checkpointer } from './checkpoint.js';
import type { Stage } from './stage.js';
import type { TableStatistics } from './statistics.js';

const walCheckEveryMs = 100;

export class FileKeeper {
  /** Groups whose files shall go once no transaction is open on the connection. */
  readonly droppedGroups: string[] = [];
  private lastWalCheckMs = 0;
  private walCheckTurn = 0;

  constructor(
    private readonly connection: Connection,
    private readonly layout: DatabaseLayout,
    private readonly stage: Stage,
    private readonly log: NodeLog,
    private readonly statistics: TableStatistics,
    private readonly checkpointer: Checkpointer,
    private readonly checkpointLogBytes: number,
  ) {}

  /** Whether a checkpoint or the removal of files is due, for which no transaction may be open on the connection. */
  get wantsPause(): boolean {
    return this.droppedGroups.length > 0 || (this.log.bytes > this.checkpointLogBytes && this.checkpointer.healthy);
  }

  tidy(): void {
    if (this.stage.resident === undefined && this.droppedGroups.length > 0) this.stage.leave();
    if (this.droppedGroups.length > 0 && !this.stage.inTransaction) this.removeDroppedGroups();
    const now = performance.now();
    if (now - this.lastWalCheckMs < walCheckEveryMs) return;
    if (this.stage.resident === undefined) this.stage.leave();
    if (this.log.bytes > this.checkpointLogBytes && this.checkpointer.healthy) {
      this.stage.leave();
      if (this.stage.inTransaction) return;
      this.checkpoint();
      this.lastWalCheckMs = performance.now();
    } else if (!this.stage.inTransaction) {
      this.lastWalCheckMs = now;
      const schemas = [...this.connection.schemas];
      const schema = schemas[this.walCheckTurn++ % schemas.length];
      if (schema !== undefined) this.checkpointer.trimWal(schema);
    }
  }

  /** Makes every file durable as it is, so that the log up to now can go. Outside of transactions. */
  checkpoint(): void {
    this.storeStatistics();
    this.checkpointer.run();
    if (!this.checkpointer.healthy) return;
    this.log.trim(this.log.nextLsn);
  }

  /** They are estimates, and may wait for space. */
  private storeStatistics(): void {
    this.connection.control('BEGIN');
    try {
      this.statistics.store();
      this.connection.control('COMMIT');
    } catch (error) {
      if (this.connection.db.inTransaction) this.connection.control('ROLLBACK');
      if (isDamage(error)) toPgError(error);
      else if (!isDiskFull(error)) throw error;
    }
  }

  /** Outside of transactions: SQLite cannot detach within one. */
  removeDroppedGroups(): void {
    for (const group of this.droppedGroups.splice(0)) {
      for (const schema of [...this.connection.schemas]) {
        if (schema === globalSchema || !schema.startsWith(`${group}_`) || schema !== shardSchema(group, Number(schema.slice(group.length + 1)))) continue;
        this.connection.detach(schema);
        this.checkpointer.forget(schema);
      }
      dropGroupFiles(this.layout, group);
    }
  }

  /** Groups on disk that the catalog does not know: their transaction never committed. */
  removeOrphans(catalog: CatalogData): void {
    const known = new Set(catalog.groups.flatMap((group) => group.bounds.map((_, shard) => shardSchema(group.name, shard))));
    for (const schema of [...this.connection.schemas]) {
      if (schema === globalSchema || known.has(schema)) continue;
      this.connection.detach(schema);
      this.checkpointer.forget(schema);
      dropGroupFiles(this.layout, schema.slice(0, schema.lastIndexOf('_')));
    }
  }
}
