/**
 * COMMENT ON: each object keeps its own comment in the catalog, so that it goes with the object. Read by pg_description and pg_shdescription.
 */
import type { Table } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { planTypeComment } from './alter-type.js';
import { commentCollation } from './collation.js';
import { commentEventTrigger } from './event-trigger.js';
import { columnNamed } from './constraints.js';
import { ActionList, type DdlAction, type DdlContext, findRelation, qualified, requireIndex, requireTable, toQualifiedName, undefinedRelation } from './ddl.js';
import { commentExtension } from './extension.js';
import { requireFunction } from './function.js';
import { commentLargeObject } from './large-object.js';
import { changePart } from './partition-parts.js';
import { commentPolicy } from './policy.js';
import { commentStatistics } from './statistics.js';
import { requireDomain } from './type-names.js';

/** The object with the comment, or without any. */
function commented<T extends { readonly comment?: string }>(object: T, comment: string | undefined): T {
  const { comment: _old, ...plain } = object;
  return (comment === undefined || comment === '' ? plain : { ...plain, comment }) as T;
}

const relationKinds: Partial<Record<ast.ObjectType, string>> = { table: 'table', view: 'view', materializedView: 'materialized view', sequence: 'sequence' };

function commentRelation(statement: ast.Comment, context: DdlContext): void {
  const name = toQualifiedName(statement.target.name);
  const relation = findRelation(context, name);
  if (relation === undefined) throw undefinedRelation(name);
  const kind = relation.kind === 'partition' ? 'table' : relation.kind === 'table' && relation.materialized !== undefined ? 'materialized view' : relation.kind;
  const wanted = relationKinds[statement.object] as string;
  if (kind !== wanted) throw new PgError('42809', `"${relation.name}" is not a ${wanted}`);
  context.editor.put(commented(relation, statement.comment));
}

function commentColumn(statement: ast.Comment, context: DdlContext): void {
  const parts = statement.target.name;
  const name = parts[parts.length - 1] ?? '';
  const owner = toQualifiedName(parts.slice(0, -1));
  const { editor } = context;
  const relation = findRelation(context, owner);
  const missing = (): PgError => new PgError('42703', `column "${name}" of relation "${owner.name}" does not exist`);
  switch (relation?.kind) {
    case undefined: {
      const { types } = editor.snapshot;
      const oid = owner.schema === undefined ? types.find(context.searchPath, owner.name) : types.oidOf(owner.schema, owner.name);
      const type = oid === undefined ? undefined : types.definition(oid);
      if (type?.kind !== 'composite') throw undefinedRelation(owner);
      if (!type.attributes.some((attribute) => attribute.name === name)) throw missing();
      editor.putType({ ...type, attributes: type.attributes.map((one) => (one.name === name ? commented(one, statement.comment) : one)) });
      return;
    }
    case 'table':
      columnNamed(relation, name);
      editor.put({ ...relation, columns: relation.columns.map((column) => (column.name === name ? commented(column, statement.comment) : column)) });
      return;
    case 'partition':
      if (!relation.columns.some((column) => column.name === name)) throw missing();
      editor.put({ ...relation, columns: relation.columns.map((column) => (column.name === name ? commented(column, statement.comment) : column)) });
      return;
    case 'view':
      if (!relation.columns.some((column) => column.name === name)) throw missing();
      editor.put({ ...relation, columns: relation.columns.map((column) => (column.name === name ? commented(column, statement.comment) : column)) });
      return;
    case 'sequence':
      throw new PgError('42809', `"${relation.name}" is not a table, view, materialized view, composite type, or foreign table`);
  }
}

function commentConstraint(statement: ast.Comment, context: DdlContext): void {
  const parts = statement.target.name;
  const name = parts[parts.length - 1] ?? '';
  const { comment } = statement;
  const table: Table = requireTable(context, toQualifiedName(parts.slice(0, -1)));
  const isOwn = (one: { readonly name: string }): boolean => one.name === name;
  if (table.checks.some(isOwn)) context.editor.put({ ...table, checks: table.checks.map((one) => (isOwn(one) ? commented(one, comment) : one)) });
  else if (table.foreignKeys.some(isOwn))
    context.editor.put({ ...table, foreignKeys: table.foreignKeys.map((one) => (isOwn(one) ? commented(one, comment) : one)) });
  else if (table.indexes.some((index) => index.constraint && isOwn(index))) {
    const indexes = table.indexes.map((index) => {
      if (!isOwn(index)) return index;
      const { constraintComment: _old, ...plain } = index;
      return comment === undefined || comment === '' ? plain : { ...plain, constraintComment: comment };
    });
    context.editor.put({ ...table, indexes });
  } else throw new PgError('42704', `constraint "${name}" for table "${table.name}" does not exist`);
}

