/**
 * Reads PostgreSQL's advanced regular expressions: into JavaScript's syntax, and into the tree by which text/regex-match.ts finds the match that POSIX prefers.
 * The tree is cut as PostgreSQL's regcomp.c cuts it, because the cuts decide which of several equally long matches is chosen: what holds no capture, no back reference
 * and no clash of greediness stays one leaf. Used by text/regex.ts only. Source: PostgreSQL 15, chapter 9.7.3.
 */
import { applyLetter, invalid, type RegexFlags } from './regex-flags.js';

/** What a part of the pattern matches, without regard to choice. Sets and constraints are JavaScript's syntax. */
export type Language =
  | { readonly kind: 'set'; readonly source: string }
  | { readonly kind: 'constraint'; readonly source: string }
  | { readonly kind: 'sequence'; readonly parts: readonly Language[] }
  | { readonly kind: 'choice'; readonly parts: readonly Language[] }
  | { readonly kind: 'repeat'; readonly part: Language; readonly min: number; readonly max: number };

/** Greediness and what forces a node to be taken apart. */
export const longer = 1;
export const shorter = 2;
const mixed = 4;
const captures = 8;
const refers = 16;

/** A node of the tree by which a match is taken apart. */
export interface Tree {
  readonly kind: 'leaf' | 'sequence' | 'choice' | 'iteration' | 'reference' | 'group';
  readonly flags: number;
  /** The number of the parenthesis whose text this node gives; 0 for none. */
  readonly capture: number;
  readonly language: Language;
  readonly children: readonly Tree[];
  /** Of iterations and references. */
  readonly min: number;
  readonly max: number;
  /** Of references. */
  readonly group: number;
}

export interface ParsedRegex {
  readonly source: string;
  readonly ignoreCase: boolean;
  readonly groups: number;
  readonly tree: Tree;
  /** JavaScript chooses the same match, parts included. */
  readonly native: boolean;
  /** JavaScript could need exponential time, or finds what PostgreSQL does not. */
  readonly avoidNative: boolean;
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

const nothing: Language = { kind: 'sequence', parts: [] };

function up(flags: number): number {
  return (flags & ~3) | ((flags << 2) & (flags << 1) & mixed);
}

/** Of two preferences the first counts; where they differ, the whole is mixed. */
function combine(first: number, second: number): number {
  const preference = first & 3;
  return up(first | second) | (preference === 0 ? second & 3 : preference);
}

const isMessy = (flags: number): boolean => (flags & (mixed | captures | refers)) !== 0;

function leaf(language: Language, flags: number): Tree {
  return { kind: 'leaf', flags, capture: 0, language, children: [], min: 1, max: 1, group: 0 };
}

function sequenceOf(parts: readonly Language[]): Language {
  return parts.length === 1 ? (parts[0] as Language) : { kind: 'sequence', parts };
}

function pair(left: Tree, right: Tree, flags: number): Tree {
  return { ...leaf(sequenceOf([left.language, right.language]), flags), kind: 'sequence', children: [left, right] };
}

/** How often an operand may occur, and what the quantifier prefers: 0 leaves it to the operand. */
interface Quantifier {
  readonly min: number;
  readonly max: number;
  readonly preference: number;
  readonly source: string;
}

const once: Quantifier = { min: 1, max: 1, preference: 0, source: '' };

/** One branch or parenthesised part: JavaScript's text and the tree. */
interface Part {
  readonly source: string;
  readonly tree: Tree;
}

type Atom =
  | { readonly kind: 'set'; readonly source: string }
  | { readonly kind: 'constraint'; readonly source: string }
  | { readonly kind: 'part'; readonly part: Part }
  | { readonly kind: 'reference'; readonly source: string; readonly group: number };

/** A recursive descent over the pattern. */
export function parseRegex(patternText: string, given: RegexFlags): ParsedRegex {
  let flags = given;
  let pattern = patternText;
  if (!flags.literal && pattern.startsWith('***')) {
    if (pattern.startsWith('***=')) flags = { ...flags, literal: true };
    else if (!pattern.startsWith('***:')) throw invalid('quantifier operand invalid');
    pattern = pattern.slice(4);
  }
  const embedded = flags.literal ? null : /^\(\?([a-z]+)\)/.exec(pattern);
  if (embedded === null && !flags.literal && /^\(\?[a-z]/.test(pattern)) throw invalid('invalid embedded option');
  if (embedded !== null) {
    for (const letter of embedded[1] as string) {
      const next = applyLetter(flags, letter);
      if (next === undefined) throw invalid('invalid embedded option');
      flags = next;
    }
    pattern = pattern.slice(embedded[0].length);
  }
  if (flags.literal) {
    const source = Array.from(pattern).map(literalSource).join('');
    return { source, ignoreCase: flags.ignoreCase, groups: 0, tree: leaf(nothing, 0), native: true, avoidNative: false };
  }
  const characters = Array.from(pattern);
  let at = 0;
  let groups = 0;
  let lookDepth = 0;
  let greedySeen = false;
  let lazySeen = false;
  let native = true;
  let avoidNative = false;
  let consumed = false;
  let constrained = false;
  const closed = new Map<number, Language>();
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
      default:
        return undefined;
    }
  };

