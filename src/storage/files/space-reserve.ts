/**
 * Disk space put by: a file `reserve` of real blocks. What the log has SQLite must be able to take in, and recovery must be able to run, on a full disk too: then the
 * reserve is given up. Until it can be put by again the database is read-only (53100), so the reserve is there for the next time. All
 * databases of a lane thread share one (storage/worker-entry); they write one after another.
 *
 * A second one, `reserve.start`, is for the start only: SQLite removes every -shm and -wal at a clean stop and needs new ones, while somebody else may have taken
 * the space in between.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskFull, isDiskFull } from '../disk-errors.js';
import { serverLog } from '../server-log.js';

const defaultBytes = 8 * 1024 * 1024;
/** For 120 files: 32 kB of -shm each. */
const startBytesMax = 4 * 1024 * 1024;
const retryMs = 200;
const blockBytes = 64 * 1024;

export class SpaceReserve {
  private held: boolean;
  private triedMs = -Infinity;
  private told = false;

  constructor(
    private readonly path: string,
    readonly bytes = defaultBytes,
  ) {
    this.held = fileBytes(path) >= bytes && fileBytes(this.startPath) >= startBytesMax;
  }

  private get startPath(): string {
    return `${this.path}.start`;
  }

  /** Puts the space by, unless it is or there is too little. Tries a few times a second at most. */
  hold(): boolean {
    if (this.held) return true;
    const now = performance.now();
    if (now - this.triedMs < retryMs) return false;
    this.triedMs = now;
    const missing = [this.startPath, this.path].reduce((sum, path) => sum - Math.max(0, fileBytes(path)), startBytesMax + this.bytes);
    if (freeBytes(this.path) < missing) {
      this.tell();
      return false;
    }
    try {
      for (const [path, bytes] of [
        [this.startPath, startBytesMax],
        [this.path, this.bytes],
      ] as const)
        if (fileBytes(path) < bytes) writeBlocks(path, bytes);
      this.held = true;
      if (this.told) serverLog('LOG', 'there is space on the device again: writes go on');
      this.told = false;
    } catch (error) {
      rmSync(this.path, { force: true });
      if (!isDiskFull(error)) throw error;
      this.tell();
    }
    return this.held;
  }

  /** Throws 53100 while the reserve is not there. */
  require(): void {
    if (!this.hold()) throw diskFull();
  }

  /**
   * Throws 53100 unless SQLite will be able to write that many bytes: a commit must not find out behind the log. Small ones the reserve answers for.
   */
  requireFor(bytesMax: () => number): void {
    this.require();
    const bytes = bytesMax();
    if (bytes <= this.bytes) return;
    if (freeBytes(this.path) + this.bytes < bytes) throw diskFull();
  }

  /** Gives the space up for what must be written. */
  release(): void {
    this.tell();
    this.held = false;
    this.triedMs = performance.now();
    rmSync(this.path, { force: true });
  }

  /** Gives space up for a start: first what is for it, then the rest. False: there is none. */
  releaseForStart(): boolean {
    for (const path of [this.startPath, this.path]) {
      if (fileBytes(path) < 0) continue;
      this.tell();
      this.held = false;
      rmSync(path, { force: true });
      return true;
    }
    return false;
  }

  /** Gives it back for good. */
  remove(): void {
    this.held = false;
    for (const path of [this.path, this.startPath]) rmSync(path, { force: true });
  }

  /** After the last connection is closed: keeps for the next start what SQLite has just set free. */
  keepForStart(): void {
    if (fileBytes(this.startPath) >= startBytesMax) return;
    try {
      writeBlocks(this.startPath, startBytesMax);
    } catch (error) {
      if (!isDiskFull(error)) throw error;
    }
  }

  private tell(): void {
    if (this.told) return;
    this.told = true;
    serverLog(
      'LOG',
      `no space left on the device of "${dirname(this.path)}": the database is read-only until ${String((this.bytes + startBytesMax) / 1024 / 1024)} MB can be put by again`,
      'Free some disk space; nothing has to be started anew.',
    );
  }
}

function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(dirname(path));
  return bavail * bsize;
}

function fileBytes(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}

/** Random bytes, so that a file system that compresses does not make them small. On failure what could be written stays. */
function writeBlocks(path: string, bytes: number): void {
  const block = randomFillSync(Buffer.alloc(blockBytes));
  const descriptor = openSync(path, 'w');
  try {
    for (let written = 0; written < bytes; ) written += writeSync(descriptor, block, 0, Math.min(blockBytes, bytes - written));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
