/**
 * Statements over several nodes: each node has two readers of one database's files in this thread, behind clients that count what they are asked and can be lost at any call.
 * One record everywhere is real nodes' business (test/e2e/cluster/spread.test.ts); here: who does what, and what happens when somebody is gone.
 */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { CatalogSnapshot } from '../../../src/catalog/snapshot.js';
import { PgError } from '../../../src/common/errors.js';
import type { Client } from '../../../src/common/rpc.js';
import { QueryExecutor } from '../../../src/executor/execute.js';
import type { BatchStream } from '../../../src/executor/merge-streams.js';
import type { Copies, ReadingNode } from '../../../src/executor/reading-nodes.js';
import { compileStatement } from '../../../src/proxy/session/compile.js';
import { initialiseParser, parse } from '../../../src/sql/parser.js';
import type { PositionService, ReadService } from '../../../src/storage/ports.js';
import { Reader } from '../../../src/storage/read/reader.js';
import { Oid } from '../../../src/types/oid.js';
import type { SqlValue } from '../../../src/types/value.js';
import { contextOver } from '../planner/sample-catalog.js';
import { context, register, TestDatabase } from '../storage/support.js';

const shards = 6;
const rows = 600;

/** A node: what its places are asked, and when they are lost. */
class FakeNode implements ReadingNode {
  readonly places: readonly Client<ReadService>[];
  readonly position: Client<PositionService>;
  readonly calls: string[] = [];
  readonly readers: Reader[] = [];
  isLost = false;
  /** Is lost at the call of that name with this number (from 1). */
  loseAt: { readonly method: string; readonly call: number } | undefined;

  /** Comes before a call is carried out. */
  before: ((method: string) => Promise<void>) | undefined;

  constructor(
    readonly name: string,
    db: TestDatabase,
  ) {
    this.readers = [0, 1].map(() => new Reader({ layout: db.layout, register, shared: db.shared }));
    this.places = this.readers.map((reader) => this.client(reader));
    this.position = {
      holdPosition: async () => await this.answer('holdPosition', () => ({ hold: 1, lsn: 0 })),
      advancePosition: async () => await this.answer('advancePosition', () => undefined),
      releasePosition: async () => await this.answer('releasePosition', () => undefined),
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
    return await work();
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
  this.timeout(30_000);
  let db: TestDatabase;
  let catalog: CatalogSnapshot;
  let home: FakeNode;
  let b: FakeNode;
  let c: FakeNode;
  let copies: FakeCopies;
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
    catalog = new CatalogSnapshot(db.lane.catalog);
  });
  after(async () => {
    await db.close();
  });

  beforeEach(() => {
    home = new FakeNode('a', db);
    b = new FakeNode('b', db);
    c = new FakeNode('c', db);
    copies = new FakeCopies([b, c]);
    executor = new QueryExecutor(home, undefined, () => undefined, copies);
  });
  afterEach(() => {
    for (const node of [home, b, c]) for (const reader of node.readers) reader.shutdown();
  });

  async function open(sql: string, nodesMax = 10): Promise<BatchStream> {
    const [parsed] = parse(sql);
    ok(parsed);
    const bind = { ...contextOver(), catalog };
    const compiled = compileStatement(parsed.statement, {
      bind,
      rows: new Map([...catalog.data.relations].map(({ oid }) => [oid, 100_000])),
      partitions: 6,
      combines: true,
    });
    ok(compiled.kind === 'query');
    return await executor.open({
      ...{ plan: compiled.readPlan(), catalog, parameters: [], parameterTypes: [], context, nodesMax },
      output: (columns) => ({ kind: 'wire', columns: columns.map(({ column }) => ({ typeOid: column.type.oid, typmod: -1, binary: false })) }),
      catalogRows: () => new Uint8Array(),
    });
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

  const query = async (sql: string, nodesMax?: number): Promise<string[][]> => await all(await open(sql, nodesMax));
  const byItem = 'SELECT item, count(*), sum(amount) FROM line GROUP BY item ORDER BY item';
  const repartitioned = 'SELECT l.item, count(*) FROM line l JOIN part p ON p.item = l.item GROUP BY l.item ORDER BY l.item';

  it('reads shards at all of them, and merges the partial aggregates of a thread before they leave it', async () => {
    const alone = await query(byItem, 1);
    equal(alone.length, 7);
    equal(b.calls.length, 0);
    deepEqual(await query(byItem), alone);
    equal(home.count('fill') + b.count('fill') + c.count('fill'), shards);
    for (const node of [b, c]) {
      ok(node.count('fill') > 0, `${node.name} takes part`);
      ok(node.count('open') <= node.places.length, 'one statement for each of its threads that has worked');
    }
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

  for (const method of ['holdPosition', 'advancePosition', 'openSnapshot', 'createLanding', 'fill', 'open', 'pull', 'land']) {
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

  it('has nodes take part that come while it runs, if they can show the same record', async () => {
    copies.nodes = [b];
    const late = new Promise<void>((resolve) => {
      // The first shards take until the late node is there.
      home.before = b.before = async (method) => {
        if (method !== 'fill') return;
        copies.nodes = [b, c];
        await late;
      };
      c.before = async (method) => {
        if (method === 'fill') resolve();
        await Promise.resolve();
      };
    });
    const found = await query(byItem);
    ok(c.count('fill') > 0);
    c.before = home.before = b.before = undefined;
    deepEqual(found, await query(byItem, 1));
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
