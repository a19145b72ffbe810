/**
 * Traversals of expressions and plans that every planner step shares: children, rebuilding with unchanged parts kept, free columns, structural equality.
 * All of them keep the identity of a node whose parts did not change, so that rules can tell by `===` whether they did something.
 */
import { assertNever } from '../common/errors.js';
import type { AggregateCall, ColumnId, Expression, FrameBound, SetCall, SortKey, Subquery, WindowCall } from './expression.js';
import type { LogicalNode, OutputColumn } from './logical.js';

// ------------------------------------------------------------------------------------------------------------------ expressions

/** Maps a list; the same list when no element changed. */
export function mapList<T>(list: readonly T[], change: (item: T) => T): readonly T[] {
  let result: T[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const item = list[i] as T;
    const changed = change(item);
    if (result !== undefined) result.push(changed);
    else if (changed !== item) {
      result = list.slice(0, i);
      result.push(changed);
    }
  }
  return result ?? list;
}

/** Calls `visit` with each direct sub-expression; the left sides of a subquery's tests are among them, its plan is not. */
export function forEachChild(expression: Expression, visit: (child: Expression) => void): void {
  switch (expression.kind) {
    case 'const':
    case 'param':
    case 'column':
      return;
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'nullif':
      expression.args.forEach(visit);
      return;
    case 'cast':
    case 'not':
    case 'isNull':
    case 'isBoolean':
      visit(expression.argument);
      return;
    case 'isDistinct':
      visit(expression.left);
      visit(expression.right);
      return;
    case 'case':
      for (const branch of expression.branches) {
        visit(branch.when);
        visit(branch.then);
      }
      visit(expression.otherwise);
      return;
    case 'inList':
      visit(expression.left);
      expression.list.forEach(visit);
      return;
    case 'arrayComparison':
      visit(expression.left);
      visit(expression.array);
      return;
    case 'subquery':
      for (const test of expression.tests) visit(test.left);
      return;
    case 'array':
      expression.elements.forEach(visit);
      return;
    case 'subscript':
      visit(expression.array);
      for (const subscript of expression.subscripts) {
        if (subscript.lower !== undefined) visit(subscript.lower);
        if (subscript.upper !== undefined) visit(subscript.upper);
      }
      return;
    case 'row':
      expression.fields.forEach(visit);
      if (expression.present !== undefined) visit(expression.present);
      return;
    default:
      assertNever(expression);
  }
}

/** The expression with its direct sub-expressions changed by `change` and a subquery's plan by `changePlan`. */
export function mapChildren(
  expression: Expression,
  change: (child: Expression) => Expression,
  changePlan: (plan: LogicalNode) => LogicalNode = (plan) => plan,
): Expression {
  switch (expression.kind) {
    case 'const':
    case 'param':
    case 'column':
      return expression;
    case 'call':
    case 'and':
    case 'or':
    case 'coalesce':
    case 'greatest':
    case 'least':
    case 'nullif': {
      const args = mapList(expression.args, change);
      return args === expression.args ? expression : { ...expression, args };
    }
    case 'cast':
    case 'not':
    case 'isNull':
    case 'isBoolean': {
      const argument = change(expression.argument);
      return argument === expression.argument ? expression : { ...expression, argument };
    }
    case 'isDistinct': {
      const left = change(expression.left);
      const right = change(expression.right);
      return left === expression.left && right === expression.right ? expression : { ...expression, left, right };
    }
    case 'case': {
      const branches = mapList(expression.branches, (branch) => {
        const when = change(branch.when);
        const then = change(branch.then);
        return when === branch.when && then === branch.then ? branch : { when, then };
      });
      const otherwise = change(expression.otherwise);
      return branches === expression.branches && otherwise === expression.otherwise ? expression : { ...expression, branches, otherwise };
    }
    case 'inList': {
      const left = change(expression.left);
      const list = mapList(expression.list, change);
      return left === expression.left && list === expression.list ? expression : { ...expression, left, list };
    }
    case 'arrayComparison': {
      const left = change(expression.left);
      const array = change(expression.array);
      return left === expression.left && array === expression.array ? expression : { ...expression, left, array };
    }
    case 'subquery': {
      const tests = mapList(expression.tests, (test) => {
        const left = change(test.left);
        return left === test.left ? test : { ...test, left };
      });
      const plan = changePlan(expression.plan);
      return tests === expression.tests && plan === expression.plan ? expression : { ...expression, tests, plan };
    }
    case 'array': {
      const elements = mapList(expression.elements, change);
      return elements === expression.elements ? expression : { ...expression, elements };
    }
    case 'subscript': {
      const array = change(expression.array);
      const subscripts = mapList(expression.subscripts, (subscript) => {
        const lower = subscript.lower === undefined ? undefined : change(subscript.lower);
        const upper = subscript.upper === undefined ? undefined : change(subscript.upper);
        return lower === subscript.lower && upper === subscript.upper ? subscript : { lower, upper, slice: subscript.slice };
      });
      return array === expression.array && subscripts === expression.subscripts ? expression : { ...expression, array, subscripts };
    }
    case 'row': {
      const fields = mapList(expression.fields, change);
      const present = expression.present === undefined ? undefined : change(expression.present);
      if (fields === expression.fields && present === expression.present) return expression;
      return { ...expression, fields, ...(present === undefined ? {} : { present }) };
    }
    default:
      return assertNever(expression);
  }
}

