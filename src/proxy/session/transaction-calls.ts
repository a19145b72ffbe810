/** The functions about the ids and snapshots of transactions, which the writer lane keeps: pg_current_xact_id and its kin, pg_export_snapshot. Called by session-calls. */
import type { SqlValue } from '../../types/value.js';
import type { ShoalSession } from './shoal-session.js';

export async function currentTransactionId({ core }: ShoalSession): Promise<SqlValue> {
  core.transaction.xid ??= (await core.services.lane.transactionId({ transaction: await core.laneTransaction(), wanted: true })).id;
  return core.transaction.xid === undefined ? null : BigInt(core.transaction.xid);
}

/** Null for a transaction that has written nothing. */
export async function assignedTransactionId({ core }: ShoalSession): Promise<SqlValue> {
  const { lane } = core.transaction;
  if (lane === undefined) return null;
  const { id } = await core.services.lane.transactionId({ transaction: lane, wanted: false });
  return id === undefined ? null : BigInt(id);
}

export async function currentSnapshot({ core }: ShoalSession): Promise<SqlValue> {
  // (Above READ COMMITTED the snapshot is the lane's from the first query on.)
  const transaction = core.transaction.isolation === 'read committed' ? core.transaction.lane : await core.laneTransaction();
  return (await core.services.lane.visibleTransactions({ transaction })).snapshot;
}

export async function transactionStatus({ core }: ShoalSession, [id]: readonly SqlValue[]): Promise<SqlValue> {
  return (await core.services.lane.transactionStatus({ id: BigInt(id as number | bigint) })).status ?? null;
}

export async function exportSnapshot({ core }: ShoalSession): Promise<SqlValue> {
  return (await core.services.lane.exportSnapshot({ transaction: await core.laneTransaction() })).name;
}
