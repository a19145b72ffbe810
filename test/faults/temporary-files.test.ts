/** A full directory for temporary files costs the query that needs them, and what a query has put there goes with it. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';
import { createLedger, freeBytes, Load, Scratch } from './support.js';

/** Sorts so many MB. */
const sorting = (megabytes: number): string =>
  `SELECT count(*), max(p) FROM (SELECT repeat('x', 1000) || (g * 7919 % 100003) AS p FROM generate_series(1, ${String(megabytes * 1000)}) g ORDER BY p OFFSET 1) s`;

describe('a full directory for temporary files', function () {
  this.timeout(120_000);
  const scratch = new Scratch();
  let shoal: Shoal | undefined;
  after(async () => {
    await shoal?.stop();
    scratch.remove();
  });

  it('fails the query with 53100 and nobody else, and is empty afterwards', async function () {
    const directory = scratch.mount(this, 'temp', 24);
    const stale = join(directory, 'shoal-999999999-1-1.tmp');
    writeFileSync(stale, 'left by a crash');
    const server = await Shoal.start({ dataDirectory: scratch.path('data'), flags: ['--temp-dir', directory] });
    shoal = server;
    assert.ok(!existsSync(stale));
    await createLedger(server.connection);
    const load = new Load(() => server.connection).start(2);
    await load.progress(10);
    const before = freeBytes(directory);
    const client = await connect(server.connection, 60_000);
    await assert.rejects(textQuery(client, sorting(80)), { code: '53100', hint: /directory for temporary files/ });
    assert.equal((await textQuery(client, sorting(1))).rows[0]?.[0], '999');
    // In a transaction that writes, it runs on the lane, among the others' commits.
    await textQuery(client, 'BEGIN');
    await textQuery(client, "INSERT INTO ledger VALUES (-1, -1, 0, 'a'), (-2, -1, 0, 'b')");
    await textQuery(client, 'SAVEPOINT s');
    await assert.rejects(textQuery(client, sorting(80)), { code: '53100' });
    await textQuery(client, 'ROLLBACK TO s');
    await textQuery(client, 'COMMIT');
    assert.equal((await textQuery(client, 'SELECT count(*) FROM ledger WHERE pair = -1')).rows[0]?.[0], '2');
    await load.progress(10);
    await load.stop();
    await load.verify(server.connection);
    assert.deepEqual([...load.refused.keys()], [], 'the others notice nothing');
    assert.equal(load.disconnections, 0);
    assert.ok(freeBytes(directory) > before - 4 * 1024 * 1024, `${String(before - freeBytes(directory))} bytes are left in temporary files`);
    await client.end();
  });
});
