/**
 * Subqueries in expressions: scalar, EXISTS, ARRAY, IN and quantified comparisons.
 * Source: transformSubLink of PostgreSQL 15's parse_expr.c.
 */
import { isPolymorphic } from '../../functions/registry.js';
import { boolType, columnRef, not, trueConst, typeRef } from '../../plan/build.js';
import type { Expression, Subquery } from '../../plan/expression.js';
import type { LogicalNode, OutputColumn } from '../../plan/logical.js';
import type * as ast from '../../sql/ast.js';
import { arrayTypeOf, formatType, isArrayType, Oid } from '../../types/registry.js';
import type { Binder } from './binder.js';
import { coerceArgument } from './call.js';
import { coerceType } from './coercion.js';
import { compareRows, fieldsOf } from './comparison.js';
import { bindExpression, checkSubqueryAllowed } from './expression.js';
import { bindQueryIn } from './query.js';
import { findOperator, requireOperator } from './resolve.js';
import { Scope } from './scope.js';

interface BoundSubquery {
  readonly plan: LogicalNode;
  readonly columns: readonly OutputColumn[];
}

function bindInner(binder: Binder, scope: Scope, query: ast.Select, position: number | undefined): BoundSubquery {
  checkSubqueryAllowed(binder, scope, position);
  const inner = new Scope(scope);
  inner.inExpression = true;
  return bindQueryIn(binder, inner, query);
}

/** (SELECT ...), EXISTS (...), ARRAY(...). */
export function bindSubquery(binder: Binder, scope: Scope, node: ast.ScalarSubquery | ast.Exists | ast.ArraySubquery): Expression {
  const { plan, columns } = bindInner(binder, scope, node.query, node.position);
  if (node.kind === 'exists') return binder.at({ kind: 'subquery', mode: 'exists', plan, tests: [], type: boolType }, node.position);
  const [first] = columns;
  if (columns.length !== 1 || first === undefined) throw binder.error('42601', 'subquery must return only one column', node.position);
  if (node.kind === 'subquery') return binder.at({ kind: 'subquery', mode: 'scalar', plan, tests: [], type: first.type }, node.position);
  const oid = isArrayType(first.type.oid) ? first.type.oid : arrayTypeOf(first.type.oid)?.oid;
  if (oid === undefined) throw binder.error('42704', `could not find array type for data type ${formatType(first.type.oid)}`, node.position);
  return binder.at({ kind: 'subquery', mode: 'array', plan, tests: [], type: typeRef(oid, first.type.typmod) }, node.position);
}

/** Pairs left fields with the subquery's columns by an operator; columns are converted in the subquery where the operator wants another type. */
function quantified(
  binder: Binder,
  scope: Scope,
  mode: 'any' | 'all',
  operator: string,
  left: readonly Expression[],
  query: ast.Select,
  position: number | undefined,
): Subquery {
  const inner = bindInner(binder, scope, query, position);
  const { columns } = inner;
  if (left.length < columns.length) throw binder.error('42601', 'subquery has too many columns', position);
  if (left.length > columns.length) throw binder.error('42601', 'subquery has too few columns', position);
  const owner = new Scope(scope);
  let converted = false;
  const outputs: OutputColumn[] = [];
  const expressions: Expression[] = [];
  const tests = left.map((field, i) => {
    const column = columns[i] as OutputColumn;
    const entry = requireOperator(binder, operator, field.type.oid, column.type.oid, position);
    if (entry.result !== Oid.bool)
      throw binder.error('42804', `row comparison operator must yield type boolean, not type ${formatType(entry.result)}`, position);
    const wanted = isPolymorphic(entry.right) ? column.type.oid : entry.right;
    const reference = columnRef(column);
    const expression = column.type.oid === wanted ? reference : coerceArgument(binder, reference, wanted);
    if (expression !== reference) converted = true;
    const output = expression === reference ? column : binder.column(column.name, expression.type, owner);
    outputs.push(output);
    expressions.push(expression);
    const leftWanted = isPolymorphic(entry.left) ? column.type.oid : entry.left;
    return {
      left: field.type.oid === leftWanted ? field : coerceType(binder, field, typeRef(leftWanted), 'implicit'),
      operator: entry,
      column: columnRef(output),
    };
  });
  const plan: LogicalNode = converted ? project(binder, owner, inner.plan, outputs, expressions) : inner.plan;
  // The projection renames every column, so that ids stay unique.
  const finalTests = converted ? tests.map((test, i) => ({ ...test, column: columnRef(plan.columns[i] as OutputColumn) })) : tests;
  return binder.at({ kind: 'subquery', mode, plan, tests: finalTests, type: boolType }, position);
}

