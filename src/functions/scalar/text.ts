/** String functions and operators (PostgreSQL 15, chapter 9.4), LIKE and the casts between the string types. */
import { convertBytes } from '../text/encodings.js';
import { PgError } from '../../common/errors.js';
import { clipName } from '../../common/names.js';
import { charOf, characterCount, firstCharacters, trimBlanks } from '../../types/text.js';
import { encodeText } from '../../types/binary.js';
import { bpcharCodec, varcharCodec } from '../../types/text.js';
import { Oid } from '../../types/registry.js';
import type { EvaluationContext, KernelValue, ResolvedCall, SpelledArgument } from '../function.js';
import { pure, type ScalarImplementation, type ScalarImplementations } from '../implementation.js';
import { elementsOf, formatArray, parseArray, vector } from '../array-value.js';
import { characterIndex, initcapText, isPlain, lowerText, sliceCharacters, upperText } from '../text/characters.js';
import { escapeLikePattern, likeMatcher, similarToRegex } from '../text/pattern.js';
import { quoteIdentifier, quoteLiteral } from '../text/quoting.js';
import { formatValue } from '../values.js';

/** MaxAllocSize, which limits a text's length. */
const maxLength = 268_435_455;

function tooLong(): PgError {
  return new PgError('54000', 'requested length too large');
}

/** SQL's SUBSTRING by characters: 1-based, `length` undefined = to the end. */
export function substring(text: string, start: number, length: number | undefined): string {
  if (length !== undefined && length < 0 && start + length < start) throw new PgError('22011', 'negative substring length not allowed');
  const end = length === undefined ? Infinity : start + length;
  const from = Math.max(start, 1);
  if (end <= from) return '';
  return sliceCharacters(text, from - 1, end === Infinity ? text.length : end - 1);
}

function overlay(text: string, replacement: string, start: number, length: number): string {
  if (start <= 0) throw new PgError('22011', 'negative substring length not allowed');
  if (start + length > 2147483647) throw new PgError('22003', 'integer out of range');
  return substring(text, 1, start - 1) + replacement + substring(text, start + length, undefined);
}

function position(text: string, part: string): number {
  if (part === '') return 1;
  const found = text.indexOf(part);
  return found < 0 ? 0 : characterIndex(text, found) + 1;
}

function left(text: string, count: number): string {
  return count >= 0 ? firstCharacters(text, count) : firstCharacters(text, Math.max(0, characterCount(text) + count));
}

function right(text: string, count: number): string {
  const length = characterCount(text);
  const from = count >= 0 ? Math.max(0, length - count) : Math.min(length, -count);
  return sliceCharacters(text, from, text.length);
}

function pad(text: string, length: number, fill: string, atLeft: boolean): string {
  const wanted = Math.max(0, length);
  if (wanted > maxLength) throw tooLong();
  const count = characterCount(text);
  if (count >= wanted) return firstCharacters(text, wanted);
  if (fill === '') return text;
  const missing = wanted - count;
  const fillCount = characterCount(fill);
  const padding = fill.repeat(Math.floor(missing / fillCount)) + firstCharacters(fill, missing % fillCount);
  return atLeft ? padding + text : text + padding;
}

/** Strips characters of the set from the ends. */
function trim(text: string, set: string, atLeft: boolean, atRight: boolean): string {
  if (set.length === 1) {
    const code = set.charCodeAt(0);
    let from = 0;
    let to = text.length;
    if (atLeft) while (from < to && text.charCodeAt(from) === code) from++;
    if (atRight) while (to > from && text.charCodeAt(to - 1) === code) to--;
    return text.slice(from, to);
  }
  const characters = new Set(set);
  const all = Array.from(text);
  let from = 0;
  let to = all.length;
  if (atLeft) while (from < to && characters.has(all[from] as string)) from++;
  if (atRight) while (to > from && characters.has(all[to - 1] as string)) to--;
  return all.slice(from, to).join('');
}

function translate(text: string, from: string, to: string): string {
  const map = new Map<string, string>();
  const targets = Array.from(to);
  Array.from(from).forEach((character, n) => {
    if (!map.has(character)) map.set(character, targets[n] ?? '');
  });
  let result = '';
  for (const character of text) result += map.get(character) ?? character;
  return result;
}

