/**
 * Text input of intervals: PostgreSQL's, the SQL standard's and ISO 8601's forms. Called by the interval codec.
 */
import { badFormat, DateTimeInputError, fieldOverflow, type InputField, inputError, splitFields } from './datetime-parse.js';
import {
  applyIntervalTypmod,
  type Interval,
  intervalOutOfRange,
  intervalTypmodParts,
  rangeDay,
  rangeHour,
  rangeMinute,
  rangeMonth,
  rangeSecond,
  rangeYear,
  rint,
} from './interval.js';
import type { TypeContext } from './value.js';

type Unit = 'microsecond' | 'millisecond' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'quarter' | 'year' | 'decade' | 'century' | 'millennium';

const unitWords: Readonly<Record<Unit, string>> = {
  microsecond: 'microsecon us usec useconds usecs usecond',
  millisecond: 'millisecon ms msec mseconds msecs msecond',
  second: 's sec second seconds secs',
  minute: 'm min mins minute minutes',
  hour: 'h hour hours hr hrs',
  day: 'd day days',
  week: 'w week weeks',
  month: 'mon mons month months',
  quarter: 'qtr quarter',
  year: 'y year years yr yrs',
  decade: 'dec decade decades decs',
  century: 'c cent centuries century',
  millennium: 'mil millennia millennium mils',
};

const units: ReadonlyMap<string, Unit> = (() => {
  const made = new Map<string, Unit>();
  for (const [unit, words] of Object.entries(unitWords)) for (const word of words.split(' ')) made.set(word, unit as Unit);
  return made;
})();

/** The unit that a word means; only its first ten letters count, as in PostgreSQL. */
function intervalUnit(word: string): Unit | undefined {
  return units.get(word.slice(0, 10));
}

// What has been given, as bits; a second and its fractions are apart, so that they may be given side by side.
const unitMask: Readonly<Record<Unit, number>> = {
  microsecond: 1,
  millisecond: 2,
  second: 4,
  minute: 8,
  hour: 16,
  day: 32,
  week: 64,
  month: 128,
  quarter: 0,
  year: 256,
  decade: 512,
  century: 1024,
  millennium: 2048,
};
const allSecondsMask = 1 | 2 | 4;
const clockMask = allSecondsMask | 8 | 16;

const microsOf: Readonly<Partial<Record<Unit, number>>> = { microsecond: 1, millisecond: 1000, second: 1_000_000, minute: 60_000_000, hour: 3_600_000_000 };
const yearsOf: Readonly<Partial<Record<Unit, number>>> = { year: 1, decade: 10, century: 100, millennium: 1000 };

/** Sums up the parts; overflow of a part is an error of the field. */
class Parts {
  years = 0;
  months = 0;
  days = 0;
  micros = 0n;

  addMicros(value: bigint, fraction: number, unit: number): void {
    this.micros += value * BigInt(unit);
    this.addFraction(fraction, unit);
    if (BigInt.asIntN(64, this.micros) !== this.micros) throw fieldOverflow();
  }

  /** A fraction of a unit, rounded to the microsecond half towards zero. */
  addFraction(fraction: number, unit: number): void {
    if (fraction === 0) return;
    const exact = fraction * unit;
    let whole = Math.trunc(exact);
    if (exact - whole > 0.5) whole++;
    else if (exact - whole < -0.5) whole--;
    this.micros += BigInt(whole);
    if (BigInt.asIntN(64, this.micros) !== this.micros) throw fieldOverflow();
  }

  addDays(value: bigint, unit: number): void {
    this.days = int4(BigInt(this.days) + value * BigInt(unit));
  }

  addFractionalDays(fraction: number, unit: number): void {
    if (fraction === 0) return;
    const exact = fraction * unit;
    const whole = Math.trunc(exact);
    this.addDays(BigInt(whole), 1);
    this.addFraction(exact - whole, 86_400_000_000);
  }

  addMonths(value: bigint): void {
    this.months = int4(BigInt(this.months) + value);
  }

  addYears(value: bigint, fraction: number, unit: number): void {
    this.years = int4(BigInt(this.years) + value * BigInt(unit));
    this.addMonths(BigInt(rint(fraction * unit * 12)));
  }

