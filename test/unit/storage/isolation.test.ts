import { deepEqual, equal } from 'node:assert/strict';
import { RowReader } from '../../../src/types/row-codec.js';
import { context, failure, TestDatabase } from './support.js';

describe('repeatable read on the lane', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create({ name: 'item', columns: [{ name: 'id' }, { name: 'count' }], primaryKey: ['id'] });
    await db.create({ name: 'event', columns: [{ name: 'id' }, { name: 'count' }], primaryKey: ['id'], shards: 3 });
    await db.insert('item', [
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
    await db.insert('event', [
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
  });
  afterEach(async () => await db.close());

  it('keeps seeing its snapshot and its own changes, whatever others commit', async () => {
    const transaction = await db.begin('repeatable read');
    await db.insert('event', [[4, 40]], transaction);
    await db.execute(db.updateTask('event', 'count', 'count + 1', 'id = 1'));
    await db.execute(db.deleteTask('event', 'id = 2'));
    await db.insert('event', [[5, 50]]);
    await db.execute(db.updateTask('event', 'count', 'count + 1', 'id = 5'));
    const expected = [
      [1, 10],
      [2, 20],
      [3, 30],
      [4, 40],
    ];
    deepEqual(await db.rowsIn(transaction, 'event'), expected);
    await db.execute(db.updateTask('event', 'count', 'count + 5', 'true AND id = 3'), transaction);
    deepEqual(await db.rowsIn(transaction, 'event'), [...expected.slice(0, 2), [3, 35], [4, 40]]);
    await db.commit(transaction);
    deepEqual(await db.rows('event'), [
      [1, 11],
      [3, 35],
      [4, 40],
      [5, 51],
    ]);
  });

  it('refuses to write what others have changed since', async () => {
    for (const change of [db.updateTask('item', 'count', 'count + 1', 'id = 1'), db.deleteTask('item', 'id = 1')]) {
      const transaction = await db.begin('repeatable read');
      await db.execute(change);
      const error = await failure(db.execute(db.updateTask('item', 'count', 'count + 1', 'id = 1'), transaction));
      equal(error.code, '40001');
      equal(error.message, 'could not serialize access due to concurrent update');
      equal((await failure(db.execute(db.deleteTask('item', 'id = 1'), transaction))).code, '40001');
      equal(
        (
          await failure(
            db.lane.open({
              transaction,
              context,
              catalogVersion: db.lane.catalog.version,
              cursor: { sql: `SELECT 0, _rowid FROM global."${db.table('item').physicalName}" WHERE id = 1`, params: [], output: { kind: 'rows' } },
              maxRows: 0,
              locking: {
                locks: [{ tableOid: db.table('item').oid, shardColumn: 0, rowidColumn: 1, mode: 'update', wait: 'wait' }],
                offset: 0,
                count: undefined,
              },
            }),
          )
        ).code,
        '40001',
      );
      await db.execute(db.updateTask('item', 'count', 'count + 1', 'id = 2'), transaction);
      await db.commit(transaction);
    }
  });

  it('fails when it has waited for a row that then changed', async () => {
    const first = await db.begin();
    await db.execute(db.updateTask('item', 'count', 'count + 1', 'id = 1'), first);
    const second = await db.begin('repeatable read');
    const waits = failure(db.execute(db.updateTask('item', 'count', 'count + 1', 'id = 1'), second));
    await new Promise((resolve) => setTimeout(resolve, 10));
    await db.commit(first);
    equal((await waits).code, '40001');
  });

  it('undoes what was under way when the snapshot was taken, changed before by no recording statement', async () => {
    const busy = await db.begin();
    await db.execute(db.updateTask('item', 'count', 'count + 1', 'id = 1'), busy);
    await db.execute(db.updateTask('item', 'count', 'count + 1', 'id = 1'), busy);
    const reader = await db.begin('repeatable read');
    await db.execute(db.updateTask('item', 'count', 'count + 5', 'id = 2'), busy);
    await db.commit(busy);
    deepEqual(await db.rowsIn(reader, 'item'), [
      [1, 10],
      [2, 20],
      [3, 30],
    ]);
    await db.commit(reader);
    deepEqual(await db.rows('item'), [
      [1, 12],
      [2, 25],
      [3, 30],
    ]);
  });

  it('an exported snapshot is read by others until its transaction ends, and by those who have it beyond', async () => {
    for (const isolation of ['read committed', 'repeatable read'] as const) {
      const exporter = await db.begin(isolation);
      const { name } = await db.lane.exportSnapshot({ transaction: exporter });
      await db.execute(db.updateTask('item', 'count', 'count + 1', 'id = 1'));
      const before = await db.rows('item');
      const take = async (level: 'repeatable read' | 'serializable', readOnly: boolean): Promise<number> =>
        (await db.lane.begin({ isolation: level, readOnly, context, snapshot: name })).transaction;
      const taker = await take('repeatable read', true);
      equal((await failure(take('serializable', true))).code, '0A000');
      await db.commit(exporter);
      equal((await failure(take('repeatable read', true))).message, `invalid snapshot identifier: "${name}"`);
      await db.execute(db.updateTask('item', 'count', 'count + 1', 'id = 1'));
      deepEqual(await db.rowsIn(taker, 'item'), [[1, Number(before[0]?.[1]) - 1], ...before.slice(1)]);
      await db.commit(taker);
    }
  });

  it('ids of transactions grow, say what has become of them, and are in snapshots while they run', async () => {
    const idOf = async (transaction: number, wanted = true): Promise<number | undefined> => (await db.lane.transactionId({ transaction, wanted })).id;
    const status = async (id: number | undefined): Promise<string | undefined> => (await db.lane.transactionStatus({ id: BigInt(id ?? 0) })).status;
    const [first, second] = [await db.begin(), await db.begin()];
    equal(await idOf(first, false), undefined);
    const one = await idOf(first);
    await db.execute(db.updateTask('item', 'count', 'count + 1', 'id = 1'), second);
    const two = await idOf(second, false);
    equal(two, Number(one) + 1);
    await db.commit(second);
    deepEqual([await status(one), await status(two)], ['in progress', 'committed']);
    equal((await db.lane.visibleTransactions({ transaction: undefined })).snapshot, `${String(one)}:${String(Number(two) + 1)}:${String(one)}`);
    await db.lane.rollback({ transaction: first });
    equal(await status(one), 'aborted');
    equal(await status(3), undefined);
    equal((await failure(status(Number(two) + 1))).message, `transaction ID ${String(Number(two) + 1)} is in the future`);
  });

  it('serializable: write skew is not possible', async () => {
    const one = await db.begin('serializable');
    const two = await db.begin('serializable');
    await db.rowsIn(one, 'item');
    await db.rowsIn(two, 'item');
    const first = db.execute(db.updateTask('item', 'count', '0', 'id = 1'), one);
    const second = await failure(db.execute(db.updateTask('item', 'count', '0', 'id = 2'), two));
    equal(second.code, '40001');
    await db.lane.rollback({ transaction: two });
    await first;
    await db.commit(one);
    deepEqual(await db.rows('item'), [
      [1, 0],
      [2, 20],
      [3, 30],
    ]);
  });
});

describe('row locks', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create({ name: 'job', columns: [{ name: 'id' }, { name: 'state' }], primaryKey: ['id'] });
    await db.insert('job', [
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
  });
  afterEach(async () => await db.close());

  const lock = async (
    transaction: number,
    wait: 'wait' | 'nowait' | 'skip',
    where = 'true',
    mode: 'update' | 'share' = 'update',
    count: number | undefined = undefined,
  ): Promise<readonly number[]> => {
    const { batch } = await db.lane.open({
      transaction,
      context,
      catalogVersion: db.lane.catalog.version,
      cursor: { sql: `SELECT 0, _rowid FROM global."${db.table('job').physicalName}" WHERE ${where} ORDER BY id`, params: [], output: { kind: 'rows' } },
      maxRows: 0,
      locking: { locks: [{ tableOid: db.table('job').oid, shardColumn: 0, rowidColumn: 1, mode, wait }], offset: 0, count },
    });
    return batch.bytes === undefined ? [] : [...new RowReader(batch.bytes)].map(([, rowid]) => Number(rowid));
  };

  it('SKIP LOCKED takes what is free, NOWAIT refuses, shares go together', async () => {
    const one = await db.begin();
    const two = await db.begin();
    deepEqual(await lock(one, 'wait', 'id = 1'), [1]);
    deepEqual(await lock(two, 'skip'), [2, 3]);
    const error = await failure(lock(two, 'nowait'));
    equal(error.code, '55P03');
    equal(error.message, 'could not obtain lock on row in relation "job"');
    await db.commit(one);
    deepEqual(await lock(two, 'wait'), [1, 2, 3]);
    await db.commit(two);
    const three = await db.begin();
    const four = await db.begin();
    await lock(three, 'wait', 'true', 'share');
    deepEqual(await lock(four, 'nowait', 'true', 'share'), [1, 2, 3]);
    await db.lane.rollback({ transaction: three });
    await db.lane.rollback({ transaction: four });
  });

  it('a queue of waiters goes one by one', async () => {
    const first = await db.begin();
    await db.execute(db.updateTask('job', 'state', 'state + 1', 'id = 1'), first);
    const others = Array.from({ length: 20 }, async (_, at) => {
      if (at % 2 === 0) return await db.execute(db.updateTask('job', 'state', 'state + 1', 'id = 1'));
      const transaction = await db.begin();
      await db.execute(db.updateTask('job', 'state', 'state + 1', 'id = 1'), transaction);
      await db.commit(transaction);
      return 1;
    });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await db.commit(first);
    await Promise.all(others);
    deepEqual((await db.rows('job'))[0], [1, 21]);
  });

  it('a waiting statement can be cancelled', async () => {
    const first = await db.begin();
    await db.execute(db.deleteTask('job', 'id = 1'), first);
    const words = new Int32Array(db.shared.cancel);
    const waits = failure(db.execute(db.deleteTask('job', 'id = 1'), undefined, 0, { ...context, cancelSlot: 5 }));
    await new Promise((resolve) => setTimeout(resolve, 20));
    Atomics.store(words, 5, 2);
    const error = await waits;
    equal(error.code, '57014');
    equal(error.message, 'canceling statement due to statement timeout');
    await db.commit(first);
  });

  it('advisory locks wait, are shared, and end with their transaction', async () => {
    const key = 42n;
    const of = { session: 1, transaction: undefined, key, shared: false } as const;
    equal((await db.lane.advisory({ ...of, action: 'try' })).granted, true);
    equal((await db.lane.advisory({ ...of, session: 2, action: 'try' })).granted, false);
    const waits = db.lane.advisory({ ...of, session: 2, action: 'lock' });
    equal((await db.lane.advisory({ ...of, action: 'unlock' })).granted, true);
    equal((await waits).granted, true);
    equal((await db.lane.advisory({ ...of, session: 2, action: 'unlockAll' })).granted, true);
    const transaction = await db.begin();
    equal((await db.lane.advisory({ ...of, transaction, action: 'lock' })).granted, true);
    equal((await db.lane.advisory({ ...of, session: 2, action: 'try' })).granted, false);
    await db.commit(transaction);
    equal((await db.lane.advisory({ ...of, session: 2, action: 'try' })).granted, true);
    equal((await db.lane.advisory({ ...of, action: 'unlock' })).granted, false);
    equal((await failure(db.lane.advisory({ ...of, action: 'lock', lockTimeoutMs: 30 }))).code, '55P03');
    const gone = await db.begin();
    const abandoned = failure(db.lane.advisory({ ...of, transaction: gone, action: 'lock' }));
    await db.lane.rollback({ transaction: gone });
    equal((await abandoned).code, '25P01');
  });

  it('DDL waits for transactions that use its table', async () => {
    const user = await db.begin();
    await db.rowsIn(user, 'job');
    const base = db.lane.catalog;
    const relations = base.relations.map((relation) => ({ ...relation, name: 'work' }));
    const ddl = await db.begin();
    let done = false;
    const change = db.lane
      .ddl({ transaction: ddl, context, baseVersion: base.version, catalog: { ...base, version: base.version + 1, relations }, steps: [], lockTimeoutMs: 0 })
      .then(() => (done = true));
    await new Promise((resolve) => setTimeout(resolve, 20));
    equal(done, false);
    await db.commit(user);
    await change;
    const blocked = failure(db.execute(db.deleteTask('job', 'id = 1')));
    await db.commit(ddl);
    equal((await blocked).code, 'SH001');
    deepEqual(
      db.lane.catalog.relations.map(({ name }) => name),
      ['work'],
    );
  });
});
