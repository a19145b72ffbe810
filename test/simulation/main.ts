/**
 * `npm run simulate -- [--steps N] [--seed N] [--trace]`: the simulated replication for so many events (1,000,000 unless told otherwise), from a seed on (by the day unless
 * told otherwise); with --trace one run, told line by line. The nightly run.
 */
import { parseArgs } from 'node:util';
import { simulate } from './replication/run.js';

const { values } = parseArgs({ options: { steps: { type: 'string' }, seed: { type: 'string' }, trace: { type: 'boolean' } } });
const stepsMax = Number(values.steps ?? 1_000_000);
const first = Number(values.seed ?? Math.floor(Date.now() / 86_400_000) * 100_000);

if (values.trace === true) {
  console.log(simulate(first, { trace: (line) => console.log(line) }));
} else {
  let steps = 0;
  let acknowledged = 0;
  let backAfterMs = 0;
  let seed = first;
  for (; steps < stepsMax; seed++) {
    try {
      const result = simulate(seed);
      steps += result.steps;
      acknowledged += result.acknowledged;
      backAfterMs = Math.max(backAfterMs, result.backAfterMs);
    } catch (error) {
      console.log(`seed ${String(seed)}: ${error instanceof Error ? error.message : String(error)}`);
      console.log(`npm run simulate -- --seed ${String(seed)} --trace`);
      process.exit(1);
    }
  }
  console.log(
    `${String(seed - first)} runs from seed ${String(first)}, ${String(steps)} events, ${String(acknowledged)} acknowledged writes, back after ${backAfterMs.toFixed(0)} ms at most`,
  );
}
