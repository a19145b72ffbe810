/** What a time zone is to the date and time types, zones of one offset, and the rule for local times around a change. */

export interface TimeZone {
  /** Canonical spelling, as SHOW TimeZone gives it. */
  readonly name: string;
  /** True where the offset is always the same. */
  readonly fixed: boolean;
  /** Offset in force at an instant. */
  offsetAt(unixSeconds: number): number;
  /** Offset that a wall clock reading means; in a gap the one before it, in an overlap the one after it (as PostgreSQL chooses). */
  offsetForLocal(localSeconds: number): number;
  /** What %Z would show at an instant. */
  abbreviationAt(unixSeconds: number): string;
}

/** ±hh[mm] as the tz database names zones without letters. */
export function numericAbbreviation(offset: number): string {
  const magnitude = Math.abs(offset);
  const hours = Math.floor(magnitude / 3600);
  const minutes = Math.floor(magnitude / 60) % 60;
  return `${offset < 0 ? '-' : '+'}${String(hours).padStart(2, '0')}${minutes === 0 ? '' : String(minutes).padStart(2, '0')}`;
}

/** A zone with one offset for all times. */
export function fixedZone(name: string, offset: number, abbreviation = numericAbbreviation(offset)): TimeZone {
  return { name, fixed: true, offsetAt: () => offset, offsetForLocal: () => offset, abbreviationAt: () => abbreviation };
}

/** The offset of a local time near the instant `boundary`, at which it changes: in a gap the one before it, in an overlap the one after it. */
export function offsetAround(localSeconds: number, before: number, after: number, boundary: number): number {
  const beforeTime = localSeconds - before;
  const afterTime = localSeconds - after;
  if (beforeTime < boundary && afterTime < boundary) return before;
  if (beforeTime > boundary && afterTime >= boundary) return after;
  return beforeTime > afterTime ? before : after;
}
