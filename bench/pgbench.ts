/**
 * pgbench against Shoal and PostgreSQL 15 side by side: the two servers are measured alternately, because the machine's speed changes more from minute to minute
 * than the servers differ. Prints, for every workload, protocol and number of clients, the transactions per second (medians), Shoal's over PostgreSQL's, and the
 * CPU time that each server spent on a transaction (which a busy machine disturbs less).
 *
 *   npm run bench -- pgbench [--scale 5] [--seconds 3] [--rounds 3] [--clients 1,4,16] [--scripts select,update,tpcb] [--modes simple,extended,prepared]
 *                            [--server path/to/main.js] [--bulk]
 *
 * --bulk measures COPY in (`pgbench -i`), COPY out and a full SELECT instead. PostgreSQL runs as `postgres` when started by root.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Bench } from './main.js';

const binaries = '/usr/lib/postgresql/15/bin';
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

interface Server {
  readonly name: string;
  readonly port: number;
  /** Processes whose CPU time counts. */
  pids(): readonly number[];
  stop(): Promise<void>;
}

interface Options {
  readonly scale: number;
  readonly seconds: number;
  readonly rounds: number;
  readonly clients: readonly number[];
  readonly scripts: readonly string[];
  readonly modes: readonly string[];
  readonly server: string;
  readonly bulk: boolean;
}

/** pgbench's built-in scripts under shorter names. */
const builtins = new Map([
  ['select', 'select-only'],
  ['update', 'simple-update'],
  ['tpcb', 'tpcb-like'],
]);

function list(text: string): readonly string[] {
  return text.split(',').map((part) => part.trim());
}

function readOptions(args: readonly string[]): Options {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      scale: text('5'),
      seconds: text('3'),
      rounds: text('3'),
      clients: text('1,4,16'),
      scripts: text('select,update,tpcb'),
      modes: text('simple,extended,prepared'),
      server: text(join(root, 'dist/cli/main.js')),
      bulk: { type: 'boolean', default: false },
    },
  });
  return {
    scale: Number(values.scale),
    seconds: Number(values.seconds),
    rounds: Number(values.rounds),
    clients: list(values.clients).map(Number),
    scripts: list(values.scripts),
    modes: list(values.modes),
    server: resolve(values.server),
    bulk: values.bulk,
  };
}

async function freePort(): Promise<number> {
  return await new Promise((done, failed) => {
    const probe = createServer();
    probe.once('error', failed);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** User and system CPU seconds of a process so far; 0 when it has gone. */
function cpuSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

/** The CPU seconds of children that have ended, too: PostgreSQL has a process per client. */
function endedChildrenSeconds(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[13]) + Number(fields[14])) / 100;
  } catch {
    return 0;
  }
}

function childrenOf(pid: number): readonly number[] {
  const children: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]) === pid) children.push(Number(entry));
    } catch {
      // It has ended meanwhile.
    }
  }
  return children;
}

function totalCpu(server: Server): number {
  const [main] = server.pids();
  const ended = main === undefined ? 0 : endedChildrenSeconds(main);
  return ended + server.pids().reduce((sum, pid) => sum + cpuSeconds(pid), 0);
}

async function startPostgres(directory: string): Promise<Server> {
  const asRoot = process.getuid?.() === 0;
  const data = join(directory, 'postgres');
  mkdirSync(data);
  const identity = asRoot
    ? { uid: Number(execFileSync('id', ['-u', 'postgres']).toString()), gid: Number(execFileSync('id', ['-g', 'postgres']).toString()) }
    : {};
  if (identity.uid !== undefined) {
    chmodSync(directory, 0o711);
    chownSync(data, identity.uid, identity.gid);
  }
  execFileSync(join(binaries, 'initdb'), ['-A', 'trust', '-U', 'postgres', '-D', data], { ...identity, stdio: 'ignore', cwd: '/' });
  const port = await freePort();
  const child = spawn(
    join(binaries, 'postgres'),
    ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', '', '-c', 'shared_buffers=256MB', '-c', 'max_connections=100'],
    { ...identity, stdio: 'ignore', cwd: '/' },
  );
  await welcome(port, child);
  const pid = child.pid as number;
  return { name: 'PostgreSQL', port, pids: () => [pid, ...childrenOf(pid)], stop: async () => await ended(child, 'SIGINT') };
}

async function startShoal(directory: string, server: string): Promise<Server> {
  const port = await freePort();
  const http = await freePort();
  const child = spawn(
    process.execPath,
    [server, 'start', '--data-dir', join(directory, 'shoal'), '--listen', `127.0.0.1:${port}`, '--http', `127.0.0.1:${http}`],
    { stdio: ['ignore', 'ignore', 'inherit'] },
  );
  await welcome(port, child);
  const pid = child.pid as number;
  return { name: 'Shoal', port, pids: () => [pid], stop: async () => await ended(child, 'SIGTERM') };
}

