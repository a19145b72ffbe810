/**
 * The abstract syntax tree of a statement, as sql/parser makes it and planner/bind and catalog read it.
 * Data only, readonly, one `kind` union a category; nothing of the grammar's library shows through, so the parser stays replaceable.
 *
 * Conventions
 * - `position` is the 1-based offset in characters (code points, as PostgreSQL counts) of the node in the *whole* text given to `parse`,
 *   ready for `PgError.at`; absent where the grammar gives none (and in trees that no text made).
 * - Identifiers are already folded and unquoted. Names of built-in types come as PostgreSQL's grammar spells them: `int` is `['pg_catalog', 'int4']`.
 * - Lists are always there, perhaps empty; single parts that may be missing are `undefined` or absent.
 * - AND and OR chains are flat (`arguments` has two or more); every other nesting is at most `maximumDepth` deep, so that recursive walkers are safe.
 */

/** The deepest nesting of nodes in a tree that `parse` returns; deeper statements get 54001. */
export const maximumDepth = 1000;

/** A possibly qualified name of a relation, sequence, index, view. */
export interface QualifiedName {
  readonly catalog?: string | undefined;
  readonly schema?: string | undefined;
  readonly name: string;
  readonly position?: number | undefined;
}

/** A type as written: `numeric(10, 2)[]`, `setof record`, `t.c%TYPE`. */
export interface TypeName {
  /** Qualified name, e.g. `['pg_catalog', 'int4']` or `['my_enum']`. */
  readonly names: readonly string[];
  /** Modifiers as written; for interval: the mask of fields and the precision, as PostgreSQL's grammar has them. */
  readonly typmods: readonly Expression[];
  /** One entry a dimension, -1 where no bound is written. */
  readonly arrayBounds: readonly number[];
  readonly setOf: boolean;
  /** `%TYPE`: `names` is then a column reference. */
  readonly percentType: boolean;
  readonly position?: number | undefined;
}

// ---------------------------------------------------------------------------------------------------------------- expressions

export type Expression =
  | ColumnReference
  | Star
  | IntegerConstant
  | NumericConstant
  | StringConstant
  | BitStringConstant
  | BooleanConstant
  | NullConstant
  | Parameter
  | Cast
  | UnaryOperation
  | BinaryOperation
  | And
  | Or
  | Not
  | NullTest
  | BooleanTest
  | DistinctFrom
  | Between
  | Like
  | InList
  | InSubquery
  | QuantifiedArray
  | QuantifiedSubquery
  | Exists
  | ScalarSubquery
  | ArraySubquery
  | ArrayConstructor
  | RowConstructor
  | Case
  | Coalesce
  | NullIf
  | MinMax
  | FunctionCall
  | NamedArgument
  | Subscript
  | FieldSelection
  | FieldStar
  | Collate
  | AtTimeZone
  | SqlValueFunction
  | Grouping
  | DefaultMarker
  | CurrentOf;

export type ExpressionKind = Expression['kind'];

/** `a`, `t.a`, `s.t.a`, `d.s.t.a`: one to four parts (a whole-row reference looks the same). */
export interface ColumnReference {
  readonly kind: 'column';
  readonly parts: readonly string[];
  readonly position?: number | undefined;
}

/** `*` (no qualifier) or `t.*` / `s.t.*`. */
export interface Star {
  readonly kind: 'star';
  readonly qualifier: readonly string[];
  readonly position?: number | undefined;
}

/** A literal that fits int4. */
export interface IntegerConstant {
  readonly kind: 'integer';
  readonly value: number;
  readonly position?: number | undefined;
}

/** Any other number, as text: int8 when it is all digits and fits, else numeric. */
export interface NumericConstant {
  readonly kind: 'numeric';
  readonly text: string;
  readonly position?: number | undefined;
}

/** A quoted literal of type unknown. */
export interface StringConstant {
  readonly kind: 'string';
  readonly value: string;
  readonly position?: number | undefined;
}

/** `B'101'` or `X'1F'`. */
export interface BitStringConstant {
  readonly kind: 'bitString';
  readonly base: 'binary' | 'hexadecimal';
  readonly digits: string;
  readonly position?: number | undefined;
}

export interface BooleanConstant {
  readonly kind: 'boolean';
  readonly value: boolean;
  readonly position?: number | undefined;
}

export interface NullConstant {
  readonly kind: 'null';
  readonly position?: number | undefined;
}

/** `$n`, n >= 1. */
export interface Parameter {
  readonly kind: 'parameter';
  readonly number: number;
  readonly position?: number | undefined;
}

/** `CAST(x AS t)`, `x::t` and `t 'literal'`. */
export interface Cast {
  readonly kind: 'cast';
  readonly argument: Expression;
  readonly type: TypeName;
  readonly position?: number | undefined;
}

/** A prefix operator. Unary minus of a number literal is already folded into the constant. */
export interface UnaryOperation {
  readonly kind: 'unary';
  readonly operator: string;
  /** From OPERATOR(schema.op). */
  readonly operatorSchema?: string | undefined;
  readonly argument: Expression;
  readonly position?: number | undefined;
}

/** `=`, `<>` (also for !=), `<`, `+`, `||`, `~`, ... */
export interface BinaryOperation {
  readonly kind: 'binary';
  readonly operator: string;
  readonly operatorSchema?: string | undefined;
  readonly left: Expression;
  readonly right: Expression;
  /** Of the operator. */
  readonly position?: number | undefined;
}

export interface And {
  readonly kind: 'and';
  readonly arguments: readonly Expression[];
  readonly position?: number | undefined;
}

export interface Or {
  readonly kind: 'or';
  readonly arguments: readonly Expression[];
  readonly position?: number | undefined;
}

export interface Not {
  readonly kind: 'not';
  readonly argument: Expression;
  readonly position?: number | undefined;
}

/** IS [NOT] NULL. */
export interface NullTest {
  readonly kind: 'nullTest';
  readonly argument: Expression;
  readonly negated: boolean;
  readonly position?: number | undefined;
}

/** IS [NOT] TRUE / FALSE / UNKNOWN. */
export interface BooleanTest {
  readonly kind: 'booleanTest';
  readonly argument: Expression;
  readonly test: 'true' | 'false' | 'unknown';
  readonly negated: boolean;
  readonly position?: number | undefined;
}

/** IS [NOT] DISTINCT FROM; `negated` is IS NOT DISTINCT FROM. */
export interface DistinctFrom {
  readonly kind: 'distinctFrom';
  readonly left: Expression;
  readonly right: Expression;
  readonly negated: boolean;
  readonly position?: number | undefined;
}

export interface Between {
  readonly kind: 'between';
  readonly argument: Expression;
  readonly low: Expression;
  readonly high: Expression;
  readonly symmetric: boolean;
  readonly negated: boolean;
  readonly position?: number | undefined;
}

/** [NOT] LIKE (operator ~~), ILIKE (~~*), SIMILAR TO. */
export interface Like {
  readonly kind: 'like';
  readonly variant: 'like' | 'ilike' | 'similar';
  readonly argument: Expression;
  readonly pattern: Expression;
  /** ESCAPE, when written. */
  readonly escape?: Expression | undefined;
  readonly negated: boolean;
  readonly position?: number | undefined;
}

export interface InList {
  readonly kind: 'in';
  readonly argument: Expression;
  readonly list: readonly Expression[];
  readonly negated: boolean;
  readonly position?: number | undefined;
}

export interface InSubquery {
  readonly kind: 'inSubquery';
  readonly argument: Expression;
  readonly query: Select;
  readonly negated: boolean;
  readonly position?: number | undefined;
}

/** `x = ANY (array)`, `x <> ALL (array)`; SOME is 'any'. */
export interface QuantifiedArray {
  readonly kind: 'quantifiedArray';
  readonly quantifier: 'any' | 'all';
  readonly operator: string;
  readonly operatorSchema?: string | undefined;
  readonly argument: Expression;
  readonly array: Expression;
  readonly position?: number | undefined;
}

