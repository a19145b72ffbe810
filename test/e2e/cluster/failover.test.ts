/** Three nodes as users start them, each with a copy of every database: the one that writes is killed, stopped, sent away; the others go on with everything that was acknowledged. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type pg from 'pg';
import { needEtcd } from '../../support/etcd.js';
import { LocalCluster } from '../../support/local-cluster.js';

const postgresOid = 5;
const code = (error: unknown): string => (error as { readonly code?: string }).code ?? String(error);

describe('a cluster whose nodes fail', function () {
  this.timeout(300_000);
  const cluster = new LocalCluster(3);
  const others = (node: number): readonly [number, number] => cluster.nodes.filter((one) => one !== node) as unknown as [number, number];

  before(async function () {
    needEtcd(this);
    await cluster.up();
    await cluster.replicated(3);
  });
  after(async () => {
    await cluster.down();
  });

  async function writes(node: number, value: number): Promise<void> {
    await cluster.until(
      `a write at node ${String(node)}`,
      async () =>
        await cluster.ask(node, `INSERT INTO kept VALUES (${String(value)})`).then(
          () => true,
          // (It may be there although its connection was lost.)
          (error: unknown) => code(error) === '23505',
        ),
    );
  }
  const values = async (node: number): Promise<string> =>
    (await cluster.ask(node, 'SELECT coalesce(string_agg(n::text, $$ $$ ORDER BY n), $$$$) FROM kept'))[0]?.[0] ?? '';

  it('takes writes at every node, and shows them at every node', async () => {
    await cluster.ask(2, 'CREATE TABLE kept (n int PRIMARY KEY) PARTITION BY HASH (n) WITH (shards = 3)');
    for (const node of cluster.nodes) await cluster.ask(node, `INSERT INTO kept VALUES (${String(node)})`);
    for (const node of cluster.nodes) assert.equal(await values(node), '1 2 3');
  });

  it('makes and drops databases and roles at any node, over all of them', async () => {
    for (const node of cluster.nodes) {
      const name = `made_${String(node)}`;
      await cluster.ask(node, `CREATE DATABASE ${name}`);
      const client = await cluster.connect(node);
      await client.query(`BEGIN; CREATE ROLE ${name}; CREATE TABLE of_${name} (n int); ALTER TABLE of_${name} OWNER TO ${name}; COMMIT`);
      await client.query(`CREATE ROLE other_${name}; ALTER DATABASE ${name} OWNER TO other_${name}`);
      await assert.rejects(client.query(`DROP ROLE ${name}`), (error) => code(error) === '2BP01');
      assert.deepEqual((await client.query(`SELECT pg_database_size('${name}') > 0 AS size, shoal_verify() AS damage`)).rows, [{ size: true, damage: [] }]);
      await client.end();
      const [other] = others(node);
      await cluster.ask(other, 'CREATE TABLE own AS SELECT 7 AS n', name);
      assert.deepEqual(await cluster.ask(node, 'SELECT n FROM own', name), [['7']]);
      const oid = Number((await cluster.ask(other, `SELECT oid FROM pg_database WHERE datname = '${name}'`))[0]?.[0]);
      await cluster.ask(other, `DROP DATABASE ${name}`);
      await cluster.ask(node, `DROP TABLE of_${name}`);
      await cluster.ask(node, `DROP ROLE ${name}, other_${name}`);
      assert.equal(await cluster.configuration(oid), undefined);
      await cluster.until('its files are gone', async () =>
        Promise.resolve(cluster.nodes.every((one) => !existsSync(join(cluster.directory, `node-${String(one)}`, String(oid))))),
      );
    }
  });

  it('goes on at the other nodes when the primary is killed, and takes it back when it is started again', async () => {
    const primary = await cluster.primaryOf(postgresOid);
    const [first, second] = others(primary);
    const [idle, open] = [await cluster.connect(first), await cluster.connect(second)];
    const prepared = { name: 'count', text: 'SELECT count(*)::int AS n FROM kept WHERE n < $1' };
    assert.deepEqual((await idle.query(prepared, [10])).rows, [{ n: 3 }]);
    await idle.query("SET application_name = 'idle'");
    await open.query('BEGIN; INSERT INTO kept VALUES (100)');
    const gone = new Promise<void>((resolve) => open.once('end', resolve));
    process.kill(cluster.pid(primary), 'SIGKILL');
    await writes(first, 10);
    await writes(second, 11);
    await gone;
    for (const node of [first, second]) assert.equal(await values(node), '1 2 3 10 11');
    await cluster.up();
    await cluster.replicated(3);
    assert.equal(await values(primary), '1 2 3 10 11');
    await cluster.ask(primary, 'INSERT INTO kept VALUES (12)');
    // Who had nothing open goes on with settings and prepared statements; it is not told of anything.
    assert.deepEqual((await idle.query(prepared, [20])).rows, [{ n: 6 }]);
    assert.deepEqual((await idle.query('SHOW application_name')).rows, [{ application_name: 'idle' }]);
    await idle.end();
  });

  it('does not believe a primary that was stopped and wakes up', async () => {
    const primary = await cluster.primaryOf(postgresOid);
    const [first] = others(primary);
    const asleep: pg.Client = await cluster.connect(primary);
    await asleep.query('SELECT count(*) FROM kept');
    process.kill(cluster.pid(primary), 'SIGSTOP');
    // (Sent to it while it sleeps: it reads them as soon as it wakes.)
    const read = asleep.query('SELECT count(*) FROM kept WHERE n = 20').then(
      ({ rows }) => rows as readonly unknown[],
      (error: unknown) => code(error),
    );
    await writes(first, 20);
    await cluster.ask(first, 'DELETE FROM kept WHERE n = 10');
    process.kill(cluster.pid(primary), 'SIGCONT');
    // A new primary's state or an error, never the old one's.
    const answer = await read;
    if (typeof answer !== 'string') assert.deepEqual(answer, [{ count: '1' }]);
    else assert.match(answer, /^(57P01|57P03|08006|40001)$/);
    await asleep.end().catch(() => undefined);
    await cluster.until('the woken node shows what the others have written', async () => (await values(primary)) === '1 2 3 11 12 20');
    await cluster.replicated(3);
  });

  it('hands over when the primary is stopped in order: who tries again on 57P01 and 40001 sees nothing else, and does nothing twice', async () => {
    const primary = await cluster.primaryOf(postgresOid);
    await cluster.ask(primary, 'CREATE TABLE once (n int)');
    let isOver = false;
    let written = 0;
    const load = async (node: number, first: number): Promise<void> => {
      let client: pg.Client | undefined;
      for (let n = first; !isOver; n += 10) {
        for (;;) {
          try {
            const own = (client ??= await cluster.connect(node));
            if (n % 20 < 10) await own.query(`INSERT INTO once VALUES (${String(n)})`);
            else await own.query(`BEGIN; INSERT INTO once VALUES (${String(n)}); COMMIT`);
            break;
          } catch (error) {
            // (The driver sends nothing to a connection that has ended between two statements.)
            if (!['57P01', '40001'].includes(code(error)) && !/not queryable/.test(String(error))) throw error;
            // (Whoever was told 57P01 is to connect again; after 40001 that does no harm.)
            client?.end().catch(() => undefined);
            client = undefined;
          }
        }
        written++;
      }
      await client?.end();
    };
    const loads = others(primary).flatMap((node) => [0, 1].map(async (at) => await load(node, node * 2 + at)));
    const all = Promise.all(loads);
    all.catch(() => undefined);
    await cluster.until('some writes', () => Promise.resolve(written > 20));
    process.kill(cluster.pid(primary), 'SIGTERM');
    await cluster.until('another primary', async () => (await cluster.primaryOf(postgresOid)) !== primary);
    const before = written;
    await cluster.until('more writes', () => Promise.resolve(written > before + 20));
    isOver = true;
    await all;
    const [other] = others(primary);
    assert.deepEqual(await cluster.ask(other, 'SELECT count(*), count(DISTINCT n) FROM once'), [[String(written), String(written)]]);
    await cluster.up();
    await cluster.replicated(3);
  });

  it('keeps roles and databases through it all', async () => {
    const primary = await cluster.primaryOf(0);
    const [first, second] = others(primary);
    await cluster.ask(first, 'CREATE ROLE keeper');
    process.kill(cluster.pid(primary), 'SIGKILL');
    await cluster.until(
      'a role is made',
      async () =>
        await cluster.ask(second, 'CREATE ROLE another').then(
          () => true,
          (error: unknown) => code(error) === '42710',
        ),
    );
    assert.deepEqual(await cluster.ask(first, "SELECT rolname FROM pg_roles WHERE rolname IN ('keeper', 'another') ORDER BY 1"), [['another'], ['keeper']]);
    await cluster.up();
  });
});
