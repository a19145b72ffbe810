import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect, type TLSSocket } from 'node:tls';
import { promisify } from 'node:util';
import pg from 'pg';
import { md5Verifier } from '../../../src/proxy/auth/md5-password.js';
import { formatVerifier, makeVerifier } from '../../../src/proxy/auth/scram-verifier.js';
import { ConnectionLimit } from '../../../src/proxy/connection-limit.js';
import type { TlsIdentity } from '../../../src/proxy/tls-context.js';
import { type Fixture, fixtureConfiguration, type FixtureOptions, startFixture } from './front-end-fixture.js';
import { int16, int32, message, packet, RawClient, startupPacket } from './raw-client.js';

const run = promisify(execFile);

/** A certificate authority, a server's certificate, and clients' certificates, made by openssl. */
class Certificates {
  readonly directory = mkdtempSync(join(tmpdir(), 'shoal-certificates-'));

  constructor() {
    this.#authority('ca');
    this.#authority('other');
    this.issue('server', 'localhost', 'ca');
    this.issue('ann', 'ann', 'ca');
    this.issue('stranger', 'ann', 'other');
  }

  file(name: string): string {
    return join(this.directory, name);
  }

  #openssl(...args: string[]): void {
    execFileSync('openssl', args, { stdio: 'ignore' });
  }

  #authority(name: string): void {
    this.#openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
      '-keyout',
      this.file(`${name}.key`),
      '-out',
      this.file(`${name}.crt`),
    );
  }

  issue(name: string, commonName: string, authority: string): void {
    const [key, request, certificate] = [this.file(`${name}.key`), this.file(`${name}.csr`), this.file(`${name}.crt`)];
    this.#openssl('req', '-newkey', 'rsa:2048', '-nodes', '-subj', `/O=Shoal/CN=${commonName}`, '-keyout', key, '-out', request);
    this.#openssl(
      'x509',
      '-req',
      '-in',
      request,
      '-days',
      '2',
      '-CA',
      this.file(`${authority}.crt`),
      '-CAkey',
      this.file(`${authority}.key`),
      '-set_serial',
      '77',
      '-out',
      certificate,
    );
    execFileSync('chmod', ['600', key]);
  }

  identity(withAuthority: boolean, name = 'server'): TlsIdentity {
    return {
      key: readFileSync(this.file(`${name}.key`)),
      cert: readFileSync(this.file(`${name}.crt`)),
      ca: withAuthority ? readFileSync(this.file('ca.crt')) : undefined,
      crl: undefined,
    };
  }
}

