/**
 * INSERT: the source yields every column of the table in attribute order, defaults and generated columns filled in.
 * Source: transformInsertStmt of PostgreSQL 15's analyze.c, rewriteTargetListIU of rewriteHandler.c, infer_arbiter_indexes of plancat.c.
 */
import { notSupported } from '../../common/errors.js';
import { privilegeBits } from '../../catalog/acl.js';
import type { Column, Index, Table } from '../../catalog/table.js';
import { columnRef, columnType, typeRef } from '../../plan/build.js';
import type { Expression } from '../../plan/expression.js';
import type { LogicalNode, Mutation, OnConflict, OutputColumn } from '../../plan/logical.js';
import { equalExpressions } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { Oid } from '../../types/oid.js';
import { collationOid, requireCollation } from '../../catalog/collation.js';
import { collationOf } from '../../catalog/pg-catalog/index-columns.js';
import type { Binder } from './binder.js';
import type { BoundMutation } from './bound.js';
import { variableFields } from './column-reference.js';
import { bindCondition, bindExpression, inClause } from './expression.js';
import { followersField, followersOf } from './followers.js';
import { oneRow } from './from.js';
import { assignInto } from './indirection.js';
import { partitionOid } from './partition.js';
import { bindQueryIn, convertColumns } from './query.js';
import { Scope } from './scope.js';
import { assign, generatedValue, indexExpressions, overRow, rowColumns } from './standalone.js';
import {
  bindAssignments,
  bindReturning,
  rowChecks,
  type TargetColumn,
  targetDefault,
  targetOf,
  useTarget,
  visibleColumns,
  type WriteTarget,
  writtenColumn,
} from './target.js';
import { isSecured, policyChecks } from './security.js';
import { noteTriggers } from './triggers.js';
import { bindWith } from './with.js';

export function targetColumns(binder: Binder, target: WriteTarget, nodes: readonly ast.ColumnTarget[]): readonly TargetColumn[] {
  if (nodes.length === 0) return target.columns;
  const seen = new Set<string>();
  return nodes.map((node) => {
    const found = target.columns.find((one) => one.name === node.name);
    if (found === undefined) throw binder.error('42703', `column "${node.name}" of relation "${target.relation}" does not exist`, node.position);
    if (seen.has(node.name) && node.indirection.length === 0) throw binder.error('42701', `column "${node.name}" specified more than once`, node.position);
    seen.add(node.name);
    return found;
  });
}

export function checkWidth(
  binder: Binder,
  given: number,
  wanted: number,
  explicit: boolean,
  extraPosition: number | undefined,
  missingPosition: number | undefined,
): void {
  if (given > wanted) throw binder.error('42601', 'INSERT has more expressions than target columns', extraPosition);
  if (explicit && given < wanted) throw binder.error('42601', 'INSERT has more target columns than expressions', missingPosition);
}

/** What may be written to a column: its own default instead when OVERRIDING USER VALUE says so; 428C9 for generated ones. */
export function usesDefault(binder: Binder, column: Column, overriding: ast.Insert['overriding'], isDefault: boolean): boolean {
  if (isDefault) return true;
  if (column.generated !== undefined) {
    throw binder.error('428C9', `cannot insert a non-DEFAULT value into column "${column.name}"`, undefined, {
      detail: `Column "${column.name}" is a generated column.`,
    });
  }
  if (column.identity !== undefined && overriding === 'user') return true;
  if (column.identity === 'always' && overriding !== 'system') {
    throw binder.error('428C9', `cannot insert a non-DEFAULT value into column "${column.name}"`, undefined, {
      detail: `Column "${column.name}" is an identity column defined as GENERATED ALWAYS.`,
      hint: 'Use OVERRIDING SYSTEM VALUE to override.',
    });
  }
  return false;
}

/** VALUES without further clauses, where DEFAULT may stand. */
function plainValues(source: ast.Select): ast.Values | undefined {
  const { body } = source;
  if (
    body.kind !== 'values' ||
    source.with !== undefined ||
    source.orderBy.length > 0 ||
    source.limit !== undefined ||
    source.offset !== undefined ||
    source.locking.length > 0
  )
    return undefined;
  return body;
}

