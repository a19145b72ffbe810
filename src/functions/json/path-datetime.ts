/** Dates and times in jsonpath: the items that .datetime() makes, their comparison and their text in JSON. Used by path.ts. */
import { notSupported, PgError } from '../../common/errors.js';
import { daysInMonth, daysOf } from '../../types/calendar.js';
import { formatDate, formatTime, formatTimestamp } from '../../types/datetime-format.js';
import { microsPerDay, splitTimestamp } from '../../types/datetime.js';
import { Oid } from '../../types/registry.js';
import { timeZoneOf } from '../../types/time-zone.js';
import { fromLocal } from '../../types/datetime.js';
import { canonicalContext } from '../../types/value.js';
import { dateTemplate } from '../template/date-template.js';
import { readMoment } from '../template/parse-date.js';

/** Days for a date; microseconds otherwise (timetz: of the local time). `offset`: seconds east of Greenwich. */
export interface PathDateTime {
  readonly kind: 'datetime';
  readonly type: typeof Oid.date | typeof Oid.time | typeof Oid.timetz | typeof Oid.timestamp | typeof Oid.timestamptz;
  readonly value: bigint;
  readonly offset: number;
}

const typeNames: Readonly<Record<PathDateTime['type'], string>> = {
  [Oid.date]: 'date',
  [Oid.time]: 'time without time zone',
  [Oid.timetz]: 'time with time zone',
  [Oid.timestamp]: 'timestamp without time zone',
  [Oid.timestamptz]: 'timestamp with time zone',
};

export function dateTimeTypeName(item: PathDateTime): string {
  return typeNames[item.type];
}

const standard = /^\s*(?:(\d+)-(\d{1,2})-(\d{1,2}))?(?:([T ]\s*|^\s*)?(\d{1,2}):(\d{1,2}):(\d{1,2})(?:\.(\d{1,6}))?\s*(?:([+-]\d{1,2})(?::(\d{1,2}))?)?)?$/;

