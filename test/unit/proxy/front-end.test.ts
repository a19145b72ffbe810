import assert from 'node:assert/strict';
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { promisify } from 'node:util';
import pg from 'pg';
import { PgError } from '../../../src/common/errors.js';
import { formatVerifier, makeVerifier } from '../../../src/proxy/auth/scram-verifier.js';
import { ConnectionLimit } from '../../../src/proxy/connection-limit.js';
import type { TlsIdentity } from '../../../src/proxy/tls-context.js';
import { eventually, startFixture, type Fixture } from './front-end-fixture.js';
import { int32, packet, query, RawClient, startupPacket } from './raw-client.js';

const run = promisify(execFile);
const sslRequest = packet(int32(80877103));
const gssRequest = packet(int32(80877104));

const hasPsql = ((): boolean => {
  try {
    execFileSync('psql', ['--version']);
    return true;
  } catch {
    return false;
  }
})();

describe('the front-end', () => {
  let fixture: Fixture;
  const directory = mkdtempSync(join(tmpdir(), 'shoal-tls-'));
  let tls: TlsIdentity;

  before(() => {
    const [key, cert] = [join(directory, 'key.pem'), join(directory, 'cert.pem')];
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', key, '-out', cert, '-days', '2', '-subj', '/CN=localhost'], {
      stdio: 'ignore',
    });
    tls = { key: readFileSync(key), cert: readFileSync(cert), ca: undefined, crl: undefined };
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });
  afterEach(async () => {
    await fixture.stop();
  });

  describe('start-up', () => {
    it('reports what a PostgreSQL 15 reports, then is ready', async () => {
      fixture = await startFixture();
      const client = await RawClient.connect(fixture.port);
      client.send(startupPacket({ user: 'ann', database: 'shop', application_name: 'till', options: '-c work_mem=4MB --search_path=a\\ b' }));
      await client.until('Z');
      const statuses = new Map(
        client.received.filter(({ type }) => type === 'S').map(({ body }) => body.toString().split('\0').slice(0, 2) as [string, string]),
      );
      assert.match(client.types, /^RS+KZ$/);
      assert.match(statuses.get('server_version') ?? '', /^15\./);
      assert.equal(statuses.get('application_name'), 'till');
      assert.equal(statuses.get('session_authorization'), 'ann');
      for (const name of ['server_encoding', 'client_encoding', 'DateStyle', 'IntervalStyle', 'TimeZone', 'integer_datetimes', 'standard_conforming_strings']) {
        assert.ok(statuses.has(name), name);
      }
      const startup = fixture.sessions[0]?.startup;
      assert.equal(startup?.database, 'shop');
      assert.equal(startup.settings.get('work_mem'), '4MB');
      assert.equal(startup.settings.get('search_path'), 'a b');
      assert.equal(startup.processId, client.processId);
      assert.equal(startup.encryption, undefined);
      client.close();
    });

    it('takes queries sent right behind the start-up packet', async () => {
      fixture = await startFixture();
      const client = await RawClient.connect(fixture.port);
      client.send(startupPacket({ user: 'ann' }), query("select 'eager'"), query("select 'twice'"));
      await client.until('Z', 3);
      assert.deepEqual(client.rows(), [['eager'], ['twice']]);
      client.close();
    });

    it('answers GSSENCRequest and SSLRequest with N when there is no TLS, and goes on', async () => {
      fixture = await startFixture();
      const client = await RawClient.connect(fixture.port);
      const raw: Buffer[] = [];
      client.socket.removeAllListeners('data');
      client.socket.on('data', (chunk: Buffer) => raw.push(chunk));
      client.send(gssRequest);
      await eventually(() => Buffer.concat(raw).toString() === 'N', 'N for GSSAPI');
      client.send(sslRequest);
      await eventually(() => Buffer.concat(raw).toString() === 'NN', 'N for SSL');
      client.send(startupPacket({ user: 'ann' }));
      await eventually(() => Buffer.concat(raw).includes('server_version'), 'the start-up goes on');
      client.close();
    });

    it('negotiates a newer minor version down to 3.0', async () => {
      fixture = await startFixture();
      const client = await RawClient.connect(fixture.port);
      client.send(startupPacket({ user: 'ann', '_pq_.wings': 'on' }, (3 << 16) | 2));
      await client.until('Z');
      assert.equal(client.types.charAt(0), 'v');
      assert.equal(client.received[0]?.body.readInt32BE(0), 3 << 16);
      assert.equal(client.received[0].body.toString('utf8', 8), '_pq_.wings\0');
      client.close();
    });

    for (const [what, bytes, code] of [
      ['protocol 2', startupPacket({ user: 'ann' }, 2 << 16), '0A000'],
      ['no user', startupPacket({ database: 'x' }), '28000'],
      ['an unknown role', startupPacket({ user: 'nobody' }), '28000'],
      ['an unknown database', startupPacket({ user: 'ann', database: 'nowhere' }), '3D000'],
      ['a replication connection', startupPacket({ user: 'ann', replication: 'true' }), '0A000'],
      ['a packet without its terminator', packet(int32(3 << 16), Buffer.from('user\0ann')), '08P01'],
    ] as const) {
      it(`refuses ${what} with ${code}`, async () => {
        fixture = await startFixture();
        const client = await RawClient.connect(fixture.port);
        client.send(bytes);
        await client.untilEnd();
        assert.equal(client.report().get('C'), code);
        assert.equal(client.report().get('S'), 'FATAL');
        assert.equal(fixture.connectionLimit.count, 0);
      });
    }

    for (const [what, bytes] of [
      ['a packet of length 0', int32(0)],
      ['a packet of length 4', int32(4)],
      ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'.padEnd(100_000, 'x'))],
      ['a packet that is too long', packet(int32(3 << 16), Buffer.alloc(12_000))],
    ] as const) {
      it(`hangs up on ${what}`, async () => {
        fixture = await startFixture();
        const client = await RawClient.connect(fixture.port);
        client.send(bytes);
        await client.untilEnd();
        const other = await RawClient.ready(fixture.port);
        other.close();
      });
    }

    it('hangs up on a client that says nothing', async () => {
      fixture = await startFixture({ authenticationTimeoutMs: 100 });
      const client = await RawClient.connect(fixture.port);
      await client.untilEnd();
      assert.equal(client.received.length, 0);
    });

    it('says 57P03 while starting, and 53300 when full', async () => {
      fixture = await startFixture({ connectionLimit: ConnectionLimit.create(1) });
      fixture.frontEnd.state = 'starting';
      const early = await RawClient.connect(fixture.port);
      early.send(startupPacket({ user: 'ann' }));
      await early.untilEnd();
      assert.equal(early.report().get('C'), '57P03');
      fixture.frontEnd.state = 'running';
      const first = await RawClient.ready(fixture.port);
      const second = await RawClient.connect(fixture.port);
      second.send(startupPacket({ user: 'ann' }));
      await second.untilEnd();
      assert.equal(second.report().get('C'), '53300');
      assert.equal(second.report().get('M'), 'sorry, too many clients already');
      first.close();
      await eventually(() => fixture.connectionLimit.count === 0, 'the place is free');
      const third = await RawClient.ready(fixture.port);
      third.close();
    });

    it('passes the refusal of the session factory on', async () => {
      fixture = await startFixture({
        sessionFactory: () => {
          throw new PgError('42501', 'permission denied for database "shop"');
        },
      });
      const client = await RawClient.connect(fixture.port);
      client.send(startupPacket({ user: 'ann' }));
      await client.untilEnd();
      assert.equal(client.report().get('C'), '42501');
      assert.equal(client.report().get('S'), 'FATAL');
      assert.equal(fixture.connectionLimit.count, 0);
    });

    it('ends all sessions with 57P01 when it stops', async () => {
      fixture = await startFixture();
      const idle = await RawClient.ready(fixture.port);
      const busy = await RawClient.ready(fixture.port);
      busy.send(query('sleep 20000'));
      await eventually(() => fixture.sessions[1]?.journal.includes('sleep 20000') === true, 'the statement runs');
      await fixture.frontEnd.stop();
      await Promise.all([idle.untilEnd(), busy.untilEnd()]);
      for (const client of [idle, busy]) assert.equal(client.report().get('C'), '57P01');
      assert.ok(fixture.sessions.every((session) => session.journal.includes('close')));
    });

    it('holds two hundred idle connections in little memory', async function () {
      this.timeout(10_000);
      fixture = await startFixture({ connectionLimit: ConnectionLimit.create(300) });
      const warm = await Promise.all(Array.from({ length: 20 }, async () => await RawClient.ready(fixture.port)));
      const used = (): number => process.memoryUsage().heapUsed + process.memoryUsage().external;
      globalThis.gc?.();
      const before = used();
      const clients = await Promise.all(Array.from({ length: 200 }, async () => await RawClient.ready(fixture.port)));
      for (const client of clients) client.send(query('select 1'));
      await Promise.all(clients.map(async (client) => await client.until('Z')));
      globalThis.gc?.();
      // Both ends are in this process, and garbage may be counted in: a 64 KB buffer for each connection would still show.
      assert.ok(used() - before < 200 * 100_000, `${(used() - before) / 200} bytes a connection`);
      for (const client of [...warm, ...clients]) client.close();
    });
  });

  describe('TLS', () => {
    it('serves pg over TLS', async () => {
      fixture = await startFixture({ tls });
      const client = new pg.Client({ host: '127.0.0.1', port: fixture.port, user: 'ann', ssl: { rejectUnauthorized: false } });
      await client.connect();
      const { rows } = await client.query<{ column2: string }>("select 'a', $1", ['é'.repeat(100_000)]);
      assert.equal(rows[0]?.column2.length, 100_000);
      assert.equal(fixture.sessions[0]?.startup.encryption?.version, 'TLSv1.3');
      await client.end();
    });

    it('refuses plaintext behind SSLRequest', async () => {
      fixture = await startFixture({ tls });
      const client = await RawClient.connect(fixture.port);
      client.send(sslRequest, startupPacket({ user: 'ann' }));
      await client.untilEnd();
      assert.equal(client.report().get('M'), 'received unencrypted data after SSL request');
      assert.equal(fixture.sessions.length, 0);
    });

    it('survives a failed handshake', async () => {
      fixture = await startFixture({ tls });
      const client = await RawClient.connect(fixture.port);
      client.send(sslRequest);
      await new Promise((resolve) => client.socket.once('data', resolve));
      client.send(Buffer.from('this is no handshake at all, whatever it may be'));
      await client.untilEnd();
      const other = await RawClient.ready(fixture.port);
      other.close();
    });

    it('refuses a second SSLRequest inside TLS', async () => {
      fixture = await startFixture({ tls });
      const client = await RawClient.connect(fixture.port);
      client.socket.removeAllListeners('data');
      client.send(sslRequest);
      await new Promise((resolve) => client.socket.once('data', resolve));
      const secure = tlsConnect({ socket: client.socket, rejectUnauthorized: false });
      await new Promise((resolve) => secure.once('secureConnect', resolve));
      const inner = new RawClient(secure);
      inner.send(sslRequest);
      await inner.untilEnd();
      assert.equal(inner.report().get('C'), '08P01');
    });
  });

  describe('SCRAM', () => {
    const verifiers = new Map([['ann', formatVerifier(makeVerifier('tiger ½'))]]);

    async function login(user: string, password: string, ssl: boolean): Promise<void> {
      const client = new pg.Client({
        host: '127.0.0.1',
        port: fixture.port,
        user,
        password,
        ...(ssl ? { ssl: { rejectUnauthorized: false }, enableChannelBinding: true } : {}),
      });
      await client.connect();
      await client.query('select 1');
      await client.end();
    }

    it('lets the right password in, plain and over TLS with channel binding', async () => {
      fixture = await startFixture({ rules: 'host all all all scram-sha-256', tls }, verifiers);
      await login('ann', 'tiger ½', false);
      await login('ann', 'tiger ½', true);
    });

    it('refuses wrong passwords and unknown roles alike', async () => {
      fixture = await startFixture({ rules: 'host all all all scram-sha-256' }, verifiers);
      for (const user of ['ann', 'bob']) {
        await assert.rejects(login(user, 'wrong', false), (error: Error & { code?: string }) => {
          assert.equal(error.code, '28P01');
          assert.equal(error.message, `password authentication failed for user "${user}"`);
          return true;
        });
      }
      assert.equal(fixture.connectionLimit.count, 0);
    });

    it('refuses a query where a password is due', async () => {
      fixture = await startFixture({ rules: 'host all all all scram-sha-256' }, verifiers);
      const client = await RawClient.connect(fixture.port);
      client.send(startupPacket({ user: 'ann' }), query('select 1'));
      await client.untilEnd();
      assert.equal(client.types, 'RE');
      assert.equal(client.report().get('C'), '08P01');
      assert.equal(fixture.sessions.length, 0);
    });

    (hasPsql ? it : it.skip)('lets psql in with channel_binding=require', async () => {
      fixture = await startFixture({ rules: 'host all all all scram-sha-256', tls }, verifiers);
      const conninfo = `host=127.0.0.1 port=${fixture.port} user=ann dbname=shop sslmode=require channel_binding=require`;
      const { stdout } = await run('psql', ['-XAtc', "select 'in'", conninfo], { env: { ...process.env, PGPASSWORD: 'tiger ½' } });
      assert.equal(stdout, 'in\n');
      await assert.rejects(
        run('psql', ['-XAtc', "select 'in'", conninfo], { env: { ...process.env, PGPASSWORD: 'nope' } }),
        /password authentication failed for user "ann"/,
      );
    });
  });

  describe('drivers', () => {
    it('serves node pg: parameters, errors in between, transactions', async () => {
      fixture = await startFixture();
      const client = new pg.Client({ host: '127.0.0.1', port: fixture.port, user: 'ann' });
      await client.connect();
      const settled = await Promise.allSettled([
        client.query('select $1', ['first']),
        client.query('fail 22012 division by zero'),
        client.query({ name: 'named', text: 'rows 3' }),
        client.query({ name: 'named', text: 'rows 3' }),
      ]);
      assert.deepEqual(
        settled.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
      );
      await client.end();
    });

    (hasPsql ? it : it.skip)('serves psql: several statements, COPY in and out, errors', async () => {
      fixture = await startFixture();
      const psql = async (input: string): Promise<{ readonly stdout: string; readonly stderr: string }> => {
        const child = run('psql', ['-XAt', '-h', '127.0.0.1', '-p', String(fixture.port), '-U', 'ann', '-d', 'shop']);
        child.child.stdin?.end(input);
        return await child;
      };
      const answer = await psql("select 'a';\nfail 23505 twice;\ncopy 2 to stdout;\nrows 2;\ncopy t from stdin;\n1\ta\n2\tb\n\\.\nselect 'end';\n");
      // Some releases of psql send the end marker \\. along, which the fake counts as a line.
      assert.match(answer.stdout, /^a\n1\trow 1\n2\trow 2\n1\|row 1\n2\|row 2\nCOPY [23]\nend\n$/);
      assert.match(answer.stderr, /ERROR: {2}twice/);
      assert.match(answer.stderr, /DETAIL: {2}as asked/);
      assert.match(Buffer.concat(fixture.sessions[0]?.copied ?? []).toString(), /^1\ta\n2\tb\n/);
    });
  });
});
