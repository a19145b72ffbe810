/**
 * A copy of another node's files on its way to take the place of a replica's own. It is gathered beside them, in `incoming/`, and moved in once it is whole and durable; a crash
 * leaves the old files or the new ones, and a start finishes what was begun (`settleIncoming`).
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fsyncPath, writeFileDurably } from '../files/durable.js';
import type { DatabaseLayout } from '../files/layout.js';

const incomingName = 'incoming';
const stateName = 'incoming.state';
/** What of the old files goes first, and what of the new ones has come: moved one by one. */
type State = 'whole' | 'moving';

/** An empty directory for a copy. */
export function beginIncoming(layout: DatabaseLayout): string {
  const directory = join(layout.directory, incomingName);
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { recursive: true });
  return directory;
}

/** The copy is whole: it takes the place of what is there. Nobody has any of the database's files open. */
export function takeIncoming(layout: DatabaseLayout): void {
  syncTree(join(layout.directory, incomingName));
  setState(layout, 'whole');
  settleIncoming(layout);
}

/** At a start, once the directory is locked. */
export function settleIncoming(layout: DatabaseLayout): void {
  const incoming = join(layout.directory, incomingName);
  const path = join(layout.directory, stateName);
  const state = existsSync(path) ? (readFileSync(path, 'utf8') as State) : undefined;
  if (state === 'whole') {
    const kept = new Set([incomingName, stateName, ...[layout.lock, layout.lockHolder, layout.reserve].map((each) => each.slice(layout.directory.length + 1))]);
    for (const name of readdirSync(layout.directory)) {
      if (!kept.has(name) && !name.startsWith('lock')) rmSync(join(layout.directory, name), { recursive: true, force: true });
    }
    setState(layout, 'moving');
  }
  if (state !== undefined) {
    for (const name of readdirSync(incoming)) renameSync(join(incoming, name), join(layout.directory, name));
    fsyncPath(layout.directory);
    rmSync(path);
  }
  rmSync(incoming, { recursive: true, force: true });
}

const discardedName = 'discarded';

/** What is there counts for nothing any more, until a copy has taken its place. */
export function markDiscarded(layout: DatabaseLayout): void {
  writeFileDurably(join(layout.directory, discardedName), '');
}

export function isDiscarded(layout: DatabaseLayout): boolean {
  return existsSync(join(layout.directory, discardedName));
}

function setState(layout: DatabaseLayout, state: State): void {
  writeFileDurably(join(layout.directory, stateName), state);
}

function syncTree(directory: string): void {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) syncTree(path);
    else fsyncPath(path);
  }
  fsyncPath(directory);
}