/**
 * Rewrites top-down: `replace` may answer another expression for a node (whose parts are then left alone) or undefined to go on into it.
 * Subqueries' plans are rewritten, too (their references to outer columns).
 */
export function replaceExpressions(expression: Expression, replace: (expression: Expression) => Expression | undefined): Expression {
  const go = (node: Expression): Expression => replace(node) ?? mapChildren(node, go, (plan) => mapPlanExpressions(plan, go));
  return go(expression);
}

/** Rewrites columns by id, in subqueries, too. */
export function substituteColumns(expression: Expression, replacements: ReadonlyMap<ColumnId, Expression>): Expression {
  if (replacements.size === 0) return expression;
  return replaceExpressions(expression, (node) => (node.kind === 'column' ? replacements.get(node.id) : undefined));
}

/** True when some node satisfies the test; `intoSubqueries` looks into the plans of subqueries as well. */
export function someExpression(expression: Expression, test: (expression: Expression) => boolean, intoSubqueries = true): boolean {
  if (test(expression)) return true;
  let found = false;
  forEachChild(expression, (child) => {
    found ||= someExpression(child, test, intoSubqueries);
  });
  if (!found && intoSubqueries && expression.kind === 'subquery') found = somePlanExpression(expression.plan, test);
  return found;
}

/** Ids of columns and common tables inside one subquery, by those of another that is compared with it. */
type Renamed = Map<number, number>;

