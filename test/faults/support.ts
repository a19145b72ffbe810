/**
 * What the tests of faults share: a load that knows what was acknowledged, small file systems, and a disk that fails on demand.
 *
 * The load writes pairs of rows that add up to nought, in different shards, alone or in explicit transactions: whatever happens to the server, an acknowledged pair
 * must be there and no pair may be there by half.
 */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, openSync, closeSync, rmSync, statfsSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Connection } from '../support/connection.js';
import { tie } from '../support/process.js';
import { connect, textQuery } from '../support/subject.js';

/** As in test/support/shoal.ts. */
export const shoalProgram = process.env['SHOAL_TEST_PROGRAM'] ?? fileURLToPath(new URL('../../bin/shoal', import.meta.url));

export const isRoot = process.getuid?.() === 0;

/** A directory that is removed, and unmounted, at the end. */
export class Scratch {
  readonly directory = mkdtempSync(join(tmpdir(), 'shoal-faults-'));
  private readonly mounted: string[] = [];

  path(name: string): string {
    return join(this.directory, name);
  }

  /** A file system of its own with so much space; skips the test where that needs more rights. */
  mount(context: Mocha.Context, name: string, megabytes: number): string {
    const path = this.path(name);
    mkdirSync(path, { recursive: true });
    if (!isRoot || spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${String(megabytes)}m`, 'tmpfs', path]).status !== 0) {
      console.log('      skipped: needs root, to mount a small file system');
      context.skip();
    }
    this.mounted.push(path);
    return path;
  }

  remount(path: string, options: string): void {
    const { status, stderr } = spawnSync('mount', ['-o', `remount,${options}`, path], { encoding: 'utf8' });
    assert.equal(status, 0, stderr);
  }

  remove(): void {
    for (const path of this.mounted) spawnSync('umount', ['-l', path]);
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/** Takes all the space that is left; answers the file. */
export function fill(directory: string): string {
  const path = join(directory, 'filler');
  const block = Buffer.alloc(64 * 1024, 1);
  const descriptor = openSync(path, 'a');
  try {
    for (let bytes = block.length; bytes >= 4096; bytes /= 2) {
      try {
        for (;;) writeSync(descriptor, block, 0, bytes);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
      }
    }
  } finally {
    closeSync(descriptor);
  }
  return path;
}

export function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** A start that is killed after so many milliseconds, or when it is ready (undefined). */
export async function killedStart(dataDirectory: string, afterMs: number | undefined): Promise<void> {
  const child = spawn(process.execPath, [shoalProgram, 'start', '--data-dir', dataDirectory, '--listen', '127.0.0.1:0', '--http', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  tie(child);
  const gone = once(child, 'exit');
  const ready = once(child.stdout, 'data');
  await (afterMs === undefined ? Promise.race([ready, gone]) : Promise.race([gone, sleep(afterMs)]));
  child.kill('SIGKILL');
  await gone;
}

type Fault = 'no-space' | 'no-sync' | 'no-write';

/** A disk that fails on demand, for servers that are started with `env`. Needs a C compiler, no rights. */
export class FailingDisk {
  private constructor(
    private readonly flags: string,
    readonly env: NodeJS.ProcessEnv,
  ) {}

  static prepare(context: Mocha.Context, scratch: Scratch): FailingDisk {
    const library = scratch.path('fault-shim.so');
    const source = fileURLToPath(new URL('./fault-shim.c', import.meta.url));
    const { error, status } = spawnSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'ignore' });
    if (process.platform !== 'linux' || error !== undefined || status !== 0) {
      console.log('      skipped: needs a C compiler on Linux, to make system calls fail');
      context.skip();
    }
    const flags = scratch.path('flags');
    mkdirSync(flags, { recursive: true });
    return new FailingDisk(flags, { ...process.env, LD_PRELOAD: library, SHOAL_FAULTS: flags });
  }

  /** For files whose path has `part` in it; `reserve`: the file that stands for the last free space. */
  fail(fault: Fault, part: string, reserve?: string): void {
    writeFileSync(join(this.flags, `${fault}.new`), reserve === undefined ? part : `${part}\n${reserve}`);
    spawnSync('mv', [join(this.flags, `${fault}.new`), join(this.flags, fault)]);
  }

  mend(): void {
    for (const fault of ['no-space', 'no-sync', 'no-write']) rmSync(join(this.flags, fault), { force: true });
  }
}

export async function createLedger(connection: Connection): Promise<void> {
  const client = await connect(connection);
  await textQuery(
    client,
    'CREATE TABLE ledger (id int PRIMARY KEY, pair int NOT NULL, amount int NOT NULL, note text) PARTITION BY HASH (id) WITH (shards = 4)',
  );
  await client.end();
}

/** What the clients know, whatever becomes of the server. */
export class Load {
  readonly acknowledged = new Set<number>();
  readonly refused = new Map<string, number>();
  /** Connections that ended without the client's doing. */
  disconnections = 0;
  /** Codes of the FATAL errors that sessions were ended with. */
  readonly farewells = new Set<string>();
  private nextPair = 1;
  private running: Promise<void>[] = [];
  private stopped = false;

  constructor(
    private readonly connection: () => Connection,
    private readonly settings = '',
  ) {}

  start(sessions: number): this {
    this.stopped = false;
    this.running = Array.from({ length: sessions }, async (_, at) => await this.session(at % 2 === 0));
    return this;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.running);
  }

  /** Waits until so many more pairs are acknowledged. */
  async progress(pairs: number, timeoutMs = 20_000): Promise<void> {
    const wanted = this.acknowledged.size + pairs;
    for (let waited = 0; this.acknowledged.size < wanted; waited += 20) {
      assert.ok(waited < timeoutMs, `${String(pairs)} more pairs within ${String(timeoutMs)} ms; refused: ${JSON.stringify([...this.refused])}`);
      await sleep(20);
    }
  }

  /** Waits until a write is refused with this code. */
  async refusal(code: string, timeoutMs = 30_000): Promise<void> {
    const before = this.refused.get(code) ?? 0;
    for (let waited = 0; (this.refused.get(code) ?? 0) === before; waited += 20) {
      assert.ok(waited < timeoutMs, `a write is refused with ${code} within ${String(timeoutMs)} ms`);
      await sleep(20);
    }
  }

  private async session(explicit: boolean): Promise<void> {
    while (!this.stopped) {
      let client: pg.Client;
      try {
        client = await connect(this.connection());
        if (this.settings !== '') await client.query(this.settings);
      } catch {
        await sleep(50);
        continue;
      }
      await this.work(client, explicit);
      await client.end().catch(() => undefined);
    }
  }

  private async work(client: pg.Client, explicit: boolean): Promise<void> {
    while (!this.stopped) {
      const pair = this.nextPair++;
      const note = 'n'.repeat(pair % 10 === 0 ? 3000 : 300);
      try {
        if (explicit) {
          await client.query('BEGIN');
          await client.query('INSERT INTO ledger VALUES ($1, $2, $3, $4)', [2 * pair, pair, pair, note]);
          await client.query('INSERT INTO ledger VALUES ($1, $2, $3, $4)', [2 * pair + 1, pair, -pair, note]);
          await client.query('COMMIT');
        } else {
          await client.query('INSERT INTO ledger VALUES ($1, $2, $3, $5), ($4, $2, -$3::int, $5)', [2 * pair, pair, pair, 2 * pair + 1, note]);
        }
        this.acknowledged.add(pair);
      } catch (error) {
        if (!(error instanceof pg.DatabaseError) || error.code === undefined) {
          this.disconnections++;
          return;
        }
        if (error.severity === 'FATAL' || error.code.startsWith('57P')) {
          this.farewells.add(error.code);
          this.disconnections++;
          return;
        }
        this.refused.set(error.code, (this.refused.get(error.code) ?? 0) + 1);
        await client.query('ROLLBACK').catch(() => undefined);
        await sleep(5);
      }
    }
  }

  /** Everything acknowledged is there, nothing by half. */
  async verify(connection: Connection): Promise<void> {
    // (The load may go on.)
    const acknowledged = [...this.acknowledged];
    const client = await connect(connection);
    const { rows } = await textQuery(client, 'SELECT pair, count(*), sum(amount) FROM ledger GROUP BY pair');
    await client.end();
    const found = new Set<number>();
    for (const [pair, count, sum] of rows) {
      assert.deepEqual([count, sum], ['2', '0'], `pair ${String(pair)} is there as a whole`);
      found.add(Number(pair));
    }
    const lost = acknowledged.filter((pair) => !found.has(pair));
    assert.deepEqual(lost.slice(0, 10), [], `${String(lost.length)} of ${String(acknowledged.length)} acknowledged pairs are lost`);
    assert.ok(acknowledged.length > 0, 'the load has done something');
  }
}
