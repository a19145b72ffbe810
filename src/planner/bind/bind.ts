/**
 * The binder's entry: syntax trees to typed plans against an immutable catalog snapshot. Called by the session for every statement, and by catalog/ddl for
 * expressions that tables keep (defaults, checks, index expressions).
 */
import type { Index, Table } from '../../catalog/table.js';
import type { UserFunction } from '../../catalog/user-function.js';
import type { Expression, TypeRef } from '../../plan/expression.js';
import type { Mutation, OutputColumn } from '../../plan/logical.js';
import { visitExpression, visitPlan } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { notSupported, PgError } from '../../common/errors.js';
import { boolType, columnRef } from '../../plan/build.js';
import { Binder } from './binder.js';
import { makeOperator } from './call.js';
import { CollationPass } from './collation.js';
import type { BoundExpression, BoundMutation, BoundQuery, BoundStep, ResultOutput, StatementNeeds } from './bound.js';
import type { BindContext } from './context.js';
import { coerceTo, coerceToBoolean } from './coercion.js';
import { bindExpression, inClause } from './expression.js';
import { assignInto } from './indirection.js';
import { bindInsertIn } from './insert.js';
import { bindMergeIn } from './merge.js';
import { bindQueryIn } from './query.js';
import { Scope } from './scope.js';
import { bindProcedureCall, type BoundCall, checkUserFunction } from './user-function.js';
import { bindStandalone, indexExpressions, rowColumns, type StandalonePurpose, tableScope } from './standalone.js';
import { resolveTypeName } from './type-name.js';
import { readsPlaces } from './stored-text.js';
import { bindDeleteIn, bindUpdateIn } from './update.js';

function needsOf(binder: Binder): StatementNeeds {
  const denied = binder.context.isInternal === true ? undefined : binder.access.denied(binder.context.catalog);
  return { volatile: binder.volatile, needsWriter: binder.needsWriter, bySession: binder.bySession, ...(denied === undefined ? {} : { denied }) };
}

function binderOf(statement: ast.Statement, context: BindContext): Binder {
  const binder = new Binder(context);
  binder.readsPlaces = readsPlaces(statement);
  return binder;
}

/** Binds a SELECT or VALUES. */
function bindQuery(statement: ast.Select, context: BindContext): BoundQuery {
  const binder = binderOf(statement, context);
  const bound = bindQueryIn(binder, new Scope(undefined), statement, { outermost: true });
  if (binder.modifying !== undefined && binder.locking.length > 0) throw notSupported('FOR UPDATE with a data-modifying statement in WITH');
  const isDefinition = context.record !== undefined;
  const pass = binder.collates || isDefinition ? new CollationPass(binder) : undefined;
  const steps = stepsOf(binder, pass);
  const plan = pass?.plan(bound.plan) ?? bound.plan;
  const columns = bound.columns.map(
    (column, i): ResultOutput => ({
      ...column,
      origin: bound.origins[i],
      ...(isDefinition ? { collation: pass?.outputOf(column) } : {}),
    }),
  );
  return {
    kind: 'query',
    ...(steps === undefined ? {} : { steps }),
    plan,
    columns,
    parameterTypes: binder.parameterTypes(),
    locking: binder.locking,
    ...(binder.place === undefined ? {} : { place: binder.place }),
    needs: needsOf(binder),
  };
}

function finished(binder: Binder, bound: Omit<BoundMutation, 'parameterTypes' | 'needs'>): BoundMutation {
  const pass = binder.collates ? new CollationPass(binder) : undefined;
  const given = stepsOf(binder, pass);
  const mutation = pass?.mutation(bound.mutation) ?? bound.mutation;
  const steps = given ?? stepsForRows(mutation);
  return { ...bound, mutation, ...(steps === undefined ? {} : { steps }), parameterTypes: binder.parameterTypes(), needs: needsOf(binder) };
}

/** All WITH queries in their order, when one of them changes data. */
function stepsOf({ modifying }: Binder, pass: CollationPass | undefined): readonly BoundStep[] | undefined {
  if (modifying === undefined) return undefined;
  const { definitions, writes } = modifying;
  const derived = (step: BoundStep): BoundStep => (pass === undefined ? step : pass.step(step));
  const writesAfter = (count: number): readonly BoundStep[] => writes.filter((write) => write.after === count).map((write) => derived(write.step));
  return [...writesAfter(0), ...definitions.flatMap((definition, i): readonly BoundStep[] => [derived({ kind: 'read', definition }), ...writesAfter(i + 1)])];
}

