/** to_timestamp and to_date with a template. */
import { PgError } from '../../common/errors.js';
import { daysInMonth, daysOf, dateOf, isoYearStart, julianOfEpoch } from '../../types/calendar.js';
import { dateTemplate, endsAtSeparator, type FieldNode, type TemplateNode } from './date-template.js';
import { dayNames, monthNames, romanMonths } from './names.js';

export interface ReadMoment {
  /** Days since 2000-01-01. */
  readonly days: number;
  /** Microseconds of the day. */
  readonly time: number;
  /** Seconds east of Greenwich, when TZH or TZM were read. */
  readonly offset: number | undefined;
}

const fmHint = 'If your source string is not fixed-width, try using the "FM" modifier.';

function invalid(message: string, fields: { detail?: string; hint?: string } = {}): PgError {
  return new PgError('22007', message, fields);
}

/** The fields read so far; 0 is "not given", as in PostgreSQL. */
interface Fields {
  hh: number;
  pm: boolean;
  mi: number;
  ss: number;
  ssss: number;
  d: number;
  dd: number;
  ddd: number;
  mm: number;
  ms: number;
  year: number;
  bc: boolean;
  ww: number;
  w: number;
  cc: number;
  j: number;
  us: number;
  /** Digits of the year's field. */
  yearDigits: number;
  clock12: boolean;
  zoneSign: number;
  zoneHours: number;
  zoneMinutes: number;
  mode: 'none' | 'gregorian' | 'iso';
}

