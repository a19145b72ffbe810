/**
 * The stage: which transaction's effects the writer connection's SQLite transaction holds. At the bottom lie the effects of transactions that are about to be
 * committed together (the group); on top, in a savepoint, those of at most one open transaction, the resident. Another one that must not see them has the resident
 * parked: rolled back to below its savepoint, to be applied again from its effects when somebody must see them.
 *
 * Effects that cannot fail wait in their transaction (`lazily`): SQLite gets them when the transaction reads the table or commits, and many transactions that
 * work side by side hardly ever need the stage before they commit.
 */
import { assert } from '../../common/errors.js';
import type { Connection } from '../files/connection.js';
import { createLandingTable, dropLandingTable, indexLandingTable, landRows } from '../read/landing.js';
import type { Effect, LaneTransaction } from './transaction.js';

/** So many effects are applied again sooner than a savepoint is set before each statement. */
const cheapEffects = 16;

export class Stage {
  private begun = false;
  private residentTransaction: LaneTransaction | undefined;
  /** User savepoints of the resident that are open in SQLite. */
  private openSavepoints = 0;
  private grouped = false;

  constructor(
    private readonly connection: Connection,
    private readonly applyDdl: (effect: Extract<Effect, { kind: 'ddl' }>) => void,
  ) {}

  get resident(): LaneTransaction | undefined {
    return this.residentTransaction;
  }

  get inTransaction(): boolean {
    return this.begun;
  }

  /** True once SQLite has rolled the group back by itself (disk full, I/O error). */
  lostGroup(): boolean {
    return this.begun && !this.connection.db.inTransaction;
  }

  /** Makes the connection show what `transaction` sees of some tables. */
  show(transaction: LaneTransaction, tables: ReadonlySet<number>): void {
    if (this.residentTransaction === transaction) return;
    if (transaction.hasTouched(tables)) {
      this.own(transaction);
      return;
    }
    if (this.residentTransaction?.hasTouched(tables) === true) this.park();
    this.begin();
  }

  /** The transaction becomes resident, with all of its effects. */
  own(transaction: LaneTransaction): void {
    if (this.residentTransaction === transaction) return;
    this.park();
    this.resume(transaction);
  }

  /** Takes the resident's effects off the connection; they stay in the transaction. */
  park(): void {
    const transaction = this.residentTransaction;
    if (transaction === undefined) return;
    this.residentTransaction = undefined;
    this.openSavepoints = 0;
    if (!this.grouped) {
      this.rollback();
      return;
    }
    this.connection.control('ROLLBACK TO resident');
    this.connection.control('RELEASE resident');
  }

  /** The resident's effects join the group: only COMMIT or ROLLBACK of all can follow for them. */
  join(transaction: LaneTransaction): void {
    for (const { table } of transaction.landings.values()) dropLandingTable(this.connection, table.name);
    this.connection.control('RELEASE resident');
    this.residentTransaction = undefined;
    this.openSavepoints = 0;
    this.grouped = true;
  }

  /** Puts a transaction's effects into the group once more, after SQLite has undone everything by itself. */
  rejoin(transaction: LaneTransaction): void {
    this.begin();
    for (const effect of transaction.effects) this.apply(effect);
    this.grouped = true;
  }

  /** The group is about to be written by the lane itself (sequences). */
  beginGroup(): void {
    this.begin();
    this.grouped = true;
  }

  commit(): void {
    this.connection.control('COMMIT');
    this.begun = false;
    this.grouped = false;
  }

  rollback(): void {
    if (this.begun && this.connection.db.inTransaction) this.connection.control('ROLLBACK');
    this.begun = false;
    this.grouped = false;
    this.residentTransaction = undefined;
    this.openSavepoints = 0;
  }

  /** Ends SQLite's transaction unless it holds a group. */
  leave(): void {
    if (!this.grouped) this.rollback();
  }

  /** Runs a statement that asks for the stage (`own`, `show`) where it needs it; an error undoes what it did. */
  lazily<T>(transaction: LaneTransaction, run: () => T): T {
    if (transaction.autocommit || (this.residentTransaction === transaction && transaction.size > cheapEffects)) return this.statement(transaction, run);
    const effects = transaction.effects.length;
    try {
      return run();
    } catch (error) {
      transaction.cut(effects);
      if (this.residentTransaction === transaction && this.connection.db.inTransaction) this.park();
      throw error;
    }
  }

