/**
 * The names of a cluster (discovery/names.ts) as SkyDNS keys in the coordination store, for CoreDNS's etcd plugin: each node writes its own under its lease, so that they go
 * with it. A key is the name's labels from the right; what CoreDNS finds below a name are its records. Called by cli/compose.ts.
 */
import type { CoordinationStore, LeaseId } from '../coordination/store.js';
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

/** Keeps a node's keys as they should be. */
export class SkyDnsPublication {
  #published: ReadonlyMap<string, string> = new Map();

  constructor(
    private readonly store: CoordinationStore,
    private readonly zone: ServiceZone,
  ) {}

  /** Writes what has changed since the last time; node undefined: takes everything back. Rejects with StoreError. */
  async publish(node: ServingNode | undefined, lease: LeaseId): Promise<void> {
    const wanted = node === undefined ? new Map<string, string>() : skyDnsEntries(this.zone, node);
    for (const key of this.#published.keys()) if (!wanted.has(key)) await this.store.delete(key);
    for (const [key, value] of wanted) if (this.#published.get(key) !== value) await this.store.put(key, value, lease);
    this.#published = wanted;
  }

  /** The lease is lost, and with it all keys. */
  forget(): void {
    this.#published = new Map();
  }
}
