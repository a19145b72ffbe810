/**
 * Reads stretches of the node log from its segments while the lane appends to them: whole batches, as they are. Used by storage/backup, on its own thread; what it
 * reads must be durable already (WriteService.logPosition) and kept (retainLog).
 */
import { closeSync, openSync, readdirSync, readFileSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { PgError } from '../../common/errors.js';
import { type Batch, batchHeaderBytes, decodeBatch } from './batch.js';

/** Consecutive batches. */
export interface LogStretch {
  readonly bytes: Buffer;
  readonly firstLsn: number;
  readonly lastLsn: number;
  readonly firstHlc: number;
  readonly lastHlc: number;
}

interface Place {
  readonly segment: string;
  readonly offset: number;
  readonly sequence: number;
}

const noRecord = (lsn: number): PgError => new PgError('58P01', `the log does not have record ${String(lsn)} any more`);

export class LogReader {
  /** Where the record that is to be read next begins, as a rule. */
  private next: { readonly lsn: number; readonly place: Place } | undefined;

  constructor(private readonly directory: string) {}

  /** Whether a batch begins with record `lsn`. */
  has(lsn: number): boolean {
    return this.find(lsn) !== undefined;
  }

  /**
   * Batches from the one that begins with record `from`, up to the one that ends with record `to` or until there are `bytesMax` bytes (at least one batch).
   * 58P01 when the log begins later, XX001 when it is damaged.
   */
  read(from: number, to: number, bytesMax: number): LogStretch {
    let place = this.find(from);
    if (place === undefined) throw noRecord(from);
    const parts: Buffer[] = [];
    let bytes = 0;
    let lastLsn = from - 1;
    let firstHlc = 0;
    let lastHlc = 0;
    for (;;) {
      const segment = this.load(place.segment);
      let offset: number = place.offset;
      let sequence: number = place.sequence;
      while (lastLsn < to && bytes < bytesMax) {
        const batch: Batch | undefined = decodeBatch(segment, offset);
        if (batch?.sequence !== sequence) break;
        const part = segment.subarray(offset, batch.end);
        if (parts.length === 0) firstHlc = batch.hlc;
        parts.push(part);
        bytes += part.length;
        lastLsn = lastOf(batch);
        lastHlc = batch.hlc;
        offset = batch.end;
        sequence++;
      }
      place = { segment: place.segment, offset, sequence };
      if (lastLsn >= to || bytes >= bytesMax) break;
      place = this.following(place, lastLsn);
    }
    this.next = { lsn: lastLsn + 1, place };
    return { bytes: Buffer.concat(parts), firstLsn: from, lastLsn, firstHlc, lastHlc };
  }

  /** The bytes of the batch that ends with record `lsn`; undefined when there is none. */
  batchEndingWith(lsn: number): Buffer | undefined {
    const name = this.segmentOf(lsn);
    if (name === undefined) return undefined;
    const segment = this.load(name);
    for (const { batch, offset } of batchesOf(segment, Number(name.slice(0, 16)))) {
      const last = lastOf(batch);
      if (last === lsn) return segment.subarray(offset, batch.end);
      if (last > lsn) return undefined;
    }
    return undefined;
  }

  /** The beginning of the segment behind `place`. */
  private following({ segment, sequence }: Place, lastLsn: number): Place {
    const name = this.segments().find((candidate) => Number(candidate.slice(0, 16)) === sequence);
    if (name === undefined || name === segment) throw new PgError('XX001', `the log is damaged: ${segment} ends before record ${String(lastLsn + 1)}`);
    return { segment: name, offset: 0, sequence };
  }

  private find(lsn: number): Place | undefined {
    if (this.next?.lsn === lsn) return this.next.place;
    const name = this.segmentOf(lsn);
    if (name === undefined) return undefined;
    for (const { batch, offset } of batchesOf(this.load(name), Number(name.slice(0, 16)))) {
      const first = batch.entries[0]?.lsn ?? 0;
      if (first === lsn) return { segment: name, offset, sequence: batch.sequence };
      if (first > lsn) return undefined;
    }
    return undefined;
  }

  private segments(): readonly string[] {
    return readdirSync(this.directory)
      .filter((name) => /^\d{16}\.log$/.test(name))
      .sort();
  }

  /** The segment that has record `lsn`, if any has. */
  private segmentOf(lsn: number): string | undefined {
    let found: string | undefined;
    for (const name of this.segments()) {
      const first = this.firstLsn(name);
      if (first === undefined || first > lsn) break;
      found = name;
    }
    return found;
  }

  private firstLsn(name: string): number | undefined {
    const header = Buffer.alloc(batchHeaderBytes);
    const descriptor = openSync(join(this.directory, name), 'r');
    try {
      readSync(descriptor, header, 0, header.length, 0);
    } finally {
      closeSync(descriptor);
    }
    // (Another sequence: left from the segment's last use, or nothing yet.)
    return Number(header.readBigUInt64LE(8)) === Number(name.slice(0, 16)) ? Number(header.readBigUInt64LE(16)) : undefined;
  }

  private load(name: string): Buffer {
    return readFileSync(join(this.directory, name));
  }
}

export function lastOf(batch: Batch): number {
  return batch.entries.at(-1)?.lsn ?? 0;
}

/** The batches from the beginning of a segment, or of a stretch of one, with their offsets. */
export function* batchesOf(bytes: Buffer, firstSequence: number | undefined): Iterable<{ readonly batch: Batch; readonly offset: number }> {
  let offset = 0;
  let sequence = firstSequence;
  for (;;) {
    const batch = decodeBatch(bytes, offset);
    if (batch === undefined || (sequence !== undefined && batch.sequence !== sequence)) return;
    yield { batch, offset };
    offset = batch.end;
    sequence = batch.sequence + 1;
  }
}
