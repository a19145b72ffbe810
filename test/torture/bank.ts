/**
 * The workload of the torture harness: transfers between accounts on many shards, each of which writes a uniquely numbered row in a journal (shards of another group),
 * two balances, a teller and a ledger row (reference tables) in one transaction; loads by COPY; definitions that come and go; and checkers that read sums all the time.
 * What clients know about each is kept in `BankRecord`, whatever becomes of the server; test/torture/verify.ts compares. Called by test/torture/rounds.ts for one server, and
 * by test/torture/cluster for the nodes of a cluster.
 *
 * All decisions come from the round's seed; how the sessions interleave is the machine's.
 */
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Connection } from '../support/connection.js';
import { Random, seedOf } from '../support/random.js';
import { connect, textQuery } from '../support/subject.js';
import {
  accounts,
  type BankCounts,
  type BankRecord,
  batchRows,
  checkSums,
  initialBalance,
  type Known,
  tellers,
  type Transfer,
  Violation,
} from './bank-record.js';

export async function createBank(connection: Connection, shards: number): Promise<void> {
  const client = await connect(connection);
  try {
    await makeBank(client, shards);
  } finally {
    await client.end();
  }
}

/** A new one in the place of what may be there. */
export async function makeBank(client: pg.Client, shards: number): Promise<void> {
  for (const sql of [
    'DROP TABLE IF EXISTS accounts, journal, tellers, ledger, copied',
    `CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL) PARTITION BY HASH (id) WITH (shards = ${shards})`,
    `CREATE TABLE journal (id int PRIMARY KEY, source int NOT NULL, target int NOT NULL, amount int NOT NULL, teller int NOT NULL, seq bigserial) PARTITION BY HASH (id) WITH (shards = ${Math.max(1, shards - 3)})`,
    'CREATE TABLE tellers (id int PRIMARY KEY, balance bigint NOT NULL, moves int NOT NULL)',
    'CREATE TABLE ledger (transfer int PRIMARY KEY, amount int NOT NULL)',
    `CREATE TABLE copied (batch int, id int, note text, PRIMARY KEY (batch, id)) PARTITION BY HASH (id) WITH (shards = ${shards})`,
    `INSERT INTO accounts SELECT i, ${initialBalance} FROM generate_series(1, ${accounts}) i`,
    `INSERT INTO tellers SELECT i, 0, 0 FROM generate_series(1, ${tellers}) i`,
  ])
    await textQuery(client, sql);
}

export interface BankServers {
  /** Where session `at` goes. */
  readonly connection: (at: number) => Connection;
  /** Whether the error means that the session has to begin again, on a connection of its own. */
  readonly isGone: (error: unknown) => boolean;
  /** Sessions that a server has sent away come back, until the load ends. */
  readonly comeBack: boolean;
  /** Rests between two pieces of work of a session, at most. */
  readonly restMsMax: number;
  /** After how long a server is taken for gone. */
  readonly answerWithinMs: number;
  /** A transfer of session `at` was acknowledged that was begun at that time (of performance.now). */
  readonly acknowledged?: (at: number, begunMs: number) => void;
  /** Session `at` has to begin again. */
  readonly lost?: (at: number, error: unknown) => void;
}

/** Load until it is ended, or until the server is gone. */
export class BankLoad {
  private readonly running: Promise<void>[] = [];
  private violation: Error | undefined;
  private stopped = false;
  private waiters: (readonly [event: 'commit' | 'copy' | 'ddl', go: () => void])[] = [];

  constructor(
    private readonly servers: BankServers,
    private readonly record: BankRecord,
    private readonly counts: BankCounts,
    private readonly seed: number,
  ) {}

  /** checkers: the pairs of them. */
  start(sessions: number, checkers = 1): void {
    const kinds: ((client: pg.Client, random: Random, at: number) => Promise<void>)[] = [
      ...Array.from({ length: sessions }, () => this.transferSession.bind(this)),
      this.copySession.bind(this),
      this.definitionSession.bind(this),
      ...Array.from(
        { length: checkers * 2 },
        (_, index) => async (client: pg.Client, random: Random) => await this.checkSession(client, random, index % 2 === 1),
      ),
    ];
    for (const [at, work] of kinds.entries()) this.running.push(this.session(at, work));
  }

