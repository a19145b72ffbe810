/**
 * The ReadService of one thread: a pool of connections, snapshots over them, cursors over those. Runs in scan threads (storage/worker-entry) and inline on a
 * front-end thread for short statements.
 */
import { PgError } from '../../common/errors.js';
import { letGo } from '../../common/rpc.js';
import { Connection, type RegisterFunctions } from '../files/connection.js';
import type { DatabaseLayout } from '../files/layout.js';
import type { CursorBatch, Inbox, LandingTable, ReadService, ShipmentReport } from '../ports.js';
import { CancelWords, CommitObserver, DeferredCommitsWord, ReplacementWord, type SharedBuffers, ValidityWord } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import { type Caches, noCaches } from './caches.js';
import { Cursor } from './cursor.js';
import { createLandingTable, fillLanding, indexLandingTable, landRows, noLanding } from './landing.js';
import { received, Shipment } from './shipment.js';
import { Snapshot } from './snapshot.js';

export interface ReaderOptions {
  readonly layout: DatabaseLayout;
  readonly register: RegisterFunctions;
  readonly shared: SharedBuffers;
  /** Connections that wait for the next snapshot. */
  readonly idleConnectionsMax?: number;
  readonly connectionsMax?: number;
  readonly cacheKib?: number;
  /** Only statements with few rows come here. */
  readonly short?: boolean;
  /** Callers do not see the shared words: a snapshot that would lack what is acknowledged is SH003 (WriteService.flushed first). */
  readonly refusesDeferred?: boolean;
  /** Of the cluster's nodes; absent: this one is alone, and sends rows to nobody. */
  readonly caches?: Caches;
}

/** What a snapshot must show. */
type Wanted = Pick<Parameters<ReadService['openSnapshot']>[0], 'catalogVersion' | 'pinned' | 'maxStalenessMs'>;

const idleCloseMs = 30_000;
const defaultIdleConnectionsMax = 4;
const defaultConnectionsMax = 256;

export class Reader implements ReadService {
  private readonly cancel: CancelWords;
  private readonly observer: CommitObserver;
  private readonly deferred: DeferredCommitsWord;
  private readonly validity: ValidityWord;
  private readonly replacements: ReplacementWord;
  /** Of the idle connections. */
  private replaced = 0;
  private readonly outdated = new WeakSet<Connection>();
  private readonly idle: Connection[] = [];
  private connections = 0;
  private idleTimer: NodeJS.Timeout | undefined;
  private readonly snapshots = new Map<number, Snapshot>();
  private readonly cursors = new Map<number, { readonly cursor: Cursor; readonly snapshotId: number; readonly own: boolean }>();
  private nextSnapshot = 1;
  private nextCursor = 1;

  constructor(private readonly options: ReaderOptions) {
    this.cancel = new CancelWords(options.shared.cancel);
    this.observer = new CommitObserver(options.shared.control);
    this.deferred = new DeferredCommitsWord(options.shared.control);
    this.validity = new ValidityWord(options.shared.control);
    this.replacements = new ReplacementWord(options.shared.control);
  }

  async openSnapshot(request: Parameters<ReadService['openSnapshot']>[0]): ReturnType<ReadService['openSnapshot']> {
    this.cancel.check(request.context.cancelSlot);
    const { id, snapshot } = this.snapshot(request.schemas, request);
    return Promise.resolve({ snapshot: id, ...snapshot.cut });
  }

  closeSnapshot(request: { readonly snapshot: number }): void {
    const snapshot = this.snapshots.get(request.snapshot);
    if (snapshot === undefined) return;
    this.snapshots.delete(request.snapshot);
    for (const id of snapshot.cursors) {
      this.cursors.get(id)?.cursor.close();
      this.cursors.delete(id);
    }
    snapshot.close();
    for (const [query, cache] of snapshot.queries) letGo(cache.letGo({ query }));
    this.giveBack(snapshot.connection);
  }

  async open(request: Parameters<ReadService['open']>[0]): Promise<{ readonly cursor: number; readonly batch: CursorBatch }> {
    this.cancel.check(request.context.cancelSlot);
    const own = request.snapshot === undefined;
    const snapshotId = request.snapshot ?? this.snapshot(request.schemas ?? [], request).id;
    const snapshot = this.find(snapshotId);
    const id = this.nextCursor++;
    try {
      const cursor = new Cursor(snapshot, request.context, this.cancel, request.cursor, this.options.short !== true);
      const batch = cursor.pull(request.maxRows);
      if (batch.done) {
        if (own) this.closeSnapshot({ snapshot: snapshotId });
      } else {
        this.cursors.set(id, { cursor, snapshotId, own });
        snapshot.cursors.add(id);
      }
      return await Promise.resolve({ cursor: id, batch });
    } catch (error) {
      if (own) this.closeSnapshot({ snapshot: snapshotId });
      throw error;
    }
  }

