/**
 * Rows of queries and of RETURNING as values on the front end, in the general physical form: what the bodies of functions work on. Called by this folder.
 */
import type { Expression, TypeRef } from '../../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../../plan/logical.js';
import type { WrittenColumn } from '../../../plan/written-sql.js';
import { decimalToNumericText } from '../../../types/numeric-codec.js';
import { RowReader } from '../../../types/row-codec.js';
import type { SqlValue } from '../../../types/value.js';
import { forEachNode } from '../../../plan/walk.js';
import { compileBound, type CompiledMutation, type CompiledQuery, type CompiledSteps } from '../compile.js';
import { openOnReaders, openQuery, openResolved, type Parameters, readsTogether, requireAllowed, runMutation, runSteps } from '../run-query.js';
import type { SessionCore } from '../session-core.js';

export type Row = readonly SqlValue[];

export interface RowSet {
  readonly columns: readonly { readonly name: string; readonly type: TypeRef }[];
  readonly rows: readonly Row[];
}

/** Numerics that come as scaled integers get their general form; columns beyond the visible ones are left out. */
function generalRow(row: readonly SqlValue[], width: number, scales: readonly (number | undefined)[]): SqlValue[] {
  const general: SqlValue[] = [];
  for (let i = 0; i < width; i++) {
    const value = row[i] ?? null;
    const scale = scales[i];
    general.push(scale === undefined || value === null || value instanceof Uint8Array ? value : decimalToNumericText(value, scale));
  }
  return general;
}

function read(
  bytes: Uint8Array | undefined,
  count: number,
  width: number,
  scales: readonly (number | undefined)[],
  into: Row[],
  places: readonly number[] | undefined,
): void {
  if (bytes === undefined || count === 0) return;
  const reader = new RowReader(bytes);
  for (let i = 0; i < count; i++) {
    const row = reader.read() ?? [];
    into.push(generalRow(places === undefined ? row : places.map((at) => row[at] ?? null), width, scales));
  }
}

/** Reads no table, so that it may run anywhere. */
function isPure(plan: LogicalNode): boolean {
  let pure = true;
  forEachNode(plan, (node) => {
    if (node.kind === 'scan' || node.kind === 'catalogScan' || node.kind === 'landed') pure = false;
  });
  return pure;
}

/** All rows of a query. `most`: no more are wanted. */
export async function queryRows(core: SessionCore, given: CompiledQuery, parameters: Parameters, most = 0): Promise<RowSet> {
  requireAllowed(given);
  const query = given.bound.needs.bySession ? await core.calls.query(given, parameters) : given;
  let scales: readonly (number | undefined)[] = [];
  const width = query.columns.length;
  // Joins may have changed sides.
  let places: readonly number[] | undefined;
  const note = (columns: readonly WrittenColumn[]): void => {
    const found = query.bound.columns.map((column) => columns.findIndex((written) => written.column.id === column.id));
    places = found.includes(-1) || found.every((at, i) => at === i) ? undefined : found;
    scales = (places ?? columns.map((_, i) => i)).map((at) => columns[at]?.scale);
  };
  const { needs, locking, plan } = query.bound;
  const anywhere =
    !needs.needsWriter &&
    !needs.bySession &&
    locking.length === 0 &&
    core.transaction.catalog === undefined &&
    isPure(plan) &&
    !query.isOptimistic(query.readPlan());
  const open = anywhere ? openOnReaders : query === given ? openQuery : openResolved;
  const stream = await open(core, readsTogether(core, query), parameters, { kind: 'rows', note });
  const rows: Row[] = [];
  try {
    for (;;) {
      const batch = await stream.pull(most === 0 ? 0 : most - rows.length);
      read(batch.bytes, batch.rows, width, scales, rows, places);
      core.checkCancel();
      if (batch.done || (most > 0 && rows.length >= most)) break;
    }
  } finally {
    stream.close();
  }
  return { columns: query.bound.columns, rows };
}

/** Writes, and answers the rows of RETURNING. */
export async function mutationRows(
  core: SessionCore,
  mutation: CompiledMutation | CompiledSteps,
  parameters: Parameters,
): Promise<RowSet & { readonly count: number }> {
  let scales: readonly (number | undefined)[] = [];
  const note = (columns: readonly WrittenColumn[]): void => {
    scales = columns.map((column) => column.scale);
  };
  const result =
    mutation.kind === 'mutation'
      ? await runMutation(core, mutation, parameters, { kind: 'rows', note })
      : await runSteps(core, mutation, parameters, { kind: 'rows', note });
  const columns = mutation.bound.columns ?? [];
  const rows: Row[] = [];
  for (const bytes of result.returning) for (const row of new RowReader(bytes)) rows.push(generalRow(row, columns.length, scales));
  return { columns, rows, count: result.count };
}

/** A plan made here as a query of its own. Computes without scaled integers: a second attempt would repeat what calls have done. */
export function compilePlan(
  core: SessionCore,
  plan: LogicalNode,
  columns: readonly OutputColumn[],
  parameters: Parameters,
  needsWriter: boolean,
): CompiledQuery {
  return compileBound(
    {
      kind: 'query',
      plan,
      columns: columns.map((column) => ({ ...column, origin: undefined })),
      parameterTypes: [],
      locking: [],
      needs: { volatile: true, needsWriter, bySession: false },
    },
    { ...core.compileOptions(parameters.types), exactNumeric: true },
  );
}

/** The rows of a plan. */
export async function planRows(core: SessionCore, plan: LogicalNode, parameters: Parameters, needsWriter: boolean): Promise<readonly Row[]> {
  if (plan.kind === 'values' && plan.rows.every((row) => row.every((e) => e.kind === 'const')))
    return plan.rows.map((row) => row.map((e: Expression) => (e.kind === 'const' ? e.value : null)));
  return (await queryRows(core, compilePlan(core, plan, plan.columns, parameters, needsWriter), parameters)).rows;
}
