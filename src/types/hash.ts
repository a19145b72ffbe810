/**
 * The placement hash: which shard a row belongs to. It is fixed for all time: data at rest depends on it.
 *
 * A value is brought to the canonical form of its family, and the family's number seeds the hash, so that values that PostgreSQL calls equal
 * within a family have one hash:
 *
 *   1 number     int2 int4 int8 oid (and the other types that are OIDs), numeric: an integral value within int8 as its 64 bits;
 *                any other numeric as its text without trailing zeros of the fraction
 *   2 text       text varchar name "char", and bpchar without its trailing blanks: UTF-8
 *   3 float      float4 float8: the bits of the float64; -0 as 0, one NaN
 *   4 bool, 5 date, 6 time, 7 timestamp, 8 timestamptz: the physical integer's 64 bits
 *   9 bytes      bytea; 10 uuid: the bytes
 *   16           every other type: its ordering key (PgType.key, else the value), by the form of that: INTEGER 64 bits, TEXT UTF-8, BLOB bytes
 *
 * The canonical bytes are taken as blocks of two little-endian 32-bit words (the last one padded with zeros) through two lanes of 32-bit
 * multiply-rotate mixing (the rounds of MurmurHash3 x86, public domain, on two lanes), closed with the length in bytes. NULL is the hash of nothing
 * under seed 0. A key of several columns hashes the columns' hashes, in order, under seed 255. Golden values are in test/unit/types/hash.test.ts.
 */
import { Oid } from './oid.js';
import { typeByOid } from './registry.js';
import { trimBlanks } from './text.js';
import type { SqlValue } from './value.js';

const familyNumber = 1;
const familyText = 2;
const familyFloat = 3;
const familyOther = 16;
const seedSeveral = 255;

/** The hash state: the upper and the lower half. Module-level, so that hashing allocates nothing. */
let high = 0;
let low = 0;

function start(seed: number): void {
  high = Math.imul(seed + 1, 0x9e3779b1) | 0;
  low = Math.imul(seed + 1, 0x85ebca77) | 0;
}

function block(first: number, second: number): void {
  let word = Math.imul(first, 0x239b961b);
  word = (word << 15) | (word >>> 17);
  high ^= Math.imul(word, 0xab0e9789);
  high = ((high << 19) | (high >>> 13)) + low;
  high = (Math.imul(high, 5) + 0x561ccd1b) | 0;
  word = Math.imul(second, 0xab0e9789);
  word = (word << 16) | (word >>> 16);
  low ^= Math.imul(word, 0x38b34ae5);
  low = ((low << 17) | (low >>> 15)) + high;
  low = (Math.imul(low, 5) + 0x0bcaa747) | 0;
}

function avalanche(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return mixed ^ (mixed >>> 16);
}

function end(length: number): void {
  high ^= length;
  low ^= length;
  high = (high + low) | 0;
  low = (low + high) | 0;
  high = avalanche(high);
  low = avalanche(low);
  high = (high + low) | 0;
  low = (low + high) | 0;
}

