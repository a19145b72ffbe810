/**
 * A load whose state at any moment follows from how far each session has come: transfers between shards with a reference table and a sequence, COPY, and DDL that makes
 * and drops tables and shard groups. What was acknowledged and what was begun at a moment bounds what a restore to that moment may hold. Used by test/torture/restore.ts
 * and test/e2e/backup.test.ts.
 */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { wallMicros } from '../../src/common/clock.js';
import { copyIn } from '../support/copy-in.js';
import type { Connection } from '../support/connection.js';
import { connect, textQuery } from '../support/subject.js';

const accounts = 40;
const transferSessions = 4;
const initialBalance = 1000;
const batchRows = 150;
/** Tables that the DDL session keeps before it drops the oldest. */
const tablesKept = 3;

type SessionName = 'copy' | 'ddl' | `transfer ${number}`;

/** How many transactions of each session. */
type Counts = ReadonlyMap<SessionName, number>;

/** A point of the history that is to be restored. */
export interface RecordedPoint {
  readonly options: readonly string[];
  /** Must be in it. */
  readonly acknowledged: Counts;
  /** More must not be in it. */
  readonly begun: Counts;
}

const transferNames = Array.from({ length: transferSessions }, (_, index): SessionName => `transfer ${index}`);
const names: readonly SessionName[] = [...transferNames, 'copy', 'ddl'];

/** What the n-th transaction of a session does. */
function transfer(session: number, n: number): { readonly source: number; readonly target: number; readonly amount: number } {
  const source = 1 + ((n * 7 + session * 13) % accounts);
  return { source, target: 1 + ((source + (n % (accounts - 1))) % accounts), amount: 1 + ((n * 31 + session) % 50) };
}

export class RestoreLoad {
  private readonly begun = new Map<SessionName, number>(names.map((name) => [name, 0]));
  private readonly acknowledged = new Map<SessionName, number>(names.map((name) => [name, 0]));
  private stopping = false;
  private sessions: Promise<void>[] = [];

  static readonly schema = `
    CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL) PARTITION BY HASH (id) WITH (shards = 4);
    CREATE TABLE ledger (session int, n int, number bigint, PRIMARY KEY (session, n)) PARTITION BY HASH (n) WITH (shards = 3);
    CREATE TABLE copied (batch int, id int, PRIMARY KEY (batch, id)) PARTITION BY HASH (id) WITH (shards = 2);
    CREATE TABLE rates (session int PRIMARY KEY, value numeric(10,2) NOT NULL);
    CREATE TABLE made (n int PRIMARY KEY);
    CREATE SEQUENCE numbers;
    INSERT INTO accounts SELECT i, ${initialBalance} FROM generate_series(1, ${accounts}) i;
    INSERT INTO rates SELECT i, 0 FROM generate_series(0, ${transferSessions - 1}) i`;

  async start(connection: Connection): Promise<void> {
    const client = await connect(connection);
    await client.query(RestoreLoad.schema);
    await client.end();
    this.sessions = [
      ...transferNames.map(async (name, session) => await this.run(connection, name, async (own, n) => await this.transfer(own, session, n))),
      this.run(connection, 'copy', async (own, n) => await copyIn(own, 'COPY copied FROM STDIN', batchLines(n))),
      this.run(connection, 'ddl', async (own, n) => await this.define(own, n)),
    ];
    for (const session of this.sessions) session.catch(() => undefined);
  }

  /** Ends the sessions after what they are doing. Fails as they have failed. */
  async stop(): Promise<void> {
    this.stopping = true;
    await Promise.all(this.sessions);
  }

  get transactions(): number {
    return [...this.acknowledged.values()].reduce((sum, count) => sum + count, 0);
  }

  /** The present end of the log, as a client learns it. */
  async pointByLsn(client: pg.Client): Promise<RecordedPoint> {
    const acknowledged = new Map(this.acknowledged);
    const { rows } = await textQuery(client, 'SELECT pg_current_wal_lsn()');
    return { options: ['--to-lsn', rows[0]?.[0] ?? ''], acknowledged, begun: new Map(this.begun) };
  }

  /** The present time. Clocks of two processes agree to a millisecond. */
  async pointByTime(): Promise<RecordedPoint> {
    const acknowledged = new Map(this.acknowledged);
    await sleep(3);
    const micros = wallMicros();
    await sleep(3);
    const millis = Math.floor(micros / 1000) + Date.UTC(2000, 0, 1);
    const text = `${new Date(millis).toISOString().slice(0, -1)}${String(micros % 1000).padStart(3, '0')}+00`;
    return { options: ['--to-time', text], acknowledged, begun: new Map(this.begun) };
  }

  private async run(connection: Connection, name: SessionName, transaction: (client: pg.Client, n: number) => Promise<void>): Promise<void> {
    const client = await connect(connection);
    try {
      for (let n = 1; !this.stopping; n++) {
        this.begun.set(name, n);
        for (;;) {
          try {
            await transaction(client, n);
            break;
          } catch (error) {
            const code = error instanceof pg.DatabaseError ? error.code : undefined;
            if (code !== '40P01' && code !== '40001') throw error;
            await client.query('ROLLBACK');
          }
        }
        this.acknowledged.set(name, n);
        await sleep(name === 'ddl' ? 150 : name === 'copy' ? 40 : 2);
      }
    } finally {
      await client.end();
    }
  }

