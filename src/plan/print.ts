/** Logical plans as indented text, for EXPLAIN and golden tests. */
import type { LogicalNode } from './logical.js';
import { inputsOf } from './traverse.js';

export function printPlan(node: LogicalNode, depth = 0): string {
  const label = node.kind === 'scan' ? `Scan ${node.table.name}` : node.kind;
  return [`${'  '.repeat(depth)}${label}`, ...inputsOf(node).map((input) => printPlan(input, depth + 1))].join('\n');
}
