/** A front-end over fake sessions on a free port, for the wire's tests. */
import { ThreadCancelRegistry } from '../../../src/proxy/cancel-registry.js';
import { ConnectionLimit } from '../../../src/proxy/connection-limit.js';
import { parseHostRules } from '../../../src/proxy/auth/host-rules.js';
import { FrontEnd, type FrontEndConfiguration, type FrontEndOptions } from '../../../src/proxy/front-end.js';
import { TlsContext, type TlsIdentity } from '../../../src/proxy/tls-context.js';
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

export interface FixtureOptions extends Partial<FrontEndOptions> {
  /** Lines of pg_hba.conf. */
  readonly rules?: string;
  readonly tls?: TlsIdentity;
  readonly authenticationTimeoutMs?: number;
}

export function fixtureConfiguration({ rules, tls, authenticationTimeoutMs }: FixtureOptions): FrontEndConfiguration {
  return {
    userMappings: [],
    rules: parseHostRules(rules ?? 'host all all all trust', () => '').rules,
    tls: tls === undefined ? undefined : new TlsContext(tls),
    authenticationTimeoutMs: authenticationTimeoutMs ?? 60_000,
    passwordEncryption: 'scram-sha-256',
  };
}

export async function startFixture(options: FixtureOptions = {}, verifiers = new Map<string, string>()): Promise<Fixture> {
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
      role: (name) =>
        name === 'nobody'
          ? undefined
          : {
              superuser: name === 'postgres',
              canLogIn: name !== 'group',
              password: verifiers.get(name),
              validUntil: name === 'old' ? 0n : undefined,
              connectionLimit: -1,
            },
      isMember: (role, of) => role === of || (role === 'ann' && of === 'staff'),
      database: (name) =>
        name === 'nowhere'
          ? undefined
          : { allowsConnections: name !== 'closed', connectionLimit: -1, mayConnect: (role) => name !== 'private' || role === 'ann' },
    },
    cancelRegistry: new ThreadCancelRegistry(0, 0, () => undefined),
    configuration: fixtureConfiguration(options),
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
