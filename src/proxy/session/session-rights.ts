/**
 * Rights that commands ask for that are neither planned statements nor data definition: COPY FROM, LOCK TABLE, REINDEX, CHECKPOINT, COPY of files.
 * Source: copy.c, lockcmds.c and indexcmds.c of PostgreSQL 15.
 */
import { privilegeBits } from '../../catalog/acl.js';
import { deniedText, ownerOid, ownsObject, privilegesOn, privilegesOnColumn, securableRelation } from '../../catalog/privileges.js';
import { isRowSecurityActive } from '../../catalog/row-security.js';
import type { Role } from '../../catalog/role.js';
import type { Relation, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import type { SessionCore } from './session-core.js';

function roleOf({ catalog, user }: SessionCore): Role {
  const role = catalog.role(user);
  if (role === undefined) throw new PgError('42704', `role "${user}" does not exist`);
  return role;
}

/** 42501 unless the role has one of the privileges on the relation, or the first of them on every column. */
export function requireRelationPrivilege(core: SessionCore, oid: number, privileges: number, columns: readonly number[] = []): void {
  const { catalog } = core;
  const role = roleOf(core);
  if (role.superuser) return;
  const one = securableRelation(catalog, oid);
  if (one === undefined || privilegesOn(catalog, role.oid, one, privileges) !== 0) return;
  if (columns.length > 0 && columns.every((attribute) => privilegesOnColumn(catalog, role.oid, one, attribute, privileges) !== 0)) return;
  throw new PgError('42501', deniedText(one));
}

export function requireCopyInto(core: SessionCore, table: Table, columns: readonly number[]): void {
  requireRelationPrivilege(core, table.oid, privilegeBits.insert, columns);
  const relation = core.catalog.relationByOid(table.oid);
  if (relation?.kind === 'table' && isRowSecurityActive(core.catalog, relation, roleOf(core)))
    throw new PgError('0A000', 'COPY FROM not supported with row-level security', { hint: 'Use INSERT statements instead.' });
}

export function requireLock(core: SessionCore, oid: number, mode: ast.Lock['mode']): void {
  const { select, insert, update, delete: remove, truncate } = privilegeBits;
  const wanted = mode === 'access share' ? select : mode === 'row exclusive' ? insert | update | remove | truncate : update | remove | truncate;
  requireRelationPrivilege(core, oid, mode === 'access share' ? wanted | update | remove | truncate : wanted);
}

/** The predefined roles whose privileges COPY of files and CHECKPOINT ask for. */
export function requirePredefined(core: SessionCore, name: string, message: string, hint?: string): void {
  const { roles } = core.catalog;
  const wanted = roles.named(name);
  if (wanted !== undefined && roles.hasPrivilegesOf(roleOf(core).oid, wanted.oid)) return;
  throw new PgError('42501', message, hint === undefined ? {} : { hint });
}

export function requireReindex(core: SessionCore, statement: ast.Reindex): void {
  const { catalog, searchPath } = core;
  const role = roleOf(core);
  const { name } = statement;
  if (role.superuser || name === undefined) return;
  const found: Relation | undefined = name.schema === undefined ? catalog.find(searchPath, name.name) : catalog.relation(name.schema, name.name);
  if (statement.object === 'table' && found !== undefined && !ownsObject(catalog, role.oid, ownerOid(catalog, found.owner)))
    throw new PgError('42501', `must be owner of table ${found.name}`);
}
