/** Array functions and operators (PostgreSQL 15, chapter 9.19), and num_nulls. */
import { notSupported, PgError } from '../../common/errors.js';
import { elementTypeOf, Oid, typeByOid } from '../../types/registry.js';
import {
  arraySizeError,
  assignElement,
  assignSlice,
  type ArrayValue,
  type ElementCodec,
  elementCodec,
  elementsOf,
  emptyArray,
  formatArray,
  maxDimensions,
  parseArray,
  sliceArray,
  vector,
} from '../array-value.js';
import type { EvaluationContext, Kernel, KernelValue, ResolvedCall } from '../function.js';
import type { OwnScalar, ScalarImplementations } from '../implementation.js';
import { comparatorOf, formatValue } from '../values.js';

/** Equality of two elements by their texts: the texts themselves where they are canonical, else the values. */
function elementEquality(oid: number): (a: string, b: string) => boolean {
  const type = typeByOid(oid);
  if (type?.key === undefined && type?.physical !== 'float') return (a, b) => a === b;
  const codec = elementCodec(oid);
  const compare = comparatorOf(oid);
  return (a, b) => a === b || compare(codec.value(a), codec.value(b)) === 0;
}

/** A kernel over an array argument and the codec of its elements. */
function overArray(at: number, make: (codec: ElementCodec) => Kernel): { readonly typedKernel: (call: ResolvedCall) => Kernel } {
  return { typedKernel: (call) => make(elementsOf(call.args[at] as number)) };
}

const parsed = (value: KernelValue | undefined, codec: ElementCodec): ArrayValue =>
  value === null || value === undefined ? emptyArray : parseArray(value as string, codec.delimiter);

function oneDimensional(array: ArrayValue): void {
  if (array.dimensions.length > 1) throw new PgError('22000', 'argument must be empty or one-dimensional array');
}

function incompatible(detail: string): PgError {
  return new PgError('2202E', 'cannot concatenate incompatible arrays', { detail });
}

function concatenated(left: ArrayValue, right: ArrayValue): ArrayValue {
  const a = left.dimensions.length;
  const b = right.dimensions.length;
  if (a === 0) return right;
  if (b === 0) return left;
  if (Math.abs(a - b) > 1) throw incompatible(`Arrays of ${a} and ${b} dimensions are not compatible for concatenation.`);
  const elements = [...left.elements, ...right.elements];
  const same = (x: readonly number[], y: readonly number[]): boolean => x.every((length, n) => length === y[n]);
  if (a === b) {
    if (!same(left.dimensions.slice(1), right.dimensions.slice(1)) || !same(left.lowerBounds.slice(1), right.lowerBounds.slice(1)))
      throw incompatible('Arrays with differing element dimensions are not compatible for concatenation.');
    return {
      dimensions: [(left.dimensions[0] as number) + (right.dimensions[0] as number), ...left.dimensions.slice(1)],
      lowerBounds: left.lowerBounds,
      elements,
    };
  }
  const [outer, inner] = a > b ? [left, right] : [right, left];
  if (!same(inner.dimensions, outer.dimensions.slice(1)) || !same(inner.lowerBounds, outer.lowerBounds.slice(1)))
    throw incompatible('Arrays with differing dimensions are not compatible for concatenation.');
  return { dimensions: [(outer.dimensions[0] as number) + 1, ...outer.dimensions.slice(1)], lowerBounds: outer.lowerBounds, elements };
}

/** Positions (subscripts) of an element. */
function positions(array: ArrayValue, wanted: string | null, equal: (a: string, b: string) => boolean, from: number | undefined, first: boolean): number[] {
  if (array.dimensions.length > 1) throw notSupported('searching for elements in multidimensional arrays');
  const lower = array.lowerBounds[0] ?? 1;
  const found: number[] = [];
  array.elements.some((element, n) => {
    const subscript = lower + n;
    if (from !== undefined && subscript < from) return false;
    const hit = element === null || wanted === null ? element === wanted : equal(element, wanted);
    if (hit) found.push(subscript);
    return hit && first;
  });
  return found;
}

