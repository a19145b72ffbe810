/**
 * The CONTEXT line of errors in COPY FROM, as PostgreSQL 15's CopyFromErrorCallback writes it. Called by the parsers, and by the session for errors of input
 * functions and constraints.
 */
import { PgError } from '../../common/errors.js';

const shownLengthMax = 100;

/** Long values are cut (MAX_COPY_DATA_DISPLAY). */
function cut(text: string): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= shownLengthMax) return text;
  let end = shownLengthMax;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.toString('utf8', 0, end)}...`;
}

export interface CopyPosition {
  readonly table: string;
  /** From 1. */
  readonly line: number;
  readonly column?: string | undefined;
  /** The column's text; null = it is NULL. */
  readonly value?: string | null | undefined;
  /** The whole line, where no column is to blame. */
  readonly lineText?: string | undefined;
}

/** `COPY t, line 3, column b: "x"`. */
export function copyContext(position: CopyPosition): string {
  const { table, line, column, value, lineText } = position;
  const place = `COPY ${table}, line ${line}`;
  if (column !== undefined) {
    if (value === undefined) return `${place}, column ${column}`;
    return value === null ? `${place}, column ${column}: null input` : `${place}, column ${column}: "${cut(value)}"`;
  }
  return lineText === undefined ? place : `${place}: "${cut(lineText)}"`;
}

/** The same error with the context line added. */
export function inCopy(error: PgError, position: CopyPosition): PgError {
  const context = copyContext(position);
  return new PgError(error.code, error.message, { ...error.fields, where: error.fields.where === undefined ? context : `${error.fields.where}\n${context}` });
}
