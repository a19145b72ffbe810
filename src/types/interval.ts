/**
 * Intervals: months, days and microseconds that are kept apart. Value form, output styles, key, typmod and arithmetic; input is in
 * interval-parse.ts. Used by the codec and by the interval functions.
 */
import { PgError } from '../common/errors.js';
import { formatFraction } from './datetime-format.js';
import { roundToPrecision } from './datetime.js';
import type { TypeContext } from './value.js';

export interface Interval {
  /** int4 */
  readonly months: number;
  /** int4 */
  readonly days: number;
  /** int8 */
  readonly micros: bigint;
}

export const microsPerDayBig = 86_400_000_000n;
const daysPerMonth = 30;

export function intervalOutOfRange(): PgError {
  return new PgError('22008', 'interval out of range');
}

/** An interval of parts that are checked against int4 and int8. */
export function intervalOf(months: number, days: number, micros: bigint): Interval {
  if (months > 2_147_483_647 || months < -2_147_483_648 || days > 2_147_483_647 || days < -2_147_483_648) throw intervalOutOfRange();
  if (BigInt.asIntN(64, micros) !== micros) throw intervalOutOfRange();
  return { months, days, micros };
}

/** The physical value: `<months> <days> <microseconds>`. */
export function intervalText(interval: Interval): string {
  return `${interval.months} ${interval.days} ${interval.micros}`;
}

/** The interval of a physical value. */
export function intervalFromText(text: string): Interval {
  const first = text.indexOf(' ');
  const second = text.indexOf(' ', first + 1);
  return { months: Number(text.slice(0, first)), days: Number(text.slice(first + 1, second)), micros: BigInt(text.slice(second + 1)) };
}

/** Length in microseconds with months of 30 days and days of 24 hours: what comparison goes by. */
export function intervalSpan(interval: Interval): bigint {
  return (BigInt(interval.months) * 30n + BigInt(interval.days)) * microsPerDayBig + interval.micros;
}

const keyBias = 1n << 79n;

/** Ten bytes, big-endian, whose order is that of the spans. */
export function intervalKey(text: string): Uint8Array {
  const key = new Uint8Array(10);
  let rest = intervalSpan(intervalFromText(text)) + keyBias;
  for (let at = 9; at >= 0; at--) {
    key[at] = Number(rest & 255n);
    rest >>= 8n;
  }
  return key;
}

export function negateInterval(interval: Interval): Interval {
  return intervalOf(0 - interval.months, 0 - interval.days, -interval.micros);
}

export function addIntervals(left: Interval, right: Interval): Interval {
  return intervalOf(left.months + right.months, left.days + right.days, left.micros + right.micros);
}

export function subtractIntervals(left: Interval, right: Interval): Interval {
  return intervalOf(left.months - right.months, left.days - right.days, left.micros - right.micros);
}

/** Round half to even, as C's rint. */
export function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest < 0.5) return floor;
  if (rest > 0.5) return floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}

/** To the microsecond, as TSROUND. */
function roundMicros(value: number): number {
  return rint(value * 1_000_000) / 1_000_000;
}

function scale(interval: Interval, months: number, days: number, micros: (micros: number) => number, factor: (value: number) => number): Interval {
  if (!(Math.abs(months) <= 2_147_483_648) || !(Math.abs(days) <= 2_147_483_648)) throw intervalOutOfRange();
  const wholeMonths = Math.trunc(months);
  let wholeDays = Math.trunc(days);
  // Fractions cascade down: months to days of 30, days to seconds of 86400.
  let monthRemainder = (factor(interval.months) - wholeMonths) * daysPerMonth;
  monthRemainder = roundMicros(monthRemainder);
  let seconds = (factor(interval.days) - wholeDays + monthRemainder - Math.trunc(monthRemainder)) * 86_400;
  seconds = roundMicros(seconds);
  if (Math.abs(seconds) >= 86_400) {
    wholeDays += Math.trunc(seconds / 86_400);
    seconds -= Math.trunc(seconds / 86_400) * 86_400;
  }
  wholeDays += Math.trunc(monthRemainder);
  const total = rint(micros(Number(interval.micros)) + seconds * 1_000_000);
  if (!(Math.abs(total) < 2 ** 63)) throw intervalOutOfRange();
  return intervalOf(wholeMonths, wholeDays, BigInt(total));
}

