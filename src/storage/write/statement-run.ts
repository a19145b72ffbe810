/**
 * One writing statement on the stage: locks, applies and records row changes, and collects what foreign keys must look at once its rows are written.
 * Used by mutations (write/mutation), COPY, and the referential actions (write/foreign-keys).
 */
import { assert } from '../../common/errors.js';
import type { SqlValue } from '../../types/value.js';
import type { CatalogLookup } from '../../functions/function.js';
import type { RawStatement } from '../files/connection.js';
import { isSqliteError, toPgError, uniqueViolation } from '../sqlite-errors.js';
import type { FollowerTask, TaskContext } from '../ports.js';
import type { Audience } from './audience.js';
import { duplicateKey, keyViolation, notNullViolation } from './constraint-errors.js';
import { checkConstraints, type ConstraintEvent } from './constraint-checks.js';
import { type CommitHistory, type RowEffect, serializationFailure } from './history.js';
import { type ColumnSet, encodeKeyPart, type KeyedIndex } from './keyed-index.js';
import { type LaneCatalog, type TableRuntime } from './lane-catalog.js';
import { LockConflict, type LockMode, type LockTable, rowLockKey } from './lock-table.js';
import type { RowidAllocator } from './rowids.js';
import { RowSet } from './row-set.js';
import type { Stage } from './stage.js';
import { type Effect, insertsOf, type LaneTransaction } from './transaction.js';

/** What a statement shares with the lane. */
export interface LaneState {
  readonly locks: LockTable;
  readonly history: CommitHistory;
  readonly rowids: RowidAllocator;
  readonly stage: Stage;
  /** The catalog as the running transaction sees it. */
  readonly lookup: CatalogLookup;
}

/** A statement with more effects than these applies them as it goes. */
const lazyEffectsMax = 64;

export class StatementRun {
  readonly events: ConstraintEvent[] = [];
  /** Updates and deletions so far: rows of earlier events may have changed again. */
  rewrites = 0;
  /** Parents found by this statement, so that bulk inserts look each up once. */
  readonly knownParents = new Set<string>();
  /** What referential actions must know of tables that they change, by OID. */
  readonly followers = new Map<number, FollowerTask>();
  /** Attribute numbers of the columns that the statement gives values to. */
  written: readonly number[] = [];
  private readonly firstEffect: number;

  constructor(
    private readonly lane: LaneState,
    readonly transaction: LaneTransaction,
    readonly catalog: LaneCatalog,
    readonly context: TaskContext,
  ) {
    this.firstEffect = transaction.effects.length;
  }

  /** To whom errors are told. */
  get audience(): Audience {
    return { context: this.context, lookup: this.lane.lookup, written: this.written };
  }

  /** Before anything is looked up that the statement's own SQL does not name: the connection shows all that the transaction has done. */
  takeStage(): void {
    this.lane.stage.own(this.transaction);
  }

  /** Whether a change goes to SQLite at once: because it may fail there, or because the transaction is on the stage anyway. */
  private appliesNow(mayFail: boolean): boolean {
    const { stage } = this.lane;
    if (stage.resident === this.transaction) return true;
    if (!mayFail && this.transaction.effects.length - this.firstEffect < lazyEffectsMax) return false;
    stage.own(this.transaction);
    return true;
  }

  /** Of a statement in several steps: the rows of each table that steps have changed. */
  private changed: Map<number, RowSet> | undefined;

  /** From here on the statement's steps leave each other's rows alone. */
  shareChangedRows(): void {
    this.changed = new Map();
  }

  changedRows(tableOid: number): RowSet | undefined {
    if (this.changed === undefined) return undefined;
    let rows = this.changed.get(tableOid);
    if (rows === undefined) this.changed.set(tableOid, (rows = new RowSet()));
    return rows;
  }

  /** Takes a lock, or finds that another transaction has it: then the statement is undone, waits, and runs again. */
  lock(key: string, mode: LockMode): void {
    const { locks } = this.lane;
    const { transaction } = this;
    if (!locks.isAlone(transaction) && locks.isBlocked(transaction, key, mode)) throw new LockConflict(key, mode);
    if (!transaction.autocommit) locks.acquire(transaction, key, mode);
  }

