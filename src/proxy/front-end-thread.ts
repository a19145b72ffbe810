/**
 * What the main thread and a front-end thread say to each other, and the main thread's handle on such a thread.
 * Started by cli/compose.ts; the other end is proxy/front-end-worker.ts.
 */
import { Worker, type Transferable } from 'node:worker_threads';
import { PgError } from '../common/errors.js';
import { workerUrl } from '../common/worker-url.js';
import type { Credentials } from './auth/credentials.js';
import type { HostRules } from './auth/host-rules.js';
import type { UserMapping } from './auth/user-maps.js';
import type { CancelKey } from './cancel-registry.js';
import type { SessionFactory } from './session/session.js';
import type { TlsIdentity } from './tls-context.js';

/** What may change while the server runs. Structured-cloneable. */
export interface NodeConfiguration {
  /** Settings that differ from what is built in, by lower-case name. */
  readonly settings: ReadonlyMap<string, string>;
  /** Who may come in. */
  readonly hostRules: HostRules;
  /** Which names of certificates are which roles. */
  readonly userMappings: readonly UserMapping[];
  readonly tls: TlsIdentity | undefined;
  /** pg_conf_load_time(): microseconds since 2000-01-01 UTC. */
  readonly loadedMicros: number;
}

/** What a front-end thread is given at its start. Structured-cloneable. */
export interface FrontEndThreadData {
  /** The node's number in its cluster. */
  readonly node: number;
  readonly threadIndex: number;
  readonly configuration: NodeConfiguration;
  readonly mockKey: Uint8Array;
  /** A verifier for the first superuser while it has no password of its own, so that a server on a public address can be entered at all. */
  readonly firstPassword: { readonly role: string; readonly verifier: string } | undefined;
  readonly connectionCount: SharedArrayBuffer;
  readonly connectionsMax: number;
  /** superuser_reserved_connections. */
  readonly connectionsReserved: number;
  /** URL of the module that exports `composeFrontEnd`: what stands behind the wire is not the wire's business. */
  readonly compositionModule: string;
}

/** What stands behind the wire on one front-end thread. */
export interface FrontEndComposition {
  readonly sessionFactory: SessionFactory;
  readonly credentials: Credentials;
  /** A newer configuration is in force. */
  configure(configuration: NodeConfiguration): void;
  /** After the last session has been closed. */
  close(): Promise<void>;
}

/** The export of the composition module. */
export type ComposeFrontEnd = (composition: unknown, threadIndex: number) => Promise<FrontEndComposition>;

export type ToFrontEnd =
  /** Handed to `composeFrontEnd` as it is. */
  | { readonly kind: 'compose'; readonly composition: unknown }
  | { readonly kind: 'listen'; readonly host: string; readonly port: number }
  | { readonly kind: 'listenAt'; readonly path: string }
  | { readonly kind: 'listenOn'; readonly fd: number }
  | { readonly kind: 'run' }
  | { readonly kind: 'configure'; readonly configuration: NodeConfiguration }
  | { readonly kind: 'cancel'; readonly key: CancelKey }
  | { readonly kind: 'stop'; readonly closeListener: boolean };

export type FromFrontEnd =
  | { readonly kind: 'listening'; readonly host: string; readonly port: number; readonly fd: number }
  | { readonly kind: 'listenFailed'; readonly systemCode: string; readonly message: string }
  | { readonly kind: 'composed' }
  | { readonly kind: 'composeFailed'; readonly error: unknown }
  | { readonly kind: 'cancel'; readonly key: CancelKey }
  | { readonly kind: 'stopped' };

