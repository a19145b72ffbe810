/** pg_cast. */
import { allCasts } from '../../functions/registry.js';
import { fixedRelation } from './relation.js';

/** The OIDs that initdb gives, in the order of cast-rows.ts. */
const firstOid = 10_000;

export const pgCast = fixedRelation('pg_catalog.pg_cast', () =>
  allCasts().map((cast, i) => ({
    oid: firstOid + i,
    castsource: cast.source,
    casttarget: cast.target,
    castfunc: cast.method.kind === 'function' ? (cast.method.function.oid ?? 0) : 0,
    castcontext: cast.context.charAt(0),
    castmethod: cast.method.kind.charAt(0),
  })),
);
