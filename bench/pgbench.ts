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
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench } from './main.js';
import { binaries, builtServer, compareCosts, costColumns, environment, median, row, type Server, settle, totalCpu, withServers } from './servers.js';

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
      server: text(builtServer),
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

function initialise(server: Server, scale: number): number {
  const start = performance.now();
  const result = spawnSync(join(binaries, 'pgbench'), ['-i', '-q', '-I', 'dtgvp', '-s', String(scale), '-p', String(server.port)], {
    env: environment,
    encoding: 'utf8',
  });
  if (result.status !== 0) throw new Error(`pgbench -i fails at ${server.name}: ${result.stderr}`);
  return (performance.now() - start) / 1000;
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
  row([`${options.scale * 100_000} rows`, ...costColumns]);
  for (const [name, work] of works) compareCosts(name, servers, options.rounds, work);
}

export const bench: Bench = {
  name: 'pgbench',
  description: 'short transactions (or --bulk: loading and dumping) side by side with PostgreSQL 15',
  async run(args) {
    const options = readOptions(args);
    await withServers(options.server, (servers) => {
      if (options.bulk) bulk(servers, options);
      else transactions(servers, options);
    });
  },
};
