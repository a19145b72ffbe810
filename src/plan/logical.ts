/**
 * Logical plan: relational operators over typed expressions, made by planner/bind, improved by planner/logical, split by planner/distributed.
 * Every operator lists its output columns; ids are unique in the plan, names are for people.
 */
import type { Table } from '../catalog/table.js';
import type { AggregateCall, ColumnId, Expression, SetCall, SortKey, TypeRef, WindowCall } from './expression.js';

export interface OutputColumn {
  readonly id: ColumnId;
  readonly name: string;
  readonly type: TypeRef;
}

interface Operator {
  readonly columns: readonly OutputColumn[];
}

/** A base table. `source` maps each output column to the table's column (by attribute number; 0 = the hidden _rowid, -1 = shard number). */
export interface Scan extends Operator {
  readonly kind: 'scan';
  readonly table: Table;
  readonly alias: string;
  readonly source: readonly number[];
}
/** A pg_catalog / information_schema relation, held in the front end's in-memory catalog image: always `single`. */
export interface CatalogScan extends Operator {
  readonly kind: 'catalogScan';
  readonly relation: string;
  readonly alias: string;
  /** Column names in the image, one per output column. */
  readonly source: readonly string[];
}
export interface Values extends Operator {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
}
/** Set-returning functions in FROM: one call (or several zipped by ROWS FROM); the last column is the ordinality if asked for. Arguments may be lateral. */
export interface FunctionScan extends Operator {
  readonly kind: 'functionScan';
  readonly calls: readonly SetCall[];
  readonly ordinality: boolean;
}
export interface Filter extends Operator {
  readonly kind: 'filter';
  readonly input: LogicalNode;
  readonly predicate: Expression;
}
/** columns[i] = expressions[i]; `sets` lists set-returning calls of a select list (ProjectSet), whose outputs are columns by id. */
export interface Project extends Operator {
  readonly kind: 'project';
  readonly input: LogicalNode;
  readonly expressions: readonly Expression[];
}
/**
 * Set-returning functions in a select list: for each input row, zips the sets (shorter ones padded with NULL). Output = input's columns + one per call, or several for
 * a call with `ids` (a function with several output columns, e.g. json_each).
 */
export interface ProjectSet extends Operator {
  readonly kind: 'projectSet';
  readonly input: LogicalNode;
  readonly calls: readonly { readonly id: ColumnId; readonly call: SetCall; readonly ids?: readonly ColumnId[] }[];
}
/** semi / anti: output is the left side's columns. lateral: the right side refers to columns of the left. */
export interface Join extends Operator {
  readonly kind: 'join';
  readonly type: 'inner' | 'left' | 'right' | 'full' | 'semi' | 'anti';
  readonly left: LogicalNode;
  readonly right: LogicalNode;
  /** undefined: cross join. */
  readonly on: Expression | undefined;
  readonly lateral: boolean;
}
/**
 * Output = group columns (ids of `groups`), then aggregates. `sets` present: grouping sets as lists of indexes into `groups`; columns that are not in a set are NULL in its
 * rows; `grouping` columns give the GROUPING() bit masks.
 */
export interface Aggregate extends Operator {
  readonly kind: 'aggregate';
  readonly input: LogicalNode;
  readonly groups: readonly { readonly id: ColumnId; readonly expression: Expression }[];
  readonly sets?: readonly (readonly number[])[];
  readonly grouping?: readonly { readonly id: ColumnId; readonly args: readonly number[] }[];
  readonly aggregates: readonly { readonly id: ColumnId; readonly call: AggregateCall }[];
}
/** Output = input's columns + one per window call. */
export interface Window extends Operator {
  readonly kind: 'window';
  readonly input: LogicalNode;
  readonly calls: readonly { readonly id: ColumnId; readonly call: WindowCall }[];
}
export interface Sort extends Operator {
  readonly kind: 'sort';
  readonly input: LogicalNode;
  readonly keys: readonly SortKey[];
}
/** count undefined = ALL. withTies: the input is a Sort. */
export interface Limit extends Operator {
  readonly kind: 'limit';
  readonly input: LogicalNode;
  readonly count: Expression | undefined;
  readonly offset: Expression | undefined;
  readonly withTies: boolean;
}
/** on undefined: over all columns. With `on`: the first row of each group in the order of the Sort below. */
export interface Distinct extends Operator {
  readonly kind: 'distinct';
  readonly input: LogicalNode;
  readonly on: readonly Expression[] | undefined;
}
/** Output columns correspond by position to those of both inputs, whose types are already equal. */
export interface SetOperation extends Operator {
  readonly kind: 'setOperation';
  readonly type: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  readonly left: LogicalNode;
  readonly right: LogicalNode;
}
/** A common table expression read by id; columns correspond by position to the definition's. */
export interface CteScan extends Operator {
  readonly kind: 'cteScan';
  readonly cte: number;
  readonly name: string;
}
export interface CteDefinition {
  readonly id: number;
  readonly name: string;
  readonly plan: LogicalNode;
  /** recursive: `plan` is the non-recursive term, this one refers to the cte by CteScan. */
  readonly recursive?: { readonly term: LogicalNode; readonly all: boolean };
  readonly materialized: boolean | undefined;
}
/** A leaf made by planner/distributed: reads the landing table of an exchange. `representations[i]`: scale of a decimal column, undefined for the type's ordinary physical form. */
export interface Landed extends Operator {
  readonly kind: 'landed';
  readonly table: string;
  /** Set when every shard (or partition) of that group has its own landing table `<table>_<schema name of the shard>`: written with a hole for the shard. */
  readonly group?: number;
  /** Physical column names in the landing table. */
  readonly source: readonly string[];
  readonly scales: readonly (number | undefined)[];
}
export interface With extends Operator {
  readonly kind: 'with';
  readonly ctes: readonly CteDefinition[];
  readonly body: LogicalNode;
}

