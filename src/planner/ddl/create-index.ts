/**
 * CREATE INDEX.
 */
import { refuseForeignUnique } from './partition.js';
import { addPartitionIndex, shapeOf } from './partition-parts.js';
import { objectName } from '../../catalog/edit.js';
import type { Index, IndexKey } from '../../catalog/table.js';
import { notSupported, PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { indexColumnName } from '../bind/column-name.js';
import { columnNamed, requireOperatorClass, systemColumns } from './constraints.js';
import { undeterminedCollation } from '../../functions/scalar/collation.js';
import { formatType, requireType } from '../../types/registry.js';
import { operatorClassOf } from '../../catalog/pg-catalog/pg-opclass.js';
import { collationOf } from '../../catalog/pg-catalog/index-columns.js';
import { collationRef, requireCollation } from '../../catalog/collation.js';
import { requireTablespace, storageOptions } from './storage-parameters.js';
import { createIndexFiles, refuseDuplicates } from './table-files.js';
import { ActionList, type DdlAction, type DdlContext, duplicateRelation, findRelation, requireTable } from './ddl.js';

const methods = new Set(['btree', 'hash', 'gin', 'gist', 'spgist', 'brin']);

/** What the key says of collation and operator class beyond what its column and type have by themselves. */
function keyClass(context: DdlContext, element: ast.IndexElement, method: string, typeOid: number, own: number): Pick<IndexKey, 'collation' | 'operatorClass'> {
  if (element.collation !== undefined && requireType(typeOid).collationOid === 0)
    throw new PgError('42804', `collations are not supported by type ${formatType(typeOid)}`);
  const declared = element.collation === undefined ? own : requireCollation(context.editor.snapshot, context.searchPath, element.collation);
  const collation = declared === own ? undefined : (collationRef(declared, typeOid) ?? 'default');
  const operatorClass = element.operatorClass?.at(-1);
  return {
    ...(collation === undefined ? {} : { collation }),
    ...(operatorClass === undefined || operatorClass === operatorClassOf(typeOid, method)?.name ? {} : { operatorClass }),
  };
}

export function planCreateIndex(statement: ast.CreateIndex, context: DdlContext): readonly DdlAction[] {
  const found = findRelation(context, statement.table);
  const partition = found?.kind === 'partition' ? found : undefined;
  const table = partition === undefined ? requireTable(context, statement.table) : shapeOf(context, partition);
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
  if (statement.concurrently && context.inBlock) throw new PgError('25001', 'CREATE INDEX CONCURRENTLY cannot run inside a transaction block');
  requireTablespace(statement.tablespace);
  const { editor } = context;
  const binder = context.binder(editor.snapshot);
  const keys = statement.elements.map((element): IndexKey => {
    const descending = element.direction === 'desc';
    const nullsFirst = element.nulls === 'default' ? descending : element.nulls === 'first';
    if (element.column !== undefined) {
      if (systemColumns.has(element.column)) throw new PgError('0A000', 'index creation on system columns is not supported');
      const column = table.columns.find((candidate) => candidate.name === element.column);
      if (column === undefined) throw new PgError('42703', `column "${element.column}" does not exist`);
      requireOperatorClass(statement.accessMethod, column.typeOid, element.operatorClass);
      return {
        attribute: column.attribute,
        descending,
        nullsFirst,
        ...keyClass(context, element, statement.accessMethod, column.typeOid, collationOf(editor.snapshot, column)),
      };
    }
    if (element.expression === undefined) throw notSupported('an index element without column or expression');
    const { text: expressionText, type, collation } = binder.indexKey(element.expression, table);
    const typeOid = type.oid;
    if (collation === undefined && element.collation === undefined) throw undeterminedCollation('index expression');
    requireOperatorClass(statement.accessMethod, typeOid, element.operatorClass);
    const own = collationRef(collation ?? 0, typeOid);
    return {
      attribute: 0,
      expressionText,
      typeOid,
      ...(own === undefined ? {} : { expressionCollation: own }),
      descending,
      nullsFirst,
      ...keyClass(context, element, statement.accessMethod, typeOid, collation ?? 0),
    };
  });
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
