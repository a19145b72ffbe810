/** Functions and operators of inet, cidr, macaddr and macaddr8 (PostgreSQL 15, chapter 9.12). */
import { PgError } from '../../common/errors.js';
import { formatNetwork, type NetworkAddress, networkOf, parseNetwork } from '../../types/network.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { pure } from '../implementation.js';

/** Values of cidr are also texts of inet; what is shown without a prefix is a whole address. */
const read = (text: string): NetworkAddress => parseNetwork(text, false);
const inet = (address: NetworkAddress): string => formatNetwork(address, false);
const cidr = (address: NetworkAddress): string => formatNetwork(address, true);
const widthOf = ({ bytes }: NetworkAddress): number => bytes.length * 8;

/** True when both agree in their first bits. */
function sameBits(a: NetworkAddress, b: NetworkAddress, bits: number): boolean {
  const left = networkOf({ bytes: a.bytes, bits });
  const right = networkOf({ bytes: b.bytes, bits });
  return left.every((byte, at) => byte === right[at]);
}

function subnet(strict: boolean): (a: string, b: string) => boolean {
  return (a, b) => {
    const inner = read(a);
    const outer = read(b);
    if (inner.bytes.length !== outer.bytes.length) return false;
    return (strict ? inner.bits > outer.bits : inner.bits >= outer.bits) && sameBits(inner, outer, outer.bits);
  };
}

const isSub = subnet(true);
const isSubOrEqual = subnet(false);

function maskOf(address: NetworkAddress): Uint8Array {
  return networkOf({ bytes: new Uint8Array(address.bytes.length).fill(255), bits: address.bits });
}

const whole = (bytes: Uint8Array): NetworkAddress => ({ bytes, bits: bytes.length * 8 });

function withLength(address: NetworkAddress, bits: number, clear: boolean): NetworkAddress {
  const width = widthOf(address);
  if (bits < -1 || bits > width) throw new PgError('22023', `invalid mask length: ${bits}`);
  const changed = { bytes: address.bytes, bits: bits === -1 ? width : bits };
  return clear ? { bytes: networkOf(changed), bits: changed.bits } : changed;
}

function bitwise(name: string, operate: (a: number, b: number) => number): ScalarImplementation {
  return pure((a: string, b: string) => {
    const left = read(a);
    const right = read(b);
    if (left.bytes.length !== right.bytes.length) throw new PgError('22023', `cannot ${name} inet values of different sizes`);
    return inet({ bytes: left.bytes.map((byte, at) => operate(byte, right.bytes[at] as number)), bits: Math.max(left.bits, right.bits) });
  });
}

function numberOf(bytes: Uint8Array): bigint {
  let value = 0n;
  for (const byte of bytes) value = (value << 8n) | BigInt(byte);
  return value;
}

function add(text: string, by: bigint): string {
  const address = read(text);
  const width = BigInt(widthOf(address));
  const sum = numberOf(address.bytes) + by;
  if (sum < 0n || sum >> width !== 0n) throw new PgError('22003', 'result is out of range');
  const bytes = new Uint8Array(address.bytes.length);
  let rest = sum;
  for (let at = bytes.length - 1; at >= 0; at--) {
    bytes[at] = Number(rest & 255n);
    rest >>= 8n;
  }
  return inet({ bytes, bits: address.bits });
}

/** abbrev(cidr): the octets of the prefix only. */
function abbreviate({ bytes, bits }: NetworkAddress): string {
  if (bytes.length === 4) {
    if (bits === 0) return '0/0';
    const octets: number[] = [...bytes.subarray(0, bits >> 3)];
    const rest = bits & 7;
    if (rest > 0) octets.push((bytes[bits >> 3] as number) & ((255 << (8 - rest)) & 255));
    return `${octets.join('.')}/${bits}`;
  }
  if (bits === 0) return '::/0';
  const network = networkOf({ bytes, bits });
  const words = Math.max(2, (bits + 15) >> 4);
  const word = (n: number): number => ((network[n * 2] as number) << 8) | (network[n * 2 + 1] as number);
  let zeroStart = 0;
  let zeroLength = 0;
  let start = 0;
  let length = 0;
  for (let n = 0; n < words; n++) {
    if (word(n) === 0) {
      if (length === 0) start = n;
      length++;
    } else if (length > 0 && zeroLength < length) {
      zeroStart = start;
      zeroLength = length;
      length = 0;
    }
  }
  if (length > 0 && zeroLength < length) {
    zeroStart = start;
    zeroLength = length;
  }
  const v4 =
    zeroLength !== words &&
    zeroStart === 0 &&
    (zeroLength === 6 || (zeroLength === 5 && network[10] === 255 && network[11] === 255) || (zeroLength === 7 && network[14] !== 0 && network[15] !== 1));
  let text = '';
  for (let n = 0; n < words; n++) {
    if (zeroLength !== 0 && n >= zeroStart && n < zeroStart + zeroLength) {
      if (n === zeroStart) text += ':';
      if (n === words - 1) text += ':';
    } else if (v4 && n > 5) {
      text += `${n === 6 ? ':' : '.'}${network[n * 2]}`;
      if (n !== 7 || bits > 120) text += `.${network[n * 2 + 1]}`;
    } else {
      text += `${text === '' ? '' : ':'}${word(n).toString(16)}`;
    }
  }
  return `${text}/${bits}`;
}

