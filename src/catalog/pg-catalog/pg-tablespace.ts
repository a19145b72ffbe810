/** pg_tablespace: the data directory under PostgreSQL's names. */
import { fixedRelation } from './relation.js';

export const pgTablespace = fixedRelation('pg_catalog.pg_tablespace', () => [
  { oid: 1663, spcname: 'pg_default', spcowner: 10 },
  { oid: 1664, spcname: 'pg_global', spcowner: 10 },
]);
