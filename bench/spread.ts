/**
 * Statements over many nodes, by CPU time rather than by the clock, so that it can be shown on a machine with few cores and much to do:
 *
 * - what a statement costs its coordinator (the front end's thread: schedule, messages, merging), for so many shards on so many nodes whose places are stubs on another
 *   thread. The cost per shard must stay flat to 1,000 shards and 100 nodes;
 * - how a query that scans much would speed up from 1 to N nodes: every node's places are readers in this thread, and the time that each of them works is counted. The
 *   speed-up is that of the work of one node alone to the work of the busiest node and the coordinator's together.
 *
 *   npm run bench -- spread [--rounds 20] [--rows 300000] [--nodes 1,10,100] [--shards 10,100,1000]
 */
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, MessageChannel, type MessagePort, Worker, workerData } from 'node:worker_threads';
import { CatalogSnapshot } from '../src/catalog/snapshot.js';
import { CacheServer } from '../src/cluster/shuffle/cache-server.js';
import { CacheStore } from '../src/cluster/shuffle/cache-store.js';
import { type Client, connect, serve } from '../src/common/rpc.js';
import { workerUrl } from '../src/common/worker-url.js';
import { initialiseParser } from '../src/sql/parser.js';
import type { CacheService, ReadService } from '../src/storage/ports.js';
import type { Caches } from '../src/storage/read/caches.js';
import { Reader } from '../src/storage/read/reader.js';
import { Oid } from '../src/types/oid.js';
import { register, TestDatabase } from '../test/unit/storage/support.js';
import type { Bench } from './main.js';
import { row } from './servers.js';
import { cpuMs, executorOver, position, requestOf, runOnce } from './statements.js';

const query = `SELECT item, count(*), avg(amount), max(amount * 31 % 7919), sum(ln(amount + 2::float8)), count(*) FILTER (WHERE amount::text LIKE '%77%')
  FROM line WHERE amount % 7 < 5 GROUP BY item ORDER BY item`;
const join = 'SELECT count(*), sum(l.amount) FROM line l JOIN event e ON e.item = l.item';
const placesPerNode = 2;
/** One alone would be no exchange at all. */
const fewestShards = 2;
const warmUps = 5;
const speedUpRounds = 5;

// ---- the coordinator ----

/** On the thread of the stubs: places that have nothing to do. */
function serveStubs(ports: readonly MessagePort[]): void {
  const done = { cursor: 1, batch: { done: true, rows: 0, bytes: undefined } };
  const nothing = (): undefined => undefined;
  const stub: Record<keyof ReadService, (request: never) => unknown> = {
    openSnapshot: () => ({ snapshot: 1, commitSequence: 0, lsn: 1 }),
    open: () => done,
    pull: () => done.batch,
    ...{ closeSnapshot: nothing, close: nothing, createLanding: nothing, land: nothing, fill: nothing, take: nothing, finishLanding: nothing },
    ship: () => ({ rows: 0, bytesSent: 0, bytesAway: 0, lost: [] }),
  };
  for (const port of ports) serve(port, stub);
}

/** A catalog whose one table has so many shards (a real database has fewer). */
function withShards({ data }: CatalogSnapshot, shards: number): CatalogSnapshot {
  const groups = data.groups.map((group) => ({ ...group, bounds: Array.from({ length: shards }, (_, at) => Math.floor((at * 2 ** 32) / shards)) }));
  return new CatalogSnapshot({ ...data, groups });
}

async function coordinator(
  sql: string,
  catalog: CatalogSnapshot,
  nodeCounts: readonly number[],
  shardCounts: readonly number[],
  rounds: number,
): Promise<void> {
  console.log(`\n${sql}\nThe coordinator's CPU time for one statement, ${String(placesPerNode)} places a node:`);
  row(['nodes', 'shards', 'ms', 'us a shard', 'us a place']);
  for (const nodes of nodeCounts) {
    const channels = Array.from({ length: nodes * placesPerNode }, () => new MessageChannel());
    const far = channels.map(({ port2 }) => port2);
    const { url, execArgv } = workerUrl('./spread.js', import.meta.url);
    const worker = new Worker(url, { workerData: { stubs: far }, transferList: far, ...(execArgv === undefined ? {} : { execArgv }) });
    const clients = channels.map(({ port1 }) => connect<ReadService>(port1));
    const executor = executorOver(
      Array.from({ length: nodes }, (_, node) => ({
        name: `node-${String(node)}`,
        places: clients.slice(node * placesPerNode, (node + 1) * placesPerNode),
        position,
      })),
    );
    let ofPlaces = 0;
    for (const shards of [fewestShards, ...shardCounts]) {
      const request = requestOf(sql, withShards(catalog, shards), 1e6, nodes * placesPerNode);
      for (let round = 0; round < warmUps; round++) await runOnce(executor, request);
      const before = cpuMs();
      for (let round = 0; round < rounds; round++) await runOnce(executor, request);
      const ms = (cpuMs() - before) / rounds;
      // (With so few there is hardly anything but snapshots to open and to close.)
      if (shards === fewestShards) ofPlaces = ms;
      else {
        const perPlace = (ofPlaces * 1000) / channels.length;
        row([String(nodes), String(shards), ms.toFixed(2), (((ms - ofPlaces) * 1000) / (shards - fewestShards)).toFixed(0), perPlace.toFixed(0)]);
      }
    }
    await worker.terminate();
    for (const { port1 } of channels) port1.close();
  }
}

