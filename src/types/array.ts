/**
 * Arrays. The physical value is PostgreSQL's array literal with the elements in canonical form (canonicalContext), e.g. `{1,NULL,"a b"}`.
 * Codec, parts for the array functions, and the ordering key. int2vector and oidvector hold their own text form, `1 2 3`.
 */
import { PgError } from '../common/errors.js';
import { encodeText, incorrectBinary, insufficientData, invalidInput, isSpace, viewOf } from './binary.js';
import { Oid } from './oid.js';
import type { PgType, TypeCodec } from './pg-type.js';
import { canonicalContext, type SqlValue, type TypeContext } from './value.js';

/** The parts of an array: no dimensions for the empty array, else lengths and lower bounds, and the elements in row-major order. */
export interface ArrayParts<T> {
  readonly lengths: readonly number[];
  readonly lowerBounds: readonly number[];
  readonly elements: readonly T[];
}

const maxDimensions = 6;
const maxElements = 134_217_727;

function malformed(text: string, detail: string): PgError {
  return new PgError('22P02', `malformed array literal: "${text}"`, { detail });
}

/** States of the reader of array contents: what came last. */
type State = 'nothing' | 'levelStarted' | 'elementStarted' | 'quotedStarted' | 'quotedCompleted' | 'elementDelimited' | 'levelCompleted' | 'levelDelimited';

/** Splits an array literal into its elements' texts. 22P02 with PostgreSQL's details. */
export function parseArrayText(text: string, delimiter = ','): ArrayParts<string | null> {
  return parseSimple(text, delimiter) ?? parseFully(text, delimiter);
}

/** A list without quotes, escapes, blanks and nesting: the common case. */
function parseSimple(text: string, delimiter: string): ArrayParts<string | null> | undefined {
  const last = text.length - 1;
  if (last < 1 || text.charCodeAt(0) !== 123 || text.charCodeAt(last) !== 125) return undefined;
  if (last === 1) return { lengths: [], lowerBounds: [], elements: [] };
  const delimiterCode = delimiter.charCodeAt(0);
  const elements: (string | null)[] = [];
  let from = 1;
  for (let at = 1; at <= last; at++) {
    const code = text.charCodeAt(at);
    if (at < last && isPlain(code, delimiterCode)) continue;
    if ((at < last && code !== delimiterCode) || at === from) return undefined;
    const element = text.slice(from, at);
    elements.push(element.length === 4 && element.toUpperCase() === 'NULL' ? null : element);
    from = at + 1;
  }
  return { lengths: [elements.length], lowerBounds: [1], elements };
}

