/**
 * A node's end of the channel between nodes: it listens for other nodes, dials them, and opens streams to their services. A stream is a MessagePort at both ends, so
 * that common/rpc works over nodes as over threads; when the connection is lost, its ports close. Composed in cli/compose.ts; used by whatever has another node do something.
 */
import type { AddressInfo, Socket } from 'node:net';
import { connect as dialTls, createServer, type Server, type TLSSocket } from 'node:tls';
import type { MessagePort } from 'node:worker_threads';
import { assert, PgError } from '../../common/errors.js';
import { Connection, type ConnectionOptions, type ConnectionTiming, type OpenedStream, type StreamRequest } from './connection.js';
import { type ChannelCredentials, type ChannelTls, channelTls } from './credentials.js';

export interface ChannelAddress {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
}

/** Milliseconds. */
export interface ChannelTiming extends ConnectionTiming {
  /** From dialling to the end of TLS's handshake. */
  readonly connectMs: number;
  /** Between attempts to reach a node: doubles from the first to the last, give or take half. */
  readonly retryMsMin: number;
  readonly retryMsMax: number;
}

const channelTiming: ChannelTiming = { connectMs: 3000, greetingMs: 3000, pingMs: 1000, deadMs: 5000, retryMsMin: 50, retryMsMax: 2000 };

/** Connections that have not said who they are. */
const strangersMax = 256;

export interface ChannelOptions {
  /** This node's name in the cluster. */
  readonly node: string;
  readonly cluster: string;
  readonly credentials: ChannelCredentials;
  /** Where a node listens; undefined: not known (any more). */
  readonly locate: (node: string) => ChannelAddress | undefined;
  /** Frames to nodes of other machines are compressed where it pays. */
  readonly compress: boolean;
  readonly timing?: Partial<ChannelTiming>;
  /** One line for the log. */
  readonly log: (line: string) => void;
  /** Measured at every ping of a connection, both ways in milliseconds. */
  readonly roundTrip?: (node: string, milliseconds: number) => void;
  /** A node can be reached that could not before, or the other way round. */
  readonly reachable?: (node: string, reachable: boolean) => void;
}

/** Takes a stream of another node, or throws a PgError that says why not. What it returns (or its promise resolves to) the opener gets: a little, and cloneable. */
export type StreamAcceptor = (request: Omit<StreamRequest, 'service'>) => unknown;

/** What this node knows of its way to another one. */
interface Peer {
  /** The one that was made last is used. */
  readonly connections: Connection[];
  dialling: Promise<Connection> | undefined;
  failures: number;
  /** No attempt before then. */
  notBefore: number;
  /** Stays connected without anybody asking. */
  kept: boolean;
}

export class Channel {
  readonly #options: ChannelOptions;
  readonly #timing: ChannelTiming;
  readonly #tls: ChannelTls;
  readonly #services = new Map<string, StreamAcceptor>();
  readonly #peers = new Map<string, Peer>();
  readonly #all = new Set<Connection>();
  /** Of those who came, in TLS's handshake or past it. */
  readonly #sockets = new Set<Socket>();
  readonly #closing = new AbortController();
  #server: Server | undefined;

  /** Throws an Error that says what is wrong with the credentials. */
  constructor(options: ChannelOptions) {
    this.#options = options;
    this.#timing = { ...channelTiming, ...options.timing };
    this.#tls = channelTls(options.credentials, options.cluster);
  }

  /** Other nodes may open streams to `service` from now on. */
  provide(service: string, accept: StreamAcceptor): void {
    this.#services.set(service, accept);
  }

