/**
 * PREPARE, EXECUTE, DEALLOCATE.
 */
import { plainSelect } from '../../sql/build.js';
import { PgError } from '../../common/errors.js';
import { declaredOid } from '../../plan/build.js';
import type { Expression } from '../../plan/expression.js';
import { bindTypeName } from '../../planner/bind/bind.js';
import { bindArguments } from '../../planner/bind/bind.js';
import { optimise } from '../../planner/logical/optimise.js';
import type * as ast from '../../sql/ast.js';
import { Oid } from '../../types/registry.js';
import { RowReader } from '../../types/row-codec.js';
import type { SqlValue } from '../../types/value.js';
import { SessionPortal } from './portal.js';
import { noParameters, openQuery } from './run-query.js';
import type { ExecuteOutput, ExecuteResult, ResultColumn } from './session.js';
import type { ShoalSession } from './shoal-session.js';
import { castTo, withParameters } from './utility-parameters.js';

export function prepareStatement(session: ShoalSession, statement: ast.Prepare): string {
  if (session.names.statements.has(statement.name)) throw new PgError('42P05', `prepared statement "${statement.name}" already exists`);
  const context = session.core.bindContext([]);
  const oids = statement.types.map((type) => declaredOid(bindTypeName(type, context)));
  session.prepare(statement.name, session.core.query, statement.statement, oids, true);
  return 'PREPARE';
}

export function executeColumns(session: ShoalSession, statement: ast.Execute): readonly ResultColumn[] | undefined {
  // (That there is no such statement is told when it runs.)
  return session.names.statements.get(statement.name)?.description.columns;
}

/** The values of EXECUTE's arguments, converted to the parameters' types as by assignment. What is not constant is asked of a query. */
async function argumentValues(session: ShoalSession, statement: ast.Execute, oids: readonly number[]): Promise<readonly SqlValue[]> {
  checkCount(statement, oids);
  const bound: readonly Expression[] = bindArguments(statement.arguments, oids, session.core.bindContext([]));
  const folded = optimise({ kind: 'values', rows: [bound], columns: [] }, new Map());
  if (folded.kind !== 'values') throw new Error('assertion failed: VALUES stay VALUES');
  const row = folded.rows[0] ?? [];
  return row.every((e) => e.kind === 'const') ? row.map((e) => e.value) : await queriedValues(session, statement.arguments, oids);
}

function checkCount(statement: ast.Execute, oids: readonly number[]): void {
  if (statement.arguments.length === oids.length) return;
  throw new PgError('42601', `wrong number of parameters for prepared statement "${statement.name}"`, {
    detail: `Expected ${String(oids.length)} parameters but got ${String(statement.arguments.length)}.`,
  });
}

async function queriedValues(session: ShoalSession, nodes: readonly ast.Expression[], oids: readonly number[]): Promise<readonly SqlValue[]> {
  // A numeric is asked for as text, which is its general form.
  const asked = nodes.map((node, i) => {
    const oid = oids[i] ?? Oid.text;
    return oid === Oid.numeric ? castTo(castTo(node, oid), Oid.text) : castTo(node, oid);
  });
  const query = plainSelect(asked.map((expression) => ({ expression })));
  const compiled = session.compile(query, []);
  if (compiled.kind !== 'query') throw new Error('assertion failed: a query');
  const stream = await openQuery(session.core, compiled, noParameters, { kind: 'rows' });
  try {
    for (;;) {
      const batch = await stream.pull(0);
      if (batch.bytes !== undefined && batch.rows > 0) return new RowReader(batch.bytes).read() ?? [];
      if (batch.done) throw new Error('assertion failed: a SELECT without FROM has a row');
    }
  } finally {
    stream.close();
  }
}

/** The prepared statement with the arguments in their places: what CREATE TABLE AS EXECUTE and EXPLAIN EXECUTE stand for. */
export function expandedExecute(session: ShoalSession, statement: ast.Execute): ast.Statement {
  const prepared = session.names.statement(statement.name);
  if (prepared.statement === undefined) throw new PgError('26000', `prepared statement "${statement.name}" does not exist`);
  checkCount(statement, prepared.parameterOids);
  const values = statement.arguments.map((argument, i) => castTo(argument, prepared.parameterOids[i] ?? Oid.text));
  return withParameters(prepared.statement, values);
}

/** CREATE TABLE AS EXECUTE as CREATE TABLE AS of the query. */
export function expandedTableAs(session: ShoalSession, statement: ast.CreateTableAs): ast.CreateTableAs {
  if (statement.source.kind !== 'execute') return statement;
  const source = expandedExecute(session, statement.source);
  if (source.kind !== 'select') throw new PgError('42809', 'prepared statement is not a SELECT');
  return { ...statement, source };
}

export async function executePrepared(session: ShoalSession, statement: ast.Execute, output: ExecuteOutput, outer: SessionPortal): Promise<ExecuteResult> {
  const prepared = session.names.statement(statement.name);
  session.refresh(prepared);
  prepared.count(session.core.settings.get('plan_cache_mode') ?? 'auto');
  const values = await argumentValues(session, statement, prepared.parameterOids);
  const portal = new SessionPortal('', prepared, prepared.compiled, { values, types: prepared.parameterOids }, outer.resultFormats, false);
  try {
    return await session.run(portal, 0, output);
  } finally {
    portal.close();
  }
}

export function deallocate(session: ShoalSession, statement: ast.Deallocate): string {
  if (statement.name === undefined) {
    for (const name of [...session.names.statements.keys()]) if (name !== '') session.names.statements.delete(name);
    return 'DEALLOCATE ALL';
  }
  session.names.statement(statement.name);
  session.names.statements.delete(statement.name);
  return 'DEALLOCATE';
}
