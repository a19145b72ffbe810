/**
 * The scaler's decisions, without any input or output of its own: events come in with the time, commands go out, at most one at a time. What runs in production
 * (scaler.ts) is what the simulation runs by seed (test/simulation/scaler.test.ts).
 *
 * It keeps nothing that another scaler could not find out: the number of instances is the orchestrator's, demand is the nodes', who is being drained the nodes say themselves.
 * So a scaler that has just started, or has just become the leader, goes on where the last one ended.
 */
import { DemandBook } from './demand-book.js';
import type { DemandReport } from './demand-reporter.js';
import type { ChangeOutcome, DriverTask, ScalingDriver } from './driver.js';

export interface ScalerSettings {
  readonly minNodes: number;
  readonly maxNodes: number;
  /** Demands within it are one: their greatest. */
  readonly windowMs: number;
  /** Nodes that nobody has wanted for so long go. */
  readonly cooldownMs: number;
  /** Between two looks at the orchestrator, when nothing is under way and when something is. */
  readonly pollMs: number;
  readonly busyPollMs: number;
  /** A deployment that locks the application and has not moved for so long is broken off. */
  readonly stuckMs: number;
  /** A node that is not drained after so long goes all the same. */
  readonly drainLimitMs: number;
  readonly backoffFirstMs: number;
  readonly backoffMaxMs: number;
}

export const defaultScalerSettings: ScalerSettings = {
  minNodes: 1,
  maxNodes: 10,
  windowMs: 250,
  cooldownMs: 300_000,
  pollMs: 10_000,
  busyPollMs: 1000,
  stuckMs: 600_000,
  drainLimitMs: 600_000,
  backoffFirstMs: 1000,
  backoffMaxMs: 60_000,
};

/** Between two looks that events have brought about. */
const observationGapMs = 100;

/** A task, and how far its node is with being drained; unknown: it does not answer. */
export interface ObservedTask extends DriverTask {
  readonly drain: 'serving' | 'draining' | 'drained' | 'unknown';
}

export interface Observation {
  readonly instances: number;
  readonly tasks: readonly ObservedTask[];
  readonly deployments: readonly string[];
  readonly starved: string | undefined;
}

export type ScalerEvent =
  | { readonly kind: 'demand'; readonly report: DemandReport }
  /** The orchestrator says that something has changed. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'leadership'; readonly isLeader: boolean }
  /** The last command was to observe. */
  | { readonly kind: 'observed'; readonly observation: Observation }
  /** The last command is over. */
  | { readonly kind: 'finished'; readonly outcome: ChangeOutcome }
  | { readonly kind: 'tick' };

export type ScalerCommand =
  | { readonly kind: 'observe' }
  | { readonly kind: 'setInstances'; readonly instances: number; readonly force: boolean }
  | { readonly kind: 'drain'; readonly tasks: readonly ObservedTask[] }
  | { readonly kind: 'endDrain'; readonly tasks: readonly ObservedTask[] }
  | { readonly kind: 'remove'; readonly tasks: readonly string[]; readonly instances: number; readonly force: boolean };

/** What is worth a line in the log. */
export type ScalerNotice =
  | { readonly kind: 'wanted'; readonly nodes: number; readonly before: number }
  /** A node takes part from now on: the rest of the running queries' tasks are for it, too. */
  | { readonly kind: 'joined'; readonly task: ObservedTask }
  | { readonly kind: 'left'; readonly task: ObservedTask }
  | { readonly kind: 'command'; readonly command: ScalerCommand }
  | { readonly kind: 'locked'; readonly deployments: readonly string[] }
  | { readonly kind: 'starved'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string; readonly retryInMs: number };

export interface ScalerStep {
  readonly command: ScalerCommand | undefined;
  readonly notices: readonly ScalerNotice[];
  /** A tick is wanted then, if nothing comes before. */
  readonly wakeAt: number | undefined;
}

interface Lock {
  readonly progress: string;
  /** Since when it has not moved. */
  readonly since: number;
}

