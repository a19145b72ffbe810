/**
 * A SELECT of one level: FROM, WHERE, GROUP BY, HAVING, windows, set-returning calls, DISTINCT, ORDER BY, LIMIT, FOR UPDATE, assembled in this order of operators:
 * from, filter, aggregate, filter, window, projectSet, project, distinct, sort, limit, and a last project when sort columns are to be dropped.
 * Clauses are bound in PostgreSQL's order (analyze.c: FROM, list, WHERE, HAVING, ORDER BY, GROUP BY, DISTINCT, LIMIT, WINDOW), so that the first error is the same.
 */
import { notSupported } from '../../common/errors.js';
import { columnRef, constant, typeRef } from '../../plan/build.js';
import type { Expression, SortKey } from '../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import { columnsOf, equalExpressions, mapList, mapWindowCall } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import type { RowLocking } from './bound.js';
import { nonNullColumns } from '../logical/analysis.js';
import { unknownToText } from './coercion.js';
import { allFields } from './composite.js';
import { columnName } from './column-name.js';
import { requireRelation, variableFields } from './column-reference.js';
import { bindCondition, bindExpression, inClause } from './expression.js';
import { bindFrom } from './from.js';
import { bindGroupBy, type BoundTarget, GroupedExpressions, type Grouping } from './group.js';
import { bindLimit, type BoundQueryPart, lockingName, type QueryOptions, type RowOutput } from './query.js';
import { madeForItself } from './routine-call.js';
import { type RangeItem, type RowPlace, type Scope, starColumns } from './scope.js';
import { bindSortKey, requireEquality } from './sort.js';
import { checkWindows, declareWindows } from './window.js';

/** The items whose columns `*` stands for, in order. */
function starItems(scope: Scope): RangeItem[] {
  return scope.namespace.filter((entry) => entry.columnsVisible).map((entry) => entry.item);
}

/** The select list (or RETURNING list), stars expanded. */
export function bindTargets(binder: Binder, scope: Scope, targets: readonly ast.Target[], clause: Scope['clause']): BoundTarget[] {
  return inClause(scope, clause, () =>
    targets.flatMap((target): BoundTarget[] => {
      const node = target.expression;
      const ofItem = (item: RangeItem, position: number | undefined): BoundTarget[] => {
        const { record } = binder.context;
        record?.stars.set(node, [...(record.stars.get(node) ?? []), ...item.columns]);
        return starColumns(item).map((column) => {
          binder.access.read(column.expression);
          return { name: column.name, expression: binder.at({ ...column.expression }, position), position };
        });
      };
      if (node.kind === 'star') {
        const fields = variableFields(binder, scope, node);
        if (fields !== undefined)
          return fields.map((field) => ({ name: field.parts.at(-1) as string, expression: bindExpression(binder, scope, field), position: node.position }));
        if (node.qualifier.length > 0) return ofItem(requireRelation(binder, scope, node.qualifier, node.position), node.position);
        const items = starItems(scope);
        if (items.length === 0) throw binder.error('42601', 'SELECT * with no tables specified is not valid', node.position);
        return items.flatMap((item) => ofItem(item, node.position));
      }
      if (node.kind === 'fieldStar') {
        const row = bindExpression(binder, scope, node.argument);
        const all = row.kind === 'row' ? undefined : allFields(binder, row, node.position);
        if (all !== undefined) binder.context.record?.stars.set(node, all);
        if (all !== undefined) return all.map(({ name, expression }) => ({ name, expression, position: node.position }));
        if (row.kind !== 'row') throw binder.error('42809', 'row expansion via "*" is not supported here', node.position);
        return row.fields.map((field, i) => ({ name: row.names?.[i] ?? `f${i + 1}`, expression: madeForItself(binder, field), position: node.position }));
      }
      if (node.kind === 'default') throw binder.error('42601', 'DEFAULT is not allowed in this context', node.position);
      const expression = bindExpression(binder, scope, node);
      return [{ name: target.name ?? columnName(node), expression, position: binder.positionOf(expression) ?? target.position }];
    }),
  );
}

/** A key of ORDER BY or DISTINCT ON: an output column by name or position, an equal expression of the list, or a further (dropped) column. */
class SortTargets {
  readonly junk: BoundTarget[] = [];

