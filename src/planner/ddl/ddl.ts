/**
 * What planning a data-definition statement works with and yields. Planning is pure: (catalog, statement) -> a list of actions that the session carries out
 * in its transaction, in order. One file a command beside this one.
 */
import type { DatabaseEntry } from '../../catalog/server-catalog.js';
import { quoteIdentifier } from '../../sql/quote.js';
import type { CatalogEditor } from '../../catalog/edit.js';
import type { CatalogData, CatalogSnapshot } from '../../catalog/snapshot.js';
import { findIndex } from '../../catalog/edit.js';
import type { UserFunction } from '../../catalog/user-function.js';
import type { Exclusion, Column, Index, Relation, Sequence, Table } from '../../catalog/table.js';
import type { Trigger, TriggerEvent } from '../../catalog/trigger.js';
import { privilegeBits } from '../../catalog/acl.js';
import { deniedText, privilegesOn, securableSchema } from '../../catalog/privileges.js';
import { PgError } from '../../common/errors.js';
import type { TypeRef } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import type { DdlStep } from '../../storage/ports.js';
import type { WrittenIndex } from '../sqlite/write-index.js';

/** A column of a relation that a stored text reads. */
export type ReadColumn = (relationOid: number, name: string) => void;

/** Binding that DDL needs, over a catalog that may be newer than the session's. */
export interface DdlBinder {
  typeName(name: ast.TypeName): TypeRef;
  /**
   * Binds an expression over a table's columns (none: no column may be named), coerces it to `target` when given (assignment) and answers its deparsed text.
   * `clause` words the errors.
   */
  expression(
    expression: ast.Expression,
    over: Table | undefined,
    target: TypeRef | undefined,
    clause: 'default' | 'check' | 'generated' | 'index' | 'predicate' | 'using' | 'policy',
  ): string;
  /** An expression of an index over the table's columns, with its collation (0: its type has none; undefined: none could be derived). */
  indexKey(expression: ast.Expression, table: Table): { readonly text: string; readonly type: TypeRef; readonly collation: number | undefined };
  /** The keys and the predicate of an index as SQLite gets them. */
  index(table: Table, index: Index): WrittenIndex;
  /** The same of an exclusion constraint. */
  exclusion(table: Table, index: Index): NonNullable<Exclusion['sql']>;
  /** An operator of an exclusion constraint between two values of the type. */
  exclusionOperator(name: readonly string[], type: TypeRef): { readonly oid: number; readonly isCommutative: boolean };
  /** An expression of PARTITION BY over the table's columns. */
  partitionKey(
    expression: ast.Expression,
    table: Table,
  ): { readonly text: string; readonly type: TypeRef; readonly isConstant: boolean; readonly collation: number | undefined };
  /** The value of a bound's expression in canonical text, converted to the key's type; null for NULL. */
  constant(expression: ast.Expression, type: TypeRef, key: string): string | null;
  /** A CHECK of a domain over `value`: its text, and its SQLite spelling over `?1`. */
  domainCheck(expression: ast.Expression, base: TypeRef, schema: string): { readonly text: string; readonly sql: string };
  /** Binds the body of a function over its parameters: an error when it does not fit. */
  functionBody(definition: UserFunction): void;
  /** OIDs of the database's own functions that a stored text calls. */
  functionsUsed(text: string, kind: 'query' | 'expression', table: Table | undefined): ReadonlySet<number>;
  /** A statement with the schemas of what it names written out. */
  qualified(statement: ast.Statement): ast.Statement;
  /** Output columns of a query; the deparsed text of its definition. */
  query(
    query: ast.Select,
    names?: readonly string[],
  ): {
    readonly columns: readonly { readonly name: string; readonly type: TypeRef; readonly collation: number | undefined }[];
    readonly parameters: number;
    readonly text: string;
  };
  /** The text of a stored query with the names of another catalog; tells of the columns that it reads. */
  restateQuery(text: string, names: readonly string[], after: CatalogSnapshot, onColumn?: ReadColumn): string;
  /** The same of an expression over a table's columns. */
  restateExpression(text: string, table: Table, after: CatalogSnapshot, onColumn?: ReadColumn): string;
  /** The same of a policy's condition, which may read other tables. */
  restatePolicy(text: string, table: Table, after: CatalogSnapshot): string;
}

export interface DdlNotice {
  readonly severity: 'NOTICE' | 'WARNING';
  readonly code: string;
  readonly message: string;
  readonly detail?: string;
  readonly hint?: string;
}

export type LargeObjectsWanted = { readonly oid: number } | { readonly owner: number };

