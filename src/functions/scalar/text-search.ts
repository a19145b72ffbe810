/** Functions and operators of text search (PostgreSQL 15, chapter 9.13), but ts_rewrite and ts_stat. */
import { PgError } from '../../common/errors.js';
import { formatJson, type JsonNode, parseJson, quoteJson } from '../../types/json.js';
import {
  compareLexemes,
  formatTsQuery,
  formatTsVector,
  maxPosition,
  nodeCount,
  parseTsQuery,
  parseTsVector,
  queryKey,
  type TsQuery,
  type TsVector,
  vectorKey,
  vectorOf,
} from '../../types/text-search.js';
import { formatArray, parseArray, vector as arrayVector } from '../array-value.js';
import type { EvaluationContext, Kernel } from '../function.js';
import { pure, type ScalarImplementation, type ScalarImplementations } from '../implementation.js';
import {
  type Configuration,
  configurationOf,
  defaultConfigurationOid,
  dictionaryByOid,
  phraseQuery,
  plainQuery,
  vectorOfText,
  vectorOfTexts,
  webQuery,
  wordsQuery,
} from '../text-search/documents.js';
import { eachItem, eachMember, jsonAsText, jsonKind } from '../json/scan.js';
import { headlineOf, headlineOptions } from '../text-search/headline.js';
import { matches } from '../text-search/match.js';
import { checkedWeights, rank, rankCover, standardWeights } from '../text-search/rank.js';
import { compareBytes } from '../values.js';
import { comparisonKernel, comparisonNames } from './comparison.js';

/** The parsed forms of the texts seen last. */
function cached<T>(parse: (text: string) => T): (text: string) => T {
  const values = new Map<string, T>();
  return (text) => {
    let value = values.get(text);
    if (value === undefined) {
      if (values.size >= 500) values.clear();
      values.set(text, (value = parse(text)));
    }
    return value;
  };
}

const readQuery = cached(parseTsQuery);
const readVector = cached(parseTsVector);

/** A function with the configuration as first argument, and the same without. */
function configured(name: string, compute: (configuration: Configuration, ...texts: readonly string[]) => string): ScalarImplementations {
  return {
    [`${name}_byid`]: { kernel: (_, configuration, ...texts) => compute(configurationOf(configuration as number), ...(texts as string[])) },
    [name]: { kernel: (context, ...texts) => compute(configurationOf(defaultConfigurationOid(context)), ...(texts as string[])) },
  };
}

const ofQuery =
  (make: (configuration: Configuration, text: string) => TsQuery | null) =>
  (configuration: Configuration, text = ''): string =>
    formatTsQuery(make(configuration, text));

function weightOf(letter: string): number {
  const weight = letter === '' ? -1 : 'DCBA'.indexOf(letter.toUpperCase());
  if (weight < 0) throw new PgError('22023', `unrecognized weight: "${letter === '' ? '\\000' : letter}"`);
  return weight;
}

const elementsOf = (array: string): readonly (string | null)[] => parseArray(array).elements;

function concatenate(a: TsVector, b: TsVector): TsVector {
  const shift = a.reduce((most, { positions }) => positions.reduce((best, { position }) => Math.max(best, position), most), 0);
  const moved = b.map(({ lexeme, positions }) => ({
    lexeme,
    positions: positions.map(({ position, weight }) => ({ position: Math.min(position + shift, maxPosition), weight })),
  }));
  return vectorOf([...a, ...moved]);
}

/** The operands' lexemes. */
function lexemesOfQuery(query: TsQuery | null): ReadonlySet<string> {
  const lexemes = new Set<string>();
  const walk = (node: TsQuery): void => {
    if (node.kind === 'value') lexemes.add(node.lexeme);
    else if (node.kind === 'not') walk(node.operand);
    else {
      walk(node.left);
      walk(node.right);
    }
  };
  if (query !== null) walk(query);
  return lexemes;
}

const containsQuery = (outer: string, inner: string): boolean => {
  const lexemes = lexemesOfQuery(readQuery(outer));
  return [...lexemesOfQuery(readQuery(inner))].every((lexeme) => lexemes.has(lexeme));
};

function combined(a: string, b: string, join: (left: TsQuery, right: TsQuery) => TsQuery): string {
  const left = readQuery(a);
  const right = readQuery(b);
  return formatTsQuery(left === null ? right : right === null ? left : join(left, right));
}

