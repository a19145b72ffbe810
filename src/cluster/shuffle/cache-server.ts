/**
 * A node's part of the distributed cache as the CacheService that storage threads of all nodes use for exchanges. Queries live as long as somebody holds them: the threads on
 * which the statement has a snapshot. So they go when the statement ends, however it ends: its front end, its coordinator or its node may be gone. On the main thread; called by
 * cluster/shuffle/node-caches.
 */
import type { MessagePort } from 'node:worker_threads';
import { PgError } from '../../common/errors.js';
import { serve } from '../../common/rpc.js';
import type { CacheService } from '../../storage/ports.js';
import type { CacheStore } from './cache-store.js';

/** Apart from those of the HTTP side. */
const nameOf = (query: string): string => `exchange/${query}`;

const answerBytes = 512 * 1024;

interface HeldQuery {
  /** What each of them holds. */
  readonly holders: Set<ReadonlySet<string>>;
  /** By id: who have not read it yet. */
  readonly readers: Map<string, number>;
}

export class CacheServer {
  readonly #queries = new Map<string, HeldQuery>();

  constructor(private readonly store: CacheStore) {}

  /** A CacheService for whoever is at the other end of the port, who lets go of everything when it closes. */
  serve(port: MessagePort): void {
    const { service, close } = this.open();
    serve(port, service);
    port.on('close', close);
    port.unref();
  }

  /** A CacheService for one user of this thread, and what ends it. */
  open(): { readonly service: CacheService; readonly close: () => void } {
    const held = new Set<string>();
    const service: CacheService = {
      init: ({ query, id }) => {
        held.add(query);
        this.#init(query, id, held);
      },
      append: ({ query, writer, portions }) => {
        for (const { id, sequence, bytes } of portions) {
          // (Never for a query that is over: nobody would end it a second time.)
          if (!this.store.has(nameOf(query), id)) throw new PgError('02000', `no id "${id}" is in the cache`);
          this.store.append(nameOf(query), id, { writer, sequence }, bytes);
        }
      },
      read: ({ query, id, from, except }) => this.store.portions(nameOf(query), id, { from, except: new Set(except), bytesMax: answerBytes }),
      finish: ({ query, id }) => {
        this.#finish(query, id);
      },
      letGo: ({ query }) => {
        held.delete(query);
        this.#letGo(query, held);
      },
    };
    const close = (): void => {
      for (const query of held) this.#letGo(query, held);
    };
    return { service, close };
  }

  #init(query: string, id: string, holder: ReadonlySet<string>): void {
    let held = this.#queries.get(query);
    if (held === undefined) this.#queries.set(query, (held = { holders: new Set(), readers: new Map() }));
    held.holders.add(holder);
    held.readers.set(id, (held.readers.get(id) ?? 0) + 1);
    this.store.init(nameOf(query), id);
  }

  #finish(query: string, id: string): void {
    const readers = this.#queries.get(query)?.readers;
    const others = (readers?.get(id) ?? 1) - 1;
    readers?.set(id, others);
    if (others === 0) this.store.forget(nameOf(query), id);
  }

  #letGo(query: string, holder: ReadonlySet<string>): void {
    const held = this.#queries.get(query);
    held?.holders.delete(holder);
    if (held === undefined || held.holders.size > 0) return;
    this.#queries.delete(query);
    this.store.drop(nameOf(query));
  }
}
