/**
 * Live rows and bytes per table and shard, for the planner: counted at commit, kept in `_shoal_stat` of each file by checkpoints. After a crash they may be behind
 * by the commits since the last checkpoint; they are estimates.
 */
import type { SqlValue } from '../../types/value.js';
import type { Connection } from '../files/connection.js';
import { quoteName } from '../files/layout.js';

interface Counter {
  rows: number;
  bytes: number;
  dirty: boolean;
}

export class TableStatistics {
  /** By schema, then physical table name. */
  private readonly files = new Map<string, Map<string, Counter>>();

  constructor(private readonly connection: Connection) {}

  counter(schema: string, table: string): Counter {
    const file = this.file(schema);
    let counter = file.get(table);
    if (counter === undefined) {
      counter = { rows: 0, bytes: 0, dirty: false };
      file.set(table, counter);
    }
    return counter;
  }

  add(schema: string, table: string, rows: number, bytes: number): void {
    const counter = this.counter(schema, table);
    counter.rows = Math.max(0, counter.rows + rows);
    counter.bytes = Math.max(0, counter.bytes + bytes);
    counter.dirty = true;
  }

  /** Takes the counts anew, e.g. of a table that DDL has filled by SQL. */
  recount(schema: string, table: string): void {
    const name = `${quoteName(schema)}.${quoteName(table)}`;
    const rows = Number(this.connection.db.prepare<unknown[], SqlValue[]>(`SELECT count(*) FROM ${name}`).raw(true).get()?.[0] ?? 0);
    const counter = this.counter(schema, table);
    const average = counter.rows > 0 ? counter.bytes / counter.rows : 100;
    counter.rows = rows;
    counter.bytes = Math.round(rows * average);
    counter.dirty = true;
  }

  /** Writes what changed, inside a transaction. */
  store(): void {
    for (const [schema, tables] of this.files) {
      if (!this.connection.isAttached(schema)) {
        this.files.delete(schema);
        continue;
      }
      const statement = this.connection.prepare(`INSERT OR REPLACE INTO ${quoteName(schema)}._shoal_stat VALUES (?, ?, ?)`, false);
      for (const [table, counter] of tables) {
        if (!counter.dirty) continue;
        statement.run(table, counter.rows, counter.bytes);
        counter.dirty = false;
      }
    }
  }

  private file(schema: string): Map<string, Counter> {
    let file = this.files.get(schema);
    if (file === undefined) {
      file = new Map();
      this.files.set(schema, file);
      for (const row of this.connection.prepare(`SELECT "table", "rows", bytes FROM ${quoteName(schema)}._shoal_stat`, false).all()) {
        file.set(row[0] as string, { rows: row[1] as number, bytes: row[2] as number, dirty: false });
      }
    }
    return file;
  }
}

/** Estimated bytes of a row at rest. */
export function rowBytes(values: readonly SqlValue[]): number {
  let bytes = 8;
  for (const value of values) {
    if (typeof value === 'string') bytes += value.length + 1;
    else if (typeof value === 'object' && value !== null) bytes += value.byteLength + 1;
    else bytes += 5;
  }
  return bytes;
}
