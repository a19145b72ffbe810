/** Several front-end and scan threads: what one session has done, sessions of other threads see at once; sums hold; cancel requests find their thread. */
import assert from 'node:assert/strict';
import { connect as open } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';

const accounts = 80;
const total = accounts * 1000;
const transferMs = Number(process.env['SHOAL_TRANSFER_MS'] ?? 3000);

/** The thread that serves a session, as its process id tells. */
function threadOf(client: pg.Client): number {
  const { processID } = client as unknown as { readonly processID: number };
  return processID % 64;
}

describe('two front-end threads, four scan threads', function () {
  this.timeout(120_000);
  let shoal: Shoal;
  let first: pg.Client;
  let second: pg.Client;
  const others: pg.Client[] = [];

  before(async () => {
    shoal = await Shoal.start({ flags: ['--front-ends', '2', '--scan-threads', '4', '--max-connections', '30'] });
    first = await connect(shoal.connection);
    second = await connect(shoal.connection);
    for (let attempts = 0; threadOf(second) === threadOf(first) && attempts < 20; attempts++) {
      others.push(second);
      second = await connect(shoal.connection);
    }
    for (const other of others.splice(0)) await other.end();
    assert.notEqual(threadOf(first), threadOf(second), 'two sessions of different threads');
  });

  after(async () => {
    await Promise.allSettled([first, second].map(async (client) => client?.end()));
    await shoal?.stop();
  });

  it("sees the other thread's DDL in the next statement", async () => {
    for (let round = 0; round < 10; round++) {
      await first.query('CREATE TABLE moving (id int PRIMARY KEY, v int) PARTITION BY HASH (id) WITH (shards = 4)');
      await second.query('INSERT INTO moving SELECT i, i FROM generate_series(1, 10) i');
      const prepared = { name: `sum${round}`, text: 'SELECT sum(v)::int AS sum FROM moving' };
      assert.deepEqual((await second.query(prepared)).rows, [{ sum: '55' }]);
      await first.query('ALTER TABLE moving ADD COLUMN w int DEFAULT 7');
      assert.deepEqual((await second.query('SELECT w FROM moving WHERE id = 3')).rows, [{ w: '7' }]);
      assert.deepEqual((await second.query(prepared)).rows, [{ sum: '55' }]);
      await first.query('ALTER TABLE moving RENAME COLUMN v TO vv');
      assert.deepEqual((await second.query('SELECT sum(vv)::int AS sum FROM moving')).rows, [{ sum: '55' }]);
      await second.query('DROP TABLE moving');
      await assert.rejects(first.query('SELECT 1 FROM moving'), { code: '42P01' });
    }
  });

  it('shows sums that hold while transfers are under way', async () => {
    await first.query('CREATE TABLE accounts (id int PRIMARY KEY, branch int, balance int) PARTITION BY HASH (id) WITH (shards = 8)');
    await first.query('CREATE TABLE branches (id int PRIMARY KEY, k int) PARTITION BY HASH (id) WITH (shards = 8)');
    await first.query(`INSERT INTO accounts SELECT i, i % 8, 1000 FROM generate_series(1, ${accounts}) i`);
    await first.query('INSERT INTO branches SELECT i + 50, i FROM generate_series(0, 7) i');
    const end = Date.now() + transferMs;
    let transfers = 0;
    let reads = 0;
    const transfer = async (seed: number): Promise<void> => {
      const client = await connect(shoal.connection);
      for (let step = seed; Date.now() < end; step += 7) {
        const low = 1 + (step % (accounts / 2));
        const high = accounts / 2 + 1 + ((step * 3) % (accounts / 2));
        await client.query('BEGIN');
        await client.query('UPDATE accounts SET balance = balance - 5 WHERE id = $1', [low]);
        await client.query('UPDATE accounts SET balance = balance + 5 WHERE id = $1', [high]);
        await client.query('COMMIT');
        transfers++;
      }
      await client.end();
    };
    const read = async (sql: string): Promise<void> => {
      const client = await connect(shoal.connection);
      while (Date.now() < end) {
        const { rows } = await textQuery(client, sql);
        assert.equal(rows[0]?.[0], String(total), sql);
        reads++;
      }
      await client.end();
    };
    const readByKey = async (): Promise<void> => {
      const client = await connect(shoal.connection);
      while (Date.now() < end) {
        await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
        let sum = 0;
        for (let id = 1; id <= accounts; id++) {
          const { rows } = await client.query<{ balance: string }>('SELECT balance FROM accounts WHERE id = $1', [id]);
          sum += Number(rows[0]?.balance);
        }
        await client.query('COMMIT');
        assert.equal(sum, total, 'key by key in one snapshot');
        reads++;
      }
      await client.end();
    };
    await Promise.all([
      ...Array.from({ length: 8 }, async (_, seed) => transfer(seed)),
      read('SELECT sum(balance) FROM accounts'),
      read('SELECT sum(a.balance) FROM accounts a JOIN branches b ON a.branch = b.k'),
      read('SELECT sum(balance) FROM accounts WHERE id IN (SELECT x.id FROM accounts x JOIN branches b ON x.branch = b.k)'),
      readByKey().catch((error: unknown) => {
        // Too old a snapshot is refused, never answered wrongly.
        if (!(error instanceof pg.DatabaseError) || error.code !== '40001') throw error;
      }),
    ]);
    assert.ok(transfers > 0 && reads > 0, `${transfers} transfers, ${reads} reads`);
  });

  it('reads in lasting snapshots while short transactions write', async () => {
    let writing = true;
    const write = async (seed: number): Promise<void> => {
      const client = await connect(shoal.connection);
      for (let step = seed; writing; step += 4) {
        await client.query('BEGIN');
        await client.query('UPDATE accounts SET balance = balance + 1 WHERE id = $1', [1 + (step % accounts)]);
        await client.query('UPDATE accounts SET balance = balance - 1 WHERE id = $1', [1 + (step % accounts)]);
        await client.query('COMMIT');
      }
      await client.end();
    };
    const read = async (): Promise<void> => {
      await first.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      for (let step = 0; step < 4; step++) assert.deepEqual((await first.query('SELECT sum(balance) AS sum FROM accounts')).rows, [{ sum: String(total) }]);
    };
    const writers = [0, 1, 2, 3].map(write);
    // From the first snapshot on, writers keep what they replace; those already under way then may still be in its way.
    await read().catch(() => undefined);
    await first.query('ROLLBACK');
    await sleep(500);
    for (let round = 0; round < 30; round++) {
      await read();
      await first.query('COMMIT');
    }
    writing = false;
    await Promise.all(writers);
  });

  it('cancels a statement of either thread', async () => {
    for (const client of [first, second]) {
      const sleeping = assert.rejects(client.query('SELECT pg_sleep(30)'), { code: '57014' });
      await sleep(100);
      const { processID, secretKey } = client as unknown as { readonly processID: number; readonly secretKey: number };
      // Cancel requests go to whichever thread accepts them.
      for (let request = 0; request < 2; request++) await cancel(shoal, processID, secretKey);
      await sleeping;
    }
  });

  it('refuses one client too many with 53300', async () => {
    assert.deepEqual((await textQuery(first, 'SHOW max_connections')).rows, [['30']]);
    const crowd = await Promise.allSettled(Array.from({ length: 32 }, async () => connect(shoal.connection)));
    const refused = crowd.filter((result) => result.status === 'rejected');
    // (Clients that have just left may still be counted.)
    assert.ok(refused.length >= 4 && refused.length < 12, `${refused.length} refused`);
    for (const { reason } of refused) assert.equal((reason as pg.DatabaseError).code, '53300');
    for (const result of crowd) if (result.status === 'fulfilled') await result.value.end();
  });
});

async function cancel(shoal: Shoal, processId: number, secretKey: number): Promise<void> {
  const message = Buffer.alloc(16);
  message.writeInt32BE(16, 0);
  message.writeInt32BE(80_877_102, 4);
  message.writeInt32BE(processId, 8);
  message.writeInt32BE(secretKey, 12);
  await new Promise<void>((resolve, reject) => {
    const socket = open(shoal.port, '127.0.0.1', () => socket.write(message));
    socket.on('error', reject);
    socket.on('close', () => resolve());
    socket.resume();
  });
}
