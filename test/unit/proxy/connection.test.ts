import assert from 'node:assert/strict';
import { eventually, startFixture, type Fixture } from './front-end-fixture.js';
import {
  bind,
  describePortal,
  describeStatement,
  execute,
  flush,
  int16,
  message,
  packet,
  parse,
  query,
  RawClient,
  sync,
  terminate,
  int32,
} from './raw-client.js';

describe('the query loop', () => {
  let fixture: Fixture;
  let client: RawClient;

  before(async () => {
    fixture = await startFixture();
  });
  after(async () => {
    await fixture.stop();
  });
  beforeEach(async () => {
    fixture.sessions.length = 0;
    client = await RawClient.ready(fixture.port);
  });
  afterEach(() => {
    client.close();
  });

  describe('simple protocol', () => {
    it('answers a query with description, rows, tag and ReadyForQuery', async () => {
      await client.ask(query("select 'a'"));
      assert.equal(client.types, 'TDCZ');
      assert.deepEqual(client.rows(), [['a']]);
      assert.deepEqual(client.tags(), ['SELECT 1']);
    });

    it('runs every statement of a text and stops at the first error', async () => {
      await client.ask(query('begin; select 1; fail 22012 division by zero; select 2'));
      assert.equal(client.types, 'CTDCEZ');
      assert.equal(client.report().get('C'), '22012');
      assert.equal(client.report().get('V'), 'ERROR');
      assert.equal(client.report().get('P'), '1');
      assert.equal(client.received.at(-1)?.body.toString(), 'E');
      await client.ask(query('select 1'));
      assert.equal(client.report().get('C'), '25P02');
      await client.ask(query('rollback'));
      assert.equal(client.received.at(-1)?.body.toString(), 'I');
    });

    it('answers an empty text with EmptyQueryResponse', async () => {
      await client.ask(query(' ; '));
      assert.equal(client.types, 'IZ');
    });

    it('answers many queries that come in one chunk, in order', async () => {
      client.send(...Array.from({ length: 100 }, (_unused, index) => query(`select '${index}'`)));
      await client.until('Z', 100);
      assert.deepEqual(
        client.rows().map((row) => row[0]),
        Array.from({ length: 100 }, (_unused, index) => String(index)),
      );
    });

    it('puts messages together that arrive byte by byte', async () => {
      client.socket.setNoDelay(true);
      for (const byte of Buffer.concat([query("select 'slow'"), query("select 'drip'")])) {
        client.send(Buffer.from([byte]));
        await new Promise((resolve) => setImmediate(resolve));
      }
      await client.until('Z', 2);
      assert.deepEqual(client.rows(), [['slow'], ['drip']]);
    });

    it('takes a text of several megabytes', async () => {
      const long = 'x'.repeat(3_000_000);
      await client.ask(query(`select '${long}'`));
      assert.equal(client.rows()[0]?.[0]?.length, long.length);
    });

    it('reports an internal fault as XX000 and goes on', async () => {
      await client.ask(query('crash'));
      assert.equal(client.report().get('C'), 'XX000');
      assert.match(fixture.logged.join('\n'), /an internal fault/);
      await client.ask(query('select 1'));
      assert.equal(client.types, 'TDCZ');
    });

    it('refuses text that is no UTF-8 with 22021', async () => {
      await client.ask(message('Q', Buffer.from([0x73, 0xff, 0x00])));
      assert.equal(client.report().get('C'), '22021');
      assert.equal(client.report().get('M'), 'invalid byte sequence for encoding "UTF8": 0xff');
      assert.equal(client.types, 'EZ');
    });

    it('calls functions by OID, and goes on after a failure', async () => {
      const call = (oid: number, ...rest: readonly (Buffer | number)[]): Buffer => message('F', oid, int16(0), int16(1), ...rest, int16(0));
      await client.ask(call(7, int32(2), Buffer.from('hi')));
      assert.equal(client.types, 'VZ');
      assert.deepEqual(client.received[0]?.body, Buffer.concat([int32(2), Buffer.from('hi')]));
      await client.ask(call(7, int32(-1)));
      assert.deepEqual(client.received[0]?.body, int32(-1));
      await client.ask(call(0, int32(-1)));
      assert.equal(client.types, 'EZ');
      await client.ask(call(7, int32(-2)));
      assert.equal(client.report().get('M'), 'invalid argument size -2 in function call message');
    });

    it('sends notices in order with the results', async () => {
      await client.ask(query('select 1; notice look here; select 2'));
      assert.equal(client.types, 'TDCNCTDCZ');
      assert.equal(client.report('N').get('M'), 'look here');
    });

    it('sends a notice while the statement still runs', async () => {
      client.send(query('notice early; sleep 300'));
      await client.until('N');
      assert.equal(client.types.includes('Z'), false);
      await client.until('Z');
    });

    it('reports changed settings before ReadyForQuery, once each', async () => {
      await client.ask(query('set TimeZone Europe/Rome; set TimeZone UTC'));
      assert.equal(client.types, 'CCZ', 'the client believes UTC already');
      await client.ask(query('set TimeZone Europe/Rome; set TimeZone Asia/Tokyo'));
      assert.equal(client.types, 'CCSZ');
      assert.equal(client.received[2]?.body.toString(), 'TimeZone\0Asia/Tokyo\0');
    });

    it('delivers notifications when idle at once, and in a transaction only after it', async () => {
      const session = fixture.sessions[0];
      session?.events.notification(42, 'news', 'hello');
      await client.until('A');
      assert.equal(client.received[0]?.body.toString('utf8', 4), 'news\0hello\0');
      await client.ask(query('begin'));
      session?.events.notification(42, 'news', 'again');
      await client.ask(query('select 1'));
      assert.equal(client.types, 'TDCZ');
      await client.ask(query('commit'));
      assert.equal(client.types, 'CAZ');
    });
  });

  describe('extended protocol', () => {
    it('parses, binds, describes and executes', async () => {
      await client.ask(parse('', 'select $1, $2'), bind('', '', ['é', null]), describePortal(''), execute(''), sync);
      assert.equal(client.types, '12TDCZ');
      assert.deepEqual(client.rows(), [['é', null]]);
      assert.ok(fixture.sessions[0]?.journal.includes('commit implicit'));
    });

    it('keeps named statements and describes them', async () => {
      await client.ask(parse('s1', 'select $1'), describeStatement('s1'), sync);
      assert.equal(client.types, '1tTZ');
      await client.ask(bind('p', 's1', ['x']), execute('p'), message('C', Buffer.from('S'), 's1'), sync);
      assert.equal(client.types, '2DC3Z');
      await client.ask(bind('', 's1', ['x']), sync);
      assert.equal(client.report().get('C'), '26000');
    });

    it('suspends a portal at the row limit', async () => {
      client.send(parse('', 'rows 5'), bind('', ''), execute('', 2), execute('', 2), execute('', 2), sync);
      await client.until('Z');
      assert.equal(client.types, '12DDsDDsDCZ');
      assert.equal(client.rows().length, 5);
    });

    it('skips everything after an error up to Sync', async () => {
      client.send(
        parse('', "select 'one'"),
        bind('', ''),
        execute(''),
        parse('', 'fail 23505 duplicate key'),
        bind('', ''),
        execute(''),
        parse('', "select 'never'"),
        bind('', ''),
        execute(''),
        query('select 1'),
        sync,
        parse('', "select 'two'"),
        bind('', ''),
        execute(''),
        sync,
      );
      await client.until('Z', 2);
      assert.equal(client.types, '12DC12EZ12DCZ');
      assert.deepEqual(client.rows(), [['one'], ['two']]);
      assert.ok(fixture.sessions[0]?.journal.includes('rollback implicit'));
    });

    it('runs pipelined statements one at a time', async () => {
      client.send(parse('', 'sleep 50'), bind('', ''), execute(''), parse('', "select 'after'"), bind('', ''), execute(''), sync);
      await client.until('Z');
      assert.equal(client.types, '12C12DCZ');
    });

    it('answers Flush without Sync', async () => {
      client.send(parse('', 'select 1'), flush);
      await client.until('1');
      assert.equal(client.types, '1');
    });

    it('answers an empty statement', async () => {
      await client.ask(parse('', ''), bind('', ''), describePortal(''), execute(''), sync);
      assert.equal(client.types, '12nIZ');
    });

    for (const [what, messages, code, text] of [
      ['too few parameters', [parse('', 'select $1'), bind('', '')], '08P01', 'bind message supplies 0 parameters, but prepared statement "" requires 1'],
      [
        'wrong number of parameter formats',
        [parse('', 'select $1'), message('B', '', '', int16(2), int16(0), int16(0), int16(1), int32(-1), int16(0))],
        '08P01',
        'bind message has 2 parameter formats but 1 parameters',
      ],
      [
        'wrong number of result formats',
        [parse('', 'select 1'), message('B', '', '', int16(0), int16(0), int16(3), int16(0), int16(0), int16(0))],
        '08P01',
        'bind message has 3 result formats but query has 1 columns',
      ],
      ['an unknown format', [parse('', 'select 1'), message('B', '', '', int16(0), int16(0), int16(1), int16(7))], '22023', 'unsupported format code: 7'],
      ['a body that is too short', [message('P', '')], '08P01', 'invalid string in message'],
      ['a body that is too long', [message('E', '', 0, 0)], '08P01', 'invalid message format'],
      ['an unknown portal', [execute('p')], '34000', 'portal "p" does not exist'],
      ['a bad Describe', [message('D', Buffer.from('X'), '')], '08P01', 'invalid DESCRIBE message subtype 88'],
      ['a bad Close', [message('C', Buffer.from('X'), '')], '08P01', 'invalid CLOSE message subtype 88'],
    ] as const) {
      it(`refuses ${what} and recovers at Sync`, async () => {
        await client.ask(...messages, execute(''), sync);
        assert.equal(client.report().get('C'), code);
        assert.equal(client.report().get('M'), text);
        assert.match(client.types, /EZ$/);
        await client.ask(query('select 1'));
        assert.equal(client.types, 'TDCZ');
      });
    }
  });

  describe('broken streams', () => {
    it('ends the connection at an unknown message type', async () => {
      client.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
      await client.untilEnd();
      assert.equal(client.report().get('C'), '08P01');
      assert.equal(client.report().get('V'), 'FATAL');
    });

    it('ends the connection at an impossible length', async () => {
      client.send(Buffer.from([0x51, 0x7f, 0xff, 0xff, 0xff]));
      await client.untilEnd();
      assert.equal(client.report().get('M'), 'invalid message length');
    });

    it('ends the connection at a short message kind that is long', async () => {
      client.send(message('E', 'x'.repeat(20_000), 0));
      await client.untilEnd();
      assert.equal(client.report().get('M'), 'invalid message length');
    });
  });

  describe('COPY', () => {
    it('takes data in, whatever the message boundaries', async () => {
      client.send(query('copy t from stdin'));
      await client.until('G');
      const data = Array.from({ length: 5000 }, (_unused, index) => `${index}\tvalue ${index}\n`).join('');
      for (let position = 0; position < data.length; position += 777) client.send(message('d', Buffer.from(data.slice(position, position + 777))));
      client.send(message('c'));
      await client.until('Z');
      assert.deepEqual(client.tags(), ['COPY 5000']);
      assert.equal(Buffer.concat(fixture.sessions[0]?.copied ?? []).toString(), data);
    });

    it('takes data that came in the same chunk as the query, and the next query behind it', async () => {
      client.send(query('copy t from stdin'), message('d', Buffer.from('1\ta\n')), message('d', Buffer.from('2\tb\n')), message('c'), query("select 'next'"));
      await client.until('Z', 2);
      assert.equal(client.types, 'GCZTDCZ');
      assert.equal(Buffer.concat(fixture.sessions[0]?.copied ?? []).toString(), '1\ta\n2\tb\n');
    });

    it('joins the messages of one chunk', async () => {
      const lines = Array.from({ length: 500 }, (_unused, index) => message('d', Buffer.from(`${index}\n`)));
      client.send(query('copy t from stdin'), ...lines, message('c'));
      await client.until('Z');
      assert.deepEqual(client.tags(), ['COPY 500']);
      assert.ok((fixture.sessions[0]?.copied.length ?? 0) <= 3);
    });

    it("fails on CopyFail with the client's reason", async () => {
      await client.ask(query('copy t from stdin'), message('d', Buffer.from('1\n')), message('f', 'changed my mind'));
      assert.equal(client.types, 'GEZ');
      assert.equal(client.report().get('C'), '57014');
      assert.equal(client.report().get('M'), 'COPY from stdin failed: changed my mind');
    });

    it('swallows the rest of the data when the statement fails', async () => {
      client.send(query('copy t from stdin'));
      await client.until('G');
      client.send(message('d', Buffer.from('bad line\n')));
      await client.until('Z');
      assert.equal(client.report().get('C'), '22P04');
      assert.equal(client.report().get('W'), 'COPY t, line 1: "bad line"');
      client.send(message('d', Buffer.from('more\n')), message('d', Buffer.from('more\n')), message('c'), query("select 'fine'"));
      await client.until('Z', 2);
      assert.deepEqual(client.rows(), [['fine']]);
    });

    it('ignores Sync during an extended COPY, and waits for the one after it', async () => {
      client.send(parse('', 'copy t from stdin'), bind('', ''), execute(''), sync);
      await client.until('G');
      client.send(message('d', Buffer.from('1\n')), message('c'), sync);
      await client.until('Z');
      assert.equal(client.types, '12GCZ');
    });

    it('ends the connection at a message that has no place in COPY', async () => {
      client.send(query('copy t from stdin'), query('select 1'));
      await client.untilEnd();
      assert.equal(client.report().get('C'), '08P01');
      assert.equal(client.report().get('M'), 'unexpected message type 0x51 during COPY from stdin');
    });

    it('sends data out and CopyDone before the tag', async () => {
      await client.ask(query('copy 3 to stdout'));
      assert.equal(client.types, 'HdddcCZ');
      assert.equal(client.received[1]?.body.toString(), '1\trow 1\n');
      assert.deepEqual(client.tags(), ['COPY 3']);
    });
  });

  describe('cancelling and leaving', () => {
    async function cancelRequest(processId: number, secretKey: number): Promise<void> {
      const other = await RawClient.connect(fixture.port);
      other.send(packet(int32(80877102), int32(processId), int32(secretKey)));
      await other.untilEnd();
    }

    it('cancels the running statement', async () => {
      client.send(query('sleep 20000'));
      await eventually(() => fixture.sessions[0]?.journal.includes('sleep 20000') === true, 'the statement runs');
      await cancelRequest(client.processId, client.secretKey);
      await client.until('Z');
      assert.equal(client.report().get('C'), '57014');
    });

    it('ignores a wrong secret', async () => {
      client.send(query('sleep 200'));
      await eventually(() => fixture.sessions[0]?.journal.includes('sleep 200') === true, 'the statement runs');
      await cancelRequest(client.processId, client.secretKey ^ 1);
      await client.until('Z');
      assert.equal(client.types, 'CZ');
    });

    it('cancels a COPY that waits for data', async () => {
      client.send(query('copy t from stdin'));
      await client.until('G');
      await cancelRequest(client.processId, client.secretKey);
      await client.until('Z');
      assert.equal(client.report().get('C'), '57014');
    });

    it('cancels the statement of a client that vanishes', async () => {
      client.send(query('sleep 20000'));
      const session = fixture.sessions[0];
      await eventually(() => session?.journal.includes('sleep 20000') === true, 'the statement runs');
      client.socket.destroy();
      await eventually(() => session?.journal.includes('close') === true, 'the session is closed');
      assert.ok(session?.journal.includes('cancel'));
      await eventually(() => fixture.connectionLimit.count === 0, 'the place is given back');
    });

    it('finishes what a client asked for before it said goodbye', async () => {
      client.send(query('sleep 100'), query("select 'last'"), terminate);
      client.socket.end();
      const session = fixture.sessions[0];
      await eventually(() => session?.journal.includes('close') === true, 'the session is closed');
      assert.ok(session?.journal.includes("select 'last'"));
      assert.equal(session?.journal.includes('cancel'), false);
    });

    it('closes the session after Terminate', async () => {
      const session = fixture.sessions[0];
      client.send(terminate);
      await client.untilEnd();
      assert.deepEqual(session?.journal, ['close']);
    });

    it('is ended by the session with a FATAL error, idle or busy', async () => {
      const { PgError } = await import('../../../src/common/errors.js');
      fixture.sessions[0]?.events.terminate(new PgError('57P05', 'terminating connection due to idle-session timeout'));
      await client.untilEnd();
      assert.equal(client.report().get('C'), '57P05');
      assert.equal(client.report().get('S'), 'FATAL');

      const busy = await RawClient.ready(fixture.port);
      busy.send(query('sleep 20000'));
      const session = fixture.sessions[1];
      await eventually(() => session?.journal.includes('sleep 20000') === true, 'the statement runs');
      session?.events.terminate(new PgError('57P01', 'terminating connection due to administrator command'));
      await busy.untilEnd();
      assert.equal(busy.report().get('C'), '57P01');
    });
  });

  describe('back-pressure', () => {
    it('makes the statement wait for a client that does not read', async () => {
      const before = process.memoryUsage().external + process.memoryUsage().arrayBuffers;
      client.socket.pause();
      client.send(query('wide 1000 1000000'));
      const session = fixture.sessions[0];
      await eventually(() => session?.journal.some((entry) => entry.startsWith('wide')) === true, 'the statement runs');
      await new Promise((resolve) => setTimeout(resolve, 200));
      const grown = process.memoryUsage().external + process.memoryUsage().arrayBuffers - before;
      assert.ok(grown < 100_000_000, `memory grew by ${grown}`);
      client.socket.destroy();
      await eventually(() => session?.journal.includes('close') === true, 'the session is closed');
    });

    it('delivers large rows whole and in order', async () => {
      await client.ask(query('wide 20 300000; select 1'));
      const rows = client.rows();
      assert.equal(rows.length, 21);
      assert.ok(rows.slice(0, 20).every((row) => row[0]?.length === 300_000));
    });

    it('stops reading a client that sends without end while a statement runs', async () => {
      client.send(query('sleep 400'));
      const flood = Buffer.concat(Array.from({ length: 20_000 }, () => query(`select '${'y'.repeat(500)}'`)));
      client.socket.write(flood);
      await new Promise((resolve) => setTimeout(resolve, 200));
      assert.ok(client.socket.writableLength > 1_000_000, 'the client is held back');
      await client.until('Z', 20_001);
      assert.equal(client.received.length, 2 + 20_000 * 4);
    });
  });
});
