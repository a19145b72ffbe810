import assert from 'node:assert/strict';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { Piscina } from 'piscina';
import { workerUrl } from '../../../src/common/worker-url.js';

describe('workerUrl', () => {
  const entry = workerUrl('../../support/fixtures/echo-worker.js', import.meta.url);

  it('starts a thread straight from TypeScript sources', async () => {
    const worker = new Worker(entry.url, { execArgv: entry.execArgv, workerData: 'hello' });
    const [answer] = (await once(worker, 'message')) as [string];
    assert.equal(answer, '00000 hello');
    await worker.terminate();
  });

  it('serves as the file of a piscina pool', async () => {
    const pool = new Piscina<string, string>({ filename: entry.url.href, execArgv: entry.execArgv, maxThreads: 1 });
    assert.equal(await pool.run('hello'), '00000 hello');
    await pool.destroy();
  });

  it('leaves compiled files as they are', () => {
    const compiled = workerUrl('./scan-worker.js', 'file:///app/dist/storage/pool.js');
    assert.equal(compiled.url.href, 'file:///app/dist/storage/scan-worker.js');
    assert.deepEqual(compiled.execArgv, process.execArgv);
  });
});
