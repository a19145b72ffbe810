/**
 * Constraint triggers that wait for the end of the transaction, or for SET CONSTRAINTS. Kept with the session's transaction; fired by shoal-session.ts before a commit.
 */
import type { Trigger } from '../../../catalog/trigger.js';
import type { SessionCore } from '../session-core.js';

/** Whether a trigger waits, as SET CONSTRAINTS or its definition has it. */
export function isDeferred({ transaction }: SessionCore, { oid, constraint }: Trigger): boolean {
  if (constraint?.deferrable !== true) return false;
  return transaction.constraintTimings.get(oid) ?? transaction.constraintTimings.get('all') ?? constraint.initiallyDeferred;
}

/** Fires what does not wait any more; at the commit: everything, what that defers included. */
export async function fireDeferred(core: SessionCore, atCommit: boolean): Promise<void> {
  const { transaction } = core;
  if (atCommit) transaction.constraintTimings.clear();
  for (;;) {
    const at = transaction.deferredTriggers.findIndex(({ trigger }) => atCommit || !isDeferred(core, trigger));
    const [call] = at < 0 ? [] : transaction.deferredTriggers.splice(at, 1);
    if (call === undefined) return;
    await core.calls.fire(call);
  }
}