/** WITH queries that the expressions over written rows read (RETURNING, ON CONFLICT): they are computed before the rows. */
function stepsForRows({ source, returning, onConflict }: Mutation): readonly BoundStep[] | undefined {
  if (source.kind !== 'with') return undefined;
  const own = new Set(source.ctes.map((cte) => cte.id));
  let read = false;
  const visit = (expression: Expression): void => {
    visitExpression(
      expression,
      () => undefined,
      (plan) => {
        visitPlan(plan, (node) => {
          if (node.kind === 'cteScan' && own.has(node.cte)) read = true;
        });
      },
    );
  };
  returning?.expressions.forEach(visit);
  onConflict?.assignments.forEach(({ expression }) => {
    visit(expression);
  });
  if (onConflict?.where !== undefined) visit(onConflict.where);
  return read ? source.ctes.map((definition): BoundStep => ({ kind: 'read', definition })) : undefined;
}

function bindInsert(statement: ast.Insert, context: BindContext): BoundMutation {
  const binder = binderOf(statement, context);
  return finished(binder, bindInsertIn(binder, statement));
}

function bindUpdate(statement: ast.Update, context: BindContext): BoundMutation {
  const binder = binderOf(statement, context);
  return finished(binder, bindUpdateIn(binder, statement));
}

function bindDelete(statement: ast.Delete, context: BindContext): BoundMutation {
  const binder = binderOf(statement, context);
  return finished(binder, bindDeleteIn(binder, statement));
}

function bindMerge(statement: ast.Merge, context: BindContext): BoundMutation {
  const binder = binderOf(statement, context);
  return finished(binder, bindMergeIn(binder, statement));
}

/** Binds a statement that is planned: SELECT, VALUES, INSERT, UPDATE, DELETE, MERGE. */
export function bindStatement(statement: ast.Statement, context: BindContext): BoundQuery | BoundMutation {
  switch (statement.kind) {
    case 'select':
      return bindQuery(statement, context);
    case 'insert':
      return bindInsert(statement, context);
    case 'update':
      return bindUpdate(statement, context);
    case 'delete':
      return bindDelete(statement, context);
    case 'merge':
      return bindMerge(statement, context);
    default:
      throw new Error(`assertion failed: ${statement.kind} is no planned statement`);
  }
}

/** An expression over a table's columns (or over none): DEFAULT, CHECK, index expressions and predicates, generated columns, USING of ALTER TYPE, COPY WHERE. */
export function bindStandaloneExpression(node: ast.Expression, table: Table | undefined, purpose: StandalonePurpose, context: BindContext): BoundExpression {
  const binder = new Binder(context);
  const columns: readonly OutputColumn[] = table === undefined ? [] : rowColumns(binder, table, new Scope(undefined));
  const bound = bindStandalone(binder, node, table, columns, purpose);
  const pass = table === undefined && !binder.collates ? undefined : new CollationPass(binder);
  if (table !== undefined) pass?.row(table, columns);
  const expression = pass?.expression(bound) ?? bound;
  return { expression, columns, collation: pass?.collationOf(bound), needs: needsOf(binder) };
}

/** The key expressions (columns included) and the predicate of an index, over the columns of the table's row. */
export function bindIndex(
  table: Table,
  index: Index,
  context: BindContext,
): { readonly row: readonly OutputColumn[]; readonly keys: readonly Expression[]; readonly predicate: Expression | undefined } {
  const binder = new Binder(context);
  const row = rowColumns(binder, table, new Scope(undefined));
  return { row, ...indexExpressions(binder, table, index, row) };
}

export interface BoundExclusion {
  readonly row: readonly OutputColumn[];
  readonly keys: readonly Expression[];
  readonly predicate: Expression | undefined;
  /** Stand for the keys of another row. */
  readonly others: readonly OutputColumn[];
  /** Of the row and the other one: they exclude each other. */
  readonly condition: Expression;
}

/** An exclusion constraint over the columns of the table's row. */
export function bindExclusion(table: Table, index: Index, context: BindContext): BoundExclusion {
  const binder = new Binder(context);
  const scope = new Scope(undefined);
  const row = rowColumns(binder, table, scope);
  const { keys, predicate } = indexExpressions(binder, table, index, row);
  const others = keys.map((key) => binder.column('other', key.type, scope));
  const tests = keys.map((key, at) => makeOperator(binder, index.exclusion?.operators[at]?.name ?? '=', key, columnRef(others[at] as OutputColumn), undefined));
  return { row, keys, predicate, others, condition: { kind: 'and', args: tests, type: boolType } };
}

/** The operator of that name between two values of a type: its OID, and whether it means the same the other way round. */
export function bindExclusionOperator(name: readonly string[], type: TypeRef, context: BindContext): { readonly oid: number; readonly isCommutative: boolean } {
  const binder = new Binder(context);
  const scope = new Scope(undefined);
  const [left, right] = [binder.column('a', type, scope), binder.column('b', type, scope)];
  const schema = name.at(-2);
  if (schema !== undefined && schema !== 'pg_catalog' && !context.catalog.schemaExists(schema)) throw new PgError('3F000', `schema "${schema}" does not exist`);
  const { operator } = makeOperator(binder, name.at(-1) ?? '', columnRef(left), columnRef(right), undefined);
  return { oid: operator?.oid ?? 0, isCommutative: operator?.commutator === operator?.name };
}