function position(call: ResolvedCall): Kernel {
  const codec = elementsOf(call.args[0] as number);
  const equal = elementEquality(codec.oid);
  return (_, array, wanted, start) => {
    if (array === null || array === undefined) return null;
    const parts = parseArray(array as string, codec.delimiter);
    if (parts.dimensions.length === 0) return null;
    if (parts.dimensions.length === 1 && call.args.length > 2 && (start === null || start === undefined))
      throw new PgError('22004', 'initial position must not be null');
    return positions(parts, codec.text(wanted ?? null), equal, start as number | undefined, true)[0] ?? null;
  };
}

function arrayToText(context: EvaluationContext, array: ArrayValue, codec: ElementCodec, separator: string, nullText: string | null): string {
  const parts: string[] = [];
  for (const element of array.elements) {
    if (element !== null) parts.push(formatValue(codec.value(element) as Exclude<KernelValue, null>, codec.oid, context));
    else if (nullText !== null) parts.push(nullText);
  }
  return parts.join(separator);
}

function fill(value: string | null, dimensionsText: KernelValue | undefined, lowerText: KernelValue | undefined, hasLower: boolean): ArrayValue {
  if (dimensionsText === null || dimensionsText === undefined || (hasLower && (lowerText === null || lowerText === undefined))) {
    throw new PgError('22004', 'dimension array or low bound array cannot be null');
  }
  const dimensions = parseArray(dimensionsText as string);
  if (dimensions.dimensions.length > 1) throw new PgError('2202E', 'wrong number of array subscripts', { detail: 'Dimension array must be one dimensional.' });
  if (dimensions.elements.includes(null)) throw new PgError('22004', 'dimension values cannot be null');
  const lengths = dimensions.elements.map(Number);
  if (lengths.length > maxDimensions)
    throw new PgError('54000', `number of array dimensions (${lengths.length}) exceeds the maximum allowed (${maxDimensions})`);
  let lowerBounds = lengths.map(() => 1);
  if (hasLower) {
    const lower = parseArray(lowerText as string);
    if (lower.dimensions.length > 1) throw new PgError('2202E', 'wrong number of array subscripts', { detail: 'Dimension array must be one dimensional.' });
    if (lower.elements.length !== lengths.length)
      throw new PgError('2202E', 'wrong number of array subscripts', { detail: 'Low bound array has different size than dimensions array.' });
    if (lower.elements.includes(null)) throw new PgError('22004', 'dimension values cannot be null');
    lowerBounds = lower.elements.map(Number);
  }
  if (lengths.some((length) => length < 0)) throw arraySizeError();
  const count = lengths.reduce((product, length) => product * length, lengths.length === 0 ? 0 : 1);
  if (count > 134_217_727) throw arraySizeError();
  return count === 0 ? emptyArray : { dimensions: lengths, lowerBounds, elements: new Array<string | null>(count).fill(value) };
}

function contains(outer: ArrayValue, inner: ArrayValue, equal: (a: string, b: string) => boolean): boolean {
  const texts = new Set(outer.elements);
  return inner.elements.every(
    (wanted) => wanted !== null && (texts.has(wanted) || outer.elements.some((element) => element !== null && equal(element, wanted))),
  );
}

function setOperator(decide: (left: ArrayValue, right: ArrayValue, equal: (a: string, b: string) => boolean) => boolean): {
  readonly typedKernel: (call: ResolvedCall) => Kernel;
} {
  return overArray(0, (codec) => {
    const equal = elementEquality(codec.oid);
    return (_, a, b) => decide(parseArray(a as string, codec.delimiter), parseArray(b as string, codec.delimiter), equal);
  });
}

function countNulls(call: ResolvedCall, nulls: boolean): Kernel {
  if (call.variadicArray) {
    return (_, array) =>
      array === null || array === undefined ? null : parseArray(array as string).elements.filter((element) => (element === null) === nulls).length;
  }
  return (_, ...args) => args.filter((value) => (value === null) === nulls).length;
}

