/**
 * Between the main thread, where the channel and the coordination store are, and the lane's thread, where replicas are: one port for each replicated database. The main
 * thread answers what the protocol asks of the store and opens streams to other nodes; it passes on changes of the key and the streams that other nodes have opened.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { systemClock } from '../../../common/clock.js';
import { PgError } from '../../../common/errors.js';
import { type Client, connect, serve, Transfer } from '../../../common/rpc.js';
import type { Channel } from '../../channel/channel.js';
import type { CoordinationStore } from '../../coordination/store.js';
import type { Configuration, NodeId } from '../configuration.js';
import type { Beacon } from '../messages.js';
import type { ChangeAnswer, ConfigurationStore, ReadAnswer, StoredConfiguration } from '../ports.js';
import type { ReplicaFacts } from '../replica.js';
import { ConfigurationKey } from './configuration-key.js';
import { LaneStandIn } from './lane-stand-in.js';
import { replicaService, type ReplicaStream } from './replica-streams.js';

/** What the lane's thread asks of the main thread. */
export interface MainSide {
  read(request: null): Promise<ReadAnswer>;
  compareAndSet(request: { readonly revision: bigint; readonly configuration: Configuration }): Promise<ChangeAnswer>;
  /** Answers a port. */
  open(request: { readonly node: NodeId; readonly stream: ReplicaStream }): Promise<MessagePort>;
  report(request: { readonly line: string }): void;
  /** This node writes the database in this epoch; undefined: it does not any more. */
  writes(request: { readonly epoch: number | undefined }): void;
  /** A beacon has been sent (lane-stand-in). */
  beacon(request: { readonly to: NodeId; readonly beacon: Beacon }): void;
}

/** What the main thread asks of the lane's thread. */
export interface LaneSide {
  configured(request: { readonly stored: StoredConfiguration }): void;
  /** Another node has opened a stream. */
  accept(request: { readonly stream: ReplicaStream; readonly port: MessagePort }): void;
  facts(request: null): ReplicaFacts;
  /** A copy of another node is not what it should be. Answers false when this node is not primary, or does not know the copy. */
  quarantine(request: { readonly node: NodeId; readonly reason: string }): boolean;
  /** Resolves when another node is primary (one of `heirs`, if they are given), or after a moment. */
  handOver(request: { readonly heirs: readonly NodeId[] | undefined }): Promise<void>;
  /** The database is to be closed because this node shall not have it any more: nothing is handed over, and a copy that is not here yet is not waited for. */
  forget(request: null): void;
  promoteUncleanly(request: null): Promise<boolean>;
}

export interface ReplicaBridgeOptions {
  /** The database, by the name that its streams bear. */
  readonly database: string;
  /** ClusterKeys.database. */
  readonly key: string;
  readonly store: CoordinationStore;
  readonly channel: Channel;
  readonly report: (line: string) => void;
  /** This node writes the database in this epoch from now on; undefined: it does not any more. */
  readonly writes?: (epoch: number | undefined) => void;
}

/** The main thread's end for one database. */
export class ReplicaBridge {
  /** Of the lane's thread (ReplicaTask.bridge). */
  readonly port: MessagePort;
  readonly lane: Client<LaneSide>;
  private readonly own: readonly MessagePort[];
  private readonly standIn: LaneStandIn;
  private readonly stopWatching: () => void;

  constructor(private readonly options: ReplicaBridgeOptions) {
    const { port1, port2 } = new MessageChannel();
    const { port1: calls, port2: answers } = new MessageChannel();
    const open = async (node: NodeId, stream: ReplicaStream): Promise<MessagePort> => await options.channel.open(node, replicaService, stream);
    const standIn = new LaneStandIn({ clock: systemClock, open: async (node) => await open(node, { kind: 'messages', database: options.database }) });
    this.standIn = standIn;
    const key: ConfigurationStore & Pick<ConfigurationKey, 'watch'> = new ConfigurationKey(options.store, options.key, options.report);
    const service: { readonly [K in keyof MainSide]: (request: Parameters<MainSide[K]>[0]) => unknown } = {
      read: async () => await new Promise<ReadAnswer>((resolve) => key.read(resolve)),
      compareAndSet: async ({ revision, configuration }) => await new Promise<ChangeAnswer>((resolve) => key.compareAndSet(revision, configuration, resolve)),
      open: async ({ node, stream }) => {
        const port = await open(node, stream);
        return new Transfer(port, [port]);
      },
      report: ({ line }) => options.report(line),
      writes: ({ epoch }) => {
        if (epoch === undefined) standIn.forget();
        options.writes?.(epoch);
      },
      beacon: ({ to, beacon }) => standIn.heard(to, beacon),
    };
    serve(port1, service);
    // The other direction has a channel of its own, whose end goes over this one first.
    port1.postMessage({ calls: answers }, [answers]);
    this.lane = connect<LaneSide>(calls);
    this.own = [port1, calls];
    this.port = port2;
    const watch = key.watch((stored) => void this.lane.configured({ stored }).catch(() => undefined));
    this.stopWatching = () => watch.cancel();
  }

  /** A stream that another node has opened for this database. */
  accept(stream: ReplicaStream, port: MessagePort): void {
    this.lane.accept({ stream, port }, [port]).catch(() => port.close());
  }

  close(): void {
    this.stopWatching();
    this.standIn.close();
    for (const port of this.own) port.close();
  }

  get database(): string {
    return this.options.database;
  }
}

/** Other nodes' streams find their databases. */
export function provideReplicas(channel: Channel, find: (database: string) => ReplicaBridge | undefined): void {
  channel.provide(replicaService, ({ argument, port }) => {
    const stream = argument as ReplicaStream;
    const bridge = find(stream.database);
    if (bridge === undefined) throw new PgError('08006', 'this node does not host the database');
    bridge.accept(stream, port);
    return undefined;
  });
}
