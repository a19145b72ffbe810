/**
 * The clients of production (leases, watches, elections, membership) over a store in memory, on a network and with processes that fail at random: calls and their answers get lost
 * or come late, watches end, nodes are cut off or stand still, history is compacted. Everything follows from the seed. SHOAL_SEEDS=FROM-TO runs others than usual.
 *
 * Held at every moment:
 * - one node at most believes that it leads, and the store agrees; terms rise; what leaders write under their guard is in the order of terms;
 * - a mirror shows exactly what stood in the store at the revision that it claims.
 * And when the faults end: all nodes are members, one leads, and all mirrors show the present.
 */
import assert from 'node:assert/strict';
import type { BackendWatch, StoreBackend } from '../../../../src/cluster/coordination/backend.js';
import { EngineBackend } from '../../../../src/cluster/coordination/embedded/engine-backend.js';
import { StoreEngine } from '../../../../src/cluster/coordination/embedded/store-engine.js';
import { PrefixMirror } from '../../../../src/cluster/coordination/prefix-mirror.js';
import { type CoordinationStore, type Entry, type Revision, StoreError } from '../../../../src/cluster/coordination/store.js';
import { connectStore } from '../../../../src/cluster/coordination/store-client.js';
import { ClusterNode } from '../../../../src/cluster/membership/cluster-node.js';
import type { Leadership } from '../../../../src/cluster/membership/leader-election.js';
import type { Clock, Timer } from '../../../../src/common/clock.js';
import { Random } from '../../../support/random.js';
import { VirtualClock } from '../../../support/virtual-clock.js';

const [firstSeed = 1, lastSeed = 30] = (process.env['SHOAL_SEEDS'] ?? '').split('-').filter(Boolean).map(Number);
const faultyMs = 60_000;
const calmMs = 30_000;
const deadlineMs = 1000;

/** The clock of a process that can be stopped: time goes on, timers go off late. */
class ProcessClock implements Clock {
  #isStopped = false;
  #late: (() => void)[] = [];

  constructor(private readonly clock: VirtualClock) {}

  monotonicMs(): number {
    return this.clock.monotonicMs();
  }

  after(delayMs: number, run: () => void): Timer {
    let isCancelled = false;
    const timer = this.clock.after(delayMs, () => {
      this.whenRunning(() => {
        if (!isCancelled) run();
      });
    });
    return {
      cancel: () => {
        isCancelled = true;
        timer.cancel();
      },
    };
  }

