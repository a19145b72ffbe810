/** Tables of a composite type: CREATE TABLE ... OF, ALTER TABLE ... OF and NOT OF, and what the type's own changes do to them. */
import type { Table } from '../../catalog/table.js';
import type { CompositeType } from '../../catalog/user-type.js';
import { PgError } from '../../common/errors.js';
import { columnType, declaredOid, typeRef } from '../../plan/build.js';
import type { TypeRef } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import type { DdlContext } from './ddl.js';
import { formatType } from '../../types/registry.js';
import { findNamed } from './type-names.js';

/** The type of OF; 42809 for what is not a type of CREATE TYPE ... AS (...). */
export function typeOfTable(context: DdlContext, name: ast.TypeName): CompositeType {
  const ref = context.binder(context.editor.snapshot).typeName(name);
  const type = findNamed(context, name.names)?.named.type;
  if (type?.kind !== 'composite' || name.arrayBounds.length > 0) throw new PgError('42809', `type ${formatType(declaredOid(ref), -1)} is not a composite type`);
  return type;
}

/** The columns of the type, each with what the statement says about it. */
export function typedColumns(
  type: CompositeType,
  elements: readonly ast.TableElement[],
): readonly { readonly definition: ast.ColumnDefinition; readonly type: TypeRef }[] {
  const said = new Map<string, ast.ColumnDefinition>();
  for (const element of elements) {
    if (element.kind !== 'column') continue;
    if (!type.attributes.some((attribute) => attribute.name === element.name)) throw new PgError('42703', `column "${element.name}" does not exist`);
    if (said.has(element.name)) throw new PgError('42701', `column "${element.name}" specified more than once`);
    said.set(element.name, element);
  }
  return type.attributes.map(({ name, typeOid, typmod }) => ({
    definition: said.get(name) ?? { kind: 'column', name, constraints: [] },
    type: typeRef(typeOid, typmod),
  }));
}

function tablesOfType(context: DdlContext, type: CompositeType): readonly Table[] {
  return context.editor.snapshot.data.relations.filter((relation): relation is Table => relation.kind === 'table' && relation.ofType === type.oid);
}

/** What a change of the type's attributes needs CASCADE for. */
export function requireCascade(context: DdlContext, type: CompositeType, cascade: boolean): readonly Table[] {
  const tables = tablesOfType(context, type);
  if (tables.length > 0 && !cascade)
    throw new PgError('2BP01', `cannot alter type "${type.name}" because it is the type of a typed table`, {
      hint: 'Use ALTER ... CASCADE to alter the typed tables too.',
    });
  return tables;
}

/** A typed table's columns are its type's. */
export function refuseTypedAlter(table: Table, action: ast.AlterTableAction): void {
  if (table.ofType === undefined) return;
  if (action.kind === 'addColumn') throw new PgError('42809', 'cannot add column to typed table');
  if (action.kind === 'dropColumn') throw new PgError('42809', 'cannot drop column from typed table');
  if (action.kind === 'alterColumnType') throw new PgError('42809', 'cannot alter column type of typed table').at(action.position);
}

/** ALTER TABLE ... OF: the columns must be those of the type, in order. */
export function withType(context: DdlContext, table: Table, type: CompositeType): Table {
  for (const [i, attribute] of type.attributes.entries()) {
    const column = table.columns[i];
    if (column === undefined) throw new PgError('42804', `table is missing column "${attribute.name}"`);
    if (column.name !== attribute.name) throw new PgError('42804', `table has column "${column.name}" where type requires "${attribute.name}"`);
    const [own, wanted] = [columnType(column), typeRef(attribute.typeOid, attribute.typmod)];
    if (declaredOid(own) !== declaredOid(wanted) || own.typmod !== wanted.typmod)
      throw new PgError('42804', `table "${table.name}" has different type for column "${attribute.name}"`);
  }
  const extra = table.columns[type.attributes.length];
  if (extra !== undefined) throw new PgError('42804', `table has extra column "${extra.name}"`);
  return { ...table, ofType: type.oid };
}

export function withoutType(table: Table): Table {
  if (table.ofType === undefined) throw new PgError('42809', `"${table.name}" is not a typed table`);
  const { ofType: _, ...rest } = table;
  return rest;
}
