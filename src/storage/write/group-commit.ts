/**
 * Group commit: transactions that are ready together share one log batch, one fdatasync and one SQLite COMMIT; then all their replies go out.
 * Replies to others that have run on top of the group go with them: a crash before the fsync would make them lies.
 *
 * Members with synchronous_commit = off are acknowledged as soon as nothing can fail for them any more, and then stay in the group: log, fdatasync and COMMIT come
 * with the next member that waits for them, when somebody wants to read what is committed (`deferred` in shared.ts), or after a moment.
 */
import { PgError } from '../../common/errors.js';
import { isDiskFull } from '../disk-errors.js';
import { type CatalogChange, catalogChange, loadCatalog, storeCatalogChange } from '../files/catalog-store.js';
import type { DroppedFiles } from '../files/bootstrap.js';
import type { Connection } from '../files/connection.js';
import { type DatabaseLayout, globalSchema, quoteName } from '../files/layout.js';
import type { SpaceReserve } from '../files/space-reserve.js';
import { panic } from '../panic.js';
import { readLsn, writeLsn } from '../log/file-lsn.js';
import { catchUp } from '../log/recovery.js';
import type { NodeLog, LogPosition } from '../log/node-log.js';
import { imageDelete, imageInsert, imageUpdate, RecordWriter } from '../log/records.js';
import type { CatalogPublication, DdlStep, TaskContext } from '../ports.js';
import type { CommitPublisher } from '../shared.js';
import { toPgError } from '../sqlite-errors.js';
import type { Checkpointer } from './checkpoint.js';
import type { CommitHistory } from './history.js';
import { LaneCatalog } from './lane-catalog.js';
import { rowLockKey } from './lock-table.js';
import type { LoggedSequence, Sequences } from './sequences.js';
import type { SplitParts } from './split-parts.js';
import type { Stage } from './stage.js';
import { rowBytes, type TableStatistics } from './statistics.js';
import type { TableChanges } from './table-changes.js';
import type { LaneTransaction } from './transaction.js';
import type { TransactionIds } from './transaction-ids.js';

/** What a commit waits for beside this node's disk: the replicas' (storage/replica). Its place is between the log and SQLite's COMMIT. */
export interface CommitGate {
  /** As NodeLog.append; the batch is on its way to the replicas, too. */
  append(records: readonly Uint8Array[]): number;
  /** Calls back once what was appended is committed, perhaps at once; or never, when the lane is abandoned. */
  settle(committed: () => void): void;
  /** Calls back once all replicas that are in sync have applied the records up to `lsn`; or never, when the lane is abandoned. */
  whenApplied(lsn: number, applied: () => void): void;
  /** Of the last record that is committed. */
  committedPosition(): LogPosition;
}

/** What the group needs of the lane. */
export interface GroupParts {
  readonly connection: Connection;
  readonly stage: Stage;
  readonly log: NodeLog;
  /** Absent: the database has no replicas. */
  readonly gate: CommitGate | undefined;
  readonly sequences: Sequences;
  readonly statistics: TableStatistics;
  readonly changes: TableChanges;
  readonly history: CommitHistory;
  readonly ids: TransactionIds;
  readonly checkpointer: Checkpointer;
  readonly reserve: SpaceReserve;
  readonly layout: DatabaseLayout;
  readonly publisher: CommitPublisher;
  /** Files that shall go once no transaction is open on the connection. */
  readonly dropped: DroppedFiles[];
  /** Of a shard that is being split. */
  readonly splitParts: SplitParts;
  readonly onCatalog: (publication: CatalogPublication) => void;
  /** An asynchronous flush has ended. */
  readonly onFlushed: () => void;
  /** Commits that are acknowledged have waited for long enough: `flush(true)` is due. */
  readonly onDue: () => void;
  /** Whether something waits for a moment without a group: a checkpoint, files that shall go. */
  readonly wantsPause: () => boolean;
}

export interface Reply {
  /** To a session that relies on what it has been told (synchronous_commit). */
  readonly synchronous: boolean;
  /** Once all replicas that are in sync show what it was told. */
  readonly untilApplied?: boolean;
  readonly settle: () => void;
  readonly fail: (error: unknown) => void;
}

/** A transaction whose effects lie in the group. */
interface Member {
  readonly transaction: LaneTransaction;
  readonly record: Uint8Array;
  readonly schemas: ReadonlySet<string>;
  readonly catalog: LaneCatalog | undefined;
  readonly catalogChange: CatalogChange | undefined;
  /** Tables that its DDL has changed. */
  readonly changedTables: readonly number[];
  /** Physical names of the tables in which it has changed rows; undefined: DDL may have in any. */
  readonly writtenTables: ReadonlySet<string> | undefined;
}