  /** Finds out whether another transaction has the lock. Own effects are locked later, by lockEffects. */
  private probe(key: string, mode: LockMode): void {
    if (this.lane.locks.isBlocked(this.transaction, key, mode)) throw new LockConflict(key, mode);
  }

  /** Locks a row that is not changed (SELECT FOR UPDATE). */
  lockRow(table: TableRuntime, shard: number, rowid: number, mode: LockMode): void {
    this.lock(rowLockKey(table.oid, shard, rowid), mode);
    this.checkUnchanged(table, shard, rowid);
  }

  /** A row to be changed must be free, and as a repeatable snapshot has it. */
  private probeRow(table: TableRuntime, shard: number, rowid: number, mode: LockMode): void {
    if (!this.lane.locks.isAlone(this.transaction)) this.probe(rowLockKey(table.oid, shard, rowid), mode);
    this.checkUnchanged(table, shard, rowid);
  }

  /** 40001 for a row that a lasting snapshot does not show as it is now. */
  checkUnchanged(table: TableRuntime, shard: number, rowid: number): void {
    const { transaction, lane } = this;
    if (transaction.isolation === 'read committed') return;
    const { snapshotSequence } = transaction;
    if (lane.history.rowChangedSince(rowLockKey(table.oid, shard, rowid), snapshotSequence) || lane.history.tableIsOpaqueSince(table.oid, snapshotSequence))
      throw serializationFailure();
  }

  private probeKeys(table: TableRuntime, values: readonly SqlValue[], changed: ColumnSet | undefined): void {
    if (this.lane.locks.isAlone(this.transaction)) return;
    for (const index of table.uniqueIndexes) {
      if (changed !== undefined && !index.touches(changed)) continue;
      const key = index.keyOf(values);
      if (key !== undefined) this.probe(index.lockKey(key), 'update');
    }
  }

  checkNotNull(table: TableRuntime, values: readonly SqlValue[]): void {
    for (const position of table.notNull) if (values[position] === null) throw notNullViolation(table, position, values, this.audience);
  }

  insert(table: TableRuntime, shard: number, values: readonly SqlValue[]): number {
    this.probeKeys(table, values, undefined);
    const applies = this.appliesNow(table.uniqueIndexes.length > 0 || table.hasComputedIndex);
    const rowid = this.lane.rowids.allocate(table, shard);
    if (applies) this.apply(table, shard, values, undefined, table.insertStatement(shard), [rowid, ...values]);
    this.transaction.add({ kind: 'insert', table, shard, rowid, values });
    this.noteWritten(table, shard, rowid, values, undefined);
    return rowid;
  }

  /** Whether new rows of the table may be written without a look at each. */
  insertsAtOnce(table: TableRuntime): boolean {
    const { uniqueIndexes } = table;
    if (table.foreignKeys.length > 0 || uniqueIndexes.some((unique) => unique.isLookedUp || unique.index.deferral !== undefined)) return false;
    return uniqueIndexes.length === 0 || this.lane.locks.isAlone(this.transaction);
  }

  /**
   * New rows of one shard as they were shipped (row-codec rows of all columns), at once. False, and nothing is done, when they have to go one by one: because something
   * has to look at each, or to say which one is wrong.
   */
  insertRows(table: TableRuntime, shard: number, count: number, bytes: Uint8Array): boolean {
    if (!this.insertsAtOnce(table)) return false;
    if (table.notNull.length > 0 && table.nullsStatement.get(bytes) !== undefined) return false;
    this.takeStage();
    const rowid = this.lane.rowids.allocate(table, shard, count);
    try {
      const { changes } = table.insertRowsStatement(shard).run(BigInt(rowid), bytes);
      assert(changes === count, `a portion for ${table.table.name} has ${String(count)} rows`);
    } catch (error) {
      if (uniqueViolation(error) !== undefined) return false;
      throw toPgError(error);
    }
    this.transaction.add({ kind: 'rows', table, shard, rowid, count, bytes });
    return true;
  }

