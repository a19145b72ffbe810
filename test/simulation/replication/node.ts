/**
 * A node: a disk, and while it lives a replica (the production's) with a host that writes and reads as the lane would. Its clock runs a little fast or slow, it can be
 * stopped and go on later, and crash at any time.
 */
import type { Clock, Timer } from '../../../src/common/clock.js';
import type { Message } from '../../../src/cluster/replication/messages.js';
import type { CopyDamage, SnapshotOutcome } from '../../../src/cluster/replication/ports.js';
import { Replica } from '../../../src/cluster/replication/replica.js';
import type { Rules } from '../../../src/cluster/replication/rules.js';
import { type Timing, timing } from '../../../src/cluster/replication/timing.js';
import type { Random } from '../../support/random.js';
import type { Events } from '../events.js';
import { type SimulatedBatch, SimulatedDisk } from './disk.js';
import { type Ledger, Violation } from './ledger.js';
import type { SimulatedStore } from './store.js';

export interface World {
  readonly events: Events;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly store: SimulatedStore;
  readonly rules: Rules;
  readonly nodes: ReadonlyMap<string, SimulatedNode>;
  readonly trace: ((line: string) => void) | undefined;
  send(from: string, to: string, message: Message): void;
}

/** As production's, but that hand-overs to the wanted primary come often. */
const simulatedTiming: Timing = { ...timing, preferenceMs: 1500 };
/** Clocks run up to so much fast or slow. */
const driftMax = 0.05;

/** What lives between two crashes. */
class Life {
  replica!: Replica;
  targetLsn: number;
  isOpen = false;
  isInstalling = false;
  /** Writes whose clients wait. */
  pending: SimulatedBatch[] = [];

  constructor(
    readonly name: string,
    public appliedLsn: number,
  ) {
    this.targetLsn = appliedLsn;
  }
}

export class SimulatedNode {
  readonly disk: SimulatedDisk;
  private life: Life | undefined;
  private lives = 0;
  private isPaused = false;
  /** What waits for a stopped process to go on. */
  private stalled: (() => void)[] = [];
  private readonly clockRate: number;
  private readonly clockStart: number;
  /** Commits are brought into the files at once, or later in pieces. */
  private readonly appliesLate: boolean;
  reachesStore = true;
  /** The files cannot be read any more. */
  damage: CopyDamage | undefined;
  /** The disk is slow. */
  syncMs = 1;

  constructor(
    readonly name: string,
    private readonly world: World,
  ) {
    const { random } = world;
    this.clockRate = 1 + (random.next() * 2 - 1) * driftMax;
    this.clockStart = random.int(0, 1_000_000);
    this.appliesLate = random.chance(0.3);
    this.disk = new SimulatedDisk(name, world.ledger, (run) => this.onNode(this.syncMs * (0.5 + random.next()), run));
  }

  get isAlive(): boolean {
    return this.life !== undefined;
  }

  get replica(): Replica | undefined {
    return this.life?.replica;
  }

  get isOpen(): boolean {
    return this.life?.isOpen === true && !this.isPaused;
  }

  get appliedLsn(): number {
    return this.life?.appliedLsn ?? 0;
  }

  /** Runs something on this node in a while: not before it goes on if it is stopped, and never if it crashes first. */
  private onNode(ms: number, run: () => void): Timer {
    const { life } = this;
    let cancelled = false;
    const now = (): void => {
      if (cancelled || this.life !== life) return;
      if (this.isPaused) this.stalled.push(now);
      else run();
    };
    this.world.events.after(ms, now);
    return {
      cancel: () => {
        cancelled = true;
      },
    };
  }

  private get clock(): Clock {
    return {
      monotonicMs: () => this.clockStart + this.world.events.now * this.clockRate,
      after: (ms, run) => this.onNode(ms / this.clockRate, run),
    };
  }

  // ---- life and death ----

  start(): void {
    const { world, disk, name } = this;
    const { random, store } = world;
    const node = this;
    disk.isUnreadable = this.damage?.isTotal === true;
    const applied = Math.min(disk.end.lsn, disk.knownCommitIndex);
    const life = new Life(`${name}.${String(++this.lives)}`, applied);
    life.replica = new Replica({
      node: name,
      clock: this.clock,
      log: disk,
      rules: world.rules,
      timing: simulatedTiming,
      network: { send: (to, message) => world.send(name, to, message) },
      store: store.client(
        () => this.reachesStore,
        (run) => this.onNode(0, run),
      ),
      newToken: () => `${name}.${String(this.lives)}.${String(random.int(1, 1_000_000_000))}`,
      host: {
        get appliedLsn() {
          return life.appliedLsn;
        },
        get damage() {
          return node.damage;
        },
        committed: (lsn) => this.committed(life, lsn),
        appliedInSync: () => undefined,
        opened: (epoch) => {
          world.trace?.(`${life.name} opens epoch ${String(epoch)}`);
          life.isOpen = true;
        },
        leaving: () => {
          life.isOpen = false;
        },
        flush: () => true,
        closed: () => {
          life.isOpen = false;
          life.pending = [];
        },
        discard: () => {
          this.disk.discard();
          this.damage = undefined;
          life.appliedLsn = life.targetLsn = 0;
        },
        installSnapshot: (primary, done) => this.install(life, primary, done),
        panic: (message) => {
          throw new Violation(`${name} panics: ${message}`);
        },
        report: (line) => world.trace?.(`${name} ${line}`),
      },
    });
    if (applied > disk.base.lsn) world.ledger.commits(name, applied, disk.at(applied));
    this.life = life;
    life.replica.start();
  }

