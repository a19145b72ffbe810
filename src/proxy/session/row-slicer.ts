/**
 * Delivers a stream's rows in portions of at most so many rows, as Execute with a row limit and FETCH ask. Batches hold whole protocol messages, so a batch can be
 * cut at any message without decoding.
 */
import type { BatchStream } from '../../executor/merge-streams.js';

export interface Portion {
  readonly bytes: Uint8Array;
  readonly rows: number;
}

export class RowSlicer {
  #bytes: Uint8Array | undefined;
  #rows = 0;
  #done = false;

  constructor(readonly stream: BatchStream) {}

  /** Up to `maxRows` rows (0 = as they come); undefined at the end. */
  async next(maxRows: number): Promise<Portion | undefined> {
    while (this.#rows === 0) {
      if (this.#done) return undefined;
      const batch = await this.stream.pull(maxRows);
      this.#done = batch.done;
      this.#rows = batch.rows;
      this.#bytes = batch.bytes;
    }
    const bytes = this.#bytes as Uint8Array;
    if (maxRows === 0 || this.#rows <= maxRows) {
      const portion = { bytes, rows: this.#rows };
      this.#rows = 0;
      this.#bytes = undefined;
      return portion;
    }
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    for (let row = 0; row < maxRows; row++) at += 1 + view.getInt32(at + 1);
    this.#rows -= maxRows;
    this.#bytes = bytes.subarray(at);
    return { bytes: bytes.subarray(0, at), rows: maxRows };
  }

  /** True when no row can come any more, without asking the stream. */
  get exhausted(): boolean {
    return this.#done && this.#rows === 0;
  }

  close(): void {
    this.#rows = 0;
    this.#bytes = undefined;
    if (!this.#done) this.stream.close();
    this.#done = true;
  }
}
