/** Sort keys: direction, place of nulls, and that the type can be ordered. Source: addTargetToSortList of PostgreSQL 15's parse_clause.c. */
import type { Expression, SortKey } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import { elementTypeOf, formatType, Oid, typeByOid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { findOperator } from './resolve.js';

/** Geometric types have operators of these names, but no operator class: their = and < compare sizes, and not exactly. */
function isGeometric(oid: number): boolean {
  return (elementTypeOf(oid) ?? typeByOid(oid))?.category === 'G';
}

/** 42883 for types without an ordering (json, point). */
function requireOrdering(binder: Binder, expression: Expression, position: number | undefined): void {
  const { oid } = expression.type;
  if (oid === Oid.record || oid === Oid.unknown || (findOperator('<', oid, oid) !== undefined && !isGeometric(oid))) return;
  throw binder.error('42883', `could not identify an ordering operator for type ${formatType(oid)}`, position, {
    hint: 'Use an explicit ordering operator or modify the query.',
  });
}

/** 42883 for types without equality. */
export function requireEquality(binder: Binder, expression: Expression): void {
  const { oid } = expression.type;
  if (oid === Oid.record || oid === Oid.unknown || (findOperator('=', oid, oid)?.result === Oid.bool && !isGeometric(oid))) return;
  throw binder.error('42883', `could not identify an equality operator for type ${formatType(oid)}`, binder.positionOf(expression));
}

/** The key over an expression that is already bound. */
export function bindSortKey(binder: Binder, item: ast.SortItem, expression: Expression): SortKey {
  let descending = item.direction === 'desc';
  if (item.direction === 'using') {
    if (item.operator !== '<' && item.operator !== '>') {
      const { oid } = expression.type;
      if (findOperator(item.operator ?? '', oid, oid) === undefined) {
        const type = formatType(oid);
        throw binder.error('42883', `operator does not exist: ${type} ${item.operator ?? ''} ${type}`, item.position, {
          hint: 'No operator matches the given name and argument types. You might need to add explicit type casts.',
        });
      }
      throw binder.error('42809', `operator ${item.operator ?? ''} is not a valid ordering operator`, item.position, {
        hint: 'Ordering operators must be "<" or ">" members of btree operator families.',
      });
    }
    descending = item.operator === '>';
  }
  requireOrdering(binder, expression, item.position ?? item.expression.position ?? binder.positionOf(expression));
  return { expression, descending, nullsFirst: item.nulls === 'default' ? descending : item.nulls === 'first' };
}