  crash(): void {
    const { life, world } = this;
    if (life === undefined) return;
    world.trace?.(`${life.name} crashes`);
    this.life = undefined;
    life.replica.stop();
    this.isPaused = false;
    this.stalled = [];
    // The files may have lost what was not yet made durable, but for what the log brings back.
    this.disk.crash(world.random);
  }

  pause(): void {
    this.isPaused = true;
  }

  goOn(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    const stalled = this.world.random.shuffle(this.stalled);
    this.stalled = [];
    for (const run of stalled) this.world.events.after(0, run);
  }

  receive(message: Message): void {
    this.onNode(0, () => this.life?.replica.message(message));
  }

  watched(stored: Parameters<Replica['configurationChanged']>[0]): void {
    this.onNode(this.reachesStore ? 0 : 5000, () => this.life?.replica.configurationChanged(stored));
  }

  /** What was damaged can be read again, if it is still there. */
  repair(): void {
    if (this.damage === undefined) return;
    this.damage = undefined;
    if (this.disk.isUnreadable) this.crash();
    if (!this.isAlive) this.start();
    else if (this.life !== undefined) this.apply(this.life);
  }

  // ---- the host ----

  private committed(life: Life, lsn: number): void {
    life.targetLsn = lsn;
    if (life.isOpen || !this.appliesLate) this.apply(life);
    else this.onNode(this.world.random.int(0, 30), () => this.apply(life));
  }

  private apply(life: Life): void {
    const { ledger, events } = this.world;
    if (this.damage?.isTotal === true) return;
    while (life.appliedLsn < life.targetLsn) {
      const next = life.appliedLsn + 1;
      ledger.commits(this.name, next, this.disk.at(next));
      life.appliedLsn = next;
    }
    const done = life.pending.filter((batch) => batch.lastLsn <= life.appliedLsn);
    life.pending = life.pending.filter((batch) => batch.lastLsn > life.appliedLsn);
    for (const batch of done) ledger.acknowledges(life.name, batch, events.now);
    if (!life.isOpen) life.replica.applied();
  }

  private install(life: Life, primary: string, done: (outcome: SnapshotOutcome) => void): void {
    const { random, nodes } = this.world;
    life.isInstalling = true;
    this.onNode(random.int(5, 400), () => {
      const source = nodes.get(primary);
      life.isInstalling = false;
      if (source?.life?.replica.primary === undefined || source.isPaused || source.damage !== undefined) {
        done({ kind: 'failed' });
        return;
      }
      // The files are copied one after another, so that some of them have more than the first.
      const consistentLsn = source.appliedLsn;
      const base = source.disk.pointAt(Math.max(source.disk.base.lsn, source.disk.filesLsn));
      this.disk.install(base);
      this.damage = undefined;
      life.appliedLsn = base.lsn;
      life.targetLsn = base.lsn;
      done({ kind: 'installed', consistentLsn });
    });
  }

  /** A client's transaction. */
  write(): void {
    const { life } = this;
    if (life === undefined || !this.isOpen) return;
    const { replica } = life;
    const batch = this.disk.write(replica.epoch, replica.commitIndex, this.world.random.int(1, 3));
    life.pending.push(batch);
    replica.appended(batch);
    this.disk.sync(() => replica.synced());
  }

  /** A client reads, if the node thinks it may answer. */
  read(): void {
    const { life } = this;
    if (life === undefined || this.isPaused) return;
    const { ledger, events } = this.world;
    const { stalenessMs } = life.replica;
    if (stalenessMs !== Infinity) ledger.reads(life.name, life.appliedLsn, events.now, stalenessMs / this.clockRate);
  }

  checkpoint(): void {
    if (this.damage?.isTotal === true) return;
    if (this.life !== undefined && !this.isPaused && !this.life.isInstalling) this.disk.checkpoint(this.life.appliedLsn, this.world.random.chance(0.7));
  }
}
