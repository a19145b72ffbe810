/** shoal.relation_sizes and shoal.database_sizes: what pg_table_size() and its kin answer. Partitions share the files of their root, and count there. */
import { physicalIndexName } from '../table.js';
import { listedIndexes } from '../partition-parts.js';
import { systemRelationsOf } from './objects.js';
import { type CatalogEnvironment, relation } from './relation.js';
import type { Table } from '../table.js';

interface TableSizes {
  readonly main: number;
  /** By OID. */
  readonly indexes: ReadonlyMap<number, number>;
  readonly total: number;
}

function tableSizes({ catalog, fileSizes }: CatalogEnvironment, table: Table): TableSizes {
  const schemas = catalog.shardSchemas(table);
  const sum = (name: string): number => schemas.reduce((bytes, schema) => bytes + (fileSizes?.bytes(schema, name) ?? 0), 0);
  const main = sum(table.physicalName);
  const indexes = new Map(table.indexes.map((index) => [index.oid, sum(physicalIndexName(index))]));
  return { main, indexes, total: [...indexes.values()].reduce((bytes, index) => bytes + index, main) };
}

export const shoalRelationSizes = relation(
  'shoal.relation_sizes',
  function* (environment) {
    for (const object of environment.catalog.data.relations) {
      if (object.kind !== 'table') {
        yield { oid: object.oid, main_bytes: 0, index_bytes: 0, total_bytes: 0 };
        continue;
      }
      const { main, indexes, total } = tableSizes(environment, object);
      yield { oid: object.oid, main_bytes: main, index_bytes: total - main, total_bytes: total };
      for (const [oid, bytes] of indexes) yield { oid, main_bytes: bytes, index_bytes: 0, total_bytes: bytes };
    }
    const none = { main_bytes: 0, index_bytes: 0, total_bytes: 0 };
    for (const { table, index, root } of listedIndexes(environment.catalog)) if (table.oid !== root.oid) yield { oid: index.oid, ...none };
    for (const type of environment.catalog.data.types ?? []) if (type.kind === 'composite') yield { oid: type.classOid, ...none };
    for (const system of systemRelationsOf(environment.catalog)) yield { oid: system.oid, ...none };
  },
  'files',
);

export const shoalDatabaseSizes = relation(
  'shoal.database_sizes',
  function* ({ catalog, fileSizes }) {
    for (const { oid, name, directory } of catalog.databases) yield { oid, name, bytes: fileSizes?.databaseBytes(directory) ?? 0 };
  },
  'files',
);
