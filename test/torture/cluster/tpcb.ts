/**
 * pgbench's TPC-B-like transactions through all nodes, by clients that retry when they are told 40001, or 57P01 and then on a new connection, and bear nothing else.
 * Called by moves.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Connection } from '../../support/connection.js';
import { Random, seedOf } from '../../support/random.js';
import { connect, textQuery } from '../../support/subject.js';
import { Violation } from '../bank-record.js';

const branches = 2;
const tellers = branches * 10;
const accounts = branches * 5000;
const answerWithinMs = 60_000;

export interface TpcbOptions {
  readonly seed: number;
  readonly clients: number;
  readonly restMsMax: number;
  /** Where clients may go at present. */
  readonly nodes: () => readonly Connection[];
}

/** In the place of what may be there. */
export async function createTpcb(client: pg.Client, shards: number): Promise<void> {
  const distributed = `PARTITION BY HASH (aid) WITH (shards = ${String(shards)})`;
  for (const sql of [
    'DROP TABLE IF EXISTS pgbench_branches, pgbench_tellers, pgbench_accounts, pgbench_history',
    'CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int)',
    'CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int)',
    `CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84)) ${distributed}`,
    `CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22)) ${distributed}`,
    `INSERT INTO pgbench_branches SELECT g, 0 FROM generate_series(1, ${String(branches)}) g`,
    `INSERT INTO pgbench_tellers SELECT g, (g - 1) / 10 + 1, 0 FROM generate_series(1, ${String(tellers)}) g`,
    `INSERT INTO pgbench_accounts SELECT g, (g - 1) / 5000 + 1, 0, '' FROM generate_series(1, ${String(accounts)}) g`,
  ])
    await client.query(sql);
}

export class Tpcb {
  acknowledged = 0;
  serializationFailures = 0;
  disconnections = 0;
  /** COMMITs that were answered 57P01: they may have been done. */
  unknown = 0;
  #lastMs = performance.now();
  #longestPauseMs = 0;
  #failure: Error | undefined;
  #ended = false;
  readonly #running: readonly Promise<void>[];

  constructor(private readonly options: TpcbOptions) {
    this.#running = Array.from({ length: options.clients }, async (_, at) => await this.#client(new Random(seedOf(options.seed, at))));
  }

  get failed(): boolean {
    return this.#failure !== undefined;
  }

  /** The longest time without any acknowledgement since this was asked last. */
  takeLongestPauseMs(): number {
    const longest = Math.max(this.#longestPauseMs, performance.now() - this.#lastMs);
    this.#longestPauseMs = 0;
    return longest;
  }

  /** Throws what a client was told that was not for it to bear. */
  async end(): Promise<void> {
    this.#ended = true;
    await Promise.all(this.#running);
    if (this.#failure !== undefined) throw this.#failure;
  }

  async #client(random: Random): Promise<void> {
    while (!this.#ended && !this.failed) {
      const node = random.pick(this.options.nodes());
      let client: pg.Client | undefined;
      // What the server has said to a session that did nothing, `pg` tells as an event; the next query then only says that the client is of no use.
      let farewell: unknown;
      try {
        client = await connect(node, answerWithinMs);
        client.on('error', (error) => (farewell ??= error));
        while (!this.#ended && !this.failed) {
          await this.#transaction(client, random);
          await sleep(random.int(0, this.options.restMsMax));
        }
      } catch (failure) {
        const error = failure instanceof pg.DatabaseError ? failure : (farewell ?? failure);
        if (error instanceof pg.DatabaseError && error.code === '57P01') this.disconnections++;
        else {
          const { code, message } = error as pg.DatabaseError;
          this.#failure ??= new Violation(`a client of ${node.host} was told ${code ?? ''} ${message}`, { cause: error });
        }
      } finally {
        void client?.end().catch(() => undefined);
      }
    }
  }

  async #transaction(client: pg.Client, random: Random): Promise<void> {
    const [aid, bid, tid, delta] = [random.int(1, accounts), random.int(1, branches), random.int(1, tellers), random.int(-5000, 5000)].map(String);
    for (;;) {
      let commits = false;
      try {
        await client.query('BEGIN');
        await client.query(`UPDATE pgbench_accounts SET abalance = abalance + ${delta ?? ''} WHERE aid = ${aid ?? ''}`);
        await client.query(`SELECT abalance FROM pgbench_accounts WHERE aid = ${aid ?? ''}`);
        await client.query(`UPDATE pgbench_tellers SET tbalance = tbalance + ${delta ?? ''} WHERE tid = ${tid ?? ''}`);
        await client.query(`UPDATE pgbench_branches SET bbalance = bbalance + ${delta ?? ''} WHERE bid = ${bid ?? ''}`);
        await client.query(
          `INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (${tid ?? ''}, ${bid ?? ''}, ${aid ?? ''}, ${delta ?? ''}, CURRENT_TIMESTAMP)`,
        );
        commits = true;
        await client.query('COMMIT');
        const now = performance.now();
        this.#longestPauseMs = Math.max(this.#longestPauseMs, now - this.#lastMs);
        this.#lastMs = now;
        this.acknowledged++;
        return;
      } catch (error) {
        if (!(error instanceof pg.DatabaseError) || error.code !== '40001') {
          if (commits) this.unknown++;
          throw error;
        }
        this.serializationFailures++;
        await client.query('ROLLBACK');
      }
    }
  }

  /** When it has ended: the balances are those of the history, and everything acknowledged is there once. */
  async verify(connection: Connection): Promise<void> {
    const client = await connect(connection, answerWithinMs);
    const { rows } = await textQuery(
      client,
      `SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(tbalance) FROM pgbench_tellers), (SELECT sum(bbalance) FROM pgbench_branches),
         (SELECT coalesce(sum(delta), 0) FROM pgbench_history), (SELECT count(*) FROM pgbench_history)`,
    );
    await client.end();
    const [accountSum, tellerSum, branchSum, historySum, count = NaN] = (rows[0] ?? []).map(Number);
    if (accountSum !== historySum || tellerSum !== historySum || branchSum !== historySum)
      throw new Violation(
        `the sums differ: accounts ${String(accountSum)}, tellers ${String(tellerSum)}, branches ${String(branchSum)}, history ${String(historySum)}`,
      );
    if (count < this.acknowledged || count > this.acknowledged + this.unknown)
      throw new Violation(
        `the history has ${String(count)} rows; ${String(this.acknowledged)} transactions were acknowledged, and of ${String(this.unknown)} the outcome is unknown`,
      );
  }
}
