/** Number templates: to_char of numbers and to_number. Source: PostgreSQL 15, tables 9.29 and 9.30. */
import { PgError } from '../../common/errors.js';
import { finite, formatNumeric, multiplyNumeric, parseNumeric } from '../../types/numeric.js';
import { powerNumeric } from '../../types/numeric-transcendental.js';
import { ordinalEnding } from './names.js';

type NumberKey = ',' | '.' | '0' | '9' | 'B' | 'C' | 'D' | 'EEEE' | 'FM' | 'G' | 'L' | 'MI' | 'PL' | 'PR' | 'RN' | 'rn' | 'SG' | 'S' | 'TH' | 'th' | 'V';

type NumberNode = { readonly kind: 'action'; readonly key: NumberKey } | { readonly kind: 'text'; readonly text: string };

/** Spellings, longest first; lower case means the same except for RN and TH. */
const keys: readonly (readonly [spelling: string, key: NumberKey])[] = [
  ['EEEE', 'EEEE'],
  ['FM', 'FM'],
  ['MI', 'MI'],
  ['PL', 'PL'],
  ['PR', 'PR'],
  ['RN', 'RN'],
  ['SG', 'SG'],
  ['TH', 'TH'],
  ['eeee', 'EEEE'],
  ['fm', 'FM'],
  ['mi', 'MI'],
  ['pl', 'PL'],
  ['pr', 'PR'],
  ['rn', 'rn'],
  ['sg', 'SG'],
  ['th', 'th'],
  [',', ','],
  ['.', '.'],
  ['0', '0'],
  ['9', '9'],
  ['B', 'B'],
  ['C', 'C'],
  ['D', 'D'],
  ['G', 'G'],
  ['L', 'L'],
  ['S', 'S'],
  ['V', 'V'],
  ['b', 'B'],
  ['c', 'C'],
  ['d', 'D'],
  ['g', 'G'],
  ['l', 'L'],
  ['s', 'S'],
  ['v', 'V'],
];

/** What a template says as a whole. */
interface NumberTemplate {
  readonly nodes: readonly NumberNode[];
  readonly pre: number;
  readonly post: number;
  readonly multi: number;
  readonly zeroStart: number;
  readonly zeroEnd: number;
  readonly zero: boolean;
  readonly decimal: boolean;
  readonly fill: boolean;
  readonly bracket: boolean;
  readonly plus: boolean;
  readonly minus: boolean;
  /** S before or after the digits. */
  readonly sign: 'none' | 'pre' | 'post';
  readonly signAt: number;
  readonly roman: 'RN' | 'rn' | undefined;
  readonly scientific: boolean;
  readonly multiplied: boolean;
}

function syntax(message: string, detail?: string): PgError {
  return new PgError('42601', message, detail === undefined ? {} : { detail });
}

const cache = new Map<string, NumberTemplate>();

export function numberTemplate(text: string): NumberTemplate {
  let template = cache.get(text);
  if (template === undefined) {
    if (cache.size > 500) cache.clear();
    cache.set(text, (template = parse(text)));
  }
  return template;
}

