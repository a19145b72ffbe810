/**
 * What stands behind the wire on one front-end thread: the session factory and the credentials. Imported by proxy/front-end-worker.ts on that thread, by the URL
 * that cli/compose.ts gives it.
 */
import { provideSettings } from '../catalog/pg-catalog/pg-settings.js';
import type { CatalogData } from '../catalog/snapshot.js';
import { PgError } from '../common/errors.js';
import { connect } from '../common/rpc.js';
import type { FrontEndComposition } from '../proxy/front-end-thread.js';
import { FrontEndServices } from '../proxy/session/services.js';
import { allSettings } from '../proxy/session/settings.js';
import { ShoalSession } from '../proxy/session/shoal-session.js';
import { initialiseParser } from '../sql/parser.js';
import type { FrontEndPorts } from '../storage/pools.js';
import type { CatalogPublication, ReadService, WriteService } from '../storage/ports.js';

/** Sessions that one front-end thread can serve at once: each has a cancel word. */
export const cancelSlotsPerFrontEnd = 4096;

/** What the main thread hands to a front-end thread. */
export interface FrontEndCompositionData {
  readonly ports: FrontEndPorts;
  readonly catalog: CatalogData;
  readonly firstCancelSlot: number;
  readonly cancelSlots: number;
}

export async function composeFrontEnd(composition: unknown, _threadIndex: number): Promise<FrontEndComposition> {
  const { ports, catalog, firstCancelSlot, cancelSlots } = composition as FrontEndCompositionData;
  await initialiseParser();
  provideSettings(allSettings());
  const services = new FrontEndServices({
    catalog,
    places: ports.scan.map((port) => connect<ReadService>(port)),
    lane: connect<WriteService>(ports.lane),
    cancel: ports.shared.cancel,
    firstCancelSlot,
    cancelSlots,
  });
  ports.lane.on('message', (message: Partial<CatalogPublication>) => {
    if (message.kind === 'catalog' && message.catalog !== undefined) services.publish(message.catalog);
  });
  return {
    sessionFactory: (startup, events) => {
      if (startup.database !== services.catalog.data.database) throw new PgError('3D000', `database "${startup.database}" does not exist`, { severity: 'FATAL' });
      return new ShoalSession(services, startup, events);
    },
    credentials: {
      lookup: (role) => services.catalog.role(role)?.verifier,
      roleExists: (role) => services.catalog.role(role) !== undefined,
      databaseExists: (database) => database === services.catalog.data.database,
    },
    close: async () => {
      await Promise.resolve();
      for (const port of [...ports.scan, ports.lane]) port.close();
    },
  };
}
