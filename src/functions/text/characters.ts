/** Texts by characters (code points) rather than UTF-16 units, and case mapping one character at a time, as PostgreSQL's C library does it. */
import { characterCount } from '../../types/text.js';

const surrogate = /[\ud800-\udfff]/;

/** True when every UTF-16 unit is a character. */
export function isPlain(text: string): boolean {
  return !surrogate.test(text);
}

/** The UTF-16 position of the character at 0-based `index`, at most the text's length. */
export function unitOffset(text: string, index: number): number {
  if (index <= 0) return 0;
  let at = 0;
  for (let left = index; left > 0 && at < text.length; left--) {
    const code = text.charCodeAt(at);
    at += code >= 0xd800 && code <= 0xdbff ? 2 : 1;
  }
  return at;
}

/** `count` characters from the 0-based character `start`. */
export function sliceCharacters(text: string, start: number, end: number): string {
  if (isPlain(text)) return text.slice(start, end);
  const from = unitOffset(text, start);
  return text.slice(from, end >= text.length ? text.length : from + unitOffset(text.slice(from), end - start));
}

/** 0-based character index of a UTF-16 position. */
export function characterIndex(text: string, unit: number): number {
  return isPlain(text) ? unit : characterCount(text.slice(0, unit));
}

const ascii = /^[\0-\x7f]*$/;

function mapped(text: string, map: (character: string) => string): string {
  let result = '';
  for (const character of text) {
    const other = map(character);
    // The dotted capital I is the one character whose lower case is longer than one character but has a simple form.
    result += Array.from(other).length === 1 ? other : character === 'İ' ? 'i' : character;
  }
  return result;
}

export function lowerText(text: string): string {
  return ascii.test(text) ? text.toLowerCase() : mapped(text, (character) => character.toLowerCase());
}

export function upperText(text: string): string {
  return ascii.test(text) ? text.toUpperCase() : mapped(text, (character) => character.toUpperCase());
}

const alphanumeric = /[\p{L}\p{N}]/u;

export function initcapText(text: string): string {
  let result = '';
  let inWord = false;
  for (const character of text) {
    if (alphanumeric.test(character)) {
      result += inWord ? lowerText(character) : upperText(character);
      inWord = true;
    } else {
      result += character;
      inWord = false;
    }
  }
  return result;
}
