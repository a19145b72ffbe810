/** A full disk costs writes, for as long as it is full, and nothing else: see storage's DESIGN.md on the reserve. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { Shoal } from '../support/shoal.js';
import { connect, textQuery } from '../support/subject.js';
import { createLedger, FailingDisk, fill, freeBytes, Load, Scratch } from './support.js';

describe('a full disk', function () {
  this.timeout(120_000);
  const scratch = new Scratch();
  let shoal: Shoal | undefined;
  after(() => scratch.remove());
  afterEach(async () => await shoal?.kill('SIGKILL'));

  it('refuses writes with 53100, reads on, loses nothing, can be started and killed, and goes on when there is space', async function () {
    const disk = scratch.mount(this, 'small', 72);
    const dataDirectory = join(disk, 'data');
    let server = await Shoal.start({ dataDirectory });
    shoal = server;
    await createLedger(server.connection);
    const load = new Load(() => server.connection).start(4);
    await load.progress(50);

    const open = await connect(server.connection, 20_000);
    await textQuery(open, 'BEGIN');
    await textQuery(open, "INSERT INTO ledger VALUES (-1, -1, 0, 'a'), (-2, -1, 0, 'b')");
    let filler = fill(disk);
    await load.refusal('53100');
    await assert.rejects(textQuery(open, "INSERT INTO ledger SELECT -i, -i, 0, repeat('x', 1000) FROM generate_series(10, 30000) i"), {
      code: '53100',
      message: 'could not extend file: No space left on device',
      hint: 'Check free disk space, of the data directory and of the directory for temporary files.',
    });
    await assert.rejects(textQuery(open, 'SELECT 1'), { code: '25P02' });
    await textQuery(open, 'ROLLBACK');
    assert.equal((await textQuery(open, 'SELECT count(*) FROM ledger WHERE pair < 0')).rows[0]?.[0], '0');
    await open.end();
    assert.ok(server.alive, server.log);
    await load.verify(server.connection);

    for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
      await server.kill(signal);
      filler = fill(disk);
      server = await Shoal.start({ dataDirectory });
      shoal = server;
      await load.verify(server.connection);
      await load.refusal('53100');
    }
    assert.match(server.log, /LOG: {2}no space left on the device of .*: the database is read-only until 12 MB can be put by again/);
    rmSync(filler);
    await load.progress(20);
    await load.stop();
    assert.match(server.log, /LOG: {2}there is space on the device again: writes go on/);
    await load.verify(server.connection);
    assert.ok(freeBytes(disk) > 0);
    assert.deepEqual([...load.refused.keys()], ['53100']);
    await server.kill('SIGTERM');
  });

  it('that SQLite meets after the log has the commit: committed is committed', async function () {
    const disk = FailingDisk.prepare(this, scratch);
    const dataDirectory = scratch.path('wal');
    const reserve = join(dataDirectory, 'reserve');
    let server = await Shoal.start({ dataDirectory, env: disk.env });
    shoal = server;
    await createLedger(server.connection);
    const client = await connect(server.connection, 20_000);
    await textQuery(client, 'CREATE SEQUENCE counted');
    const load = new Load(() => server.connection).start(3);
    for (const statement of [
      "INSERT INTO ledger VALUES (-1, -1, 5, 'x'), (-2, -1, -5, 'y')",
      'CREATE TABLE made (id serial PRIMARY KEY, v text) PARTITION BY HASH (id) WITH (shards = 3)',
      "SELECT nextval('counted')",
    ]) {
      await load.progress(10);
      disk.fail('no-space', '-wal', reserve);
      await textQuery(client, statement).catch((error: unknown) => assert.equal((error as { code?: string }).code, '53100', String(error)));
      await load.refusal('53100');
      await load.verify(server.connection);
      disk.mend();
    }
    await load.progress(10);
    disk.fail('no-space', '-wal', reserve);
    await load.refusal('53100');
    await server.kill('SIGKILL');
    server = await Shoal.start({ dataDirectory, env: disk.env });
    shoal = server;
    await load.verify(server.connection);
    disk.mend();
    await load.progress(10);
    await load.stop();
    await load.verify(server.connection);
    assert.deepEqual([...load.refused.keys()], ['53100']);
  });
});
