/** Statements that read on several nodes' copies, as users start them: one record of the log everywhere while others write, through every node; nodes that die meanwhile. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { needEtcd } from '../../support/etcd.js';
import { LocalCluster } from '../../support/local-cluster.js';

const postgresOid = 5;
const accounts = 240;
const balance = 1000;
/** Rounds of readers beside writers. */
const rounds = Number(process.env['SHOAL_SPREAD_ROUNDS'] ?? 15);
const code = (error: unknown): string => (error as { readonly code?: string }).code ?? String(error);

describe('statements over the copies of several nodes', function () {
  this.timeout(300_000);
  const cluster = new LocalCluster(3);
  const clients: pg.Client[] = [];

  before(async function () {
    needEtcd(this);
    await cluster.up();
    await cluster.replicated(3);
    const client = await connect(1);
    await client.query('CREATE TABLE account (id int PRIMARY KEY, branch int, balance bigint) PARTITION BY HASH (id) WITH (shards = 6)');
    await client.query('CREATE TABLE branch (id int PRIMARY KEY, name text) PARTITION BY HASH (id) WITH (shards = 4)');
    await client.query(`INSERT INTO account SELECT g, g % 7, ${String(balance)} FROM generate_series(1, ${String(accounts)}) g`);
    await client.query("INSERT INTO branch SELECT g, 'branch ' || g FROM generate_series(0, 6) g");
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(async (client) => client.end().catch(() => undefined)));
  });
  after(async () => {
    await cluster.down();
  });

  /** A session whose statements use every copy. */
  async function connect(node: number): Promise<pg.Client> {
    const client = await cluster.connect(node);
    clients.push(client);
    await client.query("SET shoal.min_parallel_nodes_size = '0'");
    return client;
  }

  async function explained(client: pg.Client, sql: string, options = ''): Promise<string> {
    const { rows } = await client.query<{ readonly 'QUERY PLAN': string }>(`EXPLAIN ${options} ${sql}`);
    return rows.map((row) => row['QUERY PLAN']).join('\n');
  }

  /** The nodes on which the statement has really run. */
  async function readOn(client: pg.Client, sql: string): Promise<readonly string[]> {
    return (/^Nodes: (.*)$/m.exec(await explained(client, sql, 'ANALYZE'))?.[1]?.split(', ') ?? []).sort();
  }

  const total = 'SELECT sum(balance)::int AS total, count(*)::int AS accounts FROM account';
  const joined =
    'SELECT b.name, count(*)::int AS n, sum(a.balance)::int AS total FROM account a JOIN branch b ON b.id = a.branch GROUP BY b.name ORDER BY b.name';

  it('say in EXPLAIN which nodes take part, and small ones stay where the database is written', async () => {
    for (const node of cluster.nodes) {
      const client = await connect(node);
      await client.query(total);
      const nodes = /^Nodes: (.*)$/m.exec(await explained(client, total))?.[1]?.split(', ') ?? [];
      assert.deepEqual([...nodes].sort(), ['node-1', 'node-2', 'node-3'], `through node ${String(node)}`);
      assert.doesNotMatch(await explained(client, 'SELECT * FROM account WHERE id = 5'), /^Nodes/m);
      // (A thread that is busy is not waited for.)
      await cluster.until('all take part', async () => (await readOn(client, total)).join() === 'node-1,node-2,node-3');
      assert.match(await explained(client, 'SELECT * FROM account ORDER BY id', 'ANALYZE'), new RegExp(`, ${String(accounts)} rows$`));
      await client.query('RESET shoal.min_parallel_nodes_size');
      assert.match(await explained(client, total), /^Nodes: node-\d$/m);
    }
  });

  it('show one state of all shards while transactions move money between them, at once what is acknowledged, and what their own transaction has written', async () => {
    let isOver = false;
    let moves = 0;
    const writer = async (node: number, seed: number): Promise<void> => {
      const client = await connect(node);
      for (let round = 1; !isOver; round++) {
        const [from, to] = [((seed + round * 7) % accounts) + 1, ((seed + round * 13 + 1) % accounts) + 1];
        try {
          await client.query('BEGIN');
          await client.query(`UPDATE account SET balance = balance - 1 WHERE id = ${String(Math.min(from, to))}`);
          await client.query(`UPDATE account SET balance = balance + 1 WHERE id = ${String(Math.max(from, to))}`);
          await client.query('COMMIT');
          moves++;
        } catch (error) {
          assert.ok(['40001', '40P01'].includes(code(error)), code(error));
          await client.query('ROLLBACK');
        }
      }
    };
    const writers = [writer(1, 3), writer(2, 101)];
    try {
      const readers = await Promise.all(cluster.nodes.map(connect));
      for (let round = 0; round < rounds; round++) {
        await Promise.all(
          readers.map(async (client) => {
            assert.deepEqual((await client.query(total)).rows, [{ total: accounts * balance, accounts }]);
            const branches = (await client.query<{ readonly total: number }>(joined)).rows;
            assert.equal(
              branches.reduce((sum, row) => sum + row.total, 0),
              accounts * balance,
            );
          }),
        );
      }
      await cluster.until('all take part while others write', async () => (await readOn(readers[0] as pg.Client, joined)).length === 3);
      const [one, two] = readers as [pg.Client, pg.Client];
      for (let round = 0; round < rounds; round++) {
        await one.query('INSERT INTO account VALUES ($1, 0, 0)', [10_000 + round]);
        const seen = async (client: pg.Client): Promise<unknown> =>
          (await client.query('SELECT count(*)::int AS n FROM account WHERE balance = 0 AND id >= 10000')).rows[0];
        assert.deepEqual(await seen(two), { n: round + 1 });
      }
      await one.query('BEGIN; DELETE FROM account WHERE id >= 10000');
      assert.deepEqual((await one.query('SELECT count(*)::int AS n FROM account')).rows, [{ n: accounts }]);
      assert.deepEqual((await two.query('SELECT count(*)::int AS n FROM account')).rows, [{ n: accounts + rounds }]);
      await one.query('COMMIT');
    } finally {
      isOver = true;
      await Promise.all(writers);
    }
    assert.ok(moves > 0);
  });

  it('exchange rows from node to node, within the memory of each cache, and leave nothing there', async () => {
    const client = await connect(2);
    const wide = `SELECT b.name, count(*)::int AS n, min(length(a.text)) AS least FROM (SELECT branch, repeat('x', 500) || id AS text FROM account) a
      FULL JOIN (SELECT id + 0 AS id, name FROM branch) b ON b.id = a.branch GROUP BY b.name ORDER BY b.name`;
    await client.query("ALTER SYSTEM SET shoal.cache_memory = '1kB'");
    try {
      await cluster.until('rows go from node to node, and to files', async () => {
        const plan = await explained(client, wide, 'ANALYZE');
        assert.doesNotMatch(plan, /through the front end/);
        const spilled = await Promise.all(cluster.nodes.map(async (node) => (await cluster.cacheFigures(node)).spilledBytes));
        return /repartition .*node to node \(\d+ rows, \d+ bytes, [1-9]\d* of them between nodes\)/.test(plan) && spilled.some((bytes) => bytes > 0);
      });
      const found = (await client.query<{ readonly n: number }>(wide)).rows;
      assert.equal(found.length, 7);
      assert.equal(
        found.reduce((sum, { n }) => sum + n, 0),
        accounts,
      );
    } finally {
      await client.query('ALTER SYSTEM RESET shoal.cache_memory');
    }
    await cluster.cachesEmpty();
  });

  it('leave nothing in the caches when they are cancelled, time out or lose their client in the middle of an exchange', async () => {
    // (Its rows take minutes to come, and are repartitioned.)
    const endless = `SELECT count(*) FROM (SELECT (a.balance + g) % 1000003 AS x FROM account a CROSS JOIN generate_series(1, 10000000) g) a
      FULL JOIN (SELECT id + 0 AS id FROM branch) b ON b.id = a.x`;
    const held = async (): Promise<boolean> => {
      const figures = await Promise.all(cluster.nodes.map(async (node) => cluster.cacheFigures(node)));
      return figures.some(({ bytes }) => bytes > 0);
    };
    const other = await connect(1);
    const pid = (client: pg.Client): number => (client as pg.Client & { readonly processID: number }).processID;
    /** Its error code, once it was under way with rows in the caches and `end` was called. (A copy that is slow to answer is left out of a statement: alone the primary exchanges nothing.) */
    const ended = async (end: (client: pg.Client) => Promise<unknown>): Promise<void> => {
      const client = await connect(3);
      const running = client.query(endless).then(
        () => 'none',
        (error: unknown) => code(error),
      );
      let hadRows = false;
      for (let look = 0; look < 100 && !hadRows; look++) {
        hadRows = await held();
        if (!hadRows) await sleep(50);
      }
      await end(client);
      assert.ok(['57014', '57P01'].includes(await running));
      await cluster.cachesEmpty();
      if (!hadRows) await ended(end);
    };
    await ended(async (client) => await other.query('SELECT pg_cancel_backend($1)', [pid(client)]));
    await ended(async (client) => await other.query('SELECT pg_terminate_backend($1)', [pid(client)]));
    const client = await connect(3);
    await client.query("SET statement_timeout = '1s'");
    await assert.rejects(client.query(endless), { code: '57014' });
    await cluster.cachesEmpty();
  });

  it('are stopped at every node by a timeout, and the next one runs', async () => {
    const client = await connect(2);
    // (The nested loop alone takes minutes.)
    const endless = 'SELECT count(*) FROM account a CROSS JOIN generate_series(1, 10000000) g WHERE (a.balance + g) % 1000003 = 7';
    // (Together, so that it is for this one alone.)
    await assert.rejects(client.query(`SET statement_timeout = '300ms'; ${endless}`), { code: '57014' });
    assert.deepEqual((await client.query(total)).rows, [{ total: accounts * balance, accounts }]);
  });

  it('read a copy that is fresh enough in a read-only session, and never when they write', async () => {
    const primary = await cluster.primaryOf(postgresOid);
    const node = cluster.nodes.find((one) => one !== primary) as number;
    const client = await connect(node);
    await client.query("SET shoal.max_staleness = '10s'; SET default_transaction_read_only = on");
    // (Stopped, the primary answers nobody: what comes is the node's own copy.)
    process.kill(cluster.pid(primary), 'SIGSTOP');
    try {
      assert.deepEqual((await client.query(total)).rows, [{ total: accounts * balance, accounts }]);
      assert.deepEqual((await client.query('SELECT id FROM account WHERE id = 7')).rows, [{ id: 7 }]);
    } finally {
      process.kill(cluster.pid(primary), 'SIGCONT');
    }
  });

  it('go on when a node that does not write is killed, and nobody sees it', async () => {
    await cluster.replicated(3);
    const primary = await cluster.primaryOf(postgresOid);
    const victim = cluster.nodes.find((one) => one !== primary) as number;
    const through = cluster.nodes.filter((one) => one !== victim);
    const readers = await Promise.all(through.map(connect));
    let killed = false;
    const reading = readers.map(async (client) => {
      let after = 0;
      while (after < 5) {
        if (killed) after++;
        assert.deepEqual((await client.query(total)).rows, [{ total: accounts * balance, accounts }]);
        assert.equal((await client.query(joined)).rows.length, 7);
      }
    });
    process.kill(cluster.pid(victim), 'SIGKILL');
    killed = true;
    await Promise.all(reading);
    await cluster.cachesEmpty(through);
    await cluster.up();
    await cluster.replicated(3);
  });

  it('begin again at the next primary when theirs is killed before they have answered', async () => {
    const primary = await cluster.primaryOf(postgresOid);
    const readers = await Promise.all(cluster.nodes.filter((one) => one !== primary).map(connect));
    const long = `SELECT count(*)::int AS n FROM account a CROSS JOIN generate_series(1, 4000) g WHERE (a.balance + g) % 2 < 2`;
    const answers = readers.map(async (client) => (await client.query<{ readonly n: number }>(long)).rows);
    const one = await connect(primary);
    await cluster.until('they run', async () => {
      const { rows } = await one.query<{ readonly n: number }>(
        "SELECT count(*)::int AS n FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%CROSS JOIN%4000%' AND pid <> pg_backend_pid()",
      );
      return rows[0]?.n === readers.length;
    });
    process.kill(cluster.pid(primary), 'SIGKILL');
    for (const rows of await Promise.all(answers)) assert.deepEqual(rows, [{ n: accounts * 4000 }]);
  });
});
