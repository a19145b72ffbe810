/**
 * The optimiser: rules over logical plans, each a pure function from plan to plan, run in a fixed order. Called by the session between binding and distribution.
 */
import type { LogicalNode, Mutation } from '../../plan/logical.js';
import { FreshColumns } from './columns.js';
import { extractCommonFactors } from './rules/extract-common-factors.js';
import { foldConstants, refuseFailingConstants } from './rules/fold-constants.js';
import { inlineCtes } from './rules/inline-ctes.js';
import { orderJoins } from './rules/order-joins.js';
import { postponeVolatile } from './rules/postpone-volatile.js';
import { pruneColumns } from './rules/prune-columns.js';
import { pushFilters } from './rules/push-filters.js';
import { pushLimits } from './rules/push-limits.js';
import { rangeFrames } from './rules/range-frames.js';
import { refuseFullJoins } from './rules/refuse-full-joins.js';
import { removeProjections } from './rules/remove-projections.js';
import { simplifySorts } from './rules/simplify-sorts.js';
import { unnestSubqueries } from './rules/unnest-subqueries.js';

/** Row counts of tables by OID, as far as known. */
export type Statistics = ReadonlyMap<number, number>;

export interface Rule {
  readonly name: string;
  readonly apply: (plan: LogicalNode, statistics: Statistics) => LogicalNode;
}

/** In the order in which they run: filters move first, so that subqueries are unnested where they belong, and once more to use what unnesting made. */
export const rules: readonly Rule[] = [
  { name: 'fold constants', apply: foldConstants },
  { name: 'postpone volatile', apply: postponeVolatile },
  { name: 'range frames', apply: rangeFrames },
  { name: 'inline CTEs', apply: inlineCtes },
  { name: 'remove projections', apply: removeProjections },
  { name: 'extract common factors', apply: extractCommonFactors },
  { name: 'push filters', apply: pushFilters },
  { name: 'unnest subqueries', apply: (plan) => unnestSubqueries(plan, new FreshColumns(plan)) },
  { name: 'remove projections', apply: removeProjections },
  { name: 'push filters', apply: pushFilters },
  { name: 'order joins', apply: orderJoins },
  { name: 'simplify sorts', apply: simplifySorts },
  { name: 'push limits', apply: pushLimits },
  { name: 'remove projections', apply: removeProjections },
  { name: 'prune columns', apply: pruneColumns },
];

export function optimise(plan: LogicalNode, statistics: Statistics): LogicalNode {
  const optimised = rules.reduce((current, rule) => rule.apply(current, statistics), plan);
  refuseFailingConstants(optimised);
  refuseFullJoins(optimised);
  return optimised;
}

/** The same for the source of a mutation, whose columns keep their order and ids. */
export function optimiseMutation(mutation: Mutation, statistics: Statistics): Mutation {
  const source = optimise(mutation.source, statistics);
  const inheritors = mutation.inheritors?.map((one) => optimiseMutation(one, statistics));
  return { ...mutation, source, ...(inheritors === undefined ? {} : { inheritors }) };
}
