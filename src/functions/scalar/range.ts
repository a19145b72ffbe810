/** Functions and operators of ranges and multiranges (PostgreSQL 15, chapter 9.20). */
import { PgError } from '../../common/errors.js';
import type { Range, RangeBound, RangeSupport, RangeValue } from '../../types/range.js';
import { multirangeType, rangeType } from '../../types/range-types.js';
import { rangeSupportOf } from '../../types/registry.js';
import { canonicalContext, type SqlValue } from '../../types/value.js';
import { elementsOf, parseArray } from '../array-value.js';
import type { Kernel, KernelValue, ResolvedCall } from '../function.js';
import type { ScalarImplementation, ScalarImplementations } from '../implementation.js';
import { toKernel, toSql } from '../values.js';
import { comparisonKernel, comparisonNames } from './comparison.js';

/** The parsed forms of the values seen last: constants and columns come again and again. */
const parsedRanges = new Map<string, RangeValue>();
const parsedMultiranges = new Map<string, readonly Range[]>();
const cacheLimit = 2000;

export function readRange(support: RangeSupport, text: string): RangeValue {
  const key = `${support.row.rangeOid}${text}`;
  let value = parsedRanges.get(key);
  if (value === undefined) {
    if (parsedRanges.size >= cacheLimit) parsedRanges.clear();
    parsedRanges.set(key, (value = support.parse(text, canonicalContext)));
  }
  return value;
}

export function readMultirange(support: RangeSupport, text: string): readonly Range[] {
  const key = `${support.row.rangeOid}${text}`;
  let value = parsedMultiranges.get(key);
  if (value === undefined) {
    if (parsedMultiranges.size >= cacheLimit) parsedMultiranges.clear();
    parsedMultiranges.set(key, (value = support.parseMulti(text, canonicalContext)));
  }
  return value;
}

/** The ranges of a value of either kind: none for the empty range. */
function readerOf(oid: number): (value: KernelValue) => readonly Range[] {
  const support = rangeSupportOf(oid);
  if (multirangeType(oid) !== undefined) return (value) => readMultirange(support, value as string);
  return (value) => {
    const range = readRange(support, value as string);
    return range === 'empty' ? [] : [range];
  };
}

const isRangeOid = (oid: number): boolean => rangeType(oid) !== undefined || multirangeType(oid) !== undefined;

function supportOfCall(call: ResolvedCall): RangeSupport {
  const oid = call.args.find(isRangeOid) ?? call.result;
  return rangeSupportOf(oid);
}

type Test = (support: RangeSupport, a: readonly Range[], b: readonly Range[]) => boolean;

const firstOf = (ranges: readonly Range[]): Range => ranges[0] as Range;
const lastOf = (ranges: readonly Range[]): Range => ranges[ranges.length - 1] as Range;

const overlaps: Test = (support, a, b) => a.some((left) => b.some((right) => support.overlaps(left, right)));
const contains: Test = (support, a, b) => b.every((inner) => a.some((outer) => support.contains(outer, inner)));
const before: Test = (support, a, b) => a.length > 0 && b.length > 0 && support.before(lastOf(a), firstOf(b));
const overLeft: Test = (support, a, b) => a.length > 0 && b.length > 0 && support.compareUpper(lastOf(a), lastOf(b)) <= 0;
const overRight: Test = (support, a, b) => a.length > 0 && b.length > 0 && support.compareLower(firstOf(a), firstOf(b)) >= 0;
const adjacent: Test = (support, a, b) =>
  a.length > 0 && b.length > 0 && (support.meets(lastOf(a).upper, firstOf(b).lower) || support.meets(lastOf(b).upper, firstOf(a).lower));
const swapped =
  (test: Test): Test =>
  (support, a, b) =>
    test(support, b, a);

function testing(test: Test): ScalarImplementation {
  return {
    typedKernel: (call) => {
      const [left, right] = call.args as [number, number];
      const support = rangeSupportOf(left);
      const readLeft = readerOf(left);
      const readRight = readerOf(right);
      return (_, a, b) => test(support, readLeft(a ?? null), readRight(b ?? null));
    },
  };
}