  /** Runs one statement of the resident; an error undoes what it did. */
  statement<T>(transaction: LaneTransaction, run: () => T): T {
    this.own(transaction);
    const effects = transaction.effects.length;
    if (transaction.autocommit) return this.only(transaction, run);
    this.connection.control('SAVEPOINT statement');
    try {
      const result = run();
      this.connection.control('RELEASE statement');
      return result;
    } catch (error) {
      transaction.cut(effects);
      // SQLite itself has rolled everything back after some errors (disk full, I/O).
      if (this.connection.db.inTransaction) {
        this.connection.control('ROLLBACK TO statement');
        this.connection.control('RELEASE statement');
      }
      throw error;
    }
  }

  /** The one statement of an autocommit transaction: the resident's savepoint is the statement's. */
  private only<T>(transaction: LaneTransaction, run: () => T): T {
    try {
      return run();
    } catch (error) {
      transaction.cut(0);
      if (this.connection.db.inTransaction) this.park();
      throw error;
    }
  }

  savepoint(transaction: LaneTransaction): void {
    if (this.residentTransaction !== transaction) return;
    this.connection.control(`SAVEPOINT ${savepointName(this.openSavepoints++)}`);
  }

  /** Undoes the effects behind savepoint number `depth`, whose effects began at `effects`. */
  rollbackTo(transaction: LaneTransaction, depth: number, effects: number): void {
    const changed = transaction.effects.length !== effects;
    transaction.cut(effects);
    if (this.residentTransaction !== transaction) return;
    if (!changed && this.openSavepoints > depth) return;
    if (this.openSavepoints > depth) {
      this.connection.control(`ROLLBACK TO ${savepointName(depth)}`);
      this.openSavepoints = depth + 1;
    } else {
      this.park();
    }
  }

  release(transaction: LaneTransaction, depth: number): void {
    if (this.residentTransaction !== transaction || this.openSavepoints <= depth) return;
    this.connection.control(`RELEASE ${savepointName(depth)}`);
    this.openSavepoints = depth;
  }

  private begin(): void {
    if (this.begun) return;
    this.connection.control('BEGIN');
    this.begun = true;
  }

  private resume(transaction: LaneTransaction): void {
    this.begin();
    this.connection.control('SAVEPOINT resident');
    this.residentTransaction = transaction;
    this.openSavepoints = 0;
    try {
      let next = 0;
      for (const savepoint of transaction.savepoints) {
        for (; next < savepoint.effects; next++) this.apply(transaction.effects[next] as Effect);
        this.connection.control(`SAVEPOINT ${savepointName(this.openSavepoints++)}`);
      }
      for (; next < transaction.effects.length; next++) this.apply(transaction.effects[next] as Effect);
      for (const { table, chunks } of transaction.landings.values()) {
        createLandingTable(this.connection, table);
        for (const chunk of chunks) landRows(this.connection, table, chunk);
        indexLandingTable(this.connection, table);
      }
    } catch (error) {
      this.park();
      throw error;
    }
  }

  /** Applies one effect of the resident. */
  apply(effect: Effect): void {
    let changes = 1;
    switch (effect.kind) {
      case 'insert':
        effect.table.insertStatement(effect.shard).run(effect.rowid, ...effect.values);
        break;
      case 'rows':
        ({ changes } = effect.table.insertRowsStatement(effect.shard).run(BigInt(effect.rowid), effect.bytes));
        assert(changes === effect.count, 'a portion of rows is as it was');
        return;
      case 'copied':
        ({ changes } = effect.table.insertNumberedRowsStatement(effect.shard).run(effect.bytes));
        assert(changes === effect.count, 'a portion of rows is as it was');
        return;
      case 'update':
        if (effect.changed.positions.length > 0) {
          ({ changes } = effect.table
            .updateStatement(effect.shard, effect.changed)
            .run(...effect.changed.positions.map((at) => effect.values[at]), effect.rowid));
        }
        break;
      case 'delete':
        ({ changes } = effect.table.deleteStatement(effect.shard).run(effect.rowid));
        break;
      case 'ddl':
        this.applyDdl(effect);
        break;
    }
    assert(changes === 1, 'a row that a parked transaction has locked is as it was');
  }
}

function savepointName(depth: number): string {
  return `user_${String(depth)}`;
}
