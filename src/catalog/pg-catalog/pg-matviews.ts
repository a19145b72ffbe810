/** The view pg_matviews. */
import { viewDefinition } from '../definitions.js';
import { tablesOf } from './objects.js';
import { relation } from './relation.js';

/** Images of catalog relations are shared by sessions: names are shown as under the built-in search path. */
const userPath = ['public'];

export const pgMatviews = relation('pg_catalog.pg_matviews', function* ({ catalog }) {
  for (const table of tablesOf(catalog)) {
    const { materialized } = table;
    if (materialized === undefined) continue;
    yield {
      schemaname: table.schema,
      matviewname: table.name,
      matviewowner: table.owner,
      hasindexes: table.indexes.length > 0,
      ispopulated: materialized.populated,
      definition: viewDefinition(catalog, userPath, { queryText: materialized.queryText, columns: table.columns }, false),
    };
  }
});
