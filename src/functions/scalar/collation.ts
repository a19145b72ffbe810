/**
 * What stands in an expression where a function would need a collation and none could be derived (planner/bind/collation): it fails when it is computed, as PostgreSQL's
 * functions do, and only over values that the function would have looked at.
 */
import { PgError } from '../../common/errors.js';
import { Oid } from '../../types/oid.js';
import type { OwnScalar } from '../implementation.js';

export const ownCollationFunctions: readonly OwnScalar[] = [
  {
    // shoal_no_collation(purpose, value, other): the value, if it or the other one is NULL.
    name: 'shoal_no_collation',
    args: [Oid.text, Oid.any, Oid.any],
    result: Oid.anyelement,
    strict: false,
    typedKernel: () => (_, purpose, value, other) => {
      if (value === null || value === undefined || other === null || other === undefined) return value ?? null;
      throw undeterminedCollation(String(purpose));
    },
  },
];

export function undeterminedCollation(purpose: string): PgError {
  return new PgError('42P22', `could not determine which collation to use for ${purpose}`, { hint: 'Use the COLLATE clause to set the collation explicitly.' });
}
