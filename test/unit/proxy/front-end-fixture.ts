/** A front-end over fake sessions on a free port, for the wire's tests. */
import { ThreadCancelRegistry } from '../../../src/proxy/cancel-registry.js';
import { ConnectionLimit } from '../../../src/proxy/connection-limit.js';
import { FrontEnd, type FrontEndOptions } from '../../../src/proxy/front-end.js';
import type { Session } from '../../../src/proxy/session/session.js';
import { FakeSession } from './fake-session.js';

export interface Fixture {
  readonly port: number;
  readonly frontEnd: FrontEnd;
  readonly sessions: FakeSession[];
  readonly logged: string[];
  readonly connectionLimit: ConnectionLimit;
  stop(): Promise<void>;
}

export async function startFixture(options: Partial<FrontEndOptions> = {}, verifiers = new Map<string, string>()): Promise<Fixture> {
  const sessions: FakeSession[] = [];
  const logged: string[] = [];
  const connectionLimit = options.connectionLimit ?? ConnectionLimit.create(100);
  const frontEnd = new FrontEnd({
    sessionFactory: (startup, events): Session => {
      const session = new FakeSession(startup, events);
      sessions.push(session);
      return session;
    },
    credentials: {
      lookup: (role) => verifiers.get(role),
      roleExists: (role) => role !== 'nobody',
      databaseExists: (database) => database !== 'nowhere',
    },
    cancelRegistry: new ThreadCancelRegistry(0, () => undefined),
    authentication: 'trust',
    tls: undefined,
    mockKey: Buffer.alloc(32, 7),
    log: (line) => logged.push(line),
    ...options,
    connectionLimit,
  });
  const { port } = await frontEnd.listen({ host: '127.0.0.1', port: 0 });
  frontEnd.state = 'running';
  return {
    port,
    frontEnd,
    sessions,
    logged,
    connectionLimit,
    stop: async () => {
      await frontEnd.stop();
      await frontEnd.closeListener();
    },
  };
}

export async function eventually(condition: () => boolean, what: string): Promise<void> {
  for (let attempt = 0; attempt < 300; attempt++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`never happened: ${what}`);
}
