/**
 * Carries out a MutationTask: reads the rows to write by the task's SELECT, then checks, locks and applies them one by one, and computes RETURNING.
 * Called by the lane inside a statement of the stage.
 */
import { PgError } from '../../common/errors.js';
import { type CheckFailure, conflictOutcome, mergeActions } from '../../plan/logical.js';
import { RowReader } from '../../types/row-codec.js';
import type { SqlValue } from '../../types/value.js';
import type { Connection, RawStatement } from '../files/connection.js';
import { bindings } from '../files/parameters.js';
import type { CopyPortion, MutationTask, ReportedConflict } from '../ports.js';
import { createRowEncoder, type RowEncoder } from '../read/row-encoder.js';
import { checkViolation } from './constraint-errors.js';
import type { ColumnSet, KeyedIndex } from './keyed-index.js';
import type { TableRuntime } from './lane-catalog.js';
import { RowSet } from './row-set.js';
import type { StatementRun } from './statement-run.js';

export interface MutationResult {
  readonly count: number;
  readonly returning: readonly Uint8Array[];
  readonly returningRows: number;
  /** Of an UPDATE: where the last row that went to another shard is now. */
  readonly moved?: { readonly shard: number; readonly rowid: number };
  /** Of ON CONFLICT with action `report`, for the last row: where it was written, or the row that is in its way with its values. */
  readonly conflict?: ReportedConflict;
}

const returningBatchBytes = 256 * 1024;

/** Everything that the rows of one statement share. */
class RowPipeline {
  private readonly encoder: RowEncoder | undefined;
  private readonly batches: Uint8Array[] = [];
  private returningRows = 0;
  private checkStatement: RawStatement | undefined;
  private returningStatement: RawStatement | undefined;
  readonly table: TableRuntime;
  private readonly width: number;

  constructor(
    private readonly connection: Connection,
    readonly run: StatementRun,
    private readonly task: Omit<MutationTask, 'source' | 'kind'>,
  ) {
    this.table = run.catalog.table(task.tableOid);
    this.width = this.table.columns.length;
    this.encoder = task.returning === undefined ? undefined : createRowEncoder(task.returning.output, connection.holder.current);
  }

  /** NOT NULL and CHECK constraints of a row about to be written. */
  check(values: readonly SqlValue[]): void {
    this.run.written = this.task.assigned;
    this.run.checkNotNull(this.table, values);
    const { check } = this.task;
    if (check === undefined) return;
    this.checkStatement ??= this.connection.prepare(check.sql, true);
    const failed = this.checkStatement.get(...bindings(check.sql, [...values, ...check.params]))?.[0];
    const number = Number(failed ?? 0);
    if (number !== 0) throw checkViolation(this.table, check.failures[number - 1] as CheckFailure, values, this.run.audience);
  }

  /** RETURNING of a written row. */
  written(values: readonly SqlValue[], extra: readonly SqlValue[]): void {
    const { returning } = this.task;
    if (returning === undefined || this.encoder === undefined) return;
    this.returningStatement ??= this.connection.prepare(returning.sql, true);
    const row = this.returningStatement.get(...bindings(returning.sql, [...values, ...extra, ...returning.params]));
    if (row === undefined) return;
    this.encoder.add(row);
    if (this.encoder.byteLength >= returningBatchBytes) this.flush();
  }

  private flush(): void {
    const batch = this.encoder?.take(false);
    if (batch?.bytes === undefined) return;
    this.batches.push(batch.bytes);
    this.returningRows += batch.rows;
  }

  insertRow(row: readonly SqlValue[]): boolean {
    const { run, table, width } = this;
    const shard = Number(row[0]);
    const values = row.slice(1, width + 1);
    if (this.task.onConflict !== undefined) {
      this.check(values);
      const outcome = this.conflict(shard, values);
      if (outcome === 'skip') return false;
      if (outcome !== undefined) {
        this.written(outcome, row.slice(width + 1));
        return true;
      }
    } else {
      this.check(values);
    }
    const rowid = run.insert(table, shard, values);
    this.noteWritten(shard, rowid);
    if (this.task.returning !== undefined && this.task.returningFirst !== true) this.written(values, row.slice(width + 1));
    return true;
  }

  /** Rows that ON CONFLICT DO UPDATE may not touch again. */
  private readonly touched = new RowSet();

  private reported: ReportedConflict | undefined;

