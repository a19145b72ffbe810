/**
 * The writer lane: the one place that writes a database. Owns the writer connection, the lock table, open transactions, sequences, the node log and the catalog's
 * commits. Calls become jobs; jobs that are ready run one after another on the stage, those that commit form a group, and a group is one log batch, one fdatasync and
 * one SQLite COMMIT. Runs in one thread (storage/worker-entry) and is called through common/rpc.
 *
 * SERIALIZABLE is REPEATABLE READ plus table locks at first touch: readers of a table (on the lane) keep its writers out until they end, and vice versa.
 */
import { mkdirSync } from 'node:fs';
import type { CatalogData } from '../../catalog/snapshot.js';
import { assert, PgError } from '../../common/errors.js';
import { RowReader } from '../../types/row-codec.js';
import { bootstrap, dropGroupFiles } from '../files/bootstrap.js';
import { catalogChange, loadCatalog, storeCatalogChange } from '../files/catalog-store.js';
import { Connection, internalContext, type RegisterFunctions } from '../files/connection.js';
import { DirectoryLock } from '../files/directory-lock.js';
import { type DatabaseLayout, globalSchema, shardSchema } from '../files/layout.js';
import { bindings } from '../files/parameters.js';
import { writeLsn } from '../log/file-lsn.js';
import type { NodeLog, NodeLogOptions } from '../log/node-log.js';
import { imageDelete, imageInsert, imageUpdate, RecordWriter } from '../log/records.js';
import { recover } from '../log/recovery.js';
import type { CatalogPublication, CursorBatch, DdlStep, LandingTable, MutationTask, OpenCursor, TaskContext, WriteService } from '../ports.js';
import { createLandingTable, dropLandingTable, indexLandingTable, landRows, noLanding } from '../read/landing.js';
import { createRowEncoder } from '../read/row-encoder.js';
import { CancelWords, CommitPublisher, type SharedBuffers } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import { Checkpointer } from './checkpoint.js';
import { applyStep, changedTables, stepError, stepSchema } from './ddl.js';
import { checkForeignKeys } from './foreign-keys.js';
import { CommitHistory, serializationFailure } from './history.js';
import { LaneCatalog } from './lane-catalog.js';
import { catalogLockKey, LockConflict, type LockMode, type LockOwner, LockTable, rowLockKey, tableLockKey, type Wait } from './lock-table.js';
import { type MutationResult, readSource, runCopy, runMutation } from './mutation.js';
import { RowidAllocator } from './rowids.js';
import { SequenceFunctions } from './sequence-functions.js';
import { type LoggedSequence, Sequences } from './sequences.js';
import { withUndone } from './snapshot-view.js';
import { Spool } from './spool.js';
import { Stage } from './stage.js';
import { type LaneState, lockEffects, StatementRun } from './statement-run.js';
import { rowBytes, TableStatistics } from './statistics.js';
import { LaneTransaction } from './transaction.js';

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
  /** Catalog of a new database directory, for tests. */
  readonly initialCatalog?: CatalogData;
}

interface Job {
  readonly transaction: LaneTransaction;
  readonly context: TaskContext;
  readonly lockTimeoutMs: number;
  readonly run: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
  /** Whether it ends in the group when it succeeds. */
  readonly commits: boolean;
  /** Whether it must find no group on the stage. */
  readonly alone: boolean;
  /** The lock whose queue it has just left. */
  wokenBy: string | undefined;
  /** When its current wait ends with 55P03. */
  deadlineMs: number;
  /** Since when it has stood back for a heavy transaction; 0: not. */
  postponedMs: number;
}

interface WaitingJob {
  readonly job: Job;
  readonly wait: Wait;
}

/** A transaction whose effects lie in the group. */
interface Member {
  readonly transaction: LaneTransaction;
  readonly record: Uint8Array;
  readonly schemas: ReadonlySet<string>;
  readonly catalog: LaneCatalog | undefined;
  /** Tables that its DDL has changed. */
  readonly changedTables: readonly number[];
}

const groupMembersMax = 512;
const groupBytesMax = 4 * 1024 * 1024;
const waitPollMs = 20;
const heavyEffects = 5000;
const heavyIdleMs = 30;
const heavyHoldMsMin = 200;
const heavyHoldMsPerEffect = 0.02;
const recordBytesMax = 1_500_000_000;
const defaultCheckpointLogBytes = 64 * 1024 * 1024;
const batchBytes = 256 * 1024;
const walCheckEveryMs = 100;

const transactionOver = new PgError('25P01', 'there is no transaction in progress');
const staleCatalog = (): PgError => new PgError('SH001', 'the plan was made for another version of the catalog');

export class WriterLane implements WriteService {
  private readonly connection: Connection;
  private readonly locks = new LockTable();
  private readonly history = new CommitHistory();
  private readonly state: LaneState;
  private readonly stage: Stage;
  private readonly sequences: Sequences;
  private readonly tableStatistics: TableStatistics;
  private readonly checkpointer: Checkpointer;
  private readonly cancel: CancelWords;
  private readonly publisher: CommitPublisher;
  private readonly recordWriter = new RecordWriter();
  private readonly log: NodeLog;
  private committed: LaneCatalog;
  /** The catalog of the statement that runs. */
  private running: LaneCatalog;

