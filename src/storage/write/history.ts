/**
 * What recent commits changed, for REPEATABLE READ and SERIALIZABLE. A write to a row that was changed after the transaction's snapshot fails with 40001; a read on the
 * writer connection sees the snapshot, because the changes of later commits are undone for its duration (write/snapshot-view). Rows are remembered in two
 * generations of bounded size; a snapshot older than both counts every row as changed. Undo is only kept while such snapshots are held; what is under way when the first
 * of them is taken has its old rows looked up then (writer-lane).
 */
import { PgError } from '../../common/errors.js';
import { rowLockKey } from './lock-table.js';
import { type Effect, type InsertedRows, insertsOf, type LaneTransaction } from './transaction.js';

const rowsPerGeneration = 200_000;
const undoEffectsMax = 500_000;

/** A row effect of a commit, to be undone. */
export type RowEffect = Exclude<Effect, { readonly kind: 'ddl' | 'rows' | 'copied' }>;

/** A state of the data that somebody goes on reading while others commit. */
export interface LastingSnapshot {
  readonly snapshotSequence: number;
}

interface UndoEntry {
  readonly sequence: number;
  readonly effect: RowEffect;
}

export class CommitHistory {
  private current = new Map<string, number>();
  private previous = new Map<string, number>();
  /** Commits up to this sequence are no longer remembered by row. */
  private forgotten = 0;
  private currentStart = 0;
  private readonly tables = new Map<number, number>();
  /** Tables with a change that cannot be undone, by the sequence of the commit. */
  private readonly opaque = new Map<number, number>();
  private readonly snapshots = new Set<LastingSnapshot>();
  private undo: UndoEntry[] = [];
  /** Undo of commits up to this sequence was given up for its size. */
  private undoForgotten = 0;

  /** Whether statements must keep the rows that they change as they were. */
  get recording(): boolean {
    return this.snapshots.size > 0;
  }

  /** Keeps what is needed to read the snapshot: one of this moment, or one that is held already by another. */
  hold(snapshot: LastingSnapshot): void {
    this.snapshots.add(snapshot);
  }

  letGo(snapshot: LastingSnapshot): void {
    if (!this.snapshots.delete(snapshot)) return;
    if (this.snapshots.size === 0) {
      this.undo = [];
      return;
    }
    let oldest = Infinity;
    for (const open of this.snapshots) oldest = Math.min(oldest, open.snapshotSequence);
    const keep = this.undo.findIndex((entry) => entry.sequence > oldest);
    if (keep > 10_000 || keep < 0) this.undo = keep < 0 ? [] : this.undo.slice(keep);
  }

  /** A committed row effect. */
  note(effect: RowEffect, key: string, sequence: number): void {
    const { oid } = effect.table;
    this.tables.set(oid, sequence);
    if (effect.kind !== 'insert') this.noteRow(key, sequence);
    if (this.snapshots.size === 0) return;
    // Who comes upon a new row although the snapshot does not show it (ON CONFLICT, referential actions) must not change it.
    if (effect.kind === 'insert') this.noteRow(key, sequence);
    if (effect.kind !== 'insert' && effect.before === undefined) this.opaque.set(oid, sequence);
    if (this.undo.length >= undoEffectsMax) {
      this.undo = [];
      this.undoForgotten = sequence;
    }
    this.undo.push({ sequence, effect });
  }

  /** Committed rows of a bulk load: looked at one by one only while somebody may not see them. */
  noteRows(rows: InsertedRows, sequence: number): void {
    const { oid } = rows.table;
    this.tables.set(oid, sequence);
    if (this.snapshots.size === 0) return;
    for (const effect of insertsOf(rows)) this.note(effect, rowLockKey(oid, effect.shard, effect.rowid), sequence);
  }

  /** DDL has changed a table. */
  noteOpaque(oid: number, sequence: number): void {
    this.tables.set(oid, sequence);
    this.opaque.set(oid, sequence);
  }

  rowChangedSince(key: string, sequence: number): boolean {
    return sequence < this.forgotten || (this.current.get(key) ?? 0) > sequence || (this.previous.get(key) ?? 0) > sequence;
  }

  /** Whether rows have numbers, or shards, that they did not have then. */
  tableIsOpaqueSince(oid: number, sequence: number): boolean {
    return (this.opaque.get(oid) ?? 0) > sequence;
  }

  tableChangedSince(oid: number, sequence: number): boolean {
    return (this.tables.get(oid) ?? 0) > sequence;
  }

  /** The effects on these tables since the transaction's snapshot, latest first. 40001 where they are not known. */
  undoFor(transaction: LaneTransaction, tables: ReadonlySet<number>): readonly RowEffect[] {
    const { snapshotSequence } = transaction;
    let changed = false;
    for (const oid of tables) {
      if (!this.tableChangedSince(oid, snapshotSequence)) continue;
      changed = true;
      if (snapshotSequence < this.undoForgotten || this.tableIsOpaqueSince(oid, snapshotSequence)) throw serializationFailure();
    }
    if (!changed) return [];
    const effects: RowEffect[] = [];
    for (let at = this.undo.length - 1; at >= 0; at--) {
      const { sequence, effect } = this.undo[at] as UndoEntry;
      if (sequence <= snapshotSequence) break;
      if (tables.has(effect.table.oid)) effects.push(effect);
    }
    return effects;
  }

  private noteRow(key: string, sequence: number): void {
    if (this.current.size >= rowsPerGeneration) {
      this.forgotten = this.currentStart;
      this.previous = this.current;
      this.current = new Map();
      this.currentStart = sequence;
    }
    this.current.set(key, sequence);
  }
}

export function serializationFailure(): PgError {
  return new PgError('40001', 'could not serialize access due to concurrent update');
}
