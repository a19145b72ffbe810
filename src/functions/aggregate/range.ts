/** range_agg and range_intersect_agg over ranges and multiranges. Both split: their results over parts are merged by themselves. */
import type { Range, RangeValue } from '../../types/range.js';
import { multirangeType } from '../../types/range-types.js';
import { Oid, rangeSupportOf } from '../../types/registry.js';
import type { Accumulator, ResolvedCall } from '../function.js';
import type { AggregateImplementations } from '../implementation.js';
import { readMultirange, readRange } from '../scalar/range.js';

interface Collected {
  ranges: RangeValue[];
  seen: boolean;
}

/** Above so many, the collected ranges are made one where they can be. */
const collapseAbove = 4096;

function collecting(call: ResolvedCall): Accumulator {
  const oid = call.args[0] as number;
  const support = rangeSupportOf(oid);
  const multi = multirangeType(oid) !== undefined;
  let limit = collapseAbove;
  return {
    start: (): Collected => ({ ranges: [], seen: false }),
    step(state, _, value) {
      const collected = state as Collected;
      collected.seen = true;
      if (multi) collected.ranges.push(...readMultirange(support, value as string));
      else collected.ranges.push(readRange(support, value as string));
      if (collected.ranges.length > limit) {
        collected.ranges = [...support.normalize(collected.ranges)];
        limit = Math.max(collapseAbove, collected.ranges.length * 2);
      }
      return collected;
    },
    result: (state) => ((state as Collected).seen ? support.formatMulti(support.normalize((state as Collected).ranges)) : null),
  };
}

interface Intersected {
  value: RangeValue | readonly Range[] | null;
}

function intersecting(call: ResolvedCall): Accumulator {
  const oid = call.args[0] as number;
  const support = rangeSupportOf(oid);
  const multi = multirangeType(oid) !== undefined;
  return {
    start: (): Intersected => ({ value: null }),
    step(state, _, value) {
      const intersected = state as Intersected;
      const given = multi ? readMultirange(support, value as string) : readRange(support, value as string);
      if (intersected.value === null) intersected.value = given;
      else if (multi) intersected.value = support.intersectMulti(intersected.value as readonly Range[], given as readonly Range[]);
      else intersected.value = support.intersect(intersected.value as RangeValue, given as RangeValue);
      return intersected;
    },
    result(state) {
      const { value } = state as Intersected;
      if (value === null) return null;
      return multi ? support.formatMulti(value as readonly Range[]) : support.format(value as RangeValue);
    },
  };
}

export const rangeAggregates: AggregateImplementations = {
  'range_agg(anyrange)': {
    skipsNull: true,
    typedAccumulator: collecting,
    split: { partial: [{ aggregate: 'range_agg', type: Oid.anymultirange }], merge: ['range_agg'] },
  },
  'range_agg(anymultirange)': {
    skipsNull: true,
    typedAccumulator: collecting,
    split: { partial: [{ aggregate: 'range_agg', type: Oid.anymultirange }], merge: ['range_agg'] },
  },
  'range_intersect_agg(anyrange)': {
    skipsNull: true,
    typedAccumulator: intersecting,
    split: { partial: [{ aggregate: 'range_intersect_agg', type: Oid.anyrange }], merge: ['range_intersect_agg'] },
  },
  'range_intersect_agg(anymultirange)': {
    skipsNull: true,
    typedAccumulator: intersecting,
    split: { partial: [{ aggregate: 'range_intersect_agg', type: Oid.anymultirange }], merge: ['range_intersect_agg'] },
  },
};
