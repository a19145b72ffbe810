/**
 * Text input of date, time and timestamp types, in two steps as PostgreSQL's datetime.c has them: the text is split into fields by their looks, then
 * the fields are read by what is still missing. Called by the codecs; functions that take text go through the codecs.
 */
import { PgError } from '../common/errors.js';
import { isSpace } from './binary.js';
import { dateOf, daysInMonth, daysOf, julianOfEpoch } from './calendar.js';
import { microsPerDay, offsetForLocalParts, splitTimestamp, timeMicros, toLocal, unixSecondsOf } from './datetime.js';
import { findTimeZone, timeZoneOf } from './time-zone.js';
import type { TimeZone } from './zone.js';
import type { TypeContext } from './value.js';
import { zoneAbbreviations } from './zone-names.js';

export type FieldKind = 'date' | 'time' | 'zone' | 'number' | 'string' | 'special';

export interface InputField {
  readonly kind: FieldKind;
  readonly text: string;
}

/** Why a text could not be read; turned into a PgError with the type's name by `inputError`. */
export class DateTimeInputError extends Error {
  constructor(readonly reason: 'format' | 'overflow' | 'monthDay' | 'zone' | 'interval') {
    super(reason);
  }
}

export const badFormat = (): DateTimeInputError => new DateTimeInputError('format');
export const fieldOverflow = (): DateTimeInputError => new DateTimeInputError('overflow');

/** The user's error for a text that is no `typeName`. */
export function inputError(error: unknown, typeName: string, text: string): Error {
  if (!(error instanceof DateTimeInputError)) return error as Error;
  switch (error.reason) {
    case 'format':
      return new PgError('22007', `invalid input syntax for type ${typeName}: "${text}"`);
    case 'overflow':
      return new PgError('22008', `date/time field value out of range: "${text}"`);
    case 'monthDay':
      return new PgError('22008', `date/time field value out of range: "${text}"`, { hint: 'Perhaps you need a different "datestyle" setting.' });
    case 'zone':
      return new PgError('22009', `time zone displacement out of range: "${text}"`);
    case 'interval':
      return new PgError('22015', `interval field value out of range: "${text}"`);
  }
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isLetter = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90);

const maxFields = 25;
const maxLength = 150;

/** Splits a text into fields. Letters come out in lower case. */
export function splitFields(text: string): InputField[] {
  const fields: InputField[] = [];
  const { length } = text;
  let at = 0;
  const take = (accept: (code: number) => boolean): void => {
    while (at < length && accept(text.charCodeAt(at))) at++;
  };
  while (at < length) {
    const first = text.charCodeAt(at);
    if (isSpace(first)) {
      at++;
      continue;
    }
    if (fields.length >= maxFields || length > maxLength) throw badFormat();
    const start = at;
    let kind: FieldKind;
    if (isDigit(first)) {
      take(isDigit);
      const separator = text.charCodeAt(at);
      if (separator === 58) {
        kind = 'time';
        take((code) => isDigit(code) || code === 58 || code === 46);
      } else if (separator === 45 || separator === 47 || separator === 46) {
        at++;
        if (isDigit(text.charCodeAt(at))) {
          kind = separator === 46 ? 'number' : 'date';
          take(isDigit);
          // A second separator of the same kind makes it a date.
          if (text.charCodeAt(at) === separator) {
            kind = 'date';
            take((code) => isDigit(code) || code === separator);
          }
        } else {
          kind = 'date';
          take((code) => isDigit(code) || isLetter(code) || code === separator);
        }
      } else {
        kind = 'number';
      }
    } else if (first === 46) {
      kind = 'number';
      at++;
      take(isDigit);
    } else if (isLetter(first)) {
      kind = 'string';
      take(isLetter);
      const next = text.charCodeAt(at);
      const dateLike = next === 45 || next === 47 || next === 46 || ((next === 43 || isDigit(next)) && !keywords.has(text.slice(start, at).toLowerCase()));
      if (dateLike) {
        kind = 'date';
        take((code) => isDigit(code) || isLetter(code) || code === 43 || code === 45 || code === 47 || code === 95 || code === 46 || code === 58);
      }
    } else if (first === 43 || first === 45) {
      at++;
      take(isSpace);
      const bodyStart = at;
      const next = text.charCodeAt(at);
      if (isDigit(next)) {
        take((code) => isDigit(code) || code === 58 || code === 46 || code === 45);
        kind = 'zone';
      } else if (isLetter(next)) {
        take(isLetter);
        kind = 'special';
      } else {
        throw badFormat();
      }
      fields.push({ kind, text: (text[start] as string) + text.slice(bodyStart, at).toLowerCase() });
      continue;
    } else if (first > 32 && first < 127) {
      at++;
      continue;
    } else {
      throw badFormat();
    }
    fields.push({ kind, text: text.slice(start, at).toLowerCase() });
  }
  return fields;
}

