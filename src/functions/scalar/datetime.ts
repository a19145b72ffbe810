/** Date and time functions, operators and casts (PostgreSQL 15, chapter 9.9). Templates (to_char and its kin) are in formatting.ts. */
import { PgError } from '../../common/errors.js';
import { daysInMonth, daysOf } from '../../types/calendar.js';
import {
  dateToTimestamp,
  fromLocal,
  isFiniteDate,
  isFiniteTimestamp,
  isValidDate,
  isValidTimestamp,
  joinTimestamp,
  microsPerDay,
  offsetAtInstant,
  splitTimestamp,
  timestampInfinity,
  timestampNegativeInfinity,
  timestampOutOfRange,
  timestampToDate,
  toLocal,
  unixEpochMicros,
} from '../../types/datetime.js';
import { zonedTimeFromText, zonedTimeText, type ZonedTime } from '../../types/datetime-codec.js';
import {
  addIntervals,
  divideInterval,
  formatInterval,
  type Interval,
  intervalFromText,
  intervalOf,
  intervalOutOfRange,
  intervalText,
  justifyDays,
  justifyHours,
  justifyInterval,
  multiplyInterval,
  negateInterval,
  subtractIntervals,
} from '../../types/interval.js';
import { Oid, requireType } from '../../types/registry.js';
import { timeZoneOf } from '../../types/time-zone.js';
import { fixedZone, type TimeZone } from '../../types/zone.js';
import type { EvaluationContext, Kernel, KernelValue } from '../function.js';
import { pure, type ScalarImplementation, type ScalarImplementations } from '../implementation.js';
import {
  addDays,
  addInterval,
  addToTime,
  ageOf,
  binOf,
  dateDifference,
  overlaps,
  subtractInterval,
  timestampDifference,
  truncateInterval,
  truncateLocal,
  truncateZoned,
} from '../datetime/arithmetic.js';
import { dateOnlyField, fieldFloat, fieldText, intervalField, julianFloat, timeOfDayField, timestampField } from '../datetime/extract.js';
import { extractionUnit } from '../datetime/units.js';
import { zoneNamed } from '../datetime/zones.js';
import { comparatorOf, toKernel } from '../values.js';
import { comparisonKernel, comparisonNames } from './comparison.js';
import { roundEven } from './float.js';

const sessionZone = (context: EvaluationContext): TimeZone => timeZoneOf(context.timeZone);

/** The zone that an interval means. */
function intervalZone(text: string, context: EvaluationContext): TimeZone {
  const interval = intervalFromText(text);
  if (interval.months !== 0 || interval.days !== 0) {
    throw new PgError('22023', `interval time zone "${formatInterval(interval, context.intervalStyle)}" must not include months or days`);
  }
  return fixedZone(text, Number(interval.micros / 1_000_000n));
}

const perDay = BigInt(microsPerDay);

/** date -> timestamptz at midnight in the session's zone. */
function dateToZoned(days: number, context: EvaluationContext): bigint {
  return fromLocal(dateToTimestamp(days), sessionZone(context));
}

function zonedTime(text: string): ZonedTime {
  return zonedTimeFromText(text);
}

/** A timetz shown in another zone (offset in seconds east). */
function inZone(time: ZonedTime, offset: number): string {
  const instant = BigInt(time.micros) + BigInt(time.zone) * 1_000_000n;
  return zonedTimeText({ micros: Number(addToTime(0n, instant + BigInt(offset) * 1_000_000n)), zone: 0 - offset });
}

const timestampPlus: Kernel = (_, a, b) => addInterval(a as bigint, intervalFromText(b as string), undefined);
const zonedPlus: Kernel = (context, a, b) => addInterval(a as bigint, intervalFromText(b as string), sessionZone(context));
const swapped =
  (kernel: Kernel): Kernel =>
  (context, a, b) =>
    kernel(context, b, a);
