/**
 * COPY FROM, text format: fields between delimiters, backslash escapes, `\N`, `\.`. Made by create-copy-parser.ts.
 *
 * One pass over the bytes notes where fields begin and end. A row without escapes may go on as that, for the receiver to read its fields from the bytes; of another one
 * strings are made. Source: PostgreSQL 15, CopyReadLineText and CopyReadAttributesText in copyfromparse.c.
 */
import { isUtf8 } from 'node:buffer';
import type { CopyParser, CopyPlainRowReceiver, CopyRowReceiver, CopyTarget } from './copy-parser.js';
import { LineInput } from './line-input.js';
import { RowChecker, soundLength } from './row-checker.js';

const backslash = 92;
const carriageReturn = 13;
const newline = 10;
const dot = 46;

type LineEnd = 'unknown' | 'newline' | 'carriage return' | 'both';

/** Bytes that end or change a field. */
const plain = 0;
const special = 1;

const hexDigit = (byte: number): number => {
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
};

export class CopyTextParser implements CopyParser {
  isFinished = false;
  readonly #input = new LineInput();
  readonly #checker: RowChecker;
  readonly #delimiter: number;
  readonly #nullString: string;
  readonly #nullBytes: Buffer;
  readonly #columnCount: number;
  readonly #kinds = new Uint8Array(256);
  #lineEnd: LineEnd = 'unknown';
  /** Lines completed. */
  #lines = 0;
  #headerPending: boolean;
  readonly #matchesHeader: boolean;
  #scratch = Buffer.alloc(256);
  /** A field of the current line whose escapes make no text. */
  #badField: Buffer | undefined;
  /** Of the current line: where fields begin and end. */
  #bounds: Int32Array;
  #fieldCount = 0;
  /** A field has escapes and is not NULL: by their numbers. */
  readonly #escaped = new Set<number>();