  /** After a backslash: an octal character, where no back reference is meant. */
  const octalEscape = (): number | undefined => {
    if (!/^[0-7]$/.test(characters[at] ?? '')) return undefined;
    let digits = '';
    while (digits.length < 3 && /^[0-7]$/.test(characters[at] ?? '')) digits += characters[at++] as string;
    return parseInt(digits, 8);
  };

  const bracket = (): { readonly set: string } | { readonly constraint: string } => {
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
            return { constraint: name === '<' ? wordStart : wordEnd };
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
        const code = characterEscape() ?? octalEscape();
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
          const code = characterEscape() ?? octalEscape();
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
    if (negated) return { set: `[^${body}${flags.newlineStops ? '\\n' : ''}]` };
    return { set: body === '' ? '[]' : `[${body}]` };
  };

  /** After `(`: a group, or a lookaround constraint. */
  const parenthesis = (): Atom => {
    if (characters[at] === '?') {
      const mark = characters[at + 1];
      const behind = mark === '<';
      const sign = behind ? characters[at + 2] : mark;
      if (mark === ':') {
        at += 2;
        const inner = alternatives(true);
        return { kind: 'part', part: { source: `(?:${inner.source})`, tree: inner.tree } };
      }
      if (sign !== '=' && sign !== '!') throw invalid('quantifier operand invalid');
      at += behind ? 3 : 2;
      const before = { native, avoidNative, consumed, constrained, greedySeen, lazySeen };
      lookDepth++;
      const inner = alternatives(true);
      lookDepth--;
      ({ native, avoidNative, consumed, constrained, greedySeen, lazySeen } = before);
      return { kind: 'constraint', source: `(?${behind ? '<' : ''}${sign}${inner.source})` };
    }
    if (lookDepth > 0) {
      const inner = alternatives(true);
      return { kind: 'part', part: { source: `(?:${inner.source})`, tree: inner.tree } };
    }
    const number = ++groups;
    const inner = alternatives(true);
    closed.set(number, inner.tree.language);
    const tree: Tree =
      inner.tree.capture === 0
        ? { ...inner.tree, flags: inner.tree.flags | captures, capture: number }
        : { ...inner.tree, kind: 'group', flags: inner.tree.flags | captures, capture: number, children: [inner.tree] };
    return { kind: 'part', part: { source: `(${inner.source})`, tree } };
  };

  const escape = (): Atom => {
    const letter = characters[at];
    if (letter === undefined) throw invalid('invalid escape \\ sequence');
    const constraint = constraints.get(letter);
    if (constraint !== undefined) {
      at++;
      return { kind: 'constraint', source: constraint };
    }
    const shorthand = shorthands.get(letter);
    if (shorthand !== undefined) {
      at++;
      return { kind: 'set', source: shorthand };
    }
    if (/^[1-9]$/.test(letter)) {
      const digits = /^[0-9]+/.exec(characters.slice(at, at + 3).join(''))?.[0] as string;
      if (digits.length === 1 || Number(digits) <= groups) {
        at += digits.length;
        const group = Number(digits);
        if (!closed.has(group) || lookDepth > 0) throw invalid('invalid backreference number');
        avoidNative = true;
        native = false;
        return { kind: 'reference', source: `(?:\\${digits})`, group };
      }
    }
    const code = characterEscape() ?? octalEscape();
    if (code !== undefined) return { kind: 'set', source: codeSource(code) };
    if (/[A-Za-z0-9]/.test(letter)) throw invalid('invalid escape \\ sequence');
    at++;
    return { kind: 'set', source: literalSource(letter) };
  };

