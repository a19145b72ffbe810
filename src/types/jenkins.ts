/**
 * PostgreSQL's hash functions over bytes and integers (Bob Jenkins' lookup3): what hashtext, hashint4 and their kin show. Used by functions/scalar/hash; placement has a
 * hash of its own (types/hash).
 */

const start = 0x9e3779b9 + 3923095;
const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** Three words of state. */
class Words {
  a: number;
  b: number;
  c: number;

  constructor(length: number, seed: bigint | undefined) {
    this.a = this.b = this.c = (start + length) | 0;
    if (seed !== undefined && seed !== 0n) {
      this.a = (this.a + Number(BigInt.asIntN(32, seed >> 32n))) | 0;
      this.b = (this.b + Number(BigInt.asIntN(32, seed))) | 0;
      this.mix();
    }
  }

  mix(): void {
    let { a, b, c } = this;
    a = ((a - c) ^ rotate(c, 4)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 6)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 8)) | 0;
    b = (b + a) | 0;
    a = ((a - c) ^ rotate(c, 16)) | 0;
    c = (c + b) | 0;
    b = ((b - a) ^ rotate(a, 19)) | 0;
    a = (a + c) | 0;
    c = ((c - b) ^ rotate(b, 4)) | 0;
    b = (b + a) | 0;
    this.a = a;
    this.b = b;
    this.c = c;
  }

  /** The hash: 32 bits unsigned, or 64 where there is a seed. */
  result(seed: bigint | undefined): bigint {
    let { a, b, c } = this;
    c = ((c ^ b) - rotate(b, 14)) | 0;
    a = ((a ^ c) - rotate(c, 11)) | 0;
    b = ((b ^ a) - rotate(a, 25)) | 0;
    c = ((c ^ b) - rotate(b, 16)) | 0;
    a = ((a ^ c) - rotate(c, 4)) | 0;
    b = ((b ^ a) - rotate(a, 14)) | 0;
    c = ((c ^ b) - rotate(b, 24)) | 0;
    const low = BigInt(c >>> 0);
    return seed === undefined ? low : (BigInt(b >>> 0) << 32n) | low;
  }
}

/** hash_bytes and, with a seed, hash_bytes_extended. */
export function hashBytes(bytes: Uint8Array, seed?: bigint): bigint {
  const words = new Words(bytes.length, seed);
  const word = (at: number): number => {
    let value = 0;
    for (let n = 0; n < 4; n++) value |= (bytes[at + n] ?? 0) << (8 * n);
    return value;
  };
  let at = 0;
  for (; bytes.length - at >= 12; at += 12) {
    words.a = (words.a + word(at)) | 0;
    words.b = (words.b + word(at + 4)) | 0;
    words.c = (words.c + word(at + 8)) | 0;
    words.mix();
  }
  words.a = (words.a + word(at)) | 0;
  words.b = (words.b + word(at + 4)) | 0;
  // The lowest byte of the third word is reserved for the length.
  words.c = (words.c + (word(at + 8) << 8)) | 0;
  return words.result(seed);
}

/** hash_uint32 and, with a seed, hash_uint32_extended. */
export function hashWord(value: number, seed?: bigint): bigint {
  const words = new Words(4, seed);
  words.a = (words.a + value) | 0;
  return words.result(seed);
}

/** hashint8: the halves folded so that small numbers hash like int4. */
export function hashLong(value: bigint, seed?: bigint): bigint {
  const low = Number(BigInt.asIntN(32, value));
  const high = Number(BigInt.asIntN(32, value >> 32n));
  return hashWord(low ^ (value >= 0n ? high : ~high), seed);
}