  add(value: bigint, fraction: number, unit: Unit): void {
    switch (unit) {
      case 'microsecond':
      case 'millisecond':
      case 'second':
      case 'minute':
      case 'hour':
        this.addMicros(value, fraction, microsOf[unit] as number);
        return;
      case 'day':
        this.addDays(value, 1);
        this.addFraction(fraction, 86_400_000_000);
        return;
      case 'week':
        this.addDays(value, 7);
        this.addFractionalDays(fraction, 7);
        return;
      case 'month':
        this.addMonths(value);
        this.addFractionalDays(fraction, 30);
        return;
      case 'year':
      case 'decade':
      case 'century':
      case 'millennium':
        this.addYears(value, fraction, yearsOf[unit] as number);
        return;
      case 'quarter':
        throw badFormat();
    }
  }

  finish(): Interval {
    const months = this.years * 12 + this.months;
    if (months > 2_147_483_647 || months < -2_147_483_648) throw intervalOutOfRange();
    return { months: months + 0, days: this.days + 0, micros: this.micros };
  }
}

function int4(value: bigint): number {
  if (value > 2_147_483_647n || value < -2_147_483_648n) throw fieldOverflow();
  return Number(value);
}

function int8(text: string): bigint {
  const value = BigInt(text.startsWith('+') ? text.slice(1) : text);
  if (BigInt.asIntN(64, value) !== value) throw fieldOverflow();
  return value;
}

/** The unit of a last number without one. */
function defaultUnit(range: number): Unit {
  switch (range) {
    case rangeYear:
      return 'year';
    case rangeMonth:
    case rangeYear | rangeMonth:
      return 'month';
    case rangeDay:
      return 'day';
    case rangeHour:
    case rangeDay | rangeHour:
      return 'hour';
    case rangeMinute:
    case rangeHour | rangeMinute:
    case rangeDay | rangeHour | rangeMinute:
      return 'minute';
    default:
      return 'second';
  }
}

/** `hh:mm[:ss[.ffffff]]` as microseconds; undefined when it is none. */
function clockMicros(text: string, range: number): bigint {
  const match = /^([+-]?\d+):([+-]?\d*)(?:(\.\d*)|:([+-]?\d*)(\.\d*)?)?$/.exec(text);
  if (match === null) throw badFormat();
  let hour = int8(match[1] as string);
  let minute = int8((match[2] as string) === '' ? '0' : (match[2] as string));
  let second = 0n;
  let fraction = match[5] ?? '';
  if (match[3] !== undefined || (match[4] === undefined && range === (rangeMinute | rangeSecond))) {
    // Two fields mean mm:ss here.
    second = minute;
    minute = hour;
    hour = 0n;
    fraction = match[3] ?? '';
  } else if (match[4] !== undefined) {
    second = int8(match[4] === '' ? '0' : match[4]);
  }
  if (hour < 0n || minute < 0n || minute > 59n || second < 0n || second > 60n) throw fieldOverflow();
  const micros = fraction === '' || fraction === '.' ? 0n : BigInt(rint(Number(fraction) * 1_000_000));
  const total = ((hour * 60n + minute) * 60n + second) * 1_000_000n + micros;
  if (BigInt.asIntN(64, total) !== total) throw fieldOverflow();
  return total;
}