// ---- the speed-up ----

/** A place on this thread that counts for how long it works. */
class CountingPlace {
  workMs = 0;
  readonly client: Client<ReadService>;

  constructor(reader: Reader) {
    const methods = reader as unknown as Record<string, (request: unknown) => unknown>;
    this.client = new Proxy({} as Client<ReadService>, {
      get: (_, name: string) => async (request: unknown) => {
        // (As over a port: what others have asked for comes first.)
        await new Promise((resolve) => setImmediate(resolve));
        const before = cpuMs();
        try {
          return methods[name]?.call(reader, request);
        } finally {
          this.workMs += cpuMs() - before;
        }
      },
    });
  }
}

/** Each node's part of the distributed cache, in this thread. */
function cachesOf(names: readonly string[]): Caches {
  const clients = new Map(
    names.map((name) => {
      const { service } = new CacheServer(new CacheStore({ memoryBytesMax: () => Infinity, temporaryDirectory: tmpdir() })).open();
      const methods = service as unknown as Record<string, (request: unknown) => unknown>;
      const client = new Proxy({} as Client<CacheService>, {
        get: (_, method: string) => (method === 'then' ? undefined : async (request: unknown) => await Promise.resolve(methods[method]?.(request))),
      });
      return [name, client];
    }),
  );
  return { at: async (name) => await Promise.resolve(clients.get(name) as Client<CacheService>) };
}

async function speedUp(db: TestDatabase, catalog: CatalogSnapshot, rows: number, nodeCounts: readonly number[]): Promise<void> {
  console.log(`\n${query}\nover ${String(rows)} rows in ${String(catalog.data.groups[0]?.bounds.length)} shards, one place a node, CPU time:`);
  row(['nodes', 'work, ms', 'busiest, ms', 'coordinator, ms', 'speed-up']);
  const request = requestOf(query, catalog, rows);
  let alone = 0;
  for (const nodes of nodeCounts) {
    const names = Array.from({ length: nodes }, (_, node) => `node-${String(node)}`);
    const caches = cachesOf(names);
    const readers = names.map(() => new Reader({ layout: db.layout, register, shared: db.shared, caches }));
    const places = readers.map((reader) => new CountingPlace(reader));
    const executor = executorOver(places.map(({ client }, node) => ({ name: names[node] as string, places: [client], position })));
    const runs: { readonly work: number; readonly busiest: number; readonly own: number }[] = [];
    for (let round = 0; round < warmUps + speedUpRounds; round++) {
      for (const place of places) place.workMs = 0;
      const before = cpuMs();
      await runOnce(executor, request);
      const all = cpuMs() - before;
      const work = places.reduce((sum, place) => sum + place.workMs, 0);
      if (round >= warmUps) runs.push({ work, busiest: Math.max(...places.map((place) => place.workMs)), own: all - work });
    }
    runs.sort((one, other) => one.busiest + one.own - other.busiest - other.own);
    const { work, busiest, own } = runs[speedUpRounds >> 1] as (typeof runs)[number];
    if (nodes === 1) alone = busiest + own;
    row([String(nodes), work.toFixed(0), busiest.toFixed(0), own.toFixed(1), (alone / (busiest + own)).toFixed(1)]);
    for (const reader of readers) reader.shutdown();
  }
}

const numbers = (text: string): readonly number[] => text.split(',').map(Number);

async function run(args: readonly string[]): Promise<void> {
  const option = { type: 'string' } as const;
  const { values } = parseArgs({ args: [...args], options: { rounds: option, rows: option, nodes: option, shards: option } });
  const rows = Number(values.rows ?? 300_000);
  await initialiseParser();
  const db = new TestDatabase();
  try {
    await db.create({ name: 'line', columns: [{ name: 'id' }, { name: 'item' }, { name: 'amount', type: Oid.int8 }], shards: 64 });
    await db.create({ name: 'event', columns: [{ name: 'id' }, { name: 'item' }], shards: 64 });
    const batch = 5000;
    for (let from = 0; from < rows; from += batch)
      await db.insert(
        'line',
        Array.from({ length: batch }, (_, at) => [from + at, (from + at) % 97, (from + at) * 3]),
      );
    const catalog = new CatalogSnapshot(db.lane.catalog);
    for (const sql of [query, join])
      await coordinator(sql, catalog, numbers(values.nodes ?? '1,10,100'), numbers(values.shards ?? '10,100,1000'), Number(values.rounds ?? 20));
    await speedUp(db, catalog, rows, [1, 2, 4, 8, 16, 32]);
  } finally {
    await db.close();
  }
}

if (!isMainThread) serveStubs((workerData as { readonly stubs: readonly MessagePort[] }).stubs);

export const bench: Bench = {
  name: 'spread',
  description: "a statement over many nodes: the coordinator's cost per node and shard, speed-up by CPU time",
  run,
};
