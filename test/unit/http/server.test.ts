import assert from 'node:assert/strict';
import { startHttpServer } from '../../../src/http/server.js';

describe('the HTTP server', () => {
  it('answers /health, and JSON 404 and 405 otherwise', async () => {
    const server = await startHttpServer({ host: '127.0.0.1', port: 0 });
    const base = `http://127.0.0.1:${server.port}`;
    const health = await fetch(`${base}/health?verbose`);
    assert.equal(health.status, 200);
    assert.deepEqual(await health.json(), { status: 'ok' });
    const missing = await fetch(`${base}/nothing`);
    assert.equal(missing.status, 404);
    assert.deepEqual(await missing.json(), { error: 'there is nothing at /nothing' });
    assert.equal((await fetch(`${base}/health`, { method: 'POST', body: 'x' })).status, 405);
    await server.close();
    await assert.rejects(fetch(`${base}/health`));
  });
});
