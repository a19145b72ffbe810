/**
 * Configurations and dictionaries, and what they make of documents and of queries in words: to_tsvector and its kin. Known are the configurations `simple` and
 * `english` with the dictionaries `simple` and `english_stem`. Used by scalar/text-search.ts.
 */
import { notSupported, PgError } from '../../common/errors.js';
import {
  cleanStopWords,
  maxPosition,
  type RawQuery,
  readQuery,
  textSearchConfigurations,
  type TsEntry,
  type TsPosition,
  type TsQuery,
  type TsVector,
  vectorOf,
} from '../../types/text-search.js';
import type { EvaluationContext } from '../function.js';
import { stemEnglish } from './english-stemmer.js';
import { type TokenType, tokensOf } from './parser.js';
import { englishStopWords } from './stop-words.js';

/** What a dictionary makes of a word; none: a stop word. */
export type Dictionary = (word: string) => readonly string[];

/** Lower case as C.UTF-8 has it: one character for one. */
const lower = (word: string): string =>
  word.replace(/\p{Lu}/gu, (letter) => {
    const small = letter.toLowerCase();
    return small.length === letter.length ? small : letter;
  });

const simple: Dictionary = (word) => [lower(word)];
const englishStem: Dictionary = (word) => {
  const small = lower(word);
  return englishStopWords.has(small) ? [] : [/^[\x20-\x7e]*$/.test(small) || small.length <= 1000 ? stemEnglish(small) : small];
};

export interface Configuration {
  readonly dictionaryOf: (type: TokenType) => Dictionary | undefined;
}

const unmapped: ReadonlySet<TokenType> = new Set<TokenType>(['blank', 'tag', 'protocol', 'entity']);
const stemmed: ReadonlySet<TokenType> = new Set<TokenType>(['asciiword', 'word', 'asciihword', 'hword', 'hword_asciipart', 'hword_part']);

const simpleConfiguration: Configuration = { dictionaryOf: (type) => (unmapped.has(type) ? undefined : simple) };
const englishConfiguration: Configuration = { dictionaryOf: (type) => (unmapped.has(type) ? undefined : stemmed.has(type) ? englishStem : simple) };

export function configurationOf(oid: number): Configuration {
  if (oid === 3748) return simpleConfiguration;
  if (oid === 13164) return englishConfiguration;
  throw new PgError('XX000', `cache lookup failed for text search configuration ${oid}`);
}

/** The session's default_text_search_config. */
export function defaultConfigurationOid(context: EvaluationContext): number {
  const name = (context.settings.get('default_text_search_config') ?? 'pg_catalog.english').replace(/^pg_catalog\./, '').replaceAll('"', '');
  const oid = textSearchConfigurations.get(name);
  if (oid === undefined) throw notSupported(`the text search configuration ${name}`);
  return oid;
}

export function dictionaryByOid(oid: number): Dictionary {
  if (oid === 3765) return simple;
  if (oid === 13163) return englishStem;
  throw new PgError('XX000', `cache lookup failed for text search dictionary ${oid}`);
}

interface Lexeme {
  readonly lexeme: string;
  readonly position: number;
}

const maxWord = 2046;

/** The lexemes of a text with their positions, counted from `start` + 1, and the last position. */
function lexemesOf(configuration: Configuration, text: string, start = 0): { readonly lexemes: readonly Lexeme[]; readonly end: number } {
  const lexemes: Lexeme[] = [];
  let position = start;
  for (const token of tokensOf(text)) {
    const dictionary = configuration.dictionaryOf(token.type);
    if (dictionary === undefined || Buffer.byteLength(token.text) > maxWord) continue;
    position++;
    for (const lexeme of dictionary(token.text)) lexemes.push({ lexeme, position });
  }
  return { lexemes, end: position };
}

const entryOf = ({ lexeme, position }: Lexeme): TsEntry => ({
  lexeme,
  positions: [{ position: Math.min(position, maxPosition), weight: 0 } satisfies TsPosition],
});

