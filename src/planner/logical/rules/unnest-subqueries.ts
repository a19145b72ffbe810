/**
 * Subqueries of filters and select lists as joins:
 * - EXISTS and IN become semi joins, NOT EXISTS an anti join, NOT IN an anti join where NULLs are proven absent;
 * - a correlated aggregate over equalities becomes a left join with the aggregate grouped by the correlated columns (TPC-H Q2, Q17, Q20);
 * - a correlated look-up by a whole unique key becomes a left join.
 * The last two only where they pay: when a distributed table is read or no index serves the correlation. SQLite's index look-ups are as good as a join otherwise.
 */
import { neverRepeats, type Table } from '../../../catalog/table.js';
import { toSql } from '../../../functions/values.js';
import { boolType, columnRef, conjunction, conjuncts, constant } from '../../../plan/build.js';
import type { AggregateCall, Call, ColumnId, Expression, Subquery } from '../../../plan/expression.js';
import type { Aggregate, LogicalNode, OutputColumn } from '../../../plan/logical.js';
import {
  columnsOf,
  freeColumns,
  idsOf,
  inputsOf,
  mapAggregateCall,
  mapChildren,
  mapInputs,
  mapNodeExpressions,
  readsAny,
  readsOnly,
  somePlanExpression,
  substituteColumns,
} from '../../../plan/walk.js';
import { hasSubquery, isNonNull, isVolatile, isVolatilePlan, nonNullColumns, nullIfNull } from '../analysis.js';
import { type FreshColumns, refreshed, withColumns } from '../columns.js';

type Columns = ReadonlyMap<ColumnId, Expression>;

/** A subquery's plan without its correlated predicates and projections. */
interface Unwrapped {
  readonly plan: LogicalNode;
  /** What output columns of removed projections stand for. */
  readonly columns: Columns;
  /** Predicates over the plan's columns and outer ones. */
  readonly predicates: readonly Expression[];
}

function atLeastOne(count: Expression | undefined): boolean {
  return count === undefined || (count.kind === 'const' && count.value !== null && Number(count.value) >= 1);
}

/** Pulls the predicates that read `outer` columns out of the plan; undefined when something else reads them. `asSet`: duplicates and order do not matter. */
function unwrap(plan: LogicalNode, outer: ReadonlySet<ColumnId>, asSet: boolean, exists: boolean): Unwrapped | undefined {
  switch (plan.kind) {
    case 'project': {
      if (plan.expressions.some((expression) => isVolatile(expression) || hasSubquery(expression))) break;
      const inner = unwrap(plan.input, outer, asSet, exists);
      if (inner === undefined) return undefined;
      const columns = new Map(inner.columns);
      plan.columns.forEach((column, i) => columns.set(column.id, substituteColumns(plan.expressions[i] as Expression, inner.columns)));
      return { ...inner, columns };
    }
    case 'filter': {
      const inner = unwrap(plan.input, outer, asSet, exists);
      if (inner === undefined) return undefined;
      const pulled: Expression[] = [];
      const stay: Expression[] = [];
      for (const part of conjuncts(plan.predicate)) {
        const own = substituteColumns(part, inner.columns);
        const correlated = readsAny(own, outer);
        if (isVolatile(own) || (correlated && hasSubquery(own))) return undefined;
        (correlated ? pulled : stay).push(own);
      }
      const predicate = conjunction(stay);
      return {
        plan: predicate === undefined ? inner.plan : { kind: 'filter', input: inner.plan, predicate, columns: inner.plan.columns },
        columns: inner.columns,
        predicates: [...inner.predicates, ...pulled],
      };
    }
    case 'join': {
      if (plan.lateral) break;
      const left = unwrap(plan.left, outer, asSet && plan.type === 'inner', false);
      if (left === undefined) return undefined;
      const whole = plan.type === 'inner' ? unwrap(plan.right, outer, asSet, false) : independent(plan.right, outer);
      if (whole === undefined) return undefined;
      if (plan.type === 'right' || plan.type === 'full') {
        if (left.predicates.length > 0) return undefined;
        break;
      }
      const columns = new Map([...left.columns, ...whole.columns]);
      const pulled: Expression[] = [];
      const stay: Expression[] = [];
      for (const part of conjuncts(plan.on)) {
        const own = substituteColumns(part, columns);
        const correlated = readsAny(own, outer);
        if (isVolatile(own) || (correlated && (plan.type !== 'inner' || hasSubquery(own)))) return undefined;
        (correlated ? pulled : stay).push(own);
      }
      const on = conjunction(stay) ?? (plan.type === 'inner' ? undefined : plan.on);
      const joined = refreshed({ ...plan, left: left.plan, right: whole.plan, on });
      return { plan: joined, columns, predicates: [...left.predicates, ...whole.predicates, ...pulled] };
    }
    case 'sort':
      return unwrap(plan.input, outer, asSet, exists);
    case 'distinct':
      if (asSet && plan.on === undefined) return unwrap(plan.input, outer, asSet, exists);
      break;
    case 'limit':
      if (exists && plan.offset === undefined && atLeastOne(plan.count)) return unwrap(plan.input, outer, asSet, exists);
      break;
    default:
      break;
  }
  return independent(plan, outer);
}