// Which parts have been seen, as bits.
const maskYear = 1;
const maskMonth = 2;
const maskDay = 4;
const maskHour = 8;
const maskZone = 16;
const maskDayOfYear = 32;
const maskDstModifier = 64;
const maskAmPm = 128;
const maskEra = 256;
const maskWeekday = 512;
const maskReserved = 1024;
const maskMinute = 2048;
const maskSecond = 4096;
const maskDate = maskYear | maskMonth | maskDay;
const maskTime = maskHour | maskMinute | maskSecond;

/** A field that a letter before it names (`y2001m02d04`); `other` cannot label a number. */
type LabelUnit = 'year' | 'month' | 'day' | 'hour' | 'minute' | 'second' | 'other';

type Keyword =
  | { readonly kind: 'month'; readonly value: number }
  | { readonly kind: 'weekday' }
  | { readonly kind: 'ampm'; readonly pm: boolean }
  | { readonly kind: 'era'; readonly bc: boolean }
  | { readonly kind: 'reserved'; readonly value: 'now' | 'today' | 'tomorrow' | 'yesterday' | 'epoch' | 'late' | 'early' | 'allballs' }
  | { readonly kind: 'julian' }
  | { readonly kind: 'isotime' }
  | { readonly kind: 'unit'; readonly unit: LabelUnit }
  | { readonly kind: 'dst' }
  | { readonly kind: 'ignore' };

const keywords: ReadonlyMap<string, Keyword> = (() => {
  const made = new Map<string, Keyword>();
  const months = ['jan january', 'feb february', 'mar march', 'apr april', 'may', 'jun june', 'jul july', 'aug august', 'sep sept september', 'oct october'];
  [...months, 'nov november', 'dec december'].forEach((words, index) => {
    for (const word of words.split(' ')) made.set(word, { kind: 'month', value: index + 1 });
  });
  for (const word of 'sun sunday mon monday tue tues tuesday wed weds wednesday thu thur thurs thursday fri friday sat saturday'.split(' ')) {
    made.set(word, { kind: 'weekday' });
  }
  made.set('am', { kind: 'ampm', pm: false });
  made.set('pm', { kind: 'ampm', pm: true });
  made.set('ad', { kind: 'era', bc: false });
  made.set('bc', { kind: 'era', bc: true });
  for (const word of ['now', 'today', 'tomorrow', 'yesterday', 'epoch', 'allballs'] as const) made.set(word, { kind: 'reserved', value: word });
  made.set('infinity', { kind: 'reserved', value: 'late' });
  made.set('-infinity', { kind: 'reserved', value: 'early' });
  for (const word of ['j', 'jd', 'julian']) made.set(word, { kind: 'julian' });
  made.set('t', { kind: 'isotime' });
  for (const word of ['dow', 'doy', 'isodow', 'isoyear']) made.set(word, { kind: 'unit', unit: 'other' });
  const labels = { y: 'year', m: 'month', d: 'day', h: 'hour', mm: 'minute', s: 'second' } as const;
  for (const [word, unit] of Object.entries(labels)) made.set(word, { kind: 'unit', unit });
  made.set('dst', { kind: 'dst' });
  made.set('at', { kind: 'ignore' });
  made.set('on', { kind: 'ignore' });
  return made;
})();

