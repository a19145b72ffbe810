import assert from 'node:assert/strict';
import { EtcdBackend } from '../../../../src/cluster/coordination/etcd/etcd-backend.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import { skyDnsEntries, skyDnsKey, SkyDnsPublication } from '../../../../src/cluster/discovery/skydns-keys.js';
import { systemClock } from '../../../../src/common/clock.js';
import { startEtcd } from '../../../support/etcd.js';

const zone = { domain: 'cluster.example', service: 'shoal' };
const node = { name: 'Node-1', host: '10.0.0.1', port: 5432, databases: ['postgres', 'not a label'] };

describe('SkyDNS keys', () => {
  it('are names from the right, nodes and databases in groups of their own', () => {
    assert.equal(skyDnsKey('Shoal.service.cluster.example.'), '/skydns/example/cluster/service/shoal');
    const record = { host: '10.0.0.1', port: 5432, priority: 1, weight: 1, ttl: 1 };
    assert.deepEqual(
      [...skyDnsEntries(zone, node)].map(([key, value]) => [key, JSON.parse(value) as unknown]),
      [
        ['/skydns/example/cluster/service/shoal/node-1', { ...record, group: 'nodes' }],
        ['/skydns/example/cluster/service/shoal/postgres/node-1', { ...record, group: 'databases' }],
      ],
    );
  });

  it('are in etcd as long as the node’s lease, and follow what it has', async function () {
    const etcd = await startEtcd(this);
    const log = (): void => undefined;
    const store = connectStore(new EtcdBackend({ endpoints: [etcd.address], log }), { clock: systemClock, log });
    const keys = async (): Promise<readonly string[]> =>
      (await store.list('/skydns/')).entries.map(({ key }) => key.replace('/skydns/example/cluster/service/', ''));
    const become = async (...wanted: readonly string[]): Promise<void> => {
      for (let found = await keys(); found.join() !== wanted.join(); found = await keys());
    };
    const publication = new SkyDnsPublication({ store, zone, clock: systemClock, log });
    publication.say(node);
    await become('shoal/node-1', 'shoal/postgres/node-1');
    const leases = (await store.list('/skydns/')).entries.map(({ lease }) => lease);
    assert(leases.every((lease) => lease !== undefined));
    publication.say({ ...node, databases: ['sales'] });
    await become('shoal/node-1', 'shoal/sales/node-1');
    publication.say(undefined);
    await become();
    publication.say(node);
    await become('shoal/node-1', 'shoal/postgres/node-1');
    await publication.close();
    assert.deepEqual(await keys(), []);
    await store.close();
    await etcd.stop();
  });
});