function phrase(a: string, b: string, distance: number): string {
  if (distance < 0 || distance > 16_384) {
    throw new PgError('22023', 'distance in phrase operator must be an integer value between zero and 16384 inclusive');
  }
  return combined(a, b, (left, right) => ({ kind: 'phrase', left, right, distance }));
}

/** querytree: the part that an index could search for; undefined: everything. */
function indexable(query: TsQuery): TsQuery | undefined {
  switch (query.kind) {
    case 'value':
      return query;
    case 'not':
      return undefined;
    case 'or': {
      const left = indexable(query.left);
      const right = indexable(query.right);
      return left === undefined || right === undefined ? undefined : { kind: 'or', left, right };
    }
    default: {
      const left = indexable(query.left);
      const right = indexable(query.right);
      if (left === undefined || right === undefined) return left ?? right;
      return { ...query, left, right };
    }
  }
}

function ranking(withWeights: boolean, withMethod: boolean, compute = rank): Kernel {
  return (_, ...args) => {
    let weights = standardWeights;
    let rest = args;
    if (withWeights) {
      const array = parseArray(args[0] as string);
      weights = checkedWeights(
        array.elements.map((text) => (text === null ? null : Number(text))),
        array.dimensions.length,
      );
      rest = args.slice(1);
    }
    return compute(weights, readVector(rest[0] as string), readQuery(rest[1] as string), withMethod ? (rest[2] as number) : 0);
  };
}

/** The strings of a JSON value: of jsonb in its order. */
function stringsOf(node: JsonNode, into: string[] = []): string[] {
  if (node.kind === 'string') into.push(node.value);
  else if (node.kind === 'array') for (const item of node.items) stringsOf(item, into);
  else if (node.kind === 'object') for (const { value } of node.entries) stringsOf(value, into);
  return into;
}

const jsonStrings = (configuration: Configuration, text = ''): string => formatTsVector(vectorOfTexts(configuration, stringsOf(parseJson(text))));

/** The strings of json as it is written: in its order, repeated keys included. */
function stringsOfText(text: string, into: string[] = []): string[] {
  const kind = jsonKind(text);
  if (kind === 'string') into.push(jsonAsText(text) as string);
  else if (kind === 'array') eachItem(text, (item) => void stringsOfText(item, into));
  else if (kind === 'object') eachMember(text, (_, member) => void stringsOfText(member, into));
  return into;
}

const jsonFilters = ['string', 'numeric', 'boolean', 'key'] as const;
type JsonFilter = (typeof jsonFilters)[number];

/** The kinds of elements that json_to_tsvector's last argument names. */
function filtersOf(text: string): ReadonlySet<JsonFilter> {
  const node = parseJson(text);
  if (node.kind === 'object') throw new PgError('22023', 'wrong flag type, only arrays and scalars are allowed');
  const found = new Set<JsonFilter>();
  for (const item of node.kind === 'array' ? node.items : [node]) {
    const hint = 'Possible values are: "string", "numeric", "boolean", "key", and "all".';
    if (item.kind !== 'string') throw new PgError('22023', 'flag array element is not a string', { hint });
    const name = item.value.toLowerCase();
    const known = jsonFilters.find((each) => each === name);
    if (name === 'all') for (const each of jsonFilters) found.add(each);
    else if (known !== undefined) found.add(known);
    else throw new PgError('22023', `wrong flag in flag array: "${item.value}"`, { hint });
  }
  return found;
}

function filteredTexts(text: string, filters: ReadonlySet<JsonFilter>, into: string[] = []): string[] {
  const kind = jsonKind(text);
  switch (kind) {
    case 'array':
      eachItem(text, (item) => void filteredTexts(item, filters, into));
      break;
    case 'object':
      eachMember(text, (key, member) => {
        if (filters.has('key')) into.push(key);
        filteredTexts(member, filters, into);
      });
      break;
    case 'null':
      break;
    default:
      if (filters.has(kind === 'number' ? 'numeric' : kind)) into.push(jsonAsText(text) as string);
  }
  return into;
}

function filteredJson(configuration: Configuration, text = '', filters = ''): string {
  return formatTsVector(vectorOfTexts(configuration, filteredTexts(text.trim(), filtersOf(filters))));
}

const matchTexts = (context: EvaluationContext, document: string, query: TsQuery | null): boolean =>
  matches(vectorOfText(configurationOf(defaultConfigurationOid(context)), document), query);

