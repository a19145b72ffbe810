/** pg_sequence and the view pg_sequences. */
import { sequencesOf } from './objects.js';
import { relation } from './relation.js';

export const pgSequence = relation('pg_catalog.pg_sequence', function* ({ catalog }) {
  for (const one of sequencesOf(catalog)) {
    yield {
      seqrelid: one.oid,
      seqtypid: one.typeOid,
      seqstart: one.start,
      seqincrement: one.increment,
      seqmax: one.maxValue,
      seqmin: one.minValue,
      seqcache: one.cache,
      seqcycle: one.cycle,
    };
  }
});

/** last_value is the lane's to know: the binder asks it, by the OID that stands here. */
export const pgSequences = relation('pg_catalog.pg_sequences', function* ({ catalog }) {
  for (const one of sequencesOf(catalog)) {
    yield {
      schemaname: one.schema,
      sequencename: one.name,
      sequenceowner: one.owner,
      data_type: one.typeOid,
      start_value: one.start,
      min_value: one.minValue,
      max_value: one.maxValue,
      increment_by: one.increment,
      cycle: one.cycle,
      cache_size: one.cache,
      last_value: one.oid,
    };
  }
});
