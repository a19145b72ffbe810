/**
 * JSON text: a parser with PostgreSQL's errors, a tree that keeps numbers exact, and jsonb's normal form, order and key. Used by the codecs of json
 * and jsonb and by the JSON functions.
 */
import { PgError } from '../common/errors.js';
import { decodeText, encodeText, incorrectBinary } from './binary.js';
import { formatNumeric, parseNumeric } from './numeric.js';
import { numericKey } from './numeric-codec.js';
import type { TypeCodec } from './pg-type.js';

export type JsonNode =
  | { readonly kind: 'null' }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** The number as numeric's text. */
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'array'; readonly items: readonly JsonNode[] }
  /** Keys are unique and in jsonb's order: by length in bytes, then by bytes. */
  | { readonly kind: 'object'; readonly entries: readonly JsonEntry[] };

export interface JsonEntry {
  readonly key: string;
  readonly value: JsonNode;
}

export const jsonNull: JsonNode = { kind: 'null' };
const jsonTrue: JsonNode = { kind: 'boolean', value: true };
const jsonFalse: JsonNode = { kind: 'boolean', value: false };

type Token = 'end' | 'string' | 'number' | 'true' | 'false' | 'null' | '{' | '}' | '[' | ']' | ':' | ',';

function isWordCharacter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || (code >= 48 && code <= 57) || code === 95 || code > 127;
}

/** Length of a JSON number at a position, or 0 when it is malformed; `end` is where its word ends. */
const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;

/** A JSON number as numeric's text: itself, but for exponents, minus zero and numbers long enough to be out of range. */
function numberText(text: string): string {
  return text.length > 1000 || text.startsWith('-0') || /[eE]/.test(text) ? formatNumeric(parseNumeric(text)) : text;
}

/** A recursive-descent reader over a text. With `build` false it only checks. */
class JsonReader {
  private at = 0;
  private tokenStart = 0;
  private token: Token = 'end';
  private text_ = '';
  private line = 1;
  private lineStart = 0;

  constructor(
    private readonly text: string,
    private readonly build: boolean,
  ) {}

  read(): JsonNode {
    this.next();
    const node = this.value();
    if (this.token !== 'end') throw this.unexpected('Expected end of input');
    return node;
  }

  private value(): JsonNode {
    switch (this.token) {
      case '{':
        return this.object();
      case '[':
        return this.array();
      case 'string': {
        const value = this.text_;
        this.next();
        return { kind: 'string', value };
      }
      case 'number': {
        const node: JsonNode = { kind: 'number', text: this.build ? numberText(this.text_) : this.text_ };
        this.next();
        return node;
      }
      case 'true':
        this.next();
        return jsonTrue;
      case 'false':
        this.next();
        return jsonFalse;
      case 'null':
        this.next();
        return jsonNull;
      default:
        throw this.unexpected('Expected JSON value');
    }
  }

  private array(): JsonNode {
    const items: JsonNode[] = [];
    this.next();
    if (this.token !== ']') {
      items.push(this.value());
      while (this.token === ',') {
        this.next();
        items.push(this.value());
      }
    }
    if (this.token !== ']') throw this.unexpected('Expected "," or "]"');
    this.next();
    return { kind: 'array', items };
  }

  private object(): JsonNode {
    const entries: JsonEntry[] = [];
    this.next();
    if (this.token === 'string') {
      entries.push(this.entry());
      while ((this.token as Token) === ',') {
        this.next();
        if (this.token !== 'string') throw this.unexpected('Expected string');
        entries.push(this.entry());
      }
      if ((this.token as Token) !== '}') throw this.unexpected('Expected "," or "}"');
    } else if (this.token !== '}') {
      throw this.unexpected('Expected string or "}"');
    }
    this.next();
    return { kind: 'object', entries: this.build ? sortedEntries(entries) : entries };
  }

  private entry(): JsonEntry {
    const key = this.text_;
    this.next();
    if (this.token !== ':') throw this.unexpected('Expected ":"');
    this.next();
    return { key, value: this.value() };
  }

  private next(): void {
    const { text } = this;
    let code = text.charCodeAt(this.at);
    while (code === 32 || code === 10 || code === 13 || code === 9) {
      this.at++;
      if (code === 10) {
        this.line++;
        this.lineStart = this.at;
      }
      code = text.charCodeAt(this.at);
    }
    this.tokenStart = this.at;
    if (this.at >= text.length) {
      this.token = 'end';
      return;
    }
    // Not the end, whatever comes of it.
    this.token = 'null';
    switch (code) {
      case 123:
      case 125:
      case 91:
      case 93:
      case 58:
      case 44:
        this.token = text[this.at] as Token;
        this.at++;
        return;
      case 34:
        this.string();
        return;
      default:
        if (code === 45 || (code >= 48 && code <= 57)) this.number();
        else this.word();
    }
  }

