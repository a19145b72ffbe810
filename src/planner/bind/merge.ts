/**
 * MERGE: the source yields for each row what is done with it (an action number), shard and _rowid of the target row, and every column's value: the new row of an INSERT
 * or UPDATE, the old one of a DELETE. Source: transformMergeStmt of PostgreSQL 15's parse_merge.c.
 */
import { privilegeBits } from '../../catalog/acl.js';
import type { Column } from '../../catalog/table.js';
import { notSupported } from '../../common/errors.js';
import { columnRef, columnType, conjunction, constant, nullConst, typeRef } from '../../plan/build.js';
import type { ColumnId, Expression } from '../../plan/expression.js';
import { type LogicalNode, mergeActions, type Mutation, type OutputColumn } from '../../plan/logical.js';
import { substituteColumns } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { Oid } from '../../types/oid.js';
import type { Binder } from './binder.js';
import type { BoundMutation } from './bound.js';
import { makeOperator } from './call.js';
import { bindCondition, bindExpression, inClause } from './expression.js';
import { bindFromItem } from './from.js';
import { inheritedTargets } from './inheritance.js';
import { followersField, followersOf } from './followers.js';
import { checkWidth, generatedField, targetColumns, usesDefault, withDefinitions, withGenerated } from './insert.js';
import { type NamespaceEntry, Scope } from './scope.js';
import { assign, defaultOf, rowColumns } from './standalone.js';
import { bindAssignments, rowChecks, type TargetColumn, targetOf, useTarget, writtenColumn } from './target.js';
import { isSecured } from './security.js';
import { bindTarget, type BoundTarget } from './update.js';
import { noteTriggers } from './triggers.js';
import { bindWith } from './with.js';

type When = ast.Merge['whens'][number];

const actionType = typeRef(Oid.int4);

function checkReachable(binder: Binder, node: ast.Merge): void {
  for (const matched of [true, false]) {
    const whens = node.whens.filter((when) => when.matched === matched);
    if (whens.slice(0, -1).some((when) => when.condition === undefined)) {
      throw binder.error('42601', 'unreachable WHEN clause specified after unconditional WHEN clause', undefined);
    }
  }
}

/** The row that WHEN NOT MATCHED inserts, without generated columns. */
function insertedRow(binder: Binder, scope: Scope, bound: BoundTarget, action: Extract<ast.MergeAction, { kind: 'insert' }>): readonly Expression[] {
  const { target } = bound;
  const columns = targetColumns(binder, target, action.columns);
  const given = new Map<Column, Expression>();
  if (action.values.length > 0) checkWidth(binder, action.values.length, columns.length, action.columns.length > 0, undefined, undefined);
  inClause(scope, 'insertValues', () => {
    action.values.forEach((value, i) => {
      const column = writtenColumn(binder, columns[i] as TargetColumn, 'insert into');
      if (value.kind === 'default') return;
      const expression = assign(binder, bindExpression(binder, scope, value), column, action.columns[i]?.position);
      if (!usesDefault(binder, column, action.overriding, false)) given.set(column, expression);
    });
  });
  return target.table.columns.map((column) => given.get(column) ?? defaultOf(binder, target.table, column));
}

interface BoundWhen {
  readonly condition: Expression;
  readonly action: ast.MergeAction['kind'];
  /** One value per table column; undefined for DO NOTHING. */
  readonly values: readonly Expression[] | undefined;
  readonly assigned: readonly number[];
}

function bindWhen(binder: Binder, scope: Scope, bound: BoundTarget, when: When): BoundWhen {
  const matched: Expression = { kind: 'isNull', argument: columnRef(bound.row.rowid), negated: when.matched, type: typeRef(Oid.bool) };
  const own = when.condition === undefined ? [] : [bindCondition(binder, scope, when.condition, 'where', 'WHEN')];
  const condition = conjunction([matched, ...own]) as Expression;
  const { action } = when;
  const old = bound.columns.map((column) => columnRef(column));
  switch (action.kind) {
    case 'insert':
      return { condition, action: 'insert', values: insertedRow(binder, scope, bound, action), assigned: [] };
    case 'update': {
      const assigned = bindAssignments(binder, scope, bound.target, action.assignments);
      const values = bound.target.table.columns.map((column, i) => assigned.find((one) => one.column === column)?.expression ?? (old[i] as Expression));
      return { condition, action: 'update', values, assigned: assigned.map((one) => one.column.attribute) };
    }
    case 'delete':
      return { condition, action: 'delete', values: old, assigned: [] };
    case 'nothing':
      return { condition, action: 'nothing', values: undefined, assigned: [] };
  }
}

