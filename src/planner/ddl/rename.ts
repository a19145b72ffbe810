/**
 * ALTER ... RENAME, SET SCHEMA, OWNER TO, and COMMENT ON. Names in SQLite files are fixed when objects are made, so all of this is metadata only.
 */
import { planRenameStatistics, planStatisticsOwner, planStatisticsSchema } from './statistics.js';
import { changePart } from './partition-parts.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { planRenameAttribute, planRenameType, planTypeOwner, planTypeSchema } from './alter-type.js';
import { planCollationOwner, planCollationSchema, planRenameCollation } from './collation.js';
import { planEventTriggerOwner, planRenameEventTrigger } from './event-trigger.js';
import { constraintNames, systemColumns } from './constraints.js';
import {
  ActionList,
  type DdlAction,
  type DdlContext,
  duplicateRelation,
  findRelation,
  qualified,
  requireIndex,
  requireTable,
  toQualifiedName,
  undefinedRelation,
} from './ddl.js';
import { renameDomainConstraint } from './domain-type.js';
import { children, parentsReached, reached, renamedColumns } from './inheritance.js';
import { planExtensionSchema } from './extension.js';
import { planFunctionOwner, planFunctionSchema, planRenameFunction } from './function.js';
import { renameAndFollow } from './follow-names.js';
import { renameColumn } from './rename-column.js';
import { changeRelationOwner, changeSchemaOwner } from './owner.js';
import { planRenameRule } from './rule.js';
import { planRenameTrigger } from './trigger.js';
import { planRenamePolicy } from './policy.js';
import { renameInDefaults } from './sequence-defaults.js';

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

export function planRename(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const target = toQualifiedName(statement.target.name);
  switch (statement.object) {
    case 'trigger':
      return planRenameTrigger(statement, context);
    case 'table':
    case 'view':
    case 'materializedView':
    case 'sequence':
    case 'index': {
      const relation = findRelation(context, target);
      if (relation === undefined) {
        if (statement.object === 'index' || statement.object === 'table') {
          const index = renameIndex(statement, target, context);
          if (index !== undefined) return index;
        }
        if (!statement.ifExists) throw undefinedRelation(target);
        context.notice({ severity: 'NOTICE', code: '42P01', message: `relation "${qualified(target)}" does not exist, skipping` });
        return [];
      }
      const kinds = {
        view: ['view', 'a view'],
        sequence: ['sequence', 'a sequence'],
        index: ['index', 'an index'],
        materializedView: ['table', 'a materialized view'],
        table: [relation.kind, ''],
      };
      const [kind, what] = kinds[statement.object];
      if (relation.kind !== kind || (statement.object === 'materializedView' && relation.kind === 'table' && relation.materialized === undefined))
        throw new PgError('42809', `"${relation.name}" is not ${what ?? ''}`);
      if (editor.nameTaken(relation.schema, statement.to)) throw duplicateRelation(statement.to);
      if (relation.kind === 'sequence') renameInDefaults(context, relation, { schema: relation.schema, name: statement.to });
      renameAndFollow(context, relation.name, () => {
        editor.put({ ...(editor.snapshot.relationByOid(relation.oid) ?? relation), name: statement.to });
      });
      return finish(context);
    }
    case 'column': {
      const found = findRelation(context, target);
      const relation = found?.kind === 'view' ? found : requireTable(context, target);
      const from = statement.from ?? '';
      if (relation.kind === 'table') {
        if (systemColumns.has(from)) throw new PgError('0A000', `cannot rename system column "${from}"`);
        if (systemColumns.has(statement.to)) throw new PgError('42701', `column name "${statement.to}" conflicts with a system column name`);
      }
      if (!relation.columns.some((column) => column.name === from)) throw new PgError('42703', `column "${from}" does not exist`);
      const tables = relation.kind === 'table' ? renamedColumns(context, relation, from, statement.to, statement.only) : [];
      if (relation.columns.some((other) => other.name === statement.to))
        throw new PgError('42701', `column "${statement.to}" of relation "${relation.name}" already exists`);
      if (relation.kind === 'table' && relation.ofType !== undefined) throw new PgError('42809', 'cannot rename column of typed table');
      renameColumn(context, relation, from, statement.to, tables);
      return finish(context);
    }
    case 'tableConstraint': {
      const table = requireTable(context, target);
      const from = statement.from ?? '';
      const names = constraintNames(table);
      if (!names.includes(from)) throw new PgError('42704', `constraint "${from}" for table "${table.name}" does not exist`);
      if (names.includes(statement.to)) throw new PgError('42710', `constraint "${statement.to}" for relation "${table.name}" already exists`);
      const rename = <T extends { readonly name: string }>(items: readonly T[]): readonly T[] =>
        items.map((item) => (item.name === from ? { ...item, name: statement.to } : item));
      const check = table.checks.find((one) => one.name === from);
      if (check !== undefined && check.noInherit !== true && statement.only && children(context, table).length > 0)
        throw new PgError('42P16', `inherited constraint "${from}" must be renamed in child tables too`);
      if ((check?.inheritCount ?? 0) > 0) throw new PgError('42P16', `cannot rename inherited constraint "${from}"`);
      editor.put({ ...table, checks: rename(table.checks), foreignKeys: rename(table.foreignKeys), indexes: rename(table.indexes) });
      if (check !== undefined && check.noInherit !== true) {
        for (const one of reached(context, table, { recurse: true })) {
          const own = one.checks.find((candidate) => candidate.name === from);
          if (own === undefined) continue;
          if ((own.inheritCount ?? 0) > parentsReached(context, table, one)) throw new PgError('42P16', `cannot rename inherited constraint "${from}"`);
          editor.put({ ...one, checks: rename(one.checks) });
        }
      }
      return finish(context);
    }
    case 'schema': {
      const from = statement.from ?? statement.target.name[0] ?? '';
      const schema = editor.snapshot.data.schemas.find((candidate) => candidate.name === from);
      if (schema === undefined) throw new PgError('3F000', `schema "${from}" does not exist`);
      if (editor.snapshot.schemaExists(statement.to)) throw new PgError('42P06', `schema "${statement.to}" already exists`);
      renameAndFollow(context, from, () => {
        editor.putSchema({ ...schema, name: statement.to });
        for (const relation of editor.snapshot.data.relations) if (relation.schema === from) editor.put({ ...relation, schema: statement.to });
      });
      return finish(context);
    }
    case 'eventTrigger':
      return planRenameEventTrigger(statement, context);
    case 'statistics':
      return planRenameStatistics(statement, context);
    case 'collation':
      return planRenameCollation(statement, context);
    case 'rule':
      return planRenameRule(statement, context);
    case 'policy':
      return planRenamePolicy(statement, context);
    case 'type':
    case 'domain':
      return planRenameType(statement, context);
    case 'attribute':
      return planRenameAttribute(statement, context);
    case 'domainConstraint':
      return renameDomainConstraint(statement, context);
    case 'function':
    case 'procedure':
    case 'aggregate':
    case 'routine':
      return planRenameFunction(statement, context);
    default:
      throw notSupported(`ALTER ${statement.object.toUpperCase()} ... RENAME`);
  }
}

