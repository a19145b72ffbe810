/** ts_rank and ts_rank_cd. Source: tsrank.c (PostgreSQL 15), in single precision where that has it. */
import { PgError } from '../../common/errors.js';
import type { TsPosition, TsQuery, TsVector } from '../../types/text-search.js';
import { compareLexemes } from '../../types/text-search.js';
import { entriesOf, matches } from './match.js';

/** By weight: D, C, B, A. */
export const standardWeights: readonly number[] = [0.1, 0.2, 0.4, 1.0].map(Math.fround);

export function checkedWeights(values: readonly (number | null)[], dimensions: number): readonly number[] {
  if (dimensions !== 1) throw new PgError('2202E', 'array of weight must be one-dimensional');
  if (values.length < 4) throw new PgError('2202E', 'array of weight is too short');
  if (values.includes(null)) throw new PgError('22004', 'array of weight must not contain nulls');
  return values.slice(0, 4).map((value, n) => {
    const weight = (value as number) >= 0 ? (value as number) : (standardWeights[n] as number);
    if (weight > 1) throw new PgError('22023', 'weight out of range');
    return Math.fround(weight);
  });
}

type Value = TsQuery & { readonly kind: 'value' };

/** The operands, sorted, each once. */
function operandsOf(query: TsQuery): readonly Value[] {
  const values: Value[] = [];
  const walk = (node: TsQuery): void => {
    if (node.kind === 'value') values.push(node);
    else if (node.kind === 'not') walk(node.operand);
    else {
      walk(node.left);
      walk(node.right);
    }
  };
  walk(query);
  values.sort((a, b) => compareLexemes(a.lexeme, b.lexeme));
  return values.filter((value, n) => n === 0 || value.lexeme !== (values[n - 1] as Value).lexeme);
}

const noPosition: readonly TsPosition[] = [{ position: 16_383, weight: 0 }];

function wordDistance(distance: number): number {
  return distance > 100 ? 1e-30 : Math.fround(1 / (1.005 + 0.05 * Math.exp(distance / 1.5 - 2)));
}

function rankOr(weights: readonly number[], vector: TsVector, query: TsQuery): number {
  const values = operandsOf(query);
  let result = 0;
  for (const value of values) {
    for (const entry of entriesOf(vector, value.lexeme, value.prefix)) {
      const positions = entry.positions.length > 0 ? entry.positions : noPosition;
      let sum = 0;
      let best = -1;
      let bestAt = 0;
      positions.forEach(({ weight }, at) => {
        const worth = weights[weight] as number;
        sum = Math.fround(sum + Math.fround(worth / ((at + 1) * (at + 1))));
        if (worth > best) {
          best = worth;
          bestAt = at;
        }
      });
      // The limit of the sum of 1/i^2.
      const counted = Math.fround(Math.fround(best + sum) - Math.fround(best / ((bestAt + 1) * (bestAt + 1))));
      result = Math.fround(result + counted / 1.64493406685);
    }
  }
  return values.length > 0 ? Math.fround(result / values.length) : result;
}

function rankAnd(weights: readonly number[], vector: TsVector, query: TsQuery): number {
  const values = operandsOf(query);
  if (values.length < 2) return rankOr(weights, vector, query);
  const places: (readonly TsPosition[] | undefined)[] = [];
  let result = -1;
  values.forEach((value, n) => {
    for (const entry of entriesOf(vector, value.lexeme, value.prefix)) {
      const positions = entry.positions.length > 0 ? entry.positions : noPosition;
      const bare = entry.positions.length === 0;
      places[n] = positions;
      for (let other = 0; other < n; other++) {
        const others = places[other];
        if (others === undefined) continue;
        for (const a of positions) {
          for (const b of others) {
            let distance = Math.abs(a.position - b.position);
            if (distance === 0 && !(bare && others === noPosition)) continue;
            if (distance === 0) distance = 16_384;
            const worth = Math.fround(Math.sqrt(Math.fround((weights[a.weight] as number) * (weights[b.weight] as number) * wordDistance(distance))));
            result = Math.fround(result < 0 ? worth : 1 - (1 - result) * (1 - worth));
          }
        }
      }
    }
  });
  return result;
}

