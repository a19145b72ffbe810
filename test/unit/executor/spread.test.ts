/**
 * Statements over several nodes: each node has two readers of one database's files in this thread, behind clients that count what they are asked and can be lost at any call.
 * One record everywhere is real nodes' business (test/e2e/cluster/spread.test.ts); here: who does what, and what happens when somebody is gone.
 */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { CatalogSnapshot } from '../../../src/catalog/snapshot.js';
import { CacheServer } from '../../../src/cluster/shuffle/cache-server.js';
import { CacheStore } from '../../../src/cluster/shuffle/cache-store.js';
import { PgError } from '../../../src/common/errors.js';
import { type Client, connect } from '../../../src/common/rpc.js';
import { QueryExecutor } from '../../../src/executor/execute.js';
import type { ExchangeReport, ExecutionRequest } from '../../../src/executor/execution-request.js';
import type { BatchStream } from '../../../src/executor/merge-streams.js';
import type { Copies, ReadingNode } from '../../../src/executor/reading-nodes.js';
import type { PhysicalPlan } from '../../../src/plan/physical.js';
import { compileStatement } from '../../../src/proxy/session/compile.js';
import { initialiseParser, parse } from '../../../src/sql/parser.js';
import type { CacheService, PositionService, ReadService, TaskContext } from '../../../src/storage/ports.js';
import type { Caches } from '../../../src/storage/read/caches.js';
import { Reader } from '../../../src/storage/read/reader.js';
import { Oid } from '../../../src/types/oid.js';
import type { SqlValue } from '../../../src/types/value.js';
import { contextOver } from '../planner/sample-catalog.js';
import { context, register, TestDatabase } from '../storage/support.js';

const shards = 6;
const rows = 600;
const partitions = 6;

/** Counts what goes from one node to another. */
function counting(cache: Client<CacheService>, from: string, to: FakeNode): Client<CacheService> {
  return {
    ...{ init: cache.init, read: cache.read, finish: cache.finish, letGo: cache.letGo },
    append: async (request, transfer) => {
      await cache.append(request, transfer);
      for (const { id } of request.portions) {
        const ofId = to.arrivals.get(id) ?? new Map<string, number>();
        to.arrivals.set(id, ofId.set(from, (ofId.get(from) ?? 0) + 1));
      }
      to.arrived?.();
    },
  };
}

/** The distributed cache of some nodes, in this thread. */
class FakeCaches {
  readonly #nodes = new Map<string, { readonly node: FakeNode; readonly server: CacheServer }>();
  readonly #ports: MessagePort[] = [];

  add(node: FakeNode): void {
    this.#nodes.set(node.name, { node, server: new CacheServer(node.store) });
  }

  /** As a thread of `from` reaches them. */
  of(from: string): Caches {
    const known = new Map<string, Client<CacheService>>();
    return {
      at: async (name) => {
        const there = this.#nodes.get(name);
        if (there === undefined || there.node.isLost || there.node.cutOffFrom.has(from)) throw new PgError('08001', `there is no way to ${name}`);
        let cache = known.get(name);
        if (cache === undefined) {
          const { port1, port2 } = new MessageChannel();
          there.server.serve(port1);
          this.#ports.push(port2);
          known.set(name, (cache = connect<CacheService>(port2)));
        }
        if (name !== from) cache = counting(cache, from, there.node);
        return await Promise.resolve(cache);
      },
    };
  }

  close(): void {
    for (const port of this.#ports) port.close();
  }
}

/** A node: what its places are asked, and when they are lost. */
class FakeNode implements ReadingNode {
  readonly places: readonly Client<ReadService>[];
  readonly position: Client<PositionService>;
  readonly calls: string[] = [];
  readonly readers: Reader[] = [];
  readonly store = new CacheStore({ memoryBytesMax: () => this.cacheBytesMax, temporaryDirectory: tmpdir() });
  cacheBytesMax = 1 << 20;
  isLost = false;
  /** The record at which its copy stands. */
  lsn = 0;
  /** Of the primary: tables that have been changed since any record. */
  changed: readonly string[] = [];
  /** Nodes whose caches and its own do not reach each other. */
  readonly cutOffFrom = new Set<string>();
  /** Is lost at the call of that name with this number (from 1). */
  loseAt: { readonly method: string; readonly call: number } | undefined;

