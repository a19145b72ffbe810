/**
 * Calls one function or procedure of the database by its definition: checks what holds for every language (STRICT, depth, settings), and hands the body to its language.
 */
import { PgError } from '../../../common/errors.js';
import type { UserFunction } from '../../../catalog/user-function.js';
import { typeRef } from '../../../plan/build.js';
import type { TypeRef } from '../../../plan/expression.js';
import { Oid } from '../../../types/oid.js';
import type { ShoalSession } from '../shoal-session.js';
import { runPlpgsqlBody } from '../plpgsql/run-body.js';
import { foldAggregate } from './fold-aggregate.js';
import type { Row } from './row-set.js';
import type { ArgumentValue, RoutineRun } from './routine.js';
import { runSqlBody } from './sql-body.js';

const depthMax = 1500;

function tooDeep(): PgError {
  return new PgError('54001', 'stack depth limit exceeded', {
    hint: 'Increase the configuration parameter "max_stack_depth" (currently 2048kB), after ensuring the platform\'s stack depth limit is adequate.',
  });
}

/** Runs what is one level deeper; every so often the JavaScript stack begins anew. */
export async function deeper<T>(session: ShoalSession, run: () => Promise<T>): Promise<T> {
  const { core } = session;
  const depth = core.routineDepth + 1;
  if (depth > depthMax) throw tooDeep();
  core.routineDepth = depth;
  try {
    if (depth % 8 === 0) await Promise.resolve();
    return await run();
  } finally {
    core.routineDepth = depth - 1;
  }
}

/** Runs with the settings that the function's SET clauses give. */
async function withSettings<T>(session: ShoalSession, definition: UserFunction, run: () => Promise<T>): Promise<T> {
  const { settings } = session.core;
  const path = definition.searchPath;
  const own = [
    ...(definition.settings ?? []),
    ...(path === undefined ? [] : [{ name: 'search_path', value: path.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ') }]),
  ];
  if (own.length === 0) return run();
  const before = own.map(({ name }) => ({ name, value: settings.get(name) }));
  for (const { name, value } of own) settings.set(name, value, true);
  try {
    return await run();
  } finally {
    for (const { name, value } of before) settings.set(name, value, true);
  }
}

/** The rows of a call; null is a row that is NULL as a whole. A function that is no set has one. */
export async function callRoutine(
  session: ShoalSession,
  oid: number,
  args: readonly ArgumentValue[],
  outputs: readonly TypeRef[],
  whole: boolean,
): Promise<readonly (Row | null)[]> {
  const definition = session.core.catalog.functions.byOid(oid);
  if (definition === undefined) throw new PgError('42883', `function with OID ${String(oid)} does not exist`);
  if (definition.strict && args.some((argument) => argument.value === null)) return definition.returnsSet ? [] : [null];
  const rows = await runRoutine(session, { definition, args, outputs, whole });
  return definition.returnsSet ? rows : [rows[0] ?? null];
}

export async function runRoutine(session: ShoalSession, run: RoutineRun): Promise<readonly (Row | null)[]> {
  const { core } = session;
  core.checkCancel();
  const { mayEndTransaction: before, definer } = core;
  if (run.definition.securityDefiner) core.definer = run.definition.owner;
  if (run.definition.kind === 'function' || run.definition.securityDefiner || (run.definition.settings?.length ?? 0) > 0) core.mayEndTransaction = false;
  try {
    return await deeper(session, () => withSettings(session, run.definition, () => runBody(session, run)));
  } finally {
    core.mayEndTransaction = before;
    core.definer = definer;
  }
}

async function runBody(session: ShoalSession, run: RoutineRun): Promise<readonly (Row | null)[]> {
  if (run.definition.aggregate !== undefined) return [[await foldAggregate(session, run.definition, run.args, run.outputs[0] ?? typeRef(Oid.text))]];
  switch (run.definition.language ?? 'sql') {
    case 'sql':
      return runSqlBody(session, run);
    case 'plpgsql':
      return runPlpgsqlBody(session, run);
  }
}
