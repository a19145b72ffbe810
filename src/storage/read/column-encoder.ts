/**
 * How one column's physical values become bytes, compiled once per output: text or binary form after the type, with fast paths for the common types. Settings (date style,
 * time zone) come with each value, so that sessions share what was compiled. Used for DataRow messages (read/row-encoder) and COPY (read/copy-encoder).
 */
import { decimalToNumericText } from '../../types/numeric-codec.js';
import { Oid } from '../../types/oid.js';
import { typeByOid } from '../../types/registry.js';
import type { SqlValue, TypeContext } from '../../types/value.js';
import type { WireColumn } from '../ports.js';
import type { ByteWriter } from './byte-writer.js';

/** Writes the bytes of a value that is not null, without a length. */
export type ColumnEncoder = (value: Exclude<SqlValue, null>, writer: ByteWriter, context: TypeContext) => void;

function writeInteger(value: Exclude<SqlValue, null>, writer: ByteWriter): void {
  if (typeof value === 'number' && Number.isSafeInteger(value)) writer.integer(value);
  else writer.text(String(value));
}

function writeText(value: Exclude<SqlValue, null>, writer: ByteWriter): void {
  writer.text(typeof value === 'string' ? value : String(value));
}

function writeBoolean(value: Exclude<SqlValue, null>, writer: ByteWriter): void {
  writer.uint8(Number(value) === 0 ? 102 : 116);
}

/** Scaled integers below 2^53 digit by digit. */
function decimalWriter(scale: number): ColumnEncoder {
  if (scale === 0) return writeInteger;
  const unit = 10 ** scale;
  return (value, writer) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || scale > 15) {
      writer.text(decimalToNumericText(value as number | bigint | string, scale));
      return;
    }
    const magnitude = value < 0 ? -value : value;
    const whole = Math.floor(magnitude / unit);
    let fraction = magnitude - whole * unit;
    if (value < 0) writer.uint8(45);
    writer.integer(whole);
    writer.reserve(scale + 1);
    const { buffer } = writer;
    buffer[writer.length] = 46;
    for (let at = writer.length + scale; at > writer.length; at--) {
      const next = Math.floor(fraction / 10);
      buffer[at] = 48 + (fraction - next * 10);
      fraction = next;
    }
    writer.length += scale + 1;
  };
}

/** Text types whose output is the value itself. */
export const plainTexts: ReadonlySet<number> = new Set([Oid.text, Oid.varchar, Oid.bpchar, Oid.name, Oid.char, Oid.unknown, Oid.json, Oid.jsonb, Oid.cstring]);
export const plainIntegers: ReadonlySet<number> = new Set([Oid.int2, Oid.int4, Oid.int8, Oid.oid]);

export function textEncoder(column: WireColumn): ColumnEncoder {
  const { typeOid, typmod, scale } = column;
  if (plainIntegers.has(typeOid)) return writeInteger;
  if (plainTexts.has(typeOid)) return writeText;
  if (typeOid === Oid.bool) return writeBoolean;
  if (typeOid === Oid.numeric) return scale === undefined ? writeText : decimalWriter(scale);
  const type = typeByOid(typeOid);
  if (type === undefined) return writeText;
  return (value, writer, context) => writer.text(type.format(value, typmod, context));
}

export function binaryEncoder(column: WireColumn): ColumnEncoder {
  const { typeOid, typmod, scale } = column;
  switch (typeOid) {
    case Oid.int4:
    case Oid.oid:
    case Oid.date:
      return (value, writer) => writer.int32(Number(value));
    case Oid.int2:
      return (value, writer) => writer.int16(Number(value));
    case Oid.bool:
      return (value, writer) => writer.uint8(Number(value) === 0 ? 0 : 1);
    case Oid.int8:
    case Oid.timestamp:
    case Oid.timestamptz:
    case Oid.time:
      return (value, writer) => {
        writer.reserve(8);
        writer.buffer.writeBigInt64BE(BigInt(value as number | bigint), writer.length);
        writer.length += 8;
      };
    case Oid.text:
    case Oid.varchar:
    case Oid.bpchar:
    case Oid.name:
    case Oid.json:
    case Oid.unknown:
      return writeText;
    case Oid.bytea:
    case Oid.uuid:
      return (value, writer) => writer.bytes(value as Uint8Array);
    case Oid.numeric: {
      const type = typeByOid(typeOid);
      return (value, writer, context) => {
        const text = scale === undefined || typeof value === 'object' ? String(value) : decimalToNumericText(value, scale);
        writer.bytes(type?.encodeBinary(text, -1, context) ?? new Uint8Array(0));
      };
    }
    default: {
      const type = typeByOid(typeOid);
      if (type === undefined) return writeText;
      return (value, writer, context) => writer.bytes(type.encodeBinary(value, typmod, context));
    }
  }
}

/** Whether values of the column may exceed 2^53. */
export function isWide(column: WireColumn): boolean {
  if (column.typeOid === Oid.numeric) return column.scale !== undefined;
  return typeByOid(column.typeOid)?.wide === true;
}
