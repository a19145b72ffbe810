/**
 * tsvector and tsquery: parsed forms, text forms, keys and codecs. The physical values are PostgreSQL's output texts. Source: tsvector.c, tsvector_parser.c
 * and tsquery.c of PostgreSQL 15. Matching, ranking and the making of vectors from documents are in functions/text-search.
 */
import { PgError } from '../common/errors.js';
import { encodeText, incorrectBinary, insufficientData, viewOf } from './binary.js';
import type { TypeCodec } from './pg-type.js';

/** Weights: 3 A, 2 B, 1 C, 0 D. */
export interface TsPosition {
  readonly position: number;
  readonly weight: number;
}

export interface TsEntry {
  readonly lexeme: string;
  readonly positions: readonly TsPosition[];
}

/** Sorted by the bytes of the lexemes, each once. */
export type TsVector = readonly TsEntry[];

export type TsQuery =
  | { readonly kind: 'value'; readonly lexeme: string; readonly weights: number; readonly prefix: boolean }
  | { readonly kind: 'not'; readonly operand: TsQuery }
  | { readonly kind: 'and' | 'or'; readonly left: TsQuery; readonly right: TsQuery }
  | { readonly kind: 'phrase'; readonly left: TsQuery; readonly right: TsQuery; readonly distance: number };

/** The configurations and dictionaries that there are, by name: the OIDs are those of a new PostgreSQL 15. */
export const textSearchConfigurations: ReadonlyMap<string, number> = new Map([
  ['simple', 3748],
  ['english', 13164],
]);
export const textSearchDictionaries: ReadonlyMap<string, number> = new Map([
  ['simple', 3765],
  ['english_stem', 13163],
]);

export const maxPosition = 16_383;
const maxPositions = 255;
const maxLexeme = 2046;
const maxDistance = 16_384;
const weightLetters = 'DCBA';

export function compareLexemes(a: string, b: string): number {
  return a === b ? 0 : Buffer.compare(encodeText(a), encodeText(b));
}

/** Sorted positions, each once with its greatest weight. */
function mergePositions(positions: readonly TsPosition[]): readonly TsPosition[] {
  const best = new Map<number, number>();
  for (const { position, weight } of positions) best.set(position, Math.max(best.get(position) ?? 0, weight));
  return [...best]
    .map(([position, weight]) => ({ position, weight }))
    .sort((a, b) => a.position - b.position)
    .slice(0, maxPositions);
}

/** A vector of entries in any order, equal ones made one. */
export function vectorOf(entries: readonly TsEntry[]): TsVector {
  const byLexeme = new Map<string, TsPosition[]>();
  for (const { lexeme, positions } of entries) {
    const known = byLexeme.get(lexeme);
    if (known === undefined) byLexeme.set(lexeme, [...positions]);
    else known.push(...positions);
  }
  return [...byLexeme].map(([lexeme, positions]) => ({ lexeme, positions: mergePositions(positions) })).sort((a, b) => compareLexemes(a.lexeme, b.lexeme));
}

const isBlank = (character: string | undefined): boolean => character !== undefined && /\s/.test(character);

function vectorError(text: string): PgError {
  return new PgError('42601', `syntax error in tsvector: "${text}"`);
}

export function parseTsVector(text: string): TsVector {
  const entries: TsEntry[] = [];
  let at = 0;
  for (;;) {
    while (isBlank(text[at])) at++;
    if (at >= text.length) break;
    let lexeme = '';
    let quoted = false;
    if (text[at] === "'") {
      quoted = true;
      at++;
      for (;;) {
        const character = text[at];
        if (character === undefined) throw vectorError(text);
        if (character === "'") {
          if (text[at + 1] !== "'") break;
          at++;
        } else if (character === '\\') {
          at++;
          if (at >= text.length) throw new PgError('42601', `there is no escaped character: "${text}"`);
        }
        lexeme += text[at++];
      }
      at++;
      if (lexeme === '') throw vectorError(text);
    } else {
      while (at < text.length && !isBlank(text[at]) && !(text[at] === ':' && lexeme !== '')) {
        if (text[at] === '\\') {
          at++;
          if (at >= text.length) throw new PgError('42601', `there is no escaped character: "${text}"`);
        }
        lexeme += text[at++];
      }
    }
    const size = Buffer.byteLength(lexeme);
    if (size > maxLexeme) throw new PgError('54000', `word is too long (${size} bytes, max ${maxLexeme} bytes)`);
    const positions: TsPosition[] = [];
    if (text[at] === ':') {
      do {
        at++;
        const digits = /^\d+/.exec(text.slice(at, at + 20));
        if (digits === null) throw vectorError(text);
        at += digits[0].length;
        const position = Math.min(Number(digits[0]), maxPosition);
        if (position === 0) throw new PgError('42601', `wrong position info in tsvector: "${text}"`);
        let weight = 0;
        const letter = /^[A-Da-d*]/.exec(text.slice(at, at + 1));
        if (letter !== null) {
          weight = letter[0] === '*' ? 3 : weightLetters.indexOf(letter[0].toUpperCase());
          at++;
        }
        positions.push({ position, weight });
      } while (text[at] === ',');
    }
    if (at < text.length && !isBlank(text[at]) && !(quoted && positions.length === 0)) throw vectorError(text);
    entries.push({ lexeme, positions });
  }
  return vectorOf(entries);
}

