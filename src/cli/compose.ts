/**
 * Where ports meet implementations, on the main thread: storage, front-end threads, HTTP, and the order in which they start and stop.
 * Called by cli/start.ts and by tests. What stands behind the wire on a front-end thread is composed in cli/compose-front-end.ts.
 *
 * Order: data directory, all threads, storage recovered, front-end threads composed, sockets listening (clients are told 57P03), demo data, clients let in.
 * Back: clients sent away (57P01), HTTP, checkpoint, storage.
 */
import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { MessageChannel, type Transferable } from 'node:worker_threads';
import { systemClock } from '../common/clock.js';
import { cancelSlotsPerAttachment, type ServedAttachment } from '../cluster/remote/database-service.js';
import { PgError } from '../common/errors.js';
import { type DatabaseEntry, serverDatabaseOid } from '../catalog/server-catalog.js';
import { DnsServer } from '../cluster/discovery/dns-server.js';
import type { ServiceZone, ServingNode } from '../cluster/discovery/names.js';
import { SkyDnsPublication } from '../cluster/discovery/skydns-keys.js';
import type { NodeRecord } from '../cluster/membership/node-record.js';
import { type Inventory, isEmpty } from '../cluster/placement/inventory.js';
import { connect, serve } from '../common/rpc.js';
import { workerUrl } from '../common/worker-url.js';
import type { DemandReporter } from '../cluster/scaler/demand-reporter.js';
import { HttpDemandReporter } from '../cluster/scaler/http-demand-reporter.js';
import { StoreDemandReporter } from '../cluster/scaler/store-demand.js';
import type { NodeControl, NodeHealth } from '../http/node-control.js';
import { CacheStore } from '../cluster/shuffle/cache-store.js';
import { NodeCaches } from '../cluster/shuffle/node-caches.js';
import { type CacheMember, CacheRoutes } from '../http/cache-routes.js';
import { startHttpServer, type HttpServer } from '../http/server.js';
import { formatVerifier, makeVerifier } from '../proxy/auth/scram-verifier.js';
import type { CancelKey } from '../proxy/cancel-registry.js';
import { ConnectionLimit } from '../proxy/connection-limit.js';
import { FrontEndThread, ListenError, type FrontEndThreadData, type NodeConfiguration } from '../proxy/front-end-thread.js';
import { NodeDrain } from '../proxy/node-drain.js';
import { NodeExchange } from '../proxy/node-exchange.js';
import type { ThreadPort } from '../proxy/session/node-port.js';
import { NodeReplicas, type OwnReplica } from '../proxy/node-replicas.js';
import { memoryBytes } from '../proxy/session/setting-numbers.js';
import { initialSettings, provideConfiguredSettings, settingDefinition } from '../proxy/session/settings.js';
import { untilPrimary } from '../proxy/session/thread-databases.js';
import { NodeDatabases } from '../proxy/node-databases.js';
import { replicatingLane } from '../cluster/replication/node/lane-entry.js';
import { DatabaseHosts, type HostedDatabases } from '../storage/database-hosts.js';
import { scheduledRestMs, VerificationSchedule } from '../storage/integrity/verification.js';
import type { CatalogPublication } from '../storage/ports.js';
import { StorageThreads } from '../storage/storage-threads.js';
import { ClusterDatabases, leadPlacement } from './compose-cluster.js';
import { NodeChannel, type NodeChannelOptions, remoteFrontEndsMax } from './compose-channel.js';
import { cancelSlotsPerFrontEnd, type FrontEndCompositionData } from './front-end-composition.js';
import { loadDemo } from './demo.js';
import { type Address, formatAddress } from './address.js';
import { CliError } from './cli-error.js';
import { listenFailure } from './listen-failure.js';
import { ConfigurationSource } from './node-configuration.js';
import { memberFacts } from './node-facts.js';
import { SocketFile } from './socket-file.js';
import { NodePlace, type NodePlaceOptions } from './node-place.js';

