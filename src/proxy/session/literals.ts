/**
 * Takes the plain literals out of a statement's text: small integers and ordinary strings. What is left is the same for statements that differ only in them, and
 * so finds the plan that an earlier one has left (statement-cache.ts). Knows just enough of the language to be certain; any text with something else in it that
 * could hide or glue literals (comments, quoted identifiers, dollar quotes, escapes, parameters, several statements) is not taken apart at all.
 */

/** What stands where a literal was: an integer of type int4, or a string of type unknown. */
export type Literal = number | string;

export interface TakenApart {
  /** The text around the literals, and of which kind each is. */
  readonly key: string;
  /** One more than there are literals. */
  readonly pieces: readonly string[];
  readonly literals: readonly Literal[];
}

const textLengthMax = 4096;
const literalsMax = 32;
/** With fewer digits a number is certainly an int4. */
const digitsMax = 9;

const isDigit = (code: number): boolean => code >= 48 && code <= 57;
const isWord = (code: number): boolean => (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95 || code > 127;
const isBlank = (code: number): boolean => code === 32 || (code >= 9 && code <= 13);

/** Symbols behind which a minus sign is a prefix: ( , = < > + - * / % */
const beforePrefix = new Set(['(', ',', '=', '<', '>', '+', '-', '*', '/', '%'].map((symbol) => symbol.charCodeAt(0)));
const quote = 39;
const minus = 45;

/** undefined: there are no literals to take out, or the text is not simple enough. */
export function takeLiterals(text: string): TakenApart | undefined {
  const { length } = text;
  if (length > textLengthMax) return undefined;
  const pieces: string[] = [];
  const literals: Literal[] = [];
  let key = '';
  let pieceStart = 0;
  let significant = 0; // The last character that is no blank.
  let end = length;
  const take = (start: number, next: number, literal: Literal): boolean => {
    const piece = text.slice(pieceStart, start);
    pieces.push(piece);
    literals.push(literal);
    key += piece + (typeof literal === 'number' ? '\u0001' : '\u0002');
    pieceStart = next;
    return literals.length <= literalsMax;
  };
  for (let i = 0; i < length; ) {
    const code = text.charCodeAt(i);
    if (isBlank(code)) {
      i++;
      continue;
    }
    if (isWord(code)) {
      i++;
      while (i < length && (isWord(text.charCodeAt(i)) || isDigit(text.charCodeAt(i)))) i++;
      significant = 97;
      // A string glued to a word has a prefix (E'', U&'', N''); a dollar sign may belong to the word.
      if (i < length && (text.charCodeAt(i) === quote || text.charCodeAt(i) === 36)) return undefined;
      continue;
    }
    const before = i === 0 ? 32 : text.charCodeAt(i - 1);
    const negative = code === minus && isDigit(text.charCodeAt(i + 1)) && (isBlank(before) || before === 40 || before === 44) && beforePrefix.has(significant);
    if (isDigit(code) || negative) {
      if (before === 46) return undefined;
      let next = i + 1;
      while (next < length && isDigit(text.charCodeAt(next))) next++;
      const after = next < length ? text.charCodeAt(next) : 32;
      // A fraction, an exponent, a cast, a subscript, an operator that binds tighter than the sign.
      if (isWord(after) || after === 46 || after === 36 || after === 58 || after === 91 || next - i > digitsMax) return undefined;
      if (!take(i, next, Number(text.slice(i, next)))) return undefined;
      i = next;
      significant = 48;
      continue;
    }
    switch (code) {
      case quote: {
        // Two strings in a row may be one.
        if (significant === quote || before === 38) return undefined;
        const close = endOfString(text, i + 1);
        if (close < 0) return undefined;
        const value = text.slice(i + 1, close);
        if (!take(i, close + 1, value.includes("''") ? value.replaceAll("''", "'") : value)) return undefined;
        i = close + 1;
        significant = quote;
        continue;
      }
      case minus:
        if (text.charCodeAt(i + 1) === minus) return undefined;
        break;
      case 47:
        if (text.charCodeAt(i + 1) === 42) return undefined;
        break;
      case 59:
        if (text.slice(i + 1).trim() !== '') return undefined;
        end = i;
        i = length;
        continue;
      case 34: // "
      case 36: // $
      case 92: // \
        return undefined;
      default:
        if (code < 32) return undefined;
    }
    significant = code;
    i++;
  }
  if (literals.length === 0) return undefined;
  const rest = text.slice(pieceStart, end);
  pieces.push(rest);
  return { key: key + rest, pieces, literals };
}

/** The index of the closing quote; -1 when there is none, or a backslash (which a setting may give a meaning). */
function endOfString(text: string, start: number): number {
  for (let i = start; ; i++) {
    const close = text.indexOf("'", i);
    if (close < 0) return -1;
    if (text.charCodeAt(close + 1) === quote) {
      i = close + 1;
      continue;
    }
    const slash = text.indexOf('\\', start);
    return slash >= 0 && slash < close ? -1 : close;
  }
}
