/**
 * Disk space put by: a file `reserve` of real blocks. What the log has SQLite must be able to take in, and recovery must be able to run, on a full disk too: then the
 * reserve is given up. Until it can be put by again the database is read-only (53100), so the reserve is there for the next time. Owned by the lane.
 */
import { randomFillSync } from 'node:crypto';
import { closeSync, fsyncSync, openSync, rmSync, statfsSync, statSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { diskFull, isDiskFull } from '../disk-errors.js';
import { serverLog } from '../server-log.js';

const defaultBytes = 8 * 1024 * 1024;
const retryMs = 200;
const blockBytes = 1024 * 1024;

export class SpaceReserve {
  private held: boolean;
  private triedMs = -Infinity;
  private told = false;

  constructor(
    private readonly path: string,
    readonly bytes = defaultBytes,
  ) {
    this.held = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) >= bytes;
  }

  /** Puts the space by, unless it is or there is too little. Tries a few times a second at most. */
  hold(): boolean {
    if (this.held) return true;
    const now = performance.now();
    if (now - this.triedMs < retryMs) return false;
    this.triedMs = now;
    try {
      this.write();
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
    const { bavail, bsize } = statfsSync(dirname(this.path));
    if (bavail * bsize + this.bytes < bytes) throw diskFull();
  }

  /** Gives the space up for what must be written. */
  release(): void {
    this.tell();
    this.held = false;
    this.triedMs = performance.now();
    rmSync(this.path, { force: true });
  }

  private tell(): void {
    if (this.told) return;
    this.told = true;
    serverLog(
      'LOG',
      `no space left on the device of "${dirname(this.path)}": the database is read-only until ${String(this.bytes / 1024 / 1024)} MB can be put by again`,
      'Free some disk space; nothing has to be started anew.',
    );
  }

  private write(): void {
    // Random, so that a file system that compresses does not make it small.
    const block = randomFillSync(Buffer.alloc(blockBytes));
    const descriptor = openSync(this.path, 'w');
    try {
      for (let written = 0; written < this.bytes; ) written += writeSync(descriptor, block, 0, Math.min(blockBytes, this.bytes - written));
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  }
}
