import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect as connectTcp, createServer, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { Worker } from 'node:worker_threads';
import { Channel, type ChannelAddress } from '../../../../src/cluster/channel/channel.js';
import { channelTls } from '../../../../src/cluster/channel/credentials.js';
import { frame } from '../../../../src/cluster/channel/frame.js';
import { MessageWriter, readMessages } from '../../../../src/common/message-stream.js';
import { PgError } from '../../../../src/common/errors.js';
import { Random, seedOf } from '../../../support/random.js';
import { stop } from '../../../support/process.js';
import { makeAuthority, type TestAuthority } from './certificates.js';
import { type Node, openEcho, quick, secret, startNode, startPeerProcess, until } from './support.js';

/** Resolves when the socket is closed, by whatever way. */
async function gone(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  await new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
    });
  });
}

function isError(code: string): (error: unknown) => boolean {
  return (error) => error instanceof PgError && error.code === code;
}

describe('the channel between nodes', () => {
  const addresses = new Map<string, ChannelAddress>();
  const nodes: Node[] = [];
  const start = async (name: string, options: Parameters<typeof startNode>[2] = {}): Promise<Node> => {
    const node = await startNode(name, addresses, options);
    nodes.push(node);
    return node;
  };
  afterEach(async () => {
    await Promise.all(nodes.splice(0).map(async ({ channel }) => channel.close()));
    addresses.clear();
  });

  describe('streams', () => {
    it('carry calls and answers of every kind of value', async () => {
      const { channel } = await start('a');
      await start('b');
      const echo = await openEcho(channel, 'b');
      const value = {
        text: 'é'.repeat(100),
        big: 2n ** 70n,
        map: new Map([[1, new Set(['x'])]]),
        date: new Date(0),
        hole: [undefined, null, NaN, -0],
        small: new Uint8Array([1, 2, 3]),
        words: new Uint32Array([7, 8]),
        large: new Uint8Array(300_000).map((_, at) => at),
        doubles: new Float64Array(1000).fill(0.5),
      };
      assert.deepEqual(await echo.echo(value), value);
      assert.equal(await echo.echo('x'.repeat(1_000_000)), 'x'.repeat(1_000_000));
    });

    it('move buffers on, so that nobody copies them at the ends', async () => {
      const { channel } = await start('a');
      await start('b');
      const echo = await openEcho(channel, 'b');
      const bytes = new Uint8Array(1_000_000).fill(5);
      const answer = echo.give({ bytes }, [bytes.buffer]);
      assert.equal(bytes.byteLength, 0);
      const { bytes: back } = await answer;
      assert.equal(back.length, 1_000_000);
      assert.equal(back.buffer.byteLength, 1_000_000);
      assert.ok(back.every((byte) => byte === 5));
    });

    it('carry errors with their fields', async () => {
      const { channel } = await start('a');
      await start('b');
      const echo = await openEcho(channel, 'b');
      await assert.rejects(echo.fail({ code: '22012' }), (error: PgError) => error.code === '22012' && error.fields.detail === 'not at all');
    });

    it('reach a service in another thread', async () => {
      const { channel } = await start('a');
      const { channel: other } = await start('b');
      const worker = new Worker(
        `const { parentPort } = require('node:worker_threads');
         parentPort.on('message', ({ port }) => port.on('message', (message) => port.postMessage({ from: 'worker', message })));`,
        { eval: true },
      );
      other.provide('worker', ({ port }) => {
        worker.postMessage({ port }, [port]);
      });
      const port = await channel.open('b', 'worker', null);
      port.postMessage('hello');
      const [answer] = (await once(port, 'message')) as [unknown];
      assert.deepEqual(answer, { from: 'worker', message: 'hello' });
      await worker.terminate();
    });

    it('go both ways over one connection', async () => {
      const { channel: a } = await start('a');
      const { channel: b } = await start('b');
      const there = await openEcho(a, 'b');
      addresses.delete('a');
      const back = await openEcho(b, 'a');
      assert.deepEqual(await Promise.all([there.echo(1), back.echo(2)]), [1, 2]);
    });

    it('end for both when one closes its port, after what was said before', async () => {
      const { channel: a } = await start('a');
      const { channel: b } = await start('b');
      const heard: unknown[] = [];
      const closed = new Promise<void>((resolve) => {
        b.provide('listen', ({ port }) => {
          port.on('message', (message) => heard.push((message as Uint8Array).length));
          port.on('close', resolve);
        });
      });
      const port = await a.open('b', 'listen', null);
      for (const length of [10, 1_000_000, 20]) port.postMessage(new Uint8Array(length));
      port.close();
      await closed;
      assert.deepEqual(heard, [10, 1_000_000, 20]);
    });

    it('begin with what the service says', async () => {
      const { channel } = await start('a');
      const { channel: other } = await start('b');
      other.provide('counting', async ({ argument }) => Promise.resolve({ next: (argument as number) + 1 }));
      assert.deepEqual((await channel.request('b', 'counting', 6)).answer, { next: 7 });
    });

    it('are refused with the reason', async () => {
      const { channel } = await start('a');
      await start('b');
      await assert.rejects(channel.open('b', 'refusing', null), (error: PgError) => error.code === '55000' && error.fields.hint === 'ask another');
      await assert.rejects(channel.open('b', 'nothing', null), /does not provide "nothing"/);
    });

    it('close when their service does', async () => {
      const { channel } = await start('a');
      await start('b');
      const port = await channel.open('b', 'closing', null);
      await once(port, 'close');
    });

    it('end when somebody sends what cannot travel', async () => {
      const { channel } = await start('a');
      await start('b');
      const port = await channel.open('b', 'echo', null);
      port.postMessage(new SharedArrayBuffer(8));
      await once(port, 'close');
      assert.equal(await (await openEcho(channel, 'b')).echo('still here'), 'still here');
    });

    it('take turns: a short answer overtakes a long one', async () => {
      const { channel } = await start('a');
      await start('b');
      const long = await openEcho(channel, 'b');
      const short = await openEcho(channel, 'b');
      let longDone = false;
      const bytes = new Uint8Array(50_000_000);
      const answer = long.give({ bytes }, [bytes.buffer]).then(({ bytes: back }) => {
        longDone = true;
        return back.length;
      });
      for (let call = 0; call < 20; call++) assert.equal(await short.echo(call), call);
      assert.equal(longDone, false);
      assert.equal(await answer, 50_000_000);
    });

    it('are compressed where that pays', async () => {
      // (Loopback never is: through the parts, then, over a link that counts.)
      const { Compressor, decompress } = await import('../../../../src/cluster/channel/compression.js');
      const compressor = new Compressor(true);
      assert.equal(compressor.compress(Buffer.alloc(1023)), undefined);
      const rows = Buffer.from('1|customer|1998-01-02\n'.repeat(1000));
      const packed = compressor.compress(rows);
      assert.ok(packed !== undefined && packed.length < rows.length / 10);
      assert.deepEqual(decompress(Buffer.from(packed)), rows);
      const noise = Buffer.from(
        Array.from(
          { length: 5000 },
          (
            (random) => () =>
              random.int(0, 255)
          )(new Random(1)),
        ),
      );
      assert.equal(compressor.compress(noise), undefined);
      assert.equal(compressor.compress(rows), undefined, 'after noise the next one is not tried');
      assert.notEqual(compressor.compress(rows), undefined);
      assert.throws(() => decompress(Buffer.concat([Buffer.from([0, 0, 0, 9]), Buffer.from(packed).subarray(4)])), /cannot be decompressed/);
    });
  });

  describe('a stream at the reader’s pace', () => {
    it('keeps the memory of both processes flat over a gigabyte, either way', async () => {
      const peer = await startPeerProcess('b');
      addresses.set('b', peer.address);
      const { channel } = await start('a', { timing: {} });
      const echo = await openEcho(channel, 'b');
      const warm = async (chunks: number): Promise<number> => {
        let sum = 0;
        for await (const chunk of readMessages<Uint8Array>(await channel.open('b', 'source', { chunks, bytes: 262_144 }))) sum += chunk.length;
        return sum;
      };
      await warm(200);
      const [ownBefore, othersBefore] = [process.memoryUsage().rss, await echo.memory(null)];
      assert.equal(await warm(4096), 4096 * 262_144);
      const writer = new MessageWriter<Uint8Array>(await channel.open('b', 'sink', null));
      for (let chunk = 0; chunk < 1024; chunk++) {
        const data = new Uint8Array(262_144);
        await writer.write(data, data.length, [data.buffer]);
      }
      await writer.end();
      assert.equal(await echo.received(null), 1024 * 262_144);
      const grown = Math.max(process.memoryUsage().rss - ownBefore, (await echo.memory(null)) - othersBefore);
      assert.ok(grown < 150_000_000, `grew by ${String(grown)} bytes`);
      await stop(peer.child, 'SIGKILL');
    }).timeout(60_000);

    it('waits for a reader who does not read, and nobody else does', async () => {
      const { channel } = await start('a');
      const { channel: other } = await start('b');
      let reader: AsyncGenerator<Uint8Array> | undefined;
      other.provide('slow', ({ port }) => {
        reader = readMessages<Uint8Array>(port);
        // It has begun to listen, and takes one.
        void reader.next();
      });
      const writer = new MessageWriter<Uint8Array>(await channel.open('b', 'slow', null), 100_000);
      let written = 0;
      const writing = (async (): Promise<void> => {
        for (; written < 100; written++) await writer.write(new Uint8Array(10_000), 10_000);
        await writer.end();
      })();
      const echo = await openEcho(channel, 'b');
      await until(() => written === 11, 'a full window');
      for (let call = 0; call < 50; call++) await echo.echo(call);
      assert.equal(written, 11);
      let taken = 1;
      while ((await reader?.next())?.done !== true) taken++;
      await writing;
      assert.equal(taken, 100);
    });

    it('tells the reader of a failure, and either of the other’s end', async () => {
      const { channel } = await start('a');
      const { channel: other } = await start('b');
      other.provide('failing', ({ port }) => {
        const writer = new MessageWriter<number>(port);
        void writer.write(1, 8).then(() => {
          writer.fail(new PgError('22000', 'no more'));
        });
      });
      const seen: number[] = [];
      await assert.rejects(async () => {
        for await (const item of readMessages<number>(await channel.open('b', 'failing', null))) seen.push(item);
      }, isError('22000'));
      assert.deepEqual(seen, [1]);
      const writer = new MessageWriter<number>(await channel.open('b', 'closing', null), 0);
      await assert.rejects(async () => {
        for (;;) await writer.write(1, 8);
      }, isError('08006'));
      await assert.rejects(async () => {
        for await (const item of readMessages<number>(await channel.open('b', 'closing', null))) seen.push(item);
      }, isError('08006'));
    });
  });

  describe('when a node is lost', () => {
    it('rejects its callers, and finds it again under the same name', async () => {
      const { channel } = await start('a');
      const first = await startPeerProcess('b');
      addresses.set('b', first.address);
      const echo = await openEcho(channel, 'b');
      const hanging = assert.rejects(echo.hang(null), isError('08006'));
      await stop(first.child, 'SIGKILL');
      await hanging;
      await assert.rejects(echo.echo(1), isError('08006'));
      await assert.rejects(channel.open('b', 'echo', null), (error: PgError) => error.code === '08001' && /ECONNREFUSED/.test(error.fields.detail ?? ''));
      const second = await startPeerProcess('b', first.address.port);
      assert.equal(await (await openEcho(channel, 'b')).echo('again'), 'again');
      await stop(second.child, 'SIGKILL');
    }).timeout(30_000);

    it('notices that a stopped process says nothing, and takes it back when it wakes', async () => {
      const states: boolean[] = [];
      const { channel } = await start('a', { reachable: (_node, reachable) => states.push(reachable) });
      const peer = await startPeerProcess('b');
      addresses.set('b', peer.address);
      channel.keep(['b']);
      const echo = await openEcho(channel, 'b');
      peer.child.kill('SIGSTOP');
      await assert.rejects(echo.hang(null), isError('08006'));
      assert.deepEqual(states, [true, false]);
      peer.child.kill('SIGCONT');
      await until(() => states.length === 3, 'a new connection');
      assert.equal(await (await openEcho(channel, 'b')).echo('awake'), 'awake');
      await stop(peer.child, 'SIGKILL');
    }).timeout(30_000);

    it('connects again by itself with those it keeps, in growing intervals', async () => {
      const { channel, lines } = await start('a');
      const { address, channel: first } = await start('b');
      channel.keep(['b']);
      await until(() => channel.reachable.includes('b'), 'a connection');
      await first.close();
      let attempts = 0;
      const refusing = createServer((socket) => {
        attempts++;
        socket.destroy();
      });
      await until(() => !channel.reachable.includes('b'), 'the loss');
      refusing.listen(address.port, address.host);
      await until(() => attempts >= 4, 'attempts');
      await new Promise((resolve) => refusing.close(resolve));
      const { channel: second } = await start('c', { node: 'b' });
      addresses.set('b', addresses.get('c') as ChannelAddress);
      await until(() => channel.reachable.includes('b'), 'a new connection');
      assert.deepEqual(second.reachable, ['a']);
      assert.equal(lines.filter((line) => line.includes('lost')).length, 1);
    });

    it('survives a connection that is cut anywhere', async () => {
      const { channel } = await start('a');
      const { address } = await start('b');
      const random = new Random(20);
      // A link that breaks after some bytes in either direction.
      const links = new Set<Socket>();
      let bytesLeft = Infinity;
      const link = createServer((inner) => {
        const outer = connectTcp(address.port, address.host);
        for (const [from, to] of [
          [inner, outer],
          [outer, inner],
        ] as const) {
          links.add(from);
          from.on('error', () => undefined);
          from.on('close', () => to.destroy());
          from.on('data', (chunk) => {
            to.write(chunk.subarray(0, bytesLeft));
            bytesLeft -= chunk.length;
            if (bytesLeft < 0) for (const socket of [inner, outer]) socket.destroy();
          });
        }
      });
      link.listen(0, '127.0.0.1');
      await once(link, 'listening');
      addresses.set('b', link.address() as unknown as ChannelAddress);
      addresses.set('b', { host: '127.0.0.1', port: (link.address() as { port: number }).port });
      for (let round = 0; round < 30; round++) {
        bytesLeft = random.chance(0.3) ? random.int(0, 3000) : random.int(0, 2_000_000);
        try {
          const echo = await openEcho(channel, 'b');
          for (;;) {
            const size = random.int(0, 200_000);
            assert.equal((await echo.give({ bytes: new Uint8Array(size) })).bytes.length, size);
          }
        } catch (error) {
          assert.ok(isError('08006')(error) || isError('08001')(error), String(error));
        }
      }
      bytesLeft = Infinity;
      assert.equal(await (await openEcho(channel, 'b')).echo('well'), 'well');
      await channel.close();
      for (const socket of links) socket.destroy();
      await new Promise((resolve) => link.close(resolve));
    }).timeout(30_000);
  });

  describe('lets in', () => {
    it('nobody with another secret', async () => {
      const { channel } = await start('a', { credentials: { kind: 'secret', secret: `${secret}!` } });
      const { lines } = await start('b');
      await assert.rejects(channel.open('b', 'echo', null), isError('08001'));
      await until(() => lines.some((line) => line.includes('was not let in')), 'a line in the log');
    });

    it('nobody with the same secret in another cluster', async () => {
      const { channel } = await start('a', { cluster: 'other' });
      await start('b');
      await assert.rejects(channel.open('b', 'echo', null), isError('08001'));
    });

    it('nobody without TLS', async () => {
      const { address, channel } = await start('b');
      const socket = connectTcp(address.port, address.host);
      socket.write(frame('hello', 0, Buffer.from(JSON.stringify({ version: 1, cluster: 'test', node: 'a' }))));
      await gone(socket);
      assert.deepEqual(channel.reachable, []);
    });

    it('not a node under the name of another, nor itself', async () => {
      const { channel } = await start('a');
      const { address } = await start('b');
      addresses.set('c', address);
      await assert.rejects(channel.open('c', 'echo', null), (error: PgError) => /node "b" is where "c" should be/.test(error.fields.detail ?? ''));
      addresses.set('d', addresses.get('a') as ChannelAddress);
      await assert.rejects(channel.open('d', 'echo', null), (error: PgError) => /a node named "a" at both ends/.test(error.fields.detail ?? ''));
    });

    it('no secret that could be guessed', () => {
      assert.throws(() => new Channel({ ...someOptions, credentials: { kind: 'secret', secret: 'short' } }), /at least 16 characters/);
    });

    describe('by certificate', () => {
      let authority: TestAuthority;
      let stranger: TestAuthority;
      before(() => {
        authority = makeAuthority('cluster');
        stranger = makeAuthority('cluster');
      });
      after(() => {
        authority.remove();
        stranger.remove();
      });
      const of = (issuer: TestAuthority, name: string) => ({ kind: 'certificates', ...issuer.issue(name), authority: issuer.certificate }) as const;

      it('whoever has one of the cluster’s authority', async () => {
        const { channel } = await start('a', { credentials: of(authority, 'a') });
        await start('b', { credentials: of(authority, 'b') });
        assert.equal(await (await openEcho(channel, 'b')).echo(1), 1);
      });

      it('nobody with one of another authority, in either direction, nor without any', async () => {
        const { channel } = await start('a', { credentials: of(authority, 'a') });
        const { channel: wrong, address } = await start('b', { credentials: of(stranger, 'b') });
        await assert.rejects(channel.open('b', 'echo', null), isError('08001'));
        await assert.rejects(wrong.open('a', 'echo', null), isError('08001'));
        const own = { ...of(authority, 'x'), authority: stranger.certificate };
        assert.throws(() => new Channel({ ...someOptions, credentials: own }), /not of the cluster's authority/);
        const { host, port } = addresses.get('a') as ChannelAddress;
        const bare = connectTls({ host, port, rejectUnauthorized: false });
        await gone(bare);
        assert.deepEqual([channel.reachable, wrong.reachable], [[], []]);
        assert.ok(address.port > 0);
      });
    });
  });

  describe('does not trust what it reads', () => {
    const tls = channelTls({ kind: 'secret', secret }, 'test').client;
    const hello = frame('hello', 0, Buffer.from(JSON.stringify({ version: 1, cluster: 'test', node: 'x' })));
    /** Sends bytes as somebody who knows the secret, and waits for the end. */
    const attack = async ({ host, port }: ChannelAddress, bytes: readonly Buffer[]): Promise<void> => {
      const socket = connectTls({ ...tls, host, port });
      const end = gone(socket.resume());
      await once(socket, 'secureConnect');
      for (const part of bytes) socket.write(part);
      socket.end();
      await end;
    };

    it('ends the connection of who says what makes no sense, and goes on with the others', async () => {
      const { channel } = await start('a');
      const { address } = await start('b');
      const echo = await openEcho(channel, 'b');
      for (const bytes of [
        [Buffer.from('GET / HTTP/1.1\r\n\r\n')],
        [frame('whole', 1, Buffer.from('x'))],
        [frame('hello', 0, Buffer.from('null'))],
        [frame('hello', 0, Buffer.from('{"version":2,"cluster":"test","node":"x"}'))],
        [hello, hello],
        [hello, frame('open', 2, Buffer.from('x'))],
        [hello, frame('open', 1, Buffer.from('x'))],
        [hello, frame('data', 1, Buffer.alloc(10))],
        [hello, frame('accept', 77, Buffer.alloc(0))],
        [hello, Buffer.from([4, 0, 0, 0, 0, 1, 255, 255, 255, 255])],
        [hello, Buffer.from([5, 1, 0, 0, 0, 1, 0, 0, 0, 0])],
      ])
        await attack(address, bytes);
      assert.equal(await echo.echo(1), 1);
    });

    it('stands whatever comes, by seed', async () => {
      const { channel } = await start('a');
      const { address } = await start('b');
      const echo = await openEcho(channel, 'b');
      const { serialize } = await import('node:v8');
      const kinds = ['open', 'accept', 'whole', 'begin', 'data', 'close', 'ping', 'pong'] as const;
      for (let seed = 0; seed < 150; seed++) {
        const random = new Random(seedOf(6, seed));
        const noise = (length: number): Buffer => Buffer.from(Array.from({ length }, () => random.int(0, 255)));
        const lengths = Buffer.alloc(8);
        lengths.writeUInt32BE(random.int(0, 100), 0);
        lengths.writeUInt32BE(random.int(0, 100), 4);
        const payload = (): Buffer =>
          random.pick([() => noise(random.int(0, 60)), () => serialize({ service: 'echo', argument: 1 }), () => serialize(['x', 1n]), () => lengths])();
        const parts = [hello, frame('open', 1, serialize({ service: 'echo' }))];
        for (let count = random.int(1, 8); count > 0; count--) parts.push(frame(random.pick(kinds), random.int(0, 4), payload()));
        const bytes = Buffer.concat(parts);
        // Damage, and pieces of any size.
        for (let count = random.int(0, 3); count > 0; count--) bytes[random.int(hello.length, bytes.length - 1)] = random.int(0, 255);
        const cut = random.int(0, bytes.length);
        await attack(address, [bytes.subarray(0, cut), bytes.subarray(cut)]);
      }
      assert.equal(await echo.echo('sound'), 'sound');
    }).timeout(30_000);
  });
});

const someOptions = { node: 'a', cluster: 'test', locate: () => undefined, compress: false, timing: quick, log: () => undefined } as const;
