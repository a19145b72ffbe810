/**
 * Logical digests: what the tables of a file hold at a record of the log, whatever pages it lies in. A file is made by the log alone, so two copies of it that carry the same
 * lsn must have the same digests; page checksums notice a page that is damaged, this a copy that has gone another way. Asked for by cluster/replication.
 */
import { createHash, type Hash } from 'node:crypto';
import type { SqlValue } from '../../types/value.js';
import type { Connection } from '../files/connection.js';
import { quoteName } from '../files/layout.js';
import { readLsn } from '../log/file-lsn.js';

export interface TableDigest {
  /** Physical name. */
  readonly table: string;
  readonly rows: number;
  /** SHA-256 over the rows in the order of their numbers, in hexadecimal. */
  readonly digest: string;
}

/** All tables of a file at one record of the log. */
export interface FileDigest {
  readonly schema: string;
  /** The last record that changed the file. */
  readonly lsn: number;
  readonly tables: readonly TableDigest[];
}

/** A table of which a copy holds something else than the primary's. */
export interface CopyDifference {
  readonly schema: string;
  readonly table: string;
  readonly lsn: number;
  /** undefined: there is no such table. */
  readonly ours: TableDigest | undefined;
  readonly theirs: TableDigest | undefined;
}

/** What each node keeps for itself (lsn, counters, estimates) differs, and may. */
const ownTables = /^_shoal(?!_object$)|^sqlite_/;
const portionRows = 1000;

/** Begins a read transaction over files that are attached. Answers the last record of each, as it is seen from now on. */
export function openForDigests(connection: Connection, schemas: readonly string[]): ReadonlyMap<string, number> {
  connection.control('BEGIN');
  return new Map(schemas.map((schema) => [schema, readLsn(connection, schema)]));
}

/** In an open transaction. pause: between portions of rows; rests, or throws to stop. */
export function digestTables(connection: Connection, schema: string, pause: () => void): readonly TableDigest[] {
  const names = connection.prepare(`SELECT name FROM ${quoteName(schema)}.sqlite_schema WHERE type = 'table' ORDER BY name`, false).all();
  const tables = names.map(([name]) => String(name)).filter((name) => !ownTables.test(name));
  return tables.map((table) => digestTable(connection, schema, table, pause));
}

function digestTable(connection: Connection, schema: string, table: string, pause: () => void): TableDigest {
  const hash = createHash('sha256');
  let rows = 0;
  for (const row of connection.prepare(`SELECT * FROM ${quoteName(schema)}.${quoteName(table)} ORDER BY rowid`, true).iterate()) {
    for (const value of row) update(hash, value);
    if (++rows % portionRows === 0) pause();
  }
  return { table, rows, digest: hash.digest('hex') };
}

const tag = { null: 0, integer: 1, real: 2, text: 3, blob: 4 } as const;

/** A value with its storage class: 2 is not 2.0, nor '2'. */
function update(hash: Hash, value: SqlValue): void {
  const head = Buffer.alloc(9);
  if (value === null) {
    hash.update(head.subarray(0, 1));
  } else if (typeof value === 'bigint') {
    head.writeUInt8(tag.integer, 0);
    head.writeBigInt64LE(value, 1);
    hash.update(head);
  } else if (typeof value === 'number') {
    head.writeUInt8(tag.real, 0);
    head.writeDoubleLE(value, 1);
    hash.update(head);
  } else {
    const bytes = typeof value === 'string' ? Buffer.from(value) : value;
    head.writeUInt8(typeof value === 'string' ? tag.text : tag.blob, 0);
    head.writeUInt32LE(bytes.byteLength, 1);
    hash.update(head.subarray(0, 5)).update(bytes);
  }
}

/** What differs between two copies, of the files that stand at the same record in both; `pending` names those that do not, and must be asked again. */
export function compareDigests(
  ours: readonly FileDigest[],
  theirs: readonly FileDigest[],
): { readonly differences: readonly CopyDifference[]; readonly pending: readonly string[] } {
  const others = new Map(theirs.map((file) => [file.schema, file]));
  const differences: CopyDifference[] = [];
  const pending: string[] = [];
  for (const own of ours) {
    const other = others.get(own.schema);
    if (other?.lsn !== own.lsn) {
      pending.push(own.schema);
      continue;
    }
    const names = new Set([...own.tables, ...other.tables].map(({ table }) => table));
    for (const table of names) {
      const [here, there] = [own, other].map((file) => file.tables.find((each) => each.table === table));
      if (here?.digest !== there?.digest) differences.push({ schema: own.schema, table, lsn: own.lsn, ours: here, theirs: there });
    }
  }
  return { differences, pending };
}
