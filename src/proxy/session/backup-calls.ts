/**
 * shoal_backup(), shoal_stop_archiving() and pg_current_wal_lsn(): carried out by the session (session-calls). A backup tells its progress in INFO messages and can be
 * cancelled like any statement.
 */
import { PgError } from '../../common/errors.js';
import type { SqlValue } from '../../types/value.js';
import type { ShoalSession } from './shoal-session.js';

function requireSuperuser(session: ShoalSession): void {
  const { core } = session;
  if (core.catalog.role(core.user)?.superuser !== true) throw new PgError('42501', 'must be superuser to back up a database');
}

/** The lsn of the last record of the log: everything committed before has one at or below. */
export async function logPosition(session: ShoalSession): Promise<SqlValue> {
  return BigInt((await session.core.services.lane.logPosition(undefined)).lsn);
}

/** (location, full, continuous): the lsn that the backup reaches. */
export async function backUp(session: ShoalSession, [location, full, continuous]: readonly SqlValue[]): Promise<SqlValue> {
  const { core } = session;
  requireSuperuser(session);
  const control = core.services.backup;
  const { run } = await control.start({ location: String(location), full: Boolean(full), continuous: Boolean(continuous) });
  try {
    for (;;) {
      const { lines, reachedLsn } = await control.poll({ run });
      for (const message of lines) core.notice({ severity: 'INFO', code: '00000', message });
      if (reachedLsn !== undefined) return BigInt(reachedLsn);
      core.checkCancel();
    }
  } catch (error) {
    await control.cancel({ run }).catch(() => undefined);
    throw error;
  }
}

/** The place where the log went; NULL if it was not archived. */
export async function stopArchiving(session: ShoalSession): Promise<SqlValue> {
  requireSuperuser(session);
  return (await session.core.services.backup.stopArchiving(undefined)).location ?? null;
}
