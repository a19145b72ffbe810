/**
 * The writer lane: the one place that writes a database. Owns the writer connection, the lock table, open transactions, sequences, the node log and the catalog's
 * commits. Calls become jobs; jobs that are ready run one after another on the stage, those that commit form a group, and a group is one log batch, one fdatasync and
 * one SQLite COMMIT. Runs in one thread (storage/worker-entry) and is called through common/rpc.
 *
 * SERIALIZABLE is REPEATABLE READ plus table locks at first touch: readers of a table (on the lane) keep its writers out until they end, and vice versa.
 */
import { mkdirSync } from 'node:fs';
import { compose, type ServerCatalog, serverCatalogData } from '../../catalog/server-catalog.js';
import { partSchemaNames } from '../../catalog/shard-group.js';
import { type CatalogData, CatalogSnapshot } from '../../catalog/snapshot.js';
import { wallMicros } from '../../common/clock.js';
import { assert, PgError } from '../../common/errors.js';
import type { SqlValue } from '../../types/value.js';
import { hasArchiveTarget } from '../backup/archive-target.js';
import { bootstrap, prepareShardFiles } from '../files/bootstrap.js';
import { catalogChange, loadCatalog } from '../files/catalog-store.js';
import { Connection, internalContext, largeCacheKib, type RegisterFunctions } from '../files/connection.js';
import { DirectoryLock } from '../files/directory-lock.js';
import { isDiskFull } from '../disk-errors.js';
import { SpaceReserve } from '../files/space-reserve.js';
import { removeStaleTemporaryFiles } from '../files/temporary-file.js';
import { type DatabaseLayout, globalSchema } from '../files/layout.js';
import { bindings } from '../files/parameters.js';
import { requireFilesOf } from '../integrity/bounds.js';
import type { NodeLog, NodeLogOptions } from '../log/node-log.js';
import { recover } from '../log/recovery.js';
import type { CatalogPublication, CursorBatch, DdlStep, LandingTable, MutationTask, OpenCursor, RowLockingTask, TaskContext, WriteService } from '../ports.js';
import { createLandingTable, dropLandingTable, indexLandingTable, landRows, noLanding } from '../read/landing.js';
import { createRowEncoder } from '../read/row-encoder.js';
import { RowSink } from '../read/row-sink.js';
import { CancelWords, CommitPublisher, type SharedBuffers } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import { AdvisoryLocks } from './advisory-locks.js';
import { Checkpointer } from './checkpoint.js';
import { applyStep, changedTables, stepError, stepSchema } from './ddl.js';
import { ExportedSnapshots } from './exported-snapshots.js';
import { FileKeeper } from './file-keeper.js';
import { checkConstraints, checkNoLongerDeferred } from './constraint-checks.js';
import { type CommitGate, GroupCommit } from './group-commit.js';
import { CommitHistory, serializationFailure } from './history.js';
import { JobScheduler } from './job-scheduler.js';
import { LaneCatalog } from './lane-catalog.js';
import { catalogLockKey, LockConflict, type LockMode, LockTable, rowLockKey, tableLockKey } from './lock-table.js';
import { insertPortions, isForBulk, readPortions } from './bulk-insert.js';
import { type MutationResult, copyAtOnce, copyOneByOne, readSource, runMutation } from './mutation.js';
import { runSteps } from './steps.js';
import { RowidAllocator } from './rowids.js';
import { SequenceFunctions } from './sequence-functions.js';
import { Sequences } from './sequences.js';
import { withUndone } from './snapshot-view.js';
import { ShardSplitter } from './shard-splitter.js';
import { Spool } from './spool.js';
import { isOfGroup, restart, SplitParts, splittingGroup } from './split-parts.js';
import { Stage } from './stage.js';
import { type LaneState, lockEffects, StatementRun } from './statement-run.js';
import { TableStatistics } from './statistics.js';
import { TableChanges } from './table-changes.js';
import { LaneTransaction } from './transaction.js';
import { TransactionIds } from './transaction-ids.js';

export interface WriterLaneOptions {
  readonly layout: DatabaseLayout;
  readonly database: string;
  readonly register: RegisterFunctions;
  readonly shared: SharedBuffers;
  /** Called before the reply to the commit that changed the catalog. */
  readonly onCatalog: (publication: CatalogPublication) => void;
  readonly log?: NodeLogOptions;
  /** Log bytes that bring about a checkpoint. */
  readonly checkpointLogBytes?: number;
  /** Of a database with replicas (storage/replica): recovered already, and the directory is the caller's, too. */
  readonly replica?: { readonly log: NodeLog; readonly gate: CommitGate };
  /** Catalog of a new database directory, unless it is that of an empty database. */
  readonly initialCatalog?: CatalogData;
  /** What all databases share, as last committed. Absent: as the catalog of this database has it. */
  readonly serverCatalog?: () => ServerCatalog;
  /** Disk space put by for all databases of the thread. Absent: this one has its own. */
  readonly reserve?: SpaceReserve;
}

const defaultCheckpointLogBytes = 64 * 1024 * 1024;
const batchBytes = 256 * 1024;

/** Of a transaction of the lane's own, which shall be the one that ends when it is in a deadlock with a session's. */
const youngestLockId = Number.MAX_SAFE_INTEGER;

const transactionOver = new PgError('25P01', 'there is no transaction in progress');
/** Undoes a statement whose rows cannot be copied at once. */
const oneByOne = new Error('one by one');
const staleCatalog = (): PgError => new PgError('SH001', 'the plan was made for another version of the catalog');

