import { deepEqual, equal } from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { connect } from '../../../src/common/rpc.js';
import type { CatalogPublication, ReadService, WriteService } from '../../../src/storage/ports.js';
import { DatabaseHost, portsToTransfer } from '../../../src/storage/database-host.js';
import { StorageThreads } from '../../../src/storage/storage-threads.js';
import { RowReader } from '../../../src/types/row-codec.js';
import { context, failure, TestDatabase } from './support.js';

describe('the storage threads', () => {
  let data: string;
  let threads: StorageThreads;
  let host: DatabaseHost;
  beforeEach(async () => {
    data = mkdtempSync(join(tmpdir(), 'shoal-hosts-'));
    threads = new StorageThreads({
      scanThreads: 2,
      onFailure: (error) => {
        throw error;
      },
    });
    host = await DatabaseHost.open(threads, { id: 5, name: 'postgres', directory: join(data, 'postgres'), serverDirectory: undefined, isNew: true });
  });
  afterEach(() => rmSync(data, { recursive: true, force: true }));

  it('host several databases apart from each other, and close one while another goes on', async () => {
    const other = await DatabaseHost.open(threads, { id: 6, name: 'other', directory: join(data, 'other'), serverDirectory: undefined, isNew: true });
    const [ports, otherPorts] = [host.attachFrontEnd(), other.attachFrontEnd()];
    const [lane, otherLane] = [connect<WriteService>(ports.lane), connect<WriteService>(otherPorts.lane)];
    const { catalog, steps } = TestDatabase.prototype.plan.call(undefined as never, host.catalog, { name: 'item', columns: [{ name: 'id' }] });
    const { transaction } = await lane.begin({ isolation: 'read committed', readOnly: false, context });
    await lane.ddl({ transaction, context, baseVersion: 1, catalog, steps, lockTimeoutMs: 0 });
    await lane.commit({ transaction, synchronousCommit: true });
    equal((await lane.statistics(undefined as never)).length, 1);
    equal((await otherLane.statistics(undefined as never)).length, 0);
    const key = { key: 7n, shared: false, transaction: undefined } as const;
    deepEqual(await lane.advisory({ ...key, session: 1, action: 'try' }), { granted: true });
    deepEqual(await otherLane.advisory({ ...key, session: 2, action: 'try' }), { granted: true });
    for (const port of portsToTransfer(otherPorts)) port.close();
    await other.close();
    deepEqual(await lane.advisory({ ...key, session: 3, action: 'try' }), { granted: false });
    const again = await DatabaseHost.open(threads, other.location);
    equal(again.catalog.relations.length, 0);
    await again.close();
    for (const port of portsToTransfer(ports)) port.close();
    await host.close();
    await threads.shutdown();
  });

  it('serve several front ends, publish the catalog before the reply, and cancel a running statement', async () => {
    const one = host.attachFrontEnd();
    const two = host.attachFrontEnd();
    const seen: number[] = [];
    two.catalog.on('message', (message: CatalogPublication) => seen.push(message.catalog.version));
    const lane = connect<WriteService>(one.lane);
    const otherLane = connect<WriteService>(two.lane);
    const base = host.catalog;
    const { catalog, steps } = TestDatabase.prototype.plan.call(undefined as never, base, { name: 'item', columns: [{ name: 'id' }], shards: 2 });
    const { transaction } = await lane.begin({ isolation: 'read committed', readOnly: false, context });
    await lane.ddl({ transaction, context, baseVersion: base.version, catalog, steps, lockTimeoutMs: 0 });
    await lane.commit({ transaction, synchronousCommit: true });
    const [table] = catalog.relations;
    const task = { kind: 'insert', tableOid: table?.oid ?? 0, source: { sql: 'VALUES (0, ?1), (1, ?2)', params: [2n, 3n] }, assigned: [] } as const;
    equal((await otherLane.execute({ transaction: undefined, context, catalogVersion: 2, task, lockTimeoutMs: 0, synchronousCommit: true })).count, 2);
    deepEqual(seen, [1, 2]);

    const scan = connect<ReadService>(two.scan[1] as never);
    const physicalName = table?.kind === 'table' ? table.physicalName : '';
    const sql = `SELECT id FROM g1_0000."${physicalName}" UNION ALL SELECT id FROM g1_0001."${physicalName}" ORDER BY 1`;
    const schemas = ['g1_0000', 'g1_0001'];
    const { batch } = await scan.open({ schemas, context, catalogVersion: 2, cursor: { sql, params: [], output: { kind: 'rows' } }, maxRows: 0 });
    deepEqual([...new RowReader(batch.bytes as Uint8Array)], [[2], [3]]);

    const slow = 'WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n WHERE (x & 4095) <> 0 OR shoal_tick()';
    const running = failure(
      scan.open({
        schemas: [],
        context: { ...context, cancelSlot: 3 },
        catalogVersion: 2,
        cursor: { sql: slow, params: [], output: { kind: 'rows' } },
        maxRows: 0,
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 50));
    Atomics.store(new Int32Array(threads.cancel), 3, 1);
    const error = await running;
    equal(error.code, '57014');
    equal(error.message, 'canceling statement due to user request');

    const second = await failure(
      (async () => {
        const others = new StorageThreads({ scanThreads: 1, onFailure: () => undefined });
        try {
          await DatabaseHost.open(others, host.location);
        } finally {
          await others.shutdown();
        }
      })(),
    );
    equal(second.code, 'F0001');
    one.lane.close();
    two.lane.close();
    for (const port of [...one.scan, ...two.scan, one.catalog, two.catalog]) port.close();
    await host.close();
    await threads.shutdown();
  });

  it('end what a lost front end had open, and serve one of another node', async () => {
    const { lane, ...others } = host.attachFrontEnd();
    for (const port of portsToTransfer({ lane, ...others })) if (port !== lane) port.close();
    const lost = connect<WriteService>(lane);
    const key = { key: 7n, shared: false, transaction: undefined } as const;
    const { transaction } = await lost.begin({ isolation: 'read committed', readOnly: false, context });
    await lost.advisory({ ...key, session: 1, action: 'lock' });
    lane.close();

    const [far, scanPort] = [new MessageChannel(), new MessageChannel()];
    threads.serveLane(5, far.port1, true);
    threads.serveScan(5, 1, scanPort.port1, true);
    const own = connect<WriteService>(far.port2);
    // (Resolves once the lost session's lock is given back.)
    await own.advisory({ ...key, session: 2, action: 'lock' });
    equal((await failure(own.commit({ transaction, synchronousCommit: true }))).code, '25P01');

    const { catalog, steps } = TestDatabase.prototype.plan.call(undefined as never, host.catalog, { name: 'item', columns: [{ name: 'id' }] });
    const { transaction: ddl } = await own.begin({ isolation: 'read committed', readOnly: false, context });
    await own.ddl({ transaction: ddl, context, baseVersion: 1, catalog, steps, lockTimeoutMs: 0 });
    await own.commit({ transaction: ddl, synchronousCommit: true });
    const task = { kind: 'insert', tableOid: catalog.relations[0]?.oid ?? 0, source: { sql: 'VALUES (0, 1)', params: [] }, assigned: [] } as const;
    await own.execute({ transaction: undefined, context, catalogVersion: 2, task, lockTimeoutMs: 0, synchronousCommit: false });
    const scan = connect<ReadService>(scanPort.port2);
    const snapshot = { schemas: ['global'], context, catalogVersion: 2 };
    equal((await failure(scan.openSnapshot(snapshot))).code, 'SH003', 'the commit is acknowledged and in no snapshot yet');
    await own.flushed(undefined);
    equal(typeof (await scan.openSnapshot(snapshot)).snapshot, 'number');

    const closed = [once(far.port2, 'close'), once(scanPort.port2, 'close')];
    await host.close();
    await Promise.all(closed);
    const late = new MessageChannel();
    threads.serveLane(5, late.port1, true);
    await once(late.port2, 'close');
    await threads.shutdown();
  });
});
