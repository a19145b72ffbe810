/**
 * The bytes under a query: of the parts of tables (a table in one shard) that its plan reads once pruning has left out the others, each part counted once however often it is
 * read. Called by EXPLAIN, and before a plan runs, so that the scaler hears of it.
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { type ParameterValues, shardsToVisit } from '../../executor/prune.js';
import type { Fragment, PhysicalPlan } from '../../plan/physical.js';
import type { LogicalNode } from '../../plan/logical.js';
import { visitPlan } from '../../plan/walk.js';

/** A table in one shard; shard 0 for reference tables. */
export interface TablePart {
  readonly tableOid: number;
  readonly shard: number;
  readonly spread: ScannedTable['spread']['kind'];
}

/** A table that a fragment scans. `everywhere`: in all its shards, whichever the fragment runs on (unions over shards on one connection). */
interface ScannedTable {
  readonly tableOid: number;
  readonly spread: { readonly kind: 'reference' } | { readonly kind: 'shards' } | { readonly kind: 'everywhere'; readonly group: number };
}

const scannedByFragment = new WeakMap<Fragment, readonly ScannedTable[]>();

function scannedTables(fragment: Fragment): readonly ScannedTable[] {
  const known = scannedByFragment.get(fragment);
  if (known !== undefined) return known;
  const { place } = fragment;
  const found: ScannedTable[] = [];
  visitPlan(fragment.plan, (node) => {
    if (node.kind !== 'scan') return;
    const { oid: tableOid, distribution } = node.table;
    if (distribution.kind === 'reference') found.push({ tableOid, spread: { kind: 'reference' } });
    else if (place.kind === 'shards' && place.group === distribution.group) found.push({ tableOid, spread: { kind: 'shards' } });
    else found.push({ tableOid, spread: { kind: 'everywhere', group: distribution.group } });
  });
  scannedByFragment.set(fragment, found);
  return found;
}

/** The pruning depends on parameters. */
function prunesByParameters(fragment: Fragment): boolean {
  return fragment.pruning?.restrictions.some((tuples) => tuples.some((tuple) => tuple.some((e) => e.kind === 'param'))) === true;
}

/** The shards that a fragment visits, or may visit when it depends on parameters that are not known (undefined). */
export function shardsVisited(fragment: Fragment, group: number, parameters: ParameterValues | undefined, catalog: CatalogSnapshot): readonly number[] {
  if (parameters === undefined && prunesByParameters(fragment)) return catalog.group(group).bounds.map((_, shard) => shard);
  return shardsToVisit(group, fragment.pruning, parameters ?? [], catalog);
}

/** The fragments that run: one alone where pruning leaves one shard for the whole statement. parameters undefined: not known. */
export function fragmentsThatRun(plan: PhysicalPlan, parameters: ParameterValues | undefined, catalog: CatalogSnapshot): readonly Fragment[] {
  const { router } = plan;
  if (router?.place.kind === 'shards' && !(parameters === undefined && prunesByParameters(router))) {
    if (shardsToVisit(router.place.group, router.pruning, parameters ?? [], catalog).length <= 1) return [router];
  }
  return [...plan.exchanges.map((exchange) => exchange.producer), plan.root];
}

/** What a fragment reads of the files. */
export function partsRead(fragment: Fragment, parameters: ParameterValues | undefined, catalog: CatalogSnapshot): readonly TablePart[] {
  const { place } = fragment;
  const parts: TablePart[] = [];
  let visited: readonly number[] | undefined;
  for (const { tableOid, spread } of scannedTables(fragment)) {
    if (spread.kind === 'reference') parts.push({ tableOid, shard: 0, spread: spread.kind });
    else if (spread.kind === 'everywhere') for (const shard of catalog.group(spread.group).bounds.keys()) parts.push({ tableOid, shard, spread: spread.kind });
    else if (place.kind === 'shards') {
      visited ??= shardsVisited(fragment, place.group, parameters, catalog);
      for (const shard of visited) parts.push({ tableOid, shard, spread: spread.kind });
    }
  }
  return parts;
}

/** The bytes under what a write reads: on the lane's one connection, in the one shard that a routed statement goes to, or in all. */
export function bytesUnderWrite(
  source: LogicalNode,
  shardsOf: (group: number) => Iterable<number>,
  bytesOf: (tableOid: number, shard: number) => number,
): number {
  const bytes = new Map<string, number>();
  visitPlan(source, (node) => {
    if (node.kind !== 'scan') return;
    const { oid, distribution } = node.table;
    for (const shard of distribution.kind === 'reference' ? [0] : shardsOf(distribution.group))
      bytes.set(`${String(oid)}/${String(shard)}`, bytesOf(oid, shard));
  });
  return [...bytes.values()].reduce((sum, one) => sum + one, 0);
}

export function bytesUnderQuery(
  fragments: readonly Fragment[],
  parameters: ParameterValues | undefined,
  catalog: CatalogSnapshot,
  bytesOf: (tableOid: number, shard: number) => number,
): number {
  let bytes = 0;
  const counted = new Set<string>();
  for (const fragment of fragments) {
    for (const { tableOid, shard } of partsRead(fragment, parameters, catalog)) {
      const part = `${String(tableOid)}/${String(shard)}`;
      if (counted.has(part)) continue;
      counted.add(part);
      bytes += bytesOf(tableOid, shard);
    }
  }
  return bytes;
}
