/** The leader's placement over a store in memory, under a virtual clock; the nodes' part (copying, taking over) is played by hand. */
import assert from 'node:assert/strict';
import { EngineBackend } from '../../../../src/cluster/coordination/embedded/engine-backend.js';
import { StoreEngine } from '../../../../src/cluster/coordination/embedded/store-engine.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import type { CoordinationStore } from '../../../../src/cluster/coordination/store.js';
import { ClusterKeys } from '../../../../src/cluster/membership/cluster-keys.js';
import { type Leadership, LeaderElection } from '../../../../src/cluster/membership/leader-election.js';
import { type NodeRecord, writeNodeRecord } from '../../../../src/cluster/membership/node-record.js';
import { writeDatabaseFacts } from '../../../../src/cluster/placement/database-facts.js';
import { writeOperatorWish } from '../../../../src/cluster/placement/operator-wish.js';
import { PlacementController } from '../../../../src/cluster/placement/placement-controller.js';
import { type Configuration, formatConfiguration, newConfiguration, parseConfiguration } from '../../../../src/cluster/replication/configuration.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const keys = new ClusterKeys('test');

class World {
  readonly clock = new VirtualClock();
  readonly store: CoordinationStore;
  readonly log: string[] = [];
  controller: PlacementController | undefined;

  constructor(private readonly factor: number) {
    const log = (line: string): void => void this.log.push(line);
    this.store = connectStore(new EngineBackend(new StoreEngine({ clock: this.clock }), this.clock), { clock: this.clock, log });
  }

  /** The present leader's controller; it resigns by the answer. */
  async lead(node: string): Promise<() => Promise<void>> {
    const leadership = await new Promise<{ readonly leadership: Leadership; readonly election: LeaderElection }>((resolve) => {
      const election = new LeaderElection({
        ...{ store: this.store, clock: this.clock, key: keys.leader, candidate: node, log: (line) => this.log.push(line) },
        elected: (leadership) => {
          resolve({ leadership, election });
        },
      });
      election.campaign();
      void this.clock.advance(1000);
    });
    await this.store.put(keys.setting('shoal.replication_factor'), JSON.stringify(String(this.factor)));
    this.controller = new PlacementController({
      ...{ store: this.store, keys, clock: this.clock, leadership: leadership.leadership, absentMsMax: 60_000 },
      log: (line) => this.log.push(line),
    });
    return async () => {
      await leadership.election.resign();
    };
  }

  async node(id: string, changes: Partial<NodeRecord> = {}): Promise<void> {
    const address = { host: id, port: 1 };
    const facts: NodeRecord = {
      ...{ id, incarnation: 1, version: '0', state: 'serving', roles: ['data'], postgres: address, http: address, cores: 1, memoryBytes: 1 },
      ...{ storedBytes: 0, quotaBytes: 1000, startedAt: '2024-01-01T00:00:00Z' },
      ...changes,
    };
    await this.store.put(keys.node(id), writeNodeRecord(facts));
  }

  async database(id: string, creator: string, bytes = 10): Promise<void> {
    await this.store.put(keys.databaseFacts(id), writeDatabaseFacts({ name: id, bytes }));
    await this.store.put(keys.database(id), formatConfiguration(newConfiguration(creator, [creator], 1)));
  }

  async configuration(id: string): Promise<Configuration> {
    const { entry } = await this.store.get(keys.database(id));
    assert(entry !== undefined);
    return parseConfiguration(entry.value);
  }

  /** The nodes copy what they shall have, and the wanted one takes over. */
  async obey(id: string): Promise<void> {
    const configuration = await this.configuration(id);
    const [first] = configuration.replicas;
    assert(first !== undefined);
    await this.store.put(keys.database(id), formatConfiguration({ ...configuration, isr: configuration.replicas, primary: first }));
  }

  /** Until nothing changes any more. */
  async settle(...ids: readonly string[]): Promise<void> {
    for (let round = 0; round < 12; round++) {
      await this.clock.advance(6000);
      for (const id of ids) await this.obey(id);
    }
    await this.clock.advance(6000);
  }
}

