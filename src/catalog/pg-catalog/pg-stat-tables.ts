/** pg_stat_all_tables and pg_stat_user_tables: live rows as far as known; nothing else is counted. */
import { tablesOf } from './objects.js';
import { type CatalogEnvironment, type CatalogRow, relation } from './relation.js';

function* rows({ catalog, services }: CatalogEnvironment): Generator<CatalogRow> {
  for (const table of tablesOf(catalog))
    yield { relid: table.oid, schemaname: table.schema, relname: table.name, n_live_tup: services?.tableRows.get(table.oid) ?? 0 };
}

export const pgStatAllTables = relation('pg_catalog.pg_stat_all_tables', rows, 'statistics');
export const pgStatUserTables = relation('pg_catalog.pg_stat_user_tables', rows, 'statistics');
