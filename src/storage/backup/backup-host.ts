/**
 * The main thread's side of backups: starts the backup thread when a session asks for something or the log is to be archived continuously, and ends it when neither
 * is the case, so that a server without backups does not pay for them. Owned by storage/database-host.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import { PgError } from '../../common/errors.js';
import { type Client, connect, serve } from '../../common/rpc.js';
import { workerUrl } from '../../common/worker-url.js';
import type { WriteService } from '../ports.js';
import type { ArchivePlace } from './archive-place.js';
import type { BackupControl, BackupRequest, BackupState } from './backup-control.js';
import type { BackupWorkerData, CloseBackupWorker, KeptPlace } from './backup-worker.js';
import { logLine } from '../../common/log-line.js';

const closeWithinMs = 5_000;
const restartMs = 10_000;

interface Thread {
  readonly worker: Worker;
  readonly port: MessagePort;
  readonly control: Client<BackupControl>;
  readonly ended: Promise<void>;
}

export class BackupHost implements BackupControl {
  private thread: Thread | undefined;
  private closed = false;
  /** Another node writes the database. */
  private isSuspended = false;

  constructor(
    private readonly directory: string,
    private readonly database: string,
    private readonly attachLane: () => MessagePort,
    private readonly place: ArchivePlace,
  ) {}

  /** Whether there is a backup, or continuous archiving. */
  get isRunning(): boolean {
    return this.thread !== undefined || this.place.isSet;
  }

  /** When the database is opened, or this node begins to write it, or the place is another one. */
  resume(): void {
    this.isSuspended = false;
    if (!this.closed && this.place.isSet) this.running();
  }

  /** What is kept of the log for an archive that there is no more may go. */
  releaseUnless(): void {
    if (!this.isRunning) this.releaseLog();
  }

  /** Another node archives the log from now on. */
  suspend(): void {
    this.isSuspended = true;
    if (this.thread !== undefined) this.end(this.thread);
  }

  async start(request: BackupRequest): Promise<{ readonly run: number }> {
    return await this.running().control.start(request);
  }

  async poll(request: { readonly run: number }): Promise<BackupState> {
    const thread = this.running();
    try {
      const state = await thread.control.poll(request);
      if (state.reachedLsn !== undefined && !state.archiving) this.end(thread);
      return state;
    } catch (error) {
      if (!(error instanceof PgError && error.code === 'XX000') && !this.place.isSet) this.end(thread);
      throw error;
    }
  }

  async cancel(request: { readonly run: number }): Promise<void> {
    await this.thread?.control.cancel(request);
  }

  async stopArchiving(): Promise<{ readonly location: string | undefined }> {
    const thread = this.running();
    const answer = await thread.control.stopArchiving(undefined);
    this.end(thread);
    return answer;
  }

  async shutdown(): Promise<void> {
    this.closed = true;
    const { thread } = this;
    if (thread === undefined) return;
    this.end(thread);
    // A copy of a large file cannot be interrupted: the process ends with it.
    await Promise.race([thread.ended, sleep(2 * closeWithinMs)]);
  }

  /** What a thread that died in the middle of a backup has kept. */
  private releaseLog(): void {
    const port = this.attachLane();
    connect<WriteService>(port)
      .retainLog({ lsn: Infinity })
      // (Whoever writes the database next decides anew.)
      .catch(() => undefined)
      .finally(() => port.close());
  }

  private running(): Thread {
    this.thread ??= this.startThread();
    return this.thread;
  }

  private startThread(): Thread {
    const { port1, port2 } = new MessageChannel();
    const lane = this.attachLane();
    const { port1: asked, port2: placePort } = new MessageChannel();
    const service: { readonly [K in keyof KeptPlace]: (request: Parameters<KeptPlace[K]>[0]) => Promise<void> } = {
      keep: async ({ location }) => await this.place.keep(location),
    };
    serve(asked, service);
    asked.unref();
    const { directory, database, place } = this;
    const data: BackupWorkerData = { directory, database, lane, service: port1, location: place.location, place: placePort };
    const { url, execArgv } = workerUrl('./backup-worker.js', import.meta.url);
    const worker = new Worker(url, { workerData: data, transferList: [lane, port1, placePort], name: 'backup', execArgv });
    const thread: Thread = {
      worker,
      port: port2,
      control: connect<BackupControl>(port2),
      ended: new Promise((resolve) => {
        worker.on('exit', () => {
          resolve();
          port2.close();
          asked.close();
          if (this.thread !== thread) return;
          // It has not been told to: the log stays as it is, and archiving is taken up again.
          this.thread = undefined;
          if (!place.isSet) this.releaseLog();
          setTimeout(() => {
            if (!this.isSuspended) this.resume();
          }, restartMs).unref();
        });
      }),
    };
    worker.on('error', (error) => process.stderr.write(logLine(`the backup thread has failed: ${error.stack ?? error.message}`)));
    return thread;
  }

  private end(thread: Thread): void {
    if (this.thread === thread) this.thread = undefined;
    thread.worker.postMessage({ closeWithinMs } satisfies CloseBackupWorker);
  }
}
