/**
 * Where a node stands: alone, or in a cluster. Behind one face for cli/compose.ts: live settings, the node's record, the members for shoal.nodes and GET /cluster.
 */
import type { ConnectedCluster } from './connect-cluster.js';
import { serverDatabaseOid } from '../catalog/server-catalog.js';
import { secretLengthMin } from '../cluster/channel/credentials.js';
import { claimNumber, clusterIdentity, clusterSecret, makeConfiguration } from '../cluster/membership/claims.js';
import type { Leadership } from '../cluster/membership/leader-election.js';
import { ConfigurationMirror } from '../cluster/replication/node/configuration-mirror.js';
import { ClusterNode } from '../cluster/membership/cluster-node.js';
import type { NodeFacts } from '../cluster/membership/membership.js';
import type { NetworkCoordinates, NodeRecord } from '../cluster/membership/node-record.js';
import { LiveInventory } from '../cluster/placement/live-inventory.js';
import { reportDatabases } from '../cluster/placement/placement-report.js';
import { observe, origin } from '../cluster/shuffle/vivaldi.js';
import { patiently } from '../cluster/coordination/patience.js';
import { StoreError } from '../cluster/coordination/store.js';
import { nodesMax } from '../proxy/cancel-registry.js';
import { systemClock, type Timer } from '../common/clock.js';
import { PgError } from '../common/errors.js';
import type { ClusterReport } from '../http/node-control.js';
import type { Address } from './address.js';
import { CliError } from './cli-error.js';
import type { NodeChannelOptions } from './compose-channel.js';
import type { ClusterOptions } from './cluster-options.js';
import { hasDatabases, keepCluster, keptCluster, keptIdentity, machineFacts, measureStorage, nodeIdentity, reachableHost } from './node-facts.js';
import { version } from './version.js';

export interface NodePlaceOptions {
  /** undefined: alone. */
  readonly cluster: ClusterOptions | undefined;
  /** `--node-id`; undefined: what the data directory has, or a new one. */
  readonly node: string | undefined;
  /** `--advertise`: the host under which others reach this node. */
  readonly advertise: string | undefined;
  /** `--quota-mb`; undefined: what the file system has room for. */
  readonly quotaBytes: number | undefined;
}

export const alone: NodePlaceOptions = { cluster: undefined, node: undefined, advertise: undefined, quotaBytes: undefined };

export interface NodePlaceEvents {
  /** Live settings have changed. */
  configurationChanged(): void;
  /** Databases, or where they are, have changed, or something else in the store. */
  inventoryChanged(): void;
  /** An operator wants this node to be empty, or (false) no longer. */
  drainChanged(isDrained: boolean): void;
  /** This node leads the cluster from now on, until the leadership ends. */
  elected(leadership: Leadership): void;
  /** Another process is this node now: this one has to end. */
  replaced(): void;
  log(line: string): void;
}

const measureEveryMs = 30_000;

export class NodePlace {
  #facts: NodeRecord | undefined;
  #measuring: Timer | undefined;
  #isOver = false;
  /** Where this node is among the others, by what round trips take. */
  #coordinates = origin;
  #number: number | undefined;

  private constructor(
    readonly id: string,
    private readonly directory: string,
    private readonly options: NodePlaceOptions,
    private readonly events: NodePlaceEvents,
    private readonly connected: ConnectedCluster | undefined,
    /** undefined: alone. */
    readonly cluster: ClusterNode | undefined,
    /** Of the cluster. */
    readonly inventory: LiveInventory | undefined,
    /** Who is primary of what; undefined: alone. */
    readonly configurations: ConfigurationMirror | undefined,
  ) {}