function valuesSource(
  binder: Binder,
  scope: Scope,
  target: WriteTarget,
  node: ast.Insert,
  columns: readonly TargetColumn[],
  values: ast.Values | undefined,
): LogicalNode {
  const { table } = target;
  const explicit = node.columns.length > 0;
  const width = (values?.rows[0] ?? []).reduce((sum, value) => sum + (value.kind === 'star' ? (variableFields(binder, scope, value)?.length ?? 1) : 1), 0);
  // Defaults hold no subquery, so that one expression serves all rows.
  const defaults = new Map<Column, Expression>();
  const defaultFor = (column: Column): Expression => {
    let expression = defaults.get(column);
    if (expression === undefined) defaults.set(column, (expression = targetDefault(binder, target, column)));
    return expression;
  };
  const rows = (values?.rows ?? [[]]).map((written) => {
    const row = written.flatMap((value): readonly ast.Expression[] => (value.kind === 'star' ? (variableFields(binder, scope, value) ?? [value]) : [value]));
    if (row.length !== width) throw binder.error('42601', 'VALUES lists must all be the same length', row[0]?.position);
    if (values !== undefined) checkWidth(binder, row.length, columns.length, explicit, row[columns.length]?.position, node.columns[row.length]?.position);
    const given = new Map<Column, Expression>();
    const taken = new Set<Column>();
    inClause(scope, (values?.rows.length ?? 1) > 1 ? 'values' : 'insertValues', () => {
      row.forEach((value, i) => {
        const column = writtenColumn(binder, columns[i] as TargetColumn, 'insert into');
        const path = node.columns[i]?.indirection ?? [];
        if (path.length === 0 && taken.has(column)) throw binder.error('42601', `multiple assignments to same column "${column.name}"`, undefined);
        taken.add(column);
        if (value.kind === 'default') {
          if (path.length === 0) return;
          throw binder.error('0A000', `cannot set ${path[0]?.kind === 'field' ? 'a subfield' : 'an array element'} to DEFAULT`, node.columns[i]?.position);
        }
        const bound =
          path.length === 0
            ? assign(binder, bindExpression(binder, scope, value), column, node.columns[i]?.position)
            : assignInto(binder, scope, partOf(column, given, node.columns[i]?.position), path, bindExpression(binder, scope, value));
        if (!usesDefault(binder, column, node.overriding, false)) given.set(column, bound);
      });
    });
    return table.columns.map((column) => given.get(column) ?? defaultFor(column));
  });
  const outputs = rowColumns(binder, table, scope);
  const [only] = rows;
  if (scope.sets.length > 0 && only !== undefined) {
    let input: LogicalNode = oneRow;
    for (let level = 0; scope.sets.some((set) => set.level === level); level++) {
      const sets = scope.sets.filter((set) => set.level === level);
      input = {
        kind: 'projectSet',
        input,
        calls: sets.map((set) => ({
          id: (set.columns[0] as OutputColumn).id,
          call: set.call,
          ...(set.columns.length > 1 ? { ids: set.columns.map((column) => column.id) } : {}),
        })),
        columns: [...input.columns, ...sets.flatMap((set) => set.columns)],
      };
    }
    return { kind: 'project', input, columns: outputs, expressions: only };
  }
  return { kind: 'values', columns: outputs, rows };
}

/** A column of which only parts are given. */
function partOf(column: Column, given: ReadonlyMap<Column, Expression>, position: number | undefined): Parameters<typeof assignInto>[2] {
  return { name: column.name, type: columnType(column), old: given.get(column), position };
}

