/** pg_stat_database: the database, without counts. */
import { relation } from './relation.js';

export const pgStatDatabase = relation('pg_catalog.pg_stat_database', function* ({ catalog }) {
  yield { datid: 5, datname: catalog.data.database };
});
