/**
 * The rows of a cursor that have been read: finished DataRow messages with their places, so that FETCH can go back, and so that WITH HOLD outlives its transaction.
 * In memory up to a limit; beyond it in an unlinked temporary file. Used by cursor.ts.
 */
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const memoryBytesMax = 16 * 1024 * 1024;

interface Chunk {
  /** Number of the chunk's first row, from 0. */
  readonly first: number;
  /** Where each row's message begins in the chunk, and the end of the last. */
  readonly offsets: Uint32Array;
  /** undefined: at `place` in the file. */
  readonly bytes: Uint8Array | undefined;
  readonly place: number;
}

export class CursorRows {
  private readonly chunks: Chunk[] = [];
  private total = 0;
  private memoryBytes = 0;
  private fileBytes = 0;
  private descriptor = -1;

  get count(): number {
    return this.total;
  }

  /** More than what is kept for cursors that need not go back. */
  get isLarge(): boolean {
    return this.memoryBytes + this.fileBytes > memoryBytesMax;
  }

  /** Appends `count` messages. */
  add(bytes: Uint8Array, count: number): void {
    if (count === 0) return;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const offsets = new Uint32Array(count + 1);
    for (let row = 0, at = 0; row < count; row++) {
      at += 1 + view.getInt32(at + 1);
      offsets[row + 1] = at;
    }
    const inMemory = this.memoryBytes + bytes.byteLength <= memoryBytesMax;
    this.chunks.push({ first: this.total, offsets, bytes: inMemory ? bytes.slice() : undefined, place: this.fileBytes });
    if (inMemory) this.memoryBytes += bytes.byteLength;
    else this.write(bytes);
    this.total += count;
  }

  /** The messages of row number `row`, from 0. */
  row(row: number): Uint8Array {
    let low = 0;
    let high = this.chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.chunks[middle] as Chunk).first <= row) low = middle;
      else high = middle - 1;
    }
    const chunk = this.chunks[low] as Chunk;
    const start = chunk.offsets[row - chunk.first] as number;
    const end = chunk.offsets[row - chunk.first + 1] as number;
    if (chunk.bytes !== undefined) return chunk.bytes.slice(start, end);
    const bytes = new Uint8Array(end - start);
    for (let done = 0; done < bytes.length; ) done += readSync(this.descriptor, bytes, done, bytes.length - done, chunk.place + start + done);
    return bytes;
  }

  close(): void {
    if (this.descriptor >= 0) closeSync(this.descriptor);
    this.descriptor = -1;
    this.chunks.length = 0;
  }

  private write(bytes: Uint8Array): void {
    if (this.descriptor < 0) {
      const directory = mkdtempSync(join(tmpdir(), 'shoal-cursor-'));
      this.descriptor = openSync(join(directory, 'rows'), 'w+');
      rmSync(directory, { recursive: true });
    }
    for (let done = 0; done < bytes.length; ) done += writeSync(this.descriptor, bytes, done, bytes.length - done, this.fileBytes + done);
    this.fileBytes += bytes.byteLength;
  }
}

/** Where the fields of a DataRow message begin (their lengths) and end. */
function fieldPlaces(message: Uint8Array): readonly { readonly start: number; readonly length: number }[] {
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const places: { readonly start: number; readonly length: number }[] = [];
  for (let i = 0, at = 7; i < view.getInt16(5); i++) {
    const length = view.getInt32(at);
    places.push({ start: at, length });
    at += 4 + Math.max(0, length);
  }
  return places;
}

/** The fields of a message; null is NULL. */
export function fieldsOf(message: Uint8Array): readonly (Uint8Array | null)[] {
  return fieldPlaces(message).map(({ start, length }) => (length < 0 ? null : message.subarray(start + 4, start + 4 + length)));
}

/** The message with its first fields only. */
export function firstFields(message: Uint8Array, count: number): Uint8Array {
  const cut = message.slice(0, fieldPlaces(message)[count]?.start);
  const view = new DataView(cut.buffer);
  view.setInt32(1, cut.byteLength - 1);
  view.setInt16(5, count);
  return cut;
}

/** The fields of a message as texts. */
export function fieldTexts(message: Uint8Array): readonly (string | null)[] {
  return fieldsOf(message).map((field) => (field === null ? null : Buffer.from(field).toString()));
}
