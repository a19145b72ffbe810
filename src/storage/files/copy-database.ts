/**
 * Copies a database's files into a directory of their own (CREATE DATABASE ... TEMPLATE): each file whole, under the identity of the new database, as of a log that begins
 * anew. Nobody but its reader may write the source meanwhile. Run by a scan thread (storage/worker-entry).
 */
import Database from 'better-sqlite3';
import { mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { groupSchemaNames } from '../../catalog/shard-group.js';
import { PgError } from '../../common/errors.js';
import { CancelWords } from '../shared.js';
import { requirePageGuard } from '../integrity/page-guard.js';
import { toPgError } from '../sqlite-errors.js';
import { loadCatalog } from './catalog-store.js';
import { Connection, type RegisterFunctions } from './connection.js';
import { fsyncPath } from './durable.js';
import { DatabaseLayout, globalSchema, quoteName } from './layout.js';
import { fileIdentity, newManifest, writeManifest } from './manifest.js';

/** Behind the name of a directory that is not whole yet. */
export const unfinishedSuffix = '.new';
/** Bytes of a row nobody has counted. */
const guessedRowBytes = 100;

/** The target's directory is there when it is whole, and durable. */
export function copyDatabase(source: DatabaseLayout, target: DatabaseLayout, name: string, register: RegisterFunctions): void {
  const unfinished = new DatabaseLayout(`${target.directory}${unfinishedSuffix}`, target.oid);
  rmSync(unfinished.directory, { recursive: true, force: true });
  mkdirSync(unfinished.log, { recursive: true, mode: 0o700 });
  const connection = new Connection({ layout: source, register, cancel: new CancelWords(new SharedArrayBuffer(0)) });
  try {
    connection.attach(globalSchema);
    const { groups } = loadCatalog(connection.db, source.oid);
    // (Nobody is connected, but the split of a shard goes on after a restart, with nobody there.)
    if (groups.some(({ split }) => split !== undefined))
      throw new PgError('55006', 'the source database is in use', { detail: 'One of its shards is being split.', hint: 'Try again when the split has ended.' });
    const manifest = newManifest(name);
    const directories = new Set([unfinished.directory, unfinished.log]);
    for (const schema of [globalSchema, ...groups.flatMap(groupSchemaNames)]) {
      const path = unfinished.file(schema);
      mkdirSync(dirname(path), { recursive: true });
      directories.add(dirname(path));
      connection.attachAll([schema]);
      connection.db.exec(`VACUUM ${quoteName(schema)} INTO '${path.replaceAll("'", "''")}'`);
      adopt(path, fileIdentity(manifest, schema));
      fsyncPath(path);
    }
    writeManifest(unfinished, manifest);
    for (const directory of directories) fsyncPath(directory);
    renameSync(unfinished.directory, target.directory);
    fsyncPath(dirname(target.directory));
  } catch (error) {
    rmSync(unfinished.directory, { recursive: true, force: true });
    throw toPgError(error);
  } finally {
    connection.close();
  }
}

/** Makes a copy the file of another database, in our journal mode, that has no record of its log yet; and counts its rows, which the source's last checkpoint need not have. */
function adopt(path: string, identity: number): void {
  requirePageGuard();
  const db = new Database(path);
  try {
    db.pragma('synchronous = OFF');
    db.pragma('journal_mode = WAL');
    db.pragma(`application_id = ${String(identity)}`);
    db.exec('BEGIN; UPDATE _shoal SET lsn = 0, epoch = 0');
    const tables = db
      .prepare<[], string>(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
      )
      .pluck()
      .all();
    const counted = db.prepare<[string], { readonly rows: number; readonly bytes: number }>('SELECT "rows", bytes FROM _shoal_stat WHERE "table" = ?');
    for (const table of tables) {
      const rows =
        db
          .prepare<[], number>(`SELECT count(*) FROM ${quoteName(table)}`)
          .pluck()
          .get() ?? 0;
      const before = counted.get(table);
      const rowBytes = before === undefined || before.rows === 0 ? guessedRowBytes : before.bytes / before.rows;
      db.prepare('INSERT OR REPLACE INTO _shoal_stat VALUES (?, ?, ?)').run(table, BigInt(rows), BigInt(Math.round(rows * rowBytes)));
    }
    db.exec('COMMIT');
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
}
