import { deepEqual, equal } from 'node:assert/strict';
import type { CatalogData } from '../../../src/catalog/snapshot.js';
import type { DdlStep } from '../../../src/storage/ports.js';
import { context, failure, TestDatabase } from './support.js';

describe('DDL on the lane', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create({ name: 'item', columns: [{ name: 'id' }, { name: 'count' }], primaryKey: ['id'], shards: 2 });
    await db.insert('item', [
      [1, 5],
      [2, 5],
      [3, 5],
    ]);
  });
  afterEach(async () => await db.close());

  const ddl = async (transaction: number, catalog: CatalogData, steps: readonly DdlStep[], baseVersion = db.lane.catalog.version): Promise<void> =>
    await db.lane.ddl({ transaction, context, baseVersion, catalog, steps, lockTimeoutMs: 0 });
  const next = (change: Partial<CatalogData> = {}): CatalogData => ({ ...db.lane.catalog, version: db.lane.catalog.version + 1, ...change });
  const truncate = (): readonly DdlStep[] => {
    const table = db.table('item');
    return db.schemas(table).map((schema) => ({ kind: 'sql', sql: `DELETE FROM "${schema}"."${table.physicalName}"` }));
  };

  it('TRUNCATE waits for writers, is undone by a rollback, and resets the statistics', async () => {
    const writer = await db.begin();
    await db.execute(db.updateTask('item', 'count', '6', 'id = 1'), writer);
    const first = await db.begin();
    const truncation = ddl(first, next(), truncate());
    await new Promise((resolve) => setTimeout(resolve, 10));
    await db.commit(writer);
    await truncation;
    await db.lane.rollback({ transaction: first });
    equal((await db.rows('item')).length, 3);
    const second = await db.begin();
    await ddl(second, next(), truncate());
    await db.commit(second);
    deepEqual(await db.rows('item'), []);
    equal(
      (await db.lane.statistics()).reduce((sum, { rows }) => sum + rows, 0),
      0,
    );
  });

  it('says which key a unique index cannot be made over', async () => {
    const table = db.table('item');
    await db.insert('item', [[5, 5]]);
    const index = {
      ...(table.indexes[0] as NonNullable<(typeof table.indexes)[0]>),
      oid: 99_999,
      name: 'item_count_idx',
      primary: false,
      keys: [{ attribute: 2, descending: false, nullsFirst: false }],
    };
    const catalog = next({ relations: [{ ...table, indexes: [...table.indexes, index] }] });
    const transaction = await db.begin();
    const error = await failure(
      ddl(transaction, catalog, [{ kind: 'sql', sql: `CREATE UNIQUE INDEX "g1_0001"."i99999" ON "${table.physicalName}" ("count")` }]),
    );
    equal(error.code, '23505');
    equal(error.message, 'could not create unique index "item_count_idx"');
    equal(error.fields.detail, 'Key (count)=(5) is duplicated.');
    await db.lane.rollback({ transaction });
  });

  it('is parked and resumed with its rows, and recovered from the log', async () => {
    const { catalog, steps } = db.plan(db.lane.catalog, { name: 'other', columns: [{ name: 'id' }], primaryKey: ['id'], shards: 3 });
    const transaction = await db.begin();
    await ddl(transaction, catalog, steps);
    const other = catalog.relations.find(({ name }) => name === 'other');
    const insert = { kind: 'insert', tableOid: other?.oid ?? 0, source: { sql: 'VALUES (0, 3), (1, 4), (2, 5)', params: [] }, assigned: [] } as const;
    await db.lane.execute({ transaction, context, catalogVersion: catalog.version, task: insert, lockTimeoutMs: 0, synchronousCommit: true });
    await db.insert('item', [[10, 1]]);
    await db.lane.savepoint({ transaction, name: 's' });
    const again = { ...insert, source: { sql: 'VALUES (0, 6)', params: [] } };
    await db.lane.execute({ transaction, context, catalogVersion: catalog.version, task: again, lockTimeoutMs: 0, synchronousCommit: true });
    await db.insert('item', [[11, 1]]);
    await db.lane.rollbackTo({ transaction, name: 's' });
    await db.commit(transaction);
    deepEqual(await db.rows('other'), [[3], [4], [5]]);
    await db.restart();
    deepEqual(await db.rows('other'), [[3], [4], [5]]);
  });

  it('drops the files of a group once the drop is committed', async () => {
    await db.create({ name: 'other', columns: [{ name: 'id' }], shards: 3 });
    const { relations, groups } = db.lane.catalog;
    const transaction = await db.begin();
    await ddl(transaction, next({ relations: relations.filter(({ name }) => name !== 'other'), groups: groups.slice(0, 1) }), [
      { kind: 'dropGroup', group: 'g2' },
    ]);
    equal(db.layout.exists('g2_0002'), true);
    await db.commit(transaction);
    await db.insert('item', [[20, 1]]);
    equal(db.layout.exists('g2_0002'), false);
    await db.restart();
    equal((await db.rows('item')).length, 4);
  });
});
