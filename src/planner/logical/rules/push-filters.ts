/**
 * Filters as far down as they may go: through projections, into the sides of joins, below grouping, windows, set operations. On the way
 * - a cross join with a filter becomes an inner join,
 * - an outer join whose null-extended rows a filter rejects becomes an inner (or less outer) one,
 * - equalities carry constants over: a.x = b.x AND b.x = 5 gives a.x = 5 as well (shards are pruned on both sides).
 */
import { assertNever } from '../../../common/errors.js';
import { operatorFor } from '../../../functions/registry.js';
import { boolType, conjunction, conjuncts } from '../../../plan/build.js';
import type { Call, ColumnId, Expression } from '../../../plan/expression.js';
import type { Join, LogicalNode } from '../../../plan/logical.js';
import { columnsOf, equalExpressions, idsOf, mapChildren, mapInputs, mapNodeExpressions, readsAny, readsOnly, substituteColumns } from '../../../plan/walk.js';
import { hasSubquery, isVolatile, rejectsNull } from '../analysis.js';
import { refreshed } from '../columns.js';

function filter(input: LogicalNode, predicates: readonly Expression[]): LogicalNode {
  const predicate = conjunction(predicates);
  return predicate === undefined ? input : { kind: 'filter', input, predicate, columns: input.columns };
}

/** Those that satisfy the test, and the others. */
function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}

/** The plans of subqueries in an operator's expressions are improved, too. */
function intoSubqueries(node: LogicalNode): LogicalNode {
  const go = (expression: Expression): Expression => mapChildren(expression, go, pushFilters);
  return mapNodeExpressions(node, go);
}

/** The node with all predicates applied, each as low as it may. Predicates are not volatile. */
function push(node: LogicalNode, predicates: readonly Expression[]): LogicalNode {
  switch (node.kind) {
    case 'filter': {
      const [stay, go] = partition(
        conjuncts(node.predicate).map((part) => improved(part)),
        isVolatile,
      );
      // A volatile filter counts rows: nothing may pass it from above... except what PostgreSQL would evaluate first as well.
      return stay.length === 0 ? push(node.input, [...go, ...predicates]) : filter(filter(push(node.input, go), stay), predicates);
    }
    case 'project': {
      const expressions = new Map<ColumnId, Expression>(node.columns.map((column, i) => [column.id, node.expressions[i] as Expression]));
      const [go, stay] = partition(predicates, (predicate) => {
        for (const id of columnsOf(predicate)) {
          const expression = expressions.get(id);
          if (expression !== undefined && (isVolatile(expression) || hasSubquery(expression))) return false;
        }
        return true;
      });
      const input = push(
        node.input,
        go.map((predicate) => substituteColumns(predicate, expressions)),
      );
      return filter(intoSubqueries(input === node.input ? node : { ...node, input }), stay);
    }
    case 'projectSet': {
      const below = idsOf(node.input.columns);
      const [go, stay] = partition(predicates, (predicate) => node.columns.every((column) => below.has(column.id) || !columnsOf(predicate).has(column.id)));
      return filter(intoSubqueries(refreshed({ ...node, input: push(node.input, go) })), stay);
    }
    case 'join':
      return pushJoin(node, predicates);
    case 'aggregate': {
      const groups = new Map<ColumnId, Expression>(node.groups.map((group) => [group.id, group.expression]));
      const own = idsOf(node.columns);
      const movable = (predicate: Expression): boolean =>
        node.sets === undefined &&
        node.groups.length > 0 &&
        [...columnsOf(predicate)].every((id) => {
          const expression = groups.get(id);
          return expression === undefined ? !own.has(id) : !isVolatile(expression) && !hasSubquery(expression);
        });
      const [go, stay] = partition(predicates, movable);
      const input = push(
        node.input,
        go.map((predicate) => substituteColumns(predicate, groups)),
      );
      return filter(intoSubqueries({ ...node, input }), stay);
    }
    case 'window': {
      const below = idsOf(node.input.columns);
      const partitioned = (id: ColumnId): boolean =>
        node.calls.every(({ call }) => call.partitionBy.some((expression) => expression.kind === 'column' && expression.id === id));
      const [go, stay] = partition(predicates, (predicate) =>
        [...columnsOf(predicate)].every((id) => (below.has(id) ? partitioned(id) : !node.columns.some((column) => column.id === id))),
      );
      return filter(intoSubqueries(refreshed({ ...node, input: push(node.input, go) })), stay);
    }
    case 'sort':
      return refreshed(intoSubqueries({ ...node, input: push(node.input, predicates) }));
    case 'distinct': {
      const { on } = node;
      if (on === undefined) return refreshed({ ...node, input: push(node.input, predicates) });
      const own = idsOf(node.input.columns);
      const [go, stay] = partition(predicates, (predicate) =>
        [...columnsOf(predicate)].every((id) => !own.has(id) || on.some((expression) => expression.kind === 'column' && expression.id === id)),
      );
      return filter(refreshed({ ...node, input: push(node.input, go) }), stay);
    }
    case 'setOperation': {
      const [go, stay] = partition(predicates, (predicate) => !hasSubquery(predicate));
      const side = (input: LogicalNode): LogicalNode => {
        const columns = new Map<ColumnId, Expression>(
          node.columns.map((column, i) => {
            const own = input.columns[i] as (typeof input.columns)[number];
            return [column.id, { kind: 'column', id: own.id, name: own.name, type: own.type }];
          }),
        );
        return push(
          input,
          go.map((predicate) => substituteColumns(predicate, columns)),
        );
      };
      return filter({ ...node, left: side(node.left), right: side(node.right) }, stay);
    }
    case 'with': {
      const inner = mapInputs(node, (input) => (input === node.body ? input : push(input, [])));
      return inner.kind === 'with' ? refreshed({ ...inner, body: push(node.body, predicates) }) : filter(inner, predicates);
    }
    case 'limit':
      return filter(refreshed(intoSubqueries({ ...node, input: push(node.input, []) })), predicates);
    case 'scan':
    case 'catalogScan':
    case 'values':
    case 'functionScan':
    case 'cteScan':
    case 'landed':
      return filter(intoSubqueries(node), predicates);
    default:
      return assertNever(node);
  }
}

