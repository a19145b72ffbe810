/**
 * A FULL JOIN that PostgreSQL has no plan for is refused as it does (0A000): unless some condition of the join is an equality between one side and the other, every
 * condition must be a constant. Outer joins have been reduced by the filters above them before, as in PostgreSQL. Called by the optimiser at its end.
 */
import { PgError } from '../../../common/errors.js';
import { conjuncts } from '../../../plan/build.js';
import type { ColumnId, Expression } from '../../../plan/expression.js';
import type { Join, LogicalNode } from '../../../plan/logical.js';
import { idsOf, readsAny, visitPlan } from '../../../plan/walk.js';
import { isVolatile } from '../analysis.js';

/** An equality of which each operand reads one side alone, and not the same. */
function isKey(condition: Expression, left: ReadonlySet<ColumnId>, right: ReadonlySet<ColumnId>): boolean {
  if (condition.kind !== 'call' || condition.operator?.comparison !== '=' || isVolatile(condition)) return false;
  const [a, b] = condition.args;
  if (a === undefined || b === undefined) return false;
  const of = (expression: Expression, own: ReadonlySet<ColumnId>, other: ReadonlySet<ColumnId>): boolean =>
    readsAny(expression, own) && !readsAny(expression, other);
  return (of(a, left, right) && of(b, right, left)) || (of(a, right, left) && of(b, left, right));
}

function isPlannable(join: Join): boolean {
  const left = idsOf(join.left.columns);
  const right = idsOf(join.right.columns);
  const conditions = conjuncts(join.on).filter((one) => one.kind !== 'const' && one.kind !== 'param');
  return conditions.length === 0 || conditions.some((one) => isKey(one, left, right));
}

export function refuseFullJoins(plan: LogicalNode): void {
  visitPlan(plan, (node) => {
    if (node.kind === 'join' && node.type === 'full' && !isPlannable(node))
      throw new PgError('0A000', 'FULL JOIN is only supported with merge-joinable or hash-joinable join conditions');
  });
}
