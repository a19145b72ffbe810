/** The view pg_indexes. */
import { indexDefinition } from '../definitions.js';
import { indexesOf } from './objects.js';
import { relation } from './relation.js';

export const pgIndexes = relation('pg_catalog.pg_indexes', function* ({ catalog }) {
  for (const { table, index } of indexesOf(catalog)) {
    yield { schemaname: table.schema, tablename: table.name, indexname: index.name, indexdef: indexDefinition(catalog, ['public'], table, index, 0, false) };
  }
});
