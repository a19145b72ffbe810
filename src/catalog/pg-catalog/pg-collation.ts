/** pg_collation: the one order that there is. */
import { relation } from './relation.js';

export const pgCollation = relation(
  'pg_catalog',
  'pg_collation',
  3456,
  [
    ['oid', 26],
    ['collname', 19],
    ['collnamespace', 26],
    ['collowner', 26],
    ['collprovider', 18],
    ['collisdeterministic', 16],
    ['collencoding', 23],
    ['collcollate', 25],
    ['collctype', 25],
  ],
  function* () {
    yield [100, 'default', 11, 10, 'd', 1, -1, null, null];
    yield [950, 'C', 11, 10, 'c', 1, -1, 'C', 'C'];
    yield [951, 'POSIX', 11, 10, 'c', 1, -1, 'POSIX', 'POSIX'];
  },
);
