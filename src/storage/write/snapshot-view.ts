/**
 * Reads of a REPEATABLE READ transaction on the writer connection, which shows the latest state: the changes that others have committed since the transaction's
 * snapshot are undone in a savepoint, the read runs, and the savepoint is rolled back. The transaction's own changes stay: nobody else can have changed its rows.
 */
import type { Connection } from '../files/connection.js';
import { isSqliteError } from '../sqlite-errors.js';
import { type RowEffect, serializationFailure } from './history.js';

export function withUndone<T>(connection: Connection, effects: readonly RowEffect[], read: () => T): T {
  connection.control('SAVEPOINT snapshot_view');
  try {
    try {
      for (const effect of effects) undo(effect);
    } catch (error) {
      // A key that the transaction has inserted itself after its earlier owner was removed by another: it cannot have both.
      if (isSqliteError(error) && error.code.startsWith('SQLITE_CONSTRAINT')) throw serializationFailure();
      throw error;
    }
    return read();
  } finally {
    if (connection.db.inTransaction) {
      connection.control('ROLLBACK TO snapshot_view');
      connection.control('RELEASE snapshot_view');
    }
  }
}

function undo(effect: RowEffect): void {
  const { table, shard, rowid } = effect;
  switch (effect.kind) {
    case 'insert':
      table.deleteStatement(shard).run(rowid);
      break;
    case 'update':
      if (effect.before !== undefined && effect.changed.positions.length > 0) {
        const { before } = effect;
        table.updateStatement(shard, effect.changed).run(...effect.changed.positions.map((at) => before[at]), rowid);
      }
      break;
    case 'delete':
      if (effect.before !== undefined) table.insertStatement(shard).run(rowid, ...effect.before);
      break;
  }
}
