/**
 * kill -9 under load, then kill -9 of each process that tries to recover, at any moment of its start, several times in a row; then one may come up: nothing is lost.
 * `SHOAL_RECOVERY_KILLS` sets the number of rounds.
 */
import { Random } from '../support/random.js';
import { Shoal } from '../support/shoal.js';
import { createLedger, killedStart, Load, Scratch } from './support.js';

const rounds = Number(process.env['SHOAL_RECOVERY_KILLS'] ?? 1);
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
        // Most of a start is the loading of modules: some are killed only when they are ready.
        await killedStart(dataDirectory, start % 2 === 0 ? random.int(200, 1500) : undefined);
      }
      server = await Shoal.start({ dataDirectory });
      shoal = server;
      await load.verify(server.connection);
    }
    await load.stop();
    await load.verify(server.connection);
  });
});
