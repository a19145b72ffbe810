/**
 * CREATE, ALTER and DROP ROLE (USER, GROUP), their settings, and GRANT and REVOKE of memberships.
 * Source: user.c of PostgreSQL 15.
 */
import { bootstrapRoleOid, type Membership, type Role, type RoleSettings } from '../../catalog/role.js';
import { databaseOwnerRole } from '../../catalog/predefined-roles.js';
import { firstUserOid } from '../../catalog/server-catalog.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { ActionList, type DdlAction, type DdlContext } from './ddl.js';
import { dependenciesOfRole, forgetRole } from './owned.js';
import { currentRole, denied, missingRole, roleNamed, roleOf } from './owner.js';

function mayCreateRoles(role: Role): boolean {
  return role.superuser || role.createRole === true;
}

function reserved(name: string, detail: string): PgError {
  return new PgError('42939', `role name "${name}" is reserved`, { detail });
}

const prefixDetail = 'Role names starting with "pg_" are reserved.';

interface Given {
  readonly options: ReadonlyMap<string, ast.RoleOption>;
  has(name: string): boolean;
  flag(name: string): boolean | undefined;
  readonly roles: (name: string) => readonly ast.RoleName[];
}

function given(options: readonly ast.RoleOption[]): Given {
  const known = new Map<string, ast.RoleOption>();
  for (const option of options) {
    if (known.has(option.name)) throw new PgError('42601', 'conflicting or redundant options').at(option.position);
    known.set(option.name, option);
  }
  return {
    options: known,
    has: (name) => known.has(name),
    flag: (name) => {
      const option = known.get(name);
      return option === undefined ? undefined : optionText(option) === 'true';
    },
    roles: (name) => known.get(name)?.roles ?? [],
  };
}

function optionText(option: ast.RoleOption): string | undefined {
  const { value } = option;
  switch (value?.kind) {
    case 'string':
    case 'integer':
    case 'boolean':
      return String(value.value);
    case 'numeric':
      return value.text;
    default:
      return undefined;
  }
}

function limitOf(options: Given): number | undefined {
  const option = options.options.get('connectionlimit');
  if (option === undefined) return undefined;
  const limit = Number(optionText(option));
  if (limit < -1) throw new PgError('22023', `invalid connection limit: ${String(limit)}`);
  return limit;
}

/** What the options make of a role. */
function changed(context: DdlContext, role: Role, options: Given): Role {
  const limit = limitOf(options);
  const until = options.options.get('validUntil');
  const validUntil = until === undefined ? role.validUntil : context.session.timestamp(optionText(until) ?? '');
  const flag = <K extends string>(key: K, option: string, value: boolean | undefined, absent: boolean): Partial<Record<K, boolean>> => {
    const wanted = options.flag(option) ?? value ?? absent;
    return (wanted === absent ? {} : { [key]: wanted }) as Partial<Record<K, boolean>>;
  };
  const first = role.oid === bootstrapRoleOid;
  const connectionLimit = limit ?? role.connectionLimit ?? -1;
  const verifier = passwordOf(context, role, options);
  return {
    oid: role.oid,
    name: role.name,
    superuser: options.flag('superuser') ?? role.superuser,
    login: options.flag('canlogin') ?? role.login,
    ...flag('inherit', 'inherit', role.inherit, true),
    ...flag('createRole', 'createrole', role.createRole ?? first, false),
    ...flag('createDatabase', 'createdb', role.createDatabase ?? first, false),
    ...flag('replication', 'isreplication', role.replication ?? first, false),
    ...flag('bypassRowSecurity', 'bypassrls', role.bypassRowSecurity ?? first, false),
    ...(connectionLimit === -1 ? {} : { connectionLimit }),
    ...(verifier === undefined ? {} : { verifier }),
    ...(validUntil === undefined ? {} : { validUntil }),
    ...(role.memberOf === undefined ? {} : { memberOf: role.memberOf }),
    ...(role.comment === undefined ? {} : { comment: role.comment }),
  };
}

function passwordOf(context: DdlContext, role: Role, options: Given): string | undefined {
  const option = options.options.get('password');
  if (option === undefined) return role.verifier;
  const text = optionText(option);
  if (text === undefined) return undefined;
  if (text !== '') return context.session.hashPassword(role.name, text);
  context.notice({ severity: 'NOTICE', code: '00000', message: 'empty string is not a valid password, clearing password' });
  return undefined;
}

