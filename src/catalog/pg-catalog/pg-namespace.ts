/** pg_namespace: schemas. */
import { relation } from './relation.js';
import { roleOid } from './role-oid.js';

export const pgNamespace = relation('pg_catalog.pg_namespace', function* ({ catalog }) {
  for (const schema of catalog.data.schemas) yield { oid: schema.oid, nspname: schema.name, nspowner: roleOid(catalog, schema.owner) };
});
