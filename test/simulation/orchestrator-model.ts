/**
 * An orchestrator under a virtual clock, as far as the scaler can tell one from another: deployments that lock the application, tasks that come and go in their own time,
 * resources that run out, calls that are slow or fail, events that get lost. For test/simulation/scaler.test.ts.
 */
import type { ChangeOutcome } from '../../src/cluster/scaler/driver.js';
import type { Observation, ObservedTask, ScalerCommand } from '../../src/cluster/scaler/machine.js';
import type { Random } from '../support/random.js';

interface AgendaEntry {
  readonly at: number;
  readonly run: () => void;
}

/** Virtual time: what is to happen, in its order. */
export class Agenda {
  now = 0;
  #entries: AgendaEntry[] = [];

  after(ms: number, run: () => void): void {
    const entry = { at: this.now + ms, run };
    // (Latest first: the next one is at the end.)
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#entries[middle] as AgendaEntry).at > entry.at) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
  }

  runUntil(end: number): void {
    for (;;) {
      const first = this.#entries.at(-1);
      if (first === undefined || first.at > end) break;
      this.#entries.pop();
      this.now = first.at;
      first.run();
    }
    this.now = end;
  }
}

export interface OrchestratorKind {
  readonly name: string;
  readonly locks: boolean;
  readonly removal: 'any' | 'inOrder';
}

interface ModelTask {
  readonly id: string;
  state: ObservedTask['state'];
  drain: 'serving' | 'draining' | 'drained';
  drainBegan: number | undefined;
  healthySince: number;
  /** Its node will never be drained: a client stays. */
  readonly clings: boolean;
  ends: boolean;
}

interface Faults {
  failureChance: number;
  /** Tasks that can exist at once. */
  capacity: number;
  eventLossChance: number;
}

export class OrchestratorModel {
  instances: number;
  tasks: ModelTask[] = [];
  deployment: string | undefined;
  /** When the last deployment was over. */
  unlockedAt = -Infinity;
  #progress = '';
  /** When anything has moved. */
  #progressAt: number[] = [];
  #number = 0;
  readonly faults: Faults = { failureChance: 0, capacity: Infinity, eventLossChance: 0 };
  /** When the deployment that locks had last moved, as of a forced change. */
  readonly forcedAfter: number[] = [];
  /** Tasks that were ended by name although their node was not drained: for how long it had been draining. */
  readonly endedUndrained: number[] = [];
  changed: () => void = () => undefined;

  constructor(
    private readonly agenda: Agenda,
    private readonly random: Random,
    readonly kind: OrchestratorKind,
    instances: number,
  ) {
    this.instances = instances;
    this.#work();
  }

  observe(): Observation {
    const newestFirst = [...this.tasks].reverse();
    return {
      instances: this.instances,
      tasks: newestFirst.map(({ id, state, drain }) => ({ id, state, url: undefined, drain: state === 'healthy' ? drain : 'unknown' })),
      deployments: this.deployment === undefined ? [] : [this.deployment],
      starved: this.tasks.length >= this.faults.capacity && this.instances > this.tasks.length ? 'InsufficientCpus' : undefined,
    };
  }

  change(command: Exclude<ScalerCommand, { readonly kind: 'observe' }>): ChangeOutcome {
    switch (command.kind) {
      case 'drain':
        for (const { id } of command.tasks) this.#drain(id);
        return { kind: 'done' };
      case 'endDrain':
        for (const { id } of command.tasks) {
          const task = this.tasks.find((one) => one.id === id);
          if (task !== undefined) [task.drain, task.drainBegan] = ['serving', undefined];
        }
        return { kind: 'done' };
      case 'setInstances':
      case 'remove':
        break;
    }
    if (this.deployment !== undefined) {
      if (!command.force) return { kind: 'locked', deployments: [this.deployment] };
      // (What has moved since the scaler's last look it cannot know.)
      this.forcedAfter.push(this.agenda.now - (this.#progressAt.findLast((at) => at < this.agenda.now - 1500) ?? -Infinity));
    }
    if (command.kind === 'remove') {
      // ("Invalid task id": somebody else was faster, nothing changes.)
      if (command.tasks.some((id) => !this.tasks.some((task) => task.id === id && !task.ends))) return { kind: 'outdated' };
      const last = this.tasks.filter(({ ends }) => !ends).slice(-command.tasks.length);
      if (this.kind.removal === 'inOrder' && !last.every(({ id }) => command.tasks.includes(id))) return { kind: 'outdated' };
      this.instances = command.instances;
      for (const id of command.tasks) this.#end(id);
    }
    this.instances = command.instances;
    if (this.kind.locks) {
      this.deployment = `d${String(++this.#number)}`;
      this.#progressAt.push(this.agenda.now);
    }
    this.#work();
    return { kind: 'done' };
  }

  #end(id: string): void {
    const task = this.tasks.find((one) => one.id === id);
    if (task === undefined) return;
    // (One that has only just begun to serve was none when the scaler looked.)
    const servesSince = this.agenda.now - task.healthySince;
    if (servesSince > 1500 && task.drain !== 'drained') this.endedUndrained.push(task.drainBegan === undefined ? 0 : this.agenda.now - task.drainBegan);
    task.ends = true;
    this.agenda.after(this.random.int(10, 3000), () => {
      this.tasks = this.tasks.filter((one) => one !== task);
      this.#work();
    });
  }

  #drain(id: string): void {
    const task = this.tasks.find((one) => one.id === id);
    if (task === undefined || task.drain !== 'serving') return;
    const began = this.agenda.now;
    [task.drain, task.drainBegan] = ['draining', began];
    if (task.clings) return;
    this.agenda.after(this.random.int(100, 40_000), () => {
      if (task.drainBegan === began) task.drain = 'drained';
    });
  }

  /** One dies by itself; another is started in its place. */
  crashOne(): void {
    if (this.tasks.length === 0) return;
    const task = this.random.pick(this.tasks);
    this.tasks = this.tasks.filter((one) => one !== task);
    this.#work();
  }

  #work(): void {
    while (this.tasks.filter(({ ends }) => !ends).length < Math.min(this.instances, this.faults.capacity)) {
      const task: ModelTask = {
        id: `t${String(++this.#number)}`,
        state: 'starting',
        drain: 'serving',
        drainBegan: undefined,
        healthySince: Infinity,
        ends: false,
        clings: this.random.chance(0.05),
      };
      this.tasks.push(task);
      this.agenda.after(this.random.int(500, 20_000), () => {
        task.state = 'healthy';
        task.healthySince = this.agenda.now;
        this.#work();
      });
    }
    // Too many: it ends the youngest of its own accord.
    const staying = this.tasks.filter(({ ends }) => !ends);
    for (const { id } of staying.slice(this.instances)) this.#end(id);
    const progress = JSON.stringify([this.deployment, this.tasks.map(({ id, state }) => [id, state])]);
    if (progress !== this.#progress) this.#progressAt.push(this.agenda.now);
    this.#progress = progress;
    if (this.deployment !== undefined && this.tasks.length === this.instances && this.tasks.every(({ state }) => state === 'healthy')) {
      this.deployment = undefined;
      this.unlockedAt = this.agenda.now;
    }
    if (!this.random.chance(this.faults.eventLossChance))
      this.agenda.after(this.random.int(1, 500), () => {
        this.changed();
      });
  }

  /** Resources are there again. */
  recover(): void {
    Object.assign(this.faults, { failureChance: 0, capacity: Infinity, eventLossChance: 0 });
    this.#work();
  }
}
