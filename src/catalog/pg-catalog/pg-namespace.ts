/** pg_namespace: schemas. */
import { aclText, securableSchema, storedAcl } from '../privileges.js';
import { toastSchema } from '../object-names.js';
import { relation } from './relation.js';
import { roleOid } from './role-oid.js';

export const pgNamespace = relation('pg_catalog.pg_namespace', function* ({ catalog }) {
  yield { oid: toastSchema.oid, nspname: toastSchema.name, nspowner: 10 };
  for (const schema of catalog.data.schemas) {
    const one = securableSchema(catalog, schema.name);
    yield {
      oid: schema.oid,
      nspname: schema.name,
      nspowner: roleOid(catalog, schema.owner),
      nspacl: one === undefined ? null : aclText(catalog, storedAcl(catalog, one)),
    };
  }
});
