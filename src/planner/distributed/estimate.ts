/**
 * Row estimates, coarse on purpose: they only choose between legal exchanges. Table sizes come from the lane's counters.
 */
import type { Expression } from '../../plan/expression.js';
import { conjuncts } from '../../plan/build.js';

/** Live rows by table OID. */
export type TableRows = ReadonlyMap<number, number>;

/** Share of rows that a predicate keeps. */
export function selectivity(predicate: Expression | undefined): number {
  let share = 1;
  for (const term of conjuncts(predicate)) {
    if (term.kind === 'call' && term.operator !== undefined) share *= term.operator.comparison === '=' ? 0.05 : term.operator.comparison === '<>' ? 0.9 : 0.35;
    else if (term.kind === 'inList') share *= Math.min(0.5, 0.05 * term.list.length);
    else share *= 0.5;
  }
  return Math.max(share, 1e-6);
}
