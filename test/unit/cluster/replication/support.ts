/** A database with its copies on several nodes in this process: real storage, the real protocol, a network of messages that can be cut, the coordination store in memory. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { EngineBackend } from '../../../../src/cluster/coordination/embedded/engine-backend.js';
import { StoreEngine } from '../../../../src/cluster/coordination/embedded/store-engine.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import type { CoordinationStore } from '../../../../src/cluster/coordination/store.js';
import { defaultMinIsr, formatConfiguration, newConfiguration } from '../../../../src/cluster/replication/configuration.js';
import type { Message } from '../../../../src/cluster/replication/messages.js';
import { ClusterKeys } from '../../../../src/cluster/membership/cluster-keys.js';
import { ConfigurationKey } from '../../../../src/cluster/replication/node/configuration-key.js';
import { receiveCopy, sendCopy } from '../../../../src/cluster/replication/node/copy-transfer.js';
import { HostedReplica } from '../../../../src/cluster/replication/node/hosted-replica.js';
import type { Timing } from '../../../../src/cluster/replication/timing.js';
import { systemClock } from '../../../../src/common/clock.js';
import { DatabaseLayout } from '../../../../src/storage/files/layout.js';
import { Reader } from '../../../../src/storage/read/reader.js';
import { createSharedBuffers, type SharedBuffers } from '../../../../src/storage/shared.js';
import type { WriterLane } from '../../../../src/storage/write/writer-lane.js';
import { LaneClient, register } from '../../storage/support.js';

/** Everything faster than in production; three nodes in one busy process must still hear each other in time. */
const quick: Timing = {
  beaconMs: 50,
  leaseMs: 1000,
  takeoverMs: 1500,
  returnMs: 500,
  rankDelayMs: 200,
  damagedDelayMs: 4000,
  silenceMs: 800,
  preferenceMs: 60_000,
  retainMs: 1000,
  storeRetryMs: 50,
  resendMs: 150,
  windowBytes: 256 * 1024,
};

export class TestNode extends LaneClient {
  readonly layout: DatabaseLayout;
  readonly shared: SharedBuffers = createSharedBuffers(64);
  reader: Reader;
  hosted: HostedReplica | undefined;

  constructor(
    readonly cluster: TestCluster,
    readonly name: string,
    directory: string,
    creates: boolean,
  ) {
    super();
    this.layout = new DatabaseLayout(directory);
    this.reader = new Reader({ layout: this.layout, register, shared: this.shared });
    this.start(creates);
  }

  start(creates = false): void {
    const { cluster, name, layout, shared } = this;
    const key = new ConfigurationKey(cluster.store, cluster.key, (line) => cluster.log(`${name}: ${line}`));
    const hosted = new HostedReplica({
      node: name,
      storage: { layout, database: 'postgres', register, shared, onCatalog: () => undefined, checkpointLogBytes: 256 * 1024, log: { segmentBytes: 64 * 1024 } },
      network: { send: (to, message) => cluster.send(name, to, message) },
      store: key,
      fetchCopy: async (primary, target) => await cluster.copy(primary, target),
      creates,
      onLane: () => undefined,
      onReplaced: () => {
        this.reader.shutdown();
        this.reader = new Reader({ layout, register, shared });
      },
      report: (line) => cluster.log(`${name} ${line}`),
      timing: quick,
    });
    key.watch((stored) => hosted.replica.configurationChanged(stored));
    this.hosted = hosted;
    hosted.start();
  }

  get lane(): WriterLane {
    const lane = this.hosted?.lane;
    if (lane === undefined) throw new Error(`${this.name} is not primary`);
    return lane;
  }

  /** As a process that ends would leave it, but for what the system still writes. */
  stop(): void {
    this.hosted?.close();
    this.hosted = undefined;
  }
}

export class TestCluster {
  readonly key = new ClusterKeys('test').database(5);
  readonly nodes = new Map<string, TestNode>();
  /** Nodes that nobody reaches. */
  readonly cut = new Set<string>();
  readonly lines: string[] = [];
  private readonly directory = mkdtempSync(join(tmpdir(), 'shoal-replicas-'));

  private constructor(
    readonly store: CoordinationStore,
    private readonly engine: StoreEngine,
  ) {}

  static async start(names: readonly string[]): Promise<TestCluster> {
    const engine = new StoreEngine({ clock: systemClock });
    const cluster = new TestCluster(connectStore(new EngineBackend(engine, systemClock), { clock: systemClock, log: () => undefined }), engine);
    const [creator] = names;
    if (creator === undefined) throw new Error('no nodes');
    await cluster.store.put(cluster.key, formatConfiguration(newConfiguration(creator, names, defaultMinIsr(names.length))));
    for (const name of names) cluster.nodes.set(name, new TestNode(cluster, name, join(cluster.directory, name), name === creator));
    return cluster;
  }

  log(line: string): void {
    this.lines.push(line);
  }

  node(name: string): TestNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`no node ${name}`);
    return node;
  }

  send(from: string, to: string, message: Message): void {
    if (this.cut.has(from) || this.cut.has(to)) return;
    const copy = structuredClone(message);
    setImmediate(() => {
      if (!this.cut.has(from) && !this.cut.has(to)) this.nodes.get(to)?.hosted?.message(copy);
    });
  }

  async copy(primary: string, target: string): Promise<{ readonly consistentLsn: number }> {
    const offer = this.nodes.get(primary)?.hosted?.copySource();
    if (offer === undefined) throw new Error(`${primary} has nothing to copy`);
    const { port1, port2 } = new MessageChannel();
    const [received] = await Promise.all([receiveCopy(port2, target), sendCopy(port1, offer.source).finally(offer.done)]);
    return received;
  }

  /** The primary, once there is one that writes. */
  async primary(): Promise<TestNode> {
    return await this.until('there is a primary', () => [...this.nodes.values()].find((node) => !this.cut.has(node.name) && node.hosted?.lane !== undefined));
  }

  /** All nodes are in sync and have applied everything. */
  async whole(): Promise<void> {
    await this.until('all are in sync', () => {
      const facts = [...this.nodes.values()].map((node) => node.hosted?.facts);
      const configuration = [...this.nodes.values()][0]?.hosted?.replica.seen?.configuration;
      const [first] = facts;
      return (
        configuration?.isr.length === this.nodes.size &&
        facts.every((each) => each !== undefined && each.appliedLsn === first?.lsn && each.lsn === first.lsn && each.epoch === first.epoch)
      );
    });
  }

  async until<T>(what: string, condition: () => T | undefined | false, withinMs = 15_000): Promise<T> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const found = condition();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > deadline) throw new Error(`not in time: ${what}\n${this.lines.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  async close(): Promise<void> {
    for (const node of this.nodes.values()) {
      node.reader.shutdown();
      node.stop();
    }
    await this.store.close();
    this.engine.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
