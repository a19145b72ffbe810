/** Constraints and definitions under change, with the SQLSTATEs that PostgreSQL 15 answers: SET CONSTRAINTS, new types of used columns, keys of unlike types. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';

describe('constraints under change', function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-constraints-'));
  let shoal: Shoal;
  let client: pg.Client;

  before(async () => {
    shoal = await Shoal.start({ dataDirectory: directory });
    client = await connect(shoal.connection);
  });

  after(async () => {
    await client?.end().catch(() => undefined);
    await shoal?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  /** Runs statements; one that is a pair must fail with its code. */
  async function run(...statements: readonly (string | readonly [string, string])[]): Promise<void> {
    for (const statement of statements) {
      if (typeof statement === 'string') await textQuery(client, statement);
      else await assert.rejects(textQuery(client, statement[0]), { code: statement[1] }, statement[0]);
    }
  }

  it('SET CONSTRAINTS puts checks off, makes them at once, and ends with its savepoint', async () => {
    await run(
      'CREATE TABLE sp (id int PRIMARY KEY) PARTITION BY HASH (id) WITH (shards = 4)',
      'CREATE TABLE sc (id int CONSTRAINT late REFERENCES sp (id) DEFERRABLE INITIALLY DEFERRED) PARTITION BY HASH (id) WITH (shards = 4)',
      'CREATE TABLE sd (id int CONSTRAINT can_wait REFERENCES sp (id) DEFERRABLE)',
      'CREATE TABLE se (id int CONSTRAINT at_once REFERENCES sp (id))',
    );
    await run('BEGIN', 'INSERT INTO sc VALUES (1)', ['SET CONSTRAINTS ALL IMMEDIATE', '23503'], 'ROLLBACK');
    await run('BEGIN', 'SET CONSTRAINTS late IMMEDIATE', ['INSERT INTO sc VALUES (1)', '23503'], 'ROLLBACK');
    await run('BEGIN', 'SET CONSTRAINTS can_wait DEFERRED', 'INSERT INTO sd VALUES (2)', 'INSERT INTO sp VALUES (2)', 'COMMIT');
    await run('BEGIN', 'SET CONSTRAINTS ALL DEFERRED', 'SAVEPOINT a', 'SET CONSTRAINTS ALL IMMEDIATE', 'ROLLBACK TO a', 'INSERT INTO sd VALUES (3)');
    await run(['COMMIT', '23503']);
    await run('BEGIN', 'SET CONSTRAINTS ALL DEFERRED', ['INSERT INTO se VALUES (4)', '23503'], 'ROLLBACK');
    await run('BEGIN', ['SET CONSTRAINTS at_once DEFERRED', '42809'], 'ROLLBACK', 'BEGIN', ['SET CONSTRAINTS none DEFERRED', '42704'], 'ROLLBACK');
  });

  it('a new type of a column reads its checks anew, or is refused; the table stays usable', async () => {
    await run(
      'CREATE TABLE ck (id int PRIMARY KEY, v text CHECK (length(v) < 10), n int CHECK (n < 200)) PARTITION BY HASH (id) WITH (shards = 4)',
      "INSERT INTO ck VALUES (1, 'a', 5)",
      ['ALTER TABLE ck ALTER v TYPE int USING length(v)', '42883'],
      ['ALTER TABLE ck ALTER n TYPE text', '42883'],
      ['ALTER TABLE ck ALTER n TYPE int USING n + 1000', '23514'],
      'ALTER TABLE ck ALTER n TYPE numeric',
      "INSERT INTO ck VALUES (2, 'b', 1.5)",
      ["INSERT INTO ck VALUES (3, 'c', 200.5)", '23514'],
    );
  });

  it('a generated column keeps the columns that it reads', async () => {
    await run(
      'CREATE TABLE gc (a int, b int, c int GENERATED ALWAYS AS (a + b) STORED)',
      ['ALTER TABLE gc ALTER b TYPE bigint', '0A000'],
      ['ALTER TABLE gc DROP COLUMN b', '2BP01'],
      'ALTER TABLE gc DROP COLUMN b CASCADE',
      'INSERT INTO gc VALUES (1)',
    );
    assert.deepEqual((await textQuery(client, 'SELECT * FROM gc')).rows, [['1']]);
  });

  it('foreign keys compare numbers of unlike types by value', async () => {
    await run(
      'CREATE TABLE np (id int, n numeric UNIQUE) PARTITION BY HASH (id) WITH (shards = 4)',
      'CREATE TABLE nc (u int REFERENCES np (n) ON UPDATE CASCADE ON DELETE CASCADE)',
      'INSERT INTO np VALUES (1, 1.0), (2, 2.5), (3, 1e20)',
      'INSERT INTO nc VALUES (1)',
      ['INSERT INTO nc VALUES (2)', '23503'],
      'DELETE FROM np WHERE n > 2',
      'UPDATE np SET n = 1.000',
      'UPDATE np SET n = 7.00',
    );
    assert.deepEqual((await textQuery(client, 'SELECT u FROM nc')).rows, [['7']]);
    await run('DELETE FROM np');
    assert.deepEqual((await textQuery(client, 'SELECT u FROM nc')).rows, []);
  });
});
