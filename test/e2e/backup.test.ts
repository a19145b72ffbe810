/**
 * Backup and point-in-time restore as users run them: `shoal backup` and `shoal restore` beside a server under load, over directories and S3.
 * `SHOAL_RESTORES` sets the number of points; `npm run restore-torture` does a hundred.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { registerFunctions } from '../../src/functions/sqlite-register.js';
import { FileStore } from '../../src/object-store/file-store.js';
import { Archive, serverArchive } from '../../src/storage/backup/archive.js';
import { findArchive, restore } from '../../src/storage/backup/restore.js';
import { verifyBackup } from '../../src/storage/backup/verify-backup.js';
import { Random } from '../support/random.js';
import { S3Server } from '../support/s3-server.js';
import { Shoal } from '../support/shoal.js';
import { shoalCommand, shoalProgram } from '../support/shoal-command.js';
import { connect, textQuery } from '../support/subject.js';
import { restoreToPoints } from '../torture/restore-points.js';

const points = Number(process.env['SHOAL_RESTORES'] ?? 8);
const seed = Number(process.env['SHOAL_SEED'] ?? Math.floor(Math.random() * 1e9));

/** Paths of all files below a directory. */
function filesBelow(directory: string): readonly string[] {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) =>
    entry.isDirectory() ? filesBelow(join(directory, entry.name)) : [join(directory, entry.name)],
  );
}

