/** Replicated databases on the storage threads: two nodes in this process, each with threads and a channel of its own. */
import { deepEqual, equal } from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Channel, type ChannelAddress } from '../../../../src/cluster/channel/channel.js';
import { EngineBackend } from '../../../../src/cluster/coordination/embedded/engine-backend.js';
import { StoreEngine } from '../../../../src/cluster/coordination/embedded/store-engine.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import type { CoordinationStore } from '../../../../src/cluster/coordination/store.js';
import { ClusterKeys } from '../../../../src/cluster/membership/cluster-keys.js';
import { formatConfiguration, newConfiguration } from '../../../../src/cluster/replication/configuration.js';
import { replicatingLane } from '../../../../src/cluster/replication/node/lane-entry.js';
import { provideReplicas, ReplicaBridge } from '../../../../src/cluster/replication/node/replica-bridge.js';
import { systemClock } from '../../../../src/common/clock.js';
import type { PgError } from '../../../../src/common/errors.js';
import { type Client, connect } from '../../../../src/common/rpc.js';
import type { CatalogData } from '../../../../src/catalog/snapshot.js';
import { DatabaseHost, type FrontEndPorts, portsToTransfer } from '../../../../src/storage/database-host.js';
import type { CatalogPublication, ReadService, WriteService } from '../../../../src/storage/ports.js';
import { StorageThreads } from '../../../../src/storage/storage-threads.js';
import { RowReader } from '../../../../src/types/row-codec.js';
import { context, failure, TestDatabase } from '../../storage/support.js';

class ThreadedNode {
  readonly threads = new StorageThreads({
    scanThreads: 1,
    laneEntry: replicatingLane,
    onFailure: (error) => {
      throw error;
    },
  });
  private bridge: ReplicaBridge | undefined;
  private host: DatabaseHost | undefined;
  private ports: FrontEndPorts | undefined;
  lane!: Client<WriteService>;
  scan!: Client<ReadService>;
  catalog!: CatalogData;

  constructor(
    readonly name: string,
    readonly channel: Channel,
    private readonly directory: string,
    private readonly store: CoordinationStore,
  ) {
    provideReplicas(channel, (database) => (database === this.bridge?.database ? this.bridge : undefined));
  }

  async open(creates: boolean): Promise<void> {
    const key = new ClusterKeys('test').database(5);
    const bridge = new ReplicaBridge({ database: '5', key, store: this.store, channel: this.channel, report: () => undefined });
    this.bridge = bridge;
    const location = { id: 5, name: 'postgres', directory: this.directory, serverDirectory: undefined };
    this.host = await DatabaseHost.open(this.threads, location, { node: this.name, creates, bridge: bridge.port });
    this.catalog = this.host.catalog;
    this.attach();
  }

  /** As a front end does when the writer that it has worked with is gone. */
  attach(): void {
    for (const port of this.ports === undefined ? [] : portsToTransfer(this.ports)) port.close();
    const ports = this.host?.attachFrontEnd();
    if (ports === undefined) throw new Error('the database is not open');
    this.ports = ports;
    this.lane = connect<WriteService>(ports.lane);
    this.scan = connect<ReadService>(ports.scan[0] as NonNullable<(typeof ports.scan)[0]>);
    ports.catalog.on('message', (publication: CatalogPublication) => (this.catalog = publication.catalog));
  }

  async catalogAt(version: number): Promise<void> {
    while (this.catalog.version < version) await once(this.ports?.catalog as NonNullable<typeof this.ports>['catalog'], 'message');
  }

  async handOver(): Promise<void> {
    await this.bridge?.lane.handOver({ heirs: undefined });
  }

  async lsn(): Promise<number> {
    return (await this.bridge?.lane.facts(null))?.appliedLsn ?? -1;
  }

  /** The ids in table `item` as this node's scan thread shows them; none while it may not show anything. */
  async ids(): Promise<readonly number[]> {
    return await this.shownIds().catch((error: unknown) => {
      if ((error as PgError).code === '57P03') return [];
      throw error;
    });
  }

