/**
 * One front-end: accepts sockets, lets clients in (start-up, authentication, limits), makes a session and a connection for each, and ends them in order.
 * Runs on a front-end thread (proxy/front-end-worker.ts); several listen on the same descriptor. Also used directly by tests.
 */
import { createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from 'node:net';
import { PgError } from '../common/errors.js';
import { authenticate } from './auth/authenticate.js';
import type { Credentials, RoleFacts } from './auth/credentials.js';
import type { HostRule } from './auth/host-rules.js';
import type { UserMapping } from './auth/user-maps.js';
import type { CancelKey, CancelRegistry } from './cancel-registry.js';
import { Connection } from './connection.js';
import type { ConnectionLimit } from './connection-limit.js';
import type { SessionFactory, SessionStartup } from './session/session.js';
import { startUp, type StartedClient } from './startup.js';
import { readStartupSettings } from './startup-settings.js';
import type { TlsContext } from './tls-context.js';
import * as backend from './wire/backend-messages.js';
import { ClientInput } from './wire/client-input.js';

export interface FrontEndOptions {
  readonly sessionFactory: SessionFactory;
  readonly credentials: Credentials;
  readonly cancelRegistry: CancelRegistry;
  readonly connectionLimit: ConnectionLimit;
  readonly configuration: FrontEndConfiguration;
  /** The server's secret behind made-up SCRAM salts; the same on every thread. */
  readonly mockKey: Buffer;
  /** One line for the log. */
  readonly log: (line: string) => void;
  /** Largest message that a client may send. */
  readonly messageBytesMax?: number;
}

/** What may change while the server runs (SIGHUP). */
export interface FrontEndConfiguration {
  readonly rules: readonly HostRule[];
  readonly userMappings: readonly UserMapping[];
  /** undefined: SSLRequest is answered 'N'. */
  readonly tls: TlsContext | undefined;
  /** authentication_timeout: from accepting the socket to ReadyForQuery. */
  readonly authenticationTimeoutMs: number;
  readonly passwordEncryption: 'md5' | 'scram-sha-256';
}

/** starting: 57P03 to everybody; running; stopping: 57P03 to newcomers. */
export type FrontEndState = 'starting' | 'running' | 'stopping';

const defaultMessageBytesMax = 256 * 1024 * 1024;
const authenticationMessageBytesMax = 64 * 1024;

function fatal(code: string, message: string): PgError {
  return new PgError(code, message, { severity: 'FATAL' });
}

export class FrontEnd {
  state: FrontEndState = 'starting';
  readonly #options: FrontEndOptions;
  #configuration: FrontEndConfiguration;
  readonly #connections = new Set<Connection>();
  /** Sockets of clients that are not let in yet. */
  readonly #newcomers = new Set<Socket>();
  readonly #servers: Server[] = [];
  #whenEmpty: (() => void) | undefined;

  constructor(options: FrontEndOptions) {
    this.#options = options;
    this.#configuration = options.configuration;
  }

  /** For clients that come from now on. */
  configure(configuration: FrontEndConfiguration): void {
    this.#configuration = configuration;
  }

  /** Listens on an address, or on a descriptor that another thread has bound. Rejects with the system's error (EADDRINUSE, EACCES). */
  async listen(options: ListenOptions | { readonly fd: number }): Promise<AddressInfo> {
    return (await this.#listen(options)).address() as AddressInfo;
  }

  /** Listens on a Unix socket; resolves with its descriptor. */
  async listenAt(path: string): Promise<number> {
    return descriptorOf(await this.#listen({ path }));
  }

  async #listen(options: ListenOptions | { readonly fd: number }): Promise<Server> {
    // Half-open: a client that has said goodbye still gets what it asked for.
    const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) => {
      this.accept(socket);
    });
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(options, () => {
        server.off('error', reject);
        server.on('error', (error) => {
          this.#options.log(`listening: ${error.message}`);
        });
        resolve();
      });
    });
    this.#servers.push(server);
    return server;
  }

  /** The descriptor of the first address, which the other front-end threads listen on. */
  get descriptor(): number {
    const [server] = this.#servers;
    if (server === undefined) throw new Error('the front-end is not listening');
    return descriptorOf(server);
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Serves one accepted socket. */
  accept(socket: Socket): void {
    this.#newcomers.add(socket);
    this.#welcome(socket)
      .catch((error: unknown) => {
        this.#options.log(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
        socket.destroy();
      })
      .finally(() => {
        this.#newcomers.delete(socket);
        this.#noticeEmpty();
      })
      .catch(() => undefined);
  }

  async #welcome(socket: Socket): Promise<void> {
    const { cancelRegistry } = this.#options;
    const { tls, authenticationTimeoutMs: timeoutMs } = this.#configuration;
    const deadline = Date.now() + timeoutMs;
    const client = await startUp(socket, {
      // (Nobody listens in on a Unix socket: PostgreSQL answers N, too.)
      tls: socket.remoteAddress === undefined ? undefined : tls,
      timeoutMs,
      cancel: (key) => {
        cancelRegistry.cancel(key);
      },
    });
    if (client === undefined) return;
    const timer = setTimeout(() => {
      this.#refuse(client, fatal('57014', 'canceling authentication due to timeout'));
    }, deadline - Date.now());
    try {
      await this.#letIn(client);
    } catch (error) {
      const failure = error instanceof PgError ? error : undefined;
      if (failure === undefined) this.#options.log(`internal error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      this.#refuse(client, failure ?? fatal('XX000', String(error)));
    } finally {
      clearTimeout(timer);
    }
  }

  #refuse(client: StartedClient, error: PgError): void {
    backend.errorResponse(client.output, new PgError(error.code, error.message, { ...error.fields, severity: 'FATAL' }));
    client.output.flush();
    client.socket.end();
    client.socket.resume();
    setTimeout(() => client.socket.destroy(), 1000).unref();
  }

  /** Takes a place and gives it back unless the client comes in. Throws the FATAL error to send. */
  async #letIn(client: StartedClient): Promise<void> {
    const { connectionLimit, cancelRegistry } = this.#options;
    if (this.state === 'starting') throw fatal('57P03', 'the database system is starting up');
    if (this.state === 'stopping') throw fatal('57P03', 'the database system is shutting down');
    if (!connectionLimit.tryAcquire()) throw fatal('53300', 'sorry, too many clients already');
    let key: CancelKey | undefined;
    const release = (): void => {
      connectionLimit.release();
      if (key !== undefined) cancelRegistry.unregister(key);
    };
    try {
      const input = new ClientInput(client.socket, client.leftover, authenticationMessageBytesMax);
      const connection = new Connection({
        socket: client.socket,
        input,
        output: client.output,
        log: this.#options.log,
        closed: () => {
          this.#connections.delete(connection);
          release();
          this.#noticeEmpty();
        },
      });
      key = cancelRegistry.register(() => {
        connection.cancel();
      });
      const startup = await this.#authenticate(client, input, key);
      input.listen({ arrived: () => undefined, ended: () => undefined });
      input.frames.setLimit(this.#options.messageBytesMax ?? defaultMessageBytesMax);
      const session = await this.#options.sessionFactory(startup, connection);
      for (const [name, value] of session.reportedParameters) backend.parameterStatus(client.output, name, value);
      backend.backendKeyData(client.output, key.processId, key.secretKey);
      this.#connections.add(connection);
      connection.start(session);
      if (this.#isStopping()) connection.terminate(shutdownError());
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The state as it is now, after a wait (which the compiler does not see). */
  #isStopping(): boolean {
    return this.state === 'stopping';
  }

  async #authenticate(client: StartedClient, input: ClientInput, key: CancelKey): Promise<SessionStartup> {
    const { credentials, mockKey, log } = this.#options;
    const { rules, userMappings, tls, passwordEncryption } = this.#configuration;
    const { user, database, applicationName, settings } = readStartupSettings(client.parameters);
    const { encryption } = client;
    const role = await credentials.role(user);
    const address = client.socket.remoteAddress;
    await authenticate(
      {
        user,
        database,
        address,
        encrypted: encryption !== undefined,
        certificate: encryption?.certificate,
        rules,
        userMappings,
        channelBinding: encryption === undefined ? undefined : tls?.channelBinding,
        mockKey,
        passwordEncryption,
        log,
      },
      credentials,
      role,
      input,
      client.output,
    );
    await this.#admit(user, role, database);
    const { remotePort, localAddress, localPort } = client.socket;
    return {
      user,
      database,
      applicationName,
      settings,
      processId: key.processId,
      clientAddress: address,
      clientPort: remotePort,
      serverAddress: localAddress,
      serverPort: localPort,
      encryption,
    };
  }

  /** Whether the role may log in now, and into that database (InitializeSessionUserId, CheckMyDatabase). Who has proved to be the role is told exactly. */
  async #admit(user: string, role: RoleFacts | undefined, database: string): Promise<void> {
    if (role === undefined) throw fatal('28000', `role "${user}" does not exist`);
    if (!role.canLogIn) throw fatal('28000', `role "${user}" is not permitted to log in`);
    if (!role.superuser && this.#options.connectionLimit.reachesReserve) {
      throw fatal('53300', 'remaining connection slots are reserved for non-replication superuser connections');
    }
    const entered = await this.#options.credentials.database(database);
    if (entered === undefined) throw fatal('3D000', `database "${database}" does not exist`);
    if (!entered.allowsConnections) throw fatal('55000', `database "${database}" is not currently accepting connections`);
    if (!role.superuser && !entered.mayConnect(user)) {
      throw new PgError('42501', `permission denied for database "${database}"`, { severity: 'FATAL', detail: 'User does not have CONNECT privilege.' });
    }
  }

  /**
   * Ends every connection with 57P01 (a running statement is cancelled first) and refuses newcomers. Resolves when all sessions are closed.
   * The listening socket stays open: its descriptor may be shared with other threads, and is closed by the end of the process or `closeListener`.
   */
  async stop(): Promise<void> {
    this.state = 'stopping';
    for (const connection of this.#connections) connection.terminate(shutdownError());
    for (const socket of this.#newcomers) socket.destroy();
    if (this.#connections.size === 0 && this.#newcomers.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
  }

  /** Only when no other thread listens on the descriptor: closing it twice could close somebody else's file. */
  async closeListener(): Promise<void> {
    await Promise.all(
      this.#servers.splice(0).map(
        async (server) =>
          await new Promise<void>((resolve) => {
            server.close(() => {
              resolve();
            });
          }),
      ),
    );
  }

  #noticeEmpty(): void {
    if (this.#connections.size === 0 && this.#newcomers.size === 0) this.#whenEmpty?.();
  }
}

/** (node does not tell.) */
function descriptorOf(server: Server): number {
  const handle = (server as unknown as { readonly _handle: { readonly fd: number } | null })._handle;
  if (handle === null) throw new Error('the front-end is not listening');
  return handle.fd;
}

function shutdownError(): PgError {
  return fatal('57P01', 'terminating connection due to administrator command');
}
