/**
 * The contract of the coordination store (src/cluster/coordination/store.ts), run against every implementation. Each test has a prefix of its own, so that one store serves all.
 */
import assert from 'node:assert/strict';
import {
  type Change,
  type CoordinationStore,
  type Entry,
  type Lease,
  type LeaseId,
  type Revision,
  StoreError,
  type StoreErrorKind,
  type Watch,
} from '../../../../src/cluster/coordination/store.js';

export interface StoreUnderTest {
  /** A client of the one store, as another process would have it. */
  connect(): CoordinationStore;
  /** Lets so much time pass for the store and its clients. */
  pass(ms: number): Promise<void>;
  /** Forgets the history up to and with `revision`. */
  compact(revision: Revision): Promise<void>;
  /** As an operator ends it, behind its owner's back. */
  endLease(id: LeaseId): Promise<void>;
  close(): Promise<void>;
}

/** What a watch has shown, as lines, and a way to wait for one. */
class Seen {
  readonly lines: string[] = [];
  #wake: () => void = () => undefined;
  readonly watch: Watch;

  constructor(store: CoordinationStore, prefix: string, after?: Revision) {
    const name = (key: string): string => key.slice(prefix.length);
    this.watch = store.watch(
      prefix,
      {
        state: (entries) => {
          this.#add(`state ${entries.map(({ key, value }) => `${name(key)}=${value}`).join(' ')}`.trim());
        },
        changes: (changes, revision) => {
          for (const change of changes) {
            assert.equal(change.kind === 'put' ? change.entry.modRevision <= revision : change.revision <= revision, true);
            this.#add(lineOf(change, name));
          }
        },
      },
      after === undefined ? {} : { after },
    );
  }

  #add(line: string): void {
    this.lines.push(line);
    this.#wake();
  }

  async until(line: string, pass: (ms: number) => Promise<void>): Promise<void> {
    for (let waited = 0; !this.lines.includes(line); waited++) {
      assert.ok(waited < 400, `no "${line}" in ${JSON.stringify(this.lines)}`);
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await Promise.race([woken, pass(25)]);
    }
  }
}

function lineOf(change: Change, name: (key: string) => string): string {
  return change.kind === 'put' ? `${name(change.entry.key)}=${change.entry.value}` : `${name(change.key)} deleted`;
}

async function fails(promise: Promise<unknown>, kind: StoreErrorKind): Promise<void> {
  await assert.rejects(promise, (error) => error instanceof StoreError && error.kind === kind);
}

