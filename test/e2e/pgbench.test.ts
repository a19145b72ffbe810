/** pgbench's built-in scripts over each protocol mode, with its tables as reference tables and with the accounts distributed. The sums must agree. */
import assert from 'node:assert/strict';
import { pgbench, psqlOk, requireClient } from '../support/psql.js';
import { startSubject, type Subject } from '../support/subject.js';

const scale = process.env['SHOAL_PGBENCH_SCALE'] ?? '1';
const seconds = process.env['SHOAL_PGBENCH_SECONDS'] ?? '2';

for (const layout of ['reference', 'distributed'] as const) {
  describe(`pgbench, ${layout} tables`, function () {
    this.timeout(300_000);
    let subject: Subject;

    before(async function () {
      requireClient(this, 'pgbench');
      subject = await startSubject(this);
    });

    after(async () => await subject?.stop());

    it(`initialises with scale ${scale}`, async () => {
      const result = await pgbench(subject.connection, ['-i', '-s', scale]);
      assert.equal(result.status, 0, result.stderr);
      assert.equal(await psqlOk(subject.connection, 'SELECT count(*), sum(abalance) FROM pgbench_accounts'), `${Number(scale) * 100_000}|0\n`);
    });

    if (layout === 'distributed') {
      it('distributes the filled table of accounts by aid', async () => {
        if (!subject.isPostgres) await psqlOk(subject.connection, "SELECT create_distributed_table('pgbench_accounts', 'aid')");
        assert.equal(
          await psqlOk(subject.connection, 'SELECT count(*), min(aid), max(aid) FROM pgbench_accounts'),
          `${Number(scale) * 100_000}|1|${Number(scale) * 100_000}\n`,
        );
      });
    }

    for (const script of ['select-only', 'simple-update', 'tpcb-like']) {
      for (const protocol of ['simple', 'extended', 'prepared']) {
        it(`runs ${script} by the ${protocol} protocol without an error`, async () => {
          const result = await pgbench(subject.connection, ['-n', '-b', script, '-M', protocol, '-c', '4', '-j', '1', '-T', seconds]);
          assert.equal(result.status, 0, result.stderr);
          assert.match(result.stdout, /number of failed transactions: 0 /);
          const done = /number of transactions actually processed: (\d+)/.exec(result.stdout)?.[1];
          assert.ok(Number(done) > 0, result.stdout);
        });
      }
    }

    it('keeps every balance: accounts, tellers, branches and history agree', async () => {
      // simple-update changes accounts and history only, so tellers and branches agree with the rest once its deltas are gone.
      const sums = await psqlOk(subject.connection, `SELECT (SELECT sum(abalance) FROM pgbench_accounts), (SELECT sum(delta) FROM pgbench_history)`);
      const [accounts, history] = sums.trim().split('|');
      assert.equal(accounts, history);
      await psqlOk(
        subject.connection,
        'UPDATE pgbench_accounts SET abalance = 0; UPDATE pgbench_tellers SET tbalance = 0; UPDATE pgbench_branches SET bbalance = 0; TRUNCATE pgbench_history;',
      );
      const result = await pgbench(subject.connection, ['-n', '-b', 'tpcb-like', '-M', 'prepared', '-c', '8', '-j', '1', '-t', '50']);
      assert.equal(result.status, 0, result.stderr);
      const all = await psqlOk(
        subject.connection,
        `SELECT sum(abalance) FROM pgbench_accounts UNION ALL SELECT sum(tbalance) FROM pgbench_tellers
         UNION ALL SELECT sum(bbalance) FROM pgbench_branches UNION ALL SELECT sum(delta) FROM pgbench_history`,
      );
      assert.equal(new Set(all.trim().split('\n')).size, 1, all);
      assert.equal(await psqlOk(subject.connection, 'SELECT count(*) FROM pgbench_history'), '400\n');
    });
  });
}
