/** Roles that connect as themselves: settings at the start of a session, privileges, row-level security, and all of it again after a crash. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';

describe('roles', function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-roles-'));
  let shoal: Shoal;

  before(async () => {
    shoal = await Shoal.start({ dataDirectory: directory });
    const admin = await connect(shoal.connection);
    for (const sql of [
      'CREATE ROLE staff',
      "CREATE USER ann IN ROLE staff PASSWORD 'secret'",
      'CREATE USER bob',
      "ALTER ROLE ann SET work_mem = '7MB'",
      'ALTER ROLE bob SET search_path = private, public',
      'CREATE TABLE notes (id int PRIMARY KEY, owner name, text text)',
      "INSERT INTO notes VALUES (1, 'ann', 'a'), (2, 'bob', 'b')",
      "SELECT create_distributed_table('notes', 'id')",
      'ALTER TABLE notes ENABLE ROW LEVEL SECURITY',
      'CREATE POLICY own ON notes USING (owner = current_user)',
      'GRANT SELECT, INSERT ON notes TO staff, bob',
      'GRANT UPDATE (text) ON notes TO ann WITH GRANT OPTION',
      'CREATE TABLE secret (v int)',
      'CREATE VIEW shown AS SELECT count(*) AS n FROM secret',
      'GRANT SELECT ON shown TO PUBLIC',
    ])
      await textQuery(admin, sql);
    await admin.end();
  });

  after(async () => {
    await shoal?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function as(user: string): Promise<pg.Client> {
    return connect({ ...shoal.connection, user });
  }

  async function refused(client: pg.Client, sql: string, message: string): Promise<void> {
    await assert.rejects(textQuery(client, sql), (error: Error & { code?: string }) => {
      assert.deepEqual([error.code, error.message], ['42501', message]);
      return true;
    });
  }

  async function check(): Promise<void> {
    const ann = await as('ann');
    assert.deepEqual((await textQuery(ann, "SELECT current_user, session_user, current_setting('work_mem'), current_setting('is_superuser')")).rows, [
      ['ann', 'ann', '7MB', 'off'],
    ]);
    assert.deepEqual((await textQuery(ann, 'SELECT id FROM notes')).rows, [['1']]);
    assert.deepEqual((await textQuery(ann, "UPDATE notes SET text = 'changed' WHERE id IN (1, 2) RETURNING id")).rows, [['1']]);
    assert.deepEqual((await textQuery(ann, 'SELECT n FROM shown')).rows, [['0']]);
    await refused(ann, "UPDATE notes SET owner = 'bob' WHERE id = 1", 'permission denied for table notes');
    await refused(ann, "INSERT INTO notes VALUES (3, 'bob', 'c')", 'new row violates row-level security policy for table "notes"');
    await refused(ann, 'SELECT * FROM secret', 'permission denied for table secret');
    await refused(ann, 'DROP TABLE secret', 'must be owner of table secret');
    await refused(ann, 'CREATE TABLE mine (v int)', 'permission denied for schema public');
    await refused(ann, 'SET SESSION AUTHORIZATION bob', 'permission denied to set session authorization');
    await refused(ann, 'SET ROLE bob', 'permission denied to set role "bob"');
    await textQuery(ann, 'SET ROLE staff');
    await refused(ann, "UPDATE notes SET text = ''", 'permission denied for table notes');
    await ann.end();
    const bob = await as('bob');
    assert.deepEqual((await textQuery(bob, 'SHOW search_path')).rows, [['private, public']]);
    assert.deepEqual((await textQuery(bob, 'SELECT id FROM notes')).rows, [['2']]);
    await refused(bob, "UPDATE notes SET text = ''", 'permission denied for table notes');
    await bob.end();
  }

  it('see, write and set what they may', check);

  it('a grant is known to sessions and prepared statements that are there already, and so is its end', async () => {
    const admin = await connect(shoal.connection);
    const bob = await as('bob');
    await textQuery(bob, 'PREPARE ask AS SELECT count(*) FROM secret');
    await refused(bob, 'EXECUTE ask', 'permission denied for table secret');
    await textQuery(admin, 'GRANT SELECT ON secret TO bob');
    assert.deepEqual((await textQuery(bob, 'EXECUTE ask')).rows, [['0']]);
    await textQuery(admin, 'REVOKE SELECT ON secret FROM bob');
    await refused(bob, 'EXECUTE ask', 'permission denied for table secret');
    await bob.end();
    await admin.end();
  });

  it('are the same after a crash', async () => {
    await shoal.kill();
    shoal = await Shoal.start({ dataDirectory: directory });
    await check();
    const admin = await connect(shoal.connection);
    await assert.rejects(textQuery(admin, 'DROP ROLE ann'), (error: Error & { code?: string }) => error.code === '2BP01');
    await textQuery(admin, 'DROP OWNED BY ann, bob, staff');
    await textQuery(admin, 'DROP ROLE ann, bob, staff');
    assert.deepEqual((await textQuery(admin, "SELECT relacl FROM pg_class WHERE relname = 'notes'")).rows, [['{postgres=arwdDxt/postgres}']]);
    await admin.end();
  });
});
