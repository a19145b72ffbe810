/**
 * Walks over the typed messages that a client sends (PostgreSQL 15, chapter 55.7: byte1 type, int32 length that counts itself, body), without copying: a message
 * is a view of the chunk that the socket delivered. Only a message that lies across chunks is put together, once, when it is complete.
 * Called by proxy/connection.ts and during authentication.
 */
import { PgError } from '../../common/errors.js';

/** Largest message of the kinds that are always short (PQ_SMALL_MESSAGE_LIMIT). */
const smallMessageBytesMax = 10_000;
const headerBytes = 5;
const empty = Buffer.alloc(0);
/** Above this number of queued pieces (a client that dribbles single bytes) they are joined, so that bookkeeping does not outgrow the data. */
const queuedChunksMax = 1024;

const enum Size {
  unknown = 0,
  small = 1,
  large = 2,
}
const sizeOfType = new Uint8Array(256);
for (const type of 'ESHcXDCf') sizeOfType[type.charCodeAt(0)] = Size.small;
for (const type of 'QPBFdp') sizeOfType[type.charCodeAt(0)] = Size.large;

export class FrameReader {
  /** Type byte of the current message. */
  type = 0;
  /** The buffer that holds the body of the current message at [start, end). */
  buffer: Buffer = empty;
  start = 0;
  end = 0;
  /** Bytes received and not yet walked over. */
  bufferedBytes = 0;

  #chunk: Buffer | undefined;
  #position = 0;
  #queue: Buffer[] = [];

  constructor(private largeMessageBytesMax: number) {}

  /** Allows other sizes from now on (small ones before authentication, then large ones). */
  setLimit(largeMessageBytesMax: number): void {
    this.largeMessageBytesMax = largeMessageBytesMax;
  }

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.bufferedBytes += chunk.length;
    if (this.#chunk === undefined) {
      this.#chunk = chunk;
      this.#position = 0;
      return;
    }
    this.#queue.push(chunk);
    if (this.#queue.length >= queuedChunksMax) this.#queue = [Buffer.concat(this.#queue)];
  }

  /** Type byte of the message behind the current one, if any of it has come. */
  peekType(): number | undefined {
    return this.#chunk?.[this.#position];
  }

  /** Drops what is buffered: the client is gone. */
  clear(): void {
    this.#chunk = undefined;
    this.#queue = [];
    this.bufferedBytes = 0;
    this.buffer = empty;
  }

  /** Moves to the next complete message. False when there is none yet. 08P01 (FATAL) when what comes is no message. */
  next(): boolean {
    const chunk = this.#chunk;
    if (chunk === undefined) {
      this.buffer = empty;
      return false;
    }
    const position = this.#position;
    const available = chunk.length - position;
    if (available < headerBytes) return this.#nextAcrossChunks();
    const type = chunk[position] ?? 0;
    const length = chunk.readInt32BE(position + 1);
    this.#check(type, length);
    if (available < length + 1) return this.#nextAcrossChunks();
    this.type = type;
    this.buffer = chunk;
    this.start = position + headerBytes;
    this.end = position + 1 + length;
    this.bufferedBytes -= length + 1;
    this.#position = this.end;
    if (this.end === chunk.length) this.#advance();
    return true;
  }

  #advance(): void {
    this.#chunk = this.#queue.shift();
    this.#position = 0;
  }

  /** Copies `count` bytes out of the queue, which must hold them. */
  #take(count: number): Buffer {
    const target = Buffer.allocUnsafe(count);
    let filled = 0;
    while (filled < count && this.#chunk !== undefined) {
      const copied = this.#chunk.copy(target, filled, this.#position, Math.min(this.#chunk.length, this.#position + count - filled));
      filled += copied;
      this.#position += copied;
      if (this.#position === this.#chunk.length) this.#advance();
    }
    return target;
  }

  #peekHeader(): Buffer | undefined {
    if (this.bufferedBytes < headerBytes || this.#chunk === undefined) return undefined;
    const header = Buffer.allocUnsafe(headerBytes);
    let filled = this.#chunk.copy(header, 0, this.#position);
    for (let index = 0; filled < headerBytes; index++) filled += this.#queue[index]?.copy(header, filled) ?? headerBytes;
    return header;
  }

  #nextAcrossChunks(): boolean {
    const header = this.#peekHeader();
    if (header === undefined) return false;
    const type = header[0] ?? 0;
    const length = header.readInt32BE(1);
    this.#check(type, length);
    if (this.bufferedBytes < length + 1) return false;
    this.bufferedBytes -= length + 1;
    this.buffer = this.#take(length + 1);
    this.type = type;
    this.start = headerBytes;
    this.end = length + 1;
    return true;
  }

  #check(type: number, length: number): void {
    const size = sizeOfType[type];
    if (size === Size.unknown) throw new PgError('08P01', `invalid frontend message type ${type}`, { severity: 'FATAL' });
    if (length < 4 || length > (size === Size.small ? smallMessageBytesMax : this.largeMessageBytesMax)) {
      throw new PgError('08P01', 'invalid message length', { severity: 'FATAL' });
    }
  }
}
