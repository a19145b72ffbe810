/**
 * The torture harness: rounds of load on a real server, each ended by SIGKILL at a moment that the seed draws; then restarts (some of them killed as well),
 * and the verification. Used by `npm run torture` (test/torture/main.ts) and by test/e2e/kill.test.ts.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random, seedOf } from '../support/random.js';
import { Shoal } from '../support/shoal.js';
import { BankLoad, createBank, isGone } from './bank.js';
import { BankCounts, BankRecord } from './bank-record.js';
import { verifyBank } from './verify.js';

export interface TortureOptions {
  readonly seed: number;
  readonly sessions: number;
  readonly shards: number;
  /** Further arguments of `shoal start`. */
  readonly flags: readonly string[];
}

/** What is going on when the server is killed. */
const moments = [
  [4, 'load'],
  [2, 'commit'],
  [2, 'ddl'],
  [2, 'copy'],
  [1, 'shutdown'],
  [1, 'idle'],
  [1, 'first start'],
] as const;
type Moment = (typeof moments)[number][1];

/** Rounds on one data directory, before a new one is begun. */
const roundsPerDirectory = 20;

interface Plan {
  readonly moment: Moment;
  /** So many transfers are acknowledged, unless that takes seconds, before the load's time begins. */
  readonly transfers: number;
  /** How long there is load before the moment. */
  readonly loadMs: number;
  /** How long after the moment's event SIGKILL comes. */
  readonly delayMs: number;
  /** Starts after the kill that are killed themselves, each after so many milliseconds. */
  readonly brokenStartsMs: readonly number[];
  readonly checkpointKb: number;
}

export interface RoundReport {
  readonly round: number;
  readonly moment: Moment;
  readonly brokenStarts: number;
  readonly tookMs: number;
}

export class Torture {
  readonly counts = new BankCounts();
  private directory: string | undefined;
  private record = new BankRecord();
  private roundsHere = 0;
  private shoal: Shoal | undefined;
  /** How long the last whole start took. */
  private startMs = 1500;

  constructor(private readonly options: TortureOptions) {}

  /** Where the data of a failure is. */
  get dataDirectory(): string | undefined {
    return this.directory;
  }

  get log(): string {
    return this.shoal?.log ?? '';
  }

  private plan(round: number): Plan {
    const random = new Random(seedOf(this.options.seed, round));
    const moment = random.weighted(moments);
    const delays: Readonly<Record<Moment, number>> = { load: 0, commit: 4, ddl: 40, copy: 80, shutdown: 150, idle: 30, 'first start': 1 };
    const broken = random.weighted([
      [6, 0],
      [2, 1],
      [1, 2],
    ] as const);
    return {
      moment,
      transfers: random.int(1, 25),
      loadMs: random.int(20, 500),
      delayMs: random.next() * delays[moment],
      brokenStartsMs: Array.from({ length: broken }, () => random.next()),
      checkpointKb: random.pick([64, 256, 2048, 65_536]),
    };
  }

  /** One round. Throws a Violation, or what else has gone wrong. */
  async round(round: number): Promise<RoundReport> {
    const started = performance.now();
    const plan = this.plan(round);
    if (plan.moment === 'first start' || this.directory === undefined || this.roundsHere++ >= roundsPerDirectory) await this.renew(plan);
    const server = await this.server(plan);
    const load = new BankLoad(
      { connection: () => server.connection, isGone, comeBack: false, restMsMax: 0, answerWithinMs: 30_000 },
      this.record,
      this.counts,
      seedOf(this.options.seed ^ 0x5bd1e995, round),
    );
    load.start(this.options.sessions);
    await this.kill(server, load, plan);
    await load.end();
    for (const part of plan.brokenStartsMs) await this.brokenStart(part, plan);
    const again = await this.server(plan);
    await verifyBank(again.connection, this.record);
    return { round, moment: plan.moment, brokenStarts: plan.brokenStartsMs.length, tookMs: performance.now() - started };
  }

  /** Ends the server and removes the data. */
  async end(keepData: boolean): Promise<void> {
    await this.shoal?.kill('SIGKILL');
    this.shoal = undefined;
    if (!keepData && this.directory !== undefined) rmSync(this.directory, { recursive: true, force: true });
  }

  private async kill(server: Shoal, load: BankLoad, plan: Plan): Promise<void> {
    // A server that has just started is slow at first, and so is a busy machine: the load counts from some transfers on.
    const wanted = this.counts.transfers + plan.transfers;
    for (let waited = 0; waited < 5000 && this.counts.transfers < wanted && !load.failed && server.alive; waited += 10) await sleep(10);
    const until = performance.now() + plan.loadMs;
    while (performance.now() < until && !load.failed && server.alive) await sleep(Math.min(20, Math.max(1, until - performance.now())));
    switch (plan.moment) {
      case 'commit':
      case 'copy':
      case 'ddl':
        await Promise.race([load.next(plan.moment), sleep(2000)]);
        break;
      case 'shutdown':
        process.kill(server.pid, 'SIGTERM');
        break;
      case 'idle':
        load.stop();
        await sleep(50);
        break;
      case 'load':
      case 'first start':
        break;
    }
    await sleep(plan.delayMs);
    if (!server.alive && plan.moment !== 'shutdown') throw new Error(`the server has ended by itself:\n${server.log.slice(-4000)}`);
    await server.kill('SIGKILL');
  }

  /** A start that is killed before it is ready, or soon after. */
  private async brokenStart(part: number, plan: Plan): Promise<void> {
    await Shoal.startAndKill({ dataDirectory: this.directory as string, flags: this.flags(plan) }, part * this.startMs * 1.1);
  }

  private async server(plan: Plan): Promise<Shoal> {
    if (this.shoal?.alive === true) return this.shoal;
    const started = performance.now();
    this.shoal = await Shoal.start({ dataDirectory: this.directory as string, flags: this.flags(plan) });
    this.startMs = performance.now() - started;
    return this.shoal;
  }

  private flags(plan: Plan): readonly string[] {
    return ['--checkpoint-log-kb', String(plan.checkpointKb), ...this.options.flags];
  }

  /** A new directory, whose first start may be killed. */
  private async renew(plan: Plan): Promise<void> {
    await this.end(false);
    this.directory = mkdtempSync(join(tmpdir(), 'shoal-torture-'));
    this.record = new BankRecord();
    this.roundsHere = 0;
    if (plan.moment === 'first start') await this.brokenStart(0.3 + plan.delayMs * 0.8, plan);
    await createBank((await this.server(plan)).connection, this.options.shards);
  }
}
