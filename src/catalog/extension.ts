/**
 * Extensions as catalog objects: what CREATE EXTENSION has installed, and which objects are its members. Members are dropped with their extension and not alone
 * (planner/ddl/extension), dumps leave them out (pg_depend). PL/pgSQL is always there.
 */
import { availableExtension } from './extensions/available.js';
import { bootstrapRoleOid } from './role.js';
import type { CatalogSnapshot } from './snapshot.js';

export interface ExtensionMember {
  readonly kind: 'relation' | 'type' | 'function';
  readonly oid: number;
}

export interface Extension {
  readonly oid: number;
  readonly name: string;
  readonly owner: string;
  readonly schema: string;
  readonly version: string;
  readonly comment?: string;
  readonly members: readonly ExtensionMember[];
}

/** Of PL/pgSQL, as initdb of PostgreSQL 15 gives it. */
const plpgsqlExtensionOid = 13559;

/** The installed extensions. */
export function extensionsOf(catalog: CatalogSnapshot): readonly Extension[] {
  const stored = catalog.data.extensions ?? [];
  if (stored.some((one) => one.oid === plpgsqlExtensionOid)) return stored;
  const plpgsql = availableExtension('plpgsql');
  if (plpgsql === undefined) return stored;
  const owner = catalog.roles.byOid(bootstrapRoleOid)?.name ?? 'postgres';
  const { name, version, comment } = plpgsql;
  return [{ oid: plpgsqlExtensionOid, name, owner, schema: 'pg_catalog', version, comment, members: [] }, ...stored];
}

export function extensionNamed(catalog: CatalogSnapshot, name: string): Extension | undefined {
  return extensionsOf(catalog).find((one) => one.name === name);
}
