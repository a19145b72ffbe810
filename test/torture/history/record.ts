/**
 * Runs random transactions on a server and records what their clients saw (test/torture/history/history.ts), for the checker. Keys lie on several shards and in a
 * reference table; rows come into being by the first write of their key, so that a read of all keys is also a read of what is not there.
 * Every decision comes from the seed; how the sessions interleave is the machine's.
 */
import pg from 'pg';
import type { Connection } from '../../support/connection.js';
import { Random, seedOf } from '../../support/random.js';
import { connect, textQuery } from '../../support/subject.js';
import type { History, Interval, Level, Operation, Transaction } from './history.js';

export interface Workload {
  readonly workload: History['workload'];
  readonly level: Level;
  readonly sessions: number;
  readonly transactions: number;
  readonly keys: number;
  readonly seed: number;
}

/** Keys from here on are rows of the reference table. */
const firstReferenceKey = 1000;

/** shards: undefined for PostgreSQL. */
export async function createTables(connection: Connection, shards: number | undefined): Promise<void> {
  const client = await connect(connection);
  for (const [table, clause] of [
    ['spread', shards === undefined ? '' : ` PARTITION BY HASH (id) WITH (shards = ${shards})`],
    ['everywhere', ''],
  ] as const)
    await textQuery(
      client,
      `CREATE TABLE ${table} (id int PRIMARY KEY, list text NOT NULL DEFAULT '', value int NOT NULL DEFAULT 0, previous int NOT NULL DEFAULT 0)${clause}`,
    );
  await client.end();
}

/** Empties the tables, runs the workload, reads what is left. */
export async function record(connection: Connection, workload: Workload): Promise<History> {
  const control = await connect(connection, 120_000);
  await textQuery(control, 'DELETE FROM spread');
  await textQuery(control, 'DELETE FROM everywhere');
  const recorder = new Recorder(workload);
  const clients = await Promise.all(Array.from({ length: workload.sessions }, async () => await connect(connection, 60_000)));
  try {
    await Promise.all(clients.map(async (client, session) => await recorder.session(client, session)));
    return { workload: workload.workload, level: workload.level, transactions: recorder.transactions, final: await recorder.readAll(control) };
  } finally {
    for (const client of [...clients, control]) void client.end().catch(() => undefined);
  }
}

type Step = 'write' | 'read' | 'read all' | 'read for update' | 'detour' | 'update all';

class Recorder {
  readonly transactions: Transaction[] = [];
  private nextValue = 1;
  private nextId = 1;
  private readonly keys: readonly number[];

  constructor(private readonly workload: Workload) {
    this.keys = Array.from({ length: workload.keys }, (_, at) => (at % 3 === 2 ? firstReferenceKey + at : at));
  }

  async session(client: pg.Client, session: number): Promise<void> {
    const random = new Random(seedOf(this.workload.seed, session));
    while (this.nextId <= this.workload.transactions) await this.transaction(client, session, random);
  }