function querySource(binder: Binder, scope: Scope, target: WriteTarget, node: ast.Insert, columns: readonly TargetColumn[], query: ast.Select): LogicalNode {
  const { table } = target;
  const bound = bindQueryIn(binder, new Scope(scope), query, { keepUnknown: true });
  const explicit = node.columns.length > 0;
  checkWidth(binder, bound.columns.length, columns.length, explicit, bound.positions[columns.length], node.columns[bound.columns.length]?.position);
  // Literals take the columns' types; the rest is converted by assignment.
  const written = bound.columns.map((_, i) => writtenColumn(binder, columns[i] as TargetColumn, 'insert into'));
  const types = bound.columns.map((column, i) =>
    column.type.oid === Oid.unknown && (node.columns[i]?.indirection.length ?? 0) === 0 ? typeRef((written[i] as Column).typeOid) : column.type,
  );
  const typed = convertColumns(binder, scope, bound.plan, bound.columns, types);
  const given = new Map<Column, Expression>();
  typed.columns.forEach((output, i) => {
    const column = written[i] as Column;
    const path = node.columns[i]?.indirection ?? [];
    if (path.length === 0 && given.has(column)) throw binder.error('42601', `multiple assignments to same column "${column.name}"`, undefined);
    const own = binder.at(columnRef(output), bound.positions[i]);
    const value =
      path.length === 0
        ? assign(binder, own, column, bound.positions[i])
        : assignInto(binder, scope, partOf(column, given, node.columns[i]?.position), path, own);
    if (!usesDefault(binder, column, node.overriding, false)) given.set(column, value);
  });
  return {
    kind: 'project',
    input: typed.plan,
    columns: rowColumns(binder, table, scope),
    expressions: table.columns.map((column) => given.get(column) ?? targetDefault(binder, target, column)),
  };
}

/** Adds the generated columns over the others' values. */
export function withGenerated(binder: Binder, scope: Scope, target: WriteTarget, source: LogicalNode, first: number): LogicalNode {
  const { table } = target;
  if (table.columns.every((column) => column.generated === undefined)) return source;
  const values = source.columns.slice(first, first + table.columns.length);
  const columns = source.columns.map((column) => binder.column(column.name, column.type, scope));
  const expressions = source.columns.map((column, i) => {
    const tableColumn = table.columns[i - first];
    return tableColumn?.generated === undefined ? columnRef(column) : generatedValue(binder, table, tableColumn, values);
  });
  return { kind: 'project', input: source, columns, expressions };
}

/** What generated columns are of a row that triggers have changed. */
export function generatedField(binder: Binder, table: Table, row: readonly OutputColumn[]): Pick<Mutation, 'generated'> {
  const generated = table.columns
    .filter((column) => column.generated !== undefined)
    .map((column) => ({ attribute: column.attribute, expression: generatedValue(binder, table, column, row) }));
  return generated.length === 0 ? {} : { generated };
}

// ------------------------------------------------------------------------------------------------------------------ ON CONFLICT

function matchesTarget(
  binder: Binder,
  target: WriteTarget,
  row: readonly OutputColumn[],
  index: Index,
  elements: readonly Expression[],
  predicate: Expression | undefined,
): boolean {
  const { table } = target;
  if (!index.unique) return false;
  const { keys, predicate: own } = indexExpressions(binder, table, index, row);
  if (!keys.every((key) => elements.some((element) => equalExpressions(element, key)))) return false;
  if (!elements.every((element) => keys.some((key) => equalExpressions(element, key)))) return false;
  if (own === undefined) return true;
  if (predicate === undefined) return false;
  const given = predicate.kind === 'and' ? predicate.args : [predicate];
  const needed = own.kind === 'and' ? own.args : [own];
  return needed.every((part) => given.some((one) => equalExpressions(one, part)));
}

/** What an element of ON CONFLICT (...) may say about its index. */
function refuseElement(binder: Binder, element: ast.IndexElement, position: number | undefined): void {
  if (element.direction !== 'default') throw binder.error('42P10', 'ASC/DESC is not allowed in ON CONFLICT clause', position);
  if (element.nulls !== 'default') throw binder.error('42P10', 'NULLS FIRST/LAST is not allowed in ON CONFLICT clause', position);
}

/** Elements that say a collation or an operator class match keys of the same. */
function matchesCollations(binder: Binder, table: Table, index: Index, elements: readonly ast.IndexElement[]): boolean {
  return elements.every(({ collation, operatorClass, column }) => {
    if (collation === undefined && operatorClass === undefined) return true;
    return index.keys.some((key) => {
      const own = table.columns.find((one) => one.attribute === key.attribute);
      if ((column === undefined) !== (own === undefined) || (column !== undefined && own?.name !== column)) return false;
      if (collation !== undefined) {
        const { catalog } = binder.context;
        const typeOid = own?.typeOid ?? key.typeOid ?? Oid.text;
        const ofKey = own === undefined ? collationOid(key.expressionCollation, typeOid) : collationOf(catalog, own);
        if (requireCollation(catalog, binder.searchPath, collation) !== (key.collation === undefined ? ofKey : collationOid(key.collation, typeOid)))
          return false;
      }
      return operatorClass === undefined || key.operatorClass === undefined || key.operatorClass === operatorClass.at(-1);
    });
  });
}

