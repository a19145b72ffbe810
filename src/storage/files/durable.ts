/**
 * Making files and directory entries durable. A failed fsync leaves the page cache in an unknown state, so whoever calls these for the log must end the process.
 */
import { closeSync, fsyncSync, openSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** fsync of a file or a directory by its path. Never for SQLite main files that this process has open: closing would drop SQLite's locks (-wal is safe). */
export function fsyncPath(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** Replaces a small file so that after a crash it is whole: the old one or the new one. */
export function writeFileDurably(path: string, text: string): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, text);
  fsyncPath(temporary);
  renameSync(temporary, path);
  fsyncPath(dirname(path));
}
