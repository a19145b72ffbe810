/**
 * Carries out CREATE, DROP and RENAME DATABASE around the change of the server's list: keeps others out, has files copied or removed. The list is changed last when a database
 * comes, first when one goes, so that after a crash there is a database with files, or left-over files that the next start removes. Called by session/run-ddl.ts.
 */
import { compose, type DatabaseEntry } from '../../catalog/server-catalog.js';
import { CatalogSnapshot } from '../../catalog/snapshot.js';
import { assertNever, PgError } from '../../common/errors.js';
import type { DatabaseAction } from '../../planner/ddl/ddl.js';
import type { SessionCore } from './session-core.js';
import { untilPrimary } from './thread-databases.js';

/**
 * apply: makes the change of the list part of the transaction, which waits for others that change it. The transaction is the statement's own, and is committed here; only a renaming
 * may be part of a longer one, which then ends as its session says.
 */
export async function runDatabaseAction(core: SessionCore, action: DatabaseAction, apply: () => Promise<void>): Promise<void> {
  const { node } = core.services;
  // (What was left is not there because of this one, and does not hold it up: it is in its way only if it has the same OID.)
  if (action.kind === 'createDatabase') await node.forgetUnlisted(undefined as never).catch(() => undefined);
  // The lock first: two who want the same name, or the same database, go one after the other.
  await apply();
  switch (action.kind) {
    case 'createDatabase': {
      const { template, entry } = action;
      let made: string | undefined;
      await withoutOthers(core, template, false, `source database "${template.name}" is being accessed by other users`, async () => {
        if (template.oid === core.services.databaseOid) await core.services.lane.flushed(undefined);
        made = await untilPrimary(async () => await node.copyDatabase({ template, entry }));
      });
      try {
        await core.commit();
      } catch (error) {
        // (What may be in the list keeps its files: a database without them could not be used, only dropped.)
        if (!mayBeCommitted(error)) await node.removeDatabase({ entry, made });
        throw error;
      }
      // (Of a database with copies, so many must be in sync first as a commit wants: whoever connects now would wait for that.)
      await untilPrimary(async () => await node.committedCatalog({ entry })).catch((error: unknown) => {
        core.notice({ severity: 'NOTICE', code: '00000', message: `database "${entry.name}" waits for its copies`, fields: { detail: String(error) } });
      });
      return;
    }
    case 'dropDatabase': {
      const { entry, force } = action;
      await withoutOthers(core, entry, force, `database "${entry.name}" is being accessed by other users`, async () => {
        await node.closeDatabase({ oid: entry.oid });
        await core.commit();
      });
      await node.removeDatabase({ entry });
      return;
    }
    case 'renameDatabase':
      await withoutOthers(core, action.entry, false, `database "${action.entry.name}" is being accessed by other users`, async () => {
        if (core.transaction.isOfOneStatement && core.routineDepth === 0) await core.commit();
      });
      return;
    default:
      assertNever(action);
  }
}

/** The primary of the list was lost before it told how the commit ended. */
function mayBeCommitted(error: unknown): boolean {
  return error instanceof PgError && (error.code === '08006' || error.code === '08007');
}

/** Runs `work` while nobody else is, or comes, in the database. 55006 when others stay; with `force` they are sent away. */
async function withoutOthers(core: SessionCore, { oid }: DatabaseEntry, force: boolean, busy: string, work: () => Promise<void>): Promise<void> {
  const { node, cancelState } = { node: core.services.node, cancelState: () => core.services.cancelState(core.cancelSlot) };
  if (force) await requireMayTerminate(core, oid);
  try {
    const others = await node.holdDatabase({ oid, processId: core.startup.processId, force });
    if (cancelState() !== 0) throw new PgError('57014', 'canceling statement due to user request');
    if (others > 0) {
      throw new PgError('55006', busy, {
        detail: others === 1 ? 'There is 1 other session using the database.' : `There are ${String(others)} other sessions using the database.`,
      });
    }
    await work();
  } finally {
    await node.freeDatabase({ oid });
  }
}

/** Source: TerminateOtherDBBackends() of PostgreSQL 15. */
async function requireMayTerminate(core: SessionCore, oid: number): Promise<void> {
  const { roles } = core.catalog;
  const me = roles.named(core.user)?.oid ?? 0;
  const signaller = roles.named('pg_signal_backend')?.oid ?? 0;
  for (const { databaseOid, user } of await core.services.node.activity(undefined)) {
    if (databaseOid !== oid) continue;
    const role = roles.named(user);
    if (role?.superuser === true && !roles.isSuperuser(me)) throw new PgError('42501', 'must be a superuser to terminate superuser process');
    if (role !== undefined && !roles.hasPrivilegesOf(me, role.oid) && !roles.hasPrivilegesOf(me, signaller))
      throw new PgError('42501', 'must be a member of the role whose process is being terminated or member of pg_signal_backend');
  }
}

/** The committed catalogs of the other databases. */
export async function otherCatalogs(core: SessionCore): Promise<readonly CatalogSnapshot[]> {
  const { node, databaseOid } = core.services;
  const { databases, data } = core.catalog;
  const others = databases.filter(({ oid }) => oid !== databaseOid);
  return await Promise.all(
    others.map(async (entry) => new CatalogSnapshot(compose(await untilPrimary(async () => await node.committedCatalog({ entry })), data.server))),
  );
}
