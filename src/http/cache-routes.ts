/**
 * The distributed cache from outside (docs/shuffle.md), of one node: ids of a query, placed over the members, and the data of those that are at this node. A query's ids go
 * when it is deleted, or when nobody has asked for any of them for a minute. Called by http/server.ts.
 *
 *     POST   /cache/<query>                            {"ids": [{"id", "group"?}], "strategy"} -> {"ids": {<id>: {"node", "url"}}}
 *     PUT    /cache/<query>/<id>                       replaces; POST with ?writer=W&sequence=N appends; both -> {"size"}
 *     GET    /cache/<query>/<id>                       the bytes
 *     DELETE /cache/<query>                            all of it
 *     GET    /cache                                    what this node's part holds, also for exchanges of statements
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { Readable } from 'node:stream';
import { PgError } from '../common/errors.js';
import type { CacheStore } from '../cluster/shuffle/cache-store.js';
import { type CacheNode, type PlacedId, placeIds, type PlacementStrategy } from '../cluster/shuffle/placement.js';

/** A member with the address under which it is asked. */
export interface CacheMember extends CacheNode {
  readonly url: string;
}

export interface CacheAccess {
  readonly store: CacheStore;
  /** This node's name among the members. */
  readonly node: string;
  readonly members: () => readonly CacheMember[];
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const portionBytesMax = 64 * 1024 * 1024;
const queryIdleMs = 60_000;
const strategies: readonly string[] = ['uniform_nodes', 'uniform_cpu', 'uniform_memory'] satisfies readonly PlacementStrategy[];

function wrong(error: string, status = 400): Answer {
  return { status, body: { error } };
}

async function readBody(request: IncomingMessage): Promise<Uint8Array | undefined> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes > portionBytesMax) return undefined;
    parts.push(part);
  }
  return Buffer.concat(parts);
}

function readIds(text: string): { readonly ids: readonly PlacedId[]; readonly strategy: PlacementStrategy } | undefined {
  let value: { readonly ids?: unknown; readonly strategy?: unknown };
  try {
    value = (JSON.parse(text) ?? {}) as typeof value;
  } catch {
    return undefined;
  }
  const { ids, strategy = 'uniform_nodes' } = value;
  if (!Array.isArray(ids) || !strategies.includes(strategy as string)) return undefined;
  const isId = (entry: unknown): entry is PlacedId => {
    const { id, group } = (entry ?? {}) as { readonly id?: unknown; readonly group?: unknown };
    return typeof id === 'string' && id !== '' && (group === undefined || typeof group === 'string');
  };
  return ids.every(isId) ? { ids, strategy: strategy as PlacementStrategy } : undefined;
}

export class CacheRoutes {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(private readonly access: CacheAccess) {}

  figures(): Answer {
    return { status: 200, body: this.access.store.figures };
  }

  /** undefined: the data has been sent already. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<Answer | undefined> {
    const url = new URL(request.url ?? '/', 'http://node');
    const [asked = '', id, ...more] = url.pathname.slice('/cache/'.length).split('/').map(decodeURIComponent);
    const query = `http/${asked}`;
    if (asked === '' || id === '' || more.length > 0) return wrong('/cache/<query> or /cache/<query>/<id> is wanted', 404);
    this.#touch(query);
    try {
      return id === undefined ? await this.#ofQuery(request, query) : await this.#ofId(request, response, url.searchParams, query, id);
    } catch (error) {
      if (!(error instanceof PgError)) throw error;
      return wrong(error.message, error.code === '02000' ? 404 : 409);
    }
  }

  close(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
  }

  async #ofQuery(request: IncomingMessage, query: string): Promise<Answer> {
    if (request.method === 'DELETE') {
      this.#drop(query);
      return { status: 200, body: {} };
    }
    if (request.method !== 'POST') return wrong('POST places ids, DELETE removes the query', 405);
    const asked = readIds(Buffer.from((await readBody(request)) ?? []).toString('utf8'));
    if (asked === undefined) return wrong('{"ids": [{"id": ..., "group"?: ...}], "strategy"?: "uniform_nodes" | "uniform_cpu" | "uniform_memory"} is wanted');
    const members = this.access.members();
    const placed = placeIds(asked.ids, asked.strategy, members);
    const ids: Record<string, { readonly node: string; readonly url: string | undefined }> = {};
    for (const [id, node] of placed) {
      if (node === this.access.node) this.access.store.init(query, id);
      ids[id] = { node, url: members.find(({ name }) => name === node)?.url };
    }
    return { status: 200, body: { ids } };
  }

  async #ofId(request: IncomingMessage, response: ServerResponse, parameters: URLSearchParams, query: string, id: string): Promise<Answer | undefined> {
    const { store } = this.access;
    switch (request.method) {
      case 'GET': {
        const size = store.size(query, id);
        response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': size, 'cache-control': 'no-store' });
        // (At the reader's pace: a piece is read when the last one is sent.)
        await pipeline(Readable.from(store.get(query, id), { objectMode: true, highWaterMark: 1 }), response);
        return undefined;
      }
      case 'PUT':
      case 'POST': {
        const [writer, sequence] = [parameters.get('writer'), Number(parameters.get('sequence'))];
        if (request.method === 'POST' && (writer === null || !Number.isSafeInteger(sequence) || sequence < 1))
          return wrong('a portion has a writer, and a sequence from 1 on: ?writer=...&sequence=...');
        const bytes = await readBody(request);
        if (bytes === undefined) return wrong(`a portion has at most ${String(portionBytesMax)} bytes`, 413);
        const size = request.method === 'PUT' ? store.set(query, id, bytes) : store.append(query, id, { writer: writer ?? '', sequence }, bytes);
        return { status: 200, body: { size } };
      }
      default:
        return wrong('GET, PUT or POST is wanted', 405);
    }
  }

  #touch(query: string): void {
    clearTimeout(this.#timers.get(query));
    const timer = setTimeout(() => {
      this.#drop(query);
    }, queryIdleMs);
    timer.unref();
    this.#timers.set(query, timer);
  }

  #drop(query: string): void {
    clearTimeout(this.#timers.get(query));
    this.#timers.delete(query);
    this.access.store.drop(query);
  }
}