/** The role that a new database begins with. */
const firstSuperuser = 'postgres';

export interface ServerOptions {
  readonly dataDirectory: string;
  readonly listen: Address;
  /** `--socket-dir`: where the Unix socket is; undefined: there is none. */
  readonly socketDirectory: string | undefined;
  readonly http: Address;
  readonly frontEnds: number;
  readonly scanThreads: number;
  readonly connectionsMax: number;
  /** `--auth` and `--auth-file`. */
  readonly rules: readonly string[];
  readonly rulesFile: string | undefined;
  /** `--set`, by lower-case name. */
  readonly settings: ReadonlyMap<string, string>;
  /** The password of the role postgres until ALTER ROLE gives it one. */
  readonly firstPassword: string | undefined;
  /** Log bytes that bring about a checkpoint; undefined: storage's own choice. */
  readonly checkpointLogBytes: number | undefined;
  /** Every page of every file is verified so often; 0 = never. */
  readonly verifyIntervalMs: number;
  /** Fill an empty database with sample data before clients are let in. */
  readonly demo: boolean;
  /** `--cluster`, `--join`, `--node-id` and so on. */
  readonly place: NodePlaceOptions;
  /** `--scaler`: addresses of the scalers that hear what the queries want. */
  readonly scalers: readonly string[];
  /** One line for the log (stderr). */
  readonly log: (line: string) => void;
  /** `--dns` and `--dns-domain`. */
  readonly dns?: (ServiceZone & { readonly listen: Address }) | undefined;
  /** `--skydns`: the names are also in the coordination store, for CoreDNS. */
  readonly skyDns?: ServiceZone | undefined;
  /** `--channel`: where other nodes of the cluster come in; undefined: a free port of the host of `listen`. */
  readonly channelListen?: Address | undefined;
  /** Other nodes that this one works with, where no coordination store tells (tests). */
  readonly channel?: NodeChannelOptions | undefined;
}

export interface RunningServer {
  readonly postgres: Address;
  readonly http: Address;
  /** Where other nodes come in; undefined without a cluster. */
  readonly channel: Address | undefined;
  /** Resolves if a thread dies. The server is then of no use and should be stopped. */
  readonly failed: Promise<Error>;
  /** Reads the configuration again; what is wrong with it is logged, and the old one stays. */
  reload(): void;
  /** Sends clients away with 57P01, checkpoints, closes. */
  stop(): Promise<void>;
}

/** What the main thread holds of storage. */
interface Storage {
  /** Names of the databases, as committed last; of other nodes' databases none is known. */
  databaseNames(): readonly string[];
  /** What cli/compose-front-end.ts gets on a front-end thread (structured-cloneable), and the ports in it, which are moved there. */
  frontEnd(threadIndex: number): { readonly composition: unknown; readonly transfer: readonly Transferable[] };
  /** Copies of the cluster's databases that this node has. */
  copies(): readonly OwnReplica[];
  /** Databases of the cluster that this node writes get another primary, if there is one. */
  handOver(): Promise<void>;
  /** Ends the scan threads and the lane, which checkpoints and gives the directory's lock back. */
  close(): Promise<void>;
}

