import { deepEqual, equal } from 'node:assert/strict';
import { PgError } from '../../../src/common/errors.js';
import { DeferredCommitsWord } from '../../../src/storage/shared.js';
import { context, failure, TestDatabase } from './support.js';

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

  it('gives an advisory lock on once what it has protected is durable and seen', async () => {
    const { log } = db.lane as unknown as LogInside;
    const sync = log.sync.bind(log);
    let release: (() => void) | undefined;
    log.sync = async () => {
      await new Promise<void>((resolve) => (release = resolve));
      await sync();
    };
    const of = { transaction: undefined, key: 7n, shared: false } as const;
    const transaction = await db.begin();
    await db.lane.advisory({ ...of, session: 1, transaction, action: 'lock' });
    await db.insert('item', [[1, 1]], transaction);
    const waits = db.lane.advisory({ ...of, session: 2, action: 'lock' }).then(async () => await db.rows('item'));
    const committed = db.commit(transaction);
    await new Promise((resolve) => setTimeout(resolve, 100));
    deepEqual(await db.rows('item'), []);
    release?.();
    await committed;
    deepEqual(await waits, [[1, 1]]);
    log.sync = sync;
    await db.lane.advisory({ ...of, session: 2, action: 'unlockAll' });
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

  describe('synchronous_commit = off', () => {
    const insert = async (id: number, transaction?: number, synchronousCommit = false): Promise<void> => {
      const task = db.insertTask('item', [[id, 0]]);
      await db.lane.execute({ transaction, context, catalogVersion: db.lane.catalog.version, task, lockTimeoutMs: 0, synchronousCommit });
    };
    const ids = async (): Promise<readonly number[]> => (await db.rows('item')).map(([id]) => Number(id));
    const deferred = (): boolean => new DeferredCommitsWord(db.shared.control).value;
    /** Counts what reaches the log. */
    const batches = (): number[] => {
      const { log } = db.lane as unknown as LogInside;
      const append = log.append.bind(log);
      const sizes: number[] = [];
      log.append = (records) => {
        sizes.push(records.length);
        return append(records);
      };
      return sizes;
    };

    it('answers before the log has it; flushed() makes it seen, and so does time', async () => {
      const sizes = batches();
      await insert(1);
      await insert(2);
      const transaction = await db.begin();
      await insert(3, transaction);
      await db.lane.commit({ transaction, synchronousCommit: false });
      deepEqual([sizes, deferred(), await ids()], [[], true, []]);
      await db.lane.flushed();
      deepEqual([sizes, deferred(), await ids()], [[3], false, [1, 2, 3]]);
      await insert(4);
      await new Promise((resolve) => setTimeout(resolve, 400));
      deepEqual([sizes, deferred(), await ids()], [[3, 1], false, [1, 2, 3, 4]]);
    });

    it('is in the batch of the next commit that waits; the lane sees it before, lasting snapshots and positions of the log have it', async () => {
      const sizes = batches();
      await insert(1);
      const reader = await db.begin();
      deepEqual(
        (await db.rowsIn(reader, 'item')).map(([id]) => Number(id)),
        [1],
      );
      equal((await failure(insert(1))).code, '23505');
      deepEqual(sizes, []);
      await insert(2, undefined, true);
      deepEqual([sizes, deferred(), await ids()], [[2], false, [1, 2]]);
      await insert(3);
      const lasting = await db.begin('repeatable read');
      await insert(4);
      deepEqual(
        (await db.rowsIn(lasting, 'item')).map(([id]) => Number(id)),
        [1, 2, 3],
      );
      await insert(5);
      const { lsn } = await db.lane.logPosition();
      await insert(6);
      equal((await db.lane.logPosition()).lsn, lsn + 1);
      await db.commit(reader);
      await db.commit(lasting);
    });

    it('is kept when a later commit finds no space, and by a stop', async () => {
      const { log } = db.lane as unknown as { readonly log: { makeRoom(bytes: number): void } };
      const makeRoom = log.makeRoom.bind(log);
      await insert(1);
      const open = await db.begin();
      await insert(9, open);
      log.makeRoom = () => {
        throw new PgError('53100', 'could not write to the log: No space left on device');
      };
      equal((await failure(insert(2))).code, '53100');
      equal((await failure(insert(3, undefined, true))).code, '53100');
      log.makeRoom = makeRoom;
      await insert(4);
      await db.lane.flushed();
      deepEqual(await ids(), [1, 4]);
      await db.commit(open);
      await insert(5);
      await db.restart();
      deepEqual(await ids(), [1, 4, 5, 9]);
    });

    it('comes from the log when SQLite has lost it and cannot be given it again', async () => {
      const { stage, group } = db.lane as unknown as { readonly stage: { rejoin: unknown }; readonly group: { restore(): void } };
      const { rejoin } = stage;
      await insert(1);
      await insert(2);
      stage.rejoin = () => {
        throw new PgError('53100', 'No space left on device');
      };
      group.restore();
      stage.rejoin = rejoin;
      // (The space put by has been given up for that.)
      await new Promise((resolve) => setTimeout(resolve, 300));
      await insert(3, undefined, true);
      deepEqual(await ids(), [1, 2, 3]);
      await db.restart();
      deepEqual(await ids(), [1, 2, 3]);
    });
  });
});
