/**
 * Cancel keys: which connection a CancelRequest means. A request arrives on a connection of its own, perhaps on another front-end thread than the one that
 * owns the connection; so a process id tells its thread, and a request for another thread is forwarded.
 * Called by proxy/front-end.ts (register, cancel) and proxy/front-end-worker.ts (forwarding).
 */
import { randomInt } from 'node:crypto';

/** What BackendKeyData tells the client. Both are int32. */
export interface CancelKey {
  readonly processId: number;
  readonly secretKey: number;
}

/** The port that a front-end uses. */
export interface CancelRegistry {
  /** Gives a connection its process id (unique over the node) and secret. */
  register(cancel: () => void): CancelKey;
  unregister(key: CancelKey): void;
  /** A CancelRequest, from whatever connection. A wrong key does nothing, and the asker is told nothing. */
  cancel(key: CancelKey): void;
}

/** At most this many front-end threads. */
export const frontEndThreadsMax = 64;
const firstSequence = 16;
const lastSequence = Math.floor(0x7fffffff / frontEndThreadsMax) - 1;

/** One thread's keys. Process ids are sequence * 64 + thread. */
export class ThreadCancelRegistry implements CancelRegistry {
  #sequence = firstSequence;
  readonly #connections = new Map<number, { readonly secretKey: number; readonly cancel: () => void }>();

  constructor(
    private readonly threadIndex: number,
    /** Sends a request for a key of another thread on its way; that thread's `cancel` gets it. */
    private readonly forward: (key: CancelKey, threadIndex: number) => void,
  ) {}

  register(cancel: () => void): CancelKey {
    let processId: number;
    do {
      processId = this.#sequence * frontEndThreadsMax + this.threadIndex;
      this.#sequence = this.#sequence >= lastSequence ? firstSequence : this.#sequence + 1;
    } while (this.#connections.has(processId));
    const secretKey = randomInt(-0x80000000, 0x80000000);
    this.#connections.set(processId, { secretKey, cancel });
    return { processId, secretKey };
  }

  unregister(key: CancelKey): void {
    this.#connections.delete(key.processId);
  }

  cancel(key: CancelKey): void {
    const threadIndex = key.processId % frontEndThreadsMax;
    if (key.processId < 0) return;
    if (threadIndex !== this.threadIndex) {
      this.forward(key, threadIndex);
      return;
    }
    const connection = this.#connections.get(key.processId);
    if (connection?.secretKey === key.secretKey) connection.cancel();
  }
}
