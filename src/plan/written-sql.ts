/**
 * SQLite text of a fragment, as planner/sqlite writes it and executor/ sends it. The text has holes for the shard's schema name, so that one plan serves all shards.
 */
import type { SqlValue } from '../types/value.js';
import type { CheckFailure, OutputColumn } from './logical.js';

/** Where a positional SQLite parameter's value comes from. */
export type ParameterSource =
  | { readonly kind: 'const'; readonly value: SqlValue }
  /**
   * $index of the statement, a physical value of its type; scale: converted to a scaled integer of that scale (a value that is none is error 'SH002': the plan is
   * written again with `exactNumeric`). integer: must be bound as a bigint, since a JavaScript number would be a REAL to SQLite.
   */
  | { readonly kind: 'param'; readonly index: number; readonly scale?: number; readonly integer?: boolean }
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
  /**
   * The statement computes with scaled integers and raises SH002 where they do not suffice: then it must be written again with `exactNumeric`, and rows that it has
   * yielded are void. False: its rows can be passed on as they come.
   */
  readonly mayReplan: boolean;
}

/** A temporary table that a step of a statement fills. */
export interface StepLanding {
  readonly table: string;
  readonly columns: readonly string[];
  /** Declared SQLite types. */
  readonly types: readonly string[];
}

/** What a statement with WITH does before its main part, in order. */
export type WrittenStep =
  | { readonly kind: 'read'; readonly sql: WrittenSql; readonly landing: StepLanding }
  /** landing: of the RETURNING rows, when something reads them. */
  | { readonly kind: 'write'; readonly mutation: WrittenMutation; readonly landing: StepLanding | undefined };

/**
 * A data-changing statement as the writer lane needs it: the pieces of storage's MutationTask. Parameters of `update`, `check` and `returning` follow the fixed ones
 * that stand for the row's values (?1..?n, for ON CONFLICT ?1..?2n).
 */
/** A table whose rows referential actions may change: what is looked at and computed then. */
export interface WrittenFollower {
  readonly tableOid: number;
  readonly check?: NonNullable<WrittenMutation['check']>;
  /** The whole row with its generated columns, from the changed row ?1..?n. */
  readonly generated?: WrittenSql;
  /** A value for every column: its default where SET DEFAULT sets it, else NULL. */
  readonly defaults?: WrittenSql;
}

export interface WrittenMutation {
  readonly kind: 'insert' | 'update' | 'delete' | 'merge';
  readonly tableOid: number;
  /**
   * insert: [shard index, column values..., extra...]; update: [shard index, _rowid, new shard index, new column values..., extra...];
   * delete: [shard index, _rowid, old column values..., extra...];
   * merge: [index in mergeActions, shard index, _rowid, new shard index, column values...].
   */
  readonly source: WrittenSql;
  /** Of an insert: its rows come from a query, not from a short list. */
  readonly many?: true;
  readonly onConflict?: {
    readonly index: string | undefined;
    readonly action: 'nothing' | 'update' | 'report';
    /** [WHERE's value, full new row...] from the existing row ?1..?n and the excluded row ?n+1..?2n. */
    readonly update?: { readonly sql: WrittenSql; readonly assigned: readonly number[] };
  };
  /** One integer: 0 = fine, else the 1-based number of the CHECK that fails, from the written row ?1..?n. */
  readonly check?: { readonly sql: WrittenSql; readonly failures: readonly CheckFailure[] };
  /** The output row from the written row ?1..?n and the extra source values ?n+1... */
  readonly returning?: WrittenSql;
  /** RETURNING reads tables: as they were before the statement, so it is computed before any row is written. */
  readonly returningFirst?: true;
  readonly assigned: readonly number[];
  readonly followers?: readonly WrittenFollower[];
  /** The same for the tables that inherit from this one. */
  readonly inheritors?: readonly WrittenMutation[];
}