const quoteLexeme = (lexeme: string): string => `'${lexeme.replace(/['\\]/g, '$&$&')}'`;

export function formatTsVector(vector: TsVector): string {
  return vector
    .map(({ lexeme, positions }) => {
      const list = positions.map(({ position, weight }) => `${position}${weight === 0 ? '' : weightLetters.charAt(weight)}`).join(',');
      return quoteLexeme(lexeme) + (list === '' ? '' : `:${list}`);
    })
    .join(' ');
}

function queryError(text: string): PgError {
  return new PgError('42601', `syntax error in tsquery: "${text}"`);
}

/** Makes the operand of a word as it is written in a query; undefined: the word counts for nothing (a stop word). */
export type OperandOf = (word: string, weights: number, prefix: boolean) => TsQuery | undefined;

function plainOperand(word: string, weights: number, prefix: boolean): TsQuery {
  return { kind: 'value', lexeme: word, weights, prefix };
}

/** A query with places of stop words; `cleanStopWords` takes them out. */
export type RawQuery =
  | { readonly kind: 'stop' }
  | { readonly kind: 'leaf'; readonly query: TsQuery }
  | { readonly kind: 'not'; readonly operand: RawQuery }
  | { readonly kind: 'and' | 'or' | 'phrase'; readonly left: RawQuery; readonly right: RawQuery; readonly distance: number };

/** Reads the language of tsquery's input and of to_tsquery. */
class QueryReader {
  private at = 0;

  constructor(
    private readonly text: string,
    private readonly operandOf: OperandOf,
  ) {}

  read(): RawQuery | undefined {
    this.skip();
    if (this.at >= this.text.length) return undefined;
    const query = this.binary(1);
    this.skip();
    if (this.at < this.text.length) throw queryError(this.text);
    return query;
  }

  private skip(): void {
    while (isBlank(this.text[this.at])) this.at++;
  }

  private binary(priority: number): RawQuery {
    let left = this.unary();
    for (;;) {
      this.skip();
      const operator = this.peek();
      if (operator === undefined || operator.priority < priority) return left;
      this.at += operator.length;
      const right = this.binary(operator.priority + 1);
      left = { kind: operator.kind, left, right, distance: operator.distance };
    }
  }

  private peek(): { kind: 'and' | 'or' | 'phrase'; priority: number; length: number; distance: number } | undefined {
    const { text, at } = this;
    if (text[at] === '|') return { kind: 'or', priority: 1, length: 1, distance: 0 };
    if (text[at] === '&') return { kind: 'and', priority: 2, length: 1, distance: 0 };
    if (text[at] !== '<') return undefined;
    const phrase = /^<(-|\d+)>/.exec(text.slice(at));
    if (phrase === null) throw queryError(text);
    const distance = phrase[1] === '-' ? 1 : Number(phrase[1]);
    if (distance > maxDistance) {
      throw new PgError('22023', `distance in phrase operator must be an integer value between zero and ${maxDistance} inclusive`);
    }
    return { kind: 'phrase', priority: 3, length: phrase[0].length, distance };
  }