  /** Lets other nodes in; answers where. Rejects with the system's error. */
  async listen({ host, port }: ChannelAddress): Promise<ChannelAddress> {
    assert(this.#server === undefined, 'a channel listens once');
    const server = createServer({ ...this.#tls.server, handshakeTimeout: this.#timing.connectMs });
    this.#server = server;
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('secureConnection', (socket) => {
      const strangers = [...this.#all].filter((connection) => connection.peer === undefined).length;
      if (strangers >= strangersMax) socket.destroy();
      else this.#add(socket, undefined);
    });
    server.on('tlsClientError', (error: NodeJS.ErrnoException, socket) => {
      // (Health checks and port scans connect and go.)
      if (socket.remoteAddress !== undefined && error.code !== 'ECONNRESET')
        this.#options.log(`channel: ${socket.remoteAddress} was not let in: ${firstLine(error)}`);
      socket.destroy();
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        server.on('error', (error: Error) => {
          this.#options.log(`channel: ${error.message}`);
        });
        resolve();
      });
    });
    return { host, port: (server.address() as AddressInfo).port };
  }

  /** Nodes that can be reached now. */
  get reachable(): readonly string[] {
    return [...this.#peers].filter(([, { connections }]) => connections.length > 0).map(([node]) => node);
  }

  /**
   * A stream to a service of another node. Rejects with 08001 when there is no way to the node (after one attempt, which may have to wait for its turn), with the node's
   * refusal, or with 08006 when the connection ends before the node has answered. The port closes when the other end does, or when the node is gone.
   */
  async open(node: string, service: string, argument: unknown): Promise<MessagePort> {
    return (await this.request(node, service, argument)).port;
  }

  /** A stream as of `open`, and what the service says to it. */
  async request(node: string, service: string, argument: unknown): Promise<OpenedStream> {
    const connection = this.#connection(node) ?? (await this.#dial(node));
    return await connection.open(service, argument);
  }

  /** Stays connected to these nodes, and to no others that nobody uses. */
  keep(nodes: readonly string[]): void {
    const kept = new Set(nodes);
    for (const [node, peer] of this.#peers) peer.kept = kept.has(node);
    for (const node of kept) {
      this.#peer(node).kept = true;
      this.#reconnect(node);
    }
  }

  /** Every stream ends, nobody is let in any more. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const connection of this.#all) connection.destroy(new Error('the node is stopping'));
    for (const socket of this.#sockets) socket.destroy();
    const server = this.#server;
    if (server !== undefined) await new Promise((resolve) => server.close(resolve));
  }

  #peer(node: string): Peer {
    let peer = this.#peers.get(node);
    if (peer === undefined) {
      peer = { connections: [], dialling: undefined, failures: 0, notBefore: 0, kept: false };
      this.#peers.set(node, peer);
    }
    return peer;
  }

  #connection(node: string): Connection | undefined {
    return this.#peers.get(node)?.connections.at(-1);
  }

  #add(socket: TLSSocket, expected: string | undefined, events: Partial<Pick<ConnectionOptions, 'greeted' | 'closed'>> = {}): void {
    const { node, cluster, compress } = this.#options;
    const connection = new Connection(socket, expected !== undefined, {
      node,
      cluster,
      expected,
      compress: compress && !isLoopback(socket.remoteAddress),
      timing: this.#timing,
      accept: async ({ service, ...request }) => {
        const accept = this.#services.get(service);
        if (accept === undefined) throw new PgError('08006', `node "${node}" does not provide "${service}"`);
        return await accept(request);
      },
      greeted: (greeted) => {
        this.#greeted(greeted);
        events.greeted?.(greeted);
      },
      closed: (closed, reason) => {
        this.#closed(closed, reason);
        events.closed?.(closed, reason);
      },
      roundTrip: (peer, milliseconds) => {
        this.#options.roundTrip?.(peer, milliseconds);
      },
    });
    this.#all.add(connection);
  }

  #greeted(connection: Connection): void {
    const node = connection.peer as string;
    const peer = this.#peer(node);
    peer.failures = 0;
    peer.notBefore = 0;
    if (peer.connections.push(connection) > 1) return;
    this.#options.log(`channel: connected with node "${node}"`);
    this.#options.reachable?.(node, true);
  }

  #closed(connection: Connection, reason: Error): void {
    this.#all.delete(connection);
    const node = connection.peer;
    if (node === undefined) return;
    const peer = this.#peer(node);
    peer.connections.splice(peer.connections.indexOf(connection), 1);
    if (peer.connections.length > 0) return;
    this.#options.log(`channel: node "${node}" is lost: ${firstLine(reason)}`);
    this.#options.reachable?.(node, false);
    this.#reconnect(node);
  }

  /** For nodes that shall stay connected. */
  #reconnect(node: string): void {
    const peer = this.#peer(node);
    if (!peer.kept || peer.connections.length > 0 || peer.dialling !== undefined || this.#closing.signal.aborted) return;
    this.#dial(node).catch(() => {
      this.#reconnect(node);
    });
  }

  /** A new connection; callers that come together share it. */
  #dial(node: string): Promise<Connection> {
    const peer = this.#peer(node);
    peer.dialling ??= this.#attempt(node, peer).finally(() => {
      peer.dialling = undefined;
    });
    return peer.dialling;
  }

  async #attempt(node: string, peer: Peer): Promise<Connection> {
    try {
      await this.#pause(peer.notBefore - performance.now());
      // (It may have dialled meanwhile.)
      const other = peer.connections.at(-1);
      if (other !== undefined) return other;
      const address = this.#options.locate(node);
      if (address === undefined) throw new Error('it is not in the cluster');
      return await this.#connect(node, address);
    } catch (error) {
      const { retryMsMin, retryMsMax } = this.#timing;
      const delay = Math.min(retryMsMax, retryMsMin * 2 ** Math.min(peer.failures, 30));
      peer.failures++;
      peer.notBefore = performance.now() + delay * (0.5 + Math.random());
      throw new PgError('08001', `could not connect to node "${node}"`, { detail: firstLine(error as Error) });
    }
  }

  async #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#closing;
    if (milliseconds > 0)
      await new Promise<void>((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          signal.removeEventListener('abort', done);
          resolve();
        };
        const timer = setTimeout(done, milliseconds);
        timer.unref();
        signal.addEventListener('abort', done);
      });
    if (signal.aborted) throw new Error('the node is stopping');
  }

  async #connect(node: string, { host, port }: ChannelAddress): Promise<Connection> {
    return await new Promise((resolve, reject) => {
      const socket = dialTls({ ...this.#tls.client, host, port });
      const timer = setTimeout(() => {
        socket.destroy(new Error('no answer'));
      }, this.#timing.connectMs);
      socket.once('error', reject);
      socket.once('close', () => {
        clearTimeout(timer);
        reject(new Error('the connection was closed'));
      });
      socket.once('secureConnect', () => {
        clearTimeout(timer);
        this.#add(socket, node, {
          greeted: resolve,
          closed: (_connection, reason) => {
            reject(reason);
          },
        });
      });
    });
  }
}

/** (OpenSSL's messages are long and end in a newline.) */
function firstLine(error: Error): string {
  return error.message.split('\n')[0] ?? '';
}

function isLoopback(address: string | undefined): boolean {
  return address === undefined || address === '::1' || /^(::ffff:)?127\./.test(address);
}
