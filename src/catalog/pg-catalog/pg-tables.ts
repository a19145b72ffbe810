/** The view pg_tables. */
import { rootOf } from '../partition.js';
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
      hasindexes: table.indexes.some((index) => index.ofPartition === undefined),
      hasrules: (table.rules ?? []).length > 0,
      hastriggers: hasTriggers,
      rowsecurity: table.rowSecurity?.enabled ?? false,
    };
  }
  for (const partition of catalog.data.relations) {
    if (partition.kind !== 'partition') continue;
    const kinds = new Set((partition.parts ?? []).map(({ kind }) => kind));
    yield {
      schemaname: partition.schema,
      tablename: partition.name,
      tableowner: partition.owner,
      hasindexes: kinds.has('index') || rootOf(catalog, partition).indexes.some((index) => index.ofPartition?.oid === partition.oid),
      hasrules: false,
      hastriggers: kinds.has('trigger') || kinds.has('foreignKey'),
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
