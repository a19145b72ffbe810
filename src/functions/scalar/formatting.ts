/** to_char, to_date, to_timestamp and to_number (PostgreSQL 15, chapter 9.8). */
import { PgError } from '../../common/errors.js';
import { dayOfWeek, dayOfYear, julianOfEpoch } from '../../types/calendar.js';
import {
  fieldsOf,
  fromLocal,
  isFiniteTimestamp,
  isValidDate,
  isValidTimestamp,
  joinTimestamp,
  offsetAtInstant,
  splitTimestamp,
  timestampOutOfRange,
  toLocal,
  unixSecondsOf,
} from '../../types/datetime.js';
import { intervalFromText } from '../../types/interval.js';
import { finite, formatNumeric, isFiniteNumeric, multiplyNumeric, type Numeric, parseNumeric, powerOfTen, roundNumeric } from '../../types/numeric.js';
import { timeZoneOf } from '../../types/time-zone.js';
import { pure, type ScalarImplementations } from '../implementation.js';
import { formatMoment, type ShownMoment } from '../template/format-date.js';
import { romanNumeral } from '../template/names.js';
import { formatNumber, numberTemplate, readNumber, type ShownNumber } from '../template/number-template.js';
import { readMoment } from '../template/parse-date.js';

function momentOf(local: bigint, zone: ShownMoment['zone']): ShownMoment {
  const { days } = splitTimestamp(local);
  const fields = fieldsOf(local);
  return {
    ...fields,
    days,
    dayOfYear: dayOfYear(days),
    dayOfWeek: dayOfWeek(days),
    julian: days + julianOfEpoch,
    interval: false,
    ...(zone === undefined ? {} : { zone }),
  };
}

function intervalMoment(text: string): ShownMoment {
  const { months, days, micros } = intervalFromText(text);
  const hour = Number(micros / 3_600_000_000n);
  const rest = micros % 3_600_000_000n;
  const year = Math.trunc(months / 12) + 0;
  const month = (months % 12) + 0;
  return {
    year,
    month,
    day: days,
    hour,
    minute: Number(rest / 60_000_000n),
    second: Number((rest / 1_000_000n) % 60n),
    micros: Number(rest % 1_000_000n),
    dayOfYear: (year * 12 + month) * 30 + days,
    dayOfWeek: 0,
    days: 0,
    julian: 0,
    interval: true,
  };
}

/** Rounds to the template's digits and takes the sign off. */
function shownNumeric(value: Numeric, post: number): ShownNumber {
  const text = formatNumeric(isFiniteNumeric(value) ? roundNumeric(value, post) : value);
  const negative = text.startsWith('-');
  return { negative, digits: negative ? text.slice(1) : text };
}

