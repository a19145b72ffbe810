/** shoal_split_shard(): carried out by the session (session-calls) through the writer lane, which splits the shard while others read and write it (storage/write/shard-splitter). */
import { PgError } from '../../common/errors.js';
import type { SqlValue } from '../../types/value.js';
import { requireTableOwner } from './session-rights.js';
import type { ShoalSession } from './shoal-session.js';

/** Arguments: a table of the colocation group, the shard's number, the number of parts. Commits as it goes, so it has no place in a transaction. */
export async function splitShard({ core }: ShoalSession, [tableOid, shard, parts]: readonly SqlValue[]): Promise<SqlValue> {
  core.transaction.refuseInBlock('shoal_split_shard()');
  if (core.routineDepth > 0) throw new PgError('25001', 'shoal_split_shard() cannot be executed from a function');
  core.requireWritable('shoal_split_shard()');
  const { catalog } = core;
  const table = catalog.relationByOid(Number(tableOid));
  if (table?.kind !== 'table') throw new PgError('42809', `"${table?.name ?? String(tableOid)}" is not a table`);
  requireTableOwner(core, table);
  if (table.distribution.kind !== 'distributed') throw new PgError('42809', `relation ${table.name} is not distributed`);
  const { bounds, name } = catalog.group(table.distribution.group);
  const from = bounds[Number(shard)];
  if (from === undefined)
    throw new PgError('22023', `shard ${String(shard)} of colocation group "${name}" does not exist`, {
      detail: `Its shards have the numbers 0 to ${String(bounds.length - 1)}.`,
    });
  const { catalogVersion } = await core.services.lane.splitShard({
    tableOid: table.oid,
    from,
    parts: Number(parts),
    context: core.context(),
    lockTimeoutMs: core.lockTimeoutMs,
  });
  await core.services.catalogReached(catalogVersion);
  return '';
}
