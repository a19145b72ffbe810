/**
 * Snapshots that transactions have exported (pg_export_snapshot), by the names under which others take them (SET TRANSACTION SNAPSHOT). One lives as long as the transaction
 * that exported it; who has taken it keeps what it shows. A snapshot is a commit sequence whose later changes the lane knows to undo (write/history).
 */
import { PgError } from '../../common/errors.js';
import type { IsolationLevel } from '../ports.js';
import type { CommitHistory, LastingSnapshot } from './history.js';
import type { LaneTransaction } from './transaction.js';

/** What is exported. */
interface ExportedSnapshot extends LastingSnapshot {
  /** The ids of transactions that it shows, as pg_snapshot. */
  readonly visible: string;
}

interface Exported {
  readonly snapshot: ExportedSnapshot;
  readonly exporter: LaneTransaction;
}

export class ExportedSnapshots {
  private readonly byName = new Map<string, Exported>();

  constructor(
    private readonly history: CommitHistory,
    private readonly databaseOid: number,
  ) {}

  /** A new name for the transaction's snapshot; for that of `now` where it has none that lasts. */
  export(exporter: LaneTransaction, now: ExportedSnapshot): string {
    if (exporter.savepoints.length > 0) throw new PgError('25001', 'cannot export a snapshot from a subtransaction');
    const { visible } = exporter;
    const snapshot = visible === undefined ? now : { snapshotSequence: exporter.snapshotSequence, visible };
    this.history.hold(snapshot);
    const name = [hex(this.databaseOid), hex(exporter.lockId), String(exporter.exported.length + 1)].join('-');
    exporter.exported.push(name);
    this.byName.set(name, { snapshot, exporter });
    return name;
  }

  /** The snapshot of that name for a transaction of that kind. 22023, 0A000. */
  find(name: string, taker: { readonly isolation: IsolationLevel; readonly readOnly: boolean }): ExportedSnapshot {
    const found = this.byName.get(name);
    if (found === undefined) throw new PgError('22023', `invalid snapshot identifier: "${name}"`);
    const { exporter, snapshot } = found;
    if (taker.isolation === 'serializable') {
      if (exporter.isolation !== 'serializable')
        throw new PgError('0A000', 'a serializable transaction cannot import a snapshot from a non-serializable transaction');
      if (exporter.readOnly && !taker.readOnly)
        throw new PgError('0A000', 'a non-read-only serializable transaction cannot import a snapshot from a read-only transaction');
    }
    return snapshot;
  }

  /** The transaction has ended: what it has exported can no longer be taken. */
  ended(exporter: LaneTransaction): void {
    for (const name of exporter.exported.splice(0)) {
      const found = this.byName.get(name);
      this.byName.delete(name);
      if (found !== undefined) this.history.letGo(found.snapshot);
    }
  }
}

function hex(number: number): string {
  return number.toString(16).toUpperCase().padStart(8, '0');
}
