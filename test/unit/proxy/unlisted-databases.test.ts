/** Keys that a CREATE or DROP DATABASE has left, over a store in memory and a lane that is played. */
import assert from 'node:assert/strict';
import { initialServerCatalog } from '../../../src/catalog/server-catalog.js';
import { EngineBackend } from '../../../src/cluster/coordination/embedded/engine-backend.js';
import { StoreEngine } from '../../../src/cluster/coordination/embedded/store-engine.js';
import type { CoordinationStore } from '../../../src/cluster/coordination/store.js';
import { connectStore } from '../../../src/cluster/coordination/store-client.js';
import { ClusterKeys } from '../../../src/cluster/membership/cluster-keys.js';
import { formatConfiguration, newConfiguration } from '../../../src/cluster/replication/configuration.js';
import { systemClock } from '../../../src/common/clock.js';
import { PgError } from '../../../src/common/errors.js';
import { forgetUnlisted, keysOfDatabase, type ListWriter } from '../../../src/proxy/unlisted-databases.js';

const keys = new ClusterKeys('test');
const oid = 900_000_000;

describe('keys of databases that are in no list', () => {
  let engine: StoreEngine;
  let store: CoordinationStore;
  let told: string[];
  let steps: string[];
  /** What happens once the lock is held. */
  let whenLocked: () => Promise<void>;

  beforeEach(async () => {
    [told, steps, whenLocked] = [[], [], async () => await Promise.resolve()];
    engine = new StoreEngine({ clock: systemClock });
    store = connectStore(new EngineBackend(engine, systemClock), { clock: systemClock, log: () => undefined });
    const value = formatConfiguration(newConfiguration('a', ['a', 'b'], 1));
    for (const database of [0, 1, 4, 5, oid]) await store.put(keys.database(database), value);
    for (const key of keysOfDatabase(keys, oid)) await store.put(key, value);
  });
  afterEach(async () => {
    await store.close();
    engine.close();
  });

  const writer = (list = initialServerCatalog): ListWriter => ({
    list,
    lane: {
      begin: async () => {
        steps.push('begin');
        return await Promise.resolve({ transaction: 1 } as Awaited<ReturnType<ListWriter['lane']['begin']>>);
      },
      ddl: async (request) => {
        steps.push('lock');
        assert.equal(request.baseVersion, list.version);
        await whenLocked();
        return undefined;
      },
      rollback: async () => {
        steps.push('rollback');
        await Promise.resolve();
      },
    },
  });
  const forget = async (node: string, list?: typeof initialServerCatalog): Promise<number> =>
    await forgetUnlisted({ store, keys, node, log: (line) => told.push(line) }, async (work) => await work(writer(list)));
  const left = async (): Promise<readonly string[]> => (await store.list(keys.root)).entries.map(({ key }) => key.slice(keys.root.length)).sort();
  const listed = ['databases/0', 'databases/1', 'databases/4', 'databases/5'];

  it('go, with everything that belongs to them, while nobody can make or drop a database', async () => {
    assert.equal(await forget('a'), 1);
    assert.deepEqual(await left(), listed);
    assert.deepEqual(steps, ['begin', 'lock', 'rollback']);
    assert.match(told.join(), /900000000/);
    // Nothing is left: nobody is held up.
    assert.equal(await forget('a'), 0);
    assert.equal(steps.length, 3);
  });

  it('stay when the list is in other hands', async () => {
    assert.equal(await forget('b'), 0);
    assert.deepEqual(steps, []);
    whenLocked = async () => {
      await store.put(keys.database(0), formatConfiguration(newConfiguration('b', ['a', 'b'], 1)));
    };
    assert.equal(await forget('a'), 0);
    assert.equal((await left()).includes(`databases/${String(oid)}`), true);
  });

  it('stay when the list has them, or the lock cannot be had', async () => {
    const [template] = initialServerCatalog.databases;
    assert(template !== undefined);
    const list = { ...initialServerCatalog, databases: [...initialServerCatalog.databases, { ...template, oid, name: 'new', directory: String(oid) }] };
    assert.equal(await forget('a', list), 0);
    whenLocked = async () => await Promise.reject(new PgError('55P03', 'canceling statement due to lock timeout'));
    await assert.rejects(forget('a'), { code: '55P03' });
    assert.deepEqual(steps.slice(-3), ['begin', 'lock', 'rollback']);
    assert.equal((await left()).includes(`databases/${String(oid)}`), true);
  });
});
