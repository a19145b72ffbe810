/**
 * Rounds of torture on one cluster: the bank's load (test/torture/bank.ts) goes on through all nodes while a fault that the seed has drawn (fault-plan.ts) strikes; writes
 * must come back; the fault ends, and the cluster must become whole. Every few rounds, and at the end, the load rests, the bank's history is compared with the database
 * through one node, and the copies of all nodes with each other. Called by `npm run torture -- cluster` (run.ts) and test/e2e/cluster/torture.test.ts.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { type Configuration, inSyncNeeded } from '../../../src/cluster/replication/configuration.js';
import { assertNever } from '../../../src/common/errors.js';
import { Random, seedOf } from '../../support/random.js';
import { connect, textQuery } from '../../support/subject.js';
import { BankLoad, isGone, makeBank } from '../bank.js';
import { BankCounts, BankRecord, Violation } from '../bank-record.js';
import { verifyBank } from '../verify.js';
import { compareCopies } from './copies.js';
import { drawFault, type Fault, type FaultKind, type Partition, type Victim } from './fault-plan.js';
import { Recovery } from './recovery.js';
import { TortureCluster, type TortureNode } from './torture-cluster.js';

export interface ClusterTortureOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly copies: number;
  readonly kinds: readonly FaultKind[];
  /** What the rounds do, by number from 1; undefined: drawn from `kinds`. */
  readonly schedule: readonly FaultKind[] | undefined;
  readonly stopMs: number;
  readonly partitionMs: number;
  /** Sessions of transfers. */
  readonly sessions: number;
  readonly restMsMax: number;
  readonly shards: number;
  /** Writes shall be back after so long; rounds in which they were not are counted as late. */
  readonly backWithinMs: number;
  /** Rounds between two verifications. */
  readonly verifyEvery: number;
  readonly flags: readonly string[];
}

/** Writes that are not back after so many times what they may take end the run. */
const patience = 4;
const wholeWithinMs = 120_000;
/** A statement that has had no answer for so long has lost its server. Longer than stops and partitions last: who is served late is served. */
const answerSlackMs = 20_000;
const probes = 3;

/** How long it took until writes came back. */
export interface Outage {
  readonly after: string;
  /** Through any node. */
  readonly firstMs: number;
  /** Through every node that the fault has left in touch with the primary. */
  readonly allMs: number;
}

export interface RoundReport {
  readonly fault: string;
  readonly outages: readonly Outage[];
  /** From the end of the fault until all copies were in sync again and writes went through every node. */
  readonly wholeMs: number;
  /** What the verification has found, in the rounds that end with one. */
  readonly verified: string | undefined;
}

/** Clients of a cluster may be sent away, told that the outcome is not known, or to begin again; nothing else is theirs to bear. */
function isLost(error: unknown): boolean {
  if (isGone(error)) return true;
  if (error instanceof pg.DatabaseError) return ['08006', '08007', '40001', '40003'].includes(error.code ?? '');
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ETIMEDOUT' || code === 'EHOSTUNREACH' || /^Query read timeout|^timeout expired|^timeout exceeded|Connection ended/.test(message);
}

export class ClusterTorture {
  readonly counts = new BankCounts();
  readonly #recovery = new Recovery();
  #record = new BankRecord();
  #load: BankLoad | undefined;
  #loads = 0;

  private constructor(
    private readonly options: ClusterTortureOptions,
    readonly cluster: TortureCluster,
  ) {}

  static async start(options: ClusterTortureOptions): Promise<ClusterTorture> {
    const { nodes, copies, flags } = options;
    const torture = new ClusterTorture(options, await TortureCluster.start({ nodes, copies, flags }));
    await torture.cluster.settled(torture.#first, async (client) => await makeBank(client, options.shards));
    return torture;
  }

  get #first(): TortureNode {
    return this.cluster.nodes[0] as TortureNode;
  }

