/**
 * FROM: tables, views, common tables, subqueries, functions and joins, with the names that they bring into scope.
 * Source: parse_clause.c of PostgreSQL 15 (transformFromClauseItem, setNamespaceLateralState) and parse_relation.c.
 */
import { assertNever, notSupported } from '../../common/errors.js';
import { systemViewQuery } from '../../catalog/pg-catalog/system-views.js';
import { bootstrapRoleOid } from '../../catalog/role.js';
import type { Column, Sequence, Table, View } from '../../catalog/table.js';
import { functionsNamed } from '../../functions/registry.js';
import { rootOf } from '../../catalog/partition.js';
import { columnRef, columnType, conjunction, constant, falseConst, typeRef } from '../../plan/build.js';
import type { Expression, SetCall, TypeRef, WindowCall } from '../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import type * as ast from '../../sql/ast.js';
import { arrayTypeOf, Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { requireSchemaUsage, securedScan, useRelation, useSystemRelation, viewRole } from './security.js';
import { callFunction, makeOperator } from './call.js';
import { coerceTo, commonTypeOf, toCommonType, unknownToText, schemasOf } from './coercion.js';
import { allFields, compositeFields } from './composite.js';
import { columnName } from './column-name.js';
import { bindCondition, bindExpression, inClause } from './expression.js';
import { setCall } from './function-call.js';
import { inheritedScan } from './inheritance.js';
import { partitionColumns, partitionOid, partitionRows } from './partition.js';
import { bindQueryIn } from './query.js';
import { expandRecordFunction } from './record-function.js';
import { exactEntries, findFunction } from './resolve.js';
import { type CommonTable, type NamespaceEntry, type RangeColumn, type RangeItem, type RowPlace, Scope } from './scope.js';
import { readsPlaces, storedQuery } from './stored-text.js';
import { bindUserRows, definitionOf, functionsCalled } from './user-function.js';

export interface BoundFrom {
  readonly plan: LogicalNode;
  /** Entries that the item brings into scope. */
  readonly entries: readonly NamespaceEntry[];
  /** Columns of the item as a whole, as a join above sees them. */
  readonly columns: readonly RangeColumn[];
}

/** One row without columns: FROM of a query that has none. */
export const oneRow: LogicalNode = { kind: 'values', columns: [], rows: [[]] };

function entryOf(item: RangeItem): NamespaceEntry {
  return { item, relationVisible: item.name !== undefined, columnsVisible: true, lateralOnly: false, lateralAllowed: true };
}

function checkConflicts(binder: Binder, left: readonly NamespaceEntry[], right: readonly NamespaceEntry[]): void {
  for (const a of left) {
    if (!a.relationVisible) continue;
    for (const b of right) {
      if (!b.relationVisible || a.item.name !== b.item.name) continue;
      // Two tables of one name from different schemas are told apart by the schema.
      if (a.item.schema !== undefined && b.item.schema !== undefined && a.item.schema !== b.item.schema) continue;
      throw binder.error('42712', `table name "${b.item.name ?? ''}" specified more than once`, undefined);
    }
  }
}

function setLateral(entries: readonly NamespaceEntry[], only: boolean, allowed: boolean): void {
  for (const entry of entries) {
    entry.lateralOnly = only;
    entry.lateralAllowed = allowed;
  }
}

/** Renames by AS t(a, b): fewer names than columns are allowed, more are not. */
function renamed(binder: Binder, alias: ast.Alias | undefined, names: readonly string[], relation: string): readonly string[] {
  if (alias === undefined || alias.columns.length === 0) return names;
  if (alias.columns.length > names.length) {
    throw binder.error('42P10', `table "${relation}" has ${names.length} columns available but ${alias.columns.length} columns specified`, undefined);
  }
  return names.map((name, i) => alias.columns[i] ?? name);
}

/** An item over the columns of a plan. */
function itemOver(
  binder: Binder,
  columns: readonly OutputColumn[],
  name: string | undefined,
  alias: ast.Alias | undefined,
  rest: Partial<Pick<RangeItem, 'schema' | 'table' | 'tableOid' | 'catalogOid' | 'isFunctionScalar' | 'row'>> = {},
): RangeItem {
  const shown = alias?.name ?? name;
  const names = renamed(
    binder,
    alias,
    columns.map((column) => column.name),
    shown ?? '',
  );
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as OutputColumn;
    binder.describe(column.id, shown === undefined ? (names[i] as string) : `${shown}.${names[i] as string}`);
  }
  return {
    name: shown,
    schema: alias === undefined ? rest.schema : undefined,
    columns: columns.map((column, i) => ({ name: names[i] as string, expression: columnRef(column) })),
    ...withoutSchema(rest),
  };
}

function withoutSchema(
  rest: Partial<Pick<RangeItem, 'schema' | 'table' | 'tableOid' | 'catalogOid' | 'isFunctionScalar' | 'row'>>,
): Partial<Omit<typeof rest, 'schema'>> {
  const { schema: _schema, ...others } = rest;
  return others;
}

function simple(binder: Binder, plan: LogicalNode, item: RangeItem, scope: Scope): BoundFrom {
  scope.range.push(item);
  binder.presence.remember(item, plan, scope);
  return { plan, entries: [entryOf(item)], columns: item.columns };
}

// ------------------------------------------------------------------------------------------------------------------------ tables