  private async transfer(client: pg.Client, session: number, n: number): Promise<void> {
    const { source, target, amount } = transfer(session, n);
    await client.query('BEGIN');
    await client.query('INSERT INTO ledger VALUES ($1, $2, nextval($3))', [session, n, 'numbers']);
    await client.query('UPDATE accounts SET balance = balance - $1 WHERE id = $2', [amount, source]);
    await client.query('UPDATE accounts SET balance = balance + $1 WHERE id = $2', [amount, target]);
    if (n % 5 === 0) await client.query('UPDATE rates SET value = value + 0.25 WHERE session = $1', [session]);
    await client.query('COMMIT');
  }

  /** A table more: in turn a reference table, one in a group of its own, one that is then changed; and the oldest goes. */
  private async define(client: pg.Client, n: number): Promise<void> {
    await client.query('BEGIN');
    await client.query(`CREATE TABLE made_${n} (id int PRIMARY KEY, v text)${n % 3 === 0 ? '' : ` PARTITION BY HASH (id) WITH (shards = ${1 + (n % 3)})`}`);
    await client.query(`INSERT INTO made_${n} SELECT i, 'row ' || i FROM generate_series(1, ${n % 50}) i`);
    if (n % 3 === 2) await client.query(`ALTER TABLE made_${n} ADD COLUMN w int DEFAULT 7`);
    if (n % 4 === 1) await client.query(`CREATE INDEX ON made_${n} (v)`);
    if (n > tablesKept) await client.query(`DROP TABLE made_${n - tablesKept}`);
    await client.query('INSERT INTO made VALUES ($1)', [n]);
    await client.query('COMMIT');
  }
}

function batchLines(n: number): string {
  return Array.from({ length: batchRows }, (_, index) => `${n}\t${index + 1}\n`).join('');
}

/** A restored server holds exactly one state of the load, and one that the point allows. */
export async function checkRestored(connection: Connection, point: RecordedPoint): Promise<void> {
  const client = await connect(connection);
  try {
    const numbers = async (sql: string): Promise<readonly (readonly number[])[]> => (await textQuery(client, sql)).rows.map((row) => row.map(Number));
    const reached = new Map<SessionName, number>(names.map((name) => [name, 0]));
    let lastNumber = 0;
    for (const [session, count, first, last, number] of await numbers('SELECT session, count(*), min(n), max(n), max(number) FROM ledger GROUP BY session')) {
      assert.deepEqual([first, last], [1, count], `the transfers of session ${session} have no gap`);
      reached.set(`transfer ${session ?? 0}`, count ?? 0);
      lastNumber = Math.max(lastNumber, number ?? 0);
    }
    const batches = await numbers('SELECT batch, count(*) FROM copied GROUP BY batch ORDER BY batch');
    assert.deepEqual(
      batches,
      batches.map((_, index) => [index + 1, batchRows]),
      'the batches of COPY are whole and have no gap',
    );
    reached.set('copy', batches.length);
    const [made] = await numbers('SELECT count(*), coalesce(max(n), 0) FROM made');
    assert.equal(made?.[0], made?.[1], 'the tables made have no gap');
    reached.set('ddl', made?.[0] ?? 0);
    for (const name of names) {
      const count = reached.get(name) ?? 0;
      const least = point.acknowledged.get(name) ?? 0;
      const most = point.begun.get(name) ?? 0;
      assert.ok(count >= least && count <= most, `${name}: ${count} transactions, expected ${least} to ${most} at ${point.options.join(' ')}`);
    }
    const balances = new Map(Array.from({ length: accounts }, (_, index) => [index + 1, initialBalance]));
    const rates: number[][] = [];
    for (const [session, name] of transferNames.entries()) {
      const count = reached.get(name) ?? 0;
      for (let n = 1; n <= count; n++) {
        const { source, target, amount } = transfer(session, n);
        balances.set(source, (balances.get(source) ?? 0) - amount);
        balances.set(target, (balances.get(target) ?? 0) + amount);
      }
      rates.push([session, Math.floor(count / 5) * 0.25]);
    }
    assert.deepEqual(await numbers('SELECT id, balance FROM accounts ORDER BY id'), [...balances], 'the balances are those of the transfers');
    assert.deepEqual(await numbers('SELECT session, value FROM rates ORDER BY session'), rates, 'the reference table is that of the transfers');
    const definitions = reached.get('ddl') ?? 0;
    const tables = await textQuery(client, `SELECT relname FROM pg_class WHERE relname ~ '^made_\\d+$' ORDER BY substr(relname, 6)::int`);
    const expected = Array.from({ length: Math.min(definitions, tablesKept) }, (_, index) => definitions - Math.min(definitions, tablesKept) + index + 1);
    assert.deepEqual(
      tables.rows.map(([name]) => name),
      expected.map((n) => `made_${n}`),
      'the tables are those of the definitions',
    );
    for (const n of expected) {
      const [row] = await numbers(`SELECT count(*), coalesce(sum(id), 0)${n % 3 === 2 ? ', coalesce(sum(w), 0)' : ''} FROM made_${n}`);
      const count = n % 50;
      assert.deepEqual(row, [count, (count * (count + 1)) / 2, ...(n % 3 === 2 ? [count * 7] : [])], `table made_${n}`);
    }
    const [next] = await numbers(`SELECT nextval('numbers')`);
    assert.ok((next?.[0] ?? 0) > lastNumber, 'the sequence goes on behind the numbers given');
    await client.query('INSERT INTO copied VALUES (1000000, 1)');
  } finally {
    await client.end();
  }
}
