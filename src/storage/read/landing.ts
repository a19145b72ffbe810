/** Landing tables: TEMP tables that hold the rows of an exchange on a snapshot's connection or on the writer's. */
import { PgError } from '../../common/errors.js';
import { floatDeclaration } from '../../types/float.js';
import type { SqlValue } from '../../types/value.js';
import type { Connection } from '../files/connection.js';
import { quoteName } from '../files/layout.js';
import { bindings } from '../files/parameters.js';
import { rowTableValues } from '../files/row-table.js';
import type { LandingTable } from '../ports.js';

const qualified = (name: string): string => `temp.${quoteName(name)}`;

export function createLandingTable(connection: Connection, table: LandingTable): void {
  const columns = table.columns.map((name, at) => `${quoteName(name)} ${table.types?.[at] ?? ''}`);
  connection.db.exec(`CREATE TEMP TABLE ${quoteName(table.name)}(${columns.length === 0 ? '_none' : columns.join(', ')})`);
}

/** Appends row-codec rows. */
export function landRows(connection: Connection, table: LandingTable, bytes: Uint8Array): void {
  const values = table.columns.length === 0 ? 'NULL' : rowTableValues(table.columns.map((_, at) => table.types[at] === floatDeclaration)).join(', ');
  connection.prepare(`INSERT INTO ${qualified(table.name)} SELECT ${values} FROM shoal_rows(?)`, false).run(bytes);
}

/** Appends the rows of a SELECT. */
export function fillLanding(connection: Connection, table: LandingTable, sql: string, params: readonly SqlValue[]): void {
  connection.prepare(`INSERT INTO ${qualified(table.name)} ${sql}`, false).run(...bindings(sql, params));
}

export function indexLandingTable(connection: Connection, table: LandingTable): void {
  for (const [number, columns] of table.indexes.entries()) {
    connection.db.exec(`CREATE INDEX temp.${quoteName(`${table.name}_${String(number)}`)} ON ${quoteName(table.name)}(${columns.map(quoteName).join(', ')})`);
  }
}

export function dropLandingTable(connection: Connection, name: string): void {
  connection.db.exec(`DROP TABLE IF EXISTS ${qualified(name)}`);
}

export function noLanding(name: string): PgError {
  return new PgError('XX000', `landing table ${name} does not exist`);
}