  /** Resolves when the next statement of that kind has been sent. */
  async next(event: 'commit' | 'copy' | 'ddl'): Promise<void> {
    await new Promise<void>((resolve) => this.waiters.push([event, resolve]));
  }

  private sent(event: 'commit' | 'copy' | 'ddl'): void {
    const ready = this.waiters.filter(([wanted]) => wanted === event);
    if (ready.length === 0) return;
    this.waiters = this.waiters.filter(([wanted]) => wanted !== event);
    for (const [, go] of ready) go();
  }

  /** No new work; what has begun goes on. */
  stop(): void {
    this.stopped = true;
  }

  /** Waits until every session has noticed that the server is gone, or that it shall stop; throws what a session has found wrong. */
  async end(): Promise<void> {
    this.stopped = true;
    for (const event of ['commit', 'copy', 'ddl'] as const) this.sent(event);
    await Promise.all(this.running);
    if (this.violation !== undefined) throw this.violation;
  }

  get failed(): boolean {
    return this.violation !== undefined;
  }

  /** A session, on one connection after another. */
  private async session(at: number, work: (client: pg.Client, random: Random, at: number) => Promise<void>): Promise<void> {
    const random = new Random(seedOf(this.seed, at));
    while (!this.stopped) {
      let client: pg.Client | undefined;
      try {
        client = await connect(this.servers.connection(at), this.servers.answerWithinMs);
        await work(client, random, at);
      } catch (error) {
        if (!this.servers.isGone(error)) {
          this.violation ??= error instanceof Error ? error : new Error(String(error));
          return;
        }
        if (!this.servers.comeBack) return;
        this.counts.disconnections++;
        this.servers.lost?.(at, error);
        await sleep(random.int(20, 100));
      } finally {
        void client?.end().catch(() => undefined);
      }
    }
  }

  private async rest(random: Random): Promise<void> {
    if (this.servers.restMsMax > 0) await sleep(random.int(0, this.servers.restMsMax));
  }

  // ---- transfers ----

  private async transferSession(client: pg.Client, random: Random, at: number): Promise<void> {
    while (!this.stopped && (await this.transfer(client, random, at))) await this.rest(random);
  }

  /** False when the session has left. */
  private async transfer(client: pg.Client, random: Random, at: number): Promise<boolean> {
    const source = random.int(1, accounts);
    const target = 1 + ((source + random.int(0, accounts - 2)) % accounts);
    const wanted = { source, target, amount: random.int(1, 100), teller: random.int(1, tellers) };
    const style = random.weighted([
      [40, 'plain'],
      [15, 'savepoint'],
      [10, 'error'],
      [10, 'rollback'],
      [10, 'repeatable'],
      [10, 'locked'],
      [8, 'string'],
      [4, 'serializable'],
      [3, 'abandon'],
    ] as const);
    const steps = random.shuffle(['source', 'target', 'journal', 'teller', 'ledger'] as const);
    for (let attempt = 0; attempt < 20 && !this.stopped; attempt++) {
      const transfer = this.record.begin(wanted);
      const sql = steps.map((step) => statementOf(step, transfer));
      const begunMs = performance.now();
      try {
        if (style === 'string') {
          transfer.fate = 'sent';
          const done = client.query(sql.join('; '));
          this.sent('commit');
          await done;
          this.acknowledge(transfer, at, begunMs);
          return true;
        }
        await client.query(
          style === 'repeatable' ? 'BEGIN ISOLATION LEVEL REPEATABLE READ' : style === 'serializable' ? 'BEGIN ISOLATION LEVEL SERIALIZABLE' : 'BEGIN',
        );
        if (style === 'locked') await this.lockedBalances(client, transfer, sql, steps);
        else await this.work(client, transfer, sql, style, random);
        if (style === 'rollback') {
          await client.query('ROLLBACK');
          this.counts.rolledBack++;
          return true;
        }
        if (style === 'abandon') {
          // The session leaves in the middle of its transaction: nothing of it stays, and it holds nobody up.
          this.counts.rolledBack++;
          return false;
        }
        transfer.fate = 'sent';
        const done = client.query('COMMIT');
        this.sent('commit');
        const { command } = await done;
        if (command !== 'COMMIT') throw new Violation(`COMMIT of transfer ${transfer.id} was answered ${command}`);
        this.acknowledge(transfer, at, begunMs);
        return true;
      } catch (error) {
        if (!(error instanceof pg.DatabaseError)) throw error;
        if (error.code !== '40P01' && error.code !== '40001') throw error;
        if (error.code === '40P01') this.counts.deadlocks++;
        this.counts.retries++;
        transfer.fate = 'attempted';
        if (style !== 'string') await client.query('ROLLBACK');
      }
    }
    return true;
  }