  private number(): void {
    numberPattern.lastIndex = this.at;
    const match = numberPattern.exec(this.text);
    const end = match === null ? this.at + 1 : numberPattern.lastIndex;
    if (match === null || isWordCharacter(this.text.charCodeAt(end)) || (this.text.charCodeAt(end) === 46 && !/[.eE]/.test(match[0]))) {
      // The junk up to the end of the word belongs to the token.
      this.at = this.brokenNumberEnd();
      throw this.invalidToken();
    }
    this.token = 'number';
    this.text_ = match[0];
    this.at = end;
  }

  /** Where the reader of numbers stops, and then the rest of the word. */
  private brokenNumberEnd(): number {
    const { text } = this;
    let at = this.at;
    const digits = (): void => {
      while (text.charCodeAt(at) >= 48 && text.charCodeAt(at) <= 57) at++;
    };
    if (text.charCodeAt(at) === 45) at++;
    let broken = false;
    if (text.charCodeAt(at) === 48) at++;
    else if (text.charCodeAt(at) >= 49 && text.charCodeAt(at) <= 57) digits();
    else broken = true;
    if (!broken && text.charCodeAt(at) === 46) {
      at++;
      const from = at;
      digits();
      broken = at === from;
    }
    if (!broken && (text.charCodeAt(at) | 32) === 101) {
      at++;
      if (text.charCodeAt(at) === 43 || text.charCodeAt(at) === 45) at++;
      digits();
    }
    while (at < text.length && isWordCharacter(text.charCodeAt(at))) at++;
    return at;
  }

  private word(): void {
    const { text } = this;
    let end = this.at;
    while (end < text.length && isWordCharacter(text.charCodeAt(end))) end++;
    if (end === this.at) {
      this.at = end + 1;
      throw this.invalidToken();
    }
    const word = text.slice(this.at, end);
    this.at = end;
    if (word !== 'true' && word !== 'false' && word !== 'null') throw this.invalidToken();
    this.token = word;
  }

  private string(): void {
    const { text } = this;
    this.token = 'string';
    let at = this.at + 1;
    let from = at;
    let value = '';
    for (;;) {
      if (at >= text.length) {
        this.at = at;
        throw this.invalidToken();
      }
      const code = text.charCodeAt(at);
      if (code === 34) break;
      if (code < 32) {
        this.at = at + 1;
        throw this.fail(`Character with value 0x${code.toString(16).padStart(2, '0')} must be escaped.`);
      }
      if (code !== 92) {
        at++;
        continue;
      }
      if (this.build) value += text.slice(from, at);
      at++;
      if (at >= text.length) {
        this.at = at;
        throw this.invalidToken();
      }
      const escape = text[at] as string;
      if (escape === 'u') {
        const unit = this.unicodeEscape(at);
        at += 5;
        if (this.build) {
          if (unit === 0) {
            this.at = at;
            throw new PgError('22P05', 'unsupported Unicode escape sequence', { detail: '\\u0000 cannot be converted to text.', where: this.where() });
          }
          if (unit >= 0xdc00 && unit <= 0xdfff) {
            this.at = at;
            throw this.fail('Unicode low surrogate must follow a high surrogate.');
          }
          if (unit >= 0xd800 && unit <= 0xdbff) {
            const low = text.startsWith('\\u', at) ? this.unicodeEscape(at + 1) : -1;
            if (low >= 0xdc00 && low <= 0xdfff) {
              at += 6;
              value += String.fromCharCode(unit, low);
            } else {
              const high = low >= 0xd800 && low <= 0xdbff;
              this.at = Math.min(text.length, low < 0 ? at + 1 : at + 6);
              throw this.fail(high ? 'Unicode high surrogate must not follow a high surrogate.' : 'Unicode low surrogate must follow a high surrogate.');
            }
          } else {
            value += String.fromCharCode(unit);
          }
        }
      } else {
        const plain = escapes.get(escape);
        if (plain === undefined) {
          const character = String.fromCodePoint(text.codePointAt(at) as number);
          this.at = at + character.length;
          throw this.fail(`Escape sequence "\\${character}" is invalid.`);
        }
        value += plain;
        at++;
      }
      from = at;
    }
    this.text_ = this.build ? value + text.slice(from, at) : '';
    this.at = at + 1;
  }

  /** The four digits after `\u`, whose `u` is at a position. */
  private unicodeEscape(u: number): number {
    for (let n = 1; n <= 4; n++) {
      const digit = this.text.charCodeAt(u + n);
      const hex = (digit >= 48 && digit <= 57) || (digit >= 97 && digit <= 102) || (digit >= 65 && digit <= 70);
      if (!hex) {
        this.at = Math.min(this.text.length, u + n + 1);
        throw u + n >= this.text.length ? this.invalidToken() : this.fail('"\\u" must be followed by four hexadecimal digits.');
      }
    }
    return Number.parseInt(this.text.slice(u + 1, u + 5), 16);
  }

