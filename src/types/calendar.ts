/**
 * The proleptic Gregorian calendar in days since 2000-01-01 (the physical value of date). Years are astronomical: 0 is 1 BC.
 * Used by the date and time codecs and by the date functions.
 */

export interface YearMonthDay {
  readonly year: number;
  /** 1..12 */
  readonly month: number;
  /** 1..31 */
  readonly day: number;
}

/** Julian day number of 2000-01-01, and days from 1970-01-01 to it. */
export const julianOfEpoch = 2_451_545;
export const unixEpochDays = 10_957;

/** Days since 2000-01-01 of a date; month and day may run over (month 13 is the next January). */
export function daysOf(year: number, month: number, day: number): number {
  // Years that begin in March: the leap day is the last.
  const months = year * 12 + month - 3;
  const marchYear = Math.floor(months / 12);
  const monthIndex = months - marchYear * 12;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - era * 400;
  const dayOfYear = Math.floor((153 * monthIndex + 2) / 5) + day - 1;
  return era * 146_097 + yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 730_425;
}

/** The date of days since 2000-01-01. */
export function dateOf(days: number): YearMonthDay {
  const shifted = days + 730_425;
  const era = Math.floor(shifted / 146_097);
  const dayOfEra = shifted - era * 146_097;
  const yearOfEra = Math.floor((dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365);
  const dayOfYear = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthIndex = Math.floor((5 * dayOfYear + 2) / 153);
  const month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9;
  return { year: yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, day: dayOfYear - Math.floor((153 * monthIndex + 2) / 5) + 1 };
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

const monthLengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

export function daysInMonth(year: number, month: number): number {
  return month === 2 && isLeapYear(year) ? 29 : (monthLengths[month - 1] as number);
}

/** 0 = Sunday .. 6 = Saturday. 2000-01-01 was a Saturday. */
export function dayOfWeek(days: number): number {
  const rest = (days + 6) % 7;
  return rest < 0 ? rest + 7 : rest;
}

/** 1..366 */
export function dayOfYear(days: number): number {
  return days - daysOf(dateOf(days).year, 1, 1) + 1;
}

/** Days since 2000-01-01 of the Monday of ISO week 1 of a year. */
export function isoYearStart(year: number): number {
  const fourth = daysOf(year, 1, 4);
  return fourth - ((dayOfWeek(fourth) + 6) % 7);
}

/** ISO 8601 week date: the week's year and the week 1..53. */
export function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const { year } = dateOf(days);
  let weekYear = year + 1;
  let start = isoYearStart(weekYear);
  while (start > days) start = isoYearStart(--weekYear);
  return { year: weekYear, week: Math.floor((days - start) / 7) + 1 };
}
