/**
 * INSERT of a query's rows without a JavaScript value for any of them: native/row-sink.c encodes what the source yields, by shard, and native/row-table.c puts it into the
 * table, as COPY's portions (docs/adr/0005, 0008). Rows that somebody has to look at go one by one, in the source's order, so that the error is that of the first one
 * that is wrong. Used by write/writer-lane for tasks with many rows.
 */
import { RowReader } from '../../types/row-codec.js';
import type { SqlValue } from '../../types/value.js';
import type { Connection } from '../files/connection.js';
import { bindings } from '../files/parameters.js';
import type { MutationTask } from '../ports.js';
import { RowSink, sinkSql } from '../read/row-sink.js';
import type { SinkLayout } from '../read/sink-layout.js';
import type { TableRuntime } from './lane-catalog.js';
import { type MutationResult, runMutation } from './mutation.js';
import type { StatementRun } from './statement-run.js';

const portionBytes = 1 << 20;
/** Fewer are better off as effects of their own, which need not go to SQLite before the commit. */
const rowsMin = 64;

/** Encoded rows by shard, and the shard of each row in the order in which they came. */
interface Portion {
  readonly shards: readonly (Uint8Array | undefined)[];
  readonly order: Uint32Array;
}

/** Whether nothing but NOT NULL and unique keys of one shard has to be looked at when a row is written. */
export function isForBulk(run: StatementRun, task: MutationTask): boolean {
  if (task.many !== true || task.onConflict !== undefined || task.check !== undefined || task.returning !== undefined) return false;
  const table = run.catalog.table(task.tableOid);
  return table.columns.length > 0 && table.columns.length < 100 && run.insertsAtOnce(table);
}

/** All rows of the source: none is written before. */
export function readPortions(connection: Connection, run: StatementRun, task: MutationTask): readonly Portion[] {
  const table = run.catalog.table(task.tableOid);
  const layout: SinkLayout = { text: 'P---', columns: table.columns.length + 1, encoded: [], parts: table.shards };
  const sink = RowSink.on(connection);
  const sql = sinkSql(task.source.sql, layout);
  const rows = connection.prepare(sql, false).iterate(...bindings(sql, task.source.params));
  const portions: Portion[] = [];
  try {
    for (;;) {
      sink.start(layout, 0, portionBytes);
      const { done } = rows.next();
      const order = sink.takeOrder();
      if (order.length > 0) portions.push({ shards: sink.take(layout, true, false).partitions ?? [], order });
      if (done === true) return portions;
    }
  } finally {
    rows.return?.();
  }
}

export function insertPortions(connection: Connection, run: StatementRun, task: MutationTask, portions: readonly Portion[]): MutationResult {
  const table = run.catalog.table(task.tableOid);
  const count = portions.reduce((sum, { order }) => sum + order.length, 0);
  for (const { shards, order } of portions) {
    const done = new Set<number>();
    if (count >= rowsMin) {
      const counts = new Array<number>(table.shards).fill(0);
      for (const shard of order) counts[shard] = (counts[shard] as number) + 1;
      for (const [shard, bytes] of shards.entries()) {
        if (bytes !== undefined && !run.insertRows(table, shard, counts[shard] as number, bytes)) break;
        done.add(shard);
      }
    }
    if (done.size < shards.length) runMutation(connection, run, task, rowsInOrder(table, { shards, order }, done));
  }
  return { count, returning: [], returningRows: 0 };
}

/** A portion's rows as a mutation's source yields them, but for those of some shards. */
function rowsInOrder(table: TableRuntime, { shards, order }: Portion, but: ReadonlySet<number>): SqlValue[][] {
  const readers = shards.map((bytes) => new RowReader(bytes ?? new Uint8Array(0)));
  const rows: SqlValue[][] = [];
  for (const shard of order) {
    if (but.has(shard)) continue;
    rows.push([shard, ...table.bound((readers[shard] as RowReader).read() as SqlValue[])]);
  }
  return rows;
}
