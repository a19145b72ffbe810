/**
 * The main thread's side of the storage threads: one lane thread and the scan threads, which host any number of databases (storage/database-host).
 * Each thread is a piscina pool of one worker with one task that lasts as long as the thread.
 */
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { Piscina } from 'piscina';
import type { CatalogData } from '../catalog/snapshot.js';
import { assert } from '../common/errors.js';
import { type Client, connect } from '../common/rpc.js';
import { type WorkerEntry, workerUrl } from '../common/worker-url.js';
import type { DatabaseLocation } from './database-host.js';
import type { HostedDatabase, StorageControl, StorageTask } from './worker-entry.js';

export interface StorageThreadsOptions {
  readonly scanThreads: number;
  /** Built-in values of the settings by lower-case name. */
  readonly settings?: ReadonlyMap<string, string>;
  /** Statements that can run at once on all front ends. */
  readonly cancelSlots?: number;
  /** Log bytes that bring about a checkpoint. */
  readonly checkpointLogBytes?: number | undefined;
  /** Where disk space is put by for all databases. Absent: each has its own. */
  readonly reservePath?: string | undefined;
  /** What runs in the lane's thread where nodes replicate databases (cluster/replication/node/lane-worker). Absent: storage's own. */
  readonly laneEntry?: WorkerEntry | undefined;
  /** In a cluster: serves a CacheDirectory at the port of each scan thread. */
  readonly serveCaches?: ((port: MessagePort) => void) | undefined;
  /** A storage thread has ended by itself: the process cannot go on. */
  readonly onFailure: (error: unknown) => void;
}

const defaultCancelSlots = 4096;

/** One end of a new channel whose other end is `given` away. */
function portFor(give: (port: MessagePort) => void): MessagePort {
  const { port1, port2 } = new MessageChannel();
  give(port1);
  return port2;
}

class StorageThread {
  private readonly control: Client<StorageControl>;
  private readonly port: MessagePort;
  private readonly pool: Piscina;
  private readonly ended: Promise<unknown>;
  private isEnding = false;

  constructor(
    task: Omit<StorageTask, 'control' | 'caches'>,
    onFailure: (error: unknown) => void,
    { url, execArgv }: WorkerEntry = workerUrl('./worker-entry.js', import.meta.url),
    caches?: MessagePort,
  ) {
    this.pool = new Piscina({ filename: url.href, execArgv, minThreads: 1, maxThreads: 1, idleTimeout: Infinity, atomics: 'disabled' });
    const { port1, port2 } = new MessageChannel();
    this.port = port2;
    this.control = connect<StorageControl>(port2);
    this.ended = this.pool.run({ ...task, control: port1, caches } satisfies StorageTask, { transferList: caches === undefined ? [port1] : [port1, caches] });
    this.ended.catch((error: unknown) => {
      if (!this.isEnding) onFailure(error);
    });
  }

  async open(database: HostedDatabase): Promise<CatalogData | undefined> {
    return await this.control.open(database, database.replica === undefined ? [] : [database.replica.bridge]);
  }

  /** Has the database served at `port`. */
  attach(id: number, port: MessagePort, remote: boolean): void {
    void this.control.attach({ id, port, remote }, [port]);
  }

  /** Every committed catalog of the database goes to `port`, beginning with the present one. */
  follow(id: number, port: MessagePort, remote: boolean): void {
    void this.control.follow({ id, port, remote }, [port]);
  }

  async copy(request: Parameters<StorageControl['copy']>[0]): Promise<void> {
    await this.control.copy(request);
  }

  async close(id: number): Promise<void> {
    await this.control.close({ id });
  }

  async shutdown(): Promise<void> {
    this.isEnding = true;
    // (The answer may be cut off by the end of the thread.)
    this.control.shutdown(undefined as never).catch(() => undefined);
    await this.ended;
    this.port.close();
    await this.pool.destroy();
  }
}

export class StorageThreads {
  /** One word a statement: storage/shared. */
  readonly cancel: SharedArrayBuffer;
  private readonly lane: StorageThread;
  private readonly scans: readonly StorageThread[];

  constructor(options: StorageThreadsOptions) {
    this.cancel = new SharedArrayBuffer((options.cancelSlots ?? defaultCancelSlots) * Int32Array.BYTES_PER_ELEMENT);
    const { checkpointLogBytes, reservePath, onFailure } = options;
    const task = { cancel: this.cancel, settings: options.settings ?? new Map<string, string>(), checkpointLogBytes, reservePath };
    this.lane = new StorageThread({ ...task, role: 'lane' }, onFailure, options.laneEntry);
    const { serveCaches } = options;
    const caches = (): MessagePort | undefined => (serveCaches === undefined ? undefined : portFor(serveCaches));
    this.scans = Array.from({ length: options.scanThreads }, () => new StorageThread({ ...task, role: 'scan' }, onFailure, undefined, caches()));
  }

  /** Recovers a database and has all threads host it. Answers its catalog. */
  async open(database: HostedDatabase): Promise<CatalogData> {
    const { replica: _replica, ...read } = database;
    const [catalog] = await Promise.all([this.lane.open(database), ...this.scans.map(async (thread) => await thread.open(read))]);
    assert(catalog !== undefined, 'the lane tells its catalog');
    return catalog;
  }

  get scanThreads(): number {
    return this.scans.length;
  }

  /** Ports of one front end to a hosted database. */
  attach(id: number): { readonly scan: readonly MessagePort[]; readonly lane: MessagePort; readonly catalog: MessagePort } {
    return {
      scan: this.scans.map((_, thread) => portFor((port) => this.serveScan(id, thread, port, false))),
      lane: this.attachLane(id),
      catalog: portFor((port) => this.serveCatalog(id, port, false)),
    };
  }

  /** A port to the database's lane alone. */
  attachLane(id: number): MessagePort {
    return portFor((port) => this.serveLane(id, port, false));
  }

  /** A ReadService at `port`, which closes if the database is not hosted. remote: for a front end of another node. */
  serveScan(id: number, thread: number, port: MessagePort, remote: boolean): void {
    const scan = this.scans[thread];
    assert(scan !== undefined, `scan thread ${String(thread)} is there`);
    scan.attach(id, port, remote);
  }

  /** A WriteService at `port`. */
  serveLane(id: number, port: MessagePort, remote: boolean): void {
    this.lane.attach(id, port, remote);
  }

  /** CatalogPublications at `port`, and receipts back from another node. */
  serveCatalog(id: number, port: MessagePort, remote: boolean): void {
    this.lane.follow(id, port, remote);
  }

  /** Makes the files of `target` from those of `source`, which nobody writes. */
  async copy(source: DatabaseLocation, target: DatabaseLocation): Promise<void> {
    const [thread] = this.scans;
    assert(thread !== undefined, 'there is a scan thread');
    await thread.copy({ source, target });
  }

  /** First the readers, then the lane, which checkpoints. */
  async close(id: number): Promise<void> {
    await Promise.all(this.scans.map(async (thread) => await thread.close(id)));
    await this.lane.close(id);
  }

  /** Ends the threads and closes what they host. */
  async shutdown(): Promise<void> {
    await Promise.all(this.scans.map(async (thread) => await thread.shutdown()));
    await this.lane.shutdown();
  }
}