/** What a text says. `days` is set unless `special` is; `zoneOffset` is seconds east where a zone was given or asked for. */
export interface ParsedDateTime {
  readonly special: 'epoch' | 'late' | 'early' | undefined;
  readonly days: number;
  /** Microseconds of the day. */
  readonly time: number;
  readonly zoneOffset: number;
}

/** An int4 as C's strtol would read it, at the start of a text. */
function leadingInteger(text: string, from: number): { readonly value: number; readonly end: number } {
  let end = from;
  const sign = text.charCodeAt(end);
  if (sign === 43 || sign === 45) end++;
  const digits = end;
  while (isDigit(text.charCodeAt(end))) end++;
  if (end === digits) return { value: 0, end: from };
  const value = Number(text.slice(from, end));
  if (value > 2_147_483_647 || value < -2_147_483_648) throw fieldOverflow();
  return { value, end };
}

/** `.123` as microseconds, rounded. */
function fractionMicros(text: string): number {
  if (text === '.') return 0;
  if (!/^\.\d+$/.test(text)) throw badFormat();
  return Math.round(Number(text) * 1_000_000);
}

/** `±hh[:mm[:ss]]` or `±hhmm` as seconds east. */
function parseZoneOffset(text: string): number {
  const sign = text.charCodeAt(0);
  if (sign !== 43 && sign !== 45) throw badFormat();
  let hours: number;
  let minutes = 0;
  let seconds = 0;
  let end: number;
  try {
    ({ value: hours, end } = leadingInteger(text, 1));
    if (text.charCodeAt(end) === 58) {
      ({ value: minutes, end } = leadingInteger(text, end + 1));
      if (text.charCodeAt(end) === 58) ({ value: seconds, end } = leadingInteger(text, end + 1));
    } else if (end === text.length && text.length > 3) {
      minutes = hours % 100;
      hours = Math.trunc(hours / 100);
    }
  } catch (error) {
    throw error instanceof DateTimeInputError ? new DateTimeInputError('zone') : error;
  }
  if (hours < 0 || hours > 15 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 59) throw new DateTimeInputError('zone');
  if (end !== text.length) throw badFormat();
  const offset = (hours * 60 + minutes) * 60 + seconds;
  return sign === 45 ? 0 - offset : offset;
}

/** Reads the fields of one text. */
class DateTimeReader {
  private seen = 0;
  private year = 0;
  private month = 0;
  private day = 0;
  private dayOfYear = 0;
  private hour = 0;
  private minute = 0;
  private second = 0;
  private micros = 0;
  private twoDigitYear = false;
  private textMonth = false;
  private julian = false;
  private bc = false;
  private meridian: 'am' | 'pm' | undefined;
  /** The last field was a label for the next one. */
  private label: 'none' | 'julian' | 'time' | LabelUnit = 'none';
  private offset = 0;
  private namedZone: TimeZone | undefined;
  private special: 'epoch' | 'late' | 'early' | undefined;
  private readonly timeOnly: boolean;

  constructor(
    private readonly fields: readonly InputField[],
    private readonly context: TypeContext,
    private readonly target: 'timestamp' | 'timestamptz' | 'time' | 'timetz',
  ) {
    this.timeOnly = target === 'time' || target === 'timetz';
  }

  /** For reading numbers in a time-only text: the date counts as given. */
  private get dateMask(): number {
    return this.timeOnly ? this.seen | maskDate : this.seen;
  }

  read(): ParsedDateTime {
    const { fields } = this;
    for (let at = 0; at < fields.length; at++) {
      const mask = this.field(at);
      if ((mask & this.seen) !== 0) throw badFormat();
      this.seen |= mask;
    }
    return this.finish();
  }

  private field(at: number): number {
    const { kind, text } = this.fields[at] as InputField;
    switch (kind) {
      case 'date':
        return this.timeOnly ? this.dateFieldOfTime(at, text) : this.dateField(text);
      case 'time':
        if (this.label !== 'none' && !this.timeOnly) {
          if (this.label !== 'time') throw badFormat();
        }
        this.label = 'none';
        return this.clock(text);
      case 'zone':
        this.offset = parseZoneOffset(text);
        return maskZone;
      case 'number':
        if (this.label !== 'none') return this.labelled(text);
        return this.timeOnly ? this.numberOfTime(at, text) : this.number(text);
      case 'string':
      case 'special':
        return this.word(at, text);
    }
  }