  private readonly transactions = new Map<number, LaneTransaction>();
  private readonly cursors = new Map<number, { readonly spool: Spool; readonly transaction: LaneTransaction }>();
  private readonly advisoryOwners = new Map<number, LockOwner>();
  private readonly advisoryCounts = new Map<string, number>();
  private nextTransaction = 1;
  private nextCursor = 1;

  private readonly ready: Job[] = [];
  private readonly active = new Map<LaneTransaction, Job>();
  private readonly queued = new Map<LaneTransaction, Job[]>();
  private readonly waiting = new Set<WaitingJob>();
  private waitTimer: NodeJS.Timeout | undefined;
  private readonly postponed: Job[] = [];
  private postponeTimer: NodeJS.Timeout | undefined;
  private scheduled = false;
  private flushing = false;
  private group: Member[] = [];
  private groupBytes = 0;
  /** Replies that a crash before the group's fsync would make lies. */
  private held: { readonly settle: () => void; readonly fail: (error: unknown) => void }[] = [];
  private readonly droppedGroups: string[] = [];
  private lastWalCheckMs = 0;
  private walCheckTurn = 0;
  private closing = false;
  private onIdle: (() => void) | undefined;

  /** Locks the directory, makes or recovers the database, and is ready to serve. */
  static open(options: WriterLaneOptions): WriterLane {
    mkdirSync(options.layout.directory, { recursive: true });
    const lock = DirectoryLock.acquire(options.layout);
    try {
      bootstrap(options.layout, options.database, options.initialCatalog);
      return new WriterLane(options, lock);
    } catch (error) {
      lock.release();
      throw error;
    }
  }

  private constructor(
    private readonly options: WriterLaneOptions,
    private readonly directoryLock: DirectoryLock,
  ) {
    const { layout, shared } = options;
    this.cancel = new CancelWords(shared.cancel);
    this.publisher = new CommitPublisher(shared.control);
    this.connection = new Connection({ layout, register: options.register, cancel: this.cancel, cacheKib: 8192 });
    this.log = recover(layout, this.connection, options.log).log;
    this.committed = new LaneCatalog(loadCatalog(this.connection), this.connection);
    this.running = this.committed;
    this.removeOrphans();
    this.sequences = new Sequences(this.connection);
    new SequenceFunctions(this.sequences, this.connection.holder, () => this.running).register(this.connection.db);
    this.tableStatistics = new TableStatistics(this.connection);
    this.checkpointer = new Checkpointer(this.connection, layout);
    for (const schema of this.connection.schemas) this.checkpointer.written(schema);
    this.stage = new Stage(
      this.connection,
      (effect) => applyStep(this.connection, layout, effect),
      (transaction) => {
        if (!transaction.autocommit && transaction.closed === undefined) lockEffects(this.locks, transaction);
      },
    );
    this.state = { locks: this.locks, history: this.history, rowids: new RowidAllocator() };
  }

  get catalog(): CatalogData {
    return this.committed.data;
  }

  // ---- transactions ----

  async begin(request: Parameters<WriteService['begin']>[0]): Promise<{ readonly transaction: number }> {
    this.assertOpen();
    const id = this.nextTransaction++;
    const sequence = request.commitSequence ?? this.publisher.sequence;
    const transaction = new LaneTransaction(id, request.isolation, request.readOnly, false, sequence, request.context);
    if (request.isolation !== 'read committed') this.history.register(transaction);
    this.transactions.set(id, transaction);
    return Promise.resolve({ transaction: id });
  }

  async execute(request: Parameters<WriteService['execute']>[0]): Promise<MutationResult & { readonly transaction?: number }> {
    if (request.begin !== undefined) {
      const { transaction } = await this.begin({ ...request.begin, context: request.context });
      try {
        const { begin: _begun, ...statement } = request;
        return { ...(await this.execute({ ...statement, transaction })), transaction };
      } catch (error) {
        await this.rollback({ transaction });
        throw error;
      }
    }
    const { task, context, catalogVersion } = request;
    const transaction = request.transaction === undefined ? this.autocommit(context) : this.transaction(request.transaction);
    return await this.submit(transaction, context, request.lockTimeoutMs, () => {
      this.refuseReadOnly(transaction, task.kind.toUpperCase());
      const catalog = this.catalogFor(transaction, catalogVersion);
      const result = this.stage.statement(transaction, () => {
        const run = new StatementRun(this.state, transaction, catalog, context);
        this.lockTables(run, task);
        const rows = this.read(transaction, catalog, task.source.sql, () => readSource(this.connection, task));
        const outcome = runMutation(this.connection, run, task, rows);
        if (transaction.autocommit && transaction.deferred.length > 0) checkForeignKeys(run, transaction.deferred.splice(0), true);
        return outcome;
      });
      if (transaction.autocommit) this.commitResident(transaction);
      return result;
    });
  }

  async copyRows(request: Parameters<WriteService['copyRows']>[0]): Promise<{ readonly count: number }> {
    const { task, context, catalogVersion } = request;
    const transaction = this.transaction(request.transaction);
    return await this.submit(transaction, context, 0, () => {
      this.refuseReadOnly(transaction, 'COPY FROM');
      const catalog = this.catalogFor(transaction, catalogVersion);
      return this.stage.statement(transaction, () => {
        const run = new StatementRun(this.state, transaction, catalog, context);
        this.lockTables(run, task);
        return { count: runCopy(this.connection, run, task, request.bytes) };
      });
    });
  }