function integer(seed: number, value: number | bigint): void {
  start(seed);
  if (typeof value === 'number' || (value <= 9007199254740991n && value >= -9007199254740991n)) {
    const number = Number(value);
    const upper = Math.floor(number / 4294967296);
    block((number - upper * 4294967296) | 0, upper | 0);
  } else {
    block(Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }
  end(8);
}

function bytes(seed: number, value: Uint8Array): void {
  start(seed);
  const { length } = value;
  let at = 0;
  for (; at + 8 <= length; at += 8) block(word(value, at), word(value, at + 4));
  if (at < length) block(word(value, at), word(value, at + 4));
  end(length);
}

function word(value: Uint8Array, at: number): number {
  return (value[at] ?? 0) | ((value[at + 1] ?? 0) << 8) | ((value[at + 2] ?? 0) << 16) | ((value[at + 3] ?? 0) << 24);
}

const encoder = new TextEncoder();

function text(seed: number, value: string): void {
  const { length } = value;
  start(seed);
  let first = 0;
  let second = 0;
  for (let at = 0; at < length; at++) {
    const code = value.charCodeAt(at);
    if (code > 127) {
      bytes(seed, encoder.encode(value));
      return;
    }
    const lane = at & 7;
    if (lane < 4) first |= code << (lane << 3);
    else second |= code << ((lane - 4) << 3);
    if (lane === 7) {
      block(first, second);
      first = 0;
      second = 0;
    }
  }
  if ((length & 7) !== 0) block(first, second);
  end(length);
}

const float = new DataView(new ArrayBuffer(8));

function floating(value: SqlValue): void {
  const number = value === 'NaN' ? NaN : Number(value);
  float.setFloat64(0, number === 0 ? 0 : number);
  start(familyFloat);
  if (number === number) block(float.getInt32(4), float.getInt32(0));
  else block(0, 0x7ff80000);
  end(8);
}

/** General numeric text: integral values within int8 as integers, else the text without trailing zeros. */
function numericText(value: string): void {
  let end = value.length;
  if (value.includes('.')) {
    while (value.charCodeAt(end - 1) === 48) end--;
    if (value.charCodeAt(end - 1) === 46) end--;
  }
  let plain = end === value.length ? value : value.slice(0, end);
  if (plain === '-0') plain = '0';
  if (plain.length <= 15) {
    const number = Number(plain);
    if (Number.isInteger(number)) {
      integer(familyNumber, number);
      return;
    }
  } else if (plain.length <= 20 && /^-?\d+$/.test(plain)) {
    const wide = BigInt(plain);
    if (BigInt.asIntN(64, wide) === wide) {
      integer(familyNumber, wide);
      return;
    }
  }
  text(familyNumber, plain);
}

/** Hashes one value into the state. */
function one(value: SqlValue, typeOid: number): void {
  if (value === null) {
    start(0);
    end(0);
    return;
  }
  switch (typeOid) {
    case Oid.int2:
    case Oid.int4:
    case Oid.int8:
    case Oid.oid:
    case Oid.xid:
    case Oid.cid:
    case Oid.xid8:
    case Oid.regclass:
    case Oid.regtype:
    case Oid.regproc:
    case Oid.regprocedure:
    case Oid.regoper:
    case Oid.regoperator:
    case Oid.regnamespace:
    case Oid.regrole:
    case Oid.regconfig:
    case Oid.regdictionary:
    case Oid.regcollation:
    case Oid.numeric:
      if (typeof value === 'string') numericText(value);
      else integer(familyNumber, value as number | bigint);
      return;
    case Oid.text:
    case Oid.varchar:
    case Oid.name:
    case Oid.char:
    case Oid.unknown:
      text(familyText, String(value));
      return;
    case Oid.bpchar:
      text(familyText, trimBlanks(String(value)));
      return;
    case Oid.float4:
    case Oid.float8:
      floating(value);
      return;
    case Oid.bool:
      integer(4, value as number | bigint);
      return;
    case Oid.date:
      integer(5, value as number | bigint);
      return;
    case Oid.time:
      integer(6, value as number | bigint);
      return;
    case Oid.timestamp:
      integer(7, value as number | bigint);
      return;
    case Oid.timestamptz:
      integer(8, value as number | bigint);
      return;
    case Oid.bytea:
      bytes(9, value as Uint8Array);
      return;
    case Oid.uuid:
      bytes(10, value as Uint8Array);
      return;
    default: {
      const type = typeByOid(typeOid);
      const key = type?.key === undefined ? value : (type.key(value) as Exclude<SqlValue, null>);
      if (typeof key === 'string') text(familyOther, key);
      else if (typeof key === 'object') bytes(familyOther, key);
      else integer(familyOther, key);
    }
  }
}

function several(values: readonly SqlValue[], typeOids: readonly number[]): void {
  if (values.length === 1) {
    one(values[0] as SqlValue, typeOids[0] as number);
    return;
  }
  let allHigh = 0;
  let allLow = 0;
  start(seedSeveral);
  for (let at = 0; at < values.length; at++) {
    allHigh = high;
    allLow = low;
    one(values[at] as SqlValue, typeOids[at] as number);
    const first = low;
    const second = high;
    high = allHigh;
    low = allLow;
    block(first, second);
  }
  end(values.length * 8);
}

/**
 * The 64-bit placement hash (0 .. 2^64-1) of a key: physical values and their types' OIDs. A numeric is given as general text (or as an
 * integer that means itself), never as a scaled integer.
 */
export function placementHash(values: readonly SqlValue[], typeOids: readonly number[]): bigint {
  several(values, typeOids);
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

/** The upper 32 bits of `placementHash`, as an unsigned number, without a bigint. */
export function placementHash32(values: readonly SqlValue[], typeOids: readonly number[]): number {
  several(values, typeOids);
  return high >>> 0;
}

/** `placementHash32` of a key of one column. */
export function placementHash32Of(value: SqlValue, typeOid: number): number {
  one(value, typeOid);
  return high >>> 0;
}
