/**
 * INSERT ... ON CONFLICT row by row: where triggers or routines must know what becomes of each row. A row is written unless another is in its way; then the session
 * computes the update, and writes that. Called by statement-calls.ts.
 */
import { PgError } from '../../../common/errors.js';
import { typeRef } from '../../../plan/build.js';
import type { Expression } from '../../../plan/expression.js';
import type { Mutation, OnConflict } from '../../../plan/logical.js';
import type { ReportedConflict } from '../../../storage/ports.js';
import { decimalToNumericText, isDecimalTypmod } from '../../../types/numeric-codec.js';
import { Oid } from '../../../types/oid.js';
import type { MutationResult, Parameters } from '../run-query.js';
import type { ShoalSession } from '../shoal-session.js';
import { CallResolver, freshColumn, landRows } from './routine-calls.js';
import type { Row } from './row-set.js';
import { type Change, over, type TriggerRun } from './triggers.js';

/** Writes a mutation whose calls are made. */
type Write = (mutation: Mutation) => Promise<MutationResult>;

export async function insertByRow(session: ShoalSession, run: TriggerRun, mutation: Mutation, parameters: Parameters, write: Write): Promise<MutationResult> {
  const { onConflict, source } = mutation;
  if (onConflict === undefined) throw new Error('assertion failed: ON CONFLICT');
  await run.lockTable();
  const results: MutationResult[] = [];
  const touched = new Set<string>();
  for await (const { change } of run.rows(mutation, parameters)) {
    const kept = await run.before(change);
    if (kept?.new === undefined) continue;
    const inserted = await write({
      ...mutation,
      source: await landRows(session, source.columns, [kept.new.values]),
      onConflict: { index: onConflict.index, action: 'report', assignments: [], excluded: onConflict.excluded },
    });
    if (inserted.conflict?.values === undefined) {
      run.noteWritten(kept);
      results.push(inserted);
      touch(touched, inserted.conflict);
    } else if (onConflict.action === 'update') {
      if (touched.has(placeOf(inserted.conflict)))
        throw new PgError('21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time', {
          hint: 'Ensure that no rows proposed for insertion within the same command have duplicate constrained values.',
        });
      const updated = await updateRow(session, run, mutation, onConflict, inserted.conflict, kept.new.values, parameters, write);
      if (updated === undefined) continue;
      results.push(updated);
      touch(touched, updated.moved ?? inserted.conflict);
    }
  }
  return {
    count: results.reduce((sum, result) => sum + result.count, 0),
    returning: results.flatMap((result) => result.returning),
    returningRows: results.reduce((sum, result) => sum + result.returningRows, 0),
  };
}

type Place = Pick<ReportedConflict, 'shard' | 'rowid'>;

function placeOf({ shard, rowid }: Place): string {
  return `${String(shard)}.${String(rowid)}`;
}

function touch(touched: Set<string>, place: Place | undefined): void {
  if (place !== undefined) touched.add(placeOf(place));
}

/** A stored row in the general form of values. */
function generalForm({ table }: Mutation, values: Row): Row {
  return values.map((value, i) => {
    const column = table.columns[i];
    const decimal = column?.typeOid === Oid.numeric ? isDecimalTypmod(column.typmod) : undefined;
    return decimal === undefined || value === null || value instanceof Uint8Array ? value : decimalToNumericText(value, decimal.scale);
  });
}

/** What DO UPDATE makes of the row in the way; undefined: nothing. */
async function updateRow(
  session: ShoalSession,
  run: TriggerRun,
  mutation: Mutation,
  { assignments, where, stays, excluded }: OnConflict,
  conflict: ReportedConflict,
  proposed: Row,
  parameters: Parameters,
  write: Write,
): Promise<MutationResult | undefined> {
  const { table, row } = mutation;
  const existing = generalForm(mutation, conflict.values ?? []);
  const resolver = new CallResolver(session, parameters);
  const value = async (expression: Expression): Promise<Row[number]> => resolver.value(over(row, existing, over(excluded, proposed, expression)));
  const holds = async (expression: Expression | undefined): Promise<boolean> => {
    if (expression === undefined) return true;
    const found = await value(expression);
    return found !== null && Number(found) !== 0;
  };
  if (!(await holds(where))) return undefined;
  if (!(await holds(stays)))
    throw new PgError('0A000', 'invalid ON UPDATE specification', {
      detail: 'The result tuple would appear in a different partition than the original tuple.',
    });
  const next = [...existing];
  for (const { attribute, expression } of assignments) next[table.columns.findIndex((column) => column.attribute === attribute)] = await value(expression);
  const change: Change = { event: 'update', old: run.fields(existing), new: run.fields(next) };
  const kept = await run.before(change);
  if (kept?.new === undefined) return undefined;
  const assigned = new Set(assignments.map((one) => one.attribute));
  run.noteAssigned(change, kept, assigned);
  const columns = [freshColumn('_shard', typeRef(Oid.int4)), freshColumn('_rowid', typeRef(Oid.int8)), ...row.map((one) => freshColumn(one.name, one.type))];
  const { onConflict: _onConflict, ...plain } = mutation;
  const result = await write({
    ...plain,
    kind: 'update',
    source: await landRows(session, columns, [[conflict.shard, BigInt(conflict.rowid), ...kept.new.values]]),
    assigned: [...assigned],
  });
  run.noteWritten(kept);
  return result;
}
