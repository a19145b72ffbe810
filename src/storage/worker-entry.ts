/**
 * What runs in a storage thread: a piscina task that hosts databases and serves MessagePorts until it is told to end. For each database a scan thread gives every front
 * end a Reader of its own; the lane thread gives all of them the database's one WriterLane. Started by storage/storage-threads.
 */
import { existsSync } from 'node:fs';
import type { MessagePort, Transferable } from 'node:worker_threads';
import { serverDatabaseOid } from '../catalog/server-catalog.js';
import type { CatalogData } from '../catalog/snapshot.js';
import { assert, PgError } from '../common/errors.js';
import { serve, Transfer } from '../common/rpc.js';
import { provideInitialSettings } from '../functions/scalar/system.js';
import { registerFunctions } from '../functions/sqlite-register.js';
import { largeCacheKib, type RegisterFunctions } from './files/connection.js';
import { initialiseDefinitions } from '../catalog/definitions.js';
import type { DatabaseLocation } from './database-host.js';
import { copyDatabase } from './files/copy-database.js';
import { DatabaseLayout } from './files/layout.js';
import { SpaceReserve } from './files/space-reserve.js';
import { forgetStoredCatalog } from './files/stored-catalog.js';
import { defaultSegmentBytes } from './log/node-log.js';
import type { CatalogPublication, CatalogReceipt, CursorBatch, FilePosition, PositionService, WriteService } from './ports.js';
import { CachePorts, type Caches, noCaches } from './read/caches.js';
import { Reader } from './read/reader.js';
import { noPosition } from './replica/position-holds.js';
import { type LaneDatabase, noWriter, type OpenReplica, type ReplicaTask } from './replica/lane-database.js';
import { CatalogVersionWord } from './shared.js';
import { deliverOutbox } from './write/outbox.js';
import { WriterLane, type WriterLaneOptions } from './write/writer-lane.js';

/** What a storage thread is started with. */
export interface StorageTask {
  readonly role: 'scan' | 'lane';
  /** The statements' cancel words, of all databases. */
  readonly cancel: SharedArrayBuffer;
  /** Built-in values of the settings, for current_setting(). */
  readonly settings: ReadonlyMap<string, string>;
  /** The lane only: log bytes that bring about a checkpoint. */
  readonly checkpointLogBytes: number | undefined;
  /** The lane only: where disk space is put by for all databases. */
  readonly reservePath: string | undefined;
  /** The thread serves a StorageControl at it. */
  readonly control: MessagePort;
  /** A scan thread only, of a node in a cluster: a CacheDirectory. */
  readonly caches: MessagePort | undefined;
}

/** A database as a storage thread is told of it. */
export interface HostedDatabase extends DatabaseLocation {
  /** The words that lane, readers and front ends of this database share (storage/shared). */
  readonly control: SharedArrayBuffer;
  /** The lane only, of a database with replicas on other nodes. */
  readonly replica?: ReplicaTask;
}

/** What the main thread asks of a storage thread (storage/storage-threads). */
export interface StorageControl {
  /** The lane locks and recovers the database, and answers its catalog; a scan thread opens nothing before somebody asks. */
  open(request: HostedDatabase): Promise<CatalogData | undefined>;
  /** Serves a front end: a ReadService of its own, or the lane's one WriteService. remote: a front end of another node, which does not see this one's shared words. */
  attach(request: { readonly id: number; readonly port: MessagePort; readonly remote: boolean }): void;
  /** The lane only: every committed catalog goes to this port, beginning with the present one. remote: a CatalogReceipt comes back for each. */
  follow(request: { readonly id: number; readonly port: MessagePort; readonly remote: boolean }): void;
  /** A scan thread only: makes the files of `target` from those of `source`, which nobody writes. */
  copy(request: { readonly source: DatabaseLocation; readonly target: DatabaseLocation }): Promise<void>;
  /** Resolves when the thread has none of the database's files open any more; the lane checkpoints and gives the directory's lock back. */
  close(request: { readonly id: number }): Promise<void>;
  /** Closes every database and ends the thread. */
  shutdown(): Promise<void>;
}