  private noteWritten(shard: number, rowid: number): void {
    if (this.task.onConflict?.action === 'report') this.reported = { shard, rowid };
    if (this.task.onConflict?.action === 'update') this.touched.add(shard, rowid);
  }

  /** ON CONFLICT: the updated row, 'skip' when nothing is written, undefined when there is no conflict. */
  private conflict(shard: number, values: readonly SqlValue[]): readonly SqlValue[] | 'skip' | undefined {
    const { run, table } = this;
    const { onConflict } = this.task;
    if (onConflict === undefined) return undefined;
    const arbiters: readonly KeyedIndex[] =
      onConflict.index === undefined ? table.uniqueIndexes : table.uniqueIndexes.filter((unique) => unique.index.name === onConflict.index);
    if (arbiters.some((unique) => unique.index.deferral !== undefined))
      throw new PgError('55000', 'ON CONFLICT does not support deferrable unique constraints/exclusion constraints as arbiters');
    run.takeStage();
    if (onConflict.index !== undefined && arbiters.length === 0)
      throw new PgError('42P10', 'there is no unique or exclusion constraint matching the ON CONFLICT specification');
    for (const unique of arbiters) {
      const key = unique.keyOf(values);
      if (key === undefined) continue;
      // Another transaction may be about to insert or to remove this key: what to do is known when it has ended.
      run.lock(unique.lockKey(key), 'update');
      const found = unique.findAnywhere(shard, key);
      if (found === undefined) continue;
      if (onConflict.action === 'nothing') {
        run.checkUnchanged(table, found.shard, found.rowid);
        return 'skip';
      }
      if (onConflict.action === 'report') {
        const existing = table.read(found.shard, found.rowid);
        if (existing === undefined) throw new PgError('XX000', 'the row in conflict is gone');
        run.lockRow(table, found.shard, found.rowid, 'noKeyUpdate');
        this.reported = { ...found, values: existing };
        return 'skip';
      }
      return this.updateConflicting(found.shard, found.rowid, values);
    }
    return undefined;
  }

  private updateConflicting(shard: number, rowid: number, excluded: readonly SqlValue[]): readonly SqlValue[] | 'skip' {
    const { run, table } = this;
    const update = this.task.onConflict?.update;
    if (this.touched.has(shard, rowid)) {
      throw new PgError('21000', 'ON CONFLICT DO UPDATE command cannot affect row a second time', {
        hint: 'Ensure that no rows proposed for insertion within the same command have duplicate constrained values.',
      });
    }
    const existing = table.read(shard, rowid);
    if (existing === undefined || update === undefined) throw new PgError('XX000', 'the row in conflict is gone');
    run.lockRow(table, shard, rowid, 'noKeyUpdate');
    const result = this.connection.prepare(update.sql, true).get(...bindings(update.sql, [...existing, ...excluded, ...update.params]));
    if (result === undefined) return 'skip';
    const [outcome, ...values] = result;
    if (Number(outcome) === conflictOutcome.leave) return 'skip';
    if (Number(outcome) === conflictOutcome.refuse)
      throw new PgError('0A000', 'invalid ON UPDATE specification', {
        detail: 'The result tuple would appear in a different partition than the original tuple.',
      });
    this.check(values);
    const changed = changedColumns(table, update.assigned);
    const newShard = distributionTouched(table, changed) ? (table.shardOf(values) ?? shard) : shard;
    const current = run.update(table, shard, rowid, existing, values, changed, newShard);
    this.noteWritten(newShard, current);
    return values;
  }

  result(count: number): MutationResult {
    this.flush();
    const { reported } = this;
    return { count, returning: this.batches, returningRows: this.returningRows, ...(reported === undefined ? {} : { conflict: reported }) };
  }
}

function changedColumns(table: TableRuntime, assigned: readonly number[]): ColumnSet {
  return table.assignedColumns(assigned);
}

function distributionTouched(table: TableRuntime, changed: ColumnSet): boolean {
  const { distribution } = table.table;
  return distribution.kind === 'distributed' && distribution.columns.some((attribute) => changed.members.has(table.position(attribute)));
}

/** The rows to write, as the task's SELECT yields them. */
export function readSource(connection: Connection, task: MutationTask): readonly SqlValue[][] {
  return connection.prepare(task.source.sql, true).all(...bindings(task.source.sql, task.source.params));
}

