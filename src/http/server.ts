/**
 * The HTTP side of a node, for load balancers, supervisors and the scaler. Started by cli/compose.ts on the main thread.
 *
 *     GET /health      200 {"status": "ok"} when the node takes queries, 503 {"status": "starting" | "draining" | "stopping"} when it does not
 *     GET /alive       the same, but 200 for a node that is being drained: for orchestrators, who shall not end it before it is drained
 *     GET /cluster     {"node", "cluster", "store", "leader", "members": [...]}: what `shoal start --join` and `shoal cluster status` ask
 *     GET /replicas    {"replicas": [...]}: the copies of databases and how far behind they are, as shoal.replicas
 *     GET /drain       {"state": "serving" | "draining" | "drained", "sessions": N}
 *     POST /drain      begins to send clients elsewhere; DELETE /drain ends it. Both answer like GET.
 *     /cache/...       the distributed cache (http/cache-routes.ts)
 *
 * What changes something, and the cache, wants the token of SHOAL_HTTP_TOKEN as a bearer token; without one it is open to this machine only.
 */
import { timingSafeEqual } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CacheRoutes } from './cache-routes.js';
import type { NodeControl } from './node-control.js';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 = any free one. */
  readonly port: number;
  readonly control: NodeControl;
  readonly cache: CacheRoutes;
  /** Who may change something says it. */
  readonly token: string | undefined;
}

export interface HttpServer {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

type Route = (control: NodeControl, cache: CacheRoutes) => Promise<{ readonly status: number; readonly body: object }>;

const drainStatus = async (control: NodeControl): ReturnType<Route> => ({ status: 200, body: await control.drainStatus() });

/** By path and method; HEAD is served by GET. */
const routes: Readonly<Record<string, Readonly<Partial<Record<string, Route>>>>> = {
  '/health': {
    GET: async (control) => {
      const status = control.health();
      return await Promise.resolve({ status: status === 'ok' ? 200 : 503, body: { status } });
    },
  },
  '/cluster': { GET: async (control) => await Promise.resolve({ status: 200, body: control.cluster() }) },
  '/cache': { GET: async (_control, cache) => await Promise.resolve(cache.figures()) },
  '/replicas': { GET: async (control) => ({ status: 200, body: { replicas: await control.replicas() } }) },
  '/alive': {
    GET: async (control) => {
      const status = control.health();
      return await Promise.resolve({ status: status === 'ok' || status === 'draining' ? 200 : 503, body: { status } });
    },
  },
  '/drain': {
    GET: drainStatus,
    POST: async (control) => {
      control.drain();
      return await drainStatus(control);
    },
    DELETE: async (control) => {
      control.endDrain();
      return await drainStatus(control);
    },
  },
};

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' });
  response.end(`${JSON.stringify(body)}\n`);
}

function mayChange(request: IncomingMessage, token: string | undefined): boolean {
  if (token === undefined) return /^(127\.|::1$|::ffff:127\.)/.test(request.socket.remoteAddress ?? '');
  const [given, wanted] = [Buffer.from(request.headers.authorization ?? ''), Buffer.from(`Bearer ${token}`)];
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

function refuse(response: ServerResponse, token: string | undefined): void {
  if (token !== undefined) response.setHeader('www-authenticate', 'Bearer');
  answer(response, token === undefined ? 403 : 401, {
    error: token === undefined ? 'without SHOAL_HTTP_TOKEN only this machine may change something' : 'a bearer token is wanted',
  });
}

async function handle(request: IncomingMessage, response: ServerResponse, { control, cache, token }: HttpServerOptions): Promise<void> {
  const path = (request.url ?? '/').replace(/[?#].*$/s, '');
  if (path.startsWith('/cache/')) {
    if (!mayChange(request, token)) {
      request.resume();
      refuse(response, token);
      return;
    }
    const result = await cache.handle(request, response);
    if (result !== undefined) answer(response, result.status, result.body);
    return;
  }
  // What a client sends along is not read by any route yet.
  request.resume();
  const methods = routes[path];
  if (methods === undefined) {
    answer(response, 404, { error: `there is nothing at ${path}` });
    return;
  }
  const method = request.method ?? '';
  const route = methods[method === 'HEAD' ? 'GET' : method];
  if (route === undefined) {
    response.setHeader('allow', ['HEAD', ...Object.keys(methods)].join(', '));
    answer(response, 405, { error: `${method} is not allowed here` });
    return;
  }
  if (method !== 'GET' && method !== 'HEAD' && !mayChange(request, token)) {
    refuse(response, token);
    return;
  }
  const { status, body } = await route(control, cache);
  answer(response, status, body);
}

/** Rejects with the system's error (EADDRINUSE, EACCES) when the address cannot be listened on. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const server = createServer((request, response) => {
    handle(request, response, options).catch((error: unknown) => {
      if (!response.headersSent) answer(response, 500, { error: error instanceof Error ? error.message : String(error) });
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: options.host, port: options.port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const address = server.address() as AddressInfo;
  return {
    host: address.address,
    port: address.port,
    close: async () => {
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      });
    },
  };
}
