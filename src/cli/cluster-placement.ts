/**
 * `shoal cluster drain|move|rebalance`: says in the coordination store what an operator wants of the placement; the cluster's leader does it (cluster/placement). So whoever has
 * asked may go, or die, and asking again changes nothing. `--wait` follows what happens. Called by cli/cluster.ts.
 */
import { type CoordinationStore, StoreError } from '../cluster/coordination/store.js';
import { ClusterKeys } from '../cluster/membership/cluster-keys.js';
import { type Inventory, copiesOf, isEmpty, nodeLoads, type PlacedDatabase, readInventory, serverDatabaseName } from '../cluster/placement/inventory.js';
import { LiveInventory } from '../cluster/placement/live-inventory.js';
import { type OperatorWish, writeOperatorWish } from '../cluster/placement/operator-wish.js';
import { rebalancingLimits } from '../cluster/placement/plan-placement.js';
import { placementNews, whatIsOn } from '../cluster/placement/progress.js';
import { simulatePlacement } from '../cluster/placement/simulate-placement.js';
import { CliError } from './cli-error.js';
import type { ConnectedCluster } from './connect-cluster.js';

const attemptsMax = 10;

export interface PlacementRequest {
  /** Follow what happens until it is done. */
  readonly wait: boolean;
  /** Take back what was asked for. */
  readonly undo: boolean;
  readonly print: (line: string) => void;
}

/** What there is, now. */
export async function takeInventory({ store, cluster }: ConnectedCluster): Promise<Inventory> {
  const keys = new ClusterKeys(cluster);
  const { entries } = await store.list(keys.root);
  const named = new Map(entries.map((entry) => [entry.key.slice(keys.root.length), entry]));
  return readInventory(keys, named);
}

/** Calls `look` with what there is now and after each change, until it answers true. */
async function follow({ store, cluster }: ConnectedCluster, look: (inventory: Inventory, before: Inventory | undefined) => boolean): Promise<void> {
  const keys = new ClusterKeys(cluster);
  let before: Inventory | undefined;
  await new Promise<void>((done) => {
    const live = new LiveInventory(store, keys, () => {
      const { current } = live;
      if (look(current, before)) {
        live.close();
        done();
      }
      before = current;
    });
  });
}

/** Prints what happens until `isDone`. */
async function report(connected: ConnectedCluster, { print }: PlacementRequest, isDone: (inventory: Inventory) => boolean): Promise<void> {
  await follow(connected, (inventory, before) => {
    if (before !== undefined) for (const line of placementNews(before, inventory)) print(line);
    return isDone(inventory);
  });
}

/** A failure of which it is not known whether it was one is told as it is: asking again does no harm. */
async function taken<T>(asked: Promise<T>): Promise<T> {
  try {
    return await asked;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new CliError(`the coordination store has not taken it: ${error.message}`, 'say it again: that changes nothing if it was taken');
  }
}

/** Writes or deletes a key of which it only matters whether it is there. */
async function put(store: CoordinationStore, key: string, value: string | undefined): Promise<void> {
  await taken<unknown>(value === undefined ? store.delete(key) : store.put(key, value));
}

/** Changes what is wanted of a database; `next` is asked again when somebody else has changed it meanwhile, so nobody's wish is overwritten unseen. Answers what was there. */
async function changeWish(
  connected: ConnectedCluster,
  name: string,
  next: (inventory: Inventory, database: PlacedDatabase) => OperatorWish,
): Promise<{ readonly inventory: Inventory; readonly database: PlacedDatabase; readonly wish: OperatorWish }> {
  const { store, cluster } = connected;
  for (let attempt = 1; attempt <= attemptsMax; attempt++) {
    const inventory = await takeInventory(connected);
    const database = databaseNamed(inventory, name);
    const { wishEntry } = database;
    const key = new ClusterKeys(cluster).wish(database.id);
    const wish = next(inventory, database);
    const value = writeOperatorWish(wish);
    const { succeeded } = await taken(
      store.transact({
        when: [wishEntry === undefined ? { kind: 'absent', key } : { kind: 'mod-revision', key, revision: wishEntry.modRevision }],
        then: [value === undefined ? { kind: 'delete', key } : { kind: 'put', key, value }],
      }),
    );
    if (succeeded) return { inventory, database, wish };
  }
  throw new CliError(`what is wanted of ${name} goes on being changed by others`, 'say it again');
}

function nodeNamed({ nodes, databases, drains }: Inventory, name: string): string {
  // (A node that is away is one all the same.)
  const known = new Set([...nodes.keys(), ...drains, ...databases.flatMap(({ configuration: { replicas, isr } }) => [...replicas, ...isr])]);
  if (known.has(name)) return name;
  throw new CliError(`there is no node "${name}" in the cluster`, known.size === 0 ? 'no node has joined yet' : `there are ${[...known].sort().join(', ')}`);
}

function databaseNamed({ databases }: Inventory, name: string): PlacedDatabase {
  const found = databases.find((database) => database.name === name) ?? databases.find((database) => database.id === name);
  if (found !== undefined) return found;
  const names = databases.map((database) => database.name);
  throw new CliError(`there is no database "${name}" in the cluster`, names.length === 0 ? 'no database is placed yet' : `there are ${names.join(', ')}`);
}