  /** Comes before a call is carried out, or when it has been. */
  before: ((method: string) => Promise<void>) | undefined;
  after: ((method: string) => Promise<void>) | undefined;
  /** By id: how many portions have come to the node's cache from each other node. */
  readonly arrivals = new Map<string, Map<string, number>>();
  /** Called when one has come. */
  arrived: (() => void) | undefined;

  constructor(
    readonly name: string,
    db: TestDatabase,
    caches: FakeCaches,
  ) {
    caches.add(this);
    this.readers = [0, 1].map(() => new Reader({ layout: db.layout, register, shared: db.shared, caches: caches.of(name) }));
    this.places = this.readers.map((reader) => this.client(reader));
    this.position = {
      holdPosition: async () => await this.answer('holdPosition', () => ({ hold: 1, lsn: this.lsn })),
      advancePosition: async ({ lsn }) =>
        await this.answer('advancePosition', () => {
          if (lsn < this.lsn) throw new PgError('SH004', 'this copy has more');
        }),
      releasePosition: async () => await this.answer('releasePosition', () => undefined),
      areTablesAsAt: async ({ tables }) =>
        await this.answer('areTablesAsAt', () => !tables.some((table) => this.changed.some((name) => table.endsWith(`_${name}`)))),
    };
  }

  count(method: string): number {
    return this.calls.filter((call) => call === method).length;
  }

  private async answer<T>(method: string, work: () => T | Promise<T>): Promise<T> {
    this.calls.push(method);
    if (this.loseAt?.method === method && this.count(method) === this.loseAt.call) this.isLost = true;
    await this.before?.(method);
    await Promise.resolve();
    if (this.isLost) throw new PgError('08006', `node ${this.name} is lost`);
    const answer = await work();
    await this.after?.(method);
    return answer;
  }

  private client(reader: Reader): Client<ReadService> {
    const methods = reader as unknown as Record<string, (request: unknown) => unknown>;
    return new Proxy({} as Client<ReadService>, {
      get: (_, name: string) => async (request: unknown) => await this.answer(name, () => methods[name]?.call(reader, request)),
    });
  }
}

class FakeCopies implements Copies {
  readonly failures: string[] = [];
  nodes: readonly ReadingNode[];

  constructor(nodes: readonly ReadingNode[]) {
    this.nodes = nodes;
  }

  get isPossible(): boolean {
    return this.nodes.length > 0;
  }

  async attached(): Promise<void> {
    await Promise.resolve();
  }