/** Structural equality. Subqueries are equal when their plans are, up to the ids of their own columns. */
export function equalExpressions(a: Expression, b: Expression, renamed?: Renamed): boolean {
  if (a === b && renamed === undefined) return true;
  if (a.kind !== b.kind || a.type.oid !== b.type.oid || a.type.typmod !== b.type.typmod) return false;
  switch (a.kind) {
    case 'const': {
      const other = (b as typeof a).value;
      if (a.value instanceof Uint8Array) return other instanceof Uint8Array && Buffer.compare(a.value, other) === 0;
      return (
        a.value === other ||
        (typeof a.value === 'bigint' && typeof other === 'number' && a.value === BigInt(other)) ||
        (typeof other === 'bigint' && typeof a.value === 'number' && other === BigInt(a.value))
      );
    }
    case 'param':
      return a.index === (b as typeof a).index;
    case 'column':
      return (renamed?.get(a.id) ?? a.id) === (b as typeof a).id;
    case 'call':
      if (a.function !== (b as typeof a).function) return false;
      break;
    case 'cast': {
      const other = b as typeof a;
      if (a.method !== other.method || a.function !== other.function || a.type.domain !== other.type.domain || a.collation !== other.collation) return false;
      break;
    }
    case 'isNull':
    case 'isDistinct':
      if (a.negated !== (b as typeof a).negated) return false;
      break;
    case 'isBoolean':
      if (a.negated !== (b as typeof a).negated || a.test !== (b as typeof a).test) return false;
      break;
    case 'nullif':
      if (a.operator !== (b as typeof a).operator) return false;
      break;
    case 'inList':
    case 'arrayComparison':
      if (a.operator !== (b as typeof a).operator || a.quantifier !== (b as typeof a).quantifier) return false;
      break;
    case 'subscript': {
      const other = b as typeof a;
      if (a.subscripts.length !== other.subscripts.length) return false;
      for (let i = 0; i < a.subscripts.length; i++) {
        const x = a.subscripts[i];
        const y = other.subscripts[i];
        if (
          x === undefined ||
          y === undefined ||
          x.slice !== y.slice ||
          (x.lower === undefined) !== (y.lower === undefined) ||
          (x.upper === undefined) !== (y.upper === undefined)
        )
          return false;
      }
      break;
    }
    case 'subquery': {
      const other = b as typeof a;
      if (a.mode !== other.mode || a.tests.length !== other.tests.length || a.tests.some((test, i) => test.operator !== other.tests[i]?.operator)) return false;
      const inner: Renamed = new Map(renamed);
      if (!equalPlans(a.plan, other.plan, inner)) return false;
      if (a.tests.some((test, i) => (inner.get(test.column.id) ?? test.column.id) !== other.tests[i]?.column.id)) return false;
      break;
    }
    default:
      break;
  }
  const left: Expression[] = [];
  const right: Expression[] = [];
  forEachChild(a, (child) => left.push(child));
  forEachChild(b, (child) => right.push(child));
  return left.length === right.length && left.every((child, i) => equalExpressions(child, right[i] as Expression, renamed));
}

function isPlan(value: object): value is LogicalNode {
  return 'kind' in value && 'columns' in value && Array.isArray(value.columns);
}

function isExpression(value: object): value is Expression {
  return 'kind' in value && 'type' in value && typeof value.type === 'object';
}

/** Equality of the parts of operators: expressions and plans by their own rules, functions, operators and tables by identity, the rest by content. */
function equalParts(a: unknown, b: unknown, renamed: Renamed): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((part, i) => equalParts(part, b[i], renamed));
  if ('oid' in a && ('args' in a || 'name' in a)) return a === b;
  if (isPlan(a)) return isPlan(b) && equalPlans(a, b, renamed);
  if (isExpression(a)) return isExpression(b) && equalExpressions(a, b, renamed);
  // (Where something stood in the statement is not what it is.)
  const left = Object.entries(a).filter(([key]) => key !== 'position');
  const right = new Map(Object.entries(b).filter(([key]) => key !== 'position'));
  return (
    left.length === right.size &&
    left.every(([key, part]) =>
      key === 'id' || key === 'cte' ? (renamed.get(part as number) ?? part) === right.get(key) : equalParts(part, right.get(key), renamed),
    )
  );
}

