/**
 * Attempts on a server that wants passwords: each gets PostgreSQL's error and nothing more, and the server goes on. What a role without privileges may not do, and what errors
 * may tell, is compared with PostgreSQL in test/differential/scripts/rights.sql.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls } from 'node:tls';
import pg from 'pg';
import { Shoal } from '../support/shoal.js';
import { int32, message, packet, query, RawClient, startupPacket } from '../unit/proxy/raw-client.js';

const sslRequest = Buffer.concat([int32(8), int32(80_877_103)]);
const sasl = 10;
const saslContinue = 11;

describe('a server that wants passwords', function () {
  this.timeout(120_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-security-'));
  const [cert, key, rules] = [join(directory, 'server.crt'), join(directory, 'server.key'), join(directory, 'rules.conf')];
  let shoal: Shoal;
  let admin: pg.Client;
  const clients: RawClient[] = [];

  before(async () => {
    execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-keyout', key, '-out', cert], {
      stdio: 'ignore',
    });
    writeFileSync(
      rules,
      'host all postgres all trust\nhost all guest all trust\nhostssl all safe all scram-sha-256\nhost all safe all reject\nhost all old all md5\nhost all plain all password\nhost all all all scram-sha-256\n',
    );
    const settings = ['--set', 'superuser_reserved_connections=3'];
    shoal = await Shoal.start({ flags: ['--auth-file', rules, '--tls-cert', cert, '--tls-key', key, '--max-connections', '12', ...settings] });
    admin = new pg.Client(shoal.connection);
    await admin.connect();
    await admin.query(
      "create role ann login password 'tiger'; create role safe login password 'tiger'; create role plain login password 'tiger'; create role guest login",
    );
    await admin.query("set password_encryption = 'md5'; create role old login password 'tiger'; reset password_encryption");
  });

  after(async () => {
    await admin?.end();
    await shoal?.stop();
    rmSync(directory, { recursive: true });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close();
    // (Places that are not given back yet would be missing in the next test.)
    const others = "select from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()";
    while ((await admin.query(others)).rowCount !== 0) await sleep(10);
    assert.deepEqual((await admin.query('select 1 as one')).rows, [{ one: 1 }], 'the server goes on');
  });

  async function open(parameters?: Record<string, string>): Promise<RawClient> {
    const client = await RawClient.connect(shoal.port);
    clients.push(client);
    if (parameters !== undefined) client.send(startupPacket({ database: 'postgres', ...parameters }));
    return client;
  }

  const errorOf = (client: RawClient): string => {
    const report = client.report();
    return `${report.get('S') ?? ''} ${report.get('C') ?? ''} ${report.get('M') ?? ''}`;
  };

  async function login(user: string, password: string, ssl = false): Promise<pg.Client> {
    const client = new pg.Client({ ...shoal.connection, user, password, ...(ssl ? { ssl: { rejectUnauthorized: false } } : {}) });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /** The server's first message of SCRAM. */
  async function firstOf(client: RawClient, nonce: string, header = 'n,,'): Promise<Map<string, string>> {
    await client.until('R');
    assert.equal(client.received.at(-1)?.body.readInt32BE(0), sasl);
    const first = Buffer.from(`${header}n=,r=${nonce}`);
    client.send(message('p', 'SCRAM-SHA-256', int32(first.length), first));
    await client.until('R', 2);
    const answer = client.received.at(-1)?.body;
    if (answer?.readInt32BE(0) !== saslContinue) return new Map();
    return new Map(
      answer
        .toString('utf8', 4)
        .split(',')
        .map((part) => [part.charAt(0), part.slice(2)]),
    );
  }

  function finalOf(password: string, nonce: string, first: Map<string, string>, sentNonce = first.get('r') ?? ''): Buffer {
    const salted = pbkdf2Sync(password, Buffer.from(first.get('s') ?? '', 'base64'), Number(first.get('i')), 32, 'sha256');
    const clientKey = createHmac('sha256', salted).update('Client Key').digest();
    const stored = createHash('sha256').update(clientKey).digest();
    const withoutProof = `c=biws,r=${sentNonce}`;
    const signed = `n=,r=${nonce},r=${first.get('r') ?? ''},s=${first.get('s') ?? ''},i=${first.get('i') ?? ''},${withoutProof}`;
    const signature = createHmac('sha256', stored).update(signed).digest();
    const proof = Buffer.from(clientKey.map((byte, at) => byte ^ (signature[at] ?? 0))).toString('base64');
    return message('p', Buffer.from(`${withoutProof},p=${proof}`));
  }

  describe('wrong passwords and roles that are none', () => {
    it('get the same words, whatever the method', async () => {
      for (const user of ['ann', 'old', 'plain', 'nobody']) {
        await assert.rejects(login(user, 'wrong'), { code: '28P01', message: `password authentication failed for user "${user}"` });
      }
    });

    it('make the server do the same work: as many rounds, over a salt of the same length', async () => {
      const work = async (user: string): Promise<readonly unknown[]> => {
        const first = await firstOf(await open({ user }), randomBytes(18).toString('base64'));
        return [first.get('i'), first.get('s')?.length];
      };
      assert.deepEqual(await work('nobody'), await work('ann'));
    });

    it('are given a salt that stays the same, so that it tells nothing', async () => {
      const salts = await Promise.all(
        ['nobody', 'nobody', 'ann', 'ann'].map(async (user) => (await firstOf(await open({ user }), randomBytes(18).toString('base64'))).get('s')),
      );
      assert.equal(salts[0], salts[1]);
      assert.equal(salts[2], salts[3]);
    });

    it('leave no password in the log, and no statement to see for others', async () => {
      const guest = new pg.Client({ ...shoal.connection, user: 'guest' });
      await guest.connect();
      await admin.query("alter role ann password 'tiger'");
      const { rows } = await guest.query<{ query: string }>("select query from pg_stat_activity where usename = 'postgres'");
      assert.ok(rows.length > 0 && rows.every((row) => row.query === '<insufficient privilege>'));
      await assert.rejects(guest.query('select rolpassword from pg_authid'), { code: '42501', message: 'permission denied for table pg_authid' });
      await guest.end();
      assert.ok(!/tiger|'wrong'/.test(shoal.log));
    });
  });

  describe('SCRAM', () => {
    const nonce = randomBytes(18).toString('base64');

    it('lets in who knows the password', async () => {
      const client = await open({ user: 'ann' });
      client.send(finalOf('tiger', nonce, await firstOf(client, nonce)));
      await client.until('Z');
      assert.ok(client.types.endsWith('Z'));
    });

    it('takes no other nonce than its own, and no answer twice', async () => {
      const first = await open({ user: 'ann' });
      const challenge = await firstOf(first, nonce);
      const answer = finalOf('tiger', nonce, challenge);
      first.send(answer);
      await first.until('Z');
      const replay = await open({ user: 'ann' });
      await firstOf(replay, nonce);
      replay.send(answer);
      await replay.untilEnd();
      assert.equal(errorOf(replay), 'FATAL 08P01 invalid SCRAM response');
      const forged = await open({ user: 'ann' });
      forged.send(finalOf('tiger', nonce, await firstOf(forged, nonce), nonce));
      await forged.untilEnd();
      assert.equal(errorOf(forged), 'FATAL 08P01 invalid SCRAM response');
    });

    it('refuses mechanisms that it has not offered, channel binding without TLS, and an md5 answer', async () => {
      for (const [answer, expected] of [
        [message('p', 'SCRAM-SHA-1', int32(-1)), 'client selected an invalid SASL authentication mechanism'],
        [message('p', 'SCRAM-SHA-256-PLUS', int32(-1)), 'client selected an invalid SASL authentication mechanism'],
        [
          message('p', `md5${'0'.repeat(32)}`),
          'invalid message format|client selected an invalid SASL authentication mechanism|insufficient data left in message',
        ],
        [message('p', 'SCRAM-SHA-256', int32(5), Buffer.from('hello')), 'malformed SCRAM message'],
        [message('p', 'SCRAM-SHA-256', int32(10), Buffer.from('p=tls-uniq')), 'malformed SCRAM message'],
        [query('select 1'), 'expected SASL response, got message type 81'],
      ] as const) {
        const client = await open({ user: 'ann' });
        await client.until('R');
        client.send(answer);
        await client.untilEnd();
        assert.match(errorOf(client), new RegExp(`^FATAL 08P01 (${expected})$`));
      }
    });

    it('notices that somebody has taken channel binding away', async () => {
      const socket = connectTls({ socket: await encryptable(), rejectUnauthorized: false });
      const client = new RawClient(socket);
      clients.push(client);
      client.send(startupPacket({ user: 'ann', database: 'postgres' }));
      await client.until('R');
      assert.match(client.received[0]?.body.toString('latin1') ?? '', /SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0/);
      const first = Buffer.from(`y,,n=,r=${nonce}`);
      client.send(message('p', 'SCRAM-SHA-256', int32(first.length), first));
      await client.untilEnd();
      assert.match(errorOf(client), /SCRAM channel binding negotiation error$/);
    });
  });

  /** A socket whose server has agreed to TLS. */
  async function encryptable(): Promise<ReturnType<typeof connectSocket>> {
    const socket = connectSocket(shoal.port, '127.0.0.1');
    socket.write(sslRequest);
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    assert.equal(answer.toString(), 'S');
    return socket;
  }

  describe('encryption', () => {
    it('cannot be left out where the rules demand it', async () => {
      await assert.rejects(login('safe', 'tiger'), { code: '28000', message: /^pg_hba.conf rejects connection for host .*, no encryption$/ });
      const client = await login('safe', 'tiger', true);
      assert.deepEqual((await client.query('select ssl from pg_stat_ssl where pid = pg_backend_pid()')).rows, [{ ssl: true }]);
      await client.end();
    });

    it('is not begun with plain text waiting behind its request', async () => {
      const client = await open();
      client.send(sslRequest, startupPacket({ user: 'postgres', database: 'postgres' }));
      await client.untilEnd();
      assert.ok(!client.types.includes('Z') && !client.types.includes('R'));
    });
  });

  describe('what comes before a client has proved who it is', () => {
    it('is small: start-up packets and messages that are not are refused unread', async () => {
      const before = await memory();
      const large = await open();
      large.send(packet(int32(3 << 16), Buffer.from(`user\0${'x'.repeat(10_001)}\0\0`)));
      await large.untilEnd();
      const promised = await open();
      promised.send(int32(0x7fff_ffff), int32(3 << 16));
      await promised.untilEnd();
      for (const type of ['p', 'P', 'B', 'Q']) {
        const client = await open({ user: 'ann' });
        await client.until('R');
        const head = Buffer.alloc(5);
        head.write(type, 'latin1');
        head.writeInt32BE(1_000_000_000, 1);
        client.send(head);
        for (let chunk = 0; chunk < 64 && !client.ended; chunk++) {
          client.send(Buffer.alloc(1_000_000));
          await sleep(1);
        }
        await client.untilEnd();
        assert.ok(!client.types.includes('Z'));
      }
      // (Of 256 MB.)
      assert.ok((await memory()) - before < 150_000_000);
    });
  });

  async function memory(): Promise<number> {
    const { readFile } = await import('node:fs/promises');
    return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${String(shoal.pid)}/status`, 'utf8'))?.[1] ?? 0) * 1024;
  }

  it('keeps its last places for superusers, and tells the rest', async () => {
    const connected = await Promise.all(
      Array.from({ length: 12 }, async () => {
        const client = await open({ user: 'guest' });
        await client.until('Z');
        return client;
      }),
    );
    const refused = connected.map((client) => errorOf(client)).filter((text) => text.trim() !== '');
    assert.ok(refused.length >= 4);
    assert.ok(
      refused.every(
        (text) =>
          text === 'FATAL 53300 remaining connection slots are reserved for non-replication superuser connections' ||
          text === 'FATAL 53300 sorry, too many clients already',
      ),
      refused.join('\n'),
    );
    const superuser = new pg.Client(shoal.connection);
    await superuser.connect();
    await superuser.end();
  });

  it('cancels only for who has the key', async () => {
    const victim = await open({ user: 'postgres' });
    await victim.until('Z');
    victim.received.length = 0;
    victim.send(query('select pg_sleep(30)'));
    while ((await admin.query("select 1 from pg_stat_activity where query = 'select pg_sleep(30)' and state = 'active'")).rowCount === 0) await sleep(10);
    const cancel = async (processId: number, secretKey: number): Promise<void> => {
      const client = await open();
      client.send(packet(int32(80_877_102), int32(processId), int32(secretKey)));
      await client.untilEnd();
      assert.equal(client.received.length, 0, 'nothing is answered');
    };
    await cancel(victim.processId, victim.secretKey ^ 1);
    await cancel(victim.processId + 64, victim.secretKey);
    await sleep(200);
    assert.equal(victim.received.length, 0);
    await cancel(victim.processId, victim.secretKey);
    await victim.until('Z');
    assert.equal(errorOf(victim), 'ERROR 57014 canceling statement due to user request');
  });

  it('ends statements, waits for locks and idle sessions by their timeouts', async () => {
    const client = await login('guest', '');
    // (Together, so that the statements after it have all the time that they need.)
    await assert.rejects(client.query("set statement_timeout = '100ms'; select pg_sleep(10)"), {
      code: '57014',
      message: 'canceling statement due to statement timeout',
    });
    await admin.query('create table held (a int); grant all on held to guest');
    await admin.query('begin; lock table held');
    await assert.rejects(client.query("set lock_timeout = '100ms'; insert into held values (1)"), {
      code: '55P03',
      message: 'canceling statement due to lock timeout',
    });
    await admin.query('rollback');
    await admin.query('drop table held');
    for (const [setting, begin, code, text] of [
      ['idle_in_transaction_session_timeout', 'begin', '25P03', 'terminating connection due to idle-in-transaction timeout'],
      ['idle_session_timeout', 'select 1', '57P05', 'terminating connection due to idle-session timeout'],
    ] as const) {
      const idle = await login('guest', '');
      const ended = new Promise<Error & { code?: string }>((resolve) => {
        idle.once('error', resolve);
      });
      await idle.query(`${begin}; set ${setting} = '100ms'`);
      const error = await ended;
      assert.deepEqual([error.code, error.message], [code, text]);
    }
    await client.end();
  });

  describe('a client that does not say who it is', () => {
    // (The last one: the others have all the time that they need.)
    it('is not waited for for ever', async () => {
      await admin.query("alter system set authentication_timeout = '1s'");
      await admin.query('select pg_reload_conf()');
      const [silent, started] = [await open(), await open({ user: 'ann' })];
      await Promise.all([silent.untilEnd(), started.untilEnd()]);
      assert.equal(errorOf(started), 'FATAL 57014 canceling authentication due to timeout');
    });
  });
});
