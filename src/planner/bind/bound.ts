/** What binding answers: a query or a mutation with what the session must know about it. */
import type { PgError } from '../../common/errors.js';
import type { Table } from '../../catalog/table.js';
import type { Expression, TypeRef } from '../../plan/expression.js';
import type { CteDefinition, LogicalNode, Mutation, OutputColumn } from '../../plan/logical.js';
import type { Origin, RowPlace } from './scope.js';

/** A result column as RowDescription shows it. */
export interface ResultOutput extends OutputColumn {
  /** The table column that it shows unchanged, if it is one. */
  readonly origin: Origin | undefined;
  /** OID of its collation, 0 where its type has none; undefined: none could be derived. For definitions only. */
  readonly collation?: number | undefined;
}

/** A table whose rows FOR UPDATE and its like lock. */
export interface RowLocking {
  readonly table: Table;
  readonly alias: string;
  readonly strength: 'keyShare' | 'share' | 'noKeyUpdate' | 'update';
  readonly wait: 'block' | 'skip' | 'nowait';
  /**
   * Columns of the plan, after the result columns, that hold shard number and _rowid of the row to lock; undefined for a clause inside a subquery, where the
   * executor must take the lane's snapshot as it is (no other writer runs while the lane evaluates a statement).
   */
  readonly row: RowPlace | undefined;
}

/** What carrying the statement out needs. */
export interface StatementNeeds {
  /** Some function is volatile: results cannot be cached, subplans not be run twice. */
  readonly volatile: boolean;
  /** nextval and the like: must run on the writer lane. */
  readonly needsWriter: boolean;
  /** Calls that the session computes (advisory locks, pg_backend_pid, ...). */
  readonly bySession: boolean;
  /** The role of the statement may not run it: what running it fails with. */
  readonly denied?: PgError;
}

/** A WITH query of a statement some of whose WITH queries change data, in the order in which they stand. */
export type BoundStep =
  | { readonly kind: 'read'; readonly definition: CteDefinition }
  | { readonly kind: 'write'; readonly id: number; readonly mutation: Mutation };

export interface BoundQuery {
  readonly kind: 'query';
  /** Set when a WITH query changes data. */
  readonly steps?: readonly BoundStep[];
  readonly plan: LogicalNode;
  /** The result; the plan may have further columns after these (row locking). */
  readonly columns: readonly ResultOutput[];
  readonly parameterTypes: readonly TypeRef[];
  readonly locking: readonly RowLocking[];
  /** The only table and the columns of the plan, after the result columns, that tell where each row is (context.placesRows). */
  readonly place?: { readonly table: Table; readonly row: RowPlace } | undefined;
  readonly needs: StatementNeeds;
}

export interface BoundMutation {
  readonly kind: 'mutation';
  /** Set when a WITH query changes data. */
  readonly steps?: readonly BoundStep[];
  readonly mutation: Mutation;
  /** Columns of RETURNING; undefined without it. */
  readonly columns: readonly ResultOutput[] | undefined;
  readonly parameterTypes: readonly TypeRef[];
  readonly needs: StatementNeeds;
}

/** An expression bound by itself over a table's columns, one per table column in the order of `Table.columns`. */
export interface BoundExpression {
  readonly expression: Expression;
  readonly columns: readonly OutputColumn[];
  /** As of a result column. */
  readonly collation: number | undefined;
  readonly needs: StatementNeeds;
}