/** A range or multirange against a value of the subtype. */
function elementTest(containerFirst: boolean): ScalarImplementation {
  return {
    typedKernel: (call) => {
      const support = supportOfCall(call);
      const read = readerOf(call.args[containerFirst ? 0 : 1] as number);
      return (_, a, b) => {
        const value = toSql((containerFirst ? b : a) ?? null);
        return read((containerFirst ? a : b) ?? null).some((range) => support.containsValue(range, value));
      };
    },
  };
}

function ofRange(compute: (support: RangeSupport, a: RangeValue, b: RangeValue) => RangeValue): ScalarImplementation {
  return {
    typedKernel: (call) => {
      const support = supportOfCall(call);
      return (_, a, b) => support.format(compute(support, readRange(support, a as string), readRange(support, b as string)));
    },
  };
}

function ofMultirange(compute: (support: RangeSupport, a: readonly Range[], b: readonly Range[]) => readonly Range[]): ScalarImplementation {
  return {
    typedKernel: (call) => {
      const support = supportOfCall(call);
      return (_, a, b) => support.formatMulti(compute(support, readMultirange(support, a as string), readMultirange(support, b as string)));
    },
  };
}

/** Something of the whole from the first lower to the last upper bound. */
function ofBounds(compute: (span: Range | undefined, support: RangeSupport) => KernelValue): ScalarImplementation {
  return {
    typedKernel: (call) => {
      const oid = call.args[0] as number;
      const support = rangeSupportOf(oid);
      const read = readerOf(oid);
      return (_, value) => {
        const ranges = read(value ?? null);
        return compute(ranges.length === 0 ? undefined : { lower: firstOf(ranges).lower, upper: lastOf(ranges).upper }, support);
      };
    },
  };
}

const valueOf = (bound: RangeBound | undefined, support: RangeSupport): KernelValue =>
  bound === undefined || bound.value === null ? null : toKernel(bound.value, support.subtype.oid);

const accessors: Readonly<Record<string, ScalarImplementation>> = {
  lower: ofBounds((span, support) => valueOf(span?.lower, support)),
  upper: ofBounds((span, support) => valueOf(span?.upper, support)),
  empty: ofBounds((span) => span === undefined),
  lower_inc: ofBounds((span) => span?.lower.inclusive ?? false),
  upper_inc: ofBounds((span) => span?.upper.inclusive ?? false),
  lower_inf: ofBounds((span) => span?.lower.value === null),
  upper_inf: ofBounds((span) => span?.upper.value === null),
};

function boundFlags(flags: string): readonly [lower: boolean, upper: boolean] {
  if (!/^[[(][\])]$/.test(flags)) throw new PgError('42601', 'invalid range bound flags', { hint: 'Valid values are "[]", "[)", "(]", and "()".' });
  return [flags.startsWith('['), flags.endsWith(']')];
}

function constructRange(call: ResolvedCall): Kernel {
  const support = rangeSupportOf(call.result);
  const make = (lower: SqlValue, upper: SqlValue, flags: string): string => {
    const [lowerInclusive, upperInclusive] = boundFlags(flags);
    return support.format(support.make({ value: lower, inclusive: lowerInclusive }, { value: upper, inclusive: upperInclusive }));
  };
  if (call.args.length === 2) return (_, lower, upper) => make(toSql(lower ?? null), toSql(upper ?? null), '[)');
  return (_, lower, upper, flags) => {
    if (flags === null || flags === undefined) throw new PgError('22000', 'range constructor flags argument must not be null');
    return make(toSql(lower ?? null), toSql(upper ?? null), flags as string);
  };
}

const pairs: readonly (readonly [string, Test])[] = [
  ['overlaps', overlaps],
  ['before', before],
  ['after', swapped(before)],
  ['overleft', overLeft],
  ['overright', overRight],
  ['adjacent', adjacent],
  ['contains', contains],
  ['contained_by', swapped(contains)],
];

