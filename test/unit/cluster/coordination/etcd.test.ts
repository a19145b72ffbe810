/** The coordination store over a real etcd. */
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdBackend } from '../../../../src/cluster/coordination/etcd/etcd-backend.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import { systemClock } from '../../../../src/common/clock.js';
import { startEtcd } from '../../../support/etcd.js';
import { coordinationStoreContract } from './contract.js';

coordinationStoreContract('the coordination store over etcd', async (context) => {
  const etcd = await startEtcd(context);
  const log = (): void => undefined;
  return {
    connect: () => connectStore(new EtcdBackend({ endpoints: [etcd.address], log }), { clock: systemClock, log }),
    pass: async (ms) => {
      await sleep(ms);
    },
    compact: async (revision) => {
      await etcd.control('compact', String(revision));
    },
    endLease: async (id) => {
      await etcd.control('lease', 'revoke', BigInt(id).toString(16));
    },
    close: async () => {
      await etcd.stop();
    },
  };
});
