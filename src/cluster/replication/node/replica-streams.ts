/**
 * The protocol's network over streams of the channel (cluster/channel): one stream a direction for the messages of a database between two nodes, and one for each copy of its
 * files. What is sent while there is no way to a node is lost, as the protocol expects.
 */
import type { MessagePort } from 'node:worker_threads';
import { PgError } from '../../../common/errors.js';
import type { NodeId } from '../configuration.js';
import type { Beacon, Message } from '../messages.js';
import type { Network } from '../ports.js';
import { sendCopyFromThread } from './copy-sender.js';
import { receiveCopy } from './copy-transfer.js';
import type { HostedReplica } from './hosted-replica.js';

/** The name under which nodes provide it to each other. */
export const replicaService = 'replica';

/** What such a stream is for. */
export type ReplicaStream = { readonly kind: 'messages'; readonly database: string } | { readonly kind: 'copy'; readonly database: string };

type Open = (node: NodeId, stream: ReplicaStream) => Promise<MessagePort>;

interface Way {
  port: MessagePort | undefined;
  /** Until the stream is open. */
  waiting: Message[];
}

/** More are lost: the protocol says it all again. */
const waitingMax = 64;

export class ReplicaStreams implements Network {
  private readonly ways = new Map<NodeId, Way>();
  /** On which copies come. */
  private readonly copies = new Set<MessagePort>();
  private isClosed = false;

  constructor(
    private readonly database: string,
    private readonly openStream: Open,
    /** A beacon is being sent. */
    private readonly onBeacon: (to: NodeId, beacon: Beacon) => void = () => undefined,
  ) {}

  send(to: NodeId, message: Message): void {
    if (message.kind === 'beacon') this.onBeacon(to, message);
    let way = this.ways.get(to);
    if (way === undefined) {
      way = { port: undefined, waiting: [] };
      this.ways.set(to, way);
      this.open(to, way);
    }
    if (way.port !== undefined) way.port.postMessage(message);
    else if (way.waiting.length < waitingMax) way.waiting.push(message);
  }

  private open(to: NodeId, way: Way): void {
    this.openStream(to, { kind: 'messages', database: this.database }).then(
      (port) => {
        way.port = port;
        port.on('close', () => this.ways.delete(to));
        for (const message of way.waiting) port.postMessage(message);
        way.waiting = [];
      },
      () => this.ways.delete(to),
    );
  }

  /** For HostedReplicaOptions.fetchCopy. */
  async fetchCopy(primary: NodeId, directory: string): Promise<{ readonly consistentLsn: number }> {
    const port = await this.openStream(primary, { kind: 'copy', database: this.database });
    this.copies.add(port);
    if (this.isClosed) port.close();
    return await receiveCopy(port, directory).finally(() => this.copies.delete(port));
  }

  /** What comes on them is not taken any more: the directory may be gone. */
  close(): void {
    this.isClosed = true;
    for (const port of this.copies) port.close();
    for (const { port } of this.ways.values()) port?.close();
  }
}

/** Another node has opened a stream. Throws a PgError that refuses it. */
export function acceptReplicaStream(hosted: HostedReplica, stream: ReplicaStream, port: MessagePort): void {
  if (stream.kind === 'messages') {
    port.on('message', (message: Message) => hosted.message(message));
    return;
  }
  const offer = hosted.copySource();
  if (offer === undefined) throw new PgError('57P03', 'this node is not the primary of the database');
  void sendCopyFromThread(port, offer.source).finally(offer.done);
}
