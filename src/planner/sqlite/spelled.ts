/**
 * What the writer knows about a piece of SQLite expression text: how tightly it binds, what it costs to repeat it, and how its value is represented.
 * Made by the expression writer, read by every other file of this folder.
 */
import type { TypeRef } from '../../plan/expression.js';
import type { SqlValue } from '../../types/value.js';

/** Binding strength of the outermost operator, by SQLite's precedence: a piece is put in parentheses where its level is below what the place asks for. */
export const Level = { or: 0, and: 1, not: 2, equality: 3, relation: 4, bits: 5, sum: 6, product: 7, concat: 8, unary: 9, atom: 10 } as const;
export type LevelValue = (typeof Level)[keyof typeof Level];

/**
 * A numeric as an INTEGER scaled by 10^scale. A value NaN is the TEXT 'NaN'. Arithmetic on such values is written without checks first (`raw`): a result that left
 * 63 bits is then a REAL, and an operand in `nanLeaves` may have been NaN; `seal` adds the checks where the value is looked at.
 */
export interface Decimal {
  readonly scale: number;
  /** The value has at most so many digits; above 18 it may have left 63 bits. */
  readonly digits: number;
  /** Texts of columns that may hold 'NaN'. */
  readonly nanLeaves: readonly string[];
  readonly raw: boolean;
  /** Of a raw one: the same value by exact kernels, as general TEXT. */
  readonly exact?: () => Spelled;
}

export interface Spelled {
  readonly text: string;
  readonly level: LevelValue;
  /** Cost of repeating the text: 0 a column, parameter or constant; 1 per native operator; 100 per JavaScript function or subquery; Infinity when volatile. */
  readonly weight: number;
  readonly type: TypeRef;
  readonly nullable: boolean;
  /** Of a numeric: scaled integer; absent: general TEXT. */
  readonly decimal?: Decimal;
  /** Bounds of an integer, where narrower than its type. */
  readonly range?: readonly [low: bigint, high: bigint];
  /** The value, when it is known (not NULL). */
  readonly constant?: Exclude<SqlValue, null>;
  /** Index of the statement's parameter that this is. */
  readonly parameter?: number;
}

/** The text, in parentheses unless it binds at least as tightly as `level`. */
export function at(level: LevelValue, spelled: Spelled): string {
  return spelled.level >= level ? spelled.text : `(${spelled.text})`;
}

/** Heavier pieces are not repeated. */
const maxRepeatedWeight = 6;

export function repeatable(...pieces: readonly Spelled[]): boolean {
  let weight = 0;
  for (const piece of pieces) weight += piece.weight;
  return weight <= maxRepeatedWeight;
}

export function totalWeight(pieces: readonly Spelled[]): number {
  let weight = 0;
  for (const piece of pieces) weight += piece.weight;
  return weight;
}

export function anyNullable(pieces: readonly Spelled[]): boolean {
  return pieces.some((piece) => piece.nullable);
}

export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A string constant that the writer itself puts into the text (messages, never users' values). */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** Joins texts by AND/OR so that the tree of a long chain stays shallow (SQLite's expression depth is limited). */
export function balanced(texts: readonly string[], operator: ' AND ' | ' OR '): string {
  if (texts.length <= 50) return texts.join(operator);
  const middle = texts.length >> 1;
  return `(${balanced(texts.slice(0, middle), operator)})${operator}(${balanced(texts.slice(middle), operator)})`;
}

/** True when the text is `name(...)` or `(...)` whose last parenthesis closes the first. Quoted parentheses only make the answer false. */
export function isOneCall(text: string): boolean {
  let depth = 0;
  for (let i = text.indexOf('('); i >= 0 && i < text.length; i++) {
    const c = text.charAt(i);
    if (c === '(') depth++;
    else if (c === ')' && --depth === 0) return i === text.length - 1;
  }
  return false;
}
