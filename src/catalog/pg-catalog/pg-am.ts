/** pg_am: access methods. */
import { relation } from './relation.js';

export const pgAm = relation(
  'pg_catalog',
  'pg_am',
  2601,
  [
    ['oid', 26],
    ['amname', 19],
    ['amhandler', 24],
    ['amtype', 18],
  ],
  function* () {
    yield [2, 'heap', 3, 't'];
    yield [403, 'btree', 330, 'i'];
  },
);