  constructor(
    readonly binder: Binder,
    readonly scope: Scope,
    readonly targets: readonly BoundTarget[],
    readonly clause: 'orderBy' | 'distinctOn',
    shared?: SortTargets,
  ) {
    if (shared !== undefined) this.junk = shared.junk;
  }

  /** Index into targets followed by junk. */
  index(node: ast.Expression): number {
    const { binder, scope, targets } = this;
    const construct = this.clause === 'orderBy' ? 'ORDER BY' : 'DISTINCT ON';
    if (node.kind === 'integer') {
      if (targets[node.value - 1] === undefined) throw binder.error('42P10', `${construct} position ${node.value} is not in select list`, node.position);
      return node.value - 1;
    }
    if (node.kind === 'string' || node.kind === 'numeric' || node.kind === 'null')
      throw binder.error('42601', `non-integer constant in ${construct}`, node.position);
    if (node.kind === 'column' && node.parts.length === 1) {
      const name = node.parts[0] as string;
      let found = -1;
      targets.forEach((target, i) => {
        if (target.name !== name) return;
        if (found < 0) found = i;
        else if (!equalExpressions((targets[found] as BoundTarget).expression, target.expression))
          throw binder.error('42702', `${construct} "${name}" is ambiguous`, node.position);
      });
      if (found >= 0) return found;
    }
    const expression = unknownToText(
      binder,
      inClause(scope, this.clause, () => bindExpression(binder, scope, node)),
    );
    const equal = [...targets, ...this.junk].findIndex((target) => equalExpressions(target.expression, expression));
    if (equal >= 0) return equal;
    this.junk.push({ name: '?column?', expression, position: node.position });
    return targets.length + this.junk.length - 1;
  }
}

interface Key {
  readonly target: number;
  readonly item: ast.SortItem;
}

function plainKey(position: number | undefined): ast.SortItem {
  return { expression: { kind: 'null' }, direction: 'default', nulls: 'default', position };
}

