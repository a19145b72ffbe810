/**
 * The main threads of other nodes: what those of two nodes ask of each other over the channel about sessions (proxy/node-exchange) and databases (proxy/node-databases).
 * Made by cli/compose-channel.ts.
 */
import { serverDatabaseOid } from '../catalog/server-catalog.js';
import { PgError } from '../common/errors.js';
import { type Client, connect, serve } from '../common/rpc.js';
import type { Channel } from '../cluster/channel/channel.js';
import type { ClusterView } from '../cluster/remote/cluster-view.js';
import type { NodeReplicaService } from './node-replicas.js';
import { type CancelKey, nodeOf } from './cancel-registry.js';
import type { DatabasesPort, Notifications, SessionActivity, SessionSignal, ThreadDatabasesPort } from './session/node-port.js';

/** About one node's own sessions. */
export interface NodeSessions {
  localActivity(): Promise<readonly SessionActivity[]>;
  localSignal(request: { readonly processId: number; readonly signal: SessionSignal }): Promise<boolean>;
  deliver(request: Notifications): Promise<void>;
  /** For the sessions of all nodes: one node sends them to all, so that they come in one order. */
  publish(request: Notifications): Promise<void>;
  cancel(request: CancelKey): void;
}

/** What only one node does: that of the server's database, or the one that writes the database in question. */
export type DatabaseManagement = Omit<DatabasesPort, 'attachDatabase' | 'attachServer' | 'attachCopy' | 'copiesOf' | 'databaseReady' | 'releaseDatabase'>;

/** The services by name. */
export interface NodeServices {
  readonly sessions: NodeSessions;
  /** Of all threads of a node. */
  readonly threads: ThreadDatabasesPort;
  readonly databases: DatabaseManagement;
  readonly replicas: NodeReplicaService;
}

type Name = keyof NodeServices;

export class OtherNodes {
  readonly #clients = new Map<string, Promise<unknown>>();

  constructor(
    private readonly channel: Channel,
    private readonly view: ClusterView,
    private readonly own: { readonly node: string; readonly number: number },
  ) {}

  /** Other nodes may ask. */
  provide<N extends Name>(name: N, service: NodeServices[N]): void {
    this.channel.provide(name, ({ port }) => {
      serve(port, service);
      port.unref();
    });
  }

  /** Calls every other node; those that cannot be reached are left out. */
  async each<N extends Name, T>(name: N, call: (node: Client<NodeServices[N]>) => Promise<T>): Promise<readonly T[]> {
    const answers = await Promise.allSettled(this.view.nodes().map(async (node) => call(await this.#client(node.name, name))));
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  }

  /** A certain node. Rejects when it cannot be reached. */
  async of<N extends Name>(node: string, name: N): Promise<Client<NodeServices[N]>> {
    return await this.#client(node, name);
  }

  /** The node of a session; undefined: this one, or none that is known. */
  async ofSession(processId: number): Promise<Client<NodeSessions> | undefined> {
    const number = nodeOf(processId);
    const node = number === this.own.number ? undefined : this.view.nodes().find((other) => other.number === number);
    return node === undefined ? undefined : await this.#client(node.name, 'sessions');
  }

  /** The node of the server's database, through which goes what all nodes must learn in one order; undefined: this one. */
  async hub<N extends Name>(name: N): Promise<Client<NodeServices[N]> | undefined> {
    return await this.primary(name, serverDatabaseOid);
  }

  /** The node that writes a database; undefined: this one, or none that is known. */
  async primary<N extends Name>(name: N, database: number): Promise<Client<NodeServices[N]> | undefined> {
    const node = this.view.primaryOf(database);
    return node === undefined || node === this.own.node ? undefined : await this.#client(node, name);
  }

  async #client<N extends Name>(node: string, name: N): Promise<Client<NodeServices[N]>> {
    const key = `${name} ${node}`;
    let client = this.#clients.get(key) as Promise<Client<NodeServices[N]>> | undefined;
    if (client === undefined) {
      client = this.#connect(node, name, key);
      this.#clients.set(key, client);
      client.catch(() => this.#clients.delete(key));
    }
    return await client;
  }

  async #connect<N extends Name>(node: string, name: N, key: string): Promise<Client<NodeServices[N]>> {
    const port = await this.channel.open(node, name, undefined);
    port.on('close', () => this.#clients.delete(key));
    port.unref();
    return connect<NodeServices[N]>(port, () => new PgError('08006', `the connection to node "${node}" was lost`));
  }
}
