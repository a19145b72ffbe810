/**
 * CREATE TRIGGER, DROP TRIGGER, ALTER TRIGGER ... RENAME, ALTER TABLE ... ENABLE and DISABLE TRIGGER. Source: trigger.c of PostgreSQL 15.
 */
import type { Table } from '../../catalog/table.js';
import type { Trigger } from '../../catalog/trigger.js';
import { inputsOf, type UserFunction } from '../../catalog/user-function.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { deparseExpression } from '../../sql/deparse.js';
import { Oid } from '../../types/registry.js';
import { ActionList, type DdlAction, type DdlContext, findRelation, qualified, toQualifiedName, undefinedRelation } from './ddl.js';

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

function triggerFunction(statement: ast.CreateTrigger, context: DdlContext): UserFunction {
  const name = toQualifiedName(statement.function);
  const { functions } = context.editor.snapshot;
  for (const schema of name.schema === undefined ? context.searchPath : [name.schema]) {
    const found = functions.named(schema, name.name).find((one) => inputsOf(one).length === 0 && one.kind === 'function');
    if (found === undefined) continue;
    if (found.result !== Oid.trigger) throw new PgError('42P17', `function ${qualified(name)} must return type trigger`);
    return found;
  }
  throw new PgError('42883', `function ${qualified(name)}() does not exist`);
}

/** NEW and OLD in WHEN must be there. */
function checkWhen(statement: ast.CreateTrigger, table: Table): void {
  const visit = (tree: unknown): void => {
    if (Array.isArray(tree)) tree.forEach(visit);
    else if (typeof tree === 'object' && tree !== null) {
      const { kind, parts } = tree as { readonly kind?: string; readonly parts?: readonly string[] };
      if (kind === 'column' && parts !== undefined && (parts[0] === 'new' || parts[0] === 'old')) {
        if (statement.level === 'statement') throw new PgError('42P17', "statement trigger's WHEN condition cannot reference column values");
        if (parts[0] === 'old' && statement.events.includes('insert'))
          throw new PgError('42P17', "INSERT trigger's WHEN condition cannot reference OLD values");
        if (parts[0] === 'new' && statement.events.includes('delete'))
          throw new PgError('42P17', "DELETE trigger's WHEN condition cannot reference NEW values");
        const [, name] = parts;
        if (name !== undefined && !table.columns.some((column) => column.name === name))
          throw new PgError('42703', `column ${parts[0]}.${name} does not exist`);
      }
      Object.values(tree).forEach(visit);
    }
  };
  visit(statement.when);
}

export function planCreateTrigger(statement: ast.CreateTrigger, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const relation = findRelation(context, statement.table);
  if (relation === undefined) throw undefinedRelation(statement.table);
  if (statement.timing === 'instead') {
    if (relation.kind === 'table') throw new PgError('42809', `"${relation.name}" is a table`, { detail: 'Tables cannot have INSTEAD OF triggers.' });
    throw notSupported('CREATE TRIGGER ... INSTEAD OF');
  }
  if (relation.kind === 'view' && statement.level === 'row')
    throw new PgError('42809', `"${relation.name}" is a view`, { detail: 'Views cannot have row-level BEFORE or AFTER triggers.' });
  if (relation.kind !== 'table') throw notSupported(`a trigger of a ${relation.kind}`);
  if (statement.isConstraint) throw notSupported('CREATE CONSTRAINT TRIGGER');
  if (statement.hasTransitions) throw notSupported('REFERENCING of a trigger');
  const events = statement.events.filter((event) => event !== 'truncate');
  if (events.length < statement.events.length) throw notSupported('a trigger for TRUNCATE');
  const called = triggerFunction(statement, context);
  if (called.language !== 'plpgsql') throw notSupported('a trigger function in another language than plpgsql');
  if (statement.level === 'row' && statement.timing === 'before' && relation.columns.some((column) => column.generated !== undefined))
    throw notSupported('a BEFORE ROW trigger of a table with generated columns');
  const columns = statement.columns.map((name) => {
    const found = relation.columns.find((column) => column.name === name);
    if (found === undefined) throw new PgError('42703', `column "${name}" of relation "${relation.name}" does not exist`);
    return found.attribute;
  });
  if (statement.when !== undefined) checkWhen(statement, relation);
  const old = (relation.triggers ?? []).find((one) => one.name === statement.name);
  if (old !== undefined && !statement.replace) throw new PgError('42710', `trigger "${statement.name}" for relation "${relation.name}" already exists`);
  const trigger: Trigger = {
    oid: old?.oid ?? editor.freshOid(),
    name: statement.name,
    functionOid: called.oid,
    timing: statement.timing,
    level: statement.level,
    events,
    columns,
    ...(statement.when === undefined ? {} : { whenText: deparseExpression(statement.when, { canonical: true }) }),
    args: statement.args,
    enabled: 'origin',
  };
  editor.put({ ...relation, triggers: [...(relation.triggers ?? []).filter((one) => one !== old), trigger] });
  return finish(context);
}

