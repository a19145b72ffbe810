/**
 * Privileges and row-level security of the relations that a statement names: what is collected for `Access`, and the policies of tables as filters and checks.
 * Source: rowsecurity.c of PostgreSQL 15 (get_row_security_policies, add_security_quals, add_with_check_options), aclchk.c.
 */
import { privilegeBits } from '../../catalog/acl.js';
import { deniedText, privilegesOn, securableRelation, securableSchema, securableSystemRelation } from '../../catalog/privileges.js';
import { systemRelationNamed } from '../../catalog/pg-catalog/system-relations.js';
import { isRowSecurityActive, policiesFor } from '../../catalog/row-security.js';
import type { Policy, Table, View } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import { conjunction, disjunction, falseConst } from '../../plan/build.js';
import type { Expression } from '../../plan/expression.js';
import type { LogicalNode, Mutation, OutputColumn } from '../../plan/logical.js';
import type { RelationUse } from './access.js';
import type { Binder } from './binder.js';
import { coerceToBoolean } from './coercion.js';
import { bindExpression, inClause } from './expression.js';
import { tableScope, withTablePath } from './standalone.js';
import { storedExpression } from './stored-text.js';

/** As whom a view's relations are judged. */
export function viewRole(view: View, invoker: string): string {
  return view.options?.some((option) => /^security_invoker=(true|on|1|yes)$/i.test(option)) === true ? invoker : view.owner;
}

/** A relation in FROM; its columns may be read. */
export function useRelation(
  binder: Binder,
  oid: number,
  columns: readonly OutputColumn[],
  attributes: readonly { readonly attribute: number }[],
): RelationUse | undefined {
  if (binder.context.isInternal === true) return undefined;
  const securable = securableRelation(binder.context.catalog, oid);
  if (securable === undefined) return undefined;
  const use = binder.access.relation(securable, binder.checkAs, privilegeBits.select);
  use.columns(
    columns.map((column) => column.id),
    attributes.map(({ attribute }) => attribute),
  );
  return use;
}

export function useSystemRelation(binder: Binder, schema: string, name: string, columns: readonly OutputColumn[]): void {
  const system = systemRelationNamed(schema, name);
  if (system === undefined || binder.context.isInternal === true) return;
  binder.access.relation(securableSystemRelation(system), binder.checkAs, privilegeBits.select).columns(
    columns.map((column) => column.id),
    columns.map((_, i) => i + 1),
  );
}

/** 42501 unless the statement's role may look into the schema that it names. */
export function requireSchemaUsage(binder: Binder, name: string): void {
  const { catalog, isInternal } = binder.context;
  if (binder.storedDepth > 0 || isInternal === true || name === 'pg_catalog') return;
  const role = catalog.role(binder.runsAs);
  if (role === undefined || role.superuser) return;
  const schema = securableSchema(catalog, name);
  if (schema !== undefined && !name.startsWith('pg_temp_') && privilegesOn(catalog, role.oid, schema, privilegeBits.usage) === 0)
    throw new PgError('42501', deniedText(schema));
}

// ------------------------------------------------------------------------------------------------------------ row-level security

type Command = Exclude<Policy['command'], 'all'>;

/** The role for which the table's policies count here; undefined where none do. 42501 where row_security is off and they would. */
function boundRole(binder: Binder, table: Table): string | undefined {
  if (table.rowSecurity?.enabled !== true) return undefined;
  const { catalog, isInternal, rowSecurity } = binder.context;
  const role = catalog.role(binder.checkAs);
  if (isInternal === true || role === undefined || !isRowSecurityActive(catalog, table, role)) return undefined;
  if (rowSecurity === false) {
    const isOwner = role.name === table.owner;
    throw new PgError('42501', `query would be affected by row-level security policy for table "${table.name}"`, {
      ...(isOwner ? { hint: "To disable the policy for the table's owner, use ALTER TABLE NO FORCE ROW LEVEL SECURITY." } : {}),
    });
  }
  return role.name;
}

function bindPolicies<T>(binder: Binder, table: Table, bind: () => T): T {
  if (binder.policies.includes(table.oid)) throw binder.error('42P17', `infinite recursion detected in policy for relation "${table.name}"`, undefined);
  binder.policies.push(table.oid);
  const { frame } = binder;
  binder.frame = undefined;
  try {
    return withTablePath(binder, table, bind);
  } finally {
    binder.policies.pop();
    binder.frame = frame;
  }
}

