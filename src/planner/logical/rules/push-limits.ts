/** LIMIT below projections, and a bounded LIMIT into both sides of UNION ALL, so that less is read, computed and shipped. */
import { constant, typeRef } from '../../../plan/build.js';
import type { Expression } from '../../../plan/expression.js';
import type { Limit, LogicalNode } from '../../../plan/logical.js';
import { rewritePlan } from '../../../plan/walk.js';
import { Oid } from '../../../types/oid.js';
import { isVolatile } from '../analysis.js';

/** OFFSET + LIMIT when both are known. */
function bound(node: Limit): bigint | undefined {
  const value = (expression: Expression | undefined): bigint | undefined =>
    expression === undefined ? 0n : expression.kind === 'const' && expression.value !== null ? BigInt(expression.value as number | bigint) : undefined;
  if (node.count === undefined || node.withTies) return undefined;
  const count = value(node.count);
  const offset = value(node.offset);
  if (count === undefined || offset === undefined || count < 0n || offset < 0n) return undefined;
  return count + offset < 1n << 62n ? count + offset : undefined;
}

function limited(input: LogicalNode, rows: bigint): LogicalNode {
  if (input.kind === 'limit') return input;
  return { kind: 'limit', input, count: constant(rows, typeRef(Oid.int8)), offset: undefined, withTies: false, columns: input.columns };
}

export function pushLimits(plan: LogicalNode): LogicalNode {
  return rewritePlan(plan, (node) => {
    if (node.kind !== 'limit') return node;
    const { input } = node;
    if (input.kind === 'project' && !node.withTies && !input.expressions.some(isVolatile)) {
      return { ...input, input: pushLimits({ ...node, input: input.input, columns: input.input.columns }) };
    }
    if (input.kind === 'setOperation' && input.type === 'union' && input.all) {
      const rows = bound(node);
      if (rows === undefined) return node;
      const left = limited(input.left, rows);
      const right = limited(input.right, rows);
      return left === input.left && right === input.right ? node : { ...node, input: { ...input, left, right } };
    }
    return node;
  });
}
