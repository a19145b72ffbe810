/**
 * Temporary files of our own: without a name as soon as they are open, so that they end with the process. A crash between the two leaves an empty file, which
 * the next start removes. (SQLite's temporary files are of the same kind; both lie where TMPDIR says.)
 */
import { openSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';

const namePattern = /^shoal-(\d+)-\d+-\d+\.tmp$/;
let opened = 0;

/** A descriptor, to be closed by the caller. */
export function openTemporaryFile(): number {
  const path = join(tmpdir(), `shoal-${String(process.pid)}-${String(threadId)}-${String(++opened)}.tmp`);
  const descriptor = openSync(path, 'wx+', 0o600);
  rmSync(path, { force: true });
  return descriptor;
}

/** Removes what processes that are gone have left. */
export function removeStaleTemporaryFiles(): void {
  for (const name of readdirSync(tmpdir())) {
    const processId = Number(namePattern.exec(name)?.[1] ?? 0);
    if (processId !== 0 && !isRunning(processId)) rmSync(join(tmpdir(), name), { force: true });
  }
}

function isRunning(processId: number): boolean {
  if (processId === process.pid) return false;
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
