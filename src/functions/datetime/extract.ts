/**
 * extract() and date_part(): fields as exact decimals (coefficient and scale), from which extract makes numeric and date_part float8.
 */
import { dateOf, dayOfWeek, dayOfYear, isoWeek, julianOfEpoch } from '../../types/calendar.js';
import { isFiniteDate, isFiniteTimestamp, microsPerDay, splitTimestamp, unixEpochMicros } from '../../types/datetime.js';
import type { Interval } from '../../types/interval.js';
import {
  bigintToNumeric,
  divideNumeric,
  finite,
  addNumeric,
  formatNumeric,
  numericInfinity,
  numericNegativeInfinity,
  numericToNumber,
  type Numeric,
} from '../../types/numeric.js';
import { unitNotRecognized, unitNotSupported } from './arithmetic.js';
import { extractionUnit, type Unit } from './units.js';

const whole = (value: number): Numeric => finite(BigInt(value), 0);
const micros6 = (value: number | bigint): Numeric => finite(BigInt(value), 6);

/** Fields that grow without end, so that they are infinite for an infinite date or timestamp; the others are NULL. */
const monotonic: ReadonlySet<Unit> = new Set<Unit>(['year', 'decade', 'century', 'millennium', 'julian', 'isoyear', 'epoch']);

function infiniteField(unit: Unit, positive: boolean, supported: (unit: Unit) => boolean, name: string, typeName: string): Numeric | null {
  if (!supported(unit)) throw unitNotSupported(name, typeName);
  return monotonic.has(unit) ? (positive ? numericInfinity : numericNegativeInfinity) : null;
}

function yearField(unit: Unit, year: number): Numeric | undefined {
  switch (unit) {
    case 'year':
      return whole(year > 0 ? year : year - 1);
    case 'decade':
      return whole(year >= 0 ? Math.trunc(year / 10) : -Math.trunc((8 - (year - 1)) / 10));
    case 'century':
      return whole(year > 0 ? Math.trunc((year + 99) / 100) : -Math.trunc((99 - (year - 1)) / 100));
    case 'millennium':
      return whole(year > 0 ? Math.trunc((year + 999) / 1000) : -Math.trunc((999 - (year - 1)) / 1000));
    default:
      return undefined;
  }
}

function dateField(unit: Unit, days: number): Numeric | undefined {
  switch (unit) {
    case 'day':
      return whole(dateOf(days).day);
    case 'month':
      return whole(dateOf(days).month);
    case 'quarter':
      return whole(Math.floor((dateOf(days).month - 1) / 3) + 1);
    case 'week':
      return whole(isoWeek(days).week);
    case 'isoyear': {
      const { year } = isoWeek(days);
      return whole(year > 0 ? year : year - 1);
    }
    case 'dow':
      return whole(dayOfWeek(days));
    case 'isodow':
      return whole(dayOfWeek(days) === 0 ? 7 : dayOfWeek(days));
    case 'doy':
      return whole(dayOfYear(days));
    default:
      return yearField(unit, dateOf(days).year);
  }
}

function timeField(unit: Unit, time: number): Numeric | undefined {
  switch (unit) {
    case 'microseconds':
      return whole(time % 60_000_000);
    case 'milliseconds':
      return finite(BigInt(time % 60_000_000), 3);
    case 'second':
      return micros6(time % 60_000_000);
    case 'minute':
      return whole(Math.floor(time / 60_000_000) % 60);
    case 'hour':
      return whole(Math.floor(time / 3_600_000_000));
    default:
      return undefined;
  }
}

function zoneField(unit: Unit, offset: number): Numeric | undefined {
  switch (unit) {
    case 'timezone':
      return whole(offset);
    case 'timezone_hour':
      return whole(Math.trunc(offset / 3600) + 0);
    case 'timezone_minute':
      return whole((Math.trunc(offset / 60) % 60) + 0);
    default:
      return undefined;
  }
}

const isZoneUnit = (unit: Unit): boolean => unit.startsWith('timezone');

