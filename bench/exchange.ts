/**
 * A join of two large tables by columns that neither is distributed by, from 1 to N nodes, by CPU time: both sides are repartitioned, row by row. Every node is a thread that
 * has one reader and its part of the distributed cache, so its CPU time is all that its work on the statement takes (but TLS). The speed-up is that of one node's time to the
 * busiest one's and the coordinator's together. Beside it what goes from node to node, and what goes through the coordinator; and, for comparison, the same with every row
 * through the coordinator, as on one node.
 *
 *   npm run bench -- exchange [--rows 100000] [--nodes 1,2,4,8]
 */
import { parseArgs } from 'node:util';
import { isMainThread, MessageChannel, type MessagePort, parentPort, Worker, workerData } from 'node:worker_threads';
import { tmpdir } from 'node:os';
import { CatalogSnapshot } from '../src/catalog/snapshot.js';
import { CacheServer } from '../src/cluster/shuffle/cache-server.js';
import { CacheStore } from '../src/cluster/shuffle/cache-store.js';
import { type Client, connect, serve } from '../src/common/rpc.js';
import { workerUrl } from '../src/common/worker-url.js';
import { QueryExecutor } from '../src/executor/execute.js';
import type { ExchangeReport, ExecutionRequest } from '../src/executor/execution-request.js';
import { initialiseParser } from '../src/sql/parser.js';
import { DatabaseLayout } from '../src/storage/files/layout.js';
import type { CacheService, ReadService } from '../src/storage/ports.js';
import { Reader } from '../src/storage/read/reader.js';
import type { SharedBuffers } from '../src/storage/shared.js';
import { Oid } from '../src/types/oid.js';
import { register, TestDatabase } from '../test/unit/storage/support.js';
import type { Bench } from './main.js';
import { row } from './servers.js';
import { cpuMs, executorOver, position, requestOf, runOnce } from './statements.js';

const query = 'SELECT count(*), sum(l.amount + length(e.text)) FROM line l JOIN event e ON e.code = l.code';
/** The same for any number of nodes, so that all have the same plan. */
const partitions = 16;
const warmUps = 2;
const rounds = 5;
const cacheBytes = 256 << 20;

/** What a node's thread is started with. */
interface NodeTask {
  readonly directory: string;
  readonly shared: SharedBuffers;
  /** A CacheService of each node, by name. */
  readonly caches: ReadonlyMap<string, MessagePort>;
  /** Where those of the others come in. */
  readonly incoming: readonly MessagePort[];
  readonly reads: MessagePort;
  readonly work: MessagePort;
}

/** What a node has worked. */
interface WorkService {
  cpuMs(): number;
}

function serveNode({ directory, shared, caches, incoming, reads, work }: NodeTask): void {
  const server = new CacheServer(new CacheStore({ memoryBytesMax: () => cacheBytes, temporaryDirectory: tmpdir() }));
  for (const port of incoming) server.serve(port);
  const clients = new Map([...caches].map(([name, port]) => [name, connect<CacheService>(port)]));
  const at = async (name: string): Promise<Client<CacheService>> => await Promise.resolve(clients.get(name) as Client<CacheService>);
  serve(reads, new Reader({ layout: new DatabaseLayout(directory), register, shared, caches: { at } }));
  serve(work, { cpuMs } satisfies WorkService);
  parentPort?.postMessage('ready');
}

interface BenchNode {
  readonly name: string;
  readonly reads: Client<ReadService>;
  readonly work: Client<WorkService>;
  readonly worker: Worker;
}

async function startNodes(db: TestDatabase, count: number): Promise<readonly BenchNode[]> {
  const names = Array.from({ length: count }, (_, node) => `node-${String(node)}`);
  const incoming = new Map(names.map((name) => [name, [] as MessagePort[]]));
  return await Promise.all(
    names
      .map((name) => {
        const caches = new Map<string, MessagePort>();
        for (const other of names) {
          const { port1, port2 } = new MessageChannel();
          caches.set(other, port1);
          incoming.get(other)?.push(port2);
        }
        return { name, caches };
      })
      .map(async ({ name, caches }) => {
        const [reads, work] = [new MessageChannel(), new MessageChannel()];
        const own = incoming.get(name) ?? [];
        const task: NodeTask = { directory: db.layout.directory, shared: db.shared, caches, incoming: own, reads: reads.port2, work: work.port2 };
        const { url, execArgv } = workerUrl('./exchange.js', import.meta.url);
        const transferList = [...caches.values(), ...own, reads.port2, work.port2];
        const worker = new Worker(url, { workerData: { node: task }, transferList, ...(execArgv === undefined ? {} : { execArgv }) });
        await new Promise((resolve) => worker.once('message', resolve));
        return { name, worker, reads: connect<ReadService>(reads.port1), work: connect<WorkService>(work.port1) };
      }),
  );
}

