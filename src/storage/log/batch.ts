/**
 * A batch: the unit of fsync, of checksum and of replication in the node log. A batch is the same bytes on every node.
 *
 *   u32 magic | u32 bytes of payload | u64 sequence | u64 first lsn | u32 crc32 (over the header with this field 0, then the payload) | u32 records | u64 hlc
 *   | u64 commit index | u32 epoch | u32 epoch of the batch before | payload
 *   payload: records, each u32 length and its bytes; padded with zeros to a multiple of 8
 *
 * hlc: the commit time of all its transactions, in microseconds since 2000-01-01 UTC (NodeLog); above that of every earlier batch.
 * epoch, commit index: of the primary that made it, cluster/replication; 0 where a database has no replicas.
 * All words little-endian. Batches begin at multiples of 8, so that a search for a valid batch behind a damaged one is cheap.
 */
import { crc32 } from 'node:zlib';

const batchMagic = 0x334c4853;
export const batchHeaderBytes = 56;
const alignment = 8;

const align = (bytes: number): number => (bytes + alignment - 1) & -alignment;

/** A record of the log with its log sequence number. */
export interface LogEntry {
  readonly lsn: number;
  readonly bytes: Uint8Array;
}

/** Bytes on disk of a batch with these records. */
export function batchBytes(records: readonly Uint8Array[]): number {
  let bytes = batchHeaderBytes;
  for (const record of records) bytes += 4 + record.byteLength;
  return align(bytes);
}

/** What is in a batch's header, but for what follows from its records. */
export interface BatchHead {
  readonly sequence: number;
  readonly firstLsn: number;
  /** When its transactions were committed, in microseconds since 2000-01-01 UTC. */
  readonly hlc: number;
  readonly epoch: number;
  /** Of the batch before it. */
  readonly previousEpoch: number;
  /** What the primary knew to be committed when it made the batch. */
  readonly commitIndex: number;
}

export function encodeBatch(head: BatchHead, records: readonly Uint8Array[]): Buffer {
  const buffer = Buffer.allocUnsafe(batchBytes(records));
  let at = batchHeaderBytes;
  for (const record of records) {
    buffer.writeUInt32LE(record.byteLength, at);
    buffer.set(record, at + 4);
    at += 4 + record.byteLength;
  }
  buffer.fill(0, at);
  buffer.writeUInt32LE(batchMagic, 0);
  buffer.writeUInt32LE(at - batchHeaderBytes, 4);
  buffer.writeBigUInt64LE(BigInt(head.sequence), 8);
  buffer.writeBigUInt64LE(BigInt(head.firstLsn), 16);
  buffer.writeUInt32LE(0, 24);
  buffer.writeUInt32LE(records.length, 28);
  buffer.writeBigUInt64LE(BigInt(head.hlc), 32);
  buffer.writeBigUInt64LE(BigInt(head.commitIndex), 40);
  buffer.writeUInt32LE(head.epoch, 48);
  buffer.writeUInt32LE(head.previousEpoch, 52);
  buffer.writeUInt32LE(crc32(buffer.subarray(0, at)), 24);
  return buffer;
}

export interface Batch extends BatchHead {
  readonly entries: readonly LogEntry[];
  /** Offset behind the batch. */
  readonly end: number;
}

/** The batch at an offset, or undefined when there is none that is whole. */
export function decodeBatch(segment: Buffer, offset: number): Batch | undefined {
  if (offset + batchHeaderBytes > segment.length || segment.readUInt32LE(offset) !== batchMagic) return undefined;
  const end = offset + batchHeaderBytes + segment.readUInt32LE(offset + 4);
  if (end > segment.length) return undefined;
  const header = Buffer.from(segment.subarray(offset, offset + batchHeaderBytes));
  header.writeUInt32LE(0, 24);
  if (crc32(segment.subarray(offset + batchHeaderBytes, end), crc32(header)) !== segment.readUInt32LE(offset + 24)) return undefined;
  const firstLsn = Number(segment.readBigUInt64LE(offset + 16));
  const count = segment.readUInt32LE(offset + 28);
  const entries: LogEntry[] = [];
  let at = offset + batchHeaderBytes;
  for (let record = 0; record < count; record++) {
    const length = segment.readUInt32LE(at);
    entries.push({ lsn: firstLsn + record, bytes: segment.subarray(at + 4, at + 4 + length) });
    at += 4 + length;
  }
  return {
    sequence: Number(segment.readBigUInt64LE(offset + 8)),
    firstLsn,
    hlc: Number(segment.readBigUInt64LE(offset + 32)),
    commitIndex: Number(segment.readBigUInt64LE(offset + 40)),
    epoch: segment.readUInt32LE(offset + 48),
    previousEpoch: segment.readUInt32LE(offset + 52),
    entries,
    end: align(end),
  };
}

/** Offset of the first whole batch at or behind `from` whose sequence is above `sequence`. */
export function findBatchAbove(segment: Buffer, from: number, sequence: number): number | undefined {
  for (let at = align(from); at + batchHeaderBytes <= segment.length; at += alignment) {
    if (segment.readUInt32LE(at) !== batchMagic || Number(segment.readBigUInt64LE(at + 8)) <= sequence) continue;
    if (decodeBatch(segment, at) !== undefined) return at;
  }
  return undefined;
}