  /** In a cluster: resolves when its configuration and members are known. CliError when that cannot be. */
  static async open(directory: string, options: NodePlaceOptions, events: NodePlaceEvents): Promise<NodePlace> {
    if (options.cluster === undefined)
      return new NodePlace(options.node ?? keptIdentity(directory) ?? 'local', directory, options, events, undefined, undefined, undefined, undefined);
    const id = nodeIdentity(directory, options.node);
    const log = (line: string): void => {
      events.log(`cluster: ${line}`);
    };
    const { connectCluster } = await import('./connect-cluster.js');
    const connected = await connectCluster(options.cluster, log);
    const cluster = new ClusterNode({
      ...{ store: connected.store, cluster: connected.cluster, node: id, clock: systemClock, log },
      configurationChanged: () => {
        events.configurationChanged();
      },
      elected: (leadership) => {
        events.elected(leadership);
      },
      replaced: () => {
        events.replaced();
      },
    });
    const inventory = new LiveInventory(connected.store, cluster.keys, () => {
      events.inventoryChanged();
      const isDrained = inventory.current.drains.has(id);
      if (isDrained === wasDrained) return;
      wasDrained = isDrained;
      events.drainChanged(isDrained);
    });
    let wasDrained = false;
    const configurations = new ConfigurationMirror(cluster.store, cluster.keys, log);
    await Promise.all([cluster.known(), inventory.known(), configurations.known()]);
    return new NodePlace(id, directory, options, events, connected, cluster, inventory, configurations);
  }

  /**
   * How this node and the others of its cluster find each other, and each other's databases; undefined: alone. CliError when this node has databases that are not the
   * cluster's, which nobody would see.
   */
  async channelOptions(listen: Address): Promise<NodeChannelOptions | undefined> {
    const { cluster, configurations, id } = this;
    if (cluster === undefined || configurations === undefined) return undefined;
    const { store, keys } = cluster;
    this.#number = await patiently(systemClock, async () => await claimNumber(store, keys, id, nodesMax, (line) => this.events.log(`cluster: ${line}`)));
    const { SHOAL_CLUSTER_SECRET: given } = process.env;
    if (given !== undefined && given.length < secretLengthMin)
      throw new CliError(`SHOAL_CLUSTER_SECRET must have at least ${String(secretLengthMin)} characters`, 'for example what `openssl rand -hex 32` prints');
    const secret = given ?? (await patiently(systemClock, async () => await clusterSecret(store, keys)));
    await this.#settleDirectory(cluster);
    return {
      name: keys.cluster,
      node: id,
      number: this.#number,
      listen,
      credentials: { kind: 'secret', secret },
      view: {
        nodes: () =>
          cluster.members.flatMap((member) =>
            member.id === id || member.channel === undefined || member.number === undefined
              ? []
              : [{ name: member.id, number: member.number, address: member.channel }],
          ),
        primaryOf: (database) => configurations.get(database)?.primary,
        copiesOf: (database) => {
          const { isr = [], primary } = configurations.get(database) ?? {};
          return isr.filter((member) => member !== primary);
        },
      },
      roundTrip: (other, milliseconds) => {
        const coordinates = cluster.member(other)?.coordinates;
        this.#coordinates = observe(this.#coordinates, coordinates ?? origin, milliseconds, Math.random);
      },
    };
  }

