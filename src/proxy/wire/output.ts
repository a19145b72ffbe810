/**
 * What goes out to one client: messages are written into a scratch buffer and leave in one socket write. The scratch buffer is borrowed from the thread's few,
 * and only while something waits to be flushed, so that an idle connection holds none. Finished bytes of rows go past it, uncopied, with back-pressure.
 * Called by the backend-message writers (backend-messages.ts), proxy/connection.ts and during authentication.
 */
import type { Socket } from 'node:net';
import { PgError } from '../../common/errors.js';
import type { ClientEncoding } from './client-encoding.js';

const scratchBytes = 64 * 1024;
const spareScratchesMax = 8;
/** Row bytes up to this size are cheaper to copy than to write on their own. */
const copyBytesMax = 8 * 1024;
/** A client that has left this much unread makes the writer wait. */
const unreadBytesMax = 1024 * 1024;

const spareScratches: Buffer[] = [];
const empty = Buffer.alloc(0);

export class Output {
  #scratch: Buffer = empty;
  #position = 0;
  #messageStart = 0;
  #lengthField = 0;
  #closed = false;
  /** undefined: UTF-8. */
  encoding: ClientEncoding | undefined;
  readonly #waiters: { resolve: () => void; reject: (error: Error) => void }[] = [];

  constructor(
    private readonly socket: Socket,
    /** A TLS socket completes its writes late, so that a scratch could hardly be reused: its bytes are copied to an exact size instead. */
    private readonly encrypted: boolean,
  ) {
    socket.on('drain', () => {
      this.#wake();
    });
    socket.once('close', () => {
      this.#closed = true;
      this.#releaseScratch();
      for (const waiter of this.#waiters.splice(0)) waiter.reject(connectionLost());
    });
  }

  get hasUnflushed(): boolean {
    return this.#position > 0;
  }

  // ---- fields ----

  /** Makes room for `count` more bytes. */
  #room(count: number): void {
    if (this.#position + count <= this.#scratch.length) return;
    if (this.#scratch.length === 0 && count <= scratchBytes) {
      this.#scratch = spareScratches.pop() ?? Buffer.allocUnsafeSlow(scratchBytes);
      return;
    }
    // A message larger than the scratch, or a full scratch in the middle of a message.
    const larger = Buffer.allocUnsafeSlow(Math.max(this.#scratch.length * 2, this.#position + count));
    this.#scratch.copy(larger, 0, 0, this.#position);
    this.#scratch = larger;
  }

  /** Begins a message. */
  begin(type: number): void {
    if (this.#position > scratchBytes / 2) this.flush();
    this.#room(5);
    this.#messageStart = this.#position;
    this.#scratch[this.#position] = type;
    this.#lengthField = this.#position + 1;
    this.#position += 5;
  }

  /** Ends the message: writes its length. */
  end(): void {
    this.#scratch.writeInt32BE(this.#position - this.#messageStart - 1, this.#lengthField);
  }

  byte(value: number): void {
    this.#room(1);
    this.#scratch[this.#position++] = value;
  }

  int16(value: number): void {
    this.#room(2);
    this.#scratch[this.#position++] = value >> 8;
    this.#scratch[this.#position++] = value;
  }

  int32(value: number): void {
    this.#room(4);
    this.#position = this.#scratch.writeInt32BE(value | 0, this.#position);
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length);
    this.#scratch.set(value, this.#position);
    this.#position += value.length;
  }

  /** Characters that the client's encoding lacks: an error for results, question marks in reports. */
  lenient = false;

  /** A string and its terminating NUL. */
  text(value: string): void {
    if (this.encoding !== undefined) {
      this.bytes(this.lenient ? this.encoding.encodeAnyhow(value) : this.encoding.encode(value));
      this.byte(0);
      return;
    }
    this.#room(value.length * 3 + 1);
    this.#position += this.#scratch.write(value, this.#position, 'utf8');
    this.#scratch[this.#position++] = 0;
  }

  // ---- leaving ----

  /** Hands what is written to the socket. */
  flush(): void {
    const length = this.#position;
    if (length === 0) return;
    if (this.#closed || this.socket.destroyed) {
      this.#releaseScratch();
      return;
    }
    const scratch = this.#scratch;
    if (this.encrypted) {
      this.socket.write(Buffer.from(scratch.subarray(0, length)));
      this.#releaseScratch();
      return;
    }
    this.socket.write(scratch.subarray(0, length));
    // The kernel took everything at once, as it nearly always does: the scratch is free again. Otherwise the socket keeps it until it is written.
    if (this.socket.writableLength === 0) this.#releaseScratch();
    else {
      this.#scratch = empty;
      this.#position = 0;
    }
  }

  #releaseScratch(): void {
    if (this.#scratch.length === scratchBytes && spareScratches.length < spareScratchesMax) spareScratches.push(this.#scratch);
    this.#scratch = empty;
    this.#position = 0;
  }

  /**
   * Finished messages. Small ones are copied; large ones go to the socket as they are, and the promise tells when their buffer may be reused. The promise is
   * also how a slow client slows its producer down. 08006 when the client is gone.
   */
  finished(bytes: Uint8Array): undefined | Promise<void> {
    if (this.#closed || this.socket.destroyed) throw connectionLost();
    if (bytes.length <= copyBytesMax) {
      if (this.#position + bytes.length > scratchBytes) this.flush();
      this.bytes(bytes);
      return this.socket.writableLength > unreadBytesMax ? this.whenDrained() : undefined;
    }
    this.flush();
    let done = false;
    let failure: Error | null | undefined;
    let settle: (() => void) | undefined;
    this.socket.write(bytes, (error) => {
      done = true;
      failure = error;
      settle?.();
    });
    if (this.socket.writableLength === 0) return undefined;
    return new Promise((resolve, reject) => {
      settle = () => {
        if (failure === null || failure === undefined) resolve();
        else reject(connectionLost());
      };
      if (done) settle();
    });
  }

  /** True when the client has left so much unread that more should wait for `whenDrained`. */
  get isCongested(): boolean {
    return this.socket.writableLength > unreadBytesMax;
  }

  /** Resolves when the client has taken what was written; 08006 when it has gone. */
  async whenDrained(): Promise<void> {
    if (this.#closed || this.socket.destroyed) throw connectionLost();
    if (!this.socket.writableNeedDrain) return;
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  #wake(): void {
    for (const waiter of this.#waiters.splice(0)) waiter.resolve();
  }
}

/** 08006: the client went away while a statement had something to say to it. */
export function connectionLost(): PgError {
  return new PgError('08006', 'connection to client lost', { severity: 'FATAL' });
}
