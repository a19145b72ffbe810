/** What keeps the rows of a table apart, as statements see it: unique indexes (lane-catalog) and exclusion constraints (exclusion-index). */
import type { Column, Index, Table } from '../../catalog/table.js';
import type { SqlValue } from '../../types/value.js';
import type { Connection } from '../files/connection.js';

/** A set of column positions, with a key for statement caches. */
export interface ColumnSet {
  readonly positions: readonly number[];
  readonly key: string;
  readonly members: ReadonlySet<number>;
}

export interface RowPlace {
  readonly shard: number;
  readonly rowid: number;
}

/** What keeps rows apart: a unique index, or an exclusion constraint. */
export interface KeyedIndex {
  readonly index: Index;
  /** Positions of the columns when there are columns only, compared as they are. */
  readonly positions: readonly number[] | undefined;
  /** SQLite's own index does not enforce it. */
  readonly isLookedUp: boolean;
  /** Whether a change of these columns can change the key. */
  touches(change: ColumnSet): boolean;
  /** Key of a row; undefined where it is in nobody's way. */
  keyOf(values: readonly SqlValue[]): readonly SqlValue[] | undefined;
  /** A row in the way, on a shard. */
  find(shard: number, key: readonly SqlValue[]): number | undefined;
  /** A row in the way: on the key's own shard, or wherever it may be. */
  findAnywhere(shard: number, key: readonly SqlValue[]): RowPlace | undefined;
  /** Another row than this one in the way. */
  other(shard: number, rowid: number, key: readonly SqlValue[]): RowPlace | undefined;
  /** What those who write such keys wait for. */
  lockKey(key: readonly SqlValue[]): string;
}

/** The table of an index, as far as the index asks. */
export interface IndexedTable {
  readonly table: Table;
  readonly columns: readonly Column[];
  readonly shards: number;
  readonly connection: Connection;
  position(attribute: number): number;
  qualifiedName(shard: number): string;
}

/** A text that is equal for equal values: integers and equal floats alike. */
export function encodeKeyPart(value: SqlValue): string {
  if (value === null) return '0;';
  if (typeof value === 'string') return `s${String(value.length)}:${value};`;
  if (typeof value === 'object') return `b${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex')};`;
  return `n${String(value)};`;
}
