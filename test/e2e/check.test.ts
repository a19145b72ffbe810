/** `shoal check` of a stopped database: rows that break constraints or lie in the wrong shard, as another program would have left them, and what it says of misuse. */
import { equal, match } from 'node:assert/strict';
import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { requirePageGuard } from '../../src/storage/integrity/page-guard.js';
import { type Finished, run } from '../support/process.js';
import { Shoal } from '../support/shoal.js';
import { connect } from '../support/subject.js';

const program = process.env['SHOAL_TEST_PROGRAM'] ?? fileURLToPath(new URL('../../bin/shoal', import.meta.url));
const check = async (...args: readonly string[]): Promise<Finished> => await run(process.execPath, [program, 'check', ...args]);

describe('shoal check', function () {
  this.timeout(180_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-check-'));
  const shard = (index: number): string => join(directory, `postgres/g1/000${String(index)}.sqlite`);

  before(async () => {
    const shoal = await Shoal.start({ dataDirectory: directory });
    const client = await connect(shoal.connection);
    await client.query(`
      CREATE TABLE parent (id int PRIMARY KEY) PARTITION BY HASH (id) WITH (shards = 2);
      CREATE TABLE child (id int PRIMARY KEY, parent int REFERENCES parent, v int NOT NULL CHECK (v > 0), price numeric(10,2)) PARTITION BY HASH (id) WITH (colocate_with = 'parent');
      CREATE TABLE priced (price numeric(10,2) PRIMARY KEY, at timestamptz) PARTITION BY HASH (price) WITH (shards = 3);
      INSERT INTO parent SELECT generate_series(1, 100);
      INSERT INTO child SELECT i, i, i, i / 7.0 FROM generate_series(1, 100) i;
      INSERT INTO priced SELECT i / 10.0, now() FROM generate_series(1, 100) i;
    `);
    await client.end();
    const online = await check('--port', String(shoal.port));
    equal(online.stdout, 'database postgres: nothing is damaged\n', online.stderr);
    equal(online.status, 0);
    const locked = await check('--data-dir', directory);
    equal(locked.status, 2);
    match(locked.stderr, /is in use by another process\nhint: check a running server with --host and --port/);
    await shoal.kill('SIGTERM');
  });
  after(() => {
    rmSync(directory, { recursive: true });
  });

  it('finds nothing in a database that is whole', async () => {
    const { status, stdout } = await check('--data-dir', directory);
    equal(stdout, 'database postgres: nothing is damaged\n');
    equal(status, 0);
    equal((await check('--data-dir', directory, '--json', '--pages')).stdout, '{"database":"postgres","ok":true,"findings":[]}\n');
  });

  it('says which constraint which rows violate, and which rows lie in the wrong shard', async () => {
    requirePageGuard();
    const first = new Database(shard(0));
    const second = new Database(shard(1));
    for (const db of [first, second]) db.pragma('foreign_keys = OFF');
    const row = first.prepare('SELECT * FROM child LIMIT 1').get() as { readonly id: number; readonly parent: number; readonly v: number };
    second.prepare('INSERT INTO child(_rowid, id, parent, v) VALUES (100001, ?, ?, ?)').run(row.id, row.parent, row.v);
    first.prepare('DELETE FROM parent WHERE _rowid IN (SELECT _rowid FROM parent ORDER BY _rowid DESC LIMIT 2)').run();
    second.prepare('UPDATE child SET v = 0 WHERE _rowid IN (SELECT _rowid FROM child LIMIT 3)').run();
    second.prepare('UPDATE child SET v = NULL WHERE _rowid = (SELECT max(_rowid) FROM child WHERE _rowid < 100001)').run();
    first.close();
    second.close();
    const { status, stdout } = await check('--data-dir', directory);
    equal(status, 1);
    match(stdout, /^database postgres: 5 problems\n/);
    match(stdout, /0001\.sqlite, public\.child: 1 row lies in the wrong shard/);
    match(stdout, /public\.child: 1 row has NULL in a column that is NOT NULL\n/);
    match(stdout, /public\.child, constraint child_v_check: 3 rows violate it\n/);
    match(stdout, /public\.child, constraint child_pkey: 1 key is there more than once\n/);
    match(stdout, /public\.child, constraint child_parent_fkey: [23] rows refer to a row that is not there\n/);
  });

  it('refuses misuse with status 2', async () => {
    equal((await check()).status, 2);
    equal((await check('--data-dir', directory, '--port', '1')).status, 2);
    equal((await check('nonesuch', '--data-dir', directory)).status, 2);
    equal((await check('--port', '1')).status, 2);
  });
});
