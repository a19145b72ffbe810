/** pg_default_acl: what ALTER DEFAULT PRIVILEGES has said. */
import { aclText } from '../privileges.js';
import { relation } from './relation.js';

const letters = { table: 'r', sequence: 'S', function: 'f', type: 'T', schema: 'n' } as const;

export const pgDefaultAcl = relation('pg_catalog.pg_default_acl', function* ({ catalog }) {
  for (const { oid, role, schema, kind, acl } of catalog.data.defaultAcls ?? [])
    yield { oid, defaclrole: role, defaclnamespace: schema, defaclobjtype: letters[kind], defaclacl: aclText(catalog, acl) };
});
