/**
 * Locks, step by step as PostgreSQL 15 has them: the conflict matrix of row locks, NOWAIT and SKIP LOCKED, foreign keys and unique keys between transactions,
 * timeouts of waits, deadlocks, advisory locks, and what an idle transaction holds up. Rows in reference tables and on several shards.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import type { Connection } from '../support/connection.js';
import { outcomes, type Step, transcript } from '../support/isolation.js';
import { sharedPostgres } from '../support/postgres.js';
import { connect, startSubject, type Subject, textQuery } from '../support/subject.js';

interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
  /** Lines that are different from PostgreSQL's, and why that is right. */
  readonly differs?: { readonly why: string; readonly lines: readonly (readonly [postgres: string, shoal: string])[] };
}

function scenario(name: string, text: string, differs?: Scenario['differs']): Scenario {
  const steps = text
    .split(';')
    .map((step) => step.trim())
    .filter((step) => step !== '')
    .map((step): Step => {
      const [, session, sql] = /^(\w): (.*)$/s.exec(step) as unknown as [string, string, string];
      return [session, sql];
    });
  return { name, steps, ...(differs === undefined ? {} : { differs }) };
}

/** A file that both servers can read: `COPY t FROM`. */
const copyDirectory = mkdtempSync(join(tmpdir(), 'shoal-locks-'), { encoding: 'utf8' });
chmodSync(copyDirectory, 0o755);
const copyFile = join(copyDirectory, 'rows');
writeFileSync(copyFile, '100\t1\n101\t1\n', { mode: 0o644 });

const strengths = ['FOR UPDATE', 'FOR NO KEY UPDATE', 'FOR SHARE', 'FOR KEY SHARE'] as const;

/** What takes a lock on row 1: locking reads, and writes. */
const takers: readonly (readonly [string, string])[] = [
  ...strengths.map((strength) => [strength, `SELECT v FROM t WHERE id = 1 ${strength}`] as const),
  ['an update', 'UPDATE t SET v = v + 1 WHERE id = 1'],
  ['an update of the key', 'UPDATE t SET id = 77 WHERE id = 1'],
  ['a deletion', 'DELETE FROM t WHERE id = 1'],
  ["a child's insertion", 'INSERT INTO c VALUES (50, 1)'],
];

