/**
 * rank, dense_rank, percent_rank and cume_dist WITHIN GROUP: the place that a hypothetical row would have. Rows arrive in the order of WITHIN GROUP: the direct
 * arguments, the sorted values, and last a text with one character a key that says how it is sorted (see `orderFlags`).
 */
import type { Accumulator, KernelValue, ResolvedCall } from '../function.js';
import type { AggregateImplementation, AggregateImplementations } from '../implementation.js';
import { comparatorOf } from '../values.js';

/** One character for a sort key: a, A ascending, d, D descending; a capital: nulls first. */
export function orderFlag(key: { readonly descending: boolean; readonly nullsFirst: boolean }): string {
  const letter = key.descending ? 'd' : 'a';
  return key.nullsFirst ? letter.toUpperCase() : letter;
}

interface Place {
  /** All rows, those before the hypothetical one, its peers. */
  rows: number;
  before: number;
  peers: number;
  /** Different rows before it. */
  distinctBefore: number;
  last: readonly KernelValue[] | undefined;
}

type RowComparator = (a: readonly KernelValue[], b: readonly KernelValue[], flags: string) => number;

function rowComparator(types: readonly number[]): RowComparator {
  const comparators = types.map(comparatorOf);
  return (a, b, flags) => {
    for (let n = 0; n < comparators.length; n++) {
      const left = a[n] ?? null;
      const right = b[n] ?? null;
      const flag = flags[n] as string;
      if (left === null || right === null) {
        if (left === right) continue;
        const nullsFirst = flag === 'A' || flag === 'D';
        return (left === null) === nullsFirst ? -1 : 1;
      }
      const order = (comparators[n] as (x: KernelValue, y: KernelValue) => number)(left, right);
      if (order !== 0) return flag === 'd' || flag === 'D' ? -order : order;
    }
    return 0;
  };
}

function placing(call: ResolvedCall, output: (place: Place) => KernelValue): Accumulator {
  const width = (call.args.length - 1) / 2;
  const compare = rowComparator(call.args.slice(width, 2 * width));
  return {
    start: (): Place => ({ rows: 0, before: 0, peers: 0, distinctBefore: 0, last: undefined }),
    step: (state, _, ...args) => {
      const place = state as Place;
      const row = args.slice(width, 2 * width);
      const flags = args[2 * width] as string;
      const order = compare(row, args.slice(0, width), flags);
      place.rows++;
      if (order === 0) place.peers++;
      if (order < 0) {
        place.before++;
        if (place.last === undefined || compare(place.last, row, flags) !== 0) place.distinctBefore++;
        place.last = row;
      }
      return place;
    },
    result: (state) => output(state as Place),
  };
}

function placed(empty: KernelValue, output: (place: Place) => KernelValue): AggregateImplementation {
  return { skipsNull: false, orderSensitive: true, empty, typedAccumulator: (call) => placing(call, output) };
}

export const hypotheticalSetAggregates: AggregateImplementations = {
  'rank(any)': placed(1, (place) => BigInt(place.before + 1)),
  'dense_rank(any)': placed(1, (place) => BigInt(place.distinctBefore + 1)),
  'percent_rank(any)': placed(0, (place) => place.before / place.rows),
  'cume_dist(any)': placed(1, (place) => (place.before + place.peers + 1) / (place.rows + 1)),
};
