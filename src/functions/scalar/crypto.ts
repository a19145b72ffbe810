/** What the scripts of uuid-ossp and pgcrypto call (catalog/extensions): digests, keyed digests, random bytes and UUIDs by time and by name. */
import { createHash, createHmac, getHashes, randomBytes } from 'node:crypto';
import { PgError } from '../../common/errors.js';
import { Oid } from '../../types/registry.js';
import type { ScalarFunction } from '../function.js';
import { pure } from '../implementation.js';
import { crypt, generateSalt } from '../text/crypt.js';

const algorithms: ReadonlySet<string> = new Set(getHashes().map((name) => name.toLowerCase()));

/** The algorithm as node:crypto names it. */
function algorithm(name: string): string {
  const folded = name.toLowerCase();
  if (!algorithms.has(folded)) throw new PgError('22023', `Cannot use "${name}": No such hash algorithm`);
  return folded;
}

function digest(bytes: Uint8Array, name: string): Uint8Array {
  return new Uint8Array(createHash(algorithm(name)).update(bytes).digest());
}

function hmac(bytes: Uint8Array, key: Uint8Array, name: string): Uint8Array {
  return new Uint8Array(createHmac(algorithm(name), key).update(bytes).digest());
}

function randomOf(count: number): Uint8Array {
  if (count < 1 || count > 1024) throw new PgError('39000', 'Length not in range');
  return new Uint8Array(randomBytes(count));
}

/** RFC 4122, 4.3: the first 16 bytes of the digest of namespace and name, with version and variant. */
function uuidOfName(version: number, namespace: Uint8Array, name: string): Uint8Array {
  const bytes = new Uint8Array(
    createHash(version === 3 ? 'md5' : 'sha1')
      .update(namespace)
      .update(name)
      .digest()
      .subarray(0, 16),
  );
  return stamped(bytes, version);
}

function stamped(bytes: Uint8Array, version: number): Uint8Array {
  bytes[6] = ((bytes[6] as number) & 0x0f) | (version << 4);
  bytes[8] = ((bytes[8] as number) & 0x3f) | 0x80;
  return bytes;
}

/** 100 ns steps between 1582-10-15 and 1970-01-01. */
const gregorianOffset = 0x01b21dd213814000n;
/** Of this thread: in place of the address of a network card, as RFC 4122, 4.5 says. */
const node = randomBytes(6);
const clockSequence = randomBytes(2);
let lastTime = 0n;

/** RFC 4122, 4.2: 60 bits of time, a clock sequence and a node; with `ownNode` a node of its own for each. */
function uuidOfTime(ownNode: boolean): Uint8Array {
  const now = BigInt(Date.now()) * 10_000n + gregorianOffset;
  lastTime = now > lastTime ? now : lastTime + 1n;
  const bytes = Buffer.alloc(16);
  bytes.writeUInt32BE(Number(lastTime & 0xffffffffn), 0);
  bytes.writeUInt16BE(Number((lastTime >> 32n) & 0xffffn), 4);
  bytes.writeUInt16BE(Number((lastTime >> 48n) & 0x0fffn), 6);
  clockSequence.copy(bytes, 8);
  (ownNode ? randomBytes(6) : node).copy(bytes, 10);
  bytes[10] = (bytes[10] as number) | 1; // multicast: nobody's address
  return stamped(new Uint8Array(bytes), 1);
}

const common = { kind: 'scalar', strict: true, volatility: 'immutable' } as const;

export const cryptoFunctions: readonly ScalarFunction[] = [
  { ...common, name: 'shoal_digest', oid: 9_100_401, args: [Oid.bytea, Oid.text], result: Oid.bytea, ...pure(digest) },
  { ...common, name: 'shoal_hmac', oid: 9_100_402, args: [Oid.bytea, Oid.bytea, Oid.text], result: Oid.bytea, ...pure(hmac) },
  { ...common, name: 'shoal_random_bytes', oid: 9_100_403, args: [Oid.int4], result: Oid.bytea, volatility: 'volatile', ...pure(randomOf) },
  { ...common, name: 'shoal_uuid_name', oid: 9_100_404, args: [Oid.int4, Oid.uuid, Oid.text], result: Oid.uuid, ...pure(uuidOfName) },
  { ...common, name: 'shoal_uuid_time', oid: 9_100_405, args: [Oid.bool], result: Oid.uuid, volatility: 'volatile', ...pure(uuidOfTime) },
  { ...common, name: 'shoal_crypt', oid: 9_100_406, args: [Oid.text, Oid.text], result: Oid.text, ...pure(crypt) },
  { ...common, name: 'shoal_gen_salt', oid: 9_100_407, args: [Oid.text, Oid.int4], result: Oid.text, volatility: 'volatile', ...pure(generateSalt) },
];
