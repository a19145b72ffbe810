/**
 * An open transaction of the lane: its effects in order (so that it can be parked and resumed), savepoints as marks in them, locks, landing tables, and the
 * catalog that its DDL has made.
 */
import { assert } from '../../common/errors.js';
import type { ServerCatalog } from '../../catalog/server-catalog.js';
import { RowReader } from '../../types/row-codec.js';
import type { DroppedFiles } from '../files/bootstrap.js';
import type { SqlValue } from '../../types/value.js';
import type { DdlStep, IsolationLevel, LandingTable, TaskContext } from '../ports.js';
import type { ColumnSet } from './keyed-index.js';
import type { LaneCatalog, TableRuntime } from './lane-catalog.js';
import { type HeldLock, isRowLockKey, type LockOwner, type Wait } from './lock-table.js';
import type { ConstraintEvent } from './constraint-checks.js';

export interface InsertEffect {
  readonly kind: 'insert';
  readonly table: TableRuntime;
  readonly shard: number;
  readonly rowid: number;
  readonly values: readonly SqlValue[];
}

/** New rows of one shard under consecutive numbers, as they were shipped: a bulk load never makes JavaScript values of them. */
export interface InsertedRows {
  readonly kind: 'rows';
  readonly table: TableRuntime;
  readonly shard: number;
  /** Of the first row. */
  readonly rowid: number;
  readonly count: number;
  /** Row-codec rows of the table's columns. */
  readonly bytes: Uint8Array;
}

/** Rows of a shard that is being split, for one of its parts, where they have the same numbers (write/split-parts). `shard`: the part's number in the table. */
export interface CopiedRows {
  readonly kind: 'copied';
  readonly table: TableRuntime;
  readonly shard: number;
  readonly count: number;
  /** Row-codec rows of _rowid and the table's columns. */
  readonly bytes: Uint8Array;
}

/** Each row for itself, for what has to look at rows: locks, history. */
export function* insertsOf(rows: InsertedRows): Generator<InsertEffect> {
  const { table, shard } = rows;
  let { rowid } = rows;
  for (const values of new RowReader(rows.bytes)) yield { kind: 'insert', table, shard, rowid: rowid++, values: table.bound(values) };
}

/** One effect, in the order of application. */
export type Effect =
  | InsertEffect
  | InsertedRows
  | CopiedRows
  | {
      readonly kind: 'update';
      readonly table: TableRuntime;
      readonly shard: number;
      readonly rowid: number;
      /** The whole row as it is now. */
      readonly values: readonly SqlValue[];
      readonly changed: ColumnSet;
      /** The row as it was, if something needed it. */
      readonly before: readonly SqlValue[] | undefined;
      /** Whether a unique key has changed, so that the lock is the strongest. */
      readonly keyChanged: boolean;
    }
  | { readonly kind: 'delete'; readonly table: TableRuntime; readonly shard: number; readonly rowid: number; readonly before: readonly SqlValue[] | undefined }
  | { readonly kind: 'ddl'; readonly step: DdlStep; readonly schema: string; readonly context: TaskContext };

/** What SET CONSTRAINTS has said in a transaction. */
export interface Deferral {
  /** ALL: undefined as the constraints were declared. */
  readonly all: boolean | undefined;
  /** By OID of the constraint. */
  readonly named: ReadonlyMap<number, boolean>;
}

export interface Savepoint {
  readonly name: string;
  /** Lengths of effects and locks when it was set. */
  readonly effects: number;
  readonly locks: number;
  /** The deferred checks, and how many they were. */
  readonly deferred: ConstraintEvent[];
  readonly deferredCount: number;
  readonly deferral: Deferral;
  readonly createdFiles: number;
  readonly sequencesBefore: number;
  readonly catalog: LaneCatalog | undefined;
  readonly server: ServerCatalog | undefined;
}

export interface Landing {
  readonly table: LandingTable;
  readonly chunks: Uint8Array[];
}