  private acknowledge(transfer: Transfer, at: number, begunMs: number): void {
    this.record.acknowledge(transfer);
    this.counts.transfers++;
    this.servers.acknowledged?.(at, begunMs);
  }

  /** Runs one of the statements of a transfer. */
  private async step(client: pg.Client, transfer: Transfer, statement: string): Promise<void> {
    const { rows } = await client.query<[string]>({ text: statement, rowMode: 'array' });
    const [row] = rows;
    if (row !== undefined) transfer.seq = Number(row[0]);
  }

  private async work(client: pg.Client, transfer: Transfer, sql: readonly string[], style: string, random: Random): Promise<void> {
    const detour = random.int(0, sql.length);
    for (let at = 0; at <= sql.length; at++) {
      if (at === detour && style === 'savepoint') {
        await client.query('SAVEPOINT detour');
        await client.query(`UPDATE accounts SET balance = balance + 1000000 WHERE id IN (${transfer.source}, ${random.int(1, accounts)})`);
        await client.query(`INSERT INTO journal VALUES (${-transfer.id}, 1, 1, 1, 1)`);
        if (random.chance(0.5)) await client.query(`DELETE FROM tellers WHERE id = ${transfer.teller}`);
        await client.query('ROLLBACK TO detour');
        if (random.chance(0.5)) await client.query('RELEASE detour');
      }
      if (at === detour && style === 'error') {
        await client.query('SAVEPOINT mistake');
        try {
          await client.query(`INSERT INTO accounts VALUES (${10_000 + transfer.id}, 1), (${transfer.target}, 1)`);
          throw new Violation('a duplicate key was accepted');
        } catch (error) {
          if (!(error instanceof pg.DatabaseError) || error.code !== '23505') throw error;
        }
        await client.query('ROLLBACK TO mistake');
      }
      const statement = sql[at];
      if (statement !== undefined) await this.step(client, transfer, statement);
    }
    if (style === 'repeatable') {
      const { rows } = await textQuery(client, 'SELECT sum(balance) FROM accounts');
      if (Number(rows[0]?.[0]) !== accounts * initialBalance)
        throw new Violation(`a REPEATABLE READ transaction that has made transfer ${transfer.id} sees the sum ${rows[0]?.[0]}`);
    }
  }

  /** Reads both balances FOR UPDATE and writes what the client has computed: an update lost between them would show. */
  private async lockedBalances(client: pg.Client, transfer: Transfer, sql: readonly string[], steps: readonly string[]): Promise<void> {
    const { rows } = await textQuery(client, `SELECT id, balance FROM accounts WHERE id IN (${transfer.source}, ${transfer.target}) FOR UPDATE`);
    const balances = new Map(rows.map(([id, balance]) => [Number(id), Number(balance)]));
    for (const [id, change] of [
      [transfer.source, -transfer.amount],
      [transfer.target, transfer.amount],
    ] as const)
      await client.query(`UPDATE accounts SET balance = ${(balances.get(id) ?? NaN) + change} WHERE id = ${id}`);
    for (const [at, statement] of sql.entries()) if (steps[at] !== 'source' && steps[at] !== 'target') await this.step(client, transfer, statement);
  }

  // ---- COPY ----

  private async copySession(client: pg.Client, random: Random): Promise<void> {
    while (!this.stopped) {
      const batch = this.record.batch();
      const note = 'n'.repeat(random.int(0, 60));
      const rows = Array.from({ length: batchRows }, (_, index) => `${batch}\t${index + 1}\t${note}\n`).join('');
      await copyIn(client, 'COPY copied FROM STDIN', rows, () => this.sent('copy'));
      this.record.batches.set(batch, 'acknowledged');
      this.counts.copies++;
      await sleep(random.int(5, 40) + this.servers.restMsMax * 10);
    }
  }

