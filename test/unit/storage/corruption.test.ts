import { deepEqual, equal, match, ok } from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { PgError } from '../../../src/common/errors.js';
import { allDamage } from '../../../src/storage/integrity/page-guard.js';
import { Verification, VerificationSchedule } from '../../../src/storage/integrity/verification.js';
import { corruptionRun } from '../../torture/corruption.js';
import { TestDatabase } from './support.js';

const page = 4096;

const smallLog = { log: { segmentBytes: 64 * 1024 } };

async function filled(): Promise<TestDatabase> {
  const db = new TestDatabase(undefined, smallLog);
  await db.create({ name: 'account', columns: [{ name: 'id' }, { name: 'balance' }], primaryKey: ['id'], shards: 2 });
  await db.insert(
    'account',
    Array.from({ length: 4000 }, (_, id) => [id, id]),
  );
  return db;
}

async function stop(db: TestDatabase): Promise<void> {
  db.reader.shutdown();
  await db.lane.shutdown();
}

function edit(path: string, change: (bytes: Buffer) => void): void {
  const bytes = readFileSync(path);
  change(bytes);
  writeFileSync(path, bytes);
}

function refusal(directory: string): PgError {
  try {
    new TestDatabase(directory);
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
  throw new Error('it was not refused');
}

async function errorOf(promise: Promise<unknown>): Promise<PgError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof PgError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}

describe('damaged files', function () {
  this.timeout(120_000);
  const rounds = Number(process.env['SHOAL_CORRUPTION_ROUNDS'] ?? 40);
  const seed = Number(process.env['SHOAL_CORRUPTION_SEED'] ?? 1);

  it(`never lead to a wrong answer (${String(rounds)} rounds, seed ${String(seed)})`, async () => {
    const result = await corruptionRun({ seed, rounds });
    deepEqual(result.findings, []);
    ok(result.refused + result.noticed > rounds / 4, 'much of it is noticed');
  });

  it('cost the statements that read them, not the others; the error names file and page', async () => {
    const db = await filled();
    await stop(db);
    const path = db.layout.file('g1_0001');
    edit(path, (bytes) => {
      const at = bytes.length - page + 100;
      bytes[at] = (bytes[at] as number) ^ 4;
    });
    const again = new TestDatabase(db.directory);
    const error = await errorOf(again.rows('account'));
    equal(error.code, 'XX001');
    match(error.message, /^a database file is damaged: file ".*g1\/0001\.sqlite", page \d+: its content does not match its checksum$/);
    match(error.fields.hint ?? '', /shoal check.*shoal restore/);
    // The other shard goes on.
    equal(await again.insert('account', [[4000, 1]]), 1);
    await again.close();
  });

  it('are refused at the start when a file is that of another shard, though its pages are whole', async () => {
    const db = await filled();
    await stop(db);
    writeFileSync(db.layout.file('g1_0001'), readFileSync(db.layout.file('g1_0000')));
    const error = refusal(db.directory);
    equal(error.code, 'XX001');
    match(error.message, /g1\/0001\.sqlite" is the file of another database or another shard$/);
  });

  it('are refused at the start when a file is an old copy and the log no longer has what it lacks', async () => {
    const db = await filled();
    await stop(db);
    const path = db.layout.file('g1_0000');
    const old = readFileSync(path);
    const again = new TestDatabase(db.directory, smallLog);
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < 5; at++) await again.execute(again.updateTask('account', 'balance', 'balance + 1', 'id < 1000'));
      again.reader.shutdown();
      await again.lane.shutdown();
      again.lane = again.openLane(smallLog);
    }
    await again.lane.shutdown();
    writeFileSync(path, old);
    const error = refusal(db.directory);
    equal(error.code, 'XX001');
    match(error.message, /g1\/0000\.sqlite" is older than it was: it ends at log record \d+, but had record \d+ at the last checkpoint$/);
  });

  it('are found by the verification in the background, and by one that is asked for', async () => {
    const db = await filled();
    await db.restart();
    deepEqual(await new Verification(db.layout.directory, 'verify').findings, []);
    // (The tests' own placement is not the one by hash.)
    for (const { detail } of await new Verification(db.layout.directory, 'check').findings) match(detail, /^\d+ rows lie in the wrong shard/);
    await stop(db);
    const path = db.layout.file('g1_0001');
    edit(path, (bytes) => bytes.fill(0, 3 * page, 4 * page));
    const again = new TestDatabase(db.directory);
    let comparisons = 0;
    const schedule = new VerificationSchedule(
      () => [again.layout.directory],
      10,
      async () => {
        comparisons++;
        await Promise.resolve();
      },
    );
    const isFound = (): boolean => comparisons > 0 && allDamage().some((damage) => damage.path === path && damage.page === 4 && damage.kind === 'zeroed');
    for (let waited = 0; !isFound() && waited < 30_000; waited += 50) await new Promise((resolve) => setTimeout(resolve, 50));
    ok(isFound());
    await schedule.close();
    deepEqual(await new Verification(again.layout.directory, 'verify').findings, [{ file: path, page: 4, object: null, detail: 'it is filled with zeros' }]);
    await again.close();
  });
});
