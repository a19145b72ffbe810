/** `npm run torture -- history`: rounds of random transactions at each level, recorded and checked. Also used by test/e2e/history.test.ts. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Connection } from '../../support/connection.js';
import { Random, seedOf } from '../../support/random.js';
import { Shoal } from '../../support/shoal.js';
import { check } from './checker.js';
import type { Anomaly, History, Level } from './history.js';
import { createTables, record, type Workload } from './record.js';

export const levels: readonly Level[] = ['read committed', 'repeatable read', 'serializable'];

/** The workload of a round. */
export function workloadOf(seed: number, round: number): Workload {
  const random = new Random(seedOf(seed, round));
  return {
    workload: random.pick(['list', 'list', 'register']),
    level: levels[round % 3] as Level,
    sessions: random.int(3, 10),
    transactions: random.int(60, 240),
    keys: random.int(2, 9),
    seed: seedOf(seed ^ 0x2545f491, round),
  };
}

export async function runHistory(connection: Connection, workload: Workload): Promise<{ readonly history: History; readonly anomalies: readonly Anomaly[] }> {
  const history = await record(connection, workload);
  return { history, anomalies: check(history) };
}

export interface HistoriesOptions {
  readonly seed: number;
  readonly rounds: number;
  readonly only: number | undefined;
  readonly flags: readonly string[];
}

/** The exit status. */
export async function runHistories({ seed, rounds, only, flags }: HistoriesOptions): Promise<number> {
  const shoal = await Shoal.start({ flags });
  const totals = new Map(levels.map((level) => [level, { histories: 0, committed: 0, aborted: 0 }]));
  try {
    await createTables(shoal.connection, 8);
    for (const round of only === undefined ? Array.from({ length: rounds }, (_, index) => index + 1) : [only]) {
      const workload = workloadOf(seed, round);
      const { history, anomalies } = await runHistory(shoal.connection, workload);
      const committed = history.transactions.filter((transaction) => transaction.committed).length;
      const total = totals.get(workload.level) as { histories: number; committed: number; aborted: number };
      total.histories++;
      total.committed += committed;
      total.aborted += history.transactions.length - committed;
      console.log(
        `round ${round}: ${workload.level}, ${workload.workload}, ${workload.sessions} sessions, ${workload.keys} keys: ${committed} of ${history.transactions.length} committed`,
      );
      if (anomalies.length === 0) continue;
      const file = join(tmpdir(), `shoal-history-${seed}-${round}.json`);
      writeFileSync(file, historyText(history));
      console.log(`\nround ${round} of seed ${seed} FAILED at ${workload.level}:`);
      for (const { kind, text } of anomalies.slice(0, 10)) console.log(`  ${kind}: ${text}`);
      console.log(`the history: ${file}\nagain: npm run torture -- history --seed ${seed} --only ${round}`);
      return 1;
    }
  } finally {
    await shoal.stop();
  }
  console.log(`\nseed ${seed}: no anomaly.`);
  for (const [level, { histories, committed, aborted }] of totals)
    console.log(`${level}: ${histories} histories, ${committed} transactions committed, ${aborted} rolled back`);
  return 0;
}

export function historyText(history: History): string {
  return JSON.stringify(history, (_, value: unknown) => (value instanceof Map ? [...(value as Map<unknown, unknown>)] : value), 1);
}
