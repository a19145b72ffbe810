/** Backups of a replicated database as users take them: archived continuously through a failover, restored to points on either side of it, taken and ended at any node. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { FileStore } from '../../../src/object-store/file-store.js';
import { Archive, type ArchiveListing, chainFrom, lastArchivedLsn } from '../../../src/storage/backup/archive.js';
import { parseLsn } from '../../../src/storage/backup/point.js';
import { needEtcd } from '../../support/etcd.js';
import { LocalCluster } from '../../support/local-cluster.js';
import { Shoal } from '../../support/shoal.js';
import { shoalCommand } from '../../support/shoal-command.js';

const postgresOid = 5;

describe('backups of a replicated database', function () {
  this.timeout(300_000);
  const cluster = new LocalCluster(3);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-archive-'));
  const place = join(directory, 'place');
  const archive = new Archive(new FileStore(place), 'postgres');
  let next = 1;

  const ok = async (...args: readonly string[]): Promise<string> => {
    const { status, stdout, stderr } = await shoalCommand(args);
    assert.equal(status, 0, `shoal ${args.join(' ')}: ${stdout}${stderr}`);
    return stdout;
  };
  const backup = async (node: number, ...args: readonly string[]): Promise<string> =>
    await ok('backup', 'postgres', ...args, '--port', String(cluster.port(node)));
  const primary = async (): Promise<number> => await cluster.primaryOf(postgresOid);
  /** Numbers up to `last` are there; answers where the log is then. */
  const insertUpTo = async (node: number, last: number): Promise<string> => {
    for (; next <= last; next++) {
      // (While the primary changes nobody knows whether it was done.)
      await cluster.until(`row ${String(next)}`, async () =>
        cluster.ask(node, `INSERT INTO item VALUES (${String(next)}) ON CONFLICT DO NOTHING`).then(
          () => true,
          () => false,
        ),
      );
    }
    return (await cluster.ask(node, 'SELECT pg_current_wal_lsn()'))[0]?.[0] ?? '';
  };
  const archived = async (lsn: string): Promise<ArchiveListing> => {
    let listing: ArchiveListing | undefined;
    await cluster.until(`the archive has record ${lsn}`, async () => {
      listing = await archive.list();
      return lastArchivedLsn(listing) >= parseLsn(lsn);
    });
    assert(listing !== undefined);
    return listing;
  };
  const restored = async (name: string, lsn: string): Promise<readonly (readonly (string | null)[])[]> => {
    const dataDirectory = join(directory, name);
    await ok('restore', place, '--data-dir', dataDirectory, '--to-lsn', lsn);
    const shoal = await Shoal.start({ dataDirectory });
    try {
      const client = new pg.Client(shoal.connection);
      await client.connect();
      const { rows } = await client.query<(string | null)[]>({ text: 'SELECT count(*)::text, max(id)::text FROM item', rowMode: 'array' });
      await client.end();
      return rows;
    } finally {
      await shoal.stop();
    }
  };

  before(async function () {
    needEtcd(this);
    await cluster.up();
    await cluster.replicated(3);
    await cluster.ask(1, 'CREATE TABLE item (id int PRIMARY KEY) PARTITION BY HASH (id) WITH (shards = 3)');
  });
  after(async () => {
    await cluster.down();
    rmSync(directory, { recursive: true, force: true });
  });

  it('go on where the archive ends when another node writes', async () => {
    const first = await primary();
    const other = cluster.nodes.find((node) => node !== first) ?? 0;
    await insertUpTo(other, 10);
    await backup(other, place, '--continuous');
    const before = await insertUpTo(other, 30);
    process.kill(cluster.pid(first), 'SIGKILL');
    const later = await insertUpTo(other, 60);
    await insertUpTo(other, 80);
    const listing = await archived(later);
    assert.notEqual(await primary(), first);
    // One full copy, and all of the log from it on.
    assert.equal(listing.bases.length, 1);
    const [base] = await Promise.all(listing.bases.map(async (id) => await archive.base(id)));
    assert(chainFrom(listing.pieces, base?.startLsn ?? 0).lastLsn >= parseLsn(later));
    assert.deepEqual(await restored('before', before), [['30', '30']]);
    assert.deepEqual(await restored('later', later), [['60', '60']]);
    await cluster.up();
    await cluster.replicated(3);
  });

  it('are taken and ended at any node', async () => {
    const lsn = await insertUpTo(1, 90);
    for (const node of cluster.nodes) assert.match(await backup(node, place), /backed up postgres until/);
    assert.deepEqual(await restored('any', lsn), [['90', '90']]);
    assert.match(await ok('backup', '--verify', place), /./);
    const writes = await primary();
    assert.match(await backup(cluster.nodes.find((node) => node !== writes) ?? 0, '--stop'), /no longer archived/);
    assert.equal(await cluster.etcdctl('get', '--prefix', '--keys-only', '/shoal/main/archives/'), '');
  });
});
