/**
 * What recent commits changed, for REPEATABLE READ: a write to a row that was changed after the transaction's snapshot fails with 40001, and so does a read, on the
 * writer connection, of a table that was. Rows are kept in two generations of bounded size; a snapshot older than both counts every row as changed.
 */
import { PgError } from '../../common/errors.js';

const rowsPerGeneration = 200_000;

export class CommitHistory {
  private current = new Map<string, number>();
  private previous = new Map<string, number>();
  /** Commits up to this sequence are no longer remembered by row. */
  private forgotten = 0;
  private currentStart = 0;
  private readonly tables = new Map<number, number>();

  /** A row (by its lock key) that the commit `sequence` updated or deleted. */
  noteRow(key: string, sequence: number): void {
    if (this.current.size >= rowsPerGeneration) {
      this.forgotten = this.currentStart;
      this.previous = this.current;
      this.current = new Map();
      this.currentStart = sequence;
    }
    this.current.set(key, sequence);
  }

  noteTable(oid: number, sequence: number): void {
    this.tables.set(oid, sequence);
  }

  rowChangedSince(key: string, sequence: number): boolean {
    return sequence < this.forgotten || (this.current.get(key) ?? 0) > sequence || (this.previous.get(key) ?? 0) > sequence;
  }

  tableChangedSince(oid: number, sequence: number): boolean {
    return (this.tables.get(oid) ?? 0) > sequence;
  }
}

export function serializationFailure(): PgError {
  return new PgError('40001', 'could not serialize access due to concurrent update');
}
