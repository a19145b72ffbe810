/**
 * Rows of a cursor on the writer connection. The connection must be free for the next statement (and for other transactions), so the result is taken whole:
 * in memory up to a limit, beyond it in an unlinked temporary file.
 */
import { closeSync, readSync, writeSync } from 'node:fs';
import { openTemporaryFile } from '../files/temporary-file.js';
import type { CursorBatch } from '../ports.js';
import type { RowEncoder } from '../read/row-encoder.js';

const memoryBytesMax = 64 * 1024 * 1024;

interface StoredBatch {
  readonly rows: number;
  readonly partitions: readonly (StoredBytes | undefined)[] | undefined;
  readonly bytes: StoredBytes | undefined;
  readonly keys: StoredBytes | undefined;
}
type StoredBytes = Uint8Array | { readonly offset: number; readonly length: number };

export class Spool {
  private readonly batches: StoredBatch[] = [];
  private next = 0;
  private memoryBytes = 0;
  private descriptor = -1;
  private fileBytes = 0;

  /** divisible: the rows are protocol messages. */
  constructor(private readonly divisible: boolean) {}

  /** Takes over what the encoder holds. */
  add(encoder: RowEncoder): void {
    const batch = encoder.take(false);
    if (batch.rows === 0) return;
    this.batches.push({
      rows: batch.rows,
      bytes: this.store(batch.bytes),
      partitions: batch.partitions?.map((part) => this.store(part)),
      keys: this.store(batch.keys),
    });
  }

  /** At most maxRows rows of messages (0: a whole batch); row-codec batches are not divided. */
  pull(maxRows: number): CursorBatch {
    const batch = this.batches[this.next];
    if (batch === undefined) return { done: true, rows: 0, bytes: undefined };
    if (maxRows > 0 && batch.rows > maxRows && this.divisible && batch.keys === undefined) return this.divide(batch, maxRows);
    this.batches[this.next++] = { rows: 0, bytes: undefined, partitions: undefined, keys: undefined };
    const done = this.next >= this.batches.length;
    const bytes = this.load(batch.bytes);
    const keys = this.load(batch.keys);
    return {
      done,
      rows: batch.rows,
      bytes,
      ...(keys === undefined ? {} : { keys }),
      ...(batch.partitions === undefined ? {} : { partitions: batch.partitions.map((part) => this.load(part)) }),
    };
  }

  /** The first rows of a batch of protocol messages: a type byte and a length that counts itself. */
  private divide(batch: StoredBatch, maxRows: number): CursorBatch {
    const bytes = this.load(batch.bytes) as Uint8Array;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let end = 0;
    for (let row = 0; row < maxRows; row++) end += 1 + view.getInt32(end + 1);
    this.batches[this.next] = { rows: batch.rows - maxRows, bytes: bytes.subarray(end), partitions: undefined, keys: undefined };
    return { done: false, rows: maxRows, bytes: bytes.slice(0, end) };
  }

  close(): void {
    if (this.descriptor >= 0) closeSync(this.descriptor);
    this.descriptor = -1;
    this.batches.length = 0;
  }

  private store(bytes: Uint8Array | undefined): StoredBytes | undefined {
    if (bytes === undefined) return undefined;
    if (this.memoryBytes + bytes.byteLength <= memoryBytesMax) {
      this.memoryBytes += bytes.byteLength;
      return bytes;
    }
    if (this.descriptor < 0) this.descriptor = openTemporaryFile();
    const offset = this.fileBytes;
    let done = 0;
    while (done < bytes.byteLength) done += writeSync(this.descriptor, bytes, done, bytes.byteLength - done, offset + done);
    this.fileBytes += bytes.byteLength;
    return { offset, length: bytes.byteLength };
  }

  private load(stored: StoredBytes | undefined): Uint8Array | undefined {
    if (stored === undefined || stored instanceof Uint8Array) return stored;
    const bytes = new Uint8Array(stored.length);
    let done = 0;
    while (done < bytes.byteLength) done += readSync(this.descriptor, bytes, done, bytes.byteLength - done, stored.offset + done);
    return bytes;
  }
}