/** A CHECK of a domain: a condition over the column that the word VALUE means. */
export function bindDomainCheck(node: ast.Expression, base: TypeRef, context: BindContext): { readonly value: OutputColumn; readonly condition: Expression } {
  const binder = new Binder(context);
  const scope = new Scope(undefined);
  const value = binder.column('value', base, scope);
  scope.add({ name: undefined, schema: undefined, columns: [{ name: 'value', expression: columnRef(value) }] });
  const condition = inClause(scope, 'check', () => coerceToBoolean(binder, bindExpression(binder, scope, node), 'CHECK'));
  return { value, condition };
}

/** What CREATE FUNCTION checks of a body: that it binds, and yields what is declared. */
export function checkFunctionBody(definition: UserFunction, context: BindContext): void {
  checkUserFunction(new Binder(context), definition, (statement, binder) => {
    switch (statement.kind) {
      case 'insert':
        return returnedColumns(bindInsertIn(binder, statement));
      case 'update':
        return returnedColumns(bindUpdateIn(binder, statement));
      case 'delete':
        return returnedColumns(bindDeleteIn(binder, statement));
      case 'merge':
        return returnedColumns(bindMergeIn(binder, statement));
      default:
        return undefined;
    }
  });
}

/** OIDs of the database's own functions that a stored query or expression calls. */
export function functionsUsed(node: ast.Select | ast.Expression, table: Table | undefined, context: BindContext): ReadonlySet<number> {
  const binder = new Binder(context);
  const used = (binder.usedFunctions = new Set<number>());
  if (node.kind === 'select') bindQueryIn(binder, new Scope(undefined), node);
  else bindExpression(binder, table === undefined ? new Scope(undefined) : tableScope(table, rowColumns(binder, table, new Scope(undefined))), node);
  return used;
}

function returnedColumns({ columns }: Omit<BoundMutation, 'parameterTypes' | 'needs'>): readonly Expression[] | undefined {
  return columns?.map((column) => columnRef(column));
}

/** The type that a written type name means: for CREATE TABLE, PREPARE, ALTER TABLE. */
export function bindTypeName(type: ast.TypeName, context: BindContext): TypeRef {
  return resolveTypeName(new Binder(context), type);
}

/** A call of a function over parameters of these types. */
export function bindCallOver(name: readonly string[], types: readonly number[], variadic: boolean, context: BindContext): Expression {
  const binder = new Binder({ ...context, parameterOids: types });
  return bindExpression(binder, new Scope(undefined), {
    kind: 'function',
    name,
    arguments: types.map((_, i) => ({ kind: 'parameter', number: i + 1 })),
    star: false,
    distinct: false,
    variadic,
    withinGroup: false,
    orderBy: [],
    sqlSyntax: false,
  });
}

/** CALL: the procedure and its arguments. */
export function bindCall(
  call: ast.FunctionCall,
  context: BindContext,
): BoundCall & { readonly parameterTypes: readonly TypeRef[]; readonly needs: StatementNeeds } {
  const binder = new Binder(context);
  const bound = bindProcedureCall(binder, call);
  return { ...bound, parameterTypes: binder.parameterTypes(), needs: needsOf(binder) };
}

/** A value with one part of it (an element, a field) replaced: the whole of what is assigned to a part of a variable. */
export function bindPartAssignment(
  name: string,
  old: Expression,
  path: ast.ColumnTarget['indirection'],
  value: ast.Expression,
  context: BindContext,
): Expression {
  const binder = new Binder(context);
  const scope = new Scope(undefined);
  return assignInto(binder, scope, { name, type: old.type, old, position: undefined }, path, bindExpression(binder, scope, value));
}

/** How parameter $1 of one type becomes a value of another by assignment; undefined when there is no such cast. */
export function bindConversion(from: TypeRef, to: TypeRef, context: BindContext): Expression | undefined {
  return coerceTo(new Binder(context), { kind: 'param', index: 1, type: from }, to, 'assignment');
}

/** Expressions given for parameters of known types (EXECUTE), converted to them by assignment. */
export function bindArguments(nodes: readonly ast.Expression[], types: readonly number[], context: BindContext): readonly Expression[] {
  return nodes.map((node, i) =>
    bindStandalone(new Binder(context), node, undefined, [], { kind: 'default', column: `$${String(i + 1)}`, type: { oid: types[i] ?? 25, typmod: -1 } }),
  );
}
