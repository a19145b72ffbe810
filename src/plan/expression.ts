/**
 * Typed expressions: what the binder makes and every later step reads. Nodes are immutable; `kind` unions are exhaustive.
 * Every expression knows its PostgreSQL type. Columns are named by ids that are unique in one plan, so that a tree can be moved without renaming;
 * a column id that no node below produces is a correlated reference to an enclosing query.
 */
import type { AggregateFunction, OperatorEntry, ScalarFunction, SetFunction, WindowFunction } from '../functions/function.js';
import type { SqlValue } from '../types/value.js';
import type { LogicalNode } from './logical.js';

/** Unique in one plan. */
export type ColumnId = number & { readonly brand: 'ColumnId' };

export interface TypeRef {
  readonly oid: number;
  /** -1 where there is none. */
  readonly typmod: number;
  /** The domain that the value is known to be of; `oid` and `typmod` are then of the type that the domain is over in the end. */
  readonly domain?: number;
}

interface Node {
  readonly type: TypeRef;
}

/** A constant: a physical value of its type. An untyped NULL has type unknown until it is coerced. */
export interface Const extends Node {
  readonly kind: 'const';
  readonly value: SqlValue;
}
/** $n of the extended protocol or of PREPARE; bound as a physical value of its type. index is 1-based. */
export interface Param extends Node {
  readonly kind: 'param';
  readonly index: number;
}
export interface ColumnRef extends Node {
  readonly kind: 'column';
  readonly id: ColumnId;
  /** For messages and EXPLAIN only. */
  readonly name: string;
}
/**
 * Says of a call that it is one of the database's own functions which the session carries out, statement by statement, because its body cannot be bound into the
 * calling statement. Calls of one `site` are one call, of which each node shows one result.
 */
export interface RoutineUse {
  readonly oid: number;
  /** Unique in the statement. */
  readonly site: number;
  /** Types of the results: one value, or the fields of a row. */
  readonly outputs: readonly TypeRef[];
  /** The result is one value, be it a composite; else each output is a result. */
  readonly whole: boolean;
  /** Of several results: which; 'present': whether there is a row at all. */
  readonly output?: number | 'present';
}
/** A function or operator call; `operator` is set when it was written (or resolved) as one. */
export interface Call extends Node {
  readonly kind: 'call';
  readonly function: ScalarFunction;
  readonly operator?: OperatorEntry;
  readonly args: readonly Expression[];
  /** A variadic "any" function was called with VARIADIC array: the last argument is the array. */
  readonly variadicArray?: true;
  readonly routine?: RoutineUse;
}
/** A change of type: `domain` checks the value against the domain in `type`, `binary` relabels, `io` goes through text, `function` calls (arrays: element-wise). Typmod coercion is part of it when type.typmod >= 0. */
export interface Cast extends Node {
  readonly kind: 'cast';
  readonly method: 'binary' | 'io' | 'function' | 'array' | 'typmod' | 'domain';
  readonly function?: ScalarFunction;
  readonly argument: Expression;
  readonly explicit: boolean;
  /** COLLATE: the value as it is (binary), of this collation (its OID; 0: a parameter of a function, of the default one). Gone once collations are derived (planner/bind/collation). */
  readonly collation?: number;
}
export interface Logical extends Node {
  readonly kind: 'and' | 'or';
  readonly args: readonly Expression[];
}
export interface Not extends Node {
  readonly kind: 'not';
  readonly argument: Expression;
}
export interface NullTest extends Node {
  readonly kind: 'isNull';
  readonly argument: Expression;
  readonly negated: boolean;
  /** A composite is tested as a value, not field by field: a field of a row that is tested. */
  readonly plain?: true;
}
export interface BooleanTest extends Node {
  readonly kind: 'isBoolean';
  readonly argument: Expression;
  readonly test: 'true' | 'false' | 'unknown';
  readonly negated: boolean;
}
/** IS [NOT] DISTINCT FROM, by the equality operator of the (common) type. */
export interface DistinctTest extends Node {
  readonly kind: 'isDistinct';
  readonly left: Expression;
  readonly right: Expression;
  readonly negated: boolean;
}
/** CASE, always in searched form (the binder expands `CASE x WHEN`). */
export interface Case extends Node {
  readonly kind: 'case';
  readonly branches: readonly { readonly when: Expression; readonly then: Expression }[];
  readonly otherwise: Expression;
}
/** nullif: the first argument is compared with the second by `operator`. */
export interface Conditional extends Node {
  readonly kind: 'coalesce' | 'greatest' | 'least' | 'nullif';
  readonly args: readonly Expression[];
  readonly operator?: OperatorEntry;
}
/** `left op ANY|ALL (list)` where the list is given by expressions (IN lists) — element types equal the operator's right type. */
export interface InList extends Node {
  readonly kind: 'inList';
  readonly left: Expression;
  readonly operator: OperatorEntry;
  readonly quantifier: 'any' | 'all';
  readonly list: readonly Expression[];
}
/** `left op ANY|ALL (array)`. */
export interface ArrayComparison extends Node {
  readonly kind: 'arrayComparison';
  readonly left: Expression;
  readonly operator: OperatorEntry;
  readonly quantifier: 'any' | 'all';
  readonly array: Expression;
}
/**
 * A subquery in an expression. scalar: the single column of at most one row (21000 otherwise). exists. array: ARRAY(...).
 * any / all: `tests` compare left expressions with the subquery's columns by operators, combined by AND for `=`; row comparisons are lists.
 */