/** `x < ANY (SELECT ...)`, `(a, b) = ALL (SELECT ...)`. */
export interface QuantifiedSubquery {
  readonly kind: 'quantifiedSubquery';
  readonly quantifier: 'any' | 'all';
  readonly operator: string;
  readonly operatorSchema?: string | undefined;
  readonly argument: Expression;
  readonly query: Select;
  readonly position?: number | undefined;
}

export interface Exists {
  readonly kind: 'exists';
  readonly query: Select;
  readonly position?: number | undefined;
}

/** `(SELECT ...)` as a value (or as a row, next to a row). */
export interface ScalarSubquery {
  readonly kind: 'subquery';
  readonly query: Select;
  readonly position?: number | undefined;
}

/** ARRAY(SELECT ...). */
export interface ArraySubquery {
  readonly kind: 'arraySubquery';
  readonly query: Select;
  readonly position?: number | undefined;
}

/** ARRAY[...]; a nested `[...]` is an ArrayConstructor too. */
export interface ArrayConstructor {
  readonly kind: 'array';
  readonly elements: readonly Expression[];
  readonly position?: number | undefined;
}

/** ROW(...) or `(a, b)`. */
export interface RowConstructor {
  readonly kind: 'row';
  readonly fields: readonly Expression[];
  /** The word ROW was written. */
  readonly explicit: boolean;
  readonly position?: number | undefined;
}

export interface CaseWhen {
  /** With an operand: the value to compare with. */
  readonly condition: Expression;
  readonly result: Expression;
  readonly position?: number | undefined;
}

export interface Case {
  readonly kind: 'case';
  readonly operand?: Expression | undefined;
  readonly whens: readonly CaseWhen[];
  readonly otherwise?: Expression | undefined;
  readonly position?: number | undefined;
}

export interface Coalesce {
  readonly kind: 'coalesce';
  readonly arguments: readonly Expression[];
  readonly position?: number | undefined;
}

export interface NullIf {
  readonly kind: 'nullIf';
  readonly left: Expression;
  readonly right: Expression;
  readonly position?: number | undefined;
}

/** GREATEST / LEAST. */
export interface MinMax {
  readonly kind: 'minMax';
  readonly which: 'greatest' | 'least';
  readonly arguments: readonly Expression[];
  readonly position?: number | undefined;
}

/** A call of a function, aggregate or window function. */
export interface FunctionCall {
  readonly kind: 'function';
  /** One to three parts. */
  readonly name: readonly string[];
  /** May hold NamedArgument nodes; for SQL's own syntax the order is that of the function in pg_proc. */
  readonly arguments: readonly Expression[];
  /** `f(*)`. */
  readonly star: boolean;
  readonly distinct: boolean;
  /** The last argument is VARIADIC. */
  readonly variadic: boolean;
  /** ORDER BY inside the parentheses, or that of WITHIN GROUP. */
  readonly orderBy: readonly SortItem[];
  readonly withinGroup: boolean;
  readonly filter?: Expression | undefined;
  readonly over?: WindowSpecification | undefined;
  /** Written in SQL's own syntax (EXTRACT, POSITION, SUBSTRING, OVERLAY, TRIM, NORMALIZE, OVERLAPS, ...); the name then starts with pg_catalog. */
  readonly sqlSyntax: boolean;
  readonly position?: number | undefined;
}

/** `name => value`, only among the arguments of a call. */
export interface NamedArgument {
  readonly kind: 'namedArgument';
  readonly name: string;
  readonly argument: Expression;
  readonly position?: number | undefined;
}

export type SubscriptItem =
  | { readonly kind: 'index'; readonly index: Expression }
  | { readonly kind: 'slice'; readonly lower?: Expression | undefined; readonly upper?: Expression | undefined };

/** `a[1][2:3]`: consecutive subscripts of one container. */
export interface Subscript {
  readonly kind: 'subscript';
  readonly argument: Expression;
  readonly subscripts: readonly SubscriptItem[];
  readonly position?: number | undefined;
}

/** `(x).field`. */
export interface FieldSelection {
  readonly kind: 'field';
  readonly argument: Expression;
  readonly field: string;
  readonly position?: number | undefined;
}

/** `(x).*`. */
export interface FieldStar {
  readonly kind: 'fieldStar';
  readonly argument: Expression;
  readonly position?: number | undefined;
}

export interface Collate {
  readonly kind: 'collate';
  readonly argument: Expression;
  readonly collation: readonly string[];
  readonly position?: number | undefined;
}

/** `x AT TIME ZONE zone`: the function pg_catalog.timezone(zone, x). */
export interface AtTimeZone {
  readonly kind: 'atTimeZone';
  readonly argument: Expression;
  readonly zone: Expression;
  readonly position?: number | undefined;
}

export type SqlValueFunctionName =
  | 'current_date'
  | 'current_time'
  | 'current_timestamp'
  | 'localtime'
  | 'localtimestamp'
  | 'current_role'
  | 'current_user'
  | 'user'
  | 'session_user'
  | 'current_catalog'
  | 'current_schema';

export interface SqlValueFunction {
  readonly kind: 'sqlValue';
  readonly function: SqlValueFunctionName;
  /** CURRENT_TIMESTAMP(n) and its like. */
  readonly precision?: number | undefined;
  readonly position?: number | undefined;
}

/** GROUPING(a, b). */
export interface Grouping {
  readonly kind: 'grouping';
  readonly arguments: readonly Expression[];
  readonly position?: number | undefined;
}

/** DEFAULT in VALUES of INSERT or on the right of SET. */
export interface DefaultMarker {
  readonly kind: 'default';
  readonly position?: number | undefined;
}

/** WHERE CURRENT OF cursor. */
export interface CurrentOf {
  readonly kind: 'currentOf';
  readonly cursor: string;
  readonly position?: number | undefined;
}

// -------------------------------------------------------------------------------------------------------------------- queries

export interface SortItem {
  readonly expression: Expression;
  /** 'default' where neither ASC nor DESC is written; 'using' has `operator`. */
  readonly direction: 'default' | 'asc' | 'desc' | 'using';
  readonly nulls: 'default' | 'first' | 'last';
  readonly operator?: string | undefined;
  readonly operatorSchema?: string | undefined;
  readonly position?: number | undefined;
}

/** An item of a select list or RETURNING. */
export interface Target {
  /** A Star or FieldStar stands for several columns. */
  readonly expression: Expression;
  /** AS name. */
  readonly name?: string | undefined;
  readonly position?: number | undefined;
}

export type FrameBound =
  | { readonly kind: 'unboundedPreceding' }
  | { readonly kind: 'preceding'; readonly offset: Expression }
  | { readonly kind: 'currentRow' }
  | { readonly kind: 'following'; readonly offset: Expression }
  | { readonly kind: 'unboundedFollowing' };

export interface WindowFrame {
  readonly mode: 'rows' | 'range' | 'groups';
  readonly start: FrameBound;
  readonly end: FrameBound;
  /** Written without BETWEEN: the frame ends with the current row. */
  readonly short?: true;
  readonly exclude: 'noOthers' | 'currentRow' | 'group' | 'ties';
}

/** OVER name, OVER (...) and the entries of WINDOW. */
export interface WindowSpecification {
  /** In the WINDOW clause: the name that is defined. After OVER: `OVER name`, the very window of that name. */
  readonly name?: string | undefined;
  /** `(base ...)`: a window that is copied and extended. */
  readonly base?: string | undefined;
  readonly partitionBy: readonly Expression[];
  readonly orderBy: readonly SortItem[];
  /** Absent: the default frame. */
  readonly frame?: WindowFrame | undefined;
  readonly position?: number | undefined;
}

export type GroupingElement =
  | { readonly kind: 'expression'; readonly expression: Expression }
  /** `()`. */
  | { readonly kind: 'empty'; readonly position?: number | undefined }
  /** Each item may be a row `(a, b)`: one step. */
  | { readonly kind: 'rollup'; readonly items: readonly Expression[]; readonly position?: number | undefined }
  | { readonly kind: 'cube'; readonly items: readonly Expression[]; readonly position?: number | undefined }
  | { readonly kind: 'sets'; readonly sets: readonly GroupingElement[]; readonly position?: number | undefined };

