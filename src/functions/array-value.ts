/**
 * Array values as kernels handle them: dimensions, lower bounds and the elements' canonical texts, in row-major order. Reads and writes the array literals
 * that arrays are at rest. Used by the kernels over arrays, array constructors, subscripts and ANY/ALL.
 */
import { PgError } from '../common/errors.js';
import { formatArrayText, parseArrayText } from '../types/array.js';
import { elementTypeOf, requireType } from '../types/registry.js';
import { canonicalContext, type SqlValue } from '../types/value.js';
import type { KernelValue } from './function.js';
import { kernelReader, toSql } from './values.js';

export interface ArrayValue {
  /** Length of each dimension; none for the empty array. */
  readonly dimensions: readonly number[];
  readonly lowerBounds: readonly number[];
  /** Element texts in row-major order; null for NULL. */
  readonly elements: readonly (string | null)[];
}

export const maxDimensions = 6;
/** PostgreSQL's MaxArraySize. */
const maxElements = 134_217_727;

export const emptyArray: ArrayValue = { dimensions: [], lowerBounds: [], elements: [] };

export function arraySizeError(): PgError {
  return new PgError('54000', `array size exceeds the maximum allowed (${maxElements})`);
}

/** Parses an array at rest (an array literal, or the text of an int2vector or oidvector). */
export function parseArray(text: string, delimiter = ','): ArrayValue {
  if (!text.endsWith('}')) {
    const elements = text === '' ? [] : text.split(' ');
    return elements.length === 0 ? emptyArray : { dimensions: [elements.length], lowerBounds: [0], elements };
  }
  const { lengths, lowerBounds, elements } = parseArrayText(text, delimiter);
  return { dimensions: lengths, lowerBounds, elements };
}

/** The array literal, as array_out writes it. */
export function formatArray(array: ArrayValue, delimiter = ','): string {
  return formatArrayText({ lengths: array.dimensions, lowerBounds: array.lowerBounds, elements: array.elements }, delimiter);
}

/** A one-dimensional array with lower bound 1. */
export function vector(elements: readonly (string | null)[], lowerBound = 1): ArrayValue {
  if (elements.length > maxElements) throw arraySizeError();
  return elements.length === 0 ? emptyArray : { dimensions: [elements.length], lowerBounds: [lowerBound], elements };
}

/** Conversions of one element type between kernel values and the texts inside arrays. */
export interface ElementCodec {
  readonly oid: number;
  readonly delimiter: string;
  text(value: KernelValue): string | null;
  value(text: string | null): KernelValue;
}

const elementCodecs = new Map<number, ElementCodec>();

const asText = (value: KernelValue): string | null => value as string | null;

export function elementCodec(oid: number): ElementCodec {
  let codec = elementCodecs.get(oid);
  if (codec === undefined) {
    const type = requireType(oid);
    const read = kernelReader(oid);
    const plain = type.physical === 'text' && type.category === 'S';
    codec = {
      oid,
      delimiter: type.delimiter,
      text: plain ? asText : (value) => (value === null ? null : type.format(toSql(value), -1, canonicalContext)),
      value: plain ? (text) => text : (text) => (text === null ? null : read(type.parse(text, -1, canonicalContext))),
    };
    elementCodecs.set(oid, codec);
  }
  return codec;
}

/** The codec of an array type's elements. */
export function elementsOf(arrayOid: number): ElementCodec {
  const element = elementTypeOf(arrayOid);
  if (element === undefined) throw new PgError('42804', `type OID ${arrayOid} is not an array type`);
  return elementCodec(element.oid);
}

/** ARRAY[...] of kernel values; when the elements are arrays themselves, one dimension more. */
export function buildArray(elementOid: number, values: readonly KernelValue[]): string {
  const nested = elementTypeOf(elementOid);
  if (nested === undefined || requireType(elementOid).category !== 'A') {
    const codec = elementCodec(elementOid);
    return formatArray(vector(values.map((value) => codec.text(value))), codec.delimiter);
  }
  return joinArrays(
    values.map((value) => value as string | null),
    requireType(nested.oid).delimiter,
  );
}

