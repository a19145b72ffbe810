/** The statistics views about the server as a whole: one row each, of which nothing is counted. */
import { zeros } from './pg-stat-tables.js';
import { relation } from './relation.js';

export const serverStatistics = [
  ...['pg_stat_bgwriter', 'pg_stat_wal', 'pg_stat_archiver'].map((name) => relation(`pg_catalog.${name}`, () => [zeros('pg_catalog', name)])),
  relation('pg_catalog.pg_stat_database_conflicts', ({ catalog }) =>
    catalog.databases.map(({ oid, name }) => ({ ...zeros('pg_catalog', 'pg_stat_database_conflicts'), datid: oid, datname: name })),
  ),
];