export class LaneTransaction implements LockOwner {
  readonly effects: Effect[] = [];
  /** Rows in the effects: what applying them again costs. */
  size = 0;
  /** Tables that effects are on, or were before a savepoint was rolled back to. */
  private readonly touched = new Set<number>();
  readonly savepoints: Savepoint[] = [];
  readonly held: HeldLock[] = [];
  readonly landings = new Map<string, Landing>();
  /** Checks that are due at commit. Appended to; replaced where some are taken away, so that a savepoint may go back to what it was. */
  deferred: ConstraintEvent[] = [];
  deferral: Deferral = { all: undefined, named: new Map() };
  readonly cursors = new Set<number>();
  waiting: Wait | undefined;
  readonly isSession = false;
  /** False: its commit is acknowledged before it is durable (synchronous_commit = off). */
  synchronous = true;
  /** Its commit is acknowledged once all replicas that are in sync show it (synchronous_commit = remote_apply). */
  untilApplied = false;
  /** Effects whose rows and keys are in the lock table already: the others' are put there when another transaction comes. */
  lockedEffects = 0;
  /** When its last statement ended. */
  lastActiveMs = 0;
  /** The catalog after this transaction's DDL. */
  catalog: LaneCatalog | undefined;
  /** What all databases share, as it will be after this transaction. */
  server: ServerCatalog | undefined;
  /** Files that this transaction has made. */
  readonly createdFiles: DroppedFiles[] = [];
  /** Tables that its DDL touches. */
  readonly ddlTables = new Set<number>();
  /** Sequences that its DDL has set, as they were before. */
  readonly sequencesBefore: (readonly [oid: number, before: { readonly lastValue: bigint; readonly isCalled: boolean } | undefined])[] = [];
  /** Tables that it has found to be, or made to stay, as its snapshot has them (serializable). LOCK TABLE alone does not look. */
  readonly settled = new Set<number>();
  /** Names of the snapshots that it has exported. */
  readonly exported: string[] = [];
  /** Its id (write/transaction-ids), once somebody has asked for it. */
  xid: number | undefined;
  private sequence: number | undefined;
  /** What its lasting snapshot shows of other transactions, as pg_snapshot. */
  visible: string | undefined;
  /** Set when the transaction is over or lost; every later call fails with it. */
  closed: Error | undefined;

  constructor(
    readonly lockId: number,
    readonly isolation: IsolationLevel,
    readonly readOnly: boolean,
    readonly autocommit: boolean,
    readonly context: TaskContext,
  ) {}

  /** Commit sequence of its snapshot (repeatable read, serializable), once it has one. */
  get snapshotSequence(): number {
    assert(this.sequence !== undefined, 'the transaction has a snapshot');
    return this.sequence;
  }

  /** From here on it reads this state of the data, in which the others' ids are as `visible` says. */
  hasSnapshot(sequence: number, visible: string): void {
    this.sequence = sequence;
    this.visible = visible;
  }

  /** Has its changes of these tables carry the rows as they were. The connection shows nothing of the transaction. */
  rememberBefore(isWanted: (table: TableRuntime) => boolean): void {
    for (const [at, effect] of this.effects.entries()) {
      if (effect.kind !== 'update' || effect.before !== undefined || !isWanted(effect.table)) continue;
      // (A row that is its own goes with the undoing of the insert.)
      this.effects[at] = { ...effect, before: effect.table.read(effect.shard, effect.rowid) ?? effect.values };
    }
  }

  get session(): number {
    return this.context.backendPid;
  }

  /** Whether it has locked rows. */
  get holdsRows(): boolean {
    return this.held.some(({ lock }) => isRowLockKey(lock.key));
  }

  add(effect: Effect): void {
    this.effects.push(effect);
    this.size += sizeOf(effect);
    if (effect.kind !== 'ddl') this.touched.add(effect.table.oid);
  }

  /** Forgets the effects from number `length` on. */
  cut(length: number): void {
    while (this.effects.length > length) this.size -= sizeOf(this.effects.pop() as Effect);
    this.lockedEffects = Math.min(this.lockedEffects, length);
  }

  /** Whether it sees these tables, or what else a statement about them may read, otherwise than others do. */
  hasTouched(tables: ReadonlySet<number>): boolean {
    if (this.catalog !== undefined || this.landings.size > 0) return true;
    if (this.touched.size === 0) return false;
    for (const oid of tables) if (this.touched.has(oid)) return true;
    return false;
  }
}

function sizeOf(effect: Effect): number {
  return effect.kind === 'rows' || effect.kind === 'copied' ? effect.count : 1;
}
