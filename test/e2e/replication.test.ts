/**
 * A replicated bank on three processes and a real etcd: the primary is killed, or stopped and let go on, while clients transfer money. What was acknowledged is there
 * afterwards, on every node; sums hold; writes come back. SHOAL_REPLICATION_KILLS and SHOAL_REPLICATION_PAUSE_MS make it longer.
 */
import { deepEqual, equal, ok } from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { setTimeout as sleep } from 'node:timers/promises';
import { EtcdBackend } from '../../src/cluster/coordination/etcd/etcd-backend.js';
import { connectStore } from '../../src/cluster/coordination/store-client.js';
import { type Configuration, defaultMinIsr, formatConfiguration, newConfiguration, parseConfiguration } from '../../src/cluster/replication/configuration.js';
import { ClusterKeys } from '../../src/cluster/membership/cluster-keys.js';
import { systemClock } from '../../src/common/clock.js';
import { type Etcd, startEtcd } from '../support/etcd.js';
import { freePort } from '../support/ports.js';
import { stop, tie } from '../support/process.js';
import { Random } from '../support/random.js';
import type { BankAnswer, BankRequest, BankState, ReplicaProcessTask } from '../support/replica-process.js';

const kills = Number(process.env['SHOAL_REPLICATION_KILLS'] ?? 3);
const pauseMs = Number(process.env['SHOAL_REPLICATION_PAUSE_MS'] ?? 8000);
const backWithinMs = 10_000;
const accounts = 30;
const balance = 1000;
const program = fileURLToPath(new URL('../support/replica-process.ts', import.meta.url));

class BankNode {
  child: ChildProcess | undefined;
  lines: string[] = [];

  constructor(readonly task: ReplicaProcessTask) {}

  async start(): Promise<void> {
    const child = spawn(process.execPath, ['--import', 'tsx', program, JSON.stringify({ ...this.task })], { stdio: ['ignore', 'pipe', 'pipe'] });
    tie(child);
    this.child = child;
    child.stderr.on('data', (chunk: Buffer) => this.lines.push(chunk.toString('utf8')));
    await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => Promise.reject(new Error(`the node has ended:\n${this.lines.join('')}`)))]);
  }

  async ask(request: BankRequest, timeoutMs = 3000): Promise<BankAnswer> {
    try {
      const signal = AbortSignal.timeout(timeoutMs);
      const answer = await fetch(`http://127.0.0.1:${String(this.task.bankPort)}/`, { method: 'POST', body: JSON.stringify(request), signal });
      return (await answer.json()) as BankAnswer;
    } catch (error) {
      return { ok: false, code: '08006', message: String(error) };
    }
  }
}

