/**
 * Who may run a data-definition statement: asked of each before it is planned, so that planning need not know of it. What does not exist is left to planning, which says so.
 * The right to make something in a schema is asked where the schema is chosen (ddl.ts), that of giving something away where owners change (owner.ts).
 * Source: RangeVarCallbackForAlterRelation and its kin of PostgreSQL 15's tablecmds.c; aclchk.c.
 */
import { privilegeBits } from '../../catalog/acl.js';
import {
  deniedText,
  privilegesOn,
  privilegesOnColumn,
  type Securable,
  securableDatabase,
  securableFunction,
  securableRelation,
  securableType,
} from '../../catalog/privileges.js';
import { ownerOid } from '../../catalog/privileges.js';
import { systemRelationNamed } from '../../catalog/pg-catalog/system-relations.js';
import type { Relation } from '../../catalog/table.js';
import { findIndex } from '../../catalog/edit.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { type DdlContext, findRelation, toQualifiedName } from './ddl.js';
import { findFunctionNamed } from './function.js';
import { triggerFunction } from './trigger.js';
import {
  currentRole,
  denied,
  relationNoun,
  requireCreateInSchema,
  requireOwner,
  requireOwnerOrSchemaOwner,
  requireRelationOwner,
  requireSchemaUsage,
  roleOf,
} from './owner.js';
import type { DdlStatement } from './plan-ddl.js';
import { findNamed } from './type-names.js';

/** The relation, when there is one: a role that may not look into its schema is told so. */
function relationOf(context: DdlContext, name: ast.QualifiedName): Relation | undefined {
  if (name.schema !== undefined && context.editor.snapshot.schemaExists(name.schema)) requireSchemaUsage(context, name.schema);
  return findRelation(context, name);
}

function isSystem(context: DdlContext, name: ast.QualifiedName): boolean {
  const found = name.schema === undefined ? systemRelationNamed('pg_catalog', name.name) : (systemRelationNamed(name.schema, name.name) ?? undefined);
  return found !== undefined && (name.schema !== undefined || findRelation(context, name) === undefined);
}

/** The relation or index that a statement alters. */
function requireAltered(context: DdlContext, name: ast.QualifiedName): void {
  const relation = relationOf(context, name);
  if (relation !== undefined) {
    requireRelationOwner(context, relation);
    return;
  }
  if (isSystem(context, name)) throw denied(`permission denied: "${name.name}" is a system catalog`);
  const index = findIndex(context.editor.snapshot, name.schema === undefined ? context.searchPath : [name.schema], name.name);
  if (index !== undefined) requireOwner(context, index.table.owner, 'index', index.index.name);
}

function requireType(context: DdlContext, parts: readonly string[], orSchema = false): void {
  const type = findNamed(context, parts)?.named.type;
  if (type === undefined) return;
  if (orSchema) requireOwnerOrSchemaOwner(context, type, 'type', type.name);
  else requireOwner(context, type.owner, 'type', type.name);
}

function requireFunctionOwner(context: DdlContext, object: ast.ObjectType, target: ast.ObjectReference, orSchema = false): void {
  const found = quietly(() => findFunctionNamed(context, object, target));
  if (found === undefined) return;
  if (orSchema) requireOwnerOrSchemaOwner(context, found, found.kind, found.name);
  else requireOwner(context, found.owner, found.kind, found.name);
}

/** Errors of looking up are planning's to tell. */
function quietly<T>(find: () => T): T | undefined {
  try {
    return find();
  } catch (error) {
    if (error instanceof PgError && error.code !== '42501') return undefined;
    throw error;
  }
}

function requireSchema(context: DdlContext, name: string): void {
  const schema = context.editor.snapshot.data.schemas.find((one) => one.name === name);
  if (schema !== undefined) requireOwner(context, schema.owner, 'schema', name);
}

