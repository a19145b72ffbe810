/**
 * What a node of a cluster does about databases, on the main thread: makes those of a new cluster, has its copies follow their keys, tells placement what it hosts, and decides
 * about placement while it leads. Made by cli/compose.ts from what NodePlace knows of the cluster.
 */
import { type DatabaseEntry, serverDatabaseOid } from '../catalog/server-catalog.js';
import type { Channel } from '../cluster/channel/channel.js';
import { patiently } from '../cluster/coordination/patience.js';
import { messageOf } from '../cluster/coordination/store-client.js';
import { makeConfiguration } from '../cluster/membership/claims.js';
import type { ClusterNode } from '../cluster/membership/cluster-node.js';
import type { Leadership } from '../cluster/membership/leader-election.js';
import { writeDatabaseFacts } from '../cluster/placement/database-facts.js';
import { PlacementController } from '../cluster/placement/placement-controller.js';
import { replicationFactorSetting, validReplicationFactor } from '../cluster/placement/replication-factor.js';
import type { ConfigurationMirror } from '../cluster/replication/node/configuration-mirror.js';
import { ReplicatedDatabases } from '../cluster/replication/node/replicated-databases.js';
import { systemClock } from '../common/clock.js';
import { DatabaseHosts } from '../storage/database-hosts.js';
import type { StorageThreads } from '../storage/storage-threads.js';
import { directoryBytes } from './node-facts.js';

/** How often databases are measured for placement. */
const measureEveryMs = 30_000;
/** So many digits of a database's size are told: small changes are not news. */
const factsDigits = 2;

export interface ClusterDatabasesOptions {
  readonly cluster: ClusterNode;
  readonly configurations: ConfigurationMirror;
  readonly channel: Channel;
  readonly threads: StorageThreads;
  readonly dataDirectory: string;
  /** A database has another primary since this epoch began. */
  readonly moved: (oid: number, epoch: number) => void;
  /** Brings to the server's database what a database of this node may have for it (docs/adr/0007). */
  readonly deliver: (entry: DatabaseEntry) => Promise<unknown>;
  /** Removes keys of databases that are in no list (proxy/unlisted-databases). */
  readonly tidy: () => Promise<void>;
  readonly log: (line: string) => void;
}

export class ClusterDatabases {
  readonly #epochs = new Map<number, number>();
  readonly #told = new Map<number, string>();
  readonly #measuring: NodeJS.Timeout;

  private constructor(
    private readonly options: ClusterDatabasesOptions,
    readonly replicated: ReplicatedDatabases,
  ) {
    options.configurations.onChange(() => {
      this.#follow();
    });
    this.#measuring = setInterval(() => {
      this.#tellAll();
      this.#tidy();
    }, measureEveryMs);
    this.#measuring.unref();
  }

  /** With the first node of a new cluster it makes the databases. */
  static async start(options: ClusterDatabasesOptions): Promise<ClusterDatabases> {
    const { cluster, configurations, channel, threads, dataDirectory, log } = options;
    const { id: node, store, keys } = cluster;
    const { primary, epoch } = await patiently(systemClock, async () => await makeConfiguration(store, keys, serverDatabaseOid, node));
    // (A replica that is opened begins an epoch: in epoch 0 there has been none.)
    if (primary === node && epoch === 0) {
      const hosts = await DatabaseHosts.start(threads, dataDirectory);
      const { databases } = hosts.serverCatalog;
      await hosts.close();
      for (const { oid } of databases) await patiently(systemClock, async () => await makeConfiguration(store, keys, oid, node));
    }
    await configurations.known();
    let databases: ClusterDatabases | undefined;
    const replicated = new ReplicatedDatabases({
      ...{ node, dataDirectory, threads, store, keys, channel, configurations, log },
      primaryChanged: (oid) => {
        databases?.changed(oid);
      },
      listChanged: () => {
        if (databases !== undefined) databases.#tellAll();
      },
    });
    return (databases = new ClusterDatabases(options, replicated));
  }

  async close(): Promise<void> {
    clearInterval(this.#measuring);
    await this.replicated.close();
  }

  /** This node writes a database, or does not any more. */
  private changed(oid: number): void {
    this.#tell(oid);
    this.#deliver(oid);
    if (oid === serverDatabaseOid) this.#tidy();
  }

  /** Whoever writes the list. What goes wrong is tried again with the next look. */
  #tidy(): void {
    if (this.replicated.written.some(({ oid }) => oid === serverDatabaseOid)) this.options.tidy().catch(() => undefined);
  }

  /** What a primary that is gone has left between two commits. */
  #deliver(oid: number): void {
    const entry = this.replicated.entries?.find((one) => one.oid === oid);
    if (entry === undefined || !this.replicated.written.some((one) => one.oid === oid)) return;
    this.options.deliver(entry).catch((error: unknown) => {
      this.options.log(`what database "${entry.name}" has for the server's is not delivered: ${messageOf(error)}`);
    });
  }

  #follow(): void {
    const { configurations, moved } = this.options;
    for (const [oid, { epoch }] of configurations.all) {
      const known = this.#epochs.get(oid);
      this.#epochs.set(oid, epoch);
      if (known === undefined || known >= epoch) continue;
      moved(oid, epoch);
      if (oid === serverDatabaseOid) for (const { oid: written } of this.replicated.written) this.#deliver(written);
    }
  }

  #tellAll(): void {
    for (const { oid } of this.replicated.written) this.#tell(oid);
  }

  /** Writes a database's facts if they have changed in a way that matters. */
  #tell(oid: number): void {
    const written = this.replicated.written.find((one) => one.oid === oid);
    if (written === undefined) {
      this.#told.delete(oid);
      return;
    }
    const { cluster, log } = this.options;
    const tell = async (): Promise<void> => {
      const bytes = Number((await directoryBytes(written.directory)).toPrecision(factsDigits));
      const replicationFactor = validReplicationFactor(this.replicated.databaseSetting(oid, replicationFactorSetting) ?? '');
      const text = writeDatabaseFacts({
        name: this.replicated.entries?.find((entry) => entry.oid === oid)?.name ?? written.name,
        bytes,
        ...(replicationFactor === undefined ? {} : { replicationFactor }),
      });
      if (this.#told.get(oid) === text) return;
      await cluster.store.put(cluster.keys.databaseFacts(oid), text);
      this.#told.set(oid, text);
    };
    tell().catch((error: unknown) => {
      log(`the size of database "${written.name}" could not be told: ${messageOf(error)}`);
    });
  }
}

/** Decides about placement until the leadership ends. */
export function leadPlacement({ store, keys }: ClusterNode, leadership: Leadership, log: (line: string) => void): PlacementController {
  return new PlacementController({ store, keys, leadership, clock: systemClock, log });
}
