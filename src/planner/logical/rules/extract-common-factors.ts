/**
 * (a AND x) OR (a AND y) becomes a AND (x OR y), so that `a` can be a join condition or be pushed down (TPC-H Q19).
 */
import { conjunction, conjuncts, disjunction, disjuncts, trueConst } from '../../../plan/build.js';
import type { Expression } from '../../../plan/expression.js';
import type { LogicalNode } from '../../../plan/logical.js';
import { equalExpressions, mapNodeExpressions, rewritePlan } from '../../../plan/walk.js';
import { isVolatile } from '../analysis.js';

function factored(predicate: Expression): Expression {
  if (predicate.kind === 'and') {
    const args = predicate.args.map(factored);
    return args.every((argument, i) => argument === predicate.args[i]) ? predicate : (conjunction(args.flatMap(conjuncts)) as Expression);
  }
  if (predicate.kind !== 'or' || isVolatile(predicate)) return predicate;
  const branches = disjuncts(predicate).map(conjuncts);
  const [first, ...rest] = branches;
  if (first === undefined || rest.length === 0) return predicate;
  const common = first.filter((part) => rest.every((branch) => branch.some((other) => equalExpressions(other, part))));
  if (common.length === 0) return predicate;
  const remaining = branches.map((branch) => branch.filter((part) => !common.some((other) => equalExpressions(other, part))));
  if (remaining.some((branch) => branch.length === 0)) return conjunction(common) as Expression;
  return conjunction([...common, disjunction(remaining.map((branch) => conjunction(branch) ?? trueConst))]) as Expression;
}

export function extractCommonFactors(plan: LogicalNode): LogicalNode {
  return rewritePlan(plan, (node) => (node.kind === 'filter' || node.kind === 'join' ? mapNodeExpressions(node, factored) : node));
}
