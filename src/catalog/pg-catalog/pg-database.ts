/** pg_database. */
import { relation } from './relation.js';

export const pgDatabase = relation(
  'pg_catalog',
  'pg_database',
  1262,
  [
    ['oid', 26],
    ['datname', 19],
    ['datdba', 26],
    ['encoding', 23],
    ['datlocprovider', 18],
    ['datistemplate', 16],
    ['datallowconn', 16],
    ['datconnlimit', 23],
    ['datcollate', 25],
    ['datctype', 25],
    ['datacl', 1009],
  ],
  function* ({ catalog }) {
    yield [5, catalog.data.database, 10, 6, 'c', 0, 1, -1, 'C', 'C.UTF-8', null];
  },
);
