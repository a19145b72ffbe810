/**
 * Demand through the coordination store, for nodes of a cluster: each has a key under its own lease, so that no scaler needs an address, whoever leads next knows it already, and
 * a node that dies takes its demand with it. `StoreDemandReporter` is the node's end (cli/compose.ts), `followStoreDemand` the scaler's (cli/scaler.ts).
 */
import type { Clock, Timer } from '../../common/clock.js';
import type { CoordinationStore, Entry, Lease } from '../coordination/store.js';
import { messageOf } from '../coordination/store-client.js';
import type { ClusterKeys } from '../membership/cluster-keys.js';
import type { QueryDemand } from './demand.js';
import type { DemandReport, DemandReporter } from './demand-reporter.js';
import { numberOf, objectOf } from './json.js';

export interface StoreDemandReporterOptions {
  readonly store: CoordinationStore;
  readonly keys: ClusterKeys;
  /** The node's id. */
  readonly node: string;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

const leaseMs = 5000;
const againMs = 500;

export class StoreDemandReporter implements DemandReporter {
  #current: QueryDemand | undefined;
  #peak = 0;
  #changed = false;
  #busy: Promise<void> | undefined;
  #lease: Lease | undefined;
  #again: Timer | undefined;
  #troubled = false;
  #closed = false;

  constructor(private readonly options: StoreDemandReporterOptions) {}

  report(demand: QueryDemand | undefined): void {
    this.#current = demand;
    this.#peak = Math.max(this.#peak, demand?.nodes ?? 0);
    this.#changed = true;
    this.#start();
  }

  #start(): void {
    this.#again?.cancel();
    this.#busy ??= this.#write().finally(() => {
      this.#busy = undefined;
    });
  }

  /** One write at a time; what changes meanwhile goes with the next. */
  async #write(): Promise<void> {
    const { store, keys, node, clock, log } = this.options;
    while (this.#changed) {
      this.#changed = false;
      const peak = this.#peak;
      const demand = this.#current;
      this.#peak = demand?.nodes ?? 0;
      try {
        const lease = await this.#held();
        const value = { nodes: demand?.nodes ?? 0, peak, bytesUnderQuery: demand?.bytesUnderQuery ?? 0, queryScaleFactor: demand?.queryScaleFactor ?? 0 };
        await store.put(keys.demandOf(node), JSON.stringify(value), lease.id);
        this.#troubled = false;
      } catch (error) {
        if (!this.#troubled) log(`the scaler does not hear of demand: ${messageOf(error)}`);
        this.#troubled = true;
        this.#peak = Math.max(this.#peak, peak);
        this.#changed = true;
        if (this.#closed) return;
        this.#again = clock.after(againMs, () => {
          this.#start();
        });
        return;
      }
    }
  }

  async #held(): Promise<Lease> {
    if (this.#lease !== undefined && this.#lease.remainingMs() > 0) return this.#lease;
    const lease = await this.options.store.grantLease(leaseMs);
    this.#lease = lease;
    // What was under a lost lease is said again.
    void lease.lost.then((loss) => {
      if (loss === 'revoked' || this.#lease !== lease) return;
      this.#lease = undefined;
      if (this.#current !== undefined && !this.#closed) this.report(this.#current);
    });
    return lease;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#again?.cancel();
    await this.#busy;
    await this.#lease?.revoke().catch(() => undefined); // It ends by itself.
  }
}

/** Longer than anything runs: the key's lease says when the demand ends. */
const untilTakenBackMs = 1e12;

function reportOf(source: string, { value }: Entry): DemandReport | undefined {
  let body: ReturnType<typeof objectOf>;
  try {
    body = objectOf(JSON.parse(value));
  } catch {
    return undefined;
  }
  const nodes = numberOf(body?.['nodes']);
  if (nodes === undefined || nodes < 0) return undefined;
  return { source, nodes, peak: Math.max(nodes, numberOf(body?.['peak']) ?? 0), lifetimeMs: untilTakenBackMs };
}

/** Hands every node's demand on, until the result is called. */
export function followStoreDemand(store: CoordinationStore, keys: ClusterKeys, report: (report: DemandReport) => void): () => void {
  const known = new Set<string>();
  const heard = (entry: Entry, isNews: boolean): void => {
    const source = entry.key.slice(keys.demand.length);
    const told = reportOf(source, entry);
    if (told === undefined) return;
    known.add(source);
    // (A peak that stands in the store may be long over.)
    report(isNews ? told : { ...told, peak: told.nodes });
  };
  const gone = (source: string): void => {
    if (known.delete(source)) report({ source, nodes: 0, peak: 0, lifetimeMs: 0 });
  };
  const watch = store.watch(keys.demand, {
    state: (entries) => {
      const there = new Set(entries.map(({ key }) => key.slice(keys.demand.length)));
      for (const source of [...known]) if (!there.has(source)) gone(source);
      for (const entry of entries) heard(entry, false);
    },
    changes: (changes) => {
      for (const change of changes) {
        if (change.kind === 'put') heard(change.entry, true);
        else gone(change.key.slice(keys.demand.length));
      }
    },
  });
  return () => {
    watch.cancel();
  };
}