export interface CommonTableExpression {
  readonly name: string;
  readonly columns: readonly string[];
  readonly materialized: 'default' | 'always' | 'never';
  readonly query: Select | Insert | Update | Delete | Merge;
  readonly search?:
    | { readonly order: 'depth' | 'breadth'; readonly columns: readonly string[]; readonly into: string; readonly position?: number | undefined }
    | undefined;
  readonly cycle?:
    | {
        readonly columns: readonly string[];
        readonly mark: string;
        readonly markValue: Expression;
        readonly markDefault: Expression;
        readonly using: string;
        readonly position?: number | undefined;
      }
    | undefined;
  readonly position?: number | undefined;
}

export interface With {
  readonly recursive: boolean;
  readonly tables: readonly CommonTableExpression[];
  readonly position?: number | undefined;
}

export interface Locking {
  readonly strength: 'keyShare' | 'share' | 'noKeyUpdate' | 'update';
  /** OF ...; empty: all. */
  readonly tables: readonly QualifiedName[];
  readonly wait: 'block' | 'skip' | 'nowait';
}

/** A query: a body with the clauses that apply to its whole result. Also the form of every subquery. */
export interface Select {
  readonly kind: 'select';
  readonly with?: With | undefined;
  readonly body: SelectBody;
  readonly orderBy: readonly SortItem[];
  readonly limit?: Expression | undefined;
  readonly offset?: Expression | undefined;
  /** FETCH FIRST ... WITH TIES. */
  readonly withTies: boolean;
  readonly locking: readonly Locking[];
  readonly position?: number | undefined;
}

export type SelectBody = SelectCore | SetOperation | Values;

export interface SelectCore {
  readonly kind: 'core';
  readonly targets: readonly Target[];
  /** DISTINCT (true) or DISTINCT ON. */
  readonly distinct: boolean;
  /** The expressions of DISTINCT ON; empty otherwise. */
  readonly distinctOn: readonly Expression[];
  /** Comma-separated items. */
  readonly from: readonly FromItem[];
  readonly where?: Expression | undefined;
  readonly groupBy: readonly GroupingElement[];
  /** GROUP BY DISTINCT. */
  readonly groupDistinct: boolean;
  readonly having?: Expression | undefined;
  readonly windows: readonly WindowSpecification[];
}

export interface SetOperation {
  readonly kind: 'setOperation';
  readonly operation: 'union' | 'intersect' | 'except';
  readonly all: boolean;
  /** Operands in parentheses may have clauses of their own. */
  readonly left: Select;
  readonly right: Select;
}

export interface Values {
  readonly kind: 'values';
  readonly rows: readonly (readonly Expression[])[];
  readonly position?: number | undefined;
}

export interface Alias {
  readonly name: string;
  readonly columns: readonly string[];
}

export type FromItem = TableItem | SubqueryItem | FunctionItem | Join;

export interface TableSample {
  readonly method: readonly string[];
  readonly arguments: readonly Expression[];
  readonly repeatable?: Expression | undefined;
  readonly position?: number | undefined;
}

/** A table, view or common table expression by name. */
export interface TableItem {
  readonly kind: 'table';
  readonly name: QualifiedName;
  readonly only: boolean;
  readonly alias?: Alias | undefined;
  readonly sample?: TableSample | undefined;
  readonly position?: number | undefined;
}

export interface SubqueryItem {
  readonly kind: 'subquery';
  readonly query: Select;
  readonly lateral: boolean;
  readonly alias?: Alias | undefined;
  readonly position?: number | undefined;
}

/** A column of `AS t(a int, b text)`. */
export interface ColumnDefinitionItem {
  readonly name: string;
  readonly type: TypeName;
  readonly collation?: readonly string[] | undefined;
  readonly position?: number | undefined;
}

/** `f(x) WITH ORDINALITY AS t(...)` and `ROWS FROM (f(x), g(y) AS (a int))`. */
export interface FunctionItem {
  readonly kind: 'functionScan';
  /** One, unless ROWS FROM. Usually FunctionCall; SqlValueFunction, Cast, Coalesce ... where the grammar allows them. */
  readonly functions: readonly { readonly call: Expression; readonly columns: readonly ColumnDefinitionItem[] }[];
  readonly rowsFrom: boolean;
  readonly ordinality: boolean;
  readonly lateral: boolean;
  readonly alias?: Alias | undefined;
  /** Column definition list of a plain function: `AS t(a int)`. */
  readonly columns: readonly ColumnDefinitionItem[];
  readonly position?: number | undefined;
}

export interface Join {
  readonly kind: 'join';
  /** CROSS JOIN is 'inner' without condition. */
  readonly joinType: 'inner' | 'left' | 'right' | 'full';
  readonly left: FromItem;
  readonly right: FromItem;
  readonly natural: boolean;
  /** Columns of USING; empty otherwise. */
  readonly using: readonly string[];
  /** USING (...) AS alias. */
  readonly usingAlias?: string | undefined;
  readonly on?: Expression | undefined;
  /** `(a JOIN b ...) AS alias`. */
  readonly alias?: Alias | undefined;
  readonly position?: number | undefined;
}

// ------------------------------------------------------------------------------------------------------------------------ DML

/** A column to be written: `c`, `c.field`, `c[1]`. */
export interface ColumnTarget {
  readonly name: string;
  readonly indirection: readonly (SubscriptItem | { readonly kind: 'field'; readonly field: string })[];
  readonly position?: number | undefined;
}

export type Assignment =
  | { readonly kind: 'single'; readonly target: ColumnTarget; readonly value: Expression; readonly position?: number | undefined }
  /** `(a, b) = (1, 2)` (source is a RowConstructor), `(a, b) = (SELECT ...)` (source is a ScalarSubquery). */
  | { readonly kind: 'multiple'; readonly targets: readonly ColumnTarget[]; readonly source: Expression; readonly position?: number | undefined };

/** An element of a conflict target or of CREATE INDEX. */
export interface IndexElement {
  /** Either a column's name or an expression. */
  readonly column?: string | undefined;
  readonly expression?: Expression | undefined;
  readonly collation?: readonly string[] | undefined;
  readonly operatorClass?: readonly string[] | undefined;
  readonly operatorClassOptions: readonly Option[];
  readonly direction: 'default' | 'asc' | 'desc';
  readonly nulls: 'default' | 'first' | 'last';
}

export interface OnConflict {
  readonly action: 'nothing' | 'update';
  readonly target?:
    | { readonly kind: 'columns'; readonly elements: readonly IndexElement[]; readonly where?: Expression | undefined; readonly position?: number | undefined }
    | { readonly kind: 'constraint'; readonly name: string; readonly position?: number | undefined }
    | undefined;
  readonly assignments: readonly Assignment[];
  readonly where?: Expression | undefined;
  readonly position?: number | undefined;
}

export interface Insert {
  readonly kind: 'insert';
  readonly with?: With | undefined;
  readonly table: TableItem;
  /** Empty: all columns in order. */
  readonly columns: readonly ColumnTarget[];
  /** Absent: DEFAULT VALUES. */
  readonly source?: Select | undefined;
  readonly overriding?: 'user' | 'system' | undefined;
  readonly onConflict?: OnConflict | undefined;
  readonly returning: readonly Target[];
  readonly position?: number | undefined;
}

export interface Update {
  readonly kind: 'update';
  readonly with?: With | undefined;
  readonly table: TableItem;
  readonly assignments: readonly Assignment[];
  readonly from: readonly FromItem[];
  readonly where?: Expression | undefined;
  readonly returning: readonly Target[];
  readonly position?: number | undefined;
}

export interface Delete {
  readonly kind: 'delete';
  readonly with?: With | undefined;
  readonly table: TableItem;
  readonly using: readonly FromItem[];
  readonly where?: Expression | undefined;
  readonly returning: readonly Target[];
  readonly position?: number | undefined;
}

export type MergeAction =
  | { readonly kind: 'update'; readonly assignments: readonly Assignment[] }
  | { readonly kind: 'delete' }
  | {
      readonly kind: 'insert';
      readonly columns: readonly ColumnTarget[];
      /** Empty: DEFAULT VALUES. */
      readonly values: readonly Expression[];
      readonly overriding?: 'user' | 'system' | undefined;
    }
  | { readonly kind: 'nothing' };