export function runMutation(connection: Connection, run: StatementRun, task: MutationTask, rows: readonly SqlValue[][]): MutationResult {
  for (const follower of task.followers ?? []) run.followers.set(follower.tableOid, follower);
  const pipeline = new RowPipeline(connection, run, task);
  const { table } = pipeline;
  const width = table.columns.length;
  let count = 0;
  let moved: MutationResult['moved'];
  const before = task.returningFirst === true;
  switch (task.kind) {
    case 'insert':
      if (before) for (const row of rows) pipeline.written(row.slice(1, width + 1), row.slice(width + 1));
      for (const [at, row] of rows.entries()) if (numbered(at, () => pipeline.insertRow(row))) count++;
      break;
    case 'update': {
      const changed = changedColumns(table, task.assigned);
      const targets = withoutRepeated(run, table, rows);
      if (before) for (const row of targets) pipeline.written(row.slice(3, width + 3), row.slice(width + 3));
      for (const row of targets) {
        const values = row.slice(3, width + 3);
        pipeline.check(values);
        const rowid = run.update(table, Number(row[0]), Number(row[1]), undefined, values, changed, Number(row[2]));
        if (row[2] !== row[0]) moved = { shard: Number(row[2]), rowid };
        if (!before) pipeline.written(values, row.slice(width + 3));
        count++;
      }
      break;
    }
    case 'delete': {
      const targets = withoutRepeated(run, table, rows);
      if (before) for (const row of targets) pipeline.written(row.slice(2, width + 2), row.slice(width + 2));
      for (const row of targets) {
        const values = row.slice(2, width + 2);
        run.delete(table, Number(row[0]), Number(row[1]), values);
        if (!before) pipeline.written(values, row.slice(width + 2));
        count++;
      }
      break;
    }
    case 'merge': {
      const changed = changedColumns(table, task.assigned);
      const seen = new RowSet();
      for (const row of rows) {
        const action = mergeActions[Number(row[0])];
        const newShard = Number(row[3]);
        const values = row.slice(4, width + 4);
        if (action === 'insert') pipeline.insertRow([row[3] as SqlValue, ...values]);
        else {
          const shard = Number(row[1]);
          const rowid = Number(row[2]);
          if (!seen.add(shard, rowid)) {
            throw new PgError('21000', 'MERGE command cannot affect row a second time', {
              hint: 'Ensure that not more than one source row matches any one target row.',
            });
          }
          if (action === 'delete') run.delete(table, shard, rowid, values);
          else {
            pipeline.check(values);
            run.update(table, shard, rowid, undefined, values, changed, newShard);
          }
        }
        count++;
      }
      break;
    }
  }
  return { ...pipeline.result(count), ...(moved === undefined ? {} : { moved }) };
}

/** A row that a join yields several times is written once, and so is one that several steps of a statement want to change. */
function withoutRepeated(run: StatementRun, table: TableRuntime, rows: readonly SqlValue[][]): readonly SqlValue[][] {
  const shared = run.changedRows(table.oid);
  if (rows.length < 2 && shared === undefined) return rows;
  const seen = shared ?? new RowSet();
  return rows.filter((row) => seen.add(Number(row[0]), Number(row[1])));
}

/** Inserts a row; an error says which one of its shipment it was, so that COPY can name the line. */
function numbered<T>(at: number, insert: () => T): T {
  try {
    return insert();
  } catch (error) {
    throw error instanceof PgError ? new PgError(error.code, error.message, { ...error.fields, portionRow: at }) : error;
  }
}

/** COPY: portions of new rows, each for one shard, at once. False: the statement is to be undone, and the rows to be copied one by one. */
export function copyAtOnce(run: StatementRun, table: TableRuntime, portions: readonly CopyPortion[]): boolean {
  return portions.every(({ shard, count, bytes }) => run.insertRows(table, shard, count, bytes));
}

/** COPY row by row, in their order. An error says which row of the shipment it was. */
export function copyOneByOne(run: StatementRun, table: TableRuntime, portions: readonly CopyPortion[]): void {
  const rows: { readonly number: number; readonly shard: number; readonly values: SqlValue[] }[] = [];
  for (const { shard, bytes, numbers } of portions) {
    let at = 0;
    for (const values of new RowReader(bytes)) {
      rows.push({ number: numbers === undefined ? at : (numbers[at] as number), shard, values });
      at++;
    }
  }
  if (portions.length > 1) rows.sort((left, right) => left.number - right.number);
  for (const { number, shard, values } of rows) {
    const bound = table.bound(values);
    numbered(number, () => {
      run.checkNotNull(table, bound);
      run.insert(table, shard, bound);
    });
  }
  run.finish();
}