function repeat(text: string, count: number): string {
  if (count <= 0 || text === '') return '';
  if (text.length * count > maxLength) throw tooLong();
  return text.repeat(count);
}

function splitPart(text: string, separator: string, field: number): string {
  if (field === 0) throw new PgError('22023', 'field position must not be zero');
  if (text === '') return '';
  if (separator === '') return field === 1 || field === -1 ? text : '';
  const parts = text.split(separator);
  return parts[field > 0 ? field - 1 : parts.length + field] ?? '';
}

function chr(code: number): string {
  if (code < 0) throw new PgError('22023', 'character number must be positive');
  if (code === 0) throw new PgError('54000', 'null character not permitted');
  if (code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
    throw new PgError('54000', code > 0x10ffff ? `requested character too large for encoding: ${code}` : `requested character not valid for encoding: ${code}`);
  return String.fromCodePoint(code);
}

function unistr(text: string): string {
  let result = '';
  for (let at = 0; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code !== 92) {
      result += text.charAt(at++);
      continue;
    }
    if (text.charCodeAt(at + 1) === 92) {
      result += '\\';
      at += 2;
      continue;
    }
    const match = /^\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|\+([0-9A-Fa-f]{6})|([0-9A-Fa-f]{4}))/.exec(text.slice(at, at + 10));
    if (match === null) throw new PgError('42601', 'invalid Unicode escape', { hint: 'Unicode escapes must be \\XXXX, \\+XXXXXX, \\uXXXX, or \\UXXXXXXXX.' });
    const value = parseInt((match[1] ?? match[2] ?? match[3] ?? match[4]) as string, 16);
    if (value === 0 || value > 0x10ffff) throw new PgError('22023', `invalid Unicode code point: ${value.toString(16).toUpperCase().padStart(4, '0')}`);
    result += value <= 0xffff ? String.fromCharCode(value) : String.fromCodePoint(value);
    at += match[0].length;
  }
  if (/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(result)) throw new PgError('42601', 'invalid Unicode surrogate pair');
  return result;
}

function normalForm(form: string): 'NFC' | 'NFD' | 'NFKC' | 'NFKD' {
  const upper = form.toUpperCase();
  if (upper === 'NFC' || upper === 'NFD' || upper === 'NFKC' || upper === 'NFKD') return upper;
  throw new PgError('22023', `invalid normalization form: ${form}`);
}

/** The value's text as a cast to text gives it (bool: true/false; bpchar: without trailing blanks), against the output function's. */
function castToText(value: Exclude<KernelValue, null>, oid: number, context: EvaluationContext): string {
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (oid === Oid.bpchar) return trimBlanks(value as string);
  return formatValue(value, oid, context);
}

/** concat and concat_ws: the arguments' texts by their output functions, NULLs left out. */
function concatenation(call: ResolvedCall, first: number): (context: EvaluationContext, args: readonly KernelValue[], separator: string) => string | null {
  if (call.variadicArray) {
    const element = elementsOf(call.args[first] as number);
    return (context, args, separator) => {
      const array = args[first];
      if (array === null || array === undefined) return null;
      return parseArray(array as string, element.delimiter)
        .elements.flatMap((text) => (text === null ? [] : [formatValue(element.value(text) as Exclude<KernelValue, null>, element.oid, context)]))
        .join(separator);
    };
  }
  return (context, args, separator) => {
    let result = '';
    let any = false;
    for (let n = first; n < args.length; n++) {
      const value = args[n];
      if (value === null || value === undefined) continue;
      if (any) result += separator;
      result += formatValue(value, call.args[n] as number, context);
      any = true;
    }
    return result;
  };
}

function formatError(message: string, hint?: string): PgError {
  return new PgError('22023', message, hint === undefined ? {} : { hint });
}