/** Storage: the threads, and the databases on them (whose lane takes the directories' locks and recovers). Failures: PgError with a hint. */
async function startStorage(
  directory: string,
  options: ServerOptions,
  configuration: NodeConfiguration,
  exchange: NodeExchange,
  channel: NodeChannel | undefined,
  place: NodePlace,
  replicas: NodeReplicas,
  caches: NodeCaches | undefined,
  crashed: (error: Error) => void,
): Promise<Storage> {
  const ownCancelSlots = options.frontEnds * cancelSlotsPerFrontEnd;
  const threads = new StorageThreads({
    scanThreads: options.scanThreads,
    cancelSlots: ownCancelSlots + (channel === undefined ? 0 : remoteFrontEndsMax * cancelSlotsPerAttachment),
    checkpointLogBytes: options.checkpointLogBytes,
    reservePath: join(directory, 'reserve'),
    settings: initialSettings(),
    laneEntry: place.cluster === undefined ? undefined : replicatingLane,
    serveCaches: caches === undefined ? undefined : (port) => caches.serveDirectory(port),
    onFailure: (error) => {
      crashed(error instanceof Error ? error : new Error(String(error)));
    },
  });
  let hosts: HostedDatabases | undefined;
  let clustered: ClusterDatabases | undefined;
  try {
    if (place.cluster !== undefined && place.configurations !== undefined && channel !== undefined) {
      const { cluster, configurations } = place;
      clustered = await ClusterDatabases.start({
        ...{ cluster, configurations, channel: channel.channel, threads, dataDirectory: directory, log: options.log },
        deliver: async (entry) => await untilPrimary(async () => await databases.deliverOutbox({ entry })),
        tidy: async () => await databases.forgetUnlisted(),
        moved: (oid, epoch) => {
          databases.moved(oid, epoch).catch(() => undefined);
        },
      });
      hosts = clustered.replicated;
    } else if (channel?.isHere(undefined) !== false) hosts = await DatabaseHosts.start(threads, directory);
  } catch (error) {
    await threads.shutdown();
    throw error;
  }
  const databases: NodeDatabases = new NodeDatabases(
    hosts,
    () => exchange.threads,
    async (request) => await exchange.signal(request),
    channel,
    place.cluster === undefined ? undefined : { store: place.cluster.store, keys: place.cluster.keys, node: place.cluster.id, log: options.log },
  );
  const verification = new VerificationSchedule(
    () => hosts?.directories ?? [],
    options.verifyIntervalMs,
    async () => {
      await replicas.compareOwn(scheduledRestMs);
    },
  );
  channel?.serveDatabases({
    attach: async (entry, purpose) => {
      if (hosts === undefined) throw new PgError('08006', 'this node hosts no databases');
      const own = hosts;
      if (purpose === 'reading') return readingAttachment(own, entry);
      const { host, epoch, isFirst } = await own.enter(entry);
      const { id } = host.location;
      return {
        host,
        epoch,
        isFirst,
        ready: () => {
          own.setReady(id);
        },
        release: () => {
          // (Who was to make it ready and is gone makes nobody wait.)
          if (isFirst) own.setReady(id);
          if (entry !== undefined) own.release(id);
        },
      };
    },
    cancel: threads.cancel,
    firstCancelSlot: ownCancelSlots,
  });
  const names = hosts === undefined || clustered !== undefined ? undefined : followNames(threads);
  return {
    databaseNames: () => (clustered === undefined ? (names?.current() ?? []) : namesIn(clustered.replicated.entries ?? [])),
    copies: () => clustered?.replicated.copies ?? [],
    handOver: async () => {
      await clustered?.replicated.handOver();
    },
    frontEnd: (threadIndex) => {
      const toNode = new MessageChannel();
      const toThread = new MessageChannel();
      serve(toNode.port1, nodePort(exchange, databases));
      exchange.add(connect<ThreadPort>(toThread.port1));
      for (const port of [toNode.port1, toThread.port1]) port.unref();
      const composition: FrontEndCompositionData = {
        nodeName: place.id,
        hasServer: hosts !== undefined && clustered === undefined,
        cancel: threads.cancel,
        node: toNode.port2,
        thread: toThread.port2,
        configuration,
        firstCancelSlot: threadIndex * cancelSlotsPerFrontEnd,
        cancelSlots: cancelSlotsPerFrontEnd,
      };
      return { composition, transfer: [toNode.port2, toThread.port2] };
    },
    close: async () => {
      await verification.close();
      await (clustered ?? hosts)?.close();
      await threads.shutdown();
    },
  };
}

