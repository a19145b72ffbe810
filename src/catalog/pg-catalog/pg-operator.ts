/** pg_operator: the operators of the registry. */
import { allOperators, operatorFor } from '../../functions/registry.js';
import { operatorFacts } from '../../functions/catalog/operator-facts.js';
import { Facts } from './facts.js';
import { fixedRelation } from './relation.js';

const facts = new Facts(operatorFacts);

export const pgOperator = fixedRelation('pg_catalog.pg_operator', () =>
  allOperators().map((entry) => ({
    oid: entry.oid ?? 0,
    oprname: entry.name,
    oprnamespace: 11,
    oprowner: 10,
    oprkind: entry.left === 0 ? 'l' : 'b',
    oprcanmerge: facts.has('merge', entry.oid ?? 0),
    oprcanhash: facts.has('hash', entry.oid ?? 0),
    oprleft: entry.left,
    oprright: entry.right,
    oprresult: entry.result,
    oprcom: entry.commutator === undefined ? 0 : (operatorFor(entry.commutator, entry.right, entry.left)?.oid ?? 0),
    oprnegate: entry.negator === undefined ? 0 : (operatorFor(entry.negator, entry.left, entry.right)?.oid ?? 0),
    oprcode: entry.function.oid ?? 0,
    oprrest: facts.number('rest', entry.oid ?? 0, 0),
    oprjoin: facts.number('join', entry.oid ?? 0, 0),
  })),
);
