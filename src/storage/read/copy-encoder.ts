/**
 * COPY OUT rows as CopyData messages in text, csv or binary form (PostgreSQL's copyto.c). The header line and the signature and trailer of the binary form come
 * once per COPY, so they are the session's.
 */
import type { SqlValue, TypeContext } from '../../types/value.js';
import type { CopyOutFormat, WireColumn } from '../ports.js';
import { ByteWriter } from './byte-writer.js';
import { type ColumnEncoder, binaryEncoder, textEncoder } from './column-encoder.js';

const copyData = 100;

export function copyEncoder(
  output: { readonly columns: readonly WireColumn[]; readonly format: CopyOutFormat },
  context: TypeContext,
): (row: readonly SqlValue[], writer: ByteWriter) => void {
  const { columns, format } = output;
  const body = format.format === 'binary' ? binaryBody(columns, context) : textBody(columns, format, context);
  return (row, writer) => {
    const start = writer.length;
    writer.reserve(5);
    writer.buffer[start] = copyData;
    writer.length = start + 5;
    body(row, writer);
    writer.setInt32(start + 1, writer.length - start - 1);
  };
}

function binaryBody(columns: readonly WireColumn[], context: TypeContext): (row: readonly SqlValue[], writer: ByteWriter) => void {
  const encoders = columns.map((column) => binaryEncoder(column, context));
  return (row, writer) => {
    writer.int16(columns.length);
    for (let at = 0; at < columns.length; at++) {
      const value = row[at] as SqlValue;
      writer.int32(-1);
      if (value === null) continue;
      const from = writer.length;
      (encoders[at] as ColumnEncoder)(value, writer);
      writer.setInt32(from - 4, writer.length - from);
    }
  };
}

function textBody(columns: readonly WireColumn[], format: CopyOutFormat, context: TypeContext): (row: readonly SqlValue[], writer: ByteWriter) => void {
  const encoders = columns.map((column) => textEncoder(column, context));
  const scratch = new ByteWriter();
  const csv = format.format === 'csv';
  const escapeField = csv ? undefined : textEscaper(format.delimiter);
  return (row, writer) => {
    for (let at = 0; at < columns.length; at++) {
      if (at > 0) writer.text(format.delimiter);
      const value = row[at] as SqlValue;
      if (value === null) {
        writer.text(format.nullText);
        continue;
      }
      scratch.length = 0;
      (encoders[at] as ColumnEncoder)(value, scratch);
      const text = scratch.buffer.toString('utf8', 0, scratch.length);
      if (escapeField === undefined) writer.text(csvField(text, format, at, columns.length));
      else writer.text(escapeField(text));
    }
    writer.uint8(10);
  };
}

function textEscaper(delimiter: string): (text: string) => string {
  const names = new Map([
    ['\b', '\\b'],
    ['\f', '\\f'],
    ['\n', '\\n'],
    ['\r', '\\r'],
    ['\t', '\\t'],
    ['\v', '\\v'],
    ['\\', '\\\\'],
  ]);
  if (!names.has(delimiter)) names.set(delimiter, `\\${delimiter}`);
  const pattern = new RegExp(`[\\b\\f\\n\\r\\t\\v\\\\${delimiter.replace(/[\]\\^-]/g, '\\$&')}]`, 'g');
  return (text) => text.replace(pattern, (character) => names.get(character) ?? character);
}

function csvField(text: string, format: CopyOutFormat, column: number, columns: number): string {
  const { delimiter, quote, escape } = format;
  const quoted =
    format.forceQuote[column] === true ||
    text === format.nullText ||
    (columns === 1 && text === '\\.') ||
    text.includes(delimiter) ||
    text.includes(quote) ||
    text.includes('\n') ||
    text.includes('\r');
  if (!quoted) return text;
  const body = escape === quote ? text.replaceAll(quote, quote + quote) : text.replaceAll(escape, escape + escape).replaceAll(quote, escape + quote);
  return quote + body + quote;
}