const timePlus: Kernel = (_, a, b) => addToTime(a as bigint, intervalFromText(b as string).micros);
const zonedTimePlus: Kernel = (_, a, b) => {
  const { micros, zone } = zonedTime(a as string);
  return zonedTimeText({ micros: Number(addToTime(BigInt(micros), intervalFromText(b as string).micros)), zone });
};
const datePlus: Kernel = (_, a, b) => addInterval(dateToTimestamp(a as number), intervalFromText(b as string), undefined);
const dateAndTime: Kernel = (_, a, b) => {
  const date = dateToTimestamp(a as number);
  return isFiniteTimestamp(date) ? checked(date + (b as bigint)) : date;
};
const dateAndZonedTime: Kernel = (_, a, b) => {
  const date = dateToTimestamp(a as number);
  if (!isFiniteTimestamp(date)) return date;
  const { micros, zone } = zonedTime(b as string);
  return checked(date + BigInt(micros) + BigInt(zone) * 1_000_000n);
};

function checked(micros: bigint): bigint {
  if (!isValidTimestamp(micros)) throw timestampOutOfRange();
  return micros;
}

const intervalUnary = (compute: (value: Interval) => Interval): ScalarImplementation => ({
  kernel: (_, a) => intervalText(compute(intervalFromText(a as string))),
});
const intervalBinary = (compute: (a: Interval, b: Interval) => Interval): ScalarImplementation => ({
  kernel: (_, a, b) => intervalText(compute(intervalFromText(a as string), intervalFromText(b as string))),
});

/** Typmod coercion called as a function: timestamp(x, p). */
function scaled(oid: number): ScalarImplementation {
  return { kernel: (_, value, typmod) => toKernel(requireType(oid).coerceTypmod?.(value as string | number | bigint, typmod as number, true) ?? null, oid) };
}

const implementations: Record<string, ScalarImplementation> = {};

// Comparisons of date, timestamp and timestamptz with each other.
type Moment = (value: KernelValue, context: EvaluationContext) => bigint;

/** A date's midnight as a timestamp, far beyond the limits if need be: only order counts. */
const wideMidnight = (days: number): bigint => (isFiniteDate(days) ? BigInt(days) * perDay : days > 0 ? timestampInfinity : timestampNegativeInfinity);
const ofDate: Moment = (value) => wideMidnight(value as number);
const ofTimestamp: Moment = (value) => value as bigint;
const ofDateInZone: Moment = (value, context) => {
  const midnight = wideMidnight(value as number);
  return isFiniteDate(value as number) && isValidTimestamp(midnight) ? fromLocal(midnight, sessionZone(context)) : midnight;
};
const ofTimestampInZone: Moment = (value, context) => {
  const micros = value as bigint;
  return isFiniteTimestamp(micros) ? micros - BigInt(offsetOfLocal(micros, context)) * 1_000_000n : micros;
};
function offsetOfLocal(micros: bigint, context: EvaluationContext): number {
  const zone = sessionZone(context);
  return Number((micros - fromLocalUnchecked(micros, zone)) / 1_000_000n);
}
function fromLocalUnchecked(micros: bigint, zone: TimeZone): bigint {
  try {
    return fromLocal(micros, zone);
  } catch {
    return micros;
  }
}

const crossPairs: readonly (readonly [prefix: string, suffix: string, left: Moment, right: Moment])[] = [
  ['date', 'timestamp', ofDate, ofTimestamp],
  ['timestamp', 'date', ofTimestamp, ofDate],
  ['date', 'timestamptz', ofDateInZone, ofTimestamp],
  ['timestamptz', 'date', ofTimestamp, ofDateInZone],
  ['timestamp', 'timestamptz', ofTimestampInZone, ofTimestamp],
  ['timestamptz', 'timestamp', ofTimestamp, ofTimestampInZone],
];
for (const [prefix, suffix, left, right] of crossPairs) {
  for (const name of comparisonNames) {
    const kernel = comparisonKernel(name, (a, b) => ((a as bigint) < (b as bigint) ? -1 : (a as bigint) > (b as bigint) ? 1 : 0));
    implementations[`${prefix}_${name}_${suffix}`] = {
      kernel: (context, a, b) => kernel(context, left(a, context), right(b, context)),
    };
  }
}

