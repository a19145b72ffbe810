/** What queries tell the scaler: bytes under query after pruning, in EXPLAIN and as they run. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DemandReport } from '../../src/cluster/scaler/demand-reporter.js';
import { Shoal } from '../support/shoal.js';

describe('bytes under query', function () {
  this.timeout(120_000);
  let shoal: Shoal;
  let client: pg.Client;
  const reports: DemandReport[] = [];
  const scaler = createServer((request, response) => {
    let text = '';
    request.on('data', (chunk: Buffer) => (text += chunk.toString()));
    request.on('end', () => {
      reports.push(JSON.parse(text) as DemandReport);
      response.writeHead(202).end();
    });
  });
  const rows = async (sql: string): Promise<string[]> =>
    (await client.query<{ [name: string]: string }>(sql)).rows.map((row) => Object.values(row)[0] as string);
  const explained = async (sql: string): Promise<{ bytes: number; nodes: number }> => {
    const text = (await rows(`EXPLAIN ${sql}`)).join('\n');
    const [, bytes, nodes] = /Bytes under query: (\d+) \(nodes wanted at \d+ MB a node: (\d+)\)/.exec(text) ?? [];
    return { bytes: Number(bytes), nodes: Number(nodes) };
  };
  const reported = async (matches: (report: DemandReport) => boolean): Promise<DemandReport> => {
    for (;;) {
      const found = reports.find(matches);
      if (found !== undefined) return found;
      await sleep(10);
    }
  };

  before(async () => {
    scaler.listen(0, '127.0.0.1');
    await once(scaler, 'listening');
    const { port } = scaler.address() as AddressInfo;
    shoal = await Shoal.start({ flags: ['--scaler', `http://127.0.0.1:${port}`, '--qsf', '1'] });
    client = new pg.Client(shoal.connection);
    await client.connect();
    await client.query(`CREATE TABLE wide (id int, key int, filler text)`);
    await client.query(`SELECT create_distributed_table('wide', 'id', shard_count => 4)`);
    await client.query(`CREATE TABLE small (key int PRIMARY KEY, name text)`);
    await client.query(`INSERT INTO wide SELECT g, g % 7, repeat('x', 1000) FROM generate_series(1, 4000) g`);
    await client.query(`INSERT INTO small SELECT g, 'n' || g FROM generate_series(0, 6) g`);
  });
  after(async () => {
    await client.end();
    await shoal.stop();
    scaler.closeAllConnections();
    scaler.close();
  });

  it('are those of the shards that are left after pruning, each counted once', async () => {
    const all = await explained('SELECT count(*) FROM wide');
    assert.ok(all.bytes > 4e6 && all.bytes < 5e6, String(all.bytes));
    assert.equal(all.nodes, Math.ceil(all.bytes / 1e6));
    const one = await explained('SELECT * FROM wide WHERE id = 17');
    assert.ok(one.bytes > 0 && one.bytes < all.bytes / 2, `${one.bytes} of ${all.bytes}`);
    const some = await explained('SELECT count(*) FROM wide WHERE id IN (17, 18)');
    assert.ok(some.bytes >= one.bytes && some.bytes < all.bytes);
    const twice = await explained('SELECT count(*) FROM wide a JOIN wide b ON a.id = b.id');
    assert.equal(twice.bytes, all.bytes, 'a table that is read twice is under the query once');
    const apart = await explained('SELECT count(*) FROM wide a JOIN wide b ON a.id = b.key');
    assert.equal(apart.bytes, all.bytes);
    const joined = await explained('SELECT count(*) FROM wide JOIN small USING (key)');
    assert.ok(joined.bytes > all.bytes && joined.bytes < all.bytes + 1000);
    assert.equal((await explained('SELECT 1')).bytes, 0);
    assert.deepEqual(await explained(`UPDATE wide SET filler = ''`), { bytes: all.bytes, nodes: 1 }, 'a write runs on one node');
    assert.equal((await explained(`UPDATE wide SET filler = '' WHERE id = 17`)).bytes, one.bytes);
    assert.equal((await explained(`INSERT INTO small VALUES (8, 'n')`)).bytes, 0);
  });

  it('follow the query scale factor of the session and of the system', async () => {
    const { bytes } = await explained('SELECT count(*) FROM wide');
    await client.query('SET shoal.qsf = 2');
    assert.equal((await explained('SELECT count(*) FROM wide')).nodes, Math.ceil(bytes / 2e6));
    await client.query('RESET shoal.qsf');
    assert.deepEqual(await rows('SHOW shoal.qsf'), ['1']);
    await client.query('ALTER SYSTEM SET shoal.qsf = 3');
    await client.query('SELECT pg_reload_conf()');
    // (What --qsf says at the start is stronger, as PostgreSQL's command line is.)
    assert.deepEqual(await rows('SHOW shoal.qsf'), ['1']);
    await client.query('ALTER SYSTEM RESET shoal.qsf');
    await client.query('SELECT pg_reload_conf()');
  });

  it('reach the scaler as soon as a query begins, and are taken back when it ends', async () => {
    const { nodes } = await explained('SELECT count(*) FROM wide');
    await client.query('SELECT count(*) FROM wide WHERE id = 17');
    reports.length = 0;
    await client.query('SELECT count(*), max(filler) FROM wide');
    const told = await reported((report) => report.peak === nodes);
    assert.ok(told.lifetimeMs > 0 && told.source !== '');
    await reported((report) => report.nodes === 0);
    assert.ok(reports.every((report) => report.peak <= nodes));
  });

  it('are taken back when a query fails or its client leaves', async () => {
    await assert.rejects(client.query('SELECT sum(1 / (id - 4000)) FROM wide'), /division by zero/);
    await reported((report) => report.nodes === 0);
    const leaving = new pg.Client(shoal.connection);
    leaving.on('error', () => undefined);
    await leaving.connect();
    await leaving.query('BEGIN');
    await leaving.query('DECLARE c CURSOR FOR SELECT * FROM wide');
    await leaving.query('FETCH 1 FROM c');
    reports.length = 0;
    await leaving.end();
    await reported((report) => report.nodes === 0);
  });
});
