/** Which node gets which id of the distributed cache, before there is data, and which holder of an id is best asked. Pure. */
import type { NetworkCoordinates } from '../membership/node-record.js';
import { distance } from './vivaldi.js';

export type PlacementStrategy = 'uniform_nodes' | 'uniform_cpu' | 'uniform_memory';

export interface CacheNode {
  readonly name: string;
  readonly cores: number;
  /** Bytes that its part of the cache may still take in memory. */
  readonly freeBytes: number;
}

/** An id to be placed. Ids of one group come to the same node: both sides of a join's partition. */
export interface PlacedId {
  readonly id: string;
  readonly group?: string;
}

function weightOf(node: CacheNode, strategy: PlacementStrategy): number {
  switch (strategy) {
    case 'uniform_nodes':
      return 1;
    case 'uniform_cpu':
      return Math.max(node.cores, 1);
    case 'uniform_memory':
      return Math.max(node.freeBytes, 1);
  }
}

/**
 * Node by id. Groups (or ids without one) go round in their order, each node as often as its weight says, spread evenly: no node is ever off its share by more than one.
 * The same question has the same answer, whatever the order of the nodes.
 */
export function placeIds(ids: readonly PlacedId[], strategy: PlacementStrategy, nodes: readonly CacheNode[]): ReadonlyMap<string, string> {
  const sorted = [...nodes].sort((a, b) => (a.name < b.name ? -1 : 1)).map((node) => ({ name: node.name, weight: weightOf(node, strategy), given: 0 }));
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  const [first] = sorted;
  if (first === undefined) throw new RangeError('no node is there');
  const ofGroup = new Map<string, string>();
  const placed = new Map<string, string>();
  let round = 0;
  for (const { id, group } of ids) {
    if (placed.has(id)) continue;
    let node = group === undefined ? undefined : ofGroup.get(group);
    if (node === undefined) {
      round++;
      // The one that is furthest behind its share of what has been given so far.
      const behind = ({ weight, given }: (typeof sorted)[number]): number => (round * weight) / total - given;
      const next = sorted.reduce((best, candidate) => (behind(candidate) > behind(best) + 1e-9 ? candidate : best), first);
      next.given++;
      node = next.name;
      if (group !== undefined) ofGroup.set(group, node);
    }
    placed.set(id, node);
  }
  return placed;
}

/** How far data is from a node, in milliseconds: 0 where it is, otherwise to the nearest holder. Infinity: nobody has it. */
export function score(node: string, holders: readonly string[], coordinates: ReadonlyMap<string, NetworkCoordinates>): number {
  if (holders.includes(node)) return 0;
  const own = coordinates.get(node);
  const distances = holders.map((holder) => {
    const other = coordinates.get(holder);
    return own === undefined || other === undefined ? Number.MAX_VALUE : distance(own, other);
  });
  return Math.min(Infinity, ...distances);
}

/** The live node at which to work on data: nearest to it, unless it has so much to do that another is better. loadMs: what each node's work ahead would cost. */
export function bestNode(
  nodes: readonly string[],
  holders: readonly string[],
  coordinates: ReadonlyMap<string, NetworkCoordinates>,
  loadMs: ReadonlyMap<string, number>,
): string | undefined {
  const cost = (node: string): number => score(node, holders, coordinates) + (loadMs.get(node) ?? 0);
  const [first, ...others] = [...nodes].sort();
  return first === undefined ? undefined : others.reduce((best, node) => (cost(node) < cost(best) ? node : best), first);
}
