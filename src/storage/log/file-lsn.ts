/** The lsn that a file carries: of the last log record applied to it, written in the same SQLite transaction as the record's rows. */
import type { Connection } from '../files/connection.js';
import { quoteName } from '../files/layout.js';

export function readLsn(connection: Connection, schema: string): number {
  return connection.prepare(`SELECT lsn FROM ${quoteName(schema)}._shoal`, false).get()?.[0] as number;
}

export function writeLsn(connection: Connection, schema: string, lsn: number): void {
  connection.prepare(`UPDATE ${quoteName(schema)}._shoal SET lsn = ?`, false).run(lsn);
}
