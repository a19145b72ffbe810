/**
 * One TLS connection between two nodes, once TLS has let both in: greeting, streams in both directions, signs of life. Streams take turns frame by frame, so that one with
 * much to say does not hold up the others, and no more than a little goes to the socket ahead of what it has sent. Made by channel/channel.ts.
 */
import type { TLSSocket } from 'node:tls';
import { deserialize, serialize } from 'node:v8';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { PgError } from '../../common/errors.js';
import { Compressor, decompress } from './compression.js';
import { frame, type FrameHeader, FrameParser, payloadBytesMax, ProtocolError, writeHeader } from './frame.js';
import { ChannelStream, type StreamEvents } from './stream.js';

/** Rises when nodes of two releases could misunderstand each other. */
const channelVersion = 1;

/** Milliseconds. */
export interface ConnectionTiming {
  /** From the connection to the peer's greeting. */
  readonly greetingMs: number;
  readonly pingMs: number;
  /** A peer of which nothing was heard for so long is dead. */
  readonly deadMs: number;
}

/** What a peer asks for when it opens a stream. */
export interface StreamRequest {
  readonly service: string;
  readonly argument: unknown;
  /** Who asks. */
  readonly node: string;
  /** The stream; who serves it may hand it to any thread. */
  readonly port: MessagePort;
}

export interface ConnectionOptions {
  readonly node: string;
  readonly cluster: string;
  /** Who shall be at the other end; undefined: whoever has dialled. */
  readonly expected: string | undefined;
  readonly compress: boolean;
  readonly timing: ConnectionTiming;
  /** Takes a stream, or throws why not. What it returns, the opener gets. */
  readonly accept: (request: StreamRequest) => unknown;
  /** The peer has said who it is. */
  readonly greeted: (connection: Connection) => void;
  readonly closed: (connection: Connection, reason: Error) => void;
  readonly roundTrip: (node: string, milliseconds: number) => void;
}

interface Hello {
  readonly version: number;
  readonly cluster: string;
  readonly node: string;
}

/** A stream as its opener gets it. */
export interface OpenedStream {
  readonly port: MessagePort;
  /** What the service has returned when it took the stream. */
  readonly answer: unknown;
}

interface Opening {
  readonly port: MessagePort;
  readonly resolve: (opened: OpenedStream) => void;
  readonly reject: (error: Error) => void;
}

/** So much may wait in the socket before streams have to. */
const socketBytesMax = 4 * payloadBytesMax;
/** Smaller frames go to the socket together. */
const batchBytesMax = 16 * 1024;
const farewellMs = 500;

export class Connection {
  readonly #socket: TLSSocket;
  readonly #options: ConnectionOptions;
  readonly #dialled: boolean;
  readonly #streams = new Map<number, ChannelStream>();
  readonly #openings = new Map<number, Opening>();
  readonly #control: Buffer[] = [];
  /** Streams that have something to send, the next one first. */
  readonly #waiting = new Set<ChannelStream>();
  /** Streams that end when what they have said is sent, with the close frame. */
  readonly #ending = new Map<ChannelStream, Buffer>();
  readonly #compressor: Compressor;
  readonly #timers: NodeJS.Timeout[] = [];
  #batch: Uint8Array[] = [];
  #batchBytes = 0;
  #pumpPlanned = false;
  #nextStream: number;
  #peer: string | undefined;
  #heard = performance.now();
  #closed: Error | undefined;

  /** dialled: the connection was made from here. */
  constructor(socket: TLSSocket, dialled: boolean, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#dialled = dialled;
    this.#nextStream = dialled ? 1 : 2;
    this.#compressor = new Compressor(options.compress);
    const parser = new FrameParser({
      frame: (header, payload) => {
        this.#frame(header, payload);
      },
      data: (stream, piece) => {
        this.#greeted();
        this.#streams.get(stream)?.data(piece);
      },
    });
    socket.setNoDelay(true);
    socket.on('data', (chunk: Buffer) => {
      this.#heard = performance.now();
      try {
        parser.push(chunk);
      } catch (error) {
        this.destroy(error as Error);
      }
    });
    socket.on('error', (error: Error) => {
      this.destroy(error);
    });
    socket.on('close', () => {
      this.destroy(new Error('the connection was closed'));
    });
    this.#timers.push(
      setTimeout(() => {
        if (this.#peer === undefined) this.destroy(new Error('no greeting has come'));
      }, options.timing.greetingMs),
    );
    if (dialled) this.#hello();
  }

  /** The node at the other end; undefined before its greeting. */
  get peer(): string | undefined {
    return this.#peer;
  }

  get isOpen(): boolean {
    return this.#closed === undefined && this.#peer !== undefined;
  }

