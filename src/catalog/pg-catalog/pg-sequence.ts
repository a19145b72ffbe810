/** pg_sequence. */
import { relation } from './relation.js';

export const pgSequence = relation(
  'pg_catalog',
  'pg_sequence',
  2224,
  [
    ['seqrelid', 26],
    ['seqtypid', 26],
    ['seqstart', 20],
    ['seqincrement', 20],
    ['seqmax', 20],
    ['seqmin', 20],
    ['seqcache', 20],
    ['seqcycle', 16],
  ],
  function* ({ catalog }) {
    for (const object of catalog.data.relations)
      if (object.kind === 'sequence')
        yield [object.oid, object.typeOid, object.start, object.increment, object.maxValue, object.minValue, object.cache, object.cycle ? 1 : 0];
  },
);
