/** The continuous archive of a database with copies: whoever is primary next goes on where it ends, and only what is committed is in it. */
import assert, { deepEqual } from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FileStore } from '../../../../src/object-store/file-store.js';
import { Archive, chainFrom, lastArchivedLsn } from '../../../../src/storage/backup/archive.js';
import { BackupService } from '../../../../src/storage/backup/backup-service.js';
import { restore } from '../../../../src/storage/backup/restore.js';
import { Connection } from '../../../../src/storage/files/connection.js';
import { DatabaseLayout } from '../../../../src/storage/files/layout.js';
import { CancelWords } from '../../../../src/storage/shared.js';
import { context, failure, register } from '../../storage/support.js';
import { TestCluster, type TestNode } from './support.js';

describe('the archive of a database with three copies', function () {
  this.timeout(60_000);
  let cluster: TestCluster;
  let directory: string;
  let place: string;
  const services: BackupService[] = [];

  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-archive-'));
    place = join(directory, 'place');
    cluster = await TestCluster.start(['a', 'b', 'c']);
    await (await cluster.primary()).create({ name: 'item', columns: [{ name: 'id' }, { name: 'n' }], primaryKey: ['id'], shards: 2 });
    await cluster.whole();
  });
  afterEach(async () => {
    await Promise.all(services.splice(0).map(async (service) => await service.close(0)));
    await cluster.close();
    rmSync(directory, { recursive: true, force: true });
  });

  const archiving = (node: TestNode, location: string | undefined): BackupService => {
    const { layout } = node;
    const service = new BackupService(
      {
        layout,
        register,
        position: async () => await node.lane.logPosition(),
        retain: async (lsn) => {
          node.lane.retainLog({ lsn });
          await Promise.resolve();
        },
      },
      'postgres',
      (line) => cluster.log(line),
      { location, keep: async () => await Promise.resolve() },
      50,
    );
    services.push(service);
    return service;
  };
  const backUp = async (service: BackupService, continuous: boolean): Promise<void> => {
    const { run } = await service.start({ location: place, full: false, continuous });
    for (;;) if ((await service.poll({ run })).reachedLsn !== undefined) return;
  };
  const insert = async (node: TestNode, from: number, to: number): Promise<void> => {
    for (let id = from; id <= to; id++) await node.insert('item', [[id, id]]);
  };
  const archive = (): Archive => new Archive(new FileStore(place), 'postgres');
  const archivedUpTo = async (lsn: number): Promise<void> => {
    const deadline = performance.now() + 30_000;
    while (lastArchivedLsn(await archive().list()) < lsn) {
      assert(performance.now() < deadline, `the archive does not reach record ${String(lsn)}\n${cluster.lines.join('\n')}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  /** How many rows there are in what was restored. */
  const restoredRows = async (name: string, table: string, lsn: number): Promise<number> => {
    const dataDirectory = join(directory, name);
    const store = new FileStore(place);
    await restore({ store, database: undefined, target: { kind: 'lsn', lsn }, dataDirectory, register, report: () => undefined });
    const connection = new Connection({
      layout: new DatabaseLayout(join(dataDirectory, 'postgres')),
      register,
      cancel: new CancelWords(new SharedArrayBuffer(4)),
    });
    try {
      return ['g1_0000', 'g1_0001'].reduce((sum, schema) => {
        connection.attach(schema);
        return sum + Number(connection.db.prepare(`SELECT count(*) FROM ${schema}."${table}"`).pluck().get());
      }, 0);
    } finally {
      connection.close();
    }
  };

  it('goes on at the next primary without a gap, though copies trim their logs', async () => {
    const first = await cluster.primary();
    const { physicalName } = first.table('item');
    await insert(first, 1, 5);
    const service = archiving(first, undefined);
    await backUp(service, true);
    await insert(first, 6, 10);
    const early = (await first.lane.logPosition()).lsn;
    await archivedUpTo(early);
    // From here on nothing is archived any more; there is so much log that everybody would trim it.
    await service.close(0);
    const wide = Array.from({ length: 400 }, (_, at) => at);
    for (let round = 1; round <= 30; round++)
      await first.insert(
        'item',
        wide.map((id) => [id + round * 1000, id]),
      );
    await cluster.whole();
    first.stop();
    const second = await cluster.primary();
    await archiving(second, place).resumeArchiving();
    await insert(second, 11, 20);
    const late = (await second.lane.logPosition()).lsn;
    await archivedUpTo(late);
    const listing = await archive().list();
    deepEqual(listing.bases.length, 1);
    const [base] = await Promise.all(listing.bases.map(async (id) => await archive().base(id)));
    assert(chainFrom(listing.pieces, base?.startLsn ?? 0).lastLsn >= late);
    deepEqual(await restoredRows('early', physicalName, early), 10);
    deepEqual(await restoredRows('late', physicalName, late), 20 + 30 * 400);
  });

  it('has nothing that is not committed', async () => {
    const first = await cluster.primary();
    await insert(first, 1, 5);
    const service = archiving(first, undefined);
    await backUp(service, true);
    // Nobody hears it any more: what it writes is on its own disk only.
    cluster.cut.add(first.name);
    const committed = first.hosted?.facts.commitIndex ?? 0;
    const { lane } = first;
    const statement = { context, catalogVersion: lane.catalog.version, task: first.insertTask('item', [[99, 0]]), lockTimeoutMs: 0, synchronousCommit: true };
    const lost = failure(lane.execute({ transaction: undefined, ...statement }));
    await cluster.until('it is on the disk', () => (first.hosted?.syncedLsn ?? 0) > committed);
    const archived = service.close(5000);
    const second = await cluster.primary();
    await archived;
    assert(lastArchivedLsn(await archive().list()) <= committed);
    cluster.cut.clear();
    await lost;
    await archiving(second, place).resumeArchiving();
    await insert(second, 6, 10);
    const late = (await second.lane.logPosition()).lsn;
    await archivedUpTo(late);
    deepEqual(await restoredRows('late', second.table('item').physicalName, late), 10);
  });
});