/** What statements about roles and large objects ask of the session. */
export interface DdlSession {
  readonly sessionUser: string;
  /** What is kept of a password: a verifier. A text that is one already stays as it is. */
  hashPassword(role: string, password: string): string;
  /** VALID UNTIL: microseconds since 2000. */
  timestamp(text: string): bigint;
  /** The name as it is kept and the checked value of SET, RESET (no value) or SET ... FROM CURRENT. */
  setting(setting: Exclude<ast.SetVariable, { readonly action: 'resetAll' }>): { readonly name: string; readonly value: string | undefined };
  /** The newest committed catalogs of the other databases. */
  otherCatalogs(): readonly CatalogSnapshot[];
  /** Large objects by OID, with the OIDs of their owners: the one, or those of one owner. */
  largeObjects(which: LargeObjectsWanted): ReadonlyMap<number, number>;
}

export interface DdlContext {
  /** The system itself runs the statement: nobody's rights are asked for. */
  readonly isInternal?: boolean;
  readonly editor: CatalogEditor;
  readonly searchPath: readonly string[];
  readonly currentUser: string;
  readonly session: DdlSession;
  readonly binder: (catalog: CatalogSnapshot) => DdlBinder;
  readonly notice: (notice: DdlNotice) => void;
  /** The session's own schema for temporary tables; made when it is first needed. */
  readonly temporarySchema: string;
  /** Within BEGIN ... COMMIT. */
  readonly inBlock: boolean;
  /** 25001 for a command that cannot be undone, unless it is a statement and a transaction of its own. */
  readonly requireAlone: (command: string) => void;
  /** Shards of a new colocation group when the statement does not say. */
  readonly shardCount: number;
}

/** One thing that the session does, inside the statement's transaction. */
export type DdlAction =
  /** Physical steps, and the catalog from here on. */
  | { readonly kind: 'apply'; readonly catalog: CatalogData; readonly steps: readonly DdlStep[] }
  /** A data-changing statement against the catalog so far. */
  | { readonly kind: 'run'; readonly sql: string }
  /** `schema`: looked at before the search path. */
  | { readonly kind: 'runStatement'; readonly statement: ast.Statement; readonly schema?: string }
  /** Moves rows between the physical forms of a table: `sourceSchemas` hold the old SQLite table, rows go where the new catalog says. */
  | { readonly kind: 'moveRows'; readonly from: Table; readonly to: Table }
  /** A statement trigger fires. */
  | { readonly kind: 'fire'; readonly table: Table; readonly trigger: Trigger; readonly event: TriggerEvent }
  /** A database with its files; alone in its statement. */
  | DatabaseAction
  /** Fails with `error` when the query has a row. */
  | { readonly kind: 'refuseIfAny'; readonly sql: string; readonly error: PgError };

/** Tells what CASCADE takes along: one object by name, several in the detail. */
export function noticeCascade(context: DdlContext, dependents: readonly string[]): void {
  const [only] = dependents;
  if (only === undefined) return;
  const lines = dependents.map((dependent) => `drop cascades to ${dependent}`);
  const notice = { severity: 'NOTICE', code: '00000' } as const;
  if (dependents.length === 1) context.notice({ ...notice, message: `drop cascades to ${only}` });
  else context.notice({ ...notice, message: `drop cascades to ${String(dependents.length)} other objects`, detail: lines.join('\n') });
}

/**
 * What happens to the files of databases and to those who are connected, before `catalog` is committed. The names are for messages.
 */
export type DatabaseAction =
  | { readonly kind: 'createDatabase'; readonly template: DatabaseEntry; readonly entry: DatabaseEntry; readonly catalog: CatalogData }
  | { readonly kind: 'dropDatabase'; readonly entry: DatabaseEntry; readonly force: boolean; readonly catalog: CatalogData }
  | { readonly kind: 'renameDatabase'; readonly entry: DatabaseEntry; readonly catalog: CatalogData };

/** Collects actions; `flush` turns edits so far into an `apply`. */
export class ActionList {
  readonly actions: DdlAction[] = [];
  #steps: DdlStep[] = [];

  constructor(readonly editor: CatalogEditor) {}

  step(step: DdlStep): void {
    this.#steps.push(step);
  }

  /** SQLite text once per schema that holds the table. */
  sqlForTable(table: Table, text: (schema: string) => string): void {
    for (const schema of this.editor.snapshot.shardSchemas(table)) this.step({ kind: 'sql', sql: text(schema) });
  }

