/**
 * The SQL of a PL/pgSQL body: parsed once, compiled for each session and shape of the records that it reads, expressions evaluated here where folding does.
 */
import { PgError } from '../../../common/errors.js';
import { constant } from '../../../plan/build.js';
import type { Expression, TypeRef } from '../../../plan/expression.js';
import { replaceExpressions } from '../../../plan/walk.js';
import { foldExpression } from '../../../planner/logical/rules/fold-constants.js';
import type { Sql } from '../../../plpgsql/tree.js';
import { parse } from '../../../sql/parser.js';
import type { Statement } from '../../../sql/ast.js';
import { Oid } from '../../../types/oid.js';
import type { Table } from '../../../catalog/table.js';
import { lookUp } from '../../../plpgsql/parser.js';
import { type Compiled, type CompiledQuery, compileStatement } from '../compile.js';
import { cursorRow } from '../cursor.js';
import { CallResolver, hasCalls } from '../routines/routine-calls.js';
import { runCompiled, type StatementResult } from '../routines/run-statement.js';
import { noParameters, requireAllowed } from '../run-query.js';
import type { ShoalSession } from '../shoal-session.js';
import { type Frame, Names, parametersOf, type Reference, type Typed } from './frame.js';

const parsed = new WeakMap<Sql, Statement>();

/** The statement, or the SELECT around the expression. */
export function statementOf(sql: Sql): Statement {
  let statement = parsed.get(sql);
  if (statement === undefined) {
    const statements = parse(sql.kind === 'expression' ? `SELECT ${sql.text}` : sql.text);
    const [only] = statements;
    if (only === undefined || statements.length !== 1) throw new PgError('42601', `syntax error in "${sql.text}"`);
    parsed.set(sql, (statement = only.statement));
  }
  return statement;
}

interface Prepared {
  readonly key: string;
  readonly catalog: unknown;
  /** Slots of the rows that it reads, and their shapes. */
  readonly rows: readonly { readonly slot: number; readonly shape: string }[];
  readonly references: readonly Reference[];
  readonly compiled: Compiled;
  /** Of an expression that reads no table: the expression itself. */
  readonly simple: Expression | undefined;
  /** Folding did not do last time. */
  needsQuery: boolean;
}

const prepared = new WeakMap<ShoalSession, WeakMap<Sql, Prepared>>();

/** The expression of a SELECT without FROM. */
function simpleOf(compiled: Compiled): Expression | undefined {
  if (compiled.kind !== 'query') return undefined;
  const { plan } = compiled.bound;
  if (plan.kind !== 'project' || plan.input.kind !== 'values' || plan.input.rows.length !== 1 || plan.input.columns.length > 0) return undefined;
  return plan.expressions.length === 1 ? plan.expressions[0] : undefined;
}

function isPlanned(statement: Statement): boolean {
  return statement.kind === 'select' || statement.kind === 'insert' || statement.kind === 'update' || statement.kind === 'delete' || statement.kind === 'merge';
}

/** The portal of a cursor variable, or of that name. */
function portalName(frame: Frame, sql: Sql, cursor: string): string {
  const slot = lookUp(sql.namespace, [cursor])?.slot;
  const variable = slot === undefined ? undefined : frame.variable(slot);
  return variable?.kind === 'scalar' && variable.value !== null ? String(variable.value) : cursor;
}

function prepare(session: ShoalSession, frame: Frame, sql: Sql, exactNumeric = false, purpose: 'run' | 'cursor' = 'run'): Prepared {
  const { core } = session;
  let known = prepared.get(session);
  if (known === undefined) prepared.set(session, (known = new WeakMap()));
  const kept = known.get(sql);
  if (
    !exactNumeric &&
    frame.tables === undefined &&
    kept?.key === core.compileKey &&
    kept.catalog === core.catalog &&
    kept.rows.every(({ slot, shape }) => frame.shapeKey(slot) === shape)
  )
    return kept;
  const names = new Names(frame, sql.namespace);
  const options = core.compileOptions([]);
  const statement = statementOf(sql);
  const isPositioned = (statement.kind === 'update' || statement.kind === 'delete') && statement.where?.kind === 'currentOf';
  const bind = {
    ...options.bind,
    variables: names,
    ...(frame.tables === undefined ? {} : { ephemeralTables: frame.tables }),
    ...(purpose === 'cursor' ? { placesRows: true } : {}),
    ...(isPositioned ? { cursorRow: (cursor: string, table: Table) => cursorRow(session, portalName(frame, sql, cursor), table) } : {}),
  };
  const compiled = isPlanned(statement)
    ? compileStatement(statement, { ...options, bind, exactNumeric })
    : { kind: 'utility' as const, statement, columns: undefined };
  const made: Prepared = {
    key: core.compileKey,
    catalog: core.catalog,
    rows: [...names.rows].map((slot) => ({ slot, shape: frame.shapeKey(slot) })),
    references: names.references,
    compiled,
    simple: simpleOf(compiled),
    needsQuery: false,
  };
  if (!exactNumeric && !isPositioned && frame.tables === undefined) known.set(sql, made);
  return made;
}

/** The value of an expression. */
export async function evaluate(session: ShoalSession, frame: Frame, sql: Sql): Promise<Typed> {
  const plan = prepare(session, frame, sql);
  const parameters = parametersOf(frame, plan.references);
  if (plan.simple !== undefined && plan.compiled.kind === 'query') {
    const { simple } = plan;
    requireAllowed(plan.compiled);
    const type: TypeRef = simple.type;
    if (simple.kind === 'param') return { value: parameters.values[simple.index - 1] ?? null, type };
    if (!plan.needsQuery) {
      const over =
        plan.references.length === 0
          ? simple
          : replaceExpressions(simple, (part) => (part.kind === 'param' ? constant(parameters.values[part.index - 1] ?? null, part.type) : undefined));
      const folded = foldExpression(over);
      if (folded.kind === 'const') return { value: folded.value, type };
      if (hasCalls(folded)) {
        session.core.transaction.isLast = false;
        return { value: await new CallResolver(session, noParameters).value(folded), type };
      }
      plan.needsQuery = true;
    }
  }
  const { compiled } = plan;
  if (compiled.kind !== 'query') throw new PgError('42601', `query "${sql.text}" is not a SELECT`);
  if (compiled.columns.length !== 1) throw new PgError('42601', `query "${sql.text}" returned ${String(compiled.columns.length)} columns`);
  const { rows } = await run(session, frame, sql, 2);
  if (rows.length > 1) throw new PgError('21000', `query "${sql.text}" returned more than one row`);
  return { value: rows[0]?.[0] ?? null, type: compiled.bound.columns[0]?.type ?? { oid: Oid.text, typmod: -1 } };
}

/** Runs a query or a change of data. */
export async function run(session: ShoalSession, frame: Frame, sql: Sql, most = 0): Promise<StatementResult> {
  return runCompiled(
    session,
    statementOf(sql),
    (exact) => prepare(session, frame, sql, exact).compiled,
    () => parametersOf(frame, prepare(session, frame, sql).references),
    most,
  );
}

/** For cursors: the compiled query with its parameters. */
export function compiledQuery(
  session: ShoalSession,
  frame: Frame,
  sql: Sql,
): { readonly query: CompiledQuery; readonly parameters: ReturnType<typeof parametersOf> } {
  const { compiled, references } = prepare(session, frame, sql, false, 'cursor');
  if (compiled.kind !== 'query') throw new PgError('42P11', 'cannot open multi-query plan as cursor');
  return { query: compiled, parameters: parametersOf(frame, references) };
}
