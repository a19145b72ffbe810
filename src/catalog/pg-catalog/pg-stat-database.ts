/** pg_stat_database: every database and who is connected to it, without counts. The first row is what belongs to none. */
import { zeros } from './pg-stat-tables.js';
import { relation } from './relation.js';

export const pgStatDatabase = relation(
  'pg_catalog.pg_stat_database',
  function* ({ catalog, nodeView }) {
    yield { ...zeros('pg_catalog', 'pg_stat_database'), datid: 0, datname: null, numbackends: 0 };
    for (const { oid, name } of catalog.databases) {
      const numbackends = (nodeView?.sessions ?? []).filter((session) => session.databaseOid === oid).length;
      yield { ...zeros('pg_catalog', 'pg_stat_database'), datid: oid, datname: name, numbackends };
    }
  },
  'node',
);