export class WriterLane implements WriteService {
  private readonly connection: Connection;
  private readonly locks = new LockTable();
  private readonly history = new CommitHistory();
  private readonly ids: TransactionIds;
  private readonly exportedSnapshots: ExportedSnapshots;
  private readonly state: LaneState;
  private readonly stage: Stage;
  private readonly sequences: Sequences;
  private readonly sequenceFunctions: SequenceFunctions;
  private readonly tableStatistics: TableStatistics;
  private readonly changes: TableChanges;
  private readonly files: FileKeeper;
  private readonly group: GroupCommit;
  private readonly scheduler: JobScheduler;
  private readonly advisoryLocks: AdvisoryLocks;
  private readonly splitter: ShardSplitter;
  private readonly cancel: CancelWords;
  private readonly publisher: CommitPublisher;
  private readonly log: NodeLog;
  /** Of a database with replicas. */
  private readonly gate: CommitGate | undefined;
  /** The catalog of the statement that runs. */
  private running: LaneCatalog;
  /** What its transaction has made of what all databases share. */
  private runningServer: ServerCatalog | undefined;
  /** The last answer of `shownCatalog`. */
  private shown: { readonly own: CatalogData; readonly server: ServerCatalog; readonly snapshot: CatalogSnapshot } | undefined;

  private readonly transactions = new Map<number, LaneTransaction>();
  private readonly cursors = new Map<number, { readonly spool: Spool; readonly transaction: LaneTransaction }>();
  private nextTransaction = 1;
  private nextCursor = 1;
  private closing = false;
  /** Why nothing is done any more. */
  private ended: PgError | undefined;
  private onDrained: (() => void) | undefined;

  /** Locks the directory, makes or recovers the database, and is ready to serve. */
  static open(options: WriterLaneOptions): WriterLane {
    mkdirSync(options.layout.directory, { recursive: true });
    const lock = DirectoryLock.acquire(options.layout);
    removeStaleTemporaryFiles();
    const own = new SpaceReserve(options.layout.reserve);
    // (One of its own it has from a time when it was the only database.)
    if (options.reserve !== undefined) own.remove();
    const reserve = options.reserve ?? own;
    const attempt = (): WriterLane => {
      bootstrap(options.layout, options.database, options.initialCatalog);
      return new WriterLane(options, lock, reserve);
    };
    try {
      for (;;) {
        try {
          return attempt();
        } catch (error) {
          if (!isDiskFull(error) || !reserve.releaseForStart()) throw error;
        }
      }
    } catch (error) {
      lock.release();
      throw toPgError(error);
    }
  }

  /** A lane over files that the caller has brought up to the log's end. It is ended by `abandon`. */
  static take(options: WriterLaneOptions, reserve: SpaceReserve): WriterLane {
    return new WriterLane(options, undefined, reserve);
  }

  private constructor(
    private readonly options: WriterLaneOptions,
    private readonly directoryLock: DirectoryLock | undefined,
    private readonly reserve: SpaceReserve,
  ) {
    const { layout, shared } = options;
    this.cancel = new CancelWords(shared.cancel);
    this.publisher = new CommitPublisher(shared.control);
    this.connection = new Connection({ layout, register: options.register, cancel: this.cancel, cacheKib: largeCacheKib });
    // (Now, for a connection with open cursors takes no extensions.)
    RowSink.on(this.connection);
    this.gate = options.replica?.gate;
    try {
      if (options.replica === undefined) {
        this.log = recover(layout, this.connection, options.log).log;
        this.publisher.shown = this.log.end.lsn;
      } else {
        this.log = options.replica.log;
        for (const schema of [globalSchema, ...layout.shardSchemasOnDisk()]) this.connection.attach(schema);
      }
    } catch (error) {
      this.connection.close();
      throw error;
    }
    this.ids = new TransactionIds(Math.max(wallMicros(), this.log.position().hlc));
    this.exportedSnapshots = new ExportedSnapshots(this.history, layout.oid);
    // The backup thread says more once it knows how far the archive reaches.
    if (hasArchiveTarget(layout)) this.log.retainFrom(0);
    reserve.hold();
    this.running = new LaneCatalog(loadCatalog(this.connection.db, layout.oid), this.connection);
    this.connection.catalogOf = () => this.shownCatalog();
    this.sequences = new Sequences(this.connection);
    this.sequenceFunctions = new SequenceFunctions(this.sequences, this.connection.holder, () => this.running);
    this.sequenceFunctions.register(this.connection.db);
    this.tableStatistics = new TableStatistics(this.connection);
    this.changes = new TableChanges(this.log.nextLsn - 1);
    requireFilesOf(this.running.data, layout);
    const splitParts = new SplitParts(this.connection);
    const checkpointer = new Checkpointer(this.connection, layout, this.log, this.publisher);
    for (const schema of this.connection.schemas) checkpointer.written(schema);
    this.stage = new Stage(this.connection, (effect) => applyStep(this.connection, layout, effect));
    this.files = new FileKeeper(
      this.connection,
      layout,
      this.stage,
      this.log,
      this.tableStatistics,
      checkpointer,
      options.checkpointLogBytes ?? defaultCheckpointLogBytes,
    );
    this.files.removeOrphans(this.running.data);
    this.group = new GroupCommit(
      {
        connection: this.connection,
        stage: this.stage,
        log: this.log,
        gate: this.gate,
        sequences: this.sequences,
        statistics: this.tableStatistics,
        changes: this.changes,
        history: this.history,
        ids: this.ids,
        checkpointer,
        reserve,
        layout,
        publisher: this.publisher,
        dropped: this.files.dropped,
        splitParts,
        onCatalog: options.onCatalog,
        onFlushed: () => this.scheduler.flushed(),
        onDue: () => this.scheduler.settle(),
        wantsPause: () => this.files.wantsPause,
      },
      this.running,
    );
    this.scheduler = new JobScheduler(this.stage, this.locks, this.group, this.connection.holder, this.cancel, (drained) => {
      this.files.tidy();
      if (drained) this.onDrained?.();
    });
    this.advisoryLocks = new AdvisoryLocks(this.locks, this.cancel, () => this.nextTransaction++);
    this.state = { locks: this.locks, history: this.history, rowids: new RowidAllocator(), stage: this.stage, lookup: this.connection.lookup };
    this.splitter = new ShardSplitter({
      stage: this.stage,
      parts: splitParts,
      catalog: () => this.group.committed,
      assertOpen: () => this.assertOpen(),
      stopped: (cancelSlot) => this.cancel.error(cancelSlot),
      served: () => this.scheduler.served,
      autocommit: () => this.autocommit(internalContext),
      begin: () => new LaneTransaction(youngestLockId, 'read committed', false, false, internalContext),
      submit: async (transaction, context, lockTimeoutMs, run, kind) => {
        const work = (): ReturnType<typeof run> => {
          this.showCatalogOf(transaction);
          return run();
        };
        return await this.scheduler.submit(transaction, context, lockTimeoutMs, work, kind);
      },
      claim: (transaction, keys) => this.locks.claim(transaction, keys),
      lock: (transaction, key, mode) => this.require(transaction, key, mode),
      requireSpace: () => this.reserve.require(),
      removeDropped: () => this.removeDropped(),
      prepareFiles: async ({ group, first, count }) => await prepareShardFiles(layout, group, first, count),
      applyStep: (transaction, step) => this.applyStep(transaction, step, internalContext),
      commit: (transaction, catalog, tables = []) => {
        this.stage.own(transaction);
        for (const oid of tables) transaction.ddlTables.add(oid);
        if (catalog !== undefined) transaction.catalog = new LaneCatalog(catalog, this.connection);
        this.commitResident(transaction);
      },
      end: (transaction) => this.end(transaction),
    });
    this.splitter.resume();
  }