interface Measured {
  readonly busiest: number;
  readonly coordinator: number;
  readonly reports: readonly ExchangeReport[];
}

/** The round that has taken least at its busiest node and the coordinator: with others on the machine the same work takes more CPU time, never less. */
async function measure(nodes: readonly BenchNode[], executor: QueryExecutor, request: ExecutionRequest): Promise<Measured> {
  const runs: Measured[] = [];
  for (let round = 0; round < warmUps + rounds; round++) {
    const reports: ExchangeReport[] = [];
    const before = await Promise.all(nodes.map(async ({ work }) => await work.cpuMs(undefined as never)));
    const started = cpuMs();
    await runOnce(executor, { ...request, exchanged: (report) => reports.push(report) });
    const coordinator = cpuMs() - started;
    const after = await Promise.all(nodes.map(async ({ work }) => await work.cpuMs(undefined as never)));
    if (round >= warmUps) runs.push({ busiest: Math.max(...after.map((ms, node) => ms - (before[node] ?? 0))), coordinator, reports });
  }
  runs.sort((one, other) => one.busiest + one.coordinator - other.busiest - other.coordinator);
  return runs[0] as Measured;
}

const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(1);

async function run(args: readonly string[]): Promise<void> {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { rows: option, nodes: option } });
  const rows = Number(values.rows ?? 100_000);
  await initialiseParser();
  const db = new TestDatabase();
  try {
    const batch = 5000;
    await db.create({ name: 'line', columns: [{ name: 'id' }, { name: 'code' }, { name: 'amount', type: Oid.int8 }], shards: 32 });
    await db.create({ name: 'event', columns: [{ name: 'id' }, { name: 'code' }, { name: 'text', type: Oid.text }], shards: 32 });
    for (let from = 0; from < rows; from += batch) {
      const numbers = Array.from({ length: batch }, (_, at) => from + at);
      await db.insert(
        'line',
        numbers.map((id) => [id, (id * 7919) % rows, id * 3]),
      );
      await db.insert(
        'event',
        numbers.map((id) => [id, (id * 104_729) % rows, `event number ${String(id)} of many`]),
      );
    }
    const catalog = new CatalogSnapshot(db.lane.catalog);
    console.log(`${query}\nover ${String(rows)} rows on each side, one place a node, CPU time:`);
    row(['nodes', 'rows go', 'busiest, ms', 'coordinator, ms', 'speed-up', 'MB between', 'MB through']);
    let alone = 0;
    for (const count of (values.nodes ?? '1,2,4,8').split(',').map(Number)) {
      const nodes = await startNodes(db, count);
      const request = requestOf(query, catalog, rows, partitions);
      const spread = executorOver(nodes.map(({ name, reads }) => ({ name, places: [reads], position })));
      const relaying = new QueryExecutor({ name: 'one', places: nodes.map(({ reads }) => reads), position: undefined }, undefined, () => undefined);
      for (const [way, executor] of [
        ['relayed', relaying],
        ['shipped', spread],
      ] as const) {
        // (One node alone has nobody to ship to.)
        if (count === 1 && way === 'shipped') continue;
        const { busiest, coordinator, reports } = await measure(nodes, executor, { ...request, nodesMax: count });
        alone ||= busiest + coordinator;
        const moved = reports.reduce((sum, { bytes }) => sum + bytes, 0);
        const between = reports.reduce((sum, { bytesBetweenNodes }) => sum + bytesBetweenNodes, 0);
        const through = reports.every(({ route }) => route === 'relayed') ? moved : 0;
        row([
          ...[String(count), way, busiest.toFixed(0), coordinator.toFixed(1)],
          ...[(alone / (busiest + coordinator)).toFixed(1), megabytes(between), megabytes(through)],
        ]);
      }
      await Promise.all(nodes.map(async ({ worker }) => worker.terminate()));
    }
  } finally {
    await db.close();
  }
}

if (!isMainThread && (workerData as { readonly node?: NodeTask }).node !== undefined) serveNode((workerData as { readonly node: NodeTask }).node);

export const bench: Bench = {
  name: 'exchange',
  description: 'a repartition join over many nodes: speed-up by CPU time, bytes between nodes and through the coordinator',
  run,
};