function parse(text: string): NumberTemplate {
  const nodes: NumberNode[] = [];
  const t = {
    pre: 0,
    post: 0,
    multi: 0,
    zeroStart: 0,
    zeroEnd: 0,
    zero: false,
    decimal: false,
    fill: false,
    bracket: false,
    plus: false,
    minus: false,
    sign: 'none' as NumberTemplate['sign'],
    signAt: 0,
    roman: undefined as NumberTemplate['roman'],
    scientific: false,
    multiplied: false,
  };
  const describe = (key: NumberKey): void => {
    if (t.scientific && key !== 'EEEE') throw syntax('"EEEE" must be the last pattern used');
    switch (key) {
      case '9':
        if (t.bracket) throw syntax('"9" must be ahead of "PR"');
        if (t.multiplied) t.multi++;
        else if (t.decimal) t.post++;
        else t.pre++;
        return;
      case '0':
        if (t.bracket) throw syntax('"0" must be ahead of "PR"');
        if (!t.zero && !t.decimal) {
          t.zero = true;
          t.zeroStart = t.pre;
        }
        if (t.decimal) t.post++;
        else t.pre++;
        t.zeroEnd = t.pre + t.post;
        return;
      case 'D':
      case '.':
        if (t.decimal) throw syntax('multiple decimal points');
        if (t.multiplied) throw syntax('cannot use "V" and decimal point together');
        t.decimal = true;
        return;
      case 'FM':
        t.fill = true;
        return;
      case 'S':
        if (t.sign !== 'none') throw syntax('cannot use "S" twice');
        if (t.plus || t.minus || t.bracket) throw syntax('cannot use "S" and "PL"/"MI"/"SG"/"PR" together');
        if (t.decimal) t.sign = 'post';
        else {
          t.sign = 'pre';
          t.signAt = t.pre;
        }
        return;
      case 'MI':
        if (t.sign !== 'none') throw syntax('cannot use "S" and "MI" together');
        t.minus = true;
        return;
      case 'PL':
        if (t.sign !== 'none') throw syntax('cannot use "S" and "PL" together');
        t.plus = true;
        return;
      case 'SG':
        if (t.sign !== 'none') throw syntax('cannot use "S" and "SG" together');
        t.plus = t.minus = true;
        return;
      case 'PR':
        if (t.sign !== 'none' || t.plus || t.minus) throw syntax('cannot use "PR" and "S"/"PL"/"MI"/"SG" together');
        t.bracket = true;
        return;
      case 'RN':
      case 'rn':
        t.roman = key;
        return;
      case 'V':
        if (t.decimal) throw syntax('cannot use "V" and decimal point together');
        t.multiplied = true;
        return;
      case 'EEEE':
        if (t.scientific) throw syntax('cannot use "EEEE" twice');
        if (t.fill || t.sign !== 'none' || t.bracket || t.minus || t.plus || t.roman !== undefined || t.multiplied) {
          throw syntax('"EEEE" is incompatible with other formats', '"EEEE" may only be used together with digit and decimal point patterns.');
        }
        t.scientific = true;
        return;
      default:
    }
  };
  let at = 0;
  while (at < text.length) {
    const found = keys.find(([spelling]) => text.startsWith(spelling, at));
    if (found !== undefined) {
      describe(found[1]);
      nodes.push({ kind: 'action', key: found[1] });
      at += found[0].length;
      continue;
    }
    if (text.charAt(at) === '"') {
      at++;
      while (at < text.length && text.charAt(at) !== '"') {
        if (text.charAt(at) === '\\' && at + 1 < text.length) at++;
        const character = String.fromCodePoint(text.codePointAt(at) as number);
        nodes.push({ kind: 'text', text: character });
        at += character.length;
      }
      at++;
      continue;
    }
    if (text.charAt(at) === '\\' && text.charAt(at + 1) === '"') at++;
    const character = String.fromCodePoint(text.codePointAt(at) as number);
    nodes.push({ kind: 'text', text: character });
    at += character.length;
  }
  return { nodes, ...t };
}

/** A number as to_char needs it: sign apart, digits with a point, rounded to the template's digits. */
export interface ShownNumber {
  readonly negative: boolean;
  readonly digits: string;
}

/** Writes a number (already multiplied and rounded) by the template; `pre` counts V's digits, too. */
export function formatNumber(template: NumberTemplate, number: ShownNumber, post: number): string {
  const pre = template.pre + template.multi;
  let { digits } = number;
  const point = digits.indexOf('.');
  const length = point < 0 ? digits.length : point;
  let leading = 0;
  if (length < pre) leading = pre - length;
  else if (length > pre) digits = `${'#'.repeat(pre)}.${'#'.repeat(post)}`;
  return new NumberWriter(template, digits, number.negative, leading, pre, post).write();
}

class NumberWriter {
  private out = '';
  private position = 0;
  private current = 0;
  private inNumber = false;
  private signWritten: boolean;
  private readonly bracket: boolean;
  private readonly sign: NumberTemplate['sign'];
  private readonly count: number;
  /** Index of the last digit that FM keeps, or undefined. */
  private readonly lastRelevant: number | undefined;

