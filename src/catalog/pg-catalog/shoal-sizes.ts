/** shoal.relation_sizes and shoal.database_sizes: what pg_table_size() and its kin answer, as the writer lane counts them. Indexes are not counted apart. */
import { indexesOf } from './objects.js';
import { type CatalogEnvironment, relation } from './relation.js';
import type { Table } from '../table.js';

function tableBytes({ catalog, services }: CatalogEnvironment, table: Table): number {
  if (services === undefined) return 0;
  const shards = catalog.shardSchemas(table).length;
  let bytes = 0;
  for (let shard = 0; shard < shards; shard++) bytes += services.tableBytes(table.oid, shard);
  return bytes;
}

export const shoalRelationSizes = relation(
  'shoal.relation_sizes',
  function* (environment) {
    for (const object of environment.catalog.data.relations) {
      const bytes = object.kind === 'table' ? tableBytes(environment, object) : 0;
      yield { oid: object.oid, main_bytes: bytes, index_bytes: 0, total_bytes: bytes };
    }
    for (const { index } of indexesOf(environment.catalog)) yield { oid: index.oid, main_bytes: 0, index_bytes: 0, total_bytes: 0 };
  },
  'node',
);

export const shoalDatabaseSizes = relation(
  'shoal.database_sizes',
  function* (environment) {
    let bytes = 0;
    for (const object of environment.catalog.data.relations) if (object.kind === 'table') bytes += tableBytes(environment, object);
    yield { oid: 5, name: environment.catalog.data.database, bytes };
  },
  'node',
);