/** SQLite's limit of the dirty pages of a file: the writer connection's cache, and a few that are pinned. */
const cacheBytesMax = 9 * 1024 * 1024;
const walFrameBytes = 4096 + 24;
/** A row's own page and those of its indexes, with splits. */
const pagesPerEffect = 6;
/** The page with the lsn, the catalog's, the WAL's header and index. */
const fixedBytesPerFile = 128 * 1024;
/** How long a commit that the log has waits for space when even the reserve does not suffice. */
const spaceWaitMsMax = 10_000;
const spaceRetryMs = 100;
const groupMembersMax = 512;
const groupBytesMax = 4 * 1024 * 1024;
const recordBytesMax = 1_500_000_000;
/** PostgreSQL's wal_writer_delay: for so long an acknowledged commit may exist in memory only. */
const deferralMsMax = 200;
/** Of the log, for a batch's frame and the sequences in it. */
const batchFrameBytesMax = 64 * 1024;

export class GroupCommit {
  private members: Member[] = [];
  private bytes = 0;
  private held: Reply[] = [];
  /** Those of the flush under way. */
  private flushed: Reply[] = [];
  /** Committed, and waiting for replicas to show it. */
  private readonly unapplied = new Set<Reply>();
  /** Somebody waits for everything up to now to be durable. */
  private demanded = false;
  private isFlushing = false;
  /** So many members at the front are acknowledged. */
  private promised = 0;
  private isDeferring = false;
  private timer: NodeJS.Timeout | undefined;
  /** SQLite could not be given back what is acknowledged: it gets it from the log. */
  private unstored = false;
  private readonly recordWriter = new RecordWriter();
  /** The catalog that readers find in the files. */
  published: LaneCatalog;

  constructor(
    private readonly parts: GroupParts,
    /** The latest catalog that a transaction has put into the group or committed. */
    private catalog: LaneCatalog,
  ) {
    this.published = catalog;
  }

  /** With what waits for the disk, or for other nodes' copies, which may be long. */
  get committed(): LaneCatalog {
    return this.catalog;
  }

  get isEmpty(): boolean {
    return this.members.length === 0;
  }

  get isFull(): boolean {
    return this.members.length >= groupMembersMax || this.bytes >= groupBytesMax;
  }

  /** Waiting for the disk: the stage must be left alone. */
  get flushing(): boolean {
    return this.isFlushing;
  }

  /** Whether there is something to flush, or somebody to answer. */
  get pending(): boolean {
    return this.members.length > this.promised || this.held.length > 0 || (this.parts.sequences.dirty && !this.isDeferring);
  }

  /** Whether something is acknowledged that neither the log nor SQLite has yet. */
  get deferring(): boolean {
    return this.isDeferring;
  }

  /** Replies now, or with the group if the reply may rest on what it has written. */
  reply(reply: Reply): void {
    if (this.members.length > this.promised || this.parts.sequences.dirty) this.held.push(reply);
    else reply.settle();
  }

  /** Replies once everything up to now is durable. */
  hold(reply: Reply): void {
    this.held.push(reply);
    this.demanded = true;
  }

  /** Takes in the resident transaction. Nothing can fail for it alone from here on. */
  join(transaction: LaneTransaction): void {
    const { catalog, effects } = transaction;
    this.parts.splitParts.follow(transaction, catalog ?? this.catalog, (effect) => this.parts.stage.apply(effect));
    const writer = this.recordWriter;
    const schemas = new Set<string>();
    const writtenTables = new Set<string>();
    let hasDdl = false;
    let change: CatalogChange | undefined;
    if (catalog !== undefined) {
      // First in the record: keys of the rows that follow may be of types that it makes.
      change = catalogChange(this.catalog.data, catalog.data);
      storeCatalogChange(this.parts.connection, change);
      writer.catalog(change);
      schemas.add(globalSchema);
    }
    for (const effect of effects) {
      if (effect.kind === 'ddl') {
        hasDdl = true;
        schemas.add(effect.schema);
        logStep(writer, effect.step, effect.schema, effect.context);
        continue;
      }
      const { table, shard } = effect;
      const target = table.target(shard);
      schemas.add(target.schema);
      writtenTables.add(target.table);
      if (effect.kind === 'copied') {
        writer.numbered(target, effect.bytes);
        continue;
      }
      if (effect.kind === 'rows') writer.bulk(target, effect.rowid, effect.bytes);
      else if (effect.kind === 'delete') writer.image(target, imageDelete, effect.rowid, undefined);
      else writer.image(target, effect.kind === 'insert' ? imageInsert : imageUpdate, effect.rowid, effect.values);
    }
    if (writer.byteLength > recordBytesMax) {
      writer.finish();
      throw new PgError('54000', 'the transaction has changed too many rows to be logged');
    }
    const record = writer.finish();
    this.parts.stage.join(transaction);
    const changedTables = [...transaction.ddlTables];
    this.members.push({ transaction, record, schemas, catalog, catalogChange: change, changedTables, writtenTables: hasDdl ? undefined : writtenTables });
    this.bytes += record.byteLength;
    if (catalog !== undefined) this.catalog = catalog;
    for (const effect of effects) if (effect.kind === 'ddl' && effect.step.kind === 'dropSequence') this.parts.sequences.drop(effect.step.oid);
  }

