/**
 * Fewer projections: one over another becomes one, and one that only renames or drops columns (a FROM subquery, a view) disappears where its parent reads columns
 * by id. The tops of set operations' sides, common tables and subqueries keep theirs, as these are read by position.
 */
import type { ColumnId, Expression } from '../../../plan/expression.js';
import type { LogicalNode, Project } from '../../../plan/logical.js';
import { columnsOf, mapChildren, mapInputs, mapNodeExpressions, mapPlanExpressions, replaceExpressions, substituteColumns } from '../../../plan/walk.js';
import { hasSubquery, isTrivial, isVolatile } from '../analysis.js';
import { refreshed } from '../columns.js';

/** Project over project as one, where no computed expression would be evaluated more often. */
function mergedProject(node: Project): LogicalNode {
  const { input } = node;
  if (input.kind !== 'project') return node;
  const uses = new Map<ColumnId, number>();
  const count = (expression: Expression): void => {
    replaceExpressions(expression, (part) => {
      if (part.kind === 'column') uses.set(part.id, (uses.get(part.id) ?? 0) + 1);
      return undefined;
    });
  };
  node.expressions.forEach(count);
  const below = new Map<ColumnId, Expression>();
  for (let i = 0; i < input.columns.length; i++) {
    const column = input.columns[i] as (typeof input.columns)[number];
    const expression = input.expressions[i] as Expression;
    if (isVolatile(expression)) return node;
    const used = uses.get(column.id) ?? 0;
    if (used > 1 && !isTrivial(expression)) return node;
    if (used > 0 && hasSubquery(expression) && node.expressions.some((one) => hasSubquery(one) && columnsOf(one).has(column.id))) return node;
    below.set(column.id, expression);
  }
  return { ...node, input: input.input, expressions: node.expressions.map((expression) => substituteColumns(expression, below)) };
}

function onlyRenames(node: Project): boolean {
  return node.expressions.every((expression) => expression.kind === 'column');
}

class Remover {
  /** Columns of removed projections, by what they showed. */
  readonly renamed = new Map<ColumnId, Expression>();

  /** `positional`: the parent reads the columns by position. */
  go(node: LogicalNode, positional: boolean): LogicalNode {
    const inSubqueries = mapNodeExpressions(node, this.#intoSubqueries);
    const positionalInputs = inSubqueries.kind === 'setOperation' || inSubqueries.kind === 'with';
    const passes = inSubqueries.kind === 'sort' || inSubqueries.kind === 'limit' || inSubqueries.kind === 'distinct' || inSubqueries.kind === 'filter';
    // A distinct counts its columns: they are all part of what it compares.
    const keep = positionalInputs || (passes && positional) || (inSubqueries.kind === 'distinct' && inSubqueries.on === undefined);
    let changed = refreshed(mapInputs(inSubqueries, (input) => this.go(input, keep)));
    if (changed.kind !== 'project') return changed;
    changed = mergedProject(changed);
    if (changed.kind !== 'project' || positional || !onlyRenames(changed)) return changed;
    // A column of an enclosing query cannot take a local column's place in the lists of the operators above.
    const available = new Set(changed.input.columns.map((column) => column.id));
    if (!changed.expressions.every((expression) => expression.kind === 'column' && available.has(expression.id))) return changed;
    changed.columns.forEach((column, i) => {
      const expression = changed.expressions[i] as Expression;
      if (expression.kind === 'column' && expression.id !== column.id) this.renamed.set(column.id, expression);
    });
    return changed.input;
  }

  readonly #intoSubqueries = (expression: Expression): Expression => mapChildren(expression, this.#intoSubqueries, (plan) => this.go(plan, true));

  /** What a removed column stands for in the end. */
  resolve(id: ColumnId): Expression | undefined {
    let found = this.renamed.get(id);
    while (found?.kind === 'column') {
      const next = this.renamed.get(found.id);
      if (next === undefined) return found;
      found = next;
    }
    return found;
  }
}

export function removeProjections(plan: LogicalNode): LogicalNode {
  const remover = new Remover();
  const result = remover.go(plan, true);
  if (remover.renamed.size === 0) return result;
  const rename = (expression: Expression): Expression =>
    replaceExpressions(expression, (part) => (part.kind === 'column' ? remover.resolve(part.id) : undefined));
  return mapPlanExpressions(result, rename);
}
