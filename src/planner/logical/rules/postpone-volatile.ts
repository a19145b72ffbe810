/**
 * Volatile expressions of a select list are computed after ORDER BY and LIMIT, as PostgreSQL computes them (make_sort_input_target of its planner.c): nextval() counts in
 * the order of the rows, and only for those that come. Columns that the sort itself reads stay below it.
 */
import { columnRef } from '../../../plan/build.js';
import type { ColumnId, Expression } from '../../../plan/expression.js';
import type { LogicalNode, OutputColumn, Project, Sort } from '../../../plan/logical.js';
import { collectColumns, rewritePlan, substituteColumns } from '../../../plan/walk.js';
import { isVolatile } from '../analysis.js';
import { FreshColumns } from '../columns.js';

/** The sort below a projection that computes what is volatile; undefined when there is nothing to move. */
function postponed(sort: Sort, fresh: () => FreshColumns): Project | undefined {
  const { input } = sort;
  if (input.kind !== 'project' || !input.expressions.some(isVolatile)) return undefined;
  const sorted = new Set<ColumnId>();
  for (const key of sort.keys) collectColumns(key.expression, sorted);
  const moves = input.columns.map((column, i) => isVolatile(input.expressions[i] as Expression) && !sorted.has(column.id));
  if (!moves.includes(true)) return undefined;
  const read = new Set<ColumnId>();
  input.expressions.forEach((expression, i) => {
    if (moves[i] === true) collectColumns(expression, read);
  });
  const carried = input.input.columns.filter((column) => read.has(column.id)).map((column) => ({ column, as: fresh().column(column.name, column.type) }));
  const kept = input.columns.map((column, i) =>
    moves[i] === true ? undefined : { as: fresh().column(column.name, column.type), expression: input.expressions[i] as Expression },
  );
  const stays = kept.filter((one) => one !== undefined);
  const below: LogicalNode = {
    kind: 'project',
    input: input.input,
    columns: [...stays.map(({ as }) => as), ...carried.map(({ as }) => as)],
    expressions: [...stays.map(({ expression }) => expression), ...carried.map(({ column }) => columnRef(column))],
  };
  const fromCarried = new Map<ColumnId, Expression>(carried.map(({ column, as }) => [column.id, columnRef(as)]));
  const fromKept = new Map<ColumnId, Expression>(input.columns.flatMap((column, i) => (kept[i] === undefined ? [] : [[column.id, columnRef(kept[i].as)]])));
  const keys = sort.keys.map((key) => ({ ...key, expression: substituteColumns(key.expression, fromKept) }));
  return {
    kind: 'project',
    input: { ...sort, keys, input: below, columns: below.columns },
    columns: input.columns,
    expressions: input.expressions.map((expression, i) => (kept[i] === undefined ? substituteColumns(expression, fromCarried) : columnRef(kept[i].as))),
  };
}

export function postponeVolatile(plan: LogicalNode): LogicalNode {
  let made: FreshColumns | undefined;
  const fresh = (): FreshColumns => (made ??= new FreshColumns(plan));
  const moved = new Set<LogicalNode>();
  return rewritePlan(plan, (node): LogicalNode => {
    if (node.kind === 'sort') {
      const project = postponed(node, fresh);
      if (project !== undefined) moved.add(project);
      return project ?? node;
    }
    if (node.kind !== 'limit' || node.input.kind !== 'project' || !moved.has(node.input)) return node;
    const columns: readonly OutputColumn[] = node.input.input.columns;
    return { ...node.input, input: { ...node, input: node.input.input, columns } };
  });
}