/** Stacks arrays of equal dimensions into one of a dimension more. NULL and empty arrays count as empty. */
export function joinArrays(texts: readonly (string | null)[], delimiter: string): string {
  const arrays = texts.map((text) => (text === null ? emptyArray : parseArray(text, delimiter)));
  const first = arrays[0];
  if (first === undefined || arrays.every((array) => array.elements.length === 0)) return '{}';
  const elements: (string | null)[] = [];
  for (const array of arrays) {
    if (array.dimensions.length !== first.dimensions.length || array.dimensions.some((length, n) => length !== first.dimensions[n])) {
      throw new PgError('2202E', 'multidimensional arrays must have array expressions with matching dimensions');
    }
    for (const element of array.elements) elements.push(element);
  }
  if (first.dimensions.length + 1 > maxDimensions) {
    throw new PgError('54000', `number of array dimensions (${first.dimensions.length + 1}) exceeds the maximum allowed (${maxDimensions})`);
  }
  return formatArray({ dimensions: [arrays.length, ...first.dimensions], lowerBounds: [1, ...first.lowerBounds], elements }, delimiter);
}

/** array[i][j]...: the element's text, null outside or when a subscript is NULL or their number is not the array's. */
export function subscriptArray(array: ArrayValue, subscripts: readonly (number | null)[]): string | null {
  if (subscripts.length !== array.dimensions.length) return null;
  let offset = 0;
  for (let n = 0; n < subscripts.length; n++) {
    const subscript = subscripts[n];
    if (subscript === null || subscript === undefined) return null;
    const position = subscript - (array.lowerBounds[n] as number);
    const length = array.dimensions[n] as number;
    if (position < 0 || position >= length) return null;
    offset = offset * length + position;
  }
  return array.elements[offset] ?? null;
}

/** array[l:u]...; a missing bound is undefined. Dimensions without a slice are taken whole. The result's lower bounds are 1. */
export function sliceArray(array: ArrayValue, slices: readonly { readonly lower: number | undefined; readonly upper: number | undefined }[]): ArrayValue {
  const { dimensions, lowerBounds, elements } = array;
  if (dimensions.length < slices.length || dimensions.length === 0) return emptyArray;
  const from: number[] = [];
  const lengths: number[] = [];
  for (let n = 0; n < dimensions.length; n++) {
    const least = lowerBounds[n] as number;
    const greatest = least + (dimensions[n] as number) - 1;
    const slice = slices[n];
    const lower = Math.max(slice?.lower ?? least, least);
    const upper = Math.min(slice?.upper ?? greatest, greatest);
    if (lower > upper) return emptyArray;
    from.push(lower - least);
    lengths.push(upper - lower + 1);
  }
  const result: (string | null)[] = [];
  const walk = (depth: number, offset: number): void => {
    const start = from[depth] as number;
    for (let n = 0; n < (lengths[depth] as number); n++) {
      const position = offset * (dimensions[depth] as number) + start + n;
      if (depth === dimensions.length - 1) result.push(elements[position] as string | null);
      else walk(depth + 1, position);
    }
  };
  walk(0, 0);
  return { dimensions: lengths, lowerBounds: lengths.map(() => 1), elements: result };
}

function subscriptError(message: string, detail?: string): PgError {
  return new PgError('2202E', message, detail === undefined ? {} : { detail });
}

/** array[i][j]... := element. A vector grows, with NULLs in between; arrays of more dimensions do not. */
export function assignElement(array: ArrayValue, subscripts: readonly number[], element: string | null): ArrayValue {
  const { dimensions, lowerBounds } = array;
  if (subscripts.length > maxDimensions) throw subscriptError('wrong number of array subscripts');
  if (dimensions.length === 0) return { dimensions: subscripts.map(() => 1), lowerBounds: subscripts, elements: [element] };
  if (dimensions.length !== subscripts.length) throw subscriptError('wrong number of array subscripts');
  if (dimensions.length === 1) return assignRange(array, subscripts[0] as number, [element]);
  let offset = 0;
  subscripts.forEach((subscript, n) => {
    const position = subscript - (lowerBounds[n] as number);
    const length = dimensions[n] as number;
    if (position < 0 || position >= length) throw subscriptError('array subscript out of range');
    offset = offset * length + position;
  });
  return { ...array, elements: array.elements.with(offset, element) };
}

