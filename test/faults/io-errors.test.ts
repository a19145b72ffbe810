/** A disk that fails: a failed sync or a file that cannot follow the log ends the process, and the next start has everything that was acknowledged. */
import assert from 'node:assert/strict';
import { Shoal } from '../support/shoal.js';
import { createLedger, FailingDisk, Load, Scratch } from './support.js';

describe('a failing disk', function () {
  this.timeout(120_000);
  const scratch = new Scratch();
  let shoal: Shoal | undefined;
  after(async () => {
    await shoal?.kill('SIGKILL');
    scratch.remove();
  });

  it('ends the process with a PANIC, from which it recovers: failed fdatasync of the log, failed write of a WAL', async function () {
    const disk = FailingDisk.prepare(this, scratch);
    const dataDirectory = scratch.path('data');
    let server = await Shoal.start({ dataDirectory, env: disk.env });
    shoal = server;
    await createLedger(server.connection);
    const load = new Load(() => server.connection).start(4);
    for (const [fault, part, message] of [
      ['no-sync', '/log/', /PANIC: {2}could not make the log durable: .*EIO/],
      ['no-write', '-wal', /PANIC: {2}the database cannot follow its log: .*disk I\/O error/],
    ] as const) {
      await load.progress(30);
      disk.fail(fault, part);
      for (let waited = 0; server.alive && waited < 10_000; waited += 20) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.ok(!server.alive, 'the process has ended');
      assert.match(server.log, message);
      assert.match(server.log, /HINT: {2}Check the disk and the system log, then start the server again/);
      disk.mend();
      server = await Shoal.start({ dataDirectory, env: disk.env });
      shoal = server;
      await load.verify(server.connection);
    }
    await load.stop();
    await load.verify(server.connection);
  });
});