export class ScalerMachine {
  readonly #book: DemandBook;
  #isLeader = false;
  #observation: Observation | undefined;
  #observedAt = -Infinity;
  /** Something has changed since the last look; since the one that is under way began. */
  #stale = true;
  #staleAgain = false;
  /** A change has failed that may have taken effect all the same. */
  #isUncertain = false;
  #windowEnds: number | undefined;
  #wanted = 0;
  #underWay: ScalerCommand | undefined;
  #lock: Lock | undefined;
  /** The last change was refused because of a lock; it is tried again after that. */
  #retryAt = -Infinity;
  readonly #drainingSince = new Map<string, number>();
  /** Those that were told to end. */
  readonly #removed = new Set<string>();
  #failures = 0;
  #problem: string | undefined;
  #notices: ScalerNotice[] = [];

  constructor(
    private readonly settings: ScalerSettings,
    private readonly removal: ScalingDriver['removal'],
    /** From 0 to 1, for the spread of repetitions. */
    private readonly random: () => number,
  ) {
    this.#book = new DemandBook(settings.cooldownMs);
  }

  get observation(): Observation | undefined {
    return this.#observation;
  }

  get isLeader(): boolean {
    return this.#isLeader;
  }

  get book(): DemandBook {
    return this.#book;
  }

