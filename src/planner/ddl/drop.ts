/**
 * DROP of tables, views, sequences, indexes and schemas, with their dependents under CASCADE.
 */
import { refuseDropOfPart } from './partition-parts.js';
import { childrenOf } from '../../catalog/inheritance.js';
import { descendantsOf } from '../../catalog/partition.js';
import { dropPartition } from './partition.js';
import type { Relation, Table } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import { planDropStatistics } from './statistics.js';
import type * as ast from '../../sql/ast.js';
import { ActionList, type DdlAction, type DdlContext, findRelation, noticeCascade, qualified, toQualifiedName } from './ddl.js';
import { findIndex } from '../../catalog/edit.js';
import { dropGroupIfUnused } from './distribution.js';
import { planDropCollations } from './collation.js';
import { planDropEventTriggers } from './event-trigger.js';
import { planDropExtensions } from './extension.js';
import { type FunctionUse, functionSignatureText, planDropFunctions } from './function.js';
import { planDropRules } from './rule.js';
import { planDropTriggers } from './trigger.js';
import { planDropPolicies } from './policy.js';
import { drawsFrom } from './sequence-defaults.js';
import { dropIndexSql, dropTableSql } from './physical.js';
import { dependentsOfType, rowTypeOids } from './type-dependencies.js';
import { describeDependent, dropTypeDependent } from './type-dependents.js';
import { dependentViews } from './view-dependencies.js';

/** What people call it. */
function kindOf(relation: Relation): string {
  return relation.kind === 'table' && relation.materialized !== undefined ? 'materialized view' : relation.kind;
}

const kinds = new Map<ast.ObjectType, string>([
  ['materializedView', 'materialized view'],
  ['table', 'table'],
  ['view', 'view'],
  ['sequence', 'sequence'],
]);

export function planDrop(statement: ast.Drop, context: DdlContext): readonly DdlAction[] {
  switch (statement.object) {
    case 'table':
    case 'view':
    case 'sequence':
    case 'materializedView':
      return dropRelations(statement, context, kinds.get(statement.object) as string);
    case 'index':
      return dropIndexes(statement, context);
    case 'function':
    case 'procedure':
    case 'aggregate':
    case 'routine':
      return planDropFunctions(statement, context, dropFunctionUses);
    case 'trigger':
      return planDropTriggers(statement, context);
    case 'rule':
      return planDropRules(statement, context);
    case 'policy':
      return planDropPolicies(statement, context);
    case 'extension':
      return planDropExtensions(statement, context, dropFunctionUses);
    case 'eventTrigger':
      return planDropEventTriggers(statement, context);
    case 'collation':
      return planDropCollations(statement, context, (inner, list, relation) => {
        dropAll(inner, list, [relation], true);
      });
    case 'statistics':
      return planDropStatistics(statement, context);
    case 'schema':
      return dropSchemas(statement, context);
    case 'foreignTable':
    case 'foreignServer':
    case 'publication':
    case 'subscription':
      return dropNothing(statement, context, absentKinds[statement.object]);
    default:
      throw notSupported(`DROP ${statement.object.replace(/[A-Z]/g, (letter) => ` ${letter}`).toUpperCase()}`);
  }
}

/** Kinds of objects of which there are none here, as PostgreSQL names them. */
const absentKinds = {
  foreignTable: 'foreign table',
  foreignServer: 'server',
  publication: 'publication',
  subscription: 'subscription',
} as const;

function dropNothing(statement: ast.Drop, context: DdlContext, kind: string): readonly DdlAction[] {
  for (const object of statement.objects) {
    const name = object.name.join('.');
    if (!statement.ifExists) throw new PgError('42704', `${kind} "${name}" does not exist`);
    context.notice({ severity: 'NOTICE', code: '00000', message: `${kind} "${name}" does not exist, skipping` });
  }
  return [];
}