export function bindMergeIn(binder: Binder, node: ast.Merge): Omit<BoundMutation, 'parameterTypes' | 'needs'> {
  const scope = new Scope(undefined);
  checkReachable(binder, node);
  if (node.with !== undefined) bindWith(binder, scope, node.with);
  const bound = bindTarget(binder, scope, node.table, targetOf(binder, scope, node.table, 'merge into'));
  if (inheritedTargets(binder, bound.target, node.table.only).length > 1) throw notSupported('MERGE into a table with children', node.table.position);
  const { table } = bound.target;
  if ((table.rules ?? []).length > 0)
    throw binder.error('0A000', `cannot execute MERGE on relation "${table.name}"`, undefined, { detail: 'MERGE is not supported for relations with rules.' });
  const triggers = noteTriggers(binder, table);
  const source = bindFromItem(binder, scope, node.source);
  if (source.entries.some((entry) => entry.relationVisible && entry.item.name === bound.alias)) {
    throw binder.error('42712', `name "${bound.alias}" specified more than once`, node.table.position, {
      detail: 'The name is used both as MERGE target table and data source.',
    });
  }
  const seeing = <T>(entries: readonly NamespaceEntry[], bind: () => T): T => {
    const outer = scope.namespace.splice(0, scope.namespace.length, ...entries);
    try {
      return bind();
    } finally {
      scope.namespace.splice(0, scope.namespace.length, ...outer);
    }
  };
  const both = [...bound.from.entries, ...source.entries];
  const on = seeing(both, () => bindCondition(binder, scope, node.on, 'joinOn', 'JOIN/ON'));
  const whens = node.whens.map((when) => seeing(when.matched ? both : source.entries, () => bindWhen(binder, scope, bound, when)));
  const inserts = node.whens.some((when) => !when.matched);
  const join: LogicalNode = {
    kind: 'join',
    type: inserts ? 'left' : 'inner',
    left: source.plan,
    right: bound.from.plan,
    on,
    lateral: false,
    columns: [...source.plan.columns, ...bound.from.plan.columns],
  };
  // First which clause applies, so that conditions are computed once a row; then its values.
  const number = (value: number): Expression => constant(value, actionType);
  const clause = binder.column('clause', actionType, scope);
  const carried = join.columns.map((column) => binder.column(column.name, column.type, scope));
  const moved = new Map<ColumnId, Expression>(join.columns.map((column, i) => [column.id, columnRef(carried[i] as OutputColumn)]));
  const chosen: LogicalNode = {
    kind: 'project',
    input: join,
    columns: [...carried, clause],
    expressions: [
      ...join.columns.map((column) => columnRef(column)),
      {
        kind: 'case',
        branches: whens.map(({ condition, action }, i) => ({ when: condition, then: number(action === 'nothing' ? 0 : i + 1) })),
        otherwise: number(0),
        type: actionType,
      },
    ],
  };
  const isClause = (i: number): Expression => makeOperator(binder, '=', columnRef(clause), number(i + 1), undefined);
  const active: LogicalNode = {
    kind: 'filter',
    input: chosen,
    predicate: makeOperator(binder, '>', columnRef(clause), number(0), undefined),
    columns: chosen.columns,
  };
  const byClause = (value: (when: BoundWhen) => Expression | undefined, type: OutputColumn['type']): Expression => {
    const branches = whens.flatMap((when, i) => {
      const then = value(when);
      return then === undefined ? [] : [{ when: isClause(i), then: substituteColumns(then, moved) }];
    });
    return branches.length === 0 ? nullConst(type) : { kind: 'case', branches, otherwise: nullConst(type), type };
  };
  // Row triggers see the row as it was.
  const old = triggers ? rowColumns(binder, table, scope) : [];
  const projected: LogicalNode = {
    kind: 'project',
    input: active,
    columns: [
      binder.column('action', actionType, scope),
      binder.column(bound.row.shard.name, bound.row.shard.type, scope),
      binder.column(bound.row.rowid.name, bound.row.rowid.type, scope),
      ...rowColumns(binder, table, scope),
      ...old,
    ],
    expressions: [
      byClause(({ action }) => (action === 'nothing' ? undefined : number(mergeActions.indexOf(action))), actionType),
      substituteColumns(columnRef(bound.row.shard), moved),
      substituteColumns(columnRef(bound.row.rowid), moved),
      ...table.columns.map((column, i) => byClause(({ values }) => values?.[i], columnType(column))),
      ...old.map((_, i) => substituteColumns(columnRef(bound.columns[i] as OutputColumn), moved)),
    ],
  };
  const row = rowColumns(binder, table, scope);
  const acts = (action: When['action']['kind']): boolean => node.whens.some((when) => when.action.kind === action);
  const inserted = node.whens.flatMap(({ action }) =>
    action.kind === 'insert' ? targetColumns(binder, bound.target, action.columns).flatMap(({ column }) => column ?? []) : [],
  );
  const updated = whens.flatMap((when) => when.assigned);
  const use = useTarget(
    binder,
    bound.target,
    (acts('insert') ? privilegeBits.insert : 0) | (acts('update') ? privilegeBits.update : 0) | (acts('delete') ? privilegeBits.delete : 0),
    [bound.columns],
    [
      { privilege: privilegeBits.insert, columns: inserted },
      { privilege: privilegeBits.update, columns: table.columns.filter((column) => updated.includes(column.attribute)) },
    ],
  );
  if (isSecured(binder, bound.target, use)) throw notSupported('MERGE under row-level security', node.table.position);
  const generated = table.columns.filter((column) => column.generated !== undefined).map((column) => column.attribute);
  const written = withGenerated(binder, scope, bound.target, projected, 3);
  const before = written.columns.slice(3 + table.columns.length);
  const mutation: Mutation = {
    kind: 'merge',
    table,
    source: withDefinitions(scope, written),
    assigned: [...new Set([...whens.flatMap((when) => when.assigned), ...generated])],
    actions: mergeActions.filter(acts),
    row,
    extra: before,
    ...(before.length === 0 ? {} : { before }),
    ...(triggers ? generatedField(binder, table, row) : {}),
    checks: rowChecks(binder, bound.target, row),
    ...followersField(followersOf(binder, scope, table, ['update', 'delete'])),
  };
  return { kind: 'mutation', mutation, columns: undefined };
}
