/**
 * Makes the files of a database: global.sqlite with the first catalog, and the empty shard files of a group. Every file has `_shoal(lsn, epoch)`,
 * whose lsn is written in the data transactions and tells recovery where to go on, page checksums, and as its application_id its identity (files/manifest).
 */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open, rename } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { firstUserOid, initialServerCatalog, postgresOid } from '../../catalog/server-catalog.js';
import { groupSchemaNames } from '../../catalog/shard-group.js';
import type { CatalogData } from '../../catalog/snapshot.js';
import { PgError } from '../../common/errors.js';
import { openGuardedFile, stampFirstPage } from '../integrity/page-guard.js';
import { catalogChange } from './catalog-store.js';
import { fsyncPath } from './durable.js';
import { type DatabaseLayout, globalSchema, parseShardSchema, shardSchema } from './layout.js';
import { fileIdentity, newManifest, readManifest, writeManifest, type Manifest } from './manifest.js';

const fileTables = `
  CREATE TABLE _shoal(id INTEGER PRIMARY KEY CHECK (id = 1), lsn INTEGER NOT NULL, epoch INTEGER NOT NULL);
  CREATE TABLE _shoal_stat("table" TEXT PRIMARY KEY, "rows" INTEGER NOT NULL, bytes INTEGER NOT NULL) WITHOUT ROWID;
`;
const globalTables = `
  CREATE TABLE _shoal_object(oid INTEGER PRIMARY KEY, kind TEXT NOT NULL, json TEXT NOT NULL);
  CREATE TABLE _shoal_sequence(oid INTEGER PRIMARY KEY, last_value INTEGER NOT NULL, is_called INTEGER NOT NULL);
`;

/** Of a database with nothing in it. */
export function initialCatalog(oid: number = postgresOid): CatalogData {
  const owner = 'postgres';
  return {
    version: 1,
    databaseOid: oid,
    nextOid: firstUserOid,
    schemas: [
      { oid: 11, name: 'pg_catalog', owner },
      { oid: 2200, name: 'public', owner: 'pg_database_owner' },
      { oid: 13186, name: 'information_schema', owner },
    ],
    relations: [],
    groups: [],
    server: initialServerCatalog,
  };
}