  /** The databases of the data directory are the cluster's: the first node's own become so. */
  async #settleDirectory({ store, keys }: ClusterNode): Promise<void> {
    const { directory, id } = this;
    const identity = await patiently(systemClock, async () => await clusterIdentity(store, keys));
    const { primary, epoch } = await patiently(systemClock, async () => await makeConfiguration(store, keys, serverDatabaseOid, id));
    const makes = primary === id && epoch === 0;
    if (!makes && keptCluster(directory) !== identity && hasDatabases(directory)) {
      throw new CliError(
        `the data directory "${directory}" has databases of its own, which cluster "${keys.cluster}" of node "${primary}" does not know`,
        'name an empty directory with --data-dir',
      );
    }
    keepCluster(directory, identity);
    if (makes) this.events.log('cluster: this node makes the databases');
  }

  /** Settings of the cluster for this node. */
  get settings(): ReadonlyMap<string, string> {
    return this.cluster?.settings ?? new Map<string, string>();
  }

  /** ALTER SYSTEM in a cluster, for all nodes; false: alone, it is the node's own business. PgError when the store does not take it. */
  async keepSetting(name: string | undefined, value: string | undefined): Promise<boolean> {
    if (this.cluster === undefined) return false;
    try {
      await this.cluster.keepSetting(name, value);
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      if (error.kind === 'unknown-outcome') throw new PgError('40003', `it is not known whether the cluster has taken the setting: ${error.message}`);
      throw new PgError('58000', `the cluster's coordination store has not taken the setting: ${error.message}`);
    }
    return true;
  }

  /** The node takes clients at these addresses: it is a member from now on. */
  async arrive(postgres: Address, http: Address, channel: Address | undefined): Promise<void> {
    const advertised = ({ host, port }: Address): Address => ({ host: this.options.advertise ?? reachableHost(host), port });
    const facts: Omit<NodeFacts, 'id'> = {
      ...machineFacts(version(), advertised(postgres), advertised(http)),
      ...(await measureStorage(this.directory, this.options.quotaBytes)),
      state: 'serving',
      ...(channel === undefined ? {} : { channel: advertised(channel) }),
      ...(this.#number === undefined ? {} : { number: this.#number }),
    };
    this.#facts = { ...facts, id: this.id, incarnation: 1 };
    const { cluster } = this;
    if (cluster !== undefined) await patiently(systemClock, async () => await cluster.join(facts));
    this.#measureLater();
  }

  /** Draining: the members know, and another leads. */
  setState(state: NodeRecord['state']): void {
    if (this.#facts === undefined || this.#facts.state === state) return;
    this.#update({ state });
    if (state === 'serving') this.cluster?.stand();
    else void this.cluster?.resign();
  }

  /** Of a node alone: itself. */
  members(): readonly { readonly record: NodeRecord; readonly isLeader: boolean; readonly isSelf: boolean }[] {
    const records = this.cluster?.members ?? (this.#facts === undefined ? [] : [this.#facts]);
    const leader = this.cluster === undefined ? this.id : this.cluster.leader;
    return records.map((record) => ({ record, isLeader: record.id === leader, isSelf: record.id === this.id }));
  }

  report(): ClusterReport {
    return {
      node: this.id,
      cluster: this.connected?.cluster,
      store: this.connected?.url,
      leader: this.cluster === undefined ? this.id : this.cluster.leader,
      members: this.members().map(({ record }) => record),
      databases: this.inventory === undefined ? [] : reportDatabases(this.inventory.current),
    };
  }

  /** The others hear of it at once. */
  async leave(): Promise<void> {
    this.#isOver = true;
    this.#measuring?.cancel();
    this.inventory?.close();
    await this.cluster?.leave();
  }

  async close(): Promise<void> {
    this.configurations?.close();
    await this.connected?.store.close();
  }

  #update(changes: Partial<Omit<NodeFacts, 'id'>>): void {
    if (this.#facts === undefined) return;
    this.#facts = { ...this.#facts, ...changes };
    this.cluster?.update(changes);
  }

  #measureLater(): void {
    if (this.#isOver) return;
    this.#measuring = systemClock.after(measureEveryMs, () => {
      measureStorage(this.directory, this.options.quotaBytes)
        .then((measured) => {
          this.#update({ ...measured, ...(this.cluster === undefined ? {} : { coordinates: rounded(this.#coordinates) }) });
        })
        .catch((error: unknown) => {
          this.events.log(`the data directory cannot be measured: ${String(error)}`);
        })
        .finally(() => {
          this.#measureLater();
        });
    });
  }
}

/** As the record has them: a thousandth of a millisecond is nothing. */
function rounded({ position, height, error }: NetworkCoordinates): NetworkCoordinates {
  const round = (value: number): number => Math.round(value * 1000) / 1000;
  return { position: position.map(round), height: round(height), error: round(error) };
}