async function welcome(port: number, child: ChildProcess): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} has ended with code ${child.exitCode}`);
    if (psql(port, 'SELECT 1', true) !== undefined) return;
    await new Promise((wait) => setTimeout(wait, 100));
  }
  throw new Error(`nobody answers at port ${port}`);
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = new Promise<void>((done) => child.once('exit', () => done()));
  child.kill(signal);
  await exit;
}

const environment = { ...process.env, PGUSER: 'postgres', PGDATABASE: 'postgres', PGHOST: '127.0.0.1' };

function psql(port: number, sql: string, quiet = false): string | undefined {
  const result = spawnSync(join(binaries, 'psql'), ['-XAtq', '-p', String(port), '-c', sql], {
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', quiet ? 'ignore' : 'inherit'],
  });
  return result.status === 0 ? result.stdout : undefined;
}

interface Sample {
  readonly tps: number;
  /** CPU microseconds of the server for one transaction. */
  readonly cpu: number;
}

function pgbench(server: Server, script: string, mode: string, clients: number, seconds: number): Sample {
  const before = totalCpu(server);
  const result = spawnSync(
    join(binaries, 'pgbench'),
    ['-n', '-b', script, '-M', mode, '-c', String(clients), '-T', String(seconds), '-p', String(server.port)],
    { env: environment, encoding: 'utf8' },
  );
  settle();
  const cpu = totalCpu(server) - before;
  const tps = Number(/tps = ([\d.]+)/.exec(result.stdout)?.[1] ?? 0);
  const count = Number(/number of transactions actually processed: (\d+)/.exec(result.stdout)?.[1] ?? 0);
  if (result.status !== 0 || count === 0) console.error(`${server.name}: ${result.stderr.trim().split('\n').slice(-3).join(' | ')}`);
  return { tps, cpu: (cpu * 1e6) / Math.max(1, count) };
}

/** PostgreSQL's processes end, and are counted, a moment after their clients. */
function settle(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function initialise(server: Server, scale: number): number {
  const start = performance.now();
  const result = spawnSync(join(binaries, 'pgbench'), ['-i', '-q', '-I', 'dtgvp', '-s', String(scale), '-p', String(server.port)], {
    env: environment,
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`pgbench -i fails at ${server.name}: ${result.stderr}`);
  return (performance.now() - start) / 1000;
}

function row(cells: readonly (string | number)[]): void {
  console.log(
    cells
      .map((cell, at) =>
        at === 0 ? String(cell).padEnd(26) : (typeof cell === 'number' ? (cell >= 100 ? cell.toFixed(0) : cell.toFixed(2)) : cell).padStart(11),
      )
      .join(' '),
  );
}

function transactions(servers: readonly [Server, Server], options: Options): void {
  for (const server of servers) initialise(server, options.scale);
  row(['script, protocol, clients', 'PG tps', 'Shoal tps', 'ratio', 'PG us CPU', 'Shoal us', 'CPU ratio']);
  for (const script of options.scripts) {
    for (const mode of options.modes) {
      for (const clients of options.clients) {
        const samples = servers.map((): Sample[] => []);
        for (let round = 0; round < options.rounds; round++) {
          for (const [at, server] of servers.entries()) samples[at]?.push(pgbench(server, builtins.get(script) ?? script, mode, clients, options.seconds));
        }
        const [postgres, shoal] = samples.map((taken) => ({ tps: median(taken.map(({ tps }) => tps)), cpu: median(taken.map(({ cpu }) => cpu)) })) as [
          Sample,
          Sample,
        ];
        row([`${script} ${mode} ${clients}`, postgres.tps, shoal.tps, shoal.tps / postgres.tps, postgres.cpu, shoal.cpu, postgres.cpu / shoal.cpu]);
      }
    }
  }
}

/** Seconds of a psql command whose output is thrown away. */
function timed(server: Server, sql: string): number {
  const start = performance.now();
  const result = spawnSync(join(binaries, 'psql'), ['-XAtq', '-p', String(server.port), '-v', 'FETCH_COUNT=0', '-c', sql], {
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (result.status !== 0) throw new Error(`${server.name} cannot run ${sql}`);
  return (performance.now() - start) / 1000;
}

function bulk(servers: readonly [Server, Server], options: Options): void {
  const works: readonly (readonly [string, (server: Server) => number])[] = [
    ['load (pgbench -i)', (server) => initialise(server, options.scale)],
    ['COPY out', (server) => timed(server, 'COPY pgbench_accounts TO STDOUT')],
    ['SELECT of all rows', (server) => timed(server, 'SELECT * FROM pgbench_accounts')],
    ['SELECT of two columns', (server) => timed(server, 'SELECT aid, abalance FROM pgbench_accounts')],
    ['COPY out binary', (server) => timed(server, 'COPY pgbench_accounts TO STDOUT (FORMAT binary)')],
  ];
  row([`${options.scale * 100_000} rows`, 'PG s', 'Shoal s', 'ratio', 'PG CPU s', 'Shoal CPU', 'CPU ratio']);
  for (const [name, work] of works) {
    const samples = servers.map((): { seconds: number; cpu: number }[] => []);
    for (let round = 0; round < options.rounds; round++) {
      for (const [at, server] of servers.entries()) {
        const before = totalCpu(server);
        const seconds = work(server);
        settle();
        samples[at]?.push({ seconds, cpu: totalCpu(server) - before });
      }
    }
    const [postgres, shoal] = samples.map((taken) => ({ seconds: median(taken.map(({ seconds }) => seconds)), cpu: median(taken.map(({ cpu }) => cpu)) })) as [
      { seconds: number; cpu: number },
      { seconds: number; cpu: number },
    ];
    row([name, postgres.seconds, shoal.seconds, postgres.seconds / shoal.seconds, postgres.cpu, shoal.cpu, postgres.cpu / shoal.cpu]);
  }
}

export const bench: Bench = {
  name: 'pgbench',
  description: 'short transactions (or --bulk: loading and dumping) side by side with PostgreSQL 15',
  async run(args) {
    const options = readOptions(args);
    const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
    const running: Server[] = [];
    try {
      const postgres = await startPostgres(directory);
      running.push(postgres);
      const shoal = await startShoal(directory, options.server);
      running.push(shoal);
      if (options.bulk) bulk([postgres, shoal], options);
      else transactions([postgres, shoal], options);
    } finally {
      for (const server of running) await server.stop();
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
