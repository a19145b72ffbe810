/**
 * Finds the parts of a JSON text without building a tree: members and items as slices. The text is trusted (checked when it was entered). Serves json, whose
 * parts must stay as they were written, and jsonb, whose parts are in normal form because the whole is.
 */

import { PgError } from '../../common/errors.js';

export type JsonKind = 'object' | 'array' | 'string' | 'number' | 'boolean' | 'null';

function skipBlank(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 32 && code !== 10 && code !== 13 && code !== 9) return at;
    at++;
  }
}

/** Position after the string that begins at `from`. */
function skipString(text: string, from: number): number {
  let at = from + 1;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 34) return at + 1;
    if (code !== code) return at;
    at += code === 92 ? 2 : 1;
  }
}

/** Position after the value that begins at `from`. */
function skipValue(text: string, from: number): number {
  let at = from;
  let depth = 0;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code === 34) {
      at = skipString(text, at);
    } else if (code === 123 || code === 91) {
      depth++;
      at++;
      continue;
    } else if (code === 125 || code === 93) {
      depth--;
      at++;
    } else if (depth > 0) {
      if (code !== code) return at;
      at++;
      continue;
    } else {
      for (let end = text.charCodeAt(at); end === end && end !== 44 && end !== 125 && end !== 93 && end > 32; end = text.charCodeAt(++at));
    }
    if (depth === 0) return at;
  }
}

export function jsonKind(text: string): JsonKind {
  switch (text.charCodeAt(skipBlank(text, 0))) {
    case 123:
      return 'object';
    case 91:
      return 'array';
    case 34:
      return 'string';
    case 116:
    case 102:
      return 'boolean';
    case 110:
      return 'null';
    default:
      return 'number';
  }
}

/** The string that a JSON string literal means. */
function unquoteJson(literal: string): string {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  return JSON.parse(literal) as string;
}

/** What PostgreSQL's reader says of escapes when it takes a json text apart: text cannot hold zeros and halves of surrogate pairs. */
export function requireReadable(text: string): void {
  if (!text.includes('\\u')) return;
  const wrongPair = (detail: string): PgError => new PgError('22P02', 'invalid input syntax for type json', { detail });
  let high = false;
  for (const [escape] of text.matchAll(/\\u[0-9a-fA-F]{4}|\\.|[^\\]/gs)) {
    const code = escape.startsWith('\\u') ? Number.parseInt(escape.slice(2), 16) : -1;
    if (code === 0) throw new PgError('22P05', 'unsupported Unicode escape sequence', { detail: '\\u0000 cannot be converted to text.' });
    const low = code >= 0xdc00 && code <= 0xdfff;
    if (high !== low) throw wrongPair('Unicode low surrogate must follow a high surrogate.');
    high = code >= 0xd800 && code <= 0xdbff;
  }
}

/** Calls back for each member of an object, in order; stops when the callback answers true. */
export function eachMember(text: string, visit: (key: string, value: string) => boolean | void): void {
  requireReadable(text);
  let at = skipBlank(text, skipBlank(text, 0) + 1);
  while (text.charCodeAt(at) === 34) {
    const keyEnd = skipString(text, at);
    const key = unquoteJson(text.slice(at, keyEnd));
    const from = skipBlank(text, skipBlank(text, keyEnd) + 1);
    const to = skipValue(text, from);
    if (visit(key, text.slice(from, to)) === true) return;
    at = skipBlank(text, to);
    if (text.charCodeAt(at) !== 44) return;
    at = skipBlank(text, at + 1);
  }
}

/** Calls back for each item of an array, in order; stops when the callback answers true. */
export function eachItem(text: string, visit: (value: string) => boolean | void): void {
  let at = skipBlank(text, skipBlank(text, 0) + 1);
  if (text.charCodeAt(at) === 93) return;
  for (;;) {
    const to = skipValue(text, at);
    if (visit(text.slice(at, to)) === true) return;
    at = skipBlank(text, to);
    if (text.charCodeAt(at) !== 44) return;
    at = skipBlank(text, at + 1);
  }
}

/** The value of a key; the last one where a json text repeats it. undefined: none. */
export function memberOf(text: string, key: string): string | undefined {
  if (jsonKind(text) !== 'object') return undefined;
  let found: string | undefined;
  eachMember(text, (name, value) => {
    if (name === key) found = value;
  });
  return found;
}

export function itemCount(text: string): number {
  let count = 0;
  eachItem(text, () => {
    count++;
  });
  return count;
}

/** The item at an index; a negative one counts from the end. */
export function itemOf(text: string, index: number): string | undefined {
  requireReadable(text);
  if (jsonKind(text) !== 'array') return undefined;
  let wanted = index;
  if (index < 0) {
    wanted = itemCount(text) + index;
    if (wanted < 0) return undefined;
  }
  let at = 0;
  let found: string | undefined;
  eachItem(text, (value) => {
    if (at++ === wanted) {
      found = value;
      return true;
    }
    return false;
  });
  return found;
}

/** What ->> shows of a value: strings without quotes, null as NULL. */
export function jsonAsText(value: string): string | null {
  if (value.charCodeAt(0) === 34) return unquoteJson(value);
  return value === 'null' ? null : value;
}

/** The value at a path of keys and indexes. */
export function atPath(text: string, path: readonly (string | null)[]): string | undefined {
  requireReadable(text);
  let value: string | undefined = text;
  for (const step of path) {
    if (step === null || value === undefined) return undefined;
    const kind = jsonKind(value);
    if (kind === 'object') value = memberOf(value, step);
    else if (kind === 'array') {
      if (!/^\s*[+-]?\d{1,10}$/.test(step)) return undefined;
      value = itemOf(value, Number(step));
    } else return undefined;
  }
  return value;
}
