/** Roles that log in with the passwords that CREATE ROLE gave them, limits of roles and of the database, who may connect. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { Shoal } from '../support/shoal.js';

describe('roles log in', function () {
  this.timeout(120_000);
  let shoal: Shoal;
  let admin: pg.Client;
  const directory = mkdtempSync(join(tmpdir(), 'shoal-login-'));
  const rules = join(directory, 'rules.conf');

  before(async () => {
    writeFileSync(
      rules,
      'host all postgres all trust\nhost all +staff all scram-sha-256\nhost sameuser,samerole all all reject\nhost all md5ers,mia all md5\nhost all all all password\n',
    );
    shoal = await Shoal.start({ flags: ['--auth-file', rules, '--max-connections', '30'] });
    admin = new pg.Client(shoal.connection);
    await admin.connect();
  });
  after(async () => {
    await admin.end();
    await shoal.stop();
    rmSync(directory, { recursive: true });
  });

  async function login(user: string, password?: string, database = 'postgres'): Promise<pg.Client> {
    const client = new pg.Client({ ...shoal.connection, user, database, ...(password === undefined ? {} : { password }) });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  const works = async (user: string, password: string): Promise<void> => {
    const client = await login(user, password);
    assert.deepEqual((await client.query<{ u: string }>('select session_user as u')).rows, [{ u: user }]);
    await client.end();
  };

  const fails = async (user: string, password: string, code: string, message: string): Promise<void> => {
    await assert.rejects(login(user, password), { code, message });
  };

  it('by SCRAM, md5 and plain text, as the rules say', async () => {
    await admin.query("create role staff; create role ann login password 'tiger' in role staff; create role bob login password 'sécret'");
    await admin.query("set password_encryption = 'md5'; create role mia login password 'lion'; reset password_encryption");
    const { rows } = await admin.query<{ rolname: string; kind: string }>(
      "select rolname, left(rolpassword, 5) as kind from pg_authid where rolname in ('ann', 'mia') order by 1",
    );
    assert.match(rows.map(({ rolname, kind }) => `${rolname} ${kind}`).join(), /^ann SCRAM,mia md5[0-9a-f]{2}$/);
    await works('ann', 'tiger');
    await works('bob', 'sécret');
    await works('mia', 'lion');
    for (const user of ['ann', 'bob', 'mia', 'zoe']) await fails(user, 'wrong', '28P01', `password authentication failed for user "${user}"`);
    await admin.query("alter role ann password 'puma'");
    await fails('ann', 'tiger', '28P01', 'password authentication failed for user "ann"');
    await works('ann', 'puma');
    await admin.query('alter role ann password null');
    await fails('ann', 'puma', '28P01', 'password authentication failed for user "ann"');
    assert.ok(!/tiger|puma|lion|sécret|wrong"/.test(shoal.log));
  });

  it('until their passwords expire, and only if they may', async () => {
    await admin.query("create role tom login password 'x' valid until '2001-01-01'; create role una nologin password 'x'");
    await fails('tom', 'x', '28P01', 'password authentication failed for user "tom"');
    await admin.query("alter role tom valid until 'infinity'");
    await works('tom', 'x');
    await fails('una', 'x', '28000', 'role "una" is not permitted to log in');
  });

  it('as often as role and database allow', async () => {
    await admin.query("create role lim login password 'x' connection limit 1");
    const first = await login('lim', 'x');
    await fails('lim', 'x', '53300', 'too many connections for role "lim"');
    await first.end();
    await admin.query('alter role lim connection limit -1; alter database postgres connection limit 1');
    await fails('lim', 'x', '53300', 'too many connections for database "postgres"');
    await admin.query('alter database postgres connection limit -1');
    await works('lim', 'x');
  });

  it('where they have CONNECT', async () => {
    await admin.query('revoke connect on database postgres from public');
    await fails('lim', 'x', '42501', 'permission denied for database "postgres"');
    await admin.query('grant connect on database postgres to lim');
    await works('lim', 'x');
    await admin.query('grant connect on database postgres to public; revoke connect on database postgres from lim');
    await assert.rejects(login('lim', 'x', 'nowhere'), { code: '3D000', message: 'database "nowhere" does not exist' });
  });

  it('with the settings of role and database', async () => {
    await admin.query("alter database postgres set work_mem = '9MB'; alter role lim set search_path = 'x'");
    const client = await login('lim', 'x');
    assert.deepEqual((await client.query('select current_setting($1) as a, current_setting($2) as b', ['work_mem', 'search_path'])).rows, [
      { a: '9MB', b: 'x' },
    ]);
    await client.end();
    await admin.query('alter database postgres reset all');
  });

  it('and nobody renames, drops or shuts the database they are in', async () => {
    for (const [text, code, message] of [
      ['drop database postgres', '55006', 'cannot drop the currently open database'],
      ['alter database postgres rename to other', '0A000', 'current database cannot be renamed'],
      ['alter database postgres allow_connections false', '22023', 'cannot disallow connections for current database'],
      ['create database postgres', '42P04', 'database "postgres" already exists'],
    ] as const) {
      await assert.rejects(admin.query(text), { code, message });
    }
    await admin.query('alter database postgres is_template true');
    assert.deepEqual((await admin.query('select datistemplate, datconnlimit from pg_database where datname = current_database()')).rows, [
      { datistemplate: true, datconnlimit: -1 },
    ]);
    await assert.rejects(admin.query('drop database postgres'), { message: 'cannot drop a template database' });
    await admin.query('alter database postgres is_template false');
  });
});
