/** Sort keys that are constant decide nothing; a sort without keys is none. */
import type { ColumnId, Expression } from '../../../plan/expression.js';
import type { LogicalNode } from '../../../plan/logical.js';
import { rewritePlan } from '../../../plan/walk.js';

function isConstant(expression: Expression, input: LogicalNode): boolean {
  if (expression.kind === 'const' || expression.kind === 'param') return true;
  if (expression.kind !== 'column') return false;
  return constantBelow(expression.id, input);
}

function constantBelow(id: ColumnId, plan: LogicalNode): boolean {
  switch (plan.kind) {
    case 'project': {
      const expression = plan.expressions[plan.columns.findIndex((column) => column.id === id)];
      return expression !== undefined && isConstant(expression, plan.input);
    }
    case 'filter':
    case 'limit':
    case 'sort':
      return constantBelow(id, plan.input);
    case 'distinct':
      return constantBelow(id, plan.input);
    case 'aggregate': {
      const group = plan.sets === undefined ? plan.groups.find((one) => one.id === id) : undefined;
      return group !== undefined && isConstant(group.expression, plan.input);
    }
    default:
      return false;
  }
}

export function simplifySorts(plan: LogicalNode): LogicalNode {
  return rewritePlan(plan, (node) => {
    if (node.kind !== 'sort') return node;
    const keys = node.keys.filter((key) => !isConstant(key.expression, node.input));
    if (keys.length === node.keys.length) return node;
    return keys.length === 0 ? node.input : { ...node, keys };
  });
}
