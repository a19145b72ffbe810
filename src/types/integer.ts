/** The codecs of int2, int4, int8, oid and the types that are OIDs underneath (xid, cid, regclass and its kin). */
import { PgError } from '../common/errors.js';
import { Oid } from './oid.js';
import { exactView, int16Bytes, int32Bytes, int64Bytes, invalidInput, isSpace } from './binary.js';
import type { TypeCodec } from './pg-type.js';
import type { SqlValue } from './value.js';

/** 22003 in PostgreSQL's words for text input. */
function outOfRange(typeName: string, text: string): PgError {
  return new PgError('22003', `value "${text}" is out of range for type ${typeName}`);
}

/** Splits ` +12 ` into its digits with sign; junk is 22P02 unless the digits so far are already out of range. */
function parseInteger(text: string, typeName: string, min: bigint, max: bigint): bigint {
  let at = 0;
  while (isSpace(text.charCodeAt(at))) at++;
  const start = at;
  const sign = text.charCodeAt(at);
  if (sign === 43 || sign === 45) at++;
  const digitsFrom = at;
  let code = text.charCodeAt(at);
  while (code >= 48 && code <= 57) code = text.charCodeAt(++at);
  if (at === digitsFrom) throw invalidInput(typeName, text);
  const digits = text.slice(digitsFrom, at);
  let value: bigint | undefined;
  if (at - digitsFrom <= 15) {
    value = BigInt(Number(digits));
  } else if (at - digitsFrom <= 1000) {
    value = BigInt(digits);
  } else {
    const significant = digits.replace(/^0+/, '');
    value = significant.length > 30 ? max + 2n : BigInt(`0${significant}`);
  }
  if (text.charCodeAt(start) === 45) value = -value;
  if (value < min || value > max) throw outOfRange(typeName, text);
  while (at < text.length) if (!isSpace(text.charCodeAt(at++))) throw invalidInput(typeName, text);
  return value;
}

/** Short plain digits, the common case; NaN otherwise. */
function parseShort(text: string): number {
  const length = text.length;
  if (length === 0 || length > 9) return NaN;
  let at = 0;
  const negative = text.charCodeAt(0) === 45;
  if (negative && length > 1) at = 1;
  let value = 0;
  for (; at < length; at++) {
    const digit = text.charCodeAt(at) - 48;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
  }
  return negative ? 0 - value : value;
}

const int8Min = -(2n ** 63n);
const int8Max = 2n ** 63n - 1n;

export const int2Codec: TypeCodec = {
  physical: 'integer',
  wide: false,
  parse(text) {
    const short = parseShort(text);
    if (short >= -32768 && short <= 32767) return short;
    return Number(parseInteger(text, 'smallint', -32768n, 32767n));
  },
  format: (value) => String(value),
  decodeBinary: (bytes) => exactView(bytes, 2).getInt16(0),
  encodeBinary: (value) => int16Bytes(Number(value)),
};

export const int4Codec: TypeCodec = {
  physical: 'integer',
  wide: false,
  parse(text) {
    const short = parseShort(text);
    return short === short ? short : Number(parseInteger(text, 'integer', -2147483648n, 2147483647n));
  },
  format: (value) => String(value),
  decodeBinary: (bytes) => exactView(bytes, 4).getInt32(0),
  encodeBinary: (value) => int32Bytes(Number(value)),
};

export const int8Codec: TypeCodec = {
  physical: 'integer',
  wide: true,
  parse(text) {
    const short = parseShort(text);
    return short === short ? BigInt(short) : parseInteger(text, 'bigint', int8Min, int8Max);
  },
  format: (value) => String(value),
  decodeBinary: (bytes) => exactView(bytes, 8).getBigInt64(0),
  encodeBinary: (value) => int64Bytes(BigInt(value as number | bigint)),
};

/** strtoul's reading: a negative OID wraps, as in PostgreSQL. */
function parseOid(text: string, typeName: string): number {
  const value = parseInteger(text, typeName, -2147483648n, 4294967295n);
  return Number(value < 0n ? value + 4294967296n : value);
}

export const oidCodec: TypeCodec = {
  physical: 'integer',
  wide: false,
  parse(text) {
    const short = parseShort(text);
    return short >= 0 ? short : parseOid(text, 'oid');
  },
  format: (value) => String(value),
  decodeBinary: (bytes) => exactView(bytes, 4).getUint32(0),
  encodeBinary: (value) => int32Bytes(Number(value)),
};

/** xid and cid: any text, the leading digits count. */
export const xidCodec: TypeCodec = {
  ...oidCodec,
  parse(text) {
    const digits = /^\s*(\d{1,18})/.exec(text)?.[1];
    return digits === undefined ? 0 : Number(BigInt.asUintN(32, BigInt(digits)));
  },
};

/** xid8 and the like: unsigned 64 bits; held as signed INTEGER bits would be wrong in order, so they are refused beyond int8. */
export const xid8Codec: TypeCodec = { ...int8Codec, parse: (text) => parseInteger(text, 'xid8', 0n, int8Max) };

/**
 * An OID alias type (regclass, ...). Only the numeric forms are read and written here: names need a catalog, so the binder resolves them
 * before; a name that comes this far does not exist. InvalidOid is '-', of an operator '0'.
 */
export function registeredCodec(typeOid: number, code: string, notFound: (name: string) => string): TypeCodec {
  const invalid = typeOid === Oid.regoper || typeOid === Oid.regoperator ? '0' : '-';
  return {
    ...oidCodec,
    parse(text, _typmod, context): SqlValue {
      if (text === '-') return 0;
      if (/^\d+$/.test(text)) return parseOid(text, 'oid');
      if (context.catalog !== undefined) return context.catalog.objectOid(typeOid, text);
      throw new PgError(code, notFound(text));
    },
    format: (value, _typmod, context) => (Number(value) === 0 ? invalid : (context.catalog?.objectName(typeOid, Number(value)) ?? String(value))),
  };
}

/** An OID alias type whose objects are built in: their names, with or without pg_catalog. */
export function namedCodec(typeOid: number, objects: ReadonlyMap<string, number>, code: string, notFound: (name: string) => string): TypeCodec {
  const names = new Map([...objects].map(([name, oid]) => [oid, name]));
  const registered = registeredCodec(typeOid, code, notFound);
  return {
    ...registered,
    parse(text, typmod, context): SqlValue {
      if (text === '-' || /^\d+$/.test(text)) return registered.parse(text, typmod, context);
      const name = text.replace(/^\s*(?:pg_catalog|"pg_catalog")\s*\.\s*/i, '').trim();
      const folded = /^".*"$/.test(name) ? name.slice(1, -1) : name.toLowerCase();
      const oid = objects.get(folded);
      if (oid === undefined) throw new PgError(code, notFound(text));
      return oid;
    },
    format: (value, typmod, context) => names.get(Number(value)) ?? registered.format(value, typmod, context),
  };
}
