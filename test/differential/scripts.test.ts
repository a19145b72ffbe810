/** The scripts of test/differential/scripts, on PostgreSQL 15 and on Shoal. `npm run differential -- --scripts` prints every difference. */
import assert from 'node:assert/strict';
import { sharedPostgres } from '../support/postgres.js';
import { startSubject } from '../support/subject.js';
import { runScript, scriptNames } from './scripts.js';

describe('scripts', function () {
  this.timeout(120_000);

  for (const name of scriptNames) {
    it(`${name}: every statement as PostgreSQL does`, async function () {
      const postgres = await sharedPostgres(this);
      const subject = await startSubject(this);
      try {
        const report = await runScript(name, await postgres.createDatabase('oracle_script'), subject.connection);
        const sample = report.differences.slice(0, 10).map(({ statement, detail }) => `${statement}\n  ${detail}`);
        if (report.differences.length > 0) assert.fail(`${report.differences.length} of ${report.statements} statements differ\n${sample.join('\n')}`);
      } finally {
        await subject.stop();
      }
    });
  }
});
