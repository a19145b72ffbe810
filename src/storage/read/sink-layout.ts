/**
 * What native/row-sink.c needs to know about a cursor's output: its layout, and the columns that it cannot write, which JavaScript's encoders turn into bytes before.
 * Used by read/row-sink.
 */
import { Oid } from '../../types/oid.js';
import type { CopyOutFormat, CursorOutput, WireColumn } from '../ports.js';
import type { SqlValue, TypeContext } from '../../types/value.js';
import type { ByteWriter } from './byte-writer.js';
import { binaryEncoder, isWide, plainIntegers, plainTexts, textEncoder } from './column-encoder.js';

/** A column that comes as bytes from JavaScript. */
export interface EncodedColumn {
  readonly encode: (value: Exclude<SqlValue, null>, writer: ByteWriter) => void;
  /** Its integers may exceed 2^53. */
  readonly wide: boolean;
}

export interface SinkLayout {
  readonly text: string;
  /** Columns of the statement. */
  readonly columns: number;
  /** By column; undefined: native. */
  readonly encoded: readonly (EncodedColumn | undefined)[];
  /** Buffers that the rows go to: one, two with sort keys, or one for each partition. */
  readonly parts: number;
}

/** Digits behind the point that eighteen-digit numbers may have. */
const scaleMax = 18;

/** The layout of an output; undefined where it is not known how many columns there are. */
export function sinkLayout(output: CursorOutput, context: TypeContext): SinkLayout | undefined {
  switch (output.kind) {
    case 'wire':
      return messages('D---', '', output, undefined, context);
    case 'copy':
      return messages(copyHead(output.format), output.format.format === 'binary' ? '' : output.format.nullText, output, output.format.forceQuote, context);
    case 'rows':
      return output.columns === undefined ? undefined : { text: 'R---', columns: output.columns, encoded: [], parts: 1 };
    case 'partitioned':
      return output.columns === undefined ? undefined : { text: 'P---', columns: output.columns + 1, encoded: [], parts: output.partitions };
  }
}

function copyHead({ format, delimiter, quote, escape }: CopyOutFormat): string {
  switch (format) {
    case 'binary':
      return 'B---';
    case 'text':
      return `T${delimiter}--`;
    case 'csv':
      return `C${delimiter}${quote}${escape}`;
  }
}

function messages(
  head: string,
  nullText: string,
  output: { readonly columns: readonly WireColumn[]; readonly keys?: number },
  forceQuote: readonly boolean[] | undefined,
  context: TypeContext,
): SinkLayout {
  const { columns, keys = 0 } = output;
  const codes = columns.map((column) => (column.binary ? binaryCode(column) : textCode(column, context)));
  const described = columns.map((column, at) => {
    const scale = codes[at] === 'd' ? (column.scale ?? 0) : 0;
    return (codes[at] ?? 't') + String.fromCharCode(48 + scale) + (forceQuote?.[at] === true ? '!' : '-');
  });
  return {
    text: head + described.join('') + 'k0-'.repeat(keys) + nullText,
    columns: columns.length + keys,
    encoded: columns.map((column, at) => (codes[at] !== undefined ? undefined : { encode: encoderIn(column, context), wide: isWide(column) })),
    parts: keys === 0 ? 1 : 2,
  };
}

function encoderIn(column: WireColumn, context: TypeContext): EncodedColumn['encode'] {
  const encode = column.binary ? binaryEncoder(column) : textEncoder(column);
  return (value, writer) => {
    encode(value, writer, context);
  };
}

/** The code of row-sink.c for the text form; undefined where there is none. */
function textCode({ typeOid, scale }: WireColumn, context: TypeContext): string | undefined {
  if (plainIntegers.has(typeOid)) return 'i';
  if (plainTexts.has(typeOid)) return 't';
  const isIso = context.dateStyle === 'ISO';
  switch (typeOid) {
    case Oid.bool:
      return 'b';
    case Oid.numeric:
      return scale === undefined ? 't' : scale <= scaleMax ? 'd' : undefined;
    case Oid.uuid:
      return 'u';
    case Oid.date:
      return isIso ? 'y' : undefined;
    case Oid.timestamp:
      return isIso ? 's' : undefined;
    case Oid.timestamptz:
      return isIso && context.timeZone === 'UTC' ? 'z' : undefined;
    default:
      return undefined;
  }
}

/** The same for the binary form. */
function binaryCode({ typeOid }: WireColumn): string | undefined {
  switch (typeOid) {
    case Oid.int2:
      return 'h';
    case Oid.int4:
    case Oid.oid:
    case Oid.date:
      return 'w';
    case Oid.int8:
    case Oid.timestamp:
    case Oid.timestamptz:
    case Oid.time:
      return 'l';
    case Oid.bool:
      return 'o';
    case Oid.float8:
      return 'g';
    case Oid.text:
    case Oid.varchar:
    case Oid.bpchar:
    case Oid.name:
    case Oid.json:
    case Oid.unknown:
    case Oid.bytea:
    case Oid.uuid:
      return 't';
    default:
      return undefined;
  }
}