// ------------------------------------------------------------------------------------------------------------------------- joins

/** The join type after predicates above it that reject null-extended rows. */
function reduced(node: Join, predicates: readonly Expression[]): Join['type'] {
  const left = idsOf(node.left.columns);
  const right = idsOf(node.right.columns);
  let { type } = node;
  for (const predicate of predicates) {
    if ((type === 'left' || type === 'full') && rejectsNull(predicate, right)) type = type === 'left' ? 'inner' : 'right';
    if ((type === 'right' || type === 'full') && rejectsNull(predicate, left)) type = type === 'right' ? 'inner' : 'left';
  }
  return type;
}

function isEquality(expression: Expression): expression is Call {
  return expression.kind === 'call' && expression.operator?.comparison === '=';
}

/** Equalities with constants that follow from equalities between columns of one type. */
function implied(predicates: readonly Expression[]): readonly Expression[] {
  const equalities = predicates.filter(isEquality);
  const pairs = equalities.filter((one) => one.args.every((argument) => argument.kind === 'column') && one.args[0]?.type.oid === one.args[1]?.type.oid);
  if (pairs.length === 0) return [];
  const found: Expression[] = [];
  const known = [...predicates];
  for (let at = 0; at < known.length; at++) {
    const fact = known[at] as Expression;
    if (!isEquality(fact)) continue;
    const [a, b] = fact.args;
    if (a === undefined || b === undefined) continue;
    const [column, value] = a.kind === 'column' ? [a, b] : [b, a];
    if (column.kind !== 'column' || (value.kind !== 'const' && value.kind !== 'param')) continue;
    for (const pair of pairs) {
      const [left, right] = pair.args;
      const other = left?.kind === 'column' && left.id === column.id ? right : right?.kind === 'column' && right.id === column.id ? left : undefined;
      if (other === undefined) continue;
      const operator = operatorFor('=', other.type.oid, value.type.oid);
      if (operator === undefined) continue;
      const fresh: Expression = { kind: 'call', function: operator.function, operator, args: [other, value], type: boolType };
      if (known.some((one) => equalExpressions(one, fresh))) continue;
      known.push(fresh);
      found.push(fresh);
    }
  }
  return found;
}

/** From (a.x = 1 AND b.y = 2) OR (a.x = 2 AND b.y = 1), which needs both sides, what it says about one side alone. */
function impliedByDisjunction(predicate: Expression, side: ReadonlySet<ColumnId>): Expression | undefined {
  if (predicate.kind !== 'or' || hasSubquery(predicate)) return undefined;
  const branches: Expression[] = [];
  for (const branch of predicate.args) {
    const own = conjuncts(branch).filter((part) => columnsOf(part).size > 0 && readsOnly(part, side));
    const part = conjunction(own);
    if (part === undefined) return undefined;
    branches.push(part);
  }
  return { kind: 'or', args: branches, type: boolType };
}

