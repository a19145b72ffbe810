/**
 * Points of a database's history as users write and read them: log sequence numbers as pg_lsn (`0/1A2B`), times as timestamps with a time zone.
 */
import { wallMicros } from '../../common/clock.js';
import { Oid } from '../../types/oid.js';
import { requireType } from '../../types/registry.js';
import { canonicalContext, type TypeContext } from '../../types/value.js';

function context(): TypeContext {
  return { ...canonicalContext, timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone, nowMicros: BigInt(wallMicros()) };
}

export function formatLsn(lsn: number): string {
  return requireType(Oid.pgLsn).format(BigInt(lsn), -1, canonicalContext);
}

/** `0/1A2B`. */
export function parseLsn(text: string): number {
  return Number(requireType(Oid.pgLsn).parse(text.trim(), -1, canonicalContext));
}

/** micros: since 2000-01-01 UTC. In the time zone of this machine. */
export function formatTime(micros: number): string {
  return requireType(Oid.timestamptz).format(BigInt(micros), -1, context());
}

/** Microseconds since 2000-01-01 UTC of a timestamp as PostgreSQL reads it; without a zone, it is in that of this machine. */
export function parseTime(text: string): number {
  return Number(requireType(Oid.timestamptz).parse(text, -1, context()));
}
