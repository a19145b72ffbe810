/**
 * What definitions have to do with large objects: their owners and comments, and what becomes of those of a role. Their owners stand with their bytes
 * (catalog/system-table), so the session looks them up before a definition is planned. Source: pg_largeobject.c, alter.c of PostgreSQL 15.
 */
import { largeObjectClass } from '../../catalog/comment.js';
import { largeObjects } from '../../catalog/system-table.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { ActionList, type DdlAction, type DdlContext } from './ddl.js';
import { currentRole, requireNewOwner, roleOf } from './owner.js';

/** OID of the large object that a statement names, and of its owner; 42704 where there is none. */
export function requireLargeObject(context: DdlContext, name: string): { readonly oid: number; readonly owner: number } {
  const oid = Number(name);
  const owner = hasLargeObjects(context) ? context.session.largeObjects({ oid }).get(oid) : undefined;
  if (owner === undefined) throw new PgError('42704', `large object ${name} does not exist`);
  return { oid, owner };
}

function hasLargeObjects({ editor }: DdlContext): boolean {
  return editor.snapshot.relationByOid(largeObjects.oid) !== undefined;
}

/** OIDs of a role's large objects. */
export function largeObjectsOf(context: DdlContext, owner: number): readonly number[] {
  return hasLargeObjects(context) ? [...context.session.largeObjects({ owner }).keys()] : [];
}

function requireOwned(context: DdlContext, { oid, owner }: { readonly oid: number; readonly owner: number }): void {
  if (!context.editor.snapshot.roles.hasPrivilegesOf(currentRole(context).oid, owner))
    throw new PgError('42501', `must be owner of large object ${String(oid)}`);
}

export function commentLargeObject(statement: ast.Comment, context: DdlContext): void {
  const found = requireLargeObject(context, statement.target.name[0] ?? '');
  requireOwned(context, found);
  context.editor.putComment(largeObjectClass, found.oid, 0, statement.comment === '' ? undefined : statement.comment);
}

const give = (where: string, to: number): DdlAction => ({ kind: 'run', sql: `UPDATE shoal.large_objects SET owner = ${String(to)} WHERE ${where}` });

export function planLargeObjectOwner(statement: ast.AlterOwner, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const found = requireLargeObject(context, statement.target.name[0] ?? '');
  const to = roleOf(context, statement.owner);
  const list = new ActionList(editor);
  if (to.oid !== found.owner) {
    requireOwned(context, found);
    requireNewOwner(context, to, undefined);
    editor.moveLargeObjectAcl(found.oid, found.owner, to.oid);
    list.add(give(`oid = ${String(found.oid)}`, to.oid));
  }
  return list.actions;
}

/** REASSIGN OWNED. */
export function reassignLargeObjects(context: DdlContext, list: ActionList, from: number, to: number): void {
  const owned = largeObjectsOf(context, from);
  for (const oid of owned) context.editor.moveLargeObjectAcl(oid, from, to);
  if (owned.length > 0) list.add(give(`owner = ${String(from)}`, to));
}

/** DROP OWNED. */
export function dropLargeObjects(context: DdlContext, list: ActionList, owner: number): void {
  const owned = largeObjectsOf(context, owner);
  if (owned.length === 0) return;
  for (const oid of owned) context.editor.forgetLargeObject(oid);
  list.add({ kind: 'run', sql: `DELETE FROM shoal.large_object_pages WHERE loid IN (SELECT oid FROM shoal.large_objects WHERE owner = ${String(owner)})` });
  list.add({ kind: 'run', sql: `DELETE FROM shoal.large_objects WHERE owner = ${String(owner)}` });
}
