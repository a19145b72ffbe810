/**
 * The hash functions of PostgreSQL's types (hashtext, hashint4, hash_numeric, ...) and their extended forms with a seed, exact but for enums, whose OIDs differ.
 * Polymorphic ones hash elements, bounds and fields by their types. Source: hashfunc.c, and the *_hash functions of the types.
 */
import { PgError } from '../../common/errors.js';
import { recordValue } from '../../types/composite.js';
import { intervalFromText, intervalSpan } from '../../types/interval.js';
import { hashBytes, hashLong, hashWord } from '../../types/jenkins.js';
import { type JsonNode, parseJson } from '../../types/json.js';
import { parseNetwork } from '../../types/network.js';
import { parseNumeric } from '../../types/numeric.js';
import type { RangeBound, RangeSupport, RangeValue } from '../../types/range.js';
import { formatType, Oid, rangeSupportOf, requireType, typeByOid } from '../../types/registry.js';
import { canonicalContext } from '../../types/value.js';
import { elementsOf, parseArray } from '../array-value.js';
import type { KernelValue } from '../function.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { toKernel } from '../values.js';

/** Without a seed 32 bits, with one 64; both unsigned. */
type Hash = (value: KernelValue, seed: bigint | undefined) => bigint;

const wrap = (value: bigint, seed: bigint | undefined): bigint => BigInt.asUintN(seed === undefined ? 32 : 64, value);
const word: Hash = (value, seed) => hashWord(Number(value), seed);
const long: Hash = (value, seed) => hashLong(BigInt(value as number | bigint), seed);
const text: Hash = (value, seed) => hashBytes(Buffer.from(value as string), seed);
const bytes: Hash = (value, seed) => hashBytes(value as Uint8Array, seed);

const float: Hash = (value, seed) => {
  const number = value as number;
  if (number === 0) return seed ?? 0n;
  const image = Buffer.alloc(8);
  image.writeDoubleLE(number);
  return hashBytes(image, seed);
};

/** The digits in base 10000 without zeros around them. */
const numeric: Hash = (value, seed) => {
  const parsed = parseNumeric(value as string);
  if (parsed.kind !== 'finite') return seed ?? 0n;
  const digits = (parsed.coefficient < 0n ? -parsed.coefficient : parsed.coefficient).toString();
  if (digits === '0') return wrap((seed ?? 0n) - 1n, seed);
  const exponent = digits.length - parsed.scale - 1;
  const weight = Math.floor(exponent / 4);
  const padded = digits.padStart(digits.length + 3 - (exponent - weight * 4), '0');
  const groups: number[] = [];
  for (let at = 0; at < padded.length; at += 4) groups.push(Number(padded.slice(at, at + 4).padEnd(4, '0')));
  while (groups.at(-1) === 0) groups.pop();
  const image = Buffer.alloc(groups.length * 2);
  groups.forEach((group, at) => image.writeInt16LE(group, at * 2));
  return hashBytes(image, seed) ^ wrap(BigInt(weight), seed);
};

const network: Hash = (value, seed) => {
  const address = parseNetwork(value as string, false);
  return hashBytes(Buffer.from([address.bytes.length === 4 ? 2 : 3, address.bits, ...address.bytes]), seed);
};

const hardware: Hash = (value, seed) => hashBytes(Buffer.from((value as string).replaceAll(':', ''), 'hex'), seed);

const timetz: Hash = (value, seed) => {
  const [micros, zone] = (value as string).split(' ') as [string, string];
  return hashLong(BigInt(micros), seed) ^ hashWord(Number(zone), seed);
};

/** Bits turned by one: in both halves where there are 64. */
function turn(value: bigint, seed: bigint | undefined): bigint {
  const turned = (half: bigint): bigint => BigInt.asUintN(32, half << 1n) | (half >> 31n);
  return seed === undefined ? turned(value) : (turned(value >> 32n) << 32n) | turned(value & 0xffffffffn);
}