function requirePrivilege(context: DdlContext, one: Securable, privilege: number, columns: readonly number[] = []): void {
  const { snapshot } = context.editor;
  const { oid } = currentRole(context);
  if (privilegesOn(snapshot, oid, one, privilege) !== 0) return;
  if (columns.length > 0 && columns.every((attribute) => privilegesOnColumn(snapshot, oid, one, attribute, privilege) !== 0)) return;
  throw denied(deniedText(one));
}

function requireOnDatabase(context: DdlContext, privilege: number): void {
  requirePrivilege(context, securableDatabase(context.editor.snapshot), privilege);
}

/** The types that are named: USAGE, where not everybody has it. */
function requireTypes(context: DdlContext, types: readonly (ast.TypeName | undefined)[]): void {
  for (const type of types) {
    if (type === undefined || type.percentType) continue;
    const named = findNamed(context, type.names)?.named;
    const own = named?.type;
    if (own === undefined || context.editor.snapshot.aclOf('type', own.oid) === undefined) continue;
    const one = securableType(own.oid, own.name, ownerOid(context.editor.snapshot, own.owner));
    requirePrivilege(context, one, privilegeBits.usage);
  }
}

function requireReferences(context: DdlContext, constraint: ast.TableConstraint | ast.ColumnConstraint): void {
  if (constraint.kind !== 'foreignKey') return;
  const target = relationOf(context, constraint.table);
  if (target?.kind !== 'table') return;
  const one = securableRelation(context.editor.snapshot, target.oid);
  const names = constraint.referencedColumns;
  const primary = target.indexes.find((index) => index.primary)?.keys.map((key) => key.attribute) ?? [];
  const columns = names.length === 0 ? primary : target.columns.filter((column) => names.includes(column.name)).map((column) => column.attribute);
  if (one !== undefined) requirePrivilege(context, one, privilegeBits.references, columns);
}

function requireColumn(context: DdlContext, column: ast.ColumnDefinition): void {
  requireTypes(context, [column.type]);
  for (const constraint of column.constraints) requireReferences(context, constraint);
}

function requireForTable(context: DdlContext, statement: ast.CreateTable): void {
  if (statement.persistence === 'temporary') requireOnDatabase(context, privilegeBits.temporary);
  for (const parent of statement.inherits) requireAltered(context, parent);
  if (statement.partitionOf !== undefined) requireAltered(context, statement.partitionOf.parent);
  for (const element of statement.elements) {
    if (element.kind === 'column') requireColumn(context, element);
    else if (element.kind === 'constraint') requireReferences(context, element.constraint);
    else {
      const source = relationOf(context, element.table);
      const one = source === undefined ? undefined : securableRelation(context.editor.snapshot, source.oid);
      if (one !== undefined) requirePrivilege(context, one, privilegeBits.select);
    }
  }
}

function requireForAlterTable(context: DdlContext, statement: ast.AlterTable): void {
  if (statement.object === 'type')
    requireType(context, statement.name.schema === undefined ? [statement.name.name] : [statement.name.schema, statement.name.name]);
  else requireAltered(context, statement.name);
  for (const action of statement.actions) {
    if (action.kind === 'addColumn') requireColumn(context, action.column);
    else if (action.kind === 'addConstraint') requireReferences(context, action.constraint);
    else if (action.kind === 'alterColumnType') requireTypes(context, [action.type]);
    else if (action.kind === 'attachPartition') requireAltered(context, action.partition);
    else if (action.kind === 'inherit' || action.kind === 'noInherit') requireAltered(context, action.parent);
  }
}