/** DROP FUNCTION ... CASCADE: views, defaults, checks and indexes that call it. */
function dropFunctionUses(context: DdlContext, list: ActionList, uses: readonly FunctionUse[]): void {
  const { editor } = context;
  for (const use of uses) {
    const relation = editor.snapshot.relationByOid(use.oid);
    if (use.kind === 'function') editor.removeFunction(use.oid);
    if (use.kind === 'eventTrigger') editor.removeEventTrigger(use.oid);
    if (relation === undefined) continue;
    if (use.kind === 'view') dropAll({ ...context, notice: () => undefined }, list, [relation], true);
    if (use.kind === 'trigger' && relation.kind === 'view')
      editor.put({ ...relation, triggers: (relation.triggers ?? []).filter((trigger) => trigger.oid !== use.part) });
    if (relation.kind !== 'table') continue;
    if (use.kind === 'trigger') editor.put({ ...relation, triggers: (relation.triggers ?? []).filter((trigger) => trigger.oid !== use.part) });
    if (use.kind === 'default') dropTypeDependent(context, list, { kind: 'default', table: relation, attribute: use.part, name: '' }, () => undefined);
    if (use.kind === 'column') dropTypeDependent(context, list, { kind: 'column', table: relation, attribute: use.part, name: '' }, () => undefined);
    if (use.kind === 'check') dropTypeDependent(context, list, { kind: 'check', table: relation, oid: use.part, name: '' }, () => undefined);
    if (use.kind === 'index') {
      for (const index of relation.indexes) if (index.oid === use.part) list.sqlForTable(relation, (schema) => dropIndexSql(schema, index));
      editor.put({ ...relation, indexes: relation.indexes.filter((index) => index.oid !== use.part) });
    }
  }
}

function missing(statement: ast.Drop, context: DdlContext, what: string, name: string, code: string): void {
  if (!statement.ifExists) throw new PgError(code, `${what} "${name}" does not exist`);
  context.notice({ severity: 'NOTICE', code: '00000', message: `${what} "${name}" does not exist, skipping` });
}

function dropRelations(statement: ast.Drop, context: DdlContext, kind: string): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  const targets: Relation[] = [];
  for (const object of statement.objects) {
    const name = toQualifiedName(object.name);
    if (name.schema !== undefined && !context.editor.snapshot.schemaExists(name.schema)) {
      if (!statement.ifExists) throw new PgError('3F000', `schema "${name.schema}" does not exist`);
      context.notice({ severity: 'NOTICE', code: '00000', message: `schema "${name.schema}" does not exist, skipping` });
      continue;
    }
    const relation = findRelation(context, name);
    if (relation === undefined) {
      if (findIndex(context.editor.snapshot, name.schema === undefined ? context.searchPath : [name.schema], name.name) !== undefined)
        throw new PgError('42809', `"${name.name}" is not a ${kind}`, { hint: 'Use DROP INDEX to remove an index.' });
      missing(statement, context, kind, qualified(name), '42P01');
      continue;
    }
    if (kindOf(relation) !== kind && !(relation.kind === 'partition' && kind === 'table')) {
      const found = kindOf(relation);
      throw new PgError('42809', `"${name.name}" is not a ${kind}`, { hint: `Use DROP ${found.toUpperCase()} to remove a ${found}.` });
    }
    targets.push(relation);
  }
  dropAll(context, list, targets, statement.cascade);
  list.flush();
  return list.actions;
}

interface Dependent {
  readonly text: string;
  readonly on: string;
  readonly drop: () => void;
}

