/**
 * What the leader does about placement: looks at nodes, databases, drains and operators' wishes in the coordination store whenever something has changed, and brings what planPlacement decides into the
 * databases' keys, where their primaries see it (replication/configuration: `replicas`, the wanted primary first). Made by cli/compose-cluster.ts for each leadership; ends with it.
 *
 * It keeps nothing of its own but since when nodes are away and nothing has changed, so another leader goes on where this one stopped. Every write is guarded by the leadership and by the key's revision.
 */
import type { Clock, Timer } from '../../common/clock.js';
import type { Compare, CoordinationStore, Operation } from '../coordination/store.js';
import { messageOf } from '../coordination/store-client.js';
import type { ClusterKeys } from '../membership/cluster-keys.js';
import type { Leadership } from '../membership/leader-election.js';
import { type Configuration, defaultMinIsr, formatConfiguration } from '../replication/configuration.js';
import { copiesOf, copiesReckoned, type Inventory, nodeLoads, type PlacedDatabase } from './inventory.js';
import { LiveInventory } from './live-inventory.js';
import { writeOperatorWish } from './operator-wish.js';
import { defaultPlacementLimits, type PlacementChange, type PlacementLimits, planPlacement, rebalancingLimits } from './plan-placement.js';

export interface PlacementControllerOptions {
  readonly store: CoordinationStore;
  readonly keys: ClusterKeys;
  readonly clock: Clock;
  readonly leadership: Leadership;
  readonly limits?: PlacementLimits;
  /** For so long a node that is away keeps its copies. Default 300,000. */
  readonly absentMsMax?: number;
  readonly log: (line: string) => void;
}

const absentMsDefault = 300_000;
/** Changes that come together are looked at together. */
const gatherMs = 200;
/** Loads change without anybody being told at once. */
const lookAgainMs = 5000;
/** Primaries are spread once no node and no copy has come or gone for so long. */
const calmMs = 3000;

export class PlacementController {
  readonly #inventory: LiveInventory;
  /** Nodes without a record, and since when. */
  readonly #absentSince = new Map<string, number>();
  /** Nodes and copies, and since when they have been so. */
  #unchanged = { state: '', sinceMs: 0 };
  #told: ReadonlySet<string> = new Set();
  #timer: Timer | undefined;
  #deciding: Promise<void> | undefined;
  #isOver = false;

