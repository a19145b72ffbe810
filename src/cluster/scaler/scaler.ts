/**
 * The scaler at work: feeds its machine (machine.ts) with demand, the driver's events and the time, and carries out its commands. Made by cli/scaler.ts, and by tests with
 * drivers of their own.
 */
import { assertNever } from '../../common/errors.js';
import type { DemandReport } from './demand-reporter.js';
import { type ChangeOutcome, DriverError, type DriverWatch, type ScalingDriver } from './driver.js';
import type { Leadership } from './leadership.js';
import { type Observation, type ObservedTask, type ScalerCommand, type ScalerEvent, ScalerMachine, type ScalerNotice, type ScalerSettings } from './machine.js';
import type { NodeDrainer } from './node-drainer.js';

export interface ScalerOptions {
  readonly driver: ScalingDriver;
  readonly drainer: NodeDrainer;
  readonly leadership: Leadership;
  readonly settings: ScalerSettings;
  readonly log: (line: string) => void;
  /** A node takes part from now on: whoever hands out a running query's tasks can give it some. */
  readonly nodeJoined?: (task: ObservedTask) => void;
  /** Tells what it would do, and does nothing but look. */
  readonly dryRun?: boolean;
}

/** For /state and /metrics. */
export interface ScalerStatus {
  readonly driver: string;
  readonly isLeader: boolean;
  readonly target: number;
  readonly demand: readonly { readonly source: string; readonly nodes: number }[];
  readonly observation: Observation | undefined;
  readonly problem: string | undefined;
  readonly counts: Readonly<Record<string, number>>;
}

function described(command: ScalerCommand): string {
  switch (command.kind) {
    case 'observe':
      return 'look';
    case 'setInstances':
      return `ask for ${String(command.instances)} nodes${command.force ? ' by force' : ''}`;
    case 'drain':
      return `drain ${command.tasks.map(({ id }) => id).join(', ')}`;
    case 'endDrain':
      return `let ${command.tasks.map(({ id }) => id).join(', ')} serve again`;
    case 'remove':
      return `take ${command.tasks.join(', ')} away: ${String(command.instances)} are left${command.force ? ' (by force)' : ''}`;
    default:
      return assertNever(command);
  }
}

export class Scaler {
  readonly #machine: ScalerMachine;
  #timer: NodeJS.Timeout | undefined;
  #watch: DriverWatch | undefined;
  #closed = false;
  /** The command under way. */
  #working: Promise<void> = Promise.resolve();
  readonly #counts: Record<string, number> = {};
  #steps: (() => void)[] = [];
  #lastLine = '';

  constructor(private readonly options: ScalerOptions) {
    this.#machine = new ScalerMachine(options.settings, options.driver.removal, Math.random);
  }

