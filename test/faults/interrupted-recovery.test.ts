/**
 * kill -9 under load, then kill -9 of each process that tries to recover, at any moment of its start, several times in a row; then one may come up: nothing is lost.
 * `SHOAL_KILLS` sets the number of rounds.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { tie } from '../support/process.js';
import { Random } from '../support/random.js';
import { Shoal } from '../support/shoal.js';
import { createLedger, Load, Scratch, shoalProgram } from './support.js';

const rounds = Number(process.env['SHOAL_KILLS'] ?? 2);
const seed = Number(process.env['SHOAL_SEED'] ?? Math.floor(Math.random() * 1e9));
const startsPerRound = 4;

describe(`recovery that is killed (seed ${String(seed)})`, function () {
  this.timeout(60_000 + rounds * 60_000);
  const scratch = new Scratch();
  const random = new Random(seed);
  let shoal: Shoal | undefined;
  after(async () => {
    await shoal?.kill('SIGKILL');
    scratch.remove();
  });

  it('loses nothing', async () => {
    const dataDirectory = scratch.path('data');
    let server = await Shoal.start({ dataDirectory });
    shoal = server;
    await createLedger(server.connection);
    const load = new Load(() => server.connection).start(5);
    for (let round = 0; round < rounds; round++) {
      await load.progress(random.int(20, 200));
      await server.kill('SIGKILL');
      for (let start = 0; start < startsPerRound; start++) {
        const child = spawn(process.execPath, [shoalProgram, 'start', '--data-dir', dataDirectory, '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'], {
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        tie(child);
        const ready = once(child.stdout, 'data');
        // Most of a start is the loading of modules: the last ones are killed right behind the recovery.
        await (start % 2 === 0 ? sleep(random.int(200, 1500)) : Promise.race([ready, sleep(20_000)]));
        const gone = once(child, 'exit');
        child.kill('SIGKILL');
        await gone;
      }
      server = await Shoal.start({ dataDirectory });
      shoal = server;
      await load.verify(server.connection);
    }
    await load.stop();
    await load.verify(server.connection);
  });
});
