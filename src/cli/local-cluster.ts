/**
 * A cluster on this machine: an etcd and nodes as processes of their own, under one directory. Starting it again starts only what does not run, so it is also how a cluster is
 * completed after a crash or made larger. Called by cli/cluster.ts.
 *
 *     DIR/cluster.json      its ports, chosen once
 *     DIR/NAME.pid          of `etcd`, `node-1`, `node-2`, ...
 *     DIR/NAME.log          what it prints
 *     DIR/NAME/             its data
 */
import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileDurably } from '../storage/files/durable.js';
import { CliError } from './cli-error.js';

export interface LocalClusterOptions {
  readonly directory: string;
  /** Nodes that shall run; those beyond that run already stay. */
  readonly size: number;
  /** The program. */
  readonly etcd: string;
  /** Of each `shoal start`. */
  readonly startArguments: readonly string[];
}

export interface LocalNode {
  readonly id: string;
  readonly postgres: number;
  readonly http: number;
  readonly pid: number;
  /** false: it ran already. */
  readonly started: boolean;
}

export interface LocalCluster {
  readonly directory: string;
  /** etcd://HOST:PORT */
  readonly store: string;
  readonly nodes: readonly LocalNode[];
}

interface Ports {
  readonly etcd: { readonly client: number; readonly peer: number };
  readonly nodes: readonly { readonly postgres: number; readonly http: number }[];
}

interface Process {
  readonly pid: number;
  readonly started: boolean;
}

const host = '127.0.0.1';
const etcdReadyMs = 30_000;
const nodeReadyMs = 120_000;
const endMs = 60_000;
const program = process.argv[1] ?? 'shoal';

export async function startLocalCluster({ directory: given, size, etcd, startArguments }: LocalClusterOptions): Promise<LocalCluster> {
  const directory = resolve(given);
  mkdirSync(directory, { recursive: true });
  return await alone(directory, async () => {
    const ports = await choosePorts(directory, size);
    const store = `etcd://${host}:${ports.etcd.client}`;
    const client = `http://${host}:${ports.etcd.client}`;
    const peer = `http://${host}:${ports.etcd.peer}`;
    const coordination = launch(directory, 'etcd', etcd, [
      ...['--name', 'local', '--data-dir', join(directory, 'etcd'), '--log-level', 'warn', '--logger', 'zap'],
      ...['--listen-client-urls', client, '--advertise-client-urls', client],
      ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer, '--initial-cluster', `local=${peer}`],
      // The history that watches need is that of minutes.
      ...['--auto-compaction-mode', 'periodic', '--auto-compaction-retention', '1h'],
    ]);
    await ready(directory, 'etcd', coordination, `${client}/health`, etcdReadyMs);
    const nodes = ports.nodes.map(({ postgres, http }, index): LocalNode => {
      const id = `node-${index + 1}`;
      const place = ['--data-dir', join(directory, id), '--listen', `${host}:${postgres}`, '--http', `${host}:${http}`];
      const started = launch(directory, id, process.execPath, [program, 'start', ...place, '--cluster', store, '--node-id', id, ...startArguments]);
      return { id, postgres, http, ...started };
    });
    await Promise.all(
      nodes.map(async (node) => {
        await ready(directory, node.id, node, `http://${host}:${node.http}/health`, nodeReadyMs);
      }),
    );
    return { directory, store, nodes };
  });
}

/** Lines about what was done. The nodes first: they say goodbye to the store. */
export async function stopLocalCluster(given: string, purge: boolean): Promise<readonly string[]> {
  const directory = resolve(given);
  if (!existsSync(join(directory, 'cluster.json'))) throw new CliError(`there is no cluster in "${directory}"`, 'name its directory with --dir');
  return await alone(directory, async () => {
    const { nodes } = readPorts(directory);
    const names = nodes.map((_, index) => `node-${index + 1}`);
    const lines = [...(await Promise.all(names.map(async (name) => await end(directory, name)))), await end(directory, 'etcd')];
    if (purge) {
      for (const name of [...names, 'etcd']) {
        rmSync(join(directory, name), { recursive: true, force: true });
        rmSync(join(directory, `${name}.log`), { force: true });
      }
      rmSync(join(directory, 'cluster.json'));
      lines.push(`what it kept in ${directory} is removed`);
    }
    return lines;
  });
}

