import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { portsToTransfer } from '../../../src/storage/database-host.js';
import { DatabaseHosts } from '../../../src/storage/database-hosts.js';
import { requirePageGuard } from '../../../src/storage/integrity/page-guard.js';
import { StorageThreads } from '../../../src/storage/storage-threads.js';
import { TestDatabase } from './support.js';

describe('the databases of a data directory', function () {
  this.timeout(60_000);
  let directory: string;
  let threads: StorageThreads;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-hosts-'));
    threads = new StorageThreads({
      scanThreads: 1,
      reservePath: join(directory, 'reserve'),
      onFailure: (error) => {
        throw error;
      },
    });
  });
  afterEach(async () => {
    await threads.shutdown();
    rmSync(directory, { recursive: true, force: true });
  });

  it('are those of PostgreSQL in a new one, and open only while somebody wants them', async () => {
    const hosts = await DatabaseHosts.start(threads, directory, 10);
    const { databases } = hosts.serverCatalog;
    deepEqual(
      databases.map(({ oid, name }) => [oid, name]),
      [
        [1, 'template1'],
        [4, 'template0'],
        [5, 'postgres'],
      ],
    );
    const [template1] = databases;
    ok(template1);
    const isOpen = (): boolean => existsSync(join(directory, 'template1', 'lock.pid'));
    equal(isOpen(), false);
    const first = await hosts.attach(template1);
    equal(first.isFirst, true);
    equal(isOpen(), true);
    const waiting = hosts.attach(template1);
    hosts.setReady(template1.oid);
    equal((await waiting).isFirst, false);
    for (const { ports } of [first, await waiting]) {
      for (const port of portsToTransfer(ports)) port.close();
      hosts.release(template1.oid);
    }
    for (let waited = 0; isOpen() && waited < 10_000; waited += 20) await new Promise((resolve) => setTimeout(resolve, 20));
    equal(isOpen(), false);
    await hosts.close();
  });

  it('take roles, owner and comment from a database of the time when there was one', async () => {
    const old = new TestDatabase(directory);
    old.reader.shutdown();
    await old.lane.shutdown();
    requirePageGuard();
    const db = new Database(join(directory, 'postgres', 'global.sqlite'));
    const put = db.prepare('INSERT OR REPLACE INTO _shoal_object(oid, kind, json) VALUES (?, ?, ?)');
    put.run(10, 'role', JSON.stringify({ oid: 10, name: 'postgres', superuser: true, login: true }));
    put.run(16_400, 'role', JSON.stringify({ oid: 16_400, name: 'anna', superuser: false, login: true }));
    put.run(0, 'database', JSON.stringify({ database: 'postgres', nextOid: 16_401, owner: 'anna', comment: 'old' }));
    db.close();
    const hosts = await DatabaseHosts.start(threads, directory);
    const server = hosts.serverCatalog;
    deepEqual(
      server.roles.map(({ name }) => name),
      ['postgres', 'anna'],
    );
    const entry = server.databases.find(({ oid }) => oid === 5);
    deepEqual([entry?.name, entry?.owner, entry?.comment, entry?.directory], ['postgres', 'anna', 'old', 'postgres']);
    await hosts.close();
  });

  it('are never made anew where one of the list is missing, and what nobody lists is removed', async () => {
    await (await DatabaseHosts.start(threads, directory)).close();
    rmSync(join(directory, 'template1'), { recursive: true });
    mkdirSync(join(directory, '16999.new'));
    const hosts = await DatabaseHosts.start(threads, directory);
    ok(!readdirSync(directory).includes('16999.new'));
    const [template1] = hosts.serverCatalog.databases;
    ok(template1);
    await rejects(hosts.attach(template1), { code: 'XX001', message: `the directory "${join(directory, 'template1')}" of database "template1" is missing` });
    await hosts.close();
  });
});
