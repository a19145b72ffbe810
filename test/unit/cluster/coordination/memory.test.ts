/** The store in memory under a virtual clock: what simulations use. */
import { EngineBackend } from '../../../../src/cluster/coordination/embedded/engine-backend.js';
import { StoreEngine } from '../../../../src/cluster/coordination/embedded/store-engine.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import { VirtualClock } from '../../../support/virtual-clock.js';
import { coordinationStoreContract } from './contract.js';

coordinationStoreContract('the coordination store in memory', async () => {
  await Promise.resolve();
  const clock = new VirtualClock();
  const engine = new StoreEngine({ clock });
  return {
    connect: () => connectStore(new EngineBackend(engine, clock), { clock, log: () => undefined }),
    pass: async (ms) => {
      await clock.advance(ms);
    },
    compact: async (revision) => {
      await Promise.resolve();
      engine.compact(revision);
    },
    endLease: async (id) => {
      await Promise.resolve();
      engine.revokeLease(id);
    },
    close: async () => {
      await Promise.resolve();
      engine.close();
    },
  };
});