function parseFully(text: string, delimiter: string): ArrayParts<string | null> {
  let at = 0;
  const skip = (): void => {
    while (isSpace(text.charCodeAt(at))) at++;
  };
  skip();
  const given = text.charCodeAt(at) === 91 ? readBounds(text, at) : undefined;
  if (given !== undefined) {
    at = given.end;
  } else if (text.charCodeAt(at) !== 123) {
    throw malformed(text, 'Array value must start with "{" or dimension information.');
  }
  skip();
  if (text.charCodeAt(at) !== 123) throw malformed(text, 'Array contents must start with "{".');
  // Errors of the contents show the contents only.
  const contents = at === 0 ? text : text.slice(at);

  const elements: (string | null)[] = [];
  const counts: number[] = [];
  const lastCounts: number[] = [];
  let level = 0;
  let state: State = 'nothing';
  /** The element so far; its length up to which blanks may not be cut (quoted or escaped). */
  let element = '';
  let solid = 0;
  let literal = false;
  const closeElement = (): void => {
    if (state === 'elementStarted') {
      let end = element.length;
      while (end > solid && isSpace(element.charCodeAt(end - 1))) end--;
      const cut = element.slice(0, end);
      elements.push(!literal && cut.length === 4 && cut.toUpperCase() === 'NULL' ? null : cut);
    } else if (state === 'quotedCompleted') {
      elements.push(element);
    }
    element = '';
    solid = 0;
    literal = false;
  };
  const delimiterCode = delimiter.charCodeAt(0);
  for (;;) {
    if (at >= text.length) throw malformed(contents, 'Unexpected end of input.');
    const code = text.charCodeAt(at);
    if (code === 92) {
      if (state !== 'levelStarted' && state !== 'elementStarted' && state !== 'elementDelimited') throw malformed(contents, 'Unexpected "\\" character.');
      if (at + 1 >= text.length) throw malformed(contents, 'Unexpected end of input.');
      state = 'elementStarted';
      element += text[at + 1] as string;
      solid = element.length;
      literal = true;
      at += 2;
    } else if (code === 34) {
      if (state !== 'levelStarted' && state !== 'elementDelimited') throw malformed(contents, 'Unexpected array element.');
      at = readQuoted(text, at + 1, contents);
      element = quoted;
      state = 'quotedCompleted';
    } else if (code === 123) {
      if (state !== 'nothing' && state !== 'levelStarted' && state !== 'levelDelimited') throw malformed(contents, 'Unexpected "{" character.');
      if (level >= maxDimensions) throw tooManyDimensions(level + 1);
      state = 'levelStarted';
      counts[level] = 0;
      level++;
      at++;
    } else if (code === 125) {
      const emptyArray = level === 1 && state === 'levelStarted';
      if (state !== 'elementStarted' && state !== 'quotedCompleted' && state !== 'levelCompleted' && !emptyArray)
        throw malformed(contents, 'Unexpected "}" character.');
      if (!emptyArray) counts[level - 1] = (counts[level - 1] as number) + 1;
      closeElement();
      state = 'levelCompleted';
      level--;
      const count = counts[level] as number;
      if (lastCounts[level] !== undefined && lastCounts[level] !== count) {
        throw malformed(contents, 'Multidimensional arrays must have sub-arrays with matching dimensions.');
      }
      lastCounts[level] = count;
      at++;
      if (level === 0) break;
    } else if (code === delimiterCode) {
      if (state !== 'elementStarted' && state !== 'quotedCompleted' && state !== 'levelCompleted')
        throw malformed(contents, `Unexpected "${delimiter}" character.`);
      closeElement();
      counts[level - 1] = (counts[level - 1] as number) + 1;
      state = state === 'levelCompleted' ? 'levelDelimited' : 'elementDelimited';
      at++;
    } else if (isSpace(code)) {
      if (state === 'elementStarted') element += text[at] as string;
      at++;
    } else {
      if (state !== 'levelStarted' && state !== 'elementStarted' && state !== 'elementDelimited') throw malformed(contents, 'Unexpected array element.');
      state = 'elementStarted';
      const from = at;
      do at++;
      while (at < text.length && isPlain(text.charCodeAt(at), delimiterCode));
      element += text.slice(from, at);
    }
  }
  skip();
  if (at < text.length) throw malformed(contents, 'Junk after closing right brace.');
  const lengths = elements.length === 0 ? [] : lastCounts;
  if (given === undefined) return { lengths, lowerBounds: lengths.map(() => 1), elements };
  if (given.lengths.length !== lengths.length || given.lengths.some((length, n) => length !== lengths[n])) {
    throw malformed(text, 'Specified array dimensions do not match array contents.');
  }
  return { lengths, lowerBounds: given.lowerBounds, elements };
}

/** A character that needs no thought inside an unquoted element. */
function isPlain(code: number, delimiter: number): boolean {
  return code !== 92 && code !== 34 && code !== 123 && code !== 125 && code !== delimiter && !isSpace(code);
}

/** What `readQuoted` read. */
let quoted = '';

/** Reads to the closing quote; gives the position after it. */
function readQuoted(text: string, from: number, contents: string): number {
  let at = from;
  let start = from;
  quoted = '';
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== code) throw malformed(contents, 'Unexpected end of input.');
    if (code === 34) break;
    if (code === 92) {
      quoted += text.slice(start, at);
      at++;
      if (at >= text.length) throw malformed(contents, 'Unexpected end of input.');
      start = at;
    }
    at++;
  }
  quoted += text.slice(start, at);
  return at + 1;
}

function tooManyDimensions(count: number): PgError {
  return new PgError('54000', `number of array dimensions (${count}) exceeds the maximum allowed (${maxDimensions})`);
}

