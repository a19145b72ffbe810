/**
 * What stands behind the wire on one front-end thread: the session factory and the credentials. Imported by proxy/front-end-worker.ts on that thread, by the URL
 * that cli/compose.ts gives it.
 */
import { provideSettings } from '../catalog/pg-catalog/pg-settings.js';
import type { CatalogData } from '../catalog/snapshot.js';
import { PgError } from '../common/errors.js';
import { type Client, connect } from '../common/rpc.js';
import { provideInitialSettings } from '../functions/scalar/system.js';
import { registerFunctions } from '../functions/sqlite-register.js';
import { temporarySchemaPrefix } from '../planner/ddl/ddl.js';
import type { FrontEndComposition } from '../proxy/front-end-thread.js';
import { FrontEndServices } from '../proxy/session/services.js';
import { allSettings, initialSettings, provideStartedSettings } from '../proxy/session/settings.js';
import { ShoalSession } from '../proxy/session/shoal-session.js';
import { initialiseParser } from '../sql/parser.js';
import { receiveMessageOnPort } from 'node:worker_threads';
import { DatabaseLayout } from '../storage/files/layout.js';
import { Reader } from '../storage/read/reader.js';
import { CatalogVersionWord, DeferredCommitsWord } from '../storage/shared.js';
import type { BackupControl } from '../storage/backup/backup-control.js';
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
  /** What the command line has set in place of built-in values. */
  readonly settings: ReadonlyMap<string, string>;
}

export async function composeFrontEnd(composition: unknown, threadIndex: number): Promise<FrontEndComposition> {
  const { ports, catalog, firstCancelSlot, cancelSlots, settings } = composition as FrontEndCompositionData;
  await initialiseParser();
  provideStartedSettings(settings);
  provideSettings(allSettings());
  provideInitialSettings(initialSettings());
  const reader = new Reader({ layout: new DatabaseLayout(ports.directory), register: registerFunctions, shared: ports.shared, short: true });
  const newest = new CatalogVersionWord(ports.shared.control);
  const deferred = new DeferredCommitsWord(ports.shared.control);
  const services = new FrontEndServices({
    catalog,
    catalogFeed: {
      get version() {
        return newest.value;
      },
      take: () => (receiveMessageOnPort(ports.catalog) as { readonly message: CatalogPublication } | undefined)?.message.catalog,
    },
    places: ports.scan.map((port) => connect<ReadService>(port)),
    inline: local(reader),
    commitsDeferred: () => deferred.value,
    lane: connect<WriteService>(ports.lane),
    backup: connect<BackupControl>(ports.backup),
    directory: ports.directory,
    cancel: ports.shared.cancel,
    firstCancelSlot,
    cancelSlots,
  });
  ports.catalog.on('message', ({ catalog }: CatalogPublication) => {
    services.publish(catalog);
  });
  if (threadIndex === 0) await dropLeftTemporaryTables(services);
  return {
    sessionFactory: (startup, events) => {
      if (startup.database !== services.catalog.data.database)
        throw new PgError('3D000', `database "${startup.database}" does not exist`, { severity: 'FATAL' });
      return new ShoalSession(services, startup, events);
    },
    credentials: {
      lookup: (role) => services.catalog.role(role)?.verifier,
      roleExists: (role) => services.catalog.role(role) !== undefined,
      databaseExists: (database) => database === services.catalog.data.database,
    },
    close: async () => {
      await Promise.resolve();
      reader.shutdown();
      for (const port of [...ports.scan, ports.lane, ports.backup, ports.catalog]) port.close();
    },
  };
}

/** Temporary tables of sessions that the last crash cut off. */
async function dropLeftTemporaryTables(services: FrontEndServices): Promise<void> {
  const left = services.catalog.data.schemas.filter((schema) => schema.name.startsWith(temporarySchemaPrefix));
  if (left.length === 0) return;
  const nothing = (): void => undefined;
  const session = new ShoalSession(
    services,
    {
      user: 'postgres',
      database: services.catalog.data.database,
      applicationName: 'shoal',
      settings: new Map(),
      processId: 0,
      clientAddress: undefined,
      clientPort: undefined,
      encrypted: false,
    },
    { notice: nothing, parameterStatus: nothing, notification: nothing, terminate: nothing },
  );
  try {
    for (const schema of left) await session.dropTemporaryTables(schema.name);
  } catch (error) {
    // On a full disk they stay until the next start.
    if (!(error instanceof PgError && error.code === '53100')) throw error;
  }
  await session.close();
}

/** The reader of this thread behind the same interface as those of other threads. */
function local(reader: Reader): Client<ReadService> {
  const later = async <T>(call: () => T): Promise<T> => {
    await Promise.resolve();
    return call();
  };
  return {
    openSnapshot: async (request) => reader.openSnapshot(request),
    closeSnapshot: async (request) => later(() => reader.closeSnapshot(request)),
    open: async (request) => reader.open(request),
    pull: async (request) => reader.pull(request),
    close: async (request) => later(() => reader.close(request)),
    createLanding: async (request) => later(() => reader.createLanding(request)),
    land: async (request) => later(() => reader.land(request)),
    finishLanding: async (request) => later(() => reader.finishLanding(request)),
  };
}
