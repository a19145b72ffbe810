/** Splitting a shard while transactions write, on the lane: whatever comes between its steps, every row is there once, in the part that owns it. */
import { deepEqual, equal, ok, rejects } from 'node:assert/strict';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { shardOfHash } from '../../../src/catalog/shard-group.js';
import type { CatalogData } from '../../../src/catalog/snapshot.js';
import type { ShardGroup, Table } from '../../../src/catalog/table.js';
import type { DdlStep, MutationTask } from '../../../src/storage/ports.js';
import type { WriterLaneOptions } from '../../../src/storage/write/writer-lane.js';
import { placementHash32 } from '../../../src/types/hash.js';
import { Oid } from '../../../src/types/oid.js';
import type { SqlValue } from '../../../src/types/value.js';
import { seededRandom } from './random.js';
import { context, failure, TestDatabase } from './support.js';

const rowsAtFirst = 1500;
const cancelSlot = 7;
/** So that the rows are many portions. */
const filling = 'x'.repeat(150);

/** Rows lie where their keys say, as those of real tables do. */
class SplitDatabase extends TestDatabase {
  #onCatalog: () => void = () => undefined;

  override openLane(options: Partial<WriterLaneOptions> = {}): ReturnType<TestDatabase['openLane']> {
    return super.openLane({
      onCatalog: ({ catalog }) => {
        this.published.push(catalog);
        this.#onCatalog();
      },
      ...options,
    });
  }

  group(catalog: CatalogData = this.lane.catalog): ShardGroup {
    return catalog.groups[0] as ShardGroup;
  }

  override shardOf(_table: Table, row: readonly SqlValue[]): number {
    return shardOfHash(this.group(), placementHash32([row[0] as SqlValue], [Oid.int4]));
  }

  /** UPDATE item SET id = id + `by` WHERE ...: rows go to other parts and shards. */
  moveTask(by: number, where: string): MutationTask {
    const table = this.table('item');
    const { bounds } = this.group();
    const sql = this.schemas(table)
      .map(
        (schema, shard) =>
          `SELECT ${String(shard)}, _rowid, shoal_shard('${bounds.join(',')}', '23', id + ${String(by)}), id + ${String(by)} AS id, v, filling FROM "${schema}"."${table.physicalName}" WHERE ${where}`,
      )
      .join(' UNION ALL ');
    return { kind: 'update', tableOid: table.oid, source: { sql, params: [] }, assigned: [1] };
  }

  split(shard: number, parts = 2, slot = -1): Promise<{ readonly catalogVersion: number }> {
    const from = this.group().bounds[shard] ?? 0;
    return this.lane.splitShard({ tableOid: this.table('item').oid, from, parts, waits: true, context: { ...context, cancelSlot: slot }, lockTimeoutMs: 0 });
  }

  /** Resolves once the catalog is as wanted. */
  async catalogIs(wanted: (catalog: CatalogData) => boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#onCatalog = () => {
        if (wanted(this.lane.catalog)) resolve();
      };
      this.#onCatalog();
    });
  }

  /** A transaction that has the table, so that a split does not end before it does. */
  async holdTable(): Promise<number> {
    const transaction = await this.begin();
    const { oid, name } = this.table('item');
    await this.lane.lockTable({ transaction, tables: [{ oid, name }], mode: 'keyShare', nowait: false, lockTimeoutMs: 0 });
    return transaction;
  }

  /** DDL in a transaction that has done others: `version` counts them. */
  async ddl(transaction: number, version: number, steps: readonly DdlStep[], change: Partial<CatalogData> = {}): Promise<void> {
    const { catalog } = this.lane;
    const baseVersion = catalog.version + version;
    await this.lane.ddl({ transaction, context, baseVersion, catalog: { ...catalog, ...change, version: baseVersion + 1 }, steps, lockTimeoutMs: 0 });
  }

  /** The rows are these, each in the file of its shard. */
  async check(expected: ReadonlyMap<number, number>): Promise<void> {
    deepEqual(
      (await this.rows('item')).map(([id, v]) => [Number(id), Number(v)]),
      [...expected].sort(([left], [right]) => left - right),
    );
    const table = this.table('item');
    for (const [shard, schema] of this.schemas(table).entries()) {
      const { batch } = await this.reader.open({
        schemas: [schema],
        context,
        catalogVersion: this.lane.catalog.version,
        cursor: {
          sql: `SELECT id FROM "${schema}"."${table.physicalName}" WHERE shoal_shard('${this.group().bounds.join(',')}', '23', id) <> ${String(shard)}`,
          params: [],
          output: { kind: 'rows' },
        },
        maxRows: 0,
      });
      equal(batch.rows, 0, `every row of ${schema} belongs there`);
    }
  }
}

