/**
 * Makers of common expression nodes and small questions about them, so that binder and rules spell them alike.
 */
import { Oid } from '../types/oid.js';
import { typeByOid } from '../types/registry.js';
import { firstUserOid } from '../types/user-types.js';
import type { SqlValue } from '../types/value.js';
import type { ColumnRef, Const, Expression, TypeRef } from './expression.js';
import type { OutputColumn } from './logical.js';

const plainTypes = new Map<number, TypeRef>();

/** The type without modifier: one shared object per OID. A domain is shown by what it is over. */
export function typeRef(oid: number, typmod = -1): TypeRef {
  if (oid >= firstUserOid) return userTypeRef(oid, typmod);
  if (typmod >= 0) return { oid, typmod };
  let type = plainTypes.get(oid);
  if (type === undefined) plainTypes.set(oid, (type = { oid, typmod: -1 }));
  return type;
}

function userTypeRef(oid: number, typmod: number): TypeRef {
  const definition = typeByOid(oid)?.definition;
  if (definition?.kind !== 'domain') return { oid, typmod };
  const { baseOid, baseTypmod } = definition;
  return { ...typeRef(baseOid, baseTypmod), domain: oid };
}

/** The OID that pg_typeof and the catalog show: the domain's where there is one. */
export function declaredOid(type: TypeRef): number {
  return type.domain ?? type.oid;
}

/** The type of a table's column. */
export function columnType(column: { readonly typeOid: number; readonly typmod: number; readonly domainOid?: number }): TypeRef {
  return column.domainOid === undefined ? typeRef(column.typeOid, column.typmod) : { oid: column.typeOid, typmod: column.typmod, domain: column.domainOid };
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