  get catalog(): CatalogData {
    return this.group.published.data;
  }

  /** What functions ask: the catalog of the statement that runs, together with what all databases share. */
  private shownCatalog(): CatalogSnapshot {
    const { running } = this;
    const server = this.runningServer ?? this.options.serverCatalog?.() ?? running.data.server;
    if (server === running.data.server) return running.snapshot;
    if (this.shown?.own !== running.data || this.shown.server !== server)
      this.shown = { own: running.data, server, snapshot: new CatalogSnapshot(compose(running.data, server)) };
    return this.shown.snapshot;
  }

  // ---- transactions ----

  async begin(request: Parameters<WriteService['begin']>[0]): Promise<{ readonly transaction: number }> {
    this.assertOpen();
    const transaction = new LaneTransaction(this.nextTransaction++, request.isolation, request.readOnly, false, request.context);
    if (request.isolation === 'read committed') this.transactions.set(transaction.lockId, transaction);
    else
      await this.scheduler.submit(transaction, request.context, 0, () => {
        const taken = request.snapshot === undefined ? undefined : this.exportedSnapshots.find(request.snapshot, request);
        if (taken === undefined) this.recordFromNow();
        transaction.hasSnapshot(taken?.snapshotSequence ?? this.publisher.sequence, taken?.visible ?? this.ids.snapshot(undefined));
        this.history.hold(transaction);
        this.transactions.set(transaction.lockId, transaction);
      });
    return { transaction: transaction.lockId };
  }

  /** A lasting snapshot is about to be taken: whatever commits from now on can be undone for it. The group is empty. */
  private recordFromNow(): void {
    if (this.history.recording) return;
    this.stage.park();
    const { committed } = this.group;
    for (const transaction of this.transactions.values())
      transaction.rememberBefore(({ oid }) => !transaction.ddlTables.has(oid) && committed.snapshot.relationByOid(oid) !== undefined);
  }

  async exportSnapshot(request: Parameters<WriteService['exportSnapshot']>[0]): ReturnType<WriteService['exportSnapshot']> {
    const transaction = this.transaction(request.transaction);
    const run = (): string => {
      if (transaction.isolation === 'read committed') this.recordFromNow();
      return this.exportedSnapshots.export(transaction, {
        snapshotSequence: this.publisher.sequence,
        visible: this.ids.snapshot(undefined),
      });
    };
    return { name: await this.scheduler.submit(transaction, transaction.context, 0, run, { alone: true }) };
  }

  async transactionId(request: Parameters<WriteService['transactionId']>[0]): ReturnType<WriteService['transactionId']> {
    const transaction = this.transaction(request.transaction);
    if (request.wanted || transaction.effects.length > 0 || transaction.catalog !== undefined || transaction.holdsRows) transaction.xid ??= this.ids.give();
    return Promise.resolve({ id: transaction.xid });
  }

  async visibleTransactions(request: Parameters<WriteService['visibleTransactions']>[0]): ReturnType<WriteService['visibleTransactions']> {
    const transaction = request.transaction === undefined ? undefined : this.transaction(request.transaction);
    await this.flushed();
    return { snapshot: transaction?.visible ?? this.ids.snapshot(transaction?.xid) };
  }

  async transactionStatus(request: Parameters<WriteService['transactionStatus']>[0]): ReturnType<WriteService['transactionStatus']> {
    this.assertOpen();
    await this.flushed();
    return { status: this.ids.status(request.id) };
  }

  async execute(request: Parameters<WriteService['execute']>[0]): Promise<MutationResult & { readonly transaction?: number }> {
    const { begin, context } = request;
    if (begin === undefined)
      return await this.executeIn(request.transaction === undefined ? this.autocommit(context) : this.transaction(request.transaction), request);
    const { transaction } = await this.begin({ isolation: begin.isolation, readOnly: begin.readOnly, context });
    try {
      return { ...(await this.executeIn(this.transaction(transaction), request)), transaction };
    } catch (error) {
      await this.rollback({ transaction });
      throw error;
    }
  }

