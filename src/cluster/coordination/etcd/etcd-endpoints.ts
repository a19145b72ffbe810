/**
 * The members of an etcd as one: all calls go to one of them until it fails, then to the next. A call is over within its deadline, and is not repeated, except on the next member
 * when it is certain that nothing was done. Connections are thrown away at the first sign of trouble: a fresh one finds a restarted etcd at once, a kept one would wait.
 * Used by etcd-backend.ts.
 */
import { noop } from 'cockatiel';
import { Etcd3, type IOptions, type KVClient } from 'etcd3';
import { StoreError } from '../store.js';
import { storeErrorOf, type CallKind } from './etcd-errors.js';
import type { EtcdOptions } from './etcd-options.js';

type CallOptions = NonNullable<Parameters<KVClient['range']>[1]>;
type Interceptor = NonNullable<CallOptions['interceptors']>[number];

export interface CallContext {
  readonly client: Etcd3;
  /** For the one call that is made with the client. */
  readonly options: CallOptions;
}

interface Endpoint {
  readonly url: string;
  client: Etcd3 | undefined;
}

const defaultDeadlineMs = 1000;

export class EtcdEndpoints {
  readonly #endpoints: readonly Endpoint[];
  readonly #deadlineMs: number;
  #current: number;
  #troubled = false;

  constructor(private readonly options: EtcdOptions) {
    const scheme = options.tls === undefined ? 'http' : 'https';
    this.#endpoints = options.endpoints.map((endpoint) => ({ url: `${scheme}://${endpoint}`, client: undefined }));
    this.#deadlineMs = options.deadlineMs ?? defaultDeadlineMs;
    // The nodes of a cluster spread over the members.
    this.#current = Math.floor(Math.random() * this.#endpoints.length);
  }

  get description(): string {
    return `etcd at ${this.#endpoints.map(({ url }) => url).join(', ')}`;
  }

  /** Rejects with StoreError. */
  async call<T>(kind: CallKind, run: (context: CallContext) => Promise<T>): Promise<T> {
    const startMs = performance.now();
    for (let tried = 1; ; tried++) {
      const endpoint = this.#endpoint();
      const leftMs = this.#deadlineMs - (performance.now() - startMs);
      try {
        const result = await withDeadline(run({ client: this.#clientOf(endpoint), options: within(leftMs) }), leftMs);
        if (this.#troubled) this.options.log(`${endpoint.url} answers`);
        this.#troubled = false;
        return result;
      } catch (raised) {
        const error = storeErrorOf(raised, kind);
        this.failed(endpoint.url, error);
        const again = error.kind === 'unavailable' && tried < this.#endpoints.length && performance.now() - startMs < this.#deadlineMs / 2;
        if (!again) throw error;
      }
    }
  }

  /** The client that a stream should use now, and its name for `failed`. */
  get current(): { readonly url: string; readonly client: Etcd3 } {
    const endpoint = this.#endpoint();
    return { url: endpoint.url, client: this.#clientOf(endpoint) };
  }

  /** Something that was asked of the endpoint has failed so. */
  failed(url: string, error: StoreError): void {
    const index = this.#endpoints.findIndex((endpoint) => endpoint.url === url);
    const endpoint = this.#endpoints[index];
    if (endpoint === undefined) return;
    // An old token is thrown away with its client: the next one logs in again.
    if (error.isTransient || error.kind === 'unauthenticated') {
      endpoint.client?.close();
      endpoint.client = undefined;
    }
    if (!error.isTransient || index !== this.#current) return;
    this.#current = (index + 1) % this.#endpoints.length;
    if (this.#troubled) return;
    this.#troubled = true;
    this.options.log(`${url} does not answer: ${error.message}${this.#endpoints.length > 1 ? `; trying ${this.#endpoint().url}` : ''}`);
  }

  close(): void {
    for (const endpoint of this.#endpoints) {
      endpoint.client?.close();
      endpoint.client = undefined;
    }
  }

  #endpoint(): Endpoint {
    const endpoint = this.#endpoints[this.#current];
    if (endpoint === undefined) throw new StoreError('refused', 'no endpoint of etcd is given');
    return endpoint;
  }

  #clientOf(endpoint: Endpoint): Etcd3 {
    endpoint.client ??= new Etcd3(this.#clientOptions(endpoint.url));
    return endpoint.client;
  }

  #clientOptions(url: string): IOptions {
    const { tls, user } = this.options;
    return {
      hosts: url,
      // etcd3's own retries and circuit breakers: off.
      faultHandling: { host: () => noop, global: noop },
      grpcOptions: {
        'grpc.enable_retries': 0,
        // What http_proxy says is not meant for this.
        'grpc.enable_http_proxy': 0,
        // A list may be longer than gRPC's usual 4 MB.
        'grpc.max_receive_message_length': -1,
        'grpc.max_send_message_length': -1,
        // A new client has a new connection.
        'grpc.use_local_subchannel_pool': 1,
      },
      ...(tls === undefined
        ? {}
        : {
            credentials: {
              rootCertificate: tls.ca,
              ...(tls.client === undefined ? {} : { privateKey: tls.client.key, certChain: tls.client.cert }),
            },
          }),
      ...(user === undefined
        ? {}
        : { auth: { username: user.name, password: user.password, callOptions: () => ({ deadline: Date.now() + this.#deadlineMs }) } }),
    };
  }
}

/** gRPC's deadlines are points of the wall clock, which may be moved while we log in first: this one is set at the moment in which gRPC turns it into a duration. */
function within(durationMs: number): CallOptions {
  return { interceptors: [(options, nextCall) => nextCall({ ...options, deadline: Date.now() + durationMs }) as ReturnType<Interceptor>] };
}

/** Whatever gRPC does (and logging in comes before the call itself): nobody waits longer than this. */
async function withDeadline<T>(call: Promise<T>, leftMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error('it did not answer in time'));
    }, leftMs + 50);
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    clearTimeout(timer);
  }
}
