/**
 * What an onlooker who sees all nodes at once knows, and what must therefore hold: the invariants of replication. Every violation is thrown at the event that brings it about.
 */
import type { Configuration } from '../../../src/cluster/replication/configuration.js';
import type { SimulatedBatch, SimulatedDisk } from './disk.js';

export class Violation extends Error {
  override readonly name = 'Violation';
}

export class Ledger {
  /** By lsn: what was committed there, anywhere. */
  private readonly committed: (SimulatedBatch | undefined)[] = [];
  private readonly acknowledgedBy = new Map<number, string>();
  /** What was acknowledged to clients up to which lsn, by time. */
  private readonly acknowledged: { readonly at: number; readonly lsn: number }[] = [{ at: 0, lsn: 0 }];
  private newest: SimulatedBatch | undefined;
  acknowledgedWrites = 0;
  configuration: Configuration | undefined;

  constructor(private readonly disks: ReadonlyMap<string, SimulatedDisk>) {}

  get acknowledgedLsn(): number {
    return this.acknowledged.at(-1)?.lsn ?? 0;
  }

  acknowledgedLsnAt(time: number): number {
    for (let at = this.acknowledged.length - 1; at > 0; at--) {
      const point = this.acknowledged[at];
      if (point !== undefined && point.at <= time) return point.lsn;
    }
    return 0;
  }

  /** A node takes a record as committed. All nodes must agree, and every in-sync replica must have it. */
  commits(node: string, lsn: number, batch: SimulatedBatch | undefined): void {
    if (batch === undefined) throw new Violation(`${node} commits record ${String(lsn)}, which it does not have`);
    const known = this.committed[lsn];
    if (known !== undefined && known.id !== batch.id)
      throw new Violation(`${node} commits another record ${String(lsn)} (epoch ${String(batch.epoch)}) than others (epoch ${String(known.epoch)})`);
    this.committed[lsn] = batch;
    if (this.newest === undefined || batch.lastLsn > this.newest.lastLsn) this.newest = batch;
    this.inSyncHave(batch, `${node} has committed`);
  }

  /** A client is told that its write is done. */
  acknowledges(life: string, batch: SimulatedBatch, now: number): void {
    const other = this.acknowledgedBy.get(batch.epoch);
    if (other !== undefined && other !== life) throw new Violation(`${other} and ${life} both acknowledge in epoch ${String(batch.epoch)}`);
    this.acknowledgedBy.set(batch.epoch, life);
    if (this.committed[batch.lastLsn]?.id !== batch.id) throw new Violation(`${life} acknowledges record ${String(batch.lastLsn)}, which is not committed`);
    this.acknowledgedWrites++;
    if (batch.lastLsn > this.acknowledgedLsn) this.acknowledged.push({ at: now, lsn: batch.lastLsn });
  }

  truncated(node: string, batch: SimulatedBatch): void {
    if (this.committed[batch.lastLsn]?.id === batch.id) throw new Violation(`${node} removes record ${String(batch.lastLsn)}, which is committed`);
  }

  /** The key has changed. */
  configured(configuration: Configuration): void {
    this.configuration = configuration;
    if (this.newest !== undefined) this.inSyncHave(this.newest, `epoch ${String(configuration.epoch)} counts on`);
  }

  /** A node answers a read with what is at most so many (real) milliseconds old. */
  reads(node: string, appliedLsn: number, now: number, stalenessMs: number): void {
    const due = stalenessMs === 0 ? this.acknowledgedLsn : this.acknowledgedLsnAt(now - stalenessMs);
    if (appliedLsn < due)
      throw new Violation(`${node} reads up to record ${String(appliedLsn)}, but ${String(due)} was acknowledged ${String(Math.round(stalenessMs))} ms ago`);
  }

  private inSyncHave(batch: SimulatedBatch, what: string): void {
    for (const member of this.configuration?.isr ?? []) {
      if (this.disks.get(member)?.hasDurably(batch) === false)
        throw new Violation(`${what} record ${String(batch.lastLsn)} (epoch ${String(batch.epoch)}), which ${member} does not have on its disk`);
    }
  }
}
