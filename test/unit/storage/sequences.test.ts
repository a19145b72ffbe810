import { deepEqual, equal } from 'node:assert/strict';
import type { CatalogData } from '../../../src/catalog/snapshot.js';
import type { Sequence } from '../../../src/catalog/table.js';
import { RowReader } from '../../../src/types/row-codec.js';
import { context, failure, TestDatabase } from './support.js';

describe('sequences', () => {
  let db: TestDatabase;
  let oid: number;
  beforeEach(async () => {
    db = new TestDatabase();
    oid = await create({});
  });
  afterEach(async () => await db.close());

  async function create(options: Partial<Sequence>): Promise<number> {
    const base = db.lane.catalog;
    const sequence: Sequence = {
      kind: 'sequence',
      oid: base.nextOid,
      schema: 'public',
      name: 's',
      owner: 'postgres',
      typeOid: 20,
      start: 1n,
      increment: 1n,
      minValue: 1n,
      maxValue: 2n ** 63n - 1n,
      cache: 1n,
      cycle: false,
      ...options,
    };
    const catalog: CatalogData = { ...base, version: base.version + 1, nextOid: base.nextOid + 1, relations: [...base.relations, sequence] };
    const transaction = await db.begin();
    await db.lane.ddl({
      transaction,
      context,
      baseVersion: base.version,
      catalog,
      steps: [{ kind: 'setSequence', oid: sequence.oid, lastValue: sequence.start, isCalled: false }],
      lockTimeoutMs: 0,
    });
    await db.commit(transaction);
    return sequence.oid;
  }

  const next = async (count = 1): Promise<bigint> => (await db.lane.nextval({ transaction: undefined, oid, count })).first;

  it('go on after a rollback and a clean restart', async () => {
    equal(await next(), 1n);
    const transaction = await db.begin();
    equal((await db.lane.nextval({ transaction, oid, count: 10 })).first, 2n);
    await db.lane.rollback({ transaction });
    equal(await next(), 12n);
    await db.restart();
    equal(await next(), 13n);
    deepEqual(await db.lane.sequenceState({ oid }), { lastValue: 13n, isCalled: true });
    await db.lane.setval({ oid, value: 100n, isCalled: false });
    equal(await next(), 100n);
  });

  it('end at their limits, or cycle', async () => {
    oid = await create({ name: 'short', maxValue: 3n });
    equal(await next(3), 1n);
    const error = await failure(next());
    equal(error.code, '2200H');
    equal(error.message, 'nextval: reached maximum value of sequence "short" (3)');
    oid = await create({ name: 'round', increment: -1n, minValue: 1n, maxValue: 2n, start: 2n, cycle: true });
    deepEqual([await next(), await next(), await next()], [2n, 1n, 2n]);
  });

  it('are called from SQL on the lane; currval is of the session', async () => {
    const transaction = await db.begin();
    const select = async (sql: string, backendPid = 1): Promise<unknown> => {
      const { batch } = await db.lane.open({
        transaction,
        context: { ...context, backendPid },
        catalogVersion: db.lane.catalog.version,
        cursor: { sql: `SELECT ${sql}`, params: [], output: { kind: 'rows' } },
        maxRows: 0,
      });
      return new RowReader(batch.bytes as Uint8Array).read()?.[0];
    };
    const argument = `CAST('${String(oid)}' AS INTEGER)`;
    equal((await failure(select(`pg_currval_1575(${argument})`))).message, 'currval of sequence "s" is not yet defined in this session');
    equal(await select(`pg_nextval_1574(${argument})`), 1);
    equal(await select(`pg_nextval_1574(${argument})`, 2), 2);
    equal(await select(`pg_currval_1575(${argument})`), 1);
    equal(await select('pg_lastval_2559()', 2), 2);
    equal(await select(`pg_setval_1576(${argument}, 50)`), 50);
    equal(await select(`pg_nextval_1574(${argument})`), 51);
    await db.commit(transaction);
  });

  it('drop and restart are undone with their transaction', async () => {
    await next();
    const base = db.lane.catalog;
    const transaction = await db.begin();
    const catalog: CatalogData = { ...base, version: base.version + 1 };
    await db.lane.ddl({
      transaction,
      context,
      baseVersion: base.version,
      catalog,
      steps: [{ kind: 'setSequence', oid, lastValue: 500n, isCalled: false }],
      lockTimeoutMs: 0,
    });
    equal((await db.lane.nextval({ transaction, oid, count: 1 })).first, 500n);
    await db.lane.rollback({ transaction });
    equal(await next(), 2n);
  });
});