  /** Why it cannot do what it wants to. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Nodes to aim at now. */
  target(now: number): number {
    const { minNodes, maxNodes } = this.settings;
    return Math.min(maxNodes, Math.max(minNodes, this.#book.recent(now)));
  }

  step(event: ScalerEvent, now: number): ScalerStep {
    this.#notices = [];
    this.#take(event, now);
    const { command, wakeAt } = this.#decide(now);
    if (command !== undefined) {
      this.#underWay = command;
      if (command.kind === 'observe') this.#staleAgain = false;
      else this.#notices.push({ kind: 'command', command });
    }
    return { command, notices: this.#notices, wakeAt: command === undefined ? wakeAt : undefined };
  }

  // ---- what comes in ----

  #take(event: ScalerEvent, now: number): void {
    switch (event.kind) {
      case 'demand': {
        const most = this.#book.enter(event.report, now);
        if (most > 0) this.#windowEnds ??= now + this.settings.windowMs;
        return;
      }
      case 'changed':
        this.#stale = this.#staleAgain = true;
        return;
      case 'leadership':
        if (event.isLeader === this.#isLeader) return;
        this.#isLeader = event.isLeader;
        this.#observation = undefined;
        this.#stale = true;
        this.#drainingSince.clear();
        this.#removed.clear();
        this.#lock = undefined;
        return;
      case 'observed':
        this.#underWay = undefined;
        this.#succeeded();
        this.#look(event.observation, now);
        return;
      case 'finished':
        this.#finish(event.outcome, now);
        return;
      case 'tick':
        return;
    }
  }

  #look(found: Observation, now: number): void {
    const before = this.#observation;
    const observation = this.#withoutRemoved(found);
    // What somebody else has asked for is kept for a cooldown: a person, or the last leader, who may have known why.
    if (observation.instances > (before?.instances ?? 0)) this.#book.hold(observation.instances, now);
    const known = new Map((before?.tasks ?? []).map((task) => [task.id, task]));
    for (const task of observation.tasks) {
      if (before !== undefined && task.state === 'healthy' && known.get(task.id)?.state !== 'healthy') this.#notices.push({ kind: 'joined', task });
      known.delete(task.id);
      if (task.drain === 'draining' && !this.#drainingSince.has(task.id)) this.#drainingSince.set(task.id, now);
      if (task.drain === 'serving') this.#drainingSince.delete(task.id);
    }
    for (const task of known.values()) {
      this.#notices.push({ kind: 'left', task });
      this.#drainingSince.delete(task.id);
    }
    if (observation.starved !== undefined && observation.starved !== before?.starved) this.#notices.push({ kind: 'starved', reason: observation.starved });
    if (observation.deployments.length === 0) this.#lock = undefined;
    else {
      const progress = JSON.stringify([observation.deployments, observation.tasks.map(({ id, state }) => [id, state]).sort()]);
      if (this.#lock?.progress !== progress) this.#lock = { progress, since: now };
    }
    this.#observation = observation;
    this.#observedAt = now;
    this.#stale = this.#staleAgain;
    this.#isUncertain = false;
  }

  /** Tasks that were told to end are there for a while yet: as long as there are more tasks than instances. */
  #withoutRemoved(found: Observation): Observation {
    for (const id of this.#removed) if (!found.tasks.some((task) => task.id === id)) this.#removed.delete(id);
    let excess = found.tasks.length - found.instances;
    const tasks = found.tasks.filter(({ id }) => !(this.#removed.has(id) && excess-- > 0));
    return tasks.length === found.tasks.length ? found : { ...found, tasks };
  }

  #finish(outcome: ChangeOutcome, now: number): void {
    const command = this.#underWay;
    this.#underWay = undefined;
    switch (outcome.kind) {
      case 'done':
        this.#succeeded();
        this.#stale = true;
        if (command !== undefined) this.#assume(command);
        if (command?.kind === 'drain') for (const { id } of command.tasks) if (!this.#drainingSince.has(id)) this.#drainingSince.set(id, now);
        if (command?.kind === 'endDrain') for (const { id } of command.tasks) this.#drainingSince.delete(id);
        // (One that was forced through has a time of its own to move.)
        if ((command?.kind === 'setInstances' || command?.kind === 'remove') && command.force) this.#lock = undefined;
        return;
      case 'outdated':
        this.#succeeded();
        this.#stale = true;
        return;
      case 'locked':
        this.#succeeded();
        this.#stale = true;
        this.#retryAt = now + this.settings.busyPollMs;
        this.#notices.push({ kind: 'locked', deployments: outcome.deployments });
        return;
      case 'unavailable':
      case 'refused': {
        this.#stale = this.#isUncertain = true;
        this.#failures++;
        const full = Math.min(this.settings.backoffMaxMs, this.settings.backoffFirstMs * 2 ** Math.min(this.#failures - 1, 20));
        const retryInMs = Math.round(full * (0.5 + this.random() / 2));
        this.#retryAt = now + retryInMs;
        this.#problem = outcome.reason;
        this.#notices.push({ kind: 'failed', reason: outcome.reason, retryInMs });
        return;
      }
    }
  }

  /** What a command has changed, until the next look shows it. */
  #assume(command: ScalerCommand): void {
    const observation = this.#observation;
    if (observation === undefined) return;
    const { kind } = command;
    if (kind === 'setInstances') this.#observation = { ...observation, instances: command.instances };
    if (kind === 'remove') {
      for (const id of command.tasks) this.#removed.add(id);
      const tasks = observation.tasks.filter(({ id }) => !command.tasks.includes(id));
      this.#observation = { ...observation, instances: command.instances, tasks };
    }
  }

  #succeeded(): void {
    this.#failures = 0;
    this.#problem = undefined;
  }

  // ---- what is to be done ----

  #decide(now: number): { readonly command: ScalerCommand | undefined; readonly wakeAt: number | undefined } {
    const wait = (...at: (number | undefined)[]): { readonly command: undefined; readonly wakeAt: number | undefined } => {
      const times = at.filter((time) => time !== undefined);
      return { command: undefined, wakeAt: times.length === 0 ? undefined : Math.min(...times) };
    };
    if (this.#windowEnds !== undefined && now >= this.#windowEnds) this.#windowEnds = undefined;
    if (!this.#isLeader || this.#underWay !== undefined) return wait();
    if (now < this.#retryAt) return wait(this.#retryAt);
    const observation = this.#observation;
    const look = { command: { kind: 'observe' }, wakeAt: undefined } as const;
    if (observation === undefined) return look;
    const target = this.target(now);
    const grows = target > observation.instances;
    if (this.#windowEnds === undefined) {
      if (target !== this.#wanted) this.#notices.push({ kind: 'wanted', nodes: target, before: this.#wanted });
      this.#wanted = target;
      // Up at once, even if something has changed since the last look: the number is absolute, and a lock is told of.
      const isKnown = !this.#isUncertain && now - this.#observedAt <= this.settings.busyPollMs;
      const command = grows && isKnown ? this.#grow(observation, target, now) : undefined;
      if (command !== undefined) return { command, wakeAt: undefined };
    }
    const isBusy = this.#windowEnds !== undefined || this.#isBusy(observation, target);
    const lookAt = this.#observedAt + (this.#stale ? observationGapMs : isBusy ? this.settings.busyPollMs : this.settings.pollMs);
    if (now >= lookAt) return look;
    if (this.#stale || this.#windowEnds !== undefined) return wait(this.#windowEnds, lookAt);
    const command = grows ? this.#endDrains(observation, 0) : this.#shrink(observation, target, now);
    return command === undefined ? wait(lookAt, this.#book.nextFall(now)) : { command, wakeAt: undefined };
  }

  /** Something is under way that a look might find finished. */
  #isBusy({ instances, tasks, deployments }: Observation, target: number): boolean {
    return (
      deployments.length > 0 ||
      tasks.length !== instances ||
      target !== instances ||
      tasks.some(({ state, drain }) => state === 'starting' || drain === 'draining' || drain === 'drained')
    );
  }

  /** Whether a change can be sent; with force when what locks the application has not moved for too long. */
  #access(observation: Observation, helps: boolean, now: number): { readonly force: boolean } | undefined {
    if (observation.deployments.length === 0) return { force: false };
    const isStuck = this.#lock !== undefined && now - this.#lock.since >= this.settings.stuckMs;
    // (What was stuck at the last look may have moved since.)
    return isStuck && helps && !this.#stale ? { force: true } : undefined;
  }

  #grow(observation: Observation, target: number, now: number): ScalerCommand | undefined {
    // (A deployment that waits for resources gets none from being broken off for a greater one.)
    const access = this.#access(observation, observation.starved === undefined, now);
    return access === undefined ? undefined : { kind: 'setInstances', instances: target, force: access.force };
  }

  #shrink(observation: Observation, target: number, now: number): ScalerCommand | undefined {
    const { instances, tasks } = observation;
    // (Some are about to end: the orchestrator's own choice, or that of the last leader.)
    if (tasks.length > instances) return undefined;
    const surplus = instances - target;
    const ended = this.#endDrains(observation, surplus);
    if (ended !== undefined || surplus === 0) return ended;
    const access = this.#access(observation, true, now);
    // Those that do not exist yet are the easiest to do without.
    if (tasks.length < instances) {
      if (access === undefined) return undefined;
      return { kind: 'setInstances', instances: Math.max(target, tasks.length), force: access.force };
    }
    const leaving = tasks.slice(0, surplus);
    const toDrain = leaving.filter(
      ({ id, state, drain }) => (drain === 'serving' || (drain === 'unknown' && state === 'healthy')) && !this.#drainingSince.has(id),
    );
    if (toDrain.length > 0) return { kind: 'drain', tasks: toDrain };
    const firstUnready = leaving.findIndex((task) => !this.#mayGo(task, now));
    const ready = this.removal === 'any' ? leaving.filter((task) => this.#mayGo(task, now)) : leaving.slice(0, firstUnready < 0 ? undefined : firstUnready);
    if (ready.length === 0 || access === undefined) return undefined;
    return { kind: 'remove', tasks: ready.map(({ id }) => id), instances: instances - ready.length, force: access.force };
  }

  #mayGo({ id, state, drain }: ObservedTask, now: number): boolean {
    if (drain === 'drained') return true;
    // Nobody is served by a node that is not healthy; but one that has begun to serve may answer late.
    if (state !== 'healthy' && drain === 'unknown') return true;
    const since = this.#drainingSince.get(id);
    return since !== undefined && now - since >= this.settings.drainLimitMs;
  }

  /** Takes back the drains of all but those that are to leave. */
  #endDrains({ tasks }: Observation, leaving: number): ScalerCommand | undefined {
    const kept = tasks.slice(leaving).filter(({ drain }) => drain === 'draining' || drain === 'drained');
    return kept.length === 0 ? undefined : { kind: 'endDrain', tasks: kept };
  }
}
