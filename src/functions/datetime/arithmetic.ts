/** Sums, differences, ages, truncation and bins of timestamps, dates and times. `zone` is undefined for timestamps without time zone. */
import { PgError } from '../../common/errors.js';
import { dateOf, dayOfWeek, daysInMonth, daysOf } from '../../types/calendar.js';
import {
  fromLocal,
  isFiniteDate,
  isFiniteTimestamp,
  isValidDate,
  isValidTimestamp,
  joinTimestamp,
  microsPerDay,
  splitTimestamp,
  timestampMin,
  timestampOutOfRange,
  toLocal,
} from '../../types/datetime.js';
import { type Interval, intervalOf, intervalSpan, justifyHours, microsPerDayBig, negateInterval } from '../../types/interval.js';
import type { TimeZone } from '../../types/zone.js';
import { truncationUnit, type Unit } from './units.js';

/** Adds months to a wall clock reading; the day is cut to the month's length. */
function addMonths(local: bigint, months: number): bigint {
  const { days, time } = splitTimestamp(local);
  const date = dateOf(days);
  const total = date.year * 12 + (date.month - 1) + months;
  const year = Math.floor(total / 12);
  const month = total - year * 12 + 1;
  return joinTimestamp(daysOf(year, month, Math.min(date.day, daysInMonth(year, month))), time);
}

/** timestamp(tz) + interval: months and days by the (zone's) calendar, the rest as duration. */
export function addInterval(micros: bigint, interval: Interval, zone: TimeZone | undefined): bigint {
  if (!isFiniteTimestamp(micros)) return micros;
  let result = micros;
  if (interval.months !== 0) {
    const moved = addMonths(zone === undefined ? result : toLocal(result, zone), interval.months);
    if (!isValidTimestamp(moved)) throw timestampOutOfRange();
    result = zone === undefined ? moved : fromLocal(moved, zone);
  }
  if (interval.days !== 0) {
    const moved = (zone === undefined ? result : toLocal(result, zone)) + BigInt(interval.days) * microsPerDayBig;
    if (!isValidTimestamp(moved)) throw timestampOutOfRange();
    result = zone === undefined ? moved : fromLocal(moved, zone);
  }
  result += interval.micros;
  if (!isValidTimestamp(result)) throw timestampOutOfRange();
  return result;
}

export function subtractInterval(micros: bigint, interval: Interval, zone: TimeZone | undefined): bigint {
  return addInterval(micros, negateInterval(interval), zone);
}

/** timestamp - timestamp: days and time. */
export function timestampDifference(left: bigint, right: bigint): Interval {
  if (!isFiniteTimestamp(left) || !isFiniteTimestamp(right)) throw new PgError('22008', 'cannot subtract infinite timestamps');
  return justifyHours(intervalOf(0, 0, left - right));
}

function dateOutOfRange(): PgError {
  return new PgError('22008', 'date out of range');
}

export function dateDifference(left: number, right: number): number {
  if (!isFiniteDate(left) || !isFiniteDate(right)) throw new PgError('22008', 'cannot subtract infinite dates');
  return left - right;
}

export function addDays(date: number, days: number): number {
  if (!isFiniteDate(date)) return date;
  const result = date + days;
  if (!isValidDate(result)) throw dateOutOfRange();
  return result;
}

/** A time of day moved by an interval's time part, around midnight. */
export function addToTime(time: bigint, micros: bigint): bigint {
  const moved = (time + micros) % microsPerDayBig;
  return moved < 0n ? moved + microsPerDayBig : moved;
}

/** age(): the symbolic difference in years, months and days of two wall clock readings. PostgreSQL 15 takes infinity for the moment that its number is. */
export function ageOf(left: bigint, right: bigint): Interval {
  if (left < timestampMin || right < timestampMin) throw timestampOutOfRange();
  const a = splitTimestamp(left);
  const b = splitTimestamp(right);
  const from = dateOf(a.days);
  const to = dateOf(b.days);
  const sign = left < right ? -1 : 1;
  let time = (a.time - b.time) * sign;
  let day = (from.day - to.day) * sign;
  let month = (from.month - to.month) * sign;
  let year = (from.year - to.year) * sign;
  if (time < 0) {
    time += microsPerDay;
    day--;
  }
  while (day < 0) {
    day += sign < 0 ? daysInMonth(from.year, from.month) : daysInMonth(to.year, to.month);
    month--;
  }
  while (month < 0) {
    month += 12;
    year--;
  }
  return intervalOf(sign * (year * 12 + month), sign * day, BigInt(sign * time));
}

export function unitNotRecognized(name: string, typeName: string): PgError {
  return new PgError('22023', `unit "${name.toLowerCase()}" not recognized for type ${typeName}`);
}
export function unitNotSupported(name: string, typeName: string, detail?: string): PgError {
  return new PgError('0A000', `unit "${name.toLowerCase()}" not supported for type ${typeName}`, detail === undefined ? {} : { detail });
}

/** First year of the decade, century or millennium, in astronomical years. */
function yearStart(unit: 'decade' | 'century' | 'millennium', year: number): number {
  switch (unit) {
    case 'decade':
      return year > 0 ? Math.trunc(year / 10) * 10 : -Math.trunc((8 - (year - 1)) / 10) * 10;
    case 'century':
      return year > 0 ? Math.trunc((year + 99) / 100) * 100 - 99 : -Math.trunc((99 - (year - 1)) / 100) * 100 + 1;
    case 'millennium':
      return year > 0 ? Math.trunc((year + 999) / 1000) * 1000 - 999 : -Math.trunc((999 - (year - 1)) / 1000) * 1000 + 1;
  }
}

