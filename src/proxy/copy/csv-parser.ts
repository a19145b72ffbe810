/**
 * COPY FROM, csv format: quoted fields, doubled or escaped quotes, line ends inside quotes, `\.` alone on a line. Made by create-copy-parser.ts.
 *
 * One pass over the bytes, as in text-parser.ts: a field without quotes, or one that is quoted as a whole and holds no escapes, is a slice; others are put together in
 * a scratch buffer. Source: PostgreSQL 15, CopyReadLineText and CopyReadAttributesCSV in copyfromparse.c.
 */
import { isAscii } from 'node:buffer';
import type { CopyParser, CopyRowReceiver, CopyTarget } from './copy-parser.js';
import { LineInput } from './line-input.js';
import { badCopyFormat, RowChecker, soundLength } from './row-checker.js';

const backslash = 92;
const carriageReturn = 13;
const newline = 10;
const dot = 46;

type LineEnd = 'unknown' | 'newline' | 'carriage return' | 'both';

/** What `#endMarker` finds: the marker, plain data, or not enough bytes to tell. */
type MarkerVerdict = 'marker' | 'data' | 'undecided';

export class CopyCsvParser implements CopyParser {
  isFinished = false;
  readonly #input = new LineInput();
  readonly #checker: RowChecker;
  readonly #delimiter: number;
  readonly #quote: number;
  readonly #escape: number;
  readonly #nullString: string;
  readonly #forceNotNull: readonly boolean[] | undefined;
  readonly #forceNull: readonly boolean[] | undefined;
  readonly #columnCount: number;
  /** 1: the byte ends or changes an unquoted field. */
  readonly #stopsPlain = new Uint8Array(256);
  /** 1: the byte means something inside quotes. */
  readonly #stopsQuoted = new Uint8Array(256);
  #lineEnd: LineEnd = 'unknown';
  #lines = 0;
  #headerPending: boolean;
  readonly #matchesHeader: boolean;
  #scratch = Buffer.alloc(256);

