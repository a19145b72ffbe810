/**
 * Checks that the text and csv parsers share: the number of fields, the header line, line ends, encoding; with PostgreSQL 15's messages (copyfromparse.c).
 */
import { isUtf8 } from 'node:buffer';
import { PgError } from '../../common/errors.js';
import { invalidEncoding } from '../../types/binary.js';
import { copyContext } from './copy-context.js';
import type { CopyTarget } from './copy-parser.js';

export const badCopyFormat = '22P04';

export class RowChecker {
  constructor(private readonly target: CopyTarget) {}

  /** An error with the context of a line, and of its text if that is known. */
  error(code: string, message: string, line: number, lineText?: string, hint?: string): PgError {
    return new PgError(code, message, { where: copyContext({ table: this.target.table, line, lineText }), hint });
  }

  /** Too few or too many fields. */
  checkCount(count: number, isBlank: boolean, line: number, lineText: () => string): void {
    const { columns } = this.target;
    if (count === columns.length) return;
    if (columns.length === 0) {
      // A table without columns: each empty line is a row.
      if (isBlank) return;
      throw this.error(badCopyFormat, 'extra data after last expected column', line, lineText());
    }
    if (count > columns.length) throw this.error(badCopyFormat, 'extra data after last expected column', line, lineText());
    throw this.error(badCopyFormat, `missing data for column "${columns[count] ?? ''}"`, line, lineText());
  }

  /** HEADER MATCH. */
  checkHeader(fields: readonly (string | null)[], line: number, lineText: () => string): void {
    const { columns, options } = this.target;
    if (options.header !== 'match') return;
    if (fields.length !== columns.length) {
      throw this.error(badCopyFormat, `wrong number of fields in header line: got ${fields.length}, expected ${columns.length}`, line, lineText());
    }
    for (const [index, expected] of columns.entries()) {
      const got = fields[index] ?? null;
      if (got === expected) continue;
      const shown = got === null ? `null value ("${options.nullString}")` : `"${got}"`;
      throw this.error(badCopyFormat, `column name mismatch in header line field ${index + 1}: got ${shown}, expected "${expected}"`, line, lineText());
    }
  }

  lineEndInData(what: 'newline' | 'carriage return', line: number): PgError {
    const isCsv = this.target.options.format === 'csv';
    const message = `${isCsv ? 'unquoted' : 'literal'} ${what} found in data`;
    const hint = isCsv ? `Use quoted CSV field to represent ${what}.` : `Use "${what === 'newline' ? '\\n' : '\\r'}" to represent ${what}.`;
    return this.error(badCopyFormat, message, line, undefined, hint);
  }

  corruptEndMarker(line: number): PgError {
    return this.error(badCopyFormat, 'end-of-copy marker corrupt', line);
  }

  mismatchedEndMarker(line: number): PgError {
    return this.error(badCopyFormat, 'end-of-copy marker does not match previous newline style', line);
  }

  /** 22021 for what follows the sound text, unless more bytes are needed to say which. */
  checkEncoding(rest: Buffer, atEnd: boolean, line: number): void {
    if (!atEnd && rest.length < sequenceLength(rest[0] ?? 0)) return;
    throw this.encodingError(rest, line);
  }

  /** 22021 for bytes that are no UTF-8: they begin where the sound text ends. */
  encodingError(bytes: Uint8Array, line: number, lineText?: string): PgError {
    const { code, message } = invalidEncoding(bytes);
    return this.error(code, message, line, lineText);
  }
}

/**
 * How much of the bytes is sound text: all of it, but for a sequence that the end has cut off; or, when there are ill-formed bytes or a NUL, everything before them.
 */
export function soundLength(bytes: Buffer): number {
  const cut = bytes.length - cutSequenceLength(bytes);
  const whole = cut === bytes.length ? bytes : bytes.subarray(0, cut);
  if (isUtf8(whole) && !whole.includes(0)) return cut;
  let position = 0;
  while (position < cut) {
    const lead = bytes[position] as number;
    const length = sequenceLength(lead);
    if (lead === 0 || (lead > 127 && (position + length > cut || !isUtf8(bytes.subarray(position, position + length))))) break;
    position += length;
  }
  return position;
}

function sequenceLength(lead: number): number {
  return lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
}

/** Bytes at the end that begin a sequence and do not complete it. */
function cutSequenceLength(bytes: Buffer): number {
  for (let back = 1; back <= 3 && back <= bytes.length; back++) {
    const byte = bytes[bytes.length - back] as number;
    if (byte < 0x80) return 0;
    if (byte >= 0xc0) return sequenceLength(byte) > back ? back : 0;
  }
  return 0;
}
