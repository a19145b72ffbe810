import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { CacheStore } from '../../../src/cluster/shuffle/cache-store.js';
import { CacheRoutes } from '../../../src/http/cache-routes.js';
import { run } from '../../support/process.js';

describe('the distributed cache over HTTP', () => {
  const stores: CacheStore[] = [];
  const routes: CacheRoutes[] = [];
  const servers: Server[] = [];
  const urls: string[] = [];

  before(async () => {
    const members = () => urls.map((url, at) => ({ name: `node-${String(at)}`, cores: 1, freeBytes: 1, url }));
    for (let at = 0; at < 2; at++) {
      const store = new CacheStore({ memoryBytesMax: () => 100_000, temporaryDirectory: tmpdir() });
      const cache = new CacheRoutes({ store, node: `node-${String(at)}`, members });
      const server = createServer((request, response) => {
        void cache.handle(request, response).then((answer) => {
          if (answer !== undefined) response.writeHead(answer.status).end(JSON.stringify(answer.body));
        });
      }).listen(0, '127.0.0.1');
      await once(server, 'listening');
      urls.push(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
      stores.push(store);
      routes.push(cache);
      servers.push(server);
    }
  });
  after(() => {
    for (const cache of routes) cache.close();
    for (const store of stores) store.close();
    for (const server of servers) server.close();
  });

  const ask = async (method: string, path: string, body?: string): Promise<readonly [number, string]> => {
    const answer = await fetch(`${urls[0] ?? ''}${path}`, { method, ...(body === undefined ? {} : { body }) });
    return [answer.status, await answer.text()];
  };

  it('says what is wrong', async () => {
    assert.equal((await ask('GET', '/cache/q/unknown'))[0], 404);
    assert.equal((await ask('GET', '/cache/q/a/b'))[0], 404);
    assert.equal((await ask('GET', '/cache/q'))[0], 405);
    for (const body of ['', '{}', '{"ids": [1]}', '{"ids": [], "strategy": "none"}', 'null']) assert.equal((await ask('POST', '/cache/q', body))[0], 400, body);
    assert.equal((await ask('POST', '/cache/q/a', 'x'))[0], 400);
    assert.equal((await ask('POST', '/cache/q/a?writer=w&sequence=2', 'x'))[0], 409);
    assert.equal((await ask('DELETE', '/cache/q/a'))[0], 405);
  });

  it('is a page of Python, which the manual has', async () => {
    const manual = readFileSync(new URL('../../../docs/shuffle.md', import.meta.url), 'utf8');
    const client = /```python\n(.*?)```/s.exec(manual)?.[1] ?? '';
    const { status, stdout, stderr } = await run('python3', ['-', urls[0] ?? ''], {
      input: `${client}
import sys
cache = Cache(sys.argv[1], "join / 1")
names = ["L/0", "R/0", "L/1", "R/1"]
placed = cache.init(names, groups={name: name[2] for name in names})
assert placed["L/0"] == placed["R/0"] and placed["L/1"] == placed["R/1"] and placed["L/0"] != placed["L/1"], placed
assert cache.init(names, groups={name: name[2] for name in names}) == placed
for name in names:
    for portion in range(5):
        cache.append(name, "writer 1", bytes([portion]) * 50_000)
    cache.sequences[name, "writer 1"] = 4
    assert cache.append(name, "writer 1", b"again") == 250_000
    assert cache.get(name) == b"".join(bytes([portion]) * 50_000 for portion in range(5))
assert cache.set("L/0", b"new") == 3 and cache.get("L/0") == b"new"
cache.drop()
try:
    cache.get("L/0")
    raise AssertionError("it should be gone")
except Exception as error:
    assert error.code == 404, error
print("fine")
`,
    });
    assert.equal(stderr, '');
    assert.deepEqual([status, stdout], [0, 'fine\n']);
    assert.ok(stores.every(({ memoryBytes }) => memoryBytes === 0));
  });
});