/** format(): %s, %I, %L with positions, flag - and widths. */
function formatText(template: string, texts: (at: number) => { readonly text: string | null; readonly integer: number | null } | undefined): string {
  let result = '';
  let next = 0;
  const digitsAt = (at: number): string => /^\d*/.exec(template.slice(at))?.[0] ?? '';
  for (let at = 0; at < template.length; at++) {
    const character = template.charAt(at);
    if (character !== '%') {
      result += character;
      continue;
    }
    at++;
    const unterminated = (): PgError => formatError('unterminated format() type specifier', 'For a single "%" use "%%".');
    if (at >= template.length) throw unterminated();
    if (template.charAt(at) === '%') {
      result += '%';
      continue;
    }
    let argument: number | undefined;
    let digits = digitsAt(at);
    let width = 0;
    let leftAligned = false;
    let digitsAreWidth = false;
    if (digits !== '' && template.charAt(at + digits.length) === '$') {
      argument = Number(digits);
      if (argument === 0) throw formatError('format specifies argument 0, but arguments are numbered from 1');
      at += digits.length + 1;
      digits = '';
    } else if (digits !== '') {
      digitsAreWidth = true;
    }
    if (!digitsAreWidth) {
      while (template.charAt(at) === '-') {
        leftAligned = true;
        at++;
      }
      digits = digitsAt(at);
    }
    if (digits !== '') {
      width = Number(digits);
      if (width > 2147483647) throw new PgError('22003', 'number is out of range');
      at += digits.length;
    } else if (template.charAt(at) === '*') {
      at++;
      const position = digitsAt(at);
      let from: number;
      if (position !== '') {
        at += position.length;
        if (template.charAt(at) !== '$') throw formatError('width argument position must be ended by "$"');
        at++;
        from = Number(position);
        if (from === 0) throw formatError('format specifies argument 0, but arguments are numbered from 1');
      } else {
        from = ++next;
      }
      const value = texts(from);
      if (value === undefined) throw formatError('too few arguments for format()');
      if (value.integer !== null && value.integer !== value.integer) throw new PgError('22P02', `invalid input syntax for type integer: "${value.text ?? ''}"`);
      width = value.integer ?? 0;
      next = from;
      if (width < 0) {
        leftAligned = true;
        width = -width;
      }
    }
    if (at >= template.length) throw unterminated();
    const conversion = String.fromCodePoint(template.codePointAt(at) as number);
    if (argument === undefined) argument = ++next;
    else next = argument;
    if (conversion !== 's' && conversion !== 'I' && conversion !== 'L') {
      throw formatError(`unrecognized format() type specifier "${conversion}"`, 'For a single "%" use "%%".');
    }
    const value = texts(argument);
    if (value === undefined) throw formatError('too few arguments for format()');
    let piece: string;
    if (conversion === 's') piece = value.text ?? '';
    else if (conversion === 'L') piece = value.text === null ? 'NULL' : quoteLiteral(value.text);
    else {
      if (value.text === null) throw new PgError('22004', 'null values cannot be formatted as an SQL identifier');
      piece = quoteIdentifier(value.text);
    }
    const missing = width - characterCount(piece);
    if (missing > 0) piece = leftAligned ? piece + ' '.repeat(missing) : ' '.repeat(missing) + piece;
    result += piece;
  }
  return result;
}

function formatCall(call: ResolvedCall): ScalarImplementation['kernel'] {
  return (context, template, ...rest) => {
    if (template === null || template === undefined) return null;
    let values = rest;
    let types: (n: number) => number = (n) => call.args[n + 1] as number;
    if (call.variadicArray) {
      const element = elementsOf(call.args[1] as number);
      const array = rest[0];
      values = array === null || array === undefined ? [] : parseArray(array as string, element.delimiter).elements.map((text) => element.value(text));
      types = () => element.oid;
    }
    return formatText(template as string, (at) => {
      const value = values[at - 1];
      if (value === undefined) return undefined;
      if (value === null) return { text: null, integer: null };
      const text = formatValue(value, types(at - 1), context);
      return { text, integer: /^\s*[+-]?\d{1,10}\s*$/.test(text) ? Number(text) : NaN };
    });
  };
}

/** string_to_array's parts; separator null: single characters. */
export function splitText(text: string, separator: string | null, nullText: string | null): (string | null)[] {
  if (text === '') return [];
  const parts = separator === null ? Array.from(text) : separator === '' ? [text] : text.split(separator);
  return nullText === null ? parts : parts.map((part) => (part === nullText ? null : part));
}