/** `[l:u][l:u]=` */
function readBounds(text: string, from: number): { readonly lengths: number[]; readonly lowerBounds: number[]; readonly end: number } {
  const lengths: number[] = [];
  const lowerBounds: number[] = [];
  let at = from;
  const skip = (): void => {
    while (isSpace(text.charCodeAt(at))) at++;
  };
  const number = (): number | undefined => {
    const match = /^[+-]?\d+/.exec(text.slice(at, at + 24));
    if (match === null) return undefined;
    at += match[0].length;
    return Number(match[0]);
  };
  for (;;) {
    skip();
    if (text.charCodeAt(at) !== 91) break;
    at++;
    if (lengths.length >= maxDimensions) throw tooManyDimensions(lengths.length + 1);
    let lower = 1;
    let upper = number();
    if (upper === undefined) throw malformed(text, '"[" must introduce explicitly-specified array dimensions.');
    if (text.charCodeAt(at) === 58) {
      at++;
      lower = upper;
      upper = number();
      if (upper === undefined) throw malformed(text, 'Missing array dimension value.');
    }
    if (text.charCodeAt(at) !== 93) throw malformed(text, 'Missing "]" after array dimensions.');
    at++;
    if (upper < lower) throw new PgError('2202E', 'upper bound cannot be less than lower bound');
    if (upper >= 2_147_483_647) throw new PgError('54000', `array lower bound is too large: ${String(lower)}`);
    lengths.push(upper - lower + 1);
    lowerBounds.push(lower);
  }
  if (text.charCodeAt(at) !== 61) throw malformed(text, 'Missing "=" after array dimensions.');
  return { lengths, lowerBounds, end: at + 1 };
}

function needsQuotes(text: string, delimiter: string): boolean {
  if (text === '' || (text.length === 4 && text.toUpperCase() === 'NULL')) return true;
  const delimiterCode = delimiter.charCodeAt(0);
  for (let at = 0; at < text.length; at++) if (!isPlain(text.charCodeAt(at), delimiterCode)) return true;
  return false;
}

/** An element's text as it stands in an array literal. */
function quoteArrayElement(text: string | null, delimiter = ','): string {
  if (text === null) return 'NULL';
  return needsQuotes(text, delimiter) ? `"${text.replace(/["\\]/g, '\\$&')}"` : text;
}

/** The array literal of elements' texts. */
export function formatArrayText(parts: ArrayParts<string | null>, delimiter = ','): string {
  const { lengths, lowerBounds, elements } = parts;
  if (elements.length === 0) return '{}';
  if (lengths.length === 1 && lowerBounds[0] === 1) {
    let text = '{';
    for (let n = 0; n < elements.length; n++) text += (n === 0 ? '' : delimiter) + quoteArrayElement(elements[n] as string | null, delimiter);
    return `${text}}`;
  }
  let at = 0;
  const level = (depth: number): string => {
    const count = lengths[depth] as number;
    const inner = depth + 1 < lengths.length;
    let text = '{';
    for (let n = 0; n < count; n++) {
      if (n > 0) text += delimiter;
      text += inner ? level(depth + 1) : quoteArrayElement(elements[at++] as string | null, delimiter);
    }
    return `${text}}`;
  };
  const contents = level(0);
  if (lowerBounds.every((bound) => bound === 1)) return contents;
  return `${lowerBounds.map((bound, n) => `[${bound}:${bound + (lengths[n] as number) - 1}]`).join('')}=${contents}`;
}

/** Parts of a one-dimensional array of elements. */
export function oneDimensional<T>(elements: readonly T[]): ArrayParts<T> {
  return elements.length === 0 ? { lengths: [], lowerBounds: [], elements } : { lengths: [elements.length], lowerBounds: [1], elements };
}

/** The parts of a physical array value (or of an int2vector or oidvector), its elements as physical values of the element type. */
export function arrayValues(value: SqlValue, element: PgType): ArrayParts<SqlValue> {
  const text = String(value);
  // A vector's text has no brace; its subscripts begin at 0.
  if (!text.endsWith('}')) {
    const elements = text.trim() === '' ? [] : text.trim().split(/\s+/).map(Number);
    return { lengths: elements.length === 0 ? [] : [elements.length], lowerBounds: elements.length === 0 ? [] : [0], elements };
  }
  const { lengths, lowerBounds, elements } = parseArrayText(text, element.delimiter);
  return { lengths, lowerBounds, elements: elements.map((item) => (item === null ? null : element.parse(item, -1, canonicalContext))) };
}

/** The physical array value of elements' physical values. */
export function arrayOf(parts: ArrayParts<SqlValue>, element: PgType): string {
  const { lengths, lowerBounds, elements } = parts;
  if (elements.length > maxElements) throw new PgError('54000', `array size exceeds the maximum allowed (${maxElements})`);
  return formatArrayText(
    { lengths, lowerBounds, elements: elements.map((item) => (item === null ? null : element.format(item, -1, canonicalContext))) },
    element.delimiter,
  );
}

/** Types whose text depends on the session. */
const contextual: ReadonlySet<number> = new Set<number>([
  Oid.float4,
  Oid.float8,
  Oid.bytea,
  Oid.date,
  Oid.timestamp,
  Oid.timestamptz,
  Oid.interval,
  Oid.tsrange,
  Oid.tstzrange,
  Oid.daterange,
  Oid.tsmultirange,
  Oid.tstzmultirange,
  Oid.datemultirange,
  Oid.regclass,
  Oid.regtype,
]);