const isSpace = (character: string): boolean => /^\s$/.test(character);
const isSeparator = (character: string): boolean => /^[!-/:-@[-`{-~]$/.test(character);

const isoKeys: ReadonlySet<string> = new Set(['IDDD', 'ID', 'IW', 'IYYY', 'IYY', 'IY', 'I']);
const gregorianKeys: ReadonlySet<string> = new Set([
  'A.D.',
  'AD',
  'B.C.',
  'BC',
  'CC',
  'DAY',
  'DY',
  'DDD',
  'DD',
  'D',
  'MM',
  'MONTH',
  'MON',
  'RM',
  'WW',
  'W',
  'Y,YYY',
  'YYYY',
  'YYY',
  'YY',
  'Y',
]);

class Reader {
  private at = 0;
  private readonly fields: Fields = {
    hh: 0,
    pm: false,
    mi: 0,
    ss: 0,
    ssss: 0,
    d: 0,
    dd: 0,
    ddd: 0,
    mm: 0,
    ms: 0,
    year: 0,
    bc: false,
    ww: 0,
    w: 0,
    cc: 0,
    j: 0,
    us: 0,
    yearDigits: 0,
    clock12: false,
    zoneSign: 0,
    zoneHours: 0,
    zoneMinutes: 0,
    mode: 'none',
  };

  constructor(
    private readonly text: string,
    private readonly nodes: readonly TemplateNode[],
  ) {}

  read(): Fields {
    const { text, nodes } = this;
    let exact = false;
    let skipped = 0;
    for (let n = 0; n < nodes.length && this.at < text.length; n++) {
      const node = nodes[n] as TemplateNode;
      if (!exact && (node.kind === 'field' || n === 0)) skipped += this.skipSpaces();
      if (this.at >= text.length && node.kind !== 'field') break;
      if (node.kind === 'space' || node.kind === 'separator') {
        if (exact) {
          this.at++;
        } else {
          skipped--;
          const character = text.charAt(this.at);
          if (isSpace(character) || isSeparator(character)) {
            this.at++;
            skipped++;
          }
        }
        continue;
      }
      if (node.kind !== 'field') {
        if (!exact && skipped > 0) skipped--;
        else this.at += (text.codePointAt(this.at) as number) > 0xffff ? 2 : 1;
        continue;
      }
      if (node.key === 'FX') {
        exact = true;
        continue;
      }
      this.field(node, n);
      if (!exact) skipped = this.skipSpaces();
    }
    return this.fields;
  }

  private skipSpaces(): number {
    const from = this.at;
    while (this.at < this.text.length && isSpace(this.text.charAt(this.at))) this.at++;
    return this.at - from;
  }

  /** An integer of `length` digits, or of any number of digits when what follows is no digit. Answers the number of characters read. */
  private integer(node: FieldNode, index: number, length: number, store: (value: number) => void): number {
    this.skipSpaces();
    const from = this.at;
    const rest = this.text.slice(this.at);
    let digits: string;
    if (node.fill || endsAtSeparator(this.nodes, index)) {
      digits = /^[+-]?\d+/.exec(rest)?.[0] ?? '';
    } else {
      const part = rest.slice(0, length);
      if (part.length < length) {
        throw invalid(`source string too short for "${node.shown}" formatting field`, {
          detail: `Field requires ${length} characters, but only ${part.length} remain.`,
          hint: fmHint,
        });
      }
      digits = /^[+-]?\d+/.exec(part)?.[0] ?? '';
      if (digits.length > 0 && digits.length < length) {
        throw invalid(`invalid value "${part}" for "${node.shown}"`, {
          detail: `Field requires ${length} characters, but only ${digits.length} could be parsed.`,
          hint: fmHint,
        });
      }
    }
    if (digits === '') throw invalid(`invalid value "${rest.slice(0, length)}" for "${node.shown}"`, { detail: 'Value must be an integer.' });
    const value = Number(digits);
    if (value > 2147483647 || value < -2147483648) {
      throw new PgError('22008', `value for "${node.shown}" in source string is out of range`, {
        detail: 'Value must be in the range -2147483648 to 2147483647.',
      });
    }
    this.at += digits.length;
    store(value);
    return this.at - from;
  }

  private set(
    key: 'hh' | 'mi' | 'ss' | 'ssss' | 'd' | 'dd' | 'ddd' | 'mm' | 'ms' | 'us' | 'year' | 'ww' | 'w' | 'cc' | 'j',
    value: number,
    node: FieldNode,
  ): void {
    const before = this.fields[key];
    if (before !== 0 && before !== value) {
      throw invalid(`conflicting values for "${node.shown}" field in formatting string`, {
        detail: 'This value contradicts a previous setting for the same field type.',
      });
    }
    this.fields[key] = value;
  }

  /** The index of the name that comes next: whole names, or their first `length` letters. */
  private name(names: readonly string[], node: FieldNode, length: number | undefined): number {
    const rest = this.text.slice(this.at).toLowerCase();
    const found = names.findIndex((name) => rest.startsWith((length === undefined ? name : name.slice(0, length)).toLowerCase()));
    if (found < 0) {
      const word = /^\S*/.exec(this.text.slice(this.at))?.[0] ?? '';
      throw invalid(`invalid value "${word}" for "${node.shown}"`, { detail: 'The given value did not match any of the allowed values for this field.' });
    }
    this.at += length ?? (names[found] as string).length;
    return found;
  }

  private mode(key: string): void {
    const mode = isoKeys.has(key) ? 'iso' : gregorianKeys.has(key) ? 'gregorian' : 'none';
    if (mode === 'none') return;
    if (this.fields.mode === 'none') this.fields.mode = mode;
    else if (this.fields.mode !== mode) {
      throw invalid('invalid combination of date conventions', { hint: 'Do not mix Gregorian and ISO week date conventions in a formatting template.' });
    }
  }

  private field(node: FieldNode, index: number): void {
    const { fields } = this;
    const { key } = node;
    this.mode(key);
    const into =
      (name: Parameters<Reader['set']>[0]) =>
      (value: number): void =>
        this.set(name, value, node);
    const year = (length: number): void => {
      const read = this.integer(node, index, length, (value) => {
        fields.year = value;
      });
      fields.yearDigits = length;
      if (length < 4 && read < 4) fields.year = fullYear(fields.year);
    };
    switch (key) {
      case 'A.M.':
      case 'P.M.':
      case 'AM':
      case 'PM':
        fields.pm = this.name(key.length === 4 ? ['a.m.', 'p.m.'] : ['am', 'pm'], node, undefined) === 1;
        fields.clock12 = true;
        return;
      case 'HH':
      case 'HH12':
        this.integer(node, index, 2, into('hh'));
        fields.clock12 = true;
        break;
      case 'HH24':
        this.integer(node, index, 2, into('hh'));
        break;
      case 'MI':
        this.integer(node, index, 2, into('mi'));
        break;
      case 'SS':
        this.integer(node, index, 2, into('ss'));
        break;
      case 'MS': {
        const read = this.integer(node, index, 3, into('ms'));
        fields.ms *= read === 1 ? 100 : read === 2 ? 10 : 1;
        break;
      }
      case 'US':
      case 'FF1':
      case 'FF2':
      case 'FF3':
      case 'FF4':
      case 'FF5':
      case 'FF6': {
        const read = this.integer(node, index, key === 'US' ? 6 : Number(key.charAt(2)), into('us'));
        fields.us *= 10 ** Math.max(0, 6 - read);
        break;
      }
      case 'SSSS':
      case 'SSSSS':
        this.integer(node, index, key.length, into('ssss'));
        break;
      case 'TZ':
      case 'OF':
        throw new PgError('0A000', `formatting field "${node.shown}" is only supported in to_char`);
      case 'TZH': {
        const sign = this.text.charAt(this.at);
        if (sign === '+' || sign === '-' || sign === ' ') {
          fields.zoneSign = sign === '-' ? -1 : 1;
          this.at++;
        } else {
          fields.zoneSign = this.text.charAt(this.at - 1) === '-' ? -1 : 1;
        }
        this.integer(node, index, 2, (value) => {
          fields.zoneHours = value;
        });
        break;
      }
      case 'TZM':
        if (fields.zoneSign === 0) fields.zoneSign = 1;
        this.integer(node, index, 2, (value) => {
          fields.zoneMinutes = value;
        });
        break;
      case 'A.D.':
      case 'B.C.':
      case 'AD':
      case 'BC':
        fields.bc = this.name(key.length === 4 ? ['a.d.', 'b.c.'] : ['ad', 'bc'], node, undefined) === 1;
        return;
      case 'MONTH':
        this.set('mm', this.name(monthNames, node, undefined) + 1, node);
        return;
      case 'MON':
        this.set('mm', this.name(monthNames, node, 3) + 1, node);
        return;
      case 'MM':
        this.integer(node, index, 2, into('mm'));
        break;
      case 'DAY':
        this.set('d', this.name(dayNames, node, undefined) + 1, node);
        return;
      case 'DY':
        this.set('d', this.name(dayNames, node, 3) + 1, node);
        return;
      case 'DDD':
        this.integer(node, index, 3, into('ddd'));
        break;
      case 'IDDD':
        this.integer(node, index, 3, into('ddd'));
        break;
      case 'DD':
        this.integer(node, index, 2, into('dd'));
        break;
      case 'D':
        this.integer(node, index, 1, into('d'));
        break;
      case 'ID':
        this.integer(node, index, 1, into('d'));
        fields.d = fields.d + 1 > 7 ? 1 : fields.d + 1;
        break;
      case 'WW':
      case 'IW':
        this.integer(node, index, 2, into('ww'));
        break;
      case 'W':
        this.integer(node, index, 1, into('w'));
        break;
      case 'Q':
        this.integer(node, index, 1, () => undefined);
        break;
      case 'CC':
        this.integer(node, index, 2, into('cc'));
        break;
      case 'Y,YYY': {
        const match = /^(\d+),(\d{3})/.exec(this.text.slice(this.at));
        if (match === null) throw invalid(`invalid input string for "Y,YYY"`);
        fields.year = Number(match[1]) * 1000 + Number(match[2]);
        fields.yearDigits = 4;
        this.at += match[0].length;
        break;
      }
      case 'YYYY':
      case 'IYYY':
        this.integer(node, index, 4, into('year'));
        fields.yearDigits = 4;
        break;
      case 'YYY':
      case 'IYY':
        year(3);
        break;
      case 'YY':
      case 'IY':
        year(2);
        break;
      case 'Y':
      case 'I':
        year(1);
        break;
      case 'RM': {
        const rest = this.text.slice(this.at).toUpperCase();
        let found = -1;
        romanMonths.forEach((name, n) => {
          if (rest.startsWith(name) && (found < 0 || name.length > (romanMonths[found] as string).length)) found = n;
        });
        if (found < 0) this.name(romanMonths, node, undefined);
        this.at += (romanMonths[found] as string).length;
        this.set('mm', found + 1, node);
        return;
      }
      case 'J':
        this.integer(node, index, 1, into('j'));
        break;
      default:
        return;
    }
    if (node.ordinal !== undefined) this.at += 2;
  }
}

/** A year of fewer than four digits is near 2020. */
function fullYear(year: number): number {
  if (year < 70) return year + 2000;
  if (year < 100) return year + 1900;
  if (year < 520) return year + 2000;
  return year < 1000 ? year + 1000 : year;
}

function outOfRange(text: string): PgError {
  return new PgError('22008', `date/time field value out of range: "${text}"`);
}

export function readMoment(text: string, template: string): ReadMoment {
  const fields = new Reader(text, dateTemplate(template)).read();
  let hour = fields.hh;
  let minute = fields.mi;
  let second = fields.ss;
  if (fields.ssss !== 0) {
    hour = Math.trunc(fields.ssss / 3600);
    minute = Math.trunc((fields.ssss % 3600) / 60);
    second = fields.ssss % 60;
  }
  if (fields.clock12) {
    if (hour < 1 || hour > 12) {
      if (!(hour === 0 && fields.hh === 0 && !hasHour(template))) {
        throw invalid(`hour "${hour}" is invalid for the 12-hour clock`, { hint: 'Use the 24-hour clock, or give an hour between 1 and 12.' });
      }
    }
    if (fields.pm && hour < 12) hour += 12;
    else if (!fields.pm && hour === 12) hour = 0;
  }
  let year = 0;
  let month = 1;
  let day = 1;
  let { dd, mm, ddd } = fields;
  if (fields.year !== 0) {
    if (fields.cc !== 0 && fields.yearDigits <= 2) {
      const century = fields.bc ? -fields.cc : fields.cc;
      year = fields.year % 100;
      if (year !== 0) year = century < 0 ? (century + 1) * 100 - year + 1 : (century - 1) * 100 + year;
      else year = century * 100 + (century < 0 ? 1 : 0);
    } else {
      year = fields.bc ? -fields.year : fields.year;
      if (year < 0) year++;
    }
  } else if (fields.cc !== 0) {
    const century = fields.bc ? -fields.cc : fields.cc;
    year = century >= 0 ? (century - 1) * 100 + 1 : century * 100 + 1;
  }
  const fromDays = (days: number): void => {
    const date = dateOf(days);
    year = date.year;
    mm = date.month;
    dd = date.day;
  };
  if (fields.j !== 0) fromDays(fields.j - julianOfEpoch);
  if (fields.ww !== 0) {
    if (fields.mode === 'iso') {
      const weekday = fields.d === 0 ? 0 : fields.d > 1 ? fields.d - 2 : 6;
      fromDays(isoYearStart(year) + (fields.ww - 1) * 7 + weekday);
    } else {
      ddd = (fields.ww - 1) * 7 + 1;
    }
  }
  if (fields.w !== 0) dd = (fields.w - 1) * 7 + 1;
  if (dd !== 0) day = dd;
  if (mm !== 0) month = mm;
  if (ddd !== 0 && (month <= 1 || day <= 1)) {
    if (year === 0 && !fields.bc) throw invalid('cannot calculate day of year without year information');
    const days = (fields.mode === 'iso' ? isoYearStart(year) : daysOf(year, 1, 1)) + ddd - 1;
    const date = dateOf(days);
    year = fields.mode === 'iso' ? date.year : year;
    if (mm === 0 || mm === 1) month = date.month;
    if (dd === 0 || dd === 1) day = date.day;
    if (date.year !== year && fields.mode !== 'iso') throw outOfRange(text);
  }
  if (month < 1 || month > 12 || day < 1 || day > daysInMonth(year, month)) throw outOfRange(text);
  if (hour < 0 || hour >= 24 || minute < 0 || minute >= 60 || second < 0 || second >= 60) throw outOfRange(text);
  const micros = fields.ms * 1000 + fields.us;
  if (micros < 0 || micros >= 1_000_000) throw outOfRange(text);
  let offset: number | undefined;
  if (fields.zoneSign !== 0) {
    if (fields.zoneHours < 0 || fields.zoneHours > 15 || fields.zoneMinutes < 0 || fields.zoneMinutes >= 60) throw outOfRange(text);
    offset = fields.zoneSign * (fields.zoneHours * 60 + fields.zoneMinutes) * 60;
  }
  return { days: daysOf(year, month, day), time: ((hour * 60 + minute) * 60 + second) * 1_000_000 + micros, offset };
}

function hasHour(template: string): boolean {
  return dateTemplate(template).some((node) => node.kind === 'field' && (node.key === 'HH' || node.key === 'HH12'));
}
