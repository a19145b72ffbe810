/**
 * Calls of the functions that every connection has besides the registry's kernels, as SQLite text. They are registered by functions/sqlite-register
 * and functions/sqlite-writer-functions; this file is the only place of the writer that knows how they are called.
 */
import { quoteText } from './spelled.js';

/** Raises a PgError when it is evaluated. */
export function raise(code: string, message: string): string {
  return `shoal_error(${quoteText(code)}, ${quoteText(message)})`;
}

/**
 * The text with its raised errors made deterministic, as indexes demand, by an argument that differs from row to row: SQLite computes a deterministic call of
 * constants before the first row. `column`: any column of the row, quoted.
 */
export function raisingFor(text: string, column: string): string {
  return text.replaceAll('shoal_error(', `shoal_error_for(${column}, `);
}

/** Raised where a scaled integer cannot hold the result: the statement is planned again with exact numerics. */
export const replanExact = 'shoal_replan()';

/** Scaled integer -> general numeric TEXT. */
export function decimalText(text: string, scale: number): string {
  return `shoal_decimal_text(${text}, ${String(scale)})`;
}
/** General numeric TEXT -> scaled integer, rounded. */
export function textDecimal(text: string, scale: number): string {
  return `shoal_text_decimal(${text}, ${String(scale)})`;
}
/** General numeric TEXT -> its place among integers of the scale: an INTEGER, or a REAL between two of them. */
export function comparisonKey(text: string, scale: number): string {
  return `shoal_decimal_place(${text}, ${String(scale)})`;
}
/** Checks an integer's range: 22003. */
export function checkedInteger(typeName: 'int2' | 'int4' | 'int8', text: string): string {
  return `shoal_${typeName}(${text})`;
}
/** Raises SH002 for a REAL. */
export function exactInteger(text: string): string {
  return `shoal_exact(${text})`;
}
/** A value of one type through its text form to another; the modifier is applied as text input does. */
export function throughText(text: string, from: number, to: number, typmod: number): string {
  return `shoal_io(${text}, ${String(from)}, ${String(to)}, ${String(typmod)})`;
}
/** Length or scale coercion. */
export function coerced(text: string, type: number, typmod: number, explicit: boolean): string {
  return `shoal_typmod(${text}, ${String(type)}, ${String(typmod)}, ${explicit ? '1' : '0'})`;
}
/** The value, when the domain allows it. */
export function domainChecked(text: string, domain: number): string {
  return `shoal_domain(${text}, ${String(domain)})`;
}
/** Cast of arrays, element by element, by a function (0: through text). */
export function arrayCast(text: string, from: number, to: number, functionOid: number, typmod: number, explicit: boolean): string {
  return `shoal_array_cast(${text}, ${String(from)}, ${String(to)}, ${String(functionOid)}, ${String(typmod)}, ${explicit ? '1' : '0'})`;
}
/** SQLite's functions take 127 arguments, or as many as it is built for. */
const argumentsMax = 100;

/** ARRAY[...] of plain elements. */
export function arrayOf(elementType: number, elements: readonly string[]): string {
  if (elements.length > argumentsMax) {
    const parts = Array.from({ length: Math.ceil(elements.length / argumentsMax) }, (_, i) => elements.slice(i * argumentsMax, (i + 1) * argumentsMax));
    return `shoal_array_chain(${[String(elementType), ...parts.map((part) => arrayOf(elementType, part))].join(', ')})`;
  }
  return `shoal_array(${[String(elementType), ...elements].join(', ')})`;
}
/** ARRAY[...] of arrays. */
export function nestedArrayOf(arrayType: number, elements: readonly string[]): string {
  return `shoal_array_nested(${[String(arrayType), ...elements].join(', ')})`;
}
/** ROW(...) as a record. */
export function recordOf(types: readonly number[], names: readonly string[] | undefined, fields: readonly string[]): string {
  return `shoal_row(${[quoteText(types.join(',')), names === undefined ? 'NULL' : quoteText(JSON.stringify(names)), ...fields].join(', ')})`;
}
/** A value of a composite type of its fields' values. */
export function compositeOf(type: number, fields: readonly string[]): string {
  return `shoal_composite(${[String(type), ...fields].join(', ')})`;
}
/** A composite as a record. */
export function asRecord(text: string, type: number): string {
  return `shoal_as_record(${text}, ${String(type)})`;
}
/** 0: no field is NULL; 1: some are; 2: all, or the value itself; 3: there are no fields. */
export function rowNulls(text: string, type: number): string {
  return `shoal_row_nulls(${text}, ${String(type)})`;
}
/** A row as a JSON object, for the functions that make JSON of records. */
export function recordAsJson(types: readonly number[], names: readonly string[], fields: readonly string[]): string {
  return `shoal_row_json(${[quoteText(types.join(',')), quoteText(JSON.stringify(names)), ...fields].join(', ')})`;
}
/** Element of an array; NULL outside. */
export function arrayElement(array: string, arrayType: number, subscripts: readonly string[]): string {
  return `shoal_subscript(${[array, String(arrayType), ...subscripts].join(', ')})`;
}
/** Slice of an array: pairs of bounds, the text '' where a bound is left out. */
export function arraySlice(array: string, arrayType: number, bounds: readonly string[]): string {
  return `shoal_slice(${[array, String(arrayType), ...bounds].join(', ')})`;
}
/** `left op ANY|ALL (array)` by the operator's kernel. */
export function comparedWithArray(quantifier: 'any' | 'all', left: string, array: string, operator: number, leftType: number, arrayType: number): string {
  return `shoal_${quantifier}(${left}, ${array}, ${String(operator)}, ${String(leftType)}, ${String(arrayType)})`;
}
/** 1, or an error when the statement was cancelled. */
export const tick = 'shoal_tick()';
/** Index of the shard (or partition) that owns a key, among those that begin at `bounds`. */
export function shardOf(bounds: readonly number[], types: readonly number[], keys: readonly string[]): string {
  return `shoal_shard(${[quoteText(bounds.join(',')), quoteText(types.join(',')), ...keys].join(', ')})`;
}
