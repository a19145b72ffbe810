/**
 * Makes the files of a database: global.sqlite with the first catalog, and the empty shard files of a group. Every file has `_shoal(lsn, epoch)`,
 * whose lsn is written in the data transactions and tells recovery where to go on.
 */
import Database from 'better-sqlite3';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { CatalogData } from '../../catalog/snapshot.js';
import { PgError } from '../../common/errors.js';
import { toCatalogJson } from './catalog-json.js';
import { catalogChange } from './catalog-store.js';
import { fsyncPath, writeFileDurably } from './durable.js';
import { type DatabaseLayout, globalSchema, shardSchema } from './layout.js';

const formatVersion = 1;
const pageBytes = 4096;

const fileTables = `
  CREATE TABLE _shoal(id INTEGER PRIMARY KEY CHECK (id = 1), lsn INTEGER NOT NULL, epoch INTEGER NOT NULL);
  CREATE TABLE _shoal_stat("table" TEXT PRIMARY KEY, "rows" INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
`;
const globalTables = `
  CREATE TABLE _shoal_object(oid INTEGER PRIMARY KEY, kind TEXT NOT NULL, json TEXT NOT NULL);
  CREATE TABLE _shoal_sequence(oid INTEGER PRIMARY KEY, last_value INTEGER NOT NULL, is_called INTEGER NOT NULL);
`;

/** PostgreSQL's first OID for users' objects. */
const firstUserOid = 16384;

export function initialCatalog(database: string): CatalogData {
  const owner = 'postgres';
  return {
    version: 1,
    database,
    nextOid: firstUserOid,
    schemas: [
      { oid: 11, name: 'pg_catalog', owner },
      { oid: 2200, name: 'public', owner: 'pg_database_owner' },
      { oid: 13186, name: 'information_schema', owner },
    ],
    relations: [],
    groups: [],
    roles: [{ oid: 10, name: owner, superuser: true, login: true }],
  };
}

/** Creates an SQLite file in WAL mode with lsn 0: every record of the log that names it concerns it. */
function createFile(path: string, sql: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  for (const stale of [temporary, `${temporary}-wal`, `${temporary}-shm`]) rmSync(stale, { force: true });
  const db = new Database(temporary);
  try {
    db.pragma(`page_size = ${String(pageBytes)}`);
    db.pragma('synchronous = FULL');
    db.pragma('auto_vacuum = NONE');
    db.pragma('journal_mode = WAL');
    db.exec(`BEGIN; ${fileTables} ${sql}; INSERT INTO _shoal VALUES (1, 0, 0); COMMIT`);
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
  fsyncPath(temporary);
  renameDurably(temporary, path);
}

function renameDurably(from: string, to: string): void {
  renameSync(from, to);
  fsyncPath(dirname(to));
}

/** Bytes of an empty shard file: all are alike. */
let emptyShard: Buffer | undefined;

/** The shard files of a new group; those that are there stay (a replay after a crash). Answers their schema names. */
export function createGroupFiles(layout: DatabaseLayout, group: string, shards: number): readonly string[] {
  const schemas = Array.from({ length: shards }, (_, shard) => shardSchema(group, shard));
  const missing = schemas.filter((schema) => !layout.exists(schema));
  if (missing.length === 0) return schemas;
  mkdirSync(layout.groupDirectory(group), { recursive: true });
  const paths = missing.map((schema) => layout.file(schema));
  if (emptyShard === undefined) {
    const [first] = paths as [string];
    createFile(first, '');
    emptyShard = readFileSync(first);
  }
  // Written whole under another name, made durable, then named: a file that is there is whole.
  for (const path of paths) {
    writeFileSync(`${path}.new`, emptyShard);
    fsyncPath(`${path}.new`);
    renameSync(`${path}.new`, path);
  }
  fsyncPath(layout.groupDirectory(group));
  fsyncPath(layout.directory);
  return schemas;
}

export function dropGroupFiles(layout: DatabaseLayout, group: string): void {
  rmSync(layout.groupDirectory(group), { recursive: true, force: true });
}

interface Manifest {
  readonly format: number;
  readonly database: string;
}

/** Makes a database directory ready: a new one gets its files, an old one is checked for its format. Under the directory lock. */
export function bootstrap(layout: DatabaseLayout, database: string, catalog: CatalogData = initialCatalog(database)): void {
  mkdirSync(layout.directory, { recursive: true });
  if (existsSync(layout.manifest)) {
    const manifest = JSON.parse(readFileSync(layout.manifest, 'utf8')) as Manifest;
    if (manifest.format !== formatVersion) {
      throw new PgError(
        '58P01',
        `the database directory "${layout.directory}" has format ${String(manifest.format)}, this version reads ${String(formatVersion)}`,
        { severity: 'FATAL' },
      );
    }
    return;
  }
  if (!layout.exists(globalSchema)) {
    const { upserts, version } = catalogChange(undefined, catalog);
    const rows = upserts.map(({ key, kind, json }) => `INSERT INTO _shoal_object VALUES (${String(key)}, '${kind}', '${json.replaceAll("'", "''")}')`);
    createFile(layout.file(globalSchema), `${globalTables} ${rows.join(';')}; PRAGMA user_version = ${String(version)}`);
  }
  mkdirSync(layout.log, { recursive: true });
  for (const group of catalog.groups) createGroupFiles(layout, group.name, group.bounds.length);
  writeFileDurably(layout.manifest, `${toCatalogJson({ format: formatVersion, database } satisfies Manifest)}\n`);
  fsyncPath(dirname(layout.directory));
}
