/** The codecs of bit and bit varying: TEXT of 0s and 1s, whose order is PostgreSQL's. */
import { PgError } from '../common/errors.js';
import { incorrectBinary, insufficientData, viewOf } from './binary.js';
import type { TypeCodec } from './pg-type.js';
import type { SqlValue } from './value.js';

const maxBits = 83_886_080;

function parseBits(text: string): string {
  const prefix = text.charAt(0).toLowerCase();
  if (prefix === 'x') {
    let bits = '';
    for (const digit of text.slice(1)) {
      if (!/[0-9a-fA-F]/.test(digit)) throw new PgError('22P02', `"${digit}" is not a valid hexadecimal digit`);
      bits += Number.parseInt(digit, 16).toString(2).padStart(4, '0');
    }
    return bits;
  }
  const bits = prefix === 'b' ? text.slice(1) : text;
  for (const digit of bits) if (digit !== '0' && digit !== '1') throw new PgError('22P02', `"${digit}" is not a valid binary digit`);
  return bits;
}

function coerceBit(value: SqlValue, typmod: number, explicit: boolean): SqlValue {
  if (value === null || typmod <= 0) return value;
  const bits = String(value);
  if (bits.length === typmod) return bits;
  if (!explicit) throw new PgError('22026', `bit string length ${bits.length} does not match type bit(${typmod})`);
  return bits.slice(0, typmod).padEnd(typmod, '0');
}

function coerceVarbit(value: SqlValue, typmod: number, explicit: boolean): SqlValue {
  if (value === null || typmod <= 0) return value;
  const bits = String(value);
  if (bits.length <= typmod) return bits;
  if (!explicit) throw new PgError('22001', `bit string too long for type bit varying(${typmod})`);
  return bits.slice(0, typmod);
}

function decodeBits(bytes: Uint8Array): string {
  if (bytes.byteLength < 4) throw insufficientData();
  const length = viewOf(bytes).getInt32(0);
  if (length < 0) throw new PgError('22P03', 'invalid length in external bit string');
  const needed = 4 + Math.ceil(length / 8);
  if (bytes.byteLength < needed) throw insufficientData();
  if (bytes.byteLength > needed) throw incorrectBinary();
  let bits = '';
  for (let at = 4; at < needed; at++) bits += (bytes[at] as number).toString(2).padStart(8, '0');
  return bits.slice(0, length);
}

function encodeBits(bits: string): Uint8Array {
  const bytes = new Uint8Array(4 + Math.ceil(bits.length / 8));
  viewOf(bytes).setInt32(0, bits.length);
  for (let at = 0; at < bits.length; at++) {
    const byte = 4 + (at >> 3);
    if (bits.charCodeAt(at) === 49) bytes[byte] = (bytes[byte] as number) | (128 >> (at & 7));
  }
  return bytes;
}

function bitCodecOf(typeName: string, coerce: typeof coerceBit): TypeCodec {
  return {
    physical: 'text',
    wide: false,
    parse: (text, typmod) => coerce(parseBits(text), typmod, false),
    format: (value) => String(value),
    decodeBinary: (bytes, typmod) => coerce(decodeBits(bytes), typmod, false),
    encodeBinary: (value) => encodeBits(String(value)),
    typmodIn(args) {
      const [length] = args;
      if (args.length !== 1 || length === undefined) throw new PgError('22023', 'invalid type modifier');
      if (length < 1) throw new PgError('22023', `length for type ${typeName} must be at least 1`);
      if (length > maxBits) throw new PgError('22023', `length for type ${typeName} cannot exceed ${maxBits}`);
      return length;
    },
    typmodOut: (typmod) => (typmod >= 0 ? `(${typmod})` : ''),
    coerceTypmod: coerce,
  };
}

export const bitCodec = bitCodecOf('bit', coerceBit);
export const varbitCodec = bitCodecOf('varbit', coerceVarbit);
