/** shoal.tables: where each table's rows live. */
import { tablesOf } from './objects.js';
import { relation } from './relation.js';

export const shoalTables = relation('shoal.tables', function* ({ catalog }) {
  for (const table of tablesOf(catalog)) {
    const { distribution } = table;
    const common = { table_schema: table.schema, table_name: table.name, physical_name: table.physicalName };
    if (distribution.kind === 'reference') yield { ...common, kind: 'reference', shards: 1 };
    else {
      const group = catalog.group(distribution.group);
      const columns = distribution.columns.map((attribute) => table.columns.find((column) => column.attribute === attribute)?.name ?? '');
      yield { ...common, kind: 'distributed', distribution_columns: columns.join(', '), colocation_group: group.name, shards: group.bounds.length };
    }
  }
});