  private unary(): RawQuery {
    this.skip();
    const character = this.text[this.at];
    if (character === undefined) throw new PgError('42601', `no operand in tsquery: "${this.text}"`);
    if (character === '!') {
      this.at++;
      return { kind: 'not', operand: this.unary() };
    }
    if (character === '(') {
      this.at++;
      const inner = this.binary(1);
      this.skip();
      if (this.text[this.at] !== ')') throw queryError(this.text);
      this.at++;
      return inner;
    }
    if (/[&|)<:]/.test(character)) {
      if (character === '<' && !/^<(-|\d+)>/.test(this.text.slice(this.at))) return this.operand();
      throw character === ')' || character === '<' || character === '&' || character === '|' || character === ':'
        ? character === ':' || character === ')'
          ? queryError(this.text)
          : new PgError('42601', `syntax error in tsquery: "${this.text}"`)
        : queryError(this.text);
    }
    return this.operand();
  }

  private operand(): RawQuery {
    const { text } = this;
    let word = '';
    if (text[this.at] === "'") {
      this.at++;
      for (;;) {
        const character = text[this.at];
        if (character === undefined) throw queryError(text);
        if (character === "'") {
          if (text[this.at + 1] !== "'") break;
          this.at++;
        } else if (character === '\\') {
          this.at++;
          if (this.at >= text.length) throw new PgError('42601', `there is no escaped character: "${text}"`);
        }
        word += text[this.at++];
      }
      this.at++;
      if (word === '') throw queryError(text);
    } else {
      while (this.at < text.length && !isBlank(text[this.at]) && !/[!&|()<]/.test(text[this.at] as string) && text[this.at] !== ':') {
        if (text[this.at] === '\\') {
          this.at++;
          if (this.at >= text.length) throw new PgError('42601', `there is no escaped character: "${text}"`);
        }
        word += text[this.at++];
      }
    }
    let weights = 0;
    let prefix = false;
    if (text[this.at] === ':') {
      const flags = /^:([A-Da-d*]*)/.exec(text.slice(this.at)) as RegExpExecArray;
      this.at += flags[0].length;
      for (const flag of flags[1] as string) {
        if (flag === '*') prefix = true;
        else weights |= 1 << weightLetters.indexOf(flag.toUpperCase());
      }
      const after = text[this.at];
      if (after !== undefined && !isBlank(after) && !/[!&|()<]/.test(after)) throw queryError(text);
    }
    const size = Buffer.byteLength(word);
    if (size > maxLexeme) throw new PgError('54000', `word is too long in tsquery: "${text}"`);
    const query = this.operandOf(word, weights, prefix);
    return query === undefined ? { kind: 'stop' } : { kind: 'leaf', query };
  }
}

export function readQuery(text: string, operandOf: OperandOf): RawQuery | undefined {
  return new QueryReader(text, operandOf).read();
}

/** What is left without stop words; phrases keep the distances that these made (tsquery_cleanup.c). */
interface Cleaned {
  readonly query: TsQuery | undefined;
  /** Positions that were dropped at the left and at the right. */
  readonly left: number;
  readonly right: number;
}

export function cleanStopWords(raw: RawQuery): TsQuery | undefined {
  return clean(raw).query;
}

function clean(raw: RawQuery): Cleaned {
  switch (raw.kind) {
    case 'stop':
      return { query: undefined, left: 0, right: 0 };
    case 'leaf':
      return { query: raw.query, left: 0, right: 0 };
    case 'not': {
      const { query } = clean(raw.operand);
      return { query: query === undefined ? undefined : { kind: 'not', operand: query }, left: 0, right: 0 };
    }
    default: {
      const left = clean(raw.left);
      const right = clean(raw.right);
      const isPhrase = raw.kind === 'phrase';
      const distance = isPhrase ? raw.distance : 0;
      if (left.query === undefined && right.query === undefined) {
        const dropped = isPhrase ? left.left + distance + right.left : Math.max(left.left, right.left);
        return { query: undefined, left: dropped, right: dropped };
      }
      if (left.query === undefined) {
        return isPhrase ? { query: right.query, left: left.left + distance + right.left, right: right.right } : { query: right.query, left: 0, right: 0 };
      }
      if (right.query === undefined) {
        return isPhrase ? { query: left.query, left: left.left, right: left.right + distance + right.right } : { query: left.query, left: 0, right: 0 };
      }
      if (raw.kind === 'phrase') {
        return {
          query: { kind: 'phrase', left: left.query, right: right.query, distance: Math.min(distance + left.right + right.left, maxDistance) },
          left: left.left,
          right: right.right,
        };
      }
      return { query: { kind: raw.kind, left: left.query, right: right.query }, left: 0, right: 0 };
    }
  }
}