/** interval * float8. */
export function multiplyInterval(interval: Interval, factor: number): Interval {
  const times = (value: number): number => value * factor;
  return scale(interval, times(interval.months), times(interval.days), times, times);
}

/** interval / float8. */
export function divideInterval(interval: Interval, divisor: number): Interval {
  if (divisor === 0) throw new PgError('22012', 'division by zero');
  const over = (value: number): number => value / divisor;
  return scale(interval, over(interval.months), over(interval.days), over, over);
}

/** justify_hours: whole days of the time go to the days. */
export function justifyHours(interval: Interval): Interval {
  const whole = interval.micros / microsPerDayBig;
  let micros = interval.micros - whole * microsPerDayBig;
  let days = interval.days + Number(whole);
  if (days > 0 && micros < 0n) {
    micros += microsPerDayBig;
    days--;
  } else if (days < 0 && micros > 0n) {
    micros -= microsPerDayBig;
    days++;
  }
  return intervalOf(interval.months, days, micros);
}

/** justify_days: whole months of 30 days go to the months. */
export function justifyDays(interval: Interval): Interval {
  const whole = Math.trunc(interval.days / daysPerMonth);
  let days = interval.days - whole * daysPerMonth;
  let months = interval.months + whole;
  if (months > 0 && days < 0) {
    days += daysPerMonth;
    months--;
  } else if (months < 0 && days > 0) {
    days -= daysPerMonth;
    months++;
  }
  return intervalOf(months, days, interval.micros);
}

/** justify_interval: both, with one sign for all parts. */
export function justifyInterval(interval: Interval): Interval {
  let { months, days, micros } = interval;
  // First let days and time agree, so that the carry into the months does not overflow.
  if ((days > 0 && micros > 0n) || (days < 0 && micros < 0n)) {
    const whole = Math.trunc(days / daysPerMonth);
    days -= whole * daysPerMonth;
    months += whole;
  }
  const wholeDays = micros / microsPerDayBig;
  micros -= wholeDays * microsPerDayBig;
  days += Number(wholeDays);
  const wholeMonths = Math.trunc(days / daysPerMonth);
  days -= wholeMonths * daysPerMonth;
  months += wholeMonths;
  if (months > 0 && (days < 0 || (days === 0 && micros < 0n))) {
    days += daysPerMonth;
    months--;
  } else if (months < 0 && (days > 0 || (days === 0 && micros > 0n))) {
    days -= daysPerMonth;
    months++;
  }
  if (days > 0 && micros < 0n) {
    micros += microsPerDayBig;
    days--;
  } else if (days < 0 && micros > 0n) {
    micros -= microsPerDayBig;
    days++;
  }
  return intervalOf(months, days, micros);
}

/** The parts that output shows. */
interface Parts {
  readonly years: number;
  readonly months: number;
  readonly days: number;
  readonly hours: bigint;
  readonly minutes: number;
  readonly seconds: number;
  readonly micros: number;
}

function partsOf(interval: Interval): Parts {
  const years = Math.trunc(interval.months / 12);
  const hours = interval.micros / 3_600_000_000n;
  const rest = Number(interval.micros - hours * 3_600_000_000n);
  const minutes = Math.trunc(rest / 60_000_000);
  const inMinute = rest - minutes * 60_000_000;
  const seconds = Math.trunc(inMinute / 1_000_000);
  return { years, months: interval.months - years * 12, days: interval.days, hours, minutes, seconds, micros: inMinute - seconds * 1_000_000 };
}

const pad2 = (value: number | bigint): string => String(value).padStart(2, '0');
const magnitude = (value: bigint): bigint => (value < 0n ? -value : value);

