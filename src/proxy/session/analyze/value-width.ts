/**
 * How many bytes a value takes in a row of PostgreSQL's, for pg_stats.avg_width: exact for plain types, near for those whose binary form is their own affair.
 * Source: postgres.h (short varlena headers), numeric.c and array.h of PostgreSQL 15.
 */
import { elementTypeOf, Oid } from '../../../types/registry.js';
import type { PgType } from '../../../types/pg-type.js';
import { parseArrayText } from '../../../types/array.js';
import { canonicalContext, type SqlValue } from '../../../types/value.js';

/** Up to here the header is one byte, otherwise four. */
const shortMax = 126;

const withHeader = (bytes: number): number => bytes + (bytes <= shortMax ? 1 : 4);

/** Header of two bytes, groups of four digits with two bytes each. */
function numericBytes(text: string): number {
  const digits = /^-?(\d*)(?:\.(\d*))?$/.exec(text);
  if (digits === null) return 2;
  const whole = (digits[1] ?? '').replace(/^0+/, '');
  const fraction = digits[2] ?? '';
  const groups = `${whole.padStart(Math.ceil(whole.length / 4) * 4, '0')}${fraction.padEnd(Math.ceil(fraction.length / 4) * 4, '0')}`.match(/.{4}/g) ?? [];
  while (groups[0] === '0000') groups.shift();
  while (groups.at(-1) === '0000') groups.pop();
  return 2 + 2 * groups.length;
}

function arrayBytes(element: PgType, text: string): number {
  const { elements, lengths } = parseArrayText(text, element.delimiter);
  if (elements.length === 0) return 12;
  const align = { c: 1, s: 2, i: 4, d: 8 }[element.align];
  const aligned = (bytes: number): number => Math.ceil(bytes / align) * align;
  let bytes = 12 + 8 * lengths.length;
  if (elements.includes(null)) bytes += Math.ceil(elements.length / 8);
  for (const one of elements) {
    if (one === null) continue;
    bytes += aligned(element.length > 0 ? element.length : 4 + bytesOf(element, element.parse(one, -1, canonicalContext)));
  }
  return bytes;
}

/** Without a header. */
function bytesOf(type: PgType, value: SqlValue): number {
  if (value instanceof Uint8Array) return value.byteLength;
  const text = type.format(value, -1, canonicalContext);
  switch (type.oid) {
    case Oid.numeric:
      return numericBytes(text);
    case Oid.inet:
    case Oid.cidr:
      return text.includes(':') ? 18 : 6;
    case Oid.bit:
    case Oid.varbit:
      return 4 + Math.ceil(text.length / 8);
    default: {
      const element = elementTypeOf(type.oid);
      return element === undefined ? Buffer.byteLength(text) : arrayBytes(element, text);
    }
  }
}

/** Of a value of a type of variable length. */
export function valueWidth(type: PgType, value: SqlValue): number {
  const bytes = bytesOf(type, value);
  return type.length === -2 ? bytes + 1 : withHeader(bytes);
}
