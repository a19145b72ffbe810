import { deepEqual, equal } from 'node:assert/strict';
import { Oid } from '../../../src/types/oid.js';
import { failure, TestDatabase } from './support.js';

describe('foreign keys', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create({ name: 'parent', columns: [{ name: 'id' }, { name: 'code', type: Oid.text }], primaryKey: ['id'] });
    await db.insert('parent', [
      [1, 'a'],
      [2, 'b'],
      [3, 'c'],
    ]);
  });
  afterEach(async () => await db.close());

  const child = async (options: object, shards?: number): Promise<void> => {
    await db.create({
      name: 'child',
      columns: [{ name: 'id' }, { name: 'parent_id' }],
      primaryKey: ['id'],
      foreignKeys: [{ from: ['parent_id'], to: 'parent', toColumns: ['id'], ...options }],
      ...(shards === undefined ? {} : { shards }),
    });
  };

  it('refuse children without a parent and parents with children', async () => {
    await child({}, 2);
    await db.insert('child', [
      [1, 1],
      [2, null],
      [3, 2],
    ]);
    const orphan = await failure(
      db.insert('child', [
        [4, 1],
        [5, 9],
      ]),
    );
    equal(orphan.code, '23503');
    equal(orphan.message, 'insert or update on table "child" violates foreign key constraint "child_parent_id_fkey"');
    equal(orphan.fields.detail, 'Key (parent_id)=(9) is not present in table "parent".');
    const moved = await failure(db.execute(db.updateTask('child', 'parent_id', '77', 'id = 1')));
    equal(moved.fields.detail, 'Key (parent_id)=(77) is not present in table "parent".');
    const referenced = await failure(db.execute(db.deleteTask('parent', 'id = 2')));
    equal(referenced.message, 'update or delete on table "parent" violates foreign key constraint "child_parent_id_fkey" on table "child"');
    equal(referenced.fields.detail, 'Key (id)=(2) is still referenced from table "child".');
    equal((await failure(db.execute(db.updateTask('parent', 'id', 'id + 10', 'id = 2')))).code, '23503');
    equal(await db.execute(db.deleteTask('parent', 'id = 3')), 1);
    equal((await db.rows('child')).length, 3);
  });

  it('cascade deletions and updates over shards', async () => {
    await child({ onDelete: 'cascade', onUpdate: 'cascade' }, 3);
    await db.insert('child', [
      [1, 1],
      [2, 1],
      [3, 1],
      [4, 2],
    ]);
    await db.execute(db.updateTask('parent', 'id', '10', 'id = 1'));
    deepEqual(await db.rows('child'), [
      [1, 10],
      [2, 10],
      [3, 10],
      [4, 2],
    ]);
    await db.execute(db.deleteTask('parent', 'id = 10'));
    deepEqual(await db.rows('child'), [[4, 2]]);
  });

  it('set children to NULL', async () => {
    await child({ onDelete: 'setNull' });
    await db.insert('child', [
      [1, 1],
      [2, 2],
    ]);
    await db.execute(db.deleteTask('parent', 'id = 1'));
    deepEqual(await db.rows('child'), [
      [1, null],
      [2, 2],
    ]);
  });

  it('wait for the commit when they are deferred', async () => {
    await child({ initiallyDeferred: true });
    const transaction = await db.begin();
    await db.insert('child', [[1, 50]], transaction);
    await db.insert('parent', [[50, 'z']], transaction);
    await db.commit(transaction);
    const second = await db.begin();
    await db.insert('child', [[2, 60]], second);
    equal((await failure(db.commit(second))).code, '23503');
    deepEqual(await db.rows('child'), [[1, 50]]);
    equal((await failure(db.insert('child', [[3, 61]]))).code, '23503');
    const third = await db.begin();
    await db.insert('child', [[4, 62]], third);
    await db.execute(db.deleteTask('child', 'id = 4'), third);
    await db.commit(third);
  });

  it('refer to their own table', async () => {
    await db.create({
      name: 'node',
      columns: [{ name: 'id' }, { name: 'up' }],
      primaryKey: ['id'],
      foreignKeys: [{ from: ['up'], to: 'node', toColumns: ['id'], onDelete: 'cascade' }],
    });
    await db.insert('node', [
      [2, 1],
      [1, null],
      [3, 2],
      [4, 3],
    ]);
    equal(await db.execute(db.deleteTask('node', 'id = 1')), 1);
    deepEqual(await db.rows('node'), []);
  });

  it('make a deletion wait for an open insert of a child', async () => {
    await child({});
    const transaction = await db.begin();
    await db.insert('child', [[1, 1]], transaction);
    const deletion = failure(db.execute(db.deleteTask('parent', 'id = 1')));
    // Another column of the parent may change meanwhile.
    await db.execute(db.updateTask('parent', 'code', "'aa'", 'id = 1'));
    await db.commit(transaction);
    equal((await deletion).code, '23503');
  });

  it('make an insert of a child wait for an open deletion of its parent', async () => {
    await child({});
    const transaction = await db.begin();
    await db.execute(db.deleteTask('parent', 'id = 1'), transaction);
    const insertion = failure(db.insert('child', [[1, 1]]));
    await db.insert('child', [[2, 2]]);
    await db.commit(transaction);
    equal((await insertion).code, '23503');
  });
});

describe('ON CONFLICT', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create({ name: 'item', columns: [{ name: 'id' }, { name: 'count' }], primaryKey: ['id'] });
    await db.insert('item', [[1, 10]]);
  });
  afterEach(async () => await db.close());

  const nothing = { onConflict: { index: undefined, action: 'nothing' } } as const;
  const upsert = { onConflict: { index: 'item_pkey', action: 'update', update: { sql: 'SELECT ?4 <> 0, ?1, ?2 + ?4', params: [], assigned: [2] } } } as const;

  it('skips rows that are there, or come twice', async () => {
    equal(
      await db.insert(
        'item',
        [
          [1, 1],
          [2, 2],
          [2, 3],
        ],
        undefined,
        nothing,
      ),
      1,
    );
    deepEqual(await db.rows('item'), [
      [1, 10],
      [2, 2],
    ]);
  });

  it('updates rows that are there, unless WHERE says no', async () => {
    equal(
      await db.insert(
        'item',
        [
          [1, 5],
          [2, 7],
        ],
        undefined,
        upsert,
      ),
      2,
    );
    equal(await db.insert('item', [[1, 0]], undefined, upsert), 0);
    deepEqual(await db.rows('item'), [
      [1, 15],
      [2, 7],
    ]);
  });

  it('does not update a row twice', async () => {
    const error = await failure(
      db.insert(
        'item',
        [
          [3, 1],
          [3, 2],
        ],
        undefined,
        upsert,
      ),
    );
    equal(error.code, '21000');
  });

  it('waits for an open insert of the key', async () => {
    const transaction = await db.begin();
    await db.insert('item', [[5, 1]], transaction);
    const other = db.insert('item', [[5, 4]], undefined, upsert);
    await db.commit(transaction);
    await other;
    deepEqual((await db.rows('item'))[1], [5, 5]);
  });
});