const setWeight = (vector: TsVector, weight: number, only: ReadonlySet<string | null> | undefined): TsVector =>
  vector.map((entry) =>
    only !== undefined && !only.has(entry.lexeme) ? entry : { lexeme: entry.lexeme, positions: entry.positions.map(({ position }) => ({ position, weight })) },
  );

/** ts_headline of a document, or of each string of a JSON value. */
function headlines(configuration: Configuration, kind: 'text' | 'json' | 'jsonb', document = '', query = '', options = ''): string {
  const parsed = readQuery(query);
  const read = headlineOptions(options);
  const shown = (text: string): string => headlineOf(configuration, text, parsed, read);
  switch (kind) {
    case 'text':
      return shown(document);
    case 'json':
      return changedJson(document.trim(), shown);
    case 'jsonb':
      return formatJson(changedNode(parseJson(document), shown));
  }
}

/** With its strings changed; the rest as it is written, without space. */
function changedJson(text: string, change: (value: string) => string): string {
  const kind = jsonKind(text);
  const parts: string[] = [];
  switch (kind) {
    case 'string':
      return quoteJson(change(jsonAsText(text) as string));
    case 'array':
      eachItem(text, (item) => void parts.push(changedJson(item, change)));
      return `[${parts.join(',')}]`;
    case 'object':
      eachMember(text, (key, member) => void parts.push(`${quoteJson(key)}:${changedJson(member, change)}`));
      return `{${parts.join(',')}}`;
    default:
      return text;
  }
}

function changedNode(node: JsonNode, change: (value: string) => string): JsonNode {
  if (node.kind === 'string') return { ...node, value: change(node.value) };
  if (node.kind === 'array') return { ...node, items: node.items.map((item) => changedNode(item, change)) };
  if (node.kind === 'object') return { ...node, entries: node.entries.map((entry) => ({ ...entry, value: changedNode(entry.value, change) })) };
  return node;
}

function headlineFunctions(kind: 'text' | 'json' | 'jsonb'): ScalarImplementations {
  const symbol = `ts_headline${kind === 'text' ? '' : `_${kind}`}`;
  const own: Kernel = (context, ...texts) => headlines(configurationOf(defaultConfigurationOid(context)), kind, ...(texts as string[]));
  const named: Kernel = (_, configuration, ...texts) => headlines(configurationOf(configuration as number), kind, ...(texts as string[]));
  return { [symbol]: { kernel: own }, [`${symbol}_opt`]: { kernel: own }, [`${symbol}_byid`]: { kernel: named }, [`${symbol}_byid_opt`]: { kernel: named } };
}

const comparisons: Record<string, ScalarImplementation> = {};
for (const name of comparisonNames) {
  comparisons[`tsvector_${name}`] = {
    kernel: comparisonKernel(name, (a, b) => compareBytes(vectorKey(readVector(a as string)), vectorKey(readVector(b as string)))),
  };
  comparisons[`tsquery_${name}`] = {
    kernel: comparisonKernel(name, (a, b) => compareBytes(queryKey(readQuery(a as string)), queryKey(readQuery(b as string)))),
  };
}

