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
import { connect, serve } from '../common/rpc.js';
import type { FrontEndCompositionData } from './front-end-composition.js';
import { provideInitialSettings } from '../functions/scalar/system.js';
import { temporarySchemaPrefix } from '../planner/ddl/ddl.js';
import type { FrontEndComposition } from '../proxy/front-end-thread.js';
import type { SessionStartup } from '../proxy/session/session.js';
import { CancelSlots } from '../proxy/session/cancel-slots.js';
import { ServerState } from '../proxy/session/server-state.js';
import { FrontEndServices } from '../proxy/session/services.js';
import { ThreadDatabases, untilPrimary } from '../proxy/session/thread-databases.js';
import type { NodePort, SessionActivity, ThreadPort } from '../proxy/session/node-port.js';
import { allSettings, initialSettings, provideConfiguredSettings } from '../proxy/session/settings.js';
import { countedText } from '../proxy/session/setting-numbers.js';
import { ShoalSession } from '../proxy/session/shoal-session.js';
import { ThreadSessions } from '../proxy/session/thread-sessions.js';
import { initialiseParser } from '../sql/parser.js';
import { registerFunctions } from '../functions/sqlite-register.js';
import { internalContext } from '../storage/files/connection.js';
import { prepareDomainChecksOfThread } from '../storage/files/domain-checks.js';
import { DatabaseCopies } from './database-copies.js';
import { sharedLane } from '../cluster/remote/primary-clients.js';
import { openDatabase, type OpenedDatabase } from './opened-database.js';

export async function composeFrontEnd(composition: unknown, threadIndex: number): Promise<FrontEndComposition> {
  const { nodeName, hasServer, cancel, firstCancelSlot, cancelSlots, node, thread, configuration: initial } = composition as FrontEndCompositionData;
  await initialiseParser();
  let configuration = initial;
  provideConfiguredSettings(configuration.settings);
  provideSettings(allSettings(), countedText);
  provideInitialSettings(initialSettings());
  prepareDomainChecksOfThread(registerFunctions, { current: internalContext });
  const nodePort = connect<NodePort>(node);
  const sessions = new ThreadSessions();
  const server = new ServerState(async () => await requireServer());
  let openedServer: OpenedDatabase | undefined;
  let isOver = false;
  const openServer = async (): Promise<void> => {
    const opened = await openDatabase(await nodePort.attachServer(undefined), nodeName);
    openedServer = opened;
    server.open({ ...opened, lane: sharedLane(opened.lane) });
    opened.follow((catalog) => {
      server.publish(catalog);
    });
    void opened.lost.then(() => {
      if (openedServer === opened) openedServer = undefined;
      void opened.leave();
      // (Sessions go on with what they know; it is there again when one wants to change something.)
      if (!isOver) requireServer().catch(() => undefined);
    });
  };
  let opening: Promise<void> | undefined;
  /** The server's database may be at another node, and its primary may change. */
  const requireServer = async (): Promise<void> => {
    if (openedServer !== undefined) return;
    opening ??= untilPrimary(openServer).finally(() => {
      opening = undefined;
    });
    await opening.catch(notAccepting);
  };
  if (hasServer) await requireServer();
  const slots = new CancelSlots(cancel, firstCancelSlot, cancelSlots);
  const demand = new DemandLedger<object>((greatest) => {
    nodePort.demand({ thread: threadIndex, demand: greatest }).catch(() => undefined);
  });
  const databases: ThreadDatabases = new ThreadDatabases(server, nodePort, async (ports, isFirst, entry) => {
    const opened = await openDatabase(ports, nodeName);
    const copies = opened.epoch === 0 ? undefined : new DatabaseCopies(nodePort, entry, nodeName);
    const services = new FrontEndServices({
      ...opened,
      copies: copies?.followed,
      ownCopy: opened.home.name === nodeName ? undefined : copies?.own,
      server,
      cancelSlots: slots,
      cancelChanged: (slot, value) => {
        opened.cancelChanged(slot, value);
        copies?.cancelChanged(slot, value);
        openedServer?.cancelChanged(slot, value);
      },
      node: nodePort,
      sessions,
      configuration: () => configuration,
      demand,
    });
    opened.follow((catalog) => {
      services.publish(catalog);
    });
    void opened.lost.then(() => {
      void opened.leave();
      copies?.close();
      const all = sessions.of(services);
      const staying = all.filter((session) => !isOver && session.outlastsPrimary);
      // What the others had open there is gone.
      for (const session of all) if (!staying.includes(session)) session.terminate(nodeLost());
      if (staying.length === 0) return;
      const next = databases.again(services);
      for (const session of staying) session.follow(next, nodeLost);
    });
    if (isFirst) {
      await dropLeftTemporaryTables(services);
      opened.ready();
    }
    return {
      services,
      epoch: opened.epoch,
      lost: opened.lost,
      leave: () => {
        void opened.leave();
      },
      close: () => {
        opened.close();
        copies?.close();
      },
    };
  });
  const moved = async (request: { readonly oid: number; readonly epoch: number }): Promise<void> => {
    if (request.oid !== serverDatabaseOid) await databases.moved(request);
    else if (openedServer !== undefined && openedServer.epoch < request.epoch) await openedServer.leave();
  };
  serve(thread, threadPort(sessions, databases, moved));
  return {
    sessionFactory: async (startup, events) => {
      const { services, leave } = await databases.enter(startup.database, startup.processId).catch(notAccepting);
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
      role: async (name) => {
        await requireServer();
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
      isOver = true;
      await databases.close();
      openedServer?.close();
      for (const port of [node, thread]) port.close();
    },
  };
}

/** What a client is told when the database is at another node that cannot be reached. */
function notAccepting(error: unknown): never {
  if (!(error instanceof PgError && error.code.startsWith('08'))) throw error;
  const reason = error.fields.detail === undefined ? error.message : `${error.message}: ${error.fields.detail}`;
  throw new PgError('57P03', 'the database system is not accepting connections', { severity: 'FATAL', detail: reason });
}

function nodeLost(): PgError {
  return new PgError('57P01', 'terminating connection because the primary of the database has changed or was lost', { severity: 'FATAL' });
}

/** What the main thread may ask of this one. */
function threadPort(sessions: ThreadSessions, databases: ThreadDatabases, databaseMoved: ThreadPort['databaseMoved']): ThreadPort {
  return {
    databaseMoved,
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