const scenarios: readonly Scenario[] = [
  ...takers.map(([name, sql]) =>
    scenario(
      `${name} against each locking read`,
      `a: BEGIN; a: ${sql}; ${strengths.map((strength) => `b: SELECT v FROM t WHERE id = 1 ${strength} NOWAIT`).join('; ')};
       ${strengths.map((strength) => `b: SELECT id FROM t WHERE id IN (1, 2) ORDER BY id ${strength} SKIP LOCKED`).join('; ')}; a: COMMIT; b: SELECT id, v FROM t WHERE id <= 2 ORDER BY id`,
    ),
  ),
  ...strengths.map((strength) =>
    scenario(
      `${strength} against writes`,
      `a: BEGIN; a: SELECT v FROM t WHERE id = 1 ${strength}; b: SET lock_timeout = '60ms'; b: UPDATE t SET v = v + 1 WHERE id = 1; b: UPDATE t SET id = 77 WHERE id = 1;
       b: UPDATE t SET id = 1 WHERE id = 77; b: DELETE FROM c WHERE t = 1; b: DELETE FROM t WHERE id = 1; b: INSERT INTO c VALUES (51, 1); b: UPDATE c SET t = 1 WHERE t = 2;
       a: COMMIT; b: SELECT id, v FROM t WHERE id <= 2 ORDER BY id; b: SELECT id, t FROM c ORDER BY id`,
    ),
  ),
  scenario(
    'locking reads wait and then see the new row',
    `a: BEGIN; a: UPDATE t SET v = 100 WHERE id = 1; b: SELECT v FROM t WHERE id = 1 FOR UPDATE; a: COMMIT; b: SELECT v FROM t WHERE id = 1`,
  ),
  scenario(
    'a locking read whose row goes away or does not match any more',
    `a: BEGIN; a: UPDATE t SET v = 100 WHERE id = 1; a: DELETE FROM t WHERE id = 3; b: SELECT id, v FROM t WHERE id <= 3 AND v < 50 ORDER BY id FOR UPDATE; a: COMMIT`,
  ),
  scenario(
    'a lock is given back by a rollback to a savepoint, and by the end',
    `a: BEGIN; a: SELECT v FROM t WHERE id = 2 FOR UPDATE; a: SAVEPOINT s; a: SELECT v FROM t WHERE id = 1 FOR UPDATE; b: SELECT v FROM t WHERE id = 1 FOR UPDATE;
     a: ROLLBACK TO s; b: SELECT v FROM t WHERE id = 2 FOR UPDATE NOWAIT; a: ROLLBACK; b: SELECT v FROM t WHERE id = 2 FOR UPDATE NOWAIT`,
  ),
  scenario(
    'a stronger lock within a savepoint falls back to the weaker',
    `a: BEGIN; a: SELECT v FROM t WHERE id = 1 FOR KEY SHARE; a: SAVEPOINT s; a: SELECT v FROM t WHERE id = 1 FOR UPDATE; b: SELECT v FROM t WHERE id = 1 FOR SHARE;
     a: ROLLBACK TO s; b: SELECT v FROM t WHERE id = 1 FOR NO KEY UPDATE NOWAIT; b: SELECT v FROM t WHERE id = 1 FOR UPDATE NOWAIT; a: COMMIT`,
  ),
  scenario(
    'an upgrade waits for the other who shares',
    `a: BEGIN; b: BEGIN; a: SELECT v FROM t WHERE id = 1 FOR SHARE; b: SELECT v FROM t WHERE id = 1 FOR SHARE; a: UPDATE t SET v = 5 WHERE id = 1; b: COMMIT;
     a: COMMIT; b: SELECT v FROM t WHERE id = 1`,
  ),
  scenario(
    'SKIP LOCKED as a queue',
    `a: BEGIN; b: BEGIN; c: BEGIN; a: DELETE FROM t WHERE id = (SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id;
     b: DELETE FROM t WHERE id = (SELECT id FROM t ORDER BY id FOR UPDATE SKIP LOCKED LIMIT 1) RETURNING id; a: ROLLBACK;
     c: SELECT id FROM t ORDER BY id LIMIT 2 FOR UPDATE SKIP LOCKED; b: COMMIT; c: COMMIT; a: SELECT count(*) FROM t`,
  ),
  // Foreign keys
  scenario(
    "a child's insertion holds off the parent's deletion",
    `a: BEGIN; a: INSERT INTO c VALUES (50, 5); b: DELETE FROM t WHERE id = 5; a: COMMIT; b: SELECT count(*) FROM t WHERE id = 5`,
  ),
  scenario(
    "a child's insertion that is rolled back lets the parent go",
    `a: BEGIN; a: INSERT INTO c VALUES (50, 5); b: DELETE FROM t WHERE id = 5; a: ROLLBACK; b: SELECT count(*) FROM t WHERE id = 5`,
  ),
  scenario(
    "a parent's deletion holds off a child's insertion",
    `a: BEGIN; a: DELETE FROM t WHERE id = 5; b: INSERT INTO c VALUES (50, 5); a: COMMIT; b: SELECT count(*) FROM c WHERE t = 5`,
  ),
  scenario(
    "a parent's deletion that is rolled back lets the child in",
    `a: BEGIN; a: DELETE FROM t WHERE id = 5; b: INSERT INTO c VALUES (50, 5); a: ROLLBACK; b: SELECT count(*) FROM c WHERE t = 5`,
  ),
  scenario(
    "a parent's new key and children",
    `a: BEGIN; a: UPDATE t SET id = 55 WHERE id = 5; b: INSERT INTO c VALUES (50, 5); a: COMMIT; b: INSERT INTO c VALUES (51, 55); b: SELECT id, t FROM c ORDER BY id`,
  ),
  scenario(
    'an update beside the key does not hold off children',
    `a: BEGIN; a: UPDATE t SET v = 0 WHERE id = 5; b: INSERT INTO c VALUES (50, 5); b: BEGIN; b: INSERT INTO c VALUES (51, 5); a: UPDATE t SET v = 1 WHERE id = 5; a: COMMIT; b: COMMIT;
     a: SELECT count(*) FROM c WHERE t = 5`,
  ),
  scenario(
    'a parent that is not committed yet is none',
    `a: BEGIN; a: INSERT INTO t VALUES (60, 6); b: INSERT INTO c VALUES (50, 60); a: COMMIT; b: INSERT INTO c VALUES (50, 60)`,
  ),
  scenario(
    'two children of one parent do not wait',
    `a: BEGIN; b: BEGIN; a: INSERT INTO c VALUES (50, 5); b: INSERT INTO c VALUES (51, 5); b: COMMIT; a: COMMIT; a: SELECT id FROM c WHERE t = 5 ORDER BY id`,
  ),
  scenario(
    'ON DELETE CASCADE waits for a row that another has changed',
    `a: BEGIN; a: UPDATE k SET v = 9 WHERE id = 1; b: DELETE FROM t WHERE id = 9; a: COMMIT; b: SELECT count(*) FROM k`,
  ),
  scenario(
    'ON DELETE CASCADE and a child that comes meanwhile',
    `a: BEGIN; a: DELETE FROM t WHERE id = 9; b: INSERT INTO k VALUES (7, 9, 0); a: COMMIT; b: SELECT count(*) FROM k`,
  ),
  // Unique keys
  scenario(
    'two insertions of one key, the first commits',
    `a: BEGIN; a: INSERT INTO t VALUES (100, 1); b: INSERT INTO t VALUES (100, 2); a: COMMIT; b: SELECT id, v FROM t WHERE id = 100`,
  ),
  scenario(
    'two insertions of one key, the first rolls back',
    `a: BEGIN; a: INSERT INTO t VALUES (100, 1); b: INSERT INTO t VALUES (100, 2); a: ROLLBACK; b: SELECT id, v FROM t WHERE id = 100`,
  ),
  scenario(
    // (With two waiting at once the scheduler would say which of them has the key.)
    'three insertions of one key',
    `a: BEGIN; a: INSERT INTO t VALUES (100, 1); b: BEGIN; b: INSERT INTO t VALUES (100, 2); a: ROLLBACK; c: INSERT INTO t VALUES (100, 3) ON CONFLICT DO NOTHING; b: COMMIT;
     c: SELECT id, v FROM t WHERE id = 100`,
  ),
  scenario(
    'a key that another deletes: insertion waits, and has it when the deletion commits',
    `a: BEGIN; a: DELETE FROM t WHERE id = 5; b: INSERT INTO t VALUES (5, 2); a: COMMIT; b: SELECT id, v FROM t WHERE id = 5`,
  ),
  scenario(
    'a key that another deletes: insertion fails when the deletion is rolled back',
    `a: BEGIN; a: DELETE FROM t WHERE id = 5; b: INSERT INTO t VALUES (5, 2); a: ROLLBACK; b: SELECT id, v FROM t WHERE id = 5`,
  ),
  scenario(
    'keys that change hands',
    `a: BEGIN; a: UPDATE t SET id = 105 WHERE id = 5; b: UPDATE t SET id = 5 WHERE id = 6; c: INSERT INTO t VALUES (105, 0) ON CONFLICT DO NOTHING; a: COMMIT;
     b: SELECT id FROM t WHERE id IN (5, 6, 105) ORDER BY id`,
  ),
  scenario(
    'a key inserted within a savepoint that is rolled back',
    `a: BEGIN; a: SAVEPOINT s; a: INSERT INTO t VALUES (100, 1); b: INSERT INTO t VALUES (100, 2); a: ROLLBACK TO s; a: COMMIT; b: SELECT id, v FROM t WHERE id = 100`,
  ),
  scenario(
    'ON CONFLICT DO UPDATE counts both',
    `a: BEGIN; a: INSERT INTO t VALUES (100, 1) ON CONFLICT (id) DO UPDATE SET v = t.v + 1; b: INSERT INTO t VALUES (100, 1) ON CONFLICT (id) DO UPDATE SET v = t.v + 1; a: COMMIT;
     b: SELECT v FROM t WHERE id = 100`,
  ),
  // Timeouts
  scenario(
    'lock_timeout',
    `a: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; b: BEGIN; b: SET LOCAL lock_timeout = '50ms'; b: UPDATE t SET v = 1 WHERE id = 1; b: SELECT 1; b: ROLLBACK; b: BEGIN;
     b: SET LOCAL lock_timeout = '50ms'; b: INSERT INTO c VALUES (50, 1); b: SELECT v FROM t WHERE id = 1 FOR SHARE; b: ROLLBACK; a: COMMIT`,
  ),
  scenario(
    'COPY waits for a key that another has inserted, and lock_timeout ends that',
    `a: BEGIN; a: INSERT INTO t VALUES (101, 5); b: SET lock_timeout = '60ms'; b: COPY t FROM '${copyFile}'; b: SET lock_timeout = 0; b: COPY t FROM '${copyFile}'; a: ROLLBACK;
     b: SELECT id, v FROM t WHERE id >= 100 ORDER BY id`,
  ),
  scenario(
    'lock_timeout after which a savepoint goes on',
    `a: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; b: BEGIN; b: SET LOCAL lock_timeout = '50ms'; b: UPDATE t SET v = 2 WHERE id = 2; b: SAVEPOINT s; b: UPDATE t SET v = 1 WHERE id = 1;
     b: ROLLBACK TO s; b: COMMIT; a: COMMIT; a: SELECT id, v FROM t WHERE id <= 2 ORDER BY id`,
  ),
  scenario(
    'statement_timeout while it waits',
    `a: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; b: SET statement_timeout = '80ms'; b: UPDATE t SET v = 1 WHERE id = 1; b: SELECT v FROM t WHERE id = 1 FOR UPDATE;
     b: INSERT INTO t VALUES (100, 1); a: ROLLBACK; b: UPDATE t SET v = 1 WHERE id = 1`,
  ),
  scenario(
    'lock_timeout and statement_timeout of advisory locks',
    `a: SELECT pg_advisory_lock(71); b: SET lock_timeout = '50ms'; b: SELECT pg_advisory_lock(71); b: SET lock_timeout = 0; b: SET statement_timeout = '50ms'; b: SELECT pg_advisory_lock(71);
     a: SELECT pg_advisory_unlock(71); b: SELECT pg_try_advisory_lock(71); b: SELECT pg_advisory_unlock(71)`,
  ),
  // Who is held up
  scenario(
    'an idle transaction holds up those who want its rows only',
    `a: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; b: UPDATE t SET v = 2 WHERE id = 2; b: INSERT INTO t VALUES (100, 1); b: DELETE FROM t WHERE id = 3; b: SELECT count(*) FROM t;
     b: UPDATE t SET v = 5 WHERE id = 1; c: UPDATE t SET v = 4 WHERE id = 4; c: SELECT v FROM t WHERE id = 1; c: CREATE TABLE other_t (x int); c: DROP TABLE other_t; a: COMMIT;
     b: SELECT v FROM t WHERE id = 1`,
  ),
  scenario(
    'definitions wait for those who use the table',
    `a: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; b: SET lock_timeout = '60ms'; b: ALTER TABLE t ADD COLUMN w int; b: DROP TABLE t CASCADE; a: COMMIT; b: ALTER TABLE t ADD COLUMN w int;
     b: SELECT * FROM t WHERE id = 1`,
  ),
  scenario(
    // (Which of them is first, is a race in PostgreSQL, too: both look for the newest row when the first transaction ends.)
    'waiters go on one after another, each on what the other has left',
    `a: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; b: UPDATE t SET v = v + 1 WHERE id = 1; c: UPDATE t SET v = v + 2 WHERE id = 1; a: COMMIT; a: SELECT v FROM t WHERE id = 1`,
  ),
  scenario(
    'a failed transaction gives its locks back although nobody has rolled it back',
    `a: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; a: SELECT 1 / 0; b: UPDATE t SET v = 5 WHERE id = 1; a: COMMIT; b: SELECT v FROM t WHERE id = 1`,
  ),
  // Advisory locks
  scenario(
    'advisory locks of sessions and of transactions',
    `a: SELECT pg_advisory_lock(7); a: SELECT pg_advisory_lock(7); b: SELECT pg_try_advisory_lock(7); b: SELECT pg_try_advisory_lock_shared(7); a: BEGIN; a: SELECT pg_advisory_xact_lock(7);
     a: SELECT pg_advisory_unlock(7); a: SELECT pg_advisory_unlock(7); a: SELECT pg_advisory_unlock(7); b: SELECT pg_try_advisory_lock(7); a: COMMIT; b: SELECT pg_try_advisory_lock(7);
     a: SELECT pg_try_advisory_xact_lock(7); b: SELECT pg_advisory_unlock(7); a: SELECT pg_try_advisory_xact_lock(7)`,
  ),
  scenario(
    'shared advisory locks',
    `a: SELECT pg_advisory_lock_shared(8); b: SELECT pg_advisory_lock_shared(8); c: SELECT pg_advisory_lock(8); a: SELECT pg_advisory_unlock_shared(8); b: SELECT pg_advisory_unlock_shared(8);
     a: SELECT pg_try_advisory_lock_shared(8); c: SELECT pg_advisory_unlock(8)`,
  ),
  scenario(
    'an advisory lock of a transaction goes with its savepoint',
    `a: BEGIN; a: SAVEPOINT s; a: SELECT pg_advisory_xact_lock(9); b: SELECT pg_try_advisory_lock(9); a: ROLLBACK TO s; b: SELECT pg_try_advisory_lock(9); a: COMMIT; b: SELECT pg_advisory_unlock_all()`,
  ),
];

