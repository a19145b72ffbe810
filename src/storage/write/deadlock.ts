/** 40P01 with PostgreSQL's detail: who waits for whom. */
import { PgError } from '../../common/errors.js';
import type { LockOwner } from './lock-table.js';
import { LaneTransaction } from './transaction.js';

const pidOf = (owner: LockOwner): number => (owner instanceof LaneTransaction ? owner.context.backendPid : 0);

/** cycle: each owner waits for the next, the last one for the first. */
export function deadlockDetected(cycle: readonly LockOwner[], victim?: LockOwner): PgError {
  // Under SERIALIZABLE the locks stand for what would be a conflict of reads and writes, upon which clients try again.
  if (victim instanceof LaneTransaction && victim.isolation === 'serializable')
    return new PgError('40001', 'could not serialize access due to read/write dependencies among transactions', {
      hint: 'The transaction might succeed if retried.',
    });
  const lines = cycle.map((owner, at) => {
    const blocker = cycle[(at + 1) % cycle.length] as LockOwner;
    return `Process ${String(pidOf(owner))} waits for ShareLock on transaction ${String(blocker.lockId)}; blocked by process ${String(pidOf(blocker))}.`;
  });
  return new PgError('40P01', 'deadlock detected', { detail: lines.join('\n'), hint: 'See server log for query details.' });
}
