/**
 * The scripts of test/differential/scripts, on PostgreSQL 15 and on Shoal. What is known to differ is listed, statement by statement, in
 * known-differences.json: the test fails on a new difference, and on a listed one that is gone. `npm run differential -- --scripts` prints every
 * difference; with `--refresh` it writes the list.
 */
import assert from 'node:assert/strict';
import { sharedPostgres } from '../support/postgres.js';
import { startSubject } from '../support/subject.js';
import { knownDifferences, runScript, scriptNames } from './scripts.js';

describe('scripts', function () {
  this.timeout(120_000);

  for (const name of scriptNames) {
    it(`${name}: every statement as PostgreSQL does, but for those that are listed`, async function () {
      const postgres = await sharedPostgres(this);
      const subject = await startSubject(this);
      try {
        const { differences } = await runScript(name, await postgres.createDatabase('oracle_script'), subject.connection);
        const known = new Set(subject.isPostgres ? [] : knownDifferences(name));
        const fresh = differences.filter(({ statement }) => !known.has(statement)).map(({ statement, detail }) => `${statement}\n  ${detail}`);
        if (fresh.length > 0) assert.fail(`${fresh.length} statements differ that are not listed\n${fresh.slice(0, 10).join('\n')}`);
        const different = new Set(differences.map(({ statement }) => statement));
        const mended = [...known].filter((statement) => !different.has(statement));
        if (mended.length > 0) assert.fail(`take these off known-differences.json, they are mended:\n${mended.join('\n')}`);
      } finally {
        await subject.stop();
      }
    });
  }
});
