/**
 * Which fragments are short for certain: every scan looks up one key of a unique index by constants or parameters, or reads a table that is small. Such a fragment
 * runs inline on the front-end thread, since a message to another thread costs more than the look-up.
 */
import type { Expression } from '../../plan/expression.js';
import type { LogicalNode, Scan } from '../../plan/logical.js';
import { conjuncts } from '../../plan/build.js';
import { visitPlan } from '../../plan/walk.js';
import type { TableRows } from './estimate.js';

/** Rows (and products of rows) that are read in well under a millisecond. */
const smallRows = 500;

function isUniqueLookup(scan: Scan, predicate: Expression): boolean {
  const fixed = new Set<number>();
  for (const term of conjuncts(predicate)) {
    if (term.kind !== 'call' || term.operator?.comparison !== '=') continue;
    const [a, b] = term.args;
    const [column, value] = a?.kind === 'column' ? [a, b] : [b, a];
    if (column?.kind !== 'column' || (value?.kind !== 'const' && value?.kind !== 'param')) continue;
    const at = scan.columns.findIndex((candidate) => candidate.id === column.id);
    const attribute = scan.source[at];
    if (attribute !== undefined) fixed.add(attribute);
  }
  return scan.table.indexes.some(
    (index) => index.unique && index.predicateText === undefined && index.keys.every((key) => key.attribute > 0 && fixed.has(key.attribute)),
  );
}

/** True when running the plan takes well under a millisecond whatever the data. */
export function isBounded(plan: LogicalNode, rows: TableRows): boolean {
  const lookups = new Set<LogicalNode>();
  let product = 1;
  let bounded = true;
  visitPlan(plan, (node) => {
    switch (node.kind) {
      case 'filter':
        if (node.input.kind === 'scan' && isUniqueLookup(node.input, node.predicate)) lookups.add(node.input);
        return;
      case 'scan':
        if (!lookups.has(node)) product *= Math.max(1, rows.get(node.table.oid) ?? Infinity);
        return;
      case 'values':
        product *= Math.max(1, node.rows.length);
        return;
      case 'with':
        if (node.ctes.some((cte) => cte.recursive !== undefined)) bounded = false;
        return;
      case 'functionScan':
      case 'projectSet':
      case 'landed':
      case 'catalogScan':
        bounded = false;
        return;
      case 'cteScan':
      case 'project':
      case 'join':
      case 'aggregate':
      case 'window':
      case 'sort':
      case 'limit':
      case 'distinct':
      case 'setOperation':
        return;
    }
  });
  return bounded && product <= smallRows;
}