  private dateField(text: string): number {
    if (this.label === 'julian') {
      const { value, end } = leadingInteger(text, 0);
      if (value < 0) throw fieldOverflow();
      this.setJulian(value);
      this.offset = parseZoneOffset(text.slice(end));
      this.label = 'none';
      return maskDate | maskTime | maskZone;
    }
    if (this.label !== 'none' || (this.seen & (maskMonth | maskDay)) === (maskMonth | maskDay)) {
      if (!isDigit(text.charCodeAt(0)) && this.label === 'none') return this.zoneName(text);
      if (this.label !== 'none' && this.label !== 'time') throw badFormat();
      this.label = 'none';
      if ((this.seen & maskTime) === maskTime) throw badFormat();
      return this.timeWithZone(text, this.seen);
    }
    return this.calendarDate(text);
  }

  /** `hhmmss-zz` */
  private timeWithZone(text: string, seen: number): number {
    const dash = text.indexOf('-');
    if (dash < 0) throw badFormat();
    this.offset = parseZoneOffset(text.slice(dash));
    return this.digits(text.slice(0, dash), seen) | maskZone;
  }

  private dateFieldOfTime(at: number, text: string): number {
    const { fields } = this;
    if (at === 0 && fields.length >= 2 && (fields[fields.length - 1]?.kind === 'date' || fields[1]?.kind === 'time')) return this.calendarDate(text);
    if (!isDigit(text.charCodeAt(0))) return this.zoneName(text);
    if ((this.seen & maskTime) === maskTime) throw badFormat();
    return this.timeWithZone(text, this.dateMask);
  }

  private zoneName(text: string): number {
    this.namedZone = timeZoneOf(text);
    return maskZone;
  }

  private labelled(text: string): number {
    const { value, end } = leadingInteger(text, 0);
    if (end !== text.length && text.charCodeAt(end) !== 46) throw badFormat();
    const { label } = this;
    this.label = 'none';
    this.special = undefined;
    if (label === 'julian') {
      if (value < 0) throw fieldOverflow();
      this.setJulian(value);
      if (end === text.length) return maskDate;
      this.setTime(Math.round(Number(text.slice(end)) * microsPerDay));
      return maskDate | maskTime;
    }
    if (end < text.length && label !== 'time' && label !== 'second') throw badFormat();
    switch (label) {
      case 'year':
        this.year = value;
        return maskYear;
      case 'month':
        // After a month and an hour, m means minutes.
        if ((this.seen & maskMonth) !== 0 && (this.seen & maskHour) !== 0) {
          this.minute = value;
          return maskMinute;
        }
        this.month = value;
        return maskMonth;
      case 'day':
        this.day = value;
        return maskDay;
      case 'hour':
        this.hour = value;
        return maskHour;
      case 'minute':
        this.minute = value;
        return maskMinute;
      case 'second':
        this.second = value;
        if (end < text.length) this.micros = fractionMicros(text.slice(end));
        return maskSecond;
      case 'time': {
        const mask = this.digits(text, this.seen | maskDate);
        if (mask !== maskTime) throw badFormat();
        return mask;
      }
      default:
        throw badFormat();
    }
  }

  private number(text: string): number {
    const point = text.indexOf('.');
    if (point >= 0 && (this.seen & maskDate) === 0) return this.calendarDate(text);
    if (point > 2) return this.digits(text, this.seen);
    if (text.length >= 6 && ((this.seen & maskDate) === 0 || (this.seen & maskTime) !== maskTime)) return this.digits(text, this.seen);
    return this.single(text, this.seen);
  }

  private numberOfTime(at: number, text: string): number {
    const { fields } = this;
    const point = text.indexOf('.');
    if (point >= 0) {
      if (at === 0 && fields.length >= 2 && fields[fields.length - 1]?.kind === 'date') return this.calendarDate(text);
      if (point > 2) return this.digits(text, this.dateMask);
      throw badFormat();
    }
    return text.length > 4 ? this.digits(text, this.dateMask) : this.single(text, this.dateMask);
  }