  private unexpected(expectation: string): PgError {
    if (this.token === 'end') return this.fail('The input string ended unexpectedly.');
    return this.fail(`${expectation}, but found "${this.text.slice(this.tokenStart, this.at)}".`);
  }

  private invalidToken(): PgError {
    return this.fail(`Token "${this.text.slice(this.tokenStart, this.at)}" is invalid.`);
  }

  private fail(detail: string): PgError {
    return new PgError('22P02', 'invalid input syntax for type json', { detail, where: this.where() });
  }

  /** Up to fifty characters of the line before the error. */
  private where(): string {
    const { text, at, lineStart } = this;
    let start = lineStart;
    if (at - start >= 50) start = at - 49;
    if (start - lineStart <= 3) start = lineStart;
    const following = text[at];
    const suffix = this.token !== 'end' && at < text.length && following !== '\n' && following !== '\r' ? '...' : '';
    return `JSON data, line ${this.line}: ${start > lineStart ? '...' : ''}${text.slice(start, at)}${suffix}`;
  }
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['"', '"'],
  ['\\', '\\'],
  ['/', '/'],
  ['b', '\b'],
  ['f', '\f'],
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
]);

function isAscii(text: string): boolean {
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return false;
  return true;
}

/** Order of keys within an object. */
export function compareJsonKeys(left: string, right: string): number {
  if (left === right) return 0;
  if (left.length < 20 && right.length < 20 && isAscii(left) && isAscii(right)) {
    if (left.length !== right.length) return left.length - right.length;
    return left < right ? -1 : 1;
  }
  const a = Buffer.byteLength(left);
  const b = Buffer.byteLength(right);
  return a === b ? compareText(left, right) : a - b;
}

/** Order by UTF-8 bytes (collation C). */
export function compareText(left: string, right: string): number {
  const length = Math.min(left.length, right.length);
  for (let at = 0; at < length; at++) {
    const a = left.charCodeAt(at);
    const b = right.charCodeAt(at);
    if (a === b) continue;
    // Surrogates stand for code points above every other code unit.
    const aHigh = a >= 0xd800 && a <= 0xdfff;
    const bHigh = b >= 0xd800 && b <= 0xdfff;
    return aHigh !== bHigh ? (aHigh ? 1 : -1) : a - b;
  }
  return left.length - right.length;
}

/** Entries in jsonb's order; of equal keys the last one stays. */
export function sortedEntries(entries: readonly JsonEntry[]): JsonEntry[] {
  if (entries.length < 2) return [...entries];
  const last = new Map<string, JsonEntry>();
  for (const entry of entries) last.set(entry.key, entry);
  return [...last.values()].sort((a, b) => compareJsonKeys(a.key, b.key));
}

function tooDeep(): PgError {
  return new PgError('54001', 'stack depth limit exceeded', {
    hint: 'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is adequate.',
  });
}

/** Runs what recurses over JSON; a text nested too deeply is 54001. */
function bounded<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof RangeError ? tooDeep() : error;
  }
}

/** The tree of a JSON text, keys sorted and unique as in jsonb. 22P02 with PostgreSQL's detail. */
export function parseJson(text: string): JsonNode {
  return bounded(() => new JsonReader(text, true).read());
}

/** Throws 22P02 unless the text is JSON (the rules of type json: nothing is unescaped). */
function checkJson(text: string): void {
  try {
    JSON.parse(text);
  } catch {
    bounded(() => new JsonReader(text, false).read());
  }
}

const plainString = /^[^"\\\u0000-\u001f]*$/;

/** A JSON string literal, escaped as PostgreSQL's escape_json does. */
export function quoteJson(text: string): string {
  if (plainString.test(text)) return `"${text}"`;
  let quoted = '"';
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    switch (code) {
      case 8:
        quoted += '\\b';
        break;
      case 9:
        quoted += '\\t';
        break;
      case 10:
        quoted += '\\n';
        break;
      case 12:
        quoted += '\\f';
        break;
      case 13:
        quoted += '\\r';
        break;
      case 34:
        quoted += '\\"';
        break;
      case 92:
        quoted += '\\\\';
        break;
      default:
        quoted += code < 32 ? `\\u${code.toString(16).padStart(4, '0')}` : text[at];
    }
  }
  return `${quoted}"`;
}