// OVERLAPS: pairs of (start, end) or (start, interval).
const compareBigints = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);

function overlapsKernel(plus: Kernel, first: boolean, second: boolean): Kernel {
  return (context, a, b, c, d) => {
    const end = (start: KernelValue | undefined, value: KernelValue | undefined, isInterval: boolean): bigint | null => {
      if (value === null || value === undefined) return null;
      if (!isInterval) return value as bigint;
      return start === null || start === undefined ? null : (plus(context, start, value) as bigint);
    };
    return overlaps(a as bigint | null, end(a, b, first), c as bigint | null, end(c, d, second), compareBigints);
  };
}
for (const [base, plus] of [
  [1305, zonedPlus],
  [1309, timePlus],
  [2042, timestampPlus],
] as const) {
  implementations[`overlaps_${base}`] = { kernel: overlapsKernel(plus, true, true) };
  implementations[`overlaps_${base + 1}`] = { kernel: overlapsKernel(plus, false, true) };
  implementations[`overlaps_${base + 2}`] = { kernel: overlapsKernel(plus, true, false) };
}

/** timestamptz field by field in the session's zone. */
function zonedField(name: string, micros: bigint, context: EvaluationContext) {
  const zone = sessionZone(context);
  const offset = isFiniteTimestamp(micros) ? offsetAtInstant(micros, zone) : 0;
  return timestampField(name, toLocal(micros, zone), { offset, instant: micros });
}

const isJulian = (name: string): boolean => extractionUnit(name) === 'julian';

function makeDays(year: number, month: number, day: number): number | undefined {
  if (year === 0) return undefined;
  const astronomical = year < 0 ? year + 1 : year;
  if (month < 1 || month > 12 || day < 1 || day > 31 || day > daysInMonth(astronomical, month)) return undefined;
  return daysOf(astronomical, month, day);
}

const two = (value: number): string => String(value).padStart(2, '0');
/** C's %02g of seconds. */
const secondsText = (value: number): string => String(Number(value.toPrecision(6))).padStart(2, '0');

function makeTime(hour: number, minute: number, second: number): bigint | undefined {
  const micros = roundEven(second * 1_000_000);
  if (!(hour >= 0 && minute >= 0 && minute <= 59 && second >= 0 && second <= 60 && micros <= 60_000_000)) return undefined;
  if (hour > 24 || (hour === 24 && (minute > 0 || second > 0))) return undefined;
  return BigInt((hour * 60 + minute) * 60_000_000 + micros);
}

function makeTimestamp(year: number, month: number, day: number, hour: number, minute: number, second: number): bigint {
  const days = makeDays(year, month, day);
  if (days === undefined) throw new PgError('22008', `date field value out of range: ${year}-${two(month)}-${two(day)}`);
  const time = makeTime(hour, minute, second);
  if (time === undefined) throw new PgError('22008', `time field value out of range: ${hour}:${two(minute)}:${secondsText(second)}`);
  const micros = joinTimestamp(days, 0) + time;
  if (!isValidTimestamp(micros)) {
    throw new PgError('22008', `timestamp out of range: ${year}-${two(month)}-${two(day)} ${hour}:${two(minute)}:${secondsText(second)}`);
  }
  return micros;
}