  private async transaction(client: pg.Client, session: number, random: Random): Promise<void> {
    const id = this.nextId++;
    const operations: Operation[] = [];
    const undone: number[] = [];
    const steps = Array.from(
      { length: random.int(1, 5) },
      (): Step =>
        random.weighted([
          [8, 'write'],
          [5, 'read'],
          [4, 'read all'],
          [1, 'read for update'],
          [1, 'detour'],
          [1, 'update all'],
        ]),
    );
    const alone = steps.length === 1 && steps[0] !== 'detour' && steps[0] !== 'update all';
    const gives = !alone && random.chance(0.08);
    const sent = performance.now();
    let committed = false;
    try {
      await client.query(alone ? `SET default_transaction_isolation = '${this.workload.level}'` : `BEGIN ISOLATION LEVEL ${this.workload.level.toUpperCase()}`);
      for (const step of steps) await this.step(client, step, random, operations, undone);
      if (!alone) committed = (await client.query(gives ? 'ROLLBACK' : 'COMMIT')).command === 'COMMIT';
      else committed = true;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || (error.code !== '40001' && error.code !== '40P01')) throw error;
      if (!alone) await client.query('ROLLBACK');
    }
    this.transactions.push({ id, session, committed, operations, undone, at: { sent, answered: performance.now() } });
  }

  private async step(client: pg.Client, step: Step, random: Random, operations: Operation[], undone: number[]): Promise<void> {
    switch (step) {
      case 'write':
        await this.write(client, random.pick(this.keys), operations);
        break;
      case 'read':
        operations.push(await this.read(client, random.pick(this.keys), ''));
        break;
      case 'read for update':
        operations.push(await this.read(client, random.pick(this.keys), random.pick([' FOR UPDATE', ' FOR SHARE', ' FOR NO KEY UPDATE'])));
        break;
      case 'read all': {
        const at = { sent: performance.now(), answered: 0 };
        const seen = await this.readAll(client);
        operations.push({ kind: 'read', seen, at: { ...at, answered: performance.now() } });
        break;
      }
      case 'detour': {
        await client.query('SAVEPOINT detour');
        const taken: Operation[] = [];
        await this.write(client, random.pick(this.keys), taken);
        await client.query('ROLLBACK TO detour');
        for (const operation of taken) if (operation.kind !== 'read') undone.push(operation.value);
        break;
      }
      case 'update all':
        // Changes every row of one table without changing what is recorded: its locks and its versions are in everyone's way.
        await client.query(`UPDATE ${random.pick(['spread', 'everywhere'])} SET list = list WHERE id % 2 = ${random.int(0, 1)}`);
        break;
    }
  }

  private tableOf(key: number): string {
    return key >= firstReferenceKey ? 'everywhere' : 'spread';
  }

  private async write(client: pg.Client, key: number, operations: Operation[]): Promise<void> {
    const value = this.nextValue++;
    const table = this.tableOf(key);
    const sent = performance.now();
    const at = (): Interval => ({ sent, answered: performance.now() });
    // Recorded before it is sent: a value of a statement that failed is one that nobody may see.
    const place = operations.length;
    if (this.workload.workload === 'list') {
      operations.push({ kind: 'append', key, value, at: { sent, answered: Infinity } });
      await textQuery(
        client,
        `INSERT INTO ${table} (id, list) VALUES (${key}, '${value}') ON CONFLICT (id) DO UPDATE SET list = ${table}.list || ' ' || excluded.list`,
      );
      operations[place] = { kind: 'append', key, value, at: at() };
      return;
    }
    operations.push({ kind: 'write', key, value, previous: 0, at: { sent, answered: Infinity } });
    const { rows } = await textQuery(
      client,
      `INSERT INTO ${table} (id, value) VALUES (${key}, ${value}) ON CONFLICT (id) DO UPDATE SET value = excluded.value, previous = ${table}.value RETURNING previous`,
    );
    operations[place] = { kind: 'write', key, value, previous: Number(rows[0]?.[0]), at: at() };
  }

  private async read(client: pg.Client, key: number, locking: string): Promise<Operation> {
    const sent = performance.now();
    const { rows } = await textQuery(client, `SELECT list, value FROM ${this.tableOf(key)} WHERE id = ${key}${locking}`);
    return { kind: 'read', seen: new Map([[key, this.seen(rows[0])]]), at: { sent, answered: performance.now() } };
  }

  async readAll(client: pg.Client): Promise<Map<number, readonly number[]>> {
    const { rows } = await textQuery(client, 'SELECT list, value, id FROM spread UNION ALL SELECT list, value, id FROM everywhere');
    const seen = new Map<number, readonly number[]>(this.keys.map((key) => [key, []]));
    for (const row of rows) seen.set(Number(row[2]), this.seen(row));
    return seen;
  }

  private seen(row: readonly (string | null)[] | undefined): readonly number[] {
    if (row === undefined) return [];
    return this.workload.workload === 'list' ? (row[0] ?? '').split(' ').filter(Boolean).map(Number) : Number(row[1]) === 0 ? [] : [Number(row[1])];
  }
}
