/** Channels for tests: two in this process, and a node in a process of its own (peer-process.ts). */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Channel, type ChannelAddress, type ChannelOptions, type ChannelTiming } from '../../../../src/cluster/channel/channel.js';
import { type Client, connect, serve, Transfer } from '../../../../src/common/rpc.js';
import { MessageWriter, readMessages } from '../../../../src/common/message-stream.js';
import { PgError } from '../../../../src/common/errors.js';
import { tie } from '../../../support/process.js';

export const secret = 'the secret of the test cluster';

/** Quick to notice and to try again, so that tests are. */
export const quick: Partial<ChannelTiming> = { pingMs: 50, deadMs: 500, retryMsMin: 10, retryMsMax: 100 };

/** What the test nodes provide as "echo". */
export interface Echo {
  [method: string]: (request: never) => unknown;
  echo(request: unknown): unknown;
  /** Moves the array there and back. */
  give(request: { readonly bytes: Uint8Array }): { readonly bytes: Uint8Array };
  fail(request: { readonly code: string }): Promise<never>;
  /** Never answers. */
  hang(request: null): Promise<never>;
  /** Resident bytes of the process. */
  memory(request: null): number;
  /** Reads a stream of chunks and answers how many bytes came. */
  received(request: null): Promise<number>;
}

export function provideTestServices(channel: Channel): void {
  let received: Promise<number> = Promise.resolve(0);
  channel.provide('echo', ({ port }) => {
    serve(port, {
      echo: (request: unknown) => request,
      give: ({ bytes }: { readonly bytes: Uint8Array }) => new Transfer({ bytes }, [bytes.buffer as ArrayBuffer]),
      fail: async ({ code }: { readonly code: string }) => Promise.reject(new PgError(code, 'no', { detail: 'not at all' })),
      hang: async () => new Promise(() => undefined),
      memory: () => process.memoryUsage().rss,
      received: async () => received,
    });
  });
  channel.provide('refusing', ({ node }) => {
    throw new PgError('55000', `not for ${node}`, { hint: 'ask another' });
  });
  channel.provide('closing', ({ port }) => {
    port.close();
  });
  // Writes as much as it is asked for, at the reader's pace.
  channel.provide('source', ({ port, argument }) => {
    const { chunks, bytes } = argument as { readonly chunks: number; readonly bytes: number };
    const writer = new MessageWriter<Uint8Array>(port);
    const write = async (): Promise<void> => {
      for (let chunk = 0; chunk < chunks; chunk++) {
        const data = new Uint8Array(bytes).fill(chunk);
        await writer.write(data, bytes, [data.buffer]);
      }
      await writer.end();
    };
    write().catch(() => undefined);
  });
  channel.provide('sink', ({ port }) => {
    received = (async () => {
      let sum = 0;
      for await (const chunk of readMessages<Uint8Array>(port)) sum += chunk.length;
      return sum;
    })();
    received.catch(() => undefined);
  });
}

export interface Node {
  readonly channel: Channel;
  readonly address: ChannelAddress;
  readonly lines: string[];
}

/** A node in this process that knows the others by `addresses`. */
export async function startNode(node: string, addresses: Map<string, ChannelAddress>, options: Partial<ChannelOptions> = {}): Promise<Node> {
  const lines: string[] = [];
  const channel = new Channel({
    node,
    cluster: 'test',
    credentials: { kind: 'secret', secret },
    locate: (name) => addresses.get(name),
    compress: false,
    timing: quick,
    log: (line) => lines.push(line),
    ...options,
  });
  provideTestServices(channel);
  const address = await channel.listen({ host: '127.0.0.1', port: 0 });
  addresses.set(node, address);
  return { channel, address, lines };
}

/** Resolves when `condition` holds, looked at again at every ping. */
export async function until(condition: () => boolean, what: string, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function openEcho(channel: Channel, node: string): Promise<Client<Echo>> {
  return connect<Echo>(await channel.open(node, 'echo', null), () => new PgError('08006', 'lost'));
}

export interface PeerProcess {
  readonly child: ChildProcess;
  readonly address: ChannelAddress;
}

/** A node in a process of its own. port: where it listens, 0 = anywhere. */
export async function startPeerProcess(node: string, port = 0): Promise<PeerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', fileURLToPath(new URL('./peer-process.ts', import.meta.url)), node, String(port)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  tie(child);
  for await (const line of createInterface({ input: child.stdout })) return { child, address: JSON.parse(line) as ChannelAddress };
  throw new Error('the peer process ended before it listened');
}