function project(binder: Binder, owner: Scope, input: LogicalNode, outputs: readonly OutputColumn[], expressions: readonly Expression[]): LogicalNode {
  const taken = new Set(input.columns.map((column) => column.id));
  const columns = outputs.map((output) => (taken.has(output.id) ? binder.column(output.name, output.type, owner) : output));
  return { kind: 'project', input, columns, expressions };
}

/** What is compared with the subquery's columns: the fields of a written row; a whole row of a table is one value. */
function comparedFields(binder: Binder, scope: Scope, node: ast.Expression): readonly Expression[] {
  const bound = bindExpression(binder, scope, node);
  return node.kind === 'row' ? fieldsOf(bound) : [bound];
}

export function bindInSubquery(binder: Binder, scope: Scope, node: ast.InSubquery): Expression {
  const left = comparedFields(binder, scope, node.argument);
  const result = quantified(binder, scope, 'any', '=', left, node.query, node.position);
  return node.negated ? binder.at(not(result), node.position) : result;
}

export function bindQuantifiedSubquery(binder: Binder, scope: Scope, node: ast.QuantifiedSubquery): Expression {
  const left = comparedFields(binder, scope, node.argument);
  const { operator, quantifier, position } = node;
  // x <> ALL (q) is NOT (x = ANY (q)): the form that the rules know.
  if (operator === '<>' && quantifier === 'all' && left.every((field) => findOperator('=', field.type.oid, field.type.oid) !== undefined)) {
    return binder.at(not(quantified(binder, scope, 'any', '=', left, node.query, position)), position);
  }
  if (left.length > 1 && operator !== '=') return comparedRows(binder, scope, quantifier, operator, left, node.query, position);
  return quantified(binder, scope, quantifier, operator, left, node.query, position);
}

/** (a, b) < ANY (SELECT ...): TRUE = ANY over the comparison with each row, made in the subquery. */
function comparedRows(
  binder: Binder,
  scope: Scope,
  quantifier: 'any' | 'all',
  operator: string,
  left: readonly Expression[],
  query: ast.Select,
  position: number | undefined,
): Expression {
  const inner = bindInner(binder, scope, query, position);
  if (left.length < inner.columns.length) throw binder.error('42601', 'subquery has too many columns', position);
  if (left.length > inner.columns.length) throw binder.error('42601', 'subquery has too few columns', position);
  const comparison = compareRows(
    binder,
    operator,
    left,
    inner.columns.map((column) => columnRef(column)),
    position,
  );
  const output = binder.column('compared', boolType, new Scope(scope));
  const plan: LogicalNode = { kind: 'project', input: inner.plan, columns: [output], expressions: [comparison] };
  const test = { left: trueConst, operator: requireOperator(binder, '=', Oid.bool, Oid.bool, position), column: columnRef(output) };
  return binder.at({ kind: 'subquery', mode: quantifier, plan, tests: [test], type: boolType }, position);
}

/** The i-th column of a query alone, as a scalar subquery; the query is bound anew, so that its columns have ids of their own. */
export function bindColumnOfSubquery(binder: Binder, scope: Scope, query: ast.Select, index: number, count: number, position: number | undefined): Expression {
  const { plan, columns } = bindInner(binder, scope, query, position);
  if (columns.length > count) throw binder.error('42601', 'subquery has too many columns', position);
  if (columns.length < count) throw binder.error('42601', 'subquery has too few columns', position);
  const column = columns[index] as OutputColumn;
  if (count === 1) return binder.at({ kind: 'subquery', mode: 'scalar', plan, tests: [], type: column.type }, position);
  const output = binder.column(column.name, column.type, new Scope(scope));
  const single: LogicalNode = { kind: 'project', input: plan, columns: [output], expressions: [columnRef(column)] };
  return binder.at({ kind: 'subquery', mode: 'scalar', plan: single, tests: [], type: column.type }, position);
}

/** (a, b) = (SELECT x, y ...). */
export function bindRowSubqueryComparison(
  binder: Binder,
  scope: Scope,
  operator: string,
  row: ast.RowConstructor,
  query: ast.Select,
  position: number | undefined,
): Expression {
  const left = fieldsOf(bindExpression(binder, scope, row));
  const right = left.map((_, i) => bindColumnOfSubquery(binder, scope, query, i, left.length, position));
  return compareRows(binder, operator, left, right, position);
}
