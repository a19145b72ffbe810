/**
 * Plans that are one short fragment in one file, so that the thread that has the socket answers them at once (ShortReadService). Called by executor/execute.
 */
import { shardSchemaName } from '../catalog/shard-group.js';
import type { CatalogSnapshot } from '../catalog/snapshot.js';
import type { Fragment, PhysicalPlan } from '../plan/physical.js';
import { type ParameterValues, shardsToVisit } from './prune.js';
import { renderText } from './render.js';

/** What a fragment is in one shard: made at the first run there. */
export interface ShortText {
  readonly shard: number;
  readonly sql: string;
  readonly schemas: readonly string[];
}

const fragments = new WeakMap<PhysicalPlan, { readonly fragment: Fragment | undefined }>();
const texts = new WeakMap<Fragment, (ShortText | undefined)[]>();

/** The fragment that is all of the plan, perhaps if its parameters leave one shard, and short for certain. */
export function shortFragment(plan: PhysicalPlan): Fragment | undefined {
  let known = fragments.get(plan);
  if (known === undefined) fragments.set(plan, (known = { fragment: findShort(plan) }));
  return known.fragment;
}

function findShort({ router, root, exchanges, catalogLandings, merge }: PhysicalPlan): Fragment | undefined {
  const fragment = router?.place.kind === 'shards' ? router : exchanges.length + catalogLandings.length === 0 && merge === undefined ? root : undefined;
  return fragment?.isBounded === true && !fragment.sql.mayReplan ? fragment : undefined;
}

/** Its text for the parameters; undefined: they leave more than one shard. */
export function shortText(fragment: Fragment, parameters: ParameterValues, catalog: CatalogSnapshot): ShortText | undefined {
  const { place } = fragment;
  let shard = 0;
  if (place.kind === 'shards') {
    const shards = shardsToVisit(place.group, fragment.pruning, parameters, catalog);
    if (shards.length > 1) return undefined;
    shard = shards[0] ?? 0;
  }
  let known = texts.get(fragment);
  if (known === undefined) texts.set(fragment, (known = []));
  return (known[shard] ??= makeText(fragment, shard, catalog));
}

function makeText(fragment: Fragment, shard: number, catalog: CatalogSnapshot): ShortText {
  const { place } = fragment;
  const schema = place.kind === 'shards' ? shardSchemaName(catalog.group(place.group), shard) : '';
  return { shard, sql: renderText(fragment.sql, schema), schemas: schema === '' ? fragment.schemas : [...new Set([...fragment.schemas, schema])] };
}
