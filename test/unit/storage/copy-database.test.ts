import { deepEqual, equal, ok } from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { copyDatabase, unfinishedSuffix } from '../../../src/storage/files/copy-database.js';
import { DatabaseLayout } from '../../../src/storage/files/layout.js';
import { readManifest } from '../../../src/storage/files/manifest.js';
import { Verification } from '../../../src/storage/integrity/verification.js';
import { createSharedBuffers } from '../../../src/storage/shared.js';
import { WriterLane } from '../../../src/storage/write/writer-lane.js';
import { register, TestDatabase } from './support.js';

describe('a copy of a database', () => {
  it('has its objects and rows, an identity and a log of its own', async () => {
    const db = new TestDatabase();
    await db.create({ name: 'item', columns: [{ name: 'id' }], primaryKey: ['id'], shards: 3 });
    await db.insert('item', [[1], [2], [3], [4], [5]]);
    await db.lane.flushed();
    const target = new DatabaseLayout(join(db.directory, '16384'), 16384);
    copyDatabase(db.layout, target, 'copy', register);
    ok(!existsSync(`${target.directory}${unfinishedSuffix}`));
    equal(readManifest(target).database, 'copy');
    const lane = WriterLane.open({ layout: target, database: 'copy', register, shared: createSharedBuffers(8), onCatalog: () => undefined });
    equal(lane.catalog.databaseOid, 16384);
    deepEqual(
      lane.catalog.relations.map(({ name }) => name),
      ['item'],
    );
    const { length } = (await lane.statistics()).filter(({ rows }) => rows > 0);
    ok(length > 0);
    equal(
      (await lane.statistics()).reduce((sum, { rows }) => sum + rows, 0),
      5,
    );
    equal((await lane.logPosition()).lsn, 0);
    await lane.shutdown();
    deepEqual(await new Verification(target.directory, 'verify').findings, []);
    await db.close();
  });
});