  // ---- definitions: groups of shards that come and go ----

  private async definitionSession(client: pg.Client, random: Random): Promise<void> {
    const { made, dropped } = this.record;
    const alive: number[] = [];
    while (!this.stopped) {
      const table = this.record.table();
      const create = [
        `CREATE TABLE made_${table} (id int PRIMARY KEY, v text) PARTITION BY HASH (id) WITH (shards = ${random.int(1, 4)})`,
        `INSERT INTO made_${table} SELECT i, 'v' || i FROM generate_series(1, 50) i`,
        `CREATE TABLE beside_${table} (id int PRIMARY KEY)`,
        `INSERT INTO beside_${table} VALUES (${table})`,
      ];
      const statements = random.chance(0.3) ? ['BEGIN', ...create, 'ROLLBACK'] : ['BEGIN', ...create, 'COMMIT'];
      for (const sql of statements) {
        if (sql === 'COMMIT') made.set(table, 'sent');
        const done = client.query(sql);
        this.sent('ddl');
        await done;
      }
      this.counts.definitions++;
      if (statements.at(-1) === 'COMMIT') {
        made.set(table, 'acknowledged');
        alive.push(table);
      }
      if (alive.length > 3 || (alive.length > 0 && random.chance(0.5))) {
        const [gone] = alive.splice(random.int(0, alive.length - 1), 1) as [number];
        dropped.set(gone, 'sent');
        const done = client.query(`DROP TABLE made_${gone}, beside_${gone}`);
        this.sent('ddl');
        await done;
        dropped.set(gone, 'acknowledged');
        this.counts.definitions++;
      }
      await sleep(random.int(5, 60) + this.servers.restMsMax * 10);
    }
  }

  // ---- checkers ----

  /** Reads sums all the time: single statements, or transactions with a lasting snapshot. */
  private async checkSession(client: pg.Client, random: Random, lasting: boolean): Promise<void> {
    while (!this.stopped) {
      try {
        if (lasting) await this.checkLasting(client, random);
        else await this.checkSingle(client, random);
        this.counts.checks++;
      } catch (error) {
        if (!(error instanceof pg.DatabaseError) || error.code !== '40001') throw error;
        this.counts.refusedChecks++;
        await client.query('ROLLBACK');
      }
      await sleep(random.int(0, 20) + this.servers.restMsMax);
    }
  }

  private async checkSingle(client: pg.Client, random: Random): Promise<void> {
    const { known } = this.record;
    if (known.recent !== undefined && random.chance(0.5)) {
      const table = random.pick(['journal WHERE id', 'ledger WHERE transfer']);
      const { rows } = await textQuery(client, `SELECT count(*) FROM ${table} = ${known.recent}`);
      if (rows[0]?.[0] !== '1') throw new Violation(`transfer ${known.recent} is not seen (${table}), and it was acknowledged before the read began`);
    }
    const { rows } = await textQuery(
      client,
      random.pick([
        `SELECT (SELECT sum(balance) FROM accounts), (SELECT sum(balance) FROM tellers), (SELECT sum(moves) FROM tellers),
           (SELECT coalesce(sum(amount), 0) FROM journal), (SELECT count(*) FROM journal), (SELECT count(*) FROM ledger), (SELECT coalesce(sum(amount), 0) FROM ledger)`,
        `SELECT a.balance, t.balance, t.moves, j.amount, j.moves, l.moves, l.amount
           FROM (SELECT sum(balance) AS balance FROM accounts) a, (SELECT sum(balance) AS balance, sum(moves) AS moves FROM tellers) t,
             (SELECT coalesce(sum(amount), 0) AS amount, count(*) AS moves FROM journal) j,
             (SELECT coalesce(sum(amount), 0) AS amount, count(*) AS moves FROM ledger) l`,
      ]),
    );
    this.checkSeen((rows[0] ?? []).map(Number), known, 'one statement');
  }

