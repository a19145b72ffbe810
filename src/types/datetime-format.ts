/** Text output of date, time and timestamp types in the four DateStyles. Called by the codecs. */
import { dateOf, dayOfWeek } from './calendar.js';
import {
  dateInfinity,
  dateNegativeInfinity,
  microsPerDay,
  microsPerHour,
  microsPerMinute,
  offsetAtParts,
  splitTimestamp,
  timestampInfinity,
  timestampNegativeInfinity,
  unixSecondsOf,
} from './datetime.js';
import { timeZoneOf } from './time-zone.js';
import type { TypeContext } from './value.js';

const two: string[] = [];
for (let n = 0; n < 100; n++) two.push(n < 10 ? `0${n}` : String(n));

const weekdays = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'] as const;
const monthNames = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'] as const;

function pad2(value: number): string {
  return two[value] as string;
}

function pad4(value: number): string {
  return value >= 1000 ? String(value) : String(value).padStart(4, '0');
}

/** Year, month, day in the order and with the separators of the style; without the era. */
function formatYmd(year: number, month: number, day: number, context: TypeContext): string {
  switch (context.dateStyle) {
    case 'ISO':
      return `${pad4(year)}-${pad2(month)}-${pad2(day)}`;
    case 'SQL':
      return context.dateOrder === 'DMY' ? `${pad2(day)}/${pad2(month)}/${pad4(year)}` : `${pad2(month)}/${pad2(day)}/${pad4(year)}`;
    case 'German':
      return `${pad2(day)}.${pad2(month)}.${pad4(year)}`;
    case 'Postgres':
      return context.dateOrder === 'DMY' ? `${pad2(day)}-${pad2(month)}-${pad4(year)}` : `${pad2(month)}-${pad2(day)}-${pad4(year)}`;
  }
}

/** The last date that was written: rows often share it. */
let cachedDays = 0;
let cachedDate = dateOf(0);
let cachedIso = '2000-01-01';

/** date_out. */
export function formatDate(days: number, context: TypeContext): string {
  if (days === dateInfinity) return 'infinity';
  if (days === dateNegativeInfinity) return '-infinity';
  const { year, month, day } = dateOf(days);
  return year > 0 ? formatYmd(year, month, day, context) : `${formatYmd(1 - year, month, day, context)} BC`;
}

/** `.ffffff` without trailing zeros; '' for none. */
export function formatFraction(micros: number): string {
  if (micros === 0) return '';
  let text = String(micros).padStart(6, '0');
  let end = 6;
  while (text.charCodeAt(end - 1) === 48) end--;
  if (end < 6) text = text.slice(0, end);
  return `.${text}`;
}

/** hh:mm:ss[.ffffff] of microseconds of the day. */
export function formatTime(micros: number): string {
  const hour = Math.floor(micros / microsPerHour);
  const minute = Math.floor((micros - hour * microsPerHour) / microsPerMinute);
  const rest = micros - hour * microsPerHour - minute * microsPerMinute;
  const second = Math.floor(rest / 1_000_000);
  return `${pad2(hour)}:${pad2(minute)}:${pad2(second)}${formatFraction(rest - second * 1_000_000)}`;
}

/** ±hh[:mm[:ss]] of seconds east. */
export function formatZoneOffset(offset: number): string {
  const sign = offset < 0 ? '-' : '+';
  const magnitude = Math.abs(offset);
  const hour = Math.floor(magnitude / 3600);
  const minute = Math.floor(magnitude / 60) % 60;
  const second = magnitude % 60;
  if (second !== 0) return `${sign}${pad2(hour)}:${pad2(minute)}:${pad2(second)}`;
  return minute === 0 ? sign + pad2(hour) : `${sign}${pad2(hour)}:${pad2(minute)}`;
}

/** timestamp_out, and timestamptz_out with `zoned`. */
export function formatTimestamp(micros: bigint | number, zoned: boolean, context: TypeContext): string {
  if (micros === timestampInfinity) return 'infinity';
  if (micros === timestampNegativeInfinity) return '-infinity';
  const zone = zoned ? timeZoneOf(context.timeZone) : undefined;
  let { days, time } = splitTimestamp(micros);
  let offset = 0;
  if (zone !== undefined) {
    offset = offsetAtParts(days, time, zone);
    time += offset * 1_000_000;
    if (time < 0) {
      time += microsPerDay;
      days--;
    } else if (time >= microsPerDay) {
      time -= microsPerDay;
      days++;
    }
  }
  if (days !== cachedDays) {
    cachedDays = days;
    cachedDate = dateOf(days);
    const { year, month, day } = cachedDate;
    cachedIso = `${pad4(year > 0 ? year : 1 - year)}-${pad2(month)}-${pad2(day)}`;
  }
  const { year, month, day } = cachedDate;
  const era = year > 0 ? '' : ' BC';
  const clock = formatTime(time);
  if (context.dateStyle === 'ISO') {
    return zone === undefined ? `${cachedIso} ${clock}${era}` : `${cachedIso} ${clock}${formatZoneOffset(offset)}${era}`;
  }
  const shownYear = year > 0 ? year : 1 - year;
  const name = zone === undefined ? '' : ` ${zone.abbreviationAt(unixSecondsOf(BigInt(micros))).slice(0, 10)}`;
  if (context.dateStyle !== 'Postgres') return `${formatYmd(shownYear, month, day, context)} ${clock}${name}${era}`;
  const weekday = weekdays[dayOfWeek(days)] as string;
  const monthName = monthNames[month - 1] as string;
  const monthDay = context.dateOrder === 'DMY' ? `${pad2(day)} ${monthName}` : `${monthName} ${pad2(day)}`;
  return `${weekday} ${monthDay} ${clock} ${pad4(shownYear)}${name}${era}`;
}