/** Units below a day, in microseconds. */
const shortUnits: ReadonlyMap<Unit, number> = new Map<Unit, number>([
  ['microseconds', 1],
  ['milliseconds', 1000],
  ['second', 1_000_000],
  ['minute', 60_000_000],
  ['hour', 3_600_000_000],
]);

/** date_trunc over a wall clock reading. */
export function truncateLocal(name: string, local: bigint, typeName: string): bigint {
  if (!isFiniteTimestamp(local)) return local;
  const unit = truncationUnit(name);
  if (unit === undefined) throw unitNotRecognized(name, typeName);
  const { days, time } = splitTimestamp(local);
  const short = shortUnits.get(unit);
  if (short !== undefined) return joinTimestamp(days, Math.floor(time / short) * short);
  let start: number;
  switch (unit) {
    case 'day':
      start = days;
      break;
    case 'week':
      start = days - ((dayOfWeek(days) + 6) % 7);
      break;
    case 'month': {
      const { year, month } = dateOf(days);
      start = daysOf(year, month, 1);
      break;
    }
    case 'quarter': {
      const { year, month } = dateOf(days);
      start = daysOf(year, Math.floor((month - 1) / 3) * 3 + 1, 1);
      break;
    }
    case 'year':
      start = daysOf(dateOf(days).year, 1, 1);
      break;
    case 'decade':
    case 'century':
    case 'millennium':
      start = daysOf(yearStart(unit, dateOf(days).year), 1, 1);
      break;
    default:
      throw unitNotSupported(name, typeName);
  }
  const result = joinTimestamp(start, 0);
  if (!isValidTimestamp(result)) throw timestampOutOfRange();
  return result;
}

/** date_trunc of a timestamptz in a zone: units below a day keep the offset in force. */
export function truncateZoned(name: string, micros: bigint, zone: TimeZone): bigint {
  const typeName = 'timestamp with time zone';
  if (!isFiniteTimestamp(micros)) return micros;
  const local = toLocal(micros, zone);
  const truncated = truncateLocal(name, local, typeName);
  const unit = truncationUnit(name) as Unit;
  if (shortUnits.has(unit)) return micros - (local - truncated);
  const result = fromLocal(truncated, zone);
  if (!isValidTimestamp(result)) throw timestampOutOfRange();
  return result;
}

/** date_trunc of an interval. */
export function truncateInterval(name: string, interval: Interval): Interval {
  const unit = truncationUnit(name);
  if (unit === undefined) throw unitNotRecognized(name, 'interval');
  const years = Math.trunc(interval.months / 12);
  const months = interval.months % 12;
  const short = shortUnits.get(unit);
  if (short !== undefined) {
    const size = BigInt(short);
    return intervalOf(interval.months, interval.days, (interval.micros / size) * size);
  }
  switch (unit) {
    case 'day':
      return intervalOf(interval.months, interval.days, 0n);
    case 'month':
      return intervalOf(interval.months, 0, 0n);
    case 'quarter':
      return intervalOf(years * 12 + Math.trunc(months / 3) * 3, 0, 0n);
    case 'year':
      return intervalOf(years * 12, 0, 0n);
    case 'decade':
      return intervalOf(Math.trunc(years / 10) * 120, 0, 0n);
    case 'century':
      return intervalOf(Math.trunc(years / 100) * 1200, 0, 0n);
    case 'millennium':
      return intervalOf(Math.trunc(years / 1000) * 12_000, 0, 0n);
    case 'week':
      throw unitNotSupported(name, 'interval', 'Months usually have fractional weeks.');
    default:
      throw unitNotSupported(name, 'interval');
  }
}

/** date_bin: the start of the stride that a timestamp falls into, counted from an origin. */
export function binOf(stride: Interval, micros: bigint, origin: bigint): bigint {
  if (!isFiniteTimestamp(micros)) return micros;
  if (!isFiniteTimestamp(origin)) throw new PgError('22008', 'origin out of range');
  if (stride.months !== 0) throw new PgError('0A000', 'timestamps cannot be binned into intervals containing months or years');
  const size = intervalSpan(stride);
  if (size <= 0n) throw new PgError('22008', 'stride must be greater than zero');
  const difference = micros - origin;
  let rest = difference % size;
  if (rest < 0n) rest += size;
  const result = origin + difference - rest;
  if (!isValidTimestamp(result)) throw timestampOutOfRange();
  return result;
}

/** SQL's OVERLAPS with its rules for NULL ends. */
export function overlaps<T>(start1: T | null, end1: T | null, start2: T | null, end2: T | null, compare: (a: T, b: T) => number): boolean | null {
  let from1 = start1;
  let to1 = end1;
  let from2 = start2;
  let to2 = end2;
  if (from1 === null) {
    if (to1 === null) return null;
    from1 = to1;
    to1 = null;
  } else if (to1 !== null && compare(from1, to1) > 0) {
    [from1, to1] = [to1, from1];
  }
  if (from2 === null) {
    if (to2 === null) return null;
    from2 = to2;
    to2 = null;
  } else if (to2 !== null && compare(from2, to2) > 0) {
    [from2, to2] = [to2, from2];
  }
  const order = compare(from1, from2);
  if (order > 0) {
    if (to2 === null) return null;
    if (compare(from1, to2) < 0) return true;
    return to1 === null ? null : false;
  }
  if (order < 0) {
    if (to1 === null) return null;
    if (compare(from2, to1) < 0) return true;
    return to2 === null ? null : false;
  }
  return to1 === null || to2 === null ? null : true;
}