/** Elements of a vector from `first` on, with NULLs in between when it grows. */
function assignRange(array: ArrayValue, first: number, given: readonly (string | null)[]): ArrayValue {
  const least = array.lowerBounds[0] as number;
  const lower = Math.min(least, first);
  const length = Math.max(least + (array.dimensions[0] as number), first + given.length) - lower;
  if (length > maxElements) throw arraySizeError();
  const elements = new Array<string | null>(length).fill(null);
  array.elements.forEach((element, n) => {
    elements[least - lower + n] = element;
  });
  given.forEach((element, n) => {
    elements[first - lower + n] = element;
  });
  return { dimensions: [length], lowerBounds: [lower], elements };
}

/** array[l:u]... := source (array_set_slice of PostgreSQL 15); a missing bound is undefined. */
export function assignSlice(
  array: ArrayValue,
  slices: readonly { readonly lower: number | undefined; readonly upper: number | undefined }[],
  source: ArrayValue,
): ArrayValue {
  const { dimensions, lowerBounds } = array;
  if (dimensions.length === 0) {
    const lengths = slices.map(({ lower, upper }) => {
      if (lower === undefined || upper === undefined) {
        throw subscriptError(
          'array slice subscript must provide both boundaries',
          'When assigning to a slice of an empty array value, slice boundaries must be fully specified.',
        );
      }
      return upper - lower + 1;
    });
    const count = lengths.reduce((product, length) => product * length, 1);
    if (lengths.some((length) => length < 0) || count > maxElements) throw arraySizeError();
    if (source.elements.length < count) throw subscriptError('source array too small');
    return count === 0
      ? emptyArray
      : { dimensions: lengths, lowerBounds: slices.map(({ lower }) => lower as number), elements: source.elements.slice(0, count) };
  }
  if (dimensions.length < slices.length) throw subscriptError('wrong number of array subscripts');
  const ranges = dimensions.map((length, n) => {
    const least = lowerBounds[n] as number;
    const lower = slices[n]?.lower ?? least;
    const upper = slices[n]?.upper ?? least + length - 1;
    if (lower > upper) throw subscriptError('upper bound cannot be less than lower bound');
    if (dimensions.length > 1 && (lower < least || upper >= least + length)) throw subscriptError('array subscript out of range');
    return { from: lower - least, length: upper - lower + 1 };
  });
  const count = ranges.reduce((product, { length }) => product * length, 1);
  if (source.elements.length < count) throw subscriptError('source array too small');
  const [only] = ranges;
  if (ranges.length === 1 && only !== undefined) return assignRange(array, only.from + (lowerBounds[0] as number), source.elements.slice(0, count));
  const elements = [...array.elements];
  let next = 0;
  const walk = (depth: number, offset: number): void => {
    const range = ranges[depth];
    if (range === undefined) elements[offset] = source.elements[next++] as string | null;
    else for (let n = 0; n < range.length; n++) walk(depth + 1, offset * (dimensions[depth] as number) + range.from + n);
  };
  walk(0, 0);
  return { ...array, elements };
}

/** `left op ANY|ALL (array)` with SQL's three values: `compare` answers true, false or null for two values. */
export function quantified(
  quantifier: 'any' | 'all',
  elements: readonly (string | null)[],
  compare: (element: string | null) => SqlValue | boolean,
): boolean | null {
  let unknown = false;
  const decisive = quantifier === 'any';
  for (const element of elements) {
    const answer = compare(element);
    if (answer === null) unknown = true;
    else if ((answer === true || answer === 1) === decisive) return decisive;
  }
  return unknown ? null : !decisive;
}
