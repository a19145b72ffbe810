/** pg_range. */
import { operatorClassOf } from './pg-opclass.js';
import { relation } from './relation.js';

const builtIn = [
  { rngtypid: 3904, rngsubtype: 23, rngmultitypid: 4451, rngcollation: 0, rngsubopc: 1978, rngcanonical: 3914, rngsubdiff: 3922 },
  { rngtypid: 3906, rngsubtype: 1700, rngmultitypid: 4532, rngcollation: 0, rngsubopc: 3125, rngcanonical: 0, rngsubdiff: 3924 },
  { rngtypid: 3908, rngsubtype: 1114, rngmultitypid: 4533, rngcollation: 0, rngsubopc: 3128, rngcanonical: 0, rngsubdiff: 3929 },
  { rngtypid: 3910, rngsubtype: 1184, rngmultitypid: 4534, rngcollation: 0, rngsubopc: 3127, rngcanonical: 0, rngsubdiff: 3930 },
  { rngtypid: 3912, rngsubtype: 1082, rngmultitypid: 4535, rngcollation: 0, rngsubopc: 3122, rngcanonical: 3915, rngsubdiff: 3925 },
  { rngtypid: 3926, rngsubtype: 20, rngmultitypid: 4536, rngcollation: 0, rngsubopc: 3124, rngcanonical: 3928, rngsubdiff: 3923 },
];

export const pgRange = relation('pg_catalog.pg_range', function* ({ catalog }) {
  yield* builtIn;
  for (const type of catalog.data.types ?? []) {
    if (type.kind !== 'range') continue;
    const { oid, subtypeOid, multirangeOid } = type;
    const opclass = operatorClassOf(subtypeOid)?.oid ?? 0;
    yield {
      rngtypid: oid,
      rngsubtype: subtypeOid,
      rngmultitypid: multirangeOid,
      rngcollation: type.rangeCollation,
      rngsubopc: opclass,
      rngcanonical: 0,
      rngsubdiff: type.differenceOid ?? 0,
    };
  }
});