describe('the placement controller', () => {
  it('gives databases their copies, and spreads their primaries', async () => {
    const world = new World(2);
    for (const id of ['a', 'b', 'c']) await world.node(id);
    for (const id of ['1', '2', '3']) await world.database(id, 'a');
    await world.lead('a');
    await world.settle('1', '2', '3');
    const configurations = await Promise.all(['1', '2', '3'].map(async (id) => await world.configuration(id)));
    for (const { isr } of configurations) assert.equal(isr.length, 2);
    assert.equal(new Set(configurations.map(({ primary }) => primary)).size, 3);
  });

  it('moves no primary before nothing has changed for a while', async () => {
    const world = new World(2);
    for (const id of ['a', 'b']) await world.node(id);
    for (const id of ['1', '2']) {
      await world.database(id, 'a');
      await world.store.put(keys.database(id), formatConfiguration({ ...newConfiguration('a', ['a', 'b'], 1), isr: ['a', 'b'] }));
    }
    await world.lead('a');
    const wanted = async (): Promise<readonly (string | undefined)[]> =>
      await Promise.all(['1', '2'].map(async (id) => (await world.configuration(id)).replicas[0]));
    for (let incarnation = 2; incarnation < 8; incarnation++) {
      await world.clock.advance(2000);
      await world.node('b', { incarnation });
      assert.deepEqual(await wanted(), ['a', 'a']);
    }
    await world.clock.advance(20_000);
    assert.deepEqual((await wanted()).toSorted(), ['a', 'b']);
  });

  it('asks two of three copies to have a commit, and one of two', async () => {
    for (const [factor, minIsr] of [
      [3, 2],
      [2, 1],
    ] as const) {
      const world = new World(factor);
      for (const id of ['a', 'b', 'c']) await world.node(id);
      await world.database('1', 'a');
      await world.lead('b');
      await world.settle('1');
      assert.equal((await world.configuration('1')).minIsr, minIsr);
    }
  });

  it('asks no more copies of what all databases share to have a commit than of those that rest on it', async () => {
    for (const factor of [2, 3]) {
      const world = new World(factor);
      for (const id of ['a', 'b', 'c']) await world.node(id);
      for (const id of ['0', '1']) await world.database(id, 'a');
      await world.lead('b');
      await world.settle('0', '1');
      const [shared, other] = [await world.configuration('0'), await world.configuration('1')];
      assert.equal(shared.isr.length, 3);
      assert.equal(shared.minIsr, other.minIsr);
    }
  });

  it('waits for a node that is away, replaces it when it stays away', async () => {
    const world = new World(2);
    for (const id of ['a', 'b', 'c']) await world.node(id);
    await world.database('1', 'a');
    await world.lead('c');
    await world.settle('1');
    const [, second] = (await world.configuration('1')).replicas;
    assert(second !== undefined);
    await world.store.delete(keys.node(second));
    await world.clock.advance(50_000);
    assert((await world.configuration('1')).replicas.includes(second));
    await world.clock.advance(20_000);
    await world.settle('1');
    const { replicas } = await world.configuration('1');
    assert.equal(replicas.length, 2);
    assert(!replicas.includes(second));
  });

  it('drains a node that an operator has named', async () => {
    const world = new World(2);
    for (const id of ['a', 'b', 'c']) await world.node(id);
    for (const id of ['1', '2']) await world.database(id, 'a');
    await world.lead('c');
    await world.settle('1', '2');
    await world.store.put(keys.drain('a'), '{}');
    await world.settle('1', '2');
    for (const id of ['1', '2']) assert.deepEqual([...(await world.configuration(id)).replicas].sort(), ['b', 'c']);
  });

  it('takes what all databases share from a node last', async () => {
    const world = new World(2);
    for (const id of ['a', 'b', 'c']) await world.node(id);
    for (const id of ['0', '1']) await world.database(id, 'a');
    await world.lead('c');
    await world.settle('0', '1');
    await world.store.put(keys.drain('a'), '{}');
    for (let round = 0; round < 20; round++) {
      await world.clock.advance(6000);
      await world.obey('1');
      if ((await world.configuration('1')).replicas.includes('a')) assert((await world.configuration('0')).replicas.includes('a'));
      await world.obey('0');
    }
    for (const id of ['0', '1']) assert(!(await world.configuration(id)).isr.includes('a'));
    assert.equal((await world.configuration('0')).replicas.length, 2);
  });

  it('moves a copy that an operator has named, the primary too, and is done with it', async () => {
    const world = new World(2);
    for (const id of ['a', 'b', 'c']) await world.node(id);
    await world.database('1', 'a');
    await world.lead('c');
    await world.settle('1');
    assert.deepEqual([...(await world.configuration('1')).replicas], ['a', 'b']);
    await world.store.put(keys.wish('1'), writeOperatorWish({ copy: { from: 'a', to: 'c' } }) ?? '');
    await world.clock.advance(6000);
    assert.deepEqual([...(await world.configuration('1')).replicas], ['a', 'b', 'c'], 'the new copy comes first');
    await world.settle('1');
    const { primary, replicas } = await world.configuration('1');
    assert.equal(primary, 'c');
    assert.deepEqual([...replicas].sort(), ['b', 'c']);
    assert.equal((await world.store.get(keys.wish('1'))).entry, undefined);
  });

  it('gives nothing up in a move while another copy is away', async () => {
    const world = new World(2);
    for (const id of ['a', 'b', 'c']) await world.node(id);
    await world.database('1', 'a');
    await world.lead('c');
    await world.settle('1');
    await world.store.put(keys.wish('1'), writeOperatorWish({ copy: { from: 'a', to: 'c' } }) ?? '');
    await world.store.delete(keys.node('b'));
    const configuration = await world.configuration('1');
    await world.store.put(keys.database('1'), formatConfiguration({ ...configuration, isr: ['a'] }));
    await world.clock.advance(6000);
    const copied = await world.configuration('1');
    assert.deepEqual([...copied.replicas], ['a', 'b', 'c']);
    await world.store.put(keys.database('1'), formatConfiguration({ ...copied, isr: ['a', 'c'] }));
    await world.clock.advance(12_000);
    assert.deepEqual([...(await world.configuration('1')).replicas], ['a', 'b', 'c']);
    await world.node('b');
    await world.settle('1');
    assert.deepEqual([...(await world.configuration('1')).replicas].sort(), ['b', 'c']);
  });

  it('keeps the primary where an operator wants it until the node has no copy any more', async () => {
    const world = new World(2);
    for (const id of ['a', 'b']) await world.node(id);
    for (const id of ['1', '2', '3', '4']) {
      await world.database(id, 'a');
      await world.store.put(keys.wish(id), writeOperatorWish({ primary: 'b' }) ?? '');
    }
    await world.lead('a');
    await world.settle('1', '2', '3', '4');
    for (const id of ['1', '2', '3', '4']) assert.equal((await world.configuration(id)).primary, 'b');
    await world.store.put(keys.drain('b'), '{}');
    await world.settle('1', '2', '3', '4');
    for (const id of ['1', '2', '3', '4']) {
      assert.deepEqual([...(await world.configuration(id)).replicas], ['a']);
      assert.equal((await world.store.get(keys.wish(id))).entry, undefined);
    }
  });

  it('wants more copies for a commit only once there are so many', async () => {
    const world = new World(3);
    for (const id of ['a', 'b', 'c']) await world.node(id);
    await world.database('1', 'a');
    await world.lead('a');
    await world.clock.advance(20_000);
    const copying = await world.configuration('1');
    assert(copying.replicas.length > 1);
    assert.equal(copying.minIsr, 1);
    await world.settle('1');
    assert.equal((await world.configuration('1')).minIsr, 2);
  });

  it('makes loads even when an operator asks for it, and comes to an end', async () => {
    const world = new World(1);
    await world.node('a', { storedBytes: 60 });
    await world.node('b');
    for (const id of ['1', '2', '3', '4', '5', '6']) await world.database(id, 'a');
    await world.lead('a');
    const settle = async (): Promise<void> => {
      for (let round = 0; round < 30; round++) {
        await world.clock.advance(6000);
        const bytes = new Map([
          ['a', 0],
          ['b', 0],
        ]);
        for (const id of ['1', '2', '3', '4', '5', '6']) {
          await world.obey(id);
          for (const node of (await world.configuration(id)).isr) bytes.set(node, (bytes.get(node) ?? 0) + 10);
        }
        for (const [id, storedBytes] of bytes) await world.node(id, { storedBytes });
      }
    };
    await settle();
    await world.store.put(keys.rebalance, '{}');
    await settle();
    const counts = await Promise.all(['1', '2', '3', '4', '5', '6'].map(async (id) => (await world.configuration(id)).replicas.join()));
    assert.equal(counts.filter((replicas) => replicas === 'b').length, 3);
    assert.equal((await world.store.get(keys.rebalance)).entry, undefined);
  });

  it('writes nothing once another leads', async () => {
    const world = new World(2);
    for (const id of ['a', 'b']) await world.node(id);
    const resign = await world.lead('a');
    await resign();
    await world.database('1', 'a');
    await world.clock.advance(20_000);
    assert.deepEqual((await world.configuration('1')).replicas, ['a']);
    await world.lead('b');
    await world.settle('1');
    assert.equal((await world.configuration('1')).replicas.length, 2);
  });

  it('leaves a key alone that it does not understand, and says so', async () => {
    const world = new World(2);
    for (const id of ['a', 'b']) await world.node(id);
    await world.store.put(keys.database('9'), '{"epoch": "many"}');
    await world.lead('a');
    await world.clock.advance(6000);
    assert.equal((await world.store.get(keys.database('9'))).entry?.value, '{"epoch": "many"}');
    assert(world.log.some((line) => line.includes('database 9 is left alone')));
  });
});