function commentTrigger(statement: ast.Comment, context: DdlContext): void {
  const parts = statement.target.name;
  const name = parts[parts.length - 1] ?? '';
  const table = requireTable(context, toQualifiedName(parts.slice(0, -1)));
  const triggers = table.triggers ?? [];
  if (!triggers.some((trigger) => trigger.name === name)) throw new PgError('42704', `trigger "${name}" for table "${table.name}" does not exist`);
  context.editor.put({ ...table, triggers: triggers.map((trigger) => (trigger.name === name ? commented(trigger, statement.comment) : trigger)) });
}

function commentRule(statement: ast.Comment, context: DdlContext): void {
  const parts = statement.target.name;
  const name = parts[parts.length - 1] ?? '';
  const owner = toQualifiedName(parts.slice(0, -1));
  const relation = findRelation(context, owner);
  if (relation === undefined) throw undefinedRelation(owner);
  const rules = relation.kind === 'table' || relation.kind === 'view' ? (relation.rules ?? []) : [];
  if ((relation.kind !== 'table' && relation.kind !== 'view') || !rules.some((rule) => rule.name === name))
    throw new PgError('42704', `rule "${name}" for relation "${relation.name}" does not exist`);
  context.editor.put({ ...relation, rules: rules.map((rule) => (rule.name === name ? commented(rule, statement.comment) : rule)) });
}

function commentDomainConstraint(statement: ast.Comment, context: DdlContext): void {
  const parts = statement.target.name;
  const name = parts[parts.length - 1] ?? '';
  const domain = requireDomain(context, statement.target.types?.[0]?.names ?? parts.slice(0, -1));
  if (!domain.checks.some((check) => check.name === name)) throw new PgError('42704', `constraint "${name}" for domain ${domain.name} does not exist`);
  context.editor.putType({ ...domain, checks: domain.checks.map((check) => (check.name === name ? commented(check, statement.comment) : check)) });
}

export function planComment(statement: ast.Comment, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const [name = ''] = statement.target.name;
  switch (statement.object) {
    case 'type':
    case 'domain':
      return planTypeComment(statement, context);
    case 'table':
    case 'view':
    case 'materializedView':
    case 'sequence':
      commentRelation(statement, context);
      break;
    case 'index': {
      const target = toQualifiedName(statement.target.name);
      if (findRelation(context, target) !== undefined) throw new PgError('42809', `"${qualified(target)}" is not an index`);
      if (changePart(context, target, (part) => commented(part, statement.comment))) break;
      const { table, index } = requireIndex(context, target);
      editor.put({ ...table, indexes: table.indexes.map((one) => (one.oid === index.oid ? commented(one, statement.comment) : one)) });
      break;
    }
    case 'column':
      commentColumn(statement, context);
      break;
    case 'tableConstraint':
      commentConstraint(statement, context);
      break;
    case 'policy':
      commentPolicy(statement, context);
      break;
    case 'trigger':
      commentTrigger(statement, context);
      break;
    case 'rule':
      commentRule(statement, context);
      break;
    case 'domainConstraint':
      commentDomainConstraint(statement, context);
      break;
    case 'function':
    case 'procedure':
    case 'aggregate':
    case 'routine':
      editor.putFunction(commented(requireFunction(context, statement.object, statement.target), statement.comment));
      break;
    case 'eventTrigger':
      commentEventTrigger(statement, context);
      break;
    case 'collation':
      commentCollation(statement, context);
      break;
    case 'extension':
      commentExtension(context, name, statement.comment);
      break;
    case 'statistics':
      commentStatistics(statement, context);
      break;
    case 'largeObject':
      commentLargeObject(statement, context);
      break;
    case 'schema': {
      const schema = editor.snapshot.data.schemas.find((one) => one.name === name);
      if (schema === undefined) throw new PgError('3F000', `schema "${name}" does not exist`);
      // That of schema public has one from the beginning: none must be told from that.
      editor.putSchema({ ...schema, comment: statement.comment ?? '' });
      break;
    }
    case 'role': {
      const role = editor.snapshot.role(name);
      if (role === undefined) throw new PgError('42704', `role "${name}" does not exist`);
      editor.putRole(commented(role, statement.comment));
      break;
    }
    case 'database': {
      const entry = editor.snapshot.databaseNamed(name);
      if (entry === undefined) {
        // (PostgreSQL does not fail, so that a dump restores under another name.)
        context.notice({ severity: 'WARNING', code: '3D000', message: `database "${name}" does not exist` });
        return [];
      }
      editor.putDatabase(commented(entry, statement.comment === '' ? undefined : statement.comment));
      break;
    }
    default:
      throw notSupported(`COMMENT ON ${statement.object.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()}`);
  }
  const list = new ActionList(editor);
  list.flush();
  return list.actions;
}
