/**
 * A job queue with many workers, PostgreSQL 15 and Shoal side by side: each transaction takes the oldest job that nobody else has (SELECT ... FOR UPDATE SKIP LOCKED),
 * marks it done, and commits. The table is filled anew for every run; afterwards each job must have been done exactly once.
 *
 *   npm run bench -- queue [--jobs 4000] [--rounds 3] [--clients 16] [--modes simple,prepared] [--server path/to/main.js]
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Bench } from './main.js';
import { binaries, builtServer, environment, median, psql, row, type Server, settle, totalCpu, withServers } from './servers.js';

const script = `
BEGIN;
SELECT id FROM jobs WHERE state = 'ready' ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED \\gset
UPDATE jobs SET state = 'done', runs = runs + 1 WHERE id = :id;
COMMIT;
`;

interface Sample {
  readonly tps: number;
  /** CPU microseconds of the server for one job. */
  readonly cpu: number;
}

function fill(server: Server, jobs: number, clause: string): void {
  const sql = `DROP TABLE IF EXISTS jobs;
    CREATE TABLE jobs (id int PRIMARY KEY, state text NOT NULL, runs int NOT NULL, payload text)${clause};
    CREATE INDEX ON jobs (state, id);
    INSERT INTO jobs SELECT g, 'ready', 0, repeat('x', 100) FROM generate_series(1, ${jobs}) g`;
  if (psql(server.port, sql) === undefined) throw new Error(`${server.name} cannot make the queue`);
}

function work(server: Server, file: string, mode: string, clients: number, jobs: number): Sample {
  const before = totalCpu(server);
  const each = Math.floor(jobs / clients);
  const result = spawnSync(join(binaries, 'pgbench'), ['-n', '-f', file, '-M', mode, '-c', String(clients), '-t', String(each), '-p', String(server.port)], {
    env: environment,
    encoding: 'utf8',
  });
  settle();
  const cpu = totalCpu(server) - before;
  if (result.status !== 0) throw new Error(`${server.name}: ${result.stderr.trim().split('\n').slice(-3).join(' | ')}`);
  const wrong = psql(server.port, "SELECT count(*) FILTER (WHERE runs = 1 AND state = 'done'), count(*) FILTER (WHERE runs > 1) FROM jobs")?.trim();
  if (wrong !== `${each * clients}|0`) throw new Error(`${server.name}: jobs done once and more than once: ${wrong}, not ${each * clients}|0`);
  return { tps: Number(/tps = ([\d.]+)/.exec(result.stdout)?.[1] ?? 0), cpu: (cpu * 1e6) / (each * clients) };
}

export const bench: Bench = {
  name: 'queue',
  description: 'a job queue over SELECT ... FOR UPDATE SKIP LOCKED side by side with PostgreSQL 15',
  async run(args) {
    const text = (value: string) => ({ type: 'string', default: value }) as const;
    const { values } = parseArgs({
      args: [...args],
      options: { jobs: text('4000'), rounds: text('3'), clients: text('16'), modes: text('simple,prepared'), server: text(builtServer) },
    });
    const directory = mkdtempSync(join(tmpdir(), 'shoal-queue-'));
    const file = join(directory, 'queue.sql');
    writeFileSync(file, script);
    try {
      await withServers(resolve(values.server), (servers) => {
        row(['jobs, protocol, clients', 'PG jobs/s', 'Shoal', 'ratio', 'PG us CPU', 'Shoal us', 'CPU ratio']);
        for (const layout of ['reference', 'distributed']) {
          for (const mode of values.modes.split(',')) {
            for (const clients of values.clients.split(',').map(Number)) {
              const samples = servers.map((): Sample[] => []);
              for (let round = 0; round < Number(values.rounds); round++) {
                for (const [at, server] of servers.entries()) {
                  fill(server, Number(values.jobs), layout === 'distributed' && server.name === 'Shoal' ? ' PARTITION BY HASH (id) WITH (shards = 4)' : '');
                  samples[at]?.push(work(server, file, mode, clients, Number(values.jobs)));
                }
              }
              const [postgres, shoal] = samples.map((taken) => ({ tps: median(taken.map(({ tps }) => tps)), cpu: median(taken.map(({ cpu }) => cpu)) })) as [
                Sample,
                Sample,
              ];
              row([`${layout} ${mode} ${clients}`, postgres.tps, shoal.tps, shoal.tps / postgres.tps, postgres.cpu, shoal.cpu, postgres.cpu / shoal.cpu]);
            }
          }
        }
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  },
};