  /** A stream to a service of the peer; rejects with the peer's refusal, or 08006 when the connection ends first. */
  async open(service: string, argument: unknown): Promise<OpenedStream> {
    return await new Promise((resolve, reject) => {
      if (this.#closed !== undefined) {
        reject(this.#lost());
        return;
      }
      const id = this.#nextStream;
      this.#nextStream += 2;
      const { port1, port2 } = new MessageChannel();
      this.#openings.set(id, { port: port2, resolve, reject });
      this.#addStream(id, port1);
      this.#say(frame('open', id, serialize({ service, argument })));
    });
  }

  /** Ends the connection; every stream's port closes. Does nothing the second time. */
  destroy(reason: Error): void {
    if (this.#closed !== undefined) return;
    this.#closed = reason;
    for (const timer of this.#timers) clearTimeout(timer);
    if (reason instanceof ProtocolError && this.#socket.writable) {
      // The peer may learn of it, if it listens.
      this.#socket.end(closeFrame(0, reason));
      setTimeout(() => this.#socket.destroy(), farewellMs).unref();
    } else this.#socket.destroy();
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
    for (const { reject, port } of this.#openings.values()) {
      port.close();
      reject(this.#lost());
    }
    this.#openings.clear();
    this.#options.closed(this, reason);
  }

  #lost(): PgError {
    return new PgError('08006', `the connection to node "${this.#peer ?? this.#options.expected ?? ''}" was lost`, { detail: this.#closed?.message });
  }

  // ---- receiving ----

  #greeted(): void {
    if (this.#peer === undefined) throw new ProtocolError('a frame before the greeting');
  }

  #frame({ kind, compressed, stream: id }: FrameHeader, payload: Buffer): void {
    if (kind === 'hello') {
      this.#takeHello(payload);
      return;
    }
    if (kind === 'close' && id === 0) throw refusal(payload);
    this.#greeted();
    const stream = this.#streams.get(id);
    // (Streams may be closed here while something is on its way to them.)
    switch (kind) {
      case 'open':
        this.#takeOpen(id, payload);
        return;
      case 'accept':
        this.#takeAccept(id, payload);
        return;
      case 'whole':
        stream?.whole(compressed ? decompress(payload) : payload);
        return;
      case 'begin':
        stream?.begin(payload);
        return;
      case 'data':
        stream?.data(decompress(payload));
        return;
      case 'close':
        this.#takeClose(id, payload);
        return;
      case 'ping':
        this.#say(frame('pong', 0, payload));
        return;
      case 'pong':
        if (payload.length !== 8) throw new ProtocolError('a pong without its time');
        this.#options.roundTrip(this.#peer as string, performance.now() - payload.readDoubleBE(0));
        return;
    }
  }

  #hello(): void {
    const { node, cluster } = this.#options;
    this.#say(frame('hello', 0, Buffer.from(JSON.stringify({ version: channelVersion, cluster, node } satisfies Hello))));
  }

  #takeHello(payload: Buffer): void {
    if (this.#peer !== undefined) throw new ProtocolError('a second greeting');
    const { version, cluster, node } = parseHello(payload);
    const { expected } = this.#options;
    if (version !== channelVersion) throw new ProtocolError(`protocol ${String(version)} is spoken at one end, ${String(channelVersion)} at the other`);
    if (cluster !== this.#options.cluster) throw new ProtocolError(`cluster "${cluster}" at one end, "${this.#options.cluster}" at the other`);
    // (Also when somebody sends a node's own messages back to it.)
    if (node === this.#options.node) throw new ProtocolError(`a node named "${node}" at both ends`);
    if (expected !== undefined && node !== expected) throw new ProtocolError(`node "${node}" is where "${expected}" should be`);
    this.#peer = node;
    if (!this.#dialled) this.#hello();
    this.#keepAlive();
    this.#options.greeted(this);
  }

  #takeOpen(id: number, payload: Buffer): void {
    if (id % 2 !== (this.#dialled ? 0 : 1) || id === 0 || this.#streams.has(id)) throw new ProtocolError(`stream ${String(id)} cannot be opened`);
    const { service, argument } = (unpack(payload) ?? {}) as Partial<StreamRequest>;
    if (typeof service !== 'string') throw new ProtocolError('a stream to no service');
    const { port1, port2 } = new MessageChannel();
    const stream = this.#addStream(id, port1);
    const accepting = async (): Promise<Buffer> =>
      frame('accept', id, serialize(await this.#options.accept({ service, argument, node: this.#peer as string, port: port2 })));
    accepting().then(
      (accept) => {
        if (this.#streams.get(id) === stream) this.#say(accept);
      },
      (error: unknown) => {
        if (this.#streams.get(id) !== stream) return;
        this.#streams.delete(id);
        stream.close();
        this.#say(closeFrame(id, error));
      },
    );
  }

  #takeAccept(id: number, payload: Buffer): void {
    const opening = this.#openings.get(id);
    if (opening === undefined) {
      // Closed here before the answer came, or never opened.
      if (id >= this.#nextStream) throw new ProtocolError(`stream ${String(id)} was not opened`);
      return;
    }
    this.#openings.delete(id);
    opening.resolve({ port: opening.port, answer: unpack(payload) });
  }

  #takeClose(id: number, payload: Buffer): void {
    const stream = this.#streams.get(id);
    const opening = this.#openings.get(id);
    this.#streams.delete(id);
    this.#openings.delete(id);
    if (stream !== undefined) {
      this.#waiting.delete(stream);
      this.#ending.delete(stream);
      stream.close();
    }
    if (opening === undefined) return;
    opening.port.close();
    opening.reject(refusal(payload));
  }

  // ---- sending ----

  readonly #streamEvents: StreamEvents = {
    pending: (stream) => {
      this.#waiting.add(stream);
      this.#plan();
    },
    ended: (stream, error) => {
      const last = closeFrame(stream.id, error);
      if (stream.hasPending) this.#ending.set(stream, last);
      else this.#forget(stream, last);
    },
  };

  #addStream(id: number, port: MessagePort): ChannelStream {
    const stream = new ChannelStream(id, port, this.#streamEvents);
    this.#streams.set(id, stream);
    return stream;
  }

  /** The stream has said its last. */
  #forget(stream: ChannelStream, last: Buffer): void {
    if (this.#streams.get(stream.id) !== stream) return;
    this.#streams.delete(stream.id);
    this.#waiting.delete(stream);
    this.#ending.delete(stream);
    this.#say(last);
  }

  #say(control: Buffer): void {
    this.#control.push(control);
    this.#plan();
  }

  /** At the end of the turn, with all that is to be said by then. */
  #plan(): void {
    if (this.#pumpPlanned || this.#closed !== undefined) return;
    this.#pumpPlanned = true;
    setImmediate(this.#pump);
  }

  readonly #pump = (): void => {
    this.#pumpPlanned = false;
    while (this.#closed === undefined && this.#socket.writableLength + this.#batchBytes < socketBytesMax) {
      const control = this.#control.shift();
      if (control !== undefined) {
        this.#write(control);
        continue;
      }
      const [stream] = this.#waiting;
      if (stream === undefined) break;
      this.#waiting.delete(stream);
      const outgoing = stream.take();
      if (outgoing === undefined) continue;
      const packed = outgoing.kind === 'begin' ? undefined : this.#compressor.compress(outgoing.payload);
      const payload = packed ?? outgoing.payload;
      this.#write(writeHeader({ kind: outgoing.kind, compressed: packed !== undefined, stream: stream.id, length: payload.length }));
      this.#write(payload);
      if (stream.hasPending) this.#waiting.add(stream);
      else {
        const last = this.#ending.get(stream);
        if (last !== undefined) this.#forget(stream, last);
      }
    }
    this.#flush();
  };

  #write(bytes: Uint8Array): void {
    if (bytes.length > batchBytesMax) {
      this.#flush();
      this.#socket.write(bytes, this.#written);
      return;
    }
    this.#batch.push(bytes);
    this.#batchBytes += bytes.length;
    if (this.#batchBytes > batchBytesMax) this.#flush();
  }

  #flush(): void {
    const { length } = this.#batch;
    if (length === 0 || this.#closed !== undefined) return;
    const bytes = length === 1 ? (this.#batch[0] as Uint8Array) : Buffer.concat(this.#batch, this.#batchBytes);
    this.#batch = [];
    this.#batchBytes = 0;
    this.#socket.write(bytes, this.#written);
  }

  readonly #written = (): void => {
    if (this.#control.length > 0 || this.#waiting.size > 0) this.#plan();
  };

  // ---- life ----

  #keepAlive(): void {
    const { pingMs, deadMs } = this.#options.timing;
    let ticked = performance.now();
    const tick = (): void => {
      const now = performance.now();
      // Who was stopped itself has not listened: what the peer has sent meanwhile is still to be read.
      if (now - ticked > 2 * pingMs) this.#heard = now;
      ticked = now;
      if (now - this.#heard > deadMs) {
        this.destroy(new Error(`nothing was heard for ${String(deadMs)} ms`));
        return;
      }
      const time = Buffer.allocUnsafe(8);
      time.writeDoubleBE(now);
      this.#say(frame('ping', 0, time));
    };
    const timer = setInterval(tick, pingMs);
    timer.unref();
    this.#timers.push(timer);
    tick();
  }
}

function closeFrame(id: number, error: unknown): Buffer {
  return frame('close', id, serialize(error === undefined ? undefined : PgError.serialize(error)));
}

function unpack(payload: Buffer): unknown {
  try {
    return deserialize(payload);
  } catch (error) {
    throw new ProtocolError(`a frame that cannot be read: ${(error as Error).message}`);
  }
}

function refusal(payload: Buffer): Error {
  const error = unpack(payload) as { readonly message?: unknown } | undefined;
  return typeof error?.message === 'string' ? PgError.deserialize(error) : new PgError('08006', 'the stream was closed by the other node');
}

function parseHello(payload: Buffer): Hello {
  let hello: Partial<Hello>;
  try {
    hello = (JSON.parse(payload.toString('utf8')) ?? {}) as Partial<Hello>;
  } catch {
    throw new ProtocolError('a greeting that cannot be read');
  }
  const { version, cluster, node } = hello;
  if (typeof version !== 'number' || typeof cluster !== 'string' || typeof node !== 'string' || node === '')
    throw new ProtocolError('a greeting that says nothing');
  return { version, cluster, node };
}
