/**
 * PostgreSQL's advanced regular expressions on JavaScript's RegExp: the syntax is translated; where POSIX's choice of match differs from Perl's (longest alternative,
 * greediness of the whole expression decided by its first quantifier), the end of the match is searched for. Compiled expressions are cached.
 * Source: PostgreSQL 15, chapter 9.7.3.
 */
import { PgError } from '../../common/errors.js';

export interface RegexMatch {
  readonly start: number;
  readonly end: number;
  /** Parenthesised parts; null where one took no part. */
  readonly groups: readonly (string | null)[];
  readonly text: string;
}

export interface RegexFlags {
  readonly global: boolean;
  readonly ignoreCase: boolean;
  /** `.` and negated brackets do not match newline (n, p). */
  readonly newlineStops: boolean;
  /** ^ and $ match at newlines (n, w). */
  readonly newlineAnchors: boolean;
  readonly expanded: boolean;
  readonly literal: boolean;
}

export const defaultFlags: RegexFlags = { global: false, ignoreCase: false, newlineStops: false, newlineAnchors: false, expanded: false, literal: false };

/** Reads the letters of a flags argument. */
export function parseFlags(text: string): RegexFlags {
  let flags = defaultFlags;
  for (const letter of text) {
    if (letter === 'g') flags = { ...flags, global: true };
    else {
      const next = applyLetter(flags, letter);
      if (next === undefined) throw new PgError('22023', `invalid regular expression option: "${letter}"`);
      flags = next;
    }
  }
  return flags;
}

function applyLetter(flags: RegexFlags, letter: string): RegexFlags | undefined {
  switch (letter) {
    case 'b':
      throw new PgError('0A000', 'basic regular expressions are not supported');
    case 'c':
      return { ...flags, ignoreCase: false };
    case 'e':
    case 't':
      return flags;
    case 'i':
      return { ...flags, ignoreCase: true };
    case 'm':
    case 'n':
      return { ...flags, newlineStops: true, newlineAnchors: true };
    case 'p':
      return { ...flags, newlineStops: true, newlineAnchors: false };
    case 'q':
      return { ...flags, literal: true };
    case 's':
      return { ...flags, newlineStops: false, newlineAnchors: false };
    case 'w':
      return { ...flags, newlineStops: false, newlineAnchors: true };
    case 'x':
      return { ...flags, expanded: true };
    default:
      return undefined;
  }
}

function invalid(reason: string): PgError {
  return new PgError('2201B', `invalid regular expression: ${reason}`);
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
  readonly #expression: RegExp;
  readonly #whole: RegExp | undefined;
  readonly #shortest: boolean;
  readonly groupCount: number;

  constructor(pattern: string, flags: RegexFlags) {
    const translation = translate(pattern, flags);
    const jsFlags = translation.ignoreCase ? 'iu' : 'u';
    try {
      this.#expression = new RegExp(translation.source, `g${jsFlags}`);
      this.#whole = translation.needsSearch ? new RegExp(`(?:${translation.source})$`, `y${jsFlags}`) : undefined;
    } catch {
      throw invalid('invalid escape \\ sequence');
    }
    this.#shortest = translation.shortest;
    this.groupCount = translation.groups;
  }

  test(text: string): boolean {
    this.#expression.lastIndex = 0;
    return this.#expression.test(text);
  }

  /** The first match at or after a UTF-16 position. */
  exec(text: string, from = 0): RegexMatch | undefined {
    this.#expression.lastIndex = from;
    let match = this.#expression.exec(text);
    if (match === null) return undefined;
    const start = match.index;
    if (this.#whole !== undefined) match = this.#longestOrShortest(text, start) ?? match;
    const groups: (string | null)[] = [];
    for (let n = 1; n < match.length; n++) groups.push(match[n] ?? null);
    return { start, end: start + match[0].length, groups, text: match[0] };
  }

  #longestOrShortest(text: string, start: number): RegExpExecArray | null {
    const whole = this.#whole as RegExp;
    const length = text.length - start;
    for (let n = 0; n <= length; n++) {
      const end = this.#shortest ? start + n : text.length - n;
      whole.lastIndex = start;
      const match = whole.exec(end === text.length ? text : text.slice(0, end));
      if (match !== null) return match;
    }
    return null;
  }
}