function pushJoin(node: Join, predicates: readonly Expression[]): LogicalNode {
  const type = reduced(node, predicates);
  const left = idsOf(node.left.columns);
  const right = idsOf(node.right.columns);
  // Columns of enclosing queries count as constants here.
  const onlyLeft = (predicate: Expression): boolean => !readsAny(predicate, right);
  const onlyRight = (predicate: Expression): boolean => !readsAny(predicate, left);
  const build = (
    leftPredicates: readonly Expression[],
    rightPredicates: readonly Expression[],
    on: readonly Expression[],
    above: readonly Expression[],
  ): LogicalNode => {
    const leftInput = push(node.left, leftPredicates);
    const rightInput = push(node.right, rightPredicates);
    const condition = conjunction(on) ?? (type === 'inner' ? undefined : node.on);
    return filter(refreshed(intoSubqueries({ ...node, type, left: leftInput, right: rightInput, on: condition })), above);
  };
  // An outer join needs a condition, if only TRUE.
  const parts = conjuncts(node.on).map((part) => improved(part));
  const [volatileParts, on] = partition(parts, isVolatile);
  switch (type) {
    case 'inner': {
      const pool: Expression[] = [];
      for (const predicate of [...on, ...predicates]) if (pool.length > 100 || !pool.some((other) => equalExpressions(other, predicate))) pool.push(predicate);
      pool.push(...implied(pool));
      const [toLeft, rest] = partition(pool, onlyLeft);
      const [toRight, stay] = partition(rest, onlyRight);
      for (const predicate of stay) {
        const forLeft = impliedByDisjunction(predicate, left);
        const forRight = impliedByDisjunction(predicate, right);
        if (forLeft !== undefined && !contains(node.left, forLeft)) toLeft.push(forLeft);
        if (forRight !== undefined && !contains(node.right, forRight)) toRight.push(forRight);
      }
      // A subquery over both sides waits above the join, where it can be unnested.
      const [above, condition] = partition(stay, hasSubquery);
      return build(toLeft, toRight, [...condition, ...volatileParts], above);
    }
    case 'left': {
      const [toLeft, above] = partition(predicates, onlyLeft);
      // Constants known of the left side hold for equal columns of the right side as well.
      const carried = implied([...on, ...toLeft, ...filtersOf(node.left)]).filter((predicate) => onlyRight(predicate) && !contains(node.right, predicate));
      const [toRight, stay] = partition(on, (part) => onlyRight(part) && readsAny(part, right));
      return build(toLeft, [...toRight, ...carried], [...stay, ...volatileParts], above);
    }
    case 'right': {
      const [toRight, above] = partition(predicates, onlyRight);
      const [toLeft, stay] = partition(on, (part) => onlyLeft(part) && readsAny(part, left));
      return build(toLeft, toRight, [...stay, ...volatileParts], above);
    }
    case 'full':
      return build([], [], [...on, ...volatileParts], predicates);
    case 'semi': {
      const [leftOn, rest] = partition(on, (part) => onlyLeft(part) && readsAny(part, left));
      const carried = implied([...rest, ...leftOn, ...predicates, ...filtersOf(node.left)]).filter(
        (predicate) => onlyRight(predicate) && readsAny(predicate, right) && !contains(node.right, predicate),
      );
      const [toRight, stay] = partition(rest, (part) => onlyRight(part) && readsAny(part, right));
      return build([...leftOn, ...predicates], [...toRight, ...carried], [...stay, ...volatileParts], []);
    }
    case 'anti': {
      const [toRight, stay] = partition(on, (part) => onlyRight(part) && readsAny(part, right));
      return build(predicates, toRight, [...stay, ...volatileParts], []);
    }
    default:
      return assertNever(type);
  }
}

/** Predicates that hold for every row of the plan, as far as they stand at its top. */
function filtersOf(plan: LogicalNode): readonly Expression[] {
  return plan.kind === 'filter' ? [...conjuncts(plan.predicate), ...filtersOf(plan.input)] : [];
}

/** True when the plan already filters by the predicate, so that repeated rounds add nothing. */
function contains(plan: LogicalNode, predicate: Expression): boolean {
  if (plan.kind === 'filter') return conjuncts(plan.predicate).some((part) => equalExpressions(part, predicate)) || contains(plan.input, predicate);
  if (plan.kind === 'join') {
    if (conjuncts(plan.on).some((part) => equalExpressions(part, predicate))) return true;
    const keeps = plan.type === 'inner' || plan.type === 'semi';
    return (
      ((keeps || plan.type === 'left' || plan.type === 'anti') && contains(plan.left, predicate)) ||
      ((plan.type === 'inner' || plan.type === 'right') && contains(plan.right, predicate))
    );
  }
  if (plan.kind === 'project') {
    const columns = new Map<ColumnId, Expression>(plan.columns.map((column, i) => [column.id, plan.expressions[i] as Expression]));
    return contains(plan.input, substituteColumns(predicate, columns));
  }
  return false;
}

/** Subqueries inside a predicate are improved before it moves. */
function improved(predicate: Expression): Expression {
  const go = (expression: Expression): Expression => mapChildren(expression, go, pushFilters);
  return go(predicate);
}

export function pushFilters(plan: LogicalNode): LogicalNode {
  return push(plan, []);
}
