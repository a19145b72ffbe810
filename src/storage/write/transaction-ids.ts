/**
 * The 64-bit ids of transactions (pg_current_xact_id) and what is known of them: which run, which have committed, what a snapshot of the moment shows. The lane gives an
 * id to a transaction when somebody asks for one; rows do not carry them.
 *
 * Ids of one database only grow, over restarts and changes of the primary, too: a lane begins above the clock (microseconds since 2000) and above the commit times in its
 * log, and gives them one by one, which is slower than a clock goes. What has become of an id of an earlier lane is not known.
 */
import { PgError } from '../../common/errors.js';
import type { TransactionStatus } from '../ports.js';

/** How many ids of rolled back transactions are remembered. */
const abortedMax = 100_000;
/** Ids below are PostgreSQL's own: 0 is none, 1 and 2 have always been committed. */
const firstNormalId = 3n;

export class TransactionIds {
  private next: number;
  private latestEnded: number;
  /** Ids from here on are known. */
  private oldest: number;
  /** Ascending, for ids are given in their order. */
  private readonly running = new Set<number>();
  /** In the order in which they have ended. */
  private readonly aborted = new Set<number>();

  /** above: the commit time of the last transaction in the log, and the clock's. */
  constructor(above: number) {
    this.next = above + 1;
    this.oldest = this.next;
    this.latestEnded = above;
  }

  give(): number {
    const id = this.next++;
    this.running.add(id);
    return id;
  }

  ended(id: number, committed: boolean): void {
    if (!this.running.delete(id)) return;
    this.latestEnded = Math.max(this.latestEnded, id);
    if (committed) return;
    this.aborted.add(id);
    if (this.aborted.size <= abortedMax) return;
    const [first] = this.aborted;
    if (first === undefined) return;
    this.aborted.delete(first);
    this.oldest = Math.max(this.oldest, first + 1);
  }

  /** `xmin:xmax:xip`, as pg_snapshot has it, of a transaction that has the id `own` or none: as PostgreSQL's, it does not list itself. */
  snapshot(own: number | undefined): string {
    const xmax = this.latestEnded + 1;
    const before = [...this.running].filter((id) => id < xmax);
    return `${String(before[0] ?? xmax)}:${String(xmax)}:${before.filter((id) => id !== own).join(',')}`;
  }

  /** 22023 for an id that has not been given yet. `id` may be what int8 made of an unsigned number. */
  status(id: bigint): TransactionStatus {
    const unsigned = BigInt.asUintN(64, id);
    if (unsigned >= BigInt(this.next)) throw new PgError('22023', `transaction ID ${String(unsigned)} is in the future`);
    if (unsigned < firstNormalId) return unsigned === 0n ? undefined : 'committed';
    const known = Number(unsigned);
    if (this.running.has(known)) return 'in progress';
    if (known < this.oldest) return undefined;
    return this.aborted.has(known) ? 'aborted' : 'committed';
  }
}
