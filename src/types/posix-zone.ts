/**
 * Time zones as POSIX spells them: `<+03>-3`, `EST5`, `EST5EDT`, `EST5EDT4,M3.2.0/2,M11.1.0`. Offsets are west of Greenwich. Without rules, daylight saving time is that
 * of the United States. Used by types/time-zone for names that the list of zones does not have.
 */
import { fixedZone, offsetAround, type TimeZone } from './zone.js';

/** A day of the year and a time of that day, in seconds of the time that is in force before it. */
type Rule =
  | { readonly kind: 'month'; readonly month: number; readonly week: number; readonly day: number; readonly time: number }
  | { readonly kind: 'julian'; readonly day: number; readonly time: number }
  | { readonly kind: 'day'; readonly day: number; readonly time: number };

const secondsPerDay = 86_400;

function daysBefore(year: number, month: number): number {
  return Date.UTC(year, month, 1) / 1000 / secondsPerDay;
}

/** Local seconds since 1970 at which the rule falls in a year. */
function instantOf(rule: Rule, year: number): number {
  const first = daysBefore(year, 0);
  switch (rule.kind) {
    case 'day':
      return (first + rule.day) * secondsPerDay + rule.time;
    case 'julian': {
      const leap = daysBefore(year, 2) - first === 60;
      return (first + rule.day - 1 + (leap && rule.day >= 60 ? 1 : 0)) * secondsPerDay + rule.time;
    }
    case 'month': {
      const start = daysBefore(year, rule.month - 1);
      const weekday = (((start + 4) % 7) + 7) % 7;
      let day = start + ((rule.day - weekday + 7) % 7) + 7 * (rule.week - 1);
      while (day >= daysBefore(year, rule.month)) day -= 7;
      return day * secondsPerDay + rule.time;
    }
  }
}

class RuleZone implements TimeZone {
  readonly fixed = false;

  constructor(
    readonly name: string,
    private readonly standard: { readonly letters: string; readonly offset: number },
    private readonly saving: { readonly letters: string; readonly offset: number },
    private readonly start: Rule,
    private readonly end: Rule,
  ) {}

  /** The changes of a year as instants. */
  private changes(year: number): readonly [number, number] {
    return [instantOf(this.start, year) - this.standard.offset, instantOf(this.end, year) - this.saving.offset];
  }

  private isSaving(unixSeconds: number): boolean {
    const year = new Date((unixSeconds + this.standard.offset) * 1000).getUTCFullYear();
    const [start, end] = this.changes(year);
    return start < end ? unixSeconds >= start && unixSeconds < end : unixSeconds < end || unixSeconds >= start;
  }

  offsetAt(unixSeconds: number): number {
    return (this.isSaving(unixSeconds) ? this.saving : this.standard).offset;
  }

  offsetForLocal(localSeconds: number): number {
    const before = this.offsetAt(localSeconds - 2 * secondsPerDay);
    const after = this.offsetAt(localSeconds + 2 * secondsPerDay);
    if (before === after) return before;
    const year = new Date(localSeconds * 1000).getUTCFullYear();
    const near = [year - 1, year, year + 1].flatMap((each) => this.changes(each));
    const boundary = near.find((instant) => Math.abs(instant - localSeconds) <= 3 * secondsPerDay && this.offsetAt(instant) !== this.offsetAt(instant - 1));
    return boundary === undefined ? before : offsetAround(localSeconds, before, after, boundary);
  }

  abbreviationAt(unixSeconds: number): string {
    return (this.isSaving(unixSeconds) ? this.saving : this.standard).letters;
  }
}

/** Seconds of `[+-]hh[:mm[:ss]]`; undefined beyond a week. */
function secondsOf(text: string): number | undefined {
  const match = /^([+-]?)(\d{1,3})(?::(\d{1,2}))?(?::(\d{1,2}))?$/.exec(text);
  if (match === null) return undefined;
  const [, sign, hours, minutes = '0', seconds = '0'] = match;
  if (Number(hours) > 167 || Number(minutes) > 59 || Number(seconds) > 59) return undefined;
  const magnitude = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  return sign === '-' ? 0 - magnitude : magnitude;
}

function ruleOf(text: string): Rule | undefined {
  const [date, clock, more] = text.split('/') as [string, string?, string?];
  const time = clock === undefined ? 7200 : secondsOf(clock);
  if (time === undefined || more !== undefined) return undefined;
  const month = /^M(\d{1,2})\.([1-5])\.([0-6])$/.exec(date);
  if (month !== null) {
    const number = Number(month[1]);
    return number < 1 || number > 12 ? undefined : { kind: 'month', month: number, week: Number(month[2]), day: Number(month[3]), time };
  }
  const julian = /^J(\d{1,3})$/.exec(date);
  if (julian !== null) return Number(julian[1]) < 1 || Number(julian[1]) > 365 ? undefined : { kind: 'julian', day: Number(julian[1]), time };
  return /^\d{1,3}$/.test(date) && Number(date) <= 365 ? { kind: 'day', day: Number(date), time } : undefined;
}

const offsetPattern = '[+-]?\\d{1,3}(?::\\d{1,2}){0,2}';
const lettersPattern = '(?:<([A-Z0-9+:-]+)>|([^\\d,+<>-]*))';
const pattern = new RegExp(`^${lettersPattern}(${offsetPattern})(?:${lettersPattern.replace('*', '+')}(${offsetPattern})?(?:,([^,]+),([^,]+))?)?$`);

/** The zone that a POSIX text names; undefined when it is none. */
export function posixZone(text: string): TimeZone | undefined {
  const name = text.toUpperCase();
  const match = pattern.exec(name);
  if (match === null) return undefined;
  const [, bracketed, letters, west, savingBracketed, savingLetters, savingWest, start = 'M3.2.0', end = 'M11.1.0'] = match;
  const offset = secondsOf(west as string);
  if (offset === undefined) return undefined;
  const standard = { letters: bracketed ?? letters ?? '', offset: 0 - offset };
  const savingName = savingBracketed ?? savingLetters;
  if (savingName === undefined) return fixedZone(name, standard.offset, standard.letters);
  const savingOffset = savingWest === undefined ? offset - 3600 : secondsOf(savingWest);
  const [from, to] = [ruleOf(start), ruleOf(end)];
  if (savingOffset === undefined || from === undefined || to === undefined) return undefined;
  return new RuleZone(name, standard, { letters: savingName, offset: 0 - savingOffset }, from, to);
}
