/** Landing tables: TEMP tables that hold the rows of an exchange on a snapshot's connection or on the writer's. */
import { PgError } from '../../common/errors.js';
import type { RowReader } from '../../types/row-codec.js';
import type { SqlValue } from '../../types/value.js';
import type { Connection } from '../files/connection.js';
import { quoteName } from '../files/layout.js';
import type { LandingTable } from '../ports.js';

const qualified = (name: string): string => `temp.${quoteName(name)}`;

export function createLandingTable(connection: Connection, table: LandingTable): void {
  const columns = table.columns.map((name, at) => `${quoteName(name)} ${table.types?.[at] ?? ''}`);
  connection.db.exec(`CREATE TEMP TABLE ${quoteName(table.name)}(${columns.length === 0 ? '_none' : columns.join(', ')})`);
}

/** Appends rows of a row-codec reader. */
export function landRows(connection: Connection, table: LandingTable, rows: RowReader): void {
  const { columns, types } = table;
  const statement = connection.prepare(`INSERT INTO ${qualified(table.name)} VALUES (?${', ?'.repeat(Math.max(columns.length, 1) - 1)})`, false);
  // Integral numbers of columns without a declared type land as INTEGER; a declared type converts by itself.
  const untyped = columns.map((_, at) => (types?.[at] ?? '') === '' || types?.[at] === 'BLOB');
  const anyUntyped = untyped.includes(true);
  while (rows.next()) {
    const { values } = rows;
    if (anyUntyped) for (let at = 0; at < values.length; at++) if (untyped[at] === true) values[at] = integral(values[at] as SqlValue);
    if (columns.length === 0) statement.run(null);
    else statement.run(values);
  }
}

function integral(value: SqlValue): SqlValue {
  return typeof value === 'number' && Number.isInteger(value) && !Object.is(value, -0) ? BigInt(value) : value;
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
