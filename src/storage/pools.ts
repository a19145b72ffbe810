/**
 * The main thread's side of storage: starts the writer lane (which recovers the database first) and the scan threads, and hands every front-end thread its ports.
 * Each thread is a piscina pool of one worker with one task that lasts as long as the thread.
 */
import { join } from 'node:path';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { CatalogData } from '../catalog/snapshot.js';
import { assert, PgError } from '../common/errors.js';
import { workerUrl } from '../common/worker-url.js';
import { serve } from '../common/rpc.js';
import { BackupHost } from './backup/backup-host.js';
import { VerificationSchedule } from './integrity/verification.js';
import { createSharedBuffers, type SharedBuffers } from './shared.js';
import type { ControlMessage, ControlReply, StorageTask } from './worker-entry.js';

export interface StoragePoolsOptions {
  readonly dataDirectory: string;
  readonly database: string;
  readonly scanThreads: number;
  /** Built-in values of the settings by lower-case name. */
  readonly settings?: ReadonlyMap<string, string>;
  /** Statements that can run at once on all front ends. */
  readonly cancelSlots?: number;
  /** Log bytes that bring about a checkpoint. */
  readonly checkpointLogBytes?: number | undefined;
  /** Every page is verified so often; 0 or absent: never. */
  readonly verifyIntervalMs?: number | undefined;
  /** A storage thread has ended by itself: the process cannot go on. */
  readonly onFailure: (error: unknown) => void;
}

/** What a front-end thread gets (all of it is transferable): a ReadService at each scan port, a WriteService at the lane's. */
export interface FrontEndPorts {
  readonly scan: readonly MessagePort[];
  readonly lane: MessagePort;
  /** A BackupControl. */
  readonly backup: MessagePort;
  /** Brings CatalogPublications; `shared.control` tells the version of the newest. */
  readonly catalog: MessagePort;
  readonly shared: SharedBuffers;
  /** For a Reader of the front end's own. */
  readonly directory: string;
}

const replyGraceMs = 200;

class StorageThread {
  private constructor(
    private readonly pool: Piscina,
    private readonly control: MessagePort,
    private readonly ended: Promise<unknown>,
    readonly catalog: CatalogData | undefined,
  ) {}

  static async start(task: Omit<StorageTask, 'control'>, onFailure: (error: unknown) => void): Promise<StorageThread> {
    const { url, execArgv } = workerUrl('./worker-entry.js', import.meta.url);
    const pool = new Piscina({ filename: url.href, execArgv, minThreads: 1, maxThreads: 1, idleTimeout: Infinity, atomics: 'disabled' });
    const channel = new MessageChannel();
    const control = channel.port2;
    const ready = new Promise<CatalogData | undefined>((resolve, reject) => {
      control.on('message', (reply: ControlReply) => {
        if (reply.kind === 'ready') resolve(reply.catalog);
        else reject(PgError.deserialize(reply.error));
      });
    });
    const ended: Promise<unknown> = pool.run({ ...task, control: channel.port1 } satisfies StorageTask, { transferList: [channel.port1] });
    // The reply that says why arrives by another way than the end of the thread: it goes first.
    const failedEarly = ended.then(
      () => {
        throw new Error('a storage thread ended before it was ready');
      },
      async (error: unknown) => {
        await new Promise((resolve) => setTimeout(resolve, replyGraceMs));
        throw error;
      },
    );
    failedEarly.catch(() => undefined);
    try {
      const catalog = await Promise.race([ready, failedEarly]);
      ended.catch(onFailure);
      return new StorageThread(pool, control, ended, catalog);
    } catch (error) {
      await pool.destroy();
      throw error;
    }
  }

  attach(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.control.postMessage({ kind: 'serve', port: port1 } satisfies ControlMessage, [port1]);
    return port2;
  }

  /** A port at which every committed catalog arrives, beginning with the present one. */
  followCatalog(): MessagePort {
    const { port1, port2 } = new MessageChannel();
    this.control.postMessage({ kind: 'publish', port: port1 } satisfies ControlMessage, [port1]);
    return port2;
  }

  async close(): Promise<void> {
    this.control.postMessage({ kind: 'close' } satisfies ControlMessage);
    await this.ended;
    this.control.close();
    await this.pool.destroy();
  }
}

export class StoragePools {
  private constructor(
    readonly directory: string,
    readonly shared: SharedBuffers,
    /** The catalog as recovery has left it. */
    readonly catalog: CatalogData,
    private readonly lane: StorageThread,
    private readonly scans: readonly StorageThread[],
    private readonly verification: VerificationSchedule,
    private readonly backups: BackupHost,
  ) {}

  /** Recovers the database and starts its threads. */
  static async start(options: StoragePoolsOptions): Promise<StoragePools> {
    const directory = join(options.dataDirectory, options.database);
    const shared = createSharedBuffers(options.cancelSlots);
    const { checkpointLogBytes } = options;
    const task = { directory, database: options.database, shared, settings: options.settings ?? new Map<string, string>(), checkpointLogBytes };
    // All at once: the scan threads load their modules while the lane recovers; they open no file before somebody asks.
    const [lane, ...scans] = await Promise.allSettled([
      StorageThread.start({ ...task, role: 'lane' }, options.onFailure),
      ...Array.from({ length: options.scanThreads }, async () => await StorageThread.start({ ...task, role: 'scan' }, options.onFailure)),
    ]);
    const started = [...scans, lane].flatMap((thread) => (thread.status === 'fulfilled' ? [thread.value] : []));
    const failure = [lane, ...scans].find((thread) => thread.status === 'rejected');
    if (failure !== undefined || lane.status === 'rejected') {
      for (const thread of started) await thread.close();
      throw failure?.reason;
    }
    assert(lane.value.catalog !== undefined, 'the lane tells its catalog');
    const { value } = lane;
    const backups = new BackupHost(directory, options.database, () => value.attach());
    backups.resume();
    return new StoragePools(
      directory,
      shared,
      lane.value.catalog,
      value,
      started.slice(0, -1),
      new VerificationSchedule(directory, options.verifyIntervalMs ?? 0),
      backups,
    );
  }

  /** Ports for one more front-end thread. */
  attachFrontEnd(): FrontEndPorts {
    const backup = new MessageChannel();
    serve(backup.port1, this.backups);
    backup.port1.unref();
    return {
      backup: backup.port2,
      scan: this.scans.map((thread) => thread.attach()),
      lane: this.lane.attach(),
      catalog: this.lane.followCatalog(),
      shared: this.shared,
      directory: this.directory,
    };
  }

  /** The backup thread first, then the scan threads, then the lane, which checkpoints. */
  async shutdown(): Promise<void> {
    await this.backups.shutdown();
    await this.verification.close();
    await Promise.all(this.scans.map(async (thread) => await thread.close()));
    await this.lane.close();
  }
}
