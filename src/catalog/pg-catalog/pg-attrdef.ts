/** pg_attrdef: defaults and generation expressions of columns. */
import { relation } from './relation.js';

export const pgAttrdef = relation('pg_catalog.pg_attrdef', function* ({ catalog }) {
  for (const table of catalog.data.relations) {
    if (table.kind !== 'table' && table.kind !== 'partition') continue;
    for (const column of table.columns) {
      if (column.defaultText === undefined || column.identity !== undefined) continue;
      yield { oid: table.oid * 2048 + column.attribute, adrelid: table.oid, adnum: column.attribute, adbin: column.defaultText };
    }
  }
});
