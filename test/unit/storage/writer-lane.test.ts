import { deepEqual, equal } from 'node:assert/strict';
import { Oid } from '../../../src/types/oid.js';
import { failure, TestDatabase } from './support.js';

describe('the writer lane', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create({ name: 'item', columns: [{ name: 'id' }, { name: 'name', type: Oid.text, notNull: true }], primaryKey: ['id'] });
    await db.create({ name: 'event', columns: [{ name: 'id' }, { name: 'amount', type: Oid.int8 }], primaryKey: ['id'], shards: 3 });
  });
  afterEach(async () => await db.close());

  it('publishes each catalog that DDL commits', () => {
    deepEqual(
      db.published.map((catalog) => catalog.version),
      [2, 3],
    );
  });

  it('inserts, updates and deletes, and a reader sees it', async () => {
    equal(
      await db.insert('event', [
        [1, 10],
        [2, 20],
        [3, 30],
        [4, 9007199254740993n],
      ]),
      4,
    );
    equal(await db.execute(db.updateTask('event', 'amount', 'amount + 1', 'id < 4')), 3);
    equal(await db.execute(db.deleteTask('event', 'id = 2')), 1);
    deepEqual(await db.rows('event'), [
      [1, 11],
      [3, 31],
      [4, 9007199254740993n],
    ]);
  });

  it('refuses duplicates and NULLs in the words of PostgreSQL', async () => {
    await db.insert('item', [[1, 'a']]);
    const duplicate = await failure(
      db.insert('item', [
        [2, 'b'],
        [1, 'c'],
      ]),
    );
    equal(duplicate.code, '23505');
    equal(duplicate.message, 'duplicate key value violates unique constraint "item_pkey"');
    equal(duplicate.fields.detail, 'Key (id)=(1) already exists.');
    const missing = await failure(db.insert('item', [[3, null]]));
    equal(missing.message, 'null value in column "name" of relation "item" violates not-null constraint');
    equal(missing.fields.detail, 'Failing row contains (3, null).');
    deepEqual(await db.rows('item'), [[1, 'a']]);
  });

  it('survives a clean restart', async () => {
    await db.insert('event', [
      [1, 10],
      [2, 20],
    ]);
    await db.restart();
    deepEqual(await db.rows('event'), [
      [1, 10],
      [2, 20],
    ]);
    deepEqual(await db.lane.statistics().then((list) => list.reduce((sum, entry) => sum + entry.rows, 0)), 2);
  });

  it('keeps an open transaction out of sight until it commits', async () => {
    const transaction = await db.begin();
    await db.insert('item', [[1, 'a']], transaction);
    deepEqual(await db.rows('item'), []);
    deepEqual(await db.rowsIn(transaction, 'item'), [[1, 'a']]);
    await db.insert('item', [[2, 'b']]);
    deepEqual(await db.rowsIn(transaction, 'item'), [
      [1, 'a'],
      [2, 'b'],
    ]);
    await db.commit(transaction);
    deepEqual(await db.rows('item'), [
      [1, 'a'],
      [2, 'b'],
    ]);
  });

  it('parks transactions on different rows; both commit', async () => {
    await db.insert('item', [
      [1, 'a'],
      [2, 'b'],
    ]);
    const first = await db.begin();
    const second = await db.begin();
    await db.execute(db.updateTask('item', 'name', "'A'", 'id = 1'), first);
    await db.execute(db.updateTask('item', 'name', "'B'", 'id = 2'), second);
    await db.insert('item', [[3, 'c']], first);
    await db.insert('item', [[4, 'd']], second);
    await db.commit(first);
    await db.commit(second);
    deepEqual(await db.rows('item'), [
      [1, 'A'],
      [2, 'B'],
      [3, 'c'],
      [4, 'd'],
    ]);
  });

  it('makes a writer of the same row wait and then see the new state', async () => {
    await db.insert('event', [[1, 10]]);
    const first = await db.begin();
    await db.execute(db.updateTask('event', 'amount', 'amount + 1', 'id = 1'), first);
    let done = false;
    const second = db.execute(db.updateTask('event', 'amount', 'amount * 2', 'id = 1')).then(() => (done = true));
    await new Promise((resolve) => setTimeout(resolve, 30));
    equal(done, false);
    await db.commit(first);
    await second;
    deepEqual(await db.rows('event'), [[1, 22]]);
  });

  it('makes an insert of the same key wait, and fail once the other has committed', async () => {
    const first = await db.begin();
    await db.insert('item', [[1, 'a']], first);
    const second = failure(db.insert('item', [[1, 'b']]));
    await db.insert('item', [[2, 'c']]);
    await db.commit(first);
    equal((await second).code, '23505');
    const third = await db.begin();
    await db.execute(db.deleteTask('item', 'id = 1'), third);
    const fourth = db.insert('item', [[1, 'again']]);
    await db.commit(third);
    equal(await fourth, 1);
  });

  it('gives up waiting after lock_timeout', async () => {
    await db.insert('item', [[1, 'a']]);
    const first = await db.begin();
    await db.execute(db.deleteTask('item', 'id = 1'), first);
    const error = await failure(db.execute(db.updateTask('item', 'name', "'z'", 'id = 1'), undefined, 40));
    equal(error.code, '55P03');
    equal(error.message, 'canceling statement due to lock timeout');
    await db.lane.rollback({ transaction: first });
    deepEqual(await db.rows('item'), [[1, 'a']]);
  });

  it('finds deadlocks and cancels the youngest', async () => {
    await db.insert('item', [
      [1, 'a'],
      [2, 'b'],
    ]);
    const first = await db.begin();
    const second = await db.begin();
    await db.execute(db.updateTask('item', 'name', "name || '1'", 'id = 1'), first);
    await db.execute(db.updateTask('item', 'name', "name || '2'", 'id = 2'), second);
    const waits = db.execute(db.updateTask('item', 'name', "name || '1'", 'id = 2'), first);
    const error = await failure(db.execute(db.updateTask('item', 'name', "name || '2'", 'id = 1'), second));
    equal(error.code, '40P01');
    await db.lane.rollback({ transaction: second });
    await waits;
    await db.commit(first);
    deepEqual(await db.rows('item'), [
      [1, 'a1'],
      [2, 'b1'],
    ]);
  });

  it('undoes a failed statement and keeps the rest of the transaction', async () => {
    const transaction = await db.begin();
    await db.insert('item', [[1, 'a']], transaction);
    await failure(
      db.insert(
        'item',
        [
          [2, 'b'],
          [1, 'x'],
        ],
        transaction,
      ),
    );
    await db.insert('item', [[3, 'c']], transaction);
    await db.commit(transaction);
    deepEqual(await db.rows('item'), [
      [1, 'a'],
      [3, 'c'],
    ]);
  });

  it('rolls back to savepoints, resident or parked', async () => {
    const transaction = await db.begin();
    await db.insert('item', [[1, 'a']], transaction);
    await db.lane.savepoint({ transaction, name: 's' });
    await db.insert('item', [[2, 'b']], transaction);
    await db.lane.savepoint({ transaction, name: 't' });
    await db.insert('item', [[3, 'c']], transaction);
    await db.insert('item', [[10, 'other']]);
    await db.lane.rollbackTo({ transaction, name: 't' });
    deepEqual(
      (await db.rowsIn(transaction, 'item')).map(([id]) => id),
      [1, 2, 10],
    );
    await db.insert('item', [[3, 'd']], transaction);
    await db.lane.rollbackTo({ transaction, name: 's' });
    await db.insert('item', [[4, 'e']], transaction);
    await db.lane.release({ transaction, name: 's' });
    equal((await failure(db.lane.release({ transaction, name: 's' }))).code, '3B001');
    await db.commit(transaction);
    deepEqual(
      (await db.rows('item')).map(([id]) => id),
      [1, 4, 10],
    );
  });

  it('commits many transactions in few batches', async () => {
    await Promise.all(Array.from({ length: 200 }, (_, at) => db.insert('event', [[at, at]])));
    equal((await db.rows('event')).length, 200);
  });

  it('rolls DDL back, files included', async () => {
    const base = db.lane.catalog;
    const { catalog, steps } = db.plan(base, { name: 'other', columns: [{ name: 'id' }], shards: 2 });
    const { transaction } = await db.lane.begin({ isolation: 'read committed', readOnly: false, context: (await import('./support.js')).context });
    const { context } = await import('./support.js');
    await db.lane.ddl({ transaction, context, baseVersion: base.version, catalog, steps, lockTimeoutMs: 0 });
    await db.insert('item', [[1, 'a']]);
    equal(db.layout.exists('g2_0001'), true);
    await db.lane.rollback({ transaction });
    await db.insert('item', [[2, 'b']]);
    equal(db.layout.exists('g2_0001'), false);
    equal(db.lane.catalog.version, base.version);
  });

  it('refuses plans of an older catalog', async () => {
    const task = db.insertTask('item', [[1, 'a']]);
    const { context } = await import('./support.js');
    const error = await failure(db.lane.execute({ transaction: undefined, context, catalogVersion: 1, task, lockTimeoutMs: 0, synchronousCommit: true }));
    equal(error.code, 'SH001');
  });
});
