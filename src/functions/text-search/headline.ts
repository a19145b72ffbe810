/**
 * ts_headline: the parts of a document that show how it matches a query, with the words of the query marked. Source: hlparsetext and generateHeadline of ts_parse.c and
 * prsd_headline of wparser_def.c (PostgreSQL 15). Used by scalar/text-search.ts.
 */
import { PgError } from '../../common/errors.js';
import type { TsEntry, TsQuery } from '../../types/text-search.js';
import { vectorOf } from '../../types/text-search.js';
import type { Configuration } from './documents.js';
import { matches } from './match.js';
import { type TokenType, tokensOf } from './parser.js';

type Operand = TsQuery & { readonly kind: 'value' };

interface Options {
  minWords: number;
  maxWords: number;
  shortWord: number;
  maxFragments: number;
  highlightAll: boolean;
  startSel: string;
  stopSel: string;
  fragmentDelimiter: string;
}

/** A token; several in a row where it stands for several operands of the query, all but the first `repeated`. */
interface Word {
  readonly type: TokenType;
  readonly text: string;
  position: number;
  item: Operand | undefined;
  readonly repeated: boolean;
  in: boolean;
  skip: boolean;
  replace: boolean;
}

const compound: ReadonlySet<TokenType> = new Set<TokenType>(['url', 'numhword', 'asciihword', 'hword']);
const noWord: ReadonlySet<TokenType> = new Set<TokenType>(['blank', 'tag', ...compound]);
const noEnd: ReadonlySet<TokenType> = new Set<TokenType>([...noWord, 'sfloat', 'version', 'float', 'int', 'uint', 'protocol', 'entity']);

const isTrue = /^(?:1|on|true|t|y|yes)$/i;

