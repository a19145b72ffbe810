/**
 * What runs in a storage thread: a piscina task that serves MessagePorts until it is told to close. A scan thread gives every front end a Reader of its own;
 * the lane thread gives all of them the one WriterLane. Started by storage/pools.
 */
import type { MessagePort, Transferable } from 'node:worker_threads';
import type { CatalogData } from '../catalog/snapshot.js';
import { PgError } from '../common/errors.js';
import { serve, Transfer } from '../common/rpc.js';
import { provideInitialSettings } from '../functions/scalar/system.js';
import { registerFunctions } from '../functions/sqlite-register.js';
import type { RegisterFunctions } from './files/connection.js';
import { initialiseDefinitions } from '../catalog/definitions.js';
import { DatabaseLayout } from './files/layout.js';
import { defaultSegmentBytes } from './log/node-log.js';
import type { CatalogPublication, CursorBatch, WriteService } from './ports.js';
import { Reader } from './read/reader.js';
import { CatalogVersionWord, type SharedBuffers } from './shared.js';
import { WriterLane, type WriterLaneOptions } from './write/writer-lane.js';

export interface StorageTask {
  readonly role: 'scan' | 'lane';
  /** The database's own directory. */
  readonly directory: string;
  readonly database: string;
  readonly shared: SharedBuffers;
  /** Built-in values of the settings, for current_setting(). */
  readonly settings: ReadonlyMap<string, string>;
  /** The lane only: log bytes that bring about a checkpoint. */
  readonly checkpointLogBytes: number | undefined;
  readonly control: MessagePort;
}

/** From the main thread to a storage thread. */
export type ControlMessage =
  | { readonly kind: 'serve'; readonly port: MessagePort }
  /** The lane only: every committed catalog goes to this port. */
  | { readonly kind: 'publish'; readonly port: MessagePort }
  | { readonly kind: 'close' };
/** From a storage thread to the main thread. */
export type ControlReply = { readonly kind: 'ready'; readonly catalog: CatalogData | undefined } | { readonly kind: 'failed'; readonly error: unknown };

export const register: RegisterFunctions = (db, holder) => {
  registerFunctions(db, holder);
};

/** Serves until the main thread says 'close'. */
export default async function run(task: StorageTask): Promise<void> {
  try {
    if (task.role === 'lane') await runLane(task);
    else await runScan(task);
  } catch (error) {
    task.control.postMessage({ kind: 'failed', error: PgError.serialize(error) } satisfies ControlReply);
    throw error;
  } finally {
    task.control.close();
  }
}

async function untilClosed(control: MessagePort, attach: (port: MessagePort) => void, follow?: (port: MessagePort) => void): Promise<void> {
  await new Promise<void>((resolve) => {
    control.on('message', (message: ControlMessage) => {
      if (message.kind === 'close') resolve();
      else if (message.kind === 'serve') attach(message.port);
      else follow?.(message.port);
    });
    control.on('close', resolve);
  });
}

async function runScan(task: StorageTask): Promise<void> {
  provideInitialSettings(task.settings);
  const layout = new DatabaseLayout(task.directory);
  // For functions that show definitions; nothing waits for it.
  void initialiseDefinitions();
  const readers = new Set<Reader>();
  task.control.postMessage({ kind: 'ready', catalog: undefined } satisfies ControlReply);
  await untilClosed(task.control, (port) => {
    const reader = new Reader({ layout, register, shared: task.shared });
    readers.add(reader);
    serve(port, transferring(reader));
    port.on('close', () => {
      readers.delete(reader);
      reader.shutdown();
    });
  });
  for (const reader of readers) reader.shutdown();
}

/** Only whole segments of the log can go, so there must be several between two checkpoints. */
function checkpointEvery(bytes: number): Pick<WriterLaneOptions, 'checkpointLogBytes' | 'log'> {
  const segmentBytes = Math.max(65_536, (bytes >> 2) & -4096);
  return { checkpointLogBytes: bytes, ...(segmentBytes < defaultSegmentBytes ? { log: { segmentBytes } } : {}) };
}

async function runLane(task: StorageTask): Promise<void> {
  provideInitialSettings(task.settings);
  void initialiseDefinitions();
  const followers = new Set<MessagePort>();
  const published = new CatalogVersionWord(task.shared.control);
  const lane = WriterLane.open({
    layout: new DatabaseLayout(task.directory),
    database: task.database,
    register,
    shared: task.shared,
    ...(task.checkpointLogBytes === undefined ? {} : checkpointEvery(task.checkpointLogBytes)),
    onCatalog: (publication) => {
      for (const port of followers) port.postMessage(publication);
      published.value = publication.catalog.version;
    },
  });
  task.control.postMessage({ kind: 'ready', catalog: lane.catalog } satisfies ControlReply);
  const attach = (port: MessagePort): void => {
    const own = new Set<number>();
    serve(port, transferring(sessionOf(lane, own)));
    port.on('close', () => {
      for (const transaction of own) lane.rollback({ transaction }).catch(() => undefined);
    });
  };
  await untilClosed(task.control, attach, (port) => {
    followers.add(port);
    port.postMessage({ kind: 'catalog', catalog: lane.catalog } satisfies CatalogPublication);
    port.on('close', () => followers.delete(port));
  });
  await lane.shutdown();
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
