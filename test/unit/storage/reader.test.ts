import { deepEqual, equal } from 'node:assert/strict';
import type { CursorOutput, OpenCursor } from '../../../src/storage/ports.js';
import { numericTypmodOf } from '../../../src/types/numeric-codec.js';
import { Oid } from '../../../src/types/oid.js';
import { RowReader, RowWriter } from '../../../src/types/row-codec.js';
import { context, dataRows, failure, TestDatabase } from './support.js';

describe('the reader', () => {
  let db: TestDatabase;
  before(async () => {
    db = new TestDatabase();
    await db.create({ name: 'event', columns: [{ name: 'id' }, { name: 'amount', type: Oid.int8 }], primaryKey: ['id'], shards: 3 });
    await db.insert(
      'event',
      Array.from({ length: 30 }, (_, id) => [id, id * 10]),
    );
  });
  after(async () => await db.close());

  const open = async (cursor: OpenCursor, maxRows = 0, extra: object = {}): ReturnType<TestDatabase['reader']['open']> =>
    await db.reader.open({ schemas: db.schemas(db.table('event')), context, catalogVersion: db.lane.catalog.version, cursor, maxRows, ...extra });
  const rowsOutput: CursorOutput = { kind: 'rows' };

  it('writes DataRow messages in text form', async () => {
    const columns = [
      [Oid.int4, -1],
      [Oid.int8, -1],
      [Oid.bool, -1],
      [Oid.text, -1],
      [Oid.numeric, numericTypmodOf(10, 2), 2],
      [Oid.date, -1],
      [Oid.bytea, -1],
      [Oid.text, -1],
      [Oid.float8, -1],
      [Oid.numeric, -1, 3],
    ].map(([typeOid, typmod, scale]) => ({ typeOid: typeOid as number, typmod: typmod as number, binary: false, ...(scale === undefined ? {} : { scale }) }));
    const sql = "SELECT -2147483648, 9223372036854775807, 1, 'Grüße', -5, 1, x'00ff', NULL, 1.5, 123456789012345678";
    const { batch } = await open({ sql, params: [], output: { kind: 'wire', columns } });
    equal(batch.done, true);
    deepEqual(dataRows(batch.bytes as Uint8Array), [
      ['-2147483648', '9223372036854775807', 't', 'Grüße', '-0.05', '2000-01-02', '\\x00ff', undefined, '1.5', '123456789012345.678'],
    ]);
  });

  it('writes binary values', async () => {
    const columns = [Oid.int4, Oid.int8, Oid.int2, Oid.bool].map((typeOid) => ({ typeOid, typmod: -1, binary: true }));
    const { batch } = await open({ sql: 'SELECT -2, 3, -4, 1', params: [], output: { kind: 'wire', columns } });
    const body = Buffer.from(batch.bytes as Uint8Array).subarray(7);
    equal(body.toString('hex'), '00000004fffffffe' + '000000080000000000000003' + '00000002fffc' + '0000000101');
  });

  it('pulls in portions and interleaves cursors of one snapshot', async () => {
    const { snapshot } = await db.reader.openSnapshot({ schemas: db.schemas(db.table('event')), context, catalogVersion: db.lane.catalog.version });
    const sql = db.selectSql('event');
    const one = await open({ sql, params: [], output: rowsOutput }, 7, { snapshot });
    const two = await open({ sql, params: [], output: rowsOutput }, 11, { snapshot });
    await db.insert('event', [[1000, 1]]);
    const ids = [...new RowReader(one.batch.bytes as Uint8Array)].map(([id]) => id);
    for (;;) {
      const batch = await db.reader.pull({ cursor: one.cursor, maxRows: 7 });
      if (batch.bytes !== undefined) ids.push(...[...new RowReader(batch.bytes)].map(([id]) => id));
      if (batch.done) break;
    }
    deepEqual(
      ids,
      Array.from({ length: 30 }, (_, id) => id),
    );
    equal((await db.reader.pull({ cursor: two.cursor, maxRows: 0 })).rows, 19);
    db.reader.closeSnapshot({ snapshot });
    equal((await db.rows('event')).length, 31);
    await db.execute(db.deleteTask('event', 'id = 1000'));
  });

  it('lands rows, indexed and typed, while another cursor is open, and joins them', async () => {
    const { snapshot } = await db.reader.openSnapshot({ schemas: db.schemas(db.table('event')), context, catalogVersion: db.lane.catalog.version });
    const sql = db.selectSql('event');
    await open({ sql, params: [], output: rowsOutput }, 1, { snapshot });
    await db.reader.createLanding({ snapshot, table: { name: 'x1', columns: ['c1', 'c2'], types: ['INTEGER', 'REAL'], indexes: [['c1']] } });
    const writer = new RowWriter();
    writer.row([3, 2]);
    writer.row([4, 2.5]);
    db.reader.land({ snapshot, table: 'x1', bytes: writer.finish() });
    db.reader.finishLanding({ snapshot, table: 'x1' });
    const joined = await open(
      {
        sql: `SELECT e.id, c1 / 2, c2 / 4, typeof(c1) FROM x1 JOIN (${sql.replace(/ ORDER BY 1$/, '')}) e ON e.id = c1 ORDER BY 1`,
        params: [],
        output: rowsOutput,
      },
      0,
      { snapshot },
    );
    deepEqual(
      [...new RowReader(joined.batch.bytes as Uint8Array)],
      [
        [3, 1, 0.5, 'integer'],
        [4, 2, 0.625, 'integer'],
      ],
    );
    db.reader.closeSnapshot({ snapshot });
  });

  it('divides rows into partitions', async () => {
    const { batch } = await open({ sql: `SELECT id % 2, id FROM (${db.selectSql('event')})`, params: [], output: { kind: 'partitioned', partitions: 3 } });
    const parts = batch.partitions?.map((bytes) => (bytes === undefined ? 0 : [...new RowReader(bytes)].length));
    deepEqual(parts, [15, 15, 0]);
  });

  it('writes COPY rows as text and csv', async () => {
    const columns = [Oid.int4, Oid.text, Oid.text].map((typeOid) => ({ typeOid, typmod: -1, binary: false }));
    const sql = `SELECT 1, 'a' || char(9) || 'b\\c', NULL UNION ALL SELECT 2, 'x,"y"', ''`;
    const copy = async (format: 'text' | 'csv'): Promise<string> => {
      const csv = format === 'csv';
      const output: CursorOutput = {
        kind: 'copy',
        columns,
        format: { format, delimiter: csv ? ',' : '\t', nullText: csv ? '' : '\\N', quote: '"', escape: '"', forceQuote: [] },
      };
      const { batch } = await open({ sql, params: [], output });
      const bytes = Buffer.from(batch.bytes as Uint8Array);
      let text = '';
      for (let at = 0; at < bytes.length; at += 1 + bytes.readInt32BE(at + 1)) text += bytes.toString('utf8', at + 5, at + 1 + bytes.readInt32BE(at + 1));
      return text;
    };
    equal(await copy('text'), '1\ta\\tb\\\\c\t\\N\n2\tx,"y"\t\n');
    equal(await copy('csv'), '1,a\tb\\c,\n2,"x,""y""",""\n');
  });

  it('refuses plans of another catalog and files that are gone', async () => {
    equal((await failure(open({ sql: 'SELECT 1', params: [], output: rowsOutput }, 0, { catalogVersion: 1 }))).code, 'SH001');
    equal((await failure(open({ sql: 'SELECT 1', params: [], output: rowsOutput }, 0, { schemas: ['g9_0000'] }))).code, 'SH001');
  });

  it('passes on errors of functions and of SQLite', async () => {
    equal((await failure(open({ sql: "SELECT shoal_error('22012', 'division by zero')", params: [], output: rowsOutput }))).code, '22012');
    equal((await failure(open({ sql: 'SELECT sum(x) FROM (SELECT 9223372036854775807 x UNION ALL SELECT 1)', params: [], output: rowsOutput }))).code, 'SH002');
  });

  it('sees all shards of a commit or none, while commits run', async () => {
    await db.create({ name: 'pair', columns: [{ name: 'id' }, { name: 'n' }], primaryKey: ['id'], shards: 3 });
    await db.insert('pair', [
      [0, 0],
      [1, 0],
      [2, 0],
    ]);
    let running = true;
    const writing = (async () => {
      while (running) await db.execute(db.updateTask('pair', 'n', 'n + 1', 'true'));
    })();
    for (let round = 0; round < 50; round++) {
      const rows = await db.rows('pair');
      equal(new Set(rows.map(([, n]) => n)).size, 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
    running = false;
    await writing;
  });
});
