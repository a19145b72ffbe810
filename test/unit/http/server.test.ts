import assert from 'node:assert/strict';
import type { ReplicaRow } from '../../../src/catalog/pg-catalog/replication-view.js';
import type { ClusterReport, DrainStatus, NodeControl, NodeHealth } from '../../../src/http/node-control.js';
import { CacheStore } from '../../../src/cluster/shuffle/cache-store.js';
import { CacheRoutes } from '../../../src/http/cache-routes.js';
import { type HttpServer, startHttpServer } from '../../../src/http/server.js';

class Node implements NodeControl {
  state: NodeHealth = 'ok';
  draining = false;
  health(): NodeHealth {
    return this.state;
  }
  async drainStatus(): Promise<DrainStatus> {
    return await Promise.resolve({ state: this.draining ? 'draining' : 'serving', sessions: 2 });
  }
  cluster(): ClusterReport {
    return { node: 'a', cluster: 'main', store: 'etcd://10.0.0.1:2379', leader: 'a', members: [], databases: [] };
  }
  async replicas(): Promise<readonly ReplicaRow[]> {
    return await Promise.resolve([]);
  }
  drain(): void {
    this.draining = true;
  }
  endDrain(): void {
    this.draining = false;
  }
}

/** (Tested in cache-routes.test.ts.) */
const noCache = new CacheRoutes({ store: new CacheStore({ memoryBytesMax: () => 0, temporaryDirectory: '/' }), node: 'a', members: () => [] });

describe('the HTTP server', () => {
  let server: HttpServer | undefined;
  let node = new Node();
  const start = async (token?: string): Promise<string> => {
    node = new Node();
    server = await startHttpServer({ host: '127.0.0.1', port: 0, control: node, cache: noCache, token });
    return `http://127.0.0.1:${server.port}`;
  };
  afterEach(async () => {
    await server?.close();
  });

  it('answers /health, and JSON 404 and 405 otherwise', async () => {
    const base = await start();
    const health = await fetch(`${base}/health?verbose`);
    assert.equal(health.status, 200);
    assert.deepEqual(await health.json(), { status: 'ok' });
    const missing = await fetch(`${base}/nothing`);
    assert.equal(missing.status, 404);
    assert.deepEqual(await missing.json(), { error: 'there is nothing at /nothing' });
    const wrong = await fetch(`${base}/health`, { method: 'POST', body: 'x' });
    assert.deepEqual([wrong.status, wrong.headers.get('allow')], [405, 'HEAD, GET']);
    await server?.close();
    await assert.rejects(fetch(`${base}/health`));
  });

  it('says 503 while the node takes no queries', async () => {
    const base = await start();
    for (const status of ['starting', 'draining', 'stopping'] as const) {
      node.state = status;
      const health = await fetch(`${base}/health`);
      assert.deepEqual([health.status, await health.json()], [503, { status }]);
      assert.equal((await fetch(`${base}/health`, { method: 'HEAD' })).status, 503);
      assert.equal((await fetch(`${base}/alive`)).status, status === 'draining' ? 200 : 503);
    }
  });

  it('tells who is in the cluster', async () => {
    const response = await fetch(`${await start()}/cluster`);
    assert.deepEqual([response.status, await response.json()], [200, node.cluster()]);
  });

  it('drains the node and ends the drain', async () => {
    const base = await start();
    const call = async (method: string): Promise<unknown> => await (await fetch(`${base}/drain`, { method })).json();
    assert.deepEqual(await call('GET'), { state: 'serving', sessions: 2 });
    assert.deepEqual(await call('POST'), { state: 'draining', sessions: 2 });
    assert.deepEqual(await call('DELETE'), { state: 'serving', sessions: 2 });
  });

  it('wants the token where there is one', async () => {
    const base = await start('secret');
    for (const authorization of [undefined, 'Bearer wrong!', 'Bearer', 'Basic secret']) {
      const refused = await fetch(`${base}/drain`, { method: 'POST', headers: authorization === undefined ? {} : { authorization } });
      assert.equal(refused.status, 401);
    }
    assert.equal(node.draining, false);
    assert.equal((await fetch(`${base}/drain`)).status, 200, 'looking changes nothing');
    assert.equal((await fetch(`${base}/drain`, { method: 'POST', headers: { authorization: 'Bearer secret' } })).status, 200);
    assert.equal(node.draining, true);
  });
});
