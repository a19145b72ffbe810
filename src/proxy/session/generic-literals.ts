/**
 * Which parameters of a statement, each put where a literal was, stand where a parameter of the same type means exactly what the literal meant: compared with a
 * column, added to one, assigned to one, inserted. Elsewhere a literal may be more than a value (ORDER BY 1, a LIMIT that the planner looks at, an expression that
 * GROUP BY must find again, the name or type of a result column), and stays. Called by statement-cache.ts.
 */
import type * as ast from '../../sql/ast.js';

const comparisons: ReadonlySet<string> = new Set(['=', '<', '>', '<=', '>=', '<>']);
const arithmetic: ReadonlySet<string> = new Set(['+', '-', '*']);

/** The numbers of the parameters that may take the place of their literals; `isString` tells the kind of a literal by its parameter's number. */
export function genericParameters(statement: ast.Statement, isString: (number: number) => boolean): ReadonlySet<number> {
  const found = new Set<number>();

  /** A column with integers added: true if that is all there is. */
  const sum = (e: ast.Expression): boolean => {
    if (e.kind === 'column') return true;
    if (e.kind !== 'binary' || e.operatorSchema !== undefined || !arithmetic.has(e.operator) || !sum(e.left)) return false;
    if (e.right.kind !== 'parameter' || isString(e.right.number)) return false;
    found.add(e.right.number);
    return true;
  };
  const value = (e: ast.Expression): void => {
    if (e.kind === 'parameter') found.add(e.number);
  };
  const condition = (e: ast.Expression): void => {
    switch (e.kind) {
      case 'and':
      case 'or':
        for (const argument of e.arguments) condition(argument);
        return;
      case 'not':
        condition(e.argument);
        return;
      case 'binary':
        if (e.operatorSchema !== undefined || !comparisons.has(e.operator)) return;
        if (e.left.kind === 'column') value(e.right);
        else if (e.right.kind === 'column') value(e.left);
        return;
      case 'between':
        if (e.argument.kind === 'column' && !e.symmetric) {
          value(e.low);
          value(e.high);
        }
        return;
      case 'in':
        if (e.argument.kind === 'column') for (const item of e.list) value(item);
        return;
      default:
        return;
    }
  };
  const where = (e: ast.Expression | undefined): void => {
    if (e !== undefined) condition(e);
  };

  switch (statement.kind) {
    case 'select':
      if (statement.with === undefined && statement.body.kind === 'core' && statement.body.groupBy.length === 0 && !statement.body.distinct)
        where(statement.body.where);
      break;
    case 'update':
      if (statement.with !== undefined) break;
      where(statement.where);
      for (const assignment of statement.assignments) {
        if (assignment.kind !== 'single') continue;
        if (assignment.value.kind === 'parameter') value(assignment.value);
        else sum(assignment.value);
      }
      break;
    case 'delete':
      if (statement.with === undefined) where(statement.where);
      break;
    case 'insert': {
      const { source } = statement;
      if (statement.with !== undefined || statement.onConflict !== undefined || source === undefined) break;
      if (source.body.kind === 'values' && source.body.rows.length === 1 && source.orderBy.length === 0 && source.with === undefined)
        for (const e of source.body.rows[0] ?? []) value(e);
      break;
    }
    default:
      break;
  }
  return found;
}
