/**
 * The merging gather: several sorted streams of DataRow messages become one, by comparing their sort keys. Streams are pulled one batch at a time; rows are
 * copied once into the output buffer.
 */
import type { MergeKeys } from '../plan/physical.js';
import type { CursorBatch } from '../storage/ports.js';
import { RowReader } from '../types/row-codec.js';
import type { SqlValue } from '../types/value.js';

/** A stream that can be pulled and closed. */
export interface BatchStream {
  pull(maxRows: number): Promise<CursorBatch>;
  close(): void;
}

/** Storage classes in SQLite's order. */
function storageClass(value: SqlValue): number {
  if (value === null) return 0;
  if (typeof value === 'number' || typeof value === 'bigint') return 1;
  return typeof value === 'string' ? 2 : 3;
}

/** SQLite's order of two values (BINARY collation: memcmp of UTF-8). */
export function compareValues(a: SqlValue, b: SqlValue): number {
  const classes = storageClass(a) - storageClass(b);
  if (classes !== 0) return classes;
  if (a === null || b === null) return 0;
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Order by code points, which is the order of UTF-8 bytes; UTF-16 units differ from it only where surrogates meet the range above them. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    const xs = x >= 0xd800 && x <= 0xdfff;
    const ys = y >= 0xd800 && y <= 0xdfff;
    return xs === ys ? x - y : xs ? 1 : -1;
  }
  return a.length - b.length;
}

class Source {
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  #left = 0;
  #keys: RowReader | undefined;
  #done = false;
  key: readonly SqlValue[] = [];
  exhausted = false;

  constructor(readonly stream: BatchStream) {}

  /** Moves to the next row; fetches a batch when the current one is used up. */
  async advance(): Promise<void> {
    while (this.#left === 0) {
      if (this.#done) {
        this.exhausted = true;
        return;
      }
      this.load(await this.stream.pull(0));
    }
    this.#left--;
    this.key = this.#keys?.read() ?? [];
  }

  load(batch: CursorBatch): void {
    this.#done = batch.done;
    this.#left = batch.rows;
    this.#at = 0;
    if (batch.bytes !== undefined) this.#bytes = Buffer.from(batch.bytes.buffer, batch.bytes.byteOffset, batch.bytes.byteLength);
    this.#keys = batch.keys === undefined ? undefined : new RowReader(batch.keys);
  }

  /** True when `advance` will not wait. */
  get ready(): boolean {
    return this.#left > 0 || this.#done;
  }

  /** The current row's message. */
  message(): Buffer {
    const length = 1 + this.#bytes.readInt32BE(this.#at + 1);
    const message = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return message;
  }
}

const batchBytes = 256 * 1024;

/** Merges `streams`, each sorted by `merge`. */
export function mergeStreams(streams: readonly BatchStream[], merge: MergeKeys): BatchStream {
  const sources = streams.map((stream) => new Source(stream));
  let started = false;
  const before = (a: Source, b: Source): boolean => {
    for (let i = 0; i < merge.keys.length; i++) {
      const { descending, nullsFirst } = merge.keys[i] as MergeKeys['keys'][number];
      const x = a.key[i] ?? null;
      const y = b.key[i] ?? null;
      if (x === null || y === null) {
        if (x === y) continue;
        return (x === null) === nullsFirst;
      }
      const order = compareValues(x, y);
      if (order !== 0) return descending ? order > 0 : order < 0;
    }
    return false;
  };
  // Few streams (shards): a linear scan for the least is as fast as a heap and keeps ties in shard order.
  return {
    async pull(maxRows: number): Promise<CursorBatch> {
      if (!started) {
        started = true;
        await Promise.all(sources.map(async (source) => source.advance()));
      }
      const parts: Buffer[] = [];
      let bytes = 0;
      let rows = 0;
      for (;;) {
        let least: Source | undefined;
        for (const source of sources) if (!source.exhausted && (least === undefined || before(source, least))) least = source;
        if (least === undefined) return { done: true, rows, bytes: Buffer.concat(parts) };
        if (bytes >= batchBytes || (maxRows > 0 && rows >= maxRows)) return { done: false, rows, bytes: Buffer.concat(parts) };
        const message = least.message();
        parts.push(message);
        bytes += message.length;
        rows++;
        await least.advance();
      }
    },
    close(): void {
      for (const source of sources) source.stream.close();
    },
  };
}