/** Common tables share the map with columns under negative numbers. */
function equalPlans(a: LogicalNode, b: LogicalNode, renamed: Renamed): boolean {
  if (a.kind !== b.kind || a.columns.length !== b.columns.length) return false;
  if (a.kind === 'with' && b.kind === 'with') {
    if (a.ctes.length !== b.ctes.length) return false;
    a.ctes.forEach((cte, i) => renamed.set(-cte.id, -(b.ctes[i]?.id ?? 0)));
  }
  if (a.kind === 'cteScan' && b.kind === 'cteScan' && (renamed.get(-a.cte) ?? -a.cte) !== -b.cte) return false;
  const left = inputsOf(a);
  const right = inputsOf(b);
  if (left.length !== right.length || !left.every((input, i) => equalPlans(input, right[i] as LogicalNode, renamed))) return false;
  const pair = (x: number, y: number | undefined): void => {
    if (y !== undefined) renamed.set(x, y);
  };
  for (let i = 0; i < a.columns.length; i++) {
    const x = a.columns[i] as OutputColumn;
    const y = b.columns[i] as OutputColumn;
    if (x.type.oid !== y.type.oid || x.type.typmod !== y.type.typmod) return false;
    pair(x.id, y.id);
  }
  if (a.kind === 'aggregate' && b.kind === 'aggregate') {
    a.groups.forEach((group, i) => {
      pair(group.id, b.groups[i]?.id);
    });
    a.aggregates.forEach((one, i) => {
      pair(one.id, b.aggregates[i]?.id);
    });
  }
  if (a.kind === 'with' || a.kind === 'cteScan') return true;
  const parts = (node: LogicalNode): unknown => {
    const rest: Record<string, unknown> = { ...node };
    for (const key of ['columns', 'input', 'left', 'right']) delete rest[key];
    return rest;
  };
  return equalParts(parts(a), parts(b), renamed);
}

/** A copy whose subqueries' own columns and common tables have fresh ids, so that both may stand in one plan. */
export function freshCopy(expression: Expression, freshId: FreshId): Expression {
  if (!someExpression(expression, (part) => part.kind === 'subquery', false)) return expression;
  return mapChildren(
    expression.kind === 'subquery' ? renumbered(expression, freshId) : expression,
    (child) => freshCopy(child, freshId),
    (plan) => plan,
  );
}

function renumbered(subquery: Subquery, freshId: FreshId): Subquery {
  const { plan, idOf } = freshPlan(subquery.plan, freshId);
  return { ...subquery, plan, tests: subquery.tests.map((test) => ({ ...test, column: { ...test.column, id: idOf(test.column.id) } })) };
}

/** Draws an id that the plan does not use yet, of a column or of a common table. */
export type FreshId = (kind: 'column' | 'cte') => number;

/** A copy of a plan whose own columns and common tables have fresh ids, and what a column's id became. */
export function freshPlan(plan: LogicalNode, freshId: FreshId): { readonly plan: LogicalNode; readonly idOf: (id: ColumnId) => ColumnId } {
  const columns = new Map<ColumnId, ColumnId>();
  const tables = new Map<number, number>();
  forEachNode(plan, (node) => {
    for (const column of node.columns) if (!columns.has(column.id)) columns.set(column.id, freshId('column') as ColumnId);
    if (node.kind === 'aggregate')
      for (const one of [...node.groups, ...node.aggregates]) if (!columns.has(one.id)) columns.set(one.id, freshId('column') as ColumnId);
    if (node.kind === 'with') for (const cte of node.ctes) tables.set(cte.id, freshId('cte'));
  });
  const renamedId = (id: ColumnId): ColumnId => columns.get(id) ?? id;
  const withId = <T extends { readonly id: ColumnId }>(one: T): T => ({ ...one, id: renamedId(one.id) });
  const expression = (node: Expression): Expression => {
    if (node.kind === 'column') return columns.has(node.id) ? withId(node) : node;
    const mapped = mapChildren(node, expression, change);
    return mapped.kind === 'subquery' ? { ...mapped, tests: mapped.tests.map((test) => ({ ...test, column: withId(test.column) })) } : mapped;
  };
  const change = (node: LogicalNode): LogicalNode => {
    const inner = mapNodeExpressions(mapInputs(node, change), expression);
    const outputs = inner.columns.map(withId);
    switch (inner.kind) {
      case 'aggregate':
        return {
          ...inner,
          columns: outputs,
          groups: inner.groups.map(withId),
          aggregates: inner.aggregates.map(withId),
          ...(inner.grouping === undefined ? {} : { grouping: inner.grouping.map(withId) }),
        };
      case 'window':
        return { ...inner, columns: outputs, calls: inner.calls.map(withId) };
      case 'projectSet':
        return {
          ...inner,
          columns: outputs,
          calls: inner.calls.map((call) => ({ ...withId(call), ...(call.ids === undefined ? {} : { ids: call.ids.map(renamedId) }) })),
        };
      case 'cteScan':
        return { ...inner, columns: outputs, cte: tables.get(inner.cte) ?? inner.cte };
      case 'with':
        return { ...inner, columns: outputs, ctes: inner.ctes.map((cte) => ({ ...cte, id: tables.get(cte.id) ?? cte.id })) };
      default:
        return { ...inner, columns: outputs };
    }
  };
  return { plan: change(plan), idOf: renamedId };
}