function parseIdent(text: string, strict: boolean): string {
  const broken = (detail?: string): PgError => new PgError('22023', `string is not a valid identifier: "${text}"`, detail === undefined ? {} : { detail });
  const parts: string[] = [];
  let at = 0;
  const blank = (): void => {
    while (/\s/.test(text.charAt(at)) && at < text.length) at++;
  };
  blank();
  let afterDot = false;
  for (;;) {
    let missing = true;
    if (text.charAt(at) === '"') {
      let name = '';
      at++;
      for (;;) {
        const end = text.indexOf('"', at);
        if (end < 0) throw broken('String has unclosed double quotes.');
        name += text.slice(at, end);
        at = end + 1;
        if (text.charAt(at) !== '"') break;
        name += '"';
        at++;
      }
      if (name === '') throw broken('Quoted identifier must not be empty.');
      parts.push(name);
      missing = false;
    } else {
      const match = /^[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/.exec(text.slice(at));
      if (match !== null) {
        parts.push(match[0].toLowerCase());
        at += match[0].length;
        missing = false;
      }
    }
    if (missing) {
      if (text.charAt(at) === '.') throw broken('No valid identifier before ".".');
      if (afterDot) throw broken('No valid identifier after ".".');
      throw broken();
    }
    blank();
    if (text.charAt(at) === '.') {
      afterDot = true;
      at++;
      blank();
    } else if (at >= text.length) {
      break;
    } else {
      if (strict) throw broken();
      break;
    }
  }
  return formatArray(vector(parts));
}

const concatNative: NonNullable<ScalarImplementation['sqlite']> = ([a, b]: readonly SpelledArgument[]) =>
  a === undefined || b === undefined ? undefined : `(${a.text} || ${b.text})`;
const same: NonNullable<ScalarImplementation['sqlite']> = ([value]) => value?.text;

/**
 * SQLite's LIKE is PostgreSQL's once it is case sensitive (sqlite-register sets that), but for a pattern that ends with the escape character, which is an error.
 */
function likeNative(sign: 'LIKE' | 'NOT LIKE'): NonNullable<ScalarImplementation['sqlite']> {
  return ([text, pattern], kernel) => {
    if (text === undefined || pattern === undefined) return undefined;
    const native = `${text.text} ${sign} ${pattern.text} ESCAPE '\\'`;
    if (typeof pattern.constant === 'string') return pattern.constant.endsWith('\\') ? undefined : `(${native})`;
    if (!pattern.simple || !text.simple) return undefined;
    return `(CASE WHEN substr(${pattern.text}, -1) = '\\' THEN ${kernel}(${text.text}, ${pattern.text}) ELSE ${native} END)`;
  };
}

const like: ScalarImplementation = { kernel: (_, text, pattern) => likeMatcher(pattern as string)(text as string), sqlite: likeNative('LIKE') };
const notLike: ScalarImplementation = { kernel: (_, text, pattern) => !likeMatcher(pattern as string)(text as string), sqlite: likeNative('NOT LIKE') };
const ilike: ScalarImplementation = { kernel: (_, text, pattern) => likeMatcher(lowerText(pattern as string))(lowerText(text as string)) };
const notIlike: ScalarImplementation = { kernel: (_, text, pattern) => !likeMatcher(lowerText(pattern as string))(lowerText(text as string)) };

function reverse(text: string): string {
  return isPlain(text) ? text.split('').reverse().join('') : Array.from(text).reverse().join('');
}

/** SQLite folds ASCII only: native where the text is ASCII. */
function foldNative(name: 'lower' | 'upper'): NonNullable<ScalarImplementation['sqlite']> {
  return ([value], kernel) =>
    value?.simple === true
      ? `(CASE WHEN length(${value.text}) = octet_length(${value.text}) THEN ${name}(${value.text}) ELSE ${kernel}(${value.text}) END)`
      : undefined;
}

/** A position of 1 or more and a length of 0 or more are SQLite's substr. */
const substrNative: NonNullable<ScalarImplementation['sqlite']> = ([text, start, length], kernel) => {
  if (text === undefined || start?.simple !== true || (length !== undefined && !length.simple)) return undefined;
  const call = [text, start, ...(length === undefined ? [] : [length])].map((argument) => argument.text).join(', ');
  const known = (value: KernelValue | undefined, least: number): boolean => typeof value === 'number' && value >= least;
  if (known(start.constant, 1) && (length === undefined || known(length.constant, 0))) return `substr(${call})`;
  if (!text.simple) return undefined;
  return `(CASE WHEN ${start.text} >= 1${length === undefined ? '' : ` AND ${length.text} >= 0`} THEN substr(${call}) ELSE ${kernel}(${call}) END)`;
};

const callNative =
  (name: string): NonNullable<ScalarImplementation['sqlite']> =>
  (args) =>
    `${name}(${args.map((argument) => argument.text).join(', ')})`;

/** SQLite's length() counts characters up to a NUL, which PostgreSQL's texts never hold. */
const lengthNative: NonNullable<ScalarImplementation['sqlite']> = ([value]) => (value === undefined ? undefined : `length(${value.text})`);

export const textFunctions: ScalarImplementations = {
  textlen: { ...pure((text: string) => characterCount(text)), sqlite: lengthNative },
  bpcharlen: pure((text: string) => characterCount(trimBlanks(text))),
  textoctetlen: pure((text: string) => Buffer.byteLength(text)),
  bpcharoctetlen: pure((text: string) => Buffer.byteLength(text)),
  bit_length_1811: pure((text: string) => Buffer.byteLength(text) * 8),
  bit_length_1810: pure((bytes: Uint8Array) => bytes.length * 8),
  textcat: { ...pure((a: string, b: string) => a + b), sqlite: concatNative },
  textanycat_2003: { typedKernel: (call) => (context, a, b) => (a as string) + castToText(b as Exclude<KernelValue, null>, call.args[1] as number, context) },
  anytextcat_2004: { typedKernel: (call) => (context, a, b) => castToText(a as Exclude<KernelValue, null>, call.args[0] as number, context) + (b as string) },
  lower: { ...pure((text: string) => lowerText(text)), sqlite: foldNative('lower') },
  upper: { ...pure((text: string) => upperText(text)), sqlite: foldNative('upper') },
  initcap: pure((text: string) => initcapText(text)),
  text_substr: { ...pure((text: string, start: number, length: number) => substring(text, start, length)), sqlite: substrNative },
  text_substr_no_len: { ...pure((text: string, start: number) => substring(text, start, undefined)), sqlite: substrNative },
  textoverlay: pure((text: string, replacement: string, start: number, length: number) => overlay(text, replacement, start, length)),
  textoverlay_no_len: pure((text: string, replacement: string, start: number) => overlay(text, replacement, start, characterCount(replacement))),
  textpos: { ...pure((text: string, part: string) => position(text, part)), sqlite: callNative('instr') },
  text_left: pure(left),
  text_right: pure(right),
  lpad: pure((text: string, length: number, fill: string) => pad(text, length, fill, true)),
  rpad: pure((text: string, length: number, fill: string) => pad(text, length, fill, false)),
  lpad_879: pure((text: string, length: number) => pad(text, length, ' ', true)),
  rpad_880: pure((text: string, length: number) => pad(text, length, ' ', false)),
  ltrim: { ...pure((text: string, set: string) => trim(text, set, true, false)), sqlite: callNative('ltrim') },
  rtrim: { ...pure((text: string, set: string) => trim(text, set, false, true)), sqlite: callNative('rtrim') },
  btrim: { ...pure((text: string, set: string) => trim(text, set, true, true)), sqlite: callNative('trim') },
  ltrim1: { ...pure((text: string) => trim(text, ' ', true, false)), sqlite: ([value]) => (value === undefined ? undefined : `ltrim(${value.text}, ' ')`) },
  rtrim1: { ...pure((text: string) => trimBlanks(text)), sqlite: ([value]) => (value === undefined ? undefined : `rtrim(${value.text}, ' ')`) },
  btrim1: { ...pure((text: string) => trim(text, ' ', true, true)), sqlite: ([value]) => (value === undefined ? undefined : `trim(${value.text}, ' ')`) },
  translate: pure(translate),
  replace_text: { ...pure((text: string, from: string, to: string) => (from === '' ? text : text.split(from).join(to))), sqlite: callNative('replace') },
  repeat: pure(repeat),
  text_reverse: pure(reverse),
  split_part: pure(splitPart),
  chr: pure(chr),
  ascii: pure((text: string) => text.codePointAt(0) ?? 0),
  text_starts_with: pure((text: string, prefix: string) => text.startsWith(prefix)),
  text_concat: {
    typedKernel: (call) => {
      const concat = concatenation(call, 0);
      return (context, ...args) => concat(context, args, '');
    },
  },
  text_concat_ws: {
    typedKernel: (call) => {
      const concat = concatenation(call, 1);
      return (context, ...args) => (args[0] === null ? null : concat(context, args, args[0] as string));
    },
  },
  text_format: { typedKernel: (call) => formatCall(call) as NonNullable<ScalarImplementation['kernel']> },
  text_format_nv: { kernel: formatCall({ args: [Oid.text], result: Oid.text, variadicArray: false }) as NonNullable<ScalarImplementation['kernel']> },
  quote_ident: pure((text: string) => quoteIdentifier(text)),
  quote_literal: pure((text: string) => quoteLiteral(text)),
  quote_literal_1285: {
    typedKernel: (call) => (context, value) => quoteLiteral(castToText(value as Exclude<KernelValue, null>, call.args[0] as number, context)),
  },
  quote_nullable: { kernel: (_, text) => (text === null ? 'NULL' : quoteLiteral(text as string)) },
  quote_nullable_1290: {
    typedKernel: (call) => (context, value) =>
      value === null || value === undefined ? 'NULL' : quoteLiteral(castToText(value, call.args[0] as number, context)),
  },
  parse_ident: pure((text: string, strict: boolean) => parseIdent(text, strict)),
  text_to_array: {
    kernel: (_, text, separator) => (text === null ? null : formatArray(vector(splitText(text as string, separator as string | null, null)))),
  },
  text_to_array_null: {
    kernel: (_, text, separator, nullText) =>
      text === null ? null : formatArray(vector(splitText(text as string, separator as string | null, nullText as string | null))),
  },
  unistr: pure(unistr),
  unicode_normalize_func: pure((text: string, form: string) => text.normalize(normalForm(form))),
  unicode_is_normalized: pure((text: string, form: string) => text.normalize(normalForm(form)) === text),

  textlike: like,
  textnlike: notLike,
  namelike: like,
  namenlike: notLike,
  texticlike: ilike,
  texticnlike: notIlike,
  nameiclike: ilike,
  nameicnlike: notIlike,
  like_escape: pure(escapeLikePattern),
  similar_to_escape_2: pure((pattern: string, escape: string) => similarToRegex(pattern, escape)),
  similar_to_escape_1: pure((pattern: string) => similarToRegex(pattern, undefined)),
  similar_escape: {
    kernel: (_, pattern, escape) => (pattern === null ? null : similarToRegex(pattern as string, escape === null ? undefined : (escape as string))),
  },

  text_larger: pure((a: string, b: string) => (a > b ? a : b)),
  text_smaller: pure((a: string, b: string) => (a < b ? a : b)),
  name_text: { ...pure((text: string) => text), sqlite: same },
  text_name: pure((text: string) => clipName(text)),
  name_bpchar: { ...pure((text: string) => text), sqlite: same },
  bpchar_name: pure((text: string) => clipName(trimBlanks(text))),
  char_bpchar: { ...pure((text: string) => text), sqlite: same },
  char_text: { ...pure((text: string) => text), sqlite: same },
  text_char: pure((text: string) => charOf(text)),
  booltext: {
    ...pure((value: boolean) => (value ? 'true' : 'false')),
    sqlite: ([value]) => (value === undefined ? undefined : `(CASE ${value.text} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END)`),
  },
  bpchar: pure((text: string, typmod: number, explicit: boolean) => bpcharCodec.coerceTypmod?.(text, typmod, explicit) ?? text),
  varchar: pure((text: string, typmod: number, explicit: boolean) => varcharCodec.coerceTypmod?.(text, typmod, explicit) ?? text),
  nameconcatoid: pure((name: string, oid: number) => clipName(name.slice(0, 63 - `_${oid}`.length) + `_${oid}`)),
  pg_convert_to: pure((text: string, encoding: string) => convertBytes(encodeText(text), 'UTF8', encoding)),
};
