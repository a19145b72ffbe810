/**
 * Dates, times and timestamps as fields and as physical values: limits, infinities, splitting and making, zones. Used by the codecs and by the
 * date and time functions (with interval.ts, datetime-arithmetic.ts).
 */
import { PgError } from '../common/errors.js';
import { type YearMonthDay, dateOf, julianOfEpoch, unixEpochDays } from './calendar.js';
import type { TimeZone } from './zone.js';

const microsPerSecond = 1_000_000;
export const microsPerMinute = 60_000_000;
export const microsPerHour = 3_600_000_000;
export const microsPerDay = 86_400_000_000;
const microsPerDayBig = 86_400_000_000n;

export const timestampInfinity = 2n ** 63n - 1n;
export const timestampNegativeInfinity = -(2n ** 63n);
/** First timestamp and the one after the last: 4714-11-24 BC .. 294277-01-01. */
export const timestampMin = -211_813_488_000_000_000n;
const timestampEnd = 9_223_371_331_200_000_000n;

export const dateInfinity = 2_147_483_647;
export const dateNegativeInfinity = -2_147_483_648;
/** First date (4714-11-24 BC) and the one after the last (5874898-01-01 or so, as PostgreSQL has it). */
const dateMin = -julianOfEpoch;
const dateEnd = 2_147_483_494 - julianOfEpoch;

/** 1970-01-01 as a timestamp. */
export const unixEpochMicros = -946_684_800_000_000n;
const unixEpochSeconds = unixEpochDays * 86_400;

export function isFiniteTimestamp(micros: bigint): boolean {
  return micros !== timestampInfinity && micros !== timestampNegativeInfinity;
}

export function isFiniteDate(days: number): boolean {
  return days !== dateInfinity && days !== dateNegativeInfinity;
}

export function isValidTimestamp(micros: bigint): boolean {
  return micros >= timestampMin && micros < timestampEnd;
}

export function isValidDate(days: number): boolean {
  return days >= dateMin && days < dateEnd;
}

export function timestampOutOfRange(text?: string): PgError {
  return new PgError('22008', text === undefined ? 'timestamp out of range' : `timestamp out of range: "${text}"`);
}

/** 22008 unless the timestamp is within limits. */
function checkedTimestamp(micros: bigint): bigint {
  if (!isValidTimestamp(micros)) throw timestampOutOfRange();
  return micros;
}

/** A timestamp as days since 2000-01-01 and microseconds of the day. */
export interface DayAndTime {
  readonly days: number;
  readonly time: number;
}

export function splitTimestamp(micros: bigint | number): DayAndTime {
  if (typeof micros === 'number' || (micros > -9_007_199_254_740_992n && micros < 9_007_199_254_740_992n)) {
    const number = Number(micros);
    const days = Math.floor(number / microsPerDay);
    return { days, time: number - days * microsPerDay };
  }
  let days = micros / microsPerDayBig;
  let time = micros - days * microsPerDayBig;
  if (time < 0n) {
    time += microsPerDayBig;
    days -= 1n;
  }
  return { days: Number(days), time: Number(time) };
}

export function joinTimestamp(days: number, time: number): bigint {
  return days > -100_000 && days < 100_000 ? BigInt(days * microsPerDay + time) : BigInt(days) * microsPerDayBig + BigInt(time);
}

export interface DateTimeFields extends YearMonthDay {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0..999999 */
  readonly micros: number;
}

export function fieldsOf(micros: bigint | number): DateTimeFields {
  const { days, time } = splitTimestamp(micros);
  const { year, month, day } = dateOf(days);
  const hour = Math.floor(time / microsPerHour);
  const minute = Math.floor(time / microsPerMinute) - hour * 60;
  const seconds = time - hour * microsPerHour - minute * microsPerMinute;
  const second = Math.floor(seconds / microsPerSecond);
  return { year, month, day, hour, minute, second, micros: seconds - second * microsPerSecond };
}

export function timeMicros(hour: number, minute: number, second: number, micros: number): number {
  return ((hour * 60 + minute) * 60 + second) * microsPerSecond + micros;
}

/** Whole Unix seconds of a timestamp (rounded down). */
export function unixSecondsOf(micros: bigint): number {
  const { days, time } = splitTimestamp(micros);
  return days * 86_400 + Math.floor(time / microsPerSecond) + unixEpochSeconds;
}

/** Offset in seconds east that a local time means, from its parts. */
export function offsetForLocalParts(days: number, time: number, zone: TimeZone): number {
  return zone.fixed ? zone.offsetAt(0) : zone.offsetForLocal(days * 86_400 + Math.floor(time / microsPerSecond) + unixEpochSeconds);
}

/** Offset in seconds east that holds at an instant, from its parts. */
export function offsetAtParts(days: number, time: number, zone: TimeZone): number {
  return zone.fixed ? zone.offsetAt(0) : zone.offsetAt(days * 86_400 + Math.floor(time / microsPerSecond) + unixEpochSeconds);
}

/** Offset in seconds east that holds at an instant. */
export function offsetAtInstant(micros: bigint, zone: TimeZone): number {
  return zone.fixed ? zone.offsetAt(0) : zone.offsetAt(unixSecondsOf(micros));
}

/** Offset in seconds east that a local timestamp means. */
function offsetForLocalTimestamp(micros: bigint, zone: TimeZone): number {
  return zone.fixed ? zone.offsetAt(0) : zone.offsetForLocal(unixSecondsOf(micros));
}

/** timestamptz -> the zone's wall clock (AT TIME ZONE); infinities pass. */
export function toLocal(micros: bigint, zone: TimeZone): bigint {
  return isFiniteTimestamp(micros) ? micros + BigInt(offsetAtInstant(micros, zone)) * 1_000_000n : micros;
}

/** The zone's wall clock -> timestamptz; infinities pass, 22008 beyond the limits. */
export function fromLocal(micros: bigint, zone: TimeZone): bigint {
  return isFiniteTimestamp(micros) ? checkedTimestamp(micros - BigInt(offsetForLocalTimestamp(micros, zone)) * 1_000_000n) : micros;
}

/** timestamp -> date; infinities pass. */
export function timestampToDate(micros: bigint): number {
  if (micros === timestampInfinity) return dateInfinity;
  if (micros === timestampNegativeInfinity) return dateNegativeInfinity;
  return splitTimestamp(micros).days;
}

/** date -> timestamp; infinities pass, 22008 beyond timestamp's limits. */
export function dateToTimestamp(days: number): bigint {
  if (days === dateInfinity) return timestampInfinity;
  if (days === dateNegativeInfinity) return timestampNegativeInfinity;
  const micros = joinTimestamp(days, 0);
  if (!isValidTimestamp(micros)) throw new PgError('22008', 'date out of range for timestamp');
  return micros;
}

const precisionUnits = [1_000_000, 100_000, 10_000, 1000, 100, 10, 1] as const;

/** Rounds microseconds to `precision` digits of a second, half away from zero (time(p), timestamp(p)). */
export function roundToPrecision(micros: bigint, precision: number): bigint {
  if (precision < 0 || precision >= 6) return micros;
  const unit = BigInt(precisionUnits[precision] as number);
  return micros >= 0n ? ((micros + unit / 2n) / unit) * unit : -(((-micros + unit / 2n) / unit) * unit);
}
