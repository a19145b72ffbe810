/**
 * CREATE, ALTER, DROP and RENAME POLICY, and ALTER TABLE ... ROW LEVEL SECURITY.
 * Source: policy.c of PostgreSQL 15.
 */
import { Oid } from '../../types/oid.js';
import type { Policy, RowSecurity, Table } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type * as ast from '../../sql/ast.js';
import { columnNamed, readsColumn } from './constraints.js';
import { ActionList, type DdlAction, type DdlContext, findRelation, qualified, requireTable, toQualifiedName } from './ddl.js';
import { roleOf } from './owner.js';

const none: RowSecurity = { enabled: false, forced: false, policies: [] };

export function withRowSecurity(table: Table, action: 'enable' | 'disable' | 'force' | 'noForce'): Table {
  const old = table.rowSecurity ?? none;
  const changed = action === 'enable' || action === 'disable' ? { ...old, enabled: action === 'enable' } : { ...old, forced: action === 'force' };
  return { ...table, rowSecurity: changed };
}

function finish(context: DdlContext, table: Table, policies: readonly Policy[]): readonly DdlAction[] {
  context.editor.put({ ...table, rowSecurity: { ...(table.rowSecurity ?? none), policies } });
  const list = new ActionList(context.editor);
  list.flush();
  return list.actions;
}

/** policy_role_list_to_array(). */
function rolesOf(context: DdlContext, roles: readonly ast.RoleName[]): readonly number[] {
  if (roles.length === 0) return [0];
  if (roles.some((role) => role.kind === 'public')) {
    if (roles.length > 1)
      context.notice({
        severity: 'WARNING',
        code: '01000',
        message: 'ignoring specified roles other than PUBLIC',
        hint: 'All roles are members of the PUBLIC role.',
      });
    return [0];
  }
  return [...new Set(roles.map((role) => roleOf(context, role).oid))];
}

function textOf(context: DdlContext, table: Table, expression: ast.Expression | undefined): string | undefined {
  if (expression === undefined) return undefined;
  return context.binder(context.editor.snapshot).expression(expression, table, { oid: Oid.bool, typmod: -1 }, 'policy');
}

function tableOf(context: DdlContext, name: ast.QualifiedName): Table {
  return requireTable(context, name);
}

function missing(name: string, table: Table): PgError {
  return new PgError('42704', `policy "${name}" for table "${table.name}" does not exist`);
}

export function planCreatePolicy(statement: ast.CreatePolicy, context: DdlContext): readonly DdlAction[] {
  const { name, command, using, check } = statement;
  if ((command === 'select' || command === 'delete') && check !== undefined) throw new PgError('42601', 'WITH CHECK cannot be applied to SELECT or DELETE');
  if (command === 'insert' && using !== undefined) throw new PgError('42601', 'only WITH CHECK expression allowed for INSERT');
  const roles = rolesOf(context, statement.roles);
  const table = tableOf(context, statement.table);
  const usingText = textOf(context, table, using);
  const checkText = textOf(context, table, check);
  const policies = table.rowSecurity?.policies ?? [];
  if (policies.some((policy) => policy.name === name)) throw new PgError('42710', `policy "${name}" for table "${table.name}" already exists`);
  const policy: Policy = {
    oid: context.editor.freshOid(),
    name,
    command,
    permissive: statement.permissive,
    roles,
    ...(usingText === undefined ? {} : { usingText }),
    ...(checkText === undefined ? {} : { checkText }),
  };
  return finish(context, table, [...policies, policy]);
}

export function planAlterPolicy(statement: ast.AlterPolicy, context: DdlContext): readonly DdlAction[] {
  const roles = statement.roles.length === 0 ? undefined : rolesOf(context, statement.roles);
  const table = tableOf(context, statement.table);
  const usingText = textOf(context, table, statement.using);
  const checkText = textOf(context, table, statement.check);
  const policies = table.rowSecurity?.policies ?? [];
  const old = policies.find((policy) => policy.name === statement.name);
  if (old === undefined) throw missing(statement.name, table);
  if ((old.command === 'select' || old.command === 'delete') && checkText !== undefined)
    throw new PgError('42601', 'only USING expression allowed for SELECT, DELETE');
  if (old.command === 'insert' && usingText !== undefined) throw new PgError('42601', 'only WITH CHECK expression allowed for INSERT');
  const changed: Policy = {
    ...old,
    ...(roles === undefined ? {} : { roles }),
    ...(usingText === undefined ? {} : { usingText }),
    ...(checkText === undefined ? {} : { checkText }),
  };
  return finish(
    context,
    table,
    policies.map((policy) => (policy === old ? changed : policy)),
  );
}

export function planRenamePolicy(statement: ast.Rename, context: DdlContext): readonly DdlAction[] {
  const table = tableOf(context, toQualifiedName(statement.target.name));
  const policies = table.rowSecurity?.policies ?? [];
  const from = statement.from ?? '';
  if (policies.some((policy) => policy.name === statement.to)) throw new PgError('42710', `policy "${statement.to}" for table "${table.name}" already exists`);
  if (!policies.some((policy) => policy.name === from)) throw missing(from, table);
  return finish(
    context,
    table,
    policies.map((policy) => (policy.name === from ? { ...policy, name: statement.to } : policy)),
  );
}

export function planDropPolicies(statement: ast.Drop, context: DdlContext): readonly DdlAction[] {
  let actions: readonly DdlAction[] = [];
  for (const object of statement.objects) {
    const name = object.name[object.name.length - 1] ?? '';
    const target = toQualifiedName(object.name.slice(0, -1));
    const skip = (message: string): void => {
      context.notice({ severity: 'NOTICE', code: '00000', message });
    };
    if (statement.ifExists && findRelation(context, target) === undefined) {
      skip(`relation "${qualified(target)}" does not exist, skipping`);
      continue;
    }
    const table = tableOf(context, target);
    const policies = table.rowSecurity?.policies ?? [];
    if (!policies.some((policy) => policy.name === name)) {
      if (!statement.ifExists) throw missing(name, table);
      skip(`policy "${name}" for relation "${qualified(target)}" does not exist, skipping`);
      continue;
    }
    actions = finish(
      context,
      table,
      policies.filter((policy) => policy.name !== name),
    );
  }
  return actions;
}

export function commentPolicy(statement: ast.Comment, context: DdlContext): void {
  const parts = statement.target.name;
  const name = parts[parts.length - 1] ?? '';
  const table = tableOf(context, toQualifiedName(parts.slice(0, -1)));
  const policies = table.rowSecurity?.policies ?? [];
  if (!policies.some((policy) => policy.name === name)) throw missing(name, table);
  finish(
    context,
    table,
    policies.map((policy) => {
      if (policy.name !== name) return policy;
      const { comment: _old, ...plain } = policy;
      return statement.comment === undefined || statement.comment === '' ? plain : { ...plain, comment: statement.comment };
    }),
  );
}

/** Policies of the table that read one of its columns. */
export function policiesReading(table: Table, column: string): readonly Policy[] {
  const read = columnNamed(table, column);
  return (table.rowSecurity?.policies ?? []).filter((policy) =>
    [policy.usingText, policy.checkText].some((text) => text !== undefined && readsColumn(text, read)),
  );
}