  whenRunning(run: () => void): void {
    if (this.#isStopped) this.#late.push(run);
    else run();
  }

  stop(): void {
    this.#isStopped = true;
  }

  resume(): void {
    this.#isStopped = false;
    for (const run of this.#late.splice(0)) this.whenRunning(run);
  }
}

/** A node's way to the store. */
class Network {
  isCut = false;
  /** Chance that a message is lost. */
  loss = 0;
  readonly #watches = new Set<(error: StoreError) => void>();

  constructor(
    private readonly inner: EngineBackend,
    private readonly clock: VirtualClock,
    private readonly process: ProcessClock,
    private readonly random: Random,
  ) {}

  endWatches(): void {
    for (const end of this.#watches) end(new StoreError('unavailable', 'the stream broke'));
  }

  backend(): StoreBackend {
    const { inner } = this;
    return {
      description: 'simulated',
      list: (range) => this.#call(() => inner.list(range), 'unavailable'),
      transact: (transaction) => this.#call(() => inner.transact(transaction), 'unknown-outcome'),
      grantLease: (ttlMs) => this.#call(() => inner.grantLease(ttlMs), 'unknown-outcome'),
      renewLease: (id) => this.#call(() => inner.renewLease(id), 'unavailable'),
      revokeLease: (id) => this.#call(() => inner.revokeLease(id), 'unknown-outcome'),
      watch: (prefix, from, sink) => this.#watch(prefix, from, sink),
      close: () => inner.close(),
    };
  }

  #delivers(): boolean {
    return !this.isCut && !this.random.chance(this.loss);
  }

  #call<T>(ask: () => Promise<T>, whenLost: 'unavailable' | 'unknown-outcome'): Promise<T> {
    return new Promise((resolve, reject) => {
      let isSent = false;
      this.process.after(deadlineMs, () => {
        reject(new StoreError(isSent ? whenLost : 'unavailable', 'no answer'));
      });
      if (this.isCut) return;
      isSent = true;
      if (!this.#delivers()) return;
      this.clock.after(this.random.int(0, 200), () => {
        ask().then(
          (answer) => {
            this.#answer(() => {
              resolve(answer);
            });
          },
          (error: unknown) => {
            this.#answer(() => {
              reject(error instanceof Error ? error : new Error(String(error)));
            });
          },
        );
      });
    });
  }

  #answer(tell: () => void): void {
    if (!this.#delivers()) return;
    this.clock.after(this.random.int(0, 200), () => {
      this.process.whenRunning(tell);
    });
  }

  #watch(prefix: string, from: Revision, sink: Parameters<StoreBackend['watch']>[2]): BackendWatch {
    let isOver = false;
    let heardMs = this.clock.monotonicMs();
    // In order: no message overtakes another.
    let arrivesMs = 0;
    const inOrder = (tell: () => void): void => {
      if (isOver || this.isCut) {
        // A stream loses nothing in its middle: what is lost, and all after it, never comes.
        end(new StoreError('unavailable', 'cut off'));
        return;
      }
      arrivesMs = Math.max(arrivesMs, this.clock.monotonicMs() + this.random.int(0, 100));
      this.clock.after(arrivesMs - this.clock.monotonicMs(), () => {
        this.process.whenRunning(() => {
          if (isOver) return;
          heardMs = this.clock.monotonicMs();
          tell();
        });
      });
    };
    const end = (error: StoreError): void => {
      if (isOver) return;
      isOver = true;
      watch.cancel();
      silence.cancel();
      this.#watches.delete(end);
      this.process.after(0, () => {
        if (!isCancelled) sink.ended(error);
      });
    };
    let isCancelled = false;
    const watch = this.inner.watch(prefix, from, {
      changes: (changes, revision) => {
        inOrder(() => {
          sink.changes(changes, revision);
        });
      },
      alive: (asOfMs) => {
        inOrder(() => {
          sink.alive(asOfMs);
        });
      },
      ended: (error) => {
        inOrder(() => {
          end(error);
        });
      },
    });
    let silence: Timer = { cancel: () => undefined };
    const listen = (): void => {
      silence = this.process.after(500, () => {
        if (this.clock.monotonicMs() - heardMs > 2000) end(new StoreError('unavailable', 'silence'));
        else listen();
      });
    };
    listen();
    this.#watches.add(end);
    return {
      cancel: () => {
        isCancelled = true;
        isOver = true;
        watch.cancel();
        silence.cancel();
        this.#watches.delete(end);
      },
    };
  }
}

interface Participant {
  readonly node: ClusterNode;
  readonly store: CoordinationStore;
  readonly network: Network;
  readonly process: ProcessClock;
  readonly mirror: PrefixMirror;
}

const show = (entries: Iterable<readonly [string, Entry]>): string =>
  [...entries]
    .map(([name, { value, modRevision }]) => `${name}=${value}@${modRevision}`)
    .sort()
    .join(' ');

class Simulation {
  readonly #clock = new VirtualClock();
  readonly #engine: StoreEngine;
  readonly #random: Random;
  readonly #participants: Participant[] = [];
  /** What stood under /t/ after each revision that changed it. */
  readonly #past = new Map<Revision, string>([[0n, '']]);
  #revisions: Revision[] = [0n];
  #terms: Revision[] = [];
  #written = 0n;
  #violation: string | undefined;

