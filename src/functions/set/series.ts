/** generate_series, generate_subscripts and unnest. */
import { PgError } from '../../common/errors.js';
import { type Interval, intervalFromText, intervalSpan } from '../../types/interval.js';
import { addNumeric, compareNumeric, formatNumeric, isFiniteNumeric, numericOne, numericSignum, parseNumeric } from '../../types/numeric.js';
import { rangeSupportOf } from '../../types/registry.js';
import { parseTsVector } from '../../types/text-search.js';
import { timeZoneOf } from '../../types/time-zone.js';
import type { TimeZone } from '../../types/zone.js';
import { canonicalContext } from '../../types/value.js';
import { elementsOf, parseArray } from '../array-value.js';
import { addInterval } from '../datetime/arithmetic.js';
import type { KernelValue } from '../function.js';
import type { SetImplementations } from '../implementation.js';

function zeroStep(): PgError {
  return new PgError('22023', 'step size cannot equal zero');
}

const int4Max = 2147483647;
const int4Min = -2147483648;
const int8Max = 2n ** 63n - 1n;
const int8Min = -(2n ** 63n);

function* integers(start: number, stop: number, step: number): Generator<readonly KernelValue[]> {
  if (step === 0) throw zeroStep();
  for (let value = start; step > 0 ? value <= stop : value >= stop; value += step) {
    if (value > int4Max || value < int4Min) return;
    yield [value];
  }
}

function* bigints(start: bigint, stop: bigint, step: bigint): Generator<readonly KernelValue[]> {
  if (step === 0n) throw zeroStep();
  for (let value = start; step > 0n ? value <= stop : value >= stop; value += step) {
    if (value > int8Max || value < int8Min) return;
    yield [value];
  }
}

function* numerics(startText: string, stopText: string, stepText: string | undefined): Generator<readonly KernelValue[]> {
  const start = parseNumeric(startText);
  const stop = parseNumeric(stopText);
  const step = stepText === undefined ? numericOne : parseNumeric(stepText);
  for (const [name, value] of [
    ['start value', start],
    ['stop value', stop],
    ['step size', step],
  ] as const) {
    if (value.kind === 'nan') throw new PgError('22023', `${name} cannot be NaN`);
    if (!isFiniteNumeric(value)) throw new PgError('22023', `${name} cannot be infinity`);
  }
  const sign = numericSignum(step);
  if (sign === 0) throw zeroStep();
  for (let value = start; compareNumeric(value, stop) * sign <= 0; value = addNumeric(value, step)) yield [formatNumeric(value)];
}

function* moments(start: bigint, stop: bigint, step: Interval, zone: TimeZone | undefined): Generator<readonly KernelValue[]> {
  const span = intervalSpan(step);
  if (span === 0n) throw zeroStep();
  for (let value = start; span > 0n ? value <= stop : value >= stop; value = addInterval(value, step, zone)) {
    yield [value];
    if (value === int8Max || value === int8Min) return;
  }
}

export const seriesSets: SetImplementations = {
  generate_series_int4: { rows: (_, start, stop) => integers(start as number, stop as number, 1) },
  generate_series_step_int4: { rows: (_, start, stop, step) => integers(start as number, stop as number, step as number) },
  generate_series_int8: { rows: (_, start, stop) => bigints(start as bigint, stop as bigint, 1n) },
  generate_series_step_int8: { rows: (_, start, stop, step) => bigints(start as bigint, stop as bigint, step as bigint) },
  generate_series_numeric: { rows: (_, start, stop) => numerics(start as string, stop as string, undefined) },
  generate_series_step_numeric: { rows: (_, start, stop, step) => numerics(start as string, stop as string, step as string) },
  generate_series_timestamp: { rows: (_, start, stop, step) => moments(start as bigint, stop as bigint, intervalFromText(step as string), undefined) },
  generate_series_timestamptz: {
    rows: (context, start, stop, step) => moments(start as bigint, stop as bigint, intervalFromText(step as string), timeZoneOf(context.timeZone)),
  },
  generate_subscripts: {
    typedRows: (call) => (_, array, dimension, reverse) => subscripts(array as string, call.args[0] as number, dimension as number, reverse === true),
  },
  generate_subscripts_nodir: { typedRows: (call) => (_, array, dimension) => subscripts(array as string, call.args[0] as number, dimension as number, false) },
  tsvector_unnest: {
    rows: (_, text) =>
      parseTsVector(text as string).map(({ lexeme, positions }) => [
        lexeme,
        positions.length === 0 ? null : `{${positions.map(({ position }) => position).join(',')}}`,
        positions.length === 0 ? null : `{${positions.map(({ weight }) => 'DCBA'.charAt(weight)).join(',')}}`,
      ]),
  },
  multirange_unnest: {
    typedRows: (call) => {
      const support = rangeSupportOf(call.args[0] as number);
      return (_, text) => support.parseMulti(text as string, canonicalContext).map((range) => [support.format(range)]);
    },
  },
  array_unnest: { typedRows: (call) => (_, array) => unnest(array as string, call.args[0] as number) },
};

function* subscripts(text: string, arrayOid: number, dimension: number, reverse: boolean): Generator<readonly KernelValue[]> {
  const array = parseArray(text, elementsOf(arrayOid).delimiter);
  const length = array.dimensions[dimension - 1];
  if (length === undefined) return;
  const lower = array.lowerBounds[dimension - 1] as number;
  for (let n = 0; n < length; n++) yield [reverse ? lower + length - 1 - n : lower + n];
}

function* unnest(text: string, arrayOid: number): Generator<readonly KernelValue[]> {
  const codec = elementsOf(arrayOid);
  for (const element of parseArray(text, codec.delimiter).elements) yield [codec.value(element)];
}
