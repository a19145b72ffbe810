/**
 * A tiny request/response and streaming layer over MessagePort, used between the front-end threads, the scan threads and the writer lane.
 * A service is a record of async methods; the client is a typed proxy of the same shape. Arguments must be structured-cloneable;
 * ArrayBuffers that a method returns through `transfer()` are moved and not copied. PgErrors keep their fields across the boundary.
 *
 * Messages are dear (a wake-up, an event, a clone each): the requests of one turn of the event loop go as one message, and so do the answers that one piece of work has
 * brought about; what requests have in common crosses a port once (common/rpc-parts).
 */
import type { MessagePort, Transferable } from 'node:worker_threads';
import { PgError } from './errors.js';
import { type Definitions, PartReceiver, PartSender } from './rpc-parts.js';

/** Methods of a remote service: each takes one request value and answers one response value. */
export type Service = Record<string, (request: never) => unknown>;

/** The caller's view of a service: every method is asynchronous. */
export type Client<S> = {
  readonly [K in keyof S]: S[K] extends (request: infer Request) => infer Response
    ? (request: Request, transfer?: readonly Transferable[]) => Promise<Awaited<Response>>
    : never;
};

/** For calls that give back what a service holds for the caller, and are not waited for: a service on a node that is lost, or that has let its sessions go, holds nothing any more. */
export function letGo(call: Promise<unknown>): void {
  call.catch((error: unknown) => {
    if (!(error instanceof PgError && (error.code === '08006' || error.code === '57P01'))) throw error;
  });
}

/** A response together with the buffers to move (not copy) to the caller. */
export class Transfer<T> {
  constructor(
    readonly value: T,
    readonly buffers: readonly Transferable[],
  ) {}
}

interface Request {
  readonly id: number;
  readonly method: string;
  readonly request: unknown;
}
interface Response {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: unknown;
}

/** What crosses a port: messages of one turn in their order. */
interface Batch<M> {
  readonly messages: readonly M[];
  readonly parts?: Definitions | undefined;
}

/** Messages that wait for the end of the turn. */
class Outbox<M> {
  private messages: M[] = [];
  private transfers: (readonly Transferable[])[] = [];

  constructor(
    private readonly port: MessagePort,
    /** Calls back at the end of the turn. */
    private readonly later: (send: () => void) => void,
    /** Something in a message cannot be sent. */
    private readonly failed: (message: M, error: unknown) => void,
    private readonly parts?: PartSender,
  ) {}

  add(message: M, transfer: readonly Transferable[] = []): void {
    this.transfers.push(transfer);
    if (this.messages.push(message) === 1) this.later(this.send);
  }

  readonly send = (): void => {
    const { messages, transfers } = this;
    if (messages.length === 0) return;
    this.messages = [];
    this.transfers = [];
    const parts = this.parts?.takeDefinitions();
    try {
      this.post(messages, parts, transfers.flat());
    } catch {
      // One of them cannot be sent; the others shall not suffer for it.
      if (parts !== undefined) this.post([], parts, []);
      for (const [at, message] of messages.entries()) {
        try {
          this.post([message], undefined, transfers[at] ?? []);
        } catch (error) {
          this.failed(message, error);
        }
      }
    }
  };

  private post(messages: readonly M[], parts: Definitions | undefined, transfer: readonly Transferable[]): void {
    const batch: Batch<M> = parts === undefined ? { messages } : { messages, parts };
    if (transfer.length === 0) this.port.postMessage(batch);
    else this.port.postMessage(batch, transfer as Transferable[]);
  }
}

/** Answers requests that arrive on `port` with the methods of `service`. */
export function serve(port: MessagePort, service: object): void {
  const methods = service as Record<string, (request: unknown) => unknown>;
  // (After the promises that are settled now: all answers of one piece of work.)
  const outbox = new Outbox<Response>(
    port,
    (send) => process.nextTick(send),
    ({ id }, error) => {
      port.postMessage({ messages: [{ id, error: PgError.serialize(error) }] } satisfies Batch<Response>);
    },
  );
  const received = new PartReceiver();
  const reply = (id: number, result: unknown): void => {
    if (result instanceof Transfer) outbox.add({ id, value: result.value }, result.buffers);
    else outbox.add({ id, value: result }, undefined);
  };
  const fail = (id: number, error: unknown): void => {
    outbox.add({ id, error: PgError.serialize(error) }, undefined);
  };
  const handle = (message: Request): void => {
    try {
      const method = methods[message.method];
      if (method === undefined) throw new Error(`no method ${message.method}`);
      const result = method.call(service, received.decode(message.request));
      if (result instanceof Promise)
        result.then(
          (value) => reply(message.id, value),
          (error: unknown) => fail(message.id, error),
        );
      else reply(message.id, result);
    } catch (error) {
      fail(message.id, error);
    }
  };
  const take = ({ messages, parts }: Batch<Request>): void => {
    if (parts !== undefined) received.learn(parts);
    for (const message of messages) handle(message);
    if (parts !== undefined) received.unlearn(parts);
  };
  port.on('message', (batch: Batch<Request>) => {
    try {
      take(batch);
    } catch {
      // Not a caller of ours: from another node anything may come.
      port.close();
    }
  });
}

function threadStopped(): Error {
  return new PgError('57P01', 'a worker thread of the server has stopped');
}

/** A client that calls the service at the other end of `port`. When the port closes, every pending and every later call is rejected with what `lost` makes. */
export function connect<S>(port: MessagePort, lost: () => Error = threadStopped): Client<S> {
  let isLost = false;
  const pending = new Map<number, { resolve: (value: unknown) => void; reject: (error: unknown) => void }>();
  let nextId = 1;
  const parts = new PartSender();
  const take = (id: number): { resolve: (value: unknown) => void; reject: (error: unknown) => void } | undefined => {
    const call = pending.get(id);
    pending.delete(id);
    return call;
  };
  const outbox = new Outbox<Request>(
    port,
    (send) => setImmediate(send),
    ({ id }, error) => {
      take(id)?.reject(error);
    },
    parts,
  );
  port.on('message', ({ messages }: Batch<Response>) => {
    for (const message of messages) {
      const call = take(message.id);
      if (message.error !== undefined) call?.reject(PgError.deserialize(message.error));
      else call?.resolve(message.value);
    }
  });
  port.on('close', () => {
    isLost = true;
    for (const call of pending.values()) call.reject(lost());
    pending.clear();
  });
  const call = (method: string, request: unknown, transfer: readonly Transferable[] | undefined): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (isLost) {
        reject(lost());
        return;
      }
      const id = nextId++;
      pending.set(id, { resolve, reject });
      outbox.add({ id, method, request: parts.encode(request) }, transfer);
      // Whoever gives a buffer away sees it gone at once.
      if (transfer !== undefined) outbox.send();
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
