/** pg_locks: the lock that every statement holds on its own virtual transaction; row and table locks are the lane's and not listed. */
import { relation } from './relation.js';

export const pgLocks = relation(
  'pg_catalog.pg_locks',
  function* ({ startup }) {
    if (startup === undefined) return;
    const virtual = `${String(startup.processId)}/1`;
    yield {
      locktype: 'virtualxid',
      virtualxid: virtual,
      virtualtransaction: virtual,
      pid: startup.processId,
      mode: 'ExclusiveLock',
      granted: true,
      fastpath: true,
    };
  },
  'session',
);