  constructor(
    private readonly t: NumberTemplate,
    private readonly digits: string,
    private readonly negative: boolean,
    private readonly leading: number,
    pre: number,
    private readonly post: number,
  ) {
    let bracket = t.bracket;
    let { sign } = t;
    if (t.plus || t.minus) {
      this.signWritten = !(t.plus && !t.minus);
    } else {
      if (!negative && t.fill) bracket = false;
      this.signWritten = !negative && t.fill && t.sign === 'none';
      if (sign === 'pre' && pre === t.signAt) sign = 'post';
    }
    this.bracket = bracket;
    this.sign = sign;
    let count = post + pre - 1;
    if (t.fill && t.decimal) {
      const point = digits.indexOf('.');
      if (point >= 0) {
        let last = point;
        for (let n = point + 1; n < digits.length; n++) if (digits.charAt(n) !== '0') last = n;
        if (t.zeroEnd > leading) last = Math.max(last, Math.min(digits.length - 1, t.zeroEnd - leading));
        this.lastRelevant = last;
      }
    }
    if (!this.signWritten && leading === 0) count++;
    this.count = count;
  }

  write(): string {
    for (const node of this.t.nodes) {
      if (node.kind === 'text') this.out += node.text;
      else this.action(node.key);
    }
    return this.out;
  }

  private action(key: NumberKey): void {
    const { fill } = this.t;
    switch (key) {
      case '9':
      case '0':
      case '.':
      case 'D':
        this.digit(key);
        return;
      case ',':
      case 'G':
        if (this.inNumber) this.out += ',';
        else if (!fill) this.out += ' ';
        return;
      case 'L':
        this.out += ' ';
        return;
      case 'MI':
        if (this.negative) this.out += '-';
        else if (!fill) this.out += ' ';
        return;
      case 'PL':
        if (!this.negative) this.out += '+';
        else if (!fill) this.out += ' ';
        return;
      case 'SG':
        this.out += this.negative ? '-' : '+';
        return;
      case 'TH':
      case 'th': {
        if (this.digits.startsWith('#') || this.negative || this.t.decimal) return;
        if (!/\d$/.test(this.digits)) throw new PgError('22P02', `"${this.digits}" is not a number`);
        const ending = ordinalEnding(this.digits);
        this.out += key === 'TH' ? ending.toUpperCase() : ending;
        return;
      }
      default:
    }
  }

  /** A lone zero before the point is a blank where the template has only nines. */
  private zeroBeforePoint(): boolean {
    return !this.t.zero && this.position === 0 && this.digits.startsWith('0') && this.post !== 0;
  }

  private digit(key: NumberKey): void {
    const { t, leading } = this;
    this.inNumber = false;
    const relevantPoint = this.lastRelevant !== undefined && this.digits.charAt(this.lastRelevant) === '.';
    if (!this.signWritten && (this.current >= leading || (t.zero && t.zeroStart === this.current)) && (!this.zeroBeforePoint() || relevantPoint)) {
      if (this.sign !== 'none') {
        if (this.sign === 'pre') {
          this.out += this.negative ? '-' : '+';
          this.signWritten = true;
        }
      } else if (this.bracket) {
        this.out += this.negative ? '<' : ' ';
        this.signWritten = true;
      } else if (!this.negative) {
        if (!t.fill) this.out += ' ';
        this.signWritten = true;
      } else {
        this.out += '-';
        this.signWritten = true;
      }
    }
    if (this.current < leading && (t.zeroStart > this.current || !t.zero)) {
      if (!t.fill) this.out += ' ';
    } else if (t.zero && this.current < leading && t.zeroStart <= this.current) {
      this.out += '0';
      this.inNumber = true;
    } else {
      const character = this.digits.charAt(this.position);
      if (character === '.') {
        if (!relevantPoint || t.fill) this.out += '.';
      } else if (this.lastRelevant !== undefined && this.position > this.lastRelevant && key !== '0') {
        // Left out by FM.
      } else if (this.zeroBeforePoint()) {
        if (!t.fill) this.out += ' ';
        else if (relevantPoint) this.out += '0';
      } else {
        this.out += character;
        this.inNumber = true;
      }
      if (this.position < this.digits.length) this.position++;
    }
    let end = this.count + (leading > 0 ? 1 : 0) + (t.decimal ? 1 : 0);
    if (this.lastRelevant !== undefined && this.lastRelevant === this.position) end = this.current;
    if (this.current + 1 === end) {
      if (this.signWritten && this.bracket) this.out += this.negative ? '>' : ' ';
      else if (this.sign === 'post') this.out += this.negative ? '-' : '+';
    }
    this.current++;
  }
}

