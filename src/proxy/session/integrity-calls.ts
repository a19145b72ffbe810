/** shoal_verify(), shoal_check() and shoal_compare_copies(): carried out by the session (session-calls) on a thread of their own; they can be cancelled like any statement. */
import { PgError } from '../../common/errors.js';
import { Verification, type VerificationKind } from '../../storage/integrity/verification.js';
import type { SqlValue } from '../../types/value.js';
import type { ShoalSession } from './shoal-session.js';

const cancelPollMs = 50;

/** What is wrong, as JSON text: an array of {file, page, object, detail}. */
export function lookForDamage(kind: VerificationKind): (session: ShoalSession) => Promise<SqlValue> {
  return async ({ core }) => {
    if (core.catalog.role(core.user)?.superuser !== true) throw new PgError('42501', `must be superuser to ${kind} a database's files`);
    const { directory } = core.services;
    if (directory === undefined) {
      const entry = core.catalog.databases.find(({ oid }) => oid === core.services.databaseOid);
      return JSON.stringify(entry === undefined ? [] : await core.services.node.lookForDamage({ entry, kind }));
    }
    const verification = new Verification(directory, kind);
    const poll = setInterval(() => {
      if (core.services.cancelState(core.cancelSlot) !== 0) verification.stop();
    }, cancelPollMs);
    try {
      return JSON.stringify(await verification.findings);
    } catch (error) {
      core.checkCancel();
      throw error;
    } finally {
      clearInterval(poll);
    }
  };
}

/** What the copies of the session's database hold, as JSON text: one object for each of them; none of a node that is alone. A copy that is wrong is being replaced afterwards. */
export async function compareCopies({ core }: ShoalSession): Promise<SqlValue> {
  if (core.catalog.role(core.user)?.superuser !== true) throw new PgError('42501', "must be superuser to compare a database's copies");
  const database = core.services.databaseOid;
  const { copies } = await core.services.node.compareCopies({ database });
  return JSON.stringify(
    copies.map(({ node, result, reason, checksum, differences, pending }) => ({
      ...{ node, result, reason, checksum, pending },
      differences: differences.map(({ schema, table, lsn }) => ({ file: schema, table, lsn })),
    })),
  );
}
