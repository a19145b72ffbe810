/** What nodes settle in the store before they begin, and what they make of keys that somebody else has written. */
import assert from 'node:assert/strict';
import { EngineBackend } from '../../../../src/cluster/coordination/embedded/engine-backend.js';
import { StoreEngine } from '../../../../src/cluster/coordination/embedded/store-engine.js';
import { type CoordinationStore, StoreError } from '../../../../src/cluster/coordination/store.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import { claimNumber, clusterIdentity, clusterSecret, makeConfiguration } from '../../../../src/cluster/membership/claims.js';
import { ClusterKeys } from '../../../../src/cluster/membership/cluster-keys.js';
import { systemClock } from '../../../../src/common/clock.js';

const keys = new ClusterKeys('test');
const numbersMax = 4;

describe("a node's claims", () => {
  let engine: StoreEngine;
  let store: CoordinationStore;
  let told: string[];
  const claim = async (node: string): Promise<number> => await claimNumber(store, keys, node, numbersMax, (line) => told.push(line));

  beforeEach(() => {
    told = [];
    engine = new StoreEngine({ clock: systemClock });
    store = connectStore(new EngineBackend(engine, systemClock), { clock: systemClock, log: () => undefined });
  });
  afterEach(async () => {
    await store.close();
    engine.close();
  });

  it('give each node a number, the same each time', async () => {
    assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(claim)).then((numbers) => [...numbers].sort()), [0, 1, 2]);
    assert.equal(await claim('b'), await claim('b'));
    assert.deepEqual(told, []);
  });

  it('pass over numbers whose owner is not understood, and say so once', async () => {
    for (const [at, value] of ['{nonsense', 'null', '{"node":7}'].entries()) await store.put(keys.number(at), value);
    assert.equal(await claim('a'), 3);
    assert.equal(told.length, 3);
    for (const [at, line] of told.entries()) assert(line.startsWith(`the key ${keys.number(at)} is not understood`), line);
    await assert.rejects(claim('b'), /all 4 numbers of nodes are taken/);
  });

  it('refuse what else is not understood, by the name of its key', async () => {
    const refused = async (key: string, ask: () => Promise<unknown>): Promise<void> => {
      for (const value of ['{nonsense', '7', 'null', '""']) {
        await store.put(key, value);
        await assert.rejects(ask, (error) => error instanceof StoreError && error.kind === 'refused' && error.message.includes(key));
      }
    };
    await refused(keys.secret, async () => await clusterSecret(store, keys));
    await refused(keys.identity, async () => await clusterIdentity(store, keys));
    await refused(keys.database(5), async () => await makeConfiguration(store, keys, 5, 'a'));
  });
});