export interface Merge {
  readonly kind: 'merge';
  readonly with?: With | undefined;
  readonly table: TableItem;
  readonly source: FromItem;
  readonly on: Expression;
  readonly whens: readonly { readonly matched: boolean; readonly condition?: Expression | undefined; readonly action: MergeAction }[];
  readonly position?: number | undefined;
}

// ---------------------------------------------------------------------------------------------------------------- DDL: pieces

export type OptionValue =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'numeric'; readonly text: string }
  | { readonly kind: 'boolean'; readonly value: boolean }
  /** A list of names or values, e.g. FORCE_QUOTE (a, b). */
  | { readonly kind: 'list'; readonly items: readonly OptionValue[] }
  | { readonly kind: 'star' }
  /** A bare word or type, e.g. `SUBTYPE = float8`; `fillfactor = none`. */
  | { readonly kind: 'type'; readonly type: TypeName };

/** A `name [= value]` pair as in WITH (...), COPY, EXPLAIN, VACUUM, CREATE ROLE. Names are lower case as in PostgreSQL's grammar. */
export interface Option {
  readonly namespace?: string | undefined;
  readonly name: string;
  readonly value?: OptionValue | undefined;
  /** ALTER ... OPTIONS (ADD | SET | DROP name). */
  readonly action?: 'set' | 'add' | 'drop' | undefined;
  readonly position?: number | undefined;
}

export interface RoleName {
  readonly kind: 'name' | 'currentRole' | 'currentUser' | 'sessionUser' | 'public';
  /** For kind 'name'. */
  readonly name: string;
  readonly position?: number | undefined;
}

export interface SequenceOptions {
  readonly dataType?: TypeName | undefined;
  readonly increment?: bigint | undefined;
  /** null: NO MINVALUE. */
  readonly minValue?: bigint | null | undefined;
  readonly maxValue?: bigint | null | undefined;
  readonly start?: bigint | undefined;
  /** 'start': RESTART without a value. */
  readonly restart?: bigint | 'start' | undefined;
  readonly cache?: bigint | undefined;
  readonly cycle?: boolean | undefined;
  /** Empty: OWNED BY NONE. */
  readonly ownedBy?: readonly string[] | undefined;
  /** SEQUENCE NAME of an identity column. */
  readonly name?: QualifiedName | undefined;
}

export type ReferentialAction = 'noAction' | 'restrict' | 'cascade' | 'setNull' | 'setDefault';

interface ConstraintBase {
  readonly name?: string | undefined;
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  readonly position?: number | undefined;
}

export interface NotNullConstraint extends ConstraintBase {
  readonly kind: 'notNull';
}
/** NULL: the explicit absence of NOT NULL. */
export interface NullableConstraint extends ConstraintBase {
  readonly kind: 'nullable';
}
export interface DefaultConstraint extends ConstraintBase {
  readonly kind: 'default';
  readonly expression: Expression;
}
export interface IdentityConstraint extends ConstraintBase {
  readonly kind: 'identity';
  /** GENERATED ALWAYS, else BY DEFAULT. */
  readonly always: boolean;
  readonly sequence: SequenceOptions;
}
/** GENERATED ALWAYS AS (...) STORED. */
export interface GeneratedConstraint extends ConstraintBase {
  readonly kind: 'generated';
  readonly expression: Expression;
}
export interface CheckConstraint extends ConstraintBase {
  readonly kind: 'check';
  readonly expression: Expression;
  readonly noInherit: boolean;
  readonly notValid: boolean;
}
export interface UniqueConstraint extends ConstraintBase {
  readonly kind: 'unique' | 'primaryKey';
  /** Empty on a column: that column. */
  readonly columns: readonly string[];
  readonly including: readonly string[];
  readonly nullsNotDistinct: boolean;
  readonly options: readonly Option[];
  readonly tablespace?: string | undefined;
  /** USING INDEX name. */
  readonly usingIndex?: string | undefined;
}
export interface ForeignKeyConstraint extends ConstraintBase {
  readonly kind: 'foreignKey';
  /** Empty on a column: that column. */
  readonly columns: readonly string[];
  readonly table: QualifiedName;
  /** Empty: the primary key. */
  readonly referencedColumns: readonly string[];
  readonly match: 'simple' | 'full' | 'partial';
  readonly onUpdate: ReferentialAction;
  readonly onDelete: ReferentialAction;
  /** ON DELETE SET NULL (columns). */
  readonly onDeleteColumns: readonly string[];
  readonly notValid: boolean;
}
export interface ExclusionConstraint extends ConstraintBase {
  readonly kind: 'exclusion';
  readonly accessMethod: string;
  readonly elements: readonly { readonly element: IndexElement; readonly operator: readonly string[] }[];
  readonly including: readonly string[];
  readonly where?: Expression | undefined;
  readonly options: readonly Option[];
  readonly tablespace?: string | undefined;
}

export type ColumnConstraint =
  | NotNullConstraint
  | NullableConstraint
  | DefaultConstraint
  | IdentityConstraint
  | GeneratedConstraint
  | CheckConstraint
  | UniqueConstraint
  | ForeignKeyConstraint;

export type TableConstraint = CheckConstraint | UniqueConstraint | ForeignKeyConstraint | ExclusionConstraint;

export interface ColumnDefinition {
  readonly kind: 'column';
  readonly name: string;
  /** Absent for `CREATE TABLE x OF type` and `PARTITION OF`, which only add constraints. */
  readonly type?: TypeName | undefined;
  readonly collation?: readonly string[] | undefined;
  readonly storage?: string | undefined;
  readonly compression?: string | undefined;
  readonly constraints: readonly ColumnConstraint[];
  readonly position?: number | undefined;
}

export type LikeOption = 'comments' | 'compression' | 'constraints' | 'defaults' | 'generated' | 'identity' | 'indexes' | 'statistics' | 'storage';

export interface LikeClause {
  readonly kind: 'like';
  readonly table: QualifiedName;
  readonly including: readonly LikeOption[];
}

export type TableElement = ColumnDefinition | LikeClause | { readonly kind: 'constraint'; readonly constraint: TableConstraint };

export interface PartitionBy {
  readonly strategy: 'list' | 'range' | 'hash';
  readonly keys: readonly {
    readonly column?: string | undefined;
    readonly expression?: Expression | undefined;
    readonly collation?: readonly string[] | undefined;
    readonly operatorClass?: readonly string[] | undefined;
    readonly position?: number | undefined;
  }[];
  readonly position?: number | undefined;
}

export type RangeDatum = { readonly kind: 'minValue' } | { readonly kind: 'maxValue' } | { readonly kind: 'value'; readonly value: Expression };

export type PartitionBound =
  | { readonly kind: 'default'; readonly position?: number | undefined }
  | { readonly kind: 'list'; readonly values: readonly Expression[]; readonly position?: number | undefined }
  | { readonly kind: 'range'; readonly lower: readonly RangeDatum[]; readonly upper: readonly RangeDatum[]; readonly position?: number | undefined }
  | { readonly kind: 'hash'; readonly modulus: number; readonly remainder: number; readonly position?: number | undefined };

export type Persistence = 'permanent' | 'temporary' | 'unlogged';

export type OnCommit = 'preserveRows' | 'deleteRows' | 'drop';

/** `f(int, text)` in DROP, ALTER, COMMENT, GRANT. */
export interface FunctionSignature {
  readonly name: readonly string[];
  /** Absent: no parentheses were written, the name must be unique. undefined entries: `*` of an aggregate or NONE of an operator. */
  readonly arguments?: readonly (TypeName | undefined)[] | undefined;
}