export const register: RegisterFunctions = (db, holder) => {
  registerFunctions(db, holder);
};

/** Serves until the main thread says `shutdown`. */
export default async function run(task: StorageTask): Promise<void> {
  await runStorage(task);
}

/** openReplica: where nodes replicate databases (cluster/replication/node/lane-worker). */
export async function runStorage(task: StorageTask, openReplica?: OpenReplica): Promise<void> {
  provideInitialSettings(task.settings);
  // For functions that show definitions; nothing waits for it.
  void initialiseDefinitions();
  const host = task.role === 'lane' ? new LaneHost(task, openReplica) : new ScanHost(task);
  try {
    await new Promise<void>((resolve, reject) => {
      const control: StorageControl = {
        open: async (request) => await host.open(request),
        attach: (request) => host.attach(request),
        follow: (request) => host.follow(request),
        copy: async (request) => await host.copy(request),
        close: async (request) => await host.close(request),
        shutdown: async () => {
          await host.shutdown().then(resolve, reject);
        },
      };
      serve(task.control, control);
      task.control.on('close', resolve);
    });
  } finally {
    task.control.close();
  }
}

/** The databases of a scan thread. */
class ScanHost implements StorageControl {
  private readonly databases = new Map<number, { readonly database: HostedDatabase; readonly readers: Map<MessagePort, Reader> }>();

  private readonly caches: Caches;

  constructor(private readonly task: StorageTask) {
    this.caches = task.caches === undefined ? noCaches : new CachePorts(task.caches);
  }

  async open(database: HostedDatabase): Promise<undefined> {
    this.databases.set(database.id, { database, readers: new Map() });
    return await Promise.resolve(undefined);
  }

  attach({ id, port, remote }: { readonly id: number; readonly port: MessagePort; readonly remote: boolean }): void {
    const open = this.databases.get(id);
    if (open === undefined) {
      port.close();
      return;
    }
    const { control } = open.database;
    const shared = { control, cancel: this.task.cancel };
    const { caches } = this;
    const reader = new Reader({ layout: layoutOf(open.database), register, shared, refusesDeferred: remote, cacheKib: largeCacheKib, caches });
    open.readers.set(port, reader);
    serve(port, transferring(reader));
    port.on('close', () => {
      if (open.readers.delete(port)) reader.shutdown();
    });
  }

  follow(): void {
    assert(false, 'a scan thread publishes no catalog');
  }

  async copy({ source, target }: { readonly source: DatabaseLocation; readonly target: DatabaseLocation }): Promise<void> {
    copyDatabase(layoutOf(source), layoutOf(target), target.name, register);
    await Promise.resolve();
  }

  async close({ id }: { readonly id: number }): Promise<void> {
    const open = this.databases.get(id);
    this.databases.delete(id);
    if (open === undefined) return;
    for (const [port, reader] of open.readers) {
      open.readers.delete(port);
      reader.shutdown();
      port.close();
    }
    forgetStoredCatalog(layoutOf(open.database));
    await Promise.resolve();
  }

  async shutdown(): Promise<void> {
    for (const id of [...this.databases.keys()]) await this.close({ id });
  }
}

interface OpenLane {
  readonly database: LaneDatabase;
  readonly frontEnds: Set<MessagePort>;
  readonly followers: CatalogFollowers;
}

/** The ports at which front ends follow the catalog. */
class CatalogFollowers {
  private readonly ports = new Set<MessagePort>();
  /** Of other nodes: the version that has arrived. Front ends of this node see it in a shared word. */
  private readonly arrived = new Map<MessagePort, number>();
  private waiting: { readonly version: number; readonly resolve: () => void }[] = [];

  add(port: MessagePort, remote: boolean, catalog: CatalogData): void {
    this.ports.add(port);
    port.postMessage({ kind: 'catalog', catalog } satisfies CatalogPublication);
    port.on('close', () => {
      this.ports.delete(port);
      this.arrived.delete(port);
      this.settle();
    });
    if (!remote) return;
    this.arrived.set(port, catalog.version);
    port.on('message', ({ version }: CatalogReceipt) => {
      this.arrived.set(port, version);
      this.settle();
    });
  }

