/**
 * Where the log is archived continuously: a setting kept in the database's directory. While there is one, the log is not trimmed before it is archived.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { PgError } from '../../common/errors.js';
import { fsyncPath, writeFileDurably } from '../files/durable.js';
import type { DatabaseLayout } from '../files/layout.js';

const path = (layout: DatabaseLayout): string => join(layout.directory, 'archive.json');

export function hasArchiveTarget(layout: DatabaseLayout): boolean {
  return existsSync(path(layout));
}

/** Location of the object store; undefined: none is configured. */
export function readArchiveTarget(layout: DatabaseLayout): string | undefined {
  if (!hasArchiveTarget(layout)) return undefined;
  try {
    const { location } = JSON.parse(readFileSync(path(layout), 'utf8')) as { readonly location?: unknown };
    if (typeof location === 'string') return location;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new PgError('XX001', `the file "${path(layout)}" is damaged`, { hint: 'Set the place anew with `shoal backup --continuous`.' });
}

export function writeArchiveTarget(layout: DatabaseLayout, location: string | undefined): void {
  if (location === undefined) {
    rmSync(path(layout), { force: true });
    fsyncPath(layout.directory);
  } else {
    writeFileDurably(path(layout), `${JSON.stringify({ location })}\n`);
  }
}
