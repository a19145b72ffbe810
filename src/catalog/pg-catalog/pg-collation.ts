/** pg_collation: the one order that there is, under its names. */
import { fixedRelation } from './relation.js';

/** Those that columns and domains can be declared with. */
export const collationOids: ReadonlyMap<string, number> = new Map([
  ['C', 950],
  ['POSIX', 951],
]);

const common = { collnamespace: 11, collowner: 10, collisdeterministic: true, collencoding: -1 };

export const pgCollation = fixedRelation('pg_catalog.pg_collation', () => [
  { ...common, oid: 100, collname: 'default', collprovider: 'd' },
  { ...common, oid: 950, collname: 'C', collprovider: 'c', collcollate: 'C', collctype: 'C' },
  { ...common, oid: 951, collname: 'POSIX', collprovider: 'c', collcollate: 'POSIX', collctype: 'POSIX' },
]);
