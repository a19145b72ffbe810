/**
 * The codec of numeric: typmod, text and binary forms, the ordering key, and the decimal representation of numeric(p <= 18, s) columns.
 * Values are general text; a number or bigint is a scaled integer under a typmod that `isDecimalTypmod` accepts, and means itself otherwise.
 */
import { PgError } from '../common/errors.js';
import { incorrectBinary, insufficientData, viewOf } from './binary.js';
import {
  finite,
  formatNumeric,
  type Numeric,
  numericInfinity,
  numericNaN,
  numericNegativeInfinity,
  parseNumeric,
  pointed,
  powerOfTen,
  rescale,
} from './numeric.js';
import type { TypeCodec } from './pg-type.js';
import type { SqlValue } from './value.js';

const header = 4;

export interface NumericTypmod {
  readonly precision: number;
  readonly scale: number;
}

/** Precision and scale of a typmod; undefined for -1. */
export function numericTypmod(typmod: number): NumericTypmod | undefined {
  if (typmod < header) return undefined;
  const packed = typmod - header;
  return { precision: (packed >> 16) & 0xffff, scale: ((packed & 0x7ff) ^ 1024) - 1024 };
}

export function numericTypmodOf(precision: number, scale: number): number {
  return ((precision << 16) | (scale & 0x7ff)) + header;
}

/** The precision and scale where a column of this typmod holds scaled integers: numeric(p <= 18, s >= 0). */
export function isDecimalTypmod(typmod: number): NumericTypmod | undefined {
  const parts = numericTypmod(typmod);
  return parts !== undefined && parts.precision <= 18 && parts.scale >= 0 ? parts : undefined;
}

function typmodIn(args: readonly number[]): number {
  const [precision, scale = 0] = args;
  if (precision === undefined || args.length > 2) throw new PgError('22023', 'invalid NUMERIC type modifier');
  if (precision < 1 || precision > 1000) throw new PgError('22023', `NUMERIC precision ${precision} must be between 1 and 1000`);
  if (scale < -1000 || scale > 1000) throw new PgError('22023', `NUMERIC scale ${scale} must be between -1000 and 1000`);
  return numericTypmodOf(precision, scale);
}

/** Rounds to the typmod's scale; 22003 where the precision is exceeded. */
function applyNumericTypmod(value: Numeric, typmod: number): Numeric {
  const parts = numericTypmod(typmod);
  if (parts === undefined || value.kind === 'nan') return value;
  const { precision, scale } = parts;
  if (value.kind !== 'finite') {
    throw new PgError('22003', 'numeric field overflow', { detail: `A field with precision ${precision}, scale ${scale} cannot hold an infinite value.` });
  }
  const coefficient = rescale(value.coefficient, value.scale, scale);
  const limit = powerOfTen(precision);
  if (coefficient >= limit || coefficient <= -limit) {
    const digits = precision - scale;
    throw new PgError('22003', 'numeric field overflow', {
      detail: `A field with precision ${precision}, scale ${scale} must round to an absolute value less than ${digits === 0 ? '1' : `10^${digits}`}.`,
    });
  }
  return scale >= 0 ? finite(coefficient, scale) : finite(coefficient * powerOfTen(-scale), 0);
}

/** The general text of a scaled integer of a decimal column ('NaN' passes). */
export function decimalToNumericText(value: number | bigint | string, scale: number): string {
  return typeof value === 'string' ? value : pointed(String(value), scale);
}

/** The scaled integer of a general numeric text, rounded to `scale`: a number where it is safe, else a bigint; 'NaN' stays. 22003 beyond int8. */
export function numericTextToDecimal(text: string, scale: number): number | bigint | 'NaN' {
  const value = parseNumeric(text);
  if (value.kind === 'nan') return 'NaN';
  if (value.kind !== 'finite') throw new PgError('22003', 'numeric field overflow');
  const scaled = rescale(value.coefficient, value.scale, scale);
  if (scaled <= 9007199254740991n && scaled >= -9007199254740991n) return Number(scaled);
  if (BigInt.asIntN(64, scaled) !== scaled) throw new PgError('22003', 'numeric field overflow');
  return scaled;
}

