/**
 * LIKE: patterns compiled to matchers and kept in a cache. A pattern is cut at its % into segments that are searched left to right, so that the time is linear;
 * only `_` against characters outside the BMP takes a regular expression.
 */
import { PgError } from '../../common/errors.js';

type Matcher = (text: string) => boolean;

const cacheLimit = 2000;
const cache = new Map<string, Matcher>();
const surrogate = /[\ud800-\udfff]/;

/** Stands for `_` in a segment; not a UTF-16 unit. */
const anyCharacter = -1;

/** The matcher of a LIKE pattern whose escape character is the backslash. */
export function likeMatcher(pattern: string): Matcher {
  let matcher = cache.get(pattern);
  if (matcher === undefined) {
    if (cache.size >= cacheLimit) cache.clear();
    cache.set(pattern, (matcher = compile(pattern)));
  }
  return matcher;
}

interface Segment {
  readonly units: readonly number[];
  /** The text when there is no `_`. */
  readonly plain: string | undefined;
}

/** A pattern that ends with the escape character fails where matching comes to its end, and matches nothing else. */
function endingInEscape(before: string, afterPercent: boolean): Matcher {
  const reached = compile(`${before}_%`);
  const matched = compile(before);
  return (text) => {
    if (reached(text) || (afterPercent && matched(text))) throw new PgError('22025', 'LIKE pattern must not end with escape character');
    return false;
  };
}

function compile(pattern: string): Matcher {
  const segments: Segment[] = [];
  let units: number[] = [];
  let wild = false;
  let anyWild = false;
  const close = (): void => {
    segments.push({ units, plain: wild ? undefined : String.fromCharCode(...units) });
    units = [];
    wild = false;
  };
  for (let at = 0; at < pattern.length; at++) {
    const code = pattern.charCodeAt(at);
    if (code === 37) {
      close();
    } else if (code === 95) {
      units.push(anyCharacter);
      wild = anyWild = true;
    } else if (code === 92) {
      if (++at >= pattern.length) {
        close();
        return endingInEscape(pattern.slice(0, -1), segments.length > 1 && segments[segments.length - 1]?.units.length === 0);
      }
      units.push(pattern.charCodeAt(at));
    } else {
      units.push(code);
    }
  }
  close();
  const matcher = bySegments(segments);
  if (!anyWild) return matcher;
  const expression = new RegExp(`^${segments.map((segment) => segment.units.map(unitSource).join('')).join('.*')}$`, 'su');
  return (text) => (surrogate.test(text) ? expression.test(text) : matcher(text));
}

function unitSource(unit: number): string {
  if (unit === anyCharacter) return '.';
  const character = String.fromCharCode(unit);
  return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function bySegments(segments: readonly Segment[]): Matcher {
  const first = segments[0] as Segment;
  const last = segments[segments.length - 1] as Segment;
  if (segments.length === 1) {
    const { plain } = first;
    if (plain !== undefined) return (text) => text === plain;
    return (text) => text.length === first.units.length && matchesAt(text, 0, first);
  }
  const middle = segments.slice(1, -1).filter((segment) => segment.units.length > 0);
  const least = segments.reduce((sum, segment) => sum + segment.units.length, 0);
  if (middle.length === 1 && first.units.length === 0 && last.units.length === 0) {
    const { plain } = middle[0] as Segment;
    if (plain !== undefined) return (text) => text.includes(plain);
  }
  return (text) => {
    if (text.length < least || !matchesAt(text, 0, first)) return false;
    const end = text.length - last.units.length;
    if (!matchesAt(text, end, last)) return false;
    let from = first.units.length;
    for (const segment of middle) {
      const found = find(text, from, end, segment);
      if (found < 0) return false;
      from = found + segment.units.length;
    }
    return from <= end;
  };
}

function matchesAt(text: string, at: number, segment: Segment): boolean {
  if (segment.plain !== undefined) return text.startsWith(segment.plain, at);
  const { units } = segment;
  for (let n = 0; n < units.length; n++) {
    const unit = units[n];
    if (unit !== anyCharacter && unit !== text.charCodeAt(at + n)) return false;
  }
  return true;
}

function find(text: string, from: number, end: number, segment: Segment): number {
  const latest = end - segment.units.length;
  if (segment.plain !== undefined) {
    const found = text.indexOf(segment.plain, from);
    return found > latest ? -1 : found;
  }
  for (let at = from; at <= latest; at++) if (matchesAt(text, at, segment)) return at;
  return -1;
}

/** LIKE ... ESCAPE: the pattern rewritten to escape with the backslash. */
export function escapeLikePattern(pattern: string, escape: string): string {
  if (escape === '\\') return pattern;
  if (escape === '') return pattern.replaceAll('\\', '\\\\');
  if (Array.from(escape).length !== 1) throw new PgError('22025', 'invalid escape string', { hint: 'Escape string must be empty or one character.' });
  let result = '';
  let escaped = false;
  for (const character of pattern) {
    if (character === escape && !escaped) {
      result += '\\';
      escaped = true;
    } else if (character === '\\') {
      result += escaped ? '\\' : '\\\\';
      escaped = false;
    } else {
      result += character;
      escaped = false;
    }
  }
  return result;
}

/** SIMILAR TO's pattern as a POSIX (advanced) regular expression, as similar_to_escape writes it. `escape` undefined: backslash. */
export function similarToRegex(pattern: string, escape: string | undefined): string {
  const mark = escape ?? '\\';
  if (Array.from(mark).length > 1) throw new PgError('22025', 'invalid escape string', { hint: 'Escape string must be empty or one character.' });
  let result = '^(?:';
  let escaped = false;
  let quotes = 0;
  let inClass = false;
  for (const character of pattern) {
    if (escaped) {
      if (character === '"' && !inClass) {
        if (quotes === 0) result += '){1,1}?(';
        else if (quotes === 1) result += '){1,1}(?:';
        else throw new PgError('2200C', 'SQL regular expression may not contain more than two escape-double-quote separators');
        quotes++;
      } else {
        result += `\\${character}`;
      }
      escaped = false;
    } else if (mark !== '' && character === mark) {
      escaped = true;
    } else if (inClass) {
      result += character === '\\' ? '\\\\' : character;
      if (character === ']') inClass = false;
    } else {
      switch (character) {
        case '[':
          result += character;
          inClass = true;
          break;
        case '%':
          result += '.*';
          break;
        case '_':
          result += '.';
          break;
        case '(':
          result += '(?:';
          break;
        case '\\':
        case '.':
        case '^':
        case '$':
          result += `\\${character}`;
          break;
        default:
          result += character;
      }
    }
  }
  return `${result})$`;
}
