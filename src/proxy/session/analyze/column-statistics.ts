/**
 * What ANALYZE finds out about one column of a sample of rows: the row of pg_statistic. Source: compute_scalar_stats, compute_trivial_stats and analyze_mcv_list of
 * PostgreSQL 15's analyze.c.
 */
import { operatorFor } from '../../../functions/registry.js';
import { formatArrayText } from '../../../types/array.js';
import type { PgType } from '../../../types/pg-type.js';
import { elementTypeOf, Oid } from '../../../types/registry.js';
import { canonicalContext, type SqlValue } from '../../../types/value.js';
import { compareValues } from './compare-values.js';
import { valueWidth } from './value-width.js';

/** Kinds of slots (pg_statistic.h). */
const [commonValues, histogram, correlation] = [1, 2, 3];

export interface StatisticsSlot {
  readonly kind: number;
  readonly operator: number;
  readonly numbers: readonly number[];
  /** In the form of text of an array. */
  readonly values: string | undefined;
}

export interface ColumnStatistics {
  readonly nullFraction: number;
  readonly width: number;
  /** Below 0: a fraction of the rows. */
  readonly distinct: number;
  readonly slots: readonly StatisticsSlot[];
}

export interface SampledColumn {
  readonly type: PgType;
  /** In the order in which the rows lie. */
  readonly values: readonly SqlValue[];
  /** Rows of the whole table. */
  readonly tableRows: number;
  /** attstattarget: how many common values and bins of the histogram at most. */
  readonly target: number;
}

/** Wider values are not looked at. */
const widthMax = 1024;

interface Operators {
  readonly equal: number;
  readonly less: number;
}

/** The operators of the type's default btree class; undefined where it has none. */
function operatorsOf(type: PgType): Operators | undefined {
  if (type.category === 'G' || type.kind === 'r' || type.kind === 'm') return undefined;
  const over =
    type.oid === Oid.varchar
      ? Oid.text
      : type.oid === Oid.cidr
        ? Oid.inet
        : type.kind === 'e'
          ? Oid.anyenum
          : type.kind === 'c'
            ? Oid.record
            : elementTypeOf(type.oid) !== undefined && type.category === 'A'
              ? Oid.anyarray
              : type.oid;
  const [equal, less] = [operatorFor('=', over, over), operatorFor('<', over, over)];
  return equal === undefined || less === undefined ? undefined : { equal: equal.oid ?? 0, less: less.oid ?? 0 };
}

/** How many values of the list, which is sorted by falling counts, are really more common than the others. */
function commonOnes(counts: readonly number[], distinct: number, nullFraction: number, sampled: number, tableRows: number): number {
  let length = counts.length;
  if (sampled === tableRows || tableRows <= 1) return length;
  const others = distinct < 0 ? -distinct * tableRows : distinct;
  let sum = counts.slice(0, -1).reduce((all, count) => all + count, 0);
  while (length > 0) {
    let selectivity = Math.min(1, Math.max(0, 1 - sum / sampled - nullFraction));
    const otherValues = others - (length - 1);
    if (otherValues > 1) selectivity /= otherValues;
    const count = counts[length - 1] as number;
    const [all, drawn] = [tableRows, sampled];
    const having = (all * count) / drawn;
    const variance = (drawn * having * (all - having) * (all - drawn)) / (all * all * (all - 1));
    if (count > selectivity * sampled + 2 * Math.sqrt(variance) + 0.5) break;
    length--;
    if (length > 0) sum -= counts[length - 1] as number;
  }
  return length;
}

interface Run {
  /** Of its first value in the sorted list. */
  readonly first: number;
  readonly count: number;
}

/** The runs of more than one equal value that are the most frequent, by falling length; those of equal length in their order. */
function longestRuns(runs: readonly Run[], most: number): readonly Run[] {
  return runs
    .filter(({ count }) => count > 1)
    .sort((a, b) => b.count - a.count || a.first - b.first)
    .slice(0, most);
}

