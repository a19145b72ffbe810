/** Members, leaders and live settings of several nodes over one store in memory, under a virtual clock, with the store out of reach at will. */
import assert from 'node:assert/strict';
import { EngineBackend } from '../../../../src/cluster/coordination/embedded/engine-backend.js';
import { StoreEngine } from '../../../../src/cluster/coordination/embedded/store-engine.js';
import type { StoreBackend } from '../../../../src/cluster/coordination/backend.js';
import { type CoordinationStore, StoreError } from '../../../../src/cluster/coordination/store.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import { ClusterNode } from '../../../../src/cluster/membership/cluster-node.js';
import type { Leadership } from '../../../../src/cluster/membership/leader-election.js';
import type { NodeFacts } from '../../../../src/cluster/membership/membership.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const facts: Omit<NodeFacts, 'id'> = {
  version: '0',
  state: 'serving',
  roles: ['data'],
  postgres: { host: '10.0.0.1', port: 5432 },
  http: { host: '10.0.0.1', port: 8432 },
  cores: 2,
  memoryBytes: 1,
  storedBytes: 0,
  quotaBytes: 100,
  startedAt: '2024-01-01T00:00:00Z',
};

/** A backend that can be cut off: calls fail, watches end, and writes may be done though their answer is lost. */
class CutBackend {
  isCut = false;
  /** The next write is done, and its caller does not hear of it. */
  losesAnswer = false;

  constructor(private readonly inner: StoreBackend) {}

  backend(): StoreBackend {
    const { inner } = this;
    const call = async <T>(ask: () => Promise<T>): Promise<T> => {
      if (this.isCut) throw new StoreError('unavailable', 'cut off');
      return await ask();
    };
    return {
      description: inner.description,
      list: (range) => call(() => inner.list(range)),
      transact: (transaction) =>
        call(async () => {
          const done = await inner.transact(transaction);
          if (!this.losesAnswer) return done;
          this.losesAnswer = false;
          throw new StoreError('unknown-outcome', 'the answer is lost');
        }),
      grantLease: (ttlMs) => call(() => inner.grantLease(ttlMs)),
      renewLease: (id) => call(() => inner.renewLease(id)),
      revokeLease: (id) => call(() => inner.revokeLease(id)),
      watch: (prefix, from, sink) =>
        inner.watch(prefix, from, {
          changes: (changes, revision) => {
            if (this.isCut) sink.ended(new StoreError('unavailable', 'cut off'));
            else sink.changes(changes, revision);
          },
          alive: (asOfMs) => {
            if (this.isCut) sink.ended(new StoreError('unavailable', 'cut off'));
            else sink.alive(asOfMs);
          },
          ended: (error) => {
            sink.ended(error);
          },
        }),
      close: () => inner.close(),
    };
  }
}

interface TestNode {
  readonly node: ClusterNode;
  readonly network: CutBackend;
  readonly store: CoordinationStore;
  readonly log: string[];
  readonly led: Leadership[];
  configurations: number;
  isReplaced: boolean;
}

