/**
 * What stands behind the wire on one front-end thread: the session factory and the credentials. Imported by proxy/front-end-worker.ts on that thread, by the URL
 * that cli/compose.ts gives it.
 */
import { bootstrapRoleOid } from '../catalog/role.js';
import { serverCatalogData, serverDatabaseOid } from '../catalog/server-catalog.js';
import { CatalogSnapshot } from '../catalog/snapshot.js';
import { DemandLedger } from '../cluster/scaler/demand-ledger.js';
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
import { CancelSlots } from '../proxy/session/cancel-slots.js';
import { ServerState } from '../proxy/session/server-state.js';
import { type CatalogFeed, FrontEndServices } from '../proxy/session/services.js';
import { ThreadDatabases } from '../proxy/session/thread-databases.js';
import type { NodePort, SessionActivity, ThreadPort } from '../proxy/session/node-port.js';
import { allSettings, initialSettings, provideConfiguredSettings } from '../proxy/session/settings.js';
import { ShoalSession } from '../proxy/session/shoal-session.js';
import { ThreadSessions } from '../proxy/session/thread-sessions.js';
import { initialiseParser } from '../sql/parser.js';
import { receiveMessageOnPort } from 'node:worker_threads';
import { internalContext } from '../storage/files/connection.js';
import { prepareDomainChecksOfThread } from '../storage/files/domain-checks.js';
import { DatabaseLayout } from '../storage/files/layout.js';
import { Reader } from '../storage/read/reader.js';
import { CatalogVersionWord, DeferredCommitsWord } from '../storage/shared.js';
import type { BackupControl } from '../storage/backup/backup-control.js';
import { type FrontEndPorts, portsToTransfer } from '../storage/database-host.js';
import type { CatalogPublication, ReadService, WriteService } from '../storage/ports.js';

export async function composeFrontEnd(composition: unknown, threadIndex: number): Promise<FrontEndComposition> {
  const { server: serverPorts, cancel, firstCancelSlot, cancelSlots, node, thread, configuration: initial } = composition as FrontEndCompositionData;
  await initialiseParser();
  let configuration = initial;
  provideConfiguredSettings(configuration.settings);
  provideSettings(allSettings());
  provideInitialSettings(initialSettings());
  prepareDomainChecksOfThread(registerFunctions, { current: internalContext });
  const nodePort = connect<NodePort>(node);
  const sessions = new ThreadSessions();
  const server = new ServerState(
    serverPorts.initialCatalog,
    catalogFeed(serverPorts),
    connect<WriteService>(serverPorts.lane),
    connect<BackupControl>(serverPorts.backup),
  );
  serverPorts.catalog.on('message', ({ catalog }: CatalogPublication) => {
    server.publish(catalog);
  });
  const slots = new CancelSlots(cancel, firstCancelSlot, cancelSlots);
  const demand = new DemandLedger<object>((greatest) => {
    nodePort.demand({ thread: threadIndex, demand: greatest }).catch(() => undefined);
  });
  const databases = new ThreadDatabases(server, nodePort, async (ports, isFirst) => {
    const { shared, location } = ports;
    const reader = new Reader({ layout: layoutOf(location), register: registerFunctions, shared, short: true });
    const deferred = new DeferredCommitsWord(shared.control);
    const services = new FrontEndServices({
      catalog: ports.initialCatalog,
      server,
      catalogFeed: catalogFeed(ports),
      places: ports.scan.map((port) => connect<ReadService>(port)),
      inline: local(reader),
      commitsDeferred: () => deferred.value,
      lane: connect<WriteService>(ports.lane),
      backup: connect<BackupControl>(ports.backup),
      directory: location.directory,
      cancelSlots: slots,
      node: nodePort,
      sessions,
      configuration: () => configuration,
      demand,
    });
    ports.catalog.on('message', ({ catalog }: CatalogPublication) => {
      services.publish(catalog);
    });
    if (isFirst) await dropLeftTemporaryTables(services);
    return {
      services,
      close: () => {
        reader.shutdown();
        for (const port of portsToTransfer(ports)) port.close();
      },
    };
  });
  serve(thread, threadPort(sessions, databases));
  return {
    sessionFactory: async (startup, events) => {
      const { services, leave } = await databases.enter(startup.database, startup.processId);
      let session: ShoalSession;
      try {
        session = new ShoalSession(services, startup, events, leave);
      } catch (error) {
        leave();
        throw error;
      }
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
        server.refresh();
        const role = server.roles.named(name);
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
        const [member, group] = [server.roles.named(role), server.roles.named(of)];
        // (A superuser is a member only where it was made one.)
        return member !== undefined && group !== undefined && server.roles.memberships(member.oid).has(group.oid);
      },
      database: (name) => {
        const entry = server.catalog.databases.find((one) => one.name === name);
        if (entry === undefined) return undefined;
        const catalog = new CatalogSnapshot({ ...serverCatalogData(server.catalog), databaseOid: entry.oid });
        return {
          ...entry,
          mayConnect: (role) => privilegesOn(catalog, catalog.role(role)?.oid ?? 0, securableDatabase(catalog, entry), privilegeBits.connect) !== 0,
        };
      },
    },
    configure: (next) => {
      const before = initialSettings();
      configuration = next;
      provideConfiguredSettings(next.settings);
      for (const session of sessions.all) session.reconfigured(before);
    },
    close: async () => {
      await databases.close();
      for (const port of [...portsToTransfer(serverPorts), node, thread]) port.close();
    },
  };
}