const jsonb: Hash = (value, seed) => {
  let hash = 0n;
  const container = (flag: bigint): void => {
    hash ^= seed === undefined ? flag : (flag << 32n) | flag;
  };
  const scalar = (own: bigint): void => {
    hash = turn(hash, seed) ^ own;
  };
  const visit = (node: JsonNode): void => {
    switch (node.kind) {
      case 'array':
        container(0x40000000n);
        node.items.forEach(visit);
        return;
      case 'object':
        container(0x20000000n);
        for (const { key, value: member } of node.entries) {
          scalar(text(key, seed));
          visit(member);
        }
        return;
      case 'string':
        return scalar(text(node.value, seed));
      case 'number':
        return scalar(numeric(node.text, seed));
      case 'boolean':
        return scalar(seed === undefined || seed === 0n ? (node.value ? 2n : 4n) : hashWord(node.value ? 1 : 0, seed));
      case 'null':
        return scalar(wrap((seed ?? 0n) + 1n, seed));
    }
  };
  const node = parseJson(value as string);
  if ((node.kind === 'array' && node.items.length === 0) || (node.kind === 'object' && node.entries.length === 0)) return seed ?? 0n;
  // A bare scalar is an array of one inside.
  if (node.kind !== 'array' && node.kind !== 'object') container(0x40000000n);
  visit(node);
  return hash;
};

function unhashable(oid: number): PgError {
  return new PgError('42883', `could not identify a hash function for type ${formatType(oid)}`);
}

/** The combination of elements' and fields' hashes. */
function combined(hashes: readonly bigint[], first: bigint, seed: bigint | undefined): bigint {
  return hashes.reduce((sum, own) => wrap((sum << 5n) - sum + own, seed), first);
}

function array(oid: number): Hash {
  const elements = elementsOf(oid);
  const hash = lazyHash(typeByOid(oid)?.elementOid ?? 0);
  return (value, seed) => {
    const own = parseArray(value as string).elements.map((element) => (element === null ? 0n : hash(elements.value(element), seed)));
    return combined(own, 1n, seed);
  };
}

function lazyHash(oid: number): Hash {
  let hash: Hash | undefined;
  return (value, seed) => (hash ??= hashOf(oid))(value, seed);
}

function rangeHash(support: RangeSupport): (range: RangeValue, seed: bigint | undefined) => bigint {
  const hash = lazyHash(support.subtype.oid);
  const boundHash = (bound: RangeBound, seed: bigint | undefined): bigint =>
    bound.value === null ? 0n : hash(toKernel(bound.value, support.subtype.oid), seed);
  return (range, seed) => {
    if (range === 'empty') return turn(hashWord(1, seed), seed);
    const { lower, upper } = range;
    const flags = (lower.inclusive ? 2 : 0) | (upper.inclusive ? 4 : 0) | (lower.value === null ? 8 : 0) | (upper.value === null ? 16 : 0);
    return turn(hashWord(flags, seed) ^ boundHash(lower, seed), seed) ^ boundHash(upper, seed);
  };
}

const record: Hash = (value, seed) => {
  const { typeOids, values } = recordValue(value as string, requireType);
  const own = values.map((field, at) => (field === null ? 0n : hashOf(typeOids[at] as number)(toKernel(field, typeOids[at] as number), seed)));
  return combined(own, 0n, seed);
};

const byOid: ReadonlyMap<number, Hash> = new Map<number, Hash>([
  [Oid.bool, (value, seed) => hashWord(value === true ? 1 : 0, seed)],
  [Oid.int2, word],
  [Oid.int4, word],
  [Oid.int8, long],
  [Oid.oid, word],
  [Oid.xid, word],
  [Oid.xid8, long],
  [Oid.date, word],
  [Oid.time, long],
  [Oid.timestamp, long],
  [Oid.timestamptz, long],
  [Oid.pgLsn, long],
  [Oid.float4, float],
  [Oid.float8, float],
  [Oid.numeric, numeric],
  [Oid.text, text],
  [Oid.varchar, text],
  [Oid.name, text],
  [Oid.bpchar, (value, seed) => text((value as string).replace(/ +$/, ''), seed)],
  [Oid.char, (value, seed) => hashWord(((value as string) === '' ? 0 : Buffer.from(value as string).readInt8(0)) | 0, seed)],
  [Oid.bytea, bytes],
  [Oid.uuid, bytes],
  [Oid.interval, (value, seed) => hashLong(BigInt.asIntN(64, intervalSpan(intervalFromText(value as string))), seed)],
  [Oid.timetz, timetz],
  [Oid.inet, network],
  [Oid.cidr, network],
  [Oid.macaddr, hardware],
  [Oid.macaddr8, hardware],
  [Oid.jsonb, jsonb],
  [Oid.record, record],
  [
    Oid.oidvector,
    (value, seed) => {
      const oids = (value as string)
        .split(' ')
        .filter((part) => part !== '')
        .map(Number);
      const image = Buffer.alloc(oids.length * 4);
      oids.forEach((oid, at) => image.writeUInt32LE(oid, at * 4));
      return hashBytes(image, seed);
    },
  ],
]);