  publish(publication: CatalogPublication): void {
    for (const port of this.ports) port.postMessage(publication);
  }

  /** Resolves when every node that is not lost has a catalog of that version: only then may anybody be told of it, who could ask another node next. */
  async reached(version: number): Promise<void> {
    if (this.lowest() >= version) return;
    await new Promise<void>((resolve) => {
      this.waiting.push({ version, resolve });
    });
  }

  close(): void {
    for (const port of this.ports) port.close();
  }

  private lowest(): number {
    return Math.min(Infinity, ...this.arrived.values());
  }

  private settle(): void {
    const lowest = this.lowest();
    for (const { version, resolve } of this.waiting) if (version <= lowest) resolve();
    this.waiting = this.waiting.filter(({ version }) => version > lowest);
  }
}

/** How long requests to a writer that is gone are answered. */
const lateRequestsMs = 5000;

/** The databases of the lane's thread: a WriterLane each, or what comes and goes in its place. */
class LaneHost implements StorageControl {
  private readonly databases = new Map<number, OpenLane>();
  private readonly reserve: SpaceReserve | undefined;

  constructor(
    private readonly task: StorageTask,
    private readonly openReplica: OpenReplica | undefined,
  ) {
    this.reserve = task.reservePath === undefined ? undefined : new SpaceReserve(task.reservePath);
  }

  async open(database: HostedDatabase): Promise<CatalogData> {
    const { id, name, control, isNew, initialCatalog, replica } = database;
    const layout = layoutOf(database);
    if (isNew !== true && replica === undefined) requireFiles(layout, name);
    const { cancel, checkpointLogBytes } = this.task;
    const followers = new CatalogFollowers();
    const published = new CatalogVersionWord(control);
    const options: WriterLaneOptions = {
      layout,
      database: name,
      register,
      shared: { control, cancel },
      ...(checkpointLogBytes === undefined ? {} : checkpointEvery(checkpointLogBytes)),
      ...(initialCatalog === undefined ? {} : { initialCatalog }),
      ...(this.reserve === undefined ? {} : { reserve: this.reserve }),
      ...(layout.server === undefined ? {} : { serverCatalog: () => this.opened(serverDatabaseOid).database.catalog.server }),
      onCatalog: (publication) => {
        followers.publish(publication);
        published.value = publication.catalog.version;
      },
    };
    const frontEnds = new Set<MessagePort>();
    const opened = replica === undefined ? alone(WriterLane.open(options)) : await this.openReplicated(options, replica, frontEnds);
    this.databases.set(id, { database: opened, frontEnds, followers });
    try {
      const server = layout.server === undefined ? undefined : this.opened(serverDatabaseOid).database.writer;
      if (server !== undefined && opened.writer !== undefined) await deliverOutbox(opened.catalog, server);
    } catch (error) {
      await this.close({ id });
      throw error;
    }
    return opened.catalog;
  }

  /** Front ends are those of one writer: transactions and locks do not outlast it. */
  private async openReplicated(options: WriterLaneOptions, replica: ReplicaTask, frontEnds: Set<MessagePort>): Promise<LaneDatabase> {
    assert(this.openReplica !== undefined, 'the thread was started to replicate databases');
    return await this.openReplica(options, replica, () => {
      const lost = [...frontEnds];
      frontEnds.clear();
      // (What is on its way to it shall be answered: nothing of it has happened. Front ends hear of the next primary before, and go by themselves.)
      const timer = setTimeout(() => {
        for (const port of lost) port.close();
      }, lateRequestsMs);
      timer.unref();
    });
  }

  async copy(): Promise<void> {
    await Promise.resolve();
    assert(false, 'the lane copies no databases');
  }

  private opened(id: number): OpenLane {
    const open = this.databases.get(id);
    assert(open !== undefined, `database ${String(id)} is open on the lane`);
    return open;
  }

