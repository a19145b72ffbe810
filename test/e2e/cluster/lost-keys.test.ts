/** A coordination store that loses what it knew of databases: their copies are closed, and kept; back with the keys they are as they were. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { needEtcd } from '../../support/etcd.js';
import { LocalCluster } from '../../support/local-cluster.js';

describe('a coordination store that loses keys', function () {
  this.timeout(240_000);
  const cluster = new LocalCluster(1);
  const directory = (name: string): string => join(cluster.directory, 'node-1', name, 'manifest.json');

  before(async function () {
    needEtcd(this);
    await cluster.up();
  });
  after(async () => {
    await cluster.down();
  });

  it('takes no data with them; a database that is dropped goes', async () => {
    await cluster.ask(1, 'CREATE TABLE kept AS SELECT 7 AS n');
    await cluster.ask(1, 'CREATE DATABASE dropped');
    const [[oid]] = (await cluster.ask(1, "SELECT oid FROM pg_database WHERE datname = 'dropped'")) as [[string]];
    assert.ok(existsSync(directory(oid)));
    await cluster.ask(1, 'DROP DATABASE dropped');
    await cluster.until('the files of the dropped database are gone', async () => await Promise.resolve(!existsSync(directory(oid))));

    const keys = (await cluster.etcdctl('get', '--prefix', '--keys-only', '/shoal/main/databases/')).split('\n').filter((key) => key !== '');
    const values = new Map<string, string>();
    for (const key of keys) values.set(key, (await cluster.etcdctl('get', '--print-value-only', key)).trim());
    await cluster.etcdctl('del', '--prefix', '/shoal/main/databases/');
    await cluster.until(
      'the copies are closed',
      async () => await Promise.resolve((cluster.log(1).match(/its copy is closed, and kept/g) ?? []).length === keys.length),
    );
    for (const [key, value] of values) await cluster.etcdctl('put', key, value);
    await cluster.until(
      'the databases are back',
      async () =>
        await cluster.ask(1, 'SELECT n FROM kept').then(
          (rows) => rows[0]?.[0] === '7',
          () => false,
        ),
    );
  });
});
