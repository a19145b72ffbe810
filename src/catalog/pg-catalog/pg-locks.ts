/**
 * pg_locks: tables and advisory keys as locked, the transaction of everybody who has written, and who waits for it. Rows are locked in the lane and, as in PostgreSQL, not
 * listed: a wait for one is a wait for its transaction. Also shoal.blocking, behind pg_blocking_pids().
 */
import { formatArrayText, oneDimensional } from '../../types/array.js';
import { type CatalogRow, relation } from './relation.js';

const pgLocksOid = 12073;

export const pgLocks = relation(
  'pg_catalog.pg_locks',
  function* ({ catalog, startup, nodeView }) {
    const { databaseOid } = catalog.data;
    const virtual = (session: number): string => `${String(session)}/1`;
    const row = (session: number, mode: string, granted: boolean, what: CatalogRow): CatalogRow => ({
      ...what,
      virtualtransaction: virtual(session),
      pid: session,
      mode,
      granted,
      fastpath: false,
    });
    if (startup !== undefined)
      yield { ...row(startup.processId, 'AccessShareLock', true, { locktype: 'relation', database: databaseOid, relation: pgLocksOid }), fastpath: true };
    for (const { processId, state, laneTransaction, tableLocks, databaseOid } of nodeView?.sessions ?? []) {
      if (state === 'idle') continue;
      yield { ...row(processId, 'ExclusiveLock', true, { locktype: 'virtualxid', virtualxid: virtual(processId) }), fastpath: true };
      if (laneTransaction !== undefined) yield row(processId, 'ExclusiveLock', true, { locktype: 'transactionid', transactionid: laneTransaction });
      for (const { oid, mode } of tableLocks) yield row(processId, mode, true, { locktype: 'relation', database: databaseOid, relation: oid });
    }
    const locked = new Set(
      (nodeView?.sessions ?? []).flatMap(({ processId, tableLocks }) => tableLocks.map(({ oid }) => `${String(processId)}/${String(oid)}`)),
    );
    for (const { session, granted, target, mode } of nodeView?.locks ?? []) {
      switch (target.kind) {
        case 'table':
          if (granted && locked.has(`${String(session)}/${String(target.oid)}`)) break;
          yield row(session, mode, granted, { locktype: 'relation', database: databaseOid, relation: target.oid });
          break;
        case 'transaction':
          yield row(session, mode, granted, { locktype: 'transactionid', transactionid: target.owner });
          break;
        case 'advisory':
          yield row(session, mode, granted, {
            locktype: 'advisory',
            database: databaseOid,
            classid: BigInt.asUintN(32, target.key >> 32n),
            objid: BigInt.asUintN(32, target.key),
            objsubid: target.pair ? 2 : 1,
          });
      }
    }
  },
  'node',
);

export const shoalBlocking = relation(
  'shoal.blocking',
  function* ({ nodeView }) {
    for (const { processId } of nodeView?.sessions ?? [])
      yield { pid: processId, pids: formatArrayText(oneDimensional((nodeView?.blocked.get(processId) ?? []).map(String))) };
  },
  'node',
);