/** The address cannot be listened on. `systemCode` as the system says: EADDRINUSE, EACCES, EADDRNOTAVAIL, ENOTFOUND. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  constructor(
    readonly systemCode: string,
    message: string,
  ) {
    super(message);
  }
}

type Answer<K extends FromFrontEnd['kind']> = Extract<FromFrontEnd, { kind: K }>;

export class FrontEndThread {
  readonly #worker: Worker;
  readonly #waiters = new Map<FromFrontEnd['kind'], { resolve: (answer: FromFrontEnd) => void; reject: (error: Error) => void }>();
  #ended = false;

  constructor(
    data: FrontEndThreadData,
    private readonly events: {
      /** A cancel request for a connection of another thread or node. */
      readonly cancel: (key: CancelKey) => void;
      /** The thread has died of an error that nobody expected. */
      readonly crashed: (error: Error) => void;
    },
  ) {
    const { url, execArgv } = workerUrl('./front-end-worker.js', import.meta.url);
    this.#worker = new Worker(url, { workerData: data, name: `front-end-${data.threadIndex}`, execArgv });
    this.#worker.on('message', (message: FromFrontEnd) => {
      this.#receive(message);
    });
    this.#worker.on('error', (error) => {
      this.#fail(error);
    });
    this.#worker.on('exit', (exitCode) => {
      this.#fail(new Error(`the thread has ended with code ${exitCode}`));
    });
  }

  #receive(message: FromFrontEnd): void {
    switch (message.kind) {
      case 'cancel':
        this.events.cancel(message.key);
        return;
      case 'listenFailed':
        this.#waiters.get('listening')?.reject(new ListenError(message.systemCode, message.message));
        return;
      case 'composeFailed':
        // There is nothing to stop in it.
        this.#ended = true;
        this.#waiters.get('composed')?.reject(PgError.deserialize(message.error));
        return;
      case 'listening':
      case 'composed':
      case 'stopped':
        this.#waiters.get(message.kind)?.resolve(message);
    }
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const waiter of this.#waiters.values()) waiter.reject(error);
    this.events.crashed(error);
  }

  async #answer<K extends FromFrontEnd['kind']>(kind: K): Promise<Answer<K>> {
    return await new Promise<Answer<K>>((resolve, reject) => {
      this.#waiters.set(kind, { resolve: resolve as (answer: FromFrontEnd) => void, reject });
    });
  }

  #send(message: ToFrontEnd, transfer: readonly Transferable[] = []): void {
    this.#worker.postMessage(message, transfer);
  }

  /** Composes what stands behind the wire, whose modules the thread has been loading since its construction. Once, before anything else. */
  async compose(composition: unknown, transfer: readonly Transferable[]): Promise<void> {
    this.#send({ kind: 'compose', composition }, transfer);
    await this.#answer('composed');
  }

  /** Binds and listens. Clients are told 57P03 until `run`. Rejects with a ListenError. */
  async listen(host: string, port: number): Promise<Answer<'listening'>> {
    this.#send({ kind: 'listen', host, port });
    return await this.#answer('listening');
  }

  /** Listens on a Unix socket, too; resolves with its descriptor. */
  async listenAt(path: string): Promise<number> {
    this.#send({ kind: 'listenAt', path });
    return (await this.#answer('listening')).fd;
  }

  /** Listens on a descriptor that another thread has bound. */
  async listenOn(fd: number): Promise<void> {
    this.#send({ kind: 'listenOn', fd });
    await this.#answer('listening');
  }

  /** Lets clients in from now on. */
  run(): void {
    this.#send({ kind: 'run' });
  }

  configure(configuration: NodeConfiguration): void {
    this.#send({ kind: 'configure', configuration });
  }

  /** Delivers a cancel request. */
  cancel(key: CancelKey): void {
    this.#send({ kind: 'cancel', key });
  }

  /** Ends all sessions with 57P01. `closeListener` only where no other thread shares the descriptor. */
  async stop(closeListener: boolean): Promise<void> {
    if (this.#ended) return;
    this.#send({ kind: 'stop', closeListener });
    await this.#answer('stopped');
  }

  /** Leaves the thread to the end of the process, which it does not hold up. */
  abandon(): void {
    this.#ended = true;
    this.#worker.unref();
  }

  /** Ends the thread. Not before every other file of the process is closed, when the listening descriptor is shared: ending closes it once more. */
  async terminate(): Promise<void> {
    this.#ended = true;
    await this.#worker.terminate();
  }
}