function requireForDrop(context: DdlContext, statement: ast.Drop): void {
  for (const object of statement.objects) {
    switch (statement.object) {
      case 'table':
      case 'view':
      case 'sequence':
      case 'materializedView': {
        const name = toQualifiedName(object.name);
        const relation = relationOf(context, name);
        if (relation !== undefined) requireOwnerOrSchemaOwner(context, relation, relationNoun(relation), relation.name);
        else if (isSystem(context, name)) throw denied(`permission denied: "${name.name}" is a system catalog`);
        break;
      }
      case 'index': {
        const name = toQualifiedName(object.name);
        const found = findIndex(context.editor.snapshot, name.schema === undefined ? context.searchPath : [name.schema], name.name);
        if (found !== undefined) requireOwnerOrSchemaOwner(context, found.table, 'index', found.index.name);
        break;
      }
      case 'schema':
        requireSchema(context, object.name[0] ?? '');
        break;
      case 'type':
      case 'domain':
        requireType(context, object.types?.[0]?.names ?? object.name, true);
        break;
      case 'function':
      case 'procedure':
      case 'routine':
      case 'aggregate':
        requireFunctionOwner(context, statement.object, object, true);
        break;
      case 'trigger':
      case 'rule':
      case 'policy': {
        const relation = relationOf(context, toQualifiedName(object.name.slice(0, -1)));
        if (relation !== undefined) requireOwner(context, relation.owner, 'relation', relation.name);
        break;
      }
      default:
        break;
    }
  }
}

/** The object of ALTER ... RENAME, SET SCHEMA and COMMENT. */
function requireObject(context: DdlContext, object: ast.ObjectType, target: ast.ObjectReference, from?: string): void {
  switch (object) {
    case 'table':
    case 'view':
    case 'sequence':
    case 'materializedView':
    case 'index':
      requireAltered(context, toQualifiedName(target.name));
      break;
    case 'schema':
      requireSchema(context, from ?? target.name[0] ?? '');
      break;
    case 'type':
    case 'domain':
    case 'attribute':
    case 'domainConstraint':
      requireType(context, target.types?.[0]?.names ?? target.name);
      break;
    case 'function':
    case 'procedure':
    case 'routine':
    case 'aggregate':
      requireFunctionOwner(context, object, target);
      break;
    case 'database': {
      const entry = context.editor.snapshot.databaseNamed(target.name[0] ?? '');
      if (entry !== undefined) requireOwner(context, entry.owner, 'database', entry.name);
      break;
    }
    default:
      break;
  }
}

function requireForComment(context: DdlContext, statement: ast.Comment): void {
  const { object, target } = statement;
  switch (object) {
    case 'column':
    case 'tableConstraint':
    case 'trigger':
    case 'rule':
    case 'policy': {
      const name = toQualifiedName(target.name.slice(0, -1));
      const relation = relationOf(context, name);
      if (relation !== undefined) requireRelationOwner(context, relation);
      else if (object === 'column') requireType(context, target.name.slice(0, -1));
      break;
    }
    case 'role': {
      const role = context.editor.snapshot.role(target.name[0] ?? '');
      const me = currentRole(context);
      if (role === undefined) break;
      if (role.superuser && !me.superuser) throw denied('must be superuser');
      if (me.createRole !== true) throw denied('must have CREATEROLE privilege');
      break;
    }
    default:
      requireObject(context, object, target);
  }
}

function requireForRename(context: DdlContext, statement: ast.Rename): void {
  const { object, target } = statement;
  if (object === 'role') return;
  if (object === 'column' || object === 'tableConstraint' || object === 'trigger' || object === 'rule' || object === 'policy')
    requireAltered(context, toQualifiedName(target.name));
  else requireObject(context, object, target, statement.from);
  if (object === 'schema') requireOnDatabase(context, privilegeBits.create);
  const relation = object === 'table' || object === 'view' || object === 'sequence' || object === 'materializedView' || object === 'index';
  const found = relation ? findRelation(context, toQualifiedName(target.name)) : undefined;
  if (found !== undefined) requireCreateInSchema(context, found.schema);
}

function requireForSchema(context: DdlContext, statement: ast.CreateSchema): void {
  requireOnDatabase(context, privilegeBits.create);
  if (statement.authorization === undefined) return;
  const owner = roleOf(context, statement.authorization);
  if (!context.editor.snapshot.roles.isMemberOf(currentRole(context).oid, owner.oid)) throw denied(`must be member of role "${owner.name}"`);
}