/** What to_number reads; each digit of the template looks at one character of the text. */
class NumberReader {
  private at = 0;
  private sign = '';
  private digits = '';
  private preCount = 0;
  private postCount = 0;
  private pointRead = false;

  constructor(
    private readonly t: NumberTemplate,
    private readonly text: string,
  ) {}

  read(): string {
    while (/^\s$/.test(this.character)) this.at++;
    for (const node of this.t.nodes) {
      if (this.at >= this.text.length) break;
      if (node.kind === 'text') this.at += (this.text.codePointAt(this.at) as number) > 0xffff ? 2 : 1;
      else this.action(node.key);
    }
    if (this.digits.replace(/^0+|\..*$/g, '').length > this.t.pre + this.t.multi) throw new PgError('22003', 'numeric field overflow');
    return this.sign + (this.digits.endsWith('.') ? this.digits.slice(0, -1) : this.digits);
  }

  private get character(): string {
    return this.text.charAt(this.at);
  }

  private action(key: NumberKey): void {
    switch (key) {
      case '9':
      case '0':
      case '.':
      case 'D':
        this.digit(key);
        this.at++;
        return;
      case ',':
      case 'G':
        if (this.character === ',') this.at++;
        return;
      case 'MI':
      case 'PL':
      case 'SG':
        if ((this.character === '-' && key !== 'PL') || (this.character === '+' && key !== 'MI')) {
          this.sign = this.character;
          this.at++;
          return;
        }
        this.skipOther(1);
        return;
      case 'L':
        this.skipOther(1);
        return;
      case 'TH':
      case 'th':
        this.skipOther(2);
        return;
      default:
    }
  }

  /** Skips characters that cannot belong to a number. */
  private skipOther(count: number): void {
    for (let left = count; left > 0 && this.at < this.text.length && !/[\d.,+-]/.test(this.character); left--) this.at++;
  }

  private get anyRead(): boolean {
    return this.preCount + this.postCount > 0;
  }

  private digit(key: NumberKey): void {
    const { t, text } = this;
    if (this.sign === '' && (key === '9' || key === '0') && !this.anyRead) {
      if (this.character === '-' || (t.bracket && this.character === '<')) {
        this.sign = '-';
        this.at++;
      } else if (this.character === '+') {
        this.sign = '+';
        this.at++;
      }
    }
    if (this.at >= text.length) return;
    let read = false;
    if (/^\d$/.test(this.character)) {
      if (this.pointRead && this.postCount === t.post) return;
      this.digits += this.character;
      if (this.pointRead) this.postCount++;
      else this.preCount++;
      read = true;
    } else if (t.decimal && !this.pointRead && this.character === '.') {
      this.digits += '.';
      this.pointRead = read = true;
    }
    if (this.sign !== '' || !this.anyRead) return;
    if (t.sign !== 'none') {
      const next = text.charAt(this.at + 1);
      if (read && (next === '-' || next === '+')) {
        this.sign = next;
        this.at++;
      }
    } else if (!read && (t.plus || t.minus) && (this.character === '-' || this.character === '+')) {
      this.sign = this.character;
    }
  }
}

/** to_number: the number that the template finds in the text. */
export function readNumber(text: string, templateText: string): string {
  const template = numberTemplate(templateText);
  if (template.scientific) throw new PgError('0A000', '"EEEE" not supported for input');
  if (template.roman !== undefined) throw new PgError('0A000', '"RN" not supported for input');
  const found = new NumberReader(template, text).read();
  if (!/\d/.test(found)) throw new PgError('22P02', `invalid input syntax for type numeric: "${found === '' ? ' ' : found}"`);
  const value = parseNumeric(found);
  if (!template.multiplied) return formatNumeric(value);
  return formatNumeric(multiplyNumeric(value, powerNumeric(finite(10n, 0), finite(BigInt(-template.multi), 0))));
}