  constructor(
    target: CopyTarget,
    private readonly receive: CopyRowReceiver<string | null>,
  ) {
    const { options } = target;
    this.#checker = new RowChecker(target);
    this.#delimiter = options.delimiter.charCodeAt(0);
    this.#quote = options.quote.charCodeAt(0);
    this.#escape = options.escape.charCodeAt(0);
    this.#nullString = options.nullString;
    this.#forceNotNull = target.forceNotNull;
    this.#forceNull = target.forceNull;
    this.#columnCount = target.columns.length;
    this.#headerPending = options.header !== 'none';
    this.#matchesHeader = options.header === 'match';
    for (const byte of [this.#delimiter, this.#quote, carriageReturn, newline]) this.#stopsPlain[byte] = 1;
    for (const byte of [this.#quote, this.#escape, carriageReturn, newline]) this.#stopsQuoted[byte] = 1;
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
    const limit = soundLength(bytes);
    const ascii = isAscii(bytes);
    const text = bytes.toString('latin1', 0, limit);
    const stopsPlain = this.#stopsPlain;
    const stopsQuoted = this.#stopsQuoted;
    const delimiter = this.#delimiter;
    const quote = this.#quote;
    const escape = this.#escape;
    const nullString = this.#nullString;
    const hasSpecialNulls = this.#forceNotNull !== undefined;
    const limitOfFour = limit - 3;
    const lineEndInQuotes = (): number => (this.#lineEnd === 'newline' ? newline : carriageReturn);
    let lineStart = 0;
    let embeddedLines = 0;
    let position = 0;

    lines: for (;;) {
      embeddedLines = 0;
      if (position >= limit) break;
      if (bytes[position] === backslash) {
        const verdict = this.#endMarker(bytes, position, atEnd);
        if (verdict === 'undecided') return lineStart;
        if (verdict === 'marker') {
          this.#finish();
          return bytes.length;
        }
      }
      const fields: (string | null)[] = [];
      for (;;) {
        // One field. [pieceStart, position) is the piece not yet in the scratch; `filled` bytes are.
        let pieceStart = position;
        let filled = 0;
        let pieces = 0;
        let isQuoted = false;
        let ended: number | undefined;
        for (;;) {
          // Four at a time, as most bytes are plain.
          while (
            position < limitOfFour &&
            ((stopsPlain[bytes[position] as number] as number) |
              (stopsPlain[bytes[position + 1] as number] as number) |
              (stopsPlain[bytes[position + 2] as number] as number) |
              (stopsPlain[bytes[position + 3] as number] as number)) ===
              0
          ) {
            position += 4;
          }
          while (position < limit && stopsPlain[bytes[position] as number] === 0) position++;
          if (position >= limit) break;
          const byte = bytes[position] as number;
          if (byte !== quote) {
            ended = byte;
            break;
          }
          isQuoted = true;
          if (position > pieceStart) {
            filled = this.#append(bytes, pieceStart, position, filled);
            pieces += 2;
          }
          position++;
          pieceStart = position;
          let closed = false;
          for (;;) {
            while (position < limit && stopsQuoted[bytes[position] as number] === 0) position++;
            if (position >= limit) break;
            const inner = bytes[position] as number;
            if (inner === escape) {
              const next = position + 1 < limit ? bytes[position + 1] : undefined;
              if (next === undefined && !atEnd) break lines;
              if (next === escape || next === quote) {
                filled = this.#append(bytes, pieceStart, position, filled);
                pieces += 2;
                pieceStart = position + 1;
                position += 2;
                continue;
              }
            }
            if (inner === quote) {
              closed = true;
              break;
            }
            if (inner === lineEndInQuotes()) embeddedLines++;
            position++;
          }
          if (!closed) {
            this.#reportEncoding(bytes, limit, atEnd, embeddedLines);
            if (!atEnd) return lineStart;
            // A header that is not compared is not taken apart either.
            if (this.#headerPending && !this.#matchesHeader) {
              this.#headerPending = false;
              return bytes.length;
            }
            throw this.#checker.error(
              badCopyFormat,
              'unterminated CSV quoted field',
              this.#lines + 1 + embeddedLines,
              bytes.toString('utf8', lineStart, bytes.length),
            );
          }
          if (pieces === 0) {
            // The whole field so far is one quoted piece: perhaps it ends here, and is a slice.
            const after = position + 1 < limit ? bytes[position + 1] : undefined;
            if (after === undefined || after === delimiter || after === newline || after === carriageReturn) {
              const [start, end] = [pieceStart, position];
              position++;
              if (position >= limit && !atEnd) break lines;
              fields.push(this.#quotedSlice(bytes, text, start, end, ascii, fields.length));
              ended = after;
              pieces = -1;
              break;
            }
          }
          filled = this.#append(bytes, pieceStart, position, filled);
          pieces += 2;
          position++;
          pieceStart = position;
        }
        if (ended === undefined && !(atEnd && limit === bytes.length)) break lines;
        if (pieces === 0 && ascii && !hasSpecialNulls) {
          const slice = text.slice(pieceStart, position);
          fields.push(slice === nullString ? null : slice);
        } else if (pieces === 0) fields.push(this.#plain(bytes, text, pieceStart, position, ascii, fields.length));
        else if (pieces > 0) {
          filled = this.#append(bytes, pieceStart, position, filled);
          fields.push(this.#value(this.#scratch.toString(ascii ? 'latin1' : 'utf8', 0, filled), isQuoted, fields.length));
        }
        if (ended !== delimiter) break;
        position++;
      }

      // The line ends at `position`, or the input does.
      const lineTextEnd = position;
      if (position < limit) {
        const next = this.#passLineEnd(bytes, position, limit, atEnd, embeddedLines);
        if (next === undefined) {
          this.#reportEncoding(bytes, limit, atEnd, embeddedLines);
          return lineStart;
        }
        position = next;
      }
      this.#lines += 1 + embeddedLines;
      this.#emit(bytes, lineStart, lineTextEnd, fields);
      lineStart = position;
    }

    this.#reportEncoding(bytes, limit, atEnd, embeddedLines);
    return lineStart;
  }

  /** Steps over a line end outside quotes; undefined: not decided before more comes. */
  #passLineEnd(bytes: Buffer, position: number, limit: number, atEnd: boolean, embeddedLines: number): number | undefined {
    const line = this.#lines + 1 + embeddedLines;
    if (bytes[position] === newline) {
      if (this.#lineEnd === 'carriage return' || this.#lineEnd === 'both') throw this.#checker.lineEndInData('newline', line);
      this.#lineEnd = 'newline';
      return position + 1;
    }
    // As in PostgreSQL, what follows a carriage return must be sound before the line counts as complete.
    if (position + 1 >= limit && limit < bytes.length) return undefined;
    if (this.#lineEnd === 'newline') throw this.#checker.lineEndInData('carriage return', line);
    if (this.#lineEnd === 'carriage return') return position + 1;
    if (position + 1 >= limit && !atEnd) return undefined;
    if (bytes[position + 1] === newline) {
      this.#lineEnd = 'both';
      return position + 2;
    }
    if (this.#lineEnd === 'both') throw this.#checker.lineEndInData('carriage return', line);
    this.#lineEnd = 'carriage return';
    return position + 1;
  }

  #append(bytes: Buffer, start: number, end: number, filled: number): number {
    const needed = filled + end - start;
    if (this.#scratch.length < needed) {
      const larger = Buffer.allocUnsafe(needed * 2);
      this.#scratch.copy(larger, 0, 0, filled);
      this.#scratch = larger;
    }
    // Pieces between doubled quotes are short: a native call would cost more than they do.
    if (end - start < 64) for (let position = start; position < end; position++) this.#scratch[filled++] = bytes[position] as number;
    else bytes.copy(this.#scratch, filled, start, end);
    return needed;
  }

  #slice(bytes: Buffer, text: string, start: number, end: number, ascii: boolean): string {
    if (!ascii) for (let position = start; position < end; position++) if ((bytes[position] as number) > 127) return bytes.toString('utf8', start, end);
    return text.slice(start, end);
  }

  #plain(bytes: Buffer, text: string, start: number, end: number, ascii: boolean, column: number): string | null {
    return this.#value(this.#slice(bytes, text, start, end, ascii), false, column);
  }

  #quotedSlice(bytes: Buffer, text: string, start: number, end: number, ascii: boolean, column: number): string | null {
    return this.#value(this.#slice(bytes, text, start, end, ascii), true, column);
  }

  #value(value: string, isQuoted: boolean, column: number): string | null {
    if (value !== this.#nullString) return value;
    if (this.#headerPending) return isQuoted ? value : null;
    if (isQuoted) return this.#forceNull?.[column] === true ? null : value;
    return this.#forceNotNull?.[column] === true ? value : null;
  }

  #emit(bytes: Buffer, lineStart: number, lineEnd: number, fields: (string | null)[]): void {
    const lineText = (): string => bytes.toString('utf8', lineStart, lineEnd);
    if (this.#headerPending) {
      this.#headerPending = false;
      this.#checker.checkHeader(fields, this.#lines, lineText);
      return;
    }
    if (fields.length !== this.#columnCount) {
      this.#checker.checkCount(fields.length, lineStart === lineEnd, this.#lines, lineText);
      this.receive([], this.#lines);
      return;
    }
    this.receive(fields, this.#lines);
  }

  #reportEncoding(bytes: Buffer, limit: number, atEnd: boolean, embeddedLines: number): void {
    if (limit < bytes.length) this.#checker.checkEncoding(bytes.subarray(limit), atEnd, this.#lines + 1 + embeddedLines);
  }

  /** Is a line that begins with a backslash the end marker? */
  #endMarker(bytes: Buffer, start: number, atEnd: boolean): MarkerVerdict {
    const undecided: MarkerVerdict = atEnd ? 'data' : 'undecided';
    let position = start + 1;
    if (position >= bytes.length) return undecided;
    if (bytes[position++] !== dot) return 'data';
    if (position >= bytes.length) return undecided;
    if (this.#lineEnd === 'both') {
      if (bytes[position++] !== carriageReturn) return 'data';
      if (position >= bytes.length) return undecided;
    }
    const byte = bytes[position];
    if (byte !== carriageReturn && byte !== newline) return 'data';
    const wanted = this.#lineEnd === 'carriage return' ? carriageReturn : newline;
    if (this.#lineEnd !== 'unknown' && byte !== wanted) throw this.#checker.mismatchedEndMarker(this.#lines + 1);
    return 'marker';
  }
}
