/** The codecs of tid (row addresses) and pg_lsn (log positions), as system columns and functions show them. */
import { exactView, incorrectBinary, insufficientData, int64Bytes, invalidInput, viewOf } from './binary.js';
import type { TypeCodec } from './pg-type.js';

interface TupleId {
  readonly block: number;
  readonly offset: number;
}

function parseTid(text: string): TupleId {
  const match = /^\s*\(\s*(\d+),\s*(\d+)\)/.exec(text);
  const block = Number(match?.[1]);
  const offset = Number(match?.[2]);
  if (!(block <= 4_294_967_295 && offset <= 65_535)) throw invalidInput('tid', text);
  return { block, offset };
}

/** TEXT `(block,offset)`. */
export const tidCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse(text) {
    const { block, offset } = parseTid(text);
    return `(${block},${offset})`;
  },
  format: (value) => String(value),
  decodeBinary(bytes) {
    if (bytes.byteLength < 6) throw insufficientData();
    if (bytes.byteLength > 6) throw incorrectBinary();
    const view = viewOf(bytes);
    return `(${view.getUint32(0)},${view.getUint16(4)})`;
  },
  encodeBinary(value) {
    const { block, offset } = parseTid(String(value));
    const bytes = new Uint8Array(6);
    const view = viewOf(bytes);
    view.setUint32(0, block);
    view.setUint16(4, offset);
    return bytes;
  },
  key(value) {
    if (value === null) return null;
    const { block, offset } = parseTid(String(value));
    return block * 65_536 + offset;
  },
};

/** INTEGER; positions beyond 2^63 do not occur. */
export const pgLsnCodec: TypeCodec = {
  physical: 'integer',
  wide: true,
  parse(text) {
    const match = /^([0-9A-Fa-f]{1,8})\/([0-9A-Fa-f]{1,8})$/.exec(text);
    if (match === null) throw invalidInput('pg_lsn', text);
    return BigInt.asIntN(64, (BigInt(`0x${match[1]}`) << 32n) | BigInt(`0x${match[2]}`));
  },
  format(value) {
    const position = BigInt.asUintN(64, BigInt(value as number | bigint));
    return `${(position >> 32n).toString(16).toUpperCase()}/${(position & 0xffffffffn).toString(16).toUpperCase()}`;
  },
  decodeBinary: (bytes) => exactView(bytes, 8).getBigInt64(0),
  encodeBinary: (value) => int64Bytes(BigInt(value as number | bigint)),
};
