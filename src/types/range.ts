/**
 * Ranges and multiranges. The physical value is PostgreSQL's text with the bounds in canonical form (canonicalContext), e.g. `[1,5)`, `{[1,5),[7,)}`.
 * Codecs, the parsed form with its algebra for the range functions, and the ordering keys. Source of the rules: rangetypes.c and multirangetypes.c.
 */
import { PgError } from '../common/errors.js';
import { appendKey } from './array.js';
import { encodeText, incorrectBinary, insufficientData, isSpace, viewOf } from './binary.js';
import type { PgType, TypeCodec } from './pg-type.js';
import type { RangeTypeRow } from './range-types.js';
import { canonicalContext, type SqlValue, type TypeContext } from './value.js';

/** One end of a range; value null: no bound. */
export interface RangeBound {
  readonly value: SqlValue;
  readonly inclusive: boolean;
}

/** A range that is not empty. */
export interface Range {
  readonly lower: RangeBound;
  readonly upper: RangeBound;
}

/** 'empty' is the empty range. */
export type RangeValue = Range | 'empty';

const noBound: RangeBound = { value: null, inclusive: false };

function malformedRange(text: string, detail: string): PgError {
  return new PgError('22P02', `malformed range literal: "${text}"`, { detail });
}

function malformedMultirange(text: string, detail: string): PgError {
  return new PgError('22P02', `malformed multirange literal: "${text}"`, { detail });
}

const isClosing = (character: string | undefined): boolean => character === ')' || character === ']';

/** The texts of a range literal's parts; a bound that is not there is null. */
interface RangeTexts {
  readonly lower: string | null;
  readonly upper: string | null;
  readonly lowerInclusive: boolean;
  readonly upperInclusive: boolean;
}

function parseRangeTexts(text: string): RangeTexts | 'empty' {
  let at = 0;
  const skip = (): void => {
    while (isSpace(text.charCodeAt(at))) at++;
  };
  const boundText = (): string | null => {
    const first = text[at];
    if (first === ',' || isClosing(first)) return null;
    let bound = '';
    let inQuote = false;
    for (;;) {
      const character = text[at];
      if (!inQuote && (character === ',' || character === '(' || character === '[' || isClosing(character))) return bound;
      if (character === undefined) throw malformedRange(text, 'Unexpected end of input.');
      at++;
      if (character === '\\') {
        const escaped = text[at];
        if (escaped === undefined) throw malformedRange(text, 'Unexpected end of input.');
        bound += escaped;
        at++;
      } else if (character === '"') {
        if (!inQuote) inQuote = true;
        else if (text[at] === '"') {
          bound += '"';
          at++;
        } else inQuote = false;
      } else bound += character;
    }
  };
  skip();
  if (text.slice(at, at + 5).toLowerCase() === 'empty') {
    at += 5;
    skip();
    if (at < text.length) throw malformedRange(text, 'Junk after "empty" key word.');
    return 'empty';
  }
  const opening = text[at];
  if (opening !== '[' && opening !== '(') throw malformedRange(text, 'Missing left parenthesis or bracket.');
  at++;
  const lower = boundText();
  if (text[at] !== ',') throw malformedRange(text, 'Missing comma after lower bound.');
  at++;
  const upper = boundText();
  const closing = text[at];
  if (!isClosing(closing)) throw malformedRange(text, 'Too many commas.');
  at++;
  skip();
  if (at < text.length) throw malformedRange(text, 'Junk after right parenthesis or bracket.');
  return { lower, upper, lowerInclusive: opening === '[', upperInclusive: closing === ']' };
}

