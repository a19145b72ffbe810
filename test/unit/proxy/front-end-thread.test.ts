import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { PgError } from '../../../src/common/errors.js';
import { parseHostRules } from '../../../src/proxy/auth/host-rules.js';
import { threadOf } from '../../../src/proxy/cancel-registry.js';
import { ConnectionLimit } from '../../../src/proxy/connection-limit.js';
import { FrontEndThread, ListenError } from '../../../src/proxy/front-end-thread.js';
import { int32, packet, query, RawClient, startupPacket } from './raw-client.js';

describe('front-end threads', () => {
  const limit = ConnectionLimit.create(10);
  const threads: FrontEndThread[] = [];

  function start(): FrontEndThread {
    const thread = new FrontEndThread(
      {
        node: 0,
        threadIndex: threads.length,
        configuration: {
          settings: new Map(),
          hostRules: parseHostRules('host all all all trust', () => ''),
          userMappings: [],
          tls: undefined,
          loadedMicros: 0,
        },
        mockKey: new Uint8Array(32),
        firstPassword: undefined,
        connectionCount: limit.memory,
        connectionsMax: limit.connectionsMax,
        connectionsReserved: 0,
        compositionModule: new URL('./fake-composition.js', import.meta.url).href,
      },
      { cancel: (key) => threads[threadOf(key.processId)]?.cancel(key), crashed: () => undefined },
    );
    threads.push(thread);
    return thread;
  }

  afterEach(async () => {
    const alone = threads.length === 1;
    for (const thread of threads.splice(0)) {
      if (alone) await thread.terminate();
      else thread.abandon();
    }
  });

  it('share one descriptor, count clients together, and forward cancel requests to each other', async () => {
    const [first, second] = [start(), start()];
    await Promise.all([first.compose(undefined, []), second.compose(undefined, [])]);
    const { port, fd } = await first.listen('127.0.0.1', 0);
    await second.listenOn(fd);

    const early = await RawClient.connect(port);
    early.send(startupPacket({ user: 'ann' }));
    await early.untilEnd();
    assert.equal(early.report().get('C'), '57P03');

    first.run();
    second.run();
    // Which thread accepts is the kernel's choice: connect until both have.
    const clients: RawClient[] = [];
    const threadOf = (client: RawClient): number => client.processId % 64;
    for (let attempt = 0; attempt < 10 && new Set(clients.map(threadOf)).size < 2; attempt++) clients.push(await RawClient.ready(port));
    assert.equal(limit.count, clients.length);

    // A cancel request may land on either thread: five of them each.
    for (const client of clients) {
      client.send(query('sleep 20000'));
      await new Promise((resolve) => setTimeout(resolve, 30));
      const request = await RawClient.connect(port);
      request.send(packet(int32(80877102), int32(client.processId), int32(client.secretKey)));
      await request.untilEnd();
      await client.until('Z');
      assert.equal(client.report().get('C'), '57014');
    }

    await Promise.all([first.stop(false), second.stop(false)]);
    for (const client of clients) {
      await client.untilEnd();
      assert.equal(client.received.at(-1)?.type, 'E');
    }
    assert.equal(limit.count, 0);
  });

  it('report why they cannot listen', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    assert.ok(address !== null && typeof address === 'object');
    const thread = start();
    await thread.compose(undefined, []);
    await assert.rejects(thread.listen('127.0.0.1', address.port), (error: Error) => {
      assert.ok(error instanceof ListenError);
      assert.equal(error.systemCode, 'EADDRINUSE');
      return true;
    });
    server.close();
  });

  it('report why they cannot be composed, with the error as it was', async () => {
    const thread = start();
    await assert.rejects(thread.compose('broken', []), (error: Error) => {
      assert.ok(error instanceof PgError);
      assert.deepEqual([error.code, error.fields.hint], ['F0001', 'another one?']);
      return true;
    });
    await thread.stop(true);
  });
});
