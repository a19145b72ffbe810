/**
 * A statement with WITH queries that change data: takes its steps in order, hands rows on in temporary tables, and answers for its main part. Called by the lane inside a
 * statement of the stage, whose savepoint also undoes the temporary tables.
 */
import type { Connection } from '../files/connection.js';
import { bindings } from '../files/parameters.js';
import type { LandingTable, MutationTask, StepsTask } from '../ports.js';
import { createLandingTable, dropLandingTable, fillLanding, landRows } from '../read/landing.js';
import { createRowEncoder } from '../read/row-encoder.js';
import type { MutationResult } from './mutation.js';
import type { StatementRun } from './statement-run.js';

export function runSteps(
  connection: Connection,
  run: StatementRun,
  task: StepsTask,
  mutate: (task: MutationTask) => MutationResult,
  read: <T>(sql: string, use: () => T) => T,
): MutationResult {
  run.shareChangedRows();
  const landed: LandingTable[] = [];
  const create = (table: LandingTable): void => {
    createLandingTable(connection, table);
    landed.push(table);
  };
  const take = (step: StepsTask['steps'][number]): void => {
    if (step.kind === 'read') {
      const { into, source } = step;
      create(into);
      read(source.sql, () => fillLanding(connection, into, source.sql, source.params));
      return;
    }
    const { returning } = mutate(step.task);
    if (step.into === undefined) return;
    create(step.into);
    for (const bytes of returning) landRows(connection, step.into, bytes);
  };
  task.steps.slice(0, task.mainAfter).forEach(take);
  const { main } = task;
  let result: MutationResult;
  if (main.kind === 'query') {
    const encoder = createRowEncoder(main.output, run.context);
    const rows = read(main.sql, () => connection.prepare(main.sql, true).all(...bindings(main.sql, main.params)));
    for (const row of rows) encoder.add(row);
    const batch = encoder.take(false);
    result = { count: rows.length, returning: batch.bytes === undefined ? [] : [batch.bytes], returningRows: batch.rows };
  } else result = mutate(main);
  task.steps.slice(task.mainAfter).forEach(take);
  for (const table of landed) dropLandingTable(connection, table.name);
  return result;
}
