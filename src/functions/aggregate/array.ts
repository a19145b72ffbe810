/** array_agg over elements and over arrays. */
import { PgError } from '../../common/errors.js';
import { elementCodec, elementsOf, formatArray, joinArrays, parseArray, vector } from '../array-value.js';
import type { Accumulator } from '../function.js';
import type { AggregateImplementations } from '../implementation.js';

function collectElements(elementOid: number): Accumulator {
  const codec = elementCodec(elementOid);
  return {
    start: () => [],
    step: (state, _, value) => {
      (state as (string | null)[]).push(codec.text(value ?? null));
      return state;
    },
    inverse: (state) => {
      (state as unknown[]).shift();
      return state;
    },
    result: (state) => ((state as unknown[]).length === 0 ? null : formatArray(vector([...(state as (string | null)[])]), codec.delimiter)),
  };
}

function collectArrays(arrayOid: number): Accumulator {
  const { delimiter } = elementsOf(arrayOid);
  return {
    start: () => [],
    step: (state, _, value) => {
      if (value === null || value === undefined) throw new PgError('22004', 'cannot accumulate null arrays');
      const array = parseArray(value as string, delimiter);
      if (array.elements.length === 0) throw new PgError('2202E', 'cannot accumulate empty arrays');
      const first = (state as string[])[0];
      if (first !== undefined) {
        const { dimensions } = parseArray(first, delimiter);
        if (dimensions.length !== array.dimensions.length || dimensions.some((length, n) => length !== array.dimensions[n])) {
          throw new PgError('2202E', 'cannot accumulate arrays of different dimensionality');
        }
      }
      (state as string[]).push(value as string);
      return state;
    },
    result: (state) => ((state as string[]).length === 0 ? null : joinArrays(state as string[], delimiter)),
  };
}

export const arrayAggregates: AggregateImplementations = {
  'array_agg(anynonarray)': { skipsNull: false, orderSensitive: true, typedAccumulator: (call) => collectElements(call.args[0] as number) },
  'array_agg(anyarray)': { skipsNull: false, orderSensitive: true, typedAccumulator: (call) => collectArrays(call.args[0] as number) },
};
