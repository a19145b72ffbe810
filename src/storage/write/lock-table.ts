/**
 * Locks of open transactions over the single writer: rows (PostgreSQL's four modes), unique-key values, tables, the catalog, advisory keys.
 * An owner that meets another's lock waits in the key's queue; deadlocks are found by a search of the wait-for graph at each wait.
 * Keys are strings: `r<table>.<shard>.<rowid>`, `u<index>:<values>`, `t<table>`, `c`, `a<1 or 2>.<key>`.
 */

import type { LockFacts } from '../../catalog/pg-catalog/node-view.js';

export type LockMode = 'keyShare' | 'share' | 'noKeyUpdate' | 'update';

const strength: Readonly<Record<LockMode, number>> = { keyShare: 0, share: 1, noKeyUpdate: 2, update: 3 };
/** By strength: the weakest mode of another owner that conflicts. */
const conflictsFrom: readonly number[] = [3, 2, 1, 0];

function conflicts(left: number, right: number): boolean {
  return right >= (conflictsFrom[left] as number);
}

/** Whoever holds locks: an open transaction, or a session for its advisory locks. */
export interface LockOwner {
  /** Rises with age: the youngest of a deadlock has the highest. */
  readonly lockId: number;
  /** The session's number (backend pid); 0: nobody's. */
  readonly session: number;
  /** Whether these are the locks of the session itself and not of its transaction. The two never keep each other out. */
  readonly isSession: boolean;
  /** Locks in the order they were taken, for releasing back to a savepoint. */
  readonly held: HeldLock[];
  /** What the owner waits for at the moment. */
  waiting: Wait | undefined;
}

export interface HeldLock {
  readonly lock: Lock;
  /** Strength before this acquisition; -1: not held. */
  readonly before: number;
}

export interface Lock {
  readonly key: string;
  readonly holders: Map<LockOwner, number>;
  readonly waiters: Wait[];
}

export interface Wait {
  readonly owner: LockOwner;
  readonly key: string;
  readonly mode: LockMode;
  /** Runs the statement again. */
  readonly resume: () => void;
  /** The owner ends while it waits. */
  readonly abandon?: (error: Error) => void;
}

/** Thrown out of a statement that meets another's lock: a signal that nobody reads the stack of. */
export class LockConflict extends Error {
  constructor(
    readonly key: string,
    readonly mode: LockMode,
  ) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super('a lock is held by another transaction');
    Error.stackTraceLimit = limit;
  }
}

/** A session's own locks and those of its transaction. */
function areOneSession(left: LockOwner, right: LockOwner): boolean {
  return left.isSession !== right.isSession && left.session === right.session;
}

export class LockTable {
  private readonly locks = new Map<string, Lock>();
  /** Who waits, by session: a session that waits for itself or for its transaction does nothing else. */
  private readonly waitingSessions = new Map<number, LockOwner>();
  /** Entries of all owners' `held`. */
  private heldCount = 0;
  private claimed: { readonly owner: LockOwner; readonly keys: readonly string[] } | undefined;

  /** No locks at all: the common case, in which nothing needs a check. */
  get empty(): boolean {
    return this.locks.size === 0;
  }

  /** Nobody else holds anything: no check is needed. */
  isAlone(owner: LockOwner): boolean {
    return this.heldCount === owner.held.length;
  }

  /** Other owners whose locks on the key conflict. */
  blockers(owner: LockOwner, key: string, mode: LockMode): readonly LockOwner[] {
    const found: LockOwner[] = this.claimed !== undefined && this.standsBehind(this.claimed, owner, key) ? [this.claimed.owner] : [];
    const lock = this.locks.get(key);
    if (lock === undefined) return found;
    const wanted = strength[mode];
    for (const [holder, held] of lock.holders) if (holder !== owner && conflicts(wanted, held) && !areOneSession(holder, owner)) found.push(holder);
    return found;
  }

