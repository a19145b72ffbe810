/**
 * Numbers of run-time parameters with their units: read as SET takes them, written as SHOW and messages do. For the checks of settings.ts. Source: parse_int(),
 * parse_real(), convert_to_base_unit() and ShowGUCOption() of PostgreSQL 15's guc.c.
 */
import { PgError } from '../../common/errors.js';

/** Units in bytes and in microseconds, the largest first. */
const memoryUnits: ReadonlyMap<string, number> = new Map([
  ['TB', 1024 ** 4],
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
  ['kB', 1024],
  ['B', 1],
]);
const timeUnits: ReadonlyMap<string, number> = new Map([
  ['d', 86_400_000_000],
  ['h', 3_600_000_000],
  ['min', 60_000_000],
  ['s', 1_000_000],
  ['ms', 1000],
  ['us', 1],
]);
const block = 8192;

/** A parameter that counts something. */
export interface Counted {
  readonly type: 'integer' | 'real';
  readonly unit: string | undefined;
  readonly low: string | undefined;
  readonly high: string | undefined;
}

interface Scale {
  readonly units: ReadonlyMap<string, number>;
  /** What the number counts, in the smallest unit. */
  readonly base: number;
}

function scaleOf(unit: string): Scale {
  if (unit === '8kB') return { units: memoryUnits, base: block };
  const base = memoryUnits.get(unit);
  return base === undefined ? { units: timeUnits, base: timeUnits.get(unit) ?? 1 } : { units: memoryUnits, base };
}

/** rint(): halves go to the even number. */
function rint(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** printf's %g. */
function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const [mantissa = '', exponent = '0'] = value.toExponential(5).split('e');
  const power = Number(exponent);
  if (power >= -4 && power < 6) return String(Number(value.toPrecision(6)));
  return `${String(Number(mantissa))}e${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;
}

/** An amount in a written unit as so many base units; a fraction is rounded to the next smaller unit. */
function toBase({ units, base }: Scale, amount: number, unit: string): number | undefined {
  const size = units.get(unit);
  if (size === undefined) return undefined;
  const sizes = [...units.values()];
  const smaller = sizes[sizes.indexOf(size) + 1];
  const value = (amount * size) / base;
  return smaller === undefined || smaller / base < 1e-9 ? value : (rint((amount * size) / smaller) * smaller) / base;
}

const integerPattern = /^\s*([-+]?(?:0x[0-9a-f]+|\d+))(?![\d.e])/i;
const realPattern = /^\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?|[-+]?inf(?:inity)?|nan)/i;

function wholeNumber(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replace(/^[-+]/, '');
  if (/^0x/i.test(digits)) return sign * Number(digits);
  return sign * (/^0[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : Number(digits));
}

function special(text: string): number {
  if (/inf/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  return /nan/i.test(text) ? Number.NaN : Number(text);
}

/** The number that a value of SET means, in base units; throws 22023. */
export function parseCounted(value: string, name: string, { type, unit, low, high }: Counted): number {
  const invalid = (hint?: string): PgError => new PgError('22023', `invalid value for parameter "${name}": "${value}"`, hint === undefined ? {} : { hint });
  const whole = type === 'integer' ? integerPattern.exec(value) : null;
  const match = whole ?? realPattern.exec(value);
  if (match === null) throw invalid();
  let number = whole === null ? special(match[1] ?? '') : wholeNumber(match[1] ?? '');
  if (Number.isNaN(number)) throw invalid();
  const written = value.slice(match[0].length).trim();
  if (written !== '') {
    if (unit === undefined) throw invalid();
    const scale = scaleOf(unit);
    const converted = toBase(scale, number, written);
    if (converted === undefined)
      throw invalid(
        `Valid units for this parameter are ${scale.units === memoryUnits ? '"B", "kB", "MB", "GB", and "TB"' : '"us", "ms", "s", "min", "h", and "d"'}.`,
      );
    number = converted;
  }
  if (type === 'integer') {
    number = rint(number);
    if (number > 2147483647 || number < -2147483648) throw invalid('Value exceeds integer range.');
  }
  const [least, most] = [Number(low ?? -Infinity), Number(high ?? Infinity)];
  if (number < least || number > most) {
    const show = type === 'integer' ? String : shortNumber;
    throw new PgError(
      '22023',
      `${show(number)}${unit === undefined ? '' : ` ${unit}`} is outside the valid range for parameter "${name}" (${show(least)} .. ${show(most)})`,
    );
  }
  return number;
}

/** A number of base units as SHOW writes it: in the largest unit in which it is whole. */
export function showCounted(number: number, { type, unit }: Pick<Counted, 'type' | 'unit'>): string {
  const show = type === 'integer' ? String : shortNumber;
  if (unit === undefined || number <= 0) return show(number);
  const { units, base } = scaleOf(unit);
  for (const [name, size] of units) {
    const amount = (number * base) / size;
    const isWhole = type === 'integer' ? Number.isInteger(amount) : amount >= 1 - 1e-8 && Math.abs(rint(amount) / amount - 1) <= 1e-8;
    if (isWhole) return `${show(amount)}${name}`;
  }
  return `${show((number * base) / ([...units.values()].at(-1) ?? 1))}${[...units.keys()].at(-1) ?? ''}`;
}

/** What SHOW wrote, in base units again, as pg_settings tells it. */
export function countedText(shown: string, unit: string | undefined): string {
  const match = /^(-?\d+(?:\.\d+)?(?:e[-+]\d+)?)(B|kB|MB|GB|TB|us|ms|s|min|h|d)$/.exec(shown);
  if (match === null || unit === undefined) return shown;
  const { units, base } = scaleOf(unit);
  const size = units.get(match[2] ?? '');
  return size === undefined ? shown : shortNumberOrWhole((Number(match[1]) * size) / base);
}

function shortNumberOrWhole(number: number): string {
  return Number.isInteger(number) ? String(number) : shortNumber(number);
}

/** Milliseconds of '5s', '100', '1min'. */
export function parseMilliseconds(value: string): number | undefined {
  const match = /^\s*(-?\d+(?:\.\d+)?)\s*([a-z]*)\s*$/.exec(value);
  const size = match?.[2] === '' ? 1000 : timeUnits.get(match?.[2] ?? '?');
  return match === null || size === undefined ? undefined : Math.round((Number(match[1]) * size) / 1000);
}

/** Bytes of '64MB'; a number alone counts kilobytes. */
export function memoryBytes(value: string): number {
  const [, amount = '0', unit = ''] = /^(\d+)([a-zA-Z]*)$/.exec(value) ?? [];
  return Number(amount) * (memoryUnits.get(unit) ?? 1024);
}
