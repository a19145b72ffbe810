/**
 * The statements whose calls the session makes first: queries, and changes of data whose new rows, RETURNING or CHECKs have such calls. Given to the session's core.
 */
import { notSupported, PgError } from '../../../common/errors.js';
import { columnRef, constant } from '../../../plan/build.js';
import type { ColumnId, Expression } from '../../../plan/expression.js';
import { substituteColumns } from '../../../plan/walk.js';
import { Oid, requireType } from '../../../types/registry.js';
import type { Mutation } from '../../../plan/logical.js';
import { compileBound, compileMutation, type CompiledMutation, type CompiledQuery } from '../compile.js';
import { type Delivery, type MutationResult, openQuery, type Parameters, replanAfter, runMutation } from '../run-query.js';
import { isUnchanged, readsSameTables } from '../same-tables.js';
import type { StatementCalls } from '../session-core.js';
import type { ShoalSession } from '../shoal-session.js';
import { fireTrigger } from '../plpgsql/run-body.js';
import { callRoutine, deeper } from './call-routine.js';
import { insertByRow } from './conflict-rows.js';
import { runRewritten } from './rewritten.js';
import { TriggerRun } from './triggers.js';
import { CallResolver, hasCalls, landRows, resolveCalls } from './routine-calls.js';
import { mutationRows, planRows, type Row } from './row-set.js';

export function statementCalls(session: ShoalSession): StatementCalls {
  return {
    query: async (query, parameters) => resolvedQuery(session, query, parameters),
    routine: async (oid, args, outputs, whole) => callRoutine(session, oid, args, outputs, whole),
    fire: async (call) => deeper(session, () => fireTrigger(session, call)),
    rewritten: async (rules, kind, parameters, delivery) => runRewritten(session, rules, kind, parameters, delivery),
    mutation: async (mutation, parameters, delivery) => runResolved(session, mutation, parameters, delivery),
  };
}

async function resolvedQuery(session: ShoalSession, query: CompiledQuery, parameters: Parameters): Promise<CompiledQuery> {
  const { plan, needsWriter } = await resolveCalls(session, query.bound.plan, parameters);
  const needs = { ...query.bound.needs, bySession: false, needsWriter: query.bound.needs.needsWriter || needsWriter };
  return compileBound({ ...query.bound, plan, needs }, { ...session.core.compileOptions(parameters.types), exactNumeric: true });
}

/** RETURNING with calls: the written rows come back, and a query over them is the result. */
async function returned(
  session: ShoalSession,
  mutation: Mutation,
  compiled: CompiledMutation,
  parameters: Parameters,
  delivery: Delivery,
): Promise<MutationResult> {
  const { returning } = mutation;
  if (returning === undefined) throw new Error('assertion failed: RETURNING');
  const columns = [...mutation.row, ...mutation.extra];
  const { bound } = compiled;
  const plain = compileMutation(
    {
      ...bound,
      mutation: { ...mutation, returning: { columns, expressions: columns.map((column) => columnRef(column)) } },
      columns: columns.map((column) => ({ ...column, origin: undefined })),
      needs: { ...bound.needs, bySession: false },
    },
    { ...session.core.compileOptions(parameters.types), exactNumeric: true },
  );
  const { rows, count } = await mutationRows(session.core, plain, parameters);
  return { count, ...(await returningOver(session, mutation, rows, parameters, delivery)) };
}

/** RETURNING over rows that are here: of the table's columns and of `extra`. */
async function returningOver(
  session: ShoalSession,
  { returning, row, extra }: Mutation,
  rows: readonly Row[],
  parameters: Parameters,
  delivery: Delivery,
): Promise<Pick<MutationResult, 'returning' | 'returningRows'>> {
  if (returning === undefined) return { returning: [], returningRows: 0 };
  const input = await landRows(session, [...row, ...extra], rows);
  const query = compileBound(
    {
      kind: 'query',
      plan: { kind: 'project', input, columns: returning.columns, expressions: returning.expressions },
      columns: returning.columns.map((column) => ({ ...column, origin: undefined })),
      parameterTypes: [],
      locking: [],
      needs: { volatile: true, needsWriter: input.kind === 'landed', bySession: returning.expressions.some(hasCalls) },
    },
    { ...session.core.compileOptions(parameters.types), exactNumeric: true },
  );
  const stream = await openQuery(session.core, query, parameters, delivery);
  const batches: Uint8Array[] = [];
  let sent = 0;
  for (;;) {
    const batch = await stream.pull(0);
    if (batch.bytes !== undefined && batch.rows > 0) batches.push(batch.bytes);
    sent += batch.rows;
    if (batch.done) break;
  }
  return { returning: batches, returningRows: sent };
}