export function equalSortKeys(a: readonly SortKey[], b: readonly SortKey[]): boolean {
  return (
    a.length === b.length &&
    a.every((key, i) => {
      const other = b[i] as SortKey;
      return key.descending === other.descending && key.nullsFirst === other.nullsFirst && equalExpressions(key.expression, other.expression);
    })
  );
}

export function equalLists(a: readonly Expression[], b: readonly Expression[]): boolean {
  return a.length === b.length && a.every((item, i) => equalExpressions(item, b[i] as Expression));
}

// ------------------------------------------------------------------------------------------------------------------------ plans

/** The operator's inputs, left to right; the definitions of a With before its body. */
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

/** The operator with its inputs changed; `columns` are left as they are. */
export function mapInputs(node: LogicalNode, change: (input: LogicalNode) => LogicalNode): LogicalNode {
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
      const input = change(node.input);
      return input === node.input ? node : { ...node, input };
    }
    case 'join':
    case 'setOperation': {
      const left = change(node.left);
      const right = change(node.right);
      return left === node.left && right === node.right ? node : { ...node, left, right };
    }
    case 'with': {
      const ctes = mapList(node.ctes, (cte) => {
        const plan = change(cte.plan);
        const term = cte.recursive === undefined ? undefined : change(cte.recursive.term);
        if (plan === cte.plan && term === cte.recursive?.term) return cte;
        return cte.recursive === undefined || term === undefined ? { ...cte, plan } : { ...cte, plan, recursive: { ...cte.recursive, term } };
      });
      const body = change(node.body);
      return ctes === node.ctes && body === node.body ? node : { ...node, ctes, body };
    }
    default:
      return assertNever(node);
  }
}

/** Calls `visit` with each expression of the operator itself (not of its inputs). */
export function forEachNodeExpression(node: LogicalNode, visit: (expression: Expression) => void): void {
  mapNodeExpressions(node, (expression) => {
    visit(expression);
    return expression;
  });
}

function mapSetCall(call: SetCall, change: (expression: Expression) => Expression): SetCall {
  const args = mapList(call.args, change);
  return args === call.args ? call : { ...call, args };
}

function mapSortKeys(keys: readonly SortKey[], change: (expression: Expression) => Expression): readonly SortKey[] {
  return mapList(keys, (key) => {
    const expression = change(key.expression);
    return expression === key.expression ? key : { ...key, expression };
  });
}

export function mapAggregateCall(call: AggregateCall, change: (expression: Expression) => Expression): AggregateCall {
  const args = mapList(call.args, change);
  const orderBy = mapSortKeys(call.orderBy, change);
  const filter = call.filter === undefined ? undefined : change(call.filter);
  if (args === call.args && orderBy === call.orderBy && filter === call.filter) return call;
  return { ...call, args, orderBy, ...(filter === undefined ? {} : { filter }) };
}

function mapBound(bound: FrameBound, change: (expression: Expression) => Expression): FrameBound {
  if (bound.offset === undefined) return bound;
  const offset = change(bound.offset);
  return offset === bound.offset ? bound : { ...bound, offset };
}

