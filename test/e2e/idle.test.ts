/** Clients that keep silent longer than they may are sent away, and what they held is free. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';

describe('idle timeouts', function () {
  this.timeout(60_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-idle-'));
  let shoal: Shoal;

  before(async () => {
    shoal = await Shoal.start({ dataDirectory: directory });
  });

  after(async () => {
    await shoal?.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function endOf(client: pg.Client): Promise<string | undefined> {
    return await new Promise((resolve) => client.once('error', (error: Error & { code?: string }) => resolve(error.code)));
  }

  it('idle_in_transaction_session_timeout ends a silent transaction and frees its rows; outside of transactions silence is allowed', async () => {
    const other = await connect(shoal.connection);
    await textQuery(other, 'CREATE TABLE held (v int)');
    await textQuery(other, 'INSERT INTO held VALUES (1)');
    const silent = await connect(shoal.connection);
    await textQuery(silent, 'SET idle_in_transaction_session_timeout = 200');
    await sleep(500);
    await textQuery(silent, 'BEGIN');
    const ended = endOf(silent);
    await textQuery(silent, 'UPDATE held SET v = 2');
    assert.equal(await ended, '25P03');
    await textQuery(other, 'UPDATE held SET v = v + 10');
    assert.deepEqual((await textQuery(other, 'SELECT v FROM held')).rows, [['11']]);
    await other.end();
  });

  it('idle_session_timeout ends a silent session', async () => {
    const silent = await connect(shoal.connection);
    await textQuery(silent, 'SET idle_session_timeout = 200');
    assert.equal(await endOf(silent), '57P05');
  });
});
