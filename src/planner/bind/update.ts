/**
 * UPDATE and DELETE: the source yields shard and _rowid of each row to write, then the new (or old) values of every column.
 * Source: transformUpdateStmt and transformDeleteStmt of PostgreSQL 15's analyze.c.
 */
import { privilegeBits } from '../../catalog/acl.js';
import type { View } from '../../catalog/table.js';
import { notSupported } from '../../common/errors.js';
import { columnRef, conjunction, constant, falseConst, typeRef } from '../../plan/build.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import type { LogicalNode, Mutation, OutputColumn } from '../../plan/logical.js';
import { substituteColumns } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { Oid } from '../../types/oid.js';
import type { Binder } from './binder.js';
import type { BoundMutation } from './bound.js';
import { makeOperator } from './call.js';
import { bindCondition } from './expression.js';
import { type BoundFrom, bindFrom, bindView, scanTable } from './from.js';
import { followersField, followersOf } from './followers.js';
import { generatedField, withDefinitions, withGenerated } from './insert.js';
import { type NamespaceEntry, type RangeItem, Scope } from './scope.js';
import { inheritedTargets } from './inheritance.js';
import { partitionOid } from './partition.js';
import { policyChecks, securedTarget } from './security.js';
import { rowColumns } from './standalone.js';
import { bindAssignments, bindReturning, extraColumns, targetOf, rowChecks, useTarget, viewConditions, visibleColumns, type WriteTarget } from './target.js';
import { noteTriggers } from './triggers.js';
import { bindWith } from './with.js';

export interface BoundTarget {
  readonly target: WriteTarget;
  readonly alias: string;
  readonly item: RangeItem;
  readonly from: BoundFrom;
  /** The table's columns in attribute order. */
  readonly columns: readonly OutputColumn[];
  readonly row: NonNullable<RangeItem['row']>;
}

/** The rows of a view whose triggers do the writing: they have no place. */
function scanView(binder: Binder, scope: Scope, view: View): ReturnType<typeof scanTable> {
  const { plan, columns } = bindView(binder, view, scope);
  const shard = binder.column('_shard', typeRef(Oid.int4), scope);
  const rowid = binder.column('_rowid', typeRef(Oid.int8), scope);
  const expressions = [...columns.map((column) => columnRef(column)), constant(0, shard.type), constant(0n, rowid.type)];
  return { plan: { kind: 'project', input: plan, columns: [...columns, shard, rowid], expressions }, columns, row: { shard, rowid } };
}

/** The table to write as the first item of the statement's FROM. */
export function bindTarget(binder: Binder, scope: Scope, node: ast.TableItem, target: WriteTarget): BoundTarget {
  const alias = node.alias?.name ?? target.relation;
  const { plan, columns, row } =
    target.insteadOf === undefined ? scanTable(binder, scope, target.table, alias, true) : scanView(binder, scope, target.insteadOf);
  if (row === undefined) throw new Error('assertion failed: the scan has row columns');
  for (const column of columns) binder.describe(column.id, `${alias}.${column.name}`);
  const item: RangeItem = {
    name: alias,
    schema: node.alias === undefined ? target.named.schema : undefined,
    columns: visibleColumns(binder, target, columns),
    table: target.named,
    tableOid: () => partitionOid(binder, target.table, columns),
    row,
  };
  scope.range.push(item);
  const entry: NamespaceEntry = { item, relationVisible: true, columnsVisible: true, lateralOnly: false, lateralAllowed: true };
  const conditions = conjunction(viewConditions(binder, target, columns));
  const input: LogicalNode = conditions === undefined ? plan : { kind: 'filter', input: plan, predicate: conditions, columns: plan.columns };
  return { target, alias, item, from: { plan: input, entries: [entry], columns: item.columns }, columns, row };
}

