/** pg_collation: the one order that there is, under its names. */
import { collations } from '../collation.js';
import { fixedRelation } from './relation.js';

export const pgCollation = fixedRelation('pg_catalog.pg_collation', () =>
  collations.map(({ oid, name, provider, encoding = -1, locale }) => ({
    oid,
    collname: name,
    collnamespace: 11,
    collowner: 10,
    collprovider: provider,
    collisdeterministic: true,
    collencoding: encoding,
    collcollate: locale,
    collctype: locale,
  })),
);
