/**
 * kill -9 under load: several sessions move money between accounts in different shards, each in an explicit transaction that also writes a row
 * about itself, while another loads batches over all shards with COPY. After every kill and restart, each acknowledged transfer and batch is there, none is
 * there by half, and nothing was made up.
 * `SHOAL_KILLS` sets the number of kills.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { psql, requireClient } from '../support/psql.js';
import { Random } from '../support/random.js';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';

const kills = Number(process.env['SHOAL_KILLS'] ?? 5);
const seed = Number(process.env['SHOAL_SEED'] ?? Math.floor(Math.random() * 1e9));
const accounts = 40;
const sessions = 6;
const initialBalance = 1000;
/** Rows of one COPY. */
const batchRows = 2000;

interface Transfer {
  readonly id: number;
  readonly source: number;
  readonly target: number;
  readonly amount: number;
}

/** What the clients know, whatever becomes of the server. */
interface Journal {
  readonly attempted: Map<number, Transfer>;
  readonly acknowledged: Set<number>;
  batchesAttempted: number;
  readonly batchesAcknowledged: Set<number>;
}

describe(`kill -9 under load (seed ${seed})`, function () {
  this.timeout(60_000 + kills * 30_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-kill-'));
  const random = new Random(seed);
  const journal: Journal = { attempted: new Map(), acknowledged: new Set(), batchesAttempted: 0, batchesAcknowledged: new Set() };
  let shoal: Shoal;

  before(async function () {
    requireClient(this, 'psql');
    shoal = await Shoal.start({ dataDirectory: directory });
    const client = await connect(shoal.connection);
    await textQuery(client, 'CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL) PARTITION BY HASH (id) WITH (shards = 4)');
    await textQuery(client, 'CREATE TABLE transfers (id int PRIMARY KEY, source int, target int, amount int) PARTITION BY HASH (id) WITH (shards = 4)');
    await textQuery(client, 'CREATE TABLE copied (batch int, id int, PRIMARY KEY (batch, id)) PARTITION BY HASH (id) WITH (shards = 8)');
    await textQuery(client, `INSERT INTO accounts SELECT i, ${initialBalance} FROM generate_series(1, ${accounts}) i`);
    await client.end();
  });

  after(async () => {
    await shoal?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  for (let kill = 1; kill <= kills; kill++) {
    it(`loses nothing that was acknowledged and keeps nothing by half, kill ${kill}`, async () => {
      const before = journal.acknowledged.size;
      const load = Array.from({ length: sessions }, () => session(shoal, journal, random));
      load.push(copySession(shoal, journal));
      await sleep(random.int(200, 1700));
      // A busy machine may need longer until the first one is through.
      for (let waited = 0; journal.acknowledged.size === before && waited < 15_000; waited += 20) await sleep(20);
      await shoal.kill('SIGKILL');
      await Promise.all(load);
      assert.ok(journal.acknowledged.size > before, `no transfer was acknowledged: the test has tested nothing\n${shoal.log.slice(-2000)}`);
      shoal = await Shoal.start({ dataDirectory: directory });
      await check(shoal, journal);
    });
  }
});

/** One client: transfers until the server is gone. */
async function session(shoal: Shoal, journal: Journal, random: Random): Promise<void> {
  let client: pg.Client;
  try {
    client = await connect(shoal.connection);
  } catch (error) {
    if (shoal.alive) throw error;
    return;
  }
  for (;;) {
    const source = random.int(1, accounts);
    const target = 1 + ((source + random.int(0, accounts - 2)) % accounts);
    const transfer = { id: journal.attempted.size + 1, source, target, amount: random.int(1, 100) };
    journal.attempted.set(transfer.id, transfer);
    try {
      await client.query('BEGIN');
      await client.query('UPDATE accounts SET balance = balance - $1 WHERE id = $2', [transfer.amount, source]);
      await client.query('INSERT INTO transfers VALUES ($1, $2, $3, $4)', [transfer.id, source, target, transfer.amount]);
      await client.query('UPDATE accounts SET balance = balance + $1 WHERE id = $2', [transfer.amount, target]);
      await client.query('COMMIT');
      journal.acknowledged.add(transfer.id);
    } catch (error) {
      if (!(error instanceof pg.DatabaseError)) return; // the connection broke: whether this one was committed is open
      if (error.code === '57P01' || error.code === '57P02') return;
      // Transfers lock in any order, so deadlocks are part of the load.
      if (error.code !== '40P01' && error.code !== '40001') throw error;
      try {
        await client.query('ROLLBACK');
      } catch {
        return;
      }
    }
  }
}

/** One client that loads batch after batch by COPY until the server is gone. */
async function copySession(shoal: Shoal, journal: Journal): Promise<void> {
  while (shoal.alive) {
    const batch = ++journal.batchesAttempted;
    const rows = Array.from({ length: batchRows }, (_, index) => `${batch}\t${index + 1}\n`).join('');
    const { status } = await psql(shoal.connection, `COPY copied FROM STDIN;\n${rows}\\.\n`);
    if (status === 0) journal.batchesAcknowledged.add(batch);
  }
}

async function checkBatches(client: pg.Client, journal: Journal): Promise<void> {
  const { rows } = await textQuery(client, 'SELECT batch, count(*), count(DISTINCT id), min(id), max(id) FROM copied GROUP BY batch');
  const found = new Set<number>();
  for (const [batch, ...figures] of rows.map((row) => row.map(Number))) {
    assert.deepEqual(figures, [batchRows, batchRows, 1, batchRows], `batch ${batch} is there as a whole`);
    assert.ok(batch !== undefined && batch <= journal.batchesAttempted, 'every batch is one that the client has sent');
    found.add(batch);
  }
  const lost = [...journal.batchesAcknowledged].filter((batch) => !found.has(batch));
  assert.deepEqual(lost, [], `${lost.length} of ${journal.batchesAcknowledged.size} acknowledged batches are lost`);
}

async function check(shoal: Shoal, journal: Journal): Promise<void> {
  const client = await connect(shoal.connection);
  const { rows } = await textQuery(client, 'SELECT id, source, target, amount FROM transfers');
  const balances = new Map(Array.from({ length: accounts }, (_, index) => [index + 1, initialBalance]));
  const found = new Set<number>();
  for (const row of rows) {
    const [id, source, target, amount] = row.map(Number) as [number, number, number, number];
    assert.deepEqual({ id, source, target, amount }, journal.attempted.get(id), 'every transfer in the table is one that a client made');
    assert.ok(!found.has(id), `transfer ${id} is there twice`);
    found.add(id);
    balances.set(source, (balances.get(source) as number) - amount);
    balances.set(target, (balances.get(target) as number) + amount);
  }
  const lost = [...journal.acknowledged].filter((id) => !found.has(id));
  assert.deepEqual(lost, [], `${lost.length} of ${journal.acknowledged.size} acknowledged transfers are lost`);
  const actual = await textQuery(client, 'SELECT id, balance FROM accounts ORDER BY id');
  assert.deepEqual(
    actual.rows.map((row) => row.map(Number)),
    [...balances].sort(([a], [b]) => a - b),
    'the balances are those that the transfers in the table make',
  );
  const byKey = await textQuery(client, `SELECT count(*) FROM accounts a JOIN accounts b ON a.id = b.id WHERE a.id BETWEEN 1 AND ${accounts}`);
  assert.equal(byKey.rows[0]?.[0], String(accounts));
  await checkBatches(client, journal);
  await client.end();
}
