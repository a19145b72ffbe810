/**
 * Runs the lane's jobs. A job is one call of one transaction; a transaction's jobs run in their order, jobs of different transactions whenever they are ready.
 * A job that meets another transaction's lock waits in that lock's queue and runs anew; deadlocks, lock_timeout and cancellation end its wait.
 */
import { PgError } from '../../common/errors.js';
import type { ContextHolder } from '../files/connection.js';
import type { TaskContext } from '../ports.js';
import type { CancelWords } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import { deadlockDetected } from './deadlock.js';
import type { GroupCommit } from './group-commit.js';
import { LockConflict, type LockTable, type Wait } from './lock-table.js';
import type { Stage } from './stage.js';
import { lockEffects } from './statement-run.js';
import type { LaneTransaction } from './transaction.js';

interface Job {
  readonly transaction: LaneTransaction;
  readonly context: TaskContext;
  readonly lockTimeoutMs: number;
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Whether it ends in the group when it succeeds. */
  readonly commits: boolean;
  /** A rollback: it is carried out although its statement was cancelled. */
  readonly undoes: boolean;
  /** Whether it must find no group on the stage. */
  readonly alone: boolean;
  /** The lock whose queue it has just left. */
  wokenBy: string | undefined;
  /** When its current wait ends with 55P03. */
  deadlineMs: number;
  /** Since when it has stood back for a heavy transaction; 0: not. */
  postponedMs: number;
}

interface WaitingJob {
  readonly job: Job;
  readonly wait: Wait;
}

const waitPollMs = 20;
const heavyEffects = 5000;
const heavyIdleMs = 30;
const heavyHoldMsMin = 200;
const heavyHoldMsPerEffect = 0.02;

export class JobScheduler {
  private readonly ready: Job[] = [];
  /** The job of each transaction that is running, ready or waiting, and those behind it. */
  private readonly active = new Map<LaneTransaction, Job>();
  private readonly queued = new Map<LaneTransaction, Job[]>();
  private readonly waiting = new Set<WaitingJob>();
  private waitTimer: NodeJS.Timeout | undefined;
  private readonly postponed: Job[] = [];
  private postponeTimer: NodeJS.Timeout | undefined;
  private scheduled = false;
  /** Jobs that commit have stood back once. */
  private commitsAreDue = false;
  /** Jobs wait for the group to be gone. */
  private blocked = false;
  /** Jobs that have run. */
  served = 0;
  /** Whose job ran last: the only open transaction whose effects may not all be locked. */
  private latest: LaneTransaction | undefined;

  constructor(
    private readonly stage: Stage,
    private readonly locks: LockTable,
    private readonly group: GroupCommit,
    private readonly holder: ContextHolder,
    private readonly cancel: CancelWords,
    /** Between rounds; drained: nothing is ready. */
    private readonly onIdle: (drained: boolean) => void,
  ) {}

