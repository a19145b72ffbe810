/** The replication of a real database: storage, protocol and store as in production, three nodes in this process. */
import assert, { deepEqual, equal, notEqual, ok } from 'node:assert/strict';
import { rmSync } from 'node:fs';
import type { PgError } from '../../../../src/common/errors.js';
import { Connection } from '../../../../src/storage/files/connection.js';
import { globalSchema } from '../../../../src/storage/files/layout.js';
import { compareDigests, digestTables, type FileDigest, openForDigests } from '../../../../src/storage/integrity/table-digest.js';
import { CancelWords } from '../../../../src/storage/shared.js';
import { Oid } from '../../../../src/types/oid.js';
import { damagePage, damageTable } from '../../../support/damage.js';
import { context, failure, register } from '../../storage/support.js';
import { TestCluster, type TestNode } from './support.js';

describe('a database with three copies', function () {
  this.timeout(60_000);
  let cluster: TestCluster;
  let primary: TestNode;

  beforeEach(async () => {
    cluster = await TestCluster.start(['a', 'b', 'c']);
    primary = await cluster.primary();
    await primary.create({ name: 'item', columns: [{ name: 'id' }, { name: 'n' }], primaryKey: ['id'], shards: 3 });
  });
  afterEach(async () => {
    await cluster.close();
  });

  const insert = async (node: TestNode, from: number, to: number): Promise<void> => {
    for (let id = from; id <= to; id++) await node.insert('item', [[id, id * 10]]);
  };
  const ids = async (node: TestNode): Promise<readonly number[]> => {
    // (A follower's reader needs the catalog's version and the table, which are the primary's.)
    const { lane } = await cluster.primary();
    Object.defineProperty(node, 'lane', { get: () => node.hosted?.lane ?? lane, configurable: true });
    // (A machine that is busy may let a lease pass.)
    for (let tries = 0; ; tries++) {
      try {
        return (await node.rows('item')).map(([id]) => Number(id));
      } catch (error) {
        if ((error as PgError).code !== '57P03' || tries === 200) throw error;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  };
  const upTo = (last: number): readonly number[] => Array.from({ length: last }, (_, at) => at + 1);

  it('goes on with what it knows when somebody writes nonsense into its key', async () => {
    const { entry } = await cluster.store.get(cluster.key);
    assert(entry !== undefined);
    await cluster.store.put(cluster.key, '{nonsense');
    await insert(primary, 1, 3);
    await cluster.store.put(cluster.key, entry.value);
    await insert(primary, 4, 6);
    deepEqual(await ids(primary), [1, 2, 3, 4, 5, 6]);
  });

  it('gives nodes without a copy one, and all show the same rows', async () => {
    await insert(primary, 1, 30);
    await cluster.whole();
    for (const node of cluster.nodes.values()) deepEqual(await ids(node), upTo(30));
  });

  it('goes on elsewhere when the primary ends, with everything that was acknowledged', async () => {
    await cluster.whole();
    await insert(primary, 1, 20);
    primary.stop();
    const heir = await cluster.primary();
    await insert(heir, 21, 40);
    deepEqual(await ids(heir), upTo(40));
    primary.start();
    await cluster.whole();
    for (const node of cluster.nodes.values()) deepEqual(await ids(node), upTo(40));
  });

  it('does not believe a primary that nobody hears: its commits fail, what it could not bring to others goes', async () => {
    await cluster.whole();
    await insert(primary, 1, 5);
    const lane = primary.lane;
    cluster.cut.add(primary.name);
    const task = primary.insertTask('item', [[99, 0]]);
    const statement = { context, catalogVersion: lane.catalog.version, task, lockTimeoutMs: 0, synchronousCommit: true };
    const lost = failure(lane.execute({ transaction: undefined, ...statement }));
    const heir = await cluster.primary();
    await insert(heir, 6, 10);
    cluster.cut.clear();
    equal((await lost).code, '08007');
    await cluster.whole();
    for (const node of cluster.nodes.values()) deepEqual(await ids(node), upTo(10));
  });

  it('answers a commit that wants to be shown everywhere once all copies that are in sync show it', async () => {
    await cluster.whole();
    const { lane } = primary;
    for (let id = 1; id <= 10; id++) {
      const task = primary.insertTask('item', [[id, id]]);
      const statement = { context, catalogVersion: lane.catalog.version, task, lockTimeoutMs: 0, synchronousCommit: true, untilApplied: true };
      await lane.execute({ transaction: undefined, ...statement });
      const committed = primary.hosted?.facts.commitIndex ?? Infinity;
      for (const node of cluster.nodes.values()) assert((node.hosted?.facts.appliedLsn ?? 0) >= committed, `${node.name} shows row ${String(id)}`);
    }
    // Nobody waits for a copy that is away for longer than it counts as in sync.
    const [other] = [...cluster.nodes.values()].filter((node) => node !== primary) as [TestNode];
    cluster.cut.add(other.name);
    const task = primary.insertTask('item', [[11, 11]]);
    await lane.execute({
      transaction: undefined,
      ...{ context, catalogVersion: lane.catalog.version, task, lockTimeoutMs: 0, synchronousCommit: true, untilApplied: true },
    });
    cluster.cut.clear();
    await cluster.whole();
  });

  it('takes a copy when the log no longer reaches back, while writes go on', async () => {
    await cluster.whole();
    const other = [...cluster.nodes.values()].find((node) => node !== primary) as TestNode;
    other.stop();
    await insert(primary, 1, 10);
    await cluster.until('it is left out', () => primary.hosted?.replica.seen?.configuration.isr.includes(other.name) === false);
    for (let round = 0; round < 12; round++) await primary.execute(primary.updateTask('item', 'n', `n + 1 + length(zeroblob(1))`, 'id > 0'));
    const wide = Array.from({ length: 400 }, (_, at) => [1000 + at, at]);
    for (let round = 0; round < 60; round++)
      await primary.insert(
        'item',
        wide.map(([id = 0, n = 0]) => [id + round * 400, n]),
      );
    other.start();
    // (Files are copied one after another, so that some are ahead of the log that comes with them.)
    const isIn = (): boolean => primary.hosted?.replica.seen?.configuration.isr.includes(other.name) === true;
    const writing = (async () => {
      for (let id = 11; !isIn(); id++) await insert(primary, id, id);
    })();
    await cluster.until('it is in sync while writes go on', isIn);
    await writing;
    await cluster.whole();
    deepEqual(await ids(other), await ids(primary));
    equal(
      cluster.lines.some((line) => line.startsWith(`${other.name} is too far behind`)),
      true,
    );
  });

  it('survives the end of all nodes', async () => {
    await cluster.whole();
    await insert(primary, 1, 15);
    for (const node of cluster.nodes.values()) node.stop();
    for (const node of cluster.nodes.values()) node.start();
    const again = await cluster.primary();
    deepEqual(await ids(again), upTo(15));
    await insert(again, 16, 20);
    await cluster.whole();
    for (const node of cluster.nodes.values()) deepEqual(await ids(node), upTo(20));
  });

  it('shows nobody a definition whose commit waits for other copies', async () => {
    await cluster.whole();
    const others = [...cluster.nodes.values()].filter((node) => node !== primary);
    for (const node of others) node.stop();
    const { version } = primary.lane.catalog;
    const end = primary.hosted?.facts.lsn ?? 0;
    const made = primary.create({ name: 'other', columns: [{ name: 'id' }], primaryKey: ['id'], shards: 1 });
    await cluster.until('it is in the log', () => (primary.hosted?.facts.lsn ?? 0) > end);
    equal(primary.lane.catalog.version, version);
    for (const node of others) node.start();
    await made;
    equal(primary.lane.catalog.version, version + 1);
  });

  for (const [fate, end] of [
    ['cut off', () => cluster.cut.add(primary.name)],
    ['ended', () => primary.stop()],
  ] as const) {
    it(`keeps no files of a definition that was never committed, when the primary is ${fate}`, async () => {
      await cluster.whole();
      const others = [...cluster.nodes.values()].filter((node) => node !== primary);
      for (const node of others) node.stop();
      const before = primary.layout.shardSchemasOnDisk();
      const lsn = primary.hosted?.facts.lsn ?? 0;
      const made = primary.create({ name: 'other', columns: [{ name: 'id' }], primaryKey: ['id'], shards: 2 });
      made.catch(() => undefined);
      await cluster.until('it is in the log', () => (primary.hosted?.facts.lsn ?? 0) > lsn);
      ok(primary.layout.shardSchemasOnDisk().length > before.length);
      end();
      // (What it has sent is lost.)
      await new Promise(setImmediate);
      for (const node of others) node.start();
      await cluster.until('another is primary', () => others.some((node) => node.hosted?.lane !== undefined));
      if (primary.hosted === undefined) primary.start();
      cluster.cut.clear();
      await cluster.whole();
      await failure(made);
      for (const node of cluster.nodes.values()) deepEqual(node.layout.shardSchemasOnDisk(), before, node.name);
    });
  }

  it('goes on with the others when the primary has lost its disk, which gets a copy', async () => {
    await cluster.whole();
    await insert(primary, 1, 15);
    for (const node of cluster.nodes.values()) node.stop();
    rmSync(primary.layout.directory, { recursive: true });
    for (const node of cluster.nodes.values()) node.start();
    const heir = await cluster.primary();
    notEqual(heir, primary);
    await insert(heir, 16, 20);
    await cluster.whole();
    for (const node of cluster.nodes.values()) deepEqual(await ids(node), upTo(20));
  });

  it('hands over without a failed commit', async () => {
    await cluster.whole();
    await insert(primary, 1, 5);
    primary.hosted?.replica.handOver();
    await cluster.until('another is primary', () => primary.hosted?.lane === undefined);
    const heir = await cluster.primary();
    await insert(heir, 6, 10);
    deepEqual(await ids(heir), upTo(10));
  });

  it('is handed over by a primary that stops in order, with what it has acknowledged without waiting', async () => {
    await cluster.whole();
    const task = primary.insertTask('item', [[1, 0]]);
    const statement = { context, catalogVersion: primary.lane.catalog.version, task, lockTimeoutMs: 0, synchronousCommit: false };
    await primary.lane.execute({ transaction: undefined, ...statement });
    await primary.hosted?.leave();
    equal(primary.hosted?.lane, undefined);
    primary.stop();
    deepEqual(await ids(await cluster.primary()), [1]);
  });

  it('is handed over with what was acknowledged without waiting, whoever wants that', async () => {
    await cluster.whole();
    for (let id = 1; id <= 20; id++) {
      const task = primary.insertTask('item', [[id, 0]]);
      const statement = { context, catalogVersion: primary.lane.catalog.version, task, lockTimeoutMs: 0, synchronousCommit: false };
      await primary.lane.execute({ transaction: undefined, ...statement });
    }
    primary.hosted?.replica.handOver();
    await cluster.until('another is primary', () => primary.hosted?.lane === undefined);
    deepEqual(await ids(await cluster.primary()), upTo(20));
  });

  it('has copies of one content; a table that differs in one of them is named', async () => {
    await cluster.whole();
    await primary.create({ name: 'measure', columns: [{ name: 'id' }, { name: 'value', type: Oid.float8 }, { name: 'note', type: Oid.text }] });
    await primary.insert('measure', [
      [1, 2.5, 'a'],
      [2, 3, null],
      [3, -0, 'ä'],
    ]);
    await insert(primary, 1, 10);
    await primary.execute(primary.updateTask('item', 'n', 'n + 1', 'id % 2 = 0'));
    await primary.execute(primary.deleteTask('item', 'id = 3'));
    await cluster.whole();
    const digests = (node: TestNode, change?: (connection: Connection) => void): readonly FileDigest[] => {
      const connection = new Connection({ layout: node.layout, register, cancel: new CancelWords(node.shared.cancel) });
      try {
        const schemas = [globalSchema, ...node.layout.shardSchemasOnDisk()];
        for (const schema of schemas) connection.attach(schema);
        change?.(connection);
        return [...openForDigests(connection, schemas)].map(([schema, lsn]) => ({ schema, lsn, tables: digestTables(connection, schema, () => undefined) }));
      } finally {
        connection.close();
      }
    };
    const own = digests(primary);
    const others = [...cluster.nodes.values()].filter((node) => node !== primary);
    for (const node of others) deepEqual(compareDigests(own, digests(node)), { differences: [], pending: [] });
    const [victim] = others as [TestNode];
    const { physicalName } = primary.table('item');
    const { differences } = compareDigests(
      own,
      digests(victim, (connection) => connection.db.exec(`UPDATE g1_0001."${physicalName}" SET n = n + 1`)),
    );
    deepEqual(
      differences.map(({ schema, table }) => [schema, table]),
      [['g1_0001', physicalName]],
    );
  });

  it('replaces a copy that was found to hold something else, whatever happens to the node meanwhile', async () => {
    await cluster.whole();
    await insert(primary, 1, 20);
    await cluster.whole();
    const [victim] = [...cluster.nodes.values()].filter((node) => node !== primary) as [TestNode];
    const { physicalName } = primary.table('item');
    const wrong = new Connection({ layout: victim.layout, register, cancel: new CancelWords(victim.shared.cancel) });
    for (const schema of victim.layout.shardSchemasOnDisk()) {
      wrong.attach(schema);
      wrong.db.exec(`UPDATE ${schema}."${physicalName}" SET n = -1`);
    }
    wrong.close();
    assert(primary.hosted?.replica.quarantine(victim.name, 'it differs'));
    await cluster.until('the copy is given up', () => cluster.lines.some((line) => line.includes('gives up its copy')));
    victim.stop();
    await insert(primary, 21, 30);
    victim.start();
    await cluster.whole();
    const rows = [...victim.layout.shardSchemasOnDisk()].flatMap((schema) => {
      const connection = new Connection({ layout: victim.layout, register, cancel: new CancelWords(victim.shared.cancel) });
      connection.attach(schema);
      const found = connection.db.prepare(`SELECT count(*), min(n) FROM ${schema}."${physicalName}"`).raw().all() as [number, number | null][];
      connection.close();
      return found;
    });
    equal(
      rows.reduce((sum, [count]) => sum + Number(count), 0),
      30,
    );
    for (const [, least] of rows) assert(Number(least ?? 0) >= 0);
  });

  const follower = (): TestNode => [...cluster.nodes.values()].find((node) => node !== primary) as TestNode;
  const copies = (): number => cluster.lines.filter((line) => line.includes('gets a copy of the files')).length;
  /** The copy of `victim` is damaged, and replaced as soon as `meet` has met that. */
  const isReplaced = async (victim: TestNode, damage: () => Promise<void> | void, meet: () => Promise<void> | void): Promise<void> => {
    await cluster.whole();
    await insert(primary, 1, 20);
    await cluster.whole();
    const before = copies();
    await damage();
    await meet();
    await cluster.until('the copy is named', () => cluster.lines.some((line) => new RegExp(`the copy of ${victim.name} is replaced: .*page \\d`).test(line)));
    await cluster.until('a copy is fetched', () => copies() > before);
    await cluster.whole();
    const known = await ids(victim);
    deepEqual(known, await ids(await cluster.primary()));
    deepEqual(known.slice(0, 20), upTo(20));
  };
  const damageItem = async (node: TestNode): Promise<void> => {
    const { physicalName } = primary.table('item');
    for (const schema of node.layout.shardSchemasOnDisk()) await damageTable(node.layout.file(schema), physicalName);
  };

  it('replaces a copy that was found damaged by a read', async () => {
    const victim = follower();
    await isReplaced(
      victim,
      async () => await damageItem(victim),
      async () => equal((await failure(ids(victim))).code, 'XX001'),
    );
  });

  it('replaces a copy that cannot follow the log', async () => {
    const victim = follower();
    await isReplaced(
      victim,
      async () => await damageItem(victim),
      async () => await insert(primary, 21, 40),
    );
  });

  it('replaces a copy that cannot be opened', async () => {
    const victim = follower();
    await isReplaced(
      victim,
      () => {
        victim.stop();
        damagePage(victim.layout.file(globalSchema), 1);
      },
      () => victim.start(),
    );
  });

  it('lets another write when the copy of the primary is damaged, and replaces that', async () => {
    const victim = primary;
    await isReplaced(
      victim,
      async () => await damageItem(victim),
      async () => equal((await failure(ids(victim))).code, 'XX001'),
    );
    assert.notEqual(await cluster.primary(), victim);
  });
});

describe('a database of whose two copies one is left', function () {
  this.timeout(60_000);

  it('gives no copies of what is damaged', async () => {
    const cluster = await TestCluster.start(['a', 'b']);
    try {
      const primary = await cluster.primary();
      await primary.create({ name: 'item', columns: [{ name: 'id' }], shards: 1 });
      await primary.create({ name: 'sound', columns: [{ name: 'id' }], shards: 1 });
      await primary.insert('item', [[1]]);
      await primary.insert('sound', [[1]]);
      await cluster.whole();
      const other = [...cluster.nodes.values()].find((node) => node !== primary) as TestNode;
      other.stop();
      await cluster.until('it is left out', () => primary.hosted?.replica.seen?.configuration.isr.length === 1);
      rmSync(other.layout.directory, { recursive: true });
      const { physicalName } = primary.table('item');
      await damageTable(primary.layout.file('g1_0000'), physicalName);
      other.start();
      await cluster.until('no copy is given', () =>
        cluster.lines.some((line) => line.startsWith(`${other.name} could not get a copy`) && line.includes('does not match its checksum')),
      );
      await cluster.until('it is told', () => cluster.lines.some((line) => line.startsWith(`${primary.name} is primary of a copy that is damaged`)));
      equal((await primary.rows('sound')).join(), '1');
      equal(primary.hosted?.replica.seen?.configuration.isr.join(), primary.name);
    } finally {
      await cluster.close();
    }
  });
});
