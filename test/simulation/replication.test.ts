/**
 * The replication protocol under everything that can go wrong, many times over: production's modules with clock, network, disks and store under control
 * (replication/run.ts says what must hold). A failing seed repeats with `npm run simulate -- --seed N --trace`.
 */
import { strict as assert } from 'node:assert';
import { timing } from '../../src/cluster/replication/timing.js';
import { crashOfAll } from './replication/faults.js';
import { broken, mutations } from './replication/mutations.js';
import { Violation } from './replication/ledger.js';
import { simulate } from './replication/run.js';

const seeds = Number(process.env['SHOAL_SIMULATION_SEEDS'] ?? 10_000);
const seedsPerMutation = 3000;

describe('the simulated replication of a database', function () {
  this.timeout(600_000);

  it(`loses nothing, shows nothing old, and always comes back (${String(seeds)} seeds)`, () => {
    let acknowledged = 0;
    let epochs = 0;
    for (let seed = 1; seed <= seeds; seed++) {
      try {
        const result = simulate(seed);
        acknowledged += result.acknowledged;
        epochs += result.epochs;
      } catch (error) {
        if (error instanceof Error) error.message = `seed ${String(seed)}: ${error.message}`;
        throw error;
      }
    }
    // (A simulation in which nothing happens finds nothing.)
    assert.ok(acknowledged > 50 * seeds, `${String(acknowledged)} writes`);
    assert.ok(epochs > 1.5 * seeds, `${String(epochs)} epochs`);
  });

  it('goes the same way again with the same seed', () => {
    const lines = (): readonly string[] => {
      const trace: string[] = [];
      simulate(7, { trace: (line) => trace.push(line) });
      return trace;
    };
    assert.deepEqual(lines(), lines());
  });

  it('writes again before anybody could take over, when all nodes have died at once and are back', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const { backAfterMs } = simulate(seed, { faults: [[1, crashOfAll]], faultyMs: 5000 });
      assert.ok(backAfterMs < timing.takeoverMs, `seed ${String(seed)}: after ${String(backAfterMs)} ms`);
    }
  });

  for (const mutation of Object.keys(mutations)) {
    it(`notices that ${mutation}`, () => {
      const rules = broken(mutation);
      for (let seed = 1; seed <= seedsPerMutation; seed++) {
        try {
          simulate(seed, { rules });
        } catch (error) {
          if (error instanceof Violation) return;
          throw error;
        }
      }
      assert.fail(`${String(seedsPerMutation)} seeds went well with a broken protocol`);
    });
  }
});