/** The change of a view whose triggers do the writing. */
async function insteadOf(session: ShoalSession, firing: TriggerRun, mutation: Mutation, parameters: Parameters, delivery: Delivery): Promise<MutationResult> {
  const rows: Row[] = [];
  for await (const { change, rest } of firing.rows(mutation, parameters)) {
    const done = await firing.instead(change);
    if (done !== undefined) rows.push([...((done.new ?? done.old)?.values ?? []), ...rest]);
  }
  return { count: rows.length, ...(await returningOver(session, mutation, rows, parameters, delivery)) };
}

async function runResolved(session: ShoalSession, compiled: CompiledMutation, parameters: Parameters, delivery: Delivery): Promise<MutationResult> {
  const { bound } = compiled;
  const { onConflict } = bound.mutation;
  const updateHasCalls =
    onConflict !== undefined &&
    [...onConflict.assignments.map((one) => one.expression), ...(onConflict.where === undefined ? [] : [onConflict.where])].some(hasCalls);
  const firing = new TriggerRun(session, bound.mutation);
  firing.refuse();
  await firing.statement('before');
  const { plan, needsWriter } = await resolveCalls(session, bound.mutation.source, parameters);
  if (needsWriter) await session.core.laneTransaction();
  const inheritors: Mutation[] = [];
  for (const one of bound.mutation.inheritors ?? []) inheritors.push({ ...one, source: (await resolveCalls(session, one.source, parameters)).plan });
  const resolved = { ...bound.mutation, source: plan, ...(inheritors.length === 0 ? {} : { inheritors }) };
  const write = async (mutation: Mutation): Promise<MutationResult> =>
    written(
      session,
      mutation.checks.some((check) => hasCalls(check.expression)) ? await checked(session, mutation, parameters) : mutation,
      compiled,
      parameters,
      delivery,
    );
  const result =
    resolved.insteadOf === true
      ? await insteadOf(session, firing, resolved, parameters, delivery)
      : updateHasCalls || firing.goesByRow
        ? await insertByRow(session, firing, resolved, parameters, write)
        : await write(firing.hasRowTriggers ? await firing.beforeRows(resolved, parameters) : resolved);
  await firing.afterRows();
  await firing.statement('after');
  return result;
}

/** CHECKs with calls are made here, over the rows that are to be written. */
async function checked(session: ShoalSession, mutation: Mutation, parameters: Parameters): Promise<Mutation> {
  const { table, source, row, kind } = mutation;
  if (kind === 'merge' || mutation.inheritors !== undefined) throw notSupported('a CHECK with a function that is carried out for itself in such a statement');
  const first = kind === 'insert' ? 0 : 2;
  const rows = await planRows(session.core, source, parameters, session.core.transaction.lane !== undefined);
  const context = session.core.context();
  for (const written of rows) {
    const values = written.slice(first, first + table.columns.length);
    const over = new Map(row.map((column, i): [ColumnId, Expression] => [column.id, constant(values[i] ?? null, column.type)]));
    const resolver = new CallResolver(session, parameters);
    for (const { failure, expression } of mutation.checks) {
      if (!hasCalls(expression)) continue;
      const value = await resolver.value(substituteColumns(expression, over));
      if (value === null || Number(value) !== 0) continue;
      if (failure.kind !== 'check') throw notSupported('such a condition with a function that is carried out for itself');
      const shown = values.map((one, i) =>
        one === null ? 'null' : requireType(table.columns[i]?.typeOid ?? Oid.text).format(one, table.columns[i]?.typmod ?? -1, context),
      );
      throw new PgError('23514', `new row for relation "${failure.relation ?? table.name}" violates check constraint "${failure.name}"`, {
        detail: `Failing row contains (${shown.join(', ')}).`,
        schema: table.schema,
        table: table.name,
        constraint: failure.name,
      });
    }
  }
  return { ...mutation, source: await landRows(session, source.columns, rows), checks: mutation.checks.filter((check) => !hasCalls(check.expression)) };
}

/** Writes what is left when all calls are made. */
async function written(
  session: ShoalSession,
  mutation: Mutation,
  compiled: CompiledMutation,
  parameters: Parameters,
  delivery: Delivery,
): Promise<MutationResult> {
  const { bound } = compiled;
  if (mutation.returning?.expressions.some(hasCalls) === true) return returned(session, mutation, compiled, parameters, delivery);
  session.core.transaction.isLast = false;
  const { core } = session;
  // The calls must not be made twice: while others define tables, what is left is planned anew as it is bound.
  for (let attempt = 0; ; attempt++) {
    const whole = compileMutation(
      { ...bound, mutation, needs: { ...bound.needs, bySession: false } },
      { ...core.compileOptions(parameters.types), exactNumeric: true },
    );
    try {
      return await runMutation(core, whole, parameters, delivery);
    } catch (error) {
      await replanAfter(core, error, attempt, whole.catalog.version, true);
      if (!isUnchanged(mutation.table, core.catalog) || !readsSameTables(mutation.source, core.catalog)) throw error;
    }
  }
}
