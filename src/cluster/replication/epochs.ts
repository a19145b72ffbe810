/** Comparing logs by the epochs of their batches: where two of them part. */
import type { EpochStart, LogPoint } from '../../storage/log/node-log.js';

/** Of a log, as it tells about itself. */
export interface LogShape {
  readonly base: LogPoint;
  readonly end: LogPoint;
  readonly epochs: readonly EpochStart[];
}

/** The epoch of record `lsn`; undefined when the log does not have it, nor ends its base with it. */
export function epochAt(log: LogShape, lsn: number): number | undefined {
  if (lsn === log.base.lsn) return log.base.epoch;
  if (lsn > log.end.lsn || lsn < log.base.lsn) return undefined;
  for (let at = log.epochs.length - 1; at >= 0; at--) {
    const start = log.epochs[at] as EpochStart;
    if (start.firstLsn <= lsn) return start.epoch;
  }
  return undefined;
}

/** Last record of each epoch, newest first; the base's last. */
function* lastRecords(log: LogShape): Iterable<LogPoint> {
  let last = log.end.lsn;
  for (let at = log.epochs.length - 1; at >= 0; at--) {
    const { epoch, firstLsn } = log.epochs[at] as EpochStart;
    if (last >= firstLsn) yield { epoch, lsn: last };
    last = Math.min(last, firstLsn - 1);
  }
  if (log.epochs.every(({ epoch }) => epoch !== log.base.epoch)) yield log.base;
}

/**
 * The last point that both logs have; undefined when the one or the other does not reach back to it. Both have an epoch's batches in the order in which its primary
 * made them, so the shorter one's last record of the newest common epoch is it.
 */
export function lastCommonPoint(mine: LogShape, theirs: LogShape): LogPoint | undefined {
  const others = new Map<number, number>();
  for (const { epoch, lsn } of lastRecords(theirs)) others.set(epoch, lsn);
  for (const { epoch, lsn } of lastRecords(mine)) {
    const other = others.get(epoch);
    if (other === undefined) continue;
    const common = { epoch, lsn: Math.min(lsn, other) };
    return common.lsn < mine.base.lsn || common.lsn < theirs.base.lsn ? undefined : common;
  }
  return undefined;
}
