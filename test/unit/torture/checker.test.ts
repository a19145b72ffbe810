/** The history checker must find what is planted, and nothing in histories that are right. */
import assert from 'node:assert/strict';
import { check } from '../../torture/history/checker.js';
import type { History, Level, Operation, Transaction } from '../../torture/history/history.js';

let clock = 0;
let ids = 0;

beforeEach(() => {
  clock = 0;
  ids = 0;
});

const now = { sent: 0, answered: 1e9 };
const append = (key: number, value: number): Operation => ({ kind: 'append', key, value, at: now });
const write = (key: number, value: number, previous: number): Operation => ({ kind: 'write', key, value, previous, at: now });
const read = (...seen: readonly (readonly [number, ...number[]])[]): Operation => ({
  kind: 'read',
  seen: new Map(seen.map(([key, ...values]) => [key, values])),
  at: now,
});

/** A transaction beside all others in time, unless `at` says otherwise. */
function transaction(operations: readonly Operation[], more: Partial<Transaction> = {}): Transaction {
  return { id: ++ids, session: ids, committed: true, operations, undone: [], at: { sent: clock, answered: 1e9 }, ...more };
}

function kinds(
  level: Level,
  transactions: readonly Transaction[],
  final: Readonly<Record<number, readonly number[]>>,
  workload: History['workload'] = 'list',
): string[] {
  const history = { workload, level, transactions, final: new Map(Object.entries(final).map(([key, values]) => [Number(key), values])) };
  return [...new Set(check(history).map(({ kind }) => kind))];
}

const levels = ['read committed', 'repeatable read', 'serializable'] as const;

