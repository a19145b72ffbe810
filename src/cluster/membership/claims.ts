/**
 * What a node settles in the coordination store before it begins, each by a compare-and-swap that the first one wins: its number, the cluster's secret, and who makes the databases
 * of a new cluster. Called by cli/node-place.ts. StoreErrors pass through; an unknown outcome is settled by looking again. What somebody else has written there and is not understood is
 * told: nodes' numbers go on without it, everything else is refused with the name of the key.
 */
import { randomBytes, randomUUID } from 'node:crypto';
import { type CoordinationStore, StoreError } from '../coordination/store.js';
import { type Configuration, formatConfiguration, newConfiguration, parseConfiguration } from '../replication/configuration.js';
import { messageOf } from '../coordination/store-client.js';
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

/** `read` of a key's value; a StoreError that names the key when that throws. */
function understood<T>(key: string, value: string, read: (value: string) => T): T {
  try {
    return read(value);
  } catch (error) {
    throw new StoreError('refused', `the key ${key} is not understood: ${messageOf(error)}`);
  }
}

function readText(value: string): string {
  const text: unknown = JSON.parse(value);
  if (typeof text !== 'string' || text === '') throw new Error(`not a string: ${value}`);
  return text;
}

/** The owner of a number. */
function readOwner(value: string): string {
  const { node } = (JSON.parse(value) ?? {}) as { readonly node?: unknown };
  if (typeof node !== 'string') throw new Error(`it names no node: ${value}`);
  return node;
}

/** This node's number: the one that it had, or the least that is free. `numbersMax`: how many there are. */
export async function claimNumber(store: CoordinationStore, keys: ClusterKeys, node: string, numbersMax: number, log: (line: string) => void): Promise<number> {
  const told = new Set<string>();
  // (Nobody knows whose such a number is: it counts as taken.)
  const ownerOf = (key: string, value: string): string | undefined => {
    try {
      return readOwner(value);
    } catch (error) {
      if (!told.has(key)) log(`the key ${key} is not understood: ${messageOf(error)}`);
      told.add(key);
      return undefined;
    }
  };
  for (;;) {
    const { entries } = await store.list(keys.numbers);
    const owners = new Map(entries.map(({ key, value }) => [Number(key.slice(keys.numbers.length)), ownerOf(key, value)]));
    for (const [number, owner] of owners) if (owner === node) return number;
    let free = 0;
    while (owners.has(free)) free++;
    if (free >= numbersMax)
      throw new StoreError('refused', `all ${String(numbersMax)} numbers of nodes are taken: delete ${keys.numbers}... of those that are gone for good`);
    const key = keys.number(free);
    if (ownerOf(key, await settled(store, key, () => JSON.stringify({ node }))) === node) return free;
  }
}

/** The cluster's secret; whoever may read the store is let in by every node. */
export async function clusterSecret(store: CoordinationStore, keys: ClusterKeys): Promise<string> {
  const text = await settled(store, keys.secret, () => JSON.stringify(randomBytes(32).toString('base64url')));
  return understood(keys.secret, text, readText);
}

/** The cluster's name for good: tells a data directory of this cluster from that of another one of the same name. */
export async function clusterIdentity(store: CoordinationStore, keys: ClusterKeys): Promise<string> {
  const text = await settled(store, keys.identity, () => JSON.stringify(randomUUID()));
  return understood(keys.identity, text, readText);
}

/** A database's key. In a new cluster the first node that asks makes the database. */
export async function makeConfiguration(store: CoordinationStore, keys: ClusterKeys, database: number, node: string): Promise<Configuration> {
  const key = keys.database(database);
  const text = await settled(store, key, () => formatConfiguration(newConfiguration(node, [node], 1)));
  return understood(key, text, parseConfiguration);
}
