/**
 * The Hermitage list (Kleppmann; after Adya, Liskov and O'Neil): every anomaly at every isolation level, with the rows on one shard, on several, and in reference tables.
 * READ COMMITTED and REPEATABLE READ: step by step what PostgreSQL 15 does. SERIALIZABLE: Shoal's table locks wait elsewhere than PostgreSQL's
 * predicate locks fail, so what is compared is the result: whatever has committed must be what some order of the transactions, one after another, gives on PostgreSQL.
 */
import assert from 'node:assert/strict';
import type pg from 'pg';
import type { Connection } from '../support/connection.js';
import { outcomes, type Step, transcript } from '../support/isolation.js';
import { sharedPostgres } from '../support/postgres.js';
import { connect, startSubject, type Subject, textQuery } from '../support/subject.js';

/** BEGIN gets the level. `differs`: why READ COMMITTED gives another answer than PostgreSQL's, and the lines that it gives instead. */
interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly differs?: { readonly level: Level; readonly why: string; readonly lines: readonly (readonly [postgres: string, shoal: string])[] };
}

type Level = 'READ COMMITTED' | 'REPEATABLE READ' | 'SERIALIZABLE';

/** `a: SELECT ...; b: COMMIT` as steps. */
function script(text: string): readonly Step[] {
  return text
    .split(';')
    .map((step) => step.trim())
    .filter((step) => step !== '')
    .map((step): Step => {
      const [, session, sql] = /^(\w): (.*)$/s.exec(step) as unknown as [string, string, string];
      return [session, sql];
    });
}

