/** Unix sockets: where libpq looks for them, whose rules they follow, whose they are after a kill. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { run } from '../support/process.js';
import { Shoal } from '../support/shoal.js';

describe('Unix sockets', function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-sockets-'));
  const dataDirectory = join(directory, 'data');
  const rules = join(directory, 'rules.conf');
  let shoal: Shoal;

  after(async () => {
    await shoal?.stop();
    rmSync(directory, { recursive: true });
  });

  async function psql(user: string, query: string, env: NodeJS.ProcessEnv = {}): Promise<string> {
    const { stdout, stderr } = await run('psql', ['-XAtq', '-h', directory, '-p', String(shoal.port), '-U', user, '-c', query, 'postgres'], {
      env: { ...process.env, ...env },
    });
    return (stdout + stderr).trim();
  }

  const socket = (): string => join(directory, `.s.PGSQL.${String(shoal.port)}`);

  it('are served by all front-end threads, beside the port, and trusted where loopback addresses are', async () => {
    shoal = await Shoal.start({ dataDirectory, flags: ['--socket-dir', directory, '--front-ends', '2'] });
    assert.equal(await psql('postgres', 'select 1'), '1');
    assert.equal(await psql('postgres', 'select client_addr is null, client_port from pg_stat_activity where pid = pg_backend_pid()'), 't|-1');
    assert.equal(
      await psql('postgres', 'select inet_client_addr() is null, inet_server_port() is null, ssl from pg_stat_ssl where pid = pg_backend_pid()'),
      't|t|f',
    );
    assert.equal(await psql('postgres', 'show unix_socket_directories'), directory);
    const clients = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const client = new pg.Client({ host: directory, port: shoal.port, user: 'postgres', database: 'postgres' });
        await client.connect();
        return client;
      }),
    );
    for (const client of clients) assert.deepEqual((await client.query('select 2 as two')).rows, [{ two: 2 }]);
    await Promise.all(clients.map(async (client) => await client.end()));
    assert.equal(statSync(socket()).mode & 0o777, 0o777);
    const [pid, data, , port, where] = readFileSync(`${socket()}.lock`, 'utf8').split('\n');
    assert.deepEqual([pid, data, port, where], [String(shoal.pid), dataDirectory, String(shoal.port), directory]);
  });

  it('are not taken from a server that lives', async () => {
    const other = join(directory, 'other');
    const flags = ['--socket-dir', directory, '--listen', `127.0.0.2:${String(shoal.port)}`];
    await assert.rejects(Shoal.start({ dataDirectory: other, flags }), /lock file ".*" already exists/);
    assert.equal(await psql('postgres', 'select 3'), '3');
  });

  it('are taken over from a server that was killed, and go with a server that stops', async () => {
    const { port } = shoal;
    await shoal.kill();
    assert.ok(existsSync(socket()) && existsSync(`${socket()}.lock`));
    writeFileSync(rules, 'local all +staff scram-sha-256\nlocal all outsider reject\nlocal all postgres trust\nhost all postgres all trust\n');
    const flags = ['--socket-dir', directory, '--listen', `127.0.0.1:${String(port)}`, '--auth-file', rules, '--set', 'unix_socket_permissions=0700'];
    shoal = await Shoal.start({ dataDirectory, flags });
    assert.equal(await psql('postgres', 'select 4'), '4');
    assert.equal(statSync(socket()).mode & 0o777, 0o700);
  });

  it('follow the rules for local connections', async () => {
    assert.equal(
      await psql('postgres', "create role staff; create role ann login password 'tiger' in role staff; create role bob login; create role outsider login"),
      '',
    );
    assert.equal(await psql('ann', 'select current_user', { PGPASSWORD: 'tiger' }), 'ann');
    assert.match(await psql('ann', 'select 1', { PGPASSWORD: 'lion' }), /password authentication failed for user "ann"$/);
    assert.match(await psql('bob', 'select 1'), /no pg_hba.conf entry for host "\[local\]", user "bob", database "postgres", no encryption$/);
    assert.match(await psql('outsider', 'select 1'), /pg_hba.conf rejects connection for host "\[local\]", user "outsider"/);
    assert.equal(
      await psql('postgres', "select type, user_name, address, auth_method from pg_hba_file_rules where type = 'local' order by line_number limit 1"),
      'local|{+staff}||scram-sha-256',
    );
  });

  it('go with the server', async () => {
    await shoal.stop();
    assert.ok(!existsSync(socket()) && !existsSync(`${socket()}.lock`));
  });
});