/** The general text of any physical numeric value under its typmod. */
export function numericText(value: Exclude<SqlValue, null | Uint8Array>, typmod: number): string {
  if (typeof value === 'string') return value;
  // isDecimalTypmod without its object: this runs for every value of a result.
  const packed = typmod - header;
  const scale = ((packed & 0x7ff) ^ 1024) - 1024;
  return packed >= 0 && packed >> 16 <= 18 && scale > 0 ? pointed(String(value), scale) : String(value);
}

function coerceTypmod(value: SqlValue, typmod: number): SqlValue {
  if (value === null || typmod < header) return value;
  return formatNumeric(applyNumericTypmod(parseNumeric(String(value)), typmod));
}

/**
 * A BLOB whose byte order is the numeric order: a head byte for sign and decimal exponent (in pairs of digits), then the pairs of digits, without
 * trailing zeros; complemented for negative values and closed by 0xff. -Infinity, Infinity and NaN are single head bytes.
 */
export function numericKey(value: SqlValue): Uint8Array | null {
  if (value === null) return null;
  const numeric = typeof value === 'string' ? parseNumeric(value) : finite(BigInt(value as number | bigint), 0);
  switch (numeric.kind) {
    case '-inf':
      return Uint8Array.of(0x00);
    case 'inf':
      return Uint8Array.of(0xfe);
    case 'nan':
      return Uint8Array.of(0xff);
    case 'finite':
      break;
  }
  if (numeric.coefficient === 0n) return Uint8Array.of(0x80);
  const negative = numeric.coefficient < 0n;
  let digits = (negative ? -numeric.coefficient : numeric.coefficient).toString();
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 48) end--;
  // The value is 0.d1d2d3... * 100^exponent.
  const integerDigits = digits.length - numeric.scale;
  digits = digits.slice(0, end);
  const exponent = Math.ceil(integerDigits / 2);
  if (integerDigits % 2 !== 0) digits = `0${digits}`;
  if (digits.length % 2 !== 0) digits = `${digits}0`;
  const short = exponent >= -20 && exponent <= 20;
  const headBytes = short ? 1 : 4;
  const pairs = digits.length / 2;
  const key = new Uint8Array(headBytes + pairs + (negative ? 1 : 0));
  if (short) {
    key[0] = 0xb0 + exponent;
  } else {
    key[0] = exponent > 0 ? 0xf0 : 0x90;
    const biased = exponent + 0x800000;
    key[1] = biased >> 16;
    key[2] = (biased >> 8) & 255;
    key[3] = biased & 255;
  }
  for (let n = 0; n < pairs; n++) key[headBytes + n] = (digits.charCodeAt(2 * n) - 48) * 10 + digits.charCodeAt(2 * n + 1) - 48 + 1;
  if (negative) {
    for (let n = 0; n < key.length - 1; n++) key[n] = 255 - (key[n] as number);
    key[key.length - 1] = 0xff;
  }
  return key;
}

const signNegative = 0x4000;
const signNaN = 0xc000;
const signInfinity = 0xd000;
const signNegativeInfinity = 0xf000;

