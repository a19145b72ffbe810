/**
 * Messages one way over a MessagePort, at the reader's pace: the writer waits once so many bytes are on their way that the reader has not asked for yet. For whoever sends much
 * over a port, between threads or between nodes (cluster/channel); calls that answer (common/rpc) bound themselves.
 */
import { once } from 'node:events';
import type { MessagePort, Transferable } from 'node:worker_threads';
import { PgError } from './errors.js';

/** From the writer. */
type Item =
  | { readonly kind: 'message'; readonly message: unknown; readonly bytes: number }
  | { readonly kind: 'end' }
  | { readonly kind: 'failure'; readonly error: unknown };
/** From the reader: so many bytes more have been taken. */
interface Taken {
  readonly taken: number;
}

const windowBytesDefault = 1024 * 1024;

function cutOff(): Error {
  return new PgError('08006', 'the stream was cut off');
}

export class MessageWriter<M> {
  readonly #port: MessagePort;
  #onWay = 0;
  #closed = false;
  #wake: (() => void) | undefined;

  /** windowBytes: so much may be on its way; one message always may. */
  constructor(
    port: MessagePort,
    private readonly windowBytes = windowBytesDefault,
  ) {
    this.#port = port;
    port.on('message', ({ taken }: Taken) => {
      this.#onWay -= taken;
      this.#wake?.();
    });
    port.on('close', () => {
      this.#closed = true;
      this.#wake?.();
    });
  }

  /** Resolves when there is room for the next one. bytes: about how big it is. Rejects with 08006 when the reader is gone. */
  async write(message: M, bytes: number, transfer: readonly Transferable[] = []): Promise<void> {
    if (this.#closed) throw cutOff();
    this.#onWay += bytes;
    this.#port.postMessage({ kind: 'message', message, bytes } satisfies Item, transfer as Transferable[]);
    await this.#until(() => this.#onWay <= this.windowBytes);
  }

  /** Resolves when the reader has taken everything, and the port is closed. */
  async end(): Promise<void> {
    this.#port.postMessage({ kind: 'end' } satisfies Item);
    if (!this.#closed) await once(this.#port, 'close');
    if (this.#onWay > 0) throw cutOff();
  }

  /** The reader gets `error` after what was written. */
  fail(error: unknown): void {
    this.#port.postMessage({ kind: 'failure', error: PgError.serialize(error) } satisfies Item);
  }

  async #until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#closed) throw cutOff();
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

/** What the writer at the other end of `port` writes; throws what it fails with, and 08006 when it is gone before the end. Leaving the loop closes the port. */
export async function* readMessages<M>(port: MessagePort): AsyncGenerator<M, void, undefined> {
  const items: Item[] = [];
  let closed = false;
  let wake: (() => void) | undefined;
  port.on('message', (item: Item) => {
    items.push(item);
    wake?.();
  });
  port.on('close', () => {
    closed = true;
    wake?.();
  });
  try {
    for (;;) {
      const item = items.shift();
      if (item === undefined) {
        if (closed) throw cutOff();
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
        continue;
      }
      if (item.kind === 'end') return;
      if (item.kind === 'failure') throw PgError.deserialize(item.error);
      port.postMessage({ taken: item.bytes } satisfies Taken);
      yield item.message as M;
    }
  } finally {
    port.close();
  }
}
