/**
 * The databases of which this node has copies, as its main thread has them: opens a replica for each key that names the node (configuration-mirror), closes it when the key does not
 * any more, and gives front ends of all nodes their ways in while this node is the primary. Made by cli/compose-cluster.ts.
 *
 * The server's own database comes first: what the others are called, and where they lie, stands in its list.
 */
import { once } from 'node:events';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { type DatabaseEntry, initialDatabases, serverDatabaseOid } from '../../../catalog/server-catalog.js';
import type { RoleSettings } from '../../../catalog/role.js';
import type { CatalogData } from '../../../catalog/snapshot.js';
import { PgError } from '../../../common/errors.js';
import { connect } from '../../../common/rpc.js';
import { signal } from '../../../common/signal.js';
import { DatabaseHost, type DatabaseLocation, type FrontEndPorts } from '../../../storage/database-host.js';
import { databaseDirectories, type EnteredDatabase, type HostedDatabases, locationOf } from '../../../storage/database-hosts.js';
import { DatabaseLayout, parseMadeDirectory, serverDirectory } from '../../../storage/files/layout.js';
import { removeDatabase } from '../../../storage/files/remove-database.js';
import type { CatalogPublication, WriteService } from '../../../storage/ports.js';
import type { StorageThreads } from '../../../storage/storage-threads.js';
import type { Channel } from '../../channel/channel.js';
import { type Compare, type CoordinationStore, StoreError } from '../../coordination/store.js';
import { messageOf } from '../../coordination/store-client.js';
import type { ClusterKeys } from '../../membership/cluster-keys.js';
import { formatConfiguration, newConfiguration, parseConfiguration } from '../configuration.js';
import { type ConfigurationMirror, names } from './configuration-mirror.js';
import { ArchivePlaces } from './archive-places.js';
import { provideReplicas, ReplicaBridge } from './replica-bridge.js';

export interface ReplicatedDatabasesOptions {
  readonly node: string;
  readonly dataDirectory: string;
  readonly threads: StorageThreads;
  readonly store: CoordinationStore;
  readonly keys: ClusterKeys;
  readonly channel: Channel;
  readonly configurations: ConfigurationMirror;
  /** The list of databases, or what is set for them, has changed. */
  readonly listChanged: () => void;
  /** This node writes a database from now on, or does not any more. */
  readonly primaryChanged: (oid: number) => void;
  readonly log: (line: string) => void;
}

/** From when on this node writes a database until it does not any more. */
interface Term {
  readonly epoch: number;
  /** Somebody makes the database ready for sessions, or has done so. */
  isEntered: boolean;
  readonly ready: Promise<void>;
  readonly setReady: () => void;
}

interface Hosted {
  readonly location: DatabaseLocation;
  readonly bridge: ReplicaBridge;
  /** Resolves when the copy is here. */
  readonly opening: Promise<DatabaseHost>;
  host: DatabaseHost | undefined;
  term: Term | undefined;
}

/** So long a primary may still count on what a copy has acknowledged before it was closed (replication/primary: heardAt). */
const countedMsMax = 1000;
const againMs = 2000;

export class ReplicatedDatabases implements HostedDatabases {
  readonly #hosted = new Map<number, Hosted>();
  /** Being closed. */
  readonly #leaving = new Map<number, Promise<void>>();
  /** The list of databases, as this node's copy of the server's own has it. */
  #entries: readonly DatabaseEntry[] | undefined;
  #settings: readonly RoleSettings[] = [];
  /** Closed copies of databases that have no key although they are in the list, or may be: the store has lost it. */
  readonly #orphans = new Map<number, DatabaseLocation>();
  /** What is being made here, and not in the list yet. */
  readonly #made = new Map<number, DatabaseEntry>();
  readonly #archives: ArchivePlaces;
  #again: NodeJS.Timeout | undefined;
  #hasTidied = false;
  #isOver = false;