/** Of a copy, which is open anyway, and which nobody makes ready. */
function readingAttachment(hosts: HostedDatabases, entry: DatabaseEntry | undefined): ServedAttachment {
  if (entry === undefined) throw new PgError('08P01', "the server's own database is not read on several nodes");
  const nothing = (): void => undefined;
  return { host: hosts.copyOf(entry), epoch: 0, isFirst: false, ready: nothing, release: nothing };
}

function namesIn(databases: readonly DatabaseEntry[]): readonly string[] {
  return databases.filter(({ allowsConnections }) => allowsConnections).map(({ name }) => name);
}

/** The list of databases, from the catalog of the server's own. */
function followNames(threads: StorageThreads): { readonly current: () => readonly string[] } {
  let names: readonly string[] = [];
  const { port1, port2 } = new MessageChannel();
  threads.serveCatalog(serverDatabaseOid, port1, false);
  port2.on('message', ({ catalog }: CatalogPublication) => {
    names = namesIn(catalog.server.databases);
  });
  port2.unref();
  return { current: () => names };
}

/** A member as it is found by name; `databases`: those of a node that is alone. */
function servingNode({ inventory }: NodePlace, { id, postgres }: NodeRecord, databases: readonly string[]): ServingNode {
  // Any node takes any query, but those of its own copies without a detour.
  const held = inventory?.current.databases.flatMap(({ id: oid, name, configuration: { isr } }) =>
    isr.includes(id) && oid !== String(serverDatabaseOid) ? [name] : [],
  );
  return { name: id, ...postgres, databases: held ?? databases };
}

/** Answers for the members that take clients. */
async function startDns(dns: NonNullable<ServerOptions['dns']>, place: NodePlace, storage: Storage, log: (line: string) => void): Promise<DnsServer> {
  const { listen: address, domain, service } = dns;
  const nodes = (): readonly ServingNode[] =>
    place
      .members()
      .filter(({ record }) => record.state === 'serving')
      .map(({ record }) => servingNode(place, record, storage.databaseNames()));
  try {
    return await DnsServer.start({ ...address, domain, service, nodes, log });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw listenFailure(code ?? '', message, address, '--dns');
  }
}

/** What front-end threads may ask of this one. */
function nodePort(exchange: NodeExchange, databases: NodeDatabases): object {
  return new Proxy(exchange, {
    get: (target, name) => {
      const service: object = name in databases ? databases : target;
      const method: unknown = Reflect.get(service, name);
      return typeof method === 'function' ? (method.bind(service) as unknown) : method;
    },
  });
}

function prepareDataDirectory(path: string): string {
  const directory = resolve(path);
  try {
    makeDirectory(directory);
    accessSync(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'EROFS') {
      throw new CliError(`the data directory "${directory}" is on a read-only file system`, 'choose another with --data-dir, or mount it for writing');
    }
    if (code === 'ENOSPC' || code === 'EDQUOT')
      throw new CliError(`no space left on the device of "${directory}"`, 'free some, or choose another with --data-dir');
    if (code === 'EACCES' || code === 'EPERM') {
      throw new CliError(`no permission to use the data directory "${directory}"`, 'choose another with --data-dir, or change its owner');
    }
    if (code === 'EEXIST' || code === 'ENOTDIR') throw new CliError(`"${directory}" is not a directory`, 'choose another with --data-dir');
    throw new CliError(`cannot use the data directory "${directory}": ${message}`, 'choose another with --data-dir');
  }
  return directory;
}

/** With the directories above it. (mkdirSync's `recursive` never returns where the system says ENOENT below a directory that is there, as in /proc.) */
function makeDirectory(directory: string): void {
  const missing: string[] = [];
  for (let path = directory; !existsSync(path) && dirname(path) !== path; path = dirname(path)) missing.push(path);
  for (const path of missing.reverse()) mkdirSync(path, { mode: 0o700 });
  if (!statSync(directory).isDirectory()) throw Object.assign(new Error('not a directory'), { code: 'ENOTDIR' });
}

/** What the node's part of the distributed cache may keep in memory. */
function cacheBytesMax(configured: ReadonlyMap<string, string>): number {
  return memoryBytes(configured.get('shoal.cache_memory') ?? settingDefinition('shoal.cache_memory')?.initial ?? '');
}

