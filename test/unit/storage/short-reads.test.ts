import { deepEqual, equal, notEqual } from 'node:assert/strict';
import { statSync } from 'node:fs';
import type { ShortRead, WireOutput } from '../../../src/storage/ports.js';
import { ShortReads } from '../../../src/storage/read/short-reads.js';
import { Connection } from '../../../src/storage/files/connection.js';
import { CancelWords, CommitPublisher, ReplacementWord, ValidityWord } from '../../../src/storage/shared.js';
import { Oid } from '../../../src/types/oid.js';
import { context, dataRows, register, TestDatabase } from './support.js';

const output: WireOutput = { kind: 'wire', columns: [{ typeOid: Oid.int4, typmod: -1, binary: false }] };

describe('short reads', () => {
  let db: TestDatabase;
  let reads: ShortReads;
  beforeEach(async () => {
    db = new TestDatabase();
    await db.create({ name: 'pair', columns: [{ name: 'id' }, { name: 'n' }], primaryKey: ['id'], shards: 3 });
    await db.insert('pair', [
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    reads = new ShortReads({ layout: db.layout, register, shared: db.shared });
  });
  afterEach(async () => {
    reads.close();
    await db.close();
  });

  const requestOf = (shards: readonly number[], over: Partial<ShortRead> = {}): ShortRead => {
    const table = db.table('pair');
    const schemas = shards.map((shard) => db.schema(table, shard));
    const sql = schemas.map((schema) => `SELECT n FROM "${schema}"."${table.physicalName}"`).join(' UNION ALL ');
    return { schemas, context, catalogVersion: db.lane.catalog.version, sql, params: [], output, ...over };
  };
  /** n in those shards; undefined: the reader has declined. */
  const read = (...shards: number[]): readonly (string | undefined)[] | undefined => {
    const batch = reads.read(requestOf(shards));
    return batch === undefined ? undefined : batch.bytes === undefined ? [] : dataRows(batch.bytes).map(([n]) => n);
  };
  const add = async (): Promise<unknown> => await db.execute(db.updateTask('pair', 'n', 'n + 1', 'true'));

  it('show each commit once it is acknowledged, also in files that were not read before', async () => {
    deepEqual(read(0), ['0']);
    await add();
    deepEqual(read(0), ['1']);
    deepEqual(read(0, 1, 2), ['1', '1', '1']);
    await add();
    deepEqual(read(2), ['2']);
    deepEqual(read(1), ['2']);
  });

  it('see all shards of a commit or none', async () => {
    let running = true;
    const writing = (async () => {
      while (running) await add();
    })();
    let answered = 0;
    for (let round = 0; round < 200; round++) {
      const rows = round % 2 === 0 ? read(0, 1, 2) : [...(read(round % 3) ?? [])];
      if (rows !== undefined && rows.length > 0) answered++;
      if (rows !== undefined) equal(new Set(rows).size <= 1, true);
      await new Promise((resolve) => setImmediate(resolve));
    }
    running = false;
    await writing;
    notEqual(answered, 0);
  });

  it('leave to the reader what is being committed, another catalog, and what this node may not show', () => {
    deepEqual(read(0), ['0']);
    equal(reads.read(requestOf([0], { catalogVersion: 1 })), undefined);
    const publisher = new CommitPublisher(db.shared.control);
    publisher.publish(1, () => equal(read(0), undefined));
    deepEqual(read(0), ['0']);
    publisher.deferred = true;
    equal(read(0), undefined);
    publisher.deferred = false;
    const validity = new ValidityWord(db.shared.control);
    validity.validForMs = -1;
    equal(read(0), undefined);
    validity.validForMs = Infinity;
    deepEqual(read(0), ['0']);
    new ReplacementWord(db.shared.control).raise();
    deepEqual(read(0), ['0']);
  });

  it('go on after a statement that fails', () => {
    const failing = requestOf([0], { sql: `SELECT shoal_no_such_function()` });
    let failed: unknown;
    try {
      reads.read(failing);
    } catch (error) {
      failed = error;
    }
    notEqual(failed, undefined);
    deepEqual(read(0), ['0']);
  });

  it('let a WAL begin anew once its pages have been moved', async () => {
    const path = `${db.layout.file(db.schema(db.table('pair'), 0))}-wal`;
    const publisher = new CommitPublisher(db.shared.control);
    const checkpointing = new Connection({ layout: db.layout, register, cancel: new CancelWords(db.shared.cancel) });
    const schema = db.schema(db.table('pair'), 0);
    checkpointing.attach(schema);
    for (let round = 0; round < 20; round++) {
      await add();
      deepEqual(read(0), [String(round + 1)]);
      checkpointing.db.pragma(`${schema}.wal_checkpoint(PASSIVE)`);
      publisher.walMoved();
      // (Here, where nothing is left in the WAL, the next look is at the file.)
      deepEqual(read(0), [String(round + 1)]);
    }
    checkpointing.close();
    // A few pages for each of twenty commits would be more.
    equal(statSync(path).size < 20 * 4096, true);
  });
});