  flush(): void {
    this.actions.push({ kind: 'apply', catalog: this.editor.data, steps: this.#steps });
    this.#steps = [];
  }

  add(action: DdlAction): void {
    this.flush();
    this.actions.push(action);
  }
}

/** Schemas of temporary tables, one a session. */
export const temporarySchemaPrefix = 'pg_temp_';

/** 42501 unless the role may make objects in the schema. */
export function requireCreate({ editor, currentUser, isInternal, temporarySchema }: DdlContext, name: string, user = currentUser): void {
  const role = editor.snapshot.role(user);
  if (isInternal === true || role === undefined || role.superuser || name === temporarySchema) return;
  const schema = securableSchema(editor.snapshot, name);
  if (schema !== undefined && privilegesOn(editor.snapshot, role.oid, schema, privilegeBits.create) === 0) throw new PgError('42501', deniedText(schema));
}

/** The schema in which a new object is made. */
export function creationSchema(
  context: DdlContext,
  name: { readonly schema?: string | undefined; readonly position?: number | undefined },
  persistence: ast.Persistence = 'permanent',
): string {
  const { editor } = context;
  const isTemporaryName = name.schema === 'pg_temp' || name.schema === context.temporarySchema;
  if (persistence === 'temporary' || isTemporaryName) {
    if (name.schema !== undefined && !isTemporaryName) throw new PgError('42P16', 'cannot create temporary relation in non-temporary schema').at(name.position);
    if (!editor.snapshot.schemaExists(context.temporarySchema))
      editor.putSchema({ oid: editor.freshOid(), name: context.temporarySchema, owner: context.currentUser });
    return context.temporarySchema;
  }
  const schema =
    name.schema ??
    context.searchPath.find(
      (candidate) => candidate !== 'pg_catalog' && !candidate.startsWith(temporarySchemaPrefix) && editor.snapshot.schemaExists(candidate),
    );
  if (schema === undefined) throw new PgError('3F000', 'no schema has been selected to create in');
  if (!editor.snapshot.schemaExists(schema)) throw new PgError('3F000', `schema "${schema}" does not exist`).at(name.position);
  requireCreate(context, schema);
  if (schema === 'pg_catalog' || schema === 'information_schema')
    throw new PgError('42501', `permission denied to create in schema "${schema}"`, { detail: 'System catalog modifications are currently disallowed.' });
  return schema;
}

export function findRelation(context: DdlContext, name: ast.QualifiedName): Relation | undefined {
  const catalog = context.editor.snapshot;
  return name.schema === undefined ? catalog.find(context.searchPath, name.name) : catalog.relation(name.schema, name.name);
}

export function qualified(name: ast.QualifiedName): string {
  return name.schema === undefined ? name.name : `${name.schema}.${name.name}`;
}

export function undefinedRelation(name: ast.QualifiedName): PgError {
  return new PgError('42P01', `relation "${qualified(name)}" does not exist`).at(name.position);
}

export function requireTable(context: DdlContext, name: ast.QualifiedName): Table {
  const relation = findRelation(context, name);
  if (relation === undefined) throw undefinedRelation(name);
  if (relation.kind !== 'table') throw new PgError('42809', `"${name.name}" is not a table`);
  return relation;
}

export function requireSequence(context: DdlContext, name: ast.QualifiedName): Sequence {
  const relation = findRelation(context, name);
  if (relation === undefined) throw undefinedRelation(name);
  if (relation.kind !== 'sequence') throw new PgError('42809', `"${name.name}" is not a sequence`);
  return relation;
}

/** A relation in SQL text, whatever the search path. */
export function tableName(relation: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdentifier(relation.schema)}.${quoteIdentifier(relation.name)}`;
}

/** The table's own rows, without those of tables that inherit from it, in FROM or as a target. (ONLY a partitioned table would have none.) */
export function ownRows(table: Table): string {
  return `${table.partitioning === undefined ? 'ONLY ' : ''}${tableName(table)}`;
}

/** `names` of a DROP, COMMENT or RENAME as a qualified name. */
export function toQualifiedName(parts: readonly string[]): ast.QualifiedName {
  const name = parts[parts.length - 1] ?? '';
  const schema = parts.length > 1 ? parts[parts.length - 2] : undefined;
  return { name, schema };
}

export function requireIndex(context: DdlContext, name: ast.QualifiedName): NonNullable<ReturnType<typeof findIndex>> {
  const found = findIndex(context.editor.snapshot, name.schema === undefined ? context.searchPath : [name.schema], name.name);
  if (found === undefined) throw new PgError('42P01', `relation "${qualified(name)}" does not exist`);
  return found;
}

/** ON COMMIT of a new table, which must be a temporary one. */
export function onCommitOf({ onCommit, persistence }: ast.CreateTable | ast.CreateTableAs): Pick<Table, 'onCommit'> {
  if (onCommit === undefined) return {};
  if (persistence !== 'temporary') throw new PgError('42P16', 'ON COMMIT can only be used on temporary tables');
  return onCommit === 'preserveRows' ? {} : { onCommit };
}

export function duplicateRelation(name: string): PgError {
  return new PgError('42P07', `relation "${name}" already exists`);
}

/** The column with a default; NULL is none, but for a domain, which may refuse it. */
export function withDefault(column: Column, defaultText: string): Column {
  if (column.domainOid !== undefined || column.typmod !== -1 || !/^NULL(::|$)/.test(defaultText)) return { ...column, defaultText };
  const { defaultText: _old, ...without } = column;
  return without;
}
