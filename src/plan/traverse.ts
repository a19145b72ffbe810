/**
 * Generic walks over logical plans and expressions: children, rebuilding with new children, free columns. Every rule and the distributed planner use them,
 * so that a new node kind is taught in one place.
 */
import { assertNever } from '../common/errors.js';
import type { AggregateCall, ColumnId, Expression, SortKey, WindowCall } from './expression.js';
import type { LogicalNode } from './logical.js';

/** The node's relational inputs (not those inside expressions). */
export function inputsOf(node: LogicalNode): readonly LogicalNode[] {
  switch (node.kind) {
    case 'scan':
    case 'catalogScan':
    case 'values':
    case 'functionScan':
    case 'cteScan':
    case 'landed':
      return [];
    case 'filter':
    case 'project':
    case 'projectSet':
    case 'aggregate':
    case 'window':
    case 'sort':
    case 'limit':
    case 'distinct':
      return [node.input];
    case 'join':
    case 'setOperation':
      return [node.left, node.right];
    case 'with':
      return [...node.ctes.flatMap((cte) => (cte.recursive === undefined ? [cte.plan] : [cte.plan, cte.recursive.term])), node.body];
    default:
      return assertNever(node);
  }
}

/** The same node over inputs made by `f`; the node itself when nothing changed. */
export function mapInputs(node: LogicalNode, f: (input: LogicalNode) => LogicalNode): LogicalNode {
  switch (node.kind) {
    case 'scan':
    case 'catalogScan':
    case 'values':
    case 'functionScan':
    case 'cteScan':
    case 'landed':
      return node;
    case 'filter':
    case 'project':
    case 'projectSet':
    case 'aggregate':
    case 'window':
    case 'sort':
    case 'limit':
    case 'distinct': {
      const input = f(node.input);
      return input === node.input ? node : { ...node, input };
    }
    case 'join':
    case 'setOperation': {
      const left = f(node.left);
      const right = f(node.right);
      return left === node.left && right === node.right ? node : { ...node, left, right };
    }
    case 'with':
      return {
        ...node,
        ctes: node.ctes.map((cte) => ({
          ...cte,
          plan: f(cte.plan),
          ...(cte.recursive === undefined ? {} : { recursive: { ...cte.recursive, term: f(cte.recursive.term) } }),
        })),
        body: f(node.body),
      };
    default:
      return assertNever(node);
  }
}

function mapSortKeys(keys: readonly SortKey[], f: (e: Expression) => Expression): readonly SortKey[] {
  return keys.map((key) => ({ ...key, expression: f(key.expression) }));
}
function mapAggregate(call: AggregateCall, f: (e: Expression) => Expression): AggregateCall {
  return { ...call, args: call.args.map(f), orderBy: mapSortKeys(call.orderBy, f), ...(call.filter === undefined ? {} : { filter: f(call.filter) }) };
}
function mapWindow(call: WindowCall, f: (e: Expression) => Expression): WindowCall {
  const bound = (b: WindowCall['frame']['start']): WindowCall['frame']['start'] => (b.offset === undefined ? b : { ...b, offset: f(b.offset) });
  return {
    ...call,
    args: call.args.map(f),
    partitionBy: call.partitionBy.map(f),
    orderBy: mapSortKeys(call.orderBy, f),
    frame: { ...call.frame, start: bound(call.frame.start), end: bound(call.frame.end) },
    ...(call.filter === undefined ? {} : { filter: f(call.filter) }),
  };
}

/** The same node with each of its own expressions (not those of its inputs) replaced by `f`. */
export function mapExpressions(node: LogicalNode, f: (expression: Expression) => Expression): LogicalNode {
  switch (node.kind) {
    case 'scan':
    case 'catalogScan':
    case 'cteScan':
    case 'landed':
    case 'setOperation':
    case 'with':
      return node;
    case 'values':
      return { ...node, rows: node.rows.map((row) => row.map(f)) };
    case 'functionScan':
      return { ...node, calls: node.calls.map((call) => ({ ...call, args: call.args.map(f) })) };
    case 'filter':
      return { ...node, predicate: f(node.predicate) };
    case 'project':
      return { ...node, expressions: node.expressions.map(f) };
    case 'projectSet':
      return { ...node, calls: node.calls.map(({ id, call }) => ({ id, call: { ...call, args: call.args.map(f) } })) };
    case 'join':
      return node.on === undefined ? node : { ...node, on: f(node.on) };
    case 'aggregate':
      return {
        ...node,
        groups: node.groups.map((group) => ({ ...group, expression: f(group.expression) })),
        aggregates: node.aggregates.map(({ id, call }) => ({ id, call: mapAggregate(call, f) })),
      };
    case 'window':
      return { ...node, calls: node.calls.map(({ id, call }) => ({ id, call: mapWindow(call, f) })) };
    case 'sort':
      return { ...node, keys: mapSortKeys(node.keys, f) };
    case 'limit':
      return { ...node, count: node.count === undefined ? undefined : f(node.count), offset: node.offset === undefined ? undefined : f(node.offset) };
    case 'distinct':
      return node.on === undefined ? node : { ...node, on: node.on.map(f) };
    default:
      return assertNever(node);
  }
}

