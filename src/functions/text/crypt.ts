/**
 * crypt() and gen_salt() of pgcrypto: passwords hashed with bcrypt ('bf') and MD5 ('md5'). The two forms of DES are refused.
 * Sources: "A Future-Adaptable Password Scheme" (Provos and Mazieres, 1999), whose Blowfish tables are the fractional digits of pi; the md5crypt of FreeBSD.
 */
import { createHash, randomBytes } from 'node:crypto';
import { notSupported, PgError } from '../../common/errors.js';

const bcryptAlphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const cryptAlphabet = './0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

// ------------------------------------------------------------------------------------------------------------------ Blowfish

interface Blowfish {
  readonly p: Uint32Array;
  readonly s: Uint32Array;
}

let digits: Blowfish | undefined;

/** The first 33,344 bits of pi's fraction as 18 + 4 * 256 words, by Machin's formula. */
function piDigits(): Blowfish {
  if (digits !== undefined) return digits;
  const words = 18 + 1024;
  const bits = BigInt(words * 32 + 64);
  const one = 1n << bits;
  const arctan = (inverse: bigint): bigint => {
    let power = one / inverse;
    let sum = power;
    const square = inverse * inverse;
    for (let n = 3n, sign = -1n; power > 0n; n += 2n, sign = -sign) {
      power /= square;
      sum += (sign * power) / n;
    }
    return sum;
  };
  const pi = 16n * arctan(5n) - 4n * arctan(239n);
  const fraction = (pi - 3n * one) >> 64n;
  const hex = fraction.toString(16).padStart(words * 8, '0');
  const all = Uint32Array.from({ length: words }, (_, at) => Number.parseInt(hex.slice(at * 8, at * 8 + 8), 16));
  digits = { p: all.slice(0, 18), s: all.slice(18) };
  return digits;
}

function encipher({ p, s }: Blowfish, block: Uint32Array): void {
  let left = block[0] as number;
  let right = block[1] as number;
  for (let round = 0; round < 16; round++) {
    left = (left ^ (p[round] as number)) >>> 0;
    const sum = ((s[left >>> 24] as number) + (s[256 + ((left >>> 16) & 255)] as number)) >>> 0;
    right = (right ^ (((sum ^ (s[512 + ((left >>> 8) & 255)] as number)) >>> 0) + (s[768 + (left & 255)] as number))) >>> 0;
    const swapped = left;
    left = right;
    right = swapped;
  }
  block[0] = (right ^ (p[17] as number)) >>> 0;
  block[1] = (left ^ (p[16] as number)) >>> 0;
}

/** The bytes as big-endian words, round and round. */
function* cyclicWords(bytes: Uint8Array): Generator<number, never> {
  for (let at = 0; ; ) {
    let word = 0;
    for (let i = 0; i < 4; i++, at++) word = ((word << 8) | (bytes[at % bytes.length] as number)) >>> 0;
    yield word;
  }
}

function expandKey(state: Blowfish, key: Uint8Array, salt?: Uint8Array): void {
  const keys = cyclicWords(key);
  for (let at = 0; at < 18; at++) state.p[at] = ((state.p[at] as number) ^ keys.next().value) >>> 0;
  const salts = salt === undefined ? undefined : cyclicWords(salt);
  const block = new Uint32Array(2);
  for (const table of [state.p, state.s]) {
    for (let at = 0; at < table.length; at += 2) {
      if (salts !== undefined) {
        block[0] = ((block[0] as number) ^ salts.next().value) >>> 0;
        block[1] = ((block[1] as number) ^ salts.next().value) >>> 0;
      }
      encipher(state, block);
      table[at] = block[0] as number;
      table[at + 1] = block[1] as number;
    }
  }
}

function bcryptEncode(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; at += 3) {
    const left = bytes.length - at;
    const group = ((bytes[at] as number) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
    for (let i = 0; i <= Math.min(left, 3); i++) text += bcryptAlphabet.charAt((group >> (18 - 6 * i)) & 63);
  }
  return text;
}

function bcryptDecode(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let at = 0, bits = 0, value = 0; at < text.length; at++) {
    value = ((value << 6) | bcryptAlphabet.indexOf(text.charAt(at))) & 0xffffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes.push((value >> bits) & 255);
    }
  }
  return Uint8Array.from(bytes.slice(0, 16));
}