  /** Answers when `run` has run on the stage for the transaction, behind its earlier calls, and what it has seen is durable. */
  async submit<T>(
    transaction: LaneTransaction,
    context: TaskContext,
    lockTimeoutMs: number,
    run: () => T,
    kind: { readonly commits?: boolean; readonly alone?: boolean; readonly undoes?: boolean } = {},
  ): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const job: Job = {
        transaction,
        context,
        lockTimeoutMs,
        run,
        resolve: resolve as (value: unknown) => void,
        reject,
        commits: kind.commits ?? transaction.autocommit,
        undoes: kind.undoes ?? false,
        alone: kind.alone ?? transaction.isolation !== 'read committed',
        wokenBy: undefined,
        deadlineMs: Infinity,
        postponedMs: 0,
      };
      if (this.active.has(transaction)) {
        const queue = this.queued.get(transaction);
        if (queue === undefined) this.queued.set(transaction, [job]);
        else queue.push(job);
        return;
      }
      this.active.set(transaction, job);
      this.ready.push(job);
      this.schedule();
    });
  }

  /** Jobs run once the messages that have arrived are all read, so that they can share a commit. */
  schedule(): void {
    if (this.scheduled || this.group.flushing) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.work();
    });
  }

  work(): void {
    while (!this.group.flushing) {
      // First what can be answered at once, then, in a turn of its own, what commits: the one's replies need not wait for the other's fsync.
      const answered = this.runReady((job) => !job.commits);
      if (answered && this.ready.length > 0 && !this.commitsAreDue) {
        this.commitsAreDue = true;
        this.schedule();
        break;
      }
      this.commitsAreDue = false;
      this.runReady(() => true);
      if (this.group.pending || this.blocked) this.group.flush(this.blocked);
      this.blocked = false;
      if (this.ready.length === 0) break;
    }
    this.retryPostponed();
    if (!this.group.flushing) this.onIdle(this.ready.length === 0);
  }

  /** The group is to be flushed, whoever waits for it; `work` follows. */
  settle(): void {
    if (this.group.flushing) return;
    this.group.flush(true);
    if (!this.group.flushing) this.flushed();
  }

  /** After a flush: what waits for a moment without a group has its turn before new jobs make one. */
  flushed(): void {
    this.onIdle(false);
    this.work();
  }

  /** Answers whether any job has run. */
  private runReady(wanted: (job: Job) => boolean): boolean {
    let ran = false;
    const jobs = this.ready.splice(0);
    for (const [at, job] of jobs.entries()) {
      // (A lasting snapshot does not have the group, whose changes can be undone for it only once they are committed.)
      if (this.group.flushing || this.group.isFull || (job.alone && !this.group.isEmpty)) {
        this.blocked = true;
        this.ready.unshift(...jobs.slice(at));
        return ran;
      }
      if (!wanted(job)) this.ready.push(job);
      else if (this.mustLetFinish(job)) this.postponed.push(job);
      else {
        this.runJob(job);
        ran = true;
      }
    }
    return ran;
  }

  /** A resident with many effects keeps the lane while it is busy, for a time that grows with what it would cost to apply them again. */
  private mustLetFinish(job: Job): boolean {
    const { resident } = this.stage;
    if (resident === undefined || resident === job.transaction || resident.size < heavyEffects) return false;
    const now = performance.now();
    if (job.postponedMs === 0) job.postponedMs = now;
    return now - resident.lastActiveMs < heavyIdleMs && now - job.postponedMs < heavyHoldMsMin + resident.size * heavyHoldMsPerEffect;
  }

  /** Postponed jobs try again after each round of the resident, or when it idles. */
  private retryPostponed(): void {
    if (this.postponed.length === 0) return;
    this.ready.push(...this.postponed.splice(0));
    this.postponeTimer ??= setTimeout(() => {
      this.postponeTimer = undefined;
      this.work();
    }, heavyIdleMs);
  }

  private runJob(job: Job): void {
    const { transaction } = job;
    const { latest } = this;
    this.served++;
    if (latest !== transaction) {
      if (latest !== undefined && latest.closed === undefined && !latest.autocommit) lockEffects(this.locks, latest);
      this.latest = transaction;
    }
    const locks = transaction.held.length;
    const woken = job.wokenBy;
    job.wokenBy = undefined;
    try {
      const stop = job.undoes ? undefined : this.cancel.error(job.context.cancelSlot);
      if (stop !== undefined) throw stop;
      if (transaction.closed !== undefined) throw transaction.closed;
      this.holder.current = job.context;
      const result = job.run();
      this.finish(job, () => job.resolve(result), job.reject);
    } catch (error) {
      if (transaction.held.length > locks) {
        this.locks.releaseTo(transaction, locks);
        // A table whose lock has been given back may have changed when it is locked again.
        transaction.settled.clear();
      }
      if (error instanceof LockConflict) this.wait(job, error);
      else this.fail(job, error);
    } finally {
      if (woken !== undefined) this.locks.settle(woken);
    }
  }

  private fail(job: Job, error: unknown): void {
    if (this.stage.lostGroup()) this.group.restore();
    const shown = toPgError(error);
    this.finish(job, () => job.reject(shown), job.reject);
  }

  /** Replies, after the group's flush if the reply may rest on what the group has written. */
  private finish(job: Job, settle: () => void, fail: (error: unknown) => void): void {
    const { transaction } = job;
    transaction.lastActiveMs = performance.now();
    this.active.delete(transaction);
    const queue = this.queued.get(transaction);
    const next = queue?.shift();
    if (queue?.length === 0) this.queued.delete(transaction);
    if (next !== undefined) {
      this.active.set(transaction, next);
      this.ready.push(next);
    }
    this.group.reply({ synchronous: transaction.synchronous, untilApplied: transaction.untilApplied, settle, fail });
  }

  /** Answers once everything up to now is durable. */
  async afterFlush(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.group.hold({ synchronous: true, settle: resolve, fail: reject });
      this.schedule();
    });
  }

  private wait(job: Job, conflict: LockConflict): void {
    const { transaction } = job;
    const wait: Wait = {
      owner: transaction,
      key: conflict.key,
      mode: conflict.mode,
      resume: () => {
        this.waiting.delete(entry);
        job.wokenBy = conflict.key;
        this.ready.push(job);
        this.schedule();
      },
    };
    const entry: WaitingJob = { job, wait };
    if (job.deadlineMs === Infinity && job.lockTimeoutMs > 0) job.deadlineMs = performance.now() + job.lockTimeoutMs;
    this.waiting.add(entry);
    this.locks.wait(wait);
    const cycle = this.locks.findDeadlock(transaction);
    if (cycle !== undefined) {
      const youngest = cycle.reduce((young, owner) => (owner.lockId > young.lockId ? owner : young));
      // One who waits for several at once may have closed several cycles: then only its own end resolves them all.
      const victim = this.locks.findDeadlock(transaction, youngest) === undefined ? youngest : transaction;
      const victimEntry = [...this.waiting].find((other) => other.job.transaction === victim) ?? entry;
      this.stopWaiting(victimEntry, deadlockDetected(cycle, victimEntry.job.transaction));
    }
    this.waitTimer ??= setInterval(() => this.pollWaits(), waitPollMs);
  }

  private pollWaits(): void {
    const now = performance.now();
    for (const entry of this.waiting) {
      const stop = this.cancel.error(entry.job.context.cancelSlot);
      if (stop !== undefined) this.stopWaiting(entry, stop);
      else if (now >= entry.job.deadlineMs) this.stopWaiting(entry, new PgError('55P03', 'canceling statement due to lock timeout'));
    }
    if (this.waiting.size === 0) {
      clearInterval(this.waitTimer);
      this.waitTimer = undefined;
    }
  }

  private stopWaiting(entry: WaitingJob, error: Error): void {
    if (!this.waiting.delete(entry)) return;
    this.locks.cancel(entry.wait);
    this.finish(entry.job, () => entry.job.reject(error), entry.job.reject);
    this.schedule();
  }

  /** Ends the waits of a transaction, or all of them. */
  stopWaits(error: Error, transaction?: LaneTransaction): void {
    for (const entry of this.waiting) if (transaction === undefined || entry.job.transaction === transaction) this.stopWaiting(entry, error);
  }

  /** Every job that has not run, or waits, fails; none runs any more. */
  abandon(error: Error): void {
    const jobs = [...this.waiting].map(({ job, wait }) => {
      this.locks.cancel(wait);
      return job;
    });
    this.waiting.clear();
    for (const job of [...jobs, ...this.ready.splice(0), ...this.postponed.splice(0), ...[...this.queued.values()].flat()]) job.reject(error);
    this.queued.clear();
    this.active.clear();
    this.scheduled = true;
    this.close();
  }

  close(): void {
    clearInterval(this.waitTimer);
    clearTimeout(this.postponeTimer);
  }
}
