/** OIDs of roles and schemas by name, for the owner and namespace columns of catalog relations. */
import { bootstrapRoleOid } from '../role.js';
import type { CatalogSnapshot } from '../snapshot.js';

export function roleOid(catalog: CatalogSnapshot, name: string): number {
  return catalog.role(name)?.oid ?? bootstrapRoleOid;
}

export function schemaOid(catalog: CatalogSnapshot, name: string): number {
  return catalog.data.schemas.find((schema) => schema.name === name)?.oid ?? 0;
}