  async pull(request: { readonly cursor: number; readonly maxRows: number }): Promise<CursorBatch> {
    const open = this.cursors.get(request.cursor);
    if (open === undefined) return Promise.resolve({ done: true, rows: 0, bytes: undefined });
    try {
      const batch = open.cursor.pull(request.maxRows);
      if (batch.done) this.close(request);
      return await Promise.resolve(batch);
    } catch (error) {
      this.close(request);
      throw error;
    }
  }

  close(request: { readonly cursor: number }): void {
    const open = this.cursors.get(request.cursor);
    if (open === undefined) return;
    this.cursors.delete(request.cursor);
    open.cursor.snapshot.cursors.delete(request.cursor);
    open.cursor.close();
    if (open.own) this.closeSnapshot({ snapshot: open.snapshotId });
  }

  async createLanding(request: { readonly snapshot: number; readonly table: LandingTable; readonly receives?: Inbox }): Promise<void> {
    const snapshot = this.find(request.snapshot);
    try {
      createLandingTable(snapshot.connection, request.table);
    } catch (error) {
      throw toPgError(error);
    }
    snapshot.landings.set(request.table.name, request.table);
    if (request.receives === undefined) return;
    const { node, query, id } = request.receives;
    const cache = await this.caches.at(node);
    // (Whoever has closed the snapshot meanwhile has let go of its queries.)
    if (this.snapshots.get(request.snapshot) !== snapshot) throw notOpen(request.snapshot);
    snapshot.queries.set(query, cache);
    await cache.init({ query, id });
  }

  land(request: { readonly snapshot: number; readonly table: string; readonly bytes: Uint8Array }): void {
    const { snapshot, table } = this.landing(request);
    try {
      landRows(snapshot.connection, table, request.bytes);
    } catch (error) {
      throw toPgError(error);
    }
  }

  fill(request: Parameters<ReadService['fill']>[0]): void {
    const { snapshot, table } = this.landing(request);
    this.cancel.check(request.context.cancelSlot);
    snapshot.connection.holder.current = request.context;
    try {
      fillLanding(snapshot.connection, table, request.sql, request.params);
    } catch (error) {
      throw toPgError(error);
    }
  }

  async ship(request: Parameters<ReadService['ship']>[0]): Promise<ShipmentReport> {
    const { snapshot: snapshotId, context } = request;
    const snapshot = this.find(snapshotId);
    this.cancel.check(context.cancelSlot);
    const id = this.nextCursor++;
    const cursor = new Cursor(snapshot, context, this.cancel, request.cursor, this.options.short !== true);
    this.cursors.set(id, { cursor, snapshotId, own: false });
    snapshot.cursors.add(id);
    const shipment = new Shipment(this.caches, request, () => {
      this.cancel.check(context.cancelSlot);
      if (!this.cursors.has(id)) throw notOpen(snapshotId);
    });
    try {
      for (;;) {
        const batch = cursor.pull(0);
        await shipment.add(batch);
        if (batch.done) return await shipment.finish();
      }
    } finally {
      this.close({ cursor: id });
    }
  }

  async take(request: Parameters<ReadService['take']>[0]): Promise<void> {
    const { snapshot, table } = this.landing(request);
    const interruption = (): void => {
      this.cancel.check(request.context.cancelSlot);
      if (this.snapshots.get(request.snapshot) !== snapshot) throw notOpen(request.snapshot);
    };
    for await (const portion of received(this.caches, request.from, request.except, interruption)) {
      try {
        landRows(snapshot.connection, table, portion);
      } catch (error) {
        throw toPgError(error);
      }
    }
    interruption();
    this.finishLanding(request);
  }

  finishLanding(request: { readonly snapshot: number; readonly table: string }): void {
    const { snapshot, table } = this.landing(request);
    try {
      indexLandingTable(snapshot.connection, table);
    } catch (error) {
      throw toPgError(error);
    }
  }

  /** Closes everything: the thread ends. */
  shutdown(): void {
    for (const id of [...this.snapshots.keys()]) this.closeSnapshot({ snapshot: id });
    clearTimeout(this.idleTimer);
    for (const connection of this.idle.splice(0)) connection.close();
  }

