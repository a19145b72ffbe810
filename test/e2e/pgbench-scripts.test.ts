/** pgbench's own ways: every way of making its tables (foreign keys, partitions, on the server), and scripts of one's own with \gset, \aset, \if, several threads and pipelines. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pgbench, psqlOk, requireClient } from '../support/psql.js';
import { startSubject, type Subject } from '../support/subject.js';

const scripts: Readonly<Record<string, string>> = {
  'branches.sql': `\\set aid random(1, 100000 * :scale)
\\set delta random(1, 5000)
BEGIN;
SELECT abalance AS balance, bid FROM pgbench_accounts WHERE aid = :aid \\gset before_
\\if :before_balance > 2500
UPDATE pgbench_accounts SET abalance = abalance - 1 WHERE aid = :aid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, :before_bid, :aid, -1, CURRENT_TIMESTAMP);
\\else
UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :aid RETURNING abalance \\gset after_
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, :before_bid, :aid, :delta, CURRENT_TIMESTAMP);
\\endif
COMMIT;
`,
  'pipeline.sql': `\\set aid random(1, 100000 * :scale)
\\startpipeline
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = :aid;
SELECT abalance FROM pgbench_accounts WHERE aid = :aid;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, :aid, 1, CURRENT_TIMESTAMP);
COMMIT;
\\endpipeline
`,
};

describe('pgbench with tables and scripts of one’s own', function () {
  this.timeout(300_000);
  let subject: Subject;
  const directory = mkdtempSync(join(tmpdir(), 'shoal-pgbench-'));

  before(async function () {
    requireClient(this, 'pgbench');
    for (const [name, text] of Object.entries(scripts)) writeFileSync(join(directory, name), text);
    subject = await startSubject(this);
  });

  after(async () => {
    await subject?.stop();
    rmSync(directory, { recursive: true });
  });

  for (const options of [
    ['-I', 'dtgvpf', '--foreign-keys'],
    ['-I', 'dtGvp', '--unlogged-tables', '--fillfactor=80'],
    ['--partitions=3', '--partition-method=range'],
    ['--partitions=3', '--partition-method=hash'],
  ]) {
    it(`pgbench -i ${options.join(' ')}, then scripts in all modes`, async () => {
      const made = await pgbench(subject.connection, ['-i', '-q', ...options]);
      assert.equal(made.status, 0, made.stderr);
      assert.equal(await psqlOk(subject.connection, 'SELECT count(*), min(aid), max(aid) FROM pgbench_accounts'), '100000|1|100000\n');
      for (const [script, mode] of [
        ['branches.sql', 'simple'],
        ['branches.sql', 'extended'],
        ['branches.sql', 'prepared'],
        ['pipeline.sql', 'extended'],
        ['pipeline.sql', 'prepared'],
      ] as const) {
        const result = await pgbench(subject.connection, ['-n', '-f', join(directory, script), '-M', mode, '-c', '4', '-j', '2', '-t', '15', '--max-tries=5']);
        assert.equal(result.status, 0, result.stderr);
        assert.match(result.stdout, /actually processed: 60\/60\n/);
        assert.match(result.stdout, /number of failed transactions: 0 /);
      }
      assert.equal(
        await psqlOk(
          subject.connection,
          'SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history), (SELECT count(*) FROM pgbench_history)',
        ),
        't|300\n',
      );
    });
  }
});