export type LogicalNode =
  | Scan
  | CatalogScan
  | Values
  | FunctionScan
  | Filter
  | Project
  | ProjectSet
  | Join
  | Aggregate
  | Window
  | Sort
  | Limit
  | Distinct
  | SetOperation
  | CteScan
  | Landed
  | With;

/** What MERGE does with a row, by number. */
export const mergeActions = ['insert', 'update', 'delete'] as const;

/** What ON CONFLICT DO UPDATE does with the row in the way, by number: WHERE may leave it alone, and it must stay in its partition. */
export const conflictOutcome = { leave: 0, update: 1, refuse: 2 } as const;

/**
 * A bound data-changing statement. The source yields the rows to write; the writer lane applies them.
 * insert: source columns = all table columns in attribute order (defaults, generated columns and casts to the column type already applied, as expressions).
 * update: source columns = [shard (-1), _rowid (0), then every column's new value in attribute order]; duplicates of one row: the first wins.
 * delete: source columns = [shard (-1), _rowid (0), every column's old value].
 * merge: source columns = [action (index in `mergeActions`), shard (-1), _rowid (0), every column's value]; a row that is written twice is an error.
 */
export interface Mutation {
  readonly kind: 'insert' | 'update' | 'delete' | 'merge';
  readonly table: Table;
  /** The table stands for a view whose triggers do the writing. */
  readonly insteadOf?: true;
  readonly source: LogicalNode;
  /** Attribute numbers that an UPDATE assigns. */
  readonly assigned: readonly number[];
  /** Of MERGE: what its clauses do. */
  readonly actions?: readonly (typeof mergeActions)[number][];
  readonly onConflict?: OnConflict;
  /** RETURNING: expressions over `row` columns (new row; for delete the old one) and, for UPDATE FROM / DELETE USING, over `extra` source columns. */
  readonly returning?: { readonly columns: readonly OutputColumn[]; readonly expressions: readonly Expression[] };
  /** Column ids that stand for the written row in `returning`, `checks` and ON CONFLICT: one per table column in attribute order. */
  readonly row: readonly OutputColumn[];
  /** Further source columns (after the table's) that RETURNING refers to. */
  readonly extra: readonly OutputColumn[];
  /** Conditions over `row`; a row for which one is false (of a view: not true) is refused. */
  readonly checks: readonly { readonly failure: CheckFailure; readonly expression: Expression }[];
  /** Of an UPDATE or MERGE of a table with triggers: which of `extra` are the row's values before. */
  readonly before?: readonly OutputColumn[];
  /** Of a table with triggers: its generated columns, over `row`. */
  readonly generated?: readonly { readonly attribute: number; readonly expression: Expression }[];
  /** Tables whose rows referential actions may change on the way. */
  readonly followers?: readonly Follower[];
  /** The same for each table that inherits from the named one. All sources are read before any row is written. */
  readonly inheritors?: readonly Mutation[];
}
/** A table whose rows follow changes of those that they refer to. */
export interface Follower {
  readonly table: Table;
  /** Column ids that stand for the changed row. */
  readonly row: readonly OutputColumn[];
  readonly checks: Mutation['checks'];
  /** Over `row`. */
  readonly generated: readonly { readonly attribute: number; readonly expression: Expression }[];
  /** What SET DEFAULT sets. */
  readonly defaults: readonly { readonly attribute: number; readonly expression: Expression }[];
}
/** What is wrong with a row that a mutation's check refuses. */
export type CheckFailure =
  /** A CHECK constraint: 23514. `relation`: the partition that has it. */
  | { readonly kind: 'check'; readonly name: string; readonly relation?: string }
  /** NOT NULL of a partition alone: 23502. */
  | { readonly kind: 'notNull'; readonly column: string }
  /** Row-level security: 42501. `policy`: the restrictive one. */
  | { readonly kind: 'policy'; readonly relation: string; readonly policy?: string }
  /** A view WITH CHECK OPTION: 44000. */
  | { readonly kind: 'view'; readonly name: string }
  /** A row written to a partition is outside of its bound: 23514. */
  | { readonly kind: 'partition'; readonly relation: string }
  /** A partitioned relation has no partition for the row: 23514. `attribute`: the key's column, or 0 for an expression. */
  | { readonly kind: 'noPartition'; readonly relation: string; readonly keys: readonly { readonly text: string; readonly attribute: number }[] };
export interface OnConflict {
  /** Name of the arbiter unique index; undefined: any (DO NOTHING without target). */
  readonly index: string | undefined;
  /** report: nothing is written, the result tells which row is in the way. */
  readonly action: 'nothing' | 'update' | 'report';
  /** For update: assignments over `row` (the existing row) and `excluded` (the proposed one). */
  readonly assignments: readonly { readonly attribute: number; readonly expression: Expression }[];
  readonly where?: Expression;
  /** Of a partitioned table: whether the updated row stays in its partition. */
  readonly stays?: Expression;
  /** Column ids that stand for EXCLUDED, one per table column. */
  readonly excluded: readonly OutputColumn[];
}
