/**
 * The roles that statements name, who may alter an object, and ALTER ... OWNER TO. Used by the planning of every data-definition statement.
 * Source: acl.c and aclchk.c of PostgreSQL 15 (pg_class_ownercheck, check_is_member_of_role and their kin).
 */
import { type AclItem, privilegeBits, withNewOwner } from '../../catalog/acl.js';
import { deniedText, notOwnerText, ownerOid, privilegesOn, securableSchema } from '../../catalog/privileges.js';
import type { Role } from '../../catalog/role.js';
import type { Relation, Schema } from '../../catalog/table.js';
import type { UserFunction } from '../../catalog/user-function.js';
import type { UserType } from '../../catalog/user-type.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { type DdlContext, requireCreate } from './ddl.js';

export function denied(message: string): PgError {
  return new PgError('42501', message);
}

export function missingRole(name: string): PgError {
  return new PgError('42704', `role "${name}" does not exist`);
}

/** The role that the statement runs as. */
export function currentRole({ editor, currentUser }: Pick<DdlContext, 'editor' | 'currentUser'>): Role {
  const role = editor.snapshot.role(currentUser);
  if (role === undefined) throw missingRole(currentUser);
  return role;
}

export function roleNamed(context: DdlContext, name: string): Role {
  const role = context.editor.snapshot.role(name);
  if (role === undefined) throw missingRole(name);
  return role;
}

/** The role that a statement names: CURRENT_USER, SESSION_USER and PUBLIC (which is none) too. */
export function roleOf(context: DdlContext, role: ast.RoleName): Role {
  switch (role.kind) {
    case 'name':
      return roleNamed(context, role.name);
    case 'currentRole':
    case 'currentUser':
      return currentRole(context);
    case 'sessionUser':
      return roleNamed(context, context.session.sessionUser);
    case 'public':
      throw missingRole('public');
  }
}

// ------------------------------------------------------------------------------------------------------------------- being owner

/** What people call a relation, as error messages name it. */
export function relationNoun(relation: Relation): string {
  if (relation.kind === 'partition') return 'table';
  return relation.kind === 'table' && relation.materialized !== undefined ? 'materialized view' : relation.kind;
}

export function isOwner(context: DdlContext, owner: string): boolean {
  return owner === context.currentUser || context.editor.snapshot.roles.hasPrivilegesOf(currentRole(context).oid, ownerOid(context.editor.snapshot, owner));
}

/** 42501 unless the current role owns the object (or the role that does has it as a member). */
export function requireOwner(context: DdlContext, owner: string, noun: string, name: string): void {
  if (!isOwner(context, owner)) throw new PgError('42501', notOwnerText(noun, name));
}

export function requireRelationOwner(context: DdlContext, relation: Relation): void {
  requireOwner(context, relation.owner, relationNoun(relation), relation.name);
}

/** For TRUNCATE-like rights and DROP, which the owner of the schema has, too. */
export function requireOwnerOrSchemaOwner(context: DdlContext, object: { readonly owner: string; readonly schema: string }, noun: string, name: string): void {
  if (isOwner(context, object.owner)) return;
  const schema = context.editor.snapshot.data.schemas.find((one) => one.name === object.schema);
  if (schema === undefined || !isOwner(context, schema.owner)) throw new PgError('42501', notOwnerText(noun, name));
}

/** 42501 unless the role may make objects in the schema. */
export function requireCreateInSchema(context: DdlContext, name: string, role: Role = currentRole(context)): void {
  requireCreate(context, name, role.name);
}

/** 42501 unless the role may look into the schema. */
export function requireSchemaUsage(context: DdlContext, name: string): void {
  const role = currentRole(context);
  if (role.superuser || name === context.temporarySchema) return;
  const schema = securableSchema(context.editor.snapshot, name);
  if (schema !== undefined && privilegesOn(context.editor.snapshot, role.oid, schema, privilegeBits.usage) === 0)
    throw new PgError('42501', deniedText(schema));
}