  /** One round. Throws a Violation, or what else has gone wrong. */
  async round(round: number, verifies: boolean): Promise<RoundReport> {
    const { seed, nodes, copies, stopMs, partitionMs } = this.options;
    const random = new Random(seedOf(seed, round));
    const fault = drawFault(random, { kinds: this.#kindsOf(round), nodes, copies, stopMs, partitionMs });
    this.#startLoad();
    this.cluster.note(`round ${String(round)}: ${JSON.stringify(fault)}`);
    // From a cluster in which every node takes writes.
    await this.#writesAreBack('before', () => this.cluster.nodes);
    await sleep(random.int(0, 500));
    const outages: Outage[] = [];
    const what = await this.#inflict(fault, outages);
    const wholeMs = await this.#heal();
    const verified = verifies ? await this.#verify(random) : undefined;
    return { fault: what, outages, wholeMs, verified };
  }

  async end(keepData: boolean): Promise<void> {
    this.#load?.stop();
    await this.cluster.end(keepData);
  }

  #kindsOf(round: number): readonly FaultKind[] {
    const scheduled = this.options.schedule?.[round - 1];
    return scheduled === undefined ? this.options.kinds.filter((kind) => this.#isPossible(kind)) : [this.#isPossible(scheduled) ? scheduled : 'kill'];
  }

  #isPossible(kind: FaultKind): boolean {
    if (kind === 'partition') return this.cluster.network !== undefined;
    return kind !== 'clock' || this.#first.clock !== undefined;
  }

  // ---- load ----

  #startLoad(): void {
    if (this.#load !== undefined) return;
    const { nodes } = this.cluster;
    const { seed, sessions, restMsMax, stopMs, partitionMs } = this.options;
    const nodeOf = (at: number): TortureNode => nodes[at % nodes.length] as TortureNode;
    this.#load = new BankLoad(
      {
        connection: (at) => nodeOf(at).connection,
        isGone: isLost,
        comeBack: true,
        restMsMax,
        answerWithinMs: Math.max(stopMs, partitionMs) + answerSlackMs,
        lost: (at, error) => {
          const { code, message } = error as NodeJS.ErrnoException;
          if (code !== 'ECONNREFUSED') this.cluster.note(`session ${String(at)} at ${nodeOf(at).name}: ${code ?? ''} ${message}`);
        },
        acknowledged: (at, begunMs) => this.#recovery.acknowledged(nodeOf(at).name, begunMs),
      },
      this.#record,
      this.counts,
      seedOf(seed ^ 0x5bd1e995, ++this.#loads),
    );
    // (Pairs of checkers so that each node has at least two.)
    this.#load.start(Math.max(sessions, nodes.length), nodes.length);
  }

  /** Waits until transfers that begin now come through: through any node, and then through all that `healthy` names (asked anew, for who is primary changes). */
  async #writesAreBack(after: string, healthy: (configuration: Configuration) => readonly TortureNode[]): Promise<Outage> {
    this.#recovery.begin();
    return await this.#awaitWrites(after, healthy);
  }

