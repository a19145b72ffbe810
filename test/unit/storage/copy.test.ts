import { deepEqual, equal } from 'node:assert/strict';
import { Oid } from '../../../src/types/oid.js';
import { RowWriter } from '../../../src/types/row-codec.js';
import type { CopyPortion } from '../../../src/storage/ports.js';
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

  /** Rows of these ids; every shard gets its portion. */
  const portions = (ids: readonly number[]): CopyPortion[] =>
    [0, 1, 2, 3].flatMap((shard) => {
      const writer = new RowWriter();
      const numbers: number[] = [];
      for (const [number, id] of ids.entries()) {
        if (id % 4 !== shard) continue;
        writer.row([id, id, `name ${String(id)}`]);
        numbers.push(number);
      }
      return numbers.length === 0 ? [] : [{ shard, count: numbers.length, bytes: writer.finish(), numbers: Uint32Array.from(numbers) }];
    });

  const copyIds = async (transaction: number, ids: readonly number[]): Promise<number> => {
    const { count } = await db.lane.copyRows({
      transaction,
      context,
      catalogVersion: db.lane.catalog.version,
      tableOid: db.table('item').oid,
      portions: portions(ids),
    });
    return count;
  };
  const copy = async (transaction: number, from: number, to: number): Promise<number> =>
    await copyIds(
      transaction,
      Array.from({ length: to - from }, (_, at) => from + at),
    );

  it('name the first row of the shipment that is wrong, whatever shard it is for', async () => {
    const transaction = await db.begin();
    await copyIds(transaction, [1, 2, 3]);
    const error = await failure(copyIds(transaction, [10, 3, 20, 1]));
    equal(error.fields.detail, 'Key (id)=(3) already exists.');
    equal(error.fields.portionRow, 1);
    equal(await copyIds(transaction, [10, 20]), 2);
    await db.commit(transaction);
    equal((await db.rows('item')).length, 5);
  });

  it('are not seen by a snapshot taken before, and are undone by savepoints', async () => {
    await db.insert('item', [[1, 1, 'x']]);
    const before = await db.begin('repeatable read');
    const transaction = await db.begin();
    await copy(transaction, 100, 200);
    await db.lane.savepoint({ transaction, name: 's' });
    await copy(transaction, 200, 300);
    await db.lane.rollbackTo({ transaction, name: 's' });
    await db.commit(transaction);
    equal((await db.rowsIn(before, 'item')).length, 1);
    equal((await db.rows('item')).length, 101);
    await db.commit(before);
  });

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
