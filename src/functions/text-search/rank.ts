/** ts_rank. Source: calc_rank_and and calc_rank_or of tsrank.c (PostgreSQL 15), in single precision where that has it. */
import { PgError } from '../../common/errors.js';
import type { TsPosition, TsQuery, TsVector } from '../../types/text-search.js';
import { compareLexemes } from '../../types/text-search.js';
import { entriesOf } from './match.js';

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
