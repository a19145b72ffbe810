/**
 * COPY OUT rows as CopyData messages in text, csv or binary form (PostgreSQL's copyto.c). The header line and the signature and trailer of the binary form come
 * once per COPY, so they are the session's.
 */
import type { SqlValue, TypeContext } from '../../types/value.js';
import type { CopyOutFormat, WireColumn } from '../ports.js';
import type { ByteWriter } from './byte-writer.js';
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
  const encoders = columns.map(binaryEncoder);
  return (row, writer) => {
    writer.int16(columns.length);
    for (let at = 0; at < columns.length; at++) {
      const value = row[at] as SqlValue;
      writer.int32(-1);
      if (value === null) continue;
      const from = writer.length;
      (encoders[at] as ColumnEncoder)(value, writer, context);
      writer.setInt32(from - 4, writer.length - from);
    }
  };
}

function textBody(columns: readonly WireColumn[], format: CopyOutFormat, context: TypeContext): (row: readonly SqlValue[], writer: ByteWriter) => void {
  const encoders = columns.map(textEncoder);
  const escapeField = format.format === 'csv' ? undefined : textEscaper(format.delimiter);
  const isPlain = escapeField === undefined ? plainCsv(format, columns.length) : plainText(format);
  return (row, writer) => {
    for (let at = 0; at < columns.length; at++) {
      if (at > 0) writer.text(format.delimiter);
      const value = row[at] as SqlValue;
      if (value === null) {
        writer.text(format.nullText);
        continue;
      }
      const from = writer.length;
      (encoders[at] as ColumnEncoder)(value, writer, context);
      if (isPlain(writer, from, at)) continue;
      const text = writer.buffer.toString('utf8', from, writer.length);
      writer.length = from;
      writer.text(escapeField === undefined ? csvField(text, format, at, columns.length) : escapeField(text));
    }
    writer.uint8(10);
  };
}

/** Whether the field behind `from` is certain to stand as it is. */
type PlainTest = (writer: ByteWriter, from: number, column: number) => boolean;

/** No byte of the field is one of these. */
function hasNone(bytes: ReadonlySet<number>): (writer: ByteWriter, from: number) => boolean {
  const isSpecial = new Uint8Array(256);
  for (const byte of bytes) isSpecial[byte] = 1;
  return ({ buffer, length }, from) => {
    for (let at = from; at < length; at++) if (isSpecial[buffer[at] as number] === 1) return false;
    return true;
  };
}

function plainText({ delimiter }: CopyOutFormat): PlainTest {
  return hasNone(new Set(Buffer.from(`\b\f\n\r\t\v\\${delimiter}`)));
}

function plainCsv({ delimiter, quote, nullText, forceQuote }: CopyOutFormat, columns: number): PlainTest {
  const unquoted = hasNone(new Set(Buffer.from(`${delimiter}${quote}\n\r`)));
  const nullBytes = Buffer.byteLength(nullText);
  // (One that is as long as the NULL text, or the only one of its line, may have to be quoted for what it is.)
  return (writer, from, column) => columns > 1 && forceQuote[column] !== true && writer.length - from !== nullBytes && unquoted(writer, from);
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
