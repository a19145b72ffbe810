/** pg_stat_database: the database and who is connected to it, without counts. */
import { databaseOid } from './pg-database.js';
import { relation } from './relation.js';

export const pgStatDatabase = relation(
  'pg_catalog.pg_stat_database',
  function* ({ catalog, nodeView }) {
    const { database } = catalog.data;
    yield { datid: databaseOid, datname: database, numbackends: (nodeView?.sessions ?? []).filter((session) => session.database === database).length };
  },
  'node',
);