  const atom = (): Atom => {
    const character = characters[at] as string;
    at++;
    switch (character) {
      case '(':
        return parenthesis();
      case '[': {
        const found = bracket();
        return 'set' in found ? { kind: 'set', source: found.set } : { kind: 'constraint', source: found.constraint };
      }
      case '.':
        return { kind: 'set', source: any };
      case '^':
        return { kind: 'constraint', source: lineStart };
      case '$':
        return { kind: 'constraint', source: lineEnd };
      case '*':
      case '+':
      case '?':
        throw invalid('quantifier operand invalid');
      case '{':
        if (/^[0-9]$/.test(characters[at] ?? '')) throw invalid('quantifier operand invalid');
        return { kind: 'set', source: '\\{' };
      case '\\':
        return escape();
      default:
        return { kind: 'set', source: literalSource(character) };
    }
  };

  const bound = (): { readonly min: number; readonly max: number; readonly fixed: boolean } => {
    // After '{', which is followed by a digit.
    let text = '';
    while (at < characters.length && characters[at] !== '}') text += characters[at++] as string;
    const match = /^(\d+)(,(\d*))?$/.exec(text);
    if (at >= characters.length && match !== null) throw invalid('braces {} not balanced');
    at++;
    if (match === null) throw invalid('invalid repetition count(s)');
    const min = Number(match[1]);
    const max = match[2] === undefined ? min : match[3] === '' ? Infinity : Number(match[3]);
    if (min > 255 || (max !== Infinity && max > 255) || max < min) throw invalid('invalid repetition count(s)');
    return { min, max, fixed: match[2] === undefined };
  };

  const quantifier = (): Quantifier => {
    skipExpanded();
    const mark = characters[at];
    let found: { readonly min: number; readonly max: number; readonly fixed: boolean };
    if (mark === '*' || mark === '+' || mark === '?') {
      at++;
      found = { min: mark === '+' ? 1 : 0, max: mark === '?' ? 1 : Infinity, fixed: false };
    } else if (mark === '{' && /^[0-9]$/.test(characters[at + 1] ?? '')) {
      at++;
      found = bound();
    } else {
      return once;
    }
    const lazy = characters[at] === '?';
    if (lazy) at++;
    const { min, max, fixed } = found;
    if (!fixed) {
      if (lazy) lazySeen = true;
      else greedySeen = true;
    }
    const source = `{${min},${max === Infinity ? '' : max}}${lazy ? '?' : ''}`;
    skipExpanded();
    const next = characters[at];
    if (next === '*' || next === '+' || next === '?' || (next === '{' && /^[0-9]$/.test(characters[at + 1] ?? ''))) throw invalid('quantifier operand invalid');
    return { min, max, preference: fixed ? 0 : lazy ? shorter : longer, source };
  };

  const repeated = (language: Language, { min, max }: Quantifier): Language =>
    min === 1 && max === 1 ? language : { kind: 'repeat', part: language, min, max };

  /** An atom that must be a node of its own, with its quantifier. */
  const quantified = (part: Tree, own: Quantifier): Tree => {
    const { min, max, preference } = own;
    const prefers = part.flags & (longer | shorter | mixed);
    if (part.kind === 'reference' && part.capture === 0) {
      return { ...part, min, max, flags: part.flags | combine(preference, part.flags), language: repeated(part.language, own) };
    }
    if (min === 1 && max === 1 && (preference === 0 || prefers === 0 || preference === prefers)) return part;
    const joined = combine(preference, part.flags);
    const language = repeated(part.language, own);
    if ((part.flags & (captures | refers)) === 0) return leaf(language, joined);
    if (min > 0 && (part.flags & refers) === 0) {
      const earlier = leaf(repeated(part.language, { ...own, min: min - 1, max: max - 1 }), joined & 3);
      return pair(earlier, part, joined);
    }
    return { kind: 'iteration', flags: joined, capture: 0, language, children: [part], min, max, group: 0 };
  };