describe('splitting a shard', function () {
  this.timeout(120_000);
  const seed = Number(process.env['SHOAL_SPLIT_SEED'] ?? 1);
  let db: SplitDatabase;
  let model: Map<number, number>;

  beforeEach(async () => {
    db = new SplitDatabase();
    await db.create({ name: 'item', columns: [{ name: 'id' }, { name: 'v' }, { name: 'filling', type: Oid.text }], primaryKey: ['id'], shards: 2 });
    model = new Map();
    const rows = Array.from({ length: rowsAtFirst }, (_, id): [number, number, string] => [id, id, filling]);
    await db.insert('item', rows);
    for (const [id, v] of rows) model.set(id, v);
  });

  afterEach(async () => await db.close());

  it(`goes on while transactions insert, change, move and delete rows, whether they commit or not (seed ${String(seed)})`, async () => {
    const random = seededRandom(seed);
    const below = (limit: number): number => Math.floor(random() * limit);
    const splits = db.split(0, 3).then(async () => await db.split(3));
    let nextId = rowsAtFirst;
    /** Open transactions, each with rows of its own, by their last digit. */
    const open = new Map<number, { readonly transaction: number; readonly apply: (() => void)[] }>();
    const commit = async (digit: number): Promise<void> => {
      const entry = open.get(digit);
      if (entry === undefined) return;
      await db.commit(entry.transaction);
      for (const change of entry.apply) change();
      open.delete(digit);
    };
    for (let n = 1; n <= 240; n++) {
      // (Nothing is switched while somebody has the table.)
      if (n % 60 === 0) for (const digit of [...open.keys()]) await commit(digit);
      const digit = below(10);
      const entry = open.get(digit) ?? { transaction: await db.begin(), apply: [] };
      open.set(digit, entry);
      const { transaction, apply } = entry;
      const own = [...model.keys()].filter((id) => id % 10 === digit);
      const id = own[below(own.length)] ?? -1;
      try {
        const kind = below(6);
        if (kind === 0) {
          const fresh = Math.ceil(nextId / 10) * 10 + digit;
          nextId = fresh + 1;
          await db.insert('item', [[fresh, 1, filling]], transaction);
          apply.push(() => model.set(fresh, 1));
        } else if (kind === 1) {
          await db.execute(db.deleteTask('item', `id = ${String(id)}`), transaction);
          apply.push(() => model.delete(id));
        } else if (kind === 2) {
          const by = Math.ceil(nextId / 10) * 10;
          nextId += 10;
          if ((await db.execute(db.moveTask(by, `id = ${String(id)}`), transaction)) === 1)
            apply.push(() => {
              model.set(id + by, model.get(id) ?? -1);
              model.delete(id);
            });
          nextId = Math.max(nextId, id + by + 1);
        } else if (kind === 3) {
          const count = await db.execute(db.updateTask('item', 'v', 'v + 1', `id = ${String(id)}`), transaction);
          if (count === 1) apply.push(() => model.set(id, (model.get(id) ?? -1) + 1));
        } else if (kind === 4) {
          await commit(digit);
        } else {
          await db.lane.rollback({ transaction });
          open.delete(digit);
        }
      } catch (error) {
        // (The plan was of the catalog before.)
        equal((error as { readonly code?: string }).code, 'SH001');
      }
    }
    for (const digit of [...open.keys()]) await commit(digit);
    await splits;
    equal(db.group().bounds.length, 5);
    await db.check(model);
    equal((await failure(db.insert('item', [[[...model.keys()][0] as number, 1, filling]]))).code, '23505');
    await db.restart();
    await db.check(model);
    for (const schema of ['g1_0000', 'g1_0001']) equal(db.layout.exists(schema), false);
  });

  it('is gone on with after a stop, and after a crash', async () => {
    await db.holdTable();
    const outcome = failure(db.split(1));
    await db.catalogIs(({ groups }) => groups[0]?.split !== undefined);
    await db.execute(db.updateTask('item', 'v', 'v + 1', 'id < 700'));
    for (let id = 0; id < 700; id++) model.set(id, id + 1);
    const crashed = mkdtempSync(join(tmpdir(), 'shoal-split-'));
    cpSync(db.directory, crashed, { recursive: true });
    await db.restart();
    equal((await outcome).code, '57P01');
    await db.catalogIs(({ groups }) => groups[0]?.bounds.length === 3);
    await db.check(model);
    const other = new SplitDatabase(crashed);
    try {
      await other.catalogIs(({ groups }) => groups[0]?.bounds.length === 3);
      await other.check(model);
    } finally {
      await other.close();
    }
  });

  it('is taken back when it is cancelled, and can be begun anew', async () => {
    // (A transaction that has the table keeps it from ending.)
    const transaction = await db.begin();
    await db.execute(db.updateTask('item', 'v', 'v', 'id = 1'), transaction);
    const outcome = failure(db.split(0, 2, cancelSlot));
    await db.catalogIs(({ groups }) => groups[0]?.split !== undefined);
    new Int32Array(db.shared.cancel)[cancelSlot] = 1;
    equal((await outcome).code, '57014');
    new Int32Array(db.shared.cancel)[cancelSlot] = 0;
    const { split, bounds } = db.group();
    deepEqual([split, bounds.length], [undefined, 2]);
    await db.commit(transaction);
    await db.check(model);
    await db.split(0);
    deepEqual(db.group().files, [4, 5, 1]);
    await db.check(model);
  });

  it('outlasts DDL on its tables', async () => {
    const holder = await db.holdTable();
    const split = db.split(0);
    await db.catalogIs(({ groups }) => groups[0]?.split !== undefined);
    const table = db.table('item');
    const inAll = (sql: (schema: string) => string): readonly DdlStep[] => db.schemas(table).map((schema) => ({ kind: 'sql', sql: sql(schema) }));
    await db.ddl(
      holder,
      0,
      inAll((schema) => `CREATE INDEX "${schema}"."by_v" ON "${table.physicalName}" (v)`),
    );
    await db.ddl(
      holder,
      1,
      inAll((schema) => `DELETE FROM "${schema}"."${table.physicalName}" WHERE v >= 1000`),
    );
    await db.commit(holder);
    for (let id = 1000; id < rowsAtFirst; id++) model.delete(id);
    await split;
    await db.check(model);
    await db.execute(db.updateTask('item', 'v', 'v', 'v = 5'));
    const [first] = db.schemas(db.table('item')) as [string];
    const { batch } = await db.reader.open({
      schemas: [first],
      context,
      catalogVersion: db.lane.catalog.version,
      cursor: { sql: `SELECT name FROM "${first}".sqlite_schema WHERE name = 'by_v'`, params: [], output: { kind: 'rows' } },
      maxRows: 0,
    });
    equal(batch.rows, 1);
  });

  it('ends when the table is dropped', async () => {
    const holder = await db.holdTable();
    const outcome = failure(db.split(0));
    await db.catalogIs(({ groups }) => groups[0]?.split !== undefined);
    await db.ddl(holder, 0, [{ kind: 'dropGroup', group: 'g1' }], { relations: [], groups: [] });
    await db.commit(holder);
    const { code } = await outcome;
    ok(code === '55000', code);
    await db.restart();
    deepEqual(db.layout.shardSchemasOnDisk(), []);
  });

  it('has repeatable snapshots of before fail instead of showing something else', async () => {
    const transaction = await db.begin('repeatable read');
    equal((await db.rowsIn(transaction, 'item')).length, model.size);
    const writer = await db.begin('repeatable read');
    await db.rowsIn(writer, 'item');
    await db.lane.rollback({ transaction });
    const old = await db.begin('repeatable read');
    await db.lane.rollback({ transaction: writer });
    await db.split(0);
    equal((await failure(db.rowsIn(old, 'item'))).code, '40001');
    equal((await failure(db.execute(db.updateTask('item', 'v', 'v + 1', 'id = 3'), old))).code, '40001');
    await db.lane.rollback({ transaction: old });
    await db.check(model);
  });

  it('waits for a transaction that has the table, and lets others on meanwhile', async () => {
    const transaction = await db.begin();
    await db.execute(db.updateTask('item', 'v', 'v + 1', 'id = 3'), transaction);
    let isDone = false;
    const split = db.split(0).then(() => (isDone = true));
    await db.catalogIs(({ groups }) => groups[0]?.split !== undefined);
    for (let id = 10; id < 60; id++) {
      await db.execute(db.updateTask('item', 'v', 'v + 1', `id = ${String(id)}`));
      model.set(id, id + 1);
    }
    equal(isDone, false);
    await db.commit(transaction);
    model.set(3, 4);
    await split;
    await db.check(model);
  });

  it('refuses what cannot be', async () => {
    const { oid } = db.table('item');
    const request = { tableOid: oid, from: 0, parts: 2, waits: true, context, lockTimeoutMs: 0 };
    equal((await failure(db.lane.splitShard({ ...request, parts: 120 }))).code, '54000');
    equal((await failure(db.lane.splitShard({ ...request, parts: 1 }))).code, '22023');
    equal((await failure(db.lane.splitShard({ ...request, tableOid: 1 }))).code, '42P01');
    const transaction = await db.begin();
    await db.execute(db.updateTask('item', 'v', 'v', 'id = 1'), transaction);
    const split = db.split(0);
    await db.catalogIs(({ groups }) => groups[0]?.split !== undefined);
    await rejects(db.split(1), /another shard of the database is being split/);
    await db.commit(transaction);
    await split;
  });
});