/** WHERE CURRENT OF: the row on which the cursor stands. */
function currentRow(binder: Binder, { target, row }: BoundTarget, { cursor, position }: ast.CurrentOf): Expression {
  if (target.relation !== target.named.name) throw binder.error('0A000', 'WHERE CURRENT OF on a view is not implemented', undefined);
  const { cursorRow } = binder.context;
  if (cursorRow === undefined) throw notSupported('WHERE CURRENT OF in WITH', position);
  const places = cursorRow(cursor, target.table).filter((place) => place.tableOid === target.table.oid);
  const equal = (column: OutputColumn, value: number): Expression =>
    makeOperator(binder, '=', columnRef(column), constant(column.type.oid === Oid.int8 ? BigInt(value) : value, column.type), undefined);
  const isAt = places.map(({ shard, rowid }) => conjunction([equal(row.shard, shard), equal(row.rowid, rowid)]) ?? falseConst);
  const [only = falseConst] = isAt;
  return isAt.length < 2 ? only : { kind: 'or', args: isAt, type: typeRef(Oid.bool) };
}

function filtered(binder: Binder, scope: Scope, bound: BoundTarget, plan: LogicalNode, where: ast.Expression | undefined): LogicalNode {
  if (where === undefined) return plan;
  if (where.kind === 'currentOf') return { kind: 'filter', input: plan, predicate: currentRow(binder, bound, where), columns: plan.columns };
  return { kind: 'filter', input: plan, predicate: bindCondition(binder, scope, where, 'where', 'WHERE'), columns: plan.columns };
}

/** The columns of the named table among those of the one that inherits from it. */
function rowOfNamed({ table, named }: WriteTarget, row: readonly OutputColumn[]): readonly OutputColumn[] {
  if (table === named) return row;
  return named.columns.map((column) => row[table.columns.findIndex((other) => other.name === column.name)] as OutputColumn);
}

interface Parts {
  readonly kind: 'update' | 'delete';
  readonly bound: BoundTarget;
  readonly plan: LogicalNode;
  readonly values: readonly Expression[];
  readonly assigned: readonly number[];
  readonly returning: readonly ast.Target[];
}

function finish(binder: Binder, scope: Scope, parts: Parts): Omit<BoundMutation, 'parameterTypes' | 'needs'> {
  const { bound, plan } = parts;
  const { table } = bound.target;
  const row = rowColumns(binder, table, scope);
  const others = scope.namespace.filter((entry) => entry.item !== bound.item);
  const assigned = parts.kind === 'update' ? table.columns.filter((column) => parts.assigned.includes(column.attribute) && column.generated === undefined) : [];
  const privilege = parts.kind === 'update' ? privilegeBits.update : privilegeBits.delete;
  const use = useTarget(
    binder,
    bound.target,
    privilege,
    [bound.columns, row],
    [{ privilege: privilegeBits.update, columns: assigned }].slice(parts.kind === 'update' ? 0 : 1),
  );
  const unbound = bindReturning(binder, bound.target, bound.alias, bound.item.schema, row, others, scope.commonTables, parts.returning, bound.row);
  const { returning, extra: own, sources: ownSources } = extraColumns(binder, scope, unbound, row, plan.columns);
  // Row triggers of an UPDATE see the row as it was.
  const triggers = noteTriggers(binder, table);
  const old = triggers && parts.kind === 'update' ? rowColumns(binder, table, scope) : [];
  const extra = [...own, ...old];
  const sources = [...ownSources, ...(old.length === 0 ? [] : bound.columns.map((column) => columnRef(column)))];
  const outputs = [bound.row.shard, bound.row.rowid].map((column) => binder.column(column.name, column.type, scope));
  const secured = securedTarget(
    binder,
    { table: bound.target.named },
    use,
    rowOfNamed(bound.target, bound.columns),
    use.reads() ? [parts.kind, 'select'] : [parts.kind],
  );
  const projected: LogicalNode = {
    kind: 'project',
    input: secured === undefined ? plan : { kind: 'filter', input: plan, predicate: secured, columns: plan.columns },
    columns: [...outputs, ...rowColumns(binder, table, scope), ...extra],
    expressions: [columnRef(bound.row.shard), columnRef(bound.row.rowid), ...parts.values, ...sources],
  };
  const source = parts.kind === 'update' ? withGenerated(binder, scope, bound.target, projected, 2) : projected;
  // The projection of generated columns gives the further columns new ids, too.
  const finalExtra = source.columns.slice(2 + table.columns.length);
  const moved = new Map<ColumnId, Expression>(extra.map((column, i) => [column.id, columnRef(finalExtra[i] as OutputColumn)]));
  const finalReturning =
    returning === undefined
      ? undefined
      : { ...returning.returning, expressions: returning.returning.expressions.map((expression) => substituteColumns(expression, moved)) };
  const mutation: Mutation = {
    kind: parts.kind,
    table,
    ...(bound.target.insteadOf === undefined ? {} : { insteadOf: true as const }),
    source: withDefinitions(scope, source),
    assigned: parts.assigned,
    ...(finalReturning === undefined ? {} : { returning: finalReturning }),
    row,
    extra: finalExtra,
    ...(old.length === 0 ? {} : { before: finalExtra.slice(own.length) }),
    ...(triggers ? generatedField(binder, table, row) : {}),
    checks:
      parts.kind === 'delete'
        ? []
        : rowChecks(binder, bound.target, row, policyChecks(binder, { table: bound.target.named }, rowOfNamed(bound.target, row), 'update', use)),
    ...followersField(followersOf(binder, scope, table, [parts.kind])),
  };
  return { kind: 'mutation', mutation, columns: returning?.columns };
}