  /** Log, fdatasync, COMMIT, replies; or only the replies, if nobody has to wait for the rest (`now`: somebody has). */
  flush(now = false): void {
    const { members, held, promised } = this;
    const { sequences, stage, reserve, connection, log, gate } = this.parts;
    if (members.length === 0 && !sequences.dirty) {
      this.held = [];
      this.demanded = false;
      settleAll(held);
      return;
    }
    const defers = !now && this.mayDefer();
    if (members.length > promised || promised === 0) {
      try {
        // What is damaged must not be met between the log and the COMMIT, nor may anything reach the log that SQLite has no space for.
        for (const schema of new Set(members.slice(promised).flatMap((member) => [...member.schemas]))) readLsn(connection, schema);
        reserve.requireFor(() => this.writtenBytesMax());
        // (What is acknowledged must not fail.)
        if (defers || promised > 0) this.withLogSpace(() => log.makeRoom(this.bytes + members.length * 4 + batchFrameBytesMax));
      } catch (error) {
        this.fail(toPgError(error));
        return;
      }
    }
    if (defers) {
      this.defer();
      return;
    }
    clearTimeout(this.timer);
    this.timer = undefined;
    this.held = [];
    this.demanded = false;
    if (stage.resident !== undefined) stage.park();
    const logged = sequences.takeUnlogged();
    const records: Uint8Array[] = [];
    if (logged.size > 0) records.push(this.sequenceRecord(logged));
    for (const member of members) records.push(member.record);
    let firstLsn: number;
    try {
      firstLsn = this.withLogSpace(() => (gate ?? log).append(records));
    } catch (error) {
      if (promised > 0) this.fatal(error);
      this.held = held;
      sequences.untake(logged);
      this.fail(toPgError(error));
      return;
    }
    for (const { writtenTables } of members) this.parts.changes.note(writtenTables, firstLsn + records.length - 1);
    this.flushed = held;
    const finish = (): void => {
      this.flushed = [];
      this.finish(members, logged, held, firstLsn, records);
    };
    if (gate !== undefined) {
      let isInline = true;
      this.isFlushing = true;
      gate.settle(() => {
        this.isFlushing = false;
        finish();
        if (!isInline) this.parts.onFlushed();
      });
      isInline = false;
      return;
    }
    const pending = log.sync();
    if (pending === undefined) {
      finish();
      return;
    }
    this.isFlushing = true;
    pending.then(
      () => {
        this.isFlushing = false;
        finish();
        this.parts.onFlushed();
      },
      (error: unknown) => this.fatal(error),
    );
  }

  /** Whether everybody who waits would be content with a promise. */
  private mayDefer(): boolean {
    const { members, held, parts } = this;
    if (this.demanded || this.isFull || parts.wantsPause()) return false;
    for (let at = this.promised; at < members.length; at++) {
      const { transaction, catalog, changedTables } = members[at] as Member;
      if (transaction.synchronous || catalog !== undefined || changedTables.length > 0) return false;
    }
    return !parts.sequences.dirty || !held.some(({ synchronous }) => synchronous);
  }

  /** Answers everybody; the rest of the flush comes later. */
  private defer(): void {
    this.promised = this.members.length;
    this.isDeferring = true;
    this.parts.publisher.deferred = true;
    this.timer ??= setTimeout(this.parts.onDue, deferralMsMax);
    const { held } = this;
    this.held = [];
    settleAll(held);
  }

  /** Does something that may need another segment of the log. */
  private withLogSpace<T>(run: () => T): T {
    const { log, checkpointer } = this.parts;
    try {
      return run();
    } catch (error) {
      if (!isDiskFull(error)) throw error;
      // Segments that no file needs any more make room for the next.
      checkpointer.sync();
      if (!checkpointer.healthy || !log.trim(log.nextLsn)) throw error;
      return run();
    }
  }