function independent(plan: LogicalNode, outer: ReadonlySet<ColumnId>): Unwrapped | undefined {
  for (const id of freeColumns(plan)) if (outer.has(id)) return undefined;
  return { plan, columns: new Map(), predicates: [] };
}

function asCall(test: Subquery['tests'][number], columns: Columns): Expression {
  const right = substituteColumns(test.column, columns);
  return { kind: 'call', function: test.operator.function, operator: test.operator, args: [test.left, right], type: boolType };
}

/** A conjunct that is EXISTS or IN, or the negation of one, as a semi or anti join. */
function semiJoin(input: LogicalNode, conjunct: Expression): LogicalNode | undefined {
  const negated = conjunct.kind === 'not';
  const subquery = negated ? conjunct.argument : conjunct;
  if (subquery.kind !== 'subquery' || (subquery.mode !== 'exists' && subquery.mode !== 'any')) return undefined;
  if (isVolatilePlan(subquery.plan) || subquery.tests.some((test) => hasSubquery(test.left) || isVolatile(test.left))) return undefined;
  const outer = idsOf(input.columns);
  const unwrapped = unwrap(subquery.plan, outer, true, subquery.mode === 'exists');
  if (unwrapped === undefined) return undefined;
  // An uncorrelated EXISTS is one question for all rows.
  if (subquery.mode === 'exists' && unwrapped.predicates.length === 0) return undefined;
  const tests = subquery.tests.map((test) => asCall(test, unwrapped.columns));
  if (negated && subquery.mode === 'any') {
    const left = nonNullColumns(input);
    const right = nonNullColumns(unwrapped.plan);
    for (const test of subquery.tests) {
      if (!isNonNull(test.left, left) || !isNonNull(substituteColumns(test.column, unwrapped.columns), right)) return undefined;
    }
  }
  const on = conjunction([...tests, ...unwrapped.predicates]);
  return { kind: 'join', type: negated ? 'anti' : 'semi', left: input, right: unwrapped.plan, on, lateral: false, columns: input.columns };
}

// ----------------------------------------------------------------------------------------------------------- scalar subqueries

/** The tables that a plan scans. */
function tablesOf(plan: LogicalNode): readonly Table[] {
  return plan.kind === 'scan' ? [plan.table] : inputsOf(plan).flatMap(tablesOf);
}

/** True when an index of the scanned table begins with one of the columns. */
function hasIndex(plan: LogicalNode, id: ColumnId): boolean {
  if (plan.kind === 'scan') {
    const at = plan.columns.findIndex((column) => column.id === id);
    return at >= 0 && plan.table.indexes.some((index) => index.keys[0]?.attribute === plan.source[at]);
  }
  return inputsOf(plan).some((input) => hasIndex(input, id));
}

interface Correlation {
  readonly predicate: Call;
  readonly inner: Expression;
  /** Which argument the inner side is. */
  readonly index: 0 | 1;
}

