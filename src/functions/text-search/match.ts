/** tsvector @@ tsquery. Source: TS_execute and TS_phrase_execute of tsvector_op.c (PostgreSQL 15). */
import type { TsEntry, TsQuery, TsVector } from '../../types/text-search.js';
import { compareLexemes } from '../../types/text-search.js';

type Ternary = 'yes' | 'no' | 'maybe';

/** Where an operand matches; `negate`: everywhere but there. Positions are those of its last word, `width` words after its first. */
interface Places {
  positions: readonly number[];
  negate: boolean;
  width: number;
}

/** The index of the first entry that is not less. */
function lowerBound(vector: TsVector, lexeme: string): number {
  let low = 0;
  let high = vector.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (compareLexemes((vector[middle] as TsEntry).lexeme, lexeme) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The entries that an operand names. */
export function entriesOf(vector: TsVector, lexeme: string, prefix: boolean): readonly TsEntry[] {
  const found: TsEntry[] = [];
  for (let at = lowerBound(vector, lexeme); at < vector.length; at++) {
    const entry = vector[at] as TsEntry;
    if (!(prefix ? entry.lexeme.startsWith(lexeme) : entry.lexeme === lexeme)) break;
    found.push(entry);
  }
  return found;
}

type Value = TsQuery & { readonly kind: 'value' };

/** Does the operand match; with `places` also where. */
function checkValue(vector: TsVector, value: Value, places: Places | undefined): Ternary {
  const entries = entriesOf(vector, value.lexeme, value.prefix);
  if (entries.length === 0) return 'no';
  const positions: number[] = [];
  let matched = false;
  let unplaced = false;
  for (const entry of entries) {
    if (entry.positions.length === 0) {
      // Without positions the weights are not known either: what has none is taken for a match.
      if (value.weights === 0 || places === undefined) matched = true;
      unplaced = true;
      continue;
    }
    for (const { position, weight } of entry.positions) {
      if (value.weights !== 0 && (value.weights & (1 << weight)) === 0) continue;
      matched = true;
      positions.push(position);
    }
  }
  if (places === undefined) return matched ? 'yes' : unplaced ? 'maybe' : 'no';
  if (unplaced) return 'maybe';
  places.positions = [...new Set(positions)].sort((a, b) => a - b);
  return places.positions.length > 0 ? 'yes' : 'no';
}

const both = 1;
const leftOnly = 2;
const rightOnly = 4;

function output(places: Places | undefined, left: Places, right: Places, emit: number, leftOffset: number, rightOffset: number): Ternary {
  const positions: number[] = [];
  let l = 0;
  let r = 0;
  for (;;) {
    const leftAt = l < left.positions.length ? (left.positions[l] as number) + leftOffset : Infinity;
    const rightAt = r < right.positions.length ? (right.positions[r] as number) + rightOffset : Infinity;
    if (leftAt === Infinity && rightAt === Infinity) break;
    let found = 0;
    if (leftAt < rightAt) {
      if ((emit & leftOnly) !== 0) found = leftAt;
      l++;
    } else if (leftAt === rightAt) {
      if ((emit & both) !== 0) found = rightAt;
      l++;
      r++;
    } else {
      if ((emit & rightOnly) !== 0) found = rightAt;
      r++;
    }
    if (found > 0) {
      if (places === undefined) return 'yes';
      positions.push(found);
    }
  }
  if (places === undefined) return 'no';
  places.positions = positions;
  return positions.length > 0 ? 'yes' : 'no';
}

const nowhere = (): Places => ({ positions: [], negate: false, width: 0 });

function placed(vector: TsVector, query: TsQuery, places: Places | undefined): Ternary {
  switch (query.kind) {
    case 'value':
      return checkValue(vector, query, places ?? nowhere());
    case 'not': {
      const inner = places ?? nowhere();
      const truth = placed(vector, query.operand, inner);
      switch (truth) {
        case 'no':
          inner.positions = [];
          inner.negate = true;
          return 'yes';
        case 'yes':
          if (inner.positions.length > 0) {
            inner.negate = !inner.negate;
            return 'yes';
          }
          if (inner.negate) {
            inner.negate = false;
            return 'no';
          }
          return 'maybe';
        case 'maybe':
          return 'maybe';
      }
    }
    case 'phrase':
    case 'and': {
      const left = nowhere();
      const right = nowhere();
      const leftTruth = placed(vector, query.left, left);
      if (leftTruth === 'no') return 'no';
      const rightTruth = placed(vector, query.right, right);
      if (rightTruth === 'no') return 'no';
      if (leftTruth === 'maybe' || rightTruth === 'maybe') return 'maybe';
      const width = Math.max(left.width, right.width);
      const phrase = query.kind === 'phrase';
      const leftOffset = phrase ? query.distance + right.width : width - left.width;
      const rightOffset = phrase ? 0 : width - right.width;
      if (places !== undefined) places.width = phrase ? query.distance + left.width + right.width : width;
      if (left.negate && right.negate) {
        output(places, left, right, both | leftOnly | rightOnly, leftOffset, rightOffset);
        if (places !== undefined) places.negate = true;
        return 'yes';
      }
      return output(places, left, right, left.negate ? rightOnly : right.negate ? leftOnly : both, leftOffset, rightOffset);
    }
    case 'or': {
      const left = nowhere();
      const right = nowhere();
      const leftTruth = placed(vector, query.left, left);
      const rightTruth = placed(vector, query.right, right);
      if (leftTruth === 'no' && rightTruth === 'no') return 'no';
      if (leftTruth === 'maybe' || rightTruth === 'maybe') return 'maybe';
      if (leftTruth === 'no') left.width = 0;
      if (rightTruth === 'no') right.width = 0;
      const width = Math.max(left.width, right.width);
      if (places !== undefined) places.width = width;
      const leftOffset = width - left.width;
      const rightOffset = width - right.width;
      if (left.negate || right.negate) {
        output(places, left, right, left.negate && right.negate ? both : left.negate ? leftOnly : rightOnly, leftOffset, rightOffset);
        if (places !== undefined) places.negate = true;
        return 'yes';
      }
      return output(places, left, right, both | leftOnly | rightOnly, leftOffset, rightOffset);
    }
  }
}

function execute(vector: TsVector, query: TsQuery): Ternary {
  switch (query.kind) {
    case 'value':
      return checkValue(vector, query, undefined);
    case 'not': {
      const truth = execute(vector, query.operand);
      return truth === 'yes' ? 'no' : truth === 'no' ? 'yes' : 'maybe';
    }
    case 'and': {
      const left = execute(vector, query.left);
      if (left === 'no') return 'no';
      const right = execute(vector, query.right);
      return right === 'yes' ? left : right;
    }
    case 'or': {
      const left = execute(vector, query.left);
      if (left === 'yes') return 'yes';
      const right = execute(vector, query.right);
      return right === 'no' ? left : right;
    }
    case 'phrase':
      return placed(vector, query, undefined) === 'yes' ? 'yes' : 'no';
  }
}

/** True when the vector matches; the empty query matches nothing. */
export function matches(vector: TsVector, query: TsQuery | null): boolean {
  return query !== null && execute(vector, query) !== 'no';
}
