/**
 * What clients have seen of a run: transactions with their reads and writes, as test/torture/history/record.ts writes them down and checker.ts judges them.
 * Every value is written once. A **list** key holds all values ever appended; a **register** key holds one value, and each write tells which one it has replaced.
 */

export type Level = 'read committed' | 'repeatable read' | 'serializable';

export type Operation =
  | { readonly kind: 'append'; readonly key: number; readonly value: number; readonly at: Interval }
  /** previous: the value that was replaced; 0: none. */
  | { readonly kind: 'write'; readonly key: number; readonly value: number; readonly previous: number; readonly at: Interval }
  /** One statement. `seen`: of each key the list, or the register's value as a list of one; empty when there is no such row. */
  | { readonly kind: 'read'; readonly seen: ReadonlyMap<number, readonly number[]>; readonly at: Interval };

/** When a call was sent and when its answer came, on the recorder's clock. */
export interface Interval {
  readonly sent: number;
  readonly answered: number;
}

export interface Transaction {
  readonly id: number;
  readonly session: number;
  readonly committed: boolean;
  /** What it has done and not taken back. */
  readonly operations: readonly Operation[];
  /** Values that it has written and taken back (ROLLBACK TO): nobody else may ever see them. */
  readonly undone: readonly number[];
  /** From its first statement to the answer to its COMMIT or ROLLBACK. */
  readonly at: Interval;
}

export interface History {
  readonly workload: 'list' | 'register';
  readonly level: Level;
  readonly transactions: readonly Transaction[];
  /** All keys, read when everybody had ended. */
  readonly final: ReadonlyMap<number, readonly number[]>;
}

export interface Anomaly {
  /** As in Adya's thesis and Elle: G0, G1a, G1b, G1c, G-single, G2; beside them `internal` (a transaction does not see its own writes), `lost` and `stale`. */
  readonly kind: 'G0' | 'G1a' | 'G1b' | 'G1c' | 'G-single' | 'G2' | 'internal' | 'lost' | 'incompatible' | 'stale' | 'fractured';
  readonly text: string;
}