  start(): void {
    const { driver, leadership, log } = this.options;
    this.#watch = driver.watch(() => {
      this.#event({ kind: 'changed' });
    }, log);
    leadership.follow((isLeader) => {
      if (isLeader !== this.#machine.isLeader) log(isLeader ? 'this scaler leads' : 'another scaler leads: standing by');
      this.#event({ kind: 'leadership', isLeader });
    });
  }

  report(report: DemandReport): void {
    this.#count('reports');
    this.#event({ kind: 'demand', report });
  }

  get status(): ScalerStatus {
    const now = performance.now();
    const { isLeader, book, observation, problem } = this.#machine;
    return {
      driver: this.options.driver.name,
      isLeader,
      target: this.#machine.target(now),
      demand: [...book.standing].filter(([, { until }]) => until > now).map(([source, { nodes }]) => ({ source, nodes })),
      observation,
      problem,
      counts: this.#counts,
    };
  }

  /** Resolves as soon as `holds` does, looked at after every step. */
  async until(holds: (status: ScalerStatus) => boolean): Promise<void> {
    while (!holds(this.status)) {
      await new Promise<void>((resolve) => {
        this.#steps.push(resolve);
      });
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#watch?.close();
    await this.options.leadership.close();
    await this.#working;
    await this.options.driver.close();
  }

  #count(what: string): void {
    this.#counts[what] = (this.#counts[what] ?? 0) + 1;
  }

  #event(event: ScalerEvent): void {
    if (this.#closed) return;
    const { command, notices, wakeAt } = this.#machine.step(event, performance.now());
    for (const notice of notices) this.#note(notice);
    clearTimeout(this.#timer);
    if (wakeAt !== undefined) {
      this.#timer = setTimeout(
        () => {
          this.#event({ kind: 'tick' });
        },
        Math.max(0, wakeAt - performance.now()),
      );
    }
    if (command !== undefined) this.#working = this.#work(command);
    const waiting = this.#steps;
    this.#steps = [];
    for (const resolve of waiting) resolve();
  }

  async #work(command: ScalerCommand): Promise<void> {
    this.#count(`command_${command.kind}`);
    let event: ScalerEvent;
    try {
      event =
        command.kind === 'observe' ? { kind: 'observed', observation: await this.#observe() } : { kind: 'finished', outcome: await this.#change(command) };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      event = { kind: 'finished', outcome: error instanceof DriverError ? error.outcome : { kind: 'unavailable', reason } };
    }
    this.#event(event);
  }

  async #observe(): Promise<Observation> {
    const { driver, drainer } = this.options;
    const { instances, tasks, deployments, starved } = await driver.observe();
    const observed = await Promise.all(tasks.map(async (task): Promise<ObservedTask> => ({ ...task, drain: await drainer.status(task) })));
    return { instances, tasks: observed, deployments, starved };
  }

  async #change(command: Exclude<ScalerCommand, { readonly kind: 'observe' }>): Promise<ChangeOutcome> {
    const { driver, drainer, dryRun } = this.options;
    if (dryRun === true) return { kind: 'locked', deployments: [] };
    switch (command.kind) {
      case 'setInstances':
        return await driver.setInstances(command.instances, command.force);
      case 'remove':
        return await driver.remove(command.tasks, command.instances, command.force);
      case 'drain':
        // (Who does not answer goes when its time is over.)
        await Promise.all(command.tasks.map(async (task) => await drainer.begin(task)));
        return { kind: 'done' };
      case 'endDrain': {
        const ended = await Promise.all(command.tasks.map(async (task) => await drainer.end(task)));
        const silent = command.tasks.filter((_, at) => ended[at] === false).map(({ id }) => id);
        return silent.length === 0 ? { kind: 'done' } : { kind: 'unavailable', reason: `${silent.join(', ')} did not answer when asked to serve again` };
      }
      default:
        return assertNever(command);
    }
  }

  #note(notice: ScalerNotice): void {
    const { nodeJoined, dryRun } = this.options;
    const log = (line: string): void => {
      // (Without doing anything the same is to be done again and again.)
      if (dryRun !== true || line !== this.#lastLine) this.options.log(line);
      this.#lastLine = line;
    };
    this.#count(`notice_${notice.kind}`);
    switch (notice.kind) {
      case 'wanted':
        log(`${String(notice.nodes)} nodes are wanted (before: ${String(notice.before)})`);
        return;
      case 'joined':
        log(`${notice.task.id} has joined`);
        nodeJoined?.(notice.task);
        return;
      case 'left':
        log(`${notice.task.id} has left`);
        return;
      case 'command':
        log(`${dryRun === true ? 'would ' : ''}${described(notice.command)}`);
        return;
      case 'locked':
        if (dryRun !== true) log(`the application is locked by ${notice.deployments.length === 0 ? 'a deployment' : notice.deployments.join(', ')}: waiting`);
        return;
      case 'starved':
        log(`nodes are wanted that do not come: ${notice.reason}`);
        return;
      case 'failed':
        log(`${notice.reason}; trying again in ${(notice.retryInMs / 1000).toFixed(1)} s`);
        return;
      default:
        assertNever(notice);
    }
  }
}
