/**
 * What the leader does about placement: looks at nodes, databases and drains in the coordination store whenever something has changed, and brings what planPlacement decides into the
 * databases' keys, where their primaries see it (replication/configuration: `replicas`, the wanted primary first). Made by cli/compose-cluster.ts for each leadership; ends with it.
 *
 * It keeps nothing of its own but since when nodes are away, so another leader goes on where this one stopped. Every write is guarded by the leadership and by the key's revision.
 */
import type { Clock, Timer } from '../../common/clock.js';
import { PrefixMirror } from '../coordination/prefix-mirror.js';
import type { CoordinationStore, Entry } from '../coordination/store.js';
import { messageOf } from '../coordination/store-client.js';
import type { ClusterKeys } from '../membership/cluster-keys.js';
import type { Leadership } from '../membership/leader-election.js';
import { type NodeRecord, readNodeRecord } from '../membership/node-record.js';
import { type Configuration, defaultMinIsr, formatConfiguration, parseConfiguration } from '../replication/configuration.js';
import { readDatabaseFacts } from './database-facts.js';
import { type DatabaseCopies, defaultPlacementLimits, type NodeLoad, type PlacementChange, type PlacementLimits, planPlacement } from './plan-placement.js';

export interface PlacementControllerOptions {
  readonly store: CoordinationStore;
  readonly keys: ClusterKeys;
  readonly clock: Clock;
  readonly leadership: Leadership;
  /** shoal.replication_factor of databases that have none of their own, now. */
  readonly replicationFactor: () => number;
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

interface KnownDatabase {
  readonly entry: Entry;
  readonly configuration: Configuration;
  readonly copies: DatabaseCopies;
}

export class PlacementController {
  readonly #nodes: PrefixMirror;
  readonly #databases: PrefixMirror;
  readonly #facts: PrefixMirror;
  readonly #drains: PrefixMirror;
  /** Nodes without a record, and since when. */
  readonly #absentSince = new Map<string, number>();
  #timer: Timer | undefined;
  #deciding: Promise<void> | undefined;
  #isOver = false;

  constructor(private readonly options: PlacementControllerOptions) {
    const { store, keys, leadership } = options;
    const changed = (): void => {
      this.#lookAfter(gatherMs);
    };
    this.#nodes = new PrefixMirror(store, keys.nodes, changed);
    this.#databases = new PrefixMirror(store, keys.databases, changed);
    this.#facts = new PrefixMirror(store, keys.facts, changed);
    this.#drains = new PrefixMirror(store, keys.drains, changed);
    leadership.ended.addEventListener('abort', () => {
      void this.close();
    });
  }

  async close(): Promise<void> {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#timer?.cancel();
      for (const mirror of this.#mirrors) mirror.close();
    }
    await this.#deciding;
  }

  get #mirrors(): readonly PrefixMirror[] {
    return [this.#nodes, this.#databases, this.#facts, this.#drains];
  }

  #lookAfter(delayMs: number): void {
    this.#timer?.cancel();
    if (this.#isOver) return;
    this.#timer = this.options.clock.after(delayMs, () => {
      this.#deciding ??= this.#decide().finally(() => {
        this.#deciding = undefined;
        this.#lookAfter(lookAgainMs);
      });
    });
  }

  async #decide(): Promise<void> {
    if (!this.options.leadership.isHeld() || this.#mirrors.some((mirror) => mirror.revision === 0n)) return;
    const databases = this.#known();
    const loads = this.#loads(databases.map(({ copies }) => copies));
    const changes = planPlacement(
      loads,
      databases.map(({ copies }) => copies),
      this.options.limits ?? defaultPlacementLimits,
    );
    for (const change of changes) {
      const known = databases.find(({ copies }) => copies.id === change.database);
      if (known !== undefined) await this.#write(change, known);
    }
  }

  /** A key that has changed meanwhile is left alone: the change brings the next look. */
  async #write(change: PlacementChange, { entry, configuration, copies }: KnownDatabase): Promise<void> {
    const { store, leadership, log } = this.options;
    const first = change.wantedPrimary ?? configuration.primary;
    const replicas = [...change.wanted.filter((id) => id === first), ...change.wanted.filter((id) => id !== first)];
    const next = { ...configuration, replicas, minIsr: defaultMinIsr(copies.factor) };
    try {
      const { succeeded } = await store.transact({
        when: [leadership.guard, { kind: 'mod-revision', key: entry.key, revision: entry.modRevision }],
        then: [{ kind: 'put', key: entry.key, value: formatConfiguration(next) }],
      });
      if (succeeded) log(`placement of database ${change.database}: ${replicas.join(', ')} (${change.reason})`);
    } catch (error) {
      log(`placement of database ${change.database} could not be written: ${messageOf(error)}`);
    }
  }

  #known(): readonly KnownDatabase[] {
    const found: KnownDatabase[] = [];
    for (const [id, entry] of this.#databases.entries) {
      let configuration: Configuration;
      try {
        configuration = parseConfiguration(entry.value);
      } catch (error) {
        this.options.log(`database ${id} is left alone: ${messageOf(error)}`);
        continue;
      }
      const { primary, isr, replicas } = configuration;
      const facts = readDatabaseFacts(this.#facts.entries.get(id)?.value ?? '');
      const [first] = replicas;
      const copies: DatabaseCopies = {
        id,
        bytes: facts?.bytes ?? 0,
        factor: facts?.replicationFactor ?? this.options.replicationFactor(),
        primary,
        inSync: isr,
        wanted: replicas,
        wantedPrimary: first === primary ? undefined : first,
      };
      found.push({ entry, configuration, copies });
    }
    return found;
  }

  /** Of the nodes that have a record, and of those that databases still count on. */
  #loads(databases: readonly DatabaseCopies[]): readonly NodeLoad[] {
    const { clock, absentMsMax = absentMsDefault } = this.options;
    const loads = new Map<string, NodeLoad>();
    for (const [id, entry] of this.#nodes.entries) {
      const record = recordIn(entry);
      if (record === undefined || !record.roles.includes('data')) continue;
      this.#absentSince.delete(id);
      const isLeaving = record.state === 'draining' || record.state === 'stopping' || this.#drains.entries.has(id);
      const { storedBytes, quotaBytes } = record;
      loads.set(id, { id, storedBytes, quotaBytes, state: isLeaving ? 'draining' : record.state === 'starting' ? 'absent' : 'present' });
    }
    const now = clock.monotonicMs();
    for (const id of new Set(databases.flatMap(({ wanted, inSync }) => [...wanted, ...inSync]))) {
      if (loads.has(id)) continue;
      const since = this.#absentSince.get(id) ?? now;
      this.#absentSince.set(id, since);
      const state = this.#drains.entries.has(id) || now - since >= absentMsMax ? 'gone' : 'absent';
      loads.set(id, { id, storedBytes: 0, quotaBytes: Infinity, state });
    }
    return [...loads.values()];
  }
}

function recordIn({ value }: Entry): NodeRecord | undefined {
  try {
    return readNodeRecord(value);
  } catch {
    return undefined;
  }
}
