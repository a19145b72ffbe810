/** Corners of the protocol with real sessions behind it: raw frames, psql and node-postgres. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import pg from 'pg';
import { bind, describePortal, execute, int16, int32, message, parse, query, RawClient, startupPacket, sync } from '../unit/proxy/raw-client.js';
import { Shoal } from '../support/shoal.js';

const run = promisify(execFile);

describe('the wire', function () {
  this.timeout(120_000);
  let shoal: Shoal;
  const clients: RawClient[] = [];

  before(async () => {
    shoal = await Shoal.start({ flags: ['--max-connections', '20'] });
  });
  after(async () => {
    await shoal.stop();
  });
  afterEach(() => {
    for (const client of clients.splice(0)) client.close();
  });

  async function raw(parameters: Record<string, string> = {}): Promise<RawClient> {
    const client = await RawClient.ready(shoal.port, { user: 'postgres', ...parameters });
    clients.push(client);
    return client;
  }

  async function refused(parameters: Record<string, string>, version?: number): Promise<Map<string, string>> {
    const client = await RawClient.connect(shoal.port);
    client.send(startupPacket({ user: 'postgres', ...parameters }, version));
    await client.untilEnd();
    return client.report();
  }

  const psql = async (env: NodeJS.ProcessEnv, ...args: string[]): Promise<Buffer> => {
    const conninfo = `host=127.0.0.1 port=${shoal.port} user=postgres dbname=postgres`;
    const { stdout } = await run('psql', ['-XAt', ...args, conninfo], { env: { ...process.env, ...env }, encoding: 'buffer' });
    return stdout;
  };

  describe('start-up', () => {
    it('refuses replication, unknown databases and roles, and settings that are none', async () => {
      assert.equal((await refused({ replication: 'database' })).get('C'), '0A000');
      assert.equal((await refused({ database: 'nowhere' })).get('M'), 'database "nowhere" does not exist');
      assert.equal((await refused({ user: 'nobody', database: 'postgres' })).get('M'), 'role "nobody" does not exist');
      assert.equal((await refused({ options: '-c nonsense=1' })).get('M'), 'unrecognized configuration parameter "nonsense"');
      assert.equal((await refused({ options: '-c work_mem=much' })).get('C'), '22023');
      assert.equal((await refused({ options: '-c ssl=on' })).get('C'), '55P02');
      assert.equal((await refused({}, 2 << 16)).get('C'), '0A000');
    });

    it('negotiates newer minor versions and unknown protocol options', async () => {
      const client = await RawClient.connect(shoal.port);
      clients.push(client);
      client.send(startupPacket({ user: 'postgres', '_pq_.dance': 'on', application_name: 'x' }, (3 << 16) + 2));
      await client.until('Z');
      assert.equal(client.received[0]?.type, 'v');
      assert.deepEqual(client.received[0]?.body, Buffer.concat([int32(3 << 16), int32(1), Buffer.from('_pq_.dance\0')]));
    });

    it('takes settings of options', async () => {
      const client = await raw({ options: '-c work_mem=8MB -c DateStyle=German --search_path=a\\ b', TimeZone: 'Asia/Tokyo' });
      await client.ask(query("select current_setting('work_mem'), current_setting('search_path'), current_setting('timezone'), date '2024-02-03'"));
      assert.deepEqual(client.rows(), [['8MB', 'a b', 'Asia/Tokyo', '03.02.2024']]);
    });

    it('survives a flood of connections beyond its limit, and keeps places for superusers', async () => {
      const made = await Promise.all(
        Array.from({ length: 60 }, async () => {
          const client = await RawClient.connect(shoal.port);
          client.send(startupPacket({ user: 'postgres' }));
          await client.until('Z');
          return client;
        }),
      );
      const failures = made.map((client) => client.report().get('M')).filter((text) => text !== undefined);
      assert.ok(failures.length >= 40);
      assert.ok(failures.every((text) => text === 'sorry, too many clients already'));
      for (const client of made) client.close();
      for (let attempt = 0; ; attempt++) {
        const client = await RawClient.connect(shoal.port);
        clients.push(client);
        client.send(startupPacket({ user: 'postgres' }));
        await client.until('Z');
        if (!client.ended) break;
        assert.ok(attempt < 100);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    });
  });

  describe('client encodings', () => {
    it('are spoken both ways by simple queries, COPY, errors and names', async () => {
      const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');
      const client = await raw({ client_encoding: 'LATIN1' });
      await client.ask(
        message('Q', latin1('create temp table "é"(t text); insert into "é" values (\'für Ünal\'); select t, length(t), \'ö\' as "ä" from "é"\0')),
      );
      const [description] = client.received.filter(({ type }) => type === 'T');
      assert.ok(description?.body.includes(latin1('ä\0')));
      assert.ok(client.received.find(({ type }) => type === 'D')?.body.includes(latin1('für Ünal')));
      await client.ask(query('copy "\u00e9" to stdout'));
      await client.ask(message('Q', latin1('copy "é" to stdout\0')));
      assert.deepEqual(client.received.find(({ type }) => type === 'd')?.body, latin1('für Ünal\n'));
      await client.ask(message('Q', latin1('select * from "ß"\0')));
      assert.ok(client.received[0]?.body.includes(latin1('relation "ß" does not exist')));
      await client.ask(query('select chr(8364)'));
      assert.equal(client.report().get('C'), '22P05');
      assert.equal(client.report().get('M'), 'character with byte sequence 0xe2 0x82 0xac in encoding "UTF8" has no equivalent in encoding "LATIN1"');
      await client.ask(query("set client_encoding = 'UTF8'"));
      assert.ok(client.received.some(({ type, body }) => type === 'S' && body.toString() === 'client_encoding\0UTF8\0'));
      await client.ask(query('select t from "é"'));
      assert.deepEqual(client.rows(), [['für Ünal']]);
    });

    it('are spoken by the extended protocol, in text and binary', async () => {
      const client = await raw({ client_encoding: 'WIN1251' });
      const word = Buffer.from([0xcf, 0xf0, 0xe8]);
      const bound = (format: number): Buffer => message('B', '', '', int16(1), int16(format), int16(1), int32(word.length), word, int16(1), int16(format));
      for (const format of [0, 1]) {
        await client.ask(parse('', 'select $1::text, length($1)'), bound(format), execute(''), sync);
        const row = client.received.find(({ type }) => type === 'D')?.body;
        assert.deepEqual(row?.subarray(6, 6 + word.length), word);
      }
    });

    it('work for psql, with several bytes a character, too', async () => {
      for (const [encoding, text] of [
        ['LATIN9', [0xa4]],
        ['EUC_JP', [0xc6, 0xfc, 0xcb, 0xdc]],
        ['SJIS', [0x93, 0xfa, 0x96, 0x7b]],
      ] as const) {
        const value = Buffer.from(text);
        const { stdout } = await new Promise<{ stdout: Buffer }>((resolve, reject) => {
          const child = execFile(
            'psql',
            ['-XAt', `host=127.0.0.1 port=${shoal.port} user=postgres dbname=postgres client_encoding=${encoding}`],
            { encoding: 'buffer' },
            (error, out) => {
              if (error === null) resolve({ stdout: out });
              else reject(new Error(error.message));
            },
          );
          child.stdin?.end(
            Buffer.concat([
              Buffer.from('create temp table c(t text);\ncopy c from stdin;\n'),
              value,
              Buffer.from("\n\\.\nselect t, encode(convert_to(t, 'UTF8'), 'hex') from c;\n"),
            ]),
          );
        });
        const [first] = stdout.toString('latin1').trim().split('\n').slice(-1);
        assert.equal(first?.split('|')[0], value.toString('latin1'), encoding);
      }
      assert.equal((await psql({ PGCLIENTENCODING: 'SQL_ASCII' }, '-c', 'show client_encoding')).toString(), 'SQL_ASCII\n');
    });
  });

  describe('the function call protocol', () => {
    const call = (oid: number, formats: readonly number[], args: readonly (Buffer | null)[], result: number): Buffer =>
      message(
        'F',
        oid,
        int16(formats.length),
        ...formats.map(int16),
        int16(args.length),
        ...args.flatMap((arg) => (arg === null ? [int32(-1)] : [int32(arg.length), arg])),
        int16(result),
      );

    it('calls functions of the catalog and of users', async () => {
      const client = await raw();
      // int4pl, binary; upper(text); now().
      await client.ask(call(177, [1], [int32(40), int32(2)], 1));
      assert.equal(client.types, 'VZ');
      assert.deepEqual(client.received[0]?.body, Buffer.concat([int32(4), int32(42)]));
      await client.ask(call(871, [], [Buffer.from('abc')], 0));
      assert.equal(client.received[0]?.body.toString('utf8', 4), 'ABC');
      await client.ask(call(871, [], [null], 0));
      assert.deepEqual(client.received[0]?.body, int32(-1));
      await client.ask(query("create function twice(int) returns int language sql as 'select $1 * 2'; select 'twice'::regproc::oid"));
      const oid = Number(client.rows()[0]?.[0]);
      await client.ask(call(oid, [], [Buffer.from('21')], 0));
      assert.equal(client.received[0]?.body.toString('utf8', 4), '42');
    });

    it('refuses what cannot be called, in failed transactions as well', async () => {
      const client = await raw();
      await client.ask(call(1, [], [], 0));
      assert.equal(client.report().get('M'), 'function with OID 1 does not exist');
      await client.ask(call(871, [], [], 0));
      assert.equal(client.report().get('M'), 'function call message contains 0 arguments but function requires 1');
      await client.ask(call(871, [], [Buffer.from('x')], 2));
      assert.equal(client.report().get('M'), 'unsupported format code: 2');
      await client.ask(query('begin; select 1/0'));
      await client.ask(call(871, [], [Buffer.from('x')], 0));
      assert.equal(client.report().get('C'), '25P02');
    });
  });

  it('reports settings that a rollback has changed back', async () => {
    const client = await raw();
    await client.ask(query("begin; set datestyle = 'SQL, DMY'"));
    const status = (): string[] => client.received.filter(({ type }) => type === 'S').map(({ body }) => body.toString());
    assert.deepEqual(status(), ['DateStyle\0SQL, DMY\0']);
    await client.ask(query('rollback'));
    assert.deepEqual(status(), ['DateStyle\0ISO, MDY\0']);
    await client.ask(query("set application_name = 'me'; select set_config('timezone', 'Europe/Paris', false)"));
    assert.deepEqual(status().sort(), ['TimeZone\0Europe/Paris\0', 'application_name\0me\0']);
  });

  it('keeps portals to their transaction, and statements to their session', async () => {
    const client = await raw();
    await client.ask(parse('s', 'select * from generate_series(1, 5)'), bind('p', 's'), execute('p', 2), sync);
    assert.equal(client.types, '12DDsZ');
    await client.ask(execute('p', 2), sync);
    assert.equal(client.report().get('M'), 'portal "p" does not exist');
    await client.ask(query('begin'));
    await client.ask(bind('p', 's'), execute('p', 2), sync);
    await client.ask(execute('p', 2), describePortal('p'), sync);
    assert.equal(client.types, 'DDsTZ');
    await client.ask(execute('p', 0), sync);
    assert.deepEqual(client.tags(), ['SELECT 1']);
    await client.ask(bind('p', 's'), sync);
    assert.equal(client.report().get('C'), '42P03');
    await client.ask(query('rollback'));
    await client.ask(message('C', Buffer.from('P'), 'nonexistent'), message('C', Buffer.from('S'), 'nonexistent'), sync);
    assert.equal(client.types, '33Z');
    await client.ask(message('C', Buffer.from('S'), 's'), bind('', 's'), sync);
    assert.equal(client.report().get('C'), '26000');
  });

  it('shows its sessions, their encryption, what they hold and who waits for whom', async () => {
    const [first, second] = [new pg.Client(shoal.connection), new pg.Client({ ...shoal.connection, application_name: 'waiter' })];
    await first.connect();
    await second.connect();
    try {
      await first.query('create table held(id int primary key, v int); insert into held values (1, 1)');
      await first.query('begin; update held set v = 2');
      const { rows: who } = await second.query<{ pid: number }>('select pg_backend_pid() as pid');
      const waiting = second.query('update held set v = 3');
      await new Promise((resolve) => setTimeout(resolve, 200));
      const { rows } = await first.query(
        `select a.state, a.wait_event_type, a.query, l.locktype, l.granted, pg_blocking_pids(a.pid) = array[pg_backend_pid()] as mine, s.ssl
           from pg_stat_activity a join pg_locks l on l.pid = a.pid and not l.granted join pg_stat_ssl s on s.pid = a.pid where a.application_name = 'waiter'`,
      );
      assert.deepEqual(rows, [
        { state: 'active', wait_event_type: 'Lock', query: 'update held set v = 3', locktype: 'transactionid', granted: false, mine: true, ssl: false },
      ]);
      const signalled = await first.query('select pg_cancel_backend(pid) as done from pg_stat_activity where application_name = $1', ['waiter']);
      assert.deepEqual(signalled.rows, [{ done: true }]);
      await assert.rejects(waiting, { code: '57014' });
      assert.deepEqual((await first.query('select state, query from pg_stat_activity where pid = $1', [who[0]?.pid])).rows, [
        { state: 'idle', query: 'update held set v = 3' },
      ]);
    } finally {
      await first.end();
      await second.end();
    }
  });
});