function requireForTruncate(context: DdlContext, statement: ast.Truncate): void {
  for (const { name } of statement.tables) {
    const relation = relationOf(context, name);
    if (relation === undefined) {
      if (isSystem(context, name)) throw denied(`permission denied: "${name.name}" is a system catalog`);
      continue;
    }
    if (relation.kind !== 'table' && relation.kind !== 'partition') continue;
    const one = securableRelation(context.editor.snapshot, relation.oid);
    if (one !== undefined) requirePrivilege(context, one, privilegeBits.truncate);
  }
  if (!statement.cascade) return;
  const named = new Set(statement.tables.flatMap(({ name }) => findRelation(context, name)?.oid ?? []));
  for (const other of context.editor.snapshot.data.relations) {
    if (other.kind !== 'table' || named.has(other.oid) || !other.foreignKeys.some((key) => named.has(key.targetOid))) continue;
    const one = securableRelation(context.editor.snapshot, other.oid);
    if (one !== undefined) requirePrivilege(context, one, privilegeBits.truncate);
  }
}

/** TRIGGER on the relation, EXECUTE on the function. */
function requireForTrigger(context: DdlContext, statement: ast.CreateTrigger): void {
  const relation = relationOf(context, statement.table);
  if (relation === undefined) {
    if (isSystem(context, statement.table)) throw denied(`permission denied: "${statement.table.name}" is a system catalog`);
    return;
  }
  const one = securableRelation(context.editor.snapshot, relation.oid);
  if (one !== undefined) requirePrivilege(context, one, privilegeBits.trigger);
  const called = quietly(() => triggerFunction(statement, context));
  if (called !== undefined) requirePrivilege(context, securableFunction(called, ownerOid(context.editor.snapshot, called.owner)), privilegeBits.execute);
}

/** 42501 unless the current role may run the statement. */
export function requireRights(statement: DdlStatement, context: DdlContext): void {
  if (context.isInternal === true || currentRole(context).superuser) return;
  switch (statement.kind) {
    case 'createTable':
      requireForTable(context, statement);
      break;
    case 'createTableAs':
      if (statement.persistence === 'temporary') requireOnDatabase(context, privilegeBits.temporary);
      break;
    case 'alterTable':
      requireForAlterTable(context, statement);
      break;
    case 'createIndex': {
      const relation = relationOf(context, statement.table);
      if (relation === undefined) break;
      requireRelationOwner(context, relation);
      requireCreateInSchema(context, relation.schema);
      break;
    }
    case 'createView': {
      const old = statement.replace ? findRelation(context, statement.name) : undefined;
      if (old?.kind === 'view') requireRelationOwner(context, old);
      break;
    }
    case 'createPolicy':
    case 'alterPolicy':
      requireAltered(context, statement.table);
      break;
    case 'refreshMaterializedView':
    case 'alterSequence':
      requireAltered(context, statement.name);
      break;
    case 'createSchema':
      requireForSchema(context, statement);
      break;
    case 'alterEnum':
    case 'alterDomain':
      requireType(context, statement.name);
      break;
    case 'createDomain':
      requireTypes(context, [statement.type]);
      break;
    case 'createCompositeType':
      for (const column of statement.attributes) requireColumn(context, column);
      break;
    case 'createAggregate':
      requireTypes(
        context,
        (statement.parameters ?? []).map((parameter) => parameter.type),
      );
      break;
    case 'alterFunction':
      requireFunctionOwner(context, statement.object, statement.target);
      break;
    case 'createRule':
      requireAltered(context, statement.table);
      break;
    case 'createTrigger':
      requireForTrigger(context, statement);
      break;
    case 'createFunction':
      requireTypes(context, [statement.returns, ...statement.parameters.map((parameter) => parameter.type)]);
      break;
    case 'drop':
      requireForDrop(context, statement);
      break;
    case 'rename':
      requireForRename(context, statement);
      break;
    case 'alterSchema':
      requireObject(context, statement.object, statement.target);
      if (context.editor.snapshot.schemaExists(statement.schema)) requireCreateInSchema(context, statement.schema);
      break;
    case 'comment':
      requireForComment(context, statement);
      break;
    case 'truncate':
      requireForTruncate(context, statement);
      break;
    default:
      break;
  }
}