  /** As writesAreBack, counted from the last `begin`. */
  async #awaitWrites(after: string, healthy: (configuration: Configuration) => readonly TortureNode[]): Promise<Outage> {
    const startMs = performance.now();
    const limitMs = this.options.backWithinMs * patience;
    for (;;) {
      const through = healthy(await this.cluster.configuration()).map(({ name }) => name);
      if (this.#load?.failed === true) await this.#load.end();
      for (const node of this.cluster.nodes) node.checkAlive();
      const elapsedMs = performance.now() - startMs;
      if (through.length > 0 && (await this.#recovery.back(through, elapsedMs + 250))) {
        this.cluster.note(`writes are back (${after})`);
        const firstMs = this.#recovery.firstMs ?? 0;
        return { after, firstMs, allMs: Math.max(firstMs, ...through.map((name) => this.#recovery.backMs(name) ?? 0)) };
      }
      if (through.length === 0) await sleep(50);
      if (elapsedMs > limitMs) {
        const missing = through.filter((name) => this.#recovery.backMs(name) === undefined);
        throw new Violation(`writes through ${missing.join(', ') || 'any node'} are not back after ${(elapsedMs / 1000).toFixed(1)} s (${after})`);
      }
    }
  }

  // ---- faults ----

  /** The node that the fault means, by how things stand. */
  #choose({ part, turn }: Victim, { primary, isr }: Configuration): TortureNode {
    const { nodes } = this.cluster;
    const followers = nodes.filter(({ name }) => name !== primary && isr.includes(name));
    const among = part === 'primary' ? nodes.filter(({ name }) => name === primary) : part === 'follower' && followers.length > 0 ? followers : nodes;
    return among[turn % among.length] as TortureNode;
  }

  /** Whether enough copies are left for commits without the nodes that are down. */
  #canGoOn(configuration: Configuration): boolean {
    return configuration.isr.filter((name) => this.cluster.node(name).isUp).length >= inSyncNeeded(configuration);
  }

  /** Nodes that run, and reach etcd and the primary in both directions. */
  #healthy({ primary }: Configuration): readonly TortureNode[] {
    const { network, etcdPlace } = this.cluster;
    const center = this.cluster.node(primary);
    if (!center.isUp) return [];
    const isWhole = (node: TortureNode): boolean =>
      network === undefined || [etcdPlace, center.place].every((other) => !network.isCut(node.place, other) && !network.isCut(other, node.place));
    return this.cluster.nodes.filter((node) => node.isUp && isWhole(node));
  }

  /** Answers what was done. */
  async #inflict(fault: Fault, outages: Outage[]): Promise<string> {
    switch (fault.kind) {
      case 'kill':
        return await this.#kill(fault, outages);
      case 'stop':
        return await this.#stop(fault, outages);
      case 'partition':
        return await this.#partition(fault, outages);
      case 'etcd':
        return await this.#etcd(fault, outages);
      case 'clock':
        return await this.#clocks(fault, outages);
      default:
        return assertNever(fault);
    }
  }

  async #kill(fault: Fault & { kind: 'kill' }, outages: Outage[]): Promise<string> {
    const configuration = await this.cluster.configuration();
    const victims = [...new Set(fault.victims.map((victim) => this.#choose(victim, configuration)))];
    const down = victims;
    this.#recovery.begin();
    await Promise.all(victims.map(async (node) => await node.kill()));
    const partOf = (node: TortureNode): string =>
      `${node.name}${node.name === configuration.primary ? ' (primary)' : configuration.isr.includes(node.name) ? '' : ' (no copy)'}`;
    let what = `kill ${victims.map(partOf).join(', ')}`;
    if (this.#canGoOn(configuration)) {
      outages.push(await this.#awaitWrites('the kill', (now) => this.#healthy(now)));
      for (let heirs = fault.heirs; heirs > 0; heirs--) {
        const heir = this.cluster.node((await this.cluster.configuration()).primary);
        what += `, then its heir ${heir.name}`;
        this.#recovery.begin();
        await heir.kill();
        down.push(heir);
        if (this.#canGoOn(await this.cluster.configuration())) outages.push(await this.#awaitWrites('the heir was killed', (now) => this.#healthy(now)));
      }
    }
    await sleep(fault.downMs);
    // All at once, as after a power cut; the first of them with broken starts before.
    await Promise.all(
      down.map(async (node, at) => {
        if (at === 0) for (const afterMs of fault.brokenStartsMs) await node.startAndKill(afterMs);
        await node.start();
      }),
    );
    if (outages.length < 1 + fault.heirs || victims.length > 1) outages.push(await this.#writesAreBack('the restart', (now) => this.#healthy(now)));
    return `${what}${fault.brokenStartsMs.length > 0 ? `, ${String(fault.brokenStartsMs.length)} broken starts` : ''}`;
  }

  async #stop({ victim, forMs }: Fault & { kind: 'stop' }, outages: Outage[]): Promise<string> {
    const configuration = await this.cluster.configuration();
    const node = this.#choose(victim, configuration);
    const clients = await Promise.all(Array.from({ length: probes }, async () => await connect(node.connection, this.options.stopMs + answerSlackMs)));
    try {
      this.#recovery.begin();
      const startMs = performance.now();
      node.stop();
      if (this.#canGoOn(configuration)) outages.push(await this.#awaitWrites('the stop', (now) => this.#healthy(now)));
      await sleep(Math.max(0, forMs - (performance.now() - startMs)));
      // These are the first that it answers when it wakes: it must not believe that nothing has happened.
      const { known } = this.#record;
      const answers = clients.map(async (client) => await textQuery(client, 'SELECT count(*) FROM journal'));
      await sleep(50);
      node.go();
      for (const answer of await Promise.allSettled(answers)) {
        if (answer.status === 'fulfilled') this.#record.seen(Number(answer.value.rows[0]?.[0]), known, `${node.name}, waking after ${String(forMs)} ms,`);
        else if (!isLost(answer.reason)) throw answer.reason;
      }
      if (outages.length === 0) outages.push(await this.#writesAreBack('it goes on', (now) => this.#healthy(now)));
    } finally {
      for (const client of clients) void client.end().catch(() => undefined);
    }
    return `stop ${node.name}${node.name === configuration.primary ? ' (primary)' : ''} for ${(forMs / 1000).toFixed(1)} s`;
  }

  async #partition({ shape, victim, forMs }: Fault & { kind: 'partition' }, outages: Outage[]): Promise<string> {
    const configuration = await this.cluster.configuration();
    const node = this.#choose(victim, configuration);
    this.#recovery.begin();
    const startMs = performance.now();
    const what = this.#cut(shape, node, victim.turn);
    this.cluster.note(`cut: ${what}`);
    this.cluster.inflicted('partition');
    outages.push(await this.#awaitWrites('the cut', (now) => this.#healthy(now)));
    await sleep(Math.max(0, forMs - (performance.now() - startMs)));
    this.cluster.network?.heal();
    this.cluster.note('healed');
    return `${what}${node.name === configuration.primary ? ' (primary)' : ''} for ${(forMs / 1000).toFixed(1)} s`;
  }

  #cut(shape: Partition, { name, place }: TortureNode, turn: number): string {
    const { network, etcdPlace } = this.cluster;
    if (network === undefined) throw new Error('there is no network to cut');
    const nodes = this.cluster.nodes.flatMap((other) => (other.name === name ? [] : [other.place]));
    const all = [...nodes, etcdPlace];
    const one = nodes[turn % nodes.length] ?? etcdPlace;
    const out = (others: readonly (typeof place)[]): void => others.forEach((other) => network.cut(place, other));
    const into = (others: readonly (typeof place)[]): void => others.forEach((other) => network.cut(other, place));
    switch (shape) {
      case 'alone':
        out(all);
        into(all);
        return `${name} alone`;
      case 'from nodes':
        out(nodes);
        into(nodes);
        return `${name} from the other nodes`;
      case 'mute':
        out(all);
        return `${name} mute`;
      case 'deaf':
        into(all);
        return `${name} deaf`;
      case 'mute to nodes':
        out(nodes);
        return `${name} mute to the other nodes`;
      case 'deaf to nodes':
        into(nodes);
        return `${name} deaf to the other nodes`;
      case 'from etcd':
        out([etcdPlace]);
        into([etcdPlace]);
        return `${name} from etcd`;
      case 'pair':
        out([one]);
        into([one]);
        return `${name} from ${one.name}`;
      case 'pair, one way':
        out([one]);
        return `${name} mute to ${one.name}`;
      default:
        return assertNever(shape);
    }
  }

  async #etcd({ downMs, victim }: Fault & { kind: 'etcd' }, outages: Outage[]): Promise<string> {
    const configuration = await this.cluster.configuration();
    const node = victim === undefined ? undefined : this.#choose(victim, configuration);
    this.#recovery.begin();
    const startMs = performance.now();
    this.cluster.note('etcd is killed');
    await this.cluster.etcd.kill();
    this.cluster.inflicted('etcd killed');
    await node?.kill();
    // (Who is primary cannot be asked, and does not change.)
    const isUnaffected = node === undefined;
    if (isUnaffected) {
      if (!(await this.#recovery.back('any', this.options.backWithinMs * patience))) throw new Violation('writes are not back while etcd is away');
      outages.push({ after: 'etcd was killed', firstMs: this.#recovery.firstMs ?? 0, allMs: this.#recovery.firstMs ?? 0 });
    }
    await sleep(Math.max(0, downMs - (performance.now() - startMs)));
    await this.cluster.etcd.restart();
    this.cluster.note('etcd is back');
    if (!isUnaffected) {
      this.#recovery.begin();
      if (this.#canGoOn(configuration)) outages.push(await this.#awaitWrites('etcd is back', (now) => this.#healthy(now)));
      await node.start();
    }
    outages.push(await this.#writesAreBack('the end of it', (now) => this.#healthy(now)));
    return `etcd away for ${(downMs / 1000).toFixed(1)} s${node === undefined ? '' : `, and kill ${node.name}${node.name === configuration.primary ? ' (primary)' : ''}`}`;
  }

  async #clocks({ offsetsMs, victim }: Fault & { kind: 'clock' }, outages: Outage[]): Promise<string> {
    this.#recovery.begin();
    for (const [at, node] of this.cluster.nodes.entries()) node.setClock(offsetsMs[at] ?? 0);
    outages.push(await this.#awaitWrites('the clocks were moved', (now) => this.#healthy(now)));
    const what = `clocks by ${offsetsMs.map((ms) => (ms / 60_000).toFixed(1)).join(', ')} minutes`;
    if (victim === undefined) return what;
    return `${what}; ${await this.#kill({ kind: 'kill', victims: [victim], heirs: 0, downMs: 0, brokenStartsMs: [] }, outages)}`;
  }

  async #heal(): Promise<number> {
    const startMs = performance.now();
    await this.cluster.whole(wholeWithinMs);
    this.cluster.note('awaiting writes through all nodes');
    await this.#writesAreBack('the end of the fault', () => this.cluster.nodes);
    return performance.now() - startMs;
  }

  // ---- verification ----

  async #verify(random: Random): Promise<string> {
    await this.#load?.end();
    this.#load = undefined;
    const through = random.pick(this.cluster.nodes);
    this.cluster.note(`verification through ${through.name}`);
    await this.cluster.settled(through, async () => await verifyBank(through.connection, this.#record));
    const { databases, copies, tables } = await compareCopies(
      this.cluster.nodes.map(({ name, dataDirectory }) => ({ node: name, dataDirectory })),
      30_000,
    );
    const settled = this.#record.transfers.size;
    // A new history, so that verifications do not become slower and slower.
    this.#record = new BankRecord();
    await this.cluster.settled(random.pick(this.cluster.nodes), async (client) => await makeBank(client, this.options.shards));
    return `${String(settled)} transfers are there or not as they should be; ${String(copies)} copies of ${String(databases)} databases (${String(tables)} tables) are alike`;
  }
}
