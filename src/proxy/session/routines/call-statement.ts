/**
 * CALL: runs a procedure; its OUT and INOUT parameters come back as one row.
 */
import { columnRef, constant, declaredOid } from '../../../plan/build.js';
import type { ColumnId } from '../../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../../plan/logical.js';
import { bindCall } from '../../../planner/bind/bind.js';
import type { BindContext } from '../../../planner/bind/context.js';
import type * as ast from '../../../sql/ast.js';
import { type CompiledUtility, resultColumns } from '../compile.js';
import type { SessionPortal } from '../portal.js';
import { noParameters, openQuery, type Parameters, requireAllowed } from '../run-query.js';
import type { ExecuteOutput } from '../session.js';
import type { ShoalSession } from '../shoal-session.js';
import { runRoutine } from './call-routine.js';
import type { ArgumentValue } from './routine.js';
import { CallResolver } from './routine-calls.js';
import { compilePlan, type Row } from './row-set.js';

export function compileCall(session: ShoalSession, statement: ast.Call, parameterOids: readonly number[]): CompiledUtility {
  const bound = bindCall(statement.call, session.core.bindContext(parameterOids));
  const columns = bound.outputs.map((output, i): OutputColumn => ({ id: (i + 1) as ColumnId, name: output.name, type: output.type }));
  return {
    kind: 'utility',
    statement,
    columns: columns.length === 0 ? undefined : resultColumns(columns.map((column) => ({ ...column, origin: undefined }))),
    parameterOids: bound.parameterTypes.map(declaredOid),
  };
}

export interface CallResult {
  readonly outputs: ReturnType<typeof bindCall>['outputs'];
  /** undefined: the procedure has no output parameters. */
  readonly row: Row | undefined;
}

/** Evaluates the arguments and runs the procedure. */
export async function callProcedure(session: ShoalSession, call: ast.FunctionCall, context: BindContext, parameters: () => Parameters): Promise<CallResult> {
  const { core } = session;
  const bound = bindCall(call, context);
  requireAllowed({ bound });
  const args: ArgumentValue[] = [];
  const resolver = new CallResolver(session, parameters());
  for (const argument of bound.args) args.push({ value: await resolver.value(argument), type: argument.type });
  core.transaction.isLast = false;
  core.transaction.used = true;
  const [row] = await runRoutine(session, { definition: bound.definition, args, outputs: bound.outputs.map((output) => output.type), whole: false });
  return { outputs: bound.outputs, row: bound.outputs.length === 0 ? undefined : (row ?? bound.outputs.map(() => null)) };
}

export async function runCall(session: ShoalSession, statement: ast.Call, output: ExecuteOutput, portal: SessionPortal): Promise<string> {
  const { core } = session;
  const { parameters } = portal;
  core.mayEndTransaction = core.routineDepth === 0 ? core.transaction.kind !== 'explicit' : core.mayEndTransaction;
  const { outputs, row } = await callProcedure(session, statement.call, core.bindContext(parameters.types), () => parameters);
  if (row === undefined) return 'CALL';
  const columns = outputs.map((one, i): OutputColumn => ({ id: (i + 1) as ColumnId, name: one.name, type: one.type }));
  const input: LogicalNode = { kind: 'values', columns, rows: [columns.map((column, i) => constant(row[i] ?? null, column.type))] };
  const shown = columns.map((column, i): OutputColumn => ({ ...column, id: (columns.length + i + 1) as ColumnId }));
  const plan: LogicalNode = { kind: 'project', input, columns: shown, expressions: columns.map((column) => columnRef(column)) };
  const stream = await openQuery(core, compilePlan(core, plan, shown, noParameters, false), noParameters, { kind: 'wire', formats: portal.resultFormats });
  for (;;) {
    const batch = await stream.pull(0);
    if (batch.bytes !== undefined && batch.rows > 0) await output.rows(batch.bytes, batch.rows);
    if (batch.done) return 'CALL';
  }
}
