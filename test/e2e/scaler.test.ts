/** The whole loop with real nodes: a query, more nodes, the cooldown, drained nodes, fewer nodes. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ScalerStatus } from '../../src/cluster/scaler/scaler.js';
import { type Etcd, startEtcd } from '../support/etcd.js';
import { MarathonServer } from '../support/marathon-server.js';
import { freePort } from '../support/ports.js';
import { stop, tie } from '../support/process.js';
import { shoalCommand, shoalProgram } from '../support/shoal-command.js';

interface RunningScaler {
  readonly child: ChildProcess;
  readonly url: string;
  readonly lines: string[];
}

async function startScaler(args: readonly string[]): Promise<RunningScaler> {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const child = spawn(process.execPath, [shoalProgram, 'scaler', '--http', `127.0.0.1:${port}`, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  tie(child);
  const lines: string[] = [];
  createInterface(child.stderr).on('line', (line) => lines.push(line));
  await new Promise<void>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (line.startsWith('ready:')) resolve();
    });
    child.on('exit', () => {
      reject(new Error(`the scaler has ended:\n${lines.join('\n')}`));
    });
  });
  return { child, url, lines };
}

/** /state is looked at until it is as wanted. */
async function reached(scaler: RunningScaler, what: string, holds: (status: ScalerStatus) => boolean, limitMs = 90_000): Promise<ScalerStatus> {
  let last: ScalerStatus | undefined;
  for (const deadline = Date.now() + limitMs; Date.now() < deadline; await sleep(50)) {
    last = (await (await fetch(`${scaler.url}/state`)).json()) as ScalerStatus;
    if (holds(last)) return last;
  }
  throw new Error(`never ${what}: ${JSON.stringify(last)}\n${scaler.lines.join('\n')}`);
}

const hasNodes =
  (nodes: number) =>
  ({ observation }: ScalerStatus): boolean =>
    observation?.instances === nodes && observation.tasks.length === nodes && observation.tasks.every(({ state }) => state === 'healthy');

/** Connects and tries again when the database's primary has changed, as nodes come and go. */
class PatientClient {
  #client: pg.Client | undefined;

  constructor(private readonly port: number) {}