export function mapWindowCall(call: WindowCall, change: (expression: Expression) => Expression): WindowCall {
  const args = mapList(call.args, change);
  const filter = call.filter === undefined ? undefined : change(call.filter);
  const partitionBy = mapList(call.partitionBy, change);
  const orderBy = mapSortKeys(call.orderBy, change);
  const start = mapBound(call.frame.start, change);
  const end = mapBound(call.frame.end, change);
  if (
    args === call.args &&
    filter === call.filter &&
    partitionBy === call.partitionBy &&
    orderBy === call.orderBy &&
    start === call.frame.start &&
    end === call.frame.end
  ) {
    return call;
  }
  return { ...call, args, partitionBy, orderBy, frame: { ...call.frame, start, end }, ...(filter === undefined ? {} : { filter }) };
}

/** The operator with each of its own expressions changed. */
export function mapNodeExpressions(node: LogicalNode, change: (expression: Expression) => Expression): LogicalNode {
  switch (node.kind) {
    case 'scan':
    case 'catalogScan':
    case 'cteScan':
    case 'landed':
    case 'setOperation':
    case 'with':
      return node;
    case 'values': {
      const rows = mapList(node.rows, (row) => mapList(row, change));
      return rows === node.rows ? node : { ...node, rows };
    }
    case 'functionScan': {
      const calls = mapList(node.calls, (call) => mapSetCall(call, change));
      return calls === node.calls ? node : { ...node, calls };
    }
    case 'filter': {
      const predicate = change(node.predicate);
      return predicate === node.predicate ? node : { ...node, predicate };
    }
    case 'project': {
      const expressions = mapList(node.expressions, change);
      return expressions === node.expressions ? node : { ...node, expressions };
    }
    case 'projectSet': {
      const calls = mapList(node.calls, (item) => {
        const call = mapSetCall(item.call, change);
        return call === item.call ? item : { ...item, call };
      });
      return calls === node.calls ? node : { ...node, calls };
    }
    case 'join': {
      if (node.on === undefined) return node;
      const on = change(node.on);
      return on === node.on ? node : { ...node, on };
    }
    case 'aggregate': {
      const groups = mapList(node.groups, (group) => {
        const expression = change(group.expression);
        return expression === group.expression ? group : { ...group, expression };
      });
      const aggregates = mapList(node.aggregates, (item) => {
        const call = mapAggregateCall(item.call, change);
        return call === item.call ? item : { ...item, call };
      });
      return groups === node.groups && aggregates === node.aggregates ? node : { ...node, groups, aggregates };
    }
    case 'window': {
      const calls = mapList(node.calls, (item) => {
        const call = mapWindowCall(item.call, change);
        return call === item.call ? item : { ...item, call };
      });
      return calls === node.calls ? node : { ...node, calls };
    }
    case 'sort': {
      const keys = mapSortKeys(node.keys, change);
      return keys === node.keys ? node : { ...node, keys };
    }
    case 'limit': {
      const count = node.count === undefined ? undefined : change(node.count);
      const offset = node.offset === undefined ? undefined : change(node.offset);
      return count === node.count && offset === node.offset ? node : { ...node, count, offset };
    }
    case 'distinct': {
      if (node.on === undefined) return node;
      const on = mapList(node.on, change);
      return on === node.on ? node : { ...node, on };
    }
    default:
      return assertNever(node);
  }
}

/** Every expression of the whole plan changed (each as a whole: `change` itself descends into sub-expressions if it wants to). */
export function mapPlanExpressions(plan: LogicalNode, change: (expression: Expression) => Expression): LogicalNode {
  return mapNodeExpressions(
    mapInputs(plan, (input) => mapPlanExpressions(input, change)),
    change,
  );
}

/** True when some expression anywhere in the plan (subqueries included) satisfies the test. */
export function somePlanExpression(plan: LogicalNode, test: (expression: Expression) => boolean): boolean {
  let found = false;
  forEachNodeExpression(plan, (expression) => {
    found ||= someExpression(expression, test);
  });
  return found || inputsOf(plan).some((input) => somePlanExpression(input, test));
}