export function rank(weights: readonly number[], vector: TsVector, query: TsQuery | null, method: number): number {
  if (vector.length === 0 || query === null) return 0;
  let result = query.kind === 'and' || query.kind === 'phrase' ? rankAnd(weights, vector, query) : rankOr(weights, vector, query);
  if (result < 0) result = Math.fround(1e-20);
  const words = (): number => vector.reduce((sum, { positions }) => sum + Math.max(positions.length, 1), 0);
  if ((method & 1) !== 0) result = Math.fround(result / (Math.log(words() + 1) / Math.log(2)));
  if ((method & 2) !== 0 && words() > 0) result = Math.fround(result / words());
  if ((method & 8) !== 0) result = Math.fround(result / vector.length);
  if ((method & 16) !== 0) result = Math.fround(result / (Math.log(vector.length + 1) / Math.log(2)));
  if ((method & 32) !== 0) result = Math.fround(result / (result + 1));
  return result;
}

/** A place in the document at which an operand of the query stands. */
interface Place {
  readonly lexeme: string;
  readonly position: number;
  readonly weight: number;
}

/** The places of all operands, in the document's order. */
function placesOf(vector: TsVector, query: TsQuery): readonly Place[] {
  const places = new Map<string, Place>();
  for (const value of operandsOf(query)) {
    for (const { lexeme, positions } of entriesOf(vector, value.lexeme, value.prefix)) {
      for (const { position, weight } of positions) {
        if (value.weights !== 0 && (value.weights & (1 << weight)) === 0) continue;
        places.set(`${String(position)} ${lexeme}`, { lexeme, position, weight });
      }
    }
  }
  return [...places.values()].sort((a, b) => a.position - b.position || a.weight - b.weight || compareLexemes(a.lexeme, b.lexeme));
}

/** Whether the query matches these places alone. */
function covers(places: readonly Place[], query: TsQuery): boolean {
  const byLexeme = new Map<string, TsPosition[]>();
  for (const { lexeme, position, weight } of places) {
    const positions = byLexeme.get(lexeme) ?? [];
    positions.push({ position, weight });
    byLexeme.set(lexeme, positions);
  }
  const vector = [...byLexeme].map(([lexeme, positions]) => ({ lexeme, positions })).sort((a, b) => compareLexemes(a.lexeme, b.lexeme));
  return matches(vector, query);
}

interface Cover {
  readonly begin: number;
  readonly end: number;
}

/** The shortest stretches that match the query, from the left; each begins after the one before it. */
function* coversOf(places: readonly Place[], query: TsQuery): Generator<Cover> {
  let from = 0;
  while (from < places.length) {
    let end = from;
    while (end < places.length && !covers(places.slice(from, end + 1), query)) end++;
    if (end === places.length) return;
    let begin = end;
    while (begin >= from && !covers(places.slice(begin, end + 1), query)) begin--;
    if (begin >= from) {
      yield { begin, end };
      from = begin + 1;
    } else {
      from++;
    }
  }
}

/** ts_rank_cd: by how close together the query's words stand. */
export function rankCover(weights: readonly number[], vector: TsVector, query: TsQuery | null, method: number): number {
  if (vector.length === 0 || query === null) return 0;
  const places = placesOf(vector, query);
  let result = 0;
  let distances = 0;
  let count = 0;
  let previous = 0;
  for (const { begin, end } of coversOf(places, query)) {
    let inverse = 0;
    for (let at = begin; at <= end; at++) inverse += 1 / (weights[(places[at] as Place).weight] as number);
    const first = (places[begin] as Place).position;
    const last = (places[end] as Place).position;
    const gap = last - first - (end - begin);
    const noise = gap < 0 ? Math.trunc((end - begin) / 2) : gap;
    result += (end - begin + 1) / inverse / (1 + noise);
    const center = (first + last) / 2;
    if (count > 0 && center > previous) distances += 1 / (center - previous);
    previous = center;
    count++;
  }
  const words = vector.reduce((sum, { positions }) => sum + Math.max(positions.length, 1), 0);
  if ((method & 1) !== 0) result /= Math.log(words + 1);
  if ((method & 2) !== 0 && words > 0) result /= words;
  if ((method & 4) !== 0 && count > 0 && distances > 0) result /= count / distances;
  if ((method & 8) !== 0) result /= vector.length;
  if ((method & 16) !== 0) result /= Math.log(vector.length + 1) / Math.log(2);
  if ((method & 32) !== 0) result /= result + 1;
  return Math.fround(result);
}