/** Declares the suite. `start` runs once, before it. */
export function coordinationStoreContract(title: string, start: (context: Mocha.Context) => Promise<StoreUnderTest>): void {
  describe(title, () => {
    let subject: StoreUnderTest;
    let store: CoordinationStore;
    let prefix = '';
    let tests = 0;
    const leases: Lease[] = [];
    const lease = async (ttlMs: number, of = store): Promise<Lease> => {
      const granted = await of.grantLease(ttlMs);
      leases.push(granted);
      return granted;
    };
    const values = async (): Promise<string[]> => (await store.list(prefix)).entries.map(({ key, value }: Entry) => `${key.slice(prefix.length)}=${value}`);

    before(async function () {
      subject = await start(this);
      store = subject.connect();
    });
    beforeEach(() => {
      prefix = `/contract/${++tests}/`;
    });
    afterEach(() => {
      for (const held of leases.splice(0)) held.abandon();
    });
    after(async () => {
      await store?.close();
      await subject?.close();
    });

    it('a key that was never put is absent', async () => {
      const { entry, revision } = await store.get(`${prefix}a`);
      assert.equal(entry, undefined);
      assert.equal(typeof revision, 'bigint');
    });

    it('a put is read back with its revisions', async () => {
      const first = await store.put(`${prefix}a`, '{"größe": "1 µm 😀"}');
      const second = await store.put(`${prefix}a`, '2');
      assert.equal(second, first + 1n);
      assert.deepEqual(await store.get(`${prefix}a`), {
        revision: second,
        entry: { key: `${prefix}a`, value: '2', createRevision: first, modRevision: second, lease: undefined },
      });
    });

    it('a key that was deleted begins a new life', async () => {
      await store.put(`${prefix}a`, '1');
      assert.equal(await store.delete(`${prefix}a`), true);
      assert.equal(await store.delete(`${prefix}a`), false);
      const revision = await store.put(`${prefix}a`, '1');
      assert.equal((await store.get(`${prefix}a`)).entry?.createRevision, revision);
    });

    it('what changes nothing leaves the revision as it is', async () => {
      const revision = await store.put(`${prefix}a`, '1');
      await store.delete(`${prefix}b`);
      await store.transact({ when: [{ kind: 'absent', key: `${prefix}a` }], then: [{ kind: 'put', key: `${prefix}a`, value: '2' }] });
      assert.equal((await store.get(`${prefix}a`)).revision, revision);
    });

    it('a list has the keys of the prefix in the order of their bytes', async () => {
      for (const key of ['b', 'a/2', 'a', 'a/10', 'ﬀ', '😀']) await store.put(`${prefix}${key}`, '1');
      await store.put(`${prefix.slice(0, -1)}0`, 'not under it');
      assert.deepEqual(await values(), ['a=1', 'a/10=1', 'a/2=1', 'b=1', 'ﬀ=1', '😀=1']);
    });

    it('a transaction compares and swaps', async () => {
      const key = `${prefix}a`;
      const created = await store.transact({ when: [{ kind: 'absent', key }], then: [{ kind: 'put', key, value: '1' }] });
      assert.equal(created.succeeded, true);
      const again = await store.transact({ when: [{ kind: 'absent', key }], then: [{ kind: 'put', key, value: '2' }], otherwise: [{ kind: 'get', key }] });
      assert.equal(again.succeeded, false);
      assert.deepEqual(
        again.results.map((result) => (result.kind === 'get' ? result.entry?.value : '')),
        ['1'],
      );
      const holding = [
        { kind: 'present', key },
        { kind: 'value', key, value: '1' },
        { kind: 'mod-revision', key, revision: created.revision },
        { kind: 'create-revision', key, revision: created.revision },
        { kind: 'mod-revision', key: `${prefix}none`, revision: 0n },
      ] as const;
      const swapped = await store.transact({ when: holding, then: [{ kind: 'put', key, value: '3' }] });
      assert.equal(swapped.succeeded, true);
      for (const compare of [...holding.slice(1, 3), { kind: 'absent', key } as const, { kind: 'present', key: `${prefix}none` } as const]) {
        assert.equal((await store.transact({ when: [compare], then: [] })).succeeded, false, JSON.stringify(compare.kind));
      }
      assert.equal((await store.transact({ when: [holding[3]], then: [] })).succeeded, true);
    });

    it('of many that swap at once, one wins', async () => {
      const key = `${prefix}a`;
      const revision = await store.put(key, '0');
      const others = [subject.connect(), subject.connect()];
      const outcomes = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const swap = { when: [{ kind: 'mod-revision', key, revision } as const], then: [{ kind: 'put', key, value: String(index + 1) } as const] };
          return (await (others[index % 2] as CoordinationStore).transact(swap)).succeeded;
        }),
      );
      assert.equal(outcomes.filter((succeeded) => succeeded).length, 1);
      assert.equal((await store.get(key)).entry?.value, String(outcomes.indexOf(true) + 1));
      for (const other of others) await other.close();
    });

    it('all of a transaction has one revision, and its reads see its writes', async () => {
      await store.put(`${prefix}old/1`, '1');
      await store.put(`${prefix}old/2`, '2');
      const { revision, results } = await store.transact({
        when: [],
        then: [
          { kind: 'delete-prefix', prefix: `${prefix}old/` },
          { kind: 'put', key: `${prefix}a`, value: '3' },
          { kind: 'put', key: `${prefix}b`, value: '4' },
          { kind: 'list', prefix },
        ],
      });
      assert.deepEqual(results[0], { kind: 'delete', count: 2 });
      const listed = results[3]?.kind === 'list' ? results[3].entries : [];
      assert.deepEqual(
        listed.map(({ key, modRevision }) => [key.slice(prefix.length), modRevision === revision]),
        [
          ['a', true],
          ['b', true],
        ],
      );
      assert.equal((await store.get(`${prefix}a`)).revision, revision);
    });

    it('what the store does not take is refused and leaves nothing', async () => {
      const put = { kind: 'put', key: `${prefix}a`, value: '1' } as const;
      await fails(store.transact({ when: [], then: [put, put] }), 'refused');
      await fails(store.transact({ when: [], then: [put, { kind: 'delete', key: put.key }] }), 'refused');
      await fails(store.transact({ when: [], then: Array.from({ length: 129 }, (_, index) => ({ ...put, key: `${prefix}${index}` })) }), 'refused');
      await fails(store.put(`${prefix}a`, 'x'.repeat(1_600_000)), 'refused');
      await fails(store.put('', '1'), 'refused');
      assert.deepEqual(await values(), []);
    });

    it('a transaction of 128 operations and a value of a megabyte go through', async () => {
      await store.transact({ when: [], then: Array.from({ length: 128 }, (_, index) => ({ kind: 'put', key: `${prefix}${index}`, value: '1' }) as const) });
      assert.equal((await values()).length, 128);
      const large = 'ä'.repeat(500_000);
      await store.put(`${prefix}large`, large);
      assert.equal((await store.get(`${prefix}large`)).entry?.value, large);
    });

    it('a watch shows the state and then every change in its order', async () => {
      await store.put(`${prefix}a`, '0');
      const seen = new Seen(store, prefix);
      assert.deepEqual(seen.lines, [], 'nothing is told before watch() returns');
      await seen.until('state a=0', subject.pass);
      const other = subject.connect();
      const expected: string[] = ['state a=0'];
      for (let index = 1; index <= 100; index++) {
        await (index % 2 === 0 ? store : other).put(`${prefix}a`, String(index));
        expected.push(`a=${index}`);
      }
      await other.put(`${prefix.slice(0, -1)}0`, 'not under it');
      await other.delete(`${prefix}a`);
      expected.push('a deleted');
      await seen.until('a deleted', subject.pass);
      assert.deepEqual(seen.lines, expected);
      await other.close();
    });

    it('a watch that begins amid writes misses none', async () => {
      let isWriting = true;
      const writing = (async () => {
        let last = 0;
        for (; isWriting || last < 200; last++) {
          await store.put(`${prefix}n`, String(last));
          await subject.pass(0);
        }
        return last - 1;
      })();
      const watches: { latest: number; gap: boolean; started: boolean; watch: Watch }[] = [];
      for (let round = 0; round < 10; round++) {
        await subject.pass(2);
        const seen = { latest: -1, gap: false, started: false } as (typeof watches)[number];
        seen.watch = store.watch(prefix, {
          state: (entries) => {
            seen.latest = Number(entries[0]?.value ?? -1);
            seen.started = true;
          },
          changes: (changes) => {
            for (const change of changes) {
              const value = change.kind === 'put' ? Number(change.entry.value) : -1;
              seen.gap ||= value !== seen.latest + 1;
              seen.latest = value;
            }
          },
        });
        watches.push(seen);
      }
      isWriting = false;
      const last = await writing;
      for (let waited = 0; watches.some(({ latest }) => latest !== last) && waited < 200; waited++) await subject.pass(25);
      assert.deepEqual(
        watches.map(({ latest, gap, started }) => ({ latest, gap, started })),
        watches.map(() => ({ latest: last, gap: false, started: true })),
      );
      for (const { watch } of watches) watch.cancel();
    });

    it('a watch after a known revision shows what came since', async () => {
      const revision = await store.put(`${prefix}a`, '1');
      await store.put(`${prefix}a`, '2');
      const seen = new Seen(store, prefix, revision);
      await store.put(`${prefix}a`, '3');
      await seen.until('a=3', subject.pass);
      assert.deepEqual(seen.lines, ['a=2', 'a=3']);
    });

    it('a watch after a revision that has been compacted shows the state', async () => {
      const revision = await store.put(`${prefix}a`, '1');
      for (let index = 2; index <= 5; index++) await store.put(`${prefix}a`, String(index));
      await subject.compact(revision + 3n);
      const seen = new Seen(store, prefix, revision);
      await seen.until('state a=5', subject.pass);
      await store.put(`${prefix}a`, '6');
      await seen.until('a=6', subject.pass);
      assert.deepEqual(seen.lines, ['state a=5', 'a=6']);
    });

    it('compaction under a running watch loses nothing', async () => {
      const seen = new Seen(store, prefix);
      await seen.until('state', subject.pass);
      const revision = await store.put(`${prefix}a`, '1');
      await subject.compact(revision);
      await store.put(`${prefix}a`, '2');
      await seen.until('a=2', subject.pass);
    });

    it('a watch knows how old its knowledge is', async () => {
      const seen = new Seen(store, prefix);
      assert.equal(seen.watch.staleMs(), Number.POSITIVE_INFINITY);
      await seen.until('state', subject.pass);
      for (let waited = 0; waited < 12; waited++) {
        await subject.pass(250);
        assert.ok(seen.watch.staleMs() < 2000, String(seen.watch.staleMs()));
      }
    });

    it('a cancelled watch is silent', async () => {
      const seen = new Seen(store, prefix);
      await seen.until('state', subject.pass);
      seen.watch.cancel();
      await store.put(`${prefix}a`, '1');
      await subject.pass(200);
      assert.deepEqual(seen.lines, ['state']);
    });

    it('keys under a lease live as long as it is renewed', async () => {
      const held = await lease(2000);
      assert.equal(held.ttlMs, 2000);
      await store.put(`${prefix}a`, '1', held.id);
      assert.equal((await store.get(`${prefix}a`)).entry?.lease, held.id);
      for (let waited = 0; waited < 5; waited++) {
        await subject.pass(1000);
        assert.ok(held.remainingMs() > 0 && held.remainingMs() <= 2000);
      }
      assert.deepEqual(await values(), ['a=1']);
    });

    it('keys under a lease that nobody renews end, all in one revision, and watches see it', async () => {
      const other = subject.connect();
      const held = await lease(2000, other);
      const watched: { keys: string[]; revisions: Set<Revision> } = { keys: [], revisions: new Set() };
      await other.put(`${prefix}a`, '1', held.id);
      await other.put(`${prefix}b`, '1', held.id);
      await other.put(`${prefix}kept`, '1', held.id);
      await other.put(`${prefix}kept`, '2');
      const watch = store.watch(prefix, {
        state: () => undefined,
        changes: (changes) => {
          for (const change of changes) {
            if (change.kind !== 'delete') continue;
            watched.keys.push(change.key.slice(prefix.length));
            watched.revisions.add(change.revision);
          }
        },
      });
      held.abandon();
      for (let waited = 0; watched.keys.length < 2 && waited < 100; waited++) await subject.pass(100);
      assert.deepEqual(watched.keys.sort(), ['a', 'b']);
      assert.equal(watched.revisions.size, 1);
      assert.deepEqual(await values(), ['kept=2']);
      watch.cancel();
      await other.close();
    });

    it('a revoked lease ends at once with its keys', async () => {
      const held = await lease(10_000);
      await store.put(`${prefix}a`, '1', held.id);
      await held.revoke();
      assert.deepEqual(await values(), []);
      assert.equal(held.remainingMs(), 0);
      assert.equal(await held.lost, 'revoked');
      await fails(store.put(`${prefix}a`, '1', held.id), 'lease-not-found');
      await fails(store.transact({ when: [], then: [{ kind: 'put', key: `${prefix}a`, value: '1', lease: held.id }] }), 'lease-not-found');
    });

    it('an owner whose lease was ended elsewhere learns it', async () => {
      const held = await lease(3000);
      await store.put(`${prefix}a`, '1', held.id);
      await subject.endLease(held.id);
      let loss: string | undefined;
      void held.lost.then((found) => {
        loss = found;
      });
      for (let waited = 0; loss === undefined && waited < 60; waited++) await subject.pass(100);
      assert.equal(loss, 'expired');
      assert.equal(held.remainingMs(), 0);
    });
  });
}
