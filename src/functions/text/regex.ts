/**
 * PostgreSQL's advanced regular expressions. Whether an expression matches at all JavaScript's RegExp says (after translation, text/regex-parse.ts), and also which match
 * it is where both choose alike; elsewhere text/regex-match.ts finds the match that POSIX prefers. Compiled expressions are cached.
 * Source: PostgreSQL 15, chapter 9.7.3.
 */
import { defaultFlags, invalid, type RegexFlags } from './regex-flags.js';
import { type Spans, TreeMatcher } from './regex-match.js';
import { type ParsedRegex, parseRegex } from './regex-parse.js';

export interface RegexMatch {
  readonly start: number;
  readonly end: number;
  /** Parenthesised parts; null where one took no part. */
  readonly groups: readonly (string | null)[];
  readonly text: string;
}

const cacheLimit = 1000;
const cache = new Map<string, Regex>();

/** The compiled expression, from the cache. */
export function regexOf(pattern: string, flags: RegexFlags = defaultFlags): Regex {
  const bits = (flags.ignoreCase ? 1 : 0) | (flags.newlineStops ? 2 : 0) | (flags.newlineAnchors ? 4 : 0) | (flags.expanded ? 8 : 0) | (flags.literal ? 16 : 0);
  const key = String.fromCharCode(48 + bits) + pattern;
  let regex = cache.get(key);
  if (regex === undefined) {
    if (cache.size >= cacheLimit) cache.clear();
    cache.set(key, (regex = new Regex(pattern, flags)));
  }
  return regex;
}

export class Regex {
  readonly #parsed: ParsedRegex;
  readonly #expression: RegExp;
  #matcher: TreeMatcher | undefined;
  readonly groupCount: number;

  constructor(pattern: string, flags: RegexFlags) {
    this.#parsed = parseRegex(pattern, flags);
    try {
      this.#expression = new RegExp(this.#parsed.source, this.#parsed.ignoreCase ? 'giu' : 'gu');
    } catch {
      throw invalid('invalid escape \\ sequence');
    }
    this.groupCount = this.#parsed.groups;
  }

  get #tree(): TreeMatcher {
    return (this.#matcher ??= new TreeMatcher(this.#parsed));
  }

  test(text: string): boolean {
    if (this.#parsed.avoidNative) return this.#tree.test(text);
    this.#expression.lastIndex = 0;
    return this.#expression.test(text);
  }

  /** The first match at or after a UTF-16 position. */
  exec(text: string, from = 0): RegexMatch | undefined {
    let start = from;
    if (!this.#parsed.avoidNative) {
      this.#expression.lastIndex = from;
      const match = this.#expression.exec(text);
      if (match === null) return undefined;
      start = match.index;
      if (this.#parsed.native) {
        const groups: (string | null)[] = [];
        for (let n = 1; n < match.length; n++) groups.push(match[n] ?? null);
        return { start, end: start + match[0].length, groups, text: match[0] };
      }
    }
    const spans = this.#tree.exec(text, start);
    if (spans === undefined) return undefined;
    const groups: (string | null)[] = [];
    for (let n = 1; n <= this.groupCount; n++) groups.push(spans[2 * n] === -1 ? null : text.slice(spans[2 * n], spans[2 * n + 1]));
    const [begin, end] = spans as [number, number];
    return { start: begin, end, groups, text: text.slice(begin, end) };
  }

  /** Where the parts of the match at `start` are. */
  spans(text: string, start: number): Spans | undefined {
    return this.#tree.exec(text, start);
  }
}

/** All matches (`all`: as with flag g), leaving out the degenerate ones if asked for: empty, at the start or end of the text or just after a match. */
export function matchesOf(regex: Regex, text: string, all: boolean, ignoreDegenerate: boolean, from = 0): RegexMatch[] {
  const found: RegexMatch[] = [];
  let start = from;
  let previousEnd = 0;
  while (start <= text.length) {
    const match = regex.exec(text, start);
    if (match === undefined) break;
    if (!ignoreDegenerate || (match.start < text.length && match.end > previousEnd)) found.push(match);
    previousEnd = match.end;
    if (!all) break;
    start = match.end;
    if (match.start === match.end) {
      const code = text.charCodeAt(start);
      start += code >= 0xd800 && code <= 0xdbff ? 2 : 1;
    }
  }
  return found;
}

/** regexp_replace's replacement text: \1..\9, \& and \\. */
export function expandReplacement(replacement: string, match: RegexMatch): string {
  if (!replacement.includes('\\')) return replacement;
  return replacement.replace(/\\([1-9&\\])/g, (_, mark: string) => {
    if (mark === '&') return match.text;
    if (mark === '\\') return '\\';
    return match.groups[Number(mark) - 1] ?? '';
  });
}
