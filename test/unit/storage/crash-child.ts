/**
 * Child of the recovery test: moves money between accounts on different shards, sometimes in parked transactions, and prints each acknowledged transfer,
 * until it is killed. Arguments: directory, seed.
 */
import { writeSync } from 'node:fs';
import { failure, TestDatabase } from './support.js';
import { seededRandom } from './random.js';

const [, , directory, seed] = process.argv;
const random = seededRandom(Number(seed));
const pick = (below: number): number => Math.floor(random() * below);
const accounts = 20;

const db = new TestDatabase(directory, { checkpointLogBytes: 200_000, log: { segmentBytes: 65_536 } });
if (db.lane.catalog.relations.length === 0) {
  await db.create({ name: 'account', columns: [{ name: 'id' }, { name: 'balance' }], primaryKey: ['id'], shards: 4 });
  await db.create({ name: 'transfer', columns: [{ name: 'id' }, { name: 'amount' }], primaryKey: ['id'], shards: 4 });
  await db.create({ name: 'total', columns: [{ name: 'id' }, { name: 'count' }], primaryKey: ['id'] });
  await db.insert(
    'account',
    Array.from({ length: accounts }, (_, id) => [id, 1000]),
  );
  await db.insert('total', [[1, 0]]);
  writeSync(1, 'made\n');
}

async function transfer(id: number): Promise<void> {
  const from = pick(accounts);
  const to = pick(accounts);
  const amount = pick(50);
  const transaction = await db.begin();
  try {
    const order = [
      [from, -amount],
      [to, amount],
    ].sort((left, right) => (left[0] as number) - (right[0] as number));
    for (const [account, change] of order)
      await db.execute(db.updateTask('account', 'balance', `balance + ${String(change)}`, `id = ${String(account)}`), transaction);
    await db.insert('transfer', [[id, amount]], transaction);
    await db.execute(db.updateTask('total', 'count', 'count + 1', 'id = 1'), transaction);
    await db.commit(transaction);
    writeSync(1, `${String(id)}\n`);
  } catch (error) {
    await db.lane.rollback({ transaction });
    if ((error as { readonly code?: string }).code !== '40P01') throw error;
  }
}

let next = Date.now() % 1_000_000_000;
let table = 0;
for (;;) {
  await Promise.all(Array.from({ length: 1 + pick(6) }, async () => await transfer(next++)));
  if (pick(40) === 0) {
    // DDL in the middle: a group that comes and goes.
    const { catalog, steps } = db.plan(db.lane.catalog, {
      name: `extra_${String(next)}_${String(table++)}`,
      columns: [{ name: 'id' }],
      primaryKey: ['id'],
      shards: 2,
    });
    const transaction = await db.begin();
    const base = db.lane.catalog.version;
    const { context } = await import('./support.js');
    await db.lane.ddl({ transaction, context, baseVersion: base, catalog, steps, lockTimeoutMs: 0 });
    if (pick(2) === 0) await db.commit(transaction);
    else await db.lane.rollback({ transaction });
  }
  if (pick(50) === 0) await failure(db.insert('account', [[3, 0]]));
}
