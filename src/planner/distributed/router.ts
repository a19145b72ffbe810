/**
 * Router statements: every distributed table that they read is of one colocation group and restricted to constant keys, so that they may turn out to touch one
 * shard only. Used for queries (planner/distributed/distribute) and for the sources of mutations.
 */
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { LogicalNode, Scan } from '../../plan/logical.js';
import type { Pruning } from '../../plan/physical.js';
import { inputsOf, mapChildren, mapNodeExpressions } from '../../plan/walk.js';
import { pruningOf } from './pruning.js';

export interface RouterTarget {
  readonly group: number;
  readonly pruning: Pruning;
}

/** Key tuples of a scan whose distribution columns are all in its output. */
export function scanKeys(scan: Scan): readonly (readonly ColumnId[])[] {
  if (scan.table.distribution.kind !== 'distributed') return [];
  const ids = scan.table.distribution.columns.map((attribute) => {
    const index = scan.source.indexOf(attribute);
    return index < 0 ? undefined : scan.columns[index]?.id;
  });
  return ids.every((id): id is ColumnId => id !== undefined) ? [ids] : [];
}

/** Calls `visit` for the plan of each subquery in the node's own expressions. */
export function visitSubqueries(node: LogicalNode, visit: (plan: LogicalNode) => void): void {
  const expression = (e: Expression): Expression =>
    mapChildren(e, expression, (plan) => {
      visit(plan);
      return plan;
    });
  mapNodeExpressions(node, expression);
}

/** The one group and the restrictions of all scans; undefined when some distributed scan is unrestricted or groups differ. */
export function routerTarget(plan: LogicalNode): RouterTarget | undefined {
  const prunings: Pruning[] = [];
  let group: number | undefined;
  let possible = true;
  const visit = (node: LogicalNode): void => {
    if (node.kind === 'catalogScan') possible = false;
    if (node.kind === 'scan' && node.table.distribution.kind === 'distributed') {
      possible = false; // A bare scan without predicate on its key.
      return;
    }
    if (node.kind === 'filter' && node.input.kind === 'scan' && node.input.table.distribution.kind === 'distributed') {
      const { distribution } = node.input.table;
      const pruning = pruningOf(node.predicate, scanKeys(node.input));
      if (pruning === undefined || (group !== undefined && group !== distribution.group)) possible = false;
      else {
        group = distribution.group;
        prunings.push(pruning);
      }
      visitSubqueries(node, visit);
      return;
    }
    visitSubqueries(node, visit);
    for (const input of inputsOf(node)) visit(input);
  };
  visit(plan);
  const [first] = prunings;
  if (!possible || group === undefined || first === undefined) return undefined;
  // One scan without rows must not hide those of another, in another shard.
  const pruning: Pruning = prunings.length === 1 ? first : { restrictions: prunings.flatMap((one) => one.restrictions), each: prunings };
  return { group, pruning };
}
