/**
 * Offsets of time zones at an instant and for a local time. The data is the runtime's (Intl); the transitions of about a year at a time are
 * found once by bisection and kept, so that a lookup is a comparison or two. Seconds are Unix seconds, offsets seconds east of Greenwich.
 */
import { PgError } from '../common/errors.js';
import { fixedZone, numericAbbreviation, offsetAround, type TimeZone } from './zone.js';
import { posixZone } from './posix-zone.js';
import { zoneNames } from './zone-names.js';

const chunkSeconds = 2 ** 25;
const probeSeconds = 2 ** 19;
const secondsPerDay = 86_400;
/** 400 Gregorian years: weekdays and leap years repeat. */
const cycleSeconds = 146_097 * secondsPerDay;
const firstSecond = Date.UTC(1800, 0, 1) / 1000;
/** About the year 2500, at the end of a chunk. */
const lastSecond = 499 * chunkSeconds;
/** Local times are reduced a little earlier, so that the look ahead of `offsetForLocal` stays below `lastSecond`. */
const lastLocalSecond = lastSecond - 3 * secondsPerDay;

/** Transitions in a chunk: offset from the chunk's start, then at each instant the next one. */
interface Chunk {
  readonly instants: readonly number[];
  readonly offsets: readonly number[];
}

class IntlZone implements TimeZone {
  readonly fixed = false;
  private readonly chunks = new Map<number, Chunk>();
  private readonly formatter: Intl.DateTimeFormat;
  /** The span [from, until) of the last lookup, and its offset. */
  private from = 0;
  private until = 0;
  private offset = 0;

  constructor(
    readonly name: string,
    private readonly abbreviations: ReadonlyMap<number, string>,
  ) {
    this.formatter = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      calendar: 'gregory',
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  offsetAt(unixSeconds: number): number {
    if (unixSeconds >= this.from && unixSeconds < this.until) return this.offset;
    const at = reduced(unixSeconds, lastSecond);
    if (at !== unixSeconds) return this.offsetAt(at);
    const index = Math.floor(at / chunkSeconds);
    const { instants, offsets } = this.chunk(index);
    let position = 0;
    while (position < instants.length && (instants[position] as number) <= at) position++;
    this.from = position === 0 ? index * chunkSeconds : (instants[position - 1] as number);
    this.until = position === instants.length ? (index + 1) * chunkSeconds : (instants[position] as number);
    this.offset = offsets[position] as number;
    return this.offset;
  }

  offsetForLocal(localSeconds: number): number {
    // Well inside a span no transition is near.
    if (localSeconds - secondsPerDay >= this.from && localSeconds + secondsPerDay < this.until) return this.offset;
    const at = reduced(localSeconds, lastLocalSecond);
    if (at !== localSeconds) return this.offsetForLocal(at);
    const before = this.offsetAt(at - secondsPerDay);
    let boundary = this.until;
    let after = this.offsetAt(boundary);
    // The end of a span may be the end of a chunk only.
    while (after === before && boundary <= at + 2 * secondsPerDay) {
      boundary = this.until;
      after = this.offsetAt(boundary);
    }
    if (after === before || boundary > at + 2 * secondsPerDay) return before;
    return offsetAround(at, before, after, boundary);
  }

  abbreviationAt(unixSeconds: number): string {
    const offset = this.offsetAt(unixSeconds);
    const known = this.abbreviations.get(offset);
    if (known !== undefined) return known;
    return offset % 60 === 0 ? numericAbbreviation(offset) : 'LMT';
  }

  private chunk(index: number): Chunk {
    let chunk = this.chunks.get(index);
    if (chunk === undefined) {
      chunk = this.search(index * chunkSeconds);
      this.chunks.set(index, chunk);
    }
    return chunk;
  }

  private search(start: number): Chunk {
    const instants: number[] = [];
    let last = this.probe(start);
    const offsets = [last];
    for (let at = start; at < start + chunkSeconds; at += probeSeconds) {
      const next = this.probe(at + probeSeconds);
      if (next === last) continue;
      let low = at;
      let high = at + probeSeconds;
      while (high - low > 1) {
        const middle = Math.floor((low + high) / 2);
        if (this.probe(middle) === last) low = middle;
        else high = middle;
      }
      if (high < start + chunkSeconds) {
        instants.push(high);
        offsets.push(next);
      }
      last = next;
    }
    return { instants, offsets };
  }

  private probe(unixSeconds: number): number {
    const text = this.formatter.format(unixSeconds * 1000);
    const [, month, day, year, hour, minute, second] = /^(\d+)\/(\d+)\/(\d+), (\d+):(\d+):(\d+)$/.exec(text) as unknown as string[];
    const local = Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)) / 1000;
    return local - unixSeconds;
  }
}

/** The instant of the same place in the years for which Intl is asked. */
function reduced(seconds: number, limit: number): number {
  if (seconds < firstSecond) return firstSecond;
  return seconds < limit ? seconds : seconds - Math.ceil((seconds - limit + 1) / cycleSeconds) * cycleSeconds;
}

export const utc: TimeZone = fixedZone('UTC', 0, 'UTC');

const zones = new Map<string, TimeZone | undefined>();
const maxZones = 2000;

function resolve(name: string): TimeZone | undefined {
  const known = zoneNames.get(name.toLowerCase());
  if (known === undefined) {
    const posix = posixZone(name);
    if (posix !== undefined) return posix;
    // Names that the runtime has and PostgreSQL 15's list has not; not Intl's plain offsets such as +05:30.
    if (!/^[A-Za-z]+(?:[/_+-][A-Za-z0-9_+-]+)+$/.test(name)) return undefined;
  }
  try {
    const canonical = known?.name ?? name;
    const [only] = known !== undefined && known.abbreviations.size === 1 ? known.abbreviations : [];
    if (only !== undefined && only[0] === 0 && ['UTC', 'GMT'].includes(only[1]) && !canonical.includes('/')) return fixedZone(canonical, 0, only[1]);
    if (canonical.startsWith('Etc/')) {
      const hours = /^Etc\/GMT([+-]\d+)$/.exec(canonical)?.[1];
      // Etc/GMT+3 is three hours west.
      return hours === undefined ? fixedZone(canonical, 0, only?.[1] ?? 'UTC') : fixedZone(canonical, 0 - Number(hours) * 3600);
    }
    return new IntlZone(canonical, known?.abbreviations ?? new Map());
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

/** A zone by IANA name (any case) or POSIX form; undefined when there is none. */
export function findTimeZone(name: string): TimeZone | undefined {
  const cached = zones.get(name);
  if (cached !== undefined) return cached;
  const lower = name.toLowerCase();
  let zone = zones.get(lower);
  if (zone === undefined) {
    zone = resolve(name);
    if (zone === undefined) return undefined;
  }
  if (zones.size > maxZones) zones.clear();
  zones.set(lower, zone);
  zones.set(name, zone);
  return zone;
}

let lastName = 'UTC';
let lastZone = utc;

/** The zone of a session's TimeZone setting; 22023 when there is none. */
export function timeZoneOf(name: string): TimeZone {
  if (name === lastName) return lastZone;
  const zone = findTimeZone(name);
  if (zone === undefined) throw new PgError('22023', `time zone "${name}" not recognized`);
  lastName = name;
  lastZone = zone;
  return zone;
}