  constructor(seed: number) {
    this.#random = new Random(seed);
    this.#engine = new StoreEngine({ clock: this.#clock, historyMax: 200 });
    const entries = new Map<string, Entry>();
    this.#engine.watch(
      {
        prefix: '/t/',
        deliver: ({ changes, revision }) => {
          for (const change of changes) {
            if (change.kind === 'put') entries.set(change.entry.key.slice(3), change.entry);
            else entries.delete(change.key.slice(3));
          }
          this.#past.set(revision, show(entries));
          this.#revisions.push(revision);
        },
      },
      1n,
    );
    this.#engine.watch(
      {
        prefix: '/written',
        deliver: ({ changes }) => {
          for (const change of changes) {
            const term = change.kind === 'put' ? BigInt(change.entry.value) : 0n;
            // (An assertion here would be an error of the writer's call.)
            if (term < this.#written) this.#violation = `a leader of term ${term} wrote after one of ${this.#written}`;
            this.#written = term;
          }
        },
      },
      1n,
    );
  }

  async run(): Promise<void> {
    for (let index = 0; index < 4; index++) this.#join(`n${index}`);
    const until = this.#clock.monotonicMs() + faultyMs;
    while (this.#clock.monotonicMs() < until) {
      this.#disturb();
      await this.#pass(this.#random.int(10, 400));
    }
    for (const { network, process } of this.#participants) {
      network.isCut = false;
      network.loss = 0;
      process.resume();
    }
    await this.#pass(calmMs);
    this.#checkEnd();
    for (const { store } of this.#participants) await store.close();
    this.#engine.close();
  }

  #join(id: string): void {
    const process = new ProcessClock(this.#clock);
    const network = new Network(new EngineBackend(this.#engine, this.#clock), this.#clock, process, this.#random);
    const log = (): void => undefined;
    const store = connectStore(network.backend(), { clock: process, log });
    const mirror: PrefixMirror = new PrefixMirror(store, '/t/', () => {
      this.#checkMirror(mirror);
    });
    const node = new ClusterNode({
      ...{ store, cluster: 'c', node: id, clock: process, log },
      elected: (leadership) => {
        this.#elected(leadership);
        this.#lead(leadership, store, process);
      },
    });
    const facts = {
      ...({ version: '0', state: 'serving', roles: [], cores: 1, memoryBytes: 1, storedBytes: 0, quotaBytes: 1, startedAt: '' } as const),
      ...{ postgres: { host: id, port: 1 }, http: { host: id, port: 2 } },
    };
    const join = (): void => {
      node.join(facts).catch(() => {
        process.after(500, join);
      });
    };
    join();
    this.#participants.push({ node, store, network, process, mirror });
  }

  #elected({ term }: Leadership): void {
    assert.ok(!this.#terms.includes(term), `term ${term} was won twice`);
    this.#terms.push(term);
  }

  /** Writes its term again and again, and does not look whether it still leads: the guard has to. */
  #lead(leadership: Leadership, store: CoordinationStore, process: ProcessClock): void {
    let left = 300;
    const write = (): void => {
      store.transact({ when: [leadership.guard], then: [{ kind: 'put', key: '/written', value: String(leadership.term) }] }).catch(() => undefined);
      if (--left > 0) process.after(300, write);
    };
    write();
  }

  #disturb(): void {
    const { network, process, store } = this.#random.pick(this.#participants);
    switch (this.#random.int(0, 9)) {
      case 0:
        network.isCut = true;
        this.#clock.after(this.#random.int(100, 15_000), () => {
          network.isCut = false;
        });
        return;
      case 1:
        process.stop();
        this.#clock.after(this.#random.int(100, 15_000), () => {
          process.resume();
        });
        return;
      case 2:
        network.loss = this.#random.pick([0, 0, 0.1, 0.5]);
        return;
      case 3:
        network.endWatches();
        return;
      case 4:
        this.#engine.compact(this.#engine.revision - BigInt(this.#random.int(0, 5)));
        return;
      default: {
        const key = `/t/${this.#random.int(0, 5)}`;
        const change = this.#random.chance(0.3) ? store.delete(key) : store.put(key, String(this.#random.int(0, 99)));
        change.catch(() => undefined);
      }
    }
  }

  async #pass(durationMs: number): Promise<void> {
    for (let left = durationMs; left > 0; left -= 50) {
      await this.#clock.advance(Math.min(left, 50));
      assert.equal(this.#violation, undefined);
      const leading = this.#participants.filter(({ node }) => node.leadership !== undefined);
      assert.ok(leading.length <= 1, `${leading.map(({ node }) => node.id).join(' and ')} lead`);
      const [leader] = leading;
      if (leader === undefined) continue;
      const [entry] = this.#engine.list({ key: '/shoal/c/leader' }).entries;
      assert.equal(entry?.createRevision, leader.node.leadership?.term, `${leader.node.id} believes that it leads`);
    }
  }

  #checkMirror(mirror: PrefixMirror): void {
    const revision = this.#revisions.findLast((one) => one <= mirror.revision) ?? 0n;
    assert.equal(show(mirror.entries), this.#past.get(revision), `the mirror at revision ${mirror.revision}`);
  }

  #checkEnd(): void {
    const present = show(this.#engine.list({ prefix: '/t/' }).entries.map((entry) => [entry.key.slice(3), entry] as const));
    const leaders = new Set(this.#participants.map(({ node }) => node.leader));
    assert.equal(leaders.size, 1, 'all know the same leader');
    assert.equal(this.#participants.filter(({ node }) => node.leadership !== undefined).length, 1, 'one leads');
    for (const { node, mirror } of this.#participants) {
      assert.deepEqual(
        node.members.map(({ id }) => id),
        ['n0', 'n1', 'n2', 'n3'],
      );
      assert.equal(show(mirror.entries), present);
    }
  }
}

describe('clients of the coordination store amid faults', () => {
  for (let seed = firstSeed; seed <= lastSeed; seed++) {
    it(`seed ${seed}`, async () => {
      await new Simulation(seed).run();
    });
  }
});
