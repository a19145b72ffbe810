/** Fake sessions behind the wire of a front-end thread. `composition` 'broken' fails. */
import { PgError } from '../../../src/common/errors.js';
import type { FrontEndComposition } from '../../../src/proxy/front-end-thread.js';
import { FakeSession } from './fake-session.js';

export async function composeFrontEnd(composition: unknown, threadIndex: number): Promise<FrontEndComposition> {
  await Promise.resolve();
  if (composition === 'broken') throw new PgError('F0001', 'the data directory is in use', { hint: 'another one?' });
  return {
    sessionFactory: (startup, events) => {
      events.notice({ severity: 'NOTICE', code: '00000', message: `thread ${threadIndex}` });
      return new FakeSession(startup, events);
    },
    credentials: {
      role: () => ({ superuser: true, canLogIn: true, password: undefined, validUntil: undefined, connectionLimit: -1 }),
      isMember: () => false,
      database: () => ({ allowsConnections: true, connectionLimit: -1, mayConnect: () => true }),
    },
    configure: () => undefined,
    close: async () => {
      await Promise.resolve();
    },
  };
}