/** `Name=value, Name='value', ...` */
function settingsOf(text: string): readonly (readonly [name: string, value: string])[] {
  const malformed = (): PgError => new PgError('42601', `invalid parameter list format: "${text}"`);
  const found: (readonly [string, string])[] = [];
  const item = /[\s,]*(?:"((?:[^"]|"")+)"|([A-Za-z_\x80-\uffff][^\s=]*))\s*=\s*(?:E?'((?:[^'\\]|''|\\[\s\S])*)'|"((?:[^"]|"")*)"|([^\s,'"][^\s,]*))/y;
  let at = 0;
  while (!/^[\s,]*$/.test(text.slice(at))) {
    item.lastIndex = at;
    const match = item.exec(text);
    if (match === null) throw malformed();
    const [, quotedName, name, quoted, doubled, plain] = match;
    found.push([quotedName ?? name ?? '', quoted?.replaceAll("''", "'").replace(/\\(.)/g, '$1') ?? doubled?.replaceAll('""', '"') ?? plain ?? '']);
    at = item.lastIndex;
  }
  return found;
}

function integer(text: string): number {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw new PgError('22P02', `invalid input syntax for type integer: "${text}"`);
  const value = Number(text);
  if (value < -2_147_483_648 || value > 2_147_483_647) throw new PgError('22003', `value "${text}" is out of range for type integer`);
  return value;
}

export function headlineOptions(text: string): Options {
  const options: Options = {
    minWords: 15,
    maxWords: 35,
    shortWord: 3,
    maxFragments: 0,
    highlightAll: false,
    startSel: '<b>',
    stopSel: '</b>',
    fragmentDelimiter: ' ... ',
  };
  for (const [name, value] of settingsOf(text))
    switch (name.toLowerCase()) {
      case 'maxwords':
        options.maxWords = integer(value);
        break;
      case 'minwords':
        options.minWords = integer(value);
        break;
      case 'shortword':
        options.shortWord = integer(value);
        break;
      case 'maxfragments':
        options.maxFragments = integer(value);
        break;
      case 'startsel':
        options.startSel = value;
        break;
      case 'stopsel':
        options.stopSel = value;
        break;
      case 'fragmentdelimiter':
        options.fragmentDelimiter = value;
        break;
      case 'highlightall':
        options.highlightAll = isTrue.test(value);
        break;
      default:
        throw new PgError('22023', `unrecognized headline parameter: "${name}"`);
    }
  if (!options.highlightAll) {
    if (options.minWords >= options.maxWords) throw new PgError('22023', 'MinWords should be less than MaxWords');
    if (options.minWords <= 0) throw new PgError('22023', 'MinWords should be positive');
    if (options.shortWord < 0) throw new PgError('22023', 'ShortWord should be >= 0');
    if (options.maxFragments < 0) throw new PgError('22023', 'MaxFragments should be >= 0');
  }
  return options;
}

function operandsOf(query: TsQuery, into: Operand[] = []): Operand[] {
  if (query.kind === 'value') into.push(query);
  else if (query.kind === 'not') operandsOf(query.operand, into);
  else {
    operandsOf(query.left, into);
    operandsOf(query.right, into);
  }
  return into;
}

/** Weights say nothing here. */
function unweighted(query: TsQuery): TsQuery {
  if (query.kind === 'value') return { ...query, weights: 0 };
  if (query.kind === 'not') return { ...query, operand: unweighted(query.operand) };
  return { ...query, left: unweighted(query.left), right: unweighted(query.right) };
}

function wordsOf(configuration: Configuration, document: string, operands: readonly Operand[]): Word[] {
  const words: Word[] = [];
  let position = 0;
  for (const { type, text } of tokensOf(document)) {
    const word: Word = { type, text, position: 0, item: undefined, repeated: false, in: false, skip: false, replace: false };
    words.push(word);
    const dictionary = configuration.dictionaryOf(type);
    if (dictionary === undefined) continue;
    position++;
    for (const lexeme of dictionary(text)) {
      word.position = position;
      for (const operand of operands) {
        if (!(operand.prefix ? lexeme.startsWith(operand.lexeme) : lexeme === operand.lexeme)) continue;
        if (word.item === undefined) word.item = operand;
        else words.push({ ...word, item: operand, repeated: true });
      }
    }
  }
  return words;
}

interface Cover {
  start: number;
  end: number;
  words: number;
  readonly interesting: number;
  chosen: boolean;
  excluded: boolean;
}

class Headline {
  readonly #maxCover: number;

  constructor(
    readonly words: readonly Word[],
    readonly query: TsQuery | null,
    readonly options: Options,
  ) {
    this.#maxCover = Math.max(options.maxWords * 10, 100) * Math.max(options.maxFragments, 1);
  }

  #isWord(at: number): boolean {
    return !noWord.has((this.words[at] as Word).type);
  }

  #isInteresting(at: number): boolean {
    const { item, repeated } = this.words[at] as Word;
    return item !== undefined && !repeated;
  }

  #isBadEnd(at: number): boolean {
    const word = this.words[at];
    if (word === undefined) return false;
    return (noEnd.has(word.type) || Buffer.byteLength(word.text) <= this.options.shortWord) && !this.#isInteresting(at);
  }

  #firstOfQuery(from: number): number {
    for (let at = from; at < this.words.length; at++) if (this.words[at]?.item !== undefined) return at;
    return -1;
  }

  #satisfies(start: number, end: number): boolean {
    const entries: TsEntry[] = [];
    for (let at = start; at <= end; at++) {
      const { item, position } = this.words[at] as Word;
      if (item !== undefined) entries.push({ lexeme: item.lexeme, positions: [{ position, weight: 0 }] });
    }
    return matches(vectorOf(entries), this.query);
  }

  /** The first and shortest stretch from `from` on that satisfies the query by itself. */
  #cover(from: number): readonly [start: number, end: number] | undefined {
    for (let start = this.#firstOfQuery(from); start >= 0; start = this.#firstOfQuery(start + 1))
      for (let end = start; end >= 0 && end - start < this.#maxCover; end = this.#firstOfQuery(end + 1)) if (this.#satisfies(start, end)) return [start, end];
    return undefined;
  }

  #mark(start: number, end: number): void {
    for (let at = start; at <= end; at++) {
      const word = this.words[at] as Word;
      if (!this.options.highlightAll && word.type === 'tag') word.replace = true;
      else if (compound.has(word.type)) word.skip = true;
      word.in = !word.repeated;
    }
  }

  #markBeginning(): void {
    let count = 0;
    let end = -1;
    for (let at = 0; at < this.words.length && count < this.options.minWords; at++) {
      if (this.#isWord(at)) count++;
      end = at;
    }
    this.#mark(0, end);
  }

  markWords(): void {
    const { words } = this;
    const { minWords, maxWords, highlightAll } = this.options;
    if (highlightAll) {
      this.#mark(0, words.length - 1);
      return;
    }
    let best: { readonly start: number; readonly end: number; readonly interesting: number; readonly covers: boolean } | undefined;
    for (let cover = this.#cover(0); cover !== undefined; cover = this.#cover(cover[0] + 1)) {
      const [p, q] = cover;
      let count = 0;
      let interesting = 0;
      let [start, end] = [p, p];
      let i: number;
      const add = (at: number): void => {
        if (this.#isWord(at)) count++;
        if (this.#isInteresting(at)) interesting++;
      };
      for (i = p; i <= q && count < maxWords; i++) {
        add(i);
        end = i;
      }
      if (count < maxWords) {
        for (i = i - 1; i < words.length && count < maxWords; i++) {
          if (i > q) add(i);
          end = i;
          if (this.#isBadEnd(i)) continue;
          if (count >= minWords) break;
        }
        if (count < minWords) {
          for (i = p - 1; i >= 0; i--) {
            add(i);
            if (count >= maxWords) break;
            if (this.#isBadEnd(i)) continue;
            if (count >= minWords) break;
          }
          start = Math.max(i, 0);
        }
      } else {
        if (i > q) i = q;
        for (; count > minWords; i--) {
          if (!this.#isBadEnd(i)) break;
          if (this.#isWord(i)) count--;
          if (this.#isInteresting(i)) interesting--;
          end = i - 1;
        }
      }
      const covers = start <= p && end >= q;
      const isBetter =
        best === undefined ||
        (covers && !best.covers) ||
        (covers === best.covers && (interesting > best.interesting || (interesting === best.interesting && !this.#isBadEnd(end) && this.#isBadEnd(best.end))));
      if (isBetter) best = { start, end, interesting, covers };
    }
    if (best === undefined) this.#markBeginning();
    else this.#mark(best.start, best.end);
  }

  /** The stretch from `start` on with at most maxWords words, both of whose ends are words of the query. */
  #fragment(from: number, to: number): Cover {
    let start = from;
    for (let at = from; at <= to; at++) {
      start = at;
      if (this.#isInteresting(at)) break;
    }
    let [end, words, interesting] = [to, 0, 0];
    let i = start;
    for (; i <= end && words < this.options.maxWords; i++) {
      if (this.#isWord(i)) words++;
      if (this.#isInteresting(i)) interesting++;
    }
    if (end > i) {
      end = i;
      for (i = end; i >= start; i--) {
        end = i;
        if (this.#isInteresting(i)) break;
        if (this.#isWord(i)) words--;
      }
    }
    return { start, end, words, interesting, chosen: false, excluded: false };
  }

  /** Lengthens a chosen cover on both sides. */
  #stretch(cover: Cover): void {
    const { words } = this;
    const { maxWords } = this.options;
    if (cover.words >= maxWords) return;
    const most = Math.trunc((maxWords - cover.words) / 2);
    let stretched = 0;
    let mark = cover.start;
    for (let i = cover.start - 1; i >= 0 && stretched < most && words[i]?.in === false; i--) {
      if (this.#isWord(i)) {
        cover.words++;
        stretched++;
      }
      mark = i;
    }
    for (; mark < cover.start && this.#isBadEnd(mark); mark++) if (this.#isWord(mark)) cover.words--;
    cover.start = mark;
    mark = cover.end;
    for (let i = cover.end + 1; i < words.length && cover.words < maxWords && words[i]?.in === false; i++) {
      if (this.#isWord(i)) cover.words++;
      mark = i;
    }
    for (; mark > cover.end && this.#isBadEnd(mark); mark--) if (this.#isWord(mark)) cover.words--;
    cover.end = mark;
  }

  markFragments(): void {
    const covers: Cover[] = [];
    for (let cover = this.#cover(0); cover !== undefined; cover = this.#cover(cover[0] + 1)) {
      const [p, q] = cover;
      for (let start = p; start <= q; ) {
        const fragment = this.#fragment(start, q);
        covers.push(fragment);
        start = fragment.end + 1;
      }
    }
    let chosen = 0;
    for (; chosen < this.options.maxFragments; chosen++) {
      let best: Cover | undefined;
      for (const cover of covers) {
        if (cover.chosen || cover.excluded) continue;
        const isBetter =
          cover.interesting > (best?.interesting ?? 0) || (cover.interesting === (best?.interesting ?? 0) && cover.words < (best?.words ?? Infinity));
        if (isBetter) best = cover;
      }
      if (best === undefined) break;
      best.chosen = true;
      this.#stretch(best);
      const { start, end } = best;
      this.#mark(start, end);
      for (const cover of covers)
        if (
          cover !== best &&
          ((cover.start >= start && cover.start <= end) || (cover.end >= start && cover.end <= end) || (cover.start < start && cover.end > end))
        )
          cover.excluded = true;
    }
    if (chosen === 0) this.#markBeginning();
  }

  text(): string {
    const { startSel, stopSel, fragmentDelimiter } = this.options;
    let out = '';
    let fragments = 0;
    let isInside = false;
    for (const word of this.words) {
      if (word.repeated) continue;
      if (!word.in) {
        isInside = false;
        continue;
      }
      if (!isInside && fragments++ > 0) out += fragmentDelimiter;
      isInside = true;
      if (word.replace) out += ' ';
      else if (!word.skip) out += word.item === undefined ? word.text : `${startSel}${word.text}${stopSel}`;
    }
    return out;
  }
}

export function headlineOf(configuration: Configuration, document: string, query: TsQuery | null, options: Options): string {
  const plain = query === null ? null : unweighted(query);
  const headline = new Headline(wordsOf(configuration, document, plain === null ? [] : operandsOf(plain)), plain, options);
  if (options.maxFragments === 0) headline.markWords();
  else headline.markFragments();
  return headline.text();
}
