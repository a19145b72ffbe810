/**
 * Which shards a predicate leaves: equality (and IN lists) of the distribution columns with constants or parameters. Shards are chosen when values are known,
 * at execution (executor/prune.ts).
 */
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { Pruning } from '../../plan/physical.js';
import { conjuncts } from '../../plan/build.js';
import { hashFamily, stripRelabel } from './property.js';

/** Values that a predicate allows for one column; undefined: any. */
function allowedValues(terms: readonly Expression[], column: ColumnId): readonly Expression[] | undefined {
  for (const term of terms) {
    if (term.kind === 'call' && term.operator?.comparison === '=') {
      const [a, b] = term.args;
      const left = stripRelabel(a);
      const right = stripRelabel(b);
      if (left?.kind === 'column' && left.id === column && isValue(right) && hashFamily(left.type.oid) === hashFamily(right.type.oid)) return [right];
      if (right?.kind === 'column' && right.id === column && isValue(left) && hashFamily(left.type.oid) === hashFamily(right.type.oid)) return [left];
    }
    if (term.kind === 'inList' && term.quantifier === 'any' && term.operator.comparison === '=') {
      const left = stripRelabel(term.left);
      const values = term.list.map((item) => stripRelabel(item));
      if (
        left?.kind === 'column' &&
        left.id === column &&
        values.every((value): value is Expression => isValue(value) && hashFamily(value.type.oid) === hashFamily(left.type.oid))
      )
        return values;
    }
  }
  return undefined;
}

function isValue(e: Expression | undefined): e is Expression {
  return e?.kind === 'const' || e?.kind === 'param';
}

/** The pruning that `predicate` allows on a result hashed by any of `keys`, at most 1,000 key tuples a restriction. */
export function pruningOf(predicate: Expression, keys: readonly (readonly ColumnId[])[]): Pruning | undefined {
  const terms = conjuncts(predicate);
  const restrictions: Expression[][][] = [];
  for (const key of keys) {
    let tuples: Expression[][] | undefined = [[]];
    for (const column of key) {
      const values = allowedValues(terms, column);
      if (values === undefined || values.length * tuples.length > 1000) {
        tuples = undefined;
        break;
      }
      tuples = tuples.flatMap((tuple) => values.map((value) => [...tuple, value]));
    }
    if (tuples !== undefined && key.length > 0) restrictions.push(tuples);
  }
  return restrictions.length === 0 ? undefined : { restrictions };
}
