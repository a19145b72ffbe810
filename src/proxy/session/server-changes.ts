/**
 * What a session's transaction makes of what all databases share: it holds the catalog lock of the server's database from its first such change on, and hands over the
 * whole at the end. A transaction with changes of its own commits them first, with the other ones in the same record (Outbox), so that both happen or neither.
 *
 * Whoever asks for the lock of the server's catalog has that of his own database already (WriteService.changeServer): so no two wait for each other over two lanes.
 */
import { type ServerCatalog, serverCatalogData } from '../../catalog/server-catalog.js';
import { PgError } from '../../common/errors.js';
import { panic } from '../../storage/panic.js';
import type { Client } from '../../common/rpc.js';
import type { WriteService } from '../../storage/ports.js';
import type { SessionCore } from './session-core.js';
import { untilPrimary } from './thread-databases.js';

/** The session's transaction on the lane of the server's database. */
export interface ServerTransaction {
  readonly transaction: number;
  readonly lane: Client<WriteService>;
  /** What it has found there. */
  readonly base: ServerCatalog;
}

const retryMs = 200;
const retriesMax = 50;

/** Makes the change part of the transaction; answers the catalog as it is numbered. SH001 when somebody else has changed it since `before`. */
export async function changeServer(core: SessionCore, before: ServerCatalog, after: ServerCatalog): Promise<ServerCatalog> {
  const { transaction, services } = core;
  const base = transaction.server?.base ?? before;
  const server = numbered(core, base, after);
  const { lockTimeoutMs } = core;
  await services.lane.changeServer({ transaction: await core.laneTransaction(), server, lockTimeoutMs });
  if (transaction.server === undefined) {
    const lane = await services.server.writer();
    const context = core.context();
    const begun = await lane.begin({ isolation: 'read committed', readOnly: false, context });
    try {
      const catalog = serverCatalogData({ ...base, version: server.version });
      await lane.ddl({ transaction: begun.transaction, context, baseVersion: base.version, catalog, steps: [], lockTimeoutMs });
    } catch (error) {
      await lane.rollback({ transaction: begun.transaction }).catch(() => undefined);
      throw error;
    }
    transaction.server = { transaction: begun.transaction, lane, base };
  }
  return server;
}

/** However many statements have made it, a transaction makes one version; and it is the next of its database that the server gets. */
function numbered(core: SessionCore, base: ServerCatalog, after: ServerCatalog): ServerCatalog {
  const version = base.version + 1;
  const { databaseOid } = core.catalog.data;
  const delivered = (base.databases.find((entry) => entry.oid === databaseOid)?.delivered ?? 0) + 1;
  return {
    ...after,
    version,
    renames: after.renames.map((rename) => (rename.version > version ? { ...rename, version } : rename)),
    databases: after.databases.map((entry) => (entry.oid === databaseOid ? { ...entry, delivered } : entry)),
  };
}

/** Before the session's own commit: hands over what is to be committed. Answers whether there is anything. */
export async function prepareServer(core: SessionCore): Promise<boolean> {
  const { server } = core.transaction;
  if (server === undefined) return false;
  const final = core.transaction.catalog?.data.server ?? server.base;
  if (final === server.base) {
    await rollbackServer(core);
    return false;
  }
  await server.lane.ddl({
    transaction: server.transaction,
    context: core.context(),
    baseVersion: server.base.version + 1,
    catalog: serverCatalogData(final),
    steps: [],
    lockTimeoutMs: core.lockTimeoutMs,
  });
  return true;
}

/** Behind the session's own commit, which cannot be taken back: a full disk is waited for, and what else goes wrong ends the process, whose next start delivers the change. */
export async function commitServer(core: SessionCore, ownIsCommitted: boolean): Promise<void> {
  const { server } = core.transaction;
  if (server === undefined) return;
  core.transaction.server = undefined;
  for (let attempt = 1; ; attempt++) {
    try {
      const { catalogVersion } = await server.lane.commit({ transaction: server.transaction, synchronousCommit: true });
      await core.services.server.reached(catalogVersion);
      return;
    } catch (error) {
      if (!ownIsCommitted) throw error;
      if (error instanceof PgError && isOfPrimary(error)) {
        await deliver(core);
        return;
      }
      if (!(error instanceof PgError && error.code === '53100') || attempt > retriesMax)
        panic("the server's catalog cannot follow that of a database", error, 'Start the server again: it delivers what is committed.');
      await new Promise((resolve) => setTimeout(resolve, retryMs));
    }
  }
}

/** The primary of the server's database has changed, or cannot be reached. */
function isOfPrimary({ code }: PgError): boolean {
  return code.startsWith('08') || code === '40001' || code === '57P01' || code === '57P03';
}

/** What the database has committed and the server's may lack goes there by another way; at the latest when either has its next primary. */
async function deliver(core: SessionCore): Promise<void> {
  const { node, server } = core.services;
  const entry = core.catalog.database;
  try {
    const version = await untilPrimary(async () => await node.deliverOutbox({ entry }));
    if (version !== undefined) await server.reached(version);
  } catch (error) {
    if (!(error instanceof PgError)) throw error;
    core.notice({ severity: 'WARNING', code: error.code, message: 'what is committed is not seen by all databases yet', fields: { detail: error.message } });
  }
}

/** The session's own commit has failed; if it is not known how, what it may have made of the server's catalog gets there all the same. */
export async function failServer(core: SessionCore, error: unknown): Promise<void> {
  const had = core.transaction.server !== undefined;
  await rollbackServer(core);
  if (!had || !(error instanceof PgError) || !error.code.startsWith('08')) return;
  const entry = core.catalog.database;
  void untilPrimary(async () => await core.services.node.deliverOutbox({ entry })).catch(() => undefined);
}

export async function rollbackServer(core: SessionCore): Promise<void> {
  const { server } = core.transaction;
  core.transaction.server = undefined;
  if (server !== undefined) await server.lane.rollback({ transaction: server.transaction }).catch(() => undefined);
}
