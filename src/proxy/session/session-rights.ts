/**
 * Rights that commands ask for that are neither planned statements nor data definition: COPY FROM, LOCK TABLE, REINDEX, CHECKPOINT, COPY of files.
 * Source: copy.c, lockcmds.c and indexcmds.c of PostgreSQL 15.
 */
import { privilegeBits } from '../../catalog/acl.js';
import { deniedText, ownerOid, ownsObject, privilegesOn, privilegesOnColumn, securableRelation } from '../../catalog/privileges.js';
import { isRowSecurityActive } from '../../catalog/row-security.js';
import type { Role } from '../../catalog/role.js';
import type { Relation, Table } from '../../catalog/table.js';
import { findIndex } from '../../catalog/edit.js';
import { systemRelationsOf } from '../../catalog/pg-catalog/objects.js';
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import type { SessionCore } from './session-core.js';

function roleOf({ catalog, user }: SessionCore): Role {
  const role = catalog.role(user);
  if (role === undefined) throw new PgError('42704', `role "${user}" does not exist`);
  return role;
}

/** 42501 unless the role has one of the privileges on the relation, or the first of them on every column. */
function requireRelationPrivilege(core: SessionCore, oid: number, privileges: number, columns: readonly number[] = []): void {
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

/** The table that CLUSTER names must be the role's own. */
export function requireCluster(core: SessionCore, { table }: ast.Cluster): void {
  const { catalog, searchPath } = core;
  const relation =
    table === undefined ? undefined : table.schema === undefined ? catalog.find(searchPath, table.name) : catalog.relation(table.schema, table.name);
  if (relation !== undefined) requireTableOwner(core, relation);
}

/** 42501 unless the session's role owns the table. */
export function requireTableOwner(core: SessionCore, { name, owner }: Pick<Relation, 'name' | 'owner'>): void {
  const { catalog } = core;
  const role = roleOf(core);
  if (!role.superuser && !ownsObject(catalog, role.oid, ownerOid(catalog, owner))) throw new PgError('42501', `must be owner of table ${name}`);
}

/** What REINDEX names must be there, and be the role's own. */
export function requireReindex(core: SessionCore, statement: ast.Reindex): void {
  const { catalog, searchPath } = core;
  const { name, object } = statement;
  const inBlock = core.transaction.kind === 'explicit';
  if (object !== 'index' && object !== 'table' && inBlock) throw new PgError('25001', `REINDEX ${object.toUpperCase()} cannot run inside a transaction block`);
  if (inBlock && statement.options.some((option) => option.name === 'concurrently' && (option.value?.kind !== 'boolean' || option.value.value)))
    throw new PgError('25001', 'REINDEX CONCURRENTLY cannot run inside a transaction block');
  if (name === undefined) return;
  if (object === 'schema') {
    if (!catalog.schemaExists(name.name)) throw new PgError('3F000', `schema "${name.name}" does not exist`);
    return;
  }
  if (object === 'database' || object === 'system') {
    if (name.name !== catalog.database.name) throw new PgError('0A000', 'can only reindex the currently open database');
    return;
  }
  const system = findSystemRelation(catalog, name);
  const path = name.schema === undefined ? searchPath : [name.schema];
  const relation: Relation | undefined = name.schema === undefined ? catalog.find(searchPath, name.name) : catalog.relation(name.schema, name.name);
  const index = findIndex(catalog, path, name.name);
  if (relation === undefined && index === undefined) {
    if (system) return;
    throw new PgError('42P01', `relation "${name.schema === undefined ? '' : `${name.schema}.`}${name.name}" does not exist`);
  }
  if (object === 'index' && index === undefined) throw new PgError('42809', `"${name.name}" is not an index`);
  if (object === 'table' && relation?.kind !== 'table' && relation?.kind !== 'partition')
    throw new PgError('42809', `"${name.name}" is not a table or materialized view`);
  const role = roleOf(core);
  const owned = object === 'index' ? index?.table : relation;
  if (!role.superuser && owned !== undefined && !ownsObject(catalog, role.oid, ownerOid(catalog, owned.owner)))
    throw new PgError('42501', `must be owner of ${object} ${name.name}`);
}

/** A relation of the system's, which have nothing to build anew. */
function findSystemRelation(catalog: CatalogSnapshot, { schema, name }: ast.QualifiedName): boolean {
  return (
    name.startsWith('pg_toast') ||
    systemRelationsOf(catalog).some((one) => one.name === name && one.schema === (schema ?? 'pg_catalog')) ||
    /^pg_.*_index$/.test(name)
  );
}