interface Translation {
  readonly source: string;
  readonly ignoreCase: boolean;
  readonly groups: number;
  readonly needsSearch: boolean;
  readonly shortest: boolean;
}

const wordClass = '\\p{L}\\p{M}\\p{N}_';
const spaceClass = '\\s';
const classes: ReadonlyMap<string, string> = new Map([
  ['alpha', '\\p{L}'],
  ['digit', '0-9'],
  ['alnum', '\\p{L}\\p{N}'],
  ['upper', '\\p{Lu}'],
  ['lower', '\\p{Ll}'],
  ['punct', '\\p{P}$+<=>\\^`|~'],
  ['space', spaceClass],
  ['cntrl', '\\p{Cc}'],
  ['graph', '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}'],
  ['print', '\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}\\p{Zs}'],
  ['xdigit', '0-9A-Fa-f'],
  ['blank', ' \\t'],
  ['ascii', '\\0-\\x7f'],
  ['word', wordClass],
]);

const word = `[${wordClass}]`;
const wordStart = `(?<!${word})(?=${word})`;
const wordEnd = `(?<=${word})(?!${word})`;

const collatingNames: ReadonlyMap<string, string> = new Map([
  ['space', ' '],
  ['tab', '\t'],
  ['newline', '\n'],
  ['hyphen', '-'],
  ['hyphen-minus', '-'],
  ['period', '.'],
  ['comma', ','],
  ['slash', '/'],
  ['NUL', '\0'],
]);

function literalSource(character: string): string {
  return /[\^$\\.*+?()[\]{}|/]/.test(character) ? `\\${character}` : character;
}

function classLiteral(character: string): string {
  return /[\^\\\-[\]]/.test(character) ? `\\${character}` : character;
}

function codeSource(code: number): string {
  return `\\u{${code.toString(16)}}`;
}

type Preference = 'longest' | 'shortest' | 'none';

