/** Which objects the views of the information schema show a role: those that it owns or has some privilege on. */
import { allPrivileges, type PrivilegeName, privilegeBits } from '../../acl.js';
import { privilegesOn, privilegesOnColumn, type Securable, securableRelation, securableSystemRelation } from '../../privileges.js';
import { bootstrapRoleOid } from '../../role.js';
import { systemRelationOf } from '../system-relations.js';
import type { CatalogEnvironment } from '../relation.js';

export function roleOfEnvironment({ catalog, user }: CatalogEnvironment): number {
  return catalog.role(user)?.oid ?? bootstrapRoleOid;
}

function relationOf({ catalog }: CatalogEnvironment, oid: number): Securable | undefined {
  const system = systemRelationOf(oid);
  return system === undefined ? securableRelation(catalog, oid) : securableSystemRelation(system);
}

/** Owner, or holder of any privilege on the relation or one of its columns. */
export function seesRelation(environment: CatalogEnvironment, oid: number, kind: 'table' | 'sequence' = 'table'): boolean {
  const { catalog } = environment;
  const role = roleOfEnvironment(environment);
  const one = relationOf(environment, oid);
  if (one === undefined || catalog.roles.hasPrivilegesOf(role, one.owner)) return true;
  if (privilegesOn(catalog, role, one, allPrivileges[kind]) !== 0) return true;
  return (catalog.aclOf('relation', oid)?.columns ?? []).some((column) => privilegesOnColumn(catalog, role, one, column.attribute, allPrivileges.column) !== 0);
}

/** Owner, or holder of a privilege other than SELECT on the relation or one of its columns. */
export function writesRelation(environment: CatalogEnvironment, oid: number): boolean {
  const { catalog } = environment;
  const role = roleOfEnvironment(environment);
  const one = relationOf(environment, oid);
  if (one === undefined || catalog.roles.hasPrivilegesOf(role, one.owner)) return true;
  if (privilegesOn(catalog, role, one, allPrivileges.table & ~privilegeBits.select) !== 0) return true;
  const wanted = allPrivileges.column & ~privilegeBits.select;
  return (catalog.aclOf('relation', oid)?.columns ?? []).some((column) => privilegesOnColumn(catalog, role, one, column.attribute, wanted) !== 0);
}

export function seesColumn(environment: CatalogEnvironment, oid: number, attribute: number): boolean {
  const { catalog } = environment;
  const role = roleOfEnvironment(environment);
  const one = relationOf(environment, oid);
  if (one === undefined || catalog.roles.hasPrivilegesOf(role, one.owner)) return true;
  return privilegesOn(catalog, role, one, allPrivileges.column) !== 0 || privilegesOnColumn(catalog, role, one, attribute, allPrivileges.column) !== 0;
}

export function seesObject(environment: CatalogEnvironment, one: Securable, ...privileges: readonly PrivilegeName[]): boolean {
  const { catalog } = environment;
  const role = roleOfEnvironment(environment);
  const mask = privileges.reduce((all, name) => all | privilegeBits[name], 0);
  return catalog.roles.hasPrivilegesOf(role, one.owner) || privilegesOn(catalog, role, one, mask) !== 0;
}