function finish(context: DdlContext): readonly DdlAction[] {
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

export function planCreateRole(statement: ast.CreateRole, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const { name } = statement;
  const options = given(statement.options.filter((option) => option.name !== 'sysid'));
  const me = currentRole(context);
  if (options.options.has('sysid')) context.notice({ severity: 'NOTICE', code: '00000', message: 'SYSID can no longer be specified' });
  limitOf(options);
  if (options.flag('superuser') === true) {
    if (!me.superuser) throw denied('must be superuser to create superusers');
  } else if (options.flag('isreplication') === true) {
    if (!me.superuser) throw denied('must be superuser to create replication users');
  } else if (options.flag('bypassrls') === true) {
    if (!me.superuser) throw denied('must be superuser to create bypassrls users');
  } else if (!mayCreateRoles(me)) throw denied('permission denied to create role');
  if (name.startsWith('pg_')) throw reserved(name, prefixDetail);
  if (editor.snapshot.role(name) !== undefined) throw new PgError('42710', `role "${name}" already exists`);
  const role = changed(context, { oid: editor.freshServerOid(), name, superuser: false, login: statement.statement === 'user' }, options);
  editor.putRole(role);
  for (const into of options.roles('addroleto')) addMembers(context, roleOf(context, into), [editor.snapshot.role(name) as Role], me, false);
  const members = (option: string): readonly Role[] => options.roles(option).map((member) => roleOf(context, member));
  addMembers(context, role, members('adminmembers'), me, true);
  addMembers(context, role, members('rolemembers'), me, false);
  return finish(context);
}

function requireAlterable(context: DdlContext, name: ast.RoleName): Role {
  if (name.kind === 'name' && name.name.startsWith('pg_')) throw reserved(name.name, 'Cannot alter reserved roles.');
  return roleOf(context, name);
}

export function planAlterRole(statement: ast.AlterRole, context: DdlContext): readonly DdlAction[] {
  if (statement.role.kind === 'name' && statement.role.name.startsWith('pg_')) throw reserved(statement.role.name, 'Cannot alter reserved roles.');
  const options = given(statement.options);
  limitOf(options);
  const role = requireAlterable(context, statement.role);
  const me = currentRole(context);
  if (options.has('superuser') || role.superuser) {
    if (!me.superuser) throw denied('must be superuser to alter superuser roles or change superuser attribute');
  } else if (options.has('isreplication') || role.replication === true) {
    if (!me.superuser) throw denied('must be superuser to alter replication roles or change replication attribute');
  } else if (options.has('bypassrls')) {
    if (!me.superuser) throw denied('must be superuser to change bypassrls attribute');
  } else if (!mayCreateRoles(me)) {
    const others = [...options.options.keys()].some((name) => name !== 'password');
    if (others || !options.has('password') || role.oid !== me.oid) throw denied('permission denied');
  }
  context.editor.putRole(changed(context, role, options));
  if (statement.action !== 'set') {
    const members = options.roles('rolemembers').map((member) => roleOf(context, member));
    if (statement.action === 'add') addMembers(context, role, members, me, false);
    else removeMembers(context, role, members, me, false);
  }
  return finish(context);
}

export function planAlterRoleSet(statement: ast.AlterRoleSet, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const me = currentRole(context);
  let role: Role | undefined;
  if (statement.role !== undefined) {
    role = requireAlterable(context, statement.role);
    if (role.superuser) {
      if (!me.superuser) throw denied('must be superuser to alter superusers');
    } else if (!mayCreateRoles(me) && role.oid !== me.oid) throw denied('permission denied');
  }
  const entry = statement.database === undefined ? undefined : editor.snapshot.databaseNamed(statement.database);
  if (statement.database !== undefined && entry === undefined) throw new PgError('3D000', `database "${statement.database ?? ''}" does not exist`);
  if (role === undefined) {
    if (statement.database === undefined && !me.superuser) throw denied('must be superuser to alter settings globally');
    if (entry !== undefined && !editor.snapshot.roles.hasPrivilegesOf(me.oid, roleNamed(context, entry.owner).oid))
      throw denied(`must be owner of database ${entry.name}`);
  }
  alterSettings(context, role?.oid ?? 0, entry?.oid ?? 0, statement.setting);
  return finish(context);
}

/** SET and RESET of what a role or a database sets at the start of a session. Also for ALTER DATABASE ... SET. */
export function alterSettings(context: DdlContext, role: number, database: number, setting: ast.SetVariable): void {
  const old = context.editor.snapshot.data.server.roleSettings.find((one) => one.role === role && one.database === database)?.values ?? [];
  let values: RoleSettings['values'];
  if (setting.action === 'resetAll') values = [];
  else {
    const { name, value } = context.session.setting(setting);
    const others = old.filter((one) => one.name.toLowerCase() !== name.toLowerCase());
    if (value === undefined) values = others;
    else if (others.length === old.length) values = [...old, { name, value }];
    else values = old.map((one) => (one.name.toLowerCase() === name.toLowerCase() ? { name, value } : one));
  }
  context.editor.putRoleSettings({ role, database, values });
}

export function planDropRole(statement: ast.DropRole, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const me = currentRole(context);
  if (!mayCreateRoles(me)) throw denied('permission denied to drop role');
  for (const name of statement.roles) {
    if (name.kind !== 'name') throw new PgError('22023', 'cannot use special role specifier in DROP ROLE');
    const role = editor.snapshot.role(name.name);
    if (role === undefined) {
      if (!statement.ifExists) throw missingRole(name.name);
      context.notice({ severity: 'NOTICE', code: '00000', message: `role "${name.name}" does not exist, skipping` });
      continue;
    }
    if (role.oid === me.oid) throw new PgError('55006', 'current user cannot be dropped');
    if (role.name === context.session.sessionUser) throw new PgError('55006', 'session user cannot be dropped');
    if (role.superuser && !me.superuser) throw denied('must be superuser to drop superusers');
    if (role.oid < firstUserOid) throw new PgError('2BP01', `cannot drop role ${role.name} because it is required by the database system`);
    const dependencies = dependenciesOfRole(context, role);
    if (dependencies.length > 0) {
      const shown = dependencies.slice(0, 100);
      throw new PgError('2BP01', `role "${role.name}" cannot be dropped because some objects depend on it`, { detail: shown.join('\n') });
    }
    forgetRole(context, role);
  }
  return finish(context);
}

export function planRenameRole(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const { editor } = context;
  const from = statement.from ?? statement.target.name[0] ?? '';
  const { to } = statement;
  const role = editor.snapshot.role(from);
  if (role === undefined) throw missingRole(from);
  if (from === context.session.sessionUser) throw new PgError('0A000', 'session user cannot be renamed');
  const me = currentRole(context);
  if (role.oid === me.oid) throw new PgError('0A000', 'current user cannot be renamed');
  for (const name of [from, to]) if (name.startsWith('pg_')) throw reserved(name, prefixDetail);
  if (editor.snapshot.role(to) !== undefined) throw new PgError('42710', `role "${to}" already exists`);
  if (role.superuser) {
    if (!me.superuser) throw denied('must be superuser to rename superusers');
  } else if (!mayCreateRoles(me)) throw denied('permission denied to rename role');
  const { verifier, ...rest } = role;
  const cleared = verifier?.startsWith('md5') === true;
  editor.renameRole({ ...rest, ...(verifier === undefined || cleared ? {} : { verifier }) }, to);
  if (cleared) context.notice({ severity: 'NOTICE', code: '00000', message: 'MD5 password cleared because of role rename' });
  return finish(context);
}

// ------------------------------------------------------------------------------------------------------------------ memberships

function requireAdmin(context: DdlContext, role: Role, grantor: Role): void {
  const me = currentRole(context);
  if (role.superuser) {
    if (!me.superuser) throw denied('must be superuser to alter superusers');
  } else if (!mayCreateRoles(me) && !context.editor.snapshot.roles.isAdminOf(grantor.oid, role.oid)) {
    throw denied(`must have admin option on role "${role.name}"`);
  }
}

function addMembers(context: DdlContext, role: Role, members: readonly Role[], grantor: Role, admin: boolean): void {
  if (members.length === 0) return;
  const { editor } = context;
  const me = currentRole(context);
  requireAdmin(context, role, grantor);
  if (role.oid === databaseOwnerRole.oid) throw new PgError('XX000', `role "${role.name}" cannot have explicit members`);
  if (grantor.oid !== me.oid && !me.superuser) throw denied('must be superuser to set grantor');
  for (const { oid } of members) {
    const member = editor.snapshot.roles.byOid(oid) as Role;
    if (oid === databaseOwnerRole.oid) throw new PgError('XX000', `role "${member.name}" cannot be a member of any role`);
    if (editor.snapshot.roles.memberships(role.oid).has(oid)) throw new PgError('0LP01', `role "${role.name}" is a member of role "${member.name}"`);
    const old = member.memberOf?.find((one) => one.role === role.oid);
    if (old !== undefined && (!admin || old.admin)) {
      context.notice({ severity: 'NOTICE', code: '00000', message: `role "${member.name}" is already a member of role "${role.name}"` });
      continue;
    }
    setMembership(context, member, { role: role.oid, grantor: grantor.oid, admin });
  }
}

function setMembership(context: DdlContext, member: Role, membership: Membership): void {
  const others = (member.memberOf ?? []).filter((one) => one.role !== membership.role);
  context.editor.putRole({ ...member, memberOf: [...others, membership] });
}

function removeMembers(context: DdlContext, role: Role, members: readonly Role[], grantor: Role, adminOnly: boolean): void {
  if (members.length === 0) return;
  requireAdmin(context, role, grantor);
  for (const { oid } of members) {
    const member = context.editor.snapshot.roles.byOid(oid) as Role;
    const old = member.memberOf?.find((one) => one.role === role.oid);
    if (old === undefined) {
      context.notice({ severity: 'WARNING', code: '01000', message: `role "${member.name}" is not a member of role "${role.name}"` });
      continue;
    }
    if (adminOnly) setMembership(context, member, { ...old, admin: false });
    else context.editor.putRole({ ...member, memberOf: (member.memberOf ?? []).filter((one) => one.role !== role.oid) });
  }
}

export function planGrantRole(statement: ast.GrantRole, context: DdlContext): readonly DdlAction[] {
  const grantor = statement.grantedBy === undefined ? currentRole(context) : roleOf(context, statement.grantedBy);
  const members = statement.grantees.map((grantee) => roleOf(context, grantee));
  for (const name of statement.roles) {
    const role = roleNamed(context, name);
    if (statement.isGrant) addMembers(context, role, members, grantor, statement.adminOption);
    else removeMembers(context, role, members, grantor, statement.adminOption);
  }
  return finish(context);
}
