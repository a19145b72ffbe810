/**
 * Between physical values (SqlValue, what SQLite and the other layers hold) and the values that kernels see (KernelValue), by type; and order by type.
 * Used by sqlite-register, the kernels over polymorphic types, constant folding and the coordinator's operators.
 */
import { elementTypeOf, Oid, requireType, typeByOid } from '../types/registry.js';
import { canonicalContext, type SqlValue, type TypeContext } from '../types/value.js';
import type { KernelValue } from './function.js';

type FromSql = (value: SqlValue) => KernelValue;

const fromBoolean: FromSql = (value) => (value === null ? null : typeof value === 'bigint' ? value !== 0n : value !== 0);
const fromInteger: FromSql = (value) => (typeof value === 'bigint' ? Number(value) : value);
const fromWide: FromSql = (value) => (typeof value === 'number' ? BigInt(value) : value);
const fromFloat: FromSql = (value) => (typeof value === 'string' ? Number(value) : typeof value === 'bigint' ? Number(value) : value);
const fromNumeric: FromSql = (value) => (typeof value === 'bigint' || typeof value === 'number' ? String(value) : value);
const asIs: FromSql = (value) => value;

/** The conversion of a type's physical values to kernel values. */
export function kernelReader(oid: number): FromSql {
  const type = typeByOid(oid);
  switch (type?.physical) {
    case 'boolean':
      return fromBoolean;
    case 'integer':
      return type.wide ? fromWide : fromInteger;
    case 'float':
      return fromFloat;
    case 'numeric':
      return fromNumeric;
    default:
      switch (oid) {
        case Oid.numeric:
          return fromNumeric;
        case Oid.float4:
        case Oid.float8:
          return fromFloat;
        case Oid.date:
          return fromInteger;
        case Oid.time:
        case Oid.timestamp:
        case Oid.timestamptz:
          return fromWide;
        default:
          return asIs;
      }
  }
}

export function toKernel(value: SqlValue, oid: number): KernelValue {
  return value === null ? null : kernelReader(oid)(value);
}

/** A kernel value as a physical value: the inverse of `toKernel`. */
export function toSql(value: KernelValue): SqlValue {
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number' && value !== value) return 'NaN';
  return value;
}

/** A kernel value as PostgreSQL prints it. */
export function formatValue(value: Exclude<KernelValue, null>, oid: number, context: TypeContext = canonicalContext): string {
  if (typeof value === 'string' && oid !== Oid.interval && oid !== Oid.timetz) {
    const type = typeByOid(oid);
    if (type === undefined || (type.category !== 'A' && type.contextual !== true)) return value;
  }
  return requireType(oid).format(toSql(value), -1, context);
}

/** Order of texts by code point, as PostgreSQL's C collation has it: -1, 0, 1. JavaScript's own order differs where surrogates meet U+E000..U+FFFF. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    let left = a.charCodeAt(at);
    let right = b.charCodeAt(at);
    if (left !== right) {
      if (left >= 0xd800 && right >= 0xd800) {
        left = left >= 0xe000 ? left - 0x800 : left + 0x2000;
        right = right >= 0xe000 ? right - 0x800 : right + 0x2000;
      }
      return left < right ? -1 : 1;
    }
  }
  return a.length < b.length ? -1 : 1;
}

/** Order of byte strings. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let at = 0; at < length; at++) {
    const difference = (a[at] as number) - (b[at] as number);
    if (difference !== 0) return difference < 0 ? -1 : 1;
  }
  return a.length === b.length ? 0 : a.length < b.length ? -1 : 1;
}

/** Floats as PostgreSQL orders them: NaN equals NaN and is above everything. */
export function compareFloats(a: number, b: number): number {
  if (a !== a) return b !== b ? 0 : 1;
  if (b !== b) return -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Order of physical values as SQLite has it within a storage class (keys, native types). */
function comparePhysical(a: SqlValue, b: SqlValue): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b);
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b);
  if (a instanceof Uint8Array) return 1;
  if (b instanceof Uint8Array) return -1;
  if (typeof a === 'string') return 1;
  if (typeof b === 'string') return -1;
  if (a === null) return b === null ? 0 : -1;
  if (b === null) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

export type Comparator = (a: KernelValue, b: KernelValue) => number;

/** The default B-tree order of a type over kernel values that are not null. */
export function comparatorOf(oid: number): Comparator {
  const type = typeByOid(oid);
  if (type?.key !== undefined) {
    const key = type.key.bind(type);
    return (a, b) => (a === b ? 0 : comparePhysical(key(toSql(a)), key(toSql(b))));
  }
  switch (type?.physical) {
    case 'float':
      return (a, b) => compareFloats(a as number, b as number);
    case 'text':
      return (a, b) => compareText(a as string, b as string);
    case 'blob':
      return (a, b) => compareBytes(a as Uint8Array, b as Uint8Array);
    default:
      return (a, b) => comparePhysical(toSql(a), toSql(b));
  }
}

/** The element type's OID of an array type, or the type itself when it is none. */
export function elementOid(arrayOid: number): number {
  return elementTypeOf(arrayOid)?.oid ?? arrayOid;
}