function arbiter(binder: Binder, target: WriteTarget, row: readonly OutputColumn[], node: ast.OnConflict): string | undefined {
  const { table } = target;
  const conflict = node.target;
  if (conflict === undefined) {
    if (node.action === 'update') {
      throw binder.error('42601', 'ON CONFLICT DO UPDATE requires inference specification or constraint name', node.position, {
        hint: 'For example, ON CONFLICT (column_name).',
      });
    }
    return undefined;
  }
  if (conflict.kind === 'constraint') {
    const index = table.indexes.find((one) => one.name === conflict.name && one.constraint);
    if (index === undefined) throw binder.error('42704', `constraint "${conflict.name}" for table "${table.name}" does not exist`, undefined);
    return index.name;
  }
  const scope = new Scope(undefined);
  scope.add({ name: table.name, schema: table.schema, table, columns: visibleColumns(binder, target, row) });
  const elements = inClause(scope, 'index', () =>
    conflict.elements.map((element) => {
      refuseElement(binder, element, conflict.position);
      return bindExpression(binder, scope, element.expression ?? { kind: 'column', parts: [element.column as string], position: conflict.position });
    }),
  );
  const predicate = conflict.where === undefined ? undefined : bindCondition(binder, scope, conflict.where, 'indexPredicate', 'WHERE');
  const found = table.indexes.find(
    (index) => matchesCollations(binder, table, index, conflict.elements) && matchesTarget(binder, target, row, index, elements, predicate),
  );
  if (found === undefined) throw binder.error('42P10', 'there is no unique or exclusion constraint matching the ON CONFLICT specification', undefined);
  return found.name;
}

/** Whether a row of a partitioned table is in the same partition when it has these values. */
function staysInPartition(binder: Binder, table: Table, row: readonly OutputColumn[], values: readonly Expression[]): Expression {
  const before = partitionOid(binder, table, row);
  return { kind: 'isDistinct', left: before, right: overRow(before, row, values), negated: true, type: typeRef(Oid.bool) };
}

function bindOnConflict(
  binder: Binder,
  outer: Scope,
  target: WriteTarget,
  excluded: readonly OutputColumn[],
  alias: string,
  row: readonly OutputColumn[],
  node: ast.OnConflict,
): OnConflict {
  const { table } = target;
  const index = arbiter(binder, target, row, node);
  if (node.action === 'update' && table.indexes.some((one) => one.name === index && one.exclusion !== undefined))
    throw binder.error('42809', 'ON CONFLICT DO UPDATE not supported with exclusion constraints', undefined);
  if (node.action === 'nothing') return { index, action: 'nothing', assignments: [], excluded };
  const scope = new Scope(undefined);
  for (const [name, common] of outer.commonTables) scope.commonTables.set(name, common);
  scope.add({ name: alias, schema: table.schema, table, columns: visibleColumns(binder, target, row) });
  scope.add({ name: 'excluded', schema: undefined, columns: visibleColumns(binder, target, excluded) });
  for (let i = 0; i < row.length; i++) {
    binder.describe((row[i] as OutputColumn).id, `${alias}.${(row[i] as OutputColumn).name}`);
    binder.describe((excluded[i] as OutputColumn).id, `excluded.${(excluded[i] as OutputColumn).name}`);
  }
  const assigned = bindAssignments(binder, scope, target, node.assignments);
  const where = node.where === undefined ? undefined : bindCondition(binder, scope, node.where, 'where', 'WHERE');
  const values = table.columns.map((column, i) => assigned.find((one) => one.column === column)?.expression ?? columnRef(row[i] as OutputColumn));
  const generated = table.columns
    .filter((column) => column.generated !== undefined)
    .map((column) => ({ attribute: column.attribute, expression: overRow(generatedValue(binder, table, column, row), row, values) }));
  return {
    index,
    action: 'update',
    assignments: [
      ...assigned.filter((one) => one.column.generated === undefined).map((one) => ({ attribute: one.column.attribute, expression: one.expression })),
      ...generated,
    ],
    ...(where === undefined ? {} : { where }),
    ...(table.partitioning === undefined ? {} : { stays: staysInPartition(binder, table, row, values) }),
    excluded,
  };
}