describe('a replicated database on three processes', function () {
  this.timeout(300_000);
  let etcd: Etcd;
  let directory: string;
  let nodes: BankNode[];
  const key = new ClusterKeys('test').database(5);
  let configuration: () => Promise<Configuration>;
  let closeStore: () => Promise<void>;

  before(async function () {
    etcd = await startEtcd(this);
    const store = connectStore(new EtcdBackend({ endpoints: [etcd.address], log: () => undefined }), { clock: systemClock, log: () => undefined });
    closeStore = async () => await store.close();
    configuration = async () => parseConfiguration((await store.get(key)).entry?.value ?? '');
    directory = mkdtempSync(join(tmpdir(), 'shoal-replication-'));
    const names = ['n1', 'n2', 'n3'];
    const channels = Object.fromEntries(await Promise.all(names.map(async (name) => [name, await freePort()] as const)));
    await store.put(key, formatConfiguration(newConfiguration('n1', names, defaultMinIsr(3))));
    nodes = [];
    for (const node of names) {
      const bankPort = await freePort();
      nodes.push(new BankNode({ node, directory: join(directory, node), etcd: etcd.address, key, channels, bankPort, creates: node === 'n1' }));
    }
    await Promise.all(nodes.map(async (node) => await node.start()));
    await until('the bank is open', async () => (await (nodes[0] as BankNode).ask({ kind: 'create', accounts, balance }, 10_000)).ok);
    await whole();
  });

  after(async () => {
    for (const { child } of nodes) if (child !== undefined) await stop(child, 'SIGKILL');
    await closeStore();
    await etcd.stop();
    rmSync(directory, { recursive: true, force: true });
  });

  async function until(what: string, condition: () => Promise<boolean>, withinMs = 30_000): Promise<number> {
    const start = performance.now();
    while (!(await condition())) {
      if (performance.now() - start > withinMs) throw new Error(`not in time: ${what}\n${nodes.flatMap(({ lines }) => lines).join('')}`);
      await sleep(20);
    }
    return performance.now() - start;
  }

  const whole = async (): Promise<number> => await until('all are in sync', async () => (await configuration()).isr.length === 3);
  const nodeNamed = (name: string): BankNode => nodes.find(({ task }) => task.node === name) as BankNode;
  const primary = async (): Promise<BankNode> => nodeNamed((await configuration()).primary);

  /** Clients that transfer until they are told to end. */
  class Load {
    readonly acknowledged = new Set<number>();
    lastAcknowledgedMs = performance.now();
    /** The longest time without any acknowledgement. */
    private ended = false;
    private nextId: number;
    private readonly clients: readonly Promise<void>[];

    constructor(seed: number) {
      this.nextId = seed * 1_000_000;
      this.clients = Array.from({ length: 6 }, async (_, at) => await this.client(new Random(seed * 100 + at)));
    }

    private async client(random: Random): Promise<void> {
      let node = random.pick(nodes);
      while (!this.ended) {
        const from = random.int(0, accounts - 1);
        const to = (from + random.int(1, accounts - 1)) % accounts;
        const id = this.nextId++;
        const answer = await node.ask({ kind: 'transfer', id, from, to, amount: random.int(1, 50) });
        if (answer.ok) {
          this.acknowledged.add(id);
          this.lastAcknowledgedMs = performance.now();
        } else {
          ok(['57P03', '40001', '40003', '25P01', '08006', 'SH001'].includes(answer.code), `${answer.code}: ${answer.message}`);
          node = random.pick(nodes);
          await sleep(10);
        }
      }
    }

    /** Until a write that began after now has come through. */
    async comesBack(): Promise<number> {
      const known = this.acknowledged.size;
      return await until('writes are back', async () => Promise.resolve(this.acknowledged.size > known + 6), backWithinMs);
    }

    async end(): Promise<void> {
      this.ended = true;
      await Promise.all(this.clients);
    }
  }

  function holds(state: BankState | undefined, acknowledged: ReadonlySet<number>, where: string): void {
    const there = new Set(state?.transfers);
    deepEqual(
      [...acknowledged].filter((id) => !there.has(id)),
      [],
      `acknowledged transfers that ${where} lacks`,
    );
    equal(state?.total, accounts * balance, `the sum of ${where}`);
  }

  /** All nodes have the same, and everything that was acknowledged. */
  async function agree(acknowledged: ReadonlySet<number>): Promise<void> {
    await whole();
    // (The primary may be about to hand over to the one that the placement would rather have.)
    let state: BankState | undefined;
    await until('the primary answers', async () => {
      const read = await (await primary()).ask({ kind: 'read' }, 10_000);
      if (read.ok) state = read.state;
      return read.ok;
    });
    holds(state, acknowledged, 'the primary');
    for (const node of nodes) {
      await until(`${node.task.node} has applied everything`, async () => {
        const look = await node.ask({ kind: 'look' }, 10_000);
        return look.ok && look.state?.transfers.length === state?.transfers.length;
      });
      await until(`${node.task.node} shows it`, async () => {
        const look = await node.ask({ kind: 'look' }, 10_000);
        if (look.ok) holds(look.state, acknowledged, node.task.node);
        return look.ok;
      });
    }
  }

  it(`loses nothing when its primary is killed (${String(kills)} times)`, async () => {
    const load = new Load(1);
    for (let round = 0; round < kills; round++) {
      await load.comesBack();
      const victim = await primary();
      await stop(victim.child as ChildProcess, 'SIGKILL');
      const back = await load.comesBack();
      console.log(`      writes are back after ${(back / 1000).toFixed(1)} s`);
      await victim.start();
      await whole();
    }
    await load.end();
    await agree(load.acknowledged);
  });

  it(`does not believe a primary that was stopped for ${String(pauseMs / 1000)} s`, async () => {
    const load = new Load(2);
    await load.comesBack();
    const victim = await primary();
    victim.child?.kill('SIGSTOP');
    const back = await load.comesBack();
    console.log(`      writes are back after ${(back / 1000).toFixed(1)} s`);
    await sleep(Math.max(0, pauseMs - back));
    const known = new Set(load.acknowledged);
    // These are answered first thing when it wakes.
    const early = Promise.all(Array.from({ length: 5 }, async () => await victim.ask({ kind: 'read' }, 10_000)));
    const late = victim.ask({ kind: 'transfer', id: 2_999_999, from: 0, to: 1, amount: 1 }, 10_000);
    await sleep(200);
    victim.child?.kill('SIGCONT');
    for (const answer of await early) {
      if (answer.ok) holds(answer.state, known, 'the primary that was stopped');
      else equal(answer.code, '57P03');
    }
    equal((await late).ok, false);
    await load.comesBack();
    await load.end();
    await agree(load.acknowledged);
  });
});
