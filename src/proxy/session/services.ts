/**
 * What all sessions of one database on one front-end thread share: the current catalog, the scan threads, the lane, statistics, cancel words. Composed in
 * cli/compose-front-end.ts.
 */
import { compose } from '../../catalog/server-catalog.js';
import { CatalogSnapshot, type CatalogData } from '../../catalog/snapshot.js';
import type { Client } from '../../common/rpc.js';
import type { DemandLedger } from '../../cluster/scaler/demand-ledger.js';
import { QueryExecutor } from '../../executor/execute.js';
import type { Copies, ReadingNode } from '../../executor/reading-nodes.js';
import type { BackupControl } from '../../storage/backup/backup-control.js';
import type { ReadService, ShortReadService, WriteService } from '../../storage/ports.js';
import { knownDamage } from '../../storage/integrity/damage.js';
import type { CancelSlots } from './cancel-slots.js';
import type { ServerState } from './server-state.js';
import type { NodeConfiguration } from '../front-end-thread.js';
import type { NodePort } from './node-port.js';
import { StatementCache } from './statement-cache.js';
import type { ThreadSessions } from './thread-sessions.js';
import { VersionWaiters } from './version-waiters.js';

/** Where newer catalogs come from. */
export interface CatalogFeed {
  /** Version of the newest catalog whose transaction anybody may have been told of. */
  readonly version: number;
  /** The next publication that has not been taken yet. */
  take(): CatalogData | undefined;
}

export interface ServicesOptions {
  /** The database's own part of the catalog. */
  readonly catalog: CatalogData;
  /** What all databases share. */
  readonly server: ServerState;
  readonly catalogFeed: CatalogFeed;
  /** The node that writes the database, or the only one that has it. */
  readonly home: ReadingNode;
  /** A reader of that node's files on this thread, for short statements. */
  readonly inline: Client<ReadService> | undefined;
  /** Answers them at once where that is possible; undefined: the files are another node's. */
  readonly shortReads: ShortReadService | undefined;
  /** Nodes with copies; undefined: the database has none. */
  readonly copies?: Copies | undefined;
  /** What runs on this node's own copy of a database that another node writes; undefined: there is none. */
  readonly ownCopy?: (() => Promise<QueryExecutor | undefined>) | undefined;
  readonly lane: Client<WriteService>;
  /** Whether the lane has acknowledged commits that snapshots do not show yet. */
  readonly commitsDeferred: () => boolean;
  readonly backup: Client<BackupControl>;
  /** The database's own directory, for looks at its files; undefined: another node's. */
  readonly directory: string | undefined;
  /** It has copies on other nodes, and so may other databases be elsewhere. */
  readonly isReplicated: boolean;
  /** The thread's cancel words. */
  readonly cancelSlots: CancelSlots;
  /** A word has been set: for nodes that do not see the shared memory. */
  readonly cancelChanged?: ((slot: number, value: number) => void) | undefined;
  /** The other sessions of the node, and its configuration. */
  readonly node: Client<NodePort>;
  /** Those of this thread. */
  readonly sessions: ThreadSessions;
  readonly configuration: () => NodeConfiguration;
  /** What the queries of this thread want. */
  readonly demand: DemandLedger<object>;
}

/** How long table statistics are believed before they are asked for again. */
const statisticsMs = 2000;

export class FrontEndServices {
  /** The database's own part, and the catalog that was made of it and what all share. */
  #own: CatalogData;
  #catalog: CatalogSnapshot;
  readonly #feed: CatalogFeed;
  readonly server: ServerState;
  readonly executor: QueryExecutor;
  readonly ownCopy: ServicesOptions['ownCopy'];
  readonly directory: string | undefined;
  readonly isReplicated: boolean;
  readonly lane: Client<WriteService>;
  readonly backup: Client<BackupControl>;
  readonly node: Client<NodePort>;
  readonly sessions: ThreadSessions;
  readonly #configuration: () => NodeConfiguration;
  readonly statements = new StatementCache();
  /** Queries of this thread that want more than one node; an entry is whatever object stands for the query. */
  readonly demand: DemandLedger<object>;
  readonly #cancel: CancelSlots;
  readonly #cancelChanged: ServicesOptions['cancelChanged'];
  readonly #commitsDeferred: () => boolean;
  readonly #waiters = new VersionWaiters();
  #rows: ReadonlyMap<number, number> = new Map();
  #bytes: ReadonlyMap<string, number> = new Map();
  #shardRows: ReadonlyMap<string, number> = new Map();
  #totalBytes = 0;
  #rowsAskedAt = -Infinity;