  /** What the COMMIT may write to WALs at most: dirty pages, of which a file has no more than pages, nor SQLite more than its cache holds. */
  private writtenBytesMax(): number {
    const { connection, reserve } = this.parts;
    let effects = 0;
    const schemas = new Set<string>([globalSchema]);
    for (const member of this.members) {
      effects += member.transaction.size;
      for (const schema of member.schemas) schemas.add(schema);
    }
    const byEffects = effects * pagesPerEffect * walFrameBytes + schemas.size * fixedBytesPerFile;
    if (byEffects <= reserve.bytes) return byEffects;
    let byFiles = 0;
    for (const schema of schemas) {
      const pages = connection.db.pragma(`${quoteName(schema)}.page_count`, { simple: true }) as number;
      byFiles += Math.min(cacheBytesMax, pages * walFrameBytes) + fixedBytesPerFile;
    }
    return Math.min(byEffects, byFiles);
  }

  private sequenceRecord(logged: ReadonlyMap<number, LoggedSequence | undefined>): Uint8Array {
    for (const [oid, sequence] of logged) {
      if (sequence === undefined) this.recordWriter.dropSequence(oid);
      else this.recordWriter.sequence(oid, sequence.lastValue, sequence.isCalled);
    }
    return this.recordWriter.finish();
  }

  private finish(
    members: readonly Member[],
    logged: ReadonlyMap<number, LoggedSequence | undefined>,
    held: readonly Reply[],
    firstLsn: number,
    records: readonly Uint8Array[],
  ): void {
    const { connection, stage, sequences, checkpointer, publisher } = this.parts;
    let lsn = firstLsn;
    const lsns = new Map<string, number>();
    if (logged.size > 0) lsns.set(globalSchema, lsn++);
    for (const member of members) {
      for (const schema of member.schemas) lsns.set(schema, lsn);
      lsn++;
    }
    try {
      const stored =
        !this.unstored &&
        unlessDiskFull(() => {
          if (logged.size > 0) {
            stage.beginGroup();
            sequences.store(logged);
          }
          for (const [schema, last] of lsns) writeLsn(connection, schema, last);
        });
      for (const schema of lsns.keys()) checkpointer.written(schema);
      publisher.publish(firstLsn + records.length - 1, () => {
        if (!stored || !unlessDiskFull(() => stage.commit())) this.catchUp(firstLsn, records);
      });
      publisher.deferred = false;
    } catch (error) {
      this.fatal(error);
    }
    this.members = [];
    this.bytes = 0;
    this.promised = 0;
    this.isDeferring = false;
    this.unstored = false;
    const sequence = this.parts.publisher.sequence;
    let catalog: LaneCatalog | undefined;
    for (const member of members) {
      this.account(member.transaction, sequence);
      if (member.transaction.xid !== undefined) this.parts.ids.ended(member.transaction.xid, true);
      for (const oid of member.changedTables) this.parts.history.noteOpaque(oid, sequence);
      catalog = member.catalog ?? catalog;
    }
    if (catalog !== undefined) {
      this.published = catalog;
      this.parts.onCatalog({ kind: 'catalog', catalog: catalog.data });
    }
    this.settle(held, firstLsn + records.length - 1);
  }

  /** Answers; those who want to wait for replicas, once these have applied what has just been committed. */
  private settle(replies: readonly Reply[], lastLsn: number): void {
    const { gate } = this.parts;
    for (const reply of replies) {
      if (gate === undefined || reply.untilApplied !== true) {
        reply.settle();
        continue;
      }
      this.unapplied.add(reply);
      gate.whenApplied(lastLsn, () => {
        if (this.unapplied.delete(reply)) reply.settle();
      });
    }
  }