  private landing(request: { readonly snapshot: number; readonly table: string }): { readonly snapshot: Snapshot; readonly table: LandingTable } {
    const snapshot = this.find(request.snapshot);
    const table = snapshot.landings.get(request.table);
    if (table === undefined) throw noLanding(request.table);
    return { snapshot, table };
  }

  private find(id: number): Snapshot {
    const snapshot = this.snapshots.get(id);
    if (snapshot === undefined) throw notOpen(id);
    return snapshot;
  }

  private get caches(): Caches {
    return this.options.caches ?? noCaches;
  }

  private snapshot(schemas: readonly string[], { catalogVersion, pinned, maxStalenessMs }: Wanted): { readonly id: number; readonly snapshot: Snapshot } {
    if (this.options.refusesDeferred === true && this.deferred.value) throw new PgError('SH003', 'commits are acknowledged that a snapshot would not show');
    this.forgetReplaced();
    const connection = this.connectionWith(schemas);
    try {
      const snapshot = Snapshot.open(connection, this.observer, schemas, catalogVersion);
      const refusal = this.refusal(snapshot, pinned, maxStalenessMs);
      if (refusal !== undefined) {
        snapshot.close();
        throw refusal;
      }
      const id = this.nextSnapshot++;
      this.snapshots.set(id, snapshot);
      return { id, snapshot };
    } catch (error) {
      this.giveBack(connection);
      throw error;
    }
  }

  /** Why an open snapshot may not be shown. */
  private refusal({ cut }: Snapshot, pinned: number | undefined, maxStalenessMs: number | undefined): PgError | undefined {
    if (pinned !== undefined)
      return cut.lsn === pinned ? undefined : new PgError('SH004', `this copy is at record ${String(cut.lsn)} and not at ${String(pinned)}`);
    if (maxStalenessMs !== undefined) return this.validity.isFreshWithin(maxStalenessMs) ? undefined : new PgError('SH005', 'this copy is not fresh enough');
    if (this.validity.isValid) return undefined;
    return new PgError('57P03', 'this node may not have the newest state of the database', {
      hint: 'Its primary is being chosen, or cannot be reached from here. Try again.',
    });
  }

  /** Connections to files that were replaced by another node's read what is gone. */
  private forgetReplaced(): void {
    const { value } = this.replacements;
    if (value === this.replaced) return;
    this.replaced = value;
    for (const { connection } of this.snapshots.values()) this.outdated.add(connection);
    for (const connection of this.idle.splice(0)) this.closeConnection(connection);
  }

  private closeConnection(connection: Connection): void {
    connection.close();
    this.connections--;
  }

  /** An idle connection, one that has the files attached if there is such a one. */
  private connectionWith(schemas: readonly string[]): Connection {
    for (let at = this.idle.length - 1; at >= 0; at--) {
      const connection = this.idle[at] as Connection;
      if (schemas.every((schema) => connection.isAttached(schema))) {
        this.idle.splice(at, 1);
        return connection;
      }
    }
    const idle = this.idle.pop();
    if (idle !== undefined) return idle;
    const { layout, register, cacheKib } = this.options;
    if (this.connections >= (this.options.connectionsMax ?? defaultConnectionsMax)) throw new PgError('53300', 'too many open snapshots');
    const connection = new Connection({ layout, register, cancel: this.cancel, ...(cacheKib === undefined ? {} : { cacheKib }) });
    // Rows are landed in TEMP tables while cursors of the same snapshot are open: SQLite allows it, the library's guard does not.
    connection.db.unsafeMode(true);
    this.connections++;
    return connection;
  }

  private giveBack(connection: Connection): void {
    this.forgetReplaced();
    if (this.outdated.has(connection) || this.idle.length >= (this.options.idleConnectionsMax ?? defaultIdleConnectionsMax)) {
      this.closeConnection(connection);
      return;
    }
    this.idle.push(connection);
    if (this.idleTimer !== undefined) {
      this.idleTimer.refresh();
      return;
    }
    this.idleTimer = setTimeout(() => {
      this.idleTimer = undefined;
      // One stays, so that the next statement starts at once, without what it has in memory.
      for (const idle of this.idle.splice(1)) this.closeConnection(idle);
      this.idle[0]?.db.pragma('shrink_memory');
    }, idleCloseMs);
    this.idleTimer.unref();
  }
}

function notOpen(snapshot: number): PgError {
  return new PgError('XX000', `snapshot ${String(snapshot)} is not open`);
}
