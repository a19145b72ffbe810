/**
 * All databases of a data directory, as the main thread has them: the server's own, which is always open, and the others, opened when a front end wants them and closed
 * when none has for a while. Also makes and removes their files.
 *
 * At the start: the server's database (made from those that are there when there is none), the default one, and all that were not closed in order; so what a crash has
 * left between a database and the server's catalog is settled before anybody comes (Outbox).
 */
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  type DatabaseEntry,
  initialDatabases,
  initialServerCatalog,
  postgresOid,
  type ServerCatalog,
  serverCatalogData,
  serverDatabaseOid,
} from '../catalog/server-catalog.js';
import type { CatalogData } from '../catalog/snapshot.js';
import { PgError } from '../common/errors.js';
import { signal } from '../common/signal.js';
import { DatabaseHost, type DatabaseLocation, type FrontEndPorts } from './database-host.js';
import { removeDatabase } from './files/remove-database.js';
import { DatabaseLayout, parseMadeDirectory, serverDirectory } from './files/layout.js';
import { storedCatalog } from './files/stored-catalog.js';
import { readManifest } from './files/manifest.js';
import { serverLog } from './server-log.js';
import type { StorageThreads } from './storage-threads.js';

/** A database that has been opened, or is about to be. */
interface Open {
  readonly host: Promise<DatabaseHost>;
  /** Front ends that have ports to it. */
  frontEnds: number;
  /** Resolves when the first front end has made it ready for sessions. */
  readonly ready: Promise<void>;
  readonly setReady: () => void;
}

/** How long a database stays open when no front end wants it. */
const idleMsDefault = 10_000;

/** A database that a front end of another node works with. */
export interface EnteredDatabase {
  readonly host: DatabaseHost;
  /** See FrontEndPorts. */
  readonly epoch: number;
  readonly isFirst: boolean;
}

/** The databases of a node, as front ends come to them: of a node alone (DatabaseHosts), or those that it writes in a cluster (cluster/replication/node/replicated-databases). */
export interface HostedDatabases {
  /** Of all databases, open or not, the server's own included. */
  readonly directories: readonly string[];
  /** Whether the database's log is archived continuously. */
  isArchived(entry: DatabaseEntry): boolean;
  /** Ports to the server's database. */
  attachServer(): FrontEndPorts;
  /**
   * Ports to a database. isFirst: nobody was there before, and whoever asks has to make it ready for sessions and to say so (`setReady`): the others wait for that. 57P03
   * when this node does not write it now.
   */
  attach(entry: DatabaseEntry): Promise<{ readonly ports: FrontEndPorts; readonly isFirst: boolean }>;
  /** The host itself, for a front end of another node; as with `attach`, it ends with `release`. undefined: the server's own. */
  enter(entry: DatabaseEntry | undefined): Promise<EnteredDatabase>;
  /** What this node has of a database for reading, whoever writes it. 57P03: nothing, or nothing yet. */
  copyOf(entry: DatabaseEntry): DatabaseHost;
  setReady(oid: number): void;
  /** A database's own catalog as committed last, whether anybody is in it or not. */
  committedCatalog(entry: DatabaseEntry): Promise<CatalogData>;
  /** Where a database lies that is written here. */
  directoryOf(entry: DatabaseEntry): string;
  /** A front end has closed its ports. */
  release(oid: number): void;
  /** Closes a database that nobody is in, so that all of it is in its files. */
  closeNow(oid: number): Promise<void>;
  /** The files of a new database, from those of the template. Answers what names them, in a cluster. */
  copy(template: DatabaseEntry, entry: DatabaseEntry): Promise<string | undefined>;
  /** The files of a database that is closed. made: what `copy` has answered; nothing else is removed. */
  remove(entry: DatabaseEntry, made?: string): Promise<void>;
  close(): Promise<void>;
}

export class DatabaseHosts implements HostedDatabases {
  private readonly open = new Map<number, Open>();
  private readonly idleTimers = new Map<number, NodeJS.Timeout>();
  /** What is being opened or closed: one at a time for each database. */
  private readonly turns = new Map<number, Promise<unknown>>();
  private closing = false;

  private constructor(
    private readonly threads: StorageThreads,
    readonly dataDirectory: string,
    private readonly server: DatabaseHost,
    private readonly idleMs: number,
  ) {}

  /** Failures of the server's database and of the default one: PgError with a hint. What is wrong with others, those who connect to them learn. */
  static async start(threads: StorageThreads, dataDirectory: string, idleMs = idleMsDefault): Promise<DatabaseHosts> {
    const server = await openServer(threads, dataDirectory);
    const hosts = new DatabaseHosts(threads, dataDirectory, server, idleMs);
    try {
      const { databases } = server.catalog.server;
      removeLeftovers(dataDirectory, databases);
      for (const entry of databases) await hosts.openAtStart(entry);
    } catch (error) {
      await hosts.close();
      throw error;
    }
    return hosts;
  }

