/**
 * synchronous_commit = off: everybody sees at once what was acknowledged; a kill -9 takes away at most the last of it, in order and whole, and nothing from before an
 * acknowledged commit of a session that waits. The other values are as on.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';

describe('synchronous_commit', function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-off-'));
  let shoal: Shoal;
  let clients: pg.Client[] = [];

  const open = async (mode: string): Promise<pg.Client> => {
    const client = await connect(shoal.connection);
    clients.push(client);
    await client.query(`SET synchronous_commit = ${mode}`);
    return client;
  };
  const values = async (client: pg.Client, sql: string): Promise<readonly (string | null)[]> =>
    (await textQuery(client, sql)).rows.map(([value]) => value ?? null);
  const crash = async (): Promise<void> => {
    await shoal.kill();
    clients = [];
    shoal = await Shoal.start({ dataDirectory: directory });
  };

  before(async () => {
    shoal = await Shoal.start({ dataDirectory: directory });
    const client = await open('on');
    await client.query('CREATE TABLE one (id int PRIMARY KEY, n int)');
    await client.query('CREATE TABLE spread (id int PRIMARY KEY, n int) PARTITION BY HASH (id) WITH (shards = 4)');
    await client.query('CREATE TABLE counted (id serial PRIMARY KEY, n int)');
  });
  after(async () => {
    for (const client of clients) await client.end();
    await shoal.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  it('off: what is acknowledged is seen at once, by this session and by others', async () => {
    const writer = await open('off');
    const other = await open('on');
    for (let id = 1; id <= 20; id++) {
      const table = id % 2 === 0 ? 'one' : 'spread';
      if (id % 3 === 0) await writer.query(`BEGIN; INSERT INTO ${table} VALUES (${id}, 0); UPDATE ${table} SET n = 1 WHERE id = ${id}; COMMIT`);
      else await writer.query(`INSERT INTO ${table} VALUES (${id}, 1)`);
      const sql = `SELECT n FROM ${table} WHERE id = ${id}`;
      assert.deepEqual(await values(id % 4 < 2 ? writer : other, sql), ['1']);
      assert.deepEqual(await values(other, 'SELECT (SELECT count(*) FROM one) + (SELECT count(*) FROM spread)'), [String(id)]);
    }
    await other.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await writer.query('INSERT INTO counted (n) SELECT generate_series(1, 3)');
    assert.deepEqual(await values(other, 'SELECT count(*) FROM counted'), ['3']);
    await other.query('COMMIT');
    await writer.query('CREATE TABLE made (a int)');
    await writer.query('INSERT INTO made VALUES (1)');
    assert.deepEqual(await values(other, 'SELECT a FROM made'), ['1']);
    await assert.rejects(writer.query('INSERT INTO made VALUES (1, 2)'));
    await writer.query('BEGIN; INSERT INTO made VALUES (2); ROLLBACK');
    assert.deepEqual(await values(other, 'SELECT a FROM made'), ['1']);
  });

  for (const mode of ['off', 'local', 'remote_write', 'remote_apply'])
    it(`${mode}: a kill -9 takes ${mode === 'off' ? 'the end of it at most, and nothing from before an acknowledged commit that waited' : 'nothing'}`, async () => {
      const writer = await open(mode);
      const waiting = await open('on');
      for (const table of ['one', 'spread']) await waiting.query(`DELETE FROM ${table}`);
      let acknowledged = 0;
      let waited = 0;
      const kill = setTimeout(() => void shoal.kill(), 700);
      try {
        for (let id = 1; id <= 100_000; id++) {
          // (Both tables or none.)
          await writer.query(`BEGIN; INSERT INTO one VALUES (${id}, 0); INSERT INTO spread VALUES (${id}, 0); COMMIT`);
          acknowledged = id;
          if (id % 50 === 0) {
            await waiting.query(`UPDATE one SET n = 1 WHERE id = ${id}`);
            waited = id;
          }
        }
      } catch {
        // the kill
      }
      clearTimeout(kill);
      await crash();
      const client = await open('on');
      const ids = (await values(client, 'SELECT id FROM one ORDER BY id')).map(Number);
      assert.deepEqual((await values(client, 'SELECT id FROM spread ORDER BY id')).map(Number), ids);
      assert.deepEqual(
        ids,
        ids.map((_, at) => at + 1),
      );
      assert.ok(ids.length >= (mode === 'off' ? waited : acknowledged), `${ids.length} of ${acknowledged}, ${waited} waited for`);
    });

  it('off: what is older than a moment survives a kill -9', async () => {
    const writer = await open('off');
    await writer.query('INSERT INTO one VALUES (-1, 0)');
    await new Promise((resolve) => setTimeout(resolve, 1000));
    await crash();
    assert.deepEqual(await values(await open('on'), 'SELECT id FROM one WHERE id = -1'), ['-1']);
  });
});