// ----------------------------------------------------------------------------------------------------------------------- INSERT

export function withDefinitions(scope: Scope, plan: LogicalNode): LogicalNode {
  return scope.definitions.length === 0 ? plan : { kind: 'with', ctes: scope.definitions, body: plan, columns: plan.columns };
}

/** What ON CONFLICT DO UPDATE writes. */
function conflictUses(target: WriteTarget, { onConflict }: ast.Insert): readonly { readonly privilege: number; readonly columns: readonly Column[] }[] {
  if (onConflict?.action !== 'update') return [];
  const assigned = onConflict.assignments.flatMap((one) => (one.kind === 'single' ? [one.target.name] : one.targets.map((each) => each.name)));
  const columns = assigned.flatMap((name) => target.columns.find((one) => one.name === name)?.column ?? []);
  return [{ privilege: privilegeBits.update, columns }];
}

export function bindInsertIn(binder: Binder, node: ast.Insert, scope = new Scope(undefined)): Omit<BoundMutation, 'parameterTypes' | 'needs'> {
  if (node.with !== undefined) bindWith(binder, scope, node.with);
  const target = targetOf(binder, scope, node.table, 'insert into');
  const { table } = target;
  const triggers = noteTriggers(binder, table);
  const alias = node.table.alias?.name ?? target.relation;
  const columns = targetColumns(binder, target, node.columns);
  const values = node.source === undefined ? undefined : plainValues(node.source);
  const plain =
    node.source === undefined || values !== undefined
      ? valuesSource(binder, scope, target, node, columns, values)
      : querySource(binder, scope, target, node, columns, node.source);
  const source = withDefinitions(scope, withGenerated(binder, scope, target, plain, 0));
  const row = rowColumns(binder, table, scope);
  const inserted = node.source === undefined ? [] : node.columns.length === 0 ? columns.slice(0, values?.rows[0]?.length) : columns;
  const written = inserted.flatMap(({ column }) => column ?? []);
  // (To read a column of the row that was not inserted is to read the table's column.)
  const excluded = node.onConflict === undefined ? [] : rowColumns(binder, table, scope);
  const use = useTarget(binder, target, privilegeBits.insert, node.onConflict === undefined ? [row] : [row, excluded], [
    { privilege: privilegeBits.insert, columns: written },
    ...conflictUses(target, node),
  ]);
  const updated = conflictUses(target, node).flatMap(({ columns: set }) => set);
  if (node.onConflict?.action === 'update' && isSecured(binder, target, use))
    throw notSupported('ON CONFLICT DO UPDATE under row-level security', node.position);
  const onConflict = node.onConflict === undefined ? undefined : bindOnConflict(binder, scope, target, excluded, alias, row, node.onConflict);
  const returning = bindReturning(
    binder,
    target,
    alias,
    node.table.alias === undefined ? table.schema : undefined,
    row,
    [],
    scope.commonTables,
    node.returning,
    undefined,
    onConflict?.action === 'update',
  );
  const mutation: Mutation = {
    kind: 'insert',
    table,
    ...(target.insteadOf === undefined ? {} : { insteadOf: true as const }),
    source,
    assigned: [...written, ...updated].map((column) => column.attribute),
    ...(onConflict === undefined ? {} : { onConflict }),
    ...(returning === undefined ? {} : { returning: returning.returning }),
    row,
    extra: [],
    ...(triggers ? generatedField(binder, table, row) : {}),
    checks: rowChecks(binder, target, row, policyChecks(binder, target, row, 'insert', use)),
    ...(onConflict?.action === 'update' ? followersField(followersOf(binder, scope, table, ['update'])) : {}),
  };
  return { kind: 'mutation', mutation, columns: returning?.columns };
}
