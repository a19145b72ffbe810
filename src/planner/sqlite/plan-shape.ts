/** Questions about plans that decide how they are written. */
import type { Expression } from '../../plan/expression.js';
import { visitExpression } from '../../plan/walk.js';

/** True when a subquery stands somewhere in the expression. */
export function containsSubquery(e: Expression): boolean {
  let found = false;
  visitExpression(e, (part) => {
    if (part.kind === 'subquery') found = true;
  });
  return found;
}
