import assert from 'node:assert/strict';
import { once } from 'node:events';
import { MessageChannel } from 'node:worker_threads';
import { PgError } from '../../../src/common/errors.js';
import { type Client, connect, serve, Transfer } from '../../../src/common/rpc.js';
import { derived } from '../../../src/common/rpc-parts.js';

interface Echo {
  [method: string]: (request: never) => unknown;
  echo(request: object): unknown;
  fail(request: { readonly code: string }): Promise<never>;
  give(request: { readonly bytes: Uint8Array }): unknown;
  function(request: null): unknown;
}

describe('calls between threads', () => {
  const seen: unknown[] = [];
  const channel = new MessageChannel();
  let client: Client<Echo>;

  before(() => {
    serve(channel.port1, {
      echo: (request: object) => {
        seen.push(request);
        return request;
      },
      fail: async ({ code }: { readonly code: string }) => Promise.reject(new PgError(code, 'no')),
      give: ({ bytes }: { readonly bytes: Uint8Array }) => new Transfer({ bytes }, [bytes.buffer as ArrayBuffer]),
      function: () => () => 1,
    });
    client = connect<Echo>(channel.port2);
  });
  after(() => {
    channel.port2.close();
  });

  const sql = `SELECT ${'x'.repeat(100)}`;

  it('bring every part of a request over, again and again', async () => {
    const request = {
      task: { source: { sql, params: [1n, 'a', null, new Uint8Array([1])] } },
      text: 'short',
      list: [sql],
      map: new Map([['a', 1]]),
      nothing: undefined,
    };
    const answers = await Promise.all([client.echo(request), client.echo(request)]);
    for (const answer of [...answers, await client.echo(request)]) assert.deepEqual(answer, request);
  });

  it('put derived objects together on the other side', async () => {
    const constant = { zone: 'UTC', settings: new Map([['a', 'b']]) };
    for (const now of [1n, 2n]) {
      const context = derived({ zone: 'UTC', settings: constant.settings, now }, constant, { now });
      assert.deepEqual(await client.echo({ context }), { context: { zone: 'UTC', settings: constant.settings, now } });
    }
  });

  it('go on when many parts have been forgotten', async () => {
    const texts = Array.from({ length: 2500 }, (_, at) => `${sql} ${String(at)}`);
    const answers = await Promise.all(texts.map((text) => client.echo({ sql: text })));
    assert.deepEqual(
      answers,
      texts.map((text) => ({ sql: text })),
    );
    assert.deepEqual(await client.echo({ sql: texts[0] }), { sql: texts[0] });
  });

  it('keep errors, move buffers, and survive what cannot be sent', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const [failed, given, refused, unanswerable, fine] = await Promise.allSettled([
      client.fail({ code: '22012' }),
      client.give({ bytes }, [bytes.buffer]),
      client.echo({ f: () => 1 }),
      client.function(null),
      client.echo({ a: 1 }),
    ]);
    assert.ok(failed.status === 'rejected' && failed.reason instanceof PgError && failed.reason.code === '22012');
    assert.equal(bytes.byteLength, 0);
    assert.deepEqual(given, { status: 'fulfilled', value: { bytes: new Uint8Array([1, 2, 3]) } });
    assert.equal(refused.status, 'rejected');
    assert.equal(unanswerable.status, 'rejected');
    assert.deepEqual(fine, { status: 'fulfilled', value: { a: 1 } });
  });

  it('end with the port, in what its owner says', async () => {
    const { port1, port2 } = new MessageChannel();
    const caller = connect<Echo>(port2, () => new PgError('08006', 'the node is lost'));
    const pending = caller.echo({});
    port1.close();
    await assert.rejects(pending, /the node is lost/);
    await assert.rejects(async () => caller.echo({}), /the node is lost/);
  });

  it('are not for those who say something else', async () => {
    for (const message of [undefined, 1, {}, { messages: [null] }, { messages: [], parts: {} }]) {
      const { port1, port2 } = new MessageChannel();
      serve(port1, {});
      const closed = once(port2, 'close');
      port2.postMessage(message);
      await closed;
    }
  });
});
