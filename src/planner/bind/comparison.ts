/**
 * Comparisons and their sugar: row comparisons, BETWEEN, LIKE, IN lists, ANY / ALL over arrays, IS DISTINCT FROM.
 * Source: parse_expr.c and parse_oper.c of PostgreSQL 15 (make_row_comparison_op, transformAExprIn, make_scalar_array_op).
 */
import { systemCall } from '../../sql/build.js';
import { boolType, conjunction, constant, disjunction, not, typeRef } from '../../plan/build.js';
import type { Expression, RowConstructor } from '../../plan/expression.js';
import { someExpression } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { arrayTypeOf, elementTypeOf, formatType, Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { coerceArgument, makeOperator } from './call.js';
import { canCoerce, commonTypeOf, toCommonType, unknownToText } from './coercion.js';
import { bindExpression } from './expression.js';
import { isPolymorphic } from '../../functions/registry.js';
import { requireOperator } from './resolve.js';
import type { Scope } from './scope.js';
import { bindRowSubqueryComparison } from './subquery.js';

const ordering: ReadonlySet<string> = new Set(['=', '<>', '<', '<=', '>', '>=']);

/** True where the expression makes columns of its own, so that it may stand in a plan only once. */
export function hasSubquery(expression: Expression): boolean {
  return someExpression(expression, (part) => part.kind === 'subquery');
}

function booleanOperator(binder: Binder, operator: string, left: Expression, right: Expression, position: number | undefined): Expression {
  const call = makeOperator(binder, operator, left, right, position);
  if (call.type.oid !== Oid.bool) {
    throw binder.error('42804', `row comparison operator must yield type boolean, not type ${formatType(call.type.oid)}`, position);
  }
  return call;
}

/** Fields of both sides compared: = all equal, <> some unequal, the rest in lexicographic order. */
export function compareRows(
  binder: Binder,
  operator: string,
  left: readonly Expression[],
  right: readonly Expression[],
  position: number | undefined,
): Expression {
  if (left.length !== right.length) throw binder.error('42601', 'unequal number of entries in row expressions', position);
  if (left.length === 0) throw binder.error('0A000', 'cannot compare rows of zero length', position);
  if (!ordering.has(operator)) {
    if (left.length > 1) {
      for (let i = 0; i < left.length; i++) booleanOperator(binder, operator, left[i] as Expression, right[i] as Expression, position);
      throw binder.error('0A000', `could not determine interpretation of row comparison operator ${operator}`, position, {
        hint: 'Row comparison operators must be associated with btree operator families.',
      });
    }
    return booleanOperator(binder, operator, left[0] as Expression, right[0] as Expression, position);
  }
  const pair = (name: string, i: number): Expression => booleanOperator(binder, name, left[i] as Expression, right[i] as Expression, position);
  // Fields that are compared twice: a subquery may stand in the plan once only.
  const again = (name: string, i: number): Expression =>
    booleanOperator(binder, name, binder.copy(left[i] as Expression), binder.copy(right[i] as Expression), position);
  if (left.length === 1) return pair(operator, 0);
  if (operator === '=') return binder.at(conjunction(left.map((_, i) => pair('=', i))) as Expression, position);
  if (operator === '<>') return binder.at(disjunction(left.map((_, i) => pair('<>', i))), position);
  const strict = operator.charAt(0);
  let result = pair(operator, left.length - 1);
  for (let i = left.length - 2; i >= 0; i--) {
    result = { kind: 'or', args: [pair(strict, i), { kind: 'and', args: [again('=', i), result], type: boolType }], type: boolType };
  }
  return binder.at(result, position);
}

/** A binary operator. */
export function bindComparison(binder: Binder, scope: Scope, node: ast.BinaryOperation): Expression {
  const { operator, position } = node;
  if (node.left.kind === 'row' && node.right.kind === 'subquery')
    return bindRowSubqueryComparison(binder, scope, operator, node.left, node.right.query, position);
  const left = bindExpression(binder, scope, node.left);
  const right = bindExpression(binder, scope, node.right);
  // Written rows are compared field by field; whole rows of tables and composite values as one, to which NULL equals NULL.
  const written = node.left.kind === 'row' && node.right.kind === 'row';
  if (written && left.kind === 'row' && right.kind === 'row') return compareRows(binder, operator, left.fields, right.fields, position);
  return makeOperator(binder, operator, left, right, position);
}

/** IS [NOT] NULL; of a row: all fields are (not) null. */
export function nullTest(binder: Binder, argument: Expression, negated: boolean, position: number | undefined): Expression {
  if (argument.kind === 'row') {
    const tests = argument.fields.map((field): Expression => ({ kind: 'isNull', argument: field, negated, plain: true, type: boolType }));
    return binder.at(conjunction(tests) ?? constant(1, boolType), position);
  }
  return binder.at({ kind: 'isNull', argument: argument.kind === 'const' ? unknownToText(binder, argument) : argument, negated, type: boolType }, position);
}

function distinct(binder: Binder, left: Expression, right: Expression, negated: boolean, position: number | undefined): Expression {
  // A row of NULLs is no NULL here.
  const isNull = (argument: Expression): Expression =>
    binder.at({ kind: 'isNull', argument: unknownToText(binder, argument), negated: !negated, plain: true, type: boolType }, position);
  if (right.kind === 'const' && right.value === null) return isNull(left);
  if (left.kind === 'const' && left.value === null) return isNull(right);
  const call = makeOperator(binder, '=', left, right, position);
  if (call.type.oid !== Oid.bool) throw binder.error('42804', 'IS DISTINCT FROM requires = operator to yield boolean', position);
  return binder.at({ kind: 'isDistinct', left: call.args[0] as Expression, right: call.args[1] as Expression, negated, type: boolType }, position);
}

export function bindDistinct(binder: Binder, scope: Scope, node: ast.DistinctFrom): Expression {
  const left = bindExpression(binder, scope, node.left);
  const right = bindExpression(binder, scope, node.right);
  if (left.kind === 'row' && right.kind === 'row') {
    if (left.fields.length !== right.fields.length) throw binder.error('42601', 'unequal number of entries in row expressions', node.position);
    const parts = left.fields.map((field, i) => distinct(binder, field, right.fields[i] as Expression, false, node.position));
    const some = disjunction(parts.length === 0 ? [constant(0, boolType)] : parts);
    return node.negated ? not(some) : some;
  }
  return distinct(binder, left, right, node.negated, node.position);
}

export function bindBetween(binder: Binder, scope: Scope, node: ast.Between): Expression {
  const { position } = node;
  // Bound anew for each use, as each needs its own types (and subqueries their own columns).
  const compare = (operator: string, other: ast.Expression): Expression =>
    bindComparison(binder, scope, { kind: 'binary', operator, left: node.argument, right: other, position });
  const inside = (low: ast.Expression, high: ast.Expression): Expression =>
    node.negated
      ? { kind: 'or', args: [compare('<', low), compare('>', high)], type: boolType }
      : { kind: 'and', args: [compare('>=', low), compare('<=', high)], type: boolType };
  if (!node.symmetric) return binder.at(inside(node.low, node.high), position);
  const both = [inside(node.low, node.high), inside(node.high, node.low)];
  return binder.at({ kind: node.negated ? 'and' : 'or', args: both, type: boolType }, position);
}

export function bindLike(binder: Binder, scope: Scope, node: ast.Like): Expression {
  const { position } = node;
  let pattern = node.pattern;
  let operator: string;
  if (node.variant === 'similar') {
    pattern = systemCall('similar_to_escape', node.escape === undefined ? [pattern] : [pattern, node.escape], position);
    operator = node.negated ? '!~' : '~';
  } else {
    if (node.escape !== undefined) pattern = systemCall('like_escape', [pattern, node.escape], position);
    operator = `${node.negated ? '!' : ''}~~${node.variant === 'ilike' ? '*' : ''}`;
  }
  return bindComparison(binder, scope, { kind: 'binary', operator, left: node.argument, right: pattern, position });
}

/** x IN (a, b, c): one InList over the common type where there is one, else a chain of comparisons. */
export function bindIn(binder: Binder, scope: Scope, node: ast.InList): Expression {
  const { position } = node;
  const operator = node.negated ? '<>' : '=';
  let left = bindExpression(binder, scope, node.argument);
  let leftUsed = false;
  // A subquery on the left may stand in the plan once only.
  const nextLeft = (): Expression => {
    if (leftUsed && hasSubquery(left)) left = bindExpression(binder, scope, node.argument);
    leftUsed = true;
    return left;
  };
  const items = node.list.map((item) => bindExpression(binder, scope, item));
  const variable = (expression: Expression): boolean => someExpression(expression, (part) => part.kind === 'column' && binder.ownerOf(part.id) !== undefined);
  const plain = items.filter((item) => !variable(item) && item.kind !== 'row');
  const parts: Expression[] = [];
  let listed: ReadonlySet<Expression> = new Set();
  if (plain.length > 1 && left.kind !== 'row') {
    const types = [left, ...plain].map((expression) => expression.type.oid);
    const common = commonTypeOf(types);
    if (common !== undefined && common !== Oid.record && types.every((oid) => canCoerce(oid, common, 'implicit')) && arrayTypeOf(common) !== undefined) {
      const list = plain.map((item) => toCommonType(binder, item, common, 'IN'));
      const entry = requireOperator(binder, operator, left.type.oid, common, position);
      if (entry.result !== Oid.bool) throw binder.error('42809', 'op ANY/ALL (array) requires operator to yield boolean', position);
      const polymorphic = isPolymorphic(entry.left);
      parts.push(
        binder.at(
          {
            kind: 'inList',
            left: polymorphic ? toCommonType(binder, nextLeft(), common, 'IN') : coerceArgument(binder, nextLeft(), entry.left),
            operator: entry,
            quantifier: node.negated ? 'all' : 'any',
            list: list.map((item) => (isPolymorphic(entry.right) ? item : coerceArgument(binder, item, entry.right))),
            type: boolType,
          },
          position,
        ),
      );
      listed = new Set(plain);
    }
  }
  for (const item of items) {
    if (listed.has(item)) continue;
    const own = nextLeft();
    parts.push(
      own.kind === 'row' && item.kind === 'row'
        ? compareRows(binder, operator, own.fields, item.fields, position)
        : makeOperator(binder, operator, own, item, position),
    );
  }
  if (parts.length === 1) return parts[0] as Expression;
  return binder.at({ kind: node.negated ? 'and' : 'or', args: parts, type: boolType }, position);
}

/** x op ANY (array). */
export function bindQuantifiedArray(binder: Binder, scope: Scope, node: ast.QuantifiedArray): Expression {
  const { position } = node;
  const left = bindExpression(binder, scope, node.argument);
  const right = bindExpression(binder, scope, node.array);
  let elementOid: number = Oid.unknown;
  if (right.type.oid !== Oid.unknown) {
    const element = elementTypeOf(right.type.oid);
    if (element === undefined) throw binder.error('42809', 'op ANY/ALL (array) requires array on right side', position);
    elementOid = typeRef(element.oid).oid;
  }
  const entry = requireOperator(binder, node.operator, left.type.oid, elementOid, position);
  if (entry.result !== Oid.bool) throw binder.error('42809', 'op ANY/ALL (array) requires operator to yield boolean', position);
  const wanted = isPolymorphic(entry.right) ? (elementOid === Oid.unknown ? left.type.oid : elementOid) : entry.right;
  const arrayType = arrayTypeOf(wanted);
  if (arrayType === undefined) throw binder.error('42704', `could not find array type for data type ${formatType(wanted)}`, position);
  const sameType = isPolymorphic(entry.left) && left.type.oid === Oid.unknown ? wanted : entry.left;
  return binder.at(
    {
      kind: 'arrayComparison',
      left: isPolymorphic(sameType) ? left : coerceArgument(binder, left, sameType),
      operator: entry,
      quantifier: node.quantifier,
      array: right.type.oid === arrayType.oid || elementTypeOf(right.type.oid)?.kind === 'd' ? right : coerceArgument(binder, right, arrayType.oid),
      type: boolType,
    },
    position,
  );
}

/** The fields that stand on the left of IN (subquery) and its like. */
export function fieldsOf(expression: Expression): readonly Expression[] {
  return expression.kind === 'row' ? expression.fields : [expression];
}

export function rowOf(fields: readonly Expression[]): RowConstructor {
  return { kind: 'row', fields, type: typeRef(Oid.record) };
}
