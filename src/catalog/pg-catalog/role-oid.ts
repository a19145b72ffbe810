/** OIDs of roles and schemas by name, for the owner and namespace columns of catalog relations; the predefined role that owns schema public. */
import type { CatalogSnapshot } from '../snapshot.js';

/** The role that owns schema public: it stands for the database's owner. */
export const databaseOwnerRole = { oid: 6171, name: 'pg_database_owner' } as const;

export function roleOid(catalog: CatalogSnapshot, name: string): number {
  return catalog.role(name)?.oid ?? (name === databaseOwnerRole.name ? databaseOwnerRole.oid : 10);
}

export function schemaOid(catalog: CatalogSnapshot, name: string): number {
  return catalog.data.schemas.find((schema) => schema.name === name)?.oid ?? 0;
}