  private async executeIn(transaction: LaneTransaction, request: Parameters<WriteService['execute']>[0]): Promise<MutationResult> {
    const { task, context, catalogVersion } = request;
    transaction.synchronous = request.synchronousCommit;
    transaction.untilApplied = request.untilApplied === true;
    return await this.scheduler.submit(transaction, context, request.lockTimeoutMs, () => {
      this.refuseReadOnly(transaction, task.kind === 'steps' ? 'SELECT' : task.kind.toUpperCase());
      this.reserve.require();
      const catalog = this.catalogFor(transaction, catalogVersion);
      const work = (): MutationResult => {
        const run = new StatementRun(this.state, transaction, catalog, context);
        const mutate = (one: MutationTask): MutationResult => {
          const tasks = [one, ...(one.inheritors ?? [])];
          for (const task of tasks) this.lockTables(run, task);
          if (isForBulk(run, one)) {
            const portions = this.read(transaction, tablesRead(catalog, one), () => readPortions(this.connection, run, one));
            return insertPortions(this.connection, run, one, portions);
          }
          const rows = tasks.map((task) => this.read(transaction, tablesRead(catalog, task), () => readSource(this.connection, task)));
          return together(tasks.map((task, i) => runMutation(this.connection, run, task, rows[i] ?? [])));
        };
        const read = <T>(sql: string, use: () => T): T => this.read(transaction, catalog.oidsNamed(sql), use);
        const outcome = task.kind === 'steps' ? runSteps(this.connection, run, task, mutate, read) : mutate(task);
        run.finish();
        if (transaction.autocommit && transaction.deferred.length > 0) checkConstraints(run, transaction.deferred.splice(0), true);
        return outcome;
      };
      // (Steps fill temporary tables, which an error must undo, too.)
      const result = task.kind === 'steps' ? this.stage.statement(transaction, work) : this.stage.lazily(transaction, work);
      if (transaction.autocommit) this.commitResident(transaction);
      return result;
    });
  }

  async copyRows(request: Parameters<WriteService['copyRows']>[0]): Promise<{ readonly count: number }> {
    const { tableOid, context, catalogVersion } = request;
    const transaction = this.transaction(request.transaction);
    return await this.scheduler.submit(transaction, context, request.lockTimeoutMs ?? 0, () => {
      this.refuseReadOnly(transaction, 'COPY FROM');
      this.reserve.require();
      // A table that the transaction has locked is still as it was, whatever else DDL has changed.
      const isLocked = this.locks.holds(transaction, tableLockKey(tableOid));
      const catalog = this.catalogFor(transaction, isLocked ? (transaction.catalog ?? this.group.committed).version : catalogVersion);
      const table = catalog.table(tableOid);
      const copy = (how: (run: StatementRun) => void): void =>
        this.stage.statement(transaction, () => {
          const run = new StatementRun(this.state, transaction, catalog, context);
          this.lockTables(run, request);
          how(run);
        });
      try {
        copy((run) => {
          if (!copyAtOnce(run, table, request.portions)) throw oneByOne;
        });
      } catch (error) {
        if (error !== oneByOne) throw error;
        copy((run) => copyOneByOne(run, table, request.portions));
      }
      return { count: request.portions.reduce((sum, portion) => sum + portion.count, 0) };
    });
  }

