/**
 * Several databases on one server: apart from each other but for roles and settings, made, copied, renamed and dropped, also by psql's companions, and whole after a kill at any moment,
 * together with the server's catalog.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { type Connection, libpqEnvironment } from '../support/connection.js';
import { run } from '../support/process.js';
import { sharedPostgres } from '../support/postgres.js';
import { peerBinary, peerEnvironment } from '../../scripts/peers.mjs';
import { Random } from '../support/random.js';
import { shoalCommand } from '../support/shoal-command.js';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';

type Rows = readonly (readonly (string | null)[])[];

async function rows(client: pg.Client, sql: string): Promise<Rows> {
  return (await textQuery(client, sql)).rows;
}

async function refused(client: pg.Client, sql: string, code: string, message: string, detail?: string): Promise<void> {
  await assert.rejects(textQuery(client, sql), (error: Error & { code?: string; detail?: string }) => {
    assert.deepEqual([error.code, error.message, error.detail], [code, message, detail]);
    return true;
  });
}

describe('several databases', function () {
  this.timeout(120_000);
  let shoal: Shoal;
  let admin: pg.Client;
  const inside = async (database: string, user = 'postgres'): Promise<pg.Client> => connect({ ...shoal.connection, database, user });

  before(async () => {
    shoal = await Shoal.start({ flags: ['--front-ends', '2', '--scan-threads', '2'] });
    admin = await connect(shoal.connection);
  });

  after(async () => {
    await admin?.end();
    await shoal?.stop();
  });

  it('are the three of PostgreSQL at first, with its OIDs', async () => {
    assert.deepEqual(await rows(admin, 'SELECT oid, datname, datistemplate, datallowconn, datacl FROM pg_database ORDER BY oid'), [
      ['1', 'template1', 't', 't', '{=c/postgres,postgres=CTc/postgres}'],
      ['4', 'template0', 't', 'f', '{=c/postgres,postgres=CTc/postgres}'],
      ['5', 'postgres', 'f', 't', null],
    ]);
    await assert.rejects(inside('template0'), { code: '55000', message: 'database "template0" is not currently accepting connections' });
    await assert.rejects(inside('nowhere'), { code: '3D000', message: 'database "nowhere" does not exist' });
  });

  it('keep tables, sequences, locks and notifications to themselves, and share roles', async () => {
    await textQuery(admin, 'CREATE DATABASE left_one');
    await textQuery(admin, 'CREATE DATABASE right_one');
    const [left, right] = [await inside('left_one'), await inside('right_one')];
    for (const [client, text] of [
      [left, 'left'],
      [right, 'right'],
    ] as const) {
      await textQuery(client, 'CREATE TABLE t (id bigserial PRIMARY KEY, text text)');
      await textQuery(client, "SELECT create_distributed_table('t', 'id')");
      await textQuery(client, `INSERT INTO t (text) SELECT '${text}' FROM generate_series(1, 100)`);
    }
    assert.deepEqual(await rows(left, 'SELECT count(*), min(text), max(text), max(id) FROM t'), [['100', 'left', 'left', '100']]);
    assert.deepEqual(await rows(right, 'SELECT count(*), min(text), max(text), max(id) FROM t'), [['100', 'right', 'right', '100']]);
    await refused(left, 'SELECT * FROM right_one.public.t', '0A000', 'cross-database references are not implemented: "right_one.public.t"');
    assert.deepEqual(await rows(left, 'SELECT pg_try_advisory_lock(7)'), [['t']]);
    assert.deepEqual(await rows(right, 'SELECT pg_try_advisory_lock(7)'), [['t']]);
    const heard: string[] = [];
    right.on('notification', ({ payload }) => heard.push(payload ?? ''));
    await textQuery(right, 'LISTEN news');
    await textQuery(left, "NOTIFY news, 'from the left'");
    await textQuery(right, "NOTIFY news, 'from the right'");
    await textQuery(right, 'SELECT 1');
    assert.deepEqual(heard, ['from the right']);
    await textQuery(left, 'CREATE ROLE shared_role');
    assert.deepEqual(await rows(right, "SELECT rolname FROM pg_roles WHERE rolname = 'shared_role'"), [['shared_role']]);
    await textQuery(right, 'GRANT SELECT ON t TO shared_role');
    await textQuery(left, 'ALTER ROLE shared_role RENAME TO common_role');
    assert.deepEqual(await rows(right, "SELECT has_table_privilege('common_role', 't', 'SELECT'), relacl FROM pg_class WHERE relname = 't'"), [
      ['t', '{postgres=arwdDxt/postgres,common_role=r/postgres}'],
    ]);
    assert.deepEqual(await rows(admin, "SELECT datname, count(*) FROM pg_stat_activity WHERE datname <> 'postgres' GROUP BY 1 ORDER BY 1"), [
      ['left_one', '1'],
      ['right_one', '1'],
    ]);
    await refused(
      admin,
      'DROP ROLE common_role',
      '2BP01',
      'role "common_role" cannot be dropped because some objects depend on it',
      '1 object in database right_one',
    );
    await textQuery(right, 'DROP OWNED BY common_role');
    await textQuery(left, 'DROP ROLE common_role');
    await left.end();
    await right.end();
    await textQuery(admin, 'DROP DATABASE left_one');
    await textQuery(admin, 'DROP DATABASE right_one');
  });

  it('wait for each other where they change what they share, and give up as they are told', async () => {
    const [here, there, impatient] = [await inside('postgres'), await inside('template1'), await inside('template1')];
    await textQuery(here, 'BEGIN');
    await textQuery(here, 'CREATE TABLE waited (a int)');
    await textQuery(there, 'CREATE ROLE waited_0');
    await textQuery(here, 'CREATE ROLE waited_1');
    const waiting = textQuery(there, 'CREATE ROLE waited_2');
    await textQuery(impatient, 'SET lock_timeout = 100');
    await assert.rejects(textQuery(impatient, 'CREATE ROLE waited_3'), { code: '55P03' });
    await impatient.query('SET lock_timeout = 0; SET statement_timeout = 100');
    await assert.rejects(textQuery(impatient, 'CREATE ROLE waited_3'), { code: '57014' });
    await textQuery(here, 'ALTER TABLE waited OWNER TO waited_1');
    await textQuery(here, 'COMMIT');
    await waiting;
    const names = "SELECT rolname FROM pg_roles WHERE rolname LIKE 'waited%' ORDER BY 1";
    for (const client of [here, there]) assert.deepEqual(await rows(client, names), [['waited_0'], ['waited_1'], ['waited_2']]);
    await here.query('BEGIN; SAVEPOINT s');
    await textQuery(here, 'CREATE ROLE waited_4');
    await textQuery(here, 'ROLLBACK TO s');
    await textQuery(there, 'DROP ROLE waited_0, waited_2');
    await textQuery(here, 'COMMIT');
    await here.query('DROP TABLE waited; DROP ROLE waited_1');
    assert.deepEqual(await rows(there, names), []);
    for (const client of [here, there, impatient]) await client.end();
  });

  it('rename owners in databases that nobody is in, also when another role takes the old name', async () => {
    for (const sql of ['CREATE ROLE first_name', 'CREATE DATABASE owned']) await textQuery(admin, sql);
    const owned = await inside('owned');
    for (const sql of ['CREATE TABLE t (a int)', 'ALTER TABLE t OWNER TO first_name']) await textQuery(owned, sql);
    for (const sql of ['ALTER ROLE first_name RENAME TO second_name', 'CREATE ROLE first_name']) await textQuery(admin, sql);
    const owners = "SELECT pg_get_userbyid(relowner) FROM pg_class WHERE relname IN ('t', 'u') ORDER BY relname";
    assert.deepEqual(await rows(owned, owners), [['second_name']]);
    for (const sql of ['CREATE TABLE u (a int)', 'ALTER TABLE u OWNER TO first_name']) await textQuery(owned, sql);
    assert.deepEqual(await rows(owned, owners), [['second_name'], ['first_name']]);
    await owned.end();
    await textQuery(admin, 'DROP DATABASE owned');
    await textQuery(admin, 'DROP ROLE first_name, second_name');
  });

  it('are copies of their template, which goes on by itself', async () => {
    await textQuery(admin, 'CREATE DATABASE source_db');
    const source = await inside('source_db');
    for (const sql of [
      'CREATE TABLE plain (id serial PRIMARY KEY, v text UNIQUE)',
      'CREATE TABLE sharded (k int PRIMARY KEY, v int)',
      "SELECT create_distributed_table('sharded', 'k')",
      "INSERT INTO plain (v) SELECT 'v' || n FROM generate_series(1, 40) n",
      'INSERT INTO sharded SELECT n, n * n FROM generate_series(1, 1000) n',
      'CREATE VIEW seen AS SELECT sum(v) AS total FROM sharded',
    ])
      await textQuery(source, sql);
    await refused(
      admin,
      'CREATE DATABASE copy_db TEMPLATE source_db',
      '55006',
      'source database "source_db" is being accessed by other users',
      'There is 1 other session using the database.',
    );
    await source.end();
    await textQuery(admin, 'CREATE DATABASE copy_db TEMPLATE source_db');
    const [copy, again] = [await inside('copy_db'), await inside('source_db')];
    await textQuery(again, 'DELETE FROM sharded');
    assert.deepEqual(await rows(copy, "INSERT INTO plain (v) VALUES ('new') RETURNING id"), [['41']]);
    assert.deepEqual(await rows(copy, 'SELECT total FROM seen'), [['333833500']]);
    await refused(
      copy,
      "INSERT INTO plain (v) VALUES ('v7')",
      '23505',
      'duplicate key value violates unique constraint "plain_v_key"',
      'Key (v)=(v7) already exists.',
    );
    assert.deepEqual(await rows(again, 'SELECT count(*), (SELECT count(*) FROM plain) FROM sharded'), [['0', '40']]);
    await copy.end();
    await again.end();
    await shoal.kill('SIGTERM');
  });

  it('are all there after a restart, and roles with them', async () => {
    const before = shoal;
    shoal = await Shoal.start({ dataDirectory: before.dataDirectory, flags: ['--front-ends', '2'] });
    admin = await connect(shoal.connection);
    const copy = await inside('copy_db');
    assert.deepEqual(await rows(copy, 'SELECT count(*), (SELECT total FROM seen) FROM plain'), [['41', '333833500']]);
    await copy.end();
    await textQuery(admin, 'DROP DATABASE copy_db');
    await textQuery(admin, 'DROP DATABASE source_db');
  });

  it('are dropped from under their sessions only by force', async () => {
    await textQuery(admin, 'CREATE DATABASE victim');
    const there = await inside('victim');
    const ended = new Promise<string | undefined>((resolve) => there.on('error', (error: Error & { code?: string }) => resolve(error.code)));
    await refused(admin, 'DROP DATABASE victim', '55006', 'database "victim" is being accessed by other users', 'There is 1 other session using the database.');
    await refused(
      admin,
      'ALTER DATABASE victim RENAME TO other',
      '55006',
      'database "victim" is being accessed by other users',
      'There is 1 other session using the database.',
    );
    assert.deepEqual(await rows(there, 'SELECT 1'), [['1']]);
    await textQuery(admin, 'DROP DATABASE victim WITH (FORCE)');
    assert.equal(await ended, '57P01');
    await assert.rejects(inside('victim'), { code: '3D000' });
    assert.deepEqual(
      readdirSync(shoal.dataDirectory).filter((name) => /^\d/.test(name)),
      [],
    );
  });

  it('let in whom they allow, as many as they allow', async () => {
    for (const sql of [
      'CREATE ROLE guest LOGIN',
      'CREATE DATABASE closed CONNECTION LIMIT 1',
      'REVOKE CONNECT ON DATABASE closed FROM PUBLIC',
      "ALTER DATABASE closed SET work_mem = '5MB'",
    ])
      await textQuery(admin, sql);
    await assert.rejects(inside('closed', 'guest'), { code: '42501', message: 'permission denied for database "closed"' });
    await textQuery(admin, 'GRANT CONNECT ON DATABASE closed TO guest');
    const first = await inside('closed', 'guest');
    assert.deepEqual(await rows(first, 'SHOW work_mem'), [['5MB']]);
    await assert.rejects(inside('closed', 'guest'), { code: '53300', message: 'too many connections for database "closed"' });
    await first.end();
    await refused(admin, 'DROP ROLE guest', '2BP01', 'role "guest" cannot be dropped because some objects depend on it', 'privileges for database closed');
    await textQuery(admin, 'ALTER DATABASE closed ALLOW_CONNECTIONS false');
    await assert.rejects(inside('closed'), { code: '55000' });
    await textQuery(admin, 'ALTER DATABASE closed RENAME TO opened');
    await textQuery(admin, 'ALTER DATABASE opened ALLOW_CONNECTIONS true');
    const opened = await inside('opened');
    assert.deepEqual(await rows(opened, 'SELECT current_database(), current_catalog'), [['opened', 'opened']]);
    await opened.end();
    await textQuery(admin, 'CREATE TABLE noted (n int)');
    for (const sql of ['BEGIN', 'INSERT INTO noted VALUES (1)', 'ALTER DATABASE opened RENAME TO elsewhere', 'ROLLBACK']) await textQuery(admin, sql);
    await assert.rejects(textQuery(admin, "INSERT INTO noted VALUES (2); ALTER DATABASE opened RENAME TO elsewhere; SELECT 'x'::int"), { code: '22P02' });
    await assert.rejects(textQuery(admin, "DO $$ BEGIN EXECUTE 'ALTER DATABASE opened RENAME TO elsewhere'; RAISE 'no'; END $$"), { code: 'P0001' });
    assert.deepEqual(await rows(admin, 'SELECT (SELECT count(*) FROM noted), count(*) FROM pg_database WHERE datname IN ($$opened$$, $$elsewhere$$)'), [
      ['0', '1'],
    ]);
    for (const sql of ['BEGIN', 'INSERT INTO noted VALUES (3)', 'ALTER DATABASE opened RENAME TO elsewhere', 'COMMIT']) await textQuery(admin, sql);
    assert.deepEqual(await rows(admin, 'SELECT n FROM noted'), [['3']]);
    await textQuery(admin, 'DROP DATABASE elsewhere');
    await textQuery(admin, 'DROP TABLE noted');
    await textQuery(admin, 'DROP ROLE guest');
  });

  it('are made and dropped by an ORM’s test runs, template and all', async () => {
    for (let round = 0; round < 3; round++) {
      await textQuery(admin, 'DROP DATABASE IF EXISTS "test_app"');
      await textQuery(admin, `CREATE DATABASE "test_app" ENCODING 'UTF8' TEMPLATE template0`);
      const client = await inside('test_app');
      await textQuery(client, 'CREATE TABLE django_migrations (id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY, app varchar(255) NOT NULL)');
      await textQuery(client, "INSERT INTO django_migrations (app) VALUES ('auth')");
      await client.end();
    }
    await textQuery(admin, 'DROP DATABASE "test_app"');
  });

  it('are waited for by those who connect while they are made, and dropped once by many', async () => {
    const clients = await Promise.all(Array.from({ length: 4 }, async () => await inside('postgres')));
    const made = await Promise.allSettled(clients.map(async (client) => await textQuery(client, 'CREATE DATABASE contested')));
    assert.deepEqual(made.map((one) => (one.status === 'fulfilled' ? 'made' : (one.reason as { code?: string }).code)).sort(), [
      '42P04',
      '42P04',
      '42P04',
      'made',
    ]);
    const dropped = await Promise.allSettled(clients.map(async (client) => await textQuery(client, 'DROP DATABASE contested')));
    assert.deepEqual(dropped.map((one) => (one.status === 'fulfilled' ? 'dropped' : (one.reason as { code?: string }).code)).sort(), [
      '3D000',
      '3D000',
      '3D000',
      'dropped',
    ]);
    await Promise.all(clients.map(async (client) => await client.end()));
  });

  describe('with the programs of PostgreSQL', () => {
    const runOn = async (connection: Connection, name: string, args: readonly string[]): Promise<string> => {
      const binary = peerBinary(name);
      assert.ok(binary, `${name} is there`);
      const { status, stdout, stderr } = await run(binary, args, { env: libpqEnvironment(connection, peerEnvironment(binary)) });
      assert.equal(status, 0, `${name} ${args.join(' ')}: ${stderr}`);
      return stdout;
    };
    const program = async (name: string, args: readonly string[]): Promise<string> => await runOn(shoal.connection, name, args);

    it('createdb, dropdb and psql -l do as ever', async () => {
      await program('createdb', ['made', 'A comment']);
      await program('createdb', ['-T', 'made', '-O', 'postgres', '-E', 'UTF8', 'made_again']);
      const listed = await program('psql', ['-XAtl']);
      assert.match(listed, /^made\|postgres\|UTF8\|C\|C\.UTF-8\|\|libc\|$/m);
      assert.match(listed, /^made_again\|postgres\|UTF8/m);
      await program('dropdb', ['--force', 'made_again']);
      await program('dropdb', ['made']);
    });

    it('pg_dumpall of a server restores into PostgreSQL, and the other way round', async function () {
      for (const sql of [
        "CREATE ROLE dumped LOGIN PASSWORD 'x'",
        'CREATE ROLE dumped_group',
        'GRANT dumped_group TO dumped',
        'CREATE DATABASE dumped_db OWNER dumped',
      ])
        await textQuery(admin, sql);
      const client = await inside('dumped_db');
      for (const sql of [
        'CREATE TABLE t (id int PRIMARY KEY, v text)',
        "INSERT INTO t VALUES (1, 'a'), (2, 'b')",
        "ALTER ROLE dumped IN DATABASE dumped_db SET work_mem = '3MB'",
      ])
        await textQuery(client, sql);
      await client.end();
      const directory = mkdtempSync(join(tmpdir(), 'shoal-dumpall-'));
      try {
        const file = join(directory, 'all.sql');
        await program('pg_dumpall', ['-f', file]);
        const other = await sharedPostgres(this);
        const onOther = async (name: string, args: readonly string[]): Promise<string> =>
          await runOn({ ...other.connection, database: 'postgres' }, name, args);
        await onOther('psql', ['-Xqf', file]);
        assert.equal(await onOther('psql', ['-XAtq', '-d', 'dumped_db', '-c', 'SELECT * FROM t ORDER BY id']), '1|a\n2|b\n');
        const facts =
          "SELECT datname, pg_get_userbyid(datdba), (SELECT setconfig FROM pg_db_role_setting WHERE setdatabase = d.oid) FROM pg_database d WHERE datname = 'dumped_db'";
        assert.deepEqual(await onOther('psql', ['-XAtq', '-c', facts]), await program('psql', ['-XAtq', '-c', facts]));
        const back = join(directory, 'back.sql');
        await onOther('pg_dump', ['-C', '-d', 'dumped_db', '-f', back]);
        await textQuery(admin, 'DROP DATABASE dumped_db');
        await program('psql', ['-Xq', '-v', 'ON_ERROR_STOP=1', '-f', back]);
        assert.equal(await program('psql', ['-XAtq', '-d', 'dumped_db', '-c', 'SELECT * FROM t ORDER BY id']), '1|a\n2|b\n');
        await onOther('psql', ['-Xq', '-c', 'DROP DATABASE dumped_db', '-c', 'DROP ROLE dumped', '-c', 'DROP ROLE dumped_group']);
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
      await textQuery(admin, 'DROP DATABASE dumped_db');
      await textQuery(admin, 'DROP ROLE dumped, dumped_group');
    });
  });
});

describe('a backup of one of several databases', function () {
  this.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-databases-backup-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('brings back the database with its roles and privileges, as of a time, and not the others', async () => {
    const [data, place, restored] = ['data', 'place', 'restored'].map((name) => join(directory, name)) as [string, string, string];
    const shoal = await Shoal.start({ dataDirectory: data });
    const admin = await connect(shoal.connection);
    for (const sql of ['CREATE ROLE keeper LOGIN', "ALTER ROLE keeper SET work_mem = '9MB'", 'CREATE DATABASE kept OWNER keeper', 'CREATE DATABASE other'])
      await textQuery(admin, sql);
    const kept = await connect({ ...shoal.connection, database: 'kept' });
    for (const sql of ['CREATE TABLE t (a int)', 'INSERT INTO t SELECT generate_series(1, 10)', 'ALTER TABLE t OWNER TO keeper']) await textQuery(kept, sql);
    await textQuery(kept, `SELECT shoal_backup('${place}', false, false)`);
    const [[lsn] = []] = await rows(kept, 'SELECT pg_current_wal_lsn()');
    for (const sql of ['DELETE FROM t', 'ALTER ROLE keeper RENAME TO somebody']) await textQuery(kept, sql);
    await textQuery(kept, `SELECT shoal_backup('${place}', false, false)`);
    await kept.end();
    await admin.end();
    await shoal.kill('SIGTERM');
    const command = async (...args: string[]): Promise<string> => {
      const { status, stdout, stderr } = await shoalCommand(args);
      assert.equal(status, 0, stderr);
      return stdout;
    };
    assert.match(await command('backup', '--verify', place), /the backup of kept is whole\nthe backup of roles and the list of databases is whole/);
    assert.match(await command('check', 'kept', '--data-dir', data), /nothing is damaged/);
    await command('restore', place, '--data-dir', restored, '--to-lsn', lsn as string);
    const again = await Shoal.start({ dataDirectory: restored });
    const keeper = await connect({ ...again.connection, database: 'kept', user: 'keeper' });
    assert.deepEqual(await rows(keeper, "SELECT count(*), current_setting('work_mem') FROM t"), [['10', '9MB']]);
    assert.deepEqual(await rows(keeper, 'SELECT datname, pg_get_userbyid(datdba) FROM pg_database ORDER BY 1'), [
      ['kept', 'keeper'],
      ['postgres', 'postgres'],
      ['template0', 'postgres'],
      ['template1', 'postgres'],
    ]);
    await keeper.end();
    await again.stop();
    await command('backup', 'kept', place, '--data-dir', data);
  });
});

describe('databases under kill -9', function () {
  this.timeout(300_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-databases-'));
  const seed = Number(process.env['SHOAL_SEED'] ?? Date.now() % 1_000_000_000);
  const random = new Random(seed);

  after(() => rmSync(directory, { recursive: true, force: true }));

  it(`come and go whole, and what a transaction changes in its database and among roles, it changes in both (seed ${String(seed)})`, async () => {
    for (let round = 0; round < 5; round++) {
      const shoal = await Shoal.start({ dataDirectory: directory });
      const admin = await connect(shoal.connection);
      await check(shoal, admin);
      const acknowledged: string[] = [];
      const work = async (): Promise<void> => {
        const client = await connect(shoal.connection);
        client.on('error', () => undefined);
        for (let n = 0; ; n++) {
          const name = `r${String(round)}_${String(n)}`;
          await textQuery(client, 'BEGIN');
          await textQuery(client, `CREATE ROLE role_${name}`);
          await textQuery(client, `CREATE TABLE table_${name} (a int)`);
          await textQuery(client, `ALTER TABLE table_${name} OWNER TO role_${name}`);
          await textQuery(client, 'COMMIT');
          acknowledged.push(name);
          if (n % 3 === 1) await textQuery(client, `CREATE DATABASE db_${name}`);
          if (n % 3 === 2) await textQuery(client, `DROP DATABASE db_r${String(round)}_${String(n - 1)}`);
        }
      };
      const ended = work().catch(() => undefined);
      await sleep(300 + random.int(0, 1200));
      await shoal.kill();
      await ended;
      admin.on('error', () => undefined);
      await admin.end().catch(() => undefined);
      const again = await Shoal.start({ dataDirectory: directory });
      const client = await connect(again.connection);
      const found = new Set((await rows(client, "SELECT substr(relname, 7) FROM pg_class WHERE relname LIKE 'table\\_r%'")).map(([name]) => name));
      for (const name of acknowledged) assert.ok(found.has(name), `table_${name} was acknowledged`);
      await check(again, client);
      await client.end();
      await again.stop();
    }
  });

  async function check(shoal: Shoal, client: pg.Client): Promise<void> {
    assert.deepEqual(
      await rows(client, "SELECT substr(relname, 7) FROM pg_class WHERE relname LIKE 'table\\_r%' ORDER BY 1"),
      await rows(client, "SELECT substr(rolname, 6) FROM pg_roles WHERE rolname LIKE 'role\\_%' ORDER BY 1"),
      'every table has its role',
    );
    assert.deepEqual(
      await rows(client, "SELECT relname FROM pg_class WHERE relname LIKE 'table\\_r%' AND substr(relname, 7) <> substr(pg_get_userbyid(relowner), 6)"),
      [],
    );
    const databases = await rows(client, "SELECT datname, oid FROM pg_database WHERE datname LIKE 'db\\_%'");
    assert.deepEqual(
      readdirSync(directory)
        .filter((name) => /^\d/.test(name))
        .sort(),
      databases.map(([, oid]) => oid).sort(),
      'every directory is that of a database in the list',
    );
    for (const [database] of databases) {
      const inside = await connect({ ...shoal.connection, database: database as string });
      assert.deepEqual(await rows(inside, 'SELECT current_database()'), [[database]]);
      await inside.end();
    }
  }

  it('and what an interrupted CREATE or DROP DATABASE left is removed at the next start', async () => {
    for (const name of ['99999', '99998.new', '99997.dropped']) {
      mkdirSync(join(directory, name), { recursive: true });
      writeFileSync(join(directory, name, 'global.sqlite'), '');
    }
    const shoal = await Shoal.start({ dataDirectory: directory });
    for (const name of ['99999', '99998.new', '99997.dropped']) assert.ok(!existsSync(join(directory, name)));
    await shoal.stop();
  });
});
