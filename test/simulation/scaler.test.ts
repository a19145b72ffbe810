/**
 * The scaler's machine under a virtual clock, by seed: orchestrators that lock, starve, fail and lose events, scalers that crash, nodes that are never drained, demand that comes
 * and goes. What must hold is checked at each command, and at the end everything must have come to rest where the demand is.
 * SHOAL_SCALER_SEEDS: how many seeds for each kind of orchestrator (60); SHOAL_SCALER_SEED: one alone.
 */
import assert from 'node:assert/strict';
import { defaultScalerSettings, ScalerMachine, type ScalerCommand, type ScalerEvent, type ScalerSettings } from '../../src/cluster/scaler/machine.js';
import { Random, seedOf } from '../support/random.js';
import { Agenda, type OrchestratorKind, OrchestratorModel } from './orchestrator-model.js';

const kinds: readonly OrchestratorKind[] = [
  { name: 'locking (Marathon)', locks: true, removal: 'any' },
  { name: 'without locks (Marathon 0.8, local)', locks: false, removal: 'any' },
  { name: 'in order (StatefulSet)', locks: false, removal: 'inOrder' },
];
const latencyMaxMs = 200;
const lifetimeMs = 9000;

class Simulation {
  readonly agenda = new Agenda();
  readonly orchestrator: OrchestratorModel;
  readonly settings: ScalerSettings;
  #machine: ScalerMachine;
  /** Rises when the scaler crashes: what was under way for the last one does not reach the next. */
  #generation = 0;
  #leaderSince = Infinity;
  /** What this scaler saw first. */
  #found: { readonly at: number; readonly instances: number } | undefined;
  /** What this scaler has heard: for so long so many nodes were wanted. */
  #heard: { readonly at: number; readonly nodes: number }[] = [];
  #underWay = false;
  /** One timer: a later step replaces it. */
  #timer = 0;
  /** The last call did not succeed. */
  #troubledUntil = 0;
  readonly commands: ScalerCommand[] = [];
  /** Sources that want something now. */
  readonly wants = new Map<string, number>();

  constructor(
    kind: OrchestratorKind,
    readonly random: Random,
  ) {
    const minNodes = random.int(1, 3);
    this.settings = {
      ...defaultScalerSettings,
      minNodes,
      maxNodes: minNodes + random.int(2, 12),
      cooldownMs: random.pick([20_000, 60_000, 300_000]),
      stuckMs: 120_000,
      drainLimitMs: 90_000,
    };
    this.orchestrator = new OrchestratorModel(this.agenda, random, kind, random.int(minNodes, this.settings.maxNodes));
    this.#machine = this.#start();
  }

