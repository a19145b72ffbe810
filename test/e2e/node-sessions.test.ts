/** What sessions have to do with each other, over two front-end threads: notifications, signals, the node's configuration. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Shoal } from '../support/shoal.js';

interface Client {
  readonly client: pg.Client;
  readonly pid: number;
  readonly heard: string[];
  readonly ended: Promise<string>;
}

describe('sessions of a node', function () {
  this.timeout(120_000);
  let shoal: Shoal;
  const clients: pg.Client[] = [];
  const directory = mkdtempSync(join(tmpdir(), 'shoal-node-'));
  const rules = join(directory, 'rules.conf');

  before(async () => {
    writeFileSync(rules, 'host all all all trust\n');
    shoal = await Shoal.start({ flags: ['--front-ends', '2', '--auth-file', rules] });
  });
  after(async () => {
    await shoal.stop();
    rmSync(directory, { recursive: true });
  });
  afterEach(async () => {
    await Promise.all(clients.splice(0).map(async (client) => await client.end().catch(() => undefined)));
  });

  async function connect(options: pg.ClientConfig = {}): Promise<Client> {
    const client = new pg.Client({ ...shoal.connection, ...options });
    clients.push(client);
    const heard: string[] = [];
    const ended = new Promise<string>((resolve) => {
      client.on('error', (error: Error & { code?: string }) => {
        if (error.code !== undefined) resolve(`${error.code} ${error.message}`);
      });
    });
    client.on('notification', ({ channel, payload, processId }) => heard.push(`${channel}:${payload ?? ''}:${String(processId)}`));
    await client.connect();
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    return { client, pid: rows[0]?.pid as number, heard, ended };
  }

  /** Clients until both threads serve one. */
  async function onTwoThreads(): Promise<[Client, Client]> {
    const first = await connect();
    for (let attempt = 0; attempt < 50; attempt++) {
      const second = await connect();
      if (second.pid % 64 !== first.pid % 64) return [first, second];
    }
    throw new Error('one thread has accepted everybody');
  }

  const until = async (condition: () => boolean): Promise<void> => {
    for (let attempt = 0; attempt < 500 && !condition(); attempt++) await sleep(10);
    assert.ok(condition());
  };

  it('hear what transactions notify when they commit, each thing once, in the order of commits', async () => {
    const [a, b] = await onTwoThreads();
    const c = await connect();
    for (const { client } of [a, b]) await client.query('LISTEN news');
    await c.client.query("BEGIN; NOTIFY news, 'one'; NOTIFY news, 'two'; NOTIFY news, 'one'; NOTIFY news");
    await sleep(50);
    assert.deepEqual([a.heard, b.heard], [[], []]);
    await c.client.query('COMMIT');
    const expected = ['one', 'two', ''].map((payload) => `news:${payload}:${String(c.pid)}`);
    await until(() => a.heard.length === 3 && b.heard.length === 3);
    assert.deepEqual(a.heard, expected);
    assert.deepEqual(b.heard, expected);
    assert.deepEqual(c.heard, []);
  });

  it('hear themselves, before they are ready again', async () => {
    const a = await connect();
    await a.client.query("LISTEN x; NOTIFY x, 'self'");
    assert.deepEqual(a.heard, [`x:self:${String(a.pid)}`]);
    await a.client.query("SELECT pg_notify('x', 'call')");
    assert.equal(a.heard.length, 2);
  });

  it('hear nothing that was rolled back, to a savepoint either, and stop listening when told', async () => {
    const [a, b] = await onTwoThreads();
    await a.client.query('LISTEN y; LISTEN "Y z"');
    assert.deepEqual((await a.client.query('SELECT pg_listening_channels() AS c ORDER BY 1')).rows, [{ c: 'Y z' }, { c: 'y' }]);
    await b.client.query("BEGIN; NOTIFY y, 'lost'; ROLLBACK");
    await b.client.query("BEGIN; SAVEPOINT s; NOTIFY y, 'lost'; ROLLBACK TO s; SAVEPOINT t; NOTIFY y, 'kept'; RELEASE t; COMMIT");
    await b.client.query('NOTIFY "Y z"');
    await until(() => a.heard.length === 2);
    assert.deepEqual(a.heard, [`y:kept:${String(b.pid)}`, `Y z::${String(b.pid)}`]);
    await a.client.query('BEGIN; UNLISTEN *; ROLLBACK');
    await a.client.query('BEGIN; LISTEN never; ROLLBACK');
    await a.client.query('UNLISTEN y');
    assert.deepEqual((await a.client.query('SELECT * FROM pg_listening_channels()')).rows, [{ pg_listening_channels: 'Y z' }]);
    await b.client.query("NOTIFY y, 'gone'; NOTIFY never");
    await a.client.query('BEGIN');
    await b.client.query('NOTIFY "Y z", \'later\'');
    await a.client.query('SELECT 1');
    assert.equal(a.heard.length, 2);
    await a.client.query('COMMIT');
    await until(() => a.heard.length === 3);
  });

  it('refuse channels and payloads that are too long', async () => {
    const { client } = await connect();
    for (const [text, message] of [
      ["SELECT pg_notify('', 'x')", 'channel name cannot be empty'],
      ["SELECT pg_notify(NULL, 'x')", 'channel name cannot be empty'],
      ["SELECT pg_notify(repeat('x', 64), 'x')", 'channel name too long'],
      ["SELECT pg_notify('x', repeat('x', 8000))", 'payload string too long'],
    ] as const) {
      await assert.rejects(client.query(text), { code: '22023', message });
    }
  });

  it('are cancelled and terminated from others, whatever the thread', async () => {
    const [a, b] = await onTwoThreads();
    const sleeping = a.client.query('SELECT pg_sleep(60)');
    sleeping.catch(() => undefined);
    await sleep(100);
    assert.deepEqual((await b.client.query('SELECT pg_cancel_backend($1) AS done', [a.pid])).rows, [{ done: true }]);
    await assert.rejects(sleeping, { code: '57014', message: 'canceling statement due to user request' });
    assert.deepEqual((await b.client.query('SELECT pg_terminate_backend($1, 5000) AS done', [a.pid])).rows, [{ done: true }]);
    assert.equal(await a.ended, '57P01 terminating connection due to administrator command');
    assert.deepEqual((await b.client.query('SELECT pg_cancel_backend(1) AS done')).rows, [{ done: false }]);
  });

  it('follow rules and settings that are read again', async () => {
    const a = await connect();
    await a.client.query("ALTER SYSTEM SET work_mem = '7MB'");
    await a.client.query('ALTER SYSTEM SET "TimeZone" = \'Asia/Tokyo\'');
    assert.deepEqual((await a.client.query('SHOW work_mem')).rows, [{ work_mem: '4MB' }]);
    writeFileSync(rules, 'host all mallory all reject\nhost all all all trust\n');
    assert.deepEqual((await a.client.query('SELECT pg_reload_conf() AS done')).rows, [{ done: true }]);
    await sleep(50);
    assert.deepEqual((await a.client.query('SHOW work_mem')).rows, [{ work_mem: '7MB' }]);
    assert.deepEqual((await a.client.query('SHOW timezone')).rows, [{ TimeZone: 'Asia/Tokyo' }]);
    await assert.rejects(connect({ user: 'mallory' }), { code: '28000' });
    await assert.rejects(a.client.query('BEGIN; ALTER SYSTEM RESET ALL'), { code: '25001' });
    await a.client.query('ROLLBACK');
    await a.client.query('ALTER SYSTEM RESET ALL');
    writeFileSync(rules, 'nonsense\n');
    process.kill(shoal.pid, 'SIGHUP');
    await until(() => shoal.log.includes('invalid connection type "nonsense"'));
    await connect();
  });
});
