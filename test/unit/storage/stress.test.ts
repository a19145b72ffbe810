import { deepEqual, equal, ok } from 'node:assert/strict';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { seededRandom } from './random.js';
import { TestDatabase } from './support.js';

/** Errors that PostgreSQL could give too in such a crowd. */
const expected = new Set(['23505', '23503', '40P01', '40001', '55P03', '25P01']);

describe('a crowd of random transactions', function () {
  this.timeout(120_000);
  const seed = Number(process.env['SHOAL_STRESS_SEED'] ?? 3);
  const steps = Number(process.env['SHOAL_STRESS_STEPS'] ?? 120);

  it(`keeps keys, references and the log in order (seed ${String(seed)})`, async () => {
    const db = new TestDatabase();
    const random = seededRandom(seed);
    const pick = (below: number): number => Math.floor(random() * below);
    await db.create({ name: 'parent', columns: [{ name: 'id' }, { name: 'n' }], primaryKey: ['id'], unique: ['n'] });
    await db.create({
      name: 'child',
      columns: [{ name: 'id' }, { name: 'parent_id' }],
      primaryKey: ['id'],
      shards: 3,
      foreignKeys: [{ from: ['parent_id'], to: 'parent', toColumns: ['id'], onDelete: 'cascade', onUpdate: 'cascade' }],
    });
    const start = mkdtempSync(join(tmpdir(), 'shoal-stress-'));
    cpSync(db.layout.directory, join(start, 'postgres'), { recursive: true });
    const unexpected: unknown[] = [];
    let done = 0;

    const statement = async (transaction: number | undefined): Promise<void> => {
      const id = pick(12);
      const other = pick(12);
      const choices = [
        async () => await db.insert('parent', [[id, pick(40)]], transaction),
        async () => await db.insert('child', [[pick(60), id]], transaction),
        async () => await db.execute(db.updateTask('parent', 'n', String(pick(40)), `id = ${String(id)}`), transaction, 500),
        async () => await db.execute(db.updateTask('parent', 'id', String(other), `id = ${String(id)}`), transaction, 500),
        async () => await db.execute(db.updateTask('child', 'parent_id', String(other), `id % 7 = ${String(pick(7))}`), transaction, 500),
        async () => await db.execute(db.deleteTask('child', `id % 5 = ${String(pick(5))}`), transaction, 500),
        async () => await db.execute(db.deleteTask('parent', `id = ${String(id)}`), transaction, 500),
        async () => (transaction === undefined ? 0 : (await db.rowsIn(transaction, 'child')).length),
      ];
      await (choices[pick(choices.length)] as () => Promise<number>)();
      done++;
    };
    const tolerated = async (work: () => Promise<void>): Promise<boolean> => {
      try {
        await work();
        return true;
      } catch (error) {
        if (!expected.has((error as { readonly code?: string }).code ?? '')) unexpected.push(error);
        return false;
      }
    };
    const client = async (): Promise<void> => {
      for (let step = 0; step < steps; step++) {
        if (pick(3) === 0) {
          await tolerated(async () => await statement(undefined));
          continue;
        }
        const transaction = await db.begin(pick(4) === 0 ? 'repeatable read' : 'read committed');
        let fine = true;
        const length = 1 + pick(5);
        for (let at = 0; at < length && fine; at++) {
          if (pick(3) === 0) {
            await db.lane.savepoint({ transaction, name: 's' });
            const kept = await tolerated(async () => await statement(transaction));
            if (!kept || pick(2) === 0) await db.lane.rollbackTo({ transaction, name: 's' });
          } else {
            fine = await tolerated(async () => await statement(transaction));
          }
        }
        if (fine && pick(5) !== 0) await tolerated(async () => await db.commit(transaction));
        else await db.lane.rollback({ transaction });
      }
    };
    await Promise.all(Array.from({ length: 8 }, client));
    deepEqual(unexpected, []);
    ok(done > steps);

    const parents = await db.rows('parent');
    const children = await db.rows('child');
    equal(new Set(parents.map(([id]) => id)).size, parents.length);
    equal(new Set(parents.map(([, n]) => n)).size, parents.length);
    equal(new Set(children.map(([id]) => id)).size, children.length);
    const ids = new Set(parents.map(([id]) => id));
    for (const [, parentId] of children) ok(ids.has(parentId), `parent ${String(parentId)} is there`);
    deepEqual(
      (await db.lane.statistics()).reduce((sum, { rows }) => sum + rows, 0),
      parents.length + children.length,
    );

    // The files as they were at the start and the whole log give the same database.
    rmSync(join(start, 'postgres/log'), { recursive: true });
    cpSync(db.layout.log, join(start, 'postgres/log'), { recursive: true });
    await db.close();
    const again = new TestDatabase(start);
    deepEqual(await again.rows('parent'), parents);
    deepEqual(await again.rows('child'), children);
    await again.close();
  });
});