/** Types whose text input changes nothing. */
const verbatim: ReadonlySet<number> = new Set([Oid.text, Oid.varchar, Oid.bpchar, Oid.unknown]);

/** Collects the bytes of a key. */
function appendEscaped(bytes: number[], value: Uint8Array): void {
  for (const byte of value) {
    bytes.push(byte);
    if (byte === 0) bytes.push(255);
  }
  bytes.push(0, 0);
}

const scratch = new DataView(new ArrayBuffer(8));

/** Appends a key whose byte order is the order of the values. Used for the parts of ranges, too. */
export function appendKey(bytes: number[], value: Exclude<SqlValue, null>, float: boolean): void {
  if (typeof value === 'string') {
    // A float's text is NaN, the greatest of them.
    if (float) for (let n = 0; n < 8; n++) bytes.push(255);
    else appendEscaped(bytes, encodeText(value));
  } else if (typeof value === 'object') {
    appendEscaped(bytes, value);
  } else if (float) {
    const number = Number(value);
    scratch.setFloat64(0, number === 0 ? 0 : number);
    const negative = number < 0;
    for (let n = 0; n < 8; n++) bytes.push(negative ? 255 - scratch.getUint8(n) : n === 0 ? scratch.getUint8(0) | 128 : scratch.getUint8(n));
  } else {
    scratch.setBigInt64(0, BigInt(value));
    for (let n = 0; n < 8; n++) bytes.push(n === 0 ? scratch.getUint8(0) ^ 128 : scratch.getUint8(n));
  }
}

/** Appends a value as a part of a longer key: NULL above all others. */
export function appendKeyOf(bytes: number[], value: SqlValue, type: PgType): void {
  if (value === null) {
    bytes.push(2);
    return;
  }
  bytes.push(1);
  const key = type.key === undefined ? value : type.key(value);
  appendKey(bytes, key as Exclude<SqlValue, null>, type.physical === 'float');
}

/** A BLOB in array_cmp's order: element by element (NULL greatest), then the number of elements, then dimensions and bounds. */
function arrayKey(value: SqlValue, element: PgType): Uint8Array | null {
  if (value === null) return null;
  const { lengths, lowerBounds, elements } = arrayValues(value, element);
  const bytes: number[] = [];
  for (const item of elements) appendKeyOf(bytes, item, element);
  bytes.push(0, lengths.length);
  for (const numbers of [lengths, lowerBounds]) for (const number of numbers) appendKey(bytes, number, false);
  return Uint8Array.from(bytes);
}

/** The codec of arrays of a type. */
export function arrayCodec(elementOf: () => PgType): TypeCodec {
  const parse = (text: string, typmod: number, context: TypeContext): string => {
    const element = elementOf();
    const { lengths, lowerBounds, elements } = parseArrayText(text, element.delimiter);
    if (elements.length === 0) return '{}';
    const asGiven = verbatim.has(element.oid) && typmod < 0;
    const items = asGiven
      ? elements
      : elements.map((item) => (item === null ? null : element.format(element.parse(item, typmod, context), -1, canonicalContext)));
    return formatArrayText({ lengths, lowerBounds, elements: items }, element.delimiter);
  };
  return {
    physical: 'text',
    wide: false,
    parse,
    format(value, typmod, context) {
      const element = elementOf();
      const text = String(value);
      if ((!contextual.has(element.oid) && element.contextual !== true) || context === canonicalContext) return text;
      const { lengths, lowerBounds, elements } = parseArrayText(text, element.delimiter);
      const items = elements.map((item) => (item === null ? null : element.format(element.parse(item, -1, canonicalContext), typmod, context)));
      return formatArrayText({ lengths, lowerBounds, elements: items }, element.delimiter);
    },
    decodeBinary: (bytes, typmod, context) => decodeArray(bytes, typmod, context, elementOf()),
    encodeBinary: (value, _typmod, context) => encodeArray(arrayValues(value, elementOf()), elementOf(), context),
    key: (value) => arrayKey(value, elementOf()),
    typmodIn: (args) => {
      const { typmodIn } = elementOf();
      if (typmodIn === undefined) throw new PgError('22023', 'type modifier is not allowed for this type');
      return typmodIn(args);
    },
    typmodOut: (typmod) => elementOf().typmodOut?.(typmod) ?? '',
    coerceTypmod(value, typmod, explicit) {
      const element = elementOf();
      const { coerceTypmod } = element;
      if (value === null || typmod < 0 || coerceTypmod === undefined) return value;
      const { lengths, lowerBounds, elements } = arrayValues(value, element);
      return arrayOf({ lengths, lowerBounds, elements: elements.map((item) => coerceTypmod(item, typmod, explicit)) }, element);
    },
  };
}

