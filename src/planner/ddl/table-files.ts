/** The SQLite tables and indexes of a table in each of its files. Used by every statement that makes tables, indexes or unique constraints. */
import type { Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import { quoteIdentifier } from '../../sql/quote.js';
import { type ActionList, type DdlContext, ownRows } from './ddl.js';
import { createIndexSql, createTableSql, isKeptBySqlite } from './physical.js';

/** Puts a new table into the catalog and its SQLite tables and indexes into the files. */
export function putNewTable(context: DdlContext, list: ActionList, table: Table): void {
  context.editor.put(table);
  list.sqlForTable(table, (file) => createTableSql(file, table));
  for (const index of table.indexes) createIndexFiles(context, list, table, index);
}

/** Rows that are there already and exclude each other. */
export function refuseExcluded(list: ActionList, table: Table, index: Table['indexes'][number]): void {
  if (index.exclusion === undefined) return;
  const { operators } = index.exclusion;
  const keys = index.keys.map((key) => key.expressionText ?? quoteIdentifier(table.columns.find((column) => column.attribute === key.attribute)?.name ?? ''));
  const where = index.predicateText === undefined ? '' : ` WHERE ${index.predicateText}`;
  const rows = `(SELECT tableoid AS shoal_table, ctid AS shoal_place, ${keys.map((text, at) => `(${text}) AS k${String(at)}`).join(', ')} FROM ${ownRows(table)}${where})`;
  const tests = operators.map(({ name }, at) => `a.k${String(at)} OPERATOR(pg_catalog.${name}) b.k${String(at)}`);
  list.add({
    kind: 'refuseIfAny',
    sql: `SELECT 1 FROM ${rows} a, ${rows} b WHERE a.shoal_place <> b.shoal_place AND ${tests.join(' AND ')} LIMIT 1`,
    error: new PgError('23P01', `could not create exclusion constraint "${index.name}"`, {
      detail: 'Key conflicts exist.',
      schema: table.schema,
      table: table.name,
      constraint: index.name,
    }),
  });
}

/** A unique index that SQLite does not keep, or whose key does not decide the shard: rows that are there already are compared over all shards. */
export function refuseDuplicates(list: ActionList, table: Table, index: Table['indexes'][number]): void {
  const { distribution } = table;
  const isLocal = distribution.kind === 'reference' || distribution.columns.every((attribute) => index.keys.some((key) => key.attribute === attribute));
  if (!index.unique || (isLocal && isKeptBySqlite(index))) return;
  const columns = index.keys.map(
    (key) => key.expressionText ?? quoteIdentifier(table.columns.find((column) => column.attribute === key.attribute)?.name ?? ''),
  );
  const conditions = [
    ...(index.predicateText === undefined ? [] : [`(${index.predicateText})`]),
    ...(index.nullsNotDistinct ? [] : columns.map((column) => `(${column}) IS NOT NULL`)),
  ];
  list.add({
    kind: 'refuseIfAny',
    sql: `SELECT 1 FROM ${ownRows(table)}${conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`} GROUP BY ${columns.join(', ')} HAVING count(*) > 1 LIMIT 1`,
    error: new PgError('23505', `could not create unique index "${index.name}"`, {
      detail: `A key of columns (${columns.join(', ')}) is duplicated.`,
      schema: table.schema,
      table: table.name,
      constraint: index.name,
    }),
  });
}

export function createIndexFiles(context: DdlContext, list: ActionList, table: Table, index: Table['indexes'][number]): void {
  const written = context.binder(list.editor.snapshot).index(table, index);
  list.sqlForTable(table, (schema) => createIndexSql(schema, table, index, written));
  if (index.exclusion === undefined) return;
  const exclusion = { ...index.exclusion, sql: context.binder(list.editor.snapshot).exclusion(table, index) };
  const current = list.editor.snapshot.relationByOid(table.oid);
  if (current?.kind !== 'table') throw new Error('assertion failed: the table is in the catalog');
  list.editor.put({ ...current, indexes: current.indexes.map((one) => (one.oid === index.oid ? { ...one, exclusion } : one)) });
}
