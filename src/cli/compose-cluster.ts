/**
 * What a node of a cluster does about databases, on the main thread: makes those of a new cluster, has its copies follow their keys, tells placement what it hosts, and decides
 * about placement while it leads. Made by cli/compose.ts from what NodePlace knows of the cluster.
 */
import { serverDatabaseOid } from '../catalog/server-catalog.js';
import type { Channel } from '../cluster/channel/channel.js';
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
/** Who changes a key at once with another looks again. */
const factsDigits = 2;

export interface ClusterDatabasesOptions {
  readonly cluster: ClusterNode;
  readonly configurations: ConfigurationMirror;
  readonly channel: Channel;
  readonly threads: StorageThreads;
  readonly dataDirectory: string;
  /** A database has another primary since this epoch began. */
  readonly moved: (oid: number, epoch: number) => void;
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
    }, measureEveryMs);
    this.#measuring.unref();
  }

  /** With the first node of a new cluster it makes the databases. */
  static async start(options: ClusterDatabasesOptions): Promise<ClusterDatabases> {
    const { cluster, configurations, channel, threads, dataDirectory, log } = options;
    const { id: node, store, keys } = cluster;
    const { primary, epoch } = await makeConfiguration(store, keys, serverDatabaseOid, node);
    // (A replica that is opened begins an epoch: in epoch 0 there has been none.)
    if (primary === node && epoch === 0) {
      const hosts = await DatabaseHosts.start(threads, dataDirectory);
      const { databases } = hosts.serverCatalog;
      await hosts.close();
      for (const { oid } of databases) await makeConfiguration(store, keys, oid, node);
    }
    await configurations.known();
    let databases: ClusterDatabases | undefined;
    const replicated = new ReplicatedDatabases({
      ...{ node, dataDirectory, threads, store, keys, channel, configurations, log },
      primaryChanged: (oid) => {
        if (databases !== undefined) databases.#tell(oid);
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

  #follow(): void {
    const { configurations, moved } = this.options;
    for (const [oid, { epoch }] of configurations.all) {
      const known = this.#epochs.get(oid);
      this.#epochs.set(oid, epoch);
      if (known !== undefined && known < epoch) moved(oid, epoch);
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
