/** The codecs of text, varchar, bpchar, name, "char", and of pseudo-types that pass as text (unknown, cstring, record). */
import { notSupported, PgError } from '../common/errors.js';
import { clipName } from '../common/names.js';
import { decodeText, encodeText } from './binary.js';
import type { TypeCodec } from './pg-type.js';
import type { SqlValue } from './value.js';

export const textCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse: (text) => text,
  format: (value) => String(value),
  decodeBinary: (bytes) => decodeText(bytes),
  encodeBinary: (value) => encodeText(String(value)),
};

/** Number of characters (code points) of a text. */
export function characterCount(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0xd800 && code <= 0xdbff) {
      count--;
      at++;
    }
  }
  return count;
}

/** The first `count` characters (code points). */
export function firstCharacters(text: string, count: number): string {
  if (text.length <= count) return text;
  let at = 0;
  for (let left = count; left > 0 && at < text.length; left--) {
    const code = text.charCodeAt(at);
    at += code >= 0xd800 && code <= 0xdbff ? 2 : 1;
  }
  return text.slice(0, at);
}

function clip(text: string, limit: number, explicit: boolean, typeName: string): string {
  if (text.length <= limit || characterCount(text) <= limit) return text;
  const head = firstCharacters(text, limit);
  if (!explicit && /[^ ]/.test(text.slice(head.length))) throw new PgError('22001', `value too long for type ${typeName}(${limit})`);
  return head;
}

/** The header that PostgreSQL counts into the typmod of varlena types. */
const header = 4;

function lengthTypmodIn(typeName: string, max: number): (args: readonly number[]) => number {
  return (args) => {
    const [length] = args;
    if (args.length !== 1 || length === undefined) throw new PgError('22023', 'invalid type modifier');
    if (length < 1) throw new PgError('22023', `length for type ${typeName} must be at least 1`);
    if (length > max) throw new PgError('22023', `length for type ${typeName} cannot exceed ${max}`);
    return length + header;
  };
}

const lengthTypmodOut = (typmod: number): string => (typmod > header ? `(${typmod - header})` : '');
const maxLength = 10_485_760;

function coerceVarchar(value: SqlValue, typmod: number, explicit: boolean): SqlValue {
  return value === null || typmod < header ? value : clip(String(value), typmod - header, explicit, 'character varying');
}

export const varcharCodec: TypeCodec = {
  ...textCodec,
  parse: (text, typmod) => coerceVarchar(text, typmod, false),
  decodeBinary: (bytes, typmod) => coerceVarchar(decodeText(bytes), typmod, false),
  typmodIn: lengthTypmodIn('varchar', maxLength),
  typmodOut: lengthTypmodOut,
  coerceTypmod: coerceVarchar,
};

function coerceBpchar(value: SqlValue, typmod: number, explicit: boolean): SqlValue {
  if (value === null || typmod < header) return value;
  const limit = typmod - header;
  const clipped = clip(String(value), limit, explicit, 'character');
  const missing = limit - characterCount(clipped);
  return missing > 0 ? clipped + ' '.repeat(missing) : clipped;
}

/** The text without its trailing blanks: what counts of a bpchar. */
export function trimBlanks(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end--;
  return end === text.length ? text : text.slice(0, end);
}

export const bpcharCodec: TypeCodec = {
  ...textCodec,
  parse: (text, typmod) => coerceBpchar(text, typmod, false),
  decodeBinary: (bytes, typmod) => coerceBpchar(decodeText(bytes), typmod, false),
  key: (value) => (value === null ? null : trimBlanks(String(value))),
  typmodIn: lengthTypmodIn('char', maxLength),
  typmodOut: lengthTypmodOut,
  coerceTypmod: coerceBpchar,
};

export const nameCodec: TypeCodec = { ...textCodec, parse: (text) => clipName(text), decodeBinary: (bytes) => clipName(decodeText(bytes)) };

/** The value of "char" for a byte: ASCII as itself, zero as nothing, any other as backslash and three octal digits, as it is shown. */
export function charOfByte(byte: number): string {
  return byte === 0 ? '' : byte < 128 ? String.fromCharCode(byte) : `\\${byte.toString(8)}`;
}

/** The byte of a "char". */
export function byteOfChar(value: string): number {
  return value.length === 4 ? Number.parseInt(value.slice(1), 8) : value === '' ? 0 : value.charCodeAt(0);
}

/** charin: a backslash with three octal digits, else the first byte. */
export function charOf(text: string): string {
  if (/^\\[0-3][0-7]{2}$/.test(text)) return charOfByte(Number.parseInt(text.slice(1), 8));
  return text === '' ? '' : charOfByte(encodeText(firstCharacters(text, 1))[0] as number);
}

/** "char": one byte. */
export const charCodec: TypeCodec = {
  ...textCodec,
  parse: charOf,
  decodeBinary: (bytes) => (bytes.length === 0 ? '' : charOfByte(bytes[0] as number)),
  encodeBinary: (value) => Uint8Array.of(byteOfChar(String(value))),
};

/** void: functions without a result give an empty text. */
export const voidCodec: TypeCodec = { ...textCodec, physical: 'none', parse: () => '', format: () => '', encodeBinary: () => new Uint8Array(0) };

/** A type that has a catalog row only. */
export function unsupportedCodec(typeName: string): TypeCodec {
  const refuse = (): never => {
    throw notSupported(`type ${typeName}`);
  };
  return { physical: 'text', wide: false, parse: refuse, format: (value) => String(value), decodeBinary: refuse, encodeBinary: refuse };
}
