/**
 * The names of a cluster (discovery/names.ts) as SkyDNS keys in the coordination store, for CoreDNS's etcd plugin: each node writes its own under a lease, so that they go
 * with it, and takes them back while it is not healthy. A key is the name's labels from the right; what CoreDNS finds below a name are its records. Called by cli/compose.ts.
 */
import type { Clock, Timer } from '../../common/clock.js';
import { type CoordinationStore, type Lease, StoreError } from '../coordination/store.js';
import { messageOf } from '../coordination/store-client.js';
import { canonicalName, isLabel, type ServiceZone, type ServingNode } from './names.js';

/** As CoreDNS reads it. Of keys below one name only those of the shortest ones' group count, so databases do not show among nodes. */
interface SkyDnsRecord {
  readonly host: string;
  readonly port: number;
  readonly priority: number;
  readonly weight: number;
  /** Seconds; 0 would mean five minutes. */
  readonly ttl: number;
  readonly group: 'nodes' | 'databases';
}

const root = '/skydns';

/** `/skydns/example/cluster/service/shoal` for the service `shoal` of `cluster.example`. */
export function skyDnsKey(name: string): string {
  return `${root}/${canonicalName(name).split('.').reverse().join('/')}`;
}

/** Key and value of everything that a node says. */
export function skyDnsEntries(zone: ServiceZone, node: ServingNode): ReadonlyMap<string, string> {
  const service = `${zone.service}.service.${zone.domain}`;
  // (A name with dots would be several labels.)
  const label = node.name.toLowerCase().replaceAll('.', '-');
  const record = (group: SkyDnsRecord['group']): string =>
    JSON.stringify({ host: node.host, port: node.port, priority: 1, weight: 1, ttl: 1, group } satisfies SkyDnsRecord);
  const entries = new Map([[skyDnsKey(`${label}.${service}`), record('nodes')]]);
  for (const database of node.databases) if (isLabel(database)) entries.set(skyDnsKey(`${label}.${database}.${service}`), record('databases'));
  return entries;
}

/** Between two attempts. */
const againMs = 500;
/** As a member's record (membership/membership.ts): a node that has died is not found any longer. */
const leaseMs = 10_000;

export interface SkyDnsPublicationOptions {
  readonly store: CoordinationStore;
  readonly zone: ServiceZone;
  readonly clock: Clock;
  readonly log: (line: string) => void;
}

/** Keeps a node's keys as they should be, under a lease of their own, for as long as it takes. */
export class SkyDnsPublication {
  #wanted: ReadonlyMap<string, string> = new Map();
  /** Under #lease. */
  #published: ReadonlyMap<string, string> = new Map();
  #lease: Lease | undefined;
  #publishing: Promise<void> | undefined;
  #again: Timer | undefined;
  #isTroubled = false;
  #isClosed = false;

  constructor(private readonly options: SkyDnsPublicationOptions) {}

  /** What is to be found from now on; undefined: nothing of this node. */
  say(node: ServingNode | undefined): void {
    this.#wanted = node === undefined ? new Map() : skyDnsEntries(this.options.zone, node);
    this.#publishSoon();
  }

  /** Takes everything back. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#again?.cancel();
    await this.#publishing;
    // (If the store cannot be reached, the keys end with the lease's time.)
    await this.#lease?.revoke().catch(() => undefined);
  }

  get #isBehind(): boolean {
    const [wanted, published] = [this.#wanted, this.#published];
    return wanted.size !== published.size || [...wanted].some(([key, value]) => published.get(key) !== value);
  }

  #publishSoon(): void {
    if (this.#isClosed || this.#publishing !== undefined || !this.#isBehind) return;
    this.#again?.cancel();
    this.#publishing = this.#publish().then(
      () => {
        this.#isTroubled = false;
        this.#publishing = undefined;
        this.#publishSoon();
      },
      (error: unknown) => {
        this.#publishing = undefined;
        if (error instanceof StoreError && error.kind === 'lease-not-found') this.#forget();
        if (!this.#isTroubled) this.options.log(`the keys for DNS could not be written: ${messageOf(error)}`);
        this.#isTroubled = true;
        this.#again = this.options.clock.after(againMs, () => {
          this.#publishSoon();
        });
      },
    );
  }

  async #publish(): Promise<void> {
    const { store } = this.options;
    if (this.#lease === undefined) this.#hold(await store.grantLease(leaseMs));
    const lease = this.#lease;
    if (lease === undefined) return;
    const wanted = this.#wanted;
    for (const key of this.#published.keys()) if (!wanted.has(key)) await store.delete(key);
    for (const [key, value] of wanted) if (this.#published.get(key) !== value) await store.put(key, value, lease.id);
    if (this.#lease === lease) this.#published = wanted;
  }

  #hold(lease: Lease): void {
    this.#lease = lease;
    void lease.lost.then(() => {
      if (this.#lease !== lease) return;
      this.#forget();
      this.#publishSoon();
    });
  }

  #forget(): void {
    this.#lease = undefined;
    this.#published = new Map();
  }
}