/** Deadlocks: one of the sessions gets 40P01, the others go on and commit. Which one is not laid down. */
const deadlocks: readonly (readonly [string, readonly Step[]])[] = (
  [
    [
      'of two updates',
      'a: BEGIN; b: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; b: UPDATE t SET v = 0 WHERE id = 2; a: UPDATE t SET v = 1 WHERE id = 2; b: UPDATE t SET v = 1 WHERE id = 1; a: COMMIT; b: COMMIT',
    ],
    [
      'of three updates',
      `a: BEGIN; b: BEGIN; c: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; b: UPDATE t SET v = 0 WHERE id = 2; c: UPDATE t SET v = 0 WHERE id = 3; a: UPDATE t SET v = 1 WHERE id = 2;
       b: UPDATE t SET v = 1 WHERE id = 3; c: UPDATE t SET v = 1 WHERE id = 1; a: COMMIT; b: COMMIT; c: COMMIT`,
    ],
    [
      'of two who share and want more',
      'a: BEGIN; b: BEGIN; a: SELECT v FROM t WHERE id = 1 FOR SHARE; b: SELECT v FROM t WHERE id = 1 FOR SHARE; a: UPDATE t SET v = 1 WHERE id = 1; b: UPDATE t SET v = 2 WHERE id = 1; a: COMMIT; b: COMMIT',
    ],
    [
      'of one who waits for two at once',
      `c: BEGIN; a: BEGIN; b: BEGIN; c: UPDATE t SET v = 0 WHERE id = 2; a: SELECT v FROM t WHERE id = 1 FOR SHARE; b: SELECT v FROM t WHERE id = 1 FOR SHARE; a: UPDATE t SET v = 1 WHERE id = 2;
       b: UPDATE t SET v = 2 WHERE id = 2; c: UPDATE t SET v = 3 WHERE id = 1; a: COMMIT; b: COMMIT; c: COMMIT`,
    ],
    [
      'over unique keys',
      'a: BEGIN; b: BEGIN; a: INSERT INTO t VALUES (101, 0); b: INSERT INTO t VALUES (102, 0); a: INSERT INTO t VALUES (102, 0); b: INSERT INTO t VALUES (101, 0); a: COMMIT; b: COMMIT',
    ],
    [
      'over foreign keys',
      'a: BEGIN; b: BEGIN; a: INSERT INTO c VALUES (51, 5); b: INSERT INTO c VALUES (52, 6); a: DELETE FROM t WHERE id = 6; b: DELETE FROM t WHERE id = 5; a: COMMIT; b: COMMIT',
    ],
    [
      'over advisory locks of transactions',
      'a: BEGIN; b: BEGIN; a: SELECT pg_advisory_xact_lock(31); b: SELECT pg_advisory_xact_lock(32); a: SELECT pg_advisory_xact_lock(32); b: SELECT pg_advisory_xact_lock(31); a: COMMIT; b: COMMIT',
    ],
    [
      'over advisory locks of sessions',
      'a: SELECT pg_advisory_lock(33); b: SELECT pg_advisory_lock(34); a: SELECT pg_advisory_lock(34); b: SELECT pg_advisory_lock(33); a: SELECT pg_advisory_unlock_all(); b: SELECT pg_advisory_unlock_all()',
    ],
    [
      "over a row and a session's advisory lock",
      'a: BEGIN; b: BEGIN; a: SELECT pg_advisory_lock(35); b: UPDATE t SET v = 0 WHERE id = 1; a: UPDATE t SET v = 1 WHERE id = 1; b: SELECT pg_advisory_lock(35); a: COMMIT; b: COMMIT; a: SELECT pg_advisory_unlock_all(); b: SELECT pg_advisory_unlock_all()',
    ],
    [
      'over a row and a definition',
      'a: BEGIN; b: BEGIN; a: UPDATE t SET v = 0 WHERE id = 1; b: UPDATE c SET t = 2 WHERE id = 1; a: ALTER TABLE c ADD COLUMN w int; b: UPDATE t SET v = 1 WHERE id = 1; a: COMMIT; b: COMMIT',
    ],
  ] as const
).map(([name, text]) => [name, scenario(name, text).steps]);

