/** The view pg_tables. */
import { systemRelationsOf, tablesOf } from './objects.js';
import { relation } from './relation.js';

export const pgTables = relation('pg_catalog.pg_tables', function* ({ catalog }) {
  const referenced = new Set(catalog.data.relations.flatMap((object) => (object.kind === 'table' ? object.foreignKeys.map((key) => key.targetOid) : [])));
  for (const table of tablesOf(catalog)) {
    if (table.materialized !== undefined) continue;
    const hasTriggers = (table.triggers ?? []).length > 0 || table.foreignKeys.length > 0 || referenced.has(table.oid);
    yield {
      schemaname: table.schema,
      tablename: table.name,
      tableowner: table.owner,
      hasindexes: table.indexes.length > 0,
      hasrules: false,
      hastriggers: hasTriggers,
      rowsecurity: false,
    };
  }
  for (const system of systemRelationsOf(catalog)) {
    if (system.kind === 'r')
      yield {
        schemaname: system.schema,
        tablename: system.name,
        tableowner: 'postgres',
        hasindexes: false,
        hasrules: false,
        hastriggers: false,
        rowsecurity: false,
      };
  }
});