  /** `before` is read when something needs it and it is not given. */
  update(
    table: TableRuntime,
    shard: number,
    rowid: number,
    before: readonly SqlValue[] | undefined,
    values: readonly SqlValue[],
    changed: ColumnSet,
    newShard: number,
  ): number {
    const keyTouched = table.uniqueIndexes.some((index) => index.touches(changed)) || newShard !== shard;
    const old =
      before ??
      (this.lane.history.recording || keyTouched || table.referencedBy.some((foreign) => foreign.parentPositions.some((at) => changed.members.has(at)))
        ? table.read(shard, rowid)
        : undefined);
    const keyChanged = keyTouched && old !== undefined && table.uniqueIndexes.some((index) => indexKeyChanged(index, old, values));
    this.probeRow(table, shard, rowid, keyChanged || newShard !== shard ? 'update' : 'noKeyUpdate');
    if (keyChanged) this.probeKeys(table, values, changed);
    this.rewrites++;
    let current = rowid;
    const applies = this.appliesNow(keyTouched || table.hasComputedIndex);
    if (newShard === shard) {
      if (changed.positions.length > 0 && applies) {
        const parameters: unknown[] = changed.positions.map((at) => values[at]);
        parameters.push(rowid);
        this.apply(table, shard, values, rowid, table.updateStatement(shard, changed), parameters);
      }
      this.transaction.add({ kind: 'update', table, shard, rowid, values, changed, before: old, keyChanged });
    } else {
      this.apply(table, shard, values, rowid, table.deleteStatement(shard), [rowid]);
      this.transaction.add({ kind: 'delete', table, shard, rowid, before: old });
      current = this.lane.rowids.allocate(table, newShard);
      this.apply(table, newShard, values, undefined, table.insertStatement(newShard), [current, ...values]);
      this.transaction.add({ kind: 'insert', table, shard: newShard, rowid: current, values });
    }
    this.noteWritten(table, newShard, current, values, newShard === shard ? changed : undefined);
    if (old !== undefined) this.noteParent(table, old, values);
    return current;
  }

  delete(table: TableRuntime, shard: number, rowid: number, before: readonly SqlValue[]): void {
    this.probeRow(table, shard, rowid, 'update');
    this.rewrites++;
    if (this.appliesNow(table.hasComputedIndex)) this.apply(table, shard, before, rowid, table.deleteStatement(shard), [rowid]);
    this.transaction.add({ kind: 'delete', table, shard, rowid, before });
    this.noteParent(table, before, undefined);
  }

  /** At the statement's end: immediate foreign keys and deferrable keys are checked and acted upon, deferred ones are kept for the commit. */
  finish(): void {
    if (this.events.length === 0) return;
    this.takeStage();
    checkConstraints(this, this.events.splice(0), false);
  }

  private apply(
    table: TableRuntime,
    shard: number,
    values: readonly SqlValue[],
    rowid: number | undefined,
    statement: RawStatement,
    parameters: readonly unknown[],
  ): void {
    if (parameters.length > 1)
      for (const unique of table.uniqueIndexes)
        if (unique.isLookedUp && unique.index.deferral === undefined) this.checkByLookUp(table, shard, values, rowid, unique);
    let changes: number;
    try {
      ({ changes } = statement.run(...parameters));
    } catch (error) {
      throw this.applyError(table, shard, values, rowid, error);
    }
    assert(changes === 1, `row ${String(rowid)} of ${table.table.name} is there`);
  }

  /** What SQLite's own unique indexes do not see: exclusion constraints, NULLS NOT DISTINCT, and the other shards when the key does not decide the shard. */
  private checkByLookUp(table: TableRuntime, shard: number, values: readonly SqlValue[], rowid: number | undefined, unique: KeyedIndex): void {
    const key = unique.keyOf(values);
    const found = key === undefined ? undefined : unique.other(shard, rowid ?? -1, key);
    if (key !== undefined && found !== undefined) throw keyViolation(table, unique, values, key, found, this.audience);
  }