  constructor(options: ServicesOptions) {
    this.server = options.server;
    this.#own = options.catalog;
    this.#catalog = new CatalogSnapshot(compose(this.#own, this.server.catalog));
    this.#feed = options.catalogFeed;
    this.lane = options.lane;
    this.#commitsDeferred = options.commitsDeferred;
    const settled = (): Promise<void> | undefined => (this.commitsDeferred ? this.lane.flushed(undefined) : undefined);
    this.executor = new QueryExecutor(options.home, options.inline, settled, options.copies, options.shortReads);
    this.ownCopy = options.ownCopy;
    this.directory = options.directory;
    this.isReplicated = options.isReplicated;
    this.backup = options.backup;
    this.node = options.node;
    this.sessions = options.sessions;
    this.#configuration = options.configuration;
    this.demand = options.demand;
    this.#cancel = options.cancelSlots;
    this.#cancelChanged = options.cancelChanged;
  }

  get configuration(): NodeConfiguration {
    return this.#configuration();
  }

  get catalog(): CatalogSnapshot {
    const { catalog } = this.server;
    if (this.#catalog.data.server !== catalog) this.#catalog = new CatalogSnapshot(compose(this.#own, catalog));
    return this.#catalog;
  }

  /** Takes over what was committed on any front end before now: to be called where a statement begins, so that it sees one catalog throughout. */
  refreshCatalog(): void {
    this.server.refresh();
    while (this.#own.version < this.#feed.version) {
      const catalog = this.#feed.take();
      if (catalog === undefined) return;
      this.publish(catalog);
    }
  }

  /** Whether the lane has acknowledged commits that snapshots do not show yet. */
  get commitsDeferred(): boolean {
    return this.#commitsDeferred();
  }

  /** Of the database. */
  get databaseOid(): number {
    return this.#own.databaseOid;
  }

  /** A newer catalog has been committed. */
  publish(catalog: CatalogData): void {
    if (catalog.version <= this.#own.version) return;
    this.#own = catalog;
    this.#catalog = new CatalogSnapshot(compose(catalog, this.server.catalog));
    this.#waiters.arrived(catalog.version);
  }

  /** Resolves once a catalog of at least that version is here, or after a while. */
  async catalogReached(version: number, timeoutMs = 5000): Promise<void> {
    if (this.#own.version >= version) return;
    await this.#waiters.reached(version, timeoutMs);
  }

  takeCancelSlot(): number {
    return this.#cancel.take();
  }

  giveCancelSlot(slot: number): void {
    this.#cancelChanged?.(slot, 0);
    this.#cancel.give(slot);
  }

  /** 0 = run, 1 = the user cancels, 2 = statement timeout. */
  setCancel(slot: number, value: 0 | 1 | 2): void {
    this.#cancel.set(slot, value);
    this.#cancelChanged?.(slot, value);
  }

  cancelState(slot: number): number {
    return this.#cancel.state(slot);
  }

  /** Live rows by table OID, perhaps a little old. Never waits: new figures arrive in the background. */
  get tableRows(): ReadonlyMap<number, number> {
    this.#refreshInBackground();
    return this.#rows;
  }

  #refreshInBackground(): void {
    const now = performance.now();
    if (now - this.#rowsAskedAt <= statisticsMs) return;
    this.#rowsAskedAt = now;
    this.refreshStatistics().catch(() => undefined);
  }

  /** Asks the lane for the figures of this moment. */
  async refreshStatistics(): Promise<void> {
    const rows = new Map<number, number>();
    const shardRows = new Map<string, number>();
    const bytes = new Map<string, number>();
    let totalBytes = 0;
    for (const entry of await this.lane.statistics(undefined)) {
      const place = `${String(entry.tableOid)}/${String(entry.shard)}`;
      shardRows.set(place, entry.rows);
      bytes.set(place, entry.bytes);
      // (What is in the part of a shard is in the shard, too.)
      if (entry.isPart) continue;
      rows.set(entry.tableOid, (rows.get(entry.tableOid) ?? 0) + entry.rows);
      totalBytes += entry.bytes;
    }
    this.#rows = rows;
    this.#totalBytes = totalBytes;
    this.#bytes = bytes;
    this.#shardRows = shardRows;
  }

  /** Damaged pages that this process has met. */
  damage(): readonly { readonly file: string; readonly page: number; readonly detail: string }[] {
    return knownDamage();
  }

  /** Of all tables. */
  get totalBytes(): number {
    this.#refreshInBackground();
    return this.#totalBytes;
  }

  /** Rows of a table in one shard, or in a part of the one that is being split (WriteService.statistics), as last reported. */
  shardRows(tableOid: number, shard: number): number {
    return this.#shardRows.get(`${String(tableOid)}/${String(shard)}`) ?? 0;
  }

  /** Bytes of a table's part in one shard (0 for reference tables), as last reported. */
  tableBytes(tableOid: number, shard: number): number {
    return this.#bytes.get(`${String(tableOid)}/${String(shard)}`) ?? 0;
  }
}