/** A recursive descent over the pattern that writes JavaScript's syntax. */
function translate(patternText: string, given: RegexFlags): Translation {
  let flags = given;
  let pattern = patternText;
  if (!flags.literal && pattern.startsWith('***')) {
    if (pattern.startsWith('***=')) flags = { ...flags, literal: true };
    else if (!pattern.startsWith('***:')) throw invalid('quantifier operand invalid');
    pattern = pattern.slice(4);
  }
  if (flags.literal)
    return { source: Array.from(pattern).map(literalSource).join(''), ignoreCase: flags.ignoreCase, groups: 0, needsSearch: false, shortest: false };
  const embedded = /^\(\?([a-z]+)\)/.exec(pattern);
  if (embedded !== null) {
    for (const letter of embedded[1] as string) {
      const next = applyLetter(flags, letter);
      if (next === undefined) throw invalid('invalid embedded option');
      flags = next;
    }
    pattern = pattern.slice(embedded[0].length);
    if (flags.literal)
      return { source: Array.from(pattern).map(literalSource).join(''), ignoreCase: flags.ignoreCase, groups: 0, needsSearch: false, shortest: false };
  }
  const characters = Array.from(pattern);
  let at = 0;
  let groups = 0;
  let alternation = false;
  let greedySeen = false;
  let lazySeen = false;
  let endSensitive = false;
  let forceLazy = false;
  const any = flags.newlineStops ? '[^\\n]' : '[^]';
  const lineStart = flags.newlineAnchors ? '(?<=^|\\n)' : '^';
  const lineEnd = flags.newlineAnchors ? '(?=$|\\n)' : '$';

  const skipExpanded = (): void => {
    for (;;) {
      if (characters[at] === '(' && characters[at + 1] === '?' && characters[at + 2] === '#') {
        while (at < characters.length && characters[at] !== ')') at++;
        at++;
        continue;
      }
      if (!flags.expanded) return;
      const character = characters[at];
      if (character !== undefined && /\s/.test(character)) {
        at++;
      } else if (character === '#') {
        while (at < characters.length && characters[at] !== '\n') at++;
      } else {
        return;
      }
    }
  };

  const hexDigits = (count: number): number => {
    const digits = characters.slice(at, at + count).join('');
    if (digits.length < count || !/^[0-9A-Fa-f]+$/.test(digits)) throw invalid('invalid escape \\ sequence');
    at += count;
    return parseInt(digits, 16);
  };

  /** After a backslash: the code point of a character-entry escape, or undefined when it is another kind of escape. */
  const characterEscape = (): number | undefined => {
    const letter = characters[at] as string;
    switch (letter) {
      case 'a':
        at++;
        return 7;
      case 'b':
        at++;
        return 8;
      case 'B':
        at++;
        return 92;
      case 'c': {
        const control = characters[at + 1];
        if (control === undefined) throw invalid('invalid escape \\ sequence');
        at += 2;
        return (control.codePointAt(0) as number) & 31;
      }
      case 'e':
        at++;
        return 27;
      case 'f':
        at++;
        return 12;
      case 'n':
        at++;
        return 10;
      case 'r':
        at++;
        return 13;
      case 't':
        at++;
        return 9;
      case 'v':
        at++;
        return 11;
      case 'u':
        at++;
        return hexDigits(4);
      case 'U':
        at++;
        return hexDigits(8);
      case 'x': {
        at++;
        let digits = '';
        while (/^[0-9A-Fa-f]$/.test(characters[at] ?? '')) digits += characters[at++] as string;
        if (digits === '') throw invalid('invalid escape \\ sequence');
        return parseInt(digits, 16);
      }
      case '0': {
        let digits = '';
        while (digits.length < 3 && /^[0-7]$/.test(characters[at] ?? '')) digits += characters[at++] as string;
        return parseInt(digits, 8);
      }
      default:
        return undefined;
    }
  };

  const bracket = (): string => {
    // After '['.
    let negated = false;
    if (characters[at] === '^') {
      negated = true;
      at++;
    }
    let body = '';
    let first = true;
    for (;;) {
      const character = characters[at];
      if (character === undefined) throw invalid('brackets [] not balanced');
      if (character === ']' && !first) {
        at++;
        break;
      }
      first = false;
      let low: string | undefined;
      if (character === '[' && (characters[at + 1] === ':' || characters[at + 1] === '.' || characters[at + 1] === '=')) {
        const kind = characters[at + 1] as string;
        let close = at + 2;
        while (close < characters.length && !(characters[close] === kind && characters[close + 1] === ']')) close++;
        if (close >= characters.length) throw invalid('brackets [] not balanced');
        const name = characters.slice(at + 2, close).join('');
        at = close + 2;
        if (kind === ':') {
          if (body === '' && !negated && (name === '<' || name === '>') && characters[at] === ']') {
            at++;
            endSensitive = true;
            return name === '<' ? wordStart : wordEnd;
          }
          const source = classes.get(name);
          if (source === undefined) throw invalid('invalid character class');
          body += source;
          continue;
        }
        low = Array.from(name).length === 1 ? name : collatingNames.get(name);
        if (low === undefined) throw invalid('invalid collating element');
      } else if (character === '\\') {
        at++;
        const letter = characters[at];
        if (letter === undefined) throw invalid('invalid escape \\ sequence');
        if (letter === 'd' || letter === 's' || letter === 'w') {
          at++;
          body += letter === 'd' ? '0-9' : letter === 's' ? spaceClass : wordClass;
          continue;
        }
        if (letter === 'D' || letter === 'S' || letter === 'W') {
          at++;
          body += letter === 'D' ? '\\D' : letter === 'S' ? '\\S' : '\\P{L}';
          continue;
        }
        const code = characterEscape();
        if (code !== undefined) low = String.fromCodePoint(code);
        else {
          if (/[A-Za-z0-9]/.test(letter)) throw invalid('invalid escape \\ sequence');
          low = letter;
          at++;
        }
      } else {
        low = character;
        at++;
      }
      if (characters[at] === '-' && characters[at + 1] !== ']' && characters[at + 1] !== undefined) {
        at++;
        let high = characters[at] as string;
        if (high === '[' && (characters[at + 1] === '.' || characters[at + 1] === '=')) {
          const kind = characters[at + 1] as string;
          let close = at + 2;
          while (close < characters.length && !(characters[close] === kind && characters[close + 1] === ']')) close++;
          const name = characters.slice(at + 2, close).join('');
          high = Array.from(name).length === 1 ? name : (collatingNames.get(name) ?? '');
          at = close + 2;
        } else if (high === '\\') {
          at++;
          const code = characterEscape();
          if (code !== undefined) high = String.fromCodePoint(code);
          else high = characters[at++] as string;
        } else {
          at++;
        }
        if ((low.codePointAt(0) as number) > (high.codePointAt(0) ?? -1)) throw invalid('invalid character range');
        body += `${classLiteral(low)}-${classLiteral(high)}`;
      } else {
        body += classLiteral(low);
      }
    }
    if (negated) return `[^${body}${flags.newlineStops ? '\\n' : ''}]`;
    return body === '' ? '[]' : `[${body}]`;
  };

  /** An atom: its source, whether it can be quantified, and the preference of a parenthesised part. */
  const atom = (): { source: string; quantifiable: boolean; preference: Preference } => {
    const character = characters[at] as string;
    switch (character) {
      case '(': {
        at++;
        let open = '(';
        let look = false;
        if (characters[at] === '?') {
          const mark = characters[at + 1];
          if (mark === ':') {
            open = '(?:';
            at += 2;
          } else if (mark === '=' || mark === '!') {
            open = `(?${mark}`;
            at += 2;
            look = true;
          } else if (mark === '<' && (characters[at + 2] === '=' || characters[at + 2] === '!')) {
            open = `(?<${characters[at + 2] as string}`;
            at += 3;
            look = true;
          } else {
            throw invalid('quantifier operand invalid');
          }
        } else {
          groups++;
        }
        if (look) endSensitive = true;
        const inner = alternatives(true);
        return { source: `${open}${inner.source})`, quantifiable: !look, preference: look ? 'none' : inner.preference };
      }
      case '[': {
        at++;
        const source = bracket();
        return { source, quantifiable: source.startsWith('['), preference: 'none' };
      }
      case '.':
        at++;
        return { source: any, quantifiable: true, preference: 'none' };
      case '^':
        at++;
        return { source: lineStart, quantifiable: false, preference: 'none' };
      case '$':
        at++;
        endSensitive = true;
        return { source: lineEnd, quantifiable: false, preference: 'none' };
      case '*':
      case '+':
      case '?':
        throw invalid('quantifier operand invalid');
      case '{':
        if (/^[0-9]$/.test(characters[at + 1] ?? '')) throw invalid('quantifier operand invalid');
        at++;
        return { source: '\\{', quantifiable: true, preference: 'none' };
      case '\\': {
        at++;
        const letter = characters[at];
        if (letter === undefined) throw invalid('invalid escape \\ sequence');
        const constraint = constraints.get(letter);
        if (constraint !== undefined) {
          at++;
          if (letter !== 'A') endSensitive = true;
          return { source: constraint, quantifiable: false, preference: 'none' };
        }
        const shorthand = shorthands.get(letter);
        if (shorthand !== undefined) {
          at++;
          return { source: shorthand, quantifiable: true, preference: 'none' };
        }
        if (/^[1-9]$/.test(letter)) {
          let digits = letter;
          at++;
          while (/^[0-9]$/.test(characters[at] ?? '') && Number(digits + (characters[at] as string)) <= groups) digits += characters[at++] as string;
          if (Number(digits) > groups) throw invalid('invalid backreference number');
          return { source: `(?:\\${digits})`, quantifiable: true, preference: 'none' };
        }
        const code = characterEscape();
        if (code !== undefined) return { source: codeSource(code), quantifiable: true, preference: 'none' };
        if (/[A-Za-z0-9]/.test(letter)) throw invalid('invalid escape \\ sequence');
        at++;
        return { source: literalSource(letter), quantifiable: true, preference: 'none' };
      }
      default:
        at++;
        return { source: literalSource(character), quantifiable: true, preference: 'none' };
    }
  };

  const bound = (): string => {
    // After '{', which is followed by a digit.
    let text = '';
    while (at < characters.length && characters[at] !== '}') text += characters[at++] as string;
    if (at >= characters.length) throw invalid('braces {} not balanced');
    at++;
    const match = /^(\d+)(,(\d*))?$/.exec(text);
    if (match === null) throw invalid('invalid repetition count(s)');
    const low = Number(match[1]);
    const high = match[2] === undefined ? low : match[3] === '' ? undefined : Number(match[3]);
    if (low > 255 || (high !== undefined && (high > 255 || high < low))) throw invalid('invalid repetition count(s)');
    return `{${text}}`;
  };

  const branch = (nested: boolean): { source: string; preference: Preference } => {
    let source = '';
    let preference: Preference = 'none';
    for (;;) {
      skipExpanded();
      const character = characters[at];
      if (character === undefined || character === '|' || (character === ')' && nested)) break;
      if (character === ')') throw invalid('parentheses () not balanced');
      const atomAt = at;
      const atomGroups = groups;
      let part = atom();
      let own = part.preference;
      skipExpanded();
      const mark = characters[at];
      let quantifier = '';
      if (mark === '*' || mark === '+' || mark === '?') {
        quantifier = mark;
        at++;
      } else if (mark === '{' && /^[0-9]$/.test(characters[at + 1] ?? '')) {
        at++;
        quantifier = bound();
      }
      if (quantifier !== '') {
        if (!part.quantifiable) throw invalid('quantifier operand invalid');
        const fixed = /^\{(\d+)(,\1)?\}$/.test(quantifier);
        if (characters[at] === '?') {
          at++;
          own = 'shortest';
          lazySeen = true;
          if (fixed && !forceLazy) {
            // {1,1}? makes its operand prefer the shortest match: it is read again with lazy quantifiers.
            const resume = at;
            at = atomAt;
            groups = atomGroups;
            forceLazy = true;
            part = atom();
            forceLazy = false;
            at = resume;
          }
          quantifier += '?';
        } else if (!fixed) {
          own = 'longest';
          greedySeen = true;
          if (forceLazy) quantifier += '?';
        } else if (quantifier === '{1,1}' || own === 'none') {
          own = quantifier === '{1,1}' ? 'longest' : own;
        }
        skipExpanded();
        const next = characters[at];
        if (next === '*' || next === '+' || next === '?' || (next === '{' && /^[0-9]$/.test(characters[at + 1] ?? '')))
          throw invalid('quantifier operand invalid');
      }
      if (preference === 'none') preference = own;
      source += part.source + quantifier;
    }
    return { source, preference };
  };

  const alternatives = (nested: boolean): { source: string; preference: Preference } => {
    const first = branch(nested);
    let source = first.source;
    let { preference } = first;
    while (characters[at] === '|') {
      at++;
      alternation = true;
      preference = 'longest';
      source += `|${branch(nested).source}`;
    }
    if (nested) {
      if (characters[at] !== ')') throw invalid('parentheses () not balanced');
      at++;
    }
    return { source, preference };
  };

  const whole = alternatives(false);
  const mixed = greedySeen && lazySeen;
  const shortest = whole.preference === 'shortest';
  // A slice of the text would satisfy `$` and lookahead where the text does not: such expressions are left to JavaScript's choice.
  return { source: whole.source, ignoreCase: flags.ignoreCase, groups, needsSearch: (alternation || mixed) && !endSensitive, shortest };
}

const constraints: ReadonlyMap<string, string> = new Map([
  ['A', '(?<![^])'],
  ['Z', '(?![^])'],
  ['m', wordStart],
  ['M', wordEnd],
  ['y', `(?:${wordStart}|${wordEnd})`],
  ['Y', `(?:(?<=${word})(?=${word})|(?<!${word})(?!${word}))`],
]);

const shorthands: ReadonlyMap<string, string> = new Map([
  ['d', '[0-9]'],
  ['D', '[^0-9]'],
  ['s', '[\\s]'],
  ['S', '[^\\s]'],
  ['w', word],
  ['W', `[^${wordClass}]`],
]);

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
