/** pg_enum: labels of enums. */
import { relation } from './relation.js';

export const pgEnum = relation('pg_catalog.pg_enum', function* ({ catalog }) {
  for (const type of catalog.data.types ?? []) {
    if (type.kind !== 'enum') continue;
    for (const { oid, label, sortOrder } of type.labels) yield { oid, enumtypid: type.oid, enumsortorder: sortOrder, enumlabel: label };
  }
});