/** Kinds of objects that DROP, COMMENT, RENAME, OWNER TO, SET SCHEMA and GRANT name. */
export type ObjectType =
  | 'accessMethod'
  | 'aggregate'
  | 'attribute'
  | 'cast'
  | 'collation'
  | 'column'
  | 'conversion'
  | 'database'
  | 'defaultPrivileges'
  | 'domain'
  | 'domainConstraint'
  | 'eventTrigger'
  | 'extension'
  | 'foreignDataWrapper'
  | 'foreignServer'
  | 'foreignTable'
  | 'function'
  | 'index'
  | 'language'
  | 'largeObject'
  | 'materializedView'
  | 'operator'
  | 'operatorClass'
  | 'operatorFamily'
  | 'parameter'
  | 'policy'
  | 'procedure'
  | 'publication'
  | 'role'
  | 'routine'
  | 'rule'
  | 'schema'
  | 'sequence'
  | 'statistics'
  | 'subscription'
  | 'table'
  | 'tableConstraint'
  | 'tablespace'
  | 'textSearchConfiguration'
  | 'textSearchDictionary'
  | 'textSearchParser'
  | 'textSearchTemplate'
  | 'transform'
  | 'trigger'
  | 'type'
  | 'userMapping'
  | 'view';

/** An object as named in a statement. */
export interface ObjectReference {
  /**
   * The qualified name. For objects that belong to a relation (column, tableConstraint, trigger, rule, policy) the last part is the object's own name and
   * the parts before it are the relation's.
   */
  readonly name: readonly string[];
  /** For function, procedure, routine, aggregate, operator. */
  readonly signature?: FunctionSignature | undefined;
  /** For type, domain, cast (source, target), transform. */
  readonly types?: readonly TypeName[] | undefined;
}

// ------------------------------------------------------------------------------------------------------------ DDL: statements

export interface CreateTable {
  readonly kind: 'createTable';
  readonly name: QualifiedName;
  readonly persistence: Persistence;
  readonly ifNotExists: boolean;
  readonly elements: readonly TableElement[];
  readonly inherits: readonly QualifiedName[];
  readonly partitionOf?: { readonly parent: QualifiedName; readonly bound: PartitionBound } | undefined;
  readonly partitionBy?: PartitionBy | undefined;
  /** CREATE TABLE x OF type. */
  readonly ofType?: TypeName | undefined;
  readonly accessMethod?: string | undefined;
  readonly options: readonly Option[];
  readonly onCommit?: OnCommit | undefined;
  readonly tablespace?: string | undefined;
}

/** CREATE TABLE AS, SELECT INTO, CREATE MATERIALIZED VIEW. */
export interface CreateTableAs {
  readonly kind: 'createTableAs';
  readonly object: 'table' | 'materializedView';
  readonly name: QualifiedName;
  readonly columns: readonly string[];
  readonly persistence: Persistence;
  readonly ifNotExists: boolean;
  readonly source: Select | Execute;
  /** WITH NO DATA is false. */
  readonly withData: boolean;
  /** Written as SELECT ... INTO. */
  readonly selectInto: boolean;
  readonly accessMethod?: string | undefined;
  readonly options: readonly Option[];
  readonly onCommit?: OnCommit | undefined;
  readonly tablespace?: string | undefined;
}

export type AlterTableAction =
  | { readonly kind: 'addColumn'; readonly column: ColumnDefinition; readonly ifNotExists: boolean }
  | { readonly kind: 'dropColumn'; readonly column: string; readonly ifExists: boolean; readonly cascade: boolean }
  | {
      readonly kind: 'alterColumnType';
      readonly column: string;
      readonly type: TypeName;
      readonly collation?: readonly string[] | undefined;
      readonly using?: Expression | undefined;
      readonly position?: number | undefined;
    }
  | { readonly kind: 'setDefault'; readonly column: string; readonly expression: Expression }
  | { readonly kind: 'dropDefault'; readonly column: string }
  | { readonly kind: 'setNotNull'; readonly column: string }
  | { readonly kind: 'dropNotNull'; readonly column: string }
  | { readonly kind: 'dropExpression'; readonly column: string; readonly ifExists: boolean }
  | { readonly kind: 'setStatistics'; readonly column?: string | undefined; readonly columnNumber?: number | undefined; readonly target: number }
  | { readonly kind: 'setStorage'; readonly column: string; readonly storage: string }
  | { readonly kind: 'setCompression'; readonly column: string; readonly method: string }
  | { readonly kind: 'setColumnOptions'; readonly column: string; readonly options: readonly Option[] }
  | { readonly kind: 'resetColumnOptions'; readonly column: string; readonly options: readonly Option[] }
  | { readonly kind: 'addIdentity'; readonly column: string; readonly always: boolean; readonly sequence: SequenceOptions }
  | { readonly kind: 'setIdentity'; readonly column: string; readonly always?: boolean | undefined; readonly sequence: SequenceOptions }
  | { readonly kind: 'dropIdentity'; readonly column: string; readonly ifExists: boolean }
  | { readonly kind: 'addConstraint'; readonly constraint: TableConstraint }
  | { readonly kind: 'alterConstraint'; readonly name: string; readonly deferrable: boolean; readonly initiallyDeferred: boolean }
  | { readonly kind: 'validateConstraint'; readonly name: string }
  | { readonly kind: 'dropConstraint'; readonly name: string; readonly ifExists: boolean; readonly cascade: boolean }
  | { readonly kind: 'setOptions'; readonly options: readonly Option[] }
  | { readonly kind: 'resetOptions'; readonly options: readonly Option[] }
  | { readonly kind: 'setTablespace'; readonly tablespace: string }
  | { readonly kind: 'setAccessMethod'; readonly accessMethod: string }
  | { readonly kind: 'setPersistence'; readonly persistence: 'permanent' | 'unlogged' }
  | { readonly kind: 'ownerTo'; readonly owner: RoleName }
  | { readonly kind: 'clusterOn'; readonly index: string }
  | { readonly kind: 'setWithoutCluster' }
  | { readonly kind: 'setWithoutOids' }
  | {
      readonly kind: 'triggers';
      readonly action: 'enable' | 'disable' | 'enableAlways' | 'enableReplica';
      /** A trigger's name, or every one, or every user's. */
      readonly which: { readonly kind: 'name'; readonly name: string } | { readonly kind: 'all' } | { readonly kind: 'user' };
    }
  | { readonly kind: 'rules'; readonly action: 'enable' | 'disable' | 'enableAlways' | 'enableReplica'; readonly rule: string }
  | { readonly kind: 'inherit'; readonly parent: QualifiedName }
  | { readonly kind: 'noInherit'; readonly parent: QualifiedName }
  | { readonly kind: 'ofType'; readonly type: TypeName }
  | { readonly kind: 'notOf' }
  | { readonly kind: 'replicaIdentity'; readonly identity: 'default' | 'full' | 'nothing' | 'index'; readonly index?: string | undefined }
  | { readonly kind: 'rowSecurity'; readonly action: 'enable' | 'disable' | 'force' | 'noForce' }
  | { readonly kind: 'attachPartition'; readonly partition: QualifiedName; readonly bound?: PartitionBound | undefined }
  | { readonly kind: 'detachPartition'; readonly partition: QualifiedName; readonly mode: 'default' | 'concurrently' | 'finalize' }
  /** ALTER TYPE (composite): ADD / DROP / ALTER ATTRIBUTE. */
  | { readonly kind: 'addAttribute'; readonly column: ColumnDefinition; readonly cascade: boolean }
  | { readonly kind: 'dropAttribute'; readonly column: string; readonly ifExists: boolean; readonly cascade: boolean }
  | {
      readonly kind: 'alterAttributeType';
      readonly column: string;
      readonly type: TypeName;
      readonly collation?: readonly string[] | undefined;
      readonly cascade: boolean;
    }
  /** A legal sub-command that has no kind of its own, e.g. OPTIONS of a foreign table. */
  | { readonly kind: 'other'; readonly tag: string };

export interface AlterTable {
  readonly kind: 'alterTable';
  /** What the statement calls the relation. */
  readonly object: 'table' | 'index' | 'sequence' | 'view' | 'materializedView' | 'foreignTable' | 'type';
  readonly name: QualifiedName;
  readonly only: boolean;
  readonly ifExists: boolean;
  readonly actions: readonly AlterTableAction[];
}

