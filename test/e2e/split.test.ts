/** Shards are split while pgbench runs, and what a kill -9 has cut off is gone on with. SHOAL_SPLITS: how many times (2). */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { pgbench, psqlOk, requireClient } from '../support/psql.js';
import { Shoal } from '../support/shoal.js';
import { connect } from '../support/subject.js';

const splits = Number(process.env['SHOAL_SPLITS'] ?? 2);
const shardsAtFirst = 2;

const tables = `
  CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
  CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
  CREATE TABLE pgbench_accounts (aid int PRIMARY KEY, bid int, abalance int, filler char(84)) PARTITION BY HASH (aid) WITH (shards = ${String(shardsAtFirst)});
  CREATE TABLE pgbench_history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22)) PARTITION BY HASH (aid) WITH (colocate_with = 'pgbench_accounts');
  INSERT INTO pgbench_branches VALUES (1, 0, '');
  INSERT INTO pgbench_tellers SELECT g, 1, 0, '' FROM generate_series(1, 10) g;
  INSERT INTO pgbench_accounts SELECT g, 1, 0, '' FROM generate_series(1, 100000) g;
`;
const sums = `SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT coalesce(sum(delta), 0) FROM pgbench_history),
  (SELECT sum(tbalance) FROM pgbench_tellers) = (SELECT coalesce(sum(delta), 0) FROM pgbench_history), (SELECT count(*) FROM pgbench_accounts), shoal_check()`;

describe('shards that are split', function () {
  this.timeout(300_000);
  let shoal: Shoal | undefined;
  const server = (): Shoal => {
    assert(shoal !== undefined);
    return shoal;
  };
  const shards = async (): Promise<number> => Number(await psqlOk(server().connection, "SELECT count(*) FROM shoal.shards WHERE colocation_group = 'g1'"));

  before(async function () {
    requireClient(this, 'pgbench');
    shoal = await Shoal.start();
    await psqlOk(shoal.connection, tables);
  });

  after(async () => await shoal?.stop());

  it('are read and written by pgbench meanwhile, which is told of nothing', async () => {
    let isOver = false;
    const runs = (async () => {
      let transactions = 0;
      while (!isOver) {
        const result = await pgbench(server().connection, ['-n', '-b', 'tpcb-like', '-M', 'prepared', '-c', '4', '-j', '1', '-t', '25', '--max-tries', '100']);
        assert.equal(result.status, 0, result.stderr);
        assert.match(result.stdout, /number of failed transactions: 0 /);
        transactions += 100;
      }
      return transactions;
    })();
    try {
      for (let split = 0; split < splits; split++)
        await psqlOk(server().connection, `SELECT shoal_split_shard('pgbench_accounts', ${String((split * 2) % (shardsAtFirst + split))})`);
    } finally {
      isOver = true;
    }
    const transactions = await runs;
    assert.equal(await shards(), shardsAtFirst + splits);
    assert.equal(await psqlOk(server().connection, sums), 't|t|100000|[]\n');
    assert.equal(await psqlOk(server().connection, 'SELECT count(*) FROM pgbench_history'), `${String(transactions)}\n`);
  });

  it('are what they shall be after a kill -9 has cut the split off', async () => {
    const before = await shards();
    const holder = await connect(server().connection);
    holder.on('error', () => undefined);
    await holder.query('BEGIN; UPDATE pgbench_accounts SET abalance = abalance + 1 WHERE aid = 1');
    await psqlOk(server().connection, "SELECT shoal_split_shard('pgbench_accounts', 1, 3, wait => false)");
    await psqlOk(server().connection, 'UPDATE pgbench_accounts SET bid = 2 WHERE aid BETWEEN 100 AND 199');
    await server().kill();
    const { dataDirectory } = server();
    shoal = await Shoal.start({ dataDirectory });
    while ((await psqlOk(shoal.connection, 'SELECT count(*) FROM shoal.shards WHERE split_percent IS NOT NULL')) !== '0\n') await sleep(100);
    assert.equal(await shards(), before + 2);
    assert.equal(await psqlOk(shoal.connection, sums), 't|t|100000|[]\n');
    assert.equal(await psqlOk(shoal.connection, 'SELECT count(*) FROM pgbench_accounts WHERE bid = 2'), '100\n');
  });
});