export function bindCore(binder: Binder, scope: Scope, query: ast.Select, core: ast.SelectCore, options: QueryOptions): BoundQueryPart {
  declareWindows(binder, scope, core.windows);
  scope.wantsRows = options.outermost === true && (query.locking.length > 0 || (binder.context.placesRows === true && readsOneTable(query, core)));
  let plan = bindFrom(binder, scope, core.from);
  const targets = bindTargets(binder, scope, core.targets, 'select');
  if (targets.length > 1664) throw binder.error('54011', 'target lists can have at most 1664 entries', undefined);
  const where = core.where === undefined ? undefined : bindCondition(binder, scope, core.where, 'where', 'WHERE');
  let having = core.having === undefined ? undefined : bindCondition(binder, scope, core.having, 'having', 'HAVING');

  const sortTargets = new SortTargets(binder, scope, targets, 'orderBy');
  const keys: Key[] = query.orderBy.map((item) => ({ target: sortTargets.index(item.expression), item }));
  const grouping: Grouping = bindGroupBy(binder, scope, core, targets);
  const orderJunk = sortTargets.junk.length;
  const distinctTargets = new SortTargets(binder, scope, targets, 'distinctOn', sortTargets);
  const distinctIndexes = core.distinctOn.map((node) => distinctTargets.index(node));
  const distinctOn = [...new Set(distinctIndexes)];
  const all = [...targets, ...sortTargets.junk];
  const sorted = new Set(keys.map((key) => key.target));
  all.forEach((target, i) => {
    if (options.keepUnknown !== true || i >= targets.length || sorted.has(i)) target.expression = unknownToText(binder, target.expression);
  });
  if (core.distinct && core.distinctOn.length === 0) {
    if (orderJunk > 0) {
      throw binder.error(
        '42P10',
        'for SELECT DISTINCT, ORDER BY expressions must appear in select list',
        binder.positionOf((sortTargets.junk[0] as BoundTarget).expression),
      );
    }
    targets.forEach((target) => {
      target.expression = unknownToText(binder, target.expression);
      requireEquality(binder, target.expression);
    });
  }
  if (distinctOn.length > 0) {
    const wanted = new Set(distinctOn);
    const leading = new Set<number>();
    for (const key of keys) {
      if (leading.size === wanted.size) break;
      if (!wanted.has(key.target)) {
        throw binder.error(
          '42P10',
          'SELECT DISTINCT ON expressions must match initial ORDER BY expressions',
          core.distinctOn[distinctIndexes.findIndex((one) => !leading.has(one))]?.position,
        );
      }
      leading.add(key.target);
    }
  }
  checkWindows(binder, scope, core.windows);
  if (scope.recursive !== undefined && scope.aggregates.length > 0) {
    throw binder.error('42P19', "aggregate functions are not allowed in a recursive query's recursive term", scope.aggregates[0]?.position);
  }
  if (query.locking.length > 0) checkLocking(binder, scope, query, core, plan);

  if (where !== undefined) plan = { kind: 'filter', input: plan, predicate: where, columns: plan.columns };
  let windows = scope.windows;
  let sets = scope.sets;
  const grouped = core.groupBy.length > 0 || scope.aggregates.length > 0 || having !== undefined || scope.groupings.length > 0;
  if (grouped) {
    // Sets that rows are grouped by multiply the rows before.
    const before = setsRead(
      sets,
      grouping.groups.map((group) => group.expression),
    );
    plan = projectAllSets(plan, before);
    const replaced = new GroupedExpressions(binder, scope, grouping);
    const replace = (expression: Expression): Expression => replaced.replace(expression);
    for (const target of all) target.expression = replaced.replaceTarget(target);
    having = having === undefined ? undefined : replace(having);
    windows = scope.windows.map((window) => ({ ...window, call: mapWindowCall(window.call, replace) }));
    sets = scope.sets.filter((set) => !before.includes(set)).map((set) => ({ ...set, call: { ...set.call, args: mapList(set.call.args, replace) } }));
    for (const { call } of scope.aggregates) {
      if (!call.withinGroup) continue;
      const direct = call.args.map((argument) => replaced.replaceDirect(argument));
      if (grouping.sets !== undefined && direct.some((argument) => columnsOf(argument).size > 0))
        throw notSupported('columns as direct arguments of an ordered-set aggregate with grouping sets');
    }
    const aggregates = scope.aggregates;
    const masks = replaced.groupings();
    const columns: OutputColumn[] = [
      ...grouping.groups.map((group) => ({ id: group.id, name: group.name, type: group.expression.type })),
      ...aggregates.map(({ id, call }) => ({ id, name: call.function.name, type: call.type })),
      ...masks.map(({ id }) => ({ id, name: 'grouping', type: typeRef(Oid.int4) })),
    ];
    plan = {
      kind: 'aggregate',
      input: plan,
      groups: grouping.groups.map(({ id, expression }) => ({ id, expression })),
      ...(grouping.sets === undefined ? {} : { sets: grouping.sets }),
      ...(masks.length === 0 ? {} : { grouping: masks }),
      aggregates,
      columns,
    };
    if (having !== undefined) plan = { kind: 'filter', input: plan, predicate: having, columns: plan.columns };
  }
  if (windows.length > 0) {
    const before = setsRead(
      sets,
      windows.flatMap(({ call }) => [...call.partitionBy, ...call.orderBy.map((key) => key.expression)]),
    );
    plan = projectAllSets(plan, before);
    sets = sets.filter((set) => !before.includes(set));
    plan = {
      kind: 'window',
      input: plan,
      calls: windows,
      columns: [...plan.columns, ...windows.map(({ id, call }) => ({ id, name: call.function.name, type: call.type }))],
    };
  }
  plan = projectAllSets(plan, sets);

  const outputs = all.map((target) => binder.column(target.name, target.expression.type, scope, binder.originOf(target.expression)));
  const expressions = all.map((target) => target.expression);
  const locking = lockingColumns(binder, scope, query, options);
  const rows: RowOutput[] = [];
  if (options.keepRows === true && !core.distinct && sortTargets.junk.length === 0) {
    targets.forEach((target, index) => {
      const row = target.expression;
      if (row.kind !== 'row') return;
      const columns = row.fields.map((field, i) => binder.column(row.names?.[i] ?? `f${i + 1}`, field.type, scope));
      const present = binder.column('present', typeRef(Oid.bool), scope);
      rows.push({ index, names: row.names, columns, present });
      outputs.push(...columns, present);
      expressions.push(...row.fields, row.present ?? constant(1, typeRef(Oid.bool)));
    });
  }
  plan = {
    kind: 'project',
    input: plan,
    columns: [...outputs, ...locking.columns],
    expressions: [...expressions, ...locking.columns.map((column) => columnRef(column))],
  };
  if (locking.columns.length > 0) {
    // Columns that lock rows keep their ids: the projection passes them on under new ones.
    const fresh = locking.columns.map((column) => binder.column(column.name, column.type, scope));
    plan = { ...plan, columns: [...outputs, ...fresh] };
    binder.locking.push(...locking.rows(fresh));
  } else binder.locking.push(...locking.rows([]));

  const keyOf = (index: number): Expression => columnRef(outputs[index] as OutputColumn);
  const allKeys = [
    ...keys,
    ...distinctOn.filter((index) => !keys.some((key) => key.target === index)).map((index): Key => ({ target: index, item: plainKey(all[index]?.position) })),
  ];
  const sortKeys = allKeys.map(
    (key): SortKey => bindSortKey(binder, key.item, binder.at(keyOf(key.target), binder.positionOf((all[key.target] as BoundTarget).expression))),
  );
  if (core.distinct && distinctOn.length === 0) plan = { kind: 'distinct', input: plan, on: undefined, columns: plan.columns };
  if (sortKeys.length > 0) plan = { kind: 'sort', input: plan, keys: uniqueKeys(sortKeys), columns: plan.columns };
  if (distinctOn.length > 0) plan = { kind: 'distinct', input: plan, on: distinctOn.map(keyOf), columns: plan.columns };
  plan = bindLimit(binder, scope, query, plan);
  const visible = outputs.slice(0, targets.length);
  let columns: readonly OutputColumn[] = visible;
  const origins = visible.map((column) => binder.originOf(columnRef(column)));
  if (all.length > targets.length) {
    const kept = plan.columns.filter((_, i) => i < targets.length || i >= all.length);
    const renamed = kept.map((column, i) => binder.column(column.name, column.type, scope, i < targets.length ? origins[i] : undefined));
    plan = { kind: 'project', input: plan, columns: renamed, expressions: kept.map((column) => columnRef(column)) };
    columns = renamed.slice(0, targets.length);
    relockUnder(binder, kept, renamed);
  }
  return { plan: binder.presence.applied(plan), columns, origins, positions: targets.map((target) => target.position), rows };
}