// ---------------------------------------------------------------------------------------------------------------- changing owners

/** The rights to give an object away: being a member of the new owner, who must be allowed to have it there. */
export function requireNewOwner(context: DdlContext, owner: Role, schema: string | undefined): void {
  const me = currentRole(context);
  if (me.superuser) return;
  if (!context.editor.snapshot.roles.isMemberOf(me.oid, owner.oid)) throw new PgError('42501', `must be member of role "${owner.name}"`);
  if (schema !== undefined) requireCreateInSchema(context, schema, owner);
}

/** The stored privileges of an object follow its owner. */
export function moveAcl(context: DdlContext, object: 'relation' | 'function' | 'type' | 'schema' | 'database', oid: number, from: string, to: string): void {
  const { snapshot } = context.editor;
  const stored = snapshot.aclOf(object, oid);
  if (stored === undefined) return;
  const moved = (acl: readonly AclItem[]): readonly AclItem[] => withNewOwner(acl, ownerOid(snapshot, from), ownerOid(snapshot, to));
  context.editor.putAcl({
    ...stored,
    ...(stored.acl === undefined ? {} : { acl: moved(stored.acl) }),
    ...(stored.columns === undefined ? {} : { columns: stored.columns.map((column) => ({ ...column, acl: moved(column.acl) })) }),
  });
}

export function giveRelation(context: DdlContext, oid: number, to: string): void {
  const relation = context.editor.snapshot.relationByOid(oid);
  if (relation === undefined || relation.owner === to) return;
  context.editor.put({ ...relation, owner: to });
  moveAcl(context, 'relation', oid, relation.owner, to);
  if (relation.kind !== 'table') return;
  for (const other of context.editor.snapshot.data.relations)
    if (other.kind === 'sequence' && other.ownedBy?.tableOid === oid) giveRelation(context, other.oid, to);
}

/** ALTER TABLE, VIEW, SEQUENCE, MATERIALIZED VIEW ... OWNER TO. */
export function changeRelationOwner(context: DdlContext, relation: Relation, to: ast.RoleName): void {
  const owner = roleOf(context, to);
  if (relation.owner === owner.name) return;
  if (relation.kind === 'sequence' && relation.ownedBy !== undefined) {
    const table = context.editor.snapshot.relationByOid(relation.ownedBy.tableOid);
    throw new PgError('0A000', `cannot change owner of sequence "${relation.name}"`, {
      detail: `Sequence "${relation.name}" is linked to table "${table?.name ?? ''}".`,
    });
  }
  requireRelationOwner(context, relation);
  requireNewOwner(context, owner, relation.schema);
  giveRelation(context, relation.oid, owner.name);
}

export function changeSchemaOwner(context: DdlContext, schema: Schema, to: ast.RoleName): void {
  const owner = roleOf(context, to);
  if (schema.owner === owner.name) return;
  requireOwner(context, schema.owner, 'schema', schema.name);
  requireNewOwner(context, owner, undefined);
  context.editor.putSchema({ ...schema, owner: owner.name });
  moveAcl(context, 'schema', schema.oid, schema.owner, owner.name);
}

export function changeFunctionOwner(context: DdlContext, definition: UserFunction, to: ast.RoleName): void {
  const owner = roleOf(context, to);
  if (definition.owner === owner.name) return;
  requireOwner(context, definition.owner, definition.kind, definition.name);
  requireNewOwner(context, owner, definition.schema);
  context.editor.putFunction({ ...definition, owner: owner.name });
  moveAcl(context, 'function', definition.oid, definition.owner, owner.name);
}

export function changeTypeOwner(context: DdlContext, type: UserType, to: ast.RoleName): void {
  const owner = roleOf(context, to);
  if (type.owner === owner.name) return;
  requireOwner(context, type.owner, 'type', type.name);
  requireNewOwner(context, owner, type.schema);
  context.editor.putType({ ...type, owner: owner.name });
  moveAcl(context, 'type', type.oid, type.owner, owner.name);
}
