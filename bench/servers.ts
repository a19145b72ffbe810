/**
 * What the benches share: a PostgreSQL 15 and a Shoal of their own, started in a temporary directory, the CPU time that each has used, psql, and table output.
 */
import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** PostgreSQL's programs. */
export const binaries = '/usr/lib/postgresql/15/bin';
const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const builtServer = join(root, 'dist/cli/main.js');

export interface Server {
  readonly name: string;
  readonly port: number;
  /** Processes whose CPU time counts. */
  pids(): readonly number[];
  stop(): Promise<void>;
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

export function totalCpu(server: Server): number {
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

export const environment = { ...process.env, PGUSER: 'postgres', PGDATABASE: 'postgres', PGHOST: '127.0.0.1' };

export function psql(port: number, sql: string, quiet = false): string | undefined {
  const result = spawnSync(join(binaries, 'psql'), ['-XAtq', '-p', String(port), '-c', sql], {
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', quiet ? 'ignore' : 'inherit'],
  });
  return result.status === 0 ? result.stdout : undefined;
}

/** PostgreSQL's processes end, and are counted, a moment after their clients. */
export function settle(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 150);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

export function row(cells: readonly (string | number)[]): void {
  console.log(
    cells
      .map((cell, at) =>
        at === 0 ? String(cell).padEnd(26) : (typeof cell === 'number' ? (cell >= 100 ? cell.toFixed(0) : cell.toFixed(2)) : cell).padStart(11),
      )
      .join(' '),
  );
}

/** Medians of what a piece of work took at one server. */
interface Cost {
  readonly seconds: number;
  /** Of the server. */
  readonly cpuSeconds: number;
}

export const costColumns = ['PG s', 'Shoal s', 'ratio', 'PG CPU s', 'Shoal CPU', 'CPU ratio'] as const;

/** Does `work` (which answers the seconds that count) at both servers in turn, `rounds` times, and prints the row of `costColumns`. */
export function compareCosts(name: string, servers: readonly [Server, Server], rounds: number, work: (server: Server) => number): void {
  const samples = servers.map((): Cost[] => []);
  for (let round = 0; round < rounds; round++) {
    for (const [at, server] of servers.entries()) {
      const before = totalCpu(server);
      const seconds = work(server);
      settle();
      samples[at]?.push({ seconds, cpuSeconds: totalCpu(server) - before });
    }
  }
  const [postgres, shoal] = samples.map((taken) => ({
    seconds: median(taken.map(({ seconds }) => seconds)),
    cpuSeconds: median(taken.map(({ cpuSeconds }) => cpuSeconds)),
  })) as [Cost, Cost];
  row([name, postgres.seconds, shoal.seconds, postgres.seconds / shoal.seconds, postgres.cpuSeconds, shoal.cpuSeconds, postgres.cpuSeconds / shoal.cpuSeconds]);
}

/** Runs `measure` with PostgreSQL and Shoal side by side. server: Shoal's main.js. */
export async function withServers(server: string, measure: (servers: readonly [Server, Server]) => void): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'shoal-bench-'));
  const running: Server[] = [];
  try {
    const postgres = await startPostgres(directory);
    running.push(postgres);
    const shoal = await startShoal(directory, server);
    running.push(shoal);
    measure([postgres, shoal]);
  } finally {
    for (const started of running) await started.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}
