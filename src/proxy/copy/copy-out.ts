/**
 * COPY TO: rows to finished CopyData messages, one per row, for `ExecuteOutput.copyData`. Called by the session (or where rows are encoded).
 *
 *     const formatter = createCopyFormatter(options, columns, forceQuote);
 *     formatter.begin();                       // the header line, the binary signature
 *     formatter.row(fields);                   // any number of times; text fields as the output functions give them
 *     await output.copyData(formatter.take()); // when formatter.size is large enough, and after
 *     formatter.finish();                      // the binary trailer
 *
 * Source: PostgreSQL 15, copyto.c.
 */
import { binarySignature } from './binary-parser.js';
import type { CopyOptions } from './copy-options.js';
import type { CopyField } from './copy-parser.js';

const firstBytes = 16 * 1024;
const plainLengthMax = 128;
const copyData = 'd'.charCodeAt(0);

/** 1 for each of the characters. */
function charactersOf(text: string): Uint8Array {
  const marks = new Uint8Array(128);
  for (const character of text) marks[character.charCodeAt(0)] = 1;
  return marks;
}

/** Bytes of finished messages. */
class CopyDataBuffer {
  #bytes = Buffer.allocUnsafeSlow(firstBytes);
  #position = 0;
  #start = 0;

  get size(): number {
    return this.#position;
  }

  #room(count: number): void {
    if (this.#position + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, this.#position + count));
    this.#bytes.copy(larger, 0, 0, this.#position);
    this.#bytes = larger;
  }

  begin(): void {
    this.#room(5);
    this.#start = this.#position;
    this.#bytes[this.#position] = copyData;
    this.#position += 5;
  }

  end(): void {
    this.#bytes.writeInt32BE(this.#position - this.#start - 1, this.#start + 1);
  }

  byte(value: number): void {
    this.#room(1);
    this.#bytes[this.#position++] = value;
  }

  int16(value: number): void {
    this.#room(2);
    this.#position = this.#bytes.writeInt16BE(value, this.#position);
  }

  int32(value: number): void {
    this.#room(4);
    this.#position = this.#bytes.writeInt32BE(value, this.#position);
  }

  text(value: string): void {
    this.#room(value.length * 3);
    this.#position += this.#bytes.write(value, this.#position, 'utf8');
  }

