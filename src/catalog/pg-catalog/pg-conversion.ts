/** pg_conversion: PostgreSQL's conversions between encodings. */
import { conversionRows } from './conversion-rows.js';
import { fixedRelation } from './relation.js';

export const pgConversion = fixedRelation('pg_catalog.pg_conversion', () =>
  conversionRows
    .trim()
    .split('\n')
    .map((line) => {
      const [oid, conname, from, to, conproc, condefault] = line.split(' ') as [string, string, string, string, string, string];
      return {
        oid: Number(oid),
        conname,
        connamespace: 11,
        conowner: 10,
        conforencoding: Number(from),
        contoencoding: Number(to),
        conproc: Number(conproc),
        condefault: condefault === 't',
      };
    }),
);
