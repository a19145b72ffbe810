/**
 * A compact row-major form of physical values, for the node log, exchanges and COPY shipping. The bytes are the same between threads and between nodes.
 *
 * A row is its number of columns (varint), then each value as a tag byte and what the tag asks for; words are little-endian:
 *
 *   0x00        null
 *   0x01..0x04  integer of 1, 2, 4, 8 bytes, two's complement
 *   0x05        float64
 *   0x06        text: varint length in bytes, UTF-8
 *   0x07        blob: varint length, bytes
 *   0x20..0x5f  ASCII text of 0..63 bytes (tag - 0x20)
 *   0x60..0xff  integer -16..143 (tag - 0x70)
 *
 * A number that is an integer is written as integer (-0 as float64), so that REAL 2.0 and INTEGER 2 are alike: the column's type tells them apart.
 * Integers beyond 2^53 are read as bigint, all others as number.
 */
import { assert } from '../common/errors.js';
import type { SqlValue } from './value.js';

const tagNull = 0;
const tagInt8 = 1;
const tagInt16 = 2;
const tagInt32 = 3;
const tagInt64 = 4;
const tagFloat64 = 5;
const tagText = 6;
const tagBlob = 7;
const tagShortText = 0x20;
const shortTextMax = 63;
const blank = 0x20;
const tagSmallInt = 0x60;
const smallIntBias = 0x70;
const smallIntMin = tagSmallInt - smallIntBias;
const smallIntMax = 0xff - smallIntBias;

const float = new Float64Array(1);
const floatBytes = new Uint8Array(float.buffer);
const maxSafe = BigInt(Number.MAX_SAFE_INTEGER);

/** Encodes rows into one growing buffer. */
export class RowWriter {
  private buffer: Buffer;
  private length = 0;
  private rows = 0;

  constructor(private readonly initialBytes = 16_384) {
    this.buffer = Buffer.allocUnsafeSlow(initialBytes);
  }

  get byteLength(): number {
    return this.length;
  }

  get rowCount(): number {
    return this.rows;
  }

  row(values: readonly SqlValue[]): void {
    this.beginRow(values.length);
    for (let at = 0; at < values.length; at++) this.value(values[at] as SqlValue);
  }

  /** Starts a row of `columns` values, each of which is then given to `value`. */
  beginRow(columns: number): void {
    this.reserve(5);
    this.varint(columns);
    this.rows++;
  }

  value(value: SqlValue): void {
    this.reserve(9);
    switch (typeof value) {
      case 'number':
        this.number(value);
        return;
      case 'string':
        this.text(value);
        return;
      case 'bigint':
        if (value <= maxSafe && value >= -maxSafe) {
          this.number(Number(value));
        } else {
          this.buffer[this.length] = tagInt64;
          this.buffer.writeBigInt64LE(value, this.length + 1);
          this.length += 9;
        }
        return;
      default:
        if (value === null) {
          this.buffer[this.length++] = tagNull;
          return;
        }
        this.reserve(6 + value.byteLength);
        this.buffer[this.length++] = tagBlob;
        this.varint(value.byteLength);
        this.buffer.set(value, this.length);
        this.length += value.byteLength;
    }
  }

  /** A text that stands in `bytes` as UTF-8 from `start` to `end`, followed by blanks up to `width` bytes. */
  utf8(bytes: Uint8Array, start: number, end: number, width = 0): void {
    const given = end - start;
    const length = given < width ? width : given;
    this.reserve(length + 6);
    const { buffer } = this;
    let at = this.length;
    if (length <= shortTextMax) {
      const tag = at++;
      let bits = 0;
      for (let from = start; from < end; from++) bits |= buffer[at++] = bytes[from] as number;
      if (bits < 128) {
        if (given < length) buffer.fill(blank, at, at + length - given);
        buffer[tag] = tagShortText + length;
        this.length = tag + 1 + length;
        return;
      }
    }
    buffer[this.length++] = tagText;
    this.varint(length);
    if (given > 0) buffer.set(given === bytes.length ? bytes : bytes.subarray(start, end), this.length);
    if (given < length) buffer.fill(blank, this.length + given, this.length + length);
    this.length += length;
  }

  /** The rows so far in an ArrayBuffer of their own (transferable); the writer is empty again. */
  finish(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(this.length);
    bytes.set(this.buffer.subarray(0, this.length));
    this.reset();
    return bytes;
  }

