/**
 * GRANT and REVOKE on objects, ALTER DEFAULT PRIVILEGES.
 * Source: aclchk.c of PostgreSQL 15 (ExecuteGrantStmt, ExecGrant_Relation, restrict_and_check_grant, SetDefaultACL).
 */
import {
  type AclItem,
  allPrivileges,
  bestGrantor,
  closesCircle,
  type DefaultAcl,
  defaultAcl,
  DependentPrivileges,
  granted,
  type PrivilegeName,
  privilegeBits,
  privilegeNames,
  revoked,
  sameAcl,
} from '../../catalog/acl.js';
import { columnAcl, deniedText, effectiveAcl, privilegesOn, privilegesOnColumn, type Securable, securableSchema } from '../../catalog/privileges.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { ActionList, type DdlAction, type DdlContext } from './ddl.js';
import { currentRole, requireCreateInSchema, roleNamed, roleOf } from './owner.js';
import { columnsOf, findSecurables, type NamedColumns } from './securable.js';

const kindWords: Readonly<Record<string, string>> = {
  table: 'relation',
  sequence: 'sequence',
  database: 'database',
  domain: 'type',
  function: 'function',
  language: 'language',
  schema: 'schema',
  procedure: 'procedure',
  routine: 'routine',
  type: 'type',
  parameter: 'parameter',
  largeObject: 'large object',
};

/** The privileges that may be named for a kind of object; tables may turn out to be sequences. */
function nameable(object: ast.ObjectType, isDefault: boolean): number {
  switch (object) {
    case 'table':
      return isDefault ? allPrivileges.table : allPrivileges.table | allPrivileges.sequence;
    case 'sequence':
      return allPrivileges.sequence;
    case 'domain':
    case 'type':
      return allPrivileges.type;
    case 'function':
    case 'procedure':
    case 'routine':
      return allPrivileges.function;
    case 'schema':
    case 'database':
    case 'language':
    case 'parameter':
    case 'largeObject':
      return allPrivileges[object];
    default:
      return 0;
  }
}

function bitOf(name: string): number {
  const known = (name === 'temp' ? 'temporary' : name) as PrivilegeName;
  if (name === 'rule') return 0;
  if (!privilegeNames.includes(known)) throw new PgError('42601', `unrecognized privilege type "${name}"`);
  return privilegeBits[known];
}

function shownPrivilege(mask: number): string {
  return (privilegeNames.find((name) => (mask & privilegeBits[name]) !== 0) ?? '').toUpperCase();
}

function invalidPrivilege(mask: number, what: string): PgError {
  return new PgError('0LP01', `invalid privilege type ${shownPrivilege(mask)} for ${what}`);
}

interface Wanted {
  readonly isGrant: boolean;
  /** ALL PRIVILEGES. */
  readonly all: boolean;
  readonly privileges: number;
  readonly columns: readonly ast.Privilege[];
  readonly grantees: readonly number[];
  readonly grantOption: boolean;
  readonly cascade: boolean;
}

function wantedBy(statement: ast.Grant, context: DdlContext, isDefault: boolean): Wanted {
  const grantees = statement.grantees.map((grantee) => (grantee.kind === 'public' ? 0 : roleOf(context, grantee).oid));
  let privileges = 0;
  const columns: ast.Privilege[] = [];
  const possible = nameable(statement.object, isDefault);
  for (const privilege of statement.privileges) {
    if (privilege.columns.length > 0) {
      if (statement.object !== 'table') throw new PgError('0LP01', 'column privileges are only valid for relations');
      if (isDefault) throw new PgError('0LP01', 'default privileges cannot be set for columns');
      columns.push(privilege);
      continue;
    }
    const bit = bitOf(privilege.name ?? '');
    const word = isDefault && statement.object === 'table' ? 'relation' : (kindWords[statement.object] ?? statement.object);
    if ((bit & ~possible) !== 0) throw invalidPrivilege(bit, word);
    privileges |= bit;
  }
  return {
    isGrant: statement.isGrant,
    all: statement.privileges.length === 0,
    privileges,
    columns,
    grantees,
    grantOption: statement.grantOption,
    cascade: statement.cascade,
  };
}

/** merge_acl_with_grant(). */
function merged(acl: readonly AclItem[], wanted: Wanted, privileges: number, grantor: number, owner: number): readonly AclItem[] {
  let result = acl;
  for (const grantee of wanted.grantees) {
    if (wanted.isGrant && wanted.grantOption && grantee === 0) throw new PgError('0LP01', 'grant options can only be granted to roles');
    if (!wanted.isGrant) {
      try {
        result = revoked(result, grantee, grantor, privileges, wanted.grantOption, owner, wanted.cascade);
      } catch (error) {
        if (!(error instanceof DependentPrivileges)) throw error;
        throw new PgError('2BP01', 'dependent privileges exist', { hint: 'Use CASCADE to revoke them too.' });
      }
      continue;
    }
    if (wanted.grantOption && closesCircle(result, grantee, grantor, privileges, owner))
      throw new PgError('0LP01', 'grant options cannot be granted back to your own grantor');
    result = granted(result, grantee, grantor, privileges, wanted.grantOption);
  }
  return result;
}

