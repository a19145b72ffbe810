/** Two and three sessions at once: who sees what, who waits, who fails, as PostgreSQL 15 has it. Reference and distributed tables. */
import assert from 'node:assert/strict';
import type pg from 'pg';
import type { Connection } from '../support/connection.js';
import { type Step, transcript } from '../support/isolation.js';
import { sharedPostgres } from '../support/postgres.js';
import { connect, startSubject, type Subject, textQuery } from '../support/subject.js';

const scenarios: readonly (readonly [string, readonly Step[]])[] = [
  [
    'read committed sees what others commit, statement by statement',
    [
      ['a', 'BEGIN'],
      ['a', 'SELECT v FROM t WHERE id = 1'],
      ['b', 'UPDATE t SET v = 11 WHERE id = 1'],
      ['a', 'SELECT v FROM t WHERE id = 1'],
      ['b', 'INSERT INTO t VALUES (100, 100)'],
      ['a', 'SELECT count(*) FROM t'],
      ['a', 'COMMIT'],
    ],
  ],
  [
    'nobody sees what is not committed',
    [
      ['a', 'BEGIN'],
      ['a', 'UPDATE t SET v = 99 WHERE id = 1'],
      ['a', 'INSERT INTO t VALUES (100, 100)'],
      ['a', 'DELETE FROM t WHERE id = 2'],
      ['b', 'SELECT id, v FROM t WHERE id IN (1, 2, 100) ORDER BY id'],
      ['a', 'SELECT id, v FROM t WHERE id IN (1, 2, 100) ORDER BY id'],
      ['a', 'ROLLBACK'],
      ['b', 'SELECT id, v FROM t WHERE id IN (1, 2, 100) ORDER BY id'],
    ],
  ],
  [
    'repeatable read keeps its snapshot',
    [
      ['a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'],
      ['a', 'SELECT sum(v) FROM t'],
      ['b', 'UPDATE t SET v = v + 1000'],
      ['b', 'INSERT INTO t VALUES (100, 1)'],
      ['a', 'SELECT sum(v) FROM t'],
      ['a', 'SELECT count(*) FROM t'],
      ['a', 'COMMIT'],
      ['a', 'SELECT sum(v) FROM t'],
    ],
  ],
  [
    'repeatable read refuses to change what has changed since',
    [
      ['a', 'BEGIN ISOLATION LEVEL REPEATABLE READ'],
      ['a', 'SELECT v FROM t WHERE id = 1'],
      ['b', 'UPDATE t SET v = 50 WHERE id = 1'],
      ['a', 'UPDATE t SET v = v + 1 WHERE id = 1'],
      ['a', 'SELECT 1'],
      ['a', 'ROLLBACK'],
    ],
  ],
  [
    'a second writer of a row waits, then works on the new value',
    [
      ['a', 'BEGIN'],
      ['a', 'UPDATE t SET v = v + 1 WHERE id = 1'],
      ['b', 'UPDATE t SET v = v + 10 WHERE id = 1'],
      ['a', 'COMMIT'],
      ['b', 'SELECT v FROM t WHERE id = 1'],
    ],
  ],
  [
    'a second writer looks at its condition again after waiting',
    [
      ['a', 'BEGIN'],
      ['a', 'UPDATE t SET v = 500 WHERE id = 1'],
      ['b', 'UPDATE t SET v = 0 WHERE v = 1'],
      ['a', 'COMMIT'],
      ['b', 'SELECT v FROM t WHERE id = 1'],
    ],
  ],
  [
    'a second writer goes on with the old value after a rollback',
    [
      ['a', 'BEGIN'],
      ['a', 'UPDATE t SET v = 77 WHERE id = 1'],
      ['b', 'UPDATE t SET v = v + 10 WHERE id = 1'],
      ['a', 'ROLLBACK'],
      ['b', 'SELECT v FROM t WHERE id = 1'],
    ],
  ],
  [
    'deleting a row that another has deleted',
    [
      ['a', 'BEGIN'],
      ['a', 'DELETE FROM t WHERE id = 1'],
      ['b', 'DELETE FROM t WHERE id = 1'],
      ['a', 'COMMIT'],
      ['b', 'SELECT count(*) FROM t'],
    ],
  ],
  [
    'writers of different rows do not wait',
    [
      ['a', 'BEGIN'],
      ['a', 'UPDATE t SET v = 77 WHERE id = 1'],
      ['b', 'BEGIN'],
      ['b', 'UPDATE t SET v = 88 WHERE id = 2'],
      ['b', 'INSERT INTO t VALUES (100, 1)'],
      ['b', 'COMMIT'],
      ['a', 'COMMIT'],
      ['a', 'SELECT id, v FROM t WHERE id IN (1, 2, 100) ORDER BY id'],
    ],
  ],
  [
    'readers never wait',
    [
      ['a', 'BEGIN'],
      ['a', 'UPDATE t SET v = v + 1'],
      ['b', 'SELECT sum(v) FROM t'],
      ['b', 'SELECT v FROM t WHERE id = 3'],
      ['a', 'COMMIT'],
      ['b', 'SELECT sum(v) FROM t'],
    ],
  ],
  [
    'a deadlock ends with 40P01 for one of the two',
    [
      ['a', 'BEGIN'],
      ['b', 'BEGIN'],
      ['a', 'UPDATE t SET v = 10 WHERE id = 1'],
      ['b', 'UPDATE t SET v = 20 WHERE id = 2'],
      ['a', 'UPDATE t SET v = 10 WHERE id = 2'],
      ['b', 'UPDATE t SET v = 20 WHERE id = 1'],
      ['a', 'COMMIT'],
      ['b', 'COMMIT'],
      ['a', 'SELECT count(*) FROM t WHERE v IN (10, 20)'],
    ],
  ],
  [
    'the same new key: the second waits, then fails or goes on',
    [
      ['a', 'BEGIN'],
      ['a', 'INSERT INTO t VALUES (100, 1)'],
      ['b', 'INSERT INTO t VALUES (100, 2)'],
      ['a', 'COMMIT'],
      ['a', 'BEGIN'],
      ['a', 'INSERT INTO t VALUES (101, 1)'],
      ['b', 'INSERT INTO t VALUES (101, 2)'],
      ['a', 'ROLLBACK'],
      ['b', 'SELECT id, v FROM t WHERE id >= 100 ORDER BY id'],
    ],
  ],
  [
    'ON CONFLICT waits for the other and then sees its row',
    [
      ['a', 'BEGIN'],
      ['a', 'INSERT INTO t VALUES (100, 1)'],
      ['b', 'INSERT INTO t VALUES (100, 2) ON CONFLICT (id) DO UPDATE SET v = t.v + excluded.v'],
      ['a', 'COMMIT'],
      ['b', 'SELECT v FROM t WHERE id = 100'],
    ],
  ],
  [
    'SELECT FOR UPDATE holds others off',
    [
      ['a', 'BEGIN'],
      ['a', 'SELECT v FROM t WHERE id = 1 FOR UPDATE'],
      ['b', 'UPDATE t SET v = 5 WHERE id = 1'],
      ['c', 'SELECT v FROM t WHERE id = 1'],
      ['a', 'COMMIT'],
      ['c', 'SELECT v FROM t WHERE id = 1'],
    ],
  ],
  [
    'FOR UPDATE NOWAIT and SKIP LOCKED',
    [
      ['a', 'BEGIN'],
      ['a', 'SELECT id FROM t WHERE id = 1 FOR UPDATE'],
      ['b', 'SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT'],
      ['b', 'SELECT id FROM t WHERE id IN (1, 2) ORDER BY id FOR UPDATE SKIP LOCKED'],
      ['a', 'COMMIT'],
      ['b', 'SELECT id FROM t WHERE id = 1 FOR UPDATE NOWAIT'],
    ],
  ],
  [
    'FOR SHARE lets others share, and holds writers off',
    [
      ['a', 'BEGIN'],
      ['a', 'SELECT id FROM t WHERE id = 1 FOR SHARE'],
      ['b', 'BEGIN'],
      ['b', 'SELECT id FROM t WHERE id = 1 FOR SHARE'],
      ['c', 'UPDATE t SET v = 0 WHERE id = 1'],
      ['a', 'COMMIT'],
      ['b', 'COMMIT'],
      ['c', 'SELECT v FROM t WHERE id = 1'],
    ],
  ],
  [
    'a savepoint that is rolled back gives its locks back',
    [
      ['a', 'BEGIN'],
      ['a', 'SAVEPOINT s'],
      ['a', 'UPDATE t SET v = 5 WHERE id = 1'],
      ['b', 'UPDATE t SET v = 6 WHERE id = 1'],
      ['a', 'ROLLBACK TO s'],
      ['b', 'SELECT v FROM t WHERE id = 1'],
      ['a', 'COMMIT'],
    ],
  ],
  [
    'lock_timeout ends a wait',
    [
      ['a', 'BEGIN'],
      ['a', 'UPDATE t SET v = 5 WHERE id = 1'],
      ['b', "SET lock_timeout = '100ms'"],
      ['b', 'UPDATE t SET v = 6 WHERE id = 1'],
      ['a', 'COMMIT'],
    ],
  ],
  [
    'a definition is not seen before it is committed',
    [
      ['a', 'BEGIN'],
      ['a', 'CREATE TABLE made (x int)'],
      ['b', 'SELECT * FROM made'],
      ['a', 'INSERT INTO made VALUES (1)'],
      ['a', 'COMMIT'],
      ['b', 'SELECT * FROM made'],
      ['b', 'DROP TABLE made'],
      ['a', 'SELECT * FROM made'],
    ],
  ],
  [
    'serializable finds write skew',
    [
      ['a', 'BEGIN ISOLATION LEVEL SERIALIZABLE'],
      ['b', 'BEGIN ISOLATION LEVEL SERIALIZABLE'],
      ['a', 'SELECT sum(v) FROM t WHERE id IN (1, 2)'],
      ['b', 'SELECT sum(v) FROM t WHERE id IN (1, 2)'],
      ['a', 'UPDATE t SET v = -1 WHERE id = 1'],
      ['b', 'UPDATE t SET v = -1 WHERE id = 2'],
      ['a', 'COMMIT'],
      ['b', 'COMMIT'],
    ],
  ],
  [
    'advisory locks',
    [
      ['a', 'SELECT pg_advisory_lock(7)'],
      ['b', 'SELECT pg_try_advisory_lock(7)'],
      ['b', 'SELECT pg_advisory_lock(7)'],
      ['a', 'SELECT pg_advisory_unlock(7)'],
      ['b', 'SELECT pg_advisory_unlock(7)'],
      ['b', 'SELECT pg_advisory_unlock(7)'],
    ],
  ],
];

