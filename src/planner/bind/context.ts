/**
 * What the binder needs to know from outside: the catalog, the session's settings and the parser (for views, defaults and checks, which are kept as text).
 */
import type { CatalogSnapshot } from '../../catalog/snapshot.js';
import type { Table } from '../../catalog/table.js';
import type { Expression, TypeRef } from '../../plan/expression.js';
import type { LogicalNode } from '../../plan/logical.js';
import type * as ast from '../../sql/ast.js';
import type { TypeContext } from '../../types/value.js';
import type { BindingRecord } from './record.js';

/** Columns of the relations of pg_catalog and information_schema, which live in the front end's catalog image. */
export interface CatalogRelations {
  find(
    schema: string,
    name: string,
  ): { readonly oid?: number; readonly columns: readonly { readonly name: string; readonly typeOid: number; readonly typmod?: number }[] } | undefined;
}

export interface ParserPort {
  query(text: string): ast.Select;
  expression(text: string): ast.Expression;
  /** The body of a function. */
  statements?(text: string): readonly ast.Statement[];
}

/** OIDs of objects named in literals of regclass and its kin, beyond what the snapshot and the function registry know by themselves. */
export interface ObjectNames {
  /** The OID of the named object of that reg* type; undefined when there is none. The text is as written in the literal. */
  resolve(typeOid: number, text: string): number | undefined;
}

/** The arguments of the function whose body's statement is bound: parameters of these types, by number and by name. */
export interface RoutineArguments {
  readonly name: string;
  /** '' for those without a name. */
  readonly names: readonly string[];
  readonly types: readonly TypeRef[];
}

/** Variables of a procedural language, which names may mean where they mean no column. */
export interface VariableScope {
  /** Whether a possibly qualified name means a variable, or a field of one that has it. */
  has(parts: readonly string[]): boolean;
  /** What a name that is no column means; undefined: no variable. Throws what is wrong with a variable. */
  resolve(parts: readonly string[]): Expression | undefined;
  /** $n */
  parameter(index: number): Expression | undefined;
  /** What holds where a name may mean a column, too. */
  readonly conflict: 'error' | 'variable' | 'column';
}

/** A row's table, shard and _rowid. */
export interface CursorRow {
  readonly tableOid: number;
  readonly shard: number;
  readonly rowid: number;
}

export interface BindContext {
  readonly routineArguments?: RoutineArguments;
  readonly variables?: VariableScope;
  readonly catalog: CatalogSnapshot;
  /** Schemas in order, "$user" resolved, as SHOW search_path has them: pg_catalog is searched first unless it is listed. */
  readonly searchPath: readonly string[];
  /** Settings that literals' text forms depend on. */
  readonly context: TypeContext;
  readonly currentUser: string;
  /** Declared types of $1..; 0 or 705 (unknown) or missing: inferred. */
  readonly parameterOids: readonly number[];
  readonly catalogRelations: CatalogRelations;
  readonly parser: ParserPort;
  readonly objectNames?: ObjectNames;
  /** Known functions that nothing carries out are accepted: for tests of resolution only. */
  readonly acceptUnimplemented?: boolean;
  /** The rows of a query that reads one table row by row tell where they are (DECLARE CURSOR). */
  readonly placesRows?: boolean;
  /** Where the row on which a cursor stands may be, for WHERE CURRENT OF of a write to the table. */
  readonly cursorRow?: (cursor: string, table: Table) => readonly CursorRow[];
  /** A statement that the system itself runs for a definition: no privileges, no row-level security. */
  readonly isInternal?: boolean;
  /** The setting row_security. */
  readonly rowSecurity?: boolean;
  /** Tables that only this statement sees, before those of the catalog: the changed rows that a trigger reads. */
  readonly ephemeralTables?: ReadonlyMap<string, LogicalNode>;
  /** Takes down what each node of the tree becomes. */
  readonly record?: BindingRecord;
}