  async query<R extends pg.QueryResultRow>(text: string): Promise<pg.QueryResult<R>> {
    for (;;) {
      try {
        return await (await this.#connected()).query<R>(text);
      } catch (error) {
        if (!['57P01', '40001'].includes((error as { readonly code?: string }).code ?? '')) throw error;
      }
    }
  }

  async #connected(): Promise<pg.Client> {
    if (this.#client !== undefined) return this.#client;
    const client = new pg.Client({ host: '127.0.0.1', port: this.port, user: 'postgres', database: 'postgres' });
    for (const event of ['error', 'end'] as const)
      client.on(event, () => {
        if (this.#client === client) this.#client = undefined;
      });
    await client.connect();
    return (this.#client = client);
  }

  async end(): Promise<void> {
    await this.#client?.end();
  }
}

/** A table of a little more than 2 MB: three nodes at a QSF of 1. */
async function fill(client: PatientClient): Promise<void> {
  await client.query('CREATE TABLE wide (id int, filler text)');
  await client.query(`SELECT create_distributed_table('wide', 'id', shard_count => 4)`);
  await client.query(`INSERT INTO wide SELECT g, repeat('x', 1000) FROM generate_series(1, 2200) g`);
  await client.query('EXPLAIN SELECT count(*) FROM wide');
}

/** Queries over the whole table, one after another, until what is waited for has come. */
async function whileQuerying<T>(client: PatientClient, awaited: Promise<T>): Promise<T> {
  let isOver = false;
  const result = awaited.finally(() => {
    isOver = true;
  });
  result.catch(() => undefined); // Reported below.
  while (!isOver) {
    await client.query('SELECT count(*), max(filler) FROM wide');
    await sleep(100);
  }
  return await result;
}

describe('the scaler with real nodes', function () {
  this.timeout(240_000);
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'shoal-scaler-'));
  });
  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });
  const nodeOptions = ['--qsf', '1', '--scan-threads', '1'];

  it('of this machine: a query brings nodes, and they go when nobody wants them', async () => {
    const local = ['--dir', directory, '--listen', '127.0.0.1:0'];
    const scaler = await startScaler([...local, '--max', '3', '--cooldown', '2', '--', ...nodeOptions]);
    try {
      await reached(scaler, 'one node', hasNodes(1));
      const [, port] = /ready: postgresql:\/\/127.0.0.1:(\d+)/.exec(readFileSync(join(directory, 'node-1.log'), 'utf8')) ?? [];
      const client = new PatientClient(Number(port));
      await fill(client);
      assert.deepEqual((await client.query<{ count: string }>('SELECT count(*) FROM wide WHERE id = 7')).rows, [{ count: '1' }]);
      assert.equal((await reached(scaler, 'still one', () => true)).target, 1, 'one shard wants no more');
      await whileQuerying(client, reached(scaler, 'three nodes', hasNodes(3)));
      await reached(scaler, 'one node again', hasNodes(1));
      assert.deepEqual((await client.query<{ count: string }>('SELECT count(*) FROM wide')).rows, [{ count: '2200' }], 'the node with the clients has stayed');
      await client.end();
      const metrics = await (await fetch(`${scaler.url}/metrics`)).text();
      assert.match(metrics, /^shoal_scaler_instances [13]$/m);
      assert.equal((await fetch(`${scaler.url}/health`)).status, 200);
    } finally {
      await stop(scaler.child);
      const stopped = await shoalCommand(['scaler', '--stop', ...local]);
      assert.match(stopped.stderr, /\d nodes were stopped/);
    }
  });

  it('of a cluster under Marathon: demand comes through etcd, and another scaler goes on when the leader is killed', async function () {
    const etcd: Etcd = await startEtcd(this);
    const marathon = await MarathonServer.start();
    const store = ['--cluster', etcd.endpoint.replace('http:', 'etcd:')];
    const scalers: RunningScaler[] = [];
    try {
      const cmd = `exec ${process.execPath} ${shoalProgram} start --data-dir $DIRECTORY/$MESOS_TASK_ID --listen $HOST:$PORT0 --http $HOST:$PORT1 ${[...store, ...nodeOptions].join(' ')}`;
      const definition = {
        ...{ id: '/shoal/node', cmd, instances: 1, cpus: 1, ports: [0, 0], env: { DIRECTORY: directory }, taskKillGracePeriodSeconds: 30 },
        healthChecks: [{ protocol: 'HTTP', path: '/alive', portIndex: 1, intervalSeconds: 0.2, gracePeriodSeconds: 120 }],
      };
      await fetch(`${marathon.url}/v2/apps`, { method: 'POST', body: JSON.stringify(definition) });
      for (let index = 0; index < 2; index++) scalers.push(await startScaler(['--marathon', marathon.url, ...store, '--max', '3', '--cooldown', '3']));
      const [first, second] = scalers as [RunningScaler, RunningScaler];
      await reached(first, 'the leader', ({ isLeader }) => isLeader);
      await reached(first, 'one node', hasNodes(1));
      const [port] = marathon.apps.get('/shoal/node')?.tasks[0]?.ports ?? [];
      const client = new PatientClient(port ?? 0);
      await fill(client);
      await whileQuerying(client, reached(first, 'three nodes', hasNodes(3)));
      assert.equal((await reached(second, 'standing by', () => true)).isLeader, false);
      await stop(first.child, 'SIGKILL');
      await reached(second, 'the other leads', ({ isLeader }) => isLeader);
      await reached(second, 'one node again', hasNodes(1));
      assert.deepEqual((await client.query<{ count: string }>('SELECT count(*) FROM wide')).rows, [{ count: '2200' }], 'the node with the clients has stayed');
      await client.end();
    } finally {
      for (const { child } of scalers) await stop(child);
      await marathon.stop();
      await etcd.stop();
    }
  });
});
