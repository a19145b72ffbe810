/** to_char of timestamps and intervals. */
import { PgError } from '../../common/errors.js';
import { isoWeek, isoYearStart } from '../../types/calendar.js';
import { dateTemplate, type FieldNode } from './date-template.js';
import { dayNames, monthNames, ordinalEnding, romanMonths } from './names.js';

/** What a template may show. For intervals the fields are sums, not a calendar's. */
export interface ShownMoment {
  readonly year: number;
  /** 1..12; for an interval 0..11. */
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  readonly micros: number;
  readonly dayOfYear: number;
  readonly dayOfWeek: number;
  /** Days since 2000-01-01. */
  readonly days: number;
  readonly julian: number;
  readonly interval: boolean;
  /** timestamptz only: seconds east of Greenwich and the zone's abbreviation. */
  readonly zone?: { readonly offset: number; readonly abbreviation: string };
}

/** C's %0*d. */
function padded(value: number, width: number): string {
  const digits = String(Math.abs(value));
  return value < 0 ? `-${digits.padStart(width - 1, '0')}` : digits.padStart(width, '0');
}

function cased(name: string, shown: string): string {
  if (shown === shown.toUpperCase()) return name.toUpperCase();
  return shown === shown.toLowerCase() ? name.toLowerCase() : name;
}

export function formatMoment(template: string, moment: ShownMoment): string {
  let result = '';
  for (const node of dateTemplate(template)) result += node.kind === 'field' ? fieldText(node, moment) : node.text;
  return result;
}

function fieldText(node: FieldNode, moment: ShownMoment): string {
  const text = plainField(node, moment);
  if (node.ordinal === undefined || !/\d$/.test(text)) return text;
  const ending = ordinalEnding(text);
  return text + (node.ordinal === 'TH' ? ending.toUpperCase() : ending);
}

