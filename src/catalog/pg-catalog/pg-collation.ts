/** pg_collation: the one order that there is, under its names. */
import { builtInCollations } from '../collation.js';
import { relation } from './relation.js';
import { roleOid, schemaOid } from './role-oid.js';

const common = { collnamespace: 11, collowner: 10, collisdeterministic: true, collencoding: -1 };

export const pgCollation = relation('pg_catalog.pg_collation', function* ({ catalog }) {
  for (const { oid, name, locale, encoding } of builtInCollations)
    yield {
      ...common,
      oid,
      collname: name,
      collencoding: encoding,
      ...(locale === undefined ? { collprovider: 'd' } : { collprovider: 'c', collcollate: locale, collctype: locale }),
    };
  for (const one of catalog.data.collations ?? [])
    yield {
      ...common,
      oid: one.oid,
      collname: one.name,
      collnamespace: schemaOid(catalog, one.schema),
      collowner: roleOid(catalog, one.owner),
      collprovider: 'c',
      collencoding: one.encoding,
      collcollate: one.collate,
      collctype: one.ctype,
    };
});