/** The traditional and the SQL standard's forms: units come after their numbers, so the fields are read backwards. */
function readFields(fields: readonly InputField[], range: number, context: TypeContext): Interval {
  const parts = new Parts();
  let unit: Unit | undefined;
  let seen = 0;
  let ago = false;
  // In the SQL standard's style a leading minus without other signs is for all parts.
  const allNegative =
    context.intervalStyle === 'sql_standard' && fields[0]?.text.startsWith('-') === true && !fields.slice(1).some((field) => /^[+-]/.test(field.text));
  for (let at = fields.length - 1; at >= 0; at--) {
    const { kind, text } = fields[at] as InputField;
    let mask = 0;
    switch (kind) {
      case 'time':
        parts.micros = forced(clockMicros(text, range), allNegative);
        mask = clockMask;
        unit = 'day';
        break;
      case 'zone':
      case 'date':
      case 'number': {
        if (kind === 'zone' && text.indexOf(':', 1) > 0) {
          const micros = signedClock(text, range);
          if (micros !== undefined) {
            parts.micros = forced(micros, allNegative);
            mask = clockMask;
            unit = 'day';
            break;
          }
        }
        unit ??= defaultUnit(range);
        mask = readNumber(text, unit, parts, allNegative);
        if (/^[+-]?\d+-/.test(text)) unit = 'month';
        // What stands before hours is days.
        else if (unit === 'hour') unit = 'day';
        break;
      }
      case 'string':
      case 'special': {
        const named = intervalUnit(text);
        if (named !== undefined) unit = named;
        else if (text !== 'ago') throw badFormat();
        else {
          ago = true;
          // No number can stand right before it: there is no unit.
          unit = 'quarter';
        }
        break;
      }
    }
    if ((mask & seen) !== 0) throw badFormat();
    seen |= mask;
  }
  if (seen === 0) throw badFormat();
  if (ago) {
    parts.years = 0 - parts.years;
    parts.months = 0 - parts.months;
    parts.days = 0 - parts.days;
    parts.micros = -parts.micros;
  }
  return parts.finish();
}

/** The value, negative if all are to be. */
function forced(value: bigint, allNegative: boolean): bigint {
  return allNegative && value > 0n ? -value : value;
}

function signedClock(text: string, range: number): bigint | undefined {
  try {
    const micros = clockMicros(text.slice(1), range);
    return text.startsWith('-') ? -micros : micros;
  } catch (error) {
    if (error instanceof DateTimeInputError) return undefined;
    throw error;
  }
}

/** `12`, `1.5`, `.5` or years-months; gives what it filled. */
function readNumber(text: string, unit: Unit, parts: Parts, allNegative: boolean): number {
  const yearMonth = /^([+-]?)(\d+)-([+-]?\d*)/.exec(text);
  if (yearMonth !== null) {
    const [, sign, years, months] = yearMonth as unknown as [string, string, string, string];
    const rest = Number(months);
    if (rest < 0 || rest >= 12) throw fieldOverflow();
    if (yearMonth[0].length !== text.length) throw badFormat();
    const total = int8(years) * 12n + BigInt(rest);
    parts.addMonths(sign === '-' || allNegative ? -total : total);
    return unitMask.month;
  }
  const match = /^([+-]?)(\d*)(\.\d*)?$/.exec(text);
  if (match === null || ((match[2] as string) === '' && match[3] === undefined)) throw badFormat();
  const [, sign, digits, point] = match as unknown as [string, string, string, string | undefined];
  const value = int8(sign + (digits === '' ? '0' : digits));
  let fraction = point === undefined || point === '.' ? 0 : Number(point);
  if (sign === '-' || allNegative) fraction = 0 - fraction;
  parts.add(forced(value, allNegative), fraction, unit);
  return unit === 'second' && fraction !== 0 ? allSecondsMask : unitMask[unit];
}