  private async shownIds(): Promise<readonly number[]> {
    const table = this.catalog.relations.find(({ name }) => name === 'item');
    if (table?.kind !== 'table') throw new Error('no table');
    const cursor = { sql: `SELECT id FROM global.${table.physicalName} ORDER BY id`, params: [], output: { kind: 'rows' } } as const;
    const { batch } = await this.scan.open({ schemas: ['global'], context, catalogVersion: this.catalog.version, cursor, maxRows: 0 });
    return batch.bytes === undefined ? [] : [...new RowReader(batch.bytes)].map(([id]) => Number(id));
  }

  async insert(id: number): Promise<void> {
    const table = this.catalog.relations.find(({ name }) => name === 'item');
    await this.lane.execute({
      transaction: undefined,
      context,
      catalogVersion: this.catalog.version,
      task: { kind: 'insert', tableOid: table?.oid ?? 0, source: { sql: 'VALUES (0, ?1)', params: [BigInt(id)] }, assigned: [] },
      lockTimeoutMs: 0,
      synchronousCommit: true,
    });
  }

  async close(): Promise<void> {
    for (const port of this.ports === undefined ? [] : portsToTransfer(this.ports)) port.close();
    await this.host?.close();
    await this.threads.shutdown();
    this.bridge?.close();
    await this.channel.close();
  }
}

describe('the storage threads of nodes that share a database', function () {
  this.timeout(60_000);
  let directory: string;
  let nodes: readonly ThreadedNode[];
  let close: () => Promise<void>;

  before(async () => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-nodes-'));
    const engine = new StoreEngine({ clock: systemClock });
    const store = connectStore(new EngineBackend(engine, systemClock), { clock: systemClock, log: () => undefined });
    await store.put(new ClusterKeys('test').database(5), formatConfiguration(newConfiguration('a', ['a', 'b'], 1)));
    const addresses = new Map<string, ChannelAddress>();
    const made: ThreadedNode[] = [];
    for (const name of ['a', 'b']) {
      const channel = new Channel({
        node: name,
        cluster: 'test',
        credentials: { kind: 'secret', secret: 'the secret of the replication test' },
        locate: (node) => addresses.get(node),
        compress: false,
        log: () => undefined,
      });
      addresses.set(name, await channel.listen({ host: '127.0.0.1', port: 0 }));
      made.push(new ThreadedNode(name, channel, join(directory, name), store));
    }
    nodes = made;
    close = async () => {
      for (const node of nodes) await node.close();
      await store.close();
      engine.close();
      rmSync(directory, { recursive: true, force: true });
    };
  });
  after(async () => {
    await close();
  });

  async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 20_000;
    while (!(await condition())) {
      if (performance.now() > deadline) throw new Error(`not in time: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const refusal = async (node: ThreadedNode): Promise<string> => (await failure(node.lane.statistics(undefined))).code;
  const writes = async (node: ThreadedNode): Promise<boolean> => {
    node.attach();
    return await node.lane.statistics(undefined as never).then(
      () => true,
      () => false,
    );
  };

  it('write on one, show it on both, and change places; front ends only attach anew', async () => {
    const [a, b] = nodes as readonly [ThreadedNode, ThreadedNode];
    await a.open(true);
    await until('a is primary', async () => await writes(a));
    const { catalog, steps } = TestDatabase.prototype.plan.call(undefined as never, a.catalog, { name: 'item', columns: [{ name: 'id' }] });
    const { transaction } = await a.lane.begin({ isolation: 'read committed', readOnly: false, context });
    await a.lane.ddl({ transaction, context, baseVersion: a.catalog.version, catalog, steps, lockTimeoutMs: 0 });
    await a.lane.commit({ transaction, synchronousCommit: true });
    await a.catalogAt(catalog.version);
    await a.insert(1);
    await b.open(false);
    await b.catalogAt(catalog.version);
    equal(await refusal(b), '57P03');
    await a.insert(2);
    await until('b shows it', async () => (await b.ids()).length === 2);
    await until('a shows it', async () => (await a.ids()).length === 2);
    await until('they are at the same place', async () => (await a.lsn()) === (await b.lsn()));

    await until('b has taken over', async () => {
      await a.handOver();
      return await writes(b);
    });
    a.attach();
    equal(await refusal(a), '57P03');
    await b.insert(3);
    await until('a shows it', async () => (await a.ids()).length === 3);
    await until('b shows it', async () => (await b.ids()).length === 3);
    deepEqual(await a.ids(), [1, 2, 3]);
  });
});