/** numeric_recv. */
function decodeNumeric(bytes: Uint8Array): Numeric {
  if (bytes.byteLength < 8) throw insufficientData();
  const view = viewOf(bytes);
  const count = view.getUint16(0);
  const weight = view.getInt16(2);
  const sign = view.getUint16(4);
  const scale = view.getUint16(6);
  if (sign !== 0 && sign !== signNegative && sign !== signNaN && sign !== signInfinity && sign !== signNegativeInfinity) {
    throw new PgError('22P03', 'invalid sign in external "numeric" value');
  }
  if ((scale & 0x3fff) !== scale) throw new PgError('22P03', 'invalid scale in external "numeric" value');
  if (bytes.byteLength < 8 + 2 * count) throw insufficientData();
  if (bytes.byteLength > 8 + 2 * count) throw incorrectBinary();
  let coefficient = 0n;
  for (let n = 0; n < count; n++) {
    const digit = view.getInt16(8 + 2 * n);
    if (digit < 0 || digit >= 10_000) throw new PgError('22P03', 'invalid digit in external "numeric" value');
    coefficient = coefficient * 10_000n + BigInt(digit);
  }
  if (sign === signNaN) return numericNaN;
  if (sign === signInfinity) return numericInfinity;
  if (sign === signNegativeInfinity) return numericNegativeInfinity;
  // The last group stands for 10^(4 * (weight - count + 1)); digits beyond the scale are cut, as numeric_recv does.
  const groupScale = 4 * (count - weight - 1);
  if (groupScale <= scale) coefficient *= powerOfTen(scale - groupScale);
  else coefficient /= powerOfTen(groupScale - scale);
  return finite(sign === signNegative ? -coefficient : coefficient, scale);
}

/** numeric_send. */
function encodeNumeric(value: Numeric): Uint8Array {
  if (value.kind !== 'finite') {
    const bytes = new Uint8Array(8);
    const view = viewOf(bytes);
    view.setUint16(4, value.kind === 'nan' ? signNaN : value.kind === 'inf' ? signInfinity : signNegativeInfinity);
    // numeric_send shows these header bits of its infinities as a scale.
    if (value.kind !== 'nan') view.setUint16(6, 0x20);
    return bytes;
  }
  const text = value.coefficient.toString();
  const negative = text.charCodeAt(0) === 45;
  const first = negative ? 1 : 0;
  let end = text.length;
  while (end > first && text.charCodeAt(end - 1) === 48) end--;
  const zero = end === first;
  // Digits are grouped by four from the decimal point; the first group may begin before the first digit, the last one end after the last.
  const integerDigits = text.length - first - value.scale;
  const weight = zero ? 0 : Math.ceil(integerDigits / 4) - 1;
  const lead = (weight + 1) * 4 - integerDigits;
  const count = zero ? 0 : Math.ceil((end - first + lead) / 4);
  const bytes = new Uint8Array(8 + count * 2);
  const head = [count, weight, negative ? signNegative : 0, value.scale];
  for (let n = 0; n < 4; n++) {
    bytes[2 * n] = ((head[n] as number) >> 8) & 255;
    bytes[2 * n + 1] = (head[n] as number) & 255;
  }
  for (let group = 0; group < count; group++) {
    let digit = 0;
    for (let n = 0; n < 4; n++) {
      const at = first + group * 4 + n - lead;
      digit = digit * 10 + (at >= first && at < end ? text.charCodeAt(at) - 48 : 0);
    }
    bytes[8 + 2 * group] = digit >> 8;
    bytes[9 + 2 * group] = digit & 255;
  }
  return bytes;
}

export const numericCodec: TypeCodec = {
  physical: 'numeric',
  wide: true,
  parse: (text, typmod) => formatNumeric(applyNumericTypmod(parseNumeric(text), typmod)),
  format: (value, typmod) => numericText(value as string | number | bigint, typmod),
  decodeBinary: (bytes, typmod) => formatNumeric(applyNumericTypmod(decodeNumeric(bytes), typmod)),
  encodeBinary: (value, typmod) => encodeNumeric(parseNumeric(numericText(value as string | number | bigint, typmod))),
  key: numericKey,
  typmodIn,
  typmodOut: (typmod) => {
    const parts = numericTypmod(typmod);
    return parts === undefined ? '' : `(${parts.precision},${parts.scale})`;
  },
  coerceTypmod,
};
