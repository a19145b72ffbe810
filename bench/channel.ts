/**
 * The channel between nodes against a plain TCP echo, over loopback and between two processes: megabytes a second of a bulk stream, and round trips a second of small calls
 * with 1 and with 32 callers.
 *
 *   npm run bench -- channel [--megabytes 1000] [--calls 5000]
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Channel, type ChannelAddress } from '../src/cluster/channel/channel.js';
import { connect, serve } from '../src/common/rpc.js';
import { MessageWriter, readMessages } from '../src/common/message-stream.js';
import type { Bench } from './main.js';

const chunkBytes = 262_144;

interface Echo {
  [method: string]: (request: never) => unknown;
  echo(request: unknown): unknown;
}

interface Ports {
  readonly channel: number;
  readonly tcp: number;
}

function channelOf(node: string, locate: (node: string) => ChannelAddress | undefined): Channel {
  return new Channel({
    node,
    cluster: 'bench',
    credentials: { kind: 'secret', secret: 'a secret for a bench' },
    locate,
    compress: false,
    log: () => undefined,
  });
}

/** The other process. */
async function serveBench(): Promise<void> {
  const channel = channelOf('server', () => undefined);
  channel.provide('echo', ({ port }) => {
    serve(port, { echo: (request: unknown) => request });
  });
  channel.provide('source', ({ port, argument }) => {
    const writer = new MessageWriter<Uint8Array>(port);
    void (async (): Promise<void> => {
      for (let sent = 0; sent < (argument as number); sent += chunkBytes) {
        const chunk = new Uint8Array(chunkBytes);
        await writer.write(chunk, chunkBytes, [chunk.buffer]);
      }
      await writer.end();
    })();
  });
  const { port } = await channel.listen({ host: '127.0.0.1', port: 0 });
  const tcp = createServer((socket) => {
    socket.setNoDelay(true);
    socket.pipe(socket);
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  console.log(JSON.stringify({ channel: port, tcp: (tcp.address() as AddressInfo).port } satisfies Ports));
}

async function startServer(): Promise<{ readonly child: ChildProcess; readonly ports: Ports }> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(import.meta.url), 'serve'], { stdio: ['pipe', 'pipe', 'inherit'] });
  for await (const line of createInterface({ input: child.stdout })) return { child, ports: JSON.parse(line) as Ports };
  throw new Error('the server has not started');
}

async function perSecond(amount: number, work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now();
  await work();
  return (amount / (performance.now() - begun)) * 1000;
}

/** `callers` at once, `calls` in all. */
async function calls(count: number, callers: number, call: (caller: number) => Promise<unknown>): Promise<number> {
  return await perSecond(count, async () =>
    Promise.all(
      Array.from({ length: callers }, async (_, caller) => {
        for (let done = 0; done < count / callers; done++) await call(caller);
      }),
    ),
  );
}

async function plainTcp(port: number, bytes: number, count: number): Promise<readonly number[]> {
  const open = async (): Promise<Socket> => {
    const socket = connectTcp(port, '127.0.0.1');
    await once(socket, 'connect');
    return socket.setNoDelay(true);
  };
  const sockets = await Promise.all(Array.from({ length: 32 }, open));
  const call = async (caller: number): Promise<void> => {
    const socket = sockets[caller] as Socket;
    socket.write('a small request\n');
    await once(socket, 'data');
  };
  const [one, many] = [await calls(count, 1, call), await calls(count, 32, call)];
  const socket = await open();
  // An echo carries everything twice.
  const bulk = await perSecond(bytes / 1e6, async () => {
    let left = bytes;
    socket.on('data', (chunk: Buffer) => (left -= chunk.length));
    const chunk = Buffer.alloc(chunkBytes);
    for (let sent = 0; sent < bytes; sent += chunkBytes) if (!socket.write(chunk)) await once(socket, 'drain');
    while (left > 0) await once(socket, 'data');
  });
  for (const each of [socket, ...sockets]) each.destroy();
  return [bulk, one, many];
}

async function overChannel(port: number, bytes: number, count: number): Promise<readonly number[]> {
  const channel = channelOf('client', () => ({ host: '127.0.0.1', port }));
  const echo = connect<Echo>(await channel.open('server', 'echo', null));
  const call = async (): Promise<unknown> => echo.echo('a small request');
  const [one, many] = [await calls(count, 1, call), await calls(count, 32, call)];
  const bulk = await perSecond(bytes / 1e6, async () => {
    let left = bytes;
    for await (const chunk of readMessages<Uint8Array>(await channel.open('server', 'source', bytes))) left -= chunk.length;
    if (left > 0) throw new Error(`${String(left)} bytes are missing`);
  });
  await channel.close();
  return [bulk, one, many];
}

export const bench: Bench = {
  name: 'channel',
  description: 'streams and calls between two nodes, against a plain TCP echo',
  async run(args) {
    const { values } = parseArgs({ args: [...args], options: { megabytes: { type: 'string', default: '1000' }, calls: { type: 'string', default: '5000' } } });
    const bytes = Math.ceil((Number(values.megabytes) * 1e6) / chunkBytes) * chunkBytes;
    const count = Number(values.calls);
    const { child, ports } = await startServer();
    const show = (name: string, figures: readonly number[]): void => {
      console.log(name.padEnd(12), ...figures.map((figure) => figure.toFixed(0).padStart(12)));
    };
    console.log(''.padEnd(12), ...['MB/s', 'calls/s, 1', 'calls/s, 32'].map((title) => title.padStart(12)));
    await overChannel(ports.channel, bytes / 10, count / 10);
    show('TCP echo', await plainTcp(ports.tcp, bytes, count));
    show('channel', await overChannel(ports.channel, bytes, count));
    child.kill();
  },
};

if (process.argv[2] === 'serve') await serveBench();