  attach({ id, port }: { readonly id: number; readonly port: MessagePort }): void {
    const open = this.databases.get(id);
    if (open === undefined) {
      port.close();
      return;
    }
    const frontEnd = new LaneFrontEnd(open.database, open.followers);
    open.frontEnds.add(port);
    serve(port, transferring(frontEnd.service));
    port.on('close', () => {
      if (open.frontEnds.delete(port)) frontEnd.gone();
    });
  }

  follow({ id, port, remote }: { readonly id: number; readonly port: MessagePort; readonly remote: boolean }): void {
    const open = this.databases.get(id);
    if (open === undefined) port.close();
    else open.followers.add(port, remote, open.database.catalog);
  }

  async close({ id }: { readonly id: number }): Promise<void> {
    const open = this.databases.get(id);
    this.databases.delete(id);
    if (open === undefined) return;
    await open.database.shutdown();
    for (const port of open.frontEnds) port.close();
    open.frontEnds.clear();
    open.followers.close();
  }

  async shutdown(): Promise<void> {
    // (The server's database last: the others ask for its catalog.)
    for (const id of [...this.databases.keys()].sort((a, b) => b - a)) await this.close({ id });
    this.reserve?.keepForStart();
  }
}

function layoutOf({ id, directory, serverDirectory }: Pick<DatabaseLocation, 'id' | 'directory' | 'serverDirectory'>): DatabaseLayout {
  return new DatabaseLayout(directory, id, serverDirectory === undefined ? undefined : new DatabaseLayout(serverDirectory, serverDatabaseOid));
}

/** A database that is in the list must be there: an empty one is not made in its place. */
function requireFiles(layout: DatabaseLayout, name: string): void {
  if (existsSync(layout.directory)) return;
  throw new PgError('XX001', `the directory "${layout.directory}" of database "${name}" is missing`, {
    severity: 'FATAL',
    hint: 'Bring it back from a backup with `shoal restore`, or take it off the list with DROP DATABASE.',
  });
}

/** A database without replicas. */
function alone(writer: WriterLane): LaneDatabase {
  return {
    writer,
    get catalog() {
      return writer.catalog;
    },
    shutdown: async () => await writer.shutdown(),
  };
}

/** Only whole segments of the log can go, so there must be several between two checkpoints. */
function checkpointEvery(bytes: number): Pick<WriterLaneOptions, 'checkpointLogBytes' | 'log'> {
  const segmentBytes = Math.max(65_536, (bytes >> 2) & -4096);
  return { checkpointLogBytes: bytes, ...(segmentBytes < defaultSegmentBytes ? { log: { segmentBytes } } : {}) };
}

/** The lane as one front end sees it: what its sessions have open ends with it. */
class LaneFrontEnd {
  private readonly transactions = new Set<number>();
  /** With advisory locks. */
  private readonly sessions = new Set<number>();
  /** On the position of the files. */
  private readonly holds = new Set<number>();
  /** Cancel words of those who wait for the split of a shard. */
  private readonly splits = new Set<number>();
  private isGone = false;

  /** (Of a replicated database there is not always one. Transactions of one writer are nothing to the next.) */
  private readonly writer: WriterLane | undefined;

  constructor(
    private readonly database: LaneDatabase,
    private readonly followers: CatalogFollowers,
  ) {
    this.writer = database.writer;
  }

  private get lane(): WriterLane {
    if (this.writer === undefined) throw noWriter();
    return this.writer;
  }

  readonly service: object = new Proxy(this, {
    get:
      (frontEnd, name): Method =>
      (request) => {
        if (name in frontEnd.overrides) return (frontEnd.overrides[name as keyof LaneFrontEnd['overrides']] as Method)(request);
        if (name in frontEnd.position) return (frontEnd.position[name as keyof PositionService] as Method)(request);
        const { lane } = frontEnd;
        const method: unknown = lane[name as keyof WriterLane];
        assert(typeof method === 'function', `the lane has a method ${String(name)}`);
        return method.call(lane, request) as unknown;
      },
  });