export interface Subquery extends Node {
  readonly kind: 'subquery';
  readonly mode: 'scalar' | 'exists' | 'array' | 'any' | 'all';
  readonly plan: LogicalNode;
  readonly tests: readonly { readonly left: Expression; readonly operator: OperatorEntry; readonly column: ColumnRef }[];
}
export interface ArrayConstructor extends Node {
  readonly kind: 'array';
  readonly elements: readonly Expression[];
}
export interface Subscript extends Node {
  readonly kind: 'subscript';
  readonly array: Expression;
  readonly subscripts: readonly { readonly lower?: Expression | undefined; readonly upper?: Expression | undefined; readonly slice: boolean }[];
}
/** ROW(...) as a value (type record): output and comparison only. */
export interface RowConstructor extends Node {
  readonly kind: 'row';
  readonly fields: readonly Expression[];
  /** Names of the fields of a whole-row reference (row_to_json and the like need them); f1, f2, ... when absent. */
  readonly names?: readonly string[];
  /** NULL when the row that a whole-row reference means is not there (an outer join has extended the other side): the value is NULL then. */
  readonly present?: Expression;
}

export type Expression =
  | Const
  | Param
  | ColumnRef
  | Call
  | Cast
  | Logical
  | Not
  | NullTest
  | BooleanTest
  | DistinctTest
  | Case
  | Conditional
  | InList
  | ArrayComparison
  | Subquery
  | ArrayConstructor
  | Subscript
  | RowConstructor;

export interface SortKey {
  readonly expression: Expression;
  readonly descending: boolean;
  readonly nullsFirst: boolean;
}

/** One aggregate of an Aggregate node, or an aggregate used as a window function. */
export interface AggregateCall {
  readonly function: AggregateFunction;
  readonly args: readonly Expression[];
  readonly distinct: boolean;
  readonly filter?: Expression;
  readonly orderBy: readonly SortKey[];
  /** WITHIN GROUP (ORDER BY ...): direct arguments are in `args`, the ordering in `orderBy`. */
  readonly withinGroup: boolean;
  readonly type: TypeRef;
}

export interface FrameBound {
  readonly kind: 'unboundedPreceding' | 'preceding' | 'currentRow' | 'following' | 'unboundedFollowing';
  readonly offset?: Expression;
}

export interface WindowCall {
  readonly function: WindowFunction | AggregateFunction;
  readonly args: readonly Expression[];
  readonly filter?: Expression;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly SortKey[];
  readonly frame: {
    readonly mode: 'rows' | 'range' | 'groups';
    readonly start: FrameBound;
    readonly end: FrameBound;
    readonly exclude: 'none' | 'currentRow' | 'group' | 'ties';
  };
  readonly type: TypeRef;
}

export interface SetCall {
  readonly function: SetFunction;
  readonly args: readonly Expression[];
  /** Types of the call's output columns, polymorphic ones resolved. */
  readonly columnTypes?: readonly TypeRef[];
  /** A variadic "any" function was called with VARIADIC array: the last argument is the array. */
  readonly variadicArray?: true;
  readonly routine?: RoutineUse;
}
