/** Starts that cannot be say at once why and what to do; stops in PostgreSQL's three manners lose nothing, even when they are killed midway. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Shoal } from '../support/shoal.js';
import { createLedger, isRoot, Load, Scratch, shoalProgram } from './support.js';

interface Attempt {
  readonly status: number | null;
  readonly stderr: string;
}

function attempt(flags: readonly string[], asNobody = false): Attempt {
  const { status, stderr } = spawnSync(process.execPath, [shoalProgram, 'start', '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0', ...flags], {
    encoding: 'utf8',
    timeout: 30_000,
    ...(asNobody && { uid: 65_534, gid: 65_534 }),
  });
  return { status, stderr };
}

function assertRefused({ status, stderr }: Attempt, message: RegExp): void {
  assert.match(stderr, message);
  assert.equal(status, 1, stderr);
  assert.match(stderr, /^hint: /m);
  assert.doesNotMatch(stderr, /^ {4}at /m, 'no stack trace');
}

describe('start and stop', function () {
  this.timeout(120_000);
  const scratch = new Scratch();
  let shoal: Shoal | undefined;
  after(async () => {
    await shoal?.kill('SIGKILL');
    scratch.remove();
  });

  it('a data directory that cannot be used is refused with a hint', function () {
    assertRefused(attempt(['--data-dir', '/proc/nope/deeper']), /cannot use the data directory "\/proc\/nope\/deeper"/);
    writeFileSync(scratch.path('file'), '');
    assertRefused(attempt(['--data-dir', scratch.path('file')]), /is not a directory/);
    assertRefused(attempt(['--data-dir', `${scratch.path('file')}/below`]), /is not a directory/);
    assertRefused(attempt(['--data-dir', scratch.path('d'), '--temp-dir', scratch.path('none')]), /cannot use the directory for temporary files/);
  });

  it('a data directory without permission, or on a read-only file system, is refused with a hint', function () {
    const directory = scratch.mount(this, 'readonly', 40);
    mkdirSync(`${directory}/data`);
    if (isRoot) {
      chmodSync(scratch.directory, 0o755);
      chmodSync(`${directory}/data`, 0o700);
      const refused = attempt(['--data-dir', `${directory}/data`], true);
      // (Where the program itself may not be read by others there is nothing to see.)
      if (!/MODULE_NOT_FOUND|EACCES.*main\.js/.test(refused.stderr)) assertRefused(refused, /no permission to use the data directory/);
    }
    scratch.remount(directory, 'ro');
    assertRefused(attempt(['--data-dir', `${directory}/data`]), /is on a read-only file system/);
    assertRefused(attempt(['--data-dir', `${directory}/new`]), /is on a read-only file system/);
  });

  it('a second server of the same directory, and a port in use, are refused with a hint', async () => {
    shoal = await Shoal.start({ dataDirectory: scratch.path('data') });
    assertRefused(attempt(['--data-dir', scratch.path('data')]), /is in use by another process/);
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { readonly port: number };
    assertRefused(attempt(['--data-dir', scratch.path('other'), '--listen', `127.0.0.1:${String(port)}`]), /is already in use/);
    other.close();
  });

  it('SIGTERM, SIGINT and SIGQUIT under load lose nothing, nor does a stop that is killed midway', async () => {
    const dataDirectory = scratch.path('data');
    let server = shoal ?? (await Shoal.start({ dataDirectory }));
    await createLedger(server.connection);
    for (const [signal, thenKillMs, farewell] of [
      ['SIGTERM', undefined, true],
      ['SIGINT', undefined, true],
      ['SIGQUIT', undefined, false],
      ['SIGTERM', 10, false],
    ] as const) {
      const load = new Load(() => server.connection).start(4);
      await load.progress(20);
      const gone = server.kill(signal);
      if (thenKillMs !== undefined) {
        await sleep(thenKillMs);
        await server.kill('SIGKILL');
      }
      await gone;
      await load.stop();
      if (farewell) assert.deepEqual([...load.farewells], ['57P01'], 'sessions are told');
      server = await Shoal.start({ dataDirectory });
      shoal = server;
      await load.verify(server.connection);
    }
  });
});
