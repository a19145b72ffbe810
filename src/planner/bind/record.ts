/**
 * What binding found out about each node of a syntax tree, for whoever writes the tree out as PostgreSQL shows analysed queries (planner/ddl/restate.ts).
 * Filled only when BindContext.record is set, which queries never do.
 */
import type { Expression, TypeRef } from '../../plan/expression.js';
import type * as ast from '../../sql/ast.js';
import type { RangeColumn } from './scope.js';

export class BindingRecord {
  /** The expression that a node became, before its surroundings converted it. */
  readonly expressions = new Map<ast.Expression, Expression>();
  /** The calls that row.function stands for. */
  readonly calls = new Map<ast.Expression, ast.FunctionCall>();
  /** What an expression was converted into. */
  readonly conversions = new Map<Expression, Expression>();
  /** Columns of FROM items. */
  readonly items = new Map<ast.FromItem, readonly RangeColumn[]>();
  /** The columns that a join merges (USING or NATURAL). */
  readonly merged = new Map<ast.Join, readonly string[]>();
  /** The columns that a star in a select list stands for. */
  readonly stars = new Map<ast.Expression, readonly RangeColumn[]>();
  /** Result columns of queries. */
  readonly outputs = new Map<ast.Select, readonly { readonly name: string; readonly type: TypeRef }[]>();

  converted(from: Expression, to: Expression | undefined): void {
    if (to !== undefined && to !== from) this.conversions.set(from, to);
  }

  /** The expression after all conversions. */
  final(expression: Expression): Expression {
    let last = expression;
    for (let next = this.conversions.get(last); next !== undefined; next = this.conversions.get(last)) last = next;
    return last;
  }
}