/** The node's own expressions. */
export function expressionsOf(node: LogicalNode): readonly Expression[] {
  const found: Expression[] = [];
  mapExpressions(node, (expression) => {
    found.push(expression);
    return expression;
  });
  return found;
}

/** The same expression with its direct operands replaced by `f`; subqueries: the left sides of their tests, and `plan` by `g`. */
export function mapOperands(e: Expression, f: (operand: Expression) => Expression, g: (plan: LogicalNode) => LogicalNode = (plan) => plan): Expression {
  switch (e.kind) {
    case 'const':
    case 'param':
    case 'column':
      return e;
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'nullif':
      return { ...e, args: e.args.map(f) };
    case 'cast':
    case 'not':
    case 'isNull':
    case 'isBoolean':
      return { ...e, argument: f(e.argument) };
    case 'isDistinct':
      return { ...e, left: f(e.left), right: f(e.right) };
    case 'case':
      return { ...e, branches: e.branches.map((b) => ({ when: f(b.when), then: f(b.then) })), otherwise: f(e.otherwise) };
    case 'inList':
      return { ...e, left: f(e.left), list: e.list.map(f) };
    case 'arrayComparison':
      return { ...e, left: f(e.left), array: f(e.array) };
    case 'subquery':
      return { ...e, plan: g(e.plan), tests: e.tests.map((test) => ({ ...test, left: f(test.left) })) };
    case 'array':
      return { ...e, elements: e.elements.map(f) };
    case 'subscript':
      return {
        ...e,
        array: f(e.array),
        subscripts: e.subscripts.map((s) => ({
          slice: s.slice,
          ...(s.lower === undefined ? {} : { lower: f(s.lower) }),
          ...(s.upper === undefined ? {} : { upper: f(s.upper) }),
        })),
      };
    case 'row':
      return { ...e, fields: e.fields.map(f) };
    default:
      return assertNever(e);
  }
}

/** Visits `e` and everything below it; `plan` is called for each subquery's plan. */
export function visitExpression(e: Expression, visit: (e: Expression) => void, plan?: (node: LogicalNode) => void): void {
  visit(e);
  mapOperands(
    e,
    (operand) => {
      visitExpression(operand, visit, plan);
      return operand;
    },
    (node) => {
      plan?.(node);
      return node;
    },
  );
}

/** Visits every node below and including `node`, those inside subquery expressions too, and every expression. */
export function visitPlan(node: LogicalNode, visit: (node: LogicalNode) => void, expression?: (e: Expression) => void): void {
  visit(node);
  for (const e of expressionsOf(node))
    visitExpression(
      e,
      (part) => expression?.(part),
      (plan) => visitPlan(plan, visit, expression),
    );
  for (const input of inputsOf(node)) visitPlan(input, visit, expression);
}

/** Rewrites bottom-up every node, those of subquery expressions included. */
export function rewritePlan(node: LogicalNode, f: (node: LogicalNode) => LogicalNode): LogicalNode {
  const expression = (e: Expression): Expression => mapOperands(e, expression, (plan) => rewritePlan(plan, f));
  return f(
    mapExpressions(
      mapInputs(node, (input) => rewritePlan(input, f)),
      expression,
    ),
  );
}

/** Column ids that the plan refers to but does not produce: its correlation with enclosing queries. */
export function freeColumns(node: LogicalNode): ReadonlySet<ColumnId> {
  const produced = new Set<ColumnId>();
  const used = new Set<ColumnId>();
  visitPlan(
    node,
    (n) => {
      for (const column of n.columns) produced.add(column.id);
      if (n.kind === 'aggregate') for (const group of n.groups) produced.add(group.id);
    },
    (e) => {
      if (e.kind === 'column') used.add(e.id);
      if (e.kind === 'subquery') for (const test of e.tests) used.add(test.column.id);
    },
  );
  for (const id of produced) used.delete(id);
  return used;
}

/** Columns that the expression itself refers to, subqueries' free columns included. */
export function columnsUsed(e: Expression): ReadonlySet<ColumnId> {
  const used = new Set<ColumnId>();
  visitExpression(
    e,
    (part) => {
      if (part.kind === 'column') used.add(part.id);
    },
    (plan) => {
      for (const id of freeColumns(plan)) used.add(id);
    },
  );
  return used;
}

/** The AND-terms of a predicate. */
export function conjuncts(e: Expression | undefined): readonly Expression[] {
  if (e === undefined) return [];
  return e.kind === 'and' ? e.args.flatMap((arg) => conjuncts(arg)) : [e];
}

/** True when something in the plan may give another answer each time it is computed. */
export function isVolatile(node: LogicalNode): boolean {
  let found = false;
  visitPlan(
    node,
    (n) => {
      if (n.kind === 'functionScan' && n.calls.some((call) => call.function.volatility === 'volatile')) found = true;
      if (n.kind === 'projectSet' && n.calls.some(({ call }) => call.function.volatility === 'volatile')) found = true;
    },
    (e) => {
      if ((e.kind === 'call' || e.kind === 'cast') && e.function?.volatility === 'volatile') found = true;
    },
  );
  return found;
}
