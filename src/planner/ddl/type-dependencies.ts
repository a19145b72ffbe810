/**
 * What depends on a type: columns, attributes of composites, domains over it, views. DROP TYPE refuses because of them, or drops them with CASCADE.
 */
import type { Relation, Table, View } from '../../catalog/table.js';
import type { CompositeType, DomainType, RangeType } from '../../catalog/user-type.js';
import { rowArrayTypeOffset, rowTypeOffset } from '../../catalog/user-type.js';
import type { DdlContext } from './ddl.js';
import { qualifiedText } from './type-names.js';

export type TypeDependent =
  /** A table OF the type. */
  | { readonly kind: 'typedTable'; readonly table: Table }
  | { readonly kind: 'column'; readonly table: Table; readonly attribute: number; readonly name: string }
  | { readonly kind: 'attribute'; readonly type: CompositeType; readonly attribute: number; readonly name: string }
  | { readonly kind: 'domain'; readonly type: DomainType }
  | { readonly kind: 'range'; readonly type: RangeType }
  | { readonly kind: 'view'; readonly view: View }
  | { readonly kind: 'default'; readonly table: Table; readonly attribute: number; readonly name: string }
  | { readonly kind: 'check'; readonly table: Table; readonly oid: number; readonly name: string };

/** OIDs of the type and its array type. */
export interface TypeOids {
  readonly oid: number;
  readonly arrayOid: number;
}

export function rowTypeOids(relation: Relation): TypeOids {
  return { oid: relation.oid + rowTypeOffset, arrayOid: relation.oid + rowArrayTypeOffset };
}

/** Direct dependents, in the order in which PostgreSQL names them. `named`: the type's name, for texts that mention it. */
export function dependentsOfType(context: DdlContext, type: TypeOids, named?: { readonly schema: string; readonly name: string }): readonly TypeDependent[] {
  const uses = (oid: number | undefined): boolean => oid === type.oid || oid === type.arrayOid;
  const mentioned = named === undefined ? undefined : qualifiedText(named);
  const mentions = (text: string | undefined): boolean => mentioned !== undefined && text?.includes(mentioned) === true;
  const { data } = context.editor.snapshot;
  const found: TypeDependent[] = [];
  for (const relation of data.relations) {
    if (relation.kind === 'table') {
      if (relation.ofType === type.oid) found.push({ kind: 'typedTable', table: relation });
      for (const column of relation.columns) {
        const { attribute, name } = column;
        if (uses(column.domainOid ?? column.typeOid)) found.push({ kind: 'column', table: relation, attribute, name });
        else if (mentions(column.defaultText)) found.push({ kind: 'default', table: relation, attribute, name });
      }
      for (const check of relation.checks) if (mentions(check.expressionText)) found.push({ kind: 'check', table: relation, oid: check.oid, name: check.name });
    } else if (relation.kind === 'view' && (relation.columns.some((column) => uses(column.typeOid)) || mentions(relation.queryText)))
      found.push({ kind: 'view', view: relation });
  }
  for (const other of data.types ?? []) {
    if (other.kind === 'domain' && uses(other.baseOid)) found.push({ kind: 'domain', type: other });
    if (other.kind === 'range' && uses(other.subtypeOid)) found.push({ kind: 'range', type: other });
    if (other.kind !== 'composite') continue;
    for (const { attribute, name, typeOid } of other.attributes) if (uses(typeOid)) found.push({ kind: 'attribute', type: other, attribute, name });
  }
  return found.sort((a, b) => Number(usesArray(b, type)) - Number(usesArray(a, type)) || oidOf(a) - oidOf(b) || attributeOf(b) - attributeOf(a));
}

/** Whether it is the array type that something depends on; such dependents are named first. */
export function usesArray(dependent: TypeDependent, type: TypeOids): boolean {
  switch (dependent.kind) {
    case 'column':
      return dependent.table.columns.some((column) => column.attribute === dependent.attribute && column.typeOid === type.arrayOid);
    case 'attribute':
      return dependent.type.attributes.some((attribute) => attribute.attribute === dependent.attribute && attribute.typeOid === type.arrayOid);
    case 'domain':
      return dependent.type.baseOid === type.arrayOid;
    case 'range':
      return dependent.type.subtypeOid === type.arrayOid;
    default:
      return false;
  }
}

function oidOf(dependent: TypeDependent): number {
  switch (dependent.kind) {
    case 'attribute':
      return dependent.type.classOid;
    case 'domain':
    case 'range':
      return dependent.type.oid;
    case 'view':
      return dependent.view.oid;
    default:
      return dependent.table.oid;
  }
}

function attributeOf(dependent: TypeDependent): number {
  return 'attribute' in dependent ? dependent.attribute : 0;
}

/** Columns of tables whose values contain one of the type, also within arrays, domains and composites. */
export function columnsContaining(context: DdlContext, type: TypeOids): readonly Extract<TypeDependent, { kind: 'column' }>[] {
  const result: Extract<TypeDependent, { kind: 'column' }>[] = [];
  const seen = new Set<number>();
  const visit = (oids: TypeOids): void => {
    if (seen.has(oids.oid)) return;
    seen.add(oids.oid);
    for (const dependent of dependentsOfType(context, oids)) {
      if (dependent.kind === 'column') {
        result.push(dependent);
        visit(rowTypeOids(dependent.table));
      } else if (dependent.kind === 'attribute' || dependent.kind === 'domain' || dependent.kind === 'range') visit(dependent.type);
    }
  };
  visit(type);
  return result;
}
