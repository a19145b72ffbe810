/** pg_operator: the operators of the registry. */
import { allOperators, operatorFor } from '../../functions/registry.js';
import { fixedRelation } from './relation.js';

export const pgOperator = fixedRelation('pg_catalog.pg_operator', () =>
  allOperators().map((entry) => ({
    oid: entry.oid ?? 0,
    oprname: entry.name,
    oprnamespace: 11,
    oprowner: 10,
    oprkind: entry.left === 0 ? 'l' : 'b',
    oprcanmerge: entry.comparison === '=',
    oprcanhash: entry.comparison === '=',
    oprleft: entry.left,
    oprright: entry.right,
    oprresult: entry.result,
    oprcom: entry.commutator === undefined ? 0 : (operatorFor(entry.commutator, entry.right, entry.left)?.oid ?? 0),
    oprnegate: entry.negator === undefined ? 0 : (operatorFor(entry.negator, entry.left, entry.right)?.oid ?? 0),
    oprcode: entry.function.oid ?? 0,
    oprrest: 0,
    oprjoin: 0,
  })),
);
