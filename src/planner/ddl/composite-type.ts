/**
 * CREATE TYPE ... AS (...) and ALTER TYPE ... ADD / DROP / ALTER ATTRIBUTE. Stored values are read by attribute numbers, so adding and dropping touches no row.
 */
import type { Attribute, CompositeType } from '../../catalog/user-type.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { formatType, typeByOid } from '../../types/registry.js';
import { declaredOid } from '../../plan/build.js';
import { ActionList, creationSchema, type DdlAction, type DdlContext, duplicateRelation, findRelation, undefinedRelation } from './ddl.js';
import { alterTypedTable } from './alter-table.js';
import { declaredCollation } from './create-table.js';
import { columnsContaining } from './type-dependencies.js';
import { requireCascade } from './typed-table.js';
import { findNamed, freeArrayName, refuseTakenName, requireComposite } from './type-names.js';

function attributeOf(context: DdlContext, definition: ast.ColumnDefinition, attribute: number): Attribute {
  if (definition.type === undefined) throw new Error('assertion failed: an attribute has a type');
  const type = context.binder(context.editor.snapshot).typeName(definition.type);
  const oid = declaredOid(type);
  if (typeByOid(oid)?.kind === 'p') throw new PgError('42P16', `column "${definition.name}" has pseudo-type ${formatType(oid)}`);
  if (definition.collation !== undefined && typeByOid(oid)?.collationOid === 0)
    throw new PgError('42804', `collations are not supported by type ${formatType(oid)}`);
  const collation = declaredCollation(context, definition.collation, oid);
  return { attribute, name: definition.name, ...collation, typeOid: oid, typmod: type.domain === undefined ? type.typmod : -1 };
}

export function planCreateComposite(statement: ast.CreateCompositeType, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const schema = creationSchema(context, statement.name);
  const { name } = statement.name;
  if (editor.nameTaken(schema, name)) throw duplicateRelation(name);
  refuseTakenName(context, schema, name);
  const attributes: Attribute[] = [];
  for (const definition of statement.attributes) {
    if (attributes.some((other) => other.name === definition.name)) throw new PgError('42701', `column "${definition.name}" specified more than once`);
    attributes.push(attributeOf(context, definition, attributes.length + 1));
  }
  const [oid, classOid, arrayOid] = [editor.freshOid(), editor.freshOid(), editor.freshOid()];
  editor.putType({
    kind: 'composite',
    oid,
    classOid,
    arrayOid,
    arrayName: freeArrayName(context, schema, name),
    schema,
    name,
    owner: context.currentUser,
    attributes,
    lastAttribute: attributes.length,
  });
  const list = new ActionList(editor);
  list.flush();
  return list.actions;
}

/** ALTER TYPE of a composite's attributes, which the grammar gives as an ALTER TABLE. */
export function planAlterComposite(statement: ast.AlterTable, context: DdlContext): readonly DdlAction[] {
  const parts = statement.name.schema === undefined ? [statement.name.name] : [statement.name.schema, statement.name.name];
  if (findNamed(context, parts) === undefined) {
    if (!statement.ifExists) throw undefinedRelation(statement.name);
    context.notice({ severity: 'NOTICE', code: '42P01', message: `relation "${statement.name.name}" does not exist, skipping` });
    return [];
  }
  if (findRelation(context, statement.name) !== undefined) throw new PgError('42809', `"${statement.name.name}" is not a composite type`);
  let type: CompositeType = requireComposite(context, parts);
  const list = new ActionList(context.editor);
  for (const action of statement.actions) {
    const tables = requireCascade(context, type, 'cascade' in action && action.cascade);
    type = alter(context, type, action);
    context.editor.putType(type);
    for (const { oid } of tables) {
      const table = context.editor.snapshot.relationByOid(oid);
      const change = inTable(action);
      if (table?.kind === 'table' && change !== undefined) alterTypedTable(change, table, context, list);
    }
  }
  list.flush();
  return list.actions;
}

/** The same change of a table of the type. */
function inTable(action: ast.AlterTableAction): ast.AlterTableAction | undefined {
  switch (action.kind) {
    case 'addAttribute':
      return { kind: 'addColumn', column: action.column, ifNotExists: false };
    case 'dropAttribute':
      return { kind: 'dropColumn', column: action.column, ifExists: true, cascade: action.cascade };
    case 'alterAttributeType':
      return { kind: 'alterColumnType', column: action.column, type: action.type };
    default:
      return undefined;
  }
}

function alter(context: DdlContext, type: CompositeType, action: ast.AlterTableAction): CompositeType {
  switch (action.kind) {
    case 'addAttribute': {
      const { name } = action.column;
      if (type.attributes.some((other) => other.name === name)) throw new PgError('42701', `column "${name}" of relation "${type.name}" already exists`);
      const attribute = type.lastAttribute + 1;
      return { ...type, attributes: [...type.attributes, attributeOf(context, action.column, attribute)], lastAttribute: attribute };
    }
    case 'dropAttribute': {
      if (!type.attributes.some((other) => other.name === action.column)) {
        if (!action.ifExists) throw new PgError('42703', `column "${action.column}" of relation "${type.name}" does not exist`);
        context.notice({ severity: 'NOTICE', code: '42703', message: `column "${action.column}" of relation "${type.name}" does not exist, skipping` });
        return type;
      }
      for (const { table, attribute } of columnsContaining(context, type)) {
        const index = table.indexes.find((one) => one.keys.some((key) => key.attribute === attribute || key.attribute === 0));
        const placed = table.distribution.kind === 'distributed' && table.distribution.columns.includes(attribute);
        if (index !== undefined || placed)
          throw notSupported(
            `dropping an attribute of a type that ${index === undefined ? `table "${table.name}" is distributed by` : `index "${index.name}" holds`}`,
          );
      }
      return { ...type, attributes: type.attributes.filter((other) => other.name !== action.column) };
    }
    case 'alterAttributeType': {
      const old = type.attributes.find((other) => other.name === action.column);
      if (old === undefined) throw new PgError('42703', `column "${action.column}" of relation "${type.name}" does not exist`);
      const [user] = columnsContaining(context, type);
      if (user !== undefined) throw new PgError('0A000', `cannot alter type "${type.name}" because column "${user.table.name}.${user.name}" uses it`);
      const next = attributeOf(context, { kind: 'column', name: old.name, type: action.type, constraints: [] }, old.attribute);
      return { ...type, attributes: type.attributes.map((other) => (other === old ? next : other)) };
    }
    default:
      throw new PgError('42809', `"${type.name}" is not a table`);
  }
}