  async commit(request: Parameters<WriteService['commit']>[0]): Promise<{ readonly catalogVersion: number }> {
    const transaction = this.transaction(request.transaction);
    return await this.submit(
      transaction,
      transaction.context,
      0,
      () => {
        if (transaction.effects.length === 0 && transaction.catalog === undefined) {
          this.end(transaction);
          return { catalogVersion: this.committed.version };
        }
        try {
          if (transaction.deferred.length > 0) {
            this.stage.statement(transaction, () => {
              const run = new StatementRun(this.state, transaction, transaction.catalog ?? this.committed, transaction.context);
              checkForeignKeys(run, [...transaction.deferred], true);
            });
          }
          this.stage.own(transaction);
          this.commitResident(transaction);
        } catch (error) {
          if (!(error instanceof LockConflict)) this.end(transaction);
          throw error;
        }
        return { catalogVersion: this.committed.version };
      },
      { commits: true },
    );
  }

  async rollback(request: Parameters<WriteService['rollback']>[0]): Promise<void> {
    const transaction = this.transactions.get(request.transaction);
    if (transaction === undefined) return;
    for (const waiting of this.waiting) if (waiting.job.transaction === transaction) this.stopWaiting(waiting, new PgError('57014', 'canceling statement due to user request'));
    await this.submit(transaction, transaction.context, 0, () => this.end(transaction));
  }