function merge(a: string, b: string): string {
  const left = read(a);
  const right = read(b);
  if (left.bytes.length !== right.bytes.length) throw new PgError('22023', 'cannot merge addresses from different families');
  let bits = Math.min(left.bits, right.bits);
  while (bits > 0 && !sameBits(left, right, bits)) bits--;
  return cidr({ bytes: networkOf({ bytes: left.bytes, bits }), bits });
}

const macBytes = (text: string): number[] => text.split(':').map((pair) => Number.parseInt(pair, 16));
const macText = (bytes: readonly number[]): string => bytes.map((byte) => (byte & 255).toString(16).padStart(2, '0')).join(':');
const macPair = (operate: (a: number, b: number) => number): ScalarImplementation =>
  pure((a: string, b: string) => {
    const other = macBytes(b);
    return macText(macBytes(a).map((byte, at) => operate(byte, other[at] as number)));
  });
const macNot = pure((text: string) => macText(macBytes(text).map((byte) => ~byte)));
const macTrunc = pure((text: string) => macText(macBytes(text).map((byte, at) => (at < 3 ? byte : 0))));
const and = (a: number, b: number): number => a & b;
const or = (a: number, b: number): number => a | b;

export const networkFunctions: ScalarImplementations = {
  network_sub: pure(isSub),
  network_subeq: pure(isSubOrEqual),
  network_sup: pure((a: string, b: string) => isSub(b, a)),
  network_supeq: pure((a: string, b: string) => isSubOrEqual(b, a)),
  network_overlap: pure((a: string, b: string) => {
    const left = read(a);
    const right = read(b);
    return left.bytes.length === right.bytes.length && sameBits(left, right, Math.min(left.bits, right.bits));
  }),
  inet_abbrev: pure((text: string) => inet(read(text))),
  cidr_abbrev: pure((text: string) => abbreviate(read(text))),
  inet_set_masklen: pure((text: string, bits: number) => inet(withLength(read(text), bits, false))),
  cidr_set_masklen: pure((text: string, bits: number) => cidr(withLength(read(text), bits, true))),
  network_network: pure((text: string) => {
    const address = read(text);
    return cidr({ bytes: networkOf(address), bits: address.bits });
  }),
  inet_to_cidr: pure((text: string) => {
    const address = read(text);
    return cidr({ bytes: networkOf(address), bits: address.bits });
  }),
  network_netmask: pure((text: string) => inet(whole(maskOf(read(text))))),
  network_hostmask: pure((text: string) => inet(whole(maskOf(read(text)).map((byte) => ~byte & 255)))),
  network_broadcast: pure((text: string) => {
    const address = read(text);
    const mask = maskOf(address);
    return inet({ bytes: address.bytes.map((byte, at) => byte | (~(mask[at] as number) & 255)), bits: address.bits });
  }),
  network_masklen: pure((text: string) => read(text).bits),
  network_host: pure((text: string) => inet(whole(read(text).bytes))),
  network_show: pure((text: string) => cidr(read(text))),
  network_family: pure((text: string) => (read(text).bytes.length === 4 ? 4 : 6)),
  inet_same_family: pure((a: string, b: string) => read(a).bytes.length === read(b).bytes.length),
  inet_merge: pure(merge),
  inetnot: pure((text: string) => {
    const address = read(text);
    return inet({ bytes: address.bytes.map((byte) => ~byte & 255), bits: address.bits });
  }),
  inetand: bitwise('AND', and),
  inetor: bitwise('OR', or),
  inetpl: pure(add),
  int8pl_inet_2631: pure((by: bigint, text: string) => add(text, by)),
  inetmi_int8: pure((text: string, by: bigint) => add(text, BigInt.asIntN(64, -by))),
  inetmi: pure((a: string, b: string) => {
    const left = read(a);
    const right = read(b);
    if (left.bytes.length !== right.bytes.length) throw new PgError('22023', 'cannot subtract inet values of different sizes');
    const difference = numberOf(left.bytes) - numberOf(right.bytes);
    if (BigInt.asIntN(64, difference) !== difference) throw new PgError('22003', 'result is out of range');
    return difference;
  }),
  macaddr_not: macNot,
  macaddr8_not: macNot,
  macaddr_and: macPair(and),
  macaddr8_and: macPair(and),
  macaddr_or: macPair(or),
  macaddr8_or: macPair(or),
  macaddr_trunc: macTrunc,
  macaddr8_trunc: macTrunc,
  macaddr8_set7bit: pure((text: string) => macText(macBytes(text).map((byte, at) => (at === 0 ? byte | 2 : byte)))),
  macaddrtomacaddr8: pure((text: string) => {
    const bytes = macBytes(text);
    return macText([...bytes.slice(0, 3), 255, 254, ...bytes.slice(3)]);
  }),
  macaddr8tomacaddr: pure((text: string) => {
    const bytes = macBytes(text);
    if (bytes[3] !== 255 || bytes[4] !== 254) {
      throw new PgError('22003', 'macaddr8 data out of range to convert to macaddr', {
        hint: 'Only addresses that have FF and FE as values in the 4th and 5th bytes from the left, for example xx:xx:xx:ff:fe:xx:xx:xx, are eligible to be converted from macaddr8 to macaddr.',
      });
    }
    return macText([...bytes.slice(0, 3), ...bytes.slice(5)]);
  }),
};
