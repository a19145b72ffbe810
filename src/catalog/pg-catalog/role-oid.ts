/** OIDs of roles and schemas by name, for the owner and namespace columns of catalog relations. */
import type { CatalogSnapshot } from '../snapshot.js';

export function roleOid(catalog: CatalogSnapshot, name: string): number {
  return catalog.role(name)?.oid ?? 10;
}

export function schemaOid(catalog: CatalogSnapshot, name: string): number {
  return catalog.data.schemas.find((schema) => schema.name === name)?.oid ?? 0;
}
