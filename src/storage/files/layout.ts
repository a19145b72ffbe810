/**
 * Where a database's files are: `<data>/<directory>/` (the server's list of databases says which; `<data>/server/` for the server's own) with `manifest.json`, `lock`, `global.sqlite`, `<group>/<nnnn>.sqlite` and `log/`.
 * Schema names on connections are `global` and `<group>_<nnnn>`. Called by everything in storage that opens a file.
 */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { postgresOid } from '../../catalog/server-catalog.js';
import { assert } from '../../common/errors.js';

export const globalSchema = 'global';
const shardSchemaPattern = /^(.+)_(\d{4,})$/;

/** Group directory and file number of a shard's schema name. */
export function parseShardSchema(schema: string): { readonly group: string; readonly shard: number } {
  const match = shardSchemaPattern.exec(schema);
  assert(match?.[1] !== undefined && match[2] !== undefined, `${schema} is a shard's schema name`);
  return { group: match[1], shard: Number(match[2]) };
}

export function shardSchema(group: string, shard: number): string {
  return `${group}_${String(shard).padStart(4, '0')}`;
}

/** An SQL identifier in quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The directory of the server's own database in a data directory. */
export const serverDirectory = 'server';

/** The database's OID by the name of a directory that CREATE DATABASE has made; a suffix says that it is not whole yet, or not any more. Any other name: undefined. */
export function parseMadeDirectory(name: string): { readonly oid: number; readonly isWhole: boolean } | undefined {
  const match = /^(\d+)(\.\w+)?$/.exec(name);
  return match === null ? undefined : { oid: Number(match[1]), isWhole: match[2] === undefined };
}

/** Paths within one database's directory. */
export class DatabaseLayout {
  constructor(
    readonly directory: string,
    /** The database. */
    readonly oid: number = postgresOid,
    /** Where the server's database lies, whose catalog belongs to every other. Absent: there is none, or it is this one. */
    readonly server?: DatabaseLayout,
  ) {}

  get manifest(): string {
    return join(this.directory, 'manifest.json');
  }

  get lock(): string {
    return join(this.directory, 'lock');
  }

  /** Who has the lock; left behind when it was not given back, so that the end of the log may not be in the files. */
  get lockHolder(): string {
    return `${this.lock}.pid`;
  }

  /** Disk space put by. */
  get reserve(): string {
    return join(this.directory, 'reserve');
  }

  /** What each file had at the last checkpoint (integrity/bounds). */
  get checkpoint(): string {
    return join(this.directory, 'checkpoint.json');
  }

  get log(): string {
    return join(this.directory, 'log');
  }

  groupDirectory(group: string): string {
    return join(this.directory, group);
  }

  /** The file that is attached as `schema`. */
  file(schema: string): string {
    if (schema === globalSchema) return join(this.directory, 'global.sqlite');
    const { group, shard } = parseShardSchema(schema);
    return join(this.directory, group, `${String(shard).padStart(4, '0')}.sqlite`);
  }

  exists(schema: string): boolean {
    return existsSync(this.file(schema));
  }

  /** Schema names of the shard files that are on disk. */
  shardSchemasOnDisk(): readonly string[] {
    const schemas: string[] = [];
    for (const entry of readdirSync(this.directory, { withFileTypes: true })) {
      if (!entry.isDirectory() || entry.name === 'log') continue;
      for (const file of readdirSync(join(this.directory, entry.name))) {
        const match = /^(\d{4,})\.sqlite$/.exec(file);
        if (match?.[1] !== undefined) schemas.push(shardSchema(entry.name, Number(match[1])));
      }
    }
    return schemas.sort();
  }
}