  private applyError(table: TableRuntime, shard: number, values: readonly SqlValue[], rowid: number | undefined, error: unknown): Error {
    const violation = uniqueViolation(error);
    if (violation === undefined) {
      if (isSqliteError(error) && error.code === 'SQLITE_CONSTRAINT_NOTNULL') {
        const position = table.notNull.find((at) => values[at] === null);
        if (position !== undefined) return notNullViolation(table, position, values, this.audience);
      }
      return toPgError(error);
    }
    const unique = table.uniqueIndexes.find((candidate) => {
      if ('index' in violation) return violation.index === `i${String(candidate.index.oid)}`;
      const key = candidate.keyOf(values);
      if (key === undefined) return false;
      const found = candidate.find(shard, key);
      return found !== undefined && found !== rowid;
    });
    return unique === undefined ? toPgError(error) : duplicateKey(table, unique.index, values, unique.keyOf(values) ?? [], this.audience);
  }

  /** What was written may have to be looked at. changed: undefined for a new row. */
  private noteWritten(table: TableRuntime, shard: number, rowid: number, values: readonly SqlValue[], changed: ColumnSet | undefined): void {
    for (const unique of table.uniqueIndexes) {
      if (unique.index.deferral === undefined || (changed !== undefined && !unique.touches(changed))) continue;
      const key = unique.keyOf(values);
      if (key !== undefined) this.note({ kind: 'key', table, unique, shard, rowid, key });
    }
    for (const foreign of table.foreignKeys) {
      if (changed !== undefined && !foreign.childPositions.some((at) => changed.members.has(at))) continue;
      this.note({ kind: 'child', foreign, shard, rowid, values, rewrites: this.rewrites });
    }
  }

  private noteParent(table: TableRuntime, before: readonly SqlValue[], after: readonly SqlValue[] | undefined): void {
    for (const foreign of table.referencedBy) {
      if (foreign.parentPositions.some((at) => before[at] === null)) continue;
      if (after !== undefined && foreign.parentPositions.every((at) => encodeKeyPart(before[at] as SqlValue) === encodeKeyPart(after[at] as SqlValue)))
        continue;
      this.note({ kind: 'parent', foreign, before, after });
    }
  }

  private note(event: ConstraintEvent): void {
    this.events.push(event);
  }
}

/**
 * Puts the rows and unique keys of a transaction's effects into the lock table. Done when another transaction is about to run: until then nobody could meet them,
 * and a transaction that runs alone (a bulk load) never pays for it.
 */
export function lockEffects(locks: LockTable, transaction: LaneTransaction): void {
  const { effects } = transaction;
  for (; transaction.lockedEffects < effects.length; transaction.lockedEffects++) {
    const effect = effects[transaction.lockedEffects] as Effect;
    if (effect.kind === 'ddl' || effect.kind === 'copied') continue;
    if (effect.kind !== 'rows') lockEffect(locks, transaction, effect);
    else if (effect.table.uniqueIndexes.length > 0) for (const insert of insertsOf(effect)) lockEffect(locks, transaction, insert);
  }
}

function lockEffect(locks: LockTable, transaction: LaneTransaction, effect: RowEffect): void {
  const { table, shard, rowid } = effect;
  if (effect.kind !== 'insert')
    locks.acquire(transaction, rowLockKey(table.oid, shard, rowid), effect.kind === 'delete' || effect.keyChanged ? 'update' : 'noKeyUpdate');
  if (effect.kind === 'update' && !effect.keyChanged) return;
  for (const index of table.uniqueIndexes) {
    const fresh = effect.kind === 'delete' ? undefined : index.keyOf(effect.values);
    const old = effect.kind === 'insert' || effect.before === undefined ? undefined : index.keyOf(effect.before);
    if (fresh !== undefined) locks.acquire(transaction, index.lockKey(fresh), 'update');
    if (old !== undefined) locks.acquire(transaction, index.lockKey(old), 'update');
  }
}

function indexKeyChanged(index: KeyedIndex, before: readonly SqlValue[], after: readonly SqlValue[]): boolean {
  if (index.positions !== undefined) return index.positions.some((at) => encodeKeyPart(before[at] as SqlValue) !== encodeKeyPart(after[at] as SqlValue));
  const old = index.keyOf(before);
  const fresh = index.keyOf(after);
  if (old === undefined || fresh === undefined) return old !== fresh;
  return old.some((part, at) => encodeKeyPart(part) !== encodeKeyPart(fresh[at] as SqlValue));
}
