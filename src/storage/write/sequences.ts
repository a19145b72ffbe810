/**
 * Sequences live in the lane's memory: nextval never blocks and never rolls back. Ranges are logged ahead (as PostgreSQL's 32 values), so that after a crash
 * values are skipped rather than given twice; a range reaches the log before, or in the batch of, any commit that could have used it.
 */
import type { Sequence } from '../../catalog/table.js';
import { PgError } from '../../common/errors.js';
import type { Connection } from '../files/connection.js';

const logAhead = 32n;

interface SequenceState {
  lastValue: bigint;
  isCalled: boolean;
  /** Values that are logged already and not yet given. */
  ahead: bigint;
}

export interface LoggedSequence {
  readonly oid: number;
  readonly lastValue: bigint;
  readonly isCalled: boolean;
}

export class Sequences {
  private readonly states = new Map<number, SequenceState>();
  private readonly unlogged = new Map<number, LoggedSequence | undefined>();

  constructor(private readonly connection: Connection) {
    // Now, and not when first asked for: nextval() runs inside a statement of this connection, which cannot run another one.
    for (const row of connection.prepare('SELECT oid, last_value, is_called FROM global._shoal_sequence', true).all()) {
      this.states.set(Number(row[0]), { lastValue: row[1] as bigint, isCalled: Number(row[2]) === 1, ahead: 0n });
    }
  }

  /** Whether the next batch must carry sequence records. */
  get dirty(): boolean {
    return this.unlogged.size > 0;
  }

  state(sequence: Pick<Sequence, 'oid' | 'start'>): { readonly lastValue: bigint; readonly isCalled: boolean; readonly ahead: bigint } {
    return this.load(sequence);
  }

  /** First of `count` values, `increment` apart. */
  next(sequence: Sequence, count: number): bigint {
    const state = this.load(sequence);
    const { increment, minValue, maxValue, cycle } = sequence;
    const ascending = increment > 0n;
    let first = state.isCalled ? state.lastValue + increment : state.lastValue;
    let last = first + increment * BigInt(count - 1);
    if (ascending ? last > maxValue : last < minValue) {
      if (!cycle) {
        throw ascending
          ? new PgError('2200H', `nextval: reached maximum value of sequence "${sequence.name}" (${String(maxValue)})`)
          : new PgError('2200H', `nextval: reached minimum value of sequence "${sequence.name}" (${String(minValue)})`);
      }
      first = ascending ? minValue : maxValue;
      last = first + increment * BigInt(count - 1);
    }
    state.lastValue = last;
    state.isCalled = true;
    state.ahead -= BigInt(count);
    if (state.ahead < 0n) {
      state.ahead = logAhead;
      let logged = last + increment * logAhead;
      if (logged > maxValue) logged = maxValue;
      if (logged < minValue) logged = minValue;
      this.unlogged.set(sequence.oid, { oid: sequence.oid, lastValue: logged, isCalled: true });
    }
    return first;
  }

  set(oid: number, lastValue: bigint, isCalled: boolean): void {
    this.states.set(oid, { lastValue, isCalled, ahead: 0n });
    this.unlogged.set(oid, { oid, lastValue, isCalled });
  }

  /** Checks setval's range. */
  static checkRange(sequence: Sequence, value: bigint): void {
    if (value < sequence.minValue || value > sequence.maxValue) {
      throw new PgError(
        '22003',
        `setval: value ${String(value)} is out of bounds for sequence "${sequence.name}" (${String(sequence.minValue)}..${String(sequence.maxValue)})`,
      );
    }
  }

  drop(oid: number): void {
    this.states.delete(oid);
    this.unlogged.set(oid, undefined);
  }

  /** The sequence as it was, for undoing a DDL step; undefined: not there. */
  snapshot(oid: number): { readonly lastValue: bigint; readonly isCalled: boolean } | undefined {
    const state = this.states.get(oid) ?? this.stored(oid);
    return state === undefined ? undefined : { lastValue: state.lastValue, isCalled: state.isCalled };
  }

  /** Before a clean stop: forgets the values logged ahead, so that none are skipped. */
  settle(): void {
    for (const [oid, state] of this.states) {
      if (state.ahead <= 0n) continue;
      state.ahead = 0n;
      this.unlogged.set(oid, { oid, lastValue: state.lastValue, isCalled: state.isCalled });
    }
  }

  /** What the next batch must say, by OID; undefined: dropped. Empties the list. */
  takeUnlogged(): ReadonlyMap<number, LoggedSequence | undefined> {
    const taken = new Map(this.unlogged);
    this.unlogged.clear();
    return taken;
  }

  /** Takes back what could not be logged. */
  untake(taken: ReadonlyMap<number, LoggedSequence | undefined>): void {
    for (const [oid, sequence] of taken) if (!this.unlogged.has(oid)) this.unlogged.set(oid, sequence);
  }

  /** Puts logged states into global.sqlite. */
  store(logged: ReadonlyMap<number, LoggedSequence | undefined>): void {
    for (const [oid, sequence] of logged) {
      if (sequence === undefined) this.connection.prepare('DELETE FROM global._shoal_sequence WHERE oid = ?', false).run(oid);
      else
        this.connection
          .prepare('INSERT OR REPLACE INTO global._shoal_sequence VALUES (?, ?, ?)', false)
          .run(oid, sequence.lastValue, sequence.isCalled ? 1 : 0);
    }
  }

  private load(sequence: Pick<Sequence, 'oid' | 'start'>): SequenceState {
    let state = this.states.get(sequence.oid);
    if (state === undefined) {
      const stored = this.stored(sequence.oid);
      state = { lastValue: stored?.lastValue ?? sequence.start, isCalled: stored?.isCalled ?? false, ahead: 0n };
      this.states.set(sequence.oid, state);
    }
    return state;
  }

  private stored(oid: number): { readonly lastValue: bigint; readonly isCalled: boolean } | undefined {
    const row = this.connection.prepare('SELECT last_value, is_called FROM global._shoal_sequence WHERE oid = ?', true).get(oid);
    return row === undefined ? undefined : { lastValue: row[0] as bigint, isCalled: Number(row[1]) === 1 };
  }
}