function layoutOf({ id, directory, serverDirectory }: FrontEndPorts['location']): DatabaseLayout {
  return new DatabaseLayout(directory, id, serverDirectory === undefined ? undefined : new DatabaseLayout(serverDirectory, serverDatabaseOid));
}

/** Where newer catalogs of a database come from. */
function catalogFeed({ shared, catalog }: FrontEndPorts): CatalogFeed {
  const newest = new CatalogVersionWord(shared.control);
  return {
    get version() {
      return newest.value;
    },
    take: () => (receiveMessageOnPort(catalog) as { readonly message: CatalogPublication } | undefined)?.message.catalog,
  };
}

/** What the main thread may ask of this one. */
function threadPort(sessions: ThreadSessions, databases: ThreadDatabases): ThreadPort {
  return {
    activity: async () => await Promise.resolve(sessions.activity()),
    signal: async (request) => await Promise.resolve(sessions.signal(request)),
    notify: async (request) => {
      sessions.notify(request);
      await Promise.resolve();
    },
    holdDatabase: async (request) => await databases.holdDatabase(request),
    freeDatabase: async (request) => {
      await databases.freeDatabase(request);
    },
    detachDatabase: async (request) => await databases.detachDatabase(request),
  };
}

/** rolconnlimit and datconnlimit. The session is counted already, so that two that come at once do not both find room. */
async function requireRoom(services: FrontEndServices, { user, database }: SessionStartup): Promise<void> {
  const role = services.catalog.role(user);
  const ofRole = role?.connectionLimit ?? -1;
  const ofDatabase = services.catalog.database.connectionLimit;
  if ((ofRole < 0 && ofDatabase < 0) || role?.superuser !== false) return;
  const all = await services.node.activity(undefined);
  const count = (matches: (one: SessionActivity) => boolean): number => all.filter(matches).length;
  if (ofRole >= 0 && count((one) => one.user === user) > ofRole) throw new PgError('53300', `too many connections for role "${user}"`, { severity: 'FATAL' });
  if (ofDatabase >= 0 && count((one) => one.databaseOid === services.databaseOid) > ofDatabase)
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
      user: services.catalog.roles.byOid(bootstrapRoleOid)?.name ?? 'postgres',
      database: services.catalog.database.name,
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
