/**
 * The node log: an append-only sequence of preallocated segments `<first sequence>.log`, which every commit reaches before SQLite does. The first is small, each next one
 * larger up to the full size, so that a database that is hardly used costs little.
 * A torn last batch is dropped at opening; a valid batch behind an invalid one is corruption (XX001). Written by the lane only.
 * Of a database with replicas it takes whole batches of another node, too (`appendBatch`), and gives up the end of them that was never committed (`truncateAfter`).
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
import { type Batch, batchBytes, decodeBatch, encodeBatch, findBatchAbove, type LogEntry } from './batch.js';
import { fsyncPath, writeFileDurably } from '../files/durable.js';

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

/** The end of a batch: two logs that have the same one are the same up to there (cluster/replication). */
export interface LogPoint {
  readonly epoch: number;
  readonly lsn: number;
}

/** Where a log begins that has no batch yet: behind a copy of another node's files. */
export interface LogOrigin extends LogPoint {
  /** Of the first batch to come. */
  readonly sequence: number;
  /** Of the batch before. */
  readonly hlc: number;
}

/** The first record of an epoch, or the oldest that the log still has. */
export interface EpochStart {
  readonly epoch: number;
  readonly firstLsn: number;
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
/** While it is there, batches from this sequence on are being removed. */
const truncationName = 'truncation.json';
const originName = 'origin.json';
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
  /** From which record on each of those who read the log needs it. */
  private readonly retained = new Map<string, number>();
  private bytesSinceTrim = 0;
  private readonly clock: () => number;
  private lastEpoch = 0;
  private origin: LogPoint = { epoch: 0, lsn: 0 };
  private hasOrigin = false;
  private starts: EpochStart[] = [];
  private durableLsn = 0;
  /** Rises when batches are removed: a sync that began before says nothing about what came after. */
  private era = 0;
  private syncsUnderWay = 0;
  /** Descriptors to be closed once no sync is under way. */
  private readonly discarded: number[] = [];
  /** What new batches carry; set by the replica that is primary. */
  epoch = 0;
  commitIndex = 0;

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
  static open(directory: string, options: NodeLogOptions, replay: (entry: LogEntry, batch: Batch) => void): NodeLog {
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

  /** Records from `lsn` on stay until the same reader says otherwise, whatever `trim` is asked to drop. Infinity: it needs none. */
  retainFrom(lsn: number, reader: 'backup' | 'replicas' | 'copies' = 'backup'): void {
    this.retained.set(reader, lsn);
  }

  retainedFrom(reader: 'backup' | 'replicas' | 'copies'): number {
    return this.retained.get(reader) ?? Infinity;
  }

  /** Lsn of the first record that the log has. */
  get firstLsn(): number | undefined {
    return this.segments.find((segment) => segment.firstLsn !== undefined)?.firstLsn;
  }

  /** Lsn of the last record that the log has. */
  get lastLsn(): number | undefined {
    return this.firstLsn === undefined ? undefined : this.lsn - 1;
  }

  /** It has no batch, and has not been told where it begins (`writeLogOrigin`). */
  get isBlank(): boolean {
    return this.starts.length === 0 && !this.hasOrigin;
  }

  /** The next lsn is at least `lsn` (files may be ahead of an emptied log). */
  raiseLsn(lsn: number): void {
    if (lsn <= this.lsn) return;
    this.lsn = lsn;
    this.durableLsn = lsn - 1;
    if (this.starts.length === 0) this.origin = { epoch: 0, lsn: lsn - 1 };
  }

  // ---- as cluster/replication sees it ----

  /** The last batch's. */
  get end(): LogPoint {
    return { epoch: this.lastEpoch, lsn: this.lsn - 1 };
  }

  /** The point before the first batch that the log has. */
  get base(): LogPoint {
    return this.origin;
  }

  /** Of the batches that the log has, ascending. */
  get epochs(): readonly EpochStart[] {
    return this.starts;
  }

  /** Everything up to here survives a crash. */
  get syncedLsn(): number {
    return this.durableLsn;
  }

  /** Where another node's log begins that has a copy of the files of now, before a batch of this one is added. */
  get originHere(): LogOrigin {
    return { ...this.end, sequence: this.sequence, hlc: this.hlc };
  }

  /** Sees to it that a batch of so many bytes needs no new space. Throws 53100. */
  makeRoom(bytes: number): void {
    if (this.offset + bytes > this.capacity) this.roll(bytes);
  }

  /** Writes one batch; not durable before `sync`. Answers the lsn of its first record. Throws 53100 with the log unchanged when the disk is full. */
  append(records: readonly Uint8Array[]): number {
    return this.write(records).firstLsn;
  }

  /** The same, and answers the batch. */
  write(records: readonly Uint8Array[]): { readonly firstLsn: number; readonly lastLsn: number; readonly bytes: Buffer } {
    this.makeRoom(batchBytes(records));
    const hlc = Math.max(this.clock(), this.hlc + 1);
    const { sequence, lsn: firstLsn, epoch, lastEpoch: previousEpoch, commitIndex } = this;
    const bytes = encodeBatch({ sequence, firstLsn, hlc, epoch, previousEpoch, commitIndex }, records);
    this.put(bytes, hlc, epoch, records.length);
    return { firstLsn, lastLsn: this.lsn - 1, bytes };
  }

  /** Writes a batch that another node has made; XX001 when it does not continue the log. As `append` otherwise. */
  appendBatch(bytes: Buffer): void {
    const batch = decodeBatch(bytes, 0);
    if (batch?.sequence !== this.sequence || batch.firstLsn !== this.lsn || batch.previousEpoch !== this.lastEpoch || batch.end !== bytes.length)
      throw corrupt(`a batch of another node does not continue it at record ${String(this.lsn)}`);
    this.makeRoom(bytes.length);
    this.put(bytes, batch.hlc, batch.epoch, batch.entries.length);
  }

  private put(bytes: Buffer, hlc: number, epoch: number, records: number): void {
    try {
      writeFully(this.descriptor, bytes, this.offset);
    } catch (error) {
      throw isDiskFull(error) ? diskFull() : error;
    }
    this.before ??= { lsn: this.lsn - 1, hlc: hlc - 1 };
    this.hlc = hlc;
    const segment = this.segments.at(-1);
    assert(segment !== undefined, 'the log has a segment');
    segment.firstLsn ??= this.lsn;
    if (this.starts.at(-1)?.epoch !== epoch) this.starts = [...this.starts, { epoch, firstLsn: this.lsn }];
    this.lastEpoch = epoch;
    this.offset += bytes.length;
    this.bytesSinceTrim += bytes.length;
    this.sequence++;
    this.lsn += records;
  }

  /** Makes everything appended durable: at once on a fast disk, else off this thread. */
  sync(): Promise<void> | undefined {
    const start = performance.now();
    const { era, lsn } = this;
    const done = (): void => {
      this.syncMs += (performance.now() - start - this.syncMs) * 0.1;
      if (era !== this.era) return;
      this.durableLsn = Math.max(this.durableLsn, lsn - 1);
      if (lsn === this.lsn) this.before = undefined;
    };
    if (this.syncMs < inlineSyncMsMax) {
      try {
        fdatasyncSync(this.descriptor);
      } catch (error) {
        this.fatal(error);
        throw error;
      }
      done();
      return undefined;
    }
    this.syncsUnderWay++;
    return new Promise((resolve, reject) => {
      fdatasync(this.descriptor, (error) => {
        this.syncsUnderWay--;
        this.closeDiscarded();
        if (error !== null) {
          this.fatal(error);
          reject(error);
          return;
        }
        done();
        resolve();
      });
    });
  }

  private discard(descriptor: number): void {
    this.discarded.push(descriptor);
    this.closeDiscarded();
  }

  private closeDiscarded(): void {
    if (this.syncsUnderWay === 0) for (const descriptor of this.discarded.splice(0)) closeSync(descriptor);
  }

  /** Removes the batches behind the one that ends with record `lsn`, durably on return: they were never committed. */
  truncateAfter(lsn: number): void {
    if (lsn >= this.lsn - 1) return;
    const segment = this.segments.findLast(({ firstLsn }) => firstLsn !== undefined && firstLsn <= lsn + 1);
    assert(segment !== undefined, `the log has record ${String(lsn + 1)}`);
    const bytes = readFileSync(join(this.directory, segment.name));
    let offset = 0;
    let batch = decodeBatch(bytes, 0);
    for (; batch !== undefined && batch.firstLsn <= lsn; batch = decodeBatch(bytes, offset)) offset = batch.end;
    if (batch?.firstLsn !== lsn + 1) throw corrupt(`no batch ends with record ${String(lsn)}`);
    const { sequence } = batch;
    // A crash from here on finds out of the file what is to go; without it, what is left of several batches would look like damage.
    writeFileDurably(join(this.directory, truncationName), JSON.stringify({ sequence }));
    this.discard(this.descriptor);
    this.descriptor = -1;
    this.era++;
    const beginning = { ...this.origin, sequence: this.segments[0]?.first ?? sequence, hlc: this.hlc };
    this.segments = [];
    this.starts = [];
    this.before = undefined;
    this.beginAt(beginning);
    this.recover(() => undefined, false);
  }

  /** Drops segments all of whose records are below `lsn`; one is kept to be written again. Answers whether there were any. */
  trim(lsn: number): boolean {
    const before = this.segments.length;
    const limit = Math.min(lsn, ...this.retained.values());
    this.bytesSinceTrim = 0;
    for (let next = this.segments[1]; next?.firstLsn !== undefined && next.firstLsn <= limit; next = this.segments[1]) {
      const dropped = this.segments.shift();
      assert(dropped !== undefined, 'a segment to drop');
      const path = join(this.directory, dropped.name);
      if (dropped.bytes === this.segmentBytes) renameSync(path, join(this.directory, spareName));
      else rmSync(path);
      this.noteBeginning(next.firstLsn);
    }
    return this.segments.length < before;
  }

  /** The log begins with record `first` now. */
  private noteBeginning(first: number): void {
    const before = this.starts.findLast(({ firstLsn }) => firstLsn < first);
    if (before === undefined) return;
    this.origin = { epoch: before.epoch, lsn: first - 1 };
    const kept = this.starts.filter(({ firstLsn }) => firstLsn >= first);
    this.starts = kept[0]?.firstLsn === first ? kept : [{ epoch: before.epoch, firstLsn: first }, ...kept];
  }

  close(): void {
    if (this.descriptor >= 0) this.discard(this.descriptor);
    this.descriptor = -1;
  }

  private recover(replay: (entry: LogEntry, batch: Batch) => void, isStart = true): void {
    const names = readdirSync(this.directory)
      .filter((name) => /^\d{16}\.log$/.test(name))
      .sort();
    const truncation = join(this.directory, truncationName);
    const removedFrom = readJson<{ readonly sequence: number }>(truncation)?.sequence ?? Infinity;
    const origin = isStart ? readJson<LogOrigin>(join(this.directory, originName)) : undefined;
    if (origin !== undefined) this.beginAt(origin);
    let last: { readonly name: string; readonly end: number; readonly bytes: number } | undefined;
    for (const [index, name] of names.entries()) {
      const first = Number(name.slice(0, 16));
      if (first > removedFrom) {
        rmSync(join(this.directory, name));
        continue;
      }
      if (index === 0) this.sequence = first;
      else if (first !== this.sequence) throw corrupt(`the log ends at batch ${String(this.sequence)} before segment ${name}`);
      const segment = readFileSync(join(this.directory, name));
      let end = 0;
      let firstLsn: number | undefined;
      while (this.sequence < removedFrom) {
        const batch = decodeBatch(segment, end);
        if (batch?.sequence !== this.sequence) break;
        this.hlc = batch.hlc;
        firstLsn ??= batch.firstLsn;
        if (this.starts.length === 0) this.origin = { epoch: batch.previousEpoch, lsn: batch.firstLsn - 1 };
        if (this.starts.at(-1)?.epoch !== batch.epoch) this.starts.push({ epoch: batch.epoch, firstLsn: batch.firstLsn });
        this.lastEpoch = batch.epoch;
        for (const entry of batch.entries) {
          replay(entry, batch);
          this.lsn = entry.lsn + 1;
        }
        end = batch.end;
        this.sequence++;
      }
      this.bytesSinceTrim += end;
      const behind = this.sequence < removedFrom ? findBatchAbove(segment, end, this.sequence) : undefined;
      if (behind !== undefined) throw corrupt(`batch ${String(this.sequence)} in ${name} is damaged, but a whole one follows at ${String(behind)}`);
      this.segments.push({ name, first, firstLsn, bytes: segment.length });
      last = { name, end, bytes: segment.length };
    }
    this.durableLsn = this.lsn - 1;
    if (last === undefined) {
      this.createSegment(Math.min(firstSegmentBytes, this.segmentBytes));
      return;
    }
    this.descriptor = openSync(join(this.directory, last.name), 'r+');
    this.capacity = last.bytes;
    this.offset = last.end;
    this.eraseTail();
    if (removedFrom < Infinity) {
      rmSync(truncation);
      fsyncPath(this.directory);
    }
  }

  private beginAt({ epoch, lsn, sequence, hlc }: LogOrigin): void {
    this.hasOrigin = true;
    this.sequence = sequence;
    this.lsn = lsn + 1;
    this.hlc = hlc;
    this.lastEpoch = epoch;
    this.origin = { epoch, lsn };
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
    this.discard(old);
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

/** Has the log in this directory, which has none yet, begin there. Durable. */
export function writeLogOrigin(directory: string, origin: LogOrigin): void {
  mkdirSync(directory, { recursive: true });
  writeFileDurably(join(directory, originName), JSON.stringify(origin));
}

function readJson<T>(path: string): T | undefined {
  return fileSize(path) < 0 ? undefined : (JSON.parse(readFileSync(path, 'utf8')) as T);
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
