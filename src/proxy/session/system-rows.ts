/**
 * Statements that the session runs by itself over the system's own tables (catalog/system-table), in the transaction of the statement that it works for. Nobody's privileges
 * are asked for: who calls has done that. Called for large objects and by ANALYZE.
 */
import type { Table } from '../../catalog/table.js';
import type { SqlValue } from '../../types/value.js';
import { compileStatement } from './compile.js';
import { type Row, mutationRows, queryRows } from './routines/row-set.js';
import { type Parameters, replanAfter } from './run-query.js';
import type { SessionCore } from './session-core.js';

export interface Argument {
  readonly value: SqlValue;
  readonly type: number;
}

function compiled(core: SessionCore, text: string, types: readonly number[], exactNumeric: boolean): ReturnType<typeof compileStatement> {
  const [parsed] = core.services.statements.parse(text);
  if (parsed === undefined) throw new Error('assertion failed: one statement');
  const options = core.compileOptions(types);
  return compileStatement(parsed.statement, { ...options, exactNumeric, bind: { ...options.bind, isInternal: true, searchPath: ['pg_catalog'] } });
}

/** Runs the statement, planned anew while others define tables. */
async function run<T>(
  core: SessionCore,
  text: string,
  args: readonly Argument[],
  carryOut: (compiled: ReturnType<typeof compileStatement>, parameters: Parameters) => Promise<T>,
): Promise<T> {
  const parameters = { values: args.map(({ value }) => value), types: args.map(({ type }) => type) };
  let exact = false;
  for (let attempt = 0; ; attempt++) {
    const { version } = core.catalog;
    try {
      return await carryOut(compiled(core, text, parameters.types, exact), parameters);
    } catch (error) {
      exact = await replanAfter(core, error, attempt, version, exact);
    }
  }
}

export async function systemRows(core: SessionCore, text: string, args: readonly Argument[] = []): Promise<readonly Row[]> {
  return await run(core, text, args, async (query, parameters) => {
    if (query.kind !== 'query') throw new Error('assertion failed: a query');
    return (await queryRows(core, query, parameters)).rows;
  });
}

/** Answers how many rows it has written. */
export async function writeSystemRows(core: SessionCore, text: string, args: readonly Argument[] = []): Promise<number> {
  return await run(core, text, args, async (mutation, parameters) => {
    if (mutation.kind !== 'mutation') throw new Error('assertion failed: a data-changing statement');
    return (await mutationRows(core, mutation, parameters)).count;
  });
}

export function hasSystemTable(core: SessionCore, table: Table): boolean {
  return core.catalog.relationByOid(table.oid) !== undefined;
}
