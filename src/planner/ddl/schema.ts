/**
 * CREATE SCHEMA and TRUNCATE.
 */
import { inheritorsOf } from '../../catalog/inheritance.js';
import type { Partition } from '../../catalog/partition.js';
import { emptyPartition } from './partition.js';
import { systemRelationNamed } from '../../catalog/pg-catalog/system-relations.js';
import type { Relation, Table } from '../../catalog/table.js';
import { firingTriggers } from '../../catalog/trigger.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { ActionList, type DdlAction, type DdlContext, findRelation, requireTable } from './ddl.js';
import { roleOf } from './owner.js';
import { quoted } from './physical.js';

export function planCreateSchema(statement: ast.CreateSchema, context: DdlContext): readonly DdlAction[] {
  const { authorization } = statement;
  const owner = authorization === undefined ? context.currentUser : roleOf(context, authorization).name;
  const name = statement.name ?? owner;
  if (name.startsWith('pg_')) throw new PgError('42939', `unacceptable schema name "${name}"`, { detail: 'The prefix "pg_" is reserved for system schemas.' });
  if (context.editor.snapshot.schemaExists(name)) {
    if (!statement.ifNotExists) throw new PgError('42P06', `schema "${name}" already exists`);
    context.notice({ severity: 'NOTICE', code: '42P06', message: `schema "${name}" already exists, skipping` });
    return [];
  }
  const list = new ActionList(context.editor);
  context.editor.putSchema({ oid: context.editor.freshOid(), name, owner });
  list.flush();
  for (const element of statement.elements) refuseOtherSchema(element, name);
  // Names in the elements are found in the new schema first; what others are made of comes before them.
  const later = elementOrder.length;
  const place = ({ kind }: ast.Statement): number => (elementOrder.includes(kind) ? elementOrder.indexOf(kind) : later);
  for (const element of [...statement.elements].sort((a, b) => place(a) - place(b)))
    list.actions.push({ kind: 'runStatement', statement: element, schema: name });
  return list.actions;
}

const elementOrder: readonly ast.Statement['kind'][] = ['createSequence', 'createTable', 'createView', 'createIndex', 'grant'];

function refuseOtherSchema(element: ast.Statement, schema: string): void {
  const name = element.kind === 'createTable' || element.kind === 'createView' || element.kind === 'createSequence' ? element.name : undefined;
  if (name?.schema !== undefined && name.schema !== schema)
    throw new PgError('42P15', `CREATE specifies a schema (${name.schema}) different from the one being created (${schema})`);
}

/** What TRUNCATE says of names that are no tables of the user's. */
function refuseUnwritable(context: DdlContext, name: ast.QualifiedName, relation: Relation | undefined): void {
  if (relation?.kind === 'table' && relation.materialized === undefined) return;
  if (relation !== undefined) throw new PgError('42809', `"${relation.name}" is not a table`);
  const system = systemRelationNamed(name.schema ?? 'pg_catalog', name.name);
  if (system?.kind === 'r') throw new PgError('42501', `permission denied: "${name.name}" is a system catalog`);
  if (system !== undefined) throw new PgError('42809', `"${name.name}" is not a table`);
  if (name.schema !== undefined && name.schema !== 'information_schema' && !context.editor.snapshot.schemaExists(name.schema))
    throw new PgError('3F000', `schema "${name.schema}" does not exist`);
}

export function planTruncate(statement: ast.Truncate, context: DdlContext): readonly DdlAction[] {
  const tables = new Map<number, Table>();
  const partitions: Partition[] = [];
  for (const item of statement.tables) {
    const relation = findRelation(context, item.name);
    if (relation?.kind === 'partition') {
      partitions.push(relation);
      continue;
    }
    refuseUnwritable(context, item.name, relation);
    const table = requireTable(context, item.name);
    if (table.materialized !== undefined) throw new PgError('42809', `"${table.name}" is not a table`);
    if (item.only && table.partitioning !== undefined)
      throw new PgError('42809', 'cannot truncate only a partitioned table', {
        hint: 'Do not specify the ONLY keyword, or use TRUNCATE ONLY on the partitions directly.',
      });
    for (const inheritor of item.only ? [table] : inheritorsOf(context.editor.snapshot, table)) tables.set(inheritor.oid, inheritor);
  }
  // Tables with foreign keys to a truncated one go with it, or forbid it.
  for (let grown = true; grown; ) {
    grown = false;
    for (const other of context.editor.snapshot.data.relations) {
      if (other.kind !== 'table' || tables.has(other.oid)) continue;
      const key = other.foreignKeys.find((candidate) => tables.has(candidate.targetOid));
      if (key === undefined) continue;
      if (!statement.cascade) {
        const target = tables.get(key.targetOid) as Table;
        throw new PgError('0A000', 'cannot truncate a table referenced in a foreign key constraint', {
          detail: `Table "${other.name}" references "${target.name}".`,
          hint: `Truncate table "${other.name}" at the same time, or use TRUNCATE ... CASCADE.`,
        });
      }
      context.notice({ severity: 'NOTICE', code: '00000', message: `truncate cascades to table "${other.name}"` });
      tables.set(other.oid, other);
      grown = true;
    }
  }
  const list = new ActionList(context.editor);
  const fire = (timing: 'before' | 'after'): void => {
    for (const table of tables.values())
      for (const trigger of firingTriggers(table, timing, 'statement', 'truncate')) list.add({ kind: 'fire', table, trigger, event: 'truncate' });
  };
  fire('before');
  for (const partition of partitions) emptyPartition(context, list, partition);
  for (const table of tables.values()) {
    list.sqlForTable(table, (schema) => `DELETE FROM ${quoted(schema)}.${quoted(table.physicalName)}`);
    if (!statement.restartIdentity) continue;
    for (const relation of context.editor.snapshot.data.relations)
      if (relation.kind === 'sequence' && relation.ownedBy?.tableOid === table.oid)
        list.step({ kind: 'setSequence', oid: relation.oid, lastValue: relation.start, isCalled: false });
  }
  fire('after');
  list.flush();
  return list.actions;
}