/** restrict_and_check_grant(): the privileges that may really be granted, with a warning when they are not all. */
function restricted(
  context: DdlContext,
  wanted: Wanted,
  all: boolean,
  privileges: number,
  options: number,
  name: string,
  hasAny: () => boolean,
  denied: string,
): number {
  if (options === 0 && !hasAny()) throw new PgError('42501', denied);
  const possible = privileges & options;
  const warn = (code: string, message: string): void => {
    context.notice({ severity: 'WARNING', code, message });
  };
  if (wanted.isGrant) {
    if (possible === 0) warn('01007', `no privileges were granted for ${name}`);
    else if (!all && possible !== privileges) warn('01007', `not all privileges were granted for ${name}`);
  } else if (possible === 0) warn('01006', `no privileges could be revoked for ${name}`);
  else if (!all && possible !== privileges) warn('01006', `not all privileges could be revoked for ${name}`);
  return possible;
}

function grantorFor(context: DdlContext, acl: readonly AclItem[], owner: number, privileges: number): ReturnType<typeof bestGrantor> {
  const me = currentRole(context);
  return bestGrantor(acl, owner, me.oid, context.editor.snapshot.roles.inheritedBy(me.oid), me.superuser, privileges);
}

/** A statement's change of one object as a whole. */
function changeObject(context: DdlContext, one: Securable, wanted: Wanted, all: boolean, privileges: number): void {
  const { editor } = context;
  const acl = effectiveAcl(editor.snapshot, one);
  const { grantor, options } = grantorFor(context, acl, one.owner, privileges);
  const me = currentRole(context).oid;
  const whole = allPrivileges[one.kind];
  const hasAny = (): boolean => privilegesOn(editor.snapshot, me, one, whole) !== 0 || privilegesOn(editor.snapshot, me, one, whole, true) !== 0;
  const possible = restricted(
    context,
    wanted,
    all,
    privileges,
    options,
    `"${one.name}"`,
    hasAny,
    deniedText(one.kind === 'table' ? { ...one, noun: 'table' } : one),
  );
  const next = merged(acl, wanted, possible, grantor, one.owner);
  const old = editor.snapshot.aclOf(one.object, one.oid);
  editor.putAcl({ kind: one.object, oid: one.oid, acl: next, ...(old?.columns === undefined ? {} : { columns: old.columns }) });
}

function changeColumn(context: DdlContext, one: Securable, column: NamedColumns[number], wanted: Wanted, all: boolean, privileges: number): void {
  const { editor } = context;
  const { snapshot } = editor;
  const acl = columnAcl(snapshot, one.oid, column.attribute);
  // What the role may grant on the table it may grant on the column.
  const { grantor, options } = grantorFor(context, [...effectiveAcl(snapshot, one), ...acl], one.owner, privileges);
  const me = currentRole(context).oid;
  const whole = allPrivileges.column;
  const hasAny = (): boolean =>
    [false, true].some(
      (option) => privilegesOn(snapshot, me, one, whole, option) !== 0 || privilegesOnColumn(snapshot, me, one, column.attribute, whole, option) !== 0,
    );
  const shown = `column "${column.name}" of relation "${one.name}"`;
  const possible = restricted(context, wanted, all, privileges, options, shown, hasAny, `permission denied for ${shown}`);
  const next = merged(acl, wanted, possible, grantor, one.owner);
  if (next === acl) return;
  const old = snapshot.aclOf(one.object, one.oid);
  const others = (old?.columns ?? []).filter((other) => other.attribute !== column.attribute);
  const columns = next.length === 0 ? others : [...others, { attribute: column.attribute, acl: next }];
  editor.putAcl({
    kind: one.object,
    oid: one.oid,
    ...(old?.acl === undefined ? {} : { acl: old.acl }),
    ...(columns.length === 0 ? {} : { columns }),
  });
}

