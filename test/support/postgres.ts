/**
 * A private PostgreSQL 15 in a temporary directory: the oracle of the differential tests. One instance per mocha process, started on first use.
 * PostgreSQL refuses to run as root, so a root test run drops to `postgres` (or `nobody`).
 */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chownSync, cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { peerBinary, peerEnvironment, peersRoot } from '../../scripts/peers.mjs';
import type { Connection } from './connection.js';
import { freePort } from './ports.js';
import { run, stop, tie } from './process.js';

export class Postgres {
  private constructor(
    readonly connection: Connection,
    readonly directory: string,
    private readonly child: ChildProcess,
  ) {}

  static async start(): Promise<Postgres> {
    const binary = peerBinary('postgres');
    if (binary === undefined) throw new Error('PostgreSQL 15 is not available');
    const directory = mkdtempSync(join(tmpdir(), 'shoal-postgres-'));
    process.on('exit', () => rmSync(directory, { recursive: true, force: true }));
    const account = unprivilegedAccount();
    if (account !== undefined) chownSync(directory, account.uid, account.gid);
    const bin = dirname(account === undefined ? binary : readableFor(account, binary, directory));
    const env = { ...peerEnvironment(binary), LC_ALL: 'C', TZ: 'GMT' };
    const prefix = account === undefined ? [] : ['setpriv', `--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', '--'];
    const command = (program: string, args: readonly string[]): [string, string[]] => {
      const [first, ...rest] = [...prefix, join(bin, program), ...args] as [string, ...string[]];
      return [first, rest];
    };
    const data = join(directory, 'data');
    const made = await run(
      ...command('initdb', ['-D', data, '-E', 'UTF8', '--lc-collate=C', '--lc-ctype=C.UTF-8', '--auth=trust', '-U', 'postgres', '--no-sync']),
      {
        env,
        cwd: directory,
      },
    );
    if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`);
    const port = await freePort();
    const settings = [
      'fsync=off',
      'jit=off',
      'listen_addresses=127.0.0.1',
      `unix_socket_directories=${directory}`,
      'shared_buffers=64MB',
      'max_connections=60',
      'timezone=GMT',
      'log_timezone=GMT',
      'lc_messages=C',
    ];
    const child = spawn(...command('postgres', ['-D', data, '-p', String(port), ...settings.flatMap((setting) => ['-c', setting])]), {
      env,
      cwd: directory,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    tie(child);
    let log = '';
    child.stderr.on('data', (chunk: Buffer) => {
      log = (log + chunk.toString('utf8')).slice(-20_000);
    });
    const connection = { host: '127.0.0.1', port, user: 'postgres', database: 'postgres' };
    for (let attempt = 0; !(await answers(connection)); attempt++) {
      if (child.exitCode !== null || attempt > 150) throw new Error(`PostgreSQL did not start:\n${log}`);
      await sleep(100);
    }
    return new Postgres(connection, directory, child);
  }

  /** A fresh database, so that tests do not see each other's tables. */
  async createDatabase(name: string): Promise<Connection> {
    const client = new pg.Client(this.connection);
    await client.connect();
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    await client.query(`CREATE DATABASE ${name}`);
    await client.end();
    return { ...this.connection, database: name };
  }

  async stop(): Promise<void> {
    await stop(this.child, 'SIGINT');
    rmSync(this.directory, { recursive: true, force: true });
  }
}

interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** As root: whom to run as. Otherwise undefined: as oneself. */
function unprivilegedAccount(): Account | undefined {
  if (process.getuid?.() !== 0) return undefined;
  for (const name of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((option) => Number.parseInt(spawnSync('id', [option, name], { encoding: 'utf8' }).stdout, 10));
    if (uid !== undefined && gid !== undefined && !Number.isNaN(uid + gid)) return { uid, gid };
  }
  throw new Error('neither the user postgres nor nobody exists');
}

/** Fetched binaries may lie below a directory that only root can enter: then they are copied next to the data. */
function readableFor(account: Account, binary: string, directory: string): string {
  const allowed = spawnSync('setpriv', [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups', '--', 'test', '-x', binary]).status === 0;
  if (allowed) return binary;
  cpSync(join(peersRoot, 'usr'), join(directory, 'usr'), { recursive: true });
  return binary.replace(peersRoot, directory);
}

async function answers(connection: Connection): Promise<boolean> {
  const client = new pg.Client(connection);
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    await client.end();
    return true;
  } catch {
    return false;
  }
}

let shared: Promise<Postgres> | undefined;

/** The one instance of this mocha process; skips the calling test or suite when PostgreSQL 15 is not available. */
export async function sharedPostgres(context: Mocha.Context): Promise<Postgres> {
  if (peerBinary('postgres') === undefined) {
    console.log('      skipped: PostgreSQL 15 is not installed and could not be fetched');
    return context.skip();
  }
  shared ??= Postgres.start();
  return await shared;
}