export async function drainNode(connected: ConnectedCluster, name: string, request: PlacementRequest): Promise<void> {
  const { store, cluster } = connected;
  const { print, undo, wait } = request;
  const inventory = await takeInventory(connected);
  const node = nodeNamed(inventory, name);
  const key = new ClusterKeys(cluster).drain(node);
  if (undo) {
    await put(store, key, undefined);
    print(inventory.drains.has(node) ? `${node} serves again` : `${node} is not being drained`);
    return;
  }
  const others = [...inventory.nodes.keys()].filter((id) => id !== node && !inventory.drains.has(id));
  if (others.length === 0 && !isEmpty(inventory, node))
    throw new CliError(`${node} cannot be drained: no other node could take its databases`, 'start another one first');
  if (!inventory.drains.has(node)) await put(store, key, JSON.stringify({ since: new Date().toISOString() }));
  const left = whatIsOn(inventory, node);
  if (left.length === 0) print(`${node} is empty`);
  else print(`${node} gives up ${left.join(', ')}`);
  if (left.length === 0) return;
  if (!wait) {
    print('the cluster does the rest: follow it with --wait, or shoal cluster status');
    return;
  }
  let isTakenBack = false;
  await report(connected, request, (now) => {
    isTakenBack = !now.drains.has(node);
    return isTakenBack || isEmpty(now, node);
  });
  if (isTakenBack) throw new CliError(`somebody has taken the drain of ${node} back`);
  print(`${node} is empty`);
}

export async function moveDatabase(
  connected: ConnectedCluster,
  name: string,
  to: { readonly from: string | undefined; readonly to: string | undefined; readonly primary: string | undefined },
  request: PlacementRequest,
): Promise<void> {
  const { print, undo, wait } = request;
  if (undo) {
    const { database } = await changeWish(connected, name, () => ({}));
    print(`nothing is wanted of ${database.name} any more`);
    return;
  }
  const { inventory, database, wish } = await changeWish(connected, name, (now, placed) => wishFor(now, placed, to));
  const isDone = (now: Inventory): boolean => isFulfilled(now, database.id, wish);
  if (isDone(inventory)) {
    print(`${database.name} is there already`);
    return;
  }
  if (!wait) {
    print('the cluster does the rest: follow it with --wait, or shoal cluster status');
    return;
  }
  await report(connected, request, isDone);
  print(`${database.name} is where it shall be`);
}

function wishFor(
  inventory: Inventory,
  database: PlacedDatabase,
  { from, to, primary }: { readonly from: string | undefined; readonly to: string | undefined; readonly primary: string | undefined },
): OperatorWish {
  const { replicas } = database.configuration;
  if (primary !== undefined) {
    if (from !== undefined || to !== undefined) throw new CliError('--primary and --from, --to exclude each other', 'move the copy first', 2);
    const node = nodeNamed(inventory, primary);
    if (!replicas.includes(node))
      throw new CliError(`${node} has no copy of ${database.name}`, `copies are on ${replicas.join(', ')}: move one with --from NODE --to ${node}`);
    return { ...database.wish, primary: node };
  }
  if (from === undefined || to === undefined) throw new CliError('where to?', 'say --from NODE --to NODE, or --primary NODE', 2);
  if (database.name === serverDatabaseName) throw new CliError('what all databases share is on every node', 'name a database');
  const [source, target] = [nodeNamed(inventory, from), nodeNamed(inventory, to)];
  if (source === target) throw new CliError('--from and --to are the same node', undefined, 2);
  const wish: OperatorWish = { ...database.wish, copy: { from: source, to: target } };
  if (isMoved(database, wish)) return wish;
  if (!replicas.includes(source)) throw new CliError(`${source} has no copy of ${database.name}`, `copies are on ${replicas.join(', ')}`);
  if (replicas.includes(target) && !isUnderWay(database, source, target))
    throw new CliError(`${target} has a copy of ${database.name} already`, `copies are on ${replicas.join(', ')}`);
  if (inventory.drains.has(target)) throw new CliError(`${target} is being drained`, `shoal cluster drain ${target} --undo`);
  return wish;
}

function isUnderWay({ wish: { copy } }: PlacedDatabase, from: string, to: string): boolean {
  return copy?.from === from && copy.to === to;
}

function isMoved({ configuration: { replicas, isr, primary } }: PlacedDatabase, { copy }: OperatorWish): boolean {
  return copy !== undefined && !replicas.includes(copy.from) && !isr.includes(copy.from) && primary !== copy.from && isr.includes(copy.to);
}

function isFulfilled({ databases }: Inventory, id: string, wish: OperatorWish): boolean {
  const database = databases.find((candidate) => candidate.id === id);
  if (database === undefined) return true;
  return wish.copy === undefined ? database.configuration.primary === wish.primary : isMoved(database, wish);
}

export async function rebalance(connected: ConnectedCluster, { isDryRun }: { readonly isDryRun: boolean }, request: PlacementRequest): Promise<void> {
  const { store, cluster } = connected;
  const { print, undo, wait } = request;
  const keys = new ClusterKeys(cluster);
  if (undo) {
    await put(store, keys.rebalance, undefined);
    print('loads are left as they are');
    return;
  }
  const inventory = await takeInventory(connected);
  const planned = simulatePlacement(
    nodeLoads(inventory, () => 0, Infinity),
    inventory.databases.map(copiesOf),
    rebalancingLimits,
  );
  for (const { database, reason } of planned) {
    const name = inventory.databases.find(({ id }) => id === database)?.name ?? database;
    print(`${isDryRun ? 'would do' : 'to do'}: ${name}: ${reason}`);
  }
  if (planned.length === 0) print('loads are as even as they can be');
  if (isDryRun || planned.length === 0) return;
  await put(store, keys.rebalance, JSON.stringify({ since: new Date().toISOString() }));
  if (!wait) {
    print('the cluster does the rest: follow it with --wait, or shoal cluster status');
    return;
  }
  await report(connected, request, (now) => !now.isRebalancing);
  print('loads are as even as they can be');
}
