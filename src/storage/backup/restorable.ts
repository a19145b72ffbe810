/**
 * What a backup can be restored to, and from which base: plans for restore, ranges for `shoal backup --list`.
 */
import { PgError } from '../../common/errors.js';
import type { LogPosition } from '../log/node-log.js';
import { type Archive, type ArchiveListing, type Base, type Chain, chainFrom, lastArchivedLsn, type LogPiece } from './archive.js';
import { formatLsn, formatTime } from './point.js';

/** Up to which transaction: the last in the backup, the last with a commit time at or before `micros` (since 2000-01-01 UTC), or the last with a record up to `lsn`. */
export type RestoreTarget = { readonly kind: 'latest' } | { readonly kind: 'time'; readonly micros: number } | { readonly kind: 'lsn'; readonly lsn: number };

/** A base with the log that goes on from it. */
export interface BaseRange {
  readonly base: Base;
  readonly chain: Chain;
  /** From the base's own end to the last point up to which everything is known. */
  readonly first: LogPosition;
  readonly last: LogPosition;
}

/** Oldest first. */
export async function baseRanges(archive: Archive, listing: ArchiveListing): Promise<readonly BaseRange[]> {
  const ranges: BaseRange[] = [];
  for (const id of listing.bases) {
    const base = await archive.base(id);
    const chain = chainFrom(listing.pieces, base.startLsn);
    // A base whose own log is not whole is none.
    if (chain.lastLsn < base.end.lsn) continue;
    let { hlc } = base.end;
    for (const piece of chain.pieces) hlc = Math.max(hlc, piece.lastHlc);
    for (const point of listing.points) if (point.lsn <= chain.lastLsn) hlc = Math.max(hlc, point.hlc);
    ranges.push({ base, chain, first: base.end, last: { lsn: chain.lastLsn, hlc } });
  }
  return ranges;
}

const describe = ({ lsn, hlc }: LogPosition): string => `${formatLsn(lsn)} (${formatTime(hlc)})`;

/** 22023 for a target outside of the backup, XX001 when something of the backup is missing. */
export async function chooseBase(archive: Archive, listing: ArchiveListing, target: RestoreTarget): Promise<BaseRange> {
  const ranges = await baseRanges(archive, listing);
  const known: LogPosition = {
    lsn: lastArchivedLsn(listing),
    hlc: Math.max(0, ...listing.pieces.map(({ lastHlc }) => lastHlc), ...listing.points.map(({ hlc }) => hlc)),
  };
  const begun = (range: BaseRange): boolean =>
    target.kind === 'latest' || (target.kind === 'time' ? range.first.hlc <= target.micros : range.first.lsn <= target.lsn);
  const reaches = ({ last }: BaseRange): boolean => {
    switch (target.kind) {
      case 'latest':
        return last.lsn >= known.lsn;
      case 'time':
        return last.hlc >= target.micros;
      case 'lsn':
        return last.lsn >= target.lsn;
    }
  };
  const candidates = ranges.filter(begun);
  const chosen = candidates.findLast(reaches);
  if (chosen !== undefined) return chosen;
  const [earliest] = ranges;
  if (earliest === undefined) throw incomplete(archive, listing, undefined, known);
  if (candidates.length === 0) {
    throw new PgError('22023', `the backup of database "${archive.database}" begins only at ${describe(earliest.first)}`);
  }
  if (target.kind !== 'latest' && (target.kind === 'time' ? target.micros > known.hlc : target.lsn > known.lsn)) {
    throw new PgError('22023', `the backup of database "${archive.database}" reaches only until ${describe(known)}`);
  }
  throw incomplete(archive, listing, candidates.at(-1), known);
}

function incomplete(archive: Archive, listing: ArchiveListing, range: BaseRange | undefined, known: LogPosition): PgError {
  const from = range === undefined ? undefined : range.chain.lastLsn + 1;
  const next = from === undefined ? undefined : nextPiece(listing.pieces, from);
  const detail =
    from === undefined
      ? listing.bases.length === 0
        ? 'There is no full copy: every base lacks its manifest.json.'
        : `The log that belongs to the full ${listing.bases.length === 1 ? 'copy' : 'copies'} is missing.`
      : `Missing: the log from record ${String(from)} (${formatLsn(from)}) to record ${String((next?.firstLsn ?? known.lsn + 1) - 1)}.`;
  return new PgError('XX001', `the backup of database "${archive.database}" in "${archive.store.location}" is incomplete`, { detail });
}

function nextPiece(pieces: readonly LogPiece[], from: number): LogPiece | undefined {
  let next: LogPiece | undefined;
  for (const piece of pieces) if (piece.firstLsn > from && piece.firstLsn < (next?.firstLsn ?? Infinity)) next = piece;
  return next;
}