const layouts = [
  ['reference tables', ''],
  ['several shards', ' PARTITION BY HASH (id) WITH (shards = 8)'],
] as const;

describe('locks', function () {
  this.timeout(90_000);
  let oracle: Connection;
  let subject: Subject;
  let asked: pg.Client;
  let served: pg.Client;
  let number = 0;
  let made: string[] = [];

  before(async function () {
    oracle = await (await sharedPostgres(this)).createDatabase('oracle_locks');
    subject = await startSubject(this);
    asked = await connect(oracle);
    await textQuery(asked, "ALTER DATABASE oracle_locks SET deadlock_timeout = '200ms'");
    served = await connect(subject.connection);
  });

  after(async () => {
    // Other tests show what is set.
    if (asked !== undefined) await textQuery(asked, 'ALTER DATABASE oracle_locks RESET deadlock_timeout');
    await asked?.end();
    await served?.end();
    await subject?.stop();
    rmSync(copyDirectory, { recursive: true, force: true });
  });

  afterEach(async () => {
    for (const table of made) await textQuery(served, `DROP TABLE IF EXISTS ${table}`);
    made = [];
  });

  /** t: rows 1 to 10; c: its child; k: its child with CASCADE. The number stands for their names. */
  async function createTables(client: pg.Client, clause: string): Promise<number> {
    const at = ++number;
    if (client === served) made = [`k${at}`, `c${at}`, `t${at}`];
    await textQuery(client, `CREATE TABLE t${at} (id int PRIMARY KEY, v int)${clause}`);
    await textQuery(client, `CREATE TABLE c${at} (id int PRIMARY KEY, t int REFERENCES t${at} (id))${clause}`);
    await textQuery(client, `CREATE TABLE k${at} (id int PRIMARY KEY, t int REFERENCES t${at} (id) ON DELETE CASCADE, v int)${clause}`);
    await textQuery(client, `INSERT INTO t${at} SELECT i, i FROM generate_series(1, 10) i`);
    await textQuery(client, `INSERT INTO c${at} VALUES (1, 1), (2, 2)`);
    await textQuery(client, `INSERT INTO k${at} VALUES (1, 9, 0)`);
    return at;
  }

  const named = (text: string, at: number): string => text.replace(/\b(FROM|INTO|UPDATE|TABLE|COPY) ([tck])\b/g, `$1 $2${at}`).replace(/\bt\.v\b/g, `t${at}.v`);
  const steps = (all: readonly Step[], at: number): readonly Step[] => all.map(([session, sql]) => [session, named(sql, at)]);
  const plain = (lines: readonly string[], at: number): string[] => lines.map((line) => line.replace(new RegExp(`([tck])${at}(?![0-9])`, 'g'), '$1'));

  const expected = new Map<string, Promise<string[]>>();
  async function ofPostgres({ name, steps: all }: Scenario): Promise<string[]> {
    const known = expected.get(name) ?? createTables(asked, '').then(async (at) => plain(await transcript(oracle, steps(all, at)), at));
    expected.set(name, known);
    return await known;
  }

  const ends = new Map<string, Promise<readonly string[]>>();
  /** How the sessions have fared, without who is who. */
  async function endsOn(client: pg.Client, connection: Connection, clause: string, all: readonly Step[]): Promise<readonly string[]> {
    const at = await createTables(client, clause);
    const results = await outcomes(connection, steps(all, at));
    const codes = [...results.values()].map((session) => session.flatMap(([, outcome]) => /^(\d\d[0-9A-Z]{3}) /.exec(outcome)?.[1] ?? []));
    // (Behind its end, the one that has failed may be told 25P02.)
    return codes.map((session) => session.find((code) => code !== '25P02') ?? 'well').sort();
  }

  for (const [layout, clause] of layouts) {
    describe(layout, () => {
      for (const each of scenarios) {
        it(each.name, async () => {
          let wanted = await ofPostgres(each);
          if (each.differs !== undefined && !subject.isPostgres) {
            for (const [line] of each.differs.lines) assert.ok(wanted.includes(line), `PostgreSQL says ${line}`);
            const changed = new Map(each.differs.lines);
            wanted = wanted.map((line) => changed.get(line) ?? line);
          }
          const at = await createTables(served, subject.isPostgres ? '' : clause);
          const guide = wanted.map((line) => named(line, at));
          assert.deepEqual(plain(await transcript(subject.connection, steps(each.steps, at), guide), at), wanted);
        });
      }

      for (const [name, all] of deadlocks) {
        it(`a deadlock ${name} ends with 40P01 for one, and the others go on`, async () => {
          const wanted = ends.get(name) ?? endsOn(asked, oracle, '', all);
          ends.set(name, wanted);
          assert.deepEqual(await endsOn(served, subject.connection, subject.isPostgres ? '' : clause, all), await wanted);
        });
      }
    });
  }
});
