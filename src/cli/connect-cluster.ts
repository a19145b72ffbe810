/** From the options of the command line to the coordination store of a cluster. Imported on demand by cli/compose.ts and cli/cluster.ts: gRPC takes its time to load. */
import { EtcdBackend } from '../cluster/coordination/etcd/etcd-backend.js';
import { parseEtcdAddress } from '../cluster/coordination/etcd/etcd-options.js';
import { nodePatienceMs, patiently } from '../cluster/coordination/patience.js';
import { type CoordinationStore, StoreError } from '../cluster/coordination/store.js';
import { connectStore } from '../cluster/coordination/store-client.js';
import { systemClock } from '../common/clock.js';
import type { ReplicaRow } from '../catalog/pg-catalog/replication-view.js';
import type { NodeRecord } from '../cluster/membership/node-record.js';
import type { ClusterReport } from '../http/node-control.js';
import { type Address, formatAddress } from './address.js';
import { CliError } from './cli-error.js';
import { type ClusterOptions, defaultClusterName } from './cluster-options.js';

export interface ConnectedCluster {
  readonly store: CoordinationStore;
  readonly cluster: string;
  /** etcd://HOST:PORT,... for those who join through us. */
  readonly url: string;
}

const askMs = 5000;

/** What a member tells about its cluster. */
export async function askMember(address: Address): Promise<ClusterReport> {
  const url = `http://${formatAddress(address)}/cluster`;
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(askMs) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return (await response.json()) as ClusterReport;
  } catch (error) {
    const { cause, message } = error as Error;
    throw new CliError(
      `no member of a cluster answers at ${formatAddress(address)}: ${cause instanceof Error ? cause.message : message}`,
      'name the address of its --http',
    );
  }
}

/** How far behind the copies of databases are, from whichever member tells first; none: nobody does. */
export async function askReplicas(members: readonly NodeRecord[]): Promise<readonly ReplicaRow[]> {
  const asked = members.map(async ({ http }) => {
    const response = await fetch(`http://${formatAddress(http)}/replicas`, { signal: AbortSignal.timeout(askMs) });
    if (!response.ok) throw new Error(`HTTP ${response.status}`);
    return ((await response.json()) as { readonly replicas: readonly ReplicaRow[] }).replicas;
  });
  return await Promise.any(asked).catch(() => []);
}

/** Resolves when the store has answered; waits for it for so long. CliError otherwise. */
export async function connectCluster(
  { location, name, credentials }: ClusterOptions,
  log: (line: string) => void,
  patienceMs = nodePatienceMs,
): Promise<ConnectedCluster> {
  let url: string;
  let cluster = name ?? defaultClusterName;
  if (location.kind === 'store') url = location.url;
  else {
    const report = await askMember(location.address);
    if (report.store === undefined || report.cluster === undefined) {
      throw new CliError(`the server at ${formatAddress(location.address)} is not in a cluster`, 'start it with --cluster etcd://HOST:2379');
    }
    url = report.store;
    cluster = name ?? report.cluster;
  }
  const { tls, user } = credentials;
  let endpoints: readonly string[];
  try {
    endpoints = parseEtcdAddress(url);
  } catch (error) {
    throw new CliError((error as Error).message, undefined, 2);
  }
  const backend = new EtcdBackend({
    endpoints,
    log,
    ...(tls === undefined ? {} : { tls: { ca: tls.ca, ...(tls.client === undefined ? {} : { client: tls.client }) } }),
    ...(user === undefined ? {} : { user }),
  });
  const store = connectStore(backend, { clock: systemClock, log });
  try {
    await firstAnswer(store, backend.description, patienceMs);
  } catch (error) {
    await store.close();
    throw error;
  }
  return { store, cluster, url };
}

/** An etcd that does not answer is waited for: it may be starting too. */
async function firstAnswer(store: CoordinationStore, description: string, patienceMs: number): Promise<void> {
  try {
    await patiently(systemClock, async () => await store.get('/shoal/'), patienceMs);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.kind !== 'unauthenticated') throw new CliError(`cannot use ${description}: ${error.message}`);
    // Whoever may not read this key is let in all the same: what matters is below it.
    if (!/permission denied/i.test(error.message))
      throw new CliError(`${description} does not let us in: ${error.message}`, 'see --etcd-user and SHOAL_ETCD_PASSWORD');
  }
}
