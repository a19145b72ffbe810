/**
 * What the coordination store says about nodes and databases, read at one revision: the input of every decision about placement, and of everything that shows it. Pure; called
 * by the leader's PlacementController, by `shoal cluster ...` and by the nodes for shoal.placements.
 */
import { serverDatabaseOid } from '../../catalog/server-catalog.js';
import type { Entry } from '../coordination/store.js';
import { messageOf } from '../coordination/store-client.js';
import type { ClusterKeys } from '../membership/cluster-keys.js';
import { type NodeRecord, readNodeRecord } from '../membership/node-record.js';
import { type Configuration, parseConfiguration } from '../replication/configuration.js';
import { type DatabaseFacts, readDatabaseFacts } from './database-facts.js';
import { type OperatorWish, readOperatorWish } from './operator-wish.js';
import type { DatabaseCopies, NodeLoad } from './plan-placement.js';
import { defaultReplicationFactor, replicationFactorSetting, validReplicationFactor } from './replication-factor.js';

export interface PlacedDatabase {
  /** Its OID. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly configuration: Configuration;
  /** Of its key: for compare-and-swap. */
  readonly entry: Entry;
  /** undefined: its primary has told nothing yet. */
  readonly facts: DatabaseFacts | undefined;
  readonly wish: OperatorWish;
  /** Of its key; undefined: there is none. */
  readonly wishEntry: Entry | undefined;
  /** How many copies it shall have, if there are so many nodes. */
  readonly factor: number;
}

export interface Inventory {
  readonly nodes: ReadonlyMap<string, NodeRecord>;
  /** In the order of their names. */
  readonly databases: readonly PlacedDatabase[];
  /** Nodes that an operator wants to be empty. */
  readonly drains: ReadonlySet<string>;
  readonly isRebalancing: boolean;
  /** shoal.replication_factor of databases that have none of their own. */
  readonly replicationFactor: number;
  /** What is not understood, one line each. */
  readonly troubles: readonly string[];
}

/** For people, of the database that all others share. */
export const serverDatabaseName = '(server)';

/** entries: everything under ClusterKeys.root, by what follows it. */
export function readInventory(keys: ClusterKeys, entries: ReadonlyMap<string, Entry>): Inventory {
  const troubles: string[] = [];
  const under = (prefix: string): readonly (readonly [string, Entry])[] => {
    const path = prefix.slice(keys.root.length);
    return [...entries].flatMap(([name, entry]) => (name.startsWith(path) ? [[name.slice(path.length), entry] as const] : []));
  };
  const valueOf = (key: string): string => entries.get(key.slice(keys.root.length))?.value ?? '';
  const replicationFactor = validReplicationFactor(valueOf(keys.setting(replicationFactorSetting)).replaceAll('"', '')) ?? defaultReplicationFactor;
  const nodes = new Map<string, NodeRecord>();
  for (const [id, entry] of under(keys.nodes)) {
    try {
      nodes.set(id, readNodeRecord(entry.value));
    } catch (error) {
      troubles.push(`the record of node ${id} is not understood: ${messageOf(error)}`);
    }
  }
  const databases: PlacedDatabase[] = [];
  for (const [id, entry] of under(keys.databases)) {
    let configuration: Configuration;
    try {
      configuration = parseConfiguration(entry.value);
    } catch (error) {
      troubles.push(`database ${id} is left alone: ${messageOf(error)}`);
      continue;
    }
    const facts = readDatabaseFacts(valueOf(keys.databaseFacts(id)));
    const isServers = id === String(serverDatabaseOid);
    databases.push({
      ...{ id, configuration, entry, facts },
      name: isServers ? serverDatabaseName : (facts?.name ?? `database ${id}`),
      wish: readOperatorWish(valueOf(keys.wish(id))) ?? {},
      wishEntry: entries.get(keys.wish(id).slice(keys.root.length)),
      // What all databases share is on every node.
      factor: isServers ? Infinity : (facts?.replicationFactor ?? replicationFactor),
    });
  }
  databases.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  return {
    ...{ nodes, databases, troubles, replicationFactor },
    drains: new Set(under(keys.drains).map(([id]) => id)),
    isRebalancing: entries.has(keys.rebalance.slice(keys.root.length)),
  };
}

/** As planPlacement wants it. */
export function copiesOf({ id, configuration, facts, factor, wish }: PlacedDatabase): DatabaseCopies {
  const { primary, isr, replicas, home } = configuration;
  const [first] = replicas;
  const isShared = id === String(serverDatabaseOid);
  const wantedPrimary = first === primary ? undefined : first;
  return { id, isShared, bytes: facts?.bytes ?? 0, factor, primary, inSync: isr, wanted: replicas, wantedPrimary, home, wish };
}

/**
 * The number of copies by which it is reckoned how many of them a commit wants. What all databases share has a copy on every node, but wants no more than the least of the
 * others does: where a database goes on with the one copy that is left, so must what its sessions rest on.
 */
export function copiesReckoned({ id, factor }: PlacedDatabase, { databases }: Inventory, copies: number): number {
  const factors = id === String(serverDatabaseOid) ? databases.map((database) => database.factor) : [factor];
  return Math.min(copies, ...factors);
}

/** Whether nothing of any database is on the node, or shall be. */
export function isEmpty({ databases }: Inventory, node: string): boolean {
  return databases.every(({ configuration: { primary, isr, replicas } }) => primary !== node && !isr.includes(node) && !replicas.includes(node));
}

/** Of the nodes that have a record, and of those that databases still count on. absentFor: how long one without a record has been away; absentMsMax: then it counts as gone. */
export function nodeLoads(inventory: Inventory, absentFor: (node: string) => number, absentMsMax: number): readonly NodeLoad[] {
  const { nodes, databases, drains } = inventory;
  const loads = new Map<string, NodeLoad>();
  for (const [id, { roles, state, storedBytes, quotaBytes }] of nodes) {
    if (!roles.includes('data')) continue;
    const isLeaving = state === 'draining' || state === 'stopping' || drains.has(id);
    loads.set(id, { id, storedBytes, quotaBytes, state: isLeaving ? 'draining' : state === 'starting' ? 'absent' : 'present' });
  }
  for (const id of new Set(databases.flatMap(({ configuration: { replicas, isr } }) => [...replicas, ...isr]))) {
    if (nodes.has(id)) continue;
    const state = drains.has(id) || absentFor(id) >= absentMsMax ? 'gone' : 'absent';
    loads.set(id, { id, storedBytes: 0, quotaBytes: Infinity, state });
  }
  return [...loads.values()];
}
