/** One open cursor of a reader: iterates a statement and fills batches. */
import type { SqlValue } from '../../types/value.js';
import { bindings } from '../files/parameters.js';
import type { RunContext } from '../files/connection.js';
import type { CursorBatch, OpenCursor, TaskContext } from '../ports.js';
import type { CancelWords } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import { createRowEncoder, needsBigints, type RowEncoder } from './row-encoder.js';
import { RowSink, sinkSql } from './row-sink.js';
import { type SinkLayout, sinkLayout } from './sink-layout.js';
import type { Snapshot } from './snapshot.js';

const batchBytes = 256 * 1024;

export class Cursor {
  private readonly rows: Iterator<SqlValue[]>;
  private readonly batches: Batches;
  private readonly context: RunContext;
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
    const { output, params } = request;
    this.givesRowsBeforeFailure = output.kind === 'wire' || output.kind === 'copy';
    const layout = long ? sinkLayout(output, this.context) : undefined;
    try {
      if (layout !== undefined && RowSink.isFor(layout)) {
        const sink = RowSink.on(connection);
        const sql = sinkSql(request.sql, layout);
        this.rows = connection.prepare(sql, false).iterate(...bindings(sql, params));
        this.batches = new SunkBatches(this.rows, sink, layout, output.kind === 'partitioned');
      } else {
        this.rows = connection.prepare(request.sql, needsBigints(output)).iterate(...bindings(request.sql, params));
        this.batches = new EncodedBatches(this.rows, createRowEncoder(output, this.context));
      }
    } catch (error) {
      throw toPgError(error);
    }
  }

  /** Throws what the statement throws; the cursor is finished then. */
  pull(maxRows: number): CursorBatch {
    const { batches } = this;
    if (this.failure !== undefined) throw this.failure;
    this.snapshot.connection.holder.current = this.context;
    try {
      this.cancel.check(this.context.cancelSlot);
      return batches.pull(maxRows);
    } catch (error) {
      this.close();
      const failure = toPgError(error);
      const before = this.givesRowsBeforeFailure ? batches.take() : undefined;
      if (before === undefined || before.rows === 0) throw failure;
      this.failure = failure;
      return before;
    }
  }

  close(): void {
    this.rows.return?.();
  }
}

/** How rows become batches. */
interface Batches {
  pull(maxRows: number): CursorBatch;
  /** What has been read of a batch that a failure has ended. */
  take(): CursorBatch;
}

/** Row by row through JavaScript. */
class EncodedBatches implements Batches {
  constructor(
    private readonly rows: Iterator<SqlValue[]>,
    private readonly encoder: RowEncoder,
  ) {}

  pull(maxRows: number): CursorBatch {
    const { encoder, rows } = this;
    for (;;) {
      const next = rows.next();
      if (next.done === true) return encoder.take(true);
      encoder.add(next.value);
      if (encoder.byteLength >= batchBytes || (maxRows > 0 && encoder.rows >= maxRows)) return encoder.take(false);
    }
  }

  take(): CursorBatch {
    return this.encoder.take(false);
  }
}

/** The statement gives its rows to a sink, and yields where a batch ends. */
class SunkBatches implements Batches {
  constructor(
    private readonly rows: Iterator<SqlValue[]>,
    private readonly sink: RowSink,
    private readonly layout: SinkLayout,
    private readonly partitioned: boolean,
  ) {}

  pull(maxRows: number): CursorBatch {
    this.sink.start(this.layout, maxRows, batchBytes);
    const { done } = this.rows.next();
    return this.sink.take(this.layout, this.partitioned, done === true);
  }

  take(): CursorBatch {
    return this.sink.take(this.layout, this.partitioned, false);
  }
}
