/**
 * A sample of the torture harness (test/torture; `npm run torture`): SIGKILL under load, in COPY, in definitions, at commits, in shutdown and in recovery. After every
 * restart each acknowledged transaction is there, none is there by half, and all sums held in every snapshot meanwhile.
 * `SHOAL_KILLS` sets the number of kills, `SHOAL_KILL_SECONDS` after how long no more are begun (a busy machine), `SHOAL_SEED` the seed.
 */
import { Torture } from '../torture/rounds.js';

const kills = Number(process.env['SHOAL_KILLS'] ?? 5);
const secondsMax = Number(process.env['SHOAL_KILL_SECONDS'] ?? Infinity);
/** These take place however busy the machine is. */
const killsMin = 3;
const seed = Number(process.env['SHOAL_SEED'] ?? Math.floor(Math.random() * 1e9));

describe(`kill -9 under load (seed ${seed})`, function () {
  this.timeout(180_000);
  const torture = new Torture({ seed, sessions: 8, shards: 8, flags: [] });
  const started = performance.now();
  let failed = false;

  after(async () => {
    await torture.end(failed);
  });

  for (let kill = 1; kill <= kills; kill++) {
    it(`loses nothing that was acknowledged and keeps nothing by half, kill ${kill}`, async function () {
      // (What a failed round has left says nothing about the next.)
      if (failed || (kill > killsMin && performance.now() - started > secondsMax * 1000)) this.skip();
      try {
        await torture.round(kill);
      } catch (error) {
        failed = true;
        console.log(`      data: ${torture.dataDirectory ?? ''}; again: npm run torture -- --seed ${seed} --only ${kill} --sessions 8`);
        throw error;
      }
    });
  }
});
