/**
 * One run of the replication of a database, by seed: nodes, clients, and for a while everything that can go wrong; then the faults end, and within a bounded time writes
 * must go through again and all replicas be in sync. Everything random comes from the seed.
 */
import { type Configuration, defaultMinIsr, newConfiguration } from '../../../src/cluster/replication/configuration.js';
import type { Message } from '../../../src/cluster/replication/messages.js';
import { type Rules, rules as allRules } from '../../../src/cluster/replication/rules.js';
import { Random } from '../../support/random.js';
import { Events } from '../events.js';
import { doubts, type Fault, faults } from './faults.js';
import { Ledger, Violation } from './ledger.js';
import { SimulatedNode, type World } from './node.js';
import { SimulatedStore } from './store.js';

export interface RunOptions {
  readonly rules?: Rules;
  readonly trace?: (line: string) => void;
  /** What goes wrong, with weights; undefined: anything. */
  readonly faults?: readonly (readonly [weight: number, fault: Fault])[];
  /** So long faults are begun. */
  readonly faultyMs?: number;
}

export interface RunResult {
  readonly steps: number;
  readonly acknowledged: number;
  readonly epochs: number;
  /** From the end of the faults until a write was acknowledged. */
  readonly backAfterMs: number;
}

const usualFaultyMs = 12_000;
/** Once all faults have ended: a takeover, with the store asked anew a few times. */
const backWithinMs = 10_000;
const inSyncWithinMs = 20_000;

export class Simulation implements World {
  readonly events = new Events();
  readonly random: Random;
  readonly ledger: Ledger;
  readonly store: SimulatedStore;
  readonly rules: Rules;
  readonly trace: ((line: string) => void) | undefined;
  readonly nodes = new Map<string, SimulatedNode>();
  readonly names: readonly string[];
  /** Pairs `from>to` between which nothing arrives. */
  readonly cut = new Set<string>();
  lossiness = 0;
  delayMsMax = 2;
  private isFaulty = true;
  private readonly misfortunePauseMs: number;

  constructor(
    seed: number,
    private readonly options: RunOptions,
  ) {
    this.random = new Random(seed);
    const { random } = this;
    this.rules = options.rules ?? allRules;
    const { trace } = options;
    this.trace = trace === undefined ? undefined : (line) => trace(`${this.events.now.toFixed(1).padStart(9)}  ${line}`);
    const count = random.weighted([
      [1, 1],
      [3, 2],
      [8, 3],
      [2, 5],
    ]);
    this.names = Array.from({ length: count }, (_, at) => `n${String(at + 1)}`);
    const disks = new Map<string, SimulatedNode['disk']>();
    this.ledger = new Ledger(disks);
    const replicas = this.names.slice(0, Math.max(1, count - random.int(0, count > 3 ? 2 : 0)));
    const first = newConfiguration('n1', replicas, defaultMinIsr(replicas.length));
    // (Empty logs are in sync.)
    const isr = random.chance(0.7) ? replicas : first.isr;
    this.misfortunePauseMs = random.int(500, 4000);
    this.store = new SimulatedStore(this.events, random, { ...first, isr }, (configuration) => {
      this.trace?.(`key: ${JSON.stringify(configuration)}`);
      this.ledger.configured(configuration);
    });
    for (const name of this.names) {
      const node = new SimulatedNode(name, this);
      this.nodes.set(name, node);
      disks.set(name, node.disk);
      this.store.watchers.push((stored) => node.watched(stored));
    }
  }

  send(from: string, to: string, message: Message): void {
    const { random, events } = this;
    const copies = random.chance(this.lossiness) ? random.int(0, 2) : 1;
    for (let copy = 0; copy < copies; copy++) {
      const late = random.chance(this.lossiness) ? random.int(0, 4000) : 0;
      const delay = 0.1 + random.next() * this.delayMsMax + late;
      events.after(delay, () => {
        if (!this.cut.has(`${from}>${to}`)) this.nodes.get(to)?.receive(message);
      });
    }
  }

  run(faultyMs: number): RunResult {
    const { random, events, names } = this;
    for (const node of this.nodes.values()) node.start();
    const node = (): SimulatedNode => this.nodes.get(random.pick(names)) as SimulatedNode;
    const clients = (): void => {
      const target = random.chance(0.7) ? this.nodes.get(this.store.configuration.primary) : node();
      if (random.chance(0.6)) target?.write();
      else node().read();
      if (random.chance(0.03)) node().checkpoint();
      events.after(random.next() * this.clientPauseMs, clients);
    };
    clients();
    const kinds = this.options.faults ?? (random.chance(0.25) ? doubts : faults);
    const misfortune = (): void => {
      if (!this.isFaulty) return;
      const fault: Fault = random.weighted(kinds);
      const forMs = random.chance(0.3) ? random.int(1, 300) : random.int(300, 5000);
      const end = fault.begin(this, node());
      this.trace?.(`fault: ${fault.name} for ${String(forMs)} ms`);
      this.ends.add(end);
      events.after(forMs, () => {
        if (this.ends.delete(end)) end();
      });
      events.after(random.next() * this.misfortunePauseMs, misfortune);
    };
    events.after(random.int(0, 3000), misfortune);
    while (events.step(faultyMs));
    this.heal();
    const healed = events.now;
    const before = this.ledger.acknowledgedWrites;
    while (this.ledger.acknowledgedWrites === before) {
      if (!events.step(healed + backWithinMs)) throw new Violation(`no write came through in ${String(backWithinMs)} ms after the faults' end`);
    }
    const backAfterMs = events.now - healed;
    while (!this.isWhole()) {
      if (!events.step(healed + inSyncWithinMs)) throw new Violation(`not all replicas are in sync ${String(inSyncWithinMs)} ms after the faults' end`);
    }
    return { steps: events.steps, acknowledged: this.ledger.acknowledgedWrites, epochs: this.store.configuration.epoch, backAfterMs };
  }

  /** What ends the faults under way. */
  private readonly ends = new Set<() => void>();
  clientPauseMs = 40;

  private heal(): void {
    this.trace?.('all faults end');
    this.isFaulty = false;
    for (const end of this.ends) end();
    this.ends.clear();
    for (const node of this.nodes.values()) {
      node.goOn();
      if (!node.isAlive) node.start();
    }
  }

  /** All wanted replicas are in sync, and nobody else is. */
  private isWhole(): boolean {
    const { isr, replicas } = this.store.configuration;
    return isr.length === replicas.length && replicas.every((name) => isr.includes(name));
  }

  change(next: (configuration: Configuration) => Configuration): void {
    this.store.change(next);
  }
}

export function simulate(seed: number, options: RunOptions = {}): RunResult {
  return new Simulation(seed, options).run(options.faultyMs ?? usualFaultyMs);
}