  private async openAtStart(entry: DatabaseEntry): Promise<void> {
    const location = this.location(entry);
    const wasLeft = existsSync(new DatabaseLayout(location.directory).lockHolder);
    if (!wasLeft && entry.oid !== postgresOid && !DatabaseHost.wantsOpen(location)) return;
    try {
      await this.opened(entry).host;
      this.closeWhenIdle(entry.oid);
    } catch (error) {
      this.open.delete(entry.oid);
      if (entry.oid === postgresOid) throw error;
      serverLog('WARNING', `database "${entry.name}" cannot be opened: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  get directories(): readonly string[] {
    return databaseDirectories(this.dataDirectory);
  }

  isArchived(entry: DatabaseEntry): boolean {
    return DatabaseHost.wantsOpen(this.location(entry));
  }

  /** What the databases share, as it was at the start. */
  get serverCatalog(): ServerCatalog {
    return this.server.catalog.server;
  }

  attachServer(): FrontEndPorts {
    return this.server.attachFrontEnd();
  }

  async attach(entry: DatabaseEntry): Promise<{ readonly ports: FrontEndPorts; readonly isFirst: boolean }> {
    const { host, isFirst } = await this.enter(entry);
    return { ports: host.attachFrontEnd(), isFirst };
  }

  async enter(entry: DatabaseEntry | undefined): Promise<EnteredDatabase> {
    if (this.closing) throw new PgError('57P03', 'the database system is shutting down');
    if (entry === undefined) return { host: this.server, epoch: 0, isFirst: false };
    const open = await this.turn(entry.oid, async () => {
      const found = this.opened(entry);
      try {
        await found.host;
      } catch (error) {
        this.open.delete(entry.oid);
        throw error;
      }
      found.frontEnds++;
      return { ...found, isFirst: found.frontEnds === 1 };
    });
    clearTimeout(this.idleTimers.get(entry.oid));
    const { isFirst } = open;
    if (!isFirst) await open.ready;
    return { host: await open.host, epoch: 0, isFirst };
  }

  copyOf(): DatabaseHost {
    throw new PgError('57P03', 'a node that is alone has no copies');
  }

  async committedCatalog(entry: DatabaseEntry): Promise<CatalogData> {
    const layout = new DatabaseLayout(this.directoryOf(entry), entry.oid, new DatabaseLayout(join(this.dataDirectory, serverDirectory), serverDatabaseOid));
    return await Promise.resolve(storedCatalog(layout).data);
  }

  directoryOf(entry: DatabaseEntry): string {
    return this.location(entry).directory;
  }

  setReady(oid: number): void {
    this.open.get(oid)?.setReady();
  }

  release(oid: number): void {
    const open = this.open.get(oid);
    if (open === undefined) return;
    open.frontEnds--;
    if (open.frontEnds === 0) {
      open.setReady();
      this.closeWhenIdle(oid);
    }
  }

  async closeNow(oid: number): Promise<void> {
    clearTimeout(this.idleTimers.get(oid));
    await this.turn(oid, async () => {
      const open = this.open.get(oid);
      this.open.delete(oid);
      await (await open?.host)?.close();
    });
  }

  async copy(template: DatabaseEntry, entry: DatabaseEntry): Promise<undefined> {
    await this.threads.copy(this.location(template), this.location(entry));
  }

  async remove(entry: DatabaseEntry): Promise<void> {
    await this.turn(entry.oid, async () => {
      removeDatabase(new DatabaseLayout(this.location(entry).directory));
      await Promise.resolve();
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    for (const timer of this.idleTimers.values()) clearTimeout(timer);
    const closed = await Promise.allSettled([...this.open.keys()].map(async (oid) => await this.closeNow(oid)));
    await this.server.close();
    for (const one of closed) if (one.status === 'rejected') throw one.reason;
  }

  private opened(entry: DatabaseEntry): Open {
    let open = this.open.get(entry.oid);
    if (open === undefined) {
      const { given: ready, give: setReady } = signal();
      open = {
        host: DatabaseHost.open(this.threads, this.location(entry)),
        frontEnds: 0,
        ready,
        setReady,
      };
      this.open.set(entry.oid, open);
    }
    return open;
  }

  private closeWhenIdle(oid: number): void {
    if (this.closing) return;
    clearTimeout(this.idleTimers.get(oid));
    const timer = setTimeout(() => {
      const open = this.open.get(oid);
      if (open === undefined || open.frontEnds > 0) return;
      open.host
        .then(async (host) => {
          if (host.isWanted) this.closeWhenIdle(oid);
          else if (open.frontEnds === 0) await this.closeNow(oid);
        })
        .catch((error: unknown) => {
          serverLog('WARNING', `a database could not be closed: ${error instanceof Error ? error.message : String(error)}`);
        });
    }, this.idleMs);
    timer.unref();
    this.idleTimers.set(oid, timer);
  }

  private location(entry: DatabaseEntry): DatabaseLocation {
    return locationOf(this.dataDirectory, entry);
  }

  private async turn<T>(oid: number, work: () => Promise<T>): Promise<T> {
    const result = (this.turns.get(oid) ?? Promise.resolve()).then(work);
    this.turns.set(
      oid,
      result.catch(() => undefined),
    );
    return await result;
  }
}

/** Of all databases in a data directory. */
export function databaseDirectories(dataDirectory: string): readonly string[] {
  return readdirSync(dataDirectory)
    .map((name) => join(dataDirectory, name))
    .filter((directory) => existsSync(new DatabaseLayout(directory).manifest));
}

/** Where a database of a data directory lies. */
export function locationOf(dataDirectory: string, { oid, name, directory }: Pick<DatabaseEntry, 'oid' | 'name' | 'directory'>): DatabaseLocation {
  return { id: oid, name, directory: join(dataDirectory, directory), serverDirectory: join(dataDirectory, serverDirectory) };
}

/** Opens the server's database. Where there is none yet, it is the last thing that is made: then all databases of its list are there. */
async function openServer(threads: StorageThreads, dataDirectory: string): Promise<DatabaseHost> {
  const location: DatabaseLocation = {
    id: serverDatabaseOid,
    name: serverDirectory,
    directory: join(dataDirectory, serverDirectory),
    serverDirectory: undefined,
  };
  if (existsSync(new DatabaseLayout(location.directory).manifest)) return await DatabaseHost.open(threads, location);
  const found = await readUnlisted(threads, dataDirectory);
  for (const entry of initialDatabases) {
    if (existsSync(new DatabaseLayout(join(dataDirectory, entry.directory)).manifest)) continue;
    const host = await DatabaseHost.open(threads, { ...locationOf(dataDirectory, entry), serverDirectory: undefined, isNew: true });
    await host.close();
  }
  return await DatabaseHost.open(threads, { ...location, isNew: true, initialCatalog: serverCatalogData(found) });
}

/**
 * What to share in a data directory without a server's database: as always, or, when there are databases (of a version that had one only, or restored from a backup of one),
 * with those in the list, and with the roles that one of them has kept.
 */
async function readUnlisted(threads: StorageThreads, dataDirectory: string): Promise<ServerCatalog> {
  let server = initialServerCatalog;
  const names = readdirSync(dataDirectory).filter((name) => name !== serverDirectory && existsSync(new DatabaseLayout(join(dataDirectory, name)).manifest));
  for (const directory of names) {
    const initial = initialDatabases.find((entry) => entry.directory === directory);
    const name = initial?.name ?? readManifest(new DatabaseLayout(join(dataDirectory, directory))).database;
    const oid = initial?.oid ?? server.nextOid;
    const host = await DatabaseHost.open(threads, { id: oid, name, directory: join(dataDirectory, directory), serverDirectory: undefined });
    const { server: kept, outbox } = host.catalog;
    await host.close();
    if (kept !== initialServerCatalog && server.roles === initialServerCatalog.roles) server = { ...kept, nextOid: Math.max(kept.nextOid, server.nextOid) };
    const known = server.databases.find((entry) => entry.oid === oid);
    const entry: DatabaseEntry = {
      ...(known ?? { oid, name, directory, owner: 'postgres', isTemplate: false, allowsConnections: true, connectionLimit: -1 }),
      ...(outbox === undefined ? {} : { delivered: outbox.sequence }),
    };
    server = {
      ...server,
      nextOid: Math.max(server.nextOid, oid + 1),
      databases: [...server.databases.filter((other) => other.oid !== oid), entry],
    };
  }
  return server;
}

/** What a CREATE or DROP DATABASE that was cut off has left. */
function removeLeftovers(dataDirectory: string, databases: readonly DatabaseEntry[]): void {
  const known = new Set(databases.map((entry) => entry.directory));
  for (const name of readdirSync(dataDirectory))
    if (parseMadeDirectory(name) !== undefined && !known.has(name)) rmSync(join(dataDirectory, name), { recursive: true, force: true });
}