export function vectorOfText(configuration: Configuration, text: string): TsVector {
  return vectorOf(lexemesOf(configuration, text).lexemes.map(entryOf));
}

/** Several texts one after another, as the strings of a JSON value: a place is left free between them. */
export function vectorOfTexts(configuration: Configuration, texts: readonly string[]): TsVector {
  const all: Lexeme[] = [];
  let position = 0;
  for (const text of texts) {
    const { lexemes, end } = lexemesOf(configuration, text, position);
    all.push(...lexemes);
    position = lexemes.length > 0 ? end + 1 : end;
  }
  return vectorOf(all.map(entryOf));
}

type Join = 'and' | 'phrase';

/** The words of a text joined; a gap in a phrase is a longer distance. */
function joined(configuration: Configuration, text: string, join: Join, weights: number, prefix: boolean): TsQuery | undefined {
  let query: TsQuery | undefined;
  let last = 0;
  const byPosition = new Map<number, TsQuery>();
  for (const { lexeme, position } of lexemesOf(configuration, text).lexemes) {
    const value: TsQuery = { kind: 'value', lexeme, weights, prefix };
    const before = byPosition.get(position);
    byPosition.set(position, before === undefined ? value : { kind: 'and', left: before, right: value });
  }
  for (const [position, value] of byPosition) {
    if (query === undefined) query = value;
    else if (join === 'and') query = { kind: 'and', left: query, right: value };
    else query = { kind: 'phrase', left: query, right: value, distance: position - last };
    last = position;
  }
  return query;
}

export function plainQuery(configuration: Configuration, text: string): TsQuery | null {
  return joined(configuration, text, 'and', 0, false) ?? null;
}

export function phraseQuery(configuration: Configuration, text: string): TsQuery | null {
  return joined(configuration, text, 'phrase', 0, false) ?? null;
}

/** to_tsquery: operands that are several words are phrases. */
export function wordsQuery(configuration: Configuration, text: string): TsQuery | null {
  const raw = readQuery(text, (word, weights, prefix) => joined(configuration, word, 'phrase', weights, prefix));
  return raw === undefined ? null : (cleanStopWords(raw) ?? null);
}

/** websearch_to_tsquery: quoted phrases, `or`, and `-` before what must not be there. Never an error. */
export function webQuery(configuration: Configuration, text: string): TsQuery | null {
  const items = text.match(/-?"[^"]*"?|-?[^\s"!&|():<]+/g) ?? [];
  let alternatives: RawQuery | undefined;
  let conjunction: RawQuery | undefined;
  let pendingOr = false;
  const leaf = (query: TsQuery | undefined): RawQuery => (query === undefined ? { kind: 'stop' } : { kind: 'leaf', query });
  items.forEach((item, n) => {
    if (/^or$/i.test(item) && conjunction !== undefined && n < items.length - 1) {
      pendingOr = true;
      return;
    }
    const negated = /^-./.test(item);
    const bare = negated ? item.slice(1) : item;
    const quoted = bare.startsWith('"');
    const words = quoted ? bare.slice(1).replace(/"$/, '') : bare.replace(/^-+/, '');
    if (words.trim() === '') return;
    let operand = leaf(joined(configuration, words, 'phrase', 0, false));
    if (negated) operand = { kind: 'not', operand };
    if (pendingOr && conjunction !== undefined) {
      alternatives = alternatives === undefined ? conjunction : { kind: 'or', left: alternatives, right: conjunction, distance: 0 };
      conjunction = operand;
    } else {
      conjunction = conjunction === undefined ? operand : { kind: 'and', left: conjunction, right: operand, distance: 0 };
    }
    pendingOr = false;
  });
  if (conjunction === undefined) return null;
  const whole: RawQuery = alternatives === undefined ? conjunction : { kind: 'or', left: alternatives, right: conjunction, distance: 0 };
  return cleanStopWords(whole) ?? null;
}
