/**
 * Finds the match of a regular expression that POSIX prefers, as PostgreSQL's regexec.c does: first how far the whole reaches (the longest, or the shortest where the
 * expression prefers it), then, from the left, how far each part may reach. Used by text/regex.ts where JavaScript would choose otherwise.
 * Parts are tried by automata that are built state by state as texts need them, so the time does not explode.
 */
import { invalid } from './regex-flags.js';
import { type Language, type ParsedRegex, shorter, type Tree } from './regex-parse.js';

/** Start and end of each parenthesised part; -1 where one took no part. The first pair is the whole match. */
export type Spans = readonly number[];

const statesMax = 50_000;

const enum Kind {
  set,
  constraint,
  split,
  accept,
}

/** The character sets and constraints of one expression, and which characters are alike to all the sets. */
class Alphabet {
  readonly sets: { readonly source: string; readonly test: RegExp }[] = [];
  readonly constraints: { readonly source: string; readonly test: RegExp }[] = [];
  readonly #setNumbers = new Map<string, number>();
  readonly #constraintNumbers = new Map<string, number>();
  readonly #colors = new Map<number, number>();
  readonly #colorKeys = new Map<string, number>();
  /** By color: which sets it is in. */
  readonly members: boolean[][] = [];

  constructor(readonly flags: string) {}

  set(source: string): number {
    let number = this.#setNumbers.get(source);
    if (number === undefined) {
      number = this.sets.push({ source, test: new RegExp(`^(?:${source})$`, this.flags) }) - 1;
      this.#setNumbers.set(source, number);
    }
    return number;
  }

  constraint(source: string): number {
    let number = this.#constraintNumbers.get(source);
    if (number === undefined) {
      number = this.constraints.push({ source, test: new RegExp(source, `y${this.flags}`) }) - 1;
      this.#constraintNumbers.set(source, number);
    }
    return number;
  }

  /** All sets are known by now: automata are made before the first text is read. */
  colorOf(code: number): number {
    let color = this.#colors.get(code);
    if (color === undefined) {
      const character = String.fromCodePoint(code);
      const inSets = this.sets.map(({ test }) => test.test(character));
      const key = inSets.map(Number).join('');
      color = this.#colorKeys.get(key);
      if (color === undefined) {
        color = this.members.push(inSets) - 1;
        this.#colorKeys.set(key, color);
      }
      this.#colors.set(code, color);
    }
    return color;
  }

  holds(number: number, text: string, at: number): boolean {
    const { source, test } = this.constraints[number] as { source: string; test: RegExp };
    if (source === '^') return at === 0;
    if (source === '$') return at === text.length;
    test.lastIndex = at;
    return test.test(text);
  }
}

interface State {
  readonly accepts: boolean;
  /** States of the automaton with alternatives that consume a character. */
  readonly consuming: readonly number[];
  /** All states, before constraints were looked at; undefined when there are none to look at. */
  readonly pending: readonly number[] | undefined;
  readonly next: (State | undefined)[];
  readonly resolved: Map<string, State>;
}

/** One language as an automaton. */
class Automaton {
  readonly #kinds: Kind[] = [];
  readonly #values: number[] = [];
  readonly #first: number[] = [];
  readonly #second: number[] = [];
  readonly #start: number;
  readonly #states = new Map<string, State>();
  #initial: State | undefined;
  readonly #constraints = new Set<number>();

  constructor(
    readonly alphabet: Alphabet,
    language: Language,
  ) {
    const accept = this.#node(Kind.accept, 0, -1);
    this.#start = this.#compile(language, accept);
  }

  #node(kind: Kind, value: number, first: number, second = -1): number {
    if (this.#kinds.length >= statesMax) throw invalid('regular expression is too complex');
    this.#kinds.push(kind);
    this.#values.push(value);
    this.#first.push(first);
    this.#second.push(second);
    return this.#kinds.length - 1;
  }