  async lockTable(request: Parameters<WriteService['lockTable']>[0]): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.scheduler.submit(transaction, transaction.context, request.lockTimeoutMs, () => {
      for (const { oid, name } of request.tables) {
        const key = tableLockKey(oid);
        if (request.nowait && this.locks.isBlocked(transaction, key, request.mode)) throw new PgError('55P03', `could not obtain lock on relation "${name}"`);
        this.require(transaction, key, request.mode);
      }
    });
  }

  async setConstraints(request: Parameters<WriteService['setConstraints']>[0]): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.scheduler.submit(transaction, transaction.context, 0, () =>
      this.stage.statement(transaction, () => {
        const before = transaction.deferral;
        const named = new Map(request.constraints === undefined ? [] : before.named);
        for (const oid of request.constraints ?? []) named.set(oid, request.deferred);
        transaction.deferral = { all: request.constraints === undefined ? request.deferred : before.all, named };
        try {
          checkNoLongerDeferred(new StatementRun(this.state, transaction, transaction.catalog ?? this.group.committed, transaction.context));
        } catch (error) {
          transaction.deferral = before;
          throw error;
        }
      }),
    );
  }

  async commit(request: Parameters<WriteService['commit']>[0]): ReturnType<WriteService['commit']> {
    const transaction = this.transaction(request.transaction);
    transaction.synchronous = request.synchronousCommit;
    transaction.untilApplied = request.untilApplied === true;
    return await this.scheduler.submit(
      transaction,
      transaction.context,
      0,
      () => {
        if (transaction.effects.length === 0 && transaction.catalog === undefined) {
          this.end(transaction, true);
          return { catalogVersion: this.group.committed.version };
        }
        try {
          if (transaction.server !== undefined) this.fillOutbox(transaction, transaction.server);
          if (transaction.deferred.length > 0) {
            this.stage.statement(transaction, () => {
              const run = new StatementRun(this.state, transaction, transaction.catalog ?? this.group.committed, transaction.context);
              checkConstraints(run, [...transaction.deferred], true);
            });
          }
          this.stage.own(transaction);
          this.commitResident(transaction);
        } catch (error) {
          if (!(error instanceof LockConflict)) this.end(transaction);
          throw error;
        }
        return { catalogVersion: this.group.committed.version, ...(transaction.server === undefined ? {} : { hasOutbox: true }) };
      },
      { commits: true },
    );
  }

  async rollback(request: Parameters<WriteService['rollback']>[0]): Promise<void> {
    const transaction = this.transactions.get(request.transaction);
    if (transaction === undefined) return;
    this.scheduler.stopWaits(new PgError('57014', 'canceling statement due to user request'), transaction);
    await this.scheduler.submit(transaction, transaction.context, 0, () => this.end(transaction), { undoes: true });
  }

  async savepoint(request: Parameters<WriteService['savepoint']>[0]): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.scheduler.submit(transaction, transaction.context, 0, () => {
      lockEffects(this.locks, transaction);
      transaction.savepoints.push({
        name: request.name,
        effects: transaction.effects.length,
        locks: transaction.held.length,
        deferred: transaction.deferred,
        deferredCount: transaction.deferred.length,
        deferral: transaction.deferral,
        createdFiles: transaction.createdFiles.length,
        sequencesBefore: transaction.sequencesBefore.length,
        catalog: transaction.catalog,
        server: transaction.server,
      });
      this.stage.savepoint(transaction);
    });
  }

  async rollbackTo(request: Parameters<WriteService['rollbackTo']>[0]): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.scheduler.submit(
      transaction,
      transaction.context,
      0,
      () => {
        const depth = this.savepointDepth(transaction, request.name);
        const savepoint = transaction.savepoints[depth];
        assert(savepoint !== undefined, 'the savepoint is there');
        transaction.savepoints.length = depth + 1;
        transaction.deferred = savepoint.deferred;
        transaction.deferred.length = savepoint.deferredCount;
        transaction.deferral = savepoint.deferral;
        transaction.catalog = savepoint.catalog;
        transaction.server = savepoint.server;
        this.stage.rollbackTo(transaction, depth, savepoint.effects);
        this.undoOutside(transaction, savepoint.sequencesBefore, savepoint.createdFiles);
        this.locks.releaseTo(transaction, Math.min(savepoint.locks, transaction.held.length));
        transaction.settled.clear();
      },
      { undoes: true },
    );
  }

  async release(request: Parameters<WriteService['release']>[0]): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.scheduler.submit(transaction, transaction.context, 0, () => {
      const depth = this.savepointDepth(transaction, request.name);
      transaction.savepoints.length = depth;
      this.stage.release(transaction, depth);
    });
  }

  private savepointDepth(transaction: LaneTransaction, name: string): number {
    const depth = transaction.savepoints.findLastIndex((savepoint) => savepoint.name === name);
    if (depth < 0) throw new PgError('3B001', `savepoint "${name}" does not exist`);
    return depth;
  }

  // ---- reads of a transaction ----

  async open(request: Parameters<WriteService['open']>[0]): Promise<{ readonly cursor: number; readonly batch: CursorBatch }> {
    const { context, cursor, catalogVersion } = request;
    const transaction = this.transaction(request.transaction);
    const { locking } = request;
    return await this.scheduler.submit(transaction, context, request.lockTimeoutMs ?? 0, () => {
      const catalog = this.catalogFor(transaction, catalogVersion);
      const admits = locking === undefined ? undefined : this.rowLocker(transaction, catalog, context, locking);
      const spool = this.read(transaction, catalog.oidsNamed(cursor.sql), () => this.spool(cursor, context, admits));
      const id = this.nextCursor++;
      const batch = spool.pull(request.maxRows);
      if (batch.done) spool.close();
      else {
        this.cursors.set(id, { spool, transaction });
        transaction.cursors.add(id);
      }
      return { cursor: id, batch };
    });
  }

  /** Locks each row that comes; answers whether it is part of the result, 'end' once no more are wanted. */
  private rowLocker(
    transaction: LaneTransaction,
    catalog: LaneCatalog,
    context: TaskContext,
    locking: RowLockingTask,
  ): (row: readonly SqlValue[]) => boolean | 'end' {
    const strongest = locking.locks.some(({ mode }) => mode === 'update' || mode === 'noKeyUpdate');
    this.refuseReadOnly(transaction, strongest ? 'SELECT FOR UPDATE' : 'SELECT FOR SHARE');
    const run = new StatementRun(this.state, transaction, catalog, context);
    let seen = 0;
    return (row) => {
      if (locking.count !== undefined && seen >= locking.offset + locking.count) return 'end';
      for (const { tableOid, tableColumn, shardColumn, rowidColumn, mode, wait } of locking.locks) {
        const rowid = row[rowidColumn];
        if (rowid === null || rowid === undefined) continue;
        const table = catalog.table(tableColumn === undefined ? tableOid : Number(row[tableColumn]));
        const shard = Number(row[shardColumn]);
        if (wait !== 'wait' && this.locks.isBlocked(transaction, rowLockKey(table.oid, shard, Number(rowid)), mode)) {
          if (wait === 'skip') return false;
          throw new PgError('55P03', `could not obtain lock on row in relation "${table.table.name}"`);
        }
        run.lockRow(table, shard, Number(rowid), mode);
      }
      return ++seen > locking.offset;
    };
  }

  private spool(cursor: OpenCursor, context: TaskContext, admits?: (row: readonly SqlValue[]) => boolean | 'end'): Spool {
    const encoder = createRowEncoder(cursor.output, this.connection.holder.current);
    const spool = new Spool(cursor.output.kind === 'wire' || cursor.output.kind === 'copy');
    try {
      const statement = this.connection.prepare(cursor.sql, true);
      for (const row of statement.iterate(...bindings(cursor.sql, cursor.params))) {
        const admitted = admits?.(row);
        if (admitted === 'end') break;
        if (admitted === false) continue;
        encoder.add(row);
        if (encoder.byteLength >= batchBytes) {
          spool.add(encoder);
          this.cancel.check(context.cancelSlot);
        }
      }
      spool.add(encoder);
      return spool;
    } catch (error) {
      spool.close();
      throw error;
    }
  }

  async pull(request: Parameters<WriteService['pull']>[0]): Promise<CursorBatch> {
    const cursor = this.cursors.get(request.cursor);
    if (cursor === undefined) return Promise.resolve({ done: true, rows: 0, bytes: undefined });
    const batch = cursor.spool.pull(request.maxRows);
    if (batch.done) this.close(request);
    return Promise.resolve(batch);
  }

  close(request: Parameters<WriteService['close']>[0]): void {
    const cursor = this.cursors.get(request.cursor);
    if (cursor === undefined) return;
    this.cursors.delete(request.cursor);
    cursor.transaction.cursors.delete(request.cursor);
    cursor.spool.close();
  }

  async createLanding(request: { readonly transaction: number; readonly table: LandingTable }): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.scheduler.submit(transaction, transaction.context, 0, () => {
      this.stage.own(transaction);
      const { table } = request;
      if (transaction.landings.has(table.name)) dropLandingTable(this.connection, table.name);
      createLandingTable(this.connection, table);
      indexLandingTable(this.connection, table);
      transaction.landings.set(table.name, { table, chunks: [] });
    });
  }

  async land(request: { readonly transaction: number; readonly table: string; readonly bytes: Uint8Array }): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.scheduler.submit(transaction, transaction.context, 0, () => {
      const landing = transaction.landings.get(request.table);
      if (landing === undefined) throw noLanding(request.table);
      this.stage.own(transaction);
      landRows(this.connection, landing.table, request.bytes);
      landing.chunks.push(request.bytes);
    });
  }

  // ---- DDL ----

  async ddl(request: Parameters<WriteService['ddl']>[0]): Promise<void> {
    const { context, steps } = request;
    const transaction = this.transaction(request.transaction);
    const run = (): void => {
      this.refuseReadOnly(transaction, 'DDL');
      this.reserve.require();
      this.removeDropped();
      this.require(transaction, catalogLockKey, 'update');
      const current = transaction.catalog ?? this.group.committed;
      if (request.baseVersion !== current.version) throw staleCatalog();
      const touched = new Set(changedTables(current.data, request.catalog));
      for (const step of steps) if (step.kind === 'sql') for (const table of current.tablesNamed(step.sql)) touched.add(table.oid);
      for (const oid of touched) {
        this.require(transaction, tableLockKey(oid), 'update');
        transaction.ddlTables.add(oid);
      }
      const created = transaction.createdFiles.length;
      try {
        this.stage.statement(transaction, () => {
          for (const step of restartedCopies(current, touched)) this.applyStep(transaction, step, context);
          for (const step of steps) {
            try {
              this.applyStep(transaction, step, context);
            } catch (error) {
              throw stepError(this.connection, step, request.catalog, error);
            }
          }
        });
      } catch (error) {
        this.files.dropped.push(...transaction.createdFiles.splice(created));
        throw error;
      }
      transaction.catalog = new LaneCatalog(request.catalog, this.connection);
    };
    await this.scheduler.submit(transaction, context, request.lockTimeoutMs, run, { alone: true });
  }

  /** Files of what was rolled back may bear the name of what is to be made now. Before anything is done on the stage. */
  private removeDropped(): void {
    if (this.files.dropped.length === 0) return;
    this.stage.leave();
    this.files.removeDropped();
  }

  async splitShard(request: Parameters<WriteService['splitShard']>[0]): ReturnType<WriteService['splitShard']> {
    this.assertOpen();
    return await this.splitter.split(request);
  }

  async cancelSplit({ group }: Parameters<WriteService['cancelSplit']>[0]): ReturnType<WriteService['cancelSplit']> {
    this.assertOpen();
    return Promise.resolve({ cancelled: this.splitter.cancel(group) });
  }

  /** The front end that has waited for a split with this cancel word is gone. */
  forgetSplitWaiter(cancelSlot: number): void {
    this.splitter.forget(cancelSlot);
  }

  async changeServer(request: Parameters<WriteService['changeServer']>[0]): Promise<void> {
    const transaction = this.transaction(request.transaction);
    const run = (): void => {
      this.refuseReadOnly(transaction, 'DDL');
      this.require(transaction, catalogLockKey, 'update');
      transaction.server = request.server;
    };
    await this.scheduler.submit(transaction, transaction.context, request.lockTimeoutMs, run);
  }

  /** The transaction's record carries what it has made of the server's catalog. It has the catalog's lock. */
  private fillOutbox(transaction: LaneTransaction, server: ServerCatalog): void {
    const current = transaction.catalog ?? this.group.committed;
    const committed = this.options.serverCatalog?.() ?? current.data.server;
    const { upserts, deletes } = catalogChange(serverCatalogData(committed), serverCatalogData(server));
    const sequence = server.databases.find((entry) => entry.oid === current.data.databaseOid)?.delivered ?? 0;
    const version = transaction.catalog === undefined ? current.version + 1 : current.version;
    transaction.catalog = new LaneCatalog({ ...current.data, version, outbox: { sequence, change: { upserts, deletes } } }, this.connection);
  }

  private applyStep(transaction: LaneTransaction, step: DdlStep, context: TaskContext): void {
    const effect = { kind: 'ddl', step, schema: stepSchema(step, this.connection.schemas), context } as const;
    if (step.kind === 'createShards') {
      const { group, first, count } = step;
      transaction.createdFiles.push(first === 0 ? { group } : { group, files: Array.from({ length: count }, (_, at) => first + at) });
    }
    applyStep(this.connection, this.options.layout, effect);
    if (step.kind === 'setSequence') {
      transaction.sequencesBefore.push([step.oid, this.sequences.snapshot(step.oid)]);
      this.sequences.set(step.oid, step.lastValue, step.isCalled);
    }
    transaction.add(effect);
  }

  // ---- sequences, statistics, advisory locks ----

  async nextval(request: Parameters<WriteService['nextval']>[0]): Promise<{ readonly first: bigint }> {
    this.assertOpen();
    const transaction = request.transaction === undefined ? undefined : this.transaction(request.transaction);
    const first = this.sequences.next((transaction?.catalog ?? this.group.committed).sequence(request.oid), request.count);
    // Without a commit to come the value itself must not be given twice: the range is logged before the reply.
    if (transaction === undefined && this.sequences.dirty) await this.scheduler.afterFlush();
    return { first };
  }

  async setval(request: Parameters<WriteService['setval']>[0]): Promise<void> {
    this.assertOpen();
    Sequences.checkRange(this.group.committed.sequence(request.oid), request.value);
    this.sequences.set(request.oid, request.value, request.isCalled);
    await this.scheduler.afterFlush();
  }

  async sequenceState(request: Parameters<WriteService['sequenceState']>[0]): Promise<{ readonly lastValue: bigint; readonly isCalled: boolean }> {
    const { lastValue, isCalled } = this.sequences.state(this.group.committed.sequence(request.oid));
    return Promise.resolve({ lastValue, isCalled });
  }

  /** See PositionService. */
  areTablesAsAt(lsn: number, tables: readonly string[]): boolean {
    return this.changes.areAsAt(lsn, tables);
  }

  async statistics(): ReturnType<WriteService['statistics']> {
    const found: Awaited<ReturnType<WriteService['statistics']>>[number][] = [];
    const { committed } = this.group;
    for (const relation of [...committed.data.relations, ...committed.snapshot.systemTables]) {
      if (relation.kind !== 'table') continue;
      const { distribution } = relation;
      const schemas = committed.snapshot.shardSchemas(relation);
      const parts = distribution.kind === 'reference' ? [] : partSchemaNames(committed.snapshot.group(distribution.group));
      for (const [shard, schema] of [...schemas, ...parts].entries()) {
        const { rows, bytes } = this.tableStatistics.counter(schema, relation.physicalName);
        found.push({ tableOid: relation.oid, shard, isPart: shard >= schemas.length, rows, bytes });
      }
    }
    return Promise.resolve(found);
  }

  async advisory(request: Parameters<WriteService['advisory']>[0]): Promise<{ readonly granted: boolean }> {
    const transaction = request.transaction === undefined || request.transaction === 0 ? undefined : this.transaction(request.transaction);
    const granted = await this.advisoryLocks.carryOut(request, transaction);
    // Who held it may have given it back with a commit that is not yet durable, nor seen by readers: what it has protected must be there.
    if (granted && (request.action === 'lock' || request.action === 'try') && this.group.pending) {
      try {
        await this.scheduler.afterFlush();
      } catch (error) {
        if (transaction === undefined) await this.advisoryLocks.carryOut({ ...request, action: 'unlock' }, undefined);
        throw error;
      }
    }
    return { granted };
  }

  async lockFacts(): ReturnType<WriteService['lockFacts']> {
    await Promise.resolve();
    return this.locks.facts();
  }

  /** Something was acknowledged that is not in the log yet. */
  get isDeferring(): boolean {
    return this.group.deferring;
  }

  async flushed(): Promise<void> {
    if (this.group.deferring) await this.scheduler.afterFlush();
  }

  // ---- backup ----

  async logPosition(): ReturnType<WriteService['logPosition']> {
    this.assertOpen();
    await this.flushed();
    return this.gate?.committedPosition() ?? this.log.position();
  }

  forgetSequences(request: { readonly session: number }): Promise<void> {
    this.sequenceFunctions.forget(request.session);
    return Promise.resolve();
  }

  retainLog(request: { readonly lsn: number }): void {
    this.log.retainFrom(request.lsn);
  }

  // ---- jobs ----

  private autocommit(context: TaskContext): LaneTransaction {
    this.assertOpen();
    return new LaneTransaction(this.nextTransaction++, 'read committed', false, true, context);
  }

  private transaction(id: number | undefined): LaneTransaction {
    this.assertOpen();
    const transaction = id === undefined ? undefined : this.transactions.get(id);
    if (transaction === undefined) throw new PgError('25P01', 'there is no such transaction');
    return transaction;
  }

  private assertOpen(): void {
    if (this.ended !== undefined) throw this.ended;
    if (this.closing) throw new PgError('57P01', 'terminating connection due to administrator command', { severity: 'FATAL' });
  }

  private refuseReadOnly(transaction: LaneTransaction, command: string): void {
    if (transaction.readOnly) throw new PgError('25006', `cannot execute ${command} in a read-only transaction`);
  }

  /** The catalog that the transaction sees, if the plan was made for it. */
  private catalogFor(transaction: LaneTransaction, version: number): LaneCatalog {
    const catalog = transaction.catalog ?? this.group.committed;
    if (catalog.version !== version) throw staleCatalog();
    this.showCatalogOf(transaction);
    return catalog;
  }

  /** What functions find in the catalog from now on, and the keys of user-defined types. */
  private showCatalogOf(transaction: LaneTransaction): void {
    this.running = transaction.catalog ?? this.group.committed;
    this.runningServer = transaction.server;
  }

  /** A lock outside of a StatementRun. */
  private require(transaction: LaneTransaction, key: string, mode: LockMode): void {
    if (this.locks.isBlocked(transaction, key, mode)) throw new LockConflict(key, mode);
    this.locks.acquire(transaction, key, mode);
  }

  /** A writing statement keeps DDL off its tables, and under SERIALIZABLE other readers and writers. */
  private lockTables(run: StatementRun, task: Pick<MutationTask, 'tableOid'>): void {
    const { transaction, catalog } = run;
    if (transaction.autocommit && this.locks.empty) return;
    const target = catalog.table(task.tableOid);
    if (transaction.isolation === 'serializable') this.touch(transaction, target.oid, 'noKeyUpdate');
    else run.lock(tableLockKey(target.oid), 'keyShare');
    for (const foreign of target.foreignKeys) run.lock(tableLockKey(foreign.parent.oid), 'keyShare');
    for (const foreign of target.referencedBy) run.lock(tableLockKey(foreign.child.oid), 'keyShare');
  }

  /** SERIALIZABLE locks a table at its first touch; it must then still be as the snapshot has it. */
  private touch(transaction: LaneTransaction, oid: number, mode: LockMode): void {
    this.require(transaction, tableLockKey(oid), mode);
    if (transaction.settled.has(oid)) return;
    if (this.history.tableChangedSince(oid, transaction.snapshotSequence)) throw serializationFailure();
    transaction.settled.add(oid);
  }

  /** A read on the writer connection, as the transaction's isolation has it. Keeps DDL off the tables it names. */
  private read<T>(transaction: LaneTransaction, tables: ReadonlySet<number>, run: () => T): T {
    if (transaction.autocommit) {
      if (!this.locks.empty)
        for (const oid of tables) if (this.locks.isBlocked(transaction, tableLockKey(oid), 'keyShare')) throw new LockConflict(tableLockKey(oid), 'keyShare');
      return run();
    }
    for (const oid of tables) {
      if (transaction.isolation === 'serializable') this.touch(transaction, oid, 'share');
      else this.require(transaction, tableLockKey(oid), 'keyShare');
    }
    const undo = transaction.isolation === 'read committed' ? [] : this.history.undoFor(transaction, tables);
    if (undo.length === 0) {
      this.stage.show(transaction, tables);
      return run();
    }
    this.stage.own(transaction);
    return withUndone(this.connection, undo, run);
  }

  // ---- ends of transactions ----

  /** Puts the resident transaction into the group. */
  private commitResident(transaction: LaneTransaction): void {
    this.showCatalogOf(transaction);
    if (transaction.effects.length === 0 && transaction.catalog === undefined) {
      this.end(transaction, true);
      return;
    }
    try {
      this.group.join(transaction);
    } catch (error) {
      this.end(transaction);
      throw error;
    }
    transaction.createdFiles.length = 0;
    transaction.sequencesBefore.length = 0;
    this.forget(transaction);
  }

  /** Rolls a transaction back; or ends one that has changed nothing, as `committed`. */
  private end(transaction: LaneTransaction, committed = false): void {
    transaction.closed = transactionOver;
    if (transaction.xid !== undefined) this.ids.ended(transaction.xid, committed);
    if (this.stage.resident === transaction) this.stage.park();
    this.undoOutside(transaction, 0, 0);
    this.forget(transaction);
  }

  /** Undoes what DDL has done outside of SQLite's transaction: sequences and files. */
  private undoOutside(transaction: LaneTransaction, sequences: number, files: number): void {
    const { sequencesBefore, createdFiles } = transaction;
    for (let at = sequencesBefore.length - 1; at >= sequences; at--) {
      const [oid, before] = sequencesBefore[at] as (typeof sequencesBefore)[number];
      if (before === undefined) this.sequences.drop(oid);
      else this.sequences.set(oid, before.lastValue, before.isCalled);
    }
    sequencesBefore.length = Math.min(sequences, sequencesBefore.length);
    this.files.dropped.push(...createdFiles.splice(files));
  }

  private forget(transaction: LaneTransaction): void {
    this.transactions.delete(transaction.lockId);
    this.history.letGo(transaction);
    this.exportedSnapshots.ended(transaction);
    transaction.closed = transactionOver;
    for (const id of transaction.cursors) {
      this.cursors.get(id)?.spool.close();
      this.cursors.delete(id);
    }
    const { waiting } = transaction;
    if (waiting !== undefined) {
      this.locks.cancel(waiting);
      waiting.abandon?.(transactionOver);
    }
    this.locks.releaseTo(transaction, 0);
    this.locks.unclaim(transaction);
  }

  async shutdown(): Promise<void> {
    if (this.closing) return;
    const ended = new PgError('57P01', 'terminating connection due to administrator command');
    this.scheduler.stopWaits(ended);
    this.splitter.stop(ended);
    this.closing = true;
    await new Promise<void>((resolve) => {
      this.onDrained = resolve;
      this.scheduler.schedule();
    });
    this.onDrained = undefined;
    this.scheduler.close();
    await this.flushed();
    this.stage.rollback();
    for (const transaction of [...this.transactions.values()]) this.end(transaction);
    this.sequences.settle();
    this.group.flush(true);
    while (this.group.flushing) await new Promise((resolve) => setTimeout(resolve, 1));
    this.files.removeDropped();
    this.connection.holder.current = internalContext;
    this.files.checkpoint();
    this.connection.close();
    if (this.options.reserve === undefined) this.reserve.keepForStart();
    this.log.close();
    this.directoryLock?.release();
  }

  /** This node is no longer primary: all that waits fails, all that is open is rolled back, and the files are let go of. Log and directory are the caller's. */
  abandon(): void {
    if (this.closing) return;
    this.closing = true;
    this.ended = new PgError('40001', 'the primary of the database has changed', { hint: 'Try the transaction again.' });
    this.splitter.stop(this.ended);
    this.scheduler.abandon(this.ended);
    this.group.abandon(
      this.ended,
      new PgError('08007', 'the primary of the database has changed during the commit', { hint: 'It is not known whether the transaction is committed.' }),
    );
    this.stage.rollback();
    for (const transaction of [...this.transactions.values()]) this.end(transaction);
    this.files.removeDropped();
    this.connection.close();
  }
}