for (const layout of ['reference', 'distributed'] as const) {
  describe(`sessions side by side, ${layout} tables`, function () {
    this.timeout(60_000);
    let oracle: Connection;
    let subject: Subject;
    let sides: readonly (readonly [pg.Client, string])[];

    before(async function () {
      oracle = await (await sharedPostgres(this)).createDatabase(`oracle_isolation_${layout}`);
      subject = await startSubject(this);
      const clause = layout === 'distributed' && !subject.isPostgres ? ' PARTITION BY HASH (id) WITH (shards = 4)' : '';
      sides = [
        [await connect(oracle), ''],
        [await connect(subject.connection), clause],
      ];
    });

    after(async () => {
      for (const [client] of sides ?? []) await client.end();
      await subject?.stop();
    });

    beforeEach(async () => {
      for (const [client, clause] of sides) {
        await textQuery(client, 'DROP TABLE IF EXISTS t');
        await textQuery(client, `CREATE TABLE t (id int PRIMARY KEY, v int)${clause}`);
        await textQuery(client, 'INSERT INTO t SELECT i, i FROM generate_series(1, 10) i');
      }
    });

    for (const [name, steps] of scenarios) {
      it(name, async () => {
        assert.deepEqual(await transcript(subject.connection, steps), await transcript(oracle, steps));
      });
    }
  });
}
