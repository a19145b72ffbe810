/**
 * A node that hosts nothing but one replicated database: lane, protocol, channel and etcd as in production, and a bank behind an HTTP port for the test that started it
 * (test/e2e/replication.test.ts). Told what to be by one argument in JSON.
 */
import { createServer } from 'node:http';
import { Channel } from '../../src/cluster/channel/channel.js';
import { EtcdBackend } from '../../src/cluster/coordination/etcd/etcd-backend.js';
import { connectStore } from '../../src/cluster/coordination/store-client.js';
import { ConfigurationKey } from '../../src/cluster/replication/node/configuration-key.js';
import { HostedReplica } from '../../src/cluster/replication/node/hosted-replica.js';
import { acceptReplicaStream, replicaService, type ReplicaStream, ReplicaStreams } from '../../src/cluster/replication/node/replica-streams.js';
import { systemClock } from '../../src/common/clock.js';
import { PgError } from '../../src/common/errors.js';
import { DatabaseLayout } from '../../src/storage/files/layout.js';
import { Reader } from '../../src/storage/read/reader.js';
import { createSharedBuffers } from '../../src/storage/shared.js';
import type { WriterLane } from '../../src/storage/write/writer-lane.js';
import { LaneClient, register } from '../unit/storage/support.js';

export interface ReplicaProcessTask {
  readonly node: string;
  readonly directory: string;
  readonly etcd: string;
  readonly key: string;
  /** Ports of the channel by node, and of this node's bank. */
  readonly channels: Readonly<Record<string, number>>;
  readonly bankPort: number;
  readonly creates: boolean;
}

/** What the bank is asked. */
export type BankRequest =
  | { readonly kind: 'create'; readonly accounts: number; readonly balance: number }
  | { readonly kind: 'transfer'; readonly id: number; readonly from: number; readonly to: number; readonly amount: number }
  /** As the primary with its lease, or not at all. */
  | { readonly kind: 'read' }
  /** As it is in the files of this node. */
  | { readonly kind: 'look' };

export interface BankState {
  readonly transfers: readonly number[];
  readonly total: number;
}

export type BankAnswer = { readonly ok: true; readonly state?: BankState } | { readonly ok: false; readonly code: string; readonly message: string };

const database = '5';
const task = JSON.parse(process.argv[2] ?? '') as ReplicaProcessTask;

class Bank extends LaneClient {
  readonly shared = createSharedBuffers(256);
  readonly layout = new DatabaseLayout(task.directory);
  reader = this.newReader();
  private readonly channel = new Channel({
    node: task.node,
    cluster: 'test',
    credentials: { kind: 'secret', secret: 'the secret of the replication test' },
    locate: (node) => ({ host: '127.0.0.1', port: task.channels[node] ?? 0 }),
    compress: false,
    log: () => undefined,
  });
  private readonly store = connectStore(new EtcdBackend({ endpoints: [task.etcd], log: () => undefined }), { clock: systemClock, log: () => undefined });
  private readonly hosted: HostedReplica;
  private readonly key = new ConfigurationKey(this.store, task.key, (line) => this.report(line));

  constructor() {
    super();
    const streams = new ReplicaStreams(database, async (node, stream) => await this.channel.open(node, replicaService, stream));
    this.hosted = new HostedReplica({
      node: task.node,
      storage: { layout: this.layout, database: 'postgres', register, shared: this.shared, onCatalog: () => undefined },
      network: streams,
      store: this.key,
      fetchCopy: async (primary, directory) => await streams.fetchCopy(primary, directory),
      creates: task.creates,
      onLane: () => undefined,
      onReplaced: () => {
        this.reader.shutdown();
        this.reader = this.newReader();
      },
      report: (line) => this.report(line),
    });
  }

  private newReader(): Reader {
    return new Reader({ layout: this.layout, register, shared: this.shared });
  }

  private report(line: string): void {
    process.stderr.write(`${new Date().toISOString()} ${task.node} ${line}\n`);
  }

  async start(): Promise<void> {
    this.channel.provide(replicaService, ({ argument, port }) => {
      acceptReplicaStream(this.hosted, argument as ReplicaStream, port);
    });
    await this.channel.listen({ host: '127.0.0.1', port: task.channels[task.node] ?? 0 });
    this.key.watch((stored) => this.hosted.replica.configurationChanged(stored));
    this.hosted.start();
  }

  get lane(): WriterLane {
    const { lane } = this.hosted;
    if (lane === undefined) throw new PgError('57P03', 'this node is not primary');
    return lane;
  }

  async answer(request: BankRequest): Promise<BankAnswer> {
    switch (request.kind) {
      case 'create': {
        await this.create({ name: 'account', columns: [{ name: 'id' }, { name: 'balance' }], primaryKey: ['id'], shards: 3 });
        await this.create({ name: 'transfer', columns: [{ name: 'id' }], primaryKey: ['id'] });
        await this.insert(
          'account',
          Array.from({ length: request.accounts }, (_, at) => [at, request.balance]),
        );
        return { ok: true };
      }
      case 'transfer': {
        const { id, from, to, amount } = request;
        const transaction = await this.begin();
        await this.insert('transfer', [[id]], transaction);
        // (Always in the same order: nobody waits in a circle.)
        for (const [account, change] of [[from, -amount] as const, [to, amount] as const].sort(([a], [b]) => a - b))
          await this.execute(this.updateTask('account', 'balance', `balance + (${String(change)})`, `id = ${String(account)}`), transaction);
        await this.commit(transaction);
        return { ok: true };
      }
      case 'read': {
        const { lane } = this;
        const state = await this.state(lane);
        // Once it has been read: a process that was stopped in between must not answer.
        if (this.hosted.replica.stalenessMs !== 0) throw new PgError('57P03', 'this node may no longer be primary');
        return { ok: true, state };
      }
      case 'look':
        return { ok: true, state: await this.state(this.hosted) };
    }
  }

  private async state({ catalog }: Pick<WriterLane, 'catalog'>): Promise<BankState> {
    const read = new ReadOnly(catalog, this.reader);
    const transfers = (await read.rows('transfer')).map(([id]) => Number(id));
    return { transfers, total: (await read.rows('account')).reduce((sum, [, balance]) => sum + Number(balance), 0) };
  }
}

/** Reads with the catalog that this node has. */
class ReadOnly extends LaneClient {
  readonly lane: WriterLane;

  constructor(
    catalog: WriterLane['catalog'],
    readonly reader: Reader,
  ) {
    super();
    this.lane = { catalog } as WriterLane;
  }
}

const bank = new Bank();
await bank.start();
createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    bank
      .answer(JSON.parse(Buffer.concat(chunks).toString('utf8')) as BankRequest)
      .catch((error: unknown): BankAnswer => ({ ok: false, code: error instanceof PgError ? error.code : 'XX000', message: String(error) }))
      .then((answer) => response.end(JSON.stringify(answer)))
      .catch(() => undefined);
  });
}).listen(task.bankPort, '127.0.0.1', () => console.log('ready'));
