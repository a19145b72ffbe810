/**
 * The order of inner joins: greedy by estimated row counts. Begins with the smallest relation and goes on with the one whose join gives the fewest rows, preferring
 * those that a condition connects, so that no cross product arises where a join condition could prevent it.
 */
import { conjunction, conjuncts } from '../../../plan/build.js';
import type { ColumnId, Expression } from '../../../plan/expression.js';
import type { Join, LogicalNode } from '../../../plan/logical.js';
import { columnsOf, idsOf, mapChildren, mapInputs, mapNodeExpressions } from '../../../plan/walk.js';
import { isVolatile } from '../analysis.js';
import { refreshed, withColumns } from '../columns.js';
import type { Statistics } from '../optimise.js';

const unknownRows = 1000;

/** Rough share of rows that a predicate lets through. */
function selectivity(predicate: Expression): number {
  switch (predicate.kind) {
    case 'and':
      return predicate.args.reduce((share, argument) => share * selectivity(argument), 1);
    case 'or':
      return Math.min(
        1,
        predicate.args.reduce((share, argument) => share + selectivity(argument), 0),
      );
    case 'call':
      if (predicate.operator?.comparison === '=') return 0.01;
      if (predicate.operator?.comparison === '<>') return 0.95;
      return 0.3;
    case 'inList':
      return Math.min(0.5, predicate.list.length * 0.01);
    default:
      return 0.5;
  }
}

/** True when equalities with values fix a whole unique key of the scanned table. */
function isPoint(plan: LogicalNode, predicates: readonly Expression[]): boolean {
  if (plan.kind !== 'scan') return false;
  const fixed = new Set<number>();
  for (const predicate of predicates) {
    if (predicate.kind !== 'call' || predicate.operator?.comparison !== '=') continue;
    const [a, b] = predicate.args;
    for (const [column, value] of [
      [a, b],
      [b, a],
    ]) {
      if (column?.kind !== 'column' || value === undefined || columnsOf(value).size > 0) continue;
      fixed.add(plan.source[plan.columns.findIndex((one) => one.id === column.id)] ?? -9);
    }
  }
  return plan.table.indexes.some((index) => index.unique && index.predicateText === undefined && index.keys.every((key) => fixed.has(key.attribute)));
}

function estimateRows(plan: LogicalNode, statistics: Statistics): number {
  switch (plan.kind) {
    case 'scan':
      return Math.max(1, statistics.get(plan.table.oid) ?? unknownRows);
    case 'values':
      return plan.rows.length;
    case 'filter':
      if (isPoint(plan.input, conjuncts(plan.predicate))) return 1;
      return Math.max(1, estimateRows(plan.input, statistics) * selectivity(plan.predicate));
    case 'limit': {
      const rows = estimateRows(plan.input, statistics);
      return plan.count?.kind === 'const' && plan.count.value !== null ? Math.min(rows, Number(plan.count.value)) : rows;
    }
    case 'project':
    case 'sort':
    case 'window':
      return estimateRows(plan.input, statistics);
    case 'projectSet':
      return estimateRows(plan.input, statistics) * 10;
    case 'distinct':
      return Math.max(1, estimateRows(plan.input, statistics) / 2);
    case 'aggregate':
      return plan.groups.length === 0 ? 1 : Math.max(1, estimateRows(plan.input, statistics) / 10);
    case 'join':
      if (plan.type === 'semi' || plan.type === 'anti') return Math.max(1, estimateRows(plan.left, statistics) / 2);
      return joinRows(estimateRows(plan.left, statistics), estimateRows(plan.right, statistics), conjuncts(plan.on), plan.type !== 'inner');
    case 'setOperation':
      return estimateRows(plan.left, statistics) + estimateRows(plan.right, statistics);
    case 'with':
      return estimateRows(plan.body, statistics);
    default:
      return unknownRows;
  }
}

