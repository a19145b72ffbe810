/**
 * CREATE INDEX.
 */
import { refuseForeignUnique } from './partition.js';
import { addPartitionIndex, shapeOf } from './partition-parts.js';
import { objectName } from '../../catalog/edit.js';
import type { Index } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { indexColumnName } from '../bind/column-name.js';
import { columnNamed } from './constraints.js';
import { accessMethods } from '../../catalog/pg-catalog/pg-opclass.js';
import { indexKey } from './index-key.js';
import { requireTablespace, storageOptions } from './storage-parameters.js';
import { createIndexFiles, refuseDuplicates } from './table-files.js';
import { ActionList, type DdlAction, type DdlContext, duplicateRelation, findRelation, requireTable } from './ddl.js';

export function planCreateIndex(statement: ast.CreateIndex, context: DdlContext): readonly DdlAction[] {
  const found = findRelation(context, statement.table);
  const partition = found?.kind === 'partition' ? found : undefined;
  const table = partition === undefined ? requireTable(context, statement.table) : shapeOf(context, partition);
  if (!accessMethods.has(statement.accessMethod)) throw new PgError('42704', `access method "${statement.accessMethod}" does not exist`);
  if (statement.accessMethod === 'hash' && statement.elements.length > 1)
    throw new PgError('0A000', 'access method "hash" does not support multicolumn indexes');
  if (statement.unique && statement.accessMethod !== 'btree')
    throw new PgError('0A000', `access method "${statement.accessMethod}" does not support unique indexes`);
  if (statement.name !== undefined && context.editor.nameTaken(table.schema, statement.name)) {
    if (!statement.ifNotExists) throw duplicateRelation(statement.name);
    context.notice({ severity: 'NOTICE', code: '42P07', message: `relation "${statement.name}" already exists, skipping` });
    return [];
  }
  if (statement.concurrently && context.inBlock) throw new PgError('25001', 'CREATE INDEX CONCURRENTLY cannot run inside a transaction block');
  requireTablespace(statement.tablespace);
  const { editor } = context;
  const binder = context.binder(editor.snapshot);
  const keys = statement.elements.map((element) => indexKey(context, table, element, statement.accessMethod));
  const names = statement.elements.map((element) => element.column ?? (element.expression === undefined ? 'expr' : indexColumnName(element.expression)));
  const index: Index = {
    oid: context.editor.freshOid(),
    name: statement.name ?? context.editor.freeName(table.schema, objectName(table.name, [...names, ...statement.including].join('_'), 'idx')),
    unique: statement.unique,
    primary: false,
    nullsNotDistinct: statement.nullsNotDistinct,
    keys,
    include: statement.including.map((name) => columnNamed(table, name).attribute),
    constraint: false,
    method: statement.accessMethod,
    ...storageOptions(statement.accessMethod, statement.options),
    ...(statement.only && table.partitioning !== undefined ? { only: true } : {}),
    ...(statement.where === undefined ? {} : { predicateText: binder.expression(statement.where, table, { oid: 16, typmod: -1 }, 'predicate') }),
  };
  const list = new ActionList(context.editor);
  if (partition !== undefined) {
    addPartitionIndex(context, list, partition, index);
    list.flush();
    return list.actions;
  }
  refuseForeignUnique(table, index);
  refuseDuplicates(list, table, index);
  const indexed = { ...table, indexes: [...table.indexes, index] };
  context.editor.put(indexed);
  createIndexFiles(context, list, indexed, index);
  list.flush();
  return list.actions;
}