describe('authentication', function () {
  this.timeout(30_000);
  let certificates: Certificates;
  let fixture: Fixture;
  const verifiers = new Map([
    ['ann', formatVerifier(makeVerifier('tiger'))],
    ['old', formatVerifier(makeVerifier('tiger'))],
    ['mia', md5Verifier('mia', 'lion')],
  ]);

  before(() => {
    certificates = new Certificates();
  });
  after(() => {
    rmSync(certificates.directory, { recursive: true });
  });
  afterEach(async () => {
    await fixture.stop();
  });

  const start = async (options: FixtureOptions): Promise<void> => {
    fixture = await startFixture(options, verifiers);
  };

  async function login(options: pg.ClientConfig): Promise<void> {
    const client = new pg.Client({ host: '127.0.0.1', port: fixture.port, database: 'shop', ...options });
    await client.connect();
    await client.query('select 1');
    await client.end();
  }

  const refused = async (options: pg.ClientConfig, code: string, text: string): Promise<void> => {
    await assert.rejects(login(options), (error: Error & { code?: string }) => {
      assert.equal(error.message, text);
      assert.equal(error.code, code);
      return true;
    });
  };

  it('says which connection no rule speaks of, and which one a rule rejects', async () => {
    await start({ rules: 'host shop bob 127.0.0.1/32 reject\nhost shop ann 10.0.0.0/8 trust', tls: certificates.identity(false) });
    await refused({ user: 'ann' }, '28000', 'no pg_hba.conf entry for host "127.0.0.1", user "ann", database "shop", no encryption');
    await refused(
      { user: 'ann', ssl: { rejectUnauthorized: false } },
      '28000',
      'no pg_hba.conf entry for host "127.0.0.1", user "ann", database "shop", SSL encryption',
    );
    await refused({ user: 'bob' }, '28000', 'pg_hba.conf rejects connection for host "127.0.0.1", user "bob", database "shop", no encryption');
  });

  it('takes passwords in clear text and by md5, against both kinds of verifiers', async () => {
    for (const method of ['password', 'md5']) {
      await start({ rules: `host all all all ${method}` });
      await login({ user: 'ann', password: 'tiger' });
      await login({ user: 'mia', password: 'lion' });
      for (const user of ['ann', 'mia', 'nobody', 'old', 'zoe']) {
        await refused({ user, password: user === 'old' ? 'tiger' : 'wrong' }, '28P01', `password authentication failed for user "${user}"`);
      }
      assert.ok(fixture.logged.some((line) => line.includes('"old"') && line.includes('expired')));
      assert.ok(!fixture.logged.some((line) => /wrong"|tiger|lion/.test(line)));
      await fixture.stop();
    }
    await start({ rules: 'host all all all scram-sha-256' });
    await refused({ user: 'mia', password: 'lion' }, '28P01', 'password authentication failed for user "mia"');
  });

  it('tells roles and databases exactly to those who have proved who they are only', async () => {
    await start({ rules: 'host all all all trust' });
    await refused({ user: 'nobody' }, '28000', 'role "nobody" does not exist');
    await refused({ user: 'group' }, '28000', 'role "group" is not permitted to log in');
    await refused({ user: 'ann', database: 'nowhere' }, '3D000', 'database "nowhere" does not exist');
    await refused({ user: 'ann', database: 'closed' }, '55000', 'database "closed" is not currently accepting connections');
    await refused({ user: 'bob', database: 'private' }, '42501', 'permission denied for database "private"');
  });

  it('keeps the last places for superusers', async () => {
    await start({ connectionLimit: ConnectionLimit.create(3, 2) });
    const first = await RawClient.ready(fixture.port, { user: 'ann' });
    await refused({ user: 'ann' }, '53300', 'remaining connection slots are reserved for non-replication superuser connections');
    const [second, third] = [await RawClient.ready(fixture.port, { user: 'postgres' }), await RawClient.ready(fixture.port, { user: 'postgres' })];
    await refused({ user: 'postgres' }, '53300', 'sorry, too many clients already');
    for (const client of [first, second, third]) client.close();
  });

  it('ends an authentication that takes too long, and one whose packets are too large', async () => {
    await start({ rules: 'host all all all scram-sha-256', authenticationTimeoutMs: 200 });
    const slow = await RawClient.connect(fixture.port);
    slow.send(startupPacket({ user: 'ann' }));
    await slow.untilEnd();
    assert.equal(slow.report().get('M'), 'canceling authentication due to timeout');
    const large = await RawClient.connect(fixture.port);
    large.send(startupPacket({ user: 'ann', application_name: 'x'.repeat(20_000) }));
    await large.untilEnd();
    assert.equal(large.received.length, 0);
    const endless = await RawClient.connect(fixture.port);
    endless.send(startupPacket({ user: 'ann' }));
    await endless.until('R');
    endless.send(message('p', 'SCRAM-SHA-256', int32(100_000)), Buffer.alloc(200_000));
    await endless.untilEnd();
    assert.equal(fixture.connectionLimit.count, 0);
  });

  it('believes certificates of its authorities, by name', async () => {
    const rules =
      'hostssl all ann all cert\nhostssl all bob all trust clientcert=verify-ca\nhostssl all mia all md5 clientcert=verify-full\nhostssl all all all trust';
    await start({ rules, tls: certificates.identity(true) });
    const shown = (name: string): pg.ClientConfig['ssl'] => ({
      rejectUnauthorized: false,
      key: readFileSync(certificates.file(`${name}.key`)),
      cert: readFileSync(certificates.file(`${name}.crt`)),
    });
    await login({ user: 'ann', ssl: shown('ann') });
    const facts = fixture.sessions[0]?.startup.encryption;
    assert.deepEqual(facts?.certificate, { commonName: 'ann', subject: 'CN=ann,O=Shoal', issuer: 'CN=ca', serial: '77' });
    assert.equal(facts.version, 'TLSv1.3');
    assert.equal(facts.bits, 256);
    await login({ user: 'bob', ssl: shown('ann') });
    await login({ user: 'zoe', ssl: { rejectUnauthorized: false } });
    await refused({ user: 'ann', ssl: { rejectUnauthorized: false } }, '28000', 'connection requires a valid client certificate');
    await refused({ user: 'ann', ssl: shown('stranger') }, '28000', 'connection requires a valid client certificate');
    await refused({ user: 'mia', ssl: shown('ann'), password: 'lion' }, '28000', 'authentication failed for user "mia"');
  });

  it('lets psql verify the server and show its certificate', async () => {
    await start({ rules: 'hostssl all all all cert', tls: certificates.identity(true) });
    const options = `sslmode=verify-full sslrootcert=${certificates.file('ca.crt')} sslcert=${certificates.file('ann.crt')} sslkey=${certificates.file('ann.key')}`;
    const conninfo = (user: string): string => `host=localhost hostaddr=127.0.0.1 port=${fixture.port} user=${user} dbname=shop ${options}`;
    const { stdout } = await run('psql', ['-XAtc', "select 'in'", conninfo('ann')]);
    assert.equal(stdout, 'in\n');
    await assert.rejects(run('psql', ['-XAtc', "select 'in'", conninfo('bob')]), /certificate authentication failed for user "bob"/);
  });

  it('goes over to other certificates and rules without a restart', async () => {
    await start({ tls: certificates.identity(false) });
    certificates.issue('renewed', 'renewed', 'ca');
    const subject = async (): Promise<string> => {
      const client = new pg.Client({ host: '127.0.0.1', port: fixture.port, user: 'ann', ssl: { rejectUnauthorized: false } });
      await client.connect();
      const { stream } = (client as unknown as { readonly connection: { readonly stream: TLSSocket } }).connection;
      const { CN } = stream.getPeerCertificate().subject;
      await client.end();
      return String(CN);
    };
    assert.equal(await subject(), 'localhost');
    fixture.frontEnd.configure(fixtureConfiguration({ tls: certificates.identity(false, 'renewed') }));
    assert.equal(await subject(), 'renewed');
    fixture.frontEnd.configure(fixtureConfiguration({ rules: 'host all all all reject' }));
    await refused({ user: 'ann' }, '28000', 'pg_hba.conf rejects connection for host "127.0.0.1", user "ann", database "shop", no encryption');
  });

  describe('TLS without SSLRequest', () => {
    const direct = async (options: { readonly ALPNProtocols?: string[] }): Promise<RawClient> => {
      const socket = tlsConnect({ port: fixture.port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
      await new Promise<void>((resolve) => {
        socket.once('secureConnect', resolve);
        socket.once('error', () => {
          resolve();
        });
      });
      return new RawClient(socket);
    };

    it('serves clients that name the protocol', async () => {
      await start({ tls: certificates.identity(false), rules: 'hostssl all all all scram-sha-256' });
      const client = await direct({ ALPNProtocols: ['postgresql'] });
      client.send(startupPacket({ user: 'ann' }));
      await client.until('R');
      assert.match(client.received[0]?.body.toString() ?? '', /SCRAM-SHA-256-PLUS/);
      client.close();
    });

    it('refuses clients that do not, or name another', async () => {
      await start({ tls: certificates.identity(false) });
      const silent = await direct({});
      await silent.untilEnd();
      assert.equal(silent.report().get('M'), 'received direct SSL connection request without ALPN protocol negotiation extension');
      const other = await direct({ ALPNProtocols: ['h2'] });
      other.send(startupPacket({ user: 'ann' }));
      await other.untilEnd();
      assert.equal(fixture.sessions.length, 0);
    });

    it('hangs up where there is no TLS', async () => {
      await start({});
      const client = await direct({ ALPNProtocols: ['postgresql'] });
      await client.untilEnd();
      assert.equal(fixture.sessions.length, 0);
    });
  });

  it('shakes hands with openssl s_client', async () => {
    await start({ tls: certificates.identity(false) });
    const client = spawn('openssl', ['s_client', '-starttls', 'postgres', '-connect', `127.0.0.1:${fixture.port}`, '-CAfile', certificates.file('ca.crt')], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let output = '';
    for await (const chunk of client.stdout) output += String(chunk);
    assert.match(output, /Verify return code: 0 \(ok\)/);
  });

  it('refuses what comes in plain text behind a request for encryption, whatever the encryption', async () => {
    await start({ tls: certificates.identity(false) });
    for (const [code, what] of [
      [80877103, 'SSL'],
      [80877104, 'GSSAPI encryption'],
    ] as const) {
      const client = await RawClient.connect(fixture.port);
      client.send(packet(int32(code)), Buffer.from([0]), int16(3));
      await client.untilEnd();
      assert.equal(client.report().get('M'), `received unencrypted data after ${what} request`);
      assert.equal(client.report().get('C'), '08P01');
    }
  });
});