  /**
   * Writes a short text of plain ASCII characters (none of `stops`) faster than the native encoder is called. False, and nothing written, when it is another text.
   */
  plain(value: string, stops: Uint8Array): boolean {
    const length = value.length;
    if (length > plainLengthMax) return false;
    this.#room(length);
    const bytes = this.#bytes;
    const start = this.#position;
    for (let index = 0; index < length; index++) {
      const code = value.charCodeAt(index);
      if (code > 127 || stops[code] === 1) return false;
      bytes[start + index] = code;
    }
    this.#position = start + length;
    return true;
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length);
    this.#bytes.set(value, this.#position);
    this.#position += value.length;
  }

  /** The messages so far; the buffer is given away with them. */
  take(): Uint8Array {
    const taken = this.#bytes.subarray(0, this.#position);
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(firstBytes, Math.min(this.#position, 1024 * 1024)));
    this.#position = 0;
    return taken;
  }
}

/** The one message and the first of the others as one. */
export function joinedMessages(message: Uint8Array, others: Uint8Array): Uint8Array {
  const joined = Buffer.concat([message, others.subarray(5)]);
  const first = new DataView(others.buffer, others.byteOffset, others.byteLength).getUint32(1);
  joined.writeUInt32BE(message.length - 1 + first - 4, 1);
  return new Uint8Array(joined.buffer, joined.byteOffset, joined.length);
}

export abstract class CopyFormatter {
  protected readonly output = new CopyDataBuffer();

  /** Bytes that `take` would give. */
  get size(): number {
    return this.output.size;
  }

  /** Whole CopyData messages; they belong to the caller. */
  take(): Uint8Array {
    return this.output.take();
  }

  /** Before the first row. */
  abstract begin(): void;
  /** null = NULL; text, or binary bytes in the binary format. */
  abstract row(fields: readonly CopyField[]): void;
  /** After the last row. */
  abstract finish(): void;
}

/** The text format's letters for control characters. */
const controlLetters = new Map([
  ['\b', 'b'],
  ['\f', 'f'],
  ['\n', 'n'],
  ['\r', 'r'],
  ['\t', 't'],
  ['\v', 'v'],
]);

function asText(field: string | Uint8Array): string {
  return typeof field === 'string' ? field : Buffer.from(field).toString('utf8');
}

class CopyTextFormatter extends CopyFormatter {
  readonly #options: CopyOptions;
  readonly #escaped: RegExp;
  readonly #stops: Uint8Array;
  readonly #delimiter: number;

  constructor(
    options: CopyOptions,
    private readonly columns: readonly string[],
  ) {
    super();
    this.#options = options;
    this.#stops = charactersOf(`\\\b\f\n\r\t\v${options.delimiter}`);
    this.#delimiter = options.delimiter.charCodeAt(0);
    this.#escaped = new RegExp(`[\\\\\\b\\f\\n\\r\\t\\v${options.delimiter.replace(/[\]\\^-]/g, '\\$&')}]`, 'g');
  }

  begin(): void {
    if (this.#options.header !== 'none') this.row(this.columns);
  }

  row(fields: readonly CopyField[]): void {
    const output = this.output;
    output.begin();
    for (let index = 0; index < fields.length; index++) {
      if (index > 0) output.byte(this.#delimiter);
      const field = fields[index] ?? null;
      if (field === null) output.text(this.#options.nullString);
      else if (typeof field !== 'string' || !output.plain(field, this.#stops)) output.text(this.#escape(asText(field)));
    }
    this.output.byte(10);
    this.output.end();
  }

  #escape(text: string): string {
    this.#escaped.lastIndex = 0;
    if (!this.#escaped.test(text)) return text;
    return text.replace(this.#escaped, (found) => `\\${controlLetters.get(found) ?? found}`);
  }

  finish(): void {
    // Nothing ends the text format: CopyDone does.
  }
}

class CopyCsvFormatter extends CopyFormatter {
  readonly #options: CopyOptions;
  readonly #needsQuotes: RegExp;
  readonly #stops: Uint8Array;
  readonly #delimiter: number;
  readonly #quoted: RegExp;

  constructor(
    options: CopyOptions,
    private readonly columns: readonly string[],
    private readonly forceQuote: readonly boolean[],
  ) {
    super();
    this.#options = options;
    this.#stops = charactersOf(`${options.delimiter}${options.quote}\n\r`);
    this.#delimiter = options.delimiter.charCodeAt(0);
    const inClass = (character: string): string => character.replace(/[\]\\^-]/g, '\\$&');
    this.#needsQuotes = new RegExp(`[${inClass(options.delimiter)}${inClass(options.quote)}\\n\\r]`);
    this.#quoted = new RegExp(`[${inClass(options.quote)}${inClass(options.escape)}]`, 'g');
  }

  begin(): void {
    if (this.#options.header !== 'none') this.#write(this.columns, []);
  }

  row(fields: readonly CopyField[]): void {
    this.#write(fields, this.forceQuote);
  }

  #write(fields: readonly CopyField[], forceQuote: readonly boolean[]): void {
    const { nullString } = this.#options;
    const output = this.output;
    const isAlone = fields.length === 1;
    output.begin();
    for (let index = 0; index < fields.length; index++) {
      if (index > 0) output.byte(this.#delimiter);
      const field = fields[index] ?? null;
      if (field === null) {
        output.text(nullString);
        continue;
      }
      const forced = forceQuote[index] === true;
      if (!forced && !isAlone && typeof field === 'string' && field !== nullString && output.plain(field, this.#stops)) continue;
      output.text(this.#field(asText(field), forced, isAlone));
    }
    this.output.byte(10);
    this.output.end();
  }

  #field(text: string, forced: boolean, isAlone: boolean): string {
    const { quote, escape, nullString } = this.#options;
    // A lone \. would be read as the end marker.
    if (!forced && text !== nullString && !this.#needsQuotes.test(text) && !(isAlone && text === '\\.')) return text;
    return `${quote}${text.replace(this.#quoted, (found) => `${escape}${found}`)}${quote}`;
  }

  finish(): void {
    // Nothing ends the csv format: CopyDone does.
  }
}

class CopyBinaryFormatter extends CopyFormatter {
  begin(): void {
    this.output.begin();
    this.output.bytes(binarySignature);
    this.output.int32(0);
    this.output.int32(0);
    this.output.end();
  }

  row(fields: readonly CopyField[]): void {
    this.output.begin();
    this.output.int16(fields.length);
    for (const field of fields) {
      if (field === null) {
        this.output.int32(-1);
        continue;
      }
      const bytes = typeof field === 'string' ? Buffer.from(field) : field;
      this.output.int32(bytes.length);
      this.output.bytes(bytes);
    }
    this.output.end();
  }

  finish(): void {
    this.output.begin();
    this.output.int16(-1);
    this.output.end();
  }
}

/** `columns` for the header line; `forceQuote` see `forcedColumns` (csv only). */
export function createCopyFormatter(options: CopyOptions, columns: readonly string[], forceQuote: readonly boolean[] = []): CopyFormatter {
  switch (options.format) {
    case 'text':
      return new CopyTextFormatter(options, columns);
    case 'csv':
      return new CopyCsvFormatter(options, columns, forceQuote);
    case 'binary':
      return new CopyBinaryFormatter();
  }
}