/** Creates an SQLite file in WAL mode with lsn 0: every record of the log that names it concerns it. */
function createFile(path: string, sql: string, identity: number): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.new`;
  for (const stale of [temporary, `${temporary}-wal`, `${temporary}-shm`]) rmSync(stale, { force: true });
  makeFile(temporary, sql, identity);
  fsyncPath(temporary);
  renameDurably(temporary, path);
}

/** Not durable yet. */
function makeFile(path: string, sql: string, identity: number): void {
  const db = openGuardedFile(path);
  try {
    db.pragma('synchronous = OFF');
    db.pragma('auto_vacuum = NONE');
    db.pragma(`application_id = ${String(identity)}`);
    db.pragma('journal_mode = WAL');
    db.exec(`BEGIN; ${fileTables} ${sql}; INSERT INTO _shoal VALUES (1, 0, 0); COMMIT`);
    db.pragma('wal_checkpoint(TRUNCATE)');
  } finally {
    db.close();
  }
}

function renameDurably(from: string, to: string): void {
  renameSync(from, to);
  fsyncPath(dirname(to));
}

/** Bytes of an empty shard file: all are alike but for their identity. */
let emptyShard: Buffer | undefined;

function emptyShardFile(): Buffer {
  if (emptyShard !== undefined) return emptyShard;
  const directory = mkdtempSync(join(tmpdir(), 'shoal-empty-'));
  try {
    const path = join(directory, 'empty.sqlite');
    makeFile(path, '', 0);
    return (emptyShard = readFileSync(path));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Schema names of shard files of a group, numbered from `first` on, that are not there (after a crash some may be). */
function missingShards(layout: DatabaseLayout, group: string, first: number, count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => shardSchema(group, first + at)).filter((schema) => !layout.exists(schema));
}

/** Shard files of a group, numbered from `first` on; those that are there stay. Answers their schema names. */
export function createShardFiles(
  layout: DatabaseLayout,
  group: string,
  first: number,
  count: number,
  manifest: Pick<Manifest, 'id'> = readManifest(layout),
): readonly string[] {
  const schemas = Array.from({ length: count }, (_, at) => shardSchema(group, first + at));
  const missing = missingShards(layout, group, first, count);
  if (missing.length === 0) return schemas;
  mkdirSync(layout.groupDirectory(group), { recursive: true });
  // Written whole under another name, made durable, then named: a file that is there is whole.
  for (const schema of missing) {
    const path = layout.file(schema);
    writeFileSync(`${path}.new`, stampFirstPage(emptyShardFile(), fileIdentity(manifest, schema)));
    fsyncPath(`${path}.new`);
    renameSync(`${path}.new`, path);
  }
  fsyncPath(layout.groupDirectory(group));
  fsyncPath(layout.directory);
  return schemas;
}

/** As createShardFiles, of a group that is there, without holding up the thread while the disk syncs. Nobody else makes files of these numbers meanwhile. */
export async function prepareShardFiles(layout: DatabaseLayout, group: string, first: number, count: number): Promise<void> {
  const manifest = readManifest(layout);
  const missing = missingShards(layout, group, first, count);
  for (const schema of missing) {
    const path = layout.file(schema);
    const file = await open(`${path}.new`, 'w');
    try {
      await file.writeFile(stampFirstPage(emptyShardFile(), fileIdentity(manifest, schema)));
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }
  if (missing.length === 0) return;
  const directory = await open(layout.groupDirectory(group), 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Shard files that shall go: those with these numbers, or a whole group with its directory. */
export interface DroppedFiles {
  readonly group: string;
  readonly files?: readonly number[];
}

/** Whether a schema's file is one of them. */
export function isDropped(schema: string, { group, files }: DroppedFiles): boolean {
  if (schema === globalSchema) return false;
  const own = parseShardSchema(schema);
  return own.group === group && files?.includes(own.shard) !== false;
}

/** Of these files, those that the catalog does not know: the transaction that made them never committed, or a crash came before they were removed. */
export function orphansAmong(schemas: Iterable<string>, catalog: CatalogData): readonly DroppedFiles[] {
  const known = new Set(catalog.groups.flatMap(groupSchemaNames));
  const groups = new Set(catalog.groups.map(({ name }) => name));
  return [...schemas].flatMap((schema): readonly DroppedFiles[] => {
    if (schema === globalSchema || known.has(schema)) return [];
    const { group, shard } = parseShardSchema(schema);
    return [groups.has(group) ? { group, files: [shard] } : { group }];
  });
}

/** Nobody in this process has them attached for writing. */
export function dropFiles(layout: DatabaseLayout, { group, files }: DroppedFiles): void {
  if (files === undefined) rmSync(layout.groupDirectory(group), { recursive: true, force: true });
  else for (const file of files) for (const suffix of ['', '-wal', '-shm']) rmSync(`${layout.file(shardSchema(group, file))}${suffix}`, { force: true });
}

/** Makes a database directory ready: a new one gets its files, an old one is checked for its format. Under the directory lock. */
export function bootstrap(layout: DatabaseLayout, database: string, catalog: CatalogData = initialCatalog(layout.oid)): void {
  mkdirSync(layout.directory, { recursive: true });
  if (existsSync(layout.manifest)) {
    readManifest(layout);
    return;
  }
  const manifest = newManifest(database);
  if (existsSync(layout.log) && readdirSync(layout.log).some((name) => name.endsWith('.log'))) {
    throw new PgError('XX001', `the file "${layout.manifest}" is missing`, {
      severity: 'FATAL',
      hint: 'Bring it back from a backup: without it the other files cannot be told from those of another database.',
    });
  }
  // What is there was never finished: its identity is of a manifest that was not written.
  rmSync(layout.file(globalSchema), { force: true });
  for (const group of catalog.groups) dropFiles(layout, { group: group.name });
  const { upserts, version } = catalogChange(undefined, catalog);
  const rows = upserts.map(({ key, kind, json }) => `INSERT INTO _shoal_object VALUES (${String(key)}, '${kind}', '${json.replaceAll("'", "''")}')`);
  const sql = `${globalTables} ${rows.join(';')}; PRAGMA user_version = ${String(version)}`;
  createFile(layout.file(globalSchema), sql, fileIdentity(manifest, globalSchema));
  mkdirSync(layout.log, { recursive: true });
  for (const group of catalog.groups) createShardFiles(layout, group.name, 0, group.bounds.length, manifest);
  writeManifest(layout, manifest);
  fsyncPath(dirname(layout.directory));
}