  /**
   * The log has what SQLite had no space for, so it is committed: it gets the space put by. Readers wait meanwhile, for some files may be ahead of others.
   */
  private catchUp(firstLsn: number, records: readonly Uint8Array[]): void {
    const { stage, reserve, layout, connection } = this.parts;
    stage.rollback();
    const entries = records.map((bytes, at) => ({ lsn: firstLsn + at, bytes }));
    const start = performance.now();
    for (;;) {
      reserve.release();
      try {
        catchUp(layout, connection, entries);
        return;
      } catch (error) {
        if (!isDiskFull(error) || performance.now() - start > spaceWaitMsMax) throw error;
      }
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, spaceRetryMs);
    }
  }

  /** Statistics and history of a committed transaction. */
  private account(transaction: LaneTransaction, sequence: number): void {
    for (const effect of transaction.effects) {
      if (effect.kind === 'ddl') {
        if (effect.step.kind === 'dropGroup' || effect.step.kind === 'dropShards') this.parts.dropped.push(effect.step);
        else if (effect.step.kind === 'sql' && /^\s*(DELETE|INSERT|UPDATE)\b/i.test(effect.step.sql)) {
          for (const table of this.catalog.tablesNamed(effect.step.sql)) this.parts.statistics.recount(effect.schema, table.physicalName);
        }
        continue;
      }
      const { table, shard } = effect;
      const { physicalName } = table.table;
      if (effect.kind === 'copied') {
        this.parts.statistics.add(table.schema(shard), physicalName, effect.count, effect.bytes.byteLength);
        continue;
      }
      if (effect.kind === 'rows') {
        this.parts.statistics.add(table.schema(shard), physicalName, effect.count, effect.bytes.byteLength);
        this.parts.history.noteRows(effect, sequence);
        continue;
      }
      if (effect.kind === 'insert') {
        this.parts.statistics.add(table.schema(shard), physicalName, 1, rowBytes(effect.values));
      } else if (effect.kind === 'delete') {
        const counter = this.parts.statistics.counter(table.schema(shard), physicalName);
        this.parts.statistics.add(table.schema(shard), physicalName, -1, counter.rows > 0 ? -Math.round(counter.bytes / counter.rows) : 0);
      }
      // (What is done to a part, somebody has done to the shard.)
      if (shard < table.shards) this.parts.history.note(effect, rowLockKey(table.oid, shard, effect.rowid), sequence);
    }
  }

  /**
   * The group could not be logged, or SQLite has rolled it back: none of it has happened, nor anything that was read from it; but for what is acknowledged, which SQLite
   * gets again, or if it has no space for it, from the log.
   */
  private fail(error: Error): void {
    const { stage, connection } = this.parts;
    for (const { transaction } of this.members.splice(this.promised)) if (transaction.xid !== undefined) this.parts.ids.ended(transaction.xid, false);
    this.bytes = this.members.reduce((sum, { record }) => sum + record.byteLength, 0);
    stage.rollback();
    this.catalog = new LaneCatalog(loadCatalog(connection.db, this.parts.layout.oid), connection);
    const { held } = this;
    this.held = [];
    this.demanded = false;
    for (const reply of held) reply.fail(error);
    if (this.promised === 0) return;
    try {
      for (const { transaction } of this.members) stage.rejoin(transaction);
    } catch {
      stage.rollback();
      this.unstored = true;
      this.flush(true);
    }
  }

  /** This node is no longer primary. What the log has may be committed yet, by others: nobody here will know. What it does not have never will be. */
  abandon(lost: Error, outcomeUnknown: Error): void {
    clearTimeout(this.timer);
    this.members = [];
    this.promised = 0;
    this.isDeferring = false;
    this.isFlushing = true;
    this.parts.publisher.deferred = false;
    for (const reply of this.held.splice(0)) reply.fail(lost);
    for (const reply of this.flushed.splice(0)) reply.fail(outcomeUnknown);
    for (const reply of this.unapplied) reply.fail(outcomeUnknown);
    this.unapplied.clear();
  }

  /** SQLite has undone the whole stage because one statement had no space: the group's members are innocent, and are put back. */
  restore(): void {
    const { stage, connection } = this.parts;
    stage.rollback();
    try {
      for (const { transaction, catalogChange: change } of this.members) {
        stage.rejoin(transaction);
        if (change !== undefined) storeCatalogChange(connection, change);
      }
    } catch (error) {
      this.fail(toPgError(error));
    }
  }

  private fatal(error: unknown): never {
    const hint = isDiskFull(error)
      ? 'Free some disk space and start the server again: what its log has is committed, and is brought into the files then.'
      : 'Check the disk and the system log, then start the server again: it recovers what it has acknowledged.';
    panic('the database cannot follow its log', error, hint);
  }
}

/** Whether it could be done; false: there is no space. */
function unlessDiskFull(run: () => void): boolean {
  try {
    run();
    return true;
  } catch (error) {
    if (!isDiskFull(error)) throw error;
    return false;
  }
}

function settleAll(replies: readonly Reply[]): void {
  for (const { settle } of replies) settle();
}

function logStep(writer: RecordWriter, step: DdlStep, schema: string, context: TaskContext): void {
  switch (step.kind) {
    case 'sql':
      writer.sql(schema, step.sql, context);
      break;
    case 'createShards':
      writer.createShards(step.group, step.first, step.count);
      break;
    case 'dropShards':
      writer.dropShards(step.group, step.files);
      break;
    case 'dropGroup':
      writer.dropGroup(step.group);
      break;
    case 'setSequence':
    case 'dropSequence':
      break;
  }
}
