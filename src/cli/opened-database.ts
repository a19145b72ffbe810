/**
 * A database as a front-end thread works with it, whether this node's storage threads host it or another node does. Made of the ports that the main thread has given; called
 * by cli/compose-front-end.ts.
 */
import { once } from 'node:events';
import { receiveMessageOnPort } from 'node:worker_threads';
import { serverDatabaseOid } from '../catalog/server-catalog.js';
import type { CatalogData } from '../catalog/snapshot.js';
import type { RemotePorts } from '../cluster/remote/open-remote.js';
import type { AttachedCopy } from '../cluster/remote/remote-copy.js';
import { RemoteDatabase } from '../cluster/remote/remote-database.js';
import { lostPrimary, PrimaryLane, primaryReads } from '../cluster/remote/primary-clients.js';
import { PgError } from '../common/errors.js';
import { type Client, connect } from '../common/rpc.js';
import { signal } from '../common/signal.js';
import { registerFunctions } from '../functions/sqlite-register.js';
import type { CatalogFeed, ServicesOptions } from '../proxy/session/services.js';
import type { BackupControl } from '../storage/backup/backup-control.js';
import { type FrontEndPorts, portsToTransfer } from '../storage/database-host.js';
import { DatabaseLayout } from '../storage/files/layout.js';
import type { CatalogPublication, PositionService, ReadService, WriteService } from '../storage/ports.js';
import { Reader } from '../storage/read/reader.js';
import { ShortReads } from '../storage/read/short-reads.js';
import { CatalogVersionWord, DeferredCommitsWord } from '../storage/shared.js';

/** The part of ServicesOptions that is the database's. */
type DatabaseOptions = Pick<
  ServicesOptions,
  'catalog' | 'catalogFeed' | 'home' | 'inline' | 'shortReads' | 'commitsDeferred' | 'lane' | 'backup' | 'directory' | 'isReplicated'
>;

export interface OpenedDatabase extends DatabaseOptions {
  /** Calls `publish` with catalogs that come while nobody takes them from the feed. */
  follow(publish: (catalog: CatalogData) => void): void;
  /** A cancel word of this thread has another value. */
  cancelChanged(slot: number, value: number): void;
  /** For the first front end that is there: sessions can come. */
  ready(): void;
  /** The epoch of the database in which it was opened (AttachmentFacts). */
  readonly epoch: number;
  /** Resolves when the ports are closed, or `leave` was called: the node of the database is lost, or writes it no more. */
  readonly lost: Promise<void>;
  /** Another node writes the database now: closes the ports when what was asked over them is answered, if it can be. */
  leave(): Promise<void>;
  close(): void;
}

export async function openDatabase(ports: FrontEndPorts | RemotePorts, nodeName: string): Promise<OpenedDatabase> {
  return ports.kind === 'local' ? await openLocal(ports, nodeName) : await openRemote(ports);
}

async function openLocal(ports: FrontEndPorts, nodeName: string): Promise<OpenedDatabase> {
  const { shared, location, catalog } = ports;
  const { directory } = location;
  const [first] = (await Promise.race([once(catalog, 'message'), once(catalog, 'close')])) as [CatalogPublication | undefined];
  if (first === undefined) {
    for (const port of portsToTransfer(ports)) port.close();
    throw new PgError('08006', 'the database has been closed');
  }
  const reader = shortReader(ports);
  const shortReads = new ShortReads({ layout: layoutOf(ports), register: registerFunctions, shared });
  const newest = new CatalogVersionWord(shared.control);
  const deferred = new DeferredCommitsWord(shared.control);
  const left = signal();
  const lost = Promise.race([once(ports.lane, 'close'), left.given]).then(() => undefined);
  const closed = (): Error => lostPrimary('this one');
  const isReplicated = ports.epoch > 0;
  const lane = connect<WriteService & PositionService>(ports.lane, isReplicated ? closed : undefined);
  const primary = isReplicated ? new PrimaryLane(lane) : undefined;
  const close = (): void => {
    reader.shutdown();
    shortReads.close();
    for (const port of portsToTransfer(ports)) port.close();
  };
  const reads = (client: Client<ReadService>): Client<ReadService> => (isReplicated ? primaryReads(client) : client);
  return {
    catalog: first.catalog,
    catalogFeed: {
      get version() {
        return newest.value;
      },
      take: () => (receiveMessageOnPort(catalog) as { readonly message: CatalogPublication } | undefined)?.message.catalog,
    },
    follow: (publish) => {
      catalog.on('message', (publication: CatalogPublication) => {
        publish(publication.catalog);
      });
    },
    home: { name: nodeName, places: ports.scan.map((port) => reads(connect<ReadService>(port, isReplicated ? closed : undefined))), position: lane },
    inline: reads(local(reader)),
    shortReads,
    commitsDeferred: () => deferred.value,
    lane: primary?.client ?? lane,
    backup: connect<BackupControl>(ports.backup),
    directory,
    isReplicated,
    cancelChanged: () => undefined,
    // (The main thread is told by who has asked it for the ports.)
    ready: () => undefined,
    epoch: ports.epoch,
    lost,
    leave: async () => {
      left.give();
      await primary?.leave();
      close();
    },
    close,
  };
}

