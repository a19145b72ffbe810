/** A cluster as users run it (`shoal cluster up`): an etcd and nodes as processes, and what tests ask of them. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { peerBinary } from '../../scripts/peers.mjs';
import type { CacheFigures } from '../../src/cluster/shuffle/cache-store.js';
import { type Configuration, parseConfiguration } from '../../src/cluster/replication/configuration.js';
import { run } from './process.js';
import { shoalCommand } from './shoal-command.js';

interface Ports {
  readonly etcd: { readonly client: number };
  readonly nodes: readonly { readonly postgres: number; readonly http: number }[];
}

export class LocalCluster {
  readonly directory = mkdtempSync(join(tmpdir(), 'shoal-cluster-'));

  constructor(
    readonly size: number,
    private readonly startArguments: readonly string[] = ['--scan-threads', '1'],
  ) {}

  /** Starts what does not run. */
  async up(): Promise<string> {
    const etcd = peerBinary('etcd') ?? 'etcd';
    return await this.command('up', '--dir', this.directory, '--nodes', String(this.size), '--etcd', etcd, '--', ...this.startArguments);
  }

  async down(): Promise<void> {
    if (existsSync(join(this.directory, 'cluster.json'))) await this.command('down', '--dir', this.directory, '--purge');
    rmSync(this.directory, { recursive: true, force: true });
  }

  /** `shoal cluster ...` */
  async command(...args: readonly string[]): Promise<string> {
    const { status, stdout, stderr } = await shoalCommand(['cluster', ...args]);
    assert.equal(status, 0, `${stdout}${stderr}`);
    return stdout;
  }

  get ports(): Ports {
    return JSON.parse(readFileSync(join(this.directory, 'cluster.json'), 'utf8')) as Ports;
  }

  /** Nodes are numbered from 1 on. */
  pid(node: number): number {
    return Number(readFileSync(join(this.directory, `node-${String(node)}.pid`), 'utf8'));
  }

  port(node: number): number {
    return this.ports.nodes[node - 1]?.postgres ?? 0;
  }

  get nodes(): readonly number[] {
    return Array.from({ length: this.size }, (_, index) => index + 1);
  }

  log(node: number): string {
    return readFileSync(join(this.directory, `node-${String(node)}.log`), 'utf8');
  }

  async connect(node: number, database = 'postgres'): Promise<pg.Client> {
    const client = new pg.Client({ host: '127.0.0.1', port: this.port(node), user: 'postgres', database });
    client.on('error', () => undefined);
    await client.connect();
    return client;
  }

  /**
   * One statement on a connection of its own: its rows. Again when it is to be tried again, as clients do: a machine that is kept busy may bring about another primary at any
   * time.
   */
  async ask(node: number, text: string, database = 'postgres'): Promise<(string | null)[][]> {
    for (const startMs = performance.now(); ; await sleep(50)) {
      try {
        return await this.#askOnce(node, text, database);
      } catch (error) {
        const { code = '' } = error as { readonly code?: string };
        if (!['40001', '57P01', '57P03'].includes(code) || performance.now() - startMs > 60_000) throw error;
      }
    }
  }

  async #askOnce(node: number, text: string, database: string): Promise<(string | null)[][]> {
    const client = await this.connect(node, database);
    try {
      const { rows } = await client.query<(string | null)[]>({ text, rowMode: 'array' });
      return rows.map((row) => row.map((value) => (value === null ? null : String(value))));
    } finally {
      await client.end();
    }
  }

  async etcdctl(...args: readonly string[]): Promise<string> {
    const found = await run(peerBinary('etcdctl') ?? 'etcdctl', ['--endpoints', `127.0.0.1:${String(this.ports.etcd.client)}`, ...args], {
      env: { ...process.env, ETCDCTL_API: '3' },
    });
    assert.equal(found.status, 0, found.stderr);
    return found.stdout;
  }

  /** Who is what for a database (0: the server's own); undefined: there is no such one. */
  async configuration(oid: number): Promise<Configuration | undefined> {
    const text = await this.etcdctl('get', '--print-value-only', `/shoal/main/databases/${String(oid)}`);
    return text.trim() === '' ? undefined : parseConfiguration(text);
  }

  async primaryOf(oid: number): Promise<number> {
    const { primary } = (await this.configuration(oid)) ?? { primary: '' };
    return Number(primary.slice('node-'.length));
  }

  /** What a node's part of the distributed cache holds. */
  async cacheFigures(node: number): Promise<CacheFigures> {
    const response = await fetch(`http://127.0.0.1:${String(this.ports.nodes[node - 1]?.http)}/cache`);
    assert.equal(response.status, 200);
    return (await response.json()) as CacheFigures;
  }

  /** Until no node holds anything of an exchange (nodes are told when a statement is over, and not waited for). */
  async cachesEmpty(nodes = this.nodes): Promise<void> {
    await this.until('the caches are empty', async () => {
      const figures = await Promise.all(nodes.map(async (node) => this.cacheFigures(node)));
      return figures.every(({ queries, bytes, memoryBytes }) => queries === 0 && bytes === 0 && memoryBytes === 0);
    });
  }

  /** Until so many copies of the first databases are in sync, and placement is content with where it has put their primaries (plan-placement: no node has two more than another). */
  async replicated(copies: number): Promise<void> {
    await this.until(`${String(copies)} copies of each database`, async () => {
      const homes = new Map(this.nodes.map((node) => [`node-${String(node)}`, 0]));
      for (const oid of [0, 1, 4, 5]) {
        const configuration = await this.configuration(oid);
        if (configuration === undefined || configuration.isr.length < copies || configuration.primary !== configuration.replicas[0]) return false;
        homes.set(configuration.home, (homes.get(configuration.home) ?? 0) + 1);
      }
      return Math.max(...homes.values()) - Math.min(...homes.values()) < 2;
    });
  }

  async until(what: string, holds: () => Promise<boolean>, timeoutMs = 120_000): Promise<void> {
    const startMs = performance.now();
    while (!(await holds())) {
      if (performance.now() - startMs > timeoutMs) {
        const logs = this.nodes.map((node) => `node-${String(node)}:\n${this.log(node).split('\n').slice(-20).join('\n')}`);
        assert.fail(`${what}: not after ${String(timeoutMs)} ms\n${logs.join('\n')}`);
      }
      await sleep(50);
    }
  }
}