/** A tsquery from its text; null is the empty query. */
export function parseTsQuery(text: string): TsQuery | null {
  const raw = readQuery(text, plainOperand);
  return raw === undefined ? null : (cleanStopWords(raw) ?? null);
}

const infixes = { or: '|', and: '&' } as const;
const priorities: Readonly<Record<TsQuery['kind'], number>> = { or: 1, and: 2, phrase: 3, not: 4, value: 5 };

export function formatTsQuery(query: TsQuery | null): string {
  return query === null ? '' : print(query, -1, false);
}

function print(query: TsQuery, parent: number, rightOfPhrase: boolean): string {
  const priority = priorities[query.kind];
  switch (query.kind) {
    case 'value': {
      let flags = query.prefix ? '*' : '';
      for (const letter of 'ABCD') if ((query.weights & (1 << weightLetters.indexOf(letter))) !== 0) flags += letter;
      return quoteLexeme(query.lexeme) + (flags === '' ? '' : `:${flags}`);
    }
    case 'not': {
      const text = `!${print(query.operand, priority, false)}`;
      return priority < parent ? `( ${text} )` : text;
    }
    default: {
      const operator = query.kind !== 'phrase' ? infixes[query.kind] : query.distance === 1 ? '<->' : `<${query.distance}>`;
      const text = `${print(query.left, priority, false)} ${operator} ${print(query.right, priority, query.kind === 'phrase')}`;
      return priority < parent || (query.kind === 'phrase' && rightOfPhrase) ? `( ${text} )` : text;
    }
  }
}

/** Operands and operators. */
export function nodeCount(query: TsQuery | null): number {
  if (query === null) return 0;
  switch (query.kind) {
    case 'value':
      return 1;
    case 'not':
      return 1 + nodeCount(query.operand);
    default:
      return 1 + nodeCount(query.left) + nodeCount(query.right);
  }
}

/** The size that PostgreSQL's form of a vector has: its order begins with it. */
function storedSize(vector: TsVector): number {
  let data = 0;
  for (const { lexeme, positions } of vector) {
    data += Buffer.byteLength(lexeme);
    if (positions.length > 0) data = ((data + 1) & ~1) + 2 + 2 * positions.length;
  }
  return 8 + 4 * vector.length + data;
}