function plainField(node: FieldNode, moment: ShownMoment): string {
  const { key, fill, shown } = node;
  const calendarOnly = (): void => {
    if (moment.interval) {
      throw new PgError('22007', 'invalid format specification for an interval value', { hint: 'Intervals are not tied to specific calendar dates.' });
    }
  };
  const number = (value: number, width: number): string => padded(value, fill ? 0 : value >= 0 ? width : width + 1);
  const shownYear = moment.interval ? moment.year : moment.year <= 0 ? 1 - moment.year : moment.year;
  const iso = (): number => {
    const { year } = isoWeek(moment.days);
    return year <= 0 ? 1 - year : year;
  };
  switch (key) {
    case 'A.M.':
    case 'P.M.':
      return cased(moment.hour % 24 >= 12 ? 'P.M.' : 'A.M.', shown);
    case 'AM':
    case 'PM':
      return cased(moment.hour % 24 >= 12 ? 'PM' : 'AM', shown);
    case 'HH':
    case 'HH12': {
      const hour = moment.hour % 12 === 0 ? 12 : moment.hour % 12;
      return padded(hour, fill ? 0 : moment.hour >= 0 ? 2 : 3);
    }
    case 'HH24':
      return number(moment.hour, 2);
    case 'MI':
      return number(moment.minute, 2);
    case 'SS':
      return number(moment.second, 2);
    case 'FF1':
    case 'FF2':
    case 'FF3':
    case 'FF4':
    case 'FF5':
    case 'FF6': {
      const digits = Number(key.charAt(2));
      return padded(Math.trunc(moment.micros / 10 ** (6 - digits)) + 0, digits);
    }
    case 'MS':
      return padded(Math.trunc(moment.micros / 1000) + 0, 3);
    case 'US':
      return padded(moment.micros, 6);
    case 'SSSS':
    case 'SSSSS':
      return String(moment.hour * 3600 + moment.minute * 60 + moment.second);
    case 'TZ':
      calendarOnly();
      return moment.zone === undefined ? '' : cased(moment.zone.abbreviation, shown === 'tz' ? 'tz' : 'TZ');
    case 'TZH':
      calendarOnly();
      return zoneHours(moment);
    case 'TZM':
      calendarOnly();
      return padded(Math.floor(Math.abs(moment.zone?.offset ?? 0) / 60) % 60, 2);
    case 'OF': {
      calendarOnly();
      const minutes = Math.floor(Math.abs(moment.zone?.offset ?? 0) / 60) % 60;
      return `${zoneHours(moment)}${minutes !== 0 ? `:${padded(minutes, 2)}` : ''}`;
    }
    case 'A.D.':
    case 'B.C.':
      calendarOnly();
      return cased(moment.year <= 0 ? 'B.C.' : 'A.D.', shown);
    case 'AD':
    case 'BC':
      calendarOnly();
      return cased(moment.year <= 0 ? 'BC' : 'AD', shown);
    case 'MONTH':
    case 'MON': {
      calendarOnly();
      const name = monthNames[moment.month - 1] as string;
      const text = cased(key === 'MON' ? name.slice(0, 3) : name, shown);
      return key === 'MON' || fill || node.translated ? text : text.padEnd(9);
    }
    case 'MM':
      return number(moment.month, 2);
    case 'DAY':
    case 'DY': {
      calendarOnly();
      const name = dayNames[moment.dayOfWeek] as string;
      const text = cased(key === 'DY' ? name.slice(0, 3) : name, shown);
      return key === 'DY' || fill || node.translated ? text : text.padEnd(9);
    }
    case 'DDD':
      return padded(moment.dayOfYear, fill ? 0 : 3);
    case 'IDDD':
      return padded(moment.days - isoYearStart(isoWeek(moment.days).year) + 1, fill ? 0 : 3);
    case 'DD':
      return padded(moment.day, fill ? 0 : 2);
    case 'D':
      calendarOnly();
      return String(moment.dayOfWeek + 1);
    case 'ID':
      calendarOnly();
      return String(moment.dayOfWeek === 0 ? 7 : moment.dayOfWeek);
    case 'WW':
      return padded(Math.trunc((moment.dayOfYear - 1) / 7) + 1, fill ? 0 : 2);
    case 'IW':
      return padded(isoWeek(moment.days).week, fill ? 0 : 2);
    case 'W':
      return String(Math.trunc((moment.day - 1) / 7) + 1);
    case 'Q':
      return moment.month === 0 ? '' : String(Math.trunc((moment.month - 1) / 3) + 1);
    case 'CC': {
      const century = moment.interval
        ? Math.trunc(moment.year / 100)
        : moment.year > 0
          ? Math.trunc((moment.year - 1) / 100) + 1
          : Math.trunc(moment.year / 100) - 1;
      return padded(century, fill || Math.abs(century) > 99 ? 0 : century >= 0 ? 2 : 3);
    }
    case 'Y,YYY':
      return `${Math.trunc(shownYear / 1000)},${padded(shownYear % 1000, 3)}`;
    case 'YYYY':
      return number(shownYear, 4);
    case 'YYY':
      return number(shownYear % 1000, 3);
    case 'YY':
      return number(shownYear % 100, 2);
    case 'Y':
      return number(shownYear % 10, 1);
    case 'IYYY':
      return number(iso(), 4);
    case 'IYY':
      return number(iso() % 1000, 3);
    case 'IY':
      return number(iso() % 100, 2);
    case 'I':
      return number(iso() % 10, 1);
    case 'RM': {
      if (moment.month === 0 && moment.year === 0) return '';
      // An interval's months may be 0 (XII, or I before the year began) or negative, counted from the end.
      const index = moment.month === 0 ? (moment.year >= 0 ? 11 : 0) : moment.month < 0 ? 12 + moment.month : moment.month - 1;
      const name = romanMonths[index] as string;
      const text = shown === 'rm' ? name.toLowerCase() : name;
      return fill ? text : text.padEnd(4);
    }
    case 'J':
      return String(moment.julian);
    default:
      return '';
  }
}

function zoneHours(moment: ShownMoment): string {
  const offset = moment.zone?.offset ?? 0;
  return `${offset < 0 ? '-' : '+'}${padded(Math.floor(Math.abs(offset) / 3600), 2)}`;
}
