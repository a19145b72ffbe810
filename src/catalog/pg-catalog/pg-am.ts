/** pg_am: access methods. */
import { fixedRelation } from './relation.js';

export const pgAm = fixedRelation('pg_catalog.pg_am', () => [
  { oid: 2, amname: 'heap', amhandler: 3, amtype: 't' },
  { oid: 403, amname: 'btree', amhandler: 330, amtype: 'i' },
]);
