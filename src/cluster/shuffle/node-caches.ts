/**
 * The distributed cache between nodes: each provides its own part to the others over the channel, and its storage threads get ports to any of them. On the main thread, where the
 * channel is; composed in cli/compose-channel.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { serve, Transfer } from '../../common/rpc.js';
import type { Channel } from '../channel/channel.js';
import { CacheServer } from './cache-server.js';
import type { CacheStore } from './cache-store.js';

const cacheService = 'cache';

export class NodeCaches {
  readonly #server: CacheServer;

  constructor(
    /** This node's name. */
    private readonly node: string,
    private readonly channel: Channel,
    store: CacheStore,
  ) {
    this.#server = new CacheServer(store);
    channel.provide(cacheService, ({ port }) => {
      this.#server.serve(port);
    });
  }

  /** A CacheDirectory at `port`, for a thread of this node. */
  serveDirectory(port: MessagePort): void {
    serve(port, {
      connect: async ({ node }: { readonly node: string }) => {
        const opened = node === this.node ? this.#own() : await this.channel.open(node, cacheService, undefined);
        return new Transfer({ port: opened }, [opened]);
      },
    });
    port.unref();
  }

  #own(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.#server.serve(port1);
    return port2;
  }
}
