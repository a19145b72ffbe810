/** Takes the files of a database away (DROP DATABASE). Called by storage/database-hosts, on the main thread. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { fsyncPath } from './durable.js';
import type { DatabaseLayout } from './layout.js';

/** A crash in the middle leaves nothing that looks whole. */
export function removeDatabase({ directory }: DatabaseLayout): void {
  if (!existsSync(directory)) return;
  const going = `${directory}.dropped`;
  rmSync(going, { recursive: true, force: true });
  renameSync(directory, going);
  fsyncPath(dirname(directory));
  rmSync(going, { recursive: true, force: true });
}