export const arrayFunctions: ScalarImplementations = {
  array_append: overArray(0, (codec) => (_, value, element) => {
    const array = parsed(value, codec);
    oneDimensional(array);
    const text = codec.text(element ?? null);
    return formatArray(
      array.elements.length === 0 ? vector([text]) : { ...array, dimensions: [array.elements.length + 1], elements: [...array.elements, text] },
      codec.delimiter,
    );
  }),
  array_prepend: overArray(1, (codec) => (_, element, value) => {
    const array = parsed(value, codec);
    oneDimensional(array);
    const text = codec.text(element ?? null);
    return formatArray(
      array.elements.length === 0 ? vector([text]) : { ...array, dimensions: [array.elements.length + 1], elements: [text, ...array.elements] },
      codec.delimiter,
    );
  }),
  array_cat: overArray(0, (codec) => (_, a, b) => {
    if (a === null || a === undefined) return b ?? null;
    if (b === null || b === undefined) return a;
    return formatArray(concatenated(parseArray(a as string, codec.delimiter), parseArray(b as string, codec.delimiter)), codec.delimiter);
  }),
  array_ndims: overArray(0, (codec) => (_, array) => parsed(array, codec).dimensions.length || null),
  array_dims: overArray(0, (codec) => (_, value) => {
    const { dimensions, lowerBounds } = parsed(value, codec);
    return dimensions.length === 0 ? null : dimensions.map((length, n) => `[${lowerBounds[n] as number}:${(lowerBounds[n] as number) + length - 1}]`).join('');
  }),
  array_length: overArray(0, (codec) => (_, array, dimension) => parsed(array, codec).dimensions[(dimension as number) - 1] ?? null),
  array_lower: overArray(0, (codec) => (_, array, dimension) => parsed(array, codec).lowerBounds[(dimension as number) - 1] ?? null),
  array_upper: overArray(0, (codec) => (_, value, dimension) => {
    const { dimensions, lowerBounds } = parsed(value, codec);
    const at = (dimension as number) - 1;
    const length = dimensions[at];
    return length === undefined ? null : (lowerBounds[at] as number) + length - 1;
  }),
  array_cardinality: overArray(0, (codec) => (_, array) => parsed(array, codec).elements.length),
  array_position: { typedKernel: position },
  array_position_start: { typedKernel: position },
  array_positions: overArray(0, (codec) => {
    const equal = elementEquality(codec.oid);
    return (_, array, wanted) =>
      array === null || array === undefined
        ? null
        : formatArray(vector(positions(parseArray(array as string, codec.delimiter), codec.text(wanted ?? null), equal, undefined, false).map(String)));
  }),
  array_remove: overArray(0, (codec) => {
    const equal = elementEquality(codec.oid);
    return (_, value, wanted) => {
      if (value === null || value === undefined) return null;
      const array = parseArray(value as string, codec.delimiter);
      if (array.dimensions.length > 1) throw notSupported('removing elements from multidimensional arrays');
      const text = codec.text(wanted ?? null);
      const elements = array.elements.filter((element) => !(element === null || text === null ? element === text : equal(element, text)));
      return formatArray(elements.length === 0 ? emptyArray : { ...array, dimensions: [elements.length], elements }, codec.delimiter);
    };
  }),
  array_replace: overArray(0, (codec) => {
    const equal = elementEquality(codec.oid);
    return (_, value, from, to) => {
      if (value === null || value === undefined) return null;
      const array = parseArray(value as string, codec.delimiter);
      const old = codec.text(from ?? null);
      const replacement = codec.text(to ?? null);
      const elements = array.elements.map((element) => ((element === null || old === null ? element === old : equal(element, old)) ? replacement : element));
      return formatArray({ ...array, elements }, codec.delimiter);
    };
  }),
  array_to_text: overArray(0, (codec) => (context, array, separator) => arrayToText(context, parsed(array, codec), codec, separator as string, null)),
  array_to_text_null: overArray(
    0,
    (codec) => (context, array, separator, nullText) =>
      array === null || array === undefined || separator === null || separator === undefined
        ? null
        : arrayToText(context, parsed(array, codec), codec, separator as string, (nullText ?? null) as string | null),
  ),
  array_fill: { typedKernel: (call) => (_, value, dimensions) => filled(call, value ?? null, dimensions, undefined, false) },
  array_fill_with_lower_bounds: { typedKernel: (call) => (_, value, dimensions, lower) => filled(call, value ?? null, dimensions, lower, true) },
  trim_array: overArray(0, (codec) => (_, value, count) => {
    const array = parsed(value, codec);
    const length = array.dimensions[0] ?? 0;
    const trimmed = count as number;
    if (trimmed < 0 || trimmed > length) throw new PgError('2202E', `number of elements to trim must be between 0 and ${length}`);
    const upper = (array.lowerBounds[0] ?? 1) + length - 1 - trimmed;
    return formatArray(sliceArray(array, [{ lower: undefined, upper }]), codec.delimiter);
  }),
  arraycontains: setOperator((a, b, equal) => contains(a, b, equal)),
  arraycontained: setOperator((a, b, equal) => contains(b, a, equal)),
  arrayoverlap: setOperator((a, b, equal) => a.elements.some((x) => x !== null && b.elements.some((y) => y !== null && equal(x, y)))),
  width_bucket_array: {
    typedKernel: (call) => {
      const codec = elementsOf(call.args[1] as number);
      const compare = comparatorOf(codec.oid);
      return (_, operand, thresholds) => {
        const array = parsed(thresholds, codec);
        if (array.dimensions.length > 1) throw new PgError('2202E', 'thresholds must be one-dimensional array');
        if (array.elements.includes(null)) throw new PgError('22004', 'thresholds array must not contain NULLs');
        let low = 0;
        let high = array.elements.length;
        while (low < high) {
          const middle = (low + high) >> 1;
          if (compare(operand, codec.value(array.elements[middle] as string)) < 0) high = middle;
          else low = middle + 1;
        }
        return low;
      };
    },
  },
  pg_num_nulls: { typedKernel: (call) => countNulls(call, true) },
  pg_num_nonnulls: { typedKernel: (call) => countNulls(call, false) },
};