  #start(): ScalerMachine {
    const generation = ++this.#generation;
    this.#heard = [];
    this.#underWay = false;
    this.#leaderSince = Infinity;
    this.#found = undefined;
    const machine = new ScalerMachine(this.settings, this.orchestrator.kind.removal, () => this.random.next());
    this.orchestrator.changed = () => {
      if (generation === this.#generation) this.#event({ kind: 'changed' });
    };
    this.agenda.after(this.random.int(0, 5000), () => {
      if (generation !== this.#generation) return;
      this.#leaderSince = this.agenda.now;
      this.#event({ kind: 'leadership', isLeader: true });
    });
    return machine;
  }

  crashScaler(): void {
    this.#machine = this.#start();
  }

  report(source: string, nodes: number, peak: number): void {
    this.#heard.push({ at: this.agenda.now, nodes: Math.max(nodes, peak) });
    this.#event({ kind: 'demand', report: { source, nodes, peak, lifetimeMs } });
  }

  #event(event: ScalerEvent): void {
    const generation = this.#generation;
    const { command, wakeAt } = this.#machine.step(event, this.agenda.now);
    const timer = ++this.#timer;
    if (wakeAt !== undefined) {
      this.agenda.after(Math.max(0, wakeAt - this.agenda.now), () => {
        if (generation === this.#generation && timer === this.#timer) this.#event({ kind: 'tick' });
      });
    }
    if (command === undefined) return;
    assert.equal(this.#underWay, false, 'one command at a time');
    this.#underWay = true;
    this.#check(command);
    this.commands.push(command);
    const there = this.random.int(1, latencyMaxMs / 2);
    const back = this.random.int(1, latencyMaxMs / 2);
    this.agenda.after(there, () => {
      const fails = this.random.chance(this.orchestrator.faults.failureChance);
      const done: ScalerEvent =
        // (A change that fails may have taken effect.)
        fails && (command.kind === 'observe' || this.random.chance(0.5))
          ? { kind: 'finished', outcome: { kind: 'unavailable', reason: 'HTTP 503' } }
          : command.kind === 'observe'
            ? { kind: 'observed', observation: this.orchestrator.observe() }
            : { kind: 'finished', outcome: this.orchestrator.change(command) };
      const told: ScalerEvent = fails ? { kind: 'finished', outcome: { kind: 'unavailable', reason: 'HTTP 504' } } : done;
      if (told.kind === 'finished' && told.outcome.kind !== 'done') this.#troubledUntil = this.agenda.now + this.settings.backoffMaxMs;
      this.agenda.after(back, () => {
        if (generation !== this.#generation) return;
        this.#underWay = false;
        if (told.kind === 'observed') this.#found ??= { at: this.agenda.now, instances: told.observation.instances };
        this.#event(told);
      });
    });
  }

  #check(command: ScalerCommand): void {
    const { minNodes, maxNodes, cooldownMs } = this.settings;
    const { now } = this.agenda;
    const observation = this.#machine.observation;
    if (command.kind === 'observe') return;
    assert.ok(observation !== undefined && now >= this.#leaderSince, 'nothing is done before a look, nor by who does not lead');
    if (command.kind !== 'setInstances' && command.kind !== 'remove') return;
    assert.ok(command.instances >= minNodes, `at least ${String(minNodes)}: ${JSON.stringify(command)}`);
    assert.ok(command.instances <= Math.max(maxNodes, observation.instances), `at most ${String(maxNodes)}: ${JSON.stringify(command)}`);
    if (command.instances < observation.instances) {
      const wanted = Math.max(0, ...this.#heard.filter(({ at }) => at + cooldownMs > now).map(({ nodes }) => nodes));
      assert.ok(command.instances >= Math.min(maxNodes, wanted), `${String(wanted)} were wanted within the cooldown: ${JSON.stringify(command)}`);
      const found = this.#found;
      if (found !== undefined && now < found.at + cooldownMs)
        assert.ok(command.instances >= Math.min(maxNodes, found.instances), 'a new leader keeps what it finds for a cooldown');
    }
    if (command.kind === 'setInstances')
      assert.ok(command.instances >= observation.tasks.length || command.instances >= observation.instances, 'tasks end by name only');
    if (command.kind === 'remove') {
      assert.equal(observation.instances - command.instances, command.tasks.length);
      assert.equal(new Set(command.tasks).size, command.tasks.length);
    }
  }

  /** Queries of a source for a while: reports are repeated, and taken back at the end. */
  query(source: string, nodes: number, durationMs: number): void {
    this.wants.set(source, nodes);
    this.report(source, nodes, nodes);
    const generation = {};
    this.#current.set(source, generation);
    const repeat = (): void => {
      if (this.#current.get(source) !== generation) return;
      this.report(source, nodes, nodes);
      this.agenda.after(3000, repeat);
    };
    this.agenda.after(3000, repeat);
    this.agenda.after(durationMs, () => {
      if (this.#current.get(source) !== generation) return;
      this.#current.delete(source);
      this.wants.delete(source);
      // (A node that dies takes nothing back: its demand runs out.)
      if (this.random.chance(0.9)) this.report(source, 0, nodes);
    });
  }
  readonly #current = new Map<string, object>();

  /** Without trouble a demand is answered when its window is over and the call that is under way has come back. */
  expectPrompt(nodes: number): void {
    const { now } = this.agenda;
    const target = Math.min(this.settings.maxNodes, nodes);
    if (now < this.#leaderSince || this.#machine.observation === undefined || now < this.#troubledUntil) return;
    const { instances, deployment } = this.orchestrator;
    if (instances >= target || deployment !== undefined) return;
    const generation = this.#generation;
    // (It may not know yet that the last deployment is over: events get lost.)
    this.agenda.after(this.settings.windowMs + this.settings.busyPollMs + 3 * latencyMaxMs, () => {
      // (What was under way may have locked the application.)
      if (
        generation !== this.#generation ||
        this.agenda.now < this.#troubledUntil ||
        this.orchestrator.deployment !== undefined ||
        this.orchestrator.unlockedAt > now
      )
        return;
      assert.ok(this.orchestrator.instances >= target, `${String(target)} nodes were wanted, ${String(this.orchestrator.instances)} were asked for in time`);
    });
  }
}

function simulate(kind: OrchestratorKind, seed: number): void {
  const random = new Random(seed);
  const simulation = new Simulation(kind, random);
  const { agenda, orchestrator, settings } = simulation;
  const hourMs = 3_600_000;
  let isQuiet = false;
  const often = (meanMs: number, act: () => void): void => {
    agenda.after(random.int(1, 2 * meanMs), () => {
      if (isQuiet) return;
      act();
      often(meanMs, act);
    });
  };
  often(40_000, () => {
    const nodes = random.int(2, settings.maxNodes + 3);
    simulation.query(`n${String(random.int(1, 4))}`, nodes, random.pick([50, 400, 5000, 60_000, 600_000]));
    simulation.expectPrompt(nodes);
  });
  if (random.chance(0.7)) {
    often(300_000, () => {
      orchestrator.faults.failureChance = random.pick([0, 0, 0.3, 1]);
      orchestrator.faults.eventLossChance = random.pick([0, 0.5, 1]);
    });
    often(900_000, () => {
      orchestrator.faults.capacity = random.pick([Infinity, random.int(1, settings.maxNodes)]);
    });
    often(600_000, () => {
      orchestrator.crashOne();
    });
    often(1_200_000, () => {
      simulation.crashScaler();
    });
  }
  agenda.runUntil(2 * hourMs);
  isQuiet = true;
  orchestrator.recover();
  // A demand that stays, then none.
  const steady = random.int(2, settings.maxNodes + 2);
  simulation.query('steady', steady, hourMs);
  agenda.runUntil(agenda.now + hourMs - 60_000);
  const expected = Math.max(settings.minNodes, Math.min(settings.maxNodes, Math.max(steady, ...simulation.wants.values())));
  assert.equal(orchestrator.instances, expected, 'as many as are wanted');
  assert.equal(orchestrator.tasks.filter(({ state, drain }) => state === 'healthy' && drain === 'serving').length, expected, 'and all of them serve');
  agenda.runUntil(agenda.now + 2 * hourMs);
  assert.equal(orchestrator.instances, settings.minNodes, 'and as few as may be when nothing is wanted');
  assert.ok(
    orchestrator.tasks.every(({ drain }) => drain === 'serving'),
    'nobody is left draining',
  );
  for (const ms of orchestrator.forcedAfter) assert.ok(ms >= settings.stuckMs - 5000, `forced after ${String(ms)} ms without progress`);
  for (const ms of orchestrator.endedUndrained) assert.ok(ms >= settings.drainLimitMs, `ended after ${String(ms)} ms of draining`);
}

describe('the scaler, simulated', function () {
  this.timeout(300_000);
  const { SHOAL_SCALER_SEEDS: seeds = '60', SHOAL_SCALER_SEED: only } = process.env;
  for (const kind of kinds) {
    it(`does what it must with an orchestrator ${kind.name}`, () => {
      for (let index = 0; index < Number(seeds); index++) {
        const seed = only === undefined ? seedOf(2026, index) : Number(only);
        try {
          simulate(kind, seed);
        } catch (error) {
          throw new Error(`SHOAL_SCALER_SEED=${String(seed)}: ${(error as Error).message}`, { cause: error });
        }
        if (only !== undefined) return;
      }
    });
  }
});