/** A field of a timestamp's wall clock reading. `offset` (seconds east) and `instant` are given for timestamptz. */
export function timestampField(name: string, local: bigint, zoned: { readonly offset: number; readonly instant: bigint } | undefined): Numeric | null {
  const typeName = zoned === undefined ? 'timestamp without time zone' : 'timestamp with time zone';
  const unit = extractionUnit(name);
  if (unit === undefined) throw unitNotRecognized(name, typeName);
  if (!isFiniteTimestamp(local)) return infiniteField(unit, local > 0n, () => true, name, typeName);
  const { days, time } = splitTimestamp(local);
  if (unit === 'epoch') {
    const micros = (zoned?.instant ?? local) - unixEpochMicros;
    // Where that is no int8 PostgreSQL divides numerics, to four places.
    return micros6(micros > 9_223_372_036_854_775_806n ? ((micros + 50n) / 100n) * 100n : micros);
  }
  if (unit === 'julian') {
    const day = bigintToNumeric(days + julianOfEpoch);
    return addNumeric(day, divideNumeric(bigintToNumeric(time), bigintToNumeric(microsPerDay)));
  }
  const field = dateField(unit, days) ?? timeField(unit, time) ?? (zoned === undefined ? undefined : zoneField(unit, zoned.offset));
  if (field === undefined) throw unitNotSupported(name, typeName);
  return field;
}

/** date_part of the Julian day: day and fraction in float arithmetic. */
export function julianFloat(local: bigint): number {
  const { days, time } = splitTimestamp(local);
  return days + julianOfEpoch + time / 1_000_000 / 86_400;
}

export function dateOnlyField(name: string, days: number): Numeric | null {
  const unit = extractionUnit(name);
  if (unit === undefined) throw unitNotRecognized(name, 'date');
  if (!isFiniteDate(days)) return infiniteField(unit, days > 0, (asked) => !isZoneUnit(asked) && timeField(asked, 0) === undefined, name, 'date');
  if (unit === 'epoch') return finite((BigInt(days) * BigInt(microsPerDay) - unixEpochMicros) / 1_000_000n, 0);
  if (unit === 'julian') return whole(days + julianOfEpoch);
  const field = dateField(unit, days);
  if (field === undefined) throw unitNotSupported(name, 'date');
  return field;
}

/** A field of a time or timetz (`offset` in seconds east). */
export function timeOfDayField(name: string, time: number, offset: number | undefined): Numeric {
  const typeName = offset === undefined ? 'time without time zone' : 'time with time zone';
  const unit = extractionUnit(name);
  if (unit === undefined) throw unitNotRecognized(name, typeName);
  if (unit === 'epoch') return micros6(time - (offset ?? 0) * 1_000_000);
  const field = timeField(unit, time) ?? (offset === undefined ? undefined : zoneField(unit, offset));
  if (field === undefined) throw unitNotSupported(name, typeName);
  return field;
}

export function intervalField(name: string, interval: Interval): Numeric {
  const unit = extractionUnit(name);
  if (unit === undefined) throw unitNotRecognized(name, 'interval');
  const years = Math.trunc(interval.months / 12) + 0;
  const months = (interval.months % 12) + 0;
  const minute = 60_000_000n;
  switch (unit) {
    case 'microseconds':
      return finite(interval.micros % minute, 0);
    case 'milliseconds':
      return finite(interval.micros % minute, 3);
    case 'second':
      return finite(interval.micros % minute, 6);
    case 'minute':
      return finite((interval.micros / minute) % 60n, 0);
    case 'hour':
      return finite(interval.micros / 3_600_000_000n, 0);
    case 'day':
      return whole(interval.days);
    case 'month':
      return whole(months);
    case 'quarter':
      return whole(Math.trunc(months / 3) + 1);
    case 'year':
      return whole(years);
    case 'decade':
      return whole(Math.trunc(years / 10) + 0);
    case 'century':
      return whole(Math.trunc(years / 100) + 0);
    case 'millennium':
      return whole(Math.trunc(years / 1000) + 0);
    case 'epoch':
      return micros6((BigInt(years) * 31_557_600n + BigInt(months) * 2_592_000n + BigInt(interval.days) * 86_400n) * 1_000_000n + interval.micros);
    default:
      throw unitNotSupported(name, 'interval');
  }
}

/** The field as extract returns it. */
export function fieldText(field: Numeric | null): string | null {
  return field === null ? null : formatNumeric(field);
}

/** The field as date_part returns it. */
export function fieldFloat(field: Numeric | null): number | null {
  return field === null ? null : numericToNumber(field);
}
