/**
 * CREATE TRIGGER, DROP TRIGGER, ALTER TRIGGER ... RENAME, ALTER TABLE ... ENABLE and DISABLE TRIGGER. Source: trigger.c of PostgreSQL 15.
 */
import type { Relation, Table, View } from '../../catalog/table.js';
import type { Transitions, Trigger } from '../../catalog/trigger.js';
import { inputsOf, type UserFunction } from '../../catalog/user-function.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { deparseExpression } from '../../sql/deparse.js';
import { parseExpression } from '../../sql/parser.js';
import { Oid } from '../../types/registry.js';
import { ActionList, type DdlAction, type DdlContext, findRelation, qualified, toQualifiedName, undefinedRelation } from './ddl.js';

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

/** The function that the trigger calls. */
export function triggerFunction(statement: ast.CreateTrigger, context: DdlContext): UserFunction {
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

const systemColumns: ReadonlySet<string> = new Set(['ctid', 'tableoid', 'xmin', 'xmax', 'cmin', 'cmax']);

/** NEW and OLD in WHEN must be there. */
function checkWhen(statement: ast.CreateTrigger, table: Table | View): void {
  const visit = (tree: unknown): void => {
    if (Array.isArray(tree)) tree.forEach(visit);
    else if (typeof tree === 'object' && tree !== null) {
      const { kind, parts: names, qualifier } = tree as { readonly kind?: string; readonly parts?: readonly string[]; readonly qualifier?: readonly string[] };
      const parts = kind === 'column' ? names : kind === 'star' ? qualifier : undefined;
      if (parts !== undefined && (parts[0] === 'new' || parts[0] === 'old')) {
        if (statement.level === 'statement') throw new PgError('42P17', "statement trigger's WHEN condition cannot reference column values");
        if (parts[0] === 'old' && statement.events.includes('insert'))
          throw new PgError('42P17', "INSERT trigger's WHEN condition cannot reference OLD values");
        if (parts[0] === 'new' && statement.events.includes('delete'))
          throw new PgError('42P17', "DELETE trigger's WHEN condition cannot reference NEW values");
        const [, name] = parts;
        const column = name === undefined ? undefined : table.columns.find((one) => one.name === name);
        if (name !== undefined && column === undefined && !systemColumns.has(name)) throw new PgError('42703', `column ${parts[0]}.${name} does not exist`);
        if (statement.timing === 'before' && parts[0] === 'new') {
          if (name !== undefined && column === undefined) refuse('42P17', "BEFORE trigger's WHEN condition cannot reference NEW system columns");
          if (column !== undefined && 'generated' in column && column.generated !== undefined)
            refuse('42P17', "BEFORE trigger's WHEN condition cannot reference NEW generated columns", `Column "${column.name}" is a generated column.`);
          if (name === undefined && table.columns.some((one) => 'generated' in one && one.generated !== undefined)) {
            const detail = 'A whole-row reference is used and the table contains generated columns.';
            refuse('42P17', "BEFORE trigger's WHEN condition cannot reference NEW generated columns", detail);
          }
        }
      }
      Object.values(tree).forEach(visit);
    }
  };
  visit(statement.when);
}

function refuse(code: string, message: string, detail?: string): never {
  throw new PgError(code, message, detail === undefined ? {} : { detail });
}

/** What kinds of relations take which triggers. */
function checkKind(statement: ast.CreateTrigger, relation: Relation): asserts relation is Table | View {
  const { timing, level, events } = statement;
  if (relation.kind === 'view') {
    if (timing !== 'instead' && level === 'row') refuse('42809', `"${relation.name}" is a view`, 'Views cannot have row-level BEFORE or AFTER triggers.');
    if (events.includes('truncate')) refuse('42809', `"${relation.name}" is a view`, 'Views cannot have TRUNCATE triggers.');
  } else if (relation.kind === 'table' && relation.materialized === undefined) {
    if (timing === 'instead') refuse('42809', `"${relation.name}" is a table`, 'Tables cannot have INSTEAD OF triggers.');
    if (relation.partitioning !== undefined && level === 'row' && statement.transitions.length > 0)
      refuse('0A000', `"${relation.name}" is a partitioned table`, 'ROW triggers with transition tables are not supported on partitioned tables.');
  } else if (relation.kind === 'partition') throw notSupported('a trigger of a partition');
  else
    refuse(
      '42809',
      `relation "${relation.name}" cannot have triggers`,
      `This operation is not supported for ${relation.kind === 'sequence' ? 'sequences' : 'materialized views'}.`,
    );
  if (level === 'row' && events.includes('truncate')) refuse('0A000', 'TRUNCATE FOR EACH ROW triggers are not supported');
  if (timing !== 'instead') return;
  if (level !== 'row') refuse('0A000', 'INSTEAD OF triggers must be FOR EACH ROW');
  if (statement.when !== undefined) refuse('0A000', 'INSTEAD OF triggers cannot have WHEN conditions');
  if (statement.columns.length > 0) refuse('0A000', 'INSTEAD OF triggers cannot have column lists');
}

/** REFERENCING. */
function transitionsOf(statement: ast.CreateTrigger, relation: Table | View): Transitions | undefined {
  const { transitions, events, timing, level } = statement;
  const names: { old?: string; new?: string } = {};
  for (const { name, isNew, isTable } of transitions) {
    if (!isTable)
      throw new PgError('0A000', 'ROW variable naming in the REFERENCING clause is not supported', {
        hint: 'Use OLD TABLE or NEW TABLE for naming transition tables.',
      });
    if (relation.kind === 'view') refuse('42809', `"${relation.name}" is a view`, 'Triggers on views cannot have transition tables.');
    if (level === 'row' && (relation.parents ?? []).length > 0)
      refuse('0A000', 'ROW triggers with transition tables are not supported on inheritance children');
    if (timing !== 'after') refuse('42P17', 'transition table name can only be specified for an AFTER trigger');
    if (events.includes('truncate')) refuse('0A000', 'TRUNCATE triggers with transition tables are not supported');
    if (events.length > 1) refuse('0A000', 'transition tables cannot be specified for triggers with more than one event');
    if (statement.columns.length > 0) refuse('0A000', 'transition tables cannot be specified for triggers with column lists');
    const [which, without, verbs] = isNew ? (['new', 'delete', 'an INSERT or UPDATE'] as const) : (['old', 'insert', 'a DELETE or UPDATE'] as const);
    if (events.includes(without)) refuse('42P17', `${which.toUpperCase()} TABLE can only be specified for ${verbs} trigger`);
    if (names[which] !== undefined) refuse('42P17', `${which.toUpperCase()} TABLE cannot be specified multiple times`);
    names[which] = name;
  }
  if (names.old !== undefined && names.old === names.new) refuse('42P17', 'OLD TABLE name and NEW TABLE name cannot be the same');
  return transitions.length === 0 ? undefined : names;
}

/** `new.a` as one word, which a table can have a column of, and back. */
const rowColumn = /^(new|old) (.*)$/s;

/** Every column reference replaced; `undefined` when there is one that `replace` has no answer to. */
function withColumns(tree: unknown, replace: (parts: readonly string[]) => readonly string[] | undefined): unknown {
  if (Array.isArray(tree)) {
    const items = tree.map((item) => withColumns(item, replace));
    return items.includes(undefined) && !tree.includes(undefined) ? undefined : items;
  }
  if (typeof tree !== 'object' || tree === null) return tree;
  const { kind, parts } = tree as { readonly kind?: string; readonly parts?: readonly string[] };
  if (kind === 'star') return undefined;
  if (kind === 'column' && parts !== undefined) {
    const found = replace(parts);
    return found === undefined ? undefined : { ...tree, parts: found };
  }
  const entries = Object.entries(tree).map(([key, value]) => [key, value === undefined ? undefined : withColumns(value, replace), value] as const);
  if (entries.some(([, made, value]) => made === undefined && value !== undefined)) return undefined;
  return Object.fromEntries(entries.map(([key, made]) => [key, made]));
}

/** The condition with the casts that its operators ask for, as PostgreSQL keeps it. Conditions on whole rows stay as they were written. */
function whenText(context: DdlContext, table: Table, when: ast.Expression): string {
  const plain = withColumns(when, (parts) => (parts.length === 2 ? [parts.join(' ')] : undefined)) as ast.Expression | undefined;
  const written = deparseExpression(when, { canonical: true });
  if (plain === undefined) return written;
  const columns = (['new', 'old'] as const).flatMap((row, at) =>
    table.columns.map((column) => ({ ...column, name: `${row} ${column.name}`, attribute: column.attribute + at * (table.lastAttribute + 1) })),
  );
  // A table that the catalog does not have, whose columns would be shown by their names there.
  const both = { ...table, oid: 0, columns };
  const text = context.binder(context.editor.snapshot).expression(plain, both, { oid: Oid.bool, typmod: -1 }, 'policy');
  const back = withColumns(parseExpression(text), (parts) => rowColumn.exec(parts.at(-1) ?? '')?.slice(1) ?? parts) as ast.Expression | undefined;
  return back === undefined ? written : deparseExpression(back, { canonical: true });
}

export function planCreateTrigger(statement: ast.CreateTrigger, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  if (statement.isConstraint && statement.replace) refuse('0A000', 'CREATE OR REPLACE CONSTRAINT TRIGGER is not supported');
  const relation = findRelation(context, statement.table);
  if (relation === undefined) throw undefinedRelation(statement.table);
  const referenced = statement.referenced === undefined ? undefined : findRelation(context, statement.referenced);
  if (statement.referenced !== undefined && referenced === undefined) throw undefinedRelation(statement.referenced);
  checkKind(statement, relation);
  const transitions = transitionsOf(statement, relation);
  const columns = statement.columns.map((name) => attributeNamed(relation, name));
  if (statement.when !== undefined) checkWhen(statement, relation);
  const called = triggerFunction(statement, context);
  if (called.language !== 'plpgsql') throw notSupported('a trigger function in another language than plpgsql');
  const old = (relation.triggers ?? []).find((one) => one.name === statement.name);
  if (old !== undefined && !statement.replace) refuse('42710', `trigger "${statement.name}" for relation "${relation.name}" already exists`);
  if (old?.constraint !== undefined) refuse('42710', `trigger "${statement.name}" for relation "${relation.name}" is a constraint trigger`);
  const trigger: Trigger = {
    oid: old?.oid ?? editor.freshOid(),
    name: statement.name,
    functionOid: called.oid,
    timing: statement.timing,
    level: statement.level,
    events: statement.events,
    columns,
    ...(statement.when === undefined
      ? {}
      : { whenText: relation.kind === 'table' ? whenText(context, relation, statement.when) : deparseExpression(statement.when, { canonical: true }) }),
    ...(transitions === undefined ? {} : { transitions }),
    ...(statement.isConstraint
      ? {
          constraint: {
            deferrable: statement.deferrable,
            initiallyDeferred: statement.initiallyDeferred,
            ...(referenced === undefined ? {} : { referencedOid: referenced.oid }),
          },
        }
      : {}),
    args: statement.args,
    enabled: 'origin',
  };
  editor.put({ ...relation, triggers: [...(relation.triggers ?? []).filter((one) => one !== old), trigger] });
  return finish(context);
}

function attributeNamed(relation: Table | View, name: string): number {
  const at = relation.columns.findIndex((column) => column.name === name);
  if (at < 0) refuse('42703', `column "${name}" of relation "${relation.name}" does not exist`);
  return relation.kind === 'view' ? at + 1 : (relation.columns[at]?.attribute ?? 0);
}

/** The table or view of `schema.table.trigger`. */
function owner(parts: readonly string[], context: DdlContext): Table | View | undefined {
  const found = findRelation(context, toQualifiedName(parts.slice(0, -1)));
  return found?.kind === 'table' || found?.kind === 'view' ? found : undefined;
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
  const triggers = relation.kind === 'table' || relation.kind === 'view' ? (relation.triggers ?? []) : [];
  if ((relation.kind !== 'table' && relation.kind !== 'view') || !triggers.some((trigger) => trigger.name === statement.from))
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
