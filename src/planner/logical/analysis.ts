/** Questions that rules ask about expressions: volatility, strictness towards NULL, provable non-nullness. */
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { LogicalNode } from '../../plan/logical.js';
import { forEachNodeExpression, inputsOf, someExpression } from '../../plan/walk.js';

/** True when two evaluations may differ, so that the expression must be evaluated where it stands. */
export function isVolatile(expression: Expression): boolean {
  return someExpression(expression, (part) => (part.kind === 'call' || part.kind === 'cast') && part.function?.volatility === 'volatile');
}

/** The same of a whole plan, set-returning functions included. */
export function isVolatilePlan(plan: LogicalNode): boolean {
  if (plan.kind === 'functionScan' && plan.calls.some((call) => call.function.volatility === 'volatile')) return true;
  if (plan.kind === 'projectSet' && plan.calls.some(({ call }) => call.function.volatility === 'volatile')) return true;
  let found = false;
  forEachNodeExpression(plan, (expression) => {
    found ||= isVolatile(expression);
  });
  return found || inputsOf(plan).some(isVolatilePlan);
}

export function hasSubquery(expression: Expression): boolean {
  return someExpression(expression, (part) => part.kind === 'subquery', false);
}

/** Cheap and without side effects: may be evaluated several times instead of once. */
export function isTrivial(expression: Expression): boolean {
  return (
    expression.kind === 'const' ||
    expression.kind === 'param' ||
    expression.kind === 'column' ||
    (expression.kind === 'cast' && expression.method === 'binary' && isTrivial(expression.argument))
  );
}

/** True when the value is NULL whenever all of the columns are NULL. */
export function nullIfNull(expression: Expression, ids: ReadonlySet<ColumnId>): boolean {
  switch (expression.kind) {
    case 'column':
      return ids.has(expression.id);
    case 'call':
      return expression.function.strict && expression.args.some((argument) => nullIfNull(argument, ids));
    case 'cast':
      return (expression.function === undefined || expression.function.strict) && nullIfNull(expression.argument, ids);
    case 'not':
      return nullIfNull(expression.argument, ids);
    case 'and':
    case 'or':
      return expression.args.every((argument) => nullIfNull(argument, ids));
    case 'inList':
      return expression.list.length > 0 && expression.operator.function.strict && nullIfNull(expression.left, ids);
    case 'arrayComparison':
      return nullIfNull(expression.array, ids);
    case 'const':
      return expression.value === null;
    case 'coalesce':
    case 'greatest':
    case 'least':
      return expression.args.every((argument) => nullIfNull(argument, ids));
    case 'nullif':
      return expression.args.slice(0, 1).every((argument) => nullIfNull(argument, ids));
    default:
      return false;
  }
}

/** True when the predicate is not true whenever all of the columns are NULL: an outer join's null-extended rows do not pass it. */
export function rejectsNull(predicate: Expression, ids: ReadonlySet<ColumnId>): boolean {
  switch (predicate.kind) {
    case 'and':
      return predicate.args.some((argument) => rejectsNull(argument, ids));
    case 'or':
      return predicate.args.every((argument) => rejectsNull(argument, ids));
    case 'isNull':
      return predicate.negated && nullIfNull(predicate.argument, ids);
    case 'isBoolean':
      return !predicate.negated && predicate.test !== 'unknown' && nullIfNull(predicate.argument, ids);
    default:
      return nullIfNull(predicate, ids);
  }
}

/** Columns of the plan's output that are never NULL, as far as the table definitions and the operators prove. */
export function nonNullColumns(plan: LogicalNode): ReadonlySet<ColumnId> {
  switch (plan.kind) {
    case 'scan': {
      const ids = new Set<ColumnId>();
      plan.columns.forEach((column, i) => {
        const attribute = plan.source[i] as number;
        if (attribute <= 0 || plan.table.columns.find((one) => one.attribute === attribute)?.notNull === true) ids.add(column.id);
      });
      return ids;
    }
    case 'filter': {
      const ids = new Set(nonNullColumns(plan.input));
      for (const column of plan.columns) if (rejectsNull(plan.predicate, new Set([column.id]))) ids.add(column.id);
      return ids;
    }
    case 'sort':
    case 'limit':
    case 'distinct':
    case 'window':
      return nonNullColumns(plan.input);
    case 'project': {
      const below = nonNullColumns(plan.input);
      return new Set(plan.columns.filter((_, i) => isNonNull(plan.expressions[i] as Expression, below)).map((column) => column.id));
    }
    case 'join':
      switch (plan.type) {
        case 'inner':
          return new Set([...nonNullColumns(plan.left), ...nonNullColumns(plan.right)]);
        case 'left':
        case 'semi':
        case 'anti':
          return nonNullColumns(plan.left);
        case 'right':
          return nonNullColumns(plan.right);
        case 'full':
          return new Set();
      }
      break;
    case 'aggregate': {
      if (plan.sets !== undefined) return new Set();
      const below = nonNullColumns(plan.input);
      const groups = plan.groups.filter((group) => isNonNull(group.expression, below)).map((group) => group.id);
      return new Set([
        ...groups,
        ...plan.aggregates.filter(({ call }) => call.function.empty !== undefined && call.function.empty !== null).map(({ id }) => id),
      ]);
    }
    case 'setOperation': {
      if (plan.type !== 'union') return new Set();
      const [left, right] = [nonNullColumns(plan.left), nonNullColumns(plan.right)];
      return new Set(
        plan.columns
          .filter(
            (_, i) =>
              left.has((plan.left.columns[i] as (typeof plan.columns)[number]).id) && right.has((plan.right.columns[i] as (typeof plan.columns)[number]).id),
          )
          .map((column) => column.id),
      );
    }
    case 'values':
      return new Set(plan.columns.filter((_, i) => plan.rows.every((row) => isNonNull(row[i] as Expression, new Set()))).map((column) => column.id));
    default:
      return new Set();
  }
  return new Set();
}

/** True when the expression is proven to be never NULL. */
export function isNonNull(expression: Expression, columns: ReadonlySet<ColumnId>): boolean {
  switch (expression.kind) {
    case 'const':
      return expression.value !== null;
    case 'column':
      return columns.has(expression.id);
    case 'cast':
      return expression.method === 'binary' && isNonNull(expression.argument, columns);
    case 'coalesce':
      return expression.args.some((argument) => isNonNull(argument, columns));
    case 'isNull':
    case 'isBoolean':
    case 'isDistinct':
    case 'array':
      return true;
    case 'row':
      return expression.present === undefined || isNonNull(expression.present, columns);
    case 'not':
      return isNonNull(expression.argument, columns);
    case 'and':
    case 'or':
      return expression.args.every((argument) => isNonNull(argument, columns));
    default:
      return false;
  }
}
