/**
 * What the main thread (compose.ts) hands to a front-end thread (compose-front-end.ts). Apart from both, so that the main thread loads nothing of what stands behind the wire.
 */
import type { MessagePort } from 'node:worker_threads';
import type { NodeConfiguration } from '../proxy/front-end-thread.js';

/** Sessions that one front-end thread can serve at once: each has a cancel word. */
export const cancelSlotsPerFrontEnd = 4096;

/** What the main thread hands to a front-end thread. */
export interface FrontEndCompositionData {
  readonly nodeName: string;
  /** The server's own database is this node's; otherwise it is asked for when a client comes. */
  readonly hasServer: boolean;
  readonly cancel: SharedArrayBuffer;
  readonly firstCancelSlot: number;
  readonly cancelSlots: number;
  /** To the main thread: a NodePort. */
  readonly node: MessagePort;
  /** From the main thread, to this one's ThreadPort. */
  readonly thread: MessagePort;
  readonly configuration: NodeConfiguration;
}
