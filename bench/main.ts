/**
 * Runs one of the benches: `npm run bench -- <name> [options]`; without a name, lists them. Each bench is a module of its own that says what it measures.
 */
import { bench as analytic } from './analytic.js';
import { bench as channel } from './channel.js';
import { bench as exchange } from './exchange.js';
import { bench as pgbench } from './pgbench.js';
import { bench as plan } from './plan.js';
import { bench as queue } from './queue.js';
import { bench as spread } from './spread.js';

/** A measurement that can be asked for by name. */
export interface Bench {
  readonly name: string;
  readonly description: string;
  run(args: readonly string[]): Promise<void>;
}

const benches: readonly Bench[] = [analytic, channel, exchange, pgbench, plan, queue, spread];

const [name, ...rest] = process.argv.slice(2);
const chosen = benches.find((candidate) => candidate.name === name);
if (chosen === undefined) {
  for (const candidate of benches) console.log(`${candidate.name.padEnd(12)} ${candidate.description}`);
  process.exitCode = name === undefined ? 0 : 2;
} else {
  await chosen.run(rest);
}
