/**
 * The cluster under torture: a real etcd and real `shoal start --cluster` processes, each at a place of its own (test/support/network.ts) and with a wall clock of its own
 * (node-clock.ts). What it knows of itself is what stands in etcd. Called by cluster-torture.ts and moves.ts.
 */
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, type WriteStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type pg from 'pg';
import { postgresOid, serverDatabaseOid } from '../../../src/catalog/server-catalog.js';
import { EtcdBackend } from '../../../src/cluster/coordination/etcd/etcd-backend.js';
import { patiently } from '../../../src/cluster/coordination/patience.js';
import { connectStore } from '../../../src/cluster/coordination/store-client.js';
import { type CoordinationStore, StoreError } from '../../../src/cluster/coordination/store.js';
import { ClusterKeys } from '../../../src/cluster/membership/cluster-keys.js';
import { readNodeRecord } from '../../../src/cluster/membership/node-record.js';
import { type Configuration, parseConfiguration } from '../../../src/cluster/replication/configuration.js';
import { systemClock } from '../../../src/common/clock.js';
import type { Connection } from '../../support/connection.js';
import { Etcd } from '../../support/etcd.js';
import { isInNetwork, loopback, Network, type Place } from '../../support/network.js';
import { Shoal } from '../../support/shoal.js';
import { connect } from '../../support/subject.js';
import { compileClockShim, NodeClock } from './node-clock.js';

export interface ClusterOptions {
  readonly nodes: number;
  /** Of each database. */
  readonly copies: number;
  /** Further arguments of every `shoal start`. */
  readonly flags: readonly string[];
}

const ports = { postgres: 5432, http: 8432, channel: 7432 } as const;
const pollMs = 25;
const workWithinMs = 60_000;
const keys = new ClusterKeys('main');

export class TortureNode {
  readonly connection: Connection;
  readonly dataDirectory: string;
  readonly clock: NodeClock | undefined;
  #shoal: Shoal | undefined;
  #isStopped = false;

  constructor(
    readonly name: string,
    readonly place: Place,
    private readonly cluster: TortureCluster,
    clockShim: string | undefined,
  ) {
    this.connection = { host: place.host, port: ports.postgres, user: 'postgres', database: 'postgres' };
    this.dataDirectory = join(cluster.directory, name);
    this.clock = clockShim === undefined ? undefined : new NodeClock(cluster.directory, name, clockShim);
  }

  /** Its process runs, and is not stopped. */
  get isUp(): boolean {
    return this.#shoal?.alive === true && !this.#isStopped;
  }

  async start(): Promise<void> {
    this.cluster.note(`${this.name} is started`);
    const startMs = performance.now();
    this.#shoal = await Shoal.start(this.#options());
    this.cluster.startsMs.push(performance.now() - startMs);
    this.cluster.note(`${this.name} is ready`);
  }