/** The table of `schema.table.trigger`. */
function owner(parts: readonly string[], context: DdlContext): Table | undefined {
  const found = findRelation(context, toQualifiedName(parts.slice(0, -1)));
  return found?.kind === 'table' ? found : undefined;
}

export function planDropTriggers(statement: ast.Drop, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  for (const { name: parts } of statement.objects) {
    const name = parts.at(-1) ?? '';
    const tableName = parts.slice(0, -1).join('.');
    const table = owner(parts, context);
    if (table === undefined) {
      if (!statement.ifExists) throw new PgError('42P01', `relation "${tableName}" does not exist`);
      context.notice({ severity: 'NOTICE', code: '00000', message: `relation "${tableName}" does not exist, skipping` });
      continue;
    }
    if (!(table.triggers ?? []).some((trigger) => trigger.name === name)) {
      if (!statement.ifExists) throw new PgError('42704', `trigger "${name}" for table "${table.name}" does not exist`);
      context.notice({ severity: 'NOTICE', code: '00000', message: `trigger "${name}" for relation "${tableName}" does not exist, skipping` });
      continue;
    }
    editor.put({ ...table, triggers: (table.triggers ?? []).filter((trigger) => trigger.name !== name) });
  }
  return finish(context);
}

export function planRenameTrigger(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const name = toQualifiedName(statement.target.name);
  const relation = findRelation(context, name);
  if (relation === undefined) throw undefinedRelation(name);
  const triggers = relation.kind === 'table' ? (relation.triggers ?? []) : [];
  if (relation.kind !== 'table' || !triggers.some((trigger) => trigger.name === statement.from))
    throw new PgError('42704', `trigger "${statement.from ?? ''}" for table "${relation.name}" does not exist`);
  if (triggers.some((trigger) => trigger.name === statement.to))
    throw new PgError('42710', `trigger "${statement.to}" for relation "${relation.name}" already exists`);
  context.editor.put({ ...relation, triggers: triggers.map((trigger) => (trigger.name === statement.from ? { ...trigger, name: statement.to } : trigger)) });
  return finish(context);
}

const states = { enable: 'origin', disable: 'disabled', enableAlways: 'always', enableReplica: 'replica' } as const;

/** The table with its triggers switched on or off. */
export function withTriggersSwitched(table: Table, action: Extract<ast.AlterTableAction, { readonly kind: 'triggers' }>): Table {
  const { which } = action;
  const triggers = table.triggers ?? [];
  if (which.kind === 'name' && !triggers.some((trigger) => trigger.name === which.name))
    throw new PgError('42704', `trigger "${which.name}" for table "${table.name}" does not exist`);
  const enabled = states[action.action];
  return { ...table, triggers: triggers.map((trigger) => (which.kind !== 'name' || trigger.name === which.name ? { ...trigger, enabled } : trigger)) };
}
