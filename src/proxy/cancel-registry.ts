/**
 * Cancel keys: which connection a CancelRequest means. A request arrives on a connection of its own, perhaps on another front-end thread or another node than the one
 * that owns the connection; so a process id tells its node and thread, and a request for another is forwarded.
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
  /** Gives a connection its process id (unique over the cluster) and secret. */
  register(cancel: () => void): CancelKey;
  unregister(key: CancelKey): void;
  /** A CancelRequest, from whatever connection. A wrong key does nothing, and the asker is told nothing. */
  cancel(key: CancelKey): void;
}

/** At most this many front-end threads. */
export const frontEndThreadsMax = 64;
/** Nodes of a cluster are numbered from 0. */
export const nodesMax = 256;
const firstSequence = 16;
const lastSequence = Math.floor(0x7fffffff / (frontEndThreadsMax * nodesMax)) - 1;

/** The node of a process id. */
export function nodeOf(processId: number): number {
  return Math.floor(processId / frontEndThreadsMax) % nodesMax;
}

/** The front-end thread of a process id, on its node. */
export function threadOf(processId: number): number {
  return processId % frontEndThreadsMax;
}

/** One thread's keys. Process ids are (sequence * 256 + node) * 64 + thread. */
export class ThreadCancelRegistry implements CancelRegistry {
  #sequence = firstSequence;
  readonly #connections = new Map<number, { readonly secretKey: number; readonly cancel: () => void }>();

  constructor(
    private readonly node: number,
    private readonly threadIndex: number,
    /** Sends a request for a key of another thread or node on its way; that thread's `cancel` gets it. */
    private readonly forward: (key: CancelKey) => void,
  ) {}

  register(cancel: () => void): CancelKey {
    let processId: number;
    do {
      processId = (this.#sequence * nodesMax + this.node) * frontEndThreadsMax + this.threadIndex;
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
    if (key.processId < 0) return;
    if (threadOf(key.processId) !== this.threadIndex || nodeOf(key.processId) !== this.node) {
      this.forward(key);
      return;
    }
    const connection = this.#connections.get(key.processId);
    if (connection?.secretKey === key.secretKey) connection.cancel();
  }
}
