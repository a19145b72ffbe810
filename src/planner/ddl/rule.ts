/**
 * CREATE RULE, DROP RULE, ALTER RULE ... RENAME, ALTER TABLE ... ENABLE and DISABLE RULE. Rules ON SELECT are views' own and cannot be made otherwise.
 * Source: rewriteDefine.c and transformRuleStmt of PostgreSQL 15.
 */
import { hasSome } from '../../catalog/rule-references.js';
import type { Rule } from '../../catalog/rule.js';
import type { Table, View } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { ActionList, type DdlAction, type DdlContext, findRelation, qualified, toQualifiedName, undefinedRelation } from './ddl.js';

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

function relationOf(context: DdlContext, name: ast.QualifiedName): Table | View {
  const relation = findRelation(context, name);
  if (relation === undefined) throw undefinedRelation(name);
  if (relation.kind === 'partition') throw notSupported('a rule of a partition');
  if (relation.kind === 'sequence' || (relation.kind === 'table' && relation.materialized !== undefined))
    throw new PgError('42809', `relation "${relation.name}" cannot have rules`, {
      detail: `This operation is not supported for ${relation.kind === 'sequence' ? 'sequences' : 'materialized views'}.`,
    });
  return relation;
}

function checkReferences(statement: ast.CreateRule): void {
  const { event, condition, actions } = statement;
  const uses = (which: 'new' | 'old'): boolean => hasSome(condition, which) || hasSome(actions, which);
  if (event === 'insert' && uses('old')) throw new PgError('42P17', 'ON INSERT rule cannot use OLD');
  if (event === 'delete' && uses('new')) throw new PgError('42P17', 'ON DELETE rule cannot use NEW');
  if (actions.length > 1 && actions.some((action) => action.kind === 'notify') && condition !== undefined)
    throw new PgError('42P17', 'rules with WHERE conditions can only have SELECT, INSERT, UPDATE, or DELETE actions');
  for (const action of actions)
    switch (action.kind) {
      case 'insert':
      case 'update':
      case 'delete':
        if (action.returning.length > 0 && !statement.instead) throw new PgError('0A000', 'RETURNING lists are not supported in non-INSTEAD rules');
        if (action.returning.length > 0 && condition !== undefined) throw new PgError('0A000', 'RETURNING lists are not supported in conditional rules');
        break;
      case 'select':
        if (action.body.kind !== 'core') throw new PgError('0A000', 'conditional UNION/INTERSECT/EXCEPT statements are not implemented');
        break;
      case 'notify':
        if (condition !== undefined) throw new PgError('42P17', 'rules with WHERE conditions can only have SELECT, INSERT, UPDATE, or DELETE actions');
        break;
      default:
        throw notSupported('such an action of a rule');
    }
}

export function planCreateRule(statement: ast.CreateRule, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const { name, event } = statement;
  const relation = relationOf(context, statement.table);
  if (event === 'select') {
    if (relation.kind === 'table' && statement.instead && statement.condition === undefined && statement.actions.length === 1)
      throw notSupported('CREATE RULE ... ON SELECT (use CREATE VIEW)');
    if (statement.actions.length === 0) throw new PgError('0A000', 'INSTEAD NOTHING rules on SELECT are not implemented', { hint: 'Use views instead.' });
    if (statement.actions.length > 1) throw new PgError('0A000', 'multiple actions for rules on SELECT are not implemented');
    if (!statement.instead || statement.actions[0]?.kind !== 'select') throw new PgError('0A000', 'rules on SELECT must have action INSTEAD SELECT');
    if (statement.condition !== undefined) throw new PgError('0A000', 'event qualifications are not implemented for rules on SELECT');
    throw new PgError('55000', `"${relation.name}" is already a view`);
  }
  checkReferences(statement);
  const old = (relation.rules ?? []).find((rule) => rule.name === name);
  if (old !== undefined && !statement.replace) throw new PgError('42710', `rule "${name}" for relation "${relation.name}" already exists`);
  const binder = context.binder(editor.snapshot);
  const returning = (relation.rules ?? []).filter((rule) => rule.name !== name && rule.event === event && rule.actions.some(hasReturning));
  if (statement.actions.filter(hasReturning).length + returning.length > 1) throw new PgError('0A000', 'cannot have multiple RETURNING lists in a rule');
  const rule: Rule = {
    oid: old?.oid ?? editor.freshOid(),
    name,
    event,
    instead: statement.instead,
    ...(statement.condition === undefined ? {} : { condition: statement.condition }),
    actions: statement.actions.map((action) => binder.qualified(action)),
  };
  editor.put({ ...relation, rules: [...(relation.rules ?? []).filter((one) => one !== old), rule] });
  return finish(context);
}

function hasReturning(action: ast.Statement): boolean {
  return (action.kind === 'insert' || action.kind === 'update' || action.kind === 'delete') && action.returning.length > 0;
}

export function planDropRules(statement: ast.Drop, context: DdlContext): readonly DdlAction[] {
  for (const { name: parts } of statement.objects) {
    const name = parts.at(-1) ?? '';
    const table = toQualifiedName(parts.slice(0, -1));
    const relation = findRelation(context, table);
    if (relation === undefined) {
      if (!statement.ifExists) throw undefinedRelation(table);
      context.notice({ severity: 'NOTICE', code: '00000', message: `relation "${qualified(table)}" does not exist, skipping` });
      continue;
    }
    const rules = relation.kind === 'table' || relation.kind === 'view' ? (relation.rules ?? []) : [];
    if ((relation.kind !== 'table' && relation.kind !== 'view') || !rules.some((rule) => rule.name === name)) {
      if (!statement.ifExists) throw new PgError('42704', `rule "${name}" for relation "${relation.name}" does not exist`);
      context.notice({ severity: 'NOTICE', code: '00000', message: `rule "${name}" for relation "${qualified(table)}" does not exist, skipping` });
      continue;
    }
    context.editor.put({ ...relation, rules: rules.filter((rule) => rule.name !== name) });
  }
  return finish(context);
}

/** The table with a rule switched on or off; one for replicas does not apply here. */
export function withRuleSwitched(table: Table, name: string, action: 'enable' | 'disable' | 'enableAlways' | 'enableReplica'): Table {
  const { rules = [] } = table;
  if (!rules.some((rule) => rule.name === name)) throw new PgError('42704', `rule "${name}" for relation "${table.name}" does not exist`);
  const isOff = action === 'disable' || action === 'enableReplica';
  return {
    ...table,
    rules: rules.map((rule) => {
      const { disabled: _disabled, ...on } = rule;
      return rule.name !== name ? rule : isOff ? { ...on, disabled: true } : on;
    }),
  };
}

export function planRenameRule(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const relation = relationOf(context, toQualifiedName(statement.target.name));
  const { rules = [] } = relation;
  if (!rules.some((rule) => rule.name === statement.from))
    throw new PgError('42704', `rule "${statement.from ?? ''}" for relation "${relation.name}" does not exist`);
  if (rules.some((rule) => rule.name === statement.to)) throw new PgError('42710', `rule "${statement.to}" for relation "${relation.name}" already exists`);
  context.editor.put({ ...relation, rules: rules.map((rule) => (rule.name === statement.from ? { ...rule, name: statement.to } : rule)) });
  return finish(context);
}