  private checkSeen(sums: readonly number[], known: Known, where: string): void {
    checkSums(sums, where);
    this.record.seen(sums[4] ?? 0, known, where);
  }

  private async checkLasting(client: pg.Client, random: Random): Promise<void> {
    await client.query(random.pick(['BEGIN ISOLATION LEVEL REPEATABLE READ', 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY']));
    const queries = [
      ['SELECT sum(balance) FROM accounts', [0]],
      ['SELECT sum(balance), sum(moves) FROM tellers', [1, 2]],
      ['SELECT coalesce(sum(amount), 0), count(*) FROM journal', [3, 4]],
      ['SELECT count(*), coalesce(sum(amount), 0) FROM ledger', [5, 6]],
    ] as const;
    const { known } = this.record;
    let first: readonly number[] | undefined;
    for (let turn = 0; turn < 2; turn++) {
      const sums: number[] = [];
      for (const [sql, places] of random.shuffle(queries)) {
        const { rows } = await textQuery(client, sql);
        for (const [at, place] of places.entries()) sums[place] = Number(rows[0]?.[at]);
        if (random.chance(0.3)) await sleep(random.int(1, 15));
      }
      if (first === undefined) this.checkSeen(sums, known, 'a REPEATABLE READ transaction');
      else if (first.join() !== sums.join()) throw new Violation(`a REPEATABLE READ transaction read ${first.join()} and then ${sums.join()}`);
      first = sums;
    }
    await client.query('COMMIT');
  }
}

function statementOf(step: 'source' | 'target' | 'journal' | 'teller' | 'ledger', transfer: Transfer): string {
  const { id, source, target, amount, teller } = transfer;
  switch (step) {
    case 'source':
      return `UPDATE accounts SET balance = balance - ${amount} WHERE id = ${source}`;
    case 'target':
      return `UPDATE accounts SET balance = balance + ${amount} WHERE id = ${target}`;
    case 'journal':
      return `INSERT INTO journal VALUES (${id}, ${source}, ${target}, ${amount}, ${teller}) RETURNING seq`;
    case 'teller':
      return `UPDATE tellers SET balance = balance + ${amount}, moves = moves + 1 WHERE id = ${teller}`;
    case 'ledger':
      return `INSERT INTO ledger VALUES (${id}, ${amount})`;
  }
}

/** The server has been killed, or is not there yet. */
export function isGone(error: unknown): boolean {
  if (error instanceof pg.DatabaseError) return error.code === '57P01' || error.code === '57P02' || error.code === '57P03';
  if (error instanceof Violation) return false;
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED' || code === 'ECONNRESET' || code === 'EPIPE' || /Connection terminated|not queryable|Client was closed/.test(message);
}

/** What `pg` says to an object that it is given to send: COPY FROM STDIN without another package. */
interface CopySubmittable {
  text: string;
  submit(connection: CopyConnection): void;
  handleCopyInResponse(connection: CopyConnection): void;
  handleCommandComplete(): void;
  handleReadyForQuery(): void;
  handleError(error: Error): void;
}

interface CopyConnection {
  query(text: string): void;
  sendCopyFromChunk(chunk: Buffer): void;
  endCopyFrom(): void;
}

async function copyIn(client: pg.Client, sql: string, data: string, sent: () => void): Promise<void> {
  const done = new AbortController();
  const ended = once(client, 'end', { signal: done.signal }).then(() => {
    throw new Error('Connection terminated');
  });
  ended.catch(() => undefined);
  const copied = new Promise<void>((resolve, reject) => {
    let failure: Error | undefined;
    const submittable: CopySubmittable = {
      text: sql,
      submit: (connection) => connection.query(sql),
      handleCopyInResponse: (connection) => {
        connection.sendCopyFromChunk(Buffer.from(data));
        connection.endCopyFrom();
        sent();
      },
      handleCommandComplete: () => undefined,
      handleReadyForQuery: () => (failure === undefined ? resolve() : reject(failure)),
      handleError: (error) => {
        failure = error;
        if (!(error instanceof pg.DatabaseError)) reject(error);
      },
    };
    client.query(submittable as unknown as pg.Submittable);
  });
  await Promise.race([copied, ended]).finally(() => done.abort());
}
