/** pg_amop and pg_amproc: operators and support functions of the operator families of PostgreSQL 15. */
import { familyFunctions, familyOperators } from './operator-family-rows.js';
import { methodOfFamily } from './pg-opclass.js';
import { fixedRelation } from './relation.js';

/** The lines below each `family OID`, with that OID in front. */
function* members(text: string): Generator<readonly number[]> {
  let family = 0;
  for (const line of text.trim().split('\n')) {
    if (line.startsWith('family ')) family = Number(line.slice('family '.length));
    else yield [family, ...line.split(' ').map(Number)];
  }
}

let searchOperators: ReadonlySet<string> | undefined;

/** Whether rows can be looked for by the operator in indexes of the family. */
export function isOfFamily(family: number, operator: number): boolean {
  searchOperators ??= new Set(
    [...members(familyOperators)].filter(([, , , , , , sortFamily]) => sortFamily === undefined).map(([one, , , , , oid]) => `${String(one)} ${String(oid)}`),
  );
  return searchOperators.has(`${String(family)} ${String(operator)}`);
}

export const pgAmop = fixedRelation('pg_catalog.pg_amop', () =>
  [...members(familyOperators)].map(([amopfamily = 0, oid, amoplefttype, amoprighttype, amopstrategy, amopopr, amopsortfamily]) => ({
    oid,
    amopfamily,
    amoplefttype,
    amoprighttype,
    amopstrategy,
    amoppurpose: amopsortfamily === undefined ? 's' : 'o',
    amopopr,
    amopmethod: methodOfFamily(amopfamily),
    amopsortfamily: amopsortfamily ?? 0,
  })),
);

export const pgAmproc = fixedRelation('pg_catalog.pg_amproc', () =>
  [...members(familyFunctions)].map(([amprocfamily, oid, amproclefttype, amprocrighttype, amprocnum, amproc]) => ({
    oid,
    amprocfamily,
    amproclefttype,
    amprocrighttype,
    amprocnum,
    amproc,
  })),
);
