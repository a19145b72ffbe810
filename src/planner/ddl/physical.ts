/**
 * SQLite's side of tables and indexes: the text of CREATE TABLE and CREATE INDEX for one attached schema.
 */
import { type Column, type Index, type Table, physicalIndexName } from '../../catalog/table.js';
import { columnDeclaration, indexKeySql } from '../sqlite/column-declaration.js';
import type { WrittenIndex } from '../sqlite/write-index.js';

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

export function createTableSql(schema: string, table: Table): string {
  const columns = table.columns.map((column) => `${quoted(column.physicalName)} ${columnDeclaration(column.typeOid, column.typmod)}`);
  return `CREATE TABLE ${quoted(schema)}.${quoted(table.physicalName)} (${['_rowid INTEGER PRIMARY KEY', ...columns].join(', ')})`;
}

export function dropTableSql(schema: string, table: Table): string {
  return `DROP TABLE ${quoted(schema)}.${quoted(table.physicalName)}`;
}

export function addColumnSql(schema: string, table: Table, column: Column): string {
  return `ALTER TABLE ${quoted(schema)}.${quoted(table.physicalName)} ADD COLUMN ${quoted(column.physicalName)} ${columnDeclaration(column.typeOid, column.typmod)}`;
}

export function dropColumnSql(schema: string, table: Table, column: Column): string {
  return `ALTER TABLE ${quoted(schema)}.${quoted(table.physicalName)} DROP COLUMN ${quoted(column.physicalName)}`;
}

/** Whether SQLite's own index refuses a key that is there already, within one file. */
export function isKeptBySqlite(index: Index): boolean {
  return index.unique && !index.nullsNotDistinct && index.deferral === undefined;
}

/** CREATE INDEX. `written`: the keys and the predicate of the index in SQLite's spelling. */
export function createIndexSql(schema: string, table: Table, index: Index, written: WrittenIndex): string {
  const keys = index.keys.map((key, at) => {
    const column = table.columns.find((candidate) => candidate.attribute === key.attribute);
    if (column !== undefined) return indexKeySql(column, key.descending);
    return key.descending ? `${written.keys[at] ?? ''} DESC` : (written.keys[at] ?? '');
  });
  const unique = isKeptBySqlite(index) ? 'UNIQUE ' : '';
  const where = written.predicate === undefined ? '' : ` WHERE ${written.predicate}`;
  return `CREATE ${unique}INDEX ${quoted(schema)}.${quoted(physicalIndexName(index))} ON ${quoted(table.physicalName)} (${keys.join(', ')})${where}`;
}

export function dropIndexSql(schema: string, index: Index): string {
  return `DROP INDEX IF EXISTS ${quoted(schema)}.${quoted(physicalIndexName(index))}`;
}

/** A name for a column in the SQLite table: the user's unless a live or dropped column has it. */
export function physicalColumnName(name: string, attribute: number, taken: readonly string[]): string {
  const folded = name.toLowerCase();
  const reserved = folded === '_rowid' || folded === 'rowid' || folded === 'oid' || folded === '_rowid_' || folded === '';
  return reserved || taken.some((other) => other.toLowerCase() === folded) ? `${name}_${String(attribute)}` : name;
}
