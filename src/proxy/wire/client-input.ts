/**
 * The reading end of a client's socket: keeps what has arrived in a `FrameReader`, tells its reader, stops the socket when too much waits (back-pressure to the
 * client), and goes on noticing that the client leaves. One per connection, from the end of the start-up packet to the end.
 */
import type { Socket } from 'node:net';
import { FrameReader } from './frame-reader.js';

/** What waits unread may grow to this before the socket is paused; a single larger message is read nevertheless. */
const waitingBytesMax = 256 * 1024;

/** Told about what arrives. There is one at a time: the authentication, then the query loop. */
export interface InputListener {
  /** More bytes are in `frames`. */
  arrived(): void;
  /** The client will send nothing more (it has closed its end), or the connection has broken. Called once. */
  ended(): void;
}

export class ClientInput {
  readonly frames: FrameReader;
  hasEnded = false;
  #listener: InputListener | undefined;
  #paused = false;
  /** The last message received is Terminate: the client left on purpose, and what it sent before shall still be done. */
  saidGoodbye = false;

  constructor(
    private readonly socket: Socket,
    leftover: Buffer,
    largeMessageBytesMax: number,
  ) {
    this.frames = new FrameReader(largeMessageBytesMax);
    this.#push(leftover);
    socket.on('data', (chunk: Buffer) => {
      this.#push(chunk);
      this.#throttle();
      this.#listener?.arrived();
    });
    const ended = (): void => {
      if (this.hasEnded) return;
      this.hasEnded = true;
      this.#listener?.ended();
    };
    socket.on('end', ended);
    socket.on('close', ended);
    socket.resume();
  }

  #push(chunk: Buffer): void {
    this.frames.push(chunk);
    const length = chunk.length;
    this.saidGoodbye = length >= 5 && chunk[length - 5] === 0x58 && chunk.readInt32BE(length - 4) === 4;
  }

  listen(listener: InputListener): void {
    this.#listener = listener;
  }

  /** Lets the socket deliver again; called whenever the reader wants more than is there. */
  wantMore(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.socket.resume();
  }

  /** Pauses the socket when enough waits. Whoever then finds no complete message calls `wantMore`. */
  #throttle(): void {
    if (this.#paused || this.frames.bufferedBytes < waitingBytesMax) return;
    this.#paused = true;
    this.socket.pause();
  }
}