export interface Drop {
  readonly kind: 'drop';
  readonly object: ObjectType;
  readonly objects: readonly ObjectReference[];
  readonly ifExists: boolean;
  readonly cascade: boolean;
  readonly concurrently: boolean;
}

export interface CreateIndex {
  readonly kind: 'createIndex';
  /** Absent: PostgreSQL chooses the name. */
  readonly name?: string | undefined;
  readonly table: QualifiedName;
  readonly only: boolean;
  readonly unique: boolean;
  readonly nullsNotDistinct: boolean;
  readonly concurrently: boolean;
  readonly ifNotExists: boolean;
  readonly accessMethod: string;
  readonly elements: readonly IndexElement[];
  readonly including: readonly string[];
  readonly where?: Expression | undefined;
  readonly options: readonly Option[];
  readonly tablespace?: string | undefined;
}

export interface CreateView {
  readonly kind: 'createView';
  readonly name: QualifiedName;
  readonly columns: readonly string[];
  readonly query: Select;
  readonly replace: boolean;
  readonly persistence: Persistence;
  readonly options: readonly Option[];
  readonly checkOption?: 'local' | 'cascaded' | undefined;
}

export interface RefreshMaterializedView {
  readonly kind: 'refreshMaterializedView';
  readonly name: QualifiedName;
  readonly concurrently: boolean;
  readonly withData: boolean;
}

export interface CreateSequence {
  readonly kind: 'createSequence';
  readonly name: QualifiedName;
  readonly persistence: Persistence;
  readonly ifNotExists: boolean;
  readonly options: SequenceOptions;
}

export interface AlterSequence {
  readonly kind: 'alterSequence';
  readonly name: QualifiedName;
  readonly ifExists: boolean;
  readonly options: SequenceOptions;
}

export interface CreateSchema {
  readonly kind: 'createSchema';
  /** Absent: named like its owner. */
  readonly name?: string | undefined;
  readonly authorization?: RoleName | undefined;
  readonly ifNotExists: boolean;
  readonly elements: readonly Statement[];
}

export interface CreateEnum {
  readonly kind: 'createEnum';
  readonly name: readonly string[];
  readonly labels: readonly string[];
}

export interface AlterEnum {
  readonly kind: 'alterEnum';
  readonly name: readonly string[];
  readonly action:
    | {
        readonly kind: 'addValue';
        readonly label: string;
        readonly ifNotExists: boolean;
        readonly neighbour?: { readonly label: string; readonly before: boolean } | undefined;
      }
    | { readonly kind: 'renameValue'; readonly from: string; readonly to: string };
}

export interface CreateCompositeType {
  readonly kind: 'createCompositeType';
  readonly name: QualifiedName;
  readonly attributes: readonly ColumnDefinition[];
}

export interface CreateRangeType {
  readonly kind: 'createRangeType';
  readonly name: readonly string[];
  readonly options: readonly Option[];
}

export interface CreateDomain {
  readonly kind: 'createDomain';
  readonly name: readonly string[];
  readonly type: TypeName;
  readonly collation?: readonly string[] | undefined;
  readonly constraints: readonly ColumnConstraint[];
}

export interface AlterDomain {
  readonly kind: 'alterDomain';
  readonly name: readonly string[];
  readonly action:
    | { readonly kind: 'setDefault'; readonly expression: Expression }
    | { readonly kind: 'dropDefault' }
    | { readonly kind: 'setNotNull' }
    | { readonly kind: 'dropNotNull' }
    | { readonly kind: 'addConstraint'; readonly constraint: ColumnConstraint }
    | { readonly kind: 'dropConstraint'; readonly name: string; readonly ifExists: boolean; readonly cascade: boolean }
    | { readonly kind: 'validateConstraint'; readonly name: string };
}

export interface FunctionParameter {
  readonly name?: string | undefined;
  readonly type: TypeName;
  readonly mode: 'in' | 'out' | 'inout' | 'variadic' | 'table';
  readonly defaultValue?: Expression | undefined;
}

export interface CreateFunction {
  readonly kind: 'createFunction';
  readonly object: 'function' | 'procedure';
  readonly name: readonly string[];
  readonly replace: boolean;
  readonly parameters: readonly FunctionParameter[];
  /** Absent: a procedure, or given by OUT parameters, or RETURNS TABLE (parameters of mode 'table'; then setOf record). */
  readonly returns?: TypeName | undefined;
  readonly language?: string | undefined;
  /** AS 'definition' [, 'link symbol']. */
  readonly definition: readonly string[];
  /** RETURN expression, or BEGIN ATOMIC ... END. */
  readonly sqlBody?:
    | { readonly kind: 'return'; readonly expression: Expression }
    | { readonly kind: 'atomic'; readonly statements: readonly Statement[] }
    | undefined;
  readonly volatility: 'volatile' | 'stable' | 'immutable';
  readonly strict: boolean;
  readonly securityDefiner: boolean;
  readonly leakproof: boolean;
  readonly window: boolean;
  readonly parallel: 'unsafe' | 'restricted' | 'safe';
  readonly cost?: number | undefined;
  readonly rows?: number | undefined;
  readonly settings: readonly SetVariable[];
}

/** CREATE RULE. */
export interface CreateRule {
  readonly kind: 'createRule';
  readonly name: string;
  readonly replace: boolean;
  readonly table: QualifiedName;
  readonly event: 'select' | 'insert' | 'update' | 'delete';
  readonly condition?: Expression | undefined;
  readonly instead: boolean;
  /** None: NOTHING. */
  readonly actions: readonly Statement[];
}

/** CREATE AGGREGATE. */
export interface CreateAggregate {
  readonly kind: 'createAggregate';
  readonly name: readonly string[];
  readonly replace: boolean;
  /** Absent: the form with BASETYPE. */
  readonly parameters?: readonly FunctionParameter[] | undefined;
  /** Of an ordered set: how many of the parameters are direct arguments. */
  readonly directArguments?: number | undefined;
  readonly options: readonly Option[];
}

/** CREATE [CONSTRAINT] TRIGGER. */
export interface CreateTrigger {
  readonly kind: 'createTrigger';
  readonly replace: boolean;
  readonly isConstraint: boolean;
  readonly name: string;
  readonly table: QualifiedName;
  readonly timing: 'before' | 'after' | 'instead';
  readonly level: 'row' | 'statement';
  readonly events: readonly ('insert' | 'update' | 'delete' | 'truncate')[];
  /** UPDATE OF. */
  readonly columns: readonly string[];
  readonly when?: Expression | undefined;
  /** REFERENCING. */
  readonly transitions: readonly { readonly name: string; readonly isNew: boolean; readonly isTable: boolean }[];
  readonly deferrable: boolean;
  readonly initiallyDeferred: boolean;
  /** FROM: the other table of a constraint. */
  readonly referenced?: QualifiedName;
  readonly function: readonly string[];
  readonly args: readonly string[];
}

/** ALTER FUNCTION, PROCEDURE, ROUTINE: what is given is changed. */
export interface AlterFunction {
  readonly kind: 'alterFunction';
  readonly object: ObjectType;
  readonly target: ObjectReference;
  readonly changes: {
    readonly volatility?: CreateFunction['volatility'];
    readonly strict?: boolean;
    readonly securityDefiner?: boolean;
    readonly leakproof?: boolean;
    readonly parallel?: CreateFunction['parallel'];
    readonly cost?: number;
    readonly rows?: number;
  };
  readonly settings: readonly SetVariable[];
}

export interface CreateDatabase {
  readonly kind: 'createDatabase';
  readonly name: string;
  /** owner, template, encoding, locale, lc_collate, lc_ctype, tablespace, allow_connections, connection_limit, is_template, ... */
  readonly options: readonly Option[];
}

export interface AlterDatabase {
  readonly kind: 'alterDatabase';
  readonly name: string;
  readonly options: readonly Option[];
}

export interface AlterDatabaseSet {
  readonly kind: 'alterDatabaseSet';
  readonly name: string;
  readonly setting: SetVariable;
}

/** ALTER DATABASE ... REFRESH COLLATION VERSION. */
export interface RefreshDatabaseCollation {
  readonly kind: 'refreshDatabaseCollation';
  readonly name: string;
}