function filled(call: ResolvedCall, value: KernelValue, dimensions: KernelValue | undefined, lower: KernelValue | undefined, hasLower: boolean): string {
  const element = elementTypeOf(call.result)?.oid ?? call.args[0] ?? Oid.text;
  const codec = elementCodec(element);
  return formatArray(fill(codec.text(value), dimensions, lower, hasLower), codec.delimiter);
}

/** What the binder makes of SET a[i] = ... and SET a[l:u] = ...: the array with other elements. */
export const ownArrayFunctions: readonly OwnScalar[] = [
  {
    // shoal_with_element(array or NULL, subscripts int4[], form, value). The form has a letter a subscript: i (an index: one number), s (both bounds), l, u (one),
    // n (none of both); with slices the value is an array and an index stands for 1:i.
    name: 'shoal_with_element',
    args: [Oid.any, Oid.int4Array, Oid.text, Oid.any],
    result: Oid.anyelement,
    strict: false,
    typedKernel: (call) => {
      const codec = elementsOf(call.args[0] as number);
      return (_, value, subscripts, form, given) => {
        const array = parsed(value, codec);
        const numbers = parseArray(subscripts as string).elements.map((text) => {
          if (text === null) throw new PgError('22004', 'array subscript in assignment must not be null');
          return Number(text);
        });
        const letters = Array.from(form as string);
        if (letters.every((letter) => letter === 'i')) {
          return formatArray(assignElement(array, numbers, codec.text(given ?? null)), codec.delimiter);
        }
        if (given === null || given === undefined) return formatArray(array, codec.delimiter);
        let at = 0;
        const slices = letters.map((letter) => ({
          lower: letter === 'i' ? 1 : letter === 's' || letter === 'l' ? numbers[at++] : undefined,
          upper: letter === 'i' || letter === 's' || letter === 'u' ? numbers[at++] : undefined,
        }));
        return formatArray(assignSlice(array, slices, parsed(given, codec)), codec.delimiter);
      };
    },
  },
];