/** An equality joins as along a foreign key: as many rows as the larger side has. */
function joinRows(left: number, right: number, on: readonly Expression[], outer: boolean): number {
  const equal = on.some((part) => part.kind === 'call' && part.operator?.comparison === '=' && columnsOf(part).size > 1);
  const rest = on.filter((part) => !(part.kind === 'call' && part.operator?.comparison === '=')).reduce((share, part) => share * selectivity(part), 1);
  const rows = (equal ? Math.max(left, right) : left * right) * rest;
  return outer ? Math.max(rows, left) : Math.max(1, rows);
}

interface Part {
  readonly plan: LogicalNode;
  readonly rows: number;
  readonly ids: ReadonlySet<ColumnId>;
}

/** The relations and conditions of a tree of inner joins. */
function flatten(node: LogicalNode, parts: LogicalNode[], conditions: Expression[]): void {
  if (node.kind === 'join' && node.type === 'inner' && !node.lateral) {
    flatten(node.left, parts, conditions);
    flatten(node.right, parts, conditions);
    conditions.push(...conjuncts(node.on));
  } else parts.push(node);
}

function reordered(node: Join, statistics: Statistics): LogicalNode {
  const plans: LogicalNode[] = [];
  const conditions: Expression[] = [];
  flatten(node, plans, conditions);
  if (plans.length < 3 || conditions.some(isVolatile)) return node;
  const left: Part[] = plans.map((plan) => ({ plan, rows: estimateRows(plan, statistics), ids: idsOf(plan.columns) }));
  let open = [...conditions];
  const all = new Set(left.flatMap((part) => [...part.ids]));
  const usable = (ids: ReadonlySet<ColumnId>): Expression[] => open.filter((condition) => [...columnsOf(condition)].every((id) => ids.has(id) || !all.has(id)));
  const first = left.reduce((best, part) => (part.rows < best.rows ? part : best));
  left.splice(left.indexOf(first), 1);
  let current: Part = first;
  while (left.length > 0) {
    let best: { readonly part: Part; readonly rows: number; readonly connected: boolean; readonly on: readonly Expression[] } | undefined;
    for (const part of left) {
      const ids = new Set([...current.ids, ...part.ids]);
      const on = usable(ids);
      const connected = on.some(
        (condition) => [...columnsOf(condition)].some((id) => part.ids.has(id)) && [...columnsOf(condition)].some((id) => current.ids.has(id)),
      );
      const rows = joinRows(current.rows, part.rows, on, false);
      if (best === undefined || (connected && !best.connected) || (connected === best.connected && rows < best.rows)) best = { part, rows, connected, on };
    }
    if (best === undefined) break;
    const { part, on, rows } = best;
    left.splice(left.indexOf(part), 1);
    open = open.filter((condition) => !on.includes(condition));
    const plan: LogicalNode = {
      kind: 'join',
      type: 'inner',
      left: current.plan,
      right: part.plan,
      on: conjunction(on),
      lateral: false,
      columns: [...current.plan.columns, ...part.plan.columns],
    };
    current = { plan, rows, ids: new Set([...current.ids, ...part.ids]) };
  }
  return withColumns(current.plan, node.columns);
}

export function orderJoins(plan: LogicalNode, statistics: Statistics): LogicalNode {
  const intoExpression = (expression: Expression): Expression => mapChildren(expression, intoExpression, (inner) => go(inner, false));
  const go = (node: LogicalNode, insideTree: boolean): LogicalNode => {
    const inner = node.kind === 'join' && node.type === 'inner' && !node.lateral;
    const mapped = refreshed(
      mapNodeExpressions(
        mapInputs(node, (input) => go(input, inner)),
        intoExpression,
      ),
    );
    // The topmost join of a tree orders the whole tree.
    return mapped.kind === 'join' && inner && !insideTree ? reordered(mapped, statistics) : mapped;
  };
  return go(plan, false);
}
