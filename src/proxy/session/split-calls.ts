/**
 * shoal_split_shard() and shoal_cancel_split(): carried out by the session (session-calls) through the writer lane, which splits the shard while others read and write it
 * (storage/write/shard-splitter).
 */
import type { ShardGroup, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type { SqlValue } from '../../types/value.js';
import type { SessionCore } from './session-core.js';
import { requireTableOwner } from './session-rights.js';
import type { ShoalSession } from './shoal-session.js';

/** Arguments: a table of the colocation group, the shard's number, the number of parts, whether to wait. Commits as it goes, so it has no place in a transaction. */
export async function splitShard({ core }: ShoalSession, [tableOid, shard, parts, waits]: readonly SqlValue[]): Promise<SqlValue> {
  core.transaction.refuseInBlock('shoal_split_shard()');
  if (core.routineDepth > 0) throw new PgError('25001', 'shoal_split_shard() cannot be executed from a function');
  core.requireWritable('shoal_split_shard()');
  const { table, group } = ownDistributed(core, tableOid);
  const { bounds, name } = group;
  const from = bounds[Number(shard)];
  if (from === undefined)
    throw new PgError('22023', `shard ${String(shard)} of colocation group "${name}" does not exist`, {
      detail: `Its shards have the numbers 0 to ${String(bounds.length - 1)}.`,
    });
  const { catalogVersion } = await core.services.lane.splitShard({
    tableOid: table.oid,
    from,
    parts: Number(parts),
    waits: Boolean(waits),
    context: core.context(),
    lockTimeoutMs: core.lockTimeoutMs,
  });
  await core.services.catalogReached(catalogVersion);
  return '';
}

/** Whether there was something to cancel. */
export async function cancelSplit({ core }: ShoalSession, [tableOid]: readonly SqlValue[]): Promise<SqlValue> {
  const { cancelled } = await core.services.lane.cancelSplit({ group: ownDistributed(core, tableOid).group.id });
  return cancelled ? 1 : 0;
}

function ownDistributed(core: SessionCore, oid: SqlValue | undefined): { readonly table: Table; readonly group: ShardGroup } {
  const table = core.catalog.relationByOid(Number(oid));
  if (table?.kind !== 'table') throw new PgError('42809', `"${table?.name ?? String(oid)}" is not a table`);
  requireTableOwner(core, table);
  if (table.distribution.kind !== 'distributed') throw new PgError('42809', `relation ${table.name} is not distributed`);
  return { table, group: core.catalog.group(table.distribution.group) };
}
