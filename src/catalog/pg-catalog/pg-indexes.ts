/** The view pg_indexes. */
import { indexDefinition } from '../definitions.js';
import { listedIndexes } from '../partition-parts.js';
import { relation } from './relation.js';

export const pgIndexes = relation('pg_catalog.pg_indexes', function* ({ catalog }) {
  for (const listed of listedIndexes(catalog)) {
    const { table, index } = listed;
    yield { schemaname: table.schema, tablename: table.name, indexname: index.name, indexdef: indexDefinition(catalog, ['public'], listed, 0, false) };
  }
});
