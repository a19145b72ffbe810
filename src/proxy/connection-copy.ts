/**
 * The client's side of COPY FROM STDIN: hands the data of CopyData messages to the statement that pulls it, as one contiguous piece per chunk that the socket
 * delivered. The payloads of a chunk are moved together in place, which is cheaper than handing out (or copying) each small message.
 * Made by proxy/connection.ts; pulled by the session.
 */
import { PgError } from '../common/errors.js';
import { decodeText } from './wire/text.js';
import type { ClientEncoding } from './wire/client-encoding.js';
import type { ClientInput } from './wire/client-input.js';

const copyData = 'd'.charCodeAt(0);
const copyDone = 'c'.charCodeAt(0);
const copyFail = 'f'.charCodeAt(0);
const flush = 'H'.charCodeAt(0);
const sync = 'S'.charCodeAt(0);

interface Pull {
  readonly resolve: (result: IteratorResult<Uint8Array, undefined>) => void;
  readonly reject: (error: PgError) => void;
}

const finished: IteratorReturnResult<undefined> = { done: true, value: undefined };

export class CopyInputReader implements AsyncIterableIterator<Uint8Array> {
  /** The client has sent everything, and it has been handed out. */
  isDone = false;
  /** Something else than COPY's messages has come: nobody knows what the client believes to be doing. */
  isOutOfStep = false;
  #failure: PgError | undefined;
  #pull: Pull | undefined;
  /** A payload of the next chunk that the walker has already passed: [aheadStart, aheadEnd) of `ahead`. */
  #ahead: Buffer | undefined;
  #aheadStart = 0;
  #aheadEnd = 0;
  /** CopyDone has come, after data that had to be handed out first. */
  #doneAhead = false;

  constructor(private readonly input: ClientInput) {}

  [Symbol.asyncIterator](): AsyncIterableIterator<Uint8Array> {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    if (this.#failure !== undefined) throw this.#failure;
    const piece = this.#piece();
    if (piece !== undefined) return { done: false, value: piece };
    if (this.isDone) return finished;
    return await new Promise((resolve, reject) => {
      this.#pull = { resolve, reject };
      this.input.wantMore();
    });
  }

  /** The statement stops reading early; what is left is swallowed by the query loop. */
  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    return await Promise.resolve(finished);
  }

  /** More messages are there. */
  arrived(): void {
    const pull = this.#pull;
    if (pull === undefined) return;
    try {
      const piece = this.#piece();
      if (piece === undefined && !this.isDone) {
        this.input.wantMore();
        return;
      }
      this.#pull = undefined;
      pull.resolve(piece === undefined ? finished : { done: false, value: piece });
    } catch (error) {
      this.#pull = undefined;
      pull.reject(error as PgError);
    }
  }

  /** Ends the input with an error: a cancel request, or the client is gone. */
  fail(error: PgError): void {
    if (this.isDone) return;
    this.#failure ??= error;
    const pull = this.#pull;
    this.#pull = undefined;
    pull?.reject(error);
  }

  /** The next piece of data; undefined when there is none yet or no more (`isDone`). Throws what the client says with CopyFail. */
  #piece(): Uint8Array | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#doneAhead) this.isDone = true;
    if (this.isDone) return undefined;
    const frames = this.input.frames;
    let buffer = this.#ahead;
    let start = this.#aheadStart;
    let end = this.#aheadEnd;
    this.#ahead = undefined;
    while (frames.next()) {
      switch (frames.type) {
        case copyData:
          if (frames.end === frames.start) break;
          if (buffer === undefined) {
            buffer = frames.buffer;
            start = frames.start;
            end = frames.end;
          } else if (buffer === frames.buffer) {
            buffer.copyWithin(end, frames.start, frames.end);
            end += frames.end - frames.start;
          } else {
            this.#ahead = frames.buffer;
            this.#aheadStart = frames.start;
            this.#aheadEnd = frames.end;
            return buffer.subarray(start, end);
          }
          break;
        case copyDone:
          if (buffer === undefined) {
            this.isDone = true;
            return undefined;
          }
          this.#doneAhead = true;
          return buffer.subarray(start, end);
        case copyFail: {
          const terminator = frames.buffer.indexOf(0, frames.start);
          const reason = decodeText(frames.buffer.subarray(frames.start, terminator < 0 ? frames.end : Math.min(terminator, frames.end)));
          this.#failure = new PgError('57014', `COPY from stdin failed: ${reason}`);
          throw this.#failure;
        }
        case flush:
        case sync:
          // Ignored, as a client of the extended protocol sends them without knowing that COPY has begun.
          break;
        default:
          this.isOutOfStep = true;
          this.#failure = new PgError('08P01', `unexpected message type 0x${frames.type.toString(16).toUpperCase().padStart(2, '0')} during COPY from stdin`);
          throw this.#failure;
      }
    }
    return buffer?.subarray(start, end);
  }
}

/** The last byte that is no part of a longer character: below what second and third bytes can be in any encoding. */
const plainBytesEnd = 0x30;

/** Data of COPY in text or csv, converted from the client's encoding. A character that lies across pieces waits for its rest. */
export async function* inUtf8(data: AsyncIterable<Uint8Array>, encoding: ClientEncoding): AsyncGenerator<Uint8Array, undefined> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of data) {
    const whole = Buffer.concat([rest, piece]);
    let end = whole.length;
    while (end > 0 && (whole[end - 1] ?? 0) >= plainBytesEnd) end--;
    rest = Buffer.from(whole.subarray(end));
    if (end > 0) yield encoding.toUtf8(whole.subarray(0, end));
  }
  if (rest.length > 0) yield encoding.toUtf8(rest);
  return undefined;
}