/** One `up` or `down` in a directory at a time. */
async function alone<T>(directory: string, run: () => Promise<T>): Promise<T> {
  const lock = join(directory, 'busy.pid');
  for (let attempt = 0; ; attempt++) {
    try {
      writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      const holder = Number(readFile(lock) ?? 0);
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || attempt > 0) {
        throw new CliError(`cannot work in "${directory}": ${attempt > 0 ? `process ${holder} does` : (error as Error).message}`);
      }
      // What is left of one that was killed.
      if (isAlive(holder)) throw new CliError(`process ${holder} is starting or stopping the cluster in "${directory}"`, 'wait for it');
      rmSync(lock, { force: true });
    }
  }
  try {
    return await run();
  } finally {
    rmSync(lock, { force: true });
  }
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

function readPorts(directory: string): Ports {
  return JSON.parse(readFileSync(join(directory, 'cluster.json'), 'utf8')) as Ports;
}

/** Those that the cluster has, and new ones for new nodes. */
async function choosePorts(directory: string, size: number): Promise<Ports> {
  const kept = existsSync(join(directory, 'cluster.json')) ? readPorts(directory) : undefined;
  const missing = Math.max(0, size - (kept?.nodes.length ?? 0));
  if (kept !== undefined && missing === 0) return kept;
  const free = await freePorts(missing * 2 + 2);
  const take = (): number => free.pop() ?? 0;
  const ports: Ports = {
    etcd: kept?.etcd ?? { client: take(), peer: take() },
    nodes: [...(kept?.nodes ?? []), ...Array.from({ length: missing }, () => ({ postgres: take(), http: take() }))],
  };
  writeFileDurably(join(directory, 'cluster.json'), `${JSON.stringify(ports, undefined, 2)}\n`);
  return ports;
}

/** All different, since all are held until the last is found. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((opened, failed) => {
        server.once('error', failed);
        server.listen(0, host, opened);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(
    servers.map(
      async (server) =>
        await new Promise((closed) => {
          server.close(closed);
        }),
    ),
  );
  return ports;
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  // A dead child that nobody has waited for yet is no process any more.
  return !/^\d+ \(.*\) Z/s.test(readFile(`/proc/${pid}/stat`) ?? '');
}

/** The process of that name, if it runs. Its number may have gone to another process since: Linux tells by the command line. */
function running(directory: string, name: string): number | undefined {
  const pid = Number(readFile(join(directory, `${name}.pid`)) ?? 0);
  if (!isAlive(pid)) return undefined;
  const commandLine = readFile(`/proc/${pid}/cmdline`);
  return commandLine === undefined || commandLine.split('\0').includes(join(directory, name)) ? pid : undefined;
}

function launch(directory: string, name: string, command: string, args: readonly string[]): Process {
  const there = running(directory, name);
  if (there !== undefined) return { pid: there, started: false };
  const log = openSync(join(directory, `${name}.log`), 'a');
  try {
    const child = spawn(command, args, { detached: true, stdio: ['ignore', log, log] });
    // (A program that is not there is told by the missing pid.)
    child.on('error', () => undefined);
    child.unref();
    if (child.pid === undefined) {
      throw new CliError(`cannot start "${command}"`, name === 'etcd' ? 'install etcd (Debian: etcd-server), or name its program with --etcd' : undefined);
    }
    writeFileSync(join(directory, `${name}.pid`), `${child.pid}\n`);
    return { pid: child.pid, started: true };
  } finally {
    closeSync(log);
  }
}

async function ready(directory: string, name: string, { pid }: Process, url: string, timeoutMs: number): Promise<void> {
  const startMs = performance.now();
  for (;;) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
      // A node that is drained runs: that is all that was asked for.
      if (response.ok || ((await response.json()) as { readonly status?: string }).status === 'draining') return;
    } catch {
      // Not yet.
    }
    const log = join(directory, `${name}.log`);
    const lastLines = (readFile(log) ?? '').trimEnd().split('\n').slice(-5).join('\n');
    if (!isAlive(pid)) throw new CliError(`${name} has ended:\n${lastLines}`, `its log is ${log}`);
    if (performance.now() - startMs > timeoutMs) throw new CliError(`${name} is not ready after ${timeoutMs / 1000} s:\n${lastLines}`, `its log is ${log}`);
    await sleep(100);
  }
}

async function end(directory: string, name: string): Promise<string> {
  const pid = running(directory, name);
  if (pid === undefined) return `${name} does not run`;
  process.kill(pid, 'SIGTERM');
  const startMs = performance.now();
  while (isAlive(pid)) {
    if (performance.now() - startMs > endMs) throw new CliError(`${name} (process ${pid}) does not end`, `its log is ${join(directory, `${name}.log`)}`);
    await sleep(50);
  }
  rmSync(join(directory, `${name}.pid`), { force: true });
  return `${name} has ended (process ${pid})`;
}
