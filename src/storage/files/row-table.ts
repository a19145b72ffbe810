/**
 * Encoded rows (types/row-codec) as a table of SQLite: native/row-table.c gives each connection `shoal_rows(bytes)` and `shoal_real(x)`, so that one INSERT ... SELECT moves a portion of rows
 * into a table without a JavaScript value for any of them. Used for COPY, for landing tables, and by recovery.
 */
import type Database from 'better-sqlite3';
import { nativeLibrary } from './native-library.js';

/** ROW_TABLE_VERSION of native/row-table.c. */
const version = 1;

/** Gives a connection the table `shoal_rows`. */
export function loadRowTable(db: Database.Database): void {
  db.loadExtension(nativeLibrary('rowtable', version));
}

/**
 * The values of encoded rows as columns of a table take them. isReal: of each column, whether it holds floats; the codec does not tell REAL 2.0 from INTEGER 2, and float
 * columns have no affinity that would.
 */
export function rowTableValues(isReal: readonly boolean[]): readonly string[] {
  return isReal.map((real, at) => (real ? `shoal_real(c${String(at)})` : `c${String(at)}`));
}

/** Inserts rows that bring their numbers along, as the first value of each. Parameter: the rows' bytes. table, columns, isReal: as of insertRowsSql, without the number. */
export function insertNumberedRowsSql(table: string, columns: readonly string[], isReal: readonly boolean[]): string {
  return `INSERT INTO ${table}(${['_rowid', ...columns].join(', ')}) SELECT ${rowTableValues([false, ...isReal]).join(', ')} FROM shoal_rows(?)`;
}

/**
 * Inserts rows under consecutive row numbers. Parameters: the first number (bigint), the rows' bytes.
 * table: qualified and quoted; columns: quoted, in the order of the rows' values, with whether they hold floats.
 */
export function insertRowsSql(table: string, columns: readonly string[], isReal: readonly boolean[]): string {
  return `INSERT INTO ${table}(${['_rowid', ...columns].join(', ')}) SELECT ${['? + rowid', ...rowTableValues(isReal)].join(', ')} FROM shoal_rows(?)`;
}
