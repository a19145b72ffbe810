/** pg_attrdef: defaults of columns. */
import { relation } from './relation.js';

export const pgAttrdef = relation(
  'pg_catalog',
  'pg_attrdef',
  2604,
  [
    ['oid', 26],
    ['adrelid', 26],
    ['adnum', 21],
    ['adbin', 25],
  ],
  function* ({ catalog }) {
    for (const table of catalog.data.relations) {
      if (table.kind !== 'table') continue;
      for (const column of table.columns)
        if (column.defaultText !== undefined && column.identity === undefined)
          yield [table.oid * 2048 + column.attribute, table.oid, column.attribute, column.defaultText];
    }
  },
);