export function columnStatistics({ type, values, tableRows, target }: SampledColumn): ColumnStatistics {
  const sampled = values.length;
  const isVarying = type.length < 0;
  const operators = operatorsOf(type);
  const kept: { readonly value: SqlValue; readonly key: SqlValue; readonly place: number }[] = [];
  let [nulls, tooWide, totalWidth] = [0, 0, 0];
  for (const value of values) {
    if (value === null) {
      nulls++;
      continue;
    }
    const width = isVarying ? valueWidth(type, value) : type.length;
    totalWidth += width;
    if (isVarying && width > widthMax) tooWide++;
    else kept.push({ value, key: type.key === undefined ? value : type.key(value), place: kept.length });
  }
  const present = sampled - nulls;
  // (As the catalog holds it: what follows from it is computed from that.)
  const nullFraction = sampled === 0 ? 0 : Math.fround(nulls / sampled);
  const plain = { nullFraction, width: !isVarying ? type.length : present === 0 ? 0 : totalWidth / present };
  if (present === 0) return { ...plain, distinct: 0, slots: [] };
  if (type.kind === 'r' || type.kind === 'm') return { ...plain, distinct: -1 * (1 - nullFraction), slots: [] };
  if (operators === undefined) return { ...plain, distinct: 0, slots: [] };
  if (kept.length === 0) return { ...plain, distinct: -1 * (1 - nullFraction), slots: [] };

  kept.sort((a, b) => compareValues(a.key, b.key) || a.place - b.place);
  const runs: Run[] = [];
  let weighted = 0;
  for (let at = 0, first = 0; at < kept.length; at++) {
    const { key, place } = kept[at] as (typeof kept)[number];
    weighted += at * place;
    const next = kept[at + 1];
    if (next !== undefined && compareValues(key, next.key) === 0) continue;
    runs.push({ first, count: at + 1 - first });
    first = at + 1;
  }
  const repeated = runs.filter(({ count }) => count > 1).length;

  const distinct = ((): number => {
    let found: number;
    if (repeated === 0) return -1 * (1 - nullFraction);
    if (tooWide === 0 && repeated === runs.length) found = runs.length;
    else {
      const once = runs.length - repeated + tooWide;
      const all = once + repeated;
      const estimated = tableRows * (1 - nullFraction);
      found = estimated > 0 ? (present * all) / (present - once + (once * present) / estimated) : 0;
      found = Math.floor(Math.max(all, Math.min(estimated, found)) + 0.5);
    }
    return found > 0.1 * tableRows ? -(found / tableRows) : found;
  })();

  const slots: StatisticsSlot[] = [];
  const texts = (list: readonly SqlValue[]): string =>
    formatArrayText({ lengths: [list.length], lowerBounds: [1], elements: list.map((one) => type.format(one, -1, canonicalContext)) }, type.delimiter);
  const candidates = longestRuns(runs, target);
  const common =
    candidates.length === runs.length && tooWide === 0 && distinct > 0
      ? candidates
      : candidates.slice(
          0,
          commonOnes(
            candidates.map(({ count }) => count),
            distinct,
            nullFraction,
            sampled,
            tableRows,
          ),
        );
  if (common.length > 0)
    slots.push({
      kind: commonValues,
      operator: operators.equal,
      numbers: common.map(({ count }) => count / sampled),
      values: texts(common.map(({ first }) => kept[first]?.value ?? null)),
    });

  const bounds = Math.min(runs.length - common.length, target + 1);
  if (bounds >= 2) {
    const isCommon = new Set(common);
    const rest = runs.filter((run) => !isCommon.has(run)).flatMap(({ first, count }) => kept.slice(first, first + count));
    const chosen = Array.from({ length: bounds }, (_, i) => rest[Math.floor((i * (rest.length - 1)) / (bounds - 1))]?.value ?? null);
    slots.push({ kind: histogram, operator: operators.less, numbers: [], values: texts(chosen) });
  }
  if (kept.length > 1) {
    const n = kept.length;
    const sum = ((n - 1) * n) / 2;
    const squares = ((n - 1) * n * (2 * n - 1)) / 6;
    slots.push({ kind: correlation, operator: operators.less, numbers: [(n * weighted - sum * sum) / (n * squares - sum * sum)], values: undefined });
  }
  return { ...plain, distinct, slots };
}
