import { deepEqual, equal, notDeepEqual, throws } from 'node:assert/strict';
import Database from 'better-sqlite3';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  isGuarded,
  openGuardedFile,
  pageBytes,
  pageSum,
  prepareVerification,
  takeDamage,
  verifyBytes,
  verifyPages,
  verifyWal,
} from '../../../src/storage/integrity/page-guard.js';
import { seededRandom } from './random.js';

describe('page checksums', function () {
  this.timeout(60_000);
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-guard-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  /** Of some 250 pages, with overflow pages; all of them in the file. */
  function filled(name: string, journal: 'WAL' | 'DELETE' = 'WAL'): string {
    const path = join(directory, name);
    const db = openGuardedFile(path);
    db.pragma(`journal_mode = ${journal}`);
    db.exec('CREATE TABLE t(id INTEGER PRIMARY KEY, body TEXT); CREATE INDEX i ON t(body)');
    db.exec(`WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300) INSERT INTO t SELECT i, hex(randomblob(i * 4)) FROM n`);
    db.close();
    return path;
  }

  /** Table and index, overflow pages too. */
  function readAll(db: Database.Database): void {
    db.prepare(`SELECT sum(instr(body, 'z')) FROM t NOT INDEXED`).get();
    db.prepare(`SELECT sum(instr(body, 'z')) FROM t INDEXED BY i WHERE body > ''`).get();
  }

  const damaged = (path: string): readonly number[] => verifyBytes(readFileSync(path), 1).map(({ page }) => page);

  it('notice every flipped bit of a page, and its number', () => {
    const random = seededRandom(1);
    const page = Buffer.from(Array.from({ length: pageBytes - 8 }, () => Math.floor(random() * 256)));
    const sum = pageSum(page, 7);
    for (let bit = 0; bit < page.length * 8; bit += 7) {
      const at = bit >> 3;
      page[at] = (page[at] as number) ^ (1 << (bit & 7));
      notDeepEqual(pageSum(page, 7), sum);
      page[at] = page[at] ^ (1 << (bit & 7));
    }
    // Pairs of high bits, eight words apart: the weakness of a sum of products.
    for (let at = 7; at + 64 < page.length; at += 8) {
      for (const other of [at, at + 64]) page[other] = (page[other] as number) ^ 0x80;
      notDeepEqual(pageSum(page, 7), sum);
      for (const other of [at, at + 64]) page[other] = (page[other] as number) ^ 0x80;
    }
    deepEqual(pageSum(page, 7), sum);
    notDeepEqual(pageSum(page, 8), sum);
  });

  it('are in every page, with a WAL, without, and in a copy that SQLite spills pages of before the first', () => {
    const path = filled('a');
    deepEqual(damaged(path), []);
    deepEqual(damaged(filled('b', 'DELETE')), []);
    const db = new Database(path);
    db.pragma('cache_size = 10');
    db.exec(`VACUUM INTO '${join(directory, 'copy')}'`);
    db.close();
    deepEqual(damaged(join(directory, 'copy')), []);
    const copy = new Database(join(directory, 'copy'));
    equal(isGuarded(copy, 'main'), true);
    copy.close();
  });

  it('turn a damaged, zeroed, moved or missing page into an error that says which', () => {
    const path = filled('a');
    const whole = readFileSync(path);
    const pages = whole.length / pageBytes;
    for (const [kind, damage] of [
      ['checksum', (bytes: Buffer, at: number) => bytes.writeUInt8(bytes.readUInt8(at + 99) ^ 1, at + 99)],
      ['zeroed', (bytes: Buffer, at: number) => bytes.fill(0, at, at + pageBytes)],
      ['checksum', (bytes: Buffer, at: number) => bytes.copy(bytes, at, at - pageBytes, at)],
      ['checksum', (bytes: Buffer, at: number) => bytes.copy(bytes, at, at - pageBytes, at - pageBytes + 512)],
    ] as const) {
      const page = Math.floor(pages / 2);
      const bytes = Buffer.from(whole);
      damage(bytes, (page - 1) * pageBytes);
      writeFileSync(path, bytes);
      const db = new Database(path);
      throws(() => readAll(db), { code: 'SQLITE_IOERR_DATA' });
      deepEqual(takeDamage(), { kind, page, path });
      equal(takeDamage(), undefined);
      prepareVerification(db);
      deepEqual([...verifyPages(db, 'main', pages, 16)].flat(), [{ kind, page, path: '' }]);
      db.close();
    }
    writeFileSync(path, whole);
    truncateSync(path, whole.length - pageBytes);
    const db = new Database(path);
    throws(() => readAll(db));
    db.close();
  });

  it('guard the frames of a WAL while it is in use', () => {
    const path = filled('a');
    const db = new Database(path);
    prepareVerification(db);
    db.pragma('wal_autocheckpoint = 0');
    db.exec(`UPDATE t SET body = body || 'y' WHERE id % 10 = 0`);
    deepEqual(verifyWal(db, 'main'), []);
    const wal = readFileSync(`${path}-wal`);
    wal[32 + 24 + 1000] = (wal[32 + 24 + 1000] as number) ^ 1;
    writeFileSync(`${path}-wal`, wal);
    deepEqual(verifyWal(db, 'main'), [{ kind: 'checksum', page: 1, path: '' }]);
    throws(() => db.pragma('wal_checkpoint(PASSIVE)'), { code: 'SQLITE_IOERR_DATA' });
    deepEqual(takeDamage(), { kind: 'checksum', page: 1, path: `${path}-wal` });
    db.close();
  });
});
