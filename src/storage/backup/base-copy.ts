/**
 * Copies a database's files for a base while it is written: each file as of one moment of its own (VACUUM INTO under SQLite's read snapshot, which verifies every page
 * that it reads), which the log from before the first copy on makes consistent. Called by backup-run.
 */
import Database from 'better-sqlite3';
import { createReadStream, mkdirSync, rmSync, statSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { groupSchemaNames } from '../../catalog/shard-group.js';
import { PgError } from '../../common/errors.js';
import type { ObjectStore } from '../../object-store/object-store.js';
import { Connection, type RegisterFunctions } from '../files/connection.js';
import { loadCatalog } from '../files/catalog-store.js';
import { type DatabaseLayout, globalSchema, quoteName } from '../files/layout.js';
import { requirePageGuard } from '../integrity/page-guard.js';
import { CancelWords } from '../shared.js';
import type { BaseFile } from './archive.js';

const attemptsMax = 100;

export interface BaseCopyOptions {
  readonly layout: DatabaseLayout;
  readonly register: RegisterFunctions;
  readonly store: Pick<ObjectStore, 'put'>;
  /** Key in the store of a file of the base. */
  readonly key: (name: string) => string;
  readonly onFile: (file: BaseFile, done: number, files: number) => void;
  /** Throws when the backup shall stop. */
  readonly checkCancelled: () => void;
  /** Within the database's own, for copies on their way. */
  readonly directory?: string;
}

/** Path of a schema's file within a database directory and within a base. */
function relativePath(layout: DatabaseLayout, schema: string): string {
  return layout.file(schema).slice(layout.directory.length + 1);
}

/** The directory of copies that are on their way to the store. Whatever is in it is left from a process that ended. */
function emptyCopies(layout: DatabaseLayout, name: string): string {
  const directory = join(layout.directory, name);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return directory;
}

export async function copyBase(options: BaseCopyOptions): Promise<readonly BaseFile[]> {
  const { layout } = options;
  const directory = emptyCopies(layout, options.directory ?? 'backup');
  const connection = new Connection({ layout, register: options.register, cancel: new CancelWords(new SharedArrayBuffer(4)) });
  try {
    const copies = new Copies(connection, directory, options);
    // The catalog of the copy says which shards belong to it. They are held open from then on, so that no DROP takes them away.
    let shards: readonly string[] | undefined;
    let global: BaseFile | undefined;
    for (let attempt = 1; shards === undefined; attempt++) {
      options.checkCancelled();
      const { path, lsn } = copies.make(globalSchema);
      shards = copies.hold(path);
      if (shards !== undefined) global = await copies.put(globalSchema, path, lsn);
      else if (attempt === attemptsMax) throw new PgError('55006', 'shard groups are created and dropped too fast for a backup');
    }
    const files = global === undefined ? [] : [global];
    const total = shards.length + 1;
    for (const file of files) options.onFile(file, 1, total);
    for (const schema of shards) {
      options.checkCancelled();
      const { path, lsn } = copies.make(schema);
      const file = await copies.put(schema, path, lsn);
      files.push(file);
      options.onFile(file, files.length, total);
    }
    return files;
  } finally {
    connection.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

class Copies {
  constructor(
    private readonly connection: Connection,
    private readonly directory: string,
    private readonly options: BaseCopyOptions,
  ) {}

  /** A copy on this machine, in the journal mode of our files. */
  make(schema: string): { readonly path: string; readonly lsn: number } {
    const path = join(this.directory, `${schema}.sqlite`);
    rmSync(path, { force: true });
    this.connection.attach(schema);
    this.connection.db.exec(`VACUUM ${quoteName(schema)} INTO '${path.replaceAll("'", "''")}'`);
    requirePageGuard();
    const copy = new Database(path);
    try {
      copy.pragma('synchronous = OFF');
      copy.pragma('journal_mode = WAL');
      return { path, lsn: copy.prepare<[], number>('SELECT lsn FROM _shoal').pluck().get() as number };
    } finally {
      copy.close();
    }
  }

  /** The shard files of the catalog in a copy of global.sqlite, opened; undefined when one of them has been dropped since. */
  hold(globalCopy: string): readonly string[] | undefined {
    const catalog = new Database(':memory:');
    let schemas: readonly string[];
    try {
      catalog.exec(`ATTACH '${globalCopy.replaceAll("'", "''")}' AS global`);
      schemas = loadCatalog(catalog).groups.flatMap(groupSchemaNames);
    } finally {
      catalog.close();
    }
    try {
      for (const schema of schemas) {
        this.connection.attach(schema);
        // A file is open, with its WAL, once it has been read.
        this.connection.prepare(`SELECT lsn FROM ${quoteName(schema)}._shoal`, false).get();
      }
      return schemas;
    } catch (error) {
      if (schemas.every((schema) => this.options.layout.exists(schema))) throw error;
      for (const schema of [...this.connection.schemas]) if (schema !== globalSchema) this.connection.detach(schema);
      return undefined;
    }
  }

  /** Brings a copy to the store and removes it here. */
  async put(schema: string, path: string, lsn: number): Promise<BaseFile> {
    const { store, layout } = this.options;
    const { size } = statSync(path);
    let hash = createHash('sha256');
    const key = relativePath(layout, schema);
    await store.put(this.options.key(key), {
      bytes: size,
      chunks: async function* () {
        hash = createHash('sha256');
        for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
          hash.update(chunk);
          yield chunk;
        }
      },
    });
    rmSync(path);
    return { schema, key, bytes: size, sha256: hash.digest('hex'), lsn };
  }
}
