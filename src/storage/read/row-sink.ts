/**
 * Rows of long results without a call into SQLite and an array for each: the statement hands its columns to a function that encodes them, and yields a row of its own
 * only when the batch is full (three times as fast as iterating). Used by read/cursor.
 *
 *   WITH shoal_rows(c1, c2) AS (SELECT * FROM (<statement>) LIMIT -1) SELECT 1 FROM shoal_rows WHERE shoal_sink(c1, c2)
 *
 * LIMIT keeps SQLite from moving the function into the statement, where it would see rows before they are sorted, counted or made distinct; it does not cost anything:
 * the statement becomes a co-routine.
 */
import type { Connection } from '../files/connection.js';
import type { SqlValue } from '../../types/value.js';

/** SQLITE_MAX_FUNCTION_ARG is 127. */
const columnsMax = 120;

/** Takes a row; answers whether the batch is full. */
export type TakeRow = (row: readonly SqlValue[]) => boolean;

/** The function on one connection, and whose rows it takes at the moment. */
export class RowSink {
  private static readonly sinks = new WeakMap<Connection, RowSink>();

  /** The cursor that is being pulled. */
  take: TakeRow = () => true;

  private constructor({ db }: Connection) {
    for (const wide of [false, true]) {
      db.function(functionName(wide), { varargs: true, safeIntegers: wide, directOnly: true }, (...row: SqlValue[]) => (this.take(row) ? 1 : 0));
    }
  }

  static on(connection: Connection): RowSink {
    let sink = this.sinks.get(connection);
    if (sink === undefined) {
      sink = new RowSink(connection);
      this.sinks.set(connection, sink);
    }
    return sink;
  }

  static isFor(columns: number): boolean {
    return columns > 0 && columns <= columnsMax;
  }
}

function functionName(wide: boolean): string {
  return wide ? 'shoal_sink_wide' : 'shoal_sink';
}

/** The statement that gives the rows of `sql` to the sink. wide: integers as bigints. */
export function sinkSql(sql: string, columns: number, wide: boolean): string {
  const names = Array.from({ length: columns }, (_, at) => `c${String(at + 1)}`).join(', ');
  return `WITH shoal_rows(${names}) AS (SELECT * FROM (${sql}) LIMIT -1) SELECT 1 FROM shoal_rows WHERE ${functionName(wide)}(${names})`;
}