  constructor(
    target: CopyTarget,
    private readonly receive: CopyRowReceiver<string | null>,
    private readonly receivePlain?: CopyPlainRowReceiver,
  ) {
    this.#bounds = new Int32Array(2 * Math.max(target.columns.length, 8));
    this.#checker = new RowChecker(target);
    this.#delimiter = target.options.delimiter.charCodeAt(0);
    this.#nullString = target.options.nullString;
    this.#nullBytes = Buffer.from(this.#nullString);
    this.#columnCount = target.columns.length;
    this.#headerPending = target.options.header !== 'none';
    this.#matchesHeader = target.options.header === 'match';
    for (const byte of [this.#delimiter, backslash, carriageReturn, newline]) this.#kinds[byte] = special;
  }

  push(chunk: Uint8Array): void {
    if (this.isFinished) return;
    const bytes = this.#input.add(chunk);
    if (bytes !== undefined) this.#input.hold(bytes.subarray(this.#scan(bytes, false)));
  }

  end(): void {
    if (this.isFinished) return;
    const rest = this.#input.takeAll();
    if (rest.length > 0) this.#scan(rest, true);
    this.#finish();
  }

  /** An input without any line has an empty header line. */
  #finish(): void {
    this.isFinished = true;
    if (this.#headerPending) this.#checker.checkHeader([this.#nullString === '' ? null : ''], this.#lines + 1, () => '');
  }

  /** Emits the rows of all complete lines (or of everything, at the end) and answers where the incomplete one begins. */
  #scan(bytes: Buffer, atEnd: boolean): number {
    // Sound text up to `limit`; what lies behind is reported when its line is reached.
    const limit = soundLength(bytes);
    this.#badField = undefined;
    const kinds = this.#kinds;
    const delimiter = this.#delimiter;
    const limitOfFour = limit - 3;
    let inputEnd = limit;
    let lineStart = 0;
    let fieldStart = 0;
    let hasEscape = false;
    let position = 0;
    this.#fieldCount = 0;
    this.#escaped.clear();

    for (;;) {
      // Four at a time, as most bytes are plain.
      while (
        position < limitOfFour &&
        ((kinds[bytes[position] as number] as number) |
          (kinds[bytes[position + 1] as number] as number) |
          (kinds[bytes[position + 2] as number] as number) |
          (kinds[bytes[position + 3] as number] as number)) ===
          plain
      ) {
        position += 4;
      }
      while (position < limit && kinds[bytes[position] as number] === plain) position++;
      if (position >= limit) break;
      const byte = bytes[position] as number;
      if (byte === delimiter) {
        this.#addField(bytes, fieldStart, position, hasEscape);
        position++;
        fieldStart = position;
        hasEscape = false;
        continue;
      }
      if (byte === backslash) {
        if (position + 1 >= limit) {
          // The end of the chunk; or a last line that ends in a backslash, which says nothing.
          inputEnd = position;
          break;
        }
        if (bytes[position + 1] === dot) {
          const after = this.#endMarker(bytes, position + 2, atEnd);
          if (after === undefined) return lineStart;
          // What stands before the marker on its line is a row, too.
          if (position > lineStart) this.#endLine(bytes, lineStart, fieldStart, position, hasEscape);
          this.#finish();
          return bytes.length;
        }
        hasEscape = true;
        position += 2;
        continue;
      }
      // A line end.
      let next = position + 1;
      if (byte === carriageReturn) {
        if (this.#lineEnd === 'newline') throw this.#checker.lineEndInData('carriage return', this.#lines + 1);
        if (this.#lineEnd !== 'carriage return') {
          if (next >= limit && (limit < bytes.length || !atEnd)) {
            this.#reportEncoding(bytes, limit, atEnd);
            return lineStart;
          }
          if (bytes[next] === newline) {
            this.#lineEnd = 'both';
            next++;
          } else {
            if (this.#lineEnd === 'both') throw this.#checker.lineEndInData('carriage return', this.#lines + 1);
            this.#lineEnd = 'carriage return';
          }
        }
      } else {
        if (this.#lineEnd === 'carriage return' || this.#lineEnd === 'both') throw this.#checker.lineEndInData('newline', this.#lines + 1);
        this.#lineEnd = 'newline';
      }
      this.#endLine(bytes, lineStart, fieldStart, position, hasEscape);
      position = next;
      lineStart = position;
      fieldStart = position;
      hasEscape = false;
    }

    this.#reportEncoding(bytes, limit, atEnd);
    if (!atEnd) return lineStart;
    if (lineStart < limit) this.#endLine(bytes, lineStart, fieldStart, inputEnd, hasEscape);
    return bytes.length;
  }

  /** Bytes behind `limit` are no text, unless they are a sequence that the end of the chunk has cut. */
  #reportEncoding(bytes: Buffer, limit: number, atEnd: boolean): void {
    if (limit < bytes.length) this.#checker.checkEncoding(bytes.subarray(limit), atEnd, this.#lines + 1);
  }

  /** Checks what follows `\.`; undefined: not decided before more comes. */
  #endMarker(bytes: Buffer, start: number, atEnd: boolean): number | undefined {
    const line = this.#lines + 1;
    let position = start;
    const need = (): number | undefined => {
      if (position < bytes.length) return bytes[position++];
      if (atEnd) throw this.#checker.corruptEndMarker(line);
      return undefined;
    };
    let byte = need();
    if (byte === undefined) return undefined;
    if (this.#lineEnd === 'both') {
      if (byte === newline) throw this.#checker.mismatchedEndMarker(line);
      if (byte !== carriageReturn) throw this.#checker.corruptEndMarker(line);
      byte = need();
      if (byte === undefined) return undefined;
    }
    if (byte !== carriageReturn && byte !== newline) throw this.#checker.corruptEndMarker(line);
    const wanted = this.#lineEnd === 'carriage return' ? carriageReturn : newline;
    if (this.#lineEnd !== 'unknown' && byte !== wanted) throw this.#checker.mismatchedEndMarker(line);
    return position;
  }

  #addField(bytes: Buffer, start: number, end: number, hasEscape: boolean): void {
    const field = this.#fieldCount++;
    if (2 * field >= this.#bounds.length) {
      const grown = new Int32Array(this.#bounds.length * 2);
      grown.set(this.#bounds);
      this.#bounds = grown;
    }
    // The null string is compared before escapes are taken out.
    const isNull = end - start === this.#nullBytes.length && this.#isNull(bytes, start);
    this.#bounds[2 * field] = start;
    this.#bounds[2 * field + 1] = isNull ? -1 : end;
    if (hasEscape && !isNull) this.#escaped.add(field);
  }

  #endLine(bytes: Buffer, lineStart: number, fieldStart: number, end: number, hasEscape: boolean): void {
    this.#lines++;
    this.#addField(bytes, fieldStart, end, hasEscape);
    const count = this.#fieldCount;
    this.#fieldCount = 0;
    if (this.receivePlain !== undefined && count === this.#columnCount && !this.#headerPending && this.#escaped.size === 0) {
      this.receivePlain(bytes, this.#bounds, this.#lines);
      return;
    }
    let fields = this.#fields(bytes, count);
    this.#escaped.clear();
    if (this.#headerPending && !this.#matchesHeader) {
      // A header that is not compared may hold anything.
      this.#headerPending = false;
      this.#badField = undefined;
      return;
    }
    if (this.#badField !== undefined) throw this.#checker.encodingError(this.#badField, this.#lines, bytes.toString('utf8', lineStart, end));
    if (this.#headerPending) {
      this.#headerPending = false;
      this.#checker.checkHeader(fields, this.#lines, () => bytes.toString('utf8', lineStart, end));
      return;
    }
    if (count !== this.#columnCount) {
      this.#checker.checkCount(count, lineStart === end, this.#lines, () => bytes.toString('utf8', lineStart, end));
      fields = [];
    }
    this.receive(fields, this.#lines);
  }

  #fields(bytes: Buffer, count: number): (string | null)[] {
    const fields = new Array<string | null>(count);
    for (let field = 0; field < count; field++) {
      const start = this.#bounds[2 * field] as number;
      const end = this.#bounds[2 * field + 1] as number;
      if (end < 0) fields[field] = null;
      else fields[field] = this.#escaped.has(field) ? this.#escapedField(bytes, start, end) : bytes.toString('utf8', start, end);
    }
    return fields;
  }

  /** Of as many bytes as the null string has. */
  #isNull(bytes: Buffer, start: number): boolean {
    const nullBytes = this.#nullBytes;
    for (let index = 0; index < nullBytes.length; index++) if (bytes[start + index] !== nullBytes[index]) return false;
    return true;
  }

  /** A field with backslashes. */
  #escapedField(bytes: Buffer, start: number, end: number): string {
    if (this.#scratch.length < end - start) this.#scratch = Buffer.allocUnsafe((end - start) * 2);
    const target = this.#scratch;
    let length = 0;
    let madeBytes = false;
    let position = start;
    while (position < end) {
      const byte = bytes[position++] as number;
      if (byte !== backslash) {
        target[length++] = byte;
        continue;
      }
      const escaped = bytes[position++] as number;
      switch (escaped) {
        case 98: // b
          target[length++] = 8;
          break;
        case 102: // f
          target[length++] = 12;
          break;
        case 110: // n
          target[length++] = newline;
          break;
        case 114: // r
          target[length++] = carriageReturn;
          break;
        case 116: // t
          target[length++] = 9;
          break;
        case 118: // v
          target[length++] = 11;
          break;
        case 120: {
          // x: up to two hexadecimal digits; without any it is an x.
          let value = position < end ? hexDigit(bytes[position] as number) : -1;
          if (value < 0) {
            target[length++] = escaped;
            break;
          }
          position++;
          const second = position < end ? hexDigit(bytes[position] as number) : -1;
          if (second >= 0) {
            value = value * 16 + second;
            position++;
          }
          target[length++] = value;
          madeBytes ||= value === 0 || value > 127;
          break;
        }
        default: {
          if (escaped < 48 || escaped > 55) {
            target[length++] = escaped;
            break;
          }
          let value = escaped - 48;
          for (let digits = 1; digits < 3 && position < end; digits++) {
            const digit = (bytes[position] as number) - 48;
            if (digit < 0 || digit > 7) break;
            value = value * 8 + digit;
            position++;
          }
          target[length++] = value & 255;
          madeBytes ||= (value & 255) === 0 || (value & 255) > 127;
        }
      }
    }
    const result = target.subarray(0, length);
    if (madeBytes && (result.includes(0) || !isUtf8(result))) {
      // Reported when the line is complete, as its text belongs to the message.
      this.#badField ??= Buffer.from(result);
    }
    return target.toString('utf8', 0, length);
  }
}