/** Rewrites the plan bottom-up: inputs first, then the plans of subqueries in the node's expressions, then the node itself. */
export function rewritePlan(plan: LogicalNode, rewrite: (node: LogicalNode) => LogicalNode): LogicalNode {
  const intoExpression = (expression: Expression): Expression => mapChildren(expression, intoExpression, go);
  const go = (node: LogicalNode): LogicalNode => rewrite(mapNodeExpressions(mapInputs(node, go), intoExpression));
  return go(plan);
}

/** Calls `visit` with every operator of the plan, top-down, those in subqueries of expressions included. */
export function forEachNode(plan: LogicalNode, visit: (node: LogicalNode) => void): void {
  visit(plan);
  const intoExpression = (expression: Expression): void => {
    if (expression.kind === 'subquery') forEachNode(expression.plan, visit);
    forEachChild(expression, intoExpression);
  };
  forEachNodeExpression(plan, intoExpression);
  for (const input of inputsOf(plan)) forEachNode(input, visit);
}

// ---------------------------------------------------------------------------------------------------------------------- columns

/** Adds the columns that the expression reads: those of its subqueries' own operators are left out (only their free columns count). */
export function collectColumns(expression: Expression, into: Set<ColumnId>): void {
  if (expression.kind === 'column') {
    into.add(expression.id);
    return;
  }
  forEachChild(expression, (child) => {
    collectColumns(child, into);
  });
  if (expression.kind === 'subquery') for (const id of freeColumns(expression.plan)) into.add(id);
}

export function columnsOf(expression: Expression): Set<ColumnId> {
  const ids = new Set<ColumnId>();
  collectColumns(expression, ids);
  return ids;
}

/** Adds the ids of every column that some operator of the plan makes. */
function collectProduced(plan: LogicalNode, into: Set<ColumnId>): void {
  for (const column of plan.columns) into.add(column.id);
  for (const input of inputsOf(plan)) collectProduced(input, into);
}

function collectRead(plan: LogicalNode, into: Set<ColumnId>): void {
  forEachNodeExpression(plan, (expression) => {
    collectColumns(expression, into);
  });
  for (const input of inputsOf(plan)) collectRead(input, into);
}

/** Columns that the plan reads and that no operator of it makes: correlated references to enclosing queries (or to the left side of a lateral join). */
export function freeColumns(plan: LogicalNode): Set<ColumnId> {
  const read = new Set<ColumnId>();
  collectRead(plan, read);
  if (read.size === 0) return read;
  const produced = new Set<ColumnId>();
  collectProduced(plan, produced);
  for (const id of produced) read.delete(id);
  return read;
}

export function idsOf(columns: readonly OutputColumn[]): Set<ColumnId> {
  return new Set(columns.map((column) => column.id));
}

/** True when every column that the expression reads is among `ids`. */
export function readsOnly(expression: Expression, ids: ReadonlySet<ColumnId>): boolean {
  for (const id of columnsOf(expression)) if (!ids.has(id)) return false;
  return true;
}

/** True when the expression reads some column of `ids`. */
export function readsAny(expression: Expression, ids: ReadonlySet<ColumnId>): boolean {
  for (const id of columnsOf(expression)) if (ids.has(id)) return true;
  return false;
}

/** Visits every node below and including `node`, those of subqueries too, and every expression and sub-expression. */
export function visitPlan(node: LogicalNode, visit: (node: LogicalNode) => void, expression?: (e: Expression) => void): void {
  visit(node);
  forEachNodeExpression(node, (e) => {
    visitExpression(e, expression ?? (() => undefined), (plan) => {
      visitPlan(plan, visit, expression);
    });
  });
  for (const input of inputsOf(node)) visitPlan(input, visit, expression);
}

/** Visits `e` and everything below it; `plan` is called for each subquery's plan. */
export function visitExpression(e: Expression, visit: (e: Expression) => void, plan?: (node: LogicalNode) => void): void {
  visit(e);
  if (e.kind === 'subquery') plan?.(e.plan);
  forEachChild(e, (child) => {
    visitExpression(child, visit, plan);
  });
}
