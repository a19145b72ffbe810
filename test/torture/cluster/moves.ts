/**
 * `npm run torture -- moves [--nodes 4] [--copies 2] [--rounds 12] [--seed N] [--kinds split,primary,...]`: operators move copies, hand over primaries, drain nodes, rebalance and split shards, as the seed draws, while
 * pgbench's transactions go through all nodes (tpcb.ts). No client may be told anything but 40001 and 57P01. Called by test/torture/main.ts.
 */
import { parseArgs } from 'node:util';
import type { Configuration } from '../../../src/cluster/replication/configuration.js';
import { Random, seedOf } from '../../support/random.js';
import { shoalCommand } from '../../support/shoal-command.js';
import { compareCopies } from './copies.js';
import { TortureCluster } from './torture-cluster.js';
import { createTpcb, Tpcb } from './tpcb.js';

const text = { type: 'string' } as const;
const wholeWithinMs = 120_000;
const shardsAtFirst = 4;

type Move =
  | { readonly kind: 'primary'; readonly node: string }
  | { readonly kind: 'copy'; readonly from: string; readonly to: string }
  | { readonly kind: 'drain'; readonly node: string }
  | { readonly kind: 'rebalance' }
  /** primary: the node that takes over meanwhile. */
  | { readonly kind: 'split'; readonly shard: number; readonly primary: string | undefined };

/** As often as they are drawn. */
const allKinds: readonly Move['kind'][] = ['primary', 'copy', 'copy', 'drain', 'drain', 'rebalance', 'split', 'split'];

class Moves {
  readonly #drained = new Set<string>();

  constructor(
    private readonly cluster: TortureCluster,
    private readonly seed: number,
    private readonly clients: number,
    private readonly kinds: readonly Move['kind'][],
  ) {}

  /** Answers what was done, and the longest pause of writes while it was. */
  async run(rounds: number): Promise<void> {
    const { nodes } = this.cluster;
    const [first] = nodes;
    if (first === undefined) throw new Error('there are no nodes');
    await this.cluster.settled(first, async (client) => await createTpcb(client, shardsAtFirst));
    const load = new Tpcb({
      seed: this.seed,
      clients: this.clients,
      restMsMax: 20,
      nodes: () => nodes.filter(({ name }) => !this.#drained.has(name)).map(({ connection }) => connection),
    });
    try {
      for (let round = 1; round <= rounds && !load.failed; round++) {
        const move = this.#draw(new Random(seedOf(this.seed, round)), await this.cluster.configuration());
        this.cluster.note(`round ${String(round)}: ${JSON.stringify(move)}`);
        const before = load.acknowledged;
        load.takeLongestPauseMs();
        const startMs = performance.now();
        await this.#do(move);
        const tookMs = performance.now() - startMs;
        console.log(
          `round ${String(round)}: ${JSON.stringify(move)} in ${(tookMs / 1000).toFixed(1)} s; ${String(load.acknowledged - before)} transactions meanwhile, ` +
            `longest pause ${(load.takeLongestPauseMs() / 1000).toFixed(2)} s`,
        );
      }
    } finally {
      await load.end();
    }
    await load.verify(first.connection);
    const { databases, copies } = await compareCopies(
      nodes.map(({ name, dataDirectory }) => ({ node: name, dataDirectory })),
      30_000,
    );
    console.log(
      `seed ${String(this.seed)}: ${String(load.acknowledged)} transactions, retried after 40001: ${String(load.serializationFailures)}, connected again after 57P01: ${String(load.disconnections)} ` +
        `(of ${String(load.unknown)} the outcome was unknown); the sums hold, ${String(copies)} copies of ${String(databases)} databases are alike`,
    );
  }

  #draw(random: Random, { primary, isr }: Configuration): Move {
    const names = this.cluster.nodes.map(({ name }) => name);
    const others = names.filter((name) => !isr.includes(name));
    const kind = random.pick(this.kinds);
    const heirs = isr.filter((name) => name !== primary);
    if (kind === 'split')
      return { kind, shard: random.int(0, shardsAtFirst - 1), primary: heirs.length > 0 && random.chance(0.5) ? random.pick(heirs) : undefined };
    if (kind === 'copy' && others.length > 0) return { kind, from: random.pick(isr), to: random.pick(others) };
    if (kind === 'drain') return { kind, node: random.chance(0.6) ? primary : random.pick(names) };
    if (kind === 'rebalance') return { kind };
    return { kind: 'primary', node: random.pick(heirs) };
  }

  async #do(move: Move): Promise<void> {
    switch (move.kind) {
      case 'primary':
        await this.#command('move', 'postgres', '--primary', move.node, '--wait');
        break;
      case 'copy':
        await this.#command('move', 'postgres', '--from', move.from, '--to', move.to, '--wait');
        break;
      case 'rebalance':
        await this.#command('rebalance', '--wait');
        break;
      case 'drain':
        this.#drained.add(move.node);
        await this.#command('drain', move.node, '--wait');
        await this.#command('drain', move.node, '--undo');
        await this.cluster.serving(move.node, wholeWithinMs);
        this.#drained.delete(move.node);
        break;
      case 'split':
        await Promise.all([
          this.#command('split', 'postgres', 'pgbench_accounts', String(move.shard), '--wait'),
          move.primary === undefined ? undefined : this.#command('move', 'postgres', '--primary', move.primary, '--wait'),
        ]);
        break;
    }
    await this.cluster.whole(wholeWithinMs);
  }

  async #command(...args: readonly string[]): Promise<void> {
    const { status, stdout, stderr } = await shoalCommand(['cluster', ...args, '--cluster', `etcd://${this.cluster.etcd.address}`]);
    this.cluster.note(`shoal cluster ${args.join(' ')}: ${stdout}${stderr}`);
    if (status !== 0) throw new Error(`shoal cluster ${args.join(' ')} has ended with ${String(status)}: ${stdout}${stderr}`);
  }
}

/** Answers the exit status. */
export async function runMoves(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...args], options: { nodes: text, copies: text, rounds: text, seed: text, clients: text, kinds: text } });
  const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
  const options = { nodes: Number(values.nodes ?? 4), copies: Number(values.copies ?? 2), flags: [] };
  const kinds = allKinds.filter((kind) => values.kinds === undefined || values.kinds.split(',').includes(kind));
  console.log(`seed ${String(seed)}: ${String(options.nodes)} nodes, ${String(options.copies)} copies`);
  const cluster = await TortureCluster.start(options);
  try {
    await new Moves(cluster, seed, Number(values.clients ?? 6), kinds).run(Number(values.rounds ?? 12));
    await cluster.end(false);
    return 0;
  } catch (error) {
    console.log(`FAILED: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
    console.log(
      `data and logs: ${cluster.directory}\nagain: npm run torture -- moves ${args.join(' ')}${values.seed === undefined ? ` --seed ${String(seed)}` : ''}`,
    );
    await cluster.end(true);
    return 1;
  }
}