  /** Atoms up to the branch's end. What precedes the first atom that needs a node of its own is one leaf; then comes that atom, then the rest. */
  const branch = (nested: boolean): Part => {
    const before: Language[] = [];
    let beforeFlags = 0;
    let source = '';
    for (;;) {
      skipExpanded();
      const character = characters[at];
      if (character === undefined || character === '|' || (character === ')' && nested)) break;
      if (character === ')') throw invalid('parentheses () not balanced');
      const start = at;
      const groupsBefore = groups;
      const found = atom();
      if (found.kind === 'constraint') {
        skipExpanded();
        const next = characters[at];
        if (next === '*' || next === '+' || next === '?' || (next === '{' && /^[0-9]$/.test(characters[at + 1] ?? '')))
          throw invalid('quantifier operand invalid');
        if (consumed) constrained = true;
        before.push(found);
        source += found.source;
        continue;
      }
      if (found.kind === 'set') {
        if (constrained) native = false;
        consumed = true;
      }
      const own = quantifier();
      if (own !== once && found.kind !== 'set') {
        native = false;
        if (found.kind === 'part' && own.max > 1 && /[*+?|{]/.test(characters.slice(start + 1, at - 1).join(''))) avoidNative = true;
      }
      if (own.max === 0) {
        if (groups > groupsBefore) {
          // A part that never matches leaves its groups unset; JavaScript numbers them all the same.
          for (let number = groupsBefore + 1; number <= groups; number++) closed.delete(number);
        }
        source += `${found.kind === 'part' ? found.part.source : found.source}{0}`;
        continue;
      }
      source += (found.kind === 'part' ? found.part.source : found.source) + own.source;
      if (found.kind === 'set') {
        const joined = beforeFlags | own.preference;
        if (!isMessy(up(joined))) {
          before.push(repeated(found, own));
          beforeFlags = joined;
          continue;
        }
      }
      const node: Tree =
        found.kind === 'set'
          ? leaf(found, 0)
          : found.kind === 'part'
            ? found.part.tree
            : { ...leaf(closed.get(found.group) as Language, refers), kind: 'reference', group: found.group };
      const middle = quantified(node, own);
      const rest = branch(nested);
      source += rest.source;
      const right = joinRest(middle, rest.tree, combine(own.preference, node.flags));
      if (before.length === 0) return { source, tree: right };
      return { source, tree: pair(leaf(sequenceOf(before), beforeFlags), right, beforeFlags | combine(beforeFlags, right.flags)) };
    }
    return { source, tree: leaf(sequenceOf(before), beforeFlags) };
  };

  /** An atom and the rest of its branch; one leaf where nothing keeps them apart. */
  const joinRest = (middle: Tree, rest: Tree, own: number): Tree => {
    if (rest.kind === 'leaf' && rest.language === nothing) return middle;
    if (rest.kind === 'leaf' && rest.language.kind === 'sequence' && rest.language.parts.length === 0) return middle;
    const joined = own | combine(own, rest.flags);
    if (middle.kind === 'leaf' && middle.capture === 0 && rest.kind === 'leaf' && rest.capture === 0 && !isMessy(up(middle.flags | rest.flags))) {
      return leaf(sequenceOf([middle.language, rest.language]), combine(middle.flags, rest.flags));
    }
    return pair(middle, rest, joined);
  };

  const alternatives = (nested: boolean): Part => {
    const first = branch(nested);
    const parts = [first];
    while (characters[at] === '|') {
      at++;
      native = false;
      parts.push(branch(nested));
    }
    if (nested) {
      if (characters[at] !== ')') throw invalid('parentheses () not balanced');
      at++;
    }
    if (parts.length === 1) return first;
    let joined = longer;
    for (const { tree } of parts) joined |= combine(joined, tree.flags);
    const language: Language = { kind: 'choice', parts: parts.map(({ tree }) => tree.language) };
    const plain = leaf(language, joined);
    return {
      source: parts.map((part) => part.source).join('|'),
      tree: isMessy(joined) ? { ...plain, kind: 'choice', children: parts.map(({ tree }) => tree) } : plain,
    };
  };

  const { source, tree } = alternatives(false);
  return { source, ignoreCase: flags.ignoreCase, groups, tree, native: native && !(greedySeen && lazySeen), avoidNative };
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