  failed({ name }: ReadingNode): void {
    this.failures.push(name);
  }
}

describe('a statement over several nodes', function () {
  this.timeout(120_000);
  let db: TestDatabase;
  let catalog: CatalogSnapshot;
  let home: FakeNode;
  let b: FakeNode;
  let c: FakeNode;
  let copies: FakeCopies;
  let caches: FakeCaches;
  let reports: ExchangeReport[];
  let executor: QueryExecutor;

  before(async () => {
    await initialiseParser();
    db = new TestDatabase();
    await db.create({ name: 'line', columns: [{ name: 'id' }, { name: 'item' }, { name: 'amount', type: Oid.int8 }], shards });
    await db.create({ name: 'part', columns: [{ name: 'id' }, { name: 'item' }], shards: 4 });
    await db.insert(
      'line',
      Array.from({ length: rows }, (_, id): SqlValue[] => [id, id % 7, id * 3]),
    );
    await db.insert(
      'part',
      Array.from({ length: 70 }, (_, id): SqlValue[] => [id, id % 7]),
    );
    await db.create({ name: 'log', columns: [{ name: 'id' }, { name: 'item' }], primaryKey: ['id'] });
    await db.create({ name: 'item', columns: [{ name: 'item' }, { name: 'name', type: Oid.text }], primaryKey: ['item'] });
    await db.insert(
      'log',
      Array.from({ length: rows }, (_, id): SqlValue[] => [id, id % 7]),
    );
    await db.insert(
      'item',
      Array.from({ length: 7 }, (_, item): SqlValue[] => [item, `item ${String(item)}`]),
    );
    catalog = new CatalogSnapshot(db.lane.catalog);
  });
  after(async () => {
    await db.close();
  });

  beforeEach(() => {
    caches = new FakeCaches();
    reports = [];
    home = new FakeNode('a', db, caches);
    b = new FakeNode('b', db, caches);
    c = new FakeNode('c', db, caches);
    copies = new FakeCopies([b, c]);
    executor = new QueryExecutor(home, undefined, () => undefined, copies);
  });
  afterEach(async () => {
    for (const node of [home, b, c]) for (const reader of node.readers) reader.shutdown();
    // (What statements held of the caches they have let go of, however they have ended.)
    while ([home, b, c].some(({ store }) => store.figures.queries > 0)) await new Promise((resolve) => setImmediate(resolve));
    caches.close();
  });

  function planOf(sql: string, partitionsWanted = partitions): PhysicalPlan {
    const [parsed] = parse(sql);
    ok(parsed);
    const bind = { ...contextOver(), catalog };
    const compiled = compileStatement(parsed.statement, {
      bind,
      rows: new Map([...catalog.data.relations].map(({ oid, name }) => [oid, name === 'item' ? 7 : name === 'log' ? 400_000 : 100_000])),
      partitions: partitionsWanted,
      combines: true,
    });
    ok(compiled.kind === 'query');
    return compiled.readPlan();
  }

  function requestOf(plan: PhysicalPlan, nodesMax: number, task = context): ExecutionRequest {
    return {
      ...{ plan, catalog, parameters: [], parameterTypes: [], context: task, nodesMax },
      output: (columns) => ({ kind: 'wire', columns: columns.map(({ column }) => ({ typeOid: column.type.oid, typmod: -1, binary: false })) }),
      catalogRows: () => new Uint8Array(),
      exchanged: (report) => {
        reports.push(report);
      },
    };
  }

  async function open(sql: string, nodesMax = 10, task = context): Promise<BatchStream> {
    return await executor.open(requestOf(planOf(sql), nodesMax, task));
  }

  /** The fields of DataRow messages. */
  function* messages(bytes: Uint8Array): Iterable<string[]> {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (let at = 0; at < buffer.length; at += 1 + buffer.readInt32BE(at + 1)) {
      const fields: string[] = [];
      for (let field = at + 7; fields.length < buffer.readInt16BE(at + 5); ) {
        const length = buffer.readInt32BE(field);
        fields.push(buffer.toString('utf8', field + 4, field + 4 + length));
        field += 4 + length;
      }
      yield fields;
    }
  }

  async function all(stream: BatchStream): Promise<string[][]> {
    const found: string[][] = [];
    for (;;) {
      const batch = await stream.pull(0);
      if (batch.bytes !== undefined) found.push(...messages(batch.bytes));
      if (batch.done) return found;
    }
  }

  const query = async (sql: string, nodesMax?: number, task?: TaskContext): Promise<string[][]> => await all(await open(sql, nodesMax, task));
  const byItem = 'SELECT item, count(*), sum(amount) FROM line GROUP BY item ORDER BY item';
  const broadcast = 'SELECT p.id, count(*) FROM line l LEFT JOIN part p ON p.id < 2 AND l.item < p.item GROUP BY p.id ORDER BY p.id';
  const repartitioned = 'SELECT l.item, count(*) FROM line l JOIN part p ON p.item = l.item GROUP BY l.item ORDER BY l.item';

  it('reads shards at all of them, and merges the partial aggregates of a node before they leave it', async () => {
    const alone = await query(byItem, 1);
    equal(alone.length, 7);
    equal(b.calls.length, 0);
    deepEqual(await query(byItem), alone);
    equal(home.count('fill') + b.count('fill') + c.count('fill'), shards);
    for (const node of [b, c]) ok(node.count('fill') > 0, `${node.name} takes part`);
    // (One for each other node, whatever its threads have made.)
    const rowsOfNodes = home.arrivals.get('x1');
    deepEqual([...(rowsOfNodes?.keys() ?? [])].sort(), ['b', 'c']);
    for (const portions of rowsOfNodes?.values() ?? []) equal(portions, 1);
  });

  it('reads a large reference table in ranges of rows at all of them', async () => {
    for (const sql of [
      'SELECT count(*), sum(id), min(id), max(id) FROM log',
      'SELECT name, count(*) FROM log JOIN item USING (item) WHERE id % 3 = 0 GROUP BY name ORDER BY name',
      'SELECT id FROM log ORDER BY item, id',
      'SELECT id FROM log',
    ]) {
      const { root, exchanges } = planOf(sql);
      const divided = [root, ...exchanges.map(({ producer }) => producer)].filter(({ dividesTable }) => dividesTable === 'log');
      deepEqual(divided.length, 1, sql);
      for (const node of [home, b, c]) node.calls.length = 0;
      const found = await query(sql);
      for (const node of [home, b, c]) ok(node.count('fill') + node.count('open') > 0, `${node.name}: ${sql}`);
      // (One thread alone divides nothing.)
      const whole = planOf(sql, 1);
      equal(whole.root.dividesTable, undefined);
      deepEqual(found, await all(await executor.open(requestOf(whole, 1))), sql);
    }
  });

  it('divides no table of which little is read, or where its rows would only have to come together again', () => {
    for (const sql of [
      'SELECT id FROM log WHERE id = 7',
      'SELECT count(*) FROM log WHERE id BETWEEN 5 AND 10',
      'SELECT id FROM log LIMIT 5',
      'SELECT count(*) FROM log a JOIN log b USING (item)',
      'SELECT id, row_number() OVER (ORDER BY id) FROM log',
      'SELECT item, count(DISTINCT id) FROM log GROUP BY item',
      'SELECT count(*) FROM log JOIN line USING (item)',
    ]) {
      const { root, exchanges } = planOf(sql);
      for (const fragment of [root, ...exchanges.map(({ producer }) => producer)]) equal(fragment.dividesTable, undefined, sql);
    }
  });

  it('merges the first rows of a node before they leave it', async () => {
    const first = 'SELECT id, amount FROM line ORDER BY amount DESC, id LIMIT 50';
    deepEqual(await query(first), await query(first, 1));
    equal(reports[0]?.route, 'shipped');
    for (const portions of home.arrivals.get('x1')?.values() ?? []) equal(portions, 1);
  });

  it('exchanges from node to node: no row but the last ones comes to the coordinator', async () => {
    const alone = await query(repartitioned, 1);
    ok(reports.splice(0).every(({ route }) => route === 'relayed'));
    home.calls.length = 0;
    deepEqual(await query(repartitioned), alone);
    ok(reports.some(({ bytesBetweenNodes }) => bytesBetweenNodes > 0));
    for (const report of reports) {
      equal(report.route, 'shipped');
      ok(report.bytes >= report.bytesBetweenNodes);
    }
    // (Of all fragments the front end reads the last one alone, which runs once for each partition.)
    const asked = (method: string): number => [home, b, c].reduce((sum, node) => sum + node.count(method), 0);
    deepEqual([asked('open'), asked('land')], [partitions, 0]);
  });

  it('takes what a lost node has sent half-way for nothing', async () => {
    const alone = await query(repartitioned, 1);
    const sent = new Promise<void>((resolve) => {
      c.arrived = resolve;
    });
    b.after = async (method) => {
      if (method !== 'ship') return;
      await sent;
      b.isLost = true;
      throw new PgError('08006', 'node b is lost');
    };
    deepEqual(await query(repartitioned), alone);
    ok(b.isLost);
  });

  it('does not show that two nodes cannot reach each other', async () => {
    for (const [one, other] of [
      [b, c],
      [b, home],
    ] as const) {
      one.cutOffFrom.add(other.name);
      other.cutOffFrom.add(one.name);
      for (const sql of [byItem, repartitioned, broadcast]) deepEqual(await query(sql), await query(sql, 1), sql);
      one.cutOffFrom.clear();
      other.cutOffFrom.clear();
    }
  });

  it('keeps within the memory of each cache, whatever is exchanged', async () => {
    for (const node of [home, b, c]) node.cacheBytesMax = 500;
    let most = 0;
    for (const node of [home, b, c])
      node.before = async () => {
        most = Math.max(most, node.store.memoryBytes);
        await Promise.resolve();
      };
    const sql =
      "SELECT l.item, count(*), max(l.text) FROM (SELECT item, repeat('x', 100) || id AS text FROM line) l JOIN part p ON p.item = l.item GROUP BY l.item ORDER BY 1";
    deepEqual(await query(sql), await query(sql, 1));
    ok([home, b, c].some(({ store }) => store.figures.spilledBytes > 0));
    ok(most <= 500);
  });

  it('lets go of the caches when a statement is cancelled in the middle of an exchange', async () => {
    const words = new Int32Array(db.shared.cancel);
    let held = 0;
    b.after = async (method) => {
      if (method !== 'ship') return;
      held = [home, b, c].reduce((sum, { store }) => sum + store.figures.queries, 0);
      Atomics.store(words, 5, 1);
      await Promise.resolve();
    };
    try {
      await rejects(query(repartitioned, 10, { ...context, cancelSlot: 5 }), { code: '57014' });
    } finally {
      Atomics.store(words, 5, 0);
    }
    // (afterEach waits until they are empty.)
    ok(held > 0);
  });

  it('gives the same rows by every kind of exchange', async () => {
    for (const sql of [
      repartitioned,
      'SELECT id, amount FROM line ORDER BY amount DESC, id LIMIT 50',
      'SELECT count(*) FROM line WHERE item IN (SELECT item FROM part WHERE id < 3)',
    ]) {
      deepEqual(await query(sql), await query(sql, 1), sql);
    }
    const sorted = (found: string[][]): number[] => found.map(([id]) => Number(id)).sort((x, y) => x - y);
    deepEqual(sorted(await query('SELECT id FROM line')), sorted(await query('SELECT id FROM line', 1)));
    ok(b.count('open') > 0);
  });

  for (const method of ['holdPosition', 'advancePosition', 'openSnapshot', 'createLanding', 'fill', 'ship', 'take', 'open', 'pull']) {
    for (const call of [1, 2]) {
      it(`does not show that a node is lost at its ${String(call)}. ${method}`, async () => {
        for (const sql of [byItem, repartitioned, 'SELECT id FROM line ORDER BY id']) {
          const alone = await query(sql, 1);
          b.isLost = false;
          b.calls.length = 0;
          b.loseAt = { method, call };
          deepEqual(await query(sql), alone, sql);
        }
      });
    }
  }

  it('begins again when a node is lost before the client has seen a row, and tells the client when it has', async () => {
    const large = "SELECT id, repeat('x', 8000) FROM line";
    const before = await open(large);
    b.isLost = c.isLost = true;
    equal((await all(before)).length, rows);
    b.isLost = c.isLost = false;
    const after = await open(large);
    ok((await after.pull(0)).rows > 0);
    b.isLost = c.isLost = true;
    await rejects(all(after), { code: '40001' });
  });

  /** Runs a statement that c comes to when the first shards of its last fragment are under way; `hasCome`: what is waited for before these go on. */
  async function withLateNode(sql: string, hasCome: (asked: string, of: FakeNode) => boolean, meanwhile?: () => Promise<void>): Promise<void> {
    copies.nodes = [b];
    const expected = await query(sql, 1);
    let come = (): void => undefined;
    const late = new Promise<void>((resolve) => (come = resolve));
    let happens: Promise<void> | undefined;
    home.before = b.before = async (asked) => {
      if (hasCome(asked, home)) come();
      if (asked !== 'fill') return;
      happens ??= meanwhile?.() ?? Promise.resolve();
      await happens;
      copies.nodes = [b, c];
      await late;
    };
    c.before = async (asked) => {
      if (hasCome(asked, c)) come();
      await Promise.resolve();
    };
    deepEqual(await query(sql), expected);
    c.before = home.before = b.before = undefined;
  }

  it('has nodes take part that come while it runs', async () => {
    await withLateNode(byItem, (asked, node) => node === c && asked === 'fill');
    ok(c.count('fill') > 0);
  });

  it('brings nodes that come late what has been broadcast', async () => {
    await withLateNode(broadcast, (asked, node) => node === c && asked === 'fill');
    ok(c.count('take') > 0 && c.count('fill') > 0);
  });

  it('has nodes that come late take part with later records, if nothing has changed in the tables of the statement', async () => {
    for (const [changed, isIn] of [
      ['item', true],
      ['line', false],
    ] as const) {
      c.calls.length = home.calls.length = 0;
      await withLateNode(
        byItem,
        (asked, node) => (isIn ? node === c && asked === 'fill' : node === home && asked === 'areTablesAsAt'),
        async () => {
          await db.insert('item', [[isIn ? 100 : 101, 'new']]);
          c.lsn = (await db.lane.logPosition()).lsn;
          home.changed = [changed];
        },
      );
      equal(home.count('areTablesAsAt'), 1);
      equal(c.count('fill') > 0, isIn);
    }
  });

  it('fails as the node that writes does', async () => {
    home.loseAt = { method: 'fill', call: 1 };
    await rejects(query(byItem), { code: '08006' });
  });

  it('passes on what is wrong with the statement itself', async () => {
    await rejects(query('SELECT sum(1 / (id - 300)) FROM line'), { code: '22012' });
    deepEqual(copies.failures, []);
  });

  it('uses no more nodes than it may', async () => {
    await query(byItem, 2);
    ok(b.count('fill') > 0);
    equal(c.calls.length, 0);
  });
});