function unsigned(bytes: number[], value: number): void {
  bytes.push((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

function escaped(bytes: number[], text: string): void {
  for (const byte of encodeText(text)) bytes.push(byte);
  bytes.push(0);
}

/** silly_cmp_tsvector's order. */
export function vectorKey(vector: TsVector): Uint8Array {
  const bytes: number[] = [];
  unsigned(bytes, storedSize(vector));
  unsigned(bytes, vector.length);
  for (const { lexeme, positions } of vector) {
    bytes.push(positions.length > 0 ? 0 : 1);
    escaped(bytes, lexeme);
    bytes.push(255 - Math.min(positions.length, 255));
    for (const { position, weight } of positions) bytes.push(255 - (position >> 8), 255 - (position & 255), 3 - weight);
  }
  return Uint8Array.from(bytes);
}

/** The size of a query in PostgreSQL's form: items of twelve bytes and the operands' texts. */
function querySize(query: TsQuery | null): number {
  let operands = 0;
  const walk = (node: TsQuery): void => {
    if (node.kind === 'value') operands += Buffer.byteLength(node.lexeme) + 1;
    else if (node.kind === 'not') walk(node.operand);
    else {
      walk(node.left);
      walk(node.right);
    }
  };
  if (query !== null) walk(query);
  return 8 + 12 * nodeCount(query) + operands;
}

const operatorNumbers = { not: 1, and: 2, or: 3, phrase: 4 } as const;

const checksumTable: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value & 1) !== 0 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** PostgreSQL's old checksum of an operand: the table of CRC-32, taken from the wrong end. */
function checksum(text: string): number {
  let crc = 0xffffffff;
  for (const byte of encodeText(text)) crc = ((checksumTable[((crc >>> 24) ^ byte) & 255] as number) ^ (crc << 8)) >>> 0;
  return ~crc;
}

/** CompareTSQ's order: number of nodes, size, then the nodes. Weights and prefixes do not count. */
export function queryKey(query: TsQuery | null): Uint8Array {
  const bytes: number[] = [];
  unsigned(bytes, nodeCount(query));
  unsigned(bytes, querySize(query));
  const walk = (node: TsQuery): void => {
    if (node.kind === 'value') {
      bytes.push(1);
      unsigned(bytes, ~(checksum(node.lexeme) ^ 0x80000000));
      escaped(bytes, node.lexeme);
      return;
    }
    bytes.push(0, 255 - operatorNumbers[node.kind]);
    if (node.kind === 'not') {
      walk(node.operand);
      return;
    }
    walk(node.right);
    walk(node.left);
    if (node.kind === 'phrase') bytes.push(255 - (node.distance >> 8), 255 - (node.distance & 255));
  };
  if (query !== null) walk(query);
  return Uint8Array.from(bytes);
}

export const tsvectorCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse: (text) => formatTsVector(parseTsVector(text)),
  format: (value) => String(value),
  decodeBinary(bytes) {
    const reader = new BinaryReader(bytes);
    const count = reader.int32();
    const entries: TsEntry[] = [];
    for (let n = 0; n < count; n++) {
      const lexeme = reader.string();
      const positions: TsPosition[] = [];
      const length = reader.int16();
      for (let p = 0; p < length; p++) {
        const word = reader.int16();
        positions.push({ position: word & 0x3fff, weight: word >> 14 });
      }
      entries.push({ lexeme, positions });
    }
    reader.finish();
    return formatTsVector(vectorOf(entries));
  },
  encodeBinary(value) {
    const vector = parseTsVector(String(value));
    const bytes: number[] = [];
    unsigned(bytes, vector.length);
    for (const { lexeme, positions } of vector) {
      escaped(bytes, lexeme);
      bytes.push(positions.length >> 8, positions.length & 255);
      for (const { position, weight } of positions) bytes.push((weight << 6) | (position >> 8), position & 255);
    }
    return Uint8Array.from(bytes);
  },
  key: (value) => (value === null ? null : vectorKey(parseTsVector(String(value)))),
};

class BinaryReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  private take(length: number): number {
    const from = this.at;
    if (from + length > this.bytes.byteLength) throw insufficientData();
    this.at += length;
    return from;
  }

  int8(): number {
    return this.bytes[this.take(1)] as number;
  }

  int16(): number {
    return viewOf(this.bytes).getUint16(this.take(2));
  }

  int32(): number {
    return viewOf(this.bytes).getInt32(this.take(4));
  }

  string(): string {
    const end = this.bytes.indexOf(0, this.at);
    if (end < 0) throw insufficientData();
    const text = Buffer.from(this.bytes.subarray(this.at, end)).toString('utf8');
    this.at = end + 1;
    return text;
  }

  finish(): void {
    if (this.at !== this.bytes.byteLength) throw incorrectBinary();
  }
}

export const tsqueryCodec: TypeCodec = {
  physical: 'text',
  wide: false,
  parse: (text) => formatTsQuery(parseTsQuery(text)),
  format: (value) => String(value),
  decodeBinary(bytes) {
    const reader = new BinaryReader(bytes);
    const count = reader.int32();
    const node = (): TsQuery => {
      if (reader.int8() === 1) {
        const weights = reader.int8();
        const prefix = reader.int8() === 1;
        return { kind: 'value', lexeme: reader.string(), weights, prefix };
      }
      const operator = reader.int8();
      if (operator === operatorNumbers.not) return { kind: 'not', operand: node() };
      const distance = operator === operatorNumbers.phrase ? reader.int16() : 0;
      const right = node();
      const left = node();
      if (operator === operatorNumbers.phrase) return { kind: 'phrase', left, right, distance };
      return { kind: operator === operatorNumbers.and ? 'and' : 'or', left, right };
    };
    const query = count === 0 ? null : node();
    reader.finish();
    return formatTsQuery(query);
  },
  encodeBinary(value) {
    const query = parseTsQuery(String(value));
    const bytes: number[] = [];
    unsigned(bytes, nodeCount(query));
    const walk = (node: TsQuery): void => {
      if (node.kind === 'value') {
        bytes.push(1, node.weights, node.prefix ? 1 : 0);
        escaped(bytes, node.lexeme);
        return;
      }
      bytes.push(2, operatorNumbers[node.kind]);
      if (node.kind === 'not') {
        walk(node.operand);
        return;
      }
      if (node.kind === 'phrase') bytes.push(node.distance >> 8, node.distance & 255);
      walk(node.right);
      walk(node.left);
    };
    if (query !== null) walk(query);
    return Uint8Array.from(bytes);
  },
  key: (value) => (value === null ? null : queryKey(parseTsQuery(String(value)))),
};