/** What the parts of one statement have written, in order. */
function together(results: readonly MutationResult[]): MutationResult {
  const [only] = results;
  if (results.length === 1 && only !== undefined) return only;
  const moved = results.find((result) => result.moved !== undefined)?.moved;
  return {
    ...(moved === undefined ? {} : { moved }),
    count: results.reduce((sum, result) => sum + result.count, 0),
    returning: results.flatMap((result) => result.returning),
    returningRows: results.reduce((sum, result) => sum + result.returningRows, 0),
  };
}

/** Of a shard that is being split: DDL on a table takes it out of the parts. */
function restartedCopies(catalog: LaneCatalog, tables: ReadonlySet<number>): readonly DdlStep[] {
  const group = splittingGroup(catalog.data);
  if (group === undefined) return [];
  return [...tables].flatMap((oid) => {
    const table = catalog.snapshot.relationByOid(oid);
    return table?.kind === 'table' && isOfGroup(table, group) ? restart(group, table) : [];
  });
}

/** The tables that a statement's SQL reads. */
function tablesRead(catalog: LaneCatalog, task: MutationTask): ReadonlySet<number> {
  const source = catalog.oidsNamed(task.source.sql);
  const others = [task.returning?.sql, task.onConflict?.update?.sql].flatMap((sql) => (sql === undefined ? [] : [...catalog.oidsNamed(sql)]));
  return others.length === 0 ? source : new Set([...source, ...others]);
}