/** Drops the relations and, with cascade, what depends on them; else refuses with 2BP01 when something does. */
export function dropAll(context: DdlContext, list: ActionList, targets: readonly Relation[], cascade: boolean): void {
  const dropping = new Map(targets.map((relation) => [relation.oid, relation]));
  const dependents: Dependent[] = [];
  const visit = (relation: Relation): void => {
    for (const view of dependentViews(context.editor.snapshot, relation)) {
      if (dropping.has(view.oid)) continue;
      dropping.set(view.oid, view);
      dependents.push({ text: `${kindOf(view)} ${view.name}`, on: `${kindOf(relation)} ${relation.name}`, drop: () => undefined });
      visit(view);
    }
    if (relation.kind === 'table' || relation.kind === 'partition') {
      // Partitions go with what they are partitions of, without being asked; what depends on them is asked.
      for (const partition of descendantsOf(context.editor.snapshot, relation.oid)) {
        if (dropping.has(partition.oid)) continue;
        dropping.set(partition.oid, partition);
        visit(partition);
      }
    }
    for (const child of childrenOf(context.editor.snapshot, relation.oid)) {
      if (dropping.has(child.oid)) continue;
      dropping.set(child.oid, child);
      dependents.push({ text: `table ${child.name}`, on: `table ${relation.name}`, drop: () => undefined });
      visit(child);
    }
    if (relation.kind === 'table') {
      for (const other of context.editor.snapshot.data.relations) {
        if (other.kind !== 'table' || dropping.has(other.oid)) continue;
        for (const key of other.foreignKeys) {
          if (key.targetOid !== relation.oid) continue;
          dependents.push({
            text: `constraint ${key.name} on table ${other.name}`,
            on: `table ${relation.name}`,
            drop: () => {
              const current = context.editor.snapshot.relationByOid(other.oid);
              if (current?.kind === 'table')
                context.editor.put({ ...current, foreignKeys: current.foreignKeys.filter((candidate) => candidate.oid !== key.oid) });
            },
          });
        }
      }
    }
    if (relation.kind === 'table' || relation.kind === 'view') {
      const { name } = relation;
      for (const dependent of dependentsOfType(context, rowTypeOids(relation))) {
        if (dependent.kind === 'view' || (dependent.kind === 'column' && dropping.has(dependent.table.oid))) continue;
        dependents.push({
          text: describeDependent(context, dependent),
          on: `type ${name}`,
          drop: () => {
            dropTypeDependent(context, list, dependent, () => undefined);
          },
        });
      }
    }
    if (relation.kind === 'sequence') {
      for (const other of context.editor.snapshot.data.relations) {
        if (other.kind !== 'table' || dropping.has(other.oid)) continue;
        for (const column of other.columns) {
          if (column.sequenceOid !== relation.oid && !drawsFrom(context, column.defaultText, relation.oid)) continue;
          dependents.push({
            text: `default value for column ${column.name} of table ${other.name}`,
            on: `sequence ${relation.name}`,
            drop: () => {
              const current = context.editor.snapshot.relationByOid(other.oid);
              if (current?.kind !== 'table') return;
              const columns = current.columns.map((candidate) => {
                if (candidate.attribute !== column.attribute) return candidate;
                const { defaultText: _text, sequenceOid: _oid, ...rest } = candidate;
                return rest;
              });
              context.editor.put({ ...current, columns });
            },
          });
        }
      }
    }
  };
  for (const relation of targets) visit(relation);
  if (dependents.length > 0) {
    if (!cascade) {
      const first = targets[0] as Relation;
      throw new PgError(
        '2BP01',
        targets.length === 1
          ? `cannot drop ${first.kind} ${first.name} because other objects depend on it`
          : 'cannot drop desired object(s) because other objects depend on them',
        {
          detail: dependents.map((dependent) => `${dependent.text} depends on ${dependent.on}`).join('\n'),
          hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
        },
      );
    }
    noticeCascade(
      context,
      dependents.map((dependent) => dependent.text),
    );
    for (const dependent of dependents) dependent.drop();
  }
  for (const relation of dropping.values()) {
    if (relation.kind === 'table') dropTable(context, list, relation);
    else if (relation.kind === 'partition') {
      // The root's files take its rows along.
      if (!dropping.has(relation.rootOid)) dropPartition(context, list, relation);
    } else {
      context.editor.remove(relation.oid);
      if (relation.kind === 'sequence') list.step({ kind: 'dropSequence', oid: relation.oid });
    }
  }
}

function dropTable(context: DdlContext, list: ActionList, table: Table): void {
  list.sqlForTable(table, (schema) => dropTableSql(schema, table));
  for (const partition of descendantsOf(context.editor.snapshot, table.oid)) context.editor.remove(partition.oid);
  context.editor.remove(table.oid);
  for (const other of context.editor.snapshot.data.relations) {
    if (other.kind === 'sequence' && other.ownedBy?.tableOid === table.oid) {
      context.editor.remove(other.oid);
      list.step({ kind: 'dropSequence', oid: other.oid });
    }
  }
  dropGroupIfUnused(context, list, table.distribution);
}

