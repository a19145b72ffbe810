/** pg_stat_database: the database and who is connected to it, without counts. */
import { databaseOid } from './pg-database.js';
import { zeros } from './pg-stat-tables.js';
import { relation } from './relation.js';

export const pgStatDatabase = relation(
  'pg_catalog.pg_stat_database',
  function* ({ catalog, nodeView }) {
    const { database } = catalog.data;
    const numbackends = (nodeView?.sessions ?? []).filter((session) => session.database === database).length;
    yield { ...zeros('pg_catalog', 'pg_stat_database'), datid: databaseOid, datname: database, numbackends };
  },
  'node',
);
