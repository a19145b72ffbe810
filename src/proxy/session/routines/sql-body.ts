/**
 * Runs the body of a function in LANGUAGE sql that is not bound into the calling statement: statement by statement, the last one's rows are the result.
 */
import { PgError } from '../../../common/errors.js';
import type { UserFunction } from '../../../catalog/user-function.js';
import { parse } from '../../../sql/parser.js';
import type { Statement } from '../../../sql/ast.js';
import type { ShoalSession } from '../shoal-session.js';
import { argumentNames, isVoid, type RoutineRun } from './routine.js';
import { convertResult } from './conversion.js';
import type { Row } from './row-set.js';
import { runStatement, type StatementResult } from './run-statement.js';

const bodies = new WeakMap<UserFunction, readonly Statement[]>();

function statementsOf(definition: UserFunction): readonly Statement[] {
  const { body } = definition;
  if (body.kind !== 'string') return body.statements;
  let statements = bodies.get(definition);
  if (statements === undefined) bodies.set(definition, (statements = parse(body.text).map((parsed) => parsed.statement)));
  return statements;
}

/** CONTEXT as fmgr_sql's callback writes it; a position would be one in the body. */
function inBody(error: unknown, name: string, number: number): unknown {
  if (!(error instanceof PgError)) return error;
  const { position: _position, where, ...fields } = error.fields;
  const line = `SQL function "${name}" statement ${String(number)}`;
  return new PgError(error.code, error.message, { ...fields, where: where === undefined ? line : `${where}\n${line}` });
}

export async function runSqlBody(session: ShoalSession, run: RoutineRun): Promise<readonly (Row | null)[]> {
  const { definition, args } = run;
  const types = args.map((argument) => argument.type);
  const routineArguments = { name: definition.name, names: argumentNames(definition), types };
  const searchPath = definition.body.kind === 'string' ? {} : { searchPath: [definition.schema] };
  const parameters = { values: args.map((argument) => argument.value), types: types.map((type) => type.oid) };
  const key = types.map((type) => `${String(type.oid)}:${String(type.domain ?? 0)}`).join();
  let last: StatementResult | undefined;
  const statements = statementsOf(definition);
  for (const [i, statement] of statements.entries()) {
    try {
      if (statement.kind === 'transaction')
        throw new PgError('0A000', `${statement.action.kind === 'commit' ? 'COMMIT' : 'ROLLBACK'} is not allowed in an SQL function`);
      const most = i === statements.length - 1 && !definition.returnsSet && statement.kind === 'select' ? 1 : 0;
      last = await runStatement(session, statement, { routineArguments, ...searchPath }, key, () => parameters, most);
    } catch (error) {
      throw inBody(error, definition.name, i + 1);
    }
  }
  if (isVoid(run)) return definition.returnsSet ? [] : [[null]];
  if (last === undefined) return [];
  const names = last.columns.map((column) => column.name);
  const from = last.columns.map((column) => column.type);
  const rows: (Row | null)[] = [];
  for (const values of definition.returnsSet ? last.rows : last.rows.slice(0, 1))
    rows.push(await convertResult(session, { names, types: from, values }, run.outputs, run.whole));
  return rows;
}