function cacheMembers(place: NodePlace): readonly CacheMember[] {
  return place
    .members()
    .filter(({ record }) => record.state === 'serving')
    .map(({ record }) => ({ name: record.id, cores: record.cores, freeBytes: record.memoryBytes, url: `http://${formatAddress(record.http)}` }));
}

async function startHttp(address: Address, control: NodeControl, cache: CacheRoutes): Promise<HttpServer> {
  try {
    const { SHOAL_HTTP_TOKEN: token } = process.env;
    return await startHttpServer({ ...address, control, cache, token });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    throw listenFailure(code ?? '', message, address, '--http');
  }
}

/** Starts the front-end threads, which load their modules meanwhile. */
function startFrontEnds(
  options: ServerOptions,
  number: number,
  configuration: NodeConfiguration,
  threads: FrontEndThread[],
  cancelElsewhere: (key: CancelKey) => void,
  crashed: (error: Error) => void,
): void {
  const mockKey = randomBytes(32);
  const firstPassword =
    options.firstPassword === undefined ? undefined : { role: firstSuperuser, verifier: formatVerifier(makeVerifier(options.firstPassword)) };
  const reserved = Number(configuration.settings.get('superuser_reserved_connections') ?? settingDefinition('superuser_reserved_connections')?.initial ?? 0);
  if (reserved >= options.connectionsMax)
    throw new CliError(`superuser_reserved_connections (${String(reserved)}) must be less than max_connections (${String(options.connectionsMax)})`);
  const connectionLimit = ConnectionLimit.create(options.connectionsMax, reserved);
  for (let threadIndex = 0; threadIndex < options.frontEnds; threadIndex++) {
    const data: FrontEndThreadData = {
      node: number,
      threadIndex,
      configuration,
      mockKey,
      firstPassword,
      connectionCount: connectionLimit.memory,
      connectionsMax: options.connectionsMax,
      connectionsReserved: reserved,
      compositionModule: workerUrl('./compose-front-end.js', import.meta.url).url.href,
    };
    threads.push(
      new FrontEndThread(data, {
        cancel: cancelElsewhere,
        crashed,
      }),
    );
  }
}

/** Composes the front-end threads over storage and has them listen; they answer 57P03 until they are told to run. */
async function listen(
  options: ServerOptions,
  storage: Storage,
  threads: readonly FrontEndThread[],
  openSocket: (port: number) => SocketFile | undefined,
): Promise<Address> {
  await Promise.all(
    threads.map(async (thread, threadIndex) => {
      const { composition, transfer } = storage.frontEnd(threadIndex);
      await thread.compose(composition, transfer);
    }),
  );
  const [first, ...others] = threads;
  if (first === undefined) throw new CliError('--front-ends wants at least 1');
  try {
    const { host, port, fd } = await first.listen(options.listen.host, options.listen.port);
    for (const thread of others) await thread.listenOn(fd);
    const socket = openSocket(port);
    if (socket !== undefined) {
      const socketDescriptor = await first.listenAt(socket.path);
      for (const thread of others) await thread.listenOn(socketDescriptor);
    }
    return { host, port };
  } catch (error) {
    if (error instanceof ListenError) throw listenFailure(error.systemCode, error.message, options.listen, '--listen');
    throw error;
  }
}

function inventoryOf({ inventory }: NodePlace): (() => Inventory) | undefined {
  return inventory === undefined ? undefined : () => inventory.current;
}

/** In a cluster through its store; to the scalers of `--scaler` over HTTP, which know the node by its machine and data directory: the same over restarts. */
function demandReporters({ scalers, log }: ServerOptions, directory: string, { cluster }: NodePlace): readonly DemandReporter[] {
  const { SHOAL_SCALER_TOKEN: token } = process.env;
  const reporters: DemandReporter[] = [];
  if (cluster !== undefined) reporters.push(new StoreDemandReporter({ store: cluster.store, keys: cluster.keys, node: cluster.id, clock: systemClock, log }));
  if (scalers.length > 0) reporters.push(new HttpDemandReporter({ urls: scalers, source: `${hostname()}:${directory}`, token, log }));
  return reporters;
}

