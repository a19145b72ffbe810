import { deepEqual, equal } from 'node:assert/strict';
import { Oid } from '../../../src/types/oid.js';
import { RowWriter } from '../../../src/types/row-codec.js';
import { context, failure, TestDatabase } from './support.js';

describe('bulk loads', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create({
      name: 'item',
      columns: [{ name: 'id' }, { name: 'price', type: Oid.float8 }, { name: 'name', type: Oid.text }],
      primaryKey: ['id'],
      shards: 4,
    });
  });
  afterEach(async () => await db.close());

  const copy = async (transaction: number, from: number, to: number): Promise<number> => {
    const writer = new RowWriter();
    for (let id = from; id < to; id++) writer.row([id % 4, id, id, `name ${String(id)}`]);
    const { count } = await db.lane.copyRows({
      transaction,
      context,
      catalogVersion: db.lane.catalog.version,
      task: { tableOid: db.table('item').oid, assigned: [] },
      bytes: writer.finish(),
    });
    return count;
  };

  it('are atomic per chunk and see constraints', async () => {
    const transaction = await db.begin();
    equal(await copy(transaction, 0, 100), 100);
    const error = await failure(copy(transaction, 50, 200));
    equal(error.fields.detail, 'Key (id)=(50) already exists.');
    equal(await copy(transaction, 100, 150), 50);
    await db.commit(transaction);
    deepEqual((await db.rows('item'))[149], [149, 149, 'name 149']);
    await db.restart();
    equal((await db.rows('item')).length, 150);
  });

  it('keep the lane while they are busy, and give it away in the end', async () => {
    const transaction = await db.begin();
    await copy(transaction, 0, 10_000);
    let others = 0;
    const other = db.insert('item', [[50_000, 1, 'x']]).then(() => others++);
    await copy(transaction, 10_000, 20_000);
    equal(others, 0);
    await other;
    const duplicate = failure(db.insert('item', [[3, 1, 'x']]));
    await copy(transaction, 20_000, 21_000);
    await db.commit(transaction);
    equal((await duplicate).code, '23505');
    equal((await db.rows('item')).length, 21_001);
  });
});