  /** The node from which the language leads to `next`. */
  #compile(language: Language, next: number): number {
    switch (language.kind) {
      case 'set':
        return this.#node(Kind.set, this.alphabet.set(language.source), next);
      case 'constraint': {
        const number = this.alphabet.constraint(language.source);
        this.#constraints.add(number);
        return this.#node(Kind.constraint, number, next);
      }
      case 'sequence': {
        let to = next;
        for (let n = language.parts.length - 1; n >= 0; n--) to = this.#compile(language.parts[n] as Language, to);
        return to;
      }
      case 'choice': {
        let to = -1;
        for (let n = language.parts.length - 1; n >= 0; n--) {
          const way = this.#compile(language.parts[n] as Language, next);
          to = to === -1 ? way : this.#node(Kind.split, 0, way, to);
        }
        return to;
      }
      case 'repeat': {
        let to = next;
        if (language.max === Infinity) {
          to = this.#node(Kind.split, 0, -1, next);
          this.#first[to] = this.#compile(language.part, to);
        } else {
          for (let n = language.min; n < language.max; n++) to = this.#node(Kind.split, 0, this.#compile(language.part, to), next);
        }
        for (let n = 0; n < language.min; n++) to = this.#compile(language.part, to);
        return to;
      }
    }
  }

  /** The state of some nodes and all that follow them without a character. `holding`: the constraints that hold here; undefined: none is looked at. */
  #closure(nodes: readonly number[], holding: ReadonlySet<number> | undefined): State {
    const seen = new Set<number>();
    const stack = [...nodes];
    const consuming: number[] = [];
    let accepts = false;
    let pending = false;
    while (stack.length > 0) {
      const node = stack.pop() as number;
      if (seen.has(node)) continue;
      seen.add(node);
      switch (this.#kinds[node] as Kind) {
        case Kind.set:
          consuming.push(node);
          break;
        case Kind.constraint:
          if (holding === undefined) pending = true;
          else if (holding.has(this.#values[node] as number)) stack.push(this.#first[node] as number);
          break;
        case Kind.split:
          stack.push(this.#first[node] as number, this.#second[node] as number);
          break;
        case Kind.accept:
          accepts = true;
      }
    }
    consuming.sort((a, b) => a - b);
    const key = `${accepts ? 'a' : ''}${pending ? `p${[...nodes].sort((a, b) => a - b).join()}` : ''}:${consuming.join()}`;
    let state = this.#states.get(key);
    if (state === undefined) {
      state = { accepts, consuming, pending: pending ? [...nodes] : undefined, next: [], resolved: new Map() };
      if (this.#states.size > 10_000) this.#states.clear();
      this.#states.set(key, state);
    }
    return state;
  }

  /** The state at a place of the text, where its constraints are decided. */
  #resolve(state: State, text: string, at: number): State {
    if (state.pending === undefined) return state;
    const holding = new Set<number>();
    for (const number of this.#constraints) if (this.alphabet.holds(number, text, at)) holding.add(number);
    const key = [...holding].join();
    let resolved = state.resolved.get(key);
    if (resolved === undefined) state.resolved.set(key, (resolved = this.#closure(state.pending, holding)));
    return resolved;
  }

  #step(state: State, color: number): State {
    let next = state.next[color];
    if (next === undefined) {
      const members = this.alphabet.members[color] as boolean[];
      const targets: number[] = [];
      for (const node of state.consuming) if (members[this.#values[node] as number] === true) targets.push(this.#first[node] as number);
      next = state.next[color] = this.#closure(targets, undefined);
    }
    return next;
  }

  /** The ends of matches from `begin` to at most `stop`: the last one (`last`), or the first one from `from` on; -1 for none. */
  end(text: string, begin: number, stop: number, last: boolean, from = begin): number {
    let state = (this.#initial ??= this.#closure([this.#start], undefined));
    let found = -1;
    for (let at = begin; ; ) {
      state = this.#resolve(state, text, at);
      if (state.accepts && at >= from) {
        found = at;
        if (!last) return found;
      }
      if (state.consuming.length === 0 || at >= stop) return found;
      const code = text.codePointAt(at) as number;
      at += code > 0xffff ? 2 : 1;
      if (at > stop) return found;
      state = this.#step(state, this.alphabet.colorOf(code));
    }
  }
}

/** A tree's node with its automaton, made at first use. */
interface Node {
  readonly tree: Tree;
  readonly children: readonly Node[];
  readonly captures: readonly number[];
  readonly automaton: Automaton;
}

/** Matches of one expression. */
export class TreeMatcher {
  readonly #root: Node;
  readonly #groups: number;
  readonly #refers: boolean;
  readonly #shorter: boolean;
  readonly #ignoreCase: boolean;
  #spans: number[] = [];
  #text = '';

  constructor(parsed: ParsedRegex) {
    const alphabet = new Alphabet(parsed.ignoreCase ? 'iu' : 'u');
    let refers = false;
    const nodeOf = (tree: Tree): Node => {
      if (tree.kind === 'reference') refers = true;
      const children = tree.children.map(nodeOf);
      const captures = [...(tree.capture === 0 ? [] : [tree.capture]), ...children.flatMap((child) => child.captures)];
      return { tree, children, captures, automaton: new Automaton(alphabet, tree.language) };
    };
    this.#root = nodeOf(parsed.tree);
    this.#groups = parsed.groups;
    this.#refers = refers;
    this.#shorter = (parsed.tree.flags & shorter) !== 0;
    this.#ignoreCase = parsed.ignoreCase;
  }

  /** The first match at or after `from`. */
  exec(text: string, from: number): Spans | undefined {
    this.#text = text;
    for (let begin = from; begin <= text.length; begin++) {
      const code = text.charCodeAt(begin);
      if (begin > from && code >= 0xdc00 && code <= 0xdfff) continue;
      const spans = this.#at(begin);
      if (spans !== undefined) return spans;
    }
    return undefined;
  }

  /** Whether there is a match at all. */
  test(text: string): boolean {
    if (this.#refers) return this.exec(text, 0) !== undefined;
    for (let begin = 0; begin <= text.length; begin++) if (this.#root.automaton.end(text, begin, text.length, false) >= 0) return true;
    return false;
  }

  #at(begin: number): Spans | undefined {
    const text = this.#text;
    const { automaton } = this.#root;
    let first = begin;
    let stop = text.length;
    for (;;) {
      const end = automaton.end(text, begin, stop, !this.#shorter, first);
      if (end < 0) return undefined;
      this.#spans = new Array<number>(2 * (this.#groups + 1)).fill(-1);
      if (this.#dissect(this.#root, begin, end)) {
        this.#spans[0] = begin;
        this.#spans[1] = end;
        return this.#spans;
      }
      if (!this.#refers || (this.#shorter ? end === stop : end === begin)) return undefined;
      if (this.#shorter) first = end + 1;
      else stop = end - 1;
    }
  }

  #forget(node: Node): void {
    for (const number of node.captures) this.#spans[2 * number] = this.#spans[2 * number + 1] = -1;
  }

  /** Whether the node takes exactly this part of the text; sets its parentheses. */
  #dissect(node: Node, begin: number, end: number): boolean {
    if (!this.#takes(node, begin, end)) return false;
    const { capture } = node.tree;
    if (capture > 0) {
      this.#spans[2 * capture] = begin;
      this.#spans[2 * capture + 1] = end;
    }
    return true;
  }

  #takes(node: Node, begin: number, end: number): boolean {
    switch (node.tree.kind) {
      case 'leaf':
        return true;
      case 'group':
        return this.#dissect(node.children[0] as Node, begin, end);
      case 'choice':
        return node.children.some((child) => child.automaton.end(this.#text, begin, end, true) === end && this.#dissect(child, begin, end));
      case 'sequence':
        return this.#sequence(node, begin, end);
      case 'iteration':
        return this.#iteration(node, begin, end);
      case 'reference':
        return this.#reference(node.tree, begin, end);
    }
  }

  #sequence(node: Node, begin: number, end: number): boolean {
    const [left, right] = node.children as readonly [Node, Node];
    const text = this.#text;
    const shortFirst = (left.tree.flags & shorter) !== 0;
    let middle = left.automaton.end(text, begin, end, !shortFirst);
    while (middle >= 0) {
      if (right.automaton.end(text, middle, end, true) === end) {
        if (this.#dissect(left, begin, middle) && this.#dissect(right, middle, end)) return true;
        this.#forget(left);
        this.#forget(right);
      }
      if (shortFirst ? middle === end : middle === begin) return false;
      middle = shortFirst ? left.automaton.end(text, begin, end, false, middle + 1) : left.automaton.end(text, begin, middle - 1, true);
    }
    return false;
  }

  #reference({ group, min, max }: Tree, begin: number, end: number): boolean {
    const from = this.#spans[2 * group] as number;
    if (from < 0) return false;
    const fold = (part: string): string => (this.#ignoreCase ? part.toLowerCase() : part);
    const wanted = fold(this.#text.slice(from, this.#spans[2 * group + 1]));
    if (wanted.length === 0) return begin === end;
    if (begin === end) return min === 0;
    const times = (end - begin) / wanted.length;
    return Number.isInteger(times) && times >= min && times <= max && fold(this.#text.slice(begin, end)) === wanted.repeat(times);
  }

  /** Repetitions one after the other, each as long (or short) as the others allow; empty ones only where the minimum asks for them. */
  #iteration(node: Node, begin: number, end: number): boolean {
    const { min, max } = node.tree;
    const child = node.children[0] as Node;
    const least = Math.max(min, 1);
    const most = Math.max(Math.min(end - begin, max), least);
    const ends = [begin];
    const shortFirst = (child.tree.flags & shorter) !== 0;
    if (shortFirst && min === 0 && begin === end) return true;
    const automaton = child.automaton;
    let count = 1;
    let verified = 0;
    let limit = shortFirst ? begin : end;
    const emptyNeeded = (at: number): boolean => count < least && least - count >= end - at;
    while (count > 0) {
      const previous = ends[count - 1] as number;
      let found: number;
      if (shortFirst) {
        if (limit === previous && limit !== end && !emptyNeeded(limit)) limit++;
        if (count >= most) limit = end;
        found = automaton.end(this.#text, previous, end, false, limit);
      } else {
        found = automaton.end(this.#text, previous, limit, true);
      }
      if (found < 0) {
        count--;
      } else {
        ends[count] = found;
        verified = Math.min(verified, count - 1);
        if (found !== end) {
          if (count >= most) count--;
          else if (shortFirst || found !== previous || emptyNeeded(found)) {
            count++;
            limit = shortFirst ? found : end;
            continue;
          }
        } else if (count >= least) {
          let n = verified + 1;
          for (; n <= count; n++) {
            this.#forget(child);
            if (!this.#dissect(child, ends[n - 1] as number, ends[n] as number)) break;
            verified = n;
          }
          if (n > count) return true;
        }
      }
      for (; count > 0; count--) {
        const start = ends[count - 1] as number;
        const reached = ends[count] as number;
        if (shortFirst) {
          if (reached < end) {
            limit = reached + 1;
            break;
          }
        } else if (reached > start) {
          limit = reached - 1;
          if (limit > start || emptyNeeded(start)) break;
        }
      }
    }
    return min === 0 && begin === end;
  }
}
