/**
 * What stands behind the wire on one front-end thread: the session factory and the credentials. Imported by proxy/front-end-worker.ts on that thread, by the URL
 * that cli/compose.ts gives it.
 */
import { notSupported } from '../common/errors.js';
import type { FrontEndComposition } from '../proxy/front-end-thread.js';

/** WIRE SESSIONS IN HERE: `composition` is what `Storage.frontEnd` of cli/compose.ts has made for this thread (ports to the lane and the scan threads). */
export async function composeFrontEnd(_composition: unknown, _threadIndex: number): Promise<FrontEndComposition> {
  await Promise.resolve();
  return {
    sessionFactory: () => {
      throw notSupported('a session');
    },
    credentials: {
      lookup: () => undefined,
      roleExists: () => true,
      databaseExists: () => true,
    },
    close: async () => {
      await Promise.resolve();
    },
  };
}