  private word(at: number, text: string): number {
    const abbreviation = zoneAbbreviations.get(text);
    if (abbreviation !== undefined) {
      if (abbreviation.kind === 'fixed') {
        this.offset = abbreviation.offsetSeconds;
        if (abbreviation.isDst) return maskZone | maskDstModifier;
      } else {
        this.namedZone = new AbbreviatedZone(abbreviation.name, timeZoneOf(abbreviation.zone));
      }
      return maskZone;
    }
    const keyword = keywords.get(text);
    if (keyword === undefined) {
      const zone = findTimeZone(text);
      if (zone === undefined) throw badFormat();
      this.namedZone = zone;
      return maskZone;
    }
    switch (keyword.kind) {
      case 'ignore':
        return 0;
      case 'reserved':
        return this.reserved(keyword.value);
      case 'month':
        if (this.timeOnly) throw badFormat();
        return this.monthName(keyword.value);
      case 'weekday':
        if (this.timeOnly) throw badFormat();
        return maskWeekday;
      case 'ampm':
        this.meridian = keyword.pm ? 'pm' : 'am';
        return maskAmPm;
      case 'era':
        this.bc = keyword.bc;
        return maskEra;
      case 'dst':
        this.offset += 3600;
        return maskDstModifier;
      case 'julian':
        this.label = 'julian';
        return 0;
      case 'unit':
        this.label = keyword.unit;
        return 0;
      case 'isotime': {
        if (!this.timeOnly && (this.seen & maskDate) !== maskDate) throw badFormat();
        const next = this.fields[at + 1]?.kind;
        if (next !== 'number' && next !== 'time' && next !== 'date') throw badFormat();
        this.label = 'time';
        return 0;
      }
    }
  }

  private monthName(value: number): number {
    let mask = maskMonth;
    // A number that was taken for the month is the day, then.
    if ((this.seen & maskMonth) !== 0 && !this.textMonth && (this.seen & maskDay) === 0 && this.month >= 1 && this.month <= 31) {
      this.day = this.month;
      mask = maskDay;
    }
    this.textMonth = true;
    this.month = value;
    return mask;
  }

  private reserved(value: Extract<Keyword, { kind: 'reserved' }>['value']): number {
    const { context } = this;
    if (value === 'allballs') {
      this.special = undefined;
      this.setTime(0);
      this.offset = 0;
      return maskTime | maskZone;
    }
    if (this.timeOnly && value !== 'now') throw badFormat();
    if (value === 'epoch' || value === 'late' || value === 'early') {
      this.special = value;
      return maskReserved;
    }
    this.special = undefined;
    const zone = timeZoneOf(context.timeZone);
    const { days, time } = splitTimestamp(toLocal(context.nowMicros, zone));
    if (value === 'now') {
      this.setTime(time);
      if (this.timeOnly) return maskTime;
      this.setDays(days);
      this.offset = zone.offsetAt(unixSecondsOf(context.nowMicros));
      return maskDate | maskTime | maskZone;
    }
    this.setDays(value === 'today' ? days : value === 'tomorrow' ? days + 1 : days - 1);
    return maskDate;
  }

  private setTime(micros: number): void {
    this.hour = 0;
    this.minute = 0;
    this.second = Math.floor(micros / 1_000_000);
    this.micros = micros - this.second * 1_000_000;
    this.hour = Math.floor(this.second / 3600);
    this.second -= this.hour * 3600;
    this.minute = Math.floor(this.second / 60);
    this.second -= this.minute * 60;
  }

  private setDays(days: number): void {
    const date = dateOf(days);
    this.year = date.year;
    this.month = date.month;
    this.day = date.day;
    this.julian = true;
  }

  private setJulian(day: number): void {
    this.setDays(day - julianOfEpoch);
  }

