/**
 * CREATE INDEX.
 */
import { refuseForeignUnique } from './partition.js';
import { objectName } from '../../catalog/edit.js';
import type { Index, IndexKey } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { indexColumnName } from '../bind/column-name.js';
import { columnNamed, requireOrdered, systemColumns } from './constraints.js';
import { createIndexFiles, refuseDuplicates } from './table-files.js';
import { ActionList, type DdlAction, type DdlContext, duplicateRelation, requireTable } from './ddl.js';

const methods = new Set(['btree', 'hash', 'gin', 'gist', 'spgist', 'brin']);

export function planCreateIndex(statement: ast.CreateIndex, context: DdlContext): readonly DdlAction[] {
  const table = requireTable(context, statement.table);
  if (!methods.has(statement.accessMethod)) throw new PgError('42704', `access method "${statement.accessMethod}" does not exist`);
  if (statement.accessMethod === 'hash' && statement.elements.length > 1)
    throw new PgError('0A000', 'access method "hash" does not support multicolumn indexes');
  if (statement.unique && statement.accessMethod !== 'btree')
    throw new PgError('0A000', `access method "${statement.accessMethod}" does not support unique indexes`);
  if (statement.name !== undefined && context.editor.nameTaken(table.schema, statement.name)) {
    if (!statement.ifNotExists) throw duplicateRelation(statement.name);
    context.notice({ severity: 'NOTICE', code: '42P07', message: `relation "${statement.name}" already exists, skipping` });
    return [];
  }
  const binder = context.binder(context.editor.snapshot);
  const keys = statement.elements.map((element): IndexKey => {
    const descending = element.direction === 'desc';
    const nullsFirst = element.nulls === 'default' ? descending : element.nulls === 'first';
    if (element.column !== undefined) {
      if (systemColumns.has(element.column)) throw new PgError('0A000', 'index creation on system columns is not supported');
      const column = table.columns.find((candidate) => candidate.name === element.column);
      if (column === undefined) throw new PgError('42703', `column "${element.column}" does not exist`);
      if (statement.accessMethod === 'btree') requireOrdered(column);
      return { attribute: column.attribute, descending, nullsFirst };
    }
    if (element.expression === undefined) throw notSupported('an index element without column or expression');
    return { attribute: 0, expressionText: binder.expression(element.expression, table, undefined, 'index'), descending, nullsFirst };
  });
  const names = statement.elements.map((element) => element.column ?? (element.expression === undefined ? 'expr' : indexColumnName(element.expression)));
  const index: Index = {
    oid: context.editor.freshOid(),
    name: statement.name ?? context.editor.freeName(table.schema, objectName(table.name, names.join('_'), 'idx')),
    unique: statement.unique,
    primary: false,
    nullsNotDistinct: statement.nullsNotDistinct,
    keys,
    include: statement.including.map((name) => columnNamed(table, name).attribute),
    constraint: false,
    method: statement.accessMethod,
    ...(statement.where === undefined ? {} : { predicateText: binder.expression(statement.where, table, { oid: 16, typmod: -1 }, 'predicate') }),
  };
  refuseForeignUnique(table, index);
  const list = new ActionList(context.editor);
  refuseDuplicates(list, table, index);
  const indexed = { ...table, indexes: [...table.indexes, index] };
  context.editor.put(indexed);
  createIndexFiles(context, list, indexed, index);
  list.flush();
  return list.actions;
}
