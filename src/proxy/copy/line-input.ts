/**
 * Holds back the incomplete end of the input between chunks, for the text and csv parsers. A long line that spans many chunks is not joined and scanned again with
 * every chunk: only when a line end comes, and, where that did not complete it (a line end inside quotes), when the held bytes have doubled.
 */
const empty = Buffer.alloc(0);

export class LineInput {
  #pieces: Buffer[] = [];
  #heldBytes = 0;
  /** Scanning fewer bytes than this would find nothing new. */
  #scanBytesMin = 0;
  #scannedBytes = 0;

  /** The bytes to scan: what was held back, then the chunk; undefined when the chunk cannot complete a line. Follow a scan by `hold`. */
  add(chunk: Uint8Array): Buffer | undefined {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    const last = this.#pieces.at(-1);
    if (last === undefined) {
      this.#scannedBytes = bytes.length;
      return bytes;
    }
    this.#pieces.push(bytes);
    this.#heldBytes += bytes.length;
    // A carriage return at the very end waits for its successor, whatever that is.
    const mayEnd = bytes.includes(10) || bytes.includes(13) || last.at(-1) === 13;
    if (!mayEnd || this.#heldBytes < this.#scanBytesMin) return undefined;
    const joined = this.takeAll();
    this.#scannedBytes = joined.length;
    return joined;
  }

  /** Keeps the rest of what was scanned, from the beginning of its line. */
  hold(rest: Buffer): void {
    this.#scanBytesMin = rest.length === this.#scannedBytes ? rest.length * 2 : 0;
    if (rest.length === 0) return;
    this.#pieces.push(rest);
    this.#heldBytes += rest.length;
  }

  /** Everything that is held. */
  takeAll(): Buffer {
    const all = this.#pieces.length === 0 ? empty : Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#heldBytes = 0;
    return all;
  }
}