function condition(binder: Binder, table: Table, row: readonly OutputColumn[], text: string): Expression {
  const scope = tableScope(table, row);
  return coerceToBoolean(
    binder,
    inClause(scope, 'policy', () => bindExpression(binder, scope, storedExpression(binder, text))),
    'POLICY',
  );
}

function policiesOf(binder: Binder, table: Table, command: Command): { readonly permissive: readonly Policy[]; readonly restrictive: readonly Policy[] } {
  const { catalog } = binder.context;
  const role = catalog.role(binder.checkAs);
  const all = role === undefined ? [] : policiesFor(catalog, table, role, command);
  const byName = (a: Policy, b: Policy): number => (a.name < b.name ? -1 : 1);
  return { permissive: all.filter((policy) => policy.permissive), restrictive: all.filter((policy) => !policy.permissive).sort(byName) };
}

/** What rows must fulfil to be seen by the commands: any permissive policy and every restrictive one of each. */
function visible(binder: Binder, table: Table, row: readonly OutputColumn[], commands: readonly Command[]): Expression {
  return bindPolicies(binder, table, () => {
    const conditions = [...new Set(commands)].flatMap((command): readonly Expression[] => {
      const { permissive, restrictive } = policiesOf(binder, table, command);
      if (permissive.length === 0) return [falseConst];
      const using = (policy: Policy): readonly Expression[] => (policy.usingText === undefined ? [] : [condition(binder, table, row, policy.usingText)]);
      // (A permissive policy without USING lets everything through.)
      const open = permissive.some((policy) => policy.usingText === undefined);
      return [...restrictive.flatMap(using), ...(open ? [] : [disjunction(permissive.flatMap(using))])];
    });
    return conjunction(conditions) ?? falseConst;
  });
}

/** The scan of a table as the policies for the commands let it be seen. */
export function securedScan(binder: Binder, table: Table, row: readonly OutputColumn[], plan: LogicalNode, commands: readonly Command[]): LogicalNode {
  if (boundRole(binder, table) === undefined) return plan;
  return { kind: 'filter', input: plan, predicate: visible(binder, table, row, commands), columns: plan.columns };
}

interface Judged {
  readonly reads: () => boolean;
  readonly role: string;
}

function as<T>(binder: Binder, role: string, bind: () => T): T {
  const { checkAs } = binder;
  binder.checkAs = role;
  try {
    return bind();
  } finally {
    binder.checkAs = checkAs;
  }
}

/** Whether policies bind what the statement does with its target. */
export function isSecured(binder: Binder, { table }: { readonly table: Table }, use: Judged): boolean {
  return as(binder, use.role, () => boundRole(binder, table) !== undefined);
}

/** The rows of a target that the statement may write. */
export function securedTarget(
  binder: Binder,
  { table }: { readonly table: Table },
  use: Judged,
  row: readonly OutputColumn[],
  commands: readonly Command[],
): Expression | undefined {
  return as(binder, use.role, () => (boundRole(binder, table) === undefined ? undefined : visible(binder, table, row, commands)));
}

/** What written rows must fulfil: WITH CHECK of the command's policies (USING where they have none), and being visible where the statement reads, too. */
export function policyChecks(
  binder: Binder,
  { table }: { readonly table: Table },
  row: readonly OutputColumn[],
  command: 'insert' | 'update',
  use: Judged,
): Mutation['checks'] {
  const checksFor = (one: Command): Mutation['checks'] => {
    const { permissive, restrictive } = policiesOf(binder, table, one);
    const of = (policy: Policy): string | undefined => (one === 'select' ? policy.usingText : (policy.checkText ?? policy.usingText));
    const bound = (policy: Policy): readonly Expression[] => {
      const text = of(policy);
      return text === undefined ? [] : [condition(binder, table, row, text)];
    };
    const failure = { kind: 'policy', relation: table.name } as const;
    const any = permissive.some((policy) => of(policy) === undefined) ? [] : [{ failure, expression: disjunction(permissive.flatMap(bound)) }];
    return [
      ...(permissive.length === 0 ? [{ failure, expression: falseConst }] : any),
      ...restrictive.flatMap((policy) => bound(policy).map((expression) => ({ failure: { ...failure, policy: policy.name }, expression }))),
    ];
  };
  return as(binder, use.role, () => {
    if (boundRole(binder, table) === undefined) return [];
    return bindPolicies(binder, table, () => [...checksFor(command), ...(use.reads() ? checksFor('select') : [])]);
  });
}