  private readonly overrides: Pick<WriteService, 'begin' | 'execute' | 'commit' | 'rollback' | 'splitShard' | 'advisory'> = {
    execute: async (request) => {
      const answer = await this.lane.execute(request);
      if (answer.transaction !== undefined) this.began(answer.transaction);
      return answer;
    },
    begin: async (request) => {
      const answer = await this.lane.begin(request);
      this.began(answer.transaction);
      return answer;
    },
    commit: async (request) => {
      this.transactions.delete(request.transaction);
      const answer = await this.lane.commit(request);
      await this.followers.reached(answer.catalogVersion);
      return answer;
    },
    rollback: async (request) => {
      this.transactions.delete(request.transaction);
      await this.lane.rollback(request);
    },
    splitShard: async (request) => {
      const { cancelSlot } = request.context;
      this.splits.add(cancelSlot);
      try {
        const answer = await this.lane.splitShard(request);
        await this.followers.reached(answer.catalogVersion);
        return answer;
      } finally {
        this.splits.delete(cancelSlot);
      }
    },
    advisory: async (request) => {
      if (request.action === 'unlockAll') this.sessions.delete(request.session);
      else this.sessions.add(request.session);
      const answer = await this.lane.advisory(request);
      if (this.isGone) this.unlock(request.session);
      return answer;
    },
  };

  /** (A node that is not primary has a position, too.) */
  private readonly position: PositionService = {
    holdPosition: async (request) => {
      const answer = await this.positions.holdPosition(request);
      if (this.isGone) this.positions.releasePosition(answer);
      else this.holds.add(answer.hold);
      return answer;
    },
    advancePosition: async (request) => {
      await this.positions.advancePosition(request);
    },
    releasePosition: (request) => {
      this.holds.delete(request.hold);
      this.database.position?.releasePosition(request);
    },
    areTablesAsAt: async ({ lsn, tables }) => await Promise.resolve(this.lane.areTablesAsAt(lsn, tables)),
  };

  private get positions(): FilePosition {
    const { position } = this.database;
    if (position === undefined) throw noPosition('this node has no copy of the database');
    return position;
  }

  /** Nobody will end it any more if the front end was lost meanwhile. */
  private began(transaction: number): void {
    if (this.isGone) this.lane.rollback({ transaction }).catch(() => undefined);
    else this.transactions.add(transaction);
  }

  private unlock(session: number): void {
    this.lane.advisory({ session, transaction: undefined, key: 0n, shared: false, action: 'unlockAll' }).catch(() => undefined);
  }

  gone(): void {
    this.isGone = true;
    for (const hold of this.holds) this.database.position?.releasePosition({ hold });
    if (this.writer === undefined) return;
    for (const transaction of this.transactions) this.lane.rollback({ transaction }).catch(() => undefined);
    for (const session of this.sessions) this.unlock(session);
    for (const cancelSlot of this.splits) this.writer.forgetSplitWaiter(cancelSlot);
  }
}

type Method = (request: unknown) => unknown;

/** The service with the buffers of its answers moved and not copied. */
function transferring(service: object): object {
  const methods = new Map<string | symbol, Method>();
  return new Proxy(service, {
    get: (target, name) => {
      const known = methods.get(name);
      if (known !== undefined) return known;
      const method = (target as Record<string | symbol, unknown>)[name];
      if (typeof method !== 'function') return method;
      const moving: Method = (request) => {
        const answer = (method as Method).call(target, request);
        return answer instanceof Promise ? answer.then(withBuffers) : withBuffers(answer);
      };
      methods.set(name, moving);
      return moving;
    },
  });
}

interface Answer extends Partial<CursorBatch> {
  readonly batch?: CursorBatch;
  readonly returning?: readonly Uint8Array[];
}

function withBuffers(value: unknown): unknown {
  // (An array has a method `keys`.)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const { batch, bytes, keys, partitions, returning } = value as Answer;
  const buffers: Transferable[] = [];
  const add = (part: Uint8Array | undefined): void => {
    if (part !== undefined) buffers.push(part.buffer as ArrayBuffer);
  };
  add(bytes);
  add(keys);
  add(batch?.keys);
  partitions?.forEach(add);
  add(batch?.bytes);
  batch?.partitions?.forEach(add);
  returning?.forEach(add);
  return buffers.length === 0 ? value : new Transfer(value, buffers);
}
