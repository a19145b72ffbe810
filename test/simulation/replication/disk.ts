/**
 * A node's disk: a log of which a crash takes away what is not synced (from some batch on, wherever the disk likes), and how far the files had it. Outlives the node's lives.
 */
import type { LogBatch, ReplicatedLog } from '../../../src/cluster/replication/ports.js';
import type { EpochStart, LogPoint } from '../../../src/storage/log/node-log.js';
import type { Random } from '../../support/random.js';
import { type Ledger, Violation } from './ledger.js';

export interface SimulatedBatch extends LogBatch {
  /** Names what was written, whatever its lsn. */
  readonly id: number;
  readonly commitIndex: number;
}

/** The log of a replica that cannot read its own. */
const nowhere: LogPoint = { epoch: -1, lsn: -1 };
const noBytes = new Uint8Array(0);
let batches = 0;

export class SimulatedDisk implements ReplicatedLog {
  /** What is there cannot be read: there is no log for the replica. */
  isUnreadable = false;
  private first: LogPoint = { epoch: 0, lsn: 0 };
  private synced = 0;
  /** The files have every record up to here, and would after a crash. */
  filesLsn = 0;
  private batches: SimulatedBatch[] = [];
  private starts: readonly EpochStart[] = [];
  private retainedLsn = Infinity;
  /** Counts crashes and truncations: a sync that began before one says nothing about what came after. */
  private era = 0;

  constructor(
    private readonly node: string,
    private readonly ledger: Ledger,
    /** Calls back when the disk is done, unless the node has crashed meanwhile. */
    private readonly whenDone: (run: () => void) => void,
  ) {}

  get base(): LogPoint {
    return this.isUnreadable ? nowhere : this.first;
  }

  get syncedLsn(): number {
    return this.isUnreadable ? nowhere.lsn : this.synced;
  }

  get end(): LogPoint {
    return this.isUnreadable ? nowhere : this.last;
  }

  private get last(): LogPoint {
    const last = this.batches.at(-1);
    return last === undefined ? this.first : { epoch: last.epoch, lsn: last.lastLsn };
  }

  get epochs(): readonly EpochStart[] {
    return this.isUnreadable ? [] : this.starts;
  }

  append(batch: LogBatch): void {
    if (batch.firstLsn !== this.end.lsn + 1) throw new Violation(`batch ${String(batch.firstLsn)} does not continue ${String(this.end.lsn)}`);
    this.batches.push(batch as SimulatedBatch);
    if (this.starts.at(-1)?.epoch !== batch.epoch) this.starts = [...this.starts, { epoch: batch.epoch, firstLsn: batch.firstLsn }];
  }

  appendEpochStart(epoch: number, commitIndex: number): LogBatch {
    return this.write(epoch, commitIndex, 1);
  }

  write(epoch: number, commitIndex: number, records: number): SimulatedBatch {
    const firstLsn = this.end.lsn + 1;
    const batch = { epoch, firstLsn, lastLsn: firstLsn + records - 1, bytes: noBytes, id: ++batches, commitIndex };
    this.append(batch);
    return batch;
  }

  sync(done: () => void): void {
    const { era } = this;
    const { lsn } = this.last;
    this.whenDone(() => {
      if (era === this.era) this.synced = Math.max(this.synced, lsn);
      done();
    });
  }

  read(lsn: number): readonly SimulatedBatch[] {
    if (lsn < this.first.lsn) throw new Violation(`the log does not reach back to ${String(lsn)}`);
    return this.batches.slice(this.indexBehind(lsn), this.indexBehind(lsn) + 8);
  }

  truncateAfter(lsn: number): void {
    const from = this.indexBehind(lsn);
    for (const batch of this.batches.slice(from)) this.ledger.truncated(this.node, batch);
    this.cut(from);
  }

  readonly archivedLsn = undefined;

  keepForArchive(): void {
    // (Nothing is archived.)
  }

  retainAfter(lsn: number): void {
    this.retainedLsn = lsn;
  }

  bytesAfter(lsn: number): number {
    return this.end.lsn - lsn;
  }

  /** What is there counts for nothing any more. */
  discard(): void {
    this.install({ epoch: 0, lsn: 0 });
  }

  /** The batch that has a record. */
  at(lsn: number): SimulatedBatch | undefined {
    const batch = this.batches[this.indexBehind(lsn - 1)];
    return batch !== undefined && batch.firstLsn <= lsn ? batch : undefined;
  }

  /** A batch's end. */
  pointAt(lsn: number): LogPoint {
    return lsn === this.first.lsn ? this.first : { epoch: this.at(lsn)?.epoch ?? this.first.epoch, lsn };
  }

  /** Whether a batch, or files that have it, would be there after a crash. */
  hasDurably(batch: SimulatedBatch): boolean {
    if (batch.lastLsn <= this.first.lsn) return true;
    return batch.lastLsn <= this.synced && this.at(batch.lastLsn)?.id === batch.id;
  }

  /** The greatest commit index that the log tells of. */
  get knownCommitIndex(): number {
    return this.batches.reduce((greatest, batch) => Math.max(greatest, batch.commitIndex), this.filesLsn);
  }

  /** Files up to `lsn` are made durable, and the log before may go. */
  checkpoint(lsn: number, trims: boolean): void {
    this.filesLsn = lsn;
    if (!trims) return;
    const count = this.indexBehind(Math.min(lsn, this.retainedLsn));
    const last = this.batches[count - 1];
    if (last === undefined || last.lastLsn > Math.min(lsn, this.retainedLsn)) return;
    this.batches.splice(0, count);
    this.first = { epoch: last.epoch, lsn: last.lastLsn };
    this.restart();
  }

  crash(random: Random): void {
    const synced = this.indexBehind(this.synced);
    const surviving = random.int(synced, this.batches.length);
    this.cut(surviving);
    this.synced = this.last.lsn;
  }

  /** Files and log are replaced by a copy whose files have everything up to `base`. */
  install(base: LogPoint): void {
    this.isUnreadable = false;
    this.cut(0);
    this.first = base;
    this.filesLsn = base.lsn;
    this.synced = base.lsn;
    this.restart();
  }

  private cut(from: number): void {
    this.batches.length = from;
    this.era++;
    this.synced = Math.min(this.synced, this.last.lsn);
    this.restart();
  }

  private restart(): void {
    const starts: EpochStart[] = [];
    for (const { epoch, firstLsn } of this.batches) if (starts.at(-1)?.epoch !== epoch) starts.push({ epoch, firstLsn });
    this.starts = starts;
  }

  /** Index of the first batch that begins behind `lsn`, or has it inside. */
  private indexBehind(lsn: number): number {
    let low = 0;
    let high = this.batches.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.batches[middle] as SimulatedBatch).lastLsn <= lsn) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
