/**
 * What the lane does for its files between transactions: keeps WALs short, checkpoints when the log has grown, removes the files of shards that are gone.
 */
import type { CatalogData } from '../../catalog/snapshot.js';
import { type DroppedFiles, dropFiles, isDropped, orphansAmong } from '../files/bootstrap.js';
import { isDiskFull } from '../disk-errors.js';
import type { Connection } from '../files/connection.js';
import type { DatabaseLayout } from '../files/layout.js';
import type { NodeLog } from '../log/node-log.js';
import { isDamage, toPgError } from '../sqlite-errors.js';
import type { Checkpointer } from './checkpoint.js';
import type { Stage } from './stage.js';
import type { TableStatistics } from './statistics.js';

const walCheckEveryMs = 100;

export class FileKeeper {
  /** What shall go once no transaction is open on the connection. */
  readonly dropped: DroppedFiles[] = [];
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
    return this.dropped.length > 0 || (this.log.bytes > this.checkpointLogBytes && this.checkpointer.healthy);
  }

  tidy(): void {
    if (this.stage.resident === undefined && this.dropped.length > 0) this.stage.leave();
    if (this.dropped.length > 0 && !this.stage.inTransaction) this.removeDropped();
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
  removeDropped(): void {
    for (const dropped of this.dropped.splice(0)) {
      for (const schema of [...this.connection.schemas]) {
        if (!isDropped(schema, dropped)) continue;
        this.connection.detach(schema);
        this.checkpointer.forget(schema);
      }
      dropFiles(this.layout, dropped);
    }
  }

  removeOrphans(catalog: CatalogData): void {
    this.dropped.push(...orphansAmong(this.connection.schemas, catalog));
    this.removeDropped();
  }
}