/** For statements that are short for certain, on this thread. */
function shortReader(ports: FrontEndPorts): Reader {
  return new Reader({ layout: layoutOf(ports), register: registerFunctions, shared: ports.shared, short: true });
}

function layoutOf({ location: { id, directory, serverDirectory } }: FrontEndPorts): DatabaseLayout {
  return new DatabaseLayout(directory, id, serverDirectory === undefined ? undefined : new DatabaseLayout(serverDirectory, serverDatabaseOid));
}

/** This node's own copy of a database that another node writes. */
export interface OwnCopy extends AttachedCopy {
  readonly inline: Client<ReadService>;
}

export function openOwnCopy(ports: FrontEndPorts, nodeName: string): OwnCopy {
  const lost = (): Error => lostPrimary(nodeName);
  const reader = shortReader(ports);
  // (Its catalog comes from the node that writes it.)
  ports.catalog.close();
  ports.backup.close();
  return {
    node: { name: nodeName, places: ports.scan.map((port) => connect<ReadService>(port, lost)), position: connect<PositionService>(ports.lane, lost) },
    inline: local(reader),
    lost: once(ports.lane, 'close').then(() => undefined),
    cancelChanged: () => undefined,
    close: () => {
      reader.shutdown();
      for (const port of portsToTransfer(ports)) port.close();
    },
  };
}

async function openRemote(ports: RemotePorts): Promise<OpenedDatabase> {
  const database = await RemoteDatabase.connect(ports);
  const left = signal();
  // What the newest version is, only the other node knows; whoever commits one there waits until it is in the port here.
  const catalogFeed: CatalogFeed = { version: Infinity, take: () => database.takeCatalog() };
  return {
    catalog: database.initialCatalog,
    catalogFeed,
    follow: (publish) => {
      database.followCatalog(publish);
    },
    home: { name: database.node, places: database.places, position: database.position },
    inline: undefined,
    shortReads: undefined,
    commitsDeferred: () => false,
    lane: database.lane,
    backup: database.backup,
    directory: undefined,
    isReplicated: database.epoch > 0,
    cancelChanged: (slot, value) => {
      database.cancelChanged(slot, value);
    },
    ready: database.ready,
    epoch: database.epoch,
    lost: Promise.race([database.lost, left.given]),
    leave: async () => {
      left.give();
      await database.leave();
    },
    close: () => {
      database.close();
    },
  };
}

/** The reader of this thread behind the same interface as those of other threads. */
function local(reader: Reader): Client<ReadService> {
  const later = async <T>(call: () => T): Promise<T> => {
    await Promise.resolve();
    return call();
  };
  return {
    openSnapshot: async (request) => reader.openSnapshot(request),
    closeSnapshot: async (request) => later(() => reader.closeSnapshot(request)),
    open: async (request) => reader.open(request),
    pull: async (request) => reader.pull(request),
    close: async (request) => later(() => reader.close(request)),
    createLanding: async (request) => reader.createLanding(request),
    land: async (request) => later(() => reader.land(request)),
    fill: async (request) => later(() => reader.fill(request)),
    ship: async (request) => reader.ship(request),
    take: async (request) => reader.take(request),
    finishLanding: async (request) => later(() => reader.finishLanding(request)),
  };
}
