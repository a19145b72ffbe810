/** pg_am: access methods. An index is kept as a B-tree whatever method it was made with. */
import { fixedRelation } from './relation.js';

export const pgAm = fixedRelation('pg_catalog.pg_am', () => [
  { oid: 2, amname: 'heap', amhandler: 3, amtype: 't' },
  { oid: 403, amname: 'btree', amhandler: 330, amtype: 'i' },
  { oid: 405, amname: 'hash', amhandler: 331, amtype: 'i' },
  { oid: 783, amname: 'gist', amhandler: 332, amtype: 'i' },
  { oid: 2742, amname: 'gin', amhandler: 333, amtype: 'i' },
  { oid: 4000, amname: 'spgist', amhandler: 334, amtype: 'i' },
  { oid: 3580, amname: 'brin', amhandler: 335, amtype: 'i' },
]);
