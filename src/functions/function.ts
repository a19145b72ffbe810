/**
 * What one entry of the function registry says. One declaration serves the binder (signature), the SQLite writer (spelling),
 * constant folding, the functions registered on connections (kernel), distributed aggregation (partial / merge / final) and pg_proc.
 */
import type { ObjectNames, TypeContext } from '../types/value.js';

/**
 * What the functions about the catalog ask (pg_get_indexdef, to_regclass, ...). Present where a catalog is at hand; without it those functions answer 0A000,
 * or as PostgreSQL would for an object that does not exist.
 */
/** has_<kind>_privilege(role, object, [column,] privilege): names or OIDs. */
export interface PrivilegeQuestion {
  readonly kind:
    | 'table'
    | 'column'
    | 'any_column'
    | 'sequence'
    | 'database'
    | 'function'
    | 'language'
    | 'schema'
    | 'tablespace'
    | 'type'
    | 'foreign_data_wrapper'
    | 'server'
    | 'parameter';
  readonly role: string | number;
  readonly object: string | number;
  readonly column?: string | number;
  readonly privilege: string;
}

export interface CatalogLookup extends ObjectNames {
  /** The text that pg_get_<kind>def gives; null when there is no such object. `column` is pg_get_indexdef's column number, 0 for the whole. */
  readonly definition: (
    kind: 'constraint' | 'index' | 'view' | 'rule' | 'trigger' | 'function' | 'functionBody' | 'partitionKey' | 'partitionConstraint',
    oid: number,
    column: number,
    pretty: boolean,
  ) => string | null;
  /** pg_get_expr: a stored expression as it is shown. */
  readonly expression: (text: string, pretty: boolean) => string;
  /** The OID of a possibly qualified and quoted name, or null. */
  readonly resolve: (kind: 'class' | 'type' | 'procedure' | 'namespace' | 'role' | 'collation' | 'operator', name: string) => number | null;
  /** The name that an OID alias type shows, or null. */
  readonly nameOf: (kind: 'role', oid: number) => string | null;
  /** The answer of has_table_privilege() and its kin; null when there is no object with that OID. */
  readonly hasPrivilege: (question: PrivilegeQuestion) => boolean | null;
  /** pg_has_role(). */
  readonly hasRole: (member: string | number, role: string | number, privilege: string) => boolean;
  /** row_security_active(); null when there is no such table. */
  readonly rowSecurityActive: (table: string | number, user: string) => boolean | null;
  readonly isVisible: (kind: string, oid: number) => boolean | null;
  /** pg_get_serial_sequence. */
  readonly serialSequence: (table: string, column: string) => string | null;
  readonly relationExists: (oid: number) => boolean;
  /** pg_get_function_arguments and its kin; null when there is no such function. */
  readonly functionSignature: (oid: number, part: 'arguments' | 'identity' | 'result') => string | null;
}

/** What a kernel may know about the session that runs it. One mutable holder per connection, set before each task. */
export interface EvaluationContext extends TypeContext {
  /** Transaction start, microseconds since 2000-01-01 UTC: now(). */
  readonly transactionMicros: bigint;
  /** Statement start, likewise. */
  readonly statementMicros: bigint;
  readonly sessionUser: string;
  readonly currentUser: string;
  readonly database: string;
  readonly applicationName: string;
  readonly backendPid: number;
  readonly searchPath: readonly string[];
  /** Values of SET parameters, for current_setting(). */
  readonly settings: ReadonlyMap<string, string>;
  readonly catalog?: CatalogLookup;
}

/**
 * A value as a kernel sees it, by type: bool -> boolean; int2, int4, oid, date -> number; int8, time, timestamp, timestamptz -> bigint; float4, float8 -> number
 * (NaN as NaN); numeric -> general numeric text; bytea, uuid -> Uint8Array; every other type -> its physical TEXT. NULL -> null.
 */
export type KernelValue = null | boolean | number | bigint | string | Uint8Array;

export type Volatility = 'immutable' | 'stable' | 'volatile';

/** How a value of a call is represented in SQLite text: see `Representation` of planner/sqlite. */
export interface SpelledArgument {
  /** SQLite expression, atomic or parenthesised. */
  readonly text: string;
  readonly typeOid: number;
  /** True when the text is a column, parameter or constant, so that repeating it costs nothing. */
  readonly simple: boolean;
  /** The (physical) value where it is known when the text is written: guards that it passes are left out. */
  readonly constant?: KernelValue;
}

/** A call whose types are known: what the polymorphic entries' implementations are made for. */
export interface ResolvedCall {
  /** Actual type of each argument; a variadic "any" has one entry per argument. */
  readonly args: readonly number[];
  readonly result: number;
  /** True when a variadic "any" function was called with VARIADIC array: the last argument is the array. */
  readonly variadicArray: boolean;
}

/** A kernel on values. */
export type Kernel = (context: EvaluationContext, ...args: KernelValue[]) => KernelValue;

/** An aggregate's code. */
export interface Accumulator {
  readonly start: () => unknown;
  readonly step: (state: unknown, context: EvaluationContext, ...args: KernelValue[]) => unknown;
  readonly inverse?: (state: unknown, context: EvaluationContext, ...args: KernelValue[]) => unknown;
  readonly result: (state: unknown, context: EvaluationContext) => KernelValue;
}

/** A set function's code. */
export type RowSource = (context: EvaluationContext, ...args: KernelValue[]) => Iterable<readonly KernelValue[]>;