/** Whether a column has a collation of its own, or may have its domain's. */
function hasCollation({ collation, domainOid }: Column): boolean {
  return collation !== undefined || domainOid !== undefined;
}

/** The scan of a table with all its columns; `withRow` adds shard number and _rowid at the end. */
export function scanTable(
  binder: Binder,
  scope: Scope,
  table: Table,
  alias: string,
  withRow: boolean,
): { plan: LogicalNode; columns: readonly OutputColumn[]; row: RangeItem['row'] } {
  const columns = table.columns.map((column) => binder.column(column.name, columnType(column), scope, { tableOid: table.oid, attribute: column.attribute }));
  const source = table.columns.map((column) => column.attribute);
  binder.collates ||= table.columns.some(hasCollation);
  if (!withRow) return { plan: { kind: 'scan', table, alias, columns, source }, columns, row: undefined };
  const shard = binder.column('_shard', typeRef(Oid.int4), scope);
  const rowid = binder.column('_rowid', typeRef(Oid.int8), scope);
  return { plan: { kind: 'scan', table, alias, columns: [...columns, shard, rowid], source: [...source, -1, 0] }, columns, row: { shard, rowid } };
}

function findCommonTable(scope: Scope, name: string): CommonTable | undefined {
  for (let level: Scope | undefined = scope; level !== undefined; level = level.parent) {
    const found = level.commonTables.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

export function bindView(binder: Binder, view: View, scope: Scope): { plan: LogicalNode; columns: readonly OutputColumn[] } {
  if (binder.views.includes(view.oid)) throw binder.error('42P17', `infinite recursion detected in rules for relation "${view.name}"`, undefined);
  const path = binder.searchPath;
  const { readsPlaces: outside } = binder;
  const query = storedQuery(binder, view.queryText);
  binder.readsPlaces = readsPlaces(query);
  binder.views.push(view.oid);
  const { frame, checkAs } = binder;
  binder.frame = undefined;
  binder.searchPath = [];
  binder.storedDepth++;
  binder.checkAs = viewRole(view, checkAs);
  try {
    const bound = binder.access.aloud(() => bindQueryIn(binder, new Scope(undefined), query, { silentPositions: true }));
    // The view's columns belong to the level that reads it.
    const columns = bound.columns
      .slice(0, view.columns.length)
      .map((column, i) => binder.column(view.columns[i]?.name ?? column.name, column.type, scope, { tableOid: view.oid, attribute: i + 1 }));
    return {
      plan: { kind: 'project', input: bound.plan, columns, expressions: bound.columns.slice(0, view.columns.length).map((column) => columnRef(column)) },
      columns,
    };
  } finally {
    binder.views.pop();
    binder.readsPlaces = outside;
    binder.frame = frame;
    binder.searchPath = path;
    binder.storedDepth--;
    binder.checkAs = checkAs;
  }
}

/** The rows of the system's own table (catalog/system-table), which is found through the system relation that it is. */
function storedRows(binder: Binder, scope: Scope, table: Table, columns: readonly OutputColumn[]): LogicalNode {
  const scanned = scanTable(binder, scope, table, table.name, false);
  return { kind: 'project', input: scanned.plan, columns, expressions: scanned.columns.map((column) => columnRef(column)) };
}

/** A relation of pg_catalog that is a query: bound as the first superuser's. (An array of any type is text in the table.) */
function bindSystemView(binder: Binder, text: string, columns: readonly OutputColumn[]): LogicalNode {
  const path = binder.searchPath;
  const { frame, checkAs, readsPlaces: outside } = binder;
  binder.frame = undefined;
  binder.searchPath = [];
  binder.storedDepth++;
  binder.readsPlaces = false;
  binder.checkAs = binder.context.catalog.roles.byOid(bootstrapRoleOid)?.name ?? checkAs;
  try {
    const bound = binder.access.aloud(() => bindQueryIn(binder, new Scope(undefined), storedQuery(binder, text), { silentPositions: true }));
    return { kind: 'project', input: bound.plan, columns, expressions: columns.map((_, i) => columnRef(bound.columns[i] as OutputColumn)) };
  } finally {
    binder.readsPlaces = outside;
    binder.frame = frame;
    binder.searchPath = path;
    binder.storedDepth--;
    binder.checkAs = checkAs;
  }
}

function repeatableSeed(binder: Binder, scope: Scope, node: ast.Expression): Expression {
  const bound = bindExpression(binder, scope, node);
  if (bound.kind === 'const' && bound.value === null) throw binder.error('2202G', 'TABLESAMPLE REPEATABLE parameter cannot be null', undefined);
  const seed = coerceTo(binder, bound, typeRef(Oid.float8), 'assignment');
  if (seed === undefined) throw binder.error('42804', 'argument of REPEATABLE must be a number', binder.positionOf(bound));
  return seed;
}

/** TABLESAMPLE: each row with the given probability, by its place with REPEATABLE; SYSTEM, which takes whole pages, does the same here. */
function sample(binder: Binder, scope: Scope, input: LogicalNode, place: RowPlace | undefined, node: ast.TableSample): LogicalNode {
  const method = node.method[node.method.length - 1] as string;
  if (method !== 'bernoulli' && method !== 'system') throw binder.error('42704', `tablesample method ${method} does not exist`, node.position);
  const [argument] = node.arguments;
  if (node.arguments.length !== 1 || argument === undefined) {
    throw binder.error('2202H', `tablesample method ${method} requires 1 argument, not ${node.arguments.length}`, node.position);
  }
  const bound = bindExpression(binder, scope, argument);
  const percentage = coerceTo(binder, bound, typeRef(Oid.float8), 'assignment');
  if (percentage === undefined) throw binder.error('42804', 'sample percentage must be a number', binder.positionOf(bound));
  if (bound.kind === 'const' && bound.value !== null && !(Number(bound.value) >= 0 && Number(bound.value) <= 100)) {
    throw binder.error('2202H', 'sample percentage must be between 0 and 100', undefined);
  }
  if (bound.kind === 'const' && bound.value === null) throw binder.error('2202H', 'TABLESAMPLE parameter cannot be null', undefined);
  const seed = node.repeatable === undefined ? undefined : repeatableSeed(binder, scope, node.repeatable);
  const match = findFunction(seed === undefined ? 'random' : 'shoal_sample', seed === undefined ? [] : [Oid.int4, Oid.int8, Oid.float8]);
  if (match.kind !== 'function') throw new Error('assertion failed: the function exists');
  const args = seed === undefined || place === undefined ? [] : [columnRef(place.shard), columnRef(place.rowid), seed];
  const chance = makeOperator(binder, '*', callFunction(binder, match.candidate, args, undefined), constant(100, typeRef(Oid.float8)), undefined);
  return { kind: 'filter', input, predicate: makeOperator(binder, '<', chance, percentage, undefined), columns: input.columns };
}

/** ONLY a partitioned table has no rows of its own. */
function noRows(input: LogicalNode): LogicalNode {
  return { kind: 'filter', input, predicate: falseConst, columns: input.columns };
}

/** A function that must be there. */
function known(name: string, args: readonly number[]): Parameters<typeof callFunction>[1] {
  const match = findFunction(name, args);
  if (match.kind !== 'function') throw new Error(`assertion failed: ${name} exists`);
  return match.candidate;
}

/** A sequence read as a table: one row of what the lane knows of it. */
function bindSequence(binder: Binder, scope: Scope, sequence: Sequence): { plan: LogicalNode; columns: readonly OutputColumn[] } {
  const [int8, int4, bool] = [typeRef(Oid.int8), typeRef(Oid.int4), typeRef(Oid.bool)];
  const state = (part: number): Expression =>
    callFunction(
      binder,
      known('shoal_sequence_state', [Oid.regclass, Oid.int4]),
      [constant(sequence.oid, typeRef(Oid.regclass)), constant(part, int4)],
      undefined,
    );
  const columns = [binder.column('last_value', int8, scope), binder.column('log_cnt', int8, scope), binder.column('is_called', bool, scope)];
  const expressions: Expression[] = [state(0), state(1), makeOperator(binder, '=', state(2), constant(1n, int8), undefined)];
  return { plan: { kind: 'project', input: oneRow, columns, expressions }, columns };
}

/** pg_sequences.last_value is the lane's to know: the relation has the sequence's OID in its place. */
function withLastValues(
  binder: Binder,
  scope: Scope,
  scan: Extract<LogicalNode, { kind: 'catalogScan' }>,
): { plan: LogicalNode; columns: readonly OutputColumn[] } {
  const scanned = scan.columns.map((column) =>
    column.name === 'last_value' ? binder.column(column.name, typeRef(Oid.regclass), scope) : binder.column(column.name, column.type, scope),
  );
  const expressions = scanned.map((column) =>
    column.name === 'last_value' ? callFunction(binder, known('pg_sequence_last_value', [Oid.regclass]), [columnRef(column)], undefined) : columnRef(column),
  );
  return { plan: { kind: 'project', input: { ...scan, columns: scanned }, columns: scan.columns, expressions }, columns: scan.columns };
}

function bindTable(binder: Binder, scope: Scope, node: ast.TableItem): BoundFrom {
  const { name: qualified, alias } = node;
  const position = node.position ?? qualified.position;
  if (qualified.catalog !== undefined && qualified.catalog !== binder.context.catalog.database.name) {
    throw binder.error('0A000', `cross-database references are not implemented: "${qualified.catalog}.${qualified.schema ?? ''}.${qualified.name}"`, position);
  }
  const onlyTables = (): void => {
    if (node.sample === undefined) return;
    throw binder.error('0A000', 'TABLESAMPLE clause can only be applied to tables and materialized views', node.sample.position ?? position);
  };
  if (qualified.schema === undefined) {
    const common = findCommonTable(scope, qualified.name);
    if (common !== undefined) onlyTables();
    if (common !== undefined) return bindCommonTable(binder, scope, common, node);
    const ephemeral = binder.context.ephemeralTables?.get(qualified.name);
    if (ephemeral !== undefined) {
      if (ephemeral.kind === 'landed') binder.needsWriter = true;
      const columns = ephemeral.columns.map((column) => binder.column(column.name, column.type, scope));
      return simple(binder, { ...ephemeral, columns }, itemOver(binder, columns, qualified.name, alias), scope);
    }
  }
  if (qualified.schema !== undefined) requireSchemaUsage(binder, qualified.schema);
  for (const schema of schemasOf(binder, qualified.schema)) {
    const relation = binder.context.catalog.relation(schema, qualified.name);
    if (relation?.kind === 'table' || relation?.kind === 'partition') {
      const table = relation.kind === 'table' ? relation : rootOf(binder.context.catalog, relation);
      if (table.materialized?.populated === false) {
        throw binder.error('55000', `materialized view "${table.name}" has not been populated`, undefined, {
          hint: 'Use the REFRESH MATERIALIZED VIEW command.',
        });
      }
      const withRow = scope.wantsRows || binder.readsPlaces || node.sample?.repeatable !== undefined;
      const inherited = node.only || relation.kind !== 'table' ? undefined : inheritedScan(binder, scope, table, alias?.name ?? relation.name, withRow);
      const { plan, columns, row } = inherited ?? scanTable(binder, scope, table, alias?.name ?? relation.name, withRow);
      const own = relation.kind === 'table' ? plan : partitionRows(binder, relation, plan, columns);
      const rows = node.only && relation.partitioning !== undefined ? noRows(own) : own;
      const sampled = node.sample === undefined ? rows : sample(binder, scope, rows, row, node.sample);
      const shown = relation.kind === 'table' ? columns : partitionColumns(table, relation, columns);
      const tableOid =
        inherited !== undefined
          ? { tableOid: () => columnRef(inherited.tableOid) }
          : table.partitioning === undefined
            ? {}
            : { tableOid: () => partitionOid(binder, table, columns) };
      const item = itemOver(binder, shown, relation.name, alias, { schema, table, ...tableOid, ...(row === undefined ? {} : { row }) });
      useRelation(binder, relation.oid, shown, relation.columns);
      const secured = relation.kind === 'table' ? securedScan(binder, table, columns, sampled, scope.wantsRows ? ['select', 'update'] : ['select']) : sampled;
      return simple(binder, secured, item, scope);
    }
    if (relation !== undefined) onlyTables();
    if (relation?.kind === 'view') {
      const use = useRelation(binder, relation.oid, [], []);
      const { plan, columns } = bindView(binder, relation, scope);
      use?.columns(
        columns.map((column) => column.id),
        columns.map((_, i) => i + 1),
      );
      return simple(binder, plan, itemOver(binder, columns, relation.name, alias, { schema }), scope);
    }
    if (relation !== undefined) {
      const { plan, columns } = bindSequence(binder, scope, relation);
      useRelation(binder, relation.oid, columns, [{ attribute: 1 }, { attribute: 2 }, { attribute: 3 }]);
      return simple(binder, plan, itemOver(binder, columns, relation.name, alias, { schema }), scope);
    }
    const system = binder.context.catalogRelations.find(schema, qualified.name);
    if (system !== undefined) {
      onlyTables();
      const columns = system.columns.map((column, i) =>
        binder.column(
          column.name,
          typeRef(column.typeOid, column.typmod ?? -1),
          scope,
          system.oid === undefined ? undefined : { tableOid: system.oid, attribute: i + 1 },
        ),
      );
      useSystemRelation(binder, schema, qualified.name, columns);
      const stored = system.oid === undefined ? undefined : binder.context.catalog.relationByOid(system.oid);
      const query = systemViewQuery(`${schema}.${qualified.name}`);
      if (stored?.kind === 'table' || query !== undefined) {
        const plan = query === undefined ? storedRows(binder, scope, stored as Table, columns) : bindSystemView(binder, query, columns);
        return simple(
          binder,
          plan,
          itemOver(binder, columns, qualified.name, alias, { schema, ...(system.oid === undefined ? {} : { catalogOid: system.oid }) }),
          scope,
        );
      }
      const scan: Extract<LogicalNode, { kind: 'catalogScan' }> = {
        kind: 'catalogScan',
        relation: `${schema}.${qualified.name}`,
        alias: alias?.name ?? qualified.name,
        columns,
        source: system.columns.map((column) => column.name),
      };
      return simple(
        binder,
        scan.relation === 'pg_catalog.pg_sequences' ? withLastValues(binder, scope, scan).plan : scan,
        itemOver(binder, columns, qualified.name, alias, { schema, ...(system.oid === undefined ? {} : { catalogOid: system.oid }) }),
        scope,
      );
    }
  }
  throw missingTable(binder, qualified, position, scope);
}

export function missingTable(binder: Binder, qualified: ast.QualifiedName, position: number | undefined, scope?: Scope): Error {
  const text = qualified.schema === undefined ? qualified.name : `${qualified.schema}.${qualified.name}`;
  for (let level = scope; level !== undefined; level = level.parent) {
    if (qualified.schema !== undefined || !level.futureTables.has(qualified.name)) continue;
    return binder.error('42P01', `relation "${text}" does not exist`, position, {
      detail: `There is a WITH item named "${text}", but it cannot be referenced from this part of the query.`,
      hint: 'Use WITH RECURSIVE, or re-order the WITH items to remove forward references.',
    });
  }
  return binder.error('42P01', `relation "${text}" does not exist`, position);
}

function bindCommonTable(binder: Binder, scope: Scope, common: CommonTable, node: ast.TableItem): BoundFrom {
  const position = node.position ?? node.name.position;
  if (common.silent === true) throw binder.error('0A000', `WITH query "${common.name}" does not have a RETURNING clause`, position);
  if (common.recursive !== undefined) {
    if (common.recursive.forbidden !== undefined) {
      throw binder.error('42P19', `recursive reference to query "${common.name}" must not appear within ${common.recursive.forbidden}`, position);
    }
    for (let level: Scope | undefined = scope; level !== undefined && level.commonTables.get(common.name) !== common; level = level.parent) {
      if (level.inExpression) throw binder.error('42P19', `recursive reference to query "${common.name}" must not appear within a subquery`, position);
    }
    binder.recursiveUses++;
    binder.recursiveName = common.name;
    binder.recursivePosition = position;
    scope.recursive = common.name;
    common.recursive.uses++;
    if (common.recursive.uses > 1) throw binder.error('42P19', `recursive reference to query "${common.name}" must not appear more than once`, position);
  }
  const columns = common.columns.map((column) => binder.column(column.name, column.type, scope, column.origin));
  return simple(
    binder,
    { kind: 'cteScan', cte: common.id, name: common.name, columns },
    { ...itemOver(binder, columns, common.name, node.alias), ...(common.hidden === undefined ? {} : { hidden: common.hidden }) },
    scope,
  );
}

// -------------------------------------------------------------------------------------------------------- subqueries, functions

/** Binds something that may see the items to its left. */
function laterally<T>(scope: Scope, active: boolean, bind: () => T): T {
  const before = scope.lateralActive;
  scope.lateralActive = active;
  try {
    return bind();
  } finally {
    scope.lateralActive = before;
  }
}

function bindSubqueryItem(binder: Binder, scope: Scope, node: ast.SubqueryItem): BoundFrom {
  const bound = laterally(scope, node.lateral, () => inClause(scope, 'from', () => bindQueryIn(binder, new Scope(scope), node.query, { keepRows: true })));
  // The columns now belong to this level.
  const columns = bound.columns.map((column, i) => binder.column(column.name, column.type, scope, bound.origins[i]));
  // Row values are known by their fields, so that (s.row).field can be selected.
  const fields = bound.rows.map((row) => ({
    ...row,
    columns: row.columns.map((column) => binder.column(column.name, column.type, scope)),
    present: binder.column('present', row.present.type, scope),
  }));
  const plan: LogicalNode = {
    kind: 'project',
    input: bound.plan,
    columns: [...columns, ...fields.flatMap((row) => [...row.columns, row.present])],
    expressions: [...bound.columns, ...bound.rows.flatMap((row) => [...row.columns, row.present])].map((column) => columnRef(column)),
  };
  const item = itemOver(binder, columns, undefined, node.alias);
  if (fields.length === 0) return simple(binder, plan, item, scope);
  const withRows = item.columns.map((column, i): RangeColumn => {
    const row = fields.find((one) => one.index === i);
    if (row === undefined) return column;
    return {
      name: column.name,
      expression: {
        kind: 'row',
        fields: row.columns.map((field) => columnRef(field)),
        ...(row.names === undefined ? {} : { names: row.names }),
        present: columnRef(row.present),
        type: columns[i]?.type ?? typeRef(Oid.record),
      },
    };
  });
  return simple(binder, plan, { ...item, columns: withRows }, scope);
}

interface FunctionPart {
  readonly call: SetCall | undefined;
  /** A scalar expression that stands for one row. */
  readonly value: Expression | undefined;
  readonly plan?: LogicalNode;
  readonly names: readonly string[];
  readonly types: readonly TypeRef[];
  readonly scalar: boolean;
}

/** A function whose rows are composites: the fields are the columns. */
function compositeRows(binder: Binder, scope: Scope, call: SetCall, type: TypeRef, position: number | undefined): FunctionPart | undefined {
  if (compositeFields(type.oid) === undefined) return undefined;
  const whole = binder.column('row', type, scope);
  const fields = allFields(binder, columnRef(whole), position) ?? [];
  const columns = fields.map(({ name, expression }) => binder.column(name, expression.type, scope));
  const input: LogicalNode = { kind: 'functionScan', calls: [call], ordinality: false, columns: [whole] };
  return {
    call: undefined,
    value: undefined,
    plan: { kind: 'project', input, columns, expressions: fields.map(({ expression }) => expression) },
    names: fields.map(({ name }) => name),
    types: fields.map(({ expression }) => expression.type),
    scalar: false,
  };
}

function bindFunctionPart(
  binder: Binder,
  scope: Scope,
  node: ast.FunctionItem,
  call: ast.Expression,
  definitions: readonly ast.ColumnDefinitionItem[],
  only: boolean,
): FunctionPart {
  const aliasName = only ? node.alias?.name : undefined;
  if (call.kind === 'function') {
    const name = call.name[call.name.length - 1] as string;
    const names = call.arguments.map((argument) => (argument.kind === 'namedArgument' ? argument.name : undefined));
    const actual = call.arguments.map((argument) => bindExpression(binder, scope, argument.kind === 'namedArgument' ? argument.argument : argument));
    const types = actual.map((expression) => expression.type.oid);
    const entries = functionsCalled(binder, call.name);
    const match =
      entries.length > 0 || call.name.length === 1
        ? findFunction(name, types, names, call.variadic, undefined, exactEntries(entries, actual))
        : ({ kind: 'none' } as const);
    const own = match.kind === 'function' ? definitionOf(binder, match.candidate.entry) : undefined;
    if (match.kind === 'function' && own !== undefined) {
      const rows = bindUserRows(binder, scope, own, match.candidate, actual, definitions, call.position);
      if (rows !== undefined)
        return { call: undefined, value: undefined, ...rows, names: rows.scalar && rows.names[0] === own.name ? [aliasName ?? own.name] : rows.names };
    }
    if (
      match.kind === 'function' &&
      own === undefined &&
      (match.candidate.entry.kind === 'set' || definitions.length > 0 || match.candidate.entry.result === Oid.record)
    ) {
      const { entry } = match.candidate;
      const record = expandRecordFunction(binder, scope, entry, match.candidate, actual, definitions, call.position);
      if (record !== undefined)
        return {
          call: undefined,
          value: undefined,
          plan: record,
          names: record.columns.map((column) => column.name),
          types: record.columns.map((column) => column.type),
          scalar: false,
        };
      if (definitions.length > 0) {
        throw binder.error('42601', 'a column definition list is only allowed for functions returning "record"', definitions[0]?.position);
      }
      if (entry.kind === 'set') {
        const bound = setCall(binder, match.candidate, actual, call.position, call.variadic);
        const columnTypes = bound.columnTypes as readonly TypeRef[];
        const [first] = entry.columns;
        const scalar = entry.columns.length === 1 && entry.result !== Oid.record;
        const rows = scalar ? compositeRows(binder, scope, bound, columnTypes[0] as TypeRef, call.position) : undefined;
        if (rows !== undefined) return rows;
        if (scalar && first !== undefined) {
          return { call: bound, value: undefined, names: [first.name === entry.name ? (aliasName ?? name) : first.name], types: columnTypes, scalar: true };
        }
        return { call: bound, value: undefined, names: entry.columns.map((column) => column.name), types: columnTypes, scalar: false };
      }
    }
  }
  const bare = unknownToText(binder, bindExpression(binder, scope, call));
  const all = bare.kind === 'row' ? undefined : allFields(binder, bare, call.kind === 'function' ? call.position : undefined);
  const value: Expression =
    all === undefined ? bare : { kind: 'row', fields: all.map((one) => one.expression), names: all.map((one) => one.name), type: bare.type };
  if (value.kind === 'row')
    return {
      call: undefined,
      value,
      names: value.names ?? value.fields.map((_, i) => `f${i + 1}`),
      types: value.fields.map((field) => field.type),
      scalar: false,
    };
  return { call: undefined, value, names: [aliasName ?? columnName(call)], types: [value.type], scalar: true };
}

/** A plain value as a set of one row: unnest(ARRAY[value]). */
function oneRowCall(binder: Binder, value: Expression): SetCall | undefined {
  const array = arrayTypeOf(value.type.oid);
  if (array === undefined) return undefined;
  const match = findFunction('unnest', [array.oid]);
  if (match.kind !== 'function') throw new Error('assertion failed: unnest exists');
  return setCall(binder, match.candidate, [{ kind: 'array', elements: [value], type: typeRef(array.oid) }], undefined, false);
}

function fieldsOfPart(part: FunctionPart, value: Expression): readonly Expression[] {
  return value.kind === 'row' && !part.scalar ? value.fields : [value];
}

/** A function's rows with their numbers in a last column. */
function numbered(binder: Binder, scope: Scope, part: FunctionPart): LogicalNode {
  const number = binder.column('ordinality', typeRef(Oid.int8), scope);
  const fresh = (): OutputColumn[] => part.names.map((name, i) => binder.column(name, part.types[i] as TypeRef, scope));
  if (part.plan !== undefined) {
    const columns = [...part.plan.columns, number];
    return { kind: 'window', input: part.plan, calls: [{ id: number.id, call: rowNumberCall() }], columns };
  }
  if (part.call !== undefined) return { kind: 'functionScan', calls: [part.call], ordinality: true, columns: [...fresh(), number] };
  const expressions = [...fieldsOfPart(part, part.value as Expression), constant(1n, number.type)];
  return { kind: 'project', input: oneRow, columns: [...fresh(), number], expressions };
}

function rowNumberCall(): WindowCall {
  const entry = functionsNamed('row_number')[0];
  if (entry?.kind !== 'window') throw new Error('assertion failed: row_number exists');
  const frame: WindowCall['frame'] = { mode: 'range', start: { kind: 'unboundedPreceding' }, end: { kind: 'currentRow' }, exclude: 'none' };
  return { function: entry, args: [], partitionBy: [], orderBy: [], frame, type: typeRef(Oid.int8) };
}

/** ROWS FROM(a, b): rows with the same number stand side by side, the longest function decides how many there are. */
function sideBySide(binder: Binder, scope: Scope, parts: readonly FunctionPart[], columns: readonly OutputColumn[], ordinality: boolean): LogicalNode {
  let plan: LogicalNode | undefined;
  let number: Expression | undefined;
  const values: Expression[] = [];
  for (const part of parts) {
    const right = numbered(binder, scope, part);
    const own = columnRef(right.columns[right.columns.length - 1] as OutputColumn);
    values.push(...right.columns.slice(0, -1).map((column) => columnRef(column)));
    if (plan === undefined || number === undefined) [plan, number] = [right, own];
    else {
      const on = makeOperator(binder, '=', number, own, undefined);
      plan = { kind: 'join', type: 'full', left: plan, right, on, lateral: false, columns: [...plan.columns, ...right.columns] };
      number = { kind: 'coalesce', args: [number, own], type: own.type };
    }
  }
  if (plan === undefined || number === undefined) throw new Error('assertion failed: ROWS FROM has functions');
  return { kind: 'project', input: plan, columns, expressions: ordinality ? [...values, number] : values };
}

/** A column definition list belongs to one function. */
function checkDefinitions(binder: Binder, node: ast.FunctionItem): void {
  const [first] = node.columns;
  if (first === undefined) return;
  const [only] = node.functions;
  const refuse = (message: string, hint: string): never => {
    throw binder.error('42601', message, first.position, { hint });
  };
  if (node.functions.length > 1)
    refuse(
      'ROWS FROM() with multiple functions cannot have a column definition list',
      'Put a separate column definition list for each function inside ROWS FROM().',
    );
  if (only?.call.kind === 'function' && only.call.name.at(-1) === 'unnest' && only.call.arguments.length > 1)
    refuse(
      'UNNEST() with multiple arguments cannot have a column definition list',
      'Use separate UNNEST() calls inside ROWS FROM(), and attach a column definition list to each one.',
    );
  if (node.ordinality) refuse('WITH ORDINALITY cannot be used with a column definition list', 'Put the column definition list inside ROWS FROM().');
}

function bindFunctionItem(binder: Binder, scope: Scope, node: ast.FunctionItem): BoundFrom {
  checkDefinitions(binder, node);
  const parts = laterally(scope, true, () =>
    inClause(scope, 'fromFunction', () =>
      node.functions.flatMap((item): FunctionPart[] => {
        const { call } = item;
        const definitions = item.columns.length > 0 ? item.columns : node.columns;
        // unnest(a, b) is ROWS FROM (unnest(a), unnest(b)).
        if (call.kind === 'function' && call.name.at(-1) === 'unnest' && call.arguments.length > 1) {
          return call.arguments.map((argument) => bindFunctionPart(binder, scope, node, { ...call, arguments: [argument] }, definitions, false));
        }
        return [bindFunctionPart(binder, scope, node, call, definitions, node.functions.length === 1)];
      }),
    ),
  );
  const columns = parts.flatMap((part) => part.names.map((name, i) => binder.column(name, part.types[i] as TypeRef, scope)));
  const [first] = parts;
  const single = parts.length === 1 ? first : undefined;
  if (node.ordinality) columns.push(binder.column('ordinality', typeRef(Oid.int8), scope));
  const [only] = node.functions;
  const name = only?.call.kind === 'function' ? (only.call.name.at(-1) as string) : only === undefined ? undefined : columnName(only.call);
  const scalar = single?.scalar === true && !node.ordinality;
  const rest = scalar ? { isFunctionScalar: true } : {};
  let plan: LogicalNode;
  const record = (part: FunctionPart): boolean => part.plan !== undefined || (part.value !== undefined && !part.scalar);
  if (parts.some(record) && (parts.length > 1 || node.ordinality)) plan = sideBySide(binder, scope, parts, columns, node.ordinality);
  else if (single?.plan !== undefined) {
    plan = { kind: 'project', input: single.plan, columns, expressions: single.plan.columns.map((column) => columnRef(column)) };
  } else if (single?.value !== undefined) {
    const values = fieldsOfPart(single, single.value);
    plan = { kind: 'project', input: oneRow, columns, expressions: node.ordinality ? [...values, constant(1n, typeRef(Oid.int8))] : values };
  } else {
    const calls = parts.map((part) => part.call ?? oneRowCall(binder, part.value as Expression));
    if (calls.includes(undefined)) throw notSupported('a value without array type in ROWS FROM', node.position);
    plan = { kind: 'functionScan', calls: calls as SetCall[], ordinality: node.ordinality, columns };
  }
  return simple(binder, plan, itemOver(binder, columns, name, node.alias, rest), scope);
}

// ------------------------------------------------------------------------------------------------------------------------- joins

function columnNamed(binder: Binder, columns: readonly RangeColumn[], name: string, side: string): RangeColumn {
  const found = columns.filter((column) => column.name === name);
  if (found.length > 1) throw binder.error('42702', `common column name "${name}" appears more than once in ${side} table`, undefined);
  const [column] = found;
  if (column === undefined) throw binder.error('42703', `column "${name}" specified in USING clause does not exist in ${side} table`, undefined);
  return column;
}

/** The merged column of USING: the side that is never null-extended, or COALESCE of both. */
function mergedColumn(binder: Binder, name: string, type: ast.Join['joinType'], left: Expression, right: Expression): RangeColumn {
  const oid = commonTypeOf([left.type.oid, right.type.oid]);
  if (oid === undefined) {
    const call = makeOperator(binder, '=', left, right, undefined);
    throw new Error(`assertion failed: ${call.type.oid}`);
  }
  const asLeft = toCommonType(binder, left, oid, 'JOIN/USING');
  const asRight = toCommonType(binder, right, oid, 'JOIN/USING');
  switch (type) {
    case 'inner':
    case 'left':
      return { name, expression: asLeft };
    case 'right':
      return { name, expression: asRight };
    case 'full':
      return { name, expression: { kind: 'coalesce', args: [asLeft, asRight], type: asLeft.type } };
    default:
      return assertNever(type);
  }
}

/** A recursive reference must not be null-extended. */
function refuseRecursive(binder: Binder, before: number): void {
  if (binder.recursiveUses > before)
    throw binder.error('42P19', `recursive reference to query "${binder.recursiveName}" must not appear within an outer join`, binder.recursivePosition);
}

function bindJoin(binder: Binder, scope: Scope, node: ast.Join): BoundFrom {
  const recursiveBefore = binder.recursiveUses;
  const left = bindFromItem(binder, scope, node.left);
  if (node.joinType === 'right' || node.joinType === 'full') refuseRecursive(binder, recursiveBefore);
  const recursiveBetween = binder.recursiveUses;
  // The right side sees the left one where it is LATERAL.
  const visible = scope.namespace.length;
  setLateral(left.entries, true, node.joinType === 'inner' || node.joinType === 'left');
  scope.namespace.push(...left.entries);
  const usesBefore = scope.lateralUses;
  const right = bindFromItem(binder, scope, node.right);
  if (node.joinType === 'left' || node.joinType === 'full') refuseRecursive(binder, recursiveBetween);
  const lateral = scope.lateralUses > usesBefore;
  scope.namespace.length = visible;
  checkConflicts(binder, left.entries, right.entries);
  let entries: NamespaceEntry[] = [...left.entries, ...right.entries];
  setLateral(entries, false, true);

  let using = node.using;
  if (node.natural) using = left.columns.filter((column) => right.columns.some((other) => other.name === column.name)).map((column) => column.name);
  let on: Expression | undefined;
  const merged: RangeColumn[] = [];
  if (using.length > 0) {
    const seen = new Set<string>();
    const conditions: Expression[] = [];
    for (const name of using) {
      if (seen.has(name)) throw binder.error('42701', `column name "${name}" appears more than once in USING clause`, undefined);
      seen.add(name);
      const a = columnNamed(binder, left.columns, name, 'left').expression;
      const b = columnNamed(binder, right.columns, name, 'right').expression;
      binder.access.read(a);
      binder.access.read(b);
      conditions.push(makeOperator(binder, '=', a, b, undefined));
      merged.push(mergedColumn(binder, name, node.joinType, a, b));
    }
    on = conjunction(conditions);
  } else if (node.on !== undefined) {
    const condition = node.on;
    const outer = scope.namespace.splice(0, scope.namespace.length, ...entries);
    try {
      on = laterally(scope, false, () => bindCondition(binder, scope, condition, 'joinOn', 'JOIN/ON'));
    } finally {
      scope.namespace.splice(0, scope.namespace.length, ...outer);
    }
  }
  if (node.joinType === 'right' || node.joinType === 'full') binder.presence.extend(left.entries);
  if (node.joinType === 'left' || node.joinType === 'full') binder.presence.extend(right.entries);
  const mergedNames = new Set(using);
  binder.context.record?.merged.set(node, using);
  const rest = (columns: readonly RangeColumn[]): RangeColumn[] => columns.filter((column) => !mergedNames.has(column.name));
  let columns: readonly RangeColumn[] = [...merged, ...rest(left.columns), ...rest(right.columns)];
  const plan: LogicalNode = {
    kind: 'join',
    type: node.joinType,
    left: left.plan,
    right: right.plan,
    on: on ?? (node.joinType === 'inner' ? undefined : constant(1, typeRef(Oid.bool))),
    lateral,
    columns: [...left.plan.columns, ...right.plan.columns],
  };
  if (node.alias !== undefined) {
    const names = renamed(
      binder,
      node.alias,
      columns.map((column) => column.name),
      node.alias.name,
    );
    columns = columns.map((column, i) => ({ name: names[i] as string, expression: column.expression }));
    entries = [];
  } else for (const entry of entries) entry.columnsVisible = false;
  const item: RangeItem = { name: node.alias?.name, schema: undefined, columns };
  if (node.alias !== undefined) scope.range.push(item);
  entries.push(entryOf(item));
  if (node.usingAlias !== undefined && node.alias === undefined) {
    const aliasItem: RangeItem = { name: node.usingAlias, schema: undefined, columns: merged };
    checkConflicts(binder, entries, [entryOf(aliasItem)]);
    entries.push({ ...entryOf(aliasItem), columnsVisible: false });
  }
  return { plan, entries, columns };
}

export function bindFromItem(binder: Binder, scope: Scope, node: ast.FromItem): BoundFrom {
  const bound = bindItem(binder, scope, node);
  binder.context.record?.items.set(node, bound.columns);
  return bound;
}

function bindItem(binder: Binder, scope: Scope, node: ast.FromItem): BoundFrom {
  switch (node.kind) {
    case 'table':
      return bindTable(binder, scope, node);
    case 'subquery':
      return bindSubqueryItem(binder, scope, node);
    case 'functionScan':
      return bindFunctionItem(binder, scope, node);
    case 'join':
      return bindJoin(binder, scope, node);
    default:
      return assertNever(node);
  }
}

/** A list of FROM items, joined to `base` (the target of UPDATE or DELETE) if there is one; every item ends up in scope. */
export function bindFrom(binder: Binder, scope: Scope, items: readonly ast.FromItem[], base?: BoundFrom): LogicalNode {
  let plan: LogicalNode | undefined;
  if (base !== undefined) {
    plan = base.plan;
    scope.namespace.push(...base.entries);
  }
  for (const item of items) {
    setLateral(scope.namespace, true, true);
    const usesBefore = scope.lateralUses;
    const bound = bindFromItem(binder, scope, item);
    const lateral = scope.lateralUses > usesBefore && plan !== undefined;
    checkConflicts(binder, scope.namespace, bound.entries);
    scope.namespace.push(...bound.entries);
    plan =
      plan === undefined
        ? bound.plan
        : { kind: 'join', type: 'inner', left: plan, right: bound.plan, on: undefined, lateral, columns: [...plan.columns, ...bound.plan.columns] };
  }
  setLateral(scope.namespace, false, true);
  return plan ?? oneRow;
}