async function ok(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<string> {
  const { status, stdout, stderr } = await shoalCommand(args, env);
  assert.equal(status, 0, `shoal ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

async function refused(args: readonly string[], message: RegExp): Promise<void> {
  const { status, stderr } = await shoalCommand(args);
  assert.notEqual(status, 0);
  assert.match(stderr, message);
}

async function withServer<T>(
  dataDirectory: string,
  work: (shoal: Shoal, query: (sql: string) => Promise<readonly (string | null)[]>) => Promise<T>,
): Promise<T> {
  const shoal = await Shoal.start({ dataDirectory });
  const client = await connect(shoal.connection);
  try {
    return await work(shoal, async (sql) => (await textQuery(client, sql)).rows.map(([value]) => value ?? null));
  } finally {
    await client.end().catch(() => undefined);
    await shoal.stop();
  }
}

describe(`backup and restore (seed ${seed})`, function () {
  this.timeout(120_000 + points * 30_000);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-backup-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('restores to random points of a running load what the load had committed there', async () => {
    const report = await restoreToPoints({ seed, points, loadMs: 4000, log: () => undefined });
    assert.equal(report.points, points);
  });

  it('restores to points of a running load from S3', async () => {
    const server = await S3Server.start();
    try {
      const place = `s3://${server.bucket}/backups`;
      await restoreToPoints({ seed: seed + 1, points: 2, loadMs: 1500, place, env: server.environment, log: () => undefined });
      assert.match(await ok(['backup', '--verify', place], { ...process.env, ...server.environment }), /is whole/);
    } finally {
      await server.stop();
    }
  });

  it('keeps the old backup when the server is killed in the middle of the next one', async () => {
    const data = join(directory, 'killed');
    const place = join(directory, 'killed-backups');
    await withServer(data, async (shoal, query) => {
      await query('CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY HASH (id) WITH (shards = 16)');
      await query(`INSERT INTO t SELECT i, repeat('x', 100) FROM generate_series(1, 4000) i`);
      await ok(['backup', 'postgres', place, '--port', String(shoal.port), '--continuous']);
      await query('DELETE FROM t WHERE id > 3000');
      const child = spawn(process.execPath, [shoalProgram, 'backup', 'postgres', place, '--full', '--port', String(shoal.port)], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
      for await (const line of createInterface(child.stderr)) {
        if (!line.startsWith('copied')) continue;
        await shoal.kill();
        break;
      }
      assert.notEqual(await ended, 0, 'the command tells that the backup has failed');
    });
    await ok(['restore', place, '--data-dir', join(directory, 'killed-restored')]);
    await withServer(join(directory, 'killed-restored'), async (_, query) => {
      assert.deepEqual(await query(`SELECT CASE WHEN count(*) IN (3000, 4000) THEN 'whole' ELSE count(*)::text END FROM t`), ['whole']);
    });
    await withServer(data, async (shoal, query) => {
      await query('INSERT INTO t VALUES (5000)');
      await ok(['backup', 'postgres', place, '--port', String(shoal.port)]);
      await query('INSERT INTO t VALUES (5001)');
      await ok(['backup', 'postgres', place, '--full', '--port', String(shoal.port)]);
    });
    assert.match(await ok(['backup', '--verify', place]), /is whole/);
    rmSync(join(directory, 'killed-restored'), { recursive: true });
    await ok(['restore', place, '--data-dir', join(directory, 'killed-restored')]);
    await withServer(join(directory, 'killed-restored'), async (_, query) => assert.deepEqual(await query('SELECT count(*) FROM t'), ['3002']));
  });

  it('archives the log continuously, and keeps it while the place cannot be reached', async () => {
    const data = join(directory, 'continuous');
    const place = join(directory, 'continuous-backups');
    const shoal = await Shoal.start({ dataDirectory: data, flags: ['--checkpoint-log-kb', '64'] });
    const client = await connect(shoal.connection);
    try {
      await textQuery(client, 'CREATE TABLE t (id int PRIMARY KEY, v text)');
      await ok(['backup', 'postgres', place, '--port', String(shoal.port), '--continuous']);
      // Somebody takes the disk away: a file is where the directory of the log must be.
      const log = join(place, 'postgres', 'log');
      const kept = join(directory, 'log-elsewhere');
      if (existsSync(log)) cpSync(log, kept, { recursive: true });
      rmSync(log, { recursive: true, force: true });
      writeFileSync(log, 'in the way');
      for (let n = 0; n < 30; n++) {
        await textQuery(client, `INSERT INTO t SELECT i, repeat('y', 200) FROM generate_series(${n * 100 + 1}, ${n * 100 + 100}) i`);
        await sleep(20);
      }
      for (let waited = 0; !shoal.log.includes('cannot be archived and is kept') && waited < 30_000; waited += 100) await sleep(100);
      assert.match(shoal.log, /cannot be archived and is kept/);
      rmSync(log);
      if (existsSync(kept)) cpSync(kept, log, { recursive: true });
      for (let waited = 0; !shoal.log.includes('works again') && waited < 90_000; waited += 100) await sleep(100);
      assert.match(shoal.log, /works again/);
    } finally {
      await client.end();
      await shoal.stop();
    }
    await ok(['restore', place, '--data-dir', join(directory, 'continuous-restored')]);
    await withServer(join(directory, 'continuous-restored'), async (_, query) => assert.deepEqual(await query('SELECT count(*) FROM t'), ['3000']));
  });

  describe('of a stopped database', () => {
    const data = join(directory, 'stopped');
    const place = join(directory, 'stopped-backups');
    let lsn = '';
    before(async () => {
      await withServer(data, async (_, query) => {
        await query('CREATE TABLE t (id int PRIMARY KEY, v text) PARTITION BY HASH (id) WITH (shards = 2)');
        await query(`INSERT INTO t SELECT i, 'one' FROM generate_series(1, 500) i`);
      });
      await ok(['backup', 'postgres', place, '--data-dir', data]);
      await withServer(data, async (shoal, query) => {
        await query(`UPDATE t SET v = 'two' WHERE id < 100`);
        [lsn] = (await query('SELECT pg_current_wal_lsn()')) as [string];
        await query('DROP TABLE t');
        await refused(['backup', 'postgres', place, '--data-dir', data], /in use by another process/);
        await ok(['backup', 'postgres', place, '--port', String(shoal.port)]);
      });
    });

    it('adds the log to the first full copy, and restores before a DROP TABLE', async () => {
      assert.equal(filesBelow(place).filter((path) => path.endsWith('manifest.json') && !path.includes('/@server/')).length, 1);
      const restored = join(directory, 'stopped-restored');
      assert.match(await ok(['restore', place, '--data-dir', restored, '--to-lsn', lsn]), new RegExp(`restored postgres as of ${lsn},`));
      await withServer(restored, async (_, query) => {
        assert.deepEqual(await query('SELECT v, count(*) FROM t GROUP BY v ORDER BY v'), ['one', 'two']);
        assert.deepEqual(await query(`SELECT count(*) FROM t WHERE v = 'two'`), ['99']);
      });
      await refused(['restore', place, '--data-dir', restored], /is not empty/);
      await refused(['backup', 'postgres', place, '--data-dir', restored], /another course of a database/);
    });

    it('refuses points that it does not have', async () => {
      const target = join(directory, 'nowhere');
      await refused(['restore', place, '--data-dir', target, '--to-lsn', '0/1'], /begins only at 0\//);
      await refused(['restore', place, '--data-dir', target, '--to-lsn', 'F/0'], /reaches only until 0\//);
      await refused(['restore', place, '--data-dir', target, '--to-time', '2001-01-01'], /begins only at/);
      await refused(['restore', place, '--data-dir', target, '--to-time', '2999-01-01'], /reaches only until/);
      await refused(['restore', place, '--data-dir', target, '--to-time', 'soon'], /invalid input syntax for type timestamp with time zone: "soon"/);
      await refused(['restore', join(directory, 'none'), '--data-dir', target], /there is no backup/);
      await refused(['restore', place, '--data-dir', target, '--database', 'other'], /there is no backup of database "other"/);
      assert.ok(!existsSync(target));
    });

    it('notices a changed byte in every file of a backup, and every file that is missing', async () => {
      const random = new Random(seed);
      const store = new FileStore(place);
      const target = join(directory, 'damaged');
      const attempt = async (): Promise<string> => {
        rmSync(target, { recursive: true, force: true });
        try {
          const archive = await findArchive(store, undefined);
          const problems = [...(await verifyBackup(archive, () => undefined)), ...(await verifyBackup(new Archive(store, serverArchive), () => undefined))];
          const found = problems.join('\n');
          await restore({
            store,
            database: undefined,
            target: { kind: 'latest' },
            dataDirectory: target,
            register: (db, holder) => registerFunctions(db, holder),
            report: () => undefined,
          });
          assert.equal(found, '', 'what verify has found, restore does too');
          return '';
        } catch (error) {
          if (error instanceof assert.AssertionError) throw error;
          assert.ok(!existsSync(join(target, 'postgres')), 'nothing is restored');
          return (error as Error).message;
        }
      };
      assert.equal(await attempt(), '');
      const files = filesBelow(place);
      assert.ok(files.length >= 8);
      for (const path of files) {
        const whole = readFileSync(path);
        const name = path.slice(place.length + 1);
        const points = files.filter((other) => other.includes('/point/') && other.includes('/@server/') === path.includes('/@server/'));
        const isOldPoint = name.includes('/point/') && path !== points.at(-1);
        for (const at of [0, whole.length - 1, random.int(0, whole.length - 1)]) {
          const changed = Buffer.from(whole);
          changed.writeUInt8(changed.readUInt8(at) ^ (1 << random.int(0, 7)), at);
          writeFileSync(path, changed);
          const archive = name.startsWith('@server/') ? new Archive(store, serverArchive) : await findArchive(store, undefined);
          const problems = await verifyBackup(archive, () => undefined);
          assert.ok(
            problems.some((problem) => problem.includes(name)),
            `byte ${at} of ${name}: ${problems.join()}`,
          );
          if (!isOldPoint) assert.match(await attempt(), new RegExp(`the backup is damaged: "${name.replace(/[.+]/g, '\\$&')}"`), `byte ${at}`);
        }
        rmSync(path);
        if (!isOldPoint && !name.includes('/point/')) assert.notEqual(await attempt(), '', `without ${name}`);
        writeFileSync(path, whole);
      }
      assert.equal(await attempt(), '');
    });
  });
});
