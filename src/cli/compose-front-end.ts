/**
 * What stands behind the wire on one front-end thread: the session factory and the credentials. Imported by proxy/front-end-worker.ts on that thread, by the URL
 * that cli/compose.ts gives it.
 */
import { databaseOid } from '../catalog/pg-catalog/pg-database.js';
import { privilegesOn, securableDatabase } from '../catalog/privileges.js';
import { privilegeBits } from '../catalog/acl.js';
import { provideSettings } from '../catalog/pg-catalog/pg-settings.js';
import { PgError } from '../common/errors.js';
import { type Client, connect, serve } from '../common/rpc.js';
import type { FrontEndCompositionData } from './front-end-composition.js';
import { provideInitialSettings } from '../functions/scalar/system.js';
import { registerFunctions } from '../functions/sqlite-register.js';
import { temporarySchemaPrefix } from '../planner/ddl/ddl.js';
import type { FrontEndComposition } from '../proxy/front-end-thread.js';
import type { SessionStartup } from '../proxy/session/session.js';
import { FrontEndServices } from '../proxy/session/services.js';
import type { NodePort, SessionActivity } from '../proxy/session/node-port.js';
import { allSettings, initialSettings, provideConfiguredSettings } from '../proxy/session/settings.js';
import { ShoalSession } from '../proxy/session/shoal-session.js';
import { ThreadSessions } from '../proxy/session/thread-sessions.js';
import { initialiseParser } from '../sql/parser.js';
import { receiveMessageOnPort } from 'node:worker_threads';
import { DatabaseLayout } from '../storage/files/layout.js';
import { Reader } from '../storage/read/reader.js';
import { CatalogVersionWord, DeferredCommitsWord } from '../storage/shared.js';
import type { BackupControl } from '../storage/backup/backup-control.js';
import { portsToTransfer } from '../storage/database-host.js';
import type { CatalogPublication, ReadService, WriteService } from '../storage/ports.js';

export async function composeFrontEnd(composition: unknown, threadIndex: number): Promise<FrontEndComposition> {
  const { ports, firstCancelSlot, cancelSlots, node, thread, configuration } = composition as FrontEndCompositionData;
  await initialiseParser();
  provideConfiguredSettings(configuration.settings);
  provideSettings(allSettings());
  provideInitialSettings(initialSettings());
  const reader = new Reader({ layout: new DatabaseLayout(ports.directory), register: registerFunctions, shared: ports.shared, short: true });
  const newest = new CatalogVersionWord(ports.shared.control);
  const deferred = new DeferredCommitsWord(ports.shared.control);
  const sessions = new ThreadSessions();
  const nodePort = connect<NodePort>(node);
  const services = new FrontEndServices({
    catalog: ports.initialCatalog,
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
    node: nodePort,
    sessions,
    configuration,
    demandChanged: (demand) => {
      nodePort.demand({ thread: threadIndex, demand }).catch(() => undefined);
    },
  });
  serve(thread, sessions);
  ports.catalog.on('message', ({ catalog }: CatalogPublication) => {
    services.publish(catalog);
  });
  if (threadIndex === 0) await dropLeftTemporaryTables(services);
  return {
    sessionFactory: async (startup, events) => {
      const session = new ShoalSession(services, startup, events);
      try {
        await requireRoom(services, startup);
        return session;
      } catch (error) {
        await session.close();
        throw error;
      }
    },
    credentials: {
      role: (name) => {
        const role = services.catalog.role(name);
        return role === undefined
          ? undefined
          : {
              superuser: role.superuser,
              canLogIn: role.login,
              password: role.verifier,
              validUntil: role.validUntil,
              connectionLimit: role.connectionLimit ?? -1,
            };
      },
      isMember: (role, of) => {
        const [member, group] = [services.catalog.role(role), services.catalog.role(of)];
        // (A superuser is a member only where it was made one.)
        return member !== undefined && group !== undefined && services.catalog.roles.memberships(member.oid).has(group.oid);
      },
      database: (name) => {
        const { catalog } = services;
        if (name !== catalog.data.database) return undefined;
        return {
          ...catalog.databaseAttributes,
          mayConnect: (role) => privilegesOn(catalog, catalog.role(role)?.oid ?? 0, securableDatabase(catalog, databaseOid), privilegeBits.connect) !== 0,
        };
      },
    },
    configure: (next) => {
      services.configure(next);
    },
    close: async () => {
      await Promise.resolve();
      reader.shutdown();
      for (const port of [...portsToTransfer(ports), node, thread]) port.close();
    },
  };
}

/** rolconnlimit and datconnlimit. The session is counted already, so that two that come at once do not both find room. */
async function requireRoom(services: FrontEndServices, { user, database }: SessionStartup): Promise<void> {
  const role = services.catalog.role(user);
  const ofRole = role?.connectionLimit ?? -1;
  const ofDatabase = services.catalog.databaseAttributes.connectionLimit;
  if ((ofRole < 0 && ofDatabase < 0) || role?.superuser !== false) return;
  const all = await services.node.activity(undefined);
  const count = (matches: (one: SessionActivity) => boolean): number => all.filter(matches).length;
  if (ofRole >= 0 && count((one) => one.user === user) > ofRole) throw new PgError('53300', `too many connections for role "${user}"`, { severity: 'FATAL' });
  if (ofDatabase >= 0 && count((one) => one.database === database) > ofDatabase)
    throw new PgError('53300', `too many connections for database "${database}"`, { severity: 'FATAL' });
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
      encryption: undefined,
    },
    { notice: nothing, parameterStatus: nothing, notification: nothing, interrupt: nothing, terminate: nothing },
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
