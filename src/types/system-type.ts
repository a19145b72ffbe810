/** The codecs of tid (row addresses), pg_lsn (log positions) and pg_snapshot (which transactions are seen), as system columns and functions show them. */
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

/** INTEGER, the signed 64 bits of the position; the key has the order of the unsigned ones. */
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
  key: (value) => (value === null ? null : BigInt.asIntN(64, BigInt(value as number | bigint) ^ (1n << 63n))),
};

/** pg_snapshot: transactions below `xmin` are seen, those from `xmax` on are not, nor those of the list. */
export interface TransactionSnapshot {
  readonly xmin: bigint;
  readonly xmax: bigint;
  readonly running: readonly bigint[];
}

export function parseSnapshot(text: string): TransactionSnapshot {
  const match = /^\s*(\d+):\s*(\d+):((?:\s*\d+(?:,|$))*)$/.exec(text);
  const bad = (): Error => invalidInput('pg_snapshot', text);
  if (match === null || match[3]?.endsWith(',') === true) throw bad();
  const xmin = BigInt(match[1] as string);
  const xmax = BigInt(match[2] as string);
  if (xmin === 0n || xmax < xmin) throw bad();
  const running: bigint[] = [];
  for (const part of (match[3] as string).split(',').filter((item) => item !== '')) {
    const id = BigInt(part.trim());
    const last = running.at(-1);
    if (id < xmin || id >= xmax || (last !== undefined && id < last)) throw bad();
    if (id !== last) running.push(id);
  }
  return { xmin, xmax, running };
}

function snapshotText({ xmin, xmax, running }: TransactionSnapshot): string {
  return `${String(xmin)}:${String(xmax)}:${running.join()}`;
}

/** TEXT `xmin:xmax:running`. */
export const snapshotCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse: (text) => snapshotText(parseSnapshot(text)),
  format: (value) => String(value),
  decodeBinary(bytes) {
    const view = viewOf(bytes);
    if (bytes.byteLength < 20 || bytes.byteLength !== 20 + 8 * view.getInt32(0)) throw incorrectBinary();
    const running = Array.from({ length: view.getInt32(0) }, (_, at) => view.getBigInt64(20 + 8 * at));
    return snapshotText({ xmin: view.getBigInt64(4), xmax: view.getBigInt64(12), running });
  },
  encodeBinary(value) {
    const { xmin, xmax, running } = parseSnapshot(String(value));
    const bytes = new Uint8Array(20 + 8 * running.length);
    const view = viewOf(bytes);
    view.setInt32(0, running.length);
    [xmin, xmax, ...running].forEach((id, at) => view.setBigInt64(4 + 8 * at, id));
    return bytes;
  },
};
