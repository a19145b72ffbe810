/** Common table expressions that are read once (or asked to be inlined and read once) take their reader's place; those that nobody reads are dropped. */
import { columnRef } from '../../../plan/build.js';
import type { CteDefinition, LogicalNode } from '../../../plan/logical.js';
import { forEachNode, rewritePlan } from '../../../plan/walk.js';
import { isVolatilePlan } from '../analysis.js';
import { refreshed } from '../columns.js';

function countReaders(plan: LogicalNode): Map<number, number> {
  const readers = new Map<number, number>();
  forEachNode(plan, (node) => {
    if (node.kind === 'cteScan') readers.set(node.cte, (readers.get(node.cte) ?? 0) + 1);
  });
  return readers;
}

function step(plan: LogicalNode): LogicalNode {
  const readers = countReaders(plan);
  // One at a time: the definition of one may read another.
  const inlined = new Map<number, CteDefinition>();
  const dropped = new Set<number>();
  forEachNode(plan, (node) => {
    if (node.kind !== 'with') return;
    for (const cte of node.ctes) {
      const count = (readers.get(cte.id) ?? 0) - (cte.recursive === undefined ? 0 : ownReads(cte));
      if (count === 0) dropped.add(cte.id);
      else if (inlined.size === 0 && count === 1 && cte.recursive === undefined && cte.materialized !== true && !isVolatilePlan(cte.plan))
        inlined.set(cte.id, cte);
    }
  });
  if (inlined.size === 0 && dropped.size === 0) return plan;
  return rewritePlan(plan, (node) => {
    if (node.kind === 'cteScan') {
      const cte = inlined.get(node.cte);
      if (cte === undefined) return node;
      return {
        kind: 'project',
        input: cte.plan,
        columns: node.columns,
        expressions: node.columns.map((_, i) => columnRef(cte.plan.columns[i] as (typeof node.columns)[number])),
      };
    }
    if (node.kind !== 'with') return refreshed(node);
    const ctes = node.ctes.filter((cte) => !inlined.has(cte.id) && !dropped.has(cte.id));
    if (ctes.length === 0) return node.body;
    return ctes.length === node.ctes.length ? node : { ...node, ctes };
  });
}

/** How often a recursive term reads its own table. */
function ownReads(cte: CteDefinition): number {
  let count = 0;
  if (cte.recursive !== undefined) {
    forEachNode(cte.recursive.term, (node) => {
      if (node.kind === 'cteScan' && node.cte === cte.id) count++;
    });
  }
  return count;
}

export function inlineCtes(plan: LogicalNode): LogicalNode {
  let current = plan;
  for (;;) {
    const next = step(current);
    if (next === current) return current;
    current = next;
  }
}
