/** pg_tables. */
import { relation } from './relation.js';

export const pgTables = relation(
  'pg_catalog',
  'pg_tables',
  12019,
  [
    ['schemaname', 19],
    ['tablename', 19],
    ['tableowner', 19],
    ['tablespace', 19],
    ['hasindexes', 16],
    ['hasrules', 16],
    ['hastriggers', 16],
    ['rowsecurity', 16],
  ],
  function* ({ catalog }) {
    for (const table of catalog.data.relations)
      if (table.kind === 'table') yield [table.schema, table.name, table.owner, null, table.indexes.length > 0 ? 1 : 0, 0, 0, 0];
  },
);
