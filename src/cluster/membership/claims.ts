/**
 * What a node settles in the coordination store before it begins, each by a compare-and-swap that the first one wins: its number, the cluster's secret, and who makes the databases
 * of a new cluster. Called by cli/node-place.ts. StoreErrors pass through; an unknown outcome is settled by looking again.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { type CoordinationStore, StoreError } from '../coordination/store.js';
import { type Configuration, formatConfiguration, newConfiguration, parseConfiguration } from '../replication/configuration.js';
import type { ClusterKeys } from './cluster-keys.js';

const attemptsMax = 10;

/** The value of a key that is made if it is not there. */
async function settled(store: CoordinationStore, key: string, make: () => string): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const { entry } = await store.get(key);
    if (entry !== undefined) return entry.value;
    const value = make();
    try {
      const { succeeded } = await store.transact({ when: [{ kind: 'absent', key }], then: [{ kind: 'put', key, value }] });
      if (succeeded) return value;
    } catch (error) {
      if (!(error instanceof StoreError) || error.kind !== 'unknown-outcome' || attempt >= attemptsMax) throw error;
    }
  }
}

/** This node's number: the one that it had, or the least that is free. `numbersMax`: how many there are. */
export async function claimNumber(store: CoordinationStore, keys: ClusterKeys, node: string, numbersMax: number): Promise<number> {
  for (;;) {
    const { entries } = await store.list(keys.numbers);
    const owners = new Map(entries.map(({ key, value }) => [Number(key.slice(keys.numbers.length)), (JSON.parse(value) as { readonly node: string }).node]));
    for (const [number, owner] of owners) if (owner === node) return number;
    let free = 0;
    while (owners.has(free)) free++;
    if (free >= numbersMax)
      throw new StoreError('refused', `all ${String(numbersMax)} numbers of nodes are taken: delete ${keys.numbers}... of those that are gone for good`);
    const value = await settled(store, keys.number(free), () => JSON.stringify({ node }));
    if ((JSON.parse(value) as { readonly node: string }).node === node) return free;
  }
}

/** The cluster's secret; whoever may read the store is let in by every node. */
export async function clusterSecret(store: CoordinationStore, keys: ClusterKeys): Promise<string> {
  const text = await settled(store, keys.secret, () => JSON.stringify(randomBytes(32).toString('base64url')));
  return JSON.parse(text) as string;
}

/** The cluster's name for good: tells a data directory of this cluster from that of another one of the same name. */
export async function clusterIdentity(store: CoordinationStore, keys: ClusterKeys): Promise<string> {
  return JSON.parse(await settled(store, keys.identity, () => JSON.stringify(randomUUID()))) as string;
}

/** A database's key. In a new cluster the first node that asks makes the database. */
export async function makeConfiguration(store: CoordinationStore, keys: ClusterKeys, database: number, node: string): Promise<Configuration> {
  return parseConfiguration(await settled(store, keys.database(database), () => formatConfiguration(newConfiguration(node, [node], 1))));
}