type BoundWrite = Omit<BoundMutation, 'parameterTypes' | 'needs'>;

/** Binds the statement once for each table that it writes. */
function forEachTarget(
  binder: Binder,
  scope: Scope,
  node: ast.TableItem,
  verb: 'update' | 'delete from',
  bind: (scope: Scope, target: WriteTarget) => BoundWrite,
): BoundWrite {
  const [own, ...inheritors] = inheritedTargets(binder, targetOf(binder, scope, node, verb), node.only);
  if (own === undefined) throw new Error('assertion failed: a statement writes a table');
  if (inheritors.length === 0) return bind(scope, own);
  const again = (): Scope => {
    const copy = new Scope(scope.parent);
    for (const [name, table] of scope.commonTables) copy.commonTables.set(name, table);
    for (const name of scope.futureTables) copy.futureTables.add(name);
    copy.definitions.push(...scope.definitions);
    copy.inWith = scope.inWith;
    return copy;
  };
  const scopes = inheritors.map(again);
  const bound = bind(scope, own);
  return { ...bound, mutation: { ...bound.mutation, inheritors: inheritors.map((target, i) => bind(scopes[i] as Scope, target).mutation) } };
}

export function bindUpdateIn(binder: Binder, node: ast.Update, scope = new Scope(undefined)): BoundWrite {
  if (node.with !== undefined) bindWith(binder, scope, node.with);
  return forEachTarget(binder, scope, node.table, 'update', (inner, target) => bindUpdateOf(binder, node, inner, target));
}

function bindUpdateOf(binder: Binder, node: ast.Update, scope: Scope, target: WriteTarget): BoundWrite {
  const bound = bindTarget(binder, scope, node.table, target);
  const { table } = target;
  let plan = bindFrom(binder, scope, node.from, bound.from);
  const assigned = bindAssignments(binder, scope, target, node.assignments);
  plan = filtered(binder, scope, bound, plan, node.where);
  const values = table.columns.map((column, i) => assigned.find((one) => one.column === column)?.expression ?? columnRef(bound.columns[i] as OutputColumn));
  const generated = table.columns.filter((column) => column.generated !== undefined).map((column) => column.attribute);
  return finish(binder, scope, {
    kind: 'update',
    bound,
    plan,
    values,
    assigned: [...new Set([...assigned.map((one) => one.column.attribute), ...generated])],
    returning: node.returning,
  });
}

export function bindDeleteIn(binder: Binder, node: ast.Delete, scope = new Scope(undefined)): BoundWrite {
  if (node.with !== undefined) bindWith(binder, scope, node.with);
  return forEachTarget(binder, scope, node.table, 'delete from', (inner, target) => bindDeleteOf(binder, node, inner, target));
}

function bindDeleteOf(binder: Binder, node: ast.Delete, scope: Scope, target: WriteTarget): BoundWrite {
  const bound = bindTarget(binder, scope, node.table, target);
  const plan = filtered(binder, scope, bound, bindFrom(binder, scope, node.using, bound.from), node.where);
  return finish(binder, scope, {
    kind: 'delete',
    bound,
    plan,
    values: bound.columns.map((column) => columnRef(column)),
    assigned: [],
    returning: node.returning,
  });
}
