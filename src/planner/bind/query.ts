/**
 * Queries: WITH, the body (SELECT, VALUES or a set operation), ORDER BY, LIMIT, row locking.
 * Source: transformSelectStmt and transformSetOperationStmt of PostgreSQL 15's analyze.c, parse_clause.c.
 */
import { assertNever } from '../../common/errors.js';
import { columnRef, typeRef } from '../../plan/build.js';
import type { Expression, SortKey, TypeRef } from '../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import { mapInputs } from '../../plan/walk.js';
import type * as ast from '../../sql/ast.js';
import { formatType, Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { coerceTo, coerceType, commonType, commonTypeOf, commonTypmod, toCommonType } from './coercion.js';
import { bindCount, bindExpression, inClause } from './expression.js';
import { bindCore } from './select.js';
import { type Origin, Scope } from './scope.js';
import { bindSortKey, requireEquality } from './sort.js';
import { bindWith } from './with.js';

export interface QueryOptions {
  /** Literals of type unknown in the select list stay so: a set operation or INSERT gives them a type. */
  readonly keepUnknown?: boolean;
  /** The fields of row values come as further columns of the plan, listed in `rows`. */
  readonly keepRows?: boolean;
  /** Row locking clauses add columns to the plan: only for the outermost query. */
  readonly outermost?: boolean;
  /** The text is not the user's (a view): errors have no position in the statement. */
  readonly silentPositions?: boolean;
}

export interface RowOutput {
  readonly index: number;
  readonly names: readonly string[] | undefined;
  readonly columns: readonly OutputColumn[];
  /** NULL where the row is not there. */
  readonly present: OutputColumn;
}

export interface BoundQueryPart {
  readonly plan: LogicalNode;
  /** Result columns: the first ones of the plan's. */
  readonly columns: readonly OutputColumn[];
  readonly origins: readonly (Origin | undefined)[];
  /** Where each result expression stands, for messages. */
  readonly positions: readonly (number | undefined)[];
  /** Result columns that are row values, with their fields (option `keepRows`). */
  readonly rows: readonly RowOutput[];
}

/** LIMIT and OFFSET over a plan. */
export function bindLimit(binder: Binder, scope: Scope, query: ast.Select, input: LogicalNode): LogicalNode {
  const bigint = typeRef(Oid.int8);
  const offset = query.offset === undefined ? undefined : bindCount(binder, scope, query.offset, 'offset', 'OFFSET', bigint);
  const count = query.limit === undefined || query.limit.kind === 'null' ? undefined : bindCount(binder, scope, query.limit, 'limit', 'LIMIT', bigint);
  if (query.withTies && query.limit?.kind === 'null') throw binder.error('2201W', 'row count cannot be null in FETCH FIRST ... WITH TIES clause', undefined);
  if (count === undefined && offset === undefined) return input;
  return { kind: 'limit', input, count, offset, withTies: query.withTies && count !== undefined, columns: input.columns };
}

/** Binds a query in its scope, whose parent (if any) are the enclosing queries. */
export function bindQueryIn(binder: Binder, scope: Scope, query: ast.Select, options: QueryOptions = {}): BoundQueryPart {
  const bound = bindQueryNode(binder, scope, query, options);
  binder.context.record?.outputs.set(query, bound.columns);
  return bound;
}

function bindQueryNode(binder: Binder, scope: Scope, query: ast.Select, options: QueryOptions): BoundQueryPart {
  if (query.with !== undefined) bindWith(binder, scope, query.with);
  const { body } = query;
  let bound: BoundQueryPart;
  switch (body.kind) {
    case 'core':
      bound = bindCore(binder, scope, query, body, options);
      break;
    case 'values':
      bound = withTail(binder, scope, query, bindValues(binder, scope, body));
      break;
    case 'setOperation':
      bound = withTail(binder, scope, query, bindSetOperation(binder, scope, body));
      break;
    default:
      return assertNever(body);
  }
  if (scope.definitions.length === 0) return bound;
  return { ...bound, plan: { kind: 'with', ctes: scope.definitions, body: bound.plan, columns: bound.plan.columns } };
}

/** ORDER BY (by names and positions of the result only), LIMIT and OFFSET of VALUES and set operations. */
function withTail(binder: Binder, scope: Scope, query: ast.Select, bound: BoundQueryPart): BoundQueryPart {
  let { plan } = bound;
  const isSet = query.body.kind === 'setOperation';
  if (query.locking.length > 0) {
    const [locking] = query.locking;
    throw binder.error(
      '0A000',
      `${lockingName(locking?.strength ?? 'update')} ${isSet ? 'is not allowed with UNION/INTERSECT/EXCEPT' : 'cannot be applied to VALUES'}`,
      undefined,
    );
  }
  if (query.orderBy.length > 0) {
    const keys = query.orderBy.map((item): SortKey => {
      const { expression } = item;
      if (expression.kind === 'integer') {
        const column = bound.columns[expression.value - 1];
        if (column === undefined) throw binder.error('42P10', `ORDER BY position ${expression.value} is not in select list`, expression.position);
        return bindSortKey(binder, item, binder.at(columnRef(column), expression.position));
      }
      if (expression.kind === 'string' || expression.kind === 'numeric' || expression.kind === 'null') {
        throw binder.error('42601', 'non-integer constant in ORDER BY', expression.position);
      }
      const name = expression.kind === 'column' && expression.parts.length === 1 ? expression.parts[0] : undefined;
      const named = name === undefined ? [] : bound.columns.filter((column) => column.name === name);
      if (named.length > 1) throw binder.error('42702', `ORDER BY "${name ?? ''}" is ambiguous`, expression.position);
      const [column] = named;
      if (column !== undefined) return bindSortKey(binder, item, binder.at(columnRef(column), expression.position));
      if (!isSet) {
        scope.add({ name: '*VALUES*', schema: undefined, columns: bound.columns.map((one) => ({ name: one.name, expression: columnRef(one) })) });
        return bindSortKey(
          binder,
          item,
          inClause(scope, 'orderBy', () => bindExpression(binder, scope, expression)),
        );
      }
      const probe = new Scope(scope.parent);
      probe.add({ name: undefined, schema: undefined, columns: bound.columns.map((one) => ({ name: one.name, expression: columnRef(one) })) });
      const bad = inClause(probe, 'orderBy', () => bindExpression(binder, probe, expression));
      throw binder.error('0A000', 'invalid UNION/INTERSECT/EXCEPT ORDER BY clause', binder.positionOf(bad), {
        detail: 'Only result column names can be used, not expressions or functions.',
        hint: 'Add the expression/function to every SELECT, or move the UNION into a FROM clause.',
      });
    });
    plan = { kind: 'sort', input: plan, keys, columns: plan.columns };
  }
  return { ...bound, plan: bindLimit(binder, scope, query, plan) };
}

export function lockingName(strength: ast.Locking['strength']): string {
  switch (strength) {
    case 'update':
      return 'FOR UPDATE';
    case 'noKeyUpdate':
      return 'FOR NO KEY UPDATE';
    case 'share':
      return 'FOR SHARE';
    case 'keyShare':
      return 'FOR KEY SHARE';
    default:
      return assertNever(strength);
  }
}

// ------------------------------------------------------------------------------------------------------------------------ VALUES

/** VALUES as a query: each column gets the common type of its expressions. */
function bindValues(binder: Binder, scope: Scope, node: ast.Values): BoundQueryPart {
  const rows = inClause(scope, 'values', () => node.rows.map((row) => row.map((value) => bindExpression(binder, scope, value))));
  const [first] = rows;
  const width = first?.length ?? 0;
  node.rows.forEach((row) => {
    if (row.length !== width) throw binder.error('42601', 'VALUES lists must all be the same length', row[0]?.position ?? node.position);
  });
  const columns: OutputColumn[] = [];
  const converted: Expression[][] = rows.map(() => []);
  for (let i = 0; i < width; i++) {
    const values = rows.map((row) => row[i] as Expression);
    const oid = commonType(binder, values, 'VALUES');
    const cast = values.map((value) => toCommonType(binder, value, oid, 'VALUES'));
    cast.forEach((value, row) => (converted[row] as Expression[]).push(value));
    columns.push(binder.column(`column${i + 1}`, commonTypmod(cast, oid), scope));
  }
  return {
    plan: { kind: 'values', columns, rows: converted },
    columns,
    origins: columns.map(() => undefined),
    positions: (first ?? []).map((value) => binder.positionOf(value)),
    rows: [],
  };
}

// ---------------------------------------------------------------------------------------------------------------- set operations

/** Gives a literal or parameter of type unknown in the projection that makes column `index` of the plan its type. */
function typeUnknown(binder: Binder, plan: LogicalNode, column: OutputColumn, target: TypeRef): LogicalNode {
  const retyped = (columns: readonly OutputColumn[]): readonly OutputColumn[] =>
    columns.map((one) => (one.id === column.id ? { ...one, type: typeRef(target.oid) } : one));
  if (plan.kind === 'project') {
    const at = plan.columns.findIndex((one) => one.id === column.id);
    const expression = plan.expressions[at];
    if (expression === undefined || expression.type.oid !== Oid.unknown) return plan;
    if (expression.kind === 'const' || expression.kind === 'param') {
      const typed = coerceType(binder, expression, target, 'implicit');
      return { ...plan, columns: retyped(plan.columns), expressions: plan.expressions.map((one, i) => (i === at ? typed : one)) };
    }
    // A final projection over ORDER BY or DISTINCT repeats the column from below.
    if (expression.kind !== 'column') return plan;
    const input = typeUnknown(binder, plan.input, { id: expression.id, name: expression.name, type: expression.type }, target);
    return {
      ...plan,
      input,
      columns: retyped(plan.columns),
      expressions: plan.expressions.map((one, i) => (i === at ? { ...expression, type: typeRef(target.oid) } : one)),
    };
  }
  const changed = mapInputs(plan, (input) => (input.columns.some((one) => one.id === column.id) ? typeUnknown(binder, input, column, target) : input));
  return { ...changed, columns: retyped(changed.columns) };
}

/** The plan with its first columns converted to the types (by assignment or implicit rules, which the caller has checked). */
export function convertColumns(
  binder: Binder,
  scope: Scope,
  plan: LogicalNode,
  columns: readonly OutputColumn[],
  types: readonly TypeRef[],
): { plan: LogicalNode; columns: readonly OutputColumn[] } {
  let result = plan;
  const current = columns.map((column, i) => {
    if (column.type.oid !== Oid.unknown) return column;
    const target = types[i] as TypeRef;
    result = typeUnknown(binder, result, column, target);
    return { ...column, type: typeRef(target.oid) };
  });
  if (current.every((column, i) => column.type.oid === (types[i] as TypeRef).oid)) return { plan: result, columns: current };
  const outputs = current.map((column, i) => binder.column(column.name, types[i] as TypeRef, scope));
  const expressions = current.map((column, i) => {
    const target = types[i] as TypeRef;
    const reference = columnRef(column);
    return column.type.oid === target.oid ? reference : (coerceTo(binder, reference, typeRef(target.oid), 'assignment') ?? reference);
  });
  return { plan: { kind: 'project', input: result, columns: outputs, expressions }, columns: outputs };
}

function bindOperand(binder: Binder, scope: Scope, query: ast.Select): BoundQueryPart {
  // A bare operand of another set operation of the same level is bound in place, so that its types are settled bottom-up.
  return bindQueryIn(binder, new Scope(scope), query, { keepUnknown: true });
}

/** Column types of a set operation over both sides' columns. */
function matchTypes(binder: Binder, construct: string, left: BoundQueryPart, right: BoundQueryPart): readonly TypeRef[] {
  if (left.columns.length !== right.columns.length) {
    throw binder.error('42601', `each ${construct} query must have the same number of columns`, right.positions[0]);
  }
  return left.columns.map((a, i) => {
    const b = right.columns[i] as OutputColumn;
    const oid = commonTypeOf([a.type.oid, b.type.oid], (first, second) => {
      throw binder.error('42804', `${construct} types ${formatType(first)} and ${formatType(second)} cannot be matched`, right.positions[i]);
    }) as number;
    const probe = (column: OutputColumn, position: number | undefined): void => {
      if (column.type.oid !== Oid.unknown) toCommonType(binder, binder.at(columnRef(column), position), oid, construct);
    };
    probe(a, left.positions[i]);
    probe(b, right.positions[i]);
    if (a.type.oid !== oid || b.type.oid !== oid || a.type.typmod !== b.type.typmod) return typeRef(oid);
    return a.type.domain === b.type.domain ? a.type : typeRef(oid, a.type.typmod);
  });
}

export function combine(binder: Binder, scope: Scope, node: ast.SetOperation, left: BoundQueryPart, right: BoundQueryPart): BoundQueryPart {
  const construct = node.operation.toUpperCase();
  const types = matchTypes(binder, construct, left, right);
  const a = convertColumns(binder, scope, left.plan, left.columns, types);
  const b = convertColumns(binder, scope, right.plan, right.columns, types);
  const columns = left.columns.map((column, i) => binder.column(column.name, types[i] as TypeRef, scope));
  if (!node.all) for (let i = 0; i < columns.length; i++) requireEquality(binder, binder.at(columnRef(columns[i] as OutputColumn), left.positions[i]));
  return {
    plan: { kind: 'setOperation', type: node.operation, all: node.all, left: a.plan, right: b.plan, columns },
    columns,
    origins: columns.map(() => undefined),
    positions: left.positions,
    rows: [],
  };
}

function bindSetOperation(binder: Binder, scope: Scope, node: ast.SetOperation): BoundQueryPart {
  return combine(binder, scope, node, bindOperand(binder, scope, node.left), bindOperand(binder, scope, node.right));
}
