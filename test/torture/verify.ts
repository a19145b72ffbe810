/** After a restart: what is in the database against what the clients know. Called by test/torture/rounds.ts and test/torture/cluster. */
import type { Connection } from '../support/connection.js';
import { connect, textQuery } from '../support/subject.js';
import { accounts, type BankRecord, batchRows, type Fate, initialBalance, tellers, Violation } from './bank-record.js';

/** A thing that a client has tried to commit must be there when that was acknowledged, and must not be there when COMMIT was never sent. */
function compare(what: string, fates: ReadonlyMap<number, Fate>, found: ReadonlySet<number>): void {
  const lost = [...fates].filter(([id, fate]) => fate === 'acknowledged' && !found.has(id)).map(([id]) => id);
  if (lost.length > 0) throw new Violation(`${lost.length} acknowledged ${what} are lost: ${lost.slice(0, 20).join(', ')}`);
  const made = [...found].filter((id) => (fates.get(id) ?? 'attempted') === 'attempted');
  if (made.length > 0) throw new Violation(`${made.length} ${what} are there that nobody has committed: ${made.slice(0, 20).join(', ')}`);
}

/** Throws a Violation. What was open in the record (sent and not answered) is settled afterwards: it stays as it is found now. */
export async function verifyBank(connection: Connection, record: BankRecord): Promise<void> {
  const client = await connect(connection, 60_000);
  const numbers = async (sql: string): Promise<number[][]> => (await textQuery(client, sql)).rows.map((row) => row.map(Number));
  try {
    // Transfers: the journal's rows are those that were acknowledged and perhaps those that were sent.
    const balances = new Map(Array.from({ length: accounts }, (_, index) => [index + 1, initialBalance]));
    const tellerSums = new Map(Array.from({ length: tellers }, (_, index) => [index + 1, [0, 0] as [number, number]]));
    const found = new Set<number>();
    const sequence = new Set<number>();
    const amounts = new Map<number, number>();
    for (const [id, source, target, amount, teller, seq] of (await numbers('SELECT id, source, target, amount, teller, seq FROM journal')) as [
      number,
      number,
      number,
      number,
      number,
      number,
    ][]) {
      const sent = record.transfers.get(id);
      if (sent === undefined || sent.source !== source || sent.target !== target || sent.amount !== amount || sent.teller !== teller)
        throw new Violation(`the journal has a row that no client has written: ${[id, source, target, amount, teller].join(', ')}`);
      if (found.has(id)) throw new Violation(`transfer ${id} is there twice`);
      if (sent.fate === 'acknowledged' && sent.seq !== undefined && sent.seq !== seq)
        throw new Violation(`transfer ${id} has ${seq} of the sequence, where its client was told ${sent.seq}`);
      if (sequence.has(seq)) throw new Violation(`the sequence has given ${seq} twice`);
      sequence.add(seq);
      found.add(id);
      amounts.set(id, amount);
      balances.set(source, (balances.get(source) as number) - amount);
      balances.set(target, (balances.get(target) as number) + amount);
      const sums = tellerSums.get(teller) as [number, number];
      sums[0] += amount;
      sums[1]++;
    }
    compare('transfers', new Map([...record.transfers].map(([id, { fate }]) => [id, fate])), found);
    const same = (what: string, actual: readonly (readonly number[])[], expected: readonly (readonly number[])[]): void => {
      const wrong = expected.findIndex((row, at) => row.join() !== actual[at]?.join());
      if (actual.length !== expected.length || wrong >= 0)
        throw new Violation(
          `${what} are not what the journal makes: ${actual.length} rows instead of ${expected.length}, (${actual[wrong]?.join()}) instead of (${expected[wrong]?.join()})`,
        );
    };
    same('the balances', await numbers('SELECT id, balance FROM accounts ORDER BY id'), [...balances]);
    same(
      'the tellers',
      await numbers('SELECT id, balance, moves FROM tellers ORDER BY id'),
      [...tellerSums].map(([id, sums]) => [id, ...sums]),
    );
    same(
      'the ledger rows',
      await numbers('SELECT transfer, amount FROM ledger ORDER BY transfer'),
      [...amounts].sort(([a], [b]) => a - b),
    );
    // Every index finds its row, and they are of one mind with the tables.
    const [byKey] = await numbers(`SELECT count(*) FROM accounts a JOIN journal j ON j.source = a.id WHERE a.id BETWEEN 1 AND ${accounts}`);
    if (byKey?.[0] !== found.size) throw new Violation(`a join finds ${byKey?.[0]} of ${found.size} journal rows`);

    // COPY: whole batches.
    const batches = new Set<number>();
    for (const [batch, ...figures] of (await numbers('SELECT batch, count(*), count(DISTINCT id), min(id), max(id) FROM copied GROUP BY batch')) as [
      number,
      ...number[],
    ][]) {
      if (figures.join() !== [batchRows, batchRows, 1, batchRows].join()) throw new Violation(`COPY batch ${batch} is there by half: ${figures.join(', ')}`);
      batches.add(batch);
    }
    compare('COPY batches', record.batches, batches);

    // Definitions: both tables of a transaction with their rows, or neither.
    const { rows } = await textQuery(
      client,
      "SELECT relname FROM pg_class WHERE relname LIKE 'made\\_%' AND relkind = 'r' OR relname LIKE 'beside\\_%' AND relkind = 'r'",
    );
    const tables = new Set(rows.map(([name]) => name as string));
    const made = new Set<number>();
    for (const name of tables) {
      const [kind, digits] = name.split('_') as [string, string];
      const other = `${kind === 'made' ? 'beside' : 'made'}_${digits}`;
      if (!tables.has(other)) throw new Violation(`table ${name} is there without ${other} of the same transaction`);
      made.add(Number(digits));
    }
    const expected = new Map(record.made);
    for (const [table, fate] of record.dropped) {
      if (fate === 'acknowledged' && made.has(table)) throw new Violation(`table made_${table} is there, its DROP was acknowledged`);
      expected.set(table, made.has(table) ? 'acknowledged' : 'sent');
    }
    compare('tables', expected, made);
    for (const table of made) {
      const [counts] = await numbers(
        `SELECT (SELECT count(*) FROM made_${table}), (SELECT count(*) FROM made_${table} WHERE v = 'v' || id), (SELECT sum(id) FROM beside_${table})`,
      );
      if (counts?.join() !== [50, 50, table].join()) throw new Violation(`table made_${table} has not its rows: ${counts?.join()}`);
      // (One that is sent away here begins again.)
      record.dropped.set(table, 'sent');
      await textQuery(client, `DROP TABLE made_${table}, beside_${table}`);
      record.made.delete(table);
    }
    record.made.clear();
    record.dropped.clear();
    // The database can be written.
    await client.query('BEGIN; UPDATE accounts SET balance = balance; UPDATE tellers SET moves = moves; COMMIT');
    record.settle(found, batches);
  } finally {
    await client.end().catch(() => undefined);
  }
}