/** SECURITY LABEL: of no interest but for its provider, since there is none. */
export interface SecurityLabel {
  readonly kind: 'securityLabel';
  readonly provider?: string;
}

/** ALTER SYSTEM SET, RESET, RESET ALL. */
export interface AlterSystem {
  readonly kind: 'alterSystem';
  readonly setting: SetVariable;
}

export interface DropDatabase {
  readonly kind: 'dropDatabase';
  readonly name: string;
  readonly ifExists: boolean;
  readonly force: boolean;
}

/** CREATE ROLE / USER / GROUP. */
export interface CreateRole {
  readonly kind: 'createRole';
  readonly statement: 'role' | 'user' | 'group';
  readonly name: string;
  /** superuser, createdb, createrole, inherit, canlogin, isreplication, bypassrls, connectionlimit, password, validUntil, addroleto, rolemembers, adminmembers. */
  readonly options: readonly RoleOption[];
}

/** Lists of roles in `roles`; a NULL password has neither. */
export interface RoleOption extends Option {
  readonly roles?: readonly RoleName[] | undefined;
}

export interface AlterRole {
  readonly kind: 'alterRole';
  readonly role: RoleName;
  readonly options: readonly RoleOption[];
  /** ALTER GROUP ... DROP USER is 'drop'. */
  readonly action: 'set' | 'add' | 'drop';
}

export interface AlterRoleSet {
  readonly kind: 'alterRoleSet';
  /** Absent: ALL. */
  readonly role?: RoleName | undefined;
  readonly database?: string | undefined;
  readonly setting: SetVariable;
}

export interface DropRole {
  readonly kind: 'dropRole';
  readonly roles: readonly RoleName[];
  readonly ifExists: boolean;
}

export interface Privilege {
  /** Lower case: 'select', 'insert', ...; absent: ALL. */
  readonly name?: string | undefined;
  readonly columns: readonly string[];
}

/** GRANT and REVOKE on objects. */
export interface Grant {
  readonly kind: 'grant';
  readonly isGrant: boolean;
  /** Empty: ALL PRIVILEGES. */
  readonly privileges: readonly Privilege[];
  readonly object: ObjectType;
  readonly objects: readonly ObjectReference[];
  /** ON ALL TABLES IN SCHEMA: `objects` are then schemas. */
  readonly allInSchema: boolean;
  readonly grantees: readonly RoleName[];
  /** WITH GRANT OPTION, or REVOKE GRANT OPTION FOR. */
  readonly grantOption: boolean;
  readonly grantedBy?: RoleName | undefined;
  readonly cascade: boolean;
}

/** GRANT and REVOKE of memberships. */
export interface GrantRole {
  readonly kind: 'grantRole';
  readonly isGrant: boolean;
  readonly roles: readonly string[];
  readonly grantees: readonly RoleName[];
  readonly adminOption: boolean;
  readonly grantedBy?: RoleName | undefined;
  readonly cascade: boolean;
}

export interface AlterDefaultPrivileges {
  readonly kind: 'alterDefaultPrivileges';
  readonly roles: readonly RoleName[];
  readonly schemas: readonly string[];
  readonly grant: Grant;
}

export interface ReassignOwned {
  readonly kind: 'reassignOwned';
  readonly roles: readonly RoleName[];
  readonly to: RoleName;
}

export interface DropOwned {
  readonly kind: 'dropOwned';
  readonly roles: readonly RoleName[];
  readonly cascade: boolean;
}

export interface CreatePolicy {
  readonly kind: 'createPolicy';
  readonly name: string;
  readonly table: QualifiedName;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  readonly permissive: boolean;
  readonly roles: readonly RoleName[];
  readonly using?: Expression | undefined;
  readonly check?: Expression | undefined;
}

export interface AlterPolicy {
  readonly kind: 'alterPolicy';
  readonly name: string;
  readonly table: QualifiedName;
  /** Empty: as they are. */
  readonly roles: readonly RoleName[];
  readonly using?: Expression | undefined;
  readonly check?: Expression | undefined;
}

export interface Comment {
  readonly kind: 'comment';
  readonly object: ObjectType;
  readonly target: ObjectReference;
  /** Absent: IS NULL. */
  readonly comment?: string | undefined;
}

export interface Rename {
  readonly kind: 'rename';
  readonly object: ObjectType;
  /** For column, attribute, tableConstraint, trigger...: of the relation in `target` (its own name is `from`). */
  readonly target: ObjectReference;
  /** What kind of relation a column or constraint belongs to. */
  readonly relationType?: ObjectType | undefined;
  /** Old name of a column, attribute, constraint, trigger, rule, policy. */
  readonly from?: string | undefined;
  readonly to: string;
  readonly ifExists: boolean;
  /** ONLY: not in tables that inherit from it. */
  readonly only: boolean;
  readonly cascade: boolean;
}

export interface AlterOwner {
  readonly kind: 'alterOwner';
  readonly object: ObjectType;
  readonly target: ObjectReference;
  readonly owner: RoleName;
}

export interface AlterObjectSchema {
  readonly kind: 'alterSchema';
  readonly object: ObjectType;
  readonly target: ObjectReference;
  readonly schema: string;
  readonly ifExists: boolean;
}

export interface Truncate {
  readonly kind: 'truncate';
  readonly tables: readonly TableItem[];
  readonly restartIdentity: boolean;
  readonly cascade: boolean;
}

// --------------------------------------------------------------------------------------------------------- session statements

export interface TransactionModes {
  readonly isolation?: 'serializable' | 'repeatable read' | 'read committed' | 'read uncommitted' | undefined;
  readonly readOnly?: boolean | undefined;
  readonly deferrable?: boolean | undefined;
}

export type TransactionAction =
  /** BEGIN (`start` false) or START TRANSACTION. */
  | { readonly kind: 'begin'; readonly start: boolean; readonly modes: TransactionModes }
  | { readonly kind: 'commit'; readonly chain: boolean }
  | { readonly kind: 'rollback'; readonly chain: boolean }
  | { readonly kind: 'savepoint'; readonly name: string }
  | { readonly kind: 'release'; readonly name: string }
  | { readonly kind: 'rollbackTo'; readonly name: string }
  | { readonly kind: 'prepare'; readonly gid: string }
  | { readonly kind: 'commitPrepared'; readonly gid: string }
  | { readonly kind: 'rollbackPrepared'; readonly gid: string };

export interface Transaction {
  readonly kind: 'transaction';
  readonly action: TransactionAction;
}

/** SET, RESET. Names are as written, folded; `TIME ZONE` is 'timezone', `ROLE` is 'role', `NAMES` is 'client_encoding'. */
export type SetVariable =
  | { readonly kind: 'set'; readonly action: 'value'; readonly name: string; readonly values: readonly SettingValue[]; readonly local: boolean }
  | { readonly kind: 'set'; readonly action: 'default' | 'fromCurrent'; readonly name: string; readonly local: boolean }
  /** RESET name. */
  | { readonly kind: 'set'; readonly action: 'reset'; readonly name: string; readonly local: false }
  | { readonly kind: 'set'; readonly action: 'resetAll'; readonly local: false };

export type SettingValue =
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'integer'; readonly value: number }
  | { readonly kind: 'numeric'; readonly text: string }
  /** SET TIME ZONE INTERVAL '...': the literal. */
  | { readonly kind: 'interval'; readonly value: string };

/** SET [LOCAL] TRANSACTION ..., SET SESSION CHARACTERISTICS AS TRANSACTION ... */
export interface SetTransaction {
  readonly kind: 'setTransaction';
  readonly session: boolean;
  readonly modes: TransactionModes;
  /** SET TRANSACTION SNAPSHOT 'id'. */
  readonly snapshot?: string | undefined;
}

export interface SetConstraints {
  readonly kind: 'setConstraints';
  /** Empty: ALL. */
  readonly constraints: readonly QualifiedName[];
  readonly deferred: boolean;
}

/** SHOW name; `all` for SHOW ALL. */
export interface Show {
  readonly kind: 'show';
  readonly name: string;
}