/** The zone of make_timestamptz's last argument, whose numeric forms are ISO (east is positive). */
function namedZone(name: string): TimeZone {
  const numeric = /^([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?$/.exec(name);
  if (numeric === null) {
    if (/^\d/.test(name))
      throw new PgError('22023', `invalid input syntax for type numeric time zone: "${name}"`, {
        hint: 'Numeric time zones must have "-" or "+" as first character.',
      });
    return zoneNamed(name);
  }
  const offset = Number(numeric[2]) * 3600 + Number(numeric[3] ?? 0) * 60 + Number(numeric[4] ?? 0);
  if (offset >= 16 * 3600) throw new PgError('22023', `numeric time zone "${name}" out of range`);
  return fixedZone(name, numeric[1] === '-' ? -offset : offset);
}

function makeInterval(years: number, months: number, weeks: number, days: number, hours: number, minutes: number, seconds: number): string {
  if (!Number.isFinite(seconds)) throw intervalOutOfRange();
  // PostgreSQL 15 does not look for overflow here: numbers wrap, and seconds that no int8 can hold are the least one.
  const fraction = roundEven(seconds * 1_000_000);
  const rest = fraction >= -(2 ** 63) && fraction < 2 ** 63 ? BigInt(fraction) : -(1n << 63n);
  const micros = BigInt.asIntN(64, BigInt(hours) * 3_600_000_000n + BigInt(minutes) * 60_000_000n + rest);
  return intervalText(intervalOf((Math.imul(years, 12) + months) | 0, (Math.imul(weeks, 7) + days) | 0, micros));
}

function fromUnix(seconds: number): bigint {
  if (seconds !== seconds) throw new PgError('22008', 'timestamp cannot be NaN');
  if (seconds === Infinity) return timestampInfinity;
  if (seconds === -Infinity) return timestampNegativeInfinity;
  const text = Number(seconds.toPrecision(6));
  const outOfRange = (): PgError =>
    new PgError('22008', `timestamp out of range: "${Math.abs(text) >= 1e6 || (text !== 0 && Math.abs(text) < 1e-4) ? exponential(text) : String(text)}"`);
  if (Math.abs(seconds) > 1e13) throw outOfRange();
  const micros = roundEven((seconds - 946_684_800) * 1_000_000);
  const result = BigInt(micros);
  if (!isValidTimestamp(result)) throw outOfRange();
  return result;
}

/** C's exponent form: at least two digits. */
function exponential(value: number): string {
  return value.toExponential().replace(/e([+-])(\d)$/, 'e$10$2');
}

const clockStart = BigInt(Math.round(performance.timeOrigin * 1000)) + unixEpochMicros;
const clock = (): bigint => clockStart + BigInt(Math.round(performance.now() * 1000));

const todayLocal = (context: EvaluationContext): bigint => dateToTimestamp(timestampToDate(toLocal(context.transactionMicros, sessionZone(context))));

/** AT TIME ZONE: infinities pass before the zone is looked at. */
function atZone(move: (micros: bigint, zone: TimeZone) => bigint, find: (zone: string, context: EvaluationContext) => TimeZone): ScalarImplementation {
  return {
    kernel: (context, zone, micros) => (isFiniteTimestamp(micros as bigint) ? move(micros as bigint, find(zone as string, context)) : micros),
  };
}

/** Dates within the limits, so that no infinity and no error is among them. */
const plainDate = 'BETWEEN -2451545 AND 2145031948';

function addDaysNative(sign: '+' | '-'): NonNullable<ScalarImplementation['sqlite']> {
  return ([date, days], kernel) => {
    if (date?.simple !== true || days?.simple !== true) return undefined;
    const value = `${date.text} ${sign} ${days.text}`;
    return `(CASE WHEN ${date.text} ${plainDate} AND ${value} ${plainDate} THEN ${value} ELSE ${kernel}(${date.text}, ${days.text}) END)`;
  };
}
const dateDifferenceNative: NonNullable<ScalarImplementation['sqlite']> = ([left, right], kernel) => {
  if (left?.simple !== true || right?.simple !== true) return undefined;
  return `(CASE WHEN ${left.text} ${plainDate} AND ${right.text} ${plainDate} THEN ${left.text} - ${right.text} ELSE ${kernel}(${left.text}, ${right.text}) END)`;
};

/** A cast that is arithmetic within a range. */
function castNative(range: string, value: (text: string) => string): NonNullable<ScalarImplementation['sqlite']> {
  return ([argument], kernel) =>
    argument?.simple === true ? `(CASE WHEN ${argument.text} ${range} THEN ${value(argument.text)} ELSE ${kernel}(${argument.text}) END)` : undefined;
}

const finiteTimestamp: ScalarImplementation = pure((micros: bigint) => isFiniteTimestamp(micros));

function compareZonedTimes(a: string, b: string): number {
  return comparatorOf(Oid.timetz)(a, b);
}

export const datetimeFunctions: ScalarImplementations = {
  ...implementations,

  date_mi: { ...pure(dateDifference), sqlite: dateDifferenceNative },
  date_pli: { ...pure(addDays), sqlite: addDaysNative('+') },
  date_mii: { ...pure((date: number, days: number) => addDays(date, -days)), sqlite: addDaysNative('-') },
  integer_pl_date_2550: pure((days: number, date: number) => addDays(date, days)),
  date_pl_interval: { kernel: datePlus },
  date_mi_interval: { kernel: (_, a, b) => subtractInterval(dateToTimestamp(a as number), intervalFromText(b as string), undefined) },
  interval_pl_date_2546: { kernel: swapped(datePlus) },
  datetime_timestamp: { kernel: dateAndTime },
  timedate_pl_1296: { kernel: swapped(dateAndTime) },
  datetimetz_timestamptz: { kernel: dateAndZonedTime },
  timetzdate_pl_1298: { kernel: swapped(dateAndZonedTime) },
  timestamp_mi: { kernel: (_, a, b) => intervalText(timestampDifference(a as bigint, b as bigint)) },
  timestamp_pl_interval: { kernel: timestampPlus },
  timestamp_mi_interval: { kernel: (_, a, b) => subtractInterval(a as bigint, intervalFromText(b as string), undefined) },
  timestamptz_pl_interval: { kernel: zonedPlus },
  timestamptz_mi_interval: { kernel: (context, a, b) => subtractInterval(a as bigint, intervalFromText(b as string), sessionZone(context)) },
  interval_pl_timestamp_2548: { kernel: swapped(timestampPlus) },
  interval_pl_timestamptz_2549: { kernel: swapped(zonedPlus) },
  time_pl_interval: { kernel: timePlus },
  time_mi_interval: { kernel: (_, a, b) => addToTime(a as bigint, -intervalFromText(b as string).micros) },
  interval_pl_time_1848: { kernel: swapped(timePlus) },
  time_mi_time: { kernel: (_, a, b) => intervalText(intervalOf(0, 0, (a as bigint) - (b as bigint))) },
  timetz_pl_interval: { kernel: zonedTimePlus },
  timetz_mi_interval: { kernel: (context, a, b) => zonedTimePlus(context, a, intervalText(negateInterval(intervalFromText(b as string)))) },
  interval_pl_timetz_2547: { kernel: swapped(zonedTimePlus) },
  interval_pl: intervalBinary(addIntervals),
  interval_mi: intervalBinary(subtractIntervals),
  interval_um: intervalUnary(negateInterval),
  interval_mul: { kernel: (_, a, b) => intervalText(multiplyInterval(intervalFromText(a as string), b as number)) },
  mul_d_interval: { kernel: (_, a, b) => intervalText(multiplyInterval(intervalFromText(b as string), a as number)) },
  interval_div: {
    kernel: (_, a, b) => {
      if (b === 0) throw new PgError('22012', 'division by zero');
      return intervalText(divideInterval(intervalFromText(a as string), b as number));
    },
  },
  interval_justify_hours: intervalUnary(justifyHours),
  interval_justify_days: intervalUnary(justifyDays),
  interval_justify_interval: intervalUnary(justifyInterval),

  date_finite: pure((days: number) => isFiniteDate(days)),
  timestamp_finite: finiteTimestamp,
  interval_finite: pure(() => true),

  timestamp_zone: atZone(fromLocal, (zone) => zoneNamed(zone)),
  timestamptz_zone: atZone(toLocal, (zone) => zoneNamed(zone)),
  timestamp_izone: atZone(fromLocal, intervalZone),
  timestamptz_izone: atZone(toLocal, intervalZone),
  timetz_zone: { kernel: (context, zone, time) => inZone(zonedTime(time as string), offsetAtInstant(context.transactionMicros, zoneNamed(zone as string))) },
  timetz_izone: { kernel: (context, zone, time) => inZone(zonedTime(time as string), intervalZone(zone as string, context).offsetAt(0)) },

  timestamp_trunc: pure((name: string, micros: bigint) => truncateLocal(name, micros, 'timestamp without time zone')),
  timestamptz_trunc: { kernel: (context, name, micros) => truncateZoned(name as string, micros as bigint, sessionZone(context)) },
  timestamptz_trunc_zone: pure((name: string, micros: bigint, zone: string) =>
    isFiniteTimestamp(micros) ? truncateZoned(name, micros, zoneNamed(zone)) : micros,
  ),
  interval_trunc: pure((name: string, text: string) => intervalText(truncateInterval(name, intervalFromText(text)))),
  timestamp_bin: pure((stride: string, micros: bigint, origin: bigint) => binOf(intervalFromText(stride), micros, origin)),
  timestamptz_bin: pure((stride: string, micros: bigint, origin: bigint) => binOf(intervalFromText(stride), micros, origin)),

  extract_date: pure((name: string, days: number) => fieldText(dateOnlyField(name, days))),
  extract_time: pure((name: string, time: bigint) => fieldText(timeOfDayField(name, Number(time), undefined))),
  extract_timetz: pure((name: string, text: string) => {
    const { micros, zone } = zonedTime(text);
    return fieldText(timeOfDayField(name, micros, 0 - zone));
  }),
  extract_timestamp: pure((name: string, micros: bigint) => fieldText(timestampField(name, micros, undefined))),
  extract_timestamptz: { kernel: (context, name, micros) => fieldText(zonedField(name as string, micros as bigint, context)) },
  extract_interval: pure((name: string, text: string) => fieldText(intervalField(name, intervalFromText(text)))),
  date_part_1384: pure((name: string, days: number) => {
    const micros = dateToTimestamp(days);
    return isJulian(name) && isFiniteTimestamp(micros) ? julianFloat(micros) : fieldFloat(timestampField(name, micros, undefined));
  }),
  time_part: pure((name: string, time: bigint) => fieldFloat(timeOfDayField(name, Number(time), undefined))),
  timetz_part: pure((name: string, text: string) => {
    const { micros, zone } = zonedTime(text);
    return fieldFloat(timeOfDayField(name, micros, 0 - zone));
  }),
  timestamp_part: pure((name: string, micros: bigint) =>
    isJulian(name) && isFiniteTimestamp(micros) ? julianFloat(micros) : fieldFloat(timestampField(name, micros, undefined)),
  ),
  timestamptz_part: {
    kernel: (context, name, micros) =>
      isJulian(name as string) && isFiniteTimestamp(micros as bigint)
        ? julianFloat(toLocal(micros as bigint, sessionZone(context)))
        : fieldFloat(zonedField(name as string, micros as bigint, context)),
  },
  interval_part: pure((name: string, text: string) => fieldFloat(intervalField(name, intervalFromText(text)))),

  timestamp_age: pure((a: bigint, b: bigint) => intervalText(ageOf(a, b))),
  timestamptz_age: {
    kernel: (context, a, b) => {
      const zone = sessionZone(context);
      const local = (micros: bigint): bigint => micros + BigInt(offsetAtInstant(micros, zone)) * 1_000_000n;
      return intervalText(ageOf(local(a as bigint), local(b as bigint)));
    },
  },
  age_2059: { kernel: (context, micros) => intervalText(ageOf(todayLocal(context), micros as bigint)) },
  age_1386: {
    kernel: (context, micros) => intervalText(ageOf(todayLocal(context), toLocal(micros as bigint, sessionZone(context)))),
  },

  make_date: pure((year: number, month: number, day: number) => {
    const days = makeDays(year, month, day);
    if (days === undefined) throw new PgError('22008', `date field value out of range: ${year < 0 ? year + 1 : year}-${two(month)}-${two(day)}`);
    if (!isValidDate(days)) throw new PgError('22008', `date out of range: ${year}-${two(month)}-${two(day)}`);
    return days;
  }),
  make_time: pure((hour: number, minute: number, second: number) => {
    const time = makeTime(hour, minute, second);
    if (time === undefined) throw new PgError('22008', `time field value out of range: ${hour}:${two(minute)}:${secondsText(second)}`);
    return time;
  }),
  make_timestamp: pure(makeTimestamp),
  make_timestamptz: {
    kernel: (context, year, month, day, hour, minute, second) =>
      fromLocal(makeTimestamp(year as number, month as number, day as number, hour as number, minute as number, second as number), sessionZone(context)),
  },
  make_timestamptz_at_timezone: pure((year: number, month: number, day: number, hour: number, minute: number, second: number, zone: string) =>
    fromLocal(makeTimestamp(year, month, day, hour, minute, second), namedZone(zone)),
  ),
  make_interval: pure(makeInterval),
  float8_timestamptz: pure(fromUnix),

  now: { kernel: (context) => context.transactionMicros },
  statement_timestamp: { kernel: (context) => context.statementMicros },
  clock_timestamp: { kernel: () => clock() },

  overlaps_timestamp: { kernel: overlapsKernel(timestampPlus, false, false) },
  overlaps_time: { kernel: overlapsKernel(timestampPlus, false, false) },
  overlaps_timetz: {
    kernel: (_, a, b, c, d) => overlaps(a as string | null, b as string | null, c as string | null, d as string | null, compareZonedTimes),
  },

  date_timestamp: { ...pure((days: number) => dateToTimestamp(days)), sqlite: castNative('BETWEEN -2451545 AND 100000000', (text) => `${text} * 86400000000`) },
  timestamp_date: {
    ...pure((micros: bigint) => timestampToDate(micros)),
    sqlite: castNative('BETWEEN 0 AND 9223371331199999999', (text) => `${text} / 86400000000`),
  },
  date_timestamptz: { kernel: (context, days) => dateToZoned(days as number, context) },
  timestamptz_date: { kernel: (context, micros) => timestampToDate(toLocal(micros as bigint, sessionZone(context))) },
  timestamp_timestamptz: { kernel: (context, micros) => fromLocal(micros as bigint, sessionZone(context)) },
  timestamptz_timestamp: { kernel: (context, micros) => toLocal(micros as bigint, sessionZone(context)) },
  timestamptz_1176: {
    kernel: (context, days, time) => {
      const local = dateToTimestamp(days as number);
      return isFiniteTimestamp(local) ? fromLocal(checked(local + (time as bigint)), sessionZone(context)) : local;
    },
  },
  timestamp_time: pure((micros: bigint) => (isFiniteTimestamp(micros) ? BigInt(splitTimestamp(micros).time) : null)),
  timestamptz_time: {
    kernel: (context, micros) => (isFiniteTimestamp(micros as bigint) ? BigInt(splitTimestamp(toLocal(micros as bigint, sessionZone(context))).time) : null),
  },
  timestamptz_timetz: {
    kernel: (context, micros) => {
      if (!isFiniteTimestamp(micros as bigint)) return null;
      const zone = sessionZone(context);
      return zonedTimeText({ micros: splitTimestamp(toLocal(micros as bigint, zone)).time, zone: 0 - offsetAtInstant(micros as bigint, zone) });
    },
  },
  time_timetz: {
    kernel: (context, time) => {
      const zone = sessionZone(context);
      const local = todayLocal(context) + (time as bigint);
      return zonedTimeText({ micros: Number(time), zone: Number((fromLocal(local, zone) - local) / 1_000_000n) });
    },
  },
  timetz_time: pure((text: string) => BigInt(zonedTime(text).micros)),
  time_interval: pure((time: bigint) => intervalText(intervalOf(0, 0, time))),
  interval_time: pure((text: string) => addToTime(0n, intervalFromText(text).micros)),
  timestamp_scale: scaled(Oid.timestamp),
  timestamptz_scale: scaled(Oid.timestamptz),
  time_scale: scaled(Oid.time),
  timetz_scale: scaled(Oid.timetz),
  interval_scale: scaled(Oid.interval),
};
