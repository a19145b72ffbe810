import assert from 'node:assert/strict';
import { TableChanges } from '../../../src/storage/write/table-changes.js';
import { TestDatabase } from './support.js';

describe('what has changed in tables', () => {
  it('is known from the lane’s first record on, and forgotten rather than wrong', () => {
    const changes = new TableChanges(10);
    assert.equal(changes.areAsAt(9, ['a']), false);
    assert.equal(changes.areAsAt(10, ['a', 'b']), true);
    changes.note(['a'], 12);
    assert.deepEqual([changes.areAsAt(11, ['b']), changes.areAsAt(11, ['b', 'a']), changes.areAsAt(12, ['a'])], [true, false, true]);
    changes.note(undefined, 15);
    assert.deepEqual([changes.areAsAt(14, ['b']), changes.areAsAt(15, ['b'])], [false, true]);
    changes.note(
      Array.from({ length: 20_000 }, (_, at) => `t${String(at)}`),
      16,
    );
    assert.deepEqual([changes.areAsAt(15, ['b']), changes.areAsAt(16, ['t7'])], [false, true]);
  });

  it('is told by the lane that writes them', async () => {
    const db = new TestDatabase();
    try {
      await db.create({ name: 'a', columns: [{ name: 'id' }], shards: 2 });
      await db.create({ name: 'b', columns: [{ name: 'id' }] });
      const [a, b] = [db.table('a').physicalName, db.table('b').physicalName];
      const lsn = async (): Promise<number> => (await db.lane.logPosition()).lsn;
      const before = await lsn();
      assert.equal(db.lane.areTablesAsAt(before, [a, b]), true);
      await db.insert('a', [[1], [2]]);
      assert.ok((await lsn()) > before);
      assert.deepEqual([db.lane.areTablesAsAt(before, [a]), db.lane.areTablesAsAt(before, [b])], [false, true]);
      assert.equal(db.lane.areTablesAsAt(await lsn(), [a]), true);
      const filled = await lsn();
      await db.create({ name: 'c', columns: [{ name: 'id' }] });
      assert.equal(db.lane.areTablesAsAt(filled, [b]), false);
    } finally {
      await db.close();
    }
  });
});
