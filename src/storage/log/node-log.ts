/**
 * The node log: an append-only sequence of preallocated segments `<first sequence>.log`, which every commit reaches before SQLite does. The first is small, each next one
 * larger up to the full size, so that a database that is hardly used costs little.
 * A torn last batch is dropped at opening; a valid batch behind an invalid one is corruption (XX001). Written by the lane only.
 *
 * Not thread-safe, one writer. `append` puts a batch into the file, `sync` makes it durable; a failed sync must end the process (the caller's `fatal`).
 */
import {
  closeSync,
  fdatasync,
  fdatasyncSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { wallMicros } from '../../common/clock.js';
import { assert, PgError } from '../../common/errors.js';
import { diskFull, isDiskFull, isSyncFailure } from '../disk-errors.js';
import { panic } from '../panic.js';
import { batchBytes, decodeBatch, encodeBatch, findBatchAbove, type LogEntry } from './batch.js';
import { fsyncPath } from '../files/durable.js';

export interface NodeLogOptions {
  readonly segmentBytes?: number;
  /** Called when a sync failed: must not return normally in production (the process ends). */
  readonly fatal?: (error: unknown) => void;
  /** Microseconds since 2000-01-01 UTC, for tests. */
  readonly clock?: () => number;
}

/** A point between two transactions: everything up to there is committed. */
export interface LogPosition {
  /** Of the last record. */
  readonly lsn: number;
  /** Every later record has a greater commit time. */
  readonly hlc: number;
}

interface Segment {
  readonly name: string;
  /** Sequence of its first batch. */
  readonly first: number;
  /** Lsn of its first record, once it has one. */
  firstLsn: number | undefined;
  readonly bytes: number;
}

export const defaultSegmentBytes = 16 * 1024 * 1024;
const firstSegmentBytes = 256 * 1024;
const segmentGrowth = 4;
const zeros = Buffer.alloc(1024 * 1024);
const spareName = 'spare';
/** fdatasync on this thread when the disk is faster than a hop to another thread pays for. */
const inlineSyncMsMax = 1;

function segmentName(first: number): string {
  return `${String(first).padStart(16, '0')}.log`;
}

export class NodeLog {
  private readonly segmentBytes: number;
  private readonly fatal: (error: unknown) => void;
  private segments: Segment[] = [];
  private descriptor = -1;
  private capacity = 0;
  private offset = 0;
  private sequence = 1;
  private lsn = 1;
  private syncMs = 0;
  /** The hybrid logical clock: time of the last batch, or what `position` has said since. */
  private hlc = 0;
  /** While a batch is not durable: where the log ends without it. */
  private before: LogPosition | undefined;
  private retained = Infinity;
  private bytesSinceTrim = 0;
  private readonly clock: () => number;

  private constructor(
    private readonly directory: string,
    options: NodeLogOptions,
  ) {
    this.segmentBytes = options.segmentBytes ?? defaultSegmentBytes;
    this.clock = options.clock ?? wallMicros;
    this.fatal =
      options.fatal ??
      ((error) =>
        panic(
          'could not make the log durable',
          error,
          'Check the disk and the system log, then start the server again: it recovers what it has acknowledged.',
        ));
  }

  /** Opens the log; `replay` gets every whole record in order before the log takes new ones. minLsn: at least one above every file's lsn. */
  static open(directory: string, options: NodeLogOptions, replay: (entry: LogEntry) => void): NodeLog {
    mkdirSync(directory, { recursive: true });
    const log = new NodeLog(directory, options);
    try {
      log.recover(replay);
    } catch (error) {
      log.close();
      throw error;
    }
    return log;
  }

  /** Lsn that the next record gets. */
  get nextLsn(): number {
    return this.lsn;
  }

  /** Bytes appended since the last `trim`, for the checkpoint's decision. */
  get bytes(): number {
    return this.bytesSinceTrim;
  }

  /** Where the durable log ends now. The clock does not go back behind the answer. */
  position(): LogPosition {
    if (this.before !== undefined) return this.before;
    this.hlc = Math.max(this.hlc, this.clock());
    return { lsn: this.lsn - 1, hlc: this.hlc };
  }

  /** Records from `lsn` on stay until told otherwise, whatever `trim` is asked to drop. Infinity: none need to. */
  retainFrom(lsn: number): void {
    this.retained = lsn;
  }

  /** Lsn of the first record that the log has. */
  get firstLsn(): number | undefined {
    return this.segments.find((segment) => segment.firstLsn !== undefined)?.firstLsn;
  }

  /** Lsn of the last record that the log has. */
  get lastLsn(): number | undefined {
    return this.firstLsn === undefined ? undefined : this.lsn - 1;
  }

  /** The next lsn is at least `lsn` (files may be ahead of an emptied log). */
  raiseLsn(lsn: number): void {
    if (lsn > this.lsn) this.lsn = lsn;
  }

  /** Sees to it that a batch of so many bytes needs no new space. Throws 53100. */
  makeRoom(bytes: number): void {
    if (this.offset + bytes > this.capacity) this.roll(bytes);
  }

  /** Writes one batch; not durable before `sync`. Answers the lsn of its first record. Throws 53100 with the log unchanged when the disk is full. */
  append(records: readonly Uint8Array[]): number {
    const bytes = batchBytes(records);
    if (this.offset + bytes > this.capacity) this.roll(bytes);
    const hlc = Math.max(this.clock(), this.hlc + 1);
    const buffer = encodeBatch(this.sequence, this.lsn, hlc, records);
    try {
      writeFully(this.descriptor, buffer, this.offset);
    } catch (error) {
      throw isDiskFull(error) ? diskFull() : error;
    }
    this.before ??= { lsn: this.lsn - 1, hlc: hlc - 1 };
    this.hlc = hlc;
    const first = this.lsn;
    const segment = this.segments.at(-1);
    assert(segment !== undefined, 'the log has a segment');
    segment.firstLsn ??= first;
    this.offset += bytes;
    this.bytesSinceTrim += bytes;
    this.sequence++;
    this.lsn += records.length;
    return first;
  }

  /** Makes everything appended durable: at once on a fast disk, else off this thread. */
  sync(): Promise<void> | undefined {
    const start = performance.now();
    if (this.syncMs < inlineSyncMsMax) {
      try {
        fdatasyncSync(this.descriptor);
      } catch (error) {
        this.fatal(error);
        throw error;
      }
      this.syncMs += (performance.now() - start - this.syncMs) * 0.1;
      this.before = undefined;
      return undefined;
    }
    return new Promise((resolve, reject) => {
      fdatasync(this.descriptor, (error) => {
        if (error !== null) {
          this.fatal(error);
          reject(error);
          return;
        }
        this.syncMs += (performance.now() - start - this.syncMs) * 0.1;
        this.before = undefined;
        resolve();
      });
    });
  }

  /** Drops segments all of whose records are below `lsn`; one is kept to be written again. Answers whether there were any. */
  trim(lsn: number): boolean {
    const before = this.segments.length;
    const limit = Math.min(lsn, this.retained);
    this.bytesSinceTrim = 0;
    for (let next = this.segments[1]; next?.firstLsn !== undefined && next.firstLsn <= limit; next = this.segments[1]) {
      const dropped = this.segments.shift();
      assert(dropped !== undefined, 'a segment to drop');
      const path = join(this.directory, dropped.name);
      if (dropped.bytes === this.segmentBytes) renameSync(path, join(this.directory, spareName));
      else rmSync(path);
    }
    return this.segments.length < before;
  }

  close(): void {
    if (this.descriptor >= 0) closeSync(this.descriptor);
    this.descriptor = -1;
  }

  private recover(replay: (entry: LogEntry) => void): void {
    const names = readdirSync(this.directory)
      .filter((name) => /^\d{16}\.log$/.test(name))
      .sort();
    let last: { readonly name: string; readonly end: number; readonly bytes: number } | undefined;
    for (const [index, name] of names.entries()) {
      const first = Number(name.slice(0, 16));
      if (index === 0) this.sequence = first;
      else if (first !== this.sequence) throw corrupt(`the log ends at batch ${String(this.sequence)} before segment ${name}`);
      const segment = readFileSync(join(this.directory, name));
      let end = 0;
      let firstLsn: number | undefined;
      for (;;) {
        const batch = decodeBatch(segment, end);
        if (batch?.sequence !== this.sequence) break;
        this.hlc = batch.hlc;
        for (const entry of batch.entries) {
          firstLsn ??= entry.lsn;
          replay(entry);
          this.lsn = entry.lsn + 1;
        }
        end = batch.end;
        this.sequence++;
      }
      this.bytesSinceTrim += end;
      const behind = findBatchAbove(segment, end, this.sequence);
      if (behind !== undefined) throw corrupt(`batch ${String(this.sequence)} in ${name} is damaged, but a whole one follows at ${String(behind)}`);
      this.segments.push({ name, first, firstLsn, bytes: segment.length });
      last = { name, end, bytes: segment.length };
    }
    if (last === undefined) {
      this.createSegment(Math.min(firstSegmentBytes, this.segmentBytes));
      return;
    }
    this.descriptor = openSync(join(this.directory, last.name), 'r+');
    this.capacity = last.bytes;
    this.offset = last.end;
    this.eraseTail();
  }

  /** Zeros behind the last whole batch, so that what is left of a torn one can never be taken for a batch of a later run. */
  private eraseTail(): void {
    for (let at = this.offset; at < this.capacity; at += zeros.length)
      writeFully(this.descriptor, zeros.subarray(0, Math.min(zeros.length, this.capacity - at)), at);
    fsyncSync(this.descriptor);
  }

  /** Goes on in a new segment. The old one is cut behind its last batch: nothing in it is stale. */
  private roll(bytes: number): void {
    if (this.offset === 0) {
      this.extend(bytes);
      return;
    }
    const old = this.descriptor;
    this.createSegment(Math.max(Math.min(this.capacity * segmentGrowth, this.segmentBytes), bytes));
    try {
      fdatasyncSync(old);
    } catch (error) {
      this.fatal(error);
      throw error;
    }
    closeSync(old);
  }

  /** Makes the segment larger that has no batch yet. */
  private extend(bytes: number): void {
    const segment = this.segments.at(-1);
    assert(segment !== undefined, 'the log has a segment');
    try {
      for (let at = this.capacity; at < bytes; at += zeros.length) writeFully(this.descriptor, zeros.subarray(0, Math.min(zeros.length, bytes - at)), at);
      fsyncSync(this.descriptor);
    } catch (error) {
      if (isDiskFull(error)) throw diskFull();
      if (isSyncFailure(error)) this.fatal(error);
      throw error;
    }
    this.segments[this.segments.length - 1] = { ...segment, bytes };
    this.capacity = bytes;
  }

  private createSegment(bytes: number): void {
    const name = segmentName(this.sequence);
    const path = join(this.directory, name);
    const spare = join(this.directory, spareName);
    try {
      if (bytes === this.segmentBytes && fileSize(spare) === bytes) renameSync(spare, path);
      const descriptor = openSync(path, fileSize(path) === bytes ? 'r+' : 'w+');
      try {
        if (fileSize(path) !== bytes) {
          ftruncateSync(descriptor, 0);
          for (let at = 0; at < bytes; at += zeros.length) writeFully(descriptor, zeros.subarray(0, Math.min(zeros.length, bytes - at)), at);
        }
        fsyncSync(descriptor);
        fsyncPath(this.directory);
      } catch (error) {
        closeSync(descriptor);
        rmSync(path, { force: true });
        throw error;
      }
      this.descriptor = descriptor;
    } catch (error) {
      if (isDiskFull(error)) throw diskFull();
      if (isSyncFailure(error)) this.fatal(error);
      throw error;
    }
    this.segments.push({ name, first: this.sequence, firstLsn: undefined, bytes });
    this.capacity = bytes;
    this.offset = 0;
  }
}

function corrupt(message: string): PgError {
  return new PgError('XX001', `the log is damaged: ${message}`, { severity: 'FATAL' });
}

function fileSize(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? -1;
}

function writeFully(descriptor: number, buffer: Uint8Array, position: number): void {
  let done = 0;
  while (done < buffer.length) done += writeSync(descriptor, buffer, done, buffer.length - done, position + done);
}