/** array_recv. */
function decodeArray(bytes: Uint8Array, typmod: number, context: TypeContext, element: PgType): string {
  if (bytes.byteLength < 12) throw insufficientData();
  const view = viewOf(bytes);
  const dimensions = view.getInt32(0);
  const flags = view.getInt32(4);
  const oid = view.getUint32(8);
  if (dimensions < 0) throw new PgError('22P03', `invalid number of dimensions: ${dimensions}`);
  if (dimensions > maxDimensions) throw tooManyDimensions(dimensions);
  if (flags !== 0 && flags !== 1) throw new PgError('22P03', 'invalid array flags');
  if (oid !== element.oid) {
    throw new PgError('42804', `binary data has array element type ${oid} instead of expected ${element.oid} (${element.displayName})`);
  }
  let at = 12;
  const need = (count: number): void => {
    if (bytes.byteLength - at < count) throw insufficientData();
  };
  const lengths: number[] = [];
  const lowerBounds: number[] = [];
  let count = dimensions === 0 ? 0 : 1;
  for (let n = 0; n < dimensions; n++) {
    need(8);
    const length = view.getInt32(at);
    if (length < 0) throw new PgError('22P03', 'invalid array dimensions');
    lengths.push(length);
    lowerBounds.push(view.getInt32(at + 4));
    count *= length;
    at += 8;
  }
  if (count > maxElements) throw new PgError('54000', `array size exceeds the maximum allowed (${maxElements})`);
  const elements: (string | null)[] = [];
  for (let n = 0; n < count; n++) {
    need(4);
    const length = view.getInt32(at);
    at += 4;
    if (length === -1) {
      elements.push(null);
      continue;
    }
    if (length < -1) throw insufficientData();
    need(length);
    elements.push(element.format(element.decodeBinary(bytes.subarray(at, at + length), typmod, context), -1, canonicalContext));
    at += length;
  }
  if (at !== bytes.byteLength) throw incorrectBinary();
  return count === 0 ? '{}' : formatArrayText({ lengths, lowerBounds, elements }, element.delimiter);
}

/** array_send. */
function encodeArray(parts: ArrayParts<SqlValue>, element: PgType, context: TypeContext): Uint8Array {
  const { lengths, lowerBounds, elements } = parts;
  const encoded = elements.map((item) => (item === null ? null : element.encodeBinary(item, -1, context)));
  let size = 12 + lengths.length * 8;
  for (const item of encoded) size += 4 + (item?.byteLength ?? 0);
  const bytes = new Uint8Array(size);
  const view = viewOf(bytes);
  view.setInt32(0, lengths.length);
  view.setInt32(4, encoded.includes(null) ? 1 : 0);
  view.setUint32(8, element.oid);
  let at = 12;
  lengths.forEach((length, n) => {
    view.setInt32(at, length);
    view.setInt32(at + 4, lowerBounds[n] as number);
    at += 8;
  });
  for (const item of encoded) {
    view.setInt32(at, item === null ? -1 : item.byteLength);
    at += 4;
    if (item === null) continue;
    bytes.set(item, at);
    at += item.byteLength;
  }
  return bytes;
}

/** The codec of int2vector and oidvector: numbers separated by blanks. */
export function vectorCodec(name: string, elementOf: () => PgType): TypeCodec {
  const parse = (text: string): string => {
    const words = text.trim() === '' ? [] : text.trim().split(/\s+/);
    return words
      .map((word) => {
        if (!/^-?\d+$/.test(word)) throw invalidInput(name === 'int2vector' ? 'smallint' : 'oid', word);
        return elementOf().format(elementOf().parse(word, -1, canonicalContext), -1, canonicalContext);
      })
      .join(' ');
  };
  return {
    physical: 'text',
    wide: false,
    parse,
    format: (value) => String(value),
    decodeBinary(bytes, _typmod, context) {
      const literal = decodeArray(bytes, -1, context, elementOf());
      return parseArrayText(literal).elements.join(' ');
    },
    encodeBinary: (value, _typmod, context) => {
      const { elements } = arrayValues(value, elementOf());
      // A vector has one dimension even when it is empty.
      return encodeArray({ lengths: [elements.length], lowerBounds: [0], elements }, elementOf(), context);
    },
    key: (value) => arrayKey(value, elementOf()),
  };
}
