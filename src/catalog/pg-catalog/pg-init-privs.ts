/** pg_init_privs: the privileges of system objects as initdb gives them, so that dumps show only what has been granted since. */
import { functionByOid } from '../../functions/registry.js';
import { aclText, initialAcl, restrictedFunctions, type Securable, securableFunction, securableSchema, securableSystemRelation } from '../privileges.js';
import { bootstrapRoleOid } from '../role.js';
import type { CatalogSnapshot } from '../snapshot.js';
import { systemRelationsOf } from './objects.js';
import { type CatalogRow, relation } from './relation.js';

function* initial(catalog: CatalogSnapshot): Generator<CatalogRow> {
  const one = function* (classoid: number, object: Securable | undefined): Generator<CatalogRow> {
    const acl = object === undefined ? undefined : initialAcl(object);
    if (object !== undefined && acl !== undefined) yield { objoid: object.oid, classoid, objsubid: 0, privtype: 'i', initprivs: aclText(catalog, acl) };
  };
  for (const system of systemRelationsOf(catalog)) yield* one(1259, securableSystemRelation(system));
  for (const oid of restrictedFunctions) {
    const entry = functionByOid(oid);
    if (entry !== undefined) yield* one(1255, securableFunction({ oid, name: entry.name, kind: 'function' }, bootstrapRoleOid));
  }
  for (const schema of catalog.data.schemas) yield* one(2615, securableSchema(catalog, schema.name));
}

export const pgInitPrivs = relation('pg_catalog.pg_init_privs', ({ catalog }) => initial(catalog));
