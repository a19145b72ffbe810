/**
 * Tables with children in statements: a table in FROM is all its inheritors' rows in its own shape, and a write to it is one for each of them.
 * Used by FROM and by the targets of UPDATE and DELETE. Source: expand_inherited_rtentry of PostgreSQL 15's inherit.c.
 */
import { inheritedColumn, inheritorsOf } from '../../catalog/inheritance.js';
import type { Column, Table } from '../../catalog/table.js';
import { columnRef, columnType, constant, typeRef } from '../../plan/build.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import { Oid } from '../../types/oid.js';
import type { Binder } from './binder.js';
import { scanTable } from './from.js';
import type { RowPlace, Scope } from './scope.js';
import { overOtherTable, type WriteTarget } from './target.js';

export interface InheritedScan {
  readonly plan: LogicalNode;
  /** The named table's columns in attribute order. */
  readonly columns: readonly OutputColumn[];
  readonly row: RowPlace | undefined;
  readonly tableOid: OutputColumn;
}

/** The rows of a table and of all that inherit from it; undefined for a table without children. */
export function inheritedScan(binder: Binder, scope: Scope, table: Table, alias: string, withRow: boolean): InheritedScan | undefined {
  const tables = inheritorsOf(binder.context.catalog, table);
  if (tables.length === 1) return undefined;
  const outputs = (): readonly OutputColumn[] => [
    ...table.columns.map((column) => binder.column(column.name, columnType(column), scope, { tableOid: table.oid, attribute: column.attribute })),
    ...(withRow ? [binder.column('_shard', typeRef(Oid.int4), scope), binder.column('_rowid', typeRef(Oid.int8), scope)] : []),
    binder.column('tableoid', typeRef(Oid.oid), scope),
  ];
  const parts = tables.map((inheritor): LogicalNode => {
    const { plan, columns, row } = scanTable(binder, scope, inheritor, alias, withRow);
    const own = table.columns.map((column) => columnRef(columns[inheritor.columns.indexOf(inheritedColumn(inheritor, column))] as OutputColumn));
    const place = row === undefined ? [] : [columnRef(row.shard), columnRef(row.rowid)];
    return { kind: 'project', input: plan, columns: outputs(), expressions: [...own, ...place, constant(inheritor.oid, typeRef(Oid.oid))] };
  });
  const plan = parts.reduce((left, right) => ({ kind: 'setOperation', type: 'union', all: true, left, right, columns: outputs() }));
  const width = table.columns.length;
  const tableOid = plan.columns[plan.columns.length - 1] as OutputColumn;
  const row = withRow ? { shard: plan.columns[width] as OutputColumn, rowid: plan.columns[width + 1] as OutputColumn, table: tableOid } : undefined;
  return { plan, columns: plan.columns.slice(0, width), row, tableOid };
}

/** What an UPDATE or DELETE writes: the target itself and, unless ONLY it is named, the same in each table that inherits from it. */
export function inheritedTargets(binder: Binder, target: WriteTarget, only: boolean): readonly WriteTarget[] {
  if (only || !target.withInheritors) return [target];
  const { table } = target;
  return inheritorsOf(binder.context.catalog, table).map((inheritor) => {
    if (inheritor === table) return target;
    const own = (column: Column): Column => inheritedColumn(inheritor, column);
    return {
      ...target,
      // (Privileges are asked for on the named table alone.)
      path: [],
      table: inheritor,
      columns: overOtherTable(target.columns, own),
      conditions: target.conditions.map((condition) => ({ ...condition, inner: overOtherTable(condition.inner, own) })),
      defaults: new Map([...target.defaults].map(([column, text]) => [own(column), text])),
    };
  });
}
