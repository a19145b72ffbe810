/** ORDER BY terms: NULLs are placed as PostgreSQL does, and only said where SQLite would place them otherwise. */
import type { SortKey } from '../../plan/expression.js';
import type { OrderTerm } from './block.js';
import { keyOf } from './comparison.js';
import type { Scope } from './scope.js';
import { at, Level } from './spelled.js';

/** SQLite: NULLs are smaller than all values. */
function orderTerm(scope: Scope, key: SortKey): OrderTerm | undefined {
  const written = keyOf(scope, scope.looseNumeric(key.expression));
  // A constant does not order anything, and a bare number would be taken as the position of a column.
  if (written.constant !== undefined || written.parameter !== undefined || written.text === 'NULL' || /^-?\d+$/.test(written.text)) return undefined;
  const nulls = !written.nullable || key.nullsFirst === !key.descending ? '' : key.nullsFirst ? ' NULLS FIRST' : ' NULLS LAST';
  return { text: at(Level.not, written), suffix: `${key.descending ? ' DESC' : ''}${nulls}` };
}

export function orderTerms(scope: Scope, keys: readonly SortKey[]): readonly OrderTerm[] {
  const terms: OrderTerm[] = [];
  for (const key of keys) {
    const term = orderTerm(scope, key);
    if (term !== undefined && !terms.some((other) => other.text === term.text)) terms.push(term);
  }
  return terms;
}

export function orderText(terms: readonly OrderTerm[]): string {
  return terms.map((term) => term.text + term.suffix).join(', ');
}
