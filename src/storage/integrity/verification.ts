/**
 * Looks at the files of an open database on a thread that is started for it and ends with it. Called by a session for shoal_verify() and shoal_check(), and by the
 * schedule on the main thread.
 */
import { Worker } from 'node:worker_threads';
import { PgError } from '../../common/errors.js';
import { workerUrl } from '../../common/worker-url.js';
import { serverLog } from '../server-log.js';
import type { Finding } from './finding.js';
import { damageHint } from './damage.js';

/** verify: pages against their checksums. check: also trees, indexes, placement, the catalog's files. */
export type VerificationKind = 'verify' | 'check';

export interface VerificationTask {
  /** The database's own directory. */
  readonly directory: string;
  readonly kind: VerificationKind;
  /** Rest after each MB, so that the disk and the processor are left to others. */
  readonly restMs: number;
  /** One Int32: not 0 = stop. */
  readonly stop: SharedArrayBuffer;
}

export type VerificationAnswer = { readonly kind: 'done'; readonly findings: readonly Finding[] } | { readonly kind: 'failed'; readonly error: unknown };

export class Verification {
  private readonly stopWord = new Int32Array(new SharedArrayBuffer(4));
  readonly findings: Promise<readonly Finding[]>;

  constructor(directory: string, kind: VerificationKind, restMs = 0) {
    const { url, execArgv } = workerUrl('./verification-worker.js', import.meta.url);
    const task: VerificationTask = { directory, kind, restMs, stop: this.stopWord.buffer };
    this.findings = new Promise((resolve, reject) => {
      const worker = new Worker(url, { workerData: task, name: 'verification', execArgv });
      worker.on('message', (answer: VerificationAnswer) => {
        if (answer.kind === 'done') resolve(answer.findings);
        else reject(PgError.deserialize(answer.error));
      });
      worker.on('error', reject);
      worker.on('exit', () => reject(new PgError('57P01', 'the verification has ended early')));
    });
    this.findings.catch(() => undefined);
  }

  /** It fails with 57014 soon. */
  stop(): void {
    Atomics.store(this.stopWord, 0, 1);
    Atomics.notify(this.stopWord, 0);
  }
}

/** Looks that nobody waits for rest so long now and then. */
export const scheduledRestMs = 5;
const timerMsMax = 2 ** 31 - 1;

/**
 * Verifies the pages of all databases again and again, slowly, one after the other; what is found is in the server's log and in shoal.damage. Then has their copies on other
 * nodes compared. Owned by cli/compose.
 */
export class VerificationSchedule {
  private timer: NodeJS.Timeout | undefined;
  private running: Verification | undefined;
  private closed = false;

  /** intervalMs: from the end of one to the beginning of the next; 0 = never. */
  constructor(
    private readonly directories: () => readonly string[],
    private readonly intervalMs: number,
    private readonly compareCopies: () => Promise<void>,
  ) {
    this.plan();
  }

  async close(): Promise<void> {
    this.closed = true;
    clearTimeout(this.timer);
    this.running?.stop();
    await this.running?.findings.catch(() => undefined);
  }

  private plan(): void {
    if (this.intervalMs <= 0 || this.closed) return;
    this.timer = setTimeout(() => void this.run(), Math.min(this.intervalMs, timerMsMax));
    this.timer.unref();
  }

  private async run(): Promise<void> {
    for (const directory of this.directories()) if (!this.closed) await this.verify(directory);
    if (!this.closed) await this.compareCopies();
    this.plan();
  }

  private async verify(directory: string): Promise<void> {
    const running = new Verification(directory, 'verify', scheduledRestMs);
    this.running = running;
    try {
      const findings = await running.findings;
      if (findings.length > 0) serverLog('WARNING', `verification has found ${String(findings.length)} damaged pages in "${directory}"`, damageHint);
    } catch (error) {
      if (!(error instanceof PgError && error.code === '57014')) {
        serverLog('WARNING', `verification of "${directory}" could not be finished: ${error instanceof Error ? error.message : String(error)}`);
      }
    } finally {
      this.running = undefined;
    }
  }
}
