/**
 * The optimiser: rules over logical plans, each a pure function from plan to plan, run in a fixed order until nothing changes (at most a few rounds).
 * Called by the session between binding and distribution.
 */
import type { LogicalNode } from '../../plan/logical.js';

/** Row counts of tables by OID, as far as known. */
export type Statistics = ReadonlyMap<number, number>;

export function optimise(plan: LogicalNode, statistics: Statistics): LogicalNode {
  void statistics;
  return plan;
}
