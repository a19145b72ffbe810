/**
 * The shards that a fragment must visit, once the values of parameters are known.
 */
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import { shardOfHash } from '../catalog/shard-group.js';
import type { ShardGroup } from '../catalog/table.js';
import type { Expression } from '../plan/expression.js';
import type { Fragment, PhysicalPlan, Pruning } from '../plan/physical.js';
import { placementHash32 } from '../types/hash.js';
import type { SqlValue } from '../types/value.js';

/** Values of $1..$n as physical values. */
export type ParameterValues = readonly SqlValue[];

function valueOf(e: Expression, parameters: ParameterValues): SqlValue {
  if (e.kind === 'const') return e.value;
  if (e.kind === 'param') return parameters[e.index - 1] ?? null;
  throw new Error(`assertion failed: a pruning key is a constant or a parameter, not ${e.kind}`);
}

/** The shard of a key's rows; none for NULL, which equals nothing. */
function shardOf(shards: ShardGroup, tuple: readonly Expression[], parameters: ParameterValues): number | undefined {
  const values = tuple.map((e) => valueOf(e, parameters));
  if (values.includes(null)) return undefined;
  return shardOfHash(
    shards,
    placementHash32(
      values,
      tuple.map((e) => e.type.oid),
    ),
  );
}

/** The one key that a pruning leaves, as nearly always. */
function onlyTuple(pruning: Pruning | undefined): readonly Expression[] | undefined {
  const restrictions = pruning?.restrictions;
  return restrictions?.length === 1 && restrictions[0]?.length === 1 ? restrictions[0][0] : undefined;
}

/** Indexes of the shards of `group` that can hold rows, ascending; every shard when there is no restriction, none when no key can match. */
export function shardsToVisit(group: number, pruning: Pruning | undefined, parameters: ParameterValues, catalog: CatalogSnapshot): readonly number[] {
  if (pruning?.each !== undefined) {
    const all = new Set(pruning.each.flatMap((one) => shardsToVisit(group, one, parameters, catalog)));
    return [...all].sort((a, b) => a - b);
  }
  const shards = catalog.group(group);
  const only = onlyTuple(pruning);
  if (only !== undefined) {
    const shard = shardOf(shards, only, parameters);
    return shard === undefined ? [] : [shard];
  }
  let allowed: Set<number> | undefined;
  for (const restriction of pruning?.restrictions ?? []) {
    const here = new Set<number>();
    for (const tuple of restriction) {
      const shard = shardOf(shards, tuple, parameters);
      if (shard !== undefined && (allowed === undefined || allowed.has(shard))) here.add(shard);
    }
    allowed = here;
  }
  if (allowed === undefined) return shards.bounds.map((_, index) => index);
  return [...allowed].sort((a, b) => a - b);
}

/** The shards, partitions or ranges for which a fragment runs; one at least, so that what is empty has an answer, too. */
export function indexesOf(
  { place, pruning }: Fragment,
  partitions: PhysicalPlan['partitions'],
  parameters: ParameterValues,
  catalog: CatalogSnapshot,
): readonly number[] {
  if (place.kind !== 'shards') return [0];
  if (place.group < 0) return Array.from({ length: partitions.get(place.group) ?? 1 }, (_, index) => index);
  const shards = shardsToVisit(place.group, pruning, parameters, catalog);
  return shards.length === 0 ? [0] : shards;
}