/** Scientific form with `post` digits; what has none is a row of #. */
function scientific(value: Numeric, pre: number, post: number, halfEven = false): string {
  if (!isFiniteNumeric(value)) return ` ${'#'.repeat(pre)}.${'#'.repeat(post + 4)}`;
  if (value.coefficient === 0n) return ` ${post > 0 ? `0.${'0'.repeat(post)}` : '0'}e+00`;
  const negative = value.coefficient < 0n;
  const digits = (negative ? -value.coefficient : value.coefficient).toString();
  let exponent = digits.length - 1 - value.scale;
  const mantissa = finite(BigInt(digits), digits.length - 1);
  let rounded = halfEven ? roundedHalfEven(mantissa, post) : roundNumeric(mantissa, post);
  // PostgreSQL leaves a numeric that rounds up to 10 so; C's printf does not.
  if (halfEven && rounded.coefficient >= powerOfTen(post + 1)) {
    exponent++;
    rounded = finite(rounded.coefficient / 10n, post);
  }
  const sign = exponent < 0 ? '-' : '+';
  return `${negative ? '-' : ' '}${formatNumeric(rounded)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** As C's printf rounds. */
function roundedHalfEven({ coefficient, scale }: Numeric, digits: number): Numeric {
  if (scale <= digits) return roundNumeric(finite(coefficient, scale), digits);
  const divisor = powerOfTen(scale - digits);
  let quotient = coefficient / divisor;
  const twice = (coefficient % divisor) * 2n;
  if (twice > divisor || (twice === divisor && quotient % 2n === 1n)) quotient++;
  return finite(quotient, digits);
}

function roman(value: bigint | undefined, upper: boolean, fill: boolean): string {
  if (value !== undefined && (value > 2147483647n || value < -2147483648n)) throw new PgError('22003', 'integer out of range');
  if (value === undefined || value > 3999n || value < 1n) return '#'.repeat(15);
  const text = romanNumeral(Number(value));
  const cased = upper ? text : text.toLowerCase();
  return fill ? cased : cased.padStart(15);
}

function numericToChar(value: Numeric, templateText: string): string | null {
  if (templateText === '') return '';
  const template = numberTemplate(templateText);
  if (template.roman !== undefined) {
    if (!isFiniteNumeric(value)) throw new PgError('0A000', `cannot convert ${value.kind === 'nan' ? 'NaN' : 'infinity'} to integer`);
    return roman(roundNumeric(value, 0).coefficient, template.roman === 'RN', template.fill);
  }
  if (template.scientific) return scientific(value, template.pre, template.post);
  const scaled = template.multi > 0 && isFiniteNumeric(value) ? multiplyNumeric(value, finite(powerOfTen(template.multi), 0)) : value;
  return formatNumber(template, shownNumeric(scaled, template.post), template.post);
}

/** Floats show at most `significant` digits. */
function floatToChar(value: number, templateText: string, significant: 6 | 15): string {
  if (templateText === '') return '';
  const template = numberTemplate(templateText);
  const finiteValue = Number.isFinite(value);
  if (template.roman !== undefined) return roman(finiteValue ? roundNumeric(exact(value), 0).coefficient : undefined, template.roman === 'RN', template.fill);
  if (template.scientific) {
    if (!finiteValue) return ` ${'#'.repeat(template.pre)}.${'#'.repeat(template.post + 4)}`;
    return scientific(exact(value), template.pre, template.post, true);
  }
  const scaled = template.multi > 0 ? value * 10 ** template.multi : value;
  if (!finiteValue) {
    const digits = value !== value ? 'nan' : 'inf';
    return formatNumber(template, { negative: value < 0, digits: value !== value ? 'NaN' : digits === 'inf' ? 'Infinity' : digits }, template.post);
  }
  const whole = formatNumeric(roundNumeric(exact(Math.abs(scaled)), 0)).length;
  let post = template.post;
  if (whole >= significant) post = 0;
  else if (whole + post > significant) post = significant - whole;
  const text = toFixedExact(scaled, post);
  const negative = text.startsWith('-');
  return formatNumber(template, { negative, digits: negative ? text.slice(1) : text }, post);
}

/** The exact decimal value of a float. */
function exact(value: number): Numeric {
  if (Number.isInteger(value)) return finite(BigInt(value), 0);
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const exponent = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const mantissa = exponent === 0 ? fraction : fraction | 0x10000000000000n;
  const shift = Math.max(1, exponent) - 1075;
  const signed = value < 0 ? -mantissa : mantissa;
  // mantissa / 2^-shift = mantissa * 5^-shift / 10^-shift
  return finite(signed * 5n ** BigInt(-shift), -shift);
}

/** C's %.*f: the exact value rounded half to even. */
function toFixedExact(value: number, digits: number): string {
  const { coefficient, scale } = exact(value);
  const negative = coefficient < 0n || Object.is(value, -0);
  const text = formatNumeric(roundedHalfEven(finite(coefficient < 0n ? -coefficient : coefficient, scale), digits));
  return negative ? `-${text}` : text;
}

export const formattingFunctions: ScalarImplementations = {
  timestamp_to_char: pure((micros: bigint, template: string) =>
    template === '' || !isFiniteTimestamp(micros) ? null : formatMoment(template, momentOf(micros, undefined)),
  ),
  timestamptz_to_char: {
    kernel: (context, value, template) => {
      const micros = value as bigint;
      if (template === '' || !isFiniteTimestamp(micros)) return null;
      const zone = timeZoneOf(context.timeZone);
      return formatMoment(
        template as string,
        momentOf(toLocal(micros, zone), { offset: offsetAtInstant(micros, zone), abbreviation: zone.abbreviationAt(unixSecondsOf(micros)) }),
      );
    },
  },
  interval_to_char: pure((text: string, template: string) => (template === '' ? null : formatMoment(template, intervalMoment(text)))),
  to_timestamp: {
    kernel: (context, text, template) => {
      const { days, time, offset } = readMoment(text as string, template as string);
      const local = joinTimestamp(days, time);
      const micros = offset === undefined ? fromLocal(local, timeZoneOf(context.timeZone)) : local - BigInt(offset) * 1_000_000n;
      if (!isValidTimestamp(micros)) throw timestampOutOfRange();
      return micros;
    },
  },
  to_date: pure((text: string, template: string) => {
    const { days } = readMoment(text, template);
    if (!isValidDate(days)) throw new PgError('22008', `date out of range: "${text}"`);
    return days;
  }),
  numeric_to_char: pure((text: string, template: string) => numericToChar(parseNumeric(text), template)),
  int4_to_char: pure((value: number, template: string) =>
    template !== '' && numberTemplate(template).scientific
      ? scientific(finite(BigInt(value), 0), numberTemplate(template).pre, numberTemplate(template).post, true)
      : numericToChar(finite(BigInt(value), 0), template),
  ),
  int8_to_char: pure((value: bigint, template: string) => numericToChar(finite(value, 0), template)),
  float4_to_char: pure((value: number, template: string) => floatToChar(value, template, 6)),
  float8_to_char: pure((value: number, template: string) => floatToChar(value, template, 15)),
  numeric_to_number: pure((text: string, template: string) => (template === '' ? null : readNumber(text, template))),
};
