/** One open cursor of a reader: iterates a statement and fills batches. */
import type { SqlValue } from '../../types/value.js';
import { bindings } from '../files/parameters.js';
import type { RunContext } from '../files/connection.js';
import type { CursorBatch, OpenCursor, TaskContext } from '../ports.js';
import type { CancelWords } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import { createRowEncoder, needsBigints, type RowEncoder } from './row-encoder.js';
import type { Snapshot } from './snapshot.js';

const batchBytes = 256 * 1024;

export class Cursor {
  private readonly rows: Iterator<SqlValue[]>;
  private readonly encoder: RowEncoder;
  private readonly context: RunContext;

  constructor(
    readonly snapshot: Snapshot,
    context: TaskContext,
    private readonly cancel: CancelWords,
    request: OpenCursor,
  ) {
    const { connection } = snapshot;
    connection.holder.current = context;
    this.context = connection.holder.current;
    this.encoder = createRowEncoder(request.output, this.context);
    try {
      this.rows = connection.prepare(request.sql, needsBigints(request.output)).iterate(...bindings(request.sql, request.params));
    } catch (error) {
      throw toPgError(error);
    }
  }

  /** Throws what the statement throws; the cursor is finished then. */
  pull(maxRows: number): CursorBatch {
    const { encoder, rows } = this;
    this.snapshot.connection.holder.current = this.context;
    try {
      this.cancel.check(this.context.cancelSlot);
      for (;;) {
        const next = rows.next();
        if (next.done === true) return encoder.take(true);
        encoder.add(next.value);
        if (encoder.byteLength >= batchBytes || (maxRows > 0 && encoder.rows >= maxRows)) return encoder.take(false);
      }
    } catch (error) {
      this.close();
      throw toPgError(error);
    }
  }

  close(): void {
    this.rows.return?.();
  }
}
