/** `npm run torture -- cluster`: options, progress, and the summary, which is also there as JSON. Called by test/torture/main.ts. */
import { availableParallelism, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { ClusterTorture, type ClusterTortureOptions, type Outage, type RoundReport } from './cluster-torture.js';
import { type FaultKind, faultKinds } from './fault-plan.js';

const help = `npm run torture -- cluster [options]
  --copies N            of each database (3)
  --nodes N             (as many as copies, at least 3)
  --rounds N            one fault each (200)
  --seed N              draws the faults; the same seed draws the same
  --only N              one round of it, on a new cluster
  --faults LIST         of ${faultKinds.join(',')} (all)
  --schedule LIST       faults of the rounds, one after the other, instead of --rounds and --faults
  --stop-seconds N      how long processes are stopped (20)
  --partition-seconds N how long partitions last, at most (20)
  --back-within N       seconds after which writes shall be back (10); rounds in which they were later are counted, four times that ends the run
  --sessions N          clients that transfer (6)
  --rest-ms N           rests of a client between two transfers, at most (40)
  --verify-every N      rounds between two verifications (10)
  --minutes N           begin no round after that
  --keep                data and logs stay after a success, too
`;

const text = { type: 'string' } as const;

/** Answers the exit status. */
export async function runClusterTorture(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ copies: text, nodes: text, rounds: text, seed: text, only: text, faults: text, schedule: text, sessions: text, minutes: text },
      ...{
        'stop-seconds': text,
        'partition-seconds': text,
        'back-within': text,
        'rest-ms': text,
        'verify-every': text,
        keep: { type: 'boolean' },
        help: { type: 'boolean' },
      },
    },
  });
  if (values.help === true) {
    console.log(help);
    return 0;
  }
  const number = (value: string | undefined, fallback: number): number => (value === undefined ? fallback : Number(value));
  const kindsOf = (list: string): readonly FaultKind[] =>
    list.split(',').map((name) => {
      const kind = faultKinds.find((each) => each === name);
      if (kind === undefined) throw new Error(`there are the faults ${faultKinds.join(', ')}, and no "${name}"`);
      return kind;
    });
  const schedule = values.schedule === undefined ? undefined : kindsOf(values.schedule);
  const copies = number(values.copies, 3);
  const options: ClusterTortureOptions = {
    seed: number(values.seed, Math.floor(Math.random() * 1e9)),
    copies,
    nodes: number(values.nodes, Math.max(3, copies)),
    kinds: kindsOf(values.faults ?? faultKinds.join(',')),
    schedule,
    stopMs: number(values['stop-seconds'], 20) * 1000,
    partitionMs: number(values['partition-seconds'], 20) * 1000,
    sessions: number(values.sessions, 6),
    restMsMax: number(values['rest-ms'], 40),
    shards: 4,
    backWithinMs: number(values['back-within'], 10) * 1000,
    verifyEvery: number(values['verify-every'], 10),
    flags: [],
  };
  const rounds =
    values.only === undefined ? Array.from({ length: schedule?.length ?? number(values.rounds, 200) }, (_, index) => index + 1) : [Number(values.only)];
  return await new Run(options, rounds, number(values.minutes, Infinity) * 60_000, values.keep === true).run();
}

class Run {
  readonly #startMs = performance.now();
  readonly #outages: Outage[] = [];
  #done = 0;

  constructor(
    private readonly options: ClusterTortureOptions,
    private readonly rounds: readonly number[],
    private readonly untilMs: number,
    private readonly keeps: boolean,
  ) {}

