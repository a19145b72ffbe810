/** shoal.tables: where each table's rows live. */
import { relation } from './relation.js';

export const shoalTables = relation(
  'shoal',
  'tables',
  9100001,
  [
    ['table_schema', 19],
    ['table_name', 19],
    ['kind', 25],
    ['distribution_columns', 25],
    ['colocation_group', 25],
    ['shards', 23],
    ['physical_name', 25],
  ],
  function* ({ catalog }) {
    for (const table of catalog.data.relations) {
      if (table.kind !== 'table') continue;
      const { distribution } = table;
      if (distribution.kind === 'reference') yield [table.schema, table.name, 'reference', null, null, 1, table.physicalName];
      else {
        const group = catalog.group(distribution.group);
        const columns = distribution.columns.map((attribute) => table.columns.find((column) => column.attribute === attribute)?.name ?? '');
        yield [table.schema, table.name, 'distributed', columns.join(', '), group.name, group.bounds.length, table.physicalName];
      }
    }
  },
);