/** interval_out. */
export function formatInterval(interval: Interval, style: TypeContext['intervalStyle']): string {
  switch (style) {
    case 'postgres':
      return formatPostgres(interval);
    case 'postgres_verbose':
      return formatVerbose(partsOf(interval));
    case 'sql_standard':
      return formatSqlStandard(partsOf(interval));
    case 'iso_8601':
      return formatIso(partsOf(interval));
  }
}

function formatPostgres(interval: Interval): string {
  const { years, months, days, hours, minutes, seconds, micros } = partsOf(interval);
  let text = '';
  let before = false;
  const part = (value: number, unit: string): void => {
    if (value === 0) return;
    text += `${text === '' ? '' : ' '}${before && value > 0 ? '+' : ''}${value} ${unit}${value === 1 ? '' : 's'}`;
    // A later positive part after a negative one shows its sign.
    before = value < 0;
  };
  part(years, 'year');
  part(months, 'mon');
  part(days, 'day');
  if (text === '' || interval.micros !== 0n) {
    const negative = interval.micros < 0n;
    const sign = negative ? '-' : before ? '+' : '';
    text += `${text === '' ? '' : ' '}${sign}${pad2(magnitude(hours))}:${pad2(Math.abs(minutes))}:${pad2(Math.abs(seconds))}${formatFraction(Math.abs(micros))}`;
  }
  return text;
}

function formatVerbose(parts: Parts): string {
  let text = '@';
  let empty = true;
  let ago = false;
  const part = (value: number | bigint, unit: string): void => {
    let shown = Number(value);
    if (shown === 0) return;
    let digits = String(value);
    if (empty) {
      ago = shown < 0;
      shown = Math.abs(shown);
      digits = digits.replace('-', '');
    } else if (ago) {
      shown = 0 - shown;
      digits = digits.startsWith('-') ? digits.slice(1) : `-${digits}`;
    }
    text += ` ${digits} ${unit}${shown === 1 ? '' : 's'}`;
    empty = false;
  };
  part(parts.years, 'year');
  part(parts.months, 'mon');
  part(parts.days, 'day');
  part(parts.hours, 'hour');
  part(parts.minutes, 'min');
  const { seconds, micros } = parts;
  if (seconds !== 0 || micros !== 0) {
    let sign = '';
    if (seconds < 0 || micros < 0) {
      if (empty) ago = true;
      else if (!ago) sign = '-';
    } else if (ago) {
      sign = '-';
    }
    text += ` ${sign}${Math.abs(seconds)}${formatFraction(Math.abs(micros))} sec${Math.abs(seconds) !== 1 || micros !== 0 ? 's' : ''}`;
    empty = false;
  }
  if (empty) return '@ 0';
  return ago ? `${text} ago` : text;
}

function formatSqlStandard(parts: Parts): string {
  const { years, months, days, hours, minutes, seconds, micros } = parts;
  const negative = years < 0 || months < 0 || days < 0 || hours < 0n || minutes < 0 || seconds < 0 || micros < 0;
  const positive = years > 0 || months > 0 || days > 0 || hours > 0n || minutes > 0 || seconds > 0 || micros > 0;
  const yearMonth = years !== 0 || months !== 0;
  const dayTime = days !== 0 || hours !== 0n || minutes !== 0 || seconds !== 0 || micros !== 0;
  const clock = `${magnitude(hours)}:${pad2(Math.abs(minutes))}:${pad2(Math.abs(seconds))}${formatFraction(Math.abs(micros))}`;
  if (!negative && !positive) return '0';
  if ((negative && positive) || (yearMonth && dayTime)) {
    // Mixed: every group shows its sign.
    const monthSign = years < 0 || months < 0 ? '-' : '+';
    const daySign = days < 0 ? '-' : '+';
    const timeSign = hours < 0n || minutes < 0 || seconds < 0 || micros < 0 ? '-' : '+';
    return `${monthSign}${Math.abs(years)}-${Math.abs(months)} ${daySign}${Math.abs(days)} ${timeSign}${clock}`;
  }
  const sign = negative ? '-' : '';
  if (yearMonth) return `${sign}${Math.abs(years)}-${Math.abs(months)}`;
  return days === 0 ? sign + clock : `${sign}${Math.abs(days)} ${clock}`;
}

