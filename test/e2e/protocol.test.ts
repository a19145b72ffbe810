/** Malformed frames on raw sockets: each gets an error or a closed connection, and other sessions go on. */
import assert from 'node:assert/strict';
import type pg from 'pg';
import { frame, frameOfLength, RawConnection, sqlState, startup } from '../support/raw-connection.js';
import { connect, startSubject, type Subject, textQuery } from '../support/subject.js';

const int32 = (value: number): Buffer => {
  const buffer = Buffer.alloc(4);
  buffer.writeUInt32BE(value);
  return buffer;
};

describe('malformed protocol', function () {
  this.timeout(30_000);
  let subject: Subject;
  let witness: pg.Client;

  before(async function () {
    subject = await startSubject(this);
    witness = await connect(subject.connection);
  });

  after(async () => {
    await witness?.end();
    await subject?.stop();
  });

  afterEach(async () => {
    assert.deepEqual((await textQuery(witness, 'SELECT 1 + 1')).rows, [['2']], 'another session must go on');
    const fresh = await connect(subject.connection);
    assert.deepEqual((await textQuery(fresh, 'SELECT 1 + 1')).rows, [['2']], 'new sessions must be let in');
    await fresh.end();
  });

  describe('before the start-up is over', () => {
    const cases: readonly (readonly [string, Buffer])[] = [
      ['a start-up packet of length 0', int32(0)],
      ['a start-up packet shorter than its header', Buffer.concat([int32(7), Buffer.alloc(3)])],
      ['a start-up packet of 2 GB', Buffer.concat([int32(0x7fffffff), int32(196_608), Buffer.alloc(1000, 'a')])],
      ['a start-up packet of negative length', Buffer.concat([int32(0xffffffff), int32(196_608)])],
      ['an HTTP request', Buffer.from('GET / HTTP/1.1\r\nHost: example\r\n\r\n')],
      ['a TLS ClientHello without SSLRequest', Buffer.from('16030100f8010000f40303', 'hex')],
      ['parameters without a terminator', Buffer.concat([int32(17), int32(196_608), Buffer.from('user\0xxxx')])],
      ['no user', startup({ database: 'postgres' })],
      ['an unknown protocol version', startup({ user: 'postgres' }, 65_536)],
      ['random bytes', Buffer.from('d1a7f3009c4be2ff10d1a7f3009c4be2ff10d1a7f3009c4be2ff10', 'hex')],
    ];
    for (const [name, bytes] of cases) {
      it(`refuses ${name}`, async () => {
        const raw = await RawConnection.open(subject.connection);
        raw.send(bytes);
        const messages = await raw.readUntil('Z');
        assert.ok(!messages.some((message) => message.type === 'Z'), 'no session may start');
        raw.destroy();
      });
    }

    it('survives clients that leave in the middle of a start-up packet', async () => {
      const raw = await RawConnection.open(subject.connection);
      raw.send(startup({ user: 'postgres' }).subarray(0, 10));
      await new Promise((resolve) => setTimeout(resolve, 50));
      raw.destroy();
    });

    it('answers SSLRequest with one byte, then goes on in plain text', async () => {
      const raw = await RawConnection.open(subject.connection);
      raw.send(Buffer.concat([int32(8), int32(80_877_103)]));
      const answer = await raw.nextByte();
      assert.ok(answer === 'N' || answer === 'S', `answered ${answer}`);
      if (answer === 'N') {
        raw.send(startup({ user: subject.connection.user, database: subject.connection.database }));
        assert.ok((await raw.readUntil('Z')).some((message) => message.type === 'Z'));
      }
      raw.destroy();
    });
  });

  describe('in a session, frames that break the stream', () => {
    const cases: readonly (readonly [string, Buffer])[] = [
      ['an unknown message type', frame('z', 'hello\0')],
      ['a message type that is not a letter', frameOfLength('\u0001', 8, 'abcd')],
      ['a length below 4', frameOfLength('Q', 3, 'SELECT 1\0')],
      ['a length of 0', frameOfLength('Q', 0)],
      ['a negative length', frameOfLength('Q', 0xffffffff, 'SELECT 1\0')],
      ['a length of 2 GB', frameOfLength('Q', 0x7fffffff, 'SELECT 1\0')],
      ['a Sync of 100 MB', frameOfLength('S', 100_000_000, 'abcd')],
    ];
    for (const [name, bytes] of cases) {
      it(`ends the session on ${name}`, async () => {
        const raw = await RawConnection.session(subject.connection);
        raw.send(bytes);
        const messages = await raw.readUntil('never');
        for (const message of messages) assert.equal(sqlState(message), '08P01', `got ${message.type} ${message.body.toString('latin1')}`);
        raw.destroy();
      });
    }

    it('survives clients that leave in the middle of a message', async () => {
      const raw = await RawConnection.session(subject.connection);
      raw.send(frameOfLength('Q', 1000, 'SELECT '));
      await new Promise((resolve) => setTimeout(resolve, 50));
      raw.destroy();
    });
  });

  describe('in a session, messages that are wrong inside', () => {
    const parse = (sql: string | Buffer, name = ''): Buffer => frame('P', Buffer.concat([Buffer.from(`${name}\0`), Buffer.from(sql), Buffer.from('\0\0\0')]));
    /** Text parameters, default result formats. */
    const bind = (parameters: readonly Buffer[], statement = '', portal = ''): Buffer =>
      frame(
        'B',
        Buffer.concat([
          Buffer.from(`${portal}\0${statement}\0\0\0`),
          Buffer.from([0, parameters.length]),
          ...parameters.flatMap((parameter) => [int32(parameter.length), parameter]),
          Buffer.from([0, 0]),
        ]),
      );
    const sync = frame('S');
    const cases: readonly (readonly [string, string, Buffer])[] = [
      ['a query that is not UTF-8', '22021', frame('Q', Buffer.from('53454c4543542027c328ff2700', 'hex'))],
      ['a query without its terminator', '08P01', frame('Q', 'SELECT 1')],
      ['an empty query message', '08P01', frame('Q')],
      ['a statement that is not UTF-8', '22021', Buffer.concat([parse(Buffer.from("SELECT '\xff'", 'latin1')), sync])],
      ['a parameter that is not UTF-8', '22021', Buffer.concat([parse('SELECT $1::text'), bind([Buffer.from([0xff, 0xfe])]), sync])],
      ['a parameter with a NUL byte', '22021', Buffer.concat([parse('SELECT $1::text'), bind([Buffer.from('a\0b')]), sync])],
      ['a Bind that ends too early', '08P01', Buffer.concat([parse('SELECT $1::text'), frame('B', Buffer.from('\0\0\0\0\0\x01\0\0\0\x09ab', 'latin1')), sync])],
      [
        'a Bind with a negative parameter length',
        '08P01',
        Buffer.concat([parse('SELECT $1::text'), frame('B', Buffer.from('\0\0\0\0\0\x01\xff\xff\xff\x00\0\0', 'latin1')), sync]),
      ],
      ['a Bind with bytes left over', '08P01', Buffer.concat([parse('SELECT 1'), frame('B', Buffer.from('\0\0\0\0\0\0\0\0xyz', 'latin1')), sync])],
      ['a Bind with too few parameters', '08P01', Buffer.concat([parse('SELECT $1::text'), bind([]), sync])],
      ['a Bind of an unknown statement', '26000', Buffer.concat([bind([], 'nowhere'), sync])],
      ['an Execute of an unknown portal', '34000', Buffer.concat([frame('E', 'nowhere\0\0\0\0\0'), sync])],
      ['a Describe of neither statement nor portal', '08P01', Buffer.concat([frame('D', 'Xnothing\0'), sync])],
      ['a Parse that promises more types than it holds', '08P01', Buffer.concat([frame('P', Buffer.from('\0SELECT 1\0\x40\0', 'latin1')), sync])],
    ];
    for (const [name, code, bytes] of cases) {
      it(`answers ${name} with ${code}, and the session goes on`, async () => {
        const raw = await RawConnection.session(subject.connection);
        raw.send(bytes);
        const messages = await raw.readUntil('Z');
        assert.equal(sqlState(messages.find((message) => message.type === 'E')), code);
        assert.equal(messages.at(-1)?.type, 'Z');
        raw.send(frame('Q', 'SELECT 42\0'));
        const rows = (await raw.readUntil('Z')).filter((message) => message.type === 'D');
        assert.equal(rows[0]?.body.toString('latin1', 6), '42');
        raw.destroy();
      });
    }

    it('skips everything up to Sync after an error', async () => {
      const raw = await RawConnection.session(subject.connection);
      raw.send(Buffer.concat([bind([], 'nowhere'), parse('SELECT 1'), bind([]), frame('E', '\0\0\0\0\0'), sync]));
      assert.deepEqual(
        (await raw.readUntil('Z')).map((message) => message.type),
        ['E', 'Z'],
      );
      raw.destroy();
    });

    it('takes a message byte by byte', async () => {
      const raw = await RawConnection.session(subject.connection);
      for (const byte of frame('Q', 'SELECT 7\0')) {
        raw.send(Buffer.from([byte]));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      assert.deepEqual(
        (await raw.readUntil('Z')).map((message) => message.type),
        ['T', 'D', 'C', 'Z'],
      );
      raw.destroy();
    });
  });
});