/** Starts everything, or throws (CliError, PgError) with everything closed again. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const directory = prepareDataDirectory(options.dataDirectory);
  const source = new ConfigurationSource({
    dataDirectory: directory,
    listenHost: options.listen.host,
    rules: options.rules,
    rulesFile: options.rulesFile,
    settings: options.settings,
    hasFirstPassword: options.firstPassword !== undefined,
    log: options.log,
  });
  /** What is fixed for the life of the server, whatever the configuration says later. */
  const fixed: [string, string][] = [
    ['max_connections', String(options.connectionsMax)],
    ['listen_addresses', options.listen.host],
    ['port', String(options.listen.port)],
    ['unix_socket_directories', options.socketDirectory === undefined ? '' : resolve(options.socketDirectory)],
  ];
  const load = (): NodeConfiguration => {
    const loaded = source.load(place.settings);
    return { ...loaded, settings: new Map([...loaded.settings, ...fixed]) };
  };
  const threads: FrontEndThread[] = [];
  let cacheBytes = 0;
  const reload = (): void => {
    try {
      const next = load();
      provideConfiguredSettings(next.settings);
      cacheBytes = cacheBytesMax(next.settings);
      for (const thread of threads) thread.configure(next);
      options.log('the configuration has been read again');
    } catch (error) {
      options.log(`the configuration stays as it was: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  let crashed: (error: Error) => void = () => undefined;
  const failed = new Promise<Error>((resolve) => {
    crashed = resolve;
  });
  let publishNames: () => void = () => undefined;
  let isDrainWanted = false;
  let applyDrain: () => void = () => undefined;
  const place = await NodePlace.open(directory, options.place, {
    configurationChanged: () => {
      if (threads.length > 0) reload();
    },
    inventoryChanged: () => {
      publishNames();
    },
    drainChanged: (isDrained) => {
      isDrainWanted = isDrained;
      applyDrain();
    },
    elected: (leadership) => {
      if (place.cluster === undefined) return;
      leadPlacement(place.cluster, leadership, options.log);
    },
    replaced: () => {
      crashed(new Error('another process runs as this node of the cluster'));
    },
    log: options.log,
  });
  let configuration: NodeConfiguration;
  let channelOptions: NodeChannelOptions | undefined;
  try {
    configuration = load();
    channelOptions = options.channel ?? (await place.channelOptions(options.channelListen ?? { host: options.listen.host, port: 0 }));
  } catch (error) {
    await place.leave();
    await place.close();
    throw error;
  }
  provideConfiguredSettings(configuration.settings);
  const reporters = demandReporters(options, directory, place);
  const channel = channelOptions === undefined ? undefined : new NodeChannel(channelOptions, options.log);
  const exchange = new NodeExchange(
    {
      reload: async () => {
        await Promise.resolve();
        reload();
      },
      alterSystem: async ({ name, value }) => {
        if (!(await place.keepSetting(name, value))) source.keep(name, value);
      },
      replication: async () => await replicas.replication(),
      compareCopies: async ({ database }) => await replicas.compare({ database, restMs: 0 }),
      members: async () => await Promise.resolve(place.members().map(memberFacts)),
    },
    (demand) => {
      for (const reporter of reporters) reporter.report(demand);
    },
    (key, thread) => {
      threads[thread]?.cancel(key);
    },
    channel?.otherNodes,
  );
  channel?.otherNodes.provide('sessions', exchange);
  const replicas = new NodeReplicas({
    node: place.id,
    inventory: inventoryOf(place),
    own: () => storage?.copies() ?? [],
    otherNodes: channel?.otherNodes,
    log: options.log,
  });
  let health: NodeHealth = 'starting';
  const drain = new NodeDrain({
    sessions: async () => await exchange.localActivity(),
    terminate: async (processId) => await exchange.localSignal({ processId, signal: 'terminate' }),
    // Placement takes a node's copies away when it drains.
    isBusy: () => place.inventory !== undefined && !isEmpty(place.inventory.current, place.id),
  });
  const control: NodeControl = {
    health: () => (health === 'ok' && drain.active ? 'draining' : health),
    drainStatus: async () => await drain.status(),
    cluster: () => place.report(),
    replicas: async () => (await replicas.replication()).replicas,
    drain: () => {
      drain.begin();
      place.setState('draining');
      publishNames();
    },
    endDrain: () => {
      drain.end();
      place.setState('serving');
      publishNames();
    },
  };
  cacheBytes = cacheBytesMax(configuration.settings);
  const cacheStore = new CacheStore({ memoryBytesMax: () => cacheBytes, temporaryDirectory: tmpdir() });
  const caches = channel === undefined ? undefined : new NodeCaches(channel.options.node, channel.channel, cacheStore);
  const cache = new CacheRoutes({ store: cacheStore, node: place.id, members: () => cacheMembers(place) });
  let http: HttpServer | undefined;
  let dns: DnsServer | undefined;
  const names =
    options.skyDns === undefined || place.cluster === undefined
      ? undefined
      : new SkyDnsPublication({ store: place.cluster.store, zone: options.skyDns, clock: systemClock, log: options.log });
  let storage: Storage | undefined;
  let socket: SocketFile | undefined;

  const stop = async (): Promise<void> => {
    health = 'stopping';
    drain.end();
    await names?.close();
    await storage?.handOver();
    await Promise.all(reporters.map(async (reporter) => await reporter.close()));
    await place.leave();
    // With one thread nobody else holds the listening descriptor, and it may be closed; otherwise the end of the process closes it (FrontEnd.stop).
    const alone = threads.length === 1;
    await Promise.all(threads.map(async (thread) => await thread.stop(alone).catch(() => undefined)));
    socket?.release();
    await dns?.close();
    await http?.close();
    cache.close();
    cacheStore.close();
    // (Through the channel others take over what this node writes.)
    await storage?.close();
    await channel?.close();
    await place.close();
    if (alone) await threads[0]?.terminate();
    else for (const thread of threads) thread.abandon();
  };

  try {
    const cancelElsewhere = (key: CancelKey): void => {
      exchange.cancelElsewhere(key);
    };
    startFrontEnds(options, channel?.options.number ?? 0, configuration, threads, cancelElsewhere, (error) => {
      crashed(error);
    });
    storage = await startStorage(directory, options, configuration, exchange, channel, place, replicas, caches, (error) => {
      crashed(error);
    });
    http = await startHttp(options.http, control, cache);
    const channelAddress = await channel?.listen();
    const postgres = await listen(options, storage, threads, (port) => {
      if (options.socketDirectory !== undefined) socket = SocketFile.claim(options.socketDirectory, port, directory);
      return socket;
    });
    socket?.setMode(Number.parseInt(configuration.settings.get('unix_socket_permissions') ?? '0777', 8));
    fixed.push(['port', String(postgres.port)]);
    for (const thread of threads) thread.run();
    if (options.demo) await loadDemo(postgres, options.log);
    await place.arrive(postgres, http, channelAddress);
    if (options.dns !== undefined) dns = await startDns(options.dns, place, storage, options.log);
    health = 'ok';
    publishNames = () => {
      const own = place.members().find(({ isSelf }) => isSelf)?.record;
      names?.say(own === undefined || drain.active ? undefined : servingNode(place, own, []));
    };
    publishNames();
    applyDrain = () => {
      if (isDrainWanted) control.drain();
      else control.endDrain();
    };
    if (isDrainWanted) applyDrain();
    return { postgres, http: { host: http.host, port: http.port }, channel: channelAddress, failed, reload, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}
