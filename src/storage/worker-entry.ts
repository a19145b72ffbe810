/**
 * What runs in a storage thread: a piscina task that hosts databases and serves MessagePorts until it is told to end. For each database a scan thread gives every front
 * end a Reader of its own; the lane thread gives all of them the database's one WriterLane. Started by storage/storage-threads.
 */
import type { MessagePort, Transferable } from 'node:worker_threads';
import type { CatalogData } from '../catalog/snapshot.js';
import { assert } from '../common/errors.js';
import { serve, Transfer } from '../common/rpc.js';
import { provideInitialSettings } from '../functions/scalar/system.js';
import { registerFunctions } from '../functions/sqlite-register.js';
import type { RegisterFunctions } from './files/connection.js';
import { initialiseDefinitions } from '../catalog/definitions.js';
import { DatabaseLayout } from './files/layout.js';
import { defaultSegmentBytes } from './log/node-log.js';
import type { CatalogPublication, CursorBatch, WriteService } from './ports.js';
import { Reader } from './read/reader.js';
import { CatalogVersionWord } from './shared.js';
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
  /** The thread serves a StorageControl at it. */
  readonly control: MessagePort;
}

/** A database as a storage thread is told of it. */
export interface HostedDatabase {
  /** Its OID. */
  readonly id: number;
  /** Its own directory. */
  readonly directory: string;
  readonly name: string;
  /** The words that lane, readers and front ends of this database share (storage/shared). */
  readonly control: SharedArrayBuffer;
}

/** What the main thread asks of a storage thread (storage/storage-threads). */
export interface StorageControl {
  /** The lane locks and recovers the database, and answers its catalog; a scan thread opens nothing before somebody asks. */
  open(request: HostedDatabase): CatalogData | undefined;
  /** Serves a front end: a ReadService of its own, or the lane's one WriteService. */
  attach(request: { readonly id: number; readonly port: MessagePort }): void;
  /** The lane only: every committed catalog goes to this port, beginning with the present one. */
  follow(request: { readonly id: number; readonly port: MessagePort }): void;
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
  provideInitialSettings(task.settings);
  // For functions that show definitions; nothing waits for it.
  void initialiseDefinitions();
  const host = task.role === 'lane' ? new LaneHost(task) : new ScanHost(task);
  try {
    await new Promise<void>((resolve, reject) => {
      const control: StorageControl = {
        open: (request) => host.open(request),
        attach: (request) => host.attach(request),
        follow: (request) => host.follow(request),
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
  private readonly databases = new Map<number, { readonly database: HostedDatabase; readonly readers: Set<Reader> }>();

  constructor(private readonly task: StorageTask) {}

  open(database: HostedDatabase): undefined {
    this.databases.set(database.id, { database, readers: new Set() });
  }

  attach({ id, port }: { readonly id: number; readonly port: MessagePort }): void {
    const open = this.databases.get(id);
    assert(open !== undefined, `database ${String(id)} is open on this scan thread`);
    const { directory, control } = open.database;
    const reader = new Reader({ layout: new DatabaseLayout(directory), register, shared: { control, cancel: this.task.cancel } });
    open.readers.add(reader);
    serve(port, transferring(reader));
    port.on('close', () => {
      open.readers.delete(reader);
      reader.shutdown();
    });
  }

  follow(): void {
    assert(false, 'a scan thread publishes no catalog');
  }

  async close({ id }: { readonly id: number }): Promise<void> {
    for (const reader of this.databases.get(id)?.readers ?? []) reader.shutdown();
    this.databases.delete(id);
    await Promise.resolve();
  }

  async shutdown(): Promise<void> {
    for (const id of [...this.databases.keys()]) await this.close({ id });
  }
}

interface OpenLane {
  readonly lane: WriterLane;
  readonly followers: Set<MessagePort>;
}

/** The databases of the lane's thread: a WriterLane each. */
class LaneHost implements StorageControl {
  private readonly databases = new Map<number, OpenLane>();

  constructor(private readonly task: StorageTask) {}

  open({ id, directory, name, control }: HostedDatabase): CatalogData {
    const { cancel, checkpointLogBytes } = this.task;
    const followers = new Set<MessagePort>();
    const published = new CatalogVersionWord(control);
    const lane = WriterLane.open({
      layout: new DatabaseLayout(directory),
      database: name,
      register,
      shared: { control, cancel },
      ...(checkpointLogBytes === undefined ? {} : checkpointEvery(checkpointLogBytes)),
      onCatalog: (publication) => {
        for (const port of followers) port.postMessage(publication);
        published.value = publication.catalog.version;
      },
    });
    this.databases.set(id, { lane, followers });
    return lane.catalog;
  }

  private opened(id: number): OpenLane {
    const open = this.databases.get(id);
    assert(open !== undefined, `database ${String(id)} is open on the lane`);
    return open;
  }

  attach({ id, port }: { readonly id: number; readonly port: MessagePort }): void {
    const { lane } = this.opened(id);
    const own = new Set<number>();
    serve(port, transferring(sessionOf(lane, own)));
    port.on('close', () => {
      for (const transaction of own) lane.rollback({ transaction }).catch(() => undefined);
    });
  }

  follow({ id, port }: { readonly id: number; readonly port: MessagePort }): void {
    const { lane, followers } = this.opened(id);
    followers.add(port);
    port.postMessage({ kind: 'catalog', catalog: lane.catalog } satisfies CatalogPublication);
    port.on('close', () => followers.delete(port));
  }

  async close({ id }: { readonly id: number }): Promise<void> {
    const open = this.databases.get(id);
    this.databases.delete(id);
    await open?.lane.shutdown();
  }

  async shutdown(): Promise<void> {
    for (const id of [...this.databases.keys()]) await this.close({ id });
  }
}

/** Only whole segments of the log can go, so there must be several between two checkpoints. */
function checkpointEvery(bytes: number): Pick<WriterLaneOptions, 'checkpointLogBytes' | 'log'> {
  const segmentBytes = Math.max(65_536, (bytes >> 2) & -4096);
  return { checkpointLogBytes: bytes, ...(segmentBytes < defaultSegmentBytes ? { log: { segmentBytes } } : {}) };
}

/** The lane as one front end sees it: its open transactions end with it. */
function sessionOf(lane: WriterLane, own: Set<number>): object {
  const overrides: Pick<WriteService, 'begin' | 'execute' | 'commit' | 'rollback'> = {
    execute: async (request) => {
      const answer = await lane.execute(request);
      if (answer.transaction !== undefined) own.add(answer.transaction);
      return answer;
    },
    begin: async (request) => {
      const answer = await lane.begin(request);
      own.add(answer.transaction);
      return answer;
    },
    commit: async (request) => {
      own.delete(request.transaction);
      return await lane.commit(request);
    },
    rollback: async (request) => {
      own.delete(request.transaction);
      await lane.rollback(request);
    },
  };
  return new Proxy(lane, {
    get: (target, name) => {
      const method: unknown = name in overrides ? overrides[name as keyof typeof overrides] : target[name as keyof WriterLane];
      return typeof method === 'function' ? (method.bind(target) as unknown) : method;
    },
  });
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
