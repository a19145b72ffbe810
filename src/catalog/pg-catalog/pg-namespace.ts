/** pg_namespace: schemas. */
import { relation } from './relation.js';
import { roleOid } from './role-oid.js';

export const pgNamespace = relation(
  'pg_catalog',
  'pg_namespace',
  2615,
  [
    ['oid', 26],
    ['nspname', 19],
    ['nspowner', 26],
    ['nspacl', 1009],
  ],
  function* ({ catalog }) {
    for (const schema of catalog.data.schemas) yield [schema.oid, schema.name, roleOid(catalog, schema.owner), null];
  },
);