  /** `hh:mm[:ss[.ffffff]]`, or `mm:ss.ffffff`. */
  private clock(text: string): number {
    let { value: hour, end } = leadingInteger(text, 0);
    if (text.charCodeAt(end) !== 58) throw badFormat();
    let { value: minute, end: minuteEnd } = leadingInteger(text, end + 1);
    let second = 0;
    let micros = 0;
    const next = text.charCodeAt(minuteEnd);
    if (next === 46) {
      micros = fractionMicros(text.slice(minuteEnd));
      second = minute;
      minute = hour;
      hour = 0;
    } else if (next === 58) {
      ({ value: second, end } = leadingInteger(text, minuteEnd + 1));
      if (end < text.length) {
        if (text.charCodeAt(end) !== 46) throw badFormat();
        micros = fractionMicros(text.slice(end));
      }
    } else if (minuteEnd < text.length) {
      throw badFormat();
    }
    if (hour < 0 || minute < 0 || minute > 59 || second < 0 || second > 60 || micros > 1_000_000) throw fieldOverflow();
    this.hour = hour;
    this.minute = minute;
    this.second = second;
    this.micros = micros;
    if (!this.timeOnly) this.checkClock();
    return maskTime;
  }

  /** Times beyond 24:00:00 are refused. */
  private checkClock(): void {
    if (this.hour > 24 || this.minute > 59 || this.second > 60 || timeMicros(this.hour, this.minute, this.second, this.micros) > microsPerDay)
      throw fieldOverflow();
  }

  /** A date in one field, with separators. */
  private calendarDate(text: string): number {
    const parts: string[] = [];
    for (let at = 0; at < text.length; ) {
      while (at < text.length && !isDigit(text.charCodeAt(at)) && !isLetter(text.charCodeAt(at))) at++;
      if (at === text.length) throw badFormat();
      const start = at;
      const accept = isDigit(text.charCodeAt(at)) ? isDigit : isLetter;
      while (at < text.length && accept(text.charCodeAt(at))) at++;
      parts.push(text.slice(start, at));
      if (at < text.length) at++;
    }
    let seen = this.seen;
    let mask = 0;
    let haveMonth = false;
    const add = (found: number): void => {
      if ((seen & found) !== 0) throw badFormat();
      seen |= found;
      mask |= found;
    };
    for (const part of parts) {
      if (!isLetter(part.charCodeAt(0))) continue;
      const keyword = keywords.get(part);
      if (keyword?.kind !== 'month') throw badFormat();
      this.month = keyword.value;
      haveMonth = true;
      add(maskMonth);
    }
    for (const part of parts) if (isDigit(part.charCodeAt(0))) add(this.single(part, seen, haveMonth));
    if ((seen & ~(maskDayOfYear | maskZone)) !== maskDate) throw badFormat();
    return mask;
  }

  /** Digits run together: yyyymmdd, hhmmss[.ffffff], hhmm. */
  private digits(text: string, seen: number): number {
    let { length } = text;
    const point = text.indexOf('.');
    if (point >= 0) {
      this.micros = fractionMicros(text.slice(point));
      length = point;
    } else if ((seen & maskDate) !== maskDate && length >= 6) {
      this.day = Number(text.slice(length - 2));
      this.month = Number(text.slice(length - 4, length - 2));
      this.year = Number(text.slice(0, length - 4));
      if (this.year > 2_147_483_647) throw fieldOverflow();
      if (length - 4 === 2) this.twoDigitYear = true;
      return maskDate;
    }
    if ((seen & maskTime) !== maskTime && (length === 6 || length === 4)) {
      this.hour = Number(text.slice(0, 2));
      this.minute = Number(text.slice(2, 4));
      this.second = length === 6 ? Number(text.slice(4, 6)) : 0;
      return maskTime;
    }
    throw badFormat();
  }