  /** The rows so far without a copy; valid until the writer is used again. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  reset(): void {
    this.length = 0;
    this.rows = 0;
    if (this.buffer.length > this.initialBytes * 64) this.buffer = Buffer.allocUnsafeSlow(this.initialBytes);
  }

  private number(value: number): void {
    const buffer = this.buffer;
    let at = this.length;
    const int = value | 0;
    if (int === value && (int !== 0 || 1 / value > 0)) {
      if (int >= smallIntMin && int <= smallIntMax) {
        buffer[at++] = int + smallIntBias;
      } else if (int >= -128 && int <= 127) {
        buffer[at++] = tagInt8;
        buffer[at++] = int & 255;
      } else if (int >= -32768 && int <= 32767) {
        buffer[at++] = tagInt16;
        buffer[at++] = int & 255;
        buffer[at++] = (int >> 8) & 255;
      } else {
        buffer[at++] = tagInt32;
        buffer[at++] = int & 255;
        buffer[at++] = (int >> 8) & 255;
        buffer[at++] = (int >> 16) & 255;
        buffer[at++] = (int >> 24) & 255;
      }
    } else if (int !== value && Number.isSafeInteger(value)) {
      let high = Math.floor(value / 4294967296);
      let low = value - high * 4294967296;
      buffer[at++] = tagInt64;
      for (let n = 0; n < 4; n++) {
        buffer[at + n] = low & 255;
        low >>>= 8;
        buffer[at + 4 + n] = high & 255;
        high >>= 8;
      }
      at += 8;
    } else {
      buffer[at++] = tagFloat64;
      float[0] = value;
      for (let n = 0; n < 8; n++) buffer[at + n] = floatBytes[n] as number;
      at += 8;
    }
    this.length = at;
  }

  private text(value: string): void {
    const count = value.length;
    if (count <= shortTextMax) {
      this.reserve(count + 1);
      const buffer = this.buffer;
      const start = this.length + 1;
      let at = 0;
      for (; at < count; at++) {
        const code = value.charCodeAt(at);
        if (code > 127) break;
        buffer[start + at] = code;
      }
      if (at === count) {
        buffer[start - 1] = tagShortText + count;
        this.length = start + count;
        return;
      }
    }
    const bytes = Buffer.byteLength(value, 'utf8');
    this.reserve(6 + bytes);
    this.buffer[this.length++] = tagText;
    this.varint(bytes);
    this.length += this.buffer.write(value, this.length, bytes, 'utf8');
  }

  private varint(value: number): void {
    let rest = value;
    while (rest > 127) {
      this.buffer[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.buffer[this.length++] = rest;
  }

  private reserve(bytes: number): void {
    if (this.length + bytes <= this.buffer.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(this.buffer.length * 2, this.length + bytes));
    grown.set(this.buffer.subarray(0, this.length));
    this.buffer = grown;
  }
}

/** Decodes the rows of a RowWriter, one after another. */
export class RowReader implements Iterable<SqlValue[]> {
  /** The current row; the array is reused by the next call of `next`. Blobs are views of the bytes. */
  readonly values: SqlValue[] = [];
  private readonly buffer: Buffer;
  private at = 0;

  constructor(bytes: Uint8Array) {
    this.buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Moves to the next row; false at the end. */
  next(): boolean {
    if (this.at >= this.buffer.length) return false;
    const columns = this.varint();
    const values = this.values;
    if (values.length !== columns) values.length = columns;
    for (let column = 0; column < columns; column++) values[column] = this.value();
    return true;
  }

  /** The next row in an array of its own, or undefined at the end. */
  read(): SqlValue[] | undefined {
    if (this.at >= this.buffer.length) return undefined;
    const columns = this.varint();
    const values = new Array<SqlValue>(columns);
    for (let column = 0; column < columns; column++) values[column] = this.value();
    return values;
  }

  /** Where the next row starts, in bytes. */
  get offset(): number {
    return this.at;
  }

  *[Symbol.iterator](): Iterator<SqlValue[]> {
    for (let row = this.read(); row !== undefined; row = this.read()) yield row;
  }

  private value(): SqlValue {
    const buffer = this.buffer;
    const tag = buffer[this.at++] as number;
    if (tag >= tagSmallInt) return tag - smallIntBias;
    if (tag >= tagShortText) return this.shortText(tag - tagShortText);
    const at = this.at;
    switch (tag) {
      case tagNull:
        return null;
      case tagInt8:
        this.at = at + 1;
        return ((buffer[at] as number) << 24) >> 24;
      case tagInt16:
        this.at = at + 2;
        return (((buffer[at] as number) << 16) | ((buffer[at + 1] as number) << 24)) >> 16;
      case tagInt32:
        this.at = at + 4;
        return (buffer[at] as number) | ((buffer[at + 1] as number) << 8) | ((buffer[at + 2] as number) << 16) | ((buffer[at + 3] as number) << 24);
      case tagInt64: {
        this.at = at + 8;
        const value = buffer.readInt32LE(at + 4) * 4294967296 + buffer.readUInt32LE(at);
        return Number.isSafeInteger(value) ? value : buffer.readBigInt64LE(at);
      }
      case tagFloat64:
        this.at = at + 8;
        for (let n = 0; n < 8; n++) floatBytes[n] = buffer[at + n] as number;
        return float[0] as number;
      case tagText: {
        const length = this.varint();
        const start = this.at;
        this.at = start + length;
        return buffer.toString('utf8', start, start + length);
      }
      case tagBlob: {
        const length = this.varint();
        const start = this.at;
        this.at = start + length;
        return new Uint8Array(buffer.buffer, buffer.byteOffset + start, length);
      }
      default:
        assert(false, `row bytes are damaged: tag ${tag} at ${at - 1}`);
    }
  }

  private shortText(length: number): string {
    const start = this.at;
    this.at = start + length;
    if (length > 20) return this.buffer.toString('latin1', start, start + length);
    let text = '';
    for (let at = start; at < start + length; at++) text += String.fromCharCode(this.buffer[at] as number);
    return text;
  }

  private varint(): number {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = this.buffer[this.at++];
      assert(byte !== undefined && shift < 35, 'row bytes end inside a row');
      value |= (byte & 127) << shift;
      if (byte < 128) return value >>> 0;
    }
  }
}
