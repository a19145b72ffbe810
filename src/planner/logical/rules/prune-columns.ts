/**
 * Every operator lists only the columns that something above reads: scans read fewer columns and exchanges ship fewer. Unused aggregates and window calls go, too.
 */
import { assertNever } from '../../../common/errors.js';
import { nullConst } from '../../../plan/build.js';
import type { ColumnId, Expression } from '../../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../../plan/logical.js';
import { collectColumns, forEachNodeExpression, mapChildren, mapNodeExpressions } from '../../../plan/walk.js';
import { isVolatile } from '../analysis.js';
import { refreshed, withColumns } from '../columns.js';

type Needed = ReadonlySet<ColumnId>;

/** Indexes of the columns to keep: at least one, as a relation without columns has no form in SQLite. */
function keptIndexes(columns: readonly OutputColumn[], needed: Needed): readonly number[] {
  const kept = columns.flatMap((column, i) => (needed.has(column.id) ? [i] : []));
  return kept.length === 0 && columns.length > 0 ? [0] : kept;
}

function pick<T>(list: readonly T[], indexes: readonly number[]): readonly T[] {
  return indexes.length === list.length ? list : indexes.map((index) => list[index] as T);
}

/** What the operator's own expressions read, added to what is read above. */
function withOwn(node: LogicalNode, needed: Needed): Set<ColumnId> {
  const all = new Set(needed);
  forEachNodeExpression(node, (expression) => {
    collectColumns(expression, all);
  });
  return all;
}

const intoSubqueries = (expression: Expression): Expression => {
  const inner = mapChildren(expression, intoSubqueries, (plan) => plan);
  if (inner.kind !== 'subquery') return inner;
  const needed = new Set<ColumnId>();
  // EXISTS reads no column; the others read them by position or by their tests.
  if (inner.mode !== 'exists') for (const column of inner.plan.columns) needed.add(column.id);
  const plan = prune(inner.plan, needed);
  return { ...inner, plan: inner.mode === 'exists' ? plan : withColumns(plan, inner.plan.columns) };
};

function prune(original: LogicalNode, needed: Needed): LogicalNode {
  const node = mapNodeExpressions(original, intoSubqueries);
  switch (node.kind) {
    case 'scan':
    case 'catalogScan': {
      const indexes = keptIndexes(node.columns, needed);
      if (indexes.length === node.columns.length) return node;
      const columns = pick(node.columns, indexes);
      return node.kind === 'scan' ? { ...node, columns, source: pick(node.source, indexes) } : { ...node, columns, source: pick(node.source, indexes) };
    }
    case 'values': {
      const indexes = keptIndexes(node.columns, needed);
      if (indexes.length === node.columns.length || node.rows.some((row) => row.some(isVolatile))) return node;
      return { ...node, columns: pick(node.columns, indexes), rows: node.rows.map((row) => pick(row, indexes)) };
    }
    case 'functionScan':
    case 'cteScan':
    case 'landed':
      return node;
    case 'filter':
    case 'sort':
    case 'limit': {
      return refreshed({ ...node, input: prune(node.input, withOwn(node, needed)) });
    }
    case 'project': {
      const indexes = keptIndexes(node.columns, needed).concat(
        node.columns.flatMap((column, i) => (!needed.has(column.id) && isVolatile(node.expressions[i] as Expression) ? [i] : [])),
      );
      const sorted = [...new Set(indexes)].sort((a, b) => a - b);
      // A column that stays although nobody reads it need not be computed.
      const expressions = sorted.map((i) => {
        const [column, expression] = [node.columns[i] as OutputColumn, node.expressions[i] as Expression];
        return needed.has(column.id) || isVolatile(expression) ? expression : nullConst(column.type);
      });
      const kept = { ...node, columns: pick(node.columns, sorted), expressions };
      return { ...kept, input: prune(node.input, withOwn(kept, new Set())) };
    }
    case 'projectSet':
      return refreshed({ ...node, input: prune(node.input, withOwn(node, needed)) });
    case 'join': {
      const all = withOwn(node, needed);
      const right = prune(node.right, all);
      // A lateral right side reads columns of the left one.
      if (node.lateral) collectFree(right, all);
      return refreshed({ ...node, left: prune(node.left, all), right });
    }
    case 'aggregate': {
      const aggregates = node.aggregates.filter(({ id }) => needed.has(id));
      const kept: LogicalNode = {
        ...node,
        aggregates,
        columns: node.columns.filter((column) => needed.has(column.id) || !node.aggregates.some(({ id }) => id === column.id)),
      };
      // Without groups one row comes out, whose columns must not all go.
      const final = kept.columns.length === 0 ? node : kept;
      return { ...final, input: prune(node.input, withOwn(final, new Set())) };
    }
    case 'window': {
      const calls = node.calls.filter(({ id }) => needed.has(id));
      if (calls.length === 0) return prune(node.input, needed);
      const kept: LogicalNode = { ...node, calls };
      return refreshed({ ...kept, input: prune(node.input, withOwn(kept, needed)) });
    }
    case 'distinct': {
      const all = withOwn(node, needed);
      if (node.on === undefined) for (const column of node.input.columns) all.add(column.id);
      return refreshed({ ...node, input: prune(node.input, all) });
    }
    case 'setOperation': {
      const indexes = node.type === 'union' && node.all ? keptIndexes(node.columns, needed) : node.columns.map((_, i) => i);
      const side = (input: LogicalNode): LogicalNode => {
        const columns = indexes.map((index) => input.columns[index] as OutputColumn);
        return withColumns(prune(input, new Set(columns.map((column) => column.id))), columns);
      };
      return { ...node, columns: pick(node.columns, indexes), left: side(node.left), right: side(node.right) };
    }
    case 'with': {
      const ctes = node.ctes.map((cte) => {
        const whole = (plan: LogicalNode): LogicalNode => withColumns(prune(plan, new Set(plan.columns.map((column) => column.id))), plan.columns);
        const plan = whole(cte.plan);
        return cte.recursive === undefined ? { ...cte, plan } : { ...cte, plan, recursive: { ...cte.recursive, term: whole(cte.recursive.term) } };
      });
      return refreshed({ ...node, ctes, body: prune(node.body, needed) });
    }
    default:
      return assertNever(node);
  }
}

function collectFree(plan: LogicalNode, into: Set<ColumnId>): void {
  forEachNodeExpression(plan, (expression) => {
    collectColumns(expression, into);
  });
  switch (plan.kind) {
    case 'join':
    case 'setOperation':
      collectFree(plan.left, into);
      collectFree(plan.right, into);
      return;
    case 'with':
      for (const cte of plan.ctes) {
        collectFree(cte.plan, into);
        if (cte.recursive !== undefined) collectFree(cte.recursive.term, into);
      }
      collectFree(plan.body, into);
      return;
    default:
      if ('input' in plan) collectFree(plan.input, into);
  }
}

export function pruneColumns(plan: LogicalNode): LogicalNode {
  return withColumns(prune(plan, new Set(plan.columns.map((column) => column.id))), plan.columns);
}