/** jsonb's output form. */
export function formatJson(node: JsonNode): string {
  switch (node.kind) {
    case 'null':
      return 'null';
    case 'boolean':
      return node.value ? 'true' : 'false';
    case 'number':
      return node.text;
    case 'string':
      return quoteJson(node.value);
    case 'array': {
      let text = '[';
      for (let at = 0; at < node.items.length; at++) text += (at === 0 ? '' : ', ') + formatJson(node.items[at] as JsonNode);
      return `${text}]`;
    }
    case 'object': {
      let text = '{';
      for (let at = 0; at < node.entries.length; at++) {
        const { key, value } = node.entries[at] as JsonEntry;
        text += `${at === 0 ? '' : ', '}${quoteJson(key)}: ${formatJson(value)}`;
      }
      return `${text}}`;
    }
  }
}

/** What the runtime's own parser might read otherwise than jsonb does: fractions, exponents, long and negative zero numbers, escapes of surrogates and zeros. */
const unsafeForRuntime = /\d[.eE]|\d{16}|-0|\\u/;

/** jsonb's form of a value that JSON.parse gave. */
function formatPlain(value: unknown): string {
  if (typeof value === 'string') return quoteJson(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (Array.isArray(value)) {
    let text = '[';
    for (let at = 0; at < value.length; at++) text += (at === 0 ? '' : ', ') + formatPlain(value[at]);
    return `${text}]`;
  }
  const members = value as Record<string, unknown>;
  const keys = Object.keys(members);
  if (keys.length > 1) keys.sort(compareJsonKeys);
  let text = '{';
  for (let at = 0; at < keys.length; at++) {
    const key = keys[at] as string;
    text += `${at === 0 ? '' : ', '}${quoteJson(key)}: ${formatPlain(members[key])}`;
  }
  return `${text}}`;
}

/** jsonb's normal form of a JSON text. */
function normalizeJsonb(text: string): string {
  if (!unsafeForRuntime.test(text)) {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      // The reader below says what is wrong.
    }
    if (value !== undefined) return bounded(() => formatPlain(value));
  }
  return bounded(() => formatJson(new JsonReader(text, true).read()));
}

/** Collects the bytes of a key. */
class KeyBytes {
  private bytes = new Uint8Array(64);
  private length = 0;

  byte(value: number): void {
    if (this.length === this.bytes.length) {
      const grown = new Uint8Array(this.length * 2);
      grown.set(this.bytes);
      this.bytes = grown;
    }
    this.bytes[this.length++] = value;
  }

  count(value: number): void {
    for (let shift = 24; shift >= 0; shift -= 8) this.byte((value >>> shift) & 255);
  }

  /** Bytes that end with 0x00 0x00, a zero inside as 0x00 0xff: prefix-free, in order. */
  terminated(value: Uint8Array): void {
    for (const byte of value) {
      this.byte(byte);
      if (byte === 0) this.byte(255);
    }
    this.byte(0);
    this.byte(0);
  }

  finish(): Uint8Array {
    return this.bytes.slice(0, this.length);
  }
}

function writeKey(node: JsonNode, key: KeyBytes): void {
  switch (node.kind) {
    case 'null':
      key.byte(1);
      return;
    case 'string':
      key.byte(2);
      key.terminated(encodeText(node.value));
      return;
    case 'number':
      key.byte(3);
      key.terminated(numericKey(node.text) as Uint8Array);
      return;
    case 'boolean':
      key.byte(4);
      key.byte(node.value ? 1 : 0);
      return;
    case 'array':
      key.byte(5);
      key.count(node.items.length);
      for (const item of node.items) writeKey(item, key);
      return;
    case 'object':
      key.byte(6);
      key.count(node.entries.length);
      for (const entry of node.entries) {
        key.terminated(encodeText(entry.key));
        writeKey(entry.value, key);
      }
  }
}

/** A BLOB in jsonb's btree order: null, strings, numbers, booleans, arrays, objects; a whole value that is an empty array comes first of all. */
export function jsonbKey(node: JsonNode): Uint8Array {
  if (node.kind === 'array' && node.items.length === 0) return Uint8Array.of(0);
  const key = new KeyBytes();
  bounded(() => writeKey(node, key));
  return key.finish();
}

export const jsonCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse(text) {
    checkJson(text);
    return text;
  },
  format: (value) => String(value),
  decodeBinary(bytes) {
    const text = decodeText(bytes);
    checkJson(text);
    return text;
  },
  encodeBinary: (value) => encodeText(String(value)),
};

export const jsonbCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse: (text) => normalizeJsonb(text),
  format: (value) => String(value),
  decodeBinary(bytes) {
    if (bytes.byteLength === 0) throw incorrectBinary();
    if (bytes[0] !== 1) throw new PgError('XX000', `unsupported jsonb version number ${bytes[0]}`);
    return normalizeJsonb(decodeText(bytes.subarray(1)));
  },
  encodeBinary(value) {
    const text = encodeText(String(value));
    const bytes = new Uint8Array(text.length + 1);
    bytes[0] = 1;
    bytes.set(text, 1);
    return bytes;
  },
  key: (value) => (value === null ? null : jsonbKey(parseJson(String(value)))),
};
