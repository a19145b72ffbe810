/**
 * One stream of a connection: what comes out of its MessagePort is cut into frames, what the frames bring is put together and posted to the port. The port's other end
 * belongs to whoever opened the stream or serves it, on whatever thread. Called by channel/connection.ts.
 */
import type { MessagePort } from 'node:worker_threads';
import { decodeMessage, encodeMessage } from './message-codec.js';
import { type FrameKind, payloadBytesMax, ProtocolError } from './frame.js';

/** Of a message, and of all messages of a stream that wait for the network: users of streams bound themselves (calls that wait, common/message-stream.ts). */
export const messageBytesMax = 1024 * 1024 * 1024;

export interface Outgoing {
  readonly kind: FrameKind;
  readonly payload: Uint8Array;
}

export interface StreamEvents {
  /** There is something to send. */
  readonly pending: (stream: ChannelStream) => void;
  /** The port's user has closed it, or has posted what cannot travel: to be told to the peer once all before it is sent. */
  readonly ended: (stream: ChannelStream, error: unknown) => void;
}

/** A message of several frames, as far as it has come. */
class Assembly {
  private readonly parts: ArrayBuffer[] = [];
  private current: Uint8Array | undefined;
  private filled = 0;
  private readonly lengths: readonly number[];

  constructor(begin: Buffer) {
    const lengths: number[] = [];
    for (let at = 0; at + 4 <= begin.length; at += 4) lengths.push(begin.readUInt32BE(at));
    if (lengths.length === 0 || lengths.includes(0) || begin.length % 4 !== 0) throw new ProtocolError('a message without a length');
    if (lengths.reduce((sum, length) => sum + length, 0) > messageBytesMax) throw new ProtocolError('a message that is too long');
    this.lengths = lengths;
  }

  /** True: the message is whole. */
  add(bytes: Uint8Array): boolean {
    let rest = bytes;
    while (rest.length > 0) {
      const length = this.lengths[this.parts.length];
      if (length === undefined) throw new ProtocolError('more data than the message has');
      this.current ??= new Uint8Array(length);
      const piece = rest.subarray(0, length - this.filled);
      this.current.set(piece, this.filled);
      this.filled += piece.length;
      rest = rest.subarray(piece.length);
      if (this.filled < length) break;
      this.parts.push(this.current.buffer as ArrayBuffer);
      this.current = undefined;
      this.filled = 0;
    }
    return this.parts.length === this.lengths.length;
  }

  get body(): Uint8Array {
    return new Uint8Array(this.parts[0] as ArrayBuffer);
  }

  get buffers(): readonly ArrayBuffer[] {
    return this.parts.slice(1);
  }
}

export class ChannelStream {
  readonly #outgoing: Outgoing[] = [];
  #queuedBytes = 0;
  #incoming: Assembly | undefined;
  #open = true;

  constructor(
    readonly id: number,
    private readonly port: MessagePort,
    private readonly events: StreamEvents,
  ) {
    port.on('message', (message: unknown) => {
      if (this.#open) this.#send(message);
    });
    port.on('close', () => {
      this.#end(undefined);
    });
    port.unref();
  }

  get hasPending(): boolean {
    return this.#outgoing.length > 0;
  }

  #send(message: unknown): void {
    try {
      const { body, buffers } = encodeMessage(message);
      if (buffers.length === 0 && body.length <= payloadBytesMax) this.#queue('whole', body);
      else {
        const lengths = Buffer.allocUnsafe(4 * (1 + buffers.length));
        for (const [at, part] of [body, ...buffers].entries()) lengths.writeUInt32BE(part.length, 4 * at);
        this.#queue('begin', lengths);
        this.#queue('data', body);
        for (const buffer of buffers) this.#queue('data', buffer);
      }
      if (this.#queuedBytes > messageBytesMax) throw new Error('too much waits to be sent to another node');
    } catch (error) {
      this.port.close();
      this.#outgoing.length = 0;
      this.#end(error);
      return;
    }
    this.events.pending(this);
  }

  #queue(kind: FrameKind, payload: Uint8Array): void {
    this.#outgoing.push({ kind, payload });
    this.#queuedBytes += payload.length;
  }

  #end(error: unknown): void {
    if (!this.#open) return;
    this.#open = false;
    this.events.ended(this, error);
  }

  /** What goes next, at most one frame of it. */
  take(): Outgoing | undefined {
    const next = this.#outgoing[0];
    if (next === undefined) return undefined;
    const { kind, payload } = next;
    if (payload.length <= payloadBytesMax) {
      this.#outgoing.shift();
      this.#queuedBytes -= payload.length;
      return next;
    }
    this.#queuedBytes -= payloadBytesMax;
    this.#outgoing[0] = { kind, payload: payload.subarray(payloadBytesMax) };
    return { kind, payload: payload.subarray(0, payloadBytesMax) };
  }

  /** A message of one frame. */
  whole(body: Uint8Array): void {
    if (this.#incoming !== undefined) throw new ProtocolError('a message within another');
    this.#deliver(body, []);
  }

  begin(lengths: Buffer): void {
    if (this.#incoming !== undefined) throw new ProtocolError('a message within another');
    this.#incoming = new Assembly(lengths);
  }

  data(bytes: Uint8Array): void {
    if (this.#incoming === undefined) throw new ProtocolError('data of no message');
    if (!this.#incoming.add(bytes)) return;
    const { body, buffers } = this.#incoming;
    this.#incoming = undefined;
    this.#deliver(body, buffers);
  }

  #deliver(body: Uint8Array, buffers: readonly ArrayBuffer[]): void {
    let message: unknown;
    try {
      message = decodeMessage(body, buffers);
    } catch (error) {
      throw error instanceof ProtocolError ? error : new ProtocolError(`a message that cannot be read: ${(error as Error).message}`);
    }
    if (this.#open) this.port.postMessage(message, buffers);
  }

  /** The peer has closed the stream, or is gone: so is the port. */
  close(): void {
    this.#open = false;
    this.#outgoing.length = 0;
    this.port.close();
  }
}