  async run(): Promise<number> {
    const { seed, copies, nodes, kinds } = this.options;
    console.log(`seed ${String(seed)}: ${String(nodes)} nodes, ${String(copies)} copies, ${kinds.join(', ')}`);
    let torture: ClusterTorture | undefined;
    let current = 0;
    try {
      torture = await ClusterTorture.start(this.options);
      console.log(`data and logs: ${torture.cluster.directory}`);
      for (const [at, round] of this.rounds.entries()) {
        current = round;
        const isLast = at === this.rounds.length - 1 || performance.now() - this.#startMs > this.untilMs;
        this.#tell(round, await torture.round(round, isLast || (at + 1) % this.options.verifyEvery === 0), torture);
        if (isLast) break;
      }
      await torture.end(this.keeps);
    } catch (error) {
      console.log(`\nround ${String(current)} of seed ${String(seed)} FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      console.log(`data and logs: ${torture?.cluster.directory ?? 'none'}`);
      console.log(
        `again: ${this.#command}${this.options.schedule === undefined ? ` --rounds ${String(current)}` : ''}; that round alone: ${this.#command} --only ${String(current)}`,
      );
      await torture?.end(true);
      if (torture !== undefined) this.#tellSummary(torture, error instanceof Error ? error.message : String(error));
      return 1;
    }
    return this.#tellSummary(torture, undefined) ? 0 : 1;
  }

  get #command(): string {
    const { seed, copies, nodes, kinds, schedule, stopMs, partitionMs, sessions, restMsMax } = this.options;
    const faults = schedule === undefined ? `--faults ${kinds.join(',')}` : `--schedule ${schedule.join(',')}`;
    const lengths = `--stop-seconds ${String(stopMs / 1000)} --partition-seconds ${String(partitionMs / 1000)}`;
    const load = `--sessions ${String(sessions)} --rest-ms ${String(restMsMax)}`;
    return `npm run torture -- cluster --copies ${String(copies)} --nodes ${String(nodes)} --seed ${String(seed)} ${faults} ${lengths} ${load}`;
  }

  #isLate({ firstMs }: Outage): boolean {
    return firstMs > this.options.backWithinMs;
  }

  #tell(round: number, { fault, outages, wholeMs, verified }: RoundReport, { counts }: ClusterTorture): void {
    this.#done++;
    this.#outages.push(...outages);
    const back = outages.map(
      (outage) => `${seconds(outage.firstMs)}${this.#isLate(outage) ? ' LATE' : ''} (all nodes ${seconds(outage.allMs)}) after ${outage.after}`,
    );
    console.log(
      `round ${String(round)}: ${fault}; writes back ${back.join(', ')}; whole after ${seconds(wholeMs)} [${String(counts.transfers)} transfers, ${String(counts.checks)} checks]`,
    );
    if (verified !== undefined) console.log(`  ${verified}`);
  }

  /** For people, and as one line of JSON for programs. Answers whether all was well. */
  #tellSummary({ counts, cluster }: ClusterTorture, failure: string | undefined): boolean {
    const late = this.#outages.filter((outage) => this.#isLate(outage)).length;
    const back = partsOf(this.#outages.map(({ firstMs }) => firstMs));
    const summary = {
      command: this.#command,
      seed: this.options.seed,
      ...(failure === undefined ? {} : { failure }),
      rounds: this.#done,
      seconds: Math.round((performance.now() - this.#startMs) / 1000),
      harm: Object.fromEntries(cluster.harm),
      writesBackSeconds: { count: this.#outages.length, late, ...back, throughAllNodes: partsOf(this.#outages.map(({ allMs }) => allMs)) },
      startSeconds: partsOf(cluster.startsMs),
      load: counts,
      machine: { cores: availableParallelism(), load: Number(loadavg()[2]?.toFixed(1)) },
    };
    if (failure === undefined)
      console.log(
        `\nseed ${String(summary.seed)}: ${String(this.#done)} rounds in ${String(summary.seconds)} s. Nothing was lost, nothing was there by half, no read was outdated.\n` +
          `writes back after a fault: half within ${String(back.half)} s, nine of ten within ${String(back.ninth)} s, at worst ${String(back.worst)} s; ` +
          `later than ${seconds(this.options.backWithinMs)}: ${String(late)} of ${String(this.#outages.length)}\n` +
          `acknowledged transfers ${String(counts.transfers)}, sums checked ${String(counts.checks)}, sessions lost ${String(counts.disconnections)}`,
      );
    console.log(`summary: ${JSON.stringify(summary)}`);
    return failure === undefined && late === 0;
  }
}

/** In seconds, to a tenth. */
function partsOf(times: readonly number[]): { readonly half: number; readonly ninth: number; readonly worst: number } {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (part: number): number => Math.round((sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? 0) / 100) / 10;
  return { half: at(0.5), ninth: at(0.9), worst: at(1) };
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
