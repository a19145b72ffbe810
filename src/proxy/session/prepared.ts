/**
 * PREPARE, EXECUTE, DEALLOCATE.
 */
import { notSupported, PgError } from '../../common/errors.js';
import type { Expression } from '../../plan/expression.js';
import { bindTypeName } from '../../planner/bind/bind.js';
import { bindArguments } from '../../planner/bind/bind.js';
import { optimise } from '../../planner/logical/optimise.js';
import type * as ast from '../../sql/ast.js';
import type { SqlValue } from '../../types/value.js';
import { SessionPortal } from './portal.js';
import type { ExecuteOutput, ExecuteResult, ResultColumn } from './session.js';
import type { ShoalSession } from './shoal-session.js';

export function prepareStatement(session: ShoalSession, statement: ast.Prepare): string {
  if (session.names.statements.has(statement.name)) throw new PgError('42P05', `prepared statement "${statement.name}" already exists`);
  const context = session.core.bindContext([]);
  const oids = statement.types.map((type) => bindTypeName(type, context).oid);
  session.prepare(statement.name, '', statement.statement, oids);
  return 'PREPARE';
}

export function executeColumns(session: ShoalSession, statement: ast.Execute): readonly ResultColumn[] | undefined {
  return session.names.statement(statement.name).description.columns;
}

/** The values of EXECUTE's arguments: constant expressions of the parameters' types. */
function argumentValues(session: ShoalSession, statement: ast.Execute, oids: readonly number[]): readonly SqlValue[] {
  if (statement.arguments.length !== oids.length)
    throw new PgError('42601', `wrong number of parameters for prepared statement "${statement.name}"`, {
      detail: `Expected ${String(oids.length)} parameters but got ${String(statement.arguments.length)}.`,
    });
  const bound: readonly Expression[] = bindArguments(statement.arguments, oids, session.core.bindContext([]));
  const folded = optimise({ kind: 'values', rows: [bound], columns: [] }, new Map());
  if (folded.kind !== 'values') throw new Error('assertion failed: VALUES stay VALUES');
  return (folded.rows[0] ?? []).map((e) => {
    if (e.kind !== 'const') throw notSupported('an EXECUTE argument that is not constant');
    return e.value;
  });
}

export async function executePrepared(session: ShoalSession, statement: ast.Execute, output: ExecuteOutput, outer: SessionPortal): Promise<ExecuteResult> {
  const prepared = session.names.statement(statement.name);
  session.refresh(prepared);
  const values = argumentValues(session, statement, prepared.parameterOids);
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