export const textSearchFunctions: ScalarImplementations = {
  ...comparisons,
  tsvector_cmp: pure((a: string, b: string) => compareBytes(vectorKey(readVector(a)), vectorKey(readVector(b)))),
  tsquery_cmp: pure((a: string, b: string) => compareBytes(queryKey(readQuery(a)), queryKey(readQuery(b)))),
  ts_match_vq: pure((vector: string, query: string) => matches(readVector(vector), readQuery(query))),
  ts_match_qv: pure((query: string, vector: string) => matches(readVector(vector), readQuery(query))),
  ts_match_tq: { kernel: (context, text, query) => matchTexts(context, text as string, readQuery(query as string)) },
  ts_match_tt: {
    kernel: (context, text, query) => matchTexts(context, text as string, plainQuery(configurationOf(defaultConfigurationOid(context)), query as string)),
  },
  ...configured('to_tsvector', (configuration, text = '') => formatTsVector(vectorOfText(configuration, text))),
  ...configured('jsonb_string_to_tsvector', jsonStrings),
  ...configured('jsonb_to_tsvector', filteredJson),
  ...configured('json_to_tsvector', filteredJson),
  ...configured('json_string_to_tsvector', (configuration, text = '') => formatTsVector(vectorOfTexts(configuration, stringsOfText(text.trim())))),
  ...configured('to_tsquery', ofQuery(wordsQuery)),
  ...configured('plainto_tsquery', ofQuery(plainQuery)),
  ...configured('phraseto_tsquery', ofQuery(phraseQuery)),
  ...configured('websearch_to_tsquery', ofQuery(webQuery)),
  ...headlineFunctions('text'),
  ...headlineFunctions('json'),
  ...headlineFunctions('jsonb'),
  get_current_ts_config: { kernel: (context) => defaultConfigurationOid(context) },
  ts_lexize: pure((dictionary: number, word: string) => formatArray(arrayVector(word === '' ? [] : dictionaryByOid(dictionary)(word)), ',')),
  tsquery_and: pure((a: string, b: string) => combined(a, b, (left, right) => ({ kind: 'and', left, right }))),
  tsquery_or: pure((a: string, b: string) => combined(a, b, (left, right) => ({ kind: 'or', left, right }))),
  tsquery_not: pure((text: string) => {
    const query = readQuery(text);
    return formatTsQuery(query === null ? null : { kind: 'not', operand: query });
  }),
  tsquery_phrase: pure((a: string, b: string) => phrase(a, b, 1)),
  tsquery_phrase_distance: pure((a: string, b: string, distance: number) => phrase(a, b, distance)),
  tsq_mcontains: pure(containsQuery),
  tsq_mcontained: pure((a: string, b: string) => containsQuery(b, a)),
  tsquery_numnode: pure((query: string) => nodeCount(readQuery(query))),
  tsquerytree: pure((text: string) => {
    const query = readQuery(text);
    if (query === null) return '';
    const tree = indexable(query);
    return tree === undefined ? 'T' : formatTsQuery(tree);
  }),
  tsvector_length: pure((vector: string) => readVector(vector).length),
  tsvector_strip: pure((vector: string) => formatTsVector(readVector(vector).map(({ lexeme }) => ({ lexeme, positions: [] })))),
  tsvector_concat: pure((a: string, b: string) => formatTsVector(concatenate(readVector(a), readVector(b)))),
  tsvector_setweight: pure((vector: string, weight: string) => formatTsVector(setWeight(readVector(vector), weightOf(weight), undefined))),
  tsvector_setweight_by_filter: pure((vector: string, weight: string, lexemes: string) => {
    const number = weightOf(weight);
    return formatTsVector(setWeight(readVector(vector), number, new Set(elementsOf(lexemes))));
  }),
  tsvector_delete_str: pure((vector: string, lexeme: string) => formatTsVector(readVector(vector).filter((entry) => entry.lexeme !== lexeme))),
  tsvector_delete_arr: pure((vector: string, lexemes: string) => {
    const gone = new Set<string | null>(elementsOf(lexemes));
    return formatTsVector(readVector(vector).filter(({ lexeme }) => !gone.has(lexeme)));
  }),
  tsvector_filter: pure((vector: string, weights: string) => {
    const kept = new Set(
      elementsOf(weights).map((letter) => {
        if (letter === null) throw new PgError('22004', 'weight array may not contain nulls');
        return weightOf(letter);
      }),
    );
    return formatTsVector(
      readVector(vector)
        .map(({ lexeme, positions }) => ({ lexeme, positions: positions.filter(({ weight }) => kept.has(weight)) }))
        .filter(({ positions }) => positions.length > 0),
    );
  }),
  tsvector_to_array: pure((vector: string) => formatArray(arrayVector(readVector(vector).map(({ lexeme }) => lexeme)), ',')),
  array_to_tsvector: pure((lexemes: string) => {
    const list = elementsOf(lexemes).map((lexeme) => {
      if (lexeme === null) throw new PgError('22004', 'lexeme array may not contain nulls');
      if (lexeme === '') throw new PgError('2200F', 'lexeme array may not contain empty strings');
      return lexeme;
    });
    return formatTsVector([...new Set(list)].sort(compareLexemes).map((lexeme) => ({ lexeme, positions: [] })));
  }),
  ts_rank_wttf: { kernel: ranking(true, true) },
  ts_rank_wtt: { kernel: ranking(true, false) },
  ts_rank_ttf: { kernel: ranking(false, true) },
  ts_rank_tt: { kernel: ranking(false, false) },
  ts_rankcd_wttf: { kernel: ranking(true, true, rankCover) },
  ts_rankcd_wtt: { kernel: ranking(true, false, rankCover) },
  ts_rankcd_ttf: { kernel: ranking(false, true, rankCover) },
  ts_rankcd_tt: { kernel: ranking(false, false, rankCover) },
};
