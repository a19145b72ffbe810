/**
 * SQLite text of a fragment, as planner/sqlite writes it and executor/ sends it. The text has holes for the shard's schema name, so that one plan serves all shards.
 */
import type { SqlValue } from '../types/value.js';
import type { OutputColumn } from './logical.js';

/** Where a positional SQLite parameter's value comes from. */
export type ParameterSource =
  | { readonly kind: 'const'; readonly value: SqlValue }
  /** $index of the statement, a physical value of its type; scale: converted to a scaled integer of that scale (falls back is an error 'SH002': replan without it). */
  | { readonly kind: 'param'; readonly index: number; readonly scale?: number }
  /** The index of the shard that the fragment runs on. */
  | { readonly kind: 'shardIndex' };

export interface WrittenColumn {
  readonly column: OutputColumn;
  /** Digits after the point when the value is a scaled integer. */
  readonly scale: number | undefined;
}

export interface WrittenSql {
  /** Literal pieces; between pieces[i] and pieces[i+1] goes the schema name of the fragment's shard in colocation group holes[i]. */
  readonly pieces: readonly string[];
  readonly holes: readonly number[];
  /** Values of ?1, ?2, ... */
  readonly parameters: readonly ParameterSource[];
  readonly columns: readonly WrittenColumn[];
}