function formatIso(parts: Parts): string {
  const { years, months, days, hours, minutes, seconds, micros } = parts;
  const part = (value: number | bigint, unit: string): string => (Number(value) === 0 ? '' : `${value}${unit}`);
  const date = part(years, 'Y') + part(months, 'M') + part(days, 'D');
  const second = seconds === 0 && micros === 0 ? '' : `${seconds < 0 || micros < 0 ? '-' : ''}${Math.abs(seconds)}${formatFraction(Math.abs(micros))}S`;
  const time = part(hours, 'H') + part(minutes, 'M') + second;
  if (date === '' && time === '') return 'PT0S';
  return `P${date}${time === '' ? '' : `T${time}`}`;
}

/** Bits of an interval typmod's range. */
export const rangeMonth = 1 << 1;
export const rangeYear = 1 << 2;
export const rangeDay = 1 << 3;
export const rangeHour = 1 << 10;
export const rangeMinute = 1 << 11;
export const rangeSecond = 1 << 12;
const rangeFull = 0x7fff;
const precisionFull = 0xffff;

export function intervalTypmodParts(typmod: number): { readonly range: number; readonly precision: number } {
  return typmod < 0 ? { range: rangeFull, precision: precisionFull } : { range: (typmod >> 16) & 0x7fff, precision: typmod & 0xffff };
}

const rangeNames: ReadonlyMap<number, string> = new Map([
  [rangeYear, ' year'],
  [rangeMonth, ' month'],
  [rangeDay, ' day'],
  [rangeHour, ' hour'],
  [rangeMinute, ' minute'],
  [rangeSecond, ' second'],
  [rangeYear | rangeMonth, ' year to month'],
  [rangeDay | rangeHour, ' day to hour'],
  [rangeDay | rangeHour | rangeMinute, ' day to minute'],
  [rangeDay | rangeHour | rangeMinute | rangeSecond, ' day to second'],
  [rangeHour | rangeMinute, ' hour to minute'],
  [rangeHour | rangeMinute | rangeSecond, ' hour to second'],
  [rangeMinute | rangeSecond, ' minute to second'],
  [rangeFull, ''],
]);

/** Modifier from the grammar's arguments: the range mask and, optionally, the precision. */
export function intervalTypmodIn(args: readonly number[]): number {
  const [range, precision] = args;
  if (range === undefined || args.length > 2 || !rangeNames.has(range)) throw new PgError('22023', 'invalid INTERVAL type modifier');
  if (precision === undefined) return range === rangeFull ? -1 : (precisionFull | (range << 16)) >>> 0;
  if (precision < 0) throw new PgError('22023', `INTERVAL(${precision}) precision must not be negative`);
  return (Math.min(precision, 6) | (range << 16)) >>> 0;
}

export function intervalTypmodOut(typmod: number): string {
  if (typmod < 0) return '';
  const { range, precision } = intervalTypmodParts(typmod);
  return `${rangeNames.get(range) ?? ''}${precision === precisionFull ? '' : `(${precision})`}`;
}

/** Cuts an interval to its typmod's range and rounds it to its precision. */
export function applyIntervalTypmod(interval: Interval, typmod: number): Interval {
  if (typmod < 0) return interval;
  const { range, precision } = intervalTypmodParts(typmod);
  let { months, days, micros } = interval;
  const cut = (unit: bigint): bigint => (micros / unit) * unit;
  switch (range) {
    case rangeYear:
      months = Math.trunc(months / 12) * 12;
      days = 0;
      micros = 0n;
      break;
    case rangeMonth:
    case rangeYear | rangeMonth:
      days = 0;
      micros = 0n;
      break;
    case rangeDay:
      micros = 0n;
      break;
    case rangeHour:
    case rangeDay | rangeHour:
      micros = cut(3_600_000_000n);
      break;
    case rangeMinute:
    case rangeHour | rangeMinute:
    case rangeDay | rangeHour | rangeMinute:
      micros = cut(60_000_000n);
      break;
    default:
  }
  if (precision !== precisionFull) micros = roundToPrecision(micros, precision);
  return intervalOf(months + 0, days, micros);
}