/** A later key that repeats an earlier one decides nothing. */
function uniqueKeys(keys: readonly SortKey[]): readonly SortKey[] {
  return keys.filter((key, i) => !keys.slice(0, i).some((other) => equalExpressions(other.expression, key.expression)));
}

/** The sets that expressions read, with those that they themselves read. */
function setsRead(sets: Scope['sets'], expressions: readonly Expression[]): Scope['sets'] {
  const found: Scope['sets'][number][] = [];
  const visit = (expression: Expression): void => {
    const ids = columnsOf(expression);
    for (const set of sets) {
      if (found.includes(set) || !set.columns.some((column) => ids.has(column.id))) continue;
      found.push(set);
      set.call.args.forEach(visit);
    }
  };
  expressions.forEach(visit);
  return found;
}

/** Sets level by level: one whose arguments hold another stands above it. */
function projectAllSets(input: LogicalNode, sets: Scope['sets']): LogicalNode {
  let plan = input;
  for (const level of [...new Set(sets.map((set) => set.level))].sort((a, b) => a - b))
    plan = projectSets(
      plan,
      sets.filter((set) => set.level === level),
    );
  return plan;
}

/** Set calls of one level; a call with several columns contributes them all. */
function projectSets(input: LogicalNode, sets: Scope['sets']): LogicalNode {
  return {
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

// ------------------------------------------------------------------------------------------------------------------- row locking

function checkLocking(binder: Binder, scope: Scope, query: ast.Select, core: ast.SelectCore, plan: LogicalNode): void {
  const name = lockingName((query.locking[0] as ast.Locking).strength);
  const refuse = (what: string): never => {
    throw binder.error('0A000', `${name} is not allowed with ${what}`, undefined);
  };
  if (core.distinct) refuse('DISTINCT clause');
  if (core.groupBy.length > 0) refuse('GROUP BY clause');
  if (core.having !== undefined) refuse('HAVING clause');
  if (scope.aggregates.length > 0) refuse('aggregate functions');
  if (scope.windows.length > 0) refuse('window functions');
  if (scope.sets.length > 0) refuse('set-returning functions in the target list');
  const certain = nonNullColumns(plan);
  for (const locking of query.locking) {
    for (const item of scope.range) {
      if (item.row === undefined || certain.has(item.row.rowid.id) || (locking.tables.length > 0 && !locking.tables.some((table) => table.name === item.name)))
        continue;
      throw binder.error('0A000', `${lockingName(locking.strength)} cannot be applied to the nullable side of an outer join`, undefined);
    }
    for (const table of locking.tables) {
      if (!scope.range.some((item) => item.name === table.name)) {
        throw binder.error('42P01', `relation "${table.name}" in ${lockingName(locking.strength)} clause not found in FROM clause`, table.position);
      }
    }
  }
}

function placeColumns({ shard, rowid, table }: RowPlace): readonly OutputColumn[] {
  return table === undefined ? [shard, rowid] : [shard, rowid, table];
}

/** Each row of the result is a row of the one table in FROM. */
function readsOneTable(query: ast.Select, core: ast.SelectCore): boolean {
  const [item] = core.from;
  if (core.from.length !== 1 || item?.kind !== 'table' || item.sample !== undefined) return false;
  return query.orderBy.length === 0 && !core.distinct && core.distinctOn.length === 0 && core.groupBy.length === 0 && core.having === undefined;
}

/** Shard and row number columns of the tables to lock, to be added to the projection. */
function lockingColumns(
  binder: Binder,
  scope: Scope,
  query: ast.Select,
  options: QueryOptions,
): { columns: readonly OutputColumn[]; rows: (fresh: readonly OutputColumn[]) => readonly RowLocking[] } {
  const wanted = query.locking.flatMap((locking) =>
    scope.range
      .filter((item) => item.table !== undefined && (locking.tables.length === 0 || locking.tables.some((table) => table.name === item.name)))
      .map((item) => ({ item, locking })),
  );
  const [placed] = scope.range;
  const { row: place, table } = placed ?? {};
  if (query.locking.length === 0 && scope.wantsRows && place !== undefined && table !== undefined) {
    if (scope.aggregates.length + scope.windows.length + scope.sets.length > 0) return { columns: [], rows: () => [] };
    return {
      columns: placeColumns(place),
      rows: ([shard, rowid, tableOid]) => {
        if (shard !== undefined && rowid !== undefined) binder.place = { table, row: { shard, rowid, ...(tableOid === undefined ? {} : { table: tableOid }) } };
        return [];
      },
    };
  }
  const columns = options.outermost === true ? wanted.flatMap(({ item }) => (item.row === undefined ? [] : placeColumns(item.row))) : [];
  let at = 0;
  return {
    columns,
    rows: (fresh) =>
      wanted.map(({ item, locking }) => {
        const has = options.outermost === true && item.row !== undefined;
        const [shard, rowid, table] = fresh.slice(at, at + (item.row === undefined ? 0 : placeColumns(item.row).length));
        const row = has && shard !== undefined && rowid !== undefined ? { shard, rowid, ...(table === undefined ? {} : { table }) } : undefined;
        if (has && item.row !== undefined) at += placeColumns(item.row).length;
        return { table: item.table as NonNullable<RangeItem['table']>, alias: item.name ?? '', strength: locking.strength, wait: locking.wait, row };
      }),
  };
}

/** After the last projection the locking columns have new ids. */
function relockUnder(binder: Binder, before: readonly OutputColumn[], after: readonly OutputColumn[]): void {
  const renamed = (column: OutputColumn): OutputColumn => {
    const at = before.findIndex((one) => one.id === column.id);
    return at < 0 ? column : (after[at] as OutputColumn);
  };
  binder.locking.forEach((locking, i) => {
    if (locking.row === undefined) return;
    const { shard, rowid, table } = locking.row;
    binder.locking[i] = { ...locking, row: { shard: renamed(shard), rowid: renamed(rowid), ...(table === undefined ? {} : { table: renamed(table) }) } };
  });
}