  isBlocked(owner: LockOwner, key: string, mode: LockMode): boolean {
    if (this.claimed !== undefined && this.standsBehind(this.claimed, owner, key)) return true;
    const lock = this.locks.get(key);
    if (lock === undefined) return false;
    const wanted = strength[mode];
    for (const [holder, held] of lock.holders) if (holder !== owner && conflicts(wanted, held) && !areOneSession(holder, owner)) return true;
    return false;
  }

  /**
   * The owner is about to take all of these keys: whoever has none of them yet waits until it has given them up. Those who have one may take the others, and go on to their end. Without it, an owner
   * that keeps everybody out would wait for ever among many who do not. There is one claim at a time.
   */
  claim(owner: LockOwner, keys: readonly string[]): void {
    this.claimed = { owner, keys };
  }

  unclaim(owner: LockOwner): void {
    if (this.claimed?.owner !== owner) return;
    const { keys } = this.claimed;
    this.claimed = undefined;
    for (const key of keys) this.settle(key);
  }

  private standsBehind(claim: NonNullable<LockTable['claimed']>, owner: LockOwner, key: string): boolean {
    return claim.owner !== owner && claim.keys.includes(key) && !claim.keys.some((one) => this.holds(owner, one));
  }

  /** Takes a lock that nobody blocks. */
  acquire(owner: LockOwner, key: string, mode: LockMode): void {
    const lock = this.lock(key);
    const before = lock.holders.get(owner) ?? -1;
    const wanted = strength[mode];
    if (before >= wanted) return;
    lock.holders.set(owner, wanted);
    owner.held.push({ lock, before });
    this.heldCount++;
  }

  holds(owner: LockOwner, key: string): boolean {
    return this.locks.get(key)?.holders.has(owner) === true;
  }

  /** Gives back the locks taken after `mark` (a length of `held`). */
  releaseTo(owner: LockOwner, mark: number): void {
    for (let at = owner.held.length - 1; at >= mark; at--) {
      const { lock, before } = owner.held[at] as HeldLock;
      if (before < 0) lock.holders.delete(owner);
      else lock.holders.set(owner, before);
      this.settle(lock.key);
    }
    this.heldCount -= owner.held.length - mark;
    owner.held.length = mark;
  }

  /** Gives back one key (advisory unlock). */
  release(owner: LockOwner, key: string): void {
    const lock = this.locks.get(key);
    if (lock?.holders.delete(owner) !== true) return;
    for (let at = owner.held.length - 1; at >= 0; at--) {
      if (owner.held[at]?.lock !== lock) continue;
      owner.held.splice(at, 1);
      this.heldCount--;
    }
    this.settle(key);
  }

  wait(wait: Wait): void {
    this.lock(wait.key).waiters.push(wait);
    wait.owner.waiting = wait;
    if (wait.owner.session !== 0) this.waitingSessions.set(wait.owner.session, wait.owner);
  }

  private noLongerWaits(owner: LockOwner): void {
    owner.waiting = undefined;
    if (this.waitingSessions.get(owner.session) === owner) this.waitingSessions.delete(owner.session);
  }

  /** Takes a waiter out of its queue (timeout, cancel, victim). */
  cancel(wait: Wait): void {
    const lock = this.locks.get(wait.key);
    const at = lock?.waiters.indexOf(wait) ?? -1;
    if (lock !== undefined && at >= 0) lock.waiters.splice(at, 1);
    this.noLongerWaits(wait.owner);
    this.settle(wait.key);
  }

  /**
   * Lets the first of the key's waiters that nothing blocks any more try again. Its statement runs on the new state; afterwards the lane settles the key once more,
   * so that waiters go one by one and not all against one winner.
   */
  settle(key: string): void {
    const lock = this.locks.get(key);
    if (lock === undefined) return;
    if (lock.waiters.length === 0) {
      if (lock.holders.size === 0) this.locks.delete(key);
      return;
    }
    // (Not only the very first: one behind it may want less, and must not depend on what the first waits for.)
    const at = lock.waiters.findIndex((waiter) => !this.isBlocked(waiter.owner, key, waiter.mode));
    if (at < 0) return;
    const [free] = lock.waiters.splice(at, 1) as [Wait];
    this.noLongerWaits(free.owner);
    free.resume();
  }

