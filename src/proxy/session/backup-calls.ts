/**
 * shoal_backup(), shoal_stop_archiving() and pg_current_wal_lsn(): carried out by the session (session-calls). A backup tells its progress in INFO messages and can be
 * cancelled like any statement.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { PgError } from '../../common/errors.js';
import type { Client } from '../../common/rpc.js';
import type { BackupControl, BackupRequest } from '../../storage/backup/backup-control.js';
import type { SqlValue } from '../../types/value.js';
import type { ShoalSession } from './shoal-session.js';

const retryMs = 100;

function requireSuperuser(session: ShoalSession): void {
  const { core } = session;
  if (core.catalog.role(core.user)?.superuser !== true) throw new PgError('42501', 'must be superuser to back up a database');
}

/** The lsn of the last record of the log: everything committed before has one at or below. */
export async function logPosition(session: ShoalSession): Promise<SqlValue> {
  return BigInt((await session.core.services.lane.logPosition(undefined)).lsn);
}

/**
 * (location, full, continuous): the lsn that the backup reaches. Roles and the list of databases are backed up to the same place, behind the database, so that everybody whom
 * it mentions is there.
 */
export async function backUp(session: ShoalSession, [location, full, continuous]: readonly SqlValue[]): Promise<SqlValue> {
  const { services } = session.core;
  requireSuperuser(session);
  const request = { location: String(location), full: Boolean(full), continuous: Boolean(continuous) };
  const reached = await carryOut(session, services.backup, request);
  await carryOut(session, services.server.backup, request, true);
  return reached;
}

/** waits: for another one's backup, as that of the server's database may be asked for by several databases at once. */
async function carryOut(session: ShoalSession, control: Client<BackupControl>, request: BackupRequest, waits = false): Promise<bigint> {
  const { core } = session;
  const { run } = await begin(session, control, request, waits);
  try {
    for (;;) {
      const { lines, reachedLsn } = await control.poll({ run });
      for (const message of waits ? [] : lines) core.notice({ severity: 'INFO', code: '00000', message });
      if (reachedLsn !== undefined) return BigInt(reachedLsn);
      core.checkCancel();
    }
  } catch (error) {
    await control.cancel({ run }).catch(() => undefined);
    throw error;
  }
}

async function begin(session: ShoalSession, control: Client<BackupControl>, request: BackupRequest, waits: boolean): Promise<{ readonly run: number }> {
  for (;;) {
    try {
      return await control.start(request);
    } catch (error) {
      if (!waits || !(error instanceof PgError && error.code === '55006')) throw error;
      session.core.checkCancel();
      await sleep(retryMs);
    }
  }
}

/** The place where the log went; NULL if it was not archived. The server's database goes on as long as another database is archived. */
export async function stopArchiving(session: ShoalSession): Promise<SqlValue> {
  const { services, catalog } = session.core;
  requireSuperuser(session);
  const { location } = await services.backup.stopArchiving(undefined);
  const others = await Promise.all(catalog.databases.map(async (entry) => await services.node.isArchived({ entry })));
  if (!others.includes(true)) await services.server.backup.stopArchiving(undefined);
  return location ?? null;
}
