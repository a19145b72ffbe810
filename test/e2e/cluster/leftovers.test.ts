/**
 * CREATE and DROP DATABASE in a cluster that are cut off by kill -9, what they leave goes by itself, and is in nobody's way. SHOAL_CUTS=all: at all points, not only where
 * there is a key already.
 */
import assert from 'node:assert/strict';
import { needEtcd } from '../../support/etcd.js';
import { LocalCluster } from '../../support/local-cluster.js';

describe('databases whose making was cut off', function () {
  this.timeout(300_000);
  const cluster = new LocalCluster(3);
  const prefix = '/shoal/main/databases/';
  const keys = async (): Promise<readonly string[]> =>
    (await cluster.etcdctl('get', '--prefix', '--keys-only', prefix))
      .split('\n')
      .filter((line) => line !== '')
      .map((key) => key.slice(prefix.length))
      .sort();
  const listed = async (node: number): Promise<readonly string[]> =>
    ['0', ...(await cluster.ask(node, 'SELECT oid::text FROM pg_database')).flat().map(String)].sort();
  /** Until it is done, whoever is lost meanwhile. */
  const until = async (node: number, sql: string, database?: string): Promise<void> => {
    let told = '';
    await cluster.until(sql, async () =>
      cluster.ask(node, sql, database).then(
        () => true,
        (error: { readonly code?: string; readonly message: string }) => {
          told = `${error.code ?? ''} ${error.message}`;
          return /^(42P04|3D000)/.test(told);
        },
      ),
    );
  };
  const settled = async (node: number): Promise<void> => {
    await cluster.until('keys and list are the same', async () => (await keys()).join() === (await listed(node)).join());
  };

  before(async function () {
    needEtcd(this);
    await cluster.up();
    await cluster.replicated(3);
  });
  after(async () => {
    await cluster.down();
  });

  it("are in nobody's way", async () => {
    const { isr: _isr, ...configuration } = (await cluster.configuration(5)) ?? {};
    await cluster.etcdctl('put', `${prefix}900000000`, JSON.stringify({ ...configuration, isr: ['node-1'], primary: 'node-1', epoch: 0, token: '' }));
    await cluster.ask(2, 'CREATE DATABASE made');
    // It can be worked with at once, at every node.
    for (const node of cluster.nodes) assert.deepEqual(await cluster.ask(node, 'SELECT 1', 'made'), [['1']]);
    await settled(3);
  });

  const cuts = [
    ['before anything is made', 'CREATE DATABASE cut', async () => await Promise.resolve(true)],
    ['once there is a key', 'CREATE DATABASE cut', async (before: readonly string[]) => (await keys()).length > before.length],
    ['while it is dropped', 'DROP DATABASE made', async () => await Promise.resolve(true)],
  ] as const;
  for (const [what, sql, mayKill] of process.env['SHOAL_CUTS'] === 'all' ? cuts : cuts.slice(1, 2)) {
    it(`leave nothing when the nodes die ${what}`, async () => {
      const before = await keys();
      const asking = cluster.ask(1, sql).catch(() => undefined);
      await cluster.until('the moment has come', async () => await mayKill(before));
      for (const node of new Set([await cluster.primaryOf(1), 1])) process.kill(cluster.pid(node), 'SIGKILL');
      await asking;
      await cluster.up();
      await until(2, sql);
      await settled(2);
      await until(3, 'DROP DATABASE IF EXISTS cut');
      await settled(3);
    });
  }
});
