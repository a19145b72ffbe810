/**
 * The codecs of float4 and float8. Output is PostgreSQL's: the shortest digits that read back (extra_float_digits > 0), else C's %.*g.
 * NaN is the text 'NaN', as SQLite has no NaN.
 */
import { PgError } from '../common/errors.js';
import { exactView, invalidInput, isSpace, viewOf } from './binary.js';
import type { TypeCodec } from './pg-type.js';
import type { SqlValue } from './value.js';

/**
 * The declared SQLite type of a float column. Its affinity is that of BLOB: SQLite stores REALs of integral value in columns of REAL affinity as integers, so that -0
 * would come back as 0. Who writes such columns binds numbers.
 */
export const floatDeclaration = 'REAL BLOB';

/** The JS number of a physical float (which may be the text 'NaN', or an integer as SQLite hands it out). */
function floatOf(value: SqlValue): number {
  return Number(value);
}

/** The physical value of a JS number. */
function floatValue(value: number): number | 'NaN' {
  return value === value ? value : 'NaN';
}

/** Like toPrecision, but exact ties go to the even digit, as C's printf does. */
export function toSignificant(value: number, digits: number): string {
  const rounded = value.toPrecision(digits);
  if (digits >= 17) return rounded;
  // A tie has exactly digits + 1 significant digits, the last one a 5.
  const [mantissa] = value.toPrecision(digits + 2).split('e') as [string];
  if (
    !mantissa
      .replace(/^-?0*\.?0*/, '')
      .replace('.', '')
      .endsWith('50')
  )
    return rounded;
  const all = (value.toPrecision(100).split('e') as [string])[0].replace(/^-?0*\.?0*/, '').replace('.', '');
  if (!/^50*$/.test(all.slice(digits)) || (all.charCodeAt(digits - 1) - 48) % 2 !== 0) return rounded;
  // Rounded away from zero to an odd digit, where the even one below is meant: the digits up to there, without the tie.
  const [, exponent] = value.toExponential(20).split('e') as [string, string];
  const sign = value < 0 ? '-' : '';
  const kept = all.slice(0, digits);
  return plainOrExponent(sign, kept, Number(exponent), digits);
}