interface FunctionBase {
  /**
   * The implementation depends on the actual types (polymorphic entries): the SQLite function takes the text of `callSignature(call)` as an additional first
   * argument; outside SQLite, `typedKernel`, `typedAccumulator` or `typedRows` makes the code for a resolved call.
   */
  readonly typed?: boolean;
  /** Not found by users' names: a part of a split aggregate. */
  readonly hidden?: boolean;
  /** Name in pg_proc; operators have their operator name in `operators.ts` and point to a function. */
  readonly name: string;
  /** Argument type OIDs; polymorphic pseudo-types allowed (anyelement, anyarray, anynonarray, anycompatible, "any"). */
  readonly args: readonly number[];
  readonly argNames?: readonly string[];
  /** The last argument repeats (its entry in `args` is the array type, as in pg_proc). */
  readonly variadic?: boolean;
  /** How many trailing arguments may be left out, and the constants (physical values) used then. */
  readonly defaults?: readonly KernelValue[];
  readonly result: number;
  /** Catalog OID: PostgreSQL's own for functions that it has (pg_proc.oid) where known, else from 9000000 on. */
  readonly oid?: number;
}

export interface ScalarFunction extends FunctionBase {
  readonly kind: 'scalar';
  /** NULL in, NULL out, without calling the kernel. */
  readonly strict: boolean;
  readonly volatility: Volatility;
  /** Native SQLite spelling, when SQLite's own operators give PostgreSQL's answer (errors included); undefined result = use the kernel. */
  readonly sqlite?: (args: readonly SpelledArgument[]) => string | undefined;
  /**
   * JavaScript kernel; registered on connections under `sqliteFunctionName(entry)`. An entry with neither kernel, typedKernel, sqlite nor bySession is known but not
   * supported: 0A000 when it is used.
   */
  readonly kernel?: Kernel;
  readonly typedKernel?: (call: ResolvedCall) => Kernel;
  /** True when the value can only be computed on the writer lane (nextval and the like). */
  readonly needsWriter?: boolean;
  /** True when the session layer computes the call and passes the value as a parameter (pg_backend_pid, txid_current, advisory locks, ...). */
  readonly bySession?: boolean;
}

/** A set-returning function: rows of `columns`, produced by a JavaScript generator (registered as a table-valued function). */
export interface SetFunction extends FunctionBase {
  readonly kind: 'set';
  readonly strict: boolean;
  readonly volatility: Volatility;
  /** Output columns: one for a scalar set, several for a composite. A polymorphic type (anyelement) resolves as `result` does. */
  readonly columns: readonly { readonly name: string; readonly type: number }[];
  readonly rows: RowSource;
  readonly typedRows?: (call: ResolvedCall) => RowSource;
}

/** How an aggregate splits over fragments. Each part is written with other aggregates' spellings (name of a registered SQLite aggregate or native one). */
export interface AggregateFunction extends FunctionBase {
  readonly kind: 'aggregate';
  /** Native SQLite spelling of the whole aggregate over spelled arguments (DISTINCT, FILTER and ORDER BY are added by the writer), if exact. */
  readonly sqlite?: (args: readonly SpelledArgument[]) => string | undefined;
  /** JavaScript accumulator: registered as an SQLite (window) aggregate. State must be a plain object. `inverse` allows moving frames. */
  readonly accumulate: Accumulator;
  readonly typedAccumulator?: (call: ResolvedCall) => Accumulator;
  /** Rows whose (first) argument is NULL are skipped by the adapter. */
  readonly skipsNull: boolean;
  /**
   * Splitting over shards: `partial` names registry aggregates computed in each fragment over the same arguments; `merge` names, per partial, the aggregate that
   * merges partial values; `final` computes the result from the merged values (scalar kernel), identity when absent. Absent: the aggregate cannot be split.
   */
  readonly split?: {
    readonly partial: readonly { readonly aggregate: string; readonly type: number }[];
    readonly merge: readonly string[];
    readonly final?: string;
  };
  /** Result when there is no row: NULL unless given (count: 0). */
  readonly empty?: KernelValue;
  readonly orderSensitive?: boolean;
  /**
   * Ordered-set or hypothetical-set aggregate: WITHIN GROUP. Called with the direct arguments, then the sorted expressions; rows must arrive in the order of
   * WITHIN GROUP (the writer adds ORDER BY to the call).
   */
  readonly orderedSet?: 'ordered' | 'hypothetical';
  /** How many of `args` are direct arguments of an ordered set. */
  readonly directArgs?: number;
}

export interface WindowFunction extends FunctionBase {
  readonly kind: 'window';
  /** SQLite has the same built-in window functions under the same names; the writer spells them natively. */
  readonly sqliteName: string;
}

export type FunctionEntry = ScalarFunction | SetFunction | AggregateFunction | WindowFunction;

/** An operator: name and operand types (0 = prefix operator without left operand) -> function. */
export interface OperatorEntry {
  readonly name: string;
  readonly left: number;
  readonly right: number;
  readonly result: number;
  /** Entry of the implementing function (by name and argument types). */
  readonly function: ScalarFunction;
  readonly commutator?: string;
  readonly negator?: string;
  /** Comparison of the default B-tree class: the writer spells it natively over key-ordered values. */
  readonly comparison?: '=' | '<>' | '<' | '<=' | '>' | '>=';
  /** Can be computed as a hash/equality join or as key of a colocated join. */
  readonly oid?: number;
}

/** A cast: how a value of `source` becomes `target`; `context` as in pg_cast (i implicit, a assignment, e explicit). */
export interface CastEntry {
  readonly source: number;
  readonly target: number;
  readonly context: 'implicit' | 'assignment' | 'explicit';
  /** binary: same physical value; io: through text output and input; function: `function`. */
  readonly method: { readonly kind: 'binary' } | { readonly kind: 'io' } | { readonly kind: 'function'; readonly function: ScalarFunction };
}