/** The predicates as equalities between inner and outer expressions, or undefined. */
function correlations(predicates: readonly Expression[], plan: LogicalNode, outer: ReadonlySet<ColumnId>): readonly Correlation[] | undefined {
  const own = idsOf(plan.columns);
  const result: Correlation[] = [];
  for (const predicate of predicates) {
    if (predicate.kind !== 'call' || predicate.operator?.comparison !== '=') return undefined;
    const [a, b] = predicate.args;
    if (a === undefined || b === undefined) return undefined;
    const isInner = (expression: Expression): boolean => columnsOf(expression).size > 0 && readsOnly(expression, own);
    const isOuter = (expression: Expression): boolean => readsAny(expression, outer) && !readsAny(expression, own);
    if (isInner(a) && isOuter(b)) result.push({ predicate, inner: a, index: 0 });
    else if (isInner(b) && isOuter(a)) result.push({ predicate, inner: b, index: 1 });
    else return undefined;
  }
  return result;
}

function paysOff(plan: LogicalNode, links: readonly Correlation[]): boolean {
  if (tablesOf(plan).some((table) => table.distribution.kind === 'distributed')) return true;
  return !links.some(({ inner }) => inner.kind === 'column' && hasIndex(plan, inner.id));
}

/** What an aggregate gives over no rows. */
function emptyValue(call: AggregateCall, reference: Expression): Expression {
  const { empty } = call.function;
  if (empty === undefined || empty === null) return reference;
  return { kind: 'coalesce', args: [reference, constant(toSql(empty), call.type)], type: call.type };
}

interface Joined {
  readonly input: LogicalNode;
  readonly value: Expression;
}

function joinAggregate(fresh: FreshColumns, input: LogicalNode, subquery: Subquery): Joined | undefined {
  let { plan } = subquery;
  let value: Expression = columnRef(plan.columns[0] as OutputColumn);
  while (plan.kind === 'project') {
    if (plan.expressions.some((expression) => isVolatile(expression) || hasSubquery(expression))) return undefined;
    const { columns, expressions } = plan;
    value = substituteColumns(value, new Map(columns.map((column, i) => [column.id, expressions[i] as Expression])));
    plan = plan.input;
  }
  if (plan.kind !== 'aggregate' || plan.groups.length > 0 || plan.sets !== undefined) return undefined;
  const outer = idsOf(input.columns);
  const unwrapped = unwrap(plan.input, outer, false, false);
  if (unwrapped === undefined || unwrapped.predicates.length === 0) return undefined;
  const links = correlations(unwrapped.predicates, unwrapped.plan, outer);
  if (links === undefined || !paysOff(unwrapped.plan, links)) return undefined;
  const aggregates = plan.aggregates.map(({ id, call }) => ({
    id,
    call: mapAggregateCall(call, (expression) => substituteColumns(expression, unwrapped.columns)),
  }));
  const reads = (expression: Expression): Expression => {
    if (readsAny(expression, outer)) failed = true;
    return expression;
  };
  let failed = false;
  for (const { call } of aggregates) mapAggregateCall(call, reads);
  if (failed) return undefined;
  const groups = links.map(({ inner }) => ({ column: fresh.column(inner.kind === 'column' ? inner.name : 'key', inner.type), expression: inner }));
  const right: Aggregate = {
    kind: 'aggregate',
    input: unwrapped.plan,
    groups: groups.map(({ column, expression }) => ({ id: column.id, expression })),
    aggregates,
    columns: [...groups.map(({ column }) => column), ...aggregates.map(({ id, call }) => ({ id, name: call.function.name, type: call.type }))],
  };
  const on = links.map(({ predicate, index }, i): Expression => {
    const key = columnRef((groups[i] as (typeof groups)[number]).column);
    return { ...predicate, args: predicate.args.map((argument, at) => (at === index ? key : argument)) };
  });
  const values = new Map<ColumnId, Expression>(
    aggregates.map(({ id, call }) => [id, emptyValue(call, { kind: 'column', id, name: call.function.name, type: call.type })]),
  );
  return {
    input: { kind: 'join', type: 'left', left: input, right, on: conjunction(on), lateral: false, columns: [...input.columns, ...right.columns] },
    value: substituteColumns(value, values),
  };
}

