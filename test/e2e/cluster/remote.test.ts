/** Two nodes: a hosts the database, b hosts none. Whatever a client does at b must be as at a. */
import assert from 'node:assert/strict';
import pg from 'pg';
import { run } from '../../support/process.js';
import { startCluster, type TestCluster } from './support.js';

describe('a node that does not host the database', function () {
  this.timeout(180_000);
  let cluster: TestCluster;
  const clients: pg.Client[] = [];
  before(async () => {
    cluster = await startCluster(2);
  });
  after(async () => {
    await cluster.end();
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(async (client) => client.end().catch(() => undefined)));
  });

  const port = (node: 0 | 1): number => cluster.nodes[node]?.port ?? 0;
  const connect = async (node: 0 | 1): Promise<pg.Client> => {
    const client = new pg.Client({ host: '127.0.0.1', port: port(node), user: 'postgres', database: 'postgres' });
    client.on('error', () => undefined);
    clients.push(client);
    await client.connect();
    return client;
  };
  const psql = async (node: 0 | 1, input: string) => run('psql', ['-X', '-q', '-h', '127.0.0.1', '-p', String(port(node)), '-U', 'postgres', '-At'], { input });
  const pidOf = async (client: pg.Client): Promise<number> => (await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid ?? 0;
  const ended = async (client: pg.Client): Promise<void> => {
    await new Promise<void>((resolve) => {
      client.once('end', () => {
        resolve();
      });
    });
  };
  const code = (error: unknown): string => (error as { readonly code?: string }).code ?? String(error);

  it('answers statements, cursors, COPY and errors as the one that does', async () => {
    const script = (suffix: string): string => `
      CREATE TABLE item${suffix}(id int PRIMARY KEY, name text NOT NULL);
      CREATE TABLE line${suffix}(id int, item int, amount numeric) PARTITION BY HASH (id) WITH (shards = 4);
      INSERT INTO item${suffix} SELECT g, 'item ' || g FROM generate_series(1, 50) g;
      INSERT INTO line${suffix} SELECT g, g % 50 + 1, g * 0.25 FROM generate_series(1, 2000) g;
      SELECT i.name, sum(l.amount), count(*) FROM line${suffix} l JOIN item${suffix} i ON i.id = l.item GROUP BY i.name ORDER BY 2 DESC LIMIT 3;
      BEGIN; UPDATE item${suffix} SET name = 'changed' WHERE id = 1; SAVEPOINT a; DELETE FROM item${suffix}; SELECT count(*) FROM item${suffix};
      ROLLBACK TO a; SELECT * FROM item${suffix} WHERE id < 3 ORDER BY id; COMMIT;
      BEGIN; DECLARE c CURSOR FOR SELECT id FROM line${suffix} ORDER BY id; FETCH 2 FROM c; MOVE 3 IN c; FETCH 1 FROM c; COMMIT;
      COPY item${suffix} FROM stdin;
1000	copied
\\.
      COPY (SELECT * FROM item${suffix} WHERE id > 48 ORDER BY id) TO STDOUT WITH (FORMAT csv);
      SET synchronous_commit = off; INSERT INTO item${suffix} VALUES (2000, 'soon'); SELECT count(*) FROM item${suffix};
      CREATE FUNCTION total${suffix}() RETURNS numeric LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT sum(amount) FROM line${suffix}); END $$;
      SELECT total${suffix}();
      CREATE TEMP TABLE scratch AS SELECT 7 AS n; SELECT * FROM scratch;
      SELECT pg_advisory_lock(5); SELECT pg_advisory_unlock(5);
      ALTER TABLE item${suffix} ADD COLUMN extra int DEFAULT 3; SELECT extra FROM item${suffix} WHERE id = 1;
      INSERT INTO item${suffix} VALUES (1, 'twice');
      SELECT 1 / 0;
      SELECT nothing;
    `;
    const [at, through] = [await psql(0, script('_0')), await psql(1, script('_1'))];
    const same = (text: string): string => text.replaceAll('_1', '_0');
    assert.equal(same(through.stdout), same(at.stdout));
    assert.equal(same(through.stderr), same(at.stderr));
    assert.match(at.stdout, /copied/);
  });

  it('shows what was written through the other, at once', async () => {
    const [a, b] = [await connect(0), await connect(1)];
    await a.query('CREATE TABLE shared(n int)');
    for (let round = 0; round < 20; round++) {
      const [writer, reader] = round % 2 === 0 ? [a, b] : [b, a];
      await writer.query(`SET synchronous_commit = ${round % 3 === 0 ? 'off' : 'on'}`);
      await writer.query('INSERT INTO shared VALUES ($1)', [round]);
      assert.deepEqual((await reader.query('SELECT count(*)::int AS n FROM shared')).rows, [{ n: round + 1 }]);
    }
  });

  it('sees a table that the other has just made, and plans anew when it has changed', async () => {
    const [a, b] = [await connect(0), await connect(1)];
    for (let round = 0; round < 10; round++) {
      const [maker, user] = round % 2 === 0 ? [a, b] : [b, a];
      await maker.query(`CREATE TABLE made_${String(round)} AS SELECT 1 AS x`);
      assert.deepEqual((await user.query(`SELECT * FROM made_${String(round)}`)).rows, [{ x: 1 }]);
      await maker.query(`ALTER TABLE made_${String(round)} ADD COLUMN y int DEFAULT 2`);
      assert.deepEqual((await user.query(`SELECT * FROM made_${String(round)}`)).rows, [{ x: 1, y: 2 }]);
      assert.deepEqual((await user.query(`SELECT y FROM made_${String(round)}`)).rows, [{ y: 2 }]);
      await maker.query(`DROP TABLE made_${String(round)}`);
    }
  });

  it('waits for locks that clients of the other hold, and is told of deadlocks', async () => {
    const [a, b] = [await connect(0), await connect(1)];
    await a.query('CREATE TABLE account(id int PRIMARY KEY, balance int)');
    await a.query('INSERT INTO account VALUES (1, 10), (2, 20)');
    await a.query('BEGIN; UPDATE account SET balance = 11 WHERE id = 1');
    await b.query('BEGIN; UPDATE account SET balance = 22 WHERE id = 2');
    const waiting = [a.query('UPDATE account SET balance = 33 WHERE id = 2'), b.query('UPDATE account SET balance = 44 WHERE id = 1')];
    const results = await Promise.allSettled(waiting);
    assert.deepEqual(results.map((result) => (result.status === 'rejected' ? code(result.reason) : 'done')).sort(), ['40P01', 'done']);
    await Promise.all([a.query('ROLLBACK'), b.query('ROLLBACK')]);
  });

  it('stops statements by timeout, by cancel request and by pg_cancel_backend, and the next one runs', async () => {
    const [a, b] = [await connect(0), await connect(1)];
    const endless = 'SELECT count(*) FROM generate_series(1, 100000000) x, generate_series(1, 1000) y WHERE x % 7 = y % 3';
    for (let round = 0; round < 3; round++) {
      // (Together, so that it is for this one alone.)
      await assert.rejects(b.query(`SET statement_timeout = '100ms'; ${endless}`), (error) => code(error) === '57014');
      assert.deepEqual((await b.query('SELECT 1 AS one')).rows, [{ one: 1 }]);
    }
    const pid = await pidOf(b);
    // (A wait, which leaves the scan threads to others.)
    await a.query('SELECT pg_advisory_lock(5)');
    const wait = 'SELECT pg_advisory_lock(5)';
    const stopped = assert.rejects(b.query(wait), (error) => code(error) === '57014');
    for (;;) {
      const { rows } = await a.query<{ state: string; query: string }>('SELECT state, query FROM pg_stat_activity WHERE pid = $1', [pid]);
      if (rows[0]?.state === 'active' && rows[0].query === wait) break;
    }
    // (Asked of the node that the session is not on.)
    assert.deepEqual((await a.query('SELECT pg_cancel_backend($1) AS done', [pid])).rows, [{ done: true }]);
    await stopped;
    assert.deepEqual((await b.query('SELECT 2 AS two')).rows, [{ two: 2 }]);
    const end = ended(b);
    await a.query('SELECT pg_terminate_backend($1)', [pid]);
    await end;
  });

  it('brings notifications to listeners of both, in one order', async () => {
    const [a, b] = [await connect(0), await connect(1)];
    const heard: string[][] = [[], []];
    for (const [at, client] of [a, b].entries()) {
      client.on('notification', ({ payload }) => heard[at]?.push(payload ?? ''));
      await client.query('LISTEN news');
    }
    for (let round = 0; round < 10; round++) await Promise.all([a.query(`NOTIFY news, 'a${String(round)}'`), b.query(`NOTIFY news, 'b${String(round)}'`)]);
    while (heard.some((own) => own.length < 20)) await Promise.all([a.query('SELECT 1'), b.query('SELECT 1')]);
    assert.deepEqual(heard[0], heard[1]);
  });

  it('gives back what a client had open when it goes', async () => {
    const [a, b] = [await connect(0), await connect(1)];
    await b.query('SELECT pg_advisory_lock(77)');
    const waiting = a.query('SELECT pg_advisory_lock(77)');
    await b.end();
    await waiting;
  });

  it('makes databases and roles, and drops them under everybody', async () => {
    const b = await connect(1);
    await b.query("CREATE ROLE guest LOGIN PASSWORD 'secret'");
    await b.query('CREATE DATABASE second OWNER guest');
    const [at, through] = await Promise.all(
      [0, 1].map(async (node) => {
        const client = new pg.Client({ host: '127.0.0.1', port: port(node as 0 | 1), user: 'guest', password: 'secret', database: 'second' });
        client.on('error', () => undefined);
        clients.push(client);
        await client.connect();
        return client;
      }),
    );
    await through?.query('CREATE TABLE own(n int); INSERT INTO own VALUES (1)');
    assert.deepEqual((await at?.query('SELECT n FROM own'))?.rows, [{ n: 1 }]);
    await assert.rejects(b.query('SELECT n FROM own'), (error) => code(error) === '42P01');
    const gone = [at, through].map(async (client) => ended(client as pg.Client));
    await b.query('DROP DATABASE second WITH (FORCE)');
    await Promise.all(gone);
    await b.query('DROP ROLE guest').catch((error: unknown) => {
      assert.equal(code(error), '0A000');
    });
    const a = await connect(0);
    assert.deepEqual((await a.query("SELECT count(*)::int AS n FROM pg_database WHERE datname = 'second'")).rows, [{ n: 0 }]);
  });

  it('runs pgbench', async () => {
    const options = ['-h', '127.0.0.1', '-p', String(port(1)), '-U', 'postgres'];
    const made = await run('pgbench', ['-i', '-q', ...options, 'postgres']);
    assert.equal(made.status, 0, made.stderr);
    for (const mode of ['simple', 'prepared']) {
      const ran = await run('pgbench', ['-n', '-c', '4', '-t', '20', '-M', mode, ...options, 'postgres']);
      assert.equal(ran.status, 0, ran.stderr);
      assert.match(ran.stdout, /number of transactions actually processed: 80\/80/);
    }
    const b = await connect(1);
    const { rows } = await b.query<{ ok: boolean }>(
      'SELECT (SELECT sum(bbalance) FROM pgbench_branches) = (SELECT sum(delta) FROM pgbench_history) AND (SELECT count(*) FROM pgbench_history) = 160 AS ok',
    );
    assert.deepEqual(rows, [{ ok: true }]);
  });

  it('sends its clients away when the host is killed, and goes on when that is back', async () => {
    const [idle, open, running] = [await connect(1), await connect(1), await connect(1)];
    await open.query('CREATE TABLE kept(n int); INSERT INTO kept VALUES (1)');
    await open.query('BEGIN; INSERT INTO kept VALUES (2)');
    const gone = [idle, open, running].map(ended);
    const failed = assert.rejects(running.query('SELECT pg_sleep(60)'), (error) => ['57P01', '08006'].includes(code(error)));
    await cluster.nodes[0]?.kill();
    await failed;
    await Promise.all(gone);
    await assert.rejects(connect(1), (error) => code(error) === '57P03');
    await cluster.nodes[0]?.start();
    const again = await connect(1);
    assert.deepEqual((await again.query('SELECT n FROM kept')).rows, [{ n: 1 }]);
    assert.equal((await again.query('INSERT INTO kept VALUES (3)')).rowCount, 1);
  });
});