function quoteBound(text: string): string {
  return text === '' || /["\\()[\],\s]/.test(text) ? `"${text.replace(/["\\]/g, '$&$&')}"` : text;
}

/** The code of one range type: text, order and algebra. The subtype is looked up when it is first needed, as the registry is not complete before. */
export class RangeSupport {
  readonly row: RangeTypeRow;
  readonly #subtypeOf: () => PgType;
  #subtype: PgType | undefined;

  constructor(row: RangeTypeRow, subtypeOf: () => PgType) {
    this.row = row;
    this.#subtypeOf = subtypeOf;
  }

  get subtype(): PgType {
    return (this.#subtype ??= this.#subtypeOf());
  }

  /** Order of two values of the subtype. */
  compareValues(a: SqlValue, b: SqlValue): number {
    const { subtype } = this;
    const left = subtype.key === undefined ? a : subtype.key(a);
    const right = subtype.key === undefined ? b : subtype.key(b);
    return comparePlain(left, right, subtype.physical === 'float');
  }

  /** range_cmp_bounds; `leftUpper`: the bound is an upper one. */
  compareBounds(a: RangeBound, leftUpper: boolean, b: RangeBound, rightUpper: boolean): number {
    if (a.value === null) {
      if (b.value === null && leftUpper === rightUpper) return 0;
      return leftUpper ? 1 : -1;
    }
    if (b.value === null) return rightUpper ? -1 : 1;
    const order = this.compareValues(a.value, b.value);
    if (order !== 0) return order;
    if (!a.inclusive && !b.inclusive) return leftUpper === rightUpper ? 0 : leftUpper ? -1 : 1;
    if (!a.inclusive) return leftUpper ? -1 : 1;
    if (!b.inclusive) return rightUpper ? 1 : -1;
    return 0;
  }

  compareLower(a: Range, b: Range): number {
    return this.compareBounds(a.lower, false, b.lower, false);
  }

  compareUpper(a: Range, b: Range): number {
    return this.compareBounds(a.upper, true, b.upper, true);
  }

  compare(a: RangeValue, b: RangeValue): number {
    if (a === 'empty') return b === 'empty' ? 0 : -1;
    if (b === 'empty') return 1;
    return this.compareLower(a, b) || this.compareUpper(a, b);
  }

  /** make_range: 22000 for bounds in the wrong order, the empty range found, discrete bounds as [lower,upper). */
  make(lower: RangeBound, upper: RangeBound): RangeValue {
    let low = lower.value === null ? noBound : lower;
    let high = upper.value === null ? noBound : upper;
    if (low.value !== null && high.value !== null) {
      const order = this.compareValues(low.value, high.value);
      if (order > 0) throw new PgError('22000', 'range lower bound must be less than or equal to range upper bound');
      if (order === 0 && !(low.inclusive && high.inclusive)) return 'empty';
    }
    if (this.row.discrete !== undefined) {
      if (low.value !== null && !low.inclusive) low = this.#next(low.value, true) ?? low;
      if (high.value !== null && high.inclusive) high = this.#next(high.value, false) ?? high;
      if (low.value !== null && high.value !== null) {
        const order = this.compareValues(low.value, high.value);
        if (order > 0 || (order === 0 && !(low.inclusive && high.inclusive))) return 'empty';
      }
    }
    return { lower: low, upper: high };
  }

  /** The bound at the next value; undefined for an infinite date. */
  #next(value: SqlValue, inclusive: boolean): RangeBound | undefined {
    const discrete = this.row.discrete;
    if (discrete === undefined) return undefined;
    const number = BigInt(value as number | bigint);
    if (discrete.infinities === true && (number >= 2_147_483_647n || number <= -2_147_483_648n)) return undefined;
    if (number >= discrete.max) throw new PgError(...discrete.overflow);
    return { value: typeof value === 'bigint' ? number + 1n : Number(number + 1n), inclusive };
  }

  parse(text: string, context: TypeContext): RangeValue {
    const texts = parseRangeTexts(text);
    if (texts === 'empty') return 'empty';
    const bound = (given: string | null, inclusive: boolean): RangeBound =>
      given === null ? noBound : { value: this.subtype.parse(given, -1, context), inclusive };
    return this.make(bound(texts.lower, texts.lowerInclusive), bound(texts.upper, texts.upperInclusive));
  }

  format(range: RangeValue, context: TypeContext = canonicalContext): string {
    if (range === 'empty') return 'empty';
    const { lower, upper } = range;
    const text = ({ value }: RangeBound): string => (value === null ? '' : quoteBound(this.subtype.format(value, -1, context)));
    return `${lower.inclusive ? '[' : '('}${text(lower)},${text(upper)}${upper.inclusive ? ']' : ')'}`;
  }

  contains(outer: RangeValue, inner: RangeValue): boolean {
    if (inner === 'empty') return true;
    if (outer === 'empty') return false;
    return this.compareLower(outer, inner) <= 0 && this.compareUpper(outer, inner) >= 0;
  }

  containsValue(range: RangeValue, value: SqlValue): boolean {
    if (range === 'empty') return false;
    const { lower, upper } = range;
    if (lower.value !== null) {
      const order = this.compareValues(lower.value, value);
      if (order > 0 || (order === 0 && !lower.inclusive)) return false;
    }
    if (upper.value !== null) {
      const order = this.compareValues(upper.value, value);
      if (order < 0 || (order === 0 && !upper.inclusive)) return false;
    }
    return true;
  }

  overlaps(a: Range, b: Range): boolean {
    if (this.compareLower(a, b) >= 0 && this.compareBounds(a.lower, false, b.upper, true) <= 0) return true;
    return this.compareLower(b, a) >= 0 && this.compareBounds(b.lower, false, a.upper, true) <= 0;
  }

  before(a: Range, b: Range): boolean {
    return this.compareBounds(a.upper, true, b.lower, false) < 0;
  }

  /** True when no value lies between an upper bound and a lower one, and they do not overlap. */
  meets(upper: RangeBound, lower: RangeBound): boolean {
    if (upper.value === null || lower.value === null) return false;
    const order = this.compareValues(upper.value, lower.value);
    if (order === 0) return upper.inclusive !== lower.inclusive;
    if (order > 0 || this.row.discrete === undefined) return false;
    return this.make({ value: upper.value, inclusive: !upper.inclusive }, { value: lower.value, inclusive: !lower.inclusive }) === 'empty';
  }

  adjacent(a: Range, b: Range): boolean {
    return this.meets(a.upper, b.lower) || this.meets(b.upper, a.lower);
  }

  intersect(a: RangeValue, b: RangeValue): RangeValue {
    if (a === 'empty' || b === 'empty' || !this.overlaps(a, b)) return 'empty';
    return this.make(this.compareLower(a, b) >= 0 ? a.lower : b.lower, this.compareUpper(a, b) <= 0 ? a.upper : b.upper);
  }

  /** The smallest range around both. */
  span(a: RangeValue, b: RangeValue): RangeValue {
    if (a === 'empty') return b;
    if (b === 'empty') return a;
    return { lower: this.compareLower(a, b) <= 0 ? a.lower : b.lower, upper: this.compareUpper(a, b) >= 0 ? a.upper : b.upper };
  }

  union(a: RangeValue, b: RangeValue): RangeValue {
    if (a === 'empty') return b;
    if (b === 'empty') return a;
    if (!this.overlaps(a, b) && !this.adjacent(a, b)) throw new PgError('22000', 'result of range union would not be contiguous');
    return this.span(a, b);
  }

  /** What is left of `a` without `b`: no, one or two ranges. */
  difference(a: Range, b: Range): readonly Range[] {
    if (!this.overlaps(a, b)) return [a];
    const left: Range[] = [];
    if (this.compareLower(a, b) < 0) addPart(left, this.make(a.lower, { value: b.lower.value, inclusive: !b.lower.inclusive }));
    if (this.compareUpper(a, b) > 0) addPart(left, this.make({ value: b.upper.value, inclusive: !b.upper.inclusive }, a.upper));
    return left;
  }

  minus(a: RangeValue, b: RangeValue): RangeValue {
    if (a === 'empty' || b === 'empty') return a;
    const parts = this.difference(a, b);
    if (parts.length > 1) throw new PgError('22000', 'result of range difference would not be contiguous');
    return parts[0] ?? 'empty';
  }

  /** The ranges of a multirange: sorted, none empty, what overlaps or meets made one. */
  normalize(ranges: readonly RangeValue[]): readonly Range[] {
    const sorted = ranges.filter((range) => range !== 'empty').sort((a, b) => this.compare(a, b));
    const result: Range[] = [];
    for (const range of sorted) {
      const last = result[result.length - 1];
      if (last !== undefined && (this.overlaps(last, range) || this.adjacent(last, range))) result[result.length - 1] = this.span(last, range) as Range;
      else result.push(range);
    }
    return result;
  }

  parseMulti(text: string, context: TypeContext): readonly Range[] {
    return this.normalize(splitMultirange(text).map((range) => this.parse(range, context)));
  }

  formatMulti(ranges: readonly Range[], context: TypeContext = canonicalContext): string {
    return `{${ranges.map((range) => this.format(range, context)).join(',')}}`;
  }

  minusMulti(a: readonly Range[], b: readonly Range[]): readonly Range[] {
    let left = a;
    for (const range of b) left = left.flatMap((part) => this.difference(part, range));
    return left;
  }

  intersectMulti(a: readonly Range[], b: readonly Range[]): readonly Range[] {
    return this.normalize(a.flatMap((left) => b.map((right) => this.intersect(left, right))));
  }

  compareMulti(a: readonly Range[], b: readonly Range[]): number {
    const length = Math.min(a.length, b.length);
    for (let n = 0; n < length; n++) {
      const order = this.compare(a[n] as Range, b[n] as Range);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }

  appendRangeKey(bytes: number[], range: RangeValue): void {
    if (range === 'empty') {
      bytes.push(1);
      return;
    }
    bytes.push(2);
    this.#appendBoundKey(bytes, range.lower, false);
    this.#appendBoundKey(bytes, range.upper, true);
  }

  #appendBoundKey(bytes: number[], bound: RangeBound, upper: boolean): void {
    if (bound.value === null) {
      bytes.push(upper ? 2 : 0);
      return;
    }
    bytes.push(1);
    const { subtype } = this;
    const key = subtype.key === undefined ? bound.value : subtype.key(bound.value);
    appendKey(bytes, key as Exclude<SqlValue, null>, subtype.physical === 'float');
    bytes.push(bound.inclusive === upper ? 1 : 0);
  }

  encode(range: RangeValue, context: TypeContext): Uint8Array {
    if (range === 'empty') return Uint8Array.of(1);
    const { lower, upper } = range;
    const flags = (lower.inclusive ? 2 : 0) | (upper.inclusive ? 4 : 0) | (lower.value === null ? 8 : 0) | (upper.value === null ? 16 : 0);
    const parts = [lower, upper].flatMap(({ value }) => (value === null ? [] : [this.subtype.encodeBinary(value, -1, context)]));
    return joinParts(Uint8Array.of(flags), parts);
  }

  decode(bytes: Uint8Array, context: TypeContext): RangeValue {
    if (bytes.byteLength < 1) throw insufficientData();
    const flags = (bytes[0] as number) & 31;
    let at = 1;
    const bound = (present: boolean, inclusive: boolean): RangeBound => {
      if (!present) return noBound;
      const part = readPart(bytes, at);
      at += 4 + part.byteLength;
      return { value: this.subtype.decodeBinary(part, -1, context), inclusive };
    };
    const empty = (flags & 1) !== 0;
    const lower = bound(!empty && (flags & 8) === 0, (flags & 2) !== 0);
    const upper = bound(!empty && (flags & 16) === 0, (flags & 4) !== 0);
    if (at !== bytes.byteLength) throw incorrectBinary();
    return empty ? 'empty' : this.make(lower, upper);
  }
}

function addPart(parts: Range[], part: RangeValue): void {
  if (part !== 'empty') parts.push(part);
}

function comparePlain(a: SqlValue, b: SqlValue, float: boolean): number {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b);
  if (float) return Number(a === 'NaN') - Number(b === 'NaN') || (a === 'NaN' ? 0 : Number(a) - Number(b));
  if (typeof a === 'string' && typeof b === 'string') return a === b ? 0 : Buffer.compare(encodeText(a), encodeText(b));
  const left = a as number | bigint;
  const right = b as number | bigint;
  return left < right ? -1 : left > right ? 1 : 0;
}

/** The parts with their lengths before them. */
function joinParts(head: Uint8Array, parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((size, part) => size + 4 + part.byteLength, head.byteLength));
  const view = viewOf(bytes);
  bytes.set(head);
  let at = head.byteLength;
  for (const part of parts) {
    view.setInt32(at, part.byteLength);
    bytes.set(part, at + 4);
    at += 4 + part.byteLength;
  }
  return bytes;
}

function readPart(bytes: Uint8Array, at: number): Uint8Array {
  if (bytes.byteLength < at + 4) throw insufficientData();
  const length = viewOf(bytes).getInt32(at);
  if (length < 0 || bytes.byteLength < at + 4 + length) throw insufficientData();
  return bytes.subarray(at + 4, at + 4 + length);
}

/** The range literals of a multirange literal. */
function splitMultirange(text: string): readonly string[] {
  let at = 0;
  while (isSpace(text.charCodeAt(at))) at++;
  if (text[at] !== '{') throw malformedMultirange(text, 'Missing left brace.');
  at++;
  const ranges: string[] = [];
  let state: 'before' | 'range' | 'escaped' | 'quoted' | 'quotedEscaped' | 'after' | 'done' = 'before';
  let begin = 0;
  for (; state !== 'done'; at++) {
    const character = text[at];
    if (character === undefined) throw malformedMultirange(text, 'Unexpected end of input.');
    if (isSpace(character.charCodeAt(0))) continue;
    switch (state) {
      case 'before':
        if (character === '[' || character === '(') {
          begin = at;
          state = 'range';
        } else if (character === '}' && ranges.length === 0) {
          state = 'done';
        } else if (text.slice(at, at + 5).toLowerCase() === 'empty') {
          ranges.push('empty');
          at += 4;
          state = 'after';
        } else throw malformedMultirange(text, 'Expected range start.');
        break;
      case 'range':
        if (isClosing(character)) {
          ranges.push(text.slice(begin, at + 1));
          state = 'after';
        } else if (character === '"') state = 'quoted';
        else if (character === '\\') state = 'escaped';
        break;
      case 'escaped':
        state = 'range';
        break;
      case 'quoted':
        if (character === '"') {
          if (text[at + 1] === '"') at++;
          else state = 'range';
        } else if (character === '\\') state = 'quotedEscaped';
        break;
      case 'quotedEscaped':
        state = 'quoted';
        break;
      case 'after':
        if (character === ',') state = 'before';
        else if (character === '}') state = 'done';
        else throw malformedMultirange(text, 'Expected comma or end of multirange.');
        break;
    }
  }
  while (isSpace(text.charCodeAt(at))) at++;
  if (at < text.length) throw malformedMultirange(text, 'Junk after closing right brace.');
  return ranges;
}

export function rangeCodec(support: RangeSupport): TypeCodec {
  return {
    physical: 'text',
    wide: false,
    parse: (text, _typmod, context) => support.format(support.parse(text, context)),
    format: (value, _typmod, context) =>
      context === canonicalContext ? String(value) : support.format(support.parse(String(value), canonicalContext), context),
    decodeBinary: (bytes, _typmod, context) => support.format(support.decode(bytes, context)),
    encodeBinary: (value, _typmod, context) => support.encode(support.parse(String(value), canonicalContext), context),
    key(value) {
      if (value === null) return null;
      const bytes: number[] = [];
      support.appendRangeKey(bytes, support.parse(String(value), canonicalContext));
      return Uint8Array.from(bytes);
    },
  };
}

export function multirangeCodec(support: RangeSupport): TypeCodec {
  const read = (value: SqlValue): readonly Range[] => support.parseMulti(String(value), canonicalContext);
  return {
    physical: 'text',
    wide: false,
    parse: (text, _typmod, context) => support.formatMulti(support.parseMulti(text, context)),
    format: (value, _typmod, context) => (context === canonicalContext ? String(value) : support.formatMulti(read(value), context)),
    decodeBinary(bytes, _typmod, context) {
      if (bytes.byteLength < 4) throw insufficientData();
      const count = viewOf(bytes).getInt32(0);
      const ranges: RangeValue[] = [];
      let at = 4;
      for (let n = 0; n < count; n++) {
        const part = readPart(bytes, at);
        ranges.push(support.decode(part, context));
        at += 4 + part.byteLength;
      }
      if (at !== bytes.byteLength) throw incorrectBinary();
      return support.formatMulti(support.normalize(ranges));
    },
    encodeBinary(value, _typmod, context) {
      const ranges = read(value);
      const head = new Uint8Array(4);
      viewOf(head).setInt32(0, ranges.length);
      return joinParts(
        head,
        ranges.map((range) => support.encode(range, context)),
      );
    },
    key(value) {
      if (value === null) return null;
      const bytes: number[] = [];
      for (const range of read(value)) support.appendRangeKey(bytes, range);
      bytes.push(0);
      return Uint8Array.from(bytes);
    },
  };
}