/** (SELECT e FROM t WHERE t.key = outer...) by a whole unique key of a distributed table. */
function joinLookup(input: LogicalNode, subquery: Subquery): Joined | undefined {
  const outer = idsOf(input.columns);
  const unwrapped = unwrap(subquery.plan, outer, false, false);
  if (unwrapped === undefined || unwrapped.predicates.length === 0) return undefined;
  const base = unwrapped.plan.kind === 'filter' ? unwrapped.plan.input : unwrapped.plan;
  if (base.kind !== 'scan' || base.table.distribution.kind !== 'distributed') return undefined;
  const links = correlations(unwrapped.predicates, unwrapped.plan, outer);
  if (links === undefined) return undefined;
  const fixed = new Set<number>();
  for (const { inner } of links) if (inner.kind === 'column') fixed.add(base.source[base.columns.findIndex((column) => column.id === inner.id)] as number);
  const unique = base.table.indexes.some((index) => neverRepeats(index) && index.keys.every((key) => key.attribute > 0 && fixed.has(key.attribute)));
  if (!unique) return undefined;
  const value = substituteColumns(columnRef(subquery.plan.columns[0] as OutputColumn), unwrapped.columns);
  // Where there is no row the value must be NULL.
  if (!nullIfNull(value, idsOf(unwrapped.plan.columns))) return undefined;
  const { plan } = unwrapped;
  return {
    input: {
      kind: 'join',
      type: 'left',
      left: input,
      right: plan,
      on: conjunction(unwrapped.predicates),
      lateral: false,
      columns: [...input.columns, ...plan.columns],
    },
    value,
  };
}

/** Replaces scalar subqueries of an expression by columns of joins put over the input. Those that a CASE or COALESCE may skip stay. */
function joinScalars(fresh: FreshColumns, start: LogicalNode, expression: Expression): { readonly input: LogicalNode; readonly expression: Expression } {
  let input = start;
  const go = (node: Expression): Expression => {
    if (node.kind === 'subquery' && node.mode === 'scalar' && !isVolatilePlan(node.plan)) {
      const joined = joinAggregate(fresh, input, node) ?? joinLookup(input, node);
      if (joined === undefined) return node;
      ({ input } = joined);
      return joined.value;
    }
    if (node.kind === 'case' || node.kind === 'subquery') return node;
    return mapChildren(node, go);
  };
  const result = go(expression);
  return { input, expression: result };
}

function unnestFilter(fresh: FreshColumns, node: Extract<LogicalNode, { kind: 'filter' }>): LogicalNode {
  let { input } = node;
  const rest: Expression[] = [];
  for (const conjunct of conjuncts(node.predicate)) {
    const joined = semiJoin(input, conjunct);
    if (joined !== undefined) input = joined;
    else {
      const scalar = joinScalars(fresh, input, conjunct);
      ({ input } = scalar);
      rest.push(scalar.expression);
    }
  }
  if (input === node.input) return node;
  const predicate = conjunction(rest);
  const filtered: LogicalNode = predicate === undefined ? input : { kind: 'filter', input, predicate, columns: input.columns };
  return withColumns(filtered, node.columns);
}

function unnestProject(fresh: FreshColumns, node: Extract<LogicalNode, { kind: 'project' }>): LogicalNode {
  let { input } = node;
  const expressions = node.expressions.map((expression) => {
    const scalar = joinScalars(fresh, input, expression);
    ({ input } = scalar);
    return scalar.expression;
  });
  return input === node.input ? node : { ...node, input, expressions };
}

export function unnestSubqueries(plan: LogicalNode, fresh: FreshColumns): LogicalNode {
  if (!somePlanExpression(plan, (expression) => expression.kind === 'subquery')) return plan;
  const intoExpression = (expression: Expression): Expression => mapChildren(expression, intoExpression, go);
  const go = (node: LogicalNode): LogicalNode => {
    const inner = refreshed(mapNodeExpressions(mapInputs(node, go), intoExpression));
    if (inner.kind === 'filter') return unnestFilter(fresh, inner);
    if (inner.kind === 'project') return unnestProject(fresh, inner);
    return inner;
  };
  return go(plan);
}