  async savepoint(request: Parameters<WriteService['savepoint']>[0]): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.submit(transaction, transaction.context, 0, () => {
      lockEffects(this.locks, transaction);
      transaction.savepoints.push({
        name: request.name,
        effects: transaction.effects.length,
        locks: transaction.held.length,
        deferred: transaction.deferred.length,
        createdGroups: transaction.createdGroups.length,
        sequencesBefore: transaction.sequencesBefore.length,
        catalog: transaction.catalog,
      });
      this.stage.savepoint(transaction);
    });
  }

  async rollbackTo(request: Parameters<WriteService['rollbackTo']>[0]): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.submit(transaction, transaction.context, 0, () => {
      const depth = this.savepointDepth(transaction, request.name);
      const savepoint = transaction.savepoints[depth];
      assert(savepoint !== undefined, 'the savepoint is there');
      transaction.savepoints.length = depth + 1;
      transaction.deferred.length = Math.min(transaction.deferred.length, savepoint.deferred);
      transaction.catalog = savepoint.catalog;
      this.stage.rollbackTo(transaction, depth, savepoint.effects);
      this.undoOutside(transaction, savepoint.sequencesBefore, savepoint.createdGroups);
      this.locks.releaseTo(transaction, Math.min(savepoint.locks, transaction.held.length));
    });
  }

  async release(request: Parameters<WriteService['release']>[0]): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.submit(transaction, transaction.context, 0, () => {
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
    return await this.submit(transaction, context, 0, () => {
      const catalog = this.catalogFor(transaction, catalogVersion);
      const spool = this.read(transaction, catalog, cursor.sql, () => this.spool(cursor, context));
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

  private spool(cursor: OpenCursor, context: TaskContext): Spool {
    const encoder = createRowEncoder(cursor.output, context);
    const spool = new Spool(cursor.output.kind === 'wire' || cursor.output.kind === 'copy');
    try {
      const statement = this.connection.prepare(cursor.sql, true);
      for (const row of statement.iterate(...bindings(cursor.sql, cursor.params))) {
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

  async lockRows(request: Parameters<WriteService['lockRows']>[0]): Promise<{ readonly rows: readonly (readonly [shard: number, rowid: number | bigint])[] }> {
    const { context, mode, wait } = request;
    const transaction = this.transaction(request.transaction);
    return await this.submit(transaction, context, request.lockTimeoutMs, () => {
      this.refuseReadOnly(transaction, mode === 'update' || mode === 'noKeyUpdate' ? 'SELECT FOR UPDATE' : 'SELECT FOR SHARE');
      const catalog = this.catalogFor(transaction, request.catalogVersion);
      const table = catalog.table(request.tableOid);
      const run = new StatementRun(this.state, transaction, catalog, context);
      const rows = this.read(transaction, catalog, request.sql, () => this.connection.prepare(request.sql, true).all(...bindings(request.sql, request.params)));
      const locked: (readonly [number, number])[] = [];
      for (const row of rows) {
        const shard = Number(row[0]);
        const rowid = Number(row[1]);
        if (wait !== 'wait' && this.locks.isBlocked(transaction, rowLockKey(table.oid, shard, rowid), mode)) {
          if (wait === 'skip') continue;
          throw new PgError('55P03', `could not obtain lock on row in relation "${table.table.name}"`);
        }
        run.lockRow(table, shard, rowid, mode);
        locked.push([shard, rowid]);
      }
      return { rows: locked };
    });
  }

  async createLanding(request: { readonly transaction: number; readonly table: LandingTable }): Promise<void> {
    const transaction = this.transaction(request.transaction);
    await this.submit(transaction, transaction.context, 0, () => {
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
    await this.submit(transaction, transaction.context, 0, () => {
      const landing = transaction.landings.get(request.table);
      if (landing === undefined) throw noLanding(request.table);
      this.stage.own(transaction);
      landRows(this.connection, landing.table, new RowReader(request.bytes));
      landing.chunks.push(request.bytes);
    });
  }

  // ---- DDL ----

  async ddl(request: Parameters<WriteService['ddl']>[0]): Promise<void> {
    const { context, steps } = request;
    const transaction = this.transaction(request.transaction);
    const run = (): void => {
      this.refuseReadOnly(transaction, 'DDL');
      // The files of a group that was rolled back may bear the name of the one to be made now.
      if (this.droppedGroups.length > 0) {
        this.stage.park();
        this.removeDroppedGroups();
      }
      this.require(transaction, catalogLockKey, 'update');
      const current = transaction.catalog ?? this.committed;
      if (request.baseVersion !== current.version) throw staleCatalog();
      const touched = new Set(changedTables(current.data, request.catalog));
      for (const step of steps) if (step.kind === 'sql') for (const table of current.tablesNamed(step.sql)) touched.add(table.oid);
      for (const oid of touched) {
        this.require(transaction, tableLockKey(oid), 'update');
        transaction.ddlTables.add(oid);
      }
      const created: string[] = [];
      try {
        this.stage.statement(transaction, () => {
          for (const step of steps) {
            try {
              this.applyStep(transaction, step, context);
            } catch (error) {
              throw stepError(this.connection, step, request.catalog, error);
            }
            if (step.kind === 'createGroup') created.push(step.group);
          }
        });
      } catch (error) {
        this.droppedGroups.push(...created);
        throw error;
      }
      transaction.createdGroups.push(...created);
      transaction.catalog = new LaneCatalog(request.catalog, this.connection);
    };
    await this.submit(transaction, context, request.lockTimeoutMs, run, { alone: true });
  }

  private applyStep(transaction: LaneTransaction, step: DdlStep, context: TaskContext): void {
    const effect = { kind: 'ddl', step, schema: stepSchema(step, this.connection.schemas), context } as const;
    applyStep(this.connection, this.options.layout, effect);
    if (step.kind === 'setSequence') {
      transaction.sequencesBefore.push([step.oid, this.sequences.snapshot(step.oid)]);
      this.sequences.set(step.oid, step.lastValue, step.isCalled);
    }
    transaction.effects.push(effect);
  }

  // ---- sequences, statistics, advisory locks ----

  async nextval(request: Parameters<WriteService['nextval']>[0]): Promise<{ readonly first: bigint }> {
    this.assertOpen();
    const transaction = request.transaction === undefined ? undefined : this.transaction(request.transaction);
    const first = this.sequences.next((transaction?.catalog ?? this.committed).sequence(request.oid), request.count);
    // Without a commit to come the value itself must not be given twice: the range is logged before the reply.
    if (transaction === undefined && this.sequences.dirty) await this.afterFlush();
    return { first };
  }

  async setval(request: Parameters<WriteService['setval']>[0]): Promise<void> {
    this.assertOpen();
    Sequences.checkRange(this.committed.sequence(request.oid), request.value);
    this.sequences.set(request.oid, request.value, request.isCalled);
    await this.afterFlush();
  }

  async sequenceState(request: Parameters<WriteService['sequenceState']>[0]): Promise<{ readonly lastValue: bigint; readonly isCalled: boolean }> {
    const { lastValue, isCalled } = this.sequences.state(this.committed.sequence(request.oid));
    return Promise.resolve({ lastValue, isCalled });
  }

  async statistics(): Promise<readonly { readonly tableOid: number; readonly shard: number; readonly rows: number; readonly bytes: number }[]> {
    const found: { readonly tableOid: number; readonly shard: number; readonly rows: number; readonly bytes: number }[] = [];
    for (const relation of this.committed.data.relations) {
      if (relation.kind !== 'table') continue;
      for (const [shard, schema] of this.committed.snapshot.shardSchemas(relation).entries()) {
        const { rows, bytes } = this.tableStatistics.counter(schema, relation.physicalName);
        found.push({ tableOid: relation.oid, shard, rows, bytes });
      }
    }
    return Promise.resolve(found);
  }

  async advisory(request: Parameters<WriteService['advisory']>[0]): Promise<{ readonly granted: boolean }> {
    const transactionLock = request.transaction !== undefined && request.transaction !== 0;
    const owner = transactionLock ? this.transaction(request.transaction) : this.sessionOwner(request.session);
    const key = `a${String(request.key)}`;
    const countKey = `${String(request.session)}/${key}/${request.shared ? 's' : 'x'}`;
    const mode: LockMode = request.shared ? 'share' : 'update';
    switch (request.action) {
      case 'unlockAll': {
        this.locks.releaseTo(owner, 0);
        for (const counted of this.advisoryCounts.keys()) if (counted.startsWith(`${String(request.session)}/`)) this.advisoryCounts.delete(counted);
        this.advisoryOwners.delete(request.session);
        return { granted: true };
      }
      case 'unlock': {
        const count = this.advisoryCounts.get(countKey) ?? 0;
        if (count === 0) return { granted: false };
        if (count > 1) {
          this.advisoryCounts.set(countKey, count - 1);
        } else {
          this.advisoryCounts.delete(countKey);
          this.locks.release(owner, key);
        }
        return { granted: true };
      }
      case 'try':
      case 'lock': {
        if (this.locks.isBlocked(owner, key, mode)) {
          if (request.action === 'try') return { granted: false };
          await this.waitForAdvisory(owner, key, mode);
        } else {
          this.locks.acquire(owner, key, mode);
        }
        if (!transactionLock) this.advisoryCounts.set(countKey, (this.advisoryCounts.get(countKey) ?? 0) + 1);
        return { granted: true };
      }
    }
  }

  private sessionOwner(session: number): LockOwner {
    let owner = this.advisoryOwners.get(session);
    if (owner === undefined) {
      owner = { lockId: this.nextTransaction++, held: [], waiting: undefined };
      this.advisoryOwners.set(session, owner);
    }
    return owner;
  }

  private async waitForAdvisory(owner: LockOwner, key: string, mode: LockMode): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const wait: Wait = {
        owner,
        key,
        mode,
        resume: () => {
          this.locks.acquire(owner, key, mode);
          resolve();
          this.locks.settle(key);
        },
      };
      this.locks.wait(wait);
      if (this.locks.findDeadlock(owner) !== undefined) {
        this.locks.cancel(wait);
        reject(deadlockDetected());
      }
    });
  }

  // ---- jobs ----

  private autocommit(context: TaskContext): LaneTransaction {
    this.assertOpen();
    return new LaneTransaction(this.nextTransaction++, 'read committed', false, true, 0, context);
  }

  private transaction(id: number | undefined): LaneTransaction {
    this.assertOpen();
    const transaction = id === undefined ? undefined : this.transactions.get(id);
    if (transaction === undefined) throw new PgError('25P01', 'there is no such transaction');
    return transaction;
  }

  private assertOpen(): void {
    if (this.closing) throw new PgError('57P01', 'terminating connection due to administrator command', { severity: 'FATAL' });
  }

  private refuseReadOnly(transaction: LaneTransaction, command: string): void {
    if (transaction.readOnly) throw new PgError('25006', `cannot execute ${command} in a read-only transaction`);
  }

  /** The catalog that the transaction sees, if the plan was made for it. */
  private catalogFor(transaction: LaneTransaction, version: number): LaneCatalog {
    const catalog = transaction.catalog ?? this.committed;
    if (catalog.version !== version) throw staleCatalog();
    this.running = catalog;
    return catalog;
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
    const key = tableLockKey(oid);
    const first = !this.locks.holds(transaction, key);
    this.require(transaction, key, mode);
    if (first && this.history.tableChangedSince(oid, transaction.snapshotSequence)) throw serializationFailure();
  }

  /** A read on the writer connection, as the transaction's isolation has it. Keeps DDL off the tables it names. */
  private read<T>(transaction: LaneTransaction, catalog: LaneCatalog, sql: string, run: () => T): T {
    if (transaction.autocommit) {
      if (!this.locks.empty) for (const table of catalog.tablesNamed(sql)) if (this.locks.isBlocked(transaction, tableLockKey(table.oid), 'keyShare')) throw new LockConflict(tableLockKey(table.oid), 'keyShare');
      return run();
    }
    const tables = new Set(catalog.tablesNamed(sql).map((table) => table.oid));
    for (const oid of tables) {
      if (transaction.isolation === 'serializable') this.touch(transaction, oid, 'share');
      else this.require(transaction, tableLockKey(oid), 'keyShare');
    }
    const undo = transaction.isolation === 'read committed' ? [] : this.history.undoFor(transaction, tables);
    if (undo.length === 0) {
      this.stage.enter(transaction);
      return run();
    }
    this.stage.own(transaction);
    return withUndone(this.connection, undo, run);
  }

  private async submit<T>(transaction: LaneTransaction, context: TaskContext, lockTimeoutMs: number, run: () => T, kind: { readonly commits?: boolean; readonly alone?: boolean } = {}): Promise<T> {
    return await new Promise<T>((resolve, reject) => {
      const job: Job = { transaction, context, lockTimeoutMs, run, resolve: resolve as (value: unknown) => void, reject, commits: kind.commits ?? transaction.autocommit, alone: kind.alone ?? transaction.isolation !== 'read committed', wokenBy: undefined, deadlineMs: Infinity, postponedMs: 0 };
      if (this.active.has(transaction)) {
        const queue = this.queued.get(transaction);
        if (queue === undefined) this.queued.set(transaction, [job]);
        else queue.push(job);
        return;
      }
      this.active.set(transaction, job);
      this.ready.push(job);
      this.schedule();
    });
  }

  /** Jobs run once the messages that have arrived are all read, so that they can share a commit. */
  private schedule(): void {
    if (this.scheduled || this.flushing) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      this.work();
    });
  }

  private work(): void {
    while (!this.flushing) {
      // First what can be answered at once, then what commits: the one's replies need not wait for the other's fsync.
      this.runReady((job) => !job.commits);
      this.runReady(() => true);
      if (this.group.length > 0 || this.sequences.dirty || this.held.length > 0) this.flush();
      if (this.ready.length === 0) break;
    }
    this.retryPostponed();
    if (!this.flushing) this.tidy();
  }

  private runReady(wanted: (job: Job) => boolean): void {
    const jobs = this.ready.splice(0);
    for (const [at, job] of jobs.entries()) {
      const full = this.group.length >= groupMembersMax || this.groupBytes >= groupBytesMax;
      // (A lasting snapshot does not have the group, whose changes can be undone for it only once they are committed.)
      if (full || (job.alone && this.group.length > 0)) {
        this.ready.unshift(...jobs.slice(at));
        return;
      }
      if (!wanted(job)) this.ready.push(job);
      else if (this.mustLetFinish(job)) this.postponed.push(job);
      else this.runJob(job);
    }
  }

  /** A resident with many effects keeps the lane while it is busy, for a time that grows with what it would cost to apply them again. */
  private mustLetFinish(job: Job): boolean {
    const { resident } = this.stage;
    if (resident === undefined || resident === job.transaction || resident.effects.length < heavyEffects) return false;
    const now = performance.now();
    if (job.postponedMs === 0) job.postponedMs = now;
    return now - resident.lastActiveMs < heavyIdleMs && now - job.postponedMs < heavyHoldMsMin + resident.effects.length * heavyHoldMsPerEffect;
  }

  /** Postponed jobs try again after each round of the resident, or when it idles. */
  private retryPostponed(): void {
    if (this.postponed.length === 0) return;
    this.ready.push(...this.postponed.splice(0));
    this.postponeTimer ??= setTimeout(() => {
      this.postponeTimer = undefined;
      this.work();
    }, heavyIdleMs);
  }

  private runJob(job: Job): void {
    const { transaction } = job;
    const { resident } = this.stage;
    if (resident !== undefined && resident !== transaction) lockEffects(this.locks, resident);
    const locks = transaction.held.length;
    const woken = job.wokenBy;
    job.wokenBy = undefined;
    try {
      const stop = this.cancel.error(job.context.cancelSlot);
      if (stop !== undefined) throw stop;
      if (transaction.closed !== undefined) throw transaction.closed;
      this.connection.holder.current = job.context;
      const result = job.run();
      this.finish(job, () => job.resolve(result), job.reject);
    } catch (error) {
      if (transaction.held.length > locks) this.locks.releaseTo(transaction, locks);
      if (error instanceof LockConflict) this.wait(job, error);
      else this.fail(job, error);
    } finally {
      if (woken !== undefined) this.locks.settle(woken);
    }
  }

  private fail(job: Job, error: unknown): void {
    if (this.stage.lostGroup()) this.failGroup(toPgError(error));
    const shown = toPgError(error);
    this.finish(job, () => job.reject(shown), job.reject);
  }

  /** Replies, after the group's flush if the reply may rest on what the group has written. */
  private finish(job: Job, settle: () => void, fail: (error: unknown) => void): void {
    const { transaction } = job;
    transaction.lastActiveMs = performance.now();
    this.active.delete(transaction);
    const queue = this.queued.get(transaction);
    const next = queue?.shift();
    if (queue?.length === 0) this.queued.delete(transaction);
    if (next !== undefined) {
      this.active.set(transaction, next);
      this.ready.push(next);
    }
    if (this.group.length > 0 || this.sequences.dirty) this.held.push({ settle, fail });
    else settle();
  }

  private async afterFlush(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.held.push({ settle: resolve, fail: reject });
      this.schedule();
    });
  }

  // ---- waiting for locks ----

  private wait(job: Job, conflict: LockConflict): void {
    const { transaction } = job;
    const wait: Wait = {
      owner: transaction,
      key: conflict.key,
      mode: conflict.mode,
      resume: () => {
        this.waiting.delete(entry);
        job.wokenBy = conflict.key;
        this.ready.push(job);
        this.schedule();
      },
    };
    const entry: WaitingJob = { job, wait };
    if (job.deadlineMs === Infinity && job.lockTimeoutMs > 0) job.deadlineMs = performance.now() + job.lockTimeoutMs;
    this.waiting.add(entry);
    this.locks.wait(wait);
    const cycle = this.locks.findDeadlock(transaction);
    if (cycle !== undefined) {
      const victim = cycle.reduce((young, owner) => (owner.lockId > young.lockId ? owner : young));
      const victimEntry = [...this.waiting].find((other) => other.job.transaction === victim) ?? entry;
      this.stopWaiting(victimEntry, deadlockDetected(cycle));
    }
    this.waitTimer ??= setInterval(() => this.pollWaits(), waitPollMs);
  }

  private pollWaits(): void {
    const now = performance.now();
    for (const entry of this.waiting) {
      const stop = this.cancel.error(entry.job.context.cancelSlot);
      if (stop !== undefined) this.stopWaiting(entry, stop);
      else if (now >= entry.job.deadlineMs) this.stopWaiting(entry, new PgError('55P03', 'canceling statement due to lock timeout'));
    }
    if (this.waiting.size === 0) {
      clearInterval(this.waitTimer);
      this.waitTimer = undefined;
    }
  }

  private stopWaiting(entry: WaitingJob, error: Error): void {
    if (!this.waiting.delete(entry)) return;
    this.locks.cancel(entry.wait);
    this.finish(entry.job, () => entry.job.reject(error), entry.job.reject);
    this.schedule();
  }

  // ---- commit ----

  /** Puts the resident transaction into the group. Nothing can fail for it alone from here on. */
  private commitResident(transaction: LaneTransaction): void {
    if (transaction.effects.length === 0 && transaction.catalog === undefined) {
      this.end(transaction);
      return;
    }
    const { catalog, effects } = transaction;
    const writer = this.recordWriter;
    const schemas = new Set<string>();
    for (const effect of effects) {
      if (effect.kind === 'ddl') {
        schemas.add(effect.schema);
        this.logStep(writer, effect.step, effect.schema, effect.context);
        continue;
      }
      const { table, shard, rowid } = effect;
      const target = table.target(shard);
      schemas.add(target.schema);
      if (effect.kind === 'delete') writer.image(target, imageDelete, rowid, undefined);
      else writer.image(target, effect.kind === 'insert' ? imageInsert : imageUpdate, rowid, effect.values);
    }
    if (catalog !== undefined) {
      const change = catalogChange(this.committed.data, catalog.data);
      storeCatalogChange(this.connection, change);
      writer.catalog(change);
      schemas.add(globalSchema);
    }
    if (writer.byteLength > recordBytesMax) {
      writer.finish();
      this.end(transaction);
      throw new PgError('54000', 'the transaction has changed too many rows to be logged');
    }
    const record = writer.finish();
    this.stage.join(transaction);
    this.group.push({ transaction, record, schemas, catalog, changedTables: [...transaction.ddlTables] });
    this.groupBytes += record.byteLength;
    if (catalog !== undefined) this.committed = catalog;
    for (const effect of effects) if (effect.kind === 'ddl' && effect.step.kind === 'dropSequence') this.sequences.drop(effect.step.oid);
    transaction.createdGroups.length = 0;
    transaction.sequencesBefore.length = 0;
    this.forget(transaction);
  }

  private logStep(writer: RecordWriter, step: DdlStep, schema: string, context: TaskContext): void {
    switch (step.kind) {
      case 'sql':
        writer.sql(schema, step.sql, context);
        break;
      case 'createGroup':
        writer.createGroup(step.group, step.shards);
        break;
      case 'dropGroup':
        writer.dropGroup(step.group);
        break;
      case 'setSequence':
      case 'dropSequence':
        break;
    }
  }

  /** Rolls a transaction back. */
  private end(transaction: LaneTransaction): void {
    transaction.closed = transactionOver;
    if (this.stage.resident === transaction) this.stage.park();
    this.undoOutside(transaction, 0, 0);
    this.forget(transaction);
  }

  /** Undoes what DDL has done outside of SQLite's transaction: sequences and files. */
  private undoOutside(transaction: LaneTransaction, sequences: number, groups: number): void {
    const { sequencesBefore, createdGroups } = transaction;
    for (let at = sequencesBefore.length - 1; at >= sequences; at--) {
      const [oid, before] = sequencesBefore[at] as (typeof sequencesBefore)[number];
      if (before === undefined) this.sequences.drop(oid);
      else this.sequences.set(oid, before.lastValue, before.isCalled);
    }
    sequencesBefore.length = Math.min(sequences, sequencesBefore.length);
    this.droppedGroups.push(...createdGroups.splice(groups));
  }

  private forget(transaction: LaneTransaction): void {
    this.transactions.delete(transaction.lockId);
    this.history.unregister(transaction);
    transaction.closed = transactionOver;
    for (const id of transaction.cursors) {
      this.cursors.get(id)?.spool.close();
      this.cursors.delete(id);
    }
    this.locks.releaseTo(transaction, 0);
  }

  /** Log, fdatasync, COMMIT, replies. */
  private flush(): void {
    const members = this.group;
    const logged = this.sequences.takeUnlogged();
    if (members.length === 0 && logged.size === 0) {
      this.releaseHeld();
      return;
    }
    if (this.stage.resident !== undefined) this.stage.park();
    const records: Uint8Array[] = [];
    if (logged.size > 0) records.push(this.sequenceRecord(logged));
    for (const member of members) records.push(member.record);
    let firstLsn: number;
    try {
      firstLsn = this.log.append(records);
    } catch (error) {
      this.failGroup(toPgError(error));
      return;
    }
    const finish = (): void => this.finishFlush(members, logged, firstLsn);
    const pending = this.log.sync();
    if (pending === undefined) {
      finish();
      return;
    }
    this.flushing = true;
    pending.then(
      () => {
        this.flushing = false;
        finish();
        this.work();
      },
      (error: unknown) => this.fatal(error),
    );
  }

  private sequenceRecord(logged: ReadonlyMap<number, LoggedSequence | undefined>): Uint8Array {
    for (const [oid, sequence] of logged) {
      if (sequence === undefined) this.recordWriter.dropSequence(oid);
      else this.recordWriter.sequence(oid, sequence.lastValue, sequence.isCalled);
    }
    return this.recordWriter.finish();
  }

  private finishFlush(members: readonly Member[], logged: ReadonlyMap<number, LoggedSequence | undefined>, firstLsn: number): void {
    let lsn = firstLsn;
    const lsns = new Map<string, number>();
    try {
      if (logged.size > 0) {
        this.stage.beginGroup();
        this.sequences.store(logged);
        lsns.set(globalSchema, lsn++);
      }
      for (const member of members) {
        for (const schema of member.schemas) lsns.set(schema, lsn);
        lsn++;
      }
      for (const [schema, last] of lsns) {
        writeLsn(this.connection, schema, last);
        this.checkpointer.written(schema);
      }
      this.publisher.publish(() => this.stage.commit());
    } catch (error) {
      // The log has it: only recovery can bring SQLite up to it.
      this.fatal(error);
      throw error;
    }
    this.group = [];
    this.groupBytes = 0;
    const sequence = this.publisher.sequence;
    let catalog: LaneCatalog | undefined;
    for (const member of members) {
      this.account(member.transaction, sequence);
      for (const oid of member.changedTables) this.history.noteOpaque(oid, sequence);
      catalog = member.catalog ?? catalog;
    }
    if (catalog !== undefined) this.options.onCatalog({ kind: 'catalog', catalog: catalog.data });
    this.releaseHeld();
  }

  /** Statistics and history of a committed transaction. */
  private account(transaction: LaneTransaction, sequence: number): void {
    for (const effect of transaction.effects) {
      if (effect.kind === 'ddl') {
        if (effect.step.kind === 'dropGroup') this.droppedGroups.push(effect.step.group);
        else if (effect.step.kind === 'sql' && /^\s*(DELETE|INSERT|UPDATE)\b/i.test(effect.step.sql)) {
          for (const table of this.committed.tablesNamed(effect.step.sql)) this.tableStatistics.recount(effect.schema, table.physicalName);
        }
        continue;
      }
      const { table, shard, rowid } = effect;
      const { physicalName } = table.table;
      if (effect.kind === 'insert') {
        this.tableStatistics.add(table.schema(shard), physicalName, 1, rowBytes(effect.values));
      } else if (effect.kind === 'delete') {
        const counter = this.tableStatistics.counter(table.schema(shard), physicalName);
        this.tableStatistics.add(table.schema(shard), physicalName, -1, counter.rows > 0 ? -Math.round(counter.bytes / counter.rows) : 0);
      }
      this.history.note(effect, rowLockKey(table.oid, shard, rowid), sequence);
    }
  }

  private releaseHeld(): void {
    const held = this.held;
    this.held = [];
    for (const { settle } of held) settle();
  }

  /** The group could not be logged, or SQLite has rolled it back: none of it has happened, nor anything that was read from it. */
  private failGroup(error: Error): void {
    this.stage.rollback();
    this.group = [];
    this.groupBytes = 0;
    this.committed = new LaneCatalog(loadCatalog(this.connection), this.connection);
    const held = this.held;
    this.held = [];
    for (const { fail } of held) fail(error);
  }

  private fatal(error: unknown): void {
    process.stderr.write(`PANIC: the database cannot follow its log: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.abort();
  }

  // ---- housekeeping ----

  /** Between transactions: files of dropped groups, WAL size, log size. */
  private tidy(): void {
    if (this.droppedGroups.length > 0 && !this.stage.inTransaction) this.removeDroppedGroups();
    const now = performance.now();
    if (now - this.lastWalCheckMs >= walCheckEveryMs) {
      if (this.log.bytes > (this.options.checkpointLogBytes ?? defaultCheckpointLogBytes)) {
        this.stage.park();
        this.checkpoint();
        this.lastWalCheckMs = performance.now();
      } else if (!this.stage.inTransaction) {
        this.lastWalCheckMs = now;
        const schemas = [...this.connection.schemas];
        const schema = schemas[this.walCheckTurn++ % schemas.length];
        if (schema !== undefined) this.checkpointer.trimWal(schema);
      }
    }
    if (this.closing && this.ready.length === 0) this.onIdle?.();
  }

  private checkpoint(): void {
    this.connection.control('BEGIN');
    this.tableStatistics.store();
    this.connection.control('COMMIT');
    this.checkpointer.run();
    this.log.trim(this.log.nextLsn);
  }

  private removeDroppedGroups(): void {
    for (const group of this.droppedGroups.splice(0)) {
      for (const schema of [...this.connection.schemas]) {
        if (schema === globalSchema || !schema.startsWith(`${group}_`) || schema !== shardSchema(group, Number(schema.slice(group.length + 1)))) continue;
        this.connection.detach(schema);
        this.checkpointer.forget(schema);
      }
      dropGroupFiles(this.options.layout, group);
    }
  }

  /** Groups on disk that the catalog does not know: their transaction never committed. */
  private removeOrphans(): void {
    const known = new Set(this.committed.data.groups.flatMap((group) => group.bounds.map((_, shard) => shardSchema(group.name, shard))));
    for (const schema of [...this.connection.schemas]) {
      if (schema === globalSchema || known.has(schema)) continue;
      this.connection.detach(schema);
      dropGroupFiles(this.options.layout, schema.slice(0, schema.lastIndexOf('_')));
    }
  }

  async shutdown(): Promise<void> {
    if (this.closing) return;
    for (const entry of this.waiting) this.stopWaiting(entry, new PgError('57P01', 'terminating connection due to administrator command'));
    this.closing = true;
    await new Promise<void>((resolve) => {
      this.onIdle = resolve;
      this.schedule();
      if (!this.scheduled && !this.flushing) resolve();
    });
    clearInterval(this.waitTimer);
    clearTimeout(this.postponeTimer);
    this.stage.rollback();
    for (const transaction of [...this.transactions.values()]) this.end(transaction);
    this.sequences.settle();
    this.flush();
    while (this.flushing) await new Promise((resolve) => setTimeout(resolve, 1));
    this.removeDroppedGroups();
    this.connection.holder.current = internalContext;
    this.checkpoint();
    this.connection.close();
    this.log.close();
    this.directoryLock.release();
  }
}

function deadlockDetected(cycle: readonly LockOwner[] = []): PgError {
  const lines = cycle.map((owner, at) => {
    const blocker = cycle[(at + 1) % cycle.length] as LockOwner;
    const pid = owner instanceof LaneTransaction ? owner.context.backendPid : 0;
    const blockerPid = blocker instanceof LaneTransaction ? blocker.context.backendPid : 0;
    return `Process ${String(pid)} waits for ShareLock on transaction ${String(blocker.lockId)}; blocked by process ${String(blockerPid)}.`;
  });
  return new PgError('40P01', 'deadlock detected', { detail: lines.length === 0 ? undefined : lines.join('\n'), hint: 'See server log for query details.' });
}
