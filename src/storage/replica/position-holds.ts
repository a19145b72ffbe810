/**
 * Why the files of a copy do not move: statements that read on several nodes hold them until they know at which record all of them shall be seen (FilePosition). Whoever
 * moves the files (storage/replica/replica-storage) asks how far it may go. On the lane's thread.
 *
 * A hold whose record is not known yet keeps the files where they are; one whose record is known lets them go there and no further. So that statements that come one upon
 * another do not hold the files for ever, none is let in while one that knows its record waits for others that do not.
 */
import { PgError } from '../../common/errors.js';
import type { FilePosition } from '../ports.js';

/** Whoever does not go on for so long has been lost. */
const holdMsMax = 1000;

interface Hold {
  /** The files may go this far. */
  limit: number;
  /** Waits for them to be there. */
  waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void } | undefined;
  timer: NodeJS.Timeout;
}

/** (Over all copies of the process: a hold must not be taken for one of the files that were there before.) */
let nextHold = 1;

export class PositionHolds implements FilePosition {
  private readonly holds = new Map<number, Hold>();
  /** Who waits to be let in. */
  private readonly queue: (() => void)[] = [];
  private isOver = false;

  constructor(
    /** The last record that the files have. */
    private readonly appliedLsn: () => number,
    /** `limit` may have risen. */
    private readonly moved: () => void,
  ) {}

  /** How far the files may go. */
  get limit(): number {
    let limit = Infinity;
    for (const hold of this.holds.values()) limit = Math.min(limit, hold.limit);
    return limit;
  }

  /** The files have more. */
  applied(): void {
    const lsn = this.appliedLsn();
    for (const hold of this.holds.values()) {
      if (hold.waiting === undefined || hold.limit > lsn) continue;
      hold.waiting.resolve();
      hold.waiting = undefined;
    }
    this.admit();
  }

  async holdPosition(_request: null): Promise<{ readonly hold: number; readonly lsn: number }> {
    while (this.isCrowded && !this.isOver) await new Promise<void>((resolve) => this.queue.push(resolve));
    if (this.isOver) throw noPosition('this node has no copy any more');
    const id = nextHold++;
    const lsn = this.appliedLsn();
    this.holds.set(id, { limit: lsn, waiting: undefined, timer: this.expiry(id) });
    return { hold: id, lsn };
  }

  async advancePosition({ hold: id, lsn }: { readonly hold: number; readonly lsn: number }): Promise<void> {
    const hold = this.holds.get(id);
    if (hold === undefined) throw noPosition('the hold has ended');
    const applied = this.appliedLsn();
    if (applied > lsn) {
      this.end(id, hold);
      throw noPosition(`this copy has record ${String(applied)} already`);
    }
    clearTimeout(hold.timer);
    hold.timer = this.expiry(id);
    hold.limit = lsn;
    if (applied === lsn) return;
    const reached = new Promise<void>((resolve, reject) => {
      hold.waiting = { resolve, reject };
    });
    this.moved();
    await reached;
  }

  releasePosition({ hold: id }: { readonly hold: number }): void {
    const hold = this.holds.get(id);
    if (hold !== undefined) this.end(id, hold);
  }

  /** The copy is gone. */
  close(): void {
    this.isOver = true;
    for (const [id, hold] of this.holds) this.end(id, hold);
    this.admit();
  }

  /** Somebody who knows where to go is kept from it. */
  private get isCrowded(): boolean {
    const { limit } = this;
    for (const hold of this.holds.values()) if (hold.waiting !== undefined && hold.limit > limit) return true;
    return false;
  }

  private admit(): void {
    for (const enter of this.queue.splice(0)) enter();
  }

  private expiry(id: number): NodeJS.Timeout {
    const timer = setTimeout(() => this.releasePosition({ hold: id }), holdMsMax);
    timer.unref();
    return timer;
  }

  private end(id: number, hold: Hold): void {
    this.holds.delete(id);
    clearTimeout(hold.timer);
    hold.waiting?.reject(noPosition('the copy did not get there in time'));
    this.moved();
    this.admit();
  }
}

export function noPosition(message: string): PgError {
  return new PgError('SH004', message);
}
