/**
 * `npm run torture -- [--rounds 1000] [--seed N] [--only ROUND] [--sessions 16] [--shards 8] [--scan-threads N] [--front-ends N]`: kills a server under load, again and
 * again, and looks what is left. The same seed draws the same decisions; --only runs one round of it on a new data directory.
 * `npm run torture -- cluster ...`: faults on a cluster of nodes (test/torture/cluster; --help).
 * `npm run torture -- moves ...`: copies that move, primaries that change and nodes that are drained under pgbench's transactions (test/torture/cluster/moves.ts).
 * `npm run torture -- history [--rounds 100] [--seed N] ...`: records random transactions and checks them for anomalies (test/torture/history).
 * Ends with 1 when something was wrong; the data directory of a failing round is kept and named.
 */
import { parseArgs } from 'node:util';
import { isInNetwork, networksArePermitted, runInNetwork } from '../support/network.js';
import { Torture } from './rounds.js';

// So that the servers end with this process.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit(1));

const [, program = '', command, ...further] = process.argv;
if (command === 'cluster' || command === 'moves') process.exit(await ofCluster(command));

const text = { type: 'string' } as const;
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rounds: text, seed: text, only: text, sessions: text, shards: text, 'scan-threads': text, 'front-ends': text },
});
const number = (value: string | undefined, fallback: number): number => (value === undefined ? fallback : Number(value));
const seed = number(values.seed, Math.floor(Math.random() * 1e9));
const flags = (['scan-threads', 'front-ends'] as const).flatMap((name) => (values[name] === undefined ? [] : [`--${name}`, values[name]]));

if (positionals[0] === 'history') {
  const { runHistories } = await import('./history/run.js');
  process.exitCode = await runHistories({ seed, rounds: number(values.rounds, 100), only: values.only === undefined ? undefined : Number(values.only), flags });
} else process.exitCode = await torture();

async function torture(): Promise<number> {
  const options = { seed, sessions: number(values.sessions, 16), shards: number(values.shards, 8), flags };
  const rounds = values.only === undefined ? Array.from({ length: number(values.rounds, 1000) }, (_, index) => index + 1) : [Number(values.only)];
  const torture = new Torture(options);
  const moments = new Map<string, number>();
  let brokenStarts = 0;
  const started = performance.now();
  for (const round of rounds) {
    try {
      const report = await torture.round(round);
      moments.set(report.moment, (moments.get(report.moment) ?? 0) + 1);
      brokenStarts += report.brokenStarts;
      const { transfers, checks } = torture.counts;
      console.log(
        `round ${round}: ${report.moment}${report.brokenStarts > 0 ? `, ${report.brokenStarts} broken starts` : ''}, ${Math.round(report.tookMs)} ms ` +
          `(${transfers} transfers, ${checks} checks so far)`,
      );
    } catch (error) {
      console.log(`\nround ${round} of seed ${seed} FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      console.log(
        `data: ${torture.dataDirectory ?? ''}\nagain: npm run torture -- --seed ${seed} --only ${round}\nthe server's last lines:\n${torture.log.slice(-3000)}`,
      );
      await torture.end(true);
      return 1;
    }
  }
  await torture.end(false);
  const { counts } = torture;
  console.log(
    `\nseed ${seed}: ${rounds.length} kills (${[...moments].map(([moment, count]) => `${moment} ${count}`).join(', ')}) and ${brokenStarts} broken starts ` +
      `in ${Math.round((performance.now() - started) / 1000)} s. Nothing was lost, nothing was there by half.\n` +
      `acknowledged transfers ${counts.transfers}, rolled back ${counts.rolledBack}, tried again ${counts.retries} (deadlocks ${counts.deadlocks}), ` +
      `COPY batches ${counts.copies}, definitions ${counts.definitions}, sums checked ${counts.checks} (refused with 40001: ${counts.refusedChecks})`,
  );
  return 0;
}

/** On a network of its own, where this machine permits one. */
async function ofCluster(command: 'cluster' | 'moves'): Promise<number> {
  if (!isInNetwork() && networksArePermitted()) return await runInNetwork([program, command, ...further]);
  if (command === 'moves') return await (await import('./cluster/moves.js')).runMoves(further);
  if (!isInNetwork()) console.log('this machine permits no network namespaces: nothing is cut');
  return await (await import('./cluster/run.js')).runClusterTorture(further);
}
