/**
 * `npm run restore-torture -- [--points 100] [--seconds 20] [--seed N]`: restores to random points of a running load and compares (test/torture/restore-points).
 * Ends with 1 when a restored server was not as the load was at that point.
 */
import { parseArgs } from 'node:util';
import { restoreToPoints } from './restore-points.js';

const text = { type: 'string' } as const;
const { values } = parseArgs({ options: { points: text, seconds: text, seed: text } });
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
try {
  const { points, transactions } = await restoreToPoints({
    seed,
    points: Number(values.points ?? 100),
    loadMs: Number(values.seconds ?? 20) * 1000,
    log: (line) => console.log(line),
  });
  console.log(`seed ${seed}: ${points} points of ${transactions} transactions, each restored as it was`);
} catch (error) {
  console.log(`seed ${seed} FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  process.exitCode = 1;
}