function bcrypt(password: string, setting: string): string {
  const match = /^\$2([ax])\$(\d\d)\$([./A-Za-z0-9]{22})/.exec(setting);
  const cost = Number(match?.[2]);
  if (match === null || cost < 4 || cost > 31) throw invalidSalt();
  if (match[1] === 'x') throw notSupported('crypt with $2x$');
  const salt = bcryptDecode(match[3] as string);
  const key = new Uint8Array(Buffer.concat([Buffer.from(password).subarray(0, 72), Buffer.alloc(1)])).subarray(0, 72);
  const start = piDigits();
  const state: Blowfish = { p: start.p.slice(), s: start.s.slice() };
  expandKey(state, key, salt);
  for (let left = 2 ** cost; left > 0; left--) {
    expandKey(state, key);
    expandKey(state, salt);
  }
  const words = Uint32Array.from([0x4f727068, 0x65616e42, 0x65686f6c, 0x64657253, 0x63727944, 0x6f756274]); // OrpheanBeholderScryDoubt
  for (let at = 0; at < 6; at += 2) for (let round = 0; round < 64; round++) encipher(state, words.subarray(at, at + 2));
  const bytes = Buffer.alloc(24);
  words.forEach((word, at) => bytes.writeUInt32BE(word, at * 4));
  // The salt's last character has bits that are not used.
  return `$2a$${match[2] as string}$${bcryptEncode(salt)}${bcryptEncode(bytes.subarray(0, 23))}`;
}

// ------------------------------------------------------------------------------------------------------------------ MD5

function md5(...parts: readonly (Uint8Array | string)[]): Buffer {
  const hash = createHash('md5');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

function md5Crypt(password: string, setting: string): string {
  const salt = (/^\$1\$([^$]{0,8})/.exec(setting)?.[1] ?? '').slice(0, 8);
  const key = Buffer.from(password);
  const mixed: (Uint8Array | string)[] = [key, '$1$', salt];
  const inner = md5(key, salt, key);
  for (let left = key.length; left > 0; left -= 16) mixed.push(inner.subarray(0, Math.min(16, left)));
  for (let left = key.length; left > 0; left >>= 1) mixed.push((left & 1) === 1 ? Buffer.alloc(1) : key.subarray(0, 1));
  let final = md5(...mixed);
  for (let round = 0; round < 1000; round++) {
    const odd = (round & 1) === 1;
    final = md5(odd ? key : final, round % 3 === 0 ? '' : salt, round % 7 === 0 ? '' : key, odd ? final : key);
  }
  const byte = (at: number): number => final[at] as number;
  const groups = [
    [(byte(0) << 16) | (byte(6) << 8) | byte(12), 4],
    [(byte(1) << 16) | (byte(7) << 8) | byte(13), 4],
    [(byte(2) << 16) | (byte(8) << 8) | byte(14), 4],
    [(byte(3) << 16) | (byte(9) << 8) | byte(15), 4],
    [(byte(4) << 16) | (byte(10) << 8) | byte(5), 4],
    [byte(11), 2],
  ] as const;
  return `$1$${salt}$${groups.map(([value, length]) => inSixes(value, length)).join('')}`;
}

/** Least significant first. */
function inSixes(value: number, length: number): string {
  let text = '';
  for (let left = value, i = 0; i < length; i++, left >>= 6) text += cryptAlphabet.charAt(left & 63);
  return text;
}

// ------------------------------------------------------------------------------------------------------------------ both

function invalidSalt(): PgError {
  return new PgError('22023', 'invalid salt');
}

/** The password hashed with the salt; a hash serves as its own salt. */
export function crypt(password: string, salt: string): string {
  if (salt.length < 2) throw invalidSalt();
  if (salt.startsWith('$2')) return bcrypt(password, salt);
  if (salt.startsWith('$1$')) return md5Crypt(password, salt);
  throw notSupported('crypt with DES');
}

/** A new salt. `rounds`: logarithm of the number of rounds of bcrypt; 0 for the usual number. */
export function generateSalt(type: string, rounds: number): string {
  switch (type.toLowerCase()) {
    case 'bf': {
      const cost = rounds === 0 ? 6 : rounds;
      if (cost < 4 || cost > 31) throw new PgError('22023', 'gen_salt: Incorrect number of rounds');
      return `$2a$${String(cost).padStart(2, '0')}$${bcryptEncode(randomBytes(16))}`;
    }
    case 'md5':
      if (rounds !== 0 && rounds !== 1000) throw new PgError('22023', 'gen_salt: Incorrect number of rounds');
      return `$1$${inSixes(randomBytes(3).readUIntBE(0, 3), 4)}${inSixes(randomBytes(3).readUIntBE(0, 3), 4)}`;
    case 'des':
    case 'xdes':
      throw notSupported(`gen_salt('${type}')`);
    default:
      throw new PgError('22023', 'gen_salt: Unknown salt algorithm');
  }
}