  constructor(private readonly options: PlacementControllerOptions) {
    const { store, keys, leadership } = options;
    this.#inventory = new LiveInventory(store, keys, () => {
      this.#lookAfter(gatherMs);
    });
    leadership.ended.addEventListener('abort', () => {
      void this.close();
    });
  }

  async close(): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#timer?.cancel();
      this.#inventory.close();
    }
    await this.#deciding;
  }

  #lookAfter(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#isOver) return;
    this.#timer = this.options.clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#deciding ??= this.#decide().finally(() => {
        this.#deciding = undefined;
        // (What has changed meanwhile is looked at sooner.)
        if (this.#timer === undefined) this.#lookAfter(lookAgainMs);
      });
    });
  }

  async #decide(): Promise<void> {
    const { leadership, keys, clock, log, absentMsMax = absentMsDefault, limits = defaultPlacementLimits } = this.options;
    if (!leadership.isHeld() || !this.#inventory.isKnown) return;
    const inventory = this.#inventory.current;
    for (const trouble of inventory.troubles) if (!this.#told.has(trouble)) log(trouble);
    this.#told = new Set(inventory.troubles);
    this.#noteAbsent(inventory);
    const now = clock.monotonicMs();
    const loads = nodeLoads(inventory, (id) => now - (this.#absentSince.get(id) ?? now), absentMsMax);
    const calmInMs = calmMs - this.#unchangedFor(inventory);
    if (calmInMs > 0) this.#lookAfter(calmInMs);
    const patient: PlacementLimits = calmInMs > 0 ? { ...limits, spreads: 'none' } : limits;
    const changes = planPlacement(loads, inventory.databases.map(copiesOf), inventory.isRebalancing ? { ...limits, ...rebalancingLimits } : patient);
    for (const database of inventory.databases) {
      const change = changes.find((candidate) => candidate.database === database.id);
      await this.#write(database, change, inventory);
      await this.#forgetFulfilled(database, inventory);
    }
    if (inventory.isRebalancing && changes.length === 0 && inventory.databases.every(isSettled)) {
      await this.#transact(
        [{ kind: 'present', key: keys.rebalance }],
        { kind: 'delete', key: keys.rebalance },
        'loads are as even as they can be',
        'rebalancing',
      );
    }
  }

  /** In milliseconds. */
  #unchangedFor({ nodes, databases }: Inventory): number {
    const now = this.options.clock.monotonicMs();
    const state = JSON.stringify([
      [...nodes.values()].map((node) => [node.id, node.incarnation, node.state]),
      databases.map(({ id, configuration: { isr, replicas } }) => [id, [...isr].sort(), [...replicas].sort()]),
    ]);
    if (state !== this.#unchanged.state) this.#unchanged = { state, sinceMs: now };
    return now - this.#unchanged.sinceMs;
  }

  #noteAbsent({ nodes, databases }: Inventory): void {
    const now = this.options.clock.monotonicMs();
    const used = new Set(databases.flatMap(({ configuration: { replicas, isr } }) => [...replicas, ...isr]));
    for (const id of this.#absentSince.keys()) if (nodes.has(id) || !used.has(id)) this.#absentSince.delete(id);
    for (const id of used) if (!nodes.has(id) && !this.#absentSince.has(id)) this.#absentSince.set(id, now);
  }

  async #write(database: PlacedDatabase, change: PlacementChange | undefined, inventory: Inventory): Promise<void> {
    const { id, name, configuration, entry } = database;
    const replicas = change === undefined ? configuration.replicas : inOrder(change, configuration);
    const minIsr = nextMinIsr(configuration, copiesReckoned(database, inventory, replicas.length));
    const next: Configuration = { ...configuration, replicas, minIsr, home: change?.home ?? configuration.home };
    if (formatConfiguration(next) === formatConfiguration(configuration)) return;
    // (A key that has changed meanwhile is left alone: the change brings the next look.)
    const told = change === undefined ? `a commit wants ${String(next.minIsr)} copies` : `${replicas.join(', ')} (${change.reason})`;
    await this.#transact(
      [{ kind: 'mod-revision', key: entry.key, revision: entry.modRevision }],
      { kind: 'put', key: entry.key, value: formatConfiguration(next) },
      told,
      `placement of database ${name} (${id})`,
    );
  }

  /** A move that has come to its end, and a preference for a node that keeps no copy. */
  async #forgetFulfilled({ id, name, wish, wishEntry, configuration: { replicas, primary } }: PlacedDatabase, { nodes, drains }: Inventory): Promise<void> {
    const { keys } = this.options;
    const { copy, primary: preferred } = wish;
    const isMoved = copy !== undefined && !replicas.includes(copy.from) && primary !== copy.from;
    const isLeft = (node: string): boolean => drains.has(node) || (isMoved && copy.from === node) || (!nodes.has(node) && !replicas.includes(node));
    const isPointless = preferred !== undefined && isLeft(preferred);
    if (!isMoved && !isPointless) return;
    const text = writeOperatorWish({
      ...(copy === undefined || isMoved ? {} : { copy }),
      ...(preferred === undefined || isPointless ? {} : { primary: preferred }),
    });
    const key = keys.wish(id);
    if (wishEntry === undefined) return;
    await this.#transact(
      [{ kind: 'mod-revision', key, revision: wishEntry.modRevision }],
      text === undefined ? { kind: 'delete', key } : { kind: 'put', key, value: text },
      isMoved ? `the move from ${copy.from} to ${copy.to} is done` : `${preferred ?? ''} is no longer to be primary: it keeps no copy`,
      `placement of database ${name} (${id})`,
    );
  }

  async #transact(when: readonly Compare[], then: Operation, told: string, what: string): Promise<void> {
    const { store, leadership, log } = this.options;
    try {
      const { succeeded } = await store.transact({ when: [leadership.guard, ...when], then: [then] });
      if (succeeded) log(`${what}: ${told}`);
    } catch (error) {
      log(`${what} could not be written: ${messageOf(error)}`);
    }
  }
}

/** The wanted primary first. */
function inOrder({ wanted, wantedPrimary }: PlacementChange, { primary }: Configuration): readonly string[] {
  const first = wantedPrimary ?? primary;
  return [...wanted.filter((id) => id === first), ...wanted.filter((id) => id !== first)];
}

/** Raised only once so many are in sync that nobody has to wait for it. */
function nextMinIsr({ isr, minIsr }: Configuration, copies: number): number {
  const wanted = defaultMinIsr(copies);
  return isr.length >= wanted ? wanted : Math.min(minIsr, wanted);
}

function isSettled({ configuration: { primary, replicas, isr } }: PlacedDatabase): boolean {
  return replicas[0] === primary && replicas.length === isr.length && replicas.every((id) => isr.includes(id));
}
