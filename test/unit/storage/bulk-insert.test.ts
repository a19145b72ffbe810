import { deepEqual, equal } from 'node:assert/strict';
import { Oid } from '../../../src/types/oid.js';
import type { SqlValue } from '../../../src/types/value.js';
import { context, failure, TestDatabase } from './support.js';

const item = {
  name: 'item',
  columns: [
    { name: 'id', notNull: true },
    { name: 'price', type: Oid.float8 },
    { name: 'name', type: Oid.text },
  ],
  primaryKey: ['id'],
  shards: 4,
} as const;

describe('an INSERT of many rows', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create(item);
  });
  afterEach(async () => await db.close());

  /** INSERT of rows as the task of a query. */
  const insert = async (rows: readonly (readonly SqlValue[])[], transaction?: number): Promise<number> =>
    await db.insert('item', rows, transaction, { many: true });
  const numbered = (from: number, to: number): SqlValue[][] => Array.from({ length: to - from }, (_, at) => [from + at, from + at + 0.5, `name ${String(at)}`]);

  it('puts each row into its shard, whole numbers of floats as floats', async () => {
    equal(await insert([...numbered(0, 500), [500, 2, null]]), 501);
    const rows = await db.rows('item');
    equal(rows.length, 501);
    deepEqual(rows[500], [500, 2, null]);
    const { batch } = await db.reader.open({
      schemas: db.schemas(db.table('item')),
      context,
      catalogVersion: db.lane.catalog.version,
      cursor: { sql: `SELECT DISTINCT typeof(price) FROM (${db.selectSql('item')})`, params: [], output: { kind: 'rows' } },
      maxRows: 0,
    });
    equal(batch.rows, 1);
  });

  it('is as good with few rows', async () => {
    equal(await insert(numbered(0, 5)), 5);
    equal((await db.rows('item')).length, 5);
  });

  it('reads its own table as it was', async () => {
    await insert(numbered(0, 300));
    const id = `"${db.table('item').columns[0]?.physicalName ?? ''}"`;
    const sql = db.selectSql('item').replaceAll(`SELECT ${id}`, `SELECT (${id} + 300) % 4, ${id} + 300`);
    equal(await db.execute({ kind: 'insert', tableOid: db.table('item').oid, source: { sql, params: [] }, assigned: [], many: true }), 300);
    equal((await db.rows('item')).length, 600);
  });

  it('fails at the first row that is wrong, whatever shard it is for, and leaves nothing', async () => {
    await insert([
      [401, 1, 'there'],
      [302, 1, 'there'],
    ]);
    const key = await failure(insert(numbered(100, 500)));
    deepEqual([key.code, key.fields.detail], ['23505', 'Key (id)=(302) already exists.']);
    const missing = await failure(insert([...numbered(500, 600), [601, 1, 'x'], [null, 1, 'y'], [401, 1, 'z']]));
    equal(missing.code, '23502');
    equal((await db.rows('item')).length, 2);
  });

  it('is undone with its transaction, and read by it before', async () => {
    const transaction = await db.begin();
    await insert(numbered(0, 200), transaction);
    equal((await db.rowsIn(transaction, 'item')).length, 200);
    equal((await db.rows('item')).length, 0);
    await db.lane.rollback({ transaction });
    equal((await db.rows('item')).length, 0);
  });

  it('is there after a restart', async () => {
    await insert(numbered(0, 1000));
    await db.restart();
    const transaction = await db.begin();
    equal((await db.rowsIn(transaction, 'item')).length, 1000);
    await db.commit(transaction);
  });
});