/** Digits d.ddd * 10^exponent in toPrecision's style. */
function plainOrExponent(sign: string, digits: string, exponent: number, precision: number): string {
  if (exponent < -6 || exponent >= precision) {
    return `${sign}${digits.slice(0, 1)}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${exponent < 0 ? '-' : '+'}${Math.abs(exponent)}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const point = exponent + 1;
  return digits.length > point ? `${sign}${digits.slice(0, point)}.${digits.slice(point)}` : sign + digits.padEnd(point, '0');
}

/** C's %.{precision}g. */
function formatGeneral(value: number, precision: number): string {
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = toSignificant(value, precision);
  const [mantissa, exponentText] = text.split('e') as [string, string?];
  const negative = mantissa.startsWith('-');
  const unsigned = negative ? mantissa.slice(1) : mantissa;
  const digits = unsigned.replace('.', '').replace(/^0+/, '');
  const exponent =
    exponentText !== undefined
      ? Number(exponentText)
      : unsigned.startsWith('0.')
        ? -(unsigned.length - 1 - digits.length)
        : (unsigned.split('.')[0] as string).length - 1;
  return layOut(negative, digits.replace(/0+$/, ''), exponent, precision);
}

/** Lays digits d.ddd * 10^exponent out as C's %g does: exponent form below 1e-4 and from 10^limit on. */
function layOut(negative: boolean, digits: string, exponent: number, limit: number): string {
  const sign = negative ? '-' : '';
  if (exponent < -4 || exponent >= limit) {
    const magnitude = Math.abs(exponent);
    return `${sign}${digits.slice(0, 1)}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${exponent < 0 ? '-' : '+'}${magnitude < 10 ? '0' : ''}${magnitude}`;
  }
  if (exponent < 0) return `${sign}0.${'0'.repeat(-exponent - 1)}${digits}`;
  const point = exponent + 1;
  if (digits.length <= point) return sign + digits.padEnd(point, '0');
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}

/** Digits and decimal exponent of a positive number's JS text. */
function decompose(text: string): { readonly digits: string; readonly exponent: number } {
  const e = text.indexOf('e');
  let mantissa = text;
  let exponent = 0;
  if (e >= 0) {
    mantissa = text.slice(0, e);
    exponent = Number(text.slice(e + 1));
  }
  const point = mantissa.indexOf('.');
  const integer = point < 0 ? mantissa : mantissa.slice(0, point);
  const fraction = point < 0 ? '' : mantissa.slice(point + 1);
  let digits = integer + fraction;
  exponent += integer.length - 1;
  let zeros = 0;
  while (digits.charCodeAt(zeros) === 48) zeros++;
  digits = digits.slice(zeros);
  exponent -= zeros;
  let end = digits.length;
  while (digits.charCodeAt(end - 1) === 48) end--;
  return { digits: digits.slice(0, end), exponent };
}

/**
 * PostgreSQL takes no digits that lie exactly half-way between two floats, which JS takes when the float is even (1e23).
 * That can happen only for integers of some magnitude.
 */
function isHalfway(value: number, text: string): boolean {
  const { digits, exponent } = decompose(text);
  const written = BigInt(digits) * 10n ** BigInt(exponent - digits.length + 1);
  const exact = BigInt(value);
  if (written === exact) return false;
  const neighbour = BigInt(written > exact ? nextUp(value) : nextDown(value));
  return written * 2n === exact + neighbour;
}

const scratch = new DataView(new ArrayBuffer(8));

function nextUp(value: number): number {
  scratch.setFloat64(0, value);
  scratch.setBigUint64(0, scratch.getBigUint64(0) + 1n);
  return scratch.getFloat64(0);
}

function nextDown(value: number): number {
  scratch.setFloat64(0, value);
  scratch.setBigUint64(0, scratch.getBigUint64(0) - 1n);
  return scratch.getFloat64(0);
}

/** float8out. */
export function formatFloat8(value: number, extraFloatDigits: number): string {
  if (value !== value) return 'NaN';
  if (value === Infinity) return 'Infinity';
  if (value === -Infinity) return '-Infinity';
  if (extraFloatDigits <= 0) return formatGeneral(value, Math.max(1, 15 + extraFloatDigits));
  const magnitude = value < 0 ? -value : value;
  let text = String(magnitude);
  if (magnitude >= 1e-4 && magnitude < 1e15) return value < 0 ? `-${text}` : text;
  if (magnitude === 0) return Object.is(value, -0) ? '-0' : '0';
  if (magnitude >= 1.8e16 && magnitude < 1e45 && isHalfway(magnitude, text)) {
    for (let digits = decompose(text).digits.length + 1; digits <= 17; digits++) {
      text = magnitude.toPrecision(digits);
      if (Number(text) === magnitude && !isHalfway(magnitude, text)) break;
    }
  }
  const { digits, exponent } = decompose(text);
  return layOut(value < 0, digits, exponent, 15);
}

const single = new DataView(new ArrayBuffer(4));

/** The neighbour of a positive float32, `step` apart. */
function neighbourFloat4(value: number, step: 1 | -1): number {
  single.setFloat32(0, value);
  single.setUint32(0, single.getUint32(0) + step);
  return single.getFloat32(0);
}

/** float4out. */
function formatFloat4(value: number, extraFloatDigits: number): string {
  if (value !== value) return 'NaN';
  if (value === Infinity) return 'Infinity';
  if (value === -Infinity) return '-Infinity';
  if (extraFloatDigits <= 0) return formatGeneral(value, Math.max(1, 6 + extraFloatDigits));
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const magnitude = Math.fround(Math.abs(value));
  if (Number.isInteger(magnitude) && magnitude < 1e6) return String(value);
  // The fewest digits strictly between the midpoints to the neighbours; midpoints of float32 are exact in float64.
  const up = neighbourFloat4(magnitude, 1);
  const above = up === Infinity ? magnitude + (magnitude - neighbourFloat4(magnitude, -1)) / 2 : (magnitude + up) / 2;
  const below = (magnitude + neighbourFloat4(magnitude, -1)) / 2;
  // At a power of two the room below is half of the room above, so that the nearest digits may lie outside and the next ones above inside.
  const powerOfTwo = (single.setFloat32(0, magnitude), single.getUint32(0) & 0x7fffff) === 0;
  for (let precision = 1; ; precision++) {
    let text = toSignificant(magnitude, precision);
    let read = Number(text);
    if (read <= below && powerOfTwo) {
      const { digits, exponent } = decompose(text);
      text = `${Number(digits.padEnd(precision, '0')) + 1}e${exponent - precision + 1}`;
      read = Number(text);
    }
    if ((read > below && read < above) || precision >= 9) {
      const { digits, exponent } = decompose(text);
      return layOut(value < 0, digits, exponent, 6);
    }
  }
}

const special = new Map<string, number>([
  ['nan', NaN],
  ['inf', Infinity],
  ['+inf', Infinity],
  ['-inf', -Infinity],
  ['infinity', Infinity],
  ['+infinity', Infinity],
  ['-infinity', -Infinity],
]);

const numberPattern = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/;

const hexPattern = /^([+-]?)0[xX]([0-9a-fA-F]+\.?[0-9a-fA-F]*|\.[0-9a-fA-F]+)(?:[pP]([+-]?\d+))?/;

/** What strtod makes of hexadecimal digits; with how much of the text it took. */
function parseHexadecimal(body: string): { readonly value: number; readonly written: string } | undefined {
  const match = hexPattern.exec(body);
  if (match === null) return undefined;
  const [written, sign, digits = '', exponent = '0'] = match;
  const [whole = '', fraction = ''] = digits.split('.');
  const mantissa = BigInt(`0x0${whole}${fraction}`);
  // More than 53 bits: what is beyond counts for rounding only.
  const excess = Math.max(mantissa.toString(2).length - 64, 0);
  const sticky = excess > 0 && (mantissa & ((1n << BigInt(excess)) - 1n)) !== 0n ? 1n : 0n;
  const power = Number(exponent) - 4 * fraction.length + excess;
  const half = Math.trunc(power / 2);
  const value = Number((mantissa >> BigInt(excess)) | sticky) * 2 ** half * 2 ** (power - half);
  return { value: sign === '-' ? -value : value, written };
}

/** A finite number other than 0 of plain characters, the common case; NaN otherwise. */
function parsePlain(text: string): number {
  const { length } = text;
  if (length === 0 || length > 40) return NaN;
  for (let at = 0; at < length; at++) {
    const code = text.charCodeAt(at);
    const plain = (code >= 48 && code <= 57) || code === 46 || code === 45 || code === 43 || code === 101 || code === 69;
    if (!plain) return NaN;
  }
  const value = Number(text);
  return value === 0 || value === Infinity || value === -Infinity ? NaN : value;
}

/** strtod's reading of a whole text; 22P02 for junk, 22003 for overflow and underflow. `round` narrows to the type. */
function parseFloatText(text: string, typeName: string, round: (value: number) => number): number {
  const plain = round(parsePlain(text));
  if (plain === plain && plain !== 0 && plain !== Infinity && plain !== -Infinity) return plain;
  let start = 0;
  while (isSpace(text.charCodeAt(start))) start++;
  let end = text.length;
  while (end > start && isSpace(text.charCodeAt(end - 1))) end--;
  const body = start === 0 && end === text.length ? text : text.slice(start, end);
  const hexadecimal = parseHexadecimal(body);
  const match = hexadecimal === undefined ? numberPattern.exec(body) : [hexadecimal.written];
  if (match === null) {
    const named = special.get(body.toLowerCase());
    if (named === undefined) throw invalidInput(typeName, text);
    return named;
  }
  const written = match[0] as string;
  const value = round(hexadecimal?.value ?? Number(written));
  const digits = hexadecimal === undefined ? /^[^eE]*[1-9]/ : /[xX][^pP]*[1-9a-fA-F]/;
  if (!Number.isFinite(value) || (value === 0 && digits.test(written))) {
    // float4in shows the whole text here, float8in the number only.
    throw new PgError('22003', `"${round === Math.fround ? text : written}" is out of range for type ${typeName}`);
  }
  if (written.length !== body.length) throw invalidInput(typeName, text);
  return value;
}

export const float8Codec: TypeCodec = {
  physical: 'float',
  wide: false,
  parse: (text) => floatValue(parseFloatText(text, 'double precision', (value) => value)),
  format: (value, _typmod, context) => formatFloat8(floatOf(value), context.extraFloatDigits),
  decodeBinary: (bytes) => floatValue(exactView(bytes, 8).getFloat64(0)),
  encodeBinary(value) {
    const bytes = new Uint8Array(8);
    viewOf(bytes).setFloat64(0, floatOf(value));
    return bytes;
  },
};

export const float4Codec: TypeCodec = {
  physical: 'float',
  wide: false,
  parse: (text) => floatValue(parseFloatText(text, 'real', Math.fround)),
  format: (value, _typmod, context) => formatFloat4(floatOf(value), context.extraFloatDigits),
  decodeBinary: (bytes) => floatValue(exactView(bytes, 4).getFloat32(0)),
  encodeBinary(value) {
    const bytes = new Uint8Array(4);
    viewOf(bytes).setFloat32(0, floatOf(value));
    return bytes;
  },
};