export interface Explain {
  readonly kind: 'explain';
  readonly options: readonly Option[];
  readonly statement: Statement;
}

export interface Prepare {
  readonly kind: 'prepare';
  readonly name: string;
  readonly types: readonly TypeName[];
  readonly statement: Statement;
}

export interface Execute {
  readonly kind: 'execute';
  readonly name: string;
  readonly arguments: readonly Expression[];
}

export interface Deallocate {
  readonly kind: 'deallocate';
  /** Absent: ALL. */
  readonly name?: string | undefined;
}

export interface DeclareCursor {
  readonly kind: 'declareCursor';
  readonly name: string;
  readonly binary: boolean;
  /** Absent: not said. */
  readonly scroll?: boolean | undefined;
  readonly sensitivity?: 'insensitive' | 'asensitive' | undefined;
  readonly hold: boolean;
  readonly query: Select;
}

/** FETCH and MOVE. */
export interface Fetch {
  readonly kind: 'fetch';
  readonly cursor: string;
  readonly move: boolean;
  readonly direction: 'forward' | 'backward' | 'absolute' | 'relative';
  /** 'all' for FORWARD ALL / BACKWARD ALL. NEXT is forward 1, FIRST absolute 1, LAST absolute -1. */
  readonly count: number | 'all';
}

export interface CloseCursor {
  readonly kind: 'closeCursor';
  /** Absent: ALL. */
  readonly name?: string | undefined;
}

export interface Copy {
  readonly kind: 'copy';
  readonly direction: 'from' | 'to';
  readonly source:
    | { readonly kind: 'table'; readonly name: QualifiedName; readonly columns: readonly string[] }
    | { readonly kind: 'query'; readonly query: Select | Insert | Update | Delete | Merge };
  readonly endpoint: { readonly kind: 'standard' } | { readonly kind: 'file'; readonly name: string } | { readonly kind: 'program'; readonly command: string };
  /** format, delimiter, null, header, quote, escape, force_quote, force_not_null, force_null, encoding, freeze. */
  readonly options: readonly Option[];
  /** COPY FROM ... WHERE. */
  readonly where?: Expression | undefined;
}

export interface Listen {
  readonly kind: 'listen';
  readonly channel: string;
}
export interface Unlisten {
  readonly kind: 'unlisten';
  /** Absent: `*`. */
  readonly channel?: string | undefined;
}
export interface Notify {
  readonly kind: 'notify';
  readonly channel: string;
  readonly payload?: string | undefined;
}

export interface Lock {
  readonly kind: 'lock';
  readonly tables: readonly TableItem[];
  readonly mode: 'access share' | 'row share' | 'row exclusive' | 'share update exclusive' | 'share' | 'share row exclusive' | 'exclusive' | 'access exclusive';
  readonly nowait: boolean;
}

/** VACUUM and ANALYZE. */
export interface Vacuum {
  readonly kind: 'vacuum';
  /** VACUUM, else ANALYZE. */
  readonly vacuum: boolean;
  /** full, freeze, verbose, analyze, ... */
  readonly options: readonly Option[];
  /** Empty: every table. */
  readonly tables: readonly { readonly name: QualifiedName; readonly columns: readonly string[] }[];
}

export interface Reindex {
  readonly kind: 'reindex';
  readonly object: 'index' | 'table' | 'schema' | 'system' | 'database';
  readonly name?: QualifiedName | undefined;
  readonly options: readonly Option[];
}

export interface Cluster {
  readonly kind: 'cluster';
  readonly table?: QualifiedName | undefined;
  readonly index?: string | undefined;
  readonly options: readonly Option[];
}

export interface Checkpoint {
  readonly kind: 'checkpoint';
}

export interface Discard {
  readonly kind: 'discard';
  readonly target: 'all' | 'plans' | 'sequences' | 'temporary';
}

export interface Do {
  readonly kind: 'do';
  readonly language?: string | undefined;
  readonly body: string;
}

export interface Call {
  readonly kind: 'call';
  readonly call: FunctionCall;
}

export interface CreateExtension {
  readonly kind: 'createExtension';
  readonly name: string;
  readonly ifNotExists: boolean;
  readonly options: readonly Option[];
}

/** FROM is the option `from`. */
export interface CreateCollation {
  readonly kind: 'createCollation';
  readonly name: readonly string[];
  readonly ifNotExists: boolean;
  readonly options: readonly Option[];
}

/** CREATE STATISTICS: each element is a column or an expression; no name: one is chosen. */
export interface CreateStatistics {
  readonly kind: 'createStatistics';
  readonly name: readonly string[];
  readonly ifNotExists: boolean;
  readonly kinds: readonly string[];
  readonly elements: readonly { readonly column?: string | undefined; readonly expression?: Expression | undefined }[];
  readonly from: readonly FromItem[];
}

/** ALTER STATISTICS ... SET STATISTICS. */
export interface AlterStatistics {
  readonly kind: 'alterStatistics';
  readonly name: readonly string[];
  readonly ifExists: boolean;
  readonly target: number;
}

export interface CreateEventTrigger {
  readonly kind: 'createEventTrigger';
  readonly name: string;
  readonly event: string;
  readonly filters: readonly { readonly variable: string; readonly values: readonly string[] }[];
  readonly function: readonly string[];
}

/** ALTER EVENT TRIGGER ... ENABLE or DISABLE. */
export interface AlterEventTrigger {
  readonly kind: 'alterEventTrigger';
  readonly name: string;
  readonly enabled: 'O' | 'D' | 'R' | 'A';
}

/** ALTER COLLATION ... REFRESH VERSION. */
export interface AlterCollation {
  readonly kind: 'alterCollation';
  readonly name: readonly string[];
}

/** ALTER EXTENSION ... UPDATE. */
export interface AlterExtension {
  readonly kind: 'alterExtension';
  readonly name: string;
  readonly options: readonly Option[];
}

/** A legal statement without a kind of its own: the caller answers 0A000 naming `tag`. */
export interface Other {
  readonly kind: 'other';
  /** Command tag, e.g. 'CREATE TRIGGER'. */
  readonly tag: string;
}

export type Statement =
  | Select
  | Insert
  | Update
  | Delete
  | Merge
  | CreateTable
  | CreateTableAs
  | AlterTable
  | Drop
  | CreateIndex
  | CreateView
  | RefreshMaterializedView
  | CreateSequence
  | AlterSequence
  | CreateSchema
  | CreateEnum
  | AlterEnum
  | CreateCompositeType
  | CreateRangeType
  | CreateDomain
  | AlterDomain
  | CreateFunction
  | AlterFunction
  | CreateAggregate
  | CreateRule
  | CreateTrigger
  | CreateDatabase
  | AlterDatabase
  | AlterDatabaseSet
  | RefreshDatabaseCollation
  | SecurityLabel
  | DropDatabase
  | AlterSystem
  | CreateRole
  | AlterRole
  | AlterRoleSet
  | DropRole
  | Grant
  | GrantRole
  | AlterDefaultPrivileges
  | ReassignOwned
  | DropOwned
  | CreatePolicy
  | AlterPolicy
  | Comment
  | Rename
  | AlterOwner
  | AlterObjectSchema
  | Truncate
  | Transaction
  | SetVariable
  | SetTransaction
  | SetConstraints
  | Show
  | Explain
  | Prepare
  | Execute
  | Deallocate
  | DeclareCursor
  | Fetch
  | CloseCursor
  | Copy
  | Listen
  | Unlisten
  | Notify
  | Lock
  | Vacuum
  | Reindex
  | Cluster
  | Checkpoint
  | Discard
  | Do
  | Call
  | CreateExtension
  | AlterExtension
  | CreateCollation
  | AlterCollation
  | CreateEventTrigger
  | CreateStatistics
  | AlterStatistics
  | AlterEventTrigger
  | Other;

export type StatementKind = Statement['kind'];

/** One statement of a text. */
export interface ParsedStatement {
  readonly statement: Statement;
  /** The statement's own slice of the text, without the semicolon and surrounding blanks. */
  readonly text: string;
  /** 0-based offset of that slice in UTF-16 units. */
  readonly start: number;
}
