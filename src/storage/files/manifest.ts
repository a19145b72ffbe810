/**
 * `manifest.json`: that a directory is a database of ours, in which format, and the random id that its files carry, so that a file of another database or of another
 * shard is not taken for the right one. Written by files/bootstrap, read wherever files are opened.
 */
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { PgError } from '../../common/errors.js';
import { toCatalogJson } from './catalog-json.js';
import { fsyncPath, writeFileDurably } from './durable.js';
import type { DatabaseLayout } from './layout.js';

/** 3: batches of the log carry epoch and commit index. 2: pages have checksums, files carry an identity, batches of the log a commit time. */
const formatVersion = 3;

export interface Manifest {
  readonly format: number;
  readonly database: string;
  /** Of the database, through backup and restore. */
  readonly id: string;
  /** Of this course of its history: a restored database goes on under another one, so that its log is never taken for that of the first. */
  readonly history: string;
}

/** id: of the database that is restored. */
export function newManifest(database: string, id: string = randomUUID()): Manifest {
  return { format: formatVersion, database, id, history: randomUUID() };
}

export function writeManifest(layout: DatabaseLayout, manifest: Manifest): void {
  writeFileDurably(layout.manifest, `${toCatalogJson(manifest)}\n`);
  fsyncPath(layout.directory);
}

/** 58P01 for another format, XX001 for a manifest that cannot be read. */
export function readManifest(layout: DatabaseLayout): Manifest {
  let manifest: Partial<Manifest>;
  try {
    manifest = JSON.parse(readFileSync(layout.manifest, 'utf8')) as Partial<Manifest>;
  } catch (error) {
    throw new PgError('XX001', `the file "${layout.manifest}" is damaged: ${(error as Error).message}`, {
      severity: 'FATAL',
      hint: 'Bring it back from a backup: without it the other files cannot be told from those of another database.',
    });
  }
  const { format, database, id, history } = manifest;
  if (format !== formatVersion) {
    throw new PgError('58P01', `the database directory "${layout.directory}" has format ${String(format)}, this version reads ${String(formatVersion)}`, {
      severity: 'FATAL',
      hint: 'Start it with the version of Shoal that has made it, and bring its data here with COPY.',
    });
  }
  if (typeof database !== 'string' || typeof id !== 'string' || typeof history !== 'string') {
    throw new PgError('XX001', `the file "${layout.manifest}" is damaged: it names no database`, { severity: 'FATAL' });
  }
  return { format, database, id, history };
}

/** What the file of a schema carries as SQLite's application_id: a signed 32-bit number that no other file of this or another database is likely to have. */
export function fileIdentity(manifest: Pick<Manifest, 'id'>, schema: string): number {
  return crc32(`${manifest.id}/${schema}`) | 0;
}

const identities = new WeakMap<DatabaseLayout, Manifest>();

/** Whether a file that says to be `identity` is the one of `schema`. */
export function isFileOf(layout: DatabaseLayout, schema: string, identity: number): boolean {
  const known = identities.get(layout);
  if (known !== undefined && fileIdentity(known, schema) === identity) return true;
  const manifest = readManifest(layout);
  identities.set(layout, manifest);
  return fileIdentity(manifest, schema) === identity;
}