const implementations: Record<string, ScalarImplementation> = {};
for (const [name, test] of pairs) {
  implementations[`range_${name}`] = testing(test);
  for (const [left, right] of [
    ['range', 'multirange'],
    ['multirange', 'range'],
    ['multirange', 'multirange'],
  ] as const) {
    implementations[`${left}_${name}_${right}`] = testing(test);
  }
}
for (const [name, implementation] of Object.entries(accessors)) {
  implementations[`range_${name}`] = implementation;
  implementations[`multirange_${name}`] = implementation;
}
for (const kind of ['range', 'multirange'] as const) {
  const order = (call: ResolvedCall): ((a: KernelValue, b: KernelValue) => number) => {
    const support = supportOfCall(call);
    return kind === 'range'
      ? (a, b) => support.compare(readRange(support, a as string), readRange(support, b as string))
      : (a, b) => support.compareMulti(readMultirange(support, a as string), readMultirange(support, b as string));
  };
  for (const name of comparisonNames) implementations[`${kind}_${name}`] = { typedKernel: (call) => comparisonKernel(name, order(call)) };
  implementations[`${kind}_cmp`] = {
    typedKernel: (call) => {
      const compare = order(call);
      return (_, a, b) => Math.sign(compare(a ?? null, b ?? null));
    },
  };
}

export const rangeFunctions: ScalarImplementations = {
  ...implementations,
  range_contains_elem: elementTest(true),
  multirange_contains_elem: elementTest(true),
  elem_contained_by_range: elementTest(false),
  elem_contained_by_multirange: elementTest(false),
  range_union: ofRange((support, a, b) => support.union(a, b)),
  range_intersect: ofRange((support, a, b) => support.intersect(a, b)),
  range_minus: ofRange((support, a, b) => support.minus(a, b)),
  range_merge: ofRange((support, a, b) => support.span(a, b)),
  range_merge_from_multirange: ofBounds((span, support) => support.format(span ?? 'empty')),
  multirange_union: ofMultirange((support, a, b) => support.normalize([...a, ...b])),
  multirange_intersect: ofMultirange((support, a, b) => support.intersectMulti(a, b)),
  multirange_minus: ofMultirange((support, a, b) => support.minusMulti(a, b)),
  range_constructor2: { typedKernel: constructRange },
  range_constructor3: { typedKernel: constructRange },
  multirange_constructor0: { kernel: () => '{}' },
  multirange_constructor1: {
    typedKernel: (call) => {
      const support = rangeSupportOf(call.args[0] as number);
      return (_, range) => support.formatMulti(support.normalize([readRange(support, range as string)]));
    },
  },
  multirange_constructor2: {
    typedKernel: (call) => {
      const support = rangeSupportOf(call.result);
      return (_, ...args) => {
        const texts = call.variadicArray || args.length === 1 ? arrayTexts(args[0] ?? null, call) : (args as (string | null)[]);
        return support.formatMulti(
          support.normalize(
            texts.map((text) => {
              if (text === null) throw new PgError('22004', 'multirange values cannot contain null members');
              return readRange(support, text);
            }),
          ),
        );
      };
    },
  },
  ...Object.fromEntries(
    [
      ['int4range_subdiff', (a: KernelValue, b: KernelValue) => Number(a) - Number(b)],
      ['int8range_subdiff', (a: KernelValue, b: KernelValue) => Number(a) - Number(b)],
      ['numrange_subdiff', (a: KernelValue, b: KernelValue) => Number(a) - Number(b)],
      ['daterange_subdiff', (a: KernelValue, b: KernelValue) => Number(a) - Number(b)],
      ['tsrange_subdiff', (a: KernelValue, b: KernelValue) => (Number(a) - Number(b)) / 1_000_000],
      ['tstzrange_subdiff', (a: KernelValue, b: KernelValue) => (Number(a) - Number(b)) / 1_000_000],
    ].map(([name, compute]) => [
      name as string,
      {
        kernel: (_: unknown, a: KernelValue | undefined, b: KernelValue | undefined) =>
          (compute as (a: KernelValue, b: KernelValue) => number)(a ?? null, b ?? null),
      },
    ]),
  ),
  ...Object.fromEntries(
    ['int4range_canonical', 'int8range_canonical', 'daterange_canonical'].map((name) => [
      name,
      { kernel: (_: unknown, a: KernelValue | undefined) => a ?? null },
    ]),
  ),
};

/** A VARIADIC parameter's values come as one array. */
function arrayTexts(value: KernelValue, call: ResolvedCall): readonly (string | null)[] {
  const oid = call.args[0] as number;
  if (isRangeOid(oid)) return [value as string | null];
  if (value === null) return [];
  const array = parseArray(value as string, elementsOf(oid).delimiter);
  if (array.dimensions.length > 1) throw new PgError('21000', 'multiranges cannot be constructed from multidimensional arrays');
  return array.elements;
}
