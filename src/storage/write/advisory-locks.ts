/**
 * Advisory locks in the lane's lock table: of a session (counted, as PostgreSQL does) or of a transaction. They need no stage; a waiter is woken with the lock taken.
 */
import { PgError } from '../../common/errors.js';
import type { WriteService } from '../ports.js';
import type { CancelWords } from '../shared.js';
import { deadlockDetected } from './deadlock.js';
import { advisoryLockKey, type LockMode, type LockOwner, type LockTable, type Wait } from './lock-table.js';

interface SessionOwner extends LockOwner {
  /** How often each lock was taken, by key and mode. */
  readonly counts: Map<string, number>;
  stopWaiting: ((error: Error) => void) | undefined;
}

const waitPollMs = 20;

type Request = Parameters<WriteService['advisory']>[0];

export class AdvisoryLocks {
  private readonly sessions = new Map<number, SessionOwner>();

  constructor(
    private readonly locks: LockTable,
    private readonly cancel: CancelWords,
    private readonly nextOwner: () => number,
  ) {}

  /** Answers whether the lock was granted or given back. */
  async carryOut(request: Request, transaction: LockOwner | undefined): Promise<boolean> {
    const session = this.session(request.session);
    const key = advisoryLockKey(request.key, request.pair === true);
    const counted = `${key}/${request.shared ? 's' : 'x'}`;
    const count = session.counts.get(counted) ?? 0;
    switch (request.action) {
      case 'unlockAll':
        session.stopWaiting?.(new PgError('57014', 'canceling statement due to user request'));
        this.locks.releaseTo(session, 0);
        this.sessions.delete(request.session);
        return true;
      case 'unlock':
        if (count === 0) return false;
        if (count > 1) {
          session.counts.set(counted, count - 1);
        } else {
          session.counts.delete(counted);
          this.locks.release(session, key);
        }
        return true;
      case 'try':
      case 'lock': {
        const owner = transaction ?? session;
        const mode: LockMode = request.shared ? 'share' : 'update';
        if (!this.locks.isBlocked(owner, key, mode)) this.locks.acquire(owner, key, mode);
        else if (request.action === 'try') return false;
        else await this.wait(request, session, owner, key, mode);
        if (transaction === undefined) session.counts.set(counted, (session.counts.get(counted) ?? 0) + 1);
        return true;
      }
    }
  }

  private session(id: number): SessionOwner {
    let session = this.sessions.get(id);
    if (session === undefined) {
      session = { lockId: this.nextOwner(), session: id, isSession: true, held: [], waiting: undefined, counts: new Map(), stopWaiting: undefined };
      this.sessions.set(id, session);
    }
    return session;
  }

  private async wait(request: Request, session: SessionOwner, owner: LockOwner, key: string, mode: LockMode): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        const stop = (error: Error): void => {
          this.locks.cancel(wait);
          reject(error);
        };
        const wait: Wait = {
          owner,
          key,
          mode,
          resume: () => {
            this.locks.acquire(owner, key, mode);
            resolve();
            this.locks.settle(key);
          },
          abandon: reject,
        };
        session.stopWaiting = stop;
        this.locks.wait(wait);
        const cycle = this.locks.findDeadlock(owner);
        if (cycle !== undefined) {
          stop(deadlockDetected(cycle));
          return;
        }
        const { cancelSlot = -1, lockTimeoutMs = 0 } = request;
        const deadlineMs = lockTimeoutMs > 0 ? performance.now() + lockTimeoutMs : Infinity;
        timer = setInterval(() => {
          const cancelled = this.cancel.error(cancelSlot);
          if (cancelled !== undefined) stop(cancelled);
          else if (performance.now() >= deadlineMs) stop(new PgError('55P03', 'canceling statement due to lock timeout'));
        }, waitPollMs);
      });
    } finally {
      clearInterval(timer);
      session.stopWaiting = undefined;
    }
  }
}
