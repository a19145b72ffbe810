/** Two and three sessions at once: who sees what, who waits, who fails, as PostgreSQL 15 has it. Reference and distributed tables. */
import assert from 'node:assert/strict';
import pg from 'pg';
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

    let tables = 0;
    let table: string;

    // A new table for each test: one that leaves locks behind must not hang the next.
    beforeEach(async () => {
      table = `t${++tables}`;
      for (const [client, clause] of sides) {
        await textQuery(client, `CREATE TABLE ${table} (id int PRIMARY KEY, v int)${clause}`);
        await textQuery(client, `INSERT INTO ${table} SELECT i, i FROM generate_series(1, 10) i`);
      }
    });

    it('a deadlock ends with 40P01 for one of the two, and the other goes on at once', async () => {
      for (const [client] of sides) {
        const sessions = await Promise.all([1, 2].map(async () => await connect({ ...(client === sides[0]?.[0] ? oracle : subject.connection) }, 15_000)));
        try {
          const [a, b] = sessions as [pg.Client, pg.Client];
          await textQuery(a, 'BEGIN');
          await textQuery(b, 'BEGIN');
          await textQuery(a, `UPDATE ${table} SET v = 10 WHERE id = 1`);
          await textQuery(b, `UPDATE ${table} SET v = 20 WHERE id = 2`);
          const outcomes = await Promise.allSettled([
            textQuery(a, `UPDATE ${table} SET v = 10 WHERE id = 2`),
            textQuery(b, `UPDATE ${table} SET v = 20 WHERE id = 1`),
          ]);
          const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as unknown] : []));
          assert.deepEqual(
            failures.map((failure) => (failure instanceof pg.DatabaseError ? failure.code : String(failure))),
            ['40P01'],
            "one fails, and its locks are free although it hasn't rolled back yet",
          );
          for (const session of sessions) await textQuery(session, 'COMMIT');
          assert.equal((await textQuery(client, `SELECT count(*) FROM ${table} WHERE id IN (1, 2) AND v IN (10, 20)`)).rows[0]?.[0], '2');
        } finally {
          for (const session of sessions) void session.end().catch(() => undefined);
        }
      }
    });

    it('a row that an exclusion constraint may keep out waits for the one in its way, and for its deletion', async () => {
      const [a, b] = await Promise.all([connect(subject.connection), connect(subject.connection)]);
      const ranges = `${table}_ranges`;
      await textQuery(a, `CREATE TABLE ${ranges} (r int4range, EXCLUDE USING gist (r WITH &&))`);
      const outcome = async (first: string, second: string, end: string): Promise<string> => {
        await textQuery(a, 'BEGIN');
        await textQuery(a, first);
        const answer = textQuery(b, second).then(
          () => 'done',
          (error: unknown) => (error as pg.DatabaseError).code ?? 'no code',
        );
        await textQuery(a, 'SELECT 1');
        await textQuery(a, end);
        return await answer;
      };
      const insert = (range: string): string => `INSERT INTO ${ranges} VALUES ('${range}')`;
      assert.equal(await outcome(insert('[1,5)'), insert('[4,6)'), 'COMMIT'), '23P01');
      assert.equal(await outcome(insert('[11,15)'), insert('[14,16)'), 'ROLLBACK'), 'done');
      assert.equal(await outcome(`DELETE FROM ${ranges} WHERE r = '[1,5)'`, insert('[2,3)'), 'COMMIT'), 'done');
      assert.equal(await outcome(`UPDATE ${ranges} SET r = '[21,22)' WHERE r = '[2,3)'`, insert('[21,25)'), 'COMMIT'), '23P01');
      await textQuery(a, `DROP TABLE ${ranges}`);
      await Promise.all([a.end(), b.end()]);
    });

    it('serializable transactions do not both write what the other has read', async () => {
      const sessions = await Promise.all([1, 2].map(async () => await connect(subject.connection, 15_000)));
      try {
        for (const session of sessions) await textQuery(session, 'BEGIN ISOLATION LEVEL SERIALIZABLE');
        for (const session of sessions) await textQuery(session, `SELECT sum(v) FROM ${table} WHERE id IN (1, 2)`);
        const outcomes = await Promise.allSettled(
          sessions.map(async (session, index) => {
            await textQuery(session, `UPDATE ${table} SET v = -1 WHERE id = ${index + 1}`);
            await textQuery(session, 'COMMIT');
          }),
        );
        const codes = outcomes.map((outcome) =>
          outcome.status === 'fulfilled' ? 'committed' : outcome.reason instanceof pg.DatabaseError ? outcome.reason.code : String(outcome.reason),
        );
        assert.deepEqual(codes.sort(), ['40001', 'committed']);
      } finally {
        for (const session of sessions) void session.end().catch(() => undefined);
      }
    });

    it('a session that leaves while it waits, and one that leaves with a transaction open, hold nobody up', async () => {
      const [holder, waiter] = await Promise.all([connect(subject.connection), connect(subject.connection)]);
      await textQuery(holder, 'BEGIN');
      await textQuery(holder, `UPDATE ${table} SET v = 10 WHERE id = 1`);
      const waiting = textQuery(waiter, `UPDATE ${table} SET v = 20 WHERE id = 1`).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 200));
      void waiter.end().catch(() => undefined);
      await waiting;
      await holder.end();
      const next = await connect(subject.connection, 10_000);
      assert.equal((await textQuery(next, `UPDATE ${table} SET v = v + 1 WHERE id = 1`)).rowCount, 1);
      await next.end();
    });

    it('a TRUNCATE that changes no definition does not tie the transaction to the definitions of its time', async () => {
      const [one, other] = await Promise.all([connect(subject.connection), connect(subject.connection)]);
      const parted = `${table}_parted`;
      await textQuery(one, `CREATE TABLE ${parted} (id int) PARTITION BY RANGE (id)`);
      await textQuery(one, `CREATE TABLE ${parted}_low PARTITION OF ${parted} FOR VALUES FROM (0) TO (10)`);
      await textQuery(one, 'BEGIN');
      await textQuery(one, `TRUNCATE ONLY ${parted}_low`);
      await textQuery(other, `CREATE TABLE ${table}_meanwhile (id int)`);
      assert.equal((await textQuery(one, `INSERT INTO ${parted} VALUES (1)`)).rowCount, 1);
      await textQuery(one, 'COMMIT');
      await textQuery(one, `DROP TABLE ${parted}, ${table}_meanwhile`);
      await Promise.all([one.end(), other.end()]);
    });

    for (const [name, steps] of scenarios) {
      it(name, async () => {
        const named = steps.map(([session, sql]): Step => [session, sql.replace(/\bt\b/g, table)]);
        assert.deepEqual(await transcript(subject.connection, named), await transcript(oracle, named));
      });
    }
  });
}