  constructor(private readonly options: ReplicatedDatabasesOptions) {
    const { channel, configurations, store, keys } = options;
    this.#archives = new ArchivePlaces(store, keys, () => {
      for (const { host, term } of this.#hosted.values()) if (host !== undefined && term !== undefined) host.isPrimary = true;
    });
    provideReplicas(channel, (database) => this.#hosted.get(Number(database))?.bridge);
    configurations.onChange(() => {
      this.#settle();
    });
    this.#settle();
  }

  /** The list of databases; undefined: there is no copy of it here yet. */
  get entries(): readonly DatabaseEntry[] | undefined {
    return this.#entries;
  }

  /** Those that this node writes, with their directories. */
  get written(): readonly { readonly oid: number; readonly name: string; readonly directory: string }[] {
    return [...this.#hosted].flatMap(([oid, { host, term, location }]) =>
      host === undefined || term === undefined ? [] : [{ oid, name: location.name, directory: location.directory }],
    );
  }

  /** Those that this node has a copy of, or is getting one of. */
  get copies(): readonly {
    readonly database: number;
    readonly directory: string;
    readonly lane: ReplicaBridge['lane'];
    readonly attachLane: () => MessagePort;
  }[] {
    return [...this.#hosted].map(([database, { location, bridge }]) => ({
      ...{ database, directory: location.directory, lane: bridge.lane },
      attachLane: () => this.options.threads.attachLane(database),
    }));
  }

  /** What ALTER DATABASE ... SET has set; undefined: nothing, or there is no copy of the list here yet. */
  databaseSetting(oid: number, name: string): string | undefined {
    const settings = this.#settings.find(({ role, database }) => role === 0 && database === oid);
    return settings?.values.find((setting) => setting.name.toLowerCase() === name)?.value;
  }

  // ---- following the keys ----

  #settle(): void {
    if (this.#isOver) return;
    clearTimeout(this.#again);
    const { configurations, node, log } = this.options;
    for (const [oid, { location }] of this.#hosted) {
      const configuration = configurations.get(oid);
      if (configuration !== undefined && names(configuration, node)) continue;
      // (What all share goes last: the others' threads read it.)
      if (oid === serverDatabaseOid && this.#hosted.size + this.#leaving.size > 1) this.#settleLater();
      else this.#drop(oid, location);
    }
    for (const [oid, location] of this.#orphans) if (configurations.get(oid) !== undefined || !this.#isListed(oid)) this.#settleOrphan(oid, location);
    for (const [oid, configuration] of configurations.all) {
      if (!names(configuration, node) || this.#hosted.has(oid) || this.#leaving.has(oid)) continue;
      const location = this.#location(oid);
      if (location !== undefined) this.#open(oid, location);
    }
    if (this.#entries !== undefined && !this.#hasTidied) {
      this.#hasTidied = true;
      this.#tidy(this.#entries).catch((error: unknown) => {
        log(`what is left of databases that are not on this node any more stays for now: ${messageOf(error)}`);
        this.#hasTidied = false;
        this.#settleLater();
      });
    }
  }

  #settleLater(): void {
    if (this.#isOver) return;
    clearTimeout(this.#again);
    this.#again = setTimeout(() => {
      this.#settle();
    }, againMs);
    this.#again.unref();
  }

  /** undefined: the list does not have it yet, or is not here. */
  #location(oid: number): DatabaseLocation | undefined {
    const { dataDirectory } = this.options;
    if (oid === serverDatabaseOid) return { id: oid, name: serverDirectory, directory: join(dataDirectory, serverDirectory), serverDirectory: undefined };
    if (this.#hosted.get(serverDatabaseOid)?.host === undefined) return undefined;
    const entry = this.#made.get(oid) ?? this.#entries?.find((one) => one.oid === oid);
    return entry === undefined || this.#entries === undefined ? undefined : locationOf(dataDirectory, entry);
  }

  #open(oid: number, location: DatabaseLocation): void {
    const { threads, store, keys, channel, node, log } = this.options;
    const bridge: ReplicaBridge = new ReplicaBridge({
      ...{ database: String(oid), key: keys.database(oid), store, channel },
      report: log,
      writes: (epoch) => {
        const own = this.#hosted.get(oid);
        if (own?.bridge !== bridge) return;
        own.term = epoch === undefined ? undefined : newTerm(epoch);
        this.#primaryChanged(oid, own);
      },
    });
    const opening = DatabaseHost.open(threads, location, { node, creates: false, bridge: bridge.port }, this.#archives.of(oid));
    const hosted: Hosted = { location, bridge, opening, host: undefined, term: undefined };
    this.#hosted.set(oid, hosted);
    opening.then(
      (host) => {
        hosted.host = host;
        if (this.#hosted.get(oid) !== hosted) return;
        if (oid === serverDatabaseOid) this.#followList(threads);
        if (hosted.term !== undefined) this.#primaryChanged(oid, hosted);
      },
      (error: unknown) => {
        if (this.#hosted.get(oid) !== hosted) return;
        log(`database "${location.name}" cannot be opened: ${messageOf(error)}`);
        bridge.close();
        this.#hosted.delete(oid);
        this.#settleLater();
      },
    );
  }

  #primaryChanged(oid: number, { host, term }: Hosted): void {
    if (host === undefined || this.#isOver) return;
    host.isPrimary = term !== undefined;
    this.options.primaryChanged(oid);
  }

  #followList(threads: StorageThreads): void {
    const { port1, port2 } = new MessageChannel();
    threads.serveCatalog(serverDatabaseOid, port1, false);
    port2.on('message', ({ catalog }: CatalogPublication) => {
      this.#entries = catalog.server.databases;
      this.#settings = catalog.server.roleSettings;
      for (const { oid } of this.#entries) this.#made.delete(oid);
      this.#settle();
      this.options.listChanged();
    });
    port2.unref();
  }

  /** Whether the list has a database, or is about to, as far as is known. (The server's own is never dropped.) */
  #isListed(oid: number): boolean {
    return oid === serverDatabaseOid || this.#made.has(oid) || this.#entries === undefined || this.#entries.some((entry) => entry.oid === oid);
  }

  /** The key is there again, or the list does not have the database any more. */
  #settleOrphan(oid: number, location: DatabaseLocation): void {
    this.#orphans.delete(oid);
    if (this.options.configurations.get(oid) === undefined) this.#remove(location);
  }

  #remove(location: DatabaseLocation): void {
    removeDatabase(new DatabaseLayout(location.directory));
    this.options.log(`database "${location.name}" is not on this node any more`);
  }

  /**
   * The key names this node no more: its copy is closed and, once nobody can count on it, removed. A key that is not there at all says nothing by itself: a store that has lost
   * its data must not take the databases with it, so a copy goes when the list of databases does not have it either.
   */
  #drop(oid: number, location: DatabaseLocation): void {
    const leaving = this.#shut(oid)
      .then(async () => {
        if (this.#isOver) return;
        if (this.options.configurations.get(oid) !== undefined) {
          if (await this.#isGivenUp(oid)) this.#remove(location);
        } else if (this.#isListed(oid)) {
          this.#orphans.set(oid, location);
          this.options.log(`database "${location.name}" has no key in the coordination store: its copy is closed, and kept`);
        } else this.#remove(location);
      })
      .catch((error: unknown) => {
        this.options.log(`the copy of database "${location.name}" stays for now: ${messageOf(error)}`);
      })
      .finally(() => {
        this.#leaving.delete(oid);
        this.#settleLater();
      });
    this.#leaving.set(oid, leaving);
  }

  /** Whether nobody counts on the copy of a database that has been closed here. */
  async #isGivenUp(oid: number): Promise<boolean> {
    await sleep(countedMsMax, undefined, { ref: false });
    const { store, keys, node } = this.options;
    const { entry } = await store.get(keys.database(oid));
    return entry !== undefined && !names(parseConfiguration(entry.value), node);
  }

  /** Lets go of a copy. */
  async #shut(oid: number): Promise<void> {
    const hosted = this.#hosted.get(oid);
    if (hosted === undefined) return;
    this.#hosted.delete(oid);
    await hosted.bridge.lane.forget(null).catch(() => undefined);
    const host = await hosted.opening.catch(() => undefined);
    await host?.close();
    hosted.bridge.close();
  }

  /**
   * Once: what a CREATE or DROP DATABASE that was cut off has left, and copies that were given up while this node was away. The store is asked for each: the mirror may be late. What has
   * been opened meanwhile goes its own way (`#drop`).
   */
  async #tidy(entries: readonly DatabaseEntry[]): Promise<void> {
    const { store, keys, node, dataDirectory } = this.options;
    const known = [...entries, ...initialDatabases];
    for (const name of readdirSync(dataDirectory)) {
      const directory = join(dataDirectory, name);
      const made = parseMadeDirectory(name);
      if (name === serverDirectory || (made === undefined && !existsSync(new DatabaseLayout(directory).manifest))) continue;
      const oid = known.find((entry) => entry.directory === name)?.oid ?? made?.oid;
      if (oid !== undefined && made?.isWhole !== false) {
        const { entry } = await store.get(keys.database(oid));
        // (A key that is not there says nothing of what is in the list: the store may have lost it.)
        if (entry === undefined ? known.some((one) => one.oid === oid) : names(parseConfiguration(entry.value), node)) continue;
      }
      if (this.#isOver || (oid !== undefined && this.#isInUse(oid))) continue;
      rmSync(directory, { recursive: true, force: true });
    }
  }

  #isInUse(oid: number): boolean {
    return this.#hosted.has(oid) || this.#leaving.has(oid) || this.#orphans.has(oid) || this.#made.has(oid);
  }

  // ---- HostedDatabases ----

  get directories(): readonly string[] {
    return databaseDirectories(this.options.dataDirectory);
  }

  isArchived({ oid }: DatabaseEntry): boolean {
    return this.#archives.of(oid).isSet;
  }

  attachServer(): FrontEndPorts {
    const { host, term } = this.#writer(serverDatabaseOid);
    return host.attachFrontEnd(term.epoch);
  }

  async attach(entry: DatabaseEntry): Promise<{ readonly ports: FrontEndPorts; readonly isFirst: boolean }> {
    const { host, epoch, isFirst } = await this.enter(entry);
    return { ports: host.attachFrontEnd(epoch), isFirst };
  }

  async enter(entry: DatabaseEntry | undefined): Promise<EnteredDatabase> {
    const oid = entry?.oid ?? serverDatabaseOid;
    const { host, term } = this.#writer(oid);
    const { epoch } = term;
    if (entry === undefined) return { host, epoch, isFirst: false };
    const isFirst = !term.isEntered;
    term.isEntered = true;
    if (!isFirst) {
      await term.ready;
      this.#writer(oid);
    }
    return { host, epoch, isFirst };
  }

  #writer(oid: number): { readonly host: DatabaseHost; readonly term: Term } {
    const { host, term } = this.#hosted.get(oid) ?? {};
    if (host === undefined || term === undefined || this.#isOver) throw new PgError('57P03', 'this node is not the primary of the database');
    return { host, term };
  }

  copyOf({ oid }: DatabaseEntry): DatabaseHost {
    const host = this.#hosted.get(oid)?.host;
    if (host === undefined || this.#isOver) throw new PgError('57P03', 'this node has no copy of the database');
    return host;
  }

  async committedCatalog({ oid }: DatabaseEntry): Promise<CatalogData> {
    this.#writer(oid);
    const { port1, port2 } = new MessageChannel();
    this.options.threads.serveCatalog(oid, port1, false);
    const [publication] = (await Promise.race([once(port2, 'message'), once(port2, 'close')])) as [CatalogPublication | undefined];
    port2.close();
    if (publication === undefined) throw new PgError('57P03', 'this node is not the primary of the database');
    return publication.catalog;
  }

  directoryOf(entry: DatabaseEntry): string {
    return locationOf(this.options.dataDirectory, entry).directory;
  }

  setReady(oid: number): void {
    this.#hosted.get(oid)?.term?.setReady();
  }

  release(): void {
    // (A copy stays open, whoever comes and goes.)
  }

  /** Before a DROP DATABASE, mostly: the key goes after the commit, and with it the copies of all nodes. A store that does not answer is told while nothing has happened. */
  async closeNow(oid: number): Promise<void> {
    await asked(this.options.store.get(this.options.keys.database(oid)));
  }

  async copy(template: DatabaseEntry, entry: DatabaseEntry): Promise<string> {
    const { threads, store, keys, node, dataDirectory, configurations } = this.options;
    this.#writer(template.oid);
    const key = keys.database(entry.oid);
    if ((await asked(store.get(key))).entry !== undefined) throw isTaken(entry, key);
    const port = threads.attachLane(template.oid);
    try {
      await connect<WriteService>(port).flushed(undefined);
    } finally {
      port.close();
    }
    this.#made.set(entry.oid, entry);
    try {
      await threads.copy(locationOf(dataDirectory, template), locationOf(dataDirectory, entry));
    } catch (error) {
      this.#made.delete(entry.oid);
      throw error;
    }
    // (Where the template has copies, the new one gets them, until placement finds better places. Until one of them is in sync commits wait, as they do for the template.)
    const { replicas: others = [], minIsr = 1 } = configurations.get(template.oid) ?? {};
    const value = formatConfiguration(newConfiguration(node, [node, ...others.filter((other) => other !== node)], minIsr));
    const { succeeded, revision } = await asked(store.transact({ when: [{ kind: 'absent', key }], then: [{ kind: 'put', key, value }] }));
    if (succeeded) return String(revision);
    this.#made.delete(entry.oid);
    throw isTaken(entry, key);
  }

  /** (What was not committed may have been cleared away, and its OID be another one's by now.) */
  async remove({ oid }: DatabaseEntry, made?: string): Promise<void> {
    const { store, keys } = this.options;
    this.#made.delete(oid);
    const when: readonly Compare[] = made === undefined ? [] : [{ kind: 'create-revision', key: keys.database(oid), revision: BigInt(made) }];
    const gone = [keys.database(oid), keys.databaseFacts(oid), keys.wish(oid), keys.archive(oid)];
    await asked(store.transact({ when, then: gone.map((key) => ({ kind: 'delete', key })) }));
  }

  /** Before an orderly stop: what this node writes has another primary when it resolves, if there is one that can be. */
  async handOver(): Promise<void> {
    this.#isOver = true;
    const written = [...this.#hosted.values()].filter(({ term }) => term !== undefined);
    await Promise.all(written.map(async ({ bridge }) => await bridge.lane.handOver({ heirs: undefined }).catch(() => undefined)));
  }

  async close(): Promise<void> {
    this.#isOver = true;
    clearTimeout(this.#again);
    for (const { bridge, host } of this.#hosted.values()) if (host === undefined) await bridge.lane.forget(null).catch(() => undefined);
    const close = async (oid: number): Promise<void> => {
      await this.#hosted.get(oid)?.host?.close();
    };
    await Promise.all([...this.#hosted.keys()].filter((oid) => oid !== serverDatabaseOid).map(close));
    await close(serverDatabaseOid);
    for (const { bridge } of this.#hosted.values()) bridge.close();
    this.#archives.close();
    await Promise.all(this.#leaving.values());
  }
}

/** What the store answers to CREATE or DROP DATABASE; PgError when it does not, as ALTER SYSTEM has it (cli/node-place). */
async function asked<T>(answer: Promise<T>): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    if (error.kind === 'unknown-outcome') throw new PgError('40003', `it is not known whether the cluster's coordination store has taken it: ${error.message}`);
    throw new PgError('58000', `the cluster's coordination store does not answer: ${error.message}`);
  }
}

/** A CREATE DATABASE that was cut off has left the key: what lies under it is not what this one wants to make. */
function isTaken({ oid, name }: DatabaseEntry, key: string): PgError {
  return new PgError('58000', `could not create database "${name}": there is a copy of a database with OID ${String(oid)} already`, {
    hint: `A CREATE DATABASE that was cut off has left the key "${key}" in the coordination store, from where it will go by itself: try again.`,
  });
}

function newTerm(epoch: number): Term {
  const { given: ready, give: setReady } = signal();
  return { epoch, isEntered: false, ready, setReady };
}