/** The hash of a type's values; 42883 where the type has none. */
function hashOf(oid: number): Hash {
  const known = byOid.get(oid);
  if (known !== undefined) return known;
  const type = typeByOid(oid);
  if (type?.kind === 'e') return word;
  if (type?.kind === 'r') {
    const support = rangeSupportOf(oid);
    const hash = rangeHash(support);
    return (value, seed) => hash(support.parse(value as string, canonicalContext), seed);
  }
  if (type?.kind === 'm') {
    const support = rangeSupportOf(oid);
    const hash = rangeHash(support);
    return (value, seed) =>
      combined(
        support.parseMulti(value as string, canonicalContext).map((range) => hash(range, seed)),
        1n,
        seed,
      );
  }
  if (type?.definition?.kind === 'domain') return hashOf(type.definition.baseOid);
  if (type?.category === 'A') return array(oid);
  throw unhashable(oid);
}

const implementations: Record<string, ScalarImplementation> = {};

function add(plain: string, extended: string, hash: Hash): void {
  implementations[plain] = { kernel: (_, value) => Number(BigInt.asIntN(32, hash(value ?? null, undefined))) };
  implementations[extended] = { kernel: (_, value, seed) => BigInt.asIntN(64, hash(value ?? null, BigInt.asUintN(64, seed as bigint))) };
}

function addTyped(plain: string, extended: string): void {
  implementations[plain] = {
    typedKernel: ({ args }) => {
      const hash = lazyHash(args[0] as number);
      return (_, value) => Number(BigInt.asIntN(32, hash(value ?? null, undefined)));
    },
  };
  implementations[extended] = {
    typedKernel: ({ args }) => {
      const hash = lazyHash(args[0] as number);
      return (_, value, seed) => BigInt.asIntN(64, hash(value ?? null, BigInt.asUintN(64, BigInt(seed as number | bigint))));
    },
  };
}

for (const [name, oid] of [
  ['hashint2', Oid.int2],
  ['hashint4', Oid.int4],
  ['hashint8', Oid.int8],
  ['hashoid', Oid.oid],
  ['hashchar', Oid.char],
  ['hashfloat4', Oid.float4],
  ['hashfloat8', Oid.float8],
  ['hashtext', Oid.text],
  ['hashname', Oid.name],
  ['hashbpchar', Oid.bpchar],
  ['hashoidvector', Oid.oidvector],
  ['hashinet', Oid.inet],
  ['hashmacaddr', Oid.macaddr],
  ['hashmacaddr8', Oid.macaddr8],
] as const) {
  add(name, `${name}extended`, lazyHash(oid));
}
for (const [name, oid] of [
  ['hash_numeric', Oid.numeric],
  ['time_hash', Oid.time],
  ['timetz_hash', Oid.timetz],
  ['interval_hash', Oid.interval],
  ['timestamp_hash', Oid.timestamp],
  ['uuid_hash', Oid.uuid],
  ['pg_lsn_hash', Oid.pgLsn],
  ['jsonb_hash', Oid.jsonb],
  ['hash_record', Oid.record],
] as const) {
  add(name, `${name}_extended`, lazyHash(oid));
}
addTyped('hashenum', 'hashenumextended');
for (const name of ['hash_array', 'hash_range', 'hash_multirange']) addTyped(name, `${name}_extended`);

export const hashFunctions: ScalarImplementations = implementations;
