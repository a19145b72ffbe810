/**
 * A tiny request/response and streaming layer over MessagePort, used between the front-end threads, the scan threads and the writer lane.
 * A service is a record of async methods; the client is a typed proxy of the same shape. Arguments must be structured-cloneable;
 * ArrayBuffers that a method returns through `transfer()` are moved and not copied. PgErrors keep their fields across the boundary.
 */
import type { MessagePort, Transferable } from 'node:worker_threads';
import { PgError } from './errors.js';

/** Methods of a remote service: each takes one request value and answers one response value. */
export type Service = Record<string, (request: never) => unknown>;

/** The caller's view of a service: every method is asynchronous. */
export type Client<S> = {
  readonly [K in keyof S]: S[K] extends (request: infer Request) => infer Response
    ? (request: Request, transfer?: readonly Transferable[]) => Promise<Awaited<Response>>
    : never;
};

/** A response together with the buffers to move (not copy) to the caller. */
export class Transfer<T> {
  constructor(
    readonly value: T,
    readonly buffers: readonly Transferable[],
  ) {}
}

interface RequestMessage {
  readonly id: number;
  readonly method: string;
  readonly request: unknown;
}
interface ResponseMessage {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: unknown;
}

/** Answers requests that arrive on `port` with the methods of `service`. */
export function serve(port: MessagePort, service: object): void {
  const methods = service as Record<string, (request: unknown) => unknown>;
  const reply = (id: number, result: unknown): void => {
    if (result instanceof Transfer) port.postMessage({ id, value: result.value } satisfies ResponseMessage, result.buffers as Transferable[]);
    else port.postMessage({ id, value: result } satisfies ResponseMessage);
  };
  const fail = (id: number, error: unknown): void => {
    port.postMessage({ id, error: PgError.serialize(error) } satisfies ResponseMessage);
  };
  port.on('message', (message: RequestMessage) => {
    try {
      const method = methods[message.method];
      if (method === undefined) throw new Error(`no method ${message.method}`);
      const result = method.call(service, message.request);
      if (result instanceof Promise) result.then((value) => reply(message.id, value)).catch((error: unknown) => fail(message.id, error));
      else reply(message.id, result);
    } catch (error) {
      fail(message.id, error);
    }
  });
}

/** A client that calls the service at the other end of `port`. Rejects every pending call when the port closes. */
export function connect<S>(port: MessagePort): Client<S> {
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  let nextId = 1;
  port.on('message', (message: ResponseMessage) => {
    const call = pending.get(message.id);
    if (call === undefined) return;
    pending.delete(message.id);
    if (message.error !== undefined) call.reject(PgError.deserialize(message.error));
    else call.resolve(message.value);
  });
  port.on('close', () => {
    for (const call of pending.values()) call.reject(new PgError('57P01', 'a worker thread of the server has stopped'));
    pending.clear();
  });
  const call = (method: string, request: unknown, transfer: readonly Transferable[] | undefined): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = nextId++;
      pending.set(id, { resolve, reject });
      if (transfer === undefined) port.postMessage({ id, method, request } satisfies RequestMessage);
      else port.postMessage({ id, method, request } satisfies RequestMessage, transfer as Transferable[]);
    });
  const methods = new Map<string, (request: unknown, transfer?: readonly Transferable[]) => Promise<unknown>>();
  return new Proxy({} as Client<S>, {
    get: (_target, method) => {
      if (typeof method !== 'string' || method === 'then') return undefined;
      let known = methods.get(method);
      if (known === undefined) {
        known = (request, transfer) => call(method, request, transfer);
        methods.set(method, known);
      }
      return known;
    },
  });
}
