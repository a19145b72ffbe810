/**
 * COPY FROM's short cuts: fields in the form in which COPY TO writes them are read from the bytes, without a string in between. Whatever is written otherwise (a sign, a
 * blank, another date style, a value out of range) is left to the type's own input, which also has the error. Used by session/copy.
 */
import { daysInMonth, daysOf } from '../../types/calendar.js';
import { isDecimalTypmod } from '../../types/numeric-codec.js';
import { Oid } from '../../types/oid.js';
import type { SqlValue } from '../../types/value.js';

/** The stored form of the field in bytes[start..end); undefined: the type's own input decides. */
export type FieldReader = (bytes: Uint8Array, start: number, end: number) => SqlValue | RawText | undefined;

/** What a reader answers when the field's bytes are the value, a text in UTF-8. */
export class RawText {
  /** width: bytes that the value has at least; blanks make up for what is missing. */
  constructor(readonly width: number) {}
}

const rawText = new RawText(0);

const zero = 48;
const nine = 57;
const minus = 45;
const point = 46;
const colon = 58;
const blank = 32;
/** Digits that a double holds for certain. */
const digitsMax = 15;
const typmodHeader = 4;

/** The reader of a column's fields, if its type has one. */
export function fieldReader(typeOid: number, typmod: number): FieldReader | undefined {
  switch (typeOid) {
    case Oid.int2:
      return integers(-32_768, 32_767);
    case Oid.int4:
      return integers(-2_147_483_648, 2_147_483_647);
    case Oid.int8:
      return integers(-Infinity, Infinity);
    case Oid.numeric: {
      const decimal = isDecimalTypmod(typmod);
      return decimal === undefined ? undefined : decimals(decimal.precision, decimal.scale);
    }
    case Oid.text:
      return () => rawText;
    case Oid.varchar:
      return typmod < typmodHeader ? () => rawText : atMost(typmod - typmodHeader);
    case Oid.bpchar:
      return typmod < typmodHeader ? undefined : padded(typmod - typmodHeader);
    case Oid.bool:
      return boolean;
    case Oid.date:
      return (bytes, start, end) => (end - start === 10 ? isoDate(bytes, start) : undefined);
    case Oid.timestamp:
      return isoTimestamp;
    default:
      return undefined;
  }
}

/** The digits in bytes[start..end) as a number; -1 when there is something else, or nothing. */
function digits(bytes: Uint8Array, start: number, end: number): number {
  if (start >= end) return -1;
  let value = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number;
    if (byte < zero || byte > nine) return -1;
    value = value * 10 + (byte - zero);
  }
  return value;
}

function integers(least: number, greatest: number): FieldReader {
  return (bytes, start, end) => {
    const isNegative = bytes[start] === minus;
    const first = isNegative ? start + 1 : start;
    if (end - first > digitsMax) return undefined;
    const magnitude = digits(bytes, first, end);
    if (magnitude < 0) return undefined;
    const value = isNegative && magnitude > 0 ? -magnitude : magnitude;
    return value >= least && value <= greatest ? value : undefined;
  };
}

function decimals(precision: number, scale: number): FieldReader {
  const limit = 10 ** Math.min(precision, digitsMax);
  return (bytes, start, end) => {
    const isNegative = bytes[start] === minus;
    const first = isNegative ? start + 1 : start;
    let whole = end;
    for (let at = first; at < end; at++) {
      if (bytes[at] !== point) continue;
      whole = at;
      break;
    }
    const places = whole === end ? 0 : end - whole - 1;
    if (places > scale || whole - first + scale > digitsMax) return undefined;
    let value = digits(bytes, first, whole);
    if (value < 0) return undefined;
    if (places > 0) {
      const fraction = digits(bytes, whole + 1, end);
      if (fraction < 0) return undefined;
      value = value * 10 ** places + fraction;
    } else if (whole !== end) return undefined;
    value *= 10 ** (scale - places);
    if (value >= limit) return undefined;
    return isNegative && value > 0 ? -value : value;
  };
}

/** A text of so few bytes has no more characters than these. */
function atMost(characters: number): FieldReader {
  return (_, start, end) => (end - start <= characters ? rawText : undefined);
}

/** bpchar in ASCII, where characters are bytes. */
function padded(characters: number): FieldReader {
  const text = new RawText(characters);
  return (bytes, start, end) => {
    if (end - start > characters) return undefined;
    for (let at = start; at < end; at++) if ((bytes[at] as number) > 127) return undefined;
    return text;
  };
}

function boolean(bytes: Uint8Array, start: number, end: number): number | undefined {
  if (end - start !== 1) return undefined;
  const byte = bytes[start];
  return byte === 116 ? 1 : byte === 102 ? 0 : undefined;
}

/** YYYY-MM-DD: days since 2000-01-01. */
function isoDate(bytes: Uint8Array, start: number): number | undefined {
  if (bytes[start + 4] !== minus || bytes[start + 7] !== minus) return undefined;
  const year = digits(bytes, start, start + 4);
  const month = digits(bytes, start + 5, start + 7);
  const day = digits(bytes, start + 8, start + 10);
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) return undefined;
  return daysOf(year, month, day);
}

/** YYYY-MM-DD HH:MM:SS[.ffffff]: microseconds since 2000-01-01. */
function isoTimestamp(bytes: Uint8Array, start: number, end: number): number | undefined {
  const length = end - start;
  if (length < 19 || length > 26 || bytes[start + 10] !== blank || bytes[start + 13] !== colon || bytes[start + 16] !== colon) return undefined;
  const days = isoDate(bytes, start);
  const hours = digits(bytes, start + 11, start + 13);
  const minutes = digits(bytes, start + 14, start + 16);
  const seconds = digits(bytes, start + 17, start + 19);
  if (days === undefined || hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) return undefined;
  let micros = 0;
  if (length > 19) {
    if (bytes[start + 19] !== point) return undefined;
    const fraction = digits(bytes, start + 20, end);
    if (fraction < 0) return undefined;
    micros = fraction * 10 ** (26 - length);
  }
  return days * 86_400_000_000 + ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros;
}
