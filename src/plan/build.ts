/**
 * Makers of common expression nodes and small questions about them, so that binder and rules spell them alike.
 */
import { Oid } from '../types/oid.js';
import type { SqlValue } from '../types/value.js';
import type { ColumnRef, Const, Expression, TypeRef } from './expression.js';
import type { OutputColumn } from './logical.js';

const plainTypes = new Map<number, TypeRef>();

/** The type without modifier: one shared object per OID. */
export function typeRef(oid: number, typmod = -1): TypeRef {
  if (typmod >= 0) return { oid, typmod };
  let type = plainTypes.get(oid);
  if (type === undefined) plainTypes.set(oid, (type = { oid, typmod: -1 }));
  return type;
}

export const boolType: TypeRef = typeRef(Oid.bool);

export function constant(value: SqlValue, type: TypeRef): Const {
  return { kind: 'const', value, type };
}

export const trueConst: Const = constant(1, boolType);
export const falseConst: Const = constant(0, boolType);

export function nullConst(type: TypeRef): Const {
  return constant(null, type);
}

export function columnRef(column: OutputColumn): ColumnRef {
  return { kind: 'column', id: column.id, name: column.name, type: column.type };
}

export function isTrue(expression: Expression): boolean {
  return expression.kind === 'const' && expression.type.oid === Oid.bool && expression.value !== null && Number(expression.value) !== 0;
}

/** FALSE or NULL: a filter by it lets no row through. */
export function isNeverTrue(expression: Expression): boolean {
  return expression.kind === 'const' && (expression.value === null || (expression.type.oid === Oid.bool && Number(expression.value) === 0));
}

/** The operands of an AND chain, flat; none for undefined or TRUE. */
export function conjuncts(expression: Expression | undefined): readonly Expression[] {
  if (expression === undefined || isTrue(expression)) return [];
  return expression.kind === 'and' ? expression.args.flatMap(conjuncts) : [expression];
}

export function disjuncts(expression: Expression): readonly Expression[] {
  return expression.kind === 'or' ? expression.args.flatMap(disjuncts) : [expression];
}

/** AND of the parts; undefined for none. */
export function conjunction(parts: readonly Expression[]): Expression | undefined {
  return parts.length < 2 ? parts[0] : { kind: 'and', args: parts, type: boolType };
}

/** OR of the parts, of which there is at least one. */
export function disjunction(parts: readonly Expression[]): Expression {
  return parts.length === 1 ? (parts[0] as Expression) : { kind: 'or', args: parts, type: boolType };
}

export function not(argument: Expression): Expression {
  return { kind: 'not', argument, type: boolType };
}
