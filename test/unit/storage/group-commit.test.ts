import { deepEqual, equal } from 'node:assert/strict';
import { PgError } from '../../../src/common/errors.js';
import { failure, TestDatabase } from './support.js';

/** The lane's log, to make it fail or be slow. */
interface LogInside {
  readonly log: { append(records: readonly Uint8Array[]): number; sync(): Promise<void> | undefined };
}

describe('group commit', () => {
  let db: TestDatabase;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create({ name: 'item', columns: [{ name: 'id' }, { name: 'n' }], primaryKey: ['id'], shards: 2 });
  });
  afterEach(async () => await db.close());

  it('puts what is ready at the same time into one batch, and nobody hears before the fsync', async () => {
    const { log } = db.lane as unknown as LogInside;
    const sync = log.sync.bind(log);
    let syncs = 0;
    let release: (() => void) | undefined;
    log.sync = async () => {
      syncs++;
      await new Promise<void>((resolve) => (release = resolve));
      await sync();
    };
    let answered = 0;
    const first = db.insert('item', [[0, 0]]).then(() => answered++);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const reader = await db.begin();
    const others = [
      ...Array.from({ length: 20 }, async (_, at) => await db.insert('item', [[at + 1, 0]]).then(() => answered++)),
      db.rowsIn(reader, 'item').then((rows) => {
        answered++;
        return rows.length;
      }),
    ];
    await new Promise((resolve) => setTimeout(resolve, 5));
    equal(answered, 0);
    deepEqual(await db.rows('item'), []);
    release?.();
    await first;
    await new Promise((resolve) => setTimeout(resolve, 5));
    equal(syncs, 2);
    release?.();
    await Promise.all(others);
    equal(syncs, 2);
    equal((await db.rows('item')).length, 21);
    log.sync = sync;
    await db.commit(reader);
  });

  it('undoes everything when the log cannot take it, and goes on', async () => {
    const { log } = db.lane as unknown as LogInside;
    await db.insert('item', [[1, 1]]);
    const open = await db.begin();
    await db.insert('item', [[2, 2]], open);
    const append = log.append.bind(log);
    log.append = () => {
      throw new PgError('53100', 'could not write to the log: No space left on device');
    };
    const failures = await Promise.all([failure(db.insert('item', [[3, 3]])), failure(db.execute(db.updateTask('item', 'n', '9', 'id = 1')))]);
    deepEqual(
      failures.map(({ code }) => code),
      ['53100', '53100'],
    );
    log.append = append;
    await db.insert('item', [[4, 4]]);
    await db.commit(open);
    const expected = [
      [1, 1],
      [2, 2],
      [4, 4],
    ];
    deepEqual(await db.rows('item'), expected);
    await db.restart();
    deepEqual(await db.rows('item'), expected);
  });
});
