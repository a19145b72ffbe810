/**
 * The distribution property of a plan node and what follows from equality predicates: which columns a result is hashed by, which joins are colocated.
 * Used by planner/distributed only.
 */
import type { ColumnId, ColumnRef, Expression } from '../../plan/expression.js';
import type { LogicalNode } from '../../plan/logical.js';
import type { Pruning } from '../../plan/physical.js';
import { conjuncts } from '../../plan/build.js';

/**
 * everywhere: every place can compute it in full. hash: spread over the shards of `group`; each of `keys` is a tuple of columns whose values decide the shard
 * (alternatives that are equal in every row). single: on the coordinating connection.
 */
export type Distribution =
  | { readonly kind: 'everywhere' }
  | { readonly kind: 'single' }
  | { readonly kind: 'hash'; readonly group: number; readonly keys: readonly (readonly ColumnId[])[]; readonly pruning: Pruning | undefined };

/** A node with its property and estimated rows. */
export interface Distributed {
  readonly node: LogicalNode;
  readonly distribution: Distribution;
  readonly rows: number;
}

/** `left = right` between one column of each side of a join. */
export interface EquiPair {
  readonly left: ColumnRef;
  readonly right: ColumnRef;
}

/** Type families within which equal values hash alike. */
export function hashFamily(typeOid: number): string {
  switch (typeOid) {
    case 20:
    case 21:
    case 23:
    case 26:
    case 1700:
      return 'number';
    case 25:
    case 1042:
    case 1043:
    case 19:
      return 'text';
    default:
      return String(typeOid);
  }
}

/** The column-to-column equalities among the terms of a join condition. */
export function equiPairs(on: Expression | undefined, left: LogicalNode, right: LogicalNode): readonly EquiPair[] {
  const leftIds = new Set(left.columns.map((column) => column.id));
  const rightIds = new Set(right.columns.map((column) => column.id));
  const pairs: EquiPair[] = [];
  for (const term of conjuncts(on)) {
    if (term.kind !== 'call' || term.operator?.comparison !== '=') continue;
    const [a, b] = term.args;
    const first = stripRelabel(a);
    const second = stripRelabel(b);
    if (first?.kind !== 'column' || second?.kind !== 'column') continue;
    if (hashFamily(first.type.oid) !== hashFamily(second.type.oid)) continue;
    if (leftIds.has(first.id) && rightIds.has(second.id)) pairs.push({ left: first, right: second });
    else if (leftIds.has(second.id) && rightIds.has(first.id)) pairs.push({ left: second, right: first });
  }
  return pairs;
}

/** Looks through casts that keep the value's placement hash (varchar to text, int4 to int8). */
export function stripRelabel(e: Expression | undefined): Expression | undefined {
  let inner = e;
  while (inner?.kind === 'cast' && inner.type.typmod === -1 && hashFamily(inner.type.oid) === hashFamily(inner.argument.type.oid) && !(inner.type.oid === 1700))
    inner = inner.argument;
  return inner;
}

/** True when two hashed inputs are on the same shards wherever the pairs are equal. */
export function colocated(left: Distribution, right: Distribution, pairs: readonly EquiPair[]): boolean {
  if (left.kind !== 'hash' || right.kind !== 'hash' || left.group !== right.group) return false;
  return left.keys.some((leftKey) =>
    right.keys.some(
      (rightKey) =>
        leftKey.length > 0 &&
        leftKey.length === rightKey.length &&
        leftKey.every((id, i) => pairs.some((pair) => pair.left.id === id && pair.right.id === rightKey[i])),
    ),
  );
}

/** Both prunings hold. */
export function bothPrunings(a: Pruning | undefined, b: Pruning | undefined): Pruning | undefined {
  if (a === undefined) return b;
  if (b === undefined) return a;
  return { restrictions: [...a.restrictions, ...b.restrictions] };
}

/** Key tuples whose columns are all among `visible`, renamed through `rename`. */
export function renameKeys(keys: readonly (readonly ColumnId[])[], rename: ReadonlyMap<ColumnId, ColumnId>): readonly (readonly ColumnId[])[] {
  const renamed: ColumnId[][] = [];
  for (const key of keys) {
    const tuple = key.map((id) => rename.get(id));
    if (tuple.every((id): id is ColumnId => id !== undefined)) renamed.push(tuple);
  }
  return renamed;
}
