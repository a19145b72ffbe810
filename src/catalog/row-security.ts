/**
 * Whether row-level security applies to what a role does with a table, and which policies do. Asked by the binder and by row_security_active().
 * Source: check_enable_rls() of PostgreSQL 15's rls.c, rowsecurity.c.
 */
import { ownerOid, ownsObject } from './privileges.js';
import type { Role } from './role.js';
import type { CatalogSnapshot } from './snapshot.js';
import type { Policy, Table } from './table.js';

/** The policies of the table bind the role. */
export function isRowSecurityActive(catalog: CatalogSnapshot, table: Table, role: Role): boolean {
  if (table.rowSecurity?.enabled !== true) return false;
  if (role.superuser || role.bypassRowSecurity === true) return false;
  if (!table.rowSecurity.forced && ownsObject(catalog, role.oid, ownerOid(catalog, table.owner))) return false;
  return true;
}

/** Policies for a command and a role. */
export function policiesFor(catalog: CatalogSnapshot, table: Table, role: Role, command: Exclude<Policy['command'], 'all'>): readonly Policy[] {
  return (table.rowSecurity?.policies ?? []).filter(
    (policy) =>
      (policy.command === 'all' || policy.command === command) && policy.roles.some((oid) => oid === 0 || catalog.roles.hasPrivilegesOf(role.oid, oid)),
  );
}
