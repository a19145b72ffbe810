/**
 * A node's channel on the main thread: what it provides to other nodes, and what it has of them. Called by cli/compose.ts.
 */
import { type DatabaseEntry, serverDatabaseOid } from '../catalog/server-catalog.js';
import { Channel } from '../cluster/channel/channel.js';
import type { ChannelCredentials } from '../cluster/channel/credentials.js';
import type { ClusterView } from '../cluster/remote/cluster-view.js';
import { type DatabaseServiceOptions, provideDatabases } from '../cluster/remote/database-service.js';
import { openRemote, openRemoteCopy, type RemoteCopyPorts, type RemotePorts } from '../cluster/remote/open-remote.js';
import { PgError } from '../common/errors.js';
import type { DatabasesElsewhere } from '../proxy/node-databases.js';
import { OtherNodes } from '../proxy/other-nodes.js';
import type { Address } from './address.js';
import { listenFailure } from './listen-failure.js';

export interface NodeChannelOptions {
  /** The cluster's name: nodes of another are not let in. */
  readonly name: string;
  /** This node's. */
  readonly node: string;
  /** From 0 on, unique in the cluster. */
  readonly number: number;
  /** Where the channel listens. */
  readonly listen: Address;
  readonly credentials: ChannelCredentials;
  readonly view: ClusterView;
  /** Measured at every ping, in milliseconds. */
  readonly roundTrip?: (node: string, milliseconds: number) => void;
}

/** Front ends of other nodes, times databases, that this node can serve at once. */
export const remoteFrontEndsMax = 1024;

export class NodeChannel implements DatabasesElsewhere {
  readonly otherNodes: OtherNodes;
  readonly channel: Channel;

  constructor(
    readonly options: NodeChannelOptions,
    log: (line: string) => void,
  ) {
    const { name, node, number, credentials, view, roundTrip } = options;
    this.channel = new Channel({
      node,
      cluster: name,
      credentials,
      locate: (other) => view.nodes().find((candidate) => candidate.name === other)?.address,
      compress: true,
      log,
      ...(roundTrip === undefined ? {} : { roundTrip }),
    });
    this.otherNodes = new OtherNodes(this.channel, view, { node, number });
  }

  /** Other nodes' front ends may work with this node's databases. */
  serveDatabases(options: DatabaseServiceOptions): void {
    provideDatabases(this.channel, options);
  }

  // ---- DatabasesElsewhere ----

  get nodes(): OtherNodes {
    return this.otherNodes;
  }

  isHere(entry: DatabaseEntry | undefined): boolean {
    return this.options.view.primaryOf(entry?.oid ?? serverDatabaseOid) === this.options.node;
  }

  async open(entry: DatabaseEntry | undefined): Promise<RemotePorts> {
    const node = this.options.view.primaryOf(entry?.oid ?? serverDatabaseOid);
    if (node === undefined) throw new PgError('57P03', 'no node is known to be primary of the database');
    return await openRemote(this.channel, node, entry);
  }

  copiesOf(oid: number): readonly string[] {
    return this.options.view.copiesOf(oid);
  }

  async openCopy(entry: DatabaseEntry, node: string): Promise<RemoteCopyPorts | undefined> {
    return node === this.options.node ? undefined : await openRemoteCopy(this.channel, node, entry);
  }

  async listen(): Promise<Address> {
    const { listen } = this.options;
    try {
      return await this.channel.listen(listen);
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      throw listenFailure(code ?? '', message, listen, '--channel');
    }
  }

  async close(): Promise<void> {
    await this.channel.close();
  }
}
