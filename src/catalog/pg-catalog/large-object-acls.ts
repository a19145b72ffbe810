/** shoal.large_object_acls: the privileges of large objects that GRANT or REVOKE has touched, for pg_largeobject_metadata. */
import { aclText } from '../privileges.js';
import { relation } from './relation.js';

export const largeObjectAcls = relation('shoal.large_object_acls', function* ({ catalog }) {
  for (const { kind, oid, acl } of catalog.data.acls ?? []) if (kind === 'largeObject') yield { oid, acl: aclText(catalog, acl) };
});
