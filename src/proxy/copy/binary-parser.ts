/**
 * COPY FROM, binary format: signature, flags, tuples of length-prefixed fields, trailer. Made by create-copy-parser.ts.
 * Source: PostgreSQL 15, chapter "COPY / Binary Format" and copyfromparse.c.
 */
import { PgError } from '../../common/errors.js';
import { copyContext } from './copy-context.js';
import type { CopyParser, CopyRowReceiver, CopyTarget } from './copy-parser.js';
import { badCopyFormat } from './row-checker.js';

export const binarySignature = Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1');
const flagsAndLengthBytes = 8;
const withOidsFlag = 1 << 16;
const criticalFlags = 0xfffe0000;
const empty = Buffer.alloc(0);

export class CopyBinaryParser implements CopyParser {
  /** Unlike the text formats the trailer ends nothing: more bytes behind it are an error. */
  readonly isFinished = false;
  readonly #columns: readonly string[];
  readonly #table: string;
  #held: Buffer[] = [];
  #heldBytes = 0;
  /** How many bytes are needed before parsing makes sense again: a large field is not looked at with every chunk. */
  #needed = 0;
  #headerDone = false;
  #extensionLeft = 0;
  #trailerSeen = false;
  #rows = 0;

  constructor(
    target: CopyTarget,
    private readonly receive: CopyRowReceiver<Uint8Array | null>,
  ) {
    this.#columns = target.columns;
    this.#table = target.table;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#trailerSeen) throw this.#error('received copy data after EOF marker');
    this.#held.push(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
    this.#heldBytes += chunk.length;
    if (this.#heldBytes < this.#needed) return;
    const [first = empty, ...others] = this.#held;
    const bytes = others.length === 0 ? first : Buffer.concat(this.#held);
    const rest = bytes.subarray(this.#parse(bytes));
    this.#held = rest.length === 0 ? [] : [rest];
    this.#heldBytes = rest.length;
  }

  end(): void {
    if (!this.#headerDone) {
      const held = Buffer.concat(this.#held);
      if (held.length < binarySignature.length || !held.subarray(0, binarySignature.length).equals(binarySignature)) {
        throw new PgError(badCopyFormat, 'COPY file signature not recognized');
      }
      throw new PgError(badCopyFormat, `invalid COPY file header (missing ${held.length < binarySignature.length + 4 ? 'flags' : 'length'})`);
    }
    if (this.#extensionLeft > 0) throw new PgError(badCopyFormat, 'invalid COPY file header (wrong length)');
    if (this.#heldBytes < 2) return;
    this.#rows++;
    throw this.#error('unexpected EOF in COPY data');
  }

  #error(message: string, column?: string): PgError {
    return new PgError(badCopyFormat, message, { where: copyContext({ table: this.#table, line: this.#rows, column }) });
  }

  /** Answers how many bytes are used up. */
  #parse(bytes: Buffer): number {
    let position = 0;
    if (!this.#headerDone) {
      const start = this.#header(bytes);
      if (start === undefined) return 0;
      position = start;
    }
    if (this.#extensionLeft > 0) {
      const skipped = Math.min(this.#extensionLeft, bytes.length - position);
      this.#extensionLeft -= skipped;
      position += skipped;
    }
    for (;;) {
      const next = this.#row(bytes, position);
      if (next === undefined) return position;
      position = next;
    }
  }

  #header(bytes: Buffer): number | undefined {
    const compared = Math.min(bytes.length, binarySignature.length);
    if (!bytes.subarray(0, compared).equals(binarySignature.subarray(0, compared))) throw new PgError(badCopyFormat, 'COPY file signature not recognized');
    const start = binarySignature.length;
    if (bytes.length < start + flagsAndLengthBytes) return undefined;
    const flags = bytes.readUInt32BE(start);
    if ((flags & withOidsFlag) !== 0) throw new PgError(badCopyFormat, 'invalid COPY file header (WITH OIDS)');
    if ((flags & criticalFlags) !== 0) throw new PgError(badCopyFormat, 'unrecognized critical flags in COPY file header');
    this.#extensionLeft = bytes.readInt32BE(start + 4);
    if (this.#extensionLeft < 0) throw new PgError(badCopyFormat, 'invalid COPY file header (missing length)');
    this.#headerDone = true;
    return start + flagsAndLengthBytes;
  }

  /** One tuple; undefined when it is not complete. */
  #row(bytes: Buffer, start: number): number | undefined {
    this.#needed = 0;
    const available = bytes.length;
    if (start + 2 > available) return undefined;
    const count = bytes.readInt16BE(start);
    if (count === -1) {
      this.#rows++;
      this.#trailerSeen = true;
      if (start + 2 < available) throw this.#error('received copy data after EOF marker');
      return start + 2;
    }
    if (count !== this.#columns.length) {
      this.#rows++;
      throw this.#error(`row field count is ${count}, expected ${this.#columns.length}`);
    }
    const fields: (Uint8Array | null)[] = [];
    let position = start + 2;
    for (let column = 0; column < count; column++) {
      if (position + 4 > available) return undefined;
      const length = bytes.readInt32BE(position);
      position += 4;
      if (length === -1) {
        fields.push(null);
        continue;
      }
      if (length < 0) {
        this.#rows++;
        throw this.#error('invalid field size', this.#columns[column]);
      }
      if (position + length > available) {
        this.#needed = position + length - start;
        return undefined;
      }
      fields.push(bytes.subarray(position, position + length));
      position += length;
    }
    this.#rows++;
    this.receive(fields, this.#rows);
    return position;
  }
}