function dropIndexes(statement: ast.Drop, context: DdlContext): readonly DdlAction[] {
  if (statement.concurrently) {
    if (context.inBlock) throw new PgError('25001', 'DROP INDEX CONCURRENTLY cannot run inside a transaction block');
    if (statement.objects.length > 1) throw new PgError('0A000', 'DROP INDEX CONCURRENTLY does not support dropping multiple objects');
    if (statement.cascade) throw new PgError('0A000', 'DROP INDEX CONCURRENTLY does not support CASCADE');
  }
  const list = new ActionList(context.editor);
  for (const object of statement.objects) {
    const name = toQualifiedName(object.name);
    const found = findIndex(context.editor.snapshot, name.schema === undefined ? context.searchPath : [name.schema], name.name);
    if (found === undefined) {
      if (findRelation(context, name) !== undefined) throw new PgError('42809', `"${name.name}" is not an index`);
      refuseDropOfPart(context, name);
      missing(statement, context, 'index', qualified(name), '42704');
      continue;
    }
    const { table, index } = found;
    if (index.constraint)
      throw new PgError('2BP01', `cannot drop index ${index.name} because constraint ${index.name} on table ${table.name} requires it`, {
        hint: `You can drop constraint ${index.name} on table ${table.name} instead.`,
      });
    context.editor.put({ ...table, indexes: table.indexes.filter((other) => other.oid !== index.oid) });
    list.sqlForTable(table, (schema) => dropIndexSql(schema, index));
  }
  list.flush();
  return list.actions;
}

function dropSchemas(statement: ast.Drop, context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  const afterwards: DdlAction[] = [];
  for (const object of statement.objects) {
    const name = object.name[0] ?? '';
    if (!context.editor.snapshot.schemaExists(name)) {
      missing(statement, context, 'schema', name, '3F000');
      continue;
    }
    if (name === 'pg_catalog' || name === 'information_schema')
      throw new PgError('2BP01', `cannot drop schema ${name} because it is required by the database system`);
    const { data, functions: known } = context.editor.snapshot;
    const inside = data.relations.filter((relation) => relation.schema === name);
    const functions = [...known.all()].filter((definition) => definition.schema === name);
    const types = (data.types ?? []).filter((type) => type.schema === name && type.kind !== 'multirange');
    const collations = (data.collations ?? []).filter((collation) => collation.schema === name);
    const texts = [
      ...inside
        .filter((relation) => relation.kind !== 'sequence' || relation.ownedBy === undefined)
        .map((relation) => `${kindOf(relation)} ${name}.${relation.name}`),
      ...functions.map((definition) => `${definition.kind} ${name}.${functionSignatureText(definition)}`),
      ...types.map((type) => `type ${name}.${type.name}`),
      ...collations.map((collation) => `collation ${name}.${collation.name}`),
    ];
    if (texts.length > 0 && !statement.cascade) {
      throw new PgError('2BP01', `cannot drop schema ${name} because other objects depend on it`, {
        detail: texts.map((text) => `${text} depends on schema ${name}`).join('\n'),
        hint: 'Use DROP ... CASCADE to drop the dependent objects too.',
      });
    }
    noticeCascade(context, texts);
    dropAll({ ...context, notice: () => undefined }, list, inside, true);
    for (const definition of functions) context.editor.removeFunction(definition.oid);
    for (const collation of collations) context.editor.removeCollation(collation.oid);
    if (types.length > 0) {
      const drop = (object: ast.ObjectType, target: readonly string[]): void => {
        const dropped: ast.Drop = { kind: 'drop', object, objects: [{ name: target }], ifExists: true, cascade: true, concurrently: false };
        afterwards.push({ kind: 'runStatement', statement: dropped });
      };
      // What is of the types elsewhere goes with them; the schema is empty then.
      for (const type of types) drop(type.kind === 'domain' ? 'domain' : 'type', [name, type.name]);
      drop('schema', [name]);
      continue;
    }
    context.editor.removeSchema(name);
  }
  list.flush();
  return [...list.actions, ...afterwards];
}
