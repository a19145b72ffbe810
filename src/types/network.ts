/** The codecs of inet, cidr, macaddr and macaddr8: TEXT in PostgreSQL's output form. Addresses as bytes are for the network functions. */
import { PgError } from '../common/errors.js';
import { exactView, incorrectBinary, insufficientData, invalidInput } from './binary.js';
import type { TypeCodec } from './pg-type.js';

export interface NetworkAddress {
  /** 4 or 16 */
  readonly bytes: Uint8Array;
  /** Length of the network prefix. */
  readonly bits: number;
}

/** `a.b.c.d[/n]`; cidr may leave octets out, and then has the class's prefix. */
function parseV4(text: string, cidr: boolean): NetworkAddress | undefined {
  const match = /^(\d{1,3}(?:\.\d{1,3}){0,3})(?:\/(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const octets = (match[1] as string).split('.').map(Number);
  if (octets.some((octet) => octet > 255)) return undefined;
  const given = octets.length;
  let bits = match[2] === undefined ? undefined : Number(match[2]);
  if (bits === undefined) {
    if (!cidr && given < 4) return undefined;
    bits = given === 4 ? 32 : classBits(octets);
  }
  if (bits > 32 || (!cidr && Math.floor(bits / 8) > given)) return undefined;
  while (octets.length < 4) octets.push(0);
  return { bytes: Uint8Array.from(octets), bits };
}

function classBits(octets: readonly number[]): number {
  const [first = 0] = octets;
  let bits = first >= 240 ? 32 : first >= 224 ? 8 : first >= 192 ? 24 : first >= 128 ? 16 : 8;
  if (bits < octets.length * 8) bits = octets.length * 8;
  return bits === 8 && first === 224 ? 4 : bits;
}

function parseV6(text: string): NetworkAddress | undefined {
  const match = /^([0-9a-fA-F:.]+)(?:\/(\d{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const bits = match[2] === undefined ? 128 : Number(match[2]);
  if (bits > 128) return undefined;
  let address = match[1] as string;
  const v4 = /^(.*:)(\d+\.\d+\.\d+\.\d+)$/.exec(address);
  if (v4 !== null) {
    const tail = parseV4(v4[2] as string, false);
    if (tail === undefined) return undefined;
    const [a, b, c, d] = tail.bytes as unknown as [number, number, number, number];
    address = `${v4[1]}${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`;
  }
  const halves = address.split('::');
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  if (groups.some((half) => half.some((group) => !/^[0-9a-fA-F]{1,4}$/.test(group)))) return undefined;
  const [left = [], right = []] = groups;
  const missing = 8 - left.length - right.length;
  if (halves.length === 1 ? missing !== 0 : missing < 1) return undefined;
  const words = [...left, ...new Array<string>(missing).fill('0'), ...right].map((group) => Number.parseInt(group, 16));
  return { bytes: Uint8Array.from(words.flatMap((word) => [word >> 8, word & 255])), bits };
}

function formatV6(bytes: Uint8Array): string {
  const words: number[] = [];
  for (let at = 0; at < 16; at += 2) words.push(((bytes[at] as number) << 8) | (bytes[at + 1] as number));
  // The longest run of zero words, of two at least, is left out.
  let base = -1;
  let length = 1;
  for (let at = 0; at < 8; at++) {
    let end = at;
    while (end < 8 && words[end] === 0) end++;
    if (end - at > length) {
      base = at;
      length = end - at;
    }
    if (end > at) at = end - 1;
  }
  const v4 = base === 0 && (length === 6 || (length === 5 && words[5] === 0xffff));
  const shown = v4 ? 6 : 8;
  let text = '';
  for (let at = 0; at < shown; at++) {
    if (base >= 0 && at >= base && at < base + length) {
      if (at === base) text += ':';
      continue;
    }
    text += `${at === 0 ? '' : ':'}${(words[at] as number).toString(16)}`;
  }
  if (v4) return `${text}:${bytes.subarray(12).join('.')}`;
  return base >= 0 && base + length === 8 ? `${text}:` : text;
}

/** The bytes with the bits right of the prefix cleared. */
export function networkOf(address: NetworkAddress): Uint8Array {
  return address.bytes.map((byte, at) => {
    const kept = Math.min(8, Math.max(0, address.bits - at * 8));
    return byte & (0xff00 >> kept) & 255;
  });
}

/** Reads inet or cidr; 22P02 in PostgreSQL's words. */
export function parseNetwork(text: string, cidr: boolean): NetworkAddress {
  const address = text.includes(':') ? parseV6(text) : parseV4(text, cidr);
  if (address === undefined) throw invalidInput(cidr ? 'cidr' : 'inet', text);
  if (cidr && networkOf(address).some((byte, at) => byte !== address.bytes[at])) {
    throw new PgError('22P02', `invalid cidr value: "${text}"`, { detail: 'Value has bits set to right of mask.' });
  }
  return address;
}

/** The text form; cidr always shows its prefix, inet unless it is the whole address. */
export function formatNetwork(address: NetworkAddress, cidr: boolean): string {
  const text = address.bytes.length === 4 ? address.bytes.join('.') : formatV6(address.bytes);
  return cidr || address.bits !== address.bytes.length * 8 ? `${text}/${address.bits}` : text;
}

/** PostgreSQL's order: family, network, prefix length, address. inet and cidr compare with each other. */
function networkKey(address: NetworkAddress): Uint8Array {
  const size = address.bytes.length;
  const key = new Uint8Array(2 + size * 2);
  key[0] = size === 4 ? 2 : 3;
  key.set(networkOf(address), 1);
  key[1 + size] = address.bits;
  key.set(address.bytes, 2 + size);
  return key;
}

function networkCodecOf(cidr: boolean): TypeCodec {
  return {
    physical: 'text',
    wide: false,
    parse: (text) => formatNetwork(parseNetwork(text, cidr), cidr),
    format: (value) => String(value),
    decodeBinary(bytes) {
      if (bytes.byteLength < 4) throw insufficientData();
      const [family, bits, , size] = bytes as unknown as [number, number, number, number];
      if (family !== 2 && family !== 3) throw new PgError('22P03', `invalid address family in external "${cidr ? 'cidr' : 'inet'}" value`);
      if (size !== (family === 2 ? 4 : 16)) throw new PgError('22P03', `invalid length in external "${cidr ? 'cidr' : 'inet'}" value`);
      if (bits > size * 8) throw new PgError('22P03', `invalid bits in external "${cidr ? 'cidr' : 'inet'}" value`);
      if (bytes.byteLength < 4 + size) throw insufficientData();
      if (bytes.byteLength > 4 + size) throw incorrectBinary();
      const address = { bytes: bytes.slice(4), bits };
      if (cidr && networkOf(address).some((byte, at) => byte !== address.bytes[at])) {
        throw new PgError('22P03', 'invalid external "cidr" value', { detail: 'Value has bits set to right of mask.' });
      }
      return formatNetwork(address, cidr);
    },
    encodeBinary(value) {
      const { bytes, bits } = parseNetwork(String(value), cidr);
      return Uint8Array.from([bytes.length === 4 ? 2 : 3, bits, cidr ? 1 : 0, bytes.length, ...bytes]);
    },
    key: (value) => (value === null ? null : networkKey(parseNetwork(String(value), cidr))),
  };
}

export const inetCodec = networkCodecOf(false);
export const cidrCodec = networkCodecOf(true);

const hexPair = (byte: number): string => byte.toString(16).padStart(2, '0');

/** Hexadecimal pairs in the groupings that PostgreSQL knows. */
function parseMac(text: string, typeName: string, size: 6 | 8): string {
  const trimmed = text.trim();
  let pairs: readonly string[] | undefined;
  if (/^[0-9a-fA-F]{1,2}([:-])[0-9a-fA-F]{1,2}(?:\1[0-9a-fA-F]{1,2})+$/.test(trimmed)) {
    pairs = trimmed.split(/[:-]/);
  } else {
    const digits = trimmed.replace(/[:.-]/g, '');
    const grouped =
      /^[0-9a-fA-F]+$/.test(trimmed) ||
      /^[0-9a-fA-F]{6}[:-][0-9a-fA-F]{6,10}$/.test(trimmed) ||
      /^(?:[0-9a-fA-F]{4}\.){2,3}[0-9a-fA-F]{4}$/.test(trimmed) ||
      /^(?:[0-9a-fA-F]{4}-){2,3}[0-9a-fA-F]{4}$/.test(trimmed) ||
      (size === 8 && /^(?:[0-9a-fA-F]{4}:){2,3}[0-9a-fA-F]{4}$/.test(trimmed));
    if (grouped && digits.length % 2 === 0) pairs = digits.match(/../g) ?? undefined;
  }
  if (pairs === undefined) throw invalidInput(typeName, text);
  let bytes = pairs.map((pair) => Number.parseInt(pair, 16));
  // An EUI-48 address in EUI-64 form.
  if (size === 8 && bytes.length === 6) bytes = [...bytes.slice(0, 3), 0xff, 0xfe, ...bytes.slice(3)];
  if (bytes.length !== size) throw invalidInput(typeName, text);
  return bytes.map(hexPair).join(':');
}

function macCodecOf(typeName: string, size: 6 | 8): TypeCodec {
  return {
    physical: 'text',
    wide: false,
    parse: (text) => parseMac(text, typeName, size),
    format: (value) => String(value),
    decodeBinary(bytes) {
      exactView(bytes, size);
      return [...bytes].map(hexPair).join(':');
    },
    encodeBinary: (value) => Uint8Array.from(String(value).split(':'), (pair) => Number.parseInt(pair, 16)),
  };
}

export const macaddrCodec = macCodecOf('macaddr', 6);
export const macaddr8Codec = macCodecOf('macaddr8', 8);