/** P1Y2M3W4DT5H6M7.8S, and P0001-02-03T04:05:06 or P00010203T040506. */
function readIso(text: string): Interval {
  if (!text.startsWith('P') || text.length < 2) throw badFormat();
  const parts = new Parts();
  let at = 1;
  let datePart = true;
  let haveField = false;
  while (at < text.length) {
    if (text[at] === 'T') {
      datePart = false;
      haveField = false;
      at++;
      continue;
    }
    const match = /^([+-]?)(\d*)(?:(\.\d*))?(?:[eE]([+-]?\d+))?/.exec(text.slice(at));
    if (match === null || ((match[2] as string) === '' && (match[3] ?? '.') === '.')) throw badFormat();
    const [written, sign, digits, point, exponent] = match as unknown as [string, string, string, string | undefined, string | undefined];
    const start = at;
    at += written.length;
    let value = int8(sign + (digits === '' ? '0' : digits));
    let fraction = point === undefined || point === '.' ? 0 : Number(point);
    if (sign === '-') fraction = 0 - fraction;
    if (exponent !== undefined) {
      const all = Number(written);
      value = BigInt(Math.trunc(all));
      fraction = all - Math.trunc(all);
    }
    const unit = text[at] ?? '';
    at++;
    if (datePart) {
      switch (unit) {
        case 'Y':
          parts.add(value, fraction, 'year');
          break;
        case 'M':
          parts.add(value, fraction, 'month');
          break;
        case 'W':
          parts.add(value, fraction, 'week');
          break;
        case 'D':
          parts.add(value, fraction, 'day');
          break;
        case 'T':
        case '': {
          // The basic form: YYYYMMDD.
          if (digits.length === 8 && !haveField && sign === '') {
            parts.addYears(value / 10_000n, 0, 1);
            parts.addMonths((value / 100n) % 100n);
            parts.addDays(value % 100n, 1);
            parts.addFraction(fraction, 86_400_000_000);
            if (unit === '') return parts.finish();
            datePart = false;
            haveField = false;
            continue;
          }
          return readIsoAlternative(text, start, parts, 'date', haveField);
        }
        case '-':
          return readIsoAlternative(text, start, parts, 'date', haveField);
        default:
          throw badFormat();
      }
    } else {
      switch (unit) {
        case 'H':
          parts.add(value, fraction, 'hour');
          break;
        case 'M':
          parts.add(value, fraction, 'minute');
          break;
        case 'S':
          parts.add(value, fraction, 'second');
          break;
        case '':
          if (digits.length === 6 && !haveField && sign === '') {
            parts.addMicros(value / 10_000n, 0, 3_600_000_000);
            parts.addMicros((value / 100n) % 100n, 0, 60_000_000);
            parts.addMicros(value % 100n, fraction, 1_000_000);
            return parts.finish();
          }
          return readIsoAlternative(text, start, parts, 'time', haveField);
        case ':':
          return readIsoAlternative(text, start, parts, 'time', haveField);
        default:
          throw badFormat();
      }
    }
    haveField = true;
  }
  return parts.finish();
}

/** The extended form with separators, from a position on. */
function readIsoAlternative(text: string, from: number, parts: Parts, start: 'date' | 'time', haveField: boolean): Interval {
  if (haveField) throw badFormat();
  const pattern = start === 'date' ? /^(-?\d+)(\.\d*)?(?:-(-?\d+)(\.\d*)?(?:-(-?\d+)(\.\d*)?)?)?(?:T(.*))?$/ : /^()()()()()()(.*)$/;
  const match = pattern.exec(text.slice(from));
  if (match === null) throw badFormat();
  const [, years, yearFraction, months, monthFraction, days, dayFraction, clock] = match;
  const part = (digits: string | undefined, point: string | undefined, unit: Unit): void => {
    if (digits === undefined) return;
    const rest = point === undefined || point === '.' ? 0 : Number(point);
    parts.add(int8(digits), digits.startsWith('-') ? 0 - rest : rest, unit);
  };
  if (start === 'date') {
    part(years, yearFraction, 'year');
    part(months, monthFraction, 'month');
    part(days, dayFraction, 'day');
  }
  if (clock !== undefined && clock !== '') {
    const time = /^(-?\d+)(\.\d*)?(?::(-?\d+)(\.\d*)?(?::(-?\d+)(\.\d*)?)?)?$/.exec(clock);
    if (time === null) throw badFormat();
    part(time[1], time[2], 'hour');
    part(time[3], time[4], 'minute');
    part(time[5], time[6], 'second');
  }
  return parts.finish();
}

/** interval_in. */
export function parseInterval(text: string, typmod: number, context: TypeContext): Interval {
  const { range } = intervalTypmodParts(typmod);
  try {
    let interval: Interval;
    try {
      interval = readFields(splitFields(text), range, context);
    } catch (error) {
      if (!(error instanceof DateTimeInputError) || error.reason !== 'format') throw error;
      interval = readIso(text);
    }
    return applyIntervalTypmod(interval, typmod);
  } catch (error) {
    throw inputError(error instanceof DateTimeInputError && error.reason === 'overflow' ? new DateTimeInputError('interval') : error, 'interval', text);
  }
}