describe('the members of a cluster', () => {
  let clock: VirtualClock;
  let engine: StoreEngine;
  let nodes: TestNode[] = [];

  beforeEach(() => {
    clock = new VirtualClock();
    engine = new StoreEngine({ clock });
    nodes = [];
  });
  afterEach(() => {
    engine.close();
  });

  function start(id: string): TestNode {
    const network = new CutBackend(new EngineBackend(engine, clock));
    const log: string[] = [];
    const write = (line: string): void => {
      log.push(line);
    };
    const store = connectStore(network.backend(), { clock, log: write });
    const led: Leadership[] = [];
    const node = new ClusterNode({
      ...{ store, cluster: 'c', node: id, clock, log: write },
      elected: (leadership) => {
        led.push(leadership);
      },
      configurationChanged: () => {
        started.configurations++;
      },
      replaced: () => {
        started.isReplaced = true;
      },
    });
    const started: TestNode = { node, network, store, log, led, configurations: 0, isReplaced: false };
    nodes.push(started);
    return started;
  }

  async function joined(...ids: string[]): Promise<TestNode[]> {
    const started = ids.map(start);
    for (const { node } of started) {
      await node.known();
      await node.join(facts);
    }
    await clock.advance(1000);
    return started;
  }

  /** What a killed process does: nothing any more. */
  async function kill({ store }: TestNode): Promise<void> {
    await store.close();
  }

  const leaders = (): string[] => nodes.filter(({ node }) => node.leadership !== undefined).map(({ node }) => node.id);
  const members = ({ node }: TestNode): string[] => node.members.map(({ id }) => id);

  it('know each other, and one leads', async () => {
    const all = await joined('a', 'b', 'c');
    for (const one of all) {
      assert.deepEqual(members(one), ['a', 'b', 'c']);
      assert.equal(one.node.leader, leaders()[0]);
    }
    assert.equal(leaders().length, 1);
    assert.equal(new Set(all.map(({ node }) => node.incarnation)).size, 3);
  });

  it('lose one that was killed within its lease, and another leads within ten seconds', async () => {
    const all = await joined('a', 'b', 'c');
    const [leader] = leaders();
    const dead = all.find(({ node }) => node.id === leader) as TestNode;
    const others = all.filter((one) => one !== dead);
    await kill(dead);
    await clock.advance(6000);
    const next = others.filter(({ node }) => node.leadership !== undefined);
    assert.equal(next.length, 1);
    assert.ok((next[0]?.led[0]?.term ?? 0n) > (dead.led[0]?.term ?? 0n));
    await clock.advance(6000);
    for (const one of others)
      assert.deepEqual(
        members(one),
        others.map(({ node }) => node.id),
      );
    assert.ok(others[0]?.log.includes(`node ${leader} is gone`));
  });

  it('hear at once of one that leaves', async () => {
    const [first, second] = (await joined('a', 'b')) as [TestNode, TestNode];
    await first.node.leave();
    await clock.advance(100);
    assert.deepEqual(members(second), ['b']);
    assert.deepEqual(leaders(), ['b']);
  });

  it('let another lead when the leader resigns, and it may stand again', async () => {
    const all = await joined('a', 'b');
    const [leader] = leaders();
    const old = all.find(({ node }) => node.id === leader) as TestNode;
    await old.node.resign();
    await clock.advance(100);
    assert.deepEqual(leaders(), [leader === 'a' ? 'b' : 'a']);
    assert.equal(old.led[0]?.ended.aborted, true);
  });

  it('a leader that is cut off leads no more before another does, and its writes are turned away', async () => {
    const all = await joined('a', 'b', 'c');
    const [leader] = leaders();
    const cut = all.find(({ node }) => node.id === leader) as TestNode;
    const old = cut.led[0] as Leadership;
    cut.network.isCut = true;
    let seen = 0;
    for (let waited = 0; waited < 100; waited++) {
      await clock.advance(100);
      assert.ok(leaders().length <= 1, leaders().join(' and '));
      if (leaders().length === 1 && leaders()[0] !== leader) seen++;
    }
    assert.ok(seen > 0);
    assert.equal(old.ended.aborted, true);
    const { succeeded } = await (nodes.find((one) => one !== cut) as TestNode).store.transact({
      when: [old.guard],
      then: [{ kind: 'put', key: '/x', value: '1' }],
    });
    assert.equal(succeeded, false);
    cut.network.isCut = false;
    await clock.advance(3000);
    for (const one of all) assert.deepEqual(members(one), ['a', 'b', 'c']);
    assert.ok(cut.log.includes('the node is registered anew, since its lease was lost'));
    assert.equal(leaders().length, 1);
  });

  it('a node whose answers get lost registers and leads all the same', async () => {
    const one = start('a');
    await one.node.known();
    one.network.losesAnswer = true;
    await assert.rejects(one.node.join(facts), (error) => error instanceof StoreError && error.kind === 'unknown-outcome');
    await one.node.join(facts);
    one.network.losesAnswer = true;
    await clock.advance(2000);
    assert.deepEqual(members(one), ['a']);
    assert.deepEqual(leaders(), ['a']);
    assert.equal(one.led.length, 1);
  });

  it('a record that an operator deletes, and a lease that he revokes, come back', async () => {
    const [one] = (await joined('a')) as [TestNode];
    await one.store.delete('/shoal/c/nodes/a');
    await clock.advance(1000);
    assert.deepEqual(members(one), ['a']);
    const { entry } = await one.store.get('/shoal/c/nodes/a');
    engine.revokeLease(entry?.lease ?? ('' as never));
    await clock.advance(5000);
    assert.deepEqual(members(one), ['a']);
  });

  it('a node started anew has a greater incarnation, and a double replaces the first', async () => {
    const [first] = (await joined('a')) as [TestNode];
    const [second] = (await joined('a')) as [TestNode];
    await clock.advance(3000);
    assert.ok((second.node.incarnation ?? 0) > (first.node.incarnation ?? 0));
    assert.equal(first.isReplaced, true);
    assert.equal(second.isReplaced, false);
    await clock.advance(60_000);
    assert.equal(second.node.members[0]?.incarnation, second.node.incarnation);
  });

  it('publish what changes', async () => {
    const [first, second] = (await joined('a', 'b')) as [TestNode, TestNode];
    for (let stored = 1; stored <= 10; stored++) first.node.update({ storedBytes: stored });
    first.node.update({ state: 'draining', coordinates: { position: [1, 2], height: 0.5, error: 0.1 } });
    await clock.advance(1000);
    const seen = second.node.member('a');
    assert.deepEqual([seen?.storedBytes, seen?.state, seen?.coordinates?.position], [10, 'draining', [1, 2]]);
    assert.ok(second.log.includes('node a is draining'));
  });

  it('leave out a record that somebody has scribbled', async () => {
    const [one] = (await joined('a')) as [TestNode];
    await one.store.put('/shoal/c/nodes/b', '{"id": "b"}');
    await one.store.put('/shoal/c/nodes/d', 'hello');
    await clock.advance(100);
    assert.deepEqual(members(one), ['a']);
    assert.equal(one.log.filter((line) => line.includes('is not understood')).length, 2);
  });

  it('apply settings live: those of a node go before those of all', async () => {
    const [first, second] = (await joined('a', 'b')) as [TestNode, TestNode];
    await first.node.keepSetting('Work_Mem', '64MB');
    await first.store.put('/shoal/c/config/nodes/b/settings/work_mem', '"1GB"');
    await first.store.put('/shoal/c/config/settings/shoal.qsf', '10');
    await first.store.put('/shoal/c/config/settings/enable_sort', 'false');
    await first.store.put('/shoal/c/config/settings/broken', '64MB');
    await clock.advance(100);
    assert.deepEqual(Object.fromEntries(first.node.settings), { work_mem: '64MB', 'shoal.qsf': '10', enable_sort: 'off' });
    assert.deepEqual(Object.fromEntries(second.node.settings), { work_mem: '1GB', 'shoal.qsf': '10', enable_sort: 'off' });
    assert.ok(first.log.some((line) => line.includes('"/shoal/c/config/settings/broken" is left out')));
    const before = second.configurations;
    await first.node.keepSetting('shoal.qsf', undefined);
    await clock.advance(100);
    assert.equal(second.configurations, before + 1);
    await first.node.keepSetting(undefined, undefined);
    await clock.advance(100);
    assert.deepEqual(Object.fromEntries(second.node.settings), { work_mem: '1GB' });
    assert.equal(first.node.settings.size, 0);
  });
});