/** .datetime() without a template: ISO dates, times and both; undefined when the text is none. */
export function readStandard(text: string): PathDateTime | undefined {
  const match = standard.exec(text);
  if (match === null) return undefined;
  const [, year, month, day, separator, hour, minute, second, fraction, zoneHour, zoneMinute] = match;
  if (year === undefined && hour === undefined) return undefined;
  if (year !== undefined && hour !== undefined && (separator === undefined || separator === '')) return undefined;
  if (year === undefined && separator !== undefined && /^T/.test(separator)) return undefined;
  const date = year === undefined ? undefined : { year: Number(year), month: Number(month), day: Number(day) };
  if (date !== undefined && (date.year === 0 || date.month < 1 || date.month > 12 || date.day < 1 || date.day > daysInMonth(date.year, date.month)))
    return undefined;
  let micros = 0;
  if (hour !== undefined) {
    const [h, m, s] = [Number(hour), Number(minute), Number(second)];
    if (h > 23 || m > 59 || s > 59) return undefined;
    micros = ((h * 60 + m) * 60 + s) * 1_000_000 + Number((fraction ?? '').padEnd(6, '0'));
  }
  let offset: number | undefined;
  if (zoneHour !== undefined) {
    const hours = Math.abs(Number(zoneHour));
    const minutes = Number(zoneMinute ?? 0);
    if (hours > 15 || minutes > 59) return undefined;
    offset = (zoneHour.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60;
  }
  return itemOf(date === undefined ? undefined : daysOf(date.year, date.month, date.day), hour === undefined ? undefined : micros, offset);
}

function itemOf(days: number | undefined, time: number | undefined, offset: number | undefined): PathDateTime {
  if (days === undefined) return { kind: 'datetime', type: offset === undefined ? Oid.time : Oid.timetz, value: BigInt(time ?? 0), offset: offset ?? 0 };
  if (time === undefined) return { kind: 'datetime', type: Oid.date, value: BigInt(days), offset: 0 };
  const local = BigInt(days) * BigInt(microsPerDay) + BigInt(time);
  if (offset === undefined) return { kind: 'datetime', type: Oid.timestamp, value: local, offset: 0 };
  return { kind: 'datetime', type: Oid.timestamptz, value: local - BigInt(offset) * 1_000_000n, offset };
}

const dateKey = /^(?:Y|I|B|A\.?D|MON|MM|RM|D|W|J|Q|CC|ID|IDDD)/i;

/** .datetime(template). The type follows from what the template has. */
export function readTemplate(text: string, template: string): PathDateTime {
  let dated = false;
  let timed = false;
  let zoned = false;
  for (const node of dateTemplate(template)) {
    if (node.kind !== 'field') continue;
    const key = node.key.toUpperCase();
    if (/^TZ|^OF/.test(key)) zoned = true;
    else if (/^(?:HH|MI|SS|MS|US|FF|AM|PM|A\.M|P\.M)/.test(key)) timed = true;
    else if (dateKey.test(key)) dated = true;
  }
  if (zoned && !timed) throw new PgError('22007', 'datetime format is zoned but not timed');
  if (!dated && !timed) throw new PgError('22007', 'datetime format is not dated and not timed');
  checkStrict(text, template);
  const { days, time, offset } = readMoment(text, template);
  if (zoned && offset === undefined) throw new PgError('22007', `missing time zone in input string for type ${dated ? 'timestamptz' : 'timetz'}`);
  return itemOf(dated ? days : undefined, timed ? time : undefined, zoned ? offset : undefined);
}

/** The strict mode of templates: separators must be there as written, and nothing may follow. */
function checkStrict(text: string, template: string): void {
  const nodes = dateTemplate(template);
  let pattern = '';
  for (const node of nodes) {
    if (node.kind === 'field')
      pattern += /^(?:MON|DAY|DY|RM|AM|PM|A\.M|P\.M|A\.?D|B\.?C)/i.test(node.key)
        ? '\\s*[A-Za-z.]+'
        : /^TZ/i.test(node.key)
          ? '\\s*[+-]?\\d+'
          : '\\s*[+-]?\\d+';
    else pattern += /^\s+$/.test(literalOf(node)) ? '\\s*' : literalOf(node).replace(/[^A-Za-z0-9]/g, '\\$&');
  }
  if (new RegExp(`^${pattern}\\s*$`).test(text)) return;
  if (new RegExp(`^${pattern}`).test(text)) throw new PgError('22007', 'trailing characters remain in input string after datetime format');
  const separator = nodes.find((node) => node.kind !== 'field' && /[^A-Za-z0-9\s]/.test(literalOf(node)) && !text.includes(literalOf(node)));
  const shortened = nodes.filter((node) => node.kind !== 'field').every((node) => text.includes(literalOf(node).trim()));
  if (separator !== undefined && !shortened && /[^A-Za-z0-9\s-]/.test(text))
    throw new PgError('22007', `unmatched format separator "${literalOf(separator).charAt(0)}"`);
  throw new PgError('22007', 'input string is too short for datetime format');
}

function literalOf(node: ReturnType<typeof dateTemplate>[number]): string {
  return node.kind === 'field' ? '' : node.text;
}

/** The item's text as JSON shows it: ISO 8601. */
export function dateTimeText(item: PathDateTime): string {
  const zone = (): string => {
    const minutes = Math.floor(Math.abs(item.offset) / 60);
    const pad = (value: number): string => String(value).padStart(2, '0');
    return `${item.offset < 0 ? '-' : '+'}${pad(Math.floor(minutes / 60))}:${pad(minutes % 60)}`;
  };
  switch (item.type) {
    case Oid.date:
      return formatDate(Number(item.value), canonicalContext);
    case Oid.time:
      return formatTime(Number(item.value));
    case Oid.timetz:
      return formatTime(Number(item.value)) + zone();
    case Oid.timestamp:
      return formatTimestamp(item.value, false, canonicalContext).replace(' ', 'T');
    case Oid.timestamptz:
      return formatTimestamp(item.value + BigInt(item.offset) * 1_000_000n, false, canonicalContext).replace(' ', 'T') + zone();
  }
}

const shortNames: Readonly<Record<PathDateTime['type'], string>> = {
  [Oid.date]: 'date',
  [Oid.time]: 'time',
  [Oid.timetz]: 'timetz',
  [Oid.timestamp]: 'timestamp',
  [Oid.timestamptz]: 'timestamptz',
};

/** Order of two items; undefined when their types do not compare. Without `zone` a comparison that needs one is 0A000. */
export function compareDateTimes(a: PathDateTime, b: PathDateTime, zone: string | undefined): number | undefined {
  const clock = (item: PathDateTime): boolean => item.type === Oid.time || item.type === Oid.timetz;
  if (clock(a) !== clock(b)) return undefined;
  const zoneFor = (from: PathDateTime, to: PathDateTime): string => {
    if (zone === undefined) {
      throw new PgError('0A000', `cannot convert value from ${shortNames[from.type]} to ${shortNames[to.type]} without time zone usage`, {
        hint: 'Use *_tz() function for time zone support.',
      });
    }
    return zone;
  };
  if (clock(a)) {
    if (a.type === b.type && a.type === Oid.time) return sign(a.value - b.value);
    const instant = (item: PathDateTime, other: PathDateTime): readonly [bigint, number] => {
      const offset = item.type === Oid.timetz ? item.offset : timeZoneOffset(zoneFor(item, other));
      return [item.value - BigInt(offset) * 1_000_000n, offset];
    };
    const [left, leftOffset] = instant(a, b);
    const [right, rightOffset] = instant(b, a);
    return sign(left - right) || Math.sign(rightOffset - leftOffset);
  }
  const zonedPair = a.type === Oid.timestamptz || b.type === Oid.timestamptz;
  const moment = (item: PathDateTime, other: PathDateTime): bigint => {
    if (item.type === Oid.timestamptz) return item.value;
    const local = item.type === Oid.date ? item.value * BigInt(microsPerDay) : item.value;
    return zonedPair ? fromLocal(local, timeZoneOf(zoneFor(item, other))) : local;
  };
  return sign(moment(a, b) - moment(b, a));
}

function sign(difference: bigint): number {
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The offset of a zone at the epoch's standard time: what a time without zone takes. */
function timeZoneOffset(zone: string): number {
  const utc = 0n;
  const { days } = splitTimestamp(utc);
  void days;
  const local = fromLocal(utc, timeZoneOf(zone));
  if (zone === '') throw notSupported('an empty time zone');
  return -Number(local / 1_000_000n);
}
