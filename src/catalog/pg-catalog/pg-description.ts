/** pg_description: comments of relations, and PostgreSQL's of schema public. */
import { relation } from './relation.js';

const pgClassOid = 1259;
const pgNamespaceOid = 2615;

export const pgDescription = relation('pg_catalog.pg_description', function* ({ catalog }) {
  for (const object of catalog.data.relations)
    if (object.comment !== undefined) yield { objoid: object.oid, classoid: pgClassOid, objsubid: 0, description: object.comment };
  for (const type of catalog.data.types ?? [])
    if (type.comment !== undefined) yield { objoid: type.oid, classoid: 1247, objsubid: 0, description: type.comment };
  if (catalog.schemaExists('public')) yield { objoid: 2200, classoid: pgNamespaceOid, objsubid: 0, description: 'standard public schema' };
});