  /** One number: its part of the date is what is missing, in the order of DateStyle. */
  private single(text: string, seen: number, haveMonth = this.textMonth): number {
    const { value, end } = leadingInteger(text, 0);
    if (end === 0) throw badFormat();
    if (text.charCodeAt(end) === 46) {
      if (end > 2) return this.digits(text, seen | maskDate);
      this.micros = fractionMicros(text.slice(end));
    } else if (end !== text.length) {
      throw badFormat();
    }
    const width = text.length;
    if (width === 3 && (seen & maskDate) === maskYear && value >= 1 && value <= 366) {
      this.dayOfYear = value;
      return maskDayOfYear | maskMonth | maskDay;
    }
    const { dateOrder } = this.context;
    switch (seen & maskDate) {
      case 0:
        if (width >= 3 || dateOrder === 'YMD') return this.setYear(value, width);
        return dateOrder === 'DMY' ? this.setDay(value) : this.setMonth(value);
      case maskYear:
      case maskDay:
        return this.setMonth(value);
      case maskMonth:
        if (haveMonth && (width >= 3 || dateOrder === 'YMD')) return this.setYear(value, width);
        return this.setDay(value);
      case maskYear | maskMonth:
        if (haveMonth && width >= 3 && this.twoDigitYear) {
          // The number that was taken for a year was the day.
          this.day = this.year;
          this.year = value;
          this.twoDigitYear = false;
          return maskDay;
        }
        return this.setDay(value);
      case maskMonth | maskDay:
        return this.setYear(value, width);
      case maskDate:
        return this.digits(text, seen);
      default:
        throw badFormat();
    }
  }

  private setYear(value: number, width: number): number {
    this.year = value;
    this.twoDigitYear = width <= 2;
    return maskYear;
  }

  private setMonth(value: number): number {
    this.month = value;
    return maskMonth;
  }

  private setDay(value: number): number {
    this.day = value;
    return maskDay;
  }

  private finish(): ParsedDateTime {
    this.validateDate();
    if (this.meridian !== undefined && this.hour > 12) throw fieldOverflow();
    if (this.meridian === 'am' && this.hour === 12) this.hour = 0;
    else if (this.meridian === 'pm' && this.hour !== 12) this.hour += 12;
    if (this.special !== undefined) return { special: this.special, days: 0, time: 0, zoneOffset: 0 };
    if (this.timeOnly) this.checkClock();
    const haveDate = (this.seen & maskDate) === maskDate;
    if (this.timeOnly ? (this.seen & maskTime) === 0 : !haveDate) throw badFormat();
    const days = haveDate ? daysOf(this.year, this.month, this.day) : 0;
    const time = timeMicros(this.hour, this.minute, this.second, this.micros);
    return { special: undefined, days, time, zoneOffset: this.zoneOffset(haveDate, days, time) };
  }

  private zoneOffset(haveDate: boolean, days: number, time: number): number {
    const { namedZone, context, seen } = this;
    if (namedZone !== undefined) {
      if ((seen & maskDstModifier) !== 0) throw badFormat();
      if (namedZone.fixed) return namedZone.offsetAt(0);
      // A zone whose offset has ever changed means nothing without a date.
      if (!haveDate) {
        if (namedZone instanceof AbbreviatedZone) return namedZone.offsetAt(unixSecondsOf(context.nowMicros));
        throw badFormat();
      }
      return offsetForLocalParts(days, time, namedZone);
    }
    if ((seen & maskZone) !== 0) return this.offset;
    if ((seen & maskDstModifier) !== 0) throw badFormat();
    if (this.target === 'timestamp' || this.target === 'time') return 0;
    const zone = timeZoneOf(context.timeZone);
    if (zone.fixed) return zone.offsetAt(0);
    if (haveDate) return offsetForLocalParts(days, time, zone);
    if ((seen & maskDate) !== 0) throw badFormat();
    return offsetForLocalParts(splitTimestamp(toLocal(context.nowMicros, zone)).days, time, zone);
  }

