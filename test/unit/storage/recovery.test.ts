import { deepEqual, equal, ok } from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from './random.js';
import { TestDatabase } from './support.js';

const child = join(process.cwd(), 'test/unit/storage/crash-child.ts');

/** Runs the child until it has said `acknowledgements` things and `delayMs` more have passed; kills it; answers what it said. */
async function runAndKill(directory: string, seed: number, acknowledgements: number, delayMs: number): Promise<readonly string[]> {
  const process_ = spawn(process.execPath, ['--import', 'tsx', child, directory, String(seed)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let errors = '';
  process_.stderr.on('data', (data: Buffer) => (errors += data.toString()));
  return await new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    process_.stdout.on('data', (data: Buffer) => {
      output += data.toString();
      if (output.split('\n').length > acknowledgements) timer ??= setTimeout(() => process_.kill('SIGKILL'), delayMs);
    });
    process_.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve(output.split('\n').slice(0, -1));
      else reject(new Error(`the child ended with ${String(code)}: ${errors}`));
    });
  });
}

describe('recovery', function () {
  this.timeout(120_000);
  const rounds = Number(process.env['SHOAL_CRASH_ROUNDS'] ?? 6);
  const seed = Number(process.env['SHOAL_CRASH_SEED'] ?? 1);

  it(`loses no acknowledged commit and leaves none half done (kill -9, ${String(rounds)} rounds, seed ${String(seed)})`, async () => {
    const directory = mkdtempSync(join(tmpdir(), 'shoal-crash-'));
    const random = seededRandom(seed);
    const acknowledged = new Set<number>();
    for (let round = 0; round < rounds; round++) {
      const said = await runAndKill(directory, seed * 1000 + round, 1 + Math.floor(random() * 300), random() * 20);
      for (const line of said) if (line !== 'made') acknowledged.add(Number(line));
      const db = new TestDatabase(directory);
      const accounts = await db.rows('account');
      equal(
        accounts.reduce((sum, [, balance]) => sum + Number(balance), 0),
        20_000,
      );
      const transfers = new Set((await db.rows('transfer')).map(([id]) => Number(id)));
      for (const id of acknowledged) ok(transfers.has(id), `transfer ${String(id)} of round ${String(round)} is there`);
      deepEqual(await db.rows('total'), [[1, transfers.size]]);
      for (const relation of db.lane.catalog.relations) await db.rows(relation.name);
      db.reader.shutdown();
      await db.lane.shutdown();
    }
    rmSync(directory, { recursive: true });
  });

  it('brings each file up from whatever state a power loss has left it in', async () => {
    // Files and log are copied at different moments of a running database: files that are behind the log, each by another distance.
    const db = new TestDatabase();
    await db.create({ name: 'account', columns: [{ name: 'id' }, { name: 'balance' }], primaryKey: ['id'], shards: 4 });
    await db.insert(
      'account',
      Array.from({ length: 20 }, (_, id) => [id, 1000]),
    );
    const old = mkdtempSync(join(tmpdir(), 'shoal-power-'));
    cpSync(db.layout.directory, join(old, 'postgres'), { recursive: true });
    const move = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at++) {
        const transaction = await db.begin();
        await db.execute(db.updateTask('account', 'balance', 'balance - 1', `id = ${String(at % 20)}`), transaction);
        await db.execute(db.updateTask('account', 'balance', 'balance + 1', `id = ${String((at + 7) % 20)}`), transaction);
        await db.commit(transaction);
      }
    };
    await move(10);
    const middle = mkdtempSync(join(tmpdir(), 'shoal-power-'));
    cpSync(db.layout.directory, join(middle, 'postgres'), { recursive: true });
    await move(20);
    const expected = await db.rows('account');
    // The new log with shard 0 and 1 from the beginning, shard 2 from the middle, the others as they are.
    const mixed = mkdtempSync(join(tmpdir(), 'shoal-power-'));
    cpSync(db.layout.directory, join(mixed, 'postgres'), { recursive: true });
    for (const [from, shard] of [
      [old, '0000'],
      [old, '0001'],
      [middle, '0002'],
    ] as const) {
      for (const ending of ['.sqlite', '.sqlite-wal', '.sqlite-shm']) {
        rmSync(join(mixed, 'postgres/g1', shard + ending), { force: true });
        cpSync(join(from, 'postgres/g1', shard + ending), join(mixed, 'postgres/g1', shard + ending));
      }
    }
    await db.close();
    const again = new TestDatabase(mixed);
    deepEqual(await again.rows('account'), expected);
    await again.close();
    rmSync(old, { recursive: true });
    rmSync(middle, { recursive: true });
  });
});