  /** The owners of a cycle of waits through `start`, or undefined. `without`: as if this one did not wait. */
  findDeadlock(start: LockOwner, without?: LockOwner): readonly LockOwner[] | undefined {
    const path: LockOwner[] = [];
    const seen = new Set<LockOwner>(without === undefined ? [] : [without]);
    const visit = (holder: LockOwner): boolean => {
      const owner = holder.waiting === undefined ? (this.waitingSessions.get(holder.session) ?? holder) : holder;
      if (owner === start && path.length > 0) return true;
      if (seen.has(owner) || owner.waiting === undefined) return false;
      seen.add(owner);
      path.push(owner);
      for (const blocker of this.blockers(owner, owner.waiting.key, owner.waiting.mode)) if (visit(blocker)) return true;
      path.pop();
      return false;
    };
    return visit(start) ? path : undefined;
  }

  /** What pg_locks shows, and who keeps which session waiting. */
  facts(): { readonly locks: readonly LockFacts[]; readonly blocked: ReadonlyMap<number, readonly number[]> } {
    const locks: LockFacts[] = [];
    const blocked = new Map<number, number[]>();
    for (const lock of this.locks.values()) {
      const target = targetOf(lock.key);
      const add = (owner: LockOwner, mode: string, granted: boolean, what: LockFacts['target'] | undefined): void => {
        if (what === undefined || owner.session === 0) return;
        const isKnown = locks.some((one) => one.target === what && one.session === owner.session && one.mode === mode && one.granted === granted);
        if (!isKnown) locks.push({ session: owner.session, owner: owner.lockId, granted, target: what, mode });
      };
      for (const [holder, held] of lock.holders) {
        const strengths = holder.held.flatMap((one) => (one.lock === lock && one.before >= 0 ? [one.before] : []));
        for (const one of [...strengths, held]) add(holder, modeName(target, one), true, target);
      }
      for (const { owner, key, mode } of lock.waiters) {
        const holders = this.blockers(owner, key, mode);
        const [first] = holders;
        if (target !== undefined) add(owner, modeName(target, strength[mode]), false, target);
        else if (first !== undefined) add(owner, 'ShareLock', false, { kind: 'transaction', owner: first.lockId });
        blocked.set(owner.session, [...new Set(holders.map((holder) => holder.session))]);
      }
    }
    return { locks, blocked };
  }

  private lock(key: string): Lock {
    let lock = this.locks.get(key);
    if (lock === undefined) {
      lock = { key, holders: new Map(), waiters: [] };
      this.locks.set(key, lock);
    }
    return lock;
  }
}

/** undefined: a row, a key or the catalog, which PostgreSQL shows as the transaction. */
function targetOf(key: string): LockFacts['target'] | undefined {
  if (key.startsWith('t')) return { kind: 'table', oid: Number(key.slice(1)) };
  if (key.startsWith('a')) return { kind: 'advisory', pair: key.charAt(1) === '2', key: BigInt(key.slice(3)) };
  return undefined;
}

const tableModes = ['RowExclusiveLock', 'ShareLock', 'ShareUpdateExclusiveLock', 'AccessExclusiveLock'] as const;

function modeName(target: LockFacts['target'] | undefined, held: number): string {
  if (target?.kind === 'table') return tableModes[held] ?? 'AccessExclusiveLock';
  return held === strength.share ? 'ShareLock' : 'ExclusiveLock';
}

export function rowLockKey(tableOid: number, shard: number, rowid: number): string {
  return `r${String(tableOid)}.${String(shard)}.${String(rowid)}`;
}

export function isRowLockKey(key: string): boolean {
  return key.startsWith('r');
}

export function tableLockKey(tableOid: number): string {
  return `t${String(tableOid)}`;
}

/** `pair`: of two int4, which are other keys than int8. */
export function advisoryLockKey(key: bigint, pair: boolean): string {
  return `a${pair ? '2' : '1'}.${String(key)}`;
}

export const catalogLockKey = 'c';