  private validateDate(): void {
    const { seen } = this;
    if ((seen & maskYear) !== 0 && !this.julian) {
      if (this.bc) {
        if (this.year <= 0) throw fieldOverflow();
        this.year = 1 - this.year;
      } else if (this.twoDigitYear) {
        if (this.year < 0) throw fieldOverflow();
        this.year += this.year < 70 ? 2000 : this.year < 100 ? 1900 : 0;
      } else if (this.year <= 0) {
        throw fieldOverflow();
      }
    }
    if ((seen & maskDayOfYear) !== 0) {
      const date = dateOf(daysOf(this.year, 1, 1) + this.dayOfYear - 1);
      this.year = date.year;
      this.month = date.month;
      this.day = date.day;
    }
    if ((seen & maskMonth) !== 0 && (this.month < 1 || this.month > 12)) throw new DateTimeInputError('monthDay');
    if ((seen & maskDay) !== 0 && (this.day < 1 || this.day > 31)) throw new DateTimeInputError('monthDay');
    if ((seen & maskDate) === maskDate && this.day > daysInMonth(this.year, this.month)) throw fieldOverflow();
  }
}

/** An abbreviation that means what it meant in its zone at the time. */
class AbbreviatedZone implements TimeZone {
  readonly fixed = false;
  constructor(
    readonly name: string,
    private readonly zone: TimeZone,
  ) {}
  offsetAt(unixSeconds: number): number {
    return this.zone.offsetAt(unixSeconds);
  }
  offsetForLocal(localSeconds: number): number {
    return this.zone.offsetForLocal(localSeconds);
  }
  abbreviationAt(): string {
    return this.name;
  }
}

/** Reads a date or timestamp. Without `wantZone` the zone offset is not looked up. Throws DateTimeInputError (see `inputError`) or PgError. */
export function parseDateTime(text: string, context: TypeContext, wantZone: boolean): ParsedDateTime {
  return parseIso(text, context, wantZone) ?? new DateTimeReader(splitFields(text), context, wantZone ? 'timestamptz' : 'timestamp').read();
}

/** Reads a time with or without zone. */
export function parseTime(text: string, context: TypeContext, wantZone: boolean): ParsedDateTime {
  return new DateTimeReader(splitFields(text), context, wantZone ? 'timetz' : 'time').read();
}

/** `yyyy-mm-dd[ hh:mm:ss[.ffffff]][±hh]` with everything in range: the common case. Others take the long way. */
function parseIso(text: string, context: TypeContext, wantZone: boolean): ParsedDateTime | undefined {
  const { length } = text;
  if (length < 10 || length > 29 || text.charCodeAt(4) !== 45 || text.charCodeAt(7) !== 45) return undefined;
  const year = twoDigits(text, 0) * 100 + twoDigits(text, 2);
  const month = twoDigits(text, 5);
  const day = twoDigits(text, 8);
  if (!(year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysInMonth(year, month))) return undefined;
  const days = daysOf(year, month, day);
  let time = 0;
  let zoneOffset: number | undefined;
  if (length > 10) {
    if (length < 19 || text.charCodeAt(10) !== 32 || text.charCodeAt(13) !== 58 || text.charCodeAt(16) !== 58) return undefined;
    const hour = twoDigits(text, 11);
    const minute = twoDigits(text, 14);
    const second = twoDigits(text, 17);
    if (!(hour <= 23 && minute <= 59 && second <= 59)) return undefined;
    let micros = 0;
    let at = 19;
    if (text.charCodeAt(at) === 46) {
      let unit = 100_000;
      for (at = 20; at < length && isDigit(text.charCodeAt(at)); at++) {
        micros += (text.charCodeAt(at) - 48) * unit;
        unit /= 10;
      }
      if (at > 26 || at === 20) return undefined;
    }
    if (at < length) {
      const sign = text.charCodeAt(at);
      if ((sign !== 43 && sign !== 45) || at + 3 !== length) return undefined;
      const zone = twoDigits(text, at + 1);
      if (!(zone <= 15)) return undefined;
      zoneOffset = sign === 45 ? 0 - zone * 3600 : zone * 3600;
    }
    time = timeMicros(hour, minute, second, micros);
  }
  if (zoneOffset === undefined) zoneOffset = wantZone ? offsetForLocalParts(days, time, timeZoneOf(context.timeZone)) : 0;
  return { special: undefined, days, time, zoneOffset };
}

/** Two digits as a number; NaN when they are not. */
function twoDigits(text: string, at: number): number {
  const tens = text.charCodeAt(at) - 48;
  const ones = text.charCodeAt(at + 1) - 48;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : NaN;
}