describe('the history checker', () => {
  it('has nothing against serial histories', () => {
    const transactions = [
      transaction([append(1, 1), append(2, 2)]),
      transaction([read([1, 1], [2, 2]), append(1, 3)]),
      transaction([read([1, 1, 3]), read([2, 2])]),
    ];
    for (const level of levels) assert.deepEqual(kinds(level, transactions, { 1: [1, 3], 2: [2] }), []);
  });

  it('finds aborted reads, and values that were taken back to a savepoint', () => {
    for (const level of levels) {
      assert.deepEqual(kinds(level, [transaction([append(1, 1)], { committed: false }), transaction([read([1, 1])])], { 1: [] }).includes('G1a'), true);
      assert.deepEqual(kinds(level, [transaction([], { undone: [1] }), transaction([read([1, 1])])], { 1: [] }).includes('G1a'), true);
    }
  });

  it('finds intermediate reads', () => {
    assert.deepEqual(kinds('read committed', [transaction([append(1, 1), append(1, 2)]), transaction([read([1, 1])])], { 1: [1, 2] }), ['G1b']);
  });

  it('finds writes that are lost', () => {
    assert.deepEqual(kinds('read committed', [transaction([append(1, 1)]), transaction([append(1, 2)])], { 1: [2] }), ['lost']);
    assert.deepEqual(kinds('read committed', [transaction([write(1, 1, 0)]), transaction([write(1, 2, 0)])], { 1: [2] }, 'register').includes('lost'), true);
  });

  it('finds write cycles', () => {
    const transactions = [transaction([append(1, 1), append(2, 2)]), transaction([append(1, 3), append(2, 4)])];
    assert.deepEqual(kinds('read committed', transactions, { 1: [1, 3], 2: [4, 2] }), ['G0']);
  });

  it('finds circular information flow', () => {
    const transactions = [transaction([append(1, 1), read([2, 2])]), transaction([append(2, 2), read([1, 1])])];
    assert.deepEqual(kinds('read committed', transactions, { 1: [1], 2: [2] }), ['G1c']);
  });

  it('finds read skew from REPEATABLE READ on', () => {
    const transactions = [transaction([append(1, 1), append(2, 2)]), transaction([read([1]), read([2, 2])])];
    assert.deepEqual(kinds('read committed', transactions, { 1: [1], 2: [2] }), []);
    assert.deepEqual(kinds('repeatable read', transactions, { 1: [1], 2: [2] }), ['G-single']);
    assert.deepEqual(kinds('serializable', transactions, { 1: [1], 2: [2] }), ['G-single']);
  });

  it('finds updates that rest on an old read, from REPEATABLE READ on', () => {
    const transactions = [transaction([read([1]), append(1, 1)]), transaction([read([1]), append(1, 2)])];
    assert.deepEqual(kinds('read committed', transactions, { 1: [1, 2] }), []);
    assert.deepEqual(kinds('repeatable read', transactions, { 1: [1, 2] }), ['G-single']);
    const registers = [transaction([read([1]), write(1, 1, 0)]), transaction([read([1]), write(1, 2, 1)])];
    assert.deepEqual(kinds('repeatable read', registers, { 1: [2] }, 'register'), ['G-single']);
  });

  it('finds long cycles with rw apart, and allows those with two rw in a row below SERIALIZABLE', () => {
    const skew = [transaction([read([1], [2]), append(1, 1)]), transaction([read([1], [2]), append(2, 2)])];
    assert.deepEqual(kinds('repeatable read', skew, { 1: [1], 2: [2] }), []);
    assert.deepEqual(kinds('serializable', skew, { 1: [1], 2: [2] }), ['G2']);
    // T1 -rw-> T2 -wr-> T3 -rw-> T4 -wr-> T1
    const apart = [
      transaction([read([1]), read([4, 40])]),
      transaction([append(1, 10), append(2, 20)]),
      transaction([read([2, 20]), read([3])]),
      transaction([append(3, 30), append(4, 40)]),
    ];
    assert.deepEqual(kinds('repeatable read', apart, { 1: [10], 2: [20], 3: [30], 4: [40] }), ['G-single']);
    assert.deepEqual(kinds('read committed', apart, { 1: [10], 2: [20], 3: [30], 4: [40] }), []);
  });

  it('finds phantoms as versions of rows that are not there yet', () => {
    const transactions = [transaction([read([1], [2], [3]), append(3, 30)]), transaction([read([1], [2], [3]), append(2, 20)])];
    assert.deepEqual(kinds('serializable', transactions, { 1: [], 2: [20], 3: [30] }), ['G2']);
  });

  it('finds a statement that sees a transaction by half, at every level', () => {
    const transactions = [transaction([append(1, 1), append(2, 2)]), transaction([read([1, 1], [2])])];
    assert.deepEqual(kinds('read committed', transactions, { 1: [1], 2: [2] }), ['fractured']);
    // Not only directly: T2 rests on T1.
    const chain = [transaction([append(1, 1)]), transaction([read([1, 1]), append(2, 2)]), transaction([read([1], [2, 2])])];
    assert.deepEqual(kinds('read committed', chain, { 1: [1], 2: [2] }), ['fractured']);
  });

  it('finds transactions that do not see their own writes', () => {
    for (const level of levels) {
      assert.ok(kinds(level, [transaction([append(1, 1), read([1])])], { 1: [1] }).includes('internal'));
      assert.ok(kinds(level, [transaction([write(1, 1, 0), read([1])])], { 1: [1] }, 'register').includes('internal'));
    }
    assert.deepEqual(kinds('serializable', [transaction([append(1, 1), read([1, 1])])], { 1: [1] }), []);
  });

  it('finds reads that are older than what was acknowledged before', () => {
    const first = transaction([append(1, 1)], { at: { sent: 1, answered: 2 } });
    const late = { kind: 'read', seen: new Map([[1, []]]), at: { sent: 3, answered: 4 } } as const;
    assert.ok(kinds('read committed', [first, transaction([late], { at: { sent: 3, answered: 5 } })], { 1: [1] }).includes('stale'));
    // A lasting snapshot is as old as its transaction.
    assert.deepEqual(kinds('repeatable read', [first, transaction([late], { at: { sent: 1, answered: 5 } })], { 1: [1] }), []);
  });

  it('finds cycles through the order of time under SERIALIZABLE', () => {
    // T2 begins after T1 has ended, and T3 puts T2 before T1.
    const one = transaction([append(1, 1)], { at: { sent: 1, answered: 2 } });
    const two = transaction([append(2, 2)], { at: { sent: 3, answered: 4 } });
    const three = transaction([read([1]), read([2, 2])], { at: { sent: 1, answered: 9 } });
    assert.deepEqual(kinds('serializable', [one, two, three], { 1: [1], 2: [2] }), ['G-single']);
  });

  it('does not take histories for right that cannot be', () => {
    assert.deepEqual(kinds('read committed', [transaction([append(1, 1)])], { 1: [1, 1] }), ['incompatible']);
    assert.ok(kinds('read committed', [transaction([read([1, 9])])], { 1: [] }).includes('incompatible'));
    const orders = [transaction([append(1, 1)]), transaction([append(1, 2)]), transaction([read([1, 2])])];
    assert.deepEqual(kinds('read committed', orders, { 1: [1, 2] }), ['incompatible']);
  });
});