  /** A start that is killed after so long. */
  async startAndKill(afterMs: number): Promise<void> {
    this.cluster.note(`${this.name} is started, to be killed after ${Math.round(afterMs)} ms`);
    this.cluster.inflicted('broken start');
    await Shoal.startAndKill(this.#options(), afterMs);
  }

  async kill(): Promise<void> {
    this.cluster.note(`${this.name} is killed`);
    if (this.#shoal !== undefined) this.cluster.inflicted('SIGKILL');
    await this.abandon();
  }

  /** At the end of all: a kill that does not count. */
  async abandon(): Promise<void> {
    this.#isStopped = false;
    const shoal = this.#shoal;
    this.#shoal = undefined;
    await shoal?.kill('SIGKILL');
  }

  /** SIGTERM, and its end. */
  async end(): Promise<void> {
    this.cluster.note(`${this.name} is told to end`);
    this.go();
    const shoal = this.#shoal;
    this.#shoal = undefined;
    await shoal?.stop();
  }

  /** SIGSTOP */
  stop(): void {
    this.cluster.note(`${this.name} is stopped`);
    this.cluster.inflicted('SIGSTOP');
    this.#signal('SIGSTOP');
    this.#isStopped = true;
  }

  /** SIGCONT */
  go(): void {
    if (!this.#isStopped) return;
    this.cluster.note(`${this.name} goes on`);
    this.#signal('SIGCONT');
    this.#isStopped = false;
  }

  setClock(offsetMs: number): void {
    this.cluster.inflicted('clock moved');
    this.cluster.note(`the clock of ${this.name} is set ${(offsetMs / 1000).toFixed(0)} s from the machine's`);
    this.clock?.set(offsetMs);
  }

  /** Throws when it has ended by itself. */
  checkAlive(): void {
    if (this.#shoal?.alive === false) throw new Error(`${this.name} has ended by itself:\n${this.#shoal.log.slice(-3000)}`);
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#shoal?.alive === true) process.kill(this.#shoal.pid, signal);
  }

  #options(): Parameters<typeof Shoal.startAndKill>[0] {
    const { host } = this.place;
    const at = (name: keyof typeof ports): readonly string[] => [name === 'postgres' ? '--listen' : `--${name}`, `${host}:${String(ports[name])}`];
    const threads = ['--front-ends', '1', '--scan-threads', '1', '--max-connections', '60'];
    const identity = ['--cluster', `etcd://${this.cluster.etcd.address}`, '--node-id', this.name];
    return {
      dataDirectory: this.dataDirectory,
      place: this.place,
      flags: [...at('postgres'), ...at('http'), ...at('channel'), '--auth', 'trust', ...threads, ...identity, ...this.cluster.options.flags],
      env: { ...process.env, ...this.clock?.environment },
      onLine: (line) => this.cluster.keepLine(this.name, line),
    };
  }
}

export class TortureCluster {
  readonly nodes: TortureNode[] = [];
  /** How long nodes took from their start until they were ready. */
  readonly startsMs: number[] = [];
  /** What was done to it, how often. */
  readonly harm = new Map<string, number>();
  readonly #logs = new Map<string, WriteStream>();
  readonly #startMs = performance.now();
  #store: CoordinationStore | undefined;

  private constructor(
    readonly options: ClusterOptions,
    readonly directory: string,
    /** undefined: this machine permits none, nothing can be cut. */
    readonly network: Network | undefined,
    readonly etcd: Etcd,
    readonly etcdPlace: Place,
  ) {}

  /** Resolves when all nodes are members and every database has all its copies in sync. */
  static async start(options: ClusterOptions): Promise<TortureCluster> {
    const directory = mkdtempSync(join(tmpdir(), 'shoal-torture-cluster-'));
    const network = isInNetwork() ? Network.open() : undefined;
    const place = async (name: string, number: number): Promise<Place> => (await network?.place(name, number)) ?? loopback(name, number);
    const etcdPlace = await place('etcd', 2);
    const cluster = new TortureCluster(options, directory, network, await Etcd.startAt(etcdPlace), etcdPlace);
    const shim = compileClockShim(directory);
    for (let number = 1; number <= options.nodes; number++) {
      const name = `n${String(number)}`;
      cluster.nodes.push(new TortureNode(name, await place(name, 10 + number), cluster, shim));
    }
    // (Twice does no harm, and an etcd that has just been started may take its time.)
    await patiently(systemClock, async () => await cluster.store.put(keys.setting('shoal.replication_factor'), JSON.stringify(String(options.copies))));
    await Promise.all(cluster.nodes.map(async (node) => await node.start()));
    await cluster.whole(120_000);
    return cluster;
  }

  get store(): CoordinationStore {
    this.#store ??= connectStore(new EtcdBackend({ endpoints: [this.etcd.address], log: () => undefined }), { clock: systemClock, log: () => undefined });
    return this.#store;
  }

  node(name: string): TortureNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found === undefined) throw new Error(`no node is called ${name}`);
    return found;
  }

  /** Who is what for the database of the tests, as etcd has it; waits for etcd. */
  async configuration(database: number = postgresOid): Promise<Configuration> {
    const found = (await this.configurations()).get(String(database));
    if (found === undefined) throw new Error(`etcd knows of no database ${String(database)}`);
    return found;
  }

  /** By database. */
  async configurations(): Promise<ReadonlyMap<string, Configuration>> {
    for (const startMs = performance.now(); ; await sleep(pollMs)) {
      try {
        const { entries } = await this.store.list(keys.databases);
        return new Map(entries.map(({ key, value }) => [key.slice(keys.databases.length), parseConfiguration(value)]));
      } catch (error) {
        if (!(error instanceof StoreError) || performance.now() - startMs > 30_000) throw error;
      }
    }
  }

  /** Waits until all nodes are members, and all databases have as many copies as is wished, in sync. */
  async whole(timeoutMs: number): Promise<void> {
    let missing = '';
    for (const startMs = performance.now(); ; await sleep(pollMs)) {
      const before = missing;
      missing = await this.#missing();
      if (missing !== before) this.note(missing === '' ? 'whole' : missing);
      if (missing === '') return;
      if (performance.now() - startMs > timeoutMs) throw new Error(`the cluster is not whole after ${String(timeoutMs / 1000)} s: ${missing}`);
      for (const node of this.nodes) node.checkAlive();
    }
  }

  /** Waits until a node says that it takes clients. */
  async serving(name: string, timeoutMs: number): Promise<void> {
    for (const startMs = performance.now(); !(await this.#serving()).has(name); await sleep(pollMs))
      if (performance.now() - startMs > timeoutMs) throw new Error(`${name} does not serve after ${String(timeoutMs / 1000)} s`);
  }

  async #serving(): Promise<ReadonlySet<string>> {
    const { entries } = await this.store.list(keys.nodes).catch(() => ({ entries: [] }));
    return new Set(entries.map(({ value }) => readNodeRecord(value)).flatMap(({ id, state }) => (state === 'serving' ? [id] : [])));
  }

  async #missing(): Promise<string> {
    const serving = await this.#serving();
    const absent = this.nodes.filter(({ name }) => !serving.has(name));
    if (absent.length > 0) return `${absent.map(({ name }) => name).join(', ')} are no members`;
    const wanted = Math.min(this.options.copies, this.nodes.length);
    const configurations = await this.configurations();
    if (!configurations.has(String(postgresOid))) return 'the database is not there yet';
    for (const [database, { isr, replicas }] of configurations) {
      const copies = Number(database) === serverDatabaseOid ? this.nodes.length : wanted;
      if (replicas.length < copies) return `database ${database} shall have copies on ${replicas.join(', ')} only`;
      if (replicas.some((name) => !isr.includes(name))) return `of the copies of database ${database} on ${replicas.join(', ')} in sync are ${isr.join(', ')}`;
      if (isr.length > replicas.length) return `database ${database} has copies on ${isr.join(', ')} and shall be on ${replicas.join(', ')} only`;
    }
    return '';
  }

  inflicted(kind: string): void {
    this.harm.set(kind, (this.harm.get(kind) ?? 0) + 1);
  }

  /** A line in the harness' own log, with the time since the start. */
  note(line: string): void {
    this.keepLine('torture', line);
  }

  keepLine(name: string, line: string): void {
    let log = this.#logs.get(name);
    if (log === undefined) {
      mkdirSync(this.directory, { recursive: true });
      log = createWriteStream(join(this.directory, `${name}.log`), { flags: 'a' });
      this.#logs.set(name, log);
    }
    log.write(`${((performance.now() - this.#startMs) / 1000).toFixed(3)} ${line}\n`);
  }

  /** Does `work` on a connection, again until nobody sends it away: it must be of the kind that may be done twice. */
  async settled(node: TortureNode, work: (client: pg.Client) => Promise<void>): Promise<void> {
    for (const startMs = performance.now(); ; await sleep(pollMs)) {
      let client: pg.Client | undefined;
      try {
        client = await connect(node.connection, workWithinMs);
        await work(client);
        return;
      } catch (error) {
        const { code } = error as pg.DatabaseError;
        this.note(`at ${node.name}: ${String(code)} ${(error as Error).message}`);
        if (!['57P01', '57P03', '40001', '08006', '08007'].includes(code ?? '') || performance.now() - startMs > workWithinMs) throw error;
      } finally {
        void client?.end().catch(() => undefined);
      }
    }
  }

  /** Ends everything at once. */
  async end(keepData: boolean): Promise<void> {
    for (const node of this.nodes) await node.abandon();
    for (const { clock } of this.nodes) clock?.close();
    await this.#store?.close();
    await this.etcd.stop();
    for (const log of this.#logs.values()) log.end();
    if (!keepData) rmSync(this.directory, { recursive: true, force: true });
  }
}