const scenarios: readonly Scenario[] = [
  {
    name: 'G0, write cycles',
    steps: script(`a: BEGIN; b: BEGIN; a: UPDATE t SET v = 11 WHERE id = 1; b: UPDATE t SET v = 12 WHERE id = 1; a: UPDATE t SET v = 21 WHERE id = 2; a: COMMIT;
      a: SELECT id, v FROM t ORDER BY id; b: UPDATE t SET v = 22 WHERE id = 2; b: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'G1a, aborted reads',
    steps: script(
      `a: BEGIN; b: BEGIN; a: UPDATE t SET v = 101 WHERE id = 1; b: SELECT id, v FROM t ORDER BY id; a: ROLLBACK; b: SELECT id, v FROM t ORDER BY id; b: COMMIT`,
    ),
  },
  {
    name: 'G1b, intermediate reads',
    steps: script(`a: BEGIN; b: BEGIN; a: UPDATE t SET v = 101 WHERE id = 1; b: SELECT id, v FROM t ORDER BY id; a: UPDATE t SET v = 11 WHERE id = 1; a: COMMIT;
      b: SELECT id, v FROM t ORDER BY id; b: COMMIT`),
  },
  {
    name: 'G1c, circular information flow',
    steps:
      script(`a: BEGIN; b: BEGIN; a: UPDATE t SET v = 11 WHERE id = 1; b: UPDATE t SET v = 22 WHERE id = 2; a: SELECT v FROM t WHERE id = 2; b: SELECT v FROM t WHERE id = 1;
      a: COMMIT; b: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'OTV, observed transaction vanishes',
    steps:
      script(`a: BEGIN; b: BEGIN; c: BEGIN; a: UPDATE t SET v = 11 WHERE id = 1; a: UPDATE t SET v = 19 WHERE id = 2; b: UPDATE t SET v = 12 WHERE id = 1; a: COMMIT;
      c: SELECT v FROM t WHERE id = 1; b: UPDATE t SET v = 18 WHERE id = 2; c: SELECT v FROM t WHERE id = 2; b: COMMIT; c: SELECT v FROM t WHERE id = 2;
      c: SELECT v FROM t WHERE id = 1; c: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'PMP, predicate-many-preceders, of a read',
    steps:
      script(`a: BEGIN; b: BEGIN; a: SELECT id FROM t WHERE v = 30; b: INSERT INTO t VALUES (3, 30); b: COMMIT; a: SELECT id FROM t WHERE v % 3 = 0; a: COMMIT;
      b: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'PMP of a write',
    steps: script(`a: BEGIN; b: BEGIN; a: UPDATE t SET v = v + 10; b: DELETE FROM t WHERE v = 20; a: COMMIT; b: SELECT id, v FROM t WHERE v = 20; b: COMMIT;
      b: SELECT id, v FROM t ORDER BY id`),
    differs: {
      level: 'READ COMMITTED',
      why: 'a statement that has waited runs again as a whole, on the new state; PostgreSQL looks again at the rows that it had found only, and misses those that match now',
      lines: [
        ['b goes on: DELETE FROM t WHERE v = 20: DELETE 0', 'b goes on: DELETE FROM t WHERE v = 20: DELETE 1'],
        ['b: SELECT id, v FROM t WHERE v = 20: (1, 20)', 'b: SELECT id, v FROM t WHERE v = 20: SELECT 0'],
        ['b: SELECT id, v FROM t ORDER BY id: (1, 20) (2, 30)', 'b: SELECT id, v FROM t ORDER BY id: (2, 30)'],
      ],
    },
  },
  {
    name: 'P4, lost update',
    steps:
      script(`a: BEGIN; b: BEGIN; a: SELECT v FROM t WHERE id = 1; b: SELECT v FROM t WHERE id = 1; a: UPDATE t SET v = 11 WHERE id = 1; b: UPDATE t SET v = 11 WHERE id = 1;
      a: COMMIT; b: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'P4, lost update, when the first has committed already',
    steps: script(`a: BEGIN; b: BEGIN; a: SELECT v FROM t WHERE id = 1; b: SELECT v FROM t WHERE id = 1; a: UPDATE t SET v = v + 1 WHERE id = 1; a: COMMIT;
      b: UPDATE t SET v = v + 1 WHERE id = 1; b: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'G-single, read skew',
    steps:
      script(`a: BEGIN; b: BEGIN; a: SELECT v FROM t WHERE id = 1; b: SELECT v FROM t WHERE id = 1; b: SELECT v FROM t WHERE id = 2; b: UPDATE t SET v = 12 WHERE id = 1;
      b: UPDATE t SET v = 18 WHERE id = 2; b: COMMIT; a: SELECT v FROM t WHERE id = 2; a: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'G-single with predicate dependencies',
    steps:
      script(`a: BEGIN; b: BEGIN; a: SELECT id FROM t WHERE v % 5 = 0 ORDER BY id; b: UPDATE t SET v = 12 WHERE v = 10; b: COMMIT; a: SELECT id FROM t WHERE v % 3 = 0; a: COMMIT;
      a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'G-single with a write predicate',
    steps:
      script(`a: BEGIN; b: BEGIN; a: SELECT v FROM t WHERE id = 1; b: SELECT id, v FROM t ORDER BY id; b: UPDATE t SET v = 12 WHERE id = 1; b: UPDATE t SET v = 18 WHERE id = 2;
      b: COMMIT; a: DELETE FROM t WHERE v = 20; a: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'G-single with interleaved writes',
    steps:
      script(`a: BEGIN; b: BEGIN; a: SELECT v FROM t WHERE id = 1; b: SELECT id, v FROM t ORDER BY id; b: UPDATE t SET v = 12 WHERE id = 1; a: DELETE FROM t WHERE v = 20;
      b: UPDATE t SET v = 18 WHERE id = 2; a: ROLLBACK; b: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'G-single over an insertion and a deletion',
    steps: script(`a: BEGIN; b: BEGIN; a: SELECT v FROM t WHERE id = 1; b: INSERT INTO t VALUES (3, 30); b: DELETE FROM t WHERE id = 2; b: COMMIT;
      a: SELECT count(*), sum(v) FROM t; a: SELECT v FROM t WHERE id = 3; a: SELECT v FROM t WHERE id = 2; a: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'G2-item, write skew',
    steps:
      script(`a: BEGIN; b: BEGIN; a: SELECT id, v FROM t WHERE id IN (1, 2) ORDER BY id; b: SELECT id, v FROM t WHERE id IN (1, 2) ORDER BY id; a: UPDATE t SET v = 11 WHERE id = 1;
      b: UPDATE t SET v = 21 WHERE id = 2; a: COMMIT; b: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'G2, anti-dependency cycles over predicates',
    steps:
      script(`a: BEGIN; b: BEGIN; a: SELECT id FROM t WHERE v % 3 = 0; b: SELECT id FROM t WHERE v % 3 = 0; a: INSERT INTO t VALUES (3, 30); b: INSERT INTO t VALUES (4, 42);
      a: COMMIT; b: COMMIT; a: SELECT id FROM t WHERE v % 3 = 0 ORDER BY id`),
  },
  {
    name: 'G2 with two anti-dependencies and a reader',
    steps:
      script(`a: BEGIN; b: BEGIN; c: BEGIN; a: SELECT id, v FROM t ORDER BY id; b: UPDATE t SET v = v + 5 WHERE id = 2; b: COMMIT; c: SELECT id, v FROM t ORDER BY id; c: COMMIT;
      a: UPDATE t SET v = 0 WHERE id = 1; a: COMMIT; a: SELECT id, v FROM t ORDER BY id`),
  },
  {
    name: 'G2 over single statements',
    steps: script(`a: BEGIN; a: SELECT sum(v) FROM t; b: UPDATE t SET v = (SELECT sum(v) FROM t) WHERE id = 2; a: UPDATE t SET v = 0 WHERE id = 1; a: COMMIT;
      a: SELECT id, v FROM t ORDER BY id`),
  },
];

interface Layout {
  readonly name: string;
  readonly clause: string;
}

const layouts: readonly Layout[] = [
  { name: 'rows on one shard', clause: ' PARTITION BY HASH (id) WITH (shards = 1)' },
  { name: 'rows on several shards', clause: ' PARTITION BY HASH (id) WITH (shards = 8)' },
  { name: 'a reference table', clause: '' },
];

describe('Hermitage', function () {
  this.timeout(90_000);
  let oracle: Connection;
  let subject: Subject;
  let asked: pg.Client;
  let served: pg.Client;
  let tables = 0;
  /** The subject's table of the test that runs. */
  let made: string | undefined;

  before(async function () {
    oracle = await (await sharedPostgres(this)).createDatabase('oracle_hermitage');
    subject = await startSubject(this);
    asked = await connect(oracle);
    served = await connect(subject.connection);
  });

  // A database has a limited number of shards.
  afterEach(async () => {
    if (made !== undefined) await textQuery(served, `DROP TABLE ${made}`);
    made = undefined;
  });

  after(async () => {
    await asked?.end();
    await served?.end();
    await subject?.stop();
  });

  async function createTable(client: pg.Client, clause: string): Promise<string> {
    const table = `h${++tables}`;
    await textQuery(client, `CREATE TABLE ${table} (id int PRIMARY KEY, v int)${clause}`);
    await textQuery(client, `INSERT INTO ${table} VALUES (1, 10), (2, 20)`);
    return table;
  }

  const named = (steps: readonly Step[], table: string, level: Level): readonly Step[] =>
    steps.map(([session, sql]) => [session, sql.replace(/^BEGIN$/, `BEGIN ISOLATION LEVEL ${level}`).replace(/\bt\b/g, table)]);
  /** So that lines of different tables are alike. */
  const plain = (lines: readonly string[], table: string): string[] => lines.map((line) => line.replaceAll(table, 't'));

  // PostgreSQL's transcripts are the same for each layout.
  const expected = new Map<string, Promise<string[]>>();
  async function ofPostgres({ name, steps }: Scenario, level: Level): Promise<string[]> {
    const key = `${level}: ${name}`;
    const made = expected.get(key) ?? createTable(asked, '').then(async (table) => plain(await transcript(oracle, named(steps, table, level)), table));
    expected.set(key, made);
    return await made;
  }

  for (const layout of layouts) {
    for (const level of ['READ COMMITTED', 'REPEATABLE READ'] as const) {
      describe(`${level}, ${layout.name}`, () => {
        for (const scenario of scenarios) {
          it(scenario.name, async () => {
            const table = await createTable(served, subject.isPostgres ? '' : layout.clause);
            made = table;
            let wanted = await ofPostgres(scenario, level);
            const { differs } = scenario;
            if (differs?.level === level && !subject.isPostgres) {
              for (const [line] of differs.lines) assert.ok(wanted.includes(line), `PostgreSQL says ${line}`);
              const changed = new Map(differs.lines);
              wanted = wanted.map((line) => changed.get(line) ?? line);
            }
            const steps = named(scenario.steps, table, level);
            const guide = wanted.map((line) => line.replace(/\bt\b/g, table));
            assert.deepEqual(plain(await transcript(subject.connection, steps, guide), table), wanted);
          });
        }
      });
    }

    describe(`SERIALIZABLE, ${layout.name}`, () => {
      for (const scenario of scenarios) {
        it(scenario.name, async () => {
          const table = await createTable(served, subject.isPostgres ? '' : layout.clause);
          made = table;
          const steps = named(scenario.steps, table, 'SERIALIZABLE');
          const committed = transactionsOf(await outcomes(subject.connection, [...each(steps), ...steps]), table);
          const { rows } = await textQuery(served, `SELECT id, v FROM ${table} ORDER BY id`);
          const found = describeRun(committed, rows);
          const possible: string[] = [];
          for (const order of permutations(committed)) {
            possible.push(await serially(order, committed));
            if (possible.at(-1) === found) return;
          }
          assert.fail(`no serial order gives\n${found}\nbut\n${possible.join('\n or\n')}`);
        });
      }
    });
  }

  /** Single statements are transactions too. */
  function each(steps: readonly Step[]): readonly Step[] {
    return [...new Set(steps.map(([session]) => session))].map((session): Step => [session, "SET default_transaction_isolation = 'serializable'"]);
  }

  /** Runs the transactions one after another on PostgreSQL. */
  async function serially(order: readonly Transaction[], all: readonly Transaction[]): Promise<string> {
    const table = await createTable(asked, '');
    const results = new Map<Transaction, Transaction>();
    for (const transaction of order) {
      const statements: Statement[] = [];
      for (const { sql } of transaction.statements) {
        const result = await textQuery(asked, sql.replace(/\bt\b/g, table));
        statements.push({ sql, outcome: summary(result) });
      }
      results.set(transaction, { ...transaction, statements });
    }
    const { rows } = await textQuery(asked, `SELECT id, v FROM ${table} ORDER BY id`);
    return describeRun(
      all.map((transaction) => results.get(transaction) as Transaction),
      rows,
    );
  }
});

interface Statement {
  readonly sql: string;
  readonly outcome: string;
}

interface Transaction {
  readonly session: string;
  readonly statements: readonly Statement[];
}

function summary({ rows, command, rowCount }: Awaited<ReturnType<typeof textQuery>>): string {
  return rows.length > 0 ? rows.map((row) => `(${row.map((value) => value ?? 'NULL').join(', ')})`).join(' ') : `${command} ${rowCount ?? ''}`.trim();
}

/** The transactions that have committed, blocks and single statements. Every error must be one upon which clients try again. */
function transactionsOf(sessions: ReadonlyMap<string, readonly (readonly [string, string])[]>, table: string): readonly Transaction[] {
  const found: Transaction[] = [];
  for (const [session, steps] of sessions) {
    let block: Statement[] | undefined;
    for (const [text, outcome] of steps) {
      const sql = text.replaceAll(table, 't');
      assert.match(outcome, /^(?!\d\d[0-9A-Z]{3} )|^(40001|40P01|25P02) /, `${session}: ${sql}`);
      if (sql.startsWith('SET default')) continue;
      if (sql.startsWith('BEGIN')) block = [];
      else if (sql === 'COMMIT' || sql === 'ROLLBACK') {
        if (outcome.startsWith('COMMIT') && block !== undefined) found.push({ session, statements: block });
        block = undefined;
      } else if (block !== undefined) block.push({ sql, outcome });
      else if (!/^\d\d[0-9A-Z]{3} /.test(outcome)) found.push({ session, statements: [{ sql, outcome }] });
    }
  }
  return found;
}

function describeRun(transactions: readonly Transaction[], rows: readonly (readonly (string | null)[])[]): string {
  const lines = transactions.map(({ session, statements }) => `${session}: ${statements.map(({ sql, outcome }) => `${sql} -> ${outcome}`).join('; ')}`);
  return [...lines, `in the end: ${rows.map((row) => `(${row.join(', ')})`).join(' ')}`].join('\n');
}

function* permutations<T>(values: readonly T[]): Generator<readonly T[]> {
  if (values.length === 0) {
    yield [];
    return;
  }
  for (const [at, value] of values.entries()) for (const rest of permutations(values.filter((_, other) => other !== at))) yield [value, ...rest];
}
