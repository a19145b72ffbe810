/** What was made before a stop or a kill -9 is there after it: rows of every type, definitions, constraints, indexes, views, sequences, sizes of shards. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';

const setup: readonly string[] = [
  `CREATE TABLE kinds (id int PRIMARY KEY, s smallint, b bigint, n numeric(10,2), m numeric, r real, d float8, t text, v varchar(5), c char(5), f bool,
     da date, ts timestamp, tz timestamptz, ti time, iv interval, u uuid, by bytea, j json, jb jsonb, ia int[], ta text[])`,
  `INSERT INTO kinds VALUES (1, -3, 9007199254740993, 1.10, 'NaN', 0.1, 'Infinity', 'ä''\\', 'v', 'c', true, '2024-02-29', '2024-02-29 12:34:56.789', '2024-02-29 12:00+02', '01:02:03',
     '1 mon -3 days', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '\\x00ff', '{"a" : 1}', '{"b":[1,null]}', '{1,NULL}', '{"x y",""}')`,
  'INSERT INTO kinds (id) VALUES (2)',
  'CREATE TABLE spread (id int PRIMARY KEY, v text NOT NULL CHECK (length(v) < 20), w int DEFAULT 7) PARTITION BY HASH (id) WITH (shards = 4)',
  "INSERT INTO spread (id, v) SELECT i, 'v' || i FROM generate_series(1, 1000) i",
  'CREATE UNIQUE INDEX kinds_b ON kinds (b)',
  'CREATE INDEX spread_v ON spread (v)',
  'CREATE TABLE child (id int PRIMARY KEY, kind int REFERENCES kinds (id))',
  'INSERT INTO child VALUES (1, 1)',
  'CREATE VIEW seen AS SELECT id, upper(t) AS t FROM kinds',
  'CREATE TABLE moved (a int, b text)',
  "INSERT INTO moved SELECT i, 'm' || i FROM generate_series(1, 100) i",
  "SELECT create_distributed_table('moved', 'a')",
  "UPDATE spread SET v = v || '!' WHERE id % 10 = 0",
  'DELETE FROM spread WHERE id > 900',
  "ALTER TABLE child ADD COLUMN note text DEFAULT 'none'",
  'CREATE TABLE gone (a int) PARTITION BY HASH (a) WITH (shards = 4)',
  'INSERT INTO gone SELECT generate_series(1, 10)',
  'DROP TABLE gone',
];

const questions: readonly string[] = [
  'SELECT * FROM kinds ORDER BY id',
  'SELECT count(*), sum(id), min(v), max(v), sum(w) FROM spread',
  'SELECT * FROM spread WHERE id IN (1, 10, 899, 901) ORDER BY id',
  "SELECT id FROM spread WHERE v = 'v500!'",
  'SELECT * FROM seen ORDER BY id',
  'SELECT * FROM child',
  'SELECT count(*), sum(a), max(b) FROM moved',
  'SELECT b FROM moved WHERE a = 50',
  'SELECT count(*) FROM spread s JOIN moved m ON m.a = s.id JOIN kinds k ON k.id = m.a',
];

const refusals: readonly (readonly [string, string])[] = [
  ["INSERT INTO spread VALUES (1, 'twice')", '23505'],
  ['INSERT INTO spread VALUES (2000, NULL)', '23502'],
  ["INSERT INTO spread VALUES (2000, 'a text that is far too long')", '23514'],
  ['INSERT INTO kinds (id, b) VALUES (3, 9007199254740993)', '23505'],
  ['INSERT INTO child VALUES (2, 99)', '23503'],
  ['DELETE FROM kinds WHERE id = 1', '23503'],
  ['SELECT * FROM gone', '42P01'],
];

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  describe(`restart after ${signal}`, function () {
    this.timeout(120_000);
    const directory = mkdtempSync(join(tmpdir(), 'shoal-restart-'));
    let shoal: Shoal;
    let client: pg.Client;

    after(async () => {
      await client?.end().catch(() => undefined);
      await shoal?.stop();
      rmSync(directory, { recursive: true, force: true });
    });

    it('answers as before, and refuses as before, twice over', async () => {
      shoal = await Shoal.start({ dataDirectory: directory });
      client = await connect(shoal.connection);
      for (const statement of setup) await textQuery(client, statement);
      const before = await answers(client);
      for (let round = 1; round <= 2; round++) {
        await shoal.kill(signal);
        shoal = await Shoal.start({ dataDirectory: directory });
        client = await connect(shoal.connection);
        assert.deepEqual(await answers(client), before, `after restart ${round}`);
        for (const [statement, code] of refusals) await assert.rejects(textQuery(client, statement), { code }, statement);
      }
      await textQuery(client, "INSERT INTO spread VALUES (5000, 'new')");
      assert.deepEqual((await textQuery(client, 'SELECT v, w FROM spread WHERE id = 5000')).rows, [['new', '7']]);
    });

    it('rolls back what was open', async () => {
      await textQuery(client, 'BEGIN');
      await textQuery(client, 'UPDATE spread SET w = 8');
      await textQuery(client, 'DELETE FROM moved');
      await shoal.kill(signal);
      shoal = await Shoal.start({ dataDirectory: directory });
      client = await connect(shoal.connection);
      assert.deepEqual((await textQuery(client, 'SELECT (SELECT count(*) FROM spread WHERE w = 8), (SELECT count(*) FROM moved)')).rows, [['0', '100']]);
    });
  });
}

async function answers(client: pg.Client): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const question of questions) all.push([question, (await textQuery(client, question)).rows]);
  return all;
}
