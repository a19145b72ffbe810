/** What drivers speak HTTP with: TLS with an authority of one's own, credentials, several addresses, event streams. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer as createPlain, type RequestListener, type Server } from 'node:http';
import { createServer as createSecure, type Server as SecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HttpClient, Unreachable } from '../../../../src/cluster/scaler/http-client.js';
import { linesOf, serverSentEvents } from '../../../../src/cluster/scaler/server-sent-events.js';
import { makeCertificates } from '../../../support/certificates.js';
import { freePort } from '../../../support/ports.js';

describe("the drivers' HTTP client", () => {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-http-client-'));
  const servers: (Server | SecureServer)[] = [];
  const clients: HttpClient[] = [];
  after(() => {
    rmSync(directory, { recursive: true });
  });
  afterEach(async () => {
    for (const client of clients.splice(0)) await client.close();
    for (const server of servers.splice(0)) {
      server.closeAllConnections();
      server.close();
    }
  });
  const listening = async (server: Server | SecureServer): Promise<number> => {
    servers.push(server);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const plain = async (handler: RequestListener): Promise<string> => `http://127.0.0.1:${await listening(createPlain(handler))}`;
  const client = (...options: ConstructorParameters<typeof HttpClient>): HttpClient => {
    const made = new HttpClient(...options);
    clients.push(made);
    return made;
  };
  const echo: RequestListener = (request, response) => {
    response.end(JSON.stringify({ authorization: request.headers.authorization, url: request.url }));
  };

  it('believes the authority that it is told of, and no other', async () => {
    const files = makeCertificates(directory, 'authority of a test', ['server']);
    const pem = (name: string): string => readFileSync(files.file(name), 'utf8');
    const port = await listening(createSecure({ cert: pem('server.crt'), key: pem('server.key') }, echo));
    const urls = [`https://127.0.0.1:${port}/base`];
    const { body } = await client({ urls, certificateAuthority: pem('ca.crt') }).request('GET', '/v2/info');
    assert.deepEqual(body, { url: '/base/v2/info' });
    await assert.rejects(client({ urls }).request('GET', '/v2/info'), (error: Error) => error instanceof Unreachable && /certificate/.test(error.message));
  });

  it('authenticates by password, by token, by a token file that is read anew, by the address', async () => {
    const url = await plain(echo);
    const said = async (one: HttpClient): Promise<unknown> => ((await one.request('GET', '/')).body as { authorization?: string }).authorization;
    const basic = `Basic ${Buffer.from('u:p w').toString('base64')}`;
    assert.equal(await said(client({ urls: [url], credentials: { kind: 'basic', user: 'u', password: 'p w' } })), basic);
    assert.equal(await said(client({ urls: [url.replace('://', '://u:p%20w@')] })), basic);
    assert.equal(await said(client({ urls: [url], credentials: { kind: 'token', token: 't1' } })), 'Bearer t1');
    const path = join(directory, 'token');
    const fromFile = client({ urls: [url], credentials: { kind: 'tokenFile', path } });
    for (const token of ['one', 'two']) {
      writeFileSync(path, `${token}\n`);
      assert.equal(await said(fromFile), `Bearer ${token}`);
    }
  });

  it('goes to the next address when one is away or has no leader, stays with the one that answers, and tells what it met when none does', async () => {
    let leaderless = 0;
    const without = await plain((_, response) => {
      leaderless++;
      response.writeHead(503).end();
    });
    const away = `http://127.0.0.1:${await freePort()}`;
    const one = client({ urls: [away, without, await plain(echo)] });
    assert.equal((await one.request('GET', '/')).status, 200);
    assert.equal((await one.request('GET', '/')).status, 200);
    assert.equal(leaderless, 1);
    await assert.rejects(client({ urls: [without, away] }).request('GET', '/'), /HTTP 503; http:\/\/127.0.0.1:\d+\/: connect ECONNREFUSED/);
  });

  it('does not wait for ever', async () => {
    const silent = await plain(() => undefined);
    await assert.rejects(client({ urls: [silent], timeoutMs: 50 }).request('GET', '/'), /no answer in time/);
  });

  it('reads events however they are cut into pieces, with and without names, and lines', async () => {
    const text = ':hello\r\n\r\nevent: a\r\ndata: 1\r\n\r\ndata: 2\ndata: 3\n\nevent: lost\n\nevent:b\ndata:4\n\ndata: unfinished';
    for (const size of [1, 3, 1000]) {
      const chunks = async function* (): AsyncGenerator<string> {
        for (let at = 0; at < text.length; at += size) yield await Promise.resolve(text.slice(at, at + size));
      };
      const events = [];
      for await (const event of serverSentEvents(chunks())) events.push(event);
      const expected = [
        { event: 'a', data: '1' },
        { event: 'message', data: '2\n3' },
        { event: 'b', data: '4' },
      ];
      assert.deepEqual(events, expected, `in pieces of ${size}`);
    }
    const lines = [];
    const source = async function* (): AsyncGenerator<string> {
      yield await Promise.resolve('{"a"');
      yield ':1}\n{"b":2}\n{';
    };
    for await (const line of linesOf(source())) lines.push(line);
    assert.deepEqual(lines, ['{"a":1}', '{"b":2}']);
  });
});
