/**
 * The distributed cache as a storage thread reaches it: a port to the part of each node that it works with, asked for once. Used by storage/read/reader through
 * storage/read/shipment.
 */
import type { MessagePort } from 'node:worker_threads';
import { PgError } from '../../common/errors.js';
import { type Client, connect } from '../../common/rpc.js';
import type { CacheDirectory, CacheService } from '../ports.js';

export interface Caches {
  /** Rejects with 08001 or 08006 when there is no way to the node; so do calls when it is lost. */
  at(node: string): Promise<Client<CacheService>>;
}

/** Over a port at which the main thread serves a CacheDirectory. */
export class CachePorts implements Caches {
  readonly #directory: Client<CacheDirectory>;
  readonly #caches = new Map<string, Promise<Client<CacheService>>>();

  constructor(directory: MessagePort) {
    this.#directory = connect<CacheDirectory>(directory);
    directory.unref();
  }

  async at(node: string): Promise<Client<CacheService>> {
    let cache = this.#caches.get(node);
    if (cache === undefined) {
      cache = this.#connect(node);
      this.#caches.set(node, cache);
      cache.catch(() => {
        this.#caches.delete(node);
      });
    }
    return await cache;
  }

  async #connect(node: string): Promise<Client<CacheService>> {
    const { port } = await this.#directory.connect({ node });
    port.on('close', () => {
      this.#caches.delete(node);
    });
    const cache = connect<CacheService>(port, () => new PgError('08006', `node "${node}" was lost`));
    port.unref();
    return cache;
  }
}

/** Of a thread of a node that is alone. */
export const noCaches: Caches = {
  at: async (node) => {
    await Promise.resolve();
    throw new PgError('08001', `there is no way to node "${node}"`);
  },
};