function changeRelation(context: DdlContext, statement: ast.Grant, wanted: Wanted, one: Securable): void {
  const isSequence = one.kind === 'sequence';
  let privileges = wanted.all ? allPrivileges[one.kind] : wanted.privileges;
  if (statement.object === 'table' && isSequence && (privileges & ~allPrivileges.sequence) !== 0) {
    context.notice({ severity: 'WARNING', code: '0LP01', message: `sequence "${one.name}" only supports USAGE, SELECT, and UPDATE privileges` });
    privileges &= allPrivileges.sequence;
  } else if (statement.object === 'table' && !isSequence && (privileges & ~allPrivileges.table) !== 0) {
    throw invalidPrivilege(privileges & ~allPrivileges.table, 'table');
  }
  const columns = columnsOf(context, one);
  const byColumn = new Map<number, number>();
  // What is revoked on the table is revoked on its columns.
  const revokedToo = wanted.isGrant || isSequence ? 0 : privileges & allPrivileges.column;
  if (revokedToo !== 0) for (const column of columns) byColumn.set(column.attribute, revokedToo);
  for (const { name, columns: names } of wanted.columns) {
    let bit = name === undefined ? allPrivileges.column : bitOf(name);
    if (name !== undefined && (bit & ~allPrivileges.column) !== 0) throw invalidPrivilege(bit, 'column');
    if (isSequence && (bit & ~privilegeBits.select) !== 0) {
      context.notice({ severity: 'WARNING', code: '0LP01', message: `sequence "${one.name}" only supports SELECT column privileges` });
      bit &= privilegeBits.select;
    }
    for (const columnName of names) {
      const column = columns.find((candidate) => candidate.name === columnName);
      if (column === undefined) throw new PgError('42703', `column "${columnName}" of relation "${one.name}" does not exist`);
      byColumn.set(column.attribute, (byColumn.get(column.attribute) ?? 0) | bit);
    }
  }
  if (privileges !== 0) changeObject(context, one, wanted, wanted.all, privileges);
  for (const column of columns) {
    const mask = byColumn.get(column.attribute);
    if (mask === undefined || mask === 0) continue;
    // (Columns that have no privileges of their own have none to lose; nothing is said of them.)
    if (revokedToo !== 0 && columnAcl(context.editor.snapshot, one.oid, column.attribute).length === 0 && mask === revokedToo) continue;
    changeColumn(context, one, column, wanted, wanted.all || wanted.columns.some((privilege) => privilege.name === undefined), mask);
  }
}

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

export function planGrant(statement: ast.Grant, context: DdlContext): readonly DdlAction[] {
  if (statement.grantedBy !== undefined && roleOf(context, statement.grantedBy).oid !== currentRole(context).oid)
    throw new PgError('0A000', 'grantor must be current user');
  const securables = findSecurables(context, statement);
  const wanted = wantedBy(statement, context, false);
  for (const one of securables) {
    if (one.object === 'relation') changeRelation(context, statement, wanted, one);
    else changeObject(context, one, wanted, wanted.all, wanted.all ? allPrivileges[one.kind] : wanted.privileges);
  }
  return finish(context);
}

// -------------------------------------------------------------------------------------------------- ALTER DEFAULT PRIVILEGES

const defaultKinds: Partial<Record<ast.ObjectType, DefaultAcl['kind']>> = {
  table: 'table',
  sequence: 'sequence',
  function: 'function',
  routine: 'function',
  procedure: 'function',
  type: 'type',
  schema: 'schema',
};

export function planAlterDefaultPrivileges(statement: ast.AlterDefaultPrivileges, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const { grant } = statement;
  const kind = defaultKinds[grant.object];
  if (kind === undefined) throw new PgError('42601', 'unrecognized object type for default privileges');
  const wanted = wantedBy(grant, context, true);
  const me = currentRole(context);
  const owners =
    statement.roles.length === 0
      ? [me]
      : statement.roles.map((name) => {
          const role = roleOf(context, name);
          // (All at once in PostgreSQL, too: check_is_member_of_role.)
          if (!editor.snapshot.roles.isMemberOf(me.oid, role.oid)) throw new PgError('42501', `must be member of role "${role.name}"`);
          return role;
        });
  for (const owner of owners) {
    if (statement.schemas.length === 0) changeDefault(context, wanted, kind, owner.oid, 0);
    for (const name of statement.schemas) {
      const schema = securableSchema(editor.snapshot, name);
      if (schema === undefined) throw new PgError('3F000', `schema "${name}" does not exist`);
      if (kind === 'schema') throw new PgError('0LP01', 'cannot use IN SCHEMA clause when using GRANT/REVOKE ON SCHEMAS');
      requireCreateInSchema(context, name, roleNamed(context, owner.name));
      changeDefault(context, wanted, kind, owner.oid, schema.oid);
    }
  }
  return finish(context);
}

function changeDefault(context: DdlContext, wanted: Wanted, kind: DefaultAcl['kind'], role: number, schema: number): void {
  const { editor } = context;
  const old = editor.snapshot.data.defaultAcls?.find((one) => one.role === role && one.schema === schema && one.kind === kind);
  // Those of a schema come on top of the global ones, which begin with what is built in.
  const base: readonly AclItem[] = schema === 0 ? defaultAcl(kind, role) : [];
  const acl = merged(old?.acl ?? base, wanted, wanted.all ? allPrivileges[kind] : wanted.privileges, role, role);
  if (sameAcl(acl, base)) {
    if (old !== undefined) editor.putDefaultAcl({ ...old, acl: undefined });
    return;
  }
  const sorted = [...acl].sort((a, b) => a.grantee - b.grantee || a.grantor - b.grantor);
  editor.putDefaultAcl({ oid: old?.oid ?? editor.freshOid(), role, schema, kind, acl: sorted });
}
