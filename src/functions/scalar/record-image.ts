/**
 * record_image_*: rows compared by what PostgreSQL stores of their fields, not by what the fields mean: 1.0 is not 1.00, and integers have no sign.
 * Source: record_image_cmp and record_image_eq of PostgreSQL 15's rowtypes.c, on a little-endian machine. Registered through functions/scalar/user-type.ts.
 */
import { PgError } from '../../common/errors.js';
import { recordValue } from '../../types/composite.js';
import { formatType, Oid, requireType } from '../../types/registry.js';
import { canonicalContext, type SqlValue } from '../../types/value.js';
import type { KernelValue } from '../function.js';
import { compareBytes, toSql } from '../values.js';

const encoder = new TextEncoder();

/** Fixed-length types that PostgreSQL passes by value: compared as unsigned numbers of 64 bits. */
const byValue: ReadonlySet<number> = new Set([
  Oid.bool,
  Oid.char,
  Oid.int2,
  Oid.int4,
  Oid.int8,
  Oid.oid,
  Oid.float4,
  Oid.float8,
  Oid.date,
  Oid.time,
  Oid.timestamp,
  Oid.timestamptz,
  Oid.money,
]);
/** Types made of numbers of eight bytes, whose bytes stand the other way round than on the wire. */
const ofDoubles: ReadonlySet<number> = new Set([Oid.point, Oid.box, Oid.lseg, Oid.circle, Oid.line]);

function reversed(bytes: Uint8Array, width: number): Uint8Array {
  const result = new Uint8Array(bytes.byteLength);
  for (let at = 0; at < bytes.byteLength; at++) result[at] = bytes[at - (at % width) + (width - 1 - (at % width))] ?? 0;
  return result;
}

/** The image of a numeric, from its binary form: a short header where weight and scale fit, else a long one; then the digits. */
function numericImage(wire: Uint8Array): Uint8Array {
  const view = new DataView(wire.buffer, wire.byteOffset, wire.byteLength);
  const [weight, sign, scale] = [view.getInt16(2), view.getUint16(4), view.getUint16(6)];
  const digits = reversed(wire.subarray(8), 2);
  if (sign >= 0xc000) return Uint8Array.of(sign & 0xff, sign >> 8);
  const isShort = scale <= 0x3f && weight >= -64 && weight <= 63;
  const header = isShort
    ? [0x8000 | (sign === 0 ? 0 : 0x2000) | (scale << 7) | (weight < 0 ? 0x40 : 0) | (weight & 0x3f)]
    : [(sign & 0xc000) | (scale & 0x3fff), weight & 0xffff];
  return Uint8Array.from([...header.flatMap((word) => [word & 0xff, word >> 8]), ...digits]);
}

function unsigned(wire: Uint8Array): bigint {
  let value = 0n;
  for (const byte of wire) value = (value << 8n) | BigInt(byte);
  return BigInt.asUintN(64, BigInt.asIntN(wire.byteLength * 8, value));
}

function compareImages(oid: number, a: SqlValue, b: SqlValue): number {
  const type = requireType(oid);
  if (typeof a === 'string' && a === b) return 0;
  if (type.physical === 'text' && (type.category === 'S' || type.oid === Oid.json || type.oid === Oid.unknown))
    return compareBytes(encoder.encode(String(a)), encoder.encode(String(b)));
  const [left, right] = [type.encodeBinary(a, -1, canonicalContext), type.encodeBinary(b, -1, canonicalContext)];
  if (byValue.has(oid) || type.kind === 'e') {
    if (type.kind === 'e') return Math.sign(Number(a) - Number(b));
    const [x, y] = [unsigned(left), unsigned(right)];
    return x < y ? -1 : x > y ? 1 : 0;
  }
  if (oid === Oid.numeric) return compareBytes(numericImage(left), numericImage(right));
  return ofDoubles.has(oid) ? compareBytes(reversed(left, 8), reversed(right, 8)) : compareBytes(left, right);
}

/** record_image_cmp(). */
export function compareRecordImages(a: KernelValue, b: KernelValue): number {
  const [left, right] = [recordValue(toSql(a), requireType), recordValue(toSql(b), requireType)];
  const width = Math.min(left.typeOids.length, right.typeOids.length);
  for (let n = 0; n < width; n++) {
    const [oid, other] = [left.typeOids[n] as number, right.typeOids[n] as number];
    if (oid !== other)
      throw new PgError('42804', `cannot compare dissimilar column types ${formatType(oid)} and ${formatType(other)} at record column ${String(n + 1)}`);
    const [x, y] = [left.values[n] as SqlValue, right.values[n] as SqlValue];
    if (x === null && y === null) continue;
    if (x === null || y === null) return x === null ? 1 : -1;
    const order = compareImages(oid, x, y);
    if (order !== 0) return order;
  }
  if (left.typeOids.length !== right.typeOids.length) throw new PgError('42804', 'cannot compare record types with different numbers of columns');
  return 0;
}
