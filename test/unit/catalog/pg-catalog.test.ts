/** Catalog relations: what they yield are columns that PostgreSQL 15's relation has, never NULL where it says NOT NULL. */
import assert from 'node:assert/strict';
import { PgError } from '../../../src/common/errors.js';
import { allCatalogRelations } from '../../../src/catalog/pg-catalog/registry.js';
import { CatalogSnapshot } from '../../../src/catalog/snapshot.js';
import { initialCatalog } from '../../../src/storage/files/bootstrap.js';

describe('catalog relations', () => {
  const catalog = new CatalogSnapshot(initialCatalog());
  const environment = { catalog, user: 'postgres', settings: new Map([['application_name', 'test']]), startup: { processId: 1, database: 'postgres' } };

  for (const relation of allCatalogRelations()) {
    it(`${relation.schema}.${relation.name} yields its columns`, () => {
      const columns = new Map(relation.columns.map((column) => [column.name, column]));
      const seen = new Set<string>();
      try {
        for (const row of relation.rows(environment)) {
          for (const name of Object.keys(row)) {
            if (seen.has(name)) continue;
            seen.add(name);
            assert.ok(columns.has(name), `${name} is a column`);
          }
          for (const column of columns.values())
            if (column.notNull) assert.ok(row[column.name] !== undefined && row[column.name] !== null, `${column.name} is not null`);
        }
      } catch (error) {
        if (!(error instanceof PgError && error.code === '0A000')) throw error;
      }
    });
  }
});
