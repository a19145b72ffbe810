/** percentile_cont, percentile_disc and mode. Rows arrive in the order of WITHIN GROUP: direct argument first, then the sorted value. */
import { PgError } from '../../common/errors.js';
import { addIntervals, intervalFromText, intervalText, multiplyInterval, subtractIntervals } from '../../types/interval.js';
import { Oid } from '../../types/registry.js';
import { elementCodec, formatArray, parseArray } from '../array-value.js';
import type { Accumulator, KernelValue } from '../function.js';
import type { AggregateImplementations } from '../implementation.js';
import { comparatorOf } from '../values.js';

interface Sorted {
  direct: KernelValue;
  values: KernelValue[];
}

function collecting(output: (direct: KernelValue, values: readonly KernelValue[]) => KernelValue): Accumulator {
  return {
    start: (): Sorted => ({ direct: null, values: [] }),
    step: (state, _, direct, value) => {
      const sorted = state as Sorted;
      sorted.direct = direct;
      if (value !== null && value !== undefined) sorted.values.push(value);
      return sorted;
    },
    result: (state) => {
      const { direct, values } = state as Sorted;
      return direct === null || values.length === 0 ? null : output(direct, values);
    },
  };
}

function checkFraction(fraction: number): number {
  if (!(fraction >= 0 && fraction <= 1)) throw new PgError('22003', `percentile value ${formatFraction(fraction)} is not between 0 and 1`);
  return fraction;
}

/** C's %g. */
function formatFraction(value: number): string {
  return Number.isFinite(value) ? String(Number(value.toPrecision(6))) : value !== value ? 'NaN' : value > 0 ? 'inf' : '-inf';
}

type Interpolate = (low: KernelValue, high: KernelValue, fraction: number) => KernelValue;

const betweenFloats: Interpolate = (low, high, fraction) => (low as number) + fraction * ((high as number) - (low as number));
const betweenIntervals: Interpolate = (low, high, fraction) => {
  const from = intervalFromText(low as string);
  return intervalText(addIntervals(from, multiplyInterval(subtractIntervals(intervalFromText(high as string), from), fraction)));
};

function continuous(values: readonly KernelValue[], fraction: number, interpolate: Interpolate): KernelValue {
  const position = checkFraction(fraction) * (values.length - 1);
  const first = Math.floor(position);
  const second = Math.ceil(position);
  const low = values[first] as KernelValue;
  return first === second ? low : interpolate(low, values[second] as KernelValue, position - first);
}

function discrete(values: readonly KernelValue[], fraction: number): KernelValue {
  const row = Math.max(1, Math.ceil(checkFraction(fraction) * values.length));
  return values[row - 1] as KernelValue;
}

/** The version over an array of fractions: the results in an array of the same dimensions. */
function each(fractions: string, oid: number, compute: (fraction: number) => KernelValue): string {
  const array = parseArray(fractions);
  const codec = elementCodec(oid);
  const elements = array.elements.map((text) => (text === null ? null : codec.text(compute(Number(text)))));
  return formatArray({ ...array, elements }, codec.delimiter);
}

export const orderedSetAggregates: AggregateImplementations = {
  'percentile_cont(float8,float8)': { skipsNull: false, accumulate: collecting((fraction, values) => continuous(values, fraction as number, betweenFloats)) },
  'percentile_cont(float8,interval)': {
    skipsNull: false,
    accumulate: collecting((fraction, values) => continuous(values, fraction as number, betweenIntervals)),
  },
  'percentile_cont(_float8,float8)': {
    skipsNull: false,
    accumulate: collecting((fractions, values) => each(fractions as string, Oid.float8, (fraction) => continuous(values, fraction, betweenFloats))),
  },
  'percentile_cont(_float8,interval)': {
    skipsNull: false,
    accumulate: collecting((fractions, values) => each(fractions as string, Oid.interval, (fraction) => continuous(values, fraction, betweenIntervals))),
  },
  'percentile_disc(float8,anyelement)': { skipsNull: false, typedAccumulator: () => collecting((fraction, values) => discrete(values, fraction as number)) },
  'percentile_disc(_float8,anyelement)': {
    skipsNull: false,
    typedAccumulator: (call) => collecting((fractions, values) => each(fractions as string, call.args[1] as number, (fraction) => discrete(values, fraction))),
  },
  'mode(anyelement)': { skipsNull: true, typedAccumulator: (call) => mode(comparatorOf(call.args[0] as number)) },
};

interface Runs {
  best: KernelValue;
  bestCount: number;
  current: KernelValue;
  count: number;
}

function mode(compare: (a: KernelValue, b: KernelValue) => number): Accumulator {
  return {
    start: (): Runs => ({ best: null, bestCount: 0, current: null, count: 0 }),
    step: (state, _, value) => {
      const runs = state as Runs;
      if (value === null || value === undefined) return runs;
      if (runs.count > 0 && compare(runs.current, value) === 0) runs.count++;
      else {
        runs.current = value;
        runs.count = 1;
      }
      if (runs.count > runs.bestCount) {
        runs.best = runs.current;
        runs.bestCount = runs.count;
      }
      return runs;
    },
    result: (state) => (state as Runs).best,
  };
}
