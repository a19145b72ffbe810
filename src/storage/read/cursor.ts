/** One open cursor of a reader: iterates a statement and fills batches. */
import type { SqlValue } from '../../types/value.js';
import { bindings } from '../files/parameters.js';
import type { RunContext } from '../files/connection.js';
import type { CursorBatch, OpenCursor, TaskContext } from '../ports.js';
import type { CancelWords } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import { createRowEncoder, needsBigints, type RowEncoder } from './row-encoder.js';
import { RowSink, sinkSql } from './row-sink.js';
import type { Snapshot } from './snapshot.js';

const batchBytes = 256 * 1024;

export class Cursor {
  private readonly rows: Iterator<SqlValue[]>;
  private readonly encoder: RowEncoder;
  private readonly context: RunContext;
  /** The statement gives its rows to it, and yields where a batch ends. */
  private readonly sink: RowSink | undefined;
  private maxRows = 0;
  /** What the statement has thrown behind rows that have been given: the next pull throws it. */
  private failure: Error | undefined;
  /** The rows are for a client, who gets those before a failure as from PostgreSQL: a portal that is read in portions may never come to it. */
  private readonly givesRowsBeforeFailure: boolean;

  /** long: many rows are to be expected. */
  constructor(
    readonly snapshot: Snapshot,
    context: TaskContext,
    private readonly cancel: CancelWords,
    request: OpenCursor,
    long: boolean,
  ) {
    const { connection } = snapshot;
    connection.holder.current = context;
    this.context = connection.holder.current;
    this.encoder = createRowEncoder(request.output, this.context);
    const { output, params } = request;
    this.givesRowsBeforeFailure = output.kind === 'wire' || output.kind === 'copy';
    const columns = output.kind === 'wire' || output.kind === 'copy' ? output.columns.length + (output.keys ?? 0) : 0;
    this.sink = long && RowSink.isFor(columns) ? RowSink.on(connection) : undefined;
    const wide = needsBigints(output);
    const sql = this.sink === undefined ? request.sql : sinkSql(request.sql, columns, wide);
    try {
      this.rows = connection.prepare(sql, wide).iterate(...bindings(sql, params));
    } catch (error) {
      throw toPgError(error);
    }
  }

  /** Throws what the statement throws; the cursor is finished then. */
  pull(maxRows: number): CursorBatch {
    const { encoder, rows } = this;
    if (this.failure !== undefined) throw this.failure;
    this.maxRows = maxRows;
    this.snapshot.connection.holder.current = this.context;
    try {
      this.cancel.check(this.context.cancelSlot);
      if (this.sink !== undefined) {
        this.sink.take = this.take;
        return encoder.take(rows.next().done === true);
      }
      for (;;) {
        const next = rows.next();
        if (next.done === true) return encoder.take(true);
        encoder.add(next.value);
        if (this.isFull()) return encoder.take(false);
      }
    } catch (error) {
      this.close();
      const failure = toPgError(error);
      if (!this.givesRowsBeforeFailure || encoder.rows === 0) throw failure;
      this.failure = failure;
      return encoder.take(false);
    }
  }

  private readonly take = (row: readonly SqlValue[]): boolean => {
    this.encoder.add(row);
    return this.isFull();
  };

  private isFull(): boolean {
    const { encoder, maxRows } = this;
    return encoder.byteLength >= batchBytes || (maxRows > 0 && encoder.rows >= maxRows);
  }

  close(): void {
    this.rows.return?.();
  }
}
