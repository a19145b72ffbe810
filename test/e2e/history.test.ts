/**
 * Random transactions at each isolation level, recorded and searched for anomalies (test/torture/history; `npm run torture -- history` runs longer).
 * `SHOAL_HISTORIES` sets the number of histories, `SHOAL_SEED` the seed.
 */
import assert from 'node:assert/strict';
import { startSubject, type Subject } from '../support/subject.js';
import type { History } from '../torture/history/history.js';
import { createTables } from '../torture/history/record.js';
import { levels, runHistory, workloadOf } from '../torture/history/run.js';

const histories = Number(process.env['SHOAL_HISTORIES'] ?? 12);
const seed = Number(process.env['SHOAL_SEED'] ?? Math.floor(Math.random() * 1e9));

describe(`histories of random transactions (seed ${seed})`, function () {
  this.timeout(120_000);
  let subject: Subject;

  before(async function () {
    subject = await startSubject(this);
    await createTables(subject.connection, subject.isPostgres ? undefined : 8);
  });

  after(async () => {
    await subject?.stop();
  });

  for (const level of levels) {
    it(`have no anomaly that ${level.toUpperCase()} forbids`, async () => {
      let committed = 0;
      for (let round = 1; round <= histories; round++) {
        const workload = workloadOf(seed, round);
        if (workload.level !== level) continue;
        const { history, anomalies } = await runHistory(subject.connection, workload);
        assert.deepEqual(
          anomalies.slice(0, 5).map(({ kind, text }) => `${kind}: ${text}`),
          [],
          `again: npm run torture -- history --seed ${seed} --only ${round}`,
        );
        committed += count(history);
      }
      assert.ok(committed > 0, 'something was committed');
    });
  }
});

function count({ transactions }: History): number {
  return transactions.filter(({ committed }) => committed).length;
}
