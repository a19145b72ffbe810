/** SIGSTOP for a while, as a frozen machine is: whoever waits goes on after SIGCONT. `SHOAL_STOP_SECONDS` sets how long. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';
import { createLedger, Load, Scratch } from './support.js';

const seconds = Number(process.env['SHOAL_STOP_SECONDS'] ?? 4);

describe('a server that is stopped (SIGSTOP) for a while', function () {
  this.timeout(60_000 + seconds * 2000);
  const scratch = new Scratch();
  let shoal: Shoal | undefined;
  after(async () => {
    await shoal?.stop();
    scratch.remove();
  });

  it('goes on with all its clients; timeouts that are over have their say, others do not', async () => {
    const server = await Shoal.start({ dataDirectory: scratch.path('data') });
    shoal = server;
    await createLedger(server.connection);
    const load = new Load(
      () => server.connection,
      `SET idle_session_timeout = '${String(seconds + 60)}s'; SET statement_timeout = '${String(seconds + 60)}s'`,
    ).start(6);
    const patient = await connect(server.connection);
    const impatient = await connect(server.connection);
    await textQuery(impatient, "SET statement_timeout = '1s'");
    await load.progress(20);
    const held = await connect(server.connection);
    await textQuery(held, 'BEGIN');
    await textQuery(held, "INSERT INTO ledger VALUES (-1, -1, 0, 'a'), (-2, -1, 0, 'b')");
    const slept = textQuery(patient, 'SELECT pg_sleep(0.5)');
    const cut = assert.rejects(textQuery(impatient, 'SELECT pg_sleep(30)'), { code: '57014' });
    process.kill(server.pid, 'SIGSTOP');
    await sleep(seconds * 1000);
    process.kill(server.pid, 'SIGCONT');
    await slept;
    await cut;
    assert.equal((await textQuery(impatient, 'SELECT 1')).rows[0]?.[0], '1');
    await textQuery(held, 'COMMIT');
    await load.progress(20);
    await load.stop();
    assert.equal(load.disconnections, 0);
    assert.deepEqual([...load.refused.keys()], []);
    await load.verify(server.connection);
    for (const client of [patient, impatient, held]) await client.end();
  });
});
