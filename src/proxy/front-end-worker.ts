/**
 * Entry of a front-end thread: composes what stands behind the wire once the main thread says with what, then serves sockets until the main thread says stop.
 * Started by proxy/front-end-thread.ts.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { PgError, assert, assertNever } from '../common/errors.js';
import { ThreadCancelRegistry } from './cancel-registry.js';
import { ConnectionLimit } from './connection-limit.js';
import { FrontEnd, type FrontEndConfiguration } from './front-end.js';
import type { ComposeFrontEnd, FromFrontEnd, FrontEndComposition, FrontEndThreadData, NodeConfiguration, ToFrontEnd } from './front-end-thread.js';
import { parseMilliseconds } from './session/setting-numbers.js';
import { TlsContext } from './tls-context.js';
import { logLine } from '../common/log-line.js';

const data = workerData as FrontEndThreadData;
assert(parentPort, 'a front-end worker has a parent');
const port = parentPort;

function send(message: FromFrontEnd): void {
  port.postMessage(message);
}

function log(line: string): void {
  process.stderr.write(logLine(line));
}

const cancelRegistry = new ThreadCancelRegistry(data.node, data.threadIndex, (key) => {
  send({ kind: 'cancel', key });
});

const { promise: told, resolve: tell } = deferred<unknown>();
let serveMessage: ((message: ToFrontEnd) => void) | undefined;
port.on('message', (message: ToFrontEnd) => {
  if (message.kind === 'compose') tell(message.composition);
  else if (serveMessage !== undefined) serveMessage(message);
  // Stopped before it was composed: there is nothing to end.
  else if (message.kind === 'stop') send({ kind: 'stopped' });
});

function deferred<T>(): { readonly promise: Promise<T>; readonly resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

const defaultAuthenticationTimeoutMs = 60_000;

function wireConfiguration({ settings, hostRules, userMappings, tls }: NodeConfiguration): FrontEndConfiguration {
  const timeout = settings.get('authentication_timeout');
  return {
    rules: hostRules.rules,
    userMappings,
    tls: tls === undefined ? undefined : new TlsContext(tls),
    authenticationTimeoutMs: (timeout === undefined ? undefined : parseMilliseconds(timeout)) ?? defaultAuthenticationTimeoutMs,
    passwordEncryption: settings.get('password_encryption') === 'md5' ? 'md5' : 'scram-sha-256',
  };
}

async function main(): Promise<void> {
  let composition: FrontEndComposition;
  try {
    const module = (await import(data.compositionModule)) as { readonly composeFrontEnd: ComposeFrontEnd };
    composition = await module.composeFrontEnd(await told, data.threadIndex);
  } catch (error) {
    send({ kind: 'composeFailed', error: PgError.serialize(error) });
    return;
  }
  const frontEnd = new FrontEnd({
    sessionFactory: composition.sessionFactory,
    credentials: {
      role: async (name) => {
        const role = await composition.credentials.role(name);
        return role?.password === undefined && role !== undefined && name === data.firstPassword?.role
          ? { ...role, password: data.firstPassword.verifier }
          : role;
      },
      isMember: (role, of) => composition.credentials.isMember(role, of),
      database: (name) => composition.credentials.database(name),
    },
    cancelRegistry,
    connectionLimit: new ConnectionLimit(data.connectionCount, data.connectionsMax, data.connectionsReserved),
    configuration: wireConfiguration(data.configuration),
    mockKey: Buffer.from(data.mockKey),
    log,
  });

  const answer = (listening: Promise<Omit<Extract<FromFrontEnd, { kind: 'listening' }>, 'kind'>>): void => {
    listening.then(
      (address) => {
        send({ kind: 'listening', ...address });
      },
      (error: unknown) => {
        const failure = error as NodeJS.ErrnoException;
        send({ kind: 'listenFailed', systemCode: failure.code ?? '', message: failure.message });
      },
    );
  };
  const listen = async (
    options: { readonly host: string; readonly port: number } | { readonly fd: number },
  ): Promise<{ host: string; port: number; fd: number }> => {
    const { address, port } = await frontEnd.listen(options);
    return { host: address, port, fd: frontEnd.descriptor };
  };
  const stop = async (closeListener: boolean): Promise<void> => {
    await frontEnd.stop();
    if (closeListener) await frontEnd.closeListener();
    await composition.close();
    send({ kind: 'stopped' });
  };

  serveMessage = (message) => {
    switch (message.kind) {
      case 'compose':
        return;
      case 'listen':
        answer(listen({ host: message.host, port: message.port }));
        return;
      case 'listenAt':
        answer(frontEnd.listenAt(message.path).then((fd) => ({ host: message.path, port: 0, fd })));
        return;
      case 'listenOn':
        // (Of a Unix socket node tells the path.)
        answer(frontEnd.listen({ fd: message.fd }).then(() => ({ host: '', port: 0, fd: message.fd })));
        return;
      case 'run':
        frontEnd.state = 'running';
        return;
      case 'configure':
        frontEnd.configure(wireConfiguration(message.configuration));
        composition.configure(message.configuration);
        return;
      case 'cancel':
        cancelRegistry.cancel(message.key);
        return;
      case 'stop':
        stop(message.closeListener).catch((error: unknown) => {
          log(`stopping: ${String(error)}`);
          send({ kind: 'stopped' });
        });
        return;
      default:
        assertNever(message);
    }
  };
  send({ kind: 'composed' });
}

await main();
