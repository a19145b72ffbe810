/**
 * Restores to random points of a running load: a server under load, backups of it in between (one after the other, and continuously), then restores by position and by
 * time, each into a server of its own, whose state must be exactly one that the load had at that point.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../support/random.js';
import { shoalCommand } from '../support/shoal-command.js';
import { Shoal } from '../support/shoal.js';
import { connect } from '../support/subject.js';
import { checkRestored, type RecordedPoint, RestoreLoad } from './restore-load.js';

export interface RestorePointsOptions {
  readonly seed: number;
  readonly points: number;
  readonly loadMs: number;
  /** Where the backup goes; default: a directory. */
  readonly place?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly log: (line: string) => void;
}

export interface RestoreReport {
  readonly points: number;
  readonly transactions: number;
}

export async function restoreToPoints({ seed, points, loadMs, place, env, log }: RestorePointsOptions): Promise<RestoreReport> {
  const random = new Random(seed);
  const directory = mkdtempSync(join(tmpdir(), 'shoal-restore-'));
  const backups = place ?? join(directory, 'backups');
  const environment = { ...process.env, ...env };
  // Small checkpoints, so that the log is trimmed many times.
  const shoal = await Shoal.start({ env: environment, flags: ['--checkpoint-log-kb', '256'] });
  const load = new RestoreLoad();
  const recorded: RecordedPoint[] = [];
  try {
    const back = async (...flags: string[]): Promise<void> => {
      const { status, stdout, stderr } = await shoalCommand(['backup', 'postgres', backups, '--port', String(shoal.port), ...flags], environment);
      if (status !== 0) throw new Error(`the backup failed: ${stdout}${stderr}`);
    };
    await load.start(shoal.connection);
    await sleep(200);
    await back('--continuous');
    const client = await connect(shoal.connection);
    const end = performance.now() + loadMs;
    const record = (async (): Promise<void> => {
      while (performance.now() < end) {
        recorded.push(random.int(0, 1) === 0 ? await load.pointByLsn(client) : await load.pointByTime());
        await sleep(random.int(1, 60));
      }
    })();
    await sleep(loadMs / 4);
    await back();
    await sleep(loadMs / 4);
    await back('--full');
    await record;
    await load.stop();
    await client.end();
    await back();
    if (!shoal.alive) throw new Error(`the server has ended:\n${shoal.log}`);
    log(`seed ${seed}: ${load.transactions} transactions, ${recorded.length} points recorded`);
    const chosen = [recorded[0], recorded.at(-1), ...Array.from({ length: points }, () => recorded[random.int(0, recorded.length - 1)])]
      .filter((point) => point !== undefined)
      .slice(0, points);
    for (const [index, point] of chosen.entries()) {
      await restoreAndCheck(backups, point, directory, environment);
      log(`restored to ${point.options.join(' ')}, ${index + 1} of ${chosen.length}`);
    }
    return { points: chosen.length, transactions: load.transactions };
  } finally {
    await load.stop().catch(() => undefined);
    await shoal.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

async function restoreAndCheck(backups: string, point: RecordedPoint, directory: string, env: NodeJS.ProcessEnv): Promise<void> {
  const dataDirectory = join(directory, 'restored');
  rmSync(dataDirectory, { recursive: true, force: true });
  const { status, stdout, stderr } = await shoalCommand(['restore', backups, '--data-dir', dataDirectory, ...point.options], env);
  if (status !== 0) throw new Error(`restoring to ${point.options.join(' ')} failed: ${stdout}${stderr}`);
  const restored = await Shoal.start({ dataDirectory });
  try {
    await checkRestored(restored.connection, point);
  } finally {
    await restored.kill();
  }
}