function renameIndex(statement: ast.Rename, target: ast.QualifiedName, context: DdlContext): readonly DdlAction[] | undefined {
  const renamed = changePart(context, target, (part) => {
    if (context.editor.nameTaken(target.schema ?? 'public', statement.to)) throw duplicateRelation(statement.to);
    return { ...part, name: statement.to };
  });
  if (renamed) return finish(context);
  let found: ReturnType<typeof requireIndex>;
  try {
    found = requireIndex(context, target);
  } catch (error) {
    if (error instanceof PgError && error.code === '42P01') return undefined;
    throw error;
  }
  const { table, index } = found;
  if (context.editor.nameTaken(table.schema, statement.to)) throw duplicateRelation(statement.to);
  context.editor.put({ ...table, indexes: table.indexes.map((other) => (other.oid === index.oid ? { ...other, name: statement.to } : other)) });
  return finish(context);
}

function isFunction(object: ast.ObjectType): boolean {
  return object === 'function' || object === 'procedure' || object === 'aggregate' || object === 'routine';
}

export function planAlterObjectSchema(statement: ast.AlterObjectSchema, context: DdlContext): readonly DdlAction[] {
  if (statement.object === 'type' || statement.object === 'domain') return planTypeSchema(statement, context);
  if (isFunction(statement.object)) return planFunctionSchema(statement, context);
  if (statement.object === 'extension') return planExtensionSchema(statement, context);
  if (statement.object === 'statistics') return planStatisticsSchema(statement, context);
  if (statement.object === 'collation') return planCollationSchema(statement, context);
  const target = toQualifiedName(statement.target.name);
  const relation = findRelation(context, target);
  if (relation === undefined) {
    if (!statement.ifExists) throw undefinedRelation(target);
    context.notice({ severity: 'NOTICE', code: '42P01', message: `relation "${qualified(target)}" does not exist, skipping` });
    return [];
  }
  if (!context.editor.snapshot.schemaExists(statement.schema)) throw new PgError('3F000', `schema "${statement.schema}" does not exist`);
  if (context.editor.nameTaken(statement.schema, relation.name))
    throw new PgError('42P07', `relation "${relation.name}" already exists in schema "${statement.schema}"`);
  if (relation.kind === 'sequence') renameInDefaults(context, relation, { schema: statement.schema, name: relation.name });
  renameAndFollow(context, relation.name, () => {
    context.editor.put({ ...relation, schema: statement.schema });
  });
  return finish(context);
}

export function planAlterOwner(statement: ast.AlterOwner, context: DdlContext): readonly DdlAction[] {
  if (statement.object === 'type' || statement.object === 'domain') return planTypeOwner(statement, context);
  if (isFunction(statement.object)) return planFunctionOwner(statement, context);
  if (statement.object === 'statistics') return planStatisticsOwner(statement, context);
  if (statement.object === 'collation') return planCollationOwner(statement, context);
  if (statement.object === 'eventTrigger') return planEventTriggerOwner(statement, context);
  const relation = findRelation(context, toQualifiedName(statement.target.name));
  if (statement.object === 'schema') {
    const schema = context.editor.snapshot.data.schemas.find((candidate) => candidate.name === statement.target.name[0]);
    if (schema === undefined) throw new PgError('3F000', `schema "${statement.target.name[0] ?? ''}" does not exist`);
    changeSchemaOwner(context, schema, statement.owner);
    return finish(context);
  }
  if (relation === undefined) throw undefinedRelation(toQualifiedName(statement.target.name));
  changeRelationOwner(context, relation, statement.owner);
  return finish(context);
}
